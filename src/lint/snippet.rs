//! Rules about blocks that are not shell: whether they are what they claim to be, and what they would do.

use super::extract::{Block, Language};
use super::holes::{dots, placeholders};
use super::{Finding, facts, programs};
use crate::text::is_dangerous;
use serde_json::Value;

const QUOTES: [char; 6] = ['\u{201c}', '\u{201d}', '\u{2018}', '\u{2019}', '\u{ab}', '\u{bb}'];

/// S06 in code: characters that cannot be seen, or that imitate the shell's own.
pub fn hidden(block: &Block, found: &mut Vec<Finding>) {
    for (at, row) in block.text.lines().enumerate() {
        if row.is_ascii() && !row.contains('\u{1b}') {
            continue;
        }
        let bad = row.chars().find(|c| {
            is_unseen(*c)
                || *c == '\u{a0}'
                || *c == '\u{202f}'
                || *c == '\u{2007}'
                || QUOTES.contains(c)
                || matches!(c, '\u{2013}' | '\u{2014}') && has_dash(row, *c)
        });
        let comment =
            matches!(block.language, Language::Text) || row.trim_start().starts_with(['#', '/']);
        let Some(c) = bad else { continue };
        if (comment || !is_syntax(row, c)) && !is_unseen(c) {
            continue;
        }
        found.push(
            Finding::new("S06", block.line + at, row).because(&format!("U+{:04X}", c as u32)),
        );
    }
}

/// S06 in a sentence: typography belongs there, what nobody can see does not. Code spans are code.
pub fn hidden_in_prose(text: &str, line: usize, found: &mut Vec<Finding>) {
    if text.is_ascii() && !text.contains('\u{1b}') {
        return;
    }
    let in_code = text
        .split('`')
        .skip(1)
        .step_by(2)
        .flat_map(str::chars)
        .find(|c| QUOTES.contains(c) || *c == '\u{a0}');
    if let Some(c) = text.chars().find(|c| is_unseen(*c)).or(in_code) {
        found.push(Finding::new("S06", line, text).because(&format!("U+{:04X}", c as u32)));
    }
}

fn is_unseen(c: char) -> bool {
    is_dangerous(c) && !matches!(c, '\t' | '\r' | '\u{a0}' | '\u{202f}' | '\u{2007}')
}

/// A dash that stands where an option begins.
fn has_dash(row: &str, dash: char) -> bool {
    row.split_whitespace().any(|word| {
        word.starts_with(dash) && word.chars().nth(1).is_some_and(|c| c.is_ascii_alphabetic())
    })
}

/// Whether a quote or a blank stands outside of real quotes, where a shell would read it.
fn is_syntax(row: &str, bad: char) -> bool {
    let mut quote = None;
    for c in row.chars() {
        match quote {
            Some(open) if c == open => quote = None,
            None if matches!(c, '"' | '\'') => quote = Some(c),
            None if c == bad => return true,
            _ => {}
        }
    }
    false
}

/// The language that a fence promises; `None` where it promises nothing that we read.
fn promised(fence: &str) -> Option<Language> {
    Some(match fence {
        "bash" | "sh" | "shell" | "zsh" | "console" | "shell-session" | "shellsession"
        | "terminal" => Language::Shell,
        "yaml" | "yml" => Language::Yaml,
        "json" => Language::Json,
        "c" => Language::C,
        "apparmor" => Language::AppArmor,
        "nft" | "nftables" => Language::Nft,
        "dockerfile" | "docker" => Language::Dockerfile,
        "python" | "py" | "python3" | "go" | "rust" | "javascript" | "js" | "sql" | "ruby"
        | "perl" => Language::Text,
        _ => return None,
    })
}

