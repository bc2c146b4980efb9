//! The members of an object: the last of two equal keys wins, in constant time a key however many there are.

use crate::model::Value;
use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
};

/// Up to so many members a plain search is the fastest.
const FEW: usize = 24;

#[derive(Default)]
pub(super) struct Members {
    list: Vec<(Box<str>, Value)>,
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
            return self.list.iter().position(|(name, _)| **name == *key);
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

    pub fn into_list(self) -> Vec<(Box<str>, Value)> {
        self.list
    }
}
