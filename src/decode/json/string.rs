//! Strings: escapes, surrogates, bytes that are not UTF-8.

use super::{Ended, Reader};
use crate::model::Flag;

impl Reader<'_> {
    /// Reads a string from its opening quote. One that does not end is kept as far as it goes.
    pub(super) fn string(&mut self, quote: u8) -> Box<str> {
        self.at += 1;
        let start = self.at;
        if quote == b'\'' {
            self.flags.set(Flag::Malformed);
        }
        let first = memchr::memchr2(quote, b'\\', self.rest());
        if let Some(n) = first
            && self.bytes.get(start + n) == Some(&quote)
            && n <= self.room
            && let Some(text) = self.text.and_then(|text| text.get(start..start + n))
        {
            // The plain case: no escape, all UTF-8.
            self.look_for_controls(start, start + n);
            self.at = start + n + 1;
            self.room -= n;
            return text.into();
        }
        let mut out = String::new();
        loop {
            let from = self.at;
            let Some(n) = memchr::memchr2(quote, b'\\', self.rest()) else {
                self.at = self.bytes.len();
                self.piece(&mut out, from, self.at);
                self.end(Ended::InString);
                break;
            };
            self.at += n;
            self.piece(&mut out, from, self.at);
            if self.peek() == Some(quote) {
                self.at += 1;
                break;
            }
            self.at += 1;
            if !self.escape(&mut out) {
                self.end(Ended::InString);
                break;
            }
        }
        out.into()
    }

    /// Passes over a string without keeping it.
    pub(super) fn skip_string(&mut self) {
        self.at += 1;
        loop {
            let Some(n) = memchr::memchr2(b'"', b'\\', self.rest()) else {
                self.at = self.bytes.len();
                self.end(Ended::InString);
                return;
            };
            self.at += n;
            if self.peek() == Some(b'"') {
                self.at += 1;
                return;
            }
            self.at = (self.at + 2).min(self.bytes.len());
        }
    }

    fn look_for_controls(&mut self, from: usize, to: usize) {
        if self.has_controls
            && let Some(piece) = self.bytes.get(from..to)
            && piece.iter().any(|byte| *byte < 0x20 || *byte == 0x7f)
        {
            self.flags.set(Flag::Control);
        }
    }

    fn piece(&mut self, out: &mut String, from: usize, to: usize) {
        self.look_for_controls(from, to);
        if let Some(text) = self.text.and_then(|text| text.get(from..to)) {
            self.push(out, text);
            return;
        }
        for chunk in self.bytes.get(from..to).unwrap_or_default().utf8_chunks() {
            self.push(out, chunk.valid());
            if !chunk.invalid().is_empty() {
                self.flags.set(Flag::BadUtf8);
                self.push(out, "\u{fffd}");
            }
        }
    }

    /// Reads what follows a backslash; false when the input ends there. Half an escape is kept as it stands, so that a
    /// string torn by another record reads the same from its own bytes.
    fn escape(&mut self, out: &mut String) -> bool {
        let Some(byte) = self.peek() else {
            self.flags.set(Flag::BadEscape);
            self.push(out, "\\");
            return false;
        };
        self.at += 1;
        let character = match byte {
            b'"' | b'\\' | b'/' | b'\'' => char::from(byte),
            b'n' => '\n',
            b't' => '\t',
            b'r' => '\r',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'u' => return self.unicode(out),
            _ => {
                // No escape of JSON's: both bytes are kept as they stand.
                self.flags.set(Flag::BadEscape);
                self.push(out, "\\");
                self.at -= 1;
                return true;
            }
        };
        if byte == b'\'' {
            self.flags.set(Flag::BadEscape);
        }
        self.push(out, character.encode_utf8(&mut [0; 4]));
        true
    }

    /// Reads the digits of `\uXXXX`, with the second half of a pair. Half a pair stands for no character.
    fn unicode(&mut self, out: &mut String) -> bool {
        let Some(first) = self.four_digits(self.at) else {
            if self.bytes.len() - self.at < 4 {
                let rest_is_hex = self.rest().iter().all(u8::is_ascii_hexdigit);
                if rest_is_hex {
                    self.flags.set(Flag::BadEscape);
                    self.push(out, "\\u");
                    let from = self.at;
                    self.at = self.bytes.len();
                    self.piece(out, from, self.at);
                    return false;
                }
            }
            self.flags.set(Flag::BadEscape);
            self.push(out, "\\u");
            return true;
        };
        self.at += 4;
        let mut code = first;
        if (0xd800..0xdc00).contains(&first)
            && self.rest().starts_with(b"\\u")
            && let Some(second) = self.four_digits(self.at + 2)
            && (0xdc00..0xe000).contains(&second)
        {
            self.at += 6;
            code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        }
        let character = char::from_u32(code).unwrap_or_else(|| {
            self.flags.set(Flag::BadEscape);
            char::REPLACEMENT_CHARACTER
        });
        self.push(out, character.encode_utf8(&mut [0; 4]));
        true
    }

    fn four_digits(&self, at: usize) -> Option<u32> {
        let digits = self.bytes.get(at..at + 4)?;
        digits.iter().try_fold(0, |code, digit| Some(code * 16 + char::from(*digit).to_digit(16)?))
    }
}
