use super::*;
use crate::model::Flag::*;

/// Reads and compares: the value as compact JSON, the flags, and whether the input ended too soon.
#[track_caller]
fn check(input: impl AsRef<[u8]>, value: &str, flags: &[Flag], ended: bool) {
    let read = read(input.as_ref());
    assert_eq!(show(&read.value), value);
    assert_eq!(read.flags.iter().collect::<Vec<_>>(), flags);
    assert_eq!(read.ended.is_some(), ended);
}

fn show(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(value) => value.to_string(),
        Value::Number(digits) => digits.to_string(),
        Value::String(text) => format!("{text:?}"),
        Value::Array(items) => {
            format!("[{}]", items.iter().map(show).collect::<Vec<_>>().join(","))
        }
        Value::Object(members) => {
            let members: Vec<_> =
                members.iter().map(|(k, v)| format!("{k:?}:{}", show(v))).collect();
            format!("{{{}}}", members.join(","))
        }
    }
}

#[test]
fn plain_json_is_read_as_it_stands() {
    check(
        r#"{"a":1,"b":[true,null,"x"],"c":{}}"#,
        r#"{"a":1,"b":[true,null,"x"],"c":{}}"#,
        &[],
        false,
    );
}

#[test]
fn numbers_keep_their_digits() {
    check("{\"a\":18446744073670260079}", "{\"a\":18446744073670260079}", &[], false);
    check("{\"a\":1e400,\"b\":-0.10}", "{\"a\":1e400,\"b\":-0.10}", &[], false);
}

