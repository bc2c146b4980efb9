//! Keys as text, and which action a key stands for.
//!
//! Every action can be rebound; the help, the footer and the palette ask here, so they always show the binding in force.

use super::action::Action;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// One key with its modifiers, in one canonical form: `?` is never "shift-/", `G` is never "shift-g".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    code: KeyCode,
    modifiers: KeyModifiers,
}

impl Key {
    /// Reads `j`, `G`, `ctrl-d`, `alt-x`, `shift-tab`, `pagedown`, `f1`, `space`, `-`.
    ///
    /// # Errors
    /// A sentence that says what is allowed.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut modifiers = KeyModifiers::NONE;
        let mut rest = text.trim();
        loop {
            let lower = rest.to_ascii_lowercase();
            let Some((prefix, modifier)) = [
                ("ctrl-", KeyModifiers::CONTROL),
                ("c-", KeyModifiers::CONTROL),
                ("alt-", KeyModifiers::ALT),
                ("a-", KeyModifiers::ALT),
                ("shift-", KeyModifiers::SHIFT),
                ("s-", KeyModifiers::SHIFT),
            ]
            .into_iter()
            .find(|(prefix, _)| lower.starts_with(prefix) && lower.len() > prefix.len()) else {
                break;
            };
            modifiers |= modifier;
            rest = rest.get(prefix.len()..).unwrap_or("");
        }
        let code = code_of(rest).ok_or_else(|| {
            format!(
                "no such key: {text:?} (one character, or enter, esc, tab, space, backspace, delete, up, down, left, \
                 right, home, end, pageup, pagedown, f1 to f12; before it ctrl-, alt- or shift-)"
            )
        })?;
        Ok(Self::canonical(code, modifiers))
    }

    /// The key of a terminal's event.
    pub fn of(event: KeyEvent) -> Self {
        Self::canonical(event.code, event.modifiers)
    }

    /// The event a terminal sends for it.
    #[cfg(test)]
    pub fn event(self) -> KeyEvent {
        KeyEvent::new(self.code, self.modifiers)
    }

    fn canonical(code: KeyCode, modifiers: KeyModifiers) -> Self {
        let kept = KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT;
        let mut modifiers = modifiers & kept;
        let code = match code {
            // The character itself says whether shift was held.
            KeyCode::Char(char) => {
                let shifted = modifiers.contains(KeyModifiers::SHIFT);
                modifiers.remove(KeyModifiers::SHIFT);
                if modifiers.contains(KeyModifiers::CONTROL) {
                    KeyCode::Char(char.to_ascii_lowercase())
                } else if shifted && char.is_lowercase() {
                    KeyCode::Char(char.to_uppercase().next().unwrap_or(char))
                } else {
                    KeyCode::Char(char)
                }
            }
            KeyCode::Tab if modifiers.contains(KeyModifiers::SHIFT) => KeyCode::BackTab,
            other => other,
        };
        if code == KeyCode::BackTab {
            modifiers.remove(KeyModifiers::SHIFT);
        }
        Self { code, modifiers }
    }

    /// As people read it: `j`, `Enter`, `Ctrl-d`, `Shift-Tab`, `PgDn`.
    pub fn label(self) -> String {
        let mut label = String::new();
        if self.modifiers.contains(KeyModifiers::CONTROL) {
            label.push_str("Ctrl-");
        }
        if self.modifiers.contains(KeyModifiers::ALT) {
            label.push_str("Alt-");
        }
        if self.modifiers.contains(KeyModifiers::SHIFT) {
            label.push_str("Shift-");
        }
        match self.code {
            KeyCode::Char(' ') => label.push_str("Space"),
            KeyCode::Char(char) => label.push(char),
            KeyCode::F(number) => label += &format!("F{number}"),
            KeyCode::BackTab => label.push_str("Shift-Tab"),
            code => label.push_str(
                NAMES
                    .iter()
                    .find(|(_, _, named)| *named == code)
                    .map_or("?", |(_, shown, _)| shown),
            ),
        }
        label
    }
}

/// Name in `config.toml`, name on the screen, code.
const NAMES: &[(&str, &str, KeyCode)] = &[
    ("enter", "Enter", KeyCode::Enter),
    ("esc", "Esc", KeyCode::Esc),
    ("tab", "Tab", KeyCode::Tab),
    ("space", "Space", KeyCode::Char(' ')),
    ("backspace", "Backspace", KeyCode::Backspace),
    ("delete", "Del", KeyCode::Delete),
    ("insert", "Ins", KeyCode::Insert),
    ("up", "↑", KeyCode::Up),
    ("down", "↓", KeyCode::Down),
    ("left", "←", KeyCode::Left),
    ("right", "→", KeyCode::Right),
    ("home", "Home", KeyCode::Home),
    ("end", "End", KeyCode::End),
    ("pageup", "PgUp", KeyCode::PageUp),
    ("pagedown", "PgDn", KeyCode::PageDown),
];

