//! What can be wrong with the file: the banner says what and what to do, and no decision is lost.

use super::{console, database, home, log, now, read};
use cadge::triage::Db;
use rusqlite::Connection;
use rustix::process::{Resource, Rlimit, getrlimit, prlimit};
use std::fs;
use std::path::Path;

fn decided(path: &Path) -> usize {
    read(path).entries().count()
}

/// Another program's lock, held until it is dropped.
fn lock(path: &Path) -> Connection {
    let connection = Connection::open(path).unwrap();
    connection.execute_batch("BEGIN EXCLUSIVE").unwrap();
    connection
}

#[test]
fn a_locked_database_holds_decisions_until_it_is_free() {
    let (log, home) = (log(4), home());
    let path = database(home.path());
    let mut session = console(log.path(), &home);
    session.see("this group, 1 alert");
    session.press("a");
    session.see("1 hidden");
    session.wait("saved", |parser| !parser.screen().contents().contains("saving"));
    let lock = lock(&path);
    session.press("a");
    session.see("1 decision not saved yet: the triage database is locked by another program; close it, or wait");
    assert_eq!(decided(&path), 1);
    drop(lock);
    session.see("Decisions are saved again");
    session.press("q");
    assert!(session.end().success());
    assert_eq!(decided(&path), 2);
}

#[test]
fn a_full_disk_holds_decisions_until_there_is_room() {
    let (log, home) = (log(4), home());
    let path = database(home.path());
    let mut session = console(log.path(), &home);
    session.see("this group, 1 alert");
    session.press("a");
    session.see("1 hidden");
    session.wait("saved", |parser| !parser.screen().contents().contains("saving"));
    // No file may grow any more: to the program the same as no room.
    let usual = getrlimit(Resource::Fsize);
    let none = Rlimit { current: Some(100), maximum: usual.maximum };
    prlimit(Some(session.pid()), Resource::Fsize, none).unwrap();
    session.press("a");
    session.see("the disk is full; make room");
    session.press("a");
    session.see("2 decisions not saved yet");
    prlimit(Some(session.pid()), Resource::Fsize, usual).unwrap();
    session.see("Decisions are saved again");
    session.press("q");
    assert!(session.end().success());
    assert_eq!(decided(&path), 3);
}

#[test]
fn a_corrupt_database_is_put_aside_and_what_is_readable_is_taken_over() {
    let (log, home) = (log(4), home());
    let path = database(home.path());
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let damage = b"this was a database once, and then something wrote over it ".repeat(40);
    fs::write(&path, &damage).unwrap();
    let mut session = console(log.path(), &home);
    session.see("was damaged: it is kept as");
    session.see("this group, 1 alert");
    session.press("a");
    session.see("1 hidden");
    session.wait("saved", |parser| !parser.screen().contents().contains("saving"));
    session.press("q");
    assert!(session.end().success());
    assert_eq!(decided(&path), 1);
    let aside: Vec<_> = fs::read_dir(path.parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().contains("corrupt-"))
        .collect();
    assert_eq!(aside.len(), 1, "{aside:?}");
    assert_eq!(fs::read(&aside[0]).unwrap(), damage);
}

#[test]
fn a_foreign_database_is_left_alone_and_decisions_wait_until_it_is_gone() {
    let (log, home) = (log(4), home());
    let path = database(home.path());
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
    let before = fs::read(&path).unwrap();
    let mut session = console(log.path(), &home);
    session.see("another program's and is left alone; move it away");
    session.see("this group, 1 alert");
    session.press("a");
    session.see("1 decision not saved yet: the triage database is another program's");
    assert_eq!(fs::read(&path).unwrap(), before);
    fs::rename(&path, path.with_extension("theirs")).unwrap();
    session.see("Decisions are saved again");
    session.press("q");
    assert!(session.end().success());
    assert_eq!(decided(&path), 1);
}

#[test]
fn a_newer_database_is_left_alone() {
    let (log, home) = (log(4), home());
    let path = database(home.path());
    drop(Db::open(&path, now()).unwrap());
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 77).unwrap();
    let mut session = console(log.path(), &home);
    session.see("written by a newer cadge and is left alone; use that version");
    session.see("this group, 1 alert");
    session.press("a");
    session.see("1 decision not saved yet");
    session.press("qq");
    assert_eq!(session.end().exit_code(), 1);
    let version: i64 = Connection::open(&path)
        .unwrap()
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap();
    assert_eq!(version, 77);
}

