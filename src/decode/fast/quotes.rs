//! Finds the end of a line and the quotes in it that begin and end strings, sixteen bytes at a time, and refuses lines with
//! anything that needs care: control characters and escapes that stand for no character.

use crate::model::spelling::may_spell;
use wide::u8x16;

/// The quotes and backslashes of a line, one bit for each byte.
#[derive(Debug, Default)]
pub(super) struct Quotes {
    /// Quotes that are not escaped, in blocks of 64 bytes of the line; an empty one stands behind the last.
    quotes: Vec<[u8; 8]>,
    n_blocks: usize,
    escapes: Escapes,
    pub is_ascii: bool,
}

/// A block without quotes.
const NONE: [u8; 8] = [0; 8];

/// The backslashes of a line.
#[derive(Debug, Default)]
struct Escapes {
    /// Only where there are any.
    slashes: Vec<u64>,
    has_any: bool,
    /// One of them may spell a plain character.
    may_spell: bool,
}

impl Quotes {
    /// Finds the first line's end and all its quotes that are not escaped; gives its length without the newline. `None`
    /// when it must be read with care, or has no end here. Bytes that are not UTF-8 are for the caller to refuse.
    pub fn find(&mut self, bytes: &[u8]) -> Option<usize> {
        let (blocks, rest) = bytes.as_chunks::<64>();
        if self.quotes.len() < blocks.len() + 2 {
            self.quotes.resize(blocks.len() + 2, NONE);
        }
        let mut pass = Pass::new(bytes, &mut self.escapes);
        let mut end = None;
        for (block, quotes) in blocks.iter().zip(&mut self.quotes) {
            end = pass.block(block, quotes)?;
            if end.is_some() {
                break;
            }
        }
        if end.is_none() {
            let mut last = [b' '; 64];
            last.get_mut(..rest.len())?.copy_from_slice(rest);
            end = pass.block(&last, self.quotes.get_mut(blocks.len())?)?;
        }
        end?;
        (self.n_blocks, self.is_ascii) = pass.ended()?;
        *self.quotes.get_mut(self.n_blocks)? = NONE;
        end
    }

    /// The quotes that [`find`](Self::find) found.
    pub fn marks(&self) -> Marks<'_> {
        let blocks = self.quotes.get(..=self.n_blocks).unwrap_or_default();
        Marks { bits: blocks.as_flattened() }
    }

    /// Whether an escape of the line may spell a plain character.
    pub fn may_spell(&self) -> bool {
        self.escapes.may_spell
    }

    /// Whether a backslash stands in `from..to`, for lines with escapes.
    pub fn is_escaped(&self, from: usize, to: usize) -> bool {
        if !self.escapes.has_any || from >= to {
            return false;
        }
        let (first, last) = (from / 64, (to - 1) / 64);
        let (head, tail) = (u64::MAX << (from % 64), u64::MAX >> (63 - (to - 1) % 64));
        let block = |n: usize| self.escapes.slashes.get(n).copied().unwrap_or(0);
        if first == last {
            return block(first) & head & tail != 0;
        }
        block(first) & head != 0
            || block(last) & tail != 0
            || (first + 1..last).any(|n| block(n) != 0)
    }
}

/// The quotes of a line that begin and end strings.
#[derive(Clone, Copy, Debug)]
pub(super) struct Marks<'q> {
    /// One bit for each byte of the line, and an empty block.
    bits: &'q [u8],
}

impl Marks<'_> {
    /// The first quote at a place or behind it.
    #[expect(
        clippy::inline_always,
        reason = "the innermost step: a call of it is a tenth of the whole"
    )]
    #[inline(always)]
    pub fn from(self, at: usize) -> Option<usize> {
        // The next bytes, wherever they begin: which block a short string ends in is nothing that a processor could
        // foresee, so that nothing depends on it.
        let near = self.bits.get(at / 8..at / 8 + 8)?.first_chunk()?;
        let near = u64::from_le_bytes(*near) >> (at % 8);
        if near != 0 {
            Some(at.wrapping_add(near.trailing_zeros() as usize))
        } else {
            self.far(at / 8 + 8)
        }
    }

    /// The first quote that is noted in a byte of these bits or behind it.
    #[inline(never)]
    fn far(self, first: usize) -> Option<usize> {
        let (blocks, last) = self.bits.get(first..)?.as_chunks::<8>();
        let n_empty = blocks.iter().take_while(|block| **block == NONE).count();
        let rest = blocks.get(n_empty).map_or(last, <[u8; 8]>::as_slice);
        let (n, byte) = rest.iter().enumerate().find(|(_, byte)| **byte != 0)?;
        Some((first + n_empty * 8 + n) * 8 + byte.trailing_zeros() as usize)
    }
}

