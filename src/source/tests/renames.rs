//! Logs that get other names, and files that get the names of logs: each line is read once.

use super::*;

#[test]
fn what_is_rotated_while_its_family_is_read_is_read_once() {
    let folder = tempfile::tempdir().unwrap();
    let name =
        |n: usize| folder.path().join(if n == 0 { "a.json".into() } else { format!("a.json.{n}") });
    // The oldest takes long: the receiver does not take it all at once.
    let n_old = 600_000;
    write(folder.path(), "a.json.3", lines(0, n_old));
    for n in [2, 1, 0] {
        fs::write(name(n), lines(n_old + 3 * (2 - n), 3)).unwrap();
    }
    let other = |suffix: &str| folder.path().join(format!("b.json{suffix}"));
    fs::write(other(".1"), lines(n_old + 12, 1)).unwrap();
    fs::write(other(""), lines(n_old + 13, 1)).unwrap();
    let options = Options { follow: true, backlog_from: u64::MAX, ..Options::default() };
    let mut run = start(vec![Spec::Folder(folder.path().to_owned())], options);
    run.until(|run| !run.bodies.is_empty());
    for n in [3, 2, 1, 0] {
        fs::rename(name(n), name(n + 1)).unwrap();
    }
    fs::write(name(0), lines(n_old + 9, 3)).unwrap();
    fs::rename(other(".1"), other(".2")).unwrap();
    fs::rename(other(""), other(".1")).unwrap();
    fs::write(other(""), lines(n_old + 14, 1)).unwrap();
    for last in [n_old + 11, n_old + 14] {
        let last = lines(last, 1);
        run.until(|run| run.bodies.values().any(|(_, bytes)| bytes.ends_with(last.as_bytes())));
    }
    let mut read: Vec<_> = run.text().lines().map(str::to_owned).collect();
    // What two logs say at once comes in any order.
    read.get_mut(n_old..).unwrap().sort();
    assert!(read.join("\n") + "\n" == lines(0, n_old + 15), "{} lines", read.len());
}

#[test]
fn generations_that_are_named_beside_their_log_are_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let name = |name: &str| folder.path().join(name);
    let path = |which: &str| Spec::File(name(which));
    for (from, which) in [(0, "a.json.1"), (3, "a.json")] {
        write(folder.path(), which, lines(from, 3));
    }
    let options = Options { follow: true, ..Options::default() };
    let mut run = start(vec![path("a.json.1"), path("a.json")], options);
    run.until(|run| run.text().lines().count() == 6);
    fs::rename(name("a.json.1"), name("a.json.2")).unwrap();
    fs::copy(name("a.json"), name("a.json.1")).unwrap();
    write(folder.path(), "a.json", lines(6, 1));
    run.until(|run| run.text().contains(&lines(6, 1)));
    fs::rename(name("a.json.1"), name("a.json.3")).unwrap();
    fs::rename(name("a.json"), name("a.json.1")).unwrap();
    write(folder.path(), "a.json", lines(7, 1));
    run.until(|run| run.text().contains(&lines(7, 1)));
    let mut read: Vec<_> = run.text().lines().map(str::to_owned).collect();
    read.sort();
    assert_eq!(read.join("\n") + "\n", lines(0, 8));
}

/// After what `come` does, and a line more in `a.json` where it is, each line was read once.
#[track_caller]
fn check_once(files: &[(&str, &[u8])], come: impl Fn(&Path), n_lines: usize) {
    let (folder, mut run) = follow(files);
    come(folder.path());
    // A log of its own says when all before it was seen.
    write(folder.path(), "last.json", "last\n");
    run.until(|run| run.text().contains("last\n"));
    let mut read: Vec<_> = run.text().lines().map(str::to_owned).collect();
    read.sort();
    let mut expected: Vec<_> = lines(0, n_lines).lines().map(str::to_owned).collect();
    expected.push("last".to_owned());
    expected.sort();
    assert_eq!(read, expected);
}