#[test]
fn a_database_that_is_deleted_under_the_console_is_written_again() {
    let (log, home) = (log(4), home());
    let path = database(home.path());
    let mut session = console(log.path(), &home);
    session.see("this group, 1 alert");
    session.press("a");
    session.see("1 hidden");
    session.wait("saved", |parser| !parser.screen().contents().contains("saving"));
    for suffix in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        let _ = fs::remove_file(name);
    }
    session.see("written again");
    session.press("a");
    session.see("2 hidden");
    session.wait("saved", |parser| !parser.screen().contents().contains("saving"));
    session.press("q");
    assert!(session.end().success());
    assert_eq!(decided(&path), 2);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test starts the program")]
fn a_read_only_database_is_said_and_nothing_is_claimed() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;
    let folder = tempfile::tempdir().unwrap();
    let mode = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    let path = folder.path().join("triage.db");
    drop(Db::open(&path, now()).unwrap());
    let program = folder.path().join("cadge");
    fs::copy(env!("CARGO_BIN_EXE_cadge"), &program).unwrap();
    mode(&path, 0o444);
    mode(folder.path(), 0o555);
    let mut command = std::process::Command::new(&program);
    let key = format!("alert:{:032x}", 7);
    command.args(["triage", "--database", path.to_str().unwrap(), "set", "--key", &key]);
    command.args(["--status", "escalated"]).env_clear();
    // To root nothing is read-only: somebody else has to try.
    if rustix::process::geteuid().is_root() {
        command.uid(65534).gid(65534);
    }
    let output = command.output().unwrap();
    mode(folder.path(), 0o755);
    let says = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{says}");
    assert!(says.contains("cannot be written (read-only); make it writable"), "{says}");
    assert!(output.stdout.is_empty());
}

#[test]
#[cfg(feature = "real-tools")]
fn a_read_only_folder_holds_decisions_until_it_can_be_written() {
    use std::os::unix::fs::PermissionsExt;
    let (log, home) = (log(4), home());
    let folder = database(home.path()).parent().unwrap().to_owned();
    let mode = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    fs::create_dir_all(&folder).unwrap();
    let program = home.path().join("cadge");
    fs::copy(env!("CARGO_BIN_EXE_cadge"), &program).unwrap();
    for path in [home.path(), folder.as_path()] {
        mode(path, 0o755);
    }
    mode(log.path(), 0o644);
    let mut words = vec!["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    if !rustix::process::geteuid().is_root() {
        words.clear();
        mode(&folder, 0o555);
    }
    words.extend([program.to_str().unwrap(), log.path().to_str().unwrap()]);
    let mut session = crate::session::Session::at_home(words, std::sync::Arc::clone(&home), |_| ());
    session.see("cannot be written (read-only); make it writable");
    session.see("this group, 1 alert");
    session.press("a");
    session.see("1 decision not saved yet");
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(&folder, Some(65534), Some(65534)).unwrap();
    } else {
        mode(&folder, 0o700);
    }
    session.see("Decisions are saved again");
    session.press("q");
    assert!(session.end().success());
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(&folder, Some(0), Some(0)).unwrap();
    }
    assert_eq!(decided(&database(home.path())), 1);
}

#[test]
fn leaving_before_it_could_be_saved_asks_and_leaves_a_file_to_import() {
    let (log, home) = (log(4), home());
    let path = database(home.path());
    drop(Db::open(&path, now()).unwrap());
    let lock = lock(&path);
    let mut session = console(log.path(), &home);
    session.see("this group, 1 alert");
    session.press("a");
    session.see("1 decision not saved yet");
    session.press("q");
    session.see("1 decision is not saved yet; q again leaves");
    session.press("q");
    session.see("could not be saved: the triage database is locked");
    session.see("cadge triage import");
    assert_eq!(session.end().exit_code(), 1);
    drop(lock);
    assert_eq!(decided(&path), 0);
    let file = fs::read_dir(path.parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.to_string_lossy().contains("triage-unsaved-"))
        .unwrap();
    for _ in 0..2 {
        let words = ["triage", "import", file.to_str().unwrap()];
        super::headless::run(home.path(), &words).success();
        assert_eq!(decided(&path), 1);
    }
    let (mut db, _) = Db::open(&path, now()).unwrap();
    let changes = db.news().unwrap().changes;
    let evidence = changes[0].about.evidence.as_deref().unwrap();
    assert!(db.evidence(evidence).unwrap().is_some(), "the record came along");
}
