//! Which program a command really starts: behind `sudo`, `timeout`, `nsenter … --`, `xargs`, `find -exec`, `sh -c '…'`.

use super::shell::{Command, Redirect, Word, parse};

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
    pub read_by: Option<String>,
    /// Variables set before it in the same text.
    pub known: Vec<String>,
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

/// Every program that the commands start.
pub fn calls(commands: &[Command]) -> Vec<Call> {
    let mut calls = Vec::new();
    let mut known: Vec<String> = Vec::new();
    for command in commands {
        known.extend(command.assigns.iter().cloned());
        if matches!(
            command.words.first().map(|w| &*w.text),
            Some("read" | "export" | "local" | "declare" | "readonly")
        ) {
            known.extend(
                command
                    .words
                    .iter()
                    .skip(1)
                    .map(|word| word.text.split('=').next().unwrap_or_default().to_owned()),
            );
        }
        let call = Call {
            line: command.line,
            redirects: command.redirects.clone(),
            input: command.input.clone(),
            pipeline: command.pipeline,
            is_otherwise: command.is_otherwise,
            read_by: command.read_by.clone(),
            known: known.clone(),
            ..Call::default()
        };
        unwrap(&call, &command.words, &mut calls, 0);
    }
    calls
}

/// Programs that start another one: options of theirs that take a value, and how many plain arguments come first.
const WRAPPERS: &[(&str, &[&str], usize)] = &[
    ("sudo", &["-u", "-g", "-C", "-h", "-p", "-U", "-r", "-t", "-D", "-R", "--user", "--group"], 0),
    ("doas", &["-u", "-C"], 0),
    ("env", &["-u", "-C", "--unset", "--chdir"], 0),
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

fn unwrap(like: &Call, words: &[Word], calls: &mut Vec<Call>, depth: usize) {
    let Some((first, args)) = words.split_first() else { return };
    let program = first.text.rsplit('/').next().unwrap_or_default().to_owned();
    let call = Call { program, path: first.text.clone(), args: args.to_vec(), ..like.clone() };
    let inner = Call { by_sudo: like.by_sudo || call.program == "sudo", ..like.clone() };
    let wrapper = WRAPPERS.iter().find(|(name, ..)| *name == call.program);
    if depth > 8 {
        return calls.push(call);
    }
    if let Some((_, valued, n_plain)) = wrapper {
        let rest = behind(args, valued, *n_plain);
        let is_only = rest.is_empty();
        if call.program == "xargs" || is_only || call.program == "nsenter" {
            calls.push(Call {
                args: args.get(..args.len() - rest.len()).unwrap_or_default().to_vec(),
                ..call
            });
        }
        return unwrap(&inner, rest, calls, depth + 1);
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
        "sh" | "bash" | "dash" | "zsh" | "ash" | "ksh" => {
            let script = args.iter().position(|word| {
                word.text.starts_with('-')
                    && !word.text.starts_with("--")
                    && word.text.ends_with('c')
            });
            let text = script.and_then(|at| args.get(at + 1)).map(|word| word.text.clone());
            let document = call.input.clone().filter(|_| text.is_none() && call.pipeline.1 == 0);
            if let Some(Ok(commands)) = text.or(document).map(|text| parse(&text)) {
                calls.push(call);
                // What the inner shell redirects is done with the rights it has.
                for mut found in self::calls(&commands) {
                    found.line = like.line;
                    calls.push(found);
                }
                return;
            }
        }
        _ => {}
    }
    calls.push(call);
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
        let calls = calls(&parse(text).unwrap());
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
    }
}
