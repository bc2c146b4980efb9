//! The list pane: groups of alerts as a tree.
//!
//! What must stay true: a row never moves while somebody looks. Counts change in place at once; new groups and a new
//! order wait until no key was pressed for three seconds, and even then the selected group keeps its line.

mod draw;
mod fresh;
mod order;

pub use draw::draw;
pub use fresh::Tally;
pub use order::{Sort, start, urgency};

use crate::model::{AlertId, Flag, Level};
use crate::store::{CellId, Node, NodeId, Store, Tree};
use crate::ui::desk::Desk;
use fresh::{Seen, Tallied};
use jiff::{SignedDuration, Timestamp};
use order::{Entry, Order};
use rustc_hash::FxHashMap;

/// How long after a key rows stay where they are, in seconds.
const LOOKING: i64 = 3;
/// So many alerts of a group are looked through for the worst one when the cursor comes to it.
const LOOKED_THROUGH: usize = 20_000;
/// What came under the cursor by itself nobody has begun to read so soon.
const UNREAD: SignedDuration = SignedDuration::from_secs(2);

/// What the list is drawn from: the store, or what a filter leaves of it.
#[derive(Clone, Copy)]
pub struct Ground<'a> {
    pub store: &'a Store,
    pub tree: &'a Tree,
    /// The alerts that meet the filter, in the order read; `None` without a filter.
    pub matches: Option<&'a [AlertId]>,
    /// Whether a filter is in force, besides the view.
    pub is_filtered: bool,
    pub desk: &'a Desk,
    /// Recognized identities by cell.
    pub known: &'a FxHashMap<CellId, String>,
    pub now: Timestamp,
}

impl Ground<'_> {
    /// Whether Falco speaks of itself in this group.
    fn is_internal(&self, node: &Node) -> bool {
        self.store.flags(node.stat.newest).has(Flag::Internal)
    }

    /// Whether the view and the filter leave an alert in the list.
    pub fn holds(&self, id: AlertId) -> bool {
        self.matches.is_none_or(|matches| matches.binary_search(&id).is_ok())
    }

    /// The alert that stands for a group: the newest of those that are as bad as the group is, as far as some are found
    /// soon; else the newest.
    pub fn chief(&self, id: NodeId) -> Option<AlertId> {
        let stat = &self.tree.node(id)?.stat;
        let level = |id: AlertId| self.store.row(id).and_then(|row| row.level);
        if stat.level.is_none() || level(stat.newest) == stat.level {
            return Some(stat.newest);
        }
        let mut n_left = LOOKED_THROUGH;
        let mut chief = None;
        for cell in self.tree.cells_under(id) {
            let mut next = self.store.newest_in(cell);
            while let Some(alert) = next.filter(|alert| n_left > 0 && Some(*alert) > chief) {
                n_left -= 1;
                if level(alert) == stat.level && self.holds(alert) {
                    chief = Some(alert);
                }
                next = self.store.previous(alert);
            }
        }
        chief.or(Some(stat.newest))
    }

    /// The alerts of a group, newest read first.
    pub fn alerts_of(&self, node: NodeId) -> Vec<AlertId> {
        let Some(matches) = self.matches else { return self.store.alerts_of(node) };
        let cells = self.tree.cells_under(node);
        let is_in = |id: &AlertId| self.store.row(*id).is_some_and(|row| cells.contains(&row.cell));
        matches.iter().rev().copied().filter(is_in).collect()
    }
}

/// What the cursor is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pick {
    Group(NodeId),
    /// An alert under its group; the group is `None` where alerts are not grouped.
    Alert(Option<NodeId>, AlertId),
}

/// The list's own state.
#[derive(Clone, Debug, Default)]
pub struct Groups {
    order: Order,
    entries: Vec<Entry>,
    pick: Option<Pick>,
    /// Where the pick stood last: looked at first, for long lists.
    row: usize,
    /// The first row in sight.
    offset: usize,
    /// Rows in sight.
    height: usize,
    seen: Seen,
    /// Groups that existed when the order was made: later ones have higher numbers.
    n_placed: usize,
    /// When a key was last pressed; `None` while nobody has touched anything.
    touched_at: Option<Timestamp>,
    /// No key was pressed since the list started over.
    is_untouched: bool,
    ordered_at: Timestamp,
    /// When the cursor came where it is by itself.
    picked_at: Timestamp,
    /// Alerts that were there when the order was made.
    n_alerts: usize,
    /// Levels have changed since the order was made.
    is_unsettled: bool,
    tallied: Tallied,
    pub sparks: draw::Sparks,
}

