//! Shows where in a long text or list one is.

use crate::theme::Role;
use crate::ui::paint::Canvas;
use ratatui::layout::Rect;

/// Draws a thumb on the column of `area` when not everything is in sight.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, offset: usize, rows: usize) {
    let height = usize::from(area.height);
    if height == 0 || rows <= height {
        return;
    }
    let size = (height * height / rows).clamp(1, height);
    let free = height - size;
    let top = (offset * free + (rows - height) / 2) / (rows - height);
    for y in top.min(free)..(top.min(free) + size) {
        canvas.put(
            area,
            0,
            u16::try_from(y).unwrap_or(u16::MAX),
            Role::Scroll,
            canvas.signs().thumb(),
        );
    }
}
