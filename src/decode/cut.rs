//! Cuts the `key=value`s of a message into output fields, by the keys of the rule's template in order.
//!
//! Falco quotes nothing, so a value may hold spaces, `=` and whole fake fields; what is cut here is text that anyone
//! may have written, and is flagged so.

use super::templates::{Known, common_field, is_field_key};
use crate::model::{Fields, Value};

/// Fields that Falco appends behind the rule's own text: the last occurrence of their keys is the true one.
const APPENDED: [(&str, &str); 14] = [
    ("container_id", "container.id"),
    ("container_name", "container.name"),
    ("container_image_repository", "container.image.repository"),
    ("container_image_tag", "container.image.tag"),
    ("container_image", "container.image.repository"),
    ("k8s_pod_name", "k8s.pod.name"),
    ("k8s_ns_name", "k8s.ns.name"),
    ("k8s_ns", "k8s.ns.name"),
    ("k8smeta_pod_name", "k8smeta.pod.name"),
    ("k8smeta_ns_name", "k8smeta.ns.name"),
    ("k8s.ns", "k8s.ns.name"),
    ("k8s.pod", "k8s.pod.name"),
    ("container", "container.id"),
    ("image", "container.image"),
];

/// One key found in a message: where it begins, where its value begins, and the field it stands for.
struct Found<'a> {
    at: usize,
    value: usize,
    field: &'a str,
}

/// Every `key=` of a message behind a boundary: where the key begins, and where its value does. Kept from one message to
/// the next only for its room.
#[derive(Debug, Default)]
pub(super) struct Keys(Vec<(u32, u32)>);

impl Keys {
    fn read(&mut self, message: &str) {
        self.0.clear();
        let bytes = message.as_bytes();
        for sign in memchr::memchr_iter(b'=', bytes) {
            let start = key_start(bytes, sign, |byte| {
                byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-')
            });
            if start < sign
                && is_boundary(message, start)
                && let (Ok(start), Ok(value)) = (u32::try_from(start), u32::try_from(sign + 1))
            {
                self.0.push((start, value));
            }
        }
    }

    /// Keys from a place in the message on, with what they are called.
    fn from<'m>(
        &self,
        message: &'m str,
        from: usize,
    ) -> impl DoubleEndedIterator<Item = (usize, usize, &'m str)> {
        let first = self.0.partition_point(|(at, _)| (*at as usize) < from);
        self.0.get(first..).unwrap_or_default().iter().map(|(at, value)| {
            let (at, value) = (*at as usize, *value as usize);
            (at, value, message.get(at..value - 1).unwrap_or_default())
        })
    }
}

/// The fields of a message. Without a template only keys that mean the same everywhere are read.
pub(super) fn fields(message: &str, known: Option<&Known>) -> Fields {
    let mut fields = Fields::default();
    for (field, value) in spans(message, known, &mut Keys::default()) {
        fields.0.push((field.into(), Value::String(value.into())));
    }
    id_in_brackets(&mut fields);
    fields
}

/// The fields of a message and their values as they stand in it, each field once.
pub(super) fn spans<'a>(
    message: &'a str,
    known: Option<&'a Known>,
    keys: &mut Keys,
) -> Vec<(&'a str, &'a str)> {
    let mut found: Vec<Found> = Vec::with_capacity(16);
    keys.read(message);
    match known {
        Some(known) if !known.keys.is_empty() => {
            let mut from = 0;
            for (key, field) in &known.keys {
                let next = keys.from(message, from).find(|(_, _, name)| **name == **key);
                if let Some((at, value, _)) = next {
                    from = value;
                    found.push(Found { at, value, field });
                }
            }
        }
        _ => common(message, &mut found),
    }
    let from = found.last().map_or(0, |last| last.value);
    let mut last = [None; APPENDED.len()];
    for (at, value, name) in keys.from(message, from) {
        if let Some(slot) = appended(name).and_then(|which| last.get_mut(which)) {
            *slot = Some((at, value));
        }
    }
    for ((_, field), last) in APPENDED.into_iter().zip(last) {
        if let Some((at, value)) = last
            && !found.iter().any(|found| found.at == at)
        {
            found.push(Found { at, value, field });
        }
    }
    found.sort_by_key(|found| found.at);
    let mut spans: Vec<(&str, &str)> = Vec::with_capacity(found.len());
    for (n, one) in found.iter().enumerate() {
        let end = found.get(n + 1).map_or(message.len(), |next| next.at);
        let value = message.get(one.value..end).unwrap_or_default();
        if !spans.iter().any(|(field, _)| *field == one.field) {
            spans.push((one.field, trim(value)));
        }
    }
    spans
}

/// Every key of the message that means the same in all rules.
fn common<'a>(message: &'a str, found: &mut Vec<Found<'a>>) {
    let bytes = message.as_bytes();
    for sign in memchr::memchr_iter(b'=', bytes).take(64) {
        let start = key_start(bytes, sign, |byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'[' | b']')
        });
        let key = message.get(start..sign).unwrap_or_default();
        if !is_boundary(message, start) || appended(key).is_some() {
            continue;
        }
        let field = match common_field(key) {
            Some(field) => field,
            None if is_field_key(key) => key,
            None => continue,
        };
        found.push(Found { at: start, value: sign + 1, field });
    }
}

/// Which of the appended keys this is.
fn appended(key: &str) -> Option<usize> {
    // Most keys are none of them.
    if !matches!(key.as_bytes().first(), Some(b'c' | b'k' | b'i')) {
        return None;
    }
    APPENDED.iter().position(|(name, _)| *name == key)
}

/// Where the key begins that ends before the sign.
fn key_start(bytes: &[u8], sign: usize, is_key: impl Fn(&u8) -> bool) -> usize {
    let before = bytes.get(..sign).unwrap_or_default();
    sign - before.iter().rev().take_while(|byte| is_key(byte)).count()
}

fn is_boundary(message: &str, at: usize) -> bool {
    at == 0
        || message
            .as_bytes()
            .get(at - 1)
            .is_some_and(|byte| matches!(byte, b' ' | b'(' | b',' | b'|' | b'\t' | b'\n'))
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
