//! Finds the raw bytes of a record again: through a handle that is still open, or in a rotated copy.
//!
//! A body that ended by rotation keeps its handle as long as few others do; beyond that the file is looked for among
//! its siblings by device, inode and content. A body that was cut in place is looked for by content alone.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::hash::{DefaultHasher, Hasher};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::OFlags;

use crate::model::{BodyId, Location};

use super::generation::Look;
use super::{ByBody, Delivery, family};

/// Handles of ended bodies that have a path and may be opened again; the oldest are let go beyond this number.
const KEPT: usize = 64;

/// Deleted files are kept open as long as they take no more room than this on the disk.
const DELETED: u64 = 256 << 20;
/// So many bytes that came last are kept, of so many deliveries.
const FRESH: usize = 4 << 20;
const MOST_FRESH: usize = 4096;

/// A stretch of bytes by offset, length and hash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Print {
    pub from: u64,
    pub len: u32,
    pub hash: u64,
}

impl Print {
    /// The print of `bytes` that lie at `from`.
    pub fn of(from: u64, bytes: &[u8]) -> Self {
        let mut hasher = DefaultHasher::new();
        hasher.write(bytes);
        Self { from, len: u32::try_from(bytes.len()).unwrap_or(u32::MAX), hash: hasher.finish() }
    }

    /// True when `file` has these bytes at this place.
    pub fn is_in(&self, file: &File) -> bool {
        let mut bytes = vec![0; self.len as usize];
        file.read_exact_at(&mut bytes, self.from).is_ok()
            && Self::of(self.from, &bytes).hash == self.hash
    }
}

/// What is known of a generation's content: enough to recognize a copy of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fingerprint {
    /// The first bytes (at most 1 KiB).
    pub head: Print,
    /// The bytes (at most 4 KiB) before the place to which it was read.
    pub mark: Print,
}

impl Fingerprint {
    /// True when `file` holds all that was read, at the same offsets.
    pub fn is_in(&self, file: &File) -> bool {
        self.head.len > 0 && self.head.is_in(file) && self.mark.is_in(file)
    }
}

/// Why a record's bytes cannot be read any more, as a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the original is gone: {0}")]
pub struct Gone(pub String);

/// One body and where it may be found.
#[derive(Clone, Debug)]
struct Body {
    handle: Option<Arc<File>>,
    path: Option<PathBuf>,
    /// The handle shows the body up to here only.
    kept: u64,
    fingerprint: Option<Fingerprint>,
    /// How the file looked when it had ended and held all that was read.
    look: Option<Look>,
}

impl Body {
    /// The handle, when it may show what was read up to here: a log that is read no more may have been cut and filled again,
    /// and begins otherwise then.
    fn showing(&self, end: u64) -> Option<&Arc<File>> {
        let handle = self.handle.as_ref().filter(|_| end <= self.kept)?;
        let Some(print) = self.fingerprint.filter(|_| self.kept == u64::MAX) else {
            return Some(handle);
        };
        let look = handle.metadata().ok().map(|about| Look::new(&about));
        let is_it = || print.head.len == 0 || print.head.is_in(handle);
        ((look.is_some() && look == self.look) || is_it()).then_some(handle)
    }
}

/// Bytes of a log that may be cut at any moment, as they came.
#[derive(Clone, Debug)]
struct Fresh {
    body: BodyId,
    offset: u64,
    bytes: Arc<[u8]>,
}

/// The bodies read so far, and how to read them again. Cheap enough to clone; a clone does not see later bodies.
#[derive(Clone, Debug, Default)]
pub struct Bodies {
    bodies: ByBody<Body>,
    /// What came last ([`Bodies::keep`]), oldest first.
    fresh: VecDeque<Fresh>,
    n_fresh: usize,
    /// Ended bodies whose handle may be let go, oldest first.
    ended: VecDeque<BodyId>,
}

