//! An analysis as plain text for a terminal or a pipe.

use crate::analysis::{Analysis, Direction, Phase, Step};
use crate::model::Alert;
use crate::text::{printable, wrap};
use std::fmt::Write;

/// Columns of a line of prose; commands are never broken.
const COLUMNS: usize = 100;

/// The analysis of one alert. Alert text is made visible; commands stand on lines of their own, to be copied.
pub fn plain(alert: &Alert, analysis: &Analysis) -> String {
    let mut out = String::new();
    let assessment = &analysis.assessment;
    line(&mut out, "", &analysis.headline);
    let known = assessment
        .known
        .as_ref()
        .map(|known| format!(", recognized as {known}"))
        .unwrap_or_default();
    let priority = assessment.falco_priority.map_or("unknown", crate::model::Priority::name);
    line(
        &mut out,
        "",
        &format!("assessment: {}{known} (Falco's priority: {priority})", assessment.level.name()),
    );
    let time = alert.time.map_or_else(|| "unknown time".to_owned(), |time| time.to_string());
    line(
        &mut out,
        "",
        &format!(
            "{} · {time} · playbook {} (by {})",
            alert.rule_name(),
            analysis.playbook.id,
            analysis.playbook.found_by.name()
        ),
    );
    out.push('\n');
    line(&mut out, "", &analysis.summary);
    for (title, items) in
        [("What it proves", &analysis.proves), ("What it does not prove", &analysis.not_proven)]
    {
        heading(&mut out, title, items.is_empty());
        for item in items {
            line(&mut out, "  - ", item);
        }
    }
    heading(&mut out, "Why this level", assessment.reasons.is_empty());
    for reason in &assessment.reasons {
        let mark = match reason.direction {
            Direction::Up => "  ▲ ",
            Direction::Down => "  ▼ ",
            Direction::Neutral => "  · ",
        };
        line(&mut out, mark, &format!("{} [{}]", reason.says, reason.field));
    }
    heading(&mut out, "Possible causes", analysis.causes.is_empty());
    for cause in &analysis.causes {
        line(
            &mut out,
            "  - ",
            &format!("{} ({}). {}", cause.title, cause.verdict.replace('_', " "), cause.check),
        );
    }
    heading(&mut out, "What is not known", analysis.missing.is_empty());
    for lack in &analysis.missing {
        line(&mut out, "  - ", &format!("{}: {}", lack.field, lack.why));
        command(&mut out, &lack.find);
    }
    let (urgent, rest) = analysis.steps.split_at(analysis.n_urgent().min(analysis.steps.len()));
    steps(&mut out, "first, before anything else", urgent.iter());
    for phase in Phase::ALL {
        steps(&mut out, phase.name(), rest.iter().filter(|step| step.phase == phase));
    }
    if let Some(tuning) = &analysis.tuning {
        heading(&mut out, "When it is right and harmless", false);
        line(&mut out, "  ", tuning);
    }
    heading(&mut out, "Related", analysis.related.is_empty());
    for related in &analysis.related {
        line(
            &mut out,
            "  - ",
            &format!("alert {}: {} ({})", related.id.0 + 1, related.rule, related.why),
        );
    }
    heading(&mut out, "References", analysis.attack.is_empty() && analysis.references.is_empty());
    for attack in &analysis.attack {
        line(
            &mut out,
            "  - ",
            &format!("{} {} ({}) {}", attack.technique, attack.name, attack.tactic, attack.url),
        );
    }
    analysis.references.iter().for_each(|address| line(&mut out, "  - ", address));
    out
}

fn steps<'a>(out: &mut String, title: &str, steps: impl Iterator<Item = &'a Step>) {
    let steps: Vec<_> = steps.collect();
    heading(out, title, steps.is_empty());
    for step in steps {
        line(
            out,
            "  ",
            &format!(
                "{}: {} [{}, {}, {}]",
                step.id,
                step.why,
                step.variant,
                step.risk.name(),
                step.privilege
            ),
        );
        match (&step.command, &step.unavailable) {
            (Some(text), _) => command(out, text),
            (None, Some(why)) => line(out, "    not available: ", why),
            (None, None) => {}
        }
        match &step.undo {
            // Words, not a command.
            Some(undo) if undo.starts_with("none") => line(out, "    undo: ", undo),
            // One that is broken over lines is another command.
            Some(undo) => {
                let _ = writeln!(out, "    undo:");
                command(out, undo);
            }
            None => {}
        }
        if let Some(note) = &step.note {
            line(out, "    note: ", note);
        }
    }
}

fn heading(out: &mut String, title: &str, is_empty: bool) {
    if !is_empty {
        let _ = writeln!(out, "\n{}", title.to_uppercase());
    }
}

fn line(out: &mut String, lead: &str, text: &str) {
    let indent = lead.chars().count();
    let text = printable(text);
    for (n, part) in wrap(&text, COLUMNS.saturating_sub(indent).max(20)).into_iter().enumerate() {
        let lead = if n == 0 { lead.to_owned() } else { " ".repeat(indent) };
        let _ = writeln!(out, "{lead}{part}");
    }
}

/// A command: its own lines, as they are to be pasted, indented by a tab's worth.
fn command(out: &mut String, text: &str) {
    for part in text.lines() {
        let _ = writeln!(out, "      {}", printable(part));
    }
}
