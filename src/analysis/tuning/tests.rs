use super::*;
use crate::analysis::playbook::SampleAlert;
use crate::lint;
use crate::model::{Flags, Value};
use crate::query::{Filter, Names};
use proptest::prelude::*;

fn alert(fields: &[(&str, &str)]) -> Alert {
    let mut alert = Alert {
        rule: Some("Terminal shell in container".into()),
        event_source: Some("syscall".into()),
        ..Alert::default()
    };
    for (field, text) in fields {
        alert.fields.set(field, Value::String((*text).into()));
    }
    alert
}

fn tuned(alerts: &[&Alert], fields: &[&str], version: &str) -> Result<Exception, Refusal> {
    let fields: Vec<String> = fields.iter().map(|field| (*field).to_owned()).collect();
    let version = Version::parse(version).unwrap();
    let is_list = |word: &str| word == "shell_binaries";
    exception(
        alerts,
        &Wish { is_exact: !fields.is_empty(), fields: &fields, version, is_list: &is_list },
    )
}

fn hides(exception: &Exception, alert: &Alert) -> bool {
    Filter::parse(&exception.filter(), &Names::default()).unwrap().matches(alert)
}

/// Reads the file back as YAML: the first set of values, without Falco's quotes.
fn read_back(exception: &Exception) -> serde_json::Value {
    serde_saphyr::from_str(&exception.yaml()).unwrap()
}

fn check(alert: &Alert, fields: &[&str], expected: &str) {
    let exception = tuned(&[alert], fields, "0.40").unwrap();
    let shown: Vec<String> = exception
        .fields
        .iter()
        .zip(&exception.values[0])
        .map(|((field, comparison), value)| format!("{field} {} {value}", comparison.word()))
        .collect();
    assert_eq!(shown.join(" | "), expected);
    assert!(hides(&exception, alert), "{}", exception.filter());
    let found = lint::lint(&exception.yaml(), lint::Kind::Snippet, None);
    assert!(found.is_empty(), "{found:?}\n{}", exception.yaml());
    let fenced = format!("```yaml\n{}```\n", exception.yaml());
    let found = lint::lint(&fenced, lint::Kind::Markdown, None);
    assert!(found.is_empty(), "{found:?}\n{}", exception.yaml());
    let read = read_back(&exception);
    assert_eq!(read[0]["rule"], "Terminal shell in container");
    assert_eq!(
        read[0]["exceptions"][0]["values"][0].as_array().unwrap().len(),
        exception.fields.len()
    );
}

const IMAGE: (&str, &str) = ("container.image.repository", "registry.example.net/shop/web");

#[test]
fn fields_are_those_that_say_something() {
    let base = [
        IMAGE,
        ("proc.name", "sh"),
        ("proc.cmdline", "sh -c /opt/check.sh"),
        ("proc.pname", "bash"),
    ];
    check(
        &alert(&base),
        &[],
        "container.image.repository = registry.example.net/shop/web | proc.cmdline = sh -c /opt/check.sh",
    );
    check(
        &alert(&[IMAGE, ("proc.exepath", "/opt/app/health")]),
        &["proc.exepath", "container.image.repository"],
        "proc.exepath = /opt/app/health | container.image.repository = registry.example.net/shop/web",
    );
    check(
        &alert(&[IMAGE, ("fd.name", "10.1.2.3:40112->203.0.113.9:443")]),
        &["container.image.repository", "fd.name"],
        "container.image.repository = registry.example.net/shop/web | fd.name endswith ->203.0.113.9:443",
    );
    check(
        &alert(&[IMAGE, ("proc.cmdline", "backup --target nightly\u{1b}[31m")]),
        &["container.image.repository", "proc.cmdline"],
        "container.image.repository = registry.example.net/shop/web | proc.cmdline startswith backup --target nightly",
    );
    check(
        &alert(&[IMAGE, ("proc.cmdline", "backup --target C:\\data\\")]),
        &["container.image.repository", "proc.cmdline"],
        "container.image.repository = registry.example.net/shop/web | proc.cmdline startswith backup --target C:\\data",
    );
}

