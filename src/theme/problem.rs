//! What is wrong in a file of settings, and where.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::{fmt, fmt::Write as _, ops::Range, path::Path};

/// The largest file of settings or of a theme that is read, in bytes.
const LARGEST: u64 = 1 << 20;
/// So many problems of one file are told.
const MOST: usize = 20;

/// One thing that is wrong in a TOML file, with its place and the way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file's path as a person would type it.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// What is wrong and what is allowed; lower case, no full stop.
    pub what: String,
}

impl Problem {
    /// A problem at a range of bytes of `text`, which was read from `file`.
    pub fn at(file: &str, text: &str, span: &Range<usize>, what: impl Into<String>) -> Self {
        let before = text.get(..span.start).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Self { file: file.to_owned(), line, column, what: what.into() }
    }

    /// A problem with a file as a whole.
    pub fn with_file(path: &Path, what: impl Into<String>) -> Self {
        Self { file: path.display().to_string(), line: 0, column: 0, what: what.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 {
            return write!(out, "{}: {}", self.file, self.what);
        }
        write!(out, "{}:{}:{}: {}", self.file, self.line, self.column, self.what)
    }
}

/// Reads the text of a file of settings.
///
/// # Errors
/// When it cannot be read, is too large, or is no text, with the place where it is none.
pub fn read_text(path: &Path, file: File) -> Result<String, Problem> {
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|error| unread(path, &error))?;
    if bytes.len() as u64 > LARGEST {
        return Err(Problem::with_file(path, "not read: it is larger than 1 MiB"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let end = error.utf8_error().valid_up_to();
        let before = error.as_bytes().get(..end).unwrap_or_default();
        let before = String::from_utf8_lossy(before);
        let what = "cannot be read: what stands here is no text (UTF-8)";
        Problem::at(&path.display().to_string(), &before, &(end..end), what)
    })
}

/// What is wrong with a path that is neither a file nor a folder: a pipe in the place of a file would be waited for.
pub fn no_plain_file(path: &Path) -> Option<Problem> {
    let about = path.metadata().ok()?;
    (!about.is_file() && !about.is_dir())
        .then(|| Problem::with_file(path, "cannot be read: it is no plain file"))
}

/// Why a file cannot be read, in words.
pub fn unread(path: &Path, error: &io::Error) -> Problem {
    let why = match error.kind() {
        ErrorKind::NotFound => "no such file".to_owned(),
        ErrorKind::PermissionDenied => "permission denied".to_owned(),
        ErrorKind::IsADirectory => "it is a folder".to_owned(),
        _ => error.to_string(),
    };
    Problem::with_file(path, format!("cannot be read: {why}"))
}

/// A file of settings while it is read: what is wrong in it, as far as it is told.
pub struct Page<'a> {
    file: &'a str,
    text: &'a str,
    told: Vec<Problem>,
    /// How many more mistakes were not looked at.
    n_more: usize,
}

impl<'a> Page<'a> {
    pub fn new(file: &'a str, text: &'a str) -> Self {
        Self { file, text, told: Vec::new(), n_more: 0 }
    }

    /// Notes what is wrong at a place. It is put into words only where it is told: each place is counted from the beginning
    /// of the text, and each word compared with all that are allowed, so that many of them would take long.
    pub fn problem(&mut self, span: &Range<usize>, what: impl FnOnce() -> String) {
        if self.told.len() > MOST {
            self.n_more += 1;
        } else {
            self.told.push(Problem::at(self.file, self.text, span, what()));
        }
    }

    /// All that is wrong, by place, together with what is wrong in the file's form.
    pub fn problems(self, errors: &[toml::de::Error]) -> Vec<Problem> {
        let Self { file, text, told, n_more } = self;
        let form: Vec<_> =
            errors.iter().take(MOST + 1).map(|error| form(file, text, error)).collect();
        let n_left = n_more + errors.len() - form.len();
        merged(form, told, n_left)
    }
}

/// What is wrong with the form of a TOML file at one place, in our words where those of its reader take it for granted that one knows TOML.
fn form(file: &str, text: &str, error: &toml::de::Error) -> Problem {
    let span = error.span().unwrap_or(0..0);
    let here = text.get(span.clone()).unwrap_or_default().trim();
    let what = match error.message() {
        "duplicate key" => format!("`{here}` stands here a second time"),
        "string values must be quoted, expected literal string" if here.is_empty() => {
            "a value is missing".to_owned()
        }
        "string values must be quoted, expected literal string" => {
            format!("a text stands in quotes: \"{here}\"")
        }
        "invalid basic string, expected `\"`" => {
            "this text is never closed: expected `\"`".to_owned()
        }
        message => message.to_owned(),
    };
    Problem::at(file, text, &span, what)
}

