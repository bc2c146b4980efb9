//! Laws of the walk over JSON: keys that are expected and keys that are not, ends of strings and numbers, blanks, and lines
//! that are damaged in many ways.

use super::*;
use crate::decode::fast::Everything;
use crate::decode::reread;

/// A scanner, and the output fields that it is asked for.
struct Reader {
    scanner: Scanner,
    keys: Vec<String>,
}

impl Reader {
    fn asking(keys: &[&str]) -> Self {
        let scanner = Scanner::asking(keys.iter().copied());
        Self { scanner, keys: keys.iter().map(|key| (*key).to_owned()).collect() }
    }

    /// What is read fast is what is read with care, also when a record is read again, asked for values or picked; says
    /// whether it was read fast.
    #[track_caller]
    fn agrees(&mut self, line: &[u8]) -> bool {
        let text = String::from_utf8_lossy(line);
        if !agrees_after(&mut self.scanner, line) {
            return false;
        }
        let ctx = Arc::new(context());
        let Item::Alert(alert) = reread(line, 0, &ctx) else { panic!("no alert again: {text}") };
        let line = [line, b"\n"].concat();
        let found = self.scanner.record(&line, &ctx).unwrap();
        let columns = found.columns.read(|text| str::from_utf8(text).ok());
        assert_eq!(columns, Some(alert.columns()), "{text}");
        for (number, key) in self.keys.iter().enumerate() {
            let value = found.values.and_then(|values| values.get(number));
            assert_eq!(value.as_ref(), alert.fields.get(key), "{key} of {text}");
        }
        let is_json = found.values.is_some();
        let picked = self.scanner.pick(&line, &ctx, &Everything);
        assert_eq!(picked.is_some(), is_json, "{text}");
        if let Some(picked) = picked {
            assert_eq!(Alert { origin: alert.origin.clone(), ..picked }, *alert, "{text}");
        }
        true
    }
}

/// A record that ends with its fields.
fn line(fields: &str) -> String {
    format!(
        r#"{{"hostname":"n","output":"o","priority":"Notice","rule":"R","source":"syscall","tags":["a"],"time":"2024-10-29T13:40:25.98793918Z","output_fields":{{{fields}}}}}"#
    )
}

#[test]
fn keys_of_any_length_are_known_again() {
    for len in 1..=40 {
        let (key, longer) = ("k".repeat(len), "k".repeat(len + 1));
        let mut reader = Reader::asking(&[&key, &longer]);
        for _ in 0..2 {
            for (first, second) in [(&key, &longer), (&longer, &key)] {
                for _ in 0..2 {
                    let both = format!("\"{first}\":1,\"{second}\":\"x\"");
                    assert!(reader.agrees(line(&both).as_bytes()), "{both}");
                    assert!(!reader.agrees(line(&format!("{both},\"{first}\":2")).as_bytes()));
                    assert!(!reader.agrees(line(&format!("{both},\"{second}\":2")).as_bytes()));
                    // Nearly the same.
                    reader.agrees(line(&both.replace("k\":", "k\";")).as_bytes());
                    reader.agrees(line(&both.replace("k\":\"", "k:\"\"")).as_bytes());
                    reader.agrees(line(&both.replace(",\"", ";\"")).as_bytes());
                }
            }
        }
    }
}

#[test]
fn a_number_ends_where_json_says() {
    let mut reader = Reader::asking(&["x.y", "b.c"]);
    for len in (1..=4).chain(7..=9).chain(13..=20) {
        for digits in
            ["1".repeat(len), format!("0{}", "9".repeat(len - 1)), format!("-{}", "5".repeat(len))]
        {
            for rest in ["", "}}", ",\"b.c\":1}}", ",\"b.c\":\"a text that is somewhat longer\"}}"]
            {
                let whole = line("").replace("}}", &format!("\"x.y\":{digits}"));
                let is_fast = reader.agrees((whole.clone() + rest).as_bytes());
                assert_eq!(
                    is_fast,
                    !rest.is_empty() && (len == 1 || !digits.starts_with('0')),
                    "{digits}{rest}"
                );
                for byte in (0..=255).filter(|byte| *byte != b'\n') {
                    reader.agrees(&[whole.as_bytes(), &[byte], rest.as_bytes()].concat());
                }
            }
        }
    }
}

/// Where blanks may stand in a line.
fn between_tokens(line: &str) -> Vec<usize> {
    let (mut places, mut is_inside, mut is_escaped) = (Vec::new(), false, false);
    for (at, byte) in line.bytes().enumerate() {
        if is_inside {
            is_inside = is_escaped || byte != b'"';
            is_escaped = !is_escaped && byte == b'\\';
            if !is_inside {
                places.push(at + 1);
            }
        } else if matches!(byte, b'{' | b'}' | b'[' | b']' | b',' | b':' | b'"') {
            is_inside = byte == b'"';
            places.extend([at, at + 1].into_iter().take(if is_inside { 1 } else { 2 }));
        }
    }
    places.sort_unstable();
    places.dedup();
    places
}

