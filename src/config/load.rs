//! Reads `config.toml`, strictly.

use super::{Bell, Binding, Clipboard, Config, Signs, Times, measure};
use crate::theme::{self, Problem, unknown};
use std::{ops::Range, path::Path};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// What the console understands in `[keys]`; told by the caller, because settings do not know the console.
#[derive(Clone, Copy)]
pub struct Vocabulary<'a> {
    /// The names of all actions.
    pub actions: &'a [&'a str],
    /// A key as people read it, whichever way it was written.
    ///
    /// # Errors
    /// What is wrong with it, and what is allowed.
    pub key: &'a dyn Fn(&str) -> Result<String, String>,
    /// What is wrong with the name of a theme; `None` when there is one.
    pub theme_problem: &'a dyn Fn(&str) -> Option<String>,
}

/// Settings, and what was wrong with them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// The defaults when anything was wrong.
    pub config: Config,
    pub problems: Vec<Problem>,
}

impl Loaded {
    fn refused(path: &Path, what: impl Into<String>) -> Self {
        Self::wrong(Problem::with_file(path, what))
    }

    fn wrong(problem: Problem) -> Self {
        Self { config: Config::default(), problems: vec![problem] }
    }
}

/// Reads a file of settings. `must_exist` is for a path that a person named; the usual place may be empty.
pub fn load(path: &Path, must_exist: bool, words: Vocabulary<'_>) -> Loaded {
    // A person may hand us a pipe; nobody would put one into the usual place.
    if !must_exist && let Some(problem) = theme::no_plain_file(path) {
        return Loaded::wrong(problem);
    }
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !must_exist => {
            return Loaded::default();
        }
        Err(error) => return Loaded::wrong(theme::unread(path, &error)),
    };
    if let Some(what) = not_trusted(&file) {
        return Loaded::refused(path, what);
    }
    let text = match theme::read_text(path, file) {
        Ok(text) => text,
        Err(problem) => return Loaded::wrong(problem),
    };
    let (config, problems) = read(&path.display().to_string(), &text, words);
    let config = if problems.is_empty() { config } else { Config::default() };
    Loaded { config, problems }
}

/// Why a file is not to be trusted: ssh's rule, that nobody but its owner may write it, and that we or root own it.
fn not_trusted(file: &std::fs::File) -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let about = file.metadata().ok()?;
    if !about.is_file() {
        // A person may hand us `/dev/null` or a pipe; the usual place holds a file.
        return None;
    }
    let ours = rustix::process::geteuid().as_raw();
    if about.uid() != ours && about.uid() != 0 {
        return Some("not used: it belongs to another user".to_owned());
    }
    let group_is_own =
        about.gid() == rustix::process::getegid().as_raw() && about.gid() == about.uid();
    let writable_by_others =
        about.mode() & 0o002 != 0 || (about.mode() & 0o020 != 0 && !group_is_own);
    writable_by_others
        .then(|| "not used: others may write it (chmod go-w would mend that)".to_owned())
}

