//! What the one who saves decisions answers, and which alerts of this session decisions and suppressions are about.

use super::App;
use crate::model::{AlertId, Level};
use crate::text::{plural, printable};
use crate::triage::{Answer, Key, Scope};
use crate::ui::effect::{Effect, Ground as Snapshot, Recognize};

/// What was found out about an alert for decisions and suppressions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recognized {
    pub id: AlertId,
    /// Its own key, when somebody decided about it alone.
    pub key: Option<Key>,
    /// The suppressions whose filters it meets, by their places.
    pub mutes: Vec<usize>,
    /// Its own assessment, made when a suppression wants to hide it.
    pub level: Option<Level>,
}

impl App {
    /// Takes in what came of saving, and what others decided.
    pub(super) fn triaged(&mut self, answer: Answer) {
        match answer {
            Answer::Saved(ids) => self.desk.board.saved(&ids),
            Answer::Held { why, .. } => {
                let n = self.desk.board.n_saving() as u64;
                let text = match n {
                    0 => format!("Decisions cannot be saved now: {why}"),
                    n => format!("{} not saved yet: {why}", plural(n, "decision", "decisions")),
                };
                self.set_trouble(Some(text));
            }
            Answer::Well => {
                if self.desk.trouble.is_some() {
                    self.set_trouble(None);
                    self.lines.done(self.now, "Decisions are saved again");
                }
            }
            Answer::Note(text) => self.lines.banner(text),
            Answer::Came { changes, suppressions } => {
                let ids: Vec<String> = changes.iter().map(|change| change.id.clone()).collect();
                let mut changed = false;
                let mut has_alerts = false;
                for change in changes {
                    has_alerts |= change.key.scope == Scope::Alert;
                    let key = change.key;
                    if self.desk.board.apply(change) {
                        self.desk.touch([key]);
                        changed = true;
                    }
                }
                self.desk.board.saved(&ids);
                let mut mutes_changed = false;
                for made in suppressions {
                    mutes_changed |= self.desk.mutes.take(made, self.now, &self.settings.zone);
                }
                if mutes_changed {
                    self.desk.unsettle();
                }
                if mutes_changed || (changed && has_alerts) {
                    self.recognize_again();
                }
            }
            Answer::Looked(looked) => {
                self.desk.looked = looked;
                self.mark_looked();
            }
        }
    }

    fn set_trouble(&mut self, text: Option<String>) {
        if let Some(old) = self.desk.trouble.take() {
            self.lines.retract(&old);
        }
        if let Some(text) = text {
            self.lines.banner(&text);
            self.desk.trouble = Some(printable(&text).into_owned());
        }
    }
    /// Looks through all alerts again: for those decided about alone, and for what suppressions match.
    pub(super) fn recognize_again(&mut self) {
        self.desk.generation += 1;
        self.desk.n_asked = 0;
        self.desk.n_recognized = 0;
    }

    /// Asks for the alerts that were not looked through yet.
    pub(super) fn recognize(&mut self) -> Option<Effect> {
        if self.desk.n_asked >= self.store.len() || self.desk.n_recognized < self.desk.n_asked {
            return None;
        }
        let filters = self.desk.mutes.filters();
        let (keys, rules) = self.desk.unknown_keys();
        if filters.is_empty() && keys.is_empty() {
            self.desk.n_asked = self.store.len();
            self.desk.n_recognized = self.store.len();
            return None;
        }
        let from = AlertId(u32::try_from(self.desk.n_asked).unwrap_or(u32::MAX));
        self.desk.n_asked = self.store.len();
        let what = Recognize { filters, keys, rules };
        Some(Effect::Recognize {
            generation: self.desk.generation,
            what: Box::new(what),
            from,
            ground: Snapshot(self.store.snapshot()),
        })
    }

    /// Takes in what was recognized.
    pub(super) fn recognized(&mut self, generation: u64, found: Vec<Recognized>, upto: AlertId) {
        if generation != self.desk.generation {
            return;
        }
        self.desk.n_recognized = self.desk.n_recognized.max(upto.0 as usize);
        if found.is_empty() {
            return;
        }
        for Recognized { id, key, mutes, level } in found {
            if let Some(key) = key {
                self.desk.learn(id, key);
            }
            if let Some(level) = level
                && self.store.row(id).is_some_and(|row| row.level.is_none())
            {
                self.note_level(id, level);
            }
            self.desk.mutes.matched(id, &mutes);
            self.desk.look_at(id);
        }
    }

    /// Brings the view up to date; says whether it holds other alerts than before.
    pub(super) fn refresh_view(&mut self) -> bool {
        let base = self.narrow.left();
        let generation = self.narrow.generation();
        let changed = self.desk.refresh(&self.store, base, generation, self.now);
        if changed && self.narrow.asks_triage() && self.desk.take_decided() {
            self.narrow.again();
        }
        if changed {
            // Bars are added to while alerts come, and made anew when others go.
            self.groups.sparks.clear();
        }
        changed
    }
}
