//! `cadge triage`: decisions without a screen, for scripts, for the next shift, and for another host.

use super::args::Input;
use super::session::Session;
use super::{Exit, pick};
use crate::clock;
use crate::config::Paths;
use crate::model::{Status, Verdict};
use crate::report::json;
use crate::text::printable;
use crate::triage::{
    About, AlertKeys, Board, Change, Db, Decision, Evidence, Key, Place, Scope, Suppression,
};
use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::path::PathBuf;

#[derive(Args, Clone, Debug)]
pub struct Triage {
    #[command(subcommand)]
    pub command: Command,
    /// The database, instead of the one in the state folder.
    #[arg(long, value_name = "FILE", global = true)]
    pub database: Option<PathBuf>,
}

#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Every decision as it stands now, one line each.
    List {
        /// Only these: open, acknowledged, escalated, closed.
        #[arg(long, value_name = "STATUS", value_parser = status)]
        status: Option<Status>,
        #[arg(long)]
        json: bool,
    },
    /// One decision with its whole history.
    Show {
        #[command(flatten)]
        which: Which,
        #[arg(long)]
        json: bool,
    },
    /// Decide about an alert, its container or its workload.
    Set(Box<Set>),
    /// All changes and suppressions as JSON, to keep or to move to another host.
    Export {
        /// Only what changed since: a time (RFC 3339) or an age such as 12h.
        #[arg(long, value_name = "TIME|AGE", value_parser = since)]
        since: Option<Timestamp>,
    },
    /// Merge what `export` wrote elsewhere; both histories are kept.
    Import {
        /// The file; - for standard input.
        file: PathBuf,
    },
    /// What was decided, by whom, and what is still open, as Markdown for the next shift.
    Summary {
        #[arg(long, value_name = "TIME|AGE", value_parser = since, default_value = "12h")]
        since: Timestamp,
    },
}

/// Which alert or group a decision is about.
#[derive(Args, Clone, Debug)]
pub struct Which {
    #[command(flatten)]
    pub input: Input,
    /// The alert: its number in the order read (from 1), its id from `list --json`, or its uuid.
    #[arg(long, value_name = "N|ID|UUID", required_unless_present = "key")]
    pub alert: Option<String>,
    /// A key as `triage list` prints it; no SOURCE is needed.
    #[arg(long, value_name = "KEY", conflicts_with = "alert")]
    pub key: Option<String>,
    /// How much it covers: alert, container, workload.
    #[arg(long, value_name = "SCOPE", value_parser = scope, default_value = "alert")]
    pub scope: Scope,
}

#[derive(Args, Clone, Debug)]
pub struct Set {
    #[command(flatten)]
    pub which: Which,
    /// open, acknowledged, escalated, closed.
    #[arg(long, value_parser = status)]
    pub status: Option<Status>,
    /// Why it is closed, which closes it: `true_positive`, `benign`, `false_positive`, `duplicate`, `test`.
    #[arg(long, value_parser = verdict)]
    pub verdict: Option<Verdict>,
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// A name; empty for nobody.
    #[arg(long, value_name = "NAME")]
    pub assignee: Option<String>,
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
    /// May be given several times; replaces the tags there are.
    #[arg(long = "tag", value_name = "TAG")]
    pub tags: Vec<String>,
    /// Who decides [default: the user's name].
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
}

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

/// Runs one of the subcommands.
pub fn run(triage: &Triage) -> anyhow::Result<Exit> {
    let mut out = io::stdout().lock();
    let mut open = Open::new(triage)?;
    match &triage.command {
        Command::List { status, json } => list(&open.board, *status, *json, &mut out),
        Command::Show { which, json } => show(&open.board, which, *json, &mut out),
        Command::Set(set) => open.set(set, &mut out),
        Command::Export { since } => open.export(*since, &mut out),
        Command::Import { file } => open.import(file),
        Command::Summary { since } => {
            out.write_all(summary(&open.board, *since, clock::now()).as_bytes())?;
            Ok(Exit::Done)
        }
    }
}

