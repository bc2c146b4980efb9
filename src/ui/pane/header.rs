//! The first line: what is read and how that goes, totals, what is new, what was lost, how fast it comes.

use crate::text::{count, plural, shown, width};
use crate::theme::Role;
use crate::ui::app::App;
use crate::ui::desk::View;
use crate::ui::health::{Follow, Stage};
use crate::ui::msg::Tone;
use crate::ui::paint::{Canvas, Span};
use crate::ui::pane::groups::Tally;
use ratatui::layout::Rect;

/// Draws the line: what matters less leaves first when there is little room.
pub fn draw(app: &App, canvas: &mut Canvas<'_>, area: Rect) {
    canvas.tint(area, Role::Header);
    let x = canvas.put(area, 1, 0, Role::Title, "cadge");
    let wide = area.width >= 100;
    let facts = facts(app, wide);
    let gap = if wide { 3 } else { 2 };
    // Losses are said before totals: from the right, the last facts stay longest.
    let mut room = usize::from(area.width).saturating_sub(usize::from(x) + 2);
    let least_source = if wide { 24 } else { 14 };
    let mut kept: Vec<&Span> = Vec::new();
    for (_, span) in by_importance(&facts) {
        let needs = width(&span.text) + gap;
        if needs + least_source <= room {
            room -= needs;
            kept.push(span);
        }
    }
    source(
        app,
        canvas,
        Rect { x: area.x + x + 2, width: u16::try_from(room).unwrap_or(0), ..area },
        wide,
    );
    let mut end = area.width.saturating_sub(1);
    for (_, span) in facts.iter().rev() {
        if !kept.iter().any(|other| std::ptr::eq(*other, span)) {
            continue;
        }
        canvas.put_right(Rect { width: end, ..area }, 0, span.role, &span.text);
        end = end.saturating_sub(u16::try_from(width(&span.text) + gap).unwrap_or(0));
    }
}

/// Facts from left to right, each with its rank: the lowest stay longest.
fn facts(app: &App, wide: bool) -> Vec<(u8, Span)> {
    let totals = app.store.totals();
    let mut facts: Vec<(u8, Span)> = Vec::new();
    let mut add = |rank: u8, role: Role, text: String| facts.push((rank, Span { role, text }));
    if let Follow::Held { n_alerts, .. } = &app.health.follow {
        add(0, Role::StateWarn, format!("PAUSED {} new", count(*n_alerts)));
    }
    let n_saving = app.desk.board.n_saving() as u64;
    if n_saving > 0 {
        add(0, Role::StateWarn, format!("saving {n_saving}"));
    }
    if app.desk.n_aside() > 0 || app.desk.view != View::Inbox {
        add(1, Role::Strong, view(app, wide));
    }
    if !app.desk.marks.is_empty() {
        add(0, Role::Marked, format!("{} marked", app.desk.marks.len()));
    }
    let ground = app.ground();
    match ground.matches {
        Some(ids) => {
            add(
                2,
                Role::Strong,
                format!("{} of {}", count(ids.len() as u64), count(totals.alerts)),
            );
        }
        None if wide => add(2, Role::Text, plural(totals.alerts, "alert", "alerts")),
        None => add(2, Role::Text, count(totals.alerts)),
    }
    let Tally { n_groups, n_fresh, .. } = app.groups.tally();
    if n_groups > 0 {
        add(5, Role::Muted, plural(n_groups as u64, "group", "groups"));
    }
    if n_fresh > 0 {
        add(1, Role::New, format!("{} {} new", app.settings.signs.fresh(), count(n_fresh as u64)));
    }
    match totals.rejects {
        0 if wide => add(8, Role::Muted, "0 rejected".to_owned()),
        0 => {}
        n => add(3, Role::StateBad, format!("{} rejected", count(n))),
    }
    if app.health.n_drops > 0 {
        add(4, Role::StateWarn, format!("sensor: {}", plural(app.health.n_drops, "drop", "drops")));
    }
    if app.health.stage == Stage::Live {
        let rate = app.health.rate();
        let text = if rate >= 100.0 { format!("{rate:.0}/s") } else { format!("{rate:.1}/s") };
        add(6, Role::Muted, text);
    }
    facts
}

