//! Each playbook explains its own samples; filters, placeholders, commands and techniques are right.

use cadge::analysis::{Playbooks, verify};

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
