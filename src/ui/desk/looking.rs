//! Up to where somebody looked at each source: at what was there when a key was last pressed.

use crate::model::{AlertId, SourceId};
use crate::store::Store;
use jiff::Timestamp;
use rustc_hash::FxHashMap;

/// How often it is handed over to be saved while somebody looks, in seconds.
const EVERY: i64 = 20;

/// What was looked at.
#[derive(Debug, Default)]
pub struct Looking {
    /// Alerts that were there when a key was last pressed.
    seen: usize,
    /// Of these, how many went into `latest`.
    noted: usize,
    /// The latest of the alerts of each source, in nanoseconds since 1970.
    latest: FxHashMap<SourceId, i64>,
    /// When it was last handed over.
    told_at: Option<Timestamp>,
}

impl Looking {
    /// Somebody presses a key while this many alerts are there.
    pub fn touch(&mut self, n_alerts: usize) {
        self.seen = self.seen.max(n_alerts);
    }

    /// Milliseconds until it should be handed over; `None` while there is nothing new to tell.
    pub fn due_in(&self, now: Timestamp) -> Option<u64> {
        if self.seen <= self.noted {
            return None;
        }
        let waited = self.told_at.map_or(EVERY, |at| now.as_second() - at.as_second());
        Some(u64::try_from((EVERY - waited).max(0) * 1000).unwrap_or(0))
    }

    /// The latest of each source that was looked at; empty where nothing came since the last call.
    pub fn news(&mut self, store: &Store, now: Timestamp) -> Vec<(SourceId, i64)> {
        if self.seen <= self.noted {
            return Vec::new();
        }
        for at in self.noted..self.seen.min(store.len()) {
            let id = AlertId(u32::try_from(at).unwrap_or(u32::MAX));
            let body = store.location(id).map(|location| location.body);
            if let (Some(body), Some(nanos)) =
                (body.and_then(|body| store.bodies().get(body)), store.nanos(id))
            {
                let most = self.latest.entry(body.source).or_insert(nanos);
                *most = nanos.max(*most);
            }
        }
        self.noted = self.seen;
        self.told_at = Some(now);
        self.latest.iter().map(|(source, nanos)| (*source, *nanos)).collect()
    }
}
