//! Which logs a folder or a glob stands for, now and later.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use crate::model::SourceId;

use super::family::{self, Family};
use super::out::Speaker;
use super::tail::Tail;
use super::{SourceState, Spec};

/// A folder or glob whose logs are followed, those that appear later included.
#[derive(Debug)]
pub(super) struct Group {
    pub spec: Spec,
    pub source: SourceId,
    pub backlog_from: u64,
    /// The logs that are read already.
    pub seen: BTreeSet<PathBuf>,
    /// When it is looked at next.
    pub next_look: Option<Instant>,
    /// What was said last about all of its logs together.
    pub told: Option<SourceState>,
}

/// Of the time at most this part is spent with looking for new logs: a pattern may stand for a large tree.
const SHARE: u32 = 20;

impl Group {
    /// Logs that came since the last call, from their beginning, but for what is read already under one of these paths.
    pub fn fresh<'a>(&mut self, read: impl Iterator<Item = &'a Path>) -> Vec<Tail> {
        let mut fresh = Vec::new();
        let began = Instant::now();
        if self.next_look.is_some_and(|next| began < next) {
            return fresh;
        }
        let read: BTreeMap<Identity, &Path> =
            read.filter_map(|path| identity(path).map(|file| (file, path))).collect();
        let Found { families, left_out } =
            families(files(&self.spec), |file| read.get(&file).copied());
        self.next_look = Some(Instant::now() + began.elapsed() * SHARE);
        // Nothing that comes later, even when the name that is read leads elsewhere one day.
        self.seen.extend(left_out.into_iter().map(|(path, _)| path));
        for Family { base, is_live, .. } in families {
            if is_live && self.seen.insert(base.clone()) {
                let speaker = speaker(self.source, &base);
                let mut tail = Tail::new(base, speaker, true, self.backlog_from);
                tail.is_part = true;
                fresh.push(tail);
            }
        }
        fresh
    }

    /// How its logs go, taken together: what is worst for the reader, and waiting only when none of them is there. None
    /// while one of them is still being read.
    pub fn state<'a>(&self, logs: impl Iterator<Item = &'a Tail>) -> Option<SourceState> {
        let rank = |state: &SourceState| match state {
            SourceState::Waiting(_) => 0,
            SourceState::Following => 1,
            SourceState::Polling(_) => 2,
            _ => 3,
        };
        let mut worst: Option<&SourceState> = None;
        for log in logs {
            let state = log.state()?;
            if worst.is_none_or(|worst| rank(state) > rank(worst)) {
                worst = Some(state);
            }
        }
        Some(match worst {
            Some(state) => state.clone(),
            None if self.seen.is_empty() => {
                SourceState::Waiting(format!("a log in {}", self.spec.name()))
            }
            // Archives only: what comes beside them is read.
            None => SourceState::Following,
        })
    }
}

/// The speaker for a file.
pub(super) fn speaker(source: SourceId, path: &Path) -> Speaker {
    Speaker { source, name: path.to_string_lossy().into(), path: Some(Arc::from(path)) }
}

/// A file by its device and inode, whatever it is called.
pub(super) type Identity = (u64, u64);
/// Which source reads a file, and under which name.
pub(super) type Owners = BTreeMap<Identity, (SourceId, PathBuf)>;

/// Gives each file to the source that is to read it: the first that names it, unless only a later one has the name that is
/// written to.
pub(super) fn share_out(listed: &[(SourceId, Vec<PathBuf>)]) -> Owners {
    let mut owners = Owners::new();
    for (source, paths) in listed {
        for path in paths {
            let Some(file) = identity(path) else { continue };
            let (owner, name) = owners.entry(file).or_insert_with(|| (*source, path.clone()));
            if name != path && family::is_live(path) && !family::is_live(name) {
                (*owner, *name) = (*source, path.clone());
            }
        }
    }
    owners
}

