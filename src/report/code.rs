//! Alert text inside Markdown: shown through the gate of `text`, in code spans and fences longer than any run inside.

use crate::text::printable;

/// The longest run of backticks in a text.
fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// A code span that nothing inside can end; blanks at the edges keep backticks apart.
pub fn span(text: &str) -> String {
    let text = printable(text);
    if text.trim().is_empty() {
        return "(empty)".to_owned();
    }
    let ticks = "`".repeat(longest_run(&text) + 1);
    let pad = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) { " " } else { "" };
    format!("{ticks}{pad}{text}{pad}{ticks}")
}

/// A code span for a cell of a table: a `|` would end the cell even in code.
pub fn cell(text: &str) -> String {
    span(text).replace('|', "\\|")
}

/// A fence that nothing inside can end. Lines stay lines; other control characters are made visible.
pub fn fence(text: &str, language: &str) -> String {
    let lines: Vec<_> = text.lines().map(|line| printable(line).into_owned()).collect();
    let text = lines.join("\n");
    let ticks = "`".repeat(longest_run(&text).max(2) + 1);
    format!("{ticks}{language}\n{text}\n{ticks}")
}

/// Why a step has no command, and the command that would find what it waits for: that one is code, to be pasted whole.
pub fn finder(why: &str) -> (String, Option<&str>) {
    match why.split_once("` finds it: ") {
        Some((why, command)) => (format!("{why}` finds it."), Some(command)),
        None => (why.to_owned(), None),
    }
}

/// Prose that may hold alert text: every character that Markdown or HTML reads is escaped.
pub fn prose(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let shown = printable(text);
    let mut letters = shown.chars().peekable();
    let mut before = ' ';
    while let Some(c) = letters.next() {
        // Between letters an underscore is one: field names stay readable.
        let is_inside = c == '_'
            && before.is_alphanumeric()
            && letters.peek().is_some_and(|next| next.is_alphanumeric());
        before = c;
        match c {
            '_' if is_inside => escaped.push('_'),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' | '!' | '$' => {
                escaped.push('\\');
                escaped.push(c);
            }
            // Neither mentions nor bare addresses become links.
            '@' => escaped.push_str("&#64;"),
            ':' if escaped.ends_with("http")
                || escaped.ends_with("https")
                || escaped.ends_with("ftp") =>
            {
                escaped.push_str("&#58;");
            }
            _ => escaped.push(c),
        }
    }
    escaped.replace("www.", "www&#46;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_inside_ends_a_span_or_a_fence() {
        assert_eq!(span("a`b"), "``a`b``");
        assert_eq!(span("`a`"), "`` `a` ``");
        assert_eq!(cell("a|b"), "`a\\|b`");
        assert_eq!(fence("a\n```\nb", "sh"), "````sh\na\n```\nb\n````");
        assert!(!span("x\u{1b}[2J").contains('\u{1b}'));
    }

    #[test]
    fn prose_holds_no_markup() {
        assert_eq!(
            prose("<img src=x> [a](b) *c* @all"),
            "&lt;img src=x&gt; \\[a\\](b) \\*c\\* &#64;all"
        );
        assert_eq!(prose("see https://x.example"), "see https&#58;//x.example");
    }
}
