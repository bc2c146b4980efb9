//! Alerts read again for decisions: who they are, and which suppressions match them.

use super::{Job, Tools, look};
use crate::intake::Records;
use crate::model::AlertId;
use crate::query::Judged;
use crate::store::{Row, Snapshot};
use crate::triage::{AlertKeys, Evidence, Key, Place};
use crate::ui::{Effect, Ground, Identified, Msg, Recognize, Recognized};
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

/// A piece of an answer is told at the latest after this time.
const PIECE: Duration = Duration::from_millis(100);

/// Alerts named in one piece.
const AT_ONCE: usize = 500;

/// Bytes of records that are kept with one decision; who decides about very many alerts at once keeps the first.
const MOST_KEPT: usize = 64 << 20;

/// Answers `Effect::Identify`.
pub(super) fn identify(jobs: &Receiver<Job>, tools: &Tools) {
    let mut records: Arc<Records> = Arc::default();
    while let Ok(job) = jobs.recv() {
        let (number, ids, assess, snapshot) = match job {
            Job::Records(new) => {
                records = new;
                continue;
            }
            Job::Do(Effect::Identify { number, ids, assess, ground: Ground(snapshot) }) => {
                (number, ids, assess, snapshot)
            }
            Job::Do(_) | Job::Playbooks(_) => continue,
        };
        let mut n_kept = 0;
        let mut found = Vec::new();
        for id in ids {
            let Ok((record, alert)) = look::read(id, &snapshot, &records) else { continue };
            let level = assess
                .then(|| look::look(id, &snapshot, &records, &tools.playbooks, None).ok())
                .flatten()
                .map(|look| look.analysis.assessment.level);
            n_kept += record.len();
            found.push(Identified {
                id,
                keys: AlertKeys::of(&alert),
                rule: alert.rule_name().to_owned(),
                place: Place::of(&alert).words(),
                record: (n_kept <= MOST_KEPT).then(|| Evidence::of(record)),
                level,
            });
            if found.len() >= AT_ONCE {
                let found = std::mem::take(&mut found);
                if tools
                    .inbox
                    .blocking_send(Msg::Identified { number, found, is_done: false })
                    .is_err()
                {
                    return;
                }
            }
        }
        if tools.inbox.blocking_send(Msg::Identified { number, found, is_done: true }).is_err() {
            return;
        }
    }
}

/// Answers `Effect::Recognize`; a new question takes the place of the old one.
pub(super) fn recognize(jobs: &Receiver<Job>, tools: &Tools) {
    let mut records: Arc<Records> = Arc::default();
    let mut open: Option<(u64, Box<Recognize>, AlertId, Snapshot)> = None;
    loop {
        let job = if open.is_none() { jobs.recv().ok() } else { jobs.try_recv().ok() };
        match job {
            None if open.is_none() => return,
            None => {}
            Some(Job::Records(new)) => {
                records = new;
                continue;
            }
            Some(Job::Do(Effect::Recognize { generation, what, from, ground: Ground(all) })) => {
                open = Some((generation, what, from, all));
                continue;
            }
            Some(Job::Do(_) | Job::Playbooks(_)) => continue,
        }
        let Some((generation, what, next, snapshot)) = &mut open else { continue };
        let until = Instant::now() + PIECE;
        let mut found = Vec::new();
        let mut is_done = true;
        while let Some(row) = snapshot.row(*next) {
            found.extend(one(what, &row, snapshot, &records, tools));
            *next = AlertId(row.id.0.saturating_add(1));
            if Instant::now() >= until {
                is_done = false;
                break;
            }
        }
        let msg = Msg::Recognized { generation: *generation, found, upto: *next };
        if is_done {
            open = None;
        }
        if tools.inbox.blocking_send(msg).is_err() {
            return;
        }
    }
}

fn one(
    what: &Recognize,
    row: &Row<'_>,
    snapshot: &Snapshot,
    records: &Records,
    tools: &Tools,
) -> Option<Recognized> {
    let wants_key =
        !what.keys.is_empty() && (what.rules.contains(row.rule_name()) || what.rules.contains(""));
    let columns = row.columns();
    let decided: Vec<(usize, Option<bool>)> = what
        .filters
        .iter()
        .map(|(place, filter)| (*place, row.is_exact.then(|| filter.decide(&columns)).flatten()))
        .collect();
    let needs_record = wants_key || decided.iter().any(|(_, answer)| answer.is_none());
    let read = needs_record.then(|| look::read(row.id, snapshot, records).ok()).flatten();
    let key = read.as_ref().filter(|_| wants_key).map(|(_, alert)| Key::of_alert(alert));
    let key = key.filter(|key| what.keys.contains(key));
    let judged = read.as_ref().map(|(_, alert)| Judged {
        alert,
        level: row.level,
        known: None,
        triage: None,
    });
    let mutes: Vec<usize> = decided
        .iter()
        .zip(&what.filters)
        .filter(|((_, answer), (_, filter))| match answer {
            Some(answer) => *answer,
            None => judged.as_ref().is_some_and(|judged| filter.matches(judged)),
        })
        .map(|((place, _), _)| *place)
        .collect();
    if key.is_none() && mutes.is_empty() {
        return None;
    }
    // Nothing is hidden before its own evidence was read.
    let level = match (mutes.is_empty(), row.level) {
        (false, None) => look::look(row.id, snapshot, records, &tools.playbooks, None)
            .ok()
            .map(|look| look.analysis.assessment.level),
        _ => None,
    };
    Some(Recognized { id: row.id, key, mutes, level })
}
