//! Laws of the decoder: any bytes decode or are rejected, nothing is lost, and cuts change nothing. The functions are
//! those of the fuzz targets.

use cadge::decode::check::{decode_any, decode_cut};
use proptest::prelude::*;

/// Pieces of records, so that random input meets the decoder's branches.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let known: Vec<&[u8]> = vec![
        b"{\"rule\":\"R\",\"output\":\"x\"}",
        b"{\"hostname\":\"h\",\"output\":\"",
        b"{\"log\":\"",
        b"\",\"stream\":\"stdout\",\"time\":\"2026-01-01T00:00:00Z\"}",
        b"09:30:01.123456789: Warning Odd (user=root",
        b"2026-01-01T00:00:00.1Z stdout P ",
        b"2026-01-01T00:00:00.1Z stdout F ",
        b"Jan  1 00:00:00 host falco[1]: ",
        b"__CURSOR=x\nMESSAGE\n\x03\0\0\0\0\0\0\0abc\n",
        b"Wed Jun 04 22:33:13 2025: Falco\n   more\n",
        b"CEF:0|Falcosecurity|Falco|1.0|Falco Event|R|6|uuid=u start=x msg=m source=s outputfields=proc.name:a ",
        b"\"output_fields\":{\"proc.name\":",
        b"#012", b"\n", b"\r\n", b"\r", b"\n\n", b"[", b"]", b"{", b"}", b",", b":", b"\"", b"\\", b"\\ud800", b" ",
        b"\0", b"\xff", b"\xef\xbb\xbf", b"\xff\xfe", b"   ", b"1e400", b"null", b"| ", b"<12>", b"<12>1 ",
    ];
    prop_oneof![
        8 => proptest::sample::select(known).prop_map(<[u8]>::to_vec),
        1 => proptest::collection::vec(any::<u8>(), 0..8),
    ]
}

fn input() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(piece(), 0..40).prop_map(|pieces| pieces.concat())
}

fn json(depth: u32) -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        ".{0,12}".prop_map(Into::into),
    ];
    leaf.prop_recursive(depth, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            proptest::collection::btree_map(".{0,6}", inner, 0..4)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

#[test]
fn what_follows_an_empty_array_is_read() {
    for bytes in [&b"[]{\"rule\":\"R\"}"[..], b"[] \xff\xfe", b"[], text", b"[]\n{\"rule\":\"R\"}"]
    {
        decode_any(bytes);
    }
}

#[test]
fn a_string_torn_within_an_escape_reads_the_same_from_its_own_bytes() {
    let text = "{\"log\":\"09:30:01.123456789: Warning Odd (user=root";
    for half in ["\\", "\\u", "\\u00", "\\u00e", "\\ud83d\\", "\\ud83d\\ude", "\\\\", "\\\\\\", "x"]
    {
        decode_any(format!("{text}{half}{{\"rule\":\"R\",\"output\":\"x\"}}").as_bytes());
        decode_any(format!("{text}{half}").as_bytes());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_decode_or_are_rejected_and_no_line_is_lost(bytes in input()) {
        decode_any(&bytes);
    }

    #[test]
    fn random_bytes_do_too(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        decode_any(&bytes);
    }

    #[test]
    fn cuts_change_nothing(bytes in input(), cuts in proptest::collection::vec(any::<u8>(), 0..20)) {
        decode_cut(&bytes, &cuts);
    }

    #[test]
    fn any_object_with_a_rule_or_an_output_is_exactly_one_alert(
        members in proptest::collection::btree_map(".{0,6}", json(3), 0..6),
        key in proptest::sample::select(vec!["rule", "output"]),
        value in json(2),
    ) {
        let mut object: serde_json::Map<_, _> = members.into_iter().collect();
        object.insert(key.into(), value);
        let line = serde_json::to_vec(&serde_json::Value::Object(object)).unwrap();
        prop_assert_eq!(decode_any(&line), [1, 0, 0]);
    }
}

#[test]
fn the_fuzz_targets_hold_for_their_seeds() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    for folder in ["formats", "damage", "hostile"] {
        for file in std::fs::read_dir(root.join(folder)).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            decode_any(&bytes);
            decode_cut(&bytes, &[3, 200, 17]);
        }
    }
}

/// A bounded random run of the fuzz targets: the seeds with bytes changed, cut out and put together, the same each time.
#[test]
fn the_fuzz_targets_hold_for_changed_seeds() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut seeds = Vec::new();
    for folder in ["formats", "damage", "hostile"] {
        let mut files: Vec<_> = std::fs::read_dir(root.join(folder))
            .unwrap()
            .map(|file| file.unwrap().path())
            .collect();
        files.sort();
        seeds.extend(
            files.iter().map(|file| std::fs::read(file).unwrap()).filter(|seed| seed.len() < 4000),
        );
    }
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below.max(1) as u64).unwrap()
    };
    for _ in 0..1500 {
        let mut bytes = seeds[random(seeds.len())].clone();
        for _ in 0..=random(6) {
            let at = random(bytes.len());
            match random(5) {
                0 if !bytes.is_empty() => bytes[at] = u8::try_from(random(256)).unwrap(),
                1 => bytes.truncate(at),
                2 => drop(bytes.drain(..at)),
                3 => bytes.insert(at, [b'"', b'{', b'}', b'\n', b'\\', 0][random(6)]),
                _ => {
                    let other = &seeds[random(seeds.len())];
                    bytes.truncate(at);
                    bytes.extend_from_slice(&other[random(other.len())..]);
                }
            }
        }
        decode_any(&bytes);
        decode_cut(&bytes, &[u8::try_from(random(256)).unwrap(), 5]);
    }
}
