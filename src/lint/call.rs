//! Which program a command really starts: behind `sudo`, `timeout`, `nsenter … --`, `xargs`, `find -exec`, `sh -c '…'`.

use super::shell::{Command, Redirect, Word, parse};
use std::rc::Rc;

/// One start of a program.
#[derive(Clone, Debug, Default)]
pub struct Call {
    pub line: usize,
    /// The last part of its path.
    pub program: String,
    /// As written.
    pub path: String,
    pub args: Vec<Word>,
    pub by_sudo: bool,
    pub redirects: Vec<Redirect>,
    pub input: Option<String>,
    pub pipeline: (usize, usize),
    pub is_otherwise: bool,
    pub is_checked: bool,
    pub read_by: Option<String>,
    /// Where the first line of `input` stands; 0 when that is not known.
    pub input_line: usize,
    /// The program that hands it on to a container or another host: `docker`, `kubectl`, `ssh`…
    pub through: Option<String>,
    /// What was set before it in the same text.
    pub scope: Rc<Scope>,
}

/// What a text has set so far.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// Variables, and the command whose output each holds.
    pub variables: Vec<(String, Option<String>)>,
    pub functions: Vec<String>,
}

impl Scope {
    /// Whether a variable was set, or comes with every shell or script.
    pub fn knows(&self, name: &str) -> bool {
        name.is_empty() || self.variables.iter().any(|(known, _)| known == name)
    }

    /// The command whose output a variable holds.
    pub fn source_of(&self, name: &str) -> Option<&str> {
        let (_, inner) = self.variables.iter().rev().find(|(known, _)| known == name)?;
        inner.as_deref()
    }

    fn set(&mut self, name: &str, inner: Option<String>) {
        if let Some(at) = self.variables.iter().position(|(known, _)| known == name) {
            self.variables.swap_remove(at);
        }
        self.variables.push((name.to_owned(), inner));
    }
}

impl Call {
    /// Whether one of the arguments is exactly this unquoted or quoted text.
    pub fn has(&self, arg: &str) -> bool {
        self.args.iter().any(|word| word.text == arg)
    }

    /// Whether one of the arguments is one of these.
    pub fn has_any(&self, args: &[&str]) -> bool {
        self.args.iter().any(|word| args.contains(&&*word.text))
    }

    /// The arguments that are no options, in order; nor the values of options that may stand before a subcommand.
    pub fn plain(&self) -> impl Iterator<Item = &str> {
        const VALUED: [&str; 14] = [
            "-n",
            "--namespace",
            "--context",
            "--kubeconfig",
            "-H",
            "--host",
            "-o",
            "--output",
            "-l",
            "--selector",
            "-r",
            "--runtime-endpoint",
            "-s",
            "--server",
        ];
        let names_first = matches!(
            &*self.program,
            "kubectl" | "docker" | "podman" | "nerdctl" | "ctr" | "crictl" | "helm"
        );
        let mut is_value = false;
        self.args.iter().map(|word| &*word.text).filter(move |text| {
            let skip = is_value;
            is_value = names_first && !skip && VALUED.contains(text);
            !skip && (!text.starts_with('-') || *text == "-")
        })
    }

    /// The first argument that is no option: a subcommand.
    pub fn subcommand(&self) -> &str {
        self.plain().next().unwrap_or_default()
    }

    /// The kind of object in `kubectl VERB KIND NAME` and `kubectl VERB KIND/NAME`; empty where none is named.
    pub fn object_kind(&self) -> &str {
        let kind = self.plain().nth(1).unwrap_or_default();
        kind.split('/').next().unwrap_or(kind)
    }

    /// Whether a letter stands in a cluster of short options (`-lvp`), or the long option is there (also `--long=…`).
    pub fn option(&self, short: Option<char>, long: &str) -> bool {
        self.args.iter().any(|word| {
            let text = &word.text;
            match text.strip_prefix("--") {
                Some(name) => {
                    !long.is_empty()
                        && (name == long
                            || name.strip_prefix(long).is_some_and(|r| r.starts_with('=')))
                }
                None => short.is_some_and(|short| {
                    text.len() > 1 && text.starts_with('-') && text.contains(short)
                }),
            }
        })
    }

