//! One alert read again, with its neighbors and its analysis.

use super::{Job, Tools, latest};
use crate::analysis::{self, Assessment, Brief, Choice, Neighbor, Playbooks};
use crate::decode::fast::Scanner;
use crate::intake::{self, Records};
use crate::model::{Alert, AlertId, Location};
use crate::store::{Places, Snapshot};
use crate::ui::{Assessed, Effect, Ground, Look, Msg};
use rustc_hash::FxHashMap;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

/// Assessments are told at the latest after this time.
const PIECE: Duration = Duration::from_millis(15);
/// How patient the thread is that assesses, as `nice` counts.
const PATIENT: i32 = 10;
/// A question about more alerts than this is not about what is in sight.
const SOON: usize = 64;
/// Alerts whose brief is kept, because they may be neighbors of the next one too.
const KEPT: usize = 24_576;

/// Answers `Effect::Load`; of several that wait only the last one counts, because the cursor has moved on.
pub(super) fn load(jobs: &Receiver<Job>, tools: &Tools) {
    let mut records = Arc::default();
    let mut playbooks = Arc::clone(&tools.playbooks);
    while let Ok(job) = jobs.recv() {
        let wanted = latest(job, jobs, &mut records, &mut playbooks);
        let Some(Effect::Load { id, variant, ground: Ground(snapshot) }) = wanted else { continue };
        let look = look(id, &snapshot, &records, &playbooks, variant);
        if tools.inbox.blocking_send(Msg::Loaded { id, look: look.map(Box::new) }).is_err() {
            return;
        }
    }
}

/// Answers `Effect::Assess`, in pieces.
pub(super) fn assess(jobs: &Receiver<Job>, tools: &Tools) {
    // It may go on for a minute: keys, the alert under the cursor and what is read go first.
    intake::give_way(PATIENT);
    let mut judge = Judge::new(Arc::clone(&tools.playbooks));
    while let Ok(job) = jobs.recv() {
        let (ids, snapshot) = match job {
            Job::Records(new) => {
                judge.records = new;
                continue;
            }
            Job::Playbooks(new) => {
                judge.set_playbooks(new);
                continue;
            }
            Job::Do(Effect::Assess { ids, ground: Ground(snapshot) }) => (ids, snapshot),
            Job::Do(_) => continue,
        };
        let mut told = Instant::now();
        let mut found = Vec::new();
        for id in &ids {
            // Of those in sight a person waits for each.
            if ids.len() > SOON {
                tools.front.give_way();
            } else {
                tools.front.pause();
            }
            let assessment = judge.assess(*id, &snapshot).ok();
            let level = assessment.as_ref().map(|assessment| assessment.level);
            found.push(Assessed {
                id: *id,
                level,
                known: assessment.and_then(|assessment| assessment.known),
            });
            if told.elapsed() >= if ids.len() > SOON { 4 * PIECE } else { PIECE } {
                told = Instant::now();
                if tools.inbox.blocking_send(Msg::Assessed(std::mem::take(&mut found))).is_err() {
                    return;
                }
            }
        }
        // The console changes its own copy in place once nobody else holds one.
        drop(snapshot);
        if !found.is_empty() && tools.inbox.blocking_send(Msg::Assessed(found)).is_err() {
            return;
        }
    }
}

/// Says how bad alerts are, one after the other; what their neighbors say is kept for the next ones.
pub struct Judge {
    pub records: Arc<Records>,
    playbooks: Arc<Playbooks>,
    places: Places,
    briefs: FxHashMap<AlertId, Option<Arc<Brief>>>,
    scanner: Scanner,
}

impl Judge {
    pub fn new(playbooks: Arc<Playbooks>) -> Self {
        Self {
            records: Arc::default(),
            playbooks,
            places: Places::default(),
            briefs: FxHashMap::default(),
            scanner: Scanner::default(),
        }
    }

    /// Judges by these from now on.
    pub fn set_playbooks(&mut self, playbooks: Arc<Playbooks>) {
        self.playbooks = playbooks;
    }

    /// The same assessment that [`look`] gives.
    ///
    /// # Errors
    /// Why the record cannot be read any more.
    pub fn assess(&mut self, id: AlertId, snapshot: &Snapshot) -> Result<Assessment, String> {
        let alert = self.read(id, snapshot)?;
        Ok(self.assess_read(id, &alert, snapshot))
    }

    /// The same for an alert that was read already.
    pub fn assess_read(&mut self, id: AlertId, alert: &Alert, snapshot: &Snapshot) -> Assessment {
        self.places.learn(snapshot);
        if self.briefs.len() >= KEPT {
            self.briefs.clear();
        }
        let own = self.briefs.entry(id).or_default();
        // It may have been away when it was asked for as a neighbor.
        let own = Arc::clone(own.get_or_insert_with(|| Arc::new(Brief::of(alert))));
        let near: Vec<(AlertId, Arc<Brief>)> = snapshot
            .near_with(id, &self.places)
            .into_iter()
            .filter_map(|id| Some((id, self.brief(id, snapshot)?)))
            .collect();
        let neighbors = near.iter().map(|(id, brief)| (*id, &**brief));
        analysis::judge(alert, &own, neighbors, &self.playbooks)
    }

    fn brief(&mut self, id: AlertId, snapshot: &Snapshot) -> Option<Arc<Brief>> {
        if let Some(known) = self.briefs.get(&id) {
            return known.clone();
        }
        let brief = self.read(id, snapshot).ok().map(|alert| Arc::new(Brief::of(&alert)));
        self.briefs.insert(id, brief.clone());
        brief
    }

    /// The same alert that [`read`] gives.
    fn read(&mut self, id: AlertId, snapshot: &Snapshot) -> Result<Alert, String> {
        let location = location(id, snapshot)?;
        let read = self.records.alert_by(&mut self.scanner, location, snapshot.origin(id));
        read.map_err(|gone| gone.to_string())
    }
}

/// Reads an alert and its neighbors, and analyzes it.
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
    let neighbors: Vec<_> = near.iter().map(|(id, alert)| Neighbor { id: *id, alert }).collect();
    let analysis = analysis::analyze(&alert, &neighbors, playbooks, &Choice { variant });
    Ok(Look { alert, raw, analysis })
}

/// Reads one alert's record again.
pub(super) fn read(
    id: AlertId,
    snapshot: &Snapshot,
    records: &Records,
) -> Result<(Vec<u8>, Alert), String> {
    let location = location(id, snapshot)?;
    records.alert(location, snapshot.origin(id)).map_err(|gone| gone.to_string())
}

fn location(id: AlertId, snapshot: &Snapshot) -> Result<Location, String> {
    snapshot.location(id).ok_or_else(|| "this alert is not held any more".to_owned())
}
