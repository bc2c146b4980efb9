//! Cuts the `key=value`s of a message into output fields, by the keys of the rule's template in order.
//!
//! Falco quotes nothing, so a value may hold spaces, `=` and whole fake fields; what is cut here is text that anyone
//! may have written, and is flagged so.

mod between;
mod meaning;

use super::templates::{Known, is_official_key};
use crate::model::{Fields, Value};
use meaning::Meaning;

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

/// One key found in a message: where it begins, where its value begins and ends at the latest, and the field it stands
/// for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found<'a> {
    at: usize,
    value: usize,
    /// The value ends before the next key that was found, or here.
    end: usize,
    field: &'a str,
}

/// Every `key=` of a message behind a boundary: where the key begins, and where its value does. Kept from one message to
/// the next only for its room.
#[derive(Debug, Default)]
pub(super) struct Keys(Vec<Key>);

/// Where one `key=` stands.
#[derive(Clone, Copy, Debug)]
struct Key {
    /// Where its name begins when it may hold `-`; none when no boundary stands before it.
    at: Option<u32>,
    /// The same when it may hold `[` and `]`, as fields with an argument do.
    bracketed_at: Option<u32>,
    value: u32,
}

impl Key {
    /// The key before the `=` at a place.
    fn before(bytes: &[u8], sign: usize) -> Option<Self> {
        let value = u32::try_from(sign + 1).ok()?;
        let before = bytes.get(..sign).unwrap_or_default();
        let plain = key_start(before, |byte| is_word(*byte));
        // Most keys are plain: only a sign before one makes the two beginnings different.
        let (mut at, mut bracketed_at) = (plain, plain);
        match plain.checked_sub(1).and_then(|stop| bytes.get(stop)) {
            Some(b'-') => at = key_start(before, |byte| is_word(*byte) || *byte == b'-'),
            Some(b'[' | b']') => {
                bracketed_at =
                    key_start(before, |byte| is_word(*byte) || matches!(byte, b'[' | b']'));
            }
            _ => {}
        }
        let begins = |at: usize| {
            let is_key = at < sign && is_boundary(bytes, at);
            u32::try_from(at).ok().filter(|_| is_key)
        };
        let (at, bracketed_at) = (begins(at), begins(bracketed_at));
        (at.is_some() || bracketed_at.is_some()).then_some(Self { at, bracketed_at, value })
    }
}

impl Keys {
    /// Reads the keys of a message.
    pub fn read(&mut self, message: &str) {
        let bytes = message.as_bytes();
        self.0.clear();
        self.0.extend(memchr::memchr_iter(b'=', bytes).filter_map(|at| Key::before(bytes, at)));
    }

    /// Keys from a place in the message on, with what they are called.
    fn from<'m>(
        &self,
        message: &'m str,
        from: usize,
    ) -> impl Iterator<Item = (usize, usize, &'m str)> {
        let first = self.0.partition_point(|key| (key.value as usize) <= from);
        self.0.get(first..).unwrap_or_default().iter().filter_map(move |key| {
            let (at, value) = (key.at.or(key.bracketed_at)? as usize, key.value as usize);
            (at >= from).then(|| (at, value, message.get(at..value - 1).unwrap_or_default()))
        })
    }
}

/// A byte of a key in all its forms.
#[inline]
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.')
}

/// Where the key begins that ends these bytes.
#[inline]
fn key_start(before: &[u8], is_key: impl Fn(&u8) -> bool) -> usize {
    before.len() - before.iter().rev().take_while(|byte| is_key(byte)).count()
}

#[inline]
fn is_boundary(bytes: &[u8], at: usize) -> bool {
    at == 0
        || bytes
            .get(at - 1)
            .is_some_and(|byte| matches!(byte, b' ' | b'(' | b',' | b'|' | b'\t' | b'\n'))
}

