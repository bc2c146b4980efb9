//! Where the values of a record end.

use super::quotes::Marks;
use crate::decode::record::CUT;
use wide::u8x16;

/// The end of a string whose first quote stands at a place. What does not go on behind it as JSON does, since another record
/// begins in it, is refused by the one who looks there.
#[expect(
    clippy::inline_always,
    reason = "the innermost step: a call of it is a tenth of the whole"
)]
#[inline(always)]
pub(super) fn end_of_string(bytes: &[u8], marks: Marks<'_>, at: usize) -> Option<usize> {
    let close = marks.from(at.wrapping_add(1))?;
    if close.wrapping_sub(at) > CUT && is_cut(bytes, close) {
        return None;
    }
    Some(close.wrapping_add(1))
}

/// The end of true, false, null or a number that begins at a place, given with its first byte.
#[inline]
pub(super) fn end_of_scalar(bytes: &[u8], at: usize, first: u8) -> Option<usize> {
    let rest = bytes.get(at..)?;
    let len = match short_number(rest, first) {
        Some(len) => len,
        None => other_scalar(rest)?,
    };
    Some(at.wrapping_add(len))
}

/// Whether a forwarder may have cut the long text that ends here.
#[cold]
fn is_cut(bytes: &[u8], end: usize) -> bool {
    match bytes.get(..end) {
        Some([.., b'[', b'.', b'.', b'.', b']']) => true,
        Some(before @ [.., b']' | b'd' | b'D']) => spells_cut(before),
        _ => false,
    }
}

/// Whether one of the five characters of `[...]` may stand at the end of a text as an escape.
fn spells_cut(text: &[u8]) -> bool {
    let escape = |bytes: &[u8]| {
        [b"\\u005b", b"\\u002e", b"\\u005d"].iter().any(|code| bytes.eq_ignore_ascii_case(*code))
    };
    let longest = text.len().saturating_sub(5 * 6);
    text.get(longest..).is_none_or(|end| end.windows(6).any(escape))
}

/// The length of true, false, null or a number at the start of some bytes.
#[inline(never)]
fn other_scalar(bytes: &[u8]) -> Option<usize> {
    match bytes.first()? {
        b't' => bytes.starts_with(b"true").then_some(4),
        b'f' => bytes.starts_with(b"false").then_some(5),
        b'n' => bytes.starts_with(b"null").then_some(4),
        _ => number(bytes),
    }
}

/// The length of a number of a few digits at the start of some bytes; `None` when there is something else.
#[inline]
fn short_number(bytes: &[u8], first: u8) -> Option<usize> {
    let chunk = bytes.first_chunk::<16>()?;
    let len = (non_digits(chunk) | 0x8000).trailing_zeros() as usize;
    let is_whole = matches!(bytes.get(len)?, b',' | b'}');
    (is_whole && (len == 1 || (len > 1 && first != b'0'))).then_some(len)
}

/// One bit for each byte that is no digit.
#[inline]
fn non_digits(chunk: &[u8; 16]) -> u32 {
    let values = u8x16::new(*chunk) - u8x16::splat(b'0');
    !values.min(u8x16::splat(9)).simd_eq(values).to_bitmask() & 0xffff
}

/// The length of a JSON number at the start of some bytes.
fn number(bytes: &[u8]) -> Option<usize> {
    let mut at = usize::from(bytes.first() == Some(&b'-'));
    let whole = digits(bytes, at);
    if whole == 0 || (whole > 1 && bytes.get(at) == Some(&b'0')) {
        return None;
    }
    at += whole;
    match bytes.get(at) {
        Some(b'.' | b'e' | b'E') => broken_number(bytes, at),
        _ => Some(at),
    }
}

/// The length of a number whose whole part ends here.
#[cold]
fn broken_number(bytes: &[u8], mut at: usize) -> Option<usize> {
    if bytes.get(at) == Some(&b'.') {
        let fraction = digits(bytes, at + 1);
        at += 1 + (fraction > 0).then_some(fraction)?;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        at += 1 + usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        let exponent = digits(bytes, at);
        at += (exponent > 0).then_some(exponent)?;
    }
    Some(at)
}

/// How many digits stand from a place on.
#[inline]
fn digits(bytes: &[u8], from: usize) -> usize {
    let mut rest = bytes.get(from..).unwrap_or_default();
    let mut n_digits = 0;
    while let Some((chunk, after)) = rest.split_first_chunk::<16>() {
        let others = non_digits(chunk);
        if others != 0 {
            return n_digits + others.trailing_zeros() as usize;
        }
        n_digits += 16;
        rest = after;
    }
    n_digits + rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
}
