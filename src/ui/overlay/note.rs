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
const MOST: usize = 16 * 1024;

/// A note being written.
#[derive(Debug)]
pub struct Note {
    pub targets: Vec<Target>,
    /// What it is about; printable.
    pub about: String,
    area: TextArea<'static>,
}

impl Note {
    pub fn new(targets: Vec<Target>, about: String, text: &str) -> Self {
        let lines = text.lines().map(clean).collect();
        let mut area = TextArea::new(lines);
        area.move_cursor(ratatui_textarea::CursorMove::Bottom);
        area.move_cursor(ratatui_textarea::CursorMove::End);
        Self { targets, about, area }
    }

    /// What was written, without blank ends; `None` when that is nothing.
    pub fn text(&self) -> Option<String> {
        let text = self.area.lines().join("\n");
        let text: String = text.trim_end().chars().take(MOST).collect();
        (!text.trim().is_empty()).then_some(text)
    }

    /// Replaces what was written, after another editor had it.
    pub fn set(&mut self, text: &str) {
        let (targets, about) = (std::mem::take(&mut self.targets), std::mem::take(&mut self.about));
        *self = Self::new(targets, about, text);
    }

    pub fn key(&mut self, key: KeyEvent) {
        if let KeyCode::Char(char) = key.code
            && crate::text::printable(char.encode_utf8(&mut [0; 4])) != char.to_string()
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
        canvas.clear(area, Role::Overlay);
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

/// Control characters would move the cursor of the terminal: they become visible.
fn clean(line: &str) -> String {
    crate::text::printable(line).into_owned()
}
