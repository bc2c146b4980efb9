//! A program whose standard output is read, such as `kubectl logs -f`. Its exit is told with its last words.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use super::out::{Out, Speaker, Stopped};
use super::stream::{self, End};
use super::{Delivery, Options, SourceState};

/// The longest pause before a child is started again.
const LONGEST: Duration = Duration::from_mins(1);
/// A child that ran for so long is started again with a short pause.
const STEADY: Duration = Duration::from_mins(1);
/// A child that has closed its output may go on for so long.
const FAREWELL: Duration = Duration::from_secs(2);
/// So many last lines of its standard error are kept.
const LAST_WORDS: usize = 3;

/// Runs a program and passes on what it prints, again and again if asked. `silent` may know why it could not be started,
/// or said nothing.
pub(super) fn run(
    words: &[OsString],
    silent: fn() -> Option<String>,
    stop: &OwnedFd,
    speaker: &Speaker,
    options: &Options,
    out: &Out,
) -> Result<(), Stopped> {
    let mut pause = Duration::from_secs(1);
    loop {
        let started = Instant::now();
        let error = match start(words) {
            Ok(mut child) => {
                out.state(speaker.source, SourceState::Following)?;
                match attend(&mut child, stop, speaker, options, out)? {
                    Ended::Stopped => return Ok(()),
                    Ended::Well(0) => silent(),
                    Ended::Well(_) => None,
                    Ended::Badly(error) => Some(error),
                }
            }
            Err(error) => Some(silent().unwrap_or_else(|| cannot_start(words, &error))),
        };
        if !options.restart {
            match &error {
                Some(error) => out.state(speaker.source, SourceState::Unreadable(error.clone()))?,
                None => out.state(speaker.source, SourceState::Finished)?,
            }
            return out.send(Delivery::Done { source: speaker.source, error });
        }
        if started.elapsed() >= STEADY {
            pause = Duration::from_secs(1);
        }
        let what = error.unwrap_or_else(|| format!("{} ended", shown(words)));
        out.state(
            speaker.source,
            SourceState::Waiting(format!("a new start in {} s: {what}", pause.as_secs())),
        )?;
        if is_stopped_within(stop, pause) {
            return Ok(());
        }
        pause = (pause * 2).min(LONGEST);
    }
}

/// How a child ended.
enum Ended {
    /// We were stopped.
    Stopped,
    /// By itself, after so many bytes.
    Well(u64),
    /// The sentence for it.
    Badly(String),
}

fn cannot_start(words: &[OsString], error: &std::io::Error) -> String {
    use std::io::ErrorKind::{NotFound, PermissionDenied};
    let program = shown(words);
    match error.kind() {
        NotFound if program.contains('/') => format!("cannot start {program}: no such file"),
        NotFound => format!("cannot start {program}: there is no such program in PATH"),
        PermissionDenied => {
            format!("cannot start {program}: permission denied (is it executable?)")
        }
        _ => format!("cannot start {program}: {error}"),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the place that starts programs for sources, without a shell"
)]
fn start(words: &[OsString]) -> std::io::Result<Child> {
    let Some((program, arguments)) = words.split_first() else {
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, "no program is named"));
    };
    Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // Its own group: it is stopped with everything it started, and keys meant for us do not reach it.
        .process_group(0)
        .spawn()
}