fn check_refused(alert: &Alert, fields: &[&str], part: &str) {
    let refusal = tuned(&[alert], fields, "0.40").unwrap_err();
    let all = format!("{refusal} {:?}", refusal.fields);
    assert!(all.contains(part), "{all}");
}

#[test]
fn what_would_blind_a_rule_is_refused() {
    let shell = alert(&[
        IMAGE,
        ("proc.name", "bash"),
        ("proc.cmdline", "bash -i"),
        ("container.id", "7d01f2a4c9be"),
        ("k8s.pod.name", "web-6d4f-x2x"),
        ("k8s.ns.name", "default"),
    ]);
    check_refused(&shell, &[], "says next to nothing");
    check_refused(&shell, &["container.image.repository"], "alone");
    check_refused(&shell, &["proc.name", "proc.cmdline"], "chooses");
    check_refused(
        &shell,
        &["container.id", "container.image.repository"],
        "changes with every start",
    );
    check_refused(&shell, &["k8s.pod.name", "container.image.repository"], "hashes");
    check_refused(&shell, &["k8s.ns.name", "proc.cmdline"], "cannot be chosen");
    check_refused(&shell, &["container.image.repository", "proc.tty"], "holds no value");
    check_refused(&shell, &["container.image.repository", "proc.nosuch"], "does not know");
    check_refused(&shell, &["container.image.repository", "alert.rule"], "no such field");
    check_refused(&alert(&[]), &[], "holds no value");
    let own_words = alert(&[
        ("proc.name", "updater"),
        ("proc.cmdline", "updater --all"),
        ("proc.pname", "systemd"),
    ]);
    check_refused(&own_words, &[], "chooses");
    let hidden = alert(&[IMAGE, ("proc.cmdline", "x\u{202e}y")]);
    check_refused(&hidden, &["container.image.repository", "proc.cmdline"], "too little");
    let listed = alert(&[IMAGE, ("proc.cmdline", "count shell_binaries now")]);
    check_refused(
        &listed,
        &["container.image.repository", "proc.cmdline"],
        "replace the word shell_binaries",
    );
    let missing = alert(&[IMAGE, ("proc.cmdline", "<NA>")]);
    check_refused(&missing, &["container.image.repository", "proc.cmdline"], "holds no value");
    let mut internal = shell.clone();
    internal.event_source = Some("internal".into());
    check_refused(&internal, &[], "speaks of itself");
    let mut nameless = shell.clone();
    nameless.rule = None;
    check_refused(&nameless, &[], "names no rule");
    nameless.rule = Some("a\n- rule: b".into());
    check_refused(&nameless, &[], "characters");
}

#[test]
fn the_syntax_is_that_of_the_version() {
    let one = alert(&[IMAGE, ("proc.exepath", "/opt/app/health")]);
    for (version, has, lacks) in [
        ("0.44.1", "override:\n    exceptions: append", "append: true"),
        ("v0.37.0", "override:\n    exceptions: append", "append: true"),
        ("0.36.2", "  append: true", "override"),
    ] {
        let yaml = tuned(&[&one], &[], version).unwrap().yaml();
        assert!(yaml.contains(has) && !yaml.contains(lacks), "{version}\n{yaml}");
    }
    assert!(tuned(&[&one], &[], "0.27").is_err());
    assert_eq!(Version::parse("forty"), None);
}

#[test]
fn a_group_gives_a_set_of_values_for_each_way_its_alerts_differ() {
    let one = alert(&[IMAGE, ("proc.cmdline", "check --disk /a")]);
    let two = alert(&[IMAGE, ("proc.cmdline", "check --disk /b")]);
    let other = alert(&[IMAGE, ("proc.cmdline", "check --disk /c")]);
    let exception = tuned(&[&one, &two, &one], &[], "0.40").unwrap();
    assert_eq!(exception.values.len(), 2);
    assert!(hides(&exception, &one) && hides(&exception, &two) && !hides(&exception, &other));
    let many: Vec<Alert> =
        (0..20).map(|n| alert(&[IMAGE, ("proc.cmdline", &format!("check --disk /{n}"))])).collect();
    let many: Vec<&Alert> = many.iter().collect();
    assert!(tuned(&many, &[], "0.40").unwrap_err().what.contains("12 ways"));
}

