//! Finds the end of a line and the quotes in it that begin and end strings, sixteen bytes at a time, and refuses lines with
//! anything that needs care: control characters and escapes that stand for no character.

use wide::u8x16;

/// The quotes and backslashes of a line, one bit for each byte.
#[derive(Debug, Default)]
pub(super) struct Quotes {
    /// Quotes that are not escaped; what lies behind the line's last block is of earlier lines.
    quotes: Vec<u64>,
    /// Backslashes; only where [`Quotes::has_escapes`].
    slashes: Vec<u64>,
    n_blocks: usize,
    pub has_escapes: bool,
    pub is_ascii: bool,
}

impl Quotes {
    /// Finds the first line's end and all its quotes that are not escaped; gives its length without the newline. `None`
    /// when it must be read with care, or has no end here. Bytes that are not UTF-8 are for the caller to refuse.
    pub fn find(&mut self, bytes: &[u8]) -> Option<usize> {
        self.has_escapes = false;
        self.n_blocks = 0;
        // 1 when the next byte is escaped.
        let mut carry = 0;
        let mut all = u8x16::splat(0);
        let (blocks, rest) = bytes.as_chunks::<64>();
        for block in blocks {
            if let Some(end) = self.block(block, bytes, &mut carry, &mut all)? {
                return Some(end);
            }
        }
        let mut block = [b' '; 64];
        block.get_mut(..rest.len())?.copy_from_slice(rest);
        self.block(&block, bytes, &mut carry, &mut all)?
    }

    /// The first quote at a place or behind it.
    #[inline]
    pub fn from(&self, at: usize) -> Option<usize> {
        let mut n = at / 64;
        let mut block = self.quotes.get(n)? & (u64::MAX << (at % 64));
        while block == 0 {
            n += 1;
            if n >= self.n_blocks {
                return None;
            }
            block = *self.quotes.get(n)?;
        }
        Some(n * 64 + block.trailing_zeros() as usize)
    }

    /// Whether a backslash stands in `from..to`, for lines with escapes.
    pub fn is_escaped(&self, from: usize, to: usize) -> bool {
        if !self.has_escapes || from >= to {
            return false;
        }
        let (first, last) = (from / 64, (to - 1) / 64);
        let (head, tail) = (u64::MAX << (from % 64), u64::MAX >> (63 - (to - 1) % 64));
        let block = |n: usize| self.slashes.get(n).copied().unwrap_or(0);
        if first == last {
            return block(first) & head & tail != 0;
        }
        block(first) & head != 0
            || block(last) & tail != 0
            || (first + 1..last).any(|n| block(n) != 0)
    }

    /// Passes the next 64 bytes; gives the line's length when its end lies in them.
    #[inline]
    #[expect(clippy::option_option, reason = "refused, not ended, ended")]
    fn block(
        &mut self,
        block: &[u8; 64],
        line: &[u8],
        carry: &mut u64,
        all: &mut u8x16,
    ) -> Option<Option<usize>> {
        let (quote, backslash) = (u8x16::splat(b'"'), u8x16::splat(b'\\'));
        let (control, delete) = (u8x16::splat(0x1f), u8x16::splat(0x7f));
        let mut quotes = 0_u64;
        let (mut slash, mut odd) = (u8x16::splat(0), u8x16::splat(0));
        let (parts, _) = block.as_chunks::<16>();
        for (n, part) in parts.iter().enumerate() {
            let part = u8x16::new(*part);
            quotes |= u64::from(part.simd_eq(quote).to_bitmask()) << (n * 16);
            slash |= part.simd_eq(backslash);
            odd |= part.min(control).simd_eq(part) | part.simd_eq(delete);
            *all |= part;
        }
        let start = self.n_blocks * 64;
        let mut end = None;
        // The bytes of the line.
        let mut own = u64::MAX;
        if odd.to_bitmask() != 0 {
            let first = block.iter().position(|byte| *byte < b' ' || *byte == 0x7f)?;
            if block.get(first) != Some(&b'\n') {
                return None;
            }
            end = Some(start + first);
            own = (1 << first) - 1;
            quotes &= own;
        }
        let number = self.n_blocks;
        self.n_blocks += 1;
        if self.quotes.len() < self.n_blocks {
            self.quotes.resize(self.n_blocks * 2, 0);
            self.slashes.resize(self.n_blocks * 2, 0);
        }
        if slash.to_bitmask() != 0 || *carry != 0 {
            let mut slashes = 0_u64;
            for (n, part) in parts.iter().enumerate() {
                slashes |= u64::from(u8x16::new(*part).simd_eq(backslash).to_bitmask()) << (n * 16);
            }
            if !self.has_escapes {
                self.has_escapes = true;
                self.slashes.get_mut(..number)?.fill(0);
            }
            let escaped = escaped(slashes & own, carry);
            if end.is_some() && (*carry != 0 || escaped & !own != 0) {
                return None;
            }
            quotes &= !escaped;
            *self.slashes.get_mut(number)? = slashes & own;
            check_escapes(escaped, start, line)?;
        } else {
            *self.slashes.get_mut(number)? = 0;
        }
        *self.quotes.get_mut(number)? = quotes;
        if end.is_some() {
            self.is_ascii = *all & u8x16::splat(0x80) == u8x16::splat(0);
        }
        Some(end)
    }
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

/// Refuses escapes that JSON does not have, and halves of surrogate pairs (also whole pairs: they are rare).
fn check_escapes(mut escaped: u64, start: usize, line: &[u8]) -> Option<()> {
    while escaped != 0 {
        let at = start + escaped.trailing_zeros() as usize;
        escaped &= escaped - 1;
        match line.get(at)? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
            b'u' => {
                let digits = line.get(at + 1..at + 5)?;
                let is_half =
                    matches!(digits, [b'd' | b'D', b'8' | b'9' | b'a'..=b'f' | b'A'..=b'F', ..]);
                if is_half || !digits.iter().all(u8::is_ascii_hexdigit) {
                    return None;
                }
            }
            _ => return None,
        }
    }
    Some(())
}
