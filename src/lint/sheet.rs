//! A text as a person reads it beside the alert: prose, and each command or snippet with what was found about it.

use super::extract::{self, Kind, Language, Part};
use super::{Finding, Severity, shell};
use crate::model::Alert;

/// What a piece is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Prose,
    Command,
    /// A file, or a part of one.
    Snippet,
}

/// Some rows of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Line of its first row, from 1.
    pub line: usize,
    pub role: Role,
    /// As it stands in the text; hostile.
    pub text: String,
    pub findings: Vec<Finding>,
}

impl Piece {
    /// The worst that was found.
    pub fn worst(&self) -> Option<&Finding> {
        let worst = self.findings.iter().map(|finding| finding.severity).max()?;
        self.findings.iter().find(|finding| finding.severity == worst)
    }

    /// Whether it may never be copied.
    pub fn is_blocked(&self) -> bool {
        self.worst().is_some_and(|finding| finding.severity == Severity::Block)
    }
}

/// Rows of a block that are tried as one command at most.
const LONGEST: usize = 400;

/// Judges a text and cuts it into pieces, in order.
pub fn sheet(text: &str, kind: Kind, alert: Option<&Alert>) -> Vec<Piece> {
    let findings = super::lint(text, kind, alert);
    let mut pieces = Vec::new();
    // The next row that belongs to no piece yet.
    let mut next = 1;
    let rows: Vec<&str> = text.lines().collect();
    let mut inline = Vec::new();
    for part in extract::parts(text, kind) {
        match part {
            Part::Block(block) if block.language != Language::Text => {
                prose(&rows, next, block.line, &inline, &mut pieces);
                next = block.line + block.text.lines().count();
                match block.language {
                    Language::Shell => commands(&block.text, block.line, &mut pieces),
                    _ => pieces.push(piece(block.line, Role::Snippet, &block.text)),
                }
            }
            Part::Inline { line, text } if is_command(&text) => inline.push((line, text)),
            _ => {}
        }
    }
    prose(&rows, next, rows.len() + 1, &inline, &mut pieces);
    give(findings, &mut pieces);
    pieces
}

fn piece(line: usize, role: Role, text: &str) -> Piece {
    let text = text.trim_end_matches('\n').to_owned();
    Piece { line, role, text, findings: Vec::new() }
}

fn is_command(span: &str) -> bool {
    extract::starts_like_a_command(span) && span.split_whitespace().count() > 1
}

/// Rows between blocks, a paragraph a piece; a command in a sentence stands below its row as a piece of its own.
fn prose(
    rows: &[&str],
    from: usize,
    to: usize,
    inline: &[(usize, String)],
    pieces: &mut Vec<Piece>,
) {
    for (line, row) in rows.iter().enumerate().map(|(at, row)| (at + 1, *row)) {
        // A fence is no text to read.
        if line < from || line >= to || row.trim_start().starts_with(['`', '~']) && is_fence(row) {
            continue;
        }
        pieces.push(piece(line, Role::Prose, row));
        for (_, span) in inline.iter().filter(|(at, _)| *at == line) {
            pieces.push(piece(line, Role::Command, span));
        }
    }
}

fn is_fence(row: &str) -> bool {
    let row = row.trim_start();
    row.starts_with("```") || row.starts_with("~~~")
}

/// The commands of a block: as few rows as make a whole command.
fn commands(text: &str, line: usize, pieces: &mut Vec<Piece>) {
    let rows: Vec<&str> = text.lines().collect();
    let mut at = 0;
    while let Some(row) = rows.get(at) {
        if row.trim().is_empty() || row.trim_start().starts_with('#') {
            pieces.push(piece(line + at, Role::Prose, row));
            at += 1;
            continue;
        }
        let whole = (1..=LONGEST.min(rows.len() - at)).find(|n| {
            let rows = rows.get(at..at + n).unwrap_or_default();
            let ends = rows.last().is_some_and(|row| !row.ends_with('\\'));
            ends && shell::parse(&rows.join("\n")).is_ok()
        });
        let n = whole.unwrap_or(1);
        let text = rows.get(at..at + n).unwrap_or_default().join("\n");
        pieces.push(piece(line + at, Role::Command, &text));
        at += n;
    }
}

/// Gives each finding to the piece it is about: the last that begins at or above its line, a command before prose.
fn give(findings: Vec<Finding>, pieces: &mut [Piece]) {
    // What is wrong with a whole block stands at its first row.
    for finding in findings {
        let whole_block = matches!(finding.id, "Y08" | "S01");
        let holds = |piece: &Piece| {
            let end = piece.line + piece.text.lines().count().max(1);
            (piece.line..end).contains(&finding.line)
        };
        let mut found: Vec<usize> =
            pieces.iter().enumerate().filter(|(_, piece)| holds(piece)).map(|(at, _)| at).collect();
        // A sentence and the command in it share a line: what is said of the words of one is not said of the other.
        if found.len() > 1 {
            let speaks = |at: &usize| {
                pieces.get(*at).is_some_and(|piece| {
                    piece.role != Role::Prose
                        && piece
                            .text
                            .contains(finding.text.split_whitespace().next_back().unwrap_or("\n"))
                })
            };
            let named: Vec<usize> = found.iter().copied().filter(speaks).collect();
            if !named.is_empty() {
                found = named;
            }
        }
        for at in &found {
            if let Some(piece) = pieces.get_mut(*at) {
                piece.findings.push(finding.clone());
            }
        }
        if whole_block && let Some(first) = found.last() {
            let rest = pieces.iter_mut().skip(first + 1);
            for piece in rest.take_while(|piece| piece.role == Role::Command) {
                piece.findings.push(finding.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Role::{Command, Prose, Snippet};
    use super::*;

    #[test]
    fn a_report_becomes_prose_and_judged_commands() {
        let text = "# Report\n\nRun `sudo setenforce 0` now.\n\n```bash\n# look\ndocker top web\ncat > /tmp/x <<'E'\na\nE\nnc -l 4444\n```\n\n```yaml\nservices:\n  web:\n    image: <image>\n```\nThe end.\n";
        let shown: Vec<_> = sheet(text, Kind::Markdown, None)
            .into_iter()
            .filter(|piece| !piece.text.is_empty())
            .map(|piece| {
                let ids: Vec<_> = piece.findings.iter().map(|finding| finding.id).collect();
                (piece.line, piece.role, piece.text, ids.join(" "))
            })
            .collect();
        let row = |line, role, text: &str, ids: &str| (line, role, text.to_owned(), ids.to_owned());
        assert_eq!(
            shown,
            [
                row(1, Prose, "# Report", ""),
                row(3, Prose, "Run `sudo setenforce 0` now.", ""),
                row(3, Command, "sudo setenforce 0", "W01"),
                row(6, Prose, "# look", ""),
                row(7, Command, "docker top web", ""),
                row(8, Command, "cat > /tmp/x <<'E'\na\nE", ""),
                row(11, Command, "nc -l 4444", "L03"),
                row(15, Snippet, "services:\n  web:\n    image: <image>", "P01"),
                row(19, Prose, "The end.", ""),
            ]
        );
    }

    #[test]
    fn a_block_in_the_wrong_language_is_blocked_whole() {
        let text = "```bash\n#include <sys/seccomp.h>\nint main(void) {\n  return 0;\n}\n```\n";
        let pieces = sheet(text, Kind::Markdown, None);
        assert!(pieces.iter().filter(|piece| piece.role != Role::Prose).all(Piece::is_blocked));
        assert!(pieces.iter().any(Piece::is_blocked));
    }
}
