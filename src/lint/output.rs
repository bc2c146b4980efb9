//! Findings for people, programs, code scanners and pull requests.

use super::{Finding, Severity};
use crate::report::json;
use crate::text::{plural, printable};
use std::fmt::Write;

/// The findings of one file.
#[derive(Debug)]
pub struct Judged {
    /// As the person named it; `-` for standard input.
    pub file: String,
    pub findings: Vec<Finding>,
}

/// For people: one finding on two or three lines, then the counts.
pub fn text(files: &[Judged]) -> String {
    let mut out = String::new();
    for Judged { file, findings } in files {
        for Finding { id, severity, line, text, message, instead } in findings {
            // Writing to a string cannot fail.
            let _ = writeln!(
                out,
                "{}:{line}: {} {id}: {}",
                printable(file),
                severity.name(),
                printable(message)
            );
            let _ = writeln!(out, "    {}", printable(text));
            if !instead.is_empty() {
                let _ = writeln!(out, "    instead: {}", printable(instead));
            }
        }
    }
    let n = |severity| {
        files.iter().flat_map(|file| &file.findings).filter(|f| f.severity == severity).count()
            as u64
    };
    let _ = writeln!(
        out,
        "{}, {}, {}, {}",
        plural(n(Severity::Block), "line never to paste", "lines never to paste"),
        plural(n(Severity::Error), "error", "errors"),
        plural(n(Severity::Warn), "warning", "warnings"),
        plural(n(Severity::Note), "note", "notes"),
    );
    out
}

/// One array of objects: `id, severity, file, line, text, message, instead`.
pub fn json(files: &[Judged]) -> String {
    let mut out = String::from("[");
    for (file, finding) in each(files) {
        if out.len() > 1 {
            out.push(',');
        }
        let Finding { id, severity, line, text, message, instead } = finding;
        let _ = write!(
            out,
            "\n{{\"id\":{},\"severity\":{},\"file\":{},\"line\":{line},\"text\":{},\"message\":{},\"instead\":{}}}",
            json::quote(id),
            json::quote(severity.name()),
            json::quote(file),
            json::quote(text),
            json::quote(message),
            json::quote(instead),
        );
    }
    out.push_str(if out.len() > 1 { "\n]\n" } else { "]\n" });
    out
}

/// SARIF 2.1.0, for code scanners.
pub fn sarif(files: &[Judged]) -> String {
    let rules: Vec<String> = super::rules::all()
        .map(|(id, rule)| {
            format!(
                "{{\"id\":{},\"shortDescription\":{{\"text\":{}}}}}",
                json::quote(id),
                json::quote(rule.message)
            )
        })
        .collect();
    let results: Vec<String> = each(files)
        .map(|(file, finding)| {
            let level = match finding.severity {
                Severity::Block | Severity::Error => "error",
                Severity::Warn => "warning",
                Severity::Note => "note",
            };
            format!(
                "{{\"ruleId\":{},\"level\":\"{level}\",\"message\":{{\"text\":{}}},\"locations\":[{{\"physicalLocation\":{{\"artifactLocation\":{{\"uri\":{}}},\"region\":{{\"startLine\":{}}}}}}}]}}",
                json::quote(finding.id),
                json::quote(&sentence(finding)),
                json::quote(&uri(file)),
                finding.line,
            )
        })
        .collect();
    format!(
        "{{\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\",\"version\":\"2.1.0\",\"runs\":[{{\"tool\":{{\"driver\":{{\"name\":\"cadge\",\"version\":\"{}\",\"rules\":[{}]}}}},\"results\":[{}]}}]}}\n",
        env!("CARGO_PKG_VERSION"),
        rules.join(","),
        results.join(","),
    )
}

/// GitHub's workflow commands: one annotation a line.
pub fn github(files: &[Judged]) -> String {
    let data = |text: &str| printable(text).replace('%', "%25");
    let property = |text: &str| data(text).replace(':', "%3A").replace(',', "%2C");
    each(files).fold(String::new(), |mut out, (file, finding)| {
        let level = match finding.severity {
            Severity::Block | Severity::Error => "error",
            Severity::Warn => "warning",
            Severity::Note => "notice",
        };
        let _ = writeln!(
            out,
            "::{level} file={},line={},title={}::{}",
            property(file),
            finding.line,
            property(finding.id),
            data(&sentence(finding)),
        );
        out
    })
}

fn each(files: &[Judged]) -> impl Iterator<Item = (&str, &Finding)> {
    files.iter().flat_map(|file| file.findings.iter().map(move |finding| (&*file.file, finding)))
}

fn sentence(finding: &Finding) -> String {
    let message = printable(&finding.message);
    if finding.instead.is_empty() {
        message.into_owned()
    } else {
        format!("{message}. Instead: {}", finding.instead)
    }
}

/// A path as the relative reference of a URI (RFC 3986: all but the unreserved characters and `/` escaped).
fn uri(path: &str) -> String {
    path.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}
