//! The same alert is as bad in every command as on the screen: one rule says which alerts are its neighbors.

use assert_cmd::Command;
use cadge::analysis::{Choice, Neighbor, Playbooks, analyze};
use cadge::decode::{Item, reread};
use cadge::model::{Alert, AlertId};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// An intrusion in one container, whose id comes with 12 and with 64 digits, among the noise of another and of the host;
/// some of it lies too far away to be one story.
fn log() -> String {
    let long = "7d01f2a4c9be0123456789abcdef0123456789abcdef0123456789abcdef0123";
    let here = |id: &str| {
        format!(
            "\"container.id\":\"{id}\",\"container.name\":\"web\",\"container.image.repository\":\"shop/web\""
        )
    };
    let (short, long) = (here("7d01f2a4c9be"), here(long));
    let host = "\"container.id\":\"host\"";
    let other = "\"container.id\":\"\",\"container.name\":\"batch\"";
    let acts: [(&str, &str, &str, &str, &str, &str); 9] = [
        (
            "09:00:00",
            "Terminal shell in container",
            "Notice",
            "mitre_execution\",\"T1059",
            &short,
            "bash -i",
        ),
        (
            "09:01:10",
            "Read sensitive file untrusted",
            "Warning",
            "mitre_credential_access\",\"T1555",
            &long,
            "cat /etc/shadow",
        ),
        (
            "09:02:30",
            "Launch Suspicious Network Tool in Container",
            "Notice",
            "mitre_discovery\",\"T1046",
            &short,
            "nmap 10.0.0.0/24",
        ),
        (
            "09:03:00",
            "Delete or rename shell history",
            "Warning",
            "mitre_defense_evasion\",\"T1070",
            &long,
            "rm .bash_history",
        ),
        (
            "09:03:20",
            "Read sensitive file untrusted",
            "Warning",
            "mitre_credential_access\",\"T1555",
            host,
            "cat /etc/shadow",
        ),
        (
            "09:20:00",
            "Fileless execution via memfd_create",
            "Critical",
            "mitre_defense_evasion\",\"T1620",
            &short,
            "/memfd:x",
        ),
        (
            "09:52:00",
            "Clear Log Activities",
            "Warning",
            "mitre_defense_evasion\",\"T1070",
            &long,
            "truncate -s 0 /var/log/x",
        ),
        ("09:53:00", "Our own rule", "Debug", "mitre_impact", other, "job"),
        ("09:53:30", "Our other rule", "Notice", "mitre_exfiltration", other, "send"),
    ];
    let mut text = String::new();
    for (time, rule, priority, tags, place, command) in acts {
        // The noise between the acts would push them out of a window of a few rows.
        for n in 0..30 {
            let second = n % 60;
            text.push_str(&format!("{{\"rule\":\"Write below etc\",\"priority\":\"Error\",\"time\":\"2026-03-02T{}:{second:02}Z\",\"source\":\"syscall\",\"hostname\":\"node-1\",\"output\":\"noise\",\"tags\":[\"mitre_persistence\"],\"output_fields\":{{{short},\"fd.name\":\"/etc/x{n}\",\"proc.name\":\"tee\"}}}}\n", &time[..5]));
        }
        text.push_str(&format!("{{\"rule\":\"{rule}\",\"priority\":\"{priority}\",\"time\":\"2026-03-02T{time}Z\",\"source\":\"syscall\",\"hostname\":\"node-1\",\"output\":\"act\",\"tags\":[\"{tags}\"],\"output_fields\":{{{place},\"proc.cmdline\":\"{command}\",\"proc.name\":\"x\",\"evt.type\":\"execve\"}}}}\n"));
    }
    text
}

/// What `cadge` prints, with a folder of its own for what it keeps.
fn cadge(home: &Path, words: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_cadge"))
        .args(words)
        .env("XDG_CONFIG_HOME", home)
        .env("XDG_STATE_HOME", home)
        .env("XDG_DATA_HOME", home)
        .env("HOME", home)
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

fn level(analysis: &Value) -> String {
    analysis["assessment"]["level"].as_str().unwrap_or("none").to_owned()
}

/// The levels as the console's detail pane gives them.
fn on_screen(bytes: &[u8]) -> Vec<String> {
    let (store, records) = super::sweep::store(bytes);
    let read = |id: AlertId| -> Alert {
        let location = store.location(id).unwrap();
        let bytes = records.read(location).unwrap();
        match reread(&bytes, location.nth, &records.context(location.body)) {
            Item::Alert(alert) => *alert,
            other => unreachable!("no alert any more: {other:?}"),
        }
    };
    let (snapshot, playbooks) = (store.snapshot(), Playbooks::builtin());
    (0..u32::try_from(store.len()).unwrap())
        .map(AlertId)
        .map(|id| {
            let near: Vec<_> = snapshot.near(id).into_iter().map(|id| (id, read(id))).collect();
            let near: Vec<_> = near.iter().map(|(id, alert)| Neighbor { id: *id, alert }).collect();
            analyze(&read(id), &near, &playbooks, &Choice::default())
                .assessment
                .level
                .name()
                .to_owned()
        })
        .collect()
}

#[test]
fn an_alert_is_as_bad_in_every_command_as_on_the_screen() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("events.json");
    let text = log();
    std::fs::write(&path, &text).unwrap();
    let path = path.to_str().unwrap();
    let screen = on_screen(text.as_bytes());
    let explained: Value =
        serde_json::from_str(&cadge(home.path(), &["explain", "--all", "--format", "json", path]))
            .unwrap();
    let explained: Vec<String> =
        explained.as_array().unwrap().iter().map(|one| level(&one["analysis"])).collect();
    assert_eq!(explained, screen);
    let mut counts = BTreeMap::<&str, usize>::new();
    for level in &screen {
        *counts.entry(level).or_default() += 1;
    }
    assert!(counts.len() >= 3, "the log shows several levels: {counts:?}");
    for word in ["benign", "low", "medium", "high", "critical"] {
        let filter = format!("alert.assessment = {word}");
        let n = counts.get(word).copied().unwrap_or(0);
        let listed = cadge(home.path(), &["list", "--filter", &filter, path]);
        assert_eq!(listed.lines().count(), n, "list, {word}");
        let counted = cadge(home.path(), &["list", "--count", "--filter", &filter, path]);
        assert_eq!(counted.trim(), n.to_string(), "list --count, {word}");
        let words = ["explain", "--all", "--format", "json", "--filter", &filter, path];
        let told: Value = serde_json::from_str(&cadge(home.path(), &words)).unwrap();
        assert_eq!(told.as_array().unwrap().len(), n, "explain --filter, {word}");
        assert!(told.as_array().unwrap().iter().all(|one| level(&one["analysis"]) == word));
    }
    // Alone and among all, and in a report of its own.
    for number in [31, 62, 124, 186, 217, 279] {
        let of = number.to_string();
        let alone = cadge(home.path(), &["explain", "--alert", &of, "--format", "json", path]);
        let alone: Value = serde_json::from_str(&alone).unwrap();
        assert_eq!(level(&alone["analysis"]), screen[number - 1], "explain --alert {of}");
        let report = cadge(home.path(), &["report", "--alert", &of, "--format", "json", path]);
        let report: Value = serde_json::from_str(&report).unwrap();
        assert_eq!(level(&report["alerts"][0]["analysis"]), screen[number - 1], "report {of}");
    }
}