/// Reads the text of a file of settings. What is wrong is told; the rest is still read, so that all is told at once.
pub fn read(file: &str, text: &str, words: Vocabulary<'_>) -> (Config, Vec<Problem>) {
    let (document, errors) = DeTable::parse_recoverable(text);
    let mut page = Page(theme::Page::new(file, text));
    let mut config = Config::default();
    for (key, value) in document.get_ref() {
        match key.get_ref().as_ref() {
            "theme" => {
                if let Some(theme) = page.text(value, "the name of a theme") {
                    match (words.theme_problem)(theme) {
                        Some(what) => page.problem(&value.span(), || what),
                        None => theme.clone_into(&mut config.theme),
                    }
                }
            }
            "clipboard" => page.word(value, Clipboard::ALL, Clipboard::name, &mut config.clipboard),
            "times" => page.word(value, Times::ALL, Times::name, &mut config.times),
            "signs" => page.word(value, Signs::ALL, Signs::name, &mut config.signs),
            "bell" => page.word(value, Bell::ALL, Bell::name, &mut config.bell),
            "falco" => {
                let wanted = "a version of Falco";
                match page.text(value, wanted) {
                    Some(text) if is_version(text) => text.clone_into(&mut config.falco),
                    Some(_) => {
                        page.problem(&value.span(), || {
                            format!("expected {wanted}, such as `0.40`")
                        });
                    }
                    None => {}
                }
            }
            "mouse" => match value.get_ref().as_bool() {
                Some(mouse) => config.mouse = mouse,
                None => page.expected(value, "true or false"),
            },
            "mask" => match value.get_ref().as_bool() {
                Some(mask) => config.mask = mask,
                None => page.expected(value, "true or false"),
            },
            "reports" => {
                if let Some(folder) = page.text(value, "a folder") {
                    folder.clone_into(&mut config.reports);
                }
            }
            "evidence_age" => page.measure(value, measure::days, &mut config.evidence_days),
            "evidence_size" => page.measure(value, measure::bytes, &mut config.evidence_bytes),
            "keys" => match value.get_ref() {
                DeValue::Table(table) => config.keys = page.keys(table, words),
                _ => page.expected(value, "a table: `[keys]`"),
            },
            // Only what has no form has no name.
            "" if !errors.is_empty() => {}
            other => {
                let allowed = [
                    "theme",
                    "clipboard",
                    "times",
                    "signs",
                    "mouse",
                    "bell",
                    "falco",
                    "reports",
                    "mask",
                    "evidence_age",
                    "evidence_size",
                    "keys",
                ];
                page.problem(&key.span(), || unknown("key", other, allowed.into_iter()));
            }
        }
    }
    (config, page.0.problems(&errors))
}

/// `0.40` or `0.40.1`.
fn is_version(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    (2..=3).contains(&parts.len()) && parts.iter().all(|part| part.parse::<u16>().is_ok())
}

/// A file while it is read.
struct Page<'a>(theme::Page<'a>);

