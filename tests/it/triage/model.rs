//! Random decisions of two writers, with undo, redo, crashes at any point and copies of the files, against plain lists.

use super::now;
use cadge::model::{Status, Verdict};
use cadge::triage::{About, Board, Change, Db, Decision, Evidence, Key, Place};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What a person may change.
#[derive(Clone, Debug)]
enum Edit {
    Status(usize),
    Close(usize),
    Note(u8),
    Assign(u8),
    Tags(u8),
}

/// What may happen, and to which of the two writers.
#[derive(Clone, Debug)]
enum Step {
    Decide(Vec<u8>, Edit),
    Undo,
    Redo,
    /// Hear of what the other did.
    Listen,
    /// End without closing anything, and start again.
    Crash,
    /// Copy the files as they are and look into the copy.
    Copy,
}

fn step() -> impl Strategy<Value = (usize, Step)> {
    let edit = prop_oneof![
        (0usize..4).prop_map(Edit::Status),
        (0usize..5).prop_map(Edit::Close),
        (0u8..3).prop_map(Edit::Note),
        (0u8..3).prop_map(Edit::Assign),
        (0u8..3).prop_map(Edit::Tags),
    ];
    let step = prop_oneof![
        6 => (prop::collection::vec(0u8..5, 1..4), edit).prop_map(|(keys, edit)| Step::Decide(keys, edit)),
        3 => Just(Step::Undo),
        2 => Just(Step::Redo),
        3 => Just(Step::Listen),
        2 => Just(Step::Crash),
        1 => Just(Step::Copy),
    ];
    (0usize..2, step)
}

fn key(n: u8) -> Key {
    let id = format!("{n:012x}");
    Key::of_container("rule", &Place { container_id: Some(&id), ..Place::default() })
}

fn word(n: u8) -> Option<String> {
    (n > 0).then(|| format!("word {n}"))
}

fn edited(edit: &Edit, mut decision: Decision) -> Decision {
    match edit {
        Edit::Status(n) => {
            (decision.status, decision.verdict) = (Status::ALL[*n], None);
            decision.reason = None;
        }
        Edit::Close(n) => {
            decision.status = Status::Closed;
            decision.verdict = Some(Verdict::ALL[*n]);
            decision.reason = word(1);
        }
        Edit::Note(n) => decision.note = word(*n),
        Edit::Assign(n) => decision.assignee = word(*n),
        Edit::Tags(n) => decision.tags = word(*n).into_iter().collect(),
    }
    decision
}

/// A console: its file, and what it holds in memory.
struct Console {
    db: Db,
    board: Board,
    /// What it decided since it started, as whole states of all keys: the model of undo.
    past: Vec<BTreeMap<u8, Decision>>,
    future: Vec<BTreeMap<u8, Decision>>,
}

impl Console {
    fn start(path: &Path) -> Self {
        let (db, note) = Db::open(path, now()).unwrap();
        assert_eq!(note, None);
        let mut console =
            Self { db, board: Board::default(), past: Vec::new(), future: Vec::new() };
        console.listen();
        console
    }

    fn listen(&mut self) -> bool {
        let changes = self.db.news().unwrap().changes;
        let mut is_new = false;
        for change in changes {
            is_new |= self.board.apply(change);
        }
        is_new
    }

    fn state(&self) -> BTreeMap<u8, Decision> {
        (0..5).map(|n| (n, self.board.decision(key(n)).clone())).collect()
    }

    /// Makes changes durable and takes them in.
    fn make(&mut self, changes: Vec<Change>, all: &mut Vec<Change>) {
        let evidence: Vec<Evidence> =
            changes.iter().map(|change| Evidence::of(change.id.clone().into_bytes())).collect();
        self.board.decide(changes.clone());
        assert!(self.board.n_saving() >= changes.len().min(1));
        self.db.save(&changes, &[], &evidence, now()).unwrap();
        let ids: Vec<String> = changes.iter().map(|change| change.id.clone()).collect();
        self.board.saved(&ids);
        assert_eq!(self.board.n_saving(), 0);
        all.extend(changes);
    }
}

/// Each part of a decision is what the last change that says something about it made it, without what was taken back: two
/// plain lists.
fn plain(all: &[Change], of: Key) -> Decision {
    let mut mine: Vec<&Change> = all.iter().filter(|change| change.key == of).collect();
    mine.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
    mine.dedup_by(|a, b| a.id == b.id);
    let mut counts: Vec<(&Change, bool)> = Vec::new();
    let mut stands_for: BTreeMap<&str, &str> = BTreeMap::new();
    for change in mine {
        let Some(undone) = &change.undoes else {
            counts.push((change, true));
            continue;
        };
        let first = stands_for.get(undone.as_str()).copied().unwrap_or(undone);
        stands_for.insert(&change.batch, first);
        for (other, counts) in counts.iter_mut().filter(|(other, _)| other.batch == first) {
            assert!(other.undoes.is_none());
            *counts = !*counts;
        }
    }
    let mut now = Decision::default();
    for (Change { before, after, .. }, _) in counts.into_iter().filter(|(_, counts)| *counts) {
        let status =
            |decision: &Decision| (decision.status, decision.verdict, decision.reason.clone());
        if status(before) != status(after) || before == after {
            (now.status, now.verdict, now.reason) = status(after);
        }
        if before.note != after.note {
            now.note.clone_from(&after.note);
        }
        if before.assignee != after.assignee {
            now.assignee.clone_from(&after.assignee);
        }
        if before.tags != after.tags {
            now.tags.clone_from(&after.tags);
        }
    }
    now
}

