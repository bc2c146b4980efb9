//! Reads a piece of a body: whole lines by the fast path where it can, everything else by the careful decoder.
//!
//! The fast path is asked only while the decoder holds nothing, so that the outcome is that of the careful decoder alone.

use super::strain::{Fate, Passed, Strain};
use super::{News, Records};
use crate::decode::fast::Found;
use crate::decode::{Decoder, Entry, Item, fast};
use crate::model::{BodyId, Columns, Origin, Reject};
use crate::store::{Draft, Drafter, Stands};
use std::io;
use std::sync::Arc;

/// A record may begin this far before the bytes that end it.
const BEFORE: u64 = 1 << 31;

/// What a piece holds.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub drafts: Vec<Draft>,
    pub rejects: Vec<Reject>,
    pub others: u64,
    /// Alerts that were counted and not kept.
    pub passed: Passed,
    /// Lines, counted from where the piece was told to count.
    pub lines: u64,
}

impl Outcome {
    pub fn drain_into(&mut self, news: &mut News) {
        news.passed.add(std::mem::take(&mut self.passed));
        let batch = &mut news.batch;
        batch.drafts.append(&mut self.drafts);
        batch.rejects.append(&mut self.rejects);
        batch.others += self.others;
    }

    pub fn n_rows(&self) -> usize {
        self.drafts.iter().map(Draft::len).sum()
    }

    /// Takes everything back but the meaning of the numbers, which later pieces of the same worker use.
    pub fn forget(&mut self) {
        self.drafts.iter_mut().for_each(Draft::forget);
        self.rejects.clear();
        self.others = 0;
        self.passed = Passed::default();
    }

    /// Says how many lines stand before the piece.
    pub fn shift(&mut self, lines: u64, is_relative: bool) {
        for draft in &mut self.drafts {
            draft.set_lines_before(lines, is_relative);
        }
        for reject in &mut self.rejects {
            reject.origin.line = if is_relative { 0 } else { reject.origin.line + lines };
        }
    }
}

/// What a thread reads with; it keeps its numbers and buffers from one piece to the next.
pub(super) struct Tools {
    pub drafter: Drafter,
    pub scanner: fast::Scanner,
    pub strain: Strain,
}

impl Tools {
    /// `worker` must be a number that no other tools of this store have.
    pub fn new(worker: u32, strain: Strain) -> Self {
        Self { drafter: Drafter::new(worker), scanner: strain.scanner(), strain }
    }
}

/// The rows of a piece.
struct Rows<'a> {
    drafter: &'a mut Drafter,
    body: BodyId,
    drafts: Vec<Draft>,
}

/// A piece being read.
pub(super) struct Piece<'a> {
    rows: Rows<'a>,
    scanner: &'a mut fast::Scanner,
    strain: &'a mut Strain,
    /// Where the next byte lies.
    offset: u64,
    lines: u64,
    outcome: Outcome,
    entries: Vec<Entry>,
}

impl<'a> Piece<'a> {
    /// A piece that begins at `offset`, after `lines` lines.
    pub fn new(tools: &'a mut Tools, body: BodyId, offset: u64, lines: u64) -> Self {
        let Tools { drafter, scanner, strain } = tools;
        drafter.begin(body, offset.saturating_sub(BEFORE));
        Self {
            rows: Rows { drafter, body, drafts: Vec::new() },
            scanner,
            strain,
            offset,
            lines,
            outcome: Outcome::default(),
            entries: Vec::new(),
        }
    }

    /// Lines so far, from where counting began.
    pub fn lines(&self) -> u64 {
        self.lines
    }

