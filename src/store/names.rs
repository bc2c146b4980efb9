//! Interned strings: each text is held once, each rule-and-container once, and rows hold small numbers.
//!
//! What a worker learned has numbers of its own, which [`Interner::learn`] turns into ours.
//! A million distinct containers must not eat the memory: beyond [`CELLS`] and [`TEXTS`] new ones share one cell per rule,
//! whose [`Cell::place`] is `None`.

use super::index::{Index, Pairs};
use super::numbered;
use crate::model::Container;
use rustc_hash::FxHashMap;
use std::hash::BuildHasher;
use std::sync::Arc;

/// Distinct cells that are kept apart.
const CELLS: usize = 1 << 17;
/// Distinct rules with their event sources that are kept apart; later ones have no name here.
const KINDS: usize = 1 << 14;
/// Bytes of distinct texts that are kept.
const TEXTS: usize = 24 << 20;
/// Distinct process names that are kept apart; rows with later ones have none in their column.
const PROCESSES: usize = u16::MAX as usize - 1;

/// An interned text; 0 stands for a value that Falco did not know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sym(pub u32);

/// A place in [`Names::cells`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CellId(pub u32);

/// Where an event happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Place {
    pub hostname: Sym,
    pub container_id: Sym,
    pub container_name: Sym,
    pub image: Sym,
    pub namespace: Sym,
    pub pod: Sym,
}

/// What rows are counted by: one rule of one event source in one place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Cell {
    pub rule: Sym,
    pub event_source: Sym,
    /// `None` where too many places were seen to keep them apart; the record still knows.
    pub place: Option<Place>,
}

/// The interned texts and cells. Grows only; a snapshot keeps the state it was taken in.
#[derive(Clone, Debug, Default)]
pub struct Names {
    text: String,
    spans: Vec<(u32, u32)>,
    cells: Vec<Cell>,
    processes: Vec<Sym>,
}

impl Names {
    /// The text of a symbol; `None` for a value that Falco did not know.
    pub fn text(&self, sym: Sym) -> Option<&str> {
        let at = (sym.0 as usize).checked_sub(1)?;
        let (from, len) = *self.spans.get(at)?;
        self.text.get(from as usize..from as usize + len as usize)
    }

    /// The cell under an id.
    pub fn cell(&self, id: CellId) -> Option<&Cell> {
        self.cells.get(id.0 as usize)
    }

    /// All cells, by their ids in order.
    pub fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// The process name under the number in a row's column.
    pub fn process(&self, number: u16) -> Option<&str> {
        let at = usize::from(number).checked_sub(1)?;
        self.text(*self.processes.get(at)?)
    }

    /// The container of a place.
    pub fn container(&self, place: &Place) -> Container<'_> {
        Container {
            id: self.text(place.container_id),
            name: self.text(place.container_name),
            image: self.text(place.image),
        }
    }
}

/// Makes [`Names`].
#[derive(Clone, Debug, Default)]
pub(super) struct Interner {
    names: Arc<Names>,
    texts: Index,
    kinds: FxHashMap<(Sym, Sym), u32>,
    places: FxHashMap<Place, u32>,
    /// Cells by the numbers of their kinds and places.
    cells: Pairs,
    processes: FxHashMap<Sym, u16>,
    workers: FxHashMap<u32, Numbers>,
    /// Random, so that nobody can make texts that meet in one place of the index.
    hasher: Hasher,
}

#[derive(Clone)]
struct Hasher(rustc_hash::FxSeededState);

impl std::fmt::Debug for Hasher {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str("Hasher")
    }
}

impl Default for Hasher {
    fn default() -> Self {
        Self(numbered::hasher())
    }
}

/// What one worker's numbers mean here.
#[derive(Clone, Debug, Default)]
pub(super) struct Numbers {
    /// `None` where there are too many.
    kinds: Vec<Option<(u32, Sym, Sym)>>,
    places: Vec<Option<(u32, Place)>>,
    cells: Vec<CellId>,
    processes: Vec<u16>,
}

impl Numbers {
    pub fn cell(&self, number: u32) -> CellId {
        self.cells.get(number as usize).copied().unwrap_or_default()
    }

    /// 0 stands for no process name.
    pub fn process(&self, number: u32) -> u16 {
        let at = (number as usize).checked_sub(1);
        at.and_then(|at| self.processes.get(at)).copied().unwrap_or(0)
    }
}

/// The number that stands for what is beyond those kept apart.
const BEYOND: u32 = u32::MAX;

impl Interner {
    pub fn names(&self) -> &Arc<Names> {
        &self.names
    }

