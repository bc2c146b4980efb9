//! An analysis as a Markdown report: what happened, what it proves, how bad it is and why, and what to type.

use super::code::{cell, fence, finder, prose, span};
use crate::analysis::{Analysis, Direction, Phase, Step};
use crate::model::Alert;
use std::fmt::Write;

/// The whole report of one alert.
pub fn markdown(alert: &Alert, analysis: &Analysis) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "# {}\n", prose(&analysis.headline));
    let level = analysis.assessment.level.name();
    let known = analysis
        .assessment
        .known
        .as_ref()
        .map(|known| format!(" · recognized: {}", span(known)))
        .unwrap_or_default();
    let _ = writeln!(out, "**Assessment: {level}**{known}\n");
    section(&mut out, "Summary", &prose(&analysis.summary));
    details(&mut out, alert, analysis);
    list(&mut out, "What it proves", &analysis.proves);
    list(&mut out, "What it does not prove", &analysis.not_proven);
    assessment(&mut out, analysis);
    causes(&mut out, analysis);
    missing(&mut out, analysis);
    next_steps(&mut out, analysis);
    let (urgent, rest) = analysis.steps.split_at(analysis.n_urgent().min(analysis.steps.len()));
    let is_shown =
        |line: &str| analysis.steps.iter().any(|step| step.command.as_deref() == Some(line));
    steps(&mut out, "First, before anything else", urgent.iter(), &is_shown);
    for phase in Phase::ALL {
        let of_phase = rest.iter().filter(|step| step.phase == phase);
        steps(&mut out, title(phase), of_phase, &is_shown);
    }
    if let Some(tuning) = &analysis.tuning {
        section(&mut out, "When it is right and harmless", &prose(tuning));
    }
    related(&mut out, analysis);
    references(&mut out, analysis);
    let end = out.trim_end().len();
    out.truncate(end);
    out.push('\n');
    out
}

fn section(out: &mut String, title: &str, text: &str) {
    let _ = writeln!(out, "## {title}\n\n{text}\n");
}

fn list(out: &mut String, title: &str, items: &[String]) {
    if items.is_empty() {
        return;
    }
    let _ = writeln!(out, "## {title}\n");
    for item in items {
        let _ = writeln!(out, "- {}", prose(item));
    }
    out.push('\n');
}

fn details(out: &mut String, alert: &Alert, analysis: &Analysis) {
    out.push_str("## Event details\n\n| field | value | meaning |\n|---|---|---|\n");
    let mut row = |name: &str, value: &str, says: &str| {
        let _ = writeln!(
            out,
            "| {} | {} | {} |",
            cell(name),
            cell(value),
            prose(says).replace('\n', " ")
        );
    };
    row("rule", alert.rule_name(), "");
    if let Some(time) = alert.time {
        row("time", &time.to_string(), "");
    }
    if let Some(priority) = alert.priority {
        row("priority", priority.name(), "Set by the rule's author; no measure of this event.");
    }
    if let Some(uuid) = &alert.uuid {
        row("uuid", uuid, "");
    }
    if let Some(host) = &alert.hostname {
        row("hostname", host, "");
    }
    if let Some(source) = &alert.event_source {
        row("source", source, "");
    }
    for (name, value) in alert.fields.iter() {
        let value = value.display();
        let says = analysis
            .facts
            .iter()
            .find(|fact| fact.field == name)
            .map_or("", |fact| fact.says.as_str());
        row(name, &crate::text::shown(&value, 400), says);
    }
    if !alert.tags.is_empty() {
        row("tags", &alert.tags.join(" "), "");
    }
    out.push('\n');
    if let Some(output) = &alert.output {
        let _ = writeln!(out, "{}\n", fence(&crate::text::shown(output, 4000), "text"));
    }
}

fn assessment(out: &mut String, analysis: &Analysis) {
    let _ = writeln!(out, "## Assessment\n\n**{}**, because:\n", analysis.assessment.level.name());
    for reason in &analysis.assessment.reasons {
        let mark = match reason.direction {
            Direction::Up => "▲",
            Direction::Down => "▼",
            Direction::Neutral => "·",
        };
        let _ = writeln!(out, "- {mark} {} ({})", prose(&reason.says), span(&reason.field));
    }
    out.push('\n');
}

fn causes(out: &mut String, analysis: &Analysis) {
    if analysis.causes.is_empty() {
        return;
    }
    out.push_str("## Possible causes\n\n");
    for (n, cause) in analysis.causes.iter().enumerate() {
        let verdict = cause.verdict.replace('_', " ");
        let _ = writeln!(
            out,
            "{}. **{}** ({verdict}). {}",
            n + 1,
            prose(&cause.title),
            prose(&cause.check)
        );
    }
    out.push('\n');
}

