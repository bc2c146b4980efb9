//! The forms of `journalctl` other than those of syslog: `--output=short-full` and `short-unix`.

use super::{Peeled, ascii, set_host, tagged, word};
use crate::decode::{Context, time};
use jiff::Timestamp;

/// `Sat 2026-09-12 00:57:56 UTC host falco[8958]: …`, and `1789174676.123456 host falco[8958]: …`.
pub(super) fn journalctl(peeled: &mut Peeled, ctx: &Context) -> bool {
    let Some((first, rest)) = word(peeled.body) else { return false };
    let (when, rest) = match since_1970(first) {
        Some(when) => (Some(when), rest),
        None => match full(first, rest, ctx) {
            Some(found) => found,
            None => return false,
        },
    };
    let Some((host, after)) = word(rest) else { return false };
    if host.ends_with(b":") || !tagged(peeled, after) {
        return false;
    }
    set_host(peeled, host);
    peeled.wrap.time = when.or(peeled.wrap.time);
    true
}

/// Seconds and their six digits.
fn since_1970(word: &[u8]) -> Option<Timestamp> {
    let (seconds, fraction) = ascii(word)?.split_once('.')?;
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !(9..=11).contains(&seconds.len()) || fraction.len() != 6 || !are_digits(fraction) {
        return None;
    }
    let micros: i32 = fraction.parse().ok()?;
    Timestamp::new(seconds.parse().ok().filter(|_| are_digits(seconds))?, micros * 1000).ok()
}

/// The time behind a day of the week, and what stands behind its zone. A zone that is neither UTC nor the host's own is
/// only a name: no time is known then.
fn full<'a>(day: &[u8], rest: &'a [u8], ctx: &Context) -> Option<(Option<Timestamp>, &'a [u8])> {
    const DAYS: [&[u8]; 7] = [b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun"];
    if !DAYS.contains(&day) {
        return None;
    }
    let stamp = time::iso(rest).filter(|stamp| !stamp.has_zone)?;
    let (zone, after) = word(rest.get(stamp.used..)?.strip_prefix(b" ")?)?;
    let zone = ascii(zone).filter(|zone| zone.len() <= 6)?;
    if zone == "UTC" {
        return Some((Some(stamp.time), after));
    }
    let civil = jiff::tz::Offset::UTC.to_datetime(stamp.time);
    // In the hour that comes twice the zone's name says which of the two it was.
    let own = ctx.zone.to_ambiguous_timestamp(civil);
    let is_own = |time: &Timestamp| ctx.zone.to_offset_info(*time).abbreviation() == zone;
    let own = [own.compatible(), own.later()].into_iter().filter_map(Result::ok).find(is_own);
    Some((own, after))
}

#[cfg(test)]
mod tests {
    use super::super::peel;
    use crate::decode::Context;
    use jiff::tz::TimeZone;

    #[track_caller]
    fn check(line: &str, body: &str, host: Option<&str>, time: Option<&str>) {
        let ctx = Context { zone: TimeZone::get("Europe/Berlin").unwrap(), ..Context::default() };
        let peeled = peel(line.as_bytes(), &ctx);
        assert_eq!(String::from_utf8_lossy(peeled.body), body);
        assert_eq!(peeled.wrap.hostname.as_deref(), host);
        assert_eq!(peeled.wrap.time.map(|time| time.to_string()).as_deref(), time);
    }

    #[test]
    fn the_forms_of_journalctl_are_peeled() {
        let at = Some("2026-09-12T00:57:56Z");
        check("Sat 2026-09-12 00:57:56 UTC box falco[8958]: {}", "{}", Some("box"), at);
        check("Sat 2026-09-12 02:57:56 CEST box falco[8958]: {}", "{}", Some("box"), at);
        check("Fri 2026-09-11 20:57:56 EDT box falco[8958]: {}", "{}", Some("box"), None);
        let (first, second) = (Some("2026-10-25T00:30:00Z"), Some("2026-10-25T01:30:00Z"));
        check("Sun 2026-10-25 02:30:00 CEST box falco[8958]: {}", "{}", Some("box"), first);
        check("Sun 2026-10-25 02:30:00 CET box falco[8958]: {}", "{}", Some("box"), second);
        check("Sun 2026-03-29 02:30:00 CET box falco[8958]: {}", "{}", Some("box"), None);
        let at = Some("2026-09-12T00:57:56.123456Z");
        check("1789174676.123456 box falco[8958]: {}", "{}", Some("box"), at);
    }

    #[test]
    fn what_only_looks_like_them_stays() {
        for line in [
            "Sat 2026-09-12 box falco: x",
            "1789174676.123456 x",
            "12.5 box falco: x",
            "Sat we went out",
        ] {
            check(line, line, None, None);
        }
    }
}
