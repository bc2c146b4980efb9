//! Follows one log by its name through everything that rotation does to it.
//!
//! [`Tail::step`] looks at the files once and passes on what is new. It keeps no clock and no watch of its own: the
//! caller says what time it is and when to look, so that a test can step it through any story.

mod others;

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::bodies::{Fingerprint, find_copy, open_log};
use super::generation::{FileId, Generation, Read, Turn, file_id};
use super::out::{Out, Speaker, Stopped};
use super::siblings::{Found, Siblings, whole_print};
use super::{Delivery, SourceState};
use crate::model::BodyId;
pub(super) use others::{Elsewhere, Others};

/// A renamed or deleted generation is read until it has been quiet for so long: its writer may still hold it.
const QUIET: Duration = Duration::from_secs(20);
/// So many renamed generations are read at once; the oldest is given up beyond.
const OLD: usize = 32;
/// So many identities of cut generations are kept while their copies may appear.
const GHOSTS: usize = 16;
/// How long after a rotation the folder is looked at again for what the first look may have missed.
const SETTLING: Duration = Duration::from_secs(2);
/// Pause between two of these looks.
const SCAN_PAUSE: Duration = Duration::from_millis(40);
/// Bytes a log may pass on in one turn before the others have theirs.
const SHARE: usize = 1 << 20;

/// What a step came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// Nothing more to read now.
    Idle,
    /// More is there already.
    More,
    /// Never anything more, with the reason when it could not be read.
    Done(Option<String>),
}

/// One log that is read, and followed if asked.
#[derive(Debug)]
pub(super) struct Tail {
    pub path: PathBuf,
    speaker: Speaker,
    follow: bool,
    backlog_from: u64,
    /// What is said when the end is reached: following, or polling and why.
    pub at_end: SourceState,
    /// A log of a folder or a glob, which says itself how all of its logs go: only what passes is told.
    pub is_part: bool,
    current: Option<Generation>,
    /// What was held when the log was taken hold of, until it is read.
    held: Option<Fingerprint>,
    old: Vec<Generation>,
    ghosts: Vec<Generation>,
    siblings: Siblings,
    /// Where the path led last, when it is a symlink.
    target: Option<PathBuf>,
    has_looked: bool,
    scan_until: Duration,
    next_scan: Duration,
    /// Bytes of generations that are not read any more.
    n_retired: u64,
    told: Option<SourceState>,
}

impl Tail {
    pub fn new(path: PathBuf, speaker: Speaker, follow: bool, backlog_from: u64) -> Self {
        Self {
            path,
            speaker,
            follow,
            backlog_from,
            at_end: SourceState::Following,
            is_part: false,
            current: None,
            held: None,
            old: Vec::new(),
            ghosts: Vec::new(),
            siblings: Siblings::default(),
            target: None,
            has_looked: false,
            scan_until: Duration::ZERO,
            next_scan: Duration::ZERO,
            n_retired: 0,
            told: None,
        }
    }

    pub fn source(&self) -> crate::model::SourceId {
        self.speaker.source
    }

    /// Where the path leads, when that is another place.
    pub fn target(&self) -> Option<&Path> {
        self.target.as_deref()
    }

    /// A number that changes whenever something was read.
    pub fn progress(&self) -> u64 {
        let generations = self.current.iter().chain(&self.old);
        generations.fold(self.n_retired, |sum, generation| sum.wrapping_add(generation.position))
    }

    /// Takes hold of the log as it is now, to be read later: whatever rotation does meanwhile, nothing is missed.
    pub fn hold(&mut self) {
        self.siblings.is_history_read = true;
        self.first_look();
        if let Ok(file) = open_log(&self.path)
            && let Ok(metadata) = file.metadata()
            && metadata.is_file()
        {
            let id = file_id(&metadata);
            let speaker = self.speaker.clone();
            self.held = whole_print(&file, metadata.len());
            self.current = Some(Generation::new(file, id, speaker, self.follow, Duration::ZERO));
        }
    }

    /// The file that [`Tail::hold`] took hold of.
    pub fn held_file(&self) -> Option<&fs::File> {
        self.current.as_ref().map(|current| &*current.file)
    }

    /// Reads a file that is open already, once, from an offset.
    pub fn read_file(
        file: fs::File,
        from: u64,
        speaker: Speaker,
        backlog_from: u64,
        out: &Out,
    ) -> Result<io::Result<()>, Stopped> {
        let id = match file.metadata() {
            Ok(metadata) => file_id(&metadata),
            Err(error) => return Ok(Err(error)),
        };
        let mut generation = Generation::new(file, id, speaker, false, Duration::ZERO);
        if from > 0
            && let Err(error) = generation.skip_to(from)
        {
            return Ok(Err(error));
        }
        let turn = Turn { now: Duration::ZERO, share: usize::MAX, backlog_from };
        match generation.read(turn, out)? {
            Ok(_) => generation.finish(out).map(Ok),
            Err(error) => Ok(Err(error)),
        }
    }

