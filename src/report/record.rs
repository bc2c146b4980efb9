//! One alert as JSON: the contract of `cadge list --json`.

use super::json;
use crate::model::{Alert, Priority};
use crate::triage::Key;
use std::fmt::Write;

/// The stable id of an alert: the same wherever it was read from.
pub fn id(alert: &Alert) -> String {
    Key::of_alert(alert).hash.iter().fold(String::with_capacity(32), |mut id, byte| {
        // Writing to a string cannot fail.
        let _ = write!(id, "{byte:02x}");
        id
    })
}

/// Appends the alert as one JSON object without line ends; what is unknown is null.
pub fn alert(out: &mut String, alert: &Alert) {
    let container = alert.container();
    let (namespace, pod) = alert.k8s();
    out.push_str("{\"id\":");
    json::string(out, &id(alert));
    out.push_str(",\"uuid\":");
    json::optional(out, alert.uuid.as_deref());
    out.push_str(",\"time\":");
    json::optional(out, alert.time.map(|time| time.to_string()).as_deref());
    out.push_str(",\"time_from\":");
    json::optional(out, alert.time_from.map(crate::model::TimeFrom::name));
    out.push_str(",\"priority\":");
    json::optional(out, alert.priority.map(Priority::name));
    if let Some(text) = &alert.priority_text {
        out.push_str(",\"priority_text\":");
        json::string(out, text);
    }
    out.push_str(",\"rule\":");
    json::optional(out, alert.rule.as_deref());
    out.push_str(",\"event_source\":");
    json::optional(out, alert.event_source.as_deref());
    out.push_str(",\"hostname\":");
    json::optional(out, alert.hostname.as_deref());
    out.push_str(",\"container\":{\"id\":");
    json::optional(out, container.id);
    out.push_str(",\"name\":");
    json::optional(out, container.name);
    out.push_str(",\"image\":");
    json::optional(out, container.image);
    out.push_str("},\"k8s\":{\"ns\":");
    json::optional(out, namespace);
    out.push_str(",\"pod\":");
    json::optional(out, pod);
    out.push_str("},\"output\":");
    json::optional(out, alert.output.as_deref());
    out.push_str(",\"output_fields\":");
    json::fields(out, &alert.fields);
    out.push_str(",\"tags\":[");
    list(out, alert.tags.iter().map(|tag| &**tag));
    out.push_str("],\"origin\":{\"source\":");
    json::string(out, &alert.origin.source);
    let _ = write!(out, ",\"offset\":{},\"line\":", alert.origin.offset);
    match alert.origin.line {
        0 => out.push_str("null"),
        line => {
            let _ = write!(out, "{line}");
        }
    }
    out.push_str("},\"flags\":[");
    list(out, alert.flags.iter().map(crate::model::Flag::name));
    out.push_str("]}");
}

fn list<'a>(out: &mut String, texts: impl Iterator<Item = &'a str>) {
    for (at, text) in texts.enumerate() {
        if at > 0 {
            out.push(',');
        }
        json::string(out, text);
    }
}
