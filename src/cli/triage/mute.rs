//! Suppressions without a screen: made for the alerts that meet a filter, listed with what they hide, ended.

use super::decide::chosen;
use super::{Mute, Mutes, Open, Unmute};
use crate::analysis::Choice;
use crate::cli::near::Near;
use crate::cli::session::Session;
use crate::cli::{Exit, explain, select};
use crate::clock;
use crate::model::{Alert, AlertId, Level, Priority};
use crate::query::{Filter, Judged};
use crate::report::json;
use crate::text::{plural, printable};
use crate::triage::{Place, Scope, Shelter, Suppression, condition, until};
use anyhow::{Context, bail};
use std::fmt::Write as _;
use std::io::{self, Write};

/// Alerts with what a suppression asks of them.
type Assessed = (Alert, Option<Level>);

/// Makes a suppression.
pub(super) fn mute(open: &mut Open, args: &Mute, out: &mut impl Write) -> anyhow::Result<Exit> {
    let now = clock::now();
    let zoned = now.to_zoned(clock::zone());
    let (option, text) = match &args.until {
        Some(text) => ("--until", text),
        None => ("--for", &args.span),
    };
    let ends = match until(text, &zoned) {
        Ok(ends) => ends,
        Err(why) => {
            let _ = writeln!(io::stderr(), "cadge: {option} {}: {why}", printable(text));
            return Ok(Exit::Usage);
        }
    };
    let session = Session::load(&args.input)?;
    session.end();
    let filter = match (&args.filter, &args.alert) {
        (Some(filter), _) => filter.clone(),
        (None, alert) => {
            let Some((_, alert)) = chosen(open, &session, alert.as_deref(), None)?.pop() else {
                return Ok(Exit::NothingMatched);
            };
            let columns = alert.columns();
            condition(columns.rule, &Place::of(&alert), columns.process, args.scope)
        }
    };
    let parsed = select::filter(&filter, &session.rules)?;
    if parsed.needs_triage() {
        bail!("a suppression asks the alert, not what people decided: no triage.* in its filter");
    }
    let judged = judged(&session, &parsed);
    let named = (args.priority, args.assessment.as_slice());
    let Some(shelter) = shelter(&judged, named) else {
        let _ = writeln!(
            io::stderr(),
            "cadge: nothing that meets it has a known priority and assessment; name what it is made for: --priority and --assessment"
        );
        return Ok(Exit::NothingMatched);
    };
    let host = super::host();
    let made = Suppression {
        id: format!("{host}-{now}-0"),
        filter,
        author: super::author(args.by.as_deref()),
        reason: args.reason.clone(),
        made: now,
        ends,
        shelter,
        lifted: None,
    };
    open.db()?.save(&[], std::slice::from_ref(&made), &[], now).context("nothing was saved")?;
    let n_hidden = hidden(&made, &judged) as u64;
    writeln!(
        out,
        "{}  until {ends:.0}: hides {} of {} ({})",
        made.id,
        n_hidden,
        plural(judged.len() as u64, "alert", "alerts"),
        made.shelter.words()
    )?;
    out.flush()?;
    Ok(Exit::Done)
}

/// Ends suppressions before their time.
pub(super) fn unmute(open: &mut Open, args: &Unmute, out: &mut impl Write) -> anyhow::Result<Exit> {
    let now = clock::now();
    let by = super::author(args.by.as_deref());
    let active = open.suppressions.iter().filter(|mute| mute.is_active(now));
    let ended: Vec<Suppression> = active
        .filter(|mute| args.all || args.ids.contains(&mute.id))
        .map(|mute| Suppression { lifted: Some((by.clone(), now)), ..mute.clone() })
        .collect();
    if let Some(unknown) = args.ids.iter().find(|id| !ended.iter().any(|mute| mute.id == **id)) {
        let _ = writeln!(
            io::stderr(),
            "cadge: no suppression in force is called {}; `cadge triage mutes` lists them",
            printable(unknown)
        );
        return Ok(Exit::NothingMatched);
    }
    if ended.is_empty() {
        return Ok(Exit::NothingMatched);
    }
    open.db()?.save(&[], &ended, &[], now).context("nothing was saved")?;
    for mute in &ended {
        let (id, filter) = (printable(&mute.id), printable(&mute.filter));
        writeln!(out, "{id}  no longer muted: {filter}")?;
    }
    out.flush()?;
    Ok(Exit::Done)
}

/// Lists suppressions, with what they hide of the alerts in the sources that are named.
pub(super) fn mutes(open: &Open, args: &Mutes, out: &mut impl Write) -> anyhow::Result<Exit> {
    let now = clock::now();
    let session = match args.input.sources.is_empty() {
        true => None,
        false => Some(Session::load(&args.input)?),
    };
    if let Some(session) = &session {
        session.end();
    }
    let mut lines = Vec::new();
    for mute in open.suppressions.iter().filter(|mute| args.all || mute.is_active(now)) {
        let counts = match &session {
            None => None,
            Some(session) => {
                let parsed = select::filter(&mute.filter, &session.rules)?;
                let judged = judged(session, &parsed);
                Some((hidden(mute, &judged), judged.len()))
            }
        };
        lines.push(if args.json { as_json(mute, now, counts) } else { as_line(mute, now, counts) });
    }
    if args.json {
        writeln!(out, "[{}]", lines.join(",\n"))?;
    } else {
        for line in lines {
            writeln!(out, "{line}")?;
        }
    }
    Ok(Exit::Done)
}

