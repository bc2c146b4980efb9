//! Decisions that move between hosts.

use super::Open;
use crate::cli::Exit;
use crate::clock;
use crate::triage::{Bundle, Change, Suppression};
use anyhow::Context;
use jiff::Timestamp;
use std::collections::HashSet;
use std::io::{self, Read, Write};
use std::path::Path;

/// Writes all, or what is newer.
pub(super) fn export(
    open: &Open,
    since: Option<Timestamp>,
    records: bool,
    out: &mut impl Write,
) -> anyhow::Result<Exit> {
    let is_new = |at: Timestamp| since.is_none_or(|since| at >= since);
    let changes: Vec<Change> =
        open.board.all().into_iter().filter(|change| is_new(change.at)).cloned().collect();
    let is_newer = |mute: &&Suppression| {
        is_new(mute.made) || mute.lifted.as_ref().is_some_and(|(_, at)| is_new(*at))
    };
    let suppressions = open.suppressions.iter().filter(is_newer).cloned().collect();
    let wanted: HashSet<&str> =
        changes.iter().filter_map(|change| change.about.evidence.as_deref()).collect();
    let mut evidence = match &open.db {
        Some(db) if records => db.all_evidence()?,
        _ => Vec::new(),
    };
    evidence.retain(|evidence| wanted.contains(evidence.sha256.as_str()));
    let bundle = Bundle::new(changes.clone(), suppressions, evidence);
    serde_json::to_writer_pretty(&mut *out, &bundle).map_err(io::Error::from)?;
    writeln!(out)?;
    Ok(Exit::Done)
}

/// Merges what another host wrote: changes are a union ordered by their times, of a suppression the one that ends it counts.
pub(super) fn import(open: &mut Open, file: &Path) -> anyhow::Result<Exit> {
    let mut bytes = Vec::new();
    if file.as_os_str() == "-" {
        io::stdin().read_to_end(&mut bytes)?;
    } else {
        bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    }
    let now = clock::now();
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| "it is no export of cadge triage: it is no text".to_owned());
    let (mut bundle, evidence) = text
        .and_then(Bundle::read)
        .map_err(|why| anyhow::anyhow!("nothing was imported from {}: {why}", file.display()))?;
    let left_out = bundle.sift(now);
    let n_all = bundle.changes.len();
    let new: Vec<_> =
        bundle.changes.into_iter().filter(|change| open.board.apply(change.clone())).collect();
    let mutes: Vec<_> = bundle
        .suppressions
        .into_iter()
        .filter(|mute| {
            let known = open.suppressions.iter().find(|known| known.id == mute.id);
            // An end that somebody set stays, whichever side knows of it.
            known.is_none_or(|known| known.lifted.is_none() && mute.lifted.is_some())
        })
        .collect();
    let wanted: HashSet<&str> =
        new.iter().filter_map(|change| change.about.evidence.as_deref()).collect();
    let evidence: Vec<_> =
        evidence.into_iter().filter(|evidence| wanted.contains(evidence.sha256.as_str())).collect();
    open.db()?.save(&new, &mutes, &evidence, now).context("nothing was imported")?;
    for why in &left_out {
        super::super::say(&format!("left out: {why}"));
    }
    let _ = writeln!(
        io::stderr(),
        "{} new of {n_all} changes, {} suppressions, {} records",
        new.len(),
        mutes.len(),
        evidence.len()
    );
    Ok(if left_out.is_empty() { Exit::Done } else { Exit::Failed })
}
