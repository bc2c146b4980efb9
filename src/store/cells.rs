//! Counts for each cell, kept while rows are appended.

use super::draft::RawRow;
use super::names::CellId;
use super::segment::Segment;
use crate::model::{AlertId, Level, Priority};

/// What is counted over some alerts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    pub count: u32,
    /// Of these, how many came since the last mark.
    pub fresh: u32,
    /// Earliest and latest event, in nanoseconds since 1970; `None` while no time is known.
    pub first: Option<i64>,
    pub last: Option<i64>,
    /// The most urgent priority; `None` while none is known.
    pub priority: Option<Priority>,
    /// The highest assessed level so far.
    pub level: Option<Level>,
    /// How many alerts were assessed.
    pub assessed: u32,
    /// The alert read last.
    pub newest: AlertId,
}

impl Default for Stat {
    fn default() -> Self {
        Self {
            count: 0,
            fresh: 0,
            first: None,
            last: None,
            priority: None,
            level: None,
            assessed: 0,
            newest: AlertId(0),
        }
    }
}

impl Stat {
    pub(super) fn add(&mut self, time: Option<i64>, priority: Option<Priority>, id: AlertId) {
        self.count += 1;
        self.fresh += 1;
        self.span(time, time);
        self.urgent(priority);
        self.newest = self.newest.max(id);
    }

    pub(super) fn span(&mut self, first: Option<i64>, last: Option<i64>) {
        // `None` is less than any time.
        if self.first.is_none() || first.is_some_and(|first| Some(first) < self.first) {
            self.first = first;
        }
        self.last = self.last.max(last);
    }

    pub(super) fn urgent(&mut self, priority: Option<Priority>) {
        if self.priority.is_none() || priority.is_some_and(|it| Some(it) < self.priority) {
            self.priority = priority;
        }
    }

    /// Adds what is counted over other alerts.
    pub(super) fn merge(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        self.newest = if self.count == 0 { other.newest } else { self.newest.max(other.newest) };
        self.count += other.count;
        self.fresh += other.fresh;
        self.span(other.first, other.last);
        self.urgent(other.priority);
        self.assess(other.level, other.assessed);
    }

    pub(super) fn assess(&mut self, level: Option<Level>, alerts: u32) {
        self.level = self.level.max(level);
        self.assessed += alerts;
    }
}

/// The counts of all cells.
#[derive(Clone, Debug, Default)]
pub(super) struct Cells {
    stats: Vec<Counted>,
    touched: Vec<CellId>,
}

/// The counts of one cell, in one line of a processor's cache: cells are counted in no order.
#[derive(Clone, Copy, Debug, Default)]
#[repr(align(64))]
struct Counted {
    stat: Stat,
    is_touched: bool,
}

impl Cells {
    /// Looks at the counts of cells, so that they are near when rows are counted: a cell is mostly far from a processor's
    /// cache, and a look that nothing waits for lets the next one begin.
    pub fn look_ahead(&self, cells: impl Iterator<Item = CellId>) {
        let count = |cell: CellId| self.stats.get(cell.0 as usize).map_or(0, |it| it.stat.count);
        std::hint::black_box(cells.fold(0, |sum, cell| sum | count(cell)));
    }

    /// Counts a row, and gives the one before it in its cell.
    pub fn count(&mut self, cell: CellId, raw: &RawRow, id: AlertId) -> Option<AlertId> {
        let time = Some(raw.time).filter(|time| *time != i64::MIN);
        self.with(cell, |stat| {
            let previous = (stat.count > 0).then_some(stat.newest);
            stat.add(time, raw.priority, id);
            previous
        })
        .flatten()
    }

    /// Counts a row that is stored already.
    pub fn add(&mut self, segment: &Segment, index: usize, id: AlertId) {
        let Some(cell) = segment.cell(index) else { return };
        self.with(cell, |stat| {
            stat.add(segment.nanos(index), segment.priority(index), id);
            if let Some(level) = segment.level(index) {
                stat.assess(Some(level), 1);
            }
        });
    }

    pub fn get(&self, cell: CellId) -> Option<&Stat> {
        self.stats.get(cell.0 as usize).map(|counted| &counted.stat).filter(|stat| stat.count > 0)
    }

    pub fn newest(&self, cell: CellId) -> Option<AlertId> {
        self.get(cell).map(|stat| stat.newest)
    }

    pub fn ids(&self) -> impl Iterator<Item = CellId> {
        (0..self.stats.len())
            .filter_map(|at| u32::try_from(at).ok())
            .map(CellId)
            .filter(|id| self.get(*id).is_some())
    }

    pub fn mark_seen(&mut self) {
        for counted in &mut self.stats {
            counted.stat.fresh = 0;
        }
    }

    pub fn assess(&mut self, cell: CellId, level: Level, alerts: u32) {
        if let Some(counted) = self.stats.get_mut(cell.0 as usize) {
            counted.stat.assess(Some(level), alerts);
        }
    }

    /// Forgets what was counted of one cell.
    pub fn empty(&mut self, cell: CellId) {
        if let Some(counted) = self.stats.get_mut(cell.0 as usize) {
            counted.stat = Stat::default();
        }
    }

    /// Cells counted since the last call.
    pub fn take_touched(&mut self) -> Vec<CellId> {
        for cell in &self.touched {
            if let Some(counted) = self.stats.get_mut(cell.0 as usize) {
                counted.is_touched = false;
            }
        }
        std::mem::take(&mut self.touched)
    }

    fn with<T>(&mut self, cell: CellId, count: impl FnOnce(&mut Stat) -> T) -> Option<T> {
        let at = cell.0 as usize;
        if at >= self.stats.len() {
            self.stats.resize_with(at + 1, Counted::default);
        }
        let counted = self.stats.get_mut(at)?;
        if !counted.is_touched {
            counted.is_touched = true;
            self.touched.push(cell);
        }
        Some(count(&mut counted.stat))
    }
}
