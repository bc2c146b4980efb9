//! The real program in a real pseudo-terminal, read by a terminal emulator. Nothing sleeps: everything waits for what it
//! wants to see, and fails with the screen when it does not come.

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// Long, because a loaded machine is slow; nothing waits this long when all is well.
const DEADLINE: Duration = Duration::from_mins(1);

/// What the program put on the clipboard by OSC 52, still encoded.
#[derive(Default)]
pub struct Clipboard(pub Vec<Vec<u8>>);

impl vt100::Callbacks for Clipboard {
    fn copy_to_clipboard(&mut self, _: &mut vt100::Screen, _: &[u8], data: &[u8]) {
        self.0.push(data.to_vec());
    }
}

/// A program in a terminal.
pub struct Session {
    pub parser: vt100::Parser<Clipboard>,
    master: Box<dyn MasterPty + Send>,
    child: Box<dyn Child + Send + Sync>,
    input: Box<dyn Write + Send>,
    output: Receiver<Vec<u8>>,
    /// Its home folder, empty at first unless several sessions share it.
    pub home: Arc<tempfile::TempDir>,
}

impl Session {
    /// Starts cadge with these arguments in 120 columns and 36 rows.
    pub fn start(arguments: &[&str]) -> Self {
        let program = env!("CARGO_BIN_EXE_cadge");
        Self::run(std::iter::once(program).chain(arguments.iter().copied()), |_| ())
    }

    /// Starts any program, after the home folder was prepared.
    pub fn run<'a>(words: impl IntoIterator<Item = &'a str>, prepare: impl FnOnce(&Path)) -> Self {
        let home = tempfile::tempdir().unwrap();
        prepare(home.path());
        Self::at_home(words, Arc::new(home), |_| ())
    }

    /// Starts any program in a home folder that may have been used before, with more in its environment.
    pub fn at_home<'a>(
        words: impl IntoIterator<Item = &'a str>,
        home: Arc<tempfile::TempDir>,
        more: impl FnOnce(&mut CommandBuilder),
    ) -> Self {
        let (rows, cols) = (36, 120);
        let size = PtySize { rows, cols, ..PtySize::default() };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut words = words.into_iter();
        let mut command = CommandBuilder::new(words.next().unwrap());
        command.args(words);
        command.env_clear();
        command.env("PATH", std::env::var("PATH").unwrap_or_default());
        command.env("HOME", home.path());
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        command.env("TZ", "UTC");
        more(&mut command);
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let input = pair.master.take_writer().unwrap();
        let (sender, output) = channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 16_384];
            while let Ok(n) = reader.read(&mut bytes) {
                if n == 0 || sender.send(bytes[..n].to_vec()).is_err() {
                    return;
                }
            }
        });
        let parser =
            vt100::Parser::new_with_callbacks(cells(rows), cells(cols), 0, Clipboard::default());
        Self { parser, master: pair.master, child, input, output, home }
    }

    /// Types.
    pub fn press(&mut self, keys: &str) {
        self.input.write_all(keys.as_bytes()).unwrap();
        self.input.flush().unwrap();
    }

    /// Clicks with the left button at a column and row counted from 0.
    pub fn click(&mut self, col: usize, row: usize) {
        let (x, y) = (col + 1, row + 1);
        self.press(&format!("\x1b[<0;{x};{y}M\x1b[<0;{x};{y}m"));
    }

    pub fn resize(&mut self, rows: u16, cols: u16) {
        self.parser.screen_mut().set_size(cells(rows), cells(cols));
        self.master.resize(PtySize { rows, cols, ..PtySize::default() }).unwrap();
    }

    pub fn signal(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(self.pid(), signal).unwrap();
    }

    /// Waits until the program was stopped: going on before that would be lost.
    pub fn wait_until_stopped(&self) {
        use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
        let pid = Pid::from_raw(i32::try_from(self.child.process_id().unwrap()).unwrap()).unwrap();
        waitid(WaitId::Pid(pid), WaitIdOptions::STOPPED).unwrap();
    }

    /// Waits until the terminal is as wanted.
    #[track_caller]
    pub fn wait(&mut self, what: &str, is_so: impl Fn(&vt100::Parser<Clipboard>) -> bool) {
        let until = Instant::now() + DEADLINE;
        while !is_so(&self.parser) {
            let left = until.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(left) {
                Ok(bytes) => self.parser.process(&bytes),
                Err(why) => {
                    let screen = self.parser.screen().contents();
                    // What was left to read when the program ended may still be it.
                    assert!(is_so(&self.parser), "{what}: {why}; the screen shows:\n{screen}");
                }
            }
        }
    }

    /// Reads what the program writes within a time, a piece at a time; says no when the time is over or it has ended.
    pub fn read_for(&mut self, time: Duration, mut look: impl FnMut(&vt100::Parser<Clipboard>)) {
        let until = Instant::now() + time;
        while let Ok(bytes) =
            self.output.recv_timeout(until.saturating_duration_since(Instant::now()))
        {
            self.parser.process(&bytes);
            // Only whole frames are looked at.
            if bytes.ends_with(b"\x1b[?2026l") {
                look(&self.parser);
            }
        }
    }

    /// The process.
    pub fn pid(&self) -> rustix::process::Pid {
        let pid = i32::try_from(self.child.process_id().unwrap()).unwrap();
        rustix::process::Pid::from_raw(pid).unwrap()
    }

    /// Waits until a text is on the screen.
    #[track_caller]
    pub fn see(&mut self, text: &str) {
        self.wait(text, |parser| parser.screen().contents().contains(text));
    }

    /// Where a text is on the screen: column and row from 0.
    #[track_caller]
    pub fn find(&self, text: &str) -> (usize, usize) {
        let contents = self.parser.screen().contents();
        let (row, line) =
            contents.lines().enumerate().find(|(_, line)| line.contains(text)).expect(text);
        (line[..line.find(text).unwrap()].chars().count(), row)
    }

    /// Waits until the program has ended and everything it wrote is read.
    #[track_caller]
    pub fn end(&mut self) -> ExitStatus {
        let until = Instant::now() + DEADLINE;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            match self.output.recv_timeout(Duration::from_millis(20)) {
                Ok(bytes) => self.parser.process(&bytes),
                Err(_) => std::thread::park_timeout(Duration::from_millis(5)),
            }
            if Instant::now() > until {
                self.child.kill().unwrap();
                panic!("it did not end; its screen:\n{}", self.parser.screen().contents());
            }
        };
        while let Ok(bytes) = self.output.recv_timeout(Duration::from_millis(500)) {
            self.parser.process(&bytes);
        }
        status
    }

    /// Checks that the terminal is as it was before.
    #[track_caller]
    pub fn check_given_back(&mut self) {
        let screen = self.parser.screen();
        assert!(!screen.alternate_screen(), "the alternate screen is still there");
        assert!(!screen.hide_cursor(), "the cursor is still hidden");
        assert!(!screen.bracketed_paste(), "bracketed paste is still on");
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
    }
}

fn cells(n: u16) -> NonZeroU16 {
    NonZeroU16::new(n).unwrap()
}
