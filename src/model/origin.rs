//! Where a record came from, and how to read it again.

use std::sync::Arc;

/// A source as the person named it (a file family, standard input, a child…), by its place in the list of sources.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(pub u16);

/// One stream of bytes that stays readable: one generation of a log file (device and inode), or a spool file.
/// A source has many bodies over time: each rotation makes a new one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BodyId(pub u32);

/// An alert by the order in which it was read, from 0. Never reused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AlertId(pub u32);

/// The bytes of one record: read them with `pread` from the body's handle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location {
    pub body: BodyId,
    /// Bytes from the start of the body.
    pub offset: u64,
    /// Length in bytes, without the line ending.
    pub len: u32,
    /// Which of the alerts that stand in these bytes, from 0: a document may hold several.
    pub nth: u32,
}

/// Where an alert was read, for people: shown in lists, exports and evidence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The source's name: a path, `-`, `journal:falco`…
    pub source: Arc<str>,
    /// Byte offset of the record's first byte in that file or stream.
    pub offset: u64,
    /// Line number of the record's first line in that file or stream, from 1; 0 when it is not known (yet).
    pub line: u64,
}

/// A record that nobody could read, and why. It is kept: counted, listed and shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    pub reason: Box<str>,
    pub origin: Origin,
    /// The record's bytes, cut to the first 64 KiB.
    pub bytes: Box<[u8]>,
    /// Length of the whole record in bytes.
    pub len: u64,
}
