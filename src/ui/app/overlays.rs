//! Keys, clicks and pasted text while something lies over the panes.

use super::{App, Turn};
use crate::text::shown;
use crate::ui::action::Action;
use crate::ui::complete;
use crate::ui::effect::{Effect, Ground};
use crate::ui::keymap::Key;
use crate::ui::overlay::menu::{Choice, Menu};
use crate::ui::overlay::page::{Kind, Page};
use crate::ui::overlay::{Counts, FilterLine, Overlay, help};
use crate::ui::pane::{noise, rejects, sources, tune};
use crate::ui::{narrow, settings::Signs};
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::layout::Rect;

/// Rejects listed in the view; `cadge list --rejects` reads the log again and tells them all.
const REJECTS: usize = 2000;

impl App {
    pub(super) fn overlay_key(&mut self, key: KeyEvent, action: Option<Action>, turn: &mut Turn) {
        let Some(overlay) = self.overlay.take() else { return };
        match overlay {
            Overlay::Palette(mut palette) => match key.code {
                KeyCode::Esc => {}
                KeyCode::Enter => {
                    let name = palette.argument();
                    match palette.action() {
                        Some(Action::Save) if !name.is_empty() && self.narrow.text().is_some() => {
                            self.save_filter(&name, turn);
                        }
                        Some(Action::Load) if !name.is_empty() => self.load_filter(&name, turn),
                        Some(Action::Attach) if !name.is_empty() => self.attach(name, turn),
                        Some(Action::Report) if !name.is_empty() => self.report(&name, turn),
                        Some(action) => self.act(action, turn),
                        None => {}
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
                    if !palette.prompt.key(key) {
                        self.no_use(key);
                    }
                    palette.cursor = 0;
                    self.overlay = Some(Overlay::Palette(palette));
                }
            },
            Overlay::Menu(menu) => self.menu_key(menu, key, action, turn),
            Overlay::Page(page) => self.page_key(page, key, action, turn),
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
            Overlay::Decide(decide) => self.decide_key(decide, key, turn),
            Overlay::Note(note) => self.note_key(note, key, turn),
        }
    }

    fn search(&mut self, text: &str, turn: &mut Turn) {
        if text.is_empty() {
            self.narrow.end_search();
            turn.ask(Effect::EndSearch);
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

    /// Says that a key means nothing while something lies over the panes.
    pub(super) fn no_use(&mut self, key: KeyEvent) {
        let label = shown(&Key::of(key).label(), 20);
        self.lines.done(self.now, format!("{label} does nothing here; Esc goes back"));
    }

    fn menu_key(&mut self, mut menu: Menu, key: KeyEvent, action: Option<Action>, turn: &mut Turn) {
        match action {
            Some(Action::Back | Action::Quit | Action::Fold) => return,
            Some(Action::Open | Action::Unfold | Action::CopyCommand) => {
                if let Some(choice) = menu.choice().cloned() {
                    self.choose(choice, turn);
                }
                return;
            }
            action => match action.and_then(|action| rows(action, 10)) {
                Some(rows) => menu.step(rows),
                None => self.no_use(key),
            },
        }
        self.overlay = Some(Overlay::Menu(menu));
    }

    fn page_key(&mut self, mut page: Page, key: KeyEvent, action: Option<Action>, turn: &mut Turn) {
        if page.tune.is_some() {
            self.tune_key(&mut page, action, turn);
        }
        let closes = match action {
            Some(Action::Back | Action::Quit | Action::Fold) => true,
            Some(Action::Help) => page.kind == Kind::Help,
            Some(Action::Rejects) => page.kind == Kind::Rejects,
            Some(Action::Sources) => page.kind == Kind::Sources,
            Some(Action::Tune) => page.kind == Kind::Tune,
            Some(Action::Noise) => page.kind == Kind::Noise,
            _ => false,
        };
        if closes {
            return;
        }
        match action.and_then(|action| rows(action, page.height())) {
            Some(rows) => page.step(rows),
            // What makes an exception has keys of its own.
            None if page.tune.is_some() && action.is_some() => {}
            None => self.no_use(key),
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
            Some(Overlay::Decide(decide)) => match decide.hit(screen, x, y) {
                Some(at) if at == decide.cursor => {
                    if let Some(Overlay::Decide(decide)) = self.overlay.take() {
                        self.decide_key(decide, KeyEvent::from(KeyCode::Enter), turn);
                    }
                }
                Some(at) => decide.cursor = at,
                // What was typed is not lost by a click.
                None if decide.typing.is_none()
                    && decide.reason.is_empty()
                    && !inside(decide.area(screen)) =>
                {
                    self.overlay = None;
                }
                None => {}
            },
            Some(Overlay::Page(_)) if !inside(Page::area(screen)) => self.overlay = None,
            _ => {}
        }
    }

    pub(super) fn paste(&mut self, text: &str, turn: &mut Turn) {
        match &mut self.overlay {
            Some(Overlay::Search(prompt)) => prompt.paste(text),
            Some(Overlay::Note(note)) => note.paste(text),
            Some(Overlay::Decide(decide)) => {
                if let Some((_, prompt)) = &mut decide.typing {
                    prompt.paste(text);
                }
            }
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
                let masks = self.settings.masks;
                let look = self.detail.look().map(|look| Box::new(look.clone()));
                turn.ask(look.map(|look| Effect::CopyReport { look, masks }));
            }
            Choice::CopyRaw => {
                let masks = self.settings.masks;
                let look = self.detail.look().map(|look| Box::new(look.clone()));
                turn.ask(look.map(|look| Effect::CopyRaw { look, masks }));
            }
            Choice::Drop(condition) => self.drop_condition(condition, turn),
            Choice::Keep(condition) => {
                let text = narrow::and(self.narrow.text(), &condition);
                match self.filter(&text, turn) {
                    Ok(()) => turn.ask(self.narrow.remember()),
                    Err(error) => self.lines.error(self.now, error.to_string()),
                }
            }
            Choice::Load(name) => self.load_filter(&name, turn),
            Choice::Show(id) => self.show_alert(id),
            Choice::Field(field) => self.facets(&field, turn),
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
                        self.clear_filter(turn);
                    }
                }
            }
            KeyCode::Enter if line.chosen.is_none() && line.error.is_none() => {
                turn.ask(self.narrow.remember());
                if let Some(warning) = &line.warning {
                    self.lines.warn(self.now, format!("In the filter: {warning}"));
                }
            }
            KeyCode::Enter if line.chosen.is_none() => {
                line.insists = true;
                self.overlay = Some(Overlay::Filter(line));
            }
            // What is marked in the list is taken, as Tab takes it.
            KeyCode::Tab | KeyCode::Enter => {
                if let Some(offer) = line.offers.get(line.chosen.unwrap_or(0)) {
                    line.prompt.replace(offer.replaces.clone(), &offer.text.clone());
                }
                self.typed(line, turn);
            }
            KeyCode::Down if line.back.is_some() => {
                // Down again from the history, to the line that was empty.
                let later = line.back.and_then(|at| at.checked_sub(1));
                let text = later.and_then(|at| self.narrow.history.iter().rev().nth(at));
                line.prompt.set(text.map_or("", String::as_str));
                line.back = later;
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
        (line.error, line.warning, line.insists) = (None, None, false);
        if text.trim().is_empty() {
            self.clear_filter(turn);
        } else {
            match self.filter(text.trim_end(), turn) {
                Ok(()) => line.warning = self.narrow.warning().cloned(),
                Err(error) => line.error = Some(error),
            }
        }
        line.chosen = None;
        self.offer(&mut line, turn);
        self.overlay = Some(Overlay::Filter(line));
    }

    /// Finds what could be typed; values of a field without a column are counted first, in the background.
    pub(super) fn offer(&mut self, line: &mut FilterLine, turn: &mut Turn) {
        let (text, cursor) = (line.prompt.text(), line.prompt.before().len());
        let alert = self.detail.look().map(|look| &look.alert);
        let log = complete::Log::new(&self.store, alert, line.counts.as_ref());
        line.offers = complete::offers(&text, cursor, &self.narrow.names, &log);
        let Some(field) = log.wanted.take() else { return };
        self.narrow.n_counts += 1;
        let generation = self.narrow.n_counts;
        line.counts = Some(Counts { generation, field: field.clone(), values: Vec::new() });
        let ground = Ground(self.store.snapshot());
        turn.ask(Effect::Count { generation, field, among: None, ground });
    }

    /// Makes the lines of the open page, which may have changed since the last message.
    pub(super) fn fill_page(&mut self) {
        let screen = Rect::new(0, 0, self.size.width, self.size.height);
        let width = Page::width(screen);
        let Some(Overlay::Page(page)) = &mut self.overlay else { return };
        let (lines, n_items) = match page.kind {
            Kind::Help => (help::lines(&self.settings.keymap, width), 0),
            Kind::Noise => (noise::lines(&self.store, &self.desk, &self.settings, width), 0),
            Kind::Tune => {
                let answer = page.tune.as_ref().and_then(|(_, answer)| answer.as_ref());
                // What is shown beside may be the next alert already.
                let id = page.tune.as_ref().map(|(wish, _)| wish.id);
                let look = self.detail.look().filter(|_| self.detail.shown.id() == id);
                (tune::lines(answer, look, &self.settings.keymap, width), 0)
            }
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
}

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