    /// The value of an option, behind it or after `=`.
    pub fn value_of(&self, names: &[&str]) -> Option<&str> {
        let mut args = self.args.iter().map(|word| &*word.text);
        while let Some(arg) = args.next() {
            if names.contains(&arg) {
                return args.next();
            }
            if let Some((name, value)) = arg.split_once('=')
                && names.contains(&name)
            {
                return Some(value);
            }
        }
        None
    }

    /// The command as one line.
    pub fn words(&self) -> String {
        let args = self.args.iter().map(|word| &*word.text);
        std::iter::once(&*self.path).chain(args).collect::<Vec<_>>().join(" ")
    }
}

/// Every program that the commands start. What they set is added to `scope`.
pub fn calls(commands: &[Command], scope: &mut Rc<Scope>) -> Vec<Call> {
    let mut calls = Vec::new();
    // Functions may be called above the place where they stand.
    for name in commands.iter().filter_map(|command| command.defines.as_ref()) {
        Rc::make_mut(scope).functions.push(name.clone());
    }
    for command in commands {
        for assign in &command.assigns {
            Rc::make_mut(scope).set(&assign.name, assign.inner.clone());
        }
        let first = command.words.first().map_or("", |word| &word.text);
        let rest = || command.words.iter().skip(1).map(|word| &*word.text);
        if matches!(
            first,
            "read"
                | "export"
                | "local"
                | "declare"
                | "readonly"
                | "typeset"
                | "mapfile"
                | "readarray"
                | "getopts"
                | "unset"
                | "select"
        ) {
            for word in rest().filter(|word| !word.starts_with('-')) {
                Rc::make_mut(scope).set(word.split('=').next().unwrap_or_default(), None);
            }
        }
        if first == "printf"
            && let Some(name) = rest().skip_while(|word| *word != "-v").nth(1)
        {
            Rc::make_mut(scope).set(name, None);
        }
        // A file that is read may set anything.
        if matches!(first, "source" | ".") {
            for name in rest() {
                Rc::make_mut(scope).set(name, None);
            }
        }
        let call = Call {
            line: command.line,
            redirects: command.redirects.clone(),
            input: command.input.clone(),
            input_line: command.input_line,
            pipeline: command.pipeline,
            is_otherwise: command.is_otherwise,
            is_checked: command.is_checked,
            read_by: command.read_by.clone(),
            scope: Rc::clone(scope),
            ..Call::default()
        };
        let call = fed(call, commands, command);
        if !command.each.is_empty() {
            calls.push(Call {
                program: "for".into(),
                path: "for".into(),
                args: command.each.clone(),
                ..call.clone()
            });
        }
        if command.words.is_empty() && !command.redirects.is_empty() {
            calls.push(call);
        } else {
            unwrap(&call, &command.words, &mut calls, 0);
        }
    }
    calls
}

/// A command behind `echo … |` or `cat <<E |` reads what these print.
fn fed(call: Call, commands: &[Command], command: &Command) -> Call {
    let (pipeline, at) = command.pipeline;
    if at == 0 || call.input.is_some() {
        return call;
    }
    let before = commands
        .iter()
        .find(|other| other.pipeline == (pipeline, at - 1) && !other.words.is_empty());
    let Some(before) = before else { return call };
    let text = match before.words.first().map(|word| word.text.as_str()) {
        Some("echo" | "printf") => Some(printed(before.words.get(1..).unwrap_or_default())),
        Some("cat") => before.input.clone(),
        _ => None,
    };
    let input_line = if before.input.is_some() { before.input_line } else { 0 };
    Call { input: text, input_line, ..call }
}

/// What `echo` or `printf` print.
pub fn printed(args: &[Word]) -> String {
    let words = args.iter().map(|word| word.text.as_str());
    let text: Vec<&str> = words
        .skip_while(|word| matches!(*word, "-e" | "-n" | "-en" | "-ne" | "%s" | "%s\\n" | "--"))
        .collect();
    text.join(" ").replace("\\n", "\n")
}

