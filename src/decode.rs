//! From bytes to alerts: cuts records, peels envelopes, reads Falco's JSON and text, and never loses a record.
//!
//! What must stay true: alerts + rejects + others equals the non-blank records, the result does not depend on how the
//! bytes were cut, and no input panics. Only [`Flag`](crate::model::Flag)s say what was odd about a record.

mod cut;
mod json;
mod own;
mod peel;
mod record;
mod rename;
mod rules;
mod templates;
mod text;
mod time;

pub use rules::{RuleFacts, RulesFiles};
pub use templates::{Known, Templates};

use crate::model::{Alert, Origin, Reject};
use jiff::{Timestamp, tz::TimeZone};
use std::sync::Arc;

/// What decoding needs to know besides the bytes.
#[derive(Clone, Debug)]
pub struct Context {
    /// Rules by the text they print.
    pub templates: Arc<Templates>,
    /// The zone of clocks that name none.
    pub zone: TimeZone,
    /// When the file was last written: dates clocks that have none.
    pub written_at: Option<Timestamp>,
}

impl Default for Context {
    fn default() -> Self {
        Self { templates: Arc::default(), zone: TimeZone::UTC, written_at: None }
    }
}

/// One record: where its bytes are, and what they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Bytes from the start of the body.
    pub offset: u64,
    /// Length in bytes without the line ending. Records may overlap: [`reread`] takes the item that ends where they end.
    pub len: u32,
    /// Line number of the record's first line, from 1.
    pub line: u64,
    pub item: Item,
}

/// What a record turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    Alert(Box<Alert>),
    Other(Other),
    Reject(Reject),
}

/// A record that is no alert and was understood: Falco's own log, its exit summary, a tool's banner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Other {
    /// What kind of line it is, in a few words.
    pub what: &'static str,
}

/// Reads one stream of bytes; the result does not depend on how the bytes are cut.
#[derive(Debug)]
pub struct Decoder {
    ctx: Arc<Context>,
    source: Arc<str>,
    pending: Vec<u8>,
    offset: u64,
    line: u64,
}

impl Decoder {
    /// A decoder for one body, from its first byte.
    pub fn new(ctx: Arc<Context>, source: Arc<str>) -> Self {
        Self { ctx, source, pending: Vec::new(), offset: 0, line: 1 }
    }

    /// A decoder that begins in the middle of a body, at the start of a line (counted from 1).
    pub fn at(ctx: Arc<Context>, source: Arc<str>, offset: u64, line: u64) -> Self {
        Self { offset, line, ..Self::new(ctx, source) }
    }

    /// Whether nothing is held that later bytes could change: no unfinished line, no record over several lines, no parts
    /// that wait to be joined, no encoding or envelope of the whole file. Then a decoder begun [`at`](Self::at) this place
    /// would go on the same, which lets the indexer read pieces of a body side by side.
    pub fn is_idle(&self) -> bool {
        self.pending.is_empty()
    }

    /// Takes bytes, cut anywhere, and adds the records that are complete.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<Entry>) {
        self.pending.extend_from_slice(bytes);
        while let Some(end) = memchr::memchr(b'\n', &self.pending) {
            let line: Vec<u8> = self.pending.drain(..=end).collect();
            self.take(&line, out);
        }
    }

    /// Nothing more will come: what is held becomes final.
    pub fn finish(&mut self, out: &mut Vec<Entry>) {
        let line = std::mem::take(&mut self.pending);
        self.take(&line, out);
    }

    fn take(&mut self, line: &[u8], out: &mut Vec<Entry>) {
        let text = line.trim_ascii_end();
        if !text.is_empty() {
            let _ = &self.ctx;
            let origin =
                Origin { source: self.source.clone(), offset: self.offset, line: self.line };
            let reject = Reject {
                reason: "not read yet".into(),
                origin,
                bytes: text.into(),
                len: text.len() as u64,
            };
            out.push(Entry {
                offset: self.offset,
                len: u32::try_from(text.len()).unwrap_or(u32::MAX),
                line: self.line,
                item: Item::Reject(reject),
            });
        }
        self.offset += line.len() as u64;
        self.line += 1;
    }
}

/// Reads a record again from its bytes: the item that ends where the bytes end, the same as the first time.
/// Its origin names no source, offset 0 and line 1: the caller knows better.
pub fn reread(bytes: &[u8], ctx: &Arc<Context>) -> Item {
    let mut decoder = Decoder::new(ctx.clone(), "".into());
    let mut out = Vec::new();
    decoder.push(bytes, &mut out);
    decoder.finish(&mut out);
    out.pop().map_or_else(
        || {
            let reason = "nothing stands here".into();
            Item::Reject(Reject {
                reason,
                origin: Origin::default(),
                bytes: Box::default(),
                len: 0,
            })
        },
        |entry| entry.item,
    )
}
