//! What is counted over everything.

use super::draft::RawRow;
use crate::model::{Flag, Priority};

/// Counts over all records. Alerts, rejects and others together are all records that are not blank.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    pub alerts: u64,
    /// Records nobody could read.
    pub rejects: u64,
    /// Records that are no alerts: Falco's own log lines and the like.
    pub other: u64,
    /// Alerts in which Falco speaks of its own health.
    pub internal: u64,
    /// Earliest and latest event, in nanoseconds since 1970.
    pub first: Option<i64>,
    pub last: Option<i64>,
    by_priority: [u64; 8],
}

impl Totals {
    /// Alerts of one priority.
    pub fn of(&self, priority: Priority) -> u64 {
        self.by_priority.get(priority as usize).copied().unwrap_or(0)
    }

    /// Alerts whose priority is missing or none of Falco's.
    pub fn without_priority(&self) -> u64 {
        self.alerts - self.by_priority.iter().sum::<u64>()
    }

    pub(super) fn count(&mut self, raw: &RawRow) {
        self.alerts += 1;
        if let Some(slot) =
            raw.priority.and_then(|priority| self.by_priority.get_mut(priority as usize))
        {
            *slot += 1;
        }
        if raw.flags.has(Flag::Internal) {
            self.internal += 1;
        }
        if raw.time != i64::MIN {
            self.first = Some(self.first.map_or(raw.time, |first| first.min(raw.time)));
            self.last = Some(self.last.map_or(raw.time, |last| last.max(raw.time)));
        }
    }
}
