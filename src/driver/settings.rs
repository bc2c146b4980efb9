//! From the file of settings, the command line and the terminal to what the console is given.

use super::background::Background;
use crate::analysis::tuning::Version;
use crate::clip;
use crate::clock;
use crate::config::{self, Config, Loaded, Paths};
use crate::theme::{self, BUILTIN, Depth};
use crate::ui::{self, Mouse, Settings, Signs};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// What the settings are made of; kept, because the file may be read again.
#[derive(Debug)]
pub(super) struct Sources {
    pub paths: Option<Paths>,
    /// A file that a person named.
    pub config_file: Option<PathBuf>,
    /// A theme that a person named.
    pub theme: Option<String>,
    pub depth: Depth,
    pub background: Background,
    /// The file as it was read last.
    pub config: Config,
}

/// Settings, and sentences about what is wrong with them.
pub(super) type Made = (Settings, Vec<String>);

impl Sources {
    /// Reads the file of settings (again).
    pub(super) fn read(&mut self) -> Made {
        let loaded = load(self.config_file.as_deref(), self.paths.as_ref());
        self.config = loaded.config;
        let mut problems: Vec<_> = loaded.problems.iter().map(ToString::to_string).collect();
        let (settings, more) = self.make();
        problems.extend(more);
        (settings, problems)
    }

    /// Makes the settings from what was read, and the theme from its file.
    pub(super) fn make(&self) -> Made {
        let folder = self.paths.as_ref().map(Paths::themes);
        let (theme, problems) = theme::load(self.theme_name(), folder.as_deref(), self.depth);
        let mut problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
        let keymap = keymap(&self.config, &mut problems);
        let made = Settings {
            theme,
            keymap,
            signs: match self.config.signs {
                config::Signs::Auto => signs(&variable),
                config::Signs::Unicode => Signs::Unicode,
                config::Signs::Ascii => Signs::Ascii,
            },
            times: match self.config.times {
                config::Times::Local => ui::Times::Local,
                config::Times::Utc => ui::Times::Utc,
                config::Times::Age => ui::Times::Age,
            },
            zone: clock::zone(),
            mouse: if self.config.mouse { Mouse::Ours } else { Mouse::Terminals },
            bell: match self.config.bell {
                config::Bell::Off => ui::Bell::Silent,
                config::Bell::Bell | config::Bell::Notify => ui::Bell::Critical,
            },
            masks: self.config.mask,
            reports: Some(self.config.reports.clone()).filter(|folder| !folder.is_empty()),
            falco: Version::parse(&self.config.falco).unwrap_or_default(),
        };
        (made, problems)
    }

    /// The theme in force, by name.
    pub(super) fn theme_name(&self) -> &str {
        match self.theme.as_deref().unwrap_or(&self.config.theme) {
            "auto" => match self.background {
                Background::Light => "light",
                Background::Dark => "dark",
                Background::Unknown | Background::Silent => "terminal",
            },
            name => name,
        }
    }

    /// Whether the terminal must be asked for its background.
    pub(super) fn wants_background(&self) -> bool {
        self.depth > Depth::None && self.theme.as_deref().unwrap_or(&self.config.theme) == "auto"
    }

    /// Goes on to the built-in theme after the present one.
    pub(super) fn next_theme(&mut self) -> Made {
        let now = BUILTIN.iter().position(|(name, _)| *name == self.theme_name());
        let next = BUILTIN.iter().cycle().nth(now.map_or(0, |now| now + 1));
        self.theme = next.map(|(name, _)| (*name).to_owned());
        self.make()
    }

    /// When the user's own theme was written last, if it is one.
    pub(super) fn theme_written(&self) -> Option<SystemTime> {
        let folder = self.paths.as_ref()?.themes();
        written(&folder.join(format!("{}.toml", self.theme_name())))
    }

