//! Stories of rotation on real files, stepped by hand: what was written is what is read, each line once.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{FileExt, symlink};
use std::sync::mpsc::{Receiver, sync_channel};

use proptest::prelude::*;
use tempfile::TempDir;

use crate::model::{BodyId, Location, SourceId};
use crate::source::{Bodies, Delivery};

use super::*;

/// A log, its reader and everything the reader said.
struct Story {
    folder: TempDir,
    log: PathBuf,
    tail: Tail,
    out: Out,
    deliveries: Receiver<Delivery>,
    now: Duration,
    n_written: usize,
    written: Vec<String>,
    unfinished: BTreeMap<BodyId, Vec<u8>>,
    handles: BTreeMap<BodyId, std::sync::Arc<File>>,
    read: Vec<String>,
    states: Vec<SourceState>,
    bodies: Bodies,
    locations: Vec<(Location, String)>,
    offsets: BTreeMap<BodyId, u64>,
}

impl Story {
    fn new() -> Self {
        Self::at(|folder| folder.join("events.json"))
    }

    fn at(log: impl Fn(&Path) -> PathBuf) -> Self {
        // A folder in memory makes thousands of stories cheap, where there is one.
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let log = log(folder.path());
        let speaker = Speaker {
            source: SourceId(0),
            name: "events.json".into(),
            path: Some(log.clone().into()),
        };
        let (outlet, deliveries) = sync_channel(1 << 16);
        let mut tail = Tail::new(log.clone(), speaker, true, 64 << 10);
        tail.hold();
        Self {
            folder,
            log,
            tail,
            out: Out::new(outlet),
            deliveries,
            now: Duration::ZERO,
            n_written: 0,
            written: Vec::new(),
            unfinished: BTreeMap::new(),
            handles: BTreeMap::new(),
            read: Vec::new(),
            states: Vec::new(),
            bodies: Bodies::default(),
            locations: Vec::new(),
            offsets: BTreeMap::new(),
        }
    }

    fn beside(&self, suffix: &str) -> PathBuf {
        let mut name = self.log.clone().into_os_string();
        name.push(suffix);
        name.into()
    }

    fn line(&mut self) -> String {
        self.n_written += 1;
        let line = format!("{{\"rule\":\"a rule\",\"n\":{:06}}}", self.n_written);
        self.written.push(line.clone());
        line
    }

    fn lines(&mut self, n_lines: usize) -> String {
        (0..n_lines).map(|_| self.line() + "\n").collect()
    }

    /// Appends whole lines as Falco does: opened for each write.
    fn write(&mut self, n_lines: usize) -> &mut Self {
        let text = self.lines(n_lines);
        self.append(&self.log.clone(), text.as_bytes())
    }

    fn append(&mut self, path: &Path, bytes: &[u8]) -> &mut Self {
        OpenOptions::new().create(true).append(true).open(path).unwrap().write_all(bytes).unwrap();
        self
    }

    fn rename(&mut self, to: &str) -> &mut Self {
        fs::rename(&self.log, self.beside(to)).unwrap();
        self
    }

    /// Renames the older generations up by one, and the log to `.1`.
    fn rotate(&mut self) -> &mut Self {
        for number in (1..20).rev() {
            let from = self.beside(&format!(".{number}"));
            if from.exists() {
                fs::rename(from, self.beside(&format!(".{}", number + 1))).unwrap();
            }
        }
        self.rename(".1")
    }

    fn copytruncate(&mut self) -> &mut Self {
        for number in (1..20).rev() {
            let from = self.beside(&format!(".{number}"));
            if from.exists() {
                fs::rename(from, self.beside(&format!(".{}", number + 1))).unwrap();
            }
        }
        fs::copy(&self.log, self.beside(".1")).unwrap();
        self.truncate(0)
    }

    fn truncate(&mut self, size: u64) -> &mut Self {
        OpenOptions::new().write(true).open(&self.log).unwrap().set_len(size).unwrap();
        self
    }

    fn delete(&mut self) -> &mut Self {
        fs::remove_file(&self.log).unwrap();
        self
    }

    fn pause(&mut self, time: Duration) -> &mut Self {
        self.now += time;
        self
    }