impl Bodies {
    /// Notes a delivery. Only `Opened`, `Cut` and `Ended` matter; call it for each of them.
    pub fn note(&mut self, delivery: &Delivery) {
        match delivery {
            Delivery::Opened(opened) => {
                let body = Body {
                    handle: Some(Arc::clone(&opened.handle)),
                    path: opened.path.clone(),
                    kept: u64::MAX,
                    fingerprint: None,
                    look: None,
                };
                self.bodies.insert(opened.body, body);
            }
            Delivery::Cut { body, kept, fingerprint } => {
                let Some(cut) = self.bodies.get_mut(*body) else { return };
                cut.kept = *kept;
                cut.fingerprint = Some(*fingerprint);
                // Bodies that were in the same file before have lost the same bytes.
                let Some(handle) = cut.handle.clone() else { return };
                let is_same =
                    |other: &Body| other.handle.as_ref().is_some_and(|h| Arc::ptr_eq(h, &handle));
                let others: Vec<BodyId> = self
                    .bodies
                    .iter()
                    .filter(|(_, other)| other.kept > *kept && is_same(other))
                    .map(|(id, _)| id)
                    .collect();
                for id in others {
                    if let Some(other) = self.bodies.get_mut(id) {
                        other.kept = *kept;
                    }
                }
            }
            Delivery::Ended { body, fingerprint } => {
                if let Some(found) = self.bodies.get_mut(*body) {
                    // A spool file has no other name: its handle is all there is.
                    if found.path.is_some() && fingerprint.is_some() {
                        found.fingerprint = found.fingerprint.or(*fingerprint);
                        let about = found.handle.as_ref().and_then(|file| file.metadata().ok());
                        let look = about.map(|about| Look::new(&about));
                        found.look = look.filter(|_| found.showing(0).is_some());
                        self.ended.push_back(*body);
                    }
                }
                while self.ended.len() > KEPT {
                    let oldest = self.ended.pop_front().and_then(|body| self.bodies.get_mut(body));
                    if let Some(oldest) = oldest {
                        oldest.handle = None;
                    }
                }
                self.free(DELETED);
            }
            _ => {}
        }
    }

    /// Lets go of deleted files, the oldest first, that take more room than this on the disk: while one is open nobody gets
    /// it back.
    fn free(&mut self, most: u64) {
        let mut n_bytes = 0;
        for body in self.ended.iter().rev() {
            let Some(body) = self.bodies.get_mut(*body) else { continue };
            let about = body.handle.as_ref().and_then(|handle| handle.metadata().ok());
            if let Some(about) = about.filter(|about| about.nlink() == 0) {
                n_bytes += about.blocks() * 512;
                if n_bytes > most {
                    body.handle = None;
                }
            }
        }
    }

    /// Keeps bytes of a file for a moment: it may be cut, and its copy packed, before its records are read.
    pub fn keep(&mut self, body: BodyId, offset: u64, bytes: &[u8]) {
        self.n_fresh += bytes.len();
        self.fresh.push_back(Fresh { body, offset, bytes: bytes.into() });
        while self.n_fresh > FRESH || self.fresh.len() > MOST_FRESH {
            let oldest = self.fresh.pop_front();
            self.n_fresh -= oldest.map_or(0, |oldest| oldest.bytes.len());
        }
    }

    /// A record of which all bytes are kept.
    fn kept(&self, location: Location) -> Option<&[u8]> {
        self.fresh.iter().rev().filter(|fresh| fresh.body == location.body).find_map(|fresh| {
            let from = usize::try_from(location.offset.checked_sub(fresh.offset)?).ok()?;
            fresh.bytes.get(from..from.checked_add(location.len as usize)?)
        })
    }

    /// The handle of a body while it is held: for reading many records in one go. A body that was cut has none.
    pub fn handle(&self, body: BodyId) -> Option<&Arc<File>> {
        let body = self.bodies.get(body)?;
        body.handle.as_ref().filter(|_| body.kept == u64::MAX)
    }

