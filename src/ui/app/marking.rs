//! Marking rows for the next decision, and which view the list shows.

use super::App;
use crate::model::AlertId;
use crate::text::{count, plural};
use crate::ui::action::Action;
use crate::ui::desk::View;
use crate::ui::pane::groups::Pick;

/// Alerts of one group that are marked at once.
const MOST: usize = 10_000;

impl App {
    /// Marks or unmarks the row under the cursor, and goes on to the next.
    pub(super) fn mark(&mut self) {
        if let Some(pick) = self.groups.pick() {
            self.desk.marks.toggle(pick);
            self.groups.step(1);
        }
    }

    /// Begins a range of marks, or ends it here.
    pub(super) fn mark_range(&mut self) {
        let (Some(pick), Some(row)) = (self.groups.pick(), self.groups.index()) else { return };
        let begin = self.desk.marks.anchor.take();
        // Rows may have moved meanwhile, and the first may be gone.
        match begin.and_then(|begin| self.groups.row_of(begin)) {
            None => {
                self.desk.marks.anchor = Some(pick);
                let key = self.settings.keymap.label(Action::MarkRange);
                self.lines.done(self.now, format!("A range begins here; {key} ends it"));
            }
            Some(anchor) => {
                let rows = anchor.min(row)..=anchor.max(row);
                let picks: Vec<Pick> = rows.filter_map(|row| self.groups.at(row)).collect();
                self.desk.marks.add(picks);
                let n = self.desk.marks.len() as u64;
                self.lines.done(self.now, format!("{} marked", count(n)));
            }
        }
    }

    /// Marks everything in the group under the cursor.
    pub(super) fn mark_group(&mut self) {
        let Some(Pick::Group(node) | Pick::Alert(Some(node), _)) = self.groups.pick() else {
            return;
        };
        let ground = self.ground();
        let children = ground.tree.node(node).map(|node| node.children.clone()).unwrap_or_default();
        let mut n_left = 0;
        let picks: Vec<Pick> = if children.is_empty() {
            let ids: Vec<AlertId> = ground.alerts_of(node);
            n_left = ids.len().saturating_sub(MOST);
            ids.into_iter().take(MOST).map(|id| Pick::Alert(Some(node), id)).collect()
        } else {
            children
                .into_iter()
                .filter(|id| ground.tree.node(*id).is_some_and(|node| node.stat.count > 0))
                .map(Pick::Group)
                .collect()
        };
        let n = count(picks.len() as u64);
        self.desk.marks.add(picks);
        if n_left == 0 {
            return self.lines.done(self.now, format!("{n} marked"));
        }
        let left = count(n_left as u64);
        let says =
            format!("{n} marked, {left} more are not; a decision about the group holds for all");
        self.lines.warn(self.now, says);
    }

    /// Takes the marks away, because rows mean something else from now on.
    pub(super) fn lose_marks(&mut self) {
        let n = self.desk.marks.len() as u64;
        if self.desk.marks.clear() && n > 0 {
            let says =
                format!("{} taken away: the list holds other rows now", plural(n, "mark", "marks"));
            self.lines.warn(self.now, says);
        }
    }

    /// Shows another view.
    pub(super) fn show_view(&mut self, view: View) {
        self.desk.view = view;
        let pick = self.groups.pick();
        self.resettle(pick);
        let says = match view {
            View::Inbox => "Inbox: what nobody decided about, and what came back",
            View::All => "All alerts, decided or not",
            View::Acknowledged => "Acknowledged: what somebody looks at",
            View::Escalated => "Escalated: what was handed on",
            View::Closed => "Closed: what has its verdict",
            View::Muted => "Muted: what is hidden for a while",
        };
        self.lines.done(self.now, says);
        self.lose_marks();
    }
}
