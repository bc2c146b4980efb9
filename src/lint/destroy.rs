//! Rules E about one command: what destroys evidence.

use super::call::Call;

/// Where logs and histories are.
fn is_log(path: &str) -> bool {
    let path = path.trim_end_matches(['/', '*']);
    path.starts_with("/var/log")
        || path.starts_with("/run/log/journal")
        || path.ends_with("_history")
        || path.ends_with("/wtmp")
        || path.ends_with("/btmp")
        || path.ends_with("/utmp")
        || path.ends_with("lastlog")
        || path.ends_with("-json.log")
        || path.contains("LogPath")
}

/// Whether a search ends what it finds.
fn deletes(call: &Call) -> bool {
    let args: Vec<&str> = call.args.iter().map(|word| &*word.text).collect();
    call.has("-delete")
        || args.windows(2).any(|pair| {
            matches!(pair, [exec, program] if exec.starts_with("-exec")
            && matches!(
                program.rsplit('/').next().unwrap_or(program),
                "rm" | "truncate" | "shred" | "unlink" | "tee"
            ))
        })
}

/// What is older than a month goes away everywhere.
fn is_rotation(call: &Call) -> bool {
    call.value_of(&["-mtime", "-ctime"])
        .and_then(|days| days.strip_prefix('+')?.parse::<u32>().ok())
        .is_some_and(|days| days >= 30)
}

/// E02 over a pipeline: the paths of logs are handed to a program that ends them.
pub fn hands_logs(pipeline: &[&Call], say: &mut impl FnMut(&'static str, &Call)) {
    let names = |call: &&&Call| {
        let lists = matches!(&*call.program, "find" | "ls" | "echo" | "printf" | "grep" | "fd");
        call.words().contains("LogPath") || lists && call.plain().any(is_log) && !is_rotation(call)
    };
    let ends = |call: &&&Call| {
        call.pipeline.1 > 0
            && matches!(&*call.program, "rm" | "truncate" | "shred" | "unlink" | "tee")
            && !call.plain().any(|path| path.starts_with('/') && !is_log(path))
    };
    let Some(from) = pipeline.iter().find(names) else { return };
    let behind = |call: &&&Call| call.pipeline.1 > from.pipeline.1;
    if let Some(call) = pipeline.iter().filter(behind).find(ends) {
        // `ls /var/log | tee list.txt` only keeps a copy.
        let is_copy = call.program == "tee" && !pipeline.iter().any(|call| call.program == "xargs");
        if !is_copy {
            say("E02", call);
        }
    }
}

/// Rules E about one command. What may destroy evidence when its time has come is judged by the plan.
pub fn evidence(call: &Call, say: &mut impl FnMut(&'static str)) {
    let args: Vec<&str> = call.args.iter().map(|word| &*word.text).collect();
    let names_log = || {
        call.args.iter().any(|word| {
            is_log(&word.text)
                || word.splits.iter().any(|inner| is_log(inner) || inner.contains("LogPath"))
        }) || call
            .args
            .iter()
            .flat_map(|word| &word.expands)
            .filter_map(|name| call.scope.source_of(name))
            .any(|inner| inner.contains("LogPath"))
    };
    match call.program.as_str() {
        "history"
            if call.args.iter().any(|word| word.text.starts_with("-c") || word.text == "-d") =>
        {
            say("E02");
        }
        "shred" | "wipe" | "srm" | "bleachbit" if !call.has("--help") => say("E02"),
        "dmesg" if call.option(Some('C'), "clear") || call.option(Some('c'), "read-clear") => {
            say("E02");
        }
        "journalctl" if args.iter().any(|arg| arg.starts_with("--vacuum")) => say("E02"),
        "truncate" | "rm" | "unlink" if names_log() => say("E02"),
        "find" if call.plain().any(is_log) && deletes(call) && !is_rotation(call) => say("E02"),
        "sed" if call.option(Some('i'), "in-place") && call.plain().skip(1).any(is_log) => {
            say("E02");
        }
        "cp" | "mv" | "ln" if call.has("/dev/null") && args.last().is_some_and(|to| is_log(to)) => {
            say("E02");
        }
        "dd" if args.iter().filter_map(|arg| arg.strip_prefix("of=")).any(is_log) => say("E02"),
        "tee"
            if !call.has_any(&["-a", "--append"])
                && call.plain().any(is_log)
                && (call.input.as_deref().is_none_or(|text| text.trim().is_empty())) =>
        {
            say("E02");
        }
        "set" if args.windows(2).any(|pair| pair == ["+o", "history"]) => say("E02"),
        "docker" | "podman" | "nerdctl" | "crictl" | "lxc"
            if matches!(call.subcommand(), "exec" | "attach") =>
        {
            say("E03");
        }
        "docker" | "nerdctl" if call.subcommand() == "compose" && call.has("exec") => say("E03"),
        "kubectl" | "oc" if matches!(call.subcommand(), "exec" | "attach" | "rsh") => say("E03"),
        "ctr" if call.has("exec") && call.has_any(&["task", "tasks", "t"]) => say("E03"),
        "runc" | "crun" if call.has("exec") => say("E03"),
        "nsenter" => {
            let enters = call.args.iter().any(|word| {
                word.text.strip_prefix('-').is_some_and(|letters| {
                    !letters.starts_with('-')
                        && letters.chars().all(|c| c.is_ascii_alphabetic())
                        && letters.contains(['m', 'a'])
                }) || matches!(word.text.split('=').next(), Some("--mount" | "--all" | "--root"))
            });
            let host = call.value_of(&["-t", "--target"]) == Some("1") || call.has("-t1");
            if enters && !host {
                say("E03");
            }
        }
        _ => {}
    }
    let gone = call.scope.variables.iter().any(|(name, _)| name == "HISTFILE")
        && matches!(&*call.program, "unset" | "export")
        && call
            .args
            .iter()
            .any(|word| word.text.starts_with("HISTFILE") && !word.text.ends_with("history"));
    let no_history = matches!(&*call.program, "export" | "unset")
        && call.args.iter().any(|word| {
            matches!(
                &*word.text,
                "HISTSIZE=0"
                    | "HISTFILESIZE=0"
                    | "HISTFILE=/dev/null"
                    | "HISTFILE="
                    | "HISTCONTROL=ignorespace:erasedups"
            )
        });
    if gone || no_history {
        say("E02");
    }
    let truncates = call
        .redirects
        .iter()
        .any(|to| to.writes && !to.appends && is_log(&to.target) && to.fd.is_none_or(|fd| fd == 1));
    let nothing = call
        .args
        .iter()
        .all(|word| word.text.trim().is_empty() || matches!(&*word.text, "/dev/null" | "-n"));
    if truncates
        && matches!(&*call.program, "" | ":" | "true" | "cat" | "echo" | "printf")
        && nothing
    {
        say("E02");
    }
}
