//! One line of text being typed, with the keys every shell has.

use crate::text;
use crate::theme::Role;
use crate::ui::paint::Canvas;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Rect;
use std::ops::Range;

/// The most characters a line may hold.
const MOST: usize = 4096;

/// The text and where the next character goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prompt {
    before: String,
    after: String,
}

impl Prompt {
    pub fn new(text: &str) -> Self {
        Self { before: text.to_owned(), after: String::new() }
    }

    pub fn text(&self) -> String {
        format!("{}{}", self.before, self.after)
    }

    pub fn is_empty(&self) -> bool {
        self.before.is_empty() && self.after.is_empty()
    }

    /// Text before the cursor, for completion.
    pub fn before(&self) -> &str {
        &self.before
    }

    /// Replaces what was typed; the cursor goes to its end.
    pub fn set(&mut self, text: &str) {
        *self = Self::new(text);
    }

    /// Replaces bytes of the line; the cursor goes behind what takes their place. A range that cuts a character does
    /// nothing.
    pub fn replace(&mut self, bytes: Range<usize>, with: &str) {
        let text = self.text();
        if let (Some(before), Some(after)) = (text.get(..bytes.start), text.get(bytes.end..)) {
            (self.before, self.after) = (format!("{before}{with}"), after.to_owned());
        }
    }

    /// Adds pasted text: one line of it, never keys.
    pub fn paste(&mut self, text: &str) {
        let room = MOST.saturating_sub(self.before.chars().count() + self.after.chars().count());
        let line = text.lines().next().unwrap_or("");
        self.before.extend(line.chars().filter(|char| !char.is_control()).take(room));
    }

    /// Takes one key; says whether the line understood it.
    pub fn key(&mut self, key: KeyEvent) -> bool {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('u') if control => self.before.clear(),
            KeyCode::Char('k') if control => self.after.clear(),
            KeyCode::Char('a') if control => self.home(),
            KeyCode::Char('e') if control => self.end(),
            KeyCode::Char('w') if control => self.drop_word(),
            KeyCode::Char('h') if control => drop(self.before.pop()),
            KeyCode::Char(char) if !control && !key.modifiers.contains(KeyModifiers::ALT) => {
                if self.before.len() + self.after.len() < MOST {
                    self.before.push(char);
                }
            }
            KeyCode::Backspace => drop(self.before.pop()),
            KeyCode::Delete => {
                let mut rest = self.after.chars();
                rest.next();
                self.after = rest.as_str().to_owned();
            }
            KeyCode::Left => {
                if let Some(char) = self.before.pop() {
                    self.after.insert(0, char);
                }
            }
            KeyCode::Right => {
                let mut rest = self.after.chars();
                if let Some(char) = rest.next() {
                    self.before.push(char);
                    self.after = rest.as_str().to_owned();
                }
            }
            KeyCode::Home => self.home(),
            KeyCode::End => self.end(),
            _ => return false,
        }
        true
    }

    fn home(&mut self) {
        self.after.insert_str(0, &self.before);
        self.before.clear();
    }

    fn end(&mut self) {
        self.before.push_str(&self.after);
        self.after.clear();
    }

    fn drop_word(&mut self) {
        let kept =
            self.before.trim_end().trim_end_matches(|char: char| !char.is_whitespace()).len();
        self.before.truncate(kept);
    }

    /// Draws the line after a sign, scrolled so that the cursor is in sight.
    pub fn draw(&self, canvas: &mut Canvas<'_>, area: Rect, sign: &str, hint: &str) {
        let x = canvas.put(area, 0, 0, Role::Key, sign);
        let room = usize::from(area.width.saturating_sub(x + 1));
        let before = text::printable(&self.before).into_owned();
        let skipped = text::width(&before).saturating_sub(room);
        let mut shown = before.as_str();
        let mut dropped = 0;
        while dropped < skipped {
            let mut rest = shown.chars();
            let Some(char) = rest.next() else { break };
            dropped += text::width(char.encode_utf8(&mut [0; 4]));
            shown = rest.as_str();
        }
        let x = canvas.put(area, x, 0, Role::Input, shown);
        let after = text::printable(&self.after).into_owned();
        let under: String = after.chars().next().map_or(" ".to_owned(), String::from);
        canvas.put(area, x, 0, Role::Input, &after);
        let cell = Rect { x: area.x + x.min(area.width), width: 1, ..area };
        let end = canvas.put(cell, 0, 0, Role::Input, &under) + x;
        let style = canvas.style(Role::Input).add_modifier(ratatui::style::Modifier::REVERSED);
        canvas.buffer.set_style(cell.intersection(area).intersection(canvas.buffer.area), style);
        if self.is_empty() {
            canvas.put(area, end + 1, 0, Role::Hint, hint);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str) -> Prompt {
        let mut prompt = Prompt::default();
        for char in text.chars() {
            prompt.key(KeyEvent::new(KeyCode::Char(char), KeyModifiers::NONE));
        }
        prompt
    }

    #[test]
    fn a_line_is_edited_as_in_a_shell() {
        let mut prompt = typed("proc.name = nc");
        prompt.key(KeyEvent::new(KeyCode::Char('w'), KeyModifiers::CONTROL));
        assert_eq!(prompt.text(), "proc.name = ");
        prompt.key(KeyEvent::new(KeyCode::Home, KeyModifiers::NONE));
        prompt.key(KeyEvent::new(KeyCode::Char('ä'), KeyModifiers::NONE));
        prompt.key(KeyEvent::new(KeyCode::Delete, KeyModifiers::NONE));
        assert_eq!(prompt.text(), "äroc.name = ");
    }

    #[test]
    fn pasted_text_is_one_line_without_controls() {
        let mut prompt = typed("a");
        prompt.paste("b\x1b[2Jc\nq\n");
        assert_eq!(prompt.text(), "ab[2Jc");
    }
}
