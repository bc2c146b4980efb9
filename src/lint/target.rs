//! P06, S08 and B08 about one command beside the alert: another container, process, pod, path, address or port than the
//! alert's, a field put into a command as it came, a part of the platform that would be hit.

use super::Finding;
use super::call::Call;
use crate::model::Alert;
use std::net::IpAddr;

/// Judges one command.
pub fn judge(call: &Call, alert: &Alert, found: &mut Vec<Finding>) {
    let mut say = |why: String| {
        found.push(Finding::new("P06", call.line, &call.words()).because(&why));
    };
    let wrong = other_path(call, alert)
        .or_else(|| other_container(call, alert))
        .or_else(|| other_process(call, alert))
        .or_else(|| other_pod(call, alert))
        .or_else(|| other_address(call, alert));
    if let Some(why) = wrong {
        say(why);
    }
    raw_field(call, alert, found);
}

fn text<'a>(alert: &'a Alert, field: &str) -> Option<&'a str> {
    alert.fields.text(field).filter(|text| !text.is_empty() && *text != "<NA>")
}

/// The same program under another path.
pub fn is_other_path(word: &str, path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let family: &[&str] =
        if matches!(name, "nc" | "netcat" | "ncat" | "nc.traditional" | "nc.openbsd") {
            &["nc", "netcat", "ncat"]
        } else {
            &[]
        };
    let other = word.rsplit('/').next().unwrap_or_default();
    word.starts_with('/')
        && word != path
        && (other == name || family.contains(&other))
        && !word.starts_with("/proc/")
        // A copy that was put aside keeps its name.
        && !["/evidence", "/srv/", "/mnt/", "/var/tmp/", "/tmp/", "/home/", "/root/"].iter().any(|folder| word.starts_with(folder))
}

fn other_path(call: &Call, alert: &Alert) -> Option<String> {
    let path = text(alert, "proc.exepath").filter(|path| path.starts_with('/'))?;
    let word =
        call.args.iter().map(|word| word.text.as_str()).find(|word| is_other_path(word, path))?;
    Some(format!("{word} is not the alert's {path}"))
}

fn other_container(call: &Call, alert: &Alert) -> Option<String> {
    if !matches!(
        call.program.as_str(),
        "docker" | "podman" | "nerdctl" | "crictl" | "ctr" | "runc" | "crun"
    ) {
        return None;
    }
    let container = alert.container();
    let id = container.id.filter(|id| !id.is_empty() && *id != "host")?;
    let known: Vec<&str> = [Some(id), container.name, text(alert, "container.full_id")]
        .into_iter()
        .flatten()
        .collect();
    let is_hex = |word: &str| {
        word.len() >= 12 && word.len() <= 64 && word.bytes().all(|b| b.is_ascii_hexdigit())
    };
    let same = |word: &str| {
        known.iter().any(|name| {
            *name == word
                || (is_hex(word) || word.len() >= 4 && word.bytes().all(|b| b.is_ascii_hexdigit()))
                    && (name.starts_with(word) || word.starts_with(name))
        })
    };
    if let Some(word) = call.plain().find(|word| is_hex(word) && !same(word)) {
        return Some(format!("{word} is not the alert's container {id}"));
    }
    let names_one = matches!(
        call.subcommand(),
        "stop"
            | "kill"
            | "rm"
            | "pause"
            | "unpause"
            | "restart"
            | "inspect"
            | "logs"
            | "top"
            | "diff"
            | "export"
            | "commit"
            | "exec"
            | "update"
            | "checkpoint"
    );
    container.name?;
    let word = call.plain().skip(1).find(|word| {
        !word.contains(['$', '/', ':', '.', '{', '@', '<', '='])
            && !word.chars().all(|c| c.is_ascii_digit())
    })?;
    // The container that takes its place may carry its name.
    let is_kin = container.name.is_some_and(|name| word.contains(name));
    (names_one && !same(word) && !is_kin)
        .then(|| format!("{word} is not the alert's container {}", container.name.unwrap_or(id)))
}

fn other_process(call: &Call, alert: &Alert) -> Option<String> {
    let number = |field: &str| alert.fields.number(field).map(|n| n.to_string());
    let pid = number("proc.pid")?;
    let fields = [
        "proc.pid",
        "proc.ppid",
        "proc.vpid",
        "proc.pvpid",
        "proc.sid",
        "proc.vpgid",
        "proc.pgid",
        "thread.tid",
        "thread.vtid",
        "proc.apid[1]",
        "proc.apid[2]",
        "proc.apid[3]",
        "proc.apid[4]",
    ];
    let same =
        |word: &str| fields.iter().filter_map(|field| number(field)).any(|known| known == word);
    let is_number = |word: &str| word.len() > 1 && word.bytes().all(|b| b.is_ascii_digit());
    let words = || call.args.iter().map(|word| word.text.as_str());
    let named = match call.program.as_str() {
        "kill" | "gcore" | "strace" | "pwdx" | "pmap" => words().rfind(|word| is_number(word)),
        "gdb" | "lsof" => call.value_of(&["-p", "--pid"]).filter(|word| is_number(word)),
        "nsenter" => call.value_of(&["-t", "--target"]).filter(|word| is_number(word)),
        _ => words().find_map(|word| {
            let (_, rest) = word.split_once("/proc/")?;
            rest.split('/').next().filter(|word| is_number(word))
        }),
    };
    let word = named.filter(|word| !same(word) && *word != "1")?;
    Some(format!("{word} is not the alert's process {pid}"))
}

