//! Starts the threads that read the sources: one poller for all files, one thread for each pipe, child and family of
//! archives.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, SyncSender};
use std::thread;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::model::SourceId;

use super::bodies::open_log;
use super::expand::{Group, Owners, double, files, identity, identity_of, own_output};
use super::expand::{share_out, speaker};
use super::family::{self, Family};
use super::history::{self, Gathered};
use super::out::{Out, Speaker, Stopped};
use super::poller::{Poller, Wake};
use super::stream::{self, End};
use super::tail::{Tail, describe};
use super::unpack::{packing, unpack};
use super::watch::Watch;
use super::{Beat, Delivery, Options, Outlet, SourceState, Spec, child, journal};

/// Keeps the sources running; dropping it stops them.
#[derive(Debug)]
pub struct Handle {
    wakes: SyncSender<Wake>,
    /// Closing it ends all waiting for pipes.
    stop: Option<OwnedFd>,
    /// Disconnected when all children are gone.
    children: mpsc::Receiver<()>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.stop = None;
        // A full channel means that the poller is busy sending; it stops when the receiver is gone.
        let _ = self.wakes.try_send(Wake::Stop);
        let _ = self.children.recv_timeout(Duration::from_millis(500));
    }
}

/// What every reading thread needs.
#[derive(Clone)]
pub(super) struct Context {
    pub options: Arc<Options>,
    pub out: Out,
    pub wakes: SyncSender<Wake>,
    stop: Arc<OwnedFd>,
}

/// Reads all sources at once, fairly, and delivers what they say. The place of a spec in the list is its
/// [`SourceId`]. The channel disconnects when every source is done.
pub fn spawn(specs: Vec<Spec>, options: Options, out: Outlet) -> Handle {
    spawn_with(specs, options, out, None)
}

/// The same, with something else that is looked at on the same timer.
pub fn spawn_with(specs: Vec<Spec>, options: Options, out: Outlet, beat: Option<Beat>) -> Handle {
    allow_many_files();
    let (wakes, waking) = mpsc::sync_channel(1024);
    let (children_left, children) = mpsc::channel();
    let (stop_read, stop_write) = match rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC) {
        Ok((read, write)) => (read, Some(write)),
        Err(error) => {
            for place in 0..specs.len() {
                let error = Some(format!("cannot read anything: {error}"));
                let _ = out.try_send(Delivery::Done { source: source_id(place), error });
            }
            return Handle { wakes, stop: None, children };
        }
    };
    let context = Context {
        options: Arc::new(options),
        out: Out::new(out),
        wakes: wakes.clone(),
        stop: Arc::new(stop_read),
    };
    let mut polled = BTreeSet::new();
    let mut logs = Vec::new();
    for (place, spec) in specs.into_iter().enumerate() {
        let source = source_id(place);
        let context = context.clone();
        match resolve(spec) {
            Spec::Stdin if identity_of(io::stdin()).is_none() => {
                thread::spawn(move || read_stdin(source, &context));
            }
            Spec::Stdin => logs.push((source, Spec::Stdin)),
            Spec::Child(words) => {
                let left = children_left.clone();
                thread::spawn(move || {
                    let name = Spec::Child(words.clone()).name();
                    let _left = left;
                    run_child(&words, || None, &Speaker { source, name, path: None }, &context)
                });
            }
            Spec::Journal(unit) => {
                let left = children_left.clone();
                thread::spawn(move || {
                    let words = journal::command(unit.as_deref(), context.options.follow);
                    let name = Spec::Journal(unit).name();
                    let _left = left;
                    let speaker = Speaker { source, name, path: None };
                    run_child(&words, journal::silent, &speaker, &context)
                });
            }
            Spec::File(path) if is_special(&path) => {
                thread::spawn(move || read_special(&path, source, &context));
            }
            spec => {
                polled.insert(source);
                logs.push((source, spec));
            }
        }
    }
    drop(children_left);
    let reading = context.clone();
    thread::spawn(move || read_logs(logs, &reading));
    if !polled.is_empty() {
        let watch = context.options.follow.then(|| {
            if context.options.poll_only {
                Watch::off("asked to look instead of waiting for notices".to_owned())
            } else {
                Watch::new(wakes.clone())
            }
        });
        let out = context.out.clone();
        let beat = beat.filter(|_| watch.is_some());
        thread::spawn(move || Poller::new(out, watch, polled, beat).run(&waking));
    }
    Handle { wakes, stop: stop_write, children }
}

