//! Which alerts meet a filter or hold a text, told in pieces.

use super::{Job, Tools};
use crate::analysis::Playbooks;
use crate::driver::sweep::{Question, Sweeper};
use crate::intake::Records;
use crate::model::AlertId;
use crate::store::Snapshot;
use crate::ui::{Effect, Ground, Meets, Msg};
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

/// A piece of an answer is told at the latest after this time, and the next question is looked for as often.
const PIECE: Duration = Duration::from_millis(25);
/// A round of rows should not take longer than this.
const ROUND: Duration = Duration::from_millis(6);
/// Rows of the first round, and of any.
const FIRST: u32 = 2048;
const MOST: u32 = 65_536;

/// A question over all alerts, and how far it is answered.
struct Sweep {
    question: Question,
    is_filter: bool,
    generation: u64,
    snapshot: Snapshot,
    next: u32,
    end: u32,
    /// Rows of the next round.
    rows: u32,
}

/// Answers `Effect::Filter` and `Effect::Search`; both may run, and a new one takes the place of an old one.
pub(super) fn sift(jobs: &Receiver<Job>, tools: &Tools) {
    let mut records: Arc<Records> = Arc::default();
    let mut playbooks = Arc::clone(&tools.playbooks);
    let mut sweeps: Vec<Sweep> = Vec::new();
    loop {
        // Waits only when there is nothing else to do.
        let job = if sweeps.is_empty() { jobs.recv().ok() } else { jobs.try_recv().ok() };
        match job {
            None if sweeps.is_empty() => return,
            None => {}
            Some(Job::Records(new)) => {
                records = new;
                continue;
            }
            Some(Job::Playbooks(new)) => {
                playbooks = new;
                continue;
            }
            Some(Job::Do(effect)) => {
                if let Some(sweep) = begin(effect, &playbooks) {
                    sweeps.retain(|old| old.is_filter != sweep.is_filter);
                    sweeps.push(sweep);
                }
                continue;
            }
        }
        for sweep in &mut sweeps {
            let msg = sweep.step(&records);
            if tools.inbox.blocking_send(msg).is_err() {
                return;
            }
        }
        sweeps.retain(|sweep| !sweep.is_done());
    }
}

fn begin(effect: Effect, playbooks: &Arc<Playbooks>) -> Option<Sweep> {
    let question = Question::new(Arc::clone(playbooks));
    let (question, is_filter, generation, next, snapshot) = match effect {
        Effect::Filter {
            generation,
            filter: Meets(filter),
            from,
            ground: Ground(snapshot),
            board,
        } => {
            let question = question.with_filter(filter, board.map(|board| board.0));
            (question, true, generation, from.0, snapshot)
        }
        Effect::Search { generation, text, ground: Ground(snapshot) } => {
            (question.with_search(&text).ok()?, false, generation, 0, snapshot)
        }
        _ => return None,
    };
    let end = u32::try_from(snapshot.len()).unwrap_or(u32::MAX);
    Some(Sweep { question, is_filter, generation, snapshot, next, end, rows: FIRST })
}

impl Sweep {
    fn is_done(&self) -> bool {
        self.next >= self.end
    }

    /// Goes on for a moment, and tells what was found.
    fn step(&mut self, records: &Arc<Records>) -> Msg {
        let started = Instant::now();
        let mut sweeper = Sweeper::new(&self.question);
        let mut ids = Vec::new();
        while self.next < self.end && started.elapsed() < PIECE && ids.len() < MOST as usize {
            let round = Instant::now();
            let end = self.end.min(self.next.saturating_add(self.rows));
            ids.append(&mut sweeper.sweep(&self.snapshot, records, self.next..end).ids);
            self.next = end;
            self.rows = match round.elapsed() {
                took if took < ROUND / 2 => (self.rows * 2).min(MOST),
                took if took > ROUND => (self.rows / 2).max(FIRST),
                _ => self.rows,
            };
            // What is found first is seen first.
            if self.rows <= 2 * FIRST && !ids.is_empty() {
                break;
            }
        }
        let generation = self.generation;
        match self.is_filter {
            true => Msg::Found { generation, ids, upto: AlertId(self.next) },
            false => Msg::Hits { generation, ids, done: self.is_done() },
        }
    }
}
