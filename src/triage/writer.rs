//! The one thread that writes decisions. It answers when they are durable, holds them while they cannot be, and tells
//! what other consoles decided: it looks by itself, or sleeps while a [`Beat`] looks for it.

mod beat;

pub use beat::Beat;

use super::db::News;
use super::{Change, Db, Evidence, Fault, Retention, Suppression};
use jiff::Timestamp;
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How often a failed save is tried again, and the database is asked for what others decided when no beat does that.
const ROUND: Duration = Duration::from_millis(500);

/// How often evidence that is too old or too much is dropped.
const RETIRE: Duration = Duration::from_hours(1);

/// How long the end of the program waits for what is still to be written.
const LAST_WAIT: Duration = Duration::from_secs(5);

/// What the writer is asked to do.
#[derive(Clone, Debug)]
pub enum Order {
    /// Write these, all or none.
    Save { changes: Vec<Change>, suppressions: Vec<Suppression>, evidence: Vec<Evidence> },
    /// Remember up to when a source was looked at.
    Look { source: String, at: Timestamp },
}

/// What the writer says.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// These changes (by id) are durable.
    Saved(Vec<String>),
    /// These changes are held in memory and tried again; why, in words for a banner.
    Held { ids: Vec<String>, why: String },
    /// Changes and suppressions that are in the database: all at the start, then what others added.
    Came { changes: Vec<Change>, suppressions: Vec<Suppression> },
    /// Up to when each of the sources asked about was looked at last.
    Looked(Vec<(String, Timestamp)>),
    /// Something a person should know (a damaged file was put aside…).
    Note(String),
    /// What kept decisions from being saved is over.
    Well,
}

/// What could not be saved before the end.
#[derive(Debug)]
pub struct Unsaved {
    pub changes: Vec<Change>,
    pub suppressions: Vec<Suppression>,
    pub evidence: Vec<Evidence>,
    /// Why, as a sentence.
    pub why: String,
}

/// What reaches the thread.
#[derive(Debug)]
enum Call {
    Order(Order),
    /// Others may have written.
    Look,
    /// Whether a beat looks at the database from now on.
    Paced(bool),
    /// Nobody orders anything any more.
    End,
}

/// A handle on the writer's thread; dropping it lets the thread write what it holds and end.
#[derive(Debug)]
pub struct Writer {
    calls: Sender<Call>,
    path: PathBuf,
    thread: Option<JoinHandle<Option<Unsaved>>>,
}

impl Writer {
    /// Starts the thread. `clock` gives the time, `sources` are the names to look up for [`Answer::Looked`].
    pub fn start(
        path: PathBuf,
        keep: Retention,
        sources: Vec<String>,
        clock: fn() -> Timestamp,
        answer: impl FnMut(Answer) + Send + 'static,
    ) -> Self {
        let (calls, inbox) = mpsc::channel();
        let held = Held {
            path: path.clone(),
            keep,
            sources,
            clock,
            db: None,
            trouble: None,
            answer,
            pending: Vec::new(),
            saved: Vec::new(),
            file: None,
            retired: None,
            is_paced: false,
        };
        let thread =
            std::thread::Builder::new().name("triage".into()).spawn(move || held.run(&inbox)).ok();
        Self { calls, path, thread }
    }

    /// Hands an order to the thread; `false` when the thread is gone.
    pub fn order(&self, order: Order) -> bool {
        self.calls.send(Call::Order(order)).is_ok()
    }

    /// Lets the thread sleep: whoever has the beat strikes it about twice a second. Once it is dropped the thread looks by
    /// itself again.
    pub fn beat(&self) -> Beat {
        Beat::new(self.path.clone(), self.calls.clone())
    }

    /// Lets the thread write what it holds, and gives what it could not.
    ///
    /// # Errors
    /// The thread does not end: whether the last decisions are saved is not known.
    pub fn end(mut self) -> Result<Option<Unsaved>, Stuck> {
        self.stop()
    }

    fn stop(&mut self) -> Result<Option<Unsaved>, Stuck> {
        // Somebody may hold a beat: the channel alone would not end.
        let _ = self.calls.send(Call::End);
        let Some(thread) = self.thread.take() else { return Ok(None) };
        let until = Instant::now() + LAST_WAIT;
        // A disk that hangs must not keep the program from ending.
        while !thread.is_finished() && Instant::now() < until {
            #[expect(
                clippy::disallowed_methods,
                reason = "a thread cannot be joined with a limit"
            )]
            std::thread::sleep(Duration::from_millis(2));
        }
        if !thread.is_finished() {
            return Err(Stuck);
        }
        // A panic in the thread was reported by its own hook.
        thread.join().map_err(|_| Stuck)
    }
}

/// The disk does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stuck;

