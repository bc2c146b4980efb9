//! Writing roles and text into cells. The only place where a style is looked up.
//!
//! Text given here is printable already: it is our own, or it went through `text::shown` or `text::printable`.

use super::settings::{Settings, Signs};
use crate::model::Level;
use crate::text;
use crate::theme::Role;
use ratatui::buffer::Buffer;
use ratatui::layout::{Margin, Position, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::widgets::{Block, Borders, Widget as _};

/// A piece of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    pub role: Role,
    pub text: String,
}

/// A line of a pane: pieces with roles, and the item it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    pub spans: Vec<Span>,
    /// The command, field or alert that a click on this line means.
    pub item: Option<usize>,
    /// What stands at the right edge.
    pub right: Option<Span>,
}

impl Line {
    pub fn of(role: Role, text: impl Into<String>) -> Self {
        Self::default().and(role, text)
    }

    /// Adds a piece.
    pub fn and(mut self, role: Role, text: impl Into<String>) -> Self {
        self.spans.push(Span { role, text: text.into() });
        self
    }

    /// Says which item the line belongs to.
    pub fn at(mut self, item: usize) -> Self {
        self.item = Some(item);
        self
    }

    /// Puts something at the right edge.
    pub fn right(mut self, role: Role, text: impl Into<String>) -> Self {
        self.right = Some(Span { role, text: text.into() });
        self
    }

    /// Columns of all pieces.
    pub fn width(&self) -> usize {
        self.spans.iter().map(|span| text::width(&span.text)).sum()
    }
}

/// A buffer with the settings that say how roles look.
pub struct Canvas<'a> {
    pub buffer: &'a mut Buffer,
    pub settings: &'a Settings,
}

impl Canvas<'_> {
    /// How a role looks.
    pub fn style(&self, role: Role) -> Style {
        self.settings.theme.style(role)
    }

    /// The signs in use.
    pub fn signs(&self) -> Signs {
        self.settings.signs
    }

    /// Writes text into one row of an area, cut to it with `…`; gives the column after it, counted from the area's left.
    pub fn put(&mut self, area: Rect, x: u16, y: u16, role: Role, text: &str) -> u16 {
        // A window may be larger than a small screen.
        let is_on_screen = self.buffer.area.contains(Position { x: area.x + x, y: area.y + y });
        if y >= area.height || x >= area.width || !is_on_screen {
            return x;
        }
        let room = usize::from(area.width - x);
        let cut = text::ellipsis(text, room);
        let style = self.style(role);
        let (end, _) = self.buffer.set_stringn(area.x + x, area.y + y, &cut, room, style);
        end - area.x
    }

    /// Writes text that ends at the right edge; gives the column where it begins.
    pub fn put_right(&mut self, area: Rect, y: u16, role: Role, text: &str) -> u16 {
        let columns = u16::try_from(text::width(text)).unwrap_or(u16::MAX).min(area.width);
        let x = area.width - columns;
        self.put(area, x, y, role, text);
        x
    }

    /// Writes a line into one row of an area.
    pub fn line(&mut self, area: Rect, y: u16, line: &Line) {
        let mut left = area;
        if let Some(right) = &line.right {
            // What stands at the edge is short and never written over.
            left.width = self.put_right(area, y, right.role, &right.text).saturating_sub(1);
        }
        let mut x = 0;
        for span in &line.spans {
            x = self.put(left, x, y, span.role, &span.text);
        }
    }

    /// Writes a bar in the color that a role is known by: where that is its ground, a block of it would hide the bar.
    pub fn bar(&mut self, area: Rect, x: u16, role: Role, bar: &str) {
        let at = Position { x: area.x + x, y: area.y };
        if x >= area.width || !self.buffer.area.contains(at) {
            return;
        }
        let style = self.style(role);
        let color = style.bg.filter(|ground| *ground != Color::Reset).or(style.fg);
        let mut plain = Style::new();
        plain.fg = color;
        self.buffer.set_stringn(at.x, at.y, bar, 1, plain);
    }

    /// Gives the look of a role to an area, keeping the text. A look that only turns colors around is one bar, whatever
    /// colors were there.
    pub fn tint(&mut self, area: Rect, role: Role) {
        let style = self.style(role);
        let area = area.intersection(self.buffer.area);
        let turns = style.add_modifier.contains(Modifier::REVERSED);
        if turns && style.fg.is_none() && style.bg.is_none() {
            self.buffer.set_style(area, Style::new().fg(Color::Reset).bg(Color::Reset));
        }
        self.buffer.set_style(area, style);
    }

    /// Marks what a search finds in the text of an area.
    pub fn mark(&mut self, area: Rect, pattern: &regex::bytes::Regex) {
        let style = self.style(Role::Match);
        let area = area.intersection(self.buffer.area);
        for y in area.top()..area.bottom() {
            let mut text = String::new();
            // Where each cell's symbol ends in the text.
            let mut ends = Vec::with_capacity(usize::from(area.width));
            for x in area.left()..area.right() {
                text.push_str(
                    self.buffer.cell(Position { x, y }).map_or(" ", |cell| cell.symbol()),
                );
                ends.push(text.len());
            }
            for hit in pattern.find_iter(text.as_bytes()).filter(|hit| !hit.is_empty()) {
                let first = ends.partition_point(|end| *end <= hit.start());
                let last = ends.partition_point(|end| *end < hit.end());
                for x in
                    (area.left()..area.right()).skip(first).take(last + 1 - first.min(last + 1))
                {
                    if let Some(cell) = self.buffer.cell_mut(Position { x, y }) {
                        cell.set_style(style);
                    }
                }
            }
        }
    }

    /// Where only ASCII is wanted: takes the dots, dashes and arrows out of the sentences too. What an alert says in other
    /// letters stays.
    pub fn plain(&mut self) {
        if self.settings.signs == Signs::Unicode {
            return;
        }
        for place in self.buffer.area.positions() {
            let Some(cell) = self.buffer.cell(place) else { continue };
            let plain = match cell.symbol() {
                "✖" => "X",
                "▲" | "↑" => "^",
                "●" => "o",
                "·" => ".",
                "◆" => "*",
                "…" => "~",
                "–" | "─" => "-",
                "│" => "|",
                "┌" | "┐" | "└" | "┘" => "+",
                "↓" => "v",
                "←" => "<",
                "→" | "▸" => ">",
                _ => continue,
            };
            let style = cell.style();
            self.buffer.set_stringn(place.x, place.y, plain, 1, style);
        }
    }

    /// Empties an area for a window, with a line around it on each side where the screen has room for one.
    pub fn window(&mut self, area: Rect) {
        let frame = area.outer(Margin::new(1, 1)).intersection(self.buffer.area);
        let mut borders = Borders::ALL;
        borders.set(Borders::LEFT, frame.x < area.x);
        borders.set(Borders::TOP, frame.y < area.y);
        borders.set(Borders::RIGHT, frame.right() > area.right());
        borders.set(Borders::BOTTOM, frame.bottom() > area.bottom());
        self.clear(frame, Role::Overlay);
        Block::new()
            .borders(borders)
            .border_style(self.style(Role::Border))
            .render(frame, self.buffer);
    }

    /// Empties an area and gives it the look of a role.
    pub fn clear(&mut self, area: Rect, role: Role) {
        let area = area.intersection(self.buffer.area);
        let style = self.style(role);
        for y in area.top()..area.bottom() {
            for x in area.left()..area.right() {
                if let Some(cell) = self.buffer.cell_mut(Position { x, y }) {
                    cell.reset();
                    cell.set_style(style);
                }
            }
        }
    }
}

