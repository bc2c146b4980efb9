//! A whole report as Markdown: the summary first, then what happened in order, alert by alert, what to do, and what others
//! can look for.
//!
//! Alert text stands in code spans, fences or escaped prose only, so that no link, image or HTML can come from it.

use super::code::{cell, prose, span};
use super::dossier::{Chapter, Dossier, place};
use super::html;
use super::markdown::one_step;
use super::plan::is_shown;
use crate::analysis::Direction;
use jiff::Timestamp;
use std::fmt::Write;

/// The whole report.
pub fn markdown(dossier: &Dossier) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "# {}\n", line(&dossier.title));
    let _ = writeln!(
        out,
        "Made {:.0} by cadge {}. {}\n",
        dossier.made,
        env!("CARGO_PKG_VERSION"),
        html::masking(dossier)
    );
    out.push_str("## Summary\n\n");
    dossier.summary().iter().for_each(|says| bullet(&mut out, says));
    out.push('\n');
    if let Some(note) = dossier.shortened() {
        let _ = writeln!(out, "{}\n", prose(&note));
    }
    stories(&mut out, dossier);
    timeline(&mut out, dossier);
    groups(&mut out, dossier);
    out.push_str("## Alerts\n\n");
    let summaries = dossier.summaries();
    for ((number, chapter), summary) in (1..).zip(&dossier.chapters).zip(&summaries) {
        self::chapter(&mut out, number, chapter, summary);
    }
    what_to_do(&mut out, dossier);
    indicators(&mut out, dossier);
    techniques(&mut out, dossier);
    unknown(&mut out, dossier);
    sources(&mut out, dossier);
    let end = out.trim_end().len();
    out.truncate(end);
    out.push('\n');
    out
}

/// Prose on one line: a line break would begin something else, and so would a number or a sign at the beginning.
fn line(text: &str) -> String {
    let text = prose(text).replace(['\n', '\r'], " ");
    let text = text.trim();
    let behind = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let is_number = behind.len() < text.len() && behind.starts_with(['.', ')']);
    let is_marker = is_number || text.starts_with(['+', '-', '=']);
    match text.char_indices().nth(1) {
        _ if !is_marker => text.to_owned(),
        Some((at, _)) => {
            let (first, rest) = text.split_at(at);
            let code = first.chars().next().map_or(0, u32::from);
            format!("&#{code};{rest}")
        }
        None => span(text),
    }
}

fn bullet(out: &mut String, text: &str) {
    let _ = writeln!(out, "- {}", line(text));
}

fn list(out: &mut String, title: &str, items: &[String]) {
    if !items.is_empty() {
        let _ = writeln!(out, "**{title}**\n");
        for item in items {
            bullet(out, item);
        }
        out.push('\n');
    }
}

fn row(out: &mut String, cells: &[String]) {
    let _ = writeln!(out, "| {} |", cells.join(" | "));
}

fn heads(out: &mut String, title: &str, heads: &[&str]) {
    let _ = writeln!(out, "## {title}\n\n| {} |", heads.join(" | "));
    let _ = writeln!(out, "|{}", "---|".repeat(heads.len()));
}

fn time(at: Option<Timestamp>) -> String {
    at.map_or_else(|| "no time".to_owned(), |at| format!("{at:.3}"))
}

fn stories(out: &mut String, dossier: &Dossier) {
    for story in dossier.stories() {
        let _ = writeln!(out, "## One story: {}\n\n{}\n", line(&story.place), line(&story.says()));
        for beat in &story.beats {
            let analysis = &beat.chapter.analysis;
            let _ = writeln!(
                out,
                "- +{} s, alert {} ({}): {}",
                beat.after,
                beat.number,
                analysis.assessment.level.name(),
                line(&analysis.headline)
            );
        }
        out.push_str(
            "\nThat they belong together is read from place and time; no event proves that one caused the next.\n\n",
        );
    }
}

fn timeline(out: &mut String, dossier: &Dossier) {
    heads(out, "Timeline", &["alert", "time (UTC)", "level", "rule", "where", "what"]);
    for (number, chapter) in (1..).zip(&dossier.chapters) {
        let cells = [
            number.to_string(),
            time(chapter.alert.time),
            chapter.analysis.assessment.level.name().to_owned(),
            cell(chapter.alert.rule_name()),
            cell(&place(&chapter.alert)),
            line(&chapter.analysis.headline),
        ];
        row(out, &cells);
    }
    out.push('\n');
}

fn groups(out: &mut String, dossier: &Dossier) {
    let groups = dossier.groups();
    if groups.len() < 2 && dossier.rest.alerts() == 0 {
        return;
    }
    heads(out, "By rule and place", &["alerts", "rule", "where", "first", "last"]);
    for ((rule, place), count) in groups {
        let cells = [
            count.alerts.to_string(),
            cell(&rule),
            cell(&place),
            time(count.first),
            time(count.last),
        ];
        row(out, &cells);
    }
    out.push('\n');
}

