//! What a worker makes of a piece of a body: rows with numbers of the worker's own, and the texts behind new numbers.
//!
//! Workers know nothing of each other, so that they need no lock; the store gives their numbers a meaning in the order in
//! which pieces lie in the file, so that the same input always gives the same result.

use super::Body;
use crate::model::{BodyId, Columns, Flags, Priority, Reject};
use rustc_hash::{FxBuildHasher, FxHashMap};
use std::collections::HashMap;
use std::hash::BuildHasher;

/// Numbers a worker gives before it starts over, which bounds its memory.
const NUMBERS: usize = 1 << 17;

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

/// Texts behind numbers that were not used before.
#[derive(Debug, Default)]
pub(super) struct Learned {
    /// The worker started its numbers over.
    pub afresh: bool,
    pub cells: Vec<Box<[u8]>>,
    pub processes: Vec<Box<str>>,
}

/// Makes [`Draft`]s on a worker's thread.
pub struct Drafter {
    worker: u32,
    draft: Draft,
    cells: HashMap<u64, u32, FxBuildHasher>,
    keys: Vec<Box<[u8]>>,
    processes: FxHashMap<Box<str>, u32>,
    key: Vec<u8>,
    hasher: rustc_hash::FxSeededState,
}

impl Drafter {
    /// `worker` must be a number that no other drafter of this store has.
    pub fn new(worker: u32) -> Self {
        let seed = std::hash::RandomState::new();
        let hasher =
            rustc_hash::FxSeededState::with_seed(usize::try_from(seed.hash_one(0)).unwrap_or(1));
        let learned = Learned { afresh: true, ..Learned::default() };
        Self {
            worker,
            draft: Draft { worker, learned, ..Draft::default() },
            cells: HashMap::default(),
            keys: Vec::new(),
            processes: FxHashMap::default(),
            key: Vec::new(),
            hasher,
        }
    }

    /// Starts a piece of a body that begins at `base`.
    pub fn begin(&mut self, body: BodyId, base: u64) {
        self.draft.body = body;
        self.draft.base = base;
    }

    /// Adds one alert: where its record lies, and how many lines stand before it in the piece. Says no when the record
    /// lies too far from the piece's beginning; then a new piece must be begun.
    pub fn add(&mut self, columns: &Columns<'_>, offset: u64, len: u32, line: u64) -> bool {
        let (Ok(offset), Ok(line)) =
            (u32::try_from(offset.wrapping_sub(self.draft.base)), u32::try_from(line))
        else {
            return false;
        };
        if self.draft.learned.cells.is_empty()
            && (self.keys.len() >= NUMBERS || self.processes.len() >= NUMBERS)
            && self.draft.rows.is_empty()
        {
            self.cells.clear();
            self.keys.clear();
            self.processes.clear();
            self.draft.learned = Learned { afresh: true, ..Learned::default() };
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

    fn cell(&mut self, columns: &Columns<'_>) -> u32 {
        self.key.clear();
        for text in [
            columns.rule,
            columns.event_source,
            columns.hostname,
            columns.container_id,
            columns.container_name,
            columns.image,
            columns.namespace,
            columns.pod,
        ] {
            let text = text.map(|text| text.get(..text.floor_char_boundary(MOST)).unwrap_or(text));
            let len = text.map_or(u16::MAX, |text| u16::try_from(text.len()).unwrap_or(0));
            self.key.extend_from_slice(&len.to_le_bytes());
            self.key.extend_from_slice(text.unwrap_or_default().as_bytes());
        }
        let mut hash = self.hasher.hash_one(&*self.key);
        while let Some(number) = self.cells.get(&hash) {
            if self.keys.get(*number as usize).is_some_and(|key| **key == *self.key) {
                return *number;
            }
            hash = hash.wrapping_add(1);
        }
        let number = u32::try_from(self.keys.len()).unwrap_or(u32::MAX);
        self.cells.insert(hash, number);
        self.keys.push(self.key.clone().into_boxed_slice());
        self.draft.learned.cells.push(self.key.clone().into_boxed_slice());
        number
    }

    fn process(&mut self, text: Option<&str>) -> u32 {
        let Some(text) = text else { return 0 };
        let text = text.get(..text.floor_char_boundary(MOST)).unwrap_or(text);
        if let Some(number) = self.processes.get(text) {
            return *number;
        }
        let number = u32::try_from(self.processes.len() + 1).unwrap_or(0);
        self.processes.insert(text.into(), number);
        self.draft.learned.processes.push(text.into());
        number
    }
}

/// Bytes of a text that columns keep; the record keeps all.
const MOST: usize = 4096;

/// The texts in a key, in the order in which [`Drafter::cell`] wrote them.
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
