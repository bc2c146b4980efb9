//! A JSON reader that reads as far as a record goes: it keeps the digits of numbers, says what was odd, and never fails.
//!
//! It is not a validator. Missing commas, bare words, bad escapes, bytes that are not UTF-8 and ends that come too soon
//! are noted in flags; what was readable before and after them is kept.

mod members;
mod string;
#[cfg(test)]
mod tests;

use crate::model::{Flag, Flags, Value};
use members::Members;

/// Values nested deeper than this are kept as their text.
const DEPTH_LIMIT: usize = 64;
/// Text kept of one record, in bytes. A line of 100 MiB must not cost another 100 MiB.
const ROOM: usize = 32 << 20;

/// What was read from the start of some bytes.
#[derive(Debug)]
pub(super) struct Read {
    pub value: Value,
    /// Bytes that were used.
    pub used: usize,
    /// What was odd.
    pub flags: Flags,
    /// Where the input ended before the value did.
    pub ended: Option<Ended>,
    /// Whether the input ended within the last text that was kept: it is only the first half then.
    pub is_half: bool,
}

/// Where in a value the input ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    InString,
    Between,
    /// A new record begins before this one was complete: two writers, or a crash in the middle of a line.
    AtNewRecord,
}

/// Reads one value from the start of `bytes`, which may go on after it.
pub(super) fn read(bytes: &[u8]) -> Read {
    read_at(&Source::new(bytes), 0)
}

/// Reads one value from a place on; `used` then counts from the start of the source.
pub(super) fn read_at(source: &Source<'_>, at: usize) -> Read {
    let mut reader = Reader::new(source);
    reader.at = at;
    reader.space();
    let value = reader.value(0);
    reader.into_read(value)
}

/// Reads the members of an object whose beginning is lost: from a key on.
pub(super) fn read_members(bytes: &[u8]) -> Read {
    let mut reader = Reader::new(&Source::new(bytes));
    let value = reader.members(0);
    reader.into_read(value)
}

/// Whether `{` at the start of `bytes` opens a record of Falco's, by its first key.
pub(super) fn opens_record(bytes: &[u8]) -> bool {
    let Some(rest) = bytes.strip_prefix(b"{") else { return false };
    key_follows(rest.trim_ascii_start(), true)
}

/// Whether one of Falco's top keys stands here, with or without its opening quote.
fn key_follows(bytes: &[u8], quoted: bool) -> bool {
    const KEYS: [&str; 10] = [
        "hostname",
        "output",
        "output_fields",
        "priority",
        "rule",
        "source",
        "tags",
        "time",
        "uuid",
        "message",
    ];
    let bytes = if quoted {
        let Some(bytes) = bytes.strip_prefix(b"\"") else { return false };
        bytes
    } else {
        bytes
    };
    KEYS.iter().any(|key| {
        bytes
            .strip_prefix(key.as_bytes())
            .and_then(|rest| rest.strip_prefix(b"\""))
            .is_some_and(|rest| rest.trim_ascii_start().first() == Some(&b':'))
    })
}

/// Bytes, and what is known of all of them: looked at once, however many values are read.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    bytes: &'a [u8],
    /// The same bytes, when all of them are UTF-8.
    text: Option<&'a str>,
    /// Whether any byte is a control character: strings are searched for them only then.
    has_controls: bool,
    has_lines: bool,
}

impl<'a> Source<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        let text = std::str::from_utf8(bytes).ok();
        // Without a way out within a piece all of it is compared at once.
        let is_control = |byte: &u8| *byte < 0x20 || *byte == 0x7f;
        let has_any = |piece: &[u8]| piece.iter().fold(false, |any, byte| any | is_control(byte));
        let has_controls = bytes.chunks(256).any(has_any);
        let has_lines = has_controls && memchr::memchr(b'\n', bytes).is_some();
        Self { bytes, text, has_controls, has_lines }
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    text: Option<&'a str>,
    has_controls: bool,
    has_lines: bool,
    at: usize,
    flags: Flags,
    ended: Option<Ended>,
    is_half: bool,
    room: usize,
}

impl<'a> Reader<'a> {
    fn new(source: &Source<'a>) -> Self {
        let Source { bytes, text, has_controls, has_lines } = *source;
        let flags = Flags::default();
        let (ended, is_half) = (None, false);
        Self { bytes, text, has_controls, has_lines, at: 0, flags, ended, is_half, room: ROOM }
    }

