//! Rules about the order of commands, and about whether they are aimed at the alert.

use super::Finding;
use super::call::Call;
use crate::model::Alert;

/// What a command does to the suspect, as far as order matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    /// Copies something of it away.
    Saves,
    SavesExecutable,
    Pauses,
    Resumes,
    Debugs,
    /// Ends it; what was in memory is gone.
    Ends,
    /// Keeps it from the network.
    Cuts,
    StartsWithAutoRemove,
}

/// Judges commands in the order in which they would be pasted.
pub fn judge(plan: &[Call], alert: Option<&Alert>, found: &mut Vec<Finding>) {
    let (mut saved, mut saved_exe, mut exported, mut paused, mut auto_remove) =
        (false, false, false, false, false);
    let in_memory = alert.is_some_and(is_in_memory);
    for call in plan {
        let mut say = |id: &'static str| found.push(Finding::new(id, call.line, &call.words()));
        let Some(deed) = deed(call) else { continue };
        match deed {
            Deed::Saves => {
                saved = true;
                exported |= call.has_any(&["export", "commit", "cp", "tar", "diff"])
                    || call.program == "tar";
            }
            Deed::SavesExecutable => (saved, saved_exe) = (true, true),
            Deed::Pauses => {
                paused = true;
                if !exported
                    && alert.is_some_and(|alert| alert.k8s().1.is_some())
                    && call.program != "kill"
                {
                    say("E08");
                }
            }
            Deed::Resumes => paused = false,
            Deed::Debugs if paused => say("E05"),
            Deed::Debugs => saved = true,
            Deed::Ends => {
                if in_memory && !saved_exe {
                    say("E06");
                } else if auto_remove && !exported {
                    say("E07");
                } else if !saved {
                    say("E01");
                }
            }
            Deed::StartsWithAutoRemove => auto_remove = true,
            Deed::Cuts => {}
        }
        if let Some(alert) = alert {
            aimed(call, deed, alert, found);
        }
    }
}

fn deed(call: &Call) -> Option<Deed> {
    let text = call.words();
    let asks = call.has_any(&["--help", "-h", "--dry-run", "--dry-run=server", "--dry-run=client"]);
    if asks {
        return None;
    }
    let keeps = call.pipeline.1 == 0
        && (call.redirects.iter().any(|to| to.writes && to.target != "/dev/null"));
    Some(match (call.program.as_str(), call.subcommand()) {
        ("docker" | "podman" | "nerdctl", sub) => match sub {
            "pause" => Deed::Pauses,
            "unpause" => Deed::Resumes,
            "stop" | "kill" | "rm" | "restart" => Deed::Ends,
            "export" | "commit" | "cp" | "checkpoint" | "save" | "logs" | "inspect" => Deed::Saves,
            "network" if call.has("disconnect") => Deed::Cuts,
            "run" if call.has("--rm") => Deed::StartsWithAutoRemove,
            _ => return None,
        },
        ("crictl", "stop" | "stopp" | "rm" | "rmp") | ("pkill" | "killall", _) => Deed::Ends,
        ("crictl", "logs" | "inspect" | "checkpoint")
        | ("cp" | "tar" | "dd" | "tcpdump" | "sha256sum", _)
            if !(text.contains("/proc/") && text.contains("/exe")) =>
        {
            Deed::Saves
        }
        ("ctr", _)
            if text.contains(" kill") || text.contains(" rm ") || text.contains(" delete") =>
        {
            Deed::Ends
        }
        ("ctr" | "runc" | "crun", _) if call.has("pause") => Deed::Pauses,
        ("ctr" | "runc" | "crun", _) if call.has("resume") => Deed::Resumes,
        ("ctr", _) if call.has_any(&["snapshots", "checkpoint", "info"]) => Deed::Saves,
        ("kubectl", "delete")
            if call.plain().nth(1).is_some_and(|kind| {
                let kind = kind.split('/').next().unwrap_or(kind);
                matches!(
                    kind,
                    "pod"
                        | "pods"
                        | "po"
                        | "deployment"
                        | "deploy"
                        | "statefulset"
                        | "sts"
                        | "job"
                        | "replicaset"
                )
            }) =>
        {
            Deed::Ends
        }
        ("kubectl", "logs" | "get" | "describe" | "cp") if keeps || call.subcommand() == "cp" => {
            Deed::Saves
        }
        ("kubectl", "label") if text.contains("quarantine") && !text.contains("quarantine-") => {
            Deed::Cuts
        }
        ("kill", _) if call.has_any(&["-STOP", "-19", "-SIGSTOP"]) => Deed::Pauses,
        ("kill", _) if call.has_any(&["-CONT", "-18", "-SIGCONT"]) => Deed::Resumes,
        ("kill", _) if call.has_any(&["-9", "-KILL", "-SIGKILL"]) => Deed::Ends,
        ("gcore" | "gdb", _) => Deed::Debugs,
        ("cp" | "cat" | "dd", _) if text.contains("/proc/") && text.contains("/exe") => {
            Deed::SavesExecutable
        }
        ("iptables" | "ip6tables", _)
            if call.has_any(&["DROP", "REJECT"]) && !call.has_any(&["-D", "--delete", "-C"]) =>
        {
            Deed::Cuts
        }
        ("nft", _) if call.input.as_deref().is_some_and(|rules| rules.contains("drop")) => {
            Deed::Cuts
        }
        ("ufw", "deny" | "reject") => Deed::Cuts,
        ("usermod", _) if call.has_any(&["-L", "--lock"]) => Deed::Cuts,
        _ => return None,
    })
}

