//! Every action by its name, found by a few of its letters.

use super::menu::window;
use crate::theme::Role;
use crate::ui::action::{Action, Chapter};
use crate::ui::paint::Canvas;
use crate::ui::widget::prompt::Prompt;
use ratatui::layout::Rect;

/// What was typed, and which of the actions it finds is selected.
#[derive(Clone, Debug, Default)]
pub struct Palette {
    pub prompt: Prompt,
    pub cursor: usize,
}

impl Palette {
    /// Opens it with a word that wants another after it.
    pub fn typed(text: &str) -> Self {
        Self { prompt: Prompt::new(text), cursor: 0 }
    }

    /// The actions that what was typed finds, best first.
    pub fn found(&self) -> Vec<Action> {
        let (typed, _) = self.words();
        let mut found: Vec<(u32, Action)> = Action::ALL
            .iter()
            .filter_map(|action| {
                let by_id = score(&typed, action.id());
                let by_text = score(&typed, &action.says().to_lowercase()).map(|score| score + 100);
                by_id.into_iter().chain(by_text).min().map(|score| (score, *action))
            })
            .collect();
        // Nobody opens this to move by a row.
        let moves = |action: Action| action.chapter() == Chapter::Move;
        found.sort_by_key(|(score, action)| (*score, moves(*action)));
        found.into_iter().map(|(_, action)| action).collect()
    }

    /// What was typed, lower case, and the name after an action that takes one.
    fn words(&self) -> (String, String) {
        let text = self.prompt.text();
        match text.split_once(' ') {
            Some((word @ ("save" | "load" | "attach" | "report"), name)) => {
                (word.to_owned(), name.trim().to_owned())
            }
            _ => (text.to_lowercase(), String::new()),
        }
    }

    /// The name typed after an action: `save NAME`.
    pub fn argument(&self) -> String {
        self.words().1
    }

    /// The selected action.
    pub fn action(&self) -> Option<Action> {
        self.found().get(self.cursor).copied()
    }

    /// Moves the cursor.
    pub fn step(&mut self, rows: isize) {
        self.cursor =
            self.cursor.saturating_add_signed(rows).min(self.found().len().saturating_sub(1));
    }

    /// Draws the window; `why_not` greys what is not available and says why.
    pub fn draw(
        &self,
        canvas: &mut Canvas<'_>,
        screen: Rect,
        why_not: impl Fn(Action) -> Option<String>,
    ) {
        let area = window(screen, 84, 18);
        canvas.window(area);
        let line = Rect {
            x: area.x + 2,
            width: area.width.saturating_sub(4),
            height: 1.min(area.height),
            ..area
        };
        self.prompt.draw(canvas, line, ":", "type a few letters of what you want to do");
        let list = Rect { y: area.y + 2, height: area.height.saturating_sub(3), ..area };
        let skipped = (self.cursor + 1).saturating_sub(usize::from(list.height.max(1)));
        let found = self.found();
        if found.is_empty() {
            canvas.put(list, 2, 0, Role::Muted, "No action has these letters.");
        }
        for (y, (at, action)) in (0..list.height).zip(found.iter().enumerate().skip(skipped)) {
            let row = Rect { y: list.y + y, height: 1, ..list };
            let off = why_not(*action);
            let role = if off.is_some() { Role::KeyOff } else { Role::Overlay };
            canvas.put(row, 2, 0, role, action.id());
            let key = canvas.settings.keymap.keys(*action).next().unwrap_or_default();
            let names = Rect { width: row.width.saturating_sub(10), ..row };
            let says = off.unwrap_or_else(|| action.says().to_owned());
            canvas.put(names, 18, 0, if role == Role::KeyOff { role } else { Role::Muted }, &says);
            canvas.put_right(
                Rect { width: row.width.saturating_sub(1), ..row },
                0,
                Role::Key,
                &key,
            );
            if at == self.cursor {
                canvas.tint(row, Role::Selection);
                canvas.put(row, 0, 0, Role::Selection, canvas.signs().cursor());
            }
        }
    }
}

/// How well letters fit a text: all of them in their order, the earlier and the closer together the better.
fn score(typed: &str, text: &str) -> Option<u32> {
    if let Some(at) = text.find(typed) {
        return u32::try_from(at).ok();
    }
    let (mut cost, mut chars) = (50, text.chars());
    for letter in typed.chars().filter(|letter| !letter.is_whitespace()) {
        let skipped = chars.by_ref().position(|char| char == letter)?;
        cost += u32::try_from(skipped).unwrap_or(u32::MAX / 2);
    }
    Some(cost)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_letters_find_an_action() {
        let find = |text: &str| Palette { prompt: Prompt::new(text), cursor: 0 }.action();
        assert_eq!(find("susp"), Some(Action::Suspend));
        assert_eq!(find("grpby"), Some(Action::GroupBy));
        assert_eq!(find("print"), Some(Action::Print));
        assert_eq!(find("zzzz"), None);
    }
}
