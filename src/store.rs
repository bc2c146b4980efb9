//! Every alert we hold, as columns: what lists, groups and the common filters need, and where the record lies.
//!
//! Rows lie in segments of [`SEGMENT_ROWS`]; all but the last are full and never change again but for their assessment.
//! Strings are interned once; groups and totals are counted while rows are appended, never by looking again.
//! The whole alert is not here: it is read and decoded again from its [`Location`] when someone looks at it.

mod bodies;
mod cells;
mod draft;
mod index;
mod locations;
mod names;
mod near;
mod numbered;
mod part;
mod segment;
#[cfg(test)]
mod tests;
mod timeline;
mod totals;
mod tree;

pub use bodies::{Bodies, Body};
pub use cells::Stat;
pub use draft::{Batch, Draft, Drafter, Stands};
pub use locations::Locations;
pub use names::{Cell, CellId, Names, Place, Sym};
pub use near::Places;
pub use part::Part;
pub use segment::{Kind, Row, SEGMENT_ROWS, Segment};
pub use timeline::{Counts, Timeline};
pub use totals::Totals;
pub use tree::{Grouping, Key, Node, NodeId, Tree};

use crate::model::{AlertId, Flags, Level, Location, Origin, Priority, Reject};
use cells::Cells;
use draft::RawRow;
use locations::location;
use names::Interner;
use std::sync::Arc;

/// Rejects kept with their bytes; of later ones only place, length and reason are kept.
const REJECTS_WITH_BYTES: usize = 1024;
/// Rejects kept at all; later ones are counted.
const REJECTS_KEPT: usize = 65_536;

/// All alerts of a session. Owned by one thread; background work gets a [`Snapshot`].
#[derive(Clone, Debug, Default)]
pub struct Store {
    segments: Vec<Arc<Segment>>,
    interner: Interner,
    cells: Cells,
    tree: Tree,
    timeline: Timeline,
    totals: Totals,
    rejects: Vec<Reject>,
    bodies: Arc<Bodies>,
    /// Alerts are counted and not kept.
    only_counts: bool,
}

/// Everything background work needs, immutable and cheap to make.
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub segments: Vec<Arc<Segment>>,
    pub names: Arc<Names>,
    pub bodies: Arc<Bodies>,
}

impl Store {
    /// One for who asks only for sums: it counts cells and totals, and keeps neither rows nor groups.
    pub fn of_counts() -> Self {
        Self { only_counts: true, tree: Tree::new(Grouping::Flat), ..Self::default() }
    }

    /// How many alerts there are.
    pub fn len(&self) -> usize {
        usize::try_from(self.totals.alerts).unwrap_or(usize::MAX)
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes in what an indexer read: rows, rejects and bodies, in the order given.
    pub fn append(&mut self, batch: Batch) {
        for (id, body) in batch.bodies {
            Arc::make_mut(&mut self.bodies).insert(id, body);
        }
        for draft in batch.drafts {
            self.take(draft);
        }
        self.totals.other += batch.others;
        self.totals.rejects += batch.more_rejects;
        for reject in batch.rejects {
            self.reject(reject);
        }
        for (body, lines) in batch.settled {
            for segment in self.segments.iter_mut().filter(|segment| segment.awaits(body)) {
                Arc::make_mut(segment).settle(body, lines);
            }
        }
        let touched = self.cells.take_touched();
        self.tree.count(&touched, &self.cells, self.interner.names());
    }

    /// One alert's columns.
    pub fn row(&self, id: AlertId) -> Option<Row<'_>> {
        let (segment, index) = self.place(id)?;
        segment.row(index, id, self.interner.names())
    }

    /// A number that alerts have in common whose value in a column is the same.
    pub fn kind(&self, id: AlertId, kind: Kind) -> Option<u32> {
        let (segment, index) = self.place(id)?;
        segment.kind(index, kind)
    }

    /// Where one alert's record lies.
    pub fn location(&self, id: AlertId) -> Option<Location> {
        location(&self.segments, id)
    }

    /// Where one alert was read, for people.
    pub fn origin(&self, id: AlertId) -> Origin {
        let location = self.location(id).unwrap_or_default();
        let source =
            self.bodies.get(location.body).map(|body| Arc::clone(&body.name)).unwrap_or_default();
        Origin { source, offset: location.offset, line: self.line(id) }
    }

    /// The line one alert begins on, from 1; 0 when it is not known (yet).
    pub fn line(&self, id: AlertId) -> u64 {
        self.place(id).and_then(|(segment, index)| segment.line(index)).unwrap_or(0)
    }

