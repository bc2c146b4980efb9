//! Where the program keeps its files: the XDG base folders, on every system.

use std::path::PathBuf;

/// The folders and files of one user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// `config.toml`, `themes/`.
    pub config: PathBuf,
    /// What should survive: decisions, reports, the history of filters.
    pub state: PathBuf,
    /// What goes when one logs out; the state folder where the system has none.
    pub runtime: PathBuf,
}

impl Paths {
    /// Reads the environment, given as a function from a name to its value.
    ///
    /// A folder that is not absolute is ignored, as the XDG specification asks. `None` when there is no home either.
    pub fn new(variable: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let folder =
            |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let home = folder("HOME").or_else(std::env::home_dir);
        let base = |name: &str, usual: &str| {
            let base = folder(name).or_else(|| Some(home.as_ref()?.join(usual)))?;
            Some(base.join("cadge"))
        };
        let state = base("XDG_STATE_HOME", ".local/state")?;
        Some(Self {
            config: base("XDG_CONFIG_HOME", ".config")?,
            runtime: folder("XDG_RUNTIME_DIR")
                .map_or_else(|| state.clone(), |path| path.join("cadge")),
            state,
        })
    }

    /// From the process's own environment.
    pub fn from_environment() -> Option<Self> {
        Self::new(|name| std::env::var(name).ok())
    }

    pub fn config_file(&self) -> PathBuf {
        self.config.join("config.toml")
    }

    pub fn themes(&self) -> PathBuf {
        self.config.join("themes")
    }

    pub fn playbooks(&self) -> PathBuf {
        self.config.join("playbooks")
    }

    /// Decisions, suppressions and evidence.
    pub fn triage(&self) -> PathBuf {
        self.state.join("triage.db")
    }

    /// The text that was copied last.
    pub fn last_copy(&self) -> PathBuf {
        self.runtime.join("last-copy")
    }

    /// All places with what they hold, for `cadge paths`.
    pub fn all(&self) -> [(&'static str, PathBuf); 6] {
        [
            ("settings", self.config_file()),
            ("themes", self.themes()),
            ("playbooks", self.playbooks()),
            ("state", self.state.clone()),
            ("triage", self.triage()),
            ("last copy", self.last_copy()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(environment: &[(&str, &str)]) -> Paths {
        let value = |name: &str| {
            environment.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        };
        Paths::new(value).unwrap()
    }

    #[test]
    fn the_usual_folders_are_under_home() {
        let paths = paths(&[("HOME", "/h")]);
        assert_eq!(paths.config_file(), PathBuf::from("/h/.config/cadge/config.toml"));
        assert_eq!(paths.last_copy(), PathBuf::from("/h/.local/state/cadge/last-copy"));
    }

    #[test]
    fn xdg_folders_win_when_they_are_absolute() {
        let paths = paths(&[
            ("HOME", "/h"),
            ("XDG_CONFIG_HOME", "/c"),
            ("XDG_STATE_HOME", "relative"),
            ("XDG_RUNTIME_DIR", "/run/user/7"),
        ]);
        assert_eq!(paths.themes(), PathBuf::from("/c/cadge/themes"));
        assert_eq!(paths.state, PathBuf::from("/h/.local/state/cadge"));
        assert_eq!(paths.last_copy(), PathBuf::from("/run/user/7/cadge/last-copy"));
    }
}
