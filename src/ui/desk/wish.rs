//! A decision on its way: what shall change, about which alerts and groups.

use super::Desk;
use crate::model::{AlertId, Level, Status, Verdict};
use crate::triage::{About, AlertKeys, Change, Decision, Evidence, Key, Scope};
use crate::ui::pane::groups::Pick;
use jiff::Timestamp;

/// What shall change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    Status(Status),
    Close { verdict: Verdict, reason: Option<String> },
    Note(Option<String>),
    Assign(Option<String>),
    Tags(Vec<String>),
    Mute { ends: Timestamp, reason: String },
}

impl Edit {
    /// In words, as done: `acknowledged`, `closed as benign`…
    pub fn words(&self) -> String {
        match self {
            Self::Status(Status::Open) => "opened again".to_owned(),
            Self::Status(status) => status.name().to_owned(),
            Self::Close { verdict, .. } => format!("closed as {}", verdict.words()),
            Self::Note(Some(_)) => "noted".to_owned(),
            Self::Note(None) => "note taken away".to_owned(),
            Self::Assign(Some(name)) => format!("assigned to {name}"),
            Self::Assign(None) => "assigned to nobody".to_owned(),
            Self::Tags(tags) if tags.is_empty() => "tags taken away".to_owned(),
            Self::Tags(tags) => format!("tagged {}", tags.join(" ")),
            Self::Mute { .. } => "muted".to_owned(),
        }
    }

    /// Whether what it is about leaves the inbox.
    pub fn puts_aside(&self) -> bool {
        match self {
            Self::Status(status) => *status != Status::Open,
            Self::Close { .. } | Self::Mute { .. } => true,
            Self::Note(_) | Self::Assign(_) | Self::Tags(_) => false,
        }
    }

    fn apply(&self, decision: &mut Decision) {
        match self {
            Self::Status(status) => {
                decision.status = *status;
                decision.verdict = None;
                decision.reason = None;
            }
            Self::Close { verdict, reason } => {
                decision.status = Status::Closed;
                decision.verdict = Some(*verdict);
                decision.reason.clone_from(reason);
            }
            Self::Note(note) => decision.note.clone_from(note),
            Self::Assign(name) => decision.assignee.clone_from(name),
            Self::Tags(tags) => decision.tags.clone_from(tags),
            Self::Mute { .. } => {}
        }
    }
}

/// One alert, or the group that an alert stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    pub id: AlertId,
    /// `None` for the alert alone.
    pub scope: Scope,
}

/// A decision that waits for its alerts to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    pub edit: Edit,
    pub targets: Vec<Target>,
    /// Where the cursor goes.
    pub next: Option<Pick>,
}

/// What must be known of an alert to decide about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identified {
    pub id: AlertId,
    pub keys: AlertKeys,
    pub rule: String,
    pub place: String,
    /// The raw record; `None` when it cannot be read any more.
    pub record: Option<Vec<u8>>,
    /// Its assessment, where that was asked for.
    pub level: Option<Level>,
}

/// What a decision comes to.
#[derive(Debug, Default)]
pub struct Outcome {
    pub changes: Vec<Change>,
    pub evidence: Vec<Evidence>,
    /// Alerts that cannot be told apart any more, because their records are gone.
    pub n_gone: usize,
}

impl Desk {
    /// The changes that a wish comes to. Each key changes once.
    pub fn changes(&mut self, wish: &Wish, found: &[Identified], now: Timestamp) -> Outcome {
        let at = self.stamp(now);
        let batch = self.batch(at);
        let mut outcome = Outcome::default();
        let mut seen: Vec<Key> = Vec::new();
        for target in &wish.targets {
            let Some(known) = found.iter().find(|known| known.id == target.id) else {
                outcome.n_gone += 1;
                continue;
            };
            let key = match target.scope {
                Scope::Alert => known.keys.alert,
                Scope::Container => Some(known.keys.container),
                Scope::Workload => Some(known.keys.workload.unwrap_or(known.keys.container)),
            };
            let Some(key) = key else {
                outcome.n_gone += 1;
                continue;
            };
            if seen.contains(&key) {
                continue;
            }
            seen.push(key);
            if let Some(alert) = known.keys.alert {
                self.learn(target.id, alert);
            }
            // Over a decision with another reach the latest counts: it starts from what is in force.
            let before = self.board.decision(key).clone();
            let mut after = before.clone();
            wish.edit.apply(&mut after);
            if before == after && !self.is_overruled(known, key) {
                continue;
            }
            let evidence = known.record.clone().map(Evidence::of);
            let about = About {
                rule: known.rule.clone(),
                place: known.place.clone(),
                evidence: evidence.as_ref().map(|evidence| evidence.sha256.clone()),
            };
            outcome.evidence.extend(evidence);
            outcome.changes.push(
                Change {
                    id: String::new(),
                    at,
                    by: self.by.clone(),
                    host: self.host.clone(),
                    key,
                    about,
                    before,
                    after,
                    batch: batch.clone(),
                    undoes: None,
                }
                .identified(),
            );
        }
        outcome
    }

    /// Whether saying the same again changes something: a later decision of another reach counts now, or it came back.
    fn is_overruled(&self, known: &Identified, key: Key) -> bool {
        let last = self.board.standing(&known.keys, None).last.map(|change| change.key);
        self.board.decision(key).status == Status::Closed || last.is_some_and(|last| last != key)
    }
}
