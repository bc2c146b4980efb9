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
        "web-5c9fdcd6b8-x2lqp.pod.yaml",
        "web-5c9fdcd6b8-x2lqp.log",
        "web-5c9fdcd6b8-x2lqp.previous.log",
        "web-5c9fdcd6b8-x2lqp.describe.txt",
        "web-5c9fdcd6b8-x2lqp.events.yaml",
    ];
    let cloud = [
        "cloudtrail.json",
        "policy.json",
        "acl.json",
        "function.json",
        "audit.json",
        "bucket-policy.json",
        "okta.json",
        "object.yaml",
        "rbac.json",
    ];
    let mut files: Vec<_> = known.iter().map(|file| saved.join(file)).collect();
    files.extend(near.iter().map(|file| lab.path().join(file)));
    files.extend(cloud.iter().map(|file| lab.path().join(format!("{case}.{file}"))));
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
    // What was saved before needs no asking; ways back tell that nothing was done.
    let is_told = said.contains(SAID)
        || said.contains("nothing was done")
        || said.contains("No such file")
        || (text.starts_with("if [ ! -s ") && said.is_empty())
        || name.starts_with("disconnect-network.undo");
    if !is_told {
        return Err(format!("the failure is not told, but {said:?}"));
    }
    if said.contains(NOTHING) || said.contains("no name of a known netcat") {
        return Err(format!("nothing is shown as evidence: {said}"));
    }
    Ok(())
}
