//! An exception for a confirmed false positive, and what it would hide of everything that was read.

use super::{Job, Tools, look::read};
use crate::analysis::Playbooks;
use crate::analysis::tuning::{
    Refusal, Search, Wish, cautions_of_level, exception, is_of_group, is_usual_list, recommended,
};
use crate::intake::Records;
use crate::model::Alert;
use crate::query::Names;
use crate::store::Snapshot;
use crate::triage::Scope;
use crate::ui::{Effect, Ground, Msg, TuneWish, Tuned};
use std::sync::Arc;
use std::sync::mpsc::Receiver;

/// The most alerts of a group that are read for their values.
const MOST_OF_GROUP: usize = 2000;

/// Answers `Effect::Tune`; of several that wait only the last one counts.
pub(super) fn tune(jobs: &Receiver<Job>, tools: &Tools) {
    let mut records: Arc<Records> = Arc::default();
    let mut playbooks = Arc::clone(&tools.playbooks);
    while let Ok(job) = jobs.recv() {
        let mut wanted = None;
        for job in std::iter::once(job).chain(jobs.try_iter()) {
            match job {
                Job::Records(new) => records = new,
                Job::Playbooks(new) => playbooks = new,
                Job::Do(effect) => wanted = Some(effect),
            }
        }
        let Some(Effect::Tune { wish, ground: Ground(snapshot) }) = wanted else { continue };
        let tuned = tuned(wish, &snapshot, &records, &playbooks, &tools.names);
        if tools.inbox.blocking_send(Msg::Tuned { wish, tuned: tuned.map(Box::new) }).is_err() {
            return;
        }
    }
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
    let of_rule = || {
        let rule = alert.rule.as_deref();
        snapshot.rows().filter(move |row| !row.is_exact || row.columns().rule == rule)
    };
    let group: Vec<Alert> = if wish.scope == Scope::Alert {
        Vec::new()
    } else {
        of_rule()
            .filter(|row| row.id != wish.id)
            .filter_map(|row| Some(read(row.id, snapshot, records).ok()?.1))
            .filter(|other| is_of_group(&alert, other))
            .take(MOST_OF_GROUP)
            .collect()
    };
    let alerts: Vec<&Alert> = std::iter::once(&alert).chain(&group).collect();
    let mut exception = exception(
        &alerts,
        &Wish {
            fields: &recommended(&alert, playbooks),
            is_exact: false,
            version: wish.version,
            is_list: &|word| names.get_list(word).is_some() || is_usual_list(word),
        },
    )?;
    let mut search = Search::new(&exception).map_err(refuse)?;
    for row in of_rule() {
        if let Ok((_, other)) = read(row.id, snapshot, records) {
            let place = usize::try_from(row.id.0).unwrap_or(usize::MAX);
            search.add(place, row.id == wish.id, other);
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
    use crate::model::AlertId;

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