    fn into_read(self, value: Value) -> Read {
        let Self { at, flags, ended, is_half, .. } = self;
        Read { value, used: at, flags, ended, is_half }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn end(&mut self, ended: Ended) {
        self.ended.get_or_insert(ended);
    }

    /// Skips white space and what else means nothing between tokens: NUL, a byte order mark, comments of documents.
    fn space(&mut self) {
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' | b'\n' | b'\r' => self.at += 1,
                0..0x20 => {
                    self.flags.set(Flag::Control);
                    self.at += 1;
                }
                0xef if self.rest().starts_with(b"\xef\xbb\xbf") => self.at += 3,
                b'#' if self.has_lines => self.comment(),
                b'/' if self.has_lines && self.rest().starts_with(b"//") => self.comment(),
                _ => return,
            }
        }
    }

    fn comment(&mut self) {
        let rest = self.rest();
        self.at += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
    }

    fn value(&mut self, depth: usize) -> Value {
        let Some(byte) = self.peek() else {
            self.end(Ended::Between);
            return Value::Null;
        };
        match byte {
            b'"' | b'\'' => Value::String(self.string(byte)),
            b'{' | b'[' if depth >= DEPTH_LIMIT => self.deep(),
            b'{' => {
                self.at += 1;
                self.members(depth)
            }
            b'[' => {
                self.at += 1;
                self.items(depth)
            }
            b',' | b'}' | b']' => {
                self.flags.set(Flag::Malformed);
                Value::Null
            }
            _ => self.word(),
        }
    }

    /// The members of an object up to its closing brace, which is taken too.
    fn members(&mut self, depth: usize) -> Value {
        let mut members = Members::default();
        while self.ended.is_none() {
            self.space();
            let key = match self.peek() {
                None => {
                    self.end(Ended::Between);
                    break;
                }
                Some(b'}') => {
                    self.at += 1;
                    break;
                }
                Some(b',') => {
                    self.at += 1;
                    continue;
                }
                Some(b'{') if opens_record(self.rest()) => {
                    self.end(Ended::AtNewRecord);
                    break;
                }
                Some(quote @ (b'"' | b'\'')) => self.string(quote),
                Some(_) => match self.bare_key() {
                    Some(key) => key,
                    None => continue,
                },
            };
            if self.ended.is_some() || self.torn() {
                break;
            }
            self.space();
            match self.peek() {
                None => {
                    self.end(Ended::Between);
                    break;
                }
                Some(b':') => self.at += 1,
                Some(_) => {
                    // A key without a value: say so and go on with what follows.
                    self.flags.set(Flag::Malformed);
                    self.set(&mut members, key, Value::Null);
                    continue;
                }
            }
            self.space();
            if self.peek().is_none() {
                self.end(Ended::Between);
                break;
            }
            let value = self.value(depth + 1);
            let value = if self.ended.is_none() && matches!(value, Value::String(_)) && self.torn()
            {
                without_brace(value)
            } else {
                value
            };
            if self.is_cut(&value) {
                if !keeps_half(&key, &value, depth) {
                    break;
                }
                self.is_half = true;
            }
            self.set(&mut members, key, value);
            self.after_value();
        }
        Value::Object(members.into_list())
    }

    /// Whether the input ended within this value, or may have: a number that goes on behind the end is another number.
    fn is_cut(&self, value: &Value) -> bool {
        let is_leaf = !matches!(value, Value::Object(_) | Value::Array(_) | Value::Bool(_));
        self.ended.is_some() && is_leaf
    }

    fn set(&mut self, members: &mut Members, key: Box<str>, value: Value) {
        if members.set(key, value) {
            self.flags.set(Flag::DuplicateKey);
        }
    }

    fn items(&mut self, depth: usize) -> Value {
        let mut items = Vec::new();
        while self.ended.is_none() {
            self.space();
            match self.peek() {
                None => self.end(Ended::Between),
                Some(b']') => {
                    self.at += 1;
                    break;
                }
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    // The bracket was never closed: leave the brace to the object around it.
                    self.flags.set(Flag::Malformed);
                    break;
                }
                Some(_) => {
                    let before = self.at;
                    let value = self.value(depth + 1);
                    if depth > 0 && self.is_cut(&value) {
                        break;
                    }
                    items.push(value);
                    if self.at == before {
                        self.at += 1;
                    }
                }
            }
        }
        Value::Array(items)
    }

    /// Goes to the comma or bracket after a member's value, over whatever stands between.
    fn after_value(&mut self) {
        if self.ended.is_some() {
            return;
        }
        self.space();
        match self.peek() {
            None => self.end(Ended::Between),
            Some(b',' | b'}') => {}
            Some(b'"') => self.flags.set(Flag::Malformed),
            Some(b'{') if opens_record(self.rest()) => self.end(Ended::AtNewRecord),
            Some(_) => {
                self.flags.set(Flag::Malformed);
                let rest = self.rest();
                self.at += rest
                    .iter()
                    .position(|byte| matches!(byte, b',' | b'}' | b'"'))
                    .unwrap_or(rest.len());
            }
        }
    }

    /// Whether the string that just ended was cut by the first quote of another record: `"outp{"hostname":"a"…`.
    fn torn(&mut self) -> bool {
        let opened = self.at.checked_sub(2).and_then(|at| self.bytes.get(at)) == Some(&b'{');
        if opened && key_follows(self.rest(), false) {
            self.at -= 2;
            self.end(Ended::AtNewRecord);
            return true;
        }
        false
    }

    /// A key without quotes; `None` when what stands here is no key, and one byte or more was skipped.
    fn bare_key(&mut self) -> Option<Box<str>> {
        self.flags.set(Flag::Malformed);
        let rest = self.rest();
        let n_key = rest
            .iter()
            .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
            .count();
        let (key, after) = rest.split_at(n_key);
        if n_key > 0 && after.trim_ascii_start().first() == Some(&b':') {
            self.at += n_key;
            return Some(String::from_utf8_lossy(key).into());
        }
        let skipped = rest
            .iter()
            .skip(1)
            .position(|byte| matches!(byte, b',' | b'}' | b'"' | b'{'))
            .map_or(rest.len(), |n| n + 1);
        self.at += skipped;
        None
    }

    /// A number, a literal, or some other word up to the next comma or bracket.
    fn word(&mut self) -> Value {
        let rest = self.rest();
        let n_word = rest
            .iter()
            .position(|byte| matches!(byte, b',' | b'}' | b']' | b'"' | b'{' | b'[' | 0..0x20))
            .unwrap_or(rest.len())
            .max(1);
        let word = rest.get(..n_word).unwrap_or_default();
        self.at += n_word;
        if self.at >= self.bytes.len() {
            // A number or a word that the end of the input may have cut.
            self.end(Ended::Between);
        }
        let word = word.trim_ascii();
        match word {
            b"true" => Value::Bool(true),
            b"false" => Value::Bool(false),
            b"null" => Value::Null,
            _ if is_number(word) => Value::Number(String::from_utf8_lossy(word).into()),
            _ => {
                self.flags.set(Flag::Malformed);
                Value::String(self.kept(word))
            }
        }
    }

    /// A value nested too deep: its text is kept, and nothing recurses.
    fn deep(&mut self) -> Value {
        self.flags.set(Flag::Nested);
        let start = self.at;
        let mut depth = 0_usize;
        loop {
            let rest = self.rest();
            let Some(n) =
                rest.iter().position(|byte| matches!(byte, b'"' | b'{' | b'[' | b'}' | b']'))
            else {
                self.at = self.bytes.len();
                self.end(Ended::Between);
                break;
            };
            self.at += n;
            match self.peek() {
                Some(b'"') => self.skip_string(),
                Some(b'{' | b'[') => {
                    depth += 1;
                    self.at += 1;
                }
                _ => {
                    depth = depth.saturating_sub(1);
                    self.at += 1;
                }
            }
            if depth == 0 || self.ended.is_some() {
                break;
            }
        }
        let raw = self.bytes.get(start..self.at).unwrap_or_default();
        Value::String(self.kept(raw))
    }

    /// Bytes as text, as far as there is room.
    fn kept(&mut self, bytes: &[u8]) -> Box<str> {
        let text = String::from_utf8_lossy(bytes);
        let mut kept = String::new();
        self.push(&mut kept, &text);
        kept.into()
    }

    /// Adds text to a value as far as there is room.
    fn push(&mut self, out: &mut String, text: &str) {
        if text.len() <= self.room {
            self.room -= text.len();
            out.push_str(text);
            return;
        }
        let end = text.floor_char_boundary(self.room);
        out.push_str(text.get(..end).unwrap_or_default());
        self.room = 0;
        self.flags.set(Flag::TooLong);
    }
}

