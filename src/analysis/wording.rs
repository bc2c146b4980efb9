//! Sentences with placeholders: filled from an alert, with words for what it lacks.

use super::facts::{Case, Place, is_container_start};
use crate::model::Alert;

/// The placeholders that are words; every other one must be a Falco field (it has a dot).
pub const WORDS: [&str; 18] = [
    "process",
    "command",
    "parent",
    "container",
    "image",
    "user",
    "file",
    "linked",
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

/// Fills a sentence; what the alert lacks becomes words.
pub fn fill(template: &str, case: Case<'_>) -> String {
    write(template, case, false)
}

/// Fills the one sentence about the alert; what the alert lacks is left out with the word that leads to it.
pub fn headline(template: &str, case: Case<'_>) -> String {
    write(template, case, true)
}

/// What may lead to a value and makes no sense without it, the longest first.
const LEADS: [&str; 18] = [
    " in AWS region ",
    " in namespace ",
    " in project ",
    " of project ",
    ", from ",
    ", by ",
    ", as ",
    ", in ",
    " from ",
    " with ",
    " as ",
    " by ",
    " of ",
    " to ",
    " on ",
    " in ",
    ": ",
    " ",
];

fn write(template: &str, case: Case<'_>, is_headline: bool) -> String {
    let mut text = String::new();
    let mut rest = template.trim_end();
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let Some((name, after)) =
            after.split_once('}').filter(|(name, _)| is_name(alternative(name).0))
        else {
            text.push('{');
            rest = after;
            continue;
        };
        rest = after;
        let (name, words) = alternative(name);
        let nameless = is_headline && name == "rule" && case.alert.rule.is_none();
        let message = nameless.then(|| message(case.alert)).flatten();
        let known = message.or_else(|| known(name, case)).or_else(|| words.map(str::to_owned));
        // A log of requests has no processes, nor has the start of a container; nor may what does not say where it comes
        // from.
        let is_nobody = name == "process"
            && (matches!(case.facts.place, Place::Audit | Place::Cloud | Place::Unknown)
                || is_container_start(case.alert));
        if known.is_none() && is_headline && (is_left_out(name) || is_nobody) && !text.is_empty() {
            if let Some(open) = text.strip_suffix(" (").filter(|_| rest.starts_with(')')) {
                text.truncate(open.len());
                rest = rest.strip_prefix(')').unwrap_or(rest);
            } else if let Some(lead) = LEADS.iter().find(|lead| text.ends_with(**lead)) {
                text.truncate(text.len() - lead.len());
            }
            continue;
        }
        let is_somebody = is_headline && text.is_empty() && name.contains('.');
        let value = known.unwrap_or_else(|| match lacking(name, case) {
            _ if is_somebody => "Somebody".to_owned(),
            // Words of ours begin a sentence with a capital, a program's name stays as it is.
            words if is_headline && text.is_empty() => capital(words),
            words => words.to_owned(),
        });
        if name == "container" {
            // One is in a container, in a pod, and on a host; and it begins a sentence with a capital.
            if case.facts.place == Place::Host {
                let on = text.strip_suffix("in ").map(|before| format!("{before}on "));
                text = on.or_else(|| (text == "In ").then(|| "On ".to_owned())).unwrap_or(text);
            }
            if let Some(rest) = value.strip_prefix("the ").filter(|_| text.is_empty()) {
                text.push_str("The ");
                text.push_str(rest);
                continue;
            }
        }
        text.push_str(&value);
    }
    text.push_str(rest);
    text
}

