//! The docker commands for real, in the order offered, against a victim in a private docker of its own network namespace.

use cadge::analysis::{Choice, Playbooks, analyze};
use cadge::decode::{Context, Decoder, Item};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

struct Docker {
    folder: tempfile::TempDir,
    daemon: Child,
}

impl Docker {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let at = folder.path().display().to_string();
        let script = format!(
            "ip link set lo up; exec dockerd --data-root {at}/data --exec-root {at}/exec --pidfile {at}/pid -H unix://{at}/sock"
        );
        let log = std::fs::File::create(folder.path().join("log")).expect("a log");
        let daemon = Command::new("unshare")
            .args(["-n", "sh", "-c", &script])
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("unshare is there");
        let docker = Self { folder, daemon };
        // The tests run as root: sudo only has to run what follows it.
        docker.sh(&format!("mkdir {at}/bin && printf '#!/bin/sh\\nexec \"$@\"\\n' > {at}/bin/sudo && chmod +x {at}/bin/sudo"));
        assert!(
            docker.sh("for i in $(seq 150); do docker info >/dev/null 2>&1 && exit 0; sleep 0.2; done; exit 1").0,
            "dockerd did not start: {}",
            std::fs::read_to_string(docker.folder.path().join("log")).unwrap_or_default()
        );
        docker
    }

    /// Runs a line as a person would paste it; root needs no sudo here.
    fn sh(&self, script: &str) -> (bool, String) {
        let output = Command::new("bash")
            .args(["-c", script])
            .env(
                "PATH",
                format!(
                    "{}/bin:{}",
                    self.folder.path().display(),
                    std::env::var("PATH").unwrap_or_default()
                ),
            )
            .env("LC_ALL", "C.UTF-8")
            .env("DOCKER_HOST", format!("unix://{}/sock", self.folder.path().display()))
            .output()
            .expect("bash is there");
        let text = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&text).into_owned())
    }
}

impl Drop for Docker {
    fn drop(&mut self) {
        self.sh("docker ps -aq | xargs -r docker rm -f");
        let pid = std::fs::read_to_string(self.folder.path().join("pid")).unwrap_or_default();
        self.sh(&format!("kill {}", pid.trim()));
        let _ = self.daemon.wait();
    }
}

const VICTIM: &str = r#"
#define _GNU_SOURCE
#include <sys/mman.h>
#include <unistd.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
int main(int argc, char **argv) {
  if (argc > 1) { for (;;) sleep(60); }
  int from = open("/proc/self/exe", O_RDONLY), to = memfd_create("program", 0);
  char buffer[65536]; ssize_t n;
  while ((n = read(from, buffer, sizeof buffer)) > 0) if (write(to, buffer, n) != n) return 1;
  char path[64]; snprintf(path, sizeof path, "/proc/self/fd/%d", to);
  char *arguments[] = {path, "stay", 0}; execv(path, arguments); return 1;
}
"#;

