//! The host commands for real, against a process with a network, mounts and pids of its own.

use super::lab::{Evidence, Lab};
use super::shells::{rendered, rendered_with};

/// Ends the process that the commands were tried on, however the test ended.
struct Ended<'a>(&'a Lab);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.sh("kill -9 $(cat pid outer)");
    }
}

#[test]
fn host_commands_work_in_the_order_offered() {
    let lab = Lab::new();
    lab.root();
    let _ended = Ended(&lab);
    lab.must("start", "unshare --net --mount --pid --fork chroot r /bin/sleep 600 > /dev/null 2>&1 & echo $! > outer; for i in $(seq 50); do pgrep -P \"$(cat outer)\" > pid && exit 0; sleep 0.1; done; exit 1");
    let pid = lab.must("pid", "cat pid");
    let pid = pid.trim();
    let case = format!("20260302-host{pid}");
    let _gone_at_the_end = Evidence(format!("/var/lib/falco-triage/{case}"));
    let own = [
        ("PID", pid),
        ("PNAME", "sleep"),
        ("CASE", &*case),
        ("PATH", "/etc/motd"),
        ("EXE", "/bin/busybox"),
    ];
    // The id is another program's now: nothing is stopped, and that is said.
    let other = rendered_with(&[("PID", pid), ("PNAME", "x'$(kill) ;y")]);
    for name in ["pause.host", "kill-process.host"] {
        let (_, text) = other.iter().find(|(known, _)| known == name).expect("it is there");
        assert!(lab.must(name, text).contains("nothing was done"), "{text}");
        let state = lab.must("state", &format!("grep State /proc/{pid}/status"));
        assert!(state.contains("sleeping"), "{state}");
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
    lab.must("exe", &format!("cmp r/bin/busybox /var/lib/falco-triage/{case}/exe-{pid}.bin && test -s /var/lib/falco-triage/{case}/core.{pid}"));
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
