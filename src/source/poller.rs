//! One thread looks after all logs: woken by notices, and twice a second by its one timer in any case.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use crate::model::SourceId;

use super::expand::Group;
use super::out::{Out, Stopped};
use super::tail::{Elsewhere, Progress, Tail};
use super::watch::{Watch, folders_of, silent_file_system};
use super::{Beat, Delivery, SourceState};

/// Pause between two looks while the system tells of changes.
const SLOW: Duration = Duration::from_millis(500);
/// Pause between two looks where it does not.
const FAST: Duration = Duration::from_millis(100);
/// Least pause between two turns: a writer of a thousand lines a second does not wake us a thousand times.
const BREATH: Duration = Duration::from_millis(4);
/// A change that no notice announced, seen so often in a row, shows that notices do not come.
const UNANNOUNCED: u32 = 3;

/// What wakes the poller.
#[derive(Debug)]
pub(super) enum Wake {
    /// The content of these files changed.
    Written(Vec<PathBuf>),
    /// Files came, went or were renamed in the folders of these paths; in any folder when there are none.
    Moved(Vec<PathBuf>),
    /// Notices do not come any more.
    Trouble(String),
    /// One more log to read.
    Add(Box<Tail>),
    /// A folder or glob whose new logs are to be read as well.
    Attend(Box<Group>),
    /// No more logs come for this source: it is done when those it has are, with this error.
    Complete(SourceId, Option<String>),
    /// The handle was dropped.
    Stop,
}

/// A log and what the poller knows about it.
struct Followed {
    tail: Tail,
    /// The folders whose changes matter to it.
    folders: Vec<PathBuf>,
    is_due: bool,
    was_woken: bool,
    n_unannounced: u32,
    /// Why notices cannot be relied on for this log.
    silent: Option<String>,
}

/// The thread's state.
pub(super) struct Poller {
    out: Out,
    watch: Option<Watch>,
    started: Instant,
    tails: Vec<Followed>,
    groups: Vec<Group>,
    complete: BTreeMap<SourceId, Option<String>>,
    /// Sources that are not done yet.
    open: BTreeSet<SourceId>,
    beat: Option<Beat>,
    next_beat: Instant,
}

impl Poller {
    /// A poller for these sources; `watch` is none when nothing is followed.
    pub fn new(
        out: Out,
        watch: Option<Watch>,
        open: BTreeSet<SourceId>,
        beat: Option<Beat>,
    ) -> Self {
        Self {
            out,
            watch,
            beat,
            next_beat: Instant::now(),
            started: Instant::now(),
            tails: Vec::new(),
            groups: Vec::new(),
            complete: BTreeMap::new(),
            open,
        }
    }

    /// Runs until everything is read, the handle is dropped or the receiver is gone.
    pub fn run(&mut self, wakes: &Receiver<Wake>) -> Result<(), Stopped> {
        let mut next_look = Instant::now();
        let mut last_turn: Option<Instant> = None;
        while !self.open.is_empty() {
            if !self.collect(wakes, next_look, last_turn) {
                return Ok(());
            }
            // What came may want to be looked at more often than was thought before.
            next_look = next_look.min(Instant::now() + self.pause());
            if next_look <= Instant::now() {
                self.refresh();
                for followed in &mut self.tails {
                    followed.is_due = true;
                }
                next_look = Instant::now() + self.pause();
                self.strike();
            }
            self.turn()?;
            self.tell_groups()?;
            last_turn = Some(Instant::now());
            self.report_done()?;
        }
        Ok(())
    }

    /// Lets others look on the same timer, never more often than the slow one.
    fn strike(&mut self) {
        let now = Instant::now();
        if let Some(beat) = self.beat.as_mut().filter(|_| now >= self.next_beat) {
            beat();
            // A look that came a little late does not make the next beat miss its look.
            self.next_beat = now + SLOW * 9 / 10;
        }
    }

