//! Suppressions in force, and the alerts they match in this session.

use crate::model::AlertId;
use crate::query::{Filter, Names};
use crate::store::Store;
use crate::triage::Suppression;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;

/// One suppression.
#[derive(Clone, Debug)]
pub struct Mute {
    pub made: Suppression,
    /// Its filter; what is wrong with it when it cannot be read: then it hides nothing.
    pub filter: Result<Arc<Filter>, String>,
    /// Alerts that meet the filter.
    pub matched: FxHashSet<AlertId>,
    /// Alerts it hides now.
    pub n_hidden: u64,
    was_active: bool,
}

/// All suppressions, the ended ones too.
#[derive(Clone, Debug, Default)]
pub struct Mutes {
    all: Vec<Mute>,
    /// Which one hides an alert, by its place.
    hidden: FxHashMap<AlertId, usize>,
}

impl Mutes {
    pub fn iter(&self) -> impl Iterator<Item = &Mute> {
        self.all.iter()
    }

    pub fn get(&self, id: &str) -> Option<&Mute> {
        self.all.iter().find(|mute| mute.made.id == id)
    }

    /// Whether none is in force.
    pub fn is_empty(&self) -> bool {
        !self.all.iter().any(|mute| mute.was_active)
    }

    /// Takes one in; the latest text of a suppression counts. Says whether anything changed.
    pub fn take(&mut self, made: Suppression, now: Timestamp, zone: &TimeZone) -> bool {
        if let Some(old) = self.all.iter_mut().find(|old| old.made.id == made.id) {
            let changed = old.made != made;
            old.was_active = made.is_active(now);
            old.made = made;
            return changed;
        }
        let filter = Filter::parse(&made.filter, &Names::at(now, zone.clone()))
            .map(Arc::new)
            .map_err(|error| error.to_string());
        let was_active = made.is_active(now);
        self.all.push(Mute {
            made,
            filter,
            matched: FxHashSet::default(),
            n_hidden: 0,
            was_active,
        });
        true
    }

    /// Lets time pass; says whether one began or ended.
    pub fn turn(&mut self, now: Timestamp) -> bool {
        let mut turned = false;
        for mute in &mut self.all {
            let is_active = mute.made.is_active(now);
            turned |= is_active != mute.was_active;
            mute.was_active = is_active;
        }
        turned
    }

    /// Filters in force, with the places of their suppressions.
    pub fn filters(&self) -> Vec<(usize, Arc<Filter>)> {
        let active = self.all.iter().enumerate().filter(|(_, mute)| mute.was_active);
        active.filter_map(|(at, mute)| Some((at, Arc::clone(mute.filter.as_ref().ok()?)))).collect()
    }

    /// An alert meets the filters in these places.
    pub fn matched(&mut self, id: AlertId, places: &[usize]) {
        for place in places {
            if let Some(mute) = self.all.get_mut(*place) {
                mute.matched.insert(id);
            }
        }
    }

    /// Counts what is hidden from nothing.
    pub(super) fn recount(&mut self) {
        self.hidden.clear();
        for mute in &mut self.all {
            mute.n_hidden = 0;
        }
    }

    /// Whether one hides the alert, which is then counted, and counted no more where none does.
    pub(super) fn hides(&mut self, store: &Store, id: AlertId, now: Timestamp) -> bool {
        let wants = |mute: &&Mute| mute.was_active && mute.matched.contains(&id);
        let row = self.all.iter().any(|mute| wants(&mute)).then(|| store.row(id)).flatten();
        let by = row.and_then(|row| {
            self.all
                .iter()
                .position(|mute| wants(&mute) && mute.made.may_hide(row.priority, row.level, now))
        });
        let was = match by {
            Some(at) => self.hidden.insert(id, at),
            None => self.hidden.remove(&id),
        };
        if was != by {
            for (at, change) in [(was, -1), (by, 1)] {
                if let Some(mute) = at.and_then(|at| self.all.get_mut(at)) {
                    mute.n_hidden = mute.n_hidden.saturating_add_signed(change);
                }
            }
        }
        by.is_some()
    }

    /// The suppression that hides an alert.
    pub fn hider(&self, id: AlertId) -> Option<&Mute> {
        self.all.get(*self.hidden.get(&id)?)
    }

    /// Somebody decided about the alert: that it is muted no longer counts.
    pub(super) fn release(&mut self, id: AlertId) {
        if let Some(mute) = self.hidden.remove(&id).and_then(|at| self.all.get_mut(at)) {
            mute.n_hidden = mute.n_hidden.saturating_sub(1);
        }
    }
}
