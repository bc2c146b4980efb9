//! What the columns alone can tell. Most rows are alike in all that a filter looks at, so each kind is decided once.

use super::{Ask, Question};
use crate::model::{AlertId, Columns, Priority};
use crate::query::{Asked, Own};
use crate::store::{SEGMENT_ROWS, Segment, Snapshot};
use rustc_hash::FxHashMap;
use std::ops::Range;

/// Kinds that have a place of their own in a table; others are looked up.
const PLACES: usize = 1 << 20;
/// Priorities, and none.
const PRIORITIES: usize = Priority::ALL.len() + 1;

/// Decides rows by their columns.
#[derive(Debug, Default)]
pub(super) struct Deciding {
    known: Vec<Option<Verdict>>,
    others: FxHashMap<usize, Verdict>,
}

/// What a filter looks at.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a column")]
struct Looks<'a> {
    /// The rule, the container and the like: all that rows of a cell have in common.
    cell: bool,
    process: bool,
    priority: bool,
    time: bool,
    /// Where in time the answer may change; `None` when each row may have one of its own.
    borders: Option<&'a [i64]>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Met,
    Not,
    /// The record must be read.
    Open,
}

/// What the columns came to, in order.
#[derive(Debug, Default)]
pub struct Open {
    /// Alerts that meet it beyond doubt.
    pub met: Vec<AlertId>,
    /// Rows whose records must be read; whether the filter is still to be asked of them.
    pub rows: Vec<(AlertId, bool)>,
}

impl<'a> Looks<'a> {
    fn of(asked: &'a Asked) -> Self {
        let own = [Own::Rule, Own::Source, Own::Hostname];
        Self {
            cell: own.into_iter().any(|own| asked.own(own))
                || ["container.id", "container.name"].iter().any(|key| asked.field(key)),
            process: asked.field("proc.name"),
            priority: asked.own(Own::Priority),
            time: asked.own(Own::Time),
            borders: asked.borders(),
        }
    }

    /// The kind of a row: all of one kind have the same verdict. `None` when it has none.
    #[inline]
    fn kind(&self, segment: &Segment, index: usize) -> Option<usize> {
        let mut kind = 0;
        if self.cell {
            kind = segment.cells().get(index)?.0 as usize;
        }
        if self.process {
            kind = kind << 16 | usize::from(*segment.processes().get(index)?);
        }
        if self.priority {
            let priority = *segment.priorities().get(index)?;
            kind = kind * PRIORITIES + priority.map_or(0, |priority| priority as usize + 1);
        }
        if self.time {
            let (borders, time) = (self.borders?, *segment.times().get(index)?);
            // Not known is a kind of its own.
            let place = match time {
                i64::MIN => 0,
                time => 1 + borders.partition_point(|border| *border <= time),
            };
            kind = kind.checked_mul(borders.len() + 2)? + place;
        }
        Some(kind)
    }
}

impl Deciding {
    pub fn decide(&mut self, question: &Question, all: &Snapshot, rows: Range<u32>) -> Open {
        let mut open = Open::default();
        let Some(ask) = &question.filter else {
            let end = u32::try_from(all.len()).unwrap_or(u32::MAX).min(rows.end);
            open.rows = (rows.start..end).map(|number| (AlertId(number), false)).collect();
            return open;
        };
        let looks = Looks::of(&ask.asked);
        let is_search = question.search.is_some();
        let (first, end) = (rows.start as usize, rows.end as usize);
        let segments = all.segments.iter().enumerate().skip(first / SEGMENT_ROWS);
        for (at, segment) in segments.take_while(|(at, _)| at * SEGMENT_ROWS < end) {
            let start = at * SEGMENT_ROWS;
            for index in first.saturating_sub(start)..segment.len().min(end - start) {
                let Ok(number) = u32::try_from(start + index) else { return open };
                let id = AlertId(number);
                let kind = looks.kind(segment, index);
                let known = kind.and_then(|kind| self.known.get(kind)).copied().flatten();
                match known.unwrap_or_else(|| self.new_kind(ask, &looks, kind, all, segment, id)) {
                    Verdict::Met if is_search => open.rows.push((id, false)),
                    Verdict::Met => open.met.push(id),
                    Verdict::Open => open.rows.push((id, true)),
                    Verdict::Not => {}
                }
            }
        }
        open
    }

    #[cold]
    fn new_kind(
        &mut self,
        ask: &Ask,
        looks: &Looks<'_>,
        kind: Option<usize>,
        all: &Snapshot,
        segment: &Segment,
        id: AlertId,
    ) -> Verdict {
        if let Some(known) = kind.and_then(|kind| self.others.get(&kind)) {
            return *known;
        }
        let verdict = decided(ask, all, segment, id, looks);
        match kind {
            Some(kind) if kind < PLACES => {
                if self.known.len() <= kind {
                    self.known.resize(kind + 1, None);
                }
                if let Some(slot) = self.known.get_mut(kind) {
                    *slot = Some(verdict);
                }
            }
            Some(kind) => drop(self.others.insert(kind, verdict)),
            None => {}
        }
        verdict
    }
}

fn decided(
    ask: &Ask,
    all: &Snapshot,
    segment: &Segment,
    id: AlertId,
    looks: &Looks<'_>,
) -> Verdict {
    let index = id.0 as usize % SEGMENT_ROWS;
    let Some(row) = segment.row(index, id, &all.names) else { return Verdict::Open };
    let has_place = all.names.cell(row.cell).is_some_and(|cell| cell.place.is_some());
    if (looks.cell && !has_place)
        || (looks.process && segment.processes().get(index) == Some(&u16::MAX))
    {
        return Verdict::Open;
    }
    // What is not looked at differs among rows of a kind, and must not matter.
    let columns = row.columns();
    let columns = Columns {
        priority: columns.priority.filter(|_| looks.priority),
        process: columns.process.filter(|_| looks.process),
        time: columns.time.filter(|_| looks.time),
        ..if looks.cell { columns } else { Columns::default() }
    };
    match ask.filter.decide(&columns) {
        Some(true) => Verdict::Met,
        Some(false) => Verdict::Not,
        None => Verdict::Open,
    }
}
