//! Reads the columns of a plain Falco record straight from its line, or refuses.
//!
//! What it accepts it reads exactly as the careful decoder does: one JSON object of Falco's own keys, alone on its line,
//! behind a CRI prefix or as text in an envelope of docker's or the journal's, valid to the last byte; or a text alert.
//! Everything odd is refused, and the careful decoder reads it. In JSON the quotes are found first, sixteen bytes at a time,
//! then the tokens between them are walked over: keys by what came behind the one before in an earlier line, strings by
//! their closing quote.

mod ends;
mod envelope;
mod keys;
mod pick;
mod quotes;
mod stamp;
#[cfg(test)]
mod tests;
mod texts;
mod words;

use super::Context;
use crate::model::{Columns, Flag, Flags, Priority, Value};
use ends::{end_of_scalar, end_of_string};
use envelope::Envelope;
use keys::{Keys, Last, Meaning, Member, Want};
pub use pick::{Everything, Wants};
pub(super) use quotes::bits;
use quotes::{Marks, Quotes};
use texts::Texts;
use words::Words;

/// Most output fields that can be asked for ([`Scanner::asking`]).
pub const ASKED: usize = 16;
/// Longer tags (in bytes, with their brackets) are not remembered.
const TAGS: usize = 1 << 10;
/// falcosidekick writes `<` and `>` like this.
const ESCAPED_NA: &[u8] = b"\\u003cNA\\u003e";

/// Reads lines; keeps its buffers from one to the next, and what it learned of their form.
#[derive(Debug, Default)]
pub struct Scanner {
    json: Json,
    words: Words,
    envelope: Envelope,
}

/// What JSON is read with.
#[derive(Debug, Default)]
struct Json {
    quotes: Quotes,
    members: Keys<Member>,
    fields: Keys<Want>,
    /// Where in the record the values of fields stand that are asked for; nowhere where the end is 0.
    asked: Vec<Span>,
    tags: Tags,
    days: stamp::Days,
}

/// Where something begins and ends.
type Span = (usize, usize);

/// The tags of earlier lines, with their brackets, in places by the names of their rules.
#[derive(Debug)]
struct Tags(Vec<Vec<u8>>);

impl Default for Tags {
    fn default() -> Self {
        Self(vec![Vec::new(); 64])
    }
}

impl Tags {
    /// What stood in the last line of this rule, or of one that shares its place.
    fn of(&mut self, rule: Option<&[u8]>) -> Option<&mut Vec<u8>> {
        let rule = rule.unwrap_or_default();
        let end = rule.last_chunk::<4>().map_or(0, |bytes| u32::from_le_bytes(*bytes));
        let start = rule.first_chunk::<4>().map_or(0, |bytes| u32::from_le_bytes(*bytes));
        let place = (end ^ start.rotate_left(11)).wrapping_mul(0x9e37_79b9) >> 26;
        self.0.get_mut(place as usize)
    }
}

/// A record that was read.
#[derive(Clone, Copy, Debug)]
pub struct Found<'a> {
    /// Known to be UTF-8.
    pub columns: Columns<'a, [u8]>,
    /// Bytes of the record: its line without the newline.
    pub len: u32,
    /// What was asked for; `None` for a text alert.
    pub values: Option<Values<'a>>,
    /// Each letter or digit that it says stands in its bytes: nothing is spelled otherwise.
    pub is_plain: bool,
}

/// The values of output fields that were asked for, as they stand in a record.
#[derive(Clone, Copy, Debug)]
pub struct Values<'a> {
    record: &'a [u8],
    asked: &'a [Span],
}

impl Values<'_> {
    /// The value of the field with this number in [`Scanner::asking`]; `None` when the record has no such field.
    pub fn get(&self, number: usize) -> Option<Value> {
        let (from, to) = *self.asked.get(number).filter(|(_, to)| *to > 0)?;
        pick::value(str::from_utf8(self.record.get(from..to)?).ok()?)
    }
}

