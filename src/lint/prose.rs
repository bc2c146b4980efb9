//! Claims and advice in sentences. What a sentence warns of, or tells of others, is no advice.

mod age;
mod causes;
mod claims;

use super::refusal::is_refused;
use super::{Finding, facts};
use crate::model::Alert;
use age::duration;
pub use causes::Causes;
use claims::claims;
pub use claims::promise;

/// Judges a paragraph, whose rows are joined by a newline each.
pub fn judge(text: &str, line: usize, alert: Option<&Alert>, found: &mut Vec<Finding>) {
    let has_code = text.contains('\u{1b}') || !text.is_ascii();
    // How far rows were counted, and how many they are.
    let (mut seen, mut n_above) = (0, 0);
    let mut sentences = sentences(text).peekable();
    while let Some((at, sentence)) = sentences.next() {
        n_above += text.get(seen..at).map_or(0, |above| above.matches('\n').count());
        seen = at;
        let line = line + n_above;
        if has_code {
            super::snippet::hidden_in_prose(sentence, line, found);
        }
        let mut lower = plain(sentence);
        let unshipped = facts::unshipped(&lower)
            .filter(|path| !is_refused(&lower, lower.find(path).unwrap_or_default()));
        if let Some(path) = unshipped {
            found.push(Finding::new("N04", line, sentence).because(path));
        } else if names_cgroup_conf(&lower) {
            found.push(Finding::new("N04", line, sentence));
        }
        // "This further supports …" speaks of the sentence before.
        if let Some((_, next)) = sentences.peek()
            && ["This ", "It ", "That ", "These "].iter().any(|start| next.starts_with(start))
        {
            lower.push(' ');
            lower.push_str(&plain(next));
        }
        claims(sentence, &lower, line, alert, text.starts_with('#'), found);
        if let Some(alert) = alert {
            duration(sentence, &lower, line, alert, found);
        }
    }
}

/// The row of a sentence in which a place of its plain form stands: found by counting words.
fn row_of(sentence: &str, lower: &str, begin: usize) -> usize {
    let n_words = lower.get(..begin).map_or(0, |before| before.split_whitespace().count());
    let mut n = 0;
    let rows = sentence.lines().map(|row| row.split_whitespace().count());
    rows.take_while(|words| {
        n += words;
        n <= n_words
    })
    .count()
    .min(sentence.lines().count().saturating_sub(1))
}

/// Lower case, without emphasis, in one row.
fn plain(sentence: &str) -> String {
    sentence.to_ascii_lowercase().replace("**", "").replace("__", "").replace('\n', " ")
}

/// A file that only Slurm reads, in a folder of Slurm's.
fn names_cgroup_conf(lower: &str) -> bool {
    lower.match_indices("cgroup.conf").any(|(at, _)| {
        let before = lower.get(..at).and_then(|before| before.chars().next_back());
        before.is_none_or(|c| !c.is_alphanumeric() && !"/.-_".contains(c)) && !is_refused(lower, at)
    }) && !lower.contains("slurm")
}

/// Cuts at dots that end a word and are followed by a blank: a file's or an address' dot ends no sentence. Each with its
/// place in the text.
pub fn sentences(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let rest = text.get(from..).filter(|rest| !rest.is_empty())?;
        let ends = |at: &usize| {
            rest.get(at + 1..)
                .is_none_or(|next| next.is_empty() || next.starts_with(char::is_whitespace))
        };
        let cut = rest
            .match_indices(['.', '!', '?', ';'])
            .map(|(at, _)| at)
            .find(ends)
            .map_or(rest.len(), |at| at + 1);
        let sentence = rest.get(..cut).unwrap_or(rest);
        let start = from + (sentence.len() - sentence.trim_start().len());
        from += cut;
        Some((start, sentence.trim()))
    })
    .filter(|(_, sentence)| !sentence.is_empty())
}
