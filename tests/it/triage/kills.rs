//! What was shown as saved is there after SIGKILL, whenever it comes.

use super::{console, database, home, log, many, read};
use crate::session::Session;
use rustix::process::Signal;
use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

/// A small generator of numbers that look random: the same each time.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

/// Decisions that the first line of the screen shows as made and saved: alerts put aside less those being saved.
fn acknowledged(first: &str) -> u64 {
    let number_before = |word: &str| -> u64 {
        let Some(at) = first.find(word) else { return 0 };
        let digits: String =
            first[..at].trim_end().chars().rev().take_while(char::is_ascii_digit).collect();
        digits.chars().rev().collect::<String>().parse().unwrap_or(0)
    };
    let saving = first.find("saving ").map_or(0, |at| {
        let digits: String = first[at + 7..].chars().take_while(char::is_ascii_digit).collect();
        digits.parse().unwrap_or(0)
    });
    number_before("hidden").saturating_sub(saving)
}

/// Consoles in a terminal, each killed while decisions are made: none that was shown as saved may be missing. Gives the
/// decisions that were acknowledged and those found.
pub fn kill_consoles(n_kills: usize) -> (u64, u64) {
    const GROUPS: u64 = 150;
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    let log = log(usize::try_from(GROUPS).unwrap());
    let (mut shown, mut found) = (0, 0);
    let mut at_home = home();
    let mut before = 0;
    for kill in 0..n_kills {
        if before + 20 > GROUPS {
            at_home = home();
            before = 0;
        }
        let mut session = console(log.path(), &at_home);
        session.wait("the groups", |parser| {
            let screen = parser.screen().contents();
            screen.contains("following") && (before == 0 || screen.contains("hidden"))
        });
        let mut saved = before;
        let look = |session: &mut Session, time: u64, saved: &mut u64| {
            session.read_for(Duration::from_millis(time), |parser| {
                let screen = parser.screen().contents();
                *saved = acknowledged(screen.lines().next().unwrap_or("")).max(*saved);
            });
        };
        for _ in 0..=dice.roll(6) {
            session.press("a");
            look(&mut session, dice.roll(25), &mut saved);
        }
        look(&mut session, dice.roll(40), &mut saved);
        session.signal(Signal::KILL);
        session.end();
        let there = read(&database(at_home.path())).entries().count() as u64;
        assert!(there >= saved, "kill {kill}: {saved} were shown as saved, {there} are there");
        shown += saved - before;
        found += there - before;
        before = there;
    }
    (shown, found)
}

/// `cadge triage set`, killed at some moment: when it has said what it did, that is there.
#[expect(clippy::disallowed_methods, reason = "a test starts the program")]
pub fn kill_commands(n_kills: usize) -> (usize, usize) {
    let at_home = home();
    let mut dice = Dice(88_172_645_463_325_252);
    let (mut n_said, mut n_there) = (0, 0);
    for kill in 0..n_kills {
        let key = format!("alert:{kill:032x}");
        let mut child = Command::new(env!("CARGO_BIN_EXE_cadge"))
            .args(["triage", "set", "--key", &key, "--status", "acknowledged", "--by", "ana"])
            .env_clear()
            .env("HOME", at_home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut out = child.stdout.take().unwrap();
        let (said, heard) = std::sync::mpsc::channel();
        let reader = std::thread::spawn(move || {
            let mut bytes = [0; 256];
            let n = out.read(&mut bytes).unwrap_or(0);
            let _ = said.send(n);
        });
        let n = heard.recv_timeout(Duration::from_millis(dice.roll(60))).unwrap_or(0);
        let _ = child.kill();
        let _ = child.wait();
        let n = n.max(heard.recv().unwrap_or(0));
        reader.join().unwrap();
        let path = database(at_home.path());
        let there =
            path.exists() && read(&path).entries().any(|(known, ..)| known.to_string() == key);
        assert!(n == 0 || there, "kill {kill}: it said so, and it is not there");
        n_said += usize::from(n > 0);
        n_there += usize::from(there);
    }
    (n_said, n_there)
}

#[test]
fn no_kill_loses_what_was_shown_as_saved() {
    let (shown, found) = kill_consoles(many("CADGE_KILLS", 6));
    eprintln!("{shown} decisions were shown as saved before a kill, {found} are there");
    assert!(shown <= found && found > 0, "{shown} {found}");
}

#[test]
fn no_kill_loses_what_a_command_said() {
    let (said, there) = kill_commands(many("CADGE_KILLS", 44));
    eprintln!("{said} commands said that they had saved before a kill, {there} had");
    assert!(said <= there, "{said} {there}");
}

#[test]
fn a_console_that_is_killed_leaves_a_database_that_opens() {
    let (log, at_home) = (log(3), home());
    let mut session = console(log.path(), &at_home);
    session.see("this group, 1 alert");
    session.press("a");
    session.wait("saved", |parser| acknowledged(&parser.screen().contents()) == 1);
    session.signal(Signal::KILL);
    session.end();
    let again = console(log.path(), &Arc::clone(&at_home));
    let mut again = again;
    again.see("1 hidden");
    again.press("q");
    assert!(again.end().success());
}
