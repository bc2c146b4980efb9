//! Which alerts meet a filter or hold a text.

use super::{Job, Tools, look::read};
use crate::intake::Records;
use crate::model::{Alert, AlertId, Columns};
use crate::query::{Filter, Judged};
use crate::store::{Row, Snapshot};
use crate::triage::Board;
use crate::ui::{Effect, Ground, Meets, Msg, search_pattern};
use regex::bytes::Regex;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

/// A piece of an answer is told at the latest after this time, so that the first hits are seen at once.
const PIECE: Duration = Duration::from_millis(50);

/// A question over all alerts, and how far it is answered.
struct Sweep {
    question: Question,
    generation: u64,
    snapshot: Snapshot,
    next: AlertId,
}

enum Question {
    Filter(Arc<Filter>, Option<Arc<Board>>),
    Search(Regex),
}

/// Answers `Effect::Filter` and `Effect::Search`; both may run, and a new one takes the place of an old one.
pub(super) fn sift(jobs: &Receiver<Job>, tools: &Tools) {
    let mut records: Arc<Records> = Arc::default();
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
            Some(Job::Playbooks(_)) => continue,
            Some(Job::Do(effect)) => {
                if let Some(sweep) = begin(effect) {
                    sweeps.retain(|old| old.is_filter() != sweep.is_filter());
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

fn begin(effect: Effect) -> Option<Sweep> {
    let (question, generation, next, snapshot) = match effect {
        Effect::Filter {
            generation,
            filter: Meets(filter),
            from,
            ground: Ground(snapshot),
            board,
        } => (Question::Filter(filter, board.map(|board| board.0)), generation, from, snapshot),
        Effect::Search { generation, text, ground: Ground(snapshot) } => {
            (Question::Search(search_pattern(&text).ok()?), generation, AlertId(0), snapshot)
        }
        _ => return None,
    };
    Some(Sweep { question, generation, snapshot, next })
}

impl Sweep {
    fn is_filter(&self) -> bool {
        matches!(self.question, Question::Filter(..))
    }

    fn is_done(&self) -> bool {
        self.snapshot.row(self.next).is_none()
    }

    /// Goes on for a moment, and tells what was found.
    fn step(&mut self, records: &Records) -> Msg {
        let until = Instant::now() + PIECE;
        let mut ids = Vec::new();
        while let Some(row) = self.snapshot.row(self.next) {
            if self.holds(&row, records) {
                ids.push(row.id);
            }
            self.next = AlertId(row.id.0.saturating_add(1));
            // The clock is asked now and then only.
            if self.next.0.is_multiple_of(64) && Instant::now() >= until {
                break;
            }
        }
        let generation = self.generation;
        match &self.question {
            Question::Filter(..) => Msg::Found { generation, ids, upto: self.next },
            Question::Search(_) => Msg::Hits { generation, ids, done: self.is_done() },
        }
    }

    fn holds(&self, row: &Row<'_>, records: &Records) -> bool {
        match &self.question {
            Question::Filter(filter, board) => self.meets(filter, board.as_deref(), row, records),
            Question::Search(regex) => self.has(regex, row.id, records),
        }
    }

    fn meets(
        &self,
        filter: &Filter,
        board: Option<&Board>,
        row: &Row<'_>,
        records: &Records,
    ) -> bool {
        if row.is_exact
            && let Some(answer) = filter.decide(&columns(row))
        {
            return answer;
        }
        let Ok((_, alert)) = read(row.id, &self.snapshot, records) else { return false };
        filter.matches(&Judged {
            alert: &alert,
            level: row.level,
            known: None,
            triage: board.map(|board| board.triaged(&alert)),
        })
    }

    fn has(&self, regex: &Regex, id: AlertId, records: &Records) -> bool {
        let Ok((raw, alert)) = read(id, &self.snapshot, records) else { return false };
        regex.is_match(&raw) || says(&alert, regex)
    }
}

/// Whether the text stands in what the record means: it may be spelled with escapes in the bytes.
fn says(alert: &Alert, regex: &Regex) -> bool {
    let holds = |text: &str| regex.is_match(text.as_bytes());
    alert.output.as_deref().is_some_and(holds)
        || alert.rule.as_deref().is_some_and(holds)
        || alert.fields.iter().any(|(_, value)| holds(&value.display()))
}

/// A row as the filter asks for it.
fn columns<'a>(row: &Row<'a>) -> Columns<'a> {
    Columns {
        time: row.nanos,
        priority: row.priority,
        rule: row.rule,
        event_source: row.event_source,
        hostname: row.hostname,
        container_id: row.container.id,
        container_name: row.container.name,
        image: row.container.image,
        namespace: row.namespace,
        pod: row.pod,
        process: row.process,
        flags: row.flags,
    }
}
