//! The third tab: what Falco said, name by name, with what it means; missing ones are marked.

use super::detail::Ctx;
use crate::model::{Flag, Value};
use crate::query::fields;
use crate::text::{count, printable, shown, width};
use crate::theme::Role;
use crate::ui::msg::Look;
use crate::ui::paint::Line;
use crate::ui::times;
use crate::ui::widget::prose::Prose;

/// Characters of a value that are shown while it is not selected, and when it is.
const BRIEF: usize = 600;
const LONG: usize = 16_384;

/// One row: a name, and what stands under it.
pub struct Row {
    pub name: String,
    pub value: Option<String>,
    /// Whether it can be used in a filter as it stands.
    pub is_field: bool,
}

/// All rows, in the order shown: the alert's own keys, its output fields, what is missing.
pub fn rows(look: &Look) -> Vec<Row> {
    let alert = &look.alert;
    let own =
        |name: &str, value: Option<String>| Row { name: name.to_owned(), value, is_field: false };
    let text = |value: &Option<Box<str>>| value.as_deref().map(str::to_owned);
    let mut rows = vec![
        own("rule", text(&alert.rule)),
        own(
            "priority",
            alert
                .priority
                .map(|priority| priority.name().to_owned())
                .or_else(|| text(&alert.priority_text)),
        ),
        own("time", alert.time.map(|time| time.to_string())),
        own("source", text(&alert.event_source)),
        own("hostname", text(&alert.hostname)),
    ];
    if alert.uuid.is_some() {
        rows.push(own("uuid", text(&alert.uuid)));
    }
    rows.push(own("tags", (!alert.tags.is_empty()).then(|| alert.tags.join(", "))));
    rows.push(own("output", text(&alert.output)));
    rows.extend(alert.fields.iter().map(|(name, value)| Row {
        name: name.to_owned(),
        value: (!value.is_missing()).then(|| value.display().into_owned()),
        is_field: true,
    }));
    let absent =
        look.analysis.missing.iter().filter(|missing| alert.fields.get(&missing.field).is_none());
    let mut last = String::new();
    for missing in absent {
        if missing.field != last {
            rows.push(Row { name: missing.field.clone(), value: None, is_field: true });
            last.clone_from(&missing.field);
        }
    }
    let origin = &alert.origin;
    let line =
        if origin.line > 0 { format!(", line {}", count(origin.line)) } else { String::new() };
    rows.push(own(
        "read from",
        Some(format!("{}, byte {}{line}", origin.source, count(origin.offset))),
    ));
    rows
}

/// Writes the tab.
pub fn lines(ctx: &Ctx<'_>) -> Vec<Line> {
    let mut prose = Prose::new(ctx.width);
    let rows = rows(ctx.look);
    let longest = rows.iter().map(|row| width(&printable(&row.name))).max().unwrap_or(0);
    let beside = usize::from(ctx.width) >= 56;
    let column = if beside { longest.clamp(8, 26) } else { 0 };
    for (at, row) in rows.iter().enumerate() {
        let start = prose.lines.len();
        write(ctx, row, at == ctx.cursor, column, &mut prose);
        for line in prose.lines.iter_mut().skip(start) {
            line.item = Some(at);
        }
    }
    let flags: Vec<Flag> = ctx.look.alert.flags.iter().collect();
    if !flags.is_empty() {
        prose.heading("Noticed while reading");
        for flag in flags {
            prose.lead("· ", Role::Muted, 1, Role::Text, flag.says());
        }
    }
    prose.lines
}

fn write(ctx: &Ctx<'_>, row: &Row, selected: bool, column: usize, prose: &mut Prose) {
    let mark = if selected { ctx.settings.signs.cursor() } else { " " };
    let name = shown(&row.name, column.max(prose.room().saturating_sub(2)).min(60));
    let (value_role, value) = match &row.value {
        None => (Role::Missing, "not known".to_owned()),
        Some(text) if text.is_empty() => (Role::Missing, "empty".to_owned()),
        Some(text) => (Role::FieldValue, value_of(ctx, row, text, selected)),
    };
    if column == 0 || width(&name) > column {
        prose.push(Line::of(Role::Key, mark).and(Role::FieldName, name));
        prose.text(value_role, column + 3, &value);
    } else {
        let start = prose.lines.len();
        prose.text(value_role, column + 3, &value);
        if let Some(first) = prose.lines.get_mut(start)
            && let Some(blank) = first.spans.first_mut()
        {
            blank.text = " ".repeat(column + 2 - width(&name));
            first.spans.insert(0, crate::ui::paint::Span { role: Role::FieldName, text: name });
            first
                .spans
                .insert(0, crate::ui::paint::Span { role: Role::Key, text: mark.to_owned() });
        }
    }
    if let Some(says) = meaning(ctx, row) {
        prose.text(Role::Text, column + 3, &says);
    }
    if let Some(says) = description(&row.name).filter(|_| row.is_field) {
        prose.text(Role::Muted, column + 3, says);
    }
}

/// What a field is, in one line: `proc.aname[2]` and `evt.arg.flags` have that of the field they are made from.
fn description(name: &str) -> Option<&'static str> {
    let bare = name.split('[').next().unwrap_or(name);
    let entry = fields::find(bare).or_else(|| fields::find_dotted(bare).map(|(entry, _)| entry))?;
    Some(entry.says)
}

fn value_of(ctx: &Ctx<'_>, row: &Row, text: &str, selected: bool) -> String {
    let most = if selected { LONG } else { BRIEF };
    let mut value = shown(text, most);
    if value.ends_with('…') && width(&value) >= most.saturating_sub(1) {
        let all = text.chars().count();
        value.push_str(&format!(" ({} characters; select it to see more)", count(all as u64)));
    }
    // Falco writes instants as nanoseconds.
    let is_time = row.name.ends_with("_ts") || row.name == "evt.time" || row.name == "evt.rawtime";
    if is_time
        && let Some(Value::Number(digits)) = ctx.look.alert.fields.get(&row.name)
        && let Ok(nanos) = digits.parse::<i64>()
        && let Some(time) = times::timestamp(nanos)
    {
        value += &format!("  = {}", times::full(time, ctx.now, ctx.settings));
    }
    value
}

fn meaning(ctx: &Ctx<'_>, row: &Row) -> Option<String> {
    let analysis = &ctx.look.analysis;
    if row.value.is_none() {
        let missing = analysis.missing.iter().find(|missing| missing.field == row.name)?;
        return Some(printable(&missing.why).into_owned());
    }
    let fact = analysis.facts.iter().find(|fact| fact.field == row.name)?;
    Some(printable(&fact.says).into_owned())
}
