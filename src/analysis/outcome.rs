//! The result of an analysis: the contract between `analysis` and all that shows it (`ui`, `report`, `cli explain`).
//!
//! All texts here may hold alert text; they are raw, and whoever shows, copies or exports them passes them through its gate.
//! The exception is [`Step::command`], which is finished: typed, quoted and safe to paste.

use crate::model::{AlertId, Level, Priority};

/// What is known about one alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Analysis {
    pub playbook: PlaybookRef,
    /// One sentence about this alert that a new colleague understands.
    pub headline: String,
    /// Two to four sentences: what the rule means, and what happened here.
    pub summary: String,
    /// The part of the summary that tells of the alerts around this one.
    pub story: Option<String>,
    /// What the event proves.
    pub proves: Vec<String>,
    /// What it does not prove, though its name may sound so.
    pub not_proven: Vec<String>,
    pub facts: Vec<Fact>,
    pub assessment: Assessment,
    /// Likely causes, likeliest first, benign and malicious.
    pub causes: Vec<Cause>,
    /// What is not known, why, and what would find it.
    pub missing: Vec<Missing>,
    pub attack: Vec<Attack>,
    /// In the order to take them; the order between phases is that of [`Phase`] unless evidence must be saved first.
    pub steps: Vec<Step>,
    pub related: Vec<Related>,
    /// How the rule is quietened when it is right and harmless here.
    pub tuning: Option<String>,
    pub references: Vec<String>,
}

/// Which playbook spoke, and how it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaybookRef {
    pub id: String,
    pub found_by: Match,
}

/// How a playbook was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Match {
    /// The rule's name stands in the playbook.
    Rule,
    /// By tags, technique or kind of event.
    Family,
    Fallback,
}

impl Match {
    pub fn name(self) -> &'static str {
        match self {
            Self::Rule => "rule",
            Self::Family => "family",
            Self::Fallback => "fallback",
        }
    }
}

/// One thing read from a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    pub field: String,
    /// As received.
    pub value: String,
    /// What the value means here.
    pub says: String,
    pub direction: Direction,
}

/// Towards harmful, towards harmless, or neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Up,
    Down,
    Neutral,
}

impl Direction {
    pub fn name(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::Neutral => "neutral",
        }
    }
}

/// How bad it is, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assessment {
    pub level: Level,
    pub falco_priority: Option<Priority>,
    /// A short stable id of a recognized identity: `event-generator`, `calico-felix`…
    pub known: Option<String>,
    /// Strongest first; each names the field it rests on.
    pub reasons: Vec<Reason>,
}

/// One reason of an assessment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The field (or `neighbors`, `priority`) it rests on.
    pub field: String,
    pub says: String,
    pub direction: Direction,
}

/// A likely cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    pub id: String,
    pub title: String,
    /// A verdict's word: `true_positive`, `benign`, `false_positive`, `test`.
    pub verdict: String,
    /// How a person makes sure.
    pub check: String,
}

/// A value the alert lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    pub field: String,
    pub why: String,
    /// What would find it: a finished command or a sentence.
    pub find: String,
}

/// A MITRE ATT&CK technique.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attack {
    /// `T1059.004`
    pub technique: String,
    pub name: String,
    pub tactic: String,
    pub url: String,
}

/// When in a response a step belongs. The order of the variants is the usual order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    Verify,
    Preserve,
    Contain,
    Eradicate,
    Harden,
    Tune,
}

impl Phase {
    pub const ALL: [Self; 6] =
        [Self::Verify, Self::Preserve, Self::Contain, Self::Eradicate, Self::Harden, Self::Tune];

    pub fn name(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Preserve => "preserve",
            Self::Contain => "contain",
            Self::Eradicate => "eradicate",
            Self::Harden => "harden",
            Self::Tune => "tune",
        }
    }
}

/// What a command may do to the host and to the evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Risk {
    ReadOnly,
    Reversible,
    Disruptive,
    DestroysEvidence,
}

impl Risk {
    /// The catalogue's word.
    pub fn name(self) -> &'static str {
        match self {
            Self::ReadOnly => "read-only",
            Self::Reversible => "reversible",
            Self::Disruptive => "disruptive",
            Self::DestroysEvidence => "destroys-evidence",
        }
    }
}

/// One step with its command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub phase: Phase,
    /// The command's id in the catalogue.
    pub id: String,
    pub title: String,
    /// Why it is worth doing for this alert.
    pub why: String,
    /// Finished text for a shell: filled, quoted, without a newline at its end. `None` when [`Step::unavailable`] says why.
    pub command: Option<String>,
    /// The catalogue's word: `docker`, `podman`, `nerdctl`, `ctr`, `crictl`, `kubectl`, `host`…
    pub variant: String,
    /// The same step for other runtimes: variant and finished command.
    pub others: Vec<(String, String)>,
    pub risk: Risk,
    /// How to take it back, filled like the command; `None` when nothing needs taking back.
    pub undo: Option<String>,
    /// `none`, `docker-group`, `root`, `k8s:get pods`…
    pub privilege: String,
    /// Ids of steps that must come before this one.
    pub needs: Vec<String>,
    /// Why there is no command, and what would make one possible.
    pub unavailable: Option<String>,
    /// What is known against it, or when not to use it.
    pub note: Option<String>,
}

/// A neighbor worth seeing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Related {
    pub id: AlertId,
    pub rule: String,
    /// `same container`, `same process`, `same minute`…
    pub why: String,
}

impl Analysis {
    /// How many of the first steps stand outside the usual order of phases, because they cannot wait.
    pub fn n_urgent(&self) -> usize {
        let phases: Vec<Phase> = self.steps.iter().map(|step| step.phase).collect();
        (0..phases.len())
            .find(|from| phases.get(*from..).is_some_and(<[Phase]>::is_sorted))
            .unwrap_or(0)
    }
}
