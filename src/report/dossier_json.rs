//! A whole report as one JSON object: everything the other forms say, for programs.

use super::analysis_json::{analysis_json, array, null_or, object, step};
use super::dossier::{Chapter, Dossier, place};
use super::json::quote;
use super::record;
use crate::triage::Decision;

/// The report, ending with a line feed. Keys stay; new ones may come.
pub fn json(dossier: &Dossier) -> String {
    let numbered: Vec<_> = (1..).zip(&dossier.chapters).collect();
    let groups = array(&dossier.groups(), |((rule, place), count)| {
        let time = |at: Option<jiff::Timestamp>| null_or(at.map(|at| at.to_string()).as_deref());
        object(&[
            ("rule", quote(rule)),
            ("place", quote(place)),
            ("alerts", count.alerts.to_string()),
            ("first", time(count.first)),
            ("last", time(count.last)),
        ])
    });
    let stories = array(&dossier.stories(), |story| {
        object(&[
            ("place", quote(&story.place)),
            ("seconds", story.seconds.to_string()),
            ("tactics", array(&story.tactics, |tactic| quote(tactic))),
            ("alerts", array(&story.beats, |beat| beat.number.to_string())),
        ])
    });
    let plan = array(&dossier.plan(), |stage| {
        let tasks = array(&stage.tasks, |task| {
            let alerts = array(&task.alerts, ToString::to_string);
            object(&[("alerts", alerts), ("step", step(task.step))])
        });
        object(&[("stage", quote(stage.title())), ("tasks", tasks)])
    });
    let indicators = array(&dossier.indicators(), |indicator| {
        object(&[
            ("kind", quote(indicator.kind)),
            ("value", quote(&indicator.value)),
            ("field", quote(indicator.field)),
        ])
    });
    let attack = array(&dossier.techniques(), |(attack, alerts)| {
        object(&[
            ("technique", quote(&attack.technique)),
            ("name", quote(&attack.name)),
            ("tactic", quote(&attack.tactic)),
            ("alerts", alerts.to_string()),
        ])
    });
    let unknown = array(&dossier.unknown(), |lack| {
        object(&[
            ("field", quote(&lack.field)),
            ("why", quote(&lack.why)),
            ("find", quote(&lack.find)),
        ])
    });
    let mut text = object(&[
        ("title", quote(&dossier.title)),
        ("made", quote(&dossier.made.to_string())),
        ("cadge", quote(env!("CARGO_PKG_VERSION"))),
        ("masked", dossier.masked.map_or_else(|| "null".to_owned(), |n| n.to_string())),
        ("n_alerts", dossier.alerts().to_string()),
        ("n_only_counted", dossier.rest.alerts().to_string()),
        ("summary", array(&dossier.summary(), |says| quote(says))),
        ("stories", stories),
        ("groups", groups),
        ("alerts", array(&numbered, |(number, chapter)| one(*number, chapter))),
        ("plan", plan),
        ("indicators", indicators),
        ("attack", attack),
        ("unknown", unknown),
    ]);
    text.push('\n');
    text
}

fn one(number: usize, chapter: &Chapter) -> String {
    let mut alert = String::new();
    record::alert(&mut alert, &chapter.alert);
    let decision = chapter.decision.as_ref().map(|(decision, by)| decided(decision, by));
    object(&[
        ("number", number.to_string()),
        ("place", quote(&place(&chapter.alert))),
        ("sha256", quote(&chapter.sha256)),
        ("decision", decision.unwrap_or_else(|| "null".to_owned())),
        ("alert", alert),
        ("analysis", analysis_json(&chapter.analysis)),
    ])
}

fn decided(decision: &Decision, by: &str) -> String {
    object(&[
        ("status", quote(decision.status.name())),
        ("verdict", null_or(decision.verdict.map(crate::model::Verdict::name))),
        ("reason", null_or(decision.reason.as_deref())),
        ("assignee", null_or(decision.assignee.as_deref())),
        ("note", null_or(decision.note.as_deref())),
        ("tags", array(&decision.tags, |tag| quote(tag))),
        ("by", quote(by)),
    ])
}