impl Signs {
    fn pick<T>(self, unicode: T, ascii: T) -> T {
        match self {
            Self::Unicode => unicode,
            Self::Ascii => ascii,
        }
    }

    /// The sign of a level: nothing depends on color alone.
    pub fn level(self, level: Option<Level>) -> &'static str {
        match level {
            Some(Level::Critical) => self.pick("✖", "X"),
            Some(Level::High | Level::Medium) => self.pick("▲", "^"),
            Some(Level::Low) => self.pick("●", "o"),
            Some(Level::Benign) => self.pick("·", "."),
            None => self.pick("◌", "?"),
        }
    }

    pub fn horizontal(self) -> &'static str {
        self.pick("─", "-")
    }

    pub fn vertical(self) -> &'static str {
        self.pick("│", "|")
    }

    pub fn tee_down(self) -> &'static str {
        self.pick("┬", "+")
    }

    pub fn tee_up(self) -> &'static str {
        self.pick("┴", "+")
    }

    /// Marks the selected row.
    pub fn cursor(self) -> &'static str {
        self.pick("▌", ">")
    }

    /// Marks what came since one last looked.
    pub fn fresh(self) -> &'static str {
        self.pick("◆", "*")
    }

    pub fn folded(self) -> &'static str {
        self.pick("▸", "+")
    }

    pub fn unfolded(self) -> &'static str {
        self.pick("▾", "-")
    }

    pub fn under(self) -> &'static str {
        self.pick("▸", ">")
    }

    pub fn live(self) -> &'static str {
        self.pick("●", "o")
    }

    pub fn thumb(self) -> &'static str {
        self.pick("┃", "#")
    }

    pub fn above(self) -> &'static str {
        self.pick("↑", "^")
    }

    pub fn below(self) -> &'static str {
        self.pick("↓", "v")
    }

    /// A bar of `value` out of `most`; 0 is a low line, so that the strip stays a strip.
    pub fn bar(self, value: u32, most: u32) -> &'static str {
        const UNICODE: [&str; 8] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
        const ASCII: [&str; 8] = ["_", ".", ".", ":", ":", "|", "|", "#"];
        let set = self.pick(UNICODE, ASCII);
        if value == 0 || most == 0 {
            return self.pick("▁", "_");
        }
        // Anything there at all is seen, and only the largest fills the cell.
        let step = 1 + u64::from(value) * 6 / u64::from(most.max(1));
        set.get(usize::try_from(step).unwrap_or(7).min(7)).copied().unwrap_or("#")
    }
}

/// The role that paints a level.
pub fn level_role(level: Option<Level>) -> Role {
    match level {
        Some(Level::Critical) => Role::LevelCritical,
        Some(Level::High) => Role::LevelHigh,
        Some(Level::Medium) => Role::LevelMedium,
        Some(Level::Low) => Role::LevelLow,
        Some(Level::Benign) => Role::LevelBenign,
        None => Role::Muted,
    }
}
