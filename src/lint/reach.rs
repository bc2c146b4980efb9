//! Rules B about one command: what hits more than the alert.

use super::call::Call;
use super::{facts, writes};
use ipnet::IpNet;
use std::net::IpAddr;

/// Commands that list everything there is.
pub fn lists_all(text: &str) -> bool {
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || "$()`;".contains(c))
        .filter(|word| !word.is_empty())
        .collect();
    let has = |word: &str| words.contains(&word);
    let filtered = words.iter().any(|word| {
        matches!(
            *word,
            "--filter"
                | "-f"
                | "grep"
                | "--latest"
                | "-l"
                | "-lq"
                | "-ql"
                | "--last"
                | "-n"
                | "--name"
                | "awk"
                | "head"
        ) || word.starts_with("--filter=")
    });
    ["docker", "podman", "nerdctl", "crictl"].iter().any(|runtime| has(runtime))
        && (has("ps") || has("ls") || has("pods") || has("images"))
        && !filtered
        || has("kubectl")
            && has("get")
            && !words
                .iter()
                .any(|word| matches!(*word, "-l" | "--selector" | "--field-selector" | "grep"))
}

/// Whether a `kill` only asks, or sends a signal that ends nothing.
pub fn only_tells(call: &Call) -> bool {
    call.has_any(&[
        "-0", "-l", "-L", "--list", "-HUP", "-SIGHUP", "-1", "-USR1", "-USR2", "-SIGUSR1",
    ]) || call
        .value_of(&["-s", "--signal"])
        .is_some_and(|name| matches!(name.trim_start_matches("SIG"), "HUP" | "USR1" | "USR2" | "0"))
}

/// `kill $(pgrep NAME)`, also by way of a loop's variable: whatever has the name. One process by its file or parent is one.
fn kills_by_name(call: &Call) -> bool {
    let is_search = |inner: &str| {
        let inner = inner.trim_start_matches("$(").trim_start_matches('`');
        let program = inner.split_whitespace().next().unwrap_or_default();
        matches!(program, "pgrep" | "pidof")
            && !inner.contains(" -P")
            && !inner.contains("--parent")
            || program == "ps" && inner.contains("grep")
    };
    call.args.iter().flat_map(|word| &word.splits).any(|inner| is_search(inner))
        || call
            .args
            .iter()
            .flat_map(|word| &word.expands)
            .filter_map(|name| call.scope.source_of(name))
            .any(is_search)
}

