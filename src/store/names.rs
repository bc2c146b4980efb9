//! Interned strings: each text is held once, each rule-and-container once, and rows hold small numbers.
//!
//! What a worker learned has numbers of its own, which [`Interner::learn`] turns into ours.
//! A million distinct containers must not eat the memory: beyond [`CELLS`] new ones share one cell per rule,
//! whose [`Cell::place`] is `None`.

use crate::model::Container;
use rustc_hash::FxHashMap;
use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::Arc;

/// Distinct cells that are kept apart.
const CELLS: usize = 1 << 17;
/// Distinct process names that are kept apart; rows with later ones have none in their column.
const PROCESSES: usize = u16::MAX as usize;

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

    /// All process names by number, the first being number 1.
    pub fn processes(&self) -> impl Iterator<Item = &str> {
        self.processes.iter().filter_map(|sym| self.text(*sym))
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
    texts: HashMap<u64, Sym, rustc_hash::FxBuildHasher>,
    cells: FxHashMap<Cell, CellId>,
    processes: FxHashMap<Sym, u16>,
    workers: FxHashMap<u32, Numbers>,
    seed: std::hash::RandomState,
}

/// What one worker's numbers mean here.
#[derive(Clone, Debug, Default)]
pub(super) struct Numbers {
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
        for texts in &learned.cells {
            let cell = self.cell(texts);
            numbers.cells.push(cell);
        }
        for text in &learned.processes {
            let process = self.process(text);
            numbers.processes.push(process);
        }
        numbers
    }

    /// Keeps a worker's numbers until its next piece.
    pub fn put_back(&mut self, worker: u32, numbers: Numbers) {
        self.workers.insert(worker, numbers);
    }

    fn cell(&mut self, key: &[u8]) -> CellId {
        let mut texts = super::draft::texts(key);
        let mut next = || texts.next().flatten();
        let rule = next();
        let event_source = next();
        let place = [next(), next(), next(), next(), next(), next()];
        let full = self.cells.len() >= CELLS;
        let [hostname, container_id, container_name, image, namespace, pod] = place.map(|text| {
            if full {
                text.map_or(Some(Sym::default()), |text| self.known(text))
            } else {
                Some(self.sym(text))
            }
        });
        let place = (|| {
            Some(Place {
                hostname: hostname?,
                container_id: container_id?,
                container_name: container_name?,
                image: image?,
                namespace: namespace?,
                pod: pod?,
            })
        })();
        let (rule, event_source) = (self.sym(rule), self.sym(event_source));
        let cell = Cell { rule, event_source, place };
        if let Some(id) = self.cells.get(&cell) {
            return *id;
        }
        let cell = if full { Cell { rule, event_source, place: None } } else { cell };
        if let Some(id) = self.cells.get(&cell) {
            return *id;
        }
        let names = Arc::make_mut(&mut self.names);
        let id = CellId(u32::try_from(names.cells.len()).unwrap_or(u32::MAX));
        names.cells.push(cell);
        self.cells.insert(cell, id);
        id
    }

    fn process(&mut self, text: &str) -> u16 {
        let full = self.processes.len() >= PROCESSES;
        let Some(sym) = (if full { self.known(text) } else { Some(self.sym(Some(text))) }) else {
            return 0;
        };
        if let Some(number) = self.processes.get(&sym) {
            return *number;
        }
        let Ok(number) = u16::try_from(self.processes.len() + 1) else { return 0 };
        Arc::make_mut(&mut self.names).processes.push(sym);
        self.processes.insert(sym, number);
        number
    }

    /// The symbol of a text that is interned already.
    fn known(&self, text: &str) -> Option<Sym> {
        let mut hash = self.seed.hash_one(text);
        loop {
            let sym = *self.texts.get(&hash)?;
            if self.names.text(sym) == Some(text) {
                return Some(sym);
            }
            hash = hash.wrapping_add(1);
        }
    }

    fn sym(&mut self, text: Option<&str>) -> Sym {
        let Some(text) = text else { return Sym::default() };
        let mut hash = self.seed.hash_one(text);
        while let Some(sym) = self.texts.get(&hash) {
            if self.names.text(*sym) == Some(text) {
                return *sym;
            }
            hash = hash.wrapping_add(1);
        }
        let names = Arc::make_mut(&mut self.names);
        let (Ok(from), Ok(len)) = (u32::try_from(names.text.len()), u32::try_from(text.len()))
        else {
            return Sym::default();
        };
        names.text.push_str(text);
        names.spans.push((from, len));
        let sym = Sym(u32::try_from(names.spans.len()).unwrap_or(0));
        self.texts.insert(hash, sym);
        sym
    }
}
