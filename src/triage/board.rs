//! All decisions in memory: the sum of all changes, whoever made them and in whatever order they arrive.

use super::known::{Known, Part};
use super::{AlertKeys, Change, Decision, Key, Scope};
use crate::model::{Alert, Status, Verdict};
use crate::query::Triaged;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, HashMap, HashSet};

/// The decisions about every alert and group, and how they came about.
#[derive(Clone, Debug, Default)]
pub struct Board {
    known: HashMap<Key, Known>,
    has_alerts: bool,
    /// Ids of all changes.
    ids: HashSet<String>,
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

/// How an alert or a group stands, and by which decisions: each part by the latest that says something about it.
#[derive(Clone, Copy, Debug)]
pub struct Standing<'a> {
    /// The change behind each part; `None` where nobody said anything about it.
    parts: [Option<&'a Change>; 4],
    /// The latest change of any part; `None` where nobody ever decided.
    pub last: Option<&'a Change>,
    /// The change that gave it its status.
    pub decided: Option<&'a Change>,
    /// When it was closed, where it is.
    pub closed_at: Option<Timestamp>,
    /// It was closed, and the alert is newer than that: it counts as open again.
    pub came_back: bool,
    /// The latest change is in memory only.
    pub is_saving: bool,
}

impl<'a> Standing<'a> {
    fn part(&self, part: Part) -> &'a Decision {
        self.parts.get(part as usize).copied().flatten().map_or(&NOTHING, |change| &change.after)
    }

    /// The status that counts: what came back after it was closed is open.
    pub fn status(&self) -> Status {
        if self.came_back { Status::Open } else { self.decided_status() }
    }

    /// The status that somebody gave it, whatever came since.
    pub fn decided_status(&self) -> Status {
        self.part(Part::Status).status
    }

    /// As what it was closed.
    pub fn verdict(&self) -> Option<Verdict> {
        self.part(Part::Status).verdict
    }

    pub fn assignee(&self) -> Option<&'a str> {
        self.part(Part::Assignee).assignee.as_deref()
    }

    pub fn note(&self) -> Option<&'a str> {
        self.part(Part::Note).note.as_deref()
    }

    pub fn tags(&self) -> &'a [String] {
        &self.part(Part::Tags).tags
    }

    /// All parts together.
    pub fn decision(&self) -> Decision {
        let mut decision = Decision::default();
        for part in Part::ALL {
            part.take(&mut decision, self.part(part));
        }
        decision
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
        if !self.ids.insert(change.id.clone()) {
            return false;
        }
        self.has_alerts |= change.key.scope == Scope::Alert;
        self.known.entry(change.key).or_default().take(change);
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
        self.known.contains_key(&key)
    }

    /// Whether nobody decided about anything.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// What is known under one key.
    pub fn decision(&self, key: Key) -> &Decision {
        self.known.get(&key).map_or(&NOTHING, Known::decision)
    }

    /// How an alert or a group stands: of each part the latest that was said about the alert, its container or its
    /// workload counts. `time` is when the alert happened, `None` for a group as a whole or where no time is known.
    pub fn standing(&self, keys: &AlertKeys, time: Option<Timestamp>) -> Standing<'_> {
        self.standing_of(keys.iter(), time)
    }

    /// The same under any keys; decisions about one alert are not asked whether it came back.
    pub(super) fn standing_of(
        &self,
        keys: impl Iterator<Item = Key>,
        time: Option<Timestamp>,
    ) -> Standing<'_> {
        let order = |a: &&Change, b: &&Change| (a.at, &a.id).cmp(&(b.at, &b.id));
        let mut standing = Standing {
            parts: [None; 4],
            last: None,
            decided: None,
            closed_at: None,
            came_back: false,
            is_saving: false,
        };
        for known in keys.filter_map(|key| self.known.get(&key)) {
            let latest = known.changes().last();
            standing.last = standing.last.into_iter().chain(latest).max_by(order);
            for (part, said) in Part::ALL.into_iter().zip(&mut standing.parts) {
                *said = said.iter().copied().chain(known.last_said(part)).max_by(order);
            }
        }
        standing.decided = standing.parts.first().copied().flatten();
        standing.is_saving = standing.last.is_some_and(|last| self.saving.contains(&last.id));
        if let Some(decided) = standing.decided.filter(|c| c.after.status == Status::Closed) {
            let closed_at = self.known.get(&decided.key).and_then(Known::closed_at);
            let closed_at = closed_at.unwrap_or(decided.at);
            standing.closed_at = Some(closed_at);
            standing.came_back =
                time.is_some_and(|time| time > closed_at) && decided.key.scope != Scope::Alert;
        }
        standing
    }

    /// What a filter over `triage.*` is told about an alert.
    pub fn triaged(&self, alert: &Alert) -> Triaged<'_> {
        let standing = self.standing(&AlertKeys::of(alert), alert.time);
        Triaged {
            status: standing.status(),
            verdict: standing.verdict(),
            assignee: standing.assignee(),
            note: standing.note(),
            tags: standing.tags(),
            by: standing.last.map(|change| change.by.as_str()),
            at: standing.last.map(|change| change.at),
        }
    }

    /// Every change about an alert or group, oldest first.
    pub fn history(&self, keys: &AlertKeys) -> Vec<&Change> {
        let mut history: Vec<_> =
            keys.iter().filter_map(|key| self.known.get(&key)).flat_map(Known::changes).collect();
        history.sort_by_key(|change| (change.at, &change.id));
        history
    }

    /// Every change there is, oldest first.
    pub fn all(&self) -> Vec<&Change> {
        let mut all: Vec<_> = self.known.values().flat_map(Known::changes).collect();
        all.sort_by_key(|change| (change.at, &change.id));
        all
    }

    /// The keys somebody decided about, with what counts now and the latest change.
    pub fn entries(&self) -> impl Iterator<Item = (Key, &Decision, &Change)> {
        self.known
            .iter()
            .filter_map(|(key, known)| Some((*key, known.decision(), known.changes().last()?)))
    }

    /// Whether somebody decided about single alerts.
    pub fn has_alerts(&self) -> bool {
        self.has_alerts
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
            let mut known = self.known.get(&change.key).cloned().unwrap_or_default();
            let before = known.decision().clone();
            let last = known.changes().last().map(|last| last.at);
            let next = last.and_then(|last| last.checked_add(SignedDuration::from_nanos(1)).ok());
            let mut reversed = Change {
                id: String::new(),
                at: next.map_or(at, |next| next.max(at)),
                after: before.clone(),
                before,
                batch: format!("{}-{at}", if change.undoes.is_some() { "redo" } else { "undo" }),
                undoes: Some(batch.to_owned()),
                ..change.clone()
            };
            // What it stood at without it: what others said since stays.
            known.take(reversed.clone());
            reversed.after = known.decision().clone();
            reversed.identified()
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
            (new.status(), new.came_back, new.verdict()),
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