struct Open {
    db: Db,
    board: Board,
    suppressions: Vec<Suppression>,
}

impl Open {
    fn new(triage: &Triage) -> anyhow::Result<Self> {
        let path = match &triage.database {
            Some(path) => path.clone(),
            None => Paths::from_environment()
                .context("no home folder: name the database with --database")?
                .triage(),
        };
        let (mut db, note) = Db::open(&path, clock::now())?;
        let news = db.news()?;
        for problem in note.iter().chain(&news.problems) {
            super::say(problem);
        }
        let mut board = Board::default();
        for change in news.changes {
            board.apply(change);
        }
        Ok(Self { db, board, suppressions: news.suppressions })
    }

    fn set(&mut self, set: &Set, out: &mut impl Write) -> anyhow::Result<Exit> {
        let Some(target) = target(&set.which)? else { return Ok(Exit::NothingMatched) };
        let before = self.board.decision(target.key).clone();
        let mut after = before.clone();
        if let Some(status) = set.status {
            after.status = status;
        }
        if let Some(verdict) = set.verdict {
            if set.status.is_some_and(|status| status != Status::Closed) {
                bail!("a verdict closes: it goes with --status closed");
            }
            after.status = Status::Closed;
            after.verdict = Some(verdict);
        } else if after.status != Status::Closed {
            after.verdict = None;
        }
        let put = |to: &mut Option<String>, from: &Option<String>| {
            if let Some(text) = from {
                *to = Some(text.clone()).filter(|text| !text.is_empty());
            }
        };
        put(&mut after.reason, &set.reason);
        put(&mut after.assignee, &set.assignee);
        put(&mut after.note, &set.note);
        if !set.tags.is_empty() {
            after.tags.clone_from(&set.tags);
        }
        if before == after {
            bail!("nothing to change: name a --status, --verdict, --note…");
        }
        let now = clock::now();
        let by = set
            .by
            .clone()
            .or_else(|| std::env::var("USER").ok())
            .unwrap_or_else(|| "unknown".into());
        let change = Change {
            id: String::new(),
            at: now,
            by,
            host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
            key: target.key,
            about: target.about,
            before,
            after,
            batch: format!("set-{now}"),
            undoes: None,
        }
        .identified();
        self.db.save(std::slice::from_ref(&change), &[], target.evidence.as_slice(), now)?;
        let difference = Decision::difference(&change.before, &change.after);
        writeln!(
            out,
            "{}  {}: {}",
            change.key,
            printable(&change.about.rule),
            printable(&difference)
        )?;
        Ok(Exit::Done)
    }

    fn export(&self, since: Option<Timestamp>, out: &mut impl Write) -> anyhow::Result<Exit> {
        let is_new = |at: Timestamp| since.is_none_or(|since| at >= since);
        let bundle = Bundle {
            cadge_triage: 1,
            changes: self
                .board
                .all()
                .into_iter()
                .filter(|change| is_new(change.at))
                .cloned()
                .collect(),
            suppressions: self
                .suppressions
                .iter()
                .filter(|mute| is_new(mute.made))
                .cloned()
                .collect(),
        };
        serde_json::to_writer_pretty(&mut *out, &bundle)?;
        writeln!(out)?;
        Ok(Exit::Done)
    }

    fn import(&mut self, file: &PathBuf) -> anyhow::Result<Exit> {
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
        let new: Vec<_> =
            bundle.changes.into_iter().filter(|change| self.board.apply(change.clone())).collect();
        let mutes: Vec<_> = bundle
            .suppressions
            .into_iter()
            .filter(|mute| !self.suppressions.contains(mute))
            .collect();
        self.db.save(&new, &mutes, &[], clock::now())?;
        let _ = writeln!(
            io::stderr(),
            "{} new of {n_all} changes, {} suppressions",
            new.len(),
            mutes.len()
        );
        Ok(Exit::Done)
    }
}