#[track_caller]
fn check_file(path: &Path, all: &[Change]) {
    let (mut db, note) = Db::open(path, now()).unwrap();
    assert_eq!(note, None);
    let mut found: Vec<String> =
        db.news().unwrap().changes.into_iter().map(|change| change.id).collect();
    let mut wanted: Vec<String> = all.iter().map(|change| change.id.clone()).collect();
    found.sort();
    wanted.sort();
    wanted.dedup();
    assert_eq!(found, wanted);
    for change in all {
        let evidence = Evidence::of(change.id.clone().into_bytes());
        assert_eq!(db.evidence(&evidence.sha256).unwrap(), Some(evidence.record));
    }
}

fn copy(path: &Path, to: &Path) -> PathBuf {
    let copy = to.join(format!("copy-{}.db", fs::read_dir(to).unwrap().count()));
    for suffix in ["", "-wal"] {
        let beside = |path: &Path| {
            let mut name = path.as_os_str().to_owned();
            name.push(suffix);
            PathBuf::from(name)
        };
        if beside(path).exists() {
            fs::copy(beside(path), beside(&copy)).unwrap();
        }
    }
    copy
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]
    #[test]
    fn two_writers_with_crashes_are_as_good_as_plain_lists(steps in prop::collection::vec(step(), 1..40)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("triage.db");
        let mut consoles = [Console::start(&path), Console::start(&path)];
        let mut all: Vec<Change> = Vec::new();
        let mut at: Timestamp = now();
        let mut n_steps = 0_u64;
        for (who, step) in steps {
            at = at.checked_add(SignedDuration::from_secs(1)).unwrap();
            n_steps += 1;
            match step {
                Step::Decide(keys, edit) => {
                    let console = &mut consoles[who];
                    let before_all = console.state();
                    let mut changes: Vec<Change> = Vec::new();
                    for n in keys {
                        let before = console.board.decision(key(n)).clone();
                        let after = edited(&edit, before.clone());
                        if before == after || changes.iter().any(|change| change.key == key(n)) {
                            continue;
                        }
                        changes.push(Change {
                            id: String::new(),
                            at,
                            by: ["ana", "bo"][who].into(),
                            host: "node1".into(),
                            key: key(n),
                            about: About::default(),
                            before,
                            after,
                            batch: format!("{who}-{n_steps}"),
                            undoes: None,
                        }.identified());
                    }
                    if !changes.is_empty() {
                        console.make(changes, &mut all);
                        console.past.push(before_all);
                        console.future.clear();
                    }
                }
                Step::Undo | Step::Redo => {
                    let is_undo = matches!(step, Step::Undo);
                    let console = &mut consoles[who];
                    let changes = if is_undo { console.board.undo(at) } else { console.board.redo(at) };
                    let now_all = console.state();
                    let (from, to) = if is_undo {
                        (&mut console.past, &mut console.future)
                    } else {
                        (&mut console.future, &mut console.past)
                    };
                    let wanted = from.pop();
                    prop_assert_eq!(changes.is_some(), wanted.is_some());
                    let (Some(changes), Some(wanted)) = (changes, wanted) else { continue };
                    to.push(now_all);
                    console.make(changes, &mut all);
                    prop_assert_eq!(console.state(), wanted);
                }
                Step::Listen => {
                    if consoles[who].listen() {
                        // What others did lies between: whole states of before are no measure of an undo any more.
                        consoles[who] = Console::start(&path);
                    }
                }
                Step::Crash => {
                    let fresh = Console::start(&path);
                    // Nothing is closed: the connection is lost as with a kill.
                    std::mem::forget(std::mem::replace(&mut consoles[who], fresh));
                    for n in 0..5 {
                        prop_assert_eq!(consoles[who].board.decision(key(n)), &plain(&all, key(n)));
                    }
                }
                Step::Copy => check_file(&copy(&path, folder.path()), &all),
            }
        }
        check_file(&path, &all);
        for console in &mut consoles {
            console.listen();
            for n in 0..5 {
                prop_assert_eq!(console.board.decision(key(n)), &plain(&all, key(n)));
            }
        }
    }
}
