//! The strip under the header: alerts over time, each column in the color of its most urgent priority.

use crate::model::Priority;
use crate::store::{Store, Timeline};
use crate::theme::Role;
use crate::ui::paint::Canvas;
use crate::ui::times;
use jiff::Timestamp;
use ratatui::layout::Rect;

const MINUTE: i64 = 60_000_000_000;
/// The shortest span shown, so that three alerts in a second are not a whole screen of noise.
const SHORTEST: i64 = 10 * MINUTE;

/// The span shown, in nanoseconds since 1970: from the first alert to now, or to the last alert of an old log.
pub fn span(store: &Store, now: Timestamp) -> (i64, i64) {
    let now = times::nanos(now);
    let totals = store.totals();
    let (first, last) = (totals.first.unwrap_or(now), totals.last.unwrap_or(now));
    let is_live = (0..60 * MINUTE).contains(&now.saturating_sub(last));
    let end = if is_live { now } else { last };
    let from = first.min(end.saturating_sub(SHORTEST));
    (from, end.saturating_add(1))
}

/// Draws the strip of what is `shown` over the whole time of the log; where there is room the times stand at its right.
pub fn draw(store: &Store, shown: &Timeline, now: Timestamp, canvas: &mut Canvas<'_>, area: Rect) {
    if area.is_empty() || store.is_empty() {
        return;
    }
    let (from, to) = span(store, now);
    // An alert of the year 1700 in a log of today is odd, and more nanoseconds ago than fit.
    let length = to.saturating_sub(from);
    let label_from = times::label(from, length, canvas.settings);
    let label_to = times::label(to, length, canvas.settings);
    let left = canvas.put(area, 1, 0, Role::Muted, &label_from) + 1;
    let right = canvas.put_right(
        Rect { width: area.width.saturating_sub(1), ..area },
        0,
        Role::Muted,
        &label_to,
    );
    let Some(width) = right.checked_sub(left + 1).filter(|width| *width >= 8) else { return };
    let columns = shown.columns(from, to, usize::from(width));
    let most = columns.iter().map(|counts| counts.iter().sum::<u32>()).max().unwrap_or(0);
    for (x, counts) in (left..).zip(&columns) {
        let sum: u32 = counts.iter().sum();
        let role = if sum == 0 { Role::Border } else { worst(counts) };
        canvas.bar(area, x, role, canvas.signs().bar(sum, most));
    }
}

fn worst(counts: &[u32; 9]) -> Role {
    let at = counts.iter().position(|count| *count > 0);
    at.and_then(|at| Priority::ALL.get(at))
        .map_or(Role::PriorityDebug, |priority| priority_role(*priority))
}

/// The role that paints a priority.
pub fn priority_role(priority: Priority) -> Role {
    match priority {
        Priority::Emergency => Role::PriorityEmergency,
        Priority::Alert => Role::PriorityAlert,
        Priority::Critical => Role::PriorityCritical,
        Priority::Error => Role::PriorityError,
        Priority::Warning => Role::PriorityWarning,
        Priority::Notice => Role::PriorityNotice,
        Priority::Informational => Role::PriorityInformational,
        Priority::Debug => Role::PriorityDebug,
    }
}
