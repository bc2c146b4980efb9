//! What a shell makes of a quoted, expanded or substituted word, and the commands it would run on its way.

use super::shell::Word;
use brush_parser::ParserOptions;
use brush_parser::word::{WordPiece, WordPieceWithSource};

/// The commands inside a text that is worked out to a value: a sum, what a variable has when it is not set.
pub fn hidden(text: &str, inner: &mut Vec<String>) {
    if let Ok(pieces) = brush_parser::word::parse(text, &ParserOptions::default()) {
        unquote(&pieces, text, &mut Word::default(), inner, true);
    }
}

/// The commands inside a here-document that the shell expands; quotes are text there.
pub fn hidden_in_document(text: &str, inner: &mut Vec<String>) {
    if let Ok(pieces) = brush_parser::word::parse_heredoc(text, &ParserOptions::default()) {
        unquote(&pieces, text, &mut Word::default(), inner, true);
    }
}

pub fn unquote(
    pieces: &[WordPieceWithSource],
    raw: &str,
    word: &mut Word,
    inner: &mut Vec<String>,
    quoted: bool,
) {
    for WordPieceWithSource { piece, start_index, end_index } in pieces {
        match piece {
            WordPiece::Text(text)
            | WordPiece::SingleQuotedText(text)
            | WordPiece::AnsiCQuotedText(text) => {
                word.text.push_str(text);
            }
            WordPiece::EscapeSequence(text) => {
                word.text.push_str(text.strip_prefix('\\').unwrap_or(text));
            }
            WordPiece::DoubleQuotedSequence(inside)
            | WordPiece::GettextDoubleQuotedSequence(inside) => {
                unquote(inside, raw, word, inner, true);
            }
            WordPiece::CommandSubstitution(text)
            | WordPiece::BackquotedCommandSubstitution(text) => {
                if !quoted {
                    word.splits.push(format!("$({text})"));
                }
                inner.push(text.clone());
                word.text.push_str("$(…)");
            }
            WordPiece::ParameterExpansion(_) => {
                let written = raw.get(*start_index..*end_index).unwrap_or("$");
                let name = written.trim_start_matches(['$', '{']);
                let end = name
                    .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                    .unwrap_or(name.len());
                let (name, rest) = name.split_at_checked(end).unwrap_or((name, ""));
                // `${x:-1}`, `${x:?no x}` and `${x:+y}` say what is to be done without a value.
                let is_guarded = written.starts_with("${")
                    && rest.trim_start_matches(':').starts_with(['-', '?', '=', '+']);
                if !is_guarded {
                    word.expands.push(name.to_owned());
                }
                if !quoted && !written.starts_with("${#") {
                    word.splits.push(written.to_owned());
                }
                word.text.push_str(written);
                hidden(rest, inner);
            }
            WordPiece::TildeExpansion(_) => word.text.push('~'),
            WordPiece::ArithmeticExpression(sum) => {
                hidden(&sum.value, inner);
                word.text.push_str("$((…))");
            }
        }
    }
}

pub fn is_quotes(piece: &WordPiece) -> bool {
    matches!(
        piece,
        WordPiece::SingleQuotedText(_)
            | WordPiece::AnsiCQuotedText(_)
            | WordPiece::DoubleQuotedSequence(_)
    )
}
