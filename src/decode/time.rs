//! Times as Falco and its forwarders write them, exact to the nanosecond; clocks without a date are never called UTC.

use super::Context;
use crate::model::Value;
use jiff::{Timestamp, civil, tz::TimeZone};

/// A time read from the start of some text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    /// Without a zone the clock is read as UTC; `has_zone` tells.
    pub time: Timestamp,
    pub has_zone: bool,
    /// Digits of the fraction.
    pub n_fraction: usize,
    /// Bytes used.
    pub used: usize,
}

/// Reads `YYYY-MM-DDTHH:MM:SS`, a space or a T between, with any fraction, and `Z`, `+HH:MM`, `+HHMM`, `+HH` or nothing.
pub(super) fn iso(bytes: &[u8]) -> Option<Stamp> {
    let Written { second, nanosecond, has_zone, n_fraction, used } = written(bytes)?;
    let time = Timestamp::new(second, nanosecond).ok()?;
    Some(Stamp { time, has_zone, n_fraction, used })
}

/// A date and a clock as they are written, whether or not a [`Timestamp`] can hold them.
struct Written {
    second: i64,
    nanosecond: i32,
    has_zone: bool,
    n_fraction: usize,
    used: usize,
}

fn written(bytes: &[u8]) -> Option<Written> {
    let mut cursor = Cursor { bytes, at: 0 };
    let year = cursor.number(4)?;
    cursor.one_of(b"-/")?;
    let month = cursor.number(2)?;
    cursor.one_of(b"-/")?;
    let day = cursor.number(2)?;
    cursor.one_of(b"Tt ")?;
    let (second_of_day, nanosecond, n_fraction) = cursor.clock()?;
    let offset = cursor.offset();
    let days = days_since_1970(year, month, day)?;
    let second = days * 86_400 + second_of_day - offset.unwrap_or(0);
    Some(Written { second, nanosecond, has_zone: offset.is_some(), n_fraction, used: cursor.at })
}

/// A time of day: seconds and nanoseconds since midnight, the digits of its fraction, and the bytes used.
pub(super) fn clock(bytes: &[u8]) -> Option<(i64, i32, usize, usize)> {
    let mut cursor = Cursor { bytes, at: 0 };
    let (second, nanosecond, n_fraction) = cursor.clock()?;
    Some((second, nanosecond, n_fraction, cursor.at))
}

/// The latest day on which a local clock can have shown this before the file was written. A guess, flagged as one.
pub(super) fn on_latest_day(
    second: i64,
    nanosecond: i32,
    near: Timestamp,
    zone: &TimeZone,
) -> Option<Timestamp> {
    let written = near.to_zoned(zone.clone()).datetime();
    let second = i32::try_from(second).ok()?;
    let time = civil::Time::new(
        i8::try_from(second / 3600).ok()?,
        i8::try_from(second / 60 % 60).ok()?,
        i8::try_from(second % 60).ok()?,
        nanosecond,
    )
    .ok()?;
    let mut date = written.date();
    // Clocks of two machines differ a little; a minute ahead is still the same day.
    let ahead = date.to_datetime(time).duration_since(written).as_secs() > 60;
    if ahead {
        date = date.yesterday().ok()?;
    }
    date.to_datetime(time).to_zoned(zone.clone()).ok().map(|zoned| zoned.timestamp())
}

/// A month and day of syslog's with a clock: the latest year that is not after the file was written.
pub(super) fn in_latest_year(
    month: i8,
    day: i8,
    clock: (i64, i32),
    ctx: &Context,
) -> Option<Timestamp> {
    let written = ctx.written_at?.to_zoned(ctx.zone.clone());
    let (second, nanosecond) = clock;
    let second = i32::try_from(second).ok()?;
    let time = civil::Time::new(
        i8::try_from(second / 3600).ok()?,
        i8::try_from(second / 60 % 60).ok()?,
        i8::try_from(second % 60).ok()?,
        nanosecond,
    )
    .ok()?;
    (0..8).find_map(|n| {
        let date = civil::Date::new(written.year() - n, month, day).ok()?;
        let time = date.to_datetime(time).to_zoned(ctx.zone.clone()).ok()?.timestamp();
        let ahead = time.duration_since(written.timestamp()).as_secs() > 86_400;
        (!ahead).then_some(time)
    })
}

/// The record's `time`: text, an epoch of any unit, or gRPC's seconds and nanos. Says whether Falco would write it so.
pub(super) fn of_record(value: &Value) -> Option<(Timestamp, bool)> {
    match value {
        Value::String(text) => {
            let bytes = text.trim_ascii().as_bytes();
            if let Some(stamp) = iso(bytes) {
                return Some((stamp.time, stamp.has_zone && stamp.used == bytes.len()));
            }
            let time = match value.as_i128() {
                Some(whole) => epoch(whole),
                None => decimal(text.trim_ascii()),
            };
            time.map(|time| (time, false))
        }
        Value::Number(digits) => {
            let time = match value.as_i128() {
                Some(whole) => epoch(whole),
                None => decimal(digits),
            };
            time.map(|time| (time, false))
        }
        Value::Object(members) => {
            let part = |name: &str| {
                members
                    .iter()
                    .find(|(key, _)| **key == *name)
                    .and_then(|(_, value)| value.as_i128())
            };
            let seconds = i64::try_from(part("seconds").or_else(|| part("Seconds"))?).ok()?;
            let nanos = part("nanos").or_else(|| part("Nanos")).unwrap_or(0);
            Timestamp::new(seconds, i32::try_from(nanos).ok()?).ok().map(|time| (time, true))
        }
        _ => None,
    }
}

