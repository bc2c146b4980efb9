//! A run of rows as columns, in about 32 bytes a row.

use super::draft::{Draft, RawRow};
use super::names::{CellId, Names};
use crate::model::{AlertId, BodyId, Columns, Container, Flags, Level, Location, Priority};
use jiff::Timestamp;

/// Rows in a full segment.
pub const SEGMENT_ROWS: usize = 4096;

/// No previous alert in the cell.
const NONE: u32 = u32::MAX;

/// Up to [`SEGMENT_ROWS`] rows.
#[derive(Clone, Debug, Default)]
pub struct Segment {
    times: Vec<i64>,
    offsets: Vec<u32>,
    lens: Vec<u32>,
    cells: Vec<CellId>,
    previous: Vec<u32>,
    flags: Vec<Flags>,
    processes: Vec<u16>,
    priorities: Vec<Option<Priority>>,
    levels: Vec<Option<Level>>,
    runs: Vec<Run>,
    /// Rows of which it is not known that they are plain ([`Stands::is_plain`](super::Stands)); mostly none.
    odd: Vec<u32>,
}

/// Rows that lie in one body on consecutive lines.
#[derive(Clone, Copy, Debug)]
struct Run {
    first: u32,
    body: BodyId,
    base: u64,
    /// Line of the first row, from 1.
    line: u64,
    is_relative: bool,
}

/// A column of small numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Rule, container, host and the like together.
    Cell,
    Process,
    Priority,
}

/// Rows that lie in one body on consecutive lines, as numbers in their segment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch {
    pub first: usize,
    pub end: usize,
    pub body: BodyId,
    pub base: u64,
}

/// One alert as far as the columns know it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row<'a> {
    pub id: AlertId,
    /// Nanoseconds since 1970; [`Row::time`] as a timestamp.
    pub nanos: Option<i64>,
    pub priority: Option<Priority>,
    pub rule: Option<&'a str>,
    pub event_source: Option<&'a str>,
    pub hostname: Option<&'a str>,
    pub container: Container<'a>,
    pub namespace: Option<&'a str>,
    pub pod: Option<&'a str>,
    /// `proc.name`.
    pub process: Option<&'a str>,
    pub flags: Flags,
    /// What the assessment came to, once it was made.
    pub level: Option<Level>,
    pub cell: CellId,
    /// False when too many different containers or process names were seen to keep them apart: then these say nothing
    /// and the record must be asked.
    pub is_exact: bool,
}

impl Row<'_> {
    /// When the event happened.
    pub fn time(&self) -> Option<Timestamp> {
        self.nanos.and_then(|nanos| Timestamp::from_nanosecond(nanos.into()).ok())
    }

    /// Rule name, or a word that stands in for it where people read.
    pub fn rule_name(&self) -> &str {
        self.rule.unwrap_or("(no rule name)")
    }

    /// The same as columns, which a filter can be asked of.
    pub fn columns(&self) -> Columns<'_> {
        Columns {
            time: self.nanos,
            priority: self.priority,
            rule: self.rule,
            event_source: self.event_source,
            hostname: self.hostname,
            container_id: self.container.id,
            container_name: self.container.name,
            image: self.container.image,
            namespace: self.namespace,
            pod: self.pod,
            process: self.process,
            flags: self.flags,
        }
    }
}

impl Segment {
    /// One that will surely be filled: its columns have their full room at once.
    pub(super) fn roomy() -> Self {
        let mut segment = Self::default();
        segment.reserve(SEGMENT_ROWS);
        segment
    }

    pub fn len(&self) -> usize {
        self.times.len()
    }

    pub fn is_empty(&self) -> bool {
        self.times.is_empty()
    }

    /// Times of all rows in nanoseconds since 1970, `i64::MIN` where not known.
    pub fn times(&self) -> &[i64] {
        &self.times
    }

    /// Cells of all rows.
    pub fn cells(&self) -> &[CellId] {
        &self.cells
    }

    /// Numbers of process names of all rows, 0 where not known.
    pub fn processes(&self) -> &[u16] {
        &self.processes
    }

    /// Priorities of all rows.
    pub fn priorities(&self) -> &[Option<Priority>] {
        &self.priorities
    }

    /// Flags of all rows.
    pub fn flags(&self) -> &[Flags] {
        &self.flags
    }

    /// Assessed levels of all rows.
    pub fn levels(&self) -> &[Option<Level>] {
        &self.levels
    }

