//! Finds the raw bytes of a record again: through a handle that is still open, or in a rotated copy.
//!
//! A body that ended by rotation keeps its handle as long as few others do; beyond that the file is looked for among
//! its siblings by device, inode and content. A body that was cut in place is looked for by content alone.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::hash::{DefaultHasher, Hasher};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::OFlags;

use crate::model::{BodyId, Location};

use super::{ByBody, Delivery, family};

/// Handles of ended bodies that have a path and may be opened again; the oldest are let go beyond this number.
const KEPT: usize = 64;

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
}

/// The bodies read so far, and how to read them again. Cheap enough to clone; a clone does not see later bodies.
#[derive(Clone, Debug, Default)]
pub struct Bodies {
    bodies: ByBody<Body>,
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
                        self.ended.push_back(*body);
                    }
                }
                while self.ended.len() > KEPT {
                    let oldest = self.ended.pop_front().and_then(|body| self.bodies.get_mut(body));
                    if let Some(oldest) = oldest {
                        oldest.handle = None;
                    }
                }
            }
            _ => {}
        }
    }

    /// The handle of a body while it is held: for reading many records in one go. A body that was cut has none.
    pub fn handle(&self, body: BodyId) -> Option<&Arc<File>> {
        let body = self.bodies.get(body)?;
        body.handle.as_ref().filter(|_| body.kept == u64::MAX)
    }

    /// Reads the bytes of a record again: from the handle, or from the copy that rotation made.
    pub fn read(&self, location: Location) -> Result<Vec<u8>, Gone> {
        let Some(body) = self.bodies.get(location.body) else {
            return Err(Gone("its file is not known".to_owned()));
        };
        let end = location.offset + u64::from(location.len);
        if let Some(handle) = &body.handle
            && end <= body.kept
        {
            return read_record(handle, location);
        }
        let Some((path, fingerprint)) = body.path.as_deref().zip(body.fingerprint) else {
            return Err(Gone("it has no file of its own".to_owned()));
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
fn find_copy(path: &Path, fingerprint: &Fingerprint) -> Option<File> {
    let real = fs::canonicalize(path).ok();
    let paths = [Some(path), real.as_deref().filter(|real| *real != path)];
    paths
        .into_iter()
        .flatten()
        .flat_map(|path| std::iter::once(path.to_owned()).chain(family::siblings(path)))
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
