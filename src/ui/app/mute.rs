//! Muting: what a suppression is made for, and ending one before its time.

use super::{App, Turn};
use crate::model::{AlertId, Level, Priority, Status};
use crate::store::CellId;
use crate::triage::{Edit, Place, Scope, Shelter, Suppression, condition};
use crate::ui::desk::wish::{Identified, Target, Wanted, Wish};
use crate::ui::desk::{Class, Done};
use jiff::Timestamp;
use rustc_hash::FxHashMap;

/// Alerts of a group that are looked at for what a suppression is made for.
const MOST: usize = 20_000;

impl App {
    /// What a suppression of these would hide, in words.
    pub(super) fn hides(&self, targets: &[Target]) -> String {
        let all = targets.iter().flat_map(|target| self.known_of(*target, &FxHashMap::default()));
        let alike = targets.iter().any(|target| target.scope == Scope::Alert);
        let alike = if alike { "those of the same process too; " } else { "" };
        match Shelter::of(all) {
            Some(shelter) => format!("hides {alike}only {}", shelter.words()),
            None => format!("hides {alike}never what is worse than now"),
        }
    }

    /// Priority and assessment of the alerts that a suppression is made for.
    fn known_of(
        &self,
        target: Target,
        found: &FxHashMap<AlertId, Identified>,
    ) -> Vec<(Option<Priority>, Option<Level>)> {
        let known = |id: AlertId| {
            let found = found.get(&id).and_then(|known| known.level);
            let row = self.store.row(id)?;
            Some((row.priority, row.level.or(found)))
        };
        let mut all: Vec<_> = known(target.id).into_iter().collect();
        let mut next = match target.scope {
            Scope::Alert => None,
            _ => self.store.cell_of(target.id).and_then(|cell| self.store.newest_in(cell)),
        };
        while let Some(id) = next.filter(|_| all.len() < MOST) {
            all.extend(known(id));
            next = self.store.previous(id);
        }
        all
    }

    /// Makes the suppressions of a wish.
    ///
    /// # Errors
    /// Why nothing of it can be muted.
    pub(super) fn mute(
        &mut self,
        wish: &Wish,
        ends: Timestamp,
        reason: &str,
        turn: &mut Turn,
    ) -> Result<(), String> {
        let at = self.desk.stamp(self.now);
        let mut made: Vec<Suppression> = Vec::new();
        for target in &wish.targets {
            let Some(row) = self.store.row(target.id).filter(|row| row.is_exact) else { continue };
            let place = Place::of_columns(&row.columns());
            let filter = condition(row.rule, &place, row.process, target.scope);
            let Some(shelter) = Shelter::of(self.known_of(*target, &wish.found)) else { continue };
            if let Some(same) = made.iter_mut().find(|old| old.filter == filter) {
                same.shelter.widen(&shelter);
                continue;
            }
            made.push(Suppression {
                id: format!("{}-{at}-{}", self.desk.host, made.len()),
                filter,
                author: self.desk.by.clone(),
                reason: reason.to_owned(),
                made: at,
                ends,
                shelter,
                lifted: None,
            });
        }
        if made.is_empty() {
            let why = "what has no known priority, assessment and place is never hidden";
            return Err(why.to_owned());
        }
        for known in wish.found.values() {
            if let Some(level) = known.level {
                self.store.assess(known.id, level);
            }
        }
        for mute in &made {
            self.desk.mutes.take(mute.clone(), at, &self.settings.zone);
        }
        self.desk.done.push(Done::Muted(made.iter().map(|mute| mute.id.clone()).collect()));
        self.desk.taken_back.clear();
        self.save(Vec::new(), made, Vec::new(), turn);
        self.recognize_again();
        Ok(())
    }

    /// Ends these suppressions, or puts them into force again.
    pub(super) fn lift(&mut self, ids: &[String], lifts: bool, at: Timestamp, turn: &mut Turn) {
        let by = self.desk.by.clone();
        let changed: Vec<Suppression> = ids
            .iter()
            .filter_map(|id| self.desk.mutes.get(id))
            .map(|mute| Suppression {
                lifted: lifts.then(|| (by.clone(), at)),
                ..mute.made.clone()
            })
            .collect();
        for made in &changed {
            self.desk.mutes.take(made.clone(), self.now, &self.settings.zone);
        }
        self.save(Vec::new(), changed, Vec::new(), turn);
        self.recognize_again();
    }

    /// Puts what is decided or muted back into the inbox.
    pub(super) fn reopen(&mut self, turn: &mut Turn) {
        let targets = self.targets(Scope::Container);
        let ids = self.muting(&targets);
        let decided: Vec<Target> = targets
            .iter()
            .filter(|target| {
                let standing = self.desk.standing(&self.store, target.id);
                standing.is_some_and(|standing| standing.decided_status() != Status::Open)
            })
            .copied()
            .collect();
        if ids.is_empty() {
            let targets = if decided.is_empty() { targets } else { decided };
            return self.wish(Wanted::Decide(Edit::Status(Status::Open)), targets, turn);
        }
        let about = self.about(&targets);
        let at = self.desk.stamp(self.now);
        self.lift(&ids, true, at, turn);
        self.desk.done.push(Done::Lifted(ids));
        self.desk.taken_back.clear();
        self.desk.marks.clear();
        self.desk.unsettle();
        let undo = self.settings.keymap.label(crate::ui::Action::Undo);
        self.lines.done(self.now, format!("No longer muted: {about}   {undo} takes it back"));
        let pick = self.groups.pick();
        self.resettle(pick);
        if !decided.is_empty() {
            self.wish(Wanted::Decide(Edit::Status(Status::Open)), decided, turn);
        }
    }

    /// The suppressions that hide alerts of these.
    fn muting(&self, targets: &[Target]) -> Vec<String> {
        let cells: Vec<Option<CellId>> = targets
            .iter()
            .map(|target| match target.scope {
                Scope::Alert => None,
                _ => self.store.cell_of(target.id),
            })
            .collect();
        let concerns = |id: &AlertId| {
            self.desk.class(*id) == Class::Muted
                && targets.iter().zip(&cells).any(|(target, cell)| match cell {
                    None => target.id == *id,
                    cell => self.store.cell_of(*id) == *cell,
                })
        };
        self.desk
            .mutes
            .iter()
            .filter(|mute| mute.made.is_active(self.now) && mute.matched.iter().any(concerns))
            .map(|mute| mute.made.id.clone())
            .collect()
    }

    /// A time as a person reads it: the clock today, with the date on other days.
    pub(super) fn clock(&self, at: Timestamp) -> String {
        let zone = match self.settings.times {
            crate::ui::settings::Times::Utc => jiff::tz::TimeZone::UTC,
            _ => self.settings.zone.clone(),
        };
        let (at, now) = (at.to_zoned(zone.clone()), self.now.to_zoned(zone));
        let format = if at.date() == now.date() { "%H:%M" } else { "%b %e %H:%M" };
        at.strftime(format).to_string()
    }
}
