//! What logs that are followed side by side know of each other's files: a rename gives one log's file the name of another,
//! and a new name may be a link to what was read.

use std::fs::{self, File};

use super::{Generation, Tail, file_id};

/// What is known elsewhere of a file that has a log's name now.
#[derive(Debug)]
pub(in crate::source) enum Elsewhere {
    /// Nothing: it is new.
    Unknown,
    /// It is read under another name that it has as well.
    Read,
    /// It was read under a name that it has no more: whoever asks goes on with it.
    Left(Box<Generation>),
    /// It was read up to here.
    ReadTo(u64),
}

/// Asks the other logs about a file.
pub(in crate::source) type Others<'a> = dyn FnMut(&File) -> Elsewhere + 'a;

impl Tail {
    /// What this log knows of a file that has another log's name now.
    pub fn knows(&mut self, file: &File) -> Elsewhere {
        let Ok(metadata) = file.metadata() else { return Elsewhere::Unknown };
        let id = file_id(&metadata);
        if let Some(index) = self.old.iter().position(|generation| generation.id == id) {
            let left = self.old.remove(index);
            return self.leave(left);
        }
        if self.current.as_ref().is_some_and(|current| current.id == id) {
            let is_here = fs::metadata(&self.path).is_ok_and(|here| file_id(&here) == id);
            let left = self.current.take_if(|_| !is_here);
            return left.map_or(Elsewhere::Read, |left| self.leave(left));
        }
        self.siblings.read_to(file).map_or(Elsewhere::Unknown, Elsewhere::ReadTo)
    }

    /// Its new name may be that of a generation of ours: it is none that nobody reads.
    fn leave(&mut self, generation: Generation) -> Elsewhere {
        self.siblings.leave(&generation);
        Elsewhere::Left(Box::new(generation))
    }
}