fn other_pod(call: &Call, alert: &Alert) -> Option<String> {
    if call.program != "kubectl" {
        return None;
    }
    let (namespace, pod) = alert.k8s();
    let given = call.value_of(&["-n", "--namespace"]).filter(|given| !given.contains('$'));
    let changes = matches!(
        call.subcommand(),
        "delete"
            | "label"
            | "annotate"
            | "exec"
            | "logs"
            | "describe"
            | "debug"
            | "patch"
            | "scale"
            | "cp"
    );
    if let (Some(namespace), Some(given)) = (namespace, given)
        && given != namespace
        && changes
    {
        return Some(format!("the namespace {given} is not the alert's {namespace}"));
    }
    let pod = pod?;
    let mut plain = call.plain().skip(1);
    let first = plain.next()?;
    let named = match first.split_once('/') {
        Some(("pod" | "pods" | "po", name)) => name,
        None if matches!(first, "pod" | "pods" | "po") => plain.next()?,
        None if matches!(call.subcommand(), "exec" | "logs" | "attach") => first,
        _ => return None,
    };
    (changes && named != pod && !named.contains(['$', '/', '{', '<']))
        .then(|| format!("{named} is not the alert's pod {pod}"))
}

fn other_address(call: &Call, alert: &Alert) -> Option<String> {
    if !matches!(
        call.program.as_str(),
        "iptables" | "ip6tables" | "ufw" | "nft" | "ip" | "firewall-cmd" | "conntrack" | "tcpdump"
    ) {
        return None;
    }
    let ends: Vec<IpAddr> = ["fd.rip", "fd.sip", "fd.cip", "fd.lip", "fd.snet"]
        .iter()
        .filter_map(|field| text(alert, field)?.parse().ok())
        .collect();
    let ports: Vec<String> = ["fd.rport", "fd.sport", "fd.cport", "fd.lport"]
        .iter()
        .filter_map(|field| Some(alert.fields.number(field)?.to_string()))
        .collect();
    let all = format!("{} {}", call.words(), call.input.as_deref().unwrap_or_default());
    let named: Vec<IpAddr> = all
        .split(|c: char| !c.is_ascii_hexdigit() && c != '.' && c != ':')
        .filter_map(|word| word.trim_matches([':', '.']).parse().ok())
        .collect();
    if let (Some(first), Some(known)) = (named.first(), ends.first())
        && !named.iter().any(|address| ends.contains(address))
        && all.matches('/').count() == 0
    {
        return Some(format!("{first} is not the alert's address {known}"));
    }
    let port = call
        .value_of(&["--dport", "--sport", "--destination-port"])
        .filter(|port| port.bytes().all(|b| b.is_ascii_digit()))?;
    (!ports.is_empty() && !ports.iter().any(|known| known == port))
        .then(|| format!("port {port} is not one of the alert's"))
}

/// S08: a value of the alert that a shell would read stands in the command outside of single quotes.
fn raw_field(call: &Call, alert: &Alert, found: &mut Vec<Finding>) {
    const FIELDS: [&str; 10] = [
        "container.name",
        "container.image.repository",
        "container.image",
        "proc.cmdline",
        "proc.name",
        "fd.name",
        "proc.exepath",
        "k8s.pod.name",
        "user.name",
        "proc.cwd",
    ];
    let acts = |text: &str| {
        text.contains(['$', '`', ';', '&', '|', '<', '>', '\n', '(', ')', '\'', '"', '*'])
    };
    let line = call.words();
    let hit = FIELDS.iter().find(|field| {
        text(alert, field).filter(|value| acts(value) && value.len() > 2).is_some_and(|value| {
            // A substitution in it is shown as `$(…)`, and its parts became commands.
            let start = value
                .split(['$', '`', ';', '&', '|', '<', '>', '\n', '(', '\'', '"', '*'])
                .next()
                .unwrap_or_default();
            let word = call.args.iter().find(|word| {
                start.len() > 1
                    && word.text.starts_with(start)
                    && (!word.splits.is_empty()
                        || !word.expands.is_empty()
                        || word.text.contains("$(…)"))
            });
            word.is_some()
                || line.contains(value)
                    && !call.args.iter().any(|word| word.is_quoted && word.text.contains(value))
        })
    });
    if let Some(field) = hit {
        found.push(Finding::new("S08", call.line, &line).because(field));
    }
}
