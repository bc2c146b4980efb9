//! From state to cells. Nothing here changes anything: it takes `&App`.
//!
//! ```text
//!  cadge ● following events.json          12,431 alerts  38 groups  ◆ 3 new  1.2/s
//!  11:00 ▁▁▂▁▁▁▅▇█▂▁ 14:00
//! ───────────────────────────────┬──────────────────────────────────────────────
//!  list                          │ detail
//! ── ↑ 2 new above ──────────────┴──────────────────────────────────────────────
//!  keys that matter now, a notice, or what is being typed
//! ```

mod filter_line;

use super::action::Action;
use super::app::App;
use super::layout::{Drag, Focus, Layout, SMALLEST, WIDE, Zoom};
use super::msg::Tone;
use super::overlay::page::Page;
use super::overlay::{FilterLine, Overlay};
use super::paint::Canvas;
use super::pane::detail::Tab;
use super::pane::{detail, groups, header, timeline};
use super::widget::scrollbar;
use crate::text::{count, printable, width};
use crate::theme::Role;
use ratatui::Frame;
use ratatui::layout::Rect;

/// Draws the whole screen.
pub fn draw(app: &App, frame: &mut Frame<'_>) {
    let area = frame.area();
    let mut canvas = Canvas { buffer: frame.buffer_mut(), settings: &app.settings };
    canvas.clear(area, Role::Screen);
    let layout = app.layout();
    // The frame's size may be ahead of the last message; the next one brings them together.
    if layout.screen != area || !Layout::fits(app.size) {
        too_small(&mut canvas, area);
        return;
    }
    header::draw(app, &mut canvas, layout.header);
    let times = app.narrow.timeline().unwrap_or_else(|| app.store.timeline());
    timeline::draw(&app.store, times, app.now, &mut canvas, layout.timeline);
    banners(app, &mut canvas, layout.banners);
    rules(app, &mut canvas, &layout);
    if layout.list.width > 0 {
        list(app, &mut canvas, &layout);
    }
    if layout.detail.width > 0 {
        detail::draw(&app.detail, &mut canvas, layout.detail);
    }
    if let Some(pattern) = &app.narrow.search.pattern {
        canvas.mark(layout.list, pattern);
        canvas.mark(layout.detail, pattern);
    }
    filter_line::row(app, &mut canvas, layout.filter);
    footer(app, &mut canvas, layout.footer);
    match &app.overlay {
        Some(Overlay::Palette(palette)) => {
            palette.draw(&mut canvas, area, |action| app.why_not(action));
        }
        Some(Overlay::Menu(menu)) => menu.draw(&mut canvas, area),
        Some(Overlay::Page(page)) => page.draw(&mut canvas, area),
        Some(Overlay::Decide(decide)) => decide.draw(&mut canvas, area),
        Some(Overlay::Note(note)) => note.draw(&mut canvas, area),
        Some(Overlay::Filter(line)) => filter_line::offers(line, &mut canvas, &layout),
        Some(Overlay::Search(_)) | None => {}
    }
    canvas.plain();
}

fn too_small(canvas: &mut Canvas<'_>, area: Rect) {
    let says = format!("cadge needs {} x {}", SMALLEST.width, SMALLEST.height);
    let has = format!("here are {} x {}", area.width, area.height);
    let y = area.height / 2;
    canvas.put(area, 1, y.saturating_sub(1), Role::Strong, &says);
    canvas.put(area, 1, y.max(1), Role::Muted, &has);
}

fn list(app: &App, canvas: &mut Canvas<'_>, layout: &Layout) {
    let ground = app.ground();
    if app.store.is_empty() {
        empty(app, canvas, layout.list);
        return;
    }
    let focused = app.shape.focus == Focus::List && app.overlay.is_none();
    groups::draw(&ground, &app.groups, canvas, layout.list, focused);
    if app.groups.n_rows() == 0 {
        let body = Rect {
            y: layout.list.y + 1,
            height: layout.list.height.saturating_sub(1),
            ..layout.list
        };
        let clear = app.settings.keymap.label(Action::ClearFilter);
        let view = app.settings.keymap.label(Action::View);
        let says = match (&app.narrow.failed, app.narrow.is_settled(&app.store)) {
            (Some(reason), _) => format!("The filter cannot be evaluated: {reason}"),
            (None, true) if app.desk.left().is_some() => format!(
                "Nothing is left in this view ({}). {view} shows the next one.",
                app.desk.view.name()
            ),
            (None, true) => {
                let odd = app.narrow.warning().map(|odd| format!(" {odd}")).unwrap_or_default();
                format!("No alert meets the filter. {clear} takes it away.{odd}")
            }
            (None, false) => "Looking for alerts that meet the filter…".to_owned(),
        };
        let mut prose = crate::ui::widget::prose::Prose::new(body.width);
        prose.text(Role::Muted, 1, &printable(&says));
        for (y, line) in (0..body.height).zip(&prose.lines) {
            canvas.line(body, y, line);
        }
    }
    // The thumb stands on the line between the panes, or at the edge.
    let x = if layout.divider.width > 0 {
        layout.divider.x
    } else {
        layout.list.right().saturating_sub(1)
    };
    let rows = Rect {
        x,
        y: layout.list.y + 1,
        width: 1,
        height: u16::try_from(app.groups.height()).unwrap_or(0),
    };
    scrollbar::draw(canvas, rows, app.groups.offset(), app.groups.n_rows());
    if layout.bottom_rule.is_empty() {
        let last = Rect { y: layout.list.bottom().saturating_sub(1), height: 1, ..layout.list };
        aside(app, canvas, last);
    }
}

