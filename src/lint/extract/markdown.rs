//! Markdown as models write it: fences that are indented wrongly, code without a fence, commands in a sentence.

use super::super::refusal::is_refused;
use super::{
    Language, Part, block, has_sentences, language, starts_like_a_command, without_prompt,
};

/// Fences are read line by line, wherever they are indented: models indent them wrongly, and the text between is meant
/// as code all the same.
pub(super) fn markdown(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut open: Option<(usize, String, String, usize)> = None;
    let mut prose = Prose::default();
    let mut indented = Indented::default();
    let mut is_after_blank = true;
    for (line, row) in (1..).zip(text.lines()) {
        let row =
            if open.is_some() || row.trim_start().starts_with('>') { unquoted(row) } else { row };
        match (&mut open, is_fence(row)) {
            (Some((_, _, _, ticks)), Some((length, info)))
                if length >= *ticks && info.is_empty() =>
            {
                if let Some((line, fence, code, _)) = open.take() {
                    parts.push(block(line, fence, &code, None));
                }
            }
            (Some((_, _, code, _)), _) => {
                code.push_str(row);
                code.push('\n');
            }
            (none, Some((length, info))) => {
                prose.end(&mut parts);
                indented.end(&mut parts);
                *none = Some((line + 1, info.to_owned(), String::new(), length));
            }
            (_, None) if indented.takes(line, row, is_after_blank) => prose.end(&mut parts),
            (_, None) => {
                indented.end(&mut parts);
                prose.row(line, row, &mut parts);
            }
        }
        is_after_blank = row.trim().is_empty();
    }
    if let Some((line, fence, code, _)) = open {
        parts.push(block(line, fence, &code, None));
    }
    prose.end(&mut parts);
    indented.end(&mut parts);
    parts
}

/// A row of a block quote without its mark.
fn unquoted(row: &str) -> &str {
    let inner = row.trim_start();
    inner.strip_prefix("> ").or_else(|| inner.strip_prefix('>')).unwrap_or(row)
}

/// Code that is set in by four blanks or a tab, or begins with a prompt, without a fence.
#[derive(Default)]
struct Indented {
    line: usize,
    text: String,
}

impl Indented {
    fn takes(&mut self, line: usize, row: &str, is_after_blank: bool) -> bool {
        let inner = row.trim_start();
        let is_in = row.starts_with("    ") || row.starts_with('\t');
        let is_prompt = without_prompt(row).is_some_and(starts_like_a_command);
        if inner.is_empty() {
            if !self.text.is_empty() {
                self.text.push('\n');
            }
            return !self.text.is_empty();
        }
        if self.text.is_empty() {
            let is_list = inner.starts_with(['*', '-', '+', '>', '|']) && !inner.starts_with("---")
                || inner.starts_with(|c: char| c.is_ascii_digit());
            let is_code = || {
                starts_like_a_command(inner) && !has_sentences(inner)
                    || inner.starts_with("#!")
                    || matches!(
                        language("", inner),
                        Language::Json | Language::Nft | Language::AppArmor
                    )
            };
            if !(is_prompt || is_in && is_after_blank && !is_list && is_code()) {
                return false;
            }
            self.line = line;
        } else if !is_in && !is_prompt && !self.text.trim_end().ends_with('\\') {
            return false;
        }
        self.text.push_str(row.strip_prefix("    ").unwrap_or(row));
        self.text.push('\n');
        true
    }

    fn end(&mut self, parts: &mut Vec<Part>) {
        if !self.text.is_empty() {
            let text = std::mem::take(&mut self.text);
            parts.push(block(self.line, String::new(), &text, None));
        }
    }
}

