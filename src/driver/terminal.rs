//! The terminal: taken when the console opens, given back however it closes.
//!
//! A frame goes out in one write, between the marks of synchronized output; what must reach the terminal besides (a
//! copied text, the bell) goes out between two frames and can never break one.

use crate::text;
use crate::ui::Mouse;
use crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use std::io::{self, Write};
use std::sync::mpsc;

/// Where the console is drawn.
pub(super) type Screen = Terminal<CrosstermBackend<Pen>>;

/// The alternate screen, bracketed paste, no cursor.
const ENTER: &str = "\x1b[?1049h\x1b[?2004h\x1b[?25l\x1b[2J\x1b[H";
/// Everything back, in an order that also mends a frame that was cut: the end of synchronized output comes first.
const LEAVE: &str = "\x1b[?2026l\x1b[0m\x1b[?1006l\x1b[?1015l\x1b[?1003l\x1b[?1002l\x1b[?1000l\x1b[?2004l\x1b[?1049l\x1b[?25h";
/// Clicks, drags and the wheel; not every movement.
const MOUSE_ON: &str = "\x1b[?1000h\x1b[?1002h\x1b[?1006h";
const MOUSE_OFF: &str = "\x1b[?1006l\x1b[?1002l\x1b[?1000l";

/// Collects a frame and writes it whole.
pub(super) struct Pen {
    frame: Vec<u8>,
    between: mpsc::Receiver<Vec<u8>>,
}

impl Write for Pen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.frame.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut bytes = Vec::with_capacity(self.frame.len() + 32);
        if !self.frame.is_empty() {
            bytes.extend_from_slice(b"\x1b[?2026h");
            bytes.append(&mut self.frame);
            bytes.extend_from_slice(b"\x1b[?2026l");
        }
        while let Ok(more) = self.between.try_recv() {
            bytes.extend(more);
        }
        if bytes.is_empty() {
            return Ok(());
        }
        put(&bytes)
    }
}

/// Opens the screen; what is sent through the second value reaches the terminal with the next frame.
pub(super) fn screen() -> io::Result<(Screen, mpsc::Sender<Vec<u8>>)> {
    let (sender, between) = mpsc::channel();
    let pen = Pen { frame: Vec::new(), between };
    Ok((Terminal::new(CrosstermBackend::new(pen))?, sender))
}

/// Takes the terminal.
pub(super) fn enter(mouse: Mouse) -> io::Result<()> {
    enable_raw_mode()?;
    put(ENTER.as_bytes())?;
    put(mouse_sequence(mouse).as_bytes())
}

/// Gives the terminal back; may be called twice, and by a panic.
pub(super) fn leave() -> io::Result<()> {
    let written = put(LEAVE.as_bytes());
    disable_raw_mode()?;
    written
}

/// What gives the mouse to us or to the terminal.
pub(super) fn mouse_sequence(mouse: Mouse) -> &'static str {
    match mouse {
        Mouse::Ours => MOUSE_ON,
        Mouse::Terminals => MOUSE_OFF,
    }
}

/// Shows a text on the normal screen, where the terminal's own selection works, until a key is pressed.
pub(super) fn print(body: &str, mouse: Mouse) -> io::Result<()> {
    put(LEAVE.as_bytes())?;
    let mut page = String::new();
    for line in body.lines() {
        page.push_str(&text::printable(line));
        page.push_str("\r\n");
    }
    page.push_str("\r\n(any key goes back to the console)\r\n");
    put(page.as_bytes())?;
    loop {
        if crossterm::event::read()?.is_key_press() {
            break;
        }
    }
    enter(mouse)
}

/// Stops the whole job, as Ctrl-Z does for any program, and takes the terminal again when it goes on.
pub(super) fn suspend(mouse: Mouse) -> io::Result<()> {
    leave()?;
    // The whole group: in `falco | cadge` the shell waits for both.
    rustix::process::kill_current_process_group(rustix::process::Signal::STOP)?;
    enter(mouse)
}

fn put(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}

/// Makes a panic anywhere give the terminal back first, speak then, and end the program: a console that lost a thread
/// would show half the truth.
pub(super) fn give_back_on_panic() {
    std::panic::set_hook(Box::new(|panic| {
        let _ = leave();
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let why = panic.payload_as_str().unwrap_or("no reason given");
        let mut out = io::stderr().lock();
        let _ = writeln!(
            out,
            "cadge {}: stopped by a fault of its own: {}\nat {}\nNo log was touched, and what was saved is safe; a decision still marked as saving may be lost. Please report these lines.",
            env!("CARGO_PKG_VERSION"),
            text::printable(why),
            text::printable(&place),
        );
        if std::env::var_os("RUST_BACKTRACE").is_some_and(|value| value != "0") {
            let _ = writeln!(out, "{}", std::backtrace::Backtrace::force_capture());
        }
        std::process::exit(101);
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaving_takes_back_all_that_entering_and_the_mouse_switched_on() {
        for on in [ENTER, MOUSE_ON] {
            for mode in on
                .split("\x1b[?")
                .filter_map(|part| part.strip_suffix('h').or_else(|| part.split('h').next()))
            {
                let Ok(mode) = mode.parse::<u16>() else { continue };
                assert!(LEAVE.contains(&format!("\x1b[?{mode}l")), "{mode} stays on");
            }
        }
    }
}
