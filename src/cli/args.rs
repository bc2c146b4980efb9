//! The command line: what may be said, and the short manual of each command.

use crate::source::Spec;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::ffi::OsString;
use std::path::PathBuf;

/// A terminal triage console for Falco alerts.
#[derive(Debug, Parser)]
#[command(name = "cadge", version, args_conflicts_with_subcommands = true, max_term_width = 100)]
#[command(about = "A terminal triage console for Falco alerts", long_about = ABOUT, after_long_help = AFTER)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub view: View,
}

/// What `--runtime` takes.
pub const RUNTIMES: [&str; 7] = ["docker", "podman", "nerdctl", "ctr", "crictl", "kubectl", "host"];

const ABOUT: &str = "\
Shows Falco's alerts grouped by rule and container, explains the one under the cursor, and copies the commands that \
answer it.

Without SOURCE it opens the log that /etc/falco/falco.yaml names in file_output, else the usual places; where there is \
none it says what was looked for and what to switch on. When standard output is no terminal, or TERM is dumb, it prints \
what `cadge list` prints.";

const AFTER: &str = "\
Exit status: 0 done (damaged records are counted, not a failure); 1 something could not be read or written; 2 the \
command line or the configuration is wrong; 3 nothing matched; 4 findings as bad as asked for (lint --fail-on); 130 interrupted; 143 terminated.

Try `cadge demo`: no files, no network, no root.";

