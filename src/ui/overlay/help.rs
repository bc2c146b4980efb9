//! What each key does, from the keymap in force.

use crate::text::width;
use crate::theme::Role;
use crate::ui::action::{Action, Chapter};
use crate::ui::keymap::Keymap;
use crate::ui::paint::Line;
use crate::ui::widget::prose::Prose;

/// Columns for the keys.
const KEYS: usize = 16;

/// Writes the help.
pub fn lines(keymap: &Keymap, columns: u16) -> Vec<Line> {
    let mut prose = Prose::new(columns);
    for chapter in Chapter::ALL {
        prose.heading(chapter.title());
        for action in Action::ALL.iter().filter(|action| action.chapter() == chapter) {
            let keys: Vec<String> = keymap.keys(*action).collect();
            let keys = if keys.is_empty() { format!(":{}", action.id()) } else { keys.join("  ") };
            let pad = " ".repeat(KEYS.saturating_sub(width(&keys)).max(1));
            prose.lead(&format!("{keys}{pad}"), Role::Key, 2, Role::KeyLabel, action.says());
        }
    }
    prose.heading("Mouse");
    prose.text(
        Role::KeyLabel,
        2,
        "Click a row or a tab, turn the wheel, drag the line between the panes. To select text hold Shift while you \
         drag, or give the mouse to the terminal.",
    );
    prose.heading("Signs");
    prose.text(
        Role::KeyLabel,
        2,
        "✖ critical   ▲ high or medium   ● low   · benign   ◆ new since you last looked",
    );
    prose.text(
        Role::KeyLabel,
        2,
        "A pale sign is Falco's own priority: the analysis of that group is still to come.",
    );
    prose.lines
}

/// The keys as a Markdown table, for `docs/keys.md`.
pub fn markdown(keymap: &Keymap) -> String {
    let mut text = String::from(
        "# Keys\n\nEvery action can be rebound in `config.toml` under `[keys]`, by its name.\n",
    );
    for chapter in Chapter::ALL {
        text += &format!("\n## {}\n\n| keys | action | does |\n|---|---|---|\n", chapter.title());
        for action in Action::ALL.iter().filter(|action| action.chapter() == chapter) {
            let keys: Vec<String> = keymap.keys(*action).map(|key| format!("`{key}`")).collect();
            text += &format!("| {} | `{}` | {} |\n", keys.join(" "), action.id(), action.says());
        }
    }
    text
}
