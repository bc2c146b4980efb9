//! The host commands for real, against a process with a network, mounts and pids of its own.

use super::lab::{Evidence, Lab};
use super::shells::{rendered, rendered_with};

/// Ends the process that the commands were tried on, however the test ended.
struct Ended<'a>(&'a Lab);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.sh("kill -9 $(cat pid outer); for i in $(seq 50); do rmdir $(cat group) && exit; sleep 0.1; done");
    }
}

#[test]
fn host_commands_work_in_the_order_offered() {
    let lab = Lab::new();
    lab.root();
    let _ended = Ended(&lab);
    lab.must("start", "ln -s /etc/shadow r/etc/link; ln -s /etc r/etc/folder; mkdir r/opt; ln -s ../etc r/opt/etc; mkfifo r/opt/pipe; unshare --net --mount --pid --fork sh -c 'mount --bind r r && cd r && mount --move . / && exec chroot . /bin/sleep 600' > /dev/null 2>&1 & echo $! > outer; for i in $(seq 50); do pgrep -P \"$(cat outer)\" > pid && exit 0; sleep 0.1; done; exit 1");
    lab.must("sleeps", "for i in $(seq 50); do [ \"$(cat /proc/$(cat pid)/comm)\" = sleep ] && exit 0; sleep 0.1; done; exit 1");
    let pid = lab.must("pid", "cat pid");
    let pid = pid.trim();
    let case = format!("20260302-host{pid}");
    let _gone_at_the_end = Evidence(format!("/var/lib/falco-triage/{case}"));
    let cid = format!("{:012x}", std::process::id());
    let own = [
        ("PID", pid),
        ("PNAME", "sleep"),
        // The process was there before the alert.
        ("SEEN", "9999999999"),
        ("CASE", &*case),
        ("CID", &*cid),
        ("PATH", "/etc/motd"),
        ("EXE", "/bin/busybox"),
    ];
    // The id is another program's now: nothing is stopped, and that is said.
    for (named, seen) in [("x'$(kill) ;y", "9999999999"), ("sleep", "1772442907")] {
        let other = rendered_with(&[("PID", pid), ("PNAME", named), ("SEEN", seen)]);
        for name in ["pause.host", "kill-process.host"] {
            let (_, text) = other.iter().find(|(known, _)| known == name).expect("it is there");
            assert!(lab.must(name, text).contains("nothing was done"), "{text}");
            let state = lab.must("state", &format!("grep State /proc/{pid}/status"));
            assert!(state.contains("sleeping"), "{state}");
        }
    }
    // One that shares the host's network, and one that is gone, are told apart from a private one.
    let network = |pid: &str| {
        let all = rendered_with(&[("PID", pid)]);
        let (_, text) =
            all.iter().find(|(known, _)| known == "netns-is-private.host").expect("it is there");
        lab.sh(text).1
    };
    assert!(network(&std::process::id().to_string()).contains("HOST network"));
    assert!(!network("4194300").contains("private"));
    // The kernel follows a link with an absolute path from the host's root; the process follows it from its own.
    let hash = |path: &str| {
        let all = rendered_with(&[("PID", pid), ("PATH", path), ("CASE", &case), ("CID", &cid)]);
        let mut all = all.into_iter();
        all.find(|(known, _)| known == "hash-file-in-container.host").expect("it is there").1
    };
    // What is not in the container is not taken for it, and its network is left alone.
    let refusal = format!("is not in container {cid}");
    assert!(lab.sh(&hash("/etc/motd")).1.contains(&refusal));
    let all = rendered_with(&[("PID", pid), ("CID", &cid), ("CASE", &case)]);
    for name in ["drop-in-netns.host", "export-fs.host"] {
        let (_, text) = all.iter().find(|(known, _)| known == name).expect("it is there");
        assert!(lab.must(name, text).contains(&refusal), "{text}");
    }
    lab.must("group", &format!("for d in /sys/fs/cgroup/pids /sys/fs/cgroup; do if [ -e $d/cgroup.procs ]; then mkdir $d/lab-{cid} && echo $d/lab-{cid} > group && echo {pid} > $d/lab-{cid}/cgroup.procs && exit 0; fi; done; exit 1"));
    for (path, inside) in [
        ("/etc/link", false),
        ("/opt/pipe", false),
        ("/etc/folder/shadow", false),
        ("/etc/folder/motd", true),
        ("/opt/etc/motd", true),
    ] {
        let (ok, said) = lab.sh(&hash(path));
        // `printf 'a\\n' | sha256sum`
        let is_right =
            said.starts_with("87428fc522803d31065e7bce3cf03fe475096631e5e07bbd7a0fde60c4cf25c7");
        assert_eq!((ok, is_right), (inside, inside), "{path}: {said}");
        assert_eq!(said.contains("nothing was read"), !inside, "{path}: {said}");
    }
    lab.run_all(
        &[
            "list-processes.host",
            "process-facts.host",
            "process-ancestry.host",
            "connections.host",
            "hash-file-in-container.host",
            "which-netcat.host",
            "case-dir.host",
            "case-dir.undo",
            "save-exe.host",
            "save-proc.host",
            "save-memory.host",
            "capture-traffic.host",
            "copy-file-out.host",
            "export-fs.host",
            "netns-is-private.host",
            "drop-in-netns.host",
            "drop-in-netns.undo-host",
            "pause.host",
            "save-memory-frozen.host",
            "pause.undo-host",
            "copy-host-file.host",
            "hash-evidence.host",
            "kill-process.host",
        ],
        &own,
    );
    let hidden = format!("/var/lib/falco-triage/{case}/file-x");
    assert!(lab.must("copied", &format!("cat {hidden}")).starts_with('a'));
    lab.must("exe", &format!("cmp r/bin/busybox /var/lib/falco-triage/{case}/exe-{pid}.bin && test -s /var/lib/falco-triage/{case}/core-*.{pid}"));
}