fn missing(out: &mut String, analysis: &Analysis) {
    if analysis.missing.is_empty() {
        return;
    }
    out.push_str("## What is not known\n\n");
    for lack in &analysis.missing {
        let _ = writeln!(
            out,
            "- {}: {} Find it: {}",
            span(&lack.field),
            prose(&lack.why),
            span(&lack.find)
        );
    }
    out.push('\n');
}

fn next_steps(out: &mut String, analysis: &Analysis) {
    let steps: Vec<&Step> =
        analysis.steps.iter().filter(|step| step.command.is_some()).take(5).collect();
    if steps.is_empty() {
        return;
    }
    out.push_str("## Next steps\n\n");
    for (n, step) in steps.iter().enumerate() {
        let _ = writeln!(
            out,
            "{}. {} ({}): {}",
            n + 1,
            span(&step.id),
            step.phase.name(),
            prose(&step.why)
        );
    }
    out.push('\n');
}

fn title(phase: Phase) -> &'static str {
    match phase {
        Phase::Verify => "Verify",
        Phase::Preserve => "Preserve evidence",
        Phase::Contain => "Contain",
        Phase::Eradicate => "Eradicate",
        Phase::Harden => "Harden",
        Phase::Tune => "Tune",
    }
}

fn steps<'a>(
    out: &mut String,
    title: &str,
    steps: impl Iterator<Item = &'a Step>,
    is_shown: &dyn Fn(&str) -> bool,
) {
    let steps: Vec<_> = steps.collect();
    if steps.is_empty() {
        return;
    }
    let _ = writeln!(out, "## {title}\n");
    for step in steps {
        one_step(out, step, "###", None, is_shown);
    }
}

/// One step with its command; `which` says for which alerts of several, `is_shown` whether a command stands elsewhere in
/// the report as a step.
pub(super) fn one_step(
    out: &mut String,
    step: &Step,
    depth: &str,
    which: Option<&str>,
    is_shown: &dyn Fn(&str) -> bool,
) {
    let title = prose(&step.title);
    let _ = writeln!(out, "{depth} {}: {title}\n\n{}\n", step.id, prose(&step.why));
    let _ = writeln!(
        out,
        "Risk: {} · needs: {} · for: {}{}\n",
        step.risk.name(),
        prose(&step.privilege),
        step.variant,
        which.map(|which| format!(" · {which}")).unwrap_or_default()
    );
    if !step.needs.is_empty() {
        let needs: Vec<_> = step.needs.iter().map(|id| span(id)).collect();
        let _ = writeln!(out, "First: {}\n", needs.join(", "));
    }
    match (&step.command, &step.unavailable) {
        (Some(command), _) => {
            let _ = writeln!(out, "{}\n", fence(command, "sh"));
        }
        (None, Some(why)) => {
            let (why, finder) = finder(why);
            let _ = writeln!(out, "Not available: {}\n", prose(&why));
            if let Some(command) = finder.filter(|command| !is_shown(command)) {
                let _ = writeln!(out, "{}\n", fence(command, "sh"));
            }
        }
        (None, None) => {}
    }
    if let Some(undo) = &step.undo {
        match undo.strip_prefix("none") {
            Some(_) => {
                let _ = writeln!(out, "Undo: {}\n", prose(undo));
            }
            None => {
                let _ = writeln!(out, "Undo:\n\n{}\n", fence(undo, "sh"));
            }
        }
    }
    if let Some(note) = &step.note {
        let _ = writeln!(out, "Note: {}\n", prose(note));
    }
}

fn related(out: &mut String, analysis: &Analysis) {
    if analysis.related.is_empty() {
        return;
    }
    out.push_str("## Related alerts\n\n");
    for related in &analysis.related {
        let _ = writeln!(
            out,
            "- {} ({}, alert {})",
            span(&related.rule),
            related.why,
            related.id.0 + 1
        );
    }
    out.push('\n');
}

fn references(out: &mut String, analysis: &Analysis) {
    if analysis.attack.is_empty() && analysis.references.is_empty() {
        return;
    }
    out.push_str("## References\n\n");
    for attack in &analysis.attack {
        let tactic = attack.tactic.replace('-', " ");
        let _ = writeln!(
            out,
            "- [{} {}]({}) ({tactic})",
            attack.technique,
            prose(&attack.name),
            attack.url
        );
    }
    for address in &analysis.references {
        if !analysis.attack.iter().any(|attack| attack.url == *address) {
            let _ = writeln!(out, "- <{address}>");
        }
    }
    out.push('\n');
}
