//! Levels, found in the background: what is in sight first, then the newest alert of each group, then all the rest.
//!
//! A group is as bad as the worst of its alerts that were assessed so far.

use super::{App, Turn};
use crate::model::{AlertId, Level};
use crate::store::{CellId, Node, NodeId, Tree};
use crate::ui::effect::{Effect, Ground as Snapshot};
use crate::ui::health::Stage;
use crate::ui::msg::Assessed;
use crate::ui::pane::groups::{Pick, start};
use crate::ui::settings::Bell;
use rustc_hash::{FxHashMap, FxHashSet};
use std::cmp::Reverse;
use std::ops::Range;

/// Groups asked for at once.
const AT_ONCE: usize = 64;
/// Of the rest, alerts looked at before it is seen again whether something more urgent has come.
const OF_THE_REST: usize = 1024;
/// A group is assessed again this many seconds after the last time, when newer alerts came.
const AGAIN: i64 = 5;
/// While more alerts than this come in a second, the rest waits, and of groups out of sight only new ones are asked for.
const FLOOD: f64 = 2000.0;
/// Pause between two questions about groups out of sight then, in milliseconds.
const IN_FLOOD: i64 = 250;

/// What was asked, and what is known of it.
#[derive(Debug, Default)]
pub struct Assessor {
    /// Recognized identities by cell.
    pub known: FxHashMap<CellId, String>,
    /// The alert whose detail was asked for, and the row it was asked for.
    pub wanted: Option<AlertId>,
    pub wanted_for: Option<Pick>,
    /// How bad its group was then.
    pub wanted_level: Option<Level>,
    /// By group: the newest alert that was asked for, and when (in seconds since 1970).
    asked: FxHashMap<NodeId, (AlertId, i64)>,
    /// Groups to ask for, the most urgent last.
    queue: Vec<NodeId>,
    /// How many alerts there were when the queue was made, and when that was.
    queued_for: Option<(usize, i64)>,
    /// The rest is asked for inside this range.
    rest: Range<usize>,
    n_open: usize,
    /// When groups out of sight were asked for last, in milliseconds since 1970.
    asked_at: i64,
    /// Cells that rang already.
    rang: FxHashSet<CellId>,
}

impl Assessor {
    /// Every group is due again.
    pub fn again(&mut self) {
        for asked in self.asked.values_mut() {
            *asked = (AlertId(u32::MAX), 0);
        }
        self.queue.clear();
        self.queued_for = None;
    }

    /// Forgets which groups were asked for: their numbers mean other groups now. Levels are kept by the store.
    pub fn regrouped(&mut self) {
        self.asked.clear();
        self.queue.clear();
        self.queued_for = None;
        self.wanted_for = None;
    }

    /// The alert to ask for in a group; `None` where nothing is to be asked (yet).
    fn due(&self, id: NodeId, node: &Node, now: i64) -> Option<AlertId> {
        let is_leaf = node.children.is_empty() && node.stat.count > 0;
        let is_due = is_leaf
            && match self.asked.get(&id) {
                None => node.stat.assessed == 0 || node.stat.level.is_none(),
                Some((alert, at)) => *alert != node.stat.newest && now - at >= AGAIN,
            };
        is_due.then_some(node.stat.newest)
    }
}

impl App {
    /// Asks for the next alerts to be assessed.
    pub(super) fn assess(&mut self) -> Option<Effect> {
        if self.assessor.n_open > 0 {
            return None;
        }
        let mut ids = self.due_groups();
        if ids.is_empty() {
            ids = self.due_rest();
        }
        if ids.is_empty() {
            return None;
        }
        self.assessor.n_open = ids.len();
        Some(Effect::Assess { ids, ground: Snapshot(self.store.snapshot()) })
    }

    /// The newest alerts of groups: those in sight, then never assessed ones, the most urgent by Falco's word first.
    fn due_groups(&mut self) -> Vec<AlertId> {
        let now = self.now.as_second();
        let mut visible: Vec<NodeId> = Vec::new();
        let (tree, assessor) = (self.ground().tree, &self.assessor);
        for id in self.groups.visible_groups() {
            leaves(tree, id, &mut |id, node| {
                if assessor.due(id, node, now).is_some() {
                    visible.push(id);
                }
                visible.len() < AT_ONCE
            });
        }
        let mut nodes = visible;
        let in_flood = self.health.rate() > FLOOD;
        let milliseconds = self.now.as_millisecond();
        let is_soon = in_flood && milliseconds - self.assessor.asked_at < IN_FLOOD;
        // Both cores read while a log is read, and while a filter or a search is answered: then only what is seen is assessed.
        let is_free = self.health.stage != Stage::Filling && !self.narrow.is_looking(&self.store);
        if nodes.is_empty() && is_free && !is_soon {
            self.fill_queue(now, in_flood);
            self.assessor.asked_at = milliseconds;
            let left = self.assessor.queue.len().saturating_sub(AT_ONCE);
            nodes = self.assessor.queue.split_off(left);
        }
        let tree = self.ground().tree;
        let due: Vec<(NodeId, AlertId)> = nodes
            .into_iter()
            .filter_map(|id| Some((id, self.assessor.due(id, tree.node(id)?, now)?)))
            .collect();
        for (id, alert) in &due {
            self.assessor.asked.insert(*id, (*alert, now));
        }
        due.into_iter().map(|(_, alert)| alert).collect()
    }