/// A pipe that nobody writes into would keep who reads it for ever.
#[test]
fn what_reads_a_file_of_the_host_waits_for_no_pipe() {
    let lab = Lab::new();
    let case = format!("20260302-pipe{}", std::process::id());
    let _gone_at_the_end = Evidence(format!("/var/lib/falco-triage/{case}"));
    let pipe = lab.path().join("pipe").display().to_string();
    lab.must("pipe", "mkfifo pipe");
    let own = [("PATH", &*pipe), ("LOOSE", &*pipe), ("CASE", &*case), ("FILE", "pipe")];
    for (name, text) in rendered_with(&own).iter().filter(|(_, text)| text.contains(&pipe)) {
        std::fs::write(lab.path().join("t.sh"), text).expect("written");
        if !text.contains("docker") && !text.contains("podman") && !text.contains("kubectl") {
            let (_, said) = lab.sh("timeout 10 bash t.sh; [ $? != 124 ] && echo ended");
            assert!(said.lines().any(|line| line == "ended"), "{name}: {said}");
        }
    }
}

/// A process may have the name and the arguments that it likes; what shows them neither acts on them nor takes them for
/// lines of its own.
#[test]
fn what_a_process_calls_itself_reaches_no_terminal_and_makes_no_line() {
    let lab = Lab::new();
    let _ended = Ended(&lab);
    let name = r"\033[2J\342\200\256\233\303\274";
    lab.must("start", &format!("mkdir g; echo g > group; bash -c 'exec 3<> /dev/udp/127.0.0.1/9; printf \"{name}\" > /proc/$$/comm; echo $$ > pid; while :; do sleep 600; done' evil $'\\nCapEff:\\t0\\n\\e[2J\\u202e\\x9b\\u009b end' > /dev/null 2>&1 & echo $! > outer; for i in $(seq 50); do [ -s pid ] && sleep 0.2 && exit 0; sleep 0.1; done; exit 1"));
    let pid = lab.must("pid", "cat pid");
    let pid = pid.trim();
    let now = lab.must("now", "echo $(($(date +%s) + 60))");
    let shown = |name: &str, seen: &str| {
        let all = rendered_with(&[("PID", pid), ("COMM", "bash"), ("SEEN", seen)]);
        let (_, text) = all.iter().find(|(known, _)| known == name).expect("it is there");
        let script = format!("{{ {text}\n}} > out 2> err; echo $?; cat -v err");
        let said = lab.must(name, &format!("LC_ALL=C.UTF-8; export LC_ALL; {script}"));
        let out = std::fs::read(lab.path().join("out")).expect("written");
        let out = String::from_utf8(out).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(!out.contains(['\u{1b}', '\u{202e}', '\u{9b}']), "{name}: {out:?}");
        (said, out)
    };
    for name in
        ["connections.host", "process-facts.host", "list-processes.host", "process-ancestry.host"]
    {
        let (said, out) = shown(name, now.trim());
        assert!(said == "0\n" && out.contains("[2J"), "{name}: {said}{out}");
        let (said, _) = shown(name, "1772442907");
        assert!(said.contains(&format!("process {pid} began after the alert")), "{name}: {said}");
    }
    let (_, out) = shown("connections.host", now.trim());
    assert!(out.contains("[2J?\u{fc}") || out.contains("[2J??\u{fc}"), "{out:?}");
    let (_, out) = shown("process-facts.host", now.trim());
    assert!(out.lines().any(|line| line.starts_with("args: bash -c ")), "{out}");
    assert_eq!(out.lines().filter(|line| line.starts_with("CapEff:")).count(), 1, "{out}");
}

