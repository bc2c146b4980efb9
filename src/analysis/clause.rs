//! Filters and patterns as playbooks write them: kept as text, compiled when they are first asked, and only once.

use super::facts::Case;
use crate::query::{Filter, Names};
use regex::Regex;
use serde::Deserialize;
use std::sync::OnceLock;

/// A `when` of a playbook, in Falco's condition language.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(from = "String")]
pub struct Clause {
    text: String,
    filter: OnceLock<Option<Filter>>,
}

impl Clause {
    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.text.trim().is_empty()
    }

    /// Whether it holds; one that cannot be read never does (the check of playbooks reports it).
    pub fn holds(&self, case: Case<'_>) -> bool {
        self.filter
            .get_or_init(|| Filter::parse(&self.text, &Names::default()).ok())
            .as_ref()
            .is_some_and(|filter| filter.matches(&case))
    }
}

impl From<String> for Clause {
    fn from(text: String) -> Self {
        Self { text, filter: OnceLock::new() }
    }
}

/// A regular expression that a whole value must match.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(from = "String")]
pub struct Pattern {
    text: String,
    regex: OnceLock<Option<Regex>>,
}

impl Pattern {
    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the whole value matches; `None` when the pattern cannot be read.
    pub fn matches(&self, value: &str) -> Option<bool> {
        self.regex
            .get_or_init(|| Regex::new(&format!("^(?:{})$", self.text)).ok())
            .as_ref()
            .map(|regex| regex.is_match(value))
    }
}

impl From<String> for Pattern {
    fn from(text: String) -> Self {
        Self { text, regex: OnceLock::new() }
    }
}
