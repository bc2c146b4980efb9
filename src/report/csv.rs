//! Alerts as a table for spreadsheets (RFC 4180). What a spreadsheet would take for a formula is text here, which changes
//! such cells by one `'`: JSON is the export without loss.

use super::{mask, record};
use crate::model::{Alert, Priority, Value};
use crate::text::printable;
use std::io;

/// The columns, in order. New ones are added at the end.
pub const COLUMNS: [&str; 20] = [
    "time",
    "priority",
    "rule",
    "event_source",
    "hostname",
    "container_id",
    "container_name",
    "container_image",
    "namespace",
    "pod",
    "process",
    "command_line",
    "user",
    "output",
    "tags",
    "uuid",
    "id",
    "source",
    "offset",
    "line",
];

/// Writes the first row and then alerts.
pub struct Table<W: io::Write> {
    out: csv::Writer<W>,
    masks: bool,
    /// Secrets that were masked.
    pub masked: usize,
}

impl<W: io::Write> Table<W> {
    /// Begins with the names of the columns.
    ///
    /// # Errors
    /// When nothing can be written.
    pub fn new(out: W, masks: bool) -> io::Result<Self> {
        let mut out = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
        out.write_record(COLUMNS).map_err(io_error)?;
        Ok(Self { out, masks, masked: 0 })
    }

    /// One row.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn alert(&mut self, alert: &Alert) -> io::Result<()> {
        let id = record::id(alert);
        let mut alert = alert.clone();
        if self.masks {
            self.masked += mask::alert(&mut alert);
        }
        let alert = &alert;
        let container = alert.container();
        let (namespace, pod) = alert.k8s();
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let field = |key: &str| {
            alert.fields.known(key).map(Value::display).unwrap_or_default().into_owned()
        };
        let priority = alert.priority.map(Priority::name).or(alert.priority_text.as_deref());
        let line = match alert.origin.line {
            0 => String::new(),
            line => line.to_string(),
        };
        let row = [
            alert.time.map(|time| time.to_string()).unwrap_or_default(),
            text(priority),
            text(alert.rule.as_deref()),
            text(alert.event_source.as_deref()),
            text(alert.hostname.as_deref()),
            text(container.id),
            text(container.name),
            text(container.image),
            text(namespace),
            text(pod),
            field("proc.name"),
            field("proc.cmdline"),
            field("user.name"),
            text(alert.output.as_deref()),
            alert.tags.join(" "),
            text(alert.uuid.as_deref()),
            id,
            alert.origin.source.to_string(),
            alert.origin.offset.to_string(),
            line,
        ];
        self.out.write_record(row.iter().map(|text| cell(text))).map_err(io_error)
    }

    /// Writes out what is still held.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// Text that no spreadsheet reads as a formula, also behind blanks, and with the full-width signs that some take for the
/// plain ones (OWASP, CSV injection). Control characters are made visible.
pub fn cell(text: &str) -> String {
    let shown = printable(text);
    let begin = shown.trim_start().chars().next();
    let is_formula = matches!(
        begin,
        Some('=' | '+' | '-' | '@' | '|' | '%' | '\u{ff1d}' | '\u{ff0b}' | '\u{ff0d}' | '\u{ff20}')
    ) || text.starts_with(['\t', '\r', '\n']);
    if is_formula { format!("'{shown}") } else { shown.into_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn alert(hostile: &str) -> Alert {
        let mut alert = Alert {
            rule: Some(hostile.into()),
            output: Some(hostile.into()),
            hostname: Some(hostile.into()),
            tags: vec![hostile.into()],
            ..Alert::default()
        };
        for key in ["proc.cmdline", "container.id", "container.name", "user.name", "k8s.pod.name"] {
            alert.fields.set(key, Value::String(hostile.into()));
        }
        alert
    }

    fn rows(alerts: &[Alert]) -> Vec<Vec<String>> {
        let mut bytes = Vec::new();
        let mut table = Table::new(&mut bytes, true).unwrap();
        alerts.iter().for_each(|alert| table.alert(alert).unwrap());
        table.flush().unwrap();
        drop(table);
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(&bytes[..]);
        reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
    }

    #[test]
    fn formulas_are_text() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "\u{ff1d}1"] {
            assert!(cell(text).starts_with('\''), "{text:?}");
        }
        for text in ["", "nc -e /bin/sh", "2026-11-21T09:00:00Z", "a=b"] {
            assert_eq!(cell(text), text);
        }
    }

    proptest! {
        #[test]
        fn a_table_comes_back_cell_by_cell(hostile in any::<String>()) {
            let rows = rows(&[alert(&hostile), Alert::default()]);
            prop_assert_eq!(rows.len(), 3);
            prop_assert_eq!(&rows[0], &COLUMNS);
            prop_assert!(rows.iter().all(|row| row.len() == COLUMNS.len()));
            let (masked, n) = mask::secrets(&hostile);
            if n == 0 {
                prop_assert_eq!(&rows[1][2], &cell(&masked));
                prop_assert_eq!(&rows[1][11], &cell(&masked));
            }
            for cell in rows[1..].iter().flatten() {
                prop_assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']));
            }
        }
    }
}