/// Which file a path leads to, through links; none for what is no plain file.
pub(super) fn identity(path: &Path) -> Option<Identity> {
    let about = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    Some((about.dev(), about.ino()))
}

/// Which file is open here; none for what is no plain file.
pub(super) fn identity_of(file: impl AsFd) -> Option<Identity> {
    let about = rustix::fs::fstat(file).ok()?;
    let is_plain = rustix::fs::FileType::from_raw_mode(about.st_mode).is_file();
    is_plain.then_some((about.st_dev, about.st_ino))
}

/// Why a file is not read to which this program writes: each alert would make it longer. None for any other file.
pub(super) fn own_output(path: &Path, file: Identity) -> Option<String> {
    let is_own = [identity_of(io::stdout()), identity_of(io::stderr())].contains(&Some(file));
    is_own.then(|| format!("{} is what cadge writes to; not read", path.display()))
}

/// What a spec stands for.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Logs, each with its rotated generations.
    pub families: Vec<Family>,
    /// Names that are left out, each with the reason as a sentence.
    pub left_out: Vec<(PathBuf, String)>,
}

/// These files as logs, each with its rotated generations and each file once; `taken` says under which name a file is read
/// elsewhere.
pub(super) fn families<'a>(
    mut paths: Vec<PathBuf>,
    taken: impl Fn(Identity) -> Option<&'a Path>,
) -> Found {
    // The name that is written to goes before a generation's, and a file's own name before a link to it.
    paths.sort_by_cached_key(|path| (!family::is_live(path), path.is_symlink()));
    let (mut own, mut left_out) = (BTreeMap::<Identity, PathBuf>::new(), Vec::new());
    paths.retain(|path| {
        let Some(identity) = identity(path) else { return true };
        let name = taken(identity).or(own.get(&identity).map(PathBuf::as_path));
        let why = name.map(|name| double(path, name)).or_else(|| own_output(path, identity));
        if let Some(why) = why {
            left_out.push((path.clone(), why));
            return false;
        }
        own.insert(identity, path.clone()).is_none()
    });
    paths.sort();
    Found { families: family::group(paths), left_out }
}

/// The files that a spec stands for now.
pub(super) fn files(spec: &Spec) -> Vec<PathBuf> {
    let mut paths = match spec {
        Spec::File(path) => return vec![path.clone()],
        Spec::Folder(folder) => files_in(folder),
        Spec::Glob(pattern) => matching(pattern),
        Spec::Stdin | Spec::Child(_) | Spec::Journal(_) => Vec::new(),
    };
    paths.retain(|path| path.is_file() && !family::is_foreign(path));
    paths
}

/// The specs without those that name a file again, and a sentence about each of these: two names of one file are one log,
/// which is followed under the name that is written to.
pub fn distinct(specs: Vec<Spec>) -> (Vec<Spec>, Vec<String>) {
    let (mut kept, mut said) = (Vec::<(Spec, Option<Identity>)>::new(), Vec::new());
    for mut spec in specs {
        let file = if let Spec::File(path) = &spec { identity(path) } else { None };
        let same = kept
            .iter_mut()
            .find(|(other, other_file)| spec == *other || (file.is_some() && file == *other_file));
        let Some((other, _)) = same else {
            kept.push((spec, file));
            continue;
        };
        if let (Spec::File(later), Spec::File(first)) = (&spec, &*other)
            && family::is_live(later)
            && !family::is_live(first)
        {
            std::mem::swap(&mut spec, other);
        }
        said.push(double(Path::new(&*spec.name()), Path::new(&*other.name())));
    }
    (kept.into_iter().map(|(spec, _)| spec).collect(), said)
}

/// What is said of a file that has two names.
pub(super) fn double(path: &Path, other: &Path) -> String {
    if path == other {
        return format!("{} is named twice; read once", path.display());
    }
    format!("{} is the same file as {}; read once", path.display(), other.display())
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> =
        entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
    files.sort();
    files
}