/// Programs that start another one: options of theirs that take a value, and how many plain arguments come first.
const WRAPPERS: &[(&str, &[&str], usize)] = &[
    ("sudo", &["-u", "-g", "-C", "-h", "-p", "-U", "-r", "-t", "-D", "-R", "--user", "--group"], 0),
    ("doas", &["-u", "-C"], 0),
    ("env", &["-u", "-C", "--unset", "--chdir"], 0),
    ("runuser", &["-u", "-g", "-G"], 0),
    (
        "systemd-run",
        &["-p", "--property", "--unit", "-u", "-M", "--slice", "--uid", "--gid", "--on-active"],
        0,
    ),
    ("flock", &["-w", "-E"], 1),
    ("taskset", &[], 1),
    ("busybox", &[], 0),
    ("toybox", &[], 0),
    ("faketime", &[], 1),
    ("script", &["-c"], 0),
    ("firejail", &[], 0),
    ("numactl", &[], 0),
    ("nohup", &[], 0),
    ("setsid", &[], 0),
    ("time", &[], 0),
    ("command", &[], 0),
    ("builtin", &[], 0),
    ("exec", &["-a"], 0),
    ("nice", &["-n", "--adjustment"], 0),
    ("ionice", &["-c", "-n"], 0),
    ("stdbuf", &["-i", "-o", "-e"], 0),
    ("timeout", &["-k", "-s", "--kill-after", "--signal"], 1),
    ("chroot", &[], 1),
    ("nsenter", &["-t", "-S", "-G", "--target", "--setuid", "--setgid"], 0),
    ("unshare", &["-S", "-G", "-R", "-w"], 0),
    ("xargs", &["-n", "-P", "-I", "-L", "-s", "-d", "-a", "-E"], 0),
    ("watch", &["-n", "--interval"], 0),
    ("strace", &["-e", "-o", "-p", "-s", "-u"], 0),
];

/// Shells that run a text given with `-c` or on standard input.
pub const SHELLS: [&str; 7] = ["sh", "bash", "dash", "zsh", "ash", "ksh", "mksh"];