struct Target {
    key: Key,
    about: About,
    evidence: Option<Evidence>,
}

/// What a decision is about; `None` when there is no such alert.
fn target(which: &Which) -> anyhow::Result<Option<Target>> {
    if let Some(text) = &which.key {
        let key = Key::parse(text)
            .with_context(|| format!("`{text}` is no key; `cadge triage list` prints them"))?;
        return Ok(Some(Target { key, about: About::default(), evidence: None }));
    }
    let session = Session::load(&which.input)?;
    session.end();
    let order = session.order();
    let wanted = which.alert.as_deref().unwrap_or_default();
    let Some(id) = pick::place(&session, &order, wanted).and_then(|place| order.get(place)) else {
        return Ok(None);
    };
    let Ok((record, alert)) = session.alert(*id) else { return Ok(None) };
    let keys = AlertKeys::of(&alert);
    let key = match which.scope {
        Scope::Alert => Key::of_alert(&alert),
        Scope::Container => keys.container,
        Scope::Workload => {
            keys.workload.context("the alert names no pod and no image: use --scope container")?
        }
    };
    let evidence = Evidence::of(record);
    let about = About {
        rule: alert.rule_name().to_owned(),
        place: Place::of(&alert).words(),
        evidence: Some(evidence.sha256.clone()),
    };
    Ok(Some(Target { key, about, evidence: Some(evidence) }))
}

fn list(
    board: &Board,
    status: Option<Status>,
    json: bool,
    out: &mut impl Write,
) -> anyhow::Result<Exit> {
    let mut entries: Vec<_> = board
        .entries()
        .filter(|(_, decision, _)| status.is_none_or(|s| decision.status == s))
        .collect();
    entries.sort_by_key(|(_, _, last)| std::cmp::Reverse((last.at, last.id.clone())));
    if json {
        let rows: Vec<_> =
            entries.iter().map(|(key, decision, last)| object(*key, decision, last)).collect();
        writeln!(out, "[{}]", rows.join(",\n"))?;
        return Ok(Exit::Done);
    }
    for (key, decision, last) in entries {
        let verdict =
            decision.verdict.map_or_else(String::new, |verdict| format!(" ({})", verdict.name()));
        let (rule, place) = (printable(&last.about.rule), printable(&last.about.place));
        writeln!(
            out,
            "{key}  {:.0}  {}{verdict}  {}  {rule}  {place}",
            last.at,
            decision.status.name(),
            printable(&last.by)
        )?;
    }
    Ok(Exit::Done)
}

fn object(key: Key, decision: &Decision, last: &Change) -> String {
    let text =
        |text: &Option<String>| text.as_deref().map_or_else(|| "null".to_owned(), json::quote);
    let tags: Vec<_> = decision.tags.iter().map(|tag| json::quote(tag)).collect();
    format!(
        "{{\"key\":{},\"rule\":{},\"place\":{},\"status\":{},\"verdict\":{},\"reason\":{},\"assignee\":{},\"note\":{},\"tags\":[{}],\"by\":{},\"host\":{},\"at\":{},\"evidence\":{}}}",
        json::quote(&key.to_string()),
        json::quote(&last.about.rule),
        json::quote(&last.about.place),
        json::quote(decision.status.name()),
        decision.verdict.map_or_else(|| "null".to_owned(), |verdict| json::quote(verdict.name())),
        text(&decision.reason),
        text(&decision.assignee),
        text(&decision.note),
        tags.join(","),
        json::quote(&last.by),
        json::quote(&last.host),
        json::quote(&last.at.to_string()),
        text(&last.about.evidence),
    )
}

