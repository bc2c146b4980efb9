//! Field names that a forwarder changed, read back: falcosidekick's Elasticsearch output writes `_` for dots, its
//! Logstash output `.2` for `[2]`, its bracket replacer any text for the brackets.

use crate::model::{Fields, Value};
use std::{
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

/// Names of Falco's fields, one a line.
static NAMES: LazyLock<Names> = LazyLock::new(|| {
    let list: HashSet<&str> = include_str!("fields.txt").lines().collect();
    let by_underscore = list.iter().map(|name| (name.replace(['.', '-'], "_"), *name)).collect();
    Names { list, by_underscore }
});

struct Names {
    list: HashSet<&'static str>,
    by_underscore: HashMap<String, &'static str>,
}

/// Whether Falco has a field of this name; an argument in brackets is not looked at.
pub(super) fn is_field(name: &str) -> bool {
    let base = name.split_once('[').map_or(name, |(base, _)| base);
    NAMES.list.contains(base) || base.starts_with("evt.arg.")
}

/// Reads changed names back, and opens objects that a forwarder made of dotted names; says whether there were any.
pub(super) fn read_back(fields: &mut Fields) -> bool {
    if !fields.iter().any(|(name, value)| looks_changed(name) || is_opened(name, value)) {
        return false;
    }
    let mut read = Fields::default();
    let mut seen = HashSet::new();
    let mut changed = false;
    let mut add = |name: Box<str>, value: Value| {
        if seen.insert(name.clone()) {
            read.0.push((name, value));
        }
    };
    for (name, value) in std::mem::take(&mut fields.0) {
        if is_opened(&name, &value) {
            changed = true;
            flatten(&name, value, 0, &mut add);
        } else if let Some(original) = original(&name) {
            changed = true;
            add(original.into(), value);
        } else {
            add(name, value);
        }
    }
    *fields = read;
    changed
}

/// Whether a name is a changed one; cheap for most.
pub(super) fn looks_changed(name: &str) -> bool {
    let ends_in_digit = name.as_bytes().last().is_some_and(u8::is_ascii_digit);
    ((!name.contains('.') && name.contains('_')) || ends_in_digit || name.ends_with('_'))
        && original(name).is_some()
}

/// Whether a value is the object that stands for several dotted names: `{"proc": {"name": "sh"}}`.
fn is_opened(name: &str, value: &Value) -> bool {
    const CLASSES: [&str; 10] =
        ["proc", "container", "k8s", "evt", "fd", "user", "group", "ka", "ct", "k8smeta"];
    matches!(value, Value::Object(members) if !members.is_empty()) && CLASSES.contains(&name)
}

fn flatten(name: &str, value: Value, depth: usize, add: &mut impl FnMut(Box<str>, Value)) {
    match value {
        Value::Object(members) if depth < 8 && !members.is_empty() => {
            for (key, value) in members {
                flatten(&format!("{name}.{key}"), value, depth + 1, add);
            }
        }
        value => add(original(name).map_or_else(|| name.into(), Into::into), value),
    }
}

/// The name that Falco wrote, when this one is a changed form of it.
fn original(name: &str) -> Option<String> {
    if is_field(name) {
        return None;
    }
    if !name.contains('.')
        && let Some(field) = NAMES.by_underscore.get(name.trim_end_matches('_'))
    {
        return Some((*field).to_owned());
    }
    // `proc.aname.2`, `proc.aname<r>2`, `proc_aname[2]`, `proc_aname_2_`: a field, something, a number.
    let stem = name.trim_end_matches(|c: char| !c.is_ascii_digit());
    let base = stem.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = stem.get(base.len()..).filter(|digits| !digits.is_empty())?;
    if name.len() - stem.len() > 3 {
        return None;
    }
    let (bare, dotted) = (base.trim_end_matches(|c: char| !c.is_ascii_alphanumeric()), base);
    let candidates = [bare, dotted.split_once('<').map_or(bare, |(before, _)| before)];
    candidates.into_iter().find_map(|candidate| {
        let field = if NAMES.list.contains(candidate) {
            candidate
        } else {
            NAMES.by_underscore.get(candidate).copied()?
        };
        takes_index(field).then(|| format!("{field}[{digits}]"))
    })
}

/// Fields that are asked for by number.
fn takes_index(field: &str) -> bool {
    matches!(
        field,
        "proc.aname"
            | "proc.apid"
            | "proc.aexe"
            | "proc.aexepath"
            | "proc.acmdline"
            | "proc.aargs"
            | "proc.aenv"
    ) || field.starts_with("evt.arg")
        || field.starts_with("ka.")
        || field.starts_with("jevt.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, expected: Option<&str>) {
        assert_eq!(original(name).as_deref(), expected, "{name}");
    }

    #[test]
    fn underscores_become_dots_where_a_field_had_them() {
        check("proc_is_exe_upper_layer", Some("proc.is_exe_upper_layer"));
        check("container_image_repository", Some("container.image.repository"));
        check("k8s_ns_name", Some("k8s.ns.name"));
        check("evt_time_iso8601", Some("evt.time.iso8601"));
        check("environment_name", None);
        check("proc.name", None);
    }

    #[test]
    fn numbers_go_back_into_brackets() {
        check("proc.aname.2", Some("proc.aname[2]"));
        check("proc.aname<r>2", Some("proc.aname[2]"));
        check("proc.aname_2", Some("proc.aname[2]"));
        check("proc_aname[2]", Some("proc.aname[2]"));
        check("proc_aname_2_", Some("proc.aname[2]"));
        check("proc.aname[2]", None);
        check("proc.pid.2", None);
    }

    #[test]
    fn objects_become_dotted_names_again() {
        let proc = Value::Object(vec![("name".into(), Value::Bool(true))]);
        let mut fields = Fields(vec![("proc".into(), proc)]);
        assert!(read_back(&mut fields));
        assert_eq!(fields.get("proc.name"), Some(&Value::Bool(true)));
    }
}
