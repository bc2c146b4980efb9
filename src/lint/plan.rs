//! Rules about the order of commands, and about whether they are aimed at the alert.

use super::call::Call;
use super::{Finding, Severity, platform};
use crate::model::Alert;
use std::cell::LazyCell;

/// What a command does to the suspect, as far as order matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    /// Copies something of it away.
    Saves,
    SavesExecutable,
    /// Stops one process with a signal.
    Pauses,
    /// Stops all tasks of a control group: a debugger waits for ever on these.
    Freezes,
    Thaws,
    Debugs,
    /// Ends it; what was in memory is gone.
    Ends,
    /// The same of what is the person's own, or of what nobody uses: only beside an alert.
    EndsOwn,
    /// Keeps it from the network.
    Cuts,
    StartsWithAutoRemove,
}

/// Judges commands in the order in which they would be pasted.
pub fn judge(plan: &[Call], alert: Option<&Alert>, found: &mut Vec<Finding>) {
    let (mut saved, mut saved_exe, mut exported, mut frozen) = (false, false, false, false);
    // Containers that remove themselves: their names, or nothing where they got none.
    let mut auto_remove: Vec<Option<&str>> = Vec::new();
    let in_memory = alert.is_some_and(is_in_memory);
    let part_of_alert = LazyCell::new(|| alert.and_then(platform::platform_of));
    forgive(plan, found);
    for call in plan {
        let mut say = |id: &'static str| found.push(Finding::new(id, call.line, &call.words()));
        let is_of_alert = alert.is_some_and(|alert| removes_file_of(call, alert));
        let Some(deed) = deed(call).or(is_of_alert.then_some(Deed::Ends)) else { continue };
        let deed = match deed {
            Deed::Ends if is_own_process(call, plan) => Deed::EndsOwn,
            deed => deed,
        };
        let deed = match deed {
            Deed::EndsOwn if alert.is_none() => continue,
            Deed::EndsOwn => Deed::Ends,
            deed => deed,
        };
        match deed {
            Deed::EndsOwn => {}
            Deed::Saves => {
                saved = true;
                exported |= call.has_any(&["export", "commit", "cp", "tar", "diff", "checkpoint"])
                    || call.program == "tar";
            }
            Deed::SavesExecutable => (saved, saved_exe) = (true, true),
            Deed::Freezes => {
                frozen = true;
                let in_pod = alert.is_some_and(|alert| alert.k8s().1.is_some())
                    || call.plain().any(|name| name.starts_with("k8s_"));
                if in_pod && !exported {
                    say("E08");
                }
            }
            Deed::Thaws => frozen = false,
            Deed::Pauses => {}
            Deed::Debugs if frozen => say("E05"),
            Deed::Debugs => saved = true,
            Deed::Ends => {
                let removes_itself = auto_remove.iter().any(|name| {
                    name.is_none_or(|name| {
                        call.has(name) || call.args.iter().any(|word| !word.expands.is_empty())
                    })
                });
                let is_file = matches!(&*call.program, "rm" | "unlink" | "shred" | "srm" | "find");
                let is_copy = is_file && is_made_here(call, plan);
                if in_memory && !saved_exe && !is_file {
                    say("E06");
                }
                if removes_itself && !exported && !is_file {
                    say("E07");
                }
                if !saved && !is_copy {
                    say("E01");
                }
            }
            Deed::StartsWithAutoRemove => {
                auto_remove.push(call.value_of(&["--name"]));
            }
            Deed::Cuts => {}
        }
        if matches!(deed, Deed::Pauses | Deed::Freezes | Deed::Ends | Deed::Cuts) {
            platform::judge(call, &part_of_alert, found);
        }
        if let Some(alert) = alert {
            aimed(call, deed, alert, found);
        }
    }
}

/// Takes back what was said of removing a file that the same text made, as the way back of a step.
fn forgive(plan: &[Call], found: &mut Vec<Finding>) {
    for call in plan.iter().filter(|call| call.program == "rm") {
        let is_exception = call.plain().all(|path| path.contains("exception"));
        let is_made_here = is_made_here(call, plan);
        let is_forgiven = |id: &str| match id {
            "W06" => is_exception || is_made_here,
            "W02" => is_made_here,
            _ => false,
        };
        found.retain(|finding| finding.line != call.line || !is_forgiven(finding.id));
    }
}

/// A file that the same text made is no evidence.
fn is_made_here(call: &Call, plan: &[Call]) -> bool {
    let removed: Vec<&str> = call.plain().filter(|path| path.starts_with('/')).collect();
    plan.iter().take_while(|other| !std::ptr::eq(*other, call)).any(|other| {
        super::writes::targets(other).iter().any(|made| removed.contains(made))
            || matches!(&*other.program, "mkdir" | "tar" | "git" | "unzip" | "mkfifo")
                && other.plain().any(|made| removed.iter().any(|path| path.starts_with(made)))
    })
}

