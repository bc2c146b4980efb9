//! A case for each thing that rotation does to a log.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::{FileExt, PermissionsExt, symlink};
use std::process::Command;
use std::time::Duration;

use crate::follower::{Follower, MODES, Mode};

const MOMENT: Duration = Duration::from_millis(700);

fn each(case: impl Fn(Follower)) {
    for mode in MODES {
        case(Follower::ready(mode));
    }
}

#[test]
fn a_burst() {
    each(|mut log| {
        log.write(20_000);
        log.finish();
    });
}

#[test]
fn rename_and_create_with_and_without_a_gap() {
    each(|mut log| {
        for (suffix, gap) in [(".1", Duration::ZERO), (".2", MOMENT)] {
            log.write(10);
            log.rotate(suffix);
            log.pause(gap);
            log.write(10);
        }
        log.finish();
    });
}

#[test]
fn an_unread_end_of_the_renamed_file() {
    each(|mut log| {
        log.write(2000);
        log.rotate(".1");
        log.write(10);
        log.finish();
    });
}

#[test]
fn late_writers_of_a_renamed_file() {
    each(|mut log| {
        log.rotate(".1");
        for _ in 0..3 {
            let late = log.text(2);
            log.append(&log.beside(".1"), late);
            log.pause(MOMENT);
            log.write(2);
        }
        log.pause(Duration::from_secs(6));
        let late = log.text(2);
        log.append(&log.beside(".1"), late);
        log.finish_in_any_order();
    });
}

#[test]
fn a_storm_of_rotations() {
    each(|mut log| {
        for number in 0..50 {
            log.write(5);
            log.rotate(&format!("-20261121-1010{number:02}"));
        }
        log.write(5);
        log.finish();
    });
}

#[test]
fn copytruncate_grown_again_to_less_equal_and_more() {
    for n_after in [3, 20, 90] {
        each(|mut log| {
            log.write(19);
            log.settle();
            log.copytruncate();
            log.write(n_after);
            log.finish();
        });
    }
}

#[test]
fn copytruncate_while_the_program_is_stopped() {
    for n_after in [3, 25, 90] {
        each(|mut log| {
            log.write(19);
            log.settle();
            log.signal("-STOP");
            log.write(5);
            log.copytruncate();
            log.write(n_after);
            log.signal("-CONT");
            log.finish();
        });
    }
}

#[test]
fn two_rotations_while_the_program_is_stopped() {
    each(|mut log| {
        log.signal("-STOP");
        for suffix in ["-20261121", "-20261122"] {
            log.write(5);
            log.rotate(suffix);
        }
        log.write(5);
        log.signal("-CONT");
        log.finish();
    });
}

#[test]
fn a_hole_of_nuls_after_copytruncate() {
    each(|mut log| {
        log.write(30);
        log.settle();
        let size = fs::metadata(&log.log).unwrap().len();
        log.copytruncate();
        let text = log.text(5);
        let file = OpenOptions::new().write(true).open(&log.log).unwrap();
        file.write_all_at(text.as_bytes(), size).unwrap();
        log.finish();
    });
}

#[test]
fn cut_to_the_middle() {
    each(|mut log| {
        log.write(19);
        log.settle();
        let half = fs::read(&log.log)
            .unwrap()
            .split_inclusive(|byte| *byte == b'\n')
            .take(10)
            .flatten()
            .count();
        log.truncate(half as u64);
        log.write(5);
        log.finish();
    });
}

#[test]
fn deleted_and_made_anew() {
    each(|mut log| {
        for gap in [Duration::ZERO, MOMENT] {
            log.write(5);
            log.settle();
            fs::remove_file(&log.log).unwrap();
            log.pause(gap);
            log.write(5);
        }
        log.finish();
    });
}

