//! Rules about one command.

use super::call::Call;
use super::{
    Finding, destroy, door, exists, facts, mild, pipes, programs, reach, target, weaken, writes,
};
use crate::model::Alert;

/// Judges every program that is started.
pub fn judge(calls: &[Call], alert: Option<&Alert>, found: &mut Vec<Finding>) {
    for (at, call) in calls.iter().enumerate() {
        let from = found.len();
        let mut say = |id: &'static str| found.push(Finding::new(id, call.line, &call.words()));
        weaken::judge(call, &mut say);
        door::judge(call, &mut say);
        destroy::evidence(call, &mut say);
        reach::judge(call, &mut say);
        shape(call, &mut say);
        replaces(call, &mut say);
        exists::judge(call, found);
        filled(call, found);
        if let Some(alert) = alert {
            target::judge(call, alert, found);
        }
        let before = at.checked_sub(1).and_then(|before| calls.get(before));
        mild::soften(call, before, found, from);
    }
    pipes::judge(calls, found);
}

/// Y12: a file that a package owns is written; the next update, or augenrules, takes it back.
fn replaces(call: &Call, say: &mut impl FnMut(&'static str)) {
    let is_owned = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or(path);
        matches!(
            name,
            "falco_rules.yaml"
                | "k8s_audit_rules.yaml"
                | "aws_cloudtrail_rules.yaml"
                | "falco-incubating_rules.yaml"
                | "falco-sandbox_rules.yaml"
        ) || path == "/etc/audit/audit.rules"
            || [
                "/usr/lib/systemd/system/",
                "/lib/systemd/system/",
                "/usr/lib/sysctl.d/",
                "/usr/share/falco/",
                "/etc/apparmor.d/abstractions/",
                "/usr/lib/udev/rules.d/",
                "/usr/lib/tmpfiles.d/",
            ]
            .iter()
            .any(|folder| path.starts_with(folder))
    };
    let is_edited = matches!(&*call.program, "nano" | "vi" | "vim" | "emacs" | "sudoedit")
        && call.plain().any(is_owned);
    if writes::targets(call).into_iter().any(is_owned) && call.program != "touch" || is_edited {
        say("Y12");
    }
}

/// P01 and P02 in the words of a command; programs that search may look for them.
fn filled(call: &Call, found: &mut Vec<Finding>) {
    if matches!(
        &*call.program,
        "grep"
            | "egrep"
            | "fgrep"
            | "rg"
            | "ack"
            | "sed"
            | "awk"
            | "mktemp"
            | "git"
            | "find"
            | "echo"
            | "printf"
            | "jq"
            | "xmllint"
            | "perl"
            | "logger"
            | "ps"
    ) {
        return;
    }
    // The name of a variable behind `-e` is no hole.
    let names_variable = |at: usize| {
        at.checked_sub(1)
            .and_then(|before| call.args.get(before))
            .is_some_and(|before| matches!(&*before.text, "-e" | "--env" | "-v" | "-u" | "--unset"))
            || matches!(
                &*call.program,
                "read" | "export" | "unset" | "declare" | "local" | "readonly" | "printenv" | "env"
            )
    };
    let capital = call
        .args
        .iter()
        .enumerate()
        .any(|(at, word)| super::holes::is_capital_hole(&word.text) && !names_variable(at));
    if capital {
        found.push(Finding::new("P02", call.line, &call.words()));
        return;
    }
    let words = call.args.iter().map(|word| (&word.text, word.is_quoted));
    let targets = call.redirects.iter().map(|to| (&to.target, false));
    for (text, is_quoted) in words.chain(targets) {
        // A name with a template of six X is filled by the program itself.
        if text.contains(".XXXX") || text.contains("-XXXX") {
            continue;
        }
        let hole = super::holes::is_hole(text, is_quoted);
        if let Some(id) =
            hole.filter(|_| !(is_quoted && text.contains(char::is_whitespace) && text.len() > 60))
        {
            found.push(Finding::new(id, call.line, &call.words()));
            return;
        }
    }
}

