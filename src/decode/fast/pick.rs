//! A part of a plain JSON record, read again: its columns and the output fields that somebody asks for.
//!
//! Only lines that [`Scanner::columns`] accepts are read here, so they are known to be valid to the last byte; what is
//! picked is what the careful decoder reads.

use super::{Context, Scanner};
use crate::model::{Alert, Fields, TimeFrom, Value};
use jiff::Timestamp;
use std::borrow::Cow;

/// What is asked of a record.
pub trait Wants {
    /// Whether an output field is asked for.
    fn field(&self, key: &str) -> bool;
    /// Whether `output`, `tags` and the like are asked for.
    fn top(&self, key: &str) -> bool;
    /// How many output fields to make room for.
    fn n_fields(&self) -> usize {
        0
    }
}

/// Asks for all there is.
#[derive(Clone, Copy, Debug)]
pub struct Everything;

impl Wants for Everything {
    fn field(&self, _: &str) -> bool {
        true
    }

    fn top(&self, _: &str) -> bool {
        true
    }

    fn n_fields(&self) -> usize {
        48
    }
}

impl Scanner {
    /// The alert of a line (given with its newline) as far as it is asked for; `None` when the careful decoder must read
    /// it, as it must all text alerts. Its origin is not known here.
    pub fn pick(&mut self, line: &[u8], ctx: &Context, wants: &impl Wants) -> Option<Alert> {
        let found = self.record(line, ctx).filter(|found| found.len as usize + 1 == line.len())?;
        let mut rest = Rest(simdutf8::basic::from_utf8(found.values?.record).ok()?);
        let columns = found.columns.read(|text| str::from_utf8(text).ok())?;
        let boxed = |text: Option<&str>| text.map(Box::from);
        let mut alert = Alert {
            time: Timestamp::from_nanosecond(columns.time?.into()).ok(),
            time_from: Some(TimeFrom::Time),
            priority: columns.priority,
            rule: boxed(columns.rule),
            event_source: boxed(columns.event_source),
            hostname: boxed(columns.hostname),
            flags: columns.flags,
            ..Alert::default()
        };
        rest.open()?;
        loop {
            let key = rest.string()?;
            rest.pass(b':')?;
            match &*key {
                "output_fields" => alert.fields = rest.fields(wants)?,
                "output" if wants.top("output") => alert.output = Some(rest.string()?.into()),
                "uuid" if wants.top("uuid") => alert.uuid = Some(rest.string()?.into()),
                "tags" => alert.tags = rest.tags(wants.top("tags"))?,
                _ => rest.skip()?,
            }
            if !rest.goes_on()? {
                return Some(alert);
            }
        }
    }
}

/// What is left of a valid record.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    fn first(&self) -> Option<u8> {
        self.0.as_bytes().first().copied()
    }

    /// Takes so many bytes.
    fn take(&mut self, len: usize) -> Option<&'a str> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    fn space(&mut self) {
        while let Some(rest) = self.0.strip_prefix(' ') {
            self.0 = rest;
        }
    }

    fn pass(&mut self, byte: u8) -> Option<()> {
        self.space();
        self.first().filter(|first| *first == byte)?;
        self.take(1)?;
        self.space();
        Some(())
    }

    fn open(&mut self) -> Option<()> {
        self.pass(b'{')
    }

    /// Passes a comma (true), or the end of an object or a list (false).
    fn goes_on(&mut self) -> Option<bool> {
        self.space();
        let byte = self.first()?;
        self.take(1)?;
        self.space();
        Some(byte == b',')
    }

    /// What stands between the quotes of a string.
    fn raw(&mut self) -> Option<&'a str> {
        let bytes = self.0.as_bytes();
        bytes.first().filter(|first| **first == b'"')?;
        let mut from = 1;
        loop {
            let at = from + memchr::memchr2(b'"', b'\\', bytes.get(from..)?)?;
            if bytes.get(at)? == &b'"' {
                return self.take(at + 1)?.get(1..at);
            }
            from = at + 2;
        }
    }

    fn string(&mut self) -> Option<Cow<'a, str>> {
        text(self.raw()?)
    }

    fn skip(&mut self) -> Option<()> {
        if self.first() == Some(b'"') {
            self.raw()?;
        } else {
            self.word()?;
        }
        Some(())
    }

    /// A number, true, false or null.
    fn word(&mut self) -> Option<&'a str> {
        let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ');
        let len = self.0.as_bytes().iter().position(ends)?;
        self.take(len)
    }

    fn value(&mut self) -> Option<Value> {
        let here = self.0;
        self.skip()?;
        value(here.get(..here.len() - self.0.len())?)
    }

    fn fields(&mut self, wants: &impl Wants) -> Option<Fields> {
        self.open()?;
        let mut fields = Vec::with_capacity(wants.n_fields());
        loop {
            // Names of plain lines hold no escapes.
            let key = self.raw()?;
            self.pass(b':')?;
            if wants.field(key) {
                fields.push((key.into(), self.value()?));
            } else {
                self.skip()?;
            }
            if !self.goes_on()? {
                return Some(Fields(fields));
            }
        }
    }

    fn tags(&mut self, is_wanted: bool) -> Option<Vec<Box<str>>> {
        self.pass(b'[')?;
        let mut tags = Vec::new();
        if self.first() == Some(b']') {
            self.pass(b']')?;
            return Some(tags);
        }
        loop {
            let tag = self.raw()?;
            if is_wanted {
                tags.push(text(tag)?.into());
            }
            if !self.goes_on()? {
                return Some(tags);
            }
        }
    }
}