impl Groups {
    pub fn sort(&self) -> Sort {
        self.order.sort
    }

    pub fn pick(&self) -> Option<Pick> {
        self.pick
    }

    /// What is said of all groups together.
    pub fn tally(&self) -> Tally {
        self.tallied.tally
    }

    /// Rows in all.
    pub fn n_rows(&self) -> usize {
        self.entries.last().map_or(0, |entry| entry.start + entry.height())
    }

    pub fn offset(&self) -> usize {
        self.offset
    }

    /// Rows in sight.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Whether there are groups or alerts that the rows do not show yet.
    pub fn is_behind(&self, ground: &Ground<'_>) -> bool {
        self.is_unsettled || self.n_alerts != n_alerts(ground)
    }

    /// Levels have changed: the order may be another one now.
    pub fn unsettle(&mut self) {
        self.is_unsettled = true;
    }

    /// Somebody is there.
    pub fn touch(&mut self, now: Timestamp) {
        self.touched_at = Some(now);
        self.is_untouched = false;
    }

    /// Whether nobody has pressed a key since the list started over.
    pub fn is_untouched(&self) -> bool {
        self.is_untouched
    }

    /// Whether somebody looks at the rows, so that they must not move.
    pub fn is_held(&self, now: Timestamp) -> bool {
        self.touched_at.is_some_and(|at| now.as_second() - at.as_second() < LOOKING)
    }

    /// The alert whose detail belongs to the cursor: the selected one, or the one that stands for the group.
    pub fn target(&self, ground: &Ground<'_>) -> Option<AlertId> {
        match self.pick? {
            Pick::Group(node) => ground.chief(node),
            Pick::Alert(_, id) => Some(id),
        }
    }

    /// Whether nobody has moved the cursor to where it is.
    pub fn is_unread(&self) -> bool {
        self.touched_at.is_none() || self.is_untouched
    }

    /// How bad the group under the cursor is, as far as it is assessed.
    pub fn level(&self, ground: &Ground<'_>) -> Option<Level> {
        let Some(Pick::Group(node)) = self.pick else { return None };
        ground.tree.node(node)?.stat.level
    }

    /// How many alerts of a group nobody has looked at yet.
    pub fn fresh(&self, id: NodeId, tree: &Tree) -> u32 {
        self.seen.fresh(id, tree)
    }

    /// Groups (innermost) with alerts that nobody has looked at yet, counted now.
    pub fn n_fresh(&self, tree: &Tree) -> usize {
        self.seen.n_fresh(tree)
    }

    /// Says that all of this is old: what a log held before it was opened is not new.
    pub fn mark_all_seen(&mut self, ground: &Ground<'_>) {
        self.seen.begin(ground.store.len());
        self.seen.set_all(ground.tree);
    }

    /// Makes the order afresh, as far as it may: `force` for a person's wish, `pours` while many alerts come.
    pub fn refresh(&mut self, ground: &Ground<'_>, height: usize, force: bool, pours: bool) {
        self.height = height;
        let since = ground.now.as_millisecond() - self.ordered_at.as_millisecond();
        let pause = match (self.n_alerts == n_alerts(ground), pours) {
            // Levels may change with every alert that is assessed.
            (true, _) => 200,
            (false, true) => 60,
            // Who waits for a single alert sees it at once.
            (false, false) => 0,
        };
        // A list of millions of rows is not made many times a second.
        let pause = pause + i64::try_from(self.n_rows() / 1000).unwrap_or(i64::MAX / 2);
        let due = self.is_behind(ground) && since >= pause;
        if force || self.entries.is_empty() || (due && !self.is_held(ground.now)) {
            self.reorder(ground);
        }
        self.look(ground);
    }

    fn reorder(&mut self, ground: &Ground<'_>) {
        let before = self.index();
        self.entries = self.order.entries(ground);
        self.place(before, ground);
    }

