//! How long a container is said to have run, against what the alert knows.

use crate::lint::Finding;
use crate::model::Alert;
use regex::Regex;
use std::sync::LazyLock;

/// C02: how long a container has run, against its start and the event.
pub(super) fn duration(
    sentence: &str,
    lower: &str,
    line: usize,
    alert: &Alert,
    found: &mut Vec<Finding>,
) {
    let Some(seconds) = container_age(alert) else { return };
    let says_old = [
        "extended period",
        "long time",
        "for hours",
        "for days",
        "for weeks",
        "for months",
        "for minutes",
        "long-running",
        "long running",
        "long-lived",
        "running for a while",
        "for some time",
        "quite some time",
        "prolonged",
        "several hours",
        "several days",
        "several minutes",
        "a considerable time",
        "many hours",
        "many days",
        "days ago",
        "hours ago",
        "weeks ago",
        "months ago",
        "well established",
        "since yesterday",
        "for a long while",
        "for quite a while",
        "been around for",
        "weeks old",
        "months old",
        "days old",
        "up for several",
        "running for several",
    ];
    let says_new = [
        "just started",
        "newly started",
        "recently started",
        "newly created",
        "just created",
        "freshly started",
        "moments ago",
        "brand new",
        "seconds ago",
        "only just",
        "short-lived",
        "just launched",
        "recently created",
        "recently launched",
        "recently deployed",
        "newly deployed",
        "newly launched",
        "freshly deployed",
        "freshly created",
        "freshly launched",
        "just deployed",
        "moments before",
        "moments earlier",
        "seconds before",
        "seconds earlier",
        "seconds old",
        "immediately after the container",
        "immediately after start",
        "right after the container",
        "right after start",
        "shortly after the container",
        "as soon as the container",
    ];
    let stated = stated_seconds(lower);
    let is_wrong = seconds < 60.0 && says_old.iter().any(|words| lower.contains(words))
        || seconds > 3600.0 && says_new.iter().any(|words| lower.contains(words))
        || stated.is_some_and(|stated| stated > 3.0 * seconds.max(0.5) || stated * 3.0 < seconds);
    let is_about = ["container", "running", "uptime", "started", "alive", "process", "it has"]
        .iter()
        .any(|word| lower.contains(word));
    if is_wrong && is_about {
        found.push(
            Finding::new("C02", line, sentence)
                .because(&format!("the container was {} old", age(seconds))),
        );
    }
}

fn age(seconds: f64) -> String {
    if seconds < 120.0 {
        format!("{seconds:.6} s")
    } else {
        format!("{:.1} hours", seconds / 3600.0)
    }
}

/// A length of time that a sentence states for how long something runs: `running for 3 hours`, `2 days old`.
fn stated_seconds(lower: &str) -> Option<f64> {
    static STATED: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"(?:(?:running|been up|up|alive|active|executing|uptime)[^.0-9]{0,40}(?:for|of|over|than|about|is)[^.0-9]{0,20}|started |age of )(\d+(?:\.\d+)?) (second|minute|hour|day|week|month|year)s?|(\d+(?:\.\d+)?) (second|minute|hour|day|week|month|year)s? (?:old|before the event|before the alert)").ok()
    });
    let captures = STATED.as_ref()?.captures(lower)?;
    let number: f64 = captures.get(1).or_else(|| captures.get(3))?.as_str().parse().ok()?;
    let unit = match captures.get(2).or_else(|| captures.get(4))?.as_str() {
        "second" => 1.0,
        "minute" => 60.0,
        "hour" => 3600.0,
        "day" => 86_400.0,
        "week" => 604_800.0,
        "month" => 2_592_000.0,
        _ => 31_536_000.0,
    };
    Some(number * unit)
}

/// Seconds between the container's start and the event, where the alert has both.
fn container_age(alert: &Alert) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "an age in seconds is shown with six digits")]
    if let Some(duration) = alert.fields.number("container.duration") {
        return Some(duration as f64 / 1e9).filter(|seconds| *seconds > 0.0);
    }
    let start = alert.fields.number("container.start_ts")?;
    let event = alert
        .fields
        .number("evt.time")
        .or_else(|| alert.time.map(jiff::Timestamp::as_nanosecond))?;
    let nanoseconds = i64::try_from(event.checked_sub(start)?).ok()?;
    #[expect(clippy::cast_precision_loss, reason = "an age in seconds is shown with six digits")]
    let seconds = nanoseconds as f64 / 1e9;
    Some(seconds).filter(|seconds| *seconds >= 0.0)
}
