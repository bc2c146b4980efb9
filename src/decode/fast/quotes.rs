//! Finds the quotes of a line that begin and end strings, sixteen bytes at a time, and refuses lines with anything that
//! needs care: control characters, escapes that stand for no character, bytes that are not UTF-8.

use wide::u8x16;

/// The places of a line's quotes.
#[derive(Debug, Default)]
pub(super) struct Quotes {
    positions: Vec<u32>,
    /// Quotes found; what lies behind them in `positions` is of earlier lines.
    n_found: usize,
    pub has_escapes: bool,
}

/// State that passes from one block of 64 bytes to the next.
struct Pass {
    /// 1 when the next byte is escaped.
    carry: u64,
    odd: u8x16,
    all: u8x16,
}

impl Quotes {
    pub fn positions(&self) -> &[u32] {
        self.positions.get(..self.n_found).unwrap_or_default()
    }

    /// Finds all quotes that are not escaped; `None` when the line must be read with care.
    pub fn find(&mut self, bytes: &[u8]) -> Option<()> {
        self.n_found = 0;
        self.has_escapes = false;
        let zero = u8x16::splat(0);
        let mut pass = Pass { carry: 0, odd: zero, all: zero };
        let (blocks, rest) = bytes.as_chunks::<64>();
        let mut start = 0_u32;
        for block in blocks {
            self.block(block, start, bytes, &mut pass)?;
            start += 64;
        }
        if !rest.is_empty() {
            let mut block = [b' '; 64];
            block.get_mut(..rest.len())?.copy_from_slice(rest);
            self.block(&block, start, bytes, &mut pass)?;
        }
        if pass.carry != 0 || pass.odd.to_bitmask() != 0 {
            return None;
        }
        if pass.all.to_bitmask() != 0 {
            str::from_utf8(bytes).ok()?;
        }
        Some(())
    }

    #[inline]
    fn block(&mut self, block: &[u8; 64], start: u32, line: &[u8], pass: &mut Pass) -> Option<()> {
        let (quote, backslash) = (u8x16::splat(b'"'), u8x16::splat(b'\\'));
        let (space, delete) = (u8x16::splat(0x1f), u8x16::splat(0x7f));
        let (mut quotes, mut slashes) = (0_u64, 0_u64);
        let (parts, _) = block.as_chunks::<16>();
        for (n, part) in parts.iter().enumerate() {
            let part = u8x16::new(*part);
            quotes |= u64::from(part.simd_eq(quote).to_bitmask()) << (n * 16);
            slashes |= u64::from(part.simd_eq(backslash).to_bitmask()) << (n * 16);
            pass.odd |= part.min(space).simd_eq(part) | part.simd_eq(delete);
            pass.all |= part;
        }
        if slashes | pass.carry != 0 {
            self.has_escapes = true;
            let escaped = escaped(slashes, &mut pass.carry);
            quotes &= !escaped;
            check_escapes(escaped, start, line)?;
        }
        if self.positions.len() < self.n_found + 64 {
            self.positions.resize(self.n_found + 256, 0);
        }
        let mut room = self.positions.get_mut(self.n_found..)?.iter_mut();
        self.n_found += quotes.count_ones() as usize;
        while quotes != 0 {
            *room.next()? = start + quotes.trailing_zeros();
            quotes &= quotes - 1;
        }
        Some(())
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
fn check_escapes(mut escaped: u64, start: u32, line: &[u8]) -> Option<()> {
    while escaped != 0 {
        let at = (start + escaped.trailing_zeros()) as usize;
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