fn chapter(out: &mut String, number: usize, chapter: &Chapter, summary: &str) {
    let Chapter { alert, analysis, .. } = chapter;
    let level = analysis.assessment.level.name();
    let _ = writeln!(out, "### Alert {number}: {}\n", line(alert.rule_name()));
    let _ = writeln!(out, "**{level}**: {}\n", line(&analysis.headline));
    let _ = writeln!(out, "{}\n", line(summary));
    match (chapter.decided(), &chapter.decision) {
        (Some(words), Some((decision, _))) => {
            let _ = writeln!(out, "Decided: {}\n", line(&words));
            for (name, text) in [("Reason", &decision.reason), ("Note", &decision.note)] {
                if let Some(text) = text {
                    let _ = writeln!(out, "{name}: {}\n", line(text));
                }
            }
        }
        _ => out.push_str("Nobody decided about it yet.\n\n"),
    }
    let reasons: Vec<_> = analysis
        .assessment
        .reasons
        .iter()
        .map(|reason| {
            let sign = match reason.direction {
                Direction::Up => '▲',
                Direction::Down => '▼',
                Direction::Neutral => '·',
            };
            format!("{sign} {} ({})", reason.says, reason.field)
        })
        .collect();
    list(out, "Why this level", &reasons);
    list(out, "What it proves", &analysis.proves);
    list(out, "What it does not prove", &analysis.not_proven);
    let causes: Vec<_> = analysis
        .causes
        .iter()
        .map(|cause| {
            format!("{} ({}): {}", cause.title, cause.verdict.replace('_', " "), cause.check)
        })
        .collect();
    list(out, "Likely causes", &causes);
    fields(out, chapter);
    if let Some(tuning) = &analysis.tuning {
        let _ = writeln!(out, "**When it is right and harmless**\n\n{}\n", line(tuning));
    }
}

fn fields(out: &mut String, chapter: &Chapter) {
    let Chapter { alert, analysis, .. } = chapter;
    out.push_str("| field | value | meaning |\n|---|---|---|\n");
    let priority = alert.priority.map_or("unknown", crate::model::Priority::name);
    row(out, &["time".to_owned(), time(alert.time), String::new()]);
    row(
        out,
        &[
            "priority (Falco)".to_owned(),
            priority.to_owned(),
            "set by the rule's author; no measure of this event".to_owned(),
        ],
    );
    for (name, value) in alert.fields.iter() {
        let says = analysis.facts.iter().find(|fact| fact.field == name);
        let says = says.map(|fact| line(&fact.says)).unwrap_or_default();
        row(out, &[cell(name), cell(&crate::text::shown(&value.display(), 400)), says]);
    }
    out.push('\n');
}

fn what_to_do(out: &mut String, dossier: &Dossier) {
    let stages = dossier.plan();
    if stages.is_empty() {
        return;
    }
    out.push_str("## What to do\n\nEach command once, in the order to take them.\n\n");
    for stage in &stages {
        let _ = writeln!(out, "### {}\n", stage.title());
        for task in &stage.tasks {
            let which = task.which(dossier.chapters.len());
            let is_shown = |line: &str| is_shown(&stages, line);
            one_step(out, task.step, "####", which.as_deref(), &is_shown);
        }
    }
}

fn indicators(out: &mut String, dossier: &Dossier) {
    let all = dossier.indicators();
    if all.is_empty() {
        return;
    }
    heads(out, "Indicators", &["kind", "value", "read from"]);
    for indicator in all {
        row(out, &[indicator.kind.to_owned(), cell(&indicator.value), cell(indicator.field)]);
    }
    out.push('\n');
}

fn techniques(out: &mut String, dossier: &Dossier) {
    let all = dossier.techniques();
    if all.is_empty() {
        return;
    }
    heads(out, "ATT&CK", &["technique", "name", "tactic", "alerts"]);
    for (attack, alerts) in all {
        let tactic = attack.tactic.replace('-', " ");
        row(out, &[line(&attack.technique), line(&attack.name), line(&tactic), alerts.to_string()]);
    }
    out.push('\n');
}

fn unknown(out: &mut String, dossier: &Dossier) {
    let all = dossier.unknown();
    if all.is_empty() {
        return;
    }
    out.push_str("## What is not known\n\n");
    for lack in all {
        let _ = writeln!(
            out,
            "- {}: {} Find it: {}",
            span(&lack.field),
            line(&lack.why),
            span(&lack.find)
        );
    }
    out.push('\n');
}

fn sources(out: &mut String, dossier: &Dossier) {
    heads(out, "Sources", &["alert", "source", "line", "offset", "SHA-256 of the record"]);
    for (number, chapter) in (1..).zip(&dossier.chapters) {
        let origin = &chapter.alert.origin;
        let line = match origin.line {
            0 => "unknown".to_owned(),
            line => line.to_string(),
        };
        let cells = [
            number.to_string(),
            cell(&origin.source),
            line,
            origin.offset.to_string(),
            cell(&chapter.sha256),
        ];
        row(out, &cells);
    }
    out.push('\n');
}