/// The alerts that meet a filter, with their assessments.
fn judged(session: &Session, filter: &Filter) -> Vec<Assessed> {
    let order = session.order();
    let (playbooks, _) = explain::playbooks();
    let mut near = Near::new(session, &order);
    let may_meet = |id: &AlertId| {
        let row = session.store.row(*id).filter(|row| row.is_exact);
        row.and_then(|row| filter.decide(&row.columns())) != Some(false)
    };
    let mut all = Vec::new();
    for (place, id) in order.iter().enumerate().filter(|(_, id)| may_meet(id)) {
        // Its neighbors are read only for what meets the filter, unless the filter asks what it was assessed as.
        if !filter.needs_judgment()
            && !session.alert(*id).is_ok_and(|(_, alert)| filter.matches(&alert))
        {
            continue;
        }
        let explained = explain::explain(&mut near, place, &playbooks, &Choice::default());
        let Some((alert, analysis)) = explained else { continue };
        let level = Some(analysis.assessment.level);
        let known = analysis.assessment.known.as_deref();
        if filter.matches(&Judged { alert: &alert, level, known, triage: None }) {
            all.push(((*alert).clone(), level));
        }
    }
    all
}

/// What it is made for: what is named, else what is there.
fn shelter(judged: &[Assessed], named: (Option<Priority>, &[Level])) -> Option<Shelter> {
    let found = Shelter::of(judged.iter().map(|(alert, level)| (alert.priority, *level)));
    let priority = named.0.map(|priority| priority as u8);
    let priority = priority.or(found.as_ref().map(|found| found.priority))?;
    let mut levels: Vec<u8> = named.1.iter().map(|level| *level as u8).collect();
    if levels.is_empty() {
        levels = found?.levels;
    }
    levels.sort_unstable();
    levels.dedup();
    Some(Shelter { priority, levels })
}

fn hidden(mute: &Suppression, judged: &[Assessed]) -> usize {
    // An ended one is asked what it would hide: what it hid while it was in force.
    let as_made = Suppression { lifted: None, ..mute.clone() };
    let hides = |(alert, level): &&Assessed| as_made.may_hide(alert.priority, *level, as_made.made);
    judged.iter().filter(hides).count()
}

fn state(mute: &Suppression, now: jiff::Timestamp) -> &'static str {
    match &mute.lifted {
        Some(_) => "lifted",
        None if mute.is_active(now) => "active",
        None => "ended",
    }
}

fn as_line(mute: &Suppression, now: jiff::Timestamp, counts: Option<(usize, usize)>) -> String {
    let mut line = format!(
        "{}  {} until {:.0} by {}  {}  ({})",
        printable(&mute.id),
        state(mute, now),
        mute.ends,
        printable(&mute.author),
        printable(&mute.filter),
        mute.shelter.words()
    );
    if !mute.reason.is_empty() {
        let _ = write!(line, "  reason: {}", printable(&mute.reason));
    }
    if let Some((n_hidden, n)) = counts {
        let _ = write!(line, "  hides {n_hidden} of {n}");
    }
    line
}

fn as_json(mute: &Suppression, now: jiff::Timestamp, counts: Option<(usize, usize)>) -> String {
    let levels: Vec<_> = mute.shelter.level_names().into_iter().map(json::quote).collect();
    let priority = Priority::ALL.get(usize::from(mute.shelter.priority)).map(|p| p.name());
    let mut text = format!(
        "{{\"id\":{},\"state\":{},\"filter\":{},\"by\":{},\"reason\":{},\"made\":{},\"ends\":{},\"priority\":",
        json::quote(&mute.id),
        json::quote(state(mute, now)),
        json::quote(&mute.filter),
        json::quote(&mute.author),
        json::quote(&mute.reason),
        json::quote(&mute.made.to_string()),
        json::quote(&mute.ends.to_string()),
    );
    json::optional(&mut text, priority);
    let _ = write!(text, ",\"assessments\":[{}],\"lifted_by\":", levels.join(","));
    json::optional(&mut text, mute.lifted.as_ref().map(|(by, _)| by.as_str()));
    text.push_str(",\"lifted\":");
    json::optional(&mut text, mute.lifted.as_ref().map(|(_, at)| at.to_string()).as_deref());
    if let Some((n_hidden, n)) = counts {
        let _ = write!(text, ",\"hides\":{n_hidden},\"matches\":{n}");
    }
    text.push('}');
    text
}

/// The scope of a suppression of one alert unless another is named.
pub(super) const USUAL: Scope = Scope::Container;
