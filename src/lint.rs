//! Tells good advice from bad: finds the commands, snippets and claims in a text and judges each by rules.
//!
//! What the rules say is a table (`lint/rules.tsv`); what they match is code, by scope: one command, the order of a plan,
//! a snippet in a language of its own, prose. Nothing that is found is ever run.

mod call;
mod command;
mod danger;
mod extract;
mod manifest;
pub mod output;
mod plan;
mod programs;
mod prose;
mod rules;
mod shell;
mod snippet;

pub use extract::{Kind, Language, kind};
pub use rules::Severity;

use crate::model::Alert;
use extract::Part;

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
    let mut found = Vec::new();
    let mut plan = Vec::new();
    for part in extract::parts(text, kind) {
        match part {
            Part::Block(block) => {
                snippet::hidden(&block.text, block.line, &mut found);
                snippet::judge(&block, &mut found);
                if block.language == Language::Shell {
                    shell_block(&block, alert, &mut plan, &mut found);
                }
            }
            Part::Inline { line, text } => inline(&text, line, &mut found),
            Part::Prose { line, text } => prose::judge(&text, line, alert, &mut found),
        }
    }
    plan::judge(&plan, alert, &mut found);
    found.sort_by(|a, b| (a.line, a.id).cmp(&(b.line, b.id)));
    found.dedup_by(|a, b| a.line == b.line && a.id == b.id && a.text == b.text);
    found
}

/// Judges one finished command, as it would be copied.
pub fn lint_command(command: &str, alert: Option<&Alert>) -> Vec<Finding> {
    lint(command, Kind::Shell, alert)
}

fn shell_block(
    block: &extract::Block,
    alert: Option<&Alert>,
    plan: &mut Vec<call::Call>,
    found: &mut Vec<Finding>,
) {
    snippet::placeholders(&block.text, block.line, found);
    match shell::parse(&block.text) {
        Ok(commands) => {
            let above = block.line - 1;
            let mut calls = call::calls(&commands);
            for call in &mut calls {
                call.line += above;
            }
            command::judge(&calls, alert, found);
            plan.append(&mut calls);
        }
        Err(error) => {
            let line = (block.line + error.line - 1)
                .min(block.line + block.text.lines().count().max(1) - 1);
            found.push(Finding::new("S01", line, &block.text).because(&error.why));
        }
    }
}

/// A command named in a sentence: only what must never be run is worth a word.
fn inline(text: &str, line: usize, found: &mut Vec<Finding>) {
    let Ok(commands) = shell::parse(text) else { return };
    let calls = call::calls(&commands);
    if calls.first().is_none_or(|call| call.args.is_empty() || !programs::is_known(&call.program)) {
        return;
    }
    let mut here = Vec::new();
    command::judge(&calls, None, &mut here);
    found.extend(
        here.into_iter().filter(|f| f.severity == Severity::Block).map(|f| Finding { line, ..f }),
    );
}

#[cfg(test)]
mod tests;
