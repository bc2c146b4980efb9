//! Every variant parses and pleases shellcheck; every quoted value comes out of five shells as it went in.

use super::run;
use cadge::analysis::catalogue::PerVariant;
use cadge::analysis::{Choice, Playbooks, analyze};
use cadge::decode::{Context, Decoder, Item};
use std::sync::Arc;

/// Every variant and every undo, with the catalogue's example values.
pub fn rendered() -> Vec<(String, String)> {
    rendered_with(&[])
}

/// The same with values of one's own for some placeholders.
pub fn rendered_with(own: &[(&str, &str)]) -> Vec<(String, String)> {
    let playbooks = Playbooks::builtin();
    let catalogue = playbooks.catalogue();
    let words: Vec<(String, String)> = catalogue
        .inputs
        .iter()
        .map(|(name, input)| {
            (
                format!("@{name}@"),
                own.iter().find(|(known, _)| known == name).map_or_else(
                    || {
                        cadge::analysis::written(&input.example, input)
                            .expect("an example is allowed")
                    },
                    |(_, value)| {
                        cadge::analysis::written(value, input).expect("the value is allowed")
                    },
                ),
            )
        })
        .collect();
    let mut texts = Vec::new();
    for command in &catalogue.commands {
        let undo: Vec<(String, String)> = match &command.undo {
            None => Vec::new(),
            Some(PerVariant::All(text)) => vec![("undo".to_owned(), text.clone())],
            Some(PerVariant::Each(each)) => {
                each.iter().map(|(name, text)| (format!("undo-{name}"), text.clone())).collect()
            }
        };
        let variants = command.variants.iter().map(|(name, text)| (name.to_owned(), text.clone()));
        for (name, template) in variants.chain(undo).filter(|(_, text)| !text.starts_with("none")) {
            let mut text = template;
            for (placeholder, word) in &words {
                text = text.replace(placeholder, word);
            }
            texts.push((format!("{}.{name}", command.id), text));
        }
    }
    assert!(texts.len() > 150, "{} variants", texts.len());
    texts
}

#[test]
fn every_variant_parses() {
    let bad: Vec<String> = rendered()
        .into_iter()
        .filter(|(_, text)| !run("bash", &["-n", "-c", text], "").status.success())
        .map(|(name, text)| format!("{name}: {text}"))
        .collect();
    assert!(bad.is_empty(), "{}", bad.join("\n"));
}

/// Somebody will paste it into another shell: that one reads it, or stops before anything is done.
#[test]
fn a_shell_without_pipefail_reads_every_variant_and_runs_none_by_half() {
    let mut n_piped = 0;
    for (name, text) in rendered() {
        for shell in ["dash", "busybox", "zsh"] {
            let arguments: &[&str] =
                if shell == "busybox" { &["sh", "-n", "-c"] } else { &["-n", "-c"] };
            let read = run(shell, &[arguments, &[&text]].concat(), "");
            let said = String::from_utf8_lossy(&read.stderr);
            assert!(read.status.success(), "{shell}: {name}: {said}");
        }
        let before = text.split("set -o pipefail; ").next().unwrap_or_default();
        if before.len() == text.len() {
            continue;
        }
        n_piped += 1;
        // What only asks, or makes a folder, may stand before it.
        let script = format!("{before}set -o pipefail; echo ran) && echo ran");
        let script = script.replace("sudo ", ": ");
        let output = run("dash", &["-c", &script], "");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(!said.contains("ran") && !output.status.success(), "{name}: {said}");
    }
    assert!(n_piped > 30, "{n_piped}");
}

