//! The playbooks and the catalogue: built in, overlaid by a folder of one's own, and parsed only when they are asked for.
//!
//! Explaining one alert parses one playbook and the catalogue; a rule's playbook is found by looking for its name
//! in the head of each file (all that stands before `means:`).

use super::catalogue::{CatalogueFile, Command, Input};
use super::playbook::{Family, Known, KnownFile, Playbook};
use include_dir::{Dir, include_dir};
use rustc_hash::FxHashMap;
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

static BUILTIN: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/playbooks");

/// A file that could not be used, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}{}: {what}", place.map(|(line, column)| format!(":{line}:{column}")).unwrap_or_default())]
pub struct Problem {
    /// The file's path below the folder.
    pub file: String,
    /// Line and column, from 1; `None` where the mistake is the file itself.
    pub place: Option<(u32, u32)>,
    pub what: String,
}

/// All playbooks and the catalogue of commands.
#[derive(Debug, Default)]
pub struct Playbooks {
    books: Vec<Book>,
    command_files: Vec<File>,
    catalogue: OnceLock<Catalogue>,
    known_file: Option<File>,
    known: OnceLock<Result<KnownFile, Problem>>,
    /// How often a playbook was asked for by its rule.
    n_asked: AtomicU32,
    by_rule: OnceLock<ByRule>,
}

/// Where the playbook of a rule stands among the books: by the rule's name, and by its letters.
#[derive(Debug, Default)]
struct ByRule {
    names: FxHashMap<String, usize>,
    letters: FxHashMap<String, usize>,
}

/// After so many questions every playbook's head is read once, and the next ones are answered from a table.
const QUESTIONS: u32 = 16;

/// Every command and every typed placeholder.
#[derive(Debug, Default)]
pub struct Catalogue {
    pub commands: Vec<Command>,
    pub inputs: Vec<(String, Input)>,
    /// Texts that several commands have in common, by name.
    pub parts: Vec<(String, String)>,
    /// The names of those that a command names.
    pub parts_named: BTreeSet<String>,
    /// Files that could not be read.
    pub problems: Vec<Problem>,
}

/// The identities that are looked for under every rule.
const KNOWN: &str = "known.yaml";

#[derive(Clone, Debug)]
struct File {
    path: String,
    text: Cow<'static, str>,
}

#[derive(Debug)]
struct Book {
    file: File,
    place: Place,
    head: OnceLock<Head>,
    book: OnceLock<Result<Arc<Playbook>, Problem>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Rule,
    Family,
    Fallback,
}

/// What stands before `means:`.
#[derive(Clone, Debug, Default, Deserialize)]
struct Head {
    #[serde(default)]
    rules: Vec<String>,
    #[serde(default)]
    family: Option<Family>,
}

impl Playbooks {
    /// The playbooks the program was built with. Costs nothing until one is asked for.
    pub fn builtin() -> Self {
        let mut library = Self::of(Vec::new());
        for folder in ["rules", "family", "commands", ""] {
            let files = if folder.is_empty() {
                BUILTIN.files().collect::<Vec<_>>()
            } else {
                BUILTIN.get_dir(folder).map(|dir| dir.files().collect()).unwrap_or_default()
            };
            for file in files {
                if let (Some(path), Some(text)) = (file.path().to_str(), file.contents_utf8()) {
                    library.add(path.to_owned(), Cow::Borrowed(text));
                }
            }
        }
        library
    }

    /// A library of these files (path below the folder, text); others than YAML are left out.
    pub fn of(files: Vec<(String, String)>) -> Self {
        let mut library = Self::default();
        for (path, text) in files {
            library.add(path, Cow::Owned(text));
        }
        library
    }

    /// The built-in playbooks with a folder of one's own over them: `rules/`, `family/`, `commands/`, `fallback.yaml`.
    /// A file of the same path wins over the built-in one; a bad one is a [`Problem`] and the built-in one stays.
    pub fn load(dir: &Path) -> (Self, Vec<Problem>) {
        Self::default().reload(dir)
    }