#[test]
fn the_plan_for_a_memory_program_works_in_the_order_offered() {
    let docker = Docker::start();
    let at = docker.folder.path();
    std::fs::write(at.join("victim.c"), VICTIM).expect("written");
    let at_text = at.display().to_string();
    let (ok, said) = docker.sh(&format!(
        "set -e; cd {at_text}; gcc -static -O1 -o victim victim.c; mkdir -p r/bin r/tmp; cp /bin/busybox r/bin/ || cp /usr/bin/busybox r/bin/; cp victim r/bin/; for a in sh sleep ls cat; do ln -sf busybox r/bin/$a; done; tar -C r -c . | docker import -c 'CMD [\"/bin/victim\"]' - lab:1; docker run -d --name victim-1 lab:1; docker inspect --format '{{{{.Id}}}}' victim-1 > id; sleep 1"
    ));
    assert!(ok, "{said}");
    let id = std::fs::read_to_string(at.join("id")).expect("an id");
    let cid: String = id.chars().take(12).collect();
    let record = format!(
        r#"{{"rule":"Fileless execution via memfd_create","priority":"Critical","source":"syscall","time":"2026-03-02T09:14:07Z","output_fields":{{"container.id":"{cid}","container.name":"victim-1","container.type":"docker","evt.type":"execve","evt.res":"SUCCESS","evt.arg.flags":"EXE_WRITABLE|EXE_FROM_MEMFD","proc.name":"4","proc.exepath":"memfd:program","proc.cmdline":"4 stay","proc.pname":"sh"}}}}"#
    );
    let mut decoder = Decoder::new(Arc::new(Context::default()), "test".into());
    let mut entries = Vec::new();
    decoder.push(format!("{record}\n").as_bytes(), &mut entries);
    let Some(Item::Alert(alert)) = entries.into_iter().next().map(|entry| entry.item) else {
        panic!("no alert")
    };
    let analysis = analyze(&alert, &[], &Playbooks::builtin(), &Choice::default());
    let case = format!("/var/lib/falco-triage/20260302-{cid}");
    let _gone_at_the_end = super::lab::Evidence(case.clone());
    let skipped = [
        "falco-validate",
        "seccomp-without-memfd",
        "memfd-noexec",
        "process-ancestry",
        "stop-container",
    ];
    let mut ran = Vec::new();
    let mut undone = Vec::new();
    for step in analysis.steps.iter().filter(|step| !skipped.contains(&step.id.as_str())) {
        let Some(command) = &step.command else { continue };
        let (ok, said) = docker.sh(command);
        assert!(ok, "{}: {command}\n{said}", step.id);
        if step.id == "audit-memfd" {
            let (again, said) = docker.sh(command);
            assert!(again, "loading the same audit rules a second time: {said}");
            let (taken_back, said) = docker.sh(step.undo.as_deref().unwrap_or("false"));
            assert!(taken_back, "{said}");
        }
        ran.push(step.id.as_str());
        if step.phase == cadge::analysis::Phase::Contain {
            undone.extend(step.undo.clone().filter(|undo| !undo.starts_with("none")));
        }
    }
    assert!(
        ran.contains(&"save-exe") && ran.contains(&"pause") && ran.contains(&"export-fs"),
        "{ran:?}"
    );
    // The order rules: export works while paused.
    assert!(docker.sh(&format!("docker export {cid} > {at_text}/paused.tar")).0);
    for undo in undone.iter().rev() {
        let (ok, said) = docker.sh(undo);
        assert!(ok, "{undo}\n{said}");
    }
    let same = docker.sh(&format!("cat {case}/exe-*.bin | sha256sum | cut -d' ' -f1 | grep -qx \"$(sha256sum < {at_text}/victim | cut -d' ' -f1)\""));
    assert!(
        same.0,
        "the recovered program differs: {}",
        docker.sh(&format!("ls -l {case}; sha256sum {case}/exe-* {at_text}/victim")).1
    );
    only_what_is_there_is_evidence(&docker, &cid);
    // A restart policy is given back with its count, also when it was taken away twice.
    for policy in ["on-failure:5", "always", "no"] {
        let (ok, said) = docker.sh(&format!("docker update --restart={policy} victim-1"));
        assert!(ok, "{said}");
        let all =
            super::shells::rendered_with(&[("CREF", &cid), ("CASE", &format!("20260302-{cid}"))]);
        for name in ["stop-respawn.docker", "stop-respawn.docker", "stop-respawn.undo"] {
            let (_, text) = all.iter().find(|(known, _)| known == name).expect("it is there");
            let (ok, said) = docker.sh(text);
            assert!(ok, "{text}\n{said}");
        }
        let shown =
            "{{.HostConfig.RestartPolicy.Name}}:{{.HostConfig.RestartPolicy.MaximumRetryCount}}";
        let (_, said) = docker.sh(&format!("docker inspect --format '{shown}' victim-1"));
        assert!(said.starts_with(policy), "{policy}: {said}");
    }
    let all = super::shells::rendered_with(&[("CREF", &cid)]);
    let (_, text) =
        all.iter().find(|(known, _)| known == "find-runtime.host").expect("it is there");
    assert!(docker.sh(text).1.contains(&format!("docker has {cid}")));
    // Stop with AutoRemove loses everything.
    let (ok, said) = docker.sh("docker run -d --rm --name gone lab:1 && docker stop -t 0 gone && for i in $(seq 50); do docker inspect gone > /dev/null 2>&1 || exit 0; sleep 0.2; done; exit 1");
    assert!(ok, "{said}");
    assert!(Path::new(&case).is_dir());
}