fn unwrap(like: &Call, words: &[Word], calls: &mut Vec<Call>, depth: usize) {
    let Some((first, args)) = words.split_first() else { return };
    let program = first.text.rsplit('/').next().unwrap_or_default().to_owned();
    let mut call = Call { program, path: first.text.clone(), args: args.to_vec(), ..like.clone() };
    management(&mut call);
    let args = &call.args.clone()[..];
    let inner =
        Call { by_sudo: like.by_sudo || matches!(&*call.program, "sudo" | "doas"), ..like.clone() };
    if depth > 8 {
        return calls.push(call);
    }
    // `command -v x`, `sudo -l`, `script file`: they ask, or start nothing that is named.
    let asks = call.program == "command" && call.has_any(&["-v", "-V"]);
    let wrapper = WRAPPERS.iter().find(|(name, ..)| *name == call.program && !asks);
    if let Some((_, valued, n_plain)) = wrapper {
        let rest = behind(args, valued, *n_plain);
        let is_only = rest.is_empty() || call.program == "script";
        if matches!(&*call.program, "xargs" | "nsenter" | "busybox") || is_only {
            calls.push(Call {
                args: args.get(..args.len() - rest.len()).unwrap_or_default().to_vec(),
                ..call.clone()
            });
        }
        if let Some(text) = call
            .value_of(&["-c", "--command"])
            .filter(|_| matches!(&*call.program, "script" | "flock" | "runuser"))
        {
            return script(&inner, text, calls, depth);
        }
        if call.program == "watch" && rest.len() == 1 {
            let text = rest.first().map(|word| word.text.clone()).unwrap_or_default();
            return script(&inner, &text, calls, depth);
        }
        if call.program == "script" {
            return;
        }
        let through = Some(call.program).filter(|name| name == "nsenter").or(inner.through.clone());
        return unwrap(&Call { through, ..inner }, rest, calls, depth + 1);
    }
    match call.program.as_str() {
        "find" => {
            for (at, word) in args.iter().enumerate() {
                if matches!(&*word.text, "-exec" | "-execdir" | "-ok") {
                    let to = args
                        .iter()
                        .skip(at)
                        .position(|w| matches!(&*w.text, ";" | "+"))
                        .map_or(args.len(), |n| at + n);
                    unwrap(&inner, args.get(at + 1..to).unwrap_or_default(), calls, depth + 1);
                }
            }
        }
        "ip" if call.has("netns") && call.has("exec") => {
            let at =
                args.iter().position(|word| word.text == "exec").map_or(args.len(), |at| at + 2);
            unwrap(&inner, args.get(at..).unwrap_or_default(), calls, depth + 1);
        }
        "ssh" | "su" | "eval" | "trap" | "parallel" | "pdsh" | "ansible" | "vagrant" | "at"
        | "batch" => {
            if let Some(text) = handed_on(&call) {
                let through = Some(call.program.clone()).filter(|name| name != "eval");
                calls.push(call);
                return script(&Call { through, ..inner }, &text, calls, depth);
            }
        }
        "docker" | "podman" | "nerdctl" | "kubectl" | "oc" | "crictl" | "lxc" | "machinectl" => {
            let rest = inside(&call);
            let through = Some(call.program.clone());
            // What runs inside must not be read as words of the runtime's own.
            let own = args.len() - rest.len();
            calls.push(Call { args: args.get(..own).unwrap_or_default().to_vec(), ..call.clone() });
            if let Some(last) = calls.last_mut()
                && rest.is_empty()
            {
                last.args = args.to_vec();
            }
            return unwrap(
                &Call { through, redirects: Vec::new(), ..inner },
                &rest,
                calls,
                depth + 1,
            );
        }
        name if SHELLS.contains(&name) => {
            let at = args.iter().position(|word| {
                word.text.starts_with('-')
                    && !word.text.starts_with("--")
                    && word.text.ends_with('c')
            });
            let text = at.and_then(|at| args.get(at + 1)).map(|word| word.text.clone());
            let document = call.input.clone().filter(|_| text.is_none());
            if let Some(text) = text.or(document) {
                calls.push(call);
                // What the inner shell redirects is done with the rights it has.
                return script(&Call { by_sudo: false, ..inner }, &text, calls, depth);
            }
        }
        "echo" | "printf" => {}
        _ => {}
    }
    calls.push(call);
}

/// Commands of a text that another program runs. What it cannot read is not judged: the text may be made at run time.
fn script(like: &Call, text: &str, calls: &mut Vec<Call>, depth: usize) {
    let Ok(commands) = parse(text) else { return };
    let mut scope = Rc::clone(&like.scope);
    for mut found in self::calls(&commands, &mut scope) {
        found.line = like.line;
        found.input_line = 0;
        found.through = found.through.or_else(|| like.through.clone());
        // The numbers of its pipelines are its own.
        found.pipeline.0 += (depth + 1) * 100_000 + like.pipeline.0 * 1000;
        calls.push(found);
    }
}

/// `docker container stop` is `docker stop`.
fn management(call: &mut Call) {
    if !matches!(&*call.program, "docker" | "podman" | "nerdctl") {
        return;
    }
    let sub = call.subcommand().to_owned();
    let then = call.plain().nth(1).unwrap_or_default().to_owned();
    let is_both = match &*sub {
        "container" => !matches!(&*then, "prune" | "ls" | "list" | ""),
        _ => false,
    };
    if is_both && let Some(at) = call.args.iter().position(|word| word.text == sub) {
        call.args.remove(at);
    }
}

