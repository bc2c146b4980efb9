//! Rules about one command.

use super::call::Call;
use super::rules::Severity;
use super::{Finding, danger, programs};
use crate::model::Alert;

/// Judges every program that is started.
pub fn judge(calls: &[Call], alert: Option<&Alert>, found: &mut Vec<Finding>) {
    let pipefail = calls.iter().any(|call| call.program == "set" && call.has("pipefail"));
    for call in calls {
        let mut say = |id: &'static str| found.push(Finding::new(id, call.line, &call.words()));
        danger::weakens(call, &mut say);
        danger::listens(call, &mut say);
        danger::destroys(call, &mut say);
        danger::hits_too_much(call, &mut say);
        shape(call, &mut say);
        exists(call, found);
        if let Some(alert) = alert {
            contradicts(call, alert, found);
        }
    }
    pipelines(calls, pipefail, found);
}

/// Whether what is called exists.
fn exists(call: &Call, found: &mut Vec<Finding>) {
    let Call { program, line, .. } = call;
    let finding = |id| Finding::new(id, *line, &call.words());
    let is_name = program.chars().all(|c| c.is_ascii_alphanumeric() || "_-.+".contains(c))
        && !program.is_empty();
    if let Some(why) = programs::invented(program) {
        found.push(finding("N01").because(why));
    } else if is_name
        && !call.path.contains('$')
        && !programs::is_known(program)
        && !is_own_file(&call.path)
    {
        let note = Finding {
            message: format!("{program} is no program we know; look at it before it is run"),
            ..finding("N01")
        };
        found.push(Finding { instead: String::new(), ..note }.at(Severity::Note));
    }
    let both = format!("{} {}", call.subcommand(), call.plain().nth(1).unwrap_or_default());
    let has_both = programs::has_option(program, &both, "--help").is_some();
    let sub = if has_both { both } else { call.subcommand().to_owned() };
    let missing = match (program.as_str(), call.subcommand()) {
        ("crictl", "pause" | "unpause" | "export" | "commit" | "cp" | "diff" | "kill")
        | ("kubectl", "isolate" | "pause" | "quarantine" | "block") => true,
        ("nerdctl", "network") => call.has_any(&["disconnect", "connect"]),
        // Plugins, which the machine that made the table may lack.
        ("docker", "compose" | "buildx" | "scout" | "init" | "model" | "desktop") | (_, "") => {
            false
        }
        (_, sub) => programs::has_subcommand(program, sub) == Some(false),
    };
    if missing && !sub.contains(['$', '<', '@', '/']) {
        found.push(finding("N08"));
        return;
    }
    for word in &call.args {
        if word.text == "--" {
            break;
        }
        // A wrapped command's own options are not the program's (docker exec CID ls -l).
        if matches!(call.subcommand(), "exec" | "run" | "debug" | "plugin") {
            break;
        }
        let Some(option) = word.text.strip_prefix("--").filter(|_| !word.is_quoted) else {
            continue;
        };
        let option = format!("--{}", option.split('=').next().unwrap_or_default());
        if programs::has_option(program, &sub, &option) == Some(false) && option.len() > 2 {
            let id = match program.as_str() {
                "tcpdump" => "N06",
                "nc" | "ncat" | "netcat" | "nc.traditional" | "nc.openbsd" => "N07",
                _ => "N02",
            };
            found.push(finding(id).because(&option));
        }
    }
}

/// A script of the person's own, or a path that the text may have made.
fn is_own_file(path: &str) -> bool {
    path.starts_with("./")
        || path.starts_with('~')
        || path
            .rsplit_once('.')
            .is_some_and(|(_, ending)| matches!(ending, "sh" | "py" | "pl" | "rb"))
        || path == "<(…)"
}

