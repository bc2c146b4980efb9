//! Records that nobody could read: why, where, and their bytes made visible.

use super::raw;
use crate::model::Reject;
use crate::text::{count, printable, shown};
use crate::theme::Role;
use crate::ui::paint::{Line, Span};
use crate::ui::widget::prose::Prose;

/// Writes the view: one line a reject, the selected one opened.
pub fn lines(rejects: &[Reject], n_all: u64, cursor: usize, width: u16, mark: &str) -> Vec<Line> {
    let mut prose = Prose::new(width);
    if rejects.is_empty() {
        prose.text(Role::Muted, 1, "Every record so far could be read.");
        prose.text(
            Role::Muted,
            1,
            "A record that cannot be read would stand here, with the reason, its place and its bytes.",
        );
        return prose.lines;
    }
    for (at, reject) in rejects.iter().enumerate() {
        let start = prose.lines.len();
        let selected = at == cursor;
        let origin = &reject.origin;
        let line =
            if origin.line > 0 { format!(" line {}", count(origin.line)) } else { String::new() };
        let place = format!(
            "{}{line}, byte {}, {} bytes",
            shown(&origin.source, 60),
            count(origin.offset),
            count(reject.len)
        );
        let sign = if selected { mark } else { " " };
        prose.lead(&format!("{sign} "), Role::Key, 0, Role::Text, &printable(&reject.reason));
        prose.text(Role::Muted, 2, &place);
        if selected {
            let mut rows = raw::bytes(&reject.bytes, width.saturating_sub(2));
            rows.truncate(200);
            for row in &mut rows {
                row.spans.insert(0, Span { role: Role::Text, text: " ".to_owned() });
            }
            if reject.bytes.is_empty() {
                rows = vec![Line::of(
                    Role::Muted,
                    "  its bytes are no longer held; they are in the file at this place",
                )];
            }
            prose.lines.append(&mut rows);
        }
        prose.lines.iter_mut().skip(start).for_each(|line| line.item = Some(at));
    }
    let more = n_all.saturating_sub(rejects.len() as u64);
    if more > 0 {
        prose.gap();
        prose.text(
            Role::Muted,
            1,
            &format!("… and {} more: `cadge list --rejects` shows all", count(more)),
        );
    }
    prose.lines
}
