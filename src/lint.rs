//! Tells good advice from bad: finds the commands, snippets and claims in a text and judges each by rules.
//!
//! What the rules say is a table (`lint/rules.tsv`); what they match is code, by scope: one command, the order of a plan,
//! a snippet in a language of its own, prose. Nothing that is found is ever run.

mod call;
mod choice;
mod command;
mod destroy;
mod document;
mod door;
mod exists;
mod extract;
mod facts;
mod filter;
mod holes;
mod manifest;
mod mild;
pub mod output;
mod pieces;
mod pipes;
mod plan;
mod platform;
mod programs;
mod prose;
mod reach;
mod refusal;
mod rights;
pub mod rules;
mod share;
pub mod sheet;
pub mod shell;
mod snippet;
mod target;
mod told;
mod weaken;
mod whole;
mod writes;

pub use extract::{Kind, Language, kind};
pub use rules::Severity;

use crate::model::Alert;
use extract::Part;
use std::ops::Range;
use std::rc::Rc;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule's id: `W01`…
    pub id: &'static str,
    pub severity: Severity,
    /// Line in the text, from 1.
    pub line: usize,
    /// The words it is about, cut to one line.
    pub text: String,
    pub message: String,
    /// What to do instead; may be empty.
    pub instead: String,
}

impl Finding {
    fn new(id: &'static str, line: usize, text: &str) -> Self {
        let rule = rules::rule(id);
        Self {
            id,
            severity: rule.severity,
            line,
            text: first_line(text),
            message: rule.message.to_owned(),
            instead: rule.instead.to_owned(),
        }
    }

    /// Puts what was seen before the rule's own sentence.
    fn because(mut self, why: &str) -> Self {
        self.message = format!("{why}: {}", self.message);
        self
    }

    fn at(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }
}

fn first_line(text: &str) -> String {
    let line = text.trim().lines().next().unwrap_or_default();
    crate::text::ellipsis(line, 200)
}

/// Judges a whole text. With an alert, also whether it speaks of that alert and reads its fields right.
/// Sorted by line; a rule speaks once a line.
pub fn lint(text: &str, kind: Kind, alert: Option<&Alert>) -> Vec<Finding> {
    let parts = extract::parts(text, kind);
    let ((page, places, supposed), mut placed) =
        share::paragraphs(&parts, alert, || code(&parts, alert));
    // What stands below "Possible causes" is no claim.
    placed.retain(|(_, finding)| {
        finding.id != "C03" || !supposed.iter().any(|rows| rows.contains(&finding.line))
    });
    let Page { found, plan, .. } = page;
    placed.extend(places.into_iter().zip(found));
    placed.sort_by_key(|(part, _)| *part);
    let mut found: Vec<Finding> = placed.into_iter().map(|(_, finding)| finding).collect();
    plan::judge(&plan, alert, &mut found);
    match alert {
        Some(alert) if kind == Kind::Markdown => {
            plan::addresses(&plan, alert, &mut found);
            whole::judge(&parts, &plan, alert, &mut found);
        }
        None if kind == Kind::Markdown => told::judge(&parts, &mut found),
        _ => {}
    }
    let last = text.lines().count().max(1);
    for finding in &mut found {
        finding.line = finding.line.clamp(1, last);
    }
    found.sort_by(|a, b| (a.line, a.id, &a.text).cmp(&(b.line, b.id, &b.text)));
    found.dedup_by(|a, b| a.line == b.line && a.id == b.id);
    found
}

/// Judges what depends on what stands before it: the commands, and what a paragraph says of its block or its heading. With
/// the place of the part that each finding is about, and the rows that only suppose something.
fn code<'a>(parts: &[Part], alert: Option<&'a Alert>) -> (Page<'a>, Vec<usize>, Vec<Range<usize>>) {
    let mut page = Page { alert, found: Vec::new(), plan: Vec::new(), scope: Rc::default() };
    let mut places = Vec::new();
    let mut causes = prose::Causes::default();
    let mut worst_block = None;
    for (at, part) in parts.iter().enumerate() {
        let before = page.found.len();
        match part {
            Part::Block(block) => {
                page.block(block, 0);
                let found = page.found.get(before..).unwrap_or_default();
                worst_block = found.iter().map(|finding| finding.severity).max();
            }
            Part::Inline { line, text } => page.inline(text, *line),
            Part::Prose { line, text } => {
                if alert.is_some() {
                    causes.take(text, *line, &mut page.found);
                }
                if worst_block.take() == Some(Severity::Block) {
                    prose::promise(text, *line, &mut page.found);
                }
            }
        }
        places.resize(page.found.len(), at);
    }
    causes.end(&mut page.found);
    places.resize(page.found.len(), parts.len());
    (page, places, causes.supposed)
}

