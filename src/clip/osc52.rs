//! The escape sequence by which a terminal is asked to set its clipboard.

use crate::text;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The longest text in bytes that all common terminals take; more would be cut or dropped without a word.
pub(super) const LONGEST: usize = 74_000;

/// The bytes to send. GNU screen passes on only what is wrapped, in short pieces.
///
/// # Errors
/// When the text is too long.
pub(super) fn sequence(text: &str, in_screen: bool) -> Result<Vec<u8>, String> {
    if text.len() > LONGEST {
        let (length, limit) = (text::count(text.len() as u64), text::count(LONGEST as u64));
        return Err(format!("too long for the terminal: {length} bytes, {limit} are safe"));
    }
    let encoded = STANDARD.encode(text);
    if !in_screen {
        return Ok(format!("\x1b]52;c;{encoded}\x1b\\").into_bytes());
    }
    let whole = format!("\x1b]52;c;{encoded}\x07");
    let mut wrapped = Vec::new();
    for piece in whole.as_bytes().chunks(252) {
        wrapped.extend(b"\x1bP");
        wrapped.extend(piece);
        wrapped.extend(b"\x1b\\");
    }
    Ok(wrapped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_cannot_break_out_of_the_sequence() {
        let bytes = sequence("\x1b\\\x07;evil", false).unwrap();
        let inner = bytes.strip_prefix(b"\x1b]52;c;").unwrap().strip_suffix(b"\x1b\\").unwrap();
        assert!(inner.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(byte)));
    }

    #[test]
    fn screen_gets_short_pieces() {
        let bytes = sequence(&"x".repeat(1000), true).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let pieces: Vec<&str> = text.split("\x1b\\").filter(|piece| !piece.is_empty()).collect();
        assert!(pieces.len() > 4);
        let whole: String =
            pieces.iter().map(|piece| piece.strip_prefix("\x1bP").unwrap()).collect();
        assert!(whole.starts_with("\x1b]52;c;") && whole.ends_with('\x07'));
    }

    #[test]
    fn what_is_too_long_is_refused_whole() {
        assert!(sequence(&"x".repeat(LONGEST), false).is_ok());
        assert!(sequence(&"x".repeat(LONGEST + 1), false).is_err());
    }
}