    /// Like [`Self::load`], but a bad file leaves in force what this library, read before, holds in its place.
    pub fn reload(&self, dir: &Path) -> (Self, Vec<Problem>) {
        let mut library = Self::builtin();
        let (files, mut problems) = read_folder(dir);
        // Commands first: playbooks name them.
        let (commands, books): (Vec<_>, Vec<_>) =
            files.into_iter().partition(|(path, _)| path.starts_with("commands/"));
        for (path, text) in commands.into_iter().chain(books) {
            let bad = if path.starts_with("commands/") {
                let mut with = Self::builtin();
                with.command_files.clone_from(&library.command_files);
                with.add(path.clone(), Cow::Owned(text.clone()));
                super::verify::shape(&path, &text, with.catalogue())
            } else {
                super::verify::shape(&path, &text, library.catalogue())
            };
            if bad.is_empty() {
                library.add(path, Cow::Owned(text));
                continue;
            }
            if let Some(Cow::Owned(last)) = self.text(&path) {
                library.add(path, Cow::Owned(last.clone()));
            }
            problems.extend(bad);
        }
        problems.sort_by(|a, b| (&a.file, a.place).cmp(&(&b.file, b.place)));
        (library, problems)
    }

    /// The text of a file by its path below the folder; of several the one in force.
    fn text(&self, path: &str) -> Option<&Cow<'static, str>> {
        self.all_files().filter(|file| file.path == path).last().map(|file| &file.text)
    }

    /// Path and text of every file.
    pub fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.all_files().map(|file| (file.path.as_str(), file.text.as_ref()))
    }

    fn all_files(&self) -> impl Iterator<Item = &File> {
        let books = self.books.iter().map(|book| &book.file);
        books.chain(&self.command_files).chain(&self.known_file)
    }

    /// The playbook that names a rule; punctuation and case do not count when no name is exactly the same.
    pub fn for_rule(&self, rule: &str) -> Option<Result<Arc<Playbook>, Problem>> {
        // One alert is explained without reading the heads of all playbooks; a log of them is judged by a table.
        if self.n_asked.load(Ordering::Relaxed) < QUESTIONS {
            self.n_asked.fetch_add(1, Ordering::Relaxed);
            return self.search(rule);
        }
        let by_rule = self.by_rule.get_or_init(|| self.by_rule());
        let by_letters = || by_rule.letters.get(&letters(rule));
        let at = by_rule.names.get(rule).or_else(by_letters)?;
        self.books.get(*at).map(Book::parsed)
    }

    /// The table of all rules that playbooks name; the last playbook that names one has it.
    fn by_rule(&self) -> ByRule {
        let mut by_rule = ByRule::default();
        for (at, book) in
            self.books.iter().enumerate().filter(|(_, book)| book.place == Place::Rule)
        {
            for name in &book.head().rules {
                let plain = letters(name);
                if !plain.is_empty() {
                    by_rule.letters.insert(plain, at);
                }
                by_rule.names.insert(name.clone(), at);
            }
        }
        by_rule
    }

    /// The same by looking through the playbooks.
    fn search(&self, rule: &str) -> Option<Result<Arc<Playbook>, Problem>> {
        let named = |book: &&Book| {
            book.place == Place::Rule
                && head_text(&book.file.text).contains(rule)
                && book.head().rules.iter().any(|name| name == rule)
        };
        if let Some(book) = self.books.iter().rev().find(named) {
            return Some(book.parsed());
        }
        let plain = letters(rule);
        if plain.is_empty() {
            return None;
        }
        let alike = |book: &&Book| {
            book.place == Place::Rule
                && letters(head_text(&book.file.text)).contains(&plain)
                && book.head().rules.iter().any(|name| letters(name) == plain)
        };
        self.books.iter().rev().find(alike).map(Book::parsed)
    }

    /// The families, each with a way to its playbook, in the files' order.
    pub fn families(&self) -> impl Iterator<Item = (&Family, &str)> {
        self.books.iter().filter(|book| book.place == Place::Family).filter_map(|book| {
            book.head().family.as_ref().map(|family| (family, book.file.path.as_str()))
        })
    }

    /// The playbook of a file by its path below the folder.
    pub fn by_path(&self, path: &str) -> Option<Result<Arc<Playbook>, Problem>> {
        self.books.iter().find(|book| book.file.path == path).map(Book::parsed)
    }

    /// The playbook for what no other one meets.
    pub fn fallback(&self) -> Option<Result<Arc<Playbook>, Problem>> {
        self.books.iter().rev().find(|book| book.place == Place::Fallback).map(Book::parsed)
    }

    /// Every playbook, parsed, with the path of its file.
    pub fn all(&self) -> impl Iterator<Item = (&str, Result<Arc<Playbook>, Problem>)> {
        self.books.iter().map(|book| (book.file.path.as_str(), book.parsed()))
    }

    /// The catalogue of commands, parsed once.
    pub fn catalogue(&self) -> &Catalogue {
        self.catalogue.get_or_init(|| {
            let mut catalogue = Catalogue::default();
            for file in &self.command_files {
                match parse::<CatalogueFile>(&file.path, &file.text) {
                    Ok(parsed) => catalogue.take(parsed),
                    Err(problem) => catalogue.problems.push(problem),
                }
            }
            let (parts, inputs) = (&catalogue.parts, &catalogue.inputs);
            let commands = catalogue.commands.iter_mut();
            let named = commands.flat_map(|command| command.put_in(parts, inputs));
            catalogue.parts_named = named.map(str::to_owned).collect();
            catalogue
        })
    }

    /// The identities that are looked for under every rule.
    pub fn known(&self) -> &[Known] {
        let parsed = self.known.get_or_init(|| {
            self.known_file
                .as_ref()
                .map_or_else(|| Ok(KnownFile::default()), |file| parse(&file.path, &file.text))
        });
        parsed.as_ref().map_or(&[], |file| &file.known)
    }

    /// What is wrong with `known.yaml`.
    pub fn known_problem(&self) -> Option<Problem> {
        self.known();
        self.known.get().and_then(|parsed| parsed.as_ref().err().cloned())
    }

    fn add(&mut self, path: String, text: Cow<'static, str>) {
        let is_yaml = Path::new(&path).extension().is_some_and(|end| end == "yaml" || end == "yml");
        if !is_yaml {
            return;
        }
        let file = File { path, text };
        let place = if file.path.starts_with("commands/") {
            self.command_files.push(file);
            self.catalogue = OnceLock::new();
            return;
        } else if file.path == KNOWN {
            self.known_file = Some(file);
            self.known = OnceLock::new();
            return;
        } else if file.path.starts_with("family/") {
            Place::Family
        } else if file.path == "fallback.yaml" {
            Place::Fallback
        } else {
            Place::Rule
        };
        self.by_rule = OnceLock::new();
        self.books.retain(|book| book.file.path != file.path);
        self.books.push(Book { file, place, head: OnceLock::new(), book: OnceLock::new() });
    }
}

