//! The fourth tab: alerts of the same container, the same process, the same minutes.

use super::detail::Ctx;
use crate::text::{printable, shown, width};
use crate::theme::Role;
use crate::ui::paint::{Line, level_role};
use crate::ui::times;
use crate::ui::widget::prose::Prose;

/// Writes the tab.
pub fn lines(ctx: &Ctx<'_>) -> Vec<Line> {
    let mut prose = Prose::new(ctx.width);
    let related = &ctx.look.analysis.related;
    if related.is_empty() {
        prose.text(
            Role::Muted,
            1,
            "No other alert shares this one's container or process, or happened within minutes of it.",
        );
        return prose.lines;
    }
    for (at, item) in related.iter().enumerate() {
        let row = ctx.store.row(item.id);
        let time = times::exact(row.and_then(|row| row.nanos), ctx.now, ctx.settings);
        let level = row.and_then(|row| row.level);
        let sign_level = level.or(row.map(|row| super::groups::start(row.priority)));
        let mark = if at == ctx.cursor { ctx.settings.signs.cursor() } else { " " };
        let line = Line::of(Role::Key, mark)
            .and(level_role(level), format!("{} ", ctx.settings.signs.level(sign_level)))
            .and(Role::Muted, format!("{time}  "));
        let used = line.width();
        let room = prose.room().saturating_sub(used);
        let rule = printable(&item.rule).into_owned();
        let why = format!("{} ", shown(&item.why, 40));
        let beside = width(&rule) + width(&why) + 2 <= room;
        if width(&rule) <= room {
            let line = line.and(Role::Text, rule);
            prose.push(if beside { line.right(Role::Muted, why.clone()) } else { line }.at(at));
        } else {
            prose.push(line.at(at));
            let start = prose.lines.len();
            prose.text(Role::Text, 4, &rule);
            prose.lines.iter_mut().skip(start).for_each(|line| line.item = Some(at));
        }
        if !beside {
            prose.push(Line::of(Role::Text, "    ").and(Role::Muted, why).at(at));
        }
        if at == ctx.cursor {
            let process =
                row.and_then(|row| row.process).map_or(String::new(), |process| shown(process, 60));
            if !process.is_empty() {
                prose.push(
                    Line::of(Role::Text, "    process ").and(Role::FieldValue, process).at(at),
                );
            }
        }
    }
    prose.lines
}