    /// Looks until there is nothing more to read.
    fn look(&mut self) -> &mut Self {
        self.now += Duration::from_millis(100);
        for _ in 0..10_000 {
            let progress = self.tail.step(self.now, &self.out).unwrap();
            self.hear();
            if progress != Progress::More {
                return self;
            }
        }
        panic!("it never comes to rest");
    }

    fn hear(&mut self) {
        while let Ok(delivery) = self.deliveries.try_recv() {
            self.bodies.note(&delivery);
            match delivery {
                Delivery::Opened(opened) => {
                    self.handles.insert(opened.body, opened.handle);
                }
                Delivery::Backlog { body, from, to } => {
                    let mut bytes = vec![0; usize::try_from(to - from).unwrap()];
                    self.handles[&body].read_exact_at(&mut bytes, from).unwrap();
                    self.take(body, from, &bytes);
                }
                Delivery::Bytes { body, offset, bytes } => self.take(body, offset, &bytes),
                Delivery::Ended { body, .. } => {
                    let rest = self.unfinished.remove(&body).unwrap_or_default();
                    self.came(body, &rest);
                    self.handles.remove(&body);
                }
                Delivery::State { state, .. } => self.states.push(state),
                Delivery::Still { .. } | Delivery::Cut { .. } | Delivery::Done { .. } => {}
            }
        }
    }

    fn take(&mut self, body: BodyId, offset: u64, bytes: &[u8]) {
        let at = self.offsets.entry(body).or_insert(offset);
        assert_eq!(*at, offset, "deliveries of a body are contiguous");
        *at += bytes.len() as u64;
        let mut rest = self.unfinished.remove(&body).unwrap_or_default();
        rest.extend(bytes);
        while let Some(end) = memchr::memchr(b'\n', &rest) {
            let line: Vec<u8> = rest.drain(..=end).collect();
            let from = self.offsets[&body] - rest.len() as u64 - line.len() as u64;
            self.came_at(body, from, &line[..end]);
        }
        self.unfinished.insert(body, rest);
    }

    fn came(&mut self, body: BodyId, line: &[u8]) {
        let from = self.offsets.get(&body).copied().unwrap_or(0) - line.len() as u64;
        self.came_at(body, from, line);
    }

    fn came_at(&mut self, body: BodyId, from: u64, line: &[u8]) {
        let n_null = line.iter().take_while(|byte| **byte == 0).count();
        let line = &line[n_null..];
        if !line.is_empty() {
            let text = String::from_utf8_lossy(line).into_owned();
            let len = u32::try_from(line.len()).unwrap();
            self.locations
                .push((Location { body, offset: from + n_null as u64, len, nth: 0 }, text.clone()));
            self.read.push(text);
        }
    }

    #[track_caller]
    fn reads_everything(&mut self) {
        self.look().pause(Duration::from_secs(1)).look().look();
        assert_eq!(self.read, self.written);
    }

    /// Everything once, generations possibly interleaved.
    #[track_caller]
    fn reads_everything_in_any_order(&mut self) {
        self.look().pause(Duration::from_secs(1)).look().look();
        let (mut read, mut written) = (self.read.clone(), self.written.clone());
        read.sort();
        written.sort();
        assert_eq!(read, written);
    }

    fn was_told(&self, state: impl Fn(&SourceState) -> bool) -> bool {
        self.states.iter().any(state)
    }
}

#[test]
fn what_is_there_and_what_comes_is_read_once() {
    let mut story = Story::new();
    story.write(3).look().write(2).look().write(1);
    story.reads_everything();
    assert_eq!(story.states, [SourceState::Following]);
}

#[test]
fn a_large_start_is_a_backlog() {
    let mut story = Story::new();
    story.write(5000).look().write(3);
    story.reads_everything();
}

#[test]
fn rename_and_create() {
    let mut story = Story::new();
    story.write(5).look().rename(".1").write(5).look().write(5);
    story.reads_everything();
    assert!(story.was_told(|state| matches!(state, SourceState::Rotated(_))));
}

#[test]
fn a_long_unread_end_of_the_old_file_comes_first() {
    let mut story = Story::new();
    story.write(5).look().write(5000).rename(".1").write(5);
    story.reads_everything();
}