impl Drop for Writer {
    fn drop(&mut self) {
        let _ = self.stop();
    }
}

struct Held<A> {
    path: PathBuf,
    keep: Retention,
    sources: Vec<String>,
    clock: fn() -> Timestamp,
    db: Option<Db>,
    trouble: Option<String>,
    answer: A,
    pending: Vec<Order>,
    /// What was saved by us: written again when the file was taken away under us, or had to be put aside.
    saved: Vec<Order>,
    /// The file that holds it, by device and inode.
    file: Option<(u64, u64)>,
    retired: Option<Instant>,
    /// Somebody else looks whether others have written.
    is_paced: bool,
}

impl<A: FnMut(Answer)> Held<A> {
    fn run(mut self, inbox: &Receiver<Call>) -> Option<Unsaved> {
        self.work();
        loop {
            // What is held is tried again; else the thread has nothing to do by itself but to drop old evidence.
            let rests = self.is_paced && self.trouble.is_none();
            let mut is_over = false;
            match inbox.recv_timeout(if rests { RETIRE } else { ROUND }) {
                Ok(call) => {
                    for call in std::iter::once(call).chain(inbox.try_iter()) {
                        match call {
                            Call::Order(order) => self.pending.push(order),
                            Call::Look => {}
                            Call::Paced(is_paced) => self.is_paced = is_paced,
                            Call::End => is_over = true,
                        }
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => is_over = true,
            }
            self.work();
            if is_over {
                return self.unsaved();
            }
        }
    }

    fn unsaved(self) -> Option<Unsaved> {
        let why = self.trouble.unwrap_or_default();
        let mut unsaved =
            Unsaved { changes: Vec::new(), suppressions: Vec::new(), evidence: Vec::new(), why };
        for order in self.pending {
            if let Order::Save { changes, suppressions, evidence } = order {
                unsaved.changes.extend(changes);
                unsaved.suppressions.extend(suppressions);
                unsaved.evidence.extend(evidence);
            }
        }
        (!unsaved.changes.is_empty() || !unsaved.suppressions.is_empty()).then_some(unsaved)
    }

    fn work(&mut self) {
        if let Err(fault) = self.try_work() {
            let why = fault.to_string();
            let ids: Vec<_> = self.pending.iter().flat_map(ids).collect();
            if !ids.is_empty() || self.trouble.as_ref() != Some(&why) {
                (self.answer)(Answer::Held { ids, why: why.clone() });
            }
            self.trouble = Some(why);
            if fault != Fault::Locked(self.path.clone()) {
                self.db = None;
            }
        } else if self.trouble.take().is_some() {
            (self.answer)(Answer::Well);
        }
    }

    fn try_work(&mut self) -> Result<(), Fault> {
        let now = (self.clock)();
        if self.db.as_ref().is_some_and(|db| !db.is_in_place()) {
            // Once it is closed a new file may get the same number.
            (self.db, self.file) = (None, None);
        }
        let db = match &mut self.db {
            Some(db) => db,
            none => {
                let (opened, damage) = Db::open(&self.path, now)?;
                let file = opened.file();
                if self.file != file && !self.saved.is_empty() {
                    let says = "the triage database was taken away: what was decided here is written again";
                    (self.answer)(Answer::Note(says.to_owned()));
                    self.pending.splice(0..0, std::mem::take(&mut self.saved));
                }
                self.file = file;
                if let Some(note) = damage {
                    (self.answer)(Answer::Note(note));
                }
                let looked = self
                    .sources
                    .iter()
                    .filter_map(|s| Some((s.clone(), opened.looked(s).ok()??)))
                    .collect();
                (self.answer)(Answer::Looked(looked));
                none.insert(opened)
            }
        };
        if self.retired.is_none_or(|at| at.elapsed() >= RETIRE) {
            db.retire(self.keep, now)?;
            self.retired = Some(Instant::now());
        }
        while let Some(order) = self.pending.first() {
            match order {
                Order::Save { changes, suppressions, evidence } => {
                    db.save(changes, suppressions, evidence, now)?;
                }
                Order::Look { source, at } => db.look(source, *at)?,
            }
            let ids = ids(order);
            self.saved.push(self.pending.remove(0));
            if !ids.is_empty() {
                (self.answer)(Answer::Saved(ids));
            }
        }
        let News { changes, suppressions, problems } = db.news()?;
        for problem in problems {
            (self.answer)(Answer::Note(problem));
        }
        if !changes.is_empty() || !suppressions.is_empty() {
            (self.answer)(Answer::Came { changes, suppressions });
        }
        Ok(())
    }
}

fn ids(order: &Order) -> Vec<String> {
    match order {
        Order::Save { changes, .. } => changes.iter().map(|change| change.id.clone()).collect(),
        Order::Look { .. } => Vec::new(),
    }
}