impl Scanner {
    /// One that gives the values of some output fields, too; each by its number here. The first [`ASKED`] count.
    pub fn asking<'k>(keys: impl Iterator<Item = &'k str>) -> Self {
        let mut scanner = Self::default();
        scanner.json.asked = vec![(0, 0); ASKED];
        scanner.json.fields.ask(keys.take(ASKED));
        scanner
    }

    /// Reads the first line of some bytes; `None` when the careful decoder must read it, or it has no end here.
    pub fn record<'a>(&'a mut self, bytes: &'a [u8], ctx: &'a Context) -> Option<Found<'a>> {
        match bytes.first()? {
            b'{' if envelope::may_be(bytes) => {
                let (len, is_plain) = self.envelope.open(bytes)?;
                let found = self.json.record(self.envelope.record(), 0, ctx)?;
                // The envelope would know the host where the record does not.
                found.columns.hostname?;
                let is_plain = is_plain && found.is_plain;
                Some(Found { len: length(len)?, is_plain, ..found })
            }
            b'{' => self.json.record(bytes, 0, ctx),
            b'0'..=b'9' => match stamp::container_runtime(bytes) {
                Some(start) => self.json.record(bytes, start, ctx),
                None => self.words.record(bytes, ctx),
            },
            _ => None,
        }
    }

    /// The columns of a line, given with its newline, and the length of the record.
    pub fn columns<'a>(
        &'a mut self,
        line: &'a [u8],
        ctx: &'a Context,
    ) -> Option<(Columns<'a>, u32)> {
        let found = self.record(line, ctx)?;
        Some((found.columns.read(|text| str::from_utf8(text).ok())?, found.len))
    }
}

/// The length of a record; nothing for those that the careful decoder flags as long.
fn length(n_bytes: usize) -> Option<u32> {
    u32::try_from(n_bytes).ok().filter(|n_bytes| u64::from(*n_bytes) <= super::stream::HUGE)
}

impl Json {
    /// Reads the first line of some bytes, whose JSON begins behind `start` of them.
    fn record<'a>(&'a mut self, bytes: &'a [u8], start: usize, ctx: &Context) -> Option<Found<'a>> {
        let bytes = bytes.get(start..)?;
        let len = self.quotes.find(bytes)?;
        let record = bytes.get(..len)?;
        if !self.quotes.is_ascii {
            simdutf8::basic::from_utf8(record).ok()?;
        }
        self.members.begin();
        self.fields.begin();
        self.asked.fill((0, 0));
        let mut walk = Walk::new(record, &self.quotes, &mut self.asked, super::time::latest(ctx));
        walk.record(&mut self.members, &mut self.fields, &mut self.tags, &mut self.days)?;
        let raw = walk.raw;
        let event_source = raw.event_source?;
        let mut flags = Flags::default();
        if event_source == b"internal" {
            flags.set(Flag::Internal);
        }
        // Made where it is handed on: it is too large to be moved about for each record.
        Some(Found {
            columns: Columns {
                time: Some(raw.time?),
                priority: Some(raw.priority?),
                rule: Some(raw.rule?),
                event_source: Some(event_source),
                hostname: raw.hostname,
                flags,
                ..raw.fields.columns()
            },
            len: length(start + len)?,
            values: Some(Values { record, asked: &self.asked }),
            is_plain: !self.quotes.may_spell(),
        })
    }
}

/// A string's bytes between its quotes, known to be UTF-8.
type Text<'a> = Option<&'a [u8]>;

/// Columns as they are met.
#[derive(Default)]
struct Raw<'a> {
    time: Option<i64>,
    priority: Option<Priority>,
    rule: Text<'a>,
    event_source: Text<'a>,
    hostname: Text<'a>,
    fields: Texts<'a>,
}

/// A walk over the tokens of one line.
struct Walk<'a, 'q> {
    bytes: &'a [u8],
    at: usize,
    quotes: &'q Quotes,
    marks: Marks<'q>,
    asked: &'q mut [Span],
    /// Seconds since 1970; a later time is odd.
    latest: i64,
    has_fields: bool,
    raw: Raw<'a>,
}

