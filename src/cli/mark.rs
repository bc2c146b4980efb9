//! A message under the text it speaks of, with the place marked.

use crate::text;
use std::ops::Range;

/// How many columns of the text are shown on each side of the marked place.
const AROUND: usize = 60;

/// The line of the text that holds the place, a line of carets under the place, and the message.
pub fn mark(what: &str, whole: &str, range: Range<usize>, message: &str) -> String {
    let from = floor(whole, range.start);
    let to = floor(whole, range.end).max(from);
    let line_from = whole.get(..from).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
    let line_to =
        whole.get(from..).and_then(|after| after.find('\n')).map_or(whole.len(), |at| from + at);
    let to = to.min(line_to);
    let piece = |from: usize, to: usize| {
        text::printable(whole.get(from..to).unwrap_or_default()).into_owned()
    };
    let mut before = piece(line_from, from);
    let mut marked = piece(from, to);
    let mut after = piece(to, line_to);
    if before.chars().count() > AROUND {
        let cut: String = before.chars().skip(before.chars().count() - AROUND).collect();
        before = format!("…{cut}");
    }
    if marked.chars().count() > AROUND {
        let cut: String = marked.chars().take(AROUND).collect();
        marked = format!("{cut}…");
        after.clear();
    }
    if after.chars().count() > AROUND {
        let cut: String = after.chars().take(AROUND).collect();
        after = format!("{cut}…");
    }
    let blanks = " ".repeat(text::width(&before));
    let carets = "^".repeat(text::width(&marked).max(1));
    let line = whole.get(..from).unwrap_or_default().matches('\n').count() + 1;
    let place = if whole.contains('\n') { format!(" (line {line})") } else { String::new() };
    let message = text::printable(message);
    format!("  {before}{marked}{after}\n  {blanks}{carets}\n{what}{place}: {message}\n")
}

/// The nearest character boundary at or before a byte.
fn floor(text: &str, mut at: usize) -> usize {
    at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::mark;

    #[track_caller]
    fn check(text: &str, range: std::ops::Range<usize>, expected: &str) {
        assert_eq!(mark("error", text, range, "no"), expected);
    }

    #[test]
    fn the_place_is_marked_under_the_text() {
        check("a.b ~ c", 4..5, "  a.b ~ c\n      ^\nerror: no\n");
        check("a.b =", 5..5, "  a.b =\n       ^\nerror: no\n");
        check("日本 ~", 7..8, "  日本 ~\n       ^\nerror: no\n");
        check("a.b = c\nand d.e", 12..15, "  and d.e\n      ^^^\nerror (line 2): no\n");
    }

    #[test]
    fn escapes_in_the_text_are_visible_and_counted() {
        let shown = mark("error", "a.b = '\u{1b}[2J' ~", 13..14, "no");
        assert!(!shown.contains('\u{1b}'), "{shown:?}");
        let mut lines = shown.lines();
        let (text, carets) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
        assert_eq!(crate::text::width(text), crate::text::width(carets));
    }
}
