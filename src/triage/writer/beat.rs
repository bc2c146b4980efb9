//! A look at the database from outside, without a thread and without SQL: two calls of `stat`, on somebody else's timer.

use super::Call;
use crate::triage::db::beside;
use jiff::Timestamp;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;
use std::time::{Duration, SystemTime};

/// A file written so recently may be written again without its time of change being another one.
const UNSURE: Duration = Duration::from_secs(1);

/// Looks whether anybody has written to the triage database, and calls the writer only then.
#[derive(Debug)]
pub struct Beat {
    path: PathBuf,
    calls: Sender<Call>,
    last: Option<Sight>,
}

impl Beat {
    pub(super) fn new(path: PathBuf, calls: Sender<Call>) -> Self {
        // Where the writer is gone there is nobody to call either.
        let _ = calls.send(Call::Paced(true));
        Self { path, calls, last: None }
    }

    /// Looks once; costs microseconds.
    pub fn strike(&mut self, now: Timestamp) {
        let sight = Sight::of(&self.path, now.into());
        let is_news = self.last.as_ref().is_none_or(|last| *last != sight || !last.is_sure);
        self.last = Some(sight);
        if is_news {
            let _ = self.calls.send(Call::Look);
        }
    }
}

impl Drop for Beat {
    fn drop(&mut self) {
        let _ = self.calls.send(Call::Paced(false));
    }
}

/// What the database and its log of writes look like from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Sight {
    files: [Option<Face>; 2],
    /// A later write would be seen.
    is_sure: bool,
}

/// Device, inode, length and time of the last change in nanoseconds.
type Face = (u64, u64, u64, i128);

impl Sight {
    fn of(path: &Path, now: SystemTime) -> Self {
        let about = [path.to_owned(), beside(path, "-wal")].map(|path| fs::metadata(path).ok());
        let is_old = |about: &Metadata| {
            let changed = about.modified().ok();
            changed.is_some_and(|at| match now.duration_since(at) {
                Ok(age) => age >= UNSURE,
                // A clock that went back, or another host's.
                Err(ahead) => ahead.duration() >= UNSURE,
            })
        };
        // A database that is not there may have come and gone since: the writer makes it again, or says why not.
        let [database, _] = &about;
        let is_sure = database.is_some() && about.iter().flatten().all(is_old);
        Self { files: about.map(|about| about.as_ref().map(face)), is_sure }
    }
}

