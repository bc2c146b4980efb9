//! Envelopes of JSON that keep a record as text: docker's json-file and the journal's JSON. The text is read out of its
//! escapes into a buffer, and the record from there. Whatever else stands in an envelope is left to the careful decoder.

use super::keys::{Keys, Meaning};
use super::{Quotes, Walk, stamp};

/// The keys of an envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    /// `log`, `stream` and `time` are all that docker writes.
    Log,
    Stream,
    Time,
    Message,
    Realtime,
    /// A field of the journal's that says nothing of the record.
    Journal,
}

impl Meaning for Key {
    fn of_key(key: &[u8]) -> Option<Self> {
        Some(match key {
            b"log" => Self::Log,
            b"stream" => Self::Stream,
            b"time" => Self::Time,
            b"MESSAGE" => Self::Message,
            b"__REALTIME_TIMESTAMP" => Self::Realtime,
            b"PRIORITY" | b"SYSLOG_IDENTIFIER" | b"SYSLOG_FACILITY" | b"SYSLOG_PID"
            | b"SYSLOG_TIMESTAMP" => Self::Journal,
            [b'_', ..] => Self::Journal,
            _ => return None,
        })
    }
}

/// Opens envelopes; keeps its buffers from one to the next.
#[derive(Debug, Default)]
pub(super) struct Envelope {
    keys: Keys<Key>,
    quotes: Quotes,
    /// The record of the last envelope, with a newline behind it.
    pub record: Vec<u8>,
}

/// Whether a line may be an envelope: Falco's own keys are others.
pub(super) fn may_be(bytes: &[u8]) -> bool {
    bytes.starts_with(b"{\"log\":") || matches!(bytes, [b'{', b'"', b'_' | b'A'..=b'Z', ..])
}

impl Envelope {
    /// Takes the record out of the first line of some bytes; gives the length of the line without its newline.
    pub fn open(&mut self, bytes: &[u8]) -> Option<usize> {
        let len = self.quotes.find(bytes)?;
        let line = bytes.get(..len)?;
        if !self.quotes.is_ascii {
            str::from_utf8(line).ok()?;
        }
        self.keys.begin();
        let mut walk = Walk::new(line, &self.quotes, 0);
        let (mut text, mut is_docker, mut is_journal) = (None, [false; 3], [false; 2]);
        let mut has_others = false;
        walk.byte(b'{')?;
        let mut key = walk.key(&mut self.keys)?;
        loop {
            let value = if walk.peek()? == b'"' {
                Some(walk.quoted()?)
            } else {
                walk.scalar()?;
                None
            };
            match key {
                Key::Log | Key::Message => text = Some(value?),
                Key::Stream => {
                    let (open, close) = value?;
                    if !matches!(line.get(open..close)?, b"stdout" | b"stderr") {
                        return None;
                    }
                }
                Key::Time => {
                    let (open, close) = value?;
                    stamp::utc(line.get(open..close)?, &mut stamp::Days::default())?;
                }
                Key::Realtime | Key::Journal => {}
            }
            let [log, stream, time] = &mut is_docker;
            let [message, realtime] = &mut is_journal;
            *match key {
                Key::Log => log,
                Key::Stream => stream,
                Key::Time => time,
                Key::Message => message,
                Key::Realtime => realtime,
                Key::Journal => &mut has_others,
            } = true;
            match walk.next_key(&mut self.keys)? {
                Some(next) => key = next,
                None => break,
            }
        }
        let is_docker = match (is_docker, is_journal, has_others) {
            ([true, true, true], [false, false], false) => true,
            ([false, false, false], [true, true], _) => false,
            _ => return None,
        };
        let (open, close) = text.filter(|_| walk.at == line.len())?;
        let ends_line = unescape(line.get(open..close)?, &mut self.record)?;
        // Docker's texts that end without a newline are parts; in the journal one belongs to the text.
        if ends_line != is_docker || self.record.first() != Some(&b'{') || may_be(&self.record) {
            return None;
        }
        self.record.push(b'\n');
        Some(len)
    }
}

/// Reads text out of its escapes; says whether a newline stands at its end, which is left out. Refuses other characters that
/// Falco's JSON cannot hold, and those beyond ASCII that are written as escapes.
fn unescape(raw: &[u8], out: &mut Vec<u8>) -> Option<bool> {
    out.clear();
    let mut from = 0;
    let mut ends_line = false;
    for at in memchr::memchr_iter(b'\\', raw) {
        // The second of two, or one within what was read.
        if at < from {
            continue;
        }
        out.extend_from_slice(raw.get(from..at)?);
        from = at + 2;
        match raw.get(at + 1)? {
            byte @ (b'"' | b'\\' | b'/') => out.push(*byte),
            b'n' if from == raw.len() => ends_line = true,
            b'u' => {
                let digits = str::from_utf8(raw.get(from..from + 4)?).ok()?;
                let code = u8::try_from(u16::from_str_radix(digits, 16).ok()?).ok()?;
                if !(0x20..0x7f).contains(&code) {
                    return None;
                }
                out.push(code);
                from += 4;
            }
            _ => return None,
        }
    }
    out.extend_from_slice(raw.get(from..)?);
    Some(ends_line)
}
