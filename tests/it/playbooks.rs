//! Each playbook explains its own samples; filters, placeholders, commands and techniques are right.

use cadge::analysis::{Choice, Playbooks, analyze, verify, verify_file};
use serde_json::Value;

#[test]
fn every_playbook_is_right_and_explains_its_samples() {
    let problems: Vec<String> =
        verify(&Playbooks::builtin()).iter().map(ToString::to_string).collect();
    assert!(problems.is_empty(), "{} problems\n{}", problems.len(), problems.join("\n"));
}

/// Name, event source and group of every rule that falcosecurity ships or once shipped: facts only.
const OFFICIAL_RULES: &str = include_str!("../../fixtures/official-rules.tsv");

#[test]
fn every_official_rule_and_every_former_name_has_a_playbook() {
    let playbooks = Playbooks::builtin();
    let names: Vec<&str> = OFFICIAL_RULES
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split('\t').next())
        .collect();
    let missing: Vec<&str> =
        names.iter().copied().filter(|name| playbooks.for_rule(name).is_none()).collect();
    assert!(names.len() > 280, "the table holds {} names", names.len());
    assert!(missing.is_empty(), "no playbook names {missing:#?}");
}

/// The file that `docs/playbooks.md` teaches by, with its path.
fn taught() -> (String, String) {
    let page = include_str!("../../docs/playbooks.md");
    let (_, after) = page.split_once("```yaml\n# ").expect("a file");
    let (path, after) = after.split_once('\n').expect("its path");
    let (text, _) = after.split_once("```").expect("its end");
    (path.to_owned(), text.to_owned())
}

#[test]
fn the_worked_example_of_the_manual_is_right_and_explains_its_samples() {
    let (path, text) = taught();
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("rules")).unwrap();
    std::fs::write(folder.path().join(&path), text).unwrap();
    let (library, problems) = Playbooks::load(folder.path());
    assert_eq!(problems, []);
    assert_eq!(verify_file(&library, &path), []);
    let book = library.for_rule("Ledger read outside the billing job").unwrap().unwrap();
    assert_eq!(book.id, "ledger-read");
}

/// Wants a value of this kind: `s`tring, `n`ull, `i`nteger, `a`rray of strings, `o`bject; two letters allow either.
#[track_caller]
fn is(value: &Value, key: &str, kinds: &str) {
    let own = value.get(key).unwrap_or_else(|| panic!("no {key} in {value}"));
    let fits = kinds.chars().any(|kind| match kind {
        's' => own.is_string(),
        'n' => own.is_null(),
        'i' => own.is_u64(),
        'a' => own.as_array().is_some_and(|items| items.iter().all(Value::is_string)),
        'o' => own.is_object(),
        _ => false,
    });
    assert!(fits, "{key} is not {kinds}: {own}");
}

#[track_caller]
fn is_one_of(value: &Value, key: &str, words: &str) {
    let own = value[key].as_str().unwrap_or_default();
    assert!(words.split(' ').any(|word| word == own), "{key} is {own:?}, not one of {words}");
}

fn each<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().unwrap_or_else(|| panic!("{key} is no list in {value}"))
}

