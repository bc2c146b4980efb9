//! What an exception would hide of the alerts at hand: how many, and those a person should look at before loading it.

use super::{Different, Exception, most_different};
use crate::analysis::{Choice, Playbooks, analyze};
use crate::model::{Alert, Columns, Level};
use crate::query::{self, Filter, Names};

/// How many hidden alerts are compared with each other.
const MOST_COMPARED: usize = 5000;
/// How many of them are shown.
const SHOWN: usize = 3;

/// What an exception would hide.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hidden {
    pub n: u64,
    /// Alerts of the rule, hidden or not.
    pub n_of_rule: u64,
    /// The most different ones, without the confirmed one.
    pub shown: Vec<Shown>,
}

/// One alert that would be hidden besides the confirmed one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Its number in the order told, from 1.
    pub number: usize,
    pub alert: Alert,
    pub different: Different,
}

/// Counts what an exception hides, an alert at a time.
#[derive(Debug)]
pub struct Search {
    hides: Filter,
    of_rule: Filter,
    n: u64,
    n_of_rule: u64,
    found: Vec<(usize, Alert)>,
    own: Option<usize>,
}

impl Search {
    /// # Errors
    /// When the exception's own condition cannot be read back.
    pub fn new(exception: &Exception) -> Result<Self, String> {
        let read = |text: &str| {
            Filter::parse(text, &Names::default())
                .map_err(|error| format!("the exception cannot be read back: {}", error.message))
        };
        Ok(Self {
            hides: read(&exception.filter())?,
            of_rule: read(&format!("alert.rule = {}", query::quote(&exception.rule)))?,
            n: 0,
            n_of_rule: 0,
            found: Vec::new(),
            own: None,
        })
    }

    /// Whether these exact columns show that the alert is of another rule.
    pub fn is_other_rule(&self, columns: &Columns<'_>) -> bool {
        self.of_rule.decide(columns) == Some(false)
    }

    /// Takes an alert in; `place` counts from 0 in the order told, `is_own` marks the confirmed one.
    pub fn add(&mut self, place: usize, is_own: bool, alert: Alert) {
        if !self.of_rule.matches(&alert) {
            return;
        }
        self.n_of_rule += 1;
        if !self.hides.matches(&alert) {
            return;
        }
        self.n += 1;
        if is_own {
            self.own = Some(self.found.len());
        }
        if is_own || self.found.len() < MOST_COMPARED {
            self.found.push((place, alert));
        }
    }

    /// What came out; `confirmed` is the false positive that all are compared with.
    pub fn finish(self, confirmed: &Alert) -> Hidden {
        let alerts: Vec<&Alert> = self.found.iter().map(|(_, alert)| alert).collect();
        let shown = most_different(confirmed, self.own, &alerts, SHOWN)
            .into_iter()
            .filter_map(|different| {
                let (place, alert) = self.found.get(different.place)?;
                Some(Shown { number: place + 1, alert: alert.clone(), different })
            })
            .collect();
        Hidden { n: self.n, n_of_rule: self.n_of_rule, shown }
    }
}

/// What looks harmful is no candidate without a second look: the alert itself, and the most different ones it stands for.
pub fn cautions_of_level(alert: &Alert, hidden: &Hidden, playbooks: &Playbooks) -> Vec<String> {
    let level = |alert: &Alert| analyze(alert, &[], playbooks, &Choice::default()).assessment.level;
    let mut cautions = Vec::new();
    let own = level(alert);
    if own >= Level::High {
        cautions.push(format!(
            "cadge judges this alert {}: make sure that it is a false positive first.",
            own.name()
        ));
    }
    for shown in &hidden.shown {
        let theirs = level(&shown.alert);
        if theirs >= Level::High && theirs > own {
            cautions.push(format!(
                "It would hide alert {} too, which cadge judges {}.",
                shown.number,
                theirs.name()
            ));
        }
    }
    cautions
}

/// Whether an alert is of the same rule and container as the confirmed one.
pub fn is_of_group(own: &Alert, other: &Alert) -> bool {
    let (ours, theirs) = (own.container(), other.container());
    other.rule == own.rule && (theirs.id, theirs.name) == (ours.id, ours.name)
}