/// Which view the list shows, and how many alerts are put aside.
fn view(app: &App, wide: bool) -> String {
    let desk = &app.desk;
    let name = desk.view.name();
    if !wide || app.size.width < 140 {
        let hidden = app.store.len() as u64
            - desk.view.class().map_or(app.store.len() as u64, |class| desk.count(class));
        return match hidden {
            0 => name.to_owned(),
            n => format!("{name}, {} hidden", count(n)),
        };
    }
    let aside: Vec<String> = View::ALL
        .into_iter()
        .filter(|other| *other != desk.view)
        .filter_map(|other| Some((other.class()?, other.name())))
        .filter(|(class, _)| desk.count(*class) > 0)
        .map(|(class, name)| format!("{} {name}", count(desk.count(class))))
        .collect();
    if aside.is_empty() { name.to_owned() } else { format!("{name}  ({})", aside.join(", ")) }
}

fn by_importance(facts: &[(u8, Span)]) -> Vec<(u8, &Span)> {
    let mut ranked: Vec<(u8, &Span)> = facts.iter().map(|(rank, span)| (*rank, span)).collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    ranked
}

fn source(app: &App, canvas: &mut Canvas<'_>, area: Rect, wide: bool) {
    if let Some(progress) = &app.health.progress {
        let share = (progress.done.saturating_mul(100) / progress.total.max(1)).min(100);
        let rate = progress.bytes_per_second / 1_000_000;
        let left = progress.total.saturating_sub(progress.done) / progress.bytes_per_second.max(1);
        let text =
            format!("reading {share} % of {}, {rate} MB/s, {left} s left", bytes(progress.total));
        canvas.put(area, 0, 0, Role::StateWarn, &text);
        return;
    }
    let mut sources: Vec<_> = app.health.sources.values().collect();
    let Some(worst) = sources.iter().max_by_key(|source| rank(source.tone)).copied() else {
        return;
    };
    let role = match worst.tone {
        Tone::Good => Role::StateGood,
        Tone::Warn => Role::StateWarn,
        Tone::Bad => Role::StateBad,
    };
    let x = canvas.put(area, 0, 0, role, canvas.signs().live());
    let room = usize::from(area.width.saturating_sub(x + 1));
    let text = if sources.len() == 1 && worst.words.contains(&worst.name) {
        match &worst.words {
            words if wide && width(words) <= room => words.clone(),
            words => words.replace(&worst.name, last_part(&worst.name)),
        }
    } else if sources.len() == 1 {
        let name = if wide { worst.name.clone() } else { last_part(&worst.name).to_owned() };
        let name = if width(&name) + width(&worst.words) + 1 > room {
            last_part(&name).to_owned()
        } else {
            name
        };
        if worst.tone == Tone::Good && !wide { name } else { format!("{} {name}", worst.words) }
    } else {
        sources.retain(|source| rank(source.tone) == rank(worst.tone));
        let all = plural(app.health.sources.len() as u64, "source", "sources");
        match worst.tone {
            Tone::Good => format!("{} {all}", worst.words),
            Tone::Warn | Tone::Bad => format!("{all}, {}: {}", last_part(&worst.name), worst.words),
        }
    };
    canvas.put(
        area,
        x + 1,
        0,
        if worst.tone == Tone::Good { Role::Text } else { role },
        &shown(&text, room),
    );
}

fn rank(tone: Tone) -> u8 {
    match tone {
        Tone::Good => 0,
        Tone::Warn => 1,
        Tone::Bad => 2,
    }
}

fn last_part(name: &str) -> &str {
    name.rsplit('/').find(|part| !part.is_empty()).unwrap_or(name)
}

/// A size in the unit that suits it.
pub fn bytes(n: u64) -> String {
    match n {
        0..1_000 => format!("{n} B"),
        1_000..1_000_000 => format!("{} kB", n / 1_000),
        1_000_000..1_000_000_000 => format!("{} MB", n / 1_000_000),
        _ => format!("{}.{} GB", n / 1_000_000_000, n / 100_000_000 % 10),
    }
}
