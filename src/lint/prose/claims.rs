//! Sentences that claim or advise what is known to be wrong, by a table of patterns.
//!
//! The patterns are a table (`claims.tsv`). A column says what alert a claim needs to be wrong: `-` none, `alert` any,
//! `exec` one whose event proves a start, an open or a try to connect, `memfd` a program in memory, `tcp` a netcat,
//! `shell` a shell, `container` one out of a container, `platform` one that looks like a part of the platform, `out` and
//! `in` the direction of its connection.

use super::row_of;
use crate::lint::plan::{self, is_outgoing};
use crate::lint::refusal::is_refused;
use crate::lint::{Finding, Severity, call, door, platform};
use crate::model::Alert;
use regex::{Regex, RegexSet};
use std::sync::LazyLock;

struct Claim {
    id: &'static str,
    needs: &'static str,
    pattern: Pattern,
    why: &'static str,
    /// Only worth a note.
    is_note: bool,
    /// Words that excuse a sentence.
    unless: Vec<&'static str>,
}

/// Compiled when it is first asked for: most texts need few of them.
type Pattern = LazyLock<Option<Regex>, Box<dyn FnOnce() -> Option<Regex> + Send>>;

#[derive(Default)]
struct Claims {
    claims: Vec<Claim>,
    /// A pattern for each claim, of words of which one must be there: all are looked for at once because most sentences
    /// make no claim.
    words: Option<RegexSet>,
}

static CLAIMS: LazyLock<Claims> = LazyLock::new(|| {
    let mut table = Claims::default();
    let mut words = Vec::new();
    for row in include_str!("../claims.tsv").lines().filter(|row| !row.starts_with('#')) {
        let mut cells = row.split('\t');
        let (Some(id), Some(needs), Some(any), Some(pattern)) =
            (cells.next(), cells.next(), cells.next(), cells.next())
        else {
            continue;
        };
        let why = cells.next().unwrap_or_default();
        let unless = cells.next().unwrap_or_default();
        let unless = unless.split('|').filter(|word| !word.is_empty()).collect();
        let (needs, is_note) = (needs.trim_end_matches('~'), needs.ends_with('~'));
        words.push(any.split('|').map(regex::escape).collect::<Vec<_>>().join("|"));
        // The words are English, and an automaton knows no other edges of a word.
        let pattern = pattern.replace(r"\b", r"(?-u:\b)").replace(r"\w", "[0-9a-z_]");
        let pattern: Pattern = LazyLock::new(Box::new(move || Regex::new(&pattern).ok()));
        table.claims.push(Claim { id, needs, pattern, why, is_note, unless });
    }
    table.words = RegexSet::new(words).ok();
    table
});

/// Judges a sentence by the table; `lower` is its plain form.
pub(super) fn claims(
    sentence: &str,
    lower: &str,
    line: usize,
    alert: Option<&Alert>,
    is_heading: bool,
    found: &mut Vec<Finding>,
) {
    let Claims { claims, words } = &*CLAIMS;
    let Some(words) = words else { return };
    let named = words.matches(lower);
    let named = named.iter().filter_map(|at| claims.get(at));
    for Claim { id, needs, pattern, why, is_note, unless } in named {
        if unless.iter().any(|word| lower.contains(word))
            || *is_note && lower.contains('`')
            || !fits(needs, alert)
        {
            continue;
        }
        let Some(pattern) = pattern.as_ref() else { continue };
        let Some((begin, end)) = pattern.find(lower).map(|found| (found.start(), found.end()))
        else {
            continue;
        };
        if *needs == "platform" && alert.is_none_or(|alert| platform::platform_of(alert).is_none())
        {
            continue;
        }
        // Who warns of an order gives none; a claim about a field is one all the same.
        let is_order = !matches!(*id, "C01" | "C03" | "C04");
        let is_cell = sentence.starts_with('|');
        // What a heading promises is advised below it.
        if *id == "B08" && is_heading {
            continue;
        }
        // A command in a code span is judged as one where it is advice; else it is what was seen.
        if *id == "T01" && !pattern.is_match(&without_commands(lower)) {
            continue;
        }
        let denies = *id == "C05"
            && [
                "not stop",
                "not prevent",
                "not block",
                "not touch",
                "not help",
                "stops no",
                "prevents no",
                "no effect",
                "cannot stop",
                "cannot prevent",
                "cannot block",
                "does nothing",
                "only records",
                "only limits",
            ]
            .iter()
            .any(|words| lower.contains(words));
        if is_order && (is_refused(lower, begin) || is_cell)
            || denies
            || *id == "T01" && tells_of_others(lower, begin)
            || !is_claim(id, lower, end)
        {
            continue;
        }
        let line = line + row_of(sentence, lower, begin);
        let finding = Finding::new(id, line, sentence);
        let finding = if why.is_empty() { finding } else { finding.because(why) };
        found.push(if *is_note { finding.at(Severity::Note) } else { finding });
    }
}

