//! Cuts the `key=value`s of a message into output fields, by the keys of the rule's template in order.
//!
//! Falco quotes nothing, so a value may hold spaces, `=` and whole fake fields; what is cut here is text that anyone
//! may have written, and is flagged so.

use super::templates::{Known, common_field, is_field_key};
use crate::model::{Fields, Value};

/// Fields that Falco appends behind the rule's own text: the last occurrence of their keys is the true one.
const APPENDED: [&str; 14] = [
    "container_id",
    "container_name",
    "container_image_repository",
    "container_image_tag",
    "container_image",
    "k8s_pod_name",
    "k8s_ns_name",
    "k8s_ns",
    "k8smeta_pod_name",
    "k8smeta_ns_name",
    "k8s.ns",
    "k8s.pod",
    "container",
    "image",
];

/// One key found in a message: where it begins, where its value begins, and the field it stands for.
struct Found<'a> {
    at: usize,
    value: usize,
    field: &'a str,
}

/// The fields of a message. Without a template only keys that mean the same everywhere are read.
pub(super) fn fields(message: &str, known: Option<&Known>) -> Fields {
    let mut found: Vec<Found> = Vec::new();
    match known {
        Some(known) if !known.keys.is_empty() => {
            let mut from = 0;
            for (key, field) in &known.keys {
                if let Some(next) = find(message, key, from, field) {
                    from = next.value;
                    found.push(next);
                }
            }
        }
        _ => common(message, &mut found),
    }
    let from = found.last().map_or(0, |last| last.value);
    for key in APPENDED {
        if let Some(field) = common_field(key)
            && let Some(last) = find_last(message, key, from, field)
            && !found.iter().any(|found| found.at == last.at)
        {
            found.push(last);
        }
    }
    found.sort_by_key(|found| found.at);
    let mut fields = Fields::default();
    for (n, one) in found.iter().enumerate() {
        let end = found.get(n + 1).map_or(message.len(), |next| next.at);
        let value = message.get(one.value..end).unwrap_or_default();
        if fields.get(one.field).is_none() {
            fields.0.push((one.field.into(), Value::String(trim(value).into())));
        }
    }
    id_in_brackets(&mut fields);
    fields
}

/// Every key of the message that means the same in all rules.
fn common<'a>(message: &'a str, found: &mut Vec<Found<'a>>) {
    for (at, _) in message.match_indices('=').take(64) {
        let before = message.get(..at).unwrap_or_default();
        let is_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '[' | ']');
        let start = before.trim_end_matches(is_key).len();
        let key = before.get(start..).unwrap_or_default();
        if !is_boundary(message, start) || APPENDED.contains(&key) {
            continue;
        }
        let field = match common_field(key) {
            Some(field) => field,
            None if is_field_key(key) => key,
            None => continue,
        };
        found.push(Found { at: start, value: at + 1, field });
    }
}

fn is_boundary(message: &str, at: usize) -> bool {
    at == 0
        || message
            .as_bytes()
            .get(at - 1)
            .is_some_and(|byte| matches!(byte, b' ' | b'(' | b',' | b'|' | b'\t' | b'\n'))
}

fn find<'a>(message: &str, key: &str, from: usize, field: &'a str) -> Option<Found<'a>> {
    let rest = message.get(from..)?;
    rest.match_indices(key).map(|(at, _)| from + at).find_map(|at| found(message, key, at, field))
}

fn find_last<'a>(message: &str, key: &str, from: usize, field: &'a str) -> Option<Found<'a>> {
    let rest = message.get(from..)?;
    rest.rmatch_indices(key).map(|(at, _)| from + at).find_map(|at| found(message, key, at, field))
}

fn found<'a>(message: &str, key: &str, at: usize, field: &'a str) -> Option<Found<'a>> {
    let value = at + key.len();
    (is_boundary(message, at) && message.as_bytes().get(value) == Some(&b'=')).then_some(Found {
        at,
        value: value + 1,
        field,
    })
}

/// A value without the separators behind it. A closing parenthesis goes when the value did not open one.
fn trim(value: &str) -> &str {
    let value = value.trim_matches([' ', '\n', '\t']).trim_end_matches([',', '|']).trim_end();
    match value.strip_suffix(')') {
        Some(inner) if value.matches('(').count() < value.matches(')').count() => inner,
        _ => value,
    }
}

/// `container=name (id=0123456789ab)`, as Falco printed it with `-pc`.
fn id_in_brackets(fields: &mut Fields) {
    let split = fields.text("container.id").and_then(|text| {
        let (name, rest) = text.split_once(" (id=")?;
        Some((name.to_owned(), rest.trim_end_matches(')').to_owned()))
    });
    if let Some((name, id)) = split {
        fields.set("container.id", Value::String(id.into()));
        fields.set("container.name", Value::String(name.into()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(message: &str, keys: &str, expected: &str) {
        let keys = keys.split(' ').filter_map(|pair| pair.split_once('='));
        let known = Known {
            rule: "R".into(),
            priority: None,
            source: "syscall".into(),
            tags: vec![],
            keys: keys.map(|(key, field)| (key.into(), field.into())).collect(),
        };
        let fields = fields(message, Some(&known));
        let shown: Vec<_> =
            fields.iter().map(|(name, value)| format!("{name}={}", value.display())).collect();
        assert_eq!(shown.join(";"), expected);
    }

    #[test]
    fn values_may_hold_spaces_and_signs() {
        check(
            "Odd (user=root command=sh -c a=b (c) | d terminal=0)",
            "user=user.name command=proc.cmdline terminal=proc.tty",
            "user.name=root;proc.cmdline=sh -c a=b (c) | d;proc.tty=0",
        );
    }

    #[test]
    fn empty_and_missing_values_are_kept_apart() {
        check(
            "Odd | sname= gparent=<NA> cwd=/",
            "sname=proc.sname gparent=proc.aname[2] cwd=proc.cwd",
            "proc.sname=;proc.aname[2]=<NA>;proc.cwd=/",
        );
    }

    #[test]
    fn appended_container_fields_are_found_from_the_end() {
        check(
            "Odd | command=x container_id=fake y container_id=0123456789ab container_name=web",
            "command=proc.cmdline",
            "proc.cmdline=x container_id=fake y;container.id=0123456789ab;container.name=web",
        );
        check(
            "Odd (command=x) k8s.ns=prod k8s.pod=web-1 container=0123456789ab",
            "command=proc.cmdline",
            "proc.cmdline=x;k8s.ns.name=prod;k8s.pod.name=web-1;container.id=0123456789ab",
        );
    }

    #[test]
    fn without_a_template_only_common_keys_are_read() {
        let fields = fields("Odd (user=root foo=bar container_id=host)", None);
        let names: Vec<_> = fields.iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["user.name", "container.id"]);
    }
}
