//! Keys, clicks and pasted text while something lies over the panes.

use super::{App, Turn};
use crate::model::AlertId;
use crate::text::{count, shown};
use crate::ui::action::Action;
use crate::ui::complete;
use crate::ui::effect::Effect;
use crate::ui::overlay::menu::{Choice, Item, Menu};
use crate::ui::overlay::page::{Kind, Page};
use crate::ui::overlay::{FilterLine, Overlay, help};
use crate::ui::pane::{rejects, sources};
use crate::ui::{narrow, settings::Signs};
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::layout::Rect;
use rustc_hash::FxHashMap;

/// Rejects listed in the view; `cadge list --rejects` has them all.
const REJECTS: usize = 2000;
/// Alerts counted for the most frequent values.
const COUNTED: usize = 200_000;
/// Values listed.
const VALUES: usize = 200;

impl App {
    pub(super) fn overlay_key(&mut self, key: KeyEvent, action: Option<Action>, turn: &mut Turn) {
        let Some(overlay) = self.overlay.take() else { return };
        match overlay {
            Overlay::Palette(mut palette) => match key.code {
                KeyCode::Esc => {}
                KeyCode::Enter => {
                    if let Some(action) = palette.action() {
                        self.act(action, turn);
                    }
                }
                KeyCode::Down | KeyCode::Tab => {
                    palette.step(1);
                    self.overlay = Some(Overlay::Palette(palette));
                }
                KeyCode::Up | KeyCode::BackTab => {
                    palette.step(-1);
                    self.overlay = Some(Overlay::Palette(palette));
                }
                _ => {
                    palette.prompt.key(key);
                    palette.cursor = 0;
                    self.overlay = Some(Overlay::Palette(palette));
                }
            },
            Overlay::Menu(menu) => self.menu_key(menu, action, turn),
            Overlay::Page(page) => self.page_key(page, action),
            Overlay::Search(mut prompt) => match key.code {
                KeyCode::Esc => {}
                KeyCode::Enter => self.search(&prompt.text(), turn),
                KeyCode::Backspace if prompt.is_empty() => {}
                _ => {
                    prompt.key(key);
                    self.overlay = Some(Overlay::Search(prompt));
                }
            },
            Overlay::Filter(line) => self.filter_key(line, key, turn),
        }
    }

    fn search(&mut self, text: &str, turn: &mut Turn) {
        if text.is_empty() {
            self.narrow.search = narrow::Search::default();
            return;
        }
        match self.narrow.look_for(text, &self.store) {
            Ok(effect) => {
                self.lines.done(self.now, format!("Looking for {}", shown(text, 40)));
                turn.ask(effect);
            }
            Err(error) => self.lines.error(self.now, error),
        }
    }

    fn menu_key(&mut self, mut menu: Menu, action: Option<Action>, turn: &mut Turn) {
        match action {
            Some(Action::Back | Action::Quit | Action::Fold) => return,
            Some(Action::Open | Action::Unfold | Action::CopyCommand) => {
                if let Some(choice) = menu.choice().cloned() {
                    self.choose(choice, turn);
                }
                return;
            }
            Some(action) => {
                if let Some(rows) = rows(action, 10) {
                    menu.step(rows);
                }
            }
            None => {}
        }
        self.overlay = Some(Overlay::Menu(menu));
    }

    fn page_key(&mut self, mut page: Page, action: Option<Action>) {
        let closes = match action {
            Some(Action::Back | Action::Quit | Action::Fold) => true,
            Some(Action::Help) => page.kind == Kind::Help,
            Some(Action::Rejects) => page.kind == Kind::Rejects,
            Some(Action::Sources) => page.kind == Kind::Sources,
            _ => false,
        };
        if closes {
            return;
        }
        if let Some(rows) = action.and_then(|action| rows(action, page.height())) {
            page.step(rows);
        }
        let moved = page.n_items > 0;
        self.overlay = Some(Overlay::Page(page));
        if moved {
            self.fill_page();
            if let Some(Overlay::Page(page)) = &mut self.overlay {
                page.show_cursor();
            }
        }
    }

    pub(super) fn overlay_click(&mut self, x: u16, y: u16, turn: &mut Turn) {
        let screen = Rect::new(0, 0, self.size.width, self.size.height);
        let inside = |area: Rect| area.contains(ratatui::layout::Position { x, y });
        match &mut self.overlay {
            Some(Overlay::Menu(menu)) => match menu.hit(screen, x, y) {
                Some(at) if at == menu.cursor => {
                    let choice = menu.choice().cloned();
                    self.overlay = None;
                    if let Some(choice) = choice {
                        self.choose(choice, turn);
                    }
                }
                Some(at) => menu.cursor = at,
                None if !inside(menu.area(screen)) => self.overlay = None,
                None => {}
            },
            Some(Overlay::Page(_)) if !inside(Page::area(screen)) => self.overlay = None,
            _ => {}
        }
    }

