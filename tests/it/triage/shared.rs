//! Two consoles on one host, what is new since somebody last looked, and the person's own editor.

use super::{console, database, home, line, log, read};
use rustix::process::Signal;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Instant;

#[test]
fn two_consoles_see_what_the_other_decides() {
    let (log, home) = (log(4), home());
    let mut one = console(log.path(), &home);
    let mut two = console(log.path(), &home);
    one.see("this group, 1 alert");
    two.see("this group, 1 alert");
    one.press("a");
    let pressed = Instant::now();
    two.see("1 hidden");
    println!("the other console shows it after {} ms", pressed.elapsed().as_millis());
    two.press("cb");
    one.see("2 hidden");
    for session in [&mut one, &mut two] {
        session.press("q");
        assert!(session.end().success());
    }
    assert_eq!(read(&database(home.path())).entries().count(), 2);
}

#[test]
fn what_came_since_one_last_looked_is_new_however_one_left() {
    for leave in [None, Some(Signal::TERM), Some(Signal::HUP), Some(Signal::USR1)] {
        let (log, home) = (log(4), home());
        let mut session = console(log.path(), &home);
        session.see("this group, 1 alert");
        session.press("jk");
        // The first key is noted at once; a signal may overtake keys, and a panic has no turn left.
        let path = database(home.path());
        let is_noted = || {
            path.exists()
                && cadge::triage::Db::open(&path, super::now())
                    .is_ok_and(|(db, _)| db.looked(log.path().to_str().unwrap()) != Ok(None))
        };
        session.wait("noted", |_| leave.is_none() || is_noted());
        match leave {
            None => session.press("q"),
            Some(signal) => session.signal(signal),
        }
        session.end();
        let mut file = OpenOptions::new().append(true).open(log.path()).unwrap();
        file.write_all(line(77, 300, "Another shell", "Notice").as_bytes()).unwrap();
        file.write_all(line(78, 301, "Another shell", "Notice").as_bytes()).unwrap();
        let mut again = console(log.path(), &home);
        again.see("2 new");
        again.press(".");
        again.see("1 new");
        again.press("q");
        assert!(again.end().success());
    }
}

#[test]
fn the_same_log_is_known_by_another_path() {
    let (log, home) = (log(4), home());
    let mut session = console(log.path(), &home);
    session.see("this group, 1 alert");
    session.press("jkq");
    assert!(session.end().success());
    let mut file = OpenOptions::new().append(true).open(log.path()).unwrap();
    file.write_all(line(77, 300, "Another shell", "Notice").as_bytes()).unwrap();
    let name = log.path().file_name().unwrap().to_str().unwrap();
    let words = [env!("CARGO_BIN_EXE_cadge"), name];
    let mut again = crate::session::Session::at_home(words, Arc::clone(&home), |command| {
        command.cwd(log.path().parent().unwrap());
    });
    again.see("1 new");
    again.press("q");
    assert!(again.end().success());
}

#[test]
fn a_note_is_written_in_the_persons_own_editor() {
    let (log, home) = (log(2), home());
    let editor = home.path().join("editor");
    let script = "#!/bin/sh\nread -r typed\nprintf '%s\\nsecond line\\n' \"$typed\" > \"$1\"\n";
    std::fs::write(&editor, script).unwrap();
    std::fs::set_permissions(&editor, std::fs::Permissions::from_mode(0o755)).unwrap();
    let words = [env!("CARGO_BIN_EXE_cadge"), log.path().to_str().unwrap()];
    let mut session = crate::session::Session::at_home(words, Arc::clone(&home), |command| {
        command.env("EDITOR", &editor);
    });
    session.see("this group, 1 alert");
    session.press("i");
    session.see("Ctrl-o opens $EDITOR");
    session.press("\x0f");
    session.wait("the normal screen", |parser| !parser.screen().alternate_screen());
    // These keys are the editor's: none of them may reach the console.
    session.press("qqq typed there\n");
    session.wait("the console", |parser| parser.screen().alternate_screen());
    session.see("second line");
    session.press("\x13");
    session.see("Noted");
    session.press("q");
    assert!(session.end().success());
    let board = read(&database(home.path()));
    let (_, decision, _) = board.entries().next().unwrap();
    assert_eq!(decision.note.as_deref(), Some("qqq typed there\nsecond line"));
}
