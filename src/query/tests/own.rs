//! The fields that only we have.

use super::{caller, check, reader, refused};
use crate::model::Level;
use crate::query::{Filter, Judged, Names};
use jiff::Timestamp;
use jiff::tz::TimeZone;

#[test]
fn rule_source_tags_host_and_output() {
    check("alert.rule = 'Somebody reads secrets'", "r");
    check("alert.rule startswith Somebody", "rc");
    check("alert.source = syscall", "r");
    check("alert.hostname glob node-*", "r");
    check("alert.output contains /etc/shadow", "r");
    check("alert.tags intersects (container, x)", "r");
    check("alert.tags in (container, filesystem)", "rct");
    check("alert.rule exists", "rc");
    check("triage.status = open", "");
    refused("alert.tags contains x", "contains", "does not fit alert.tags", Some("intersects (…)"));
}

#[test]
fn priorities_are_ordered_by_urgency() {
    check("alert.priority = warning", "r");
    check("alert.priority = WARN", "r");
    check("alert.priority >= warning", "rc");
    check("alert.priority > warning", "c");
    check("alert.priority < error", "r");
    check("alert.priority in (critical, alert)", "c");
    check("alert.priority != critical", "r");
    refused("alert.priority >= warnign", "warnign", "is no priority of Falco's", Some("Warning"));
    refused("alert.priority contains warn", "contains", "does not fit alert.priority", None);
}

#[track_caller]
fn at(expr: &str, expected: &str) {
    let now: Timestamp = "2023-11-15T10:00:00Z".parse().unwrap();
    let names = Names::at(now, TimeZone::get("Europe/Berlin").unwrap());
    let filter = Filter::parse(expr, &names).unwrap_or_else(|error| panic!("{expr}: {error}"));
    let alerts = [('r', reader()), ('c', caller())];
    let matched: String =
        alerts.iter().filter(|(_, alert)| filter.matches(alert)).map(|(name, _)| *name).collect();
    assert_eq!(matched, expected, "{expr}");
}

#[test]
fn times_are_instants_days_and_spans_back_from_now() {
    // The reader acted on the 14th at 22:13:20 UTC, the caller on the 15th at 08:00.
    at("alert.time >= 2023-11-15T08:00:00Z", "c");
    at("alert.time > 2023-11-15T08:00:00Z", "");
    at("alert.time = 2023-11-15T09:00:00+01:00", "c");
    at("alert.time < \"2023-11-15T08:00:00Z\"", "r");
    at("alert.time > -3h", "c");
    at("alert.time > -1h", "");
    at("alert.time > -1d", "rc");
    at("alert.time > -11h30m", "c");
    at("alert.time = today", "c");
    at("alert.time >= today", "c");
    at("alert.time < today", "r");
    at("alert.time = yesterday", "r");
    at("alert.time = 2023-11-14", "r");
    at("alert.time > 2023-11-14", "c");
    at("alert.time <= 2023-11-14", "r");
    at("alert.time != 2023-11-14", "c");
    // A clock without a zone is the clock of the person who filters.
    at("alert.time >= 2023-11-15T09:00", "c");
    at("alert.time > 2023-11-15T09:00", "");
    at("alert.time in (today, 2023-11-14)", "rc");
    at("alert.time <= now", "rc");
}

#[test]
fn a_time_that_is_none_is_refused() {
    let names = Names::at(Timestamp::UNIX_EPOCH, TimeZone::UTC);
    for text in [
        "soon",
        "-2x",
        "-",
        "-h",
        "2023-13-01",
        "2023-11-15T25:00:00Z",
        "-99999999999999999999h",
        "-9999999w",
    ] {
        assert!(Filter::parse(&format!("alert.time > {text}"), &names).is_err(), "{text}");
    }
    refused("alert.time > -2h", "-2h", "relative to now means nothing here", None);
}

#[test]
fn an_assessment_is_there_once_the_alert_was_judged() {
    let alert = reader();
    let judged = Judged {
        alert: &alert,
        level: Some(Level::High),
        known: Some("event-generator"),
        triage: None,
    };
    for (expr, holds) in [
        ("alert.assessment >= medium", true),
        ("alert.assessment = critical", false),
        ("alert.known = event-generator", true),
        ("proc.name = cat", true),
    ] {
        let filter = Filter::parse(expr, &Names::default()).unwrap();
        assert_eq!(filter.matches(&judged), holds, "{expr}");
        assert_eq!(filter.needs_judgment(), !expr.starts_with("proc"), "{expr}");
    }
    check("alert.assessment exists", "");
    refused("alert.assessment > bad", "bad", "is no level", None);
}

#[test]
fn a_word_that_no_decision_holds_is_warned_of() {
    let warned = |expr: &str| {
        let filter = Filter::parse(expr, &Names::default()).unwrap();
        let warnings: Vec<_> = filter.warnings().iter().map(ToString::to_string).collect();
        warnings.join("; ")
    };
    for fine in ["triage.status = open", "triage.verdict in (benign, test)", "triage.note = opn"] {
        assert_eq!(warned(fine), "", "{fine}");
    }
    assert_eq!(
        warned("triage.status = opn"),
        "triage.status is never \"opn\"; it is one of open, acknowledged, escalated, closed (did you mean open?)"
    );
    assert!(warned("triage.verdict in (benign, nope)").contains("never \"nope\""));
}
