//! Regular expressions as Falco reads them: RE2 in its POSIX mode, matched against the whole value.
//!
//! The pattern is read by RE2's rules and written again for the `regex` crate, so that what RE2 refuses (`\d`, `(?i)`,
//! `[z-a]`) is an error here too, and what both accept means the same.

use regex::{Regex, RegexBuilder};
use std::fmt::Write;
use std::iter::Peekable;
use std::str::CharIndices;

/// The largest count in `{n,m}`.
const MAX_REPEAT: u32 = 1000;
/// How deep groups may nest.
const MAX_DEPTH: usize = 200;
/// How much a compiled pattern may take, in bytes.
const MAX_SIZE: usize = 1 << 20;

/// Compiles a pattern for whole-value matching; the error says what is wrong in words.
pub fn compile(pattern: &str) -> Result<Regex, String> {
    let translated = translate(pattern)?;
    RegexBuilder::new(&format!(r"\A(?:{translated})\z"))
        .multi_line(true)
        .size_limit(MAX_SIZE)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => "the regular expression is too large".to_string(),
            _ => "the regular expression cannot be read".to_string(),
        })
}

struct Reader<'a> {
    pattern: &'a str,
    chars: Peekable<CharIndices<'a>>,
    out: String,
    /// Where the groups begin that are open.
    groups: Vec<usize>,
    /// Where the item begins that a `*` would repeat.
    item: Option<usize>,
    /// Whether the item is a repetition already.
    repeated: bool,
}

fn translate(pattern: &str) -> Result<String, String> {
    let mut reader = Reader {
        pattern,
        chars: pattern.char_indices().peekable(),
        out: String::with_capacity(pattern.len() + 8),
        groups: Vec::new(),
        item: None,
        repeated: false,
    };
    while let Some((at, c)) = reader.chars.next() {
        reader.step(at, c)?;
    }
    if reader.groups.is_empty() { Ok(reader.out) } else { Err("a '(' is never closed".to_string()) }
}