fn show(board: &Board, which: &Which, json: bool, out: &mut impl Write) -> anyhow::Result<Exit> {
    let Some(target) = target(which)? else { return Ok(Exit::NothingMatched) };
    let history: Vec<_> =
        board.all().into_iter().filter(|change| change.key == target.key).collect();
    let Some(last) = history.last() else { return Ok(Exit::NothingMatched) };
    if json {
        let history = serde_json::to_string(&history)?;
        writeln!(
            out,
            "{{\"now\":{},\"history\":{history}}}",
            object(target.key, board.decision(target.key), last)
        )?;
        return Ok(Exit::Done);
    }
    writeln!(
        out,
        "{}  {}  {}",
        target.key,
        printable(&last.about.rule),
        printable(&last.about.place)
    )?;
    for change in history {
        writeln!(out, "  {}", printable(&told(change)))?;
    }
    Ok(Exit::Done)
}

fn told(change: &Change) -> String {
    let mut line = format!(
        "{:.0}  {} on {}: {}",
        change.at,
        change.by,
        change.host,
        Decision::difference(&change.before, &change.after)
    );
    for (name, text) in [("reason", &change.after.reason), ("note", &change.after.note)] {
        if let Some(text) = text {
            // Writing to a string cannot fail.
            let _ = write!(line, "; {name}: {text}");
        }
    }
    line
}

/// What a shift hands over.
fn summary(board: &Board, since: Timestamp, now: Timestamp) -> String {
    let mut page = format!("# Triage from {since:.0} to {now:.0}\n\n## Decided\n\n");
    let recent: Vec<_> = board.all().into_iter().filter(|change| change.at >= since).collect();
    if recent.is_empty() {
        page.push_str("Nothing was decided.\n");
    }
    for change in &recent {
        let _ = writeln!(
            page,
            "- {} {} — {}",
            code(&change.about.rule),
            code(&change.about.place),
            code(&told(change))
        );
    }
    page.push_str("\n## Still open\n\n");
    let mut open: Vec<_> = board
        .entries()
        .filter(|(_, decision, _)| {
            matches!(decision.status, Status::Escalated | Status::Acknowledged | Status::Open)
        })
        .collect();
    open.sort_by_key(|(_, decision, last)| {
        (std::cmp::Reverse(decision.status == Status::Escalated), last.at, last.id.clone())
    });
    if open.is_empty() {
        page.push_str(
            "Nothing that anybody decided about. What nobody looked at yet is in the log.\n",
        );
    }
    for (_, decision, last) in open {
        let who = decision.assignee.as_deref().unwrap_or("nobody");
        let _ = writeln!(
            page,
            "- **{}** {} {} — {}, assigned to {}",
            decision.status.name(),
            code(&last.about.rule),
            code(&last.about.place),
            code(&told(last)),
            code(who)
        );
    }
    page
}

/// A Markdown code span that its content cannot leave.
fn code(text: &str) -> String {
    let shown = printable(text);
    let longest = shown.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let ticks = "`".repeat(longest + 1);
    let pad = if shown.starts_with('`') || shown.ends_with('`') { " " } else { "" };
    if shown.is_empty() { "—".to_owned() } else { format!("{ticks}{pad}{shown}{pad}{ticks}") }
}

fn status(word: &str) -> Result<Status, String> {
    Status::parse(word).ok_or_else(|| "one of: open, acknowledged, escalated, closed".to_owned())
}

fn verdict(word: &str) -> Result<Verdict, String> {
    Verdict::parse(word)
        .ok_or_else(|| "one of: true_positive, benign, false_positive, duplicate, test".to_owned())
}

fn scope(word: &str) -> Result<Scope, String> {
    let scopes = [Scope::Alert, Scope::Container, Scope::Workload];
    scopes
        .into_iter()
        .find(|scope| scope.name() == word)
        .ok_or_else(|| "one of: alert, container, workload".to_owned())
}

fn since(text: &str) -> Result<Timestamp, String> {
    if let Ok(at) = text.parse() {
        return Ok(at);
    }
    let age: SignedDuration = text
        .parse()
        .map_err(|_| "a time (2026-11-21T10:00:00Z) or an age (12h, 30m)".to_owned())?;
    clock::now().checked_sub(age.abs()).map_err(|error| error.to_string())
}
