//! Where a line ends and where `=` stands in it, 64 bytes at a time.

use super::super::quotes::{bits, controls};
use wide::u8x16;

/// Longer lines are left to the careful decoder.
const LONGEST: usize = 64 << 10;

/// The places of `=` in a message.
#[derive(Debug, Default)]
pub(super) struct Signs(Vec<u32>);

/// What was seen in a message.
pub(super) struct Seen {
    /// Bytes before the newline.
    pub len: usize,
    /// False also where only what follows is not.
    pub is_ascii: bool,
}

impl Signs {
    /// The places that were found last.
    pub fn places(&self) -> &[u32] {
        &self.0
    }

    /// Finds the end of a line and each `=` before it; refuses other control characters.
    pub fn find(&mut self, bytes: &[u8]) -> Option<Seen> {
        self.0.clear();
        let bytes = bytes.get(..bytes.len().min(LONGEST)).unwrap_or_default();
        let (blocks, rest) = bytes.as_chunks::<64>();
        let mut pass = Pass { signs: &mut self.0, start: 0, all: u8x16::splat(0) };
        for block in blocks {
            let seen = pass.block(block)?;
            if seen.is_some() {
                return seen;
            }
        }
        let mut last = [b' '; 64];
        last.get_mut(..rest.len())?.copy_from_slice(rest);
        pass.block(&last)?
    }
}

/// A pass over a line.
struct Pass<'a> {
    signs: &'a mut Vec<u32>,
    start: u32,
    /// The bits that are set in some byte.
    all: u8x16,
}

impl Pass<'_> {
    /// Looks at the next 64 bytes.
    #[expect(clippy::option_option, reason = "refused, not ended, ended")]
    #[expect(
        clippy::inline_always,
        reason = "the innermost step: a call keeps nothing in registers"
    )]
    #[inline(always)]
    fn block(&mut self, block: &[u8; 64]) -> Option<Option<Seen>> {
        let (parts, _) = block.as_chunks::<16>();
        let mut equal = 0;
        let (mut delete, mut least) = (u8x16::splat(0), u8x16::splat(u8::MAX));
        for (n, part) in parts.iter().enumerate() {
            let part = u8x16::new(*part);
            equal |= u64::from(part.simd_eq(u8x16::splat(b'=')).to_bitmask()) << (n * 16);
            delete |= part.simd_eq(u8x16::splat(0x7f));
            least = least.min(part);
            self.all |= part;
        }
        let odd = delete | least.min(u8x16::splat(0x1f)).simd_eq(least);
        let mut end = None;
        if odd.to_bitmask() != 0 {
            let first = bits(block, controls).trailing_zeros();
            if block.get(first as usize) != Some(&b'\n') {
                return None;
            }
            equal &= (1 << first) - 1;
            end = Some(self.start + first);
        }
        while equal != 0 {
            self.signs.push(self.start + equal.trailing_zeros());
            equal &= equal - 1;
        }
        self.start += 64;
        Some(end.map(|end| Seen {
            len: end as usize,
            is_ascii: self.all & u8x16::splat(0x80) == u8x16::splat(0),
        }))
    }
}
