//! What a person may change about a decision, and the change that comes of it: the same from a key and from a script.

use super::known::Part;
use super::{About, AlertKeys, Board, Change, Decision, Key};
use crate::model::{Status, Verdict};
use jiff::{SignedDuration, Timestamp};

/// What shall change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Open, acknowledged or escalated; what was closed loses its verdict and reason.
    Status(Status),
    /// Closed. Without a verdict that of an earlier closing stays.
    Close {
        verdict: Option<Verdict>,
        reason: Option<String>,
    },
    /// The reason alone.
    Reason(Option<String>),
    Note(Option<String>),
    Assign(Option<String>),
    Tags(Vec<String>),
}

impl Edit {
    /// In words, as done: `acknowledged`, `closed as benign`…
    pub fn words(&self) -> String {
        match self {
            Self::Status(Status::Open) => "opened again".to_owned(),
            Self::Status(status) => status.name().to_owned(),
            Self::Close { verdict: Some(verdict), .. } => format!("closed as {}", verdict.words()),
            Self::Close { verdict: None, .. } => "closed".to_owned(),
            Self::Reason(_) => "reason changed".to_owned(),
            Self::Note(Some(_)) => "noted".to_owned(),
            Self::Note(None) => "note taken away".to_owned(),
            Self::Assign(Some(name)) => format!("assigned to {name}"),
            Self::Assign(None) => "assigned to nobody".to_owned(),
            Self::Tags(tags) if tags.is_empty() => "tags taken away".to_owned(),
            Self::Tags(tags) => format!("tagged {}", tags.join(" ")),
        }
    }

    /// Whether what it is about leaves the inbox.
    pub fn puts_aside(&self) -> bool {
        match self {
            Self::Status(status) => *status != Status::Open,
            Self::Close { .. } => true,
            Self::Reason(_) | Self::Note(_) | Self::Assign(_) | Self::Tags(_) => false,
        }
    }

    /// Whether it says how it stands, so that saying it again may change something.
    fn says_status(&self) -> bool {
        matches!(self, Self::Status(_) | Self::Close { .. })
    }

    /// Changes a decision.
    pub fn apply(&self, decision: &mut Decision) {
        match self {
            Self::Status(status) => {
                decision.status = *status;
                decision.verdict = None;
                decision.reason = None;
            }
            Self::Close { verdict, reason } => {
                let is_new = decision.status != Status::Closed || verdict.is_some();
                decision.status = Status::Closed;
                decision.verdict = verdict.or(decision.verdict);
                if is_new || reason.is_some() {
                    decision.reason.clone_from(reason);
                }
            }
            Self::Reason(reason) => decision.reason.clone_from(reason),
            Self::Note(note) => decision.note.clone_from(note),
            Self::Assign(name) => decision.assignee.clone_from(name),
            Self::Tags(tags) => decision.tags.clone_from(tags),
        }
    }
}

/// Who changes something, where, when, and under which name it can be taken back.
#[derive(Clone, Debug)]
pub struct Signature {
    pub by: String,
    pub host: String,
    pub at: Timestamp,
    pub batch: String,
}

/// The change that these edits come to, none where it stands so already. Who closes again what came back and sets something
/// else besides makes two.
///
/// `keys` are all keys of what it is about: what is in force may have been said about the container, or the workload.
pub fn change(
    board: &Board,
    signature: &Signature,
    (key, keys): (Key, Option<&AlertKeys>),
    about: About,
    edits: &[Edit],
) -> Vec<Change> {
    let all: Vec<Key> = keys.map_or_else(|| vec![key], |keys| keys.iter().collect());
    // A narrower decision is not what was before for all that this one is about.
    let reach = all.iter().copied().filter(|other| other.scope >= key.scope);
    let before = board.standing_of(reach, None).decision();
    let mut after = before.clone();
    for edit in edits {
        edit.apply(&mut after);
    }
    let says_again = || {
        let narrower = || {
            let decided = board.standing_of(all.iter().copied(), None).decided;
            decided.is_some_and(|change| change.key.scope < key.scope)
        };
        // What is closed may have come back: closing it again closes that too.
        edits.iter().any(Edit::says_status) && (before.status == Status::Closed || narrower())
    };
    // However wrong a clock was: who saw a decision and makes another one comes after it.
    let seen = board.standing_of(all.iter().copied(), None).last.map(|change| change.at);
    let at = seen.map(next).map_or(signature.at, |next| next.max(signature.at));
    let made = |at: Timestamp, after: &Decision| {
        Change {
            id: String::new(),
            at,
            by: signature.by.clone(),
            host: signature.host.clone(),
            key,
            about: about.clone(),
            before: before.clone(),
            after: after.clone(),
            batch: signature.batch.clone(),
            undoes: None,
        }
        .identified()
    };
    let again = says_again().then(|| made(at, &before));
    let change =
        (before != after).then(|| made(if again.is_some() { next(at) } else { at }, &after));
    match (again, change) {
        (Some(_), Some(change)) if Part::Status.is_said(&change) => vec![change],
        (again, change) => again.into_iter().chain(change).collect(),
    }
}

/// The next instant.
fn next(at: Timestamp) -> Timestamp {
    at.checked_add(SignedDuration::from_nanos(1)).unwrap_or(at)
}

impl Change {
    /// Whether it closes, or closes again.
    pub(super) fn is_closing(&self) -> bool {
        let (before, after) = (&self.before, &self.after);
        after.status == Status::Closed
            && (before.status != Status::Closed
                || before.verdict != after.verdict
                || before == after)
    }

    /// What it did, in words: `closed as benign`, `assigned to ana, note`, `acknowledged again`…
    pub fn words(&self) -> String {
        match Decision::difference(&self.before, &self.after) {
            same if same.is_empty() && self.undoes.is_some() => "taken back".to_owned(),
            same if same.is_empty() => format!("{} again", self.after.status.name()),
            difference => difference,
        }
    }
}

