//! Which files are read, and which are not: names that lead to one file, standard input, what cadge writes to itself.

use crate::cli::{FIXTURES, SOME, ends, err, out, shell};
use std::path::Path;

#[test]
fn a_file_with_two_names_is_read_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let log = path("events.json");
    std::fs::copy(Path::new(FIXTURES).join(SOME[0]), &log).unwrap();
    std::os::unix::fs::symlink(&log, path("current.json")).unwrap();
    std::fs::hard_link(&log, path("zz.json")).unwrap();
    let alone = out(&ends(&["list", "--json", &log], 0));
    let (current, zz, all, few) =
        (path("current.json"), path("zz.json"), path("*.json"), path("[ez]*"));
    let home = path("");
    for others in [
        &[&log][..],
        &[&current],
        &[&zz, &log, &current],
        &[&home],
        &[&all],
        &[&home, &all],
        &[&few, &current, &home],
    ] {
        for last in [true, false] {
            let mut words = vec!["list", "--json"];
            words.extend(others.iter().map(|name| name.as_str()));
            words.insert(if last { words.len() } else { 2 }, &log);
            let assert = ends(&words, 0);
            assert_eq!(out(&assert).lines().count(), alone.lines().count(), "{words:?}");
            assert!(err(&assert).contains("read once"), "{words:?}: {}", err(&assert));
        }
    }
    let twice = ends(&["list", "--json", &log, &log], 0);
    assert_eq!(out(&twice), alone);
    assert!(err(&twice).contains("events.json is named twice; read once"), "{}", err(&twice));
    // The same content is another log when it is another file.
    std::fs::copy(&log, path("copy.log")).unwrap();
    let both = ends(&["list", "--json", &log, &path("copy.log")], 0);
    assert_eq!(out(&both).lines().count(), 2 * alone.lines().count());
}

#[test]
fn a_file_on_standard_input_that_is_named_too_is_read_once() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().display();
    std::fs::copy(Path::new(FIXTURES).join(SOME[0]), folder.path().join("a.json")).unwrap();
    let n_alone = shell(&format!("\"$CADGE\" list - < {home}/a.json >&-"), 0);
    for words in ["- a.json", "a.json -", "- .", "'*.json' -"] {
        let told = shell(&format!("cd {home}; \"$CADGE\" list {words} < a.json > /dev/null"), 0);
        assert!(told.contains("standard input is the same file as "), "{words}: {told}");
        assert!(told.ends_with(&n_alone), "{words}: {told}");
    }
}

#[test]
fn what_it_writes_to_is_never_read() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("a.json");
    std::fs::copy(Path::new(FIXTURES).join(SOME[0]), &log).unwrap();
    let cd = format!("cd {}", folder.path().display());
    let not_read = "out.json is what cadge writes to; not read\n";
    let told = shell(&format!("{cd}; \"$CADGE\" list --json . > out.json"), 0);
    assert_eq!(told.matches(not_read).count(), 1, "{told}");
    // What it wrote before is not read either: it is the same file.
    for (words, code) in [("list --json .", 0), ("list --json '*'", 0), ("list --json out.json", 1)]
    {
        let told = shell(&format!("{cd}; \"$CADGE\" {words} >> out.json"), code);
        assert_eq!(told.matches(not_read).count(), 1, "{words}: {told}");
    }
    let told = shell(&format!("{cd}; \"$CADGE\" list --json - < out.json >> out.json"), 1);
    assert!(told.contains("standard input is what cadge writes to; not read"), "{told}");
    let told = shell(&format!("{cd}; \"$CADGE\" list --json . 2> err.json; cat err.json >&2"), 0);
    assert!(told.contains("err.json is what cadge writes to; not read"), "{told}");
    // Followed, nothing of it comes back: what is written last comes last.
    let n_lines = std::fs::read_to_string(&log).unwrap().lines().count();
    let script = format!(
        "{cd}; rm -f out.json err.json; \"$CADGE\" list --json --follow . > out.json & \
         until [ $(wc -l < out.json) -ge {n_lines} ]; do :; done; head -n 1 a.json >> a.json; \
         until [ $(wc -l < out.json) -gt {n_lines} ]; do :; done; kill -INT $!; wait $!"
    );
    let told = shell(&script, 130);
    assert_eq!(told.matches(not_read).count(), 1, "{told}");
    assert!(told.contains(&format!("\n{} alerts", n_lines + 1)), "{told}");
}

#[test]
fn a_rotated_log_that_cannot_be_read_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for name in ["a.json", "a.json.1"] {
        std::fs::copy(Path::new(FIXTURES).join(SOME[0]), path(name)).unwrap();
    }
    let nobody = std::os::unix::fs::PermissionsExt::from_mode(0o000);
    std::fs::set_permissions(path("a.json.1"), nobody).unwrap();
    if std::fs::File::open(path("a.json.1")).is_ok() {
        // Nothing is forbidden to root.
        return;
    }
    let told = err(&ends(&["list", folder.path().to_str().unwrap()], 1));
    assert!(told.contains("a.json.1: permission denied"), "{told}");
}
