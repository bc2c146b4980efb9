//! The state of the screen, and the one place that changes it.
//!
//! `update` is a short router: overlay first, then the focused pane, then the program. After every message
//! [`App::settle`] brings lists, lines and questions up to date, so that `view` finds everything in place.

mod act;
mod asking;
mod assess;
mod copy;
mod decide;
mod facets;
mod looked;
mod marking;
mod mouse;
mod mute;
mod narrowing;
mod overlays;
mod paper;
mod told;
mod triaged;
mod tune;

use super::action::Action;
use super::desk::{Desk, Keeping};
use super::effect::{Effect, Ground as Snapshot};
use super::health::{Follow, Health, Stage};
use super::keymap::Key;
use super::layout::{Extra, Focus, Layout, Shape};
use super::lines::Lines;
use super::msg::Msg;
use super::narrow::Narrow;
use super::overlay::Overlay;
use super::pane::detail::Detail;
use super::pane::groups::{Ground, Groups};
use super::settings::Settings;
use crate::store::{Grouping, Store};
use assess::Assessor;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::Timestamp;
use ratatui::layout::Size;
use std::collections::VecDeque;
pub use triaged::Recognized;

/// All that the screen shows. `update` changes it, `view` reads it; neither touches the outside.
pub struct App {
    /// Every alert we hold.
    pub store: Store,
    pub groups: Groups,
    pub detail: Detail,
    pub shape: Shape,
    /// The filter and the search.
    pub narrow: Narrow,
    pub overlay: Option<Overlay>,
    /// The line that fades and those that stay.
    pub lines: Lines,
    pub health: Health,
    pub assessor: Assessor,
    /// What people decided.
    pub desk: Desk,
    pub size: Size,
    /// What time it is, as we were told.
    pub now: Timestamp,
    pub settings: Settings,
    /// What came while more alerts were waiting than one turn takes in, in order.
    waiting: VecDeque<Msg>,
}

/// Alerts taken in before keys are looked at again.
const AT_ONCE: usize = 16_384;

/// Alerts a second from which on rows move a few times a second only.
const POURING: f64 = 50.0;

/// What follows from one message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Turn {
    pub effects: Vec<Effect>,
    pub redraw: bool,
    /// A person waits for what has changed: it is shown before the next frame would be due.
    pub is_awaited: bool,
    pub quit: bool,
}

impl Turn {
    /// Adds what followed from the next message.
    pub fn absorb(&mut self, next: Self) {
        self.effects.extend(next.effects);
        self.redraw |= next.redraw;
        self.is_awaited |= next.is_awaited;
        self.quit |= next.quit;
    }

    /// Whether there is more to take in before the next message.
    pub fn goes_on(&self) -> bool {
        self.effects.contains(&Effect::Continue)
    }

    fn ask(&mut self, effect: impl Into<Option<Effect>>) {
        self.effects.extend(effect.into());
    }
}

impl App {
    pub fn new(settings: Settings, now: Timestamp) -> Self {
        Self {
            store: Store::default(),
            groups: Groups::default(),
            detail: Detail::default(),
            shape: Shape::default(),
            narrow: Narrow::default(),
            overlay: None,
            lines: Lines::default(),
            health: Health::default(),
            assessor: Assessor::default(),
            desk: Desk::default(),
            size: Size::default(),
            now,
            settings,
            waiting: VecDeque::new(),
        }
    }

    /// Takes in what time it is, and one fact: what happened is never dated by the last frame.
    pub fn told(&mut self, now: Timestamp, msg: Msg) -> Turn {
        let faded = self.tick(now);
        let mut turn = self.update(msg);
        turn.redraw |= faded;
        turn
    }