/// C05: what a block that is never to be pasted is said to do.
pub fn promise(text: &str, line: usize, found: &mut Vec<Finding>) {
    let lower = text.to_ascii_lowercase();
    let begins = [
        "this configuration",
        "this command",
        "this rule",
        "this script",
        "this setting",
        "this profile",
        "this will",
        "these rules",
        "the command above",
        "the above",
    ];
    let promises = [
        "will restrict",
        "will prevent",
        "will stop",
        "will block",
        "will limit",
        "will ensure",
        "will protect",
        "will secure",
        "restricts",
        "prevents",
    ];
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if begins.iter().any(|begin| lower.starts_with(begin)) && has(&promises) {
        found.push(Finding::new("C05", line, text).because("what stands above does not do this"));
    }
}

/// The sentence without its code spans of several words.
fn without_commands(lower: &str) -> String {
    let mut out = String::with_capacity(lower.len());
    for (at, part) in lower.replace("\\`", "`").split('`').enumerate() {
        if at % 2 == 0 || part.split_whitespace().count() < 2 {
            out.push_str(part);
        } else {
            out.push('…');
        }
    }
    out
}

/// What an attacker does, or what a rule looks for, is told and not advised. `begin` is where the advice would begin.
fn tells_of_others(lower: &str, begin: usize) -> bool {
    let before = lower.get(..begin).unwrap_or_default();
    let has = |text: &str, words: &[&str]| words.iter().any(|word| text.contains(word));
    has(
        lower,
        &[
            "attacker",
            "adversar",
            "malware",
            "intruder",
            "re-enable",
            "reenable",
            "who disable",
            "evad",
            "evasion",
            "technique",
            "was disabled",
            "were disabled",
            "has been disabled",
        ],
    ) || has(
        before,
        &[
            "attempt",
            "tries to",
            "tried to",
            "trying to",
            "detect",
            "whether",
            "look for",
            "watch for",
            "check if",
            "see if",
            "find out if",
            "verify if",
            "if somebody",
            "if someone",
            "if anyone",
            "if a process",
            "if the process",
            "if a program",
            "if the program",
            "if they",
            "used to",
            "known for",
        ],
    )
}

/// Whether a sentence says it is so, rather than that it is not or may be. `end` is where the claim ends.
fn is_claim(id: &str, lower: &str, end: usize) -> bool {
    if !matches!(id, "C01" | "C03" | "C04") {
        return true;
    }
    let doubts = [
        "does not",
        "do not",
        "doesn't",
        "not prove",
        "no evidence",
        "not mean",
        "is normal",
        "are normal",
        "unlikely",
        "whether",
        "if the",
        " if ",
        "not an indication",
        "no indication",
        "not been",
        "has not",
        "have not",
        "was not",
        "were not",
        "did not",
        "by chance",
        "cannot",
        "no sign",
        "unknown",
        "not modified",
        "alone",
    ];
    // These doubt what follows them.
    let doubts_before = ["nothing", "never", "if an ", "if somebody", "if someone"];
    let before = lower.get(..end).unwrap_or(lower);
    let weak =
        ["may have", "might have", "could have", "would have", "not established", "not proven"];
    // A file in the upper layer was changed indeed.
    let is_upper = id == "C01" && lower.contains("exe_upper_layer");
    let is_weak = id == "C03" && weak.iter().any(|word| lower.contains(word));
    let is_doubt = doubts.iter().any(|word| lower.contains(word))
        || doubts_before.iter().any(|word| before.contains(word));
    !(is_upper || is_doubt || is_weak)
}

fn fits(needs: &str, alert: Option<&Alert>) -> bool {
    if needs == "-" {
        return true;
    }
    let Some(alert) = alert else { return false };
    let text = |field: &str| alert.fields.text(field).unwrap_or_default();
    match needs {
        "exec" => matches!(
            text("evt.type"),
            "execve" | "execveat" | "open" | "openat" | "openat2" | "connect" | ""
        ),
        "memfd" => plan::is_in_memory(alert),
        "tcp" => door::is_netcat(text("proc.name")) || text("proc.cmdline").contains("/dev/tcp/"),
        "shell" => call::SHELLS.contains(&text("proc.name")),
        "out" => is_outgoing(alert) == Some(true),
        "in" => is_outgoing(alert) == Some(false),
        "container" => alert.container().id.is_some_and(|id| !id.is_empty() && id != "host"),
        _ => true,
    }
}
