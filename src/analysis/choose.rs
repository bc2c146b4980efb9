//! Which playbook speaks for an alert: the one that names its rule, else the best family, else the fallback.

use super::attack;
use super::facts::Case;
use super::library::Playbooks;
use super::outcome::Match;
use super::playbook::{Family, Playbook};
use std::sync::Arc;

/// Chooses; `None` only when the library has no usable fallback.
pub fn choose(case: Case<'_>, playbooks: &Playbooks) -> Option<(Arc<Playbook>, Match)> {
    let named = case.alert.rule.as_deref().and_then(|rule| playbooks.for_rule(rule));
    if let Some(Ok(playbook)) = named {
        return Some((playbook, Match::Rule));
    }
    let words = Words::of(case);
    let mut best: Option<(i32, &str)> = None;
    for (family, path) in playbooks.families() {
        if meets(family, case, &words) && best.is_none_or(|(rank, _)| family.rank > rank) {
            best = Some((family.rank, path));
        }
    }
    if let Some(Ok(playbook)) = best.and_then(|(_, path)| playbooks.by_path(path)) {
        return Some((playbook, Match::Family));
    }
    playbooks.fallback().and_then(Result::ok).map(|playbook| (playbook, Match::Fallback))
}

/// What an alert's tags name, read once for all families.
struct Words {
    tactics: Vec<&'static str>,
    techniques: Vec<String>,
}

impl Words {
    fn of(case: Case<'_>) -> Self {
        let tags = || case.alert.tags.iter();
        Self {
            tactics: tags().filter_map(|tag| attack::tactic_of_tag(tag)).collect(),
            techniques: tags().filter_map(|tag| attack::technique_of_tag(tag)).collect(),
        }
    }
}

fn meets(family: &Family, case: Case<'_>, words: &Words) -> bool {
    let source = case.alert.event_source.as_deref().unwrap_or("syscall");
    if !family.sources.is_empty() && !family.sources.iter().any(|known| source_is(source, known)) {
        return false;
    }
    let tag = |wanted: &String| {
        case.alert.tags.iter().any(|tag| tag.eq_ignore_ascii_case(wanted))
            || attack::tactic_of_tag(wanted).is_some_and(|tactic| words.tactics.contains(&tactic))
    };
    let technique = |wanted: &String| {
        words.techniques.iter().any(|id| {
            id.strip_prefix(wanted.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    };
    let when = family.when.as_ref().filter(|when| !when.is_empty());
    if family.tags.is_empty() && family.techniques.is_empty() && when.is_none() {
        return !family.sources.is_empty();
    }
    family.tags.iter().any(tag)
        || family.techniques.iter().any(technique)
        || when.is_some_and(|when| when.holds(case))
}

/// `k8s_audit` also meets the flavors of managed clusters: `k8s_audit_eks`, `k8s_audit_gke`.
fn source_is(source: &str, known: &str) -> bool {
    source == known || source.strip_prefix(known).is_some_and(|rest| rest.starts_with('_'))
}
