//! Reports and records as texts to copy or to keep.

use crate::private;
use crate::report::markdown::markdown;
use crate::report::mask;
use crate::text::plural;
use crate::ui::Look;
use std::fmt::Write as _;
use std::path::Path;

/// What was masked, to be said behind how it went; empty when nothing was.
pub(super) fn masked(n: usize) -> String {
    match n {
        0 => String::new(),
        n => format!("; {} masked (:masking leaves them)", plural(n as u64, "secret", "secrets")),
    }
}

/// The Markdown report, and how many secrets were masked in it.
pub(super) fn report(look: &Look, masks: bool) -> (String, usize) {
    if !masks {
        return (markdown(&look.alert, &look.analysis), 0);
    }
    let (mut alert, mut analysis) = (look.alert.clone(), look.analysis.clone());
    let n = mask::all(&mut alert, Some(&mut analysis), &mut []);
    (markdown(&alert, &analysis), n)
}

/// The record, with every character that could act when it is pasted written as a JSON escape where the record is
/// JSON, and made visible where it is not; and how many secrets were masked in it.
pub(super) fn raw(look: &Look, masks: bool) -> (String, usize) {
    let mut text = String::from_utf8_lossy(&look.raw).into_owned();
    let n = if masks { mask::record(&look.alert, &mut text) } else { 0 };
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
    (safe, n)
}

/// Writes the report to a new private file, and says where.
///
/// # Errors
/// Why it was not written, as a sentence.
pub(super) fn export(look: &Look, masks: bool, folder: Option<&Path>) -> Result<String, String> {
    let (text, n) = report(look, masks);
    write(folder, &stem(look), "md", &text).map(|path| format!("{path}{}", masked(n)))
}

/// Writes a text to a new file in the folder of reports, and says where.
///
/// # Errors
/// Why it was not written, as a sentence.
pub(super) fn write(
    folder: Option<&Path>,
    stem: &str,
    ending: &str,
    text: &str,
) -> Result<String, String> {
    let folder = folder.ok_or("there is no home folder to write to")?;
    private::write_new(folder, stem, ending, text.as_bytes())
        .map(|path| path.display().to_string())
        .map_err(|error| format!("{}: {error}", folder.display()))
}

/// What a file about an alert is named after: time, container, rule.
fn stem(look: &Look) -> String {
    let time = look.alert.time.map(|time| time.strftime("%Y%m%dT%H%M%SZ").to_string());
    let container = look.alert.container();
    let parts = [time.as_deref(), container.name.or(container.id), look.alert.rule.as_deref()];
    let name = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>();
    if name.is_empty() { "alert".to_owned() } else { name.join("-") }
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
            story: None,
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
    fn no_rule_makes_a_path_and_no_report_replaces_another() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("reports");
        let name = |rule: &str| {
            let path = export(&look(rule, b""), true, Some(&folder)).unwrap();
            path.strip_prefix(&format!("{}/", folder.display())).unwrap().to_owned()
        };
        assert_eq!(name("../../etc/passwd"), "etc-passwd.md");
        assert_eq!(name(""), "alert.md");
        assert_eq!(name(""), "alert-2.md");
        assert_eq!(name("--help\n\0"), "help--.md");
        assert!(name(&"x".repeat(500)).len() < 100);
    }

    #[test]
    fn what_leaves_is_masked_unless_a_person_wants_it() {
        let line = r#"{"output_fields":{"proc.cmdline":"mysql -phunter22 shop","proc.args":"-phunter22 shop"}}"#;
        let mut look = look("r", line.as_bytes());
        look.alert
            .fields
            .set("proc.cmdline", crate::model::Value::String("mysql -phunter22 shop".into()));
        look.analysis.summary = "It ran mysql -phunter22 shop.".to_owned();
        for (text, n) in [report(&look, true), raw(&look, true)] {
            assert!(!text.contains("hunter22") && n > 0, "{text}");
        }
        assert!(report(&look, false).0.contains("hunter22"));
        assert!(raw(&look, false).0.contains("hunter22"));
    }

    #[test]
    fn a_copied_record_holds_nothing_that_acts_and_means_the_same() {
        let record = "{\"output\":\"a\u{202e}b\u{7f}\u{9b}\u{e0041}\"}\n";
        let (safe, _) = raw(&look("r", record.as_bytes()), true);
        assert_eq!(safe, "{\"output\":\"a\\u202eb\\u007f\\u009b\\udb40\\udc41\"}");
        let back: serde_json::Value = serde_json::from_str(&safe).unwrap();
        assert_eq!(back, serde_json::from_str::<serde_json::Value>(record).unwrap());
        assert!(!raw(&look("r", b"text\x1b[2J"), true).0.contains('\x1b'));
    }
}
