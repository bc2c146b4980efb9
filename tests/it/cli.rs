//! The commands without a screen: what they print, what they promise to scripts, and how they end.

use assert_cmd::Command;
use assert_cmd::assert::Assert;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

pub const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");
/// What the snapshots show: JSON, damage, and Falco's own log.
pub const SOME: [&str; 3] =
    ["formats/falco-0.40.jsonl", "damage/torn.jsonl", "formats/internal.jsonl"];

fn cadge(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cadge"));
    command.env_clear().env("TZ", "UTC").env("LANG", "C.UTF-8").env("HOME", "/nonexistent");
    command.current_dir(FIXTURES).args(words).write_stdin("");
    command
}

#[track_caller]
pub fn ends(words: &[&str], code: i32) -> Assert {
    cadge(words).assert().code(code)
}

pub fn out(assert: &Assert) -> String {
    String::from_utf8(assert.get_output().stdout.clone()).unwrap()
}

pub fn err(assert: &Assert) -> String {
    String::from_utf8(assert.get_output().stderr.clone()).unwrap()
}

#[track_caller]
fn json(words: &[&str]) -> Value {
    serde_json::from_str(&out(&ends(words, 0))).unwrap()
}

#[track_caller]
fn lines(words: &[&str]) -> Vec<Value> {
    out(&ends(words, 0)).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Some fixtures, last written on one day: a clock without a date is dated by that.
fn dated() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let day: jiff::Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
    for name in SOME {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::copy(Path::new(FIXTURES).join(name), &path).unwrap();
        let file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
        file.set_modified(day.into()).unwrap();
    }
    folder
}

/// Both streams, as a person sees them.
fn told(words: &[&str], folder: &Path) -> String {
    let assert = cadge(words).current_dir(folder).assert();
    let code = assert.get_output().status.code().unwrap();
    format!(
        "$ cadge {}\n{}--- standard error\n{}--- exit {code}\n",
        words.join(" "),
        out(&assert),
        err(&assert)
    )
}

fn files() -> Vec<String> {
    let mut files = Vec::new();
    for folder in ["formats", "damage", "seeds", "hostile"] {
        for entry in std::fs::read_dir(Path::new(FIXTURES).join(folder)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            // Numbers that only text can hold are too much for the reader of JSON used here.
            if !name.contains(".md") && name != "numbers.jsonl" {
                files.push(format!("{folder}/{name}"));
            }
        }
    }
    files.sort();
    files
}

#[test]
fn every_command_prints_what_it_printed_before() {
    let (mut all, folder) = (String::new(), dated());
    for command in [
        &["list"][..],
        &["list", "--json"],
        &["list", "--count"],
        &["list", "--rejects"],
        &["groups"],
        &["groups", "--json"],
        &["stats"],
        &["stats", "--json"],
    ] {
        let words: Vec<_> = command.iter().copied().chain(SOME).collect();
        let _ = writeln!(all, "{}", told(&words, folder.path()));
    }
    insta::assert_snapshot!("commands", all);
}

#[test]
fn an_explanation_is_of_the_alert_that_was_asked_for() {
    for (n, rule) in [("1", "Netcat"), ("4", "Fileless execution")] {
        for format in ["text", "markdown", "json"] {
            let words = ["explain", "--alert", n, "--format", format, "seeds/alerts.jsonl"];
            assert!(out(&ends(&words, 0)).contains(rule), "{words:?}");
        }
    }
    let id = lines(&["list", "--json", "seeds/alerts.jsonl"])[3]["id"].clone();
    let words = ["explain", "--alert", id.as_str().unwrap(), "seeds/alerts.jsonl"];
    let by_number = ["explain", "--alert", "4", "seeds/alerts.jsonl"];
    assert_eq!(out(&ends(&words, 0)), out(&ends(&by_number, 0)));
}

