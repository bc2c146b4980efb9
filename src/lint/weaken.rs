//! Rules W: commands that lower the protection of the host.

use super::call::Call;
use super::{facts, writes};

const RUNTIMES: [&str; 3] = ["docker", "podman", "nerdctl"];

/// Judges one command.
pub fn judge(call: &Call, say: &mut impl FnMut(&'static str)) {
    let args: Vec<&str> = call.args.iter().map(|word| &*word.text).collect();
    let first = args.first().copied().unwrap_or_default().to_ascii_lowercase();
    match call.program.as_str() {
        "setenforce" if matches!(&*first, "0" | "permissive") => say("W01"),
        "setenforce" if matches!(&*first, "1" | "enforcing") => say("W10"),
        "semanage" if call.has("permissive") && call.has_any(&["-a", "--add"]) => say("W01"),
        "aa-disable" | "aa-complain" | "aa-teardown"
            if call.plain().next().is_some() || call.program == "aa-teardown" =>
        {
            say("W02");
        }
        "apparmor_parser"
            if call.option(Some('R'), "remove")
                && !call.args.iter().any(|word| {
                    word.text.contains("triage") || word.text.contains("docker-no-")
                }) =>
        {
            say("W02");
        }
        "systemctl" | "service" | "rc-service" | "invoke-rc.d" | "chkconfig" | "update-rc.d"
        | "rc-update" => stops(call, say),
        "pkill" | "killall" if call.plain().any(|name| facts::unit(name) == Some("W06")) => {
            say("W06");
        }
        "kill" => {
            let of = args.join(" ");
            let finds =
                call.args.iter().flat_map(|word| &word.splits).any(|inner| names_guard(inner));
            let from = call.args.iter().flat_map(|word| &word.expands);
            let variable = from.filter_map(|name| call.scope.source_of(name)).any(names_guard);
            if (finds || variable) && !of.contains("-HUP") && !of.contains("-USR1") {
                say("W06");
            }
        }
        "rpm" | "apt" | "apt-get" | "dnf" | "yum" | "apk" | "zypper" | "dpkg" | "snap"
            if call.has_any(&[
                "remove",
                "purge",
                "erase",
                "del",
                "autoremove",
                "-e",
                "-r",
                "-P",
                "--remove",
                "--purge",
            ]) =>
        {
            let rule = call.plain().find_map(|name| match name {
                "apparmor" => Some("W02"),
                "ufw" | "firewalld" | "nftables" | "iptables" => Some("W05"),
                "audit" | "auditd" => Some("W06"),
                name => facts::unit(name).filter(|rule| *rule == "W06"),
            });
            rule.into_iter().for_each(&mut *say);
        }
        "rm" | "unlink" | "mv" => {
            let takes = |path: &str| {
                let path = path.trim_end_matches(['/', '*']);
                matches!(
                    path,
                    "/etc/falco"
                        | "/etc/falco/rules.d"
                        | "/etc/audit"
                        | "/etc/audit/rules.d"
                        | "/usr/bin/falco"
                        | "/sbin/auditd"
                        | "/usr/sbin/auditd"
                ) || is_detection(path)
            };
            let gone = call.plain().take(if call.program == "mv" { 1 } else { usize::MAX });
            if gone.into_iter().any(takes) {
                say("W06");
            }
            if call.plain().any(|path| {
                path.starts_with("/etc/apparmor.d/")
                    && !path.contains("/disable/")
                    && call.program == "rm"
            }) {
                say("W02");
            }
        }
        "truncate" | "shred" if call.plain().any(is_detection) => say("W06"),
        "sed" | "perl"
            if call.option(Some('i'), "in-place")
                && call.plain().skip(1).any(is_detection)
                && call.plain().next().is_some_and(deletes_rows) =>
        {
            say("W06");
        }
        "" | ":" | "true" | "echo" | "cat" | "printf" if empties(call).any(is_detection) => {
            say("W06");
        }
        "ln" if args.iter().any(|arg| arg.contains("/apparmor.d/disable")) => say("W02"),
        "rmmod" if call.plain().any(|name| name.starts_with("falco")) => say("W06"),
        "modprobe" if call.has("-r") && call.plain().any(|name| name.starts_with("falco")) => {
            say("W06");
        }
        "falco" => {
            let switches = args.windows(2).any(|pair| {
                matches!(pair, ["-D" | "-T" | "--disable-source" | "--disable-tag", _])
            }) || args.iter().any(|arg| arg.contains(".disable."));
            let deafens = args
                .iter()
                .any(|arg| arg.trim_matches('"').strip_prefix("priority=").is_some_and(is_deaf));
            if switches || deafens {
                say("W06");
            }
        }
        "iptables" | "ip6tables" => firewall(call, &args, say),
        "iptables-restore" | "ip6tables-restore"
            if call.redirects.iter().any(|from| from.target == "/dev/null") =>
        {
            say("W05");
        }
        "nft"
            if args.join(" ").contains("flush ruleset")
                || call.input.as_deref().is_some_and(|text| text.trim() == "flush ruleset") =>
        {
            say("W05");
        }
        "ufw" => {
            let text = args.join(" ");
            let opens = call.has_any(&["disable", "reset"])
                || text.contains("default allow")
                || matches!(
                    &*text,
                    "allow from any"
                        | "allow from any to any"
                        | "allow from 0.0.0.0/0"
                        | "allow in from any"
                        | "allow proto any"
                        | "allow 1:65535/tcp"
                        | "allow 0:65535/tcp"
                )
                || text.starts_with("delete deny");
            if opens && !call.has("--dry-run") {
                say("W05");
            }
        }
        "firewall-cmd" => {
            let text = args.join(" ").replace('=', " ");
            let opens = text.contains("--set-default-zone trusted")
                || text.contains("--set-target ACCEPT")
                || text.contains("--zone trusted --add-interface")
                || text.contains("--zone trusted --change-interface")
                || text.contains("--zone trusted --add-source 0.0.0.0/0");
            if opens {
                say("W05");
            }
        }
        "auditctl" => {
            let drops = call.has("-D") && !call.has("-k")
                || call.has("-e0")
                || call.value_of(&["-e"]) == Some("0")
                || call.value_of(&["-R"]) == Some("/dev/null");
            if drops {
                say("W07");
            }
        }
        "sysctl" => {
            // `key=value`, `key = value`, `key =value`.
            let text = args
                .iter()
                .filter(|arg| !arg.starts_with('-'))
                .copied()
                .collect::<Vec<_>>()
                .join(" ");
            let text = text.replace(" =", "=").replace("= ", "=");
            if text
                .split(' ')
                .filter_map(|pair| pair.split_once('='))
                .any(|(key, value)| facts::is_weak_switch(key, value.trim_matches(['"', '\''])))
            {
                say("W08");
            }
        }
        _ => {}
    }
    super::rights::judge(call, say);
    orchestrates(call, &args, say);
    if let Some(text) = writes::text(call) {
        written(&text, call, say);
    }
    for (flag, rule) in
        [("selinux=0", "W01"), ("enforcing=0", "W01"), ("apparmor=0", "W02"), ("audit=0", "W07")]
    {
        if matches!(
            &*call.program,
            "grubby" | "grub2-editenv" | "kernelstub" | "rpm-ostree" | "kexec"
        ) && args
            .iter()
            .any(|arg| arg.split([' ', '=', '"']).collect::<Vec<_>>().join("=").contains(flag))
        {
            say(rule);
        }
    }
    if RUNTIMES.contains(&call.program.as_str()) || call.program == "docker-compose" {
        let host = matches!(call.subcommand(), "run" | "create" | "exec" | "update");
        if host {
            containers(call, &args, say);
        }
    }
    if call.program == "dockerd"
        && args.join(" ").replace('=', " ").contains("seccomp-profile unconfined")
    {
        say("W03");
    }
    // An init script may be called by its path.
    if call.path.starts_with("/etc/init.d/")
        && call.has("stop")
        && let Some(rule) = facts::unit(&call.program)
    {
        say(rule);
    }
}

/// The unit and what is done to it, for `systemctl stop x` and `service x stop`.
fn stops(call: &Call, say: &mut impl FnMut(&'static str)) {
    let ends = call
        .has_any(&["stop", "disable", "mask", "kill", "off", "remove", "del", "delete", "freeze"]);
    if ends {
        let mut rules: Vec<_> = call
            .plain()
            .filter_map(facts::unit)
            .filter(|rule| *rule != "B05")
            .filter(|rule| *rule != "B03" || call.has_any(&["stop", "kill"]))
            .collect();
        rules.dedup();
        rules.into_iter().for_each(say);
    }
}

/// A file of rules that Falco or the audit daemon loads.
fn is_detection(path: &str) -> bool {
    let folders =
        ["/etc/falco/rules.d/", "/etc/falco/config.d/", "/etc/audit/rules.d/", "/etc/falco/falco"];
    folders.iter().any(|folder| path.starts_with(folder))
        || path.ends_with("/falco_rules.yaml")
        || path.ends_with("/falco_rules.local.yaml")
        || path == "/etc/audit/audit.rules"
}

/// Levels of Falco's own threshold that leave most rules unloaded.
pub fn is_deaf(level: &str) -> bool {
    let level = level.trim().trim_matches(['"', '\'']).to_ascii_lowercase();
    matches!(&*level, "emergency" | "alert" | "critical" | "error")
}

/// Files that a command leaves with nothing in them.
fn empties(call: &Call) -> impl Iterator<Item = &str> {
    let is_cat = call.program == "cat" && !call.has("/dev/null");
    let prints = is_cat
        || call.args.iter().any(|word| {
            !word.text.trim().is_empty() && !matches!(&*word.text, "/dev/null" | "-n" | "-e" | "{}")
        })
        || call.input.as_deref().is_some_and(|text| !text.trim().is_empty());
    let targets = call.redirects.iter().filter(|to| to.writes && !to.appends);
    targets.filter(move |_| !prints).map(|to| to.target.as_str())
}

/// Whether a stream editor's script takes rows away, or makes comments of them: `/rule/,/^$/d`, `s/^/#/`.
fn deletes_rows(script: &str) -> bool {
    let script = script.trim();
    script.ends_with('d')
        && (script.starts_with('/') || script.starts_with(|c: char| c.is_ascii_digit()))
        || script.contains("s/^/#/")
        || script.contains("enabled: false")
}

fn names_guard(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_')
        .any(|word| facts::unit(word) == Some("W06") || word.starts_with("falco"))
        && ["pidof", "pgrep", "systemctl", "cat", "ps"].iter().any(|find| text.contains(find))
}

fn firewall(call: &Call, args: &[&str], say: &mut impl FnMut(&'static str)) {
    const BUILT_IN: [&str; 6] =
        ["INPUT", "OUTPUT", "FORWARD", "PREROUTING", "POSTROUTING", "DOCKER-USER"];
    let chain_behind = |names: &[&str]| {
        args.iter()
            .position(|arg| names.contains(arg))
            .map(|at| args.get(at + 1).copied().filter(|next| !next.starts_with('-')))
    };
    let flushes = chain_behind(&["-F", "--flush", "-X", "--delete-chain"])
        .is_some_and(|chain| chain.is_none_or(|chain| BUILT_IN.contains(&chain)));
    let policy = call.value_of(&["-P", "--policy"]).is_some() && call.has("ACCEPT");
    let adds = chain_behind(&["-A", "-I", "--append", "--insert"]).flatten();
    let narrow = [
        "-s",
        "--source",
        "-d",
        "--destination",
        "-i",
        "--in-interface",
        "-o",
        "--out-interface",
        "-p",
        "--protocol",
        "-m",
        "--match",
        "--dport",
    ];
    let opens = adds.is_some_and(|chain| matches!(chain, "INPUT" | "FORWARD"))
        && call.value_of(&["-j", "--jump"]) == Some("ACCEPT")
        && narrow.iter().all(|option| {
            call.value_of(&[option]).is_none_or(|value| matches!(value, "0.0.0.0/0" | "::/0"))
        })
        && !call.option(None, "source");
    if flushes || policy || opens {
        say("W05");
    }
}

fn orchestrates(call: &Call, args: &[&str], say: &mut impl FnMut(&'static str)) {
    let names_falco = || {
        args.iter().any(|arg| {
            arg.split(['/', '-', '=', '.', ','])
                .any(|part| matches!(part, "falco" | "tetragon" | "tracee" | "falcosidekick"))
        })
    };
    match call.program.as_str() {
        "kubectl" | "oc" => {
            let sub = call.subcommand();
            let kind = call.object_kind();
            let is_workload = matches!(
                kind,
                "daemonset"
                    | "daemonsets"
                    | "ds"
                    | "deployment"
                    | "deploy"
                    | "deployments"
                    | "namespace"
                    | "ns"
                    | "daemonset.apps"
                    | "configmap"
                    | "cm"
                    | "all"
            );
            if names_falco()
                && (sub == "delete" && is_workload
                    || sub == "scale"
                        && args.iter().any(|arg| matches!(*arg, "--replicas=0" | "0")))
            {
                say("W06");
            }
            if sub == "patch"
                && names_falco()
                && matches!(kind, "ds" | "daemonset")
                && args.iter().any(|arg| arg.contains("nodeSelector"))
            {
                say("W06");
            }
            if sub == "create"
                && args.iter().any(|arg| arg.contains("rolebinding"))
                && args.iter().any(|arg| arg.contains("cluster-admin"))
            {
                say("W09");
            }
            if sub == "debug"
                && args.iter().any(|arg| matches!(*arg, "--profile=sysadmin" | "sysadmin"))
            {
                say("W04");
            }
            if sub == "run"
                && args.iter().any(|arg| *arg == "--privileged" || *arg == "--privileged=true")
            {
                say("W04");
            }
            if sub == "adm" && call.has("add-scc-to-user") && call.has("privileged")
                || sub == "label"
                    && args
                        .iter()
                        .any(|arg| arg.ends_with("pod-security.kubernetes.io/enforce=privileged"))
            {
                say("W04");
            }
        }
        "helm" if call.has_any(&["uninstall", "delete", "del", "un"]) && names_falco() => {
            say("W06");
        }
        "docker" | "podman" | "nerdctl"
            if matches!(call.subcommand(), "stop" | "kill" | "rm" | "pause")
                && call.plain().skip(1).any(|name| {
                    matches!(name, "falco" | "falcosidekick" | "tetragon" | "tracee")
                }) =>
        {
            say("W06");
        }
        _ => {}
    }
}

/// Rules about what a container is started with.
fn containers(call: &Call, args: &[&str], say: &mut impl FnMut(&'static str)) {
    // Options end where the image begins; what stands behind is another program's.
    let joined = args.join(" ").replace('=', " ");
    let any = |needles: &[&str]| needles.iter().any(|needle| joined.contains(needle));
    if any(&["apparmor unconfined", "apparmor:unconfined", "label disable", "label:disable"]) {
        say("W02");
    }
    if any(&["seccomp unconfined", "seccomp:unconfined"]) {
        say("W03");
    }
    let host = any(&[
        "--pid host",
        "--net host",
        "--network host",
        "--ipc host",
        "--userns host",
        "--uts host",
        "--cgroupns host",
        "systempaths unconfined",
    ]);
    let values = |name: &str| {
        args.windows(2)
            .filter(|pair| pair.first() == Some(&name))
            .filter_map(|pair| pair.get(1).copied())
            .chain(args.iter().filter_map(|arg| arg.strip_prefix(name)?.strip_prefix('=')))
            .collect::<Vec<_>>()
    };
    let adds = values("--cap-add").into_iter().any(|caps| caps.split(',').any(is_power));
    let sources = values("-v")
        .into_iter()
        .chain(values("--volume"))
        .filter_map(|volume| volume.split(':').next())
        .chain(values("--mount").into_iter().filter_map(|mount| {
            mount
                .split(',')
                .find_map(|part| part.strip_prefix("source=").or(part.strip_prefix("src=")))
        }))
        .any(is_host_path);
    let devices = values("--device").into_iter().any(|device| {
        device.starts_with("/dev/sd")
            || device.starts_with("/dev/nvme")
            || device.starts_with("/dev/mem")
            || device.starts_with("/dev/kmem")
    });
    let privileged = call.has("--privileged") || joined.contains("--privileged true");
    if privileged || host || adds || sources || devices {
        say("W04");
    }
}

/// Capabilities that make a container as strong as the host.
pub fn is_power(cap: &str) -> bool {
    let cap = cap.trim().to_ascii_uppercase();
    matches!(
        cap.strip_prefix("CAP_").unwrap_or(&cap),
        "ALL"
            | "SYS_ADMIN"
            | "SYS_PTRACE"
            | "SYS_MODULE"
            | "SYS_RAWIO"
            | "SYS_BOOT"
            | "SYS_TIME"
            | "DAC_READ_SEARCH"
            | "DAC_OVERRIDE"
            | "NET_ADMIN"
            | "NET_RAW"
            | "BPF"
            | "PERFMON"
            | "SYSLOG"
            | "MKNOD"
            | "AUDIT_CONTROL"
            | "MAC_ADMIN"
            | "MAC_OVERRIDE"
    )
}

/// Folders and sockets of the host that give it away when a container has them.
pub fn is_host_path(path: &str) -> bool {
    let path = if path == "/" { path } else { path.trim_end_matches('/') };
    path.ends_with("docker.sock")
        || path.ends_with("containerd.sock")
        || path.ends_with("crio.sock")
        || path.ends_with("podman.sock")
        || matches!(
            path,
            "/" | "/etc"
                | "/root"
                | "/proc"
                | "/sys"
                | "/dev"
                | "/boot"
                | "/var/run"
                | "/run"
                | "/var/lib/docker"
                | "/var/lib/kubelet"
                | "/lib/modules"
                | "/var/lib/containerd"
        )
}

/// What a text says that is put into a file which the host reads.
fn written(text: &str, call: &Call, say: &mut impl FnMut(&'static str)) {
    let targets = writes::targets(call);
    let goes_to = |part: &str| targets.iter().any(|target| target.contains(part));
    let lines: Vec<&str> =
        text.lines().map(str::trim).filter(|row| !row.starts_with('#')).collect();
    let has = |needle: &str| lines.iter().any(|row| row.contains(needle));
    let mode = |mode: &str| {
        lines.iter().any(|row| {
            row.to_ascii_uppercase().replace(' ', "").contains(&format!("SELINUX={mode}"))
        })
    };
    if mode("PERMISSIVE")
        || mode("DISABLED")
        || has("selinux=0")
        || has("enforcing=0")
        || goes_to("/sys/fs/selinux/enforce") && text.trim() == "0"
    {
        say("W01");
    } else if mode("ENFORCING") || goes_to("/sys/fs/selinux/enforce") {
        say("W10");
    }
    if has("apparmor=0") {
        say("W02");
    }
    if goes_to("falco.yaml")
        && lines.iter().any(|row| row.strip_prefix("priority:").is_some_and(is_deaf))
    {
        say("W06");
    }
    if has("audit=0")
        || goes_to("/audit/") && lines.iter().any(|row| *row == "-D" || row.starts_with("-e 0"))
    {
        say("W07");
    }
    let sets = |needle: &str| {
        lines.iter().any(|row| {
            row.split_whitespace().collect::<Vec<_>>().join(" ").eq_ignore_ascii_case(needle)
        })
    };
    if has("NOPASSWD")
        || sets("PermitRootLogin yes")
        || sets("PermitEmptyPasswords yes")
        || lines.iter().any(|row| {
            row.replace(' ', "").contains("ALL=(ALL)ALL")
                && !row.starts_with("root")
                && !row.starts_with('%')
                && goes_to("sudoers")
        })
    {
        say("W09");
    }
    let proc = targets.iter().find_map(|target| target.strip_prefix("/proc/sys/"));
    let weak = lines
        .iter()
        .filter_map(|row| row.split_once('='))
        .any(|(key, value)| facts::is_weak_switch(key.trim(), value.trim()))
        || proc.is_some_and(|key| facts::is_weak_switch(key, text.trim()));
    if weak {
        say("W08");
    }
}
