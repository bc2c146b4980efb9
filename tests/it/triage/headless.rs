//! `cadge triage`: what scripts rely on.

use super::{database, line};
use assert_cmd::Command;
use assert_cmd::assert::Assert;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fs;
use std::io::Write;
use std::path::PathBuf;

const SHELL: &str = "Terminal shell in container";

/// Runs the program in a home folder.
pub fn run(home: &std::path::Path, words: &[&str]) -> Assert {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cadge"));
    command.env_clear().env("HOME", home).args(words).assert()
}

struct Host {
    home: tempfile::TempDir,
    log: PathBuf,
}

impl Host {
    /// Three shells in two containers, and one worse thing.
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let log = home.path().join("events.json");
        let mut text = String::new();
        for (container, second) in [(1, 0), (1, 10), (2, 20)] {
            text += &line(container, second, SHELL, "Notice");
        }
        text += &line(1, 30, "Drop and execute new binary in container", "Critical");
        fs::write(&log, text).unwrap();
        Self { home, log }
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cadge"));
        command.env_clear().env("TZ", "UTC").env("HOME", self.home.path()).env("USER", "ana");
        command.current_dir(self.home.path()).args(words).write_stdin("");
        command
    }

    #[track_caller]
    fn ends(&self, words: &[&str], code: i32) -> Assert {
        self.command(words).assert().code(code)
    }

    #[track_caller]
    fn says(&self, words: &[&str]) -> String {
        String::from_utf8(self.ends(words, 0).get_output().stdout.clone()).unwrap()
    }

    #[track_caller]
    fn json(&self, words: &[&str]) -> Value {
        serde_json::from_str(&self.says(words)).unwrap()
    }

    fn count(&self, filter: &str) -> String {
        let words = ["list", "events.json", "--count", "--filter", filter];
        let output = self.command(&words).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn append(&self, text: &str) {
        fs::OpenOptions::new()
            .append(true)
            .open(&self.log)
            .unwrap()
            .write_all(text.as_bytes())
            .unwrap();
    }
}

fn error(assert: &Assert) -> String {
    String::from_utf8(assert.get_output().stderr.clone()).unwrap()
}

#[test]
fn one_two_or_all_alike_are_decided_and_filtered() {
    let host = Host::new();
    host.says(&["triage", "set", "events.json", "--alert", "1", "--status", "acknowledged"]);
    assert_eq!(host.count("triage.status = acknowledged"), "1");
    host.says(&[
        "triage",
        "set",
        "events.json",
        "--filter",
        "alert.rule = \"Terminal shell in container\"",
        "--scope",
        "container",
        "--verdict",
        "false_positive",
        "--reason",
        "ours",
        "--tag",
        "web",
        "--assignee",
        "bo",
        "--note",
        "seen before",
    ]);
    assert_eq!(host.count("triage.verdict = false_positive"), "3");
    for filter in [
        "triage.status = closed",
        "triage.assignee = bo",
        "triage.note contains before",
        "triage.tags intersects (web)",
        "triage.by = ana",
        "triage.time > -1h",
    ] {
        assert_eq!(host.count(filter), "3", "{filter}");
    }
    assert_eq!(host.count("triage.status = open"), "1");
    let all = host.json(&["triage", "list", "--json"]);
    assert_eq!(all.as_array().unwrap().len(), 3);
    assert_eq!(all[0]["verdict"], "false_positive");
    // What is closed and comes back is open again.
    host.append(&line(1, 3000, SHELL, "Notice").replace("2026-11-20", "2099-11-20"));
    assert_eq!(host.count("triage.status = open"), "2");
}

#[test]
fn a_workload_that_is_deployed_again_is_not_new() {
    let host = Host::new();
    host.says(&[
        "triage",
        "set",
        "events.json",
        "--alert",
        "1",
        "--scope",
        "workload",
        "--verdict",
        "benign",
    ]);
    host.append(&line(9, 40, SHELL, "Notice"));
    assert_eq!(host.count("triage.status = closed"), "4");
}

