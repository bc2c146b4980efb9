//! What nobody has looked at yet, group by group, and how much of it is out of sight.
//!
//! Groups may be a hundred thousand and alerts may pour in: what is said of all groups together is counted at most a few
//! times a second then, and never while drawing.

use super::order::Entry;
use crate::store::{NodeId, Tree};
use jiff::Timestamp;
use std::ops::Range;

/// As many groups are counted after every message.
const FEW: usize = 2048;
/// More are counted this often, in milliseconds.
const AGAIN: i64 = 250;

/// How many alerts of each group were there when somebody last looked at it.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// By the group's number.
    counts: Vec<u32>,
    /// Alerts with a lower number are not new; `None` while what was there at the start is being read.
    old_before: Option<u32>,
}

impl Seen {
    /// What was there at the start was read: alerts from this number on are new.
    pub fn begin(&mut self, old_before: usize) {
        self.old_before = Some(u32::try_from(old_before).unwrap_or(u32::MAX));
    }

    pub fn has_begun(&self) -> bool {
        self.old_before.is_some()
    }

    /// Nothing of any group was looked at.
    pub fn clear(&mut self) {
        self.counts.clear();
    }

    /// So many alerts of a group were looked at.
    pub fn set(&mut self, id: NodeId, count: u32) {
        let at = id.0 as usize;
        if self.counts.len() <= at {
            self.counts.resize(at + 1, 0);
        }
        if let Some(seen) = self.counts.get_mut(at) {
            *seen = count;
        }
    }

    /// One more alert of a group was looked at.
    pub fn add(&mut self, id: NodeId) {
        self.set(id, self.of(id) + 1);
    }

    /// All that is in the tree was looked at.
    pub fn set_all(&mut self, tree: &Tree) {
        self.counts = tree.iter().map(|(_, node)| node.stat.count).collect();
    }

    /// Groups that are empty now: what comes back to them is new.
    pub fn forget_empty(&mut self, tree: &Tree) {
        for ((_, node), seen) in tree.iter().zip(&mut self.counts) {
            if node.stat.count == 0 {
                *seen = 0;
            }
        }
    }

    fn of(&self, id: NodeId) -> u32 {
        self.counts.get(id.0 as usize).copied().unwrap_or(0)
    }

    /// How many alerts of a group nobody has looked at yet.
    pub fn fresh(&self, id: NodeId, tree: &Tree) -> u32 {
        let Some(node) = tree.node(id) else { return 0 };
        // Before the start was read nothing is new; a group that a filter made has old alerts too.
        let Some(old_before) = self.old_before else { return 0 };
        if node.stat.newest.0 < old_before {
            return 0;
        }
        if node.children.is_empty() {
            let most = (node.stat.newest.0 + 1).saturating_sub(old_before);
            return node.stat.count.saturating_sub(self.of(id)).min(most);
        }
        node.children.iter().map(|child| self.fresh(*child, tree)).sum()
    }

    /// Groups (innermost) with alerts that nobody has looked at yet.
    pub fn n_fresh(&self, tree: &Tree) -> usize {
        let is_leaf = |id| tree.node(id).is_some_and(|node| node.children.is_empty());
        // Without a start nothing is new, and no group has to be asked.
        let groups = tree.iter().filter(|_| self.has_begun());
        groups.filter(|(id, _)| is_leaf(*id) && self.fresh(*id, tree) > 0).count()
    }
}

/// New alerts that are not in sight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Aside {
    pub above: u32,
    pub below: u32,
    /// In groups that have no row yet.
    pub waiting: u32,
}

/// What is said of all groups together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Innermost groups with alerts.
    pub n_groups: usize,
    /// Of these, the ones with alerts that nobody has looked at yet.
    pub n_fresh: usize,
    pub aside: Aside,
}

/// A tally with what it was made for: a person's move makes it anew at once, alerts when it is due.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tallied {
    pub tally: Tally,
    /// The cursor, the first and the end of the rows in sight, how many groups have rows.
    made_for: (Option<super::Pick>, usize, usize, usize),
    made_at: Timestamp,
}

impl Tallied {
    /// Counts again where it must be; `n_placed` groups have rows.
    pub fn count(
        &mut self,
        seen: &Seen,
        (tree, entries): (&Tree, &[Entry]),
        (pick, in_sight, n_placed): (Option<super::Pick>, Range<usize>, usize),
        now: Timestamp,
    ) {
        let made_for = (pick, in_sight.start, in_sight.end, n_placed);
        let since = now.as_millisecond() - self.made_at.as_millisecond();
        if n_placed > FEW && made_for == self.made_for && (0..AGAIN).contains(&since) {
            return;
        }
        (self.made_for, self.made_at) = (made_for, now);
        self.tally = Tally {
            n_groups: tree.n_leaves(),
            n_fresh: seen.n_fresh(tree),
            aside: aside(seen, tree, entries, &in_sight, n_placed),
        };
    }
}

fn aside(
    seen: &Seen,
    tree: &Tree,
    entries: &[Entry],
    in_sight: &Range<usize>,
    n_placed: usize,
) -> Aside {
    let mut aside = Aside::default();
    if !seen.has_begun() {
        return aside;
    }
    for (position, entry) in entries.iter().enumerate() {
        let Some(id) = entry.node else { continue };
        let leads = entries.get(position + 1).is_some_and(|next| next.depth > entry.depth);
        if leads {
            continue;
        }
        let side = if entry.start < in_sight.start {
            &mut aside.above
        } else if entry.start >= in_sight.end {
            &mut aside.below
        } else {
            continue;
        };
        *side += seen.fresh(id, tree);
    }
    let later = tree.iter().skip(n_placed).filter(|(_, node)| node.children.is_empty());
    aside.waiting = later.map(|(id, _)| seen.fresh(id, tree)).sum();
    aside
}
