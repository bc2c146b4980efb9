//! Which groups stand where: the flattened tree, sorted once and then kept still until nobody looks.

use super::Ground;
use crate::model::{AlertId, Level, Priority};
use crate::store::{Grouping, Node, NodeId, Stat};
use rustc_hash::FxHashMap;
use std::cmp::Reverse;

/// How groups are sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// By assessment, then by Falco's priority, then latest first.
    #[default]
    Urgency,
    Time,
    Count,
}

impl Sort {
    pub fn name(self) -> &'static str {
        match self {
            Self::Urgency => "urgency",
            Self::Time => "time",
            Self::Count => "count",
        }
    }

    pub fn next(self) -> Self {
        match self {
            Self::Urgency => Self::Time,
            Self::Time => Self::Count,
            Self::Count => Self::Urgency,
        }
    }
}

/// One group of the flattened tree, with its alerts when it is unfolded.
#[derive(Clone, Debug)]
pub struct Entry {
    /// `None` for the one list of all alerts when they are not grouped.
    pub node: Option<NodeId>,
    pub depth: usize,
    /// Its row, counted from the top of the list.
    pub start: usize,
    /// Newest first; empty when it is folded or holds groups.
    pub ids: Vec<AlertId>,
}

impl Entry {
    /// Rows it takes: its own, if it is a group, and those of its alerts.
    pub fn height(&self) -> usize {
        usize::from(self.node.is_some()) + self.ids.len()
    }
}

/// Choices of what is unfolded, and when each group was placed.
#[derive(Clone, Debug, Default)]
pub struct Order {
    pub sort: Sort,
    /// What a person folded (`false`) or unfolded (`true`).
    pub open: FxHashMap<NodeId, bool>,
    /// The latest time of a group when it was placed: equals keep their places while alerts pour in.
    placed: Vec<Option<Placed>>,
}

/// When a group was placed, the time of its latest alert.
type Placed = Option<i64>;

impl Order {
    /// Whether a group shows what is in it.
    pub fn is_open(&self, id: NodeId, node: &Node) -> bool {
        self.open
            .get(&id)
            .copied()
            .unwrap_or_else(|| !node.children.is_empty() && urgency(&node.stat) >= Level::Medium)
    }

    /// Forgets where groups stood, so that the next order is fresh.
    pub fn forget(&mut self) {
        self.placed.clear();
    }

    /// The latest time of a group when it was placed, which is now unless it was before.
    fn placed(&mut self, id: NodeId, last: Placed) -> Placed {
        let at = id.0 as usize;
        if self.placed.len() <= at {
            self.placed.resize(at + 1, None);
        }
        self.placed.get_mut(at).map_or(last, |placed| *placed.get_or_insert(last))
    }

    /// Flattens and sorts the tree.
    pub fn entries(&mut self, ground: &Ground<'_>) -> Vec<Entry> {
        let mut entries = Vec::new();
        if ground.tree.grouping() == Grouping::Flat {
            entries.push(Entry { node: None, depth: 0, start: 0, ids: by_time(ground) });
            return entries;
        }
        let roots = ground.tree.roots().to_vec();
        self.flatten(ground, &roots, 0, &mut entries);
        let mut start = 0;
        for entry in &mut entries {
            entry.start = start;
            start += entry.height();
        }
        entries
    }

    fn flatten(
        &mut self,
        ground: &Ground<'_>,
        ids: &[NodeId],
        depth: usize,
        entries: &mut Vec<Entry>,
    ) {
        let mut nodes: Vec<(NodeId, &Node)> = ids
            .iter()
            .filter_map(|id| ground.tree.node(*id).map(|node| (*id, node)))
            .filter(|(_, node)| node.stat.count > 0)
            .collect();
        match self.sort {
            Sort::Urgency => nodes.sort_by_cached_key(|(id, node)| {
                let last = self.placed(*id, node.stat.last);
                let priority = node.stat.priority.map_or(u8::MAX, |priority| priority as u8);
                // What Falco says of itself is no detection.
                (
                    ground.is_internal(node),
                    Reverse(urgency(&node.stat)),
                    priority,
                    Reverse(last),
                    *id,
                )
            }),
            Sort::Time => nodes.sort_by_key(|(id, node)| (Reverse(node.stat.last), *id)),
            Sort::Count => nodes.sort_by_key(|(id, node)| (Reverse(node.stat.count), *id)),
        }
        for (id, node) in nodes {
            let open = self.is_open(id, node);
            let ids =
                if open && node.children.is_empty() { ground.alerts_of(id) } else { Vec::new() };
            entries.push(Entry { node: Some(id), depth, start: 0, ids });
            if open && !node.children.is_empty() {
                self.flatten(ground, &node.children, depth + 1, entries);
            }
        }
    }
}

/// The level of a group: as assessed, or what Falco's priority starts from while nothing was assessed.
pub fn urgency(stat: &Stat) -> Level {
    stat.level.unwrap_or_else(|| start(stat.priority))
}

/// What an assessment starts from. A priority that is missing or unknown sorts high: somebody must look.
pub fn start(priority: Option<Priority>) -> Level {
    match priority {
        Some(Priority::Emergency | Priority::Alert | Priority::Critical) => Level::Critical,
        Some(Priority::Error) | None => Level::High,
        Some(Priority::Warning) => Level::Medium,
        Some(Priority::Notice) => Level::Low,
        Some(Priority::Informational | Priority::Debug) => Level::Benign,
    }
}

/// All alerts, latest event first; those without a time come first, for they are odd.
fn by_time(ground: &Ground<'_>) -> Vec<AlertId> {
    let mut timed: Vec<(Option<i64>, AlertId)> = if let Some(ids) = ground.matches {
        ids.iter().map(|id| (ground.store.row(*id).and_then(|row| row.nanos), *id)).collect()
    } else {
        let end = u32::try_from(ground.store.len()).unwrap_or(u32::MAX);
        (0..end)
            .map(AlertId)
            .map(|id| (ground.store.row(id).and_then(|row| row.nanos), id))
            .collect()
    };
    timed.sort_by_key(|(nanos, id)| (nanos.is_some(), Reverse(*nanos), Reverse(*id)));
    timed.into_iter().map(|(_, id)| id).collect()
}