#[test]
fn spaces_may_stand_between_all_tokens() {
    for whole in [PLAIN, &line(r#""x.y":1,"container.name":"a","b.c":null"#)] {
        let places = between_tokens(whole);
        for blank in [" ", "  ", "\t", "\r"] {
            let mut all = whole.to_owned();
            for at in places.iter().rev() {
                let mut spaced = whole.to_owned();
                spaced.insert_str(*at, blank);
                let is_within = (1..whole.len()).contains(at);
                if is_within {
                    all.insert_str(*at, blank);
                }
                let mut reader = Reader::asking(&["x.y", "proc.cmdline"]);
                for _ in 0..2 {
                    assert_eq!(
                        reader.agrees(spaced.as_bytes()),
                        is_within && blank.starts_with(' '),
                        "{spaced}"
                    );
                    assert!(reader.agrees(whole.as_bytes()));
                }
            }
            assert_eq!(
                Reader::asking(&["b.c"]).agrees(all.as_bytes()),
                blank.starts_with(' '),
                "{all}"
            );
        }
    }
}

#[test]
fn long_strings_are_read_the_same_whatever_they_end_in() {
    let mut reader = Reader::asking(&["container.name", "x.y"]);
    let ends = [
        "",
        "]",
        "...]",
        "[...]",
        "{",
        "}",
        ",",
        "\\u005b...]",
        "[...\\u005D",
        "[.\\u002e.]",
        "[...]\\\\",
    ];
    for end in ends {
        for len in (1..40).chain(500..=540) {
            let text = format!("{}{end}", "y".repeat(len));
            for whole in [
                line(&format!(r#""container.name":"{text}","x.y":1"#)),
                line(&format!(r#""a.b":"{text}","x.y":1"#)),
                line(&format!(r#""x.y":"{text}""#)),
                line("\"x.y\":1").replace("\"n\"", &format!("\"{text}\"")),
                line("\"x.y\":1").replace("\"o\"", &format!("\"{text}\"")),
                line("\"x.y\":1").replace("\"R\"", &format!("\"{text}\"")),
                line("\"x.y\":1").replace("\"a\"", &format!("\"{text}\"")),
            ] {
                let is_fast = reader.agrees(whole.as_bytes());
                let is_cut = end == "[...]" && text.len() >= 512;
                assert!(is_fast != is_cut || end.contains('\\'), "{whole}");
            }
        }
    }
}

#[test]
fn a_record_torn_anywhere_is_not_read_with_the_one_behind_it() {
    let mut reader = Reader::asking(&["container.name", "x.y"]);
    for whole in [PLAIN, &line(r#""x.y":"","container.name":"a{","b.c":"{""#)] {
        assert!(reader.agrees(whole.as_bytes()));
        for cut in 1..=whole.len() {
            let (head, _) = whole.split_at(cut);
            assert!(!reader.agrees(format!("{head}{whole}").as_bytes()));
        }
    }
}

#[test]
fn fractions_of_up_to_nine_digits_are_read() {
    let mut reader = Reader::asking(&[]);
    for n_digits in 0..=12 {
        let (digits, _) = "987654321012".split_at(n_digits);
        let whole = line("\"x.y\":1").replace("98793918", digits);
        assert_eq!(reader.agrees(whole.as_bytes()), (1..=9).contains(&n_digits), "{whole}");
        let cri = format!("2024-10-29T13:40:26.{digits}+02:00 stdout F {}", line("\"x.y\":1"));
        assert_eq!(reader.agrees(cri.as_bytes()), (1..=9).contains(&n_digits), "{cri}");
        for place in 0..n_digits {
            for odd in [" ", "/", ":", "a", "Z", "+"] {
                let mut digits = digits.to_owned();
                digits.replace_range(place..=place, odd);
                reader.agrees(line("\"x.y\":1").replace("98793918", &digits).as_bytes());
            }
        }
    }
}

const KEYS: [&str; 8] = [
    "a",
    "b.c",
    "container.name",
    "proc.name",
    "proc.nam",
    "k.of.twenty.eight.bytes.here",
    "k.of.twenty.nine.bytes.in.all",
    "k.of.more.bytes.than.are.compared.at.once",
];

fn any_text() -> impl Strategy<Value = String> {
    let end = prop::sample::select(vec![
        "",
        "{",
        "}",
        "]",
        "[...]",
        "\\\\",
        "\\\"",
        "\\u005d",
        "\\u00e9",
        "\u{e9}\u{1f680}",
        ",",
        ":",
        "},{",
        "{\\\"",
        "<NA>",
    ]);
    let len = prop_oneof![8 => 0..4_usize, 4 => 0..80_usize, 1 => 440..530_usize];
    (len, end).prop_map(|(len, end)| format!("{}{end}", "y".repeat(len)))
}

fn any_value() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => any_text().prop_map(|text| format!("\"{text}\"")),
        1 => prop::sample::select(vec!["null", "true", "false", "{}", "[]", "-0"]).prop_map(str::to_owned),
        2 => "-?[0-9]{1,18}",
        1 => "-?[0-9]{1,3}(\\.[0-9]{1,2})?([eE][+-]?[0-9])?",
    ]
}

fn any_record() -> impl Strategy<Value = String> {
    let key = prop::sample::select(KEYS.to_vec());
    let fields = prop::collection::vec((key, any_value()), 0..5);
    let comma = prop::sample::select(vec![",", ",", ",", ", ", " ,"]);
    let colon = prop::sample::select(vec![":", ":", ":", ": ", " :"]);
    let order = prop_oneof![
        2 => Just((0..8_usize).collect::<Vec<_>>()),
        1 => Just((0..8_usize).collect::<Vec<_>>()).prop_shuffle(),
    ];
    (fields, any_text(), any_text(), any_text(), comma, colon, order, "\\.[0-9]{1,10}").prop_map(
        |(fields, host, output, tag, comma, colon, order, fraction)| {
            let fields: Vec<_> =
                fields.iter().map(|(key, value)| format!("\"{key}\"{colon}{value}")).collect();
            let members = [
                ("hostname", format!("\"{host}\"")),
                ("output", format!("\"{output}\"")),
                ("output_fields", format!("{{{}}}", fields.join(comma))),
                ("priority", "\"Notice\"".to_owned()),
                ("rule", "\"R\"".to_owned()),
                ("source", "\"syscall\"".to_owned()),
                ("tags", format!("[\"{tag}\"{comma}\"b\"]")),
                ("time", format!("\"2024-10-05T13:40:25{fraction}Z\"")),
            ];
            let members: Vec<_> = order
                .iter()
                .map(|at| format!("\"{}\"{colon}{}", members[*at].0, members[*at].1))
                .collect();
            format!("{{{}}}", members.join(comma))
        },
    )
}

/// What becomes of a line on its way.
#[derive(Clone, Debug)]
enum Damage {
    Put(u8),
    Insert(u8),
    Remove,
    Cut,
    /// A part of it stands twice.
    Again(usize),
    /// Its end is missing, and another record goes on there.
    Torn(String),
    Ends(&'static str),
}

fn damage() -> impl Strategy<Value = Damage> {
    let byte = prop::sample::select(b"\"\"\\{}[]:,\t\r 0ae.-\xff\x7f\xc3".to_vec());
    prop_oneof![
        2 => byte.clone().prop_map(Damage::Put),
        2 => byte.prop_map(Damage::Insert),
        1 => Just(Damage::Remove),
        1 => Just(Damage::Cut),
        1 => (1..60_usize).prop_map(Damage::Again),
        1 => any_record().prop_map(Damage::Torn),
        1 => prop::sample::select(vec!["\r", " ", "}", ",", "{}", "\0"]).prop_map(Damage::Ends),
    ]
}

fn damaged(mut line: Vec<u8>, damage: &Damage, at: prop::sample::Index) -> Vec<u8> {
    if line.is_empty() {
        return line;
    }
    let at = at.index(line.len());
    match damage {
        Damage::Put(byte) => line[at] = *byte,
        Damage::Insert(byte) => line.insert(at, *byte),
        Damage::Remove => drop(line.remove(at)),
        Damage::Cut => line.truncate(at),
        Damage::Again(len) => {
            let part: Vec<u8> = line[at..].iter().take(*len).copied().collect();
            drop(line.splice(at..at, part));
        }
        Damage::Torn(other) => {
            line.truncate(at);
            line.extend_from_slice(other.as_bytes());
        }
        Damage::Ends(end) => line.extend_from_slice(end.as_bytes()),
    }
    line
}

proptest! {
    #[test]
    fn keys_in_any_order_are_read_fast_unless_one_stands_twice(
        lines in prop::collection::vec(prop::collection::vec(0..KEYS.len(), 1..6), 1..12),
    ) {
        let mut reader = Reader::asking(&KEYS);
        for keys in lines {
            let fields: Vec<_> = keys.iter().map(|key| format!("\"{}\":{key}", KEYS[*key])).collect();
            let is_fast = reader.agrees(line(&fields.join(",")).as_bytes());
            let stands_once = |(at, key): (usize, &usize)| !keys[..at].contains(key);
            prop_assert_eq!(is_fast, keys.iter().enumerate().all(stands_once), "{:?}", keys);
        }
    }

    #[test]
    fn lines_damaged_in_many_ways_are_read_the_same(
        lines in prop::collection::vec((
            any_record(),
            prop::collection::vec((damage(), any::<prop::sample::Index>()), 0..3),
            0..12_u8,
        ), 1..5),
    ) {
        let mut reader = Reader::asking(&KEYS);
        for (record, damages, form) in lines {
            let whole = match form {
                0 => docker(&format!("{record}\n")),
                1 => journal(&record),
                2 => format!("2024-10-29T13:40:26.1+02:00 stdout F {record}"),
                _ => record,
            };
            let line =
                damages.iter().fold(whole.into_bytes(), |line, (damage, at)| damaged(line, damage, *at));
            reader.agrees(&line);
        }
    }
}
