//! A few choices in a window: what to copy, which condition to take away, whether to go on.

use crate::model::AlertId;
use crate::text;
use crate::theme::Role;
use crate::ui::effect::What;
use crate::ui::paint::Canvas;
use ratatui::layout::Rect;

/// What a choice means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    Copy {
        text: String,
        what: What,
    },
    CopyReport,
    CopyRaw,
    /// Take one condition of the filter away.
    Drop(usize),
    /// Keep only what meets this condition too.
    Keep(String),
    /// Filter by what was saved under a name.
    Load(String),
    /// Go to an alert.
    Show(AlertId),
    /// Choose a field for the most frequent values.
    Field(String),
    Nothing,
}

/// One line of a menu. Texts are printable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    pub label: String,
    pub note: String,
    pub choice: Choice,
}

/// A window with choices.
#[derive(Clone, Debug)]
pub struct Menu {
    pub title: String,
    /// Sentences above the choices; printable.
    pub says: Vec<String>,
    pub items: Vec<Item>,
    pub cursor: usize,
    /// The count whose answers these choices are, and its field.
    pub counts: Option<(u64, String)>,
}

impl Menu {
    pub fn new(title: impl Into<String>, items: Vec<Item>) -> Self {
        Self { title: title.into(), says: Vec::new(), items, cursor: 0, counts: None }
    }

    /// Moves the cursor.
    pub fn step(&mut self, rows: isize) {
        self.cursor =
            self.cursor.saturating_add_signed(rows).min(self.items.len().saturating_sub(1));
    }

    pub fn choice(&self) -> Option<&Choice> {
        self.items.get(self.cursor).map(|item| &item.choice)
    }

    /// The window's place on the screen.
    pub fn area(&self, screen: Rect) -> Rect {
        let widest = self
            .items
            .iter()
            .map(|item| text::width(&item.label) + text::width(&item.note) + 6)
            .chain([text::width(&self.title) + 4, 40])
            .max()
            .unwrap_or(40);
        let width =
            u16::try_from(widest).unwrap_or(u16::MAX).min(96).min(screen.width.saturating_sub(2));
        let says: usize = self
            .says
            .iter()
            .map(|line| text::wrap(line, usize::from(width.max(8)) - 4).len())
            .sum();
        let height =
            u16::try_from(self.items.len() + says + 3 + usize::from(says > 0)).unwrap_or(u16::MAX);
        window(screen, width, height)
    }

    /// The item under a cell of the screen.
    pub fn hit(&self, screen: Rect, x: u16, y: u16) -> Option<usize> {
        let area = self.area(screen);
        let list = self.list(area);
        let line = usize::from(y.checked_sub(list.y)?);
        let at = line + self.skipped(list);
        let inside = list.contains(ratatui::layout::Position { x, y });
        (inside && at < self.items.len()).then_some(at)
    }

    fn list(&self, area: Rect) -> Rect {
        let room = usize::from(area.width.max(8)) - 4;
        let says: usize = self.says.iter().map(|line| text::wrap(line, room).len()).sum();
        let top =
            u16::try_from(2 + says + usize::from(says > 0)).unwrap_or(u16::MAX).min(area.height);
        Rect { y: area.y + top, height: (area.height - top).saturating_sub(1), ..area }
    }

    fn skipped(&self, list: Rect) -> usize {
        (self.cursor + 1).saturating_sub(usize::from(list.height.max(1)))
    }

    /// Draws the window.
    pub fn draw(&self, canvas: &mut Canvas<'_>, screen: Rect) {
        let area = self.area(screen);
        canvas.window(area);
        canvas.put(area, 2, 0, Role::OverlayTitle, &self.title);
        let room = usize::from(area.width.max(8)) - 4;
        let says = self.says.iter().flat_map(|line| text::wrap(line, room));
        for (y, line) in (1..area.height).zip(says) {
            canvas.put(area, 2, y, Role::Overlay, &line);
        }
        let list = self.list(area);
        let skipped = self.skipped(list);
        for (y, (at, item)) in (0..list.height).zip(self.items.iter().enumerate().skip(skipped)) {
            let row = Rect { y: list.y + y, height: 1, ..list };
            let inner = Rect { width: row.width.saturating_sub(1), ..row };
            let end = canvas.put(inner, 2, 0, Role::Overlay, &item.label);
            let left = usize::from(inner.width.saturating_sub(end + 2));
            if left > 4 {
                canvas.put_right(inner, 0, Role::Muted, &text::ellipsis(&item.note, left));
            }
            if at == self.cursor {
                canvas.tint(row, Role::Selection);
                canvas.put(row, 0, 0, Role::Selection, canvas.signs().cursor());
            }
        }
    }
}

/// A window in the middle of the screen, at most so large.
pub fn window(screen: Rect, width: u16, height: u16) -> Rect {
    let width = width.min(screen.width);
    let height = height.min(screen.height.saturating_sub(2));
    Rect {
        x: screen.x + (screen.width - width) / 2,
        y: screen.y + 1 + (screen.height.saturating_sub(2) - height) / 3,
        width,
        height,
    }
}
