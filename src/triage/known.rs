//! What all changes about one key come to: of each part the latest change that says something about it counts, and a
//! change that was taken back says nothing.

use super::{Change, Decision};
use jiff::Timestamp;
use std::collections::HashMap;

/// The parts of a decision that people set independently of each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Status, verdict and reason: they make sense only together.
    Status,
    Assignee,
    Note,
    Tags,
}

impl Part {
    pub const ALL: [Self; 4] = [Self::Status, Self::Assignee, Self::Note, Self::Tags];

    /// Whether a change says something about this part. A change that changes nothing says the status again.
    pub fn is_said(self, change: &Change) -> bool {
        let (before, after) = (&change.before, &change.after);
        match self {
            Self::Status => {
                (before.status, before.verdict, &before.reason)
                    != (after.status, after.verdict, &after.reason)
                    || before == after
            }
            Self::Assignee => before.assignee != after.assignee,
            Self::Note => before.note != after.note,
            Self::Tags => before.tags != after.tags,
        }
    }

    /// Takes this part over.
    pub fn take(self, to: &mut Decision, from: &Decision) {
        match self {
            Self::Status => {
                (to.status, to.verdict) = (from.status, from.verdict);
                to.reason.clone_from(&from.reason);
            }
            Self::Assignee => to.assignee.clone_from(&from.assignee),
            Self::Note => to.note.clone_from(&from.note),
            Self::Tags => to.tags.clone_from(&from.tags),
        }
    }
}

/// What is known under one key.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    /// Ordered by time, then id.
    changes: Vec<Change>,
    /// For each part the places in `changes` of what was said about it and not taken back, in order.
    said: [Vec<usize>; 4],
    /// What each batch says, by part and place; a batch that takes another back stands for the same.
    batches: HashMap<String, Vec<(Part, usize)>>,
    decision: Decision,
}

impl Known {
    /// Takes a change in, wherever its time puts it.
    pub fn take(&mut self, change: Change) {
        let place =
            self.changes.partition_point(|old| (old.at, &old.id) <= (change.at, &change.id));
        self.changes.insert(place, change);
        let from = if place + 1 == self.changes.len() {
            place
        } else {
            self.said = Default::default();
            self.batches.clear();
            0
        };
        for place in from..self.changes.len() {
            self.count(place);
        }
        let mut decision = Decision::default();
        for part in Part::ALL {
            if let Some(change) = self.last_said(part) {
                part.take(&mut decision, &change.after);
            }
        }
        self.decision = decision;
    }

    fn count(&mut self, place: usize) {
        let Some(change) = self.changes.get(place) else { return };
        let taken_back = change.undoes.as_ref().and_then(|batch| self.batches.get(batch)).cloned();
        let says = if let Some(says) = taken_back {
            for (part, place) in &says {
                toggle(&mut self.said, *part, *place);
            }
            says
        } else {
            let says: Vec<_> = Part::ALL.into_iter().filter(|part| part.is_said(change)).collect();
            for part in &says {
                toggle(&mut self.said, *part, place);
            }
            says.into_iter().map(|part| (part, place)).collect()
        };
        self.batches.entry(change.batch.clone()).or_default().extend(says);
    }

    /// Every change, oldest first.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// What counts now.
    pub fn decision(&self) -> &Decision {
        &self.decision
    }

    /// The change that makes a part what it is.
    pub fn last_said(&self, part: Part) -> Option<&Change> {
        let said = self.said.get(part as usize)?;
        said.last().and_then(|place| self.changes.get(*place))
    }

    /// When it was last closed: a note or a reason that was added later does not count.
    pub fn closed_at(&self) -> Option<Timestamp> {
        let said = self.said.get(Part::Status as usize)?;
        let mut closings = said.iter().rev().filter_map(|place| self.changes.get(*place));
        closings.find(|change| change.is_closing()).map(|change| change.at)
    }
}

/// Counts what was taken back, and takes back what counts.
fn toggle(said: &mut [Vec<usize>; 4], part: Part, place: usize) {
    let Some(said) = said.get_mut(part as usize) else { return };
    match said.binary_search(&place) {
        Ok(at) => {
            said.remove(at);
        }
        Err(at) => said.insert(at, place),
    }
}
