//! Reads the columns of a plain text alert straight from its line, with the same steps as the careful decoder but without
//! building an alert; whatever might be read otherwise there is refused.

mod clocks;
mod shapes;

use super::Found;
use super::keys::Column;
use super::quotes::{bits, controls};
use crate::decode::record::CUT;
use crate::decode::templates::{Met, Templates};
use crate::decode::{Context, body, cut, text, time};
use crate::model::spelling::has_spelled;
use crate::model::{Columns, Flag, Flags, Priority};
use clocks::{Clocks, Time};
use memchr::memmem::Finder;
use shapes::{Lies, MOST_SIGNS, Places, Reading, Shapes};
use std::sync::Arc;
use wide::u8x16;

/// Longer lines are left to the careful decoder.
const LONGEST: usize = 64 << 10;
/// Fields that say when it happened, before any clock does.
const TIMES: [&str; 5] =
    ["evt.time", "evt.time.iso8601", "evt.rawtime", "evt.datetime", "jevt.rawtime"];

/// What is kept from one line to the next.
#[derive(Debug)]
pub(super) struct Words {
    /// Where `=` stands in the line.
    signs: Vec<u32>,
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
            signs: Vec::new(),
            clocks: Clocks::default(),
            cut: Finder::new(b"[...]"),
            learned: None,
            places: Places::default(),
            keys: cut::Keys::default(),
        }
    }
}

/// The texts of columns.
type Texts<'a> = [Option<&'a [u8]>; Column::COUNT];