    /// Puts the cursor and what is in sight where they belong among new rows; the cursor was in row `before`.
    fn place(&mut self, before: Option<usize>, ground: &Ground<'_>) {
        let line = before.map_or(0, |row| row.saturating_sub(self.offset));
        let was_at_top = self.offset == 0;
        self.n_placed = ground.tree.len();
        self.ordered_at = ground.now;
        self.n_alerts = n_alerts(ground);
        self.is_unsettled = false;
        if self.touched_at.is_none() {
            self.follow_urgent(ground);
        }
        let row = if let Some(row) = self.index() {
            row
        } else {
            let row = before.unwrap_or(0).min(self.n_rows().saturating_sub(1));
            self.pick = self.at(row);
            row
        };
        self.row = row;
        self.offset = if was_at_top && row < self.height { 0 } else { row.saturating_sub(line) };
        self.clamp();
    }

    /// While nobody has touched anything the cursor is on the most urgent group. Once somebody may have begun to read it,
    /// the cursor leaves it only for a worse one, or when it would no longer be in sight with the top of the list.
    fn follow_urgent(&mut self, ground: &Ground<'_>) {
        let level = |pick: Option<Pick>| match pick {
            Some(Pick::Group(node)) => ground.tree.node(node).map(|node| urgency(&node.stat)),
            _ => None,
        };
        let first = self.entries.iter().find(|entry| {
            entry
                .node
                .and_then(|id| ground.tree.node(id))
                .is_some_and(|node| node.children.is_empty())
        });
        let best = first.or(self.entries.first()).and_then(|entry| self.at(entry.start));
        let is_new = ground.now.duration_since(self.picked_at) < UNREAD;
        let is_out_of_sight = self.index().is_none_or(|row| row >= self.height);
        if is_new || is_out_of_sight || level(best) > level(self.pick) {
            if best != self.pick {
                self.picked_at = ground.now;
            }
            self.pick = best;
        }
    }

    /// Notes what is new out of sight, and that the selected group was looked at.
    fn look(&mut self, ground: &Ground<'_>) {
        let tree = ground.tree;
        if self.touched_at.is_some() {
            let group = match self.pick {
                Some(Pick::Group(node) | Pick::Alert(Some(node), _)) => Some(node),
                _ => None,
            };
            if let Some((id, node)) = group.and_then(|id| tree.node(id).map(|node| (id, node)))
                && node.children.is_empty()
            {
                self.seen.set(id, node.stat.count);
            }
        }
        self.tallied.count(
            &self.seen,
            (tree, &self.entries),
            (self.pick, self.offset..self.offset + self.height, self.n_placed),
            ground.now,
        );
    }

    /// The row of the cursor.
    pub fn index(&self) -> Option<usize> {
        let pick = self.pick?;
        if self.at(self.row) == Some(pick) { Some(self.row) } else { self.row_of(pick) }
    }

    /// The row in which something stands.
    pub fn row_of(&self, pick: Pick) -> Option<usize> {
        match pick {
            Pick::Group(node) => self.entry_of(Some(node)).map(|entry| entry.start),
            Pick::Alert(node, id) => {
                let entry = self.entry_of(node)?;
                let at = entry.ids.iter().position(|other| *other == id)?;
                Some(entry.start + usize::from(entry.node.is_some()) + at)
            }
        }
    }