    /// The files and spools that records lie in, by name.
    pub fn bodies(&self) -> &Arc<Bodies> {
        &self.bodies
    }

    /// The interned strings.
    pub fn names(&self) -> &Arc<Names> {
        self.interner.names()
    }

    /// When an alert's event happened, in nanoseconds since 1970.
    pub fn nanos(&self, id: AlertId) -> Option<i64> {
        self.place(id).and_then(|(segment, index)| segment.nanos(index))
    }

    /// An alert's priority.
    pub fn priority(&self, id: AlertId) -> Option<Priority> {
        self.place(id).and_then(|(segment, index)| segment.priority(index))
    }

    /// All cells with their counts: the finest groups that are counted.
    pub fn cells(&self) -> impl Iterator<Item = (&Cell, &Stat)> {
        self.cells
            .ids()
            .filter_map(|id| Some((self.interner.names().cell(id)?, self.cells.get(id)?)))
    }

    /// The counts of one cell; `None` where nothing was counted.
    pub fn stat(&self, cell: CellId) -> Option<&Stat> {
        self.cells.get(cell)
    }

    /// What is counted over everything.
    pub fn totals(&self) -> &Totals {
        &self.totals
    }

    /// Alerts over time, by priority.
    pub fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    /// Rejects in the order they came, as far as they are kept ([`Totals::rejects`] counts all).
    pub fn rejects(&self) -> &[Reject] {
        &self.rejects
    }

    /// The groups of the present grouping, counted up to date.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// Groups everything by other keys; costs as much as there are groups, not alerts.
    pub fn regroup(&mut self, grouping: Grouping) {
        self.tree = Tree::new(grouping);
        let all: Vec<CellId> = self.cells.ids().collect();
        self.tree.count(&all, &self.cells, self.interner.names());
    }

    /// The alerts of a group, newest read first.
    pub fn alerts_of(&self, node: NodeId) -> Vec<AlertId> {
        let mut ids = Vec::new();
        for cell in self.tree.cells_under(node) {
            let mut next = self.cells.newest(cell);
            while let Some(id) = next {
                ids.push(id);
                next = self.previous(id);
            }
        }
        ids.sort_unstable_by(|a, b| b.cmp(a));
        ids
    }

    /// The alert read before this one with the same rule and container.
    pub fn previous(&self, id: AlertId) -> Option<AlertId> {
        let (segment, index) = self.place(id)?;
        segment.previous(index)
    }

    /// Adds to `counts` how many alerts of a group fall into each of as many equal spans of the time from `from` to `to`
    /// (nanoseconds since 1970): alerts read later than `after`, and no more than the newest `most` of each of its cells.
    pub fn activity(
        &self,
        node: NodeId,
        (from, to): (i64, i64),
        after: Option<AlertId>,
        most: usize,
        counts: &mut [u32],
    ) {
        let n_spans = i64::try_from(counts.len().max(1)).unwrap_or(1);
        let width = (to.saturating_sub(from) / n_spans).max(1);
        for cell in self.tree.cells_under(node) {
            let mut next = self.cells.newest(cell).filter(|id| Some(*id) > after);
            for _ in 0..most {
                let Some((segment, index)) = next.and_then(|id| self.place(id)) else { break };
                if let Some(time) = segment.nanos(index)
                    && (from..to).contains(&time)
                    && let Ok(span) = usize::try_from((time - from) / width)
                    && let Some(count) = counts.get_mut(span)
                {
                    *count += 1;
                }
                next = segment.previous(index).filter(|id| Some(*id) > after);
            }
        }
    }

    /// What an alert's flags say; none where there is no such alert.
    pub fn flags(&self, id: AlertId) -> Flags {
        let flags = self.place(id).and_then(|(segment, index)| segment.flags().get(index).copied());
        flags.unwrap_or_default()
    }

    /// Says that everything so far has been seen: [`Stat::fresh`] counts from here.
    pub fn mark_seen(&mut self) {
        self.cells.mark_seen();
        self.tree.mark_seen();
    }

    /// Notes what the assessment of an alert came to; gives how many more alerts are assessed than before: 0 or 1.
    pub fn assess(&mut self, id: AlertId, level: Level) -> u32 {
        let (at, index) = split(id);
        let Some(segment) = self.segments.get_mut(at) else { return 0 };
        let Some(cell) = segment.cell(index) else { return 0 };
        let before = segment.level(index);
        if before == Some(level) {
            return 0;
        }
        Arc::make_mut(segment).set_level(index, level);
        let more = u32::from(before.is_none());
        self.cells.assess(cell, level, more);
        self.tree.assess(cell, level, more);
        more
    }

