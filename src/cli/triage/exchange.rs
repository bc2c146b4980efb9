//! Decisions that move between hosts.

use super::Open;
use crate::cli::Exit;
use crate::clock;
use crate::triage::{Change, Suppression};
use anyhow::{Context, bail};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::io::{self, Read, Write};
use std::path::Path;

/// What moves between hosts.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Bundle {
    /// Of this form; 1.
    cadge_triage: u32,
    #[serde(default)]
    changes: Vec<Change>,
    #[serde(default)]
    suppressions: Vec<Suppression>,
}

/// Writes all, or what is newer.
pub(super) fn export(
    open: &Open,
    since: Option<Timestamp>,
    out: &mut impl Write,
) -> anyhow::Result<Exit> {
    let is_new = |at: Timestamp| since.is_none_or(|since| at >= since);
    let changes = open.board.all().into_iter().filter(|change| is_new(change.at)).cloned();
    let is_newer = |mute: &&Suppression| {
        is_new(mute.made) || mute.lifted.as_ref().is_some_and(|(_, at)| is_new(*at))
    };
    let bundle = Bundle {
        cadge_triage: 1,
        changes: changes.collect(),
        suppressions: open.suppressions.iter().filter(is_newer).cloned().collect(),
    };
    serde_json::to_writer_pretty(&mut *out, &bundle)?;
    writeln!(out)?;
    Ok(Exit::Done)
}

/// Merges what another host wrote: changes are a union ordered by their times, of a suppression the one that ends it counts.
pub(super) fn import(open: &mut Open, file: &Path) -> anyhow::Result<Exit> {
    let mut text = String::new();
    if file.as_os_str() == "-" {
        io::stdin().read_to_string(&mut text)?;
    } else {
        text = std::fs::read_to_string(file)
            .with_context(|| format!("cannot read {}", file.display()))?;
    }
    let bundle: Bundle = serde_json::from_str(&text)
        .with_context(|| format!("{} is no export of cadge triage", file.display()))?;
    if bundle.cadge_triage != 1 {
        bail!("{} was written by a newer cadge", file.display());
    }
    let n_all = bundle.changes.len();
    if let Some(wrong) =
        bundle.changes.iter().find(|change| change.id != (*change).clone().identified().id)
    {
        bail!("nothing was imported: the change {} was altered after it was made", wrong.id);
    }
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
    open.db.save(&new, &mutes, &[], clock::now())?;
    let _ = writeln!(
        io::stderr(),
        "{} new of {n_all} changes, {} suppressions",
        new.len(),
        mutes.len()
    );
    Ok(Exit::Done)
}
