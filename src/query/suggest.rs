//! The nearest word that exists.

/// The candidate that differs least from the word, when it differs little enough to be a slip.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.is_empty() || word.len() > 64 {
        return None;
    }
    let lower = word.to_ascii_lowercase();
    let limit = (word.chars().count() / 3).clamp(1, 3);
    let own = characters(&lower);
    candidates
        .into_iter()
        .filter(|candidate| candidate.len().abs_diff(word.len()) <= limit)
        .filter(|candidate| {
            // One change brings in one character at most: this spares most words the long comparison.
            let theirs = characters(candidate);
            (own & !theirs).count_ones().max((theirs & !own).count_ones()) as usize <= limit
        })
        .map(|candidate| (strsim::osa_distance(&lower, &candidate.to_ascii_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, candidate)| {
            let other_start =
                !candidate.to_ascii_lowercase().starts_with(lower.get(..1).unwrap_or_default());
            (*distance, other_start, candidate.len())
        })
        .map(|(_, candidate)| candidate)
}

/// Which letters, digits and signs stand in a word, a bit for each but that some share one.
fn characters(word: &str) -> u64 {
    word.chars().fold(0, |seen, it| seen | 1 << (u32::from(it.to_ascii_lowercase()) % 64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(word: &str, expected: Option<&str>) {
        let words = ["proc.name", "proc.pname", "fd.name", "evt.time", "PROC.EXE", "ü.name"];
        assert_eq!(nearest(word, words), expected, "{word}");
    }

    #[test]
    fn a_slip_finds_its_word_and_anything_else_none() {
        check("proc.nmae", Some("proc.name"));
        check("Proc.Nam", Some("proc.name"));
        check("proc.exe", Some("PROC.EXE"));
        check("evt.tim", Some("evt.time"));
        check("u.name", Some("ü.name"));
        check("container.id", None);
        check("", None);
    }

    proptest! {
        #[test]
        fn no_word_within_reach_is_passed_over(word in "[a-c_ü]{1,9}", other in "[a-c_ü]{1,9}") {
            let limit = (word.chars().count() / 3).clamp(1, 3);
            let is_near = strsim::osa_distance(&word, &other) <= limit
                && word.len().abs_diff(other.len()) <= limit;
            prop_assert_eq!(nearest(&word, [other.as_str()]).is_some(), is_near);
        }
    }
}
