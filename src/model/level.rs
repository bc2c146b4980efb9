//! How bad an alert is after its evidence was read.

/// The level of an assessment. Ordered: `Benign < Critical`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Level {
    Benign,
    Low,
    Medium,
    High,
    Critical,
}

impl Level {
    /// All levels, mildest first.
    pub const ALL: [Self; 5] = [Self::Benign, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The word used in JSON, in filters and on the screen.
    pub fn name(self) -> &'static str {
        match self {
            Self::Benign => "benign",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// Reads one of the five words.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.name() == word)
    }
}
