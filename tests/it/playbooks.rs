//! Each playbook explains its own samples; filters, placeholders, commands and techniques are right.

use cadge::analysis::{Playbooks, verify};

#[test]
fn every_playbook_is_right_and_explains_its_samples() {
    let problems: Vec<String> =
        verify(&Playbooks::builtin()).iter().map(ToString::to_string).collect();
    assert!(problems.is_empty(), "{} problems\n{}", problems.len(), problems.join("\n"));
}
