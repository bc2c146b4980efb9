//! One alert read again, with its neighbours and its analysis.

use super::{Job, Tools};
use crate::analysis::{self, Choice, Neighbour, Playbooks};
use crate::intake::Records;
use crate::model::{Alert, AlertId};
use crate::store::Snapshot;
use crate::ui::{Assessed, Effect, Ground, Look, Msg};
use std::sync::Arc;
use std::sync::mpsc::Receiver;

/// Assessments that are told together.
const TOGETHER: usize = 16;

/// Answers `Effect::Load`; of several that wait only the last one counts, because the cursor has moved on.
pub(super) fn load(jobs: &Receiver<Job>, tools: &Tools) {
    let mut records = Arc::default();
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
        let Some(Effect::Load { id, variant, ground: Ground(snapshot) }) = wanted else { continue };
        let look = look(id, &snapshot, &records, &playbooks, variant);
        if tools.inbox.blocking_send(Msg::Loaded { id, look: look.map(Box::new) }).is_err() {
            return;
        }
    }
}

/// Answers `Effect::Assess`, a few at a time.
pub(super) fn assess(jobs: &Receiver<Job>, tools: &Tools) {
    let mut records: Arc<Records> = Arc::default();
    let mut playbooks = Arc::clone(&tools.playbooks);
    while let Ok(job) = jobs.recv() {
        let (ids, snapshot) = match job {
            Job::Records(new) => {
                records = new;
                continue;
            }
            Job::Playbooks(new) => {
                playbooks = new;
                continue;
            }
            Job::Do(Effect::Assess { ids, ground: Ground(snapshot) }) => (ids, snapshot),
            Job::Do(_) => continue,
        };
        for ids in ids.chunks(TOGETHER) {
            let assessed = ids.iter().map(|id| {
                let look = look(*id, &snapshot, &records, &playbooks, None);
                let assessment = look.ok().map(|look| look.analysis.assessment);
                Assessed {
                    id: *id,
                    level: assessment.as_ref().map(|assessment| assessment.level),
                    known: assessment.and_then(|assessment| assessment.known),
                }
            });
            if tools.inbox.blocking_send(Msg::Assessed(assessed.collect())).is_err() {
                return;
            }
        }
    }
}

/// Reads an alert and its neighbours, and analyzes it.
///
/// # Errors
/// Why the record cannot be read any more.
pub fn look(
    id: AlertId,
    snapshot: &Snapshot,
    records: &Records,
    playbooks: &Playbooks,
    variant: Option<String>,
) -> Result<Look, String> {
    let (raw, alert) = read(id, snapshot, records)?;
    let near: Vec<(AlertId, Alert)> = snapshot
        .near(id)
        .into_iter()
        .filter_map(|id| Some((id, read(id, snapshot, records).ok()?.1)))
        .collect();
    let neighbours: Vec<_> = near.iter().map(|(id, alert)| Neighbour { id: *id, alert }).collect();
    let analysis = analysis::analyze(&alert, &neighbours, playbooks, &Choice { variant });
    Ok(Look { alert, raw, analysis })
}

/// Reads one alert's record again.
pub(super) fn read(
    id: AlertId,
    snapshot: &Snapshot,
    records: &Records,
) -> Result<(Vec<u8>, Alert), String> {
    let location = snapshot.location(id).ok_or("this alert is not held any more")?;
    records.alert(location, snapshot.origin(id)).map_err(|gone| gone.to_string())
}