    fn entry_of(&self, node: Option<NodeId>) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.node == node)
    }

    /// What stands in a row.
    pub fn at(&self, row: usize) -> Option<Pick> {
        let after = self.entries.partition_point(|entry| entry.start <= row);
        let entry = self.entries.get(after.checked_sub(1)?)?;
        let below = row - entry.start;
        match entry.node {
            Some(node) if below == 0 => Some(Pick::Group(node)),
            node => {
                let at = below - usize::from(node.is_some());
                entry.ids.get(at).map(|id| Pick::Alert(node, *id))
            }
        }
    }

    /// Selects a row, as far as there is one, and brings it in sight.
    pub fn select(&mut self, row: usize) {
        let row = row.min(self.n_rows().saturating_sub(1));
        self.row = row;
        self.pick = self.at(row);
        self.clamp_to(row);
    }

    /// Moves the cursor by some rows.
    pub fn step(&mut self, rows: isize) {
        let row = self.index().unwrap_or(0);
        self.select(row.saturating_add_signed(rows));
    }

    /// Moves what is in sight without the cursor, as a wheel does, but takes the cursor along at the edge.
    pub fn scroll(&mut self, rows: isize) {
        self.offset = self.offset.saturating_add_signed(rows);
        self.clamp();
        let Some(row) = self.index() else { return };
        let last = self.offset + self.height.saturating_sub(1);
        let row = row.clamp(self.offset, last.max(self.offset));
        self.pick = self.at(row).or(self.pick);
    }

    /// Selects an alert wherever it stands, unfolding its group.
    pub fn reveal(&mut self, id: AlertId, ground: &Ground<'_>) {
        let leaf = ground.store.row(id).and_then(|row| ground.tree.leaf(row.cell));
        let mut at = leaf;
        while let Some(node) = at {
            self.order.open.insert(node, true);
            at = ground.tree.node(node).and_then(|node| node.parent);
        }
        self.pick = Some(Pick::Alert(leaf, id));
        self.reorder(ground);
        if let Some(row) = self.index() {
            self.clamp_to(row);
        }
    }

    /// Folds or unfolds the selected group; says whether anything changed.
    pub fn set_open(&mut self, open: bool, ground: &Ground<'_>) -> bool {
        let (id, is_alert) = match self.pick {
            Some(Pick::Group(id)) => (id, false),
            Some(Pick::Alert(Some(id), _)) => (id, true),
            _ => return false,
        };
        let Some(node) = ground.tree.node(id) else { return false };
        let is_open = self.order.is_open(id, node);
        if is_alert || is_open != open {
            if is_alert && open {
                return false;
            }
            self.order.open.insert(id, open);
            self.pick = Some(Pick::Group(id));
        } else if !open && let Some(parent) = node.parent {
            self.pick = Some(Pick::Group(parent));
        } else {
            return false;
        }
        self.reorder(ground);
        if let Some(row) = self.index() {
            self.clamp_to(row);
        }
        true
    }

    /// Whether the selected group shows what is in it; `None` for an alert.
    pub fn is_open(&self, tree: &Tree) -> Option<bool> {
        match self.pick {
            Some(Pick::Group(id)) => tree.node(id).map(|node| self.order.is_open(id, node)),
            _ => None,
        }
    }

    /// Folds every group of the top level, or unfolds them when all are folded.
    pub fn fold_all(&mut self, ground: &Ground<'_>) {
        let tree = ground.tree;
        let any_open = tree
            .roots()
            .iter()
            .any(|id| tree.node(*id).is_some_and(|node| self.order.is_open(*id, node)));
        for id in tree.roots() {
            self.order.open.insert(*id, !any_open);
        }
        if any_open && let Some(Pick::Group(mut id) | Pick::Alert(Some(mut id), _)) = self.pick {
            while let Some(parent) = tree.node(id).and_then(|node| node.parent) {
                id = parent;
            }
            self.pick = Some(Pick::Group(id));
        }
        self.reorder(ground);
        if let Some(row) = self.index() {
            self.clamp_to(row);
        }
    }

    /// Changes to the next sort; the cursor stays on its group.
    pub fn next_sort(&mut self, ground: &Ground<'_>) {
        self.order.sort = self.order.sort.next();
        self.order.forget();
        self.reorder(ground);
        if let Some(row) = self.index() {
            self.clamp_to(row);
        }
    }

    /// After a decision: the cursor goes on, or stays on its line when there is nothing to go on to.
    pub fn move_on(&mut self, next: Option<Pick>, ground: &Ground<'_>) {
        let row = self.index().unwrap_or(0);
        self.entries = self.order.entries(ground);
        let is_decided = self.index().is_none();
        if next.is_some() {
            self.pick = next;
        }
        let is_leaf = |pick: &Pick| match pick {
            Pick::Group(id) => ground.tree.node(*id).is_some_and(|node| node.children.is_empty()),
            Pick::Alert(..) => true,
        };
        let closed_up = || (row..self.n_rows()).filter_map(|row| self.at(row)).find(is_leaf);
        if self.index().is_none() {
            let above = || (0..row).rev().filter_map(|row| self.at(row)).find(is_leaf);
            self.pick = closed_up().or_else(above).or_else(|| self.at(0));
        } else if is_decided && self.sort() == Sort::Urgency {
            // What was the next may have moved down with its rule; what took its line may be worse.
            let urgent = |pick: Option<Pick>| match pick? {
                Pick::Group(id) => ground.tree.node(id).map(|node| urgency(&node.stat)),
                Pick::Alert(_, id) => {
                    ground.store.row(id).map(|row| row.level.unwrap_or_else(|| start(row.priority)))
                }
            };
            let closed_up = closed_up();
            if urgent(closed_up) > urgent(self.pick) {
                self.pick = closed_up;
            }
        }
        self.place(self.index(), ground);
        if let Some(row) = self.index() {
            self.clamp_to(row);
        }
        self.look(ground);
    }

    /// Groups that a decision has emptied: what comes back to them is new.
    pub fn forget_empty(&mut self, tree: &Tree) {
        self.seen.forget_empty(tree);
    }

    /// Whether the cursor is on an alert of this group.
    pub fn is_around(&self, node: NodeId) -> bool {
        matches!(self.pick, Some(Pick::Alert(Some(own), _)) if own == node)
    }

    /// Goes to the next group with alerts that nobody has looked at, around the end.
    pub fn next_fresh(&mut self, ground: &Ground<'_>) {
        // What is counted as new may not have a row yet.
        if self.is_behind(ground) {
            self.reorder(ground);
        }
        let mut from = self.index().unwrap_or(0);
        // A folded group is unfolded on the way, and so is what is folded in it.
        while let Some((row, id)) = self.fresh_row(from, ground) {
            let is_leaf = ground.tree.node(id).is_none_or(|node| node.children.is_empty());
            if is_leaf {
                return self.select(row);
            }
            self.order.open.insert(id, true);
            self.reorder(ground);
            from = row;
        }
    }

    /// The next row after this one, around the end, that is an innermost or a folded group with something new.
    fn fresh_row(&self, from: usize, ground: &Ground<'_>) -> Option<(usize, NodeId)> {
        let all = self.n_rows();
        (from + 1..all).chain(0..=from.min(all.saturating_sub(1))).find_map(|row| {
            let Some(Pick::Group(id)) = self.at(row) else { return None };
            let node = ground.tree.node(id)?;
            let is_end = node.children.is_empty() || !self.order.is_open(id, node);
            (is_end && self.fresh(id, ground.tree) > 0).then_some((row, id))
        })
    }

    /// Says which alerts are old, by their numbers: the rest is new.
    pub fn mark_seen_if(&mut self, ground: &Ground<'_>, old: &[bool]) {
        let first_new = old.iter().position(|is_old| !is_old).unwrap_or(old.len());
        self.seen.begin(first_new);
        self.seen.clear();
        for (at, is_old) in old.iter().enumerate() {
            let id = AlertId(u32::try_from(at).unwrap_or(u32::MAX));
            if *is_old
                && let Some(leaf) = ground.store.cell_of(id).and_then(|cell| ground.tree.leaf(cell))
            {
                self.seen.add(leaf);
            }
        }
    }

    /// Starts over after the grouping or the filter changed: numbers of groups mean other groups now.
    pub fn restart(&mut self, ground: &Ground<'_>, target: Option<AlertId>) {
        self.order.open.clear();
        self.order.forget();
        self.seen.clear();
        if self.seen.has_begun() {
            self.mark_all_seen(ground);
        }
        self.entries.clear();
        self.offset = 0;
        self.is_untouched = true;
        let leaf =
            target.and_then(|id| ground.store.row(id)).and_then(|row| ground.tree.leaf(row.cell));
        self.pick = leaf.map(Pick::Group);
        self.reorder(ground);
        if self.pick.is_none() || self.index().is_none() {
            self.pick = self.at(0);
        }
        if let Some(row) = self.index() {
            self.clamp_to(row);
        }
        self.look(ground);
    }

    fn clamp(&mut self) {
        self.offset = self.offset.min(self.n_rows().saturating_sub(self.height));
    }

    fn clamp_to(&mut self, row: usize) {
        self.clamp();
        if row < self.offset {
            self.offset = row;
        } else if self.height > 0 && row >= self.offset + self.height {
            self.offset = row + 1 - self.height;
        }
    }
}

fn n_alerts(ground: &Ground<'_>) -> usize {
    ground.matches.map_or(ground.store.len(), <[AlertId]>::len)
}