#[test]
fn the_record_is_kept_with_its_hash_so_that_the_log_may_go() {
    let host = Host::new();
    host.says(&["triage", "set", "events.json", "--alert", "2", "--status", "escalated"]);
    let first = fs::read_to_string(&host.log).unwrap();
    fs::remove_file(&host.log).unwrap();
    let all = host.json(&["triage", "list", "--json"]);
    let key = all[0]["key"].as_str().unwrap();
    let record = host.says(&["triage", "show", "--key", key, "--record"]);
    assert_eq!(record.trim_end(), first.lines().nth(1).unwrap());
    let hash: String =
        Sha256::digest(record.trim_end()).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(all[0]["evidence"], hash);
    let shown = host.json(&["triage", "show", "--key", key, "--json"]);
    let change = &shown["history"][0];
    assert_eq!((&change["by"], &change["before"]["status"]), (&"ana".into(), &"open".into()));
    assert!(!change["host"].as_str().unwrap().is_empty());
}

#[test]
fn a_mute_hides_nothing_worse_than_it_was_made_for() {
    let host = Host::new();
    let made = host.says(&[
        "triage",
        "mute",
        "events.json",
        "--filter",
        "alert.rule = \"Terminal shell in container\"",
        "--for",
        "2h",
        "--reason",
        "load test",
    ]);
    assert!(made.contains("hides 3 of 3 alerts (Notice and below, assessed as "), "{made}");
    let mutes = || host.json(&["triage", "mutes", "events.json", "--json"]);
    let mute = mutes();
    assert_eq!((&mute[0]["reason"], &mute[0]["by"]), (&"load test".into(), &"ana".into()));
    assert_eq!((&mute[0]["hides"], &mute[0]["matches"]), (&3.into(), &3.into()));
    let time = |name: &str| mute[0][name].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    assert_eq!(time("ends").as_second() - time("made").as_second(), 7200);
    // The same rule, more urgent.
    host.append(&line(1, 50, SHELL, "Critical"));
    assert_eq!((&mutes()[0]["hides"], &mutes()[0]["matches"]), (&3.into(), &4.into()));
    let id = mute[0]["id"].as_str().unwrap();
    host.says(&["triage", "unmute", id]);
    assert_eq!(host.json(&["triage", "mutes", "--json"]), Value::Array(vec![]));
    let ended = host.json(&["triage", "mutes", "--all", "--json"]);
    assert_eq!((&ended[0]["state"], &ended[0]["lifted_by"]), (&"lifted".into(), &"ana".into()));
    host.ends(&["triage", "unmute", id], 3);
}

#[test]
fn a_mute_is_made_for_named_levels_and_always_ends() {
    let host = Host::new();
    let words = |more: &[&'static str]| {
        let mut words = vec!["triage", "mute", "events.json", "--filter", "container.id exists"];
        words.extend(more);
        words
    };
    let made = host.says(&words(&["--priority", "notice", "--assessment", "critical"]));
    assert!(made.contains("hides 0 of 4"), "{made}");
    assert!(error(&host.ends(&words(&["--for", "forever"]), 2)).contains("not understood"));
    assert!(error(&host.ends(&words(&["--for", "365 days"]), 2)).contains("at most 30 days"));
    assert!(error(&host.ends(&words(&["--until", "2020-01-01 00:00"]), 2)).contains("past"));
    host.ends(&["triage", "mute", "events.json", "--filter", "proc.name = nothing"], 3);
    let usual = host.json(&["triage", "mutes", "--json"]);
    let time = |name: &str| usual[0][name].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    assert_eq!(
        time("ends").as_second() - time("made").as_second(),
        3600,
        "an hour unless said otherwise"
    );
    host.says(&["triage", "mute", "events.json", "--alert", "3", "--for", "today"]);
    let mutes = host.json(&["triage", "mutes", "events.json", "--json"]);
    assert_eq!(mutes[1]["hides"], 1, "its container alone");
}

