//! Reads the columns of a plain text alert straight from its line, with the same steps as the careful decoder but without
//! building an alert; whatever might be read otherwise there is refused.

use super::keys::Column;
use crate::decode::{
    Context, body, cut,
    text::{self, Clock},
    time,
};
use crate::model::{Columns, Flag, Flags, Priority};
use jiff::{Timestamp, tz::TimeZone};
use wide::u8x16;

/// Longer lines are left to the careful decoder.
const LONGEST: usize = 64 << 10;
/// Fields that say when it happened, before any clock does.
const TIMES: [&str; 5] =
    ["evt.time", "evt.time.iso8601", "evt.rawtime", "evt.datetime", "jevt.rawtime"];

/// What is kept from one line to the next.
#[derive(Debug)]
pub(super) struct Words {
    keys: cut::Keys,
    /// Where `=` stands in the line.
    signs: Vec<u32>,
    minute: Option<Minute>,
}

impl Default for Words {
    fn default() -> Self {
        Self { keys: cut::Keys::learning(), signs: Vec::new(), minute: None }
    }
}

/// A minute of a local clock whose every moment follows on the one before.
#[derive(Debug)]
struct Minute {
    number: i64,
    near: Timestamp,
    zone: TimeZone,
    /// Nanoseconds since 1970 when it began.
    began: i64,
}

impl Words {
    /// The columns of a line without its newline.
    pub fn columns<'a>(&mut self, line: &'a [u8], ctx: &'a Context) -> Option<Columns<'a>> {
        if line.len() > LONGEST {
            return None;
        }
        let head = text::head(line)?;
        look(line, &mut self.signs)?;
        if line.len() >= 512 && memchr::memmem::find(line, b"[...]").is_some() {
            return None;
        }
        let line = str::from_utf8(line).ok()?;
        if line.ends_with(char::is_whitespace) {
            return None;
        }
        let message = line.get(head.message..)?;
        if body::is_unclosed(message.as_bytes()) || message.starts_with("Falco") {
            return None;
        }
        let priority = Priority::parse(line.get(head.word.0..head.word.1)?)?;
        let mut flags = Flags::default();
        flags.set(Flag::Text);
        flags.set(Flag::Unverified);
        let time = match head.clock {
            Clock::Date(stamp) if stamp.has_zone => {
                Some(i64::try_from(stamp.time.as_nanosecond()).ok()?)
            }
            Clock::Date(_) => return None,
            Clock::Local(second, nanosecond) => {
                flags.set(Flag::LocalClock);
                self.local(second, nanosecond, ctx)
            }
        };
        match time {
            Some(time) => {
                if time::is_odd(Timestamp::from_nanosecond(time.into()).ok()?, ctx) {
                    flags.set(Flag::TimeOdd);
                }
            }
            None => flags.set(Flag::TimeMissing),
        }
        let known = ctx.templates.find(message, Some(priority));
        flags.set(if known.is_some() { Flag::RuleFromText } else { Flag::RuleMissing });
        let event_source = known.map(|known| &*known.source);
        match event_source {
            None => flags.set(Flag::SourceUnknown),
            Some("internal") => flags.set(Flag::Internal),
            Some(_) => {}
        }
        let mut columns = Columns {
            time,
            priority: Some(priority),
            rule: known.map(|known| &*known.rule),
            event_source,
            flags,
            ..Columns::default()
        };
        let mut found = Vec::with_capacity(24);
        let from = head.message;
        let signs = self.signs.iter().filter_map(|sign| (*sign as usize).checked_sub(from));
        self.keys.read_at(message, signs);
        cut::find(message, known, &self.keys, &mut found);
        fill(&mut columns, cut::values(message, &found))?;
        Some(columns)
    }

    /// A clock without a date, on the latest day on which it can have shown this.
    fn local(&mut self, second: i64, nanosecond: i32, ctx: &Context) -> Option<i64> {
        let near = ctx.written_at?;
        let at = |second, nanosecond| {
            let time = time::on_latest_day(second, nanosecond, near, &ctx.zone)?;
            i64::try_from(time.as_nanosecond()).ok()
        };
        let (number, within) = (second.div_euclid(60), second.rem_euclid(60));
        let is_known = self.minute.as_ref().is_some_and(|minute| {
            minute.number == number && minute.near == near && minute.zone == ctx.zone
        });
        if !is_known {
            self.minute = None;
            let (began, ended) = (at(number * 60, 0)?, at(number * 60 + 59, 999_999_999)?);
            if ended - began != 59_999_999_999 {
                return at(second, nanosecond);
            }
            self.minute = Some(Minute { number, near, zone: ctx.zone.clone(), began });
        }
        let began = self.minute.as_ref()?.began;
        Some(began + within * 1_000_000_000 + i64::from(nanosecond))
    }
}

/// Notes where `=` stands in a line; refuses control characters.
fn look(line: &[u8], signs: &mut Vec<u32>) -> Option<()> {
    signs.clear();
    let mut odd = u8x16::splat(0);
    let mut start = 0_u32;
    let mut take = |part: u8x16| {
        odd |= super::controls(part);
        let mut found = part.simd_eq(u8x16::splat(b'=')).to_bitmask();
        while found != 0 {
            signs.push(start + found.trailing_zeros());
            found &= found - 1;
        }
        start += 16;
    };
    let (parts, rest) = line.as_chunks::<16>();
    for part in parts {
        take(u8x16::new(*part));
    }
    let mut last = [b' '; 16];
    last.get_mut(..rest.len())?.copy_from_slice(rest);
    take(u8x16::new(last));
    (odd.to_bitmask() == 0).then_some(())
}

/// Puts fields where they belong; refuses those that say more than a column.
fn fill<'a>(
    columns: &mut Columns<'a>,
    fields: impl Iterator<Item = (&'a str, &'a str)>,
) -> Option<()> {
    let mut values = [None; Column::COUNT];
    for (name, value) in fields {
        // Most fields are neither columns nor times.
        if !matches!(name.as_bytes().first(), Some(b'c' | b'k' | b'p' | b'e' | b'j')) {
            continue;
        }
        if let Some(column) = Column::of(name.as_bytes()) {
            // A field that stands there twice is what it was first.
            if let Some(slot) = values.get_mut(column as usize)
                && slot.is_none()
            {
                *slot = Some(cut::trim(value));
            }
        } else if TIMES.contains(&name) {
            return None;
        }
    }
    let field = |column: Column| {
        values.get(column as usize).copied().flatten().filter(|value| *value != "<NA>")
    };
    let first = |columns: [Column; 3]| {
        columns.into_iter().find_map(|column| field(column).filter(|value| !value.is_empty()))
    };
    columns.container_id = field(Column::ContainerId);
    if columns.container_id.is_some_and(|id| id.contains(" (id=")) {
        return None;
    }
    columns.container_name = field(Column::ContainerName);
    columns.image = field(Column::ImageRepository).or_else(|| field(Column::Image));
    columns.namespace = first([Column::Namespace, Column::MetaNamespace, Column::AuditNamespace]);
    columns.pod = first([Column::Pod, Column::MetaPod, Column::AuditPod]);
    columns.process = field(Column::Process);
    Some(())
}
