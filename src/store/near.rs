//! Which alerts stand near one: in the same container around the same time, or on the same host at the same moment.

use super::{CellId, Names, Place, SEGMENT_ROWS, Snapshot, Sym, join};
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

/// Which rows lie in one container, looked up once: for whoever asks for the neighbors of many alerts.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// The container of each cell; `None` where its place is not known, or is no container.
    cells: Vec<Option<u32>>,
    numbers: FxHashMap<(Box<str>, Sym), u32>,
    /// By container, its rows in order.
    rows: Vec<Vec<u32>>,
    n_rows: usize,
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
            for cell in segment.cells().iter().skip(self.n_rows % SEGMENT_ROWS) {
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
}

impl Snapshot {
    /// The neighbours worth reading when an alert is analyzed, in the order read; never more than a few dozen.
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
        self.near_by(id, inside)
    }

    /// The same, with places looked up before.
    pub fn near_with(&self, id: AlertId, places: &Places) -> Vec<AlertId> {
        self.near_by(id, |cell, first, last| places.rows(cell, first, last).to_vec())
    }

    fn near_by(
        &self,
        id: AlertId,
        in_container: impl Fn(CellId, u32, u32) -> Vec<u32>,
    ) -> Vec<AlertId> {
        let Some(here) = self.row(id) else { return Vec::new() };
        let Some(place) = self.names.cell(here.cell).and_then(|cell| cell.place) else {
            return Vec::new();
        };
        let has_container = container(&self.names, place).is_some();
        let (first, last) = (id.0.saturating_sub(ROWS), id.0.saturating_add(ROWS));
        let away = |time: i64| Some(time.saturating_sub(here.nanos?).saturating_abs());
        let mut inside = Vec::new();
        if has_container {
            for other in in_container(here.cell, first, last).into_iter().map(AlertId) {
                let Some((segment, index)) = self.place(other).filter(|_| other != id) else {
                    continue;
                };
                let away = segment.nanos(index).and_then(away);
                if away.is_none_or(|away| away <= IN_CONTAINER)
                    && let Some(cell) = segment.cell(index)
                {
                    inside.push((away.unwrap_or(i64::MAX), other, cell));
                }
            }
        }
        let mut beside = Vec::new();
        let (first, last) = (first as usize, last as usize);
        let segments = self.segments.iter().enumerate().skip(first / SEGMENT_ROWS);
        for (at, segment) in segments.take_while(|(at, _)| at * SEGMENT_ROWS <= last) {
            let start = at * SEGMENT_ROWS;
            let (skip, end) = (first.saturating_sub(start), last + 1 - start);
            // Most rows are too far away in time, and that is told by one column.
            for (index, time) in segment.times().iter().enumerate().take(end).skip(skip) {
                let Some(away) = away(*time).filter(|away| *away <= ON_HOST) else { continue };
                let other = join(at, index);
                let Some(cell) = segment.cell(index).filter(|_| other != id) else { continue };
                let Some(there) = self.names.cell(cell).and_then(|cell| cell.place) else {
                    continue;
                };
                if place.hostname == there.hostname
                    && !(has_container && same_container(&self.names, place, there))
                {
                    beside.push((away, other, cell));
                }
            }
        }
        let mut near = nearest(inside, MOST_IN_CONTAINER);
        near.extend(nearest(beside, MOST_ON_HOST));
        near.sort_unstable();
        near
    }
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
