//! Times as reports write them, without asking a calendar: there may be a hundred thousand of them.

/// Appends nanoseconds since 1970 as `YYYY-MM-DDTHH:MM:SS[.fraction]Z`, with no more digits than it needs.
pub fn nanos(out: &mut String, nanos: i64) {
    const DAY: i64 = 86_400_000_000_000;
    let (days, rest) = (nanos.div_euclid(DAY), nanos.rem_euclid(DAY));
    let (year, month, day) = date(days);
    let (second, fraction) = (rest / 1_000_000_000, rest % 1_000_000_000);
    let mut text = *b"0000-00-00T00:00:00.000000000";
    for (place, number) in [
        (0..4, year),
        (5..7, month),
        (8..10, day),
        (11..13, second / 3600),
        (14..16, second / 60 % 60),
        (17..19, second % 60),
        (20..29, fraction),
    ] {
        // All are small: the years that nanoseconds reach have four digits.
        let mut left = u32::try_from(number).unwrap_or(0);
        for byte in text.get_mut(place).unwrap_or_default().iter_mut().rev() {
            *byte += u8::try_from(left % 10).unwrap_or(0);
            left /= 10;
        }
    }
    let text = str::from_utf8(&text).unwrap_or_default();
    let shown =
        if fraction > 0 { text.trim_end_matches('0') } else { text.get(..19).unwrap_or(text) };
    out.push_str(shown);
    out.push('Z');
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
