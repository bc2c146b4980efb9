//! Filters and searches over 100,000 alerts: by columns, by bytes, by what records say.
#![expect(clippy::unwrap_used, reason = "a bench that cannot begin may stop")]

mod log;

use cadge::analysis::Playbooks;
use cadge::driver::sweep::{Question, Sweeper};
use cadge::model::AlertId;
use cadge::query::{Filter, Names};
use cadge::store::{Grouping, Part, Timeline};
use divan::Bencher;
use std::sync::Arc;

const ALERTS: usize = 100_000;

fn main() {
    divan::main();
}

/// Columns; columns of many kinds; a literal that few records hold; a field of each record.
const FILTERS: [&str; 5] = [
    "alert.rule = \"Made rule 7\"",
    "proc.name = curl and alert.priority >= notice",
    "alert.time >= 2026-11-21T12:00:00Z",
    "fd.name contains 10.0.0.1:4321",
    "user.uid = 1",
];

#[divan::bench(args = FILTERS, sample_count = 20)]
fn filter(bencher: Bencher, text: &str) {
    let (store, records) = log::store(&log::log(ALERTS));
    let filter = Arc::new(Filter::parse(text, &Names::default()).unwrap());
    let question = Question::new(Arc::new(Playbooks::builtin())).with_filter(filter, None);
    let (snapshot, rows) = (store.snapshot(), 0..u32::try_from(store.len()).unwrap());
    bencher.bench_local(|| question.of(&snapshot, &records, rows.clone()).ids.len());
}

/// Alerts of a gigabyte.
const MANY: usize = 700_000;

/// The decision alone, by columns: each alert is asked.
#[divan::bench(args = ["alert.rule contains 7", "alert.priority <= notice", "proc.name = curl and alert.priority >= notice", "alert.time >= 2026-11-21T12:00:00Z"], sample_count = 50)]
fn decide(bencher: Bencher, text: &str) {
    let store = log::columns(MANY);
    let filter = Arc::new(Filter::parse(text, &Names::default()).unwrap());
    let question = Question::new(Arc::new(Playbooks::builtin())).with_filter(filter, None);
    let (snapshot, rows) = (store.snapshot(), 0..u32::try_from(store.len()).unwrap());
    bencher.bench_local(|| {
        let open = Sweeper::new(question.clone()).decide(&snapshot, rows.clone());
        assert!(open.rows.is_empty(), "the columns tell all");
        open.met.len()
    });
}

/// What a filter by columns leaves, a tenth of all, in groups and over time.
#[divan::bench(sample_count = 50)]
fn leave(bencher: Bencher) {
    let store = log::columns(MANY);
    let ids: Vec<AlertId> =
        (0..u32::try_from(store.len()).unwrap()).step_by(10).map(AlertId).collect();
    bencher.bench_local(|| {
        let (mut part, mut timeline) = (Part::new(Grouping::default()), Timeline::default());
        store.grow_with(&mut part, &mut timeline, &ids);
        part.tree().len()
    });
}

#[divan::bench(args = ["nowhere at all", "pod-777"], sample_count = 20)]
fn search(bencher: Bencher, text: &str) {
    let (store, records) = log::store(&log::log(ALERTS));
    let question = Question::new(Arc::new(Playbooks::builtin())).with_text(text);
    let (snapshot, rows) = (store.snapshot(), 0..u32::try_from(store.len()).unwrap());
    bencher.bench_local(|| question.of(&snapshot, &records, rows.clone()).ids.len());
}
