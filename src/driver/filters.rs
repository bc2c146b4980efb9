//! Filters kept over sessions: the history in the state folder, named ones in the configuration folder.

use crate::config::Paths;
use crate::private;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// The most that is read of either file, in bytes.
const MOST: u64 = 1 << 20;

/// The history, one filter a line, oldest first.
fn history_file(paths: &Paths) -> PathBuf {
    paths.state.join("filters")
}

/// Names and filters, as TOML.
fn named_file(paths: &Paths) -> PathBuf {
    paths.config.join("filters.toml")
}

/// What was kept: the history, the named filters, and what is wrong with the file of those.
pub(super) fn read(paths: &Paths) -> (Vec<String>, BTreeMap<String, String>, Option<String>) {
    let history = text(&history_file(paths)).unwrap_or_default();
    let history = history.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect();
    let file = named_file(paths);
    match named(&file) {
        Ok(named) => (history, named, None),
        Err(why) => (history, BTreeMap::new(), Some(format!("{}: {why}", file.display()))),
    }
}

/// Keeps the history.
pub(super) fn remember(paths: &Paths, history: &[String]) {
    let mut text = history.join("\n");
    text.push('\n');
    // It is a comfort: where it cannot be written the session goes on without it.
    let _ = private::keep(&history_file(paths), text.as_bytes());
}

/// Adds a named filter to those in the file.
///
/// # Errors
/// Why it was not written, as a sentence.
pub(super) fn save(paths: &Paths, name: &str, filter: &str) -> Result<(), String> {
    let file = named_file(paths);
    let mut all = named(&file).map_err(|why| format!("{}: {why}", file.display()))?;
    all.insert(name.to_owned(), filter.to_owned());
    private::keep(&file, toml(&all).as_bytes())
        .map_err(|error| format!("{}: {error}", file.display()))
}

fn text(file: &Path) -> Option<String> {
    let size = file.metadata().ok()?.len();
    (size <= MOST).then(|| std::fs::read_to_string(file).ok())?
}

fn named(file: &Path) -> Result<BTreeMap<String, String>, String> {
    if !file.exists() {
        return Ok(BTreeMap::new());
    }
    let text = text(file).ok_or("cannot be read")?;
    toml::from_str(&text).map_err(|error| error.message().to_owned())
}

fn toml(all: &BTreeMap<String, String>) -> String {
    let mut text =
        String::from("# Filters by name; `:save NAME` and `:load NAME` in the console.\n");
    for (name, filter) in all {
        let _ = writeln!(text, "{} = {}", quoted(name), quoted(filter));
    }
    text
}

/// A TOML string of one line.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for char in text.chars() {
        match char {
            '"' | '\\' => quoted.extend(['\\', char]),
            char if char.is_control() => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(char));
            }
            char => quoted.push(char),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(folder: &Path) -> Paths {
        let of = |name: &str| folder.join(name);
        Paths { config: of("config"), state: of("state"), runtime: of("run") }
    }

    #[test]
    fn what_is_kept_is_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let paths = paths(folder.path());
        assert_eq!(read(&paths), (vec![], BTreeMap::new(), None));
        let odd = "proc.cmdline = \"a\\\\b \\\"c\\\"\" and evt.type = größe";
        save(&paths, "odd", odd).unwrap();
        save(&paths, "x", "alert.rule = x").unwrap();
        remember(&paths, &["a = 1".to_owned(), "b = 2".to_owned()]);
        let (history, named, problem) = read(&paths);
        assert_eq!((history.len(), named.len(), problem), (2, 2, None));
        assert_eq!(named.get("odd").map(String::as_str), Some(odd));
    }

    #[test]
    fn a_broken_file_is_told_and_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let paths = paths(folder.path());
        std::fs::create_dir_all(&paths.config).unwrap();
        std::fs::write(named_file(&paths), "mine = ").unwrap();
        assert!(read(&paths).2.is_some());
        assert!(save(&paths, "x", "alert.rule = x").is_err());
        assert_eq!(std::fs::read_to_string(named_file(&paths)).unwrap(), "mine = ");
    }
}
