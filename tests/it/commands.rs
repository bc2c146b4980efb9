//! Commands that a person pastes into a root shell: tried in a shell, with stubs and a folder in the place of the machine.

mod undo;

use cadge::analysis::catalogue::PerVariant;
use cadge::analysis::{Playbooks, written};
use std::os::fd::AsRawFd;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

/// A command of the catalogue and its way back, with values of one's own, or the catalogue's examples.
fn rendered(id: &str, variant: &str, own: &[(&str, &str)]) -> (String, String) {
    static PLAYBOOKS: LazyLock<Playbooks> = LazyLock::new(Playbooks::builtin);
    let catalogue = PLAYBOOKS.catalogue();
    let command = catalogue.command(id).unwrap();
    let undo = command.undo.as_ref().and_then(|undo| match undo {
        PerVariant::All(text) => Some(text.as_str()),
        PerVariant::Each(_) => undo.of(variant),
    });
    let fill = |template: &str| {
        let mut text = template.to_owned();
        for (name, input) in &catalogue.inputs {
            let value = own.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
            let word = written(value.unwrap_or(&input.example), input).unwrap();
            text = text.replace(&format!("@{name}@"), &word);
        }
        text
    };
    (fill(command.variants.get(variant).unwrap()), fill(undo.unwrap_or_default()))
}

