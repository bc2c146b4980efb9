//! Lines of text whose fields may be forged: Falco quotes nothing, so a command line or a path that somebody chose may hold
//! what looks like the next fields, and nothing in the line tells which of two is the true one.

use crate::model::{Alert, Flag};
use crate::query::listed;
use std::collections::BTreeMap;

/// Keys that are named in one sentence.
const NAMED: usize = 6;
/// A line of text gives at most so many fields; what has more was not cut from one.
const MOST_CUT: usize = 128;

/// The keys that a text alert's line holds more than once with different values, where one of them was read as a field: a
/// value may have forged it.
pub fn forged(alert: &Alert) -> Vec<&str> {
    let text = alert.output.as_deref().unwrap_or_default();
    if !is_cut(alert, text) {
        return Vec::new();
    }
    let keys = keys(text);
    let mut first: BTreeMap<&str, &str> = BTreeMap::new();
    let mut found: BTreeMap<&str, bool> = BTreeMap::new();
    for key in &keys {
        if *first.entry(key.name).or_insert(key.word) != key.word {
            found.insert(key.name, false);
        }
    }
    if found.is_empty() {
        return Vec::new();
    }
    // What stands inside a field's value is no field of its own.
    let mut end = 0;
    for key in &keys {
        if key.value < end {
            continue;
        }
        let rest = text.get(key.value..).unwrap_or_default();
        let rest = rest.trim_start_matches([' ', '\n', '\t']);
        if let Some(len) = longest_read(alert, rest) {
            end = text.len() - rest.len() + len;
            if let Some(is_read) = found.get_mut(key.name) {
                *is_read = true;
            }
        }
    }
    found.into_iter().filter_map(|(name, is_read)| is_read.then_some(name)).collect()
}

/// What a line of text does not prove, and which of its keys ([`forged`]) stand against each other.
pub fn says(alert: &Alert, forged: &[&str]) -> Option<String> {
    if forged.is_empty() {
        let says = "That each field ends where it was cut: the alert is a line of text, and a command line or a path in it may hold what looks like the next fields.";
        return alert.flags.has(Flag::Text).then(|| says.to_owned());
    }
    let mut named: Vec<String> = forged.iter().take(NAMED).map(|key| format!("`{key}=`")).collect();
    if forged.len() > NAMED {
        named.push("others".to_owned());
    }
    let verb = if named.len() == 1 { "stands" } else { "stand" };
    let told = listed(&named, "and");
    Some(format!(
        "That its fields are true: the alert is a line of text in which {told} {verb} more than once with different values, and a command line or a path that somebody chose may have forged what was read. So nothing lowers the assessment; Falco's JSON output would tell."
    ))
}

/// Whether the fields were cut from the text of the output, for lack of others.
fn is_cut(alert: &Alert, text: &str) -> bool {
    if alert.flags.has(Flag::Text) {
        return true;
    }
    if !alert.flags.has(Flag::Unverified) || alert.fields.iter().count() > MOST_CUT {
        return false;
    }
    let values: Option<Vec<&str>> = alert.fields.iter().map(|(_, value)| value.as_str()).collect();
    let Some(mut values) = values else { return false };
    for (sign, _) in text.match_indices('=') {
        let rest = text.get(sign + 1..).unwrap_or_default();
        values.retain(|value| !rest.starts_with(value));
        if values.is_empty() {
            break;
        }
    }
    values.is_empty()
}

/// One `key=` of a text.
struct Key<'a> {
    name: &'a str,
    /// Where its value begins.
    value: usize,
    /// The first word of the value, without the signs behind it.
    word: &'a str,
}

/// Every key behind a boundary, in the order of the text.
fn keys(text: &str) -> Vec<Key<'_>> {
    let mut keys = Vec::new();
    // Where the word ends that was looked at last, with the signs behind it and without: many keys may stand in one.
    let (mut end, mut bare_end) = (0, 0);
    for (sign, _) in text.match_indices('=') {
        let Some(name) = key_before(text, sign) else { continue };
        let value = sign + 1;
        if value > end || end == 0 {
            let rest = text.get(value..).unwrap_or_default();
            let len = rest.find([' ', '\n', '\t']).unwrap_or(rest.len());
            let word = rest.get(..len).unwrap_or_default();
            end = value + len;
            bare_end = value + word.trim_end_matches([',', ')', '|']).len();
        }
        keys.push(Key { name, value, word: text.get(value..bare_end).unwrap_or_default() });
    }
    keys
}

/// The key that ends before a `=`, behind a boundary.
fn key_before(text: &str, sign: usize) -> Option<&str> {
    let before = text.get(..sign)?;
    let is_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '[' | ']');
    let rest = before.trim_end_matches(is_key);
    let is_bound = rest.is_empty() || rest.ends_with([' ', '(', ',', '|', '\t', '\n']);
    before.get(rest.len()..).filter(|key| is_bound && !key.is_empty())
}

/// How long the longest value of a field is that stands at the beginning of a text, in bytes.
fn longest_read(alert: &Alert, text: &str) -> Option<usize> {
    let is_here = |value: &&str| {
        text.strip_prefix(*value).is_some_and(|after| {
            after.is_empty() || after.starts_with([' ', ')', ',', '|', '\n', '\t'])
        })
    };
    let values = alert.fields.iter().filter_map(|(_, value)| value.as_str());
    values.filter(|value| !value.is_empty()).filter(is_here).map(str::len).max()
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
        check("Odd (user=root command=env a=root a=2)", &[]);
        check("Odd (command=env a=root a=2 user=root)", &[]);
        check("Odd (user=root command=env a= a=2 parent=)", &[]);
        check("Odd (user=root command=sh parent= a=root a=2)", &[]);
        check("Odd (user=root command=env a=root a=2 user=eve)", &["user"]);
    }

    #[test]
    fn a_line_of_json_is_not_in_doubt() {
        let line = r#"{"rule":"R","output":"Odd (user=root command=sh user=eve)","output_fields":{"user.name":"root","proc.cmdline":"sh user=eve"}}"#;
        assert_eq!(forged(&alert(line)), [""; 0]);
        assert_eq!(says(&alert(line), &[]), None);
        // Without its fields it is a text like any other.
        let line = r#"{"rule":"R","output":"Odd (user=root command=sh user=eve)"}"#;
        assert_eq!(forged(&alert(line)), ["user"]);
    }

    #[test]
    fn no_record_makes_it_long() {
        // Read without a bound each of these takes minutes.
        let members: Vec<String> = (0..10_000).map(|n| format!(r#""f{n}":"zz""#)).collect();
        let text = "zz ".repeat(300_000);
        let line = format!(
            r#"{{"rule":"R","output":"Odd {text}=zz","output_fields":{{{}}}}}"#,
            members.join(",")
        );
        let mut many = alert(&line);
        many.flags.set(Flag::Unverified);
        assert_eq!(forged(&many), [""; 0]);
        many.output = Some(",a=".repeat(250_000).into());
        many.flags.set(Flag::Text);
        many.fields.0.truncate(30);
        assert_eq!(forged(&many), [""; 0]);
        many.output = Some(format!("{}{}", ",a=".repeat(100_000), ",".repeat(600_000)).into());
        assert_eq!(forged(&many), [""; 0]);
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