impl Words {
    /// Reads the first line of some bytes.
    pub fn record<'a>(&mut self, bytes: &'a [u8], ctx: &'a Context) -> Option<Found<'a>> {
        let time = self.clocks.read(bytes, ctx)?;
        let (priority, n_word) = text::priority(bytes.get(time.used..)?)?;
        let seen = look(bytes, &mut self.signs)?;
        let line = bytes.get(..seen.len)?;
        let start = time.used + n_word + 1;
        let message = self.plain(line, start, seen.is_ascii)?;
        let mut flags = flags(time, ctx);
        let (texts, known) = self.texts(message, start, priority, ctx)?;
        let known = known.and_then(|place| ctx.templates.at(place));
        flags.set(if known.is_some() { Flag::RuleFromText } else { Flag::RuleMissing });
        match known.map(|known| &*known.source) {
            None => flags.set(Flag::SourceUnknown),
            Some("internal") => flags.set(Flag::Internal),
            Some(_) => {}
        }
        let columns = Columns {
            time: time.nanoseconds,
            priority: Some(priority),
            rule: known.map(|known| known.rule.as_bytes()),
            event_source: known.map(|known| known.source.as_bytes()),
            flags,
            ..columns_of(&texts)?
        };
        let len = u32::try_from(seen.len).ok()?;
        Some(Found { columns, len, values: None, is_plain: !has_spelled(line) })
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

    /// The texts of a message's columns, and the place of its rule's template; the message begins at `start`.
    fn texts<'a>(
        &mut self,
        message: &'a [u8],
        start: usize,
        priority: Priority,
        ctx: &Context,
    ) -> Option<(Texts<'a>, Option<u32>)> {
        let learned = match &mut self.learned {
            Some(learned) if Arc::ptr_eq(&learned.templates, &ctx.templates) => learned,
            learned => learned.insert(Learned::new(&ctx.templates)),
        };
        let group = ctx.templates.group(message, &mut learned.met);
        // Where several rules print the same text, the priority helps to tell them apart.
        let kind = group.map(|group| (group, ctx.templates.is_shared(group).then_some(priority)));
        // No sign stands before the message.
        let signs = || self.signs.iter().map(|sign| (*sign as usize).wrapping_sub(start));
        let reading = if self.signs.len() > MOST_SIGNS {
            None
        } else {
            learned.shapes.find(kind, message, signs(), &ctx.templates, &mut self.places)
        };
        let mut texts = Texts::default();
        let mut put = |column: Column, from: usize, to: usize| {
            *texts.get_mut(column as usize)? = Some(trim(message.get(from..to)?)?);
            Some(())
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
                if self.signs.len() <= MOST_SIGNS {
                    let said = columns.as_deref().map(|columns| (known, columns));
                    learned.shapes.note(kind, message, signs(), &ctx.templates, said);
                }
                for (column, from, to) in columns? {
                    put(column, from, to)?;
                }
                known
            }
        };
        Some((texts, known))
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

/// What was seen in a line.
struct Seen {
    /// Bytes before the newline.
    len: usize,
    /// False also where only what follows is not.
    is_ascii: bool,
}

/// Finds the end of a line and where `=` stands in it; refuses other control characters.
fn look(bytes: &[u8], signs: &mut Vec<u32>) -> Option<Seen> {
    signs.clear();
    let (blocks, rest) = bytes.as_chunks::<64>();
    let mut last = [b' '; 64];
    last.get_mut(..rest.len())?.copy_from_slice(rest);
    let mut all = u8x16::splat(0);
    let mut start = 0;
    for block in blocks.iter().chain([&last]) {
        let (parts, _) = block.as_chunks::<16>();
        let mut equal = 0;
        let (mut delete, mut least) = (u8x16::splat(0), u8x16::splat(u8::MAX));
        for (n, part) in parts.iter().enumerate() {
            let part = u8x16::new(*part);
            equal |= u64::from(part.simd_eq(u8x16::splat(b'=')).to_bitmask()) << (n * 16);
            delete |= part.simd_eq(u8x16::splat(0x7f));
            least = least.min(part);
            all |= part;
        }
        let odd = delete | least.min(u8x16::splat(0x1f)).simd_eq(least);
        let mut end = None;
        if odd.to_bitmask() != 0 {
            let first = bits(block, controls).trailing_zeros();
            if block.get(first as usize) != Some(&b'\n') {
                return None;
            }
            equal &= (1 << first) - 1;
            end = Some((start + first) as usize);
        }
        while equal != 0 {
            signs.push(start + equal.trailing_zeros());
            equal &= equal - 1;
        }
        if let Some(len) = end {
            let is_ascii = all & u8x16::splat(0x80) == u8x16::splat(0);
            return (len <= LONGEST).then_some(Seen { len, is_ascii });
        }
        start += 64;
        if start as usize > LONGEST {
            return None;
        }
    }
    None
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
        [inner @ .., b')'] if inner.iter().all(|byte| *byte != b'(') => return Some(inner),
        [.., b')'] => {}
        [.., last] if last.is_ascii_graphic() => return Some(inner),
        _ => {}
    }
    Some(cut::trim(str::from_utf8(value).ok()?).as_bytes())
}

/// Puts texts where they belong; refuses those that say more than a column.
fn columns_of<'a>(texts: &Texts<'a>) -> Option<Columns<'a, [u8]>> {
    let field = |column: Column| {
        texts.get(column as usize).copied().flatten().filter(|text| *text != b"<NA>")
    };
    let full = |column: Column| field(column).filter(|text| !text.is_empty());
    let first = |columns: [Column; 3]| columns.into_iter().find_map(full);
    let container_id = field(Column::ContainerId);
    if container_id.is_some_and(|id| {
        memchr::memchr(b'(', id).is_some() && id.windows(5).any(|part| part == b" (id=")
    }) {
        return None;
    }
    Some(Columns {
        container_id,
        container_name: field(Column::ContainerName),
        image: field(Column::ImageRepository).or_else(|| field(Column::Image)),
        namespace: first([Column::Namespace, Column::MetaNamespace, Column::AuditNamespace]),
        pod: first([Column::Pod, Column::MetaPod, Column::AuditPod]),
        process: field(Column::Process),
        ..Columns::default()
    })
}