/// Rules B about one command.
pub fn judge(call: &Call, say: &mut impl FnMut(&'static str)) {
    let args: Vec<&str> = call.args.iter().map(|word| &*word.text).collect();
    let joined = args.join(" ");
    let signal = args.iter().any(|arg| {
        matches!(
            *arg,
            "-HUP"
                | "-SIGHUP"
                | "-1"
                | "-USR1"
                | "-USR2"
                | "-SIGUSR1"
                | "-0"
                | "-l"
                | "-L"
                | "--list"
                | "-WINCH"
        )
    }) || call.value_of(&["-s", "--signal"]).is_some_and(|name| {
        matches!(name.trim_start_matches("SIG"), "HUP" | "USR1" | "USR2" | "0")
    });
    let each_of_all = || {
        call.args.iter().any(|word| word.splits.iter().any(|inner| lists_all(inner)))
            || call
                .args
                .iter()
                .flat_map(|word| &word.expands)
                .filter_map(|name| call.scope.source_of(name))
                .any(lists_all)
    };
    let tells = call.has_any(&["--help", "-h"]) && args.len() <= 2;
    match call.program.as_str() {
        _ if tells => {}
        "killall" | "killall5" | "pkill"
            if !signal
                && call.value_of(&["-P", "--parent", "--ns", "--pidfile", "-F"]).is_none()
                && !args.is_empty() =>
        {
            say("B02");
        }
        "kill" if args.len() > 1 && args.last() == Some(&"-1") => say("B02"),
        "kill" if !only_tells(call) && kills_by_name(call) => say("B02"),
        "rm" if (call.option(Some('r'), "recursive") || call.option(Some('R'), ""))
            && call.plain().any(is_system_path) =>
        {
            say("B02");
        }
        "find"
            if call.has("-delete")
                && call.plain().next().is_some_and(is_system_path)
                && !call.has_any(&[
                    "-name", "-path", "-iname", "-mtime", "-mmin", "-newer", "-inum", "-user",
                ]) =>
        {
            say("B02");
        }
        "docker" | "podman" | "nerdctl" | "crictl" => {
            let ends = matches!(
                call.subcommand(),
                "stop" | "kill" | "rm" | "rmi" | "pause" | "restart" | "rmp" | "stopp"
            );
            // `crictl rmi --prune` takes images that nothing uses.
            let all = ends && call.has_any(&["--all", "-a", "-fa", "-af"]);
            // What no container uses and nothing names may go.
            let is_small = matches!(call.subcommand(), "image" | "builder" | "buildx")
                && !call.has_any(&["-a", "--all", "-af", "-fa"]);
            if call.has("prune") && !is_small || ends && each_of_all() || all {
                say("B02");
            }
        }
        "kubectl" | "oc" => kubernetes(call, each_of_all(), say),
        "iptables" | "ip6tables" => iptables(call, &args, say),
        "nft" => nft(&joined, say),
        "ufw" => ufw(&joined, say),
        "firewall-cmd" => {
            let text = joined.replace(['=', '"', '\''], " ");
            if text.contains("--panic-on")
                || (text.contains("drop") || text.contains("reject"))
                    && text.split_whitespace().any(is_whole_network)
            {
                say("B03");
            }
        }
        "ip" | "route" => {
            let cuts = (joined.contains("blackhole")
                || joined.contains("unreachable")
                || joined.contains("reject")
                || joined.contains("prohibit"))
                && (joined.contains("add") || joined.contains("replace"))
                && args.iter().any(|arg| is_whole_network(arg) || *arg == "default");
            let down =
                call.has("link") && call.has("down") && args.iter().any(|arg| is_uplink(arg));
            let no_route = call.has("route")
                && call.has_any(&["del", "flush"])
                && call.has_any(&["default", "main", "all"]);
            if cuts || down || no_route {
                say("B03");
            }
        }
        "ifconfig" if call.has("down") && args.iter().any(|arg| is_uplink(arg)) => say("B03"),
        "ifdown" if args.iter().any(|arg| is_uplink(arg)) || call.has("-a") => say("B03"),
        "nmcli" if joined.contains("networking off") || joined.contains("radio all off") => {
            say("B03");
        }
        "umount" if call.plain().any(is_kernel_folder) => say("B04"),
        "mount"
            if call.plain().last().is_some_and(is_kernel_folder)
                && (joined.contains("tmpfs") || joined.contains("--bind")) =>
        {
            say("B04");
        }
        "mount"
            if call.plain().last().is_some_and(is_kernel_folder)
                && call.args.iter().any(|arg| arg.text.contains("remount"))
                && call
                    .args
                    .iter()
                    .any(|arg| arg.text.split(',').any(|word| matches!(word, "ro" | "noexec"))) =>
        {
            say("B04");
        }
        "chmod" if call.plain().nth(1).is_some_and(is_kernel_folder) => say("B04"),
        "systemctl" | "service" | "rc-service" | "snap" => {
            let units = call.plain().any(|unit| facts::unit(unit) == Some("B05"));
            if call.has_any(&[
                "restart",
                "stop",
                "kill",
                "try-restart",
                "reload-or-restart",
                "condrestart",
            ]) && units
                || call.plain().next().is_some_and(|sub| {
                    matches!(
                        sub,
                        "reboot"
                            | "poweroff"
                            | "halt"
                            | "rescue"
                            | "emergency"
                            | "kexec"
                            | "soft-reboot"
                            | "isolate"
                    )
                })
            {
                say("B05");
            }
        }
        "reboot" | "poweroff" | "halt" if !tells => say("B05"),
        "shutdown" if !call.has_any(&["-c", "--show"]) => say("B05"),
        "init" | "telinit" if call.has_any(&["0", "1", "6"]) => say("B05"),
        "do-release-upgrade" => say("B05"),
        "kubeadm"
            if joined.contains("upgrade apply")
                || joined.contains("upgrade node")
                || call.subcommand() == "reset" =>
        {
            say("B05");
        }
        "apt" | "apt-get" | "aptitude" | "dnf" | "yum" | "microdnf" | "zypper" | "apk"
        | "pacman" | "tdnf" => upgrades(call, &args, say),
        "wipefs" | "sgdisk" => say("B02"),
        _ => {}
    }
    // An init script may be called by its path.
    if call.path.starts_with("/etc/init.d/")
        && call.has_any(&["stop", "restart"])
        && facts::unit(&call.program) == Some("B05")
    {
        say("B05");
    }
    if matches!(&*call.program, "kill")
        && call.args.iter().flat_map(|word| &word.splits).any(|inner| {
            ["dockerd", "containerd", "kubelet"]
                .iter()
                .any(|name| inner.split([' ', ')', '(']).any(|word| word == *name))
        })
        && !signal
    {
        say("B05");
    }
    if call.redirects.iter().any(|to| to.writes && to.target == "/proc/sysrq-trigger") {
        say("B05");
    }
    if matches!(&*call.program, "echo" | "printf" | "tee")
        && writes::targets(call).iter().any(|to| to.ends_with("hosts.deny"))
        && writes::text(call).is_some_and(|text| text.replace(' ', "").contains("ALL:ALL"))
    {
        say("B03");
    }
    if joined.contains("of=/dev/sd")
        || joined.contains("of=/dev/nvme")
        || joined.contains("of=/dev/vd")
        || call.program.starts_with("mkfs")
    {
        say("B02");
    }
    shadow(call, say);
}

/// B07: a program in the way of a system tool of the same name.
fn shadow(call: &Call, say: &mut impl FnMut(&'static str)) {
    let is_made = |path: &str| {
        let Some((folder, name)) = path.rsplit_once('/') else { return false };
        let first = matches!(
            folder,
            "/usr/local/bin"
                | "/usr/local/sbin"
                | "/opt/bin"
                | "~/bin"
                | "~/.local/bin"
                | "$HOME/bin"
                | "$HOME/.local/bin"
                | "/usr/bin"
                | "/usr/sbin"
                | "/bin"
                | "/sbin"
        );
        first && facts::is_tool("shadowed", name)
    };
    let in_first = |path: &str| {
        is_made(path)
            && !matches!(
                path.rsplit_once('/').map(|(folder, _)| folder),
                Some("/usr/bin" | "/usr/sbin" | "/bin" | "/sbin")
            )
    };
    let mut bad = match call.program.as_str() {
        "sed" | "touch" | "truncate" => false,
        // A diversion of the system's own tool: what is called next by that name is another program.
        "mv" if call.plain().any(|path| path.contains("triage") || path.contains("quarantine")) => {
            false
        }
        "mv" => {
            call.plain().next().is_some_and(&is_made)
                || writes::targets(call).iter().any(|to| is_made(to))
        }
        _ => writes::targets(call).iter().any(|to| is_made(to)),
    };
    if matches!(call.program.as_str(), "chmod" | "chown" | "setcap") {
        bad |= call.plain().any(in_first);
    }
    if matches!(call.program.as_str(), "alias") {
        bad |= call.args.iter().any(|word| {
            word.text.split_once('=').is_some_and(|(name, _)| {
                facts::is_tool("shadowed", name)
                    && matches!(
                        name,
                        "nc" | "netcat"
                            | "sh"
                            | "bash"
                            | "sudo"
                            | "ssh"
                            | "curl"
                            | "wget"
                            | "ps"
                            | "su"
                    )
            })
        });
    }
    if matches!(call.program.as_str(), "cp" | "install" | "mv" | "ln") {
        let to = call.plain().last().unwrap_or_default().trim_end_matches('/');
        let into = matches!(to, "/usr/local/bin" | "/usr/local/sbin");
        let name = call.plain().next();
        bad |= into
            && name.is_some_and(|name| {
                facts::is_tool("shadowed", name.rsplit('/').next().unwrap_or(name))
            });
    }
    if bad {
        say("B07");
    }
}

fn is_kernel_folder(path: &str) -> bool {
    matches!(path.trim_end_matches('/'), "/proc" | "/sys" | "/dev" | "proc")
}

fn is_uplink(name: &str) -> bool {
    ["eth", "en", "wl", "bond", "br", "docker0", "cni0", "ib"]
        .iter()
        .any(|start| name.starts_with(start))
        && name.chars().any(|c| c.is_ascii_digit())
        && !name.starts_with("br-")
}

fn kubernetes(call: &Call, each_of_all: bool, say: &mut impl FnMut(&'static str)) {
    let dry = call.args.iter().any(|word| word.text.starts_with("--dry-run"));
    match call.subcommand() {
        _ if dry => {}
        "delete" => {
            let namespace = matches!(call.object_kind(), "namespace" | "ns" | "namespaces" | "crd");
            if call.has_any(&["--all", "-A", "--all-namespaces", "--all=true"])
                || namespace
                || each_of_all
            {
                say("B02");
            }
        }
        "scale" if call.has("--all") => say("B02"),
        "drain" => say("E01"),
        _ => {}
    }
}

fn upgrades(call: &Call, args: &[&str], say: &mut impl FnMut(&'static str)) {
    let simulates = call.has_any(&[
        "-s",
        "--simulate",
        "--dry-run",
        "--assumeno",
        "-n",
        "--no-act",
        "--just-print",
        "--downloadonly",
        "-d",
    ]);
    let sub = call.subcommand();
    let all = match call.program.as_str() {
        "apt" | "apt-get" | "aptitude" => {
            matches!(sub, "upgrade" | "dist-upgrade" | "full-upgrade" | "safe-upgrade")
        }
        "dnf" | "yum" | "microdnf" | "tdnf" => {
            matches!(sub, "upgrade" | "update" | "distro-sync" | "system-upgrade")
        }
        "zypper" => matches!(sub, "update" | "up" | "dup" | "dist-upgrade" | "patch"),
        "apk" => sub == "upgrade",
        _ => args.iter().any(|arg| arg.starts_with("-S") && arg.contains('u')),
    };
    let one = call.plain().nth(1).is_some() && call.program != "pacman";
    if all && !one && !simulates {
        say("B05");
    }
}

/// Folders whose loss is the loss of the host.
fn is_system_path(path: &str) -> bool {
    let path = path.trim_end_matches(['*', '/']);
    path.is_empty()
        || matches!(
            path,
            "/bin"
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
                | "/usr/share"
                | "/usr/local/bin"
                | "/var"
                | "/var/lib"
                | "/var/log"
                | "/var/run"
                | "/var/lib/docker"
                | "/var/lib/containerd"
                | "/var/lib/kubelet"
                | "/var/lib/etcd"
                | "/etc/falco"
                | "/etc/kubernetes"
                | "/etc/ssh"
                | "/etc/docker"
                | "/var/spool"
                | "/var/tmp"
                | "/dev/shm"
                | "/var/lib/docker/overlay2"
                | "/var/lib/docker/containers"
                | "~"
                | "$HOME"
                | "/etc/pam.d"
                | "/var/lib/dpkg"
        )
}

fn iptables(call: &Call, args: &[&str], say: &mut impl FnMut(&'static str)) {
    let drops = matches!(call.value_of(&["-j", "--jump"]), Some("DROP" | "REJECT"));
    let adds = args.iter().any(|arg| matches!(*arg, "-A" | "-I" | "--append" | "--insert"));
    let policy = call.value_of(&["-P", "--policy"]).is_some() && call.has_any(&["DROP", "REJECT"]);
    if policy {
        return say("B03");
    }
    if !drops || !adds {
        return;
    }
    let named =
        ["-s", "--source", "--src", "-d", "--destination", "--dst", "--src-range", "--dst-range"]
            .iter()
            .filter_map(|option| call.value_of(&[option]))
            .flat_map(|value| value.split(','))
            .collect::<Vec<_>>();
    // One interface, or a state that no good packet has, is narrow too; a port alone is not.
    let interface = call
        .value_of(&["-i", "--in-interface", "-o", "--out-interface"])
        .is_some_and(|name| !is_uplink(name));
    let matched = args.iter().any(|arg| {
        matches!(
            *arg,
            "INVALID"
                | "--uid-owner"
                | "--gid-owner"
                | "--match-set"
                | "--mac-source"
                | "--physdev-in"
                | "--cgroup"
                | "--path"
                | "--string"
                | "--limit-burst"
                | "--connlimit-above"
                | "--tcp-flags"
                | "--rcheck"
                | "--update"
                | "--hitcount"
                | "--hashlimit-above"
                | "--mark"
        )
    });
    if named.is_empty() && !interface && !matched || named.iter().any(|net| is_whole_network(net)) {
        say("B03");
    }
}

fn nft(joined: &str, say: &mut impl FnMut(&'static str)) {
    let adds = (joined.contains("add rule") || joined.contains("insert rule"))
        && (joined.contains(" drop") || joined.contains(" reject"));
    let policy =
        joined.contains("chain") && joined.contains("policy drop") && joined.contains("hook");
    let narrow = [
        "saddr", "daddr", "iifname", "oifname", "iif", "oif", "invalid", "skuid", "cgroup",
        "limit", "ct count", "mark",
    ]
    .iter()
    .any(|word| joined.contains(word));
    let words = joined.replace(['{', '}', ',', ';'], " ");
    if adds && (!narrow || words.split_whitespace().any(is_whole_network))
        || policy && !joined.contains("accept")
    {
        say("B03");
    }
}

fn ufw(joined: &str, say: &mut impl FnMut(&'static str)) {
    let default = joined.contains("default deny outgoing")
        || joined.contains("default reject outgoing")
        || joined.contains("default deny out");
    let denies = joined.starts_with("deny")
        || joined.starts_with("reject")
        || joined.starts_with("insert 1 deny")
        || joined.starts_with("route deny");
    let address = joined
        .split_whitespace()
        .find(|word| word.parse::<IpAddr>().is_ok() || word.parse::<IpNet>().is_ok());
    let whole = joined.split_whitespace().any(is_whole_network)
        || (joined.contains("to any") || joined.contains("from any")) && address.is_none();
    if default || denies && (address.is_none() || whole) {
        say("B03");
    }
}

/// Loopback, unspecified, everything, or a network as large as the private ones.
fn is_whole_network(text: &str) -> bool {
    if let Ok(address) = text.parse::<IpAddr>() {
        return address.is_loopback() || address.is_unspecified();
    }
    let Ok(net) = text.parse::<IpNet>() else { return false };
    match net {
        IpNet::V4(net) => net.prefix_len() <= 16 || net.addr().is_loopback(),
        IpNet::V6(net) => net.prefix_len() <= 48 || net.addr().is_loopback(),
    }
}
