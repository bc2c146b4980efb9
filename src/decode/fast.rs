//! Reads the columns of a plain Falco record straight from its line, or refuses.
//!
//! What it accepts it reads exactly as the careful decoder does: one JSON object of Falco's own keys, alone on its line or
//! behind a CRI prefix, valid to the last byte; or a text alert. Everything odd is refused, and the careful decoder reads it.
//! First the quotes are found sixteen bytes at a time, then the tokens between them are walked over.

mod keys;
mod quotes;
mod stamp;
#[cfg(test)]
mod tests;
mod words;

use super::Context;
use crate::model::{Columns, Flag, Flags, Priority};
use keys::{Column, Keys};
use quotes::Quotes;
use words::Words;

/// falcosidekick writes `<` and `>` like this.
const ESCAPED_NA: &[u8] = b"\\u003cNA\\u003e";

/// Reads lines; keeps its buffers from one to the next.
#[derive(Debug, Default)]
pub struct Scanner {
    quotes: Quotes,
    keys: Keys,
    words: Words,
}

impl Scanner {
    /// The columns of a line, given with its newline, and the length of the record; `None` when the careful decoder must
    /// read it.
    pub fn columns<'a>(&mut self, line: &'a [u8], ctx: &'a Context) -> Option<(Columns<'a>, u32)> {
        let line = line.strip_suffix(b"\n")?;
        let len = u32::try_from(line.len()).ok()?;
        let start = match line.first()? {
            b'{' => 0,
            b'0'..=b'9' if matches!(line.get(4), Some(b'-')) => {
                match stamp::container_runtime(line) {
                    Some(start) => start,
                    None => return Some((self.words.columns(line, ctx)?, len)),
                }
            }
            b'0'..=b'9' => return Some((self.words.columns(line, ctx)?, len)),
            _ => return None,
        };
        let latest = super::time::latest(ctx);
        let bytes = line.get(start..)?;
        self.quotes.find(bytes)?;
        let mut walk = Walk {
            bytes,
            at: 0,
            quotes: self.quotes.positions(),
            next: 0,
            has_escapes: self.quotes.has_escapes,
            has_fields: false,
            raw: Raw::default(),
        };
        self.keys.begin();
        walk.record(&mut self.keys, latest)?;
        Some((walk.raw.columns()?, len))
    }
}

/// A string's bytes between its quotes, known to be UTF-8.
type Text<'a> = Option<&'a str>;

/// Columns as they are met.
#[derive(Default)]
struct Raw<'a> {
    top: u16,
    time: Option<i64>,
    priority: Option<Priority>,
    rule: Text<'a>,
    event_source: Text<'a>,
    hostname: Text<'a>,
    fields: [Text<'a>; Column::COUNT],
}

impl<'a> Raw<'a> {
    fn columns(&self) -> Option<Columns<'a>> {
        let field = |column: Column| self.fields.get(column as usize).copied().flatten();
        let full = |column: Column| field(column).filter(|text| !text.is_empty());
        let first = |columns: [Column; 3]| columns.into_iter().find_map(full);
        let event_source = self.event_source?;
        let mut flags = Flags::default();
        if event_source == "internal" {
            flags.set(Flag::Internal);
        }
        Some(Columns {
            time: Some(self.time?),
            priority: Some(self.priority?),
            rule: Some(self.rule?),
            event_source: Some(event_source),
            hostname: self.hostname,
            container_id: field(Column::ContainerId),
            container_name: field(Column::ContainerName),
            image: field(Column::ImageRepository).or_else(|| field(Column::Image)),
            namespace: first([Column::Namespace, Column::MetaNamespace, Column::AuditNamespace]),
            pod: first([Column::Pod, Column::MetaPod, Column::AuditPod]),
            process: field(Column::Process),
            flags,
        })
    }
}

/// A walk over the tokens of one line.
struct Walk<'a, 'q> {
    bytes: &'a [u8],
    at: usize,
    quotes: &'q [u32],
    /// The next quote that was not passed.
    next: usize,
    has_escapes: bool,
    has_fields: bool,
    raw: Raw<'a>,
}