/// The files that match a pattern with `*`, `?`, `[…]` within a name and `**` for any folders.
fn matching(pattern: &Path) -> Vec<PathBuf> {
    let mut found = vec![PathBuf::new()];
    for component in pattern.components() {
        let Component::Normal(name) = component else {
            for path in &mut found {
                path.push(component);
            }
            continue;
        };
        let name = name.as_encoded_bytes();
        found = if name == b"**" {
            found.iter().flat_map(|folder| folders_below(folder)).collect()
        } else if name.iter().any(|byte| b"*?[".contains(byte)) {
            found.iter().flat_map(|folder| entries_like(folder, name)).collect()
        } else {
            found
                .into_iter()
                .map(|path| path.join(component))
                .filter(|path| path.exists())
                .collect()
        };
    }
    found.sort();
    found.dedup();
    found
}

fn list(folder: &Path) -> Vec<PathBuf> {
    let place = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let Ok(entries) = fs::read_dir(place) else { return Vec::new() };
    entries.filter_map(Result::ok).map(|entry| folder.join(entry.file_name())).collect()
}

fn entries_like(folder: &Path, pattern: &[u8]) -> Vec<PathBuf> {
    let fits = |path: &PathBuf| {
        let name = path.file_name().map(OsStr::as_encoded_bytes).unwrap_or_default();
        (pattern.starts_with(b".") || !name.starts_with(b".")) && is_match(pattern, name)
    };
    list(folder).into_iter().filter(fits).collect()
}

/// A folder and all below it, however deep; links are not gone through, so there is an end.
fn folders_below(folder: &Path) -> Vec<PathBuf> {
    let mut all = vec![folder.to_owned()];
    let mut n_listed = 0;
    while let Some(folder) = all.get(n_listed) {
        let entries = list(folder);
        all.extend(entries.into_iter().filter(|path| path.is_dir() && !path.is_symlink()));
        n_listed += 1;
    }
    all
}