/// The text that a program hands on to a shell somewhere else.
fn handed_on(call: &Call) -> Option<String> {
    let texts =
        |words: &[Word]| words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
    let text = match call.program.as_str() {
        "ssh" => {
            const VALUED: [&str; 18] = [
                "-i", "-p", "-l", "-F", "-o", "-L", "-R", "-D", "-J", "-b", "-c", "-E", "-S", "-W",
                "-m", "-e", "-I", "-O",
            ];
            let rest = behind(&call.args, &VALUED, 1);
            if rest.is_empty() { call.input.clone()? } else { texts(rest) }
        }
        "su" | "vagrant" => call.value_of(&["-c", "--command"])?.to_owned(),
        "eval" => texts(&call.args),
        "trap" => call.args.first()?.text.clone(),
        "parallel" => texts(behind(&call.args, &["-j", "-a", "--jobs"], 0)),
        "pdsh" => texts(behind(&call.args, &["-w", "-x", "-l"], 0)),
        "ansible" => call.value_of(&["-a", "--args"])?.to_owned(),
        "at" | "batch" => call.input.clone()?,
        _ => return None,
    };
    Some(text).filter(|text| !text.trim().is_empty())
}

/// The command that a runtime starts in a container: behind `exec NAME`, or behind `--`.
fn inside(call: &Call) -> Vec<Word> {
    const VALUED: [&str; 17] = [
        "-u",
        "--user",
        "-w",
        "--workdir",
        "-e",
        "--env",
        "--env-file",
        "--detach-keys",
        "-n",
        "--namespace",
        "-c",
        "--container",
        "--context",
        "--kubeconfig",
        "-f",
        "--index",
        "-p",
    ];
    let Some(at) =
        call.args.iter().position(|word| matches!(&*word.text, "exec" | "debug" | "run" | "shell"))
    else {
        return Vec::new();
    };
    let (before, rest) = call.args.split_at_checked(at + 1).unwrap_or((&[], &[]));
    // Not a subcommand when another word that is none stands before it.
    let plain_before = before.iter().filter(|word| !word.text.starts_with('-')).count();
    if plain_before > 4 {
        return Vec::new();
    }
    if let Some(dashes) = rest.iter().position(|word| word.text == "--") {
        return rest.get(dashes + 1..).unwrap_or_default().to_vec();
    }
    let is_exec = before.last().is_some_and(|word| word.text == "exec");
    if !is_exec || call.has("compose") && call.program == "kubectl" {
        return Vec::new();
    }
    behind(rest, &VALUED, 1).to_vec()
}

/// What follows a wrapper's own options and arguments.
fn behind<'a>(args: &'a [Word], valued: &[&str], mut n_plain: usize) -> &'a [Word] {
    let mut at = 0;
    while let Some(word) = args.get(at) {
        let text = &word.text;
        if text == "--" {
            at += 1;
            break;
        } else if valued.contains(&text.as_str()) {
            at += 2;
        } else if (text.starts_with('-') && text.len() > 1)
            || (text.contains('=') && !text.contains('/') && n_plain == 0)
        {
            at += 1;
        } else if n_plain > 0 {
            n_plain -= 1;
            at += 1;
        } else {
            break;
        }
    }
    args.get(at..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let calls = calls(&parse(text).unwrap(), &mut Rc::default());
        assert_eq!(calls.iter().map(|call| call.program.as_str()).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn the_program_behind_the_wrappers_is_found() {
        check("sudo -u root rm -rf /", &["rm"]);
        check("sudo timeout --kill-after=5 120 gcore -o x 7", &["gcore"]);
        check("sudo nsenter --target 7 --net -- ss -tuanp", &["nsenter", "ss"]);
        check("sudo bash -c 'setenforce 0; /bin/nc -l 1'", &["bash", "setenforce", "nc"]);
        check("find / -name x -exec rm {} +", &["rm", "find"]);
        check("docker ps -q | xargs docker rm -f", &["docker", "xargs", "docker"]);
        check("FOO=1 env BAR=2 ls", &["ls"]);
        check("sudo bash -s -- 7 x <<'E'\npid=$1\nrm x\nE", &["bash", "rm"]);
        check("ssh -p 2222 ana@web1 'sudo systemctl stop falco'", &["ssh", "systemctl"]);
        check("kubectl -n shop exec web-0 -c web -- sh -c 'nc -l 1'", &["kubectl", "sh", "nc"]);
        check("docker container exec -u root web chmod 777 /x", &["docker", "chmod"]);
        check("su - root -c 'setenforce 0'", &["su", "setenforce"]);
        check("command -v killall && watch -n1 'docker ps'", &["command", "docker"]);
    }
}
