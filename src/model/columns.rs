//! What lists, groups and the common filters need of an alert, borrowed from wherever it was read.

use super::{Alert, Flags, Priority};

/// The columns of one alert. `None` where Falco did not know: absent, null or `<NA>`; `Some("")` where it wrote nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Columns<'a> {
    /// Nanoseconds since 1970.
    pub time: Option<i64>,
    pub priority: Option<Priority>,
    pub rule: Option<&'a str>,
    pub event_source: Option<&'a str>,
    pub hostname: Option<&'a str>,
    pub container_id: Option<&'a str>,
    pub container_name: Option<&'a str>,
    pub image: Option<&'a str>,
    pub namespace: Option<&'a str>,
    pub pod: Option<&'a str>,
    /// `proc.name`.
    pub process: Option<&'a str>,
    pub flags: Flags,
}

impl Alert {
    /// The columns of this alert.
    pub fn columns(&self) -> Columns<'_> {
        let container = self.container();
        let (namespace, pod) = self.k8s();
        Columns {
            time: self.time.and_then(|time| i64::try_from(time.as_nanosecond()).ok()),
            priority: self.priority,
            rule: self.rule.as_deref(),
            event_source: self.event_source.as_deref(),
            hostname: self.hostname.as_deref(),
            container_id: container.id,
            container_name: container.name,
            image: container.image,
            namespace,
            pod,
            process: self.fields.known("proc.name").and_then(super::Value::as_str),
            flags: self.flags,
        }
    }
}
