//! Which alerts stand near one: in the same container around the same time, or on the same host at the same moment.

use super::{Row, Snapshot, names::Place};
use crate::model::AlertId;
use rustc_hash::FxHashMap;

/// How far away in rows we look; alerts are read roughly in the order of time.
const ROWS: u32 = 8192;
/// How far away in time, in nanoseconds, for the same container and for the same host.
const IN_CONTAINER: i64 = 3_600_000_000_000;
const ON_HOST: i64 = 60_000_000_000;
/// How many neighbours are told, and how many of one rule in one place.
const MOST_IN_CONTAINER: usize = 20;
const MOST_ON_HOST: usize = 6;
const MOST_ALIKE: usize = 3;

impl Snapshot {
    /// The neighbours worth reading when an alert is analyzed, in the order read; never more than a few dozen.
    pub fn near(&self, id: AlertId) -> Vec<AlertId> {
        let Some(here) = self.row(id) else { return Vec::new() };
        let Some(place) = self.names.cell(here.cell).and_then(|cell| cell.place) else {
            return Vec::new();
        };
        let has_container = here.container.id.is_some_and(|id| !id.is_empty() && id != "host");
        let mut inside = Vec::new();
        let mut beside = Vec::new();
        let last = id.0.saturating_add(ROWS);
        for other in (id.0.saturating_sub(ROWS)..=last).map(AlertId).filter(|other| *other != id) {
            let Some(row) = self.row(other) else { continue };
            let Some(there) = self.names.cell(row.cell).and_then(|cell| cell.place) else {
                continue;
            };
            let away = away(&here, &row);
            let is_inside = has_container
                && same_container(place, there)
                && away.is_none_or(|away| away <= IN_CONTAINER);
            if is_inside {
                inside.push((away.unwrap_or(i64::MAX), other, row.cell));
            } else if place.hostname == there.hostname && away.is_some_and(|away| away <= ON_HOST) {
                beside.push((away.unwrap_or(i64::MAX), other, row.cell));
            }
        }
        let mut near = nearest(inside, MOST_IN_CONTAINER);
        near.extend(nearest(beside, MOST_ON_HOST));
        near.sort_unstable();
        near
    }
}

fn same_container(a: Place, b: Place) -> bool {
    a.container_id == b.container_id && a.hostname == b.hostname
}

/// Nanoseconds between two events, when both times are known.
fn away(a: &Row<'_>, b: &Row<'_>) -> Option<i64> {
    Some(a.nanos?.saturating_sub(b.nanos?).saturating_abs())
}

/// The nearest ones, but of each kind only a few: ten thousand alike must not hide the one that differs.
fn nearest<K: Eq + std::hash::Hash>(mut all: Vec<(i64, AlertId, K)>, most: usize) -> Vec<AlertId> {
    all.sort_unstable_by_key(|(away, id, _)| (*away, *id));
    let mut alike: FxHashMap<K, usize> = FxHashMap::default();
    let mut near = Vec::new();
    for (_, id, kind) in all {
        let n_alike = alike.entry(kind).or_default();
        *n_alike += 1;
        if *n_alike <= MOST_ALIKE {
            near.push(id);
        }
        if near.len() == most {
            break;
        }
    }
    near
}
