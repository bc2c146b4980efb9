//! The shapes of messages: which keys stand in them, in which order, and so between which of them the columns lie.
//!
//! The alerts of a rule have the same keys in the same order, so where its columns lie is worked out for the first of
//! them, by the steps of the careful decoder, and only looked up for the next. Shapes are paths of a tree: a step for each
//! key that may matter, told by its bytes. Signs in values that cannot be keys are no steps.

use super::super::keys::Column;
use crate::decode::cut::{self, Weight};
use crate::decode::templates::{Group, Templates};
use crate::model::Priority;
use rustc_hash::FxHashMap;
use wide::u8x16;

/// Keys and signs of a message that are looked at; more are read without a shape.
pub(super) const MOST_SIGNS: usize = cut::COMMON_KEYS;
/// Nodes before everything is forgotten, and steps that may follow on one.
const NODES: usize = 4096;
const STEPS: usize = 32;
/// Longer keys, with what stands before them, are no steps.
const LONGEST: usize = 80;

/// What kind of message it is, apart from its keys: which rules may have printed it, and where several may, with which
/// priority.
pub(super) type Kind = Option<(Group, Option<Priority>)>;

/// A column, and from where to where it lies in a message.
pub(super) type Lies = (Column, usize, usize);

/// The shapes met so far, for one set of templates.
#[derive(Debug)]
pub(super) struct Shapes {
    nodes: Vec<Node>,
    roots: FxHashMap<Kind, u32>,
    /// The kind met last, and its root.
    last: Option<(Kind, u32)>,
    /// Two last bytes that keys have: a bit for each.
    ends: Vec<u64>,
}

/// Some keys in order.
#[derive(Debug, Default)]
struct Node {
    /// Keys that came behind these, those of late first, and what only looks like a key, which leads nowhere else.
    steps: Vec<Step>,
    /// What a message says that has these keys and no more.
    reading: Option<Reading>,
}

/// A key, and what stands before it.
#[derive(Debug)]
struct Step {
    /// Its last bytes, and which of them must be the same.
    last: [u8; 16],
    mask: u32,
    /// All of it.
    bytes: Box<[u8]>,
    node: u32,
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

impl Step {
    fn new(bytes: &[u8], node: u32) -> Self {
        let last = padded(bytes);
        let mask = (0xffff << (16 - bytes.len().min(16))) & 0xffff;
        Self { last, mask, bytes: bytes.into(), node }
    }

    /// Whether these bytes end with it; `last` are their last ones.
    #[inline]
    fn ends(&self, last: u8x16, before: &[u8]) -> bool {
        let same = last.simd_eq(u8x16::new(self.last)).to_bitmask();
        same & self.mask == self.mask && (self.bytes.len() <= 16 || before.ends_with(&self.bytes))
    }
}

impl Shapes {
    pub fn new(templates: &Templates) -> Self {
        let mut ends = vec![0; (1 << 16) / 64];
        let mut add = |last: [u8; 2]| {
            let number = usize::from(u16::from_le_bytes(last));
            if let Some(bits) = ends.get_mut(number / 64) {
                *bits |= 1_u64 << (number % 64);
            }
        };
        for key in templates.all_keys().map(str::as_bytes) {
            match key {
                [.., a, b] => add([*a, *b]),
                [only] => (0..=u8::MAX).for_each(|any| add([any, *only])),
                [] => {}
            }
        }
        Self { nodes: Vec::new(), roots: FxHashMap::default(), last: None, ends }
    }

    /// What a message says, if others of its shape were met; the places of the signs behind its keys are noted. `signs` are the
    /// places of all `=` in the message.
    #[inline]
    pub fn find(
        &mut self,
        kind: Kind,
        message: &[u8],
        signs: impl Iterator<Item = usize>,
        templates: &Templates,
        places: &mut Places,
    ) -> Option<&Reading> {
        let mut n_places = 0;
        let mut node = self.root(kind)?;
        for sign in signs {
            let before = message.get(..sign)?;
            let last = before.last_chunk().copied().unwrap_or_else(|| padded(before));
            let next = self.nodes.get_mut(node as usize)?.next(u8x16::new(last), before);
            match next {
                Some(next) if next == node => {}
                Some(next) => {
                    *places.0.get_mut(n_places)? = sign;
                    n_places += 1;
                    node = next;
                }
                None if self.is_nothing(before, kind, node, templates, message) => {}
                None => return None,
            }
        }
        self.nodes.get(node as usize)?.reading.as_ref()
    }