/// `kill "$(cat server.pid)"`: the process that wrote the file.
fn is_own_process(call: &Call, plan: &[Call]) -> bool {
    let from_file = |inner: &str| inner.contains(".pid") || inner.contains("/pid");
    if call.program != "kill" {
        return false;
    }
    let reads = |other: &Call| {
        other.line == call.line
            && other.read_by.as_deref() == Some("kill")
            && other.args.iter().any(|word| from_file(&word.text))
    };
    plan.iter().any(reads)
        || call.args.iter().flat_map(|word| &word.splits).any(|inner| from_file(inner))
        || call
            .args
            .iter()
            .flat_map(|word| &word.expands)
            .filter_map(|name| call.scope.source_of(name))
            .any(from_file)
}

fn deed(call: &Call) -> Option<Deed> {
    let text = call.words();
    let asks = call.has_any(&["--help", "-h", "--dry-run", "--dry-run=server", "--dry-run=client"]);
    if asks {
        return None;
    }
    let keeps = (call.pipeline.1 == 0
        && (call
            .redirects
            .iter()
            .any(|to| to.writes && to.target != "/dev/null" && !to.target.starts_with('&'))))
        || call.pipeline.1 > 0 && call.program == "tee";
    Some(match (call.program.as_str(), call.subcommand()) {
        ("docker" | "podman" | "nerdctl", sub) => match sub {
            "pause" => Deed::Freezes,
            "unpause" => Deed::Thaws,
            "stop" | "kill" | "rm" | "restart" => Deed::Ends,
            "compose" if call.has_any(&["down", "stop", "kill", "rm"]) => Deed::EndsOwn,
            "pod" if call.has_any(&["rm", "stop", "kill"]) => Deed::Ends,
            "image" | "builder" | "buildx"
                if call.has("prune") && !call.has_any(&["-a", "--all", "-af", "-fa"]) =>
            {
                Deed::EndsOwn
            }
            _ if call.has("prune") => Deed::Ends,
            "inspect" if text.contains("AutoRemove") => return None,
            "export" | "commit" | "cp" | "checkpoint" | "save" | "logs" | "inspect" => Deed::Saves,
            "network" if call.has("disconnect") => Deed::Cuts,
            "run"
                if call.has("--rm")
                    && (call.has("--name") || call.has("-d") || call.has("--detach")) =>
            {
                Deed::StartsWithAutoRemove
            }
            _ => return None,
        },
        ("docker-compose", _) if call.has_any(&["down", "stop", "kill", "rm"]) => Deed::EndsOwn,
        ("crictl", "stop" | "rm" | "stopp" | "rmp") => Deed::Ends,
        ("crictl", "logs" | "inspect" | "checkpoint") => Deed::Saves,
        ("tar" | "criu" | "avml" | "tcpdump" | "sha256sum" | "rsync" | "scp", _)
            if !(text.contains("/proc/") && text.contains("/exe")) =>
        {
            Deed::Saves
        }
        ("ctr", _)
            if text.contains(" kill") || text.contains(" rm ") || text.contains(" delete") =>
        {
            Deed::Ends
        }
        ("ctr" | "runc" | "crun", _) if call.has("pause") => Deed::Freezes,
        ("ctr" | "runc" | "crun", _) if call.has("resume") => Deed::Thaws,
        ("runc" | "crun", "kill" | "delete") => Deed::Ends,
        ("systemctl", "freeze") => Deed::Freezes,
        ("systemctl", "thaw") => Deed::Thaws,
        ("ctr", _) if call.has_any(&["snapshots", "checkpoint", "info"]) => Deed::Saves,
        ("kubectl" | "oc", "delete") => {
            let ends = matches!(
                call.object_kind(),
                "pod"
                    | "pods"
                    | "po"
                    | "deployment"
                    | "deployments"
                    | "deploy"
                    | "statefulset"
                    | "sts"
                    | "job"
                    | "jobs"
                    | "cronjob"
                    | "replicaset"
                    | "rs"
                    | "daemonset"
                    | "ds"
                    | "namespace"
                    | "ns"
            );
            if !ends {
                return None;
            }
            Deed::Ends
        }
        ("kubectl", "logs" | "get" | "describe" | "cp") if keeps || call.subcommand() == "cp" => {
            Deed::Saves
        }
        ("kubectl", "label") if text.contains("quarantine") && !text.contains("quarantine-") => {
            Deed::Cuts
        }
        ("kill", _) => {
            let signal = call
                .args
                .first()
                .map_or("", |word| word.text.as_str())
                .trim_start_matches("-SIG")
                .trim_start_matches('-');
            let named = call
                .value_of(&["-s", "--signal"])
                .map_or(signal, |name| name.trim_start_matches("SIG"));
            match named {
                "STOP" | "19" => Deed::Pauses,
                "CONT" | "18" | "0" | "l" | "L" | "HUP" | "1" | "USR1" | "10" | "USR2" | "12"
                | "WINCH" | "QUIT" | "3" | "" => return None,
                _ => Deed::Ends,
            }
        }
        ("gcore" | "gdb", _) if !call.has_any(&["--version", "-v"]) => Deed::Debugs,
        ("cp" | "cat" | "dd" | "install" | "scp" | "rsync" | "tar" | "sha256sum", _)
            if text.contains("/proc/") && text.contains("/exe") =>
        {
            if call.program == "sha256sum" {
                Deed::Saves
            } else {
                Deed::SavesExecutable
            }
        }
        ("cp" | "mv", _) if text.contains("/evidence") || text.contains("/var/log") => Deed::Saves,
        ("rm" | "unlink", _) => {
            let evidence = |path: &str| {
                let path = in_root(path);
                let is_own = path
                    .rsplit_once('.')
                    .is_some_and(|(_, end)| matches!(end, "lock" | "pid" | "sock" | "socket"));
                ["/tmp/", "/var/tmp/", "/dev/shm/", "/etc/cron", "/var/spool/cron"]
                    .iter()
                    .any(|folder| path.starts_with(folder) && path.len() > folder.len())
                    && !is_own
                    || path.contains("/.ssh/")
                    || path.starts_with("/etc/systemd/system/")
                    || path.starts_with("/usr/bin/")
                    || path.starts_with("/usr/local/bin/")
            };
            if !call.plain().any(evidence)
                || call.option(Some('r'), "recursive")
                    && !call.plain().any(|path| path.contains("/."))
            {
                return None;
            }
            Deed::Ends
        }
        ("iptables" | "ip6tables", _)
            if call.has_any(&["DROP", "REJECT"]) && !call.has_any(&["-D", "--delete", "-C"]) =>
        {
            Deed::Cuts
        }
        ("nft", _)
            if call.input.as_deref().is_some_and(|rules| rules.contains("drop"))
                || text.contains(" drop") =>
        {
            Deed::Cuts
        }
        ("ufw", "deny" | "reject") => Deed::Cuts,
        ("ufw", "insert" | "route") if call.has_any(&["deny", "reject"]) => Deed::Cuts,
        ("firewall-cmd", _) if text.contains("drop") || text.contains("reject") => Deed::Cuts,
        ("usermod", _) if call.has_any(&["-L", "--lock"]) => Deed::Cuts,
        _ => return None,
    })
}