impl Page<'_> {
    fn problem(&mut self, span: &Range<usize>, what: impl FnOnce() -> String) {
        self.0.problem(span, what);
    }

    fn expected(&mut self, value: &Spanned<DeValue<'_>>, wanted: &str) {
        let found = value.get_ref().type_str();
        self.problem(&value.span(), || format!("expected {wanted}, found {found}"));
    }

    fn text<'v>(&mut self, value: &'v Spanned<DeValue<'_>>, wanted: &str) -> Option<&'v str> {
        let text = value.get_ref().as_str();
        if text.is_none() {
            self.expected(value, &format!("{wanted} in quotes"));
        }
        text
    }

    /// One word out of a closed set.
    fn word<T: Copy>(
        &mut self,
        value: &Spanned<DeValue<'_>>,
        all: &[T],
        name: fn(T) -> &'static str,
        into: &mut T,
    ) {
        let names = || all.iter().map(|one| name(*one));
        let wanted = format!("one of {}", names().collect::<Vec<_>>().join(", "));
        let Some(word) = self.text(value, &wanted) else { return };
        match all.iter().find(|one| name(**one) == word) {
            Some(one) => *into = *one,
            None => self.problem(&value.span(), || unknown("value", word, names())),
        }
    }

    /// A number with its unit.
    fn measure<T>(
        &mut self,
        value: &Spanned<DeValue<'_>>,
        read: fn(&str) -> Result<T, &'static str>,
        into: &mut T,
    ) {
        let Some(text) = self.text(value, "a number with its unit") else { return };
        match read(text) {
            Ok(measure) => *into = measure,
            Err(wanted) => {
                self.problem(&value.span(), || format!("`{text}` is not understood: {wanted}"));
            }
        }
    }

    fn keys(&mut self, table: &DeTable<'_>, words: Vocabulary<'_>) -> Vec<Binding> {
        let mut bindings = Vec::new();
        let mut places: Vec<(String, String)> = Vec::new();
        let mut in_order: Vec<_> = table.iter().collect();
        in_order.sort_by_key(|(key, _)| key.span().start);
        for (key, value) in in_order {
            let action = key.get_ref().as_ref();
            if !words.actions.contains(&action) {
                self.problem(&key.span(), || {
                    let actions = words.actions.iter().copied();
                    format!("{} (`cadge keys` lists all)", unknown("action", action, actions))
                });
                continue;
            }
            let one = std::slice::from_ref(value);
            let list = match value.get_ref() {
                DeValue::String(_) => one,
                DeValue::Array(list) => list.iter().as_slice(),
                _ => {
                    self.expected(value, "a key or a list of keys");
                    continue;
                }
            };
            let mut keys = Vec::new();
            for item in list {
                let Some(text) = self.text(item, "a key") else { continue };
                let label = match (words.key)(text) {
                    Ok(label) => label,
                    Err(what) => {
                        self.problem(&item.span(), || what);
                        continue;
                    }
                };
                if let Some((_, other)) = places.iter().find(|(key, _)| *key == label) {
                    let what = || format!("the key `{text}` is bound to `{other}` already");
                    self.problem(&item.span(), what);
                } else {
                    places.push((label, action.to_owned()));
                    keys.push(text.to_owned());
                }
            }
            bindings.push(Binding { action: action.to_owned(), keys });
        }
        bindings
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    const WORDS: Vocabulary<'static> = Vocabulary {
        actions: &["quit", "copy", "select-next"],
        key: &|key| match key.strip_prefix("bad") {
            Some(_) => Err(format!("unknown key `{key}`")),
            None => Ok(key.to_uppercase()),
        },
        theme_problem: &|name| name.starts_with("no").then(|| format!("unknown theme `{name}`")),
    };

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let (_, problems) = read("config.toml", text, WORDS);
        let found: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn mistakes_are_told_with_place_and_way_out() {
        check("", &[]);
        check(
            "thme = \"dark\"",
            &[
                "config.toml:1:1: unknown key `thme`; did you mean `theme`? (allowed: theme, clipboard, times, signs, mouse, bell, falco, reports, mask, evidence_age, evidence_size, keys)",
            ],
        );
        check(
            "# hello\ntimes = \"loacl\"",
            &[
                "config.toml:2:9: unknown value `loacl`; did you mean `local`? (allowed: local, utc, age)",
            ],
        );
        check("\ntheme = \"nosuch\"", &["config.toml:2:9: unknown theme `nosuch`"]);
        check("mouse = \"yes\"", &["config.toml:1:9: expected true or false, found string"]);
        check(
            "bell = 3",
            &["config.toml:1:8: expected one of off, bell, notify in quotes, found integer"],
        );
        check("falco = \"new\"", &["config.toml:1:9: expected a version of Falco, such as `0.40`"]);
        check(
            "evidence_age = \"long\"",
            &[
                "config.toml:1:16: `long` is not understood: days, weeks, months or years: \"90 days\"",
            ],
        );
        check(
            "evidence_size = 3",
            &["config.toml:1:17: expected a number with its unit in quotes, found integer"],
        );
        check("keys = 3", &["config.toml:1:8: expected a table: `[keys]`, found integer"]);
        check(
            "[keys]\nqiut = \"q\"",
            &[
                "config.toml:2:1: unknown action `qiut`; did you mean `quit`? (allowed: quit, copy, select-next) (`cadge keys` lists all)",
            ],
        );
        check("[keys]\nquit = [\"q\", \"bad-q\"]", &["config.toml:2:14: unknown key `bad-q`"]);
        check(
            "[keys]\ncopy = \"q\"\nquit = \"q\"",
            &["config.toml:3:8: the key `q` is bound to `copy` already"],
        );
        check(
            "[keys]\nquit = \"q\"\ncopy = [\"c\", \"Q\"]",
            &["config.toml:3:14: the key `Q` is bound to `quit` already"],
        );
    }

    #[test]
    fn broken_toml_is_told_with_its_place() {
        let (_, problems) = read("config.toml", "mouse = true\ntheme = \n", WORDS);
        assert_eq!(problems[0].line, 2, "{problems:?}");
    }

    #[test]
    fn of_a_line_whose_form_is_wrong_one_thing_is_told() {
        check("theme = dark", &["config.toml:1:9: a text stands in quotes: \"dark\""]);
        check("mouse = yes", &["config.toml:1:9: expected true or false, found string"]);
        check("theme = \"da", &["config.toml:1:12: this text is never closed: expected `\"`"]);
        check(
            "mouse = true\nmouse = false",
            &["config.toml:2:1: `mouse` stands here a second time"],
        );
        check(
            "= 3",
            &[
                "config.toml:1:1: unquoted keys cannot be empty, expected letters, numbers, `-`, `_`",
            ],
        );
        let (_, problems) = read("config.toml", "theme == \"dark\"\nbell = 3", WORDS);
        let lines: Vec<_> = problems.iter().map(|problem| problem.line).collect();
        assert!(lines.starts_with(&[1]) && lines.ends_with(&[2]), "{problems:?}");
        assert!(!problems[0].what.contains("the name of a theme"), "{problems:?}");
        let deep = format!("mouse = {}", "[".repeat(10_000));
        let (_, problems) = read("config.toml", &deep, WORDS);
        assert!(problems.len() <= 21, "{}", problems.len());
    }

    #[test]
    fn a_file_that_is_no_text_or_too_large_is_told_with_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        let told = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            let loaded = load(&path, true, WORDS);
            assert_eq!((loaded.config, loaded.problems.len()), (Config::default(), 1));
            let problem = &loaded.problems[0];
            (problem.line, problem.column, problem.what.clone())
        };
        let (line, column, what) = told(b"mouse = true\nbell = \"\xff\"\n");
        assert_eq!((line, column), (2, 9), "{what}");
        let (_, _, what) = told(&vec![b'#'; (1 << 20) + 1]);
        assert!(what.contains("larger than 1 MiB"), "{what}");
        std::fs::remove_file(&path).unwrap();
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, mode, 0).unwrap();
        // It would be waited for without end.
        assert!(load(&path, false, WORDS).problems[0].what.contains("no plain file"));
    }

    #[test]
    fn all_settings_can_be_set() {
        let text = "theme = \"mine\"\nclipboard = \"osc52\"\ntimes = \"utc\"\nsigns = \"ascii\"\nmouse = false\nbell = \"notify\"\nfalco = \"0.36.2\"\nreports = \"~/r\"\nmask = false\nevidence_age = \"2 weeks\"\nevidence_size = \"1.5 GB\"\n[keys]\nquit = [\"x\", \"ctrl-x\"]\ncopy = []\n";
        let (config, problems) = read("config.toml", text, WORDS);
        assert_eq!(problems, []);
        let expected = Config {
            theme: "mine".into(),
            clipboard: Clipboard::Osc52,
            times: Times::Utc,
            signs: Signs::Ascii,
            mouse: false,
            bell: Bell::Notify,
            falco: "0.36.2".into(),
            evidence_days: 14,
            evidence_bytes: 1_500_000_000,
            reports: "~/r".into(),
            mask: false,
            keys: vec![
                Binding { action: "quit".into(), keys: vec!["x".into(), "ctrl-x".into()] },
                Binding { action: "copy".into(), keys: vec![] },
            ],
        };
        assert_eq!(config, expected);
    }

    #[test]
    fn any_mistake_means_the_defaults() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        std::fs::write(&path, "mouse = false\nnope = 1\n").unwrap();
        let loaded = load(&path, true, WORDS);
        assert_eq!(loaded.config, Config::default());
        assert_eq!(loaded.problems.len(), 1);
    }

    #[test]
    fn a_file_that_others_may_write_is_not_used() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        std::fs::write(&path, "mouse = false\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).unwrap();
        let loaded = load(&path, true, WORDS);
        assert!(loaded.config.mouse);
        assert!(loaded.problems[0].what.contains("others may write it"), "{:?}", loaded.problems);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert!(!load(&path, true, WORDS).config.mouse);
    }

    #[test]
    fn no_file_is_fine_unless_it_was_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        assert_eq!(load(&path, false, WORDS), Loaded::default());
        assert_eq!(load(&path, true, WORDS).problems.len(), 1);
    }

    #[test]
    fn the_manual_is_valid_with_every_line_uncommented() {
        let text: String = super::super::DEFAULT
            .lines()
            .map(|line| match line.strip_prefix('#') {
                Some(rest) if rest.starts_with(|c: char| c.is_ascii_lowercase()) => rest,
                _ => line,
            })
            .take_while(|line| *line != "[keys]")
            .fold(String::new(), |text, line| text + line + "\n");
        let (config, problems) = read("default.toml", &text, WORDS);
        assert_eq!(problems, []);
        assert_eq!(config, Config::default());
        assert_eq!(text.matches("\ntheme").count() + text.matches("\nbell").count(), 2);
    }
}
