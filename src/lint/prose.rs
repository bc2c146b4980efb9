//! Claims and advice in sentences. What a sentence warns of, or tells of others, is no advice.
//!
//! The patterns are a table (`claims.tsv`). A column says what alert a claim needs to be wrong: `-` none, `alert` any,
//! `exec` one whose event proves a start, an open or a try to connect, `memfd` a program in memory, `tcp` a netcat,
//! `shell` a shell, `container` one out of a container, `platform` one that looks like a part of the platform, `out` and
//! `in` the direction of its connection.

use super::plan::is_outgoing;
use super::refusal::is_refused;
use super::{Finding, Severity, facts};
use crate::model::Alert;
use regex::{Regex, RegexSet};
use std::ops::Range;
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
    for row in include_str!("claims.tsv").lines().filter(|row| !row.starts_with('#')) {
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

/// Judges a paragraph, whose rows are joined by a newline each.
pub fn judge(text: &str, line: usize, alert: Option<&Alert>, found: &mut Vec<Finding>) {
    let has_code = text.contains('\u{1b}') || !text.is_ascii();
    // How far rows were counted, and how many they are.
    let (mut seen, mut n_above) = (0, 0);
    let mut sentences = sentences(text).peekable();
    while let Some((at, sentence)) = sentences.next() {
        n_above += text.get(seen..at).map_or(0, |above| above.matches('\n').count());
        seen = at;
        let line = line + n_above;
        if has_code {
            super::snippet::hidden_in_prose(sentence, line, found);
        }
        let mut lower = plain(sentence);
        let unshipped = facts::unshipped(&lower)
            .filter(|path| !is_refused(&lower, lower.find(path).unwrap_or_default()));
        if let Some(path) = unshipped {
            found.push(Finding::new("N04", line, sentence).because(path));
        } else if names_cgroup_conf(&lower) {
            found.push(Finding::new("N04", line, sentence));
        }
        // "This further supports …" speaks of the sentence before.
        if let Some((_, next)) = sentences.peek()
            && ["This ", "It ", "That ", "These "].iter().any(|start| next.starts_with(start))
        {
            lower.push(' ');
            lower.push_str(&plain(next));
        }
        claims(sentence, &lower, line, alert, text.starts_with('#'), found);
        if let Some(alert) = alert {
            duration(sentence, &lower, line, alert, found);
        }
    }
}

/// The row of a sentence in which a place of its plain form stands: found by counting words.
fn row_of(sentence: &str, lower: &str, begin: usize) -> usize {
    let n_words = lower.get(..begin).map_or(0, |before| before.split_whitespace().count());
    let mut n = 0;
    let rows = sentence.lines().map(|row| row.split_whitespace().count());
    rows.take_while(|words| {
        n += words;
        n <= n_words
    })
    .count()
    .min(sentence.lines().count().saturating_sub(1))
}

/// Lower case, without emphasis, in one row.
fn plain(sentence: &str) -> String {
    sentence.to_ascii_lowercase().replace("**", "").replace("__", "").replace('\n', " ")
}

/// A file that only Slurm reads, in a folder of Slurm's.
fn names_cgroup_conf(lower: &str) -> bool {
    lower.match_indices("cgroup.conf").any(|(at, _)| {
        let before = lower.get(..at).and_then(|before| before.chars().next_back());
        before.is_none_or(|c| !c.is_alphanumeric() && !"/.-_".contains(c)) && !is_refused(lower, at)
    }) && !lower.contains("slurm")
}

fn claims(
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
        if *needs == "platform"
            && alert.is_none_or(|alert| super::platform::platform_of(alert).is_none())
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

/// Paragraphs below a heading that promises causes. Where each of them is an attack or a mistake, nobody asked whether the
/// thing is meant to happen.
#[derive(Debug, Default)]
pub struct Causes {
    is_open: bool,
    asked: bool,
    harmful: Vec<(usize, String)>,
    /// The rows of what is supposed, which claims nothing.
    pub supposed: Vec<Range<usize>>,
}

impl Causes {
    /// Takes in a paragraph; what was found is told when the next heading comes.
    pub fn take(&mut self, text: &str, line: usize, found: &mut Vec<Finding>) {
        let lower = text.to_ascii_lowercase();
        let title = lower.trim().trim_matches(['#', '*', '_', '-', '=', ':', ' ', '\n']);
        // A row of signs below a title belongs to it.
        let title = title.trim_end_matches(['-', '=', '*', '\n', ' ']);
        let is_heading = !title.contains('\n')
            && title.split_whitespace().count() < 7
            && (lower.starts_with(['#', '*']) && !lower.starts_with("* ")
                || lower.contains("\n---")
                || lower.contains("\n==="));
        if is_heading {
            self.end(found);
            self.is_open = title.contains("cause") && !title.contains("because");
            return;
        }
        if !self.is_open {
            return;
        }
        self.supposed.push(line..line + text.lines().count().max(1));
        let any = |words: &[&str]| words.iter().any(|word| lower.contains(word));
        self.asked |= any(&[
            "legitimate",
            "benign",
            "expected",
            "maintenance",
            "operator",
            "administrat",
            "routine",
            "debug",
            "drill",
            "test",
            "known",
            "health check",
            "scheduled",
            "platform",
            "by design",
            "false positive",
            "event-generator",
            "harmless",
            "normal",
            "intended",
            "deploy",
        ]);
        if any(&[
            "malicious",
            "attack",
            "compromis",
            "unauthori",
            "misconfigur",
            "malware",
            "intru",
        ]) {
            self.harmful.push((line, text.to_owned()));
        }
    }

    /// Tells what the last paragraphs came to.
    pub fn end(&mut self, found: &mut Vec<Finding>) {
        let (asked, harmful) = (self.asked, std::mem::take(&mut self.harmful));
        *self = Self { supposed: std::mem::take(&mut self.supposed), ..Self::default() };
        if asked {
            return;
        }
        found.extend(harmful.into_iter().map(|(line, text)| {
            Finding::new("C03", line, &text).because(
                "every cause named is an attack or a mistake; none is that it is meant to happen",
            )
        }));
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
        "memfd" => super::plan::is_in_memory(alert),
        "tcp" => {
            super::door::is_netcat(text("proc.name")) || text("proc.cmdline").contains("/dev/tcp/")
        }
        "shell" => super::call::SHELLS.contains(&text("proc.name")),
        "out" => is_outgoing(alert) == Some(true),
        "in" => is_outgoing(alert) == Some(false),
        "container" => alert.container().id.is_some_and(|id| !id.is_empty() && id != "host"),
        _ => true,
    }
}

/// C02: how long a container has run, against its start and the event.
fn duration(sentence: &str, lower: &str, line: usize, alert: &Alert, found: &mut Vec<Finding>) {
    let Some(seconds) = container_age(alert) else { return };
    let says_old = [
        "extended period",
        "long time",
        "for hours",
        "for days",
        "for weeks",
        "for months",
        "for minutes",
        "long-running",
        "long running",
        "long-lived",
        "running for a while",
        "for some time",
        "quite some time",
        "prolonged",
        "several hours",
        "several days",
        "several minutes",
        "a considerable time",
        "many hours",
        "many days",
        "days ago",
        "hours ago",
        "weeks ago",
        "months ago",
        "well established",
        "since yesterday",
        "for a long while",
        "for quite a while",
        "been around for",
        "weeks old",
        "months old",
        "days old",
        "up for several",
        "running for several",
    ];
    let says_new = [
        "just started",
        "newly started",
        "recently started",
        "newly created",
        "just created",
        "freshly started",
        "moments ago",
        "brand new",
        "seconds ago",
        "only just",
        "short-lived",
        "just launched",
        "recently created",
        "recently launched",
        "recently deployed",
        "newly deployed",
        "newly launched",
        "freshly deployed",
        "freshly created",
        "freshly launched",
        "just deployed",
        "moments before",
        "moments earlier",
        "seconds before",
        "seconds earlier",
        "seconds old",
        "immediately after the container",
        "immediately after start",
        "right after the container",
        "right after start",
        "shortly after the container",
        "as soon as the container",
    ];
    let stated = stated_seconds(lower);
    let is_wrong = seconds < 60.0 && says_old.iter().any(|words| lower.contains(words))
        || seconds > 3600.0 && says_new.iter().any(|words| lower.contains(words))
        || stated.is_some_and(|stated| stated > 3.0 * seconds.max(0.5) || stated * 3.0 < seconds);
    let is_about = ["container", "running", "uptime", "started", "alive", "process", "it has"]
        .iter()
        .any(|word| lower.contains(word));
    if is_wrong && is_about {
        found.push(
            Finding::new("C02", line, sentence)
                .because(&format!("the container was {} old", age(seconds))),
        );
    }
}

fn age(seconds: f64) -> String {
    if seconds < 120.0 {
        format!("{seconds:.6} s")
    } else {
        format!("{:.1} hours", seconds / 3600.0)
    }
}

/// A length of time that a sentence states for how long something runs: `running for 3 hours`, `2 days old`.
fn stated_seconds(lower: &str) -> Option<f64> {
    static STATED: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"(?:(?:running|been up|up|alive|active|executing|uptime)[^.0-9]{0,40}(?:for|of|over|than|about|is)[^.0-9]{0,20}|started |age of )(\d+(?:\.\d+)?) (second|minute|hour|day|week|month|year)s?|(\d+(?:\.\d+)?) (second|minute|hour|day|week|month|year)s? (?:old|before the event|before the alert)").ok()
    });
    let captures = STATED.as_ref()?.captures(lower)?;
    let number: f64 = captures.get(1).or_else(|| captures.get(3))?.as_str().parse().ok()?;
    let unit = match captures.get(2).or_else(|| captures.get(4))?.as_str() {
        "second" => 1.0,
        "minute" => 60.0,
        "hour" => 3600.0,
        "day" => 86_400.0,
        "week" => 604_800.0,
        "month" => 2_592_000.0,
        _ => 31_536_000.0,
    };
    Some(number * unit)
}