/// Judges a block by the language it is in.
pub fn judge(block: &Block, found: &mut Vec<Finding>) {
    let Block { line, fence, language, text } = block;
    let fence = fence.split([' ', ',', '{']).next().unwrap_or_default().to_ascii_lowercase();
    let differs = match (promised(&fence), language) {
        (None, _) | (_, Language::Text) | (Some(Language::Yaml), Language::Json) => false,
        (Some(Language::Shell), Language::Other) => true,
        (Some(_), Language::Other) => false,
        // Nearly every text is YAML to somebody; only what cannot be meant as anything else counts.
        (Some(Language::Text), Language::Yaml | Language::Ini) => false,
        (Some(promised), is) => promised != *is,
    };
    if differs
        || matches!(promised(&fence), Some(Language::Shell)) && super::extract::is_other_code(text)
    {
        found.push(Finding::new("Y08", *line, text));
    }
    for (row, words) in text.lines().enumerate() {
        let is_comment =
            words.trim_start().starts_with('#') && !words.trim_start().starts_with("#include");
        if !is_comment && let Some(path) = facts::unshipped(words) {
            found.push(Finding::new("N04", line + row, words).because(path));
        }
    }
    match language {
        Language::Yaml => yaml(block, found),
        Language::Json => json(block, found),
        Language::AppArmor => apparmor(block, found),
        Language::Nft => super::filter::judge(text, *line, found),
        Language::C => {
            for (row, words) in text.lines().enumerate() {
                if [
                    "sys/seccomp.h",
                    "SECCOMP_FILTER_",
                    "set_thread_context",
                    "seccomp_set_filter",
                    "seccomp_deny(",
                    "SECCOMP_ALLOW_",
                    "prctl_set_seccomp",
                    "linux/seccomp_filter.h",
                    "seccomp_enable(",
                ]
                .iter()
                .any(|word| words.contains(word))
                {
                    found.push(Finding::new("Y07", line + row, words));
                }
            }
        }
        Language::Ini => ini(block, found),
        Language::Audit => {
            for (row, words) in text.lines().enumerate() {
                if matches!(words.trim(), "-D") || words.trim().starts_with("-e 0") {
                    found.push(Finding::new("W07", line + row, words));
                }
            }
        }
        Language::Other => conf(block, found),
        Language::Dockerfile | Language::Shell | Language::Text => {}
    }
    match language {
        Language::Yaml
        | Language::Json
        | Language::Ini
        | Language::Other
        | Language::Dockerfile
        | Language::AppArmor
        | Language::Nft => {
            if matches!(language, Language::AppArmor | Language::Nft) {
                dots(text, *line, found);
            } else {
                placeholders(text, *line, found);
            }
        }
        _ => {}
    }
}

/// Files of sections: systemd's are read by systemd, others by nobody we know.
fn ini(block: &Block, found: &mut Vec<Finding>) {
    const UNITS: [&str; 26] = [
        "Unit",
        "Service",
        "Install",
        "Socket",
        "Timer",
        "Slice",
        "Path",
        "Mount",
        "Automount",
        "Swap",
        "Scope",
        "Journal",
        "Manager",
        "Login",
        "Resolve",
        "Network",
        "Match",
        "Link",
        "Coredump",
        "Time",
        "Sleep",
        "Partition",
        "NetDev",
        "Address",
        "Route",
        "OOM",
    ];
    const KNOWN: [&str; 16] = [
        "mysqld",
        "client",
        "core",
        "user",
        "remote",
        "global",
        "main",
        "connection",
        "ipv4",
        "ipv6",
        "DEFAULT",
        "sshd",
        "defaults",
        "install",
        "tool",
        "package",
    ];
    let Block { line, text, .. } = block;
    let sections: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter_map(|row| row.strip_prefix('[')?.strip_suffix(']'))
        .map(|name| name.trim_matches(['[', ']']))
        .collect();
    let is_limits = |name: &&str| {
        matches!(
            name.to_ascii_lowercase().as_str(),
            "limits"
                | "limit"
                | "resources"
                | "cgroup"
                | "cgroups"
                | "container.limits"
                | "resource_limits"
        )
    };
    let has_limit = text.lines().any(|row| {
        row.split_once('=').is_some_and(|(key, _)| {
            matches!(
                key.trim().to_ascii_lowercase().as_str(),
                "cpu" | "cpus" | "memory" | "mem" | "cpu_limit" | "memory_limit" | "pids"
            )
        })
    });
    let row = |word: &str| line + text.lines().position(|row| row.contains(word)).unwrap_or(0);
    if let Some(name) = sections.iter().find(|name| is_limits(name)).filter(|_| has_limit) {
        found.push(Finding::new("Y10", row(name), name));
    } else if !sections.iter().any(|name| {
        UNITS.contains(name)
            || KNOWN.contains(&name.split([' ', '.', ':']).next().unwrap_or(name))
            || name.starts_with("X-")
    }) && toml::from_str::<toml::Table>(text).is_err()
    {
        found.push(Finding::new("Y11", *line, text));
    }
    weak_lines(block, found);
}

