//! The laws of decoding as functions that panic when one is broken: for the fuzz targets, and for the tests that call
//! the same functions with the same seeds.
#![expect(
    clippy::panic,
    clippy::missing_panics_doc,
    clippy::manual_assert,
    reason = "a broken law is what these functions are there to report"
)]

use super::{Context, Decoder, Entry, Item, reread};
use crate::model::{Flag, Origin};
use std::sync::{Arc, LazyLock};

static CONTEXT: LazyLock<Arc<Context>> = LazyLock::new(|| {
    let written_at = jiff::Timestamp::from_second(1_767_312_000).ok();
    Arc::new(Context { written_at, ..Context::default() })
});

/// Flags of alerts that need not read the same again.
const DAMAGED: [Flag; 3] = [Flag::Truncated, Flag::Trailing, Flag::Malformed];

/// Decodes any bytes: no panic, every record in its place, no line lost, undamaged alerts readable again from their bytes.
/// Gives the counts of alerts, rejects and others.
pub fn decode_any(bytes: &[u8]) -> [usize; 3] {
    let entries = decode(bytes, &[]);
    let mut counts = [0; 3];
    let mut is_covered = vec![false; bytes.len()];
    for entry in &entries {
        let [alerts, rejects, others] = &mut counts;
        match &entry.item {
            Item::Alert(_) => *alerts += 1,
            Item::Reject(_) => *rejects += 1,
            Item::Other(_) => *others += 1,
        }
        let start = usize::try_from(entry.offset).unwrap_or(usize::MAX);
        let end = start.saturating_add(entry.len as usize);
        let Some(covered) = is_covered.get_mut(start..end) else {
            panic!("a record from {start} to {end} in {} bytes", bytes.len());
        };
        covered.fill(true);
        // What a damaged record's own bytes say may depend on how its line or its document went on.
        let is_damaged = |other: &Entry| match &other.item {
            Item::Alert(alert) => DAMAGED.iter().any(|flag| alert.flags.has(*flag)),
            Item::Reject(_) => true,
            Item::Other(_) => false,
        };
        if matches!(entry.item, Item::Alert(_))
            && !entries.iter().any(|other| overlap(other, entry) && is_damaged(other))
            && let Some(record) = bytes.get(start..end)
            && entries
                .iter()
                .filter(|other| other.offset + u64::from(other.len) == end as u64)
                .count()
                == 1
        {
            let again = reread(record, 0, &CONTEXT);
            if without_origin(again.clone()) != without_origin(entry.item.clone()) {
                panic!("read again it is another: {again:?}, not {:?}", entry.item);
            }
        }
    }
    no_line_is_lost(bytes, &is_covered, &entries);
    counts
}

/// Decodes bytes whole and in pieces: the records must be equal.
pub fn decode_cut(bytes: &[u8], cuts: &[u8]) {
    let (whole, cut) = (decode(bytes, &[]), decode(bytes, cuts));
    if whole != cut {
        panic!("cut at {cuts:?}: {cut:?}, not {whole:?}");
    }
}

fn decode(bytes: &[u8], cuts: &[u8]) -> Vec<Entry> {
    let mut decoder = Decoder::new(CONTEXT.clone(), "law".into());
    let mut out = Vec::new();
    let mut rest = bytes;
    let mut cuts = cuts.iter().cycle();
    while !rest.is_empty() {
        let n = cuts.next().map_or(rest.len(), |n| usize::from(*n).clamp(1, rest.len()));
        let (piece, after) = rest.split_at_checked(n).unwrap_or((rest, &[]));
        decoder.push(piece, &mut out);
        rest = after;
    }
    decoder.finish(&mut out);
    out
}

fn overlap(a: &Entry, b: &Entry) -> bool {
    let end = |entry: &Entry| entry.offset + u64::from(entry.len);
    a.offset < end(b) && b.offset < end(a)
}

fn without_origin(mut item: Item) -> Item {
    match &mut item {
        Item::Alert(alert) => alert.origin = Origin::default(),
        Item::Reject(reject) => reject.origin = Origin::default(),
        Item::Other(_) => {}
    }
    item
}

/// Every byte that is not white space stands in a record, but for the brackets and commas of arrays, byte order marks,
/// and what follows the one reject of a file in UTF-16.
fn no_line_is_lost(bytes: &[u8], is_covered: &[bool], entries: &[Entry]) {
    let is_utf16 = entries.iter().any(|entry| match &entry.item {
        Item::Reject(reject) => reject.reason.starts_with("the file is UTF-16"),
        _ => false,
    });
    if is_utf16 {
        return;
    }
    for (at, (byte, is_covered)) in bytes.iter().zip(is_covered).enumerate() {
        let is_structure = byte.is_ascii_whitespace()
            || matches!(byte, b'[' | b']' | b',' | b';' | 0 | 0x1e | 0xef | 0xbb | 0xbf | 0x0b);
        if !is_covered && !is_structure {
            panic!("byte {at} ({byte:#x}) stands in no record");
        }
    }
}