/// Whether a record's `time` that [`of_record`] does not read is a time in its form, only beyond the years -9999 to 9999.
pub(super) fn is_beyond(value: &Value) -> bool {
    let is_number = |digits: &str| {
        let digits = digits.strip_prefix('-').unwrap_or(digits);
        digits.len() > 11 && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    match value {
        Value::String(text) => {
            let text = text.trim_ascii();
            // Years of more than four digits, and those with a sign: ISO 8601 has them.
            let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
            let n_digits = unsigned.bytes().take_while(u8::is_ascii_digit).count();
            let is_long = n_digits > 4 || (n_digits == 4 && unsigned.len() < text.len());
            let rest = unsigned.get(n_digits..).unwrap_or_default();
            let is_date = if is_long {
                written(format!("2000{rest}").as_bytes()).is_some()
            } else {
                written(text.as_bytes()).is_some()
            };
            is_date || is_number(text)
        }
        Value::Number(digits) => is_number(digits),
        Value::Object(members) => members.iter().any(|(key, value)| {
            matches!(&**key, "seconds" | "Seconds") && value.as_i128().is_some()
        }),
        _ => false,
    }
}

/// Nanoseconds since 1970, as `evt.time` holds them.
pub(super) fn nanoseconds(value: &Value) -> Option<Timestamp> {
    Timestamp::from_nanosecond(value.as_i128()?).ok()
}

/// An epoch in seconds, milli-, micro- or nanoseconds, told apart by its size.
pub(super) fn epoch(number: i128) -> Option<Timestamp> {
    Timestamp::from_nanosecond(number.checked_mul(1_000_000_000 / units_per_second(number))?).ok()
}

fn units_per_second(number: i128) -> i128 {
    match number.unsigned_abs() {
        0..100_000_000_000 => 1,
        100_000_000_000..100_000_000_000_000 => 1_000,
        100_000_000_000_000..100_000_000_000_000_000 => 1_000_000,
        _ => 1_000_000_000,
    }
}

/// An epoch with a fraction, as Fluent Bit and GELF write seconds: exact to the digits that are there.
fn decimal(digits: &str) -> Option<Timestamp> {
    let (whole, fraction) = digits.split_once('.')?;
    let whole: i128 = whole.parse().ok()?;
    if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let per_second = units_per_second(whole);
    let digits: String = fraction.chars().chain("000000000".chars()).take(9).collect();
    let billionths = digits.parse::<i128>().ok()? / per_second;
    let sign = if whole < 0 { -1 } else { 1 };
    let nanoseconds = whole.checked_mul(1_000_000_000 / per_second)? + sign * billionths;
    Timestamp::from_nanosecond(nanoseconds).ok()
}

/// Whether a time is far from anything a Falco can have written: before there was one, or after the file's own time.
pub(super) fn is_odd(time: Timestamp, ctx: &Context) -> bool {
    time.as_second() < FIRST_FALCO || time.as_second() > latest(ctx)
}

/// Earlier seconds than this are odd: there was no Falco.
pub(super) const FIRST_FALCO: i64 = 1_400_000_000;

/// Later seconds than this are odd.
pub(super) fn latest(ctx: &Context) -> i64 {
    const YEAR_2100: i64 = 4_102_444_800;
    ctx.written_at.map_or(YEAR_2100, |written| written.as_second() + 2 * 86_400)
}

fn days_since_1970(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    if day > 28 {
        civil::Date::new(
            i16::try_from(year).ok()?,
            i8::try_from(month).ok()?,
            i8::try_from(day).ok()?,
        )
        .ok()?;
    }
    // Howard Hinnant's days_from_civil.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn one_of(&mut self, set: &[u8]) -> Option<u8> {
        let byte = self.peek().filter(|byte| set.contains(byte))?;
        self.at += 1;
        Some(byte)
    }

    /// Exactly so many digits.
    fn number(&mut self, n_digits: usize) -> Option<i64> {
        let digits = self.bytes.get(self.at..self.at + n_digits)?;
        let number = digits.iter().try_fold(0_i64, |number, digit| {
            digit.is_ascii_digit().then(|| number * 10 + i64::from(digit - b'0'))
        })?;
        self.at += n_digits;
        Some(number)
    }

    /// `HH:MM:SS` with a fraction: seconds of the day, nanoseconds, digits of the fraction.
    fn clock(&mut self) -> Option<(i64, i32, usize)> {
        let hour = self.number(2)?;
        self.one_of(b":")?;
        let minute = self.number(2)?;
        self.one_of(b":")?;
        let second = self.number(2)?;
        // A leap second is read as the one before it.
        if hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        let (mut nanosecond, mut n_fraction) = (0_i32, 0_usize);
        if matches!(self.peek(), Some(b'.' | b','))
            && self.bytes.get(self.at + 1).is_some_and(u8::is_ascii_digit)
        {
            self.at += 1;
            while let Some(digit) = self.peek().filter(u8::is_ascii_digit) {
                if n_fraction < 9 {
                    nanosecond = nanosecond * 10 + i32::from(digit - b'0');
                }
                n_fraction += 1;
                self.at += 1;
            }
            for _ in n_fraction..9 {
                nanosecond *= 10;
            }
        }
        Some((hour * 3600 + minute * 60 + second.min(59), nanosecond, n_fraction))
    }

    /// Seconds east of Greenwich; `None` and nothing used when no zone stands here.
    fn offset(&mut self) -> Option<i64> {
        match self.peek()? {
            b'Z' | b'z' => {
                self.at += 1;
                Some(0)
            }
            sign @ (b'+' | b'-') => {
                let start = self.at;
                self.at += 1;
                let Some(hours) = self.number(2) else {
                    self.at = start;
                    return None;
                };
                let colon = self.one_of(b":").is_some();
                let minutes = if let Some(minutes) = self.number(2) {
                    minutes
                } else {
                    if colon {
                        self.at -= 1;
                    }
                    0
                };
                let seconds = hours * 3600 + minutes * 60;
                Some(if sign == b'-' { -seconds } else { seconds })
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str, used: usize) {
        let stamp = iso(text.as_bytes()).unwrap();
        assert_eq!((stamp.time.to_string().as_str(), stamp.used), (expected, used));
    }

    #[test]
    fn nanoseconds_are_exact() {
        check("2026-07-04T20:46:44.180672852+0000: x", "2026-07-04T20:46:44.180672852Z", 34);
    }

    #[test]
    fn every_way_to_write_a_zone_is_read() {
        check("2020-03-24T08:29:02.3995324Z", "2020-03-24T08:29:02.3995324Z", 28);
        check("2020-02-29T08:29:02+09:00 x", "2020-02-28T23:29:02Z", 25);
        check("2020-02-29T08:29:02-04 x", "2020-02-29T12:29:02Z", 22);
        check("1969-12-31 23:59:59", "1969-12-31T23:59:59Z", 19);
    }

    #[test]
    fn dates_that_do_not_exist_are_none() {
        assert_eq!(iso(b"2021-02-29T00:00:00Z"), None);
        assert_eq!(iso(b"2021-13-01T00:00:00Z"), None);
        assert_eq!(iso(b"2021-01-01T24:00:00Z"), None);
    }

    #[test]
    fn a_clock_is_put_on_the_latest_day_it_can_have_been() {
        let written: Timestamp = "2024-05-05T10:00:00Z".parse().unwrap();
        let check = |second: i64, expected: &str| {
            let time = on_latest_day(second, 5, written, &TimeZone::UTC).unwrap();
            assert_eq!(time.to_string(), expected);
        };
        check(9 * 3600, "2024-05-05T09:00:00.000000005Z");
        check(11 * 3600, "2024-05-04T11:00:00.000000005Z");
    }

    #[test]
    fn a_fraction_of_an_epoch_is_exact() {
        let check = |digits: &str, expected: &str| {
            let read = of_record(&Value::Number(digits.into())).map(|(time, _)| time.to_string());
            assert_eq!(read.as_deref(), Some(expected), "{digits}");
        };
        check("1767225600.123456789", "2026-01-01T00:00:00.123456789Z");
        check("1767225600.1", "2026-01-01T00:00:00.1Z");
        check("1767225600000.5", "2026-01-01T00:00:00.0005Z");
        assert_eq!(of_record(&Value::Number("1.7e9".into())), None);
    }

    #[test]
    fn a_time_beyond_all_years_is_one_all_the_same() {
        let text = |text: &str| Value::String(text.into());
        let seconds =
            Value::Object(vec![("seconds".into(), Value::Number("99999999999999".into()))]);
        for value in [
            text("9999-12-31T23:59:59.999999999Z"),
            text("12026-01-01T00:00:00Z"),
            text("+12026-01-01T00:00:00Z"),
            text("-0044-03-15T12:00:00Z"),
            text("999999999999999999999999999999"),
            Value::Number("999999999999999999999999999999".into()),
            seconds,
        ] {
            assert_eq!(of_record(&value), None, "{value:?}");
            assert!(is_beyond(&value), "{value:?}");
        }
        for value in
            [text(""), text("soon"), text("2021-02-29T00:00:00Z"), text("20210-x"), Value::Null]
        {
            assert!(!is_beyond(&value), "{value:?}");
        }
    }

    #[test]
    fn an_epoch_tells_its_unit_by_its_size() {
        for number in [
            1_700_000_000_i128,
            1_700_000_000_000,
            1_700_000_000_000_000,
            1_700_000_000_000_000_000,
        ] {
            assert_eq!(epoch(number).unwrap().as_second(), 1_700_000_000);
        }
    }
}
