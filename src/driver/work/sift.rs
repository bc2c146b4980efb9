//! Which alerts meet a filter or hold a text, told in pieces.

use super::front::Front;
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

/// What was found is told at the latest after this time.
const PIECE: Duration = Duration::from_millis(60);
/// The same where nothing was found: only how far it is.
const NOTHING: Duration = Duration::from_millis(200);
/// Alerts whose columns are asked in one go, which takes a few milliseconds.
const COLUMNS: u32 = 1 << 20;
/// Alerts told in one go: the screen counts them before it looks at the next key.
const MOST: usize = 1 << 18;

/// A question over all alerts, and how far it is answered.
struct Sweep {
    sweeper: Sweeper,
    is_filter: bool,
    /// Whether it has alerts judged, which takes so long that nobody else waits for it.
    judges: bool,
    generation: u64,
    snapshot: Snapshot,
    /// Alerts before this were asked by their columns.
    decided: u32,
    end: u32,
    /// Of these, the ones whose records must be read, and how many were.
    open: Vec<(AlertId, bool)>,
    n_read: usize,
    /// Those that meet it by their columns, and how many of these were told.
    met: Vec<AlertId>,
    n_met: usize,
    /// What was found in records and not told yet.
    found: Vec<AlertId>,
    has_told: bool,
    told_at: Instant,
}

/// Answers `Effect::Filter` and `Effect::Search`; both may run, and a new one takes the place of an old one.
pub(super) fn sift(jobs: &Receiver<Job>, tools: &Tools) {
    let mut records: Arc<Records> = Arc::default();
    let mut playbooks = Arc::clone(&tools.playbooks);
    let mut sweeps: Vec<Sweep> = Vec::new();
    let mut busy = None;
    loop {
        let is_waited_for = sweeps.iter().any(|sweep| !sweep.judges);
        match is_waited_for {
            true if busy.is_none() => busy = Some(tools.front.busy()),
            true => {}
            false => busy = None,
        }
        let asked = tools.front.asked();
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
            Some(Job::Do(Effect::EndFilter)) => {
                sweeps.retain(|old| !old.is_filter);
                continue;
            }
            Some(Job::Do(Effect::EndSearch)) => {
                sweeps.retain(|old| old.is_filter);
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
            let msg = sweep.step(&records, &tools.front, asked);
            if let Some(msg) = msg
                && tools.inbox.blocking_send(msg).is_err()
            {
                return;
            }
        }
        sweeps.retain(|sweep| !sweep.is_done());
    }
}

