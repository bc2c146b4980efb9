//! The mouse: nothing is reachable by it that no key does.

use super::{App, Turn};
use crate::ui::action::Action;
use crate::ui::layout::{Drag, Focus, Layout, Spot};
use crate::ui::overlay::Overlay;
use crate::ui::pane::groups::Pick;
use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

/// Rows one notch of the wheel moves.
const NOTCH: isize = 3;

impl App {
    pub(super) fn mouse(&mut self, mouse: MouseEvent, turn: &mut Turn) {
        if !Layout::fits(self.size) {
            return;
        }
        let layout = self.layout();
        let spot = layout.hit(mouse.column, mouse.row);
        match mouse.kind {
            MouseEventKind::Moved => turn.redraw = false,
            MouseEventKind::Up(_) => self.shape.drag = Drag::Loose,
            MouseEventKind::Drag(MouseButton::Left)
                if self.shape.drag == Drag::Held && layout.divider.width > 0 =>
            {
                let share = u32::from(mouse.column) * 1000 / u32::from(self.size.width.max(1));
                self.shape.split = Some(u16::try_from(share).unwrap_or(400));
            }
            MouseEventKind::ScrollDown => self.wheel(spot, NOTCH),
            MouseEventKind::ScrollUp => self.wheel(spot, -NOTCH),
            MouseEventKind::Down(MouseButton::Left) => {
                self.touched();
                if self.overlay.is_some() {
                    self.overlay_click(mouse.column, mouse.row, turn);
                } else {
                    self.click(spot, &layout, turn);
                }
            }
            _ => {}
        }
    }

    fn wheel(&mut self, spot: Spot, rows: isize) {
        self.touched();
        match &mut self.overlay {
            Some(Overlay::Page(page)) => {
                let most = page.lines.len().saturating_sub(page.height());
                page.scroll = page.scroll.saturating_add_signed(rows).min(most);
                return;
            }
            Some(Overlay::Menu(menu)) => return menu.step(rows.signum()),
            Some(Overlay::Palette(palette)) => return palette.step(rows.signum()),
            _ => {}
        }
        match spot {
            Spot::List(..) => self.groups.scroll(rows),
            Spot::Detail(..) => self.detail.scroll(rows),
            _ => {}
        }
    }

    fn click(&mut self, spot: Spot, layout: &Layout, turn: &mut Turn) {
        match spot {
            Spot::Divider => self.shape.drag = Drag::Held,
            Spot::List(_, 0) => {
                self.shape.focus = Focus::List;
                self.act(Action::Sort, turn);
            }
            Spot::List(_, y) => self.click_row(usize::from(y) - 1, turn),
            Spot::Detail(x, 0) => {
                self.shape.focus = Focus::Detail;
                if let Some(tab) = self.detail.tab_at(x, layout.detail.width) {
                    self.detail.tab = tab;
                }
            }
            Spot::Detail(_, y) => {
                self.shape.focus = Focus::Detail;
                self.detail.click(y);
            }
            Spot::Filter => self.open_filter(),
            Spot::Banner => {
                self.lines.dismiss();
            }
            Spot::Header => self.act(Action::Sources, turn),
            Spot::Footer(_) | Spot::Timeline | Spot::Nothing => {}
        }
    }

    /// A click selects; a click on what is selected opens it.
    fn click_row(&mut self, line: usize, turn: &mut Turn) {
        let row = self.groups.offset() + line;
        let was_there = self.shape.focus == Focus::List;
        self.shape.focus = Focus::List;
        let Some(pick) = self.groups.at(row) else { return };
        if was_there && self.groups.pick() == Some(pick) {
            match pick {
                Pick::Group(_) => {
                    let open = self.groups.is_open(self.ground().tree) == Some(true);
                    self.with_groups(|groups, ground| groups.set_open(!open, ground));
                }
                Pick::Alert(..) => self.act(Action::Open, turn),
            }
            return;
        }
        self.groups.select(row);
    }
}
