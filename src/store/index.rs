//! Numbers found by what they stand for, in eight bytes each: the things themselves lie elsewhere, once.

/// An open-addressed table of numbers, kept at most half full. Whoever asks compares.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    /// The hash above, the number and one below; 0 where nothing is. A power of two of them.
    slots: Vec<u64>,
    n_taken: usize,
}

impl Index {
    /// The number under a hash that is the right one.
    #[inline]
    pub fn find(&self, hash: u32, mut is_it: impl FnMut(u32) -> bool) -> Option<u32> {
        let mask = self.slots.len().checked_sub(1)?;
        let mut at = hash as usize & mask;
        loop {
            let slot = *self.slots.get(at)?;
            let (found, number) = parts(slot);
            let number = number.checked_sub(1)?;
            if found == hash && is_it(number) {
                return Some(number);
            }
            at = (at + 1) & mask;
        }
    }

    /// Notes a number that was not found.
    pub fn insert(&mut self, hash: u32, number: u32) {
        if (self.n_taken + 1) * 2 > self.slots.len() {
            self.grow();
        }
        self.n_taken += 1;
        put(&mut self.slots, hash, u64::from(hash) << 32 | (u64::from(number) + 1));
    }

    pub fn clear(&mut self) {
        self.slots.fill(0);
        self.n_taken = 0;
    }

    fn grow(&mut self) {
        let more = vec![0; (self.slots.len() * 2).max(64)];
        for slot in std::mem::replace(&mut self.slots, more) {
            if slot != 0 {
                put(&mut self.slots, parts(slot).0, slot);
            }
        }
    }
}

fn put(slots: &mut [u64], hash: u32, slot: u64) {
    let mask = slots.len().saturating_sub(1);
    let mut at = hash as usize & mask;
    while let Some(place) = slots.get_mut(at) {
        if *place == 0 {
            *place = slot;
            return;
        }
        at = (at + 1) & mask;
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the two halves of a slot")]
fn parts(slot: u64) -> (u32, u32) {
    ((slot >> 32) as u32, slot as u32)
}

/// Numbers of pairs of numbers, in the order in which the pairs were met.
#[derive(Clone, Debug, Default)]
pub(super) struct Pairs {
    /// A pair and one more than its number, 0 where nothing is: in one place, so that finding it is one look into memory.
    /// A power of two of them, kept at most half full.
    slots: Vec<((u32, u32), u32)>,
    n_taken: u32,
}

impl Pairs {
    /// How many pairs were met.
    pub fn len(&self) -> usize {
        self.n_taken as usize
    }

    #[inline]
    pub fn find(&self, pair: (u32, u32)) -> Option<u32> {
        let mask = self.slots.len().checked_sub(1)?;
        let mut at = mix(pair) as usize & mask;
        loop {
            let (known, number) = *self.slots.get(at)?;
            let number = number.checked_sub(1)?;
            if known == pair {
                return Some(number);
            }
            at = (at + 1) & mask;
        }
    }

    /// Looks at the place of a pair, so that it is near; gives nothing that means anything.
    pub fn touch(&self, pair: (u32, u32)) -> u32 {
        let mask = self.slots.len().saturating_sub(1);
        self.slots.get(mix(pair) as usize & mask).map_or(0, |slot| slot.1)
    }

    /// Numbers a pair that was not found.
    pub fn add(&mut self, pair: (u32, u32)) -> u32 {
        if self.len() * 2 >= self.slots.len() {
            let more = vec![((0, 0), 0); (self.slots.len() * 2).max(64)];
            for (pair, number) in std::mem::replace(&mut self.slots, more) {
                if number != 0 {
                    self.put(pair, number);
                }
            }
        }
        self.n_taken += 1;
        self.put(pair, self.n_taken);
        self.n_taken - 1
    }

    pub fn clear(&mut self) {
        self.slots.fill(((0, 0), 0));
        self.n_taken = 0;
    }

    fn put(&mut self, pair: (u32, u32), number: u32) {
        let mask = self.slots.len().saturating_sub(1);
        let mut at = mix(pair) as usize & mask;
        while let Some(slot) = self.slots.get_mut(at) {
            if slot.1 == 0 {
                *slot = (pair, number);
                return;
            }
            at = (at + 1) & mask;
        }
    }
}

/// A hash of two numbers.
fn mix((a, b): (u32, u32)) -> u32 {
    ((u64::from(a) | u64::from(b) << 32).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as u32
}

/// Texts behind numbers, one behind the other.
#[derive(Clone, Debug, Default)]
pub(super) struct Texts {
    bytes: Vec<u8>,
    /// Where each ends.
    ends: Vec<u32>,
    index: Index,
}

impl Texts {
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Bytes that all of them take.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    pub fn get(&self, number: u32) -> &[u8] {
        self.at(self.span(number))
    }

    /// Where the text of a number lies.
    pub fn span(&self, number: u32) -> (u32, u32) {
        let at = number as usize;
        let end = self.ends.get(at).copied().unwrap_or(0);
        (at.checked_sub(1).and_then(|at| self.ends.get(at)).copied().unwrap_or(0), end)
    }

    pub fn at(&self, (start, end): (u32, u32)) -> &[u8] {
        self.bytes.get(start as usize..end as usize).unwrap_or_default()
    }

    /// The number of a text, and whether it is new.
    #[inline]
    pub fn number(&mut self, hash: u32, text: &[u8]) -> (u32, bool) {
        if let Some(number) = self.index.find(hash, |number| self.get(number) == text) {
            return (number, false);
        }
        let number = u32::try_from(self.ends.len()).unwrap_or(u32::MAX);
        self.bytes.extend_from_slice(text);
        self.ends.push(u32::try_from(self.bytes.len()).unwrap_or(u32::MAX));
        self.index.insert(hash, number);
        (number, true)
    }

    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
        self.index.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    proptest! {
        #[test]
        fn pairs_are_numbered_as_by_a_map(all in prop::collection::vec((0..9_u32, 0..40_u32), 0..400)) {
            let mut pairs = Pairs::default();
            let mut plain = HashMap::new();
            for pair in all {
                let next = u32::try_from(plain.len()).unwrap();
                let expected = *plain.entry(pair).or_insert(next);
                prop_assert_eq!(pairs.find(pair), Some(expected).filter(|number| *number < next));
                if expected == next {
                    prop_assert_eq!(pairs.add(pair), next);
                }
                prop_assert_eq!(pairs.len(), plain.len());
            }
        }

        #[test]
        fn numbers_are_those_of_a_map(texts in prop::collection::vec("[a-c]{0,3}", 0..300), hashes in 1..5_u32) {
            let mut texts_by_number = Texts::default();
            let mut plain = HashMap::new();
            for text in &texts {
                let next = u32::try_from(plain.len()).unwrap();
                let expected = *plain.entry(text.clone()).or_insert(next);
                // Few hashes: most collide.
                let hash = u32::try_from(text.len()).unwrap() % hashes;
                let (number, is_new) = texts_by_number.number(hash, text.as_bytes());
                prop_assert_eq!((number, is_new), (expected, expected == next));
                prop_assert_eq!(texts_by_number.get(number), text.as_bytes());
            }
            prop_assert_eq!(texts_by_number.len(), plain.len());
        }
    }
}
