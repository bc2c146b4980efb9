//! All decisions in memory: the sum of all changes, whoever made them and in whatever order they arrive.

use super::{AlertKeys, Change, Decision, Key};
use crate::model::{Alert, Status};
use crate::query::Triaged;
use jiff::Timestamp;
use std::collections::{BTreeMap, HashMap, HashSet};

/// The decisions about every alert and group, and how they came about.
#[derive(Clone, Debug, Default)]
pub struct Board {
    /// Changes of each key, ordered by time, then id.
    changes: HashMap<Key, Vec<Change>>,
    known: HashSet<String>,
    decisions: HashMap<Key, Decision>,
    /// Ids of changes that are in memory and not yet durable.
    saving: HashSet<String>,
    /// Batches of this session that can be taken back, and those that were.
    undone: Undo,
}

#[derive(Clone, Debug, Default)]
struct Undo {
    done: Vec<String>,
    taken_back: Vec<String>,
    batches: BTreeMap<String, Vec<Change>>,
}

/// How an alert or a group stands, and by which decision.
#[derive(Clone, Copy, Debug)]
pub struct Standing<'a> {
    pub decision: &'a Decision,
    /// The latest change behind it; `None` where nobody ever decided.
    pub last: Option<&'a Change>,
    /// It was closed, and the alert is newer than that: it counts as open again.
    pub came_back: bool,
    /// The latest change is in memory only.
    pub is_saving: bool,
}

impl Standing<'_> {
    /// The status that counts: what came back after it was closed is open.
    pub fn status(&self) -> Status {
        if self.came_back { Status::Open } else { self.decision.status }
    }
}

static NOTHING: Decision = Decision {
    status: Status::Open,
    verdict: None,
    reason: None,
    assignee: None,
    note: None,
    tags: Vec::new(),
};

impl Board {
    /// Takes in a change that is durable already (from the database, another console, an import). Says whether it was new.
    pub fn apply(&mut self, change: Change) -> bool {
        if !self.known.insert(change.id.clone()) {
            return false;
        }
        let key = change.key;
        let changes = self.changes.entry(key).or_default();
        let place = changes.partition_point(|old| (old.at, &old.id) <= (change.at, &change.id));
        changes.insert(place, change);
        let mut decision = Decision::default();
        for change in changes.iter() {
            decision.merge(&change.before, &change.after);
        }
        self.decisions.insert(key, decision);
        true
    }

    /// Takes in a change made here and now; it is marked as saving until [`Board::saved`].
    pub fn decide(&mut self, changes: Vec<Change>) {
        let Some(batch) = changes.first().map(|change| change.batch.clone()) else { return };
        match changes.first().and_then(|change| change.undoes.clone()) {
            Some(undoes) => self.undone.take_back(&undoes, batch, &changes),
            None => self.undone.made(batch, &changes),
        }
        for change in changes {
            self.saving.insert(change.id.clone());
            self.apply(change);
        }
    }

    /// The changes with these ids are durable.
    pub fn saved<'a>(&mut self, ids: impl IntoIterator<Item = &'a String>) {
        for id in ids {
            self.saving.remove(id);
        }
    }

    /// How many changes are in memory only.
    pub fn n_saving(&self) -> usize {
        self.saving.len()
    }

    /// Whether anybody ever decided about it.
    pub fn knows(&self, key: Key) -> bool {
        self.changes.contains_key(&key)
    }

    /// Whether nobody decided about anything.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// What is known under one key.
    pub fn decision(&self, key: Key) -> &Decision {
        self.decisions.get(&key).unwrap_or(&NOTHING)
    }

    /// How an alert or a group stands: the latest of the decisions about the alert, its container and its workload counts.
    /// `time` is when the alert happened, `None` for a group as a whole or where no time is known.
    pub fn standing(&self, keys: &AlertKeys, time: Option<Timestamp>) -> Standing<'_> {
        let last = keys
            .iter()
            .filter_map(|key| self.changes.get(&key).and_then(|changes| changes.last()))
            .max_by_key(|change| (change.at, &change.id));
        let Some(last) = last else {
            return Standing { decision: &NOTHING, last: None, came_back: false, is_saving: false };
        };
        let decision = self.decision(last.key);
        let is_newer = time.is_some_and(|time| time > last.at) && Some(last.key) != keys.alert;
        Standing {
            decision,
            last: Some(last),
            came_back: decision.status == Status::Closed && is_newer,
            is_saving: self.saving.contains(&last.id),
        }
    }

    /// What a filter over `triage.*` is told about an alert.
    pub fn triaged(&self, alert: &Alert) -> Triaged<'_> {
        let standing = self.standing(&AlertKeys::of(alert), alert.time);
        let decision = standing.decision;
        Triaged {
            status: standing.status(),
            verdict: decision.verdict,
            assignee: decision.assignee.as_deref(),
            note: decision.note.as_deref(),
            tags: &decision.tags,
            by: standing.last.map(|change| change.by.as_str()),
            at: standing.last.map(|change| change.at),
        }
    }

    /// Every change about an alert or group, oldest first.
    pub fn history(&self, keys: &AlertKeys) -> Vec<&Change> {
        let mut history: Vec<_> =
            keys.iter().filter_map(|key| self.changes.get(&key)).flatten().collect();
        history.sort_by_key(|change| (change.at, &change.id));
        history
    }

    /// Every change there is, oldest first.
    pub fn all(&self) -> Vec<&Change> {
        let mut all: Vec<_> = self.changes.values().flatten().collect();
        all.sort_by_key(|change| (change.at, &change.id));
        all
    }

    /// The keys somebody decided about, with what counts now and the latest change.
    pub fn entries(&self) -> impl Iterator<Item = (Key, &Decision, &Change)> {
        self.changes
            .iter()
            .filter_map(|(key, changes)| Some((*key, self.decision(*key), changes.last()?)))
    }

    /// The changes that take back the last batch made here and not yet taken back; hand them to [`Board::decide`].
    pub fn undo(&self, at: Timestamp) -> Option<Vec<Change>> {
        self.reverse(self.undone.done.last()?, at)
    }

    /// The changes that bring back what was taken back last.
    pub fn redo(&self, at: Timestamp) -> Option<Vec<Change>> {
        self.reverse(self.undone.taken_back.last()?, at)
    }

    fn reverse(&self, batch: &str, at: Timestamp) -> Option<Vec<Change>> {
        let reversed = self.undone.batches.get(batch)?.iter().map(|change| {
            let now = self.decision(change.key).clone();
            let mut after = now.clone();
            after.merge(&change.after, &change.before);
            Change {
                id: String::new(),
                at,
                before: now,
                after,
                batch: format!("{}-{at}", if change.undoes.is_some() { "redo" } else { "undo" }),
                undoes: Some(batch.to_owned()),
                ..change.clone()
            }
            .identified()
        });
        Some(reversed.collect())
    }
}

