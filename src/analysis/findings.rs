//! Where in a file a mistake stands: problems name file, line and column, so that an editor can jump to them.

use super::library::Problem;

/// A mistake, and a piece of the file that it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub what: String,
    /// What to look for, one inside the other: the second is looked for from the line of the first on. Empty: the file's
    /// beginning.
    pub at: Vec<String>,
}

/// Mistakes of one file while it is looked through.
#[derive(Debug, Default)]
pub struct Findings(pub Vec<Finding>);

impl Findings {
    pub fn add(&mut self, at: &[&str], what: impl Into<String>) {
        let at = at.iter().map(|text| (*text).to_owned()).collect();
        self.0.push(Finding { what: what.into(), at });
    }

    /// The problems of the file, in the order of its lines.
    pub fn located(self, file: &str, text: &str) -> Vec<Problem> {
        let mut problems: Vec<Problem> = self
            .0
            .into_iter()
            .map(|found| Problem {
                file: file.to_owned(),
                place: Some(place(text, &found.at)),
                what: found.what,
            })
            .collect();
        problems.sort_by_key(|problem| problem.place);
        problems
    }
}

/// Line and column, from 1, of the innermost piece that is there.
fn place(text: &str, pieces: &[String]) -> (u32, u32) {
    let mut from = 0;
    let mut found = 0;
    for piece in pieces {
        let rest = text.get(from..).unwrap_or_default();
        // A filter may be folded over several lines: then its beginning is looked for.
        let head: String = piece.split_whitespace().take(3).collect::<Vec<_>>().join(" ");
        let at = find(rest, piece).or_else(|| find(rest, &head));
        if let Some(at) = at {
            found = from + at;
            from = found;
        }
    }
    let before = text.get(..found).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
}

/// Where a piece stands, not in a comment and not inside another word.
fn find(text: &str, piece: &str) -> Option<usize> {
    if piece.is_empty() {
        return None;
    }
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '-' || c == '.';
    text.match_indices(piece).map(|(at, _)| at).find(|at| {
        let line = text.get(..*at).unwrap_or_default().rsplit('\n').next().unwrap_or_default();
        let before = line.chars().last();
        let after = text.get(at + piece.len()..).and_then(|rest| rest.chars().next());
        let begins = !piece.starts_with(is_word) || !before.is_some_and(is_word);
        let ends = !piece.ends_with(is_word) || !after.is_some_and(is_word);
        begins && ends && !line.trim_start().starts_with('#')
    })
}

/// The place of the n-th item (from 0) of the list under a key at the file's left edge, as a piece to look for.
pub fn item(text: &str, key: &str, n: usize) -> String {
    let start = format!("{key}:");
    let mut lines = text.lines().skip_while(|line| !line.starts_with(&start)).skip(1).peekable();
    let indent = lines.peek().map_or(0, |line| line.len() - line.trim_start().len());
    lines
        .filter(|line| line.trim_start().starts_with("- "))
        .filter(|line| line.len() - line.trim_start().len() == indent)
        .nth(n)
        .unwrap_or(&start)
        .to_owned()
}
