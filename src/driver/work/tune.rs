//! An exception for a confirmed false positive, and what it would hide of everything that was read.

use super::{Job, Tools, latest, look::read};
use crate::analysis::Playbooks;
use crate::analysis::tuning::{
    Exception, Refusal, Search, Wish, cautions_of_level, exception, is_of_group, is_usual_list,
    recommended,
};
use crate::intake::Records;
use crate::model::{Alert, AlertId};
use crate::query::{Filter, Names};
use crate::store::Snapshot;
use crate::triage::Scope;
use crate::ui::{Effect, Ground, Msg, TuneWish, Tuned, Weight};
use std::collections::HashSet;
use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

/// The most alerts of a group that are read for their values.
const MOST_OF_GROUP: usize = 2000;

/// The most alerts of a rule that are read to say what an exception would spare and hide.
const MOST_WEIGHED: usize = 20_000;

/// Answers `Effect::Tune`; of several that wait only the last one counts.
pub(super) fn tune(jobs: &Receiver<Job>, tools: &Tools) {
    let mut records: Arc<Records> = Arc::default();
    let mut playbooks = Arc::clone(&tools.playbooks);
    while let Ok(job) = jobs.recv() {
        let wanted = latest(job, jobs, &mut records, &mut playbooks);
        match wanted {
            Some(Effect::Tune { wish, ground: Ground(snapshot) }) => {
                let tuned = tuned(wish, &snapshot, &records, &playbooks, &tools.names);
                let tuned = tuned.map(Box::new);
                if tools.inbox.blocking_send(Msg::Tuned { wish, tuned }).is_err() {
                    return;
                }
            }
            Some(Effect::Weigh { wishes, known_false, ground: Ground(snapshot) }) => {
                for wish in wishes {
                    let (all, false_) = (&snapshot, &*known_false);
                    let weight = weighed(wish, all, &records, &playbooks, &tools.names, false_);
                    if tools.inbox.blocking_send(Msg::Weighed { id: wish.id, weight }).is_err() {
                        return;
                    }
                }
            }
            _ => {}
        }
    }
}

/// What the exception for a group would spare and hide, among the alerts that are at hand.
///
/// # Errors
/// Why none should be written.
pub fn weighed(
    wish: TuneWish,
    snapshot: &Snapshot,
    records: &Records,
    playbooks: &Playbooks,
    names: &Names,
    known_false: &HashSet<AlertId, impl BuildHasher>,
) -> Result<Weight, String> {
    let (_, alert) = read(wish.id, snapshot, records)?;
    let of_rule = of_rule(snapshot, &alert);
    // The newest stand for all where there are very many.
    let n_left_out = of_rule.len().saturating_sub(MOST_WEIGHED);
    let others: Vec<(AlertId, Alert)> = of_rule
        .into_iter()
        .skip(n_left_out)
        .filter_map(|id| Some((id, read(id, snapshot, records).ok()?.1)))
        .filter(|(_, other)| other.rule == alert.rule)
        .collect();
    let group = others.iter().filter(|(id, other)| *id != wish.id && is_of_group(&alert, other));
    let group = group.map(|(_, other)| other).take(MOST_OF_GROUP);
    let alerts: Vec<&Alert> = std::iter::once(&alert).chain(group).collect();
    let exception = usual(&alerts, wish, playbooks, names).map_err(|refusal| refusal.what)?;
    let hides = Filter::parse(&exception.filter(), &Names::default())
        .map_err(|error| format!("the exception cannot be read back: {}", error.message))?;
    let mut weight = Weight { n_left_out: n_left_out as u64, ..Weight::default() };
    for (id, other) in &others {
        if hides.matches(other) {
            let n =
                if known_false.contains(id) { &mut weight.n_false } else { &mut weight.n_others };
            *n += 1;
        }
    }
    Ok(weight)
}

/// The exception for these alerts, by the fields that the playbook of the first one recommends.
fn usual(
    alerts: &[&Alert],
    wish: TuneWish,
    playbooks: &Playbooks,
    names: &Names,
) -> Result<Exception, Refusal> {
    let fields = alerts.first().map(|alert| recommended(alert, playbooks)).unwrap_or_default();
    exception(
        alerts,
        &Wish {
            fields: &fields,
            is_exact: false,
            version: wish.version,
            is_list: &|word| names.get_list(word).is_some() || is_usual_list(word),
        },
    )
}

/// The alerts of the same rule, and those of which only the record tells whether they are.
fn of_rule(snapshot: &Snapshot, alert: &Alert) -> Vec<AlertId> {
    let rule = alert.rule.as_deref();
    let rows = snapshot.rows().filter(|row| !row.is_exact || row.columns().rule == rule);
    rows.map(|row| row.id).collect()
}

/// Makes the exception that was wished for.
///
/// # Errors
/// Why none should be written.
pub fn tuned(
    wish: TuneWish,
    snapshot: &Snapshot,
    records: &Records,
    playbooks: &Playbooks,
    names: &Names,
) -> Result<Tuned, Refusal> {
    let refuse = |what: String| Refusal { what, fields: Vec::new() };
    let (_, alert) = read(wish.id, snapshot, records).map_err(refuse)?;
    let of_rule = of_rule(snapshot, &alert);
    let group: Vec<Alert> = if wish.scope == Scope::Alert {
        Vec::new()
    } else {
        of_rule
            .iter()
            .filter(|id| **id != wish.id)
            .filter_map(|id| Some(read(*id, snapshot, records).ok()?.1))
            .filter(|other| is_of_group(&alert, other))
            .take(MOST_OF_GROUP)
            .collect()
    };
    let alerts: Vec<&Alert> = std::iter::once(&alert).chain(&group).collect();
    let mut exception = usual(&alerts, wish, playbooks, names)?;
    let mut search = Search::new(&exception).map_err(refuse)?;
    for id in of_rule {
        if let Ok((_, other)) = read(id, snapshot, records) {
            let place = usize::try_from(id.0).unwrap_or(usize::MAX);
            search.add(place, id == wish.id, other);
        }
    }
    let hidden = search.finish(&alert);
    exception.cautions.extend(cautions_of_level(&alert, &hidden, playbooks));
    Ok(Tuned { exception, hidden, n_alerts: alerts.len() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::tuning::Version;

    #[test]
    fn an_alert_that_is_gone_is_told() {
        let wish = TuneWish { id: AlertId(7), scope: Scope::Alert, version: Version::default() };
        let store = crate::store::Store::default();
        let refusal = tuned(
            wish,
            &store.snapshot(),
            &Records::default(),
            &Playbooks::builtin(),
            &Names::default(),
        );
        assert!(refusal.unwrap_err().what.contains("not held"));
    }
}
