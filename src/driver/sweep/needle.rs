//! Finds a text in many bytes at once where capitals do not matter: looks sixteen places at a time for the two of its
//! characters that are seldom, and compares the rest only where both stand.

use regex::bytes::Regex;
use std::ops::Range;
use wide::u8x16;

/// Places looked at in one step.
const STEP: usize = 64;
/// Shorter parts stand nearly everywhere.
const SHORTEST: usize = 3;
/// Characters from the most frequent in alerts to the rarest; those that are missing are rarer still.
const FREQUENT: &[u8] = b"eatonrsci0\".1lpdum2-h5364789g_/fbwvykxjqz";

/// A text without capitals, of ASCII characters.
#[derive(Clone, Debug)]
pub(super) struct Folded {
    /// The part that is looked for: letters that have other capitals than ASCII's are no part of it.
    part: Box<[u8]>,
    /// Most bytes that the rest of the text takes before and behind.
    around: (usize, usize),
    whole: Regex,
    rare: [Rare; 2],
}

/// A character to look for first.
#[derive(Clone, Copy, Debug)]
struct Rare {
    at: usize,
    byte: u8,
    /// Set in all bytes before they are compared, so that capitals are small letters.
    fold: u8,
}

impl Folded {
    /// `whole` is what finds the whole text; `None` when it has no part that is long enough, or no letters: then it is a text
    /// like others, which `whole` finds fastest.
    pub fn new(text: &str, whole: Regex) -> Option<Self> {
        if !text.bytes().any(|byte| byte.is_ascii_lowercase()) {
            return None;
        }
        // The sign for kelvin is a capital of `k`, the long s one of `S`.
        let is_odd = |byte: &u8| matches!(byte, b'k' | b's') || !byte.is_ascii();
        let parts = text.as_bytes().split(is_odd).scan(0, |next, part| {
            let start = *next;
            *next += part.len() + 1;
            Some((start, part))
        });
        let (before, part) =
            parts.max_by_key(|(_, part)| part.len()).filter(|(_, part)| part.len() >= SHORTEST)?;
        let after = text.len() - before - part.len();
        let mut places: Vec<(usize, u8)> = part.iter().copied().enumerate().collect();
        places.sort_by_key(|(_, byte)| {
            std::cmp::Reverse(FREQUENT.iter().position(|other| other == byte))
        });
        let rarest = |at: usize| {
            let (at, byte) = places.get(at).copied()?;
            Some(Rare { at, byte, fold: if byte.is_ascii_lowercase() { 0x20 } else { 0 } })
        };
        Some(Self {
            part: part.into(),
            // No character takes more than three bytes in place of one of ASCII's.
            around: (before * 3, after * 3),
            whole,
            rare: [rarest(0)?, rarest(1)?],
        })
    }

    /// The first place from `at` on where it stands: that of its part.
    pub fn find_at(&self, bytes: &[u8], mut at: usize) -> Option<Range<usize>> {
        loop {
            let found = self.candidate(bytes, at)?;
            let end = found + self.part.len();
            let stands =
                bytes.get(found..end).is_some_and(|part| part.eq_ignore_ascii_case(&self.part));
            if stands && self.whole.is_match(self.around(bytes, &(found..end))) {
                return Some(found..end);
            }
            at = found + 1;
        }
    }

    /// The part of a line around a place in which the whole text stands if its part stands there.
    fn around<'b>(&self, bytes: &'b [u8], found: &Range<usize>) -> &'b [u8] {
        let (before, after) = self.around;
        let start = found.start.saturating_sub(before);
        let end = found.end.saturating_add(after).min(bytes.len());
        let between = |range: Range<usize>| bytes.get(range).unwrap_or_default();
        // What stands on the lines beside it is another record's.
        let start = memchr::memrchr(b'\n', between(start..found.start))
            .map_or(start, |newline| start + newline + 1);
        let end = memchr::memchr(b'\n', between(found.end..end))
            .map_or(end, |newline| found.end + newline);
        between(start..end)
    }

    /// The first place from `at` on where both rare characters stand as they should.
    fn candidate(&self, bytes: &[u8], mut at: usize) -> Option<usize> {
        let [first, second] = self.rare;
        loop {
            let chunk = |rare: Rare| bytes.get(at + rare.at..)?.first_chunk::<STEP>();
            let (Some(one), Some(other)) = (chunk(first), chunk(second)) else { break };
            // Where the rarest stands nowhere, the other one is not looked for.
            if first.stands(one) {
                let hits = first.places(one) & second.places(other);
                if hits != 0 {
                    return Some(at + hits.trailing_zeros() as usize);
                }
            }
            at += STEP;
        }
        let is_at = |rare: Rare, at: usize| {
            bytes.get(at + rare.at).is_some_and(|byte| byte | rare.fold == rare.byte)
        };
        (at..bytes.len()).find(|at| is_at(first, *at) && is_at(second, *at))
    }
}