    /// Finds all groups that are due, once a second at most, and only when there are more alerts than before; in a flood only
    /// those that nobody has assessed: each moment nearly all have newer alerts.
    fn fill_queue(&mut self, now: i64, in_flood: bool) {
        let n_alerts = self.store.len();
        let assessor = &self.assessor;
        if !assessor.queue.is_empty() || assessor.queued_for.is_some_and(|(_, at)| at == now) {
            return;
        }
        let tree = self.ground().tree;
        let mut due: Vec<_> = tree
            .iter()
            .filter(|(id, _)| !in_flood || !assessor.asked.contains_key(id))
            .filter(|(id, node)| assessor.due(*id, node, now).is_some())
            .map(|(id, node)| {
                (Reverse(node.stat.assessed > 0), start(node.stat.priority), Reverse(id))
            })
            .collect();
        due.sort_unstable();
        self.assessor.queue = due.into_iter().map(|(_, _, Reverse(id))| id).collect();
        self.assessor.queued_for = Some((n_alerts, now));
    }

    /// Alerts that nobody has asked for yet: back from the newest, then what came since.
    fn due_rest(&mut self) -> Vec<AlertId> {
        let is_busy = self.health.stage == Stage::Filling || self.narrow.is_looking(&self.store);
        if is_busy || self.health.rate() > FLOOD {
            return Vec::new();
        }
        let n_alerts = self.store.len();
        let rest = &mut self.assessor.rest;
        if rest.end == 0 {
            *rest = n_alerts..n_alerts;
        }
        loop {
            let part = if rest.start > 0 {
                let start = rest.start.saturating_sub(OF_THE_REST);
                start..std::mem::replace(&mut rest.start, start)
            } else if rest.end < n_alerts {
                let end = n_alerts.min(rest.end + OF_THE_REST);
                std::mem::replace(&mut rest.end, end)..end
            } else {
                return Vec::new();
            };
            let ids = self.store.unassessed(part);
            if !ids.is_empty() {
                return ids;
            }
        }
    }

    /// Notes how bad an alert is, wherever it is counted.
    pub(super) fn note_level(&mut self, id: AlertId, level: Level) {
        let more = self.store.assess(id, level);
        self.narrow.assess(&self.store, id, level, more);
        self.desk.assess(&self.store, id, level, more);
        if !self.desk.mutes.is_empty() {
            // What a suppression was not made for comes into sight again.
            self.desk.look_at(id);
        }
    }

    /// Takes levels in.
    pub(super) fn assessed(&mut self, found: Vec<Assessed>, turn: &mut Turn) {
        self.assessor.n_open = self.assessor.n_open.saturating_sub(found.len());
        for Assessed { id, level, known } in found {
            let Some(cell) = self.store.row(id).map(|row| row.cell) else { continue };
            if let Some(level) = level {
                self.note_level(id, level);
                let is_new = self.assessor.rang.insert(cell);
                let rings =
                    self.settings.bell == Bell::Critical && self.health.stage == Stage::Live;
                if level == Level::Critical && is_new && rings {
                    turn.ask(Effect::Bell);
                }
            }
            // A group is called after its newest alert.
            if self.store.newest_in(cell) != Some(id) {
                continue;
            }
            match known {
                Some(known) => {
                    self.assessor.known.insert(cell, known);
                }
                None => {
                    self.assessor.known.remove(&cell);
                }
            }
        }
        self.groups.unsettle();
    }
}

/// Calls `each` for the innermost groups in a group, while it says to go on.
fn leaves(tree: &Tree, id: NodeId, each: &mut impl FnMut(NodeId, &Node) -> bool) -> bool {
    let Some(node) = tree.node(id) else { return true };
    if node.children.is_empty() {
        return each(id, node);
    }
    node.children.iter().all(|child| leaves(tree, *child, each))
}
