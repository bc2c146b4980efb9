//! `cadge list --follow --json` as a child, and the log it follows.

use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How the program learns of changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Notices,
    Polling,
    /// The system's limits of watches are zero.
    NoWatches,
    /// By notices, as a user who may not read everything.
    Nobody,
}

pub const MODES: [Mode; 3] = [Mode::Notices, Mode::Polling, Mode::NoWatches];

/// A log with its follower. Dropping it kills the follower.
pub struct Follower {
    pub folder: TempDir,
    pub log: PathBuf,
    pub mode: Mode,
    pub child: Child,
    printed: Receiver<(Instant, u64)>,
    pub seen: Vec<(Instant, u64)>,
    pub n_written: u64,
}

impl Drop for Follower {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One alert with a number to know it by.
pub fn alert(number: u64) -> String {
    format!(
        "{{\"hostname\":\"node\",\"output\":\"alert {number}\",\"output_fields\":{{\"evt.num\":{number}}},\"priority\":\
         \"Notice\",\"rule\":\"Timed\",\"source\":\"syscall\",\"tags\":[],\"time\":\"2026-11-21T10:00:00.{:09}Z\"}}\n",
        number % 1_000_000_000
    )
}

impl Follower {
    /// Follows `events.json` in a new folder that `prepare` sets up.
    pub fn start(mode: Mode, name: &str, prepare: impl Fn(&Path)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        prepare(folder.path());
        let log = folder.path().join(name);
        let mut command = match mode {
            Mode::NoWatches => {
                let mut command = Command::new("unshare");
                let limits = "echo 0 > /proc/sys/user/max_inotify_watches; \
                              echo 0 > /proc/sys/user/max_inotify_instances; exec \"$@\"";
                command.args(["-Ur", "sh", "-c", limits, "sh", env!("CARGO_BIN_EXE_cadge")]);
                command
            }
            Mode::Nobody if rustix::process::getuid().is_root() => {
                let open = fs::Permissions::from_mode(0o755);
                fs::set_permissions(folder.path(), open).expect("the folder is ours");
                let mut command = Command::new("setpriv");
                command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
                command.arg(env!("CARGO_BIN_EXE_cadge"));
                command
            }
            Mode::Notices | Mode::Polling | Mode::Nobody => {
                Command::new(env!("CARGO_BIN_EXE_cadge"))
            }
        };
        command.args(["list", "--follow", "--json"]);
        if mode == Mode::Polling {
            command.arg("--poll");
        }
        let mut child = command
            .arg(&log)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let (print, printed) = channel();
        let stdout = child.stdout.take().expect("a pipe");
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let digits = line.split("\"evt.num\":").nth(1).unwrap_or_default();
                let number: String = digits.chars().take_while(char::is_ascii_digit).collect();
                let number = number.parse().unwrap_or(u64::MAX);
                if print.send((Instant::now(), number)).is_err() {
                    break;
                }
            }
        });
        Self { folder, log, mode, child, printed, seen: Vec::new(), n_written: 0 }
    }

    /// A log that is there and whose first alert was printed, so that the program is at its end.
    pub fn ready(mode: Mode) -> Self {
        let mut follower = Self::start(mode, "events.json", |_| {});
        follower.write(1);
        follower.settle();
        follower
    }

    pub fn beside(&self, suffix: &str) -> PathBuf {
        let mut name = self.log.clone().into_os_string();
        name.push(suffix);
        name.into()
    }

    pub fn text(&mut self, n_alerts: u64) -> String {
        let from = self.n_written + 1;
        self.n_written += n_alerts;
        (from..=self.n_written).map(alert).collect::<Vec<_>>().concat()
    }

    pub fn append(&self, path: &Path, bytes: impl AsRef<[u8]>) {
        let mut file =
            OpenOptions::new().create(true).append(true).open(path).expect("the log opens");
        file.write_all(bytes.as_ref()).expect("the log is written");
    }

    pub fn write(&mut self, n_alerts: u64) {
        let text = self.text(n_alerts);
        self.append(&self.log.clone(), text);
    }

    pub fn rotate(&mut self, suffix: &str) {
        fs::rename(&self.log, self.beside(suffix)).expect("renamed");
    }

    pub fn copytruncate(&mut self) {
        fs::copy(&self.log, self.beside(".1")).expect("copied");
        self.truncate(0);
    }

    pub fn truncate(&self, size: u64) {
        OpenOptions::new().write(true).open(&self.log).expect("opens").set_len(size).expect("cut");
    }

    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args([name, &self.child.id().to_string()]).status();
        assert!(status.expect("kill runs").success());
    }

    /// Waits until everything written was printed.
    pub fn settle(&mut self) {
        let deadline = Instant::now() + Duration::from_secs(15);
        while (self.seen.len() as u64) < self.n_written {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.printed.recv_timeout(left) {
                Ok(seen) => self.seen.push(seen),
                Err(_) => panic!(
                    "{:?}: {} of {} alerts were printed, the last are {:?}",
                    self.mode,
                    self.seen.len(),
                    self.n_written,
                    self.numbers().iter().rev().take(5).collect::<Vec<_>>()
                ),
            }
        }
    }

    pub fn numbers(&self) -> Vec<u64> {
        self.seen.iter().map(|(_, number)| *number).collect()
    }

    /// Waits for everything and a little longer for what should not come; all were printed once, in order.
    pub fn finish(&mut self) {
        self.finish_in_any_order();
        let numbers = self.numbers();
        assert!(numbers.is_sorted(), "{:?}: not in order: {numbers:?}", self.mode);
    }

    /// The same for generations that were written at once.
    pub fn finish_in_any_order(&mut self) {
        self.settle();
        while let Ok(seen) = self.printed.recv_timeout(Duration::from_millis(700)) {
            self.seen.push(seen);
        }
        let mut numbers = self.numbers();
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=self.n_written).collect::<Vec<_>>(), "{:?}", self.mode);
    }

    /// Nothing but time passes.
    pub fn pause(&self, time: Duration) {
        thread::park_timeout(time);
    }

    /// Waits for the program's end and gives its exit code.
    pub fn exit_code(&mut self) -> Option<i32> {
        let deadline = Instant::now() + Duration::from_secs(5);
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait().expect("a child of ours") {
                return status.code();
            }
            self.pause(Duration::from_millis(20));
        }
        panic!("{:?}: still running", self.mode);
    }
}