impl Rare {
    /// Whether it stands anywhere in some bytes.
    #[inline]
    fn stands(self, bytes: &[u8; STEP]) -> bool {
        self.hits(bytes).fold(u8x16::splat(0), |any, hits| any | hits).to_bitmask() != 0
    }

    /// Where in some bytes it stands: a bit for each.
    #[inline]
    fn places(self, bytes: &[u8; STEP]) -> u64 {
        let hits = self.hits(bytes).rev();
        hits.fold(0, |places, hits| places << 16 | u64::from(hits.to_bitmask() & 0xffff))
    }

    /// Sixteen bytes after the other, all bits of a byte set where it stands.
    #[inline]
    fn hits(self, bytes: &[u8; STEP]) -> impl DoubleEndedIterator<Item = u8x16> {
        let (byte, fold) = (u8x16::splat(self.byte), u8x16::splat(self.fold));
        let (chunks, _) = bytes.as_chunks::<16>();
        chunks.iter().map(move |chunk| (u8x16::new(*chunk) | fold).simd_eq(byte))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::search_pattern;
    use proptest::prelude::*;

    /// All places of a text in some bytes, by the line.
    fn lines(bytes: &[u8], mut find: impl FnMut(usize) -> Option<Range<usize>>) -> Vec<usize> {
        let (mut lines, mut at) = (Vec::new(), 0);
        while let Some(found) = find(at) {
            let start = memchr::memrchr(b'\n', &bytes[..found.start]).map_or(0, |at| at + 1);
            lines.push(start);
            let rest = &bytes[found.end..];
            at = memchr::memchr(b'\n', rest).map_or(bytes.len(), |newline| found.end + newline);
        }
        lines
    }

    #[track_caller]
    fn check(text: &str, bytes: &[u8]) -> bool {
        let whole = search_pattern(text).unwrap();
        let expected = lines(bytes, |at| whole.find_at(bytes, at).map(|found| found.range()));
        let Some(folded) = Folded::new(text, whole) else { return false };
        assert_eq!(lines(bytes, |at| folded.find_at(bytes, at)), expected, "{text}");
        !expected.is_empty()
    }

    #[test]
    fn capitals_do_not_matter_in_any_alphabet() {
        assert!(check("shadow", b"/etc/SHADOW"));
        assert!(check("shadow", "x\n/etc/\u{17f}hadow\n".as_bytes()));
        assert!(check("monkey-3.x", "a mon\u{212a}ey-3.X there".as_bytes()));
        assert!(check("kkkabcsss", "\u{212a}\u{212a}\u{212a}aBc\u{17f}\u{17f}\u{17f}".as_bytes()));
        assert!(!check("shadow", b"hadow"));
        assert!(check("kkkkabc", b"kkkkabc\nabc\nkkkkabc"));
        assert!(!check("disk", b"disk"), "no part is long enough");
    }

    proptest! {
        #[test]
        fn it_finds_what_a_regular_expression_finds(
            text in "[a-dks0-2_.-]{0,4}[a-d][a-dks0-2_.-]{2,4}",
            bytes in "([a-dksA-DKS0-2_.\u{17f}\u{212a}\n-]{0,9}|X){0,40}",
            places in proptest::collection::vec(0..400_usize, 0..4),
            capitals: bool,
        ) {
            let mut bytes = bytes;
            for place in places {
                let at = (0..=place.min(bytes.len())).rev().find(|at| bytes.is_char_boundary(*at));
                let text = if capitals { text.to_uppercase() } else { text.clone() };
                bytes.insert_str(at.unwrap(), &text);
            }
            check(&text, bytes.as_bytes());
        }
    }
}
