//! A slow writer: what is taken while nothing comes, and what waits for the rest of its line.

use super::*;
use std::sync::LazyLock;

const JSON: &str =
    r#"{"output":"a {b} \" c","priority":"Notice","rule":"Slow","output_fields":{}}"#;
const TEXT: &str = "10:00:00.000000000: Notice Slow (user=root command=sh)";

/// Made once: the table of rules is the same for all.
static CONTEXT: LazyLock<Arc<Context>> = LazyLock::new(Arc::default);

fn decoder() -> Decoder {
    Decoder::new(CONTEXT.clone(), "slow".into())
}

fn outputs(out: &[Entry]) -> Vec<String> {
    let told = out.iter().map(|entry| match &entry.item {
        Item::Alert(alert) => alert.output.as_deref().unwrap_or_default().to_owned(),
        Item::Other(other) => format!("other: {}", other.what),
        Item::Reject(reject) => format!("reject: {}", reject.reason),
    });
    told.collect()
}

/// Wherever a line pauses it is one record in the end, the same as without the pause.
#[track_caller]
fn check(line: &str) {
    let whole = format!("{line}\n{line}\n");
    let mut expected = Vec::new();
    let mut at_once = decoder();
    at_once.push(whole.as_bytes(), &mut expected);
    at_once.finish(&mut expected);
    for pause in 0..whole.len() {
        let (before, after) = whole.as_bytes().split_at(pause);
        let mut decoder = decoder();
        let mut out = Vec::new();
        decoder.push(before, &mut out);
        decoder.settle(&mut out);
        decoder.settle(&mut out);
        decoder.push(after, &mut out);
        decoder.finish(&mut out);
        assert_eq!(out, expected, "a pause after {pause} bytes");
    }
}

#[test]
fn a_line_is_not_torn_where_its_writer_pauses() {
    check(JSON);
    check(TEXT);
    check(&format!("2026-11-21T10:00:00.000000000Z stdout F {JSON}"));
    check(&format!("<14>1 2026-11-21T10:00:00Z node falco 1 - - {JSON}"));
    check(
        r#"{"log":"{\"rule\":\"Slow\",\"output\":\"x\"}\n","stream":"stdout","time":"2026-11-21T10:00:00Z"}"#,
    );
}

#[test]
fn a_document_over_several_lines_is_not_torn_either() {
    check("{\n  \"rule\": \"Slow\",\n  \"output\": \"x\"\n}");
}

