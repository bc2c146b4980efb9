//! A slow writer: what is taken while nothing comes, and what waits for the rest of its line.

use super::*;

const JSON: &str =
    r#"{"output":"a {b} \" c","priority":"Notice","rule":"Slow","output_fields":{}}"#;
const TEXT: &str = "10:00:00.000000000: Notice Slow (user=root command=sh)";

fn decoder() -> Decoder {
    Decoder::new(Arc::new(Context::default()), "slow".into())
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