#[test]
fn the_manual_of_each_command_reads_as_before() {
    let mut all = String::new();
    for command in ["", "list", "groups", "stats", "explain", "demo", "completions", "man"] {
        let words: Vec<_> =
            [command, "--help"].into_iter().filter(|word| !word.is_empty()).collect();
        let _ = writeln!(all, "$ cadge {}\n{}", words.join(" "), out(&ends(&words, 0)));
    }
    insta::assert_snapshot!("help", all);
}

#[test]
fn exit_codes_say_how_it_went() {
    ends(&["list", "damage/garbage.log"], 0);
    ends(&["list", "no-such-file"], 1);
    ends(&["list", "--no-such-option"], 2);
    ends(&["list", "--filter", "proc.name =", SOME[0]], 2);
    ends(&["list", "--filter", "proc.name = nobody", SOME[0]], 3);
    ends(&["list", "--search", "stands nowhere", SOME[0]], 3);
    ends(&["groups", "--filter", "proc.name = nobody", SOME[0]], 3);
    ends(&["list", "--count", "--filter", "proc.name = nobody", SOME[0]], 0).stdout("0\n");
    ends(&["explain", "--alert", "99", SOME[0]], 3);
    ends(&["--version"], 0);
}

/// What is said on standard error, where a command ends with this code.
#[track_caller]
fn says(words: &[&str], code: i32, what: &str) {
    let said = err(&ends(words, code));
    assert!(said.contains(what), "{words:?} says {said:?}, not {what:?}");
    assert!(!said.contains("os error"), "{said}");
}

#[test]
fn a_mistake_is_named_with_what_would_be_right() {
    says(&["explain", "--alert", "99", SOME[0]], 3, "there is no alert 99: ");
    says(&["explain", "--alert", "0", SOME[0]], 3, "a number from 1, an id or a uuid names one");
    says(&["explain", "--alert", "2", "-"], 3, "no alert 2: none was read");
    let filtered = ["explain", "--alert", "1", "--filter", "proc.name = nobody", SOME[0]];
    says(&filtered, 3, "the filter leaves alert 1 out");
    says(&["tune", "--alert", "x", SOME[0]], 3, "there is no alert x: ");
    says(&["fields", "proc.nmae"], 3, "no field we know holds proc.nmae; did you mean proc.name?");
    says(&["grops", SOME[0]], 2, "no command of that name; did you mean `cadge groups`?");
    says(
        &["--filter", "proc.name = a", "list", SOME[0]],
        2,
        "no file list; a command comes first, its options behind it",
    );
    says(&["lint", "formats"], 1, "cannot read formats: is a directory");
    says(&["config", "check", "formats"], 2, "formats: cannot be read: it is a folder");
    says(&["config", "check", "nowhere.toml"], 2, "nowhere.toml: cannot be read: no such file");
    says(&["triage", "summary", "no-such-file"], 1, "cannot read no-such-file: no such file");
    says(
        &["evidence", "--output", "x.zip", SOME[0]],
        2,
        "x.zip: a bundle is a folder or a .tar.gz",
    );
}