    /// Where and how texts are copied.
    pub(super) fn clipboard(&self) -> clip::Environment {
        let only = match self.config.clipboard {
            config::Clipboard::Auto => None,
            config::Clipboard::Tmux => Some(clip::Way::Tmux),
            config::Clipboard::Osc52 => Some(clip::Way::Osc52),
            config::Clipboard::Desktop => Some(clip::Way::Desktop),
            config::Clipboard::File => Some(clip::Way::File),
        };
        let file = self.paths.as_ref().map(Paths::last_copy);
        clip::Environment { file, only, ..clip::Environment::detect(variable) }
    }
}

/// Reads a file of settings that was named, else the usual one.
pub fn load(named: Option<&Path>, paths: Option<&Paths>) -> Loaded {
    let actions: Vec<&str> = ui::Action::ALL.iter().map(|action| action.id()).collect();
    let key = |key: &str| ui::keymap::Key::parse(key).map(ui::keymap::Key::label);
    let themes = paths.map(Paths::themes);
    let theme_problem = |name: &str| theme::name_problem(name, themes.as_deref());
    let vocabulary =
        config::Vocabulary { actions: &actions, key: &key, theme_problem: &theme_problem };
    match (named, paths.map(Paths::config_file)) {
        (Some(named), _) => config::load(named, true, vocabulary),
        (None, Some(usual)) => config::load(&usual, false, vocabulary),
        (None, None) => Loaded::default(),
    }
}

/// The keys in force.
pub fn keymap(config: &Config, problems: &mut Vec<String>) -> ui::keymap::Keymap {
    let mut keymap = ui::keymap::Keymap::default();
    for binding in &config.keys {
        if let Err(why) = keymap.bind(&binding.action, &binding.keys) {
            problems.push(why);
        }
    }
    keymap
}

/// A variable of the environment, when it is text.
pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn written(path: &Path) -> Option<SystemTime> {
    path.metadata().ok()?.modified().ok()
}

/// ASCII where the locale names another encoding than UTF-8, and on consoles whose font lacks the signs.
fn signs(variable: &dyn Fn(&str) -> Option<String>) -> Signs {
    let term = variable("TERM").unwrap_or_default();
    if term == "linux" || term.starts_with("vt") {
        return Signs::Ascii;
    }
    let set = |name: &&str| variable(name).is_some_and(|value| !value.is_empty());
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find(set).and_then(variable);
    let locale = locale.unwrap_or_default().to_ascii_lowercase();
    // `C` and nothing are what minimal images set, whatever the terminal can do.
    let says_nothing = matches!(locale.as_str(), "" | "c" | "posix");
    if says_nothing || locale.contains("utf-8") || locale.contains("utf8") {
        Signs::Unicode
    } else {
        Signs::Ascii
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(environment: &[(&str, &str)], expected: Signs) {
        let value = |name: &str| {
            environment.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        };
        assert_eq!(signs(&value), expected, "{environment:?}");
    }

    #[test]
    fn signs_follow_the_encoding() {
        check(&[], Signs::Unicode);
        check(&[("LANG", "C")], Signs::Unicode);
        check(&[("LANG", "de_DE.UTF-8")], Signs::Unicode);
        check(&[("LANG", "de_DE.ISO-8859-1")], Signs::Ascii);
        check(&[("LC_ALL", "en_US.utf8"), ("LANG", "de_DE.ISO-8859-1")], Signs::Unicode);
        check(&[("TERM", "linux"), ("LANG", "de_DE.UTF-8")], Signs::Ascii);
    }

    #[test]
    fn the_theme_follows_the_terminal_unless_one_was_named() {
        let sources = |theme: Option<&str>, background| Sources {
            paths: None,
            config_file: None,
            theme: theme.map(ToOwned::to_owned),
            depth: Depth::True,
            background,
            config: Config::default(),
        };
        assert_eq!(sources(None, Background::Light).theme_name(), "light");
        assert_eq!(sources(None, Background::Dark).theme_name(), "dark");
        assert_eq!(sources(None, Background::Silent).theme_name(), "terminal");
        assert_eq!(sources(Some("mine"), Background::Dark).theme_name(), "mine");
        let mut any = sources(Some("terminal"), Background::Dark);
        assert_eq!(&*any.next_theme().0.theme.name, "dark");
        assert_eq!(&*any.next_theme().0.theme.name, "light");
    }
}
