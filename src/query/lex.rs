//! The words of the language, taken one by one from where the parser stands.
//!
//! Falco reads what fits the place, not tokens: `and` is a value after `=`, and `in` needs no blank after it.

use super::error::Error;

/// A place in the text being read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a> {
    pub text: &'a str,
    pub at: usize,
}

/// A quoted or bare word and whether it was quoted.
pub(super) struct Word {
    pub text: Box<str>,
    pub quoted: bool,
}

impl<'a> Cursor<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    pub fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub fn at_end(&self) -> bool {
        self.at >= self.text.len()
    }

    /// Skips blanks (backspace is one in Falco) and says whether there were any.
    pub fn blank(&mut self) -> bool {
        self.take_while(is_blank).is_some()
    }

    /// Takes exactly this text.
    pub fn take(&mut self, word: &str) -> bool {
        let found = self.rest().starts_with(word);
        if found {
            self.at += word.len();
        }
        found
    }

    /// Takes a word that a blank follows; the blank stays.
    pub fn take_before_blank(&mut self, word: &str) -> bool {
        let found = self.rest().strip_prefix(word).is_some_and(|rest| rest.starts_with(is_space));
        if found {
            self.at += word.len();
        }
        found
    }

    /// Takes one or more characters of a class.
    pub fn take_while(&mut self, class: impl Fn(char) -> bool) -> Option<&'a str> {
        let rest = self.rest();
        let end = rest.find(|c| !class(c)).unwrap_or(rest.len());
        let taken = rest.get(..end).filter(|taken| !taken.is_empty())?;
        self.at += end;
        Some(taken)
    }

    /// A letter, then letters, digits and underscores.
    pub fn identifier(&mut self) -> Option<&'a str> {
        let end = identifier_length(self.rest())?;
        let taken = self.rest().get(..end)?;
        self.at += end;
        Some(taken)
    }

    /// Two or more identifiers joined by dots.
    pub fn field_name(&mut self) -> Option<&'a str> {
        let rest = self.rest();
        let mut end = identifier_length(rest)?;
        let mut parts = 1;
        while let Some(after) = rest.get(end..).and_then(|rest| rest.strip_prefix('.')) {
            let Some(length) = identifier_length(after) else { break };
            end += 1 + length;
            parts += 1;
        }
        let taken = rest.get(..end).filter(|_| parts > 1)?;
        self.at += end;
        Some(taken)
    }

    /// The longest number: hex digits after `0x`, or a decimal with fraction and exponent.
    pub fn number(&mut self) -> Option<&'a str> {
        let rest = self.rest();
        let bytes = rest.as_bytes();
        let run = |from: usize, class: fn(&u8) -> bool| {
            bytes.get(from..).unwrap_or_default().iter().take_while(|byte| class(byte)).count()
        };
        let end = if rest.starts_with("0x") || rest.starts_with("0X") {
            let hex = run(2, u8::is_ascii_alphanumeric);
            if hex > 0 { 2 + hex } else { 1 }
        } else {
            let sign = usize::from(rest.starts_with(['+', '-']));
            let whole = run(sign, u8::is_ascii_digit);
            if whole == 0 {
                return None;
            }
            let mut end = sign + whole;
            end += usize::from(bytes.get(end) == Some(&b'.'));
            end += run(end, u8::is_ascii_digit);
            let signed = matches!(bytes.get(end..end + 2), Some([b'e' | b'E', b'+' | b'-']));
            let exponent = if signed { run(end + 2, u8::is_ascii_digit) } else { 0 };
            if exponent > 0 { end + 2 + exponent } else { end }
        };
        let taken = rest.get(..end)?;
        self.at += end;
        Some(taken)
    }

    /// A quoted or bare value; `None` when none begins here.
    pub fn string(&mut self) -> Result<Option<Word>, Error> {
        if self.rest().starts_with(['"', '\'']) {
            return self.quoted().map(Some);
        }
        Ok(self.take_while(is_bare).map(|text| Word { text: text.into(), quoted: false }))
    }

    /// An argument in brackets.
    pub fn argument(&mut self) -> Result<Option<Word>, Error> {
        if self.rest().starts_with(['"', '\'']) {
            return self.quoted().map(Some);
        }
        let bare = |c: char| !matches!(c, '[' | ']' | '"' | '\'') && !is_space(c);
        Ok(self.take_while(bare).map(|text| Word { text: text.into(), quoted: false }))
    }

    /// The string ends at the first delimiter that no backslash precedes, whatever that backslash means.
    fn quoted(&mut self) -> Result<Word, Error> {
        let rest = self.rest();
        let delimiter = if rest.starts_with('"') { '"' } else { '\'' };
        let mut before = '\\';
        for (offset, c) in rest.char_indices() {
            if c == delimiter && before != '\\' {
                let text =
                    unescape(rest.get(1..offset).unwrap_or_default(), delimiter, self.at + 1)?;
                self.at += offset + 1;
                return Ok(Word { text, quoted: true });
            }
            before = c;
        }
        let mut error = Error::new("this quote is never closed", self.at, self.text.len());
        if rest.len() > 2 && rest.ends_with(['\\', delimiter]) {
            error.message =
                "this quote is never closed; for a backslash at the end write a blank after it: \"C:\\ \"".into();
        }
        Err(error)
    }
}

/// Resolves the escapes of a quoted value.
fn unescape(raw: &str, delimiter: char, at: usize) -> Result<Box<str>, Error> {
    let mut text = String::with_capacity(raw.len());
    let mut chars = raw.char_indices();
    while let Some((offset, c)) = chars.next() {
        if c != '\\' {
            text.push(c);
            continue;
        }
        let escaped = chars.next().map(|(_, c)| c);
        text.push(match escaped {
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            // Backslash and blank give a backslash and lose the blank, as in Falco.
            Some(' ' | '\\') => '\\',
            Some('/') => '/',
            Some(quote @ ('"' | '\'')) if quote == delimiter => quote,
            other => {
                let end = at + offset + 1 + other.map_or(0, char::len_utf8);
                let message = match other {
                    Some(quote @ ('"' | '\'')) => {
                        format!("\\{quote} cannot stand inside {delimiter}; write {quote} alone")
                    }
                    Some(c) => format!("\\{c} is no escape here; write \\\\{c} for a backslash"),
                    None => "a backslash cannot be the last character".to_string(),
                };
                return Err(Error::new(message, at + offset, end)
                    .expect(&["\\\\", "\\n", "\\t", "\\r", "\\b", "\\f", "\\/"]));
            }
        });
    }
    Ok(text.into())
}

fn identifier_length(text: &str) -> Option<usize> {
    if !text.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    Some(text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(text.len()))
}

/// What separates words.
pub(super) fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\u{8}' | '\r' | '\n')
}

/// What ends a bare value, beside punctuation.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n' | '\u{b}' | '\u{c}')
}

/// What a bare value is made of.
pub(super) fn is_bare(c: char) -> bool {
    !matches!(c, '(' | ')' | '"' | '\'' | '=' | ',' | '\0') && !is_space(c)
}
