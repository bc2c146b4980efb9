//! The person's own playbooks: read at the start and again whenever a file of theirs changes.

use crate::analysis::Playbooks;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

/// The folder and what was read from it last.
#[derive(Debug)]
pub(super) struct Taught {
    folder: Option<PathBuf>,
    /// Path, time of the last change and length of every file, sorted.
    seen: Vec<(PathBuf, Option<SystemTime>, u64)>,
    pub playbooks: Arc<Playbooks>,
}

impl Taught {
    /// Reads the folder for the first time; sentences tell what is wrong with its files.
    pub(super) fn new(folder: Option<PathBuf>) -> (Self, Vec<String>) {
        let playbooks = Arc::new(Playbooks::builtin());
        let mut taught = Self { folder, seen: Vec::new(), playbooks };
        let problems = taught.check().unwrap_or_default();
        (taught, problems)
    }

    /// Whether there is a folder worth looking at again.
    pub(super) fn is_there(&self) -> bool {
        self.folder.as_deref().is_some_and(Path::is_dir) || !self.seen.is_empty()
    }

    /// Reads the folder again when something in it changed. A file that cannot be used leaves the one that was used before it in
    /// force, and is told with its path.
    pub(super) fn check(&mut self) -> Option<Vec<String>> {
        let folder = self.folder.as_deref()?;
        let seen = files(folder);
        if seen == self.seen {
            return None;
        }
        self.seen = seen;
        let (playbooks, problems) = if folder.is_dir() {
            self.playbooks.reload(folder)
        } else {
            (Playbooks::builtin(), Vec::new())
        };
        self.playbooks = Arc::new(playbooks);
        let folder = folder.display();
        Some(problems.iter().map(|problem| format!("{folder}/{problem}")).collect())
    }
}

fn files(folder: &Path) -> Vec<(PathBuf, Option<SystemTime>, u64)> {
    let mut files = Vec::new();
    for below in ["", "rules", "family", "commands"] {
        let Ok(entries) = std::fs::read_dir(folder.join(below)) else { continue };
        for entry in entries.flatten() {
            // A link is looked at for what it leads to.
            if let Ok(about) = std::fs::metadata(entry.path())
                && about.is_file()
            {
                files.push((entry.path(), about.modified().ok(), about.len()));
            }
        }
    }
    files.sort();
    files
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Choice, analyze};
    use crate::model::Alert;

    const GOOD: &str = "id: mine\nrules: [My own rule]\nmeans: First words.\nheadline: it happened\nproves: []\nnot_proven: []\ncauses: [{id: a, title: b, check: c, verdict: benign}]\nsteps: []\n";

    fn summary(taught: &Taught) -> String {
        let alert = Alert { rule: Some("My own rule".into()), ..Alert::default() };
        analyze(&alert, &[], &taught.playbooks, &Choice::default()).summary
    }

    #[test]
    fn a_changed_file_is_read_again_and_a_bad_one_leaves_the_last_good_one() {
        let folder = tempfile::tempdir().unwrap();
        let rules = folder.path().join("rules");
        let (mut taught, problems) = Taught::new(Some(folder.path().to_owned()));
        assert_eq!(problems, Vec::<String>::new());
        assert_eq!(taught.check(), None);
        std::fs::create_dir(&rules).unwrap();
        std::fs::write(rules.join("mine.yaml"), GOOD).unwrap();
        assert_eq!(taught.check(), Some(Vec::new()));
        assert!(summary(&taught).contains("First words"), "{}", summary(&taught));
        std::fs::write(rules.join("mine.yaml"), GOOD.replace("means", "maens")).unwrap();
        let problems = taught.check().unwrap();
        let told = problems.join(" ");
        assert!(
            told.contains("rules/mine.yaml:3:1: unknown field") && told.contains("means"),
            "{told}"
        );
        assert!(summary(&taught).contains("First words"), "{}", summary(&taught));
        std::fs::write(
            rules.join("other.yaml"),
            GOOD.replace("First", "Other").replace("id: mine", "id: other"),
        )
        .unwrap();
        assert_eq!(taught.check().unwrap().len(), 1);
        std::fs::write(rules.join("mine.yaml"), GOOD.replace("First", "Second longer")).unwrap();
        std::fs::remove_file(rules.join("other.yaml")).unwrap();
        assert_eq!(taught.check(), Some(Vec::new()));
        assert!(summary(&taught).contains("Second longer words"));
        std::fs::remove_dir_all(folder.path()).unwrap();
        assert_eq!(taught.check(), Some(Vec::new()));
        assert!(!summary(&taught).contains("words"));
    }
}
