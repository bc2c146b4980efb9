//! What is new since somebody last looked at a source, and up to where somebody looks now.

use super::App;
use crate::model::AlertId;
use crate::ui::health::Stage;
use crate::ui::times::nanos;
use jiff::Timestamp;

impl App {
    /// Marks as new what came since each source was last looked at.
    pub(super) fn mark_looked(&mut self) {
        let names = &self.desk.looked;
        if names.is_empty() || self.health.stage != Stage::Live {
            return;
        }
        let of_source: rustc_hash::FxHashMap<_, i64> = self
            .health
            .sources
            .iter()
            .filter_map(|(id, source)| {
                let (_, at) = names.iter().find(|(name, _)| *name == source.name)?;
                Some((*id, nanos(*at)))
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

    /// Somebody is at the keyboard: what is here now is looked at.
    pub(super) fn touched(&mut self) {
        self.groups.touch(self.now);
        self.desk.looking.touch(self.store.len());
    }

    /// Up to when each source was looked at, where that has changed since it was last asked.
    pub fn look_order(&mut self) -> Vec<(String, Timestamp)> {
        let sources = &self.health.sources;
        self.desk
            .looking
            .news(&self.store, self.now)
            .into_iter()
            .filter_map(|(source, nanos)| {
                let name = sources.get(&source)?.name.clone();
                Some((name, Timestamp::from_nanosecond(nanos.into()).ok()?))
            })
            .collect()
    }
}