/// A path as the process sees it: `/proc/PID/root` stands for its root.
fn in_root(path: &str) -> &str {
    let inner = path.strip_prefix("/proc/").and_then(|rest| rest.split_once("/root"));
    inner.map_or(path, |(_, inner)| inner).trim_start_matches("/host")
}

/// Whether a command removes the file that the alert is about: its program, or the file that was opened.
fn removes_file_of(call: &Call, alert: &Alert) -> bool {
    let removes = matches!(&*call.program, "rm" | "unlink" | "shred" | "srm")
        || call.program == "find" && call.has("-delete");
    let files = ["proc.exepath", "fd.name", "evt.arg.path", "fs.path.name"];
    let mut of_alert = files.iter().filter_map(|field| alert.fields.text(field));
    removes
        && of_alert.any(|file| {
            file.starts_with('/')
                && file.len() > 4
                && call.plain().any(|path| in_root(path) == file && !path.contains("/evidence"))
        })
}

pub fn is_in_memory(alert: &Alert) -> bool {
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
    // Inside the network of the process that nsenter names, chains and addresses are that one's own.
    if call.through.as_deref() == Some("nsenter") {
        return;
    }
    let contains = matches!(deed, Deed::Pauses | Deed::Freezes | Deed::Ends | Deed::Cuts);
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
    let is_container = alert.container().id.is_some_and(|id| !id.is_empty() && id != "host");
    let words = format!("{} {}", call.words(), call.input.as_deref().unwrap_or_default());
    match call.program.as_str() {
        "ufw" => {
            let out = call.has("out") || call.has("route");
            if is_outgoing(alert) == Some(!out) {
                found.push(finding("D01"));
            }
            if is_container && call.has("out") && !call.has("route") {
                found.push(finding("B09"));
            }
        }
        "firewall-cmd"
            if is_outgoing(alert) == Some(true)
                && words.contains("source address")
                && !words.contains("--direct") =>
        {
            found.push(finding("D01"));
        }
        "nft" => {
            let hook = |name: &str| {
                words.contains(&format!("hook {name}"))
                    || words.contains(&format!("filter {name} "))
                    || words.contains(&format!("filter {} ", name.to_uppercase()))
            };
            let (input, output, forward) = (hook("input"), hook("output"), hook("forward"));
            if input && !output && !forward && is_outgoing(alert) == Some(true)
                || output && !input && !forward && is_outgoing(alert) == Some(false)
            {
                found.push(finding("D01"));
            }
            if is_container && output && !input && !forward {
                found.push(finding("B09"));
            }
        }
        _ => {}
    }
}