/// Runs a command as a person would paste it, with the programs of `folder/bin` before all others; sudo is not needed.
#[expect(clippy::disallowed_methods, reason = "commands are tried in a shell, with stubs")]
pub fn run(folder: &Path, command: &str) -> (bool, String) {
    let bin = folder.join("bin");
    std::fs::create_dir_all(&bin).unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let output = Command::new("sh")
        .args(["-c", &format!("sudo() {{ \"$@\"; }}\n{command}")])
        .current_dir(folder)
        .env("PATH", path)
        .env("HOME", folder)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

pub fn program(folder: &Path, name: &str, script: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::create_dir_all(folder.join("bin")).unwrap();
    let path = folder.join("bin").join(name);
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// The lines of `mountinfo` about the mount on which a file lies: all that a container with that one mount has.
fn mount_of(path: &Path) -> String {
    let file = std::fs::File::open(path).unwrap();
    let own = std::fs::read_to_string(format!("/proc/self/fdinfo/{}", file.as_raw_fd())).unwrap();
    let id = own.lines().find_map(|line| line.strip_prefix("mnt_id:")).unwrap().trim();
    let all = std::fs::read_to_string("/proc/self/mountinfo").unwrap();
    all.lines().filter(|line| line.split(' ').next() == Some(id)).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_link_in_a_container_does_not_lead_to_a_file_of_the_host() {
    let folder = tempfile::tempdir().unwrap();
    let process = folder.path().join("process");
    let root = process.join("root");
    std::fs::create_dir_all(root.join("opt/it's here")).unwrap();
    std::fs::write(root.join("opt/it's here/x y"), "inside BusyBox v1.36").unwrap();
    let mounts = mount_of(&root.join("opt/it's here/x y"));
    std::fs::write(process.join("mountinfo"), &mounts).unwrap();
    let group = "0::/kubepods/cri-containerd-7d01f2a4c9be0123.scope\n";
    std::fs::write(process.join("cgroup"), group).unwrap();
    let link = |to: &str, from: &str| std::os::unix::fs::symlink(to, root.join(from)).unwrap();
    // The kernel follows these from the host's root; the process itself follows them from its own.
    link("/proc/version", "opt/file");
    link("/proc", "opt/folder");
    link("file", "opt/twice");
    link("round", "opt/round");
    link("it's here", "opt/own");
    link("/opt/own/../it's here", "opt/absolute");
    link("../../../../../opt//absolute/./x y", "opt/climbs");
    let case = folder.path().join("case");
    std::fs::create_dir(&case).unwrap();
    let tried = |path: &str, id: &str| {
        let own = [("PATH", path), ("EXE", path), ("FILE", "copy")];
        let (text, _) = rendered(id, "host", &own);
        let text = text
            .replace("/proc/31842", process.to_str().unwrap())
            .replace("/var/lib/falco-triage/20260302-7d01f2a4c9be", case.to_str().unwrap());
        run(folder.path(), &text)
    };
    let ids = ["hash-file-in-container", "which-netcat", "copy-file-out"];
    let inside = ["/opt/it's here/x y", "/opt/own/x y", "/opt/absolute/x y", "/opt/climbs"];
    for path in inside {
        for id in ids {
            let (ok, said) = tried(path, id);
            assert!(ok && !said.contains("nothing was read"), "{id} {path}: {said}");
        }
        let (_, said) = tried(path, "which-netcat");
        assert_eq!(said, "BusyBox v1.36\n");
        let copy = std::fs::read_to_string(case.join("file-copy")).unwrap();
        assert_eq!(copy, "inside BusyBox v1.36");
    }
    let (_, hash) = tried("/opt/own/x y", "hash-file-in-container");
    assert!(hash.starts_with("ee5cb537"), "{hash}");
    let refused = |path: &str, why: &str| {
        for id in ids {
            let (ok, said) = tried(path, id);
            assert!(!ok && said.ends_with(": nothing was read\n"), "{id} {path}: {said}");
            assert!(said.lines().count() == 1 && said.contains(why), "{id} {path}: {said}");
        }
    };
    for path in ["/opt/file", "/opt/folder/version", "/opt/twice", "/opt/nothing", "/opt"] {
        refused(path, "no ordinary file");
    }
    refused("/opt/round/x", "links");
    // A path is shown as it is: no shell makes an escape of it.
    refused("/opt/\\033[2J", "\\033[2J");
    // What is opened lies on no mount of the process, as when a folder became a link in between.
    std::fs::write(process.join("mountinfo"), "1 1 0:1 / / rw - overlay overlay rw\n").unwrap();
    refused(inside[0], "leads out");
    std::fs::write(process.join("mountinfo"), mounts).unwrap();
    // The number is another container's now, or nobody's.
    std::fs::write(process.join("cgroup"), group.replace("7d01", "aaaa")).unwrap();
    refused(inside[0], "not in container 7d01f2a4c9be");
    std::fs::remove_file(process.join("cgroup")).unwrap();
    refused(inside[0], "not in container 7d01f2a4c9be");
    // Nothing but the one file was copied, and no copy took the place of an earlier one.
    let names = std::fs::read_dir(&case).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["file-copy", "file-copy.~1~", "file-copy.~2~", "file-copy.~3~"]);
}

/// What a container, a process or a stranger wrote goes to the screen through the part that shows it, and no other way.
#[test]
fn what_strangers_wrote_is_shown_by_one_filter() {
    let raw = [" logs ", " diff ", " ss -", "@tsv", "events ", "--output yaml", "logging read"];
    let playbooks = Playbooks::builtin();
    let (mut n, mut bare) = (0, Vec::new());
    for command in &playbooks.catalogue().commands {
        for (variant, text) in command.variants.iter() {
            let is_raw = raw.iter().any(|sign| text.contains(sign));
            if command.phase != cadge::analysis::Phase::Verify || !is_raw {
                continue;
            }
            n += 1;
            if !text.contains("| LC_ALL=C.UTF-8 sed ") {
                bare.push(format!("{}.{variant}", command.id));
            }
        }
    }
    // Their programs escape what they list, or the fields hold nothing but names that a cloud allows.
    let known = [
        "aws-actor-events.aws",
        "gh-collaborators.gh",
        "gh-secret-alerts.gh",
        "okta-factors.okta",
        "okta-roles.okta",
        "fs-changes.ctr",
    ];
    assert!(n > 25, "{n}");
    assert_eq!(bare, known);
}

/// A tool that fails or is not there has found nothing out, and that is not the same as having found nothing.
#[test]
fn a_failure_is_not_told_as_nothing_found() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().canonicalize().unwrap();
    let triage = at.join("triage").display().to_string();
    let tried = |id: &str, variant: &str, own: &[(&str, &str)]| {
        run(&at, &rendered(id, variant, own).0.replace("/var/lib/falco-triage", &triage))
    };
    let file = at.join("it's open").display().to_string();
    let open = |path: &str| tried("who-has-file", "host", &[("PATH", path)]);
    let (ok, said) = open(&file);
    assert!(!ok && said.contains("is not there") && !said.contains("no process has"), "{said}");
    std::fs::write(&file, "").unwrap();
    program(&at, "fuser", "exit 1");
    assert_eq!(open(&file), (true, "no process has it open\n".to_owned()));
    program(&at, "fuser", "echo a fault >&2; exit 1");
    let (ok, said) = open(&file);
    assert!(!ok && said.contains("a fault") && !said.contains("no process has"), "{said}");
    program(&at, "fuser", "echo \"$2: 31842\"");
    assert_eq!(open(&file), (true, format!("{file}: 31842\n")));

    let full_id = || tried("resolve-full-id", "ctr", &[]);
    program(&at, "ctr", "echo no socket >&2; exit 1");
    assert_eq!(full_id(), (false, "no socket\n".to_owned()));
    program(&at, "ctr", "echo aaaa");
    assert!(full_id().1.starts_with("containerd has no such"));
    program(&at, "ctr", "echo 7d01f2a4c9be77");
    assert_eq!(full_id(), (true, "7d01f2a4c9be77\n".to_owned()));

    // A program that was deleted, which runs, and whose copy fails.
    program(&at, "docker", "printf 'PID\\n31842\\n'");
    program(&at, "readlink", "echo '/tmp/x (deleted)'");
    program(&at, "cp", "echo no space >&2; exit 1");
    let (ok, said) = tried("save-exe", "docker", &[]);
    assert!(!ok && said.contains("no space") && !said.contains("no process of it"), "{said}");
    program(&at, "cp", "for to in \"$@\"; do :; done; echo x > \"$to\"");
    let (ok, said) = tried("save-exe", "docker", &[]);
    assert!(ok && said.contains("exe-31842.bin") && !said.contains("no process of it"), "{said}");

    // A folder has no hash of its own, and those of its files have no names.
    let hash = || tried("hash-file-in-container", "docker", &[]);
    std::fs::create_dir(at.join("kit")).unwrap();
    std::fs::write(at.join("kit/one"), "").unwrap();
    program(&at, "docker", "tar -cf - kit");
    if run(&at, "set -o pipefail").0 {
        assert_eq!(hash(), (false, "it is a folder: nothing was hashed\n".to_owned()));
        program(&at, "docker", "tar -C kit -cf - one");
        assert!(hash().1.starts_with("e3b0c442"));
    }
}

/// Policies add up: one that allows would undo those that deny.
#[test]
fn a_policy_that_allows_is_not_laid_over_one_that_denies() {
    let folder = tempfile::tempdir().unwrap();
    let (command, undo) = rendered("k8s-deny-metadata", "kubectl", &[]);
    assert!(command.contains("{key: falco-triage/quarantine, operator: DoesNotExist}"));
    assert!(undo.ends_with("delete networkpolicy falco-triage-deny-metadata"), "{undo}");
    let is_made = |policies: &str| {
        let script =
            format!("case \"$*\" in *get*) {policies};; *create*) cat > made;; *) exit 2;; esac");
        program(folder.path(), "kubectl", &script);
        run(folder.path(), &command);
        let made = std::fs::read_to_string(folder.path().join("made")).unwrap_or_default();
        let _ = std::fs::remove_file(folder.path().join("made"));
        made.contains("name: falco-triage-deny-metadata\n")
    };
    let own = "echo 'falco-triage-quarantine [\"Ingress\",\"Egress\"]'";
    assert!(is_made(":") && is_made(own) && is_made("echo 'web [\"Ingress\"]'"));
    for policies in ["echo 'deny [\"Egress\"]'", "echo 'deny [Ingress Egress]'", "exit 1"] {
        assert!(!is_made(policies) && !is_made(&format!("{own}; {policies}")), "{policies}");
    }
}
