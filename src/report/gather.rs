//! From alerts read one by one to the parts of a [`Dossier`]: which are told, what was decided about each, the title.

use super::dossier::{Chapter, Dossier, Rest, place};
use super::{case, dossier_json, html};
use crate::analysis::Analysis;
use crate::model::Alert;
use crate::text::plural;
use crate::triage::{AlertKeys, Board, Change, Decision, hex};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// How a report is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    #[default]
    Markdown,
    Html,
    Json,
}

impl Form {
    pub const ALL: [Self; 3] = [Self::Markdown, Self::Html, Self::Json];

    pub fn name(self) -> &'static str {
        match self {
            Self::Markdown => "markdown",
            Self::Html => "html",
            Self::Json => "json",
        }
    }

    /// How the names of its files end.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Markdown => "md",
            Self::Html => "html",
            Self::Json => "json",
        }
    }

    /// Finds a form by its name or the ending of its files.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.name() == name || form.ending() == name)
    }
}

/// The report as text.
pub fn render(dossier: &Dossier, form: Form) -> String {
    match form {
        Form::Markdown => case::markdown(dossier),
        Form::Html => html::render(dossier),
        Form::Json => dossier_json::json(dossier),
    }
}

/// An alert as a chapter, with the hash of its record.
pub fn chapter(
    record: &[u8],
    alert: Alert,
    analysis: Analysis,
    decision: Option<(Decision, String)>,
) -> Chapter {
    Chapter { alert, analysis, sha256: hex(&Sha256::digest(record)), decision }
}

/// What was decided about an alert, and by whom, in words. Every change that led there is added to `history`.
pub fn decided(
    board: &Board,
    alert: &Alert,
    history: &mut Vec<Change>,
) -> Option<(Decision, String)> {
    let keys = AlertKeys::of(alert);
    let standing = board.standing(&keys, alert.time);
    let last = standing.last?;
    history.extend(board.history(&keys).into_iter().cloned());
    let mut decision = standing.decision();
    decision.status = standing.status();
    let scope = if Some(last.key) == keys.alert { "" } else { ", for all alike" };
    Some((decision, format!("by {} at {:.0}{scope}", last.by, last.at)))
}

/// Chooses which of many alerts are told one by one: the first of each rule in each place, then the earliest of the
/// others.
#[derive(Debug, Default)]
pub struct Telling {
    seen: BTreeSet<(String, String)>,
    firsts: BTreeSet<usize>,
    n: usize,
}

impl Telling {
    /// Takes in the next alert; they come in the order in which they are told.
    pub fn take(&mut self, alert: Option<&Alert>) {
        if let Some(alert) = alert
            && self.seen.insert((alert.rule_name().to_owned(), place(alert)))
        {
            self.firsts.insert(self.n);
        }
        self.n += 1;
    }

    /// Numbers of at most so many alerts, from 0.
    pub fn chosen(self, most: usize) -> BTreeSet<usize> {
        let mut told: BTreeSet<usize> = self.firsts.into_iter().take(most).collect();
        let mut others = 0..self.n;
        while told.len() < most
            && let Some(at) = others.next()
        {
            told.insert(at);
        }
        told
    }
}

/// What a report is called that nobody gave a title.
pub fn title(chapters: &[Chapter], rest: &Rest) -> String {
    match chapters {
        [one] if rest.alerts() == 0 => {
            format!("{}: {}", one.alert.rule_name(), place(&one.alert))
        }
        _ => format!(
            "Report on {}",
            plural((chapters.len() + rest.alerts()) as u64, "Falco alert", "Falco alerts")
        ),
    }
}

/// Whether an alert that was decided so is still open.
pub fn is_open(decision: Option<&(Decision, String)>) -> bool {
    decision.is_none_or(|(decision, _)| decision.status == crate::model::Status::Open)
}
