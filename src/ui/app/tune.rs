//! From a confirmed false positive to the exception that makes Falco leave it out.

use super::{App, Turn};
use crate::analysis::tuning::Refusal;
use crate::model::AlertId;
use crate::triage::Scope;
use crate::ui::action::Action;
use crate::ui::effect::{Effect, Ground as Snapshot, TuneWish, What};
use crate::ui::msg::Tuned;
use crate::ui::overlay::Overlay;
use crate::ui::overlay::page::{Kind, Page};
use crate::ui::pane::groups::Pick;
use crate::ui::pane::noise;
use crate::ui::pane::tune::other_syntax;
use std::sync::Arc;

impl App {
    /// Opens the exception for what the cursor is on: the alert alone, or the whole group.
    pub(super) fn tune_selected(&mut self, turn: &mut Turn) {
        // What was just closed as a false positive comes first: the cursor has gone on.
        if let Some(target) = self.desk.offered.take() {
            return self.tune(target.id, target.scope, turn);
        }
        let scope = match self.groups.pick() {
            Some(Pick::Group(_)) => Scope::Container,
            _ => Scope::Alert,
        };
        if let Some(id) = self.assessor.wanted {
            self.tune(id, scope, turn);
        }
    }

    /// Opens the page of what makes noise, and asks what the exceptions of its false positives would do.
    pub(super) fn show_noise(&mut self, turn: &mut Turn) {
        self.overlay = Some(Overlay::Page(Page::new(Kind::Noise)));
        self.desk.weights.clear();
        let (groups, known_false) = noise::false_groups(&self.store, &self.desk);
        let (scope, version) = (Scope::Container, self.settings.falco);
        let wishes: Vec<TuneWish> =
            groups.into_iter().map(|id| TuneWish { id, scope, version }).collect();
        if !wishes.is_empty() {
            let ground = Snapshot(self.store.snapshot());
            turn.ask(Effect::Weigh { wishes, known_false: Arc::new(known_false), ground });
        }
    }

    /// Opens the exception for an alert, or for all of its rule and container.
    pub(super) fn tune(&mut self, id: AlertId, scope: Scope, turn: &mut Turn) {
        self.ask_to_tune(TuneWish { id, scope, version: self.settings.falco }, turn);
    }

    fn ask_to_tune(&mut self, wish: TuneWish, turn: &mut Turn) {
        let mut page = Page::new(Kind::Tune);
        page.tune = Some((wish, None));
        self.overlay = Some(Overlay::Page(page));
        turn.ask(Effect::Tune { wish, ground: Snapshot(self.store.snapshot()) });
    }

    /// Shows what came out, if it is still asked for.
    pub(super) fn tuned(&mut self, wish: TuneWish, tuned: Result<Box<Tuned>, Refusal>) {
        if let Some(Overlay::Page(page)) = &mut self.overlay
            && let Some((asked, answer)) = &mut page.tune
            && *asked == wish
        {
            *answer = Some(tuned);
        }
    }

    /// Keys of the page besides scrolling: copying, and the syntax for another Falco.
    pub(super) fn tune_key(&mut self, page: &mut Page, action: Option<Action>, turn: &mut Turn) {
        let Some((wish, answer)) = &mut page.tune else { return };
        let tuned = match answer {
            Some(Ok(tuned)) => Some(&**tuned),
            _ => None,
        };
        match action {
            Some(Action::CopyCommand | Action::CopyMenu) => {
                let Some(tuned) = tuned else {
                    self.lines.warn(self.now, "Not now: there is no exception to copy");
                    return;
                };
                let is_command = action == Some(Action::CopyCommand);
                let (text, what) = if is_command {
                    (tuned.exception.command(&tuned.hidden), What::Command)
                } else {
                    (tuned.exception.text(&tuned.hidden), What::Exception)
                };
                turn.ask(Effect::Copy { text, what });
            }
            Some(Action::Variant) if tuned.is_some() => {
                wish.version = other_syntax(wish.version, self.settings.falco);
                turn.ask(Effect::Tune { wish: *wish, ground: Snapshot(self.store.snapshot()) });
            }
            _ => {}
        }
    }
}
