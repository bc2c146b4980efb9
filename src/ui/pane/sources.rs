//! Where alerts are read from, and the latest changes of each source.

use crate::text::printable;
use crate::theme::Role;
use crate::ui::health::Health;
use crate::ui::msg::Tone;
use crate::ui::paint::Line;
use crate::ui::settings::Settings;
use crate::ui::times;
use crate::ui::widget::prose::Prose;
use jiff::Timestamp;

/// Writes the view.
pub fn lines(health: &Health, settings: &Settings, now: Timestamp, width: u16) -> Vec<Line> {
    let mut prose = Prose::new(width);
    if health.sources.is_empty() {
        prose.text(Role::Muted, 1, "Nothing is being read.");
        return prose.lines;
    }
    for source in health.sources.values() {
        prose.gap();
        let role = match source.tone {
            Tone::Good => Role::StateGood,
            Tone::Warn => Role::StateWarn,
            Tone::Bad => Role::StateBad,
        };
        prose.lead(
            &format!("{} ", settings.signs.live()),
            role,
            1,
            Role::Strong,
            &printable(&source.name),
        );
        prose.text(role, 3, &printable(&source.words));
        for (at, words) in source.changes.iter().rev() {
            let time = times::exact(Some(times::nanos(*at)), now, settings);
            prose.lead(&format!("{time}  "), Role::Muted, 3, Role::Text, &printable(words));
        }
    }
    prose.lines
}
