//! End to end: start, flood, resize, mouse, copy, suspend, quit, panic, signals, no terminal.

use crate::session::Session;
use base64::Engine as _;
use cadge::demo::Story;
use jiff::Timestamp;
use rustix::process::Signal;
use std::io::Write;
use std::process::{Command, Stdio};

const START: Timestamp = Timestamp::constant(1_790_000_000, 0);

/// A log of Falco's with this many alerts.
fn log(n_alerts: usize) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    for line in Story::new(START).take(n_alerts) {
        file.write_all(&line.bytes).unwrap();
    }
    file.flush().unwrap();
    file
}

#[expect(clippy::disallowed_methods, reason = "a test starts the program")]
fn cadge() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cadge"));
    command.stdin(Stdio::null()).env("TERM", "xterm-256color");
    command
}

#[test]
fn quitting_gives_the_terminal_back() {
    let mut session = Session::start(&["demo"]);
    session.see("Fileless execution");
    assert!(session.parser.screen().alternate_screen());
    assert_ne!(session.parser.screen().mouse_protocol_mode(), vt100::MouseProtocolMode::None);
    session.press("q");
    assert!(session.end().success());
    session.check_given_back();
}

#[test]
fn a_panic_gives_the_terminal_back_and_then_speaks() {
    let mut session = Session::start(&["demo"]);
    session.see("Fileless execution");
    session.signal(Signal::USR1);
    assert_eq!(session.end().exit_code(), 101);
    session.check_given_back();
    let screen = session.parser.screen().contents();
    assert!(screen.contains("stopped by a fault of its own: asked for by a signal"), "{screen}");
}

#[test]
fn signals_end_it_with_their_number_and_give_the_terminal_back() {
    let asked = [(Signal::TERM, 143), (Signal::INT, 130), (Signal::HUP, 129), (Signal::QUIT, 131)];
    for (signal, code) in asked {
        let mut session = Session::start(&["demo"]);
        session.see("Fileless execution");
        session.signal(signal);
        assert_eq!(session.end().exit_code(), code);
        session.check_given_back();
    }
}

#[test]
fn ctrl_z_lends_the_terminal_and_takes_it_again() {
    let mut session = Session::start(&["demo"]);
    session.see("Fileless execution");
    session.press("\x1a");
    session.wait("the normal screen", |parser| !parser.screen().alternate_screen());
    session.check_given_back();
    session.wait_until_stopped();
    session.signal(Signal::CONT);
    session.wait("the console", |parser| parser.screen().alternate_screen());
    session.see("Fileless execution");
    session.press("q");
    assert!(session.end().success());
}

#[test]
fn any_size_is_drawn_and_a_tiny_one_says_so() {
    let mut session = Session::start(&["demo"]);
    session.see("Fileless execution");
    for (rows, cols) in [(24, 80), (12, 40), (45, 160)] {
        session.resize(rows, cols);
        session.press("\x0c");
        session.see("Fileless");
    }
    session.resize(5, 20);
    session.wait("no list", |parser| !parser.screen().contents().contains("Fileless"));
    session.resize(1, 1);
    session.resize(24, 80);
    session.see("Fileless");
    session.press("q");
    assert!(session.end().success());
}

#[test]
fn a_click_opens_a_tab() {
    let mut session = Session::start(&["demo"]);
    session.see("Fileless execution");
    session.see("read-only");
    let (col, row) = session.find("Raw");
    session.click(col, row);
    session.see("output_fields");
    session.press("\x03");
    assert!(session.end().success());
}

#[test]
fn a_copy_reaches_the_terminal_and_says_no_more_than_is_known() {
    let mut session = Session::start(&["demo"]);
    session.see("read-only");
    session.press("y");
    session.wait("OSC 52", |parser| !parser.callbacks().0.is_empty());
    session.see("sent to the terminal (OSC 52)");
    let encoded = session.parser.callbacks().0.last().unwrap().clone();
    let text = base64::engine::general_purpose::STANDARD.decode(encoded).unwrap();
    assert!(!text.is_empty() && !text.ends_with(b"\n"));
    let kept = session.home.path().join(".local/state/cadge/last-copy");
    assert_eq!(std::fs::read(kept).unwrap(), text);
    session.press("\x03");
    assert!(session.end().success());
}