#[test]
fn a_pipe_that_is_packed_is_said_to_be() {
    for (start, program) in [
        (&b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03ab\n"[..], "zcat"),
        (b"\x28\xb5\x2f\xfd\x04\x00\x00\x00\x00\x00ab\n", "zstdcat"),
    ] {
        let ended = cadge(&["stats", "-"]).write_stdin(start).assert().code(0);
        let said = err(&ended);
        assert!(said.contains(&format!("is packed: name the file, or pipe `{program}`")), "{said}");
    }
}

#[test]
fn every_command_that_reads_ends_with_its_counts() {
    for command in ["list", "groups", "stats", "explain"] {
        let assert = ends(&[command, SOME[0]], 0);
        assert_eq!(err(&assert).lines().last(), Some("2 alerts, 0 rejects, 0 other"), "{command}");
    }
}

#[test]
fn list_names_the_rule_and_has_no_header() {
    let assert = ends(&["list", "seeds/alerts.jsonl"], 0);
    let (text, alerts) = (out(&assert), lines(&["list", "--json", "seeds/alerts.jsonl"]));
    assert_eq!(text.lines().count(), alerts.len());
    for (line, alert) in text.lines().zip(alerts) {
        assert!(line.contains(alert["rule"].as_str().unwrap()), "{line}");
    }
}

#[test]
fn json_has_the_keys_that_scripts_rely_on() {
    #[track_caller]
    fn has(value: &Value, keys: &str) {
        for key in keys.split(' ') {
            assert!(value.get(key).is_some(), "no {key} in {value}");
        }
    }
    for file in files() {
        for alert in lines(&["list", "--json", &file]) {
            has(
                &alert,
                "id uuid time time_from priority rule event_source hostname container k8s output output_fields tags \
                 origin flags",
            );
            has(&alert["container"], "id name image");
            has(&alert["k8s"], "ns pod");
            has(&alert["origin"], "source offset line");
        }
        for group in json(&["groups", "--json", &file]).as_array().unwrap() {
            has(group, "rule container count first last priority");
            has(&group["container"], "id name");
        }
        has(
            &json(&["stats", "--json", &file]),
            "alerts rejects other first last by_priority by_rule sources",
        );
    }
    for explained in
        json(&["explain", "--all", "--format", "json", "seeds/alerts.jsonl"]).as_array().unwrap()
    {
        has(explained, "alert analysis");
        let analysis = &explained["analysis"];
        has(
            analysis,
            "playbook headline summary proves not_proven facts assessment causes missing attack steps related \
             references",
        );
        has(&analysis["assessment"], "level falco_priority known reasons");
        for step in analysis["steps"].as_array().unwrap() {
            has(step, "phase id title why command variant risk undo privilege needs unavailable");
            assert_eq!(step["command"].is_null(), !step["unavailable"].is_null(), "{step}");
        }
    }
}

#[test]
fn groups_and_stats_agree_with_a_count_by_hand() {
    for file in files() {
        let alerts = lines(&["list", "--json", &file]);
        let mut counted = BTreeMap::<String, u64>::new();
        for alert in &alerts {
            let container = &alert["container"];
            // By id, else by name; an empty name says nothing.
            let place = match (&container["id"], &container["name"]) {
                (Value::Null, name) => format!("name {name}"),
                (id, _) => format!("id {id}"),
            };
            *counted.entry(format!("{} {place}", alert["rule"])).or_default() += 1;
        }
        let groups = json(&["groups", "--json", &file]);
        let grouped: BTreeMap<_, _> = groups
            .as_array()
            .unwrap()
            .iter()
            .map(|group| {
                let container = &group["container"];
                let place = match (&container["id"], &container["name"]) {
                    (Value::Null, name) => format!("name {name}"),
                    (id, _) => format!("id {id}"),
                };
                (format!("{} {place}", group["rule"]), group["count"].as_u64().unwrap())
            })
            .collect();
        assert_eq!(grouped, counted, "{file}");
        let mut by_priority = BTreeMap::<String, u64>::new();
        for alert in &alerts {
            *by_priority.entry(alert["priority"].to_string()).or_default() += 1;
        }
        let grouped: BTreeMap<String, u64> = json(&["groups", "--json", "--by", "priority", &file])
            .as_array()
            .unwrap()
            .iter()
            .map(|group| (group["priority"].to_string(), group["count"].as_u64().unwrap()))
            .collect();
        assert_eq!(grouped, by_priority, "{file}");
        let stats = json(&["stats", "--json", &file]);
        assert_eq!(stats["alerts"], alerts.len(), "{file}");
        for part in ["by_rule", "by_priority"] {
            let sum: u64 =
                stats[part].as_object().unwrap().values().filter_map(Value::as_u64).sum();
            assert_eq!(sum, alerts.len() as u64, "{part} of {file}");
        }
    }
}

#[test]
fn alerts_rejects_and_others_are_all_records() {
    // One record a line, and nothing that goes on in the next.
    for file in
        ["damage/blank.log", "formats/falco-own-log.log", "formats/mixed.log", "damage/crlf.jsonl"]
    {
        let text = std::fs::read(Path::new(FIXTURES).join(file)).unwrap();
        let n_lines =
            text.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).count();
        let stats = json(&["stats", "--json", file]);
        let sum: u64 =
            ["alerts", "rejects", "other"].iter().filter_map(|key| stats[key].as_u64()).sum();
        assert_eq!(sum, n_lines as u64, "{file}: {stats}");
    }
}

