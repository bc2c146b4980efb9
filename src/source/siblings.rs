//! Generations that appear beside a log: the copy that copytruncate made, and files that were written and renamed
//! between two of our looks. What was there when we came is history; what holds the same bytes was read already.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs::{self, File, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::bodies::{Fingerprint, Print, open_log};
use super::family;
use super::generation::{FileId, Generation, Likeness, Look, file_id, read_up_to};
use super::unpack::{packing, unpacked};

/// A copy that was packed is not unpacked beyond this.
const MOST_UNPACKED: u64 = 1 << 30;
/// Fingerprints of generations that are over.
const REMEMBERED: usize = 256;

/// A sibling that has something for us.
#[derive(Debug)]
pub(super) struct Found {
    pub file: File,
    pub id: FileId,
    pub path: PathBuf,
    /// It is the copy of this ghost, and everything before the ghost's position was read.
    pub ghost: Option<usize>,
}

/// What one look at the folder came to.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// Oldest first.
    pub found: Vec<Found>,
    /// A copy is being made: look again soon.
    pub unsettled: bool,
}

/// The siblings that need no reading.
#[derive(Debug, Default)]
pub(super) struct Siblings {
    /// What lay beside the log at first is read by somebody else.
    pub is_history_read: bool,
    known: BTreeMap<FileId, (Look, Option<Fingerprint>)>,
    /// Packed files that are no copies we wait for.
    packed: BTreeSet<Packed>,
    over: VecDeque<Over>,
}

/// A packed file by what stays when it is renamed: its identity, size and time.
type Packed = (FileId, u64, i64, i64);

/// A file that was read, as far as its fingerprint goes.
#[derive(Debug)]
struct Over {
    id: FileId,
    /// When the file was made: its number is given to another one when it is gone. None where that is not kept.
    born: Option<SystemTime>,
    print: Fingerprint,
}

impl Siblings {
    /// Takes everything that is there now for history.
    pub fn settle(&mut self, paths: &[PathBuf]) {
        self.packed = packed_siblings(paths).into_iter().map(|(_, packed)| packed).collect();
        for path in all_siblings(paths) {
            if let Ok(metadata) = fs::metadata(&path) {
                let print =
                    open_log(&path).ok().and_then(|file| whole_print(&file, metadata.len()));
                if let Some(print) = print.filter(|_| self.is_history_read) {
                    self.remember(&metadata, print);
                }
                self.known.insert(file_id(&metadata), (Look::new(&metadata), print));
            }
        }
    }

    /// Notes a generation that is not read any more.
    pub fn retire(&mut self, generation: &Generation) {
        self.leave(generation);
        if let Ok(metadata) = generation.file.metadata() {
            self.remember(&metadata, generation.fingerprint());
        }
    }

    /// Notes a generation that somebody else goes on with.
    pub fn leave(&mut self, generation: &Generation) {
        if let Ok(metadata) = generation.file.metadata() {
            let print = Some(generation.fingerprint());
            self.known.insert(generation.id, (Look::new(&metadata), print));
        }
    }

    fn remember(&mut self, metadata: &Metadata, print: Fingerprint) {
        let born = metadata.created().ok();
        self.over.push_back(Over { id: file_id(metadata), born, print });
        if self.over.len() > REMEMBERED {
            self.over.pop_front();
        }
    }

    /// How far this very file was read, under whatever name.
    pub fn read_to(&self, file: &File) -> Option<u64> {
        let metadata = file.metadata().ok()?;
        let (id, born) = (file_id(&metadata), metadata.created().ok()?);
        let is_it = |over: &&Over| over.id == id && over.born == Some(born);
        let over = self.over.iter().rev().find(is_it)?;
        over.print.is_in(file).then(|| over.print.mark.from + u64::from(over.print.mark.len))
    }

    /// Looks for generations that nobody read. `held` are being read; `ghosts` were cut under us.
    pub fn scan(&mut self, paths: &[PathBuf], held: &[&Generation], ghosts: &[Generation]) -> Scan {
        let mut scan = Scan::default();
        let mut present = Vec::new();
        for path in all_siblings(paths) {
            let Ok(metadata) = fs::metadata(&path) else {
                scan.unsettled = true;
                continue;
            };
            let id = file_id(&metadata);
            present.push(id);
            let look = Look::new(&metadata);
            if !metadata.is_file()
                || held.iter().any(|generation| generation.id == id)
                || self.known.get(&id).is_some_and(|(known, _)| *known == look)
                || scan.found.iter().any(|found| found.id == id)
            {
                continue;
            }
            let ghosts: Vec<(usize, &Generation)> = ghosts
                .iter()
                .enumerate()
                .filter(|(index, _)| !scan.found.iter().any(|found| found.ghost == Some(*index)))
                .collect();
            match self.judge(&path, id, held, &ghosts) {
                Ok(Verdict::Unread(file, ghost)) => {
                    scan.found.push(Found { file, id, path, ghost });
                }
                Ok(Verdict::Known(print)) => {
                    self.known.insert(id, (look, print));
                }
                Ok(Verdict::Unsettled) | Err(_) => scan.unsettled = true,
            }
        }
        self.known.retain(|id, _| present.contains(id));
        self.scan_packed(paths, ghosts, &mut scan);
        // The rest of a copy comes before what was written after the cut.
        scan.found
            .sort_by_key(|found| (found.ghost.is_none(), found.ghost, family::age_of(&found.path)));
        scan
    }

