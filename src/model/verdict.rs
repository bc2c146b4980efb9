//! What a person decided about an alert.

use serde::{Deserialize, Serialize};

/// Where an alert or a group stands in the work.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    #[default]
    Open,
    Acknowledged,
    Escalated,
    Closed,
}

impl Status {
    pub const ALL: [Self; 4] = [Self::Open, Self::Acknowledged, Self::Escalated, Self::Closed];

    /// The word used in JSON, in filters and on the screen.
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Acknowledged => "acknowledged",
            Self::Escalated => "escalated",
            Self::Closed => "closed",
        }
    }

    /// Reads one of the four words.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == word)
    }
}

/// Why an alert was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    TruePositive,
    Benign,
    FalsePositive,
    Duplicate,
    Test,
}

impl Verdict {
    pub const ALL: [Self; 5] =
        [Self::TruePositive, Self::Benign, Self::FalsePositive, Self::Duplicate, Self::Test];

    /// The word used in JSON, in filters and in playbooks.
    pub fn name(self) -> &'static str {
        match self {
            Self::TruePositive => "true_positive",
            Self::Benign => "benign",
            Self::FalsePositive => "false_positive",
            Self::Duplicate => "duplicate",
            Self::Test => "test",
        }
    }

    /// The words for a sentence.
    pub fn words(self) -> &'static str {
        match self {
            Self::TruePositive => "a true positive",
            Self::Benign => "benign",
            Self::FalsePositive => "a false positive",
            Self::Duplicate => "a duplicate",
            Self::Test => "a test",
        }
    }

    /// Reads one of the five words.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.name() == word)
    }
}
