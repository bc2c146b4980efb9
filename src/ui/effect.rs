//! What the program should do to the world outside the screen. `App::update` only asks; the driver acts and answers
//! with a [`super::Msg`].

use super::msg::Look;
use crate::analysis::tuning::Version;
use crate::model::{Alert, AlertId};
use crate::query::Filter;
use crate::report::gather::Form;
use crate::store::Snapshot;
use crate::triage::{Board, Change, Evidence, Key, Scope, Suppression};
use jiff::Timestamp;
use rustc_hash::FxHashSet;
use std::sync::Arc;

/// An order to the driver.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Put a text on the clipboard; answered by `Msg::Copied`.
    Copy { text: String, what: What },
    /// Read the alert's record again and analyze it with its neighbors, commands for `variant` first;
    /// answered by `Msg::Loaded`.
    Load { id: AlertId, variant: Option<String>, ground: Ground },
    /// Analyze each of these and say only how bad it is; answered by `Msg::Assessed`, in pieces.
    Assess { ids: Vec<AlertId>, ground: Ground },
    /// Which alerts from `from` to the snapshot's last meet the filter; answered by `Msg::Found`, in pieces and in order.
    /// A new generation makes the old one pointless.
    /// `board` is what a filter over `triage.*` asks.
    Filter {
        generation: u64,
        filter: Meets,
        from: AlertId,
        ground: Ground,
        board: Option<Decisions>,
    },
    /// Nobody waits for the answer to the last `Effect::Filter` any more.
    EndFilter,
    /// The same for the last `Effect::Search`.
    EndSearch,
    /// Which alerts hold this text anywhere in their record (literally; case counts when it holds a capital);
    /// answered by `Msg::Hits`. A new generation makes the old one pointless.
    Search { generation: u64, text: String, ground: Ground },
    /// How often each value of this field occurs among these alerts (all when `None`); answered by `Msg::Counted`, in
    /// pieces. A new generation makes the old one pointless.
    Count { generation: u64, field: String, among: Option<Arc<[AlertId]>>, ground: Ground },
    /// Make a Falco exception for a confirmed false positive and look through all that was read for what it would hide;
    /// answered by `Msg::Tuned`. Of several only the last one is answered.
    Tune { wish: TuneWish, ground: Ground },
    /// Make the exception of each of these groups and count what it would spare and hide; answered by `Msg::Weighed`, one by
    /// one. `known_false` are the alerts that were closed as false positives.
    Weigh { wishes: Vec<TuneWish>, known_false: Arc<FxHashSet<AlertId>>, ground: Ground },
    /// Write the Markdown report of what is shown to a new file; answered by `Msg::Exported`.
    Export { look: Box<Look>, masks: bool },
    /// Copy the Markdown report of what is shown; answered by `Msg::Copied` with `What::Report`.
    CopyReport { look: Box<Look>, masks: bool },
    /// Copy the record as it was read, made safe to paste; answered by `Msg::Copied` with `What::RawAlert`.
    CopyRaw { look: Box<Look>, masks: bool },
    /// Write a report about these alerts, in this order, to a new file; answered by `Msg::Exported`.
    Report { ids: Vec<AlertId>, told: Told, ground: Ground, board: Decisions },
    /// Find a report of others about an alert and judge it: the file that is named, or one in the folder that is;
    /// answered by `Msg::Attached`. `is_asked`: a person named it.
    Attach { id: AlertId, alert: Box<Alert>, path: String, is_asked: bool },
    /// Show the last copied text on the normal screen and wait for a key; answered by `Msg::Resumed`.
    Print,
    /// Give the terminal back and stop, as Ctrl-Z does; answered by `Msg::Resumed`.
    Suspend,
    /// Draw everything again from nothing.
    Redraw,
    /// Take the mouse from the terminal, or give it back.
    Mouse(Mouse),
    /// Ring for a new critical group; only asked for when the settings want it.
    Bell,
    /// Go on to the built-in theme after this one; answered by `Msg::Configured`.
    NextTheme,
    /// Read the configuration again; answered by `Msg::Configured`.
    Reload,
    /// Keep the history of filters for the next session, oldest first.
    Remember(Vec<String>),
    /// Keep a filter under a name for all sessions.
    SaveFilter { name: String, text: String },
    /// Start the demo stream; its alerts come as any others.
    Demo,
    /// Make these durable, all or none; answered by `Msg::Triaged`.
    Save { changes: Vec<Change>, suppressions: Vec<Suppression>, evidence: Vec<Evidence> },
    /// Remember up to when each source was looked at.
    Look(Vec<(String, Timestamp)>),
    /// Read these alerts again and name them for the decision of this number, with their assessments where `assess` says
    /// so; answered by `Msg::Identified`, in pieces.
    Identify { number: u64, ids: Vec<AlertId>, assess: bool, ground: Ground },
    /// Find alerts that were decided about one by one, and those that suppressions match; answered by
    /// `Msg::Recognized`, in pieces and in order. A new generation makes the old one pointless.
    Recognize { generation: u64, what: Box<Recognize>, from: AlertId, ground: Ground },
    /// Let the person's editor have a text; answered by `Msg::Edited`.
    Edit { text: String },
    /// Answer with `Msg::Continue` after keys were looked at and before any other message: there is more to take in.
    Continue,
    /// Answer with `Msg::Tick` at about this many milliseconds from now; only the latest one counts.
    Wake { milliseconds: u64 },
}

/// The store as it was when the effect was made: what work in the background reads. Any two compare equal.
#[derive(Clone, Debug)]
pub struct Ground(pub Snapshot);

impl PartialEq for Ground {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// All decisions as they were when the effect was made. Any two compare equal.
#[derive(Clone, Debug)]
pub struct Decisions(pub Arc<Board>);

impl PartialEq for Decisions {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// What to look for among all alerts.
#[derive(Clone, Debug)]
pub struct Recognize {
    /// Filters of suppressions, with their places.
    pub filters: Vec<(usize, Arc<Filter>)>,
    /// Keys of alerts that were decided about one by one.
    pub keys: FxHashSet<Key>,
    /// The rules of those alerts; an empty name stands for any.
    pub rules: FxHashSet<String>,
}

impl PartialEq for Recognize {
    fn eq(&self, other: &Self) -> bool {
        self.keys == other.keys && self.filters.len() == other.filters.len()
    }
}

/// A filter, compared by its text.
#[derive(Clone, Debug)]
pub struct Meets(pub Arc<Filter>);

impl PartialEq for Meets {
    fn eq(&self, other: &Self) -> bool {
        self.0.text() == other.0.text()
    }
}

/// What an exception is wished for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TuneWish {
    /// The confirmed false positive.
    pub id: AlertId,
    /// The alert alone, or all of its rule and container.
    pub scope: Scope,
    /// The Falco that will load it.
    pub version: Version,
}

/// How a report is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub form: Form,
    /// Whether secrets are masked.
    pub masks: bool,
    /// The runtime whose commands come first.
    pub variant: Option<String>,
}

/// What is being copied, in the words of the notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    Command,
    Commands,
    Report,
    RawAlert,
    Field,
    Exception,
}

impl What {
    pub fn name(self) -> &'static str {
        match self {
            Self::Command => "command",
            Self::Commands => "commands",
            Self::Report => "report",
            Self::RawAlert => "raw alert",
            Self::Field => "field",
            Self::Exception => "exception",
        }
    }
}

/// Who has the mouse.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mouse {
    #[default]
    Ours,
    /// The terminal's own, for selecting text.
    Terminals,
}