#[test]
fn a_gap_between_rename_and_create() {
    let mut story = Story::new();
    story.write(5).look().rename(".1").look().look().write(5);
    story.reads_everything();
    assert!(story.was_told(|state| matches!(state, SourceState::Waiting(_))));
}

#[test]
fn a_late_writer_of_the_renamed_file() {
    let mut story = Story::new();
    story.write(5).look().rename(".1").write(5).look();
    let late = story.lines(3);
    story.append(&story.beside(".1"), late.as_bytes()).look().pause(Duration::from_secs(10)).look();
    let later = story.lines(3);
    story.append(&story.beside(".1"), later.as_bytes());
    story.reads_everything();
}

#[test]
fn a_late_writer_between_rename_and_create() {
    let mut story = Story::new();
    story.write(5).look().rename(".1").look();
    let late = story.lines(3);
    story.append(&story.beside(".1"), late.as_bytes()).look().write(2).look();
    let later = story.lines(3);
    story.append(&story.beside(".1"), later.as_bytes());
    story.reads_everything();
}

#[test]
fn a_chain_of_rotations_between_two_looks() {
    let mut story = Story::new();
    story.write(5).look();
    for _ in 0..4 {
        story.write(3).rotate();
    }
    story.write(2);
    story.reads_everything();
}

#[test]
fn a_storm_of_rotations_with_dates() {
    let mut story = Story::new();
    story.write(5).look();
    for second in 0..50 {
        story.write(3).rename(&format!("-20261121-1010{second:02}"));
        if second % 7 == 0 {
            story.look();
        }
    }
    story.write(2);
    story.reads_everything();
}

#[test]
fn what_was_rotated_before_we_came_is_history() {
    let mut story = Story::new();
    story.append(&story.beside(".1"), b"old\n");
    story.append(&story.beside(".2"), b"older\n");
    story.tail.siblings.settle(&[story.log.clone()]);
    story.write(5).look().rotate().write(2).look().rotate().rotate_absent();
    story.reads_everything();
}

impl Story {
    fn rotate_absent(&mut self) -> &mut Self {
        self.look()
    }
}

#[test]
fn copytruncate_to_less() {
    let mut story = Story::new();
    story.write(10).look().copytruncate().look().write(3);
    story.reads_everything();
    assert!(story.was_told(|state| matches!(state, SourceState::Truncated(_))));
}

#[test]
fn copytruncate_grown_again_to_the_same_size() {
    let mut story = Story::new();
    story.write(10).look().copytruncate().write(10);
    story.reads_everything();
}

#[test]
fn copytruncate_grown_again_to_more() {
    let mut story = Story::new();
    story.write(10).look().copytruncate().write(30).look().write(2);
    story.reads_everything();
}

#[test]
fn copytruncate_with_an_unread_end() {
    let mut story = Story::new();
    story.write(10).look().write(7).copytruncate().write(30);
    story.reads_everything();
}

#[test]
fn copytruncate_twice_between_two_looks() {
    let mut story = Story::new();
    story.write(10).look().write(7).copytruncate().write(20).copytruncate().write(4);
    story.reads_everything();
}

#[test]
fn a_copy_in_the_making_is_not_read() {
    let mut story = Story::new();
    story.write(10).look();
    let content = fs::read(&story.log).unwrap();
    story.append(&story.beside(".1"), &content[..50]).look();
    story.append(&story.beside(".1"), &content[50..]).look().truncate(0).look().write(4);
    story.reads_everything();
}

#[test]
fn a_hole_left_by_copytruncate() {
    let mut story = Story::new();
    story.write(200).look();
    let size = fs::metadata(&story.log).unwrap().len();
    story.copytruncate().look();
    let text = story.lines(5);
    let file = OpenOptions::new().write(true).open(&story.log).unwrap();
    file.write_all_at(text.as_bytes(), size).unwrap();
    story.look().write(3);
    story.reads_everything();
}

#[test]
fn a_gigabyte_of_hole() {
    let mut story = Story::new();
    story.write(1).look();
    let text = story.lines(5);
    let file = OpenOptions::new().write(true).open(&story.log).unwrap();
    file.write_all_at(text.as_bytes(), 1 << 30).unwrap();
    story.look().write(3);
    story.reads_everything();
}

