//! The keys met so far: what each means, whether it stood in this line already, and which one usually follows it.
//!
//! Falco writes the keys of a rule's alerts in the same order each time, so the next key is mostly known before it is
//! looked at, and one comparison of its bytes is all it takes.

use super::texts::Column;
use crate::decode::rename;
use wide::u8x16;

/// What an output field is wanted for: its column, and its number among those that somebody asks for. One number, so that
/// the many fields that nobody wants are passed with one comparison.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Want(u16);

impl Want {
    fn column_of(key: &[u8]) -> Self {
        Self(Column::of(key).map_or(0, |column| column as u16 + 1))
    }

    fn asked_as(self, number: u8) -> Self {
        Self(self.0 & 0xff | (u16::from(number) + 1) << 8)
    }

    #[inline]
    pub fn is_none(self) -> bool {
        self.0 == 0
    }

    /// The number of its column, of [`Column::COUNT`].
    pub fn column(self) -> Option<usize> {
        usize::from(self.0 & 0xff).checked_sub(1)
    }

    pub fn asked(self) -> Option<usize> {
        usize::from(self.0 >> 8).checked_sub(1)
    }
}

/// The keys of a record itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Member {
    Output,
    Priority,
    Rule,
    Time,
    Source,
    Hostname,
    Tags,
    Fields,
    Uuid,
}

/// What keys of one kind mean.
pub(super) trait Meaning: Copy {
    /// What a key means that was not met before; `None` when a line with it must be read with care.
    fn of_key(key: &[u8]) -> Option<Self>;
}

impl Meaning for Want {
    fn of_key(key: &[u8]) -> Option<Self> {
        is_plain(key).then(|| Self::column_of(key))
    }
}

impl Keys<Want> {
    /// Learns, before any line is read, which fields are asked for.
    pub fn ask<'k>(&mut self, keys: impl Iterator<Item = &'k str>) {
        for (name, number) in keys.zip(0..) {
            self.begin();
            // A line with a key that is not plain is read with care.
            if let Some((_, last)) = self.find(name.as_bytes(), Last::default())
                && let Some(key) = self.keys.get_mut(usize::from(last.number))
            {
                key.meaning = key.meaning.asked_as(number);
            }
        }
    }
}

impl Meaning for Member {
    fn of_key(key: &[u8]) -> Option<Self> {
        Some(match key {
            b"output" => Self::Output,
            b"priority" => Self::Priority,
            b"rule" => Self::Rule,
            b"time" => Self::Time,
            b"source" => Self::Source,
            b"hostname" => Self::Hostname,
            b"tags" => Self::Tags,
            b"output_fields" => Self::Fields,
            b"uuid" => Self::Uuid,
            _ => return None,
        })
    }
}

/// Places in the table; half of them may be taken.
const PLACES: usize = 1024;
/// No key.
const NONE: u16 = u16::MAX;
/// Keys that are tried behind each.
const WAYS: usize = 3;
/// Bytes of a key with the comma before it, its quotes and its colon that are compared at once.
const PATTERN: usize = 32;

/// A table of keys, each in a place of its own.
#[derive(Debug)]
pub(super) struct Keys<M> {
    places: Vec<u16>,
    keys: Vec<Key<M>>,
    names: Vec<Box<[u8]>>,
    /// The key that an object began with last.
    first: u16,
    /// The line that is being read.
    line: u64,
}

/// The key passed last in an object; none at its beginning.
#[derive(Clone, Copy, Debug)]
pub(super) struct Last {
    number: u16,
    /// The key that came behind it last.
    next: u16,
}

impl Default for Last {
    fn default() -> Self {
        Self { number: NONE, next: NONE }
    }
}

/// What a key is known by at a glance, in one line of a processor's cache.
#[derive(Debug)]
#[repr(align(64))]
struct Key<M> {
    /// `,"name":` and what is left of its room.
    pattern: [u8; PATTERN],
    /// The bits of a comparison that must be set.
    mask: u32,
    len: u32,
    /// The line it stood in last.
    line: u64,
    meaning: M,
    /// The keys that came behind it last, the newest first: they differ from rule to rule.
    next: [u16; WAYS],
}

impl<M> Default for Keys<M> {
    fn default() -> Self {
        Self {
            places: vec![NONE; PLACES],
            keys: Vec::new(),
            names: Vec::new(),
            first: NONE,
            line: 0,
        }
    }
}

impl<M> Key<M> {
    /// Whether it stands here, behind its comma.
    #[inline]
    fn is_at(&self, here: &[u8; PATTERN]) -> bool {
        self.same(here) & self.mask == self.mask
    }

    /// Whether it stands here, behind any byte.
    #[inline]
    fn is_behind(&self, here: &[u8; PATTERN]) -> bool {
        (self.same(here) | 1) & self.mask == self.mask
    }

    /// One bit for each byte that is as in its pattern.
    #[inline]
    fn same(&self, here: &[u8; PATTERN]) -> u32 {
        let (here, there) = (here.as_chunks::<16>().0, self.pattern.as_chunks::<16>().0);
        let ([here_1, here_2], [there_1, there_2]) = (here, there) else { return 0 };
        let same = |a: &[u8; 16], b: &[u8; 16]| u8x16::new(*a).simd_eq(u8x16::new(*b)).to_bitmask();
        same(here_1, there_1) | same(here_2, there_2) << 16
    }

