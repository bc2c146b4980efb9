//! Where an alert fired, as people name it.

use crate::model::Alert;

/// Where an alert fired, in a few words.
pub fn place(alert: &Alert) -> String {
    if let Some(log) = log_of(alert) {
        // What two people did in one account or cluster is not one story.
        let actor = ACTORS.into_iter().find_map(|field| alert.fields.text(field));
        return actor.map_or_else(|| log.clone(), |actor| format!("{log} ({actor})"));
    }
    let container = alert.container();
    let (namespace, pod) = alert.k8s();
    if let (Some(namespace), Some(pod)) = (namespace, pod) {
        return format!("pod {namespace}/{pod}");
    }
    match (container.name, container.id) {
        (_, Some("host")) => alert
            .hostname
            .as_deref()
            .map_or_else(|| "the host".to_owned(), |name| format!("host {name}")),
        (Some(name), Some(id)) if !name.is_empty() && !id.is_empty() => {
            format!("container {name} ({id})")
        }
        (Some(name), _) if !name.is_empty() => format!("container {name}"),
        (_, Some(id)) if !id.is_empty() => format!("container {id}"),
        _ => alert
            .hostname
            .as_deref()
            .map_or_else(|| UNKNOWN.to_owned(), |name| format!("{UNKNOWN} on {name}")),
    }
}

/// What the name of every place begins with that the alert does not tell.
pub(super) const UNKNOWN: &str = "an unknown place";

/// Who acted, in the logs that know people and no processes.
const ACTORS: [&str; 6] = [
    "ka.user.name",
    "ct.user",
    "okta.actor.alternateid",
    "okta.actor.name",
    "github.user",
    "gcp.user",
];

/// The log that an alert was raised from, where it is not the kernel's events.
fn log_of(alert: &Alert) -> Option<String> {
    let source = alert.event_source.as_deref().filter(|source| !source.is_empty())?;
    let logs = [
        ("k8s_audit", "the cluster's audit log"),
        ("k8saudit", "the cluster's audit log"),
        ("aws_cloudtrail", "AWS"),
        ("okta", "Okta"),
        ("github", "GitHub"),
        ("gcp", "Google Cloud"),
        ("internal", "Falco itself"),
    ];
    if source == "syscall" || alert.container().id.is_some() {
        return None;
    }
    let known = logs.into_iter().find(|(start, _)| source.starts_with(start));
    Some(known.map_or_else(|| format!("the log of {source}"), |(_, name)| name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::super::tests::alert;
    use super::*;

    #[test]
    fn a_place_is_named_as_people_do() {
        assert_eq!(place(&alert(&[("container.id", "host")])), "the host");
        assert_eq!(
            place(&alert(&[("container.id", "0123456789ab"), ("container.name", "web")])),
            "container web (0123456789ab)"
        );
        assert_eq!(
            place(&alert(&[("k8s.ns.name", "prod"), ("k8s.pod.name", "web-0")])),
            "pod prod/web-0"
        );
        assert_eq!(place(&alert(&[("container.id", "")])), "an unknown place");
        let from = |source: &str, fields: &[(&str, &str)]| {
            let mut alert = alert(fields);
            alert.event_source = Some(source.into());
            alert.hostname = Some("node-1".into());
            place(&alert)
        };
        assert_eq!(from("aws_cloudtrail", &[("ct.user", "ana")]), "AWS (ana)");
        assert_eq!(from("k8s_audit", &[]), "the cluster's audit log");
        assert_eq!(from("syscall", &[]), "an unknown place on node-1");
        assert_eq!(from("syscall", &[("container.id", "host")]), "host node-1");
    }
}
