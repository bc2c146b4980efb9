//! One generation of a log file: where we are in it, and whether it is still the file we read.
//!
//! Only whole lines are passed on; an unfinished one is left in the file and read again, because a writer through a
//! map or a network may still fill it. Every look at changed bytes is checked against the first and the last bytes we
//! passed on, so that a file cut and refilled under its name is noticed whatever its size.

mod likeness;

use std::collections::VecDeque;
use std::fs::{File, Metadata};
use std::hash::Hasher;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::sync::Arc;
use std::time::Duration;

use memchr::{memchr_iter, memmem, memrchr};
use rustc_hash::FxHasher;

use crate::model::BodyId;

use super::Delivery;
use super::holes;
use super::out::{Out, Speaker, Stopped};
pub(super) use likeness::Likeness;

/// How much is read at once.
const CHUNK: usize = 256 << 10;
/// An unfinished line up to this length waits in the file for its end; a longer one is passed on in pieces.
const HOLD: usize = 64 << 10;
/// The first bytes kept to know the file by.
const HEAD: usize = 1 << 10;
/// The last bytes kept to know the place by.
const TAIL: usize = 4 << 10;
/// The ends of this many last lines are kept, to find the place where a file was cut.
const MARKS: usize = 16 << 10;
/// More NULs than UTF-16 text could hold in a row: a hole, not text.
const HOLE: usize = 16;
/// An unfinished last line that has been still for so long is passed on as far as it goes.
const STILL: Duration = Duration::from_secs(1);

/// Device and inode.
pub(super) type FileId = (u64, u64);

/// The identity of a file by its metadata.
pub(super) fn file_id(metadata: &Metadata) -> FileId {
    (metadata.dev(), metadata.ino())
}