/// That there are more problems of a file than are told.
fn more(file: &str, n_more: usize) -> Problem {
    Problem { file: file.to_owned(), line: 0, column: 0, what: format!("and {n_more} more") }
}

/// What is wrong with a file's form together with what is wrong in it, by place. Of a line whose form is wrong only one of
/// both is told: what stands there was guessed.
fn merged(mut form: Vec<Problem>, mut content: Vec<Problem>, n_left: usize) -> Vec<Problem> {
    let place = |problem: &Problem| (problem.line, problem.column);
    content.retain(|problem| {
        let is_sound = form.iter().all(|wrong| wrong.line != problem.line);
        is_sound || form.iter().any(|wrong| place(wrong) == place(problem))
    });
    form.retain(|wrong| content.iter().all(|problem| place(wrong) != place(problem)));
    form.append(&mut content);
    form.sort_by_key(place);
    form.dedup();
    let n_more = form.len().saturating_sub(MOST) + n_left;
    if n_more > 0 {
        form.truncate(MOST);
        let file = form.first().map(|first| first.file.clone()).unwrap_or_default();
        form.push(more(&file, n_more));
    }
    form
}

/// Says that a word is not known, names the nearest one, and lists what is allowed when that is short.
pub fn unknown<'a>(kind: &str, word: &str, allowed: impl Iterator<Item = &'a str>) -> String {
    let allowed: Vec<&str> = allowed.collect();
    let mut says = format!("unknown {kind} `{word}`");
    if let Some(near) = nearest(word, &allowed) {
        let _ = write!(says, "; did you mean `{near}`?");
    }
    if allowed.len() <= 16 {
        let _ = write!(says, " (allowed: {})", allowed.join(", "));
    }
    says
}

/// The allowed word that a typo most likely meant.
fn nearest<'a>(word: &str, allowed: &[&'a str]) -> Option<&'a str> {
    let limit = 1 + word.chars().count() / 3;
    let far = |other: &str| distance(&word.to_lowercase(), &other.to_lowercase());
    allowed
        .iter()
        .map(|other| (far(other), *other))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, other)| other)
}

/// How many characters must be inserted, removed, or replaced to turn one word into another (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (to, cell) in b.chars().zip(row.iter_mut().skip(1)) {
            let best = (diagonal + usize::from(from != to)).min(*cell + 1).min(left + 1);
            diagonal = *cell;
            *cell = best;
            left = best;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_counted_in_lines_and_characters() {
        let text = "a = 1\nß = \"x\"\n";
        let problem = Problem::at("f.toml", text, &(text.find('"').unwrap()..text.len()), "no");
        assert_eq!((problem.line, problem.column), (2, 5));
        assert_eq!(problem.to_string(), "f.toml:2:5: no");
    }

    #[test]
    fn of_many_mistakes_only_the_first_are_looked_at() {
        let text = "=\n".repeat(10_000);
        let (_, errors) = toml::de::DeTable::parse_recoverable(&text);
        assert!(errors.len() > 1000, "{}", errors.len());
        let check = |page: Page, errors: &[_], n_mistakes: usize| {
            let told = page.problems(errors);
            assert_eq!(told.len(), MOST + 1);
            let last = format!("f.toml: and {} more", n_mistakes - MOST);
            assert_eq!(told.last().map(ToString::to_string), Some(last));
        };
        check(Page::new("f.toml", &text), &errors, errors.len());
        let (mut page, mut n_worded) = (Page::new("f.toml", &text), 0);
        for line in 0..10_000 {
            let mut says = || {
                n_worded += 1;
                "wrong".to_owned()
            };
            page.problem(&(2 * line..2 * line + 1), &mut says);
        }
        assert_eq!(n_worded, MOST + 1);
        check(page, &[], 10_000);
    }

    #[test]
    fn a_typo_is_answered_with_the_nearest_word() {
        let allowed = ["select-next", "select-prev", "quit"];
        let says = unknown("action", "slect-next", allowed.into_iter());
        assert!(says.contains("did you mean `select-next`?"), "{says}");
        let says = unknown("action", "zzzzzz", allowed.into_iter());
        assert!(!says.contains("did you mean"), "{says}");
        assert!(says.contains("allowed: select-next, select-prev, quit"), "{says}");
    }

    #[test]
    fn distance_counts_single_changes() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", "abc"), 0);
    }
}
