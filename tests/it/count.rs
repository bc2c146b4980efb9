//! `groups` counts what anybody else would count.

use assert_cmd::Command;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write as _;

/// A log in which rules, containers and their texts vary, with escapes and text beyond ASCII, by small numbers.
fn log() -> String {
    let mut log = String::new();
    let mut dice = 7_u64;
    let mut below = |limit: u64| {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (dice >> 33) % limit
    };
    for number in 0..4000 {
        let rule = ["Shell", "Mount \"x\"", "Lesen \u{e4}", "\u{30c6}\u{30b9}\u{30c8}"]
            [usize::try_from(below(2) * below(3)).unwrap()];
        let id = match below(12) {
            0 => Value::Null,
            1 => json!(""),
            2 => json!("host"),
            3 => json!("a\\b\"c"),
            _ => json!(format!("{:012x}", below(300))),
        };
        let command = ["sh -c \"id\"", "grep '\\d+' \u{fc}", "ls", "x\ty"]
            [usize::try_from(below(4)).unwrap()];
        let alert = json!({
            "hostname": format!("node-{}", below(3)),
            "output": format!("00:00:00.000000001: Notice {rule} (command={command})"),
            "output_fields": {"container.id": id, "evt.num": number, "proc.cmdline": command, "proc.tty": 0},
            "priority": "Notice", "rule": rule, "source": "syscall", "tags": ["a", "b"],
            "time": format!("2025-01-01T{:02}:{:02}:00.5Z", below(24), below(60)),
        });
        log.push_str(&alert.to_string());
        log.push('\n');
    }
    log
}

/// The alert of a line in each form in which lines reach a reader.
fn forms(alert: &str) -> [(&'static str, String); 6] {
    let log = |text: &str| serde_json::to_string(text).unwrap();
    [
        ("json", alert.to_owned()),
        ("cri", format!("2025-01-01T00:00:00.000000001Z stdout F {alert}")),
        (
            "docker",
            format!(
                r#"{{"log":{},"stream":"stdout","time":"2025-01-01T00:00:00.000000001Z"}}"#,
                log(&format!("{alert}\n"))
            ),
        ),
        (
            "journald",
            format!(
                r#"{{"__REALTIME_TIMESTAMP":"1735689600000000","_HOSTNAME":"n","SYSLOG_IDENTIFIER":"falco","MESSAGE":{}}}"#,
                log(alert)
            ),
        ),
        ("syslog", format!("Jan  1 00:00:00 node-1 falco[812]: {alert}")),
        ("sidekick", alert.replacen('{', r#"{"uuid":"01234567-0000-4000-8000-0123456789ab","#, 1)),
    ]
}

type Counts = BTreeMap<(String, String), u64>;

/// What `groups` counts in a log.
fn groups(log: &str) -> (Counts, Vec<u64>) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(log.as_bytes()).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_cadge"));
    command.env_clear().env("TZ", "UTC").env("HOME", "/nonexistent").args(["groups", "--json"]);
    let out = command.arg(file.path()).assert().success().get_output().stdout.clone();
    let groups: Value = serde_json::from_slice(&out).unwrap();
    let groups = groups.as_array().unwrap();
    let grouped = groups
        .iter()
        .map(|group| {
            let key = (group["rule"].to_string(), group["container"]["id"].to_string());
            (key, group["count"].as_u64().unwrap())
        })
        .collect();
    (grouped, groups.iter().map(|group| group["count"].as_u64().unwrap()).collect())
}

#[test]
fn rules_and_containers_are_counted_as_by_a_plain_reader() {
    let log = log();
    let mut counted = Counts::new();
    for line in log.lines() {
        let alert: Value = serde_json::from_str(line).unwrap();
        let id = alert["output_fields"]["container.id"].to_string();
        *counted.entry((alert["rule"].to_string(), id)).or_default() += 1;
    }
    assert!(log.len() > 1 << 20 && counted.len() > 300, "{} {}", log.len(), counted.len());
    let mut by_form = BTreeMap::<_, String>::new();
    for line in log.lines() {
        for (form, line) in forms(line) {
            let log = by_form.entry(form).or_default();
            log.push_str(&line);
            log.push('\n');
        }
    }
    for (form, log) in by_form {
        let (grouped, counts) = groups(&log);
        assert_eq!(grouped, counted, "{form}");
        assert!(counts.is_sorted_by(|a, b| a >= b), "the largest first: {form}");
    }
}