#[test]
fn every_explanation_keeps_the_contract_and_is_the_same_twice() {
    let (one, other) = (Playbooks::builtin(), Playbooks::builtin());
    let mut n_steps = 0;
    let books: Vec<_> = one.all().filter_map(|(_, book)| book.ok()).collect();
    for sample in books.iter().flat_map(|book| &book.samples) {
        let alert = sample.alert.alert();
        let write = |playbooks: &Playbooks| {
            let analysis = analyze(&alert, &[], playbooks, &Choice::default());
            cadge::report::analysis_json::analysis_json(&analysis)
        };
        let text = write(&one);
        assert_eq!(text, write(&other));
        let read: Value = serde_json::from_str(&text).unwrap();
        is(&read["playbook"], "id", "s");
        is_one_of(&read["playbook"], "match", "rule family fallback");
        for key in ["headline", "summary"] {
            is(&read, key, "s");
            assert!(!read[key].as_str().unwrap().is_empty(), "{key} is empty: {alert:?}");
        }
        for key in ["proves", "not_proven", "references"] {
            is(&read, key, "a");
        }
        for fact in each(&read, "facts") {
            ["field", "value", "says"].iter().for_each(|key| is(fact, key, "s"));
            is_one_of(fact, "direction", "up down neutral");
        }
        let assessment = &read["assessment"];
        is_one_of(assessment, "level", "benign low medium high critical");
        is(assessment, "falco_priority", "sn");
        is(assessment, "known", "sn");
        for reason in each(assessment, "reasons") {
            ["field", "says"].iter().for_each(|key| is(reason, key, "s"));
            assert_ne!(reason["field"], "", "a reason names its field: {reason}");
            is_one_of(reason, "direction", "up down neutral");
        }
        for cause in each(&read, "causes") {
            ["id", "title", "verdict", "check"].iter().for_each(|key| is(cause, key, "s"));
        }
        for lack in each(&read, "missing") {
            ["field", "why", "find"].iter().for_each(|key| is(lack, key, "s"));
        }
        for attack in each(&read, "attack") {
            ["technique", "name", "tactic", "url"].iter().for_each(|key| is(attack, key, "s"));
        }
        assert!(!each(&read, "causes").is_empty() && !each(&read, "steps").is_empty(), "{alert:?}");
        for step in each(&read, "steps") {
            n_steps += 1;
            ["id", "title", "why", "variant", "privilege"]
                .iter()
                .for_each(|key| is(step, key, "s"));
            is_one_of(step, "phase", "verify preserve contain eradicate harden tune");
            is_one_of(step, "risk", "read-only reversible disruptive destroys-evidence");
            is(step, "needs", "a");
            ["command", "undo", "unavailable"].iter().for_each(|key| is(step, key, "sn"));
            assert_eq!(step["command"].is_null(), !step["unavailable"].is_null(), "{step}");
            let texts = ["command", "undo"].map(|key| step[key].as_str().unwrap_or_default());
            for text in texts {
                let open = text.split('@').skip(1).step_by(2);
                for name in open {
                    let is_name = !name.is_empty()
                        && name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
                    assert!(!is_name, "@{name}@ is left in {text}");
                }
            }
        }
        for related in each(&read, "related") {
            is(related, "id", "i");
            ["rule", "why"].iter().for_each(|key| is(related, key, "s"));
        }
    }
    assert!(n_steps > 1000, "{n_steps} steps");
}

#[test]
fn containment_spares_what_the_node_and_the_cluster_live_on() {
    let sample = |fields: &str| {
        let text = format!(
            "{{\"rule\":\"Terminal shell in container\",\"priority\":\"Notice\",\"time\":\"2026-03-02T09:14:07Z\",\"source\":\"syscall\",\"output_fields\":{{\"evt.type\":\"execve\",\"proc.name\":\"sh\",\"proc.cmdline\":\"sh -i\",\"container.id\":\"7d01f2a4c9be\",\"container.name\":\"web\"{fields}}}}}"
        );
        let alert: cadge::analysis::playbook::SampleAlert = serde_json::from_str(&text).unwrap();
        analyze(&alert.alert(), &[], &Playbooks::builtin(), &Choice::default())
    };
    let contains = |fields: &str| -> Vec<String> {
        let steps = sample(fields).steps;
        steps
            .into_iter()
            .filter(|step| step.phase.name() == "contain" && step.command.is_some())
            .map(|step| step.command.unwrap_or_default())
            .collect()
    };
    assert!(!contains("").is_empty(), "an ordinary container can be contained");
    for platform in [
        ",\"k8s.ns.name\":\"kube-system\",\"k8s.pod.name\":\"kube-proxy-x2x\"",
        ",\"k8s.ns.name\":\"calico-system\",\"k8s.pod.name\":\"calico-node-x2x\",\"container.image.repository\":\"docker.io/calico/node\"",
    ] {
        for command in contains(platform) {
            assert!(
                !["pause", "delete pod", "network disconnect", "NetworkPolicy", "nft"]
                    .iter()
                    .any(|word| command.contains(word)),
                "{platform}: {command}"
            );
        }
    }
    for own in
        ["127.0.0.1", "169.254.169.254", "169.254.1.1", "10.96.0.1", "192.0.2.1", "224.0.0.1"]
    {
        for command in contains(&format!(",\"fd.name\":\"10.0.0.5:51334->{own}:443\"")) {
            assert!(!command.contains(own), "{own} would be cut off: {command}");
        }
    }
    let text = contains(",\"fd.name\":\"10.0.0.5:51334->93.184.216.34:443\"").join("\n");
    assert!(!text.contains("docker stop --time"), "{text}");
}