/// Matches a name against a pattern, byte by byte.
fn is_match(pattern: &[u8], name: &[u8]) -> bool {
    match pattern {
        [] => name.is_empty(),
        [b'*', rest @ ..] => {
            (0..=name.len()).any(|skipped| is_match(rest, name.get(skipped..).unwrap_or_default()))
        }
        [b'[', rest @ ..] if rest.iter().skip(1).any(|byte| *byte == b']') => {
            let Some((first, after)) = name.split_first() else { return false };
            let (negated, set) = match rest {
                [b'!' | b'^', set @ ..] => (true, set),
                set => (false, set),
            };
            let Some(end) = set.iter().skip(1).position(|byte| *byte == b']').map(|at| at + 1)
            else {
                return false;
            };
            let class = set.get(..end).unwrap_or_default();
            let in_range = class.windows(3).any(|part| match part {
                [low, b'-', high] => (low..=high).contains(&first),
                _ => false,
            });
            (in_range || class.contains(first)) != negated
                && is_match(set.get(end + 1..).unwrap_or_default(), after)
        }
        [sign, rest @ ..] => match name.split_first() {
            Some((first, after)) => (*sign == b'?' || sign == first) && is_match(rest, after),
            None => false,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, name: &str, expected: bool) {
        assert_eq!(is_match(pattern.as_bytes(), name.as_bytes()), expected, "{pattern} on {name}");
    }

    #[test]
    fn patterns_match_whole_names() {
        check("*.json", "events.json", true);
        check("*.json", "events.json.1", false);
        check("*.json*", "events.json.1", true);
        check("event?.json", "events.json", true);
        check("event[a-s].json", "events.json", true);
        check("event[!s].json", "events.json", false);
        check("e[v.json", "e[v.json", true);
        check("", "", true);
        check("*", "", true);
    }

    #[test]
    fn a_file_is_read_once_whatever_it_is_called() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("events.json"), "x").unwrap();
        fs::write(path("other.json"), "x").unwrap();
        std::os::unix::fs::symlink(path("events.json"), path("current.json")).unwrap();
        fs::hard_link(path("events.json"), path("zz.json")).unwrap();

        let file = |name: &str| Spec::File(path(name));
        let specs = ["events.json", "other.json", "current.json", "zz.json", "none", "none"];
        let (kept, said) = distinct(specs.map(file).to_vec());
        assert_eq!(kept, ["events.json", "other.json", "none"].map(file));
        assert_eq!(said.len(), 3);
        assert!(said[0].contains("current.json is the same file as "), "{said:?}");
        assert!(said[2].ends_with("none is named twice; read once"), "{said:?}");

        let found = families(files(&Spec::Folder(folder.path().to_owned())), |_| None);
        let bases: Vec<_> = found.families.into_iter().map(|family| family.base).collect();
        assert_eq!(bases, ["events.json", "other.json"].map(path));
        assert_eq!(found.left_out.len(), 2);
        // What another source reads is left to it.
        let (file, name) = (identity(&path("zz.json")).unwrap(), path("zz.json"));
        let taken = |asked| (asked == file).then_some(name.as_path());
        let found = families(files(&Spec::Glob(path("e*.json"))), taken);
        assert!(found.families.is_empty());
        let why = double(&path("events.json"), &path("zz.json"));
        assert_eq!(found.left_out, [(path("events.json"), why)]);
    }

    #[test]
    fn of_two_names_the_one_that_moves_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let link = |to: &str, name: &str| std::os::unix::fs::symlink(path(to), path(name)).unwrap();
        for name in ["falco-2026-11-22.log", "a.json-20261122", "old.json-20261121.gz"] {
            fs::write(path(name), "x").unwrap();
        }
        link("falco-2026-11-22.log", "falco.log");
        link("a.json-20261122", "current");
        // Nobody writes to an archive.
        link("old.json-20261121.gz", "old.json");

        let file = |name: &str| Spec::File(path(name));
        let (kept, said) =
            distinct(["falco-2026-11-22.log", "other", "falco.log"].map(file).to_vec());
        assert_eq!(kept, ["falco.log", "other"].map(file));
        assert!(said[0].contains("falco-2026-11-22.log is the same file as "), "{said:?}");

        let found = families(files(&Spec::Folder(folder.path().to_owned())), |_| None);
        let live = |name: &str| Family { base: path(name), history: Vec::new(), is_live: true };
        let old = Family {
            base: path("old.json"),
            history: vec![path("old.json-20261121.gz")],
            is_live: false,
        };
        assert_eq!(found.families, [live("current"), live("falco.log"), old]);
        let left: Vec<_> = found.left_out.into_iter().map(|(path, _)| path).collect();
        assert_eq!(left, ["a.json-20261122", "falco-2026-11-22.log", "old.json"].map(path));

        let listed = |place, name: &str| (SourceId(place), vec![path(name)]);
        let owner = |first: &str, later: &str| {
            let owners = share_out(&[listed(0, first), listed(1, later)]);
            owners.into_values().next().unwrap()
        };
        assert_eq!(owner("a.json-20261122", "current"), (SourceId(1), path("current")));
        assert_eq!(owner("current", "a.json-20261122"), (SourceId(0), path("current")));
        assert_eq!(owner("current", "current"), (SourceId(0), path("current")));
    }

    #[test]
    fn a_glob_finds_files_through_folders() {
        let folder = tempfile::tempdir().unwrap();
        let deep = format!("a/{}z.json", "d/".repeat(12));
        for name in ["a/x.json", "a/b/y.json", "a/b/z.txt", &deep] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let found = |pattern: &str| matching(&folder.path().join(pattern)).len();
        assert_eq!(found("*/*.json"), 1);
        assert_eq!(found("**/*.json"), 3);
        assert_eq!(found("a/b/*"), 2);
        assert_eq!(found("nothing/*"), 0);
    }
}
