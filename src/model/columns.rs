//! What lists, groups and the common filters need of an alert, borrowed from wherever it was read.

use super::{Alert, Flags, Priority};

/// The columns of one alert. `None` where Falco did not know: absent, null or `<NA>`; `Some("")` where it wrote nothing.
///
/// Texts are `str`, or `[u8]` where they are known to be UTF-8 but were not looked at.
#[derive(Debug, PartialEq, Eq)]
pub struct Columns<'a, T: ?Sized = str> {
    /// Nanoseconds since 1970.
    pub time: Option<i64>,
    pub priority: Option<Priority>,
    pub rule: Option<&'a T>,
    pub event_source: Option<&'a T>,
    pub hostname: Option<&'a T>,
    pub container_id: Option<&'a T>,
    pub container_name: Option<&'a T>,
    pub image: Option<&'a T>,
    pub namespace: Option<&'a T>,
    pub pod: Option<&'a T>,
    /// `proc.name`.
    pub process: Option<&'a T>,
    pub flags: Flags,
}

impl<T: ?Sized> Clone for Columns<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: ?Sized> Copy for Columns<'_, T> {}

impl<T: ?Sized> Default for Columns<'_, T> {
    fn default() -> Self {
        Self {
            time: None,
            priority: None,
            rule: None,
            event_source: None,
            hostname: None,
            container_id: None,
            container_name: None,
            image: None,
            namespace: None,
            pod: None,
            process: None,
            flags: Flags::default(),
        }
    }
}

impl<'a, T: ?Sized> Columns<'a, T> {
    /// The same with each text read in another way; nothing when one cannot be.
    pub fn read<U: ?Sized>(
        &self,
        mut text: impl FnMut(&'a T) -> Option<&'a U>,
    ) -> Option<Columns<'a, U>> {
        let mut read = |from: Option<&'a T>| match from {
            None => Some(None),
            Some(from) => text(from).map(Some),
        };
        Some(Columns {
            time: self.time,
            priority: self.priority,
            rule: read(self.rule)?,
            event_source: read(self.event_source)?,
            hostname: read(self.hostname)?,
            container_id: read(self.container_id)?,
            container_name: read(self.container_name)?,
            image: read(self.image)?,
            namespace: read(self.namespace)?,
            pod: read(self.pod)?,
            process: read(self.process)?,
            flags: self.flags,
        })
    }
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