/// Reads the child to its end.
fn attend(
    child: &mut Child,
    stop: &OwnedFd,
    speaker: &Speaker,
    options: &Options,
    out: &Out,
) -> Result<Ended, Stopped> {
    let last_words = child.stderr.take().map(listen);
    let end = match child.stdout.take() {
        Some(stdout) => stream::run(&stdout, stop, speaker, options, out),
        None => Ok(End::Closed(0)),
    };
    // A child that has closed its output has nothing more to say, and may live on for ever.
    let lives_on = matches!(end, Ok(End::Closed(_))) && !ends_within(child, stop, FAREWELL);
    if lives_on || !matches!(end, Ok(End::Closed(_))) {
        terminate(child);
    }
    let end = end?;
    let status = child.wait();
    let n_bytes = match end {
        End::Stopped => return Ok(Ended::Stopped),
        End::Failed(error) => {
            return Ok(Ended::Badly(format!("cannot read {}: {error}", speaker.name)));
        }
        End::Closed(n_bytes) => n_bytes,
    };
    let words = last_words.as_ref().map(collect).unwrap_or_default();
    Ok(match status {
        _ if lives_on => {
            Ended::Badly(format!("{} closed its output and was ended{words}", speaker.name))
        }
        Ok(status) if status.success() => Ended::Well(n_bytes),
        Ok(status) => Ended::Badly(format!("{} {}{words}", speaker.name, ending(status))),
        Err(error) => Ended::Badly(format!("{} is gone: {error}", speaker.name)),
    })
}

/// Whether the child ends by itself before so much time has passed, or we are stopped.
fn ends_within(child: &mut Child, stop: &OwnedFd, time: Duration) -> bool {
    let deadline = Instant::now() + time;
    loop {
        if matches!(child.try_wait(), Ok(Some(_)) | Err(_)) {
            return true;
        }
        if Instant::now() >= deadline || is_stopped_within(stop, Duration::from_millis(10)) {
            return false;
        }
    }
}

/// Asks the child and all it started to end; deaf ones are killed.
fn terminate(child: &mut Child) {
    let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) else { return };
    // It may be gone already.
    let _ = kill_process_group(group, Signal::TERM);
    let deadline = Instant::now() + Duration::from_millis(300);
    // The child itself is not waited for yet: as long as it is not, nobody else can get the number of its group.
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    while Instant::now() < deadline
        && matches!(waitid(WaitId::Pid(group), options), Ok(None) | Err(rustix::io::Errno::INTR))
    {
        thread::park_timeout(Duration::from_millis(5));
    }
    // What it started has been asked at the same time as the child.
    let _ = kill_process_group(group, Signal::KILL);
}

fn ending(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with exit code {code}"),
        (None, Some(signal)) => format!("was killed by signal {signal}"),
        (None, None) => "ended".to_owned(),
    }
}

/// Keeps the last lines of standard error.
fn listen(stderr: ChildStderr) -> Receiver<String> {
    let (lines, words) = mpsc::sync_channel(1);
    thread::spawn(move || {
        let mut last = VecDeque::new();
        let mut reader = BufReader::new(stderr);
        let mut line = Vec::new();
        loop {
            line.clear();
            // A line without end must not fill the memory.
            match std::io::Read::take(&mut reader, 64 << 10).read_until(b'\n', &mut line) {
                Ok(0) | Err(_) => break,
                Ok(_) => {}
            }
            let text = String::from_utf8_lossy(&line).trim().to_owned();
            if !text.is_empty() {
                last.push_back(text);
            }
            if last.len() > LAST_WORDS {
                last.pop_front();
            }
        }
        // Nobody may be listening any more.
        let _ = lines.send(Vec::from(last).join(" / "));
    });
    words
}

/// The last words, if the other end of standard error is closed by now.
fn collect(words: &Receiver<String>) -> String {
    match words.recv_timeout(Duration::from_millis(500)) {
        Ok(text) if !text.is_empty() => format!(": {text}"),
        _ => String::new(),
    }
}

fn is_stopped_within(stop: &OwnedFd, pause: Duration) -> bool {
    let timeout = Timespec {
        tv_sec: i64::try_from(pause.as_secs()).unwrap_or(60),
        tv_nsec: i64::from(pause.subsec_nanos()),
    };
    let mut fds = [PollFd::new(stop, PollFlags::IN)];
    matches!(poll(&mut fds, Some(&timeout)), Ok(1..))
}

fn shown(words: &[OsString]) -> String {
    words.first().map(|word| word.to_string_lossy().into_owned()).unwrap_or_default()
}
