//! Whether another file holds what this generation held, and how much of it.

use std::fs::File;
use std::io;

use memchr::memrchr;

use super::super::bodies::{Fingerprint, Print};
use super::{CHUNK, Generation, HEAD, line_hash, read_up_to};

/// What a file is to a generation we know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::source) enum Likeness {
    /// Something else.
    Other,
    /// Shorter than what we read and the same at its beginning: a copy in the making, perhaps.
    Partial,
    /// Holds all that we read, and perhaps more.
    Copy,
}

impl Generation {
    /// What a copy of this generation looks like.
    pub fn fingerprint(&self) -> Fingerprint {
        let tail_from = self.position - self.tail.len() as u64;
        Fingerprint {
            head: Print::of(self.head_from, &self.head),
            mark: Print::of(tail_from, &self.tail),
        }
    }

    /// Whether `file` is a copy of this generation or one in the making.
    pub fn likeness(&self, file: &File) -> io::Result<Likeness> {
        let size = file.metadata()?.len();
        if self.head.is_empty() {
            return Ok(Likeness::Other);
        }
        let n_there = size.saturating_sub(self.head_from);
        let n_head = self.head.len().min(usize::try_from(n_there).unwrap_or(HEAD));
        if read_up_to(file, self.head_from, n_head)? != self.head.get(..n_head).unwrap_or_default()
        {
            return Ok(Likeness::Other);
        }
        if size < self.position {
            return Ok(Likeness::Partial);
        }
        let tail_from = self.position - self.tail.len() as u64;
        let same = read_up_to(file, tail_from, self.tail.len())? == self.tail;
        Ok(if same { Likeness::Copy } else { Likeness::Other })
    }

    /// How much of what we read `file` begins with, as far as the last lines can vouch for it: 0 when its first bytes
    /// differ.
    pub fn common_with(&self, file: &File) -> io::Result<u64> {
        match self.likeness(file)? {
            Likeness::Copy => return Ok(self.position),
            Likeness::Other | Likeness::Partial => {}
        }
        let size = file.metadata()?.len();
        let n_head = self.head.len().min(usize::try_from(size).unwrap_or(HEAD));
        let head = self.head.get(..n_head).unwrap_or_default();
        let Some(first) = self.marks.front() else { return Ok(0) };
        let mut common = first.from;
        // The marks vouch for the beginning themselves when they reach back to it.
        if common > 0 && (self.head_from > 0 || read_up_to(file, 0, n_head)? != head) {
            return Ok(0);
        }
        if size < common {
            // Cut farther back than the marks go: when the first bytes are ours, so is the rest.
            let lines = memrchr(b'\n', head).map_or(0, |place| place as u64 + 1);
            return Ok(if n_head == HEAD { size } else { lines });
        }
        for mark in &self.marks {
            if mark.to > size {
                break;
            }
            let length = usize::try_from(mark.to - mark.from).unwrap_or(CHUNK);
            if mark.hash == 0 {
                continue;
            }
            if line_hash(&read_up_to(file, mark.from, length)?) != mark.hash {
                break;
            }
            common = mark.to;
        }
        if common == 0 {
            return Ok(0);
        }
        // What is left of a line cut in its middle was seen as well.
        let cut_in_line = self.marks.iter().any(|mark| mark.from == common && size < mark.to);
        let n_rest = usize::try_from(size - common).unwrap_or(CHUNK).min(CHUNK);
        let rest = read_up_to(file, common, n_rest)?;
        Ok(if cut_in_line && !rest.iter().any(|byte| matches!(byte, b'\n' | 0)) {
            size
        } else {
            common
        })
    }
}
