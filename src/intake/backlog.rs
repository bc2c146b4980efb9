//! Indexes what a body holds already: in blocks, side by side, handed on in the order of the file.
//!
//! A block owns the lines that follow a newline in it. Each is read as if nothing were pending before it; where that turns
//! out wrong (a record over several lines crosses the border), the block is read again with what was pending.

use super::piece::{Outcome, Piece, Tools};
use super::{Gone, Intake, Progress, Records};
use crate::decode::{Decoder, fast};
use crate::model::BodyId;
use crate::source::Pages;
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::sync_channel;
use std::time::Instant;

/// Bytes of the end that are read first.
const TAIL: u64 = 1 << 20;
/// A line that reaches further than this beyond its block is read in small pieces instead of at once.
const LONG: u64 = 8 << 20;
/// Bytes behind a block that are read with it.
const SOON: u64 = 4 << 10;
/// Bytes read at once where a block is read in small pieces.
const CHUNK: usize = 256 << 10;
/// Rows handed on together, and the bytes after which there may be fewer: where most alerts are only counted.
const ROWS: usize = 4096;
const BYTES: u64 = 16 << 20;
/// Blocks that a worker hands on together: threads wake each other seldom.
const RUN: u64 = 16;

/// What is read in blocks.
struct Job<'a> {
    handle: &'a File,
    body: BodyId,
    name: &'a Arc<str>,
    records: &'a Records,
    from: u64,
    to: u64,
    /// Bytes in a block.
    block: u64,
}

/// What came of one block.
struct Block {
    outcome: Outcome,
    /// The lines it owns: `start..end`.
    start: u64,
    end: u64,
    /// It must be read again in order: a line was too long to be read at once, or a record does not end here.
    is_undone: bool,
}

impl Intake {
    pub(super) fn backlog(&mut self, body: BodyId, from: u64, to: u64) -> Result<(), Gone> {
        self.send()?;
        let Some(mut live) = self.live.remove(&body) else { return Ok(()) };
        let records = Arc::clone(&self.records);
        let handle = Arc::clone(&live.opened.handle);
        let name = Arc::clone(&live.opened.name);
        let block = self.options.block.max(1);
        let mut job =
            Job { handle: &handle, body, name: &name, records: &records, from, to, block };
        let mut workers = std::mem::take(&mut self.workers);
        let tail = if self.options.tail_first { job.cut() } else { None };
        let mut tail_lines = 0;
        let mut tail_decoder = None;
        if let Some((cut, bytes)) = tail {
            let mut decoder = job.decoder(cut, 0);
            let mut piece = Piece::new(&mut self.tools, body, cut, 0);
            piece.read(&mut decoder, &records, &name, &bytes);
            let mut outcome = piece.finish();
            tail_lines = outcome.lines;
            outcome.shift(0, true);
            outcome.drain_into(&mut self.news);
            let progress =
                Progress { body, done: to - cut, total: to - from, bytes_per_second: 0.0 };
            self.news.progress = Some(progress);
            self.news.bytes += to - cut;
            self.send()?;
            tail_decoder = Some(decoder);
            job.to = cut;
        }
        let (mut decoder, lines) = self.blocks(&job, &mut workers, to - from)?;
        self.workers = workers;
        if let Some(tail_decoder) = tail_decoder {
            let mut piece = Piece::new(&mut self.tools, body, job.to, lines);
            piece.end(&mut decoder);
            piece.finish().drain_into(&mut self.news);
            self.news.batch.settled.push((body, lines));
            decoder = if tail_decoder.is_idle() {
                job.decoder(to, lines + tail_lines)
            } else {
                tail_decoder
            };
        }
        self.send()?;
        live.decoder = decoder;
        live.offset = to;
        live.lines = lines + tail_lines;
        self.live.insert(body, live);
        Ok(())
    }

