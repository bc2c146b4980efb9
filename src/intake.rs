//! From what sources deliver to what the store takes in, on threads of its own.
//!
//! Large backlogs are indexed in pieces side by side and handed on in the order of the file; live bytes are decoded as they
//! come. The result does not depend on how the bytes were cut or which thread was faster.

mod backlog;
mod piece;
mod records;
mod strain;
#[cfg(test)]
mod tests;

pub use records::Records;
pub use strain::{Catch, Caught, Passed, Sieve};

use crate::decode::{Context, Decoder};
use crate::model::{BodyId, SourceId};
use crate::source::{Delivery, Opened, SourceState};
use crate::store::{Batch, Body};
use jiff::Timestamp;
use piece::{Piece, Tools};
use rustc_hash::FxHashMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;
use strain::Strain;

/// Batches that may wait for the reader: few, so that memory stays small and keys are answered in between.
const WAITING: usize = 4;
/// Bytes taken in before a batch is handed on while more are there already.
const TOGETHER: usize = 1 << 20;

/// A record that a next line may complete is final when nothing came for this long.
const SILENCE: Duration = Duration::from_millis(200);

/// How to take in.
#[expect(clippy::struct_excessive_bools, reason = "each is a choice of its own")]
#[derive(Clone, Debug)]
pub struct Options {
    /// Threads that index a backlog.
    pub workers: usize,
    /// Bytes of a backlog that are read at once: few enough to stay in a processor's own cache.
    pub block: u64,
    /// Hand on the last megabyte of a backlog first, for a first screen at once. Alerts are then not in the order of the file.
    pub tail_first: bool,
    /// Give way to other threads, so that whoever presses keys while a log is read on all cores is answered first.
    pub gives_way: bool,
    /// Make records final that a next line may complete, when nothing came for a moment. Only for what is followed: the
    /// result then depends on when bytes come.
    pub settle: bool,
    /// Tell with live bytes of a file what they were, for who reads each record as it comes: the file may be cut meanwhile.
    pub keeps_fresh: bool,
    pub context: Context,
    /// Keep only records that this catches, and count the others.
    pub sieve: Option<Arc<dyn Sieve>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            workers: 2,
            block: 128 << 10,
            tail_first: false,
            gives_way: false,
            settle: true,
            keeps_fresh: false,
            context: Context::default(),
            sieve: None,
        }
    }
}

/// What came since the last news.
#[derive(Debug, Default)]
pub struct News {
    pub batch: Batch,
    /// New states of sources, in the order they came.
    pub states: Vec<(SourceId, SourceState, Timestamp)>,
    /// How far a backlog is read; `None` when nothing is said about it.
    pub progress: Option<Progress>,
    /// How to read records again, whenever that changed.
    pub records: Option<Arc<Records>>,
    /// Sources that are finished, with a sentence where one could not be read at all.
    pub done: Vec<(SourceId, Option<String>)>,
    /// Bytes that were read.
    pub bytes: u64,
    /// Alerts that were counted and not kept ([`Options::sieve`]).
    pub passed: Passed,
}

/// How far a backlog is read.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Progress {
    pub body: BodyId,
    /// Bytes.
    pub done: u64,
    pub total: u64,
    pub bytes_per_second: f64,
}

impl Progress {
    pub fn is_done(&self) -> bool {
        self.done >= self.total
    }
}

/// Takes in deliveries until they end; the news ends then too. Dropping the receiver stops it.
pub fn spawn(deliveries: Receiver<Delivery>, options: Options) -> Receiver<News> {
    let (out, news) = sync_channel(WAITING);
    spawn_to(deliveries, options, move |news| out.send(news).is_ok());
    news
}

/// The same, but hands each piece of news to `tell`, which says whether anybody still listens. `tell` is dropped at the end.
pub fn spawn_to(
    deliveries: Receiver<Delivery>,
    options: Options,
    tell: impl FnMut(News) -> bool + Send + 'static,
) {
    std::thread::spawn(move || {
        if options.gives_way {
            // Threads that are started from here are as patient.
            give_way(PATIENT);
        }
        let mut intake = Intake::new(options, Box::new(tell));
        // A closed channel means that nobody listens any more.
        let _ = intake.run(&deliveries);
    });
}

/// How patient threads are that read while somebody watches, as `nice` counts.
const PATIENT: i32 = 5;

/// Makes the calling thread let others go first: Linux counts this for each thread. Only ever more, since less must be
/// permitted.
pub fn give_way(patience: i32) {
    use rustix::process::{getpriority_process, setpriority_process};
    // Who may not be asked or told goes on as before.
    if getpriority_process(None).is_ok_and(|now| now < patience) {
        let _ = setpriority_process(None, patience);
    }
}

/// Nobody listens any more.
struct Gone;

struct Intake {
    options: Options,
    tell: Box<dyn FnMut(News) -> bool + Send>,
    news: News,
    records: Arc<Records>,
    /// The records changed since they were last handed on.
    has_noted: bool,
    live: FxHashMap<BodyId, Live>,
    tools: Tools,
    /// One for each worker of a backlog; they keep their numbers from one backlog to the next.
    workers: Vec<Tools>,
}

/// A body that is being read.
struct Live {
    opened: Opened,
    decoder: Decoder,
    /// Where the next byte lies, and the lines before it.
    offset: u64,
    lines: u64,
}

