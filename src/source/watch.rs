//! Notices of changes from the system, and when not to rely on them. A notice only wakes; what changed is found by
//! looking. Folders are watched, because a watch on a file follows it through a rename.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::SyncSender;

use notify::event::{AccessKind, AccessMode, ModifyKind};
use notify::{ErrorKind, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use super::generation::{FileId, file_id};
use super::poller::Wake;

/// The folders that are watched for the poller.
#[derive(Debug)]
pub(super) struct Watch {
    watcher: Option<RecommendedWatcher>,
    folders: BTreeMap<PathBuf, FileId>,
    /// Why there are no notices.
    pub trouble: Option<String>,
}

impl Watch {
    /// Starts watching; when the system refuses, `trouble` says why.
    pub fn new(wakes: SyncSender<Wake>) -> Self {
        let told = move |event: notify::Result<Event>| {
            if let Some(wake) = wake_of(event) {
                // When the channel is full the poller is awake anyway, and its next look sees everything.
                let _ = wakes.try_send(wake);
            }
        };
        match notify::recommended_watcher(told) {
            Ok(watcher) => Self { watcher: Some(watcher), folders: BTreeMap::new(), trouble: None },
            Err(error) => Self::off(reason(&error)),
        }
    }

    /// Watches nothing.
    pub fn off(why: String) -> Self {
        Self { watcher: None, folders: BTreeMap::new(), trouble: Some(why) }
    }

    /// Watches these folders and no others; a folder made anew under the same name is watched anew.
    pub fn set<'a>(&mut self, folders: impl Iterator<Item = &'a Path>) {
        let Some(watcher) = self.watcher.as_mut() else { return };
        let wanted: BTreeMap<&Path, FileId> = folders
            .filter_map(|folder| Some((folder, file_id(&fs::metadata(folder).ok()?))))
            .collect();
        self.folders.retain(|folder, id| {
            let keep = wanted.get(folder.as_path()) == Some(id);
            if !keep {
                // The folder may be gone itself, and its watch with it.
                let _ = watcher.unwatch(folder);
            }
            keep
        });
        for (folder, id) in wanted {
            if self.folders.contains_key(folder) {
                continue;
            }
            match watcher.watch(folder, RecursiveMode::NonRecursive) {
                Ok(()) => {
                    self.folders.insert(folder.to_owned(), id);
                }
                // Gone between two looks; the next one finds what is there then.
                Err(notify::Error { kind: ErrorKind::PathNotFound, .. }) => {}
                Err(error) => {
                    *self = Self::off(reason(&error));
                    return;
                }
            }
        }
    }
}

/// What a notice means to the poller; none when it is of our own making.
fn wake_of(event: notify::Result<Event>) -> Option<Wake> {
    let event = match event {
        Ok(event) => event,
        Err(error) => return Some(Wake::Trouble(reason(&error))),
    };
    if event.need_rescan() {
        return Some(Wake::Moved(Vec::new()));
    }
    match event.kind {
        // Our own reading opens files; only somebody's closing after a write is news.
        EventKind::Access(AccessKind::Close(AccessMode::Write))
        | EventKind::Modify(ModifyKind::Data(_) | ModifyKind::Any | ModifyKind::Other) => {
            Some(Wake::Written(event.paths))
        }
        EventKind::Access(_) => None,
        _ => Some(Wake::Moved(event.paths)),
    }
}

/// The folders whose changes may matter to a log: its own, and those of the places its symlinks lead through. Where a
/// folder is missing, the nearest one above it.
pub(super) fn folders_of(log: &Path) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    let mut path = log.to_owned();
    // As many links as the kernel follows.
    for _ in 0..40 {
        if let Some(folder) = nearest_folder(&path)
            && !folders.contains(&folder)
        {
            folders.push(folder);
        }
        match fs::read_link(&path) {
            Ok(target) => path = path.parent().unwrap_or(Path::new("")).join(target),
            Err(_) => break,
        }
    }
    folders
}

fn nearest_folder(file: &Path) -> Option<PathBuf> {
    let mut folder = file.parent()?;
    loop {
        let path = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        if path.is_dir() {
            return Some(path.to_owned());
        }
        folder = folder.parent()?;
    }
}

/// Why the file system of this log gives no notices of what others write to it; none when it does.
pub(super) fn silent_file_system(path: &Path) -> Option<&'static str> {
    let folder = nearest_folder(path)?;
    let place = if path.exists() { path } else { &folder };
    // Linux's magic numbers are 32 bits wide in a word of any width.
    match rustix::fs::statfs(place).ok()?.f_type & 0xffff_ffff {
        0x6969 => Some("NFS does not tell of changes"),
        0x517b | 0xff53_4d42 | 0xfe53_4d42 => Some("a Windows share does not tell of changes"),
        0x0102_1997 => Some("9p does not tell of changes"),
        0x6573_5546 => Some("FUSE does not tell of changes"),
        0x0bd0_0bd0 | 0x00c3_6400 | 0x5346_414f => {
            Some("a network file system does not tell of changes")
        }
        _ => None,
    }
}

fn reason(error: &notify::Error) -> String {
    match &error.kind {
        ErrorKind::MaxFilesWatch => {
            "the limit of watches is reached (fs.inotify.max_user_watches)".to_owned()
        }
        ErrorKind::Io(error) if error.raw_os_error() == Some(24) => {
            "the limit of watchers is reached (fs.inotify.max_user_instances)".to_owned()
        }
        ErrorKind::Io(error) => format!("no notices of changes: {error}"),
        _ => format!("no notices of changes: {error}"),
    }
}