#[test]
fn replaced_by_a_longer_copy() {
    each(|mut log| {
        log.write(19);
        log.settle();
        let more = log.text(5);
        let next = log.folder.path().join(".next");
        fs::write(&next, [fs::read(&log.log).unwrap(), more.into_bytes()].concat()).unwrap();
        fs::rename(next, &log.log).unwrap();
        log.finish();
    });
}

#[test]
fn a_symlink_switched_and_a_pod_that_restarts() {
    for mode in MODES {
        let mut log = Follower::start(mode, "containers.log", |folder| {
            fs::create_dir(folder.join("pod")).unwrap();
            symlink(folder.join("pod/0.log"), folder.join("containers.log")).unwrap();
        });
        let pod = log.folder.path().join("pod");
        log.write(5);
        log.settle();
        fs::rename(pod.join("0.log"), pod.join("0.log.20261121-101010")).unwrap();
        log.write(5);
        log.settle();
        let next = log.folder.path().join("next");
        symlink(pod.join("1.log"), &next).unwrap();
        fs::rename(next, &log.log).unwrap();
        log.write(5);
        log.finish();
    }
}

#[test]
fn a_folder_absent_removed_and_renamed() {
    for mode in MODES {
        let mut log = Follower::start(mode, "a/b/events.json", |_| {});
        let (top, folder) = (log.folder.path().join("a"), log.folder.path().join("a/b"));
        log.pause(MOMENT);
        for _ in 0..2 {
            fs::create_dir_all(&folder).unwrap();
            log.write(5);
            log.settle();
            fs::remove_dir_all(&top).unwrap();
            log.pause(MOMENT);
        }
        fs::create_dir_all(&folder).unwrap();
        log.write(5);
        log.settle();
        fs::rename(&top, log.folder.path().join("gone")).unwrap();
        fs::create_dir_all(&folder).unwrap();
        log.write(5);
        log.finish();
    }
}

#[test]
fn unreadable_and_then_readable() {
    // Root reads everything, so this one is run as somebody else.
    let mut log = Follower::ready(Mode::Nobody);
    log.rotate(".1");
    let text = log.text(5);
    log.append(&log.log, "");
    fs::set_permissions(&log.log, fs::Permissions::from_mode(0o000)).unwrap();
    log.append(&log.log, text);
    log.pause(MOMENT);
    fs::set_permissions(&log.log, fs::Permissions::from_mode(0o644)).unwrap();
    log.finish();
}

#[test]
fn compressed_after_rotation() {
    each(|mut log| {
        log.write(10);
        log.rotate(".1");
        log.write(5);
        log.settle();
        assert!(Command::new("gzip").arg(log.beside(".1")).status().unwrap().success());
        log.write(5);
        log.finish();
    });
}

#[test]
fn a_line_in_pieces() {
    each(|mut log| {
        let text = log.text(1);
        let (first, rest) = text.split_at(text.len() / 2);
        log.append(&log.log, first);
        log.pause(Duration::from_secs(2));
        log.rotate(".1");
        log.write(1);
        log.append(&log.beside(".1"), rest);
        log.finish_in_any_order();
    });
}

#[test]
fn a_last_line_without_end() {
    each(|mut log| {
        let text = log.text(1);
        log.append(&log.log, text.trim_end());
        log.settle();
        log.append(&log.log, "\n");
        log.finish();
    });
}

#[test]
fn a_writer_that_fills_nuls_later() {
    each(|mut log| {
        let from = fs::metadata(&log.log).unwrap().len();
        let file = OpenOptions::new().write(true).open(&log.log).unwrap();
        file.set_len(1 << 16).unwrap();
        log.pause(MOMENT);
        let text = log.text(3);
        file.write_all_at(text.as_bytes(), from).unwrap();
        log.finish();
    });
}

#[test]
fn signals_and_a_closed_pipe_end_it() {
    for (signal, code) in [("-INT", 130), ("-TERM", 143), ("-HUP", 129)] {
        let mut log = Follower::ready(Mode::Notices);
        log.signal(signal);
        assert_eq!(log.exit_code(), Some(code), "{signal}");
    }
}