/// P05 over a whole report: it changes things, and no command of it names the alert's container, process, pod or address.
pub fn addresses(plan: &[Call], alert: &Alert, found: &mut Vec<Finding>) {
    let identity: Vec<String> = [
        "container.id",
        "container.full_id",
        "container.name",
        "proc.pid",
        "k8s.pod.name",
        "k8s.ns.name",
        "fd.rip",
        "fd.sip",
        "fd.cip",
        "fd.name",
    ]
    .iter()
    .filter_map(|field| alert.fields.known(field))
    .map(|value| value.display().into_owned())
    .filter(|text| text.len() > 2 && text != "host")
    .collect();
    let names = |call: &Call| {
        let text = format!("{} {}", call.words(), call.input.as_deref().unwrap_or_default());
        identity.iter().any(|token| text.contains(token.as_str()))
            // What a script is given is no name of the alert's.
            || text.replace("$@", "").replace("$*", "").replace("$(…)", "").contains('$')
    };
    let remedy = |call: &&Call| {
        matches!(
            &*call.program,
            "setenforce"
                | "ufw"
                | "iptables"
                | "firewall-cmd"
                | "nft"
                | "apparmor_parser"
                | "aa-enforce"
                | "aa-complain"
                | "chmod"
                | "chown"
                | "sysctl"
                | "auditd"
                | "netcat"
                | "nc"
                | "nano"
                | "vim"
                | "pkill"
                | "killall"
                | "kill"
                | "sh"
                | "tcpdump"
        ) || super::programs::invented(&call.program).is_some()
            || matches!(
                (&*call.program, call.subcommand()),
                ("systemctl", "restart" | "stop" | "disable")
                    | ("docker" | "podman", "run" | "update" | "stop" | "pause" | "kill")
            )
    };
    if identity.is_empty() || plan.iter().any(names) {
        return;
    }
    if let Some(call) = plan.iter().find(remedy) {
        let finding = Finding::new("P05", call.line, &call.words());
        if !found.iter().any(|other| other.id == "P05" && other.severity > Severity::Note) {
            found.push(finding.because("no command of the report does"));
        }
    }
}

/// What names the alert's target: ids, names, pid, addresses, pod, path.
pub fn tokens(alert: &Alert) -> Vec<String> {
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
        let is_joint = |c: char| !c.is_alphanumeric() && !".-_".contains(c);
        tokens.extend(
            cmdline
                .split_whitespace()
                // `tcp:198.51.100.7:4444` names an address too.
                .flat_map(|word| std::iter::once(word).chain(word.split(is_joint)))
                .filter(|word| word.contains('.') && word.len() > 3)
                .map(str::to_owned),
        );
    }
    tokens
}

/// Whether the connection of the alert was opened from its side; `None` when the alert does not tell.
pub fn is_outgoing(alert: &Alert) -> Option<bool> {
    match alert.fields.text("evt.type") {
        Some("connect") => return Some(true),
        Some("accept" | "accept4" | "listen" | "bind") => return Some(false),
        _ => {}
    }
    calls_out(alert.fields.text("proc.cmdline")?)
}

/// Whether a command line opens a connection (`true`) or waits for one; `None` when it does neither.
pub fn calls_out(cmdline: &str) -> Option<bool> {
    let mut words = cmdline.split_whitespace();
    let program = words.next()?.rsplit('/').next()?;
    if matches!(program, "curl" | "wget" | "ssh" | "scp" | "telnet" | "ftp" | "dig" | "nslookup")
        || cmdline.contains("/dev/tcp/")
    {
        return Some(true);
    }
    if program == "socat" {
        return Some(!cmdline.to_ascii_uppercase().contains("LISTEN"));
    }
    if !super::door::is_netcat(program) {
        return None;
    }
    let listens = words.any(|word| {
        word == "--listen"
            || (word.starts_with('-') && !word.starts_with("--") && word.contains('l'))
    });
    Some(!listens)
}
