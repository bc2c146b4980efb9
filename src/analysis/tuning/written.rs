//! An exception as a rules file with what a person should know of it, and as a command that installs it.

use super::{Exception, Hidden};
use crate::text::{count, ellipsis, plural, printable};
use std::fmt::Write as _;

/// Where the exception belongs: a file that is loaded after the rule's own.
pub const FILE: &str = "/etc/falco/rules.d/zz-triage-exceptions.yaml";
/// The longest value in a comment, in columns.
const VALUE_COLS: usize = 120;

impl Exception {
    /// The rules file with what it hides as comments.
    pub fn text(&self, hidden: &Hidden) -> String {
        let mut out = String::new();
        let _ = writeln!(
            out,
            "# For Falco {}, in a file that is loaded after the rule's own: {FILE}",
            self.version
        );
        let _ = writeln!(
            out,
            "# Hides {} of {} of this rule among the loaded ones.",
            count(hidden.n),
            plural(hidden.n_of_rule, "alert", "alerts")
        );
        for caution in &self.cautions {
            let _ = writeln!(out, "# Caution: {}", printable(caution));
        }
        if !hidden.shown.is_empty() {
            out.push_str("# The most different of them:\n");
        }
        for shown in &hidden.shown {
            let _ = writeln!(out, "#   {}", shown.line());
        }
        out.push_str(&self.yaml());
        out
    }

    /// A command of several lines that adds the exception to [`FILE`], once Falco has found it good together with those that
    /// are there: a file that Falco refuses would keep it from starting again.
    pub fn command(&self, hidden: &Hidden) -> String {
        // No line of the text is this word: each begins with `#`, `-` or a space.
        format!(
            r#"sudo sh -c 'f=$(mktemp /etc/falco/.exceptions.XXXXXX) && {{ cat {FILE} 2> /dev/null; cat; }} > "$f" && falco -V /etc/falco/falco_rules.yaml -V "$f" && chmod 0644 "$f" && mkdir -p /etc/falco/rules.d && mv -- "$f" {FILE} || {{ rm -f -- "$f"; exit 1; }}' <<'EXCEPTION'
{}EXCEPTION"#,
            self.text(hidden)
        )
    }
}

impl super::Shown {
    /// Number, time and in what it differs, in one line.
    pub fn line(&self) -> String {
        let time = self.alert.time.map_or_else(|| "no time".to_owned(), |time| time.to_string());
        let fields: Vec<String> = self
            .different
            .fields
            .iter()
            .map(|(field, value)| {
                format!("{}={}", printable(field), ellipsis(&printable(value), VALUE_COLS))
            })
            .collect();
        let fields =
            if fields.is_empty() { "only the time differs".to_owned() } else { fields.join("  ") };
        format!("alert {}, {time}: {fields}", self.number)
    }
}

/// Whether a word looks like a list of the official rules, for hosts whose rules are not at hand.
pub fn is_usual_list(word: &str) -> bool {
    const ENDS: [&str; 14] = [
        "_binaries",
        "_binary",
        "_mgmt",
        "_files",
        "_ports",
        "_images",
        "_containers",
        "_directories",
        "_dirs",
        "_programs",
        "_processes",
        "_users",
        "_domains",
        "_namespaces",
    ];
    ENDS.iter().any(|end| word.ends_with(end) && word.len() > end.len())
        && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}