fn face(about: &Metadata) -> Face {
    let changed = i128::from(about.mtime()) * 1_000_000_000 + i128::from(about.mtime_nsec());
    (about.dev(), about.ino(), about.len(), changed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::triage::{Answer, Db, Order, Retention, Shelter, Suppression, Writer};
    use std::fs::File;
    use std::sync::mpsc::{self, Receiver};

    const NOW: Timestamp = Timestamp::constant(1_795_000_000, 0);

    fn beat(path: &Path) -> (Beat, Receiver<Call>) {
        let (calls, inbox) = mpsc::channel();
        let beat = Beat::new(path.to_owned(), calls);
        assert!(matches!(inbox.recv(), Ok(Call::Paced(true))));
        (beat, inbox)
    }

    /// A writer on a clock that stands still, and what it answers.
    fn writer(path: &Path) -> (Writer, Receiver<Answer>) {
        let (told, answers) = mpsc::channel();
        let now = || Timestamp::UNIX_EPOCH;
        let keep = Retention::default();
        let writer = Writer::start(path.to_owned(), keep, Vec::new(), now, move |answer| {
            let _ = told.send(answer);
        });
        (writer, answers)
    }

    fn looks(inbox: &Receiver<Call>) -> usize {
        inbox.try_iter().filter(|call| matches!(call, Call::Look)).count()
    }

    fn write(path: &Path, text: &str, age: Duration) {
        fs::write(path, text).unwrap();
        let file = File::options().write(true).open(path).unwrap();
        file.set_modified(SystemTime::from(NOW) - age).unwrap();
    }

    #[test]
    fn the_writer_is_called_when_a_file_changed_and_not_otherwise() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("triage.db");
        let (mut beat, inbox) = beat(&path);
        let mut check = |says: &str, expected: usize| {
            beat.strike(NOW);
            assert_eq!(looks(&inbox), expected, "{says}");
        };
        check("the first look", 1);
        check("no file, as before: one may have come and gone", 1);
        write(&path, "a", 60 * UNSURE);
        check("a file came", 1);
        check("nothing changed", 0);
        let wal = folder.path().join("triage.db-wal");
        write(&wal, "a", 50 * UNSURE);
        check("a log of writes came", 1);
        write(&wal, "b", 40 * UNSURE);
        check("written again with the same length", 1);
        check("nothing changed", 0);
        fs::remove_file(&wal).unwrap();
        check("it went", 1);
        let other = folder.path().join("other");
        write(&other, "a", 60 * UNSURE);
        fs::rename(&other, &path).unwrap();
        check("another file in its place", 1);
        check("nothing changed", 0);
    }

    #[test]
    fn what_was_written_just_now_is_looked_at_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("triage.db");
        // Its time of change cannot tell it from what is written within the same tick of the clock.
        write(&path, "a", Duration::ZERO);
        let (mut beat, inbox) = beat(&path);
        beat.strike(NOW);
        beat.strike(NOW);
        assert_eq!(looks(&inbox), 2);
        write(&path, "a", 2 * UNSURE);
        beat.strike(NOW);
        beat.strike(NOW);
        assert_eq!(looks(&inbox), 1);
    }

    #[test]
    fn a_beat_makes_the_writer_tell_what_others_decided() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("triage.db");
        let (writer, answers) = writer(&path);
        let mut beat = writer.beat();
        assert_eq!(answers.recv(), Ok(Answer::Looked(Vec::new())));
        let (mut others, _) = Db::open(&path, Timestamp::UNIX_EPOCH).unwrap();
        others.save(&[], &[suppression()], &[], Timestamp::UNIX_EPOCH).unwrap();
        beat.strike(NOW);
        let came = Answer::Came { changes: Vec::new(), suppressions: vec![suppression()] };
        assert_eq!(answers.recv(), Ok(came));
        // An order is carried out at once, with a beat or without one.
        assert!(writer.order(Order::Look { source: "a".into(), at: Timestamp::UNIX_EPOCH }));
        drop(beat);
        assert!(matches!(writer.end(), Ok(None)));
    }

    #[test]
    fn a_database_that_came_and_went_between_two_looks_is_made_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("triage.db");
        let (writer, answers) = writer(&path);
        let mut beat = writer.beat();
        for _ in 0..3 {
            // Each time the file is opened this is said, and each time the beat finds none, as the last time.
            let answer = answers.recv_timeout(Duration::from_mins(1));
            assert_eq!(answer, Ok(Answer::Looked(Vec::new())));
            fs::remove_file(&path).unwrap();
            beat.strike(NOW);
        }
        assert!(matches!(writer.end(), Ok(None)));
    }

    #[test]
    fn a_writer_ends_while_somebody_holds_its_beat() {
        let folder = tempfile::tempdir().unwrap();
        let now = || Timestamp::UNIX_EPOCH;
        let path = folder.path().join("triage.db");
        let writer = Writer::start(path, Retention::default(), Vec::new(), now, |_| ());
        let mut beat = writer.beat();
        assert!(matches!(writer.end(), Ok(None)));
        beat.strike(NOW);
    }

    fn suppression() -> Suppression {
        Suppression {
            id: "a".into(),
            filter: "proc.name = nc".into(),
            author: "ana".into(),
            reason: String::new(),
            made: Timestamp::UNIX_EPOCH,
            ends: Timestamp::UNIX_EPOCH,
            shelter: Shelter::default(),
            lifted: None,
        }
    }
}