    /// Reads all blocks; gives the decoder at the end, and the lines.
    fn blocks(
        &mut self,
        job: &Job<'_>,
        workers: &mut [Tools],
        total: u64,
    ) -> Result<(Decoder, u64), Gone> {
        let n_blocks = (job.to - job.from).div_ceil(job.block);
        let next = AtomicU64::new(0);
        let started = Instant::now();
        let before = total - (job.to - job.from);
        std::thread::scope(|scope| {
            let (out, blocks) = sync_channel(workers.len());
            for tools in workers.iter_mut() {
                let out = out.clone();
                let next = &next;
                scope.spawn(move || {
                    let mut pages = Pages::default();
                    loop {
                        let first = next.fetch_add(RUN, Ordering::Relaxed);
                        let numbers = first..(first + RUN).min(n_blocks);
                        let run: Vec<_> = numbers
                            .map(|number| (number, job.block(number, tools, &mut pages)))
                            .collect();
                        if run.is_empty() || out.send(run).is_err() {
                            return;
                        }
                    }
                });
            }
            drop(out);
            let mut early = BTreeMap::new();
            let mut turn = 0;
            let mut decoder = job.decoder(job.from, 0);
            let mut lines = 0;
            let mut rows = 0;
            let mut sent = job.from;
            let mut reached = job.from;
            while turn < n_blocks {
                let Some(block) = early.remove(&turn) else {
                    let Ok(run) = blocks.recv() else { break };
                    early.extend(run);
                    continue;
                };
                turn += 1;
                let mut block: Block = block;
                // A block that could not be read does not know which of its lines are the one's before it.
                block.start = block.start.max(reached);
                block.end = block.end.max(block.start);
                reached = block.end;
                self.news.bytes += block.end - block.start;
                if block.start == block.end {
                    // No newline lies in it: it owns no line. Its numbers must still be learned.
                    block.outcome.drain_into(&mut self.news);
                    continue;
                }
                let end = block.end;
                if block.is_undone || !decoder.is_idle() {
                    block.outcome.forget();
                    block.outcome.drain_into(&mut self.news);
                    block.outcome =
                        job.again(block.start, block.end, lines, &mut decoder, &mut self.tools);
                    lines = block.outcome.lines;
                } else {
                    block.outcome.shift(lines, false);
                    lines += block.outcome.lines;
                }
                rows += block.outcome.n_rows();
                block.outcome.drain_into(&mut self.news);
                if rows >= ROWS || end - sent >= BYTES {
                    rows = 0;
                    sent = end;
                    let done = before + (end - job.from);
                    let bytes_per_second = rate(done, started);
                    self.news.progress =
                        Some(Progress { body: job.body, done, total, bytes_per_second });
                    self.send()?;
                }
            }
            if reached < job.to {
                let mut piece = Piece::new(&mut self.tools, job.body, reached, lines);
                let n_lost = job.to - reached;
                piece.pass_over(&mut decoder, job.records, job.name, n_lost, &cut_off());
                piece.finish().drain_into(&mut self.news);
            }
            let bytes_per_second = rate(total, started);
            self.news.progress =
                Some(Progress { body: job.body, done: total, total, bytes_per_second });
            if decoder.is_idle() {
                decoder = job.decoder(job.to, lines);
            }
            Ok((decoder, lines))
        })
    }
}