    /// Takes in one fact.
    pub fn update(&mut self, msg: Msg) -> Turn {
        let mut turn = Turn { redraw: true, ..Turn::default() };
        // A state that follows alerts is told after them.
        let follows = matches!(msg, Msg::Came(_) | Msg::State(_) | Msg::Progress(_));
        if follows && !self.waiting.is_empty() {
            self.waiting.push_back(msg);
            return Turn::default();
        }
        match msg {
            Msg::Key(key) => self.key(key, &mut turn),
            Msg::Mouse(mouse) => self.mouse(mouse, &mut turn),
            Msg::Paste(text) => self.paste(&text, &mut turn),
            Msg::Resize(width, height) => self.size = Size { width, height },
            Msg::Tick(now) => {
                turn.redraw = self.tick(now);
                if !turn.redraw {
                    return turn;
                }
            }
            Msg::Came(batch) => self.came(*batch, &mut turn),
            Msg::State(state) => self.state(state),
            Msg::NoSource(looked) => self.health.looked = looked,
            Msg::Progress(progress) => self.progress(progress),
            Msg::Loaded { id, look } => {
                self.loaded(id, look);
                self.look_for_paper(id, &mut turn);
            }
            Msg::Assessed(found) => self.assessed(found, &mut turn),
            Msg::Found { generation, ids, upto } => {
                turn.is_awaited = self.narrow.found(generation, &ids, upto);
            }
            Msg::FilterFailed { generation, reason } => self.narrow.failed(generation, reason),
            Msg::Hits { generation, ids, done } => {
                turn.is_awaited = done;
                self.hits(generation, &ids, done);
            }
            Msg::Counted(found) => self.counted(found, &mut turn),
            Msg::Tuned { wish, tuned } => self.tuned(wish, tuned),
            Msg::Weighed { id, weight } => {
                self.desk.weights.insert(id, weight);
            }
            Msg::Taught(problems) => self.taught(&problems, &mut turn),
            Msg::Copied { what, way } => self.lines.copied(self.now, what, way),
            Msg::Attached { id, is_asked, folder, paper } => {
                self.settings.reports = folder.or(self.settings.reports.take());
                self.attached(id, is_asked, paper);
            }
            Msg::Exported(result) => match result {
                Ok(path) => self.lines.done(self.now, format!("Written to {path}")),
                Err(reason) => self.lines.error(self.now, format!("Not written: {reason}")),
            },
            Msg::Resumed => turn.ask(Effect::Redraw),
            Msg::Configured { settings, anew, problems } => {
                self.configured(*settings, anew, &problems, &mut turn);
            }
            Msg::Narrow(text) => {
                if let Err(error) = self.filter(&text, &mut turn) {
                    self.lines.error(self.now, format!("No filter: {}", error.message));
                }
            }
            Msg::Banner(text) => self.lines.banner(text),
            Msg::Notice(text) => self.lines.done(self.now, text),
            Msg::Triaged(answer) => self.triaged(answer),
            Msg::Identified { number, found, is_done } => {
                self.identified(number, found, is_done, &mut turn);
            }
            Msg::Recognized { generation, found, upto } => {
                self.recognized(generation, found, upto);
            }
            Msg::Edited(result) => self.edited(result, &mut turn),
            Msg::Continue => self.go_on(&mut turn),
        }
        self.settle(&mut turn);
        turn
    }