/// A fence's length and what stands behind it. The mark of a list may stand before it.
pub(super) fn is_fence(row: &str) -> Option<(usize, &str)> {
    let row = unquoted(row.trim_start()).trim_start();
    let row = row.trim_start_matches(|c: char| c.is_ascii_digit());
    let row = ["- ", "* ", "+ ", ". ", ") "]
        .iter()
        .find_map(|mark| row.strip_prefix(mark))
        .unwrap_or(row)
        .trim_start();
    let tick = row.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let info = row.trim_start_matches(tick);
    let length = row.len() - info.len();
    (length >= 3 && !info.contains('`')).then(|| (length, info.trim()))
}

#[derive(Default)]
struct Prose {
    line: usize,
    text: String,
}

impl Prose {
    fn row(&mut self, line: usize, row: &str, parts: &mut Vec<Part>) {
        let trimmed = row.trim_start();
        let begins = trimmed.is_empty()
            || trimmed.starts_with(['#', '>', '|'])
            || ["* ", "- ", "+ "].iter().any(|mark| trimmed.starts_with(mark))
            || trimmed
                .split_once(['.', ')'])
                .is_some_and(|(n, _)| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
        if begins {
            self.end(parts);
        }
        if self.text.is_empty() {
            self.line = line;
        }
        if !trimmed.is_empty() {
            self.text.push_str(trimmed);
            self.text.push('\n');
        }
        if !row.contains('`') {
            return;
        }
        let is_order = (is_advice(row) || is_alone(row)) && !row.trim_start().starts_with('|');
        spans(row, |at, span| {
            if is_order && !is_refused(row, at) {
                parts.push(Part::Inline { line, text: span.to_owned() });
            }
        });
    }

    fn end(&mut self, parts: &mut Vec<Part>) {
        if !self.text.is_empty() {
            let text = std::mem::take(&mut self.text);
            parts.push(Part::Prose { line: self.line, text });
        }
    }
}

/// Whether a sentence tells somebody to do what it names, rather than what was done.
fn is_advice(sentence: &str) -> bool {
    const ORDERS: [&str; 13] = [
        "run", "running", "execute", "use", "using", "type", "try", "apply", "issue", "enter",
        "invoke", "do", "with",
    ];
    const FIRST: [&str; 20] = [
        "disable", "stop", "restart", "remove", "delete", "block", "add", "set", "enable", "kill",
        "install", "start", "update", "switch", "reset", "flush", "pause", "isolate", "then",
        "next",
    ];
    let first = sentence.split(|c: char| !c.is_ascii_alphabetic()).find(|word| !word.is_empty());
    if first.is_some_and(|word| FIRST.contains(&&*word.to_ascii_lowercase())) {
        return true;
    }
    sentence
        .to_ascii_lowercase()
        .split(|c: char| !c.is_ascii_alphabetic())
        .any(|word| ORDERS.contains(&word))
}

/// A list item or a line that is nothing but one code span, perhaps behind a label: `1. Flush: ‹code›`.
fn is_alone(row: &str) -> bool {
    let inner = row.trim().trim_start_matches(|c: char| c.is_ascii_digit() || "*-+.) ".contains(c));
    let lower = inner.to_ascii_lowercase();
    let Some((label, rest)) = lower.split_once('`') else { return false };
    let is_fact = [
        "command line",
        "cmdline",
        "process",
        "executed",
        "output",
        "args",
        "proc.",
        "was",
        "ran",
        "observed",
        "path",
        "alert",
        "name",
        "image",
        "rule",
        "file",
        "field",
        "evidence",
    ]
    .iter()
    .any(|word| label.contains(word));
    let ends = rest
        .split_once('`')
        .is_some_and(|(_, behind)| behind.trim_end_matches(['.', ';', ',']).trim().is_empty());
    ends && !is_fact
        && (label.trim().is_empty() || label.trim().trim_end_matches(['*', ' ']).ends_with(':'))
}

fn spans(row: &str, mut each: impl FnMut(usize, &str)) {
    let mut rest = row;
    while let Some((_, behind)) = rest.split_once('`') {
        let at = row.len() - behind.len();
        let Some((span, after)) = behind.split_once('`') else { return };
        if !span.is_empty() {
            each(at, span);
        }
        rest = after;
    }
}
