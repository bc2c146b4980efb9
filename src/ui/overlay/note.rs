//! The editor for a note of several lines.

use crate::theme::Role;
use crate::ui::desk::wish::Target;
use crate::ui::overlay::menu::window;
use crate::ui::paint::Canvas;
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::layout::Rect;
use ratatui::widgets::Widget;
use ratatui_textarea::TextArea;

/// The most characters a note may hold.
pub const MOST: usize = 16 * 1024;

/// A note being written.
#[derive(Debug)]
pub struct Note {
    pub targets: Vec<Target>,
    /// What it is about; printable.
    pub about: String,
    area: TextArea<'static>,
    /// The text as it was before, and the lines it is edited as: who changes nothing changes nothing.
    before: (String, Vec<String>),
    /// What it was when it was opened; another editor may have had it since.
    first: Option<String>,
    /// Somebody asked to leave with what is not saved; the second time it is done.
    pub is_leaving: bool,
}

impl Note {
    pub fn new(targets: Vec<Target>, about: String, text: &str) -> Self {
        let lines: Vec<String> = text.lines().map(clean).collect();
        let mut area = TextArea::new(lines);
        let before = (text.to_owned(), area.lines().to_vec());
        area.move_cursor(ratatui_textarea::CursorMove::Bottom);
        area.move_cursor(ratatui_textarea::CursorMove::End);
        let mut note = Self { targets, about, area, before, first: None, is_leaving: false };
        note.first = note.text();
        note
    }

    /// Whether leaving would lose something.
    pub fn is_changed(&self) -> bool {
        self.text() != self.first
    }

    /// What was written, without blank ends; `None` when that is nothing.
    pub fn text(&self) -> Option<String> {
        let text = match &self.before {
            (text, lines) if lines == self.area.lines() => text.clone(),
            _ => self.area.lines().join("\n").trim_end().to_owned(),
        };
        (!text.trim().is_empty()).then_some(text)
    }

    /// Replaces what was written, after another editor had it.
    pub fn set(&mut self, text: &str) {
        let (targets, about) = (std::mem::take(&mut self.targets), std::mem::take(&mut self.about));
        let first = self.first.take();
        *self = Self { first, ..Self::new(targets, about, text.trim_end()) };
    }

    pub fn key(&mut self, key: KeyEvent) {
        if let KeyCode::Char(char) = key.code
            && clean(char.encode_utf8(&mut [0; 4])).is_empty()
        {
            return;
        }
        self.area.input(key);
    }

    pub fn paste(&mut self, text: &str) {
        let text: Vec<String> = text.lines().map(clean).collect();
        self.area.insert_str(text.join("\n"));
    }

    /// Draws the editor.
    pub fn draw(&self, canvas: &mut Canvas<'_>, screen: Rect) {
        let width = screen.width.saturating_sub(4).min(90);
        let area = window(screen, width, screen.height.saturating_sub(6).min(18));
        canvas.window(area);
        let inner = Rect { width: area.width.saturating_sub(2), ..area };
        canvas.put(inner, 2, 0, Role::OverlayTitle, "Note");
        canvas.put(inner, 8, 0, Role::Muted, &self.about);
        let body = Rect {
            x: area.x + 2,
            y: area.y + 2,
            width: area.width.saturating_sub(4),
            height: area.height.saturating_sub(4),
        };
        let mut shown = self.area.clone();
        shown.set_style(canvas.style(Role::Input));
        shown.set_cursor_line_style(canvas.style(Role::Input));
        shown.render(body.intersection(canvas.buffer.area), canvas.buffer);
        let last = Rect { y: area.bottom().saturating_sub(1), height: 1, ..inner };
        canvas.put(
            last,
            2,
            0,
            Role::KeyLabel,
            "Ctrl-s saves   Ctrl-o opens $EDITOR   Esc leaves it",
        );
    }
}

/// A line as it can be edited: tabs as blanks, and without what would act on the terminal or could not be seen. What is
/// clean stays as it is.
fn clean(line: &str) -> String {
    let is_seen = |char: char| {
        // The selectors and the joiner that pictures are made of harm nobody.
        matches!(char, '\u{fe0e}' | '\u{fe0f}' | '\u{200d}')
            || crate::text::printable(char.encode_utf8(&mut [0; 4])).chars().eq([char])
    };
    line.replace('\t', "    ").chars().filter(|char| is_seen(*char)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let again = |text: &str| {
            let mut note = Note::new(Vec::new(), String::new(), text);
            assert_eq!(note.text().as_deref().unwrap_or(""), text, "opening it changes nothing");
            note.key(KeyEvent::from(KeyCode::Char('!')));
            note.key(KeyEvent::from(KeyCode::Backspace));
            note.text().unwrap_or_default()
        };
        assert_eq!(again(text), expected);
        assert_eq!(again(&again(text)), expected);
    }

    #[test]
    fn a_note_stays_the_same_however_often_it_is_opened() {
        check("two\nlines", "two\nlines");
        check(
            "a \u{2764}\u{fe0f} and \u{1f469}\u{200d}\u{1f680}",
            "a \u{2764}\u{fe0f} and \u{1f469}\u{200d}\u{1f680}",
        );
        check("a\tb", "a\tb");
        check("", "");
    }

    #[test]
    fn what_would_act_on_the_terminal_is_left_out_once() {
        let mut note = Note::new(Vec::new(), String::new(), "a\tb\u{1b}[2J\u{202e}c");
        note.key(KeyEvent::from(KeyCode::Char('!')));
        assert_eq!(note.text().as_deref(), Some("a    b[2Jc!"));
        note.paste("\u{7}x\u{200b}");
        assert_eq!(note.text().as_deref(), Some("a    b[2Jc!x"));
    }
}
