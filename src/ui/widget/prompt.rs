//! One line of text being typed, with the keys every shell has.

use crate::text;
use crate::theme::Role;
use crate::ui::paint::Canvas;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Rect;
use std::ops::Range;

/// The most bytes a line may hold.
const MOST: usize = 64 * 1024;

/// The text and where the next character goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prompt {
    before: String,
    after: String,
    /// What stands there is an offer: Enter takes it, the first character typed takes its place.
    is_offer: bool,
}

impl Prompt {
    pub fn new(text: &str) -> Self {
        Self { before: text.to_owned(), ..Self::default() }
    }

    /// A line that offers a text: whoever types wants another.
    pub fn offering(text: &str) -> Self {
        Self { is_offer: true, ..Self::new(text) }
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

    /// Adds pasted text, its lines with blanks between them; never keys.
    pub fn paste(&mut self, text: &str) {
        self.drop_offer();
        let room = MOST.saturating_sub(self.before.len() + self.after.len());
        let whole = text.trim_matches(['\n', '\r']);
        let lines: Vec<&str> = match whole.split_once('\n') {
            None => vec![whole],
            Some(_) => whole.lines().map(str::trim).filter(|line| !line.is_empty()).collect(),
        };
        let line: String = lines.join(" ").chars().filter(|char| !char.is_control()).collect();
        self.before.push_str(line.get(..line.floor_char_boundary(room)).unwrap_or_default());
    }

    fn drop_offer(&mut self) {
        if std::mem::take(&mut self.is_offer) {
            self.before.clear();
        }
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
                self.drop_offer();
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
        self.is_offer = false;
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
        let role = if self.is_offer { Role::Hint } else { Role::Input };
        let x = canvas.put(area, x, 0, role, shown);
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
        let check = |pasted: &str, expected: &str| {
            let mut prompt = typed("a");
            prompt.paste(pasted);
            assert_eq!(prompt.text(), expected);
        };
        check("b\x1b[2Jc\n", "ab[2Jc");
        check(" b  c ", "a b  c ");
        check("= nc\n  and fd.name = x\r\n\n\tor z\n", "a= nc and fd.name = x or z");
    }

    #[test]
    fn an_offer_is_taken_whole_or_typed_over() {
        let mut taken = Prompt::offering("root");
        assert_eq!(taken.text(), "root");
        taken.key(KeyEvent::new(KeyCode::Char('a'), KeyModifiers::NONE));
        taken.key(KeyEvent::new(KeyCode::Char('n'), KeyModifiers::NONE));
        assert_eq!(taken.text(), "an");
        let mut edited = Prompt::offering("root");
        edited.key(KeyEvent::new(KeyCode::Backspace, KeyModifiers::NONE));
        edited.key(KeyEvent::new(KeyCode::Char('x'), KeyModifiers::NONE));
        assert_eq!(edited.text(), "roox");
        let mut pasted = Prompt::offering("root");
        pasted.paste("ana");
        assert_eq!(pasted.text(), "ana");
    }
}
