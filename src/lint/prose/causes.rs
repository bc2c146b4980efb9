//! Whether anybody asked if the thing is meant to happen.

use crate::lint::Finding;
use std::ops::Range;

/// Paragraphs below a heading that promises causes. Where each of them is an attack or a mistake, nobody asked whether the
/// thing is meant to happen.
#[derive(Debug, Default)]
pub struct Causes {
    is_open: bool,
    asked: bool,
    harmful: Vec<(usize, String)>,
    /// The rows of what is supposed, which claims nothing.
    pub supposed: Vec<Range<usize>>,
}

impl Causes {
    /// Takes in a paragraph; what was found is told when the next heading comes.
    pub fn take(&mut self, text: &str, line: usize, found: &mut Vec<Finding>) {
        let lower = text.to_ascii_lowercase();
        let title = lower.trim().trim_matches(['#', '*', '_', '-', '=', ':', ' ', '\n']);
        // A row of signs below a title belongs to it.
        let title = title.trim_end_matches(['-', '=', '*', '\n', ' ']);
        let is_heading = !title.contains('\n')
            && title.split_whitespace().count() < 7
            && (lower.starts_with(['#', '*']) && !lower.starts_with("* ")
                || lower.contains("\n---")
                || lower.contains("\n==="));
        if is_heading {
            self.end(found);
            self.is_open = title.contains("cause") && !title.contains("because");
            return;
        }
        if !self.is_open {
            return;
        }
        self.supposed.push(line..line + text.lines().count().max(1));
        let any = |words: &[&str]| words.iter().any(|word| lower.contains(word));
        self.asked |= any(&[
            "legitimate",
            "benign",
            "expected",
            "maintenance",
            "operator",
            "administrat",
            "routine",
            "debug",
            "drill",
            "test",
            "known",
            "health check",
            "scheduled",
            "platform",
            "by design",
            "false positive",
            "event-generator",
            "harmless",
            "normal",
            "intended",
            "deploy",
        ]);
        if any(&[
            "malicious",
            "attack",
            "compromis",
            "unauthori",
            "misconfigur",
            "malware",
            "intru",
        ]) {
            self.harmful.push((line, text.to_owned()));
        }
    }

    /// Tells what the last paragraphs came to.
    pub fn end(&mut self, found: &mut Vec<Finding>) {
        let (asked, harmful) = (self.asked, std::mem::take(&mut self.harmful));
        *self = Self { supposed: std::mem::take(&mut self.supposed), ..Self::default() };
        if asked {
            return;
        }
        found.extend(harmful.into_iter().map(|(line, text)| {
            Finding::new("C03", line, &text).because(
                "every cause named is an attack or a mistake; none is that it is meant to happen",
            )
        }));
    }
}
