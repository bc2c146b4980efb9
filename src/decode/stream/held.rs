//! What was held and is final now: documents, lines that did not go on, entries of the journal's export format.

use super::super::{Entry, body::Going, journal::Export, peel::Part, record::Wrap};
use super::block::Block;
use super::{Decoder, Line, Place};
use crate::model::Flags;

impl Decoder {
    /// A document is complete: it is one record, or several behind each other.
    pub(super) fn take_document(&mut self, block: Block, out: &mut Vec<Entry>) {
        let Some(first) = block.held.first() else { return };
        let place = block.held.iter().fold(first.place, |place, held| place.first(held.place));
        let end = block.held.iter().fold(first.end, |end, held| end.max(held.end));
        let line = Line {
            body: &block.text,
            wrap: first.wrap.clone(),
            stream: block.stream,
            part: Part::Whole,
            is_syslog: first.is_syslog,
            flags: first.flags,
            place,
            end,
            bare_at: None,
            body_at: None,
            depth: first.depth,
            n_rereads: first.n_rereads,
        };
        self.classify(line, false, out);
    }

    /// A record did not go on as it might have: its lines are read for themselves, or as a document that ends too soon.
    pub(super) fn give_up(&mut self, block: Block, out: &mut Vec<Entry>) {
        if !block.is_torn() {
            return self.take_document(block, out);
        }
        for (n, held) in block.held.into_iter().enumerate() {
            let line = Line {
                body: block.text.get(held.from..held.to).unwrap_or_default(),
                wrap: held.wrap,
                stream: block.stream.clone(),
                part: Part::Whole,
                is_syslog: held.is_syslog,
                flags: held.flags,
                place: held.place,
                end: held.end,
                bare_at: held.bare_at,
                body_at: held.body_at,
                depth: held.depth,
                n_rereads: held.n_rereads + 1,
            };
            if n == 0 {
                self.classify(line, false, out);
            } else {
                self.read_body(line, out);
            }
        }
    }

    /// A blank line ends what was only a wrapped string or text; a document may hold one.
    pub(super) fn end_wrapped(&mut self, out: &mut Vec<Entry>) {
        let is_wrapped = |block: &Block| block.stream.is_empty() && block.going != Going::Document;
        while let Some(place) = self.going.iter().position(is_wrapped) {
            let block = self.going.remove(place);
            self.give_up(block, out);
        }
    }

    pub(super) fn take_export_line(
        &mut self,
        line: &[u8],
        place: Place,
        end: u64,
        out: &mut Vec<Entry>,
    ) {
        let mut export = self.export.take().unwrap_or_else(|| Export::new(place));
        if export.add(line, end) {
            self.export = Some(export);
        } else {
            self.take_export(export, out);
        }
    }

    pub(super) fn take_export(&mut self, export: Export, out: &mut Vec<Entry>) {
        let (place, end) = (export.place, export.end);
        let line = Line {
            body: b"",
            wrap: Wrap::default(),
            stream: String::new(),
            part: Part::Whole,
            is_syslog: false,
            flags: Flags::default(),
            place,
            end,
            bare_at: None,
            body_at: None,
            depth: 0,
            n_rereads: 0,
        };
        let pieces = export.into_pieces();
        self.push_pieces(&line, pieces, out);
    }
}
