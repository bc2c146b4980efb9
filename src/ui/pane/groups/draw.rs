//! The list pane's cells.
//!
//! ```text
//! cursor, new mark, indent, sign, name ………… activity of the last hour   count   last seen
//! ```

use super::order::Entry;
use super::{Ground, Groups, Pick, start, urgency};
use crate::model::{AlertId, Level};
use crate::store::{Grouping, Key, Node, NodeId, Stat, Sym};
use crate::text;
use crate::theme::Role;
use crate::ui::desk::Class;
use crate::ui::paint::{Canvas, level_role};
use crate::ui::settings::Settings;
use crate::ui::times;
use ratatui::layout::Rect;
use rustc_hash::FxHashMap;

/// Bars of the activity of the last hour.
pub const BARS: usize = 10;
const HOUR: i64 = 3_600_000_000_000;
/// Alerts looked at for one group's bars.
const MOST: usize = 20_000;

/// Activity of the groups in sight. What came since the last time is added; when the hour moves on all is counted again.
#[derive(Clone, Debug, Default)]
pub struct Sparks {
    sparks: FxHashMap<NodeId, Spark>,
    matches: Matches,
}

/// Which alerts of a filter or view are counted: so many of the first, the last of them, and for which hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Matches {
    count: usize,
    last: Option<AlertId>,
    end: i64,
}

#[derive(Clone, Debug)]
struct Spark {
    count: u32,
    /// The alert read last that is counted.
    newest: AlertId,
    end: i64,
    bars: Vec<u32>,
}

impl Sparks {
    /// Counts what is in sight.
    pub fn count(&mut self, ground: &Ground<'_>, visible: impl Iterator<Item = NodeId>) {
        let end = hour_end(ground);
        if let Some(matches) = ground.matches {
            self.count_matches(ground, matches, end);
            return;
        }
        for id in visible {
            let Some(node) = ground.tree.node(id) else { continue };
            // Groups of the top level show none.
            if is_inner(node) {
                continue;
            }
            let Stat { count, newest, .. } = node.stat;
            let spark = self.sparks.entry(id).or_insert_with(|| Spark::new(end));
            if spark.end != end || spark.count > count {
                *spark = Spark::new(end);
            }
            if spark.count == count {
                continue;
            }
            let after = (spark.count > 0).then_some(spark.newest);
            let hour = (end.saturating_sub(HOUR), end);
            ground.store.activity(id, hour, after, MOST, &mut spark.bars);
            (spark.count, spark.newest) = (count, newest);
        }
    }

    /// Counts the newest alerts that a filter leaves, for all groups at once.
    fn count_matches(&mut self, ground: &Ground<'_>, matches: &[AlertId], end: i64) {
        let now = Matches { count: matches.len(), last: matches.last().copied(), end };
        let was = std::mem::replace(&mut self.matches, now);
        // What was counted before is still there, and nothing came between: the rest is added.
        let goes_on = was.end == end
            && was.count <= now.count
            && was.count.checked_sub(1).and_then(|at| matches.get(at)).copied() == was.last;
        let first = if goes_on {
            was.count
        } else {
            self.sparks.clear();
            0
        };
        let width = HOUR / i64::try_from(BARS).unwrap_or(1);
        for id in matches.iter().skip(first).rev().take(MOST) {
            let bar = ground.store.nanos(*id).and_then(|nanos| {
                let at = nanos.checked_sub(end.saturating_sub(HOUR))?.div_euclid(width);
                usize::try_from(at).ok().filter(|at| *at < BARS)
            });
            let (Some(bar), Some(cell)) = (bar, ground.store.cell_of(*id)) else { continue };
            let mut next = ground.tree.leaf(cell);
            while let Some(id) = next {
                let spark = self.sparks.entry(id);
                let spark = spark.or_insert_with(|| Spark::new(end));
                if let Some(bar) = spark.bars.get_mut(bar) {
                    *bar += 1;
                }
                next = ground.tree.node(id).and_then(|node| node.parent);
            }
        }
    }

    /// Forgets all bars: numbers of groups mean other groups now.
    pub fn clear(&mut self) {
        self.sparks.clear();
        self.matches = Matches::default();
    }
}

impl Spark {
    fn new(end: i64) -> Self {
        Self { count: 0, newest: AlertId(0), end, bars: vec![0; BARS] }
    }
}

/// Whether a group is of the top level and has groups in it: its activity is that of many.
fn is_inner(node: &Node) -> bool {
    node.depth == 0 && !node.children.is_empty()
}