fn source_id(place: usize) -> SourceId {
    SourceId(u16::try_from(place).unwrap_or(u16::MAX))
}

/// A path that means standard input, or a folder named as a file.
fn resolve(spec: Spec) -> Spec {
    match spec {
        Spec::File(path) if path == Path::new("/dev/stdin") || path == Path::new("/dev/fd/0") => {
            Spec::Stdin
        }
        Spec::File(path) if path.is_dir() => Spec::Folder(path),
        spec => spec,
    }
}

fn is_special(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
}

fn run_child(
    words: &[std::ffi::OsString],
    silent: fn() -> Option<String>,
    speaker: &Speaker,
    context: &Context,
) -> Result<(), Stopped> {
    child::run(words, silent, &context.stop, speaker, &context.options, &context.out)
}

/// Files that may be open at once, if the system lets us: each unpacked archive is one, for as long as it may be read again.
const FILES: u64 = 1 << 16;

/// Raises the soft limit of open files towards the hard one. Where that fails, the archive that cannot be unpacked says so.
fn allow_many_files() {
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.map_or(FILES, |most| most.min(FILES));
    if limit.current.is_some_and(|current| current < wanted) {
        let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), ..limit });
    }
}

/// Looks once what each source stands for, and reads each on a thread of its own.
fn read_logs(logs: Vec<(SourceId, Spec)>, context: &Context) {
    let listed: Vec<_> = logs.iter().map(|(source, spec)| (*source, files(spec))).collect();
    let owners = Arc::new(share_out(&listed));
    let named: BTreeSet<PathBuf> = listed.iter().flat_map(|(_, paths)| paths).cloned().collect();
    for ((source, spec), (_, paths)) in logs.into_iter().zip(listed) {
        // As a shell writes `falco.log*`: whoever follows the log reads what it is rotated to.
        let generation = match &spec {
            Spec::File(path) if context.options.follow => {
                generation_of(path).filter(|family| named.contains(&family.base))
            }
            _ => None,
        };
        let (owners, context) = (Arc::clone(&owners), context.clone());
        thread::spawn(move || match spec {
            Spec::Stdin => read_file_on_stdin(source, &owners, &context),
            Spec::File(_) if let Some(family) = generation => {
                let opened = history::open(vec![family], source, &context.options);
                let error = history::read(opened, source, &context)?;
                context.wakes.send(Wake::Complete(source, error)).map_err(|_| Stopped)
            }
            spec => read_files(&spec, paths, source, &owners, &context),
        });
    }
}