impl<'a> Walk<'a, '_> {
    fn record(&mut self, keys: &mut Keys, latest: i64) -> Option<()> {
        self.byte(b'{')?;
        loop {
            let key = self.string()?;
            self.colon()?;
            self.member(key, keys, latest)?;
            if self.comma_or(b'}')? {
                break;
            }
        }
        (self.at == self.bytes.len() && self.next == self.quotes.len() && self.has_fields)
            .then_some(())
    }

    fn member(&mut self, key: &[u8], keys: &mut Keys, latest: i64) -> Option<()> {
        let bit = match key {
            b"output" => 0,
            b"priority" => 1,
            b"rule" => 2,
            b"time" => 3,
            b"source" => 4,
            b"hostname" => 5,
            b"tags" => 6,
            b"output_fields" => 7,
            b"uuid" => 8,
            _ => return None,
        };
        if self.raw.top & (1 << bit) != 0 {
            return None;
        }
        self.raw.top |= 1 << bit;
        match bit {
            6 => return self.tags(),
            7 => return self.fields(keys),
            _ => {}
        }
        let value = self.string()?;
        match bit {
            1 => self.raw.priority = Some(priority(value)?),
            2 => self.raw.rule = Some(self.text(value).filter(|rule| !rule.is_empty())?),
            3 => {
                let (second, nanosecond) = stamp::utc(value)?;
                if second < super::time::FIRST_FALCO || second > latest {
                    return None;
                }
                self.raw.time = Some(second.checked_mul(1_000_000_000)?.checked_add(nanosecond)?);
            }
            4 => {
                let is_plain = value.iter().any(u8::is_ascii_lowercase)
                    || !value.iter().any(u8::is_ascii_uppercase);
                if value.is_empty() || !is_plain || value == b"syscalls" {
                    return None;
                }
                self.raw.event_source = Some(self.text(value)?);
            }
            5 => self.raw.hostname = Some(self.text(value)?),
            _ => {}
        }
        Some(())
    }

    fn tags(&mut self) -> Option<()> {
        self.byte(b'[')?;
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Some(());
        }
        loop {
            self.string()?;
            if self.comma_or(b']')? {
                return Some(());
            }
        }
    }

    fn fields(&mut self, keys: &mut Keys) -> Option<()> {
        self.byte(b'{')?;
        self.has_fields = true;
        loop {
            let key = self.string()?;
            let column = keys.find(key)?;
            self.colon()?;
            if self.peek()? == b'"' {
                let value = self.string()?;
                if let Some(column) = column
                    && !matches!(value, b"<NA>" | ESCAPED_NA)
                {
                    let text = self.text(value)?;
                    *self.raw.fields.get_mut(column as usize)? = Some(text);
                }
            } else {
                self.scalar()?;
            }
            if self.comma_or(b'}')? {
                return Some(());
            }
        }
    }

    /// A string without escapes, as text.
    fn text(&self, value: &'a [u8]) -> Option<&'a str> {
        if self.has_escapes && memchr::memchr(b'\\', value).is_some() {
            return None;
        }
        str::from_utf8(value).ok()
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn byte(&mut self, byte: u8) -> Option<()> {
        self.space();
        (self.peek()? == byte).then(|| self.at += 1)
    }

    fn space(&mut self) {
        while self.peek() == Some(b' ') {
            self.at += 1;
        }
    }

    fn colon(&mut self) -> Option<()> {
        self.byte(b':')?;
        self.space();
        Some(())
    }

    /// Passes a comma (false) or the end (true).
    fn comma_or(&mut self, end: u8) -> Option<bool> {
        self.space();
        let byte = self.peek()?;
        self.at += 1;
        match byte {
            b',' => Some(false),
            byte if byte == end => Some(true),
            _ => None,
        }
    }

    /// A string that begins here (after spaces), by the two quotes that come next.
    fn string(&mut self) -> Option<&'a [u8]> {
        self.space();
        let [open, close] = *self.quotes.get(self.next..)?.first_chunk::<2>()?;
        let (open, close) = (open as usize, close as usize);
        if open != self.at {
            return None;
        }
        self.next += 2;
        self.at = close + 1;
        let value = self.bytes.get(open + 1..close)?;
        match value {
            // The quote may be the first of another record on a torn line.
            [.., b'{'] => None,
            // A string that a forwarder cut.
            [.., b'[', b'.', b'.', b'.', b']'] if value.len() >= 512 => None,
            _ => Some(value),
        }
    }

    /// A number, true, false or null.
    fn scalar(&mut self) -> Option<()> {
        let rest = self.bytes.get(self.at..)?;
        let len = match rest.first()? {
            b't' => rest.starts_with(b"true").then_some(4)?,
            b'f' => rest.starts_with(b"false").then_some(5)?,
            b'n' => rest.starts_with(b"null").then_some(4)?,
            _ => number(rest)?,
        };
        self.at += len;
        Some(())
    }
}

/// The length of a JSON number at the start of some bytes.
fn number(bytes: &[u8]) -> Option<usize> {
    let digits = |from: usize| {
        bytes
            .get(from..)
            .unwrap_or_default()
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count()
    };
    let mut at = usize::from(bytes.first() == Some(&b'-'));
    let whole = digits(at);
    if whole == 0 || (whole > 1 && bytes.get(at) == Some(&b'0')) {
        return None;
    }
    at += whole;
    if bytes.get(at) == Some(&b'.') {
        let fraction = digits(at + 1);
        at += 1 + (fraction > 0).then_some(fraction)?;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        at += 1 + usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        let exponent = digits(at);
        at += (exponent > 0).then_some(exponent)?;
    }
    Some(at)
}

fn priority(word: &[u8]) -> Option<Priority> {
    Priority::ALL.into_iter().find(|priority| priority.name().as_bytes() == word)
}