    /// Takes what lies beside the log for history; true when this was done now.
    fn first_look(&mut self) -> bool {
        if self.has_looked || !self.follow {
            return !self.has_looked;
        }
        self.has_looked = true;
        self.find_target();
        self.siblings.settle(&self.places());
        true
    }

    /// Looks once and passes on what is new; a file that comes under this log's name may be one that others read.
    pub fn step_among(
        &mut self,
        others: &mut Others<'_>,
        now: Duration,
        out: &Out,
    ) -> Result<Progress, Stopped> {
        let is_first = self.first_look();
        let mut turn = Turn { now, share: SHARE, backlog_from: self.backlog_from };
        if let Some(held) = self.held.take()
            && self.current.as_ref().is_some_and(|current| !held.is_in(&current.file))
        {
            self.go_on_in_copy(&held, 0, None, now, out)?;
        }
        if self.read_old(&mut turn, out)? == Read::More {
            return Ok(Progress::More);
        }
        let metadata = match fs::metadata(&self.path) {
            Ok(metadata) => metadata,
            Err(error) => return self.no_file(&error, &mut turn, out),
        };
        if !metadata.is_file() {
            let what = if metadata.is_dir() { "is a folder now" } else { "is not a regular file" };
            return self.unreadable(&format!("{} {what}", self.path.display()), out);
        }
        let id = file_id(&metadata);
        if self.current.as_ref().is_none_or(|current| current.id != id) {
            match self.switch(id, is_first, others, &mut turn, out)? {
                Ok(Read::More) => return Ok(Progress::More),
                Ok(_) => {}
                Err(error) => return self.unreadable(&describe(&self.path, &error), out),
            }
        }
        let read = self.read_current(&mut turn, out)?;
        if now < self.scan_until && now >= self.next_scan {
            self.scan(&turn, out)?;
        }
        match read {
            Ok(Read::End { .. }) if self.follow => {
                self.tell(self.at_end.clone(), out)?;
                Ok(Progress::Idle)
            }
            Ok(Read::End { .. }) => {
                for mut generation in self.old.drain(..).chain(self.current.take()) {
                    generation.finish(out)?;
                }
                Ok(Progress::Done(None))
            }
            Ok(Read::More | Read::Cut) => Ok(Progress::More),
            Err(error) => self.unreadable(&describe(&self.path, &error), out),
        }
    }

    /// Reads the generations that were renamed away, oldest first, and lets go of the quiet ones.
    fn read_old(&mut self, turn: &mut Turn, out: &Out) -> Result<Read, Stopped> {
        let mut index = 0;
        while let Some(generation) = self.old.get_mut(index) {
            match generation.read(*turn, out)? {
                Ok(Read::More) => return Ok(Read::More),
                Ok(Read::Cut) => {
                    let common = generation.common_with(&generation.file).unwrap_or(0);
                    generation.cut_to(common, out)?.end_body(out)?;
                    continue;
                }
                Ok(Read::End { .. }) | Err(_) => {}
            }
            let is_over = turn.now.saturating_sub(generation.moved_at) >= QUIET;
            if is_over || self.old.len() > OLD {
                let mut generation = self.old.remove(index);
                generation.finish(out)?;
                self.siblings.retire(&generation);
                self.n_retired = self.n_retired.wrapping_add(generation.position);
            } else {
                index += 1;
            }
        }
        Ok(Read::End { moved: false })
    }

    /// Reads the generation the path shows, through cuts.
    fn read_current(&mut self, turn: &mut Turn, out: &Out) -> Result<io::Result<Read>, Stopped> {
        let Some(current) = self.current.as_mut() else {
            return Ok(Ok(Read::End { moved: false }));
        };
        let read = match current.read(*turn, out)? {
            Ok(read) => read,
            Err(error) => return Ok(Err(error)),
        };
        if read != Read::Cut {
            return Ok(Ok(read));
        }
        let common = match current.common_with(&current.file) {
            Ok(common) => common,
            Err(error) => return Ok(Err(error)),
        };
        self.ghosts.push(current.cut_to(common, out)?);
        if self.ghosts.len() > GHOSTS {
            let ghost = self.ghosts.remove(0);
            self.siblings.retire(&ghost);
        }
        if !self.follow {
            if let Some(mut ghost) = self.ghosts.pop() {
                let body = ghost.take_body();
                self.go_on_in_copy(&ghost.fingerprint(), ghost.position, body, turn.now, out)?;
            }
            return Ok(Ok(Read::More));
        }
        let name = self.path.display();
        let what = if common == 0 {
            format!("{name} was cut or overwritten; reading it from its beginning")
        } else {
            format!("{name} was cut back to what was read up to byte {common}; going on there")
        };
        out.state(self.speaker.source, SourceState::Truncated(what))?;
        self.told = None;
        self.scan_until = turn.now + SETTLING;
        self.scan(turn, out)?;
        if let Some(ghost) = self.ghosts.last_mut() {
            // Unless its copy was found, which goes on with it.
            ghost.end_body(out)?;
        }
        // The rest of the old content comes first, in the next step.
        Ok(Ok(Read::More))
    }