impl Undo {
    fn made(&mut self, batch: String, changes: &[Change]) {
        self.batches.insert(batch.clone(), changes.to_vec());
        self.done.push(batch);
        self.taken_back.clear();
    }

    fn take_back(&mut self, undoes: &str, batch: String, changes: &[Change]) {
        self.batches.insert(batch.clone(), changes.to_vec());
        if self.done.last().is_some_and(|last| last == undoes) {
            self.done.pop();
            self.taken_back.push(batch);
        } else if self.taken_back.last().is_some_and(|last| last == undoes) {
            self.taken_back.pop();
            self.done.push(batch);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{About, Place};
    use super::*;
    use crate::model::Verdict;
    use proptest::prelude::*;

    fn keys(n: u8) -> AlertKeys {
        let id = format!("{n:012x}");
        AlertKeys::of_group(
            "rule",
            &Place { container_id: Some(&id), image: Some("img"), ..Place::default() },
        )
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + second).unwrap()
    }

    fn change(board: &Board, key: Key, second: i64, edit: impl FnOnce(&mut Decision)) -> Change {
        let before = board.decision(key).clone();
        let mut after = before.clone();
        edit(&mut after);
        Change {
            id: String::new(),
            at: at(second),
            by: "ana".into(),
            host: "node1".into(),
            key,
            about: About::default(),
            before,
            after,
            batch: second.to_string(),
            undoes: None,
        }
        .identified()
    }

    #[test]
    fn what_comes_back_after_it_was_closed_is_open_and_says_so() {
        let mut board = Board::default();
        let close = change(&board, keys(1).container, 10, |decision| {
            decision.status = Status::Closed;
            decision.verdict = Some(Verdict::Benign);
        });
        board.decide(vec![close]);
        let old = board.standing(&keys(1), Some(at(5)));
        assert_eq!((old.status(), old.came_back, old.is_saving), (Status::Closed, false, true));
        let new = board.standing(&keys(1), Some(at(15)));
        assert_eq!(
            (new.status(), new.came_back, new.decision.verdict),
            (Status::Open, true, Some(Verdict::Benign))
        );
        assert_eq!(board.standing(&keys(2), Some(at(15))).status(), Status::Open);
    }

    #[test]
    fn undo_and_redo_walk_back_and_forth() {
        let mut board = Board::default();
        let key = keys(1).container;
        for (second, status) in [(1, Status::Acknowledged), (2, Status::Escalated)] {
            let change = change(&board, key, second, |decision| decision.status = status);
            board.decide(vec![change]);
        }
        let mut statuses = Vec::new();
        for second in 3..5 {
            let undo = board.undo(at(second)).unwrap();
            board.decide(undo);
            statuses.push(board.decision(key).status);
        }
        assert!(board.undo(at(5)).is_none());
        for second in 6..8 {
            let redo = board.redo(at(second)).unwrap();
            board.decide(redo);
            statuses.push(board.decision(key).status);
        }
        assert!(board.redo(at(9)).is_none());
        assert_eq!(
            statuses,
            [Status::Acknowledged, Status::Open, Status::Acknowledged, Status::Escalated]
        );
        let undo = board.undo(at(10)).unwrap();
        board.decide(undo);
        assert_eq!(board.decision(key).status, Status::Acknowledged);
    }

    proptest! {
        #[test]
        fn the_order_of_arrival_does_not_matter(
            edits in prop::collection::vec((0u8..3, 0i64..50, 0usize..4), 0..20),
            seed in any::<u64>(),
        ) {
            let mut first = Board::default();
            let mut changes = Vec::new();
            for (n, second, status) in edits {
                let change = change(&first, keys(n).container, second, |d| d.status = Status::ALL[status]);
                changes.push(change.clone());
                first.apply(change);
            }
            let mut second = Board::default();
            let n = changes.len().max(1);
            changes.rotate_left(usize::try_from(seed % n as u64).unwrap());
            for change in changes.iter().rev().chain(&changes) {
                second.apply(change.clone());
            }
            for n in 0..3 {
                prop_assert_eq!(first.decision(keys(n).container), second.decision(keys(n).container));
            }
            prop_assert_eq!(first.all(), second.all());
        }
    }
}
