//! What a worker makes of a piece of a body: rows with numbers of the worker's own, and the texts behind new numbers.
//!
//! Workers know nothing of each other, so that they need no lock; the store gives their numbers a meaning in the order in
//! which pieces lie in the file, so that the same input always gives the same result.

use super::Body;
use super::index::Pairs;
use super::numbered::{self, Guess, Numbered};
use crate::model::{BodyId, Columns, Flags, Priority, Reject};

/// Numbers a worker gives, and bytes of texts behind them, before it starts over, which bounds its memory.
const NUMBERS: usize = 1 << 17;
const TEXTS: usize = 8 << 20;

/// Rows whose cells are looked up together.
pub(super) const TOGETHER: usize = 32;

/// What was read, for [`Store::append`](super::Store::append).
#[derive(Debug, Default)]
pub struct Batch {
    /// Bodies opened since the last batch.
    pub bodies: Vec<(BodyId, Body)>,
    pub drafts: Vec<Draft>,
    pub rejects: Vec<Reject>,
    /// Rejects beyond those in [`Batch::rejects`]: counted only.
    pub more_rejects: u64,
    /// Records that are no alerts: Falco's own log lines and the like.
    pub others: u64,
    /// For bodies whose end was read first: how many lines stand before what was read.
    pub settled: Vec<(BodyId, u64)>,
}

impl Batch {
    /// Keeps the first pieces, at least one, with no more than about so many rows; gives the rest, when there is any.
    /// What is said of bodies as a whole goes with the rest, which comes later.
    pub fn split_off(&mut self, rows: usize) -> Option<Self> {
        let mut sum = 0;
        let at = self.drafts.iter().position(|draft| {
            sum += draft.len();
            sum > rows
        })?;
        let drafts = self.drafts.split_off(at.max(1));
        if drafts.is_empty() {
            return None;
        }
        Some(Self {
            bodies: Vec::new(),
            drafts,
            rejects: std::mem::take(&mut self.rejects),
            more_rejects: std::mem::take(&mut self.more_rejects),
            others: std::mem::take(&mut self.others),
            settled: std::mem::take(&mut self.settled),
        })
    }
}

/// Rows of one piece of one body, in order.
#[derive(Debug, Default)]
pub struct Draft {
    pub(super) worker: u32,
    pub(super) body: BodyId,
    /// Rows count their offsets from here.
    pub(super) base: u64,
    /// Lines before the piece.
    pub(super) lines_before: u64,
    /// Whether [`Draft::lines_before`] counts from a place whose own line is not known yet.
    pub(super) is_relative: bool,
    pub(super) rows: Vec<RawRow>,
    pub(super) learned: Learned,
}

impl Draft {
    /// How many alerts it holds.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Takes the rows back; what the worker's numbers mean stays.
    pub fn forget(&mut self) {
        self.rows.clear();
    }

    /// Says how many lines stand before the piece, once the pieces before it are counted; `is_relative` when they were
    /// counted from a place whose own line is not known yet.
    pub fn set_lines_before(&mut self, lines: u64, is_relative: bool) {
        self.lines_before = lines;
        self.is_relative = is_relative;
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) struct RawRow {
    /// Nanoseconds since 1970; `i64::MIN` when not known.
    pub time: i64,
    pub offset: u32,
    pub len: u32,
    /// Lines between the piece's first and this row's.
    pub line: u32,
    pub cell: u32,
    pub process: u32,
    pub flags: Flags,
    pub priority: Option<Priority>,
    pub is_plain: bool,
}

/// Where an alert's record stands in a piece.
#[derive(Clone, Copy, Debug)]
pub struct Stands {
    /// Bytes from the beginning of its body.
    pub offset: u64,
    /// Bytes.
    pub len: u32,
    /// Lines of the piece before it.
    pub line: u64,
    /// It has a line of its own, in which each letter or digit that it says stands as it is.
    pub is_plain: bool,
}

/// What stands behind numbers that were not used before.
#[derive(Debug, Default)]
pub(super) struct Learned {
    /// The worker started its numbers over.
    pub afresh: bool,
    /// Rules with their event sources, places, and process names: [`texts`](super::numbered::texts) reads them.
    pub kinds: Vec<u8>,
    pub places: Vec<u8>,
    pub processes: Vec<u8>,
    /// Cells as a kind and a place.
    pub cells: Vec<(u32, u32)>,
}

/// Makes [`Draft`]s on a worker's thread.
pub struct Drafter {
    worker: u32,
    draft: Draft,
    kinds: Numbered<2>,
    places: Numbered<6>,
    processes: Numbered<1>,
    cells: Pairs,
    waiting: Waiting,
}

/// The last rows of a draft, whose cells were not looked up yet.
///
/// A log has more containers than a processor's cache has room for while the log streams through it, so what is known of one
/// is mostly far away. Looked up together, the ways to memory are gone side by side instead of one behind the other.
#[derive(Default)]
struct Waiting {
    rows: Vec<Waits>,
    /// The keys of their places, one behind the other.
    keys: Vec<u8>,
}

/// What the cell of a row is looked up by.
#[derive(Clone, Copy)]
struct Waits {
    kind: u32,
    /// Where the key of its place ends, and where that may be known.
    key_end: usize,
    place: usize,
}

impl Drafter {
    /// `worker` must be a number that no other drafter of this store has.
    pub fn new(worker: u32) -> Self {
        let learned = Learned { afresh: true, ..Learned::default() };
        Self {
            worker,
            draft: Draft { worker, learned, ..Draft::default() },
            kinds: Numbered::new(1 << 9),
            places: Numbered::new(1 << 15),
            processes: Numbered::new(1 << 10),
            cells: Pairs::default(),
            waiting: Waiting::default(),
        }
    }

