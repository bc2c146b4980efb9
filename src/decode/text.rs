//! Text alerts: `<time>: <Priority> <message>`, and the same text in the `output` of JSON alerts.

use super::time::{self, Stamp};
use crate::model::Priority;

/// The beginning of a text alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub clock: Clock,
    /// The priority's word: from `word.0` to `word.1`.
    pub word: (usize, usize),
    /// Where the message begins.
    pub message: usize,
}

/// The time before a text alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clock {
    /// A date and a clock.
    Date(Stamp),
    /// A time of day of the host's: seconds and nanoseconds.
    Local(i64, i32),
}

const WORDS: [(&[u8], Priority); 9] = [
    (b"Emergency", Priority::Emergency),
    (b"Alert", Priority::Alert),
    (b"Critical", Priority::Critical),
    (b"Error", Priority::Error),
    (b"Warning", Priority::Warning),
    (b"Notice", Priority::Notice),
    (b"Informational", Priority::Informational),
    (b"Info", Priority::Informational),
    (b"Debug", Priority::Debug),
];

/// The priority whose word begins these bytes, and the word's length.
pub(super) fn priority(bytes: &[u8]) -> Option<(Priority, usize)> {
    let first = bytes.first()?;
    let words = WORDS.iter().filter(|(word, _)| word.first() == Some(first));
    let ends = |word: &[u8]| matches!(bytes.get(word.len()), None | Some(b' '));
    let (word, priority) =
        words.into_iter().find(|(word, _)| bytes.starts_with(word) && ends(word))?;
    Some((*priority, word.len()))
}

/// Reads the time and priority that a text alert begins with. A fraction must stand in the time: Falco's own log has none.
pub(super) fn head(bytes: &[u8]) -> Option<Head> {
    if !bytes.first()?.is_ascii_digit() {
        return None;
    }
    let (clock, used) = match time::clock(bytes) {
        Some((second, nanosecond, 1.., used)) => (Clock::Local(second, nanosecond), used),
        Some(_) => return None,
        None => {
            let stamp = time::iso(bytes).filter(|stamp| stamp.n_fraction > 0)?;
            (Clock::Date(stamp), stamp.used)
        }
    };
    let rest = bytes.get(used..)?.strip_prefix(b": ")?;
    let (_, n_word) = priority(rest)?;
    let start = used + 2;
    let end = start + n_word;
    Some(Head { clock, word: (start, end), message: (end + 1).min(bytes.len()) })
}

/// Whether the parenthesis that the rule's own text opens before its first field never ends: the end of the message is lost.
pub(super) fn opens_in_vain(message: &str) -> bool {
    let bytes = message.as_bytes();
    let n_before = memchr::memchr(b'=', bytes).unwrap_or(bytes.len());
    let opens = memchr::memmem::find(bytes.get(..n_before).unwrap_or_default(), b" (").is_some();
    opens && super::body::is_unclosed(bytes)
}

/// Whether a line was shown by a tool that cuts it at the edge of the screen, and marks that.
pub(super) fn is_chopped(line: &[u8]) -> bool {
    let line = line.trim_ascii_end();
    let last = line.rsplit(|byte| *byte == b' ').next().unwrap_or_default();
    line.ends_with("…".as_bytes()) || (line.ends_with(b">") && !last.contains(&b'<'))
}

/// Where a text alert begins in a line that begins with something else.
pub(super) fn head_inside(bytes: &[u8]) -> Option<usize> {
    // Every head holds `: X` with a capital: look for that, then back for the time.
    let line = bytes.get(..bytes.len().min(512)).unwrap_or_default();
    memchr::memmem::find_iter(line, b": ").find_map(|colon| {
        bytes.get(colon + 2)?.is_ascii_uppercase().then_some(())?;
        let window = colon.saturating_sub(40);
        (window..colon).find(|at| {
            let starts_number = bytes.get(*at).is_some_and(u8::is_ascii_digit)
                && at
                    .checked_sub(1)
                    .and_then(|before| bytes.get(before))
                    .is_none_or(|byte| !byte.is_ascii_alphanumeric());
            starts_number
                && bytes.get(*at..).and_then(head).is_some_and(|head| head.word.0 + at == colon + 2)
        })
    })
}

/// An output without its time and priority.
pub(super) fn message(output: &str) -> &str {
    head(output.as_bytes()).and_then(|head| output.get(head.message..)).unwrap_or(output)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: Option<&str>) {
        let message = head(line.as_bytes()).and_then(|head| line.get(head.message..));
        assert_eq!(message, expected, "{line}");
    }

    #[test]
    fn an_alert_begins_with_a_fraction_of_a_second_and_a_priority() {
        check("18:17:57.881781397: Warning Odd (x=1)", Some("Odd (x=1)"));
        check("2026-07-04T20:46:44.180672852+0000: Informational Odd", Some("Odd"));
        check("18:17:57: Warning Odd", None);
        check("2025-05-17T10:44:28+0000: Loading rules from:", None);
        check("18:17:57.881781397: Warnings Odd", None);
        check("18:17:57.881781397: Odd", None);
    }

    #[test]
    fn a_head_is_found_behind_other_text() {
        let line = br#" - "output: \"2016-08-04T16:17:57.881781397+0000: Warning Odd""#;
        assert_eq!(head_inside(line), Some(14));
        assert_eq!(head_inside(b"x 18:17:57.881781397: Warning Odd"), Some(2));
        assert_eq!(head_inside(b"nothing: Here"), None);
    }
}
