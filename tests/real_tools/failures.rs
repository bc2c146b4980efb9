//! What a runtime, a cluster or a cloud cannot tell: every command says so, shows no evidence of nothing, and leaves what
//! was saved before as it was.

use super::lab::Lab;
use super::shells::rendered;

const PROGRAMS: [&str; 10] =
    ["docker", "podman", "nerdctl", "ctr", "crictl", "kubectl", "aws", "gcloud", "gh", "curl"];
const SAID: &str = "no such thing anywhere";
/// The hash of nothing begins so.
const NOTHING: &str = "e3b0c442";
/// They write to the machine and ask nobody, or ask several and tell who answered.
const OTHERS: [&str; 2] = ["seccomp-without-memfd.docker", "find-runtime.host"];

#[test]
fn what_fails_is_said_and_takes_no_place_of_evidence() {
    let asks = |text: &str| PROGRAMS.iter().any(|name| text.contains(&format!("{name} ")));
    let texts: Vec<(String, String)> = rendered()
        .into_iter()
        .filter(|(name, text)| asks(text) && !OTHERS.contains(&name.as_str()))
        .collect();
    assert!(texts.len() > 200, "{} commands", texts.len());
    let bad = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for part in texts.chunks(texts.len().div_ceil(4)) {
            let bad = &bad;
            scope.spawn(move || {
                // They fail at once, or after they said half of it.
                for half in ["", "printf 'half of '; "] {
                    let lab = lab(half);
                    for (name, text) in part {
                        if let Err(why) = fails_well(&lab, name, text) {
                            bad.lock().expect("no panic").push(format!("{why}: {name}: {text}"));
                        }
                    }
                }
            });
        }
    });
    let bad = bad.into_inner().expect("no panic");
    assert!(bad.is_empty(), "{}:\n{}", bad.len(), bad.join("\n"));
}

/// Two people save the same thing at the same moment: both have it whole, under two names, and nobody else may read it.
#[test]
fn what_is_saved_twice_at_once_is_there_twice_and_whole() {
    let ids = [
        "save-inspect",
        "save-logs",
        "save-k8s-context",
        "export-fs",
        "copy-file-out",
        "aws-save-events",
        "aws-save-bucket-policy",
        "aws-save-function",
        "gcp-save-events",
        "gcp-save-project-policy",
        "gcp-save-bucket-policy",
        "okta-save-events",
    ];
    let mut n = 0;
    for (name, text) in rendered() {
        let (id, variant) = name.split_once('.').expect("two parts");
        if !ids.contains(&id) || variant == "host" || variant.starts_with("undo") {
            continue;
        }
        n += 1;
        let lab = Lab::new();
        for program in PROGRAMS {
            // A file that is named is written, as by podman export and kubectl cp; else it is said.
            let script = "for to in \"$@\"; do case $to in /*.part.*|*.??????/x) exec > \"$to\";; esac; done; echo \"$$ begins\"; sleep 0.3; echo \"$$ ends\"";
            lab.program(program, script);
        }
        let triage = lab.path().join("triage");
        let case = "20260302-7d01f2a4c9be";
        std::fs::create_dir_all(triage.join(case)).expect("made");
        let here = text.replace("/var/lib/falco-triage", &triage.display().to_string());
        std::fs::write(lab.path().join("t.sh"), &here).expect("written");
        lab.must(&name, "bash t.sh & bash t.sh && wait $!");
        let listed = lab.must("list", "find triage falco-triage -type f 2> /dev/null | sort");
        let mut whole: Vec<Vec<String>> = Vec::new();
        for path in listed.lines() {
            let text = std::fs::read_to_string(lab.path().join(path)).expect("it is there");
            let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
            assert!(words.len() == 4 && words[0] == words[2], "{name}: {path}: {text:?}");
            assert!(!path.contains(".part"), "{name}: {path}");
            assert!(!whole.contains(&words), "{name}: {listed}");
            whole.push(words);
        }
        let of_one =
            if ["save-k8s-context", "aws-save-bucket-policy"].contains(&id) { 2 } else { 1 };
        assert_eq!(whole.len(), 2 * of_one, "{name}: {listed}");
        let open =
            lab.must("modes", "find triage/* falco-triage -type f -perm /077 2> /dev/null || :");
        assert_eq!(open, "", "{name}");
    }
    assert!(n >= 20, "{n} commands");
}

/// A place where every program that a command could ask fails, and where nothing of this machine is touched.
fn lab(half: &str) -> Lab {
    let lab = Lab::new();
    for program in PROGRAMS {
        lab.program(program, &format!("{half}echo '{SAID}' >&2; exit 1"));
    }
    for program in ["nft", "gcore", "tcpdump", "systemctl"] {
        lab.program(program, "exit 1");
    }
    lab
}

/// Runs a command there, beside what was saved before.
fn fails_well(lab: &Lab, name: &str, text: &str) -> Result<(), String> {
    let case = "20260302-7d01f2a4c9be";
    lab.must("clean", "find . -mindepth 1 -maxdepth 1 ! -name bin -exec rm -r {} +");
    let triage = lab.path().join("triage");
    let saved = triage.join(case);
    std::fs::create_dir_all(&saved).expect("made");
    let known =
        ["inspect.json", "container.log", "rootfs.tar", "upper.tar.gz", "file-x.tar", "networks"];
    let near = [
        "object.yaml",
        "rbac.json",
        "tasks",
        "access-block.json",
        "encryption.json",
        "actions.json",
    ];
    let home = lab.path().join("falco-triage").join(case);
    std::fs::create_dir_all(&home).expect("made");
    let mut files: Vec<_> = known.iter().map(|file| saved.join(file)).collect();
    files.extend(near.iter().map(|file| home.join(file)));
    for file in &files {
        std::fs::write(file, "saved before\n").expect("written");
    }
    let here = text
        .replace("/var/lib/falco-triage", &triage.display().to_string())
        .replace("-o root -g root", "");
    let (_, said) = lab.sh(&here);
    for file in &files {
        let now = std::fs::read_to_string(file).unwrap_or_default();
        if now != "saved before\n" {
            return Err(format!("{} is now {now:?}", file.display()));
        }
    }
    // What came to nothing has no name of a whole file.
    for folder in [&saved, &home] {
        for entry in std::fs::read_dir(folder).expect("it is there").flatten() {
            let path = entry.path();
            let is_whole = ["json", "yaml", "tar", "gz", "txt"]
                .iter()
                .any(|end| path.extension().is_some_and(|e| e == *end));
            if is_whole && !files.contains(&path) {
                return Err(format!("{} is half a file", path.display()));
            }
        }
    }
    // What was saved before needs no asking; ways back tell that nothing was done.
    let is_told = said.contains(SAID)
        || said.contains("nothing was done")
        || said.contains("No such file")
        || (text.contains("if [ ! -s ") && said.is_empty())
        || name.starts_with("disconnect-network.undo");
    if !is_told {
        return Err(format!("the failure is not told, but {said:?}"));
    }
    if said.contains(NOTHING) || said.contains("no name of a known netcat") {
        return Err(format!("nothing is shown as evidence: {said}"));
    }
    Ok(())
}
