//! Claims and advice in sentences. What a sentence warns of is no advice.

use super::Finding;
use super::extract::is_refused;
use super::plan::is_outgoing;
use crate::model::Alert;
use regex::Regex;
use std::sync::LazyLock;

/// Rules that a sentence breaks by its words alone: id, pattern on the lower-case sentence, why.
const WORDS: &[(&str, &str, &str)] = &[
    (
        "T01",
        r"\b(disabl\w+|turn(ing)? off|switch(ing)? off|deactivat\w+)\b[^.]{0,40}\b(enforc\w+|selinux|apparmor|firewall|audit(d|ing)?\b|seccomp|falco)",
        "",
    ),
    ("T01", r"\b(set\w*|put\w*|switch\w*)\b[^.]{0,30}\bselinux\b[^.]{0,30}\bpermissive\b", ""),
    ("B04", r"\b(disabl\w+|unmount\w*|remov\w+)\b[^.]{0,24}/proc\b", ""),
    (
        "C01",
        r"\b(login ?uid|loginuid|login user id)\b[^.]{0,30}-1\b[^.]{0,90}\b(elevated|privileg\w+|escalat\w+|suspicious|unauthori[sz]ed|malicious)",
        "-1 means that no login session was ever set: normal for daemons and containers",
    ),
    (
        "C01",
        r"exe_(writable|lower_layer)\b[^.]{0,120}\b(modified|tampered|altered|changed|replaced)",
        "the flags say that the user may write the file and that it comes unchanged from the image",
    ),
    (
        "C01",
        r"\bcwd\b[^.]{0,80}(`/`|\s/[\s,])[^.]{0,80}\bprivileged",
        "/ is the default working directory",
    ),
    (
        "C01",
        r"\b(container|its) name\b[^.]{0,80}\b(suggest\w*|indicat\w+)\b[^.]{0,90}\b(elevated|compromised|malicious|suspicious)",
        "docker makes such names by chance",
    ),
    (
        "C01",
        r"\bexecve\b[^.]{0,90}\bmodif(ied|ies|y)\b[^.]{0,30}\b(existing|executable|file|one)",
        "execve modifies no file; it replaces the process image",
    ),
    (
        "C04",
        r"\b(severity|risk|serious\w*|dangerous)\b[^.]{0,60}\b(because|since|as|given|based on)\b[^.]{0,40}\bpriority\b",
        "",
    ),
    (
        "C04",
        r"\bclassified as (critical|high|severe)\b",
        "a priority is set by the rule's author for every alert of the rule",
    ),
    ("C05", r"\b(web application firewall|waf)\b", "it filters HTTP requests to a web server"),
    (
        "C05",
        r"no.new.priv\w*[^.]{0,120}\bshell|\bshell[^.]{0,120}no.new.priv\w*",
        "it keeps setuid programs from gaining rights; it stops no shell",
    ),
    (
        "C05",
        r"\b(selinux|apparmor)\b[^.]{0,140}\b(fileless|memfd)",
        "profiles name files, and a memory file has no path",
    ),
    (
        "C05",
        r"\b(cgroups?|resource limits?|limiting (the number of )?processes|prlimit|pr limiting|pids.limit)\b[^.]{0,160}\b(escalation|fileless|memfd|malicious code)",
        "a limit of resources changes no rights",
    ),
    (
        "C05",
        r"\b(mprotect|map_file|ptrace)\b[^.]{0,90}\b(restrict|prevent|protect)\w*|\b(restrict|prevent)\w*[^.]{0,90}\b(mprotect|map_file|ptrace)\b",
        "these are calls that programs make, no protections",
    ),
    (
        "C05",
        r"\b(aufs|btrfs|ext4|overlayfs)\b[^.]{0,60}\b(detect|alert|monitor)\w*|\b(monitor|detect)\w*[^.]{0,60}\b(aufs|btrfs|ext4)\b",
        "these are file systems, no monitors",
    ),
    ("Y12", r"\b(create|replace|overwrite|edit|modify)\b[^.]{0,60}\bfalco_rules\.yaml", ""),
    (
        "N04",
        r"/etc/(nc\.conf|netcat\.conf|ossec\.conf|seccomp/|apparmor/d\b|apparmor/profiles)|\bcgroup\.conf\b",
        "",
    ),
];

