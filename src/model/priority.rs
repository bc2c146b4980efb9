//! Falco's priorities.

/// Falco's priority of a rule, most urgent first. The order of the variants is the order of urgency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Priority {
    Emergency,
    Alert,
    Critical,
    Error,
    Warning,
    Notice,
    Informational,
    Debug,
}

impl Priority {
    /// All priorities, most urgent first.
    pub const ALL: [Self; 8] = [
        Self::Emergency,
        Self::Alert,
        Self::Critical,
        Self::Error,
        Self::Warning,
        Self::Notice,
        Self::Informational,
        Self::Debug,
    ];

    /// The word Falco writes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Emergency => "Emergency",
            Self::Alert => "Alert",
            Self::Critical => "Critical",
            Self::Error => "Error",
            Self::Warning => "Warning",
            Self::Notice => "Notice",
            Self::Informational => "Informational",
            Self::Debug => "Debug",
        }
    }

    /// Reads a priority in any case, with the short forms that rules files and old clients use (`INFO`, `WARN`, `EMERG`…).
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word.trim().to_ascii_lowercase().as_str() {
            "emergency" | "emerg" => Self::Emergency,
            "alert" => Self::Alert,
            "critical" | "crit" => Self::Critical,
            "error" | "err" => Self::Error,
            "warning" | "warn" => Self::Warning,
            "notice" => Self::Notice,
            "informational" | "info" | "information" => Self::Informational,
            "debug" => Self::Debug,
            _ => return None,
        })
    }
}