fn capital(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

/// Whether a headline reads better without it than with words for its lack.
fn is_left_out(name: &str) -> bool {
    name.contains('.')
        || matches!(name, "user" | "container" | "command" | "parent" | "target" | "remote")
}

/// A placeholder and its own words for what the alert lacks: `{ka.verb|act on}`.
fn alternative(name: &str) -> (&str, Option<&str>) {
    name.split_once('|').map_or((name, None), |(name, words)| (name, Some(words)))
}

/// Placeholders of a sentence that are neither one of [`WORDS`] nor a field.
pub fn unknown_placeholders(template: &str) -> Vec<&str> {
    template
        .split('{')
        .skip(1)
        .filter_map(|after| after.split_once('}'))
        .map(|(name, _)| alternative(name).0)
        .filter(|name| is_name(name) && !WORDS.contains(name) && !name.contains('.'))
        .collect()
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._[]".contains(&b))
}

/// The words for a placeholder that the alert has no value for.
fn lacking(name: &str, case: Case<'_>) -> &'static str {
    match name {
        "process" | "exe" => "a program",
        "command" => "a command",
        "parent" => "an unknown program",
        "image" => "an unknown image",
        "user" => "an unknown user",
        "file" => "a file",
        "linked" => "a sensitive file or folder",
        "remote" => "an unknown address",
        "pod" => "a pod",
        "namespace" => "an unknown namespace",
        "host" => "the host",
        "container" if case.facts.place == Place::Unknown => "an unknown place",
        "container" => "an unknown container",
        "priority" => "an unknown priority",
        "rule" => "(no rule name)",
        "actor" => "somebody that the alert does not name",
        "target" => "something that the alert does not name",
        "age" => "of unknown age",
        _ => "unknown",
    }
}

/// The value of a placeholder.
fn known(name: &str, case: Case<'_>) -> Option<String> {
    let alert = case.alert;
    let first = |fields: &[&str]| -> Option<String> {
        fields
            .iter()
            .find_map(|field| alert.fields.known(field))
            .map(|value| cut(value.display().trim()))
            .filter(|text| !text.is_empty())
    };
    match name {
        "process" => first(&["proc.name", "proc.exepath"]).or_else(|| named_by_command(alert)),
        "command" => first(&["proc.cmdline", "proc.name"]),
        "parent" => first(&["proc.pname", "proc.aname[1]"]),
        "exe" => first(&["proc.exepath", "proc.exe"]),
        "container" => container(alert, case.facts.place),
        "image" => alert.container().image.map(cut),
        "user" => first(&["user.name", "user.loginname"]).or_else(|| uid(alert)),
        "file" => first(&[
            "fd.name",
            "fs.path.name",
            "evt.arg.path",
            "evt.arg.name",
            "evt.arg.filename",
            "evt.arg.newpath",
        ]),
        "linked" => first(&["evt.arg.target", "evt.arg.oldpath"]),
        "remote" => case.facts.remote.as_ref().map(|remote| cut(&remote.shown())),
        "pod" => alert.k8s().1.map(cut),
        "namespace" => alert.k8s().0.map(cut),
        "host" => alert.hostname.as_deref().map(cut),
        "rule" => alert.rule.as_deref().map(cut),
        "priority" => alert.priority.map(|priority| priority.name().to_owned()),
        "actor" | "target" => {
            let value = case.facts.value(&format!("fact.{name}"));
            value.map(|value| cut(value.display().trim_end_matches('/').trim()))
        }
        "age" => case.facts.age_ns.map(super::facts::age_words),
        _ if name.starts_with("fact.") => case.facts.value(name).map(|value| cut(&value.display())),
        _ => first(&[name]),
    }
}

/// A user without a name. The two values that stand for none (-1, signed or not) are nobody's.
fn uid(alert: &Alert) -> Option<String> {
    let uid = alert.fields.known("user.uid")?.display().into_owned();
    let is_number = !uid.is_empty() && uid.bytes().all(|b| b.is_ascii_digit());
    (is_number && uid != "4294967295").then(|| format!("uid {uid}"))
}

/// What Falco wrote about an alert that does not name its rule, up to the values: “An open was seen”.
fn message(alert: &Alert) -> Option<String> {
    let priority = format!(" {} ", alert.priority?.name());
    let (_, message) = alert.output.as_deref()?.split_once(&priority)?;
    let message = message.split(['(', '|']).next()?.trim();
    (!message.is_empty()).then(|| format!("\u{201c}{}\u{201d}", cut(message)))
}

/// Falco's command line begins with the process's name.
fn named_by_command(alert: &Alert) -> Option<String> {
    let first = alert.fields.text("proc.cmdline")?.split_whitespace().next()?;
    let name = first.rsplit('/').next().unwrap_or(first);
    (!name.is_empty() && !is_container_start(alert)).then(|| cut(name))
}

/// This very event in one sentence: what, by whom, where, to what; nothing for an alert without such fields.
pub fn seen_here(case: Case<'_>) -> Option<String> {
    let field = |name: &str| {
        let text = case.alert.fields.known(name)?.display();
        (!text.is_empty()).then(|| cut(&text))
    };
    let mut words: Vec<String> = Vec::new();
    if matches!(case.facts.place, Place::Audit | Place::Cloud) {
        words.push(case.facts.value("fact.actor").map(|actor| cut(&actor.display()))?);
        let verb = field("ka.verb").map(|verb| format!("asked to {verb}"));
        let lead = if verb.is_some() { "" } else { "on " };
        let verbs = [
            "ka.target.subresource",
            "ct.name",
            "gcp.methodName",
            "okta.evt.type",
            "github.action",
        ];
        let others = || verbs.into_iter().find_map(field).map(|verb| format!("asked for {verb}"));
        words.extend(verb.or_else(others));
        let target = case.facts.value("fact.target").map(|target| cut(&target.display()));
        words.extend(target.map(|target| format!("{lead}{}", target.trim_end_matches([' ', '/']))));
        let sources = ["ka.sourceips", "ct.srcip", "gcp.callerIP", "okta.client.ip"];
        words.extend(sources.into_iter().find_map(field).map(|source| format!("from {source}")));
        let codes = ["ka.response.code", "ct.error", "okta.result"];
        words.extend(codes.into_iter().find_map(field).map(|code| format!("({code})")));
        return (words.len() > 1).then(|| format!("Seen here: {}.", words.join(" ")));
    }
    if is_container_start(case.alert) {
        return None;
    }
    let command = field("proc.cmdline").or_else(|| field("proc.name"))?.trim().to_owned();
    words.push(format!("`{command}`"));
    words.extend(field("proc.pname").map(|parent| format!("started by {parent}")));
    words.extend(field("user.name").map(|user| format!("as {user}")));
    words.extend(known("container", case).map(|_| fill("in {container}", case)));
    Some(format!("Seen here: {}.", words.join(", ")))
}

fn container(alert: &Alert, place: Place) -> Option<String> {
    if place == Place::Host {
        return Some(
            alert
                .hostname
                .as_deref()
                .map_or_else(|| "the host".to_owned(), |host| format!("the host {}", cut(host))),
        );
    }
    if let (namespace, Some(pod)) = alert.k8s() {
        let namespace = namespace.map(|name| format!("{}/", cut(name))).unwrap_or_default();
        return Some(format!("the pod {namespace}{}", cut(pod)));
    }
    let container = alert.container();
    let name = container.name.filter(|name| !name.is_empty());
    let id = container.id.filter(|id| !id.is_empty());
    match (name, id) {
        (Some(name), Some(id)) => Some(format!("the container {} ({})", cut(name), cut(id))),
        (Some(name), None) => Some(format!("the container {}", cut(name))),
        (None, Some(id)) => Some(format!("the container {}", cut(id))),
        (None, None) => None,
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