    /// Notes that it, which is the one with this number, stands in a line; refuses the second time.
    #[inline]
    fn pass(&mut self, number: u16, line: u64) -> Option<Last> {
        if self.line == line {
            return None;
        }
        self.line = line;
        Some(Last { number, next: self.next[0] })
    }
}

impl<M: Meaning> Keys<M> {
    /// Begins a line.
    pub fn begin(&mut self) {
        self.line += 1;
    }

    /// The key behind the comma that stands here, when it is one of those that mostly come now: what it means, and its
    /// length with comma, quotes and colon. Refuses one that stood in this line already.
    #[expect(
        clippy::inline_always,
        reason = "the innermost step: a call of it is a tenth of the whole"
    )]
    #[inline(always)]
    pub fn expected(&mut self, bytes: &[u8], last: Last) -> Option<(M, usize, Last)> {
        let here = bytes.first_chunk::<PATTERN>()?;
        let (mut number, line) = (last.next, self.line);
        let key = match self.keys.get_mut(usize::from(number)) {
            Some(key) if key.is_at(here) => key,
            _ => {
                number = self.less_expected(here, last)?;
                self.keys.get_mut(usize::from(number))?
            }
        };
        let last = key.pass(number, line)?;
        Some((key.meaning, key.len as usize, last))
    }

    /// The first key of the object whose brace stands here, when it is the one that another began with before: what it
    /// means, and its length with brace, quotes and colon.
    #[inline]
    pub fn first(&mut self, bytes: &[u8]) -> Option<(M, usize, Last)> {
        let here = bytes.first_chunk::<PATTERN>()?;
        let (number, line) = (self.first, self.line);
        let key = self.keys.get_mut(usize::from(number))?;
        if here[0] != b'{' || !key.is_behind(here) {
            return None;
        }
        let last = key.pass(number, line)?;
        Some((key.meaning, key.len as usize, last))
    }

    /// The key behind the comma that stands here, when it is one of those that came behind the last one earlier.
    #[inline(never)]
    fn less_expected(&mut self, here: &[u8; PATTERN], last: Last) -> Option<u16> {
        if here[0] != b',' {
            return None;
        }
        let [_, others @ ..] = self.keys.get(usize::from(last.number))?.next;
        let stands =
            |number: &u16| self.keys.get(usize::from(*number)).is_some_and(|key| key.is_at(here));
        let number = others.into_iter().find(stands)?;
        self.came(number, last);
        Some(number)
    }

    /// Notes which key came behind the last one, or first.
    fn came(&mut self, number: u16, last: Last) {
        if last.number == NONE {
            self.first = number;
        }
        if let Some(last) = self.keys.get_mut(usize::from(last.number)) {
            let at = last.next.iter().position(|next| *next == number).unwrap_or(WAYS - 1);
            if let Some(known) = last.next.get_mut(..=at) {
                known.rotate_right(1);
            }
            if let Some(first) = last.next.first_mut() {
                *first = number;
            }
        }
    }

    /// What a key means; refuses keys that stood in this line already, and those whose line must be read with care.
    pub fn find(&mut self, name: &[u8], last: Last) -> Option<(M, Last)> {
        let mut place = hash(name) % PLACES;
        let number = loop {
            let number = *self.places.get(place)?;
            match self.names.get(usize::from(number)) {
                Some(known) if **known == *name => break number,
                Some(_) => place = (place + 1) % PLACES,
                None => {
                    let number = self.add(name)?;
                    *self.places.get_mut(place)? = number;
                    break number;
                }
            }
        };
        self.came(number, last);
        let key = self.keys.get_mut(usize::from(number))?;
        let last = key.pass(number, self.line)?;
        Some((key.meaning, last))
    }

    fn add(&mut self, name: &[u8]) -> Option<u16> {
        if self.keys.len() >= PLACES / 2 {
            return None;
        }
        let meaning = M::of_key(name)?;
        // A name that is too long stands nowhere: no valid text holds this byte.
        let (mut pattern, mut mask) = ([0xff; PATTERN], u32::MAX);
        let len = name.len() + 4;
        if let Some(room) = pattern.get_mut(..len) {
            let mut bytes = [b",\"", name, b"\":"].into_iter().flatten();
            room.fill_with(|| bytes.next().copied().unwrap_or(0));
            mask >>= PATTERN - len;
        }
        let number = u16::try_from(self.keys.len()).ok()?;
        let len = u32::try_from(len).ok()?;
        self.keys.push(Key { pattern, mask, len, line: 0, meaning, next: [NONE; WAYS] });
        self.names.push(name.into());
        Some(number)
    }
}

/// A name that the careful decoder takes as it stands: without escapes, and not one that a forwarder changed.
fn is_plain(name: &[u8]) -> bool {
    str::from_utf8(name).is_ok_and(|name| {
        name.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\'))
            && !rename::looks_changed(name)
    })
}

fn hash(name: &[u8]) -> usize {
    let word = |bytes: Option<&[u8; 8]>| bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes));
    let (first, last) = (word(name.first_chunk()), word(name.last_chunk()));
    let short = if name.len() < 8 {
        name.iter().fold(0, |sum, byte| sum * 31 + u64::from(*byte))
    } else {
        0
    };
    let mixed = (first ^ last.rotate_left(23) ^ short ^ name.len() as u64)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15);
    usize::try_from(mixed >> 50).unwrap_or(0)
}
