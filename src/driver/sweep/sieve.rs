//! What can be told of a question before any record is kept.
//!
//! The raw bytes of many records tell at once where something stands that may make a record meet it; a record in which
//! nothing stands need not be looked at any further. Of the others the fast path tells whether they meet a filter, while it
//! reads them.

use super::Question;
use super::needle::Folded;
use super::peek::Peek;
use crate::decode::fast::{Found, Scanner};
use crate::intake::{Caught, Sieve};
use crate::query::Prefilter;
use regex::bytes::Regex;
use std::ops::Range;

/// A question as far as raw bytes can answer it.
#[derive(Clone, Debug)]
pub(super) struct Bytes {
    /// Each record that meets the question has a match, unless it spells its letters otherwise.
    first: First,
    /// What else must stand in it.
    filter: Option<Prefilter>,
    /// The text that is looked for: as far as it stands in each record that says it, and as it is written.
    search: Option<Regex>,
    text: Option<Regex>,
}

/// What is looked for first.
#[derive(Clone, Debug)]
enum First {
    Regex(Regex),
    Folded(Folded),
}

impl First {
    fn find_at(&self, lines: &[u8], at: usize) -> Option<Range<usize>> {
        match self {
            Self::Regex(regex) => regex.find_at(lines, at).map(|found| found.range()),
            Self::Folded(folded) => folded.find_at(lines, at),
        }
    }
}

impl Bytes {
    /// `None` when raw bytes can tell nothing.
    pub fn of(question: &Question) -> Option<Self> {
        let ask = question.filter.as_ref();
        if ask.is_some_and(|ask| ask.needs_judgment) {
            return None;
        }
        let filter = ask.and_then(|ask| ask.prefilter.clone());
        let search = question.search.as_ref().and_then(|sought| sought.certain.clone());
        let folded = question.search.as_ref().and_then(|sought| sought.folded.clone());
        let first = match (&search, &filter) {
            (Some(search), _) => folded.map_or(First::Regex(search.clone()), First::Folded),
            (None, Some(filter)) => First::Regex(filter.pattern()?),
            (None, None) => return None,
        };
        let text = question.search.as_ref().map(|sought| sought.pattern.clone());
        Some(Self { first, filter, search, text })
    }

    /// Whether a line that has a match may be a record that meets the question.
    fn admits(&self, line: &[u8]) -> bool {
        self.filter.as_ref().is_none_or(|filter| filter.is_met(line))
    }

    /// Adds a place in each line that may hold such a record: see [`Sieve::catch`].
    pub fn catch(&self, lines: &[u8], caught: &mut Vec<Caught>) {
        let mut at = 0;
        while let Some(found) = self.first.find_at(lines, at) {
            let start =
                lines.get(at..found.start).and_then(|before| memchr::memrchr(b'\n', before));
            let start = start.map_or(at, |newline| at + newline + 1);
            let end = line_end(lines, found.end);
            let line = lines.get(start..end).unwrap_or_default();
            if self.admits(line) {
                let is_sure = self.text.as_ref().is_none_or(|text| text.is_match(line));
                caught.push(Caught { at: found.start, is_sure });
            }
            at = end;
        }
    }

    fn catches_rule(&self, rule: &[u8]) -> bool {
        // What a filter asks of a rule is asked of the columns.
        self.search.is_some() && self.text.as_ref().is_some_and(|text| text.is_match(rule))
    }
}

/// A question as far as it can be answered while records are read for the first time.
#[derive(Clone, Debug)]
pub(super) struct AtOnce {
    bytes: Option<Bytes>,
    filter: Asks,
    counts: bool,
}

/// What is asked of the fast path.
#[derive(Clone, Debug)]
enum Asks {
    Nothing,
    Fields(Peek),
    /// More than it can tell.
    Other,
}

impl AtOnce {
    /// `None` when nothing can be told. `counts` when nobody wants more than the number of those that meet it.
    pub fn of(question: &Question, counts: bool) -> Option<Self> {
        let bytes = Bytes::of(question);
        let filter = match question.filter.as_ref().map(Peek::of) {
            None => Asks::Nothing,
            Some(Some(peek)) => Asks::Fields(peek),
            Some(None) => Asks::Other,
        };
        // A text that raw bytes were not looked through for is looked for later.
        let counts = counts && (bytes.is_some() || question.search.is_none());
        let tells = bytes.is_some() || matches!(filter, Asks::Fields(_));
        tells.then_some(Self { bytes, filter, counts })
    }
}

impl Sieve for AtOnce {
    fn tells_bytes(&self) -> bool {
        self.bytes.is_some()
    }

    fn catch(&self, lines: &[u8], caught: &mut Vec<Caught>) {
        if let Some(bytes) = &self.bytes {
            bytes.catch(lines, caught);
        }
    }

    fn catches_rule(&self, rule: &[u8]) -> bool {
        self.bytes.as_ref().is_some_and(|bytes| bytes.catches_rule(rule))
    }

    fn scanner(&self) -> Scanner {
        match &self.filter {
            Asks::Fields(peek) => peek.scanner(),
            Asks::Nothing | Asks::Other => Scanner::default(),
        }
    }

    fn meets(&self, found: &Found<'_>) -> Option<bool> {
        match &self.filter {
            Asks::Nothing => Some(true),
            Asks::Fields(peek) => peek.meets(found),
            Asks::Other => None,
        }
    }

    fn counts(&self) -> bool {
        self.counts
    }
}

fn line_end(lines: &[u8], from: usize) -> usize {
    let rest = lines.get(from..).unwrap_or_default();
    memchr::memchr(b'\n', rest).map_or(lines.len(), |newline| from + newline)
}
