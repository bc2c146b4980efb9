//! Asks the terminal for the color of its background (OSC 11), to choose between light and dark.
//!
//! Behind it stands a question that every terminal answers, so that one without OSC 11 costs no waiting. Nobody waits long
//! for the first screen: an answer that comes later would look like typing, so [`Late`] takes it out of the keys.

use crossterm::event::{Event, KeyCode, KeyModifiers};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::fs::File;
use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

/// How long the first screen waits for the terminal.
const PATIENCE: Duration = Duration::from_millis(15);

/// What the terminal said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Background {
    Light,
    Dark,
    /// It answered, but not with a color.
    Unknown,
    /// Nothing came; something may still come.
    Silent,
}

/// Asks. The terminal must be in raw mode, and nobody else may read from it.
pub(super) fn ask() -> Background {
    let Ok(mut tty) = File::options().read(true).write(true).open("/dev/tty") else {
        return Background::Unknown;
    };
    // From here on the terminal may have been asked, and an answer may come.
    query(&mut tty).unwrap_or(Background::Silent)
}

fn query(tty: &mut File) -> io::Result<Background> {
    tty.write_all(b"\x1b]11;?\x1b\\\x1b[c")?;
    tty.flush()?;
    let until = Instant::now() + PATIENCE;
    let mut answer = Vec::new();
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let timeout = Timespec { tv_sec: 0, tv_nsec: i64::from(left.subsec_nanos()) };
        let mut ready = [PollFd::new(&*tty, PollFlags::IN)];
        // A signal (the window was resized) is no answer.
        let is_ready = !left.is_zero()
            && match poll(&mut ready, Some(&timeout)) {
                Err(rustix::io::Errno::INTR) => continue,
                result => result? > 0,
            };
        if !is_ready {
            return Ok(read_answer(&answer).unwrap_or(Background::Silent));
        }
        let mut bytes = [0; 256];
        let n = match tty.read(&mut bytes) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            result => result?,
        };
        answer.extend(bytes.get(..n).unwrap_or_default());
        // The second answer ends the first question.
        if n == 0 || has_attributes(&answer) {
            return Ok(read_answer(&answer).unwrap_or(Background::Unknown));
        }
    }
}

/// Whether the answer to `CSI c` is there: `CSI ? … c`.
fn has_attributes(answer: &[u8]) -> bool {
    let Some(start) = memchr::memmem::find(answer, b"\x1b[?") else { return false };
    answer.get(start..).is_some_and(|rest| rest.contains(&b'c'))
}

/// Reads `OSC 11 ; rgb:RRRR/GGGG/BBBB`.
fn read_answer(answer: &[u8]) -> Option<Background> {
    let start = memchr::memmem::find(answer, b"]11;rgb")? + b"]11;rgb".len();
    let rest = answer.get(start..)?;
    let rest = rest.strip_prefix(b"a").unwrap_or(rest).strip_prefix(b":")?;
    let end = rest.iter().position(|byte| !byte.is_ascii_hexdigit() && *byte != b'/');
    let text = std::str::from_utf8(rest.get(..end.unwrap_or(rest.len()))?).ok()?;
    let mut parts = text.split('/').map(|part| {
        let most = 16_u32.checked_pow(u32::try_from(part.len()).ok()?)?.checked_sub(1)?;
        u32::from_str_radix(part, 16).ok()?.checked_mul(255)?.checked_div(most)
    });
    let (r, g, b) = (parts.next()??, parts.next()??, parts.next()??);
    let brightness = (299 * r + 587 * g + 114 * b) / 1000;
    Some(if brightness > 127 { Background::Light } else { Background::Dark })
}

/// Longest answer, in characters.
const LONGEST: usize = 40;

/// Takes an answer that came too late out of the stream of keys.
#[derive(Debug, Default)]
pub(super) struct Late {
    expected: bool,
    /// What was taken of the answer.
    inside: Option<String>,
    /// The answer, once it is complete.
    answer: Option<Background>,
}

impl Late {
    pub(super) fn new(background: Background) -> Self {
        Self { expected: background == Background::Silent, ..Self::default() }
    }

    /// The answer, once and only when it has just come.
    pub(super) fn answer(&mut self) -> Option<Background> {
        self.answer.take()
    }

    /// Whether an event belongs to the late answer and must not act as a key.
    pub(super) fn takes(&mut self, event: &Event) -> bool {
        let Event::Key(key) = event else { return false };
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        let Some(mut text) = self.inside.take() else {
            let begins = self.expected && alt && key.code == KeyCode::Char(']');
            if begins {
                self.expected = false;
                self.inside = Some("]".to_owned());
            }
            return begins;
        };
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        let ends = alt && key.code == KeyCode::Char('\\') || ctrl && key.code == KeyCode::Char('g');
        if ends {
            self.answer = read_answer(text.as_bytes());
        } else if text.len() < LONGEST {
            if let KeyCode::Char(char) = key.code {
                text.push(char);
            }
            self.inside = Some(text);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossterm::event::KeyEvent;

    #[track_caller]
    fn check(answer: &str, expected: Option<Background>) {
        assert_eq!(read_answer(answer.as_bytes()), expected, "{answer:?}");
    }

    #[test]
    fn the_background_is_read_in_all_spellings() {
        check("\x1b]11;rgb:0000/0000/0000\x1b\\", Some(Background::Dark));
        check("\x1b]11;rgb:ffff/ffff/ffff\x07", Some(Background::Light));
        check("\x1b]11;rgb:1e/1e/2e\x1b\\\x1b[?62;c", Some(Background::Dark));
        check("\x1b]11;rgba:ffff/ffff/eeee/ffff\x1b\\", Some(Background::Light));
        check("\x1b]11;rgb:f/f/f\x1b\\", Some(Background::Light));
        check("\x1b[?1;2c", None);
        check("\x1b]11;rgb:zz", None);
        check("\x1b]11;rgb:/ffffffffffffff/0", None);
        check("", None);
    }

    #[test]
    fn any_terminal_ends_the_waiting() {
        assert!(has_attributes(b"\x1b[?62;22c"));
        assert!(has_attributes(b"\x1b]11;rgb:0/0/0\x1b\\\x1b[?6c"));
        assert!(!has_attributes(b"\x1b]11;rgb:0/0/c\x1b\\"));
    }

    #[test]
    fn a_late_answer_is_no_typing() {
        let mut late = Late::new(Background::Silent);
        let event = |c, modifiers| Event::Key(KeyEvent::new(KeyCode::Char(c), modifiers));
        assert!(late.takes(&event(']', KeyModifiers::ALT)));
        for c in "11;rgb:f/f/f".chars() {
            assert!(late.takes(&event(c, KeyModifiers::NONE)));
        }
        assert_eq!(late.answer(), None);
        assert!(late.takes(&event('\\', KeyModifiers::ALT)));
        assert_eq!(late.answer(), Some(Background::Light));
        assert_eq!(late.answer(), None);
        assert!(!late.takes(&event('q', KeyModifiers::NONE)));
        assert!(!late.takes(&event(']', KeyModifiers::ALT)));
        assert!(!Late::new(Background::Dark).takes(&event(']', KeyModifiers::ALT)));
    }
}
