//! From bytes to alerts: cuts records, peels envelopes, reads Falco's JSON and text, and never loses a record.
//!
//! What must stay true: alerts + rejects + others equals the non-blank records, the result does not depend on how the
//! bytes were cut, and no input panics. Only [`Flag`](crate::model::Flag)s say what was odd about a record.

mod body;
pub mod check;
mod cut;
pub mod fast;
mod journal;
mod json;
mod own;
mod peel;
mod record;
mod rename;
mod rules;
mod scan;
mod stream;
mod templates;
mod text;
mod time;
mod unwrap;

pub use rules::{RuleFacts, RulesFiles};
pub use stream::Decoder;
pub use templates::{Known, Templates};

use crate::model::{Alert, Origin, Reject};
use jiff::{Timestamp, tz::TimeZone};
use std::sync::{Arc, LazyLock};

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
        // Making them takes longer than reading a small log: once is enough.
        static BUILT_IN: LazyLock<Arc<Templates>> = LazyLock::new(Arc::default);
        Self { templates: Arc::clone(&BUILT_IN), zone: TimeZone::UTC, written_at: None }
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

/// Reads a record again from its bytes: the item that ends where the bytes end, the same as the first time. Where several
/// alerts stand in the same bytes, `nth` says which, from 0.
/// Its origin names no source, offset 0 and line 1: the caller knows better.
pub fn reread(bytes: &[u8], nth: u32, ctx: &Arc<Context>) -> Item {
    let mut decoder = Decoder::new(ctx.clone(), "".into());
    let mut out = Vec::new();
    decoder.push(bytes, &mut out);
    decoder.finish(&mut out);
    let ends_at = |entry: &Entry| entry.offset + u64::from(entry.len);
    let last = out.iter().map(ends_at).max();
    let at_the_end = |entry: &&(usize, &Entry)| Some(ends_at(entry.1)) == last;
    let entries: Vec<_> = out.iter().enumerate().collect();
    let mut alerts =
        entries.iter().filter(at_the_end).filter(|(_, entry)| matches!(entry.item, Item::Alert(_)));
    // In a record that is damaged all over, its own bytes may be cut otherwise than with their neighbors: any alert in
    // them is nearer to the truth than none.
    let is_alert = |entry: &&(usize, &Entry)| matches!(entry.1.item, Item::Alert(_));
    let place = alerts
        .nth(nth as usize)
        .or_else(|| entries.iter().rfind(is_alert))
        .or_else(|| entries.iter().find(at_the_end))
        .map(|(place, _)| *place);
    if let Some(place) = place {
        out.swap_remove(place).item
    } else {
        let reason = "nothing stands here".into();
        Item::Reject(Reject { reason, origin: Origin::default(), bytes: Box::default(), len: 0 })
    }
}
