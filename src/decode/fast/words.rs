//! Reads the columns of a plain text alert straight from its line, with the same steps as the careful decoder but without
//! building an alert; whatever might be read otherwise there is refused.

mod clocks;
mod shapes;
mod signs;

use super::Found;
use super::texts::{Column, Texts};
use crate::decode::record::CUT;
use crate::decode::templates::{Met, Templates};
use crate::decode::{Context, body, cut, text, time};
use crate::model::spelling::has_spelled;
use crate::model::{Columns, Flag, Flags, Priority};
use clocks::{Clocks, Time};
use memchr::memmem::Finder;
use shapes::{Lies, MOST_SIGNS, Places, Reading, Shapes};
use signs::Signs;
use std::sync::Arc;

/// Fields that say when it happened, before any clock does.
const TIMES: [&str; 5] =
    ["evt.time", "evt.time.iso8601", "evt.rawtime", "evt.datetime", "jevt.rawtime"];

/// What is kept from one line to the next.
#[derive(Debug)]
pub(super) struct Words {
    signs: Signs,
    clocks: Clocks,
    /// How falcosidekick ends a text that it cut.
    cut: Finder<'static>,
    learned: Option<Learned>,
    /// Of the keys of one message: the places of their signs.
    places: Places,
    /// The keys of a message of a new shape, for their room.
    keys: cut::Keys,
}

/// What was learned of messages, for one set of templates.
#[derive(Debug)]
struct Learned {
    templates: Arc<Templates>,
    met: Met,
    shapes: Shapes,
}

impl Default for Words {
    fn default() -> Self {
        Self {
            signs: Signs::default(),
            clocks: Clocks::default(),
            cut: Finder::new(b"[...]"),
            learned: None,
            places: Places::default(),
            keys: cut::Keys::default(),
        }
    }
}

impl Words {
    /// Reads the first line of some bytes.
    pub fn record<'a>(&mut self, bytes: &'a [u8], ctx: &'a Context) -> Option<Found<'a>> {
        let time = self.clocks.read(bytes, ctx)?;
        let (priority, n_word) = text::priority(bytes.get(time.used..)?)?;
        // What stands before the message was looked at byte by byte.
        let start = time.used + n_word + 1;
        let seen = self.signs.find(bytes.get(start..)?)?;
        let len = start + seen.len;
        let line = bytes.get(..len)?;
        let message = self.plain(line, start, seen.is_ascii)?;
        let mut flags = flags(time, ctx);
        let mut texts = Texts::default();
        let known = self.texts(message, priority, ctx, &mut texts)?;
        let known = known.and_then(|place| ctx.templates.at(place));
        flags.set(if known.is_some() { Flag::RuleFromText } else { Flag::RuleMissing });
        match known.map(|known| &*known.source) {
            None => flags.set(Flag::SourceUnknown),
            Some("internal") => flags.set(Flag::Internal),
            Some(_) => {}
        }
        if texts.get(Column::ContainerId).is_some_and(is_name_with_id) {
            return None;
        }
        Some(Found {
            columns: Columns {
                time: time.nanoseconds,
                priority: Some(priority),
                rule: known.map(|known| known.rule.as_bytes()),
                event_source: known.map(|known| known.source.as_bytes()),
                flags,
                ..texts.columns()
            },
            len: u32::try_from(len).ok()?,
            values: None,
            is_plain: !has_spelled(line),
        })
    }

