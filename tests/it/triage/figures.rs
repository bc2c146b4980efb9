//! What saving takes: printed, never judged. `CADGE_DECISIONS=10000 cargo test --test it -- figures --nocapture`

use super::{line, many, now};
use cadge::model::{Status, Verdict};
use cadge::triage::{
    About, Answer, Change, Decision, Evidence, Key, Order, Place, Retention, Writer,
};
use std::fs;
use std::time::{Duration, Instant};

#[test]
fn what_it_takes_to_save() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("triage.db");
    let (say, answers) = std::sync::mpsc::channel();
    let writer =
        Writer::start(path.clone(), Retention::default(), Vec::new(), now, move |answer| {
            let _ = say.send(answer);
        });
    let n = many("CADGE_DECISIONS", 50);
    let mut took: Vec<Duration> = Vec::new();
    for at in 0..n {
        let record = line(at % 5000, at % 3600, "Terminal shell in container", "Notice");
        let evidence = Evidence::of(record.into_bytes());
        let id = format!("{at:012x}");
        let change = Change {
            id: String::new(),
            at: now(),
            by: "ana".into(),
            host: "node1".into(),
            key: Key::of_container("rule", &Place { container_id: Some(&id), ..Place::default() }),
            about: About {
                rule: "Terminal shell in container".into(),
                place: format!("prod/web-{at}"),
                evidence: Some(evidence.sha256.clone()),
            },
            before: Decision::default(),
            after: Decision {
                status: Status::Closed,
                verdict: Some(Verdict::Benign),
                reason: Some("a probe of the load balancer".into()),
                ..Decision::default()
            },
            batch: at.to_string(),
            undoes: None,
        }
        .identified();
        let started = Instant::now();
        let save = Order::Save {
            changes: vec![change.clone()],
            suppressions: Vec::new(),
            evidence: vec![evidence],
        };
        assert!(writer.order(save));
        while answers.recv_timeout(Duration::from_mins(1)).unwrap()
            != Answer::Saved(vec![change.id.clone()])
        {}
        took.push(started.elapsed());
    }
    assert!(writer.end().unwrap().is_none());
    took.sort();
    let median = took[took.len() / 2];
    let p99 = took[(took.len() * 99 / 100).min(took.len() - 1)];
    let size = fs::metadata(&path).unwrap().len();
    eprintln!("{n} decisions: median {median:?}, p99 {p99:?} until durable, {size} bytes");
    let board = super::read(&path);
    assert_eq!(board.entries().count(), n);
}