    /// The columns of one row.
    pub fn row<'a>(&self, index: usize, id: AlertId, names: &'a Names) -> Option<Row<'a>> {
        let cell_id = self.cell(index)?;
        let cell = names.cell(cell_id)?;
        let place = cell.place.unwrap_or_default();
        let process = self.processes.get(index).copied().unwrap_or(0);
        Some(Row {
            id,
            nanos: self.nanos(index),
            priority: self.priorities.get(index).copied().flatten(),
            rule: names.text(cell.rule),
            event_source: names.text(cell.event_source),
            hostname: names.text(place.hostname),
            container: names.container(&place),
            namespace: names.text(place.namespace),
            pod: names.text(place.pod),
            process: names.process(process),
            flags: self.flags.get(index).copied().unwrap_or_default(),
            level: self.levels.get(index).copied().flatten(),
            cell: cell_id,
            is_exact: cell.place.is_some() && process != u16::MAX,
        })
    }

    /// When the event of a row happened, in nanoseconds since 1970.
    pub fn nanos(&self, index: usize) -> Option<i64> {
        self.times.get(index).copied().filter(|time| *time != i64::MIN)
    }

    /// The cell of a row.
    pub fn cell(&self, index: usize) -> Option<CellId> {
        self.cells.get(index).copied()
    }

    /// A number that rows have in common whose value in a column is the same.
    #[inline]
    pub(super) fn kind(&self, index: usize, kind: Kind) -> Option<u32> {
        match kind {
            Kind::Cell => self.cells.get(index).map(|cell| cell.0),
            Kind::Process => self.processes.get(index).copied().map(u32::from),
            Kind::Priority => {
                let priority = self.priorities.get(index)?;
                Some(priority.map_or(u32::MAX, |priority| priority as u32))
            }
        }
    }

    /// Where a row's record lies.
    pub fn location(&self, index: usize) -> Option<Location> {
        self.location_in(&self.stretch(index)?, index)
    }

    /// The rows around one that lie in one body on consecutive lines.
    pub(super) fn stretch(&self, index: usize) -> Option<Stretch> {
        let after = self.runs.partition_point(|run| run.first as usize <= index);
        let run = self.runs.get(after.checked_sub(1)?)?;
        let end = self.runs.get(after).map_or(self.len(), |next| next.first as usize);
        Some(Stretch { first: run.first as usize, end, body: run.body, base: run.base })
    }

    /// Where the record of a row of a stretch lies.
    #[inline]
    pub(super) fn location_in(&self, stretch: &Stretch, index: usize) -> Option<Location> {
        let offset = stretch.base + u64::from(*self.offsets.get(index)?);
        Some(Location { body: stretch.body, offset, len: *self.lens.get(index)?, nth: 0 })
    }

    /// Whether a row's record has a line of its own, in which each letter or digit that it says stands as it is.
    #[inline]
    pub(super) fn is_plain(&self, index: usize) -> bool {
        let is_odd = |index| self.odd.binary_search(&index).is_ok();
        self.odd.is_empty() || u32::try_from(index).is_ok_and(|index| !is_odd(index))
    }

    /// The line a row's record begins on, from 1; `None` when it is not known yet.
    pub fn line(&self, index: usize) -> Option<u64> {
        let run = self.run(index).filter(|run| !run.is_relative)?;
        Some(run.line + (index as u64).saturating_sub(u64::from(run.first)))
    }

    /// The alert before this one in its cell.
    pub fn previous(&self, index: usize) -> Option<AlertId> {
        self.previous.get(index).copied().filter(|id| *id != NONE).map(AlertId)
    }

    pub(super) fn priority(&self, index: usize) -> Option<Priority> {
        self.priorities.get(index).copied().flatten()
    }

    pub(super) fn level(&self, index: usize) -> Option<Level> {
        self.levels.get(index).copied().flatten()
    }

    pub(super) fn set_level(&mut self, index: usize, level: Level) {
        if let Some(slot) = self.levels.get_mut(index) {
            *slot = Some(level);
        }
    }

    /// Says how many lines stand before what was read of a body out of order.
    pub(super) fn settle(&mut self, body: BodyId, lines: u64) {
        for run in self.runs.iter_mut().filter(|run| run.body == body && run.is_relative) {
            run.line += lines;
            run.is_relative = false;
        }
    }

    pub(super) fn awaits(&self, body: BodyId) -> bool {
        self.runs.iter().any(|run| run.body == body && run.is_relative)
    }

    pub(super) fn push(
        &mut self,
        draft: &Draft,
        raw: &RawRow,
        cell: CellId,
        process: u16,
        previous: Option<AlertId>,
    ) {
        if self.len() == self.times.capacity() {
            // Small logs and quiet tails stay small: the columns double until they are full.
            self.reserve(self.len().clamp(64, SEGMENT_ROWS / 2));
        }
        let offset = draft.base + u64::from(raw.offset);
        let line = draft.lines_before + u64::from(raw.line) + 1;
        let index = u32::try_from(self.len()).unwrap_or(u32::MAX);
        let base = match self.runs.last() {
            Some(run) if run.continues(draft, index, line, offset) => run.base,
            _ => {
                let is_relative = draft.is_relative;
                self.runs.push(Run {
                    first: index,
                    body: draft.body,
                    base: offset,
                    line,
                    is_relative,
                });
                offset
            }
        };
        if !raw.is_plain {
            self.odd.push(index);
        }
        self.times.push(raw.time);
        self.offsets.push(u32::try_from(offset - base).unwrap_or(u32::MAX));
        self.lens.push(raw.len);
        self.cells.push(cell);
        self.previous.push(previous.map_or(NONE, |id| id.0));
        self.flags.push(raw.flags);
        self.processes.push(process);
        self.priorities.push(raw.priority);
        self.levels.push(None);
    }

    fn reserve(&mut self, more: usize) {
        self.times.reserve_exact(more);
        self.offsets.reserve_exact(more);
        self.lens.reserve_exact(more);
        self.cells.reserve_exact(more);
        self.previous.reserve_exact(more);
        self.flags.reserve_exact(more);
        self.processes.reserve_exact(more);
        self.priorities.reserve_exact(more);
        self.levels.reserve_exact(more);
    }

    fn run(&self, index: usize) -> Option<&Run> {
        let after = self.runs.partition_point(|run| run.first as usize <= index);
        self.runs.get(after.checked_sub(1)?)
    }
}

impl Run {
    fn continues(&self, draft: &Draft, index: u32, line: u64, offset: u64) -> bool {
        self.body == draft.body
            && self.is_relative == draft.is_relative
            && self.line + u64::from(index - self.first) == line
            && offset >= self.base
            && u32::try_from(offset - self.base).is_ok()
    }
}