#[test]
fn the_most_different_come_first_and_the_confirmed_one_is_left_out() {
    let own = alert(&[IMAGE, ("proc.pname", "a"), ("user.name", "root")]);
    let near = alert(&[IMAGE, ("proc.pname", "b"), ("user.name", "root")]);
    let far = alert(&[IMAGE, ("proc.pname", "c"), ("user.name", "www"), ("fd.name", "/x")]);
    let found = most_different(&own, Some(0), &[&own, &near, &far], 3);
    let places: Vec<usize> = found.iter().map(|each| each.place).collect();
    assert_eq!(places, [2, 1]);
    assert_eq!(found[1].fields, [("proc.pname".to_owned(), "b".to_owned())]);
}

#[test]
fn forged_text_is_told() {
    let mut one = alert(&[IMAGE, ("proc.exepath", "/opt/app/health")]);
    one.flags = [Flag::Text].into_iter().fold(Flags::default(), |mut flags, flag| {
        flags.set(flag);
        flags
    });
    assert!(
        tuned(&[&one], &[], "0.40")
            .unwrap()
            .cautions
            .iter()
            .any(|caution| caution.contains("forged"))
    );
}

#[test]
fn every_playbooks_samples_are_hidden_by_their_exception_or_refused_with_a_reason() {
    let playbooks = Playbooks::builtin();
    let (mut n, mut n_refused) = (0, 0);
    for book in playbooks.all().filter_map(|(_, book)| book.ok()) {
        for sample in &book.samples {
            let alert = SampleAlert::alert(&sample.alert);
            let fields = recommended(&alert, &playbooks);
            let wish = Wish {
                fields: &fields,
                is_exact: false,
                version: Version::default(),
                is_list: &|_| false,
            };
            n += 1;
            match exception(&[&alert], &wish) {
                Ok(exception) => assert!(hides(&exception, &alert), "{}", exception.filter()),
                Err(refusal) => {
                    n_refused += 1;
                    assert!(!refusal.what.is_empty());
                }
            }
        }
    }
    assert!(n > 100 && n_refused < n / 2, "{n_refused} of {n} samples are refused");
}

proptest! {
    #[test]
    fn whatever_a_value_holds_the_file_reads_back_and_the_condition_matches(value in "(?s).{0,40}", tail in "[ -~\\n\\t\\\\\"']{0,30}") {
        let text = format!("{value}{tail}");
        let alert = alert(&[IMAGE, ("proc.cmdline", &text)]);
        if let Ok(exception) = tuned(&[&alert], &["container.image.repository", "proc.cmdline"], "0.40") {
            prop_assert!(hides(&exception, &alert), "{}", exception.filter());
            let read = read_back(&exception);
            let written = read[0]["exceptions"][0]["values"][0][1].as_str().unwrap().to_owned();
            prop_assert_eq!(written, value::falco(&exception.values[0][1]));
        }
    }
}

/// The condition that Falco makes of an exception as it stands in the file, by its own rules: a value is pasted as it is,
/// and set in quotes only when it holds a blank and does not begin with a quote.
fn as_falco_reads(yaml: &str) -> String {
    let read: serde_json::Value = serde_saphyr::from_str(yaml).unwrap();
    let item = &read[0]["exceptions"][0];
    let texts = |value: &serde_json::Value| -> Vec<String> {
        value.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
    };
    let (fields, comps) = (texts(&item["fields"]), texts(&item["comps"]));
    let sets: Vec<String> = item["values"]
        .as_array()
        .unwrap()
        .iter()
        .map(|set| {
            let set = texts(set);
            assert_eq!((fields.len(), comps.len()), (set.len(), set.len()), "{yaml}");
            let checks: Vec<String> = set
                .iter()
                .enumerate()
                .map(|(at, value)| {
                    let bare = value.contains(' ') && !value.starts_with(['"', '\'']);
                    let value = if bare { format!("\"{value}\"") } else { value.clone() };
                    format!("{} {} {value}", fields[at], comps[at])
                })
                .collect();
            format!("({})", checks.join(" and "))
        })
        .collect();
    format!("({})", sets.join(" or "))
}

