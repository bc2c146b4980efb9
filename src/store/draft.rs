//! What a worker makes of a piece of a body: rows with numbers of the worker's own, and the texts behind new numbers.
//!
//! Workers know nothing of each other, so that they need no lock; the store gives their numbers a meaning in the order in
//! which pieces lie in the file, so that the same input always gives the same result.

use super::Body;
use super::index::{Index, Texts};
use crate::model::{BodyId, Columns, Flags, Priority, Reject};
use std::hash::BuildHasher;

/// Numbers a worker gives, and bytes of texts behind them, before it starts over, which bounds its memory.
const NUMBERS: usize = 1 << 17;
const TEXTS: usize = 8 << 20;

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
}

/// What stands behind numbers that were not used before.
#[derive(Debug, Default)]
pub(super) struct Learned {
    /// The worker started its numbers over.
    pub afresh: bool,
    /// Rules with their event sources, places, and process names: [`texts`] reads them.
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
    kinds: Texts,
    places: Texts,
    processes: Texts,
    cells: Vec<(u32, u32)>,
    by_parts: Index,
    key: Vec<u8>,
    hasher: rustc_hash::FxSeededState,
}

impl Drafter {
    /// `worker` must be a number that no other drafter of this store has.
    pub fn new(worker: u32) -> Self {
        let learned = Learned { afresh: true, ..Learned::default() };
        Self {
            worker,
            draft: Draft { worker, learned, ..Draft::default() },
            kinds: Texts::default(),
            places: Texts::default(),
            processes: Texts::default(),
            cells: Vec::new(),
            by_parts: Index::default(),
            key: Vec::new(),
            hasher: hasher(),
        }
    }

    /// Starts a piece of a body that begins at `base`.
    pub fn begin(&mut self, body: BodyId, base: u64) {
        self.draft.body = body;
        self.draft.base = base;
    }

    /// Adds one alert: where its record lies, and how many lines stand before it in the piece. Says no when the record
    /// lies too far from the piece's beginning; then a new piece must be begun.
    pub fn add<T: AsRef<[u8]> + ?Sized>(
        &mut self,
        columns: &Columns<'_, T>,
        offset: u64,
        len: u32,
        line: u64,
    ) -> bool {
        let (Ok(offset), Ok(line)) =
            (u32::try_from(offset.wrapping_sub(self.draft.base)), u32::try_from(line))
        else {
            return false;
        };
        if self.draft.rows.is_empty() && self.draft.learned.is_empty() && self.is_full() {
            self.begin_afresh();
        }
        let row = RawRow {
            time: columns.time.unwrap_or(i64::MIN),
            offset,
            len,
            line,
            cell: self.cell(columns),
            process: self.process(columns.process),
            flags: columns.flags,
            priority: columns.priority,
        };
        self.draft.rows.push(row);
        true
    }

    /// The piece so far; the next begins empty.
    pub fn take(&mut self) -> Draft {
        let empty = Draft {
            worker: self.worker,
            body: self.draft.body,
            rows: Vec::with_capacity(self.draft.rows.len()),
            ..Draft::default()
        };
        std::mem::replace(&mut self.draft, empty)
    }

    fn is_full(&self) -> bool {
        let sizes = [&self.kinds, &self.places, &self.processes];
        self.cells.len() >= NUMBERS
            || sizes.iter().any(|texts| texts.len() >= NUMBERS || texts.size() >= TEXTS)
    }

    fn begin_afresh(&mut self) {
        self.kinds.clear();
        self.places.clear();
        self.processes.clear();
        self.cells.clear();
        self.by_parts.clear();
        self.draft.learned = Learned { afresh: true, ..Learned::default() };
    }

    fn cell<T: AsRef<[u8]> + ?Sized>(&mut self, columns: &Columns<'_, T>) -> u32 {
        self.write([columns.rule, columns.event_source]);
        let (kind, is_new) = self.kinds.number(hash(&self.hasher, &self.key), &self.key);
        if is_new {
            self.draft.learned.kinds.extend_from_slice(&self.key);
        }
        self.write([
            columns.hostname,
            columns.container_id,
            columns.container_name,
            columns.image,
            columns.namespace,
            columns.pod,
        ]);
        let (place, is_new) = self.places.number(hash(&self.hasher, &self.key), &self.key);
        if is_new {
            self.draft.learned.places.extend_from_slice(&self.key);
        }
        let parts = (kind, place);
        let hash = mix(place, kind);
        let cells = &self.cells;
        if let Some(cell) = self.by_parts.find(hash, |at| cells.get(at as usize) == Some(&parts)) {
            return cell;
        }
        let cell = u32::try_from(self.cells.len()).unwrap_or(u32::MAX);
        self.by_parts.insert(hash, cell);
        self.cells.push(parts);
        self.draft.learned.cells.push(parts);
        cell
    }

    fn process<T: AsRef<[u8]> + ?Sized>(&mut self, text: Option<&T>) -> u32 {
        if text.is_none() {
            return 0;
        }
        self.write([text]);
        let (number, is_new) = self.processes.number(hash(&self.hasher, &self.key), &self.key);
        if is_new {
            self.draft.learned.processes.extend_from_slice(&self.key);
        }
        number + 1
    }

    /// Writes texts as a key: each behind its length.
    fn write<T: AsRef<[u8]> + ?Sized, const N: usize>(&mut self, texts: [Option<&T>; N]) {
        self.key.clear();
        for text in texts {
            let text = text.map(AsRef::as_ref);
            let text = text.map(|text| if text.len() > MOST { cut(text) } else { text });
            let len = text.map_or(u16::MAX, |text| u16::try_from(text.len()).unwrap_or(0));
            self.key.extend_from_slice(&len.to_le_bytes());
            self.key.extend_from_slice(text.unwrap_or_default());
        }
    }
}

/// What columns keep of a long text.
fn cut(text: &[u8]) -> &[u8] {
    let text = str::from_utf8(text).unwrap_or_default();
    text.get(..text.floor_char_boundary(MOST)).unwrap_or_default().as_bytes()
}

impl Learned {
    fn is_empty(&self) -> bool {
        self.kinds.is_empty()
            && self.places.is_empty()
            && self.processes.is_empty()
            && self.cells.is_empty()
    }
}

/// A fast hasher with a seed of its own.
pub(super) fn hasher() -> rustc_hash::FxSeededState {
    let seed = std::hash::RandomState::new().hash_one(0);
    rustc_hash::FxSeededState::with_seed(usize::try_from(seed).unwrap_or(1))
}

#[expect(clippy::cast_possible_truncation, reason = "half of a hash is enough")]
fn hash(hasher: &rustc_hash::FxSeededState, key: &[u8]) -> u32 {
    hasher.hash_one(key) as u32
}

/// A hash of two numbers.
pub(super) fn mix(a: u32, b: u32) -> u32 {
    ((u64::from(a) << 32 | u64::from(b)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as u32
}

/// Bytes of a text that columns keep; the record keeps all.
const MOST: usize = 4096;

/// The texts in a key, in the order in which [`Drafter::write`] wrote them; several keys may follow on each other.
pub(super) fn texts(key: &[u8]) -> impl Iterator<Item = Option<&str>> {
    let mut rest = key;
    std::iter::from_fn(move || {
        let (len, after) = rest.split_first_chunk::<2>()?;
        let len = u16::from_le_bytes(*len);
        if len == u16::MAX {
            rest = after;
            return Some(None);
        }
        let (text, after) = after.split_at_checked(usize::from(len))?;
        rest = after;
        Some(str::from_utf8(text).ok())
    })
}
