mod walk;

use super::*;
use crate::decode::{Context, Decoder, Item, RuleFacts, RulesFiles, Templates};
use crate::model::spelling::{is_plain, may_say_more};
use crate::model::{Alert, Value};
use proptest::prelude::*;
use std::sync::{Arc, LazyLock};

const PLAIN: &str = r#"{"hostname":"node-1","output":"20:46:44.180672852: Notice A shell \"sh\" (user=root)","output_fields":{"container.id":"64fac540e48f","container.image.repository":"docker.io/library/nginx","container.name":"web","evt.time":1730209225987939180,"k8s.ns.name":"prod","k8s.pod.name":null,"proc.cmdline":"sh -c \"id\"","proc.name":"sh","proc.tty":34816,"user.loginuid":-1,"x.y":1.5e-3,"b.c":true},"priority":"Notice","rule":"Terminal shell in container","source":"syscall","tags":["container","T1059"],"time":"2024-10-29T13:40:25.98793918Z"}"#;

/// Two rules of the host's own: known by how their text begins, and by what stands in its middle.
static TEMPLATES: LazyLock<Arc<Templates>> = LazyLock::new(|| {
    let mut files = RulesFiles::default();
    for (name, output) in [
        ("Odd", "Odd thing seen (user=%user.name command=%proc.cmdline container=%container.name)"),
        ("Odd again", "Odd thing seen (user=%user.name process=%proc.name x-user=%user.uid)"),
        ("Middle", "%user.name was seen doing it (image=%container.image command=%proc.cmdline)"),
    ] {
        let (name, output, source) = (name.to_owned(), output.to_owned(), "syscall".to_owned());
        let rule = RuleFacts { name: name.clone(), output, source, ..RuleFacts::default() };
        files.rules.insert(name, rule);
    }
    Arc::new(Templates::new(&files))
});

fn context() -> Context {
    let written_at = "2024-11-05T10:00:00Z".parse().ok();
    Context { written_at, templates: Arc::clone(&TEMPLATES), ..Context::default() }
}

/// The fast path says the same as the careful decoder, or nothing; says whether it spoke.
#[track_caller]
fn agrees(line: &[u8]) -> bool {
    agrees_after(&mut Scanner::default(), line)
}

/// The same of a scanner that has read other lines.
#[track_caller]
fn agrees_after(scanner: &mut Scanner, line: &[u8]) -> bool {
    let ctx = context();
    let mut bytes = line.to_vec();
    bytes.push(b'\n');
    let read = ctx.clone();
    // What stands behind the line makes no difference.
    let more = [&bytes, line].concat();
    let found = scanner.record(&more, &read).map(|found| (found.len, found.columns));
    let found = format!("{found:?}");
    let Some((columns, len)) = scanner.columns(&bytes, &read) else {
        assert_eq!(found, "None", "{}", String::from_utf8_lossy(line));
        return false;
    };
    let same = columns.read(|text| Some(text.as_bytes())).map(|columns| (len, columns));
    assert_eq!(found, format!("{same:?}"), "{}", String::from_utf8_lossy(line));
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
    if scanner.record(&bytes, &read).is_some_and(|found| found.is_plain) {
        says_no_more(line, alert);
    }
    true
}

