//! A record that may go on in the next line, and which lines it takes.

use super::super::{body::Going, json, own, peel, record::Wrap, scan::Scan};
use super::lines::{begins_record, is_whole_record};
use super::{DOCUMENT_BYTES, DOCUMENT_LINES, Line, Place, WRAPPED_LINES};
use crate::model::Flags;

/// A record that may go on in the next line.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) stream: String,
    pub(super) going: Going,
    pub(super) text: Vec<u8>,
    pub(super) held: Vec<Held>,
    pub(super) scan: Scan,
    /// Holds a whole record with no comma behind it: the next record shows that this is no array.
    pub(super) holds_record: bool,
}

#[derive(Debug)]
pub(super) struct Held {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) wrap: Wrap,
    pub(super) flags: Flags,
    pub(super) is_syslog: bool,
    pub(super) place: Place,
    pub(super) end: u64,
    pub(super) bare_at: Option<u64>,
    pub(super) body_at: Option<u64>,
    pub(super) depth: usize,
    pub(super) n_rereads: usize,
}

impl Block {
    /// Whether a line may go on with this record: not when it is one itself.
    pub(super) fn may_take(&self, line: &Line<'_>) -> bool {
        let body = peel::trim_start(line.body);
        if self.going == Going::Document {
            match body.first() {
                // A brace no further right than the document's first one opens another: the one before was torn.
                Some(b'{') if !self.scan.is_in_array() && self.is_no_deeper(line.body) => {
                    return false;
                }
                Some(b'{') => {
                    return (self.scan.is_in_array() && !self.holds_record)
                        || !json::opens_record(body);
                }
                Some(b'"' | b'}' | b']' | b'[' | b',' | b'#' | b'/') => return true,
                _ => {}
            }
        }
        !begins_record(body)
            && line.wrap.tag.is_none()
            && own::recognize(&String::from_utf8_lossy(line.body)).is_none()
    }

    /// Whether a line holds an opening brace alone, indented no more than the document's own.
    fn is_no_deeper(&self, body: &[u8]) -> bool {
        let indent = |line: &[u8]| line.iter().take_while(|byte| b" \t".contains(byte)).count();
        body.trim_ascii() == b"{" && self.text.first() == Some(&b'{') && indent(body) == 0
    }

    pub(super) fn add(&mut self, line: &Line<'_>) {
        if !self.text.is_empty() {
            self.text.push(b'\n');
            self.scan.push(b"\n");
        }
        self.holds_record |= !self.held.is_empty()
            && json::opens_record(peel::trim_start(line.body))
            && is_whole_record(line.body);
        let from = self.text.len();
        self.text.extend_from_slice(line.body);
        self.scan.push(line.body);
        self.held.push(Held {
            from,
            to: self.text.len(),
            wrap: line.wrap.clone(),
            flags: line.flags,
            is_syslog: line.is_syslog,
            place: line.place,
            end: line.end,
            bare_at: line.bare_at,
            body_at: line.body_at,
            depth: line.depth,
            n_rereads: line.n_rereads,
        });
    }

    pub(super) fn is_complete(&self) -> bool {
        match self.going {
            Going::Document | Going::InString => self.scan.is_complete(),
            Going::Text => self.text.trim_ascii_end().ends_with(b")"),
        }
    }

    /// Whether the first line alone was meant to be the record, and is a torn one.
    pub(super) fn is_one_line(&self) -> bool {
        let first = self
            .held
            .first()
            .and_then(|first| self.text.get(first.from..first.to))
            .unwrap_or_default();
        self.going != Going::Document
            || memchr::memmem::find(first, b"\"rule\"").is_some()
            || memchr::memmem::find(first, b"\"output\"").is_some()
    }

    /// Whether its lines are records or torn ones by themselves, unless the document ends after all.
    pub(super) fn is_torn(&self) -> bool {
        self.holds_record || self.is_one_line()
    }

    pub(super) fn is_too_large(&self) -> bool {
        let n_lines = if self.is_one_line() { WRAPPED_LINES } else { DOCUMENT_LINES };
        self.held.len() > n_lines || self.text.len() > DOCUMENT_BYTES
    }
}
