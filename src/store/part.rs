//! Some of the alerts, counted in the groups of a larger tree: groups keep their numbers, those without alerts are empty.

use super::cells::Cells;
use super::{CellId, Grouping, Segment, Store, Timeline, Tree};
use crate::model::{AlertId, Level};

/// What is left of a tree when some of its alerts are put aside.
#[derive(Clone, Debug, Default)]
pub struct Part {
    cells: Cells,
    tree: Tree,
}

impl Part {
    /// The groups; one whose count is 0 has nothing left.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// Nothing yet, in groups of its own.
    pub fn new(grouping: Grouping) -> Self {
        Self { cells: Cells::default(), tree: Tree::new(grouping) }
    }

    /// Notes what the assessment of an alert in it came to; `alerts` is 0 where that alert was counted as assessed before.
    pub fn assess(&mut self, cell: CellId, level: Level, alerts: u32) {
        self.cells.assess(cell, level, alerts);
        self.tree.assess(cell, level, alerts);
    }
}

impl Store {
    /// All alerts, in the groups of the present grouping: a part that nothing was taken from yet.
    pub fn whole(&self) -> Part {
        Part { cells: self.cells.clone(), tree: self.tree.clone() }
    }

    /// Counts these cells of a part again: of each the alerts that it still `holds`, or holds again. Costs as much as there
    /// are alerts in them.
    pub fn recount(&self, part: &mut Part, cells: &[CellId], holds: impl Fn(AlertId) -> bool) {
        for cell in cells {
            part.cells.empty(*cell);
            let mut next = self.cells.newest(*cell);
            while let Some((id, (segment, index))) = next.and_then(|id| Some((id, self.place(id)?)))
            {
                if holds(id) {
                    part.cells.add(segment, index, id);
                }
                next = segment.previous(index);
            }
        }
        part.cells.take_touched();
        part.tree.recount(cells, &part.cells, self.interner.names());
    }

    /// Counts more alerts in a part of `whole`, which may have grown since; costs as much as there are more.
    ///
    /// A part follows the same tree for all its life.
    pub fn extend(&self, part: &mut Part, whole: &Tree, ids: impl IntoIterator<Item = AlertId>) {
        part.tree.follow(whole);
        self.grow(part, ids);
    }

    /// Counts more alerts in a part that has groups of its own, and when they happened.
    pub fn grow_with(&self, part: &mut Part, timeline: &mut Timeline, ids: &[AlertId]) {
        // What is far away in memory is fetched once for both.
        self.count_in(part, ids.iter().copied(), |segment, index| {
            if let Some(nanos) = segment.nanos(index) {
                timeline.count(nanos, segment.priority(index));
            }
        });
    }

    /// Counts more alerts in a part that has groups of its own; costs as much as there are more.
    pub fn grow(&self, part: &mut Part, ids: impl IntoIterator<Item = AlertId>) {
        self.count_in(part, ids, |_, _| ());
    }

    fn count_in(
        &self,
        part: &mut Part,
        ids: impl IntoIterator<Item = AlertId>,
        mut also: impl FnMut(&Segment, usize),
    ) {
        for id in ids {
            if let Some((segment, index)) = self.place(id) {
                part.cells.add(segment, index, id);
                also(segment, index);
            }
        }
        let touched = part.cells.take_touched();
        part.tree.count(&touched, &part.cells, self.interner.names());
    }

    /// The rule and container of one alert.
    pub fn cell_of(&self, id: AlertId) -> Option<CellId> {
        let (segment, index) = self.place(id)?;
        segment.cell(index)
    }

    /// The alert read last in a cell.
    pub fn newest_in(&self, cell: CellId) -> Option<AlertId> {
        self.cells.newest(cell)
    }
}
