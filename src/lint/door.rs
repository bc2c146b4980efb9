//! Rules L: commands that open a door, or run what came through one.

use super::call::{Call, SHELLS};

/// Whether a program is one of the netcats.
pub fn is_netcat(program: &str) -> bool {
    matches!(program, "nc" | "ncat" | "netcat" | "nc.traditional" | "nc.openbsd")
}

/// Judges one command.
pub fn judge(call: &Call, say: &mut impl FnMut(&'static str)) {
    let text = call.words();
    let upper = text.to_ascii_uppercase();
    let (listens, runs) = match call.program.as_str() {
        name if is_netcat(name) => (
            cluster(call, 'l') || call.option(None, "listen"),
            cluster(call, 'e')
                || cluster(call, 'c')
                || ["exec", "sh-exec", "lua-exec"].iter().any(|long| call.option(None, long)),
        ),
        "socat" | "socat1" => {
            let listens = upper.contains("LISTEN:")
                && !(upper.contains("UNIX-LISTEN")
                    && !upper.contains("TCP")
                    && !upper.contains("UDP"));
            (listens, upper.contains("EXEC:") || upper.contains("SYSTEM:"))
        }
        _ => (false, false),
    };
    match (listens, runs) {
        (true, true) => say("L01"),
        (false, true) => say("L02"),
        (true, false) => say("L03"),
        _ => {}
    }
    if is_listener(call, &text) {
        say("L03");
    }
    if interpreter_shell(call) || device(call) {
        say("L02");
    }
}

/// A letter in the short options of netcat, not in the value of another one (`-w3`, `-p8080`, `-s addr`).
fn cluster(call: &Call, letter: char) -> bool {
    call.args.iter().any(|word| {
        word.text.strip_prefix('-').is_some_and(|letters| {
            !letters.starts_with('-')
                && letters
                    .chars()
                    .take_while(|c| !"iIOpPqsTVwXxgGmMoW".contains(*c) || *c == letter)
                    .any(|c| c == letter)
        })
    })
}

fn is_listener(call: &Call, text: &str) -> bool {
    let everywhere = |text: &str| text.contains("0.0.0.0") || text.contains("::");
    match call.program.as_str() {
        "python" | "python2" | "python3" => {
            text.contains("-m http.server")
                || text.contains("SimpleHTTPServer")
                || text.contains("-m pyftpdlib")
                || text.contains("-m smtpd")
        }
        "php" => call.has("-S"),
        "ruby" => text.contains("-run") && text.contains("httpd") || text.contains("-rwebrick"),
        "busybox" | "httpd" | "telnetd" | "ftpd" | "tftpd" => {
            call.program == "httpd" && (call.has("-p") || call.has("-f"))
                || matches!(&*call.program, "telnetd" | "ftpd" | "tftpd")
        }
        "npx" => call.plain().next().is_some_and(|name| matches!(name, "http-server" | "serve")),
        "http-server" | "darkhttpd" | "webfsd" | "twistd" => true,
        "openssl" => call.has("s_server"),
        "iperf" | "iperf3" => call.has("-s"),
        "kubectl" => {
            matches!(call.subcommand(), "port-forward" | "proxy")
                && call
                    .value_of(&["--address"])
                    .is_some_and(|address| address != "127.0.0.1" && address != "localhost")
        }
        "dockerd" => text.contains("tcp://") && !text.contains("tcp://127.0.0.1"),
        "sshd" => call.has("-p") || call.has("-D"),
        "ssh" => call.value_of(&["-R"]).is_some_and(everywhere),
        "rsync" => call.has("--daemon"),
        _ => false,
    }
}

/// A shell bound to a socket by an interpreter's one-liner, or by a pipe with a name.
fn interpreter_shell(call: &Call) -> bool {
    let code = call.args.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
    let program = call.program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    let starts_shell =
        ["/bin/sh", "/bin/bash", "pty.spawn", "cmd.exe", "\"sh\"", "'sh'", "os.dup2", "\"bash\""]
            .iter()
            .any(|word| code.contains(word));
    match program {
        "python" | "perl" | "ruby" | "php" | "lua" | "node" | "nodejs" => {
            let socket = ["socket", "Socket", "fsockopen", "TCPSocket", "net.connect", "io.popen"]
                .iter()
                .any(|word| code.contains(word));
            call.has_any(&["-c", "-e", "-r", "-rsocket", "-MIO"]) && socket && starts_shell
        }
        "awk" | "gawk" | "mawk" => code.contains("/inet/tcp/") || code.contains("/inet/udp/"),
        _ => false,
    }
}

/// Bash's own sockets. Opening one and sending nothing is how a port is looked at.
fn device(call: &Call) -> bool {
    let names = |text: &str| text.contains("/dev/tcp/") || text.contains("/dev/udp/");
    let redirected = call.redirects.iter().any(|to| names(&to.target));
    let looks = matches!(&*call.program, ":" | "true" | "echo" | "cat" | "")
        && call.args.iter().all(|word| word.text.is_empty() || word.text == "-n")
        && call.redirects.iter().all(|to| {
            names(&to.target) && (to.writes || call.program.is_empty())
                || to.target == "/dev/null"
                || to.target.starts_with('&')
        });
    let is_code = SHELLS.contains(&&*call.program) || call.program == "exec";
    redirected && !looks
        || is_code
            && call.args.iter().any(|word| {
                names(&word.text)
                    && (word.text.contains(">&")
                        || word.text.contains("<&")
                        || word.text.contains("exec"))
            })
}

/// Rules about what is piped where: L02 and L04. The calls of one pipeline in order.
pub fn pipeline(calls: &[&Call], say: &mut impl FnMut(&'static str, &Call)) {
    let runs = |call: &Call| {
        let reads_input = call.plain().next().is_none_or(|arg| arg == "-")
            || call.has("-s")
            || call.has("/dev/stdin");
        let is_interpreter = SHELLS.contains(&&*call.program)
            || matches!(
                &*call.program,
                "python" | "python2" | "python3" | "perl" | "ruby" | "node" | "php"
            );
        is_interpreter && reads_input && !call.has("-c")
            || matches!(&*call.program, "source" | ".") && call.has("/dev/stdin")
    };
    let brings = |call: &Call| {
        matches!(&*call.program, "curl" | "wget" | "fetch" | "lwp-download" | "aria2c")
            || matches!(&*call.program, "base64" | "base32" | "xxd")
                && (call.option(Some('d'), "decode") || call.has("-r"))
            || call.program == "openssl" && call.has("-d")
    };
    let Some(at) = calls.iter().position(|call| brings(call)) else {
        // A shell between two ends of a connection: `cat pipe | sh -i | nc host port > pipe`.
        let net = calls.iter().position(|call| {
            is_netcat(&call.program)
                || matches!(&*call.program, "telnet" | "socat")
                || call.program == "openssl" && call.has("s_client")
        });
        let shell = calls.iter().position(|call| {
            SHELLS.contains(&&*call.program) && !call.has("-c") && call.plain().next().is_none()
        });
        if let (Some(net), Some(_)) = (net, shell)
            && let Some(call) = calls.get(net)
        {
            let listens = cluster(call, 'l') && is_netcat(&call.program);
            say(if listens { "L01" } else { "L02" }, call);
        }
        return;
    };
    if let Some(first) = calls.get(at)
        && calls.iter().skip(at + 1).any(|call| runs(call))
    {
        say("L04", first);
    }
}

/// L04 over several commands: what was downloaded is run, and nothing looked at it in between.
pub fn downloaded(calls: &[Call], say: &mut impl FnMut(&'static str, &Call)) {
    let mut files: Vec<(String, usize)> = Vec::new();
    for (at, call) in calls.iter().enumerate() {
        let is_get = matches!(&*call.program, "curl" | "wget");
        if is_get
            && call.read_by.as_deref().is_some_and(|name| {
                SHELLS.contains(&name)
                    || matches!(
                        name,
                        "eval"
                            | "source"
                            | "."
                            | "python3"
                            | "python"
                            | "perl"
                            | "ruby"
                            | "sudo"
                            | "env"
                    )
            })
        {
            say("L04", call);
        }
        if is_get {
            let name = call
                .value_of(&["-o", "--output", "-O", "--output-document"])
                .filter(|name| !name.contains("://") && !name.starts_with('-'))
                .map(str::to_owned)
                .or_else(|| {
                    call.redirects
                        .iter()
                        .find(|to| to.writes && to.fd.is_none_or(|fd| fd == 1))
                        .map(|to| to.target.clone())
                })
                .or_else(|| {
                    let url = call.plain().find(|arg| arg.contains("://"))?;
                    let saves =
                        call.program == "wget" || cluster(call, 'O') || call.has("--remote-name");
                    saves.then(|| url.rsplit('/').next().unwrap_or_default().to_owned())
                });
            files.extend(
                name.filter(|name| !name.is_empty()).map(|name| (base(&name).to_owned(), at)),
            );
            continue;
        }
        let looked = matches!(
            &*call.program,
            "sha256sum"
                | "sha512sum"
                | "sha1sum"
                | "md5sum"
                | "shasum"
                | "gpg"
                | "gpgv"
                | "cosign"
                | "minisign"
                | "less"
                | "cat"
                | "diff"
                | "openssl"
                | "b2sum"
                | "signify"
                | "rpm"
        );
        if looked {
            files.clear();
        }
        let run = if SHELLS.contains(&&*call.program)
            || matches!(&*call.program, "python" | "python3" | "perl" | "ruby" | "source" | ".")
        {
            call.plain().next()
        } else {
            Some(&*call.path).filter(|path| path.contains('/'))
        };
        if let Some(run) = run
            && files.iter().any(|(name, _)| name == base(run))
        {
            say("L04", call);
        }
    }
}

fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