/// Keys of the settings of `sshd` and `ssh`.
const SSHD: &str = " port listenaddress permitrootlogin passwordauthentication pubkeyauthentication allowusers allowgroups denyusers denygroups match maxauthtries x11forwarding usepam clientaliveinterval clientalivecountmax logingracetime permitemptypasswords banner subsystem allowtcpforwarding ciphers macs kexalgorithms host hostname user identityfile proxyjump loglevel syslogfacility authorizedkeysfile challengeresponseauthentication kbdinteractiveauthentication hostkey strictmodes maxsessions printmotd acceptenv ";

/// A configuration of another form: fine when a program that can check it reads such lines.
fn conf(block: &Block, found: &mut Vec<Finding>) {
    let rows: Vec<&str> = block
        .text
        .lines()
        .map(str::trim)
        .filter(|row| !row.is_empty() && !row.starts_with(['#', ';']))
        .collect();
    if rows.is_empty() {
        return;
    }
    let first_words = || rows.iter().filter_map(|row| row.split([' ', '\t', '=', ':']).next());
    let all = |test: fn(&str) -> bool| rows.iter().all(|row| test(row));
    let is_sysctl = all(|row| {
        row.split_once('=').is_some_and(|(key, _)| {
            ["kernel.", "net.", "vm.", "fs.", "user.", "dev.", "debug."]
                .iter()
                .any(|start| key.trim().trim_start_matches('-').starts_with(start))
        })
    });
    let is_selinux = all(|row| row.starts_with("SELINUX"));
    let is_sshd =
        first_words().all(|word| SSHD.contains(&format!(" {} ", word.to_ascii_lowercase())));
    let is_nginx = block.text.contains('{') && all(|row| row.ends_with([';', '{', '}']));
    let is_environment = all(|row| {
        row.split_once('=').is_some_and(|(key, _)| {
            !key.is_empty()
                && key.bytes().all(|b| b.is_ascii_uppercase() || b == b'_' || b.is_ascii_digit())
        })
    });
    let is_sudoers = all(|row| row.contains("ALL=") || row.starts_with("Defaults"));
    let is_cron = all(|row| {
        row.split_whitespace().count() >= 6
            && row.starts_with(|c: char| c.is_ascii_digit() || c == '*' || c == '@')
    });
    let is_hosts = all(|row| {
        row.split_whitespace().next().is_some_and(|word| word.parse::<std::net::IpAddr>().is_ok())
    });
    let is_rsyslog = all(|row| {
        row.contains("/var/log/")
            || row.starts_with('$')
            || row.contains("@@")
            || row.starts_with("module(")
            || row.starts_with("action(")
    });
    let is_toml = rows.iter().any(|row| row.contains('='))
        && toml::from_str::<toml::Table>(&block.text).is_ok();
    let is_limits = all(|row| {
        row.split_whitespace().count() == 4
            && [" soft ", " hard ", " - "].iter().any(|kind| row.contains(kind))
    });
    if !(is_sysctl
        || is_selinux
        || is_sshd
        || is_nginx
        || is_environment
        || is_sudoers
        || is_cron
        || is_hosts
        || is_rsyslog
        || is_toml
        || is_limits)
    {
        found.push(Finding::new("Y11", block.line, &block.text));
    }
    weak_lines(block, found);
}