/// Each run of letters and digits that an alert says stands in its line, but for `<NA>` where a value is null.
#[track_caller]
fn says_no_more(line: &[u8], alert: &Alert) {
    let rule = alert.rule.clone().filter(|_| !alert.flags.has(Flag::Text));
    let values = alert.fields.iter().filter(|(_, value)| **value != Value::Null);
    let values = values.map(|(_, value)| value.display().into_owned());
    for text in values.chain(rule.into_iter().chain(alert.output.clone()).map(String::from)) {
        for run in text.split(|char| !u8::try_from(char).is_ok_and(is_plain)) {
            let stands = memchr::memmem::find(line, run.as_bytes()).is_some();
            assert!(stands, "{run} in {}", String::from_utf8_lossy(line));
        }
    }
    assert!(!may_say_more(line), "{}", String::from_utf8_lossy(line));
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
fn what_is_spelled_otherwise_is_not_plain() {
    let is_plain = |line: &str| {
        assert!(agrees(line.as_bytes()), "{line}");
        let ctx = context();
        let line = format!("{line}\n");
        Scanner::default().record(line.as_bytes(), &ctx).unwrap().is_plain
    };
    let goes = PLAIN.replace("-c", "\\u003cNA\\u003e \\\\ \\n \u{e9} \\u00e9");
    for record in [PLAIN, &goes, "20:46:44.180672852: Notice A shell (command=sh -c \"\\d\")"] {
        assert!(is_plain(record), "{record}");
    }
    for record in [PLAIN, &goes] {
        assert!(is_plain(&docker(&format!("{record}\n"))) && is_plain(&journal(record)));
    }
    let spelled = PLAIN.replace("\\\"sh\\\"", "\\u0073h");
    assert!(!is_plain(&spelled));
    assert!(!is_plain(&docker(&format!("{spelled}\n"))) && !is_plain(&journal(&spelled)));
    assert!(!is_plain(&docker(&format!("{PLAIN}\n")).replacen("Notice", "\\u004eotice", 1)));
    assert!(!is_plain(&PLAIN.replace("-c", "\\\\u0041")));
    assert!(!is_plain("20:46:44.180672852: Notice A shell (command=sh -c \\x41)"));
}

#[test]
fn names_that_no_forwarder_changed_are_read_fast() {
    for name in ["evt.time.iso8601", "environment", "cluster_2", "my.field_", "ct.x/y", "a"] {
        assert!(agrees(PLAIN.replace("x.y", name).as_bytes()), "{name}");
    }
    for name in ["evt_time_iso8601", "proc.aname.3", "fd_name", "a b", "\\u0061"] {
        assert!(!agrees(PLAIN.replace("x.y", name).as_bytes()), "{name}");
    }
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

fn docker(log: &str) -> String {
    let log = quoted(log);
    format!(r#"{{"log":{log},"stream":"stdout","time":"2024-10-29T13:40:26.123456789Z"}}"#)
}

fn journal(message: &str) -> String {
    let message = quoted(message);
    format!(
        r#"{{"__CURSOR":"s=1;i=2","__REALTIME_TIMESTAMP":"1730209226000000","_HOSTNAME":"n","PRIORITY":"4","SYSLOG_IDENTIFIER":"falco","_PID":812,"_X":null,"MESSAGE":{message}}}"#
    )
}

#[test]
fn records_in_envelopes_are_read_fast() {
    let goes = PLAIN.replace("prod", "a<b>&c").replace("id\\\"", "i\\u003cd\\\\ \u{e9}\\\"");
    for record in [PLAIN, &goes] {
        assert!(agrees(docker(&format!("{record}\n")).as_bytes()));
        let by_go = docker(&format!("{record}\n")).replace('<', "\\u003c").replace('&', "\\u0026");
        assert!(agrees(by_go.as_bytes()));
        assert!(agrees(journal(record).as_bytes()));
    }
}

#[test]
fn odd_envelopes_are_refused() {
    let line = format!("{PLAIN}\n");
    for odd in [
        docker(&line).replace("\"stream\"", "\"log\""),
        docker(&line).replace("\"stdout\"", "\"std\\u006fut\""),
        docker(&line).replace("\"stdout\"", "null"),
        docker(&line).replace("13:40:26", "13:61:26"),
        docker(&line).replace(",\"stream\"", ",\"attrs\":{},\"stream\""),
        docker(&line) + " x",
        docker(&format!("{PLAIN}\n\n")),
        docker(&format!(" {line}")),
        docker(&docker(&line)),
        docker(&line.replace("\"hostname\":\"node-1\",", "")),
        docker("20:46:44.180672852: Notice Odd (user=root)\n"),
        journal(&line),
        journal(PLAIN).replace("_HOSTNAME", "CONTAINER_ID"),
        journal(PLAIN).replace("PRIORITY", "RULE"),
        journal(PLAIN).replace("__REALTIME_TIMESTAMP", "__OTHER"),
        journal("Notice"),
    ] {
        assert!(!agrees(odd.as_bytes()), "{odd}");
    }
}

proptest! {
    #[test]
    fn any_text_in_an_envelope_is_read_as_with_care(
        values in proptest::collection::vec("[ -~\n\u{e9}\u{1F600}]{0,12}", 1..4),
        cut in 0_usize..1200,
    ) {
        let mut scanner = Scanner::default();
        let fields: Vec<_> =
            (0..).zip(&values).map(|(n, text)| format!("\"f.k{n}x\":{}", quoted(text))).collect();
        let record = PLAIN.replace("\"x.y\":1.5e-3", &fields.join(","));
        for line in [docker(&format!("{record}\n")), docker(&record), journal(&record)] {
            agrees_after(&mut scanner, line.as_bytes());
            let cut: String = line.chars().take(cut).collect();
            agrees_after(&mut scanner, cut.as_bytes());
        }
    }
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
    let (head, _) = PLAIN.split_once("\"container.id").unwrap();
    let (_, tail) = PLAIN.split_once("},\"priority").unwrap();
    let bare = format!("{head}}},\"priority{tail}");
    assert!(!agrees(bare.as_bytes()), "{bare}");
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
        "evt.time.iso8601",
        "environment",
        "proc.aname.2",
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
    fn what_was_read_before_makes_no_difference(
        lines in prop::collection::vec((record(), any::<prop::sample::Index>(), prop::option::of(
            prop::sample::select(b"\"\\{}[]:,\t 0ae.\xff\x7f".to_vec()))), 1..8),
    ) {
        let mut scanner = Scanner::default();
        for (line, at, byte) in lines {
            let mut bytes = line.into_bytes();
            if let Some(byte) = byte {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            agrees_after(&mut scanner, &bytes);
        }
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

const TEXT: &str = "18:17:57.881781397: Warning Odd thing seen (user=root program=sh command=sh -c a=b (c) parent=cat \
                    container_id=64fac540e48f container_name=web image=nginx k8s_ns=prod k8s_pod=web-1)";

#[test]
fn a_plain_text_alert_is_read_fast() {
    assert!(agrees(TEXT.as_bytes()));
    assert!(agrees(
        TEXT.replace("18:17:57.88", "2024-07-04T20:46:44.18Z").replace("1781397:", ":").as_bytes()
    ));
    assert!(agrees(TEXT.replace("64fac540e48f", "<NA>").replace("web-1", "").as_bytes()));
    assert!(agrees(TEXT.replace("root", "r\u{f6}\u{f6}t").as_bytes()));
    // The rule of a message that Falco's own rules print.
    assert!(agrees(b"18:17:57.881781397: Warning Odd | evt_type=open container_id=host"));
}

#[test]
fn odd_text_is_refused() {
    for (from, to) in [
        ("web-1)", "web-1"),
        ("root", "r\u{1b}t"),
        ("Odd thing seen (user=root", "New thing seen (evt.time=1730209225987939180"),
        ("64fac540e48f", "web (id=64fac540e48f)"),
        ("Odd thing", "Falco internal: thing"),
        ("k8s_pod=web-1)", "k8s_pod=web-1) "),
    ] {
        assert!(!agrees(TEXT.replace(from, to).as_bytes()), "{from} -> {to}");
    }
}

/// So often a shape must come before its keys are tried first.
const USUAL: usize = 20;

fn words() -> impl Strategy<Value = String> {
    let key = prop::sample::select(vec![
        "user",
        "command",
        "container",
        "container_id",
        "container_name",
        "image",
        "k8s_ns",
        "k8s.ns",
        "k8s_pod",
        "proc_name",
        "program",
        "process",
        "evt_type",
        "evt.time",
        "proc.name",
        "x-user",
        "container_image",
        "k8smeta_ns_name",
        "k8s.pod.name",
        "connection",
        "fd.name[1]",
    ]);
    let value = prop_oneof![
        4 => "[a-z0-9./ -]{0,10}",
        1 => Just("<NA>".to_owned()),
        1 => Just("a=b c=(d) | e".to_owned()),
        1 => Just("--user=x x-image=y ]image= [container=z ==".to_owned()),
        1 => Just("dGVzdA== ,user=eve |proc.name=x evt.arg.path=/x (image=y) \"container=z a.b.c=1".to_owned()),
        1 => Just("a[0]=user=b c-d[x]=\u{e9}user=image container_id=fake -k8s_ns=".to_owned()),
        1 => prop::collection::vec("[a-z.=(,|\\[\\] -]{0,3}(user|image|container|k8s_pod|proc\\.name)?=?", 0..4)
            .prop_map(|parts| parts.concat()),
        1 => Just("caf\u{e9}\u{a0}".to_owned()),
        1 => Just("web (id=0123456789ab)".to_owned()),
    ];
    let start = prop::sample::select(vec![
        "Odd thing",
        "Odd thing seen",
        "root was seen doing it",
        "Falco internal: x",
        "user=root image=x",
        "Odd thing seen user=",
        "Odd thing|seen",
        "A shell was spawned",
        "Redirect",
        "Sensitive file opened",
        "",
    ]);
    let head = prop::sample::select(vec![
        "18:17:57.881781397: Warning ",
        "10:00:59.999999999: Info ",
        "10:01:00.5: Notice ",
        "2024-07-04T20:46:44.180672852+0000: Error ",
        "2034-07-04T20:46:44.180672852Z: Error ",
        "2024-07-04T20:46:44.18: Debug ",
        "18:17:57: Warning ",
    ]);
    let sign = prop::sample::select(vec![" (", " | ", " ", ": "]);
    let end = prop::sample::select(vec![")", "", " ", ".", "]"]);
    (head, start, sign, prop::collection::vec((key, value), 0..10), end).prop_map(
        |(head, start, sign, pairs, end)| {
            let pairs: Vec<_> = pairs.iter().map(|(key, value)| format!("{key}={value}")).collect();
            format!("{head}{start}{sign}{}{end}", pairs.join(" "))
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn made_texts_are_read_the_same(line in words()) {
        agrees(line.as_bytes());
    }

    /// What a scanner learned of keys from other lines changes nothing.
    #[test]
    fn texts_behind_other_texts_are_read_the_same(lines in prop::collection::vec(words(), 1..8)) {
        let mut scanner = Scanner::default();
        // One after the other until the way of some is the usual one.
        for line in lines.iter().flat_map(|line| [line; USUAL]).chain(&lines) {
            agrees_after(&mut scanner, line.as_bytes());
        }
    }

    /// The same keys with other values and signs between them: mostly one shape, but for what the values hold.
    #[test]
    fn texts_of_nearly_the_same_shape_are_read_the_same(
        line in words(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), "[a-z =.(|,-]"), 1..12),
    ) {
        let mut scanner = Scanner::default();
        for _ in 0..USUAL {
            agrees_after(&mut scanner, line.as_bytes());
        }
        for (at, text) in changes {
            let mut line = line.clone();
            let at = line.floor_char_boundary(at.index(line.len() + 1));
            line.insert_str(at, &text);
            agrees_after(&mut scanner, line.as_bytes());
        }
    }

    #[test]
    fn damaged_texts_are_read_the_same(
        line in words(),
        at in any::<prop::sample::Index>(),
        byte in prop::sample::select(b"\"({}[]:,=|\t 0aeZ+.\xff\x7f\r".to_vec()),
    ) {
        let mut bytes = line.into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        agrees(&bytes);
    }
}