/// Seconds between the container's start and the event, where the alert has both.
fn container_age(alert: &Alert) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "an age in seconds is shown with six digits")]
    if let Some(duration) = alert.fields.number("container.duration") {
        return Some(duration as f64 / 1e9).filter(|seconds| *seconds > 0.0);
    }
    let start = alert.fields.number("container.start_ts")?;
    let event = alert
        .fields
        .number("evt.time")
        .or_else(|| alert.time.map(jiff::Timestamp::as_nanosecond))?;
    let nanoseconds = i64::try_from(event.checked_sub(start)?).ok()?;
    #[expect(clippy::cast_precision_loss, reason = "an age in seconds is shown with six digits")]
    let seconds = nanoseconds as f64 / 1e9;
    Some(seconds).filter(|seconds| *seconds >= 0.0)
}

/// Cuts at dots that end a word and are followed by a blank: a file's or an address' dot ends no sentence. Each with its
/// place in the text.
pub fn sentences(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let rest = text.get(from..).filter(|rest| !rest.is_empty())?;
        let ends = |at: &usize| {
            rest.get(at + 1..)
                .is_none_or(|next| next.is_empty() || next.starts_with(char::is_whitespace))
        };
        let cut = rest
            .match_indices(['.', '!', '?', ';'])
            .map(|(at, _)| at)
            .find(ends)
            .map_or(rest.len(), |at| at + 1);
        let sentence = rest.get(..cut).unwrap_or(rest);
        let start = from + (sentence.len() - sentence.trim_start().len());
        from += cut;
        Some((start, sentence.trim()))
    })
    .filter(|(_, sentence)| !sentence.is_empty())
}
