//! What the bytes of a record may say besides what they show: characters that are spelled as escapes or as numbers.

/// A character that every format writes as it is.
pub fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

/// Whether a record may say something plain ([`is_plain`]) that does not stand in its bytes: letters as escapes, in pieces,
/// or as numbers.
pub fn may_say_more(record: &[u8]) -> bool {
    memchr::memchr2(b'\n', b'\r', record.trim_ascii_end()).is_some()
        || has_spelled(record)
        || lists_bytes(record)
}

/// Whether an escape in some bytes may stand for a plain character.
pub fn has_spelled(bytes: &[u8]) -> bool {
    memchr::memchr_iter(b'\\', bytes).any(|at| may_spell(bytes.get(at + 1..).unwrap_or_default()))
}

/// Whether what follows a backslash may stand for a plain character, or for another backslash before one.
pub fn may_spell(after: &[u8]) -> bool {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    match after {
        [b'U' | b'x', ..] => true,
        [b'u', b'0', b'0', high, low, ..] => match (digit(*high), digit(*low)) {
            (Some(high), Some(low)) => {
                let byte = high << 4 | low;
                is_plain(byte) || byte == b'\\'
            }
            _ => true,
        },
        [b'u', code @ ..] => code.get(..4).is_none_or(|code| {
            // The long s and the sign for kelvin are the same as `s` and `k` where case does not matter.
            matches!(code, b"017f" | b"017F" | b"212a" | b"212A")
                || !code.iter().all(u8::is_ascii_hexdigit)
        }),
        _ => false,
    }
}

/// Whether the journal wrote a message as a list of numbers, as it does where it is not all text.
fn lists_bytes(record: &[u8]) -> bool {
    memchr::memmem::find(record, b"\"MESSAGE\"").is_some_and(|at| {
        let after = record.get(at + 9..).unwrap_or_default();
        after.iter().find(|byte| !matches!(byte, b' ' | b':' | b'\t')) == Some(&b'[')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(record: &str, expected: bool) {
        assert_eq!(may_say_more(record.as_bytes()), expected, "{record}");
    }

    #[test]
    fn escapes_may_spell_plain_characters() {
        check(r"a\u0041", true);
        check(r"a\u005f", true);
        check(r"a\u005C", true);
        check(r"a\\u002d", true);
        check(r"a\x41", true);
        check(r"a\U00000041", true);
        check(r"\u017F", true);
        check(r"\u212a", true);
        check(r"\u004", true);
        check(r"\u00g1", true);
        check(r"\u01g1", true);
        check(r"\u", true);
        check(r#"\u003c\u0026 \n \" \\ \/ \u017e \u00e4 \"#, false);
    }

    #[test]
    fn so_may_several_lines_and_lists_of_numbers() {
        check("a\nb", true);
        check("a\rb", true);
        check("a\r\n", false);
        check(r#"{"MESSAGE" : [97]}"#, true);
        check(r#"{"MESSAGE":"a"}"#, false);
    }
}