/// What makes a line unsafe to paste, whatever it does.
fn shape(call: &Call, say: &mut impl FnMut(&'static str)) {
    let program = call.program.as_str();
    for word in &call.args {
        if word
            .expands
            .iter()
            .any(|name| is_placeholder_variable(name) && !call.known.contains(name))
        {
            say("P04");
            break;
        }
    }
    if matches!(
        program,
        "nano"
            | "vi"
            | "vim"
            | "emacs"
            | "ed"
            | "less"
            | "more"
            | "view"
            | "visudo"
            | "htop"
            | "top"
    ) && !(program == "top" && call.option(Some('b'), "batch"))
        || (program == "kubectl" && call.subcommand() == "edit")
        || (program == "systemctl" && call.subcommand() == "edit")
        || (program == "crontab" && call.option(Some('e'), ""))
        || (matches!(program, "docker" | "podman" | "nerdctl" | "kubectl" | "crictl")
            && matches!(call.subcommand(), "exec" | "run" | "attach" | "debug")
            && call
                .args
                .iter()
                .take_while(|w| w.text != "--")
                .any(|w| matches!(&*w.text, "-it" | "-ti" | "-t" | "--tty")))
    {
        say("S05");
    }
    if matches!(program, "sh" | "bash" | "dash") {
        let first = call.args.first().filter(|word| !word.text.starts_with('-') && !word.is_quoted);
        if let Some(word) = first
            && !word.text.contains('/')
            && !word.text.contains('.')
            && (programs::is_known(&word.text)
                || call.args.len() > 1 && word.text.chars().all(|c| c.is_ascii_lowercase()))
        {
            say("S04");
        }
    }
    hides(call, say);
    misuses(call, say);
}

/// What hides that it failed, or writes where sudo does not reach.
fn hides(call: &Call, say: &mut impl FnMut(&'static str)) {
    let program = call.program.as_str();
    if matches!(program, "true" | ":") && call.is_otherwise {
        say("S03");
    }
    let writes =
        |path: &str| call.redirects.iter().any(|to| to.writes && to.target.starts_with(path));
    if writes("/dev/null")
        && call.redirects.iter().any(|to| to.fd == Some(2) && to.target == "/dev/null")
        && call.read_by.is_none()
    {
        say("S03");
    }
    if call.by_sudo
        && matches!(program, "echo" | "cat" | "printf")
        && (writes("/etc")
            || writes("/sys")
            || writes("/proc")
            || writes("/usr")
            || writes("/root"))
    {
        say("S07");
    }
}

/// Options that the program has not, or not like this.
fn misuses(call: &Call, say: &mut impl FnMut(&'static str)) {
    let program = call.program.as_str();
    if program == "auditd"
        && (call.option(Some('f'), "") || call.plain().next().is_some())
        && call.plain().any(|arg| arg.contains("rules"))
    {
        say("N05");
    }
    if program == "tcpdump" {
        if call.option(None, "subdir") || call.option(None, "duration") {
            say("N06");
        }
        let writes_file = call.has("-w") || call.args.iter().any(|w| w.text.starts_with("-w"));
        let cuts = call.value_of(&["-s"]).is_some_and(|n| n != "0")
            || call.value_of(&["-c"]).and_then(|n| n.parse().ok()).is_some_and(|n: u32| n < 100);
        if !writes_file
            && !call.has("-d")
            && !call.option(None, "version")
            && !call.option(None, "help")
            && !call.has_any(&["-D", "-h"])
            || cuts
        {
            say("E04");
        }
    }
    if matches!(program, "nc" | "ncat" | "netcat" | "nc.traditional" | "nc.openbsd")
        && call.option(None, "no-reuse")
    {
        say("N07");
    }
    for pair in call.args.windows(2) {
        if let [option, next] = pair
            && takes_value(program, &option.text)
            && next.text.starts_with('-')
            && next.text.len() > 1
            && !next.text.starts_with("-1")
            && !next.is_quoted
        {
            say("N09");
        }
    }
}

/// Options that take a value and are often given none.
fn takes_value(program: &str, option: &str) -> bool {
    match program {
        "tcpdump" => {
            matches!(option, "-z" | "-C" | "-w" | "-W" | "-G" | "-c" | "-s" | "-i" | "-r" | "-Z")
        }
        "docker" | "podman" | "nerdctl" => matches!(
            option,
            "--name"
                | "--network"
                | "--filter"
                | "--format"
                | "--since"
                | "--until"
                | "--security-opt"
                | "--cap-add"
                | "--cap-drop"
        ),
        "kubectl" => matches!(
            option,
            "-n" | "--namespace" | "-o" | "--output" | "-l" | "--selector" | "-f" | "--filename"
        ),
        "iptables" | "ip6tables" => matches!(
            option,
            "-s" | "-d"
                | "-j"
                | "-p"
                | "-i"
                | "-o"
                | "--source"
                | "--destination"
                | "--jump"
                | "--dport"
                | "--sport"
        ),
        "journalctl" => matches!(option, "-u" | "--unit" | "--since" | "--until"),
        _ => false,
    }
}

/// Capital names that a person is meant to fill in.
fn is_placeholder_variable(name: &str) -> bool {
    const WORDS: [&str; 22] = [
        "CONTAINER",
        "POD",
        "PID",
        "IMAGE",
        "NAMESPACE",
        "NODE",
        "TARGET",
        "HOST",
        "IP",
        "USER_ID",
        "ID",
        "NAME",
        "FILE",
        "PORT",
        "CID",
        "NS",
        "REMOTE",
        "ADDRESS",
        "SERVICE",
        "DEPLOYMENT",
        "PROCESS",
        "ATTACKER",
    ];
    const SET: [&str; 14] = [
        "HOME", "USER", "PATH", "PWD", "HOSTNAME", "SHELL", "TERM", "LANG", "EDITOR", "UID",
        "EUID", "PPID", "TMPDIR", "LOGNAME",
    ];
    !SET.contains(&name)
        && name.split('_').any(|part| WORDS.contains(&part))
        && !name.chars().any(|c| c.is_ascii_lowercase())
}

fn pipelines(calls: &[Call], pipefail: bool, found: &mut Vec<Finding>) {
    for pair in calls.windows(2) {
        let [first, next] = pair else { continue };
        if first.pipeline.0 == next.pipeline.0
            && next.pipeline.1 > 0
            && first.pipeline.1 + 1 == next.pipeline.1
        {
            let is_shell = matches!(
                next.program.as_str(),
                "sh" | "bash" | "dash" | "zsh" | "python" | "python3" | "perl" | "ruby" | "node"
            );
            if matches!(first.program.as_str(), "curl" | "wget" | "fetch" | "base64")
                && is_shell
                && next.plain().next().is_none_or(|a| a == "-")
            {
                found.push(Finding::new(
                    "L04",
                    first.line,
                    &format!("{} | {}", first.words(), next.words()),
                ));
            }
            let changes = matches!(next.program.as_str(), "xargs");
            if changes && !pipefail && first.program == "kubectl" {
                found.push(Finding::new("S09", first.line, &first.words()));
            }
        }
    }
    for call in calls {
        if matches!(call.program.as_str(), "curl" | "wget")
            && matches!(
                call.read_by.as_deref(),
                Some("bash" | "sh" | "eval" | "source" | "." | "python3" | "zsh")
            )
        {
            found.push(Finding::new("L04", call.line, &call.words()));
        }
    }
}

/// A command that names a program, container or address close to the alert's, but another one.
fn contradicts(call: &Call, alert: &Alert, found: &mut Vec<Finding>) {
    let finding = |why: &str| Finding::new("P06", call.line, &call.words()).because(why);
    if let Some(path) = alert.fields.text("proc.exepath") {
        let name = path.rsplit('/').next().unwrap_or(path);
        let family: &[&str] =
            if matches!(name, "nc" | "netcat" | "ncat") { &["nc", "netcat", "ncat"] } else { &[] };
        let wrong = call.args.iter().find(|word| {
            let other = word.text.rsplit('/').next().unwrap_or_default();
            word.text.starts_with('/')
                && word.text != path
                && (other == name || family.contains(&other))
                && !word.text.starts_with("/proc/")
        });
        if let Some(word) = wrong {
            found.push(finding(&format!("{} is not the alert's {path}", word.text)));
        }
    }
    let id = alert
        .container()
        .id
        .filter(|id| id.len() >= 12 && id.bytes().all(|b| b.is_ascii_hexdigit()));
    let Some(id) = id else { return };
    if !matches!(call.program.as_str(), "docker" | "podman" | "nerdctl" | "crictl" | "ctr") {
        return;
    }
    let name = alert.container().name;
    let is_id =
        |text: &str| (12..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit());
    let wrong = call.plain().find(|arg| {
        is_id(arg) && !arg.starts_with(id) && !id.starts_with(*arg) && Some(*arg) != name
    });
    if let Some(arg) = wrong {
        found.push(finding(&format!("{arg} is not the alert's container {id}")));
    }
}