#[test]
fn the_other_groupings_count_every_alert_once() {
    for by in
        ["rule-container", "rule", "container", "host", "pod", "namespace", "priority", "source"]
    {
        let groups = json(&["groups", "--json", "--by", by, "seeds/alerts.jsonl"]);
        let sum: u64 =
            groups.as_array().unwrap().iter().filter_map(|group| group["count"].as_u64()).sum();
        assert_eq!(sum, 5, "{by}: {groups}");
    }
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let files = files();
    for command in [&["list", "--json"][..], &["groups", "--json"], &["stats", "--json"]] {
        let words: Vec<_> =
            command.iter().copied().chain(files.iter().map(String::as_str)).collect();
        let (first, second) = (ends(&words, 0), ends(&words, 0));
        assert_eq!(out(&first), out(&second), "{command:?}");
    }
    let words = ["explain", "--all", "--format", "json", "seeds/alerts.jsonl"];
    assert_eq!(out(&ends(&words, 0)), out(&ends(&words, 0)));
}

#[test]
fn several_sources_are_merged_by_time() {
    let files = [SOME[2], "seeds/alerts.jsonl", SOME[0]];
    let read = |files: [&str; 3]| lines(&[&["list", "--json"][..], &files].concat());
    let alerts = read(files);
    // An alert without a time stays behind the one before it in its log.
    let times: Vec<_> = alerts.iter().filter_map(|alert| alert["time"].as_str()).collect();
    assert!(times.is_sorted(), "{times:?}");
    assert_eq!(alerts.len(), 8);
    let [first, second, third] = files;
    let other_way = read([third, second, first]);
    let outputs = |alerts: &[Value]| -> Vec<_> {
        alerts.iter().map(|alert| alert["time"].to_string()).collect()
    };
    assert_eq!(outputs(&alerts), outputs(&other_way));
}

#[test]
fn a_pipe_is_read_with_and_without_a_dash() {
    let bytes = std::fs::read(Path::new(FIXTURES).join(SOME[0])).unwrap();
    for words in [&["list", "--count"][..], &["list", "--count", "-"]] {
        cadge(words).write_stdin(bytes.clone()).assert().success().stdout("2\n");
    }
}

#[test]
fn without_a_terminal_the_console_prints_what_list_prints() {
    let list = ends(&["list", SOME[0]], 0);
    for terminal in ["dumb", "xterm-256color"] {
        let assert = cadge(&[SOME[0]]).env("TERM", terminal).assert().success();
        assert_eq!(out(&assert), out(&list));
        assert_eq!(err(&assert), err(&list));
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test starts the program")]
fn a_reader_that_goes_away_is_no_failure() {
    use std::io::Read;
    use std::process::{Command, Stdio};
    let mut log = tempfile::NamedTempFile::new().unwrap();
    let line = std::fs::read(Path::new(FIXTURES).join("seeds/alerts.jsonl")).unwrap();
    for _ in 0..400 {
        std::io::Write::write_all(&mut log, &line).unwrap();
    }
    let mut child = Command::new(env!("CARGO_BIN_EXE_cadge"))
        .args(["list", "--json"])
        .arg(log.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 16];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(!String::from_utf8_lossy(&output.stderr).contains("panic"));
}

#[test]
fn search_finds_what_is_written_with_escapes() {
    let count = |words: &[&str]| out(&ends(words, 0));
    assert_eq!(count(&["list", "--count", "--search", "Notice", SOME[0]]).trim().len(), 1);
    let all = lines(&["list", "--json", "seeds/alerts.jsonl"]);
    let rule = all[0]["rule"].as_str().unwrap();
    let n = all.iter().filter(|alert| alert["rule"] == rule).count();
    let filter = format!("alert.rule = \"{rule}\"");
    let found = count(&["list", "--count", "--filter", &filter, "seeds/alerts.jsonl"]);
    assert_eq!(found.trim(), n.to_string());
}

#[test]
fn completions_and_the_manual_are_made_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(out(&ends(&["completions", shell], 0)).contains("cadge"), "{shell}");
    }
    assert!(out(&ends(&["man"], 0)).starts_with(".ie"));
}