    /// Takes in what a worker met for the first time, and gives the meaning of all its numbers so far.
    pub fn learn(&mut self, worker: u32, learned: &super::draft::Learned) -> Numbers {
        let mut numbers = self.workers.remove(&worker).unwrap_or_default();
        if learned.afresh {
            numbers = Numbers::default();
        }
        for [rule, event_source] in numbered::texts(&learned.kinds) {
            let kind = self.kind(rule, event_source);
            numbers.kinds.push(kind);
        }
        for texts in numbered::texts(&learned.places) {
            let place = self.place(texts);
            numbers.places.push(place);
        }
        for (kind, place) in &learned.cells {
            let kind = numbers.kinds.get(*kind as usize).copied().flatten();
            let place = numbers.places.get(*place as usize).copied().flatten();
            let cell = self.cell(kind, place);
            numbers.cells.push(cell);
        }
        for [text] in numbered::texts(&learned.processes) {
            let process = self.process(text.unwrap_or_default());
            numbers.processes.push(process);
        }
        numbers
    }

    /// Keeps a worker's numbers until its next piece.
    pub fn put_back(&mut self, worker: u32, numbers: Numbers) {
        self.workers.insert(worker, numbers);
    }

    fn kind(&mut self, rule: Option<&str>, event_source: Option<&str>) -> Option<(u32, Sym, Sym)> {
        let is_full = self.kinds.len() >= KINDS || self.is_full();
        let kind = (self.known_or(rule, is_full)?, self.known_or(event_source, is_full)?);
        let number = match self.kinds.get(&kind) {
            Some(number) => *number,
            None if is_full => return None,
            None => {
                let number = u32::try_from(self.kinds.len()).unwrap_or(BEYOND);
                self.kinds.insert(kind, number);
                number
            }
        };
        Some((number, kind.0, kind.1))
    }

    fn place(&mut self, texts: [Option<&str>; 6]) -> Option<(u32, Place)> {
        let is_full = self.places.len() >= CELLS || self.is_full();
        let [hostname, container_id, container_name, image, namespace, pod] =
            texts.map(|text| self.known_or(text, is_full));
        let place = Place {
            hostname: hostname?,
            container_id: container_id?,
            container_name: container_name?,
            image: image?,
            namespace: namespace?,
            pod: pod?,
        };
        let number = match self.places.get(&place) {
            Some(number) => *number,
            None if is_full => return None,
            None => {
                let number = u32::try_from(self.places.len()).unwrap_or(BEYOND);
                self.places.insert(place, number);
                number
            }
        };
        Some((number, place))
    }

    fn cell(&mut self, kind: Option<(u32, Sym, Sym)>, place: Option<(u32, Place)>) -> CellId {
        let place = place.filter(|_| kind.is_some());
        let parts = (kind.map_or(BEYOND, |kind| kind.0), place.map_or(BEYOND, |place| place.0));
        let (_, rule, event_source) = kind.unwrap_or_default();
        let cell = Cell { rule, event_source, place: place.map(|place| place.1) };
        let is_full = self.names.cells.len() >= CELLS;
        if let Some(id) = self.find_or_add(parts, cell, is_full) {
            return id;
        }
        let beyond = Cell { place: None, ..cell };
        self.find_or_add((parts.0, BEYOND), beyond, false).unwrap_or_default()
    }

    fn find_or_add(&mut self, parts: (u32, u32), cell: Cell, is_full: bool) -> Option<CellId> {
        if let Some(id) = self.cells.find(parts) {
            return Some(CellId(id));
        }
        if is_full && cell.place.is_some() {
            return None;
        }
        Arc::make_mut(&mut self.names).cells.push(cell);
        Some(CellId(self.cells.add(parts)))
    }

    fn process(&mut self, text: &str) -> u16 {
        let is_full = self.processes.len() >= PROCESSES || self.is_full();
        // The last number says that there are too many.
        let Some(sym) = self.known_or(Some(text), is_full) else { return u16::MAX };
        if let Some(number) = self.processes.get(&sym) {
            return *number;
        }
        if is_full {
            return u16::MAX;
        }
        let Ok(number) = u16::try_from(self.processes.len() + 1) else { return u16::MAX };
        Arc::make_mut(&mut self.names).processes.push(sym);
        self.processes.insert(sym, number);
        number
    }

    /// Whether the texts take as much room as they may.
    fn is_full(&self) -> bool {
        self.names.text.len() >= TEXTS
    }

    /// The symbol of a text; when there is no more room only of one that is interned already.
    fn known_or(&mut self, text: Option<&str>, is_full: bool) -> Option<Sym> {
        let Some(text) = text else { return Some(Sym::default()) };
        let hash = self.hash(text);
        let names = &self.names;
        let is_it = |at: u32| names.text(Sym(at + 1)) == Some(text);
        if let Some(at) = self.texts.find(hash, is_it) {
            return Some(Sym(at + 1));
        }
        if is_full {
            return None;
        }
        let names = Arc::make_mut(&mut self.names);
        let (Ok(from), Ok(len), Ok(at)) = (
            u32::try_from(names.text.len()),
            u32::try_from(text.len()),
            u32::try_from(names.spans.len()),
        ) else {
            return None;
        };
        names.text.push_str(text);
        names.spans.push((from, len));
        self.texts.insert(hash, at);
        Some(Sym(at + 1))
    }

    #[expect(clippy::cast_possible_truncation, reason = "half of a hash is enough")]
    fn hash(&self, text: &str) -> u32 {
        self.hasher.0.hash_one(text) as u32
    }
}
