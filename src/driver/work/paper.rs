//! Reports and records as texts to copy or to keep.

use crate::clip::write_private;
use crate::report::markdown::markdown;
use crate::ui::Look;
use std::fmt::Write as _;
use std::path::Path;

/// The Markdown report.
pub(super) fn report(look: &Look) -> String {
    markdown(&look.alert, &look.analysis)
}

/// The record, with every character that could act when it is pasted written as a JSON escape where the record is
/// JSON, and made visible where it is not.
pub(super) fn raw(look: &Look) -> String {
    let text = String::from_utf8_lossy(&look.raw);
    let is_json = text.trim_start().starts_with('{');
    let mut safe = String::with_capacity(text.len());
    for c in text.trim_end().chars() {
        if c == '\n' || !crate::text::is_dangerous(c) {
            safe.push(c);
        } else if is_json && !c.is_ascii_whitespace() {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                let _ = write!(safe, "\\u{unit:04x}");
            }
        } else if c.is_ascii_whitespace() {
            safe.push(' ');
        } else {
            safe.push_str(&crate::text::printable(c.encode_utf8(&mut [0; 4])));
        }
    }
    safe
}

/// Writes the report to a new private file, and says where.
///
/// # Errors
/// Why it was not written, as a sentence.
pub(super) fn export(look: &Look, folder: Option<&Path>) -> Result<String, String> {
    let folder = folder.ok_or("there is no home folder to write to")?;
    let path = folder.join(file_name(look));
    write_private(&path, report(look).as_bytes())
        .map(|()| path.display().to_string())
        .map_err(|error| format!("{}: {error}", path.display()))
}

/// A name that no alert can turn into a path: letters, digits, dot, hyphen and underscore, and never a dot first.
fn file_name(look: &Look) -> String {
    let time = look.alert.time.map(|time| time.strftime("%Y%m%dT%H%M%SZ").to_string());
    let container = look.alert.container();
    let parts = [time.as_deref(), container.name.or(container.id), look.alert.rule.as_deref()];
    let name = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>();
    let name: String = name
        .join("-")
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' })
        .take(80)
        .collect();
    let name = name.trim_start_matches(['.', '-']);
    // Two alerts of one rule in one second are told apart by where they stand.
    format!("{}-{}.md", if name.is_empty() { "alert" } else { name }, look.alert.origin.offset)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Analysis, Assessment, Match, PlaybookRef};
    use crate::model::{Alert, Level};

    fn look(rule: &str, raw: &[u8]) -> Look {
        let analysis = Analysis {
            playbook: PlaybookRef { id: "x".into(), found_by: Match::Fallback },
            headline: String::new(),
            summary: String::new(),
            proves: vec![],
            not_proven: vec![],
            facts: vec![],
            assessment: Assessment {
                level: Level::Low,
                falco_priority: None,
                known: None,
                reasons: vec![],
            },
            causes: vec![],
            missing: vec![],
            attack: vec![],
            steps: vec![],
            related: vec![],
            tuning: None,
            references: vec![],
        };
        let alert = Alert { rule: Some(rule.into()), ..Alert::default() };
        Look { alert, raw: raw.to_vec(), analysis }
    }

    #[test]
    fn no_rule_makes_a_path() {
        assert_eq!(file_name(&look("../../etc/passwd", b"")), "_.._etc_passwd-0.md");
        assert_eq!(file_name(&look("", b"")), "alert-0.md");
        assert_eq!(file_name(&look("--help\n\0", b"")), "help__-0.md");
        assert!(file_name(&look(&"x".repeat(500), b"")).len() < 100);
    }

    #[test]
    fn a_copied_record_holds_nothing_that_acts_and_means_the_same() {
        let record = "{\"output\":\"a\u{202e}b\u{7f}\u{9b}\u{e0041}\"}\n";
        let safe = raw(&look("r", record.as_bytes()));
        assert_eq!(safe, "{\"output\":\"a\\u202eb\\u007f\\u009b\\udb40\\udc41\"}");
        let back: serde_json::Value = serde_json::from_str(&safe).unwrap();
        assert_eq!(back, serde_json::from_str::<serde_json::Value>(record).unwrap());
        assert!(!raw(&look("r", b"text\x1b[2J")).contains('\x1b'));
    }
}