    /// Whether a sign behind these bytes is no key of a message. What looks like one is noted.
    fn is_nothing(
        &mut self,
        before: &[u8],
        kind: Kind,
        node: u32,
        templates: &Templates,
        message: &[u8],
    ) -> bool {
        let is_end = |last: [u8; 2]| {
            let number = usize::from(u16::from_le_bytes(last));
            self.ends.get(number / 64).is_none_or(|bits| bits & 1 << (number % 64) != 0)
        };
        if !cut::may_weigh(before, is_end) {
            return true;
        }
        let (weight, n_bytes) = weigh(kind, message, before.len(), templates);
        if weight != Weight::None {
            return false;
        }
        if let Some(bytes) = n_bytes
            .filter(|n_bytes| *n_bytes <= LONGEST)
            .and_then(|n_bytes| before.get(before.len() - n_bytes..))
            && let Some(here) = self.nodes.get_mut(node as usize)
            && here.steps.len() < STEPS / 2
        {
            here.steps.push(Step::new(bytes, node));
        }
        true
    }

    #[inline]
    fn root(&mut self, kind: Kind) -> Option<u32> {
        if let Some((last, root)) = self.last
            && last == kind
        {
            return Some(root);
        }
        let root = *self.roots.get(&kind)?;
        self.last = Some((kind, root));
        Some(root)
    }

    /// Notes what a message says, for the next of its shape: `None` when it must be read with care, else the template of its
    /// rule and its columns, from where to where.
    pub fn note(
        &mut self,
        kind: Kind,
        message: &[u8],
        signs: impl Iterator<Item = usize>,
        templates: &Templates,
        said: Option<(Option<u32>, &[Lies])>,
    ) -> Option<()> {
        let mut steps = Vec::new();
        for sign in signs {
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
        if self.nodes.len() + steps.len() >= NODES {
            self.nodes.clear();
            self.roots.clear();
            self.last = None;
        }
        let mut node = match self.roots.get(&kind) {
            Some(root) => *root,
            None => {
                let root = self.add()?;
                self.roots.insert(kind, root);
                root
            }
        };
        for (sign, n_bytes) in steps {
            let bytes = message.get(sign - n_bytes..sign)?;
            let known = self.nodes.get(node as usize)?;
            let next = known.steps.iter().find(|step| *step.bytes == *bytes).map(|step| step.node);
            node = match next {
                Some(next) => next,
                None if known.steps.len() >= STEPS => return None,
                None => {
                    let next = self.add()?;
                    self.nodes.get_mut(node as usize)?.steps.push(Step::new(bytes, next));
                    next
                }
            };
        }
        self.nodes.get_mut(node as usize)?.reading = Some(reading);
        Some(())
    }

    fn add(&mut self) -> Option<u32> {
        let number = u32::try_from(self.nodes.len()).ok()?;
        self.nodes.push(Node::default());
        Some(number)
    }
}

impl Node {
    /// The node behind the key that these bytes end with.
    #[inline]
    fn next(&mut self, last: u8x16, before: &[u8]) -> Option<u32> {
        let (first, others) = self.steps.split_first_mut()?;
        if first.ends(last, before) {
            return Some(first.node);
        }
        let other = others.iter_mut().find(|step| step.ends(last, before))?;
        std::mem::swap(first, other);
        Some(first.node)
    }
}

/// The last bytes of some, behind zeros, which no message holds.
#[cold]
fn padded(bytes: &[u8]) -> [u8; 16] {
    let mut last = [0; 16];
    for (to, from) in last.iter_mut().rev().zip(bytes.iter().rev()) {
        *to = *from;
    }
    last
}

fn weigh(
    kind: Kind,
    message: &[u8],
    sign: usize,
    templates: &Templates,
) -> (Weight, Option<usize>) {
    let known = kind.into_iter().flat_map(|(group, _)| templates.of_group(group));
    cut::weigh(message, sign, known)
}