#[test]
fn keys_are_answered_while_alerts_pour_in() {
    let mut file = log(20_000);
    let path = file.path().to_owned();
    let mut session = Session::start(&[path.to_str().unwrap()]);
    session.see("alerts");
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let pouring = std::thread::spawn(move || {
        let mut n_lines = 0;
        for line in Story::new(START) {
            file.write_all(&line.bytes).unwrap();
            n_lines += 1;
            if stopped.try_recv().is_ok() || n_lines > 200_000 {
                return file;
            }
        }
        file
    });
    session.press("?");
    session.see("What each key does");
    session.press("\x1b");
    session.wait("no help", |parser| !parser.screen().contents().contains("What each key does"));
    session.press("q");
    assert!(session.end().success());
    let _ = stop.send(());
    let _ = pouring.join();
}

#[test]
fn alerts_may_come_through_a_pipe_while_keys_come_from_the_terminal() {
    let file = log(400);
    let line = format!("cat {} | {} -", file.path().display(), env!("CARGO_BIN_EXE_cadge"));
    let mut session = Session::run(["sh", "-c", &line], |_| ());
    session.see("Fileless execution");
    session.press("?");
    session.see("What each key does");
    session.press("\x03");
    assert!(session.end().success());
}

#[test]
fn a_mistake_in_the_settings_is_told_and_costs_nothing_else() {
    let prepare = |home: &std::path::Path| {
        let folder = home.join(".config/cadge");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("config.toml"), "thme = \"dark\"\n").unwrap();
    };
    let mut session = Session::run([env!("CARGO_BIN_EXE_cadge"), "demo"], prepare);
    session.see("unknown key");
    session.see("Fileless execution");
    session.press("\x03");
    assert!(session.end().success());
}

#[test]
fn without_a_log_it_says_what_to_do() {
    if std::path::Path::new("/etc/falco").exists()
        || std::path::Path::new("/var/log/falco").exists()
    {
        return;
    }
    let mut session = Session::start(&[]);
    session.see("file_output:");
    session.see("falco.yaml");
    session.press("D");
    session.see("Fileless execution");
    session.press("\x03");
    assert!(session.end().success());
}

#[test]
fn without_a_terminal_it_prints_what_list_prints() {
    let file = log(50);
    let console = cadge().arg(file.path()).output().unwrap();
    let list = cadge().arg("list").arg(file.path()).output().unwrap();
    assert!(console.status.success());
    assert_eq!(console.stdout, list.stdout);
    assert_eq!(String::from_utf8_lossy(&console.stdout).lines().count(), 50);
    let demo = cadge().arg("demo").output().unwrap();
    assert_eq!(demo.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&demo.stderr).contains("terminal"));
}

#[test]
#[cfg(feature = "real-tools")]
fn a_copy_inside_tmux_is_in_its_buffer() {
    let socket = format!("cadge-{}", std::process::id());
    #[expect(clippy::disallowed_methods, reason = "a test starts tmux")]
    let tmux = |words: &[&str]| {
        let mut command = Command::new("tmux");
        command.env_remove("TMUX").args(["-L", &socket, "-f", "/dev/null"]).args(words);
        let output = command.output().expect("tmux is there");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let home = tempfile::tempdir().unwrap();
    let line = format!("HOME={} {} demo", home.path().display(), env!("CARGO_BIN_EXE_cadge"));
    tmux(&["new-session", "-d", "-x", "120", "-y", "36", &line]);
    let until = std::time::Instant::now() + std::time::Duration::from_mins(1);
    let wait = |text: &str| {
        while !tmux(&["capture-pane", "-p"]).contains(text) {
            assert!(std::time::Instant::now() < until, "{text} does not come");
        }
    };
    wait("read-only");
    tmux(&["send-keys", "y"]);
    wait("tmux's buffer");
    let buffer = tmux(&["show-buffer"]);
    let kept = std::fs::read_to_string(home.path().join(".local/state/cadge/last-copy")).unwrap();
    tmux(&["kill-server"]);
    assert_eq!(buffer.trim_end(), kept);
}