#[test]
fn truncated_to_the_middle() {
    let mut story = Story::new();
    story.write(20).look();
    let size = fs::metadata(&story.log).unwrap().len();
    story.truncate(size / 2).look().write(5);
    story.reads_everything();
}

#[test]
fn truncated_to_the_middle_and_grown_before_we_look() {
    let mut story = Story::new();
    story.write(20).look();
    let size = fs::metadata(&story.log).unwrap().len();
    story.truncate(size / 2).write(15);
    story.reads_everything();
}

#[test]
fn truncated_in_the_middle_of_a_line() {
    let mut story = Story::new();
    story.write(20).look();
    let size = fs::metadata(&story.log).unwrap().len();
    story.truncate(size / 2 + 7).look().write(5);
    story.reads_everything();
}

#[test]
fn deleted_and_created_again() {
    let mut story = Story::new();
    story.write(10).look().delete().write(10).look().delete().look().write(3);
    story.reads_everything();
}

#[test]
fn deleted_with_an_unread_end() {
    let mut story = Story::new();
    story.write(10).look().write(5).delete().write(3);
    story.reads_everything();
}

#[test]
fn an_inode_used_again_after_we_let_go() {
    let mut story = Story::new();
    story.write(10).look().delete().look().pause(Duration::from_secs(30)).look();
    for _ in 0..20 {
        story.write(4).look().delete().look().pause(Duration::from_secs(30)).look();
    }
    story.reads_everything();
}

#[test]
fn replaced_by_a_file_with_the_same_beginning() {
    let mut story = Story::new();
    story.write(18).look();
    for _ in 0..2 {
        let mut content = fs::read(&story.log).unwrap();
        content.extend(story.lines(4).as_bytes());
        let next = story.folder.path().join(".events.tmp");
        fs::write(&next, content).unwrap();
        fs::rename(next, &story.log).unwrap();
        story.look();
    }
    story.reads_everything();
}

#[test]
fn rewritten_in_place_with_the_same_beginning() {
    let mut story = Story::new();
    story.write(18).look();
    let mut content = fs::read(&story.log).unwrap();
    content.extend(story.lines(4).as_bytes());
    fs::write(&story.log, content).unwrap();
    story.reads_everything();
}

#[test]
fn a_symlink_to_one_file_and_then_another() {
    let mut story = Story::new();
    let target = |name: &str| story.folder.path().join(name);
    let (first, second, link) = (target("a"), target("b"), target("link"));
    symlink(&first, &story.log).unwrap();
    story.write(5).look();
    symlink(&second, &link).unwrap();
    fs::rename(&link, &story.log).unwrap();
    story.write(5).look();
    let late = story.lines(2);
    story.append(&first, late.as_bytes()).look();
    story.write(1);
    story.reads_everything();
}

#[test]
fn a_pod_log_behind_symlinks() {
    let mut story = Story::at(|folder| folder.join("containers/falco.log"));
    let pod = story.folder.path().join("pods");
    fs::create_dir_all(&pod).unwrap();
    fs::create_dir_all(story.log.parent().unwrap()).unwrap();
    symlink(pod.join("0.log"), &story.log).unwrap();
    story.write(5).look();
    // The kubelet renames the target and makes it anew; twice before we look.
    story.write(5);
    fs::rename(pod.join("0.log"), pod.join("0.log.20261121-101010")).unwrap();
    story.write(5);
    fs::rename(pod.join("0.log"), pod.join("0.log.20261121-101011")).unwrap();
    story.write(5).look();
    // The container restarts.
    fs::remove_file(&story.log).unwrap();
    symlink(pod.join("1.log"), &story.log).unwrap();
    story.write(5);
    story.reads_everything();
}

#[test]
fn a_config_map_like_folder_of_symlinks() {
    let mut story = Story::at(|folder| folder.join("events.json"));
    let root = story.folder.path().to_owned();
    fs::create_dir(root.join("..v1")).unwrap();
    symlink("..v1", root.join("..data")).unwrap();
    symlink("..data/events.json", &story.log).unwrap();
    story.write(5).look();
    fs::create_dir(root.join("..v2")).unwrap();
    symlink("..v2", root.join("..next")).unwrap();
    fs::rename(root.join("..next"), root.join("..data")).unwrap();
    story.write(5).look();
    fs::remove_dir_all(root.join("..v1")).unwrap();
    story.write(5);
    story.reads_everything();
}

