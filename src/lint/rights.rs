//! Rule W09: commands that widen rights: modes, owners, capabilities, accounts.

use super::call::Call;

/// Judges one command.
pub fn judge(call: &Call, say: &mut impl FnMut(&'static str)) {
    let args: Vec<&str> = call.args.iter().map(|word| &*word.text).collect();
    match call.program.as_str() {
        "chmod" | "install" | "mkdir" => {
            let mode = match call.program.as_str() {
                "chmod" => call
                    .args
                    .iter()
                    .map(|word| word.text.as_str())
                    .find(|arg| !arg.starts_with('-') || arg.contains(['=', '+'])),
                _ => call.value_of(&["-m", "--mode"]),
            };
            let is_wide = |mode: &str| {
                mode.split(',').any(is_wide)
                    || call.plain().any(hides) && mode.split(',').any(is_readable)
            };
            if mode.is_some_and(is_wide) {
                say("W09");
            }
        }
        "chown" | "chgrp" => {
            let owner = call.plain().next().unwrap_or_default();
            let (user, group) = match call.program.as_str() {
                "chown" => owner.split_once([':', '.']).unwrap_or((owner, "")),
                _ => ("", owner),
            };
            let is_trusted = |name: &str| matches!(name, "" | "root" | "0" | "shadow");
            let is_own = |path: &str| is_secret(path) && !path.contains("/.ssh/");
            let gives = !owner.contains('$') && (!is_trusted(user) || !is_trusted(group));
            if gives && call.plain().skip(1).any(is_own) {
                say("W09");
            }
        }
        "usermod" | "gpasswd" | "adduser" | "useradd" | "addgroup" | "groupmod" => {
            accounts(call, &args, say);
        }
        "passwd" if call.has_any(&["-d", "--delete"]) => say("W09"),
        "setcap" => {
            let gives = |arg: &&str| {
                [
                    "sys_admin",
                    "setuid",
                    "setgid",
                    "dac_override",
                    "dac_read_search",
                    "sys_ptrace",
                    "sys_module",
                    "sys_rawio",
                    "bpf",
                    "chown",
                    "fowner",
                ]
                .iter()
                .any(|cap| arg.contains(&format!("cap_{cap}")))
                    || arg.starts_with("all")
            };
            if args
                .iter()
                .any(|arg| gives(arg) && arg.contains('+') || gives(arg) && arg.contains("=e"))
            {
                say("W09");
            }
        }
        "setfacl" => {
            let of_all = |entry: &str| {
                ["o::", "o:", "other::", "other:"]
                    .iter()
                    .find_map(|who| entry.strip_prefix(who))
                    .map(str::to_owned)
            };
            let entries = || args.iter().flat_map(|arg| arg.split(','));
            let writes = entries().filter_map(of_all).any(|rights| rights.contains('w'));
            let takes = call.has_any(&["-x", "-b", "--remove", "--remove-all", "-k"]);
            let reads = call.plain().any(hides)
                && entries().any(|entry| {
                    entry.contains(':')
                        && entry
                            .rsplit(':')
                            .next()
                            .is_some_and(|rights| rights.contains(['r', 'w']))
                        && !entry.starts_with(['/', '.'])
                });
            if writes || reads && !takes {
                say("W09");
            }
        }
        _ => {}
    }
}

/// Files whose content is power: hashes of passwords, who may become root, private keys, credentials of a cluster.
fn is_secret(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    matches!(
        path,
        "/etc/shadow"
            | "/etc/shadow-"
            | "/etc/gshadow"
            | "/etc/gshadow-"
            | "/etc/sudoers"
            | "/etc/krb5.keytab"
            | "/etc/kubernetes/admin.conf"
            | "/etc/kubernetes/super-admin.conf"
            | "/root/.kube/config"
            | "/root/.docker/config.json"
            | "/root/.aws/credentials"
    ) || path.starts_with("/etc/sudoers.d/")
        || path.starts_with("/etc/ssh/ssh_host_") && name.ends_with("_key")
        || path.starts_with("/etc/kubernetes/pki/")
            && name.rsplit_once('.').is_some_and(|(_, end)| end == "key")
        || matches!(name, "id_rsa" | "id_ed25519" | "id_ecdsa" | "id_dsa")
        || path.starts_with("/root/.ssh/")
}

/// Whether nobody but its owner may read a file: what `sudo` reads is power, and no secret.
fn hides(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    is_secret(path)
        && !path.starts_with("/etc/sudoers")
        && !matches!(name, "authorized_keys" | "known_hosts" | "config" | "")
        && name.rsplit_once('.').is_none_or(|(_, end)| end != "pub")
}

/// Modes with which others than the owner and the group may read.
fn is_readable(mode: &str) -> bool {
    if mode.bytes().all(|b| b.is_ascii_digit()) && mode.len() >= 3 {
        return mode.bytes().next_back().is_some_and(|others| (others - b'0') & 4 != 0);
    }
    let Some((who, what)) = mode.split_once(['+', '=']) else { return false };
    what.contains('r') && (who.is_empty() || who.contains(['a', 'o']))
}

fn accounts(call: &Call, args: &[&str], say: &mut impl FnMut(&'static str)) {
    let is_root = |group: &str| {
        matches!(
            group,
            "docker" | "sudo" | "wheel" | "root" | "lxd" | "libvirt" | "disk" | "shadow" | "admin"
        )
    };
    let joins = call.plain().any(|arg| arg.split(',').any(is_root))
        && match call.program.as_str() {
            "usermod" | "useradd" => args.iter().any(|arg| {
                arg.starts_with('-') && arg.contains('G') || arg.starts_with("--groups")
            }),
            "gpasswd" => call.has_any(&["-a", "--add", "-M"]),
            "adduser" | "addgroup" => {
                call.plain().count() == 2 && call.plain().nth(1).is_some_and(is_root)
            }
            _ => false,
        };
    let is_uid_0 = call.value_of(&["-u", "--uid"]) == Some("0");
    if joins
        || args.iter().any(|arg| {
            arg.strip_prefix("--groups=").is_some_and(|groups| groups.split(',').any(is_root))
        })
        || is_uid_0
    {
        say("W09");
    }
}

/// Modes that everybody may write with, or that run as somebody else.
fn is_wide(mode: &str) -> bool {
    if mode.bytes().all(|b| b.is_ascii_digit()) && mode.len() >= 3 {
        let digits = mode.as_bytes();
        let special = if digits.len() >= 4 {
            digits.get(digits.len() - 4).map_or(0, |d| d - b'0')
        } else {
            0
        };
        let others = digits.last().map_or(0, |d| d - b'0');
        let user = digits.get(digits.len() - 3).map_or(0, |d| d - b'0');
        // A sticky folder for all (1777) is /tmp; setgid without rights for others is a shared folder.
        return special & 4 != 0
            || (special & 2 != 0 && others & 2 != 0)
            || (others & 2 != 0 && special & 1 == 0)
            || (special & 2 != 0 && user & 1 != 0 && others & 1 != 0 && special != 2);
    }
    let Some((who, what)) = mode.split_once(['+', '=']) else { return false };
    let everybody = who.is_empty() || who.contains(['a', 'o']);
    (what.contains('s')
        && (who.is_empty() || who.contains(['u', 'g', 'a']))
        && what.chars().all(|c| "rwxstX".contains(c))
        && who != "g")
        || (what.contains('w') && everybody && !who.is_empty() && !(who == "u" || who == "g"))
        || mode == "+rwx"
}
