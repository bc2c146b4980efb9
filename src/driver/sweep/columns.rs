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
/// A row that has no kind.
const NONE: usize = usize::MAX;

/// Decides rows by their columns.
#[derive(Debug, Default)]
pub(super) struct Deciding {
    kinds: Vec<usize>,
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

impl Open {
    /// Adds what the columns of later rows came to.
    pub(super) fn append(&mut self, mut later: Self) {
        self.met.append(&mut later.met);
        self.rows.append(&mut later.rows);
    }
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

    /// The kinds of rows of a segment: all rows of one kind have the same verdict; [`NONE`] for a row that has none.
    fn kinds(&self, segment: &Segment, rows: Range<usize>, kinds: &mut Vec<usize>) {
        kinds.clear();
        kinds.resize(rows.len(), 0);
        // Column by column, so that the processor takes many rows at once.
        if self.cell {
            let cells = segment.cells().get(rows.clone()).unwrap_or_default();
            for (kind, cell) in kinds.iter_mut().zip(cells) {
                *kind = cell.0 as usize;
            }
        }
        if self.process {
            let processes = segment.processes().get(rows.clone()).unwrap_or_default();
            for (kind, process) in kinds.iter_mut().zip(processes) {
                *kind = *kind << 16 | usize::from(*process);
            }
        }
        if self.priority {
            let priorities = segment.priorities().get(rows.clone()).unwrap_or_default();
            for (kind, priority) in kinds.iter_mut().zip(priorities) {
                let place = priority.map_or(0, |priority| priority as usize + 1);
                *kind = *kind * PRIORITIES + place;
            }
        }
        if self.time {
            let times = segment.times().get(rows).unwrap_or_default();
            for (kind, time) in kinds.iter_mut().zip(times) {
                *kind = self.timed(*kind, *time).unwrap_or(NONE);
            }
        }
    }

    fn timed(&self, kind: usize, time: i64) -> Option<usize> {
        let borders = self.borders?;
        // Not known is a kind of its own.
        let place = match time {
            i64::MIN => 0,
            time => 1 + borders.partition_point(|border| *border <= time),
        };
        Some(kind.checked_mul(borders.len() + 2)? + place)
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
        let mut kinds = std::mem::take(&mut self.kinds);
        for (at, segment) in segments.take_while(|(at, _)| at * SEGMENT_ROWS < end) {
            let start = at * SEGMENT_ROWS;
            let part = first.saturating_sub(start)..segment.len().min(end - start);
            let Ok(number) = u32::try_from(start + part.start) else { break };
            looks.kinds(segment, part, &mut kinds);
            for (id, kind) in (number..).map(AlertId).zip(&kinds) {
                let known = self.known.get(*kind).copied().flatten();
                match known.unwrap_or_else(|| self.new_kind(ask, &looks, *kind, all, segment, id)) {
                    Verdict::Met if is_search => open.rows.push((id, false)),
                    Verdict::Met => open.met.push(id),
                    Verdict::Open => open.rows.push((id, true)),
                    Verdict::Not => {}
                }
            }
        }
        self.kinds = kinds;
        open
    }

    #[cold]
    fn new_kind(
        &mut self,
        ask: &Ask,
        looks: &Looks<'_>,
        kind: usize,
        all: &Snapshot,
        segment: &Segment,
        id: AlertId,
    ) -> Verdict {
        if let Some(known) = self.others.get(&kind) {
            return *known;
        }
        let verdict = decided(ask, all, segment, id, looks);
        if kind < PLACES {
            if self.known.len() <= kind {
                self.known.resize(kind + 1, None);
            }
            if let Some(slot) = self.known.get_mut(kind) {
                *slot = Some(verdict);
            }
        } else if kind != NONE {
            self.others.insert(kind, verdict);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::Playbooks;
    use crate::driver::sweep::{MANY, Sweeper};
    use crate::model::BodyId;
    use crate::query::{Filter, Names};
    use crate::store::{Batch, Drafter, Stands, Store};
    use std::sync::Arc;

    /// So many rows that are alike in few ways, some without a time, a process or a priority.
    fn store(n_rows: u32) -> Store {
        let mut drafter = Drafter::new(0);
        drafter.begin(BodyId(0), 0);
        for n in 0..n_rows {
            let columns = Columns {
                time: (n % 7 != 0).then_some(1_795_219_200_000_000_000 + i64::from(n) * 1_000_000),
                priority: Priority::ALL.get(n as usize % 9).copied(),
                rule: Some(["One rule", "Other rule", "Third rule"][n as usize % 3]),
                process: (n % 5 != 0).then_some(["bash", "curl"][n as usize % 2]),
                ..Columns::default()
            };
            let stands =
                Stands { offset: u64::from(n) * 100, len: 99, line: n.into(), is_plain: true };
            assert!(drafter.add(&columns, stands));
        }
        let mut store = Store::default();
        store.append(Batch { drafts: vec![drafter.take()], ..Batch::default() });
        store
    }

    #[test]
    fn each_row_is_decided_as_alone_in_whatever_pieces_and_on_two_threads() {
        let n_rows = MANY + 10_000;
        let store = store(n_rows);
        let snapshot = store.snapshot();
        for text in [
            "alert.priority >= error",
            "alert.rule = \"One rule\"",
            "proc.name = curl and alert.priority < notice",
            "alert.time < 2026-11-21T00:01:00Z or alert.rule contains Third",
            "proc.cmdline contains x or alert.priority = debug",
            "not alert.priority exists",
        ] {
            let filter = Arc::new(Filter::parse(text, &Names::default()).unwrap());
            let question = Question::new(Arc::new(Playbooks::builtin()));
            let question = question.with_filter(Arc::clone(&filter), None);
            let mut expected = Open::default();
            for row in snapshot.rows() {
                match filter.decide(&row.columns()) {
                    Some(true) => expected.met.push(row.id),
                    Some(false) => {}
                    None => expected.rows.push((row.id, true)),
                }
            }
            let whole = Sweeper::new(question.clone()).decide(&snapshot, 0..n_rows);
            assert_eq!(whole.met, expected.met, "{text}");
            assert_eq!(whole.rows, expected.rows, "{text}");
            let (mut pieces, mut sweeper) = (Open::default(), Sweeper::new(question));
            for ends in [0, 1, 4095, 4097, 20_000, n_rows - 1, n_rows + 5].windows(2) {
                pieces.append(sweeper.decide(&snapshot, ends[0]..ends[1]));
            }
            assert_eq!(pieces.met, expected.met, "{text}");
            assert_eq!(pieces.rows, expected.rows, "{text}");
        }
    }
}