/// The lines that stay; the last one says how many more there are.
fn banners(app: &App, canvas: &mut Canvas<'_>, area: Rect) {
    let (_, n_more) = app.lines.banners();
    let shown = app.lines.banner_rows(area.width);
    for (y, banner) in (0..area.height).zip(&shown) {
        let row = Rect { y: area.y + y, height: 1, ..area };
        canvas.tint(row, Role::Banner);
        let mut room = row;
        if n_more > 0 && usize::from(y) + 1 == shown.len() {
            let key = app.settings.keymap.label(crate::ui::action::Action::Back);
            let end = Rect { width: row.width.saturating_sub(1), ..row };
            let left = canvas.put_right(end, 0, Role::Banner, &format!("+{n_more} more: {key}"));
            room.width = left.saturating_sub(2);
        }
        canvas.put(room, 1, 0, Role::Banner, banner);
    }
}

/// What would be here, and how to get it.
fn empty(app: &App, canvas: &mut Canvas<'_>, area: Rect) {
    let mut prose = crate::ui::widget::prose::Prose::new(area.width);
    let keymap = &app.settings.keymap;
    prose.gap();
    if app.health.sources.is_empty() {
        // What one can do comes first: a small screen cuts what was looked for.
        prose.text(Role::Strong, 1, "Alerts would stand here, but no Falco log was found.");
        prose.lead(
            &format!("{} ", keymap.label(Action::Demo)),
            Role::Key,
            1,
            Role::Text,
            "starts the demo: made-up alerts, no files, no network",
        );
        prose.text(Role::Text, 1, "Or name a log: cadge FILE. A pipe works too: … | cadge -");
        prose.push(super::paint::Line::default());
        prose.text(
            Role::Text,
            1,
            "To let Falco write one, set this in /etc/falco/falco.yaml and restart it:",
        );
        for line in FALCO_YAML {
            prose.exact(Role::Command, 3, line);
        }
        prose.push(super::paint::Line::default());
        for note in looked_for(&app.health.looked) {
            prose.text(Role::Muted, 1, &printable(&note));
        }
    } else if app.health.progress.is_some() {
        prose.text(Role::Muted, 1, "Reading…");
    } else {
        prose.text(Role::Strong, 1, "No alerts yet.");
        let troubled = app.health.sources.values().filter(|source| source.tone != Tone::Good);
        for source in troubled.take(3) {
            let says = match source.words.contains(&source.name) {
                true => printable(&source.words).into_owned(),
                false => printable(&format!("{}: {}", source.name, source.words)).into_owned(),
            };
            prose.text(Role::StateWarn, 1, &says);
        }
        prose.text(
            Role::Muted,
            1,
            "They appear here as Falco writes them. To cause a harmless one on this host:",
        );
        prose.exact(Role::Command, 3, "sudo cat /etc/shadow > /dev/null");
        let sources = keymap.label(Action::Sources);
        prose.lead(
            &format!("{sources} "),
            Role::Key,
            1,
            Role::Text,
            "shows what is being read, and how that goes",
        );
        let totals = app.store.totals();
        if totals.rejects > 0 {
            let rejects = crate::text::plural(totals.rejects, "record", "records");
            let key = keymap.label(Action::Rejects);
            prose.lead(
                &format!("{key} "),
                Role::Key,
                1,
                Role::StateBad,
                &format!("shows {rejects} nobody could read"),
            );
        }
    }
    for (y, line) in (0..area.height).zip(&prose.lines) {
        canvas.line(area, y, line);
    }
}