#[test]
fn what_is_no_number_is_kept_as_text() {
    check("{\"a\":NaN,\"b\":01,\"c\":+1}", r#"{"a":"NaN","b":"01","c":"+1"}"#, &[Malformed], false);
}

#[test]
fn the_last_of_two_equal_keys_wins() {
    check(r#"{"a":1,"b":2,"a":3}"#, r#"{"a":3,"b":2}"#, &[DuplicateKey], false);
}

#[test]
fn half_a_pair_of_surrogates_is_no_character() {
    check(r#"{"a":"x\ud800y"}"#, "{\"a\":\"x\u{fffd}y\"}", &[BadEscape], false);
    check(r#"{"a":"\ud83d\ude80"}"#, "{\"a\":\"\u{1f680}\"}", &[], false);
    check(r#"{"a":"\ude80\ud83d"}"#, "{\"a\":\"\u{fffd}\u{fffd}\"}", &[BadEscape], false);
}

#[test]
fn bad_escapes_are_kept_as_they_stand() {
    check(r#"{"a":"\x41\q\uzz"}"#, r#"{"a":"\\x41\\q\\uzz"}"#, &[BadEscape], false);
}

#[test]
fn bytes_that_are_not_utf8_are_marked() {
    check(b"{\"a\":\"caf\xe9\"}", "{\"a\":\"caf\u{fffd}\"}", &[BadUtf8], false);
}

#[test]
fn control_characters_are_kept_and_flagged() {
    check("{\"a\":\"x\u{1b}y\"}", r#"{"a":"x\u{1b}y"}"#, &[Control], false);
    check("\0{\"a\":1\0}", r#"{"a":1}"#, &[Control], false);
}

#[test]
fn a_byte_order_mark_is_white_space() {
    check("\u{feff}{\u{feff}\"a\":\u{feff}1}", r#"{"a":1}"#, &[], false);
}

#[test]
fn an_end_that_comes_too_soon_keeps_what_was_read() {
    check(r#"{"a":"x","log":"cut of"#, r#"{"a":"x","log":"cut of"}"#, &[], true);
    check(r#"{"a":"x","b":"#, r#"{"a":"x"}"#, &[], true);
    check(r#"{"a":"x","b"#, r#"{"a":"x"}"#, &[], true);
    check(r#"{"log":"x\u00"#, r#"{"log":"x\\u00"}"#, &[BadEscape], true);
    check(r#"{"log":"x\"#, r#"{"log":"x\\"}"#, &[BadEscape], true);
    check(r#"{"a":[1,{"b":2"#, r#"{"a":[1,{}]}"#, &[], true);
    check("{", "{}", &[], true);
}

#[test]
fn half_a_name_or_number_is_none() {
    let field = |value: &str| format!(r#"{{"output":"x","output_fields":{{"a.b":1,"c.d":{value}"#);
    let without = r#"{"output":"x","output_fields":{"a.b":1}}"#;
    for value in ["40", "4.5", "null", "\"abc0", "\""] {
        check(field(value), without, &[], true);
    }
    for value in ["-", "1.", "nul"] {
        check(field(value), without, &[Malformed], true);
    }
    check(field("\"a\\"), without, &[BadEscape], true);
    check(field("\"abc\""), r#"{"output":"x","output_fields":{"a.b":1,"c.d":"abc"}}"#, &[], true);
    check(field("true"), r#"{"output":"x","output_fields":{"a.b":1,"c.d":true}}"#, &[], true);
    for half in [
        r#""rule":"Termi"#,
        r#""Rule":"Termi"#,
        r#""output_fields.container.id":"0a1b2"#,
        r#""output_fields.proc.pid":40"#,
        r#""output_fields":"{\"proc"#,
        r#""host":"node-1"#,
    ] {
        check(format!(r#"{{"output":"x",{half}"#), r#"{"output":"x"}"#, &[], true);
    }
    check(r#"{"Output":"half of"#, r#"{"Output":"half of"}"#, &[], true);
    check(r#"{"k":"{\"rule\""#, r#"{"k":"{\"rule\""}"#, &[], true);
    check(r#"{"output":"x","tags":["a","b"#, r#"{"output":"x","tags":["a"]}"#, &[], true);
    check(r#"{"output":"half of"#, r#"{"output":"half of"}"#, &[], true);
    check(r#"{"alert":{"output":"half of"#, r#"{"alert":{"output":"half of"}}"#, &[], true);
    check(r#"["{\"rule\":"#, r#"["{\"rule\":"]"#, &[], true);
}

#[test]
fn commas_and_quotes_may_be_missing() {
    check(r#"{"a":1 "b":2,}"#, r#"{"a":1,"b":2}"#, &[Malformed], false);
    check(r#"{a:'x',"b":}"#, r#"{"a":"x","b":null}"#, &[Malformed], false);
    check(r#"{"a":@@,"b":2}"#, r#"{"a":"@@","b":2}"#, &[Malformed], false);
    check(r#"{"a":[1,2,"b":2}"#, r#"{"a":[1,2,"b",":2"]}"#, &[Malformed], false);
}

#[test]
fn deep_values_are_kept_as_text() {
    let deep = format!("{{\"a\":{}1{},\"b\":2}}", "[".repeat(100_000), "]".repeat(100_000));
    let read = read(deep.as_bytes());
    assert!(read.flags.has(Nested));
    assert!(show(&read.value).ends_with(",\"b\":2}"));
    let open = "[".repeat(1_000_000);
    assert!(super::read(open.as_bytes()).ended.is_some());
}

#[test]
fn another_record_on_a_torn_line_is_found() {
    let torn = r#"{"output":"12:00 shell{"hostname":"b","rule":"X"}"#;
    let read = read(torn.as_bytes());
    assert_eq!(show(&read.value), r#"{"output":"12:00 shell"}"#);
    assert_eq!(read.ended, Some(Ended::AtNewRecord));
    assert_eq!(torn.get(read.used..read.used + 11), Some(r#"{"hostname""#));
}

#[test]
fn a_hundred_thousand_fields_take_no_quadratic_time() {
    let members: Vec<_> = (0..100_000).map(|n| format!("\"k{n}\":{n}")).collect();
    let read = read(format!("{{{},\"k5\":0}}", members.join(",")).as_bytes());
    let Value::Object(members) = &read.value else { panic!("no object") };
    assert_eq!(members.len(), 100_000);
    assert!(read.flags.has(DuplicateKey));
}