impl Decision {
    /// Takes over from `after` each part that it changed against `before`, and leaves the rest: two people who set
    /// different things at the same moment both get their way.
    pub fn merge(&mut self, before: &Self, after: &Self) {
        for part in Part::ALL {
            let mut changed = before.clone();
            part.take(&mut changed, after);
            if changed != *before {
                part.take(self, after);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Place;
    use super::*;

    fn keys(n: u8) -> AlertKeys {
        let id = format!("{n:012x}");
        let place = Place { container_id: Some(&id), image: Some("img"), ..Place::default() };
        let group = AlertKeys::of_group("rule", &place);
        let scope = super::super::Scope::Alert;
        AlertKeys { alert: Some(Key { scope, hash: [n; 16] }), ..group }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + second).unwrap()
    }

    /// Decides at a second; says whether that changed anything.
    fn decide(board: &mut Board, second: i64, key: Key, edit: Edit) -> bool {
        let (by, host) = ("ana".to_owned(), "node1".to_owned());
        let signature = Signature { by, host, at: at(second), batch: second.to_string() };
        let made = change(board, &signature, (key, Some(&keys(1))), About::default(), &[edit]);
        let is_some = !made.is_empty();
        board.decide(made);
        is_some
    }

    const BENIGN: Edit = Edit::Close { verdict: Some(Verdict::Benign), reason: None };

    fn note(text: &str) -> Edit {
        Edit::Note(Some(text.to_owned()))
    }

    #[test]
    fn a_note_says_nothing_about_the_status() {
        let mut board = Board::default();
        let keys = keys(1);
        decide(&mut board, 10, keys.container, BENIGN);
        decide(&mut board, 20, keys.alert.unwrap(), note("seen"));
        decide(&mut board, 30, keys.container, note("all of them"));
        let standing = board.standing(&keys, Some(at(5)));
        assert_eq!(
            (standing.status(), standing.verdict()),
            (Status::Closed, Some(Verdict::Benign))
        );
        assert_eq!((standing.note(), standing.closed_at), (Some("all of them"), Some(at(10))));
        // It came before the note, and after the closing.
        assert!(board.standing(&keys, Some(at(25))).came_back);
    }

    #[test]
    fn closing_again_closes_what_came_back_and_can_be_taken_back() {
        let mut board = Board::default();
        let keys = keys(1);
        decide(&mut board, 10, keys.container, BENIGN);
        assert!(board.standing(&keys, Some(at(15))).came_back);
        assert!(decide(&mut board, 20, keys.container, BENIGN));
        assert!(!board.standing(&keys, Some(at(15))).came_back);
        let undo = board.undo(at(30)).unwrap();
        board.decide(undo);
        assert!(board.standing(&keys, Some(at(15))).came_back);
        let redo = board.redo(at(40)).unwrap();
        board.decide(redo);
        assert!(!board.standing(&keys, Some(at(15))).came_back);
        assert!(board.standing(&keys, Some(at(25))).came_back, "it stands as it was before");
    }

    #[test]
    fn the_latest_of_any_reach_counts_and_says_what_was_before() {
        let mut board = Board::default();
        let keys = keys(1);
        decide(&mut board, 10, keys.workload.unwrap(), BENIGN);
        let other = Edit::Close { verdict: Some(Verdict::FalsePositive), reason: None };
        decide(&mut board, 20, keys.container, other);
        let standing = board.standing(&keys, None);
        assert_eq!(standing.verdict(), Some(Verdict::FalsePositive));
        assert_eq!(standing.decided.unwrap().before.verdict, Some(Verdict::Benign));
        assert_eq!(board.decision(keys.container).status, Status::Closed);
        decide(&mut board, 30, keys.alert.unwrap(), Edit::Status(Status::Open));
        assert_eq!(board.standing(&keys, None).status(), Status::Open);
        // Said again for the container it holds for the alert too, and once taken back for the alert alone again.
        let again = Edit::Close { verdict: Some(Verdict::FalsePositive), reason: None };
        assert!(decide(&mut board, 40, keys.container, again));
        assert_eq!(board.standing(&keys, None).status(), Status::Closed);
        let undo = board.undo(at(50)).unwrap();
        board.decide(undo);
        assert_eq!(board.standing(&keys, None).status(), Status::Open);
    }

    #[test]
    fn taking_back_leaves_what_somebody_else_decided_since() {
        let mut board = Board::default();
        let keys = keys(1);
        decide(&mut board, 10, keys.container, BENIGN);
        let mut theirs = board.all()[0].clone();
        (theirs.at, theirs.by) = (at(20), "bo".into());
        (theirs.before, theirs.batch) = (theirs.after.clone(), "theirs".into());
        (theirs.after.status, theirs.after.verdict) = (Status::Escalated, None);
        board.apply(theirs.identified());
        let undo = board.undo(at(30)).unwrap();
        board.decide(undo);
        let standing = board.standing(&keys, None);
        assert_eq!(
            (standing.status(), standing.decided.unwrap().by.as_str()),
            (Status::Escalated, "bo")
        );
    }

    #[test]
    fn a_decision_comes_after_what_was_seen_however_wrong_a_clock_is() {
        let mut board = Board::default();
        let keys = keys(1);
        decide(&mut board, 9000, keys.container, Edit::Status(Status::Acknowledged));
        decide(&mut board, 10, keys.container, Edit::Status(Status::Escalated));
        assert_eq!(board.standing(&keys, None).status(), Status::Escalated);
        assert!(!decide(&mut board, 11, keys.container, Edit::Status(Status::Escalated)));
    }
}
