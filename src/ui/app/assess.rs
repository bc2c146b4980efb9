//! Levels of groups, found in the background: the newest alert of each group is analyzed, again when newer ones came.

use super::{App, Turn};
use crate::model::{AlertId, Level};
use crate::store::{CellId, NodeId};
use crate::ui::effect::{Effect, Ground as Snapshot};
use crate::ui::health::Stage;
use crate::ui::msg::Assessed;
use crate::ui::pane::groups::{Pick, start};
use crate::ui::settings::Bell;
use rustc_hash::{FxHashMap, FxHashSet};

/// Alerts asked for at once.
const AT_ONCE: usize = 24;
/// A group is assessed again this many seconds after the last time, when newer alerts came.
const AGAIN: i64 = 5;

/// What was asked, and what is known of it.
#[derive(Debug, Default)]
pub struct Assessor {
    /// Recognised identities by cell.
    pub known: FxHashMap<CellId, String>,
    /// The alert whose detail was asked for, and the row it was asked for.
    pub wanted: Option<AlertId>,
    pub wanted_for: Option<Pick>,
    /// By group: the newest alert that was asked for, and when (in seconds since 1970).
    asked: FxHashMap<NodeId, (AlertId, i64)>,
    n_open: usize,
    /// Cells that rang already.
    rang: FxHashSet<CellId>,
}

impl Assessor {
    /// Whether answers are still to come.
    pub fn is_busy(&self) -> bool {
        self.n_open > 0
    }

    /// Every group is due again.
    pub fn again(&mut self) {
        for asked in self.asked.values_mut() {
            *asked = (AlertId(u32::MAX), 0);
        }
    }

    /// Forgets which groups were asked for: their numbers mean other groups now. Levels are kept by the store.
    pub fn regrouped(&mut self) {
        self.asked.clear();
        self.wanted_for = None;
    }
}

impl App {
    /// Asks for the next groups: never assessed ones first, the most urgent by Falco's word before others.
    pub(super) fn assess(&mut self) -> Option<Effect> {
        if self.assessor.n_open > 0 {
            return None;
        }
        let tree = self.ground().tree;
        let now = self.now.as_second();
        let mut due: Vec<(bool, std::cmp::Reverse<Level>, NodeId, AlertId)> = tree
            .iter()
            .filter(|(_, node)| node.children.is_empty() && node.stat.count > 0)
            .filter(|(id, node)| match self.assessor.asked.get(id) {
                None => node.stat.assessed == 0 || node.stat.level.is_none(),
                Some((alert, at)) => *alert != node.stat.newest && now - at >= AGAIN,
            })
            .map(|(id, node)| {
                (
                    node.stat.assessed > 0,
                    std::cmp::Reverse(start(node.stat.priority)),
                    id,
                    node.stat.newest,
                )
            })
            .collect();
        if due.is_empty() {
            return None;
        }
        due.sort_unstable();
        due.truncate(AT_ONCE);
        for (_, _, node, alert) in &due {
            self.assessor.asked.insert(*node, (*alert, now));
        }
        let ids: Vec<AlertId> = due.into_iter().map(|(_, _, _, alert)| alert).collect();
        self.assessor.n_open = ids.len();
        Some(Effect::Assess { ids, ground: Snapshot(self.store.snapshot()) })
    }

    /// Takes levels in.
    pub(super) fn assessed(&mut self, found: Vec<Assessed>, turn: &mut Turn) {
        self.assessor.n_open = self.assessor.n_open.saturating_sub(found.len());
        for Assessed { id, level, known } in found {
            let Some(cell) = self.store.row(id).map(|row| row.cell) else { continue };
            if let Some(level) = level {
                self.store.assess(id, level);
                self.desk.assess(&self.store, id, level);
                let is_new = self.assessor.rang.insert(cell);
                let rings =
                    self.settings.bell == Bell::Critical && self.health.stage == Stage::Live;
                if level == Level::Critical && is_new && rings {
                    turn.ask(Effect::Bell);
                }
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
        let grouping = self.grouping();
        self.narrow.regroup(&self.store, grouping, true);
    }
}
