//! The members of an object: the last of two equal keys wins, in constant time a key however many there are.

use crate::model::Value;
use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
};

/// Up to so many members a plain search is the fastest: more than any rule of Falco's prints.
const FEW: usize = 64;
/// Room made at once: what most objects need.
const USUAL: usize = 16;

#[derive(Default)]
pub(super) struct Members {
    list: Vec<(Box<str>, Value)>,
    /// Of the first [`FEW`] keys, what tells most of them apart: looked through before any text is compared.
    marks: Vec<u32>,
    /// Places by the hash of the key, once there are many; keyed at random, since an attacker may choose the keys.
    places: HashMap<u64, Vec<u32>>,
    hasher: Option<RandomState>,
}

impl Members {
    /// Sets a key; says whether it stood there before.
    pub fn set(&mut self, key: Box<str>, value: Value) -> bool {
        if let Some(place) = self.place(&key) {
            if let Some((_, old)) = self.list.get_mut(place) {
                *old = value;
            }
            true
        } else {
            if self.list.is_empty() {
                self.list.reserve(USUAL);
                self.marks.reserve(USUAL);
            }
            if self.list.len() < FEW {
                self.marks.push(mark(&key));
            }
            if let Some(hasher) = &self.hasher
                && let Ok(place) = u32::try_from(self.list.len())
            {
                self.places.entry(hasher.hash_one(&key)).or_default().push(place);
            }
            self.list.push((key, value));
            false
        }
    }

    fn place(&mut self, key: &str) -> Option<usize> {
        if self.list.len() < FEW {
            let mark = mark(key);
            let alike = self.marks.iter().enumerate().filter(|(_, other)| **other == mark);
            return alike
                .map(|(place, _)| place)
                .find(|place| self.list.get(*place).is_some_and(|(name, _)| **name == *key));
        }
        let hasher = self.hasher.get_or_insert_with(RandomState::new);
        if self.places.is_empty() {
            for (place, (name, _)) in (0_u32..).zip(&self.list) {
                self.places.entry(hasher.hash_one(name)).or_default().push(place);
            }
        }
        let places = self.places.get(&hasher.hash_one(key))?;
        places
            .iter()
            .map(|place| *place as usize)
            .find(|place| self.list.get(*place).is_some_and(|(name, _)| **name == *key))
    }

    /// All of them, in the order in which their keys stood first.
    pub fn into_list(self) -> Vec<(Box<str>, Value)> {
        self.list
    }
}

/// The length of a key and its last bytes: names of one family begin alike.
fn mark(key: &str) -> u32 {
    let last = key.bytes().rev().take(3).fold(0_u32, |mark, byte| mark << 8 | u32::from(byte));
    last << 8 | u32::from(u8::try_from(key.len()).unwrap_or(u8::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn members_are_those_of_a_plain_list(keys in prop::collection::vec("[ab.]{0,4}[a-f]{0,2}", 0..200)) {
            let mut members = Members::default();
            let mut plain: Vec<(Box<str>, Value)> = Vec::new();
            for (at, key) in keys.iter().enumerate() {
                let value = Value::Number(at.to_string().into());
                let old = plain.iter_mut().find(|(name, _)| **name == **key);
                prop_assert_eq!(members.set(key.as_str().into(), value.clone()), old.is_some());
                match old {
                    Some((_, old)) => *old = value,
                    None => plain.push((key.as_str().into(), value)),
                }
            }
            prop_assert_eq!(members.into_list(), plain);
        }
    }
}
