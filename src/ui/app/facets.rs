//! The most frequent values of any field under the filter, counted in the background.

use super::{App, Turn};
use crate::model::AlertId;
use crate::text::{count, plural, shown};
use crate::ui::effect::{Effect, Ground};
use crate::ui::msg::Counted;
use crate::ui::narrow;
use crate::ui::overlay::Overlay;
use crate::ui::overlay::menu::{Choice, Item, Menu};
use crate::ui::pane::detail::Tab;
use crate::ui::pane::fields;
use std::sync::Arc;

/// Columns of the longest bar.
const BAR: u64 = 12;

/// Fields that are asked for most, and what people call them.
const FACETS: &[(&str, &str)] = &[
    ("alert.rule", "rule"),
    ("container.name", "container"),
    ("container.image.repository", "image"),
    ("proc.name", "process"),
    ("user.name", "user"),
    (REMOTE, "remote address"),
    ("k8s.ns.name", "namespace"),
    ("k8s.pod.name", "pod"),
    ("alert.hostname", "host"),
    ("alert.priority", "priority"),
    ("alert.source", "event source"),
];

/// The other end of a connection; taken from the name of the socket where the alert has no field for it.
const REMOTE: &str = "fd.rip";

impl App {
    /// Asks which field's values to count; the field under the cursor of the Fields tab is counted at once.
    pub(super) fn facet_menu(&mut self, turn: &mut Turn) {
        let rows = self.detail.look().map(fields::rows).unwrap_or_default();
        if self.in_detail()
            && self.detail.tab == Tab::Fields
            && let Some(row) = rows.get(self.detail.cursor()).filter(|row| row.is_field)
        {
            let name = row.name.clone();
            self.facets(&name, turn);
            return;
        }
        let item = |field: &str, label: &str| Item {
            label: label.to_owned(),
            note: shown(field, 60),
            choice: Choice::Field(field.to_owned()),
        };
        let mut items: Vec<Item> = FACETS.iter().map(|(field, label)| item(field, label)).collect();
        // Any field can be counted: those of the alert that is shown come after the usual ones.
        items.extend(
            rows.iter()
                .filter(|row| row.is_field && FACETS.iter().all(|(field, _)| *field != row.name))
                .map(|row| item(&row.name, &shown(&row.name, 60))),
        );
        self.overlay = Some(Overlay::Menu(Menu::new("The most frequent values of", items)));
    }

    /// Begins to count the values of a field under the filter.
    pub(super) fn facets(&mut self, field: &str, turn: &mut Turn) {
        self.narrow.n_counts += 1;
        let generation = self.narrow.n_counts;
        let among: Option<Arc<[AlertId]>> = self.ground().matches.map(Arc::from);
        let mut menu = Menu::new(label(field), Vec::new());
        menu.counts = Some((generation, field.to_owned()));
        menu.says = vec!["Counting…".to_owned()];
        self.overlay = Some(Overlay::Menu(menu));
        let ground = Ground(self.store.snapshot());
        turn.ask(Effect::Count { generation, field: field.to_owned(), among, ground });
    }

    /// Shows what was counted so far, if it is still asked for.
    pub(super) fn counted(&mut self, found: Counted, turn: &mut Turn) {
        if let Some(Overlay::Filter(line)) = &mut self.overlay {
            let Some(counts) =
                line.counts.as_mut().filter(|counts| counts.generation == found.generation)
            else {
                return;
            };
            let values = found.values.into_iter();
            counts.values = values.filter_map(|(value, n)| Some((value?, n))).collect();
            // Someone who is choosing keeps the list that is being looked at.
            if line.chosen.is_none()
                && let Some(Overlay::Filter(mut line)) = self.overlay.take()
            {
                self.offer(&mut line, turn);
                self.overlay = Some(Overlay::Filter(line));
            }
            return;
        }
        let Some(Overlay::Menu(menu)) = &mut self.overlay else { return };
        let Some((_, field)) =
            menu.counts.as_ref().filter(|(generation, _)| *generation == found.generation)
        else {
            return;
        };
        let at = menu.items.get(menu.cursor).map(|item| item.label.clone());
        let most = found.values.first().map_or(1, |(_, count)| *count).max(1);
        let bar = self.settings.signs.bar(1, 1);
        menu.items = found
            .values
            .iter()
            .map(|(value, n)| item(field, value.as_deref(), *n, most, bar))
            .collect();
        // Someone who moved the cursor keeps the value it is on.
        if menu.cursor > 0
            && let Some(place) =
                at.and_then(|at| menu.items.iter().position(|item| item.label == at))
        {
            menu.cursor = place;
        }
        let more = if found.is_cut { "more than " } else { "" };
        menu.title =
            format!("{}: {more}{}", label(field), plural(found.n_values, "value", "values"));
        let counted = plural(found.n_alerts, "alert", "alerts");
        menu.says = vec![if found.is_done {
            format!("Counted over {counted}. Enter keeps one.")
        } else {
            format!("Still counting: {counted} so far. Enter keeps one.")
        }];
    }
}

fn item(field: &str, value: Option<&str>, n: u64, most: u64, bar: &str) -> Item {
    let label = match value {
        None => "(not known)".to_owned(),
        Some("") => "(empty)".to_owned(),
        Some(value) => shown(value, 60),
    };
    // An address is looked for on either side: which one is the remote is not always said.
    let field = if field == REMOTE { "fd.ip" } else { field };
    let condition = match value {
        Some(value) => narrow::equals(field, value),
        None => format!("not {field} exists"),
    };
    let bars = usize::try_from(n * BAR / most).unwrap_or(0).max(1);
    let full = bar.repeat(bars);
    Item { label, note: format!("{full:<12} {:>9}", count(n)), choice: Choice::Keep(condition) }
}

fn label(field: &str) -> String {
    let known = FACETS.iter().find(|(name, _)| *name == field);
    known.map_or_else(|| shown(field, 60), |(_, label)| (*label).to_owned())
}
