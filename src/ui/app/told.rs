//! How the alert under the cursor stands, and everything that was decided about it, in words.

use super::App;
use crate::model::AlertId;
use crate::store::NodeId;
use crate::text::{plural, printable};
use crate::triage::{AlertKeys, Scope};
use crate::ui::action::Action;
use crate::ui::pane::groups::Pick;
use crate::ui::times::ago;
use jiff::Timestamp;

impl App {
    /// How the alert under the cursor stands, and everything that was decided about it; printable.
    pub(super) fn said(&self) -> (Option<String>, Vec<String>) {
        let Some(id) = self.assessor.wanted else { return (None, Vec::new()) };
        let mut keys = self.desk.keys_of(&self.store, id);
        if let (Some(keys), Some(look)) = (&mut keys, self.detail.look())
            && keys.alert.is_none()
            && self.detail.shown.id() == Some(id)
        {
            keys.alert = AlertKeys::of(&look.alert).alert;
        }
        let Some(keys) = keys else { return (None, Vec::new()) };
        let history = self
            .desk
            .board
            .history(&keys)
            .into_iter()
            .rev()
            .map(|change| {
                let what = change.words();
                let reach = match change.key.scope {
                    Scope::Alert => "this alert",
                    Scope::Container => "the container",
                    Scope::Workload => "the workload",
                };
                let undo = if change.undoes.is_some() { ", taking back" } else { "" };
                let mut line = format!(
                    "{}  {} on {}: {what} ({reach}{undo})",
                    ago(change.at, self.now),
                    change.by,
                    change.host
                );
                for (name, before, after) in [
                    ("reason", &change.before.reason, &change.after.reason),
                    ("note", &change.before.note, &change.after.note),
                ] {
                    if let Some(text) = after.as_ref().filter(|_| before != after) {
                        line += &format!("\n{name}: {text}");
                    }
                }
                if change.before.tags != change.after.tags {
                    line += &format!("\ntags: {}", change.after.tags.join(" "));
                }
                line.lines().map(|line| printable(line).into_owned()).collect::<Vec<_>>().join("\n")
            })
            .collect();
        (self.stands(id), history)
    }

    /// How an alert stands, in a sentence; `None` where nobody decided or muted.
    pub fn stands(&self, id: AlertId) -> Option<String> {
        if self.desk.class(id) == crate::ui::desk::Class::Muted {
            let mute = self.desk.mutes.hider(id)?;
            let made = &mute.made;
            let reason = match made.reason.as_str() {
                "" => String::new(),
                reason => format!(", {reason}"),
            };
            let ends = crate::ui::times::short(
                Some(crate::ui::times::nanos(made.ends)),
                self.now,
                &self.settings,
                20,
            );
            let hidden = plural(mute.n_hidden, "alert", "alerts");
            let text = format!("muted by {} until {ends}{reason}; hides {hidden}", made.author);
            return Some(printable(&text).into_owned());
        }
        let standing = self.desk.standing(&self.store, id)?;
        standing.last?;
        let closed_at = standing.closed_at.filter(|_| standing.came_back);
        let n_newer = closed_at.map_or(0, |closed_at| self.newer_than(id, closed_at));
        let mut text = crate::ui::desk::words(&standing, n_newer, self.now);
        if text.is_empty() {
            // Everything that was said was taken back.
            return None;
        }
        if standing.is_saving {
            text.push_str(", saving…");
        }
        Some(printable(&text).into_owned())
    }

    /// What the next decision would be about, and how many alerts that are, in a few words.
    pub fn reach(&self) -> Option<String> {
        let tree = self.ground().tree;
        let size = |pick: &Pick| match pick {
            Pick::Alert(..) => 1,
            Pick::Group(node) => tree.node(*node).map_or(0, |node| u64::from(node.stat.count)),
        };
        let keys = [Action::Acknowledge, Action::Escalate, Action::Close, Action::Mute]
            .map(|action| self.settings.keymap.label(action));
        let marks = self.desk.marks.all();
        let about = if marks.is_empty() {
            match self.groups.pick()? {
                Pick::Alert(..) => "this alert".to_owned(),
                pick @ Pick::Group(node) => {
                    let n_groups = tree.n_leaves_under(node);
                    let alerts = plural(size(&pick), "alert", "alerts");
                    match n_groups {
                        0 | 1 => format!("this group, {alerts}"),
                        n => format!("{}, {alerts}", plural(n as u64, "group", "groups")),
                    }
                }
            }
        } else {
            // What lies in a group that is marked too is counted there.
            let above = |node: NodeId| tree.node(node).and_then(|node| node.parent);
            let is_alone = |pick: &&Pick| {
                let mut around = match pick {
                    Pick::Alert(group, _) => *group,
                    Pick::Group(node) => above(*node),
                };
                while let Some(group) = around {
                    if self.desk.marks.has(Pick::Group(group)) {
                        return false;
                    }
                    around = above(group);
                }
                true
            };
            let alerts = plural(marks.iter().filter(is_alone).map(size).sum(), "alert", "alerts");
            format!("what is marked, {alerts}")
        };
        Some(format!("{}: {about}", keys.join(" ")))
    }

    /// How many alerts of the same rule and container came after a time.
    fn newer_than(&self, id: AlertId, at: Timestamp) -> u32 {
        let at = crate::ui::times::nanos(at);
        let mut next = self.store.cell_of(id).and_then(|cell| self.store.newest_in(cell));
        let mut n = 0;
        while let Some(id) = next.filter(|_| n < 100_000) {
            n += u32::from(self.store.nanos(id).is_some_and(|nanos| nanos > at));
            next = self.store.previous(id);
        }
        n
    }
}