    pub(super) fn paste(&mut self, text: &str, turn: &mut Turn) {
        match &mut self.overlay {
            Some(Overlay::Search(prompt)) => prompt.paste(text),
            Some(Overlay::Palette(palette)) => palette.prompt.paste(text),
            Some(Overlay::Filter(line)) => {
                line.prompt.paste(text);
                if let Some(Overlay::Filter(line)) = self.overlay.take() {
                    self.typed(line, turn);
                }
            }
            _ => self.lines.warn(self.now, "Pasted text is no command; open a prompt first"),
        }
    }

    fn choose(&mut self, choice: Choice, turn: &mut Turn) {
        match choice {
            Choice::Copy { text, what } => turn.ask(Effect::Copy { text, what }),
            Choice::CopyReport => {
                turn.ask(self.detail.look().map(|look| Effect::CopyReport(Box::new(look.clone()))));
            }
            Choice::CopyRaw => {
                turn.ask(self.detail.look().map(|look| Effect::CopyRaw(Box::new(look.clone()))));
            }
            Choice::Drop(condition) => self.drop_condition(condition, turn),
            Choice::Keep(condition) => {
                let text = narrow::and(self.narrow.text(), &condition);
                match self.filter(&text, turn) {
                    Ok(()) => self.narrow.remember(),
                    Err(error) => self.lines.error(self.now, error.to_string()),
                }
            }
            Choice::Show(id) => self.show_alert(id),
            Choice::Field(field) => self.facets(field),
            Choice::Nothing => {}
        }
    }

    /// The filter line: every change is tried at once; what cannot be read leaves the last good filter in force.
    fn filter_key(&mut self, mut line: FilterLine, key: KeyEvent, turn: &mut Turn) {
        match key.code {
            KeyCode::Esc => {
                // What was in force before comes back.
                let text = line.before.unwrap_or_default();
                if self.narrow.text() != Some(&text) {
                    let restored = if text.is_empty() {
                        Err(())
                    } else {
                        self.filter(&text, turn).map_err(|_| ())
                    };
                    if restored.is_err() {
                        self.clear_filter();
                    }
                }
            }
            KeyCode::Enter if line.error.is_none() => self.narrow.remember(),
            KeyCode::Enter => self.overlay = Some(Overlay::Filter(line)),
            KeyCode::Tab => {
                if let Some(offer) = line.offers.get(line.chosen.unwrap_or(0)) {
                    line.prompt.replace_tail(offer.replaces, &offer.text.clone());
                }
                self.typed(line, turn);
            }
            KeyCode::Down if !line.offers.is_empty() => {
                let next = line.chosen.map_or(0, |at| at + 1).min(line.offers.len() - 1);
                line.chosen = Some(next);
                self.overlay = Some(Overlay::Filter(line));
            }
            KeyCode::Up if line.chosen.is_some() => {
                line.chosen = line.chosen.and_then(|at| at.checked_sub(1));
                self.overlay = Some(Overlay::Filter(line));
            }
            KeyCode::Up => {
                let history = &self.narrow.history;
                let back = line.back.map_or(0, |at| at + 1).min(history.len().saturating_sub(1));
                if let Some(text) = history.iter().rev().nth(back) {
                    line.prompt.set(text);
                    line.back = Some(back);
                }
                self.typed(line, turn);
            }
            _ => {
                if line.prompt.key(key) {
                    line.back = None;
                    self.typed(line, turn);
                } else {
                    self.overlay = Some(Overlay::Filter(line));
                }
            }
        }
    }

    fn typed(&mut self, mut line: FilterLine, turn: &mut Turn) {
        let text = line.prompt.text();
        line.error = None;
        if text.trim().is_empty() {
            self.clear_filter();
        } else if let Err(error) = self.filter(text.trim(), turn) {
            line.error = Some(error);
        }
        line.offers = complete::offers(line.prompt.before(), &self.store);
        line.chosen = None;
        self.overlay = Some(Overlay::Filter(line));
    }

