//! Stories of rotation on real files, stepped by hand: what was written is what is read, each line once.

mod model;
mod story;

use std::fs::{self, OpenOptions};
use std::os::unix::fs::{FileExt, symlink};

use super::*;
use story::Story;

impl Tail {
    /// Looks once, as a log that is read alone.
    fn step(&mut self, now: Duration, out: &Out) -> Result<Progress, Stopped> {
        self.step_among(&mut |_| Elsewhere::Unknown, now, out)
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
fn copytruncate_whose_copy_was_packed_before_anybody_saw_it() {
    let mut story = Story::new();
    story.write(10).look();
    for _ in 0..3 {
        story.write(7).copytruncate().pack_first().write(3).look().write(2).look();
    }
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
fn thousands_of_rotations_leak_no_descriptor() {
    const ROTATIONS: usize = if cfg!(feature = "real-tools") { 10_000 } else { 1000 };
    let count = || fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    let mut story = Story::new();
    story.write(1).look();
    let before = count();
    for _ in 0..ROTATIONS {
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
