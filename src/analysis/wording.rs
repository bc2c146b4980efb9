//! Sentences with placeholders: filled from an alert, with words for what it lacks.

use super::facts::{Case, Place};
use crate::model::Alert;

/// The placeholders that are words; every other one must be a Falco field (it has a dot).
pub const WORDS: [&str; 17] = [
    "process",
    "command",
    "parent",
    "container",
    "image",
    "user",
    "file",
    "remote",
    "pod",
    "namespace",
    "host",
    "rule",
    "actor",
    "target",
    "age",
    "exe",
    "priority",
];

/// How much of one value a sentence may hold, in characters.
const LONGEST: usize = 200;

/// Fills a sentence.
pub fn fill(template: &str, case: Case<'_>) -> String {
    let mut text = String::new();
    let mut rest = template.trim_end();
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        if let Some((name, after)) = after.split_once('}').filter(|(name, _)| is_name(name)) {
            // One is in a container, in a pod, and on a host.
            if name == "container" && case.facts.place == Place::Host && text.ends_with("in ") {
                text.truncate(text.len() - 3);
                text.push_str("on ");
            } else if name == "container" && case.facts.place == Place::Host && text == "In " {
                "On ".clone_into(&mut text);
            }
            let value = value(name, case);
            // A sentence that begins with "the container" begins with a capital; a program's name stays as it is.
            match value.strip_prefix("the ").filter(|_| text.is_empty()) {
                Some(rest) => {
                    text.push_str("The ");
                    text.push_str(rest);
                }
                None => text.push_str(&value),
            }
            rest = after;
        } else {
            text.push('{');
            rest = after;
        }
    }
    text.push_str(rest);
    text
}

/// Placeholders of a sentence that are neither one of [`WORDS`] nor a field.
pub fn unknown_placeholders(template: &str) -> Vec<&str> {
    template
        .split('{')
        .skip(1)
        .filter_map(|after| after.split_once('}'))
        .map(|(name, _)| name)
        .filter(|name| is_name(name) && !WORDS.contains(name) && !name.contains('.'))
        .collect()
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._[]".contains(&b))
}

fn value(name: &str, case: Case<'_>) -> String {
    let alert = case.alert;
    let first = |fields: &[&str]| -> Option<String> {
        fields
            .iter()
            .find_map(|field| alert.fields.known(field))
            .map(|value| cut(&value.display()))
            .filter(|text| !text.is_empty())
    };
    let or = |value: Option<String>, words: &str| value.unwrap_or_else(|| words.to_owned());
    match name {
        "process" => or(first(&["proc.name", "proc.exepath"]), "a program"),
        "command" => or(first(&["proc.cmdline", "proc.name"]), "a command"),
        "parent" => or(first(&["proc.pname", "proc.aname[1]"]), "an unknown program"),
        "exe" => or(first(&["proc.exepath", "proc.exe"]), "a program"),
        "container" => container(alert, case.facts.place),
        "image" => or(alert.container().image.map(cut), "an unknown image"),
        "user" => or(first(&["user.name", "user.loginname", "user.uid"]), "an unknown user"),
        "file" => or(first(&["fd.name", "fs.path.name", "evt.arg.path", "proc.exepath"]), "a file"),
        "remote" => or(
            case.facts.remote.as_ref().map(|remote| {
                let port = remote.port.as_ref().map(|port| format!(":{port}")).unwrap_or_default();
                cut(&format!("{}{port}", remote.host))
            }),
            "an unknown address",
        ),
        "pod" => or(alert.k8s().1.map(cut), "a pod"),
        "namespace" => or(alert.k8s().0.map(cut), "an unknown namespace"),
        "host" => or(alert.hostname.as_deref().map(cut), "the host"),
        "rule" => cut(alert.rule_name()),
        "priority" => {
            alert.priority.map_or("an unknown priority", crate::model::Priority::name).to_owned()
        }
        "actor" | "target" => or(
            case.facts.value(&format!("fact.{name}")).map(|value| cut(&value.display())),
            "someone or something that the alert does not name",
        ),
        "age" => {
            case.facts.age_ns.map_or_else(|| "of unknown age".to_owned(), super::facts::age_words)
        }
        _ if name.starts_with("fact.") => {
            or(case.facts.value(name).map(|value| cut(&value.display())), "unknown")
        }
        _ => or(first(&[name]), "unknown"),
    }
}

fn container(alert: &Alert, place: Place) -> String {
    if place == Place::Host {
        return alert
            .hostname
            .as_deref()
            .map_or_else(|| "the host".to_owned(), |host| format!("the host {}", cut(host)));
    }
    if let (namespace, Some(pod)) = alert.k8s() {
        let namespace = namespace.map(|name| format!("{}/", cut(name))).unwrap_or_default();
        return format!("the pod {namespace}{}", cut(pod));
    }
    let container = alert.container();
    match (container.name.filter(|name| !name.is_empty()), container.id.filter(|id| !id.is_empty()))
    {
        (Some(name), Some(id)) => format!("the container {} ({})", cut(name), cut(id)),
        (Some(name), None) => format!("the container {}", cut(name)),
        (None, Some(id)) => format!("the container {}", cut(id)),
        (None, None) => "a container that the alert does not name".to_owned(),
    }
}

fn cut(text: &str) -> String {
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(LONGEST).collect();
    cut.push('…');
    cut
}