impl Reader<'_> {
    fn step(&mut self, at: usize, c: char) -> Result<(), String> {
        match c {
            '(' => {
                if self.groups.len() >= MAX_DEPTH {
                    return Err("groups nest too deep".to_string());
                }
                if self.peek() == Some('?') {
                    return Err("'(?' is not part of POSIX regular expressions".to_string());
                }
                self.groups.push(self.out.len());
                self.out.push_str("(?:");
                self.item = None;
            }
            ')' => {
                let start = self.groups.pop().ok_or("a ')' was never opened")?;
                self.out.push(')');
                self.item = Some(start);
                self.repeated = false;
            }
            '|' => {
                self.out.push('|');
                self.item = None;
            }
            '*' | '+' | '?' => self.repeat(c, &c.to_string())?,
            '{' => match self.bounds(at) {
                Some((least, most)) => {
                    let largest = most.unwrap_or(least);
                    if least > MAX_REPEAT || largest > MAX_REPEAT || largest < least {
                        return Err("the counts in { } are out of order or above 1000".to_string());
                    }
                    let most = most.map_or(String::new(), |most| most.to_string());
                    self.repeat(c, &format!("{{{least},{most}}}"))?;
                }
                None => self.literal(c),
            },
            '[' => {
                self.begin_item();
                self.class()?;
            }
            '\\' => {
                let c = self.escape()?;
                self.literal(c);
            }
            '.' | '^' | '$' => {
                self.begin_item();
                self.out.push(c);
            }
            _ => self.literal(c),
        }
        Ok(())
    }

    fn peek(&mut self) -> Option<char> {
        self.chars.peek().map(|(_, c)| *c)
    }

    fn begin_item(&mut self) {
        self.item = Some(self.out.len());
        self.repeated = false;
    }

    /// Writes a character that stands for itself.
    fn literal(&mut self, c: char) {
        self.begin_item();
        let mut buffer = [0; 4];
        self.out.push_str(&regex::escape(c.encode_utf8(&mut buffer)));
    }

    /// Writes a repetition of the last item; `a*?` repeats the repetition, it is not a lazy one.
    fn repeat(&mut self, c: char, suffix: &str) -> Result<(), String> {
        let from = self.item.ok_or_else(|| format!("nothing stands before '{c}' to repeat"))?;
        if self.repeated {
            self.out.insert_str(from, "(?:");
            self.out.push(')');
        }
        self.out.push_str(suffix);
        self.repeated = true;
        Ok(())
    }

    /// The counts after `{`; `None` when the brace stands for itself.
    fn bounds(&mut self, at: usize) -> Option<(u32, Option<u32>)> {
        let rest = self.pattern.get(at + 1..)?;
        let body = rest.get(..rest.find('}')?)?;
        let number = |digits: &str| -> Option<u32> {
            let valid = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            valid.then(|| digits.parse().unwrap_or(u32::MAX))
        };
        let bounds = match body.split_once(',') {
            None => number(body).map(|count| (count, Some(count)))?,
            Some((least, "")) => (number(least)?, None),
            Some((least, most)) => (number(least)?, Some(number(most)?)),
        };
        for _ in 0..=body.len() {
            self.chars.next();
        }
        Some(bounds)
    }

    /// The character that an escape stands for.
    fn escape(&mut self) -> Result<char, String> {
        let Some((_, c)) = self.chars.next() else {
            return Err("a backslash ends the regular expression".to_string());
        };
        match c {
            'a' => Ok('\u{7}'),
            'f' => Ok('\u{c}'),
            'n' => Ok('\n'),
            'r' => Ok('\r'),
            't' => Ok('\t'),
            'v' => Ok('\u{b}'),
            '0' => Ok(self.octal(0)),
            '1'..='7' if self.peek().is_some_and(|next| next.is_digit(8)) => {
                Ok(self.octal(c.to_digit(8).unwrap_or(0)))
            }
            'x' => self.hex(),
            _ if c.is_ascii() && !c.is_ascii_alphanumeric() && c != '_' => Ok(c),
            _ => Err(format!("\\{c} is not part of POSIX regular expressions")),
        }
    }

    fn octal(&mut self, mut value: u32) -> char {
        for _ in 0..2 {
            let Some(digit) = self.peek().and_then(|c| c.to_digit(8)) else { break };
            value = value * 8 + digit;
            self.chars.next();
        }
        char::from_u32(value).unwrap_or('\0')
    }

    fn hex(&mut self) -> Result<char, String> {
        let bad = || "\\x needs two hex digits or {…}".to_string();
        let braces = self.peek() == Some('{');
        if braces {
            self.chars.next();
        }
        let mut value = 0_u32;
        let mut count = 0;
        while let Some(digit) = self.peek().and_then(|c| c.to_digit(16)) {
            value =
                value.checked_mul(16).and_then(|value| value.checked_add(digit)).ok_or_else(bad)?;
            count += 1;
            self.chars.next();
            if !braces && count == 2 {
                break;
            }
        }
        let closed =
            if braces { self.chars.next().is_some_and(|(_, c)| c == '}') } else { count == 2 };
        if count == 0 || !closed {
            return Err(bad());
        }
        char::from_u32(value).ok_or_else(bad)
    }

    /// A bracket expression, written again with every character escaped.
    fn class(&mut self) -> Result<(), String> {
        let unclosed = || "a '[' is never closed".to_string();
        self.out.push('[');
        if self.peek() == Some('^') {
            self.chars.next();
            self.out.push('^');
        }
        let mut first = true;
        loop {
            let (at, c) = self.chars.next().ok_or_else(unclosed)?;
            if c == ']' && !first {
                break;
            }
            let rest = self.pattern.get(at..).unwrap_or_default();
            if c == '-' && !first && !rest.starts_with("-]") {
                return Err("a '-' in brackets stands first or last".to_string());
            }
            first = false;
            if let Some(body) = rest.strip_prefix("[:")
                && let Some(end) = body.find(":]")
            {
                let name = body.get(..end).unwrap_or_default();
                let word = name.strip_prefix('^').unwrap_or(name);
                if !POSIX_CLASSES.contains(&word) {
                    return Err(format!("[:{name}:] is no class of characters"));
                }
                let _ = write!(self.out, "[:{name}:]");
                for _ in 0..name.chars().count() + 3 {
                    self.chars.next();
                }
                continue;
            }
            let low = if c == '\\' { self.escape()? } else { c };
            let mut ahead = self.chars.clone();
            let ranged = ahead.next().is_some_and(|(_, c)| c == '-')
                && ahead.next().is_some_and(|(_, c)| c != ']');
            if ranged {
                self.chars.next();
                let (_, c) = self.chars.next().ok_or_else(unclosed)?;
                let high = if c == '\\' { self.escape()? } else { c };
                if high < low {
                    return Err(format!("the range {low}-{high} is upside down"));
                }
                let _ = write!(self.out, r"\x{{{:X}}}-\x{{{:X}}}", u32::from(low), u32::from(high));
            } else {
                let _ = write!(self.out, r"\x{{{:X}}}", u32::from(low));
            }
        }
        self.out.push(']');
        Ok(())
    }
}

/// The names RE2 knows in `[[:name:]]`.
const POSIX_CLASSES: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct",
    "space", "upper", "word", "xdigit",
];
