//! Lines of text whose fields may be forged: Falco quotes nothing, so a command line or a path that somebody chose may hold
//! what looks like the next fields, and nothing in the line tells which of two is the true one.

use crate::model::{Alert, Flag};
use std::collections::BTreeMap;

/// Keys that are named in one sentence.
const NAMED: usize = 6;

/// The keys that a text alert's line holds more than once with different values, where one of them was read as a field: a
/// value may have forged it.
pub fn forged(alert: &Alert) -> Vec<&str> {
    if !is_cut(alert) {
        return Vec::new();
    }
    let text = alert.output.as_deref().unwrap_or_default();
    let mut found: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (sign, _) in text.match_indices('=') {
        if let Some(key) = key_before(text, sign) {
            found.entry(key).or_default().push(text.get(sign + 1..).unwrap_or_default());
        }
    }
    found.retain(|_, values| {
        let first = values.first().map(|value| word(value));
        values.iter().any(|value| Some(word(value)) != first)
            && values.iter().any(|rest| is_read(alert, rest))
    });
    found.into_keys().collect()
}

/// What a line of text does not prove, and which of its keys stand against each other.
pub fn says(alert: &Alert) -> Option<String> {
    let keys = forged(alert);
    if keys.is_empty() {
        let says = "That each field ends where it was cut: the alert is a line of text, and a command line or a path in it may hold what looks like the next fields.";
        return alert.flags.has(Flag::Text).then(|| says.to_owned());
    }
    let mut named: Vec<String> = keys.iter().take(NAMED).map(|key| format!("`{key}=`")).collect();
    if keys.len() > NAMED {
        named.push("others".to_owned());
    }
    let (told, verb) = match named.split_last() {
        Some((last, [])) => (last.clone(), "stands"),
        Some((last, rest)) => (format!("{} and {last}", rest.join(", ")), "stand"),
        None => return None,
    };
    Some(format!(
        "That its fields are true: the alert is a line of text in which {told} {verb} more than once with different values, and a command line or a path that somebody chose may have forged what was read. So nothing lowers the assessment; Falco's JSON output would tell."
    ))
}

/// Whether the fields were cut from the text of the output, for lack of others.
fn is_cut(alert: &Alert) -> bool {
    if alert.flags.has(Flag::Text) {
        return true;
    }
    let text = alert.output.as_deref().unwrap_or_default();
    let stands = |value: &str| {
        text.match_indices(value)
            .any(|(at, _)| text.get(..at).is_some_and(|before| before.ends_with('=')))
    };
    alert.flags.has(Flag::Unverified)
        && alert.fields.iter().all(|(_, value)| value.as_str().is_some_and(stands))
}

/// The key that ends before a `=`, behind a boundary.
fn key_before(text: &str, sign: usize) -> Option<&str> {
    let before = text.get(..sign)?;
    let is_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '[' | ']');
    let rest = before.trim_end_matches(is_key);
    let is_bound = rest.is_empty() || rest.ends_with([' ', '(', ',', '|', '\t', '\n']);
    before.get(rest.len()..).filter(|key| is_bound && !key.is_empty())
}

/// The first word of a value, without the signs behind it.
fn word(value: &str) -> &str {
    let end = value.find([' ', '\n', '\t']).unwrap_or(value.len());
    value.get(..end).unwrap_or_default().trim_end_matches([',', ')', '|'])
}

/// Whether a field was read from here.
fn is_read(alert: &Alert, rest: &str) -> bool {
    alert.fields.iter().filter_map(|(_, value)| value.as_str()).any(|value| {
        rest.strip_prefix(value).is_some_and(|after| {
            after.is_empty() || after.starts_with([' ', ')', ',', '|', '\n', '\t'])
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Choice, Playbooks, analyze};
    use crate::decode::{Context, Item, reread};
    use crate::model::Level;
    use std::sync::Arc;

    fn alert(line: &str) -> Alert {
        match reread(line.as_bytes(), 0, &Arc::new(Context::default())) {
            Item::Alert(alert) => *alert,
            other => panic!("{other:?}"),
        }
    }

    const HEAD: &str = "2026-07-04T20:46:44.180672852+0000: Notice";

    #[track_caller]
    fn check(message: &str, expected: &[&str]) {
        assert_eq!(forged(&alert(&format!("{HEAD} {message}"))), expected, "{message}");
    }

    #[test]
    fn keys_that_stand_against_each_other_are_found() {
        check("Odd (user=root command=sh -c x container_id=0a1b2c3d4e5f)", &[]);
        check("Odd (user=root command=sh -c x user=eve container_id=0a1b2c3d4e5f)", &["user"]);
        check(
            "Odd (command=sh -c x container_id=host y container_id=0a1b2c3d4e5f)",
            &["container_id"],
        );
        // Falco itself says some of them twice.
        check("Odd (command=sh container_id=0a1b2c3d4e5f) container_id=0a1b2c3d4e5f", &[]);
        // What is no field forges none.
        check("Odd (user=root command=env a=1 a=2)", &[]);
    }

    #[test]
    fn a_line_of_json_is_not_in_doubt() {
        let line = r#"{"rule":"R","output":"Odd (user=root command=sh user=eve)","output_fields":{"user.name":"root","proc.cmdline":"sh user=eve"}}"#;
        assert_eq!(forged(&alert(line)), [""; 0]);
        assert_eq!(says(&alert(line)), None);
        // Without its fields it is a text like any other.
        let line = r#"{"rule":"R","output":"Odd (user=root command=sh user=eve)"}"#;
        assert_eq!(forged(&alert(line)), ["user"]);
    }

    #[test]
    fn what_may_be_forged_lowers_nothing_and_is_said() {
        let playbooks = Playbooks::builtin();
        let read = |line: &str| analyze(&alert(line), &[], &playbooks, &Choice::default());
        let tail = "container_id=0a1b2c3d4e5f container_name=web container_image_repository=nginx";
        let plain = read(&format!("{HEAD} Odd (user=root command=sh) {tail}"));
        assert!(plain.not_proven.iter().any(|says| says.contains("where it was cut")), "{plain:?}");
        let forged =
            read(&format!("{HEAD} Odd (user=root command=sh user=x parent=calico-node) {tail}"));
        assert!(forged.not_proven.iter().any(|says| says.contains("`user=`")), "{forged:?}");
        assert!(forged.assessment.level >= Level::Medium, "{forged:?}");
    }
}
