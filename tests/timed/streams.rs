//! Logs that are no plain files, readers that go away, and bytes that are no alerts.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::net::UnixListener;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::follower::{Follower, MODES, Mode, alert};

#[test]
fn a_fifo_with_one_writer_after_another() {
    let mut log = Follower::start(Mode::Notices, "events.fifo", |folder| {
        let made = Command::new("mkfifo").arg(folder.join("events.fifo")).status();
        assert!(made.unwrap().success());
    });
    for _ in 0..3 {
        let text = log.text(500);
        OpenOptions::new().write(true).open(&log.log).unwrap().write_all(text.as_bytes()).unwrap();
        log.settle();
    }
    log.finish();
}

#[test]
fn a_socket() {
    let mut listener = None;
    let cell = std::cell::RefCell::new(&mut listener);
    let mut log = Follower::start(Mode::Notices, "events.sock", |folder| {
        **cell.borrow_mut() = Some(UnixListener::bind(folder.join("events.sock")).unwrap());
    });
    let (mut socket, _) = listener.unwrap().accept().unwrap();
    for _ in 0..3 {
        let text = log.text(500);
        socket.write_all(text.as_bytes()).unwrap();
        log.settle();
    }
    drop(socket);
    log.finish();
    assert_eq!(log.exit_code(), Some(0));
}

#[test]
fn a_reader_that_goes_away_ends_it_though_nothing_comes() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("events.json");
    fs::write(&log, alert(1)).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_cadge"))
        .args(["list", "--follow", "--json"])
        .arg(&log)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdout = std::io::BufReader::new(child.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut stdout, &mut String::new()).unwrap();
    drop(stdout);
    let deadline = Instant::now() + Duration::from_secs(5);
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        assert!(Instant::now() < deadline, "still running");
        std::thread::park_timeout(Duration::from_millis(20));
    };
    assert_eq!(status.code(), Some(0));
}

#[test]
fn a_signal_ends_it_though_its_reader_takes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("events.json");
    fs::write(&log, (1..5000).map(alert).collect::<String>()).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_cadge"))
        .args(["list", "--follow", "--json"])
        .arg(&log)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::park_timeout(Duration::from_secs(2));
    let told = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    assert!(told.unwrap().success());
    let deadline = Instant::now() + Duration::from_secs(5);
    while child.try_wait().unwrap().is_none() {
        assert!(Instant::now() < deadline, "still running");
        std::thread::park_timeout(Duration::from_millis(20));
    }
    assert_eq!(child.wait().unwrap().code(), Some(143));
}

#[test]
fn garbage_and_depths_among_good_lines() {
    for mode in MODES {
        let mut log = Follower::ready(mode);
        let garbage: Vec<u8> = (0..40_000_u32)
            .map(|n| u8::try_from(n.wrapping_mul(2_654_435_761) >> 24).unwrap())
            .filter(|byte| *byte != b'{')
            .collect();
        let deep = format!("{{\"a\":{}", "[".repeat(100_000));
        let long = format!("{{\"a\":\"{}\"}}", "x".repeat(10 << 20));
        for odd in
            [&garbage, deep.as_bytes(), long.as_bytes(), b"\0\0\0", b"\xff\xfe", b"{", b"\"", b"]"]
        {
            log.append(&log.log.clone(), b"\n");
            log.append(&log.log.clone(), odd);
            log.append(&log.log.clone(), b"\n");
            log.write(2);
            log.settle();
        }
        log.finish();
    }
}

#[test]
fn a_half_line_whose_writer_is_slow() {
    for mode in MODES {
        let mut log = Follower::ready(mode);
        let text = log.text(1);
        for piece in [&text[..40], &text[40..90], &text[90..]] {
            log.append(&log.log.clone(), piece);
            log.pause(Duration::from_millis(2500));
        }
        log.write(1);
        log.finish();
    }
}

/// Writes as a program does that maps its log: the file grows first, in NULs, and is filled through the map, which no
/// notice tells.
const MAPPED: &str = "import mmap, os, sys, time
fd = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
size = os.fstat(fd).st_size
os.ftruncate(fd, size + 65536)
place = mmap.mmap(fd, size + 65536)
for line in sys.stdin.buffer:
    place[size:size + len(line)] = line
    size += len(line)
    time.sleep(0.3)
place.close()
os.ftruncate(fd, size)
";

#[test]
fn a_writer_through_a_map() {
    for mode in MODES {
        let mut log = Follower::ready(mode);
        let text = log.text(6);
        let mut writer = Command::new("python3")
            .args(["-c", MAPPED])
            .arg(&log.log)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        writer.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        log.settle();
        assert!(writer.wait().unwrap().success());
        log.write(2);
        log.finish();
    }
}

#[test]
fn compressed_again_and_again_while_it_is_followed() {
    for mode in MODES {
        let mut log = Follower::ready(mode);
        for number in 1..6 {
            log.write(20);
            let old = log.beside(&format!(".{number}"));
            log.rotate(&format!(".{number}"));
            log.write(5);
            log.settle();
            assert!(Command::new("gzip").arg(&old).status().unwrap().success());
        }
        log.write(5);
        log.finish();
    }
}

#[test]
fn two_rotations_by_copy_while_the_program_is_stopped() {
    for mode in MODES {
        let mut log = Follower::ready(mode);
        log.write(10);
        log.settle();
        log.signal("-STOP");
        for suffix in [".2", ".1"] {
            log.write(7);
            fs::copy(&log.log, log.beside(suffix)).unwrap();
            log.truncate(0);
        }
        log.write(5);
        log.signal("-CONT");
        log.finish_in_any_order();
    }
}

#[test]
fn what_is_no_log_is_one_sentence() {
    for path in ["/proc/meminfo", "/dev/zero"] {
        let out = Command::new(env!("CARGO_BIN_EXE_cadge"))
            .args(["list", path])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert_eq!(out.status.code(), Some(1), "{path}: {out:?}");
        assert!(String::from_utf8_lossy(&out.stderr).contains(path), "{out:?}");
    }
}
