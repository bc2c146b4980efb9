//! `cadge lint`: which lines of a report, a playbook or a script are safe to paste.

use super::Exit;
use crate::decode::{Context, Decoder, Item};
use crate::lint::output::{self, Judged};
use crate::lint::{self, Severity};
use crate::model::Alert;
use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use std::ffi::OsString;
use std::fs;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::sync::Arc;

/// The largest text that is judged, in bytes.
const LARGEST: u64 = 64 << 20;

#[derive(Args, Clone, Debug)]
pub struct Lint {
    /// Markdown reports, playbooks, shell scripts, snippets; - for standard input.
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<OsString>,
    /// Judge against the alert in this file too (Falco's JSON or text): target, path, direction, claims.
    ///
    /// Where the file holds several, the one whose uuid, container or command line the text names is taken, else the first.
    #[arg(long, value_name = "FILE")]
    pub alert: Option<PathBuf>,
    /// For reading, for a program, or for a code scanning tool.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// End with exit status 4 when a finding is this bad or worse.
    #[arg(long, alias = "severity", value_name = "SEVERITY", value_enum)]
    pub fail_on: Option<Level>,
}

/// How findings are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    #[default]
    Text,
    Json,
    Sarif,
    Github,
}

/// The severities as words of the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Level {
    Note,
    Warn,
    Error,
    Block,
}

impl From<Level> for Severity {
    fn from(level: Level) -> Self {
        match level {
            Level::Note => Self::Note,
            Level::Warn => Self::Warn,
            Level::Error => Self::Error,
            Level::Block => Self::Block,
        }
    }
}

/// Judges every file.
pub fn run(args: &Lint) -> anyhow::Result<Exit> {
    let alerts = args.alert.as_deref().map(read_alerts).transpose()?;
    let mut judged = Vec::new();
    for name in &args.files {
        let text = read(name)?;
        let file = name.to_string_lossy().into_owned();
        let alert = alerts.as_deref().and_then(|alerts| named_in(&text, alerts));
        let findings = lint::lint(&text, lint::kind(&file, &text), alert);
        judged.push(Judged { file, findings });
    }
    let out = match args.format {
        Format::Text => output::text(&judged),
        Format::Json => output::json(&judged),
        Format::Sarif => output::sarif(&judged),
        Format::Github => output::github(&judged),
    };
    super::out().write_all(out.as_bytes())?;
    let worst = judged.iter().flat_map(|file| &file.findings).map(|finding| finding.severity).max();
    let fails = args.fail_on.is_some_and(|level| worst >= Some(level.into()));
    Ok(if fails { Exit::Findings } else { Exit::Done })
}

fn read(name: &OsString) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    let shown = name.to_string_lossy();
    if name == "-" {
        io::stdin().take(LARGEST + 1).read_to_end(&mut bytes)?;
    } else {
        let file = fs::File::open(name).with_context(|| format!("cannot read {shown}"))?;
        file.take(LARGEST + 1)
            .read_to_end(&mut bytes)
            .with_context(|| format!("cannot read {shown}"))?;
    }
    if bytes.len() as u64 > LARGEST {
        bail!("{shown} is larger than 64 MiB: no report is that long");
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn read_alerts(path: &std::path::Path) -> anyhow::Result<Vec<Alert>> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut decoder = Decoder::new(Arc::new(Context::default()), path.to_string_lossy().into());
    let mut entries = Vec::new();
    decoder.push(&bytes, &mut entries);
    decoder.finish(&mut entries);
    let alerts: Vec<Alert> = entries
        .into_iter()
        .filter_map(|entry| match entry.item {
            Item::Alert(alert) => Some(*alert),
            Item::Other(_) | Item::Reject(_) => None,
        })
        .collect();
    if alerts.is_empty() {
        bail!("{} holds no alert", path.display());
    }
    Ok(alerts)
}

/// The alert that a text is about.
fn named_in<'a>(text: &str, alerts: &'a [Alert]) -> Option<&'a Alert> {
    let names = |alert: &Alert| {
        let container = alert.container();
        let cmdline = alert.fields.text("proc.cmdline");
        let names = |name: Option<&str>| {
            name.is_some_and(|name| name.len() > 3 && name != "host" && text.contains(name))
        };
        [
            alert.uuid.as_deref().is_some_and(|uuid| text.contains(uuid)),
            names(container.id),
            names(container.name),
            names(alert.rule.as_deref()),
            names(cmdline),
        ]
        .into_iter()
        .zip([16, 8, 4, 2, 1])
        .filter_map(|(is_named, weight)| is_named.then_some(weight))
        .sum::<u32>()
    };
    // The first of the best: `max_by_key` would take the last.
    alerts.iter().rev().max_by_key(|alert| names(alert))
}
