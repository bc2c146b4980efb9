//! `cadge report`: the selected alerts as one document to hand over.

use super::args::{Input, Select};
use super::near::Near;
use super::select::{Selection, board};
use super::session::Session;
use super::{Exit, explain, pick};
use crate::analysis::Choice;
use crate::clock;
use crate::driver::sweep::Answer;
use crate::model::{Alert, AlertId};
use crate::private;
use crate::report::dossier::{Dossier, Rest};
use crate::report::gather::{Form, Telling, chapter, decided, is_open, render, title};
use crate::text::printable;
use crate::triage::Change;
use anyhow::Context as _;
use clap::{Args, ValueEnum};
use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::PathBuf;

#[derive(Args, Clone, Debug)]
pub struct Report {
    #[command(flatten)]
    pub input: Input,
    #[command(flatten)]
    pub chosen: Chosen,
    /// For a ticket, for a browser, or for a program.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Write there instead of to standard output: whole or not at all, readable by you alone.
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// What a report is about, and how it is told.
#[derive(Args, Clone, Debug)]
pub struct Chosen {
    #[command(flatten)]
    pub select: Select,
    /// Only these alerts: numbers in the order read (from 1), ids from `list --json`, or uuids.
    #[arg(long = "alert", value_name = "N|ID|UUID", value_delimiter = ',')]
    pub alerts: Vec<String>,
    /// Only the alerts of this rule, or of this rule in this container (id or name).
    #[arg(long, value_name = "RULE[/CONTAINER]")]
    pub group: Option<String>,
    /// The heading of the report [default: what it is about].
    #[arg(long, value_name = "TEXT")]
    pub title: Option<String>,
    /// Tell at most this many alerts one by one; the others are counted.
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub chapters: usize,
    /// Leave secrets as they are.
    #[arg(long)]
    pub no_mask: bool,
    /// Offer commands for this runtime first.
    #[arg(long, value_name = "NAME", value_parser = super::args::RUNTIMES)]
    pub runtime: Option<String>,
    /// The database of decisions, instead of the one in the state folder.
    #[arg(long, value_name = "FILE")]
    pub database: Option<PathBuf>,
}

/// How a report is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    #[default]
    Markdown,
    Html,
    Json,
}

/// Writes the report.
pub fn run(args: &Report) -> anyhow::Result<Exit> {
    let session = Session::load(&args.input)?;
    let Some(case) = Case::read(&session, &args.chosen)? else {
        return Ok(if session.end() { Exit::NothingMatched } else { Exit::Failed });
    };
    let text = render(&case.dossier, args.format.into());
    match &args.output {
        Some(path) => private::write(path, text.as_bytes())
            .with_context(|| format!("cannot write {}", path.display()))?,
        None => super::out().write_all(text.as_bytes())?,
    }
    case.say_masked();
    Ok(if session.end() { Exit::Done } else { Exit::Failed })
}

impl From<Format> for Form {
    fn from(format: Format) -> Self {
        match format {
            Format::Markdown => Self::Markdown,
            Format::Html => Self::Html,
            Format::Json => Self::Json,
        }
    }
}

/// The selected alerts, ready to be written.
pub struct Case {
    pub dossier: Dossier,
    /// All selected alerts, in the order in which they are told.
    pub ids: Vec<AlertId>,
    /// Everything decided about them, oldest first.
    pub history: Vec<Change>,
}

impl Case {
    /// Selects, explains and counts; `None` when nothing is selected.
    pub fn read(session: &Session, chosen: &Chosen) -> anyhow::Result<Option<Self>> {
        let order = session.order();
        let places = selected(session, &order, chosen)?;
        if places.is_empty() {
            return Ok(None);
        }
        let board = board(chosen.database.as_deref())?;
        let told = worth_telling(session, &order, &places, chosen.chapters.max(1));
        let (playbooks, problems) = explain::playbooks();
        for problem in problems {
            let _ = writeln!(io::stderr(), "cadge: {}", printable(&problem));
        }
        let choice = Choice { variant: chosen.runtime.clone() };
        let (mut chapters, mut rest) = (Vec::new(), Rest::default());
        let (mut ids, mut history) = (Vec::new(), Vec::new());
        let mut near = Near::new(session, &order);
        for at in places {
            let Some(id) = order.get(at) else { continue };
            let Ok((record, alert)) = session.alert(*id) else { continue };
            ids.push(*id);
            let decision = decided(&board, &alert, &mut history);
            let explained =
                told.contains(&at).then(|| explain::explain(&mut near, at, &playbooks, &choice));
            let Some((_, analysis)) = explained.flatten() else {
                rest.add(&alert, is_open(decision.as_ref()));
                continue;
            };
            chapters.push(chapter(&record, alert, analysis, decision));
        }
        history.sort_by(|a: &Change, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
        history.dedup_by(|a, b| a.id == b.id);
        let title = chosen.title.clone().unwrap_or_else(|| title(&chapters, &rest));
        let masks = !chosen.no_mask;
        let dossier = Dossier::with_rest(&title, clock::now(), chapters, rest, masks);
        Ok(Some(Self { dossier, ids, history }))
    }

    /// How much was masked, on standard error.
    pub fn say_masked(&self) {
        super::say_masked(self.dossier.masked.unwrap_or(0));
    }
}

/// Places in the order of the alerts that are selected.
fn selected(session: &Session, order: &[AlertId], chosen: &Chosen) -> anyhow::Result<Vec<usize>> {
    let selection = Selection::new(&chosen.select, &session.rules)?;
    let mut wanted = BTreeSet::new();
    for name in &chosen.alerts {
        let Some(place) = pick::place(session, order, name) else {
            super::say(&pick::missing(name, session, order));
            return Ok(Vec::new());
        };
        wanted.insert(place);
    }
    let mut places = Vec::new();
    let is_whole = selection.is_everything();
    let answer = if is_whole { Answer::default() } else { selection.picked(session) };
    let is_picked = |id: &AlertId| is_whole || answer.ids.binary_search(id).is_ok();
    for (at, id) in order.iter().enumerate() {
        if !chosen.alerts.is_empty() && !wanted.contains(&at) {
            continue;
        }
        if chosen.group.is_none() && selection.is_everything() {
            places.push(at);
            continue;
        }
        if is_picked(id)
            && let Ok((_, alert)) = session.alert(*id)
            && chosen.group.as_deref().is_none_or(|group| is_in(group, &alert))
        {
            places.push(at);
        }
    }
    Ok(places)
}

/// Whether an alert is of a rule, or of a rule in a container.
fn is_in(group: &str, alert: &Alert) -> bool {
    let container = alert.container();
    let Some(rest) = group.strip_prefix(alert.rule_name()) else { return false };
    rest.is_empty()
        || rest.strip_prefix('/').is_some_and(|name| {
            [container.id, container.name].into_iter().flatten().any(|own| own == name)
        })
}

/// Where there are more than `most`: the first of each rule in each place, then the earliest of the others.
fn worth_telling(
    session: &Session,
    order: &[AlertId],
    places: &[usize],
    most: usize,
) -> BTreeSet<usize> {
    if places.len() <= most {
        return places.iter().copied().collect();
    }
    let mut telling = Telling::default();
    for at in places {
        let alert = order.get(*at).and_then(|id| session.alert(*id).ok());
        telling.take(alert.as_ref().map(|(_, alert)| alert));
    }
    let chosen = telling.chosen(most);
    places.iter().enumerate().filter(|(n, _)| chosen.contains(n)).map(|(_, at)| *at).collect()
}
