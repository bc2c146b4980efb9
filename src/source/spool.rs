//! Keeps what has no file of its own: an unlinked file that only we can read and that is gone when we are.

use std::env;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{FallocateFlags, Mode, OFlags, fallocate, open, unlink};

use crate::private;

/// Beyond this many bytes the oldest are given up, so that a pipe that runs for weeks does not fill the disk.
const LIMIT: u64 = 32 << 30;
/// The oldest bytes are given up in pieces of this size.
const PIECE: u64 = 256 << 20;

/// An unlinked file that grows at its end.
#[derive(Debug)]
pub(super) struct Spool {
    pub file: Arc<File>,
    pub len: u64,
    folder: PathBuf,
    given_up: u64,
    /// Why nothing is kept any more.
    pub trouble: Option<String>,
}

impl Spool {
    /// Makes a spool file in `folder` or the first of the usual places that allows it. A folder on a disk goes before
    /// one in memory: a day of alerts may be larger than the memory.
    pub fn new(folder: Option<&Path>) -> io::Result<Self> {
        let mut last = io::Error::from(io::ErrorKind::NotFound);
        let mut tried = Vec::new();
        for folder in folders(folder) {
            match unlinked(&folder) {
                Ok(file) => {
                    let file = Arc::new(file);
                    return Ok(Self { file, len: 0, folder, given_up: 0, trouble: None });
                }
                Err(error) => last = error,
            }
            tried.push(folder.display().to_string());
        }
        let why = format!(
            "no spool file can be made in {}: {last}; set TMPDIR to a folder that can be written",
            tried.join(", ")
        );
        Err(io::Error::new(last.kind(), why))
    }

    /// Appends. A full disk costs the raw record, not the alert: `trouble` says so, and later bytes are tried again.
    pub fn append(&mut self, bytes: &[u8]) {
        self.trouble = self.file.write_all_at(bytes, self.len).err().map(|error| {
            let folder = self.folder.display();
            format!(
                "{folder}: {}; set TMPDIR to a folder with room",
                private::lack(error.kind()).map_or_else(|| error.to_string(), str::to_owned)
            )
        });
        self.len += bytes.len() as u64;
        if self.len - self.given_up > LIMIT + PIECE {
            let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
            // Where the file system cannot do it, the file grows.
            let _ = fallocate(&*self.file, flags, self.given_up, PIECE);
            self.given_up += PIECE;
        }
    }
}

fn folders(asked: Option<&Path>) -> Vec<PathBuf> {
    if let Some(folder) = asked {
        return vec![folder.to_owned()];
    }
    let named = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    [named("TMPDIR"), Some("/var/tmp".into()), Some("/tmp".into()), named("XDG_RUNTIME_DIR")]
        .into_iter()
        .flatten()
        .collect()
}

fn unlinked(folder: &Path) -> io::Result<File> {
    let mode = Mode::RUSR | Mode::WUSR;
    let flags = OFlags::RDWR | OFlags::CLOEXEC;
    #[cfg(target_os = "linux")]
    if let Ok(file) = open(folder, flags | OFlags::TMPFILE, mode) {
        return Ok(File::from(file));
    }
    let mut last = io::Error::from(io::ErrorKind::AlreadyExists);
    for attempt in 0..100_u32 {
        let path = folder.join(format!(".cadge-{}-{attempt}", std::process::id()));
        match open(&path, flags | OFlags::CREATE | OFlags::EXCL, mode) {
            Ok(file) => {
                unlink(&path)?;
                return Ok(File::from(file));
            }
            Err(error) => last = error.into(),
        }
    }
    Err(last)
}
