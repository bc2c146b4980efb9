//! Where everything is: a pure function of the size and of what is open, asked by `update` (for scrolling and the
//! mouse) and by `view` alike.
//!
//! ```text
//! header
//! timeline
//! banners (0 to 3)
//! filter (0 or 1)
//! ─────── rule ───────┬───────────────
//! list                │ detail
//! ─────── rule ───────┴───────────────
//! keys, prompt or notice
//! ```

use ratatui::layout::{Position, Rect, Size};

/// Below this the screen only says that it is too small.
pub const SMALLEST: Size = Size { width: 40, height: 10 };
/// From this width on both panes are shown side by side.
pub const WIDE: u16 = 100;
/// No pane gets narrower than this by dragging.
const NARROWEST: u16 = 24;

/// Which pane has the keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Focus {
    #[default]
    List,
    Detail,
}

/// Whether one pane has the whole screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Zoom {
    #[default]
    Off,
    On,
}

/// What a person did to the arrangement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    pub focus: Focus,
    pub zoom: Zoom,
    /// The list's share of the width in thousandths; `None` for the usual one.
    pub split: Option<u16>,
    /// Whether the divider is being dragged.
    pub drag: Drag,
}

/// The divider, as the mouse has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Drag {
    #[default]
    Loose,
    Held,
}

/// How many lines the optional rows need.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extra {
    pub banners: u16,
    pub filter: u16,
}

/// All rectangles. Those that are not shown are empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    pub screen: Rect,
    pub header: Rect,
    pub timeline: Rect,
    pub banners: Rect,
    pub filter: Rect,
    pub top_rule: Rect,
    pub list: Rect,
    pub divider: Rect,
    pub detail: Rect,
    pub bottom_rule: Rect,
    pub footer: Rect,
}

/// What lies under a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spot {
    Header,
    Timeline,
    Banner,
    Filter,
    /// Column and line inside the list pane.
    List(u16, u16),
    Divider,
    /// Column and line inside the detail pane.
    Detail(u16, u16),
    Footer(u16),
    Nothing,
}

impl Layout {
    /// Whether there is room for the console at all.
    pub fn fits(size: Size) -> bool {
        size.width >= SMALLEST.width && size.height >= SMALLEST.height
    }

    /// Computes all rectangles.
    pub fn of(size: Size, shape: Shape, extra: Extra) -> Self {
        let screen = Rect::new(0, 0, size.width, size.height);
        if !Self::fits(size) {
            return Self { screen, ..Self::default() };
        }
        let mut rest = screen;
        let zoomed = shape.zoom == Zoom::On;
        let wide = size.width >= WIDE && !zoomed;
        let header = take_top(&mut rest, 1);
        let timeline = take_top(&mut rest, u16::from(size.height >= 16 && !zoomed));
        let banners = take_top(&mut rest, extra.banners.min(3));
        let filter = take_top(&mut rest, extra.filter.min(1));
        let footer = take_bottom(&mut rest, 1);
        let rules = u16::from(!zoomed && size.height >= 16);
        let top_rule = take_top(&mut rest, rules);
        let bottom_rule = take_bottom(&mut rest, rules);
        let mut layout = Self {
            screen,
            header,
            timeline,
            banners,
            filter,
            top_rule,
            bottom_rule,
            footer,
            ..Self::default()
        };
        if wide {
            let usual = if size.width >= 150 { 400 } else { 450 };
            let thousandths = u32::from(shape.split.unwrap_or(usual));
            let list = u16::try_from(u32::from(size.width) * thousandths / 1000).unwrap_or(0);
            let list = list.clamp(NARROWEST, size.width.saturating_sub(NARROWEST + 1));
            layout.list = Rect { width: list, ..rest };
            layout.divider = Rect { x: list, width: 1, ..rest };
            layout.detail = Rect { x: list + 1, width: size.width - list - 1, ..rest };
        } else if shape.focus == Focus::List {
            layout.list = rest;
        } else {
            layout.detail = rest;
        }
        layout
    }

    /// What lies at a column and a row of the screen.
    pub fn hit(&self, x: u16, y: u16) -> Spot {
        let at = Position { x, y };
        let within = |area: Rect| (x - area.x, y - area.y);
        if self.divider.contains(at) {
            Spot::Divider
        } else if self.list.contains(at) {
            let (x, y) = within(self.list);
            Spot::List(x, y)
        } else if self.detail.contains(at) {
            let (x, y) = within(self.detail);
            Spot::Detail(x, y)
        } else if self.footer.contains(at) {
            Spot::Footer(x)
        } else if self.filter.contains(at) {
            Spot::Filter
        } else if self.banners.contains(at) {
            Spot::Banner
        } else if self.timeline.contains(at) {
            Spot::Timeline
        } else if self.header.contains(at) {
            Spot::Header
        } else {
            Spot::Nothing
        }
    }
}

fn take_top(rest: &mut Rect, lines: u16) -> Rect {
    let lines = lines.min(rest.height);
    let top = Rect { height: lines, ..*rest };
    rest.y += lines;
    rest.height -= lines;
    top
}

fn take_bottom(rest: &mut Rect, lines: u16) -> Rect {
    let lines = lines.min(rest.height);
    rest.height -= lines;
    Rect { y: rest.y + rest.height, height: lines, ..*rest }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(width: u16, height: u16, shape: Shape) -> Layout {
        Layout::of(Size { width, height }, shape, Extra::default())
    }

    #[test]
    fn two_panes_from_a_hundred_columns_on() {
        assert!(of(100, 30, Shape::default()).detail.width > 0);
        assert_eq!(of(99, 30, Shape::default()).detail.width, 0);
        assert_eq!(of(99, 30, Shape { focus: Focus::Detail, ..Shape::default() }).list.width, 0);
    }

    #[test]
    fn every_cell_belongs_to_one_place_at_most_and_none_is_outside() {
        for width in 0..180 {
            for height in [0, 1, 9, 10, 12, 16, 45] {
                let layout = of(width, height, Shape { split: Some(990), ..Shape::default() });
                for area in
                    [layout.header, layout.list, layout.detail, layout.divider, layout.footer]
                {
                    assert_eq!(area, layout.screen.intersection(area));
                }
            }
        }
    }

    #[test]
    fn a_click_finds_what_is_drawn_there() {
        let layout = of(160, 45, Shape::default());
        assert_eq!(layout.hit(0, 0), Spot::Header);
        assert_eq!(layout.hit(3, 4), Spot::List(3, 1));
        assert_eq!(layout.hit(64, 10), Spot::Divider);
        assert_eq!(layout.hit(65, 3), Spot::Detail(0, 0));
        assert_eq!(layout.hit(5, 44), Spot::Footer(5));
        assert_eq!(layout.hit(900, 900), Spot::Nothing);
    }
}
