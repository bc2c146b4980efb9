//! How often each value of a field occurs, told while it is counted.

use super::{Job, Tools, look::read};
use crate::intake::Records;
use crate::model::{Alert, AlertId, Priority};
use crate::store::{Row, Snapshot};
use crate::ui::{Counted, Effect, Ground, Msg};
use rustc_hash::FxHashMap;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

/// How often a count that goes on is told.
const TOLD: Duration = Duration::from_millis(200);
/// Values told: the most frequent ones.
const VALUES: usize = 200;
/// Different values kept apart; a field that has a new one in each alert must not eat the memory.
const KEPT: usize = 200_000;

/// Answers `Effect::Count`, newest alerts first; a new question takes the place of an old one.
pub(super) fn count(jobs: &Receiver<Job>, tools: &Tools) {
    let mut records: Arc<Records> = Arc::default();
    let mut next = None;
    while let Some(job) = next.take().or_else(|| jobs.recv().ok()) {
        let effect = match job {
            Job::Records(new) => {
                records = new;
                continue;
            }
            Job::Playbooks(_) => continue,
            Job::Do(effect) => effect,
        };
        let Effect::Count { generation, field, among, ground: Ground(snapshot) } = effect else {
            continue;
        };
        let mut tally = Tally::default();
        let mut told = Instant::now();
        let n_rows: usize = snapshot.segments.iter().map(|segment| segment.len()).sum();
        let all = (0..u32::try_from(n_rows).unwrap_or(u32::MAX)).rev().map(AlertId);
        let ids: Box<dyn Iterator<Item = AlertId>> = match &among {
            Some(ids) => Box::new(ids.iter().rev().copied()),
            None => Box::new(all),
        };
        for row in ids.filter_map(|id| snapshot.row(id)) {
            tally.add(value(&row, &field, &snapshot, &records));
            // Others are heard, and the clock is asked, now and then only.
            if tally.n_alerts % 64 != 0 {
                continue;
            }
            tools.front.give_way();
            // New places of records come often while a log grows: they do not end a count.
            while next.is_none()
                && let Ok(job) = jobs.try_recv()
            {
                match job {
                    Job::Records(new) => records = new,
                    job => next = Some(job),
                }
            }
            if next.is_some() {
                break;
            }
            if told.elapsed() >= TOLD {
                if !tell(tools, tally.so_far(generation, false)) {
                    return;
                }
                told = Instant::now();
            }
        }
        if next.is_none() && !tell(tools, tally.so_far(generation, true)) {
            return;
        }
    }
}

fn tell(tools: &Tools, counted: Counted) -> bool {
    tools.inbox.blocking_send(Msg::Counted(counted)).is_ok()
}

#[derive(Default)]
struct Tally {
    counts: FxHashMap<Option<Box<str>>, u64>,
    n_alerts: u64,
    is_cut: bool,
}

impl Tally {
    fn add(&mut self, value: Option<String>) {
        self.n_alerts += 1;
        let value = value.map(String::into_boxed_str);
        let is_full = self.counts.len() >= KEPT;
        match self.counts.get_mut(&value) {
            Some(count) => *count += 1,
            None if is_full => self.is_cut = true,
            None => drop(self.counts.insert(value, 1)),
        }
    }

    fn so_far(&self, generation: u64, is_done: bool) -> Counted {
        let mut sorted: Vec<_> = self.counts.iter().collect();
        sorted.sort_unstable_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
        let values = sorted.into_iter().take(VALUES);
        Counted {
            generation,
            values: values.map(|(value, n)| (value.as_deref().map(str::to_owned), *n)).collect(),
            n_values: self.counts.len() as u64,
            n_alerts: self.n_alerts,
            is_cut: self.is_cut,
            is_done,
        }
    }
}

/// A field's value: from the columns where they hold it, else from the record.
fn value(row: &Row<'_>, field: &str, snapshot: &Snapshot, records: &Records) -> Option<String> {
    let column = match field {
        "alert.rule" => row.rule,
        "container.name" => row.container.name,
        "container.id" => row.container.id,
        "container.image.repository" => row.container.image,
        "proc.name" => row.process,
        "k8s.ns.name" => row.namespace,
        "k8s.pod.name" => row.pod,
        "alert.hostname" => row.hostname,
        "alert.source" => row.event_source,
        "alert.priority" => row.priority.map(Priority::name),
        field => return of_record(&read(row.id, snapshot, records).ok()?.1, field),
    };
    column.map(str::to_owned)
}

fn of_record(alert: &Alert, field: &str) -> Option<String> {
    let get = |name: &str| {
        let value = alert.fields.get(name).filter(|value| !value.is_missing())?;
        Some(value.display().into_owned())
    };
    // Falco's rules print the socket's name; the address of its far end stands behind the arrow.
    get(field).or_else(|| {
        let name = (field == "fd.rip").then(|| get("fd.name"))??;
        let (_, far) = name.split_once("->")?;
        let (address, _) = far.rsplit_once(':')?;
        Some(address.trim_matches(['[', ']']).to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{BodyId, Columns, Value};
    use crate::store::{Batch, Drafter, Stands, Store};
    use std::sync::mpsc;

    #[test]
    fn the_far_end_is_taken_from_the_socket_where_nothing_else_says_it() {
        let mut alert = Alert::default();
        assert_eq!(of_record(&alert, "fd.rip"), None);
        let _ = alert.fields.set("fd.name", Value::String("10.0.0.1:5->fe80::1:443".into()));
        assert_eq!(of_record(&alert, "fd.rip").as_deref(), Some("fe80::1"));
        let _ = alert.fields.set("fd.rip", Value::String("9.9.9.9".into()));
        assert_eq!(of_record(&alert, "fd.rip").as_deref(), Some("9.9.9.9"));
    }

    #[test]
    fn values_are_told_by_how_often_they_occur() {
        let mut tally = Tally::default();
        for value in [Some("a"), Some("b"), None, Some("b")] {
            tally.add(value.map(str::to_owned));
        }
        let counted = tally.so_far(1, true);
        assert_eq!(counted.values.first(), Some(&(Some("b".to_owned()), 2)));
        assert_eq!((counted.n_values, counted.n_alerts), (3, 4));
    }

    #[test]
    fn new_places_of_records_do_not_end_a_count() {
        let mut drafter = Drafter::new(0);
        drafter.begin(BodyId(0), 0);
        let columns = Columns { rule: Some("A rule"), ..Columns::default() };
        for line in 0..1000 {
            let stands = Stands { offset: line * 100, len: 99, line, is_plain: true };
            assert!(drafter.add(&columns, stands));
        }
        let mut store = Store::default();
        store.append(Batch { drafts: vec![drafter.take()], ..Batch::default() });
        let (jobs, receiver) = mpsc::channel();
        let count_rules = Effect::Count {
            generation: 1,
            field: "alert.rule".into(),
            among: None,
            ground: Ground(store.snapshot()),
        };
        jobs.send(Job::Do(count_rules)).unwrap();
        jobs.send(Job::Records(Arc::default())).unwrap();
        drop(jobs);
        let (inbox, mut answers) = tokio::sync::mpsc::channel(64);
        let tools = Tools::telling(inbox);
        count(&receiver, &tools);
        drop(tools);
        let mut last = None;
        while let Some(Msg::Counted(counted)) = answers.blocking_recv() {
            last = Some((counted.is_done, counted.n_alerts));
        }
        assert_eq!(last, Some((true, 1000)));
    }
}