/// A pass over a line, from its first byte.
struct Pass<'a> {
    line: &'a [u8],
    escapes: &'a mut Escapes,
    n_blocks: usize,
    /// The blocks whose backslashes are noted.
    n_noted: usize,
    /// 1 when the next byte is escaped.
    carry: u64,
    is_ascii: bool,
}

impl<'a> Pass<'a> {
    fn new(line: &'a [u8], escapes: &'a mut Escapes) -> Self {
        (escapes.has_any, escapes.may_spell) = (false, false);
        Self { line, escapes, n_blocks: 0, n_noted: 0, carry: 0, is_ascii: true }
    }

    /// Finds the quotes in the next 64 bytes; gives the line's length when its end lies in them.
    #[expect(
        clippy::inline_always,
        reason = "the innermost step: a call of it is a tenth of the whole"
    )]
    #[expect(clippy::option_option, reason = "refused, not ended, ended")]
    #[inline(always)]
    fn block(&mut self, block: &[u8; 64], quotes: &mut [u8; 8]) -> Option<Option<usize>> {
        let seen = Seen::of(block);
        *quotes = seen.quotes.to_le_bytes();
        let end = if seen.is_odd || self.carry != 0 { self.odd(block, quotes)? } else { None };
        self.n_blocks += 1;
        Some(end)
    }

    /// The same where a backslash, a control character or a byte beyond ASCII is among them, or behind a backslash.
    #[expect(clippy::option_option, reason = "refused, not ended, ended")]
    #[inline(never)]
    fn odd(&mut self, block: &[u8; 64], found: &mut [u8; 8]) -> Option<Option<usize>> {
        let mut quotes = u64::from_le_bytes(*found);
        let start = self.n_blocks * 64;
        let control = bits(block, controls);
        let slashes = bits(block, |part| part.simd_eq(u8x16::splat(b'\\')));
        let mut end = None;
        // The bytes of the line.
        let mut own = u64::MAX;
        if control != 0 {
            let first = control.trailing_zeros() as usize;
            if block.get(first) != Some(&b'\n') {
                return None;
            }
            end = Some(start + first);
            own = (1 << first) - 1;
            quotes &= own;
        }
        // The highest bit of a byte is the one that is taken.
        self.is_ascii &= bits(block, |part| part) & own == 0;
        if slashes & own != 0 || self.carry != 0 {
            let escaped = escaped(slashes & own, &mut self.carry);
            if end.is_some() && (self.carry != 0 || escaped & !own != 0) {
                return None;
            }
            quotes &= !escaped;
            self.escapes.may_spell |= check_escapes(escaped, start, self.line)?;
            self.note_none()?;
            self.escapes.has_any = true;
            *self.escapes.slashes.get_mut(self.n_blocks)? = slashes & own;
            self.n_noted = self.n_blocks + 1;
        }
        *found = quotes.to_le_bytes();
        Some(end)
    }

    /// Notes that no backslash stands in the blocks from the last noted one to here.
    fn note_none(&mut self) -> Option<()> {
        let slashes = &mut self.escapes.slashes;
        if slashes.len() <= self.n_blocks {
            slashes.resize(self.n_blocks * 2 + 64, 0);
        }
        slashes.get_mut(self.n_noted..self.n_blocks)?.fill(0);
        Some(())
    }

    /// How many blocks the line has, and whether it is ASCII.
    fn ended(mut self) -> Option<(usize, bool)> {
        if self.escapes.has_any {
            self.note_none()?;
        }
        Some((self.n_blocks, self.is_ascii))
    }
}

/// What stands in 64 bytes.
struct Seen {
    quotes: u64,
    /// A backslash, a control character or a byte beyond ASCII.
    is_odd: bool,
}

