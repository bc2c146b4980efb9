//! What the one who saves decisions answers, the keys of the windows that ask for them, and the words about them.

use super::{App, Turn};
use crate::model::{AlertId, Level};
use crate::text::{plural, printable};
use crate::triage::{AlertKeys, Answer, Decision, Key, Scope};
use crate::ui::desk::wish::Edit;
use crate::ui::effect::{Effect, Ground as Snapshot, Recognize};
use crate::ui::overlay::Overlay;
use crate::ui::overlay::decide::{Ask, Decide, SPANS, Typing, VERDICTS};
use crate::ui::overlay::note::Note;
use crate::ui::times::ago;
use crate::ui::widget::prompt::Prompt;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::{Span, Timestamp, ToSpan, Zoned};

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
                let held = match n {
                    0 => String::new(),
                    n => format!(" ({} not saved yet)", plural(n, "decision", "decisions")),
                };
                let text = format!("Triage: {why}{held}");
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
                    changed |= self.desk.board.apply(change);
                }
                self.desk.board.saved(&ids);
                let mut mutes_changed = false;
                for made in suppressions {
                    mutes_changed |= self.desk.mutes.take(made, self.now, &self.settings.zone);
                }
                if changed || mutes_changed {
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

    /// Marks as new what came since each source was last looked at.
    pub(super) fn mark_looked(&mut self) {
        let names = &self.desk.looked;
        if names.is_empty() || self.health.stage != crate::ui::health::Stage::Live {
            return;
        }
        let of_source: rustc_hash::FxHashMap<_, i64> = self
            .health
            .sources
            .iter()
            .filter_map(|(id, source)| {
                let (_, at) = names.iter().find(|(name, _)| *name == source.name)?;
                Some((*id, crate::ui::times::nanos(*at)))
            })
            .collect();
        if of_source.is_empty() {
            return;
        }
        let store = &self.store;
        let is_old = |id: AlertId| {
            let body = store.location(id).and_then(|location| store.bodies().get(location.body));
            let looked = body.and_then(|body| of_source.get(&body.source));
            match (looked, store.nanos(id)) {
                (Some(looked), Some(nanos)) => nanos <= *looked,
                _ => true,
            }
        };
        let old: Vec<bool> = (0..store.len())
            .map(|at| is_old(AlertId(u32::try_from(at).unwrap_or(u32::MAX))))
            .collect();
        self.with_groups(|groups, ground| groups.mark_seen_if(ground, &old));
    }

    /// What each source was looked at up to, to be remembered when the console is left.
    pub(super) fn look_order(&self) -> Vec<(String, Timestamp)> {
        let mut last: rustc_hash::FxHashMap<crate::model::SourceId, i64> =
            rustc_hash::FxHashMap::default();
        for at in 0..self.store.len() {
            let id = AlertId(u32::try_from(at).unwrap_or(u32::MAX));
            let body = self.store.location(id).map(|location| location.body);
            if let (Some(body), Some(nanos)) =
                (body.and_then(|body| self.store.bodies().get(body)), self.store.nanos(id))
            {
                let most = last.entry(body.source).or_insert(nanos);
                *most = nanos.max(*most);
            }
        }
        last.into_iter()
            .filter_map(|(source, nanos)| {
                let name = self.health.sources.get(&source)?.name.clone();
                Some((name, Timestamp::from_nanosecond(nanos.into()).ok()?))
            })
            .collect()
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
        }
        self.desk.unsettle();
    }

    /// Brings the view up to date; says whether it holds other alerts than before.
    pub(super) fn refresh_view(&mut self) -> bool {
        let base = self.narrow.left();
        let generation = self.narrow.generation();
        let changed = self.desk.refresh(&self.store, base, generation, self.now);
        if changed && self.narrow.asks_triage() && self.desk.take_decided() {
            self.narrow.again();
        }
        changed
    }

    /// Another editor had the note.
    pub(super) fn edited(&mut self, result: Result<String, String>, turn: &mut Turn) {
        turn.ask(Effect::Redraw);
        match (result, &mut self.overlay) {
            (Ok(text), Some(Overlay::Note(note))) => note.set(&text),
            (Ok(_), _) => {}
            (Err(why), _) => self.lines.error(self.now, format!("The editor: {why}")),
        }
    }

    /// Keys while a decision is being made.
    pub(super) fn decide_key(&mut self, mut decide: Box<Decide>, key: KeyEvent, turn: &mut Turn) {
        decide.error = None;
        if let Some((typing, mut prompt)) = decide.typing.take() {
            match key.code {
                KeyCode::Esc if typing == Typing::Text => return,
                KeyCode::Esc => {}
                KeyCode::Enter => match self.typed_for(&mut decide, typing, &prompt.text()) {
                    Ok(Some(edit)) => return self.decided(*decide, edit, turn),
                    Ok(None) => {}
                    Err(error) => {
                        decide.error = Some(error);
                        decide.typing = Some((typing, prompt));
                    }
                },
                _ => {
                    prompt.key(key);
                    decide.typing = Some((typing, prompt));
                }
            }
            self.overlay = Some(Overlay::Decide(decide));
            return;
        }
        let chosen = match key.code {
            KeyCode::Esc => return,
            KeyCode::Down | KeyCode::Char('j') => {
                decide.step(1);
                None
            }
            KeyCode::Up | KeyCode::Char('k') => {
                decide.step(-1);
                None
            }
            KeyCode::Char('r') if !decide.items().is_empty() => {
                let start = match (decide.reason.is_empty(), decide.ask) {
                    (true, Ask::Close) => self.desk.last_reason.as_str(),
                    _ => decide.reason.as_str(),
                };
                decide.typing = Some((Typing::Reason, Prompt::new(start)));
                None
            }
            KeyCode::Char('w') => {
                let next = match decide.scope {
                    Scope::Alert => Scope::Alert,
                    Scope::Container => Scope::Workload,
                    Scope::Workload => Scope::Container,
                };
                decide.scope = next;
                for target in decide.targets.iter_mut().filter(|one| one.scope != Scope::Alert) {
                    target.scope = next;
                }
                None
            }
            KeyCode::Enter => Some(decide.cursor),
            KeyCode::Char(char) => decide.items().iter().position(|(key, _)| *key == char),
            _ => None,
        };
        let Some(chosen) = chosen else {
            self.overlay = Some(Overlay::Decide(decide));
            return;
        };
        let edit = match decide.ask {
            Ask::Acknowledge => Edit::Status(crate::model::Status::Acknowledged),
            Ask::Escalate => Edit::Status(crate::model::Status::Escalated),
            Ask::Close => {
                let Some((_, verdict)) = VERDICTS.get(chosen) else { return };
                self.desk.last_verdict = Some(*verdict);
                if !decide.reason.is_empty() {
                    self.desk.last_reason.clone_from(&decide.reason);
                }
                let reason = Some(decide.reason.clone()).filter(|reason| !reason.is_empty());
                Edit::Close { verdict: *verdict, reason }
            }
            Ask::Mute => {
                decide.cursor = chosen;
                if chosen + 1 == SPANS.len() {
                    decide.typing = Some((Typing::Until, Prompt::default()));
                    self.overlay = Some(Overlay::Decide(decide));
                    return;
                }
                self.desk.last_mute = chosen;
                let zoned = self.now.to_zoned(self.settings.zone.clone());
                Edit::Mute { ends: ends(&zoned, chosen), reason: decide.reason.clone() }
            }
            Ask::Assign | Ask::Tag => return,
        };
        self.decided(*decide, edit, turn);
    }

    fn decided(&mut self, decide: Decide, edit: Edit, turn: &mut Turn) {
        self.wish(edit, decide.targets, turn);
    }

    /// What a typed line means; `None` when it was a part of the question.
    fn typed_for(
        &self,
        decide: &mut Decide,
        typing: Typing,
        text: &str,
    ) -> Result<Option<Edit>, String> {
        let text = text.trim();
        match typing {
            Typing::Reason => {
                text.clone_into(&mut decide.reason);
                Ok(None)
            }
            Typing::Until => {
                let zoned = self.now.to_zoned(self.settings.zone.clone());
                let ends = until(text, &zoned)?;
                Ok(Some(Edit::Mute { ends, reason: decide.reason.clone() }))
            }
            Typing::Text if decide.ask == Ask::Assign => {
                Ok(Some(Edit::Assign(Some(text.to_owned()).filter(|name| !name.is_empty()))))
            }
            Typing::Text => {
                let mut tags: Vec<String> = Vec::new();
                for tag in text.split([' ', ',']).filter(|tag| !tag.is_empty()) {
                    if !tags.iter().any(|old| old == tag) {
                        tags.push(tag.to_owned());
                    }
                }
                Ok(Some(Edit::Tags(tags)))
            }
        }
    }

    /// Keys while a note is written.
    pub(super) fn note_key(&mut self, mut note: Box<Note>, key: KeyEvent, turn: &mut Turn) {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Esc => return,
            KeyCode::Char('s') if control => {
                let edit = Edit::Note(note.text());
                return self.wish(edit, note.targets, turn);
            }
            KeyCode::Char('o') if control => {
                turn.ask(Effect::Edit { text: note.text().unwrap_or_default() });
            }
            _ => note.key(key),
        }
        self.overlay = Some(Overlay::Note(note));
    }

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
                let what = Decision::difference(&change.before, &change.after);
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
            let mute = self.desk.mutes.iter().find(|mute| mute.matched.contains(&id))?;
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
        let last = standing.last?;
        let mut text = crate::ui::desk::words(standing.decision);
        text += &format!(" by {} {}", last.by, ago(last.at, self.now));
        if standing.came_back {
            let newer = self.newer_than(id, last.at);
            text += &format!(", {newer} new since");
        }
        if standing.is_saving {
            text.push_str(", saving…");
        }
        Some(printable(&text).into_owned())
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

