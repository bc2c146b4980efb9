//! Whether a sentence warns of what it names, instead of advising it. A refusal stands before what it refuses, in the same
//! clause; what is said to be dangerous stands behind.

use regex::Regex;
use std::sync::LazyLock;

/// Words that refuse what follows them.
const BEFORE: [&str; 22] = [
    "never",
    "do not",
    "don't",
    "does not",
    "doesn't",
    "not to",
    "avoid",
    "must not",
    "mustn't",
    "instead of",
    "rather than",
    "not recommended",
    "should not",
    "shouldn't",
    "cannot be",
    "refuse",
    "beware",
    "no longer",
    "without",
    "no need",
    "forbid",
    "warn",
];

/// Orders that only begin like a refusal: "Do not wait: …".
const HASTE: [&str; 6] = ["wait", "hesitate", "worry", "forget", "panic", "delay"];

/// Whether a sentence refuses what stands at a place of it (in bytes).
pub fn is_refused(sentence: &str, at: usize) -> bool {
    static BEHIND: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(concat!(
            r"\b(is|are|would be|be|as) ([a-z]+ ){0,2}(dangerous|harmful|wrong|a mistake|a bad idea|blocked|forbidden|not recommended|refused|unsafe|avoided|ignored)\b",
            r"|\b(must|should|may|can) (not|never)\b[^,;]{0,12}\b(be )?(done|used|run|followed|pasted|executed|disabled|stopped|applied|necessary)\b",
            r"|\b(makes|would make) (it|things) worse|\b(destroys|would destroy|lowers|would lower|blinds|would blind)\b|\bnot an option\b",
        ))
        .ok()
    });
    let words = sentence.to_ascii_lowercase();
    let before = words.get(..at).unwrap_or(&words);
    let before = before.rsplit(['!', '?']).next().unwrap_or(before);
    let before = before.rsplit(". ").next().unwrap_or(before);
    let behind = words.get(at..).unwrap_or_default();
    let behind = behind.split(". ").next().unwrap_or(behind);
    let head = before.trim_start_matches(|c: char| !c.is_ascii_alphabetic());
    // A refusal at the very beginning holds for all that is counted up behind it.
    let of_all = head.split_once(' ').is_some_and(|(first, rest)| {
        matches!(first, "never" | "avoid" | "don't" | "beware")
            || first == "do" && rest.starts_with("not ")
    }) && !HASTE
        .iter()
        .any(|word| head.split([':', ',', ';']).next().is_some_and(|head| head.contains(word)));
    let clause = clause(before);
    of_all
        || BEFORE.iter().any(|word| clause.contains(word))
        || BEHIND.as_ref().is_some_and(|behind_words| behind_words.is_match(behind))
}

/// What stands before a place in the same clause: another one ends where an order or a consequence begins.
fn clause(before: &str) -> &str {
    let cut = [": ", "; ", ", so ", " so that ", ", then ", " but ", ", and then "]
        .iter()
        .filter_map(|joint| before.rfind(joint).map(|at| at + joint.len()))
        .max()
        .unwrap_or(0);
    let clause = before.get(cut..).unwrap_or(before);
    let head = clause.trim_start_matches(|c: char| !c.is_ascii_alphabetic());
    let is_condition =
        ["if ", "when ", "since ", "as ", "because ", "while ", "although ", "once ", "to "]
            .iter()
            .any(|word| head.starts_with(word));
    match clause.rsplit_once(", ") {
        Some((_, order)) if is_condition => order,
        _ => clause,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(sentence: &str, named: &str, refused: bool) {
        let at = sentence.find(named).unwrap();
        assert_eq!(is_refused(sentence, at), refused, "{sentence}");
    }

    #[test]
    fn a_refusal_holds_for_what_follows_it() {
        check("Never disable SELinux here.", "disable", true);
        check("Do not restart Docker, flush the firewall or disable SELinux.", "disable", true);
        check("You should not stop auditd.", "stop", true);
        check("Contain it without stopping auditd.", "stopping", true);
        check("Isolate the pod instead of deleting it with `kubectl delete`.", "deleting", true);
        check("Disabling SELinux is dangerous.", "Disabling", true);
        check("Stopping Falco must never be done.", "Stopping", true);
        check("Turning off auditd blinds you.", "Turning", true);
    }

    #[test]
    fn a_negation_elsewhere_refuses_nothing() {
        check("Turn off auditd so that the logs do not fill up.", "Turn off", false);
        check("If you do not need it, disable AppArmor.", "disable", false);
        check("Unmount procfs so that nobody can no longer read it.", "Unmount", false);
        check("Do not wait: disable SELinux at once.", "disable", false);
        check("Disable the firewall to avoid false alarms.", "Disable", false);
        check("The alert is dangerous, so stop auditd.", "stop", false);
    }
}