/// What was looked for, what was found alike together: `Looked for (not there): a, b, c`.
fn looked_for(looked: &[String]) -> Vec<String> {
    let mut told: Vec<(&str, Vec<&str>)> = Vec::new();
    for note in looked {
        let (path, found) = note.split_once(": ").unwrap_or(("", note));
        match told.iter_mut().find(|(known, _)| *known == found) {
            Some((_, paths)) => paths.push(path),
            None => told.push((found, vec![path])),
        }
    }
    told.into_iter()
        .map(|(found, paths)| format!("Looked for ({found}): {}", paths.join(", ")))
        .collect()
}

/// What makes Falco write the log we look for.
const FALCO_YAML: &[&str] = &[
    "json_output: true",
    "file_output:",
    "  enabled: true",
    "  keep_alive: false",
    "  filename: /var/log/falco/events.json",
];

fn rules(app: &App, canvas: &mut Canvas<'_>, layout: &Layout) {
    let signs = canvas.signs();
    for (rule, tee) in [(layout.top_rule, signs.tee_down()), (layout.bottom_rule, signs.tee_up())] {
        if rule.is_empty() {
            continue;
        }
        canvas.put(rule, 0, 0, Role::Border, &signs.horizontal().repeat(usize::from(rule.width)));
        if layout.divider.width > 0 {
            canvas.put(rule, layout.divider.x, 0, Role::Border, tee);
        }
        // The rule over the pane that has the keys is brighter.
        if layout.divider.width > 0 && rule == layout.top_rule {
            let pane = if app.shape.focus == Focus::List { layout.list } else { layout.detail };
            canvas.tint(Rect { x: pane.x, width: pane.width, ..rule }, Role::BorderFocus);
        }
    }
    let held = app.shape.drag == Drag::Held;
    for y in 0..layout.divider.height {
        let role = if held { Role::BorderFocus } else { Role::Border };
        canvas.put(layout.divider, 0, y, role, signs.vertical());
    }
    if !layout.bottom_rule.is_empty() && layout.list.width > 0 {
        aside(app, canvas, Rect { width: layout.list.width, ..layout.bottom_rule });
    }
}

/// What came out of sight: a line says so, and the rows stay.
fn aside(app: &App, canvas: &mut Canvas<'_>, area: Rect) {
    let aside = app.groups.tally().aside;
    let signs = canvas.signs();
    let mut parts = Vec::new();
    if aside.above > 0 {
        parts.push(format!("{} {} new above", signs.above(), count(aside.above.into())));
    }
    if aside.below > 0 {
        parts.push(format!("{} {} new below", signs.below(), count(aside.below.into())));
    }
    if aside.waiting > 0 {
        parts.push(format!("{} new in new groups", count(aside.waiting.into())));
    }
    let mut end = 1;
    if !parts.is_empty() {
        end = canvas.put(area, 2, 0, Role::New, &format!(" {} ", parts.join("   ")));
    }
    // What a decision would be about is known before it is made.
    let reach = app.reach();
    if let Some(reach) = reach.map(|reach| format!(" {reach} "))
        && usize::from(end) + width(&reach) + 3 < usize::from(area.width)
    {
        let area = Rect { width: area.width.saturating_sub(2), ..area };
        canvas.put_right(area, 0, Role::Muted, &reach);
    }
}

fn footer(app: &App, canvas: &mut Canvas<'_>, area: Rect) {
    if let Some(Overlay::Search(prompt)) = &app.overlay {
        prompt.draw(canvas, area, " /", "plain text, any character; a capital makes case count; \\v begins a regular expression");
        return;
    }
    // Good news of a while ago does not hide the keys of the line that is being typed.
    let is_typing = matches!(app.overlay, Some(Overlay::Filter(_)));
    if let Some(notice) = &app.lines.notice
        && !(is_typing && notice.role == Role::Notice)
    {
        canvas.put(area, 1, 0, notice.role, &notice.text);
        return;
    }
    let mut x = 1;
    let gap = if area.width >= 100 { 3 } else { 2 };
    if let Some(Overlay::Filter(line)) = &app.overlay {
        for (key, text) in filter_keys(line) {
            if usize::from(x) + key.len() + 1 + text.len() < usize::from(area.width) {
                x = canvas.put(area, x, 0, Role::Key, key);
                x = canvas.put(area, x + 1, 0, Role::KeyLabel, text) + gap;
            }
        }
        return;
    }
    let needed =
        |action: Action| width(&app.settings.keymap.label(action)) + width(short(app, action)) + 1;
    for action in keys_now(app) {
        let label = app.settings.keymap.label(action);
        let text = short(app, action);
        // Help stays in sight on the smallest screen.
        let help = if action == Action::Help { 0 } else { needed(Action::Help) + usize::from(gap) };
        if usize::from(x) + needed(action) + help > usize::from(area.width) {
            continue;
        }
        let off = app.why_not(action).is_some();
        x = canvas.put(area, x, 0, if off { Role::KeyOff } else { Role::Key }, &label);
        x = canvas.put(area, x + 1, 0, if off { Role::KeyOff } else { Role::KeyLabel }, text);
        x += gap;
    }
}

