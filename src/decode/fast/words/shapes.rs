//! The shapes of messages: which keys stand in them, in which order, and so between which of them the columns lie.
//!
//! The alerts of a rule have the same keys in the same order, so where its columns lie is worked out for the first of
//! them, by the steps of the careful decoder, and only looked up for the next. Shapes are paths of a tree: a step for each
//! key that may matter, told by its bytes. Signs in values that cannot be keys are no steps.

mod tree;

use super::super::texts::Column;
use crate::decode::cut::{self, Weight};
use crate::decode::templates::{Group, Templates};
use crate::model::Priority;
use rustc_hash::FxHashMap;
use tree::{LONGEST, Nodes, Path, weigh};

/// Keys and signs of a message that are looked at; more are read without a shape.
pub(super) const MOST_SIGNS: usize = cut::COMMON_KEYS;
/// Messages of other shapes, one behind the other, before the path of a kind becomes that of the last one.
const MISSES: usize = 16;

/// What kind of message it is, apart from its keys: which rules may have printed it, and where several may, with which
/// priority.
pub(super) type Kind = Option<(Group, Option<Priority>)>;

/// A column, and from where to where it lies in a message.
pub(super) type Lies = (Column, usize, usize);

/// The shapes met so far, for one set of templates.
#[derive(Debug)]
pub(super) struct Shapes {
    nodes: Nodes,
    paths: Vec<Path>,
    /// By the kind: the number of its path.
    kinds: FxHashMap<Kind, usize>,
    /// The kind met last, and the number of its path.
    last: Option<(Kind, usize)>,
}

/// What a message says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// It must be read with care.
    Careful,
    /// The place of its rule's template, and where its columns lie.
    Columns(Option<u32>, Box<[Span]>),
}

/// Where a column lies in messages of a shape: from behind one sign up to so many bytes before another, or to the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub column: Column,
    from: u8,
    to: Option<(u8, u8)>,
}

impl Span {
    /// From where to where it lies in a message whose signs stand at these places.
    #[inline]
    pub fn within(self, places: &Places, end: usize) -> Option<(usize, usize)> {
        let from = places.0.get(usize::from(self.from))? + 1;
        let to = match self.to {
            Some((sign, before)) => places.0.get(usize::from(sign))?.checked_sub(before.into())?,
            None => end,
        };
        Some((from, to))
    }
}

/// The places of the signs behind the keys of one message.
#[derive(Debug)]
pub(super) struct Places([usize; MOST_SIGNS]);

impl Default for Places {
    fn default() -> Self {
        Self([0; MOST_SIGNS])
    }
}

impl Shapes {
    pub fn new(templates: &Templates) -> Self {
        let nodes = Nodes::new(templates);
        Self { nodes, paths: Vec::new(), kinds: FxHashMap::default(), last: None }
    }

    /// What a message says, if others of its shape were met; the places of the signs behind its keys are noted. `signs` are the
    /// places of all `=` in the message.
    #[inline]
    pub fn find(
        &mut self,
        kind: Kind,
        message: &[u8],
        signs: &[u32],
        templates: &Templates,
        places: &mut Places,
    ) -> Option<&Reading> {
        let number = self.path(kind)?;
        let path = self.paths.get_mut(number)?;
        let mut n_signs = path.follow(message, signs, 0, places);
        let mut n_places = n_signs;
        // The node of a message that has left the path.
        let mut aside = None;
        while let Some(sign) = signs.get(n_signs) {
            let sign = *sign as usize;
            let before = message.get(..sign)?;
            let node = aside.unwrap_or_else(|| path.node(n_places));
            n_signs += 1;
            match self.nodes.next(node, before) {
                Some(next) if next == node => {}
                Some(next) => {
                    *places.0.get_mut(n_places)? = sign;
                    n_places += 1;
                    aside = Some(next);
                }
                None if self.nodes.is_nothing(before, kind, node, templates, message) => {}
                None => return None,
            }
            if aside.is_none() {
                let n_more = path.follow(message, signs.get(n_signs..)?, n_places, places);
                n_signs += n_more;
                n_places += n_more;
            }
        }
        if aside.is_none() && n_places == path.steps.len() {
            path.n_missed = 0;
        } else {
            path.n_missed += 1;
        }
        let node = aside.unwrap_or_else(|| path.node(n_places));
        if path.n_missed >= MISSES {
            path.n_missed = 0;
            path.steps = self.nodes.steps(path.root, message, signs);
        }
        self.nodes.reading(node)
    }

    #[inline]
    fn path(&mut self, kind: Kind) -> Option<usize> {
        if let Some((last, path)) = self.last
            && last == kind
        {
            return Some(path);
        }
        let path = *self.kinds.get(&kind)?;
        self.last = Some((kind, path));
        Some(path)
    }

    /// Notes what a message says, for the next of its shape: `None` when it must be read with care, else the template of its
    /// rule and its columns, from where to where.
    pub fn note(
        &mut self,
        kind: Kind,
        message: &[u8],
        signs: &[u32],
        templates: &Templates,
        said: Option<(Option<u32>, &[Lies])>,
    ) -> Option<()> {
        let mut steps = Vec::new();
        for sign in signs.iter().map(|sign| *sign as usize) {
            match weigh(kind, message, sign, templates) {
                (Weight::None, _) => {}
                (Weight::Key, Some(n_bytes)) if n_bytes <= LONGEST => steps.push((sign, n_bytes)),
                (Weight::Key, _) => return None,
            }
        }
        let reading = match said {
            None => Reading::Careful,
            Some((known, columns)) => {
                let span = |(column, from, to): &Lies| {
                    let number = |place: usize| u8::try_from(place).ok();
                    let from_step = steps.iter().position(|(sign, _)| sign + 1 == *from)?;
                    let end = if *to == message.len() {
                        None
                    } else {
                        let step = steps.iter().position(|(sign, _)| sign >= to)?;
                        let (sign, n_bytes) = steps.get(step)?;
                        let before = Some(sign - to).filter(|before| before < n_bytes)?;
                        Some((number(step)?, number(before)?))
                    };
                    Some(Span { column: *column, from: number(from_step)?, to: end })
                };
                Reading::Columns(known, columns.iter().map(span).collect::<Option<_>>()?)
            }
        };
        if !self.nodes.has_room_for(steps.len()) {
            self.nodes.clear();
            self.paths.clear();
            self.kinds.clear();
            self.last = None;
        }
        let path = match self.kinds.get(&kind) {
            Some(path) => *path,
            None => {
                self.paths.push(Path::new(self.nodes.add()?));
                self.kinds.insert(kind, self.paths.len() - 1);
                self.paths.len() - 1
            }
        };
        let keys = steps.into_iter().map(|(sign, n_bytes)| message.get(sign - n_bytes..sign));
        self.nodes.grow(self.paths.get(path)?.root, keys, reading)
    }
}