impl Job<'_> {
    fn decoder(&self, offset: u64, lines: u64) -> Decoder {
        Decoder::at(self.records.context(self.body), Arc::clone(self.name), offset, lines + 1)
    }

    /// Reads one block as if nothing were pending before it. Lines count from its first.
    fn block(&self, number: u64, tools: &mut Tools, pages: &mut Pages) -> Block {
        let from = self.from + number * self.block;
        let to = (from + self.block).min(self.to);
        let nothing =
            Block { outcome: Outcome::default(), start: from, end: from, is_undone: false };
        // Mostly the line that crosses the border ends soon behind it.
        let Ok(read) = pages.read(self.handle, from, (to + SOON).min(self.to)) else {
            return Block { end: self.after_newline(to), is_undone: true, ..nothing };
        };
        let own = usize::try_from(to - from).ok().and_then(|len| read.get(..len)).unwrap_or(read);
        let skip = if number == 0 { Some(0) } else { memchr::memchr(b'\n', own).map(|at| at + 1) };
        let Some(skip) = skip else { return nothing };
        let start = from + skip as u64;
        let Some(end) = self.extend(pages, from, to) else {
            return Block { start, end: self.after_newline(to), is_undone: true, ..nothing };
        };
        let len = usize::try_from(end - from).ok();
        let Some(bytes) = len.and_then(|len| pages.bytes().get(skip..len)) else {
            return Block { start, end, is_undone: true, ..nothing };
        };
        let mut decoder = self.decoder(start, 0);
        let mut piece = Piece::new(tools, self.body, start, 0);
        piece.read(&mut decoder, self.records, self.name, bytes);
        Block { outcome: piece.finish(), start, end, is_undone: !decoder.is_idle() }
    }

    /// Reads lines in order and in small pieces, going on with what the decoder holds.
    fn again(
        &self,
        start: u64,
        end: u64,
        lines: u64,
        decoder: &mut Decoder,
        tools: &mut Tools,
    ) -> Outcome {
        if decoder.is_idle() {
            *decoder = self.decoder(start, lines);
        }
        let mut piece = Piece::new(tools, self.body, start, lines);
        let mut bytes = vec![0; CHUNK];
        let mut at = start;
        while at < end {
            let n_wanted = usize::try_from(end - at).unwrap_or(CHUNK).min(CHUNK);
            let Some(room) = bytes.get_mut(..n_wanted) else { break };
            match self.handle.read_at(room, at) {
                Ok(0) => {
                    let why = cut_off();
                    piece.pass_over(decoder, self.records, self.name, end - at, &why);
                    break;
                }
                Ok(n_read) => {
                    let Some(read) = room.get(..n_read) else { break };
                    piece.read(decoder, self.records, self.name, read);
                    at += n_read as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    piece.pass_over(decoder, self.records, self.name, n_wanted as u64, &error);
                    at += n_wanted as u64;
                }
            }
        }
        piece.finish()
    }

    /// Reads on until the line that crosses the border is complete; gives its end, or none when it is too long.
    fn extend(&self, pages: &mut Pages, from: u64, to: u64) -> Option<u64> {
        let mut at = to;
        loop {
            let read = pages.bytes().get(usize::try_from(at - from).ok()?..)?;
            if let Some(end) = memchr::memchr(b'\n', read) {
                return Some(at + end as u64 + 1);
            }
            at += read.len() as u64;
            if at >= self.to {
                return Some(self.to);
            }
            if at - to > LONG {
                return None;
            }
            let until = at + (at - to).max(SOON);
            pages.read_on(self.handle, at, until.min(self.to)).ok()?;
        }
    }

    /// Where the line ends that holds the byte at `at`.
    fn after_newline(&self, mut at: u64) -> u64 {
        let mut bytes = vec![0; CHUNK];
        while at < self.to {
            let n_read = match self.handle.read_at(&mut bytes, at) {
                Ok(0) => break,
                Ok(n_read) => n_read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => {
                    at += CHUNK as u64;
                    continue;
                }
            };
            if let Some(end) = bytes.get(..n_read).and_then(|read| memchr::memchr(b'\n', read)) {
                return (at + end as u64 + 1).min(self.to);
            }
            at += n_read as u64;
        }
        self.to
    }

    /// A place near the end from which to read first, and the bytes from there: the start of a line that is an alert by
    /// itself, whatever stands before it.
    fn cut(&self) -> Option<(u64, Vec<u8>)> {
        if self.to - self.from < 2 * TAIL {
            return None;
        }
        let start = self.to - TAIL;
        let mut pages = Pages::default();
        let bytes = pages.read(self.handle, start, self.to).ok()?;
        let mut scanner = fast::Scanner::default();
        let ctx = self.records.context(self.body);
        let mut at = memchr::memchr(b'\n', bytes)? + 1;
        loop {
            let rest = bytes.get(at..)?;
            let len = memchr::memchr(b'\n', rest)? + 1;
            if scanner.columns(rest.get(..len)?, &ctx).is_some() {
                return Some((start + at as u64, rest.to_vec()));
            }
            at += len;
        }
    }
}

/// Why bytes are missing that were there when the backlog was announced.
fn cut_off() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the log was cut while it was read")
}

#[expect(clippy::cast_precision_loss, reason = "an estimate for people")]
fn rate(bytes: u64, since: Instant) -> f64 {
    bytes as f64 / since.elapsed().as_secs_f64().max(1e-6)
}

#[cfg(test)]
mod tests {
    use super::super::strain::Strain;
    use super::*;

    #[test]
    fn bytes_that_cannot_be_read_are_told() {
        // A folder can be opened like a file, and none of its bytes can be read.
        let folder = tempfile::tempdir().unwrap();
        let handle = File::open(folder.path()).unwrap();
        let records = Records::default();
        let name = "events.json".into();
        let block = 64 << 10;
        let to = block + block / 2;
        let job = Job {
            handle: &handle,
            body: BodyId(0),
            name: &name,
            records: &records,
            from: 0,
            to,
            block,
        };
        let mut tools = Tools::new(0, Strain::default());
        let mut told = 0;
        let mut reached = 0;
        for number in 0..2 {
            let block = job.block(number, &mut tools, &mut Pages::default());
            assert!(block.is_undone);
            let mut decoder = job.decoder(0, 0);
            let start = block.start.max(reached);
            let outcome = job.again(start, block.end, 0, &mut decoder, &mut tools);
            reached = block.end;
            for reject in &outcome.rejects {
                assert!(reject.reason.contains("cannot be read"), "{}", reject.reason);
                assert_eq!(reject.origin.offset, told);
                told += reject.len;
            }
        }
        assert_eq!(told, to);
    }
}