/// What keys do in the filter's line.
fn filter_keys(line: &FilterLine) -> Vec<(&'static str, &'static str)> {
    let enter = match (line.chosen, &line.error) {
        (Some(_), _) => Some("take"),
        (None, None) => Some("keep"),
        (None, Some(_)) => None,
    };
    let complete = (!line.offers.is_empty()).then_some([("Tab", "complete"), ("Down", "choose")]);
    let history = line.chosen.is_none().then_some(("Up", "earlier filters"));
    let enter = enter.map(|text| ("Enter", text));
    let keys = enter.into_iter().chain([("Esc", "as it was")]);
    keys.chain(complete.into_iter().flatten()).chain(history).collect()
}

fn short(app: &App, action: Action) -> &'static str {
    match action {
        Action::Pause if matches!(app.health.follow, super::health::Follow::Held { .. }) => {
            "follow"
        }
        Action::Zoom if app.shape.zoom == Zoom::On => "unzoom",
        Action::Open if matches!(app.overlay, Some(Overlay::Menu(_))) => "choose",
        Action::Open if matches!(app.overlay, Some(Overlay::Palette(_))) => "do it",
        Action::Open if app.in_detail() && app.detail.tab == Tab::Fields => "only this",
        Action::Open if app.in_detail() && app.detail.tab == Tab::Commands => "copy",
        Action::Open if app.in_detail() && app.detail.tab == Tab::Analysis => "commands",
        other => other.short(),
    }
}

/// The keys that matter now, the most useful first.
fn keys_now(app: &App) -> Vec<Action> {
    match &app.overlay {
        Some(Overlay::Filter(_) | Overlay::Decide(_) | Overlay::Note(_)) => return Vec::new(),
        Some(Overlay::Palette(_) | Overlay::Menu(_)) => return vec![Action::Open, Action::Back],
        Some(Overlay::Page(Page { tune: Some((_, Some(Ok(_)))), .. })) => {
            return vec![Action::Back, Action::CopyCommand, Action::CopyMenu, Action::Variant];
        }
        Some(Overlay::Page(_)) => return vec![Action::Back, Action::Next, Action::Previous],
        Some(Overlay::Search(_)) | None => {}
    }
    let mut keys = match app.shape.focus {
        _ if app.store.is_empty() && app.health.sources.is_empty() => vec![Action::Demo],
        _ if app.store.is_empty() => vec![Action::Sources, Action::Rejects],
        Focus::List if app.size.width >= WIDE => vec![
            Action::Next,
            Action::Previous,
            Action::Open,
            Action::CopyCommand,
            Action::Acknowledge,
            Action::Close,
            Action::Mute,
            Action::Filter,
            Action::Search,
            Action::View,
            Action::Undo,
            Action::Sort,
            Action::GroupBy,
            Action::Pause,
        ],
        Focus::List => vec![
            Action::Open,
            Action::CopyCommand,
            Action::Acknowledge,
            Action::Close,
            Action::View,
            Action::Filter,
            Action::Search,
            Action::Sort,
            Action::Next,
            Action::Previous,
        ],
        Focus::Detail => match app.detail.tab {
            Tab::Report => vec![
                Action::Back,
                Action::Next,
                Action::Previous,
                Action::CopyCommand,
                Action::NextTab,
            ],
            Tab::Commands => vec![
                Action::Back,
                Action::Next,
                Action::Previous,
                Action::CopyCommand,
                Action::Variant,
                Action::CopyMenu,
                Action::NextTab,
            ],
            Tab::Fields => vec![
                Action::Back,
                Action::Next,
                Action::Previous,
                Action::Open,
                Action::Exclude,
                Action::CopyCommand,
                Action::NextTab,
            ],
            Tab::Related => vec![
                Action::Back,
                Action::Next,
                Action::Previous,
                Action::Open,
                Action::CopyCommand,
                Action::NextTab,
            ],
            Tab::Analysis => vec![
                Action::Back,
                Action::CopyCommand,
                Action::CopyMenu,
                Action::Open,
                Action::NextTab,
                Action::Export,
            ],
            Tab::Raw | Tab::History => vec![
                Action::Back,
                Action::CopyCommand,
                Action::CopyMenu,
                Action::NextTab,
                Action::Export,
            ],
        },
    };
    if app.shape.zoom == Zoom::On {
        keys.insert(0, Action::Zoom);
    }
    keys.extend([Action::Palette, Action::Help]);
    keys
}
