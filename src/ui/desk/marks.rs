//! The rows that the next decision is about.

use crate::ui::pane::groups::Pick;
use rustc_hash::FxHashSet;

/// Marked rows, in the order they were marked.
#[derive(Clone, Debug, Default)]
pub struct Marks {
    picks: Vec<Pick>,
    all: FxHashSet<Pick>,
    /// The row where a range begins.
    pub anchor: Option<Pick>,
}

impl Marks {
    pub fn is_empty(&self) -> bool {
        self.picks.is_empty()
    }

    pub fn len(&self) -> usize {
        self.picks.len()
    }

    pub fn has(&self, pick: Pick) -> bool {
        self.all.contains(&pick)
    }

    pub fn all(&self) -> &[Pick] {
        &self.picks
    }

    pub fn toggle(&mut self, pick: Pick) {
        if self.all.remove(&pick) {
            self.picks.retain(|other| *other != pick);
        } else {
            self.add([pick]);
        }
    }

    pub fn add(&mut self, picks: impl IntoIterator<Item = Pick>) {
        for pick in picks {
            if self.all.insert(pick) {
                self.picks.push(pick);
            }
        }
    }

    /// Takes all marks away; says whether there were any.
    pub fn clear(&mut self) -> bool {
        let had = !self.picks.is_empty() || self.anchor.is_some();
        *self = Self::default();
        had
    }
}