    /// Reads the bytes of a record again: from the handle, or from the copy that rotation made.
    pub fn read(&self, location: Location) -> Result<Vec<u8>, Gone> {
        if let Some(bytes) = self.kept(location) {
            return Ok(bytes.to_owned());
        }
        let Some(body) = self.bodies.get(location.body) else {
            return Err(Gone("its file is not known".to_owned()));
        };
        let end = location.offset + u64::from(location.len);
        let read = body.showing(end).map(|handle| read_record(handle, location));
        if let Some(Ok(bytes)) = read {
            return Ok(bytes);
        }
        let Some((path, fingerprint)) = body.path.as_deref().zip(body.fingerprint) else {
            return read.unwrap_or_else(|| Err(Gone("it has no file of its own".to_owned())));
        };
        match find_copy(path, &fingerprint) {
            Some(copy) => read_record(&copy, location),
            None => Err(Gone(format!("no rotated copy of {} holds it", path.display()))),
        }
    }
}

fn read_record(file: &File, location: Location) -> Result<Vec<u8>, Gone> {
    let mut bytes = vec![0; location.len as usize];
    match file.read_exact_at(&mut bytes, location.offset) {
        // A record never consists of NULs: its place was cut off or given up, and reads as a hole now.
        Ok(()) if !bytes.is_empty() && bytes.iter().all(|byte| *byte == 0) => {
            Err(Gone("its place in the file is empty now".to_owned()))
        }
        Ok(()) => Ok(bytes),
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            Err(Gone("the file was cut a moment ago".to_owned()))
        }
        Err(error) => Err(Gone(error.to_string())),
    }
}

/// The file beside `path` that holds this content.
pub(super) fn find_copy(path: &Path, fingerprint: &Fingerprint) -> Option<File> {
    let real = fs::canonicalize(path).ok().filter(|real| *real != path);
    let paths: Vec<PathBuf> = std::iter::once(path.to_owned()).chain(real).collect();
    // What was rotated once is rotated again: its log's other generations are looked through.
    let logs = family::group(paths.clone()).into_iter().map(|family| family.base);
    let names = paths.iter().cloned().chain(logs);
    names
        .flat_map(|path| std::iter::once(path.clone()).chain(family::siblings(&path)))
        .filter_map(|path| open_log(&path).ok())
        .find(|file| fingerprint.is_in(file))
}

