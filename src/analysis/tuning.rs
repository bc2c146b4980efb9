//! A Falco exception for a confirmed false positive: from the real values of alerts, or a reason why none should be written.
//!
//! An exception holds at least two telling fields, one of which the program itself cannot choose; otherwise it would let
//! through what the rule is for. Nothing is written that Falco would not load or would compare differently.

mod choice;
mod differ;
mod hidden;
mod nature;
#[cfg(test)]
mod tests;
mod value;
mod written;

pub use differ::{Different, most_different};
pub use hidden::{Hidden, Search, Shown, cautions_of_level, is_of_group};
pub use value::Comparison;
pub use written::{FILE, is_usual_list};

use super::facts::{Case, Facts};
use super::library::Playbooks;
use crate::model::{Alert, Flag};
use crate::query;
use choice::{Chosen, Column};
use nature::Nature;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

/// A version of Falco, as far as the syntax depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    pub major: u32,
    pub minor: u32,
}

impl Version {
    /// The first that knows exceptions.
    const EXCEPTIONS: Self = Self { major: 0, minor: 28 };
    /// The first that knows `override`.
    const OVERRIDE: Self = Self { major: 0, minor: 37 };
    /// The first that sets the condition in parentheses before it adds an exception.
    const PARENTHESES: Self = Self { major: 0, minor: 38 };
    /// The first that reads container fields through a plugin.
    const PLUGIN: Self = Self { major: 0, minor: 41 };

    /// Reads `0.40`, `0.40.1` or `v0.40.1`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.trim().trim_start_matches(['v', 'V']).split(['.', '-', '+']);
        let major = parts.next()?.parse().ok()?;
        let minor = parts.next()?.parse().ok()?;
        Some(Self { major, minor })
    }
}

impl Default for Version {
    fn default() -> Self {
        Self { major: 0, minor: 40 }
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// What an exception is made from.
pub struct Wish<'a> {
    /// Wanted fields, best first: those of the playbook, or those a person named.
    pub fields: &'a [String],
    /// Exactly these fields, or nothing.
    pub is_exact: bool,
    pub version: Version,
    /// Whether a word is the name of a list in the rules: Falco replaces it, even within quotes.
    pub is_list: &'a dyn Fn(&str) -> bool,
}

/// An exception, ready to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    pub rule: String,
    /// An identifier that the rule hardly has yet.
    pub name: String,
    /// Fields with their operators.
    pub fields: Vec<(String, Comparison)>,
    /// Sets of values, each as long as the fields; raw, as they are compared.
    pub values: Vec<Vec<String>>,
    pub version: Version,
    /// What a person should know before loading it.
    pub cautions: Vec<String>,
}

/// Why no exception is written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct Refusal {
    pub what: String,
    /// Every field that was looked at and could not be used, with the reason.
    pub fields: Vec<(String, String)>,
}

impl Refusal {
    fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), fields: Vec::new() }
    }
}

/// The fields that the alert's playbook recommends for an exception, best first.
pub fn recommended(alert: &Alert, playbooks: &Playbooks) -> Vec<String> {
    let facts = Facts::read(alert);
    super::choose::choose(Case { alert, facts: &facts }, playbooks)
        .and_then(|(playbook, _)| playbook.tuning.as_ref().map(|tuning| tuning.fields.clone()))
        .unwrap_or_default()
}

/// An exception that hides exactly these alerts' values, the first of which is the confirmed one; all of one rule.
pub fn exception(alerts: &[&Alert], wish: &Wish<'_>) -> Result<Exception, Refusal> {
    let first = alerts.first().ok_or_else(|| Refusal::new("there is no alert to make it from"))?;
    let rule = named_rule(first)?;
    if alerts.iter().any(|alert| alert.rule != first.rule) {
        return Err(Refusal::new(
            "an exception belongs to one rule, and these alerts are of several",
        ));
    }
    if wish.version < Version::EXCEPTIONS {
        return Err(Refusal::new(format!("Falco {} knows no exceptions", wish.version)));
    }
    let Chosen { columns, sets: values, left_out } = choice::choose(alerts, wish)?;
    let fields: Vec<_> =
        columns.iter().map(|column| (column.field.clone(), column.comparison)).collect();
    let mut exception = Exception {
        rule: rule.to_owned(),
        name: name(rule, &fields, &values),
        cautions: Vec::new(),
        fields,
        values,
        version: wish.version,
    };
    exception.cautions = cautions(first, &columns, &left_out, wish.version);
    Ok(exception)
}

