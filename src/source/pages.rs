//! Bytes of a file, held in memory as they lie in its pages.
//!
//! The kernel copies them from pages of its own. Some processors (AMD's since Zen 3) copy at half the speed where source and
//! target lie sixteen bytes apart in their pages, and that is just where an allocator puts a large buffer.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// Bytes of a page, or of a part of one.
const PAGE: usize = 4096;

/// A buffer that files are read into, again and again.
#[derive(Debug, Default)]
pub struct Pages {
    room: Vec<u8>,
    /// Where the bytes begin.
    start: usize,
    len: usize,
}

impl Pages {
    /// Reads the bytes `from..to` of a file, and forgets those before.
    ///
    /// # Errors
    /// Those of reading, also when the file ends before `to`.
    pub fn read(&mut self, file: &File, from: u64, to: u64) -> io::Result<&[u8]> {
        let len = usize::try_from(to.saturating_sub(from)).map_err(io::Error::other)?;
        self.len = 0;
        self.reserve(len);
        self.start = self.start_for(usize::try_from(from % PAGE as u64).unwrap_or(0));
        self.add(file, from, len)
    }

    /// Reads the bytes from `from` to `to`, which follow those that are held.
    ///
    /// # Errors
    /// Those of reading, also when the file ends before `to`.
    pub fn read_on(&mut self, file: &File, from: u64, to: u64) -> io::Result<&[u8]> {
        let len = usize::try_from(to.saturating_sub(from)).map_err(io::Error::other)?;
        self.reserve(self.len + len);
        self.add(file, from, len)
    }

    /// Puts a newline behind what is held.
    pub fn end_line(&mut self) {
        self.reserve(self.len + 1);
        if let Some(byte) = self.room.get_mut(self.start + self.len) {
            *byte = b'\n';
            self.len += 1;
        }
    }

    /// All that is held.
    pub fn bytes(&self) -> &[u8] {
        self.room.get(self.start..self.start + self.len).unwrap_or_default()
    }

    fn add(&mut self, file: &File, from: u64, len: usize) -> io::Result<&[u8]> {
        let at = self.start + self.len;
        let room = self.room.get_mut(at..at + len).unwrap_or_default();
        file.read_exact_at(room, from)?;
        self.len += len;
        Ok(room)
    }

    /// Makes room for so many bytes, wherever they begin in their page.
    fn reserve(&mut self, len: usize) {
        if self.room.len() >= len + PAGE && self.room.len() >= self.start + len {
            return;
        }
        let in_page = (self.room.as_ptr().addr() + self.start) % PAGE;
        let held = self.start..self.start + self.len;
        let before = std::mem::replace(&mut self.room, vec![0; len + len / 2 + 2 * PAGE]);
        self.start = self.start_for(in_page);
        let room = self.room.get_mut(self.start..self.start + self.len);
        if let (Some(room), Some(held)) = (room, before.get(held)) {
            room.copy_from_slice(held);
        }
    }

    /// Where in the room a byte lies that has this place in its page.
    fn start_for(&self, in_page: usize) -> usize {
        (in_page + PAGE - self.room.as_ptr().addr() % PAGE) % PAGE
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Write;

    proptest! {
        #[test]
        fn bytes_are_those_of_the_file_and_lie_as_in_its_pages(
            reads in prop::collection::vec((0_u64..60_000, 0_u64..30_000, 0_u64..30_000), 1..8),
        ) {
            let all: Vec<u8> = (0..120_000_u32).map(|at| (at % 251) as u8).collect();
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(&all).unwrap();
            let mut pages = Pages::default();
            for (from, len, more) in reads {
                let (to, end) = (from + len, from + len + more);
                let place = |at: u64| usize::try_from(at).unwrap();
                let of = |from: u64, to: u64| all.get(place(from)..place(to)).unwrap();
                prop_assert_eq!(pages.read(&file, from, to).unwrap(), of(from, to));
                prop_assert_eq!(pages.read_on(&file, to, end).unwrap(), of(to, end));
                pages.end_line();
                let (newline, bytes) = pages.bytes().split_last().unwrap();
                prop_assert_eq!((*newline, bytes), (b'\n', of(from, end)));
                prop_assert_eq!(bytes.as_ptr().addr() % PAGE, place(from) % PAGE);
            }
        }
    }

    #[test]
    fn a_file_that_ends_too_soon_is_an_error() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"abc").unwrap();
        let mut pages = Pages::default();
        assert!(pages.read(&file, 1, 9).is_err());
        assert_eq!(pages.bytes(), b"");
        assert_eq!(pages.read(&file, 1, 3).unwrap(), b"bc");
        assert!(pages.read_on(&file, 3, 4).is_err());
        assert_eq!(pages.bytes(), b"bc");
    }
}
