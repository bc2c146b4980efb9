//! Cuts bytes into lines and lines into records: joins what runtimes split, puts documents together again, and counts
//! each record once.

mod block;
mod held;
mod lines;

use super::{
    Context, Entry, Item, Other,
    body::{self, Body, Outcome, Piece},
    journal::Export,
    own,
    peel::{self, Part, Peeled},
    record::Wrap,
    scan::Scan,
};
use crate::model::{Flag, Flags, Origin, Reject};
use block::Block;
use lines::{ending, is_blank, is_other_record, is_utf16, is_whole_record};
use std::sync::Arc;

/// Longer lines are not kept whole: their first [`KEPT`] bytes are read as a record that ends too soon.
const LINE_LIMIT: usize = 128 << 20;
const KEPT: usize = 1 << 20;
/// A record above this is flagged.
pub(super) const HUGE: u64 = 1 << 20;
/// How many bytes of a reject are kept.
const REJECT_KEPT: usize = 64 << 10;
/// Documents over more lines or bytes than this are read line by line.
const DOCUMENT_LINES: usize = 20_000;
const DOCUMENT_BYTES: usize = 16 << 20;
/// A string that is open at the end of a line, or a text alert, goes on over at most so many lines.
const WRAPPED_LINES: usize = 16;
/// Streams whose parts are held at the same time.
const STREAMS: usize = 256;
/// Envelopes in envelopes.
const DEPTH_LIMIT: usize = 6;
/// A line that was read again so often for itself, since what it was held with did not end, opens nothing any more: each
/// opening would hold all lines behind it once more.
const REREADS: usize = WRAPPED_LINES;

/// Reads one stream of bytes; the result does not depend on how the bytes are cut.
///
/// One decoder must see the whole of a body, since a record may span lines. It is quiet between records except for what
/// [`Decoder::is_holding`] tells; [`Decoder::settle`] makes some of that final when a live source is silent.
#[derive(Debug)]
pub struct Decoder {
    ctx: Arc<Context>,
    source: Arc<str>,
    /// Bytes of the line that is not complete yet, and how many of it were left out.
    pending: Vec<u8>,
    n_left_out: u64,
    /// Offset of the pending line, and its number.
    offset: u64,
    line: u64,
    /// Parts of records by stream.
    parts: Vec<Parts>,
    /// Records that may go on, by stream.
    going: Vec<Block>,
    /// An entry of the journal's export format.
    export: Option<Export>,
    /// Where Falco's own log line began that the next lines may go on with.
    own_log: Option<Place>,
    /// Set when the file is UTF-16: nothing of it can be read.
    is_utf16: bool,
}

/// Where a line begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub offset: u64,
    pub line: u64,
}

impl Place {
    /// The one of two that is nearer to the beginning.
    fn first(self, other: Self) -> Self {
        if other.offset < self.offset { other } else { self }
    }
}

/// The name of a stream within another: never that of one outside, whose lines come in an order of their own.
fn inside(outer: &str, inner: &str) -> String {
    format!("{outer}\n{inner}")
}

/// A body and where it came from.
struct Line<'a> {
    body: &'a [u8],
    wrap: Wrap,
    stream: String,
    part: Part,
    is_syslog: bool,
    flags: Flags,
    place: Place,
    end: u64,
    /// Offset of the body's first byte, when it stands in the file as it is and without an envelope.
    bare_at: Option<u64>,
    /// Offset of the body's first byte, when it stands in the file as it is.
    body_at: Option<u64>,
    depth: usize,
    /// How often it was held with others in vain.
    n_rereads: usize,
}

#[derive(Debug)]
struct Parts {
    stream: String,
    text: Vec<u8>,
    wrap: Wrap,
    flags: Flags,
    place: Place,
    end: u64,
}