    /// Alerts of `range` that were not assessed yet, in order.
    pub fn unassessed(&self, range: std::ops::Range<usize>) -> Vec<AlertId> {
        let ids = range.filter_map(|at| u32::try_from(at).ok()).map(AlertId);
        ids.filter(|id| {
            self.place(*id).is_some_and(|(segment, index)| segment.level(index).is_none())
        })
        .collect()
    }

    /// An immutable view for work in the background.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            segments: self.segments.clone(),
            names: Arc::clone(self.interner.names()),
            bodies: Arc::clone(&self.bodies),
        }
    }

    fn place(&self, id: AlertId) -> Option<(&Segment, usize)> {
        let (at, index) = split(id);
        let segment = self.segments.get(at)?;
        (index < segment.len()).then_some((segment, index))
    }

    fn take(&mut self, draft: Draft) {
        let numbers = self.interner.learn(draft.worker, &draft.learned);
        for rows in draft.rows.chunks(draft::TOGETHER) {
            self.cells.look_ahead(rows.iter().map(|raw| numbers.cell(raw.cell)));
            for raw in rows {
                self.push(&draft, raw, numbers.cell(raw.cell), numbers.process(raw.process));
            }
        }
        self.interner.put_back(draft.worker, numbers);
    }

    fn push(&mut self, draft: &Draft, raw: &RawRow, cell: CellId, process: u16) {
        let Ok(number) = u32::try_from(self.totals.alerts) else { return };
        let previous = self.cells.count(cell, raw, AlertId(number));
        self.totals.count(raw);
        if self.only_counts {
            return;
        }
        self.timeline.count(raw.time, raw.priority);
        if self.segments.last().is_none_or(|last| last.len() >= SEGMENT_ROWS) {
            let is_first = self.segments.is_empty();
            let segment = if is_first { Segment::default() } else { Segment::roomy() };
            self.segments.push(Arc::new(segment));
        }
        if let Some(segment) = self.segments.last_mut() {
            Arc::make_mut(segment).push(draft, raw, cell, process, previous);
        }
    }

    fn reject(&mut self, mut reject: Reject) {
        self.totals.rejects += 1;
        if self.rejects.len() < REJECTS_KEPT {
            if self.rejects.len() >= REJECTS_WITH_BYTES {
                reject.bytes = Box::default();
            }
            self.rejects.push(reject);
        }
    }
}

impl Snapshot {
    /// How many alerts there are.
    pub fn len(&self) -> usize {
        self.segments.last().map_or(0, |last| (self.segments.len() - 1) * SEGMENT_ROWS + last.len())
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One alert's columns.
    pub fn row(&self, id: AlertId) -> Option<Row<'_>> {
        let (at, index) = split(id);
        self.segments.get(at)?.row(index, id, &self.names)
    }

    /// Where one alert's record lies.
    pub fn location(&self, id: AlertId) -> Option<Location> {
        location(&self.segments, id)
    }

    /// Where many alerts' records lie, asked in order.
    pub fn locations(&self) -> Locations<'_> {
        Locations::new(&self.segments)
    }

    /// Where one alert was read, for people.
    pub fn origin(&self, id: AlertId) -> Origin {
        let location = self.location(id).unwrap_or_default();
        let name = self.bodies.get(location.body).map(|body| Arc::clone(&body.name));
        let (at, index) = split(id);
        let line = self.segments.get(at).and_then(|segment| segment.line(index)).unwrap_or(0);
        Origin { source: name.unwrap_or_default(), offset: location.offset, line }
    }

    /// The rule and container of one alert.
    pub fn cell_of(&self, id: AlertId) -> Option<CellId> {
        let (segment, index) = self.place(id)?;
        segment.cell(index)
    }

    fn place(&self, id: AlertId) -> Option<(&Segment, usize)> {
        let (at, index) = split(id);
        let segment = self.segments.get(at)?;
        (index < segment.len()).then_some((&**segment, index))
    }

    /// All rows in the order they were read.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.segments.iter().enumerate().flat_map(move |(at, segment)| {
            (0..segment.len())
                .filter_map(move |index| segment.row(index, join(at, index), &self.names))
        })
    }
}

fn split(id: AlertId) -> (usize, usize) {
    (id.0 as usize / SEGMENT_ROWS, id.0 as usize % SEGMENT_ROWS)
}

fn join(segment: usize, index: usize) -> AlertId {
    AlertId(u32::try_from(segment * SEGMENT_ROWS + index).unwrap_or(u32::MAX))
}
