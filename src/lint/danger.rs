//! Commands that weaken the host, open it, destroy evidence, or hit too much.

use super::call::Call;
use ipnet::IpNet;
use std::net::IpAddr;

const RUNTIMES: [&str; 3] = ["docker", "podman", "nerdctl"];

/// Programs whose end blinds or bares the host, by rule.
fn guard(unit: &str) -> Option<&'static str> {
    let unit = unit.trim_end_matches(".service");
    Some(match unit {
        "falco" | "falco-modern-bpf" | "falco-bpf" | "falco-kmod" | "falco-custom"
        | "falcosidekick" | "auditd" | "osqueryd" | "wazuh-agent" => "W06",
        "apparmor" => "W02",
        "ufw" | "firewalld" | "nftables" | "iptables" => "W05",
        _ => return None,
    })
}

/// Rules W: what lowers the host's protection.
pub fn weakens(call: &Call, say: &mut impl FnMut(&'static str)) {
    let args: Vec<&str> = call.args.iter().map(|word| &*word.text).collect();
    let first = args.first().copied().unwrap_or_default();
    match call.program.as_str() {
        "setenforce" if matches!(first.to_ascii_lowercase().as_str(), "0" | "permissive") => {
            say("W01");
        }
        "setenforce" if !args.is_empty() => say("W10"),
        "sed" | "echo" | "tee" | "printf" => edits(call, say),
        "semanage" if call.has("permissive") && call.has_any(&["-a", "--add"]) => say("W01"),
        "aa-disable" | "aa-complain" | "aa-teardown" => say("W02"),
        "apparmor_parser"
            if call.option(Some('R'), "remove")
                && !args.iter().any(|arg| arg.contains("docker-no") || arg.contains("triage")) =>
        {
            say("W02");
        }
        "systemctl" | "service" | "rc-service" => {
            let stops = call.has_any(&["stop", "disable", "mask", "kill"]);
            if stops {
                call.plain().filter_map(guard).for_each(&mut *say);
            }
        }
        "pkill" | "killall" if call.plain().any(|name| guard(name) == Some("W06")) => say("W06"),
        "rpm" | "apt" | "apt-get" | "dnf" | "yum" | "apk"
            if call.has_any(&["remove", "purge", "erase", "del", "-e"])
                && call.plain().any(|p| matches!(p, "falco" | "auditd" | "apparmor")) =>
        {
            say("W06");
        }
        "iptables" | "ip6tables" => {
            let flushes = call.has_any(&["-F", "--flush", "-X", "--delete-chain"])
                && !args.iter().any(|a| a.contains("triage"));
            let opens = call.value_of(&["-P", "--policy"]).is_some() && call.has("ACCEPT");
            if flushes || opens {
                say("W05");
            }
        }
        "nft" if args.windows(2).any(|pair| pair == ["flush", "ruleset"]) => say("W05"),
        "ufw"
            if call.has_any(&["disable", "reset"])
                || args.windows(2).any(|pair| pair == ["default", "allow"]) =>
        {
            say("W05");
        }
        "firewall-cmd"
            if args.iter().any(|arg| arg.contains("trusted") || *arg == "--panic-off") =>
        {
            say("W05");
        }
        "auditctl" if call.has("-D") && !call.has("-k") || call.value_of(&["-e"]) == Some("0") => {
            say("W07");
        }
        "sysctl" => {
            let weak = |arg: &&str| {
                arg.split_once('=')
                    .is_some_and(|(key, value)| is_weakening(key.trim(), value.trim()))
            };
            if args.iter().any(weak) {
                say("W08");
            }
        }
        "chmod" if args.iter().any(|mode| is_wide(mode)) => say("W09"),
        "usermod" | "gpasswd" | "adduser"
            if call.plain().any(|arg| {
                arg.split(',').any(|group| matches!(group, "docker" | "sudo" | "wheel" | "root"))
            }) && (call.program != "usermod" || args.iter().any(|arg| arg.contains('G'))) =>
        {
            say("W09");
        }
        "setcap"
            if args.iter().any(|arg| {
                arg.contains("sys_admin") || arg.contains("=ep") && arg.starts_with("all")
            }) =>
        {
            say("W09");
        }
        _ => {}
    }
    orchestrates(call, &args, say);
    if RUNTIMES.contains(&call.program.as_str()) && matches!(call.subcommand(), "run" | "create") {
        runs_container(call, &args, say);
    }
    if call.has_any(&["selinux=0", "enforcing=0", "apparmor=0", "audit=0"]) {
        say(if call.has("apparmor=0") { "W02" } else { "W01" });
    }
}

fn orchestrates(call: &Call, args: &[&str], say: &mut impl FnMut(&'static str)) {
    match call.program.as_str() {
        "kubectl" => {
            let args = args.join(" ");
            if call.subcommand() == "delete"
                && (args.contains("daemonset") || args.contains(" ds"))
                && args.contains("falco")
            {
                say("W06");
            }
            if call.subcommand() == "create"
                && args.contains("clusterrolebinding")
                && args.contains("cluster-admin")
            {
                say("W09");
            }
        }
        "helm"
            if call.has_any(&["uninstall", "delete"])
                && args.iter().any(|arg| arg.contains("falco")) =>
        {
            say("W06");
        }
        _ => {}
    }
}

fn runs_container(call: &Call, args: &[&str], say: &mut impl FnMut(&'static str)) {
    let joined = args.join(" ").replace('=', " ");
    if joined.contains("apparmor unconfined")
        || joined.contains("apparmor:unconfined")
        || joined.contains("label disable")
        || joined.contains("label:disable")
    {
        say("W02");
    }
    if joined.contains("seccomp unconfined") || joined.contains("seccomp:unconfined") {
        say("W03");
    }
    let host = [
        "--pid host",
        "--net host",
        "--network host",
        "--ipc host",
        "--userns host",
        "--uts host",
        "--cgroupns host",
    ];
    let caps = [
        "ALL",
        "SYS_ADMIN",
        "SYS_PTRACE",
        "SYS_MODULE",
        "DAC_READ_SEARCH",
        "SYS_RAWIO",
        "NET_ADMIN",
        "BPF",
        "CAP_SYS_ADMIN",
        "CAP_SYS_PTRACE",
    ];
    let adds = call
        .value_of(&["--cap-add"])
        .is_some_and(|cap| caps.contains(&cap.to_ascii_uppercase().as_str()));
    let mounts = [
        "docker.sock",
        "containerd.sock",
        "-v /:/",
        "--volume /:/",
        "source /,",
        "-v /etc:/",
        "-v /proc:/",
        "-v /root:/",
    ];
    if call.has("--privileged")
        || joined.contains("--privileged true")
        || host.iter().chain(&mounts).any(|h| joined.contains(h))
        || adds
    {
        say("W04");
    }
}

/// Editing what the host reads at its next start.
fn edits(call: &Call, say: &mut impl FnMut(&'static str)) {
    let text = call.words();
    let upper = text.to_ascii_uppercase();
    let has_target = call.program == "sed"
        || call.redirects.iter().any(|to| to.writes)
        || call.input.is_some()
        || call.program == "tee"
        || call.program == "echo";
    if !has_target {
        return;
    }
    if upper.contains("SELINUX=PERMISSIVE") || upper.contains("SELINUX=DISABLED") {
        say("W01");
    } else if upper.contains("SELINUX=ENFORCING")
        && call.program == "sed"
        && !upper.contains("/SELINUX=ENFORCING/")
    {
        say("W10");
    }
    if text.contains("NOPASSWD")
        || text.contains("PermitRootLogin yes")
        || text.contains("PermitRootLogin\tyes")
        || text.contains("PermitEmptyPasswords yes")
    {
        say("W09");
    }
    if call.redirects.iter().any(|to| to.writes && to.target.starts_with("/proc/sys/"))
        && text.ends_with(" 0")
    {
        say("W08");
    }
}

fn is_weakening(key: &str, value: &str) -> bool {
    const SWITCHES: [&str; 15] = [
        "kernel.randomize_va_space",
        "kernel.yama.ptrace_scope",
        "kernel.kptr_restrict",
        "kernel.dmesg_restrict",
        "kernel.unprivileged_bpf_disabled",
        "kernel.perf_event_paranoid",
        "kernel.modules_disabled",
        "kernel.kexec_load_disabled",
        "fs.protected_symlinks",
        "fs.protected_hardlinks",
        "fs.protected_fifos",
        "fs.protected_regular",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.conf.all.rp_filter",
        "net.core.bpf_jit_harden",
    ];
    SWITCHES.contains(&key) && matches!(value, "0" | "-1")
}

fn is_wide(mode: &str) -> bool {
    let octal = mode.len() >= 3 && mode.bytes().all(|b| b.is_ascii_digit());
    let digits = mode.trim_start_matches('0');
    (octal
        && (digits == "777"
            || digits == "666"
            || (digits.len() == 4
                && digits.starts_with(['4', '6', '2'])
                && !digits.starts_with("27"))))
        || ["u+s", "+s", "g+s", "a+rwx", "o+w", "a+w", "ugo+rwx", "+rwx"].contains(&mode)
}

/// Rules L: what opens a door.
pub fn listens(call: &Call, say: &mut impl FnMut(&'static str)) {
    let text = call.words();
    match call.program.as_str() {
        "nc" | "ncat" | "netcat" | "nc.traditional" | "nc.openbsd" | "busybox"
            if call.program != "busybox" || call.has("nc") =>
        {
            let listens = call.option(Some('l'), "listen");
            let runs = call.option(Some('e'), "exec")
                || call.option(None, "sh-exec")
                || call.option(None, "lua-exec")
                || call.option(Some('c'), "");
            match (listens, runs) {
                (true, true) => say("L01"),
                (false, true) => say("L02"),
                (true, false) => say("L03"),
                _ => {}
            }
        }
        "socat" => {
            let listens = text.to_ascii_uppercase().contains("LISTEN");
            let runs =
                ["EXEC:", "SYSTEM:", "exec:", "system:"].iter().any(|word| text.contains(word));
            match (listens, runs) {
                (true, true) => say("L01"),
                (false, true) => say("L02"),
                (true, false) => say("L03"),
                _ => {}
            }
        }
        "python" | "python3"
            if text.contains("http.server") || text.contains("SimpleHTTPServer") =>
        {
            say("L03");
        }
        "php" if call.has("-S") => say("L03"),
        _ => {}
    }
    let names_device = |text: &str| text.contains("/dev/tcp/") || text.contains("/dev/udp/");
    let redirects = call.redirects.iter().any(|to| names_device(&to.target));
    let is_shell = matches!(call.program.as_str(), "bash" | "sh" | "exec" | "zsh" | "dash");
    if redirects
        || (is_shell
            && call.args.iter().any(|word| {
                names_device(&word.text)
                    && (word.text.contains(">&")
                        || word.text.contains("<&")
                        || word.text.contains("exec"))
            }))
    {
        say("L02");
    }
}

/// Rules E about one command: what destroys evidence. What may destroy it when its time has come is judged by the plan.
pub fn destroys(call: &Call, say: &mut impl FnMut(&'static str)) {
    let args: Vec<&str> = call.args.iter().map(|word| &*word.text).collect();
    let is_log = |path: &str| {
        path.starts_with("/var/log")
            || path.ends_with("_history")
            || path.ends_with("wtmp")
            || path.ends_with("btmp")
            || path.ends_with("lastlog")
    };
    match call.program.as_str() {
        "history" if call.has_any(&["-c", "-cw", "-w"]) => say("E02"),
        "shred" | "wipe" | "srm" => say("E02"),
        "dmesg" if call.option(Some('C'), "clear") || call.option(Some('c'), "read-clear") => {
            say("E02");
        }
        "journalctl" if args.iter().any(|arg| arg.starts_with("--vacuum")) => say("E02"),
        "truncate" | "rm" if args.iter().any(|path| is_log(path)) => say("E02"),
        "unset" if call.has("HISTFILE") => say("E02"),
        "docker" | "podman" | "nerdctl" | "crictl" if call.subcommand() == "exec" => say("E03"),
        "kubectl" if matches!(call.subcommand(), "exec" | "attach") => say("E03"),
        _ => {}
    }
    let truncates = call.redirects.iter().any(|to| to.writes && is_log(&to.target));
    if truncates && (matches!(call.program.as_str(), "" | ":" | "true" | "cat" | "echo")) {
        say("E02");
    }
}

/// Rules B: what hits more than the alert, or the host itself.
pub fn hits_too_much(call: &Call, say: &mut impl FnMut(&'static str)) {
    let args: Vec<&str> = call.args.iter().map(|word| &*word.text).collect();
    let joined = args.join(" ");
    match call.program.as_str() {
        "killall" => say("B02"),
        "pkill"
            if call.option(Some('f'), "full")
                || !args.iter().any(|arg| matches!(*arg, "-P" | "--parent" | "-s")) =>
        {
            say("B02");
        }
        "kill" if call.has("-1") && (args.len() > 1 && args.last() == Some(&"-1")) => say("B02"),
        "rm" if (call.option(Some('r'), "recursive") || call.option(Some('R'), ""))
            && call.plain().any(is_system_path) =>
        {
            say("B02");
        }
        "docker" | "podman" | "nerdctl" => {
            let many = args.iter().any(|arg| arg.starts_with("$("))
                && matches!(call.subcommand(), "stop" | "kill" | "rm" | "rmi" | "pause");
            if call.has("prune")
                || many
                || (matches!(call.subcommand(), "stop" | "kill" | "rm" | "pause")
                    && call.has_any(&["--all", "-a"]))
            {
                say("B02");
            }
        }
        "crictl"
            if matches!(call.subcommand(), "rm" | "rmi" | "rmp" | "stop" | "stopp")
                && call.has_any(&["--all", "-a", "--prune"]) =>
        {
            say("B02");
        }
        "kubectl" if call.subcommand() == "delete" => {
            let namespace = call
                .plain()
                .nth(1)
                .is_some_and(|kind| matches!(kind, "namespace" | "ns" | "namespaces"));
            if call.has_any(&["--all", "-A", "--all-namespaces"]) || namespace {
                say("B02");
            }
        }
        "kubectl" if call.subcommand() == "drain" => say("E01"),
        "iptables" | "ip6tables" => blocks(call, &args, say),
        "umount" if call.plain().any(|path| matches!(path, "/proc" | "/sys" | "/dev" | "/")) => {
            say("B04");
        }
        "systemctl" | "service" => {
            let units = [
                "docker",
                "containerd",
                "kubelet",
                "crio",
                "podman",
                "docker.service",
                "containerd.service",
                "kubelet.service",
            ];
            if call.has_any(&["restart", "stop", "kill"]) && call.has_any(&units)
                || call.has_any(&["reboot", "poweroff", "halt", "rescue", "emergency"])
            {
                say("B05");
            }
        }
        "reboot" | "shutdown" | "poweroff" | "halt" => say("B05"),
        "apt" | "apt-get" | "dnf" | "yum"
            if call.has_any(&["upgrade", "dist-upgrade", "full-upgrade"])
                || call.program != "apt"
                    && call.subcommand() == "update"
                    && call.program != "apt-get" =>
        {
            say("B05");
        }
        "install" | "cp" | "mv" | "ln"
            if !args.is_empty() && args.last().is_some_and(|to| shadows(to)) =>
        {
            say("B07");
        }
        "chmod" | "chown" | "tee" if call.plain().any(shadows) => say("B07"),
        _ => {}
    }
    if call.redirects.iter().any(|to| to.writes && shadows(&to.target)) {
        say("B07");
    }
    if call.program == "dd" && joined.contains("of=/dev/sd") || call.program.starts_with("mkfs") {
        say("B02");
    }
}

/// A program of a system tool's name in a folder that comes first in `PATH`.
fn shadows(path: &str) -> bool {
    let Some(name) =
        path.strip_prefix("/usr/local/bin/").or_else(|| path.strip_prefix("/usr/local/sbin/"))
    else {
        return false;
    };
    super::programs::is_known(name)
}

fn is_system_path(path: &str) -> bool {
    let path = path.trim_end_matches(['*', '/']);
    matches!(
        path,
        "" | "/bin"
            | "/boot"
            | "/dev"
            | "/etc"
            | "/home"
            | "/lib"
            | "/lib64"
            | "/opt"
            | "/proc"
            | "/root"
            | "/run"
            | "/sbin"
            | "/srv"
            | "/sys"
            | "/tmp"
            | "/usr"
            | "/usr/bin"
            | "/usr/lib"
            | "/usr/sbin"
            | "/usr/local"
            | "/var"
            | "/var/lib"
            | "/var/log"
            | "/var/lib/docker"
            | "/var/lib/containerd"
            | "/var/lib/kubelet"
            | "/etc/falco"
            | "/var/spool"
    ) && !path.is_empty()
        || path.is_empty()
}

fn blocks(call: &Call, args: &[&str], say: &mut impl FnMut(&'static str)) {
    let drops = matches!(call.value_of(&["-j", "--jump"]), Some("DROP" | "REJECT"));
    let adds = args.iter().any(|arg| matches!(*arg, "-A" | "-I" | "--append" | "--insert"));
    let policy = call.value_of(&["-P", "--policy"]).is_some() && call.has_any(&["DROP", "REJECT"]);
    if policy {
        return say("B03");
    }
    if !drops || !adds {
        return;
    }
    let named = ["-s", "--source", "--src", "-d", "--destination", "--dst"]
        .iter()
        .filter_map(|option| call.value_of(&[option]))
        .collect::<Vec<_>>();
    let narrow = call
        .value_of(&["-i", "--in-interface", "-o", "--out-interface", "-m", "--match"])
        .is_some();
    if named.is_empty() && !narrow || named.iter().any(|net| is_whole_network(net)) {
        say("B03");
    }
}

fn is_whole_network(text: &str) -> bool {
    if let Ok(address) = text.parse::<IpAddr>() {
        return address.is_loopback() || address.is_unspecified();
    }
    let Ok(net) = text.parse::<IpNet>() else { return false };
    match net {
        IpNet::V4(net) => net.prefix_len() <= 16 || net.addr().is_loopback(),
        IpNet::V6(net) => net.prefix_len() <= 48,
    }
}
