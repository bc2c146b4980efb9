//! The ctr commands for real, against a containerd of its own.

use super::lab::{Evidence, Lab};
use std::process::{Child, Command, Stdio};

struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn ctr_commands_work_in_the_order_offered() {
    let lab = Lab::new();
    lab.root();
    let at = lab.path().display().to_string();
    std::fs::write(
        lab.path().join("config.toml"),
        format!("version = 2\nroot = \"{at}/root\"\nstate = \"{at}/state\"\ndisabled_plugins = [\"io.containerd.grpc.v1.cri\"]\n[grpc]\naddress = \"{at}/sock\"\n[ttrpc]\naddress = \"{at}/ttrpc\"\n"),
    )
    .expect("written");
    let log = std::fs::File::create(lab.path().join("log")).expect("a log");
    let daemon = Command::new("containerd")
        .args(["--config", &format!("{at}/config.toml")])
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .expect("containerd is missing: run tests/tools/install.sh");
    let _daemon = Daemon(daemon);
    let real = lab.must("ctr", "command -v ctr");
    lab.program("ctr", &format!("exec {} --address {at}/sock \"$@\"", real.trim()));
    lab.must("start", "for i in $(seq 100); do ctr version >/dev/null 2>&1 && exit 0; sleep 0.2; done; cat log; exit 1");
    // An image as an archive, from podman, which needs no daemon.
    lab.must("image", &format!("p() {{ podman --root {at}/p --runroot {at}/prun --tmpdir {at}/ptmp --storage-driver vfs \"$@\"; }}; p import -c 'CMD [\"/bin/sleep\",\"600\"]' r.tar lab:1 && p save -o image.tar lab:1 && ctr --namespace k8s.io images import image.tar"));
    let full = "7d01f2a4c9be".to_owned() + &"0123456789abcdef".repeat(4)[..52];
    lab.must("run", &format!("image=$(ctr --namespace k8s.io images ls -q | head -n 1); ctr --namespace k8s.io run -d \"$image\" {full} /bin/sh -c 'echo b > /tmp/new; sleep 600'"));
    let id: String = full.chars().take(12).collect();
    let case = format!("20260302-{id}");
    let _gone_at_the_end = Evidence(format!("/var/lib/falco-triage/{case}"));
    let own = [("CID_FULL", &*full), ("CID", &*id), ("CASE", &*case)];
    let names = [
        "identify-container.ctr",
        "resolve-full-id.ctr",
        "resolve-pid.ctr",
        "fs-changes.ctr",
        "case-dir.host",
        "save-inspect.ctr",
        "pause.ctr",
        "export-fs.ctr",
        "pause.undo-ctr",
    ];
    lab.run_all(&names, &own);
    let listed =
        lab.must("evidence", &format!("tar -tzf /var/lib/falco-triage/{case}/upper.tar.gz"));
    assert!(listed.contains("tmp/new"), "{listed}");
    let (ok, said) = lab.sh(&format!("ctr --namespace k8s.io tasks pause {id}"));
    assert!(!ok, "ctr takes a short id now: {said}");
    lab.sh(&format!("ctr --namespace k8s.io tasks kill --signal SIGKILL {full}; sleep 1; ctr --namespace k8s.io containers rm {full}"));
}
