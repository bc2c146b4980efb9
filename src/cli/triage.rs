//! `cadge triage`: decisions without a screen, for scripts, for the next shift, and for another host.

mod decide;
mod exchange;
mod mute;
mod summary;
mod tell;

use super::Exit;
use super::args::Input;
use crate::clock;
use crate::config::Paths;
use crate::model::{Level, Priority, Status, Verdict};
use crate::triage::{Board, Db, Scope, Suppression};
use anyhow::Context;
use clap::{ArgGroup, Args, Subcommand};
use jiff::{SignedDuration, Timestamp};
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
        /// One JSON array.
        #[arg(long)]
        json: bool,
    },
    /// One decision with its whole history.
    Show {
        #[command(flatten)]
        which: Box<Which>,
        /// One JSON object.
        #[arg(long)]
        json: bool,
        /// The raw record that was kept with the latest decision, byte for byte, instead.
        #[arg(long, conflicts_with = "json")]
        record: bool,
    },
    /// Decide about an alert, its container or its workload, or about all that meet a filter.
    ///
    /// What it prints is durable; exit status 1 means that nothing was saved.
    Set(Box<Set>),
    /// Hide alerts for a while: those that meet a filter, and nothing worse than it was made for.
    ///
    /// It never hides a higher priority, or another assessment, than the alerts in SOURCE that meet it have now (or than
    /// --priority and --assessment say), and never what has none. It always has an end, at most 30 days away.
    Mute(Box<Mute>),
    /// End suppressions before their time.
    Unmute(Unmute),
    /// The suppressions in force: filter, author, reason, end, and what each hides of the alerts in SOURCE.
    Mutes(Mutes),
    /// All changes and suppressions as JSON, to keep or to move to another host.
    Export {
        /// Only what changed since: a time (RFC 3339) or an age such as 12h.
        #[arg(long, value_name = "TIME|AGE", value_parser = since)]
        since: Option<Timestamp>,
        /// With the raw records that were kept as evidence.
        #[arg(long)]
        records: bool,
    },
    /// Merge what `export` wrote elsewhere; both histories are kept.
    ///
    /// Importing the same twice changes nothing. A change that was altered after it was made refuses the whole file;
    /// changes from the future, and suppressions that could not be made here, are left out and told (exit status 1).
    Import {
        /// The file; - for standard input.
        file: PathBuf,
    },
    /// What was decided, by whom, what is not closed, and what waits in SOURCE, as Markdown for the next shift.
    Summary(Summary),
}

/// Which alert or group a decision is about.
#[derive(Args, Clone, Debug)]
#[command(group(ArgGroup::new("which").required(true).args(["alert", "key", "filter"])))]
pub struct Which {
    #[command(flatten)]
    pub input: Input,
    /// The alert: its number in the order read (from 1), its id from `list --json`, or its uuid.
    #[arg(long, value_name = "N|ID|UUID")]
    pub alert: Option<String>,
    /// A key as `triage list` prints it; no SOURCE is needed.
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,
    /// All alerts that meet this filter, in Falco's condition language.
    #[arg(long, value_name = "EXPR")]
    pub filter: Option<String>,
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
    /// Why, in a few words; goes with --verdict.
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// A name; empty for nobody.
    #[arg(long, value_name = "NAME")]
    pub assignee: Option<String>,
    /// What the next person should know; empty for none.
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
    /// May be given several times; replaces the tags there are. An empty one takes them away.
    #[arg(long = "tag", value_name = "TAG")]
    pub tags: Vec<String>,
    /// Who decides [default: the user's name].
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
}

#[derive(Args, Clone, Debug)]
#[command(group(ArgGroup::new("what").required(true).args(["filter", "alert"])))]
pub struct Mute {
    #[command(flatten)]
    pub input: Input,
    /// What is hidden, in Falco's condition language.
    #[arg(long, value_name = "EXPR")]
    pub filter: Option<String>,
    /// Instead of a filter: the rule and place of this alert (number, id or uuid).
    #[arg(long, value_name = "N|ID|UUID")]
    pub alert: Option<String>,
    /// With --alert, how much it covers: alert (those of the same process), container, workload.
    #[arg(long, value_name = "SCOPE", value_parser = scope, default_value_t = mute::USUAL)]
    pub scope: Scope,
    /// For how long: 15m, 1h, today, 7d.
    #[arg(long = "for", value_name = "SPAN", default_value = "1h", conflicts_with = "until")]
    pub span: String,
    /// Until when: 18:30, 2026-11-24 08:00.
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// Why, in a few words.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub reason: String,
    /// The most urgent priority it may hide [default: that of the alerts which meet it now].
    #[arg(long, value_name = "PRIORITY", value_parser = priority)]
    pub priority: Option<Priority>,
    /// The assessments it may hide: benign, low, medium, high, critical [default: those of the alerts which meet it now].
    #[arg(long, value_name = "LEVEL", value_parser = level, value_delimiter = ',')]
    pub assessment: Vec<Level>,
    /// Who mutes [default: the user's name].
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
}

