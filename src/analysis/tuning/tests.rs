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
