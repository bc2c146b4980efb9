//! Deciding without a screen, and which alerts and groups that is about.

use super::{Open, Set, Which};
use crate::cli::args::Select;
use crate::cli::select::Selection;
use crate::cli::session::Session;
use crate::cli::{Exit, pick};
use crate::clock;
use crate::model::{Alert, AlertId, Status};
use crate::text::printable;
use crate::triage::{About, AlertKeys, Edit, Evidence, Key, Place, Scope, Signature, change};
use anyhow::{Context, bail};
use std::collections::HashSet;
use std::io::Write;

/// One alert, container or workload.
pub(super) struct Target {
    pub key: Key,
    /// All its keys, where an alert was named.
    pub keys: Option<AlertKeys>,
    pub about: About,
    pub evidence: Option<Evidence>,
}

/// What a decision is about; nothing when there is no such alert.
pub(super) fn targets(open: &Open, which: &Which) -> anyhow::Result<Vec<Target>> {
    if let Some(text) = &which.key {
        let key = Key::parse(text)
            .with_context(|| format!("`{text}` is no key; `cadge triage list` prints them"))?;
        let about = open.board.entries().find(|(known, ..)| *known == key);
        let about = about.map(|(_, _, last)| About { evidence: None, ..last.about.clone() });
        return Ok(vec![Target {
            key,
            keys: None,
            about: about.unwrap_or_default(),
            evidence: None,
        }]);
    }
    let session = Session::load(&which.input)?;
    session.end();
    let mut targets = Vec::new();
    let mut seen = HashSet::new();
    for (record, alert) in chosen(open, &session, which.alert.as_deref(), which.filter.as_deref())?
    {
        let target = target(record, &alert, which.scope)?;
        if seen.insert(target.key) {
            targets.push(target);
        }
    }
    Ok(targets)
}

/// The alerts that are named, latest first; of a filter all that meet it.
pub(super) fn chosen(
    open: &Open,
    session: &Session,
    alert: Option<&str>,
    filter: Option<&str>,
) -> anyhow::Result<Vec<(Vec<u8>, Alert)>> {
    let order = session.order();
    if let Some(wanted) = alert {
        let place = pick::place(session, &order, wanted);
        if place.is_none() {
            crate::cli::say(&pick::missing(wanted, session, &order));
        }
        let found = place.and_then(|place| order.get(place)).map(|id| session.alert(*id));
        return Ok(found.and_then(Result::ok).into_iter().collect());
    }
    let select = Select { filter: filter.map(str::to_owned), search: None };
    let selection = Selection::with_board(&select, session, open.board.clone())?;
    let picked: HashSet<AlertId> = selection.picked(session).ids.into_iter().collect();
    let ids = order.iter().rev().filter(|id| picked.contains(id));
    Ok(ids.filter_map(|id| session.alert(*id).ok()).collect())
}

fn target(record: Vec<u8>, alert: &Alert, scope: Scope) -> anyhow::Result<Target> {
    let keys = AlertKeys::of(alert);
    let key = match scope {
        Scope::Alert => Key::of_alert(alert),
        Scope::Container => keys.container,
        Scope::Workload => {
            keys.workload.context("the alert names no pod and no image: use --scope container")?
        }
    };
    let evidence = Evidence::of(record);
    let about = About {
        rule: alert.rule_name().to_owned(),
        place: Place::of(alert).words(),
        evidence: Some(evidence.sha256.clone()),
    };
    Ok(Target { key, keys: Some(keys), about, evidence: Some(evidence) })
}

/// Decides, all or nothing, and says what became of it only once it is durable.
pub(super) fn set(open: &mut Open, set: &Set, out: &mut impl Write) -> anyhow::Result<Exit> {
    if set.verdict.is_some() && set.status.is_some_and(|status| status != Status::Closed) {
        bail!("a verdict closes: it goes with --status closed");
    }
    let targets = targets(open, &set.which)?;
    if targets.is_empty() {
        return Ok(Exit::NothingMatched);
    }
    let now = clock::now();
    let (by, host) = (super::author(set.by.as_deref()), super::host());
    let signature = Signature { batch: format!("{host}-set-{now}"), by, host, at: now };
    let edits = edits(set);
    let (mut changes, mut evidence) = (Vec::new(), Vec::new());
    for target in targets {
        let keys = (target.key, target.keys.as_ref());
        let made = change(&open.board, &signature, keys, target.about, &edits);
        evidence.extend(target.evidence.filter(|_| !made.is_empty()));
        changes.extend(made);
    }
    if changes.is_empty() {
        bail!("nothing to change: name another --status, --verdict, --note…");
    }
    open.db()?.save(&changes, &[], &evidence, now).context("nothing was saved")?;
    for change in &changes {
        let rule = printable(&change.about.rule);
        writeln!(out, "{}  {rule}: {}", change.key, printable(&change.words()))?;
    }
    out.flush()?;
    Ok(Exit::Done)
}

/// What shall change, in the order in which it is done.
fn edits(set: &Set) -> Vec<Edit> {
    let text = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    let reason = set.reason.as_ref().map(text);
    let mut edits = Vec::new();
    match (set.status, set.verdict, &reason) {
        (Some(Status::Closed), verdict, _) | (_, verdict @ Some(_), _) => {
            edits.push(Edit::Close { verdict, reason: reason.clone().flatten() });
        }
        (Some(status), None, _) => edits.push(Edit::Status(status)),
        (None, None, _) => {}
    }
    edits.extend(reason.map(Edit::Reason));
    edits.extend(set.note.as_ref().map(text).map(Edit::Note));
    edits.extend(set.assignee.as_ref().map(text).map(Edit::Assign));
    if !set.tags.is_empty() {
        edits.push(Edit::Tags(set.tags.iter().filter(|tag| !tag.is_empty()).cloned().collect()));
    }
    edits
}