impl Catalogue {
    /// A command by its id.
    pub fn command(&self, id: &str) -> Option<&Command> {
        self.commands.iter().find(|command| command.id == id)
    }

    /// A typed placeholder by its name, without the `@`.
    pub fn input(&self, name: &str) -> Option<&Input> {
        self.inputs.iter().find(|(known, _)| known == name).map(|(_, input)| input)
    }

    /// Later files win over earlier ones, command by command.
    fn take(&mut self, file: CatalogueFile) {
        for command in file.commands {
            self.commands.retain(|known| known.id != command.id);
            self.commands.push(command);
        }
        for (name, input) in file.inputs.0 {
            self.inputs.retain(|(known, _)| *known != name);
            self.inputs.push((name, input));
        }
        for (name, part) in file.parts.0 {
            self.parts.retain(|(known, _)| *known != name);
            self.parts.push((name, part));
        }
    }
}

impl Book {
    fn head(&self) -> &Head {
        self.head
            .get_or_init(|| serde_saphyr::from_str(head_text(&self.file.text)).unwrap_or_default())
    }

    fn parsed(&self) -> Result<Arc<Playbook>, Problem> {
        self.book.get_or_init(|| parse(&self.file.path, &self.file.text).map(Arc::new)).clone()
    }
}

/// Reads a folder of playbooks: path below it and text, sorted by path. What lies there and is not read is told, so that
/// nobody waits for a playbook that is never used.
pub fn read_folder(dir: &Path) -> (Vec<(String, String)>, Vec<Problem>) {
    let mut files = Vec::new();
    let mut problems = Vec::new();
    for folder in ["", "rules", "family", "commands"] {
        let entries = match std::fs::read_dir(dir.join(folder)) {
            Ok(entries) => entries,
            Err(error) if folder.is_empty() => {
                problems.push(Problem::of(dir.display().to_string(), error));
                continue;
            }
            Err(_) => continue,
        };
        let mut names: Vec<String> = entries
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .filter(|name| !name.starts_with('.') && !name.ends_with('~'))
            .collect();
        names.sort();
        for name in names {
            let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
            let full = dir.join(&path);
            let end = Path::new(&path).extension().and_then(|end| end.to_str());
            if full.is_dir() {
                if !["rules", "family", "commands"].contains(&path.as_str()) {
                    let what = "not read: playbooks lie in rules, family and commands";
                    problems.push(Problem::of(path, what));
                }
            } else if end == Some("yml") || end == Some("YAML") {
                problems.push(Problem::of(path, "not read: the name must end in .yaml"));
            } else if end == Some("yaml") {
                match std::fs::read_to_string(&full) {
                    Ok(text) if folder.is_empty() && !is_at_the_top(&path) => {
                        drop(text);
                        let what = "not read: a playbook lies in rules or family (here only fallback.yaml and known.yaml)";
                        problems.push(Problem::of(path, what));
                    }
                    Ok(text) => files.push((path, text)),
                    Err(error) => problems.push(Problem::of(path, error)),
                }
            }
        }
    }
    (files, problems)
}

