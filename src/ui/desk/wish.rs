//! A decision on its way: what shall change, about which alerts and groups.

use super::Desk;
use crate::model::{AlertId, Level};
use crate::triage::{About, AlertKeys, Change, Edit, Evidence, Key, Scope, Signature, change};
use crate::ui::pane::groups::Pick;
use jiff::Timestamp;
use rustc_hash::{FxHashMap, FxHashSet};

/// What shall happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    Decide(Edit),
    Mute { ends: Timestamp, reason: String },
}

impl Wanted {
    /// In words, as done: `acknowledged`, `closed as benign`…
    pub fn words(&self) -> String {
        match self {
            Self::Decide(edit) => edit.words(),
            Self::Mute { .. } => "muted".to_owned(),
        }
    }

    /// Whether what it is about leaves the inbox.
    pub fn puts_aside(&self) -> bool {
        match self {
            Self::Decide(edit) => edit.puts_aside(),
            Self::Mute { .. } => true,
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

/// A decision whose alerts are known, or are being read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// Of all wishes of this session: the answers name it.
    pub number: u64,
    pub wanted: Wanted,
    pub targets: Vec<Target>,
    /// What it is about, as it was when it was wished for; printable.
    pub about: String,
    /// Where the cursor goes.
    pub next: Option<Pick>,
    /// What was found out about its alerts.
    pub found: FxHashMap<AlertId, Identified>,
    /// Whether all of it is there.
    pub is_known: bool,
    /// Whether something had to be read for it: the cursor has gone on meanwhile.
    pub has_waited: bool,
}

/// What waits for its turn: decisions are made in the order of their keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Waiting {
    Wish(Box<Wish>),
    Undo,
    Redo,
}

/// What must be known of an alert to decide about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identified {
    pub id: AlertId,
    pub keys: AlertKeys,
    pub rule: String,
    pub place: String,
    /// The raw record with its hash; `None` when it cannot be read any more.
    pub record: Option<Evidence>,
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
    /// The changes that an edit of these comes to. Each key changes once.
    pub fn changes(
        &mut self,
        edit: &Edit,
        targets: &[Target],
        found: &FxHashMap<AlertId, Identified>,
        now: Timestamp,
    ) -> Outcome {
        let at = self.stamp(now);
        let (by, host) = (self.by.clone(), self.host.clone());
        let signature = Signature { by, host, at, batch: self.batch(at) };
        let mut outcome = Outcome::default();
        let mut seen: FxHashSet<Key> = FxHashSet::default();
        for target in targets {
            let known = found.get(&target.id);
            let key = known.and_then(|known| match target.scope {
                Scope::Alert => known.keys.alert,
                Scope::Container => Some(known.keys.container),
                Scope::Workload => Some(known.keys.workload.unwrap_or(known.keys.container)),
            });
            let (Some(known), Some(key)) = (known, key) else {
                outcome.n_gone += 1;
                continue;
            };
            if !seen.insert(key) {
                continue;
            }
            if let Some(alert) = known.keys.alert {
                self.learn(target.id, alert);
            }
            let about = About {
                rule: known.rule.clone(),
                place: known.place.clone(),
                evidence: known.record.as_ref().map(|evidence| evidence.sha256.clone()),
            };
            let edits = std::slice::from_ref(edit);
            let made = change(&self.board, &signature, (key, Some(&known.keys)), about, edits);
            outcome.evidence.extend(known.record.clone().filter(|_| !made.is_empty()));
            outcome.changes.extend(made);
        }
        outcome
    }
}