fn is_in_memory(alert: &Alert) -> bool {
    let flags =
        alert.fields.text("evt.arg.flags").or_else(|| alert.fields.text("evt.arg.exe_flags"));
    flags.is_some_and(|flags| flags.contains("EXE_FROM_MEMFD"))
        || alert.fields.get("proc.is_exe_from_memfd").and_then(crate::model::Value::as_bool)
            == Some(true)
        || alert
            .fields
            .text("proc.exepath")
            .is_some_and(|path| path.starts_with("memfd:") || path.ends_with("(deleted)"))
}

/// Whether a command that contains something is aimed at this alert, and may be.
fn aimed(call: &Call, deed: Deed, alert: &Alert, found: &mut Vec<Finding>) {
    let contains = matches!(deed, Deed::Pauses | Deed::Ends | Deed::Cuts);
    if !contains {
        return;
    }
    let finding = |id| Finding::new(id, call.line, &call.words());
    let text = format!("{} {}", call.words(), call.input.as_deref().unwrap_or_default());
    let tokens = tokens(alert);
    if !tokens.is_empty()
        && !tokens.iter().any(|token| text.contains(token.as_str()))
        && !text.contains("$(")
    {
        found.push(finding("P05"));
    }
    if let Some(part) = platform(alert) {
        found.push(finding("B08").because(&part));
    }
    if matches!(call.program.as_str(), "iptables" | "ip6tables") {
        let chain = call.value_of(&["-I", "-A", "--insert", "--append"]).unwrap_or_default();
        let is_container = alert.container().id.is_some_and(|id| !id.is_empty() && id != "host");
        if chain == "OUTPUT" && is_container {
            found.push(finding("B09"));
        }
        if chain == "INPUT" && is_outgoing(alert) == Some(true)
            || chain == "OUTPUT" && is_outgoing(alert) == Some(false)
        {
            found.push(finding("D01"));
        }
    }
    if call.program == "ufw" && is_outgoing(alert) == Some(true) && !call.has("out") {
        found.push(finding("D01"));
    }
}

/// What names the alert's target: ids, names, pid, addresses, pod, path.
fn tokens(alert: &Alert) -> Vec<String> {
    let fields = [
        "container.id",
        "container.full_id",
        "container.name",
        "proc.pid",
        "fd.rip",
        "fd.sip",
        "fd.cip",
        "k8s.pod.name",
        "proc.exepath",
        "fd.name",
        "user.name",
        "user.loginname",
    ];
    let mut tokens: Vec<String> = fields
        .iter()
        .filter_map(|field| alert.fields.known(field))
        .map(|value| value.display().into_owned())
        .filter(|text| text.len() > 1 && text != "host" && text != "root")
        .collect();
    if let Some(cmdline) = alert.fields.text("proc.cmdline") {
        tokens.extend(
            cmdline
                .split_whitespace()
                .filter(|word| word.contains('.') && word.len() > 3)
                .map(str::to_owned),
        );
    }
    tokens
}

/// A part of the platform that must not be contained, in words.
fn platform(alert: &Alert) -> Option<String> {
    let (namespace, _) = alert.k8s();
    if let Some(namespace) = namespace.filter(|ns| {
        matches!(
            *ns,
            "kube-system"
                | "calico-system"
                | "tigera-operator"
                | "cilium"
                | "kube-flannel"
                | "longhorn-system"
                | "rook-ceph"
                | "istio-system"
        )
    }) {
        return Some(format!("the pod runs in {namespace}"));
    }
    let image = alert.container().image?;
    let parts = [
        "calico/node",
        "calico-node",
        "cilium/cilium",
        "flannel",
        "kube-proxy",
        "aws-node",
        "csi-",
        "multus",
        "weave-kube",
    ];
    parts.iter().find(|part| image.contains(*part)).map(|_| format!("the image is {image}"))
}

/// Whether the connection of the alert was opened from its side; `None` when the alert does not tell.
pub fn is_outgoing(alert: &Alert) -> Option<bool> {
    match alert.fields.text("evt.type") {
        Some("connect") => return Some(true),
        Some("accept" | "accept4" | "listen" | "bind") => return Some(false),
        _ => {}
    }
    let cmdline = alert.fields.text("proc.cmdline")?;
    let mut words = cmdline.split_whitespace();
    let program = words.next()?.rsplit('/').next()?;
    if !matches!(program, "nc" | "ncat" | "netcat" | "nc.traditional") {
        return None;
    }
    let listens = words.any(|word| {
        word == "--listen"
            || (word.starts_with('-') && !word.starts_with("--") && word.contains('l'))
    });
    Some(!listens)
}
