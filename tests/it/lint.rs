//! The linter's proof: our own advice passes, everyday administration raises nothing, and bad reports are seen through.

use cadge::analysis::catalogue::Command;
use cadge::analysis::{Catalogue, Choice, Playbooks, analyze};
use cadge::lint::{self, Finding, Kind, Severity};
use cadge::model::Alert;

/// Warnings that our own advice carries and that its notes and its order say themselves: a pipe whose reader is content
/// with nothing (one sees the error above it), and the pause of a pod's container.
const SAID_ELSEWHERE: [&str; 2] = ["S09", "E08"];

/// Findings that would keep a person from pasting, as lines to read.
fn complaints(text: &str, kind: Kind, alert: Option<&Alert>) -> Vec<String> {
    lint::lint(text, kind, alert)
        .into_iter()
        .filter(|finding| finding.severity > Severity::Note)
        .filter(|finding| !SAID_ELSEWHERE.contains(&finding.id))
        .map(|Finding { id, line, text, message, .. }| {
            format!("{id} line {line}: {text} ({message})")
        })
        .collect()
}

fn rendered(template: &str, catalogue: &Catalogue) -> String {
    catalogue.inputs.iter().fold(template.to_owned(), |text, (name, input)| {
        let word = cadge::analysis::written(&input.example, input).unwrap();
        text.replace(&format!("@{name}@"), &word)
    })
}

/// The commands that must come before one, and the command, in order; for one runtime as far as there is such a variant.
fn in_order(command: &Command, variant: &str, catalogue: &Catalogue, lines: &mut Vec<String>) {
    for id in &command.requires {
        if let Some(before) = catalogue.command(id) {
            in_order(before, variant, catalogue, lines);
        }
    }
    let own =
        command.variants.get(variant).or(command.variants.iter().next().map(|(_, text)| text));
    if let Some(template) = own {
        let line = rendered(template, catalogue);
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
}

#[test]
fn every_command_of_the_catalogue_passes() {
    let playbooks = Playbooks::builtin();
    let catalogue = playbooks.catalogue();
    let mut wrong = Vec::new();
    let mut n = 0;
    for command in &catalogue.commands {
        for (variant, _) in command.variants.iter() {
            let mut lines = Vec::new();
            in_order(command, variant, catalogue, &mut lines);
            n += 1;
            for complaint in complaints(&lines.join("\n"), Kind::Shell, None) {
                wrong.push(format!("{}.{variant}: {complaint}", command.id));
            }
        }
    }
    assert!(n > 150, "{n}");
    assert!(wrong.is_empty(), "{} of {n}\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_report_on_the_first_sample_of_every_playbook_passes() {
    let playbooks = Playbooks::builtin();
    let mut wrong = Vec::new();
    let samples = playbooks.all().filter_map(|(_, book)| book.ok()).flat_map(|book| {
        book.samples.iter().take(1).map(|sample| sample.alert.alert()).collect::<Vec<_>>()
    });
    for alert in samples {
        let analysis = analyze(&alert, &[], &playbooks, &Choice::default());
        let text = cadge::report::markdown::markdown(&alert, &analysis);
        for complaint in complaints(&text, Kind::Markdown, Some(&alert)) {
            wrong.push(format!("{}: {complaint}", analysis.playbook.id));
        }
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
}

/// What administrators type all day.
const EVERYDAY: &str = include_str!("../../fixtures/lint/everyday.sh");

#[test]
fn everyday_administration_raises_nothing() {
    let blocks: Vec<_> = EVERYDAY.split("\n\n").filter(|block| !block.trim().is_empty()).collect();
    assert!(blocks.len() >= 90, "{}", blocks.len());
    let wrong: Vec<_> =
        blocks.iter().flat_map(|block| complaints(block, Kind::Shell, None)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // As one script and as one runbook too.
    let runbook = format!("# Runbook\n\n```bash\n{EVERYDAY}\n```\n");
    assert_eq!(complaints(&runbook, Kind::Markdown, None), Vec::<String>::new());
}

#[test]
fn a_clean_report_about_the_same_things_stays_clean() {
    let text = include_str!("../../fixtures/lint/good.md");
    assert_eq!(complaints(text, Kind::Markdown, None), Vec::<String>::new());
}

/// The fuzz target's function: no text ends it, and what it says stands in the text.
fn check_any(text: &str) {
    for kind in [Kind::Markdown, Kind::Shell, Kind::Snippet] {
        let lines = text.lines().count().max(1);
        for finding in lint::lint(text, kind, None) {
            assert!((1..=lines).contains(&finding.line), "{finding:?} in {text:?}");
            assert!(!finding.message.is_empty());
        }
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(300))]

    #[test]
    fn no_text_ends_it(text in "(```(sh|bash|yaml|json|c)?\n|docker |stop |sudo |\\$\\(|[ -~\n]|\u{e9}|<<X\n|'|\"){0,60}") {
        check_any(&text);
    }
}
