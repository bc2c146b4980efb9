//! Texts known by their hashes, and the longest of them that stands at a place in a message.
//!
//! The first bytes decide whether more is looked at; what was found a moment ago is compared before anything is hashed.

use super::{FNV_START, Group, LONGEST, SHORTEST, WORDS, fnv_on};
use rustc_hash::FxHashMap;

/// The part of a message in which texts are looked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Near<'a> {
    bytes: &'a [u8],
    is_whole: bool,
}

impl<'a> Near<'a> {
    pub fn of(message: &'a [u8]) -> Self {
        let n_near = message.len().min(WORDS + LONGEST + 1);
        let bytes = message.get(..n_near).unwrap_or_default();
        Self { bytes, is_whole: n_near == message.len() }
    }

    /// Whether a word ends here.
    #[inline]
    fn ends_word(self, end: usize) -> bool {
        match self.bytes.get(end) {
            Some(byte) => matches!(byte, b' ' | b'(' | b':' | b',' | b'.' | b'|'),
            None => self.is_whole && end == self.bytes.len(),
        }
    }
}

/// Texts of at least `N` bytes, by their hashes.
#[derive(Debug)]
pub(super) struct Texts<const N: usize> {
    groups: FxHashMap<u64, u32>,
    /// By the hash of the first bytes: which lengths such texts have.
    lengths: FxHashMap<u32, Lengths>,
    /// A bit for each hash of first bytes, by its last bits: mostly it says no at once.
    bits: [u64; 64],
}

/// Lengths up to [`LONGEST`], a bit for each.
#[derive(Clone, Copy, Debug, Default)]
struct Lengths([u64; 4]);

impl Lengths {
    fn add(&mut self, n_bytes: usize) {
        if let Some(bits) = self.0.get_mut(n_bytes / 64) {
            *bits |= 1 << (n_bytes % 64);
        }
    }

    /// The next length from `least` on.
    #[inline]
    fn next(self, least: usize) -> Option<usize> {
        let (n, below) = (least / 64, least % 64);
        let bits = self.0.get(n)? & (u64::MAX << below);
        if bits != 0 {
            return Some(n * 64 + bits.trailing_zeros() as usize);
        }
        let rest = self.0.get(n + 1..)?;
        let (more, bits) = rest.iter().enumerate().find(|(_, bits)| **bits != 0)?;
        Some((n + 1 + more) * 64 + bits.trailing_zeros() as usize)
    }
}

impl<const N: usize> Texts<N> {
    pub fn new() -> Self {
        Self { groups: FxHashMap::default(), lengths: FxHashMap::default(), bits: [0; 64] }
    }

    /// Notes a text; gives the number of those that are the same, which is `next` for a new one. `None` when it is too long
    /// or too short.
    pub fn add(&mut self, start: u32, n_bytes: usize, hash: u64, next: usize) -> Option<usize> {
        if !(N..=LONGEST).contains(&n_bytes) {
            return None;
        }
        self.lengths.entry(start).or_default().add(n_bytes);
        if let Some(bits) = self.bits.get_mut(start as usize / 64 % 64) {
            *bits |= 1 << (start % 64);
        }
        let group = self.groups.entry(hash).or_insert(u32::try_from(next).ok()?);
        Some(*group as usize)
    }

    /// Whether a text may begin with these bytes, of which `N` are looked at.
    #[inline]
    pub fn may_begin(&self, first: [u8; 8]) -> bool {
        let start = hash_of::<N>(u64::from_le_bytes(first));
        self.bits.get(start as usize / 64 % 64).is_some_and(|bits| bits & 1 << (start % 64) != 0)
    }

    /// The longest text that stands here and ends where a word does.
    pub fn group(&self, near: Near<'_>, from: usize, met: &mut Recent) -> Option<Group> {
        let text = near.bytes.get(from..)?;
        let start = start::<N>(text)?;
        if self.bits.get(start as usize / 64 % 64)? & 1 << (start % 64) == 0 {
            return None;
        }
        self.longest(near, from, *self.lengths.get(&start)?, met)
    }