#[test]
fn every_reject_is_told_with_its_bytes_however_many_there_are() {
    let mut text = String::new();
    for n in 0..70_000 {
        let _ = writeln!(text, "garbage {n}");
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("torn.json");
    std::fs::write(&path, &text).unwrap();
    let path = path.to_str().unwrap();
    let told = lines(&["list", "--rejects", "--json", path]);
    assert_eq!(told.len(), 70_000);
    let last = told.last().unwrap();
    assert_eq!(last["text"], "garbage 69999");
    assert_eq!(last["origin"]["line"], 70_000);
}

#[test]
fn a_file_of_decisions_cannot_write_to_the_terminal_by_being_wrong() {
    const HOSTILE: &str =
        r#"{"cadge_triage":1,"changes":[{"key":"\u001b]0;owned\u0007"}],"suppressions":[]}"#;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("decisions.json");
    std::fs::write(&path, HOSTILE).unwrap();
    let words = ["triage", "import", path.to_str().unwrap()];
    let state = folder.path().join("state");
    let assert = cadge(&words).env("XDG_STATE_HOME", &state).assert();
    assert!(!err(&assert).contains('\u{1b}'), "{:?}", err(&assert));
    assert!(err(&assert).contains("owned"), "{:?}", err(&assert));
}

#[test]
fn rules_that_were_named_and_cannot_be_read_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rules.yaml");
    std::fs::write(&path, "- rule: [unclosed\n").unwrap();
    for rules in [path.to_str().unwrap(), "/nonexistent/rules.yaml"] {
        let assert = ends(&["list", "--rules", rules, SOME[0]], 0);
        assert!(err(&assert).contains("rules.yaml"), "{}", err(&assert));
    }
}

#[test]
fn more_archives_are_read_than_files_may_be_open_at_first() {
    let folder = tempfile::tempdir().unwrap();
    let line =
        r#"{"output":"o","priority":"Notice","rule":"A rule","time":"2026-01-02T03:04:05Z"}"#;
    for n in 0..150 {
        let file = std::fs::File::create(folder.path().join(format!("log{n}.json.gz"))).unwrap();
        let mut packed = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
        std::io::Write::write_all(&mut packed, format!("{line} \n").as_bytes()).unwrap();
        packed.finish().unwrap();
    }
    let binary = env!("CARGO_BIN_EXE_cadge");
    let script = format!("ulimit -Sn 64; exec {binary} list --count {}", folder.path().display());
    let mut command = Command::new("sh");
    command.env_clear().env("HOME", "/nonexistent").args(["-c", &script]).write_stdin("");
    command.assert().code(0).stdout("150\n");
}

/// What a shell's line says on standard error, and how it ends; `$CADGE` is the program.
pub fn shell(script: &str, code: i32) -> String {
    let mut command = Command::new("sh");
    command.env_clear().env("HOME", "/nonexistent").env("CADGE", env!("CARGO_BIN_EXE_cadge"));
    command.env("PATH", "/usr/bin:/bin").current_dir(FIXTURES);
    err(&command.args(["-c", script]).write_stdin("").assert().code(code))
}

