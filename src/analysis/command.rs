//! From a command of the catalogue and an alert to text that is safe to paste, or to the reason why there is none.

use super::catalogue::{Command, Guard, Input};
use super::derive;
use super::facts::{Case, Place, Runtime};
use super::library::Catalogue;
use super::outcome::Phase;
use super::quote;
use crate::model::{Flag, Value};

/// A command made for one alert.
#[derive(Clone, Debug)]
pub struct Made {
    pub variant: String,
    pub text: Result<String, Lack>,
    pub undo: Option<String>,
    pub others: Vec<(String, String)>,
}

/// Why a command could not be made.
#[derive(Clone, Debug)]
pub struct Lack {
    /// The input, without `@`; empty when it is not a value that is lacking.
    pub input: String,
    /// For people.
    pub why: String,
}

/// Whether a command has anything to do with the place of an alert.
pub fn applies(command: &Command, case: Case<'_>, as_kubernetes: bool) -> bool {
    let guards = &command.guards;
    let place = case.facts.place;
    if guards.contains(&Guard::Container) && place == Place::Host {
        return false;
    }
    let is_of_host = guards.contains(&Guard::HostFile) || guards.contains(&Guard::HostAccount);
    if is_of_host && place != Place::Host {
        return false;
    }
    if guards.contains(&Guard::HostNetwork) && case.facts.host_network == Some(true) {
        return false;
    }
    if is_of_falco(command) {
        return true;
    }
    command.variants.iter().any(|(variant, _)| rank(variant, case, as_kubernetes).is_some())
        || (command
            .unavailable
            .iter()
            .any(|(variant, _)| rank(variant, case, as_kubernetes).is_some())
            && place != Place::Host)
}

/// Whether a command is about Falco and its rules, wherever the event happened.
fn is_of_falco(command: &Command) -> bool {
    command.phase == Phase::Tune
        || matches!(command.id.as_str(), "read-rule" | "find-rule" | "falco-log")
}

/// How well a variant suits the place of an alert; lower is better, `None` is not at all.
fn rank(variant: &str, case: Case<'_>, as_kubernetes: bool) -> Option<u8> {
    let facts = case.facts;
    let kubernetes = facts.place == Place::Kubernetes || as_kubernetes;
    let runtime = match (facts.runtime, kubernetes) {
        (Runtime::Unknown | Runtime::None, true) => Runtime::Containerd,
        (runtime, _) => runtime,
    };
    let always_ours = !matches!(
        variant,
        "docker"
            | "podman"
            | "nerdctl"
            | "ctr"
            | "crictl"
            | "crio"
            | "crio-runc"
            | "crio-crun"
            | "containerd"
            | "kubectl"
            | "kubectl-previous"
            | "host"
            | "host-sweep"
            | "node"
            | "rpm"
            | "audit"
            | "iptables-docker"
            | "iptables-host"
    );
    if always_ours {
        return Some(9);
    }
    match facts.place {
        Place::Audit => return (variant == "kubectl").then_some(0),
        Place::Cloud => return None,
        Place::Host => {
            return match variant {
                "host" => Some(0),
                "audit" | "rpm" | "iptables-host" => Some(3),
                "host-sweep" => Some(4),
                _ => None,
            };
        }
        Place::Container | Place::Kubernetes | Place::Unknown => {}
    }
    if variant == "host" {
        return Some(5);
    }
    if variant == "node" {
        return Some(7);
    }
    if variant == "kubectl" {
        return kubernetes.then_some(0);
    }
    match (runtime, variant) {
        (Runtime::Docker | Runtime::Unknown | Runtime::None, "docker") => Some(1),
        (Runtime::Docker | Runtime::Unknown | Runtime::None, "iptables-docker") => Some(8),
        (Runtime::Podman, "podman") => Some(1),
        (Runtime::Containerd, "crictl") if kubernetes => Some(1),
        (Runtime::Containerd, "nerdctl") => Some(2),
        (Runtime::Containerd, "ctr") => Some(3),
        (Runtime::Containerd, "containerd") => Some(4),
        (Runtime::Crio, "crictl") => Some(1),
        (Runtime::Crio, "crio") => Some(2),
        (Runtime::Crio, "crio-runc" | "crio-crun") => Some(4),
        _ => None,
    }
}

/// Makes a command for an alert, in the variant that suits it or that a person prefers.
pub fn make(
    command: &Command,
    case: Case<'_>,
    catalogue: &Catalogue,
    prefer: Option<&str>,
    as_kubernetes: bool,
) -> Made {
    let host_first = command.variants.iter().next().is_some_and(|(name, _)| name == "host");
    let mut variants: Vec<(u8, usize, &str, &str)> = Vec::new();
    for (place, (name, template)) in command.variants.iter().enumerate() {
        let rank = match rank(name, case, as_kubernetes) {
            _ if prefer == Some(name) => 0,
            // Where the catalogue names the host's way first, it is the better one once the process is known.
            Some(5) if host_first => 1,
            Some(rank) => rank + 1,
            None if is_of_falco(command) => 20,
            None => 100,
        };
        variants.push((rank, place, name, template));
    }
    variants.sort_unstable();
    let made: Vec<_> = variants
        .iter()
        .map(|(rank, _, name, template)| (*rank, *name, render(template, case, catalogue)))
        .collect();
    let suitable = |rank: u8| rank < 100;
    let chosen = made
        .iter()
        .find(|(rank, _, text)| *rank == 0 || (suitable(*rank) && text.is_ok()))
        .or_else(|| made.iter().find(|(rank, ..)| suitable(*rank)));
    let Some((_, variant, text)) = chosen else {
        let (variant, why) = command
            .unavailable
            .iter()
            .find(|(name, _)| rank(name, case, as_kubernetes).is_some())
            .or_else(|| command.unavailable.iter().next())
            .map_or(("host", "there is no variant for this runtime"), |(name, why)| {
                (name, why.as_str())
            });
        let lack = Lack { input: String::new(), why: why.to_owned() };
        return Made {
            variant: variant.to_owned(),
            text: Err(lack),
            undo: None,
            others: others(&made, ""),
        };
    };
    let undo = command
        .undo
        .as_ref()
        .filter(|_| text.is_ok())
        .and_then(|undo| undo.of(variant))
        .and_then(|template| render(template, case, catalogue).ok());
    Made {
        variant: (*variant).to_owned(),
        text: text.clone(),
        undo,
        others: others(&made, variant),
    }
}

