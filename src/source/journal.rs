//! The systemd journal: the command that reads it, and why there may be nothing to read.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Where journald keeps its files: on disk, or in memory until the next start.
const FOLDERS: [&str; 2] = ["var/log/journal", "run/log/journal"];
/// What else a person can do.
const INSTEAD: &str = "name Falco's log instead (`cadge FILE`), or what prints it (`cadge run`)";

/// The command that reads the journal: whole entries as JSON, from the oldest on.
pub(super) fn command(unit: Option<&str>, follow: bool) -> Vec<OsString> {
    // Without --all journalctl replaces fields over 4 KiB by null.
    let mut words = vec!["journalctl", "--output=json", "--all", "--no-pager", "--quiet"];
    if follow {
        words.extend(["--follow", "--no-tail"]);
    }
    let mut words: Vec<OsString> = words.into_iter().map(OsString::from).collect();
    if let Some(unit) = unit {
        words.push(format!("--unit={unit}").into());
    }
    words
}

/// Why this host's journal holds nothing for us, or not all, as a sentence that says what to do; none where nothing is
/// known to be in the way.
pub fn journal_trouble() -> Option<String> {
    trouble(Path::new("/"))
}

/// The same where journalctl could not be started or said nothing.
pub(super) fn silent() -> Option<String> {
    no_program(env::var_os("PATH").as_deref()).or_else(journal_trouble)
}

fn no_program(path: Option<&OsStr>) -> Option<String> {
    let is_there = |folder: PathBuf| folder.join("journalctl").is_file();
    let is_missing = !path.is_some_and(|path| env::split_paths(path).any(is_there));
    is_missing.then(|| {
        format!(
            "cannot read the journal: there is no journalctl in PATH, which comes with systemd; {INSTEAD}"
        )
    })
}

fn trouble(root: &Path) -> Option<String> {
    let (mut n_open, mut shut) = (0, None);
    for folder in FOLDERS {
        look(&root.join(folder), &mut n_open, &mut shut);
    }
    let group = "try group systemd-journal, or adm, or root";
    match (n_open, shut) {
        (0, None) => Some(format!(
            "there is no journal in /{} or /{}: journald does not run here, or a container lacks the host's; {INSTEAD}",
            FOLDERS[0], FOLDERS[1]
        )),
        (0, Some(path)) => Some(format!(
            "cannot read the journal: {}: permission denied ({group})",
            path.display()
        )),
        (_, Some(path)) => Some(format!(
            "only a part of the journal can be read: {}: permission denied ({group})",
            path.display()
        )),
        (_, None) => None,
    }
}

/// Counts the files of the journal in a folder and those below it that can be opened, and finds one that cannot.
fn look(folder: &Path, n_open: &mut usize, shut: &mut Option<PathBuf>) {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            if error.kind() == io::ErrorKind::PermissionDenied {
                shut.get_or_insert_with(|| folder.to_owned());
            }
            return;
        }
    };
    let mut paths: Vec<PathBuf> =
        entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        let ending = path.extension().and_then(OsStr::to_str);
        if matches!(ending, Some("journal" | "journal~")) {
            match File::open(&path) {
                Ok(_) => *n_open += 1,
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                    shut.get_or_insert(path);
                }
                Err(_) => {}
            }
        } else if ending.is_none() && path.is_dir() && !path.is_symlink() {
            look(&path, n_open, shut);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_the_way_of_the_journal_is_told() {
        let root = tempfile::tempdir().unwrap();
        let path = env::join_paths([Path::new("/nonexistent"), root.path()]).unwrap();
        for path in [None, Some(path.as_os_str())] {
            let told = no_program(path).unwrap_or_default();
            assert!(told.contains("there is no journalctl in PATH"), "{told}");
        }
        fs::write(root.path().join("journalctl"), "").unwrap();
        assert_eq!(no_program(Some(&path)), None);

        let told = || trouble(root.path()).unwrap_or_default();
        assert!(told().starts_with("there is no journal in /var/log/journal or"), "{}", told());
        let folder = root.path().join("var/log/journal/0a1b");
        fs::create_dir_all(&folder).unwrap();
        assert!(told().starts_with("there is no journal"), "an empty folder is none");
        fs::write(folder.join("system.journal"), "").unwrap();
        assert_eq!(told(), "");
    }

    #[test]
    fn a_journal_of_others_is_told_by_name() {
        use std::os::unix::fs::PermissionsExt;
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("run/log/journal/0a1b");
        fs::create_dir_all(&folder).unwrap();
        let file = folder.join("system.journal");
        fs::write(&file, "").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o000)).unwrap();
        let told = trouble(root.path());
        if File::open(&file).is_ok() {
            // Nothing is shut for root.
            assert_eq!(told, None);
            return;
        }
        let told = told.unwrap_or_default();
        assert!(
            told.starts_with("cannot read the journal: ") && told.contains("systemd-journal"),
            "{told}"
        );
        fs::write(folder.join("user-1000.journal"), "").unwrap();
        let told = trouble(root.path()).unwrap_or_default();
        assert!(told.starts_with("only a part of the journal can be read: "), "{told}");
    }
}