/// Reads the files of one source but for those that others own: rotated generations here, the logs themselves by the poller.
fn read_files(
    spec: &Spec,
    paths: Vec<PathBuf>,
    source: SourceId,
    owners: &Owners,
    context: &Context,
) -> Result<(), Stopped> {
    let taken = |file| match owners.get(&file) {
        Some((owner, name)) if *owner != source => Some(name.as_path()),
        _ => None,
    };
    let Context { options, out, wakes, .. } = context;
    let mut error = None;
    let mut seen = BTreeSet::new();
    match spec {
        Spec::File(path) if is_made_up(path) => {
            let why =
                format!("cannot read {}: the kernel makes it up, it is not a log", path.display());
            out.state(source, SourceState::Unreadable(why.clone()))?;
            wakes.send(Wake::Complete(source, Some(why))).map_err(|_| Stopped)?;
            return Ok(());
        }
        Spec::File(path)
            if let Some(why) = identity(path).and_then(|file| own_output(path, file)) =>
        {
            out.state(source, SourceState::Unreadable(why.clone()))?;
            wakes.send(Wake::Complete(source, Some(why))).map_err(|_| Stopped)?;
            return Ok(());
        }
        Spec::File(path) if let Some(other) = identity(path).and_then(taken) => {
            out.state(source, SourceState::Note(double(path, other)))?;
            out.state(source, SourceState::Finished)?;
            return wakes.send(Wake::Complete(source, None)).map_err(|_| Stopped);
        }
        Spec::File(path) => {
            match open_log(path).ok().and_then(|file| packing(&file).map(|packing| (file, packing)))
            {
                Some((file, packing)) => {
                    out.state(source, SourceState::Reading)?;
                    error = unpack(file, packing, &speaker(source, path), options, out)?.err();
                    wakes.send(Wake::Complete(source, error)).map_err(|_| Stopped)?;
                    return Ok(());
                }
                None => add(log(path, source, options), wakes)?,
            }
        }
        _ => {
            let Gathered { opened, left_out } =
                history::gather(spec, paths, taken, source, options);
            let is_empty = opened.is_empty() && left_out.is_empty();
            for (path, why) in left_out {
                out.state(source, SourceState::Note(why))?;
                // Its file is read: it is nothing that comes later.
                seen.insert(path);
            }
            seen.extend(opened.iter().map(|family| family.base.clone()));
            error = history::read(opened, source, context)?;
            if is_empty && !options.follow {
                error = Some(format!("no logs found in {}", spec.name()));
            }
        }
    }
    let wake = if !options.follow {
        Wake::Complete(source, error)
    } else if matches!(spec, Spec::File(_)) {
        return Ok(());
    } else {
        Wake::Attend(Box::new(Group {
            spec: spec.clone(),
            source,
            backlog_from: options.backlog_from,
            seen,
            next_look: None,
            told: None,
        }))
    };
    wakes.send(wake).map_err(|_| Stopped)
}

/// True for files of `/proc` and `/sys`, whose size and content are not what a file's are.
fn is_made_up(path: &Path) -> bool {
    rustix::fs::statfs(path)
        .is_ok_and(|found| matches!(found.f_type & 0xffff_ffff, 0x9fa0 | 0x6265_6572))
}

pub(super) fn log(path: &Path, source: SourceId, options: &Options) -> Tail {
    Tail::new(path.to_owned(), speaker(source, path), options.follow, options.backlog_from)
}

pub(super) fn add(tail: Tail, wakes: &SyncSender<Wake>) -> Result<(), Stopped> {
    wakes.send(Wake::Add(Box::new(tail))).map_err(|_| Stopped)
}

/// A rotated file as the one generation of its log; none for a log itself.
fn generation_of(path: &Path) -> Option<Family> {
    family::group(vec![path.to_owned()]).into_iter().find(|family| !family.is_live)
}

/// Reads a file on standard input, unless it is read under its name as well or is written to by us.
fn read_file_on_stdin(source: SourceId, owners: &Owners, context: &Context) -> Result<(), Stopped> {
    let (name, file) = (Path::new("standard input"), identity_of(io::stdin()));
    if let Some((_, other)) = file.and_then(|file| owners.get(&file)) {
        context.out.state(source, SourceState::Note(double(name, other)))?;
        return done(source, None, &context.out);
    }
    match file.and_then(|file| own_output(name, file)) {
        Some(why) => done(source, Some(why), &context.out),
        None => read_stdin(source, context),
    }
}

