//! Signals that ask us to end, and readers that went away: told as they come, by a thread that sleeps until then.

use rustix::event::{PollFd, PollFlags, poll};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use std::io::{self, Stdout};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// How long a reader that takes nothing may keep us from ending after a signal.
const PATIENCE: Duration = Duration::from_secs(1);

/// Why to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// SIGINT, SIGTERM or SIGHUP came.
    Signal(u8),
    /// Nobody reads standard output any more.
    Closed,
}

/// Tells once when a signal comes or standard output is closed, from now on. The program ends soon after a signal even
/// when it hangs in writing to a pipe that nobody empties.
pub fn listen(tell: impl FnOnce(Asked) + Send + 'static) -> io::Result<()> {
    let number = Arc::new(AtomicUsize::new(0));
    let (rung, bell) = UnixStream::pair()?;
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        let value = usize::try_from(signal).unwrap_or(0);
        // Performed in this order: the number is there when the bell rings.
        signal_hook::flag::register_usize(signal, Arc::clone(&number), value)?;
        signal_hook::low_level::pipe::register(signal, bell.try_clone()?)?;
    }
    thread::spawn(move || {
        wait(&rung, &io::stdout());
        match u8::try_from(number.load(Ordering::Acquire)) {
            Ok(signal @ 1..) => {
                // The reader's side may hang in a write: then telling it would wait as well.
                thread::spawn(move || tell(Asked::Signal(signal)));
                #[expect(clippy::disallowed_methods, reason = "a last wait before the end")]
                thread::sleep(PATIENCE);
                std::process::exit(128 + i32::from(signal));
            }
            _ => tell(Asked::Closed),
        }
    });
    Ok(())
}

/// Sleeps until the bell rings or the reader of standard output goes away.
fn wait(bell: &UnixStream, out: &Stdout) {
    let mut fds = [PollFd::new(bell, PollFlags::IN), PollFd::new(out, PollFlags::empty())];
    while let Ok(_) | Err(rustix::io::Errno::INTR) = poll(&mut fds, None) {
        if fds.iter().any(|fd| !fd.revents().is_empty()) {
            return;
        }
    }
}