#[derive(Args, Clone, Debug)]
pub struct Unmute {
    /// Ids as `triage mutes` prints them.
    #[arg(value_name = "ID", required_unless_present = "all")]
    pub ids: Vec<String>,
    /// All that are in force.
    #[arg(long)]
    pub all: bool,
    /// Who ends them [default: the user's name].
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
}

#[derive(Args, Clone, Debug)]
pub struct Mutes {
    #[command(flatten)]
    pub input: Input,
    /// The ended ones too.
    #[arg(long)]
    pub all: bool,
    /// One JSON array.
    #[arg(long)]
    pub json: bool,
}

#[derive(Args, Clone, Debug)]
pub struct Summary {
    #[command(flatten)]
    pub input: Input,
    /// Since when: a time (RFC 3339) or an age such as 12h.
    #[arg(long, value_name = "TIME|AGE", value_parser = since, default_value = "12h")]
    pub since: Timestamp,
}

/// Runs one of the subcommands.
pub fn run(triage: &Triage) -> anyhow::Result<Exit> {
    let mut out = super::out();
    let mut open = Open::new(triage)?;
    match &triage.command {
        Command::List { status, json } => tell::list(&open.board, *status, *json, &mut out),
        Command::Show { which, record: true, .. } => tell::record(&open, which, &mut out),
        Command::Show { which, json, .. } => tell::show(&open, which, *json, &mut out),
        Command::Set(args) => decide::set(&mut open, args, &mut out),
        Command::Mute(args) => mute::mute(&mut open, args, &mut out),
        Command::Unmute(args) => mute::unmute(&mut open, args, &mut out),
        Command::Mutes(args) => mute::mutes(&open, args, &mut out),
        Command::Export { since, records } => exchange::export(&open, *since, *records, &mut out),
        Command::Import { file } => exchange::import(&mut open, file),
        Command::Summary(args) => summary::run(&open, args, &mut out),
    }
}

/// The database with everything in it.
struct Open {
    /// `None` where there is none yet and nothing is to be written.
    db: Option<Db>,
    board: Board,
    /// The latest text of each.
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
        let writes = matches!(
            triage.command,
            Command::Set(_) | Command::Mute(_) | Command::Unmute(_) | Command::Import { .. }
        );
        let (mut db, note) = if writes {
            let (db, note) = Db::open(&path, clock::now())?;
            (Some(db), note)
        } else {
            (Db::open_to_read(&path)?, None)
        };
        let news = db.as_mut().map(Db::news).transpose()?.unwrap_or_default();
        for problem in note.iter().chain(&news.problems) {
            super::say(problem);
        }
        let mut board = Board::default();
        for change in news.changes {
            board.apply(change);
        }
        let mut suppressions: Vec<Suppression> = Vec::new();
        for made in news.suppressions {
            match suppressions.iter_mut().find(|old| old.id == made.id) {
                Some(old) => *old = made,
                None => suppressions.push(made),
            }
        }
        Ok(Self { db, board, suppressions })
    }

    /// The database, to write to.
    fn db(&mut self) -> anyhow::Result<&mut Db> {
        self.db.as_mut().context("the triage database was opened for reading alone")
    }
}

/// Who decides: who is named, else the user.
fn author(named: Option<&str>) -> String {
    named.filter(|name| !name.is_empty()).map_or_else(crate::driver::user, str::to_owned)
}

/// The host on which somebody decides.
fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

fn priority(word: &str) -> Result<Priority, String> {
    Priority::parse(word).ok_or_else(|| {
        let names: Vec<_> = Priority::ALL.iter().map(|priority| priority.name()).collect();
        format!("one of: {}", names.join(", "))
    })
}

fn level(word: &str) -> Result<Level, String> {
    Level::parse(word).ok_or_else(|| "one of: benign, low, medium, high, critical".to_owned())
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