#[test]
fn a_folder_removed_renamed_and_absent_at_start() {
    let mut story = Story::at(|folder| folder.join("deep/er/events.json"));
    story.look();
    let deep = story.folder.path().join("deep");
    fs::create_dir_all(deep.join("er")).unwrap();
    story.write(5).look();
    fs::remove_dir_all(&deep).unwrap();
    story.look();
    fs::create_dir_all(deep.join("er")).unwrap();
    story.write(5).look();
    fs::rename(&deep, story.folder.path().join("gone")).unwrap();
    let late = story.lines(2);
    story.append(&story.folder.path().join("gone/er/events.json"), late.as_bytes());
    story.look();
    fs::create_dir_all(deep.join("er")).unwrap();
    story.write(5);
    story.reads_everything();
}

#[test]
fn compressed_after_rotation() {
    let mut story = Story::new();
    story.write(10).look().rename(".1").write(5).look();
    fs::rename(story.beside(".1"), story.beside(".1.gz")).unwrap();
    story.look().write(5);
    story.reads_everything();
}

#[test]
fn a_line_in_pieces_is_one_line() {
    let mut story = Story::new();
    let line = story.line() + "\n";
    for byte in line.bytes() {
        story.append(&story.log.clone(), &[byte]).look();
    }
    story.reads_everything();
}

#[test]
fn an_unfinished_line_is_not_joined_with_the_next_file() {
    let mut story = Story::new();
    story.write(3);
    let piece = story.line();
    story.append(&story.log.clone(), &piece.as_bytes()[..9]).look().rename(".1").write(3);
    story.look().pause(Duration::from_secs(30)).look().pause(Duration::from_secs(30)).look();
    story.written[3].truncate(9);
    story.reads_everything_in_any_order();
}

#[test]
fn an_unfinished_line_is_finished_after_the_rename() {
    let mut story = Story::new();
    let line = story.line() + "\n";
    story.append(&story.log.clone(), &line.as_bytes()[..9]).look().rename(".1").write(3).look();
    story.append(&story.beside(".1"), &line.as_bytes()[9..]);
    story.reads_everything_in_any_order();
}

#[test]
fn a_last_line_without_end_is_passed_on_when_it_is_still() {
    let mut story = Story::new();
    let line = story.line();
    story.append(&story.log.clone(), line.as_bytes()).look().look();
    assert!(story.unfinished.is_empty());
    story.pause(Duration::from_secs(1)).look();
    assert_eq!(story.unfinished.values().next().unwrap(), line.as_bytes());
    story.append(&story.log.clone(), b"\n").look();
    story.reads_everything();
}

#[test]
fn a_writer_through_a_map_fills_nuls_later() {
    let mut story = Story::new();
    story.write(2).look();
    let from = fs::metadata(&story.log).unwrap().len();
    let file = OpenOptions::new().write(true).open(&story.log).unwrap();
    file.set_len(64 << 10).unwrap();
    story.look().pause(Duration::from_secs(5)).look();
    let text = story.lines(3);
    file.write_all_at(&text.as_bytes()[..20], from).unwrap();
    story.look().pause(Duration::from_secs(5)).look();
    file.write_all_at(&text.as_bytes()[20..], from + 20).unwrap();
    story.reads_everything();
}

#[test]
fn a_renamed_log_that_gets_its_name_back() {
    let mut story = Story::new();
    story.write(5).look().rename(".1").look();
    fs::rename(story.beside(".1"), &story.log).unwrap();
    story.look().write(3);
    story.reads_everything();
}

#[test]
fn equal_lines_in_two_generations_are_two_alerts() {
    let mut story = Story::new();
    story.write(5).look();
    let content = fs::read(&story.log).unwrap();
    let log = story.log.clone();
    story.rename(".1").append(&log, &content);
    story.written.extend_from_within(..);
    story.reads_everything();
}

