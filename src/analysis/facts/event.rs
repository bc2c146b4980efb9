//! The event itself: whether it succeeded, and for audit and cloud alerts who did what to what.

use super::Notes;
use crate::analysis::outcome::Direction;
use crate::model::Alert;

/// Whether the call failed. A connection that is only under way has not failed.
pub fn failed(alert: &Alert, notes: &mut Notes) -> Option<bool> {
    if let Some(result) = alert.fields.text("evt.res") {
        return match result {
            "SUCCESS" => {
                notes.row("evt.res", result, "The call succeeded.", Direction::Neutral);
                Some(false)
            }
            "EINPROGRESS" | "EAGAIN" => {
                let says = "The call was under way: a connection was tried, not yet made.";
                notes.row("evt.res", result, says, Direction::Neutral);
                Some(false)
            }
            _ if result.starts_with('E') => Some(note_failure("evt.res", result, notes)),
            _ => None,
        };
    }
    if let Some(result) = alert.fields.number("evt.rawres") {
        if result < 0 && result != -115 {
            return Some(note_failure("evt.rawres", &result.to_string(), notes));
        }
        return Some(false);
    }
    let code = alert.fields.known("ka.response.code")?.display().parse::<u16>().ok()?;
    if code >= 400 {
        return Some(note_failure("ka.response.code", &code.to_string(), notes));
    }
    Some(false)
}

fn note_failure(field: &'static str, result: &str, notes: &mut Notes) -> bool {
    let says = format!("The attempt failed ({result}).");
    notes.row(field, result, says.clone(), Direction::Down);
    notes.mark("failed", field, says, -1);
    true
}

/// Whether it is Falco's own word for the start of a container: such an event has no process, no parent and no login,
/// whatever its fields hold.
pub fn is_container_start(alert: &Alert) -> bool {
    let starts =
        |field| alert.fields.text(field).is_some_and(|text| text.starts_with("container:"));
    alert.fields.text("evt.type") == Some("container")
        || starts("proc.cmdline")
        || starts("proc.name")
}

/// Who acted, in audit and cloud alerts.
pub fn actor(alert: &Alert) -> Option<&str> {
    [
        "ka.user.name",
        "ct.user",
        "ct.user.arn",
        "okta.actor.alternateid",
        "okta.actor.name",
        "github.user",
        "gcp.user",
        "gcp.callerIdentity",
        "aws.user",
    ]
    .into_iter()
    .find_map(|field| alert.fields.text(field))
}

/// What it was done to, in audit and cloud alerts: `secrets shop/db-password`.
pub fn target(alert: &Alert) -> Option<String> {
    let field = |name| alert.fields.text(name);
    if let Some(resource) = field("ka.target.resource") {
        let name = field("ka.target.name").unwrap_or("");
        return Some(match field("ka.target.namespace") {
            Some(namespace) if name.is_empty() => format!("{resource} in {namespace}"),
            Some(namespace) => format!("{resource} {namespace}/{name}"),
            None => format!("{resource} {name}").trim_end().to_owned(),
        });
    }
    [
        "ct.request.name",
        "ct.request.bucketname",
        "s3.bucket",
        "ct.request",
        "github.repo.name",
        "github.repo",
        "github.org",
        "gcp.resourceName",
        "gcp.storage.bucket",
        "okta.target.user.alternateid",
        "okta.target.user.name",
        "okta.target.group.name",
        "okta.target.app.alternateid",
        "okta.app",
    ]
    .into_iter()
    .find_map(|name| field(name).map(str::to_owned))
}