/// What makes a line unsafe to paste, whatever it does.
fn shape(call: &Call, say: &mut impl FnMut(&'static str)) {
    let program = call.program.as_str();
    let unset = call
        .args
        .iter()
        .flat_map(|word| &word.expands)
        .any(|name| is_placeholder_variable(name) && !call.scope.knows(name));
    if unset {
        say("P04");
    }
    let sub = call.subcommand();
    let is_runtime =
        matches!(program, "docker" | "podman" | "nerdctl" | "kubectl" | "crictl" | "oc");
    let wants_terminal = call.args.iter().take_while(|word| word.text != "--").any(|word| {
        matches!(&*word.text, "--tty" | "--tty=true")
            || word.text.strip_prefix('-').is_some_and(|letters| {
                !letters.is_empty()
                    && letters.contains('t')
                    && letters.chars().all(|c| "itd".contains(c))
            })
    });
    let is_interactive = match program {
        "nano" | "vi" | "vim" | "nvim" | "emacs" | "ed" | "joe" | "mcedit" | "pico" | "less"
        | "more" | "most" | "view" | "visudo" | "vipw" | "vigr" | "htop" | "btop" | "atop"
        | "sudoedit" | "vimdiff" | "nmtui" | "aa-genprof" | "aa-logprof" | "aptitude" | "mc"
        | "raspi-config" | "dpkg-reconfigure" | "cfdisk" | "ncdu" | "k9s" => {
            !call.has_any(&["--version", "--help", "-c"]) || program == "vi"
        }
        "top" => !call.option(Some('b'), "batch") && !call.has_any(&["-h", "-v"]),
        "sudo" => {
            call.has_any(&["-e", "--edit", "-i", "-s"])
                && call.plain().next().is_none_or(|_| call.has_any(&["-e", "--edit"]))
        }
        "kubectl" | "oc" => sub == "edit",
        "systemctl" => sub == "edit" && !call.has("--stdin"),
        "crontab" => call.option(Some('e'), ""),
        "virsh" | "git" => call.has("--interactive") || program == "virsh" && sub == "edit",
        "fdisk" => !call.has_any(&["-l", "--list"]),
        _ => false,
    };
    let opens_shell =
        is_runtime && matches!(sub, "exec" | "run" | "attach" | "debug" | "rsh") && wants_terminal;
    if is_interactive || opens_shell || is_runtime && sub == "attach" {
        say("S05");
    }
    if matches!(program, "sh" | "bash" | "dash" | "zsh" | "ash") {
        let first = call.args.first().filter(|word| !word.text.starts_with('-') && !word.is_quoted);
        let is_file = |name: &str| {
            matches!(
                name,
                "install"
                    | "test"
                    | "start"
                    | "stop"
                    | "setup"
                    | "deploy"
                    | "run"
                    | "build"
                    | "update"
                    | "init"
                    | "configure"
                    | "check"
                    | "clean"
            )
        };
        if let Some(word) = first
            && !word.text.contains(['/', '.', '$', '<'])
            && programs::is_known(&word.text)
            && !is_file(&word.text)
        {
            say("S04");
        }
    }
    splits(call, say);
    hides(call, say);
    misuses(call, say);
    inserts(call, say);
}

/// S02: what the shell splits and expands although one value is meant.
fn splits(call: &Call, say: &mut impl FnMut(&'static str)) {
    let is_test = matches!(&*call.program, "[" | "test");
    let ends =
        matches!(
            &*call.program,
            "rm" | "mv" | "cp" | "chmod" | "chown" | "dd" | "rmdir" | "shred" | "truncate" | "ln"
        ) || matches!(&*call.program, "docker" | "podman" | "nerdctl" | "crictl" | "kubectl")
            && matches!(
                call.subcommand(),
                "stop" | "kill" | "rm" | "pause" | "delete" | "exec" | "run"
            );
    let bad = call.args.iter().any(|word| {
        let is_path = word.text.contains("/*") && !word.expands.is_empty() && call.program == "rm";
        word.splits.iter().any(|written| {
            let name = written.trim_matches(['$', '{', '}']);
            if let Some(inner) = written.strip_prefix("$(") {
                let program =
                    inner.trim_end_matches(')').split_whitespace().next().unwrap_or_default();
                // One word, whatever happens; or nothing but one number.
                return !facts::is_tool("oneword", program) && !is_one_word(inner);
            }
            let all = matches!(name, "@" | "*" | "1" | "2" | "3" | "4" | "5")
                || name.ends_with("[@]")
                || name.ends_with("[*]");
            let is_number = matches!(
                name,
                "?" | "#" | "$" | "!" | "UID" | "EUID" | "PPID" | "RANDOM" | "SECONDS" | "LINENO"
            );
            !is_number && (all || ends || is_test)
        }) || is_path
    });
    let rules = call.program == "for"
        && call.args.iter().any(|word| {
            word.splits.iter().any(|inner| inner.starts_with("$(ls") || inner.starts_with("$(find"))
        });
    if bad
        && !matches!(
            &*call.program,
            "for"
                | "export"
                | "local"
                | "declare"
                | "readonly"
                | "return"
                | "exit"
                | "shift"
                | "set"
                | "kill"
        )
        || rules
    {
        say("S02");
    }
}

/// Commands in a substitution that print one word: an inspection with a format, a count, a process id.
fn is_one_word(inner: &str) -> bool {
    let has = |word: &str| inner.contains(word);
    let last = inner.rsplit('|').next().unwrap_or(inner).trim();
    (has("inspect") && (has("--format") || has(" -f")))
        || has("jsonpath=") && !has("[*]")
        || ["head -1", "head -n1", "head -n 1", "tail -1", "wc ", "cut ", "tr "]
            .iter()
            .any(|start| last.starts_with(start))
        || has("latest")
        || has(" -lq")
        || has(" -ql")
        || [
            "date",
            "id ",
            "systemctl show",
            "sha256sum",
            "git rev-parse",
            "cat /proc/",
            "readlink",
            "basename",
            "dirname",
        ]
        .iter()
        .any(|start| inner.trim_start_matches("$(").starts_with(start))
}

/// S08: a value out of an alert goes into a command without having been looked at.
fn inserts(call: &Call, say: &mut impl FnMut(&'static str)) {
    let from_alert = |inner: &str| {
        (inner.contains("jq")
            || inner.contains("python")
            || inner.contains("grep")
            || inner.contains("yq")
            || inner.contains("awk"))
            && [
                "output_fields",
                "container.id",
                "container.name",
                "container_id",
                "container_name",
                "proc.cmdline",
                "proc.name",
                "fd.name",
                "k8s.pod.name",
                "user.name",
            ]
            .iter()
            .any(|field| inner.contains(field))
    };
    let is_raw = |name: &String| call.scope.source_of(name).is_some_and(from_alert);
    let in_code = (super::call::SHELLS.contains(&&*call.program)
        || matches!(&*call.program, "eval" | "ssh"))
        && call.args.iter().any(|word| word.expands.iter().any(is_raw));
    let unquoted = call.args.iter().any(|word| {
        word.splits.iter().any(|written| {
            let name = written.trim_matches(['$', '{', '}']).to_owned();
            is_raw(&name) || written.starts_with("$(") && from_alert(written)
        })
    });
    // Falco's own output fields, and the templates of responders, pasted into a command.
    let template = call.args.iter().any(|word| {
        let text = &word.text;
        let field = |start: &str| text.contains(start);
        (field("%container.")
            || field("%proc.")
            || field("%fd.")
            || field("%k8s.")
            || field("%user.name"))
            && !matches!(
                &*call.program,
                "echo" | "printf" | "grep" | "jq" | "falco" | "cadge" | "logger"
            )
            || field("{{")
                && (field("output_fields")
                    || field(".OutputFields")
                    || field("alert.")
                    || field("event.output"))
    });
    if in_code || unquoted || template {
        say("S08");
    }
}

/// What hides that it failed, or writes where sudo does not reach.
fn hides(call: &Call, say: &mut impl FnMut(&'static str)) {
    let program = call.program.as_str();
    let gives_up = matches!(program, "true" | ":") || program == "exit" && call.has("0");
    if gives_up && call.is_otherwise && call.args.len() <= usize::from(program == "exit") {
        say("S03");
    }
    let to_null = |fd: i32| {
        call.redirects
            .iter()
            .any(|to| to.writes && to.target == "/dev/null" && to.fd.unwrap_or(1) == fd)
    };
    let joined =
        call.redirects.iter().any(|to| to.fd == Some(2) && to.target == "&1") && to_null(1);
    // A search that may not look everywhere, and a question whose answer is the exit status, hide nothing.
    let asks = facts::is_tool("searches", program)
        || call.is_checked
        || call.has_any(&["-v", "--version", "is-active", "is-enabled"]);
    if (to_null(2) || joined) && call.read_by.is_none() && !asks && !program.is_empty() {
        say("S03");
    }
    let writes = call.redirects.iter().any(|to| {
        to.writes
            && [
                "/etc/",
                "/sys/",
                "/proc/",
                "/usr/",
                "/root/",
                "/boot/",
                "/lib/",
                "/var/lib/",
                "/var/log/",
                "/opt/",
                "/srv/",
            ]
            .iter()
            .any(|start| to.target.starts_with(start))
    });
    if call.by_sudo && writes && call.through.is_none() {
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
        let cluster = |letter: char| {
            call.args.iter().any(|word| {
                word.text.strip_prefix('-').is_some_and(|letters| {
                    !letters.starts_with('-') && letters.len() < 8 && letters.contains(letter)
                })
            })
        };
        let reads = cluster('r') || call.option(None, "read");
        let writes_file = cluster('w') || reads;
        let number = |names: &[&str], short: &str| {
            let attached = call
                .args
                .iter()
                .find_map(|word| word.text.strip_prefix(short)?.parse::<u32>().ok());
            call.value_of(names).and_then(|n| n.parse().ok()).or(attached)
        };
        let cuts = number(&["-s", "--snapshot-length"], "-s").is_some_and(|n| n != 0 && n < 65_535)
            || number(&["-c", "--count"], "-c").is_some_and(|n| n < 100);
        let cuts = cuts && !reads;
        if !writes_file
            && !call.has("-d")
            && !call.option(None, "version")
            && !call.option(None, "help")
            && !call.has_any(&["-D", "-h", "-L", "--list-interfaces", "--list-data-link-types"])
            || cuts
        {
            say("E04");
        }
    }
    for pair in call.args.windows(2) {
        if let [option, next] = pair
            && facts::takes_value(program, &option.text)
            && next.text.starts_with('-')
            && next.text.len() > 1
            && !next.text.get(1..2).is_some_and(|c| c.bytes().all(|b| b.is_ascii_digit()))
            && !next.is_quoted
            && !(program == "curl" && option.text == "-d")
        {
            say("N09");
        }
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
    let upper = name.to_ascii_uppercase();
    !SET.contains(&name)
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && (upper.split('_').any(|part| WORDS.contains(&part)) || upper.starts_with("YOUR"))
}