/// Settings that weaken the host, whatever file they stand in.
fn weak_lines(block: &Block, found: &mut Vec<Finding>) {
    for (at, row) in block.text.lines().enumerate() {
        let words = row.trim();
        let mut say = |id| found.push(Finding::new(id, block.line + at, words));
        if words.starts_with('#') {
            continue;
        }
        let pair =
            words.split_once('=').map(|(key, value)| (key.trim(), value.trim().trim_matches('"')));
        match pair {
            Some(("SELINUX", "permissive" | "disabled")) => say("W01"),
            Some(("SELINUX", "enforcing")) => say("W10"),
            Some((key, value)) if facts::is_weak_switch(key, value) => say("W08"),
            _ => {}
        }
        let squeezed = words.split_whitespace().collect::<Vec<_>>().join(" ").to_ascii_lowercase();
        if matches!(&*squeezed, "permitrootlogin yes" | "permitemptypasswords yes")
            || words.contains("NOPASSWD")
        {
            say("W09");
        }
    }
}

fn yaml(block: &Block, found: &mut Vec<Finding>) {
    let mut line = block.line;
    for document in documents(&block.text) {
        let n_lines = document.lines().count() + 1;
        if document.trim().is_empty() {
            line += n_lines;
            continue;
        }
        match serde_saphyr::from_str::<Value>(&document) {
            Ok(value) => super::manifest::judge(&value, &document, line, found),
            // Helm's templates are no YAML before they are filled in.
            Err(_) if document.contains("{{") && document.contains("}}") => {}
            Err(error) => {
                let at =
                    error.location().map_or(1, |at| usize::try_from(at.line()).unwrap_or(1)).max(1);
                let row = document.lines().nth(at - 1).unwrap_or_default();
                let last = document.lines().count().max(1);
                found.push(
                    Finding::new("Y01", line + at.min(last) - 1, row)
                        .because(&first_sentence(&error.to_string())),
                );
                super::manifest::rows(&document, line, found);
            }
        }
        line += n_lines;
    }
}

fn first_sentence(text: &str) -> String {
    crate::text::ellipsis(text.lines().next().unwrap_or_default(), 120)
}

fn documents(text: &str) -> Vec<String> {
    let mut documents = vec![String::new()];
    for row in text.lines() {
        if row.trim_end() == "---" {
            documents.push(String::new());
        } else if let Some(last) = documents.last_mut() {
            last.push_str(row);
            last.push('\n');
        }
    }
    documents
}

fn json(block: &Block, found: &mut Vec<Finding>) {
    let value = match serde_json::from_str::<Value>(&block.text) {
        Ok(value) => value,
        Err(error) => {
            // A log of one object a line is read line by line.
            let rows = || block.text.lines().filter(|row| !row.trim().is_empty());
            let is_log = rows().count() > 1
                && rows().all(|row| serde_json::from_str::<serde::de::IgnoredAny>(row).is_ok());
            if !is_log {
                let last = block.text.lines().count().max(1);
                let row = error.line().clamp(1, last);
                let words = block.text.lines().nth(row - 1).unwrap_or_default();
                found.push(
                    Finding::new("Y01", block.line + row - 1, words).because("no JSON either"),
                );
            }
            return;
        }
    };
    profile(&value, block, found);
    super::manifest::judge(&value, &block.text, block.line, found);
}

/// W11 and Y13: a profile of seccomp, as containers take it.
pub fn profile(value: &Value, block: &Block, found: &mut Vec<Finding>) {
    let row = |word: &str| {
        block.line + block.text.lines().position(|row| row.contains(word)).unwrap_or(0)
    };
    let Some(default) = value.get("defaultAction") else { return };
    if matches!(default.as_str(), Some("SCMP_ACT_ALLOW" | "SCMP_ACT_LOG")) {
        found.push(
            Finding::new("W11", row("defaultAction"), "defaultAction")
                .because(default.as_str().unwrap_or_default()),
        );
    }
    let entries = value.get("syscalls").and_then(Value::as_array).into_iter().flatten();
    let names = entries.flat_map(|entry| {
        entry
            .get("names")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .chain(entry.get("name"))
            .filter_map(Value::as_str)
    });
    for name in names.filter(|name| !programs::is_system_call(name)) {
        found.push(Finding::new("Y13", row(&format!("\"{name}\"")), name));
    }
}

