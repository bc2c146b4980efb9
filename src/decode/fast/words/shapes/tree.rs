//! The tree of keys, and the way through it that messages of a kind mostly take.

use super::{Kind, Places, Reading};
use crate::decode::cut::{self, Weight};
use crate::decode::templates::Templates;
use wide::u8x16;

/// Nodes before everything is forgotten, and steps that may follow on one.
const NODES: usize = 4096;
const STEPS: usize = 32;
/// Longer keys, with what stands before them, are no steps.
pub(super) const LONGEST: usize = 80;

/// The tree of keys, from a root for each kind.
#[derive(Debug)]
pub(super) struct Nodes {
    nodes: Vec<Node>,
    /// Two last bytes that keys have: a bit for each.
    ends: Vec<u64>,
}

/// The keys that messages of a kind mostly have. Each is compared without knowing how the one before it came out, so that
/// nothing waits for the way through the tree.
#[derive(Debug)]
pub(super) struct Path {
    pub root: u32,
    pub steps: Vec<Step>,
    /// Messages since the last one with just these keys.
    pub n_missed: usize,
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
#[derive(Clone, Debug)]
pub(super) struct Step {
    /// Its last bytes, and which of them must be the same.
    last: [u8; 16],
    mask: u32,
    /// All of it.
    bytes: Box<[u8]>,
    node: u32,
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

impl Path {
    /// One that begins at a root, with no keys yet.
    pub fn new(root: u32) -> Self {
        Self { root, steps: Vec::new(), n_missed: 0 }
    }

    /// How many signs stand behind just the next keys of this path, of which so many were passed; notes their places. Those
    /// that stand next to the message's begin are left to the tree.
    // By itself, so that what it compares with stays in a processor's registers.
    #[inline(never)]
    pub fn follow(
        &self,
        message: &[u8],
        signs: &[u32],
        passed: usize,
        places: &mut Places,
    ) -> usize {
        let steps = self.steps.get(passed..).unwrap_or_default();
        let places = places.0.get_mut(passed..).unwrap_or_default();
        let mut n_signs = 0;
        for ((sign, step), place) in signs.iter().zip(steps).zip(places) {
            let sign = *sign as usize;
            let Some(before) = message.get(..sign) else { break };
            let Some(last) = before.last_chunk() else { break };
            if !step.ends(u8x16::new(*last), before) {
                break;
            }
            *place = sign;
            n_signs += 1;
        }
        n_signs
    }

    /// The node behind so many steps.
    pub fn node(&self, n_steps: usize) -> u32 {
        let last = n_steps.checked_sub(1).and_then(|at| self.steps.get(at));
        last.map_or(self.root, |step| step.node)
    }
}

impl Nodes {
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
        Self { nodes: Vec::new(), ends }
    }

    pub fn has_room_for(&self, n_nodes: usize) -> bool {
        self.nodes.len() + n_nodes < NODES
    }

    pub fn clear(&mut self) {
        self.nodes.clear();
    }

    /// What a message says whose keys end at a node.
    pub fn reading(&self, node: u32) -> Option<&Reading> {
        self.nodes.get(node as usize)?.reading.as_ref()
    }

    /// The node behind a node and the key that these bytes end with; the same one when that is nothing.
    #[inline]
    pub fn next(&mut self, node: u32, before: &[u8]) -> Option<u32> {
        self.nodes.get_mut(node as usize)?.next(before)
    }

    /// Whether a sign behind these bytes is no key of a message. What looks like one is noted.
    pub fn is_nothing(
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

    /// The steps from a root on to the keys of a message, whose signs were told apart before.
    #[cold]
    pub fn steps(&mut self, root: u32, message: &[u8], signs: &[u32]) -> Vec<Step> {
        let mut node = root;
        let step = |sign: &u32| {
            let before = message.get(..*sign as usize)?;
            let here = self.nodes.get_mut(node as usize)?;
            let next = here.next(before).filter(|next| *next != node)?;
            node = next;
            // What was found is the first now.
            here.steps.first().cloned()
        };
        signs.iter().filter_map(step).collect()
    }

    /// Notes what a message says that has these keys, from a root on.
    pub fn grow<'m>(
        &mut self,
        root: u32,
        keys: impl Iterator<Item = Option<&'m [u8]>>,
        reading: Reading,
    ) -> Option<()> {
        let mut node = root;
        for bytes in keys {
            let bytes = bytes?;
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

    /// A node that nothing leads to yet.
    pub fn add(&mut self) -> Option<u32> {
        let number = u32::try_from(self.nodes.len()).ok()?;
        self.nodes.push(Node::default());
        Some(number)
    }
}

impl Node {
    /// The node behind the key that these bytes end with.
    #[inline]
    fn next(&mut self, before: &[u8]) -> Option<u32> {
        let last = last(before);
        let (first, others) = self.steps.split_first_mut()?;
        if first.ends(last, before) {
            return Some(first.node);
        }
        let other = others.iter_mut().find(|step| step.ends(last, before))?;
        std::mem::swap(first, other);
        Some(first.node)
    }
}

#[inline]
fn last(bytes: &[u8]) -> u8x16 {
    u8x16::new(bytes.last_chunk().copied().unwrap_or_else(|| padded(bytes)))
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

/// What the bytes before a sign are, and how many of them matter.
pub(super) fn weigh(
    kind: Kind,
    message: &[u8],
    sign: usize,
    templates: &Templates,
) -> (Weight, Option<usize>) {
    let known = kind.into_iter().flat_map(|(group, _)| templates.of_group(group));
    cut::weigh(message, sign, known)
}