impl<'a, 'q> Walk<'a, 'q> {
    fn new(bytes: &'a [u8], quotes: &'q Quotes, asked: &'q mut [Span], latest: i64) -> Self {
        let marks = quotes.marks();
        Self { bytes, at: 0, quotes, marks, asked, latest, has_fields: false, raw: Raw::default() }
    }

    fn record(
        &mut self,
        members: &mut Keys<Member>,
        fields: &mut Keys<Want>,
        tags: &mut Tags,
        days: &mut stamp::Days,
    ) -> Option<()> {
        let (mut key, mut last) = self.first_key(members)?;
        loop {
            match key {
                Member::Tags => self.tags(tags)?,
                Member::Fields => self.fields(fields)?,
                member => self.member(member, days)?,
            }
            match self.next_key(members, last)? {
                Some(next) => (key, last) = next,
                None => break,
            }
        }
        (self.at == self.bytes.len() && self.has_fields).then_some(())
    }

    fn member(&mut self, member: Member, days: &mut stamp::Days) -> Option<()> {
        let (open, close) = self.string()?;
        let value = self.bytes.get(open..close)?;
        match member {
            Member::Priority => self.raw.priority = Some(priority(value)?),
            Member::Rule => {
                self.raw.rule = Some(self.text(open, close).filter(|rule| !rule.is_empty())?);
            }
            Member::Time => {
                let (second, nanosecond) = stamp::utc(value, days)?;
                if second < super::time::FIRST_FALCO || second > self.latest {
                    return None;
                }
                self.raw.time = Some(second.checked_mul(1_000_000_000)?.checked_add(nanosecond)?);
            }
            Member::Source => {
                let is_plain = value == b"syscall"
                    || value.iter().any(u8::is_ascii_lowercase)
                    || !value.iter().any(u8::is_ascii_uppercase);
                if value.is_empty() || !is_plain || value == b"syscalls" {
                    return None;
                }
                self.raw.event_source = Some(self.text(open, close)?);
            }
            Member::Hostname => self.raw.hostname = Some(self.text(open, close)?),
            Member::Output | Member::Uuid | Member::Tags | Member::Fields => {}
        }
        Some(())
    }

