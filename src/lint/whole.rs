//! What a report as a whole leaves out: that the alert looks like something known, which alert it is about, and whether
//! anything is looked at before something is changed.

use super::call::Call;
use super::extract::Part;
use super::{Finding, Severity};
use crate::analysis::likeness;
use crate::model::Alert;

/// Judges a text that has the form of a report.
pub fn judge(parts: &[Part], plan: &[Call], alert: &Alert, found: &mut Vec<Finding>) {
    let prose = || {
        parts.iter().filter_map(|part| match part {
            Part::Prose { line, text } => Some((*line, text.as_str())),
            Part::Block(_) | Part::Inline { .. } => None,
        })
    };
    let n_headings = prose().filter(|(_, text)| is_heading(text)).count();
    let Some((line, first)) = prose().next().filter(|_| n_headings > 1 && prose().count() > 5)
    else {
        return;
    };
    let says = |test: &dyn Fn(&str) -> bool| {
        prose().any(|(_, text)| test(&text.to_ascii_lowercase().replace('\n', " ")))
    };
    if let Some(known) = likeness(alert).filter(|known| !says(&|text| thinks_of(text, &known.id))) {
        found.push(Finding::new("C03", line, first).because(&format!(
            "the alert looks like this, and the report never asks: {}",
            known.title
        )));
    }
    let mut lacks = Vec::new();
    let is_tied = parts.iter().any(|part| {
        let (Part::Prose { text, .. } | Part::Inline { text, .. }) = part else {
            return matches!(part, Part::Block(block) if names(&block.text, alert));
        };
        names(text, alert)
    });
    if !is_tied {
        lacks.push("it gives neither the rule nor the time nor the uuid of the alert");
    }
    if !plan.is_empty() && !plan.iter().any(looks) && !says(&verifies) {
        lacks.push("nothing is looked at before something is changed");
    }
    if !lacks.is_empty() {
        let finding = Finding::new("P05", line, first).at(Severity::Note);
        found.push(Finding { message: lacks.join("; "), ..finding });
    }
}

fn is_heading(text: &str) -> bool {
    let text = text.trim();
    text.starts_with('#')
        || text.starts_with("**") && text.lines().next().is_some_and(|row| row.ends_with("**"))
        || text.contains("\n---")
        || text.contains("\n===")
}

/// Whether a sentence thinks of an identity, or that all may be well.
fn thinks_of(text: &str, id: &str) -> bool {
    // Words that every report has.
    const COMMON: &str = " event generator package update log rotation agent node test proxy kube ci job copy driver self ";
    const MILD: [&str; 17] = [
        "false positive",
        "benign",
        "legitimate",
        "drill",
        "event-generator",
        "event generator",
        "simulat",
        "security exercise",
        "red team",
        "known-good",
        "known good",
        "harmless",
        "expected behavior",
        "expected behaviour",
        "by design",
        "housekeeping",
        "planned maintenance",
    ];
    let is_test = || {
        text.split(|c: char| !c.is_ascii_alphanumeric())
            .any(|word| matches!(word, "test" | "tests" | "testing"))
    };
    let named = |word: &str| {
        !COMMON.contains(&format!(" {word} "))
            && text.match_indices(word).any(|(at, _)| {
                let behind = text.get(at + word.len()..).and_then(|rest| rest.chars().next());
                behind.is_none_or(|c| !c.is_ascii_alphanumeric() && c != '_')
            })
    };
    MILD.iter().any(|word| text.contains(word)) || is_test() || id.split('-').any(named)
}

/// Whether a text names the one alert.
fn names(text: &str, alert: &Alert) -> bool {
    let lower = text.to_ascii_lowercase();
    let has = |word: &str| !word.is_empty() && lower.contains(&word.to_ascii_lowercase());
    let time = alert.time.map(|time| time.to_string());
    let clock = time
        .as_deref()
        .and_then(|time| time.split_once('T'))
        .map(|(day, clock)| (day.to_owned(), clock.get(..5).unwrap_or_default().to_owned()));
    alert.rule.as_deref().is_some_and(has)
        || alert.uuid.as_deref().is_some_and(has)
        || clock.is_some_and(|(day, clock)| has(&day) || has(&format!("{clock}:")))
        // A local clock is another one than that of the alert.
        || lower.contains("time") && lower.matches(':').count() > 2
}

/// Whether a command only looks.
fn looks(call: &Call) -> bool {
    match call.program.as_str() {
        "docker" | "podman" | "nerdctl" | "crictl" | "ctr" | "kubectl" | "oc" => matches!(
            call.subcommand(),
            "inspect"
                | "ps"
                | "top"
                | "logs"
                | "diff"
                | "port"
                | "images"
                | "history"
                | "get"
                | "describe"
                | "auth"
                | "events"
                | "info"
                | "inspectp"
                | "pods"
        ),
        "systemctl" => matches!(call.subcommand(), "status" | "show" | "cat" | "is-active"),
        program => matches!(
            program,
            "ps" | "pstree"
                | "ss"
                | "ls"
                | "cat"
                | "stat"
                | "lsof"
                | "ausearch"
                | "aureport"
                | "journalctl"
                | "getent"
                | "sha256sum"
                | "readlink"
                | "last"
                | "who"
                | "grep"
                | "find"
                | "dpkg"
                | "rpm"
                | "lsattr"
                | "getfacl"
                | "conntrack"
                | "ip"
                | "strings"
                | "file"
        ),
    }
}

/// Whether a sentence asks to make sure.
fn verifies(text: &str) -> bool {
    [
        "verify",
        "confirm that",
        "confirm whether",
        "confirm with",
        "check whether",
        "check if",
        "check that",
        "check with",
        "check the",
        "compare",
        "ask the",
        "ask who",
        "ask your",
        "make sure that",
        "find out",
    ]
    .iter()
    .any(|words| text.contains(words))
}