fn others(made: &[(u8, &str, Result<String, Lack>)], chosen: &str) -> Vec<(String, String)> {
    made.iter()
        .filter(|(_, name, _)| *name != chosen)
        .filter_map(|(_, name, text)| Some(((*name).to_owned(), text.as_ref().ok()?.clone())))
        .collect()
}

/// The kernel gives numbers below this one only while it starts, to its own threads and the first services.
const FIRST_PID: u32 = 300;

/// Fills a template with the alert's values; the first one that is lacking or refused ends it.
pub fn render(template: &str, case: Case<'_>, catalogue: &Catalogue) -> Result<String, Lack> {
    let mut text = String::new();
    let mut rest = template;
    let mut open = quote::placeholders(template).into_iter();
    while let Some(at) = rest.find('@') {
        let (before, from) = rest.split_at(at);
        text.push_str(before);
        if let Some((name, after)) = quote::placeholder(from) {
            let is_open = open.next().is_some_and(|(_, open)| open);
            text.push_str(&value(name, is_open, case, catalogue)?);
            rest = after;
        } else {
            text.push('@');
            rest = from.strip_prefix('@').unwrap_or("");
        }
    }
    text.push_str(rest);
    Ok(text.trim_end().to_owned())
}

fn value(name: &str, is_open: bool, case: Case<'_>, catalogue: &Catalogue) -> Result<String, Lack> {
    let lack = |why: String| Lack { input: name.to_owned(), why };
    let Some(input) = catalogue.input(name) else {
        return Err(lack(format!("the catalogue has no input {name}")));
    };
    if input.write == super::catalogue::Write::Quoted && !is_open {
        return Err(lack(format!("{name} stands where it cannot be quoted")));
    }
    let raw = match derive::derive(name, case.alert)? {
        // The field that the value was taken from, where it is a plain one.
        Some(raw) => Some((origin(input, case, &raw), raw)),
        None => read(name, input, case),
    };
    let Some((field, raw)) = raw else {
        return Err(lack(format!("the alert lacks {}", input.what)));
    };
    if name == "PID"
        && matches!(case.facts.place, Place::Container | Place::Kubernetes)
        && raw.parse::<u32>().is_ok_and(|pid| (2..FIRST_PID).contains(&pid))
    {
        return Err(lack(format!(
            "{field} is not usable as {}: {raw} is too low for a container's process on the host; a sandbox such as gVisor counts for itself",
            input.what
        )));
    }
    if case.alert.flags.has(Flag::Text) && name != "RULE" && holds_another(&raw) {
        return Err(lack(format!(
            "{field} is not usable as {}: the text of the alert does not show where it ends",
            input.what
        )));
    }
    quote::word(&raw, input)
        .map_err(|why| lack(format!("{field} is not usable as {}: {why}", input.what)))
}

/// The field that holds a value which was worked out; the whole alert where it is put together.
fn origin<'a>(input: &'a Input, case: Case<'_>, raw: &str) -> &'a str {
    let holds = |field: &&String| case.alert.fields.text(field) == Some(raw);
    input.from.iter().find(holds).map_or("the alert", String::as_str)
}

/// Whether a value that was read from text may hold the next one too: ` parent=`.
fn holds_another(raw: &str) -> bool {
    raw.split(' ').skip(1).any(|word| {
        word.split_once('=').is_some_and(|(key, _)| {
            !key.is_empty()
                && key.bytes().all(|b| b.is_ascii_lowercase() || b"_.[]0123456789".contains(&b))
        })
    })
}

/// The first field that holds a value of the kind at all.
fn read<'a>(name: &str, input: &'a Input, case: Case<'_>) -> Option<(&'a str, String)> {
    let fields = &case.alert.fields;
    let is_path = matches!(
        input.check,
        Some(super::catalogue::Check::Path | super::catalogue::Check::LoosePath)
    );
    let is_address = matches!(
        input.check,
        Some(super::catalogue::Check::Address | super::catalogue::Check::RemoteAddress)
    );
    if (is_address || name == "REMOTE")
        && let Some(remote) = &case.facts.remote
    {
        let is_name = remote.class == super::facts::Class::Name;
        if is_address != is_name && (is_address || remote.host.parse::<std::net::IpAddr>().is_err())
        {
            return Some((remote.field, remote.host.clone()));
        }
    }
    for field in &input.from {
        let Some(value) = fields
            .known(field)
            .filter(|value| !matches!(value, Value::Array(_) | Value::Object(_)))
        else {
            continue;
        };
        let text = value.display().into_owned();
        let other_kind = text.is_empty()
            || (field == "container.id" && text == "host")
            || (field == "container.name" && text == "host")
            || (is_path && !text.starts_with('/'))
            || (name == "CID_FULL" && text.len() == 12);
        if !other_kind {
            return Some((field, text));
        }
    }
    None
}