impl Intake {
    fn new(options: Options, tell: Box<dyn FnMut(News) -> bool + Send>) -> Self {
        let tools = |worker| Tools::new(worker, Strain::new(options.sieve.clone()));
        let workers = (1..).take(options.workers.max(1)).map(tools).collect();
        let own = tools(0);
        Self {
            options,
            tell,
            news: News::default(),
            records: Arc::default(),
            has_noted: false,
            live: FxHashMap::default(),
            tools: own,
            workers,
        }
    }

    fn run(&mut self, deliveries: &Receiver<Delivery>) -> Result<(), Gone> {
        loop {
            let holds =
                self.options.settle && self.live.values().any(|live| live.decoder.may_settle());
            let delivery = if holds {
                match deliveries.recv_timeout(SILENCE) {
                    Err(RecvTimeoutError::Timeout) => {
                        self.settle();
                        self.send()?;
                        continue;
                    }
                    result => result.ok(),
                }
            } else {
                deliveries.recv().ok()
            };
            let Some(delivery) = delivery else { break };
            let mut n_bytes = self.take(delivery)?;
            while n_bytes < TOGETHER
                && let Ok(delivery) = deliveries.try_recv()
            {
                n_bytes += self.take(delivery)?;
            }
            self.send()?;
        }
        // Sources that ended without a word leave an unfinished last line.
        let mut bodies: Vec<_> = self.live.keys().copied().collect();
        bodies.sort_unstable();
        for body in bodies {
            self.end(body);
        }
        self.send()
    }

    fn send(&mut self) -> Result<(), Gone> {
        // Once for all that was noted: whoever holds them makes the next note a copy.
        if std::mem::take(&mut self.has_noted) {
            self.news.records = Some(Arc::clone(&self.records));
        }
        let news = std::mem::take(&mut self.news);
        if (self.tell)(news) { Ok(()) } else { Err(Gone) }
    }

    /// Takes one delivery in, and says how many bytes that was.
    fn take(&mut self, delivery: Delivery) -> Result<usize, Gone> {
        if matches!(delivery, Delivery::Opened(_) | Delivery::Cut { .. } | Delivery::Ended { .. }) {
            Arc::make_mut(&mut self.records).note(&delivery, &self.options.context);
            self.has_noted = true;
        }
        match delivery {
            Delivery::Opened(opened) => self.open(opened),
            Delivery::Backlog { body, from, to } => self.backlog(body, from, to)?,
            Delivery::Bytes { body, offset, bytes } => {
                let may_be_cut = |live: &Live| live.opened.live && live.opened.path.is_some();
                if self.options.keeps_fresh && self.live.get(&body).is_some_and(may_be_cut) {
                    Arc::make_mut(&mut self.records).keep(body, offset, &bytes);
                    self.has_noted = true;
                }
                self.bytes(body, offset, &bytes);
                return Ok(bytes.len());
            }
            Delivery::Still { body } => self.still(body),
            Delivery::Ended { body, .. } => self.end(body),
            Delivery::State { source, state, at } => self.news.states.push((source, state, at)),
            Delivery::Done { source, error } => self.news.done.push((source, error)),
            Delivery::Cut { .. } => {}
        }
        Ok(0)
    }

    fn open(&mut self, opened: Opened) {
        let body = Body { source: opened.source, name: Arc::clone(&opened.name) };
        self.news.batch.bodies.push((opened.body, body));
        let decoder = Decoder::new(self.records.context(opened.body), Arc::clone(&opened.name));
        let id = opened.body;
        self.live.insert(id, Live { opened, decoder, offset: 0, lines: 0 });
    }

    fn bytes(&mut self, body: BodyId, offset: u64, bytes: &[u8]) {
        let Some(live) = self.live.get_mut(&body) else { return };
        if live.offset != offset {
            // A body may begin anywhere in its file.
            live.offset = offset;
            let ctx = self.records.context(body);
            live.decoder = Decoder::at(ctx, Arc::clone(&live.opened.name), offset, live.lines + 1);
        }
        let mut piece = Piece::new(&mut self.tools, live.opened.body, offset, live.lines);
        piece.read(&mut live.decoder, &self.records, &live.opened.name, bytes);
        live.offset += bytes.len() as u64;
        live.lines = piece.lines();
        self.news.bytes += bytes.len() as u64;
        piece.finish().drain_into(&mut self.news);
    }

    /// Nothing came for a while: what might have gone on in a next line is final.
    fn settle(&mut self) {
        let mut bodies: Vec<_> = self.live.keys().copied().collect();
        bodies.sort_unstable();
        for body in bodies {
            self.still(body);
        }
    }

    fn still(&mut self, body: BodyId) {
        let Some(live) = self.live.get_mut(&body) else { return };
        if live.decoder.is_idle() || !self.options.settle {
            return;
        }
        let mut piece = Piece::new(&mut self.tools, body, live.offset, live.lines);
        piece.still(&mut live.decoder);
        piece.finish().drain_into(&mut self.news);
    }

    fn end(&mut self, body: BodyId) {
        let Some(mut live) = self.live.remove(&body) else { return };
        let mut piece = Piece::new(&mut self.tools, body, live.offset, live.lines);
        piece.end(&mut live.decoder);
        piece.finish().drain_into(&mut self.news);
    }
}