#[test]
fn an_account_that_was_locked_is_given_back_as_it_was() {
    let lab = Lab::new();
    lab.program("loginctl", "exit 0");
    let all = rendered_with(&[("USER", "jane")]);
    for (name, file) in [("lock-user.host", "lock.sh"), ("lock-user.undo", "undo.sh")] {
        let (_, text) = all.iter().find(|(known, _)| known == name).expect("it is there");
        std::fs::write(lab.path().join(file), text).expect("written");
    }
    // A machine of its own, as far as accounts go.
    let script = |key: &str, ends: &str| {
        format!(
            "rm -rf etc lib && cp -a /etc etc && mkdir lib && \
             echo 'jane:x:61234:61234::/nonexistent:/bin/sh' >> etc/passwd && \
             echo 'jane:{key}:20000:0:99999:7::{ends}:' >> etc/shadow && \
             unshare --mount sh -c 'mount --bind etc /etc && mount --bind lib /var/lib && \
             bash lock.sh && bash lock.sh && grep ^jane: /etc/shadow && bash undo.sh && grep ^jane: /etc/shadow'"
        )
    };
    for (key, ends) in
        [("$y$j9T$x$y", "20700"), ("$y$j9T$x$y", ""), ("!$y$j9T$x$y", "20700"), ("!", "")]
    {
        let said = lab.must("account", &script(key, ends));
        let lines: Vec<_> = said.lines().filter(|line| line.starts_with("jane:")).collect();
        let locked = format!("jane:!{}:20000:0:99999:7::1:", key.trim_start_matches('!'));
        assert_eq!(lines, [locked, format!("jane:{key}:20000:0:99999:7::{ends}:")], "{said}");
    }
}

/// Two records as login writes them: in at eight, out at ten.
#[test]
fn who_was_there_is_shown_though_the_login_was_long_before() {
    let lab = Lab::new();
    let record = |kind: u8, user: &str, seconds: u32| {
        let mut record = [0_u8; 384];
        record[0] = kind;
        record[4] = 100;
        record[8..13].copy_from_slice(b"pts/1");
        record[40..44].copy_from_slice(b"ts/1");
        record[44..44 + user.len()].copy_from_slice(user.as_bytes());
        record[340..344].copy_from_slice(&seconds.to_le_bytes());
        record
    };
    // 2026-03-02T08:00:00Z
    let eight = 1_772_438_400;
    let records = [record(7, "jane", eight), record(8, "", eight + 7200)].concat();
    std::fs::write(lab.path().join("wtmp"), records).expect("written");
    let real = lab.must("last", "command -v last");
    lab.program(
        "last",
        &format!("exec {} --file {}/wtmp \"$@\"", real.trim(), lab.path().display()),
    );
    let shown = |at: &str| {
        let all = rendered_with(&[("AT", at)]);
        let (_, text) = all.iter().find(|(name, _)| name == "who-logged-in.host").expect("there");
        lab.must("who", text).contains("jane")
    };
    assert!(shown("2026-03-02T09:14:07Z"));
    assert!(!shown("2026-03-02T07:14:07Z") && !shown("2026-03-02T11:14:07Z"));
}

#[test]
fn times_are_read_by_journalctl_last_and_ausearch() {
    let lab = Lab::new();
    for (name, text) in rendered() {
        if !["journalctl ", "last --", "ausearch "].iter().any(|program| text.contains(program)) {
            continue;
        }
        let (_, said) = lab.sh(&text);
        for bad in
            ["Failed to parse", "invalid", "unrecognized", "unrecognised", "Error parsing", "usage"]
        {
            assert!(!said.to_lowercase().contains(&bad.to_lowercase()), "{name}: {text}\n{said}");
        }
    }
}