#[test]
fn two_hosts_merge_by_time_and_keep_both_histories() {
    let (one, two) = (Host::new(), Host::new());
    one.says(&[
        "triage",
        "set",
        "events.json",
        "--alert",
        "1",
        "--status",
        "acknowledged",
        "--by",
        "ana",
    ]);
    two.says(&["triage", "set", "events.json", "--alert", "1", "--note", "calm", "--by", "bo"]);
    two.says(&[
        "triage",
        "set",
        "events.json",
        "--alert",
        "1",
        "--verdict",
        "benign",
        "--by",
        "bo",
    ]);
    one.says(&["triage", "mute", "events.json", "--filter", "proc.name = bash"]);
    let (first, second) = (one.says(&["triage", "export"]), two.says(&["triage", "export"]));
    for (host, bundle) in [(&one, &second), (&two, &first), (&two, &first)] {
        fs::write(host.home.path().join("bundle.json"), bundle).unwrap();
        host.ends(&["triage", "import", "bundle.json"], 0);
    }
    assert_eq!(one.says(&["triage", "export"]).len(), two.says(&["triage", "export"]).len());
    let key = one.json(&["triage", "list", "--json"])[0]["key"].as_str().unwrap().to_owned();
    for host in [&one, &two] {
        let shown = host.json(&["triage", "show", "--key", &key, "--json"]);
        let by: Vec<_> = shown["history"]
            .as_array()
            .unwrap()
            .iter()
            .map(|change| change["by"].as_str().unwrap())
            .collect();
        assert_eq!(by, ["ana", "bo", "bo"]);
        assert_eq!(
            (&shown["now"]["status"], &shown["now"]["note"]),
            (&"closed".into(), &"calm".into())
        );
        assert_eq!(host.json(&["triage", "mutes", "--json"]).as_array().unwrap().len(), 1);
    }
    let forged = second.replace("\"benign\"", "\"true_positive\"");
    fs::write(one.home.path().join("forged.json"), forged).unwrap();
    assert!(error(&one.ends(&["triage", "import", "forged.json"], 1)).contains("altered"));
}

#[test]
fn an_import_takes_nothing_on_trust() {
    let host = Host::new();
    host.says(&["triage", "set", "events.json", "--alert", "1", "--verdict", "benign"]);
    host.says(&["triage", "mute", "events.json", "--filter", "proc.name = bash"]);
    let good = host.says(&["triage", "export", "--records"]);
    let import = |name: &str, text: &[u8], code: i32| {
        let other = Host::new();
        fs::write(other.home.path().join(name), text).unwrap();
        let assert = other.ends(&["triage", "import", name], code);
        let says = error(&assert);
        assert!(!says.contains("panicked"), "{says}");
        let is_plain = |c: char| !c.is_control() || c == '\n';
        assert!(says.chars().all(is_plain), "{says:?}");
        for words in
            [&["triage", "list"][..], &["triage", "mutes", "--all"], &["triage", "summary"]]
        {
            let said = other.says(words);
            assert!(said.chars().all(is_plain), "{said:?}");
        }
        (other, says)
    };
    let (other, _) = import("good.json", good.as_bytes(), 0);
    assert_eq!(other.says(&["triage", "export", "--records"]), good, "all of it came over");
    let endless = good.replace("\"ends\": \"20", "\"ends\": \"29");
    let (other, says) = import("endless.json", endless.as_bytes(), 1);
    assert!(
        says.contains("left out: the suppression") && says.contains("at most 30 days"),
        "{says}"
    );
    assert_eq!(other.says(&["triage", "mutes", "--all"]), "");
    assert_eq!(other.json(&["triage", "list", "--json"]).as_array().unwrap().len(), 1);
    // Names that act on a terminal, in a change whose id fits them.
    let mut forged: Value = serde_json::from_str(&good).unwrap();
    forged["suppressions"][0]["id"] = "x\u{1b}[2J\u{202e}".into();
    forged["suppressions"][0]["author"] = "\u{1b}]0;x\u{7}".into();
    forged["suppressions"][0]["reason"] = "\r\nfine".into();
    let mut change: cadge::triage::Change =
        serde_json::from_value(forged["changes"][0].clone()).unwrap();
    change.by = "eve\u{1b}[31m\u{9b}2J".into();
    change.about.rule = "\u{202e}elur\n# heading | `x` <b>".into();
    change.after.note = Some("a\u{0}b".into());
    forged["changes"][0] = serde_json::to_value(change.identified()).unwrap();
    import("forged.json", forged.to_string().as_bytes(), 0);
    import("cut.json", &good.as_bytes()[..good.len() / 2], 1);
    import("binary.json", &[0xff, 0x00, 0x1b], 1);
    import("deep.json", "[".repeat(100_000).as_bytes(), 1);
    import("evil\u{1b}[2J.json", b"{}", 1);
}

#[test]
fn reading_commands_leave_a_damaged_database_alone() {
    let host = Host::new();
    host.says(&["triage", "set", "events.json", "--alert", "1", "--verdict", "benign"]);
    let path = database(host.home.path());
    let damaged = vec![0xa5; 8192];
    fs::write(&path, &damaged).unwrap();
    for suffix in ["-wal", "-shm"] {
        let _ = fs::remove_file(path.with_file_name(format!("triage.db{suffix}")));
    }
    for words in [
        &["triage", "list"][..],
        &["triage", "export"],
        &["triage", "mutes"],
        &["triage", "summary", "events.json"],
    ] {
        assert!(error(&host.ends(words, 1)).contains("is damaged and left as it is"), "{words:?}");
    }
    let words = ["list", "events.json", "--filter", "triage.status = closed"];
    assert!(error(&host.ends(&words, 3)).contains("everything counts as open"));
    assert_eq!(fs::read(&path).unwrap(), damaged);
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    // A decision puts it aside.
    let set = ["triage", "set", "events.json", "--alert", "1", "--verdict", "benign"];
    assert!(error(&host.ends(&set, 0)).contains("was damaged: it is kept as"));
}