/// The end of the hour that is shown: now, or the log's last alert when that is long past; whole five minutes.
fn hour_end(ground: &Ground<'_>) -> i64 {
    let now = times::nanos(ground.now);
    let last = ground.store.totals().last.unwrap_or(now);
    let end = if now.saturating_sub(last) < HOUR { now.max(last) } else { last };
    let step = HOUR / 12;
    (end.div_euclid(step) + 1).saturating_mul(step)
}

impl Groups {
    /// Groups in sight that show their activity.
    pub fn visible_groups(&self) -> Vec<NodeId> {
        (self.offset..self.offset + self.height)
            .filter_map(|row| match self.at(row) {
                Some(Pick::Group(id)) => Some(id),
                _ => None,
            })
            .collect()
    }

    fn entry_at(&self, row: usize) -> Option<&Entry> {
        let after = self.entries.partition_point(|entry| entry.start <= row);
        self.entries.get(after.checked_sub(1)?)
    }
}

/// Where columns stand, by the width of the pane.
struct Columns {
    /// Where names must end.
    name_end: u16,
    spark: Option<u16>,
    count_end: u16,
}

impl Columns {
    fn of(area: Rect) -> Self {
        let last = if area.width >= 60 { times::SHORT } else { times::SHORTEST };
        let last = u16::try_from(last).unwrap_or(8);
        let count_end = area.width.saturating_sub(last + 2);
        let count_start = count_end.saturating_sub(7);
        let bars = u16::try_from(BARS).unwrap_or(12);
        let spark = (area.width >= 56).then(|| count_start.saturating_sub(bars + 1));
        Self { name_end: spark.unwrap_or(count_start).saturating_sub(1), spark, count_end }
    }
}

/// Draws the heading and the rows in sight.
pub fn draw(
    ground: &Ground<'_>,
    groups: &Groups,
    canvas: &mut Canvas<'_>,
    area: Rect,
    focused: bool,
) {
    if area.height == 0 {
        return;
    }
    let columns = Columns::of(area);
    heading(ground, groups, canvas, area, &columns);
    let cursor = groups.index();
    let rows = Rect { y: area.y + 1, height: area.height - 1, ..area };
    for line in 0..rows.height.min(u16::try_from(groups.height).unwrap_or(u16::MAX)) {
        let row = groups.offset + usize::from(line);
        let Some(pick) = groups.at(row) else { break };
        let depth = groups.entry_at(row).map_or(0, |entry| entry.depth);
        let line_area = Rect { y: rows.y + line, height: 1, ..rows };
        let selected = cursor == Some(row);
        if ground.desk.marks.has(pick) {
            canvas.tint(line_area, Role::Marked);
        }
        match pick {
            Pick::Group(id) => {
                if let Some(node) = ground.tree.node(id) {
                    group(ground, groups, canvas, line_area, &columns, (id, node, depth));
                }
            }
            Pick::Alert(parent, id) => {
                alert(ground, canvas, line_area, depth + usize::from(parent.is_some()), id);
            }
        }
        if selected {
            let role = if focused { Role::Selection } else { Role::SelectionIdle };
            canvas.tint(line_area, role);
            canvas.put(line_area, 0, 0, role, canvas.signs().cursor());
            sign_again(ground, canvas, line_area, pick, depth);
        }
    }
}

/// The sign of what is under the cursor keeps the color of its level: on a dark ground the selection's own would hide it.
fn sign_again(ground: &Ground<'_>, canvas: &mut Canvas<'_>, area: Rect, pick: Pick, depth: usize) {
    let (level, depth) = match pick {
        Pick::Group(id) => {
            let stat = ground.tree.node(id).map(|node| &node.stat);
            (stat.filter(|stat| stat.assessed > 0).map(urgency), depth)
        }
        Pick::Alert(parent, id) => {
            let level = ground.store.row(id).and_then(|row| row.level);
            (level, depth + usize::from(parent.is_some()))
        }
    };
    let (Some(level), Ok(indent)) = (level, u16::try_from(2 * depth)) else { return };
    let sign = canvas.signs().level(Some(level));
    let role = level_role(Some(level));
    if level == Level::Critical && matches!(pick, Pick::Group(_)) {
        let x = 2 + indent;
        let block = Rect { x: area.x + x, width: 3.min(area.width.saturating_sub(x)), ..area };
        canvas.clear(block, role);
        canvas.put(block, 1, 0, role, sign);
    } else {
        canvas.put(area, 3 + indent, 0, role, sign);
    }
}