/// A text while it is read.
struct Page<'a> {
    alert: Option<&'a Alert>,
    found: Vec<Finding>,
    /// Every call in order.
    plan: Vec<call::Call>,
    /// What the shell blocks so far have set.
    scope: Rc<call::Scope>,
}

impl Page<'_> {
    fn block(&mut self, block: &extract::Block, depth: usize) {
        snippet::hidden(block, &mut self.found);
        snippet::judge(block, &mut self.found);
        if let Some(alert) = self.alert {
            document::against(block, alert, &mut self.found);
        }
        match block.language {
            Language::Shell => self.shell(block, depth),
            Language::Dockerfile
            | Language::Yaml
            | Language::Json
            | Language::Ini
            | Language::Other
                if depth < 4 =>
            {
                for inner in document::commands(block) {
                    self.shell(&inner, depth + 1);
                }
            }
            _ => {}
        }
    }

    fn shell(&mut self, block: &extract::Block, depth: usize) {
        holes::dots(&block.text, block.line, &mut self.found);
        holes::asks_to_fill(&block.text, block.line, &mut self.found);
        match shell::parse(&block.text) {
            Ok(commands) => {
                holes::two_words_in_angles(&block.text, block.line, &mut self.found);
                self.commands(&commands, block.line - 1, depth);
            }
            Err(error) => {
                let n_lines = block.text.lines().count().max(1);
                let line = (block.line + error.line - 1).min(block.line + n_lines - 1);
                let row = block.text.lines().nth(line - block.line).unwrap_or(&block.text);
                self.found.push(Finding::new("S01", line, row).because(&error.why));
                holes::placeholders(&block.text, block.line, &mut self.found);
                self.rows(block, depth);
            }
        }
    }

    /// What does not parse as a whole is read row by row: each row may be pasted alone.
    fn rows(&mut self, block: &extract::Block, depth: usize) {
        let mut text = String::new();
        let mut start = block.line;
        for (at, row) in block.text.lines().enumerate() {
            if text.is_empty() {
                start = block.line + at;
            }
            text.push_str(&holes::without_holes(row));
            if row.ends_with('\\') {
                text.push('\n');
                continue;
            }
            let row = std::mem::take(&mut text);
            if extract::starts_like_a_command(&row)
                && let Ok(commands) = shell::parse(&row)
            {
                self.commands(&commands, start - 1, depth);
            }
        }
    }

    fn commands(&mut self, commands: &[shell::Command], above: usize, depth: usize) {
        let mut calls = call::calls(commands, &mut self.scope);
        for call in &mut calls {
            call.line += above;
            if call.input_line > 0 {
                call.input_line += above;
            }
        }
        command::judge(&calls, self.alert, &mut self.found);
        if depth < 3 {
            for inner in calls.iter().flat_map(document::handed_over) {
                self.block(&inner, depth + 1);
            }
        }
        self.plan.append(&mut calls);
    }

    /// A command named in a sentence: what is worse than a warning is worth a word.
    fn inline(&mut self, text: &str, line: usize) {
        if !extract::starts_like_a_command(text) || text.split_whitespace().count() < 2 {
            return;
        }
        let filled = holes::without_holes(text);
        let Ok(commands) = shell::parse(&filled) else { return };
        let mut calls = call::calls(&commands, &mut self.scope);
        // What the alert's process ran is told, not advised.
        let told = self.alert.and_then(|alert| alert.fields.text("proc.cmdline"));
        if told.is_some_and(|told| told.split_whitespace().eq(text.split_whitespace())) {
            return;
        }
        let mut here = Vec::new();
        if let Some(id) = holes::is_hole(text, false) {
            here.push(Finding::new(id, line, text));
        }
        for call in &mut calls {
            call.line = line;
        }
        command::judge(&calls, self.alert, &mut here);
        self.found.extend(
            here.into_iter()
                .filter(|f| f.severity >= Severity::Error)
                .map(|f| Finding { line, ..f }),
        );
        self.plan.append(&mut calls);
    }
}

#[cfg(test)]
mod tests;