#[test]
fn closing_again_with_a_note_closes_what_came_back() {
    let host = Host::new();
    let close = ["triage", "set", "events.json", "--alert", "1", "--scope", "container"];
    host.says(&[&close[..], &["--verdict", "benign", "--reason", "probe"]].concat());
    assert_eq!(host.count("triage.status = closed"), "2");
    host.says(&[&close[..], &["--status", "closed", "--note", "again"]].concat());
    let all = host.json(&["triage", "list", "--json"]);
    assert_eq!((&all[0]["verdict"], &all[0]["reason"]), (&"benign".into(), &"probe".into()));
    assert_eq!(all[0]["note"], "again");
    host.says(&[&close[..], &["--status", "open"]].concat());
    let all = host.json(&["triage", "list", "--json"]);
    assert_eq!((&all[0]["verdict"], &all[0]["reason"]), (&Value::Null, &Value::Null));
}

#[test]
fn a_shift_hands_over_what_it_did_and_what_waits() {
    let host = Host::new();
    host.says(&[
        "triage",
        "set",
        "events.json",
        "--alert",
        "1",
        "--verdict",
        "test",
        "--reason",
        "a `drill`",
    ]);
    host.says(&[
        "triage",
        "set",
        "events.json",
        "--alert",
        "2",
        "--status",
        "escalated",
        "--assignee",
        "bo",
    ]);
    host.says(&["triage", "mute", "events.json", "--alert", "3", "--reason", "known"]);
    let page = host.says(&["triage", "summary", "events.json"]);
    for part in [
        "2 decisions: `ana` 2",
        "closed as a test",
        "`` a `drill` ``",
        "- **escalated** `Terminal shell in container`",
        "assigned to `bo`",
        "## Muted",
        "`known`",
        "1 alert in 1 group wait; 1 muted.",
        "`Drop and execute new binary in container`",
    ] {
        let part = part.replace("`` a `drill` ``", "a `drill`");
        assert!(page.contains(&part), "{part} is missing in:\n{page}");
    }
    let none = host.says(&["triage", "summary", "--since", "2099-01-01T00:00:00Z"]);
    assert!(none.contains("Nothing was decided."), "{none}");
}

#[test]
fn what_cannot_be_done_is_said_with_its_exit_status() {
    let host = Host::new();
    host.ends(&["triage", "set", "events.json", "--alert", "99", "--status", "closed"], 3);
    host.ends(&["triage", "set", "events.json", "--alert", "1", "--status", "done"], 2);
    host.ends(&["triage", "set", "events.json", "--status", "closed"], 2);
    host.ends(&["triage", "set", "events.json", "--alert", "1"], 1);
    host.ends(
        &["triage", "set", "events.json", "--alert", "1", "--status", "open", "--verdict", "test"],
        1,
    );
    host.ends(&["triage", "show", "--key", "nonsense"], 1);
    assert!(!database(host.home.path()).exists() || host.says(&["triage", "list"]).is_empty());
}

/// The same alert as falcosidekick hands it on: a uuid and fields of its own, times without zeros, tags sorted.
fn forwarded(line: &str) -> String {
    let mut alert: Value = serde_json::from_str(line).unwrap();
    alert["uuid"] = "4e4b1b9e-0b1a-4b0e-9f0e-000000000001".into();
    let time = alert["time"].as_str().unwrap().replace(".000000000Z", "Z");
    alert["time"] = time.into();
    alert["tags"] = Value::Array(vec!["a".into(), "container".into()]);
    alert["output_fields"]["cluster"] = "blue".into();
    alert.to_string()
}

