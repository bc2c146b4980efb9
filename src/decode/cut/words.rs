//! What the keys of messages mean, learned once for each: the alerts of a rule have the same keys in the same order, so the
//! next one is mostly known before it is looked at.

use super::appended;
use crate::decode::templates::{common_field, is_field_key};
use rustc_hash::FxHashMap;

/// Words that are kept; anyone can write others.
const MOST: usize = 512;
/// Longer ones are not kept.
const LONGEST: usize = 64;

/// What a key means wherever it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Meaning {
    /// Its place among those that Falco appends.
    pub appended: Option<usize>,
    pub field: Field,
}

/// The field that a key stands for in every rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    None,
    Common(&'static str),
    /// The key is the field's own name.
    Own,
}

impl Meaning {
    pub fn of(key: &str) -> Self {
        let field = match common_field(key) {
            Some(field) => Field::Common(field),
            None if is_field_key(key) => Field::Own,
            None => Field::None,
        };
        Self { appended: appended(key), field }
    }

    /// The field that a key of this meaning stands for wherever it stands; what Falco appends has its own.
    pub fn field_of(self, key: &str) -> Option<&str> {
        match self.field {
            Field::Common(field) => Some(field),
            Field::Own => Some(key),
            Field::None => None,
        }
    }
}

/// The number of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Number(u16);

/// The words met so far.
#[derive(Debug, Default)]
pub(super) struct Words {
    words: Vec<Word>,
    numbers: FxHashMap<Box<[u8]>, u16>,
    /// The word that began a message last.
    first: u16,
}

#[derive(Debug)]
struct Word {
    name: Box<[u8]>,
    meaning: Meaning,
    /// The word that came behind it last.
    next: u16,
}

impl Words {
    pub fn meaning(&self, number: Number) -> Option<Meaning> {
        Some(self.words.get(usize::from(number.0))?.meaning)
    }

    /// The word that mostly comes behind another, or first, with its name.
    #[inline]
    pub fn expected(&self, last: Option<Number>) -> Option<(Number, &[u8])> {
        let number = match last {
            Some(last) => self.words.get(usize::from(last.0))?.next,
            None => self.first,
        };
        Some((Number(number), &self.words.get(usize::from(number))?.name))
    }

    /// The number of a word that came behind another, or first; `None` when it is not kept.
    pub fn find(&mut self, name: &[u8], last: Option<Number>) -> Option<Number> {
        let number = match self.numbers.get(name) {
            Some(number) => *number,
            None => self.add(name)?,
        };
        match last {
            Some(last) => self.words.get_mut(usize::from(last.0))?.next = number,
            None => self.first = number,
        }
        Some(Number(number))
    }

    fn add(&mut self, name: &[u8]) -> Option<u16> {
        let is_kept = self.words.len() < MOST && name.len() <= LONGEST;
        let text = str::from_utf8(name).ok().filter(|_| is_kept)?;
        let number = u16::try_from(self.words.len()).ok()?;
        self.words.push(Word { name: name.into(), meaning: Meaning::of(text), next: u16::MAX });
        self.numbers.insert(name.into(), number);
        Some(number)
    }
}