/// The console itself.
#[derive(Args, Clone, Debug, Default)]
pub struct View {
    #[command(flatten)]
    pub input: Input,
    /// Show only the alerts that meet this filter, in Falco's condition language.
    #[arg(long, value_name = "EXPR")]
    pub filter: Option<String>,
    /// A theme by name, instead of the one from the configuration.
    #[arg(long, value_name = "NAME")]
    pub theme: Option<String>,
    /// Read this configuration instead of the usual one.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// Where alerts are read.
#[derive(Args, Clone, Debug, Default)]
pub struct Input {
    /// A file, a folder, a glob, or - for standard input; archives (.gz, .zst, .xz, .bz2) are read as they are.
    ///
    /// A folder or a glob takes each log with its rotated family (events.json.2.gz, events.json.1, events.json) as one log; a
    /// file is that file alone. Several sources are merged by time. A pipe on standard input is read without - when no source is named.
    #[arg(value_name = "SOURCE")]
    pub sources: Vec<OsString>,
    /// Falco's rules: a file or folder that gives rule names, tags and descriptions to text alerts [default: /etc/falco].
    #[arg(long, value_name = "PATH")]
    pub rules: Vec<PathBuf>,
    /// Do not trust the system's notices of changed files; look several times a second.
    #[arg(long)]
    pub poll: bool,
    /// A source that is no path: what `run` and `journal` read.
    #[arg(skip)]
    pub other: Option<Spec>,
    /// Start it again when it ends.
    #[arg(skip)]
    pub restart: bool,
}

/// `cadge run`.
#[derive(Args, Clone, Debug)]
pub struct Run {
    /// Start the program again when it ends, with growing pauses.
    #[arg(long)]
    pub restart: bool,
    /// The program and its arguments: kubectl logs -f ds/falco -n falco
    #[arg(
        value_name = "COMMAND",
        required = true,
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    pub command: Vec<OsString>,
}

/// `cadge journal`.
#[derive(Args, Clone, Debug)]
pub struct Journal {
    /// Only what this unit wrote: falco-modern-bpf.
    #[arg(long, value_name = "UNIT")]
    pub unit: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// The console on a built-in live stream of realistic alerts.
    ///
    /// Five known situations, an intrusion told in eight alerts over a minute in one container, and steady noise.
    /// No files, no network, no root.
    Demo(Demo),
    /// The console on what a program prints, such as `cadge run -- kubectl logs -f ds/falco -n falco`.
    ///
    /// The program is started as it is named, without a shell; how it ended, and its last words, are shown.
    Run(Run),
    /// The console on the systemd journal, followed.
    Journal(Journal),
    /// One line an alert.
    ///
    /// Prints time, priority, rule, container and output of each alert, in the order of time when there are several
    /// sources, else in the order read. Standard error ends with one line: N alerts, M rejects, K other.
    List(List),
    /// Alerts by rule and container, with count, first, last and highest priority.
    Groups(Groups),
    /// Totals: alerts, rejects, other records, by priority, by rule, by source.
    Stats(Stats),
    /// What an alert means, and what to do: the analysis of one alert, or of all.
    ///
    /// Without --alert or --all the last alert is explained.
    Explain(Explain),
    /// A report one can hand over, about the alerts that are selected.
    ///
    /// A summary in five lines, several alerts of one attack as one story, a timeline, each alert explained, what was
    /// decided, every command once with its risk and undo, indicators, ATT&CK, what is not known, and where each record lies.
    /// Secrets are masked as far as their shape is known.
    Report(super::report::Report),
    /// The selected records byte for byte, with a report, the decisions and the hashes of everything.
    Evidence(super::evidence::Evidence),
    /// A Falco exception for a confirmed false positive, from the alert's real values.
    ///
    /// Prints a rules file to standard output, with how many of the loaded alerts it would hide and the most different of
    /// them as comments. Says why instead, with exit status 1, when an exception would blind the rule: one field only,
    /// only values that an attacker chooses, values that say nothing or cannot be compared.
    Tune(Tune),
    /// The fields a filter can ask for: Falco's, its plugins', and ours.
    ///
    /// PATTERN is a part of a name (`proc.a`), or a pattern with * and ? for the whole name (`fd.*ip`).
    Fields(Fields),
    /// Whether something written for cadge is right, and how it is read.
    #[command(subcommand)]
    Check(Check),
    /// Which lines of a report, a playbook or a script are safe to paste.
    ///
    /// Finds commands and snippets in Markdown, shell scripts or bare command lines, and judges each: what weakens the
    /// host, opens a listener, does not exist, leaves a placeholder, destroys evidence, hits too much, is not safe in a
    /// shell, does not validate, or contradicts the alert. Nothing is run.
    Lint(super::lint::Lint),
    /// The settings: what is wrong with them, and the manual.
    ///
    /// `cadge config default > ~/.config/cadge/config.toml` is a good start: every setting with its default, commented.
    #[command(arg_required_else_help = true)]
    Config(Config),
    /// Where settings, themes, playbooks and the last copied text are.
    Paths,
    /// Every action with its keys, as the settings have them.
    Keys,
    /// Decisions about alerts: list, show, set, export, import, and a summary for the next shift.
    ///
    /// Decisions are kept in one database in the state folder, shared with the console; see `cadge paths`.
    Triage(super::triage::Triage),
    /// A completion script for a shell, on standard output.
    Completions {
        /// Whose language the script is written in.
        shell: clap_complete::Shell,
    },
    /// The manual page, on standard output.
    Man,
}

#[derive(Args, Clone, Debug, Default)]
pub struct Demo {
    /// A theme by name, instead of the one from the configuration.
    #[arg(long, value_name = "NAME")]
    pub theme: Option<String>,
    /// Read this configuration instead of the usual one.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// Which of the alerts that were read.
#[derive(Args, Clone, Debug, Default)]
pub struct Select {
    /// Only alerts that meet this filter, in Falco's condition language.
    #[arg(long, value_name = "EXPR")]
    pub filter: Option<String>,
    /// Only alerts whose record or output holds this text, literally.
    #[arg(long, value_name = "TEXT")]
    pub search: Option<String>,
}

#[derive(Args, Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch a person may type")]
pub struct List {
    #[command(flatten)]
    pub input: Input,
    #[command(flatten)]
    pub select: Select,
    /// JSON lines: one object an alert, output fields exactly as received. The same as --format json.
    #[arg(long, conflicts_with = "count")]
    pub json: bool,
    /// Lines to read, JSON lines, or a table for spreadsheets with named columns.
    ///
    /// In the table secrets are masked as far as their shape is known, and a cell that a spreadsheet would take for a
    /// formula begins with a '; JSON is the export without loss.
    #[arg(long, value_enum, default_value_t, conflicts_with_all = ["json", "count"])]
    pub format: ListFormat,
    /// Leave secrets in the table as they are.
    #[arg(long)]
    pub no_mask: bool,
    /// Go on with new alerts as they arrive, until interrupted.
    ///
    /// Prints everything already there first, then each alert once, in order, flushed one by one.
    #[arg(long, short)]
    pub follow: bool,
    /// Print only the number of alerts.
    #[arg(long)]
    pub count: bool,
    /// What could not be read, with reason, source and offset, instead of alerts.
    #[arg(long, conflicts_with_all = ["count", "filter"])]
    pub rejects: bool,
}

/// How alerts are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    #[default]
    Text,
    Json,
    Csv,
}

#[derive(Args, Clone, Debug, Default)]
pub struct Groups {
    #[command(flatten)]
    pub input: Input,
    #[command(flatten)]
    pub select: Select,
    /// By what to group.
    #[arg(long, value_enum, default_value_t)]
    pub by: By,
    /// One JSON array.
    #[arg(long)]
    pub json: bool,
}

/// Keys to group by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum By {
    /// Rule and container.
    #[default]
    RuleContainer,
    /// Rule alone.
    Rule,
    /// Container alone.
    Container,
    /// Hostname.
    Host,
    /// Namespace and pod.
    Pod,
    /// Namespace.
    Namespace,
    /// Priority.
    Priority,
    /// Event source.
    Source,
}

