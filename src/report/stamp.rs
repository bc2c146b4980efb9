//! Times as reports write them, without asking a calendar: there may be a hundred thousand of them.

/// Appends nanoseconds since 1970 as `YYYY-MM-DDTHH:MM:SS[.fraction]Z`, with no more digits than it needs.
pub fn nanos(out: &mut String, nanos: i64) {
    const DAY: i64 = 86_400_000_000_000;
    let (days, rest) = (nanos.div_euclid(DAY), nanos.rem_euclid(DAY));
    let (year, month, day) = date(days);
    let (second, fraction) = (rest / 1_000_000_000, rest % 1_000_000_000);
    for (number, digits, sign) in [
        (year, 4, '-'),
        (month, 2, '-'),
        (day, 2, 'T'),
        (second / 3600, 2, ':'),
        (second / 60 % 60, 2, ':'),
        (second % 60, 2, if fraction > 0 { '.' } else { 'Z' }),
    ] {
        put(out, number, digits);
        out.push(sign);
    }
    if fraction > 0 {
        let (mut shown, mut digits) = (fraction, 9);
        while shown % 10 == 0 {
            (shown, digits) = (shown / 10, digits - 1);
        }
        put(out, shown, digits);
        out.push('Z');
    }
}

fn put(out: &mut String, number: i64, digits: u32) {
    for place in (0..digits).rev() {
        let digit = number / 10_i64.pow(place) % 10;
        out.push(char::from(b'0' + u8::try_from(digit).unwrap_or(0)));
    }
}

/// Howard Hinnant's `civil_from_days`.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let (day, month) = (day_of_year - (153 * shifted + 2) / 5 + 1, (shifted + 2) % 12 + 1);
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn times_are_written_as_a_calendar_would(time in any::<i64>(), zeros in 0..10_u32) {
            let time = time / 10_i64.pow(zeros) * 10_i64.pow(zeros);
            let mut text = String::new();
            nanos(&mut text, time);
            prop_assert_eq!(text, Timestamp::from_nanosecond(time.into()).unwrap().to_string());
        }
    }
}