#[test]
fn a_new_name_of_what_was_read_is_not_read_again() {
    let link = |from: &str, to: &str| {
        let (from, to) = (from.to_owned(), to.to_owned());
        move |folder: &Path| fs::hard_link(folder.join(&from), folder.join(&to)).unwrap()
    };
    let (first, second) = (lines(0, 3), lines(3, 3));
    let files = [("a.json.1", first.as_bytes()), ("a.json", second.as_bytes())];
    check_once(&files, link("a.json.1", "b.json"), 6);
    check_once(&files, link("a.json.1", "a.json.kept"), 6);
    // Renamed to a name that is free, or to that of another log, which is followed too.
    let rename = |folder: &Path, to: &str| {
        fs::rename(folder.join("a.json"), folder.join(to)).unwrap();
    };
    check_once(&files, |folder| rename(folder, "b.json"), 6);
    let third = lines(6, 3);
    let files = [files[0], files[1], ("b.json", third.as_bytes())];
    check_once(&files, |folder| rename(folder, "b.json"), 9);
    check_once(
        &files,
        |folder| {
            fs::remove_file(folder.join("b.json")).unwrap();
            fs::hard_link(folder.join("a.json"), folder.join("b.json")).unwrap();
        },
        9,
    );
    // History that takes the log's own name.
    check_once(
        &files,
        |folder| fs::rename(folder.join("a.json.1"), folder.join("a.json")).unwrap(),
        9,
    );
}

#[test]
fn what_is_written_to_a_renamed_log_is_read_once() {
    let (first, second) = (lines(0, 3), lines(3, 3));
    let files = [("a.json", first.as_bytes()), ("b.json", second.as_bytes())];
    for to in ["b.json", "c.json"] {
        let write_on = |folder: &Path| {
            let mut a = fs::OpenOptions::new().append(true).open(folder.join("a.json")).unwrap();
            fs::rename(folder.join("a.json"), folder.join(to)).unwrap();
            a.write_all(lines(6, 3).as_bytes()).unwrap();
        };
        check_once(&files, write_on, 9);
    }
}

#[test]
fn what_is_cut_before_it_is_read_is_read_in_its_copy() {
    for follow in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let name = |name: &str| folder.path().join(name);
        // What was rotated before takes long: the receiver does not take it all at once.
        let n_old = 600_000;
        write(folder.path(), "a.json.1", lines(0, n_old));
        write(folder.path(), "a.json", lines(n_old, 3));
        let options = Options { follow, backlog_from: u64::MAX, ..Options::default() };
        let mut run = start(vec![Spec::Folder(folder.path().to_owned())], options);
        run.until(|run| !run.bodies.is_empty());
        fs::rename(name("a.json.1"), name("a.json.2")).unwrap();
        fs::copy(name("a.json"), name("a.json.1")).unwrap();
        fs::write(name("a.json"), lines(n_old + 3, 2)).unwrap();
        let last = lines(n_old + 4, 1);
        run.until(|run| run.bodies.values().any(|(_, bytes)| bytes.ends_with(last.as_bytes())));
        assert!(run.text() == lines(0, n_old + 5), "{} lines", run.text().lines().count());
        let is_note = |state: &SourceState| matches!(state, SourceState::Note(_));
        assert!(!run.states.iter().any(is_note), "{:?}", run.states);
    }
}

#[test]
fn what_is_cut_and_in_no_copy_is_told() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "a.json.1", lines(0, 600_000));
    write(folder.path(), "a.json", lines(600_000, 3));
    let options = Options { backlog_from: u64::MAX, ..Options::default() };
    let mut run = start(vec![Spec::Folder(folder.path().to_owned())], options);
    run.until(|run| !run.bodies.is_empty());
    fs::write(folder.path().join("a.json"), "").unwrap();
    let run = run.read_to_end();
    assert!(run.text() == lines(0, 600_000));
    let is_told = |state: &SourceState| matches!(state, SourceState::Note(what) if what.ends_with("no copy beside it holds the rest"));
    assert!(run.states.iter().any(is_told), "{:?}", run.states);
}
