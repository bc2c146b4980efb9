//! An analysis as JSON: the contract of `cadge explain --format json`.

use super::json::{optional, quote};
use crate::analysis::{Analysis, Risk, Step};
use std::fmt::Write;

/// One object `{"alert":…,"analysis":…}`; `alert_json` is the alert as `list --json` writes it.
pub fn explained(alert_json: &str, analysis: &Analysis) -> String {
    format!("{{\"alert\":{},\"analysis\":{}}}", alert_json.trim_end(), analysis_json(analysis))
}

/// The analysis alone.
pub fn analysis_json(analysis: &Analysis) -> String {
    let mut out = String::new();
    let book = &analysis.playbook;
    let _ = write!(
        out,
        "{{\"playbook\":{{\"id\":{},\"match\":{}}},\"headline\":{},\"summary\":{}",
        quote(&book.id),
        quote(book.found_by.name()),
        quote(&analysis.headline),
        quote(&analysis.summary)
    );
    let texts = |items: &[String]| array(items, |item| quote(item));
    let _ = write!(
        out,
        ",\"proves\":{},\"not_proven\":{}",
        texts(&analysis.proves),
        texts(&analysis.not_proven)
    );
    let facts = array(&analysis.facts, |fact| {
        object(&[
            ("field", quote(&fact.field)),
            ("value", quote(&fact.value)),
            ("says", quote(&fact.says)),
            ("direction", quote(fact.direction.name())),
        ])
    });
    let assessment = &analysis.assessment;
    let reasons = array(&assessment.reasons, |reason| {
        object(&[
            ("field", quote(&reason.field)),
            ("says", quote(&reason.says)),
            ("direction", quote(reason.direction.name())),
        ])
    });
    let assessment = object(&[
        ("level", quote(assessment.level.name())),
        ("falco_priority", null_or(assessment.falco_priority.map(crate::model::Priority::name))),
        ("known", null_or(assessment.known.as_deref())),
        ("reasons", reasons),
    ]);
    let causes = array(&analysis.causes, |cause| {
        object(&[
            ("id", quote(&cause.id)),
            ("title", quote(&cause.title)),
            ("verdict", quote(&cause.verdict)),
            ("check", quote(&cause.check)),
        ])
    });
    let missing = array(&analysis.missing, |lack| {
        object(&[
            ("field", quote(&lack.field)),
            ("why", quote(&lack.why)),
            ("find", quote(&lack.find)),
        ])
    });
    let attack = array(&analysis.attack, |attack| {
        object(&[
            ("technique", quote(&attack.technique)),
            ("name", quote(&attack.name)),
            ("tactic", quote(&attack.tactic)),
            ("url", quote(&attack.url)),
        ])
    });
    let related = array(&analysis.related, |related| {
        object(&[
            ("id", related.id.0.to_string()),
            ("rule", quote(&related.rule)),
            ("why", quote(&related.why)),
        ])
    });
    let _ = write!(
        out,
        ",\"facts\":{facts},\"assessment\":{assessment},\"causes\":{causes},\"missing\":{missing},\"attack\":{attack},\"steps\":{},\"related\":{related},\"references\":{},\"tuning\":{}}}",
        array(&analysis.steps, step),
        texts(&analysis.references),
        null_or(analysis.tuning.as_deref()),
    );
    out
}

pub(super) fn step(step: &Step) -> String {
    let others = array(&step.others, |(variant, command)| {
        object(&[("variant", quote(variant)), ("command", quote(command))])
    });
    let undo = step.undo.as_deref().unwrap_or(match (step.risk, &step.command) {
        (Risk::ReadOnly, _) => "none needed",
        (_, None) => "none until the command can be made",
        (_, Some(_)) => "none",
    });
    object(&[
        ("phase", quote(step.phase.name())),
        ("id", quote(&step.id)),
        ("title", quote(&step.title)),
        ("why", quote(&step.why)),
        ("command", null_or(step.command.as_deref())),
        ("variant", quote(&step.variant)),
        ("risk", quote(step.risk.name())),
        ("undo", quote(undo)),
        ("privilege", quote(&step.privilege)),
        ("needs", array(&step.needs, |id| quote(id))),
        ("unavailable", null_or(step.unavailable.as_deref())),
        ("note", null_or(step.note.as_deref())),
        ("others", others),
    ])
}

pub(super) fn object(members: &[(&str, String)]) -> String {
    let members: Vec<_> =
        members.iter().map(|(key, value)| format!("{}:{value}", quote(key))).collect();
    format!("{{{}}}", members.join(","))
}

pub(super) fn array<T>(items: &[T], write: impl Fn(&T) -> String) -> String {
    let items: Vec<_> = items.iter().map(write).collect();
    format!("[{}]", items.join(","))
}

pub(super) fn null_or(text: Option<&str>) -> String {
    let mut out = String::new();
    optional(&mut out, text);
    out
}