fn is_at_the_top(name: &str) -> bool {
    name == "fallback.yaml" || name == KNOWN
}

impl Problem {
    /// A file that is wrong as a whole.
    fn of(file: impl Into<String>, what: impl ToString) -> Self {
        Self { file: file.into(), place: None, what: what.to_string() }
    }
}

pub(super) fn parse<'de, T: Deserialize<'de>>(path: &str, text: &'de str) -> Result<T, Problem> {
    serde_saphyr::from_str(text).map_err(|error: serde_saphyr::Error| {
        let plain = error.without_snippet();
        let place = plain.location().map(|place| {
            let number = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
            (number(place.line()), number(place.column()))
        });
        let what = plain.to_string();
        // The place stands before the sentence; the parser's own words for it would say it twice.
        let what = match what.split_once(": ") {
            Some((head, rest)) if head.starts_with("error: line ") => rest.to_owned(),
            _ => what.split(" at line ").next().unwrap_or_default().to_owned(),
        };
        Problem { file: path.to_owned(), place, what }
    })
}

fn head_text(text: &str) -> &str {
    text.split_once("\nmeans:").map_or(text, |(head, _)| head)
}

/// Letters and digits only, in lower case.
fn letters(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_file_parses() {
        let library = Playbooks::builtin();
        let problems: Vec<String> = library
            .all()
            .filter_map(|(_, book)| book.err())
            .chain(library.catalogue().problems.iter().cloned())
            .chain(library.known_problem())
            .map(|problem| problem.to_string())
            .collect();
        assert!(problems.is_empty(), "{}", problems.join("\n"));
    }

    #[test]
    fn a_rule_is_found_by_its_name_and_by_its_letters() {
        let library = Playbooks::builtin();
        let id = |rule| library.for_rule(rule).map(|book| book.unwrap().id.clone());
        assert_eq!(
            id("Terminal shell in container").as_deref(),
            Some("terminal-shell-in-container")
        );
        assert_eq!(
            id("terminal_shell_in_container").as_deref(),
            Some("terminal-shell-in-container")
        );
        assert_eq!(id("No such rule"), None);
    }

    #[test]
    fn the_table_of_rules_answers_as_the_search_does() {
        let library = Playbooks::builtin();
        let id = |book: Option<Result<Arc<Playbook>, Problem>>| {
            book.map(|book| book.unwrap().id.clone())
        };
        let heads = library.books.iter().flat_map(|book| &book.head().rules);
        let mut rules: Vec<String> = heads.cloned().collect();
        rules.extend(rules.clone().iter().map(|rule| rule.to_uppercase().replace(' ', "_")));
        rules.extend(["", "No such rule", "-", "Terminal shell"].map(str::to_owned));
        for rule in &rules {
            let found = id(library.search(rule));
            library.n_asked.store(QUESTIONS, Ordering::Relaxed);
            assert_eq!(id(library.for_rule(rule)), found, "{rule}");
        }
        assert!(rules.len() > 50);
    }
}