    #[inline(never)]
    fn longest(
        &self,
        near: Near<'_>,
        from: usize,
        lengths: Lengths,
        met: &mut Recent,
    ) -> Option<Group> {
        let text = printed(near.bytes.get(from..)?);
        let known = met.at(text).filter(|met| near.ends_word(from + met.text.len()));
        let (mut hash, mut n_hashed) = (FNV_START, 0);
        let mut longest = None;
        if let Some(known) = known {
            (hash, n_hashed) = (known.hash, known.text.len());
            longest = Some((n_hashed, hash, known.group));
        }
        let is_new = known.is_none();
        let mut least = (n_hashed + 1).max(SHORTEST);
        while let Some(length) = lengths.next(least).filter(|length| *length <= text.len()) {
            least = length + 1;
            if !near.ends_word(from + length) {
                continue;
            }
            // What lies between is hashed only on the way there.
            hash = fnv_on(hash, text.get(n_hashed..length).unwrap_or_default());
            n_hashed = length;
            if let Some(group) = self.groups.get(&hash) {
                longest = Some((length, hash, *group));
            }
        }
        let (length, hash, group) = longest?;
        if is_new {
            met.note(text, length, hash, group);
        }
        Some(Group(group))
    }
}

/// The part of a message in which a text may end that begins here: no text goes beyond ` (` or ` | `.
fn printed(message: &[u8]) -> &[u8] {
    let text = message.get(..message.len().min(LONGEST)).unwrap_or_default();
    let ends = |at: &usize| {
        text.get(at - 1..at + 2).is_some_and(|near| matches!(near, [b' ', b'(', _] | b" | "))
    };
    let mut signs = memchr::memchr2_iter(b'(', b'|', text).filter(|at| *at > 0);
    signs.find(ends).map_or(text, |at| text.get(..at - 1).unwrap_or_default())
}

/// A hash of the first `N` bytes, at most eight.
#[inline]
pub(super) fn start<const N: usize>(bytes: &[u8]) -> Option<u32> {
    let first = bytes.get(..N)?;
    Some(hash_of::<N>(first.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte))))
}

#[inline]
fn hash_of<const N: usize>(first: u64) -> u32 {
    let first = first & (u64::MAX >> (64 - 8 * N));
    (first.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as u32
}

/// Texts that were found a moment ago. An empty one notes nothing.
#[derive(Debug, Default)]
pub(in crate::decode) struct Met {
    pub(super) beginnings: Recent,
    pub(super) middles: Recent,
}

impl Met {
    /// For many messages.
    pub fn new() -> Self {
        let room = || Recent(std::iter::repeat_with(|| None).take(PLACES).collect());
        Self { beginnings: room(), middles: room() }
    }
}

/// Texts that are kept of each kind; a power of two.
const PLACES: usize = 128;

/// Found texts of one kind, each in a place by its first bytes.
#[derive(Debug, Default)]
pub(super) struct Recent(Vec<Option<Text>>);

#[derive(Debug)]
struct Text {
    text: Box<[u8]>,
    hash: u64,
    group: u32,
}

impl Recent {
    fn place(text: &[u8]) -> usize {
        let (first, second) = text.split_first_chunk::<8>().unwrap_or((&[0; 8], &[]));
        let second = second.first_chunk::<8>().unwrap_or(&[0; 8]);
        let words = u64::from_le_bytes(*first) ^ u64::from_le_bytes(*second).rotate_left(29);
        usize::try_from(words.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40).unwrap_or(0) % PLACES
    }

    /// The text that stands here, if it was found a moment ago.
    fn at(&self, text: &[u8]) -> Option<&Text> {
        let known = self.0.get(Self::place(text))?.as_ref()?;
        text.starts_with(&known.text).then_some(known)
    }

    fn note(&mut self, text: &[u8], length: usize, hash: u64, group: u32) {
        if let (Some(place), Some(text)) = (self.0.get_mut(Self::place(text)), text.get(..length)) {
            *place = Some(Text { text: text.into(), hash, group });
        }
    }
}