impl Decoder {
    /// A decoder for one body, from its first byte.
    pub fn new(ctx: Arc<Context>, source: Arc<str>) -> Self {
        Self {
            ctx,
            source,
            pending: Vec::new(),
            n_left_out: 0,
            offset: 0,
            line: 1,
            parts: Vec::new(),
            going: Vec::new(),
            export: None,
            own_log: None,
            is_utf16: false,
        }
    }

    /// A decoder that begins in the middle of a body, at the start of a line (counted from 1).
    pub fn at(ctx: Arc<Context>, source: Arc<str>, offset: u64, line: u64) -> Self {
        Self { offset, line, ..Self::new(ctx, source) }
    }

    /// Whether nothing is held that later bytes could change: no unfinished line, no record over several lines, no parts
    /// that wait to be joined, no encoding or envelope of the whole file. Then a decoder begun [`at`](Self::at) this place
    /// would go on the same, which lets the indexer read pieces of a body side by side.
    pub fn is_idle(&self) -> bool {
        self.pending.is_empty() && !self.is_holding() && self.own_log.is_none() && !self.is_utf16
    }

    /// Takes bytes, cut anywhere, and adds the records that are complete.
    pub fn push(&mut self, mut bytes: &[u8], out: &mut Vec<Entry>) {
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            let (line, rest) = bytes.split_at(end + 1);
            if self.pending.is_empty() && line.len() <= LINE_LIMIT {
                self.take_line(line, out);
            } else {
                self.hold(line);
                self.take_pending(out);
            }
            bytes = rest;
        }
        self.hold(bytes);
    }

    /// Nothing more will come: what is held becomes final.
    pub fn finish(&mut self, out: &mut Vec<Entry>) {
        self.take_pending(out);
        while self.is_holding() {
            if let Some(export) = self.export.take() {
                self.take_export(export, out);
            }
            for parts in std::mem::take(&mut self.parts) {
                self.tear(parts, out);
            }
            if !self.going.is_empty() {
                let block = self.going.remove(0);
                self.give_up(block, out);
            }
        }
    }

    /// Nothing came for a while. A last line without its end is taken when it is a whole object, and a torn line is not
    /// waited for any longer. What says by itself that more is to come (half a line, half a document, a part of a record)
    /// stays held: its writer may only be slow.
    pub fn settle(&mut self, out: &mut Vec<Entry>) {
        let peeled = peel::peel(&self.pending, &self.ctx);
        if peeled.part != Part::Open && is_whole_record(peeled.body) {
            self.take_pending(out);
            // Its line end is still to come.
            self.line -= 1;
        }
        while let Some(place) = self.going.iter().position(Block::is_torn) {
            let block = self.going.remove(place);
            self.give_up(block, out);
        }
    }

    /// Whether a line is held that [`settle`](Self::settle) would make final.
    pub fn may_settle(&self) -> bool {
        self.going.iter().any(Block::is_torn)
    }

    /// Whether a record is held that a next line may complete.
    pub fn is_holding(&self) -> bool {
        !self.parts.is_empty() || !self.going.is_empty() || self.export.is_some()
    }

    /// Adds to the pending line, without doubling the memory of a large one.
    fn hold(&mut self, bytes: &[u8]) {
        let n_fits = bytes.len().min((LINE_LIMIT + 1).saturating_sub(self.pending.len()));
        let (kept, left_out) = bytes.split_at_checked(n_fits).unwrap_or((bytes, &[]));
        self.n_left_out += left_out.len() as u64;
        if self.pending.len() > (8 << 20)
            && self.pending.capacity() < self.pending.len() + kept.len()
        {
            self.pending.reserve_exact(kept.len().max(8 << 20));
        }
        self.pending.extend_from_slice(kept);
    }

    fn take_pending(&mut self, out: &mut Vec<Entry>) {
        if self.pending.is_empty() {
            return;
        }
        let mut line = std::mem::take(&mut self.pending);
        let n_left_out = std::mem::take(&mut self.n_left_out);
        let n_bytes = line.len() as u64 + n_left_out;
        if line.len() > LINE_LIMIT {
            line.truncate(KEPT);
            line.shrink_to_fit();
            let end = self.offset + n_bytes;
            self.take(&line, end, out);
        } else {
            let end = self.offset + (line.len() - ending(&line)) as u64;
            line.truncate(line.len() - ending(&line));
            self.take(&line, end, out);
        }
        self.offset += n_bytes;
        self.line += 1;
        if line.capacity() <= KEPT {
            line.clear();
            self.pending = line;
        }
    }

    fn take_line(&mut self, line: &[u8], out: &mut Vec<Entry>) {
        let text = line.get(..line.len() - ending(line)).unwrap_or_default();
        self.take(text, self.offset + text.len() as u64, out);
        self.offset += line.len() as u64;
        self.line += 1;
    }

    /// Takes one line without its ending.
    fn take(&mut self, line: &[u8], end: u64, out: &mut Vec<Entry>) {
        let place = Place { offset: self.offset, line: self.line };
        if self.is_utf16 {
            return;
        }
        if self.offset == 0 && is_utf16(line) {
            self.is_utf16 = true;
            let reason =
                "the file is UTF-16 and was not read: convert it with iconv -f UTF-16 -t UTF-8";
            self.push_item(place, end, self.reject(reason, place, end, line), out);
            return;
        }
        if self.export.is_some() || Export::begins(line) {
            return self.take_export_line(line, place, end, out);
        }
        if is_blank(line) {
            return self.end_wrapped(out);
        }
        // A carriage return in an object may stand in a string: what follows the object is told apart when it is read.
        let mut from = 0;
        if line.first() != Some(&b'{') {
            while let Some(at) = line.get(from..).and_then(body::next_text) {
                let piece = line.get(from..from + at).unwrap_or_default();
                let piece_end = place.offset + (from + at) as u64;
                self.take_text(piece, place, from as u64, piece_end, out);
                from += at + 1;
            }
        }
        let rest = line.get(from..).unwrap_or_default();
        self.take_text(rest, place, from as u64, end, out);
    }

    fn take_text(&mut self, line: &[u8], place: Place, from: u64, end: u64, out: &mut Vec<Entry>) {
        if is_blank(line) {
            return;
        }
        let place = Place { offset: place.offset + from, ..place };
        let ctx = self.ctx.clone();
        let line = peel::without_end_of_color(line);
        let Peeled { body, wrap, stream, part, is_syslog, is_colored } = peel::peel(line, &ctx);
        let before = (line.len() - body.len()) as u64;
        let is_bare = !is_syslog
            && !is_colored
            && part == Part::Whole
            && stream.is_empty()
            && wrap == Wrap::default();
        let body_at = place.offset + before;
        self.take_body(
            Line {
                body,
                wrap,
                stream,
                part,
                is_syslog,
                flags: Flags::default(),
                place,
                end,
                bare_at: is_bare.then_some(body_at),
                body_at: Some(body_at),
                depth: 0,
                n_rereads: 0,
            },
            out,
        );
    }

    /// Joins parts, then reads the body.
    fn take_body(&mut self, line: Line<'_>, out: &mut Vec<Entry>) {
        if line.part == Part::Whole {
            return self.read_body(line, out);
        }
        let place = self.parts.iter().position(|parts| parts.stream == line.stream);
        let is_open = line.part == Part::Open
            && (line.body_at.is_some() || line.wrap.tag.is_some() || !is_whole_record(line.body));
        match (place, is_open) {
            (None, false) => self.open_up(line, out),
            (None, true) => {
                if self.parts.len() >= STREAMS {
                    let oldest = self.parts.remove(0);
                    self.tear(oldest, out);
                }
                self.parts.push(Parts {
                    stream: line.stream,
                    text: line.body.to_vec(),
                    wrap: line.wrap,
                    flags: line.flags,
                    place: line.place,
                    end: line.end,
                });
            }
            (Some(place), is_open) => {
                let mut parts = self.parts.remove(place);
                if line.body_at.is_none() && is_other_record(&parts.text, line.body) {
                    // The part before was torn: this is a record of its own.
                    self.tear(parts, out);
                    return self.open_up(line, out);
                }
                parts.text.extend_from_slice(line.body);
                // A line that was held may come after later ones of another stream.
                parts.place = parts.place.first(line.place);
                parts.end = parts.end.max(line.end);
                parts.flags.0 |= line.flags.0;
                match is_open {
                    true if parts.text.len() < LINE_LIMIT => self.parts.push(parts),
                    true => self.tear(parts, out),
                    false => self.take_parts(parts, out),
                }
            }
        }
    }

    /// The last part never came.
    fn tear(&mut self, mut parts: Parts, out: &mut Vec<Entry>) {
        parts.wrap.is_cut = true;
        self.take_parts(parts, out);
    }

    fn take_parts(&mut self, parts: Parts, out: &mut Vec<Entry>) {
        let Parts { stream, text, wrap, flags, place, end } = parts;
        if is_blank(&text) {
            self.push_item(place, end, Item::Other(Other { what: own::EMPTY }), out);
            return;
        }
        let line = Line {
            body: &text,
            wrap,
            stream,
            part: Part::Whole,
            is_syslog: false,
            flags,
            place,
            end,
            bare_at: None,
            body_at: None,
            depth: 1,
            n_rereads: 0,
        };
        self.open_up(line, out);
    }

    /// Reads a body whose parts are joined: only now an envelope can be told from the middle of a record.
    fn open_up(&mut self, line: Line<'_>, out: &mut Vec<Entry>) {
        let Peeled { body, wrap, stream, part, is_syslog, .. } = peel::peel(line.body, &self.ctx);
        let n_peeled = (line.body.len() - body.len()) as u64;
        let line = Line {
            body,
            wrap: wrap.over(line.wrap),
            stream: if n_peeled > 0 { inside(&line.stream, &stream) } else { line.stream },
            part,
            is_syslog: is_syslog || line.is_syslog,
            bare_at: line.bare_at.filter(|_| n_peeled == 0),
            body_at: line.body_at.map(|at| at + n_peeled),
            ..line
        };
        // Each envelope takes some bytes away, so this ends.
        if n_peeled > 0 { self.take_body(line, out) } else { self.read_body(line, out) }
    }

    /// Reads a body that is whole, or goes on with the one before it in its stream.
    fn read_body(&mut self, line: Line<'_>, out: &mut Vec<Entry>) {
        // What is given up may hold a line that opens a record in its turn, so the question is asked again.
        while let Some(place) = self.going.iter().position(|block| block.stream == line.stream) {
            let mut block = self.going.remove(place);
            if block.may_take(&line) {
                block.add(&line);
                if block.is_complete() {
                    return self.take_document(block, out);
                }
                if block.is_too_large() {
                    return self.give_up(block, out);
                }
                self.going.push(block);
                return;
            }
            self.give_up(block, out);
        }
        let may_go_on = line.body.len() <= DOCUMENT_BYTES && line.n_rereads < REREADS;
        self.classify(line, may_go_on, out);
    }

    fn classify(&mut self, line: Line<'_>, may_go_on: bool, out: &mut Vec<Entry>) {
        if is_blank(line.body) {
            let item = match line.bare_at {
                Some(_) => self.reject("nothing but NUL bytes", line.place, line.end, line.body),
                None => Item::Other(Other { what: own::EMPTY }),
            };
            self.push_item(line.place, line.end, item, out);
            return;
        }
        let ctx = self.ctx.clone();
        match body::read(line.body, &line.wrap, line.flags, line.is_syslog, may_go_on, &ctx) {
            Body::Pieces(pieces) => self.push_pieces(&line, pieces, out),
            Body::Open(going) => {
                self.own_log = None;
                let mut block = Block {
                    stream: line.stream.clone(),
                    going,
                    text: Vec::new(),
                    held: Vec::new(),
                    scan: Scan::default(),
                    holds_record: false,
                };
                block.add(&line);
                self.going.push(block);
            }
            // In an envelope a line is a record, even when it holds only a bracket.
            Body::Structure if line.bare_at.is_none() => {
                let item = Item::Other(Other { what: own::EMPTY });
                self.push_item(line.place, line.end, item, out);
            }
            Body::Structure => {}
            Body::Unknown(reason) => {
                let text = String::from_utf8_lossy(line.body);
                // What was held may be read only after lines that follow it.
                if let Some(began) = self.own_log.filter(|began| began.offset < line.place.offset)
                    && own::goes_on(&text)
                {
                    self.push_item(
                        began,
                        line.end,
                        Item::Other(Other { what: own::CONTINUED }),
                        out,
                    );
                    self.own_log = Some(began);
                    return;
                }
                self.own_log = None;
                let item = self.reject(reason, line.place, line.end, line.body);
                self.push_item(line.place, line.end, item, out);
            }
        }
    }

    fn push_pieces(&mut self, line: &Line<'_>, pieces: Vec<Piece>, out: &mut Vec<Entry>) {
        for piece in pieces {
            let start = line.bare_at.map_or(line.place.offset, |at| at + piece.start as u64);
            let is_last = piece.end >= line.body.trim_ascii_end().len();
            let end = match line.body_at {
                Some(at) if !is_last => at + piece.end as u64,
                _ => line.end,
            };
            let place = Place { offset: start, ..line.place };
            let what = match piece.outcome {
                Outcome::Alert(mut alert) => {
                    if end.saturating_sub(start) > HUGE {
                        alert.flags.set(Flag::Huge);
                    }
                    alert.origin = self.origin(place);
                    self.own_log = None;
                    self.push_item(place, end, Item::Alert(alert), out);
                    continue;
                }
                Outcome::Other(what) => {
                    let began = self.own_log.take();
                    if what == own::LOG {
                        self.own_log = began.filter(|_| what == own::CONTINUED).or(Some(place));
                    }
                    Item::Other(Other { what })
                }
                Outcome::Reject(reason) => {
                    self.own_log = None;
                    let bytes = line.body.get(piece.start..piece.end).unwrap_or(line.body);
                    self.reject(reason, place, end, bytes)
                }
                Outcome::Inner(inner, flags) if line.depth < DEPTH_LIMIT => {
                    let body = Line {
                        body: &inner.body,
                        wrap: inner.wrap,
                        stream: inside(&line.stream, &inner.stream),
                        part: inner.part,
                        is_syslog: false,
                        flags,
                        place,
                        end,
                        bare_at: None,
                        body_at: None,
                        depth: line.depth + 1,
                        n_rereads: line.n_rereads,
                    };
                    if inner.part == Part::Whole {
                        self.open_up(body, out);
                    } else {
                        self.take_body(body, out);
                    }
                    continue;
                }
                Outcome::Inner(..) => {
                    self.reject("envelopes in envelopes, too many to open", place, end, line.body)
                }
            };
            self.push_item(place, end, what, out);
        }
    }

    fn origin(&self, place: Place) -> Origin {
        Origin { source: self.source.clone(), offset: place.offset, line: place.line }
    }

    fn reject(&self, reason: &str, place: Place, end: u64, bytes: &[u8]) -> Item {
        let kept = bytes.get(..bytes.len().min(REJECT_KEPT)).unwrap_or_default();
        Item::Reject(Reject {
            reason: reason.into(),
            origin: self.origin(place),
            bytes: kept.into(),
            len: end.saturating_sub(place.offset),
        })
    }

    #[expect(clippy::unused_self, reason = "reads as the other steps do")]
    fn push_item(&self, place: Place, end: u64, item: Item, out: &mut Vec<Entry>) {
        let len = u32::try_from(end.saturating_sub(place.offset)).unwrap_or(u32::MAX);
        out.push(Entry { offset: place.offset, len, line: place.line, item });
    }
}

#[cfg(test)]
mod tests;
