//! Where alerts are read: files that rotate, folders, globs, archives, pipes, children and the journal.
//!
//! A source reads bytes and never looks inside them. What it reads is a sequence of **bodies**: one generation of a
//! log file, one pipe, one unpacked archive. Within a body deliveries are contiguous and in order; a gap (a hole of
//! NULs, a file that was cut in the middle and went on) starts a new body with the same handle. Every body stays
//! readable through its handle; [`Bodies`] finds what was rotated away or cut.
//!
//! Sending blocks while the receiver is busy: a slow receiver slows the reading, and nothing is skipped.

mod bodies;
mod by_body;
mod child;
mod discover;
mod expand;
mod family;
mod generation;
mod history;
mod holes;
mod journal;
mod out;
mod pages;
mod poller;
mod reader;
mod siblings;
mod spec;
mod spool;
mod stream;
mod tail;
mod unpack;
mod watch;

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use jiff::Timestamp;

use crate::model::{BodyId, SourceId};

pub use bodies::{Bodies, Fingerprint, Gone, Print};
pub use by_body::ByBody;
pub use discover::{Discovery, Looked, SWITCH_ON, discover};
pub use expand::distinct;
pub use journal::journal_trouble;
pub use pages::Pages;
pub use reader::{Handle, spawn, spawn_with};
pub use spec::Spec;

/// What a source says, in the order in which it happened.
#[derive(Debug)]
pub enum Delivery {
    /// A new body; its first bytes follow as `Backlog` or `Bytes`, at an offset that need not be 0.
    Opened(Opened),
    /// Bytes `from..to` of a body are there already and end after a line; the receiver reads them itself by `pread`,
    /// as parallel as it likes, before it takes later deliveries of the same body. At most one for a body, and first.
    Backlog { body: BodyId, from: u64, to: u64 },
    /// More bytes of a body, right after the ones before, cut anywhere.
    Bytes { body: BodyId, offset: u64, bytes: Vec<u8> },
    /// Nothing has come for a while: what was held back because more might follow may be taken as it is, and a last line
    /// without an end when it is complete by itself (a JSON object that closes). More of it may still come.
    Still { body: BodyId },
    /// The file was cut or overwritten under its name: the handle shows only the first `kept` bytes as they were read.
    /// The rest may be found in a copy with this fingerprint. `Ended` follows.
    Cut { body: BodyId, kept: u64, fingerprint: Fingerprint },
    /// Nothing more comes from this body: an unfinished last line is final. A file has a fingerprint to find it by.
    Ended { body: BodyId, fingerprint: Option<Fingerprint> },
    /// The source's state changed.
    State { source: SourceId, state: SourceState, at: Timestamp },
    /// The source is finished, with a sentence where it could not be read at all.
    Done { source: SourceId, error: Option<String> },
}

/// A body that begins.
#[derive(Clone, Debug)]
pub struct Opened {
    pub source: SourceId,
    pub body: BodyId,
    /// What a person calls it: the path, `-`, `journal:falco`…
    pub name: Arc<str>,
    /// Reads the body by `pread`; stays valid after a rotation. Let it go when the body has ended and ask
    /// [`Bodies`] from then on, or ten thousand rotations hold ten thousand descriptors.
    pub handle: Arc<File>,
    /// The file's path, where it has one, to look for it after it was rotated away.
    pub path: Option<PathBuf>,
    /// More may come (a followed file, a pipe); false for an archive or a file that is read once.
    pub live: bool,
}

/// The state of a source, in words for the screen through `Display`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceState {
    /// Reads what is there.
    Reading,
    /// At the end, told of changes by the system.
    Following,
    /// At the end, looking several times a second because the system does not tell: why.
    Polling(String),
    /// Nothing to read yet: what it waits for.
    Waiting(String),
    /// The log was renamed or replaced; the new one is followed and the old one read to its end.
    Rotated(String),
    /// The log was cut or overwritten in place.
    Truncated(String),
    /// It cannot be read now, and why; tried again.
    Unreadable(String),
    /// Our side is slow and the writer of the pipe has to wait.
    Blocked(String),
    /// Something to know that changes nothing: a torn archive, a child's restart.
    Note(String),
    /// Read to its end.
    Finished,
}

impl std::fmt::Display for SourceState {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Reading => out.write_str("reading"),
            Self::Following => out.write_str("following"),
            Self::Polling(why) => write!(out, "polling: {why}"),
            Self::Waiting(what) => write!(out, "waiting for {what}"),
            Self::Rotated(what) => write!(out, "rotated: {what}"),
            Self::Truncated(what) => write!(out, "truncated: {what}"),
            Self::Unreadable(why) if why.starts_with("cannot ") => out.write_str(why),
            Self::Unreadable(why) => write!(out, "cannot be read: {why}"),
            Self::Blocked(what) => write!(out, "the writer waits: {what}"),
            Self::Note(what) => out.write_str(what),
            Self::Finished => out.write_str("read to its end"),
        }
    }
}

impl SourceState {
    /// True when what was there at the start has been read: what comes from now on is new.
    pub fn is_caught_up(&self) -> bool {
        matches!(
            self,
            Self::Following
                | Self::Polling(_)
                | Self::Waiting(_)
                | Self::Unreadable(_)
                | Self::Finished
        )
    }

    /// True for a passing event (rotated, a note), false for a condition that lasts until the next one.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Rotated(_) | Self::Truncated(_) | Self::Note(_))
    }
}

/// How sources are read.
#[derive(Clone, Debug)]
pub struct Options {
    /// Go on after the end, until the handle is dropped.
    pub follow: bool,
    /// Do not ask the system for notices of changes; look several times a second.
    pub poll_only: bool,
    /// Start a child again, with growing pauses, after it has ended.
    pub restart: bool,
    /// A file with at least this many bytes is announced as `Backlog`, a smaller one delivered as `Bytes`.
    pub backlog_from: u64,
    /// No archive is unpacked beyond this many bytes.
    pub unpack_limit: u64,
    /// Where spool files are made; none for the usual places.
    pub spool_folder: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            follow: false,
            poll_only: false,
            restart: false,
            backlog_from: 4 << 20,
            unpack_limit: 64 << 30,
            spool_folder: None,
        }
    }
}

/// Where deliveries go: a bounded channel; 64 is a good bound (a delivery holds at most 256 KiB).
pub type Outlet = SyncSender<Delivery>;

/// What somebody else looks at about twice a second, on the one timer that looks after followed logs: a program that rests
/// wakes for all of it together. Dropped when nothing is followed (any more).
pub type Beat = Box<dyn FnMut() + Send>;

#[cfg(test)]
mod tests;
