//! Envelopes of JSON that keep a record as text: docker's json-file and the journal's JSON. The text is read out of its
//! escapes into a buffer, and the record from there. Whatever else stands in an envelope is left to the careful decoder.

use super::keys::{Keys, Meaning};
use super::{Quotes, Walk, stamp};
use wide::u8x16;

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
    /// The record of the last envelope stands at the beginning of this, with a newline behind it.
    room: Vec<u8>,
    n_record: usize,
}

/// Whether a line may be an envelope: Falco's own keys are others.
pub(super) fn may_be(bytes: &[u8]) -> bool {
    bytes.starts_with(b"{\"log\":") || matches!(bytes, [b'{', b'"', b'_' | b'A'..=b'Z', ..])
}

impl Envelope {
    /// Takes the record out of the first line of some bytes; gives the length of the line without its newline, and whether
    /// each letter and digit of it stands there.
    pub fn open(&mut self, bytes: &[u8]) -> Option<(usize, bool)> {
        let len = self.quotes.find(bytes)?;
        let line = bytes.get(..len)?;
        if !self.quotes.is_ascii {
            simdutf8::basic::from_utf8(line).ok()?;
        }
        self.keys.begin();
        let mut walk = Walk::new(line, &self.quotes, &mut [], 0);
        let (mut text, mut is_docker, mut is_journal) = (None, [false; 3], [false; 2]);
        let mut has_others = false;
        let (mut key, mut last) = walk.first_key(&mut self.keys)?;
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
            match walk.next_key(&mut self.keys, last)? {
                Some(next) => (key, last) = next,
                None => break,
            }
        }
        let is_docker = match (is_docker, is_journal, has_others) {
            ([true, true, true], [false, false], false) => true,
            ([false, false, false], [true, true], _) => false,
            _ => return None,
        };
        let (open, close) = text.filter(|_| walk.at == line.len())?;
        let (n_record, ends_line) = unescape(line.get(open..close)?, &mut self.room)?;
        self.n_record = n_record + 1;
        *self.room.get_mut(n_record)? = b'\n';
        // Docker's texts that end without a newline are parts; in the journal one belongs to the text.
        let record = self.record();
        let is_record = record.starts_with(b"{") && !may_be(record);
        (ends_line == is_docker && is_record).then(|| (len, !self.quotes.may_spell()))
    }

    /// The record of the last envelope, with its newline.
    pub fn record(&self) -> &[u8] {
        self.room.get(..self.n_record).unwrap_or_default()
    }
}

/// Reads text out of its escapes, sixteen bytes at a time; gives the room it takes and whether a newline stands at its end,
/// which is left out. Refuses other characters that Falco's JSON cannot hold, and those beyond ASCII that are written as
/// escapes.
fn unescape(raw: &[u8], room: &mut Vec<u8>) -> Option<(usize, bool)> {
    // No escape is shorter than what it stands for; behind the last byte whole parts are written, and a newline.
    if room.len() < raw.len() + 2 * PART {
        room.resize(raw.len() * 2 + 2 * PART, 0);
    }
    let (mut from, mut to) = (0, 0);
    let mut ends_line = false;
    while from < raw.len() {
        let rest = raw.get(from..)?;
        let part = match rest.first_chunk::<PART>() {
            Some(part) => *part,
            None => last_part(rest),
        };
        *room.get_mut(to..)?.first_chunk_mut::<PART>()? = part;
        let slashes = u8x16::new(part).simd_eq(u8x16::splat(b'\\')).to_bitmask();
        let n_plain = match slashes {
            0 => rest.len().min(PART),
            slashes => slashes.trailing_zeros() as usize,
        };
        from += n_plain;
        to += n_plain;
        if slashes == 0 {
            continue;
        }
        let byte = match *raw.get(from + 1)? {
            byte @ (b'"' | b'\\' | b'/') => byte,
            b'n' if from + 2 == raw.len() => {
                ends_line = true;
                break;
            }
            b'u' => {
                let digits = str::from_utf8(raw.get(from + 2..from + 6)?).ok()?;
                let code = u8::try_from(u16::from_str_radix(digits, 16).ok()?).ok()?;
                from += 4;
                Some(code).filter(|code| (0x20..0x7f).contains(code))?
            }
            _ => return None,
        };
        *room.get_mut(to)? = byte;
        to += 1;
        from += 2;
    }
    Some((to, ends_line))
}

/// So many bytes are read out of their escapes at the same time.
const PART: usize = 16;

/// The last bytes of a text, with zeros behind them.
#[cold]
fn last_part(rest: &[u8]) -> [u8; PART] {
    let mut part = [0; PART];
    for (to, from) in part.iter_mut().zip(rest) {
        *to = *from;
    }
    part
}