#[track_caller]
fn hides_only(own: &Alert, others: &[&Alert], version: &str) {
    let exception =
        tuned(&[own], &["container.image.repository", "proc.cmdline"], version).unwrap();
    let condition = as_falco_reads(&exception.yaml());
    let filter = Filter::parse(&condition, &Names::default())
        .unwrap_or_else(|error| panic!("{condition}: {error}"));
    assert!(filter.matches(own), "{condition}");
    for other in others {
        assert!(!filter.matches(*other), "{condition} hides {other:?}");
    }
}

#[test]
fn what_falco_reads_hides_the_alert_and_nothing_beside_it() {
    for text in [
        "backup, all",
        "backup (all)",
        "backup=all",
        "backup \"all\"",
        "backup 'all'",
        "\"backup\" all",
        "'backup'",
        "backup\tall",
        "backup\nall",
        "backup \\ all",
        "backup: all # no comment",
        "- backup",
        "[backup]",
        "{backup}",
        "*backup*",
        "&backup",
        "!backup",
        "%backup",
        "@backup",
        "`backup`",
        "|backup",
        "backup | grep -E ^a.*[b]$",
        "backup ? * [a-z]",
        "true or backup",
        "backup and not all",
        "backup exists",
        "%proc.name backup",
        "${backup}",
        "0x1f backup",
        "~ backup",
        "null and backup",
        "<NA> backup",
        "b\u{fc}ckup \u{65e5}\u{672c}",
        "backup \u{1f512} all",
        "--backup",
        "backup   all",
    ] {
        let own = alert(&[IMAGE, ("proc.cmdline", text)]);
        let longer = alert(&[IMAGE, ("proc.cmdline", &format!("{text}x"))]);
        let before = alert(&[IMAGE, ("proc.cmdline", &format!("x{text}"))]);
        let elsewhere = alert(&[
            ("container.image.repository", "registry.example.net/evil"),
            ("proc.cmdline", text),
        ]);
        for version in ["0.40", "0.36"] {
            hides_only(&own, &[&longer, &before, &elsewhere], version);
        }
    }
}

#[test]
fn a_name_of_a_parent_is_not_taken_for_something_given() {
    let base = [("proc.cmdline", "backup --all"), ("proc.pname", "backup-daemon")];
    check_refused(&alert(&base), &[], "any program can take it");
    check_refused(&alert(&base), &["proc.pname", "proc.cmdline"], "whoever attacks chooses");
    // On the host a program that only the system's owner installs is given, a tool for everything is not.
    let with = |path: &str| {
        alert(&[("container.id", "host"), ("proc.exepath", path), ("proc.cmdline", "backup --all")])
    };
    let exception = tuned(&[&with("/usr/sbin/backup-daemon")], &[], "0.40").unwrap();
    assert_eq!(exception.fields[0].0, "proc.exepath");
    check_refused(&with("/tmp/backup-daemon"), &[], "may have put a program");
    check_refused(&with("/usr/../tmp/backup-daemon"), &[], "may have put a program");
    check_refused(&with("/usr/bin/nc.openbsd"), &[], "anyone can start");
    check_refused(&with("/usr/bin/python3.11"), &[], "anyone can start");
    let mut replaced = with("/usr/sbin/backup-daemon");
    let _ = replaced.fields.set("container.id", Value::String("7d01f2a4c9be".into()));
    check_refused(&replaced, &[], "may have been replaced");
    let account = alert(&[("user.name", "backup"), ("proc.cmdline", "tar-all --now /srv")]);
    assert!(tuned(&[&account], &[], "0.40").is_ok());
    let root = alert(&[("user.name", "root"), ("proc.cmdline", "tar-all --now /srv")]);
    check_refused(&root, &[], "says next to nothing");
}