/// When a suppression ends that was made for one of the usual spans.
fn ends(now: &Zoned, chosen: usize) -> Timestamp {
    let after = |span: Span| now.checked_add(span).unwrap_or_else(|_| now.clone()).timestamp();
    match chosen {
        0 => after(15.minutes()),
        1 => after(1.hour()),
        2 => now.end_of_day().map_or_else(|_| after(1.day()), |end| end.timestamp()),
        _ => after(7.days()),
    }
}

/// Reads until when: a clock time (today, or tomorrow when it is past), a span, or a date with a time.
fn until(text: &str, now: &Zoned) -> Result<Timestamp, String> {
    let most = now.checked_add(30.days()).map_err(|error| error.to_string())?;
    let clock = text.parse::<jiff::civil::Time>().ok().and_then(|time| {
        let today =
            now.date().to_zoned(now.time_zone().clone()).ok()?.with().time(time).build().ok()?;
        if today > *now { Some(today) } else { today.checked_add(1.day()).ok() }
    });
    let span = || text.parse::<Span>().ok().and_then(|span| now.checked_add(span).ok());
    let date = || {
        let date: jiff::civil::DateTime = text.parse().ok()?;
        date.to_zoned(now.time_zone().clone()).ok()
    };
    let ends = clock.or_else(span).or_else(date).ok_or(
        "not understood: a time (18:30), a span (2h, 3 days) or a date (2026-11-24 08:00)",
    )?;
    if ends <= *now {
        return Err("that is past already".to_owned());
    }
    if ends > most {
        return Err("at most 30 days from now".to_owned());
    }
    Ok(ends.timestamp())
}
