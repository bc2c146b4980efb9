//! Ages and sizes as people write them: `90 days`, `256 MB`.

/// Whole days from `90 days`, `12 weeks`, `6 months` (of 30 days) or `2 years` (of 365).
pub(super) fn days(text: &str) -> Result<u32, &'static str> {
    const WANTED: &str = "days, weeks, months or years: \"90 days\"";
    let (number, unit) = parts(text).ok_or(WANTED)?;
    let one = match unit.trim_end_matches('s') {
        "d" | "day" => 1,
        "w" | "week" => 7,
        "month" => 30,
        "y" | "year" => 365,
        _ => return Err(WANTED),
    };
    let number: u32 = number.parse().map_err(|_| WANTED)?;
    number.checked_mul(one).ok_or(WANTED)
}

/// Bytes from `256 MB`, `1.5 GB` or `512 MiB`.
pub(super) fn bytes(text: &str) -> Result<u64, &'static str> {
    const WANTED: &str = "kB, MB, GB or MiB, GiB: \"256 MB\"";
    let (number, unit) = parts(text).ok_or(WANTED)?;
    let one: u64 = match unit.to_ascii_lowercase().as_str() {
        "b" | "bytes" => 1,
        "k" | "kb" => 1_000,
        "m" | "mb" => 1_000_000,
        "g" | "gb" => 1_000_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        _ => return Err(WANTED),
    };
    let (whole, rest) = number.split_once('.').unwrap_or((number, ""));
    let whole: u64 = whole.parse().map_err(|_| WANTED)?;
    let mut all = whole.checked_mul(one).ok_or(WANTED)?;
    let mut place = one;
    for digit in rest.chars() {
        place /= 10;
        let digit = digit.to_digit(10).ok_or(WANTED)?;
        all = all.checked_add(place * u64::from(digit)).ok_or(WANTED)?;
    }
    Ok(all)
}

/// The number and the unit behind it.
fn parts(text: &str) -> Option<(&str, &str)> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, unit) = text.split_at_checked(end)?;
    (!number.is_empty()).then_some((number, unit.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_and_sizes_are_read_as_people_write_them() {
        for (text, expected) in
            [("90 days", 90), ("1 day", 1), ("12weeks", 84), ("6 months", 180), ("2 years", 730)]
        {
            assert_eq!(days(text), Ok(expected), "{text}");
        }
        for text in ["", "90", "days", "-1 days", "1.5 days", "9999999999 years"] {
            assert!(days(text).is_err(), "{text}");
        }
        for (text, expected) in [
            ("256 MB", 256_000_000),
            ("1.5GB", 1_500_000_000),
            ("512 MiB", 536_870_912),
            ("0 B", 0),
        ] {
            assert_eq!(bytes(text), Ok(expected), "{text}");
        }
        for text in ["", "256", "MB", "1.x MB", "99999999999999 GB"] {
            assert!(bytes(text).is_err(), "{text}");
        }
    }
}