fn heading(
    ground: &Ground<'_>,
    groups: &Groups,
    canvas: &mut Canvas<'_>,
    area: Rect,
    columns: &Columns,
) {
    let under = canvas.signs().under();
    let grouping = match ground.tree.grouping() {
        Grouping::RuleContainer => format!("rule {under} container"),
        Grouping::ContainerRule => format!("container {under} rule"),
        Grouping::Host => format!("host {under} rule {under} container"),
        Grouping::NamespacePod => format!("namespace {under} pod {under} rule"),
        Grouping::Flat => "all alerts by time".to_owned(),
    };
    // What the column says at its right must not run into it.
    let room = match ground.tree.grouping() {
        Grouping::Flat => area.width,
        _ => columns.count_end.saturating_sub(6).min(area.width),
    };
    let x = canvas.put(Rect { width: room, ..area }, 1, 0, Role::Heading, &grouping);
    if ground.tree.grouping() != Grouping::Flat {
        let by = format!("by {}", groups.sort().name());
        let room = columns.count_end.saturating_sub(6);
        let at = x + 2;
        if usize::from(at) + by.len() < usize::from(room) {
            canvas.put(area, at, 0, Role::Muted, &by);
        }
        canvas.put(area, columns.count_end.saturating_sub(5), 0, Role::Muted, "count");
        canvas.put_right(
            Rect { width: area.width.saturating_sub(1), ..area },
            0,
            Role::Muted,
            "last",
        );
    }
    if let Some(spark) = columns.spark
        && ground.tree.grouping() != Grouping::Flat
        && usize::from(x) + 14 < usize::from(spark)
    {
        canvas.put(area, spark, 0, Role::Muted, "last hour");
    }
}

fn group(
    ground: &Ground<'_>,
    groups: &Groups,
    canvas: &mut Canvas<'_>,
    area: Rect,
    columns: &Columns,
    (id, node, depth): (NodeId, &Node, usize),
) {
    let signs = canvas.signs();
    let fresh = groups.fresh(id, ground.tree);
    if fresh > 0 {
        canvas.put(area, 1, 0, Role::New, signs.fresh());
    }
    let level = (node.stat.assessed > 0).then(|| urgency(&node.stat));
    let mut x = 3 + 2 * u16::try_from(depth).unwrap_or(0);
    // While nobody has assessed the group its sign is Falco's own word, pale.
    let sign_role = if level.is_some() { level_role(level) } else { Role::Muted };
    canvas.put(area, x, 0, sign_role, signs.level(level.or(Some(urgency(&node.stat)))));
    let is_inner = is_inner(node);
    let end = if is_inner { columns.count_end.saturating_sub(7) } else { columns.name_end };
    let names = Rect { width: end.min(area.width), ..area };
    let role = match level {
        Some(Level::Critical) => Role::PriorityCritical,
        Some(Level::Benign | Level::Low) => Role::Muted,
        _ if depth == 0 => Role::Strong,
        _ => Role::Text,
    };
    let (name, more) = name_of(ground, node);
    let name = text::shown(&name, usize::from(names.width));
    if level == Some(Level::Critical) {
        // The sign is a block that is seen from across the room; a list of red names stays readable.
        canvas.put(area, x.saturating_sub(1), 0, sign_role, &format!(" {} ", signs.level(level)));
    }
    x = canvas.put(names, x + 2, 0, role, &name);
    let known = ground.store.row(node.stat.newest).and_then(|row| ground.known.get(&row.cell));
    let is_folded = node.children.is_empty() || !groups.order.is_open(id, node);
    if let Some(known) = known.filter(|_| is_folded) {
        x = canvas.put(names, x + 1, 0, Role::FactDown, &format!("({})", text::shown(known, 30)));
    }
    let stands = stands(ground, node, canvas.settings);
    let more = stands.unwrap_or(more);
    if !more.is_empty() && x + 6 < names.width {
        canvas.put(
            names,
            x + 2,
            0,
            Role::Muted,
            &text::shown(&more, usize::from(names.width - x - 2)),
        );
    }
    if let Some(spark) = columns.spark
        && let Some(bars) = groups.sparks.sparks.get(&id)
        && !is_inner
    {
        draw_bars(canvas, area, spark, &bars.bars);
    }
    let count = text::count(node.stat.count.into());
    let counts = Rect { width: columns.count_end.min(area.width), ..area };
    canvas.put_right(counts, 0, if fresh > 0 { Role::New } else { Role::Text }, &count);
    let last = times::short(
        node.stat.last,
        ground.now,
        canvas.settings,
        usize::from(area.width.saturating_sub(2 + columns.count_end)),
    );
    canvas.put_right(Rect { width: area.width.saturating_sub(1), ..area }, 0, Role::Muted, &last);
}