/// Opens a file for reading without ever hanging on a FIFO or taking a terminal.
pub(super) fn open_log(path: &Path) -> std::io::Result<File> {
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let flags = i32::try_from(flags.bits()).unwrap_or(0);
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SourceId;
    use crate::source::Opened;

    #[test]
    fn a_log_that_was_cut_after_it_was_read_is_read_in_its_copy() {
        let folder = tempfile::tempdir().unwrap();
        let name = |name: &str| folder.path().join(name);
        let mut bodies = Bodies::default();
        // The log itself, and what was rotated before.
        for (n, (file, text)) in (0..).zip([("a.json", "first\n"), ("a.json.1", "older\n")]) {
            fs::write(name(file), text).unwrap();
            bodies.note(&Delivery::Opened(Opened {
                source: SourceId(0),
                body: BodyId(n),
                name: file.into(),
                handle: Arc::new(File::open(name(file)).unwrap()),
                path: Some(name(file)),
                live: false,
            }));
            let print = Print::of(0, text.as_bytes());
            let fingerprint = Some(Fingerprint { head: print, mark: print });
            bodies.note(&Delivery::Ended { body: BodyId(n), fingerprint });
        }
        let read = |bodies: &Bodies, n| {
            bodies.read(Location { body: BodyId(n), offset: 0, len: 5, nth: 0 })
        };
        fs::rename(name("a.json.1"), name("a.json.2")).unwrap();
        fs::copy(name("a.json"), name("a.json.1")).unwrap();
        fs::write(name("a.json"), "other\n").unwrap();
        bodies.bodies.get_mut(BodyId(1)).unwrap().handle = None;
        assert_eq!(read(&bodies, 0).unwrap(), b"first");
        assert_eq!(read(&bodies, 1).unwrap(), b"older");
        fs::remove_file(name("a.json.1")).unwrap();
        assert!(read(&bodies, 0).is_err());
    }

    #[test]
    fn deleted_files_are_let_go_when_they_take_too_much_room() {
        let folder = tempfile::tempdir().unwrap();
        let mut bodies = Bodies::default();
        for n in 0..4 {
            let path = folder.path().join(format!("{n}.json"));
            fs::write(&path, [b'x'; 8192]).unwrap();
            bodies.note(&Delivery::Opened(Opened {
                source: SourceId(0),
                body: BodyId(n),
                name: "events.json".into(),
                handle: Arc::new(File::open(&path).unwrap()),
                path: Some(path.clone()),
                live: true,
            }));
            let fingerprint = Some(Fingerprint::default());
            bodies.note(&Delivery::Ended { body: BodyId(n), fingerprint });
            if n != 1 {
                fs::remove_file(&path).unwrap();
            }
        }
        let held = |bodies: &Bodies| -> Vec<bool> {
            (0..4).map(|n| bodies.handle(BodyId(n)).is_some()).collect()
        };
        bodies.free(DELETED);
        assert_eq!(held(&bodies), [true; 4]);
        bodies.free(16384);
        assert_eq!(held(&bodies), [false, true, true, true]);
        bodies.free(0);
        assert_eq!(held(&bodies), [false, true, false, false]);
    }

    #[test]
    fn what_was_kept_is_read_though_the_file_holds_something_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.json");
        fs::write(&path, "first\n").unwrap();
        let mut bodies = Bodies::default();
        bodies.note(&Delivery::Opened(Opened {
            source: SourceId(0),
            body: BodyId(0),
            name: "events.json".into(),
            handle: Arc::new(File::open(&path).unwrap()),
            path: Some(path.clone()),
            live: true,
        }));
        bodies.keep(BodyId(0), 0, b"first\n");
        fs::write(&path, "other\n").unwrap();
        let at = |offset, len| Location { body: BodyId(0), offset, len, nth: 0 };
        assert_eq!(bodies.read(at(0, 5)).unwrap(), b"first");
        assert_eq!(bodies.read(at(2, 3)).unwrap(), b"rst");
        assert!(bodies.read(at(4, 5)).is_err());
        for n in 0..5000 {
            bodies.keep(BodyId(1), n, b"x");
        }
        assert_eq!(bodies.fresh.len(), MOST_FRESH);
        bodies.keep(BodyId(1), 5000, &vec![0; FRESH]);
        assert_eq!((bodies.fresh.len(), bodies.n_fresh), (1, FRESH));
        assert_eq!(bodies.read(at(0, 5)).unwrap(), b"other");
    }

    #[test]
    fn what_a_later_cut_took_is_not_read_as_an_older_body() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.json");
        fs::write(&path, "first\nsecond\n").unwrap();
        let handle = Arc::new(File::open(&path).unwrap());
        let mut bodies = Bodies::default();
        let open = |body: u32| {
            Delivery::Opened(Opened {
                source: SourceId(0),
                body: BodyId(body),
                name: "events.json".into(),
                handle: Arc::clone(&handle),
                path: Some(path.clone()),
                live: true,
            })
        };
        let cut = |body: u32, kept: u64| Delivery::Cut {
            body: BodyId(body),
            kept,
            fingerprint: Fingerprint::default(),
        };
        bodies.note(&open(0));
        bodies.note(&cut(0, 6));
        bodies.note(&open(1));
        let first = Location { body: BodyId(0), offset: 0, len: 5, nth: 0 };
        assert_eq!(bodies.read(first).unwrap(), b"first");
        bodies.note(&cut(1, 0));
        fs::write(&path, "other\n").unwrap();
        assert!(bodies.read(first).is_err());
    }
}
