//! A text over the panes that one reads and leaves: help, rejects, sources, the most frequent values.

use super::menu::window;
use crate::text;
use crate::theme::Role;
use crate::ui::effect::TuneWish;
use crate::ui::paint::{Canvas, Line};
use crate::ui::pane::tune::Answer;
use crate::ui::widget::scrollbar;
use ratatui::layout::Rect;

/// What the page shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Help,
    Rejects,
    Sources,
    Noise,
    Tune,
}

/// A page and where one is in it.
#[derive(Clone, Debug)]
pub struct Page {
    pub kind: Kind,
    pub lines: Vec<Line>,
    /// How many items the cursor selects among; 0 where it only scrolls.
    pub n_items: usize,
    pub cursor: usize,
    pub scroll: usize,
    /// What [`Kind::Tune`] was asked for, and what is known of it.
    pub tune: Option<(TuneWish, Option<Answer>)>,
    height: usize,
}

impl Page {
    pub fn new(kind: Kind) -> Self {
        Self { kind, lines: Vec::new(), n_items: 0, cursor: 0, scroll: 0, tune: None, height: 0 }
    }

    pub fn title(&self) -> &'static str {
        match self.kind {
            Kind::Help => "What each key does",
            Kind::Rejects => "Records that nobody could read",
            Kind::Sources => "Sources and their latest changes",
            Kind::Noise => "Noise: rules and groups by volume and false positives",
            Kind::Tune => "What makes Falco leave this out",
        }
    }

    /// The window's place.
    pub fn area(screen: Rect) -> Rect {
        let margin = if screen.width >= 100 { 12 } else { 2 };
        window(
            screen,
            screen.width.saturating_sub(margin).min(110),
            // The line around it and the footer stay free.
            screen.height.saturating_sub(4),
        )
    }

    /// Columns for its text.
    pub fn width(screen: Rect) -> u16 {
        Self::area(screen).width.saturating_sub(2)
    }

    /// Takes new lines and keeps the cursor in sight.
    pub fn show(&mut self, lines: Vec<Line>, n_items: usize, screen: Rect) {
        self.lines = lines;
        self.n_items = n_items;
        self.height = usize::from(Self::area(screen).height.saturating_sub(3));
        self.cursor = self.cursor.min(n_items.saturating_sub(1));
        self.scroll = self.scroll.min(self.lines.len().saturating_sub(self.height));
    }

    /// Moves the cursor, or scrolls where there is none.
    pub fn step(&mut self, rows: isize) {
        if self.n_items == 0 {
            let most = self.lines.len().saturating_sub(self.height);
            self.scroll = self.scroll.saturating_add_signed(rows).min(most);
            return;
        }
        self.cursor = self.cursor.saturating_add_signed(rows).min(self.n_items - 1);
    }

    /// Brings the cursor in sight; to be called after the lines were made for it.
    pub fn show_cursor(&mut self) {
        let cursor = self.cursor;
        let Some(first) = self.lines.iter().position(|line| line.item == Some(cursor)) else {
            return;
        };
        if first < self.scroll {
            self.scroll = first;
        } else if first + 3 > self.scroll + self.height {
            self.scroll = (first + 3).saturating_sub(self.height);
        }
    }

    /// Lines in sight.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Draws the page.
    pub fn draw(&self, canvas: &mut Canvas<'_>, screen: Rect) {
        let area = Self::area(screen);
        canvas.window(area);
        let room = usize::from(area.width).saturating_sub(2 + 2 + "Esc back".len() + 2);
        canvas.put(area, 2, 0, Role::OverlayTitle, &text::ellipsis(self.title(), room));
        canvas.put_right(
            Rect { width: area.width.saturating_sub(2), ..area },
            0,
            Role::Muted,
            "Esc back",
        );
        let body = Rect {
            x: area.x + 1,
            y: area.y + 2,
            width: area.width.saturating_sub(2),
            height: area.height.saturating_sub(3),
        };
        for (y, line) in (0..body.height).zip(self.lines.iter().skip(self.scroll)) {
            canvas.line(body, y, line);
        }
        let edge = Rect { x: area.right().saturating_sub(1), width: 1.min(area.width), ..body };
        scrollbar::draw(canvas, edge, self.scroll, self.lines.len());
    }
}