#[test]
fn a_full_disk_is_told_with_the_place_and_a_way_out() {
    for words in
        ["list", "list --json", "list --format csv", "groups", "stats --json", "explain", "report"]
    {
        let told = shell(&format!("\"$CADGE\" {words} {} > /dev/full", SOME[0]), 1);
        let wanted = "cannot write to standard output (/dev/full): the disk is full; make room, or choose another place";
        assert!(told.contains(wanted), "{words}: {told}");
    }
    for words in ["config default", "man", "fields", "completions bash", "keys"] {
        let told = shell(&format!("\"$CADGE\" {words} > /dev/full"), 1);
        assert!(told.contains("(/dev/full): the disk is full"), "{words}: {told}");
    }
}

#[test]
fn a_file_that_may_not_grow_is_told_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    // The signal that would end the program is not sent where it is ignored: the write fails, as on a full disk.
    for (words, name) in [("report", "r.md"), ("evidence", "e.tar.gz"), ("evidence", "folder")] {
        let path = folder.path().join(name);
        let path = path.display();
        let script = format!(
            "trap '' XFSZ; ulimit -f 0; exec \"$CADGE\" {words} {} --output {path}",
            SOME[0]
        );
        let told = shell(&script, 1);
        assert!(told.contains(&format!("cannot write {path}: ")), "{told}");
        assert!(told.contains("choose another place"), "{told}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left behind");
    let state = folder.path().display();
    let script = format!(
        "trap '' XFSZ; ulimit -f 0; XDG_STATE_HOME={state} exec \"$CADGE\" triage set --alert 1 --status closed {}",
        SOME[0]
    );
    let told = shell(&script, 1);
    assert!(told.contains("make room for the triage database, or set XDG_STATE_HOME"), "{told}");
    assert!(told.contains("triage.db"), "{told}");
}

#[test]
fn a_journal_that_cannot_be_read_is_told_with_a_way_out() {
    let told = shell("PATH=/nonexistent exec \"$CADGE\" journal", 1);
    assert!(told.contains("there is no journalctl in PATH"), "{told}");
    assert!(told.contains("name Falco's log instead"), "{told}");
    // What journalctl says is read, whether or not there is a journal of this host's.
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("journalctl");
    let entry = r#"{"__REALTIME_TIMESTAMP":"1767260401000000","_HOSTNAME":"n","SYSLOG_IDENTIFIER":"falco","MESSAGE":"x"}"#;
    std::fs::write(&program, format!("#!/bin/sh\necho '{entry}'\n")).unwrap();
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .unwrap();
    let told = shell(&format!("PATH={}:$PATH exec \"$CADGE\" journal", folder.path().display()), 0);
    assert_eq!(told, "0 alerts, 0 rejects, 1 other\n");
}

#[test]
fn a_theme_that_does_not_exist_is_an_error_with_those_that_do() {
    for words in [&["--theme", "drak", SOME[0]][..], &["demo", "--theme", "drak"]] {
        let told = err(&ends(words, 2));
        assert!(told.contains("unknown theme `drak`; did you mean `dark`?"), "{told}");
        assert!(told.contains("auto, dark, light, high-contrast, terminal"), "{told}");
    }
    ends(&["--theme", "auto", SOME[0]], 0);
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("cadge");
    std::fs::create_dir_all(home.join("themes")).unwrap();
    std::fs::write(home.join("themes/mine.toml"), "inherits = \"dark\"").unwrap();
    let own = |words: &[&str]| cadge(words).env("XDG_CONFIG_HOME", folder.path()).assert();
    own(&["--theme", "mine", SOME[0]]).code(0);
    let told = err(&own(&["--theme", "mien", SOME[0]]).code(2));
    assert!(told.contains("terminal, mine)"), "{told}");
    std::fs::write(home.join("config.toml"), "times = \"utc\"\ntheme = \"mien\"\n").unwrap();
    let told = err(&own(&["config", "check"]).code(2));
    assert!(told.contains("config.toml:2:9: unknown theme `mien`; did you mean `mine`?"), "{told}");
    let told = err(&ends(&["--config", "/nonexistent/config.toml", SOME[0]], 2));
    assert!(told.contains("/nonexistent/config.toml: cannot be read: no such file"), "{told}");
}