#[test]
fn every_variant_pleases_shellcheck() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut files = Vec::new();
    for (name, text) in rendered() {
        let path = folder.path().join(format!("{name}.sh"));
        std::fs::write(&path, format!("#!/bin/bash\n{text}\n")).expect("written");
        files.push(path.display().to_string());
    }
    let mut arguments = vec!["-S", "warning", "-f", "gcc"];
    arguments.extend(files.iter().map(String::as_str));
    let output = run("shellcheck", &arguments, "");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn a_quoted_value_comes_out_of_every_shell_as_it_went_in() {
    let hostile = [
        "/tmp/$(touch x)",
        "/tmp/`id`",
        "/tmp/a'b",
        "/tmp/a\"b",
        "/tmp/a\\b",
        "/tmp/a'\\''b",
        "/tmp/!!",
        "/tmp/{a,b}",
        "/tmp/*?[x]",
        "/tmp/~root",
        "/tmp/a b",
        "/tmp/;reboot",
        "/tmp/&x",
        "/tmp/|x",
        "/tmp/>x",
        "/tmp/<x",
        "/tmp/#x",
        "/tmp/=ls",
        "/tmp/%s",
        "/tmp/\\'",
        "/tmp/'\\",
        "/tmp/a\\",
        "/tmp/$HOME",
        "/tmp/${IFS}",
        "/tmp/^x",
        "/tmp/-rf",
        "/tmp/ü",
    ];
    let playbooks = Playbooks::builtin();
    let path = playbooks.catalogue().input("PATH").expect("PATH is an input");
    let shells: [(&str, &[&str]); 5] = [
        ("dash", &["-c"]),
        ("bash", &["-c"]),
        ("zsh", &["-c"]),
        ("fish", &["-c"]),
        ("busybox", &["sh", "-c"]),
    ];
    for value in hostile {
        let word = cadge::analysis::written(value, path).expect("a path");
        for (shell, arguments) in shells {
            let script = format!("printf %s {word}");
            let mut arguments = arguments.to_vec();
            arguments.push(&script);
            let output = run(shell, &arguments, "");
            assert_eq!(String::from_utf8_lossy(&output.stdout), value, "{shell}: {word}");
        }
    }
}

/// The calls that a real shell would make of a text, each with its words: nothing is run, because no program is found.
fn calls(text: &str) -> Vec<Vec<String>> {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("log");
    std::fs::create_dir(&log).expect("made");
    let script = format!(
        "command_not_found_handle() {{ printf '%s\\0' \"$@\" > \"$LOG/$BASHPID\"; }}\n{text}\n"
    );
    let output = std::process::Command::new("/bin/bash")
        .args(["--norc", "-c", &script])
        .current_dir(folder.path())
        .env_clear()
        .env("PATH", "/nonexistent")
        .env("LOG", &log)
        .stdin(std::process::Stdio::null())
        .output()
        .expect("bash is there");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!said.contains("syntax error"), "{text}: {said}");
    let mut calls: Vec<Vec<String>> = std::fs::read_dir(&log)
        .expect("it was made")
        .flatten()
        .map(|entry| {
            let words = std::fs::read(entry.path()).expect("written");
            let words = words.strip_suffix(b"\0").unwrap_or(&words);
            words
                .split(|byte| *byte == 0)
                .map(|word| String::from_utf8_lossy(word).into_owned())
                .collect()
        })
        .collect();
    calls.sort();
    calls
}

/// Values that are allowed somewhere although they look like anything but a name.
const ODD: [&str; 26] = [
    "/tmp/a b",
    "/tmp/$(touch x)",
    "/tmp/`id`",
    "/tmp/'",
    "/tmp/\"",
    "/tmp/\\",
    "/tmp/;id",
    "/tmp/*",
    "/tmp/-rf",
    "/tmp/~",
    "/tmp/{a,b}",
    "/tmp/#x",
    "/tmp/!x",
    "/tmp/&&id",
    "/tmp/|id",
    "/tmp/>x",
    "a'b",
    "$(id)",
    "-rf",
    "*",
    "a b",
    "[kworker/0:1]",
    "(sd-pam)",
    "My rule's \"name\" $(id)",
    "3",
    "2606:4700::1111",
];

