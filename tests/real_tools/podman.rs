//! The podman commands for real, in a storage of their own.
//!
//! Where cgroups are mixed, crun refuses to run and default limits cannot be set: runc and small limits are named.

use super::lab::{Evidence, Lab};

#[test]
fn podman_commands_work_in_the_order_offered() {
    let lab = Lab::new();
    lab.root();
    let at = lab.path().display().to_string();
    lab.program("podman", &format!("exec /usr/bin/podman --root {at}/root --runroot {at}/run --tmpdir {at}/tmp --runtime runc --storage-driver vfs --events-backend file \"$@\""));
    lab.must("import", "podman import -c 'CMD [\"/bin/sleep\",\"600\"]' r.tar lab:1");
    lab.must("run", "podman run -d --name victim --network none --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 lab:1 /bin/sh -c 'echo hello; sleep 600'");
    let id = lab.must("id", "podman inspect --format '{{.Id}}' victim");
    let id: String = id.trim().chars().take(12).collect();
    let case = format!("20260302-{id}");
    let _gone_at_the_end = Evidence(format!("/var/lib/falco-triage/{case}"));
    let own = [
        ("CREF", &*id),
        ("CASE", &*case),
        ("PATH", "/etc/motd"),
        ("CNAME", "victim"),
        ("CID", &*id),
    ];
    lab.run_all(
        &[
            "identify-container.podman",
            "find-container.podman",
            "resolve-pid.podman",
            "list-processes.podman",
            "connections.podman",
            "fs-changes.podman",
            "container-logs.podman",
            "container-gone.podman",
            "hash-file-in-container.podman",
            "case-dir.host",
            "save-inspect.podman",
            "save-logs.podman",
            "save-exe.podman",
            "save-proc.podman",
            "save-memory.podman",
            "capture-traffic.podman",
            "copy-file-out.podman",
            "netns-is-private.podman",
            "list-networks.podman",
            "pause.podman",
            // The order rule: export works while paused.
            "export-fs.podman",
            "pause.undo-podman",
            "commit-image.podman",
            "commit-image.undo-podman",
            "drop-in-netns.podman",
            "drop-in-netns.undo-podman",
            "hash-evidence.host",
            "stop-container.podman",
            "stop-container.undo-podman",
            "stop-container.podman",
            "remove-container.podman",
        ],
        &own,
    );
    lab.must("evidence", &format!("test -s /var/lib/falco-triage/{case}/rootfs.tar && grep -q hello /var/lib/falco-triage/{case}/container.log"));
    lab.sh("podman rm -fa -t 0");
}
