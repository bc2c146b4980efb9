//! Which alerts stand near one: in the same container around the same time, or on the same host at the same moment.

use super::{CellId, Names, Place, SEGMENT_ROWS, Snapshot, Sym, join};
use crate::model::AlertId;
use rustc_hash::FxHashMap;

/// How far away in rows we look; alerts are read roughly in the order of time.
const ROWS: u32 = 8192;
/// How far away in time, in nanoseconds, for the same container and for the same host.
const IN_CONTAINER: i64 = 3_600_000_000_000;
const ON_HOST: i64 = 60_000_000_000;
/// How many neighbors are told, and how many of one rule in one place.
const MOST_IN_CONTAINER: usize = 20;
const MOST_ON_HOST: usize = 6;
const MOST_ALIKE: usize = 3;
/// How far away is what happened at an unknown time.
const UNKNOWN: i64 = i64::MAX;
/// Rows that are passed over together; a part of a segment.
const BLOCK: usize = 64;

/// Which rows lie in one container, looked up once: for whoever asks for the neighbors of many alerts.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// The container of each cell; `None` where its place is not known, or is no container.
    cells: Vec<Option<u32>>,
    numbers: FxHashMap<(Box<str>, Sym), u32>,
    /// By container, its rows in order.
    rows: Vec<Vec<u32>>,
    n_rows: usize,
    /// Of each [`BLOCK`] rows, the earliest and the latest time.
    spans: Vec<(i64, i64)>,
}

impl Places {
    /// Learns the rows that came since the last time.
    pub fn learn(&mut self, all: &Snapshot) {
        for cell in all.names.cells().iter().skip(self.cells.len()) {
            let next = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
            let number = cell.place.and_then(|place| {
                let key = (Box::from(container(&all.names, place)?), place.hostname);
                Some(*self.numbers.entry(key).or_insert(next))
            });
            self.cells.push(number);
        }
        self.rows.resize_with(self.numbers.len(), Vec::new);
        while let Some(segment) = all.segments.get(self.n_rows / SEGMENT_ROWS)
            && self.n_rows % SEGMENT_ROWS < segment.len()
        {
            let rows = segment.cells().iter().zip(segment.times());
            for (cell, time) in rows.skip(self.n_rows % SEGMENT_ROWS) {
                match self.spans.get_mut(self.n_rows / BLOCK) {
                    Some((from, to)) => (*from, *to) = ((*from).min(*time), (*to).max(*time)),
                    None => self.spans.push((*time, *time)),
                }
                let row = u32::try_from(self.n_rows).unwrap_or(u32::MAX);
                let container = self.cells.get(cell.0 as usize).copied().flatten();
                if let Some(rows) = container.and_then(|at| self.rows.get_mut(at as usize)) {
                    rows.push(row);
                }
                self.n_rows += 1;
            }
        }
    }

    /// The rows of a cell's container from `first` to `last`.
    fn rows(&self, cell: CellId, first: u32, last: u32) -> &[u32] {
        let number = self.cells.get(cell.0 as usize).copied().flatten();
        let rows = number.and_then(|at| self.rows.get(at as usize));
        let rows = rows.map(Vec::as_slice).unwrap_or_default();
        let from = rows.partition_point(|row| *row < first);
        let to = rows.partition_point(|row| *row <= last);
        rows.get(from..to).unwrap_or_default()
    }

    /// Whether none of a block's rows happened in this span of time.
    fn is_far(&self, block: usize, from: i64, to: i64) -> bool {
        self.spans.get(block).is_some_and(|(first, last)| *last < from || to < *first)
    }
}

impl Snapshot {
    /// The neighbors worth reading when an alert is analyzed, in the order read; never more than a few dozen.
    pub fn near(&self, id: AlertId) -> Vec<AlertId> {
        let inside = |here: CellId, first: u32, last: u32| {
            let place = |cell: CellId| self.names.cell(cell).and_then(|cell| cell.place);
            let Some(here) = place(here) else { return Vec::new() };
            let rows = (first..=last).filter(|row| {
                let there = self.cell_of(AlertId(*row)).and_then(place);
                there.is_some_and(|there| same_container(&self.names, here, there))
            });
            rows.collect()
        };
        self.near_by(id, inside, |_, _, _| false)
    }