fn read_stdin(source: SourceId, context: &Context) -> Result<(), Stopped> {
    let speaker = Speaker { source, name: "-".into(), path: None };
    match rustix::io::fcntl_dupfd_cloexec(io::stdin().as_fd(), 3) {
        Ok(descriptor) => read_open(File::from(descriptor), speaker, context),
        Err(error) => {
            done(source, Some(format!("cannot read standard input: {error}")), &context.out)
        }
    }
}

/// Reads what is open already: a regular file from where it stands, anything else as a stream.
fn read_open(file: File, speaker: Speaker, context: &Context) -> Result<(), Stopped> {
    let Context { options, out, .. } = context;
    let source = speaker.source;
    let metadata = match file.metadata() {
        Ok(metadata) => metadata,
        Err(error) => {
            return done(source, Some(format!("cannot read {}: {error}", speaker.name)), out);
        }
    };
    if metadata.is_dir() {
        return done(source, Some(format!("cannot read {}: it is a folder", speaker.name)), out);
    }
    if metadata.is_file() {
        out.state(source, SourceState::Reading)?;
        if let Some(packing) = packing(&file) {
            let error = unpack(file, packing, &speaker, options, out)?.err();
            return done(source, error, out);
        }
        let from = rustix::fs::tell(&file).unwrap_or(0);
        let error = Tail::read_file(file, from, speaker, options.backlog_from, out)?.err();
        return done(source, error.map(|error| error.to_string()), out);
    }
    out.state(source, SourceState::Following)?;
    match stream::run(&file, &context.stop, &speaker, options, out)? {
        End::Stopped => Ok(()),
        End::Closed(_) => done(source, None, out),
        End::Failed(error) => {
            done(source, Some(format!("cannot read {}: {error}", speaker.name)), out)
        }
    }
}

/// Reads a FIFO or a socket by its path; says in a sentence what else cannot be read.
fn read_special(path: &Path, source: SourceId, context: &Context) -> Result<(), Stopped> {
    let Context { options, out, .. } = context;
    let kind = match fs::metadata(path) {
        Ok(metadata) => metadata.file_type(),
        Err(error) => return done(source, Some(describe(path, &error)), out),
    };
    let speaker = Speaker { source, name: path.to_string_lossy().into(), path: None };
    if kind.is_socket() {
        return match UnixStream::connect(path) {
            Ok(socket) => read_open(File::from(OwnedFd::from(socket)), speaker, context),
            Err(error) => {
                let why = format!(
                    "cannot read {}: nobody talks on this socket ({error})",
                    path.display()
                );
                done(source, Some(why), out)
            }
        };
    }
    let is_null =
        fs::metadata(path).is_ok_and(|metadata| metadata.rdev() == rustix::fs::makedev(1, 3));
    if !kind.is_fifo() && !is_null {
        let why = format!("cannot read {}: it is a device, not a log", path.display());
        return done(source, Some(why), out);
    }
    // A descriptor of a shell's <(command) ends when its writer does; a FIFO with a name has one writer after another.
    let is_anonymous = fs::canonicalize(path).is_ok_and(|real| real.starts_with("/proc"))
        || path.starts_with("/dev/fd")
        || path.starts_with("/proc");
    let stays = options.follow && kind.is_fifo() && !is_anonymous;
    if stays {
        out.state(
            source,
            SourceState::Waiting(format!("somebody to write to {}", path.display())),
        )?;
    }
    // Opened for writing as well, a FIFO never ends and opening it never hangs.
    let opened = fs::OpenOptions::new().read(true).write(stays).custom_flags(0).open(path);
    match opened {
        Ok(file) => read_open(file, speaker, context),
        Err(error) => done(source, Some(describe(path, &error)), out),
    }
}

fn done(source: SourceId, error: Option<String>, out: &Out) -> Result<(), Stopped> {
    let state = match &error {
        Some(error) => SourceState::Unreadable(error.clone()),
        None => SourceState::Finished,
    };
    out.state(source, state)?;
    out.send(Delivery::Done { source, error })
}