    /// Reads the rest of what was cut in the copy that was made of it, where there is one.
    fn go_on_in_copy(
        &mut self,
        print: &Fingerprint,
        position: u64,
        body: Option<BodyId>,
        now: Duration,
        out: &Out,
    ) -> Result<(), Stopped> {
        let copy = find_copy(&self.path, print).and_then(|file| {
            let id = file_id(&file.metadata().ok()?);
            let mut copy = Generation::new(file, id, self.speaker.clone(), self.follow, now);
            (position == 0 || copy.skip_to(position).is_ok()).then_some(copy)
        });
        match copy {
            Some(mut copy) => {
                copy.inherit(body);
                self.old.push(copy);
            }
            None => {
                let name = self.path.display();
                let what =
                    format!("{name} was cut while it was read; no copy beside it holds the rest");
                out.state(self.speaker.source, SourceState::Note(what))?;
                if let Some(body) = body {
                    let fingerprint = Some(*print);
                    out.send(Delivery::Ended { body, fingerprint })?;
                }
            }
        }
        Ok(())
    }

    /// The path shows a file that is not the one we read: the old one is read to its end, then the new one opened.
    fn switch(
        &mut self,
        id: FileId,
        is_first: bool,
        others: &mut Others<'_>,
        turn: &mut Turn,
        out: &Out,
    ) -> Result<io::Result<Read>, Stopped> {
        if let Some(current) = self.current.as_mut() {
            match current.read(*turn, out)? {
                Ok(Read::More) => return Ok(Ok(Read::More)),
                // It was cut and then renamed: its copy is among the siblings.
                Ok(Read::Cut) => return self.read_current(turn, out),
                Ok(Read::End { .. }) | Err(_) => {}
            }
        }
        let file = match open_log(&self.path) {
            Ok(file) => file,
            Err(error) => {
                self.step_back(turn.now);
                self.scan_until = turn.now + SETTLING;
                return Ok(Err(error));
            }
        };
        match file.metadata() {
            Ok(metadata) if file_id(&metadata) == id => {}
            // Rotated again while we looked.
            Ok(_) => return Ok(Ok(Read::More)),
            Err(error) => return Ok(Err(error)),
        }
        self.find_target();
        let is_own = self.old.iter().any(|generation| generation.id == id);
        let mut read_to = self.siblings.read_to(&file).filter(|_| self.follow);
        if self.follow && !is_own && read_to.is_none() {
            match others(&file) {
                Elsewhere::Unknown => {}
                Elsewhere::Read => {
                    self.step_back(turn.now);
                    return Ok(Ok(Read::End { moved: false }));
                }
                Elsewhere::Left(mut generation) => {
                    generation.speaker = self.speaker.clone();
                    self.old.push(*generation);
                }
                Elsewhere::ReadTo(position) => read_to = Some(position),
            }
        }
        let replaced = self.current.take();
        let is_copy_of = replaced.as_ref().and_then(|generation| prefix_of(generation, &file));
        if let Some(mut generation) = replaced {
            generation.moved_at = turn.now;
            self.old.push(generation);
        }
        let back = self.old.iter().position(|generation| generation.id == id);
        let next = if let Some(index) = back {
            // Renamed back to its own name, or from another log's.
            self.old.remove(index)
        } else {
            let mut next = Generation::new(file, id, self.speaker.clone(), self.follow, turn.now);
            if let Some(position) = is_copy_of.or(read_to)
                && let Err(error) = next.skip_to(position)
            {
                return Ok(Err(error));
            }
            next
        };
        self.current = Some(next);
        if !is_first {
            if !self.old.is_empty() {
                let name = self.path.display();
                let what = format!("{name} is a new file; the old one is read to its end");
                out.state(self.speaker.source, SourceState::Rotated(what))?;
                self.told = None;
            }
            self.scan_until = turn.now + SETTLING;
            if self.scan(turn, out)? {
                return Ok(Ok(Read::More));
            }
        }
        Ok(Ok(Read::End { moved: true }))
    }