fn apparmor(block: &Block, found: &mut Vec<Finding>) {
    let mut depth = 0i32;
    for (row, words) in block.text.lines().enumerate() {
        let line = block.line + row;
        let words = words.trim();
        let rule = words.split(" #").next().unwrap_or_default().trim();
        let head = rule.strip_suffix('{').map(str::trim_end);
        let attaches = head
            .map(|head| head.split(" flags=").next().unwrap_or(head))
            .and_then(|head| head.split_whitespace().last());
        let is_profile = head.is_some_and(|head| !head.starts_with(['^']) && depth == 0);
        if is_profile
            && attaches.is_some_and(|path| {
                matches!(
                    path.trim_matches('"'),
                    "*" | "/**" | "/*" | "**" | "/{,**}" | "/**{,/}" | "/{**,*}" | "@{**}"
                )
            })
        {
            found.push(Finding::new("B01", line, words));
        }
        let is_include = rule.starts_with("#include") || rule.starts_with("include");
        let includes = |start: &str| rule.contains(start);
        let bad_include = is_include
            && !["<tunables/", "<abstractions/", "<local/", "<abi/", "if exists"]
                .iter()
                .any(|s| includes(s));
        let is_rule = !rule.is_empty() && !rule.starts_with('#') && !is_include;
        let bad_rule = is_rule
            && !rule.ends_with(['{', '}', ','])
            && !rule.starts_with('@')
            && !rule.starts_with("abi ");
        let unknown =
            is_rule && depth > 0 && !rule.ends_with(['{', '}']) && !is_apparmor_rule(rule);
        depth += i32::try_from(rule.matches('{').count()).unwrap_or(0)
            - i32::try_from(rule.matches('}').count()).unwrap_or(0);
        if bad_include || bad_rule || unknown || rule.starts_with("* {") || rule == "*{" {
            found.push(Finding::new("Y06", line, words));
        }
    }
    if depth != 0 {
        let last = block.text.lines().count().max(1);
        found.push(Finding::new("Y06", block.line + last - 1, "}").because("braces do not match"));
    }
}

/// Whether a rule of a profile begins as one can (apparmor.d(5)).
fn is_apparmor_rule(rule: &str) -> bool {
    const WORDS: [&str; 24] = [
        "network",
        "capability",
        "file",
        "mount",
        "remount",
        "umount",
        "pivot_root",
        "ptrace",
        "signal",
        "dbus",
        "unix",
        "rlimit",
        "set",
        "change_profile",
        "change_hat",
        "link",
        "userns",
        "io_uring",
        "mqueue",
        "all",
        "alias",
        "hat",
        "owner",
        "other",
    ];
    const FAMILIES: [&str; 25] = [
        "inet",
        "inet6",
        "unix",
        "netlink",
        "packet",
        "raw",
        "stream",
        "dgram",
        "seqpacket",
        "bluetooth",
        "can",
        "vsock",
        "alg",
        "rdm",
        "tcp",
        "udp",
        "icmp",
        "ax25",
        "ipx",
        "x25",
        "key",
        "peer=none",
        "mctp",
        "qipcrtr",
        "",
    ];
    let rule = rule.trim_end_matches(',').trim();
    let mut words = rule.split_whitespace().skip_while(|word| {
        matches!(*word, "allow" | "deny" | "audit" | "owner" | "other" | "quiet" | "priority=1")
    });
    let Some(first) = words.next() else { return rule.is_empty() || rule == "owner" };
    if first.starts_with(['/', '@', '"', '}', '{'])
        || first.chars().all(|c| "rwaxmlkiupcUPC".contains(c))
    {
        return true;
    }
    if first == "network" {
        return words
            .take_while(|word| !word.contains('=') && !word.starts_with('('))
            .all(|word| FAMILIES.contains(&word));
    }
    if first == "capability" {
        return words
            .all(|cap| cap.bytes().all(|b| b.is_ascii_lowercase() || b == b'_' || b == b','));
    }
    WORDS.contains(&first.split('(').next().unwrap_or(first))
}