#[test]
fn a_whole_object_is_taken_before_its_line_ends() {
    for line in [JSON.to_owned(), format!("2026-11-21T10:00:00.000000000Z stdout F {JSON}")] {
        let mut decoder = decoder();
        let mut out = Vec::new();
        decoder.push(line.as_bytes(), &mut out);
        assert!(out.is_empty());
        decoder.settle(&mut out);
        assert_eq!(outputs(&out), [r#"a {b} " c"#], "{line}");
        decoder.push(b"\n", &mut out);
        decoder.finish(&mut out);
        assert_eq!(out.len(), 1, "{line}");
    }
}

#[test]
fn half_a_line_is_final_when_its_body_ends() {
    for line in [JSON, TEXT] {
        let mut decoder = decoder();
        let mut out = Vec::new();
        decoder.push(&line.as_bytes()[..line.len() - 1], &mut out);
        decoder.settle(&mut out);
        assert!(out.is_empty());
        decoder.finish(&mut out);
        assert_eq!(out.len(), 1, "{:?}", outputs(&out));
        assert!(matches!(out[0].item, Item::Alert(_)));
    }
}

#[test]
fn a_torn_line_is_not_waited_for() {
    let mut decoder = decoder();
    let mut out = Vec::new();
    decoder.push(br#"{"rule":"Torn","output":"x"#, &mut out);
    decoder.push(b"\n", &mut out);
    assert!(out.is_empty() && decoder.may_settle());
    decoder.settle(&mut out);
    assert_eq!(outputs(&out), ["x"]);
    assert!(decoder.is_idle());
}

#[test]
fn a_torn_line_that_opens_an_array_swallows_no_alert() {
    for torn in [r#"{"a":["#.to_owned(), format!("{{\"a\":{}", "[".repeat(1000))] {
        let mut decoder = decoder();
        let mut out = Vec::new();
        decoder.push(format!("{torn}\n{JSON}\n{JSON}\n{JSON}\n").as_bytes(), &mut out);
        let alerts = out.iter().filter(|entry| matches!(entry.item, Item::Alert(_)));
        assert_eq!(alerts.count(), 3, "{:?}", outputs(&out));
    }
}

/// A record in two parts is one record wherever it is cut, with a whole record of another stream between its parts.
#[track_caller]
fn check_parts(part: impl Fn(&str, bool) -> String, between: &str) {
    let record = JSON.replace("a {b}", "a | 10:00:00.1: Notice b: c");
    for cut in (1..record.len()).filter(|cut| record.is_char_boundary(*cut)) {
        let (first, last) = record.split_at(cut);
        let log = format!("{}\n{between}\n{}\n", part(first, false), part(last, true));
        let mut decoder = decoder();
        let mut out = Vec::new();
        decoder.push(log.as_bytes(), &mut out);
        decoder.finish(&mut out);
        let mut told = outputs(&out);
        told.sort();
        assert_eq!(told, ["a | 10:00:00.1: Notice b: c \" c", "x"], "cut at {cut}: {log}");
    }
}

#[test]
fn a_part_is_never_taken_for_an_envelope() {
    check_parts(
        |text, is_last| {
            let tag = if is_last { "F" } else { "P" };
            format!("2026-11-21T10:00:00.1Z stdout {tag} {text}")
        },
        r#"2026-11-21T10:00:00.1Z stderr F {"rule":"Other","output":"x"}"#,
    );
    check_parts(
        |text, is_last| {
            let log = serde_json::json!({
                "log": format!("{text}{}", if is_last { "\n" } else { "" }),
                "stream": "stdout",
                "time": "2026-11-21T10:00:00Z",
            });
            log.to_string()
        },
        r#"{"log":"{\"rule\":\"Other\",\"output\":\"x\"}\n","stream":"stderr","time":"2026-11-21T10:00:00Z"}"#,
    );
}

#[test]
fn an_envelope_in_parts_is_opened_when_it_is_whole() {
    let line = format!("Nov 21 10:00:00 node falco[7]: {JSON}");
    let (first, last) = line.split_at(40);
    let log = format!(
        "2026-11-21T10:00:00.1Z stdout P {first}\n2026-11-21T10:00:00.1Z stdout F {last}\n\
         2026-11-21T10:00:00.1Z stdout F {line}\n"
    );
    let mut out = Vec::new();
    let mut decoder = decoder();
    decoder.push(log.as_bytes(), &mut out);
    assert_eq!(outputs(&out), [r#"a {b} " c"#, r#"a {b} " c"#]);
}

#[test]
fn a_torn_document_does_not_swallow_the_next_one() {
    let whole = "{\n  \"rule\": \"Slow\",\n  \"output\": \"x\",\n  \"output_fields\": {\n    \"a.b\": 1\n  }\n}\n";
    let torn = whole.split_at(whole.find("    \"a.b").unwrap()).0;
    let mut out = Vec::new();
    let mut decoder = decoder();
    decoder.push(format!("{torn}{whole}").as_bytes(), &mut out);
    decoder.finish(&mut out);
    assert_eq!(outputs(&out), ["x", "x"]);
}

#[test]
fn a_truncated_record_takes_its_priority_from_its_text() {
    let mut out = Vec::new();
    let mut decoder = decoder();
    decoder.push(
        br#"{"hostname":"n","output":"10:00:00.123456789: Warning Odd | a=b","output_fi"#,
        &mut out,
    );
    decoder.finish(&mut out);
    let [Entry { item: Item::Alert(alert), .. }] = out.as_slice() else { panic!("{out:?}") };
    assert_eq!(alert.priority, Some(crate::model::Priority::Warning));
    assert!(alert.flags.has(Flag::Truncated) && alert.flags.has(Flag::PriorityUnknown));
}

/// Wherever a record is cut, what is told of it is what it said, or nothing.
#[test]
fn a_record_that_is_cut_anywhere_claims_nothing_else() {
    let whole = concat!(
        r#"{"hostname":"node","output":"10:00:00.123456789: Warning Odd (user=root container_id=abc012345678)","#,
        r#""output_fields":{"container.id":"abc012345678","evt.time":1795341600123456789,"proc.pid":4012,"user.name":"root"},"#,
        r#""priority":"Warning","rule":"Odd","source":"syscall","tags":["one","two"],"time":"2026-11-22T10:00:00.123456789Z"}"#
    );
    let read = |line: &str| {
        let (mut out, mut decoder) = (Vec::new(), decoder());
        decoder.push(line.as_bytes(), &mut out);
        decoder.finish(&mut out);
        out
    };
    let entries = read(whole);
    let [Entry { item: Item::Alert(all), .. }] = entries.as_slice() else { panic!("{entries:?}") };
    for end in 1..whole.len() {
        let cut = whole.get(..end).unwrap();
        for entry in read(cut) {
            let Item::Alert(alert) = entry.item else { continue };
            let names = |alert: &crate::model::Alert| {
                [alert.hostname.clone(), alert.rule.clone(), alert.event_source.clone()]
            };
            for (name, whole) in names(&alert).into_iter().zip(names(all)) {
                assert!(name.is_none() || name == whole, "{name:?} in {cut}");
            }
            assert!(alert.priority.is_none() || alert.priority == all.priority, "{cut}");
            assert!(all.tags.starts_with(&alert.tags), "{cut}");
            let is_of_record = alert.time_from == all.time_from || alert.time.is_none();
            assert!(!is_of_record || alert.time.is_none() || alert.time == all.time, "{cut}");
            for (name, value) in alert.fields.iter() {
                assert_eq!(Some(value), all.fields.get(name), "{name} in {cut}");
            }
        }
    }
}

/// Wherever the envelope of a text alert is cut, no field is told that the whole did not hold.
#[test]
fn a_text_alert_that_is_cut_in_its_envelope_claims_nothing_else() {
    let text =
        "10:00:00.123456789: Warning Odd | user=root container_id=abc012345678 container_name=web";
    let log = format!(r#""log":"{text}\n""#);
    let rest = r#""stream":"stdout","time":"2026-11-22T10:00:00.1Z""#;
    let journal = r#""__REALTIME_TIMESTAMP":"1795341600123456","_HOSTNAME":"node""#;
    for whole in [
        format!("{{{log},{rest}}}"),
        format!("{{{rest},{log}}}"),
        format!(r#"{{"kubernetes":{{"pod_name":"falco"}},{log}}}"#),
        format!(r#"{{"result":{{{log}}}}}"#),
        format!(r#"{{"logs":[{{"line":"nothing"}},{{{log}}}]}}"#),
        format!(r#"{{{journal},"MESSAGE":"{text}"}}"#),
        format!(r#"{{"MESSAGE":"{text}",{journal}}}"#),
    ] {
        let read = |line: &str| {
            let (mut out, mut decoder) = (Vec::new(), decoder());
            decoder.push(line.as_bytes(), &mut out);
            decoder.finish(&mut out);
            let alert = |entry: Entry| match entry.item {
                Item::Alert(alert) => Some(*alert),
                _ => None,
            };
            out.into_iter().filter_map(alert).collect::<Vec<_>>()
        };
        let all = read(&whole);
        let [all] = all.as_slice() else { panic!("{all:?} in {whole}") };
        assert_eq!(all.fields.iter().count(), 3, "{whole}");
        assert!(!all.flags.has(Flag::Truncated), "{whole}");
        let mut n_told = 0;
        for end in 1..whole.len() {
            let cut = whole.get(..end).unwrap();
            for alert in read(cut) {
                // Half an escape is kept as it stands.
                let output = alert.output.unwrap_or_default();
                assert!(text.starts_with(output.trim_end_matches('\\')), "{cut}");
                for (name, value) in alert.fields.iter() {
                    assert_eq!(Some(value), all.fields.get(name), "{name} in {cut}");
                    n_told += 1;
                }
            }
        }
        assert!(n_told > 20, "{n_told} of {whole}");
    }
}

/// The fields of the only alert of a log, and whether it is said to end early.
#[track_caller]
fn told(log: &str) -> (String, bool) {
    let (mut out, mut decoder) = (Vec::new(), decoder());
    decoder.push(log.as_bytes(), &mut out);
    decoder.finish(&mut out);
    let [Entry { item: Item::Alert(alert), .. }] = out.as_slice() else { panic!("{out:?}") };
    let fields = alert.fields.iter().map(|(name, value)| format!("{name}={}", value.display()));
    (fields.collect::<Vec<_>>().join(" "), alert.flags.has(Flag::Truncated))
}

#[test]
fn a_text_alert_whose_end_is_lost_is_said_to_end_early() {
    const TEXT: &str = "10:00:00.1: Warning Odd";
    let whole = |fields: &str| (fields.to_owned(), false);
    let cut = |fields: &str| (fields.to_owned(), true);
    let part = |tag: &str, text: &str| format!("2026-11-22T10:00:00.1Z stdout {tag} {text}\n");
    let fields = "user.name=root container.id=0a1";
    // A part whose rest never came.
    let log = format!("{TEXT} | user=root container_id=0a1");
    assert_eq!(told(&part("P", &log)), cut("user.name=root"));
    assert_eq!(told(&part("F", &log)), whole(fields));
    assert_eq!(told(&(part("P", &log) + &part("F", "b2"))), whole(&format!("{fields}b2")));
    let docker = format!(r#"{{"log":"{log}","stream":"stdout","time":"2026-11-22T10:00:00Z"}}"#);
    assert_eq!(told(&docker), cut("user.name=root"));
    // The rule's own parenthesis never ends.
    let tag = "Nov 22 10:00:00 node falco[7]:";
    let log = format!("{tag} {TEXT} (user=root container_id=0a1");
    assert_eq!(told(&format!("{log}\n")), cut("user.name=root"));
    assert_eq!(told(&format!("{log})\n")), whole(fields));
    // The pager marks what it cuts, and so does the journal.
    let log = format!("{tag} {TEXT} | user=root container_id=0a1");
    assert_eq!(told(&format!("{log}>\n")), cut("user.name=root"));
    assert_eq!(told(&format!("{log}…\n")), cut("user.name=root"));
    assert_eq!(
        told(&format!("{log} image=<NA>\n")),
        whole(&format!("{fields} container.image=<NA>"))
    );
    // A parenthesis in a value opens nothing.
    let log = format!("{tag} {TEXT} | user=root command=echo ( container_id=0a1\n");
    assert!(!told(&log).1);
}

#[test]
fn a_text_alert_behind_a_torn_one_is_not_a_part_of_it() {
    let docker = |text: &str| {
        format!(r#"{{"log":"{text}","stream":"stdout","time":"2026-11-22T10:00:00Z"}}"#) + "\n"
    };
    let text = |n: u8| format!("10:00:00.{n}: Warning Odd | user=root container_id=0a1b2c3d4e5f");
    let log = docker(&text(1)) + &docker(&(text(2) + "\\n"));
    let (mut out, mut decoder) = (Vec::new(), decoder());
    decoder.push(log.as_bytes(), &mut out);
    assert_eq!(outputs(&out), [text(1), text(2)]);
}

/// Each message of a stream is a line as good as one of a file.
#[test]
fn no_message_of_an_export_of_cloudwatchs_is_dropped() {
    let messages = [
        r#"{"rule":"R","output":"one"}"#,
        "START RequestId: 1 Version: $LATEST",
        "Wed Jun 04 22:33:13 2025: Falco version: 0.41.0",
        r#"{"log":"{\"rule\":\"R\",\"output\":\"two\"}\n"}"#,
        "10:00:00.1: Notice three",
    ];
    let event = |message: &&str| serde_json::json!({"timestamp": 1_767_260_401_123_u64, "message": message});
    let events: Vec<_> = messages.iter().map(event).collect();
    for log in [
        serde_json::json!({"events": events, "nextForwardToken": "f/1"}),
        serde_json::json!({"messageType": "DATA_MESSAGE", "logGroup": "g", "logEvents": events}),
    ] {
        for log in [log.to_string(), serde_json::to_string_pretty(&log).unwrap()] {
            let (mut out, mut decoder) = (Vec::new(), decoder());
            decoder.push(log.as_bytes(), &mut out);
            decoder.finish(&mut out);
            let foreign = format!("reject: {}", crate::decode::body::NO_TEXT);
            let own = format!("other: {}", crate::decode::own::LOG);
            let expected = ["one", &foreign, &own, "two", "10:00:00.1: Notice three"];
            assert_eq!(outputs(&out), expected, "{log}");
            let times = out.iter().filter_map(|entry| match &entry.item {
                Item::Alert(alert) => alert.time,
                _ => None,
            });
            let time = "2026-01-01T09:40:01.123Z".parse().unwrap();
            assert_eq!(times.collect::<Vec<_>>(), [time; 3]);
        }
    }
}

/// What the message says in whole is told, whatever was lost before or behind it.
#[test]
fn a_whole_message_of_a_record_that_is_cut_loses_no_field() {
    let fields = |line: &str| {
        let (mut out, mut decoder) = (Vec::new(), decoder());
        decoder.push(line.as_bytes(), &mut out);
        decoder.finish(&mut out);
        let [Entry { item: Item::Alert(alert), .. }] = out.as_slice() else { panic!("{out:?}") };
        assert!(alert.flags.has(Flag::Truncated), "{line}");
        alert.fields.iter().map(|(name, _)| name.to_owned()).collect::<Vec<_>>().join(" ")
    };
    let output = r#""output":"Odd (user=root container_id=0a1b2c3d4e5f)""#;
    for behind in ["", ",", r#","prio"#, r#","priority":"Not"#, r#","priority":"Notice"#] {
        let line = format!(r#"{{"rule":"R",{output}{behind}"#);
        assert_eq!(fields(&line), "user.name container.id", "{line}");
    }
    assert_eq!(fields(&format!(r#"ice","rule":"R",{output}}}"#)), "user.name container.id");
    let half = output.trim_end_matches(['"', ')', 'f']);
    assert_eq!(fields(&format!(r#"{{"rule":"R",{half}"#)), "user.name");
    assert_eq!(fields(&format!(r#"ice","rule":"R",{half}"#)), "user.name");
}

/// A line of Loki's is told whatever it is, and an alert among them is found again.
#[test]
fn no_line_of_a_stream_of_lokis_is_dropped() {
    let record = |name: &str| format!(r#"{{"rule":"R","output":"{name}"}}"#);
    let lines = [
        format!("2026-09-12T00:57:56.1Z stdout F {}", record("peeled")),
        record("plain"),
        format!("container_id=0a1 {}", record("guessed")),
        "torn, and nothing of Falco's".to_owned(),
        r#"{"rule":"R","output":"half"#.to_owned(),
        record("last"),
    ];
    let values: Vec<_> =
        lines.iter().map(|line| serde_json::json!(["1730209225987939180", line])).collect();
    let stream = |values: &[serde_json::Value]| {
        serde_json::json!({"stream": {"app": "falco", "rule": "x"}, "values": values}).to_string()
    };
    let answer = format!(r#"{{"data":{{"result":[{}]}}}}"#, stream(&values));
    for log in [stream(&values), answer] {
        let (mut out, mut decoder) = (Vec::new(), decoder());
        decoder.push(log.as_bytes(), &mut out);
        decoder.finish(&mut out);
        let mut told = outputs(&out);
        told.sort();
        let reject = format!("reject: {}", crate::decode::body::NO_TEXT);
        assert_eq!(told, ["guessed", "half", "last", "peeled", "plain", &reject]);
        let alerts = out.iter().filter(|entry| matches!(entry.item, Item::Alert(_)));
        for (nth, entry) in (0..).zip(alerts) {
            let again = crate::decode::reread(log.as_bytes(), nth, &CONTEXT);
            let output = |item: &Item| match item {
                Item::Alert(alert) => alert.output.clone(),
                _ => None,
            };
            assert_eq!(output(&again), output(&entry.item), "{nth} of {log}");
        }
        crate::decode::check::decode_any(log.as_bytes());
    }
    for log in [stream(&[]), stream(&["no line".into()])] {
        let (mut out, mut decoder) = (Vec::new(), decoder());
        decoder.push(log.as_bytes(), &mut out);
        decoder.finish(&mut out);
        assert!(matches!(out.as_slice(), [Entry { item: Item::Reject(_), .. }]), "{out:?}");
    }
}

#[test]
fn a_record_under_stream_is_one_where_loki_has_no_part_in_it() {
    let (mut out, mut decoder) = (Vec::new(), decoder());
    decoder.push(format!("{{\"stream\":{JSON}}}\n").as_bytes(), &mut out);
    assert_eq!(outputs(&out), [r#"a {b} " c"#]);
}

/// Each byte stands in a record, in the order of the lines.
#[test]
fn what_a_given_up_record_held_may_open_another() {
    let held = "MESSAGE\nabc\n{__CURSOR=x\nMESSAGE\nabc\n";
    let log =
        format!("{{\"hostname\":\"h\",\"output\":\"x\n{held}{{\"output\":\"y\n{held},{JSON}\n");
    let mut out = Vec::new();
    let mut decoder = decoder();
    decoder.push(log.as_bytes(), &mut out);
    decoder.finish(&mut out);
    let told = outputs(&out);
    assert_eq!(told.iter().filter(|text| !text.starts_with("reject")).count(), 3, "{told:?}");
    assert!(out.is_sorted_by_key(|entry| entry.offset), "{out:?}");
    crate::decode::check::decode_any(log.as_bytes());
}

/// Lines that each open an object and were held in vain are not read again for each of them.
#[test]
fn torn_documents_in_torn_documents_take_little_time_and_no_deep_stack() {
    let log = "{\"a\":[\n".repeat(15_000) + &format!("{JSON}\n{JSON}\n{JSON}\n");
    let mut out = Vec::new();
    let mut decoder = decoder();
    decoder.push(log.as_bytes(), &mut out);
    decoder.finish(&mut out);
    let alerts = out.iter().filter(|entry| matches!(entry.item, Item::Alert(_)));
    assert_eq!(alerts.count(), 3, "{}", out.len());
}

/// What an envelope holds is no part of what stands outside of it, however alike the two are called.
#[test]
fn streams_in_envelopes_are_not_those_outside() {
    let inside = r#"{"log":"2026-01-01T00:00:00.1Z stdout P a"#;
    let outside = r#"2026-01-01T00:00:00.1Z stdout P {"rule":"R","output":"x"}"#;
    let log = format!("{inside}\nMESSAGE\n{outside}\n{TEXT}\n");
    crate::decode::check::decode_any(log.as_bytes());
    let mut out = Vec::new();
    let mut decoder = decoder();
    decoder.push(log.as_bytes(), &mut out);
    decoder.finish(&mut out);
    assert!(outputs(&out).contains(&"x".to_owned()), "{:?}", outputs(&out));
}

#[test]
fn what_was_held_does_not_go_on_with_a_later_line() {
    let part = "2026-01-01T00:00:00.1Z stdout P  __CURSOR=x";
    let log = format!("{JSON}\n{part}\nWed Jun 04 22:33:13 2025: Falco\n   more\n");
    crate::decode::check::decode_any(log.as_bytes());
}

#[test]
fn text_alerts_behind_an_object_are_told_apart_at_a_bare_carriage_return() {
    for log in [
        format!("{JSON}{TEXT}\r{TEXT}\n"),
        format!("{JSON}\r{TEXT}\r {TEXT}"),
        format!("{JSON} words\r{TEXT}\r{TEXT}{JSON}\n"),
    ] {
        let mut decoder = decoder();
        let mut out = Vec::new();
        decoder.push(log.as_bytes(), &mut out);
        decoder.finish(&mut out);
        let texts = outputs(&out).into_iter().filter(|output| *output == TEXT).count();
        assert_eq!(texts, 2, "{log:?}");
        crate::decode::check::decode_any(log.as_bytes());
    }
    crate::decode::check::decode_any(format!("{{}}{TEXT}\r{TEXT}").replace(')', "").as_bytes());
}