    /// Reads bytes that follow those before; an unfinished last line stays in the decoder.
    pub fn read(
        &mut self,
        decoder: &mut Decoder,
        records: &Records,
        name: &Arc<str>,
        bytes: &[u8],
    ) {
        let mut rest = bytes;
        let ctx = records.context(self.rows.body);
        self.strain.begin(bytes);
        // False while the decoder has not seen what the fast path took.
        let mut is_current = true;
        while !rest.is_empty() {
            if decoder.is_idle()
                && let Some(found) = &self.scanner.record(rest, &ctx)
                && let Some((_, after)) = rest.split_at_checked(found.len as usize + 1)
            {
                let at = bytes.len() - rest.len();
                let fate = self.strain.fate(at, found);
                if fate == Fate::Keep {
                    let (offset, line) = (self.offset, self.lines);
                    let Found { len, is_plain, .. } = *found;
                    self.rows.add(&found.columns, Stands { offset, len, line, is_plain });
                } else {
                    self.outcome.passed.all += 1;
                    self.outcome.passed.met += u64::from(fate == Fate::Count);
                }
                is_current = false;
                self.offset += u64::from(found.len) + 1;
                rest = after;
            } else {
                let Some((line, after)) =
                    memchr::memchr(b'\n', rest).and_then(|end| rest.split_at_checked(end + 1))
                else {
                    break;
                };
                self.careful(decoder, records, name, line, &mut is_current);
                self.offset += line.len() as u64;
                rest = after;
            }
            self.lines += 1;
        }
        if !rest.is_empty() {
            self.careful(decoder, records, name, rest, &mut is_current);
            self.offset += rest.len() as u64;
        } else if !is_current {
            *decoder = self.decoder_here(records, name);
        }
    }

    /// Takes an unfinished last line that is a complete record.
    pub fn still(&mut self, decoder: &mut Decoder) {
        decoder.settle(&mut self.entries);
        self.collect();
    }

    /// Takes what is held as final.
    pub fn end(&mut self, decoder: &mut Decoder) {
        decoder.finish(&mut self.entries);
        self.collect();
    }

    /// Passes over bytes that cannot be read. What they were a part of ends before them; the lines behind them are counted
    /// as if no line had ended in them.
    pub fn pass_over(
        &mut self,
        decoder: &mut Decoder,
        records: &Records,
        name: &Arc<str>,
        len: u64,
        why: &io::Error,
    ) {
        self.end(decoder);
        let reason = format!("{len} bytes cannot be read: {why}").into();
        let origin = Origin { source: Arc::clone(name), offset: self.offset, line: self.lines + 1 };
        self.outcome.rejects.push(Reject { reason, origin, bytes: Box::default(), len });
        self.offset += len;
        *decoder = self.decoder_here(records, name);
    }

    pub fn finish(mut self) -> Outcome {
        let Rows { drafter, mut drafts, .. } = self.rows;
        drafts.push(drafter.take());
        self.outcome.drafts = drafts;
        self.outcome.lines = self.lines;
        self.outcome
    }

    fn careful(
        &mut self,
        decoder: &mut Decoder,
        records: &Records,
        name: &Arc<str>,
        bytes: &[u8],
        is_current: &mut bool,
    ) {
        if !*is_current {
            *decoder = self.decoder_here(records, name);
            *is_current = true;
        }
        decoder.push(bytes, &mut self.entries);
        self.collect();
    }

    fn decoder_here(&self, records: &Records, name: &Arc<str>) -> Decoder {
        Decoder::at(records.context(self.rows.body), Arc::clone(name), self.offset, self.lines + 1)
    }

    fn collect(&mut self) {
        for entry in std::mem::take(&mut self.entries) {
            match entry.item {
                Item::Alert(alert) => {
                    let line = entry.line.saturating_sub(1);
                    let Entry { offset, len, .. } = entry;
                    self.rows.add(&alert.columns(), Stands { offset, len, line, is_plain: false });
                }
                Item::Other(_) => self.outcome.others += 1,
                Item::Reject(reject) => self.outcome.rejects.push(reject),
            }
        }
    }
}

impl Rows<'_> {
    fn add<T: AsRef<[u8]> + ?Sized>(&mut self, columns: &Columns<'_, T>, stands: Stands) {
        if !self.drafter.add(columns, stands) {
            self.drafts.push(self.drafter.take());
            self.drafter.begin(self.body, stands.offset.saturating_sub(BEFORE));
            self.drafter.add(columns, stands);
        }
    }
}