    /// What lists and lines are made from.
    pub fn ground(&self) -> Ground<'_> {
        ground(&self.store, &self.narrow, &self.desk, &self.assessor, self.now)
    }

    /// Where everything is.
    pub fn layout(&self) -> Layout {
        let filter =
            matches!(self.overlay, Some(Overlay::Filter(_))) || self.narrow.text().is_some();
        let banners = self.lines.banner_rows(self.size.width).len();
        let banners = u16::try_from(banners).unwrap_or(u16::MAX);
        Layout::of(self.size, self.shape, Extra { banners, filter: u16::from(filter) })
    }

    fn grouping(&self) -> Grouping {
        self.store.tree().grouping()
    }

    fn key(&mut self, key: KeyEvent, turn: &mut Turn) {
        self.touched();
        let action = self.settings.keymap.action(Key::of(key));
        if let Some(second) = self.after_escape(key, action) {
            self.key(KeyCode::Esc.into(), turn);
            if !turn.quit {
                self.key(second, turn);
            }
            return;
        }
        if self.overlay.is_none() && action != Some(Action::Tune) {
            self.desk.offered = None;
        }
        if !matches!(action, Some(Action::Quit | Action::Leave)) {
            self.desk.is_leaving = false;
        }
        if action == Some(Action::Leave) && self.keeps_note() {
            return;
        }
        // These work whatever lies over the panes.
        if let Some(action @ (Action::Leave | Action::Suspend | Action::Redraw)) = action {
            self.act(action, turn);
        } else if !Layout::fits(self.size) {
            if action == Some(Action::Quit) {
                turn.quit = true;
            }
        } else if self.overlay.is_some() {
            self.overlay_key(key, action, turn);
        } else if let Some(action) = action {
            self.act(action, turn);
        } else {
            let help = self.settings.keymap.label(Action::Help);
            let label = crate::text::shown(&Key::of(key).label(), 20);
            self.lines.done(self.now, format!("{label} does nothing here; {help} shows the keys"));
        }
    }

    /// The key that was pressed right after Esc, where a terminal made one key of the two: tmux hands an Esc on together
    /// with what follows it soon, which reads as Alt and that key. Who binds the key to an action means it.
    fn after_escape(&self, key: KeyEvent, action: Option<Action>) -> Option<KeyEvent> {
        let is_char = matches!(key.code, KeyCode::Char(_));
        let is_alt = key.modifiers.contains(KeyModifiers::ALT)
            && !key.modifiers.contains(KeyModifiers::CONTROL);
        // The editor has such keys of its own.
        let is_writing = matches!(self.overlay, Some(Overlay::Note(_)));
        (is_char && is_alt && action.is_none() && !is_writing)
            .then(|| KeyEvent::new(key.code, key.modifiers - KeyModifiers::ALT))
    }

    /// Says no when nothing on the screen depends on the time that has passed.
    fn tick(&mut self, now: Timestamp) -> bool {
        let before = std::mem::replace(&mut self.now, now);
        self.health.forget(now);
        let faded = self.lines.fade(now);
        let released = self.groups.is_held(before) && !self.groups.is_held(now);
        let due = self.groups.is_behind(&self.ground());
        faded || released || due || before.as_second() != now.as_second()
    }

    /// Takes in what waits, as much as a turn may.
    fn go_on(&mut self, turn: &mut Turn) {
        while let Some(msg) = self.waiting.pop_front() {
            match msg {
                Msg::Came(batch) => {
                    self.came(*batch, turn);
                    break;
                }
                Msg::State(state) => self.state(state),
                Msg::Progress(progress) => self.progress(progress),
                _ => {}
            }
        }
        if !self.waiting.is_empty() {
            turn.ask(Effect::Continue);
        }
    }

    fn came(&mut self, mut batch: crate::store::Batch, turn: &mut Turn) {
        if let Some(later) = batch.split_off(AT_ONCE) {
            self.waiting.push_front(Msg::Came(Box::new(later)));
            turn.ask(Effect::Continue);
        }
        if let Follow::Held { batches, n_alerts } = &mut self.health.follow {
            *n_alerts += batch.drafts.iter().map(|draft| draft.len() as u64).sum::<u64>();
            batches.push(batch);
            return;
        }
        self.take_in(batch);
    }

    fn take_in(&mut self, batch: crate::store::Batch) {
        let before = self.store.len();
        self.store.append(batch);
        if self.health.stage == Stage::Live {
            self.health.arrived(self.now, (self.store.len() - before) as u64);
        }
        self.health.count_drops(&self.store);
    }

    /// When each source has come to its end or waits for more, what was there is read: from now on alerts are new.
    fn state(&mut self, state: super::msg::State) {
        self.health.note(state);
        if self.health.progress.is_none() {
            self.progress(None);
        }
    }

    fn progress(&mut self, progress: Option<super::msg::Progress>) {
        let is_filled = progress.is_none() && self.health.is_caught_up();
        if is_filled && self.health.stage == Stage::Filling {
            self.health.stage = Stage::Live;
            let ground = ground(&self.store, &self.narrow, &self.desk, &self.assessor, self.now);
            self.groups.mark_all_seen(&ground);
            self.mark_looked();
        }
        self.health.progress = progress;
    }

    fn loaded(&mut self, id: crate::model::AlertId, look: Result<Box<super::msg::Look>, String>) {
        // An answer that is no longer waited for would show another alert than the cursor is on.
        if self.assessor.wanted == Some(id) {
            // The list says at once what the detail says.
            if let Ok(look) = &look {
                self.note_level(id, look.analysis.assessment.level);
                self.groups.unsettle();
            }
            self.detail.take(id, look);
        }
    }

    /// Brings everything up to date that follows from the rest, and asks what must be asked.
    fn settle(&mut self, turn: &mut Turn) {
        let layout = self.layout();
        let mut force = self.narrow.regroup(&self.store, self.store.tree().grouping());
        // What must be looked through before it is shown is asked for first.
        turn.ask(self.recognize());
        force |= self.refresh_view();
        turn.ask(self.narrow.ask(&self.store, &self.desk.board));
        let is_due = self.desk.looking.due_in(self.now) == Some(0);
        if self.desk.keeping == Keeping::Disk && (turn.quit || is_due) {
            turn.ask(Effect::Look(self.look_order()));
        }
        // What a new filter leaves has to come first; who has moved since then looks at it already.
        let is_coming = self.narrow.take_coming() && self.groups.is_untouched();
        let ground = ground(&self.store, &self.narrow, &self.desk, &self.assessor, self.now);
        let room = layout.list.height.saturating_sub(1 + u16::from(layout.bottom_rule.is_empty()));
        let pours = self.health.stage == Stage::Filling || self.health.rate() > POURING;
        if layout.list.height > 0 {
            let is_held = self.groups.is_held(self.now) && !is_coming;
            if force && is_held {
                // Once nobody looks any more.
                self.groups.unsettle();
            }
            self.groups.refresh(&ground, usize::from(room), force && !is_held, pours);
            let visible = self.groups.visible_groups();
            self.groups.sparks.count(&ground, visible.into_iter());
        } else {
            let height = self.groups.height();
            self.groups.refresh(&ground, height, false, pours);
        }
        self.want(turn);
        let said = self.said();
        self.detail.say(said);
        let (store, settings, now) = (&self.store, &self.settings, self.now);
        if layout.detail.width > 0 {
            self.detail.reflow(store, settings, now, (layout.detail.width, layout.detail.height));
        }
        self.fill_page();
        turn.ask(self.assess());
        turn.ask(self.wake());
    }

    /// Asks for the alert under the cursor when it is another one than before.
    fn want(&mut self, turn: &mut Turn) {
        let ground = ground(&self.store, &self.narrow, &self.desk, &self.assessor, self.now);
        let pick = self.groups.pick();
        // A group that is read does not change under the reader when more of it comes; but what another view or a decision
        // took out of it is not shown for it. While nobody has touched anything the worst is.
        let is_same = pick == self.assessor.wanted_for && pick.is_some();
        let level = self.groups.level(&ground);
        let is_worse = self.groups.is_unread() && level > self.assessor.wanted_level;
        if is_same && !is_worse && self.assessor.wanted.is_some_and(|id| ground.holds(id)) {
            return;
        }
        let target = self.groups.target(&ground);
        self.assessor.wanted_level = level;
        if is_same && target.is_some() && target == self.assessor.wanted {
            return;
        }
        // What is still being looked through may give the alert back.
        if pick.is_none() && !self.narrow.is_settled(&self.store) {
            return;
        }
        self.assessor.wanted_for = pick;
        self.assessor.wanted = target;
        match target {
            Some(id) => {
                self.detail.expect(id);
                turn.ask(self.load(id));
            }
            None => self.detail.clear(),
        }
    }

    /// Other playbooks are in force: what is shown and every level is found again.
    fn taught(&mut self, problems: &[String], turn: &mut Turn) {
        self.lines.set_unread_playbooks(problems);
        self.assessor.again();
        turn.ask(self.assessor.wanted.map(|id| self.load(id)));
    }

    fn load(&self, id: crate::model::AlertId) -> Effect {
        let variant = self.detail.variant.clone();
        Effect::Load { id, variant, ground: Snapshot(self.store.snapshot()) }
    }

    /// When the screen would change by itself: a notice fades, rows may move again, the rate falls.
    fn wake(&self) -> Option<Effect> {
        let fade = self.lines.fades_in(self.now);
        let behind = self.groups.is_behind(&self.ground());
        let held = (behind && self.groups.is_held(self.now)).then_some(1000);
        let order = (behind && !self.groups.is_held(self.now)).then_some(200);
        let rate = (self.health.rate() > 0.0).then_some(1000);
        let age = (self.settings.times == super::settings::Times::Age && !self.store.is_empty())
            .then_some(1000);
        let look =
            self.desk.looking.due_in(self.now).filter(|_| self.desk.keeping == Keeping::Disk);
        let milliseconds = [fade, held, order, rate, age, look].into_iter().flatten().min()?;
        Some(Effect::Wake { milliseconds })
    }

    /// Whether the detail pane is what the keys act on.
    pub fn in_detail(&self) -> bool {
        self.shape.focus == Focus::Detail
    }
}

/// What lists and lines are made from, out of the parts it needs, so that other parts stay free.
fn ground<'a>(
    store: &'a Store,
    narrow: &'a Narrow,
    desk: &'a Desk,
    assessor: &'a Assessor,
    now: Timestamp,
) -> Ground<'a> {
    let (tree, matches) = match narrow.left() {
        Some((tree, matches)) => (tree, Some(matches)),
        None => (store.tree(), None),
    };
    let is_filtered = matches.is_some();
    let (tree, matches) = match desk.left() {
        Some((tree, kept)) => (tree, Some(kept)),
        None => (tree, matches),
    };
    Ground { store, tree, matches, is_filtered, desk, known: &assessor.known, now }
}
