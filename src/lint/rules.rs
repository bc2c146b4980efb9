//! The rules' words, from the table.

use std::collections::HashMap;
use std::sync::LazyLock;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Note,
    Warn,
    Error,
    /// Never to be pasted.
    Block,
}

impl Severity {
    pub const ALL: [Self; 4] = [Self::Note, Self::Warn, Self::Error, Self::Block];

    /// The word used in JSON and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Block => "block",
        }
    }

    /// Reads one of the four words.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.name() == word)
    }
}

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    pub severity: Severity,
    pub message: &'static str,
    pub instead: &'static str,
}

/// The rule with this id; an id that is not in the table is a mistake of ours, caught by a test.
pub fn rule(id: &str) -> Rule {
    const UNKNOWN: Rule = Rule { severity: Severity::Note, message: "", instead: "" };
    RULES.get(id).copied().unwrap_or(UNKNOWN)
}

/// All ids with their rules, in the order of the table.
pub fn all() -> impl Iterator<Item = (&'static str, Rule)> {
    TABLE.lines().filter_map(line)
}

static TABLE: &str = include_str!("rules.tsv");
static RULES: LazyLock<HashMap<&'static str, Rule>> = LazyLock::new(|| all().collect());

fn line(line: &'static str) -> Option<(&'static str, Rule)> {
    let mut cells = line.split('\t');
    let (id, severity) = (cells.next()?, Severity::parse(cells.next()?)?);
    Some((id, Rule { severity, message: cells.next()?, instead: cells.next().unwrap_or_default() }))
}