fn code_of(text: &str) -> Option<KeyCode> {
    let mut chars = text.chars();
    if let (Some(char), None) = (chars.next(), chars.next()) {
        return (!char.is_control()).then_some(KeyCode::Char(char));
    }
    let lower = text.to_ascii_lowercase();
    if let Some((_, _, code)) = NAMES.iter().find(|(name, ..)| *name == lower) {
        return Some(*code);
    }
    let number: u8 = lower.strip_prefix('f')?.parse().ok()?;
    (1..=12).contains(&number).then_some(KeyCode::F(number))
}

/// Which key stands for which action.
#[derive(Clone, Debug)]
pub struct Keymap {
    bound: Vec<(Key, Action)>,
}

impl Default for Keymap {
    fn default() -> Self {
        let bound = Action::ALL
            .iter()
            .flat_map(|action| action.default_keys().iter().map(move |key| (key, *action)))
            .filter_map(|(key, action)| Key::parse(key).ok().map(|key| (key, action)))
            .collect();
        Self { bound }
    }
}

impl Keymap {
    /// Gives an action these keys instead of those it had; a key that stood for another action changes over.
    ///
    /// # Errors
    /// An unknown action (with the nearest name) or an unknown key.
    pub fn bind(&mut self, id: &str, keys: &[impl AsRef<str>]) -> Result<(), String> {
        let Some(action) = Action::parse(id) else {
            return Err(match nearest(id) {
                Some(near) => format!("no such action: {id:?} (did you mean {near:?}?)"),
                None => format!("no such action: {id:?} (`cadge keys` lists them)"),
            });
        };
        let keys =
            keys.iter().map(|key| Key::parse(key.as_ref())).collect::<Result<Vec<_>, _>>()?;
        self.bound.retain(|(key, other)| *other != action && !keys.contains(key));
        self.bound.extend(keys.into_iter().map(|key| (key, action)));
        Ok(())
    }

    /// What a key stands for.
    pub fn action(&self, key: Key) -> Option<Action> {
        self.bound.iter().find(|(bound, _)| *bound == key).map(|(_, action)| *action)
    }

    /// The keys of an action, as people read them.
    pub fn keys(&self, action: Action) -> impl Iterator<Item = String> {
        self.bound.iter().filter(move |(_, other)| *other == action).map(|(key, _)| key.label())
    }

    /// The first key of an action, or its name in the palette when it has none.
    pub fn label(&self, action: Action) -> String {
        self.keys(action).next().unwrap_or_else(|| format!(":{}", action.id()))
    }
}

/// The action's id that shares the longest beginning with a word, when that is at least two characters.
fn nearest(id: &str) -> Option<&'static str> {
    Action::ALL
        .iter()
        .map(|action| {
            let same = action.id().chars().zip(id.chars()).take_while(|(a, b)| a == b).count();
            (same, action.id())
        })
        .filter(|(same, _)| *same >= 2)
        .max_by_key(|(same, _)| *same)
        .map(|(_, id)| id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, label: &str) {
        assert_eq!(Key::parse(text).map(Key::label), Ok(label.to_owned()));
    }

    #[test]
    fn keys_are_read_and_written_in_one_form() {
        check("j", "j");
        check("G", "G");
        check("shift-g", "G");
        check("ctrl-D", "Ctrl-d");
        check("-", "-");
        check("ctrl--", "Ctrl--");
        check("shift-tab", "Shift-Tab");
        check("F12", "F12");
        check("PageDown", "PgDn");
        check("space", "Space");
        assert!(Key::parse("hyper-x").is_err());
        assert!(Key::parse("f13").is_err());
        assert!(Key::parse("").is_err());
    }

    #[test]
    fn no_key_stands_for_two_actions() {
        let mut seen = std::collections::HashSet::new();
        for action in Action::ALL {
            for key in action.default_keys() {
                assert!(seen.insert(Key::parse(key).unwrap()), "{key} stands for two actions");
            }
        }
    }

    #[test]
    fn a_rebound_key_leaves_its_old_action() {
        let mut keymap = Keymap::default();
        keymap.bind("copy", &["C"]).unwrap();
        assert_eq!(keymap.action(Key::parse("C").unwrap()), Some(Action::CopyCommand));
        assert_eq!(keymap.action(Key::parse("y").unwrap()), None);
        assert_eq!(keymap.label(Action::Chips), ":chips");
        assert_eq!(
            keymap.bind("copi", &["c"]),
            Err("no such action: \"copi\" (did you mean \"copy-menu\"?)".to_owned())
        );
    }
}