#[test]
fn a_real_shell_makes_the_same_calls_with_an_odd_value_as_one_word() {
    let playbooks = Playbooks::builtin();
    let usual = rendered();
    let mut n_tried = 0;
    let mut known = std::collections::BTreeMap::new();
    let quoted = |input: &cadge::analysis::catalogue::Input| {
        input.write == cadge::analysis::catalogue::Write::Quoted
    };
    for (input_name, input) in
        playbooks.catalogue().inputs.iter().filter(|(_, input)| quoted(input))
    {
        for value in ODD {
            if cadge::analysis::written(value, input).is_err() {
                continue;
            }
            let odd = rendered_with(&[(input_name, value)]);
            for ((name, before), (_, after)) in usual.iter().zip(&odd).filter(|(a, b)| a != b) {
                n_tried += 1;
                let before = known.entry(name).or_insert_with(|| calls(before));
                let after = calls(after);
                let as_expected = |words: &Vec<String>| -> Vec<String> {
                    words.iter().map(|word| word.replace(&input.example, value)).collect()
                };
                let mut expected: Vec<Vec<String>> = before.iter().map(as_expected).collect();
                expected.sort();
                assert_eq!(after, expected, "{name} with {input_name} = {value:?}");
            }
        }
    }
    assert!(n_tried > 100, "only {n_tried} commands were tried");
}

/// Every command of every analysis, as it would be copied: for the playbooks' own samples and the test alerts of the tree.
#[test]
fn every_command_that_is_offered_parses_and_pleases_shellcheck() {
    let playbooks = Playbooks::builtin();
    let mut alerts: Vec<cadge::model::Alert> = playbooks
        .all()
        .filter_map(|(_, book)| book.ok())
        .flat_map(|book| book.samples.iter().map(|sample| sample.alert.alert()).collect::<Vec<_>>())
        .collect();
    alerts.extend(fixtures());
    assert!(alerts.len() > 200, "{} alerts", alerts.len());
    let mut texts = std::collections::BTreeSet::new();
    for alert in &alerts {
        let analysis = analyze(alert, &[], &playbooks, &Choice::default());
        for step in analysis.steps {
            texts.extend(step.command);
            texts.extend(step.others.into_iter().map(|(_, text)| text));
            texts.extend(step.undo.filter(|undo| !undo.starts_with("none")));
        }
    }
    let folder = tempfile::tempdir().expect("a folder");
    let mut files = Vec::new();
    for (n, text) in texts.iter().enumerate() {
        let path = folder.path().join(format!("{n}.sh"));
        std::fs::write(&path, format!("#!/bin/bash\n{text}\n")).expect("written");
        files.push(path.display().to_string());
    }
    let script =
        format!("for f in {}/*.sh; do bash -n \"$f\" || exit 1; done", folder.path().display());
    let output = run("bash", &["-c", &script], "");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    std::thread::scope(|scope| {
        for half in files.chunks(files.len().div_ceil(2)) {
            scope.spawn(move || {
                let mut arguments = vec!["-S", "warning", "-f", "gcc"];
                arguments.extend(half.iter().map(String::as_str));
                let output = run("shellcheck", &arguments, "");
                assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
            });
        }
    });
}

/// Every alert of `fixtures/`, whatever form it is in.
fn fixtures() -> Vec<cadge::model::Alert> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join("fixtures"), root.join("examples")];
    let mut alerts = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let Ok(bytes) = std::fs::read(&path) else { continue };
            let mut decoder = Decoder::new(Arc::new(Context::default()), "test".into());
            let mut entries = Vec::new();
            decoder.push(&bytes, &mut entries);
            decoder.finish(&mut entries);
            alerts.extend(entries.into_iter().filter_map(|entry| match entry.item {
                Item::Alert(alert) => Some(*alert),
                _ => None,
            }));
        }
    }
    alerts
}