/// What `stat` says that changes when the content does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Look {
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Look {
    pub fn new(metadata: &Metadata) -> Self {
        Self {
            size: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

/// What a turn of reading came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Read {
    /// At the end of what is there; true when something was passed on in this turn.
    End { moved: bool },
    /// The turn's share is used up and more is there.
    More,
    /// What is in the file is not what we read: it was cut or overwritten.
    Cut,
}

/// One line end that was passed on: where, and the hash of that line.
#[derive(Clone, Copy, Debug)]
struct LineMark {
    from: u64,
    to: u64,
    hash: u64,
}

/// How and when to read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turn {
    /// Time since the start of the run.
    pub now: Duration,
    /// Bytes this turn may pass on, about.
    pub share: usize,
    /// Files with this many unread bytes are announced instead of sent.
    pub backlog_from: u64,
}

/// An open generation of a log.
#[derive(Debug)]
pub(super) struct Generation {
    pub file: Arc<File>,
    pub id: FileId,
    pub speaker: Speaker,
    /// Everything before this offset has been passed on (or was a hole).
    pub position: u64,
    /// When it last had news, since the start of the run.
    pub moved_at: Duration,
    live: bool,
    body: Option<BodyId>,
    /// A body that ends when more comes: a gap lies behind it. Then `body` is none.
    gap_after: Option<BodyId>,
    /// Where `head` lies: 0 unless the file began with a hole.
    head_from: u64,
    head: Vec<u8>,
    tail: Vec<u8>,
    marks: VecDeque<LineMark>,
    line_from: u64,
    look: Option<Look>,
    /// The file ends in NULs that may be filled without any change of its metadata.
    ends_in_nul: bool,
    told_still: bool,
}

impl Generation {
    pub fn new(file: File, id: FileId, speaker: Speaker, live: bool, now: Duration) -> Self {
        Self {
            file: Arc::new(file),
            id,
            speaker,
            position: 0,
            moved_at: now,
            live,
            body: None,
            gap_after: None,
            head_from: 0,
            head: Vec::new(),
            tail: Vec::new(),
            marks: VecDeque::new(),
            line_from: 0,
            look: None,
            ends_in_nul: false,
            told_still: false,
        }
    }

    /// Starts behind bytes that were read from another file with the same content.
    pub fn skip_to(&mut self, position: u64) -> io::Result<()> {
        self.position = position;
        self.line_from = position;
        self.remember_from_file()
    }

    /// Passes on what is new, up to the turn's share.
    pub fn read(&mut self, turn: Turn, out: &Out) -> Result<io::Result<Read>, Stopped> {
        let mut left = turn.share;
        let mut moved = false;
        loop {
            let metadata = match self.file.metadata() {
                Ok(metadata) => metadata,
                Err(error) => return Ok(Err(error)),
            };
            let look = Look::new(&metadata);
            let unchanged = self.look == Some(look) && !self.ends_in_nul;
            if unchanged && (look.size <= self.position || self.is_waiting(turn.now)) {
                self.tell_still(turn.now, out)?;
                return Ok(Ok(Read::End { moved }));
            }
            if left == 0 {
                return Ok(Ok(Read::More));
            }
            if look.size < self.position {
                return Ok(Ok(Read::Cut));
            }
            if self.position == 0 && look.size >= turn.backlog_from && self.body.is_none() {
                match self.announce(look.size, out)? {
                    Ok(true) => {
                        moved = true;
                        self.moved_at = turn.now;
                        continue;
                    }
                    Ok(false) => {}
                    Err(error) => return Ok(Err(error)),
                }
            }
            let bytes = match read_up_to(&self.file, self.position, CHUNK) {
                Ok(bytes) => bytes,
                Err(error) => return Ok(Err(error)),
            };
            match self.still_ours() {
                Ok(true) => {}
                Ok(false) => return Ok(Ok(Read::Cut)),
                Err(error) => return Ok(Err(error)),
            }
            let n_passed = self.take(bytes, look, turn, out)?;
            if n_passed == 0 {
                self.look = Some(look);
                return Ok(Ok(Read::End { moved }));
            }
            left = left.saturating_sub(usize::try_from(n_passed).unwrap_or(usize::MAX));
            moved = true;
            self.moved_at = turn.now;
        }
    }

    /// Says once that nothing has come for a while.
    fn tell_still(&mut self, now: Duration, out: &Out) -> Result<(), Stopped> {
        if self.live
            && !self.told_still
            && !self.is_waiting(now)
            && let Some(body) = self.body
        {
            self.told_still = true;
            out.send(Delivery::Still { body })?;
        }
        Ok(())
    }

    /// True when the unread rest is an unfinished line that we still give time.
    fn is_waiting(&self, now: Duration) -> bool {
        !self.live || now.saturating_sub(self.moved_at) < STILL
    }

    /// Passes on as much of `bytes` (which lie at the position) as is ready, and says how far the position moved.
    fn take(
        &mut self,
        mut bytes: Vec<u8>,
        look: Look,
        turn: Turn,
        out: &Out,
    ) -> Result<u64, Stopped> {
        let from = self.position;
        let at_end = from + bytes.len() as u64 >= look.size;
        let n_leading = bytes.iter().take_while(|byte| **byte == 0).count();
        let n_filled = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |place| place + 1);
        let n_trailing = bytes.len() - n_filled;
        self.ends_in_nul = at_end && n_trailing > 1;
        if n_leading >= HOLE || (n_filled == 0 && n_leading > 1) {
            if n_filled == 0 && at_end {
                return Ok(0);
            }
            // A hole with something behind it: go on there, in a body of its own.
            let next = if n_filled == 0 {
                holes::next_data(&self.file, from + bytes.len() as u64, look.size)
            } else {
                Some(from + n_leading as u64)
            };
            let Some(next) = next else {
                self.ends_in_nul = true;
                return Ok(0);
            };
            self.position = next;
            self.line_from = next;
            self.gap_after = self.body.take().or(self.gap_after);
            self.tail.clear();
            return Ok(next - from);
        }
        let hole = memmem::find_iter(&bytes, b"\n\0\0\0\0").find(|place| {
            bytes.iter().skip(place + 1).take(HOLE).filter(|byte| **byte == 0).count() == HOLE
        });
        if let Some(place) = hole {
            bytes.truncate(place + 1);
        } else {
            if n_trailing > 1 {
                bytes.truncate(n_filled);
            }
            match memrchr(b'\n', &bytes) {
                Some(place) => bytes.truncate(place + 1),
                None if bytes.len() >= HOLD => {}
                None if bytes.is_empty() || self.ends_in_nul || self.needs_time(turn.now, look) => {
                    return Ok(0);
                }
                None => {}
            }
        }
        let n_passed = bytes.len() as u64;
        let finished = bytes.last() == Some(&b'\n');
        self.pass(bytes, out)?;
        if !finished && self.live && !self.told_still && n_passed < HOLD as u64 {
            self.told_still = true;
            if let Some(body) = self.body {
                out.send(Delivery::Still { body })?;
            }
        }
        Ok(n_passed)
    }

    /// True while an unfinished line must be left alone: it changed since the last look or not long ago.
    fn needs_time(&mut self, now: Duration, look: Look) -> bool {
        if self.look != Some(look) {
            self.moved_at = now;
        }
        self.is_waiting(now)
    }

    fn body(&mut self, out: &Out) -> Result<BodyId, Stopped> {
        if let Some(body) = self.gap_after.take() {
            out.send(Delivery::Ended { body, fingerprint: Some(self.fingerprint()) })?;
        }
        if let Some(body) = self.body {
            return Ok(body);
        }
        let body = out.open(&self.speaker, &self.file, self.live)?;
        self.body = Some(body);
        Ok(body)
    }

    fn pass(&mut self, bytes: Vec<u8>, out: &Out) -> Result<(), Stopped> {
        let body = self.body(out)?;
        let offset = self.position;
        self.told_still = false;
        self.remember(&bytes);
        out.send(Delivery::Bytes { body, offset, bytes })
    }

    /// Keeps what is needed to know the file and the place again, and moves the position.
    fn remember(&mut self, bytes: &[u8]) {
        if self.head.is_empty() {
            self.head_from = self.position;
        }
        if self.position == self.head_from + self.head.len() as u64 && self.head.len() < HEAD {
            let n_wanted = HEAD - self.head.len();
            self.head.extend(bytes.iter().take(n_wanted));
        }
        let mut from = 0;
        for place in memchr_iter(b'\n', bytes) {
            let line = bytes.get(from..=place).unwrap_or_default();
            let to = self.position + place as u64 + 1;
            let is_whole = self.line_from == self.position + from as u64;
            let hash = if is_whole { line_hash(line) } else { self.hash_of_pieces(to) };
            if self.marks.len() == MARKS {
                self.marks.pop_front();
            }
            self.marks.push_back(LineMark { from: self.line_from, to, hash });
            self.line_from = to;
            from = place + 1;
        }
        if bytes.len() >= TAIL {
            self.tail.clear();
            self.tail.extend(bytes.get(bytes.len() - TAIL..).unwrap_or_default());
        } else {
            self.tail.extend(bytes);
            let n_over = self.tail.len().saturating_sub(TAIL);
            self.tail.drain(..n_over);
        }
        self.position += bytes.len() as u64;
    }

    /// The hash of a line that came in pieces and ends at `to`, read again as a whole; 0, which stands for "not
    /// known", when it is too long for that.
    fn hash_of_pieces(&self, to: u64) -> u64 {
        let length = usize::try_from(to - self.line_from).unwrap_or(usize::MAX);
        if length > 1 << 20 {
            return 0;
        }
        let line = read_up_to(&self.file, self.line_from, length).unwrap_or_default();
        if line.len() == length { line_hash(&line) } else { 0 }
    }

    /// The same from the file, for bytes that somebody else reads.
    fn remember_from_file(&mut self) -> io::Result<()> {
        let n_head = HEAD.min(usize::try_from(self.position).unwrap_or(HEAD));
        self.head_from = 0;
        self.head = read_up_to(&self.file, 0, n_head)?;
        let from = self.position.saturating_sub(CHUNK as u64);
        let n_last = usize::try_from(self.position - from).unwrap_or(CHUNK);
        let last = read_up_to(&self.file, from, n_last)?;
        let position = self.position;
        self.position = from;
        self.line_from = from;
        self.marks.clear();
        self.remember(&last);
        debug_assert!(self.position <= position, "remembered more than was read");
        self.position = position;
        Ok(())
    }

    /// Announces everything up to the last line end, a body for each stretch between holes. False when there is no
    /// line end in reach.
    fn announce(&mut self, size: u64, out: &Out) -> Result<io::Result<bool>, Stopped> {
        let mut stretches = holes::stretches(&self.file, 0, size);
        if self.live {
            let Some((from, to)) = stretches.pop() else { return Ok(Ok(false)) };
            match last_line_end(&self.file, from, to) {
                Ok(Some(end)) => stretches.push((from, end)),
                Ok(None) if stretches.is_empty() => return Ok(Ok(false)),
                Ok(None) => {}
                Err(error) => return Ok(Err(error)),
            }
        }
        for (from, to) in stretches {
            self.gap_after = self.body.take().or(self.gap_after);
            let body = self.body(out)?;
            self.position = to;
            out.send(Delivery::Backlog { body, from, to })?;
        }
        if let Err(error) = self.remember_from_file() {
            return Ok(Err(error));
        }
        self.line_from = self.position;
        Ok(Ok(true))
    }

    /// True when the file still begins with the bytes we know and has the bytes we know before the position.
    fn still_ours(&self) -> io::Result<bool> {
        Ok(read_up_to(&self.file, self.head_from, self.head.len())? == self.head
            && read_up_to(&self.file, self.position - self.tail.len() as u64, self.tail.len())?
                == self.tail)
    }

    /// What it was before a cut, to know its copy by.
    fn ghost(&self) -> Self {
        Self {
            file: Arc::clone(&self.file),
            speaker: self.speaker.clone(),
            head: self.head.clone(),
            tail: self.tail.clone(),
            marks: VecDeque::new(),
            body: None,
            gap_after: None,
            ..*self
        }
    }

    /// Goes on with a body whose file was cut and this one is the copy of.
    pub fn inherit(&mut self, body: Option<BodyId>) {
        self.body = body;
    }

    /// Lets go of the body, which the caller ends or hands on.
    pub fn take_body(&mut self) -> Option<BodyId> {
        self.body.take().or(self.gap_after.take())
    }

    /// Ends the body that is left to this generation.
    pub fn end_body(&mut self, out: &Out) -> Result<(), Stopped> {
        match self.take_body() {
            Some(body) => out.send(Delivery::Ended { body, fingerprint: Some(self.fingerprint()) }),
            None => Ok(()),
        }
    }

    /// Goes on at `position` of the same file, which was cut. Returns what was read before, with the body.
    pub fn cut_to(&mut self, position: u64, out: &Out) -> Result<Self, Stopped> {
        let mut ghost = self.ghost();
        if let Some(body) = self.take_body() {
            out.send(Delivery::Cut { body, kept: position, fingerprint: ghost.fingerprint() })?;
            ghost.inherit(Some(body));
        }
        self.told_still = false;
        self.look = None;
        self.marks.retain(|mark| mark.to <= position);
        self.position = position;
        self.line_from = position;
        self.head
            .truncate(usize::try_from(position.saturating_sub(self.head_from)).unwrap_or(HEAD));
        self.tail.clear();
        if position > 0 {
            // When this fails the next look does, too, and says why.
            let from = position.saturating_sub(TAIL as u64);
            let n_tail = usize::try_from(position - from).unwrap_or(TAIL);
            self.tail = read_up_to(&self.file, from, n_tail).unwrap_or_default();
            if self.tail.len() < n_tail {
                self.tail.clear();
            }
        }
        Ok(ghost)
    }

    /// Passes on the unfinished rest and ends the body.
    pub fn finish(&mut self, out: &Out) -> Result<(), Stopped> {
        loop {
            let mut bytes = read_up_to(&self.file, self.position, CHUNK).unwrap_or_default();
            let n_read = bytes.len();
            let n_filled = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |place| place + 1);
            if n_read - n_filled > 1 {
                bytes.truncate(n_filled);
            }
            if bytes.is_empty() || !self.still_ours().unwrap_or(false) {
                break;
            }
            self.pass(bytes, out)?;
        }
        self.end_body(out)
    }
}

/// Reads up to `length` bytes at `offset`; fewer only at the end of the file.
pub(super) fn read_up_to(file: &File, offset: u64, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    let mut n_read = 0;
    while let Some(free) = bytes.get_mut(n_read..).filter(|free| !free.is_empty()) {
        match file.read_at(free, offset + n_read as u64) {
            Ok(0) => break,
            Ok(n_more) => n_read += n_more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(n_read);
    Ok(bytes)
}

/// The offset after the last line end in `from..to`, looked for in the last MiB of filled bytes.
fn last_line_end(file: &File, from: u64, to: u64) -> io::Result<Option<u64>> {
    let start = from.max(to.saturating_sub(1 << 20));
    let bytes = read_up_to(file, start, usize::try_from(to - start).unwrap_or(0))?;
    Ok(memrchr(b'\n', &bytes).map(|place| start + place as u64 + 1))
}

fn line_hash(line: &[u8]) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(line);
    hasher.finish() | 1
}
