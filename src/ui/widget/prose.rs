//! Sentences with labels, wrapped: nothing needs sideways scrolling.

use crate::text;
use crate::theme::Role;
use crate::ui::paint::Line;

/// Columns of the label before a block, where the pane is wide enough for one.
const LABEL: usize = 18;
/// From this width on labels stand beside their text.
const BESIDE: usize = 60;

/// A column of lines being written.
#[derive(Debug)]
pub struct Prose {
    pub lines: Vec<Line>,
    width: usize,
}

impl Prose {
    /// Starts a text for a pane of so many columns.
    pub fn new(width: u16) -> Self {
        Self { lines: Vec::new(), width: usize::from(width).max(8) }
    }

    /// Columns that text may use: one is left free on each side.
    pub fn room(&self) -> usize {
        self.width.saturating_sub(2).max(6)
    }

    /// An empty line, but never two.
    pub fn gap(&mut self) {
        if self.lines.last().is_some_and(|line| !line.spans.is_empty()) {
            self.lines.push(Line::default());
        }
    }

    /// A heading of its own.
    pub fn heading(&mut self, title: &str) {
        self.gap();
        self.lines.push(Line::of(Role::Text, " ").and(Role::Heading, title));
    }

    /// One line as it is, indented by one column.
    pub fn push(&mut self, line: Line) {
        self.lines.push(line);
    }

    /// Printable text, wrapped, with every line indented by `indent` columns.
    pub fn text(&mut self, role: Role, indent: usize, text: &str) {
        self.lead("", Role::Text, indent, role, text);
    }

    /// Printable text after a short lead (a sign, a number); later lines stand under the text.
    pub fn lead(&mut self, lead: &str, lead_role: Role, indent: usize, role: Role, text: &str) {
        let hang = indent + text::width(lead);
        let room = self.width.saturating_sub(hang + 1).max(6);
        for (at, row) in text::wrap(text, room).into_iter().enumerate() {
            let line = if at == 0 && !lead.is_empty() {
                Line::of(Role::Text, " ".repeat(indent)).and(lead_role, lead)
            } else {
                Line::of(Role::Text, " ".repeat(hang))
            };
            self.lines.push(line.and(role, row));
        }
    }

    /// Printable text that must not lose a character when it is wrapped: a command.
    pub fn exact(&mut self, role: Role, indent: usize, text: &str) {
        let room = self.width.saturating_sub(indent + 1).max(6);
        for row in text::wrap_exact(text, room) {
            self.lines.push(Line::of(Role::Text, " ".repeat(indent)).and(role, row));
        }
    }

    /// A labelled block: the label beside it where there is room, above it where there is not.
    pub fn block(&mut self, label: &str, write: impl FnOnce(&mut Self, usize)) {
        self.gap();
        if self.width < BESIDE {
            self.lines.push(Line::of(Role::Text, " ").and(Role::Heading, label));
            write(self, 2);
            return;
        }
        let start = self.lines.len();
        write(self, LABEL + 1);
        if let Some(first) = self.lines.get_mut(start)
            && let Some(blank) = first.spans.first_mut()
        {
            let pad = text::width(&blank.text).saturating_sub(text::width(label) + 1);
            blank.text = " ".repeat(pad);
            let span = |role, text: &str| crate::ui::paint::Span { role, text: text.to_owned() };
            // The margin is no part of the heading: a theme may underline it.
            first.spans.insert(0, span(Role::Heading, label));
            first.spans.insert(0, span(Role::Text, " "));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(prose: &Prose) -> Vec<String> {
        prose
            .lines
            .iter()
            .map(|line| line.spans.iter().map(|span| span.text.as_str()).collect())
            .collect()
    }

    #[test]
    fn a_label_stands_beside_or_above() {
        let write = |width| {
            let mut prose = Prose::new(width);
            prose.block("Proves", |prose, indent| prose.text(Role::Text, indent, "it ran"));
            lines(&prose)
        };
        assert_eq!(write(80), [format!(" Proves{}it ran", " ".repeat(12))]);
        assert_eq!(write(40), [" Proves".to_owned(), "  it ran".to_owned()]);
    }

    #[test]
    fn no_line_is_wider_than_the_pane() {
        for width in 16..90 {
            let mut prose = Prose::new(width);
            prose.lead("* ", Role::Text, 1, Role::Text, &"word and another ".repeat(20));
            prose.exact(Role::Command, 1, &"x".repeat(300));
            assert!(prose.lines.iter().all(|line| line.width() <= usize::from(width)), "{width}");
        }
    }
}
