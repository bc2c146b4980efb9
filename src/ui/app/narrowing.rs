//! Filtering and searching from the panes.

use super::{App, Turn, ground};
use crate::model::AlertId;
use crate::store::{Key, NodeId};
use crate::text::shown;
use crate::ui::action::Action;
use crate::ui::effect::Effect;
use crate::ui::narrow::{self, next_hit};
use crate::ui::overlay::menu::{Choice, Item, Menu};
use crate::ui::overlay::{FilterLine, Overlay};
use crate::ui::pane::detail::Tab;
use crate::ui::pane::groups::Pick;
use crate::ui::widget::prompt::Prompt;

impl App {
    /// Opens the filter line on the filter in force.
    pub(super) fn open_filter(&mut self) {
        let before = self.narrow.text().map(str::to_owned);
        let prompt = Prompt::new(before.as_deref().unwrap_or(""));
        self.overlay =
            Some(Overlay::Filter(FilterLine { prompt, before, ..FilterLine::default() }));
    }

    /// Takes a filter in force; says what is wrong with it otherwise.
    pub(super) fn filter(
        &mut self,
        text: &str,
        turn: &mut Turn,
    ) -> Result<(), crate::query::Error> {
        let clock = (self.now, self.settings.zone.clone());
        self.narrow.apply(text, self.grouping(), clock)?;
        turn.ask(self.narrow.ask(&self.store, &self.desk.board));
        self.renew();
        Ok(())
    }

    pub(super) fn clear_filter(&mut self, turn: &mut Turn) {
        if self.narrow.clear() {
            turn.ask(Effect::EndFilter);
            self.renew();
        }
    }

    /// After groups got other numbers: the list starts over, the cursor stays on its alert's group.
    pub(super) fn renew(&mut self) {
        let target = self.assessor.wanted;
        self.lose_marks();
        self.assessor.regrouped();
        self.groups.sparks.clear();
        let ground = ground(&self.store, &self.narrow, &self.desk, &self.assessor, self.now);
        self.groups.restart(&ground, target);
    }

    /// The condition that stands for what the cursor is on.
    fn condition(&self) -> Option<String> {
        if self.in_detail() && self.detail.tab == Tab::Fields {
            let (name, value) = self.selected_field()?;
            return field_condition(&name, &value);
        }
        match self.groups.pick()? {
            Pick::Group(node) | Pick::Alert(Some(node), _) => self.group_condition(node),
            Pick::Alert(None, id) => {
                self.store.row(id)?.rule.map(|rule| narrow::equals("alert.rule", rule))
            }
        }
    }

    fn group_condition(&self, node: NodeId) -> Option<String> {
        let ground = self.ground();
        let names = self.store.names();
        let parts: Vec<String> = ground
            .tree
            .path(node)
            .into_iter()
            .filter_map(|key| match key {
                Key::Rule(sym) => Some(match names.text(sym) {
                    Some(rule) => narrow::equals("alert.rule", rule),
                    None => "not alert.rule exists".to_owned(),
                }),
                Key::Container(sym) => names.text(sym).map(|id| narrow::equals("container.id", id)),
                Key::ContainerName(sym) => {
                    names.text(sym).map(|name| narrow::equals("container.name", name))
                }
                Key::NoContainer => Some("not container.id exists".to_owned()),
                Key::Host(sym) => {
                    names.text(sym).map(|host| narrow::equals("alert.hostname", host))
                }
                Key::Namespace(sym) => {
                    names.text(sym).map(|name| narrow::equals("k8s.ns.name", name))
                }
                Key::Pod(sym) => names.text(sym).map(|name| narrow::equals("k8s.pod.name", name)),
                Key::Beyond => None,
            })
            .collect();
        (!parts.is_empty()).then(|| parts.join(" and "))
    }

    /// Whether there is a value that could be kept or left out.
    pub(super) fn can_narrow(&self) -> bool {
        self.condition().is_some()
    }

    /// Keeps only what the cursor is on, or leaves it out.
    pub(super) fn narrow_to(&mut self, keep: bool, turn: &mut Turn) {
        let Some(condition) = self.condition() else { return };
        let condition = match keep {
            true => condition,
            false if narrow::conditions(&condition).len() > 1 => format!("not ({condition})"),
            false => format!("not {condition}"),
        };
        let text = narrow::and(self.narrow.text(), &condition);
        match self.filter(&text, turn) {
            Ok(()) => turn.ask(self.narrow.remember()),
            Err(error) => {
                self.lines.error(self.now, format!("No filter can be made of this: {error}"));
            }
        }
    }

    /// `:save NAME`: keeps the filter in force under a name.
    pub(super) fn save_filter(&mut self, name: &str, turn: &mut Turn) {
        let is_name = |char: char| char.is_alphanumeric() || "-_.".contains(char);
        let Some(text) = self.narrow.text().map(str::to_owned) else { return };
        if name.is_empty() || name.len() > 60 || !name.chars().all(is_name) {
            self.lines.warn(self.now, "A name is made of letters, digits and -_.");
            return;
        }
        self.narrow.named.insert(name.to_owned(), text.clone());
        self.lines.done(self.now, format!("Saved; :load {name} brings it back"));
        turn.ask(Effect::SaveFilter { name: name.to_owned(), text });
    }

