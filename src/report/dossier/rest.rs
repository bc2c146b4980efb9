//! Alerts that a report counts and does not tell one by one.

use super::place;
use crate::model::Alert;
use crate::report::mask;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Alerts without a chapter of their own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rest {
    pub groups: BTreeMap<(String, String), Count>,
    /// Those nobody decided about, or that are open again.
    pub open: usize,
}

/// How many alerts of one rule in one place, and when.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub alerts: usize,
    pub first: Option<Timestamp>,
    pub last: Option<Timestamp>,
}

impl Count {
    pub(super) fn add(&mut self, alerts: usize, first: Option<Timestamp>, last: Option<Timestamp>) {
        self.alerts += alerts;
        self.first = [self.first, first].into_iter().flatten().min();
        self.last = [self.last, last].into_iter().flatten().max();
    }
}

impl Rest {
    /// Counts an alert.
    pub fn add(&mut self, alert: &Alert, is_open: bool) {
        let key = (alert.rule_name().to_owned(), place(alert));
        self.groups.entry(key).or_default().add(1, alert.time, alert.time);
        self.open += usize::from(is_open);
    }

    pub fn alerts(&self) -> usize {
        self.groups.values().map(|count| count.alerts).sum()
    }

    /// Rules and places may hold secrets as well.
    pub(super) fn mask(&mut self) -> usize {
        let mut n = 0;
        for ((rule, place), count) in std::mem::take(&mut self.groups) {
            let (rule, in_rule) = mask::secrets(&rule);
            let (place, in_place) = mask::secrets(&place);
            n += in_rule + in_place;
            let key = (rule.into_owned(), place.into_owned());
            self.groups.entry(key).or_default().add(count.alerts, count.first, count.last);
        }
        n
    }
}
