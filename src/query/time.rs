//! Times as a filter writes them: RFC 3339, a date, `today`, `-2h`.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

/// A stretch of time: an instant begins and ends at the same nanosecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    pub from: Timestamp,
    /// The first instant after a day; the instant itself otherwise.
    pub to: Timestamp,
}

impl Stretch {
    fn instant(at: Timestamp) -> Self {
        Self { from: at, to: at }
    }

    /// Whether an instant lies in it.
    pub fn holds(&self, at: Timestamp) -> bool {
        at == self.from || (self.from..self.to).contains(&at)
    }

    /// Whether an instant lies after all of it.
    pub fn is_before(&self, at: Timestamp) -> bool {
        at > self.from && at >= self.to
    }
}

/// Reads a time; the error says what was wrong with it.
pub fn parse(text: &str, now: Option<Timestamp>, zone: &TimeZone) -> Result<Stretch, String> {
    let needs_now =
        || now.ok_or("a time relative to now means nothing here; write the time in full");
    match text {
        "now" => return Ok(Stretch::instant(needs_now()?)),
        "today" | "yesterday" => {
            let today = needs_now()?.to_zoned(zone.clone()).date();
            let day = if text == "today" { Some(today) } else { today.yesterday().ok() };
            return day.and_then(|day| whole_day(day, zone)).ok_or_else(|| out_of_range(text));
        }
        _ => {}
    }
    if let Some(body) = text.strip_prefix('-') {
        let ago = ago(body).ok_or_else(|| {
            format!("{text} is no span of time; write -30s, -15m, -2h, -3d or -1w")
        })?;
        let at = needs_now()?.checked_sub(ago).map_err(|_| out_of_range(text))?;
        return Ok(Stretch::instant(at));
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(Stretch::instant(at));
    }
    if let Ok(day) = text.parse::<Date>()
        && !text.contains([':', 'T', 't'])
    {
        return whole_day(day, zone).ok_or_else(|| out_of_range(text));
    }
    if let Ok(local) = text.parse::<DateTime>() {
        let at = zone.to_ambiguous_timestamp(local).compatible().map_err(|_| out_of_range(text))?;
        return Ok(Stretch::instant(at));
    }
    Err(format!(
        "{text} is no time; write 2026-01-31T12:00:00Z, 2026-01-31, today, yesterday or -2h"
    ))
}

fn out_of_range(text: &str) -> String {
    format!("{text} is out of range")
}

fn whole_day(day: Date, zone: &TimeZone) -> Option<Stretch> {
    let start = |day: Date| day.to_zoned(zone.clone()).ok().map(|zoned| zoned.timestamp());
    Some(Stretch { from: start(day)?, to: start(day.checked_add(1.day()).ok()?)? })
}

/// `1h30m`: numbers, each with its unit.
fn ago(text: &str) -> Option<SignedDuration> {
    let mut total = SignedDuration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).filter(|end| *end > 0)?;
        let (number, after) = rest.split_at_checked(digits)?;
        let unit_end = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, after) = after.split_at_checked(unit_end)?;
        let seconds = match unit {
            "s" => 1,
            "m" | "min" => 60,
            "h" => 3600,
            "d" => 86_400,
            "w" => 604_800,
            _ => return None,
        };
        let seconds = number.parse::<i64>().ok()?.checked_mul(seconds)?;
        total = total.checked_add(SignedDuration::from_secs(seconds))?;
        rest = after;
    }
    (!text.is_empty()).then_some(total)
}