    /// The path shows nothing: what we read goes on as a renamed or deleted file.
    fn no_file(
        &mut self,
        error: &io::Error,
        turn: &mut Turn,
        out: &Out,
    ) -> Result<Progress, Stopped> {
        if !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) {
            return self.unreadable(&describe(&self.path, error), out);
        }
        if !self.follow {
            return Ok(Progress::Done(Some(describe(&self.path, error))));
        }
        if let Some(current) = self.current.as_mut() {
            match current.read(*turn, out)? {
                Ok(Read::More) => return Ok(Progress::More),
                Ok(Read::Cut) => {
                    return Ok(match self.read_current(turn, out)? {
                        Ok(_) => Progress::More,
                        Err(_) => Progress::Idle,
                    });
                }
                Ok(Read::End { .. }) | Err(_) => {}
            }
            self.scan_until = turn.now + SETTLING;
            self.step_back(turn.now);
        }
        if turn.now >= self.next_scan && self.scan(turn, out)? {
            return Ok(Progress::More);
        }
        self.tell(SourceState::Waiting(self.path.display().to_string()), out)?;
        Ok(Progress::Idle)
    }

    fn step_back(&mut self, now: Duration) {
        if let Some(mut current) = self.current.take() {
            current.moved_at = now;
            self.old.push(current);
        }
    }

    fn unreadable(&mut self, why: &str, out: &Out) -> Result<Progress, Stopped> {
        if !self.follow {
            return Ok(Progress::Done(Some(why.to_owned())));
        }
        self.tell(SourceState::Unreadable(why.to_owned()), out)?;
        Ok(Progress::Idle)
    }

    /// Looks for generations beside the log that nobody read; true when there are any.
    fn scan(&mut self, turn: &Turn, out: &Out) -> Result<bool, Stopped> {
        if !self.follow {
            return Ok(false);
        }
        self.next_scan = turn.now + SCAN_PAUSE;
        let held: Vec<&Generation> = self.current.iter().chain(&self.old).collect();
        let scan = self.siblings.scan(&self.places(), &held, &self.ghosts);
        let found = !scan.found.is_empty();
        let mut laid: Vec<usize> = scan.found.iter().filter_map(|found| found.ghost).collect();
        for Found { file, id, path, ghost } in scan.found {
            let speaker = Speaker {
                name: path.to_string_lossy().into(),
                path: Some(Arc::from(path.as_path())),
                ..self.speaker.clone()
            };
            let mut generation = Generation::new(file, id, speaker, true, turn.now);
            let ghost = ghost.and_then(|index| self.ghosts.get_mut(index));
            let is_copy = ghost.is_some();
            if let Some(ghost) = ghost {
                if generation.skip_to(ghost.position).is_err() {
                    continue;
                }
                generation.inherit(ghost.take_body());
            }
            if !is_copy {
                let what = format!("{} was written and renamed between two looks", path.display());
                out.state(self.speaker.source, SourceState::Rotated(what))?;
                self.told = None;
            }
            self.old.push(generation);
        }
        // A ghost has one copy; what resembles it later is something else.
        laid.sort_unstable();
        for index in laid.into_iter().rev() {
            self.ghosts.remove(index).end_body(out)?;
        }
        Ok(found)
    }

    /// The names whose siblings are generations of this log.
    fn places(&self) -> Vec<PathBuf> {
        std::iter::once(self.path.clone()).chain(self.target.clone()).collect()
    }

    fn find_target(&mut self) {
        self.target = fs::canonicalize(&self.path).ok().filter(|real| *real != self.path);
    }

    fn tell(&mut self, state: SourceState, out: &Out) -> Result<(), Stopped> {
        if self.told.as_ref() == Some(&state) {
            return Ok(());
        }
        self.told = Some(state.clone());
        let told = match state {
            state if !self.is_part => state,
            SourceState::Waiting(what) => SourceState::Note(format!("{what} is not there now")),
            SourceState::Unreadable(why) => SourceState::Note(why),
            _ => return Ok(()),
        };
        out.state(self.speaker.source, told)
    }

    /// How it goes since it was read to its end; none while there is more to read.
    pub fn state(&self) -> Option<&SourceState> {
        self.told.as_ref()
    }
}

/// How much of the old file the new one repeats, when it took the old one's place (an editor, rsync): the old one has
/// no name any more. A rotated file keeps one, and then nothing is repeated.
fn prefix_of(old: &Generation, new: &fs::File) -> Option<u64> {
    use std::os::unix::fs::MetadataExt;
    if old.file.metadata().is_ok_and(|metadata| metadata.nlink() > 0) {
        return None;
    }
    old.common_with(new).ok().filter(|common| *common > 0)
}

/// A sentence for a file that cannot be read.
pub(super) fn describe(path: &Path, error: &io::Error) -> String {
    let hint = match error.kind() {
        ErrorKind::PermissionDenied => {
            "permission denied (give your user read access or a group that has it, or pipe it in)"
        }
        ErrorKind::NotFound => "no such file",
        _ => return format!("cannot read {}: {error}", path.display()),
    };
    format!("cannot read {}: {hint}", path.display())
}

#[cfg(test)]
mod tests;