/// A file and a link to it have the file's hash. What is no file, or not there, has none, and a container that is not there
/// takes nothing of what was saved of it before.
fn only_what_is_there_is_evidence(docker: &Docker, cid: &str) {
    let (ok, said) = docker.sh("docker exec victim-1 /bin/busybox sh -c 'busybox mkfifo /tmp/pipe; busybox ln -s /bin/victim /tmp/link; busybox mkdir /tmp/empty'");
    assert!(ok, "{said}");
    let case = format!("20260302-{cid}");
    let of = |name: &str, cref: &str, path: &str| {
        let own = [("CREF", cref), ("CASE", &case), ("PATH", path), ("EXE", path)];
        let mut all = super::shells::rendered_with(&own).into_iter();
        docker.sh(&all.find(|(known, _)| known == name).expect("it is there").1)
    };
    let at = docker.folder.path().display();
    let (_, hash) = docker.sh(&format!("sha256sum < {at}/victim"));
    for path in ["/bin/victim", "/tmp/link"] {
        assert_eq!(of("hash-file-in-container.docker", cid, path), (true, hash.clone()), "{path}");
    }
    for (cref, path) in [
        (cid, "/tmp/pipe"),
        (cid, "/tmp/empty"),
        (cid, "/tmp/nothing"),
        ("aaaaaaaaaaaa", "/bin/victim"),
    ] {
        let (ok, said) = of("hash-file-in-container.docker", cref, path);
        assert!(!ok && !said.contains("  -"), "{cref}:{path}: {said}");
    }
    let (ok, said) = of("which-netcat.docker", cid, "/bin/busybox");
    assert!(ok && said.starts_with("BusyBox v"), "{said}");
    let (ok, said) = of("which-netcat.docker", cid, "/bin/victim");
    assert!(ok && said.contains("no name of a known netcat"), "{said}");
    let (ok, said) = of("which-netcat.docker", cid, "/bin/nothing");
    assert!(!ok && !said.contains("no name of a known netcat"), "{said}");
    // What a container wrote does not reach the terminal that shows it.
    let (ok, said) = docker.sh("docker run --name loud lab:1 /bin/busybox printf 'gr\\303\\274n \\033]52;c;cm0gLXJm\\007\\302\\233\\233\\342\\200\\256 end\\n' && docker exec victim-1 /bin/busybox touch \"$(printf '/tmp/\\033[2Jx')\"");
    assert!(ok, "{said}");
    let own = [("CREF", "loud"), ("T0", "2020-01-01T00:00:00Z"), ("T1", "2099-01-01T00:00:00Z")];
    let mut all = super::shells::rendered_with(&own).into_iter();
    let (_, text) = all.find(|(known, _)| known == "container-logs.docker").expect("it is there");
    let (ok, said) = docker.sh(&text);
    assert!(ok && said.ends_with(" grün ?]52;c;cm0gLXJm???? end\n"), "{said:?}");
    let (ok, said) = of("fs-changes.docker", cid, "/x");
    assert!(ok && said.contains("/tmp/?[2Jx\n") && !said.contains('\u{1b}'), "{said:?}");
    let sums =
        || docker.sh(&format!("cd /var/lib/falco-triage/{case} && sha256sum *.json *.log *.tar"));
    let (ok, before) = sums();
    assert!(ok, "{before}");
    for name in ["save-inspect", "save-logs", "export-fs", "copy-file-out", "save-exe", "save-proc"]
    {
        let (ok, said) = of(&format!("{name}.docker"), "aaaaaaaaaaaa", "/bin/victim");
        assert!(!ok && said.contains("aaaaaaaaaaaa"), "{name}: {said}");
    }
    assert_eq!(sums().1, before);
}
