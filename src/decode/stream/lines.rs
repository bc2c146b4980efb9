//! What a line looks like before anything is read in it.

use super::super::{json, peel, scan::Scan, text};

pub(super) fn begins_record(body: &[u8]) -> bool {
    let body = peel::trim_start(body);
    json::opens_record(body) || body.starts_with(b"CEF:0|Falco") || text::head(body).is_some()
}

/// Docker cuts what is longer into parts of this many bytes.
const PART: usize = 16 << 10;

/// Whether a part is no rest of what was held before it, but a record by itself: a whole object, or a text alert behind one
/// that was too short to have been cut into parts.
pub(super) fn is_other_record(held: &[u8], part: &[u8]) -> bool {
    let is_text = |bytes: &[u8]| text::head(peel::trim_start(bytes)).is_some();
    (begins_record(part) && is_whole_record(part))
        || (held.len() < PART && is_text(held) && is_text(part))
}

/// Whether text from an envelope is a record without more parts: an object that ends.
pub(super) fn is_whole_record(body: &[u8]) -> bool {
    let body = peel::trim_start(body).trim_ascii_end();
    if body.first() != Some(&b'{') || body.last() != Some(&b'}') {
        return false;
    }
    let mut scan = Scan::default();
    scan.push(body);
    scan.is_complete()
}

/// How many bytes of a line are its ending.
pub(super) fn ending(line: &[u8]) -> usize {
    match line {
        [.., b'\r', b'\n'] => 2,
        [.., b'\n' | b'\r'] => 1,
        _ => 0,
    }
}

pub(super) fn is_blank(line: &[u8]) -> bool {
    let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
    line.iter().all(u8::is_ascii_whitespace)
}

/// UTF-16 by its mark, or by every other byte of the first line being NUL.
pub(super) fn is_utf16(line: &[u8]) -> bool {
    let rest = line.strip_prefix(b"\xff\xfe").or_else(|| line.strip_prefix(b"\xfe\xff"));
    let (line, n_least) = match rest {
        Some(rest) => (rest, 2),
        None => (line, 8),
    };
    let start = line.get(..line.len().min(64)).unwrap_or_default();
    let n_nul = |odd: usize| start.iter().skip(odd).step_by(2).filter(|byte| **byte == 0).count();
    let n_pairs = start.len() / 2;
    n_pairs >= n_least
        && [0, 1]
            .into_iter()
            .any(|odd| n_nul(odd) * 10 >= n_pairs * 8 && n_nul(1 - odd) * 10 <= n_pairs)
}