impl Seen {
    #[expect(
        clippy::inline_always,
        reason = "the innermost step: a call of it is a tenth of the whole"
    )]
    #[inline(always)]
    fn of(block: &[u8; 64]) -> Self {
        let (parts, _) = block.as_chunks::<16>();
        let mut quotes = 0;
        let (mut slashes, mut most) = (u8x16::splat(0), u8x16::splat(0));
        for (n, part) in parts.iter().enumerate() {
            let part = u8x16::new(*part);
            quotes |= u64::from(part.simd_eq(u8x16::splat(b'"')).to_bitmask()) << (n * 16);
            slashes |= part.simd_eq(u8x16::splat(b'\\'));
            // Counted from the first character that is no control character, those that may stand in a string unasked come
            // first: up to `~`.
            most = most.max(part - u8x16::splat(b' '));
        }
        let odd = slashes | most.max(u8x16::splat(0x7f - b' ')).simd_eq(most);
        Self { quotes, is_odd: odd.to_bitmask() != 0 }
    }
}

/// One bit for each byte that something is true of.
#[inline]
pub(in crate::decode) fn bits(block: &[u8; 64], is_it: impl Fn(u8x16) -> u8x16) -> u64 {
    let (parts, _) = block.as_chunks::<16>();
    parts
        .iter()
        .rev()
        .fold(0, |bits, part| bits << 16 | u64::from(is_it(u8x16::new(*part)).to_bitmask()))
}

/// Which of some bytes are control characters: all bits of theirs are set.
#[inline]
pub(super) fn controls(part: u8x16) -> u8x16 {
    part.min(u8x16::splat(0x1f)).simd_eq(part) | part.simd_eq(u8x16::splat(0x7f))
}

/// The bytes that a backslash stands before, by the lengths of runs of backslashes (simdjson's way).
fn escaped(slashes: u64, carry: &mut u64) -> u64 {
    const EVEN: u64 = 0x5555_5555_5555_5555;
    let slashes = slashes & !*carry;
    let follows = slashes << 1 | *carry;
    let odd_starts = slashes & !EVEN & !follows;
    let (sum, overflows) = odd_starts.overflowing_add(slashes);
    *carry = u64::from(overflows);
    (EVEN ^ (sum << 1)) & follows
}

/// Whether an escape, or what stands behind an escaped backslash, may spell a plain character. Refuses escapes that JSON
/// does not have, and halves of surrogate pairs (also whole pairs: they are rare).
fn check_escapes(mut escaped: u64, start: usize, line: &[u8]) -> Option<bool> {
    let mut spells = false;
    while escaped != 0 {
        let at = start + escaped.trailing_zeros() as usize;
        escaped &= escaped - 1;
        match line.get(at)? {
            b'"' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
            b'\\' => spells |= may_spell(line.get(at + 1..)?),
            b'u' => {
                let digits = line.get(at + 1..at + 5)?;
                let is_half =
                    matches!(digits, [b'd' | b'D', b'8' | b'9' | b'a'..=b'f' | b'A'..=b'F', ..]);
                if is_half || !digits.iter().all(u8::is_ascii_hexdigit) {
                    return None;
                }
                spells |= may_spell(line.get(at..)?);
            }
            _ => return None,
        }
    }
    Some(spells)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_next_quote_is_found_however_far_it_is(
            gaps in prop::collection::vec(prop_oneof![0..70_usize, 60..68_usize, 120..200_usize, 0..700_usize], 0..9),
            n_behind in prop_oneof![Just(0), 0..700_usize],
            slash in prop::bool::ANY,
            before in "[\"a]{0,2000}\n",
        ) {
            let mut line = String::new();
            for gap in gaps {
                line.push_str(&"x".repeat(gap));
                line.push_str(if slash && gap % 3 == 0 { "\\\"\"" } else { "\"" });
            }
            line.push_str(&"x".repeat(n_behind));
            let mut quotes = Quotes::default();
            // What an earlier line left behind is not found.
            prop_assert_eq!(quotes.find(before.as_bytes()), Some(before.len() - 1));
            let text = line.clone() + "\n\"\"\"\n";
            prop_assert_eq!(quotes.find(text.as_bytes()), Some(line.len()));
            let is_quote = |at: usize| {
                line.as_bytes().get(at) == Some(&b'"') && (at == 0 || line.as_bytes().get(at - 1) != Some(&b'\\'))
            };
            let mut next = None;
            for at in (0..=line.len()).rev() {
                next = if is_quote(at) { Some(at) } else { next };
                prop_assert_eq!(quotes.marks().from(at), next);
            }
        }
    }
}