static PATTERNS: LazyLock<Vec<(&str, Regex, &str)>> = LazyLock::new(|| {
    WORDS
        .iter()
        .filter_map(|(id, pattern, why)| Some((*id, Regex::new(pattern).ok()?, *why)))
        .collect()
});

/// Judges a paragraph.
pub fn judge(text: &str, line: usize, alert: Option<&Alert>, found: &mut Vec<Finding>) {
    for sentence in sentences(text) {
        let lower = sentence.to_ascii_lowercase().replace("**", "").replace("__", "");
        if is_refused(&lower) {
            continue;
        }
        for (id, pattern, why) in PATTERNS.iter() {
            if pattern.is_match(&lower) {
                let finding = Finding::new(id, line, sentence);
                found.push(if why.is_empty() { finding } else { finding.because(why) });
            }
        }
        super::snippet::hidden(sentence, line, found);
        if let Some(alert) = alert {
            against(sentence, &lower, line, alert, found);
        }
    }
}

/// Claims that the alert itself contradicts.
fn against(sentence: &str, lower: &str, line: usize, alert: &Alert, found: &mut Vec<Finding>) {
    let finding = |id| Finding::new(id, line, sentence);
    if let Some(seconds) = container_age(alert) {
        let says_old = [
            "extended period",
            "long time",
            "for hours",
            "for days",
            "long-running",
            "running for a while",
        ];
        let says_new =
            ["just started", "newly started", "recently started", "newly created", "just created"];
        if seconds < 60.0 && says_old.iter().any(|words| lower.contains(words))
            || seconds > 3600.0 && says_new.iter().any(|words| lower.contains(words))
        {
            found.push(finding("C02").because(&format!("the container was {seconds:.6} s old")));
        }
    }
    let event = alert.fields.text("evt.type").unwrap_or_default();
    if matches!(event, "execve" | "execveat" | "open" | "openat" | "openat2" | "connect") {
        let claims = [
            "enabled remote code execution",
            "has exfiltrated",
            "was exfiltrated",
            "data was stolen",
            "has been compromised",
            "was compromised",
            "has connected",
            "successfully connected",
            "gained access",
            "established a connection",
            "has established",
        ];
        if claims.iter().any(|claim| lower.contains(claim)) {
            found.push(finding("C03").because(&format!("{event} alone does not prove it")));
        }
    }
    let incoming = [
        "block incoming",
        "blocking incoming",
        "restrict incoming",
        "deny incoming",
        "block inbound",
        "restrict inbound",
    ];
    let outgoing = [
        "block outgoing",
        "blocking outgoing",
        "restrict outgoing",
        "deny outgoing",
        "block outbound",
        "block egress",
    ];
    match is_outgoing(alert) {
        Some(true) if incoming.iter().any(|words| lower.contains(words)) => {
            found.push(finding("D01"));
        }
        Some(false) if outgoing.iter().any(|words| lower.contains(words)) => {
            found.push(finding("D01"));
        }
        _ => {}
    }
}

/// Seconds between the container's start and the event, where the alert has both.
fn container_age(alert: &Alert) -> Option<f64> {
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

/// Cuts at dots that end a word and are followed by a blank: a file's or an address' dot ends no sentence.
fn sentences(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let ends = |at: &usize| {
            rest.get(at + 1..)
                .is_none_or(|next| next.is_empty() || next.starts_with(char::is_whitespace))
        };
        let cut = rest
            .match_indices(['.', '!', '?', ';'])
            .map(|(at, _)| at)
            .find(ends)
            .map_or(rest.len(), |at| at + 1);
        let (sentence, behind) = rest.split_at_checked(cut).unwrap_or((rest, ""));
        rest = behind;
        Some(sentence.trim())
    })
    .filter(|sentence| !sentence.is_empty())
}