    fn tags(&mut self, known: &mut Tags) -> Option<()> {
        let known = known.of(self.raw.rule)?;
        self.space();
        let rest = self.bytes.get(self.at..)?;
        if !known.is_empty() && rest.starts_with(known) {
            self.at += known.len();
            return Some(());
        }
        let start = self.at;
        self.byte(b'[')?;
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Some(());
        }
        loop {
            self.string()?;
            if self.comma_or(b']')? {
                break;
            }
        }
        let tags = self.bytes.get(start..self.at)?;
        known.clear();
        known.extend_from_slice(tags.get(..TAGS).map_or(tags, |_| &[]));
        Some(())
    }

    // By itself, so that what it walks with stays in a processor's registers.
    #[inline(never)]
    fn fields(&mut self, keys: &mut Keys<Want>) -> Option<()> {
        self.has_fields = true;
        // Without any, the careful decoder takes them from the output.
        let (mut want, mut last) = self.first_key(keys)?;
        // Most of a record is passed here: the place is kept where nothing else can change it.
        let (bytes, marks, mut at) = (self.bytes, self.marks, self.at);
        loop {
            let first = *bytes.get(at)?;
            let end = if first == b'"' {
                end_of_string(bytes, marks, at)?
            } else if first == b' ' {
                at += 1;
                continue;
            } else {
                end_of_scalar(bytes, at, first)?
            };
            if !want.is_none() {
                self.keep(want, at, end)?;
            }
            if let Some((next, len, passed)) = keys.expected(bytes.get(end..)?, last) {
                (want, at, last) = (next, end.wrapping_add(len), passed);
                continue;
            }
            self.at = end;
            if self.comma_or(b'}')? {
                return Some(());
            }
            (want, last) = self.key(keys, last)?;
            at = self.at;
        }
    }

    /// Keeps a value, by where it begins and ends.
    fn keep(&mut self, want: Want, start: usize, end: usize) -> Option<()> {
        if let Some(column) = want.column()
            && self.bytes.get(start) == Some(&b'"')
        {
            let (open, close) = (start + 1, end - 1);
            if !matches!(self.bytes.get(open..close)?, b"<NA>" | ESCAPED_NA) {
                self.raw.fields.put(column, self.text(open, close)?)?;
            }
        }
        if let Some(asked) = want.asked() {
            *self.asked.get_mut(asked)? = (start, end);
        }
        Some(())
    }

    /// Passes the brace of an object, and its first key and colon.
    #[inline]
    fn first_key<M: Meaning>(&mut self, keys: &mut Keys<M>) -> Option<(M, Last)> {
        if let Some((meaning, len, last)) = keys.first(self.bytes.get(self.at..)?) {
            self.at += len;
            self.space();
            return Some((meaning, last));
        }
        self.byte(b'{')?;
        self.key(keys, Last::default())
    }

    /// Passes a comma, the key behind it and its colon, or the end of an object.
    #[inline]
    #[expect(clippy::option_option, reason = "refused, at the end, a key")]
    fn next_key<M: Meaning>(
        &mut self,
        keys: &mut Keys<M>,
        last: Last,
    ) -> Option<Option<(M, Last)>> {
        if let Some((meaning, len, last)) = keys.expected(self.bytes.get(self.at..)?, last) {
            self.at += len;
            self.space();
            return Some(Some((meaning, last)));
        }
        if self.comma_or(b'}')? { Some(None) } else { self.key(keys, last).map(Some) }
    }

    /// Passes a key and its colon.
    fn key<M: Meaning>(&mut self, keys: &mut Keys<M>, last: Last) -> Option<(M, Last)> {
        let (open, close) = self.string()?;
        let found = keys.find(self.bytes.get(open..close)?, last)?;
        self.byte(b':')?;
        self.space();
        Some(found)
    }

    /// What stands between two quotes, when it holds no escapes.
    fn text(&self, open: usize, close: usize) -> Text<'a> {
        if self.quotes.is_escaped(open, close) { None } else { self.bytes.get(open..close) }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn byte(&mut self, byte: u8) -> Option<()> {
        self.space();
        (self.peek()? == byte).then(|| self.at += 1)
    }

    #[inline]
    fn space(&mut self) {
        while self.peek() == Some(b' ') {
            self.at += 1;
        }
    }

    /// Passes a comma (false) or the end (true).
    #[inline]
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

    /// Passes a string that begins here (after spaces); gives where its content begins and ends.
    fn string(&mut self) -> Option<(usize, usize)> {
        self.space();
        if self.peek()? != b'"' {
            return None;
        }
        self.quoted()
    }

    /// Passes a string whose first quote stands here.
    #[inline]
    fn quoted(&mut self) -> Option<(usize, usize)> {
        let open = self.at + 1;
        self.at = end_of_string(self.bytes, self.marks, self.at)?;
        Some((open, self.at - 1))
    }

    /// A number, true, false or null.
    fn scalar(&mut self) -> Option<()> {
        self.at = end_of_scalar(self.bytes, self.at, self.peek()?)?;
        Some(())
    }
}

fn priority(word: &[u8]) -> Option<Priority> {
    Some(match word {
        b"Emergency" => Priority::Emergency,
        b"Alert" => Priority::Alert,
        b"Critical" => Priority::Critical,
        b"Error" => Priority::Error,
        b"Warning" => Priority::Warning,
        b"Notice" => Priority::Notice,
        b"Informational" => Priority::Informational,
        b"Debug" => Priority::Debug,
        _ => return None,
    })
}
