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
        let mut pass = Pass { all: u8x16::splat(0), ..Pass::default() };
        let (blocks, rest) = bytes.as_chunks::<64>();
        let mut last = [b' '; 64];
        last.get_mut(..rest.len())?.copy_from_slice(rest);
        for block in blocks.iter().chain([&last]) {
            let seen = Seen::of(block);
            pass.all |= seen.all;
            if self.quotes.len() <= pass.n_blocks {
                self.quotes.resize(pass.n_blocks * 2 + 64, 0);
            }
            let mut quotes = seen.quotes;
            let mut end = None;
            if seen.is_odd || pass.carry != 0 {
                end = self.odd(block, bytes, &mut pass, &mut quotes)?;
            }
            *self.quotes.get_mut(pass.n_blocks)? = quotes;
            pass.n_blocks += 1;
            if end.is_some() {
                if self.has_escapes {
                    self.no_slashes(&pass)?;
                }
                self.n_blocks = pass.n_blocks;
                self.is_ascii = pass.all & u8x16::splat(0x80) == u8x16::splat(0);
                return end;
            }
        }
        None
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

    /// Looks at 64 bytes with a backslash or a control character among them, or behind a backslash; gives the line's
    /// length when its end lies in them.
    #[expect(clippy::option_option, reason = "refused, not ended, ended")]
    fn odd(
        &mut self,
        block: &[u8; 64],
        line: &[u8],
        pass: &mut Pass,
        quotes: &mut u64,
    ) -> Option<Option<usize>> {
        let start = pass.n_blocks * 64;
        let control = bits(block, super::controls);
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
            *quotes &= own;
        }
        if slashes & own != 0 || pass.carry != 0 {
            let escaped = escaped(slashes & own, &mut pass.carry);
            if end.is_some() && (pass.carry != 0 || escaped & !own != 0) {
                return None;
            }
            *quotes &= !escaped;
            check_escapes(escaped, start, line)?;
            self.no_slashes(pass)?;
            self.has_escapes = true;
            *self.slashes.get_mut(pass.n_blocks)? = slashes & own;
            pass.n_slashes = pass.n_blocks + 1;
        }
        Some(end)
    }

    /// Says that no backslash stands in the blocks since the last one that was asked.
    fn no_slashes(&mut self, pass: &Pass) -> Option<()> {
        if self.slashes.len() < self.quotes.len() {
            self.slashes.resize(self.quotes.len(), 0);
        }
        self.slashes.get_mut(pass.n_slashes..pass.n_blocks)?.fill(0);
        Some(())
    }
}

/// Where a pass over a line stands.
#[derive(Default)]
struct Pass {
    n_blocks: usize,
    /// The blocks whose backslashes are noted.
    n_slashes: usize,
    /// 1 when the next byte is escaped.
    carry: u64,
    /// The bits of all bytes together.
    all: u8x16,
}

/// What stands in 64 bytes.
struct Seen {
    quotes: u64,
    /// A backslash or a control character.
    is_odd: bool,
    all: u8x16,
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
        let (mut odd, mut all) = (u8x16::splat(0), u8x16::splat(0));
        let mut least = u8x16::splat(u8::MAX);
        for (n, part) in parts.iter().enumerate() {
            let part = u8x16::new(*part);
            quotes |= u64::from(part.simd_eq(u8x16::splat(b'"')).to_bitmask()) << (n * 16);
            odd |= part.simd_eq(u8x16::splat(b'\\')) | part.simd_eq(u8x16::splat(0x7f));
            least = least.min(part);
            all |= part;
        }
        odd |= least.min(u8x16::splat(0x1f)).simd_eq(least);
        Self { quotes, is_odd: odd.to_bitmask() != 0, all }
    }
}

/// One bit for each byte that something is true of.
#[inline]
pub(super) fn bits(block: &[u8; 64], is_it: impl Fn(u8x16) -> u8x16) -> u64 {
    let (parts, _) = block.as_chunks::<16>();
    parts
        .iter()
        .rev()
        .fold(0, |bits, part| bits << 16 | u64::from(is_it(u8x16::new(*part)).to_bitmask()))
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