    /// Looks into packed files that came since the last look, for copies that were packed before anybody saw them.
    fn scan_packed(&mut self, paths: &[PathBuf], ghosts: &[Generation], scan: &mut Scan) {
        let there = packed_siblings(paths);
        self.packed.retain(|packed| there.iter().any(|(_, there)| there == packed));
        for (path, packed) in there {
            let is_open = |index: usize| !scan.found.iter().any(|found| found.ghost == Some(index));
            let ghosts: Vec<_> =
                ghosts.iter().enumerate().filter(|(index, _)| is_open(*index)).collect();
            // One that is torn is being written, and looks otherwise when there is more of it.
            if !self.packed.insert(packed) || ghosts.is_empty() {
                continue;
            }
            let content = open_log(&path).ok().and_then(|file| {
                let packing = packing(&file)?;
                unpacked(file, packing, MOST_UNPACKED)
            });
            let Some((file, about)) = content.and_then(|file| {
                let about = file.metadata().ok()?;
                Some((file, about))
            }) else {
                scan.unsettled = true;
                continue;
            };
            let is_copy = |ghost: &Generation| {
                ghost.likeness(&file).is_ok_and(|likeness| likeness == Likeness::Copy)
            };
            if let Some((index, _)) = ghosts.into_iter().rev().find(|(_, ghost)| is_copy(ghost)) {
                scan.found.push(Found { file, id: file_id(&about), path, ghost: Some(index) });
            }
        }
    }

    fn judge(
        &self,
        path: &Path,
        id: FileId,
        held: &[&Generation],
        ghosts: &[(usize, &Generation)],
    ) -> std::io::Result<Verdict> {
        let file = open_log(path)?;
        let metadata = file.metadata()?;
        if file_id(&metadata) != id || metadata.len() == 0 {
            return Ok(Verdict::Unsettled);
        }
        if let Some((_, print @ Some(fingerprint))) = self.known.get(&id)
            && fingerprint.head.is_in(&file)
        {
            return Ok(Verdict::Known(*print));
        }
        let mut unsettled = false;
        for (index, ghost) in ghosts.iter().rev() {
            match ghost.likeness(&file)? {
                Likeness::Copy => return Ok(Verdict::Unread(file, Some(*index))),
                Likeness::Partial => unsettled = true,
                Likeness::Other => {}
            }
        }
        for generation in held {
            unsettled |= generation.likeness(&file)? != Likeness::Other;
        }
        if unsettled {
            return Ok(Verdict::Unsettled);
        }
        let mut prints = self
            .over
            .iter()
            .map(|over| &over.print)
            .chain(self.known.values().filter_map(|(_, print)| print.as_ref()));
        if let Some(print) = prints.find(|print| print.is_in(&file)) {
            return Ok(Verdict::Known(Some(*print)));
        }
        Ok(Verdict::Unread(file, None))
    }
}

#[derive(Debug)]
enum Verdict {
    Unread(File, Option<usize>),
    Known(Option<Fingerprint>),
    Unsettled,
}

/// Oldest first: where two files could be the copy of one ghost, it is the older one.
fn all_siblings(paths: &[PathBuf]) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = paths.iter().flat_map(|path| family::siblings(path)).collect();
    all.sort_by_cached_key(|path| family::age_of(path));
    all
}

fn packed_siblings(paths: &[PathBuf]) -> Vec<(PathBuf, Packed)> {
    let all = paths.iter().flat_map(|path| family::packed_siblings(path));
    all.filter_map(|path| {
        let about = fs::metadata(&path).ok()?;
        let packed = (file_id(&about), about.len(), about.mtime(), about.mtime_nsec());
        Some((path, packed))
    })
    .collect()
}

/// The fingerprint of a whole file; none for an empty one.
pub(super) fn whole_print(file: &File, size: u64) -> Option<Fingerprint> {
    let head = read_up_to(file, 0, 1 << 10).ok().filter(|head| !head.is_empty())?;
    let from = size.saturating_sub(4 << 10);
    let mark = read_up_to(file, from, 4 << 10).ok()?;
    Some(Fingerprint { head: Print::of(0, &head), mark: Print::of(from, &mark) })
}
