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
