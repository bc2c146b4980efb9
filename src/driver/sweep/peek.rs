//! The output fields that a filter asks for, found by their keys in a line that the fast path reads: quicker than to walk over
//! all of them.
//!
//! What the fast path reads is one JSON object on a line, valid to its last byte, without a key twice or written in escapes,
//! whose `output_fields` hold no lists or objects. So a quoted key stands there as itself or nowhere.

use super::Ask;
use crate::decode::{Context, fast};
use crate::model::{Alert, Value};
use crate::query::Own;
use memchr::memmem::Finder;

/// More keys are not looked for one by one.
const MOST: usize = 6;

/// The keys that are looked for.
#[derive(Debug)]
pub(super) struct Peek {
    keys: Vec<(Box<str>, Finder<'static>)>,
    output_fields: Finder<'static>,
}

impl Peek {
    /// `None` where the filter asks for more than some fields and the columns.
    pub fn of(ask: &Ask) -> Option<Self> {
        let keys = ask.asked.keys()?;
        let asks_more = [Own::Output, Own::Tags].into_iter().any(|own| ask.asked.own(own));
        let keys: Vec<_> = keys
            .map(|key| (Box::from(key), Finder::new(&format!("\"{key}\"")).into_owned()))
            .collect();
        (!asks_more && keys.len() <= MOST)
            .then(|| Self { keys, output_fields: Finder::new("\"output_fields\":{").into_owned() })
    }

    /// The alert of a line (given with its newline) as far as the filter asks for it; `None` when others must read it.
    pub fn alert(&self, scanner: &mut fast::Scanner, line: &[u8], ctx: &Context) -> Option<Alert> {
        let mut alert = scanner.head(line, ctx)?;
        // In an envelope these stand in escapes.
        let start = self.output_fields.find(line)?;
        let fields = line.get(start + self.output_fields.needle().len()..)?;
        for (key, finder) in &self.keys {
            if let Some(at) = place(finder, fields) {
                // The fields end before the first brace outside of texts, and behind it the key would be another one.
                let (before, behind) = fields.split_at_checked(at)?;
                if memchr::memchr(b'}', before).is_some() {
                    return None;
                }
                alert.fields.0.push((key.clone(), value(behind)?));
            }
        }
        Some(alert)
    }
}

/// Where the value of a key begins.
fn place(key: &Finder<'_>, fields: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + key.find(fields.get(from..)?)? + key.needle().len();
        let rest = fields.get(at..)?;
        let colon = at + rest.iter().position(|byte| *byte != b' ')?;
        if fields.get(colon) == Some(&b':') {
            let rest = fields.get(colon + 1..)?;
            return Some(colon + 1 + rest.iter().position(|byte| *byte != b' ')?);
        }
        // A value that says the same.
        from = at;
    }
}

/// The value that stands at the beginning of some bytes of a valid record.
fn value(bytes: &[u8]) -> Option<Value> {
    if bytes.first() == Some(&b'"') {
        let mut from = 1;
        loop {
            let at = from + memchr::memchr2(b'"', b'\\', bytes.get(from..)?)?;
            if bytes.get(at) == Some(&b'\\') {
                from = at + 2;
                continue;
            }
            let inside = bytes.get(1..at)?;
            if from == 1 {
                return Some(Value::String(str::from_utf8(inside).ok()?.into()));
            }
            let text: String = serde_json::from_slice(bytes.get(..=at)?).ok()?;
            return Some(Value::String(text.into()));
        }
    }
    let len = bytes.iter().position(|byte| matches!(byte, b',' | b'}' | b' '))?;
    Some(match bytes.get(..len)? {
        b"null" => Value::Null,
        b"true" => Value::Bool(true),
        b"false" => Value::Bool(false),
        digits => Value::Number(str::from_utf8(digits).ok()?.into()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::Playbooks;
    use crate::decode::{Item, reread};
    use crate::driver::sweep::Question;
    use crate::query::{Filter, Names};
    use proptest::prelude::*;
    use std::sync::Arc;

    /// Looks for two fields; whether it could tell, and then it told what the careful decoder reads.
    #[track_caller]
    fn check(line: &str) -> bool {
        let text = "a.b exists or a.bc exists or alert.rule exists";
        let filter = Arc::new(Filter::parse(text, &Names::default()).unwrap());
        let question = Question::new(Arc::new(Playbooks::builtin())).with_filter(filter, None);
        let peek = question.filter.as_ref().and_then(Peek::of).expect("two fields");
        let ctx = Arc::new(Context::default());
        let mut scanner = fast::Scanner::default();
        let Some(peeked) = peek.alert(&mut scanner, format!("{line}\n").as_bytes(), &ctx) else {
            return false;
        };
        let Item::Alert(careful) = reread(line.as_bytes(), 0, &ctx) else {
            panic!("no alert: {line}");
        };
        for key in ["a.b", "a.bc"] {
            assert_eq!(peeked.fields.get(key), careful.fields.get(key), "{line}");
        }
        let of = |alert: &Alert| {
            let Alert { time, priority, rule, event_source, hostname, .. } = alert.clone();
            (time, priority, rule, event_source, hostname)
        };
        assert_eq!(of(&peeked), of(&careful), "{line}");
        true
    }

    fn line(output: &str, fields: &str, end: &str) -> String {
        format!(
            r#"{{"output":{},"output_fields":{{{fields}}},"priority":"Notice","rule":"R","source":"syscall","time":"2026-11-21T14:03:00.5Z"{end}}}"#,
            serde_json::to_string(output).unwrap()
        )
    }

    #[test]
    fn what_is_found_by_its_key_is_what_the_careful_decoder_reads() {
        assert!(check(&line("x", r#""a.b":"c","a.bc":7"#, "")));
        assert!(check(&line("x", r#""a.b" : null , "a.bc": -1.5e3"#, "")));
        assert!(check(&line("x", r#""x.y":"a.b","a.bc":true,"z.z":"\"a.b\":1""#, "")));
        assert!(check(&line("\"output_fields\":{\"a.b\":2}", r#""a.b":"\u003c\"x\\""#, "")));
        assert!(check(&line("x", r#""x.y":"}","z.z":1"#, "")));
        // What cannot be told is left to others.
        check(&line("x", r#""x.y":"}","a.b":1"#, ""));
        check(&line("x", r#""x.y":1"#, r#","a.b":2"#));
        assert!(!check(&line("x", r#""a.b":[1]"#, "")));
        assert!(!check("14:03:00.5: Notice words (a.b=1)"));
        let text = serde_json::to_string(&(line("x", r#""a.b":"c""#, "") + "\n")).unwrap();
        check(&format!(r#"{{"log":{text},"stream":"stdout","time":"2026-11-21T14:03:00.5Z"}}"#));
    }

    proptest! {
        #[test]
        fn whatever_the_values_say_and_wherever_the_line_ends(
            keys in proptest::collection::vec(prop_oneof![Just("a.b"), Just("a.bc"), Just("a"), Just("c.d")], 0..5),
            values in proptest::collection::vec("[ -~ü]{0,6}|a.b|\"a.b\":1|[{}\",:]{0,5}", 5),
            output in "[ -~]{0,8}|\"a.b\":\"\\{",
            cut in prop_oneof![Just(4000_usize), 0..400_usize],
        ) {
            let fields: Vec<String> = keys
                .iter()
                .zip(&values)
                .map(|(key, value)| format!("\"{key}\":{}", serde_json::to_string(value).unwrap()))
                .collect();
            let line = line(&output, &fields.join(","), "");
            let cut: String = line.chars().take(cut).collect();
            check(&cut);
        }
    }
}