#[test]
fn ten_thousand_rotations_leak_no_descriptor() {
    let count = || fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    let mut story = Story::new();
    story.write(1).look();
    let before = count();
    for _ in 0..10_000 {
        story.write(1);
        let old = story.beside(".1");
        if old.exists() {
            fs::remove_file(&old).unwrap();
        }
        fs::rename(&story.log, &old).unwrap();
        story.look().pause(Duration::from_secs(3));
    }
    story.reads_everything();
    // Other tests run beside this one.
    assert!(count() < before + 600, "{before} descriptors became {}", count());
}

#[test]
fn raw_records_are_found_after_rotation_and_copytruncate() {
    let mut story = Story::new();
    story.write(5).look().rotate().write(5).look().copytruncate().look().write(5).look();
    story.pause(Duration::from_secs(30)).look().look();
    for (location, text) in &story.locations {
        assert_eq!(story.bodies.read(*location).as_deref(), Ok(text.as_bytes()));
    }
}

#[test]
fn a_raw_record_that_is_nowhere_is_gone() {
    let mut story = Story::new();
    story.write(5).look().truncate(0).look();
    for (location, _) in &story.locations {
        assert!(
            story
                .bodies
                .read(*location)
                .unwrap_err()
                .to_string()
                .starts_with("the original is gone: ")
        );
    }
}

/// What may happen to a log.
#[derive(Clone, Debug)]
enum Deed {
    Write(usize),
    Piece,
    Rotate,
    Copytruncate,
    Delete,
    Replace,
    CutAtLine,
    Look,
    Pause,
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        6 => (1..40_usize).prop_map(Deed::Write),
        1 => Just(Deed::Write(2000)),
        2 => Just(Deed::Piece),
        2 => Just(Deed::Rotate),
        2 => Just(Deed::Copytruncate),
        1 => Just(Deed::Delete),
        1 => Just(Deed::Replace),
        1 => Just(Deed::CutAtLine),
        5 => Just(Deed::Look),
        1 => Just(Deed::Pause),
    ]
}

impl Story {
    /// Does it; what cannot be known to anybody who was not looking (a plain cut or deletion) is looked at first.
    fn perform(&mut self, deed: &Deed, rest: &mut String) {
        let ends_line = matches!(
            deed,
            Deed::Rotate | Deed::Copytruncate | Deed::Delete | Deed::Replace | Deed::CutAtLine
        );
        if (ends_line || matches!(deed, Deed::Write(_))) && !rest.is_empty() {
            let end = std::mem::take(rest);
            self.append(&self.log.clone(), end.as_bytes());
        }
        let exists = self.log.exists();
        match deed {
            Deed::Write(n_lines) => {
                self.write(*n_lines);
            }
            Deed::Piece if rest.is_empty() => {
                let line = self.line() + "\n";
                let (piece, end) = line.split_at(11);
                self.append(&self.log.clone(), piece.as_bytes());
                end.clone_into(rest);
            }
            Deed::Rotate if exists => {
                self.rotate();
            }
            Deed::Copytruncate if exists => {
                self.copytruncate();
            }
            Deed::Delete if exists => {
                self.look().delete();
            }
            Deed::Replace if exists => {
                self.look();
                let mut content = fs::read(&self.log).unwrap();
                content.extend(self.lines(3).as_bytes());
                let next = self.folder.path().join("next");
                fs::write(&next, content).unwrap();
                fs::rename(next, &self.log).unwrap();
                self.look();
            }
            Deed::CutAtLine if exists => {
                self.look();
                let content = fs::read(&self.log).unwrap();
                let half = content.len() / 2;
                let at = memchr::memrchr(b'\n', &content[..half]).map_or(0, |at| at + 1);
                self.truncate(at as u64).look();
            }
            Deed::Look => {
                self.look();
            }
            Deed::Pause => {
                self.pause(Duration::from_millis(700)).look();
            }
            _ => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn whatever_happens_to_a_log_each_line_is_read_once(deeds in prop::collection::vec(deed(), 1..40)) {
        let mut story = Story::new();
        let mut rest = String::new();
        for deed in &deeds {
            story.perform(deed, &mut rest);
        }
        if !rest.is_empty() {
            story.append(&story.log.clone(), rest.as_bytes());
        }
        story.look().pause(Duration::from_secs(1)).look().look();
        let (mut read, mut written) = (story.read.clone(), story.written.clone());
        read.sort();
        written.sort();
        prop_assert_eq!(read, written);
    }
}