/// How a group stands, where somebody decided about it; raw.
fn stands(ground: &Ground<'_>, node: &Node, settings: &Settings) -> Option<String> {
    if !node.children.is_empty() {
        return None;
    }
    if ground.desk.class(node.stat.newest) == Class::Muted {
        let ends = times::nanos(ground.desk.mutes.hider(node.stat.newest)?.made.ends);
        return Some(format!("muted until {}", times::short(Some(ends), ground.now, settings, 20)));
    }
    let standing = ground.desk.standing(ground.store, node.stat.newest)?;
    let words = crate::ui::desk::words(&standing, 0, ground.now);
    let saving = if standing.is_saving { ", saving…" } else { "" };
    let back = if standing.came_back { "back: " } else { "" };
    (!words.is_empty()).then(|| format!("{back}{words}{saving}"))
}

fn draw_bars(canvas: &mut Canvas<'_>, area: Rect, x: u16, bars: &[u32]) {
    let most = bars.iter().copied().max().unwrap_or(0);
    for (at, bar) in (0u16..).zip(bars) {
        if *bar > 0 {
            canvas.put(area, x + at, 0, Role::Sparkline, canvas.signs().bar(*bar, most));
        }
    }
}

fn alert(ground: &Ground<'_>, canvas: &mut Canvas<'_>, area: Rect, depth: usize, id: AlertId) {
    let Some(row) = ground.store.row(id) else { return };
    let x = 3 + 2 * u16::try_from(depth).unwrap_or(0);
    let level = row.level;
    let role = if level.is_some() { level_role(level) } else { Role::Muted };
    canvas.put(area, x, 0, role, canvas.signs().level(level.or(Some(start(row.priority)))));
    let time = times::exact(row.nanos, ground.now, canvas.settings);
    let mut x = canvas.put(area, x + 2, 0, Role::Muted, &time) + 2;
    if ground.tree.grouping() == Grouping::Flat {
        let room = usize::from(area.width.saturating_sub(x)) * 3 / 5;
        x = canvas.put(area, x, 0, Role::Text, &text::shown(row.rule_name(), room)) + 2;
        let place = row.container.name.or(row.container.id).or(row.hostname).unwrap_or("");
        x = canvas.put(area, x, 0, Role::Muted, &text::shown(place, 40)) + 2;
    }
    let process = row.process.unwrap_or("");
    x = canvas.put(area, x, 0, Role::Text, &text::shown(process, 40));
    let priority = row.priority.map_or("unknown priority", crate::model::Priority::name);
    if usize::from(x) + priority.len() + 2 < usize::from(area.width)
        && ground.tree.grouping() != Grouping::Flat
    {
        canvas.put_right(
            Rect { width: area.width.saturating_sub(1), ..area },
            0,
            Role::Muted,
            priority,
        );
    }
}

/// What a group is called, and what else says where it is. Raw: the caller makes it printable.
pub fn name_of(ground: &Ground<'_>, node: &Node) -> (String, String) {
    let names = ground.store.names();
    let text = |sym: Sym| names.text(sym).map(str::to_owned);
    let place = &node.place;
    let full = |id: &str| id.chars().take(12).collect::<String>();
    match node.key {
        Key::Rule(sym) => (text(sym).unwrap_or_else(|| "(no rule name)".to_owned()), String::new()),
        Key::Container(sym) => {
            let id = text(sym).unwrap_or_default();
            if id == "host" {
                let host = text(place.hostname).unwrap_or_default();
                return ("host".to_owned(), host);
            }
            if id.is_empty() {
                let name = text(place.container_name).unwrap_or_default();
                return if name.is_empty() {
                    ("(container id is empty)".to_owned(), String::new())
                } else {
                    (name, "container id is empty".to_owned())
                };
            }
            let name = text(place.container_name).filter(|name| !name.is_empty());
            let pod = text(place.pod).filter(|pod| !pod.is_empty());
            let more = match (text(place.namespace), pod, text(place.image)) {
                (Some(namespace), Some(pod), _) => format!("{namespace}/{pod}"),
                (_, _, Some(image)) => image,
                _ if name.is_some() => full(&id),
                _ => String::new(),
            };
            (name.unwrap_or_else(|| full(&id)), more)
        }
        Key::ContainerName(sym) => {
            (text(sym).unwrap_or_default(), "container id unknown".to_owned())
        }
        Key::NoContainer => ("no container".to_owned(), text(place.hostname).unwrap_or_default()),
        Key::Host(sym) => (text(sym).unwrap_or_else(|| "unknown host".to_owned()), String::new()),
        Key::Namespace(sym) => {
            (text(sym).unwrap_or_else(|| "no namespace".to_owned()), String::new())
        }
        Key::Pod(sym) => (text(sym).unwrap_or_else(|| "no pod".to_owned()), String::new()),
        Key::Beyond => ("other containers".to_owned(), "too many to keep apart".to_owned()),
    }
}