#[derive(Args, Clone, Debug, Default)]
pub struct Stats {
    #[command(flatten)]
    pub input: Input,
    #[command(flatten)]
    pub select: Select,
    /// One JSON object.
    #[arg(long)]
    pub json: bool,
}

#[derive(Args, Clone, Debug, Default)]
pub struct Explain {
    #[command(flatten)]
    pub input: Input,
    /// Which alert: its number in the order read (from 1), its id from `list --json`, or its uuid.
    #[arg(long, value_name = "N|ID|UUID", conflicts_with = "all")]
    pub alert: Option<String>,
    /// Every alert.
    #[arg(long)]
    pub all: bool,
    /// Only alerts that meet this filter, in Falco's condition language.
    #[arg(long, value_name = "EXPR")]
    pub filter: Option<String>,
    /// For reading, for a ticket, or for a program.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Offer commands for this runtime first.
    #[arg(long, value_name = "NAME", value_parser = RUNTIMES)]
    pub runtime: Option<String>,
    /// Leave secrets in the Markdown as they are; text and JSON tell every value as it was read.
    #[arg(long)]
    pub no_mask: bool,
}

/// How an analysis is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    #[default]
    Text,
    Markdown,
    Json,
}

#[derive(Args, Clone, Debug, Default)]
pub struct Tune {
    #[command(flatten)]
    pub input: Input,
    /// The confirmed false positive: its number in the order read (from 1), its id from `list --json`, or its uuid.
    #[arg(long, value_name = "N|ID|UUID")]
    pub alert: String,
    /// Take the values of all alerts of the same rule and container, not of this one alone.
    #[arg(long)]
    pub group: bool,
    /// The Falco that will load it: `override` is written for 0.37 and newer, `append` for older ones.
    #[arg(long, value_name = "VERSION", default_value = "0.40")]
    pub falco_version: String,
    /// Compare exactly these fields instead of those the playbook recommends.
    #[arg(long, value_name = "A,B,C", value_delimiter = ',')]
    pub fields: Vec<String>,
    /// One JSON object.
    #[arg(long)]
    pub json: bool,
}

#[derive(Args, Clone, Debug, Default)]
pub struct Fields {
    /// A part of a name, or a pattern with * and ?.
    #[arg(value_name = "PATTERN")]
    pub pattern: Option<String>,
    /// One JSON array.
    #[arg(long)]
    pub json: bool,
}

/// What can be checked.
#[derive(Clone, Debug, Subcommand)]
pub enum Check {
    /// How a filter is read: with every group in parentheses, and what each field is.
    ///
    /// Exit status 2 and the marked place when it cannot be read. Unknown fields and undefined macros are warnings here.
    Filter(CheckFilter),
    /// Whether playbooks of one's own are right: shapes, filters, commands, placeholders, and their own samples.
    ///
    /// DIR holds rules/, family/, commands/ and fallback.yaml as docs/playbooks.md describes them; they are checked
    /// together with the built-in ones. Exit status 2 when something is wrong.
    Playbooks(CheckPlaybooks),
}

#[derive(Args, Clone, Debug, Default)]
pub struct CheckPlaybooks {
    /// The folder.
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
}

#[derive(Args, Clone, Debug, Default)]
pub struct CheckFilter {
    /// A condition in Falco's language.
    #[arg(value_name = "EXPR", allow_hyphen_values = true)]
    pub expr: String,
    /// Rules files or folders whose macros and lists may be used by name.
    #[arg(long, value_name = "PATH")]
    pub rules: Vec<PathBuf>,
}

#[derive(Args, Debug)]
pub struct Config {
    #[command(subcommand)]
    pub command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Say what is wrong with the settings, with line and column; exit status 2 if anything is.
    Check {
        /// Read this file instead of the usual one.
        file: Option<PathBuf>,
    },
    /// Print every setting with its default, commented.
    Default,
}
