//! The last tab: what people decided about this alert, its container and its workload, latest first.

use super::detail::Ctx;
use crate::theme::Role;
use crate::ui::paint::Line;
use crate::ui::widget::prose::Prose;

/// Writes the tab.
pub fn lines(ctx: &Ctx<'_>) -> Vec<Line> {
    let mut prose = Prose::new(ctx.width);
    if let Some(stands) = ctx.stands {
        prose.text(Role::Strong, 1, stands);
        prose.push(Line::default());
    }
    if ctx.history.is_empty() {
        prose.text(Role::Muted, 1, "Nobody has decided anything about this alert or its group.");
    }
    for change in ctx.history {
        for (at, line) in change.lines().enumerate() {
            match at {
                0 => prose.text(Role::Text, 1, line),
                _ => prose.text(Role::Muted, 5, line),
            }
        }
    }
    prose.lines
}
