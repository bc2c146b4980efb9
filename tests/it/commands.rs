//! Commands that a person pastes into a root shell: tried in a shell, with stubs and a folder in the place of the machine.

use cadge::analysis::catalogue::PerVariant;
use cadge::analysis::playbook::SampleAlert;
use cadge::analysis::{Analysis, Choice, Neighbor, Playbooks, analyze, written};
use cadge::model::{Alert, AlertId};
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
fn run(folder: &Path, command: &str) -> (bool, String) {
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

fn program(folder: &Path, name: &str, script: &str) {
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

#[test]
fn an_account_gets_back_the_lock_and_the_expiry_date_that_it_had() {
    let (lock, undo) = rendered("lock-user", "host", &[("USER", "jane")]);
    for (key, ends) in
        [("$y$j9T$x", ""), ("$y$j9T$x", "20700"), ("!$y$j9T$x", "20700"), ("", ""), ("*", "1")]
    {
        let folder = tempfile::tempdir().unwrap();
        let here = |text: &str| {
            text.replace("/var/lib/falco-triage", folder.path().join("triage").to_str().unwrap())
        };
        let shadow = folder.path().join("shadow");
        let before = format!("jane:{key}:20000:0:99999:7::{ends}:\n");
        std::fs::write(&shadow, &before).unwrap();
        program(folder.path(), "getent", "[ \"$1 $2\" = 'shadow jane' ] && cat shadow");
        program(folder.path(), "loginctl", "echo \"$@\" >> ended");
        // As the real one: what is locked stays so, and no account is unlocked to have no password.
        program(
            folder.path(),
            "usermod",
            "IFS=: read -r n k a b c d e ends _ < shadow\n\
             while [ $# -gt 1 ]; do case $1 in\n\
             --lock) case $k in '!'*) ;; *) k=\"!$k\";; esac;;\n\
             --unlock) [ \"$k\" != '!' ] || exit 1; k=${k#!};;\n\
             --expiredate) ends=$2; shift;; *) exit 2;; esac; shift; done\n\
             echo \"$n:$k:$a:$b:$c:$d:$e:$ends:\" > shadow",
        );
        let now = || std::fs::read_to_string(&shadow).unwrap();
        for _ in 0..2 {
            let (ok, said) = run(folder.path(), &here(&lock));
            assert!(ok, "{said}");
            assert!(now().starts_with("jane:!") && now().ends_with(":1:\n"), "{}", now());
        }
        assert!(folder.path().join("ended").exists());
        let (ok, said) = run(folder.path(), &here(&undo));
        // Nobody gets a way in without a password: that one stays locked, and it is said.
        let back = if key.is_empty() { before.replace("jane::", "jane:!:") } else { before };
        assert!(ok && now() == back, "{key:?} {ends:?}: {said}{}", now());
        assert_eq!(said.contains("set one with passwd"), key.is_empty(), "{said}");
        // Nothing is saved any more: a second undo changes nothing.
        let (_, said) = run(folder.path(), &here(&undo));
        assert!(said.contains("nothing was done") && now() == back, "{said}");
        // What cannot be saved is not locked.
        program(folder.path(), "getent", "exit 2");
        let (ok, said) = run(folder.path(), &here(&lock));
        assert!(!ok && now() == back, "{}", now());
        assert_eq!(said, "jane is no account of the shadow file of this host: nothing was done\n");
        // Nobody locks the account he came with.
        let (ok, said) = run(folder.path(), &format!("export SUDO_USER=jane\n{}", here(&lock)));
        assert!(!ok && said.contains("signed in as jane") && now() == back, "{said}");
    }
}

#[test]
fn what_was_set_before_is_saved_once_for_the_way_back() {
    let folder = tempfile::tempdir().unwrap();
    let here = |text: &str| {
        text.replace("/var/lib/falco-triage", folder.path().join("triage").to_str().unwrap())
            .replace("-o root -g root", "")
    };
    let state = |name: &str| {
        let text = std::fs::read_to_string(folder.path().join(name)).unwrap_or_default();
        text.trim().to_owned()
    };
    let set = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let twice_and_back = |(command, undo): (String, String)| {
        for text in [&command, &command, &undo] {
            let (ok, said) = run(folder.path(), &here(text));
            assert!(ok, "{text}: {said}");
        }
    };
    program(
        folder.path(),
        "kubectl",
        "case \"$*\" in *jsonpath=*annotations*) cat annotation 2> /dev/null || true;; *jsonpath=*) cat replicas;;\n\
         *annotate*replicas-) rm annotation;; *annotate*) [ ! -s annotation ] && echo \"${5#*=}\" > annotation;;\n\
         *--replicas=*) echo \"${5#*=}\" > replicas;; esac",
    );
    set("replicas", "3");
    twice_and_back(rendered("scale-down", "kubectl", &[]));
    assert_eq!((state("replicas"), state("annotation")), ("3".to_owned(), String::new()));

    // A node that took no new pods before takes none after the way back; another one does.
    program(
        folder.path(),
        "kubectl",
        "case \"$*\" in *jsonpath=*annotations*) cat mark 2> /dev/null || true;; *jsonpath=*) cat cordoned;;\n\
         *cordoned-) rm mark;; *annotate*) echo \"${5#*=}\" > mark;;\n\
         uncordon*) : > cordoned;; cordon*) echo true > cordoned;; esac",
    );
    for (id, before) in [("k8s-cordon", ""), ("k8s-cordon", "true"), ("k8s-cordon-node", "true")] {
        set("cordoned", before);
        twice_and_back(rendered(id, "kubectl", &[]));
        assert_eq!((state("cordoned").as_str(), state("mark")), (before, String::new()), "{id}");
    }

    program(
        folder.path(),
        "docker",
        "case \"$1\" in inspect) cat policy;; update) echo \"${2#*=}\" > policy;; esac",
    );
    set("policy", "on-failure:5");
    twice_and_back(rendered("stop-respawn", "docker", &[]));
    assert_eq!(state("policy"), "on-failure:5");

    program(
        folder.path(),
        "sysctl",
        "case \"$1\" in -n) cat memfd;; -w) echo \"${2#*=}\" > memfd;; esac",
    );
    set("memfd", "0");
    twice_and_back(rendered("memfd-noexec", "host", &[]));
    assert_eq!(state("memfd"), "0");
    // What is stricter already stays so, and is not loosened on the way back.
    set("memfd", "2");
    twice_and_back(rendered("memfd-noexec", "host", &[]));
    assert_eq!(state("memfd"), "2");
}

/// What was off before stays off on the way back; what was on is on again.
#[test]
fn what_was_off_in_a_cloud_stays_off_on_the_way_back() {
    // Of each command: how a stand-in tells and changes the state, and what the state is called when it is on and off.
    for (id, program_name, calls, on, off) in [
        (
            "aws-stop-instance",
            "aws",
            "*describe-instances*) cat state;; *start-*) echo running > state;; *stop-*) echo stopped > state;;",
            "running",
            "stopped",
        ),
        (
            "aws-deactivate-key",
            "aws",
            "*list-access-keys*) cat state;; *Inactive*) echo Inactive > state;; *Active*) echo Active > state;;",
            "Active",
            "Inactive",
        ),
        (
            "aws-scale-service-to-zero",
            "aws",
            "*describe-*) cat state;; *--desired-count*) for n in \"$@\"; do :; done; echo \"$n\" > state;;",
            "3",
            "0",
        ),
        (
            "aws-encrypt-bucket",
            "aws",
            "*get-*) if [ -s state ]; then cat state; else echo ServerSideEncryptionConfigurationNotFoundError >&2; exit 1; fi;; *put-*) echo AES256 > state;; *delete-*) : > state;;",
            "",
            "aws:kms",
        ),
        (
            "aws-block-public-access",
            "aws",
            "*get-*) if [ -s state ]; then printf '{\"PublicAccessBlockConfiguration\":\"%s\"}' \"$(cat state)\"; else echo NoSuchPublicAccessBlockConfiguration >&2; exit 1; fi;; *delete-*) : > state;; *put-*) for n in \"$@\"; do :; done; echo \"$n\" | tr -d '\"' > state;;",
            "",
            "BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true",
        ),
        (
            "gcp-close-bucket",
            "gcloud",
            "*describe*) cat state;; *--no-public*) echo inherited > state;; *--public*) echo enforced > state;;",
            "inherited",
            "enforced",
        ),
        (
            "gcp-disable-account",
            "gcloud",
            "*describe*) cat state;; *enable*) : > state;; *disable*) echo True > state;;",
            "",
            "True",
        ),
        (
            "gcp-disable-key",
            "gcloud",
            "*list*) cat state;; *enable*) : > state;; *disable*) echo True > state;;",
            "",
            "True",
        ),
        (
            "gcp-stop-instance",
            "gcloud",
            "*describe*) cat state;; *start*) echo RUNNING > state;; *stop*) echo TERMINATED > state;;",
            "RUNNING",
            "TERMINATED",
        ),
        (
            "gh-make-private",
            "gh",
            "*api*) cat state;; *'visibility public'*) echo public > state;; *'visibility private'*) echo private > state;;",
            "public",
            "private",
        ),
        (
            "k8s-close-nodeport",
            "kubectl",
            "*jsonpath*) cat state;; *ClusterIP*) echo ClusterIP > state;; *NodePort*) echo NodePort > state;;",
            "NodePort",
            "ClusterIP",
        ),
        (
            "gh-push-protection",
            "gh",
            "*api*) cat state;; *=false*) echo disabled > state;; *--enable-*) echo enabled > state;;",
            "disabled",
            "enabled",
        ),
    ] {
        let (command, undo) = rendered(id, program_name, &[]);
        for before in [on, off] {
            let folder = tempfile::tempdir().unwrap();
            program(
                folder.path(),
                program_name,
                &format!("cd \"$HOME\"; case \"$*\" in {calls} *) exit 2;; esac"),
            );
            std::fs::write(folder.path().join("state"), format!("{before}\n").trim_start())
                .unwrap();
            let now = || run(folder.path(), "cat state").1.trim().to_owned();
            // Done twice, as by two people, and taken back twice.
            for text in [&command, &command] {
                run(folder.path(), text);
                assert!(before == off || now() != before, "{id} does nothing: {text}");
            }
            run(folder.path(), &undo);
            assert_eq!(now(), before, "{id}: {undo}");
            std::fs::write(folder.path().join("state"), format!("{off}\n")).unwrap();
            run(folder.path(), &undo);
            assert_eq!(now(), off, "{id}, taken back twice: {undo}");
        }
        // The change is made, and then the connection is lost: the way back knows it all the same.
        let folder = tempfile::tempdir().unwrap();
        let script = format!(
            "cd \"$HOME\"; was=$(cat state); case \"$*\" in {calls} *) exit 2;; esac; [ \"$was\" = \"$(cat state)\" ]"
        );
        program(folder.path(), program_name, &script);
        std::fs::write(folder.path().join("state"), format!("{on}\n").trim_start()).unwrap();
        let now = || run(folder.path(), "cat state").1.trim().to_owned();
        assert!(!run(folder.path(), &command).0 && now() != on, "{id}");
        run(folder.path(), &undo);
        assert_eq!(now(), on, "{id}, lost in between: {undo}");
    }
}

#[test]
fn a_file_behind_a_link_is_not_moved_and_nothing_is_put_back_through_one() {
    let folder = tempfile::tempdir().unwrap();
    let real = folder.path().canonicalize().unwrap();
    std::fs::create_dir_all(real.join("etc")).unwrap();
    std::fs::create_dir_all(real.join("srv")).unwrap();
    std::fs::write(real.join("etc/key"), "needed").unwrap();
    std::fs::write(real.join("srv/job"), "bad").unwrap();
    std::os::unix::fs::symlink(real.join("etc"), real.join("srv/way")).unwrap();
    for name in ["dpkg", "rpm"] {
        program(&real, name, "exit 1");
    }
    let tried = |path: &str, undo: bool| {
        let path = format!("{}/{path}", real.display());
        let (command, back) = rendered("quarantine-file", "host", &[("LOOSE", &path)]);
        let text = if undo { back } else { command };
        run(&real, &text.replace("/var/lib/falco-triage", real.join("triage").to_str().unwrap())).1
    };
    assert!(tried("srv/way/key", false).contains("nothing was done"));
    assert!(real.join("etc/key").exists());
    tried("srv/job", false);
    assert!(!real.join("srv/job").exists());
    // Whoever owns the folder may have put a link in its place.
    std::fs::rename(real.join("srv"), real.join("gone")).unwrap();
    std::os::unix::fs::symlink(real.join("etc"), real.join("srv")).unwrap();
    assert!(tried("srv/job", true).contains("nothing was done"));
    assert!(!real.join("etc/job").exists());
    std::fs::remove_file(real.join("srv")).unwrap();
    std::fs::rename(real.join("gone"), real.join("srv")).unwrap();
    tried("srv/job", true);
    assert_eq!(std::fs::read_to_string(real.join("srv/job")).unwrap(), "bad");
    // What came in its place stays, and only the file itself comes back to a place.
    tried("srv/job", false);
    std::fs::write(real.join("srv/job"), "new").unwrap();
    assert!(tried("srv/job", true).contains("is there again: nothing was done"));
    assert_eq!(std::fs::read_to_string(real.join("srv/job")).unwrap(), "new");
    assert!(tried("srv/other", true).contains("was not taken from"));
    // A link that leads nowhere is something, too; and what cannot be asked has not said no.
    std::fs::write(real.join("srv/x*"), "").unwrap();
    assert!(tried("srv/x*", false).contains("is there already"));
    std::fs::remove_dir_all(real.join("triage")).unwrap();
    program(&real, "dpkg", "exit 2");
    assert!(tried("srv/x*", false).contains("dpkg cannot tell"));
    // The name of a file is no pattern.
    program(&real, "dpkg", "case $3 in *'/srv/x\\*') exit 1;; esac; echo \"some: $3\"");
    tried("srv/x*", false);
    assert!(!real.join("srv/x*").exists());
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

/// What was dropped among the rules of sudo is moved away, unless the person could not take it back then.
#[test]
fn a_rule_of_sudo_is_moved_away_as_long_as_sudo_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let real = folder.path().canonicalize().unwrap();
    let rules = real.join("etc/sudoers.d");
    std::fs::create_dir_all(&rules).unwrap();
    for name in ["dpkg", "rpm"] {
        program(&real, name, "exit 1");
    }
    program(
        &real,
        "sudo",
        "shift 2; [ \"$*\" = 'jane sh' ] && grep -qs jane \"$HOME\"/etc/sudoers.d/*",
    );
    let tried = |name: &str, user: &str, undo: bool| {
        let (command, back) =
            rendered("quarantine-file", "host", &[("LOOSE", &format!("/etc/sudoers.d/{name}"))]);
        let text = if undo { back } else { command };
        let text = text
            .replace("/var/lib/falco-triage", real.join("triage").to_str().unwrap())
            .replace("/etc/sudoers.d", rules.to_str().unwrap());
        run(&real, &format!("export SUDO_USER={user}\n{text}"))
    };
    for (name, user) in [("90-jane", "jane"), ("99-evil", "mallory")] {
        std::fs::write(rules.join(name), format!("{user} ALL=(ALL) NOPASSWD: ALL\n")).unwrap();
    }
    let (ok, said) = tried("90-jane", "jane", false);
    assert!(!ok && said.ends_with("90-jane only: nothing was done\n"), "{said}");
    assert!(rules.join("90-jane").exists());
    for user in ["jane", "root"] {
        let (ok, said) = tried("99-evil", user, false);
        assert!(ok && !rules.join("99-evil").exists(), "{said}");
        let (ok, said) = tried("99-evil", user, true);
        assert!(ok && rules.join("99-evil").exists(), "{said}");
    }
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

/// The way back is kept until all of it was gone.
#[test]
fn networks_are_given_back_and_then_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let triage = folder.path().join("triage").display().to_string();
    let (command, undo) = rendered("disconnect-network", "docker", &[]);
    let here = |text: &str| run(folder.path(), &text.replace("/var/lib/falco-triage", &triage));
    program(
        folder.path(),
        "docker",
        "case \"$*\" in inspect*) cat nets;; *' connect '*) [ ! -e bad ] && echo \"$3\" >> nets;;\n\
         *' disconnect '*) grep -vx \"$3\" nets > left; mv left nets;; esac",
    );
    let nets = || run(folder.path(), "sort nets").1;
    std::fs::write(folder.path().join("nets"), "a\nb\n").unwrap();
    assert!(here(&command).0 && nets().is_empty());
    std::fs::write(folder.path().join("bad"), "").unwrap();
    assert!(!here(&undo).0 && nets().is_empty());
    std::fs::remove_file(folder.path().join("bad")).unwrap();
    assert!(here(&undo).0 && nets() == "a\nb\n", "{}", nets());
    // A network that somebody takes away later is not connected again.
    std::fs::write(folder.path().join("nets"), "a\n").unwrap();
    assert!(!here(&undo).0 && nets() == "a\n");
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

fn alert(head: &str, fields: &str) -> Alert {
    let text = format!(
        "{{\"rule\":\"Terminal shell in container\",\"priority\":\"Notice\",\"time\":\"2026-03-02T09:14:07Z\",\"source\":\"syscall\"{head},\"output_fields\":{{\"evt.type\":\"execve\",\"proc.name\":\"sh\",\"proc.cmdline\":\"sh -i\"{fields}}}}}"
    );
    serde_json::from_str::<SampleAlert>(&text).unwrap().alert()
}

fn explain(alert: &Alert, near: &[Alert]) -> Analysis {
    let near: Vec<_> =
        (1..).map(AlertId).zip(near).map(|(id, alert)| Neighbor { id, alert }).collect();
    analyze(alert, &near, &Playbooks::builtin(), &Choice::default())
}

/// The runtime that the first look at the container is for.
fn runtime(alert: &Alert, near: &[Alert]) -> String {
    let steps = explain(alert, near).steps;
    steps.into_iter().find(|step| step.id == "identify-container").unwrap().variant
}

#[test]
fn one_container_has_one_runtime_in_all_its_alerts() {
    let of = |id: &str, fields: &str| {
        alert("", &format!(",\"container.id\":\"{id}\",\"container.name\":\"keen_turing\"{fields}"))
    };
    let plain = of("7d01f2a4c9be", "");
    let parent = of("7d01f2a4c9be", ",\"proc.pname\":\"conmon\"");
    let named = of("7d01f2a4c9be", ",\"container.type\":\"containerd\"");
    let pod = of("7d01f2a4c9be", ",\"proc.pname\":\"conmon\",\"k8s.pod.name\":\"web-1\"");
    let other = of("aaaaf2a4c9be", ",\"container.type\":\"podman\"");
    assert_eq!(runtime(&plain, &[]), "docker");
    assert_eq!(runtime(&plain, std::slice::from_ref(&other)), "docker");
    // What is said counts more than a parent, and a parent more than a name; in whatever order they come.
    for near in [[parent.clone(), plain.clone()], [plain.clone(), parent.clone()]] {
        assert!(near.iter().all(|alert| runtime(alert, &near) == "podman"));
    }
    for near in [[named.clone(), parent.clone(), other.clone()], [other, parent.clone(), named]] {
        assert_eq!(runtime(&plain, &near), "nerdctl");
        assert_eq!(runtime(&parent, &near), "nerdctl");
    }
    assert_eq!(runtime(&parent, &[pod]), "crictl");
    // A name alone is another container on another host.
    let by_name = |host: &str, fields: &str| {
        alert(&format!(",\"hostname\":\"{host}\""), &format!(",\"container.name\":\"web\"{fields}"))
    };
    let typed = ",\"container.type\":\"podman\"";
    assert_eq!(runtime(&by_name("a", ""), &[by_name("a", typed)]), "podman");
    assert_eq!(runtime(&by_name("a", ""), &[by_name("b", typed)]), "docker");
}

#[test]
fn a_runtime_that_nobody_told_is_said_to_be_unknown_with_the_command_that_tells() {
    let lack = |fields: &str| {
        let alert = alert("", &format!(",\"container.id\":\"7d01f2a4c9be\"{fields}"));
        explain(&alert, &[]).missing.into_iter().find(|lack| lack.field == "container.type")
    };
    let unknown = lack("").unwrap();
    assert!(unknown.why.contains("not known") && unknown.why.contains("guess"), "{unknown:?}");
    assert!(unknown.find.contains("podman container") && unknown.find.ends_with(" 7d01f2a4c9be"));
    assert!(lack(",\"proc.pname\":\"conmon\"").unwrap().why.contains("podman"));
    assert!(lack(",\"k8s.pod.name\":\"web-1\"").unwrap().why.contains("not known"));
    assert!(lack(",\"container.type\":\"docker\"").is_none());
    // The command asks each runtime, says who has it, and is silent about those that are not there.
    let folder = tempfile::tempdir().unwrap();
    program(folder.path(), "podman", "[ \"$*\" = 'container inspect 7d01f2a4c9be' ]");
    program(folder.path(), "docker", "echo No such container >&2; exit 1");
    assert_eq!(run(folder.path(), &unknown.find).1, "podman has 7d01f2a4c9be\n");
    program(folder.path(), "podman", "exit 125");
    assert!(run(folder.path(), &unknown.find).1.starts_with("none of docker"));
}

#[test]
fn fields_that_are_not_there_do_not_prove_the_host() {
    let read = |head: &str, fields: &str| {
        let text = format!(
            "{{\"rule\":\"Read sensitive file untrusted\",\"priority\":\"Warning\",\"time\":\"2026-03-02T09:14:07Z\",\"source\":\"syscall\"{head},\"output_fields\":{{\"evt.type\":\"openat\",\"proc.name\":\"cat\",\"proc.cmdline\":\"cat /etc/shadow\",\"fd.name\":\"/etc/shadow\",\"user.name\":\"jane\",\"user.uid\":0,\"user.loginuid\":1000{fields}}}}}"
        );
        explain(&serde_json::from_str::<SampleAlert>(&text).unwrap().alert(), &[])
    };
    let of_host = ["lock-user", "file-facts", "copy-host-file", "quarantine-file"];
    let cut = read("", "");
    let all = cadge::report::analysis_json::analysis_json(&cut);
    for claim in [
        "on the host itself",
        "on the host.",
        "as root on the host",
        "in no container",
        "Root inside the container",
    ] {
        assert!(!cut.summary.contains(claim) && !all.contains(claim), "{claim}: {all}");
    }
    let lack = cut.missing.iter().find(|lack| lack.field == "container.id").unwrap();
    assert!(lack.why.contains("not known"), "{lack:?}");
    assert!(
        !cut.steps.iter().any(|step| of_host.contains(&&*step.id)),
        "nothing is done to the host's files"
    );
    // The field says it, or the rule looks at nothing else.
    for sure in [read("", ",\"container.id\":\"host\""), read(",\"tags\":[\"host\"]", "")] {
        assert!(sure.steps.iter().any(|step| step.id == "file-facts"));
    }
    assert!(
        !read(",\"tags\":[\"host\",\"container\"]", "")
            .steps
            .iter()
            .any(|step| step.id == "file-facts")
    );
}