    /// The same, with places looked up before.
    pub fn near_with(&self, id: AlertId, places: &Places) -> Vec<AlertId> {
        let inside = |cell, first, last| places.rows(cell, first, last).to_vec();
        self.near_by(id, inside, |block, from, to| places.is_far(block, from, to))
    }

    fn near_by(
        &self,
        id: AlertId,
        in_container: impl Fn(CellId, u32, u32) -> Vec<u32>,
        is_far: impl Fn(usize, i64, i64) -> bool,
    ) -> Vec<AlertId> {
        let Some(here) = self.row(id) else { return Vec::new() };
        let Some(place) = self.names.cell(here.cell).and_then(|cell| cell.place) else {
            return Vec::new();
        };
        let has_container = container(&self.names, place).is_some();
        let (first, last) = (id.0.saturating_sub(ROWS), id.0.saturating_add(ROWS));
        let mut inside = Nearest::new(MOST_IN_CONTAINER, IN_CONTAINER);
        if has_container {
            for other in in_container(here.cell, first, last).into_iter().map(AlertId) {
                let Some((segment, index)) = self.place(other).filter(|_| other != id) else {
                    continue;
                };
                let time = segment.nanos(index).zip(here.nanos);
                // What happened at an unknown time may have happened near.
                let away = time.map_or(UNKNOWN, |(there, here)| away(there, here));
                if inside.wants(away)
                    && let Some(cell) = segment.cell(index)
                {
                    inside.offer((away, other, cell));
                }
            }
        }
        let mut beside = Nearest::new(MOST_ON_HOST, ON_HOST);
        for block in blocks(id) {
            let Some(now) = here.nanos else { break };
            let reach = beside.reach;
            if is_far(block, now.saturating_sub(reach), now.saturating_add(reach)) {
                continue;
            }
            let start = block * BLOCK % SEGMENT_ROWS;
            let at = block * BLOCK / SEGMENT_ROWS;
            let Some(segment) = self.segments.get(at) else { continue };
            // Most rows are too far away in time, and that is told by one column.
            for (index, time) in segment.times().iter().enumerate().skip(start).take(BLOCK) {
                let away = away(*time, now);
                let other = join(at, index);
                if away > beside.reach || other == id || !(first..=last).contains(&other.0) {
                    continue;
                }
                let Some(cell) = segment.cell(index) else { continue };
                let Some(there) = self.names.cell(cell).and_then(|cell| cell.place) else {
                    continue;
                };
                if place.hostname == there.hostname
                    && !(has_container && same_container(&self.names, place, there))
                {
                    beside.offer((away, other, cell));
                }
            }
        }
        let mut near: Vec<AlertId> = inside.ids().chain(beside.ids()).collect();
        near.sort_unstable();
        near
    }
}

/// How far two times lie apart.
fn away(there: i64, here: i64) -> i64 {
    there.saturating_sub(here).saturating_abs()
}

/// The blocks of rows around an alert, the nearest first.
fn blocks(id: AlertId) -> impl Iterator<Item = usize> {
    let own = id.0 as usize / BLOCK;
    let after = (0..).map(move |step| Some(own + step));
    let before = (1..).map(move |step| own.checked_sub(step));
    let both = after.zip(before).flat_map(|(after, before)| [after, before]);
    both.take(2 * (ROWS as usize / BLOCK + 1)).flatten()
}

/// A container by its id, whose first twelve digits are the same container as all 64; by its name where Falco did not
/// find its id. `None` for the host.
fn container(names: &Names, place: Place) -> Option<&str> {
    let name = |sym| names.text(sym).filter(|text| !text.is_empty());
    match name(place.container_id) {
        Some("host") => None,
        Some(id) => Some(id.get(..12).unwrap_or(id)),
        None => name(place.container_name).filter(|name| *name != "host"),
    }
}

fn same_container(names: &Names, a: Place, b: Place) -> bool {
    a.hostname == b.hostname
        && container(names, a).is_some_and(|own| container(names, b) == Some(own))
}

