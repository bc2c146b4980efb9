use super::*;
use crate::decode::{Context, Decoder, Item};
use proptest::prelude::*;
use std::sync::Arc;

const PLAIN: &str = r#"{"hostname":"node-1","output":"20:46:44.180672852: Notice A shell \"sh\" (user=root)","output_fields":{"container.id":"64fac540e48f","container.image.repository":"docker.io/library/nginx","container.name":"web","evt.time":1730209225987939180,"k8s.ns.name":"prod","k8s.pod.name":null,"proc.cmdline":"sh -c \"id\"","proc.name":"sh","proc.tty":34816,"user.loginuid":-1,"x.y":1.5e-3,"b.c":true},"priority":"Notice","rule":"Terminal shell in container","source":"syscall","tags":["container","T1059"],"time":"2024-10-29T13:40:25.98793918Z"}"#;

/// The fast path says the same as the careful decoder, or nothing; says whether it spoke.
#[track_caller]
fn agrees(line: &[u8]) -> bool {
    let ctx = Context::default();
    let mut scanner = Scanner::default();
    let mut bytes = line.to_vec();
    bytes.push(b'\n');
    let Some((columns, len)) = scanner.columns(&bytes, latest(&ctx)) else { return false };
    let mut decoder = Decoder::new(Arc::new(ctx), "".into());
    let mut entries = Vec::new();
    decoder.push(&bytes, &mut entries);
    assert!(decoder.is_idle(), "{}", String::from_utf8_lossy(line));
    let [entry] = entries.as_slice() else {
        panic!("{} entries of {}", entries.len(), String::from_utf8_lossy(line))
    };
    let Item::Alert(alert) = &entry.item else {
        panic!("no alert: {}", String::from_utf8_lossy(line))
    };
    assert_eq!(columns, alert.columns(), "{}", String::from_utf8_lossy(line));
    assert_eq!((entry.offset, entry.len, entry.line), (0, len, 1));
    true
}

#[test]
fn a_plain_record_is_read_fast() {
    assert!(agrees(PLAIN.as_bytes()));
    let cri = format!("2024-10-29T13:40:26.1+02:00 stdout F {PLAIN}");
    assert!(agrees(cri.as_bytes()));
    let spaced = PLAIN.replace("\":", "\": ").replace(",\"", ", \"");
    assert!(agrees(spaced.as_bytes()));
}

#[test]
fn what_is_odd_is_refused() {
    let odd = [
        ("\"Notice\"", "\"notice\""),
        ("\"Notice\"", "3"),
        ("\"syscall\"", "\"syscalls\""),
        ("\"syscall\"", "null"),
        ("\"rule\":", "\"Rule\":"),
        ("\"web\"", "\"w\\u00e9b\""),
        ("\"web\"", "\"w\u{1b}b\""),
        ("\"proc.name\"", "\"proc_name\""),
        ("\"x.y\"", "\"proc.aname.2\""),
        ("\"x.y\"", "\"b.c\""),
        ("1.5e-3", "01"),
        ("1.5e-3", "{}"),
        ("2024-10-29", "2004-10-29"),
        ("2024-10-29", "2024-02-30"),
        ("\"tags\"", "\"log\""),
        ("}\n", "} \n"),
        ("\\\"id\\\"", "\\q"),
        ("\\\"id\\\"", "\\ud800"),
    ];
    for (from, to) in odd {
        let line = format!("{PLAIN}\n").replace(from, to);
        assert!(!agrees(line.trim_end_matches('\n').as_bytes()), "{from} -> {to}");
    }
}

#[test]
fn text_beyond_ascii_is_read_fast_and_broken_text_is_not() {
    assert!(agrees(PLAIN.replace("\"web\"", "\"w\u{e9}b\"").as_bytes()));
    let mut broken = PLAIN.as_bytes().to_vec();
    let at = PLAIN.find("web").unwrap();
    broken[at] = 0xe9;
    assert!(!agrees(&broken));
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z./ -]{0,12}",
        Just("<NA>".to_owned()),
        Just("\\u003cNA\\u003e".to_owned()),
        Just(String::new()),
        Just("caf\u{e9} \u{1f680}".to_owned()),
        Just("say \\\"hi\\\" \\\\".to_owned()),
        Just("x{".to_owned()),
        Just(format!("{}[...]", "y".repeat(507))),
    ]
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => text().prop_map(|text| format!("\"{text}\"")),
        1 => Just("null".to_owned()),
        1 => "-?[0-9]{1,3}(\\.[0-9]{1,2})?([eE][+-]?[0-9])?",
        1 => Just("true".to_owned()),
    ]
}

fn key() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "container.id",
        "container.name",
        "container.image",
        "container.image.repository",
        "k8s.ns.name",
        "k8smeta.ns.name",
        "ka.target.namespace",
        "k8s.pod.name",
        "k8smeta.pod.name",
        "proc.name",
        "proc.cmdline",
        "proc.aname[2]",
        "evt.arg.flags",
        "fd.name",
        "custom.field",
        "proc_name",
        "evt.time",
    ])
    .prop_map(str::to_owned)
}

fn record() -> impl Strategy<Value = String> {
    let fields = prop::collection::vec((key(), value()), 1..12);
    let top = (text(), text(), prop::sample::select(vec!["Warning", "Error", "warning", "Debug"]));
    (fields, top, "[a-z_]{1,8}", 0..12_u32).prop_map(|(fields, (output, host, priority), source, month)| {
        let fields: Vec<_> = fields.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
        format!(
            "{{\"hostname\":\"{host}\",\"output\":\"{output}\",\"output_fields\":{{{}}},\"priority\":\"{priority}\",\
             \"rule\":\"Some rule\",\"source\":\"{source}\",\"tags\":[\"a\"],\"time\":\"2024-{month:02}-05T13:40:25.9Z\"}}",
            fields.join(",")
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn made_records_are_read_the_same(line in record()) {
        agrees(line.as_bytes());
    }

    #[test]
    fn damaged_records_are_read_the_same(
        line in record(),
        at in any::<prop::sample::Index>(),
        byte in prop::sample::select(b"\"\\{}[]:,\n\t 0ae.\xff\x7f".to_vec()),
        insert in any::<bool>(),
    ) {
        let mut bytes = line.into_bytes();
        let at = at.index(bytes.len());
        if insert {
            bytes.insert(at, byte);
        } else {
            bytes[at] = byte;
        }
        // The line must stay one line.
        bytes.retain(|byte| *byte != b'\n');
        agrees(&bytes);
    }
}
