//! The window that asks for the rest of a decision, and says what will happen to how many before it does.

use crate::model::Verdict;
use crate::text;
use crate::theme::Role;
use crate::triage::Scope;
use crate::ui::desk::wish::Target;
use crate::ui::overlay::menu::window;
use crate::ui::paint::Canvas;
use crate::ui::widget::prompt::Prompt;
use crate::ui::widget::scrollbar;
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

    /// The next of what it may cover, for all it is about.
    pub fn next_scope(&mut self) {
        let next = match self.scope {
            Scope::Alert => Scope::Alert,
            Scope::Container => Scope::Workload,
            Scope::Workload => Scope::Container,
        };
        self.scope = next;
        for target in self.targets.iter_mut().filter(|one| one.scope != Scope::Alert) {
            target.scope = next;
        }
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
        // Title, what it is about, a line between, the choices, what can be changed, the keys, and a last line.
        let rows = 2 + u16::from(self.note.is_some()) + 1 + items + self.n_tail() + 2;
        window(screen, width, rows)
    }

    /// Lines under the choices, without that of the keys.
    fn n_tail(&self) -> u16 {
        let asks_why = self.typing.is_some() || !self.items().is_empty();
        u16::from(asks_why) + u16::from(self.reach().is_some()) + u16::from(self.error.is_some())
    }

    /// Draws the window. On a small screen the keys go first, then the line between; the choices scroll.
    pub fn draw(&self, canvas: &mut Canvas<'_>, screen: Rect) {
        let area = self.area(screen);
        canvas.window(area);
        canvas.put(area, 2, 0, Role::OverlayTitle, self.title());
        let inner = Rect { width: area.width.saturating_sub(2), ..area };
        canvas.put(inner, 2, 1, Role::Strong, &self.about);
        let mut y = 2;
        if let Some(note) = &self.note {
            canvas.put(inner, 2, 2, Role::Muted, note);
            y = 3;
        }
        let n_items = u16::try_from(self.items().len()).unwrap_or(0);
        let has_keys = area.height.saturating_sub(y + self.n_tail()) > n_items;
        let list = self.list(area);
        self.choices(canvas, list);
        y = list.bottom().saturating_sub(area.y);
        let row = |y: u16| Rect { y: area.y + y, height: u16::from(y < area.height), ..inner };
        if let Some((typing, prompt)) = &self.typing {
            let (label, hint) = match typing {
                Typing::Reason => (" reason ", "why; Enter takes it, Esc leaves it"),
                Typing::Until => {
                    (" until ", "18:30, 2h, 3 days, or 2026-11-24 08:00; at most 30 days")
                }
                Typing::Text => (" ", "empty for none; Enter takes it"),
            };
            prompt.draw(canvas, Rect { x: area.x + 1, ..row(y) }, label, hint);
            y += 1;
        } else if n_items > 0 {
            let reason = if self.reason.is_empty() { "none" } else { self.reason.as_str() };
            let said = format!("reason: {}", text::shown(reason, 80));
            let x = canvas.put(row(y), 3, 0, Role::Key, "r");
            canvas.put(row(y), x + 2, 0, Role::Muted, &said);
            y += 1;
        }
        if let Some(reach) = self.reach() {
            // Letters belong to what is being typed.
            let key = if self.typing.is_some() { "Tab" } else { "w" };
            let x = canvas.put(row(y), 3, 0, Role::Key, key);
            canvas.put(row(y), x + 2, 0, Role::Muted, &format!("covers {reach}"));
            y += 1;
        }
        if let Some(error) = &self.error {
            canvas.put(row(y), 2, 0, Role::NoticeError, error);
            y += 1;
        }
        let keys = match &self.typing {
            Some((Typing::Reason, _)) => "Enter takes the reason   Esc leaves it as it was",
            Some((Typing::Until, _)) => "Enter does it   Esc goes back to the choices",
            _ if n_items == 0 => "Enter does it   Esc leaves everything as it is",
            _ => "a key chooses   Enter takes the marked one   Esc leaves it",
        };
        // Between what can be changed and the keys stands an empty line where there is room for one.
        let y = if has_keys && y + 1 < area.height { area.height - 1 } else { y };
        canvas.put(row(y), 2, 0, Role::KeyLabel, keys);
    }

    /// Where the choices stand in the window, as many as fit.
    fn list(&self, area: Rect) -> Rect {
        let n_items = u16::try_from(self.items().len()).unwrap_or(0);
        let top = 2 + u16::from(self.note.is_some());
        let left = area.height.saturating_sub(top + self.n_tail());
        let top = top + u16::from(left > n_items + 1);
        Rect { y: area.y + top, height: n_items.min(left), ..area }
    }

    /// Choices above the first that is shown.
    fn skipped(&self, list: Rect) -> usize {
        (self.cursor + 1).saturating_sub(usize::from(list.height.max(1)))
    }

    /// The choice under a cell of the screen; none while something is typed.
    pub fn hit(&self, screen: Rect, x: u16, y: u16) -> Option<usize> {
        let list = self.list(self.area(screen));
        let at = usize::from(y.checked_sub(list.y)?) + self.skipped(list);
        let inside = list.contains(ratatui::layout::Position { x, y });
        (inside && self.typing.is_none() && at < self.items().len()).then_some(at)
    }

    /// The choices, as many as fit around the marked one.
    fn choices(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let items = self.items();
        let skipped = self.skipped(area);
        let shown = items.iter().enumerate().skip(skipped);
        for (y, (at, (key, words))) in (0..area.height).zip(shown) {
            let row = Rect { y: area.y + y, height: 1, ..area };
            canvas.put(row, 3, 0, Role::Key, &key.to_string());
            canvas.put(row, 6, 0, Role::Overlay, words);
            if at == self.cursor && self.typing.is_none() {
                canvas.tint(row, Role::Selection);
                canvas.put(row, 0, 0, Role::Selection, canvas.signs().cursor());
            }
        }
        let edge = Rect { x: area.right().saturating_sub(1), width: 1.min(area.width), ..area };
        scrollbar::draw(canvas, edge, skipped, items.len());
    }
}