fn named_rule(alert: &Alert) -> Result<&str, Refusal> {
    if alert.is_internal() || alert.event_source.as_deref() == Some("internal") {
        return Err(Refusal::new("Falco speaks of itself here; no rule stands behind it"));
    }
    let rule = alert.rule.as_deref().filter(|rule| !rule.trim().is_empty());
    let rule =
        rule.ok_or_else(|| Refusal::new("the alert names no rule to add an exception to"))?;
    if rule.chars().any(|c| crate::text::is_dangerous(c) || matches!(c, '\n' | '\r' | '\t')) {
        return Err(Refusal::new("the rule's name holds characters that no rule of a file has"));
    }
    Ok(rule)
}

/// The same alerts give the same name.
fn name(rule: &str, fields: &[(String, Comparison)], values: &[Vec<String>]) -> String {
    let digest = Sha256::digest(format!("{rule}\0{fields:?}\0{values:?}"));
    let mut name = String::from("triage_");
    for byte in digest.iter().take(4) {
        let _ = write!(name, "{byte:02x}");
    }
    name
}

fn cautions(
    alert: &Alert,
    columns: &[Column],
    left_out: &[String],
    version: Version,
) -> Vec<String> {
    let mut cautions = Vec::new();
    if !columns.iter().any(|column| column.is(Nature::Chosen)) {
        let names = columns.iter().filter(|column| column.nature == Nature::Chosen);
        let names: Vec<&str> = names.map(|column| column.field.as_str()).collect();
        cautions.push(if names.is_empty() {
            "It names no program or file: everything that this rule sees there is hidden."
                .to_owned()
        } else {
            format!(
                "{} tells next to nothing: much that this rule sees there is hidden.",
                names.join(", ")
            )
        });
    }
    for field in left_out {
        cautions.push(format!("{field} differs from alert to alert and is not compared."));
    }
    for column in columns.iter().filter(|column| column.comparison == Comparison::StartsWith) {
        cautions.push(format!(
            "Only the beginning of {} is compared: what follows was cut or cannot be compared, and may be anything.",
            column.field
        ));
    }
    if alert.flags.has(Flag::Text) || alert.flags.has(Flag::Unverified) {
        cautions.push(
            "The values were read from text that may have been forged; look at Falco's JSON first."
                .to_owned(),
        );
    }
    if version < Version::PARENTHESES {
        cautions.push(
            "Before 0.38 it guards only the last branch of a condition that ends in `or`."
                .to_owned(),
        );
    }
    if version >= Version::PLUGIN
        && columns.iter().any(|column| column.field.starts_with("container."))
    {
        cautions.push(
            "From 0.41 on, container fields need the container plugin to be loaded.".to_owned(),
        );
    }
    cautions
}

impl Exception {
    /// `override` from 0.37 on, else `append`.
    pub fn syntax(&self) -> &'static str {
        if self.version >= Version::OVERRIDE { "override" } else { "append" }
    }

    /// A rules file with this one item.
    pub fn yaml(&self) -> String {
        let fields: Vec<&str> = self.fields.iter().map(|(field, _)| field.as_str()).collect();
        let comparisons: Vec<String> =
            self.fields.iter().map(|(_, comparison)| value::yaml(comparison.word())).collect();
        let mut out = format!("- rule: {}\n  exceptions:\n", value::yaml(&self.rule));
        let _ = writeln!(out, "    - name: {}", self.name);
        let written: Vec<String> = fields
            .iter()
            .map(|field| if field.contains('[') { value::yaml(field) } else { (*field).to_owned() })
            .collect();
        let _ = writeln!(out, "      fields: [{}]", written.join(", "));
        let _ = writeln!(out, "      comps: [{}]", comparisons.join(", "));
        out.push_str("      values:\n");
        for set in &self.values {
            let set: Vec<String> =
                set.iter().map(|text| value::yaml(&value::falco(text))).collect();
            let _ = writeln!(out, "        - [{}]", set.join(", "));
        }
        out.push_str(match self.syntax() {
            "override" => "  override:\n    exceptions: append\n",
            _ => "  append: true\n",
        });
        out
    }

    /// What the exception compares, as Falco puts it together; true for what is hidden.
    pub fn condition(&self) -> String {
        let sets: Vec<String> = self
            .values
            .iter()
            .map(|set| {
                let checks: Vec<String> = self
                    .fields
                    .iter()
                    .zip(set)
                    .map(|((field, comparison), text)| {
                        format!("{field} {} {}", comparison.word(), value::falco(text))
                    })
                    .collect();
                format!("({})", checks.join(" and "))
            })
            .collect();
        format!("({})", sets.join(" or "))
    }

    /// A filter for the alerts it would hide: those of its rule that meet its condition.
    pub fn filter(&self) -> String {
        format!("alert.rule = {} and {}", query::quote(&self.rule), self.condition())
    }
}
