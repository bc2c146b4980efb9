//! What is wrong with a filter, where, and what would have been right.

use super::ast::Span;
use std::fmt;
use std::ops::Range;

/// Why a text is no filter: a message, the bytes it speaks of, what could stand there, and a likely meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// Lower case, no full stop.
    pub message: Box<str>,
    pub span: Span,
    /// Words or kinds of words that could stand at the place.
    pub expected: Vec<Box<str>>,
    /// The nearest field, operator, macro or value that exists.
    pub suggestion: Option<Box<str>>,
}

/// Something that is accepted and may still not mean what was wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Lower case, no full stop.
    pub message: Box<str>,
    pub span: Span,
    pub suggestion: Option<Box<str>>,
}

impl Error {
    pub(super) fn new(message: impl Into<Box<str>>, from: usize, to: usize) -> Self {
        Self {
            message: message.into(),
            span: Span::new(from, to),
            expected: Vec::new(),
            suggestion: None,
        }
    }

    #[must_use]
    pub(super) fn expect(mut self, words: &[&str]) -> Self {
        self.expected.extend(words.iter().map(|word| Box::from(*word)));
        self
    }

    #[must_use]
    pub(super) fn suggest(mut self, nearest: Option<impl Into<Box<str>>>) -> Self {
        self.suggestion = nearest.map(Into::into);
        self
    }

    /// The bytes of the text that the message speaks of; empty at the end of the text.
    pub fn range(&self) -> Range<usize> {
        self.span.range()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if !self.expected.is_empty() {
            write!(f, ": expected {}", listed(&self.expected, "or"))?;
        }
        if let Some(nearest) = &self.suggestion {
            write!(f, " (did you mean {nearest}?)")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(nearest) = &self.suggestion {
            write!(f, " (did you mean {nearest}?)")?;
        }
        Ok(())
    }
}

/// Words as a sentence lists them, with `and` or `or` before the last: `a, b or c`.
pub fn listed<S: AsRef<str>>(words: &[S], before_last: &str) -> String {
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    match words.as_slice() {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [rest @ .., last] => format!("{} {before_last} {last}", rest.join(", ")),
    }
}
