//! Some of the alerts, counted in the groups of a larger tree: groups keep their numbers, those without alerts are empty.

use super::cells::Cells;
use super::{CellId, Store, Tree};
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

    /// Notes what the assessment of an alert in it came to.
    pub fn assess(&mut self, cell: CellId, level: Level) {
        self.cells.assess(cell, level);
        self.tree.assess(cell, level);
    }
}

impl Store {
    /// Counts more alerts in a part of `whole`, which may have grown since.
    pub fn extend(&self, part: &mut Part, whole: &Tree, ids: impl IntoIterator<Item = AlertId>) {
        for id in ids {
            if let Some((segment, index)) = self.place(id) {
                part.cells.add(segment, index, id);
            }
        }
        part.tree = whole.emptied();
        let all: Vec<CellId> = part.cells.ids().collect();
        part.tree.count(&all, &part.cells, self.interner.names());
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
