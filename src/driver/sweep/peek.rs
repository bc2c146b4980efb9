//! The output fields that a filter asks for, taken from a line while the fast path passes over it: no alert is made of them.

use super::Ask;
use crate::decode::fast;
use crate::model::{Columns, Value};
use crate::query::{Filter, Own, OwnValue, Subject, own_of};
use std::borrow::Cow;
use std::sync::Arc;

/// A filter that asks for some output fields and columns, and nothing else.
#[derive(Clone, Debug)]
pub(super) struct Peek {
    filter: Arc<Filter>,
    keys: Vec<Box<str>>,
}

impl Peek {
    /// `None` where the filter asks for more.
    pub fn of(ask: &Ask) -> Option<Self> {
        let keys: Vec<Box<str>> = ask.asked.keys()?.map(Box::from).collect();
        let asks_more = ask.needs_triage
            || ask.needs_judgment
            || [Own::Output, Own::Tags].into_iter().any(|own| ask.asked.own(own));
        (!asks_more && keys.len() <= fast::ASKED)
            .then(|| Self { filter: Arc::clone(&ask.filter), keys })
    }

    /// What reads lines for [`Peek::meets`].
    pub fn scanner(&self) -> fast::Scanner {
        fast::Scanner::asking(self.keys.iter().map(|key| &**key))
    }

    /// Whether a record meets the filter; `None` when that cannot be told here.
    pub fn meets(&self, found: &fast::Found<'_>) -> Option<bool> {
        let values = found.values.as_ref()?;
        Some(self.filter.matches(&Peeked { keys: &self.keys, columns: &found.columns, values }))
    }
}

/// A record as a filter sees it.
struct Peeked<'a> {
    keys: &'a [Box<str>],
    columns: &'a Columns<'a, [u8]>,
    values: &'a fast::Values<'a>,
}

impl Subject for Peeked<'_> {
    fn field(&self, key: &str) -> Option<Cow<'_, Value>> {
        let number = self.keys.iter().position(|asked| **asked == *key)?;
        self.values.get(number).map(Cow::Owned)
    }

    fn own(&self, field: Own) -> Option<OwnValue<'_>> {
        // Output and tags have no columns, and are not asked for here.
        own_of(self.columns, field, |text| str::from_utf8(text).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::Playbooks;
    use crate::decode::{Context, Item, reread};
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
        let (mut scanner, line_end) = (peek.scanner(), format!("{line}\n"));
        let Some(found) = scanner.record(line_end.as_bytes(), &ctx) else { return false };
        let Some(values) = &found.values else {
            assert_eq!(peek.meets(&found), None);
            return false;
        };
        let Item::Alert(careful) = reread(line.as_bytes(), 0, &ctx) else {
            panic!("no alert: {line}");
        };
        for text in [text, "a.b = c", "not a.bc exists and alert.priority = notice", "a.bc >= 7"] {
            let filter = Arc::new(Filter::parse(text, &Names::default()).unwrap());
            let peek = Peek { filter, keys: peek.keys.clone() };
            assert_eq!(peek.meets(&found), Some(peek.filter.matches(&*careful)), "{line}");
        }
        let peeked = Peeked { keys: &peek.keys, columns: &found.columns, values };
        for key in ["a.b", "a.bc", "other"] {
            let asked = Some(key).filter(|key| *key != "other");
            let expected = asked.and_then(|key| careful.fields.get(key));
            assert_eq!(peeked.field(key).as_deref(), expected, "{line}");
        }
        for own in [Own::Rule, Own::Priority, Own::Time, Own::Source, Own::Hostname] {
            assert_eq!(peeked.own(own), careful.own(own), "{line}");
        }
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
        assert!(check(&line("x", r#""x.y":"}","a.b":1"#, "")));
        // What cannot be told is left to others.
        assert!(!check(&line("x", r#""x.y":1"#, r#","a.b":2"#)));
        assert!(!check(&line("x", r#""a.b":[1]"#, "")));
        assert!(!check("14:03:00.5: Notice words (a.b=1)"));
        let text = serde_json::to_string(&(line("x", r#""a.b":"c""#, r#","hostname":"n""#) + "\n"));
        let text = text.unwrap();
        assert!(check(&format!(
            r#"{{"log":{text},"stream":"stdout","time":"2026-11-21T14:03:00.5Z"}}"#
        )));
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