#[test]
fn an_alert_is_the_same_whichever_way_it_came() {
    let host = Host::new();
    let ids = |words: &[&str], input: Vec<u8>| -> Vec<String> {
        let mut command = host.command(words);
        let output = command.write_stdin(input).output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout)
            .unwrap()
            .lines()
            .map(|line| {
                serde_json::from_str::<Value>(line).unwrap()["id"].as_str().unwrap().to_owned()
            })
            .collect()
    };
    let text = fs::read(&host.log).unwrap();
    let file = ids(&["list", "--json", "events.json"], Vec::new());
    assert_eq!(file.len(), 4);
    assert_eq!(file, ids(&["list", "--json"], text.clone()), "a pipe");
    let write = |name: &str, bytes: &[u8]| fs::write(host.home.path().join(name), bytes).unwrap();
    let mut archive = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    archive.write_all(&text).unwrap();
    write("events.json.1.gz", &archive.finish().unwrap());
    assert_eq!(file, ids(&["list", "--json", "events.json.1.gz"], Vec::new()), "an archive");
    let lines = String::from_utf8(text).unwrap();
    let sidekick: String = lines.lines().map(|line| forwarded(line) + "\n").collect();
    write("sidekick.json", sidekick.as_bytes());
    assert_eq!(file, ids(&["list", "--json", "sidekick.json"], Vec::new()), "falcosidekick");
    let wrapped: String = lines
        .lines()
        .map(|line| format!("2026-11-20T12:00:00.000000001Z stdout F {line}\n"))
        .collect();
    write("cri.log", wrapped.as_bytes());
    assert_eq!(file, ids(&["list", "--json", "cri.log"], Vec::new()), "a container runtime's log");
    // A decision made on the file is known in all of them.
    host.says(&["triage", "set", "events.json", "--alert", "1", "--status", "escalated"]);
    for name in ["events.json.1.gz", "sidekick.json", "cri.log"] {
        let words = ["list", name, "--count", "--filter", "triage.status = escalated"];
        assert_eq!(host.says(&words).trim(), "1", "{name}");
    }
}

#[test]
fn an_alert_that_is_not_there_is_named() {
    let host = Host::new();
    for words in [
        &["triage", "set", "--alert", "99", "--status", "closed", "events.json"][..],
        &["triage", "show", "--alert", "99", "events.json"],
        &["triage", "mute", "--alert", "99", "events.json"],
        &["report", "--alert", "99", "events.json"],
    ] {
        let ended = host.ends(words, 3);
        let said = String::from_utf8_lossy(&ended.get_output().stderr).into_owned();
        assert!(said.contains("there is no alert 99: 4 alerts were read"), "{words:?}: {said}");
    }
}

#[test]
fn a_summary_tells_once_what_was_decided_at_once() {
    let host = Host::new();
    let filter = "alert.rule = \"Terminal shell in container\"";
    host.ends(
        &[
            "triage",
            "set",
            "--filter",
            filter,
            "--verdict",
            "benign",
            "--reason",
            "a drill",
            "events.json",
        ],
        0,
    );
    let page = host.says(&["triage", "summary"]);
    assert!(page.contains("3 decisions: `ana` 3"), "{page}");
    assert!(
        page.contains("closed as benign, with a reason; reason: a drill` (2 alerts)"),
        "{page}"
    );
    assert_eq!(page.matches("closed as benign").count(), 2, "{page}");
}

#[test]
fn a_group_that_waits_is_as_bad_as_the_worst_of_it() {
    let host = Host::new();
    host.append(&line(2, 40, SHELL, "Critical"));
    host.append(&line(2, 50, SHELL, "Notice"));
    let page = host.says(&["triage", "summary", "events.json"]);
    let waits = page.lines().find(|line| line.contains("3 alerts, 2026")).unwrap_or_default();
    assert!(waits.starts_with("- **high** `Terminal shell in container`"), "{page}");
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the pipe must be closed by hand")]
fn an_export_into_a_closed_pipe_is_no_failure() {
    let host = Host::new();
    let filter = "alert.rule exists";
    host.says(&["triage", "set", "--filter", filter, "--status", "closed", "events.json"]);
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_cadge"))
        .env_clear()
        .env("HOME", host.home.path())
        .args(["triage", "export"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    assert!(ended.status.success() && ended.stderr.is_empty(), "{ended:?}");
}

#[test]
fn a_command_line_without_its_alert_names_every_way_to_say_it() {
    let host = Host::new();
    for words in [&["triage", "show"][..], &["triage", "set", "--status", "closed"]] {
        let said = error(&host.ends(words, 2));
        assert!(said.contains("--key <KEY>") && said.contains("--filter <EXPR>"), "{said}");
    }
    let said = error(&host.ends(&["explain", "events.json", "--runtime", "dokcer"], 2));
    assert!(said.contains("docker") && said.contains("crictl"), "{said}");
}
