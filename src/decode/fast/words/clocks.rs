//! The times that text alerts begin with. Most lines are of the same minute as the one before, in the same form.

use super::super::stamp;
use crate::decode::text::{self, Clock};
use crate::decode::{Context, time};
use jiff::{Timestamp, tz::TimeZone};
use wide::u8x16;

/// Reads times; keeps the minute of the last one.
#[derive(Debug, Default)]
pub(super) struct Clocks {
    minute: Option<Minute>,
}

/// A minute whose every moment follows on the one before.
#[derive(Debug)]
struct Minute {
    /// What stands before the seconds, and behind their fraction of nine digits.
    before: Short,
    behind: Short,
    is_local: bool,
    /// Nanoseconds since 1970 when it began, where the day can be told.
    began: Option<i64>,
    /// What a local clock is dated by.
    near: Option<Timestamp>,
    zone: TimeZone,
}

/// The time of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Time {
    /// Nanoseconds since 1970.
    pub nanoseconds: Option<i64>,
    /// Told by a clock that names no zone.
    pub is_local: bool,
    /// Bytes up to the priority.
    pub used: usize,
}

impl Clocks {
    /// The time that a text alert begins with; `None` when it must be read with care.
    pub fn read(&mut self, line: &[u8], ctx: &Context) -> Option<Time> {
        if let Some(minute) = &self.minute
            && let Some((within, used)) = minute.within(line)
            && minute.near == ctx.written_at
            && minute.zone == ctx.zone
        {
            let nanoseconds = match minute.began {
                // The last minute that can be counted in nanoseconds is cut short.
                Some(began) => Some(began.checked_add(within)?),
                None => None,
            };
            return Some(Time { nanoseconds, is_local: minute.is_local, used });
        }
        self.afresh(line, ctx)
    }

    #[inline(never)]
    fn afresh(&mut self, line: &[u8], ctx: &Context) -> Option<Time> {
        let head = text::head(line)?;
        let used = head.word.0;
        let (nanoseconds, is_local) = match head.clock {
            Clock::Date(stamp) if stamp.has_zone => {
                (Some(i64::try_from(stamp.time.as_nanosecond()).ok()?), false)
            }
            Clock::Date(_) => return None,
            Clock::Local(second, nanosecond) => (on_latest_day(second, nanosecond, ctx), true),
        };
        self.minute = minute(line, used, nanoseconds, &head.clock, ctx);
        Some(Time { nanoseconds, is_local, used })
    }
}

impl Minute {
    /// How far into this minute a line's time is, in nanoseconds, and the bytes it takes.
    #[inline]
    fn within(&self, line: &[u8]) -> Option<(i64, usize)> {
        let rest = self.before.behind(line)?;
        let (within, rest) = stamp::seconds(rest)?;
        let rest = self.behind.behind(rest)?;
        Some((within, line.len() - rest.len()))
    }
}

/// A few bytes that are looked for at once.
#[derive(Clone, Copy, Debug)]
struct Short {
    bytes: [u8; 16],
    mask: u32,
    len: usize,
}

impl Short {
    /// Some bytes, at most sixteen.
    fn of(bytes: &[u8]) -> Option<Self> {
        let mut all = [0; 16];
        all.get_mut(..bytes.len())?.copy_from_slice(bytes);
        Some(Self { bytes: all, mask: !(u32::MAX << bytes.len()), len: bytes.len() })
    }

    /// What follows these bytes at the start of a line that goes on.
    #[inline]
    fn behind<'a>(&self, line: &'a [u8]) -> Option<&'a [u8]> {
        let here = u8x16::new(*line.first_chunk()?);
        let same = here.simd_eq(u8x16::new(self.bytes)).to_bitmask();
        if same & self.mask == self.mask { line.get(self.len..) } else { None }
    }
}

/// The minute of a time that takes so many bytes of a line, where others of that minute follow from it.
fn minute(
    line: &[u8],
    used: usize,
    nanoseconds: Option<i64>,
    clock: &Clock,
    ctx: &Context,
) -> Option<Minute> {
    let n_before = match clock {
        Clock::Local(..) => "HH:MM".len(),
        Clock::Date(_) => "YYYY-MM-DDTHH:MM".len(),
    };
    let (within, behind) = stamp::seconds(line.get(n_before..used)?)?;
    let began = match (nanoseconds, clock) {
        (None, _) => None,
        (Some(nanoseconds), Clock::Date(_)) => Some(nanoseconds.checked_sub(within)?),
        (Some(_), Clock::Local(second, _)) => {
            let first = second - second.rem_euclid(60);
            let began = on_latest_day(first, 0, ctx)?;
            let ended = on_latest_day(first + 59, 999_999_999, ctx)?;
            (ended - began == 59_999_999_999).then_some(Some(began))?
        }
    };
    Some(Minute {
        before: Short::of(line.get(..n_before)?)?,
        behind: Short::of(behind)?,
        is_local: matches!(clock, Clock::Local(..)),
        began,
        near: ctx.written_at,
        zone: ctx.zone.clone(),
    })
}

/// A clock without a date, on the latest day on which it can have shown this.
fn on_latest_day(second: i64, nanosecond: i32, ctx: &Context) -> Option<i64> {
    let time = time::on_latest_day(second, nanosecond, ctx.written_at?, &ctx.zone)?;
    i64::try_from(time.as_nanosecond()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads lines one behind the other, with what was kept of those before and afresh.
    #[track_caller]
    fn check(lines: &[&str]) {
        let ctx = Context::default();
        let mut clocks = Clocks::default();
        for line in lines {
            let read = clocks.read(line.as_bytes(), &ctx);
            assert_eq!(read, Clocks::default().read(line.as_bytes(), &ctx), "{line}");
        }
    }

    #[test]
    fn a_time_is_the_same_whatever_stood_on_the_lines_before() {
        check(&[
            "2026-07-04T20:46:44.180672852+0000: Notice Odd things",
            "2026-07-04T20:46:59.999999999+0000: Notice Odd things",
            "2026-07-04T20:46:00.000000000+0200: Notice Odd things",
            "2026-07-04T20:46:00.000000000-0000: Notice Odd things",
            "2026-07-04T20:47:60.000000000+0000: Notice Odd things",
        ]);
    }

    #[test]
    fn the_first_and_the_last_minute_that_nanoseconds_can_count_are_cut_short() {
        check(&[
            "2262-04-11T23:47:00.000000000+0000: Notice Odd things",
            "2262-04-11T23:47:16.854775807+0000: Notice Odd things",
            "2262-04-11T23:47:16.854775808+0000: Notice Odd things",
            "2262-04-11T23:47:59.999999999+0000: Notice Odd things",
        ]);
        check(&[
            "1677-09-21T00:12:44.000000000+0000: Notice Odd things",
            "1677-09-21T00:12:43.145224192+0000: Notice Odd things",
            "1677-09-21T00:12:00.000000000+0000: Notice Odd things",
        ]);
    }
}