/// Whether half of a member's value is worth keeping: of a text for people, or what an envelope holds. Half a name, a number
/// or a time is another one, and would be taken for it.
fn keeps_half(key: &str, value: &Value, depth: usize) -> bool {
    const TEXTS: [&str; 8] =
        ["output", "message", "msg", "log", "_raw", "line", "payload", "event"];
    // Deeper down these are the ends of fields' names, too.
    const OUTER: [&str; 5] = ["data", "body", "textPayload", "text", "_line"];
    let is_in = |names: &[&str]| names.iter().any(|name| key.eq_ignore_ascii_case(name));
    // Under whatever key a forwarder keeps it, half a record is one: but no field's value.
    let is_record = || {
        value.as_str().is_some_and(|text| text.starts_with("{\""))
            && !key.to_ascii_lowercase().starts_with("output")
    };
    is_in(&TEXTS) || (depth == 0 && (is_in(&OUTER) || is_record()))
}

/// The brace belongs to the record that begins there.
fn without_brace(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(text.strip_suffix('{').unwrap_or(&text).into()),
        other => other,
    }
}

/// JSON's grammar of numbers, any number of digits.
fn is_number(word: &[u8]) -> bool {
    fn digits(bytes: &[u8]) -> (usize, &[u8]) {
        let n = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
        (n, bytes.get(n..).unwrap_or_default())
    }
    let word = word.strip_prefix(b"-").unwrap_or(word);
    let (n_whole, mut rest) = digits(word);
    if n_whole == 0 || (n_whole > 1 && word.first() == Some(&b'0')) {
        return false;
    }
    if let Some(fraction) = rest.strip_prefix(b".") {
        let (n, after) = digits(fraction);
        if n == 0 {
            return false;
        }
        rest = after;
    }
    if let Some(exponent) = rest.strip_prefix(b"e").or_else(|| rest.strip_prefix(b"E")) {
        let sign = exponent.strip_prefix(b"-").or_else(|| exponent.strip_prefix(b"+"));
        let (n, after) = digits(sign.unwrap_or(exponent));
        return n > 0 && after.is_empty();
    }
    rest.is_empty()
}
