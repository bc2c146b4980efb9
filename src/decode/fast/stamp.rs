//! Times in the one form that Falco writes, and the prefix of CRI.

/// The date read last: most lines have the same.
#[derive(Debug, Default)]
pub(super) struct Days {
    date: [u8; 10],
    /// Since 1970.
    days: i64,
}

/// `YYYY-MM-DDTHH:MM:SS[.fraction]Z` as seconds since 1970 and nanoseconds; any other form is refused.
pub(super) fn utc(bytes: &[u8], days: &mut Days) -> Option<(i64, i64)> {
    let (second, nanosecond, rest) = clock(bytes, days)?;
    (rest == b"Z").then_some((second, nanosecond))
}

/// `YYYY-MM-DDTHH:MM:SS.nnnnnnnnn+HH:MM` and a space.
const LONGEST_STAMP: usize = 36;

/// Where the record begins in `2026-01-01T00:00:00.1+09:00 stdout F {…`.
pub(super) fn container_runtime(line: &[u8]) -> Option<usize> {
    // Text alerts begin with a clock, or with a time and a colon.
    let near = line.get(..LONGEST_STAMP).filter(|near| near.get(10) == Some(&b'T'))?;
    let stamp = near.get(..memchr::memchr(b' ', near)?)?;
    if stamp.last() == Some(&b':') {
        return None;
    }
    let (_, _, rest) = clock(line, &mut Days::default())?;
    let rest = match rest {
        [b'Z', rest @ ..] => rest,
        [b'+' | b'-', a, b, b':', c, d, rest @ ..]
            if [a, b, c, d].iter().all(|byte| byte.is_ascii_digit()) =>
        {
            rest
        }
        _ => return None,
    };
    let rest = rest.strip_prefix(b" stdout F ").or_else(|| rest.strip_prefix(b" stderr F "))?;
    (rest.first() == Some(&b'{')).then(|| line.len() - rest.len())
}

fn clock<'a>(bytes: &'a [u8], known: &mut Days) -> Option<(i64, i64, &'a [u8])> {
    let (date, after) = bytes.split_first_chunk::<10>()?;
    let (fixed, mut rest) = after.split_first_chunk::<9>()?;
    let [b'T', h1, h2, b':', n1, n2, b':', s1, s2] = *fixed else { return None };
    if *date != known.date {
        let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = *date else { return None };
        let year = number([y1, y2])? * 100 + number([y3, y4])?;
        let days = days_since_1970(year, number([m1, m2])?, number([d1, d2])?)?;
        *known = Days { date: *date, days };
    }
    let (hour, minute, second) = (number([h1, h2])?, number([n1, n2])?, number([s1, s2])?);
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let mut nanosecond = 0;
    if let Some((all, after)) = rest.split_first_chunk::<10>()
        && let Some(all) = nine_digits(all)
        && !after.first().is_some_and(u8::is_ascii_digit)
    {
        (nanosecond, rest) = (all, after);
    } else if let Some(fraction) = rest.strip_prefix(b".") {
        let n_digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if !(1..=9).contains(&n_digits) {
            return None;
        }
        let (digits, after) = fraction.split_at_checked(n_digits)?;
        nanosecond = digits.iter().fold(0, |number, digit| number * 10 + i64::from(digit - b'0'));
        nanosecond *= 10_i64.pow(9 - u32::try_from(n_digits).ok()?);
        rest = after;
    }
    Some((known.days * 86_400 + hour * 3600 + minute * 60 + second, nanosecond, rest))
}

fn number([tens, ones]: [u8; 2]) -> Option<i64> {
    (tens.is_ascii_digit() && ones.is_ascii_digit())
        .then(|| i64::from(tens - b'0') * 10 + i64::from(ones - b'0'))
}

/// Howard Hinnant's `days_from_civil`; the last days of months are left to the careful decoder unless they surely exist.
fn days_since_1970(year: i64, month: i64, day: i64) -> Option<i64> {
    let last = match month {
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        _ => return None,
    };
    if !(1..=last).contains(&day) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

/// `:SS.` and nine digits at the start of some bytes: nanoseconds within the minute, and the rest. Any other form is refused.
#[inline]
pub(super) fn seconds(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let ([b':', s1, s2, fraction @ ..], rest) = bytes.split_first_chunk::<13>()? else {
        return None;
    };
    let second = number([*s1, *s2]).filter(|second| *second < 60)?;
    Some((second * 1_000_000_000 + nine_digits(fraction)?, rest))
}

/// Nanoseconds: a dot and nine digits.
#[inline]
fn nine_digits(fraction: &[u8; 10]) -> Option<i64> {
    let [b'.', digits @ .., last] = fraction else { return None };
    let nanoseconds = eight_digits(*digits)? * 10 + i64::from(last.wrapping_sub(b'0'));
    last.is_ascii_digit().then_some(nanoseconds)
}

/// The number that eight digits are: pairs of them are added up at the same time.
#[inline]
fn eight_digits(digits: [u8; 8]) -> Option<i64> {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let text = u64::from_le_bytes(digits);
    let values = text ^ (EACH * 0x30);
    if (values | values.wrapping_add(EACH * 0x76)) & (EACH * 0x80) != 0 {
        return None;
    }
    let pairs = (values * 10 + (values >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs * 100 + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    let eight = fours.wrapping_mul(10_000).wrapping_add(fours >> 32) & 0xffff_ffff;
    i64::try_from(eight).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<(i64, &str)>) {
        assert_eq!(
            seconds(text.as_bytes()),
            expected.map(|(time, rest)| (time, rest.as_bytes())),
            "{text}"
        );
    }

    #[test]
    fn seconds_are_read_with_nine_digits_alone() {
        check(":57.881781397: x", Some((57_881_781_397, ": x")));
        check(":00.000000000", Some((0, "")));
        check(":59.9999999999", Some((59_999_999_999, "9")));
        for other in [
            ":60.000000000",
            ":5.8817813970",
            ":57.88178139:",
            ":57,881781397",
            ":57.8817813",
            ":57.88178:397:",
        ] {
            check(other, None);
        }
        for place in 4..13 {
            for odd in ['/', ':', '\0', '\u{7f}', 'a', ' '] {
                let mut text = ":57.881781397:".to_owned();
                text.replace_range(place..=place, &odd.to_string());
                check(&text, None);
            }
        }
    }
}
