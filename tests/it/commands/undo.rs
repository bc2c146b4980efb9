//! The way back: what a command changed is as it was before.

use super::{program, rendered, run};

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
            "gh-remove-collaborator",
            "gh",
            "*DELETE*) : > state;; *PUT*) for n in \"$@\"; do :; done; echo \"${n#permission=}\" > state;; */permission*) cat state;; *) [ -s state ];;",
            "maintain",
            "",
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
