//! The line of the filter: its conditions, or what is being typed with what could come next.

use crate::text::{printable, shown, width};
use crate::theme::Role;
use crate::ui::action::Action;
use crate::ui::app::App;
use crate::ui::layout::Layout;
use crate::ui::narrow;
use crate::ui::overlay::{FilterLine, Overlay};
use crate::ui::paint::Canvas;
use ratatui::layout::Rect;

/// The conditions in force, or the line that is being typed.
pub(super) fn row(app: &App, canvas: &mut Canvas<'_>, area: Rect) {
    if area.is_empty() {
        return;
    }
    let x = canvas.put(area, 1, 0, Role::Key, "filter ");
    let line = Rect { x: area.x + x, width: area.width - x, ..area };
    if let Some(Overlay::Filter(edit)) = &app.overlay {
        let hint = "a condition in Falco's language: proc.name = nc and container.id != host";
        edit.prompt.draw(canvas, line, "", hint);
        highlight(
            &edit.prompt.text(),
            edit.error.as_ref().map(crate::query::Error::range),
            canvas,
            line,
        );
        return;
    }
    let Some(text) = app.narrow.text() else { return };
    let keymap = &app.settings.keymap;
    let keys = format!(
        "{} change  {} drop one  {} clear ",
        keymap.label(Action::Filter),
        keymap.label(Action::Chips),
        keymap.label(Action::ClearFilter)
    );
    // The conditions come first; how to change them is said where there is room left.
    let says_keys = width(text) + width(&keys) + 6 <= usize::from(line.width);
    let room = usize::from(line.width).saturating_sub(1);
    let conditions = Rect { width: line.width.saturating_sub(1), ..line };
    let mut x = 0;
    for (at, range) in narrow::conditions(text).into_iter().enumerate() {
        if at > 0 {
            x = canvas.put(conditions, x, 0, Role::Muted, " and ");
        }
        let chip = shown(text.get(range).unwrap_or(""), room);
        x = canvas.put(conditions, x, 0, Role::Input, &chip);
    }
    if !app.narrow.is_settled(&app.store) {
        canvas.put(conditions, x + 2, 0, Role::Muted, "…");
    }
    if says_keys {
        canvas.put_right(line, 0, Role::KeyLabel, &keys);
    }
}

/// Colors what is being typed: fields, operators, joints, and the spot of an error. Only where it was not scrolled.
fn highlight(
    text: &str,
    error: Option<std::ops::Range<usize>>,
    canvas: &mut Canvas<'_>,
    area: Rect,
) {
    if width(text) + 1 >= usize::from(area.width) || text.chars().any(crate::text::is_dangerous) {
        return;
    }
    let mut at = 0;
    for word in text.split_inclusive([' ', '(', ')', ',']) {
        let bare = word.trim_end_matches([' ', '(', ')', ',']);
        let role = if matches!(bare, "and" | "or" | "not") {
            Some(Role::Key)
        } else if crate::query::Operator::parse(bare).is_some() {
            Some(Role::Strong)
        } else if crate::query::fields::find(bare).is_some() {
            Some(Role::FieldName)
        } else {
            None
        };
        if let Some(role) = role {
            tint(text, at..at + bare.len(), role, canvas, area);
        }
        at += word.len();
    }
    if let Some(range) = error {
        let range = if range.is_empty() { range.start..range.start + 1 } else { range };
        tint(text, range, Role::InputError, canvas, area);
    }
}

fn tint(
    text: &str,
    range: std::ops::Range<usize>,
    role: Role,
    canvas: &mut Canvas<'_>,
    area: Rect,
) {
    let column = |bytes: usize| {
        let before = text.get(..bytes.min(text.len())).map_or(width(text), width);
        u16::try_from(before + bytes.saturating_sub(text.len())).unwrap_or(u16::MAX)
    };
    let (from, to) = (column(range.start), column(range.end));
    if from < area.width {
        canvas.tint(
            Rect { x: area.x + from, width: (to - from).min(area.width - from), ..area },
            role,
        );
    }
}

/// What could be typed next, or what is wrong, under the filter line.
pub(super) fn offers(line: &FilterLine, canvas: &mut Canvas<'_>, layout: &Layout) {
    // A word that is being typed is not wrong yet, as long as something could become of it.
    let typed = line.prompt.text().trim_end().len();
    let error = line.error.as_ref();
    let error =
        error.filter(|error| line.insists || line.offers.is_empty() || error.range().end < typed);
    let warning = line.warning.as_ref();
    let warning = warning.filter(|odd| line.offers.is_empty() || odd.span.range().end < typed);
    let says = match (error, warning) {
        (Some(error), _) => Some((Role::NoticeError, error.to_string())),
        (None, Some(warning)) => Some((Role::NoticeWarn, warning.to_string())),
        (None, None) => None,
    };
    let rows = u16::try_from(line.offers.len() + usize::from(says.is_some())).unwrap_or(0);
    let top = layout.filter.bottom();
    let height = rows.min(layout.screen.height.saturating_sub(top + 1));
    let width = layout.screen.width.saturating_sub(8).min(110);
    let area = Rect { x: 7, y: top, width, height };
    if area.is_empty() {
        return;
    }
    canvas.clear(area, Role::Overlay);
    let mut y = 0;
    if let Some((role, says)) = says {
        canvas.put(area, 1, 0, role, &printable(&says));
        y = 1;
    }
    for (at, offer) in line.offers.iter().enumerate() {
        if y >= area.height {
            break;
        }
        let row = Rect { y: area.y + y, height: 1, ..area };
        let end = canvas.put(row, 1, 0, Role::FieldName, &shown(&offer.text, 60));
        canvas.put(row, end.max(30) + 2, 0, Role::Muted, &printable(&offer.note));
        if line.chosen == Some(at) {
            canvas.tint(row, Role::Selection);
        }
        y += 1;
    }
}