    /// Waits for the next look or a wake, and takes all wakes that come until the last turn is a breath ago.
    /// False to stop.
    fn collect(
        &mut self,
        wakes: &Receiver<Wake>,
        next_look: Instant,
        last_turn: Option<Instant>,
    ) -> bool {
        let mut until = if self.tails.iter().any(|followed| followed.is_due) {
            Instant::now()
        } else {
            next_look
        };
        loop {
            match wakes.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(wake) => {
                    if !self.take(wake) {
                        return false;
                    }
                    let breath = last_turn.map_or_else(Instant::now, |turn| turn + BREATH);
                    until = until.min(breath);
                }
                Err(RecvTimeoutError::Timeout) => return true,
                Err(RecvTimeoutError::Disconnected) => return false,
            }
        }
    }

    /// False to stop.
    fn take(&mut self, wake: Wake) -> bool {
        match wake {
            Wake::Written(paths) => {
                self.wake(|followed| paths.iter().any(|path| is_of(path, &followed.tail)));
            }
            Wake::Moved(paths) => self.wake(|followed| {
                let touches = |path: &PathBuf| {
                    followed
                        .folders
                        .iter()
                        .any(|folder| path == folder || path.parent() == Some(folder))
                };
                paths.is_empty() || paths.iter().any(touches)
            }),
            Wake::Trouble(why) => self.watch = Some(Watch::off(why)),
            Wake::Add(tail) => {
                let silent = silent_file_system(&tail.path).map(str::to_owned);
                self.tails.push(Followed {
                    tail: *tail,
                    folders: Vec::new(),
                    is_due: true,
                    was_woken: true,
                    n_unannounced: 0,
                    silent,
                });
                self.refresh_watch();
            }
            Wake::Attend(group) => self.groups.push(*group),
            Wake::Complete(source, error) => {
                self.complete.insert(source, error);
            }
            Wake::Stop => return false,
        }
        true
    }

    fn wake(&mut self, concerned: impl Fn(&Followed) -> bool) {
        for followed in &mut self.tails {
            if concerned(followed) {
                followed.is_due = true;
                followed.was_woken = true;
                followed.n_unannounced = 0;
            }
        }
    }

    /// Gives each log that is due its share.
    fn turn(&mut self) -> Result<(), Stopped> {
        let now = self.started.elapsed();
        let trouble = self.watch.as_ref().and_then(|watch| watch.trouble.clone());
        let mut over = Vec::new();
        for index in 0..self.tails.len() {
            let (before, rest) = self.tails.split_at_mut(index);
            let Some((followed, after)) = rest.split_first_mut() else { break };
            if !std::mem::take(&mut followed.is_due) {
                continue;
            }
            followed.tail.at_end = match followed.silent.as_ref().or(trouble.as_ref()) {
                Some(why) => SourceState::Polling(why.clone()),
                None => SourceState::Following,
            };
            let mut others = |file: &File| {
                let mut logs = before.iter_mut().chain(after.iter_mut());
                let known = logs.find_map(|other| match other.tail.knows(file) {
                    Elsewhere::Unknown => None,
                    known => Some(known),
                });
                known.unwrap_or(Elsewhere::Unknown)
            };
            let was_at = followed.tail.progress();
            let progress = followed.tail.step_among(&mut others, now, &self.out)?;
            let was_woken = std::mem::take(&mut followed.was_woken);
            if followed.tail.progress() != was_at && !was_woken {
                followed.n_unannounced += 1;
                if followed.n_unannounced == UNANNOUNCED && trouble.is_none() {
                    followed.silent =
                        Some("notices of changes do not come for this file".to_owned());
                }
            }
            match progress {
                Progress::Idle => {}
                Progress::More => {
                    followed.is_due = true;
                    followed.was_woken = true;
                }
                Progress::Done(error) => over.push((index, error)),
            }
        }
        for (index, error) in over.into_iter().rev() {
            let source = self.tails.remove(index).tail.source();
            if let Some(error) = error {
                self.fail(source, error)?;
            }
        }
        Ok(())
    }

    /// Says how each folder or glob goes, when that changed.
    fn tell_groups(&mut self) -> Result<(), Stopped> {
        for group in &mut self.groups {
            let logs = self.tails.iter().map(|followed| &followed.tail);
            let state = group.state(logs.filter(|tail| tail.source() == group.source));
            if let Some(state) = state.filter(|state| group.told.as_ref() != Some(state)) {
                group.told = Some(state.clone());
                self.out.state(group.source, state)?;
            }
        }
        Ok(())
    }

    fn fail(&mut self, source: SourceId, error: String) -> Result<(), Stopped> {
        self.out.state(source, SourceState::Unreadable(error.clone()))?;
        self.complete.entry(source).or_default().get_or_insert(error);
        Ok(())
    }

    fn report_done(&mut self) -> Result<(), Stopped> {
        let is_over = |source: &SourceId| {
            !self.tails.iter().any(|followed| followed.tail.source() == *source)
        };
        let over: Vec<SourceId> = self.complete.keys().copied().filter(is_over).collect();
        for source in over {
            let error = self.complete.remove(&source).flatten();
            self.open.remove(&source);
            if error.is_none() {
                self.out.state(source, SourceState::Finished)?;
            }
            self.out.send(Delivery::Done { source, error })?;
        }
        Ok(())
    }

    fn pause(&self) -> Duration {
        let silent = self.tails.iter().any(|followed| followed.silent.is_some());
        let trouble = self.watch.as_ref().is_some_and(|watch| watch.trouble.is_some());
        if (silent || trouble) && !self.tails.is_empty() { FAST } else { SLOW }
    }

    fn refresh(&mut self) {
        let mut groups = std::mem::take(&mut self.groups);
        for group in &mut groups {
            let read = self.tails.iter().map(|followed| followed.tail.path.as_path());
            for tail in group.fresh(read) {
                self.take(Wake::Add(Box::new(tail)));
            }
        }
        self.groups = groups;
        self.refresh_watch();
    }

    /// Watches the folders where the logs are now; they may have been moved or made anew.
    fn refresh_watch(&mut self) {
        let Some(watch) = self.watch.as_mut() else { return };
        for followed in &mut self.tails {
            followed.folders = folders_of(&followed.tail.path);
        }
        let folders = self.tails.iter().flat_map(|followed| &followed.folders);
        watch.set(folders.map(PathBuf::as_path));
    }
}

/// True when the content of the log, its target or a generation of it changed.
fn is_of(changed: &Path, tail: &Tail) -> bool {
    let Some(name) = changed.file_name() else { return true };
    let begins = |path: &Path| {
        path.file_name()
            .is_some_and(|log| name.as_encoded_bytes().starts_with(log.as_encoded_bytes()))
    };
    begins(&tail.path) || tail.target().is_some_and(begins)
}