#[test]
fn a_beginning_must_say_as_much_as_a_whole_value() {
    let dirty = |text: &str| alert(&[IMAGE, ("proc.cmdline", text)]);
    let fields = ["container.image.repository", "proc.cmdline"];
    for text in ["/bin/sh -c \u{1b}x", "python3 -m \u{1b}", "bash -c a\u{1b}", "/usr/bin/\u{1b}x"] {
        check_refused(&dirty(text), &fields, "too little");
    }
    let (long, short) = (dirty("backup --all /srv\u{1b}x"), dirty("sh"));
    let refusal = tuned(&[&long, &short], &fields, "0.40").unwrap_err();
    assert!(refusal.fields[0].1.contains("one way"), "{refusal:?}");
}

#[test]
fn what_differs_too_much_is_left_out_when_enough_is_left() {
    let one = |n: usize| {
        alert(&[
            IMAGE,
            ("proc.cmdline", &format!("check --run {n}")),
            ("proc.pcmdline", "check-daemon --all"),
        ])
    };
    let many: Vec<Alert> = (0..20).map(one).collect();
    let many: Vec<&Alert> = many.iter().collect();
    let names = ["container.image.repository", "proc.cmdline", "proc.pcmdline"].map(str::to_owned);
    let wish =
        Wish { fields: &names, is_exact: false, version: Version::default(), is_list: &|_| false };
    let exception = exception(&many, &wish).unwrap();
    assert_eq!(exception.values.len(), 1);
    assert!(exception.cautions.iter().any(|caution| caution.contains("proc.cmdline differs")));
}

proptest! {
    #[test]
    fn no_value_makes_falco_hide_another_one(value in "[ -~\\n\\t]{0,60}", image in "[ -~]{3,40}", other in "[ -~\\n\\t]{0,60}") {
        let own = alert(&[("container.image.repository", &image), ("proc.cmdline", &value)]);
        let names = ["container.image.repository", "proc.cmdline"];
        if let Ok(exception) = tuned(&[&own], &names, "0.36") {
            let condition = as_falco_reads(&exception.yaml());
            let filter = Filter::parse(&condition, &Names::default());
            prop_assert!(filter.is_ok(), "{}", condition);
            let filter = filter.unwrap();
            prop_assert!(filter.matches(&own), "{}", condition);
            let beside = alert(&[("container.image.repository", &image), ("proc.cmdline", &other)]);
            let whole = exception.fields.iter().all(|(_, comparison)| *comparison == Comparison::Equal);
            if whole && other != value {
                prop_assert!(!filter.matches(&beside), "{} hides {}", condition, other);
            }
        }
    }
}

/// The command that installs an exception, in a folder in the place of `/etc/falco`, with a Falco that refuses what holds
/// one word.
#[test]
#[expect(clippy::disallowed_methods, reason = "a command is tried in a shell, with a stand-in")]
fn an_exception_that_falco_refuses_is_not_installed_and_others_stay() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path().to_str().unwrap();
    std::fs::write(folder.path().join("falco_rules.yaml"), "").unwrap();
    let run = |parent: &str| {
        let alert =
            alert(&[IMAGE, ("proc.cmdline", "sh -c /opt/check.sh"), ("proc.pname", parent)]);
        let fields = ["container.image.repository", "proc.cmdline", "proc.pname"];
        let exception = tuned(&[&alert], &fields, "0.40").unwrap();
        let hidden = Hidden { n: 1, n_of_rule: 1, shown: Vec::new() };
        let command = exception.command(&hidden).replace("/etc/falco", here);
        let stand_ins =
            "sudo() { \"$@\"; }; falco() { ! grep -q refused \"$4\"; }; export -f falco";
        let script = format!("{stand_ins}\n{}", command.replace("sudo sh", "sudo bash"));
        let is_done = std::process::Command::new("bash").args(["-c", &script]).status().unwrap();
        is_done.success()
    };
    let installed =
        || std::fs::read_to_string(folder.path().join("rules.d").join("zz-triage-exceptions.yaml"));
    assert!(!run("refused") && installed().is_err());
    assert!(run("first") && run("second"));
    let both = installed().unwrap();
    assert!(both.contains("first") && both.contains("second"), "{both}");
    assert!(!run("refused"));
    assert_eq!(installed().unwrap(), both);
    // Nothing of those that were refused is left beside it.
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
}