    /// Makes the lines of the open page, which may have changed since the last message.
    pub(super) fn fill_page(&mut self) {
        let screen = Rect::new(0, 0, self.size.width, self.size.height);
        let width = Page::width(screen);
        let Some(Overlay::Page(page)) = &mut self.overlay else { return };
        let (lines, n_items) = match page.kind {
            Kind::Help => (help::lines(&self.settings.keymap, width), 0),
            Kind::Sources => (sources::lines(&self.health, &self.settings, self.now, width), 0),
            Kind::Rejects => {
                let all = self.store.rejects();
                let some = all.get(..REJECTS.min(all.len())).unwrap_or(all);
                let mark = Signs::cursor(self.settings.signs);
                (
                    rejects::lines(some, self.store.totals().rejects, page.cursor, width, mark),
                    some.len(),
                )
            }
        };
        page.show(lines, n_items, screen);
    }

    /// Asks which field's values to count.
    pub(super) fn facet_menu(&mut self) {
        let items = FACETS
            .iter()
            .map(|(field, label)| Item {
                label: (*label).to_owned(),
                note: (*field).to_owned(),
                choice: Choice::Field(field),
            })
            .collect();
        self.overlay = Some(Overlay::Menu(Menu::new("The most frequent values of", items)));
    }

    /// Lists the most frequent values of a field under the filter; Enter narrows to one.
    fn facets(&mut self, field: &'static str) {
        let ground = self.ground();
        let newest = u32::try_from(self.store.len()).unwrap_or(u32::MAX);
        let every: Box<dyn Iterator<Item = AlertId>> = match ground.matches {
            Some(ids) => Box::new(ids.iter().rev().copied()),
            None => Box::new((0..newest).rev().map(AlertId)),
        };
        let mut counts: FxHashMap<Option<String>, u64> = FxHashMap::default();
        let mut n = 0_u64;
        for row in every.take(COUNTED).filter_map(|id| self.store.row(id)) {
            n += 1;
            let value = match field {
                "alert.rule" => row.rule,
                "container.name" => row.container.name,
                "container.image.repository" => row.container.image,
                "proc.name" => row.process,
                "k8s.ns.name" => row.namespace,
                "k8s.pod.name" => row.pod,
                "alert.hostname" => row.hostname,
                "alert.priority" => row.priority.map(crate::model::Priority::name),
                _ => row.event_source,
            };
            match counts.get_mut(&value.map(str::to_owned)) {
                Some(count) => *count += 1,
                None => drop(counts.insert(value.map(str::to_owned), 1)),
            }
        }
        let mut sorted: Vec<(Option<String>, u64)> = counts.into_iter().collect();
        sorted.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        let most = sorted.first().map_or(1, |(_, count)| *count).max(1);
        let n_values = sorted.len() as u64;
        let items = sorted
            .into_iter()
            .take(VALUES)
            .map(|(value, n)| {
                let bar = usize::try_from(n * 12 / most).unwrap_or(0).max(1);
                let full = self.settings.signs.bar(1, 1).repeat(bar);
                let label =
                    value.as_deref().map_or("(not known)".to_owned(), |value| match value {
                        "" => "(empty)".to_owned(),
                        value => shown(value, 60),
                    });
                let condition = match &value {
                    Some(value) => narrow::equals(field, value),
                    None => format!("not {field} exists"),
                };
                Item {
                    label,
                    note: format!("{full:<12} {:>9}", count(n)),
                    choice: Choice::Keep(condition),
                }
            })
            .collect();
        let label =
            FACETS.iter().find(|(name, _)| *name == field).map_or(field, |(_, label)| label);
        let mut menu = Menu::new(format!("{label}: {} values", count(n_values)), items);
        let left = if n < COUNTED as u64 { String::new() } else { "the newest ".to_owned() };
        menu.says = vec![format!(
            "Counted over {left}{}. Enter keeps one.",
            crate::text::plural(n, "alert", "alerts")
        )];
        self.overlay = Some(Overlay::Menu(menu));
    }
}

/// Fields whose values can be counted from the columns, and what people call them.
const FACETS: &[(&str, &str)] = &[
    ("alert.rule", "rule"),
    ("container.name", "container"),
    ("container.image.repository", "image"),
    ("proc.name", "process"),
    ("alert.hostname", "host"),
    ("k8s.ns.name", "namespace"),
    ("k8s.pod.name", "pod"),
    ("alert.priority", "priority"),
    ("alert.source", "event source"),
];

/// How many rows a motion moves.
fn rows(action: Action, page: usize) -> Option<isize> {
    let page = isize::try_from(page.max(2)).unwrap_or(10);
    Some(match action {
        Action::Next => 1,
        Action::Previous => -1,
        Action::HalfDown => page / 2,
        Action::HalfUp => -page / 2,
        Action::PageDown => page - 1,
        Action::PageUp => 1 - page,
        Action::Top => isize::MIN / 2,
        Action::Bottom => isize::MAX / 2,
        _ => return None,
    })
}