/// What the value of a field says, as it stands in a valid record.
pub(super) fn value(written: &str) -> Option<Value> {
    Some(match written {
        "null" => Value::Null,
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ => match written.strip_prefix('"') {
            Some(inside) => Value::String(text(inside.strip_suffix('"')?)?.into()),
            None => Value::Number(written.into()),
        },
    })
}

/// What stands between the quotes of a string, read out of its escapes.
fn text(raw: &str) -> Option<Cow<'_, str>> {
    if memchr::memchr(b'\\', raw.as_bytes()).is_none() {
        return Some(Cow::Borrowed(raw));
    }
    serde_json::from_str::<String>(&format!("\"{raw}\"")).ok().map(Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::{Item, reread};
    use crate::model::Priority;
    use std::sync::Arc;

    /// Whether a line is picked; what is picked is what the careful decoder reads.
    #[track_caller]
    fn picks(line: &str) -> bool {
        let ctx = Arc::new(Context::default());
        let picked = Scanner::default().pick(format!("{line}\n").as_bytes(), &ctx, &Everything);
        let Some(picked) = picked else { return false };
        let Item::Alert(careful) = reread(line.as_bytes(), 0, &ctx) else {
            panic!("picked what is no alert: {line}");
        };
        assert_eq!(Alert { origin: careful.origin.clone(), ..picked }, *careful, "{line}");
        true
    }

    fn line(fields: &str, tags: &str) -> String {
        format!(
            r#"{{"hostname":"n","output":"a \"b\" ü","priority":"Notice","rule":"R","source":"syscall","tags":{tags},"time":"2026-11-21T14:03:00.5Z", "output_fields":{{{fields}}}}}"#
        )
    }

    #[test]
    fn what_is_picked_is_what_the_careful_decoder_reads() {
        let fields = r#""container.id":"a","proc.cmdline":"sh -c \"x\" \\ \u003c \u00fc \/","evt.time":1763733780000000000,"proc.tty":0,"proc.is_exe_upper_layer":true,"fd.name":null,"proc.aname[2]":"b","evt.res":"", "x.y":-1.5e3"#;
        assert!(picks(&line(fields, r#"["a","b\n"]"#)));
        assert!(picks(&line(r#""proc.name":"<NA>""#, "[]")));
        let text = serde_json::to_string(&(line(fields, "[\"a\"]") + "\n")).unwrap();
        let docker =
            format!(r#"{{"log":{text},"stream":"stdout","time":"2026-11-21T14:03:00.5Z"}}"#);
        assert!(picks(&docker));
        let cri = format!("2024-10-29T13:40:26.1+02:00 stdout F {}", line(fields, "[]"));
        assert!(picks(&cri));
        assert!(picks(&line(fields, "[]").replacen('{', "{\"uuid\":\"u \\u003c\",", 1)));
        for priority in Priority::ALL {
            let written = line(fields, "[]").replace("Notice", priority.name());
            assert!(picks(&written) || priority == Priority::Informational, "{written}");
        }
        assert!(picks(&line(fields, "[]").replace("Notice", "Informational")));
        assert!(picks(&line(r#""container.name":"\u003cNA\u003e""#, "[ ]")));
        assert!(picks(&line(r#""proc.name": "x" , "a.b" :1"#, r#"["x" , "y"]"#)));
    }

    #[test]
    fn what_is_odd_is_left_to_the_careful_decoder() {
        assert!(!picks(&line(r#""a.b":[1]"#, "[]")));
        assert!(!picks(&line(r#""a.b":1,"a.b":2"#, "[]")));
        assert!(!picks("14:03:00.5: Notice words"));
        assert!(!picks("{}"));
    }

    proptest::proptest! {
        #[test]
        fn any_values_are_picked_as_the_careful_decoder_reads_them(
            values in proptest::collection::vec("[ -~ü\u{1F600}]{0,12}", 1..6),
            cut in 0_usize..400,
        ) {
            let fields: Vec<String> = values
                .iter()
                .enumerate()
                .map(|(n, text)| format!("\"f.k{n}x\":{}", serde_json::to_string(text).unwrap()))
                .collect();
            let whole = line(&fields.join(","), "[\"t\"]");
            picks(&whole);
            let cut: String = whole.chars().take(cut).collect();
            picks(&cut);
        }
    }
}
