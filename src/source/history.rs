//! The logs that a folder or a glob holds at first: all of their files are opened before one is read, since rotation renames,
//! packs and removes them meanwhile.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::model::SourceId;

use super::bodies::{Fingerprint, open_log};
use super::expand::{Found, Identity, families, files, identity, identity_of, speaker};
use super::family::Family;
use super::out::Stopped;
use super::reader::{Context, add, log};
use super::siblings::whole_print;
use super::tail::{Tail, describe};
use super::unpack::{packing, unpack};
use super::{Options, SourceState, Spec};

/// So many rotated files of a source are opened before the first of them is read.
const AHEAD: usize = 512;
/// So often a folder is looked at again that was rotated in while we looked.
const LOOKS: usize = 8;

/// A log and its rotated generations, open.
pub(super) struct OpenFamily {
    pub base: PathBuf,
    live: Option<Tail>,
    history: Vec<(PathBuf, Option<io::Result<File>>)>,
}

impl OpenFamily {
    /// The files that are open.
    fn held(&self) -> impl Iterator<Item = Identity> {
        let history = self.history.iter().filter_map(|(_, file)| file.as_ref()?.as_ref().ok());
        self.live.iter().filter_map(Tail::held_file).chain(history).filter_map(identity_of)
    }

    /// Their names when they were opened.
    fn names(&self) -> impl Iterator<Item = &Path> {
        let history = self.history.iter().filter(|(_, file)| matches!(file, Some(Ok(_))));
        let live = self.live.as_ref().filter(|live| live.held_file().is_some());
        history.map(|(path, _)| path.as_path()).chain(live.map(|_| &*self.base))
    }

    /// Whether a file went away between the look at its name and its opening.
    fn lacks_one(&self) -> bool {
        let is_gone = |file: &Option<io::Result<File>>| matches!(file, Some(Err(error)) if error.kind() == ErrorKind::NotFound);
        self.live.as_ref().is_some_and(|live| live.held_file().is_none() && !live.path.exists())
            || self.history.iter().any(|(_, file)| is_gone(file))
    }
}

/// What a folder or a glob holds.
pub(super) struct Gathered {
    pub opened: Vec<OpenFamily>,
    /// Names that are left out, each with the reason as a sentence.
    pub left_out: Vec<(PathBuf, String)>,
}

/// Opens the files of logs.
pub(super) fn open(families: Vec<Family>, source: SourceId, options: &Options) -> Vec<OpenFamily> {
    let mut n_open = 0;
    let open = |Family { base, history, is_live }| {
        let live = is_live.then(|| {
            let mut tail = log(&base, source, options);
            tail.is_part = true;
            tail.hold();
            tail
        });
        let history = history.into_iter().map(|path: PathBuf| {
            n_open += 1;
            let file = (n_open <= AHEAD).then(|| open_log(&path));
            (path, file)
        });
        OpenFamily { live, history: history.collect(), base }
    };
    families.into_iter().map(open).collect()
}

/// Opens what a folder or a glob holds, of which `paths` is a first list. While names change under the look, it looks again.
pub(super) fn gather<'a>(
    spec: &Spec,
    mut paths: Vec<PathBuf>,
    taken: impl Fn(Identity) -> Option<&'a Path>,
    source: SourceId,
    options: &Options,
) -> Gathered {
    let mut n_looks = 0;
    loop {
        let listed: Vec<(PathBuf, Option<Identity>)> =
            paths.iter().map(|path| (path.clone(), identity(path))).collect();
        let Found { families, left_out } = families(paths, &taken);
        let opened = open(families, source, options);
        let held: BTreeSet<Identity> = opened.iter().flat_map(OpenFamily::held).collect();
        let names: BTreeSet<&Path> = opened.iter().flat_map(OpenFamily::names).collect();
        // What is not to be opened, or cannot be.
        let passed: BTreeSet<Identity> = listed
            .iter()
            .filter(|(path, _)| !names.contains(&**path))
            .filter_map(|(_, file)| *file)
            .collect();
        paths = files(spec);
        let is_known = |file: Identity| held.contains(&file) || passed.contains(&file);
        let is_all = !opened.iter().any(OpenFamily::lacks_one)
            && paths.iter().filter_map(|path| identity(path)).all(is_known);
        n_looks += 1;
        if is_all || n_looks == LOOKS {
            return Gathered { opened, left_out };
        }
    }
}

/// Reads each log's rotated generations, oldest first, each content once, and hands the logs themselves to the poller. What
/// could not be read is told; when nothing is followed, the first such sentence is the source's error.
pub(super) fn read(
    opened: Vec<OpenFamily>,
    source: SourceId,
    context: &Context,
) -> Result<Option<String>, Stopped> {
    let mut first = None;
    for family in opened {
        read_family(family, source, context, &mut |why| {
            if first.is_none() && !context.options.follow {
                context.out.state(source, SourceState::Unreadable(why.clone()))?;
                first = Some(why);
                return Ok(());
            }
            context.out.state(source, SourceState::Note(why))
        })?;
    }
    Ok(first)
}

fn read_family(
    family: OpenFamily,
    source: SourceId,
    context: &Context,
    unread: &mut dyn FnMut(String) -> Result<(), Stopped>,
) -> Result<(), Stopped> {
    let Context { options, out, wakes, .. } = context;
    let OpenFamily { live, history, .. } = family;
    let mut read: Vec<Fingerprint> = Vec::new();
    for (path, file) in history {
        let file = match file.unwrap_or_else(|| open_log(&path)) {
            Ok(file) => file,
            Err(error) => {
                unread(describe(&path, &error))?;
                continue;
            }
        };
        let print = file.metadata().ok().and_then(|metadata| whole_print(&file, metadata.len()));
        let is_copy = print.is_some_and(|print| {
            read.contains(&print)
                || live.as_ref().and_then(Tail::held_file).is_some_and(|file| print.is_in(file))
        });
        if is_copy {
            let what = format!("{} holds what another file holds; read once", path.display());
            out.state(source, SourceState::Note(what))?;
            continue;
        }
        read.extend(print);
        let error = match packing(&file) {
            Some(packing) => unpack(file, packing, &speaker(source, &path), options, out)?.err(),
            None => {
                let speaker = speaker(source, &path);
                let read = Tail::read_file(file, 0, speaker, options.backlog_from, out)?;
                read.err().map(|error| describe(&path, &error))
            }
        };
        if let Some(why) = error {
            unread(why)?;
        }
    }
    match live {
        Some(tail) => add(tail, wakes),
        None => Ok(()),
    }
}