/// The fields of a message. Without a template only keys that mean the same everywhere are read. Of a message whose end is
/// lost, the value that goes on up to there is none: half of it is another one.
pub(super) fn fields(message: &str, known: Option<&Known>, is_cut: bool) -> Fields {
    let mut fields = Fields::default();
    let (mut keys, mut found) = (Keys::default(), Vec::new());
    keys.read(message);
    find(message, known, &keys, &mut found);
    for (field, from, to) in spans(message, &found) {
        if is_cut && to == message.len() {
            continue;
        }
        let value = message.get(from..to).unwrap_or_default();
        if !fields.0.iter().any(|(name, _)| **name == *field) {
            let value = if is_plugin_word(field) { first_word(value) } else { value };
            fields.0.push((field.into(), Value::String(trim(value).into())));
        }
    }
    id_in_brackets(&mut fields);
    name_and_kind(&mut fields);
    fields
}

/// Finds the keys of a message that stand for fields, in their order; a field may be found twice, and the first counts.
///
/// The keys must have been read.
pub(super) fn find<'a>(
    message: &'a str,
    known: Option<&'a Known>,
    keys: &Keys,
    found: &mut Vec<Found<'a>>,
) {
    match known {
        Some(known) if !known.keys.is_empty() => {
            let mut from = 0;
            for (key, field) in &known.keys {
                let next = keys.from(message, from).find(|(_, _, name)| **name == **key);
                if let Some((at, value, _)) = next {
                    from = value;
                    found.push(Found { at, value, end: usize::MAX, field });
                }
            }
        }
        _ => common(message, keys, found),
    }
    let n_found = found.len();
    let from = found.last().map_or(0, |last| last.value);
    let mut last = [None; APPENDED.len()];
    for (at, value, name) in keys.from(message, from) {
        if let Some(slot) = appended(name).and_then(|which| last.get_mut(which)) {
            *slot = Some((at, value));
        }
    }
    for ((_, field), last) in APPENDED.into_iter().zip(last) {
        if let Some((at, value)) = last {
            found.push(Found { at, value, end: usize::MAX, field });
        }
    }
    // What was appended lies behind the others, in an order of its own.
    if let Some(appended) = found.get_mut(n_found..) {
        appended.sort_unstable_by_key(|found| found.at);
    }
    if let Some(known) = known
        && !known.keys.is_empty()
        && *known.source == *"syscall"
        && keys.0.len() > found.len()
    {
        between::part(message, known, keys, found);
    }
}

/// What stands behind each key, up to the next, with the separators between them: the field, and from where to where.
pub(super) fn spans<'f, 'a>(
    message: &str,
    found: &'f [Found<'a>],
) -> impl Iterator<Item = (&'a str, usize, usize)> + use<'f, 'a> {
    let ends = found.iter().skip(1).map(|next| next.at).chain([message.len()]);
    found.iter().zip(ends).map(|(found, next)| (found.field, found.value, next.min(found.end)))
}

/// What the bytes before a `=` mean for the fields of messages with one of these templates, or with none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    /// The same fields are found as if the sign were none.
    None,
    /// They may be a key.
    Key,
}

/// Weighs what stands before the `=` at a place of a message. All that matters stands in so many bytes before the sign:
/// the key, what it may be the end of, and one byte before that; `None` when the message begins with them.
pub(super) fn weigh<'k>(
    message: &[u8],
    sign: usize,
    known: impl Iterator<Item = &'k Known>,
) -> (Weight, Option<usize>) {
    let before = message.get(..sign).unwrap_or_default();
    let start = key_start(before, |byte| is_word(*byte) || matches!(byte, b'-' | b'[' | b']'));
    let run = before.get(start..).unwrap_or_default();
    let mut keys = known.flat_map(|known| &known.keys);
    let is_own = keys.any(|(key, _)| run.ends_with(key.as_bytes()));
    let means = |at: Option<u32>| {
        let name = at.and_then(|at| str::from_utf8(message.get(at as usize..sign)?).ok());
        name.is_some_and(|name| Meaning::of(name).is_any() || is_official_key(name))
    };
    let key = Key::before(message, sign);
    let is_key = is_own || key.is_some_and(|key| means(key.at) || means(key.bracketed_at));
    let weight = if is_key { Weight::Key } else { Weight::None };
    (weight, (start > 0).then_some(sign - start + 1))
}

/// Whether bytes before a `=` may be more than [`Weight::None`]: all keys have two last bytes for which `ends` says so, or
/// are names with a dot.
#[inline]
pub(super) fn may_weigh(before: &[u8], ends: impl FnOnce([u8; 2]) -> bool) -> bool {
    let Some(last) = before.last_chunk::<2>() else { return true };
    if ends(*last) {
        return true;
    }
    let is_run = |byte: &u8| is_word(*byte) || matches!(byte, b'-' | b'[' | b']');
    before.iter().rev().take_while(|byte| is_run(byte)).any(|byte| *byte == b'.')
}