    /// Starts a piece of a body that begins at `base`.
    pub fn begin(&mut self, body: BodyId, base: u64) {
        self.draft.body = body;
        self.draft.base = base;
    }

    /// Adds one alert. Says no when its record stands too far from the piece's beginning; then a new piece must be begun.
    pub fn add<T: AsRef<[u8]> + ?Sized>(
        &mut self,
        columns: &Columns<'_, T>,
        stands: Stands,
    ) -> bool {
        let offset = u32::try_from(stands.offset.wrapping_sub(self.draft.base));
        let (Ok(offset), Ok(line)) = (offset, u32::try_from(stands.line)) else { return false };
        if self.draft.rows.is_empty() && self.draft.learned.is_empty() && self.is_full() {
            self.begin_afresh();
        }
        let row = RawRow {
            time: columns.time.unwrap_or(i64::MIN),
            offset,
            len: stands.len,
            line,
            // Looked up soon.
            cell: 0,
            process: self.process(columns.process),
            flags: columns.flags,
            priority: columns.priority,
            is_plain: stands.is_plain,
        };
        self.draft.rows.push(row);
        let kind = self.kind(columns);
        let place = bytes([
            columns.hostname,
            columns.container_id,
            columns.container_name,
            columns.image,
            columns.namespace,
            columns.pod,
        ]);
        numbered::write(place, &mut self.waiting.keys);
        let key_end = self.waiting.keys.len();
        self.waiting.rows.push(Waits { kind, key_end, place: numbered::place(&place) });
        if self.waiting.rows.len() >= TOGETHER {
            self.look_up();
        }
        true
    }

    /// Looks up the cells of the rows that wait for it.
    fn look_up(&mut self) {
        let Waiting { rows: waiting, keys } = &mut self.waiting;
        let mut guesses = [Guess::default(); TOGETHER];
        for (guess, waits) in guesses.iter_mut().zip(&*waiting) {
            *guess = self.places.guess(waits.place);
        }
        let mut sum = 0;
        for (guess, waits) in guesses.iter().zip(&*waiting) {
            sum |= u32::from(self.places.touch(*guess));
            sum |= self.cells.touch((waits.kind, guess.number()));
        }
        std::hint::black_box(sum);
        let first = self.draft.rows.len() - waiting.len();
        let rows = self.draft.rows.get_mut(first..).unwrap_or_default();
        let mut from = 0;
        for ((row, waits), guess) in rows.iter_mut().zip(&*waiting).zip(guesses) {
            let key = keys.get(from..waits.key_end).unwrap_or_default();
            from = waits.key_end;
            let (place, is_new) = self.places.number_of_key(key, guess);
            if is_new {
                self.draft.learned.places.extend_from_slice(key);
            }
            let parts = (waits.kind, place);
            row.cell = self.cells.find(parts).unwrap_or_else(|| {
                self.draft.learned.cells.push(parts);
                self.cells.add(parts)
            });
        }
        waiting.clear();
        keys.clear();
    }

    /// The piece so far; the next begins empty.
    pub fn take(&mut self) -> Draft {
        self.look_up();
        let empty = Draft {
            worker: self.worker,
            body: self.draft.body,
            rows: Vec::with_capacity(self.draft.rows.len()),
            ..Draft::default()
        };
        std::mem::replace(&mut self.draft, empty)
    }

    fn is_full(&self) -> bool {
        let lens = [self.cells.len(), self.kinds.len(), self.places.len(), self.processes.len()];
        let sizes = [self.kinds.size(), self.places.size(), self.processes.size()];
        lens.iter().any(|len| *len >= NUMBERS) || sizes.iter().any(|size| *size >= TEXTS)
    }

    fn begin_afresh(&mut self) {
        self.kinds.clear();
        self.places.clear();
        self.processes.clear();
        self.cells.clear();
        self.draft.learned = Learned { afresh: true, ..Learned::default() };
    }

    fn kind<T: AsRef<[u8]> + ?Sized>(&mut self, columns: &Columns<'_, T>) -> u32 {
        let (kind, new) = self.kinds.number(bytes([columns.rule, columns.event_source]));
        if let Some(key) = new {
            self.draft.learned.kinds.extend_from_slice(key);
        }
        kind
    }

    fn process<T: AsRef<[u8]> + ?Sized>(&mut self, text: Option<&T>) -> u32 {
        if text.is_none() {
            return 0;
        }
        let (number, new) = self.processes.number(bytes([text]));
        if let Some(key) = new {
            self.draft.learned.processes.extend_from_slice(key);
        }
        number + 1
    }
}

fn bytes<T: AsRef<[u8]> + ?Sized, const N: usize>(texts: [Option<&T>; N]) -> [Option<&[u8]>; N] {
    texts.map(|text| text.map(AsRef::as_ref))
}

impl Learned {
    fn is_empty(&self) -> bool {
        self.kinds.is_empty()
            && self.places.is_empty()
            && self.processes.is_empty()
            && self.cells.is_empty()
    }
}
