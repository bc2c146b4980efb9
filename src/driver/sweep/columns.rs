//! What the columns alone can tell. Most rows are alike in all that a filter looks at, so each kind is decided once.

use super::{Ask, Question};
use crate::model::{AlertId, Columns, Priority};
use crate::query::Own;
use crate::store::{CellId, SEGMENT_ROWS, Segment, Snapshot};
use rustc_hash::FxHashMap;
use std::ops::Range;

/// Decides rows by their columns.
pub(super) struct Deciding<'a> {
    ask: Option<&'a Ask>,
    is_search: bool,
    looks: Looks,
    /// By cell, where nothing else is looked at.
    by_cell: Vec<Option<Verdict>>,
    by_kind: FxHashMap<(CellId, u16, Option<Priority>), Verdict>,
}

/// What a filter looks at besides the cell.
#[derive(Clone, Copy, Debug, Default)]
struct Looks {
    process: bool,
    priority: bool,
    time: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Met,
    Not,
    /// The record must be read.
    Open,
}

/// What the columns came to.
#[derive(Debug, Default)]
pub(super) struct Open {
    pub met: Vec<AlertId>,
    /// Rows whose records must be read; whether the filter is still to be asked of them.
    pub rows: Vec<(AlertId, bool)>,
}

impl<'a> Deciding<'a> {
    pub fn new(question: &'a Question) -> Self {
        let ask = question.filter.as_ref();
        let looks = ask.map_or_else(Looks::default, |ask| Looks {
            process: ask.asked.field("proc.name"),
            priority: ask.asked.own(Own::Priority),
            time: ask.asked.own(Own::Time),
        });
        Self {
            ask,
            is_search: question.search.is_some(),
            looks,
            by_cell: Vec::new(),
            by_kind: FxHashMap::default(),
        }
    }

    pub fn decide(&mut self, snapshot: &Snapshot, rows: Range<u32>) -> Open {
        let mut open = Open::default();
        let (first, end) = (rows.start as usize, rows.end as usize);
        let segments = snapshot.segments.iter().enumerate().skip(first / SEGMENT_ROWS);
        for (at, segment) in segments.take_while(|(at, _)| at * SEGMENT_ROWS < end) {
            let start = at * SEGMENT_ROWS;
            for index in first.saturating_sub(start)..segment.len().min(end - start) {
                let Ok(number) = u32::try_from(start + index) else { return open };
                let id = AlertId(number);
                match self.row(snapshot, segment, index, id) {
                    Verdict::Met if self.is_search => open.rows.push((id, false)),
                    Verdict::Met => open.met.push(id),
                    Verdict::Open => open.rows.push((id, true)),
                    Verdict::Not => {}
                }
            }
        }
        open
    }

    fn row(&mut self, all: &Snapshot, segment: &Segment, index: usize, id: AlertId) -> Verdict {
        let Some(ask) = self.ask else { return Verdict::Met };
        let Some(cell) = segment.cell(index) else { return Verdict::Open };
        let Looks { process, priority, time } = self.looks;
        if time {
            return self.ask_row(all, segment, index, id);
        }
        if process || priority {
            let of_process = if process { segment.processes().get(index).copied() } else { None };
            let of_priority =
                if priority { segment.priorities().get(index).copied().flatten() } else { None };
            let kind = (cell, of_process.unwrap_or(0), of_priority);
            if let Some(known) = self.by_kind.get(&kind) {
                return *known;
            }
            let verdict = self.ask_row(all, segment, index, id);
            self.by_kind.insert(kind, verdict);
            return verdict;
        }
        let at = cell.0 as usize;
        if let Some(Some(known)) = self.by_cell.get(at) {
            return *known;
        }
        let verdict = decided(ask, all, segment, index, id, false);
        if self.by_cell.len() <= at {
            self.by_cell.resize(at + 1, None);
        }
        if let Some(slot) = self.by_cell.get_mut(at) {
            *slot = Some(verdict);
        }
        verdict
    }

    fn ask_row(&self, all: &Snapshot, segment: &Segment, index: usize, id: AlertId) -> Verdict {
        let Some(ask) = self.ask else { return Verdict::Met };
        decided(ask, all, segment, index, id, self.looks.process)
    }
}

fn decided(
    ask: &Ask,
    all: &Snapshot,
    segment: &Segment,
    index: usize,
    id: AlertId,
    looks_at_process: bool,
) -> Verdict {
    let Some(row) = segment.row(index, id, &all.names) else { return Verdict::Open };
    let has_place = all.names.cell(row.cell).is_some_and(|cell| cell.place.is_some());
    if !has_place || (looks_at_process && !row.is_exact) {
        return Verdict::Open;
    }
    // Without a name of its own the process is not looked at, and what others of the kind have must not matter.
    let process = row.process.filter(|_| looks_at_process);
    match ask.filter.decide(&Columns { process, ..row.columns() }) {
        Some(true) => Verdict::Met,
        Some(false) => Verdict::Not,
        None => Verdict::Open,
    }
}