/// So many keys of a message that no template explains are looked at.
pub(super) const COMMON_KEYS: usize = 64;

/// Every key of the message that means the same in all rules.
fn common<'a>(message: &'a str, keys: &Keys, found: &mut Vec<Found<'a>>) {
    for key in keys.0.iter().take(COMMON_KEYS) {
        let (Some(at), value) = (key.bracketed_at, key.value as usize) else { continue };
        let at = at as usize;
        let name = message.get(at..value - 1).unwrap_or_default();
        let meaning = Meaning::of(name);
        let Some(field) = meaning.field_of(name).filter(|_| meaning.appended.is_none()) else {
            continue;
        };
        found.push(Found { at, value, end: usize::MAX, field });
    }
}

/// Which of the appended keys this is.
#[inline]
fn appended(key: &str) -> Option<usize> {
    // Most keys are none of them.
    if !matches!(key.as_bytes().first(), Some(b'c' | b'k' | b'i')) {
        return None;
    }
    APPENDED.iter().position(|(name, _)| *name == key)
}

/// A value without the separators behind it. A closing parenthesis goes when the value did not open one.
pub(super) fn trim(value: &str) -> &str {
    let value = value.trim_matches([' ', '\n', '\t']).trim_end_matches([',', '|']).trim_end();
    let count = |wanted: u8| value.bytes().filter(|byte| *byte == wanted).count();
    match value.strip_suffix(')') {
        Some(inner) if count(b'(') < count(b')') => inner,
        _ => value,
    }
}

/// Whether a field of a plugin is one word: what stands behind it up to the next key is a sentence's (`user=bob, requesting
/// IP=192.0.2.1`).
fn is_plugin_word(field: &str) -> bool {
    matches!(
        field,
        "ct.user"
            | "ct.srcip"
            | "ct.region"
            | "ct.name"
            | "ct.user.accountid"
            | "gcp.user"
            | "gcp.callerIP"
            | "gcp.projectId"
            | "gcp.methodName"
            | "gcp.location"
            | "okta.client.ip"
            | "ka.verb"
            | "ka.response.code"
    )
}

fn first_word(value: &str) -> &str {
    value.split_ascii_whitespace().next().unwrap_or_default()
}

/// `target=NAME/KIND`, as some rules on the audit log print it: no object's name holds a slash.
fn name_and_kind(fields: &mut Fields) {
    let is_known = fields.known("ka.target.resource").is_some();
    let split = fields.text("ka.target.name").filter(|_| !is_known).and_then(|text| {
        let (name, kind) = text.split_once('/')?;
        let is_kind = !kind.is_empty() && kind.bytes().all(|byte| byte.is_ascii_lowercase());
        is_kind.then(|| (name.to_owned(), kind.to_owned()))
    });
    if let Some((name, kind)) = split {
        fields.set("ka.target.name", Value::String(name.into()));
        fields.set("ka.target.resource", Value::String(kind.into()));
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
    pub(super) fn check(message: &str, keys: &str, expected: &str) {
        let keys = keys.split(' ').filter_map(|pair| pair.split_once('='));
        let known = Known {
            rule: "R".into(),
            priority: None,
            source: "syscall".into(),
            tags: vec![],
            keys: keys.map(|(key, field)| (key.into(), field.into())).collect(),
        };
        let fields = fields(message, Some(&known), false);
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
        let fields = fields("Odd (user=root foo=bar container_id=host)", None, false);
        let names: Vec<_> = fields.iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["user.name", "container.id"]);
    }

    #[test]
    fn of_a_cut_message_only_the_value_at_its_end_is_lost() {
        let names = |message: &str| {
            let fields = fields(message, None, true);
            fields.iter().map(|(name, _)| name.to_owned()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(names("Odd (user=root container_id=0a1"), "user.name");
        assert_eq!(
            names("Odd (container=web (id=0a1b2c3d4e5f) image=ngi"),
            "container.id container.name"
        );
    }
}
