//! Suppressions in force, and the alerts they match in this session.

use crate::model::AlertId;
use crate::query::{Filter, Names};
use crate::store::Store;
use crate::triage::Suppression;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use rustc_hash::FxHashSet;
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
pub struct Mutes(Vec<Mute>);

impl Mutes {
    pub fn iter(&self) -> impl Iterator<Item = &Mute> {
        self.0.iter()
    }

    pub fn get(&self, id: &str) -> Option<&Mute> {
        self.0.iter().find(|mute| mute.made.id == id)
    }

    /// Whether none is in force.
    pub fn is_empty(&self) -> bool {
        !self.0.iter().any(|mute| mute.was_active)
    }

    /// Takes one in; the latest text of a suppression counts. Says whether anything changed.
    pub fn take(&mut self, made: Suppression, now: Timestamp, zone: &TimeZone) -> bool {
        if let Some(old) = self.0.iter_mut().find(|old| old.made.id == made.id) {
            let changed = old.made != made;
            old.was_active = made.is_active(now);
            old.made = made;
            return changed;
        }
        let filter = Filter::parse(&made.filter, &Names::at(now, zone.clone()))
            .map(Arc::new)
            .map_err(|error| error.to_string());
        let was_active = made.is_active(now);
        self.0.push(Mute { made, filter, matched: FxHashSet::default(), n_hidden: 0, was_active });
        true
    }

    /// Lets time pass; says whether one began or ended.
    pub fn turn(&mut self, now: Timestamp) -> bool {
        let mut turned = false;
        for mute in &mut self.0 {
            let is_active = mute.made.is_active(now);
            turned |= is_active != mute.was_active;
            mute.was_active = is_active;
        }
        turned
    }

    /// Filters in force, with the places of their suppressions.
    pub fn filters(&self) -> Vec<(usize, Arc<Filter>)> {
        let active = self.0.iter().enumerate().filter(|(_, mute)| mute.was_active);
        active.filter_map(|(at, mute)| Some((at, Arc::clone(mute.filter.as_ref().ok()?)))).collect()
    }

    /// An alert meets the filters in these places.
    pub fn matched(&mut self, id: AlertId, places: &[usize]) {
        for place in places {
            if let Some(mute) = self.0.get_mut(*place) {
                mute.matched.insert(id);
            }
        }
    }

    pub(super) fn recount(&mut self, afresh: bool) {
        for mute in self.0.iter_mut().filter(|_| afresh) {
            mute.n_hidden = 0;
        }
    }

    /// Whether one hides the alert, which is then counted.
    pub(super) fn hides(&mut self, store: &Store, id: AlertId, now: Timestamp) -> bool {
        for mute in self.0.iter_mut().filter(|mute| mute.was_active && mute.matched.contains(&id)) {
            let Some(row) = store.row(id) else { return false };
            if mute.made.may_hide(row.priority, row.level, now) {
                mute.n_hidden += 1;
                return true;
            }
        }
        false
    }
}
