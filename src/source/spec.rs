//! What a person types for a source, as a value.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One source as named on the command line or in a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spec {
    /// One file, archive, FIFO or socket by its path; it need not exist yet when followed.
    File(PathBuf),
    /// All logs in a folder, each with its rotated family.
    Folder(PathBuf),
    /// All files that match, each with its rotated family as far as it matches.
    Glob(PathBuf),
    /// Standard input.
    Stdin,
    /// A program and its arguments; its standard output is read.
    Child(Vec<OsString>),
    /// The systemd journal, of one unit or whole.
    Journal(Option<String>),
}

impl Spec {
    /// Reads one SOURCE argument: `-`, a folder, a glob, else a file. What exists under the very name wins over
    /// reading it as a glob.
    pub fn parse(text: &OsStr) -> Self {
        let path = Path::new(text);
        if text == "-" {
            Self::Stdin
        } else if path.is_dir() {
            Self::Folder(path.to_owned())
        } else if path.exists() {
            Self::File(path.to_owned())
        } else if text.as_encoded_bytes().ends_with(b"/") {
            Self::Folder(path.to_owned())
        } else if text.as_encoded_bytes().iter().any(|byte| b"*?[".contains(byte)) {
            Self::Glob(path.to_owned())
        } else {
            Self::File(path.to_owned())
        }
    }

    /// What the source is called on screen and in `origin.source`, before any body is known.
    pub fn name(&self) -> Arc<str> {
        match self {
            Self::File(path) | Self::Folder(path) | Self::Glob(path) => {
                path.to_string_lossy().into()
            }
            Self::Stdin => "-".into(),
            Self::Child(words) => {
                let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
                format!("run:{}", words.join(" ")).into()
            }
            Self::Journal(None) => "journal:".into(),
            Self::Journal(Some(unit)) => format!("journal:{unit}").into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &Spec) {
        assert_eq!(Spec::parse(OsStr::new(text)), *expected);
    }

    #[test]
    fn a_source_argument_says_what_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("a[1]*.json"), "").unwrap();
        check("-", &Spec::Stdin);
        check("/", &Spec::Folder("/".into()));
        check("/no/such/folder/", &Spec::Folder("/no/such/folder/".into()));
        check("/no/such/file", &Spec::File("/no/such/file".into()));
        check("/no/such/*.json", &Spec::Glob("/no/such/*.json".into()));
        check(path("a[1]*.json").to_str().unwrap(), &Spec::File(path("a[1]*.json")));
    }
}
