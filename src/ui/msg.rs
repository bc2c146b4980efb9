//! Everything that can happen. The enum is closed on purpose: to know what can change the screen, read this list.

use super::app::Recognized;
use super::desk::wish::Identified;
use super::effect::{TuneWish, What};
use super::settings::Settings;
use crate::analysis::Analysis;
use crate::analysis::tuning::{Exception, Hidden, Refusal};
use crate::lint::sheet::Piece;
use crate::model::{Alert, AlertId, Level, SourceId};
use crate::store::Batch;
use crate::triage::Answer;
use crossterm::event::{KeyEvent, MouseEvent};
use jiff::Timestamp;
use std::sync::Arc;

/// A fact told to the screen.
#[derive(Debug)]
pub enum Msg {
    Key(KeyEvent),
    Mouse(MouseEvent),
    /// Bracketed paste: text for a prompt, never keys.
    Paste(String),
    Resize(u16, u16),
    /// What time it is; the screen never asks the clock.
    Tick(Timestamp),
    /// Alerts, rejects and others that were read, in order.
    Came(Box<Batch>),
    /// A source begins or its state changed.
    State(State),
    /// No source was found: what was looked for, in sentences.
    NoSource(Vec<String>),
    /// How far reading what was there at the start has come; `None` once everything was read.
    Progress(Option<Progress>),
    /// The answer to `Effect::Load`; the error is a sentence.
    Loaded {
        id: AlertId,
        look: Result<Box<Look>, String>,
    },
    /// An answer to `Effect::Assess`; an alert that could not be read has no assessment.
    Assessed(Vec<Assessed>),
    /// A piece of the answer to `Effect::Filter`; `upto` is the first alert not yet tested.
    Found {
        generation: u64,
        ids: Vec<AlertId>,
        upto: AlertId,
    },
    /// The filter cannot be evaluated.
    FilterFailed {
        generation: u64,
        reason: String,
    },
    /// A piece of the answer to `Effect::Search`, in the order read.
    Hits {
        generation: u64,
        ids: Vec<AlertId>,
        done: bool,
    },
    /// The answer to `Effect::Tune`: the exception and what it would hide, or why none should be written.
    Tuned {
        wish: TuneWish,
        tuned: Result<Box<Tuned>, Refusal>,
    },
    /// A piece of the answer to `Effect::Weigh`: what the exception for the group of this alert comes to, or why there
    /// should be none.
    Weighed {
        id: AlertId,
        weight: Result<Weight, String>,
    },
    /// Other playbooks are in force, and what is wrong with those that are not.
    Taught(Vec<String>),
    /// An answer to `Effect::Count`, in pieces that each tell all so far.
    Counted(Counted),
    /// The answer to a copy: the way it went, in words (`tmux`, `sent to the terminal`…), or why not.
    Copied {
        what: What,
        way: Result<String, String>,
    },
    /// The answer to `Effect::Export` and `Effect::Report`: the file's path and what was masked, or why not.
    Exported(Result<String, String>),
    /// The answer to `Effect::Attach`: the report, none when there is none, or why not. `is_asked`: a person named it;
    /// `folder`: what was named is a folder.
    Attached {
        id: AlertId,
        is_asked: bool,
        folder: Option<String>,
        paper: Result<Option<Box<Paper>>, String>,
    },
    /// The terminal is ours again after `Effect::Suspend` or `Effect::Print`.
    Resumed,
    /// New settings, and what is wrong with the configuration. `anew`: the file was read again; else only the theme is
    /// another.
    Configured {
        settings: Box<Settings>,
        anew: bool,
        problems: Vec<String>,
    },
    /// A filter named on the command line.
    Narrow(String),
    /// A line that stays on top until it is dismissed.
    Banner(String),
    /// A line that fades.
    Notice(String),
    /// What came of saving decisions, and what others decided.
    Triaged(Answer),
    /// A piece of the answer to `Effect::Identify`: the alerts that could be read.
    Identified {
        number: u64,
        found: Vec<Identified>,
        is_done: bool,
    },
    /// A piece of the answer to `Effect::Recognize`; `upto` is the first alert not yet looked through.
    Recognized {
        generation: u64,
        found: Vec<Recognized>,
        upto: AlertId,
    },
    /// The answer to `Effect::Edit`: the text as it was left, or why not.
    Edited(Result<String, String>),
    /// The answer to `Effect::Continue`.
    Continue,
}

/// An exception, ready to be copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tuned {
    pub exception: Exception,
    pub hidden: Hidden,
    /// From the values of how many alerts it was made.
    pub n_alerts: usize,
}

/// What an exception would do, in alerts that are at hand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weight {
    /// Alerts closed as false positives that it would spare.
    pub n_false: u64,
    /// Alerts that it would hide besides.
    pub n_others: u64,
    /// Older alerts of the rule that were not looked at.
    pub n_left_out: u64,
}

/// How often the values of a field occur.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    pub generation: u64,
    /// The most frequent first; `None` counts the alerts that do not say.
    pub values: Vec<(Option<String>, u64)>,
    /// Different values in all, as far as they were kept apart.
    pub n_values: u64,
    pub n_alerts: u64,
    /// Whether there were more different values than are kept apart.
    pub is_cut: bool,
    pub is_done: bool,
}

/// What a source does, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    pub source: SourceId,
    /// The source as the person named it.
    pub name: Arc<str>,
    /// `following`, `waiting for …`, `rotated: …`
    pub words: String,
    pub tone: Tone,
    /// Whether it is a passing event after which the last lasting state holds on.
    pub is_passing: bool,
    /// Whether the source has read what was there at the start: what comes from now on is new.
    pub is_caught_up: bool,
    pub at: Timestamp,
}

/// How a state sounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Followed, or read to its end.
    Good,
    /// Waiting, polling, rotated: to be known.
    Warn,
    /// Cannot be read.
    Bad,
}

/// How far reading has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Bytes.
    pub done: u64,
    pub total: u64,
    pub bytes_per_second: u64,
}

/// One alert read again, with all we know about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    pub alert: Alert,
    /// The record's bytes.
    pub raw: Vec<u8>,
    pub analysis: Analysis,
}

/// A report of others about an alert, judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paper {
    /// The file's path; hostile.
    pub name: String,
    pub pieces: Vec<Piece>,
}

/// How bad one alert is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assessed {
    pub id: AlertId,
    pub level: Option<Level>,
    /// The recognized identity: `event-generator`, `calico-felix`…
    pub known: Option<String>,
}
