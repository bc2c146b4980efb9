//! Stands in for `analysis::analyze` and `report::markdown` until they are there; to be removed then.

use crate::analysis::{Analysis, Assessment, Choice, Match, Neighbour, PlaybookRef, Playbooks};
use crate::model::{Alert, Level, Priority};

pub(super) fn analyze(alert: &Alert, _: &[Neighbour<'_>], _: &Playbooks, _: &Choice) -> Analysis {
    let level = match alert.priority {
        Some(Priority::Emergency | Priority::Alert | Priority::Critical) => Level::Critical,
        Some(Priority::Error | Priority::Warning) => Level::Medium,
        _ => Level::Low,
    };
    Analysis {
        playbook: PlaybookRef { id: "none".into(), found_by: Match::Fallback },
        headline: "The analysis is not connected yet.".into(),
        summary: String::new(),
        proves: vec![],
        not_proven: vec![],
        facts: vec![],
        assessment: Assessment {
            level,
            falco_priority: alert.priority,
            known: None,
            reasons: vec![],
        },
        causes: vec![],
        missing: vec![],
        attack: vec![],
        steps: vec![],
        related: vec![],
        tuning: None,
        references: vec![],
    }
}

pub(super) fn markdown(alert: &Alert, analysis: &Analysis) -> String {
    format!("# {}\n\n{}\n", crate::text::printable(alert.rule_name()), analysis.headline)
}
