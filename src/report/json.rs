//! Writing JSON by hand where the order of keys and the digits of numbers must stay as they are.
//!
//! Every character that could act on a terminal is written as a `\u` escape: the text is the same for a program, and
//! harmless for a person who looks at it with `cat`.

use crate::model::{Fields, Value};
use crate::text::is_dangerous;
use std::fmt::Write;

/// Appends `text` as a JSON string.
pub fn string(out: &mut String, text: &str) {
    out.push('"');
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\') {
        out.push_str(text);
        out.push('"');
        return;
    }
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_dangerous(c) => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    // Writing to a string cannot fail.
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// `text` as a JSON string.
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    string(&mut out, text);
    out
}

/// Appends `text` as a JSON string, or `null`.
pub fn optional(out: &mut String, text: Option<&str>) {
    match text {
        Some(text) => string(out, text),
        None => out.push_str("null"),
    }
}

/// Appends a value as it was received; the digits of numbers stay, unless they are no JSON number (then they are a string).
pub fn value(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(digits) if is_number(digits) => out.push_str(digits),
        Value::Number(digits) => string(out, digits),
        Value::String(text) => string(out, text),
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                self::value(out, item);
            }
            out.push(']');
        }
        Value::Object(members) => object(out, members.iter().map(|(key, value)| (&**key, value))),
    }
}

/// Appends output fields in the order received.
pub fn fields(out: &mut String, fields: &Fields) {
    object(out, fields.iter());
}

fn object<'a>(out: &mut String, members: impl Iterator<Item = (&'a str, &'a Value)>) {
    out.push('{');
    for (at, (key, member)) in members.enumerate() {
        if at > 0 {
            out.push(',');
        }
        string(out, key);
        out.push(':');
        value(out, member);
    }
    out.push('}');
}

/// Whether the digits are a number by JSON's grammar (RFC 8259, section 6).
fn is_number(digits: &str) -> bool {
    serde_json::from_str::<&serde_json::value::RawValue>(digits)
        .is_ok_and(|raw| raw.get().starts_with(|c: char| c == '-' || c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn dangerous_characters_are_escaped_not_replaced() {
        assert_eq!(
            quote("a\x1b]0;x\x07\u{202e}\u{9b}\u{e0041}\"\\"),
            r#""a\u001b]0;x\u0007\u202e\u009b\udb40\udc41\"\\""#
        );
    }

    #[test]
    fn digits_stay() {
        let mut out = String::new();
        for digits in ["18446744073670260079", "1e400", "-0.10", "0x10", "01"] {
            value(&mut out, &Value::Number(digits.into()));
            out.push(' ');
        }
        assert_eq!(out, r#"18446744073670260079 1e400 -0.10 "0x10" "01" "#);
    }

    proptest! {
        #[test]
        fn any_text_comes_back(text in any::<String>()) {
            let quoted = quote(&text);
            prop_assert!(!quoted.chars().any(is_dangerous));
            prop_assert_eq!(serde_json::from_str::<String>(&quoted).unwrap(), text);
        }
    }
}
