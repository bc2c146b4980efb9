//! tmux's buffer, and through it the clipboard of the terminal that tmux runs in.

use crate::text;
use rustix::process::{Pid, Signal, kill_process};
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// How long tmux may take; a dead server must not hold the console.
const PATIENCE: Duration = Duration::from_millis(500);
/// tmux drops what is much longer (its limit is 1 MiB after encoding).
const LONGEST: usize = 500_000;

/// Gives a text to the tmux we run in. `-w` also sends it on to the terminal, from tmux 3.2; an older one keeps it.
///
/// # Errors
/// Why tmux did not take it.
pub(super) fn load_buffer(text: &str) -> Result<String, String> {
    if text.len() > LONGEST {
        let limit = text::count(LONGEST as u64);
        return Err(format!("too long for tmux: {limit} bytes are safe"));
    }
    match run(&["load-buffer", "-w", "-"], text) {
        Ok(()) => Ok("in tmux's buffer, and sent to its terminal".to_owned()),
        Err(Failed::Refused) => run(&["load-buffer", "-"], text)
            .map(|()| "in tmux's buffer".to_owned())
            .map_err(|_| "tmux refused it".to_owned()),
        Err(Failed::Silent) => Err("tmux did not answer".to_owned()),
        Err(Failed::Absent(error)) => Err(format!("tmux cannot be started: {error}")),
    }
}

enum Failed {
    Absent(std::io::Error),
    Refused,
    Silent,
}

fn run(arguments: &[&str], text: &str) -> Result<(), Failed> {
    #[expect(
        clippy::disallowed_methods,
        reason = "tmux offers no other way; fixed words, no shell"
    )]
    let mut child = Command::new("tmux")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(Failed::Absent)?;
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let stdin = child.stdin.take();
    let text = text.to_owned();
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        if let Some(mut stdin) = stdin {
            // When tmux does not read, its exit status says so.
            let _ = stdin.write_all(text.as_bytes());
        }
        let _ = sender.send(child.wait().is_ok_and(|status| status.success()));
    });
    match receiver.recv_timeout(PATIENCE) {
        Ok(true) => Ok(()),
        Ok(false) => Err(Failed::Refused),
        Err(_) => {
            if let Some(pid) = pid {
                let _ = kill_process(pid, Signal::KILL);
            }
            Err(Failed::Silent)
        }
    }
}