    /// `:load NAME`: filters by what was saved under a name.
    pub(super) fn load_filter(&mut self, name: &str, turn: &mut Turn) {
        let Some(text) = self.narrow.named.get(name).cloned() else {
            self.lines.warn(self.now, format!("No filter is saved as {}", shown(name, 40)));
            return;
        };
        match self.filter(&text, turn) {
            Ok(()) => turn.ask(self.narrow.remember()),
            Err(error) => self.lines.error(self.now, format!("{}: {error}", shown(name, 40))),
        }
    }

    /// Asks which of the saved filters to use.
    pub(super) fn load_menu(&mut self) {
        let items = self.narrow.named.iter().map(|(name, text)| Item {
            label: shown(name, 60),
            note: shown(text, 120),
            choice: Choice::Load(name.clone()),
        });
        self.overlay = Some(Overlay::Menu(Menu::new("Filter by", items.collect())));
    }

    /// The conditions of the filter, one of which can be taken away.
    pub(super) fn chips(&mut self) {
        let Some(text) = self.narrow.text() else { return };
        let items = narrow::conditions(text)
            .into_iter()
            .enumerate()
            .filter_map(|(at, range)| {
                let label = shown(text.get(range)?, 120);
                Some(Item { label, note: String::new(), choice: Choice::Drop(at) })
            })
            .collect();
        self.overlay = Some(Overlay::Menu(Menu::new("Take a condition away", items)));
    }

    /// Takes one condition away.
    pub(super) fn drop_condition(&mut self, condition: usize, turn: &mut Turn) {
        let left = self.narrow.text().and_then(|text| narrow::without(text, condition));
        match left {
            None => self.clear_filter(turn),
            Some(text) => {
                if let Err(error) = self.filter(&text, turn) {
                    self.lines.error(self.now, error.to_string());
                }
            }
        }
    }

    /// Goes to the next hit of the search, or the one before.
    pub(super) fn next_hit(&mut self, down: bool) {
        let hits = &self.narrow.search.hits;
        // What the view or a later filter hides is passed over.
        let mut at = self.assessor.wanted;
        let mut found = None;
        for _ in 0..hits.len() {
            at = next_hit(hits, at, down);
            found = at.filter(|id| self.ground().holds(*id));
            if found.is_some() {
                break;
            }
        }
        if found.is_none() {
            self.lines.warn(self.now, format!("Not now: {}", self.why_hidden(at)));
        }
        if let Some(id) = found {
            let at = self.place_of_hit(id);
            self.lines
                .done(self.now, format!("hit {at} of {}", crate::text::count(hits.len() as u64)));
            self.show_alert(id);
        }
    }

    /// Which hit it is, counted from the newest.
    fn place_of_hit(&self, id: AlertId) -> usize {
        let hits = &self.narrow.search.hits;
        hits.binary_search(&id).map_or(0, |at| hits.len() - at)
    }

    /// Takes hits in.
    pub(super) fn hits(&mut self, generation: u64, ids: &[AlertId], done: bool) {
        let first = self.narrow.hits(generation, ids, done, self.assessor.wanted);
        let n_hits = self.narrow.search.hits.len() as u64;
        let what = shown(&self.narrow.search.text, 40);
        if done {
            let notice = match n_hits {
                0 => format!("{what} is in no alert"),
                n => {
                    let hits = crate::text::plural(n, "hit", "hits");
                    let place = first.map(|id| self.place_of_hit(id));
                    let place = place.map_or(String::new(), |at| format!(", this is number {at}"));
                    let is_sure = self.narrow.is_settled(&self.store);
                    let doubt = if is_sure { "" } else { "; the filter may leave out some" };
                    format!("{what}: {hits}{place}{doubt}")
                }
            };
            self.lines.done(self.now, notice);
        }
        match first {
            Some(id) if self.ground().holds(id) => self.show_alert(id),
            Some(_) => self.next_hit(true),
            None => {}
        }
    }

    /// Why an alert is not in the list, and what would show it.
    fn why_hidden(&self, id: Option<AlertId>) -> String {
        let keymap = &self.settings.keymap;
        let is_left =
            |id| self.narrow.left().is_none_or(|(_, left)| left.binary_search(&id).is_ok());
        if id.is_some_and(is_left) {
            format!("it is in another view; {} shows the next one", keymap.label(Action::View))
        } else {
            format!(
                "the filter leaves it out; {} takes that away",
                keymap.label(Action::ClearFilter)
            )
        }
    }

    /// Puts the cursor on an alert, wherever it stands.
    pub(super) fn show_alert(&mut self, id: AlertId) {
        if !self.ground().holds(id) {
            let why = self.why_hidden(Some(id));
            self.lines.warn(self.now, format!("Not now: {why}"));
            return;
        }
        let ground = ground(&self.store, &self.narrow, &self.desk, &self.assessor, self.now);
        self.groups.reveal(id, &ground);
    }
}

/// The condition for a value of the Fields tab; our own keys have names in the language too.
fn field_condition(name: &str, value: &str) -> Option<String> {
    let field = match name {
        "rule" => "alert.rule",
        "priority" => "alert.priority",
        "source" => "alert.source",
        "hostname" => "alert.hostname",
        "time" | "uuid" | "tags" | "output" | "read from" => return None,
        other => other,
    };
    let is_name = |char: char| char.is_ascii_alphanumeric() || "._[]-".contains(char);
    field.chars().all(is_name).then(|| narrow::equals(field, value))
}
