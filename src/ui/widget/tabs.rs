//! Names in a row, one of them open.

use crate::text;
use crate::theme::Role;
use crate::ui::paint::Canvas;
use ratatui::layout::Rect;
use std::ops::Range;

/// A name, and how many there are of it.
pub type Tab = (&'static str, Option<usize>);

/// Labels and their columns in a row of some width: with counts where they fit, names alone where not.
pub fn places(tabs: &[Tab], width: u16) -> Vec<(String, Range<u16>)> {
    let labels = |counted: bool| -> Vec<String> {
        tabs.iter()
            .map(|(name, count)| match count {
                Some(count) if counted => format!("{name} {count}"),
                _ => (*name).to_owned(),
            })
            .collect()
    };
    let total = |labels: &[String], gap: usize| {
        labels.iter().map(|label| text::width(label)).sum::<usize>() + gap * labels.len()
    };
    let room = usize::from(width.saturating_sub(1));
    let (labels, gap) = [(labels(true), 3), (labels(true), 2), (labels(false), 2)]
        .into_iter()
        .find(|(labels, gap)| total(labels, *gap) <= room)
        .unwrap_or((labels(false), 1));
    let mut x = 1;
    labels
        .into_iter()
        .map(|label| {
            let end = x + u16::try_from(text::width(&label)).unwrap_or(0);
            let range = x..end;
            x = end + u16::try_from(gap).unwrap_or(1);
            (label, range)
        })
        .collect()
}

/// Draws the row; the open one is set apart.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, tabs: &[Tab], open: usize) {
    for (at, (label, columns)) in places(tabs, area.width).iter().enumerate() {
        let role = if at == open { Role::TabActive } else { Role::Tab };
        canvas.put(area, columns.start, 0, role, label);
    }
}

/// The tab under a column.
pub fn hit(tabs: &[Tab], width: u16, x: u16) -> Option<usize> {
    places(tabs, width).iter().position(|(_, columns)| columns.contains(&x))
}
