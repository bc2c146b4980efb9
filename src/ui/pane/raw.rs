//! The fifth tab: the record as it was read, every odd byte made visible.

use super::detail::Ctx;
use crate::text::{count, printable, wrap};
use crate::theme::Role;
use crate::ui::paint::Line;

/// Bytes shown; the copy menu gives the whole record.
const MOST: usize = 128 * 1024;

/// Writes the tab.
pub fn lines(ctx: &Ctx<'_>) -> Vec<Line> {
    bytes(&ctx.look.raw, ctx.width)
}

/// Bytes as wrapped lines: what is no UTF-8 as `\xNN`, what cannot be seen as marks.
pub fn bytes(raw: &[u8], width: u16) -> Vec<Line> {
    let (head, rest) = raw.split_at_checked(MOST).unwrap_or((raw, &[]));
    let mut text = String::with_capacity(head.len());
    for chunk in head.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            text += &format!("\\x{byte:02x}");
        }
    }
    let room = usize::from(width.saturating_sub(3)).max(8);
    // A pretty-printed record keeps its lines.
    let mut lines: Vec<Line> = text
        .split('\n')
        .flat_map(|line| wrap(&printable(line), room))
        .map(|row| Line::of(Role::Text, " ").and(Role::FieldValue, row))
        .collect();
    if !rest.is_empty() {
        let more = format!(
            " … {} more bytes; the copy menu has the whole record",
            count(rest.len() as u64)
        );
        lines.push(Line::of(Role::Muted, more));
    }
    lines
}