fn begin(effect: Effect, playbooks: &Arc<Playbooks>) -> Option<Sweep> {
    let question = Question::new(Arc::clone(playbooks));
    let (question, is_filter, generation, from, snapshot) = match effect {
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
    Some(Sweep {
        judges: question.judges(),
        sweeper: Sweeper::new(question),
        is_filter,
        generation,
        snapshot,
        decided: from,
        end,
        open: Vec::new(),
        n_read: 0,
        met: Vec::new(),
        n_met: 0,
        found: Vec::new(),
        has_told: false,
        told_at: Instant::now(),
    })
}

impl Sweep {
    fn is_done(&self) -> bool {
        self.decided >= self.end && self.n_read >= self.open.len() && self.n_met >= self.met.len()
    }

    /// Goes on for a moment, or until something newer than `asked` is asked; what is worth telling.
    fn step(&mut self, records: &Arc<Records>, front: &Front, asked: u64) -> Option<Msg> {
        if self.n_read >= self.open.len() && self.n_met >= self.met.len() {
            let end = self.end.min(self.decided.saturating_add(COLUMNS));
            let open = self.sweeper.decide(&self.snapshot, self.decided..end);
            (self.open, self.n_read, self.met, self.n_met) = (open.rows, 0, open.met, 0);
            self.decided = end;
        }
        let until = Instant::now() + PIECE;
        let is_first = !self.has_told;
        let rest = self.open.get(self.n_read..).unwrap_or_default();
        // What is found first is seen first.
        let (n_read, read) = self.sweeper.read(&self.snapshot, records, rest, &|n_found| {
            (is_first && n_found > 0) || front.asked() != asked || Instant::now() >= until
        });
        self.n_read += n_read;
        self.found.extend(read.ids);
        let is_found = !self.found.is_empty() || self.n_met < self.met.len();
        // Who is about to be replaced says nothing any more.
        let is_stale = front.asked() != asked && !self.is_done();
        if is_stale || (!is_found && !self.is_done() && self.told_at.elapsed() < NOTHING) {
            return None;
        }
        self.told_at = Instant::now();
        Some(self.tell(MOST))
    }

    /// What was found since the last time, at `most` so many by their columns.
    fn tell(&mut self, most: usize) -> Msg {
        let read_upto = self.open.get(self.n_read).map_or(self.decided, |(id, _)| id.0);
        let met = self.met.get(self.n_met..).unwrap_or_default();
        let n_met = met.partition_point(|id| id.0 < read_upto).min(most);
        // From the first one on that is not told none was tested yet, as far as the screen knows.
        let upto = met.get(n_met).map_or(read_upto, |id| id.0.min(read_upto));
        let n_found = self.found.partition_point(|id| id.0 < upto);
        let mut ids: Vec<AlertId> = self.found.drain(..n_found).collect();
        ids.extend(met.iter().take(n_met));
        ids.sort_unstable();
        self.n_met += n_met;
        self.has_told |= !ids.is_empty();
        let generation = self.generation;
        match self.is_filter {
            true => Msg::Found { generation, ids, upto: AlertId(upto) },
            false => Msg::Hits { generation, ids, done: self.is_done() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::Playbooks;
    use crate::intake;
    use crate::model::{BodyId, SourceId};
    use crate::query::{Filter, Names};
    use crate::source::{Delivery, Opened};
    use crate::store::Store;
    use std::fmt::Write as _;
    use std::io::Write as _;
    use std::sync::mpsc::{channel, sync_channel};

    /// A store of so many alerts, and where they are.
    fn store(n_alerts: usize) -> (Store, Arc<Records>) {
        let mut text = String::new();
        for n in 0..n_alerts {
            let priority = if n % 3 == 0 { "Error" } else { "Notice" };
            let _ = writeln!(
                text,
                r#"{{"output":"number {n}","output_fields":{{"user.uid":{}}},"priority":"{priority}","rule":"A rule","source":"syscall","time":"2026-11-21T14:00:00Z"}}"#,
                n % 7,
            );
        }
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let opened = Opened {
            source: SourceId(0),
            body: BodyId(0),
            name: "events.json".into(),
            handle: Arc::new(file),
            path: None,
            live: false,
        };
        let (out, deliveries) = sync_channel(4);
        let mut records = Records::default();
        for delivery in [
            Delivery::Opened(opened),
            Delivery::Bytes { body: BodyId(0), offset: 0, bytes: text.into_bytes() },
            Delivery::Ended { body: BodyId(0), fingerprint: None },
        ] {
            records.note(&delivery, &crate::decode::Context::default());
            out.send(delivery).unwrap();
        }
        drop(out);
        let mut store = Store::default();
        for news in intake::spawn(deliveries, intake::Options::default()) {
            store.append(news.batch);
        }
        (store, Arc::new(records))
    }

    fn filter(text: &str) -> Arc<Filter> {
        Arc::new(Filter::parse(text, &Names::default()).unwrap())
    }

    fn ask(store: &Store, generation: u64, text: &str) -> Job {
        Job::Do(Effect::Filter {
            generation,
            filter: Meets(filter(text)),
            from: AlertId(0),
            ground: Ground(store.snapshot()),
            board: None,
        })
    }

    /// What is told when these are asked, one right behind the other: generations, alerts, and up to where (of a filter).
    fn told(records: &Arc<Records>, asked: Vec<Job>) -> Vec<(u64, Vec<AlertId>, AlertId)> {
        let (jobs, receiver) = channel();
        jobs.send(Job::Records(Arc::clone(records))).unwrap();
        asked.into_iter().for_each(|job| jobs.send(job).unwrap());
        drop(jobs);
        let (inbox, mut answers) = tokio::sync::mpsc::channel(1024);
        let tools = Tools::telling(inbox);
        sift(&receiver, &tools);
        drop(tools);
        let mut told = Vec::new();
        while let Some(msg) = answers.blocking_recv() {
            match msg {
                Msg::Found { generation, ids, upto } => told.push((generation, ids, upto)),
                Msg::Hits { generation, ids, .. } => told.push((generation, ids, AlertId(0))),
                _ => {}
            }
        }
        told
    }

    #[test]
    fn pieces_are_in_order_and_together_the_whole_answer() {
        let (store, records) = store(9000);
        for text in [
            "alert.priority = error",
            "user.uid = 3",
            "alert.priority = error or user.uid = 3",
            "alert.output contains nowhere",
        ] {
            let question = Question::new(Arc::new(Playbooks::builtin()));
            let question = question.with_filter(filter(text), None);
            let expected = question.of(&store.snapshot(), &records, 0..9000).ids;
            let pieces = told(&records, vec![ask(&store, 1, text)]);
            let mut tested = 0;
            for (_, ids, upto) in &pieces {
                assert!(ids.iter().all(|id| (tested..upto.0).contains(&id.0)), "{text}");
                tested = upto.0;
            }
            assert_eq!(tested, 9000, "{text}");
            let all: Vec<AlertId> = pieces.into_iter().flat_map(|(_, ids, _)| ids).collect();
            assert_eq!(all, expected, "{text}");
        }
    }

    #[test]
    fn of_two_filters_only_the_later_is_answered_and_none_that_was_taken_away() {
        let (store, records) = store(3000);
        let asked = vec![ask(&store, 1, "user.uid = 1"), ask(&store, 2, "user.uid = 2")];
        let pieces = told(&records, asked);
        assert!(pieces.iter().all(|(generation, ..)| *generation == 2), "{pieces:?}");
        assert_eq!(pieces.last().map(|(_, _, upto)| upto.0), Some(3000));
        let asked = vec![ask(&store, 1, "user.uid = 1"), Job::Do(Effect::EndFilter)];
        assert_eq!(told(&records, asked), []);
    }

    #[test]
    fn a_search_that_was_taken_away_ends_and_leaves_the_filter_alone() {
        let (store, records) = store(3000);
        let search = || {
            let (ground, text) = (Ground(store.snapshot()), "number 7".to_owned());
            Job::Do(Effect::Search { generation: 5, text, ground })
        };
        let hits: usize = told(&records, vec![search()]).iter().map(|(_, ids, _)| ids.len()).sum();
        assert_eq!(hits, 1 + 10 + 100);
        let asked = vec![search(), ask(&store, 1, "user.uid = 1"), Job::Do(Effect::EndSearch)];
        let pieces = told(&records, asked);
        assert!(pieces.iter().all(|(generation, ..)| *generation == 1), "{pieces:?}");
        assert_eq!(pieces.last().map(|(_, _, upto)| upto.0), Some(3000));
    }

    #[test]
    fn many_are_told_in_pieces_that_say_how_far_they_go() {
        let (store, _) = store(100);
        let question = Question::new(Arc::new(Playbooks::builtin()));
        let question = question.with_filter(filter("user.uid = 1"), None);
        for most in 1..12 {
            let mut sweep = Sweep {
                sweeper: Sweeper::new(question.clone()),
                is_filter: true,
                judges: false,
                generation: 1,
                snapshot: store.snapshot(),
                decided: 100,
                end: 100,
                open: (0..100).filter(|n| n % 2 == 1).map(|n| (AlertId(n), true)).collect(),
                n_read: 30,
                met: (0..100).filter(|n| n % 4 == 0).map(AlertId).collect(),
                n_met: 0,
                found: [3, 5, 41, 59].map(AlertId).into(),
                has_told: false,
                told_at: Instant::now(),
            };
            let (mut all, mut tested) = (Vec::new(), 0);
            while !sweep.is_done() {
                let Msg::Found { ids, upto, .. } = sweep.tell(most) else { panic!("a filter") };
                assert!(ids.iter().all(|id| (tested..upto.0).contains(&id.0)), "{most}");
                all.extend(ids.into_iter().map(|id| id.0));
                tested = upto.0;
                if tested == 61 {
                    sweep.n_read = sweep.open.len();
                }
            }
            let expected = (0..100).filter(|n| n % 4 == 0 || [3, 5, 41, 59].contains(n));
            assert_eq!(all, expected.collect::<Vec<u32>>(), "{most}");
            assert_eq!(tested, 100);
        }
    }
}