    /// The message of a line, unless the line must be read with care.
    fn plain<'a>(&self, line: &'a [u8], start: usize, is_ascii: bool) -> Option<&'a [u8]> {
        let message = line.get(start..)?;
        let is_cut = line.len() >= CUT && self.cut.find(line).is_some();
        let may_be_unclosed = line.last() != Some(&b')') && memchr::memchr(b'(', message).is_some();
        if is_cut
            || message.starts_with(b"Falco")
            || (may_be_unclosed && body::is_unclosed(message))
        {
            return None;
        }
        // Of control characters there are none.
        let ends_blank = if is_ascii {
            line.last() == Some(&b' ')
        } else {
            simdutf8::basic::from_utf8(line).ok()?.ends_with(char::is_whitespace)
        };
        (!ends_blank).then_some(message)
    }

    /// Finds the texts of a message's columns, and the place of its rule's template.
    #[expect(clippy::option_option, reason = "refused, no rule known, the place of its template")]
    fn texts<'a>(
        &mut self,
        message: &'a [u8],
        priority: Priority,
        ctx: &Context,
        texts: &mut Texts<'a>,
    ) -> Option<Option<u32>> {
        let learned = match &mut self.learned {
            Some(learned) if Arc::ptr_eq(&learned.templates, &ctx.templates) => learned,
            learned => learned.insert(Learned::new(&ctx.templates)),
        };
        let group = ctx.templates.group(message, &mut learned.met);
        // Where several rules print the same text, the priority helps to tell them apart.
        let kind = group.map(|group| (group, ctx.templates.is_shared(group).then_some(priority)));
        let signs = self.signs.places();
        let reading = if signs.len() > MOST_SIGNS {
            None
        } else {
            learned.shapes.find(kind, message, signs, &ctx.templates, &mut self.places)
        };
        let mut put = |column: Column, from: usize, to: usize| {
            let text = trim(message.get(from..to)?)?;
            if text == b"<NA>" { Some(()) } else { texts.put(column as usize, text) }
        };
        let known = match reading {
            Some(Reading::Careful) => return None,
            Some(Reading::Columns(known, spans)) => {
                for span in spans {
                    let (from, to) = span.within(&self.places, message.len())?;
                    put(span.column, from, to)?;
                }
                *known
            }
            None => {
                let text = str::from_utf8(message).ok()?;
                let known =
                    group.and_then(|group| ctx.templates.choose(group, text, Some(priority)));
                self.keys.read(text);
                let columns = columns(text, known, &self.keys, &ctx.templates);
                if signs.len() <= MOST_SIGNS {
                    let said = columns.as_deref().map(|columns| (known, columns));
                    learned.shapes.note(kind, message, signs, &ctx.templates, said);
                }
                for (column, from, to) in columns? {
                    put(column, from, to)?;
                }
                known
            }
        };
        Some(known)
    }
}

impl Learned {
    fn new(templates: &Arc<Templates>) -> Self {
        Self { templates: Arc::clone(templates), met: Met::new(), shapes: Shapes::new(templates) }
    }
}

/// What is odd about every text alert, and about its time.
fn flags(time: Time, ctx: &Context) -> Flags {
    let mut flags = Flags::default();
    flags.set(Flag::Text);
    flags.set(Flag::Unverified);
    if time.is_local {
        flags.set(Flag::LocalClock);
    }
    match time.nanoseconds {
        Some(time) if is_odd(time, ctx) => flags.set(Flag::TimeOdd),
        Some(_) => {}
        None => flags.set(Flag::TimeMissing),
    }
    flags
}

/// Whether a time, in nanoseconds since 1970, is an odd one.
fn is_odd(time: i64, ctx: &Context) -> bool {
    let begins = |second: i64| second.saturating_mul(1_000_000_000);
    time < begins(time::FIRST_FALCO) || time >= begins(time::latest(ctx).saturating_add(1))
}

/// The columns of a message, from where to where; `None` when it says more than columns hold.
fn columns(
    message: &str,
    known: Option<u32>,
    keys: &cut::Keys,
    templates: &Templates,
) -> Option<Vec<Lies>> {
    let mut found = Vec::with_capacity(24);
    cut::find(message, known.and_then(|place| templates.at(place)), keys, &mut found);
    let mut columns: Vec<Lies> = Vec::new();
    for (name, from, to) in cut::spans(message, &found) {
        if let Some(column) = Column::of(name.as_bytes()) {
            // A field that stands there twice is what it was first.
            if !columns.iter().any(|(other, ..)| *other == column) {
                columns.push((column, from, to));
            }
        } else if TIMES.contains(&name) {
            return None;
        }
    }
    Some(columns)
}

/// [`cut::trim`] for bytes of text.
#[inline]
fn trim(value: &[u8]) -> Option<&[u8]> {
    let inner = value.strip_suffix(b" ").unwrap_or(value);
    match inner {
        [b' ', ..] => {}
        [.., b',' | b'|'] => {}
        [inner @ .., b')'] if memchr::memchr(b'(', inner).is_none() => return Some(inner),
        [.., b')'] => {}
        [.., last] if last.is_ascii_graphic() => return Some(inner),
        _ => {}
    }
    Some(cut::trim(str::from_utf8(value).ok()?).as_bytes())
}

/// Whether a container's id is `name (id=0123456789ab)`, which says more than a column.
#[inline]
fn is_name_with_id(id: &[u8]) -> bool {
    id.contains(&b'(') && id.windows(5).any(|part| part == b" (id=")
}
