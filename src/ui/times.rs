//! Times as people read them: today's clock, an earlier date, or an age.

use super::settings::{Settings, Times};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

/// Columns of [`short`].
pub const SHORT: usize = 8;
/// The fewest columns of [`short`].
pub const SHORTEST: usize = 6;

/// A time in at most [`SHORT`] columns: `14:02:31` today, `Nov 20` this year, `Oct 2024` before; or `4m` as age. With
/// fewer `columns` (but no fewer than [`SHORTEST`]) it says less: `14:02`, `Nov 20`, `2024`.
pub fn short(nanos: Option<i64>, now: Timestamp, settings: &Settings, columns: usize) -> String {
    let Some(time) = nanos.and_then(timestamp) else { return "–".to_owned() };
    if settings.times == Times::Age {
        return age(time, now);
    }
    let zone = zone(settings);
    let (time, now) = (time.to_zoned(zone.clone()), now.to_zoned(zone));
    let format = if time.date() == now.date() && columns < SHORT {
        "%H:%M"
    } else if time.date() == now.date() {
        "%H:%M:%S"
    } else if time.year() == now.year() {
        "%b %e"
    } else if columns < SHORT {
        "%Y"
    } else {
        "%b %Y"
    };
    time.strftime(format).to_string()
}

/// A time in full, with its zone: `2026-11-21 14:02:31.123 UTC`; as age with the time after it.
pub fn full(time: Timestamp, now: Timestamp, settings: &Settings) -> String {
    let zoned = time.to_zoned(zone(settings));
    let clock = zoned.strftime("%Y-%m-%d %H:%M:%S.%3f %Z").to_string();
    match settings.times {
        Times::Age => format!("{} ago ({clock})", age(time, now)),
        Times::Local | Times::Utc => clock,
    }
}

/// Clock with milliseconds for today, date and clock otherwise.
pub fn exact(nanos: Option<i64>, now: Timestamp, settings: &Settings) -> String {
    let Some(time) = nanos.and_then(timestamp) else { return "no time".to_owned() };
    if settings.times == Times::Age {
        return format!("{} ago", age(time, now));
    }
    let zone = zone(settings);
    let (time, now) = (time.to_zoned(zone.clone()), now.to_zoned(zone));
    let format = if time.date() == now.date() { "%H:%M:%S.%3f" } else { "%Y-%m-%d %H:%M:%S" };
    time.strftime(format).to_string()
}

/// How long ago: `3s`, `4m`, `2h`, `5d`, `3y`; `now` for what lies ahead.
pub fn age(time: Timestamp, now: Timestamp) -> String {
    let seconds = now.as_second().saturating_sub(time.as_second());
    match seconds {
        ..1 => "now".to_owned(),
        1..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds / 60),
        3600..86_400 => format!("{}h", seconds / 3600),
        86_400..31_536_000 => format!("{}d", seconds / 86_400),
        _ => format!("{}y", seconds / 31_536_000),
    }
}

/// How long ago, in words: `just now`, `4 minutes ago`, `3 days ago`.
pub fn ago(time: Timestamp, now: Timestamp) -> String {
    let seconds = now.as_second().saturating_sub(time.as_second());
    let (n, one, many) = match seconds {
        ..60 => return "just now".to_owned(),
        60..3600 => (seconds / 60, "minute ago", "minutes ago"),
        3600..86_400 => (seconds / 3600, "hour ago", "hours ago"),
        _ => (seconds / 86_400, "day ago", "days ago"),
    };
    crate::text::plural(u64::try_from(n).unwrap_or(0), one, many)
}

const MINUTE: i64 = 60_000_000_000;
const DAY: i64 = 1440 * MINUTE;

/// A label for the time axis: the clock, or the date where a whole day or more is shown.
pub fn label(nanos: i64, span: i64, settings: &Settings) -> String {
    let Some(time) = timestamp(nanos) else { return String::new() };
    let zoned: Zoned = time.to_zoned(zone(settings));
    let format = match span {
        ..=1_200_000_000_000 => "%H:%M:%S",
        1_200_000_000_001..=DAY => "%H:%M",
        _ if span < 300 * DAY => "%b %e",
        _ => "%b %Y",
    };
    zoned.strftime(format).to_string()
}

/// A timestamp of nanoseconds since 1970.
pub fn timestamp(nanos: i64) -> Option<Timestamp> {
    Timestamp::from_nanosecond(nanos.into()).ok()
}

/// Nanoseconds since 1970, as near as they fit.
pub fn nanos(time: Timestamp) -> i64 {
    i64::try_from(time.as_nanosecond()).unwrap_or(i64::MAX)
}

fn zone(settings: &Settings) -> TimeZone {
    match settings.times {
        Times::Utc => TimeZone::UTC,
        Times::Local | Times::Age => settings.zone.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(time: &str, expected: &str) {
        let now: Timestamp = "2026-11-21T14:02:31Z".parse().unwrap();
        let time: Timestamp = time.parse().unwrap();
        assert_eq!(short(Some(nanos(time)), now, &Settings::default(), SHORT), expected);
    }

    #[test]
    fn a_short_time_says_as_much_as_it_must() {
        check("2026-11-21T13:00:00Z", "13:00:00");
        check("2026-11-02T13:00:00Z", "Nov  2");
        check("2024-10-05T13:00:00Z", "Oct 2024");
        assert_eq!(short(None, Timestamp::UNIX_EPOCH, &Settings::default(), SHORT), "–");
    }

    #[test]
    fn ages_grow_units() {
        let now: Timestamp = "2026-11-21T14:02:31Z".parse().unwrap();
        for (time, expected) in [
            ("2026-11-21T14:02:31Z", "now"),
            ("2026-11-21T14:02:01Z", "30s"),
            ("2026-11-21T10:02:31Z", "4h"),
            ("2020-11-21T10:02:31Z", "6y"),
            ("2030-11-21T10:02:31Z", "now"),
        ] {
            assert_eq!(age(time.parse().unwrap(), now), expected);
        }
    }
}
