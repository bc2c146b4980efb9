//! The window that asks for the rest of a decision, and says what will happen to how many before it does.

use crate::model::Verdict;
use crate::text;
use crate::theme::Role;
use crate::triage::Scope;
use crate::ui::desk::wish::Target;
use crate::ui::overlay::menu::window;
use crate::ui::paint::Canvas;
use crate::ui::widget::prompt::Prompt;
use ratatui::layout::Rect;

/// What is being asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Whether to go on, for a decision about several.
    Acknowledge,
    Escalate,
    /// The verdict.
    Close,
    /// For how long.
    Mute,
    Assign,
    Tag,
}

/// The line that is being typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Typing {
    /// The reason of a closing or a suppression.
    Reason,
    /// Until when a suppression lasts.
    Until,
    /// The name or the tags.
    Text,
}

/// The window.
#[derive(Clone, Debug)]
pub struct Decide {
    pub ask: Ask,
    pub targets: Vec<Target>,
    /// What it is about and how many alerts that are now; printable.
    pub about: String,
    /// What else should be known before; printable.
    pub note: Option<String>,
    pub scope: Scope,
    pub reason: String,
    pub cursor: usize,
    pub typing: Option<(Typing, Prompt)>,
    pub error: Option<String>,
}

/// Verdicts with the key that gives them.
pub const VERDICTS: [(char, Verdict); 5] = [
    ('t', Verdict::TruePositive),
    ('b', Verdict::Benign),
    ('f', Verdict::FalsePositive),
    ('d', Verdict::Duplicate),
    ('x', Verdict::Test),
];

/// How long a suppression may last: the key that says so, words, and the span as [`crate::triage::until`] reads it; the
/// last is typed.
pub const SPANS: [(char, &str, &str); 5] = [
    ('1', "15 minutes", "15m"),
    ('2', "1 hour", "1h"),
    ('3', "until the end of today", "today"),
    ('4', "7 days", "7d"),
    ('5', "until…", ""),
];

impl Decide {
    /// The choices: key and words.
    pub fn items(&self) -> Vec<(char, &'static str)> {
        match self.ask {
            Ask::Close => VERDICTS.iter().map(|(key, verdict)| (*key, verdict.words())).collect(),
            Ask::Mute => SPANS.iter().map(|(key, words, _)| (*key, *words)).collect(),
            Ask::Acknowledge | Ask::Escalate | Ask::Assign | Ask::Tag => Vec::new(),
        }
    }

    /// Moves the cursor.
    pub fn step(&mut self, rows: isize) {
        let last = self.items().len().saturating_sub(1);
        self.cursor = self.cursor.saturating_add_signed(rows).min(last);
    }

    fn title(&self) -> &'static str {
        match self.ask {
            Ask::Acknowledge => "Acknowledge",
            Ask::Escalate => "Escalate",
            Ask::Close => "Close as",
            Ask::Mute => "Mute for",
            Ask::Assign => "Assign to",
            Ask::Tag => "Tags, separated by blanks",
        }
    }

    fn reach(&self) -> Option<&'static str> {
        match self.scope {
            Scope::Alert => None,
            Scope::Container => Some("this container"),
            Scope::Workload => Some("the whole workload or image, redeployed ones too"),
        }
    }

    /// The window's place.
    pub fn area(&self, screen: Rect) -> Rect {
        let note = self.note.as_deref().map_or(0, text::width);
        let width = text::width(&self.about).max(note).clamp(64, 92) + 4;
        let width = u16::try_from(width).unwrap_or(96).min(screen.width.saturating_sub(2));
        let items = u16::try_from(self.items().len()).unwrap_or(0);
        window(screen, width, items + 7 + u16::from(self.error.is_some()))
    }

    /// Draws the window.
    pub fn draw(&self, canvas: &mut Canvas<'_>, screen: Rect) {
        let area = self.area(screen);
        canvas.window(area);
        canvas.put(area, 2, 0, Role::OverlayTitle, self.title());
        let inner = Rect { width: area.width.saturating_sub(2), ..area };
        canvas.put(inner, 2, 1, Role::Strong, &self.about);
        if let Some(note) = &self.note {
            canvas.put(inner, 2, 2, Role::Muted, note);
        }
        let mut y = 3;
        for (at, (key, words)) in self.items().into_iter().enumerate() {
            let row = Rect { y: area.y + y, height: 1, ..area };
            canvas.put(row, 3, 0, Role::Key, &key.to_string());
            canvas.put(row, 6, 0, Role::Overlay, words);
            if at == self.cursor && self.typing.is_none() {
                canvas.tint(row, Role::Selection);
                canvas.put(row, 0, 0, Role::Selection, canvas.signs().cursor());
            }
            y += 1;
        }
        if let Some((typing, prompt)) = &self.typing {
            let (label, hint) = match typing {
                Typing::Reason => (" reason ", "why; Enter takes it, Esc leaves it"),
                Typing::Until => {
                    (" until ", "18:30, 2h, 3 days, or 2026-11-24 08:00; at most 30 days")
                }
                Typing::Text => (" ", "empty for none; Enter takes it"),
            };
            let row = Rect { x: area.x + 1, y: area.y + y, height: 1, width: inner.width };
            prompt.draw(canvas, row, label, hint);
        } else if !self.items().is_empty() {
            let reason = if self.reason.is_empty() { "no reason" } else { self.reason.as_str() };
            let x = canvas.put(Rect { y: area.y + y, height: 1, ..inner }, 3, 0, Role::Key, "r");
            let said = text::shown(reason, 80);
            canvas.put(Rect { y: area.y + y, height: 1, ..inner }, x + 2, 0, Role::Muted, &said);
        }
        y += 1;
        if let Some(reach) = self.reach() {
            let row = Rect { y: area.y + y, height: 1, ..inner };
            let x = canvas.put(row, 3, 0, Role::Key, "w");
            canvas.put(row, x + 2, 0, Role::Muted, reach);
        }
        y += 1;
        if let Some(error) = &self.error {
            let row = Rect { y: area.y + y, height: 1, ..inner };
            canvas.put(row, 2, 0, Role::NoticeError, error);
            y += 1;
        }
        let keys = if self.items().is_empty() {
            "Enter does it   Esc leaves everything as it is"
        } else {
            "a key chooses   Enter takes the marked one   Esc leaves it"
        };
        canvas.put(Rect { y: area.y + y, height: 1, ..inner }, 2, 0, Role::KeyLabel, keys);
    }
}