/// Keeps the nearest ones, but of each kind only a few: ten thousand alike must not hide the one that differs.
///
/// The result is that of taking them from the nearest on, leaving out what comes after [`MOST_ALIKE`] of its kind, until
/// there are enough; whatever the order in which they are offered.
struct Nearest {
    most: usize,
    /// What lies further away than this is not wanted (any more).
    reach: i64,
    /// How far away in time, which one, and what tells its kind.
    best: Vec<(i64, AlertId, CellId)>,
}

impl Nearest {
    fn new(most: usize, reach: i64) -> Self {
        Self { most, reach, best: Vec::with_capacity(most + 1) }
    }

    fn wants(&self, away: i64) -> bool {
        let has_room = self.best.len() < self.most || self.best.iter().any(|one| one.0 == UNKNOWN);
        away <= self.reach || (away == UNKNOWN && has_room)
    }

    /// Takes one in. The one to leave is the furthest of those that are too many together: of its kind, or of all.
    fn offer(&mut self, one: (i64, AlertId, CellId)) {
        self.best.push(one);
        let n_alike = self.best.iter().filter(|other| other.2 == one.2).count();
        let too_many = |other: &(i64, AlertId, CellId)| n_alike <= MOST_ALIKE || other.2 == one.2;
        if n_alike > MOST_ALIKE || self.best.len() > self.most {
            let among = self.best.iter().enumerate().filter(|(_, other)| too_many(other));
            let furthest = among.max_by_key(|(_, (away, id, _))| (*away, *id)).map(|(at, _)| at);
            if let Some(at) = furthest {
                self.best.swap_remove(at);
            }
        }
        if self.best.len() == self.most {
            let furthest = self.best.iter().map(|(away, _, _)| *away).max();
            self.reach = self.reach.min(furthest.unwrap_or(self.reach));
        }
    }

    fn ids(&self) -> impl Iterator<Item = AlertId> {
        self.best.iter().map(|(_, id, _)| *id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What [`Nearest`] says it does.
    fn plainly(mut all: Vec<(i64, AlertId, CellId)>, most: usize, reach: i64) -> Vec<AlertId> {
        all.retain(|(away, _, _)| *away <= reach || *away == UNKNOWN);
        all.sort_unstable();
        let mut near = Vec::new();
        let mut alike: FxHashMap<CellId, usize> = FxHashMap::default();
        for (_, id, kind) in all {
            let n_alike = alike.entry(kind).or_default();
            *n_alike += 1;
            if *n_alike <= MOST_ALIKE && near.len() < most {
                near.push(id);
            }
        }
        near.sort_unstable();
        near
    }

    proptest! {
        #[test]
        fn the_nearest_are_the_same_in_whatever_order_they_come(
            rows in prop::collection::vec((prop_oneof![0..50_i64, Just(UNKNOWN)], 0..4_u32), 0..80),
            most in 1..9_usize,
            reach in 10..60_i64,
            turn in 0..80_usize,
        ) {
            let mut all: Vec<_> =
                (0..).map(AlertId).zip(rows).map(|(id, (away, kind))| (away, id, CellId(kind))).collect();
            let expected = plainly(all.clone(), most, reach);
            let turn = turn % all.len().max(1);
            all.rotate_left(turn);
            let mut nearest = Nearest::new(most, reach);
            for one in all {
                if nearest.wants(one.0) {
                    nearest.offer(one);
                }
            }
            let mut found: Vec<AlertId> = nearest.ids().collect();
            found.sort_unstable();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn blocks_reach_as_far_as_rows_do() {
        let mut near: Vec<usize> = blocks(AlertId(100_000)).collect();
        near.sort_unstable();
        assert!(near.first().is_some_and(|first| first * BLOCK <= 100_000 - ROWS as usize));
        assert!(near.last().is_some_and(|last| (last + 1) * BLOCK > 100_000 + ROWS as usize));
        assert!(near.windows(2).all(|pair| pair[0] + 1 == pair[1]));
        assert_eq!(blocks(AlertId(0)).next(), Some(0));
    }
}
