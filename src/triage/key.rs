//! What a decision is about: one alert, or a rule in one place. The keys are stable.
//!
//! A key is the first 128 bits of the SHA-256 over its parts, each part preceded by its length in bytes as 8 big-endian
//! bytes; a missing part has the length 2^64 - 1 and no bytes. Parts come from what Falco sent, and from nothing that a
//! file, a pipe, an archive or falcosidekick changes on the way (falcosidekick adds a `uuid` and fields of its own, trims
//! the zeros of times, sorts tags, cuts strings over 512 bytes and drops `message`; see its types and handlers).

use crate::model::{Alert, Columns, TimeFrom};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;

/// falcosidekick cuts strings over 512 bytes to their first 507: no more than 500 of a value can take part in a key.
const STABLE: usize = 500;

/// The fields that tell two alerts of one rule at one instant apart, where the rule prints them.
const TELLING: [&str; 8] = [
    "container.id",
    "proc.cmdline",
    "proc.pid",
    "proc.name",
    "fd.name",
    "evt.type",
    "evt.num",
    "user.name",
];

/// How much a decision covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// One alert.
    Alert,
    /// A rule in one container, or on one host.
    Container,
    /// A rule in whatever runs the same workload, or the same image: a pod that was deployed again is not new.
    Workload,
}

impl Scope {
    /// The word used in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Alert => "alert",
            Self::Container => "container",
            Self::Workload => "workload",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A stable name for what a decision is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    pub scope: Scope,
    pub hash: [u8; 16],
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.scope.name(), hex(&self.hash))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Key {
    /// Reads what [`fmt::Display`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        let (scope, digits) = text.split_once(':')?;
        let scope = [Scope::Alert, Scope::Container, Scope::Workload]
            .into_iter()
            .find(|s| s.name() == scope)?;
        if digits.len() != 32 || !digits.is_ascii() {
            return None;
        }
        let mut hash = [0; 16];
        for (at, byte) in hash.iter_mut().enumerate() {
            *byte = u8::from_str_radix(digits.get(2 * at..2 * at + 2)?, 16).ok()?;
        }
        Some(Self { scope, hash })
    }

    /// The key of one alert. A time that was guessed from a clock without a date does not take part; the text it was
    /// read from does.
    pub fn of_alert(alert: &Alert) -> Self {
        let mut parts = Parts::new(Scope::Alert);
        let exact = alert.time.filter(|_| alert.time_from != Some(TimeFrom::LocalClock));
        parts.add(exact.map(|time| time.as_nanosecond().to_string()).as_deref());
        parts.add(alert.rule.as_deref());
        parts.add(alert.hostname.as_deref().filter(|name| !name.is_empty()));
        for field in TELLING {
            let value = alert.fields.known(field).map(crate::model::Value::display);
            parts.add(value.as_deref());
        }
        let untimed = exact.is_none() || alert.fields.0.is_empty();
        parts.add(alert.output.as_deref().filter(|_| untimed));
        parts.key()
    }

    /// The key of a rule in one container; alerts of the host count as one place per host.
    pub fn of_container(rule: &str, place: &Place<'_>) -> Self {
        let mut parts = Parts::new(Scope::Container);
        parts.add(Some(rule));
        match place.container_id {
            Some(id) if !id.is_empty() && id != "host" => parts.add(Some(id)),
            id => {
                parts.add(id);
                parts.add(place.container_name.filter(|_| id != Some("host")));
                parts.add(place.hostname);
            }
        }
        parts.key()
    }

    /// The key of a rule in a workload: namespace and workload of the pod, else the image; `None` where neither is known.
    pub fn of_workload(rule: &str, place: &Place<'_>) -> Option<Self> {
        let mut parts = Parts::new(Scope::Workload);
        parts.add(Some(rule));
        match (place.namespace, place.pod, place.image) {
            (Some(namespace), Some(pod), _) if !pod.is_empty() => {
                parts.add(Some("pod"));
                parts.add(Some(namespace));
                parts.add(Some(workload(pod)));
            }
            (_, _, Some(image)) if !image.is_empty() => {
                parts.add(Some("image"));
                parts.add(Some(image));
            }
            _ => return None,
        }
        Some(parts.key())
    }
}

/// Where a rule fired, as far as the alert says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place<'a> {
    pub container_id: Option<&'a str>,
    pub container_name: Option<&'a str>,
    /// Repository without a tag.
    pub image: Option<&'a str>,
    pub namespace: Option<&'a str>,
    pub pod: Option<&'a str>,
    pub hostname: Option<&'a str>,
}

impl<'a> Place<'a> {
    /// The place an alert speaks of.
    pub fn of(alert: &'a Alert) -> Self {
        let container = alert.container();
        let (namespace, pod) = alert.k8s();
        Self {
            container_id: container.id,
            container_name: container.name,
            image: container.image,
            namespace,
            pod,
            hostname: alert.hostname.as_deref(),
        }
    }

    /// The place of a row's columns.
    pub fn of_columns(columns: &Columns<'a>) -> Self {
        Self {
            container_id: columns.container_id,
            container_name: columns.container_name,
            image: columns.image,
            namespace: columns.namespace,
            pod: columns.pod,
            hostname: columns.hostname,
        }
    }

    /// The place in a few words. Raw: whoever shows it makes it printable.
    pub fn words(&self) -> String {
        match (self.namespace, self.pod, self.container_name, self.container_id) {
            (Some(namespace), Some(pod), ..) => format!("{namespace}/{pod}"),
            (_, _, _, Some("host")) => self.hostname.unwrap_or("host").to_owned(),
            (_, _, Some(name), Some(id)) if !name.is_empty() => format!("{name} ({id})"),
            (_, _, Some(name), _) if !name.is_empty() => name.to_owned(),
            (_, _, _, Some(id)) if !id.is_empty() => id.to_owned(),
            _ => self.hostname.unwrap_or("unknown").to_owned(),
        }
    }
}

/// The three keys under which a decision about an alert may stand, narrowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlertKeys {
    pub alert: Option<Key>,
    pub container: Key,
    pub workload: Option<Key>,
}

impl AlertKeys {
    /// The keys of a decoded alert.
    pub fn of(alert: &Alert) -> Self {
        let place = Place::of(alert);
        Self { alert: Some(Key::of_alert(alert)), ..Self::of_group(alert.rule_name(), &place) }
    }

    /// The keys of a group: what columns hold is enough.
    pub fn of_group(rule: &str, place: &Place<'_>) -> Self {
        Self {
            alert: None,
            container: Key::of_container(rule, place),
            workload: Key::of_workload(rule, place),
        }
    }

    /// The keys that exist, narrowest first.
    pub fn iter(&self) -> impl Iterator<Item = Key> {
        [self.alert, Some(self.container), self.workload].into_iter().flatten()
    }
}

/// The name of the controller behind a pod's name: what Kubernetes appends for each copy is taken off
/// (`web-6d4cf56db6-x2kqz` and `web-0` are `web`; the suffixes use the alphabet of apimachinery's `rand.SafeEncodeString`).
pub fn workload(pod: &str) -> &str {
    let is_safe = |text: &str| text.bytes().all(|b| b"bcdfghjklmnpqrstvwxz2456789".contains(&b));
    let Some((rest, last)) = pod.rsplit_once('-') else { return pod };
    if !last.is_empty() && last.bytes().all(|b| b.is_ascii_digit()) {
        return rest;
    }
    if last.len() != 5 || !is_safe(last) {
        return pod;
    }
    match rest.rsplit_once('-') {
        Some((name, hash)) if (6..=10).contains(&hash.len()) && is_safe(hash) => name,
        Some((name, run)) if run.len() >= 8 && run.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => rest,
    }
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    use fmt::Write;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut digits, byte| {
        // Writing to a string cannot fail.
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}

struct Parts {
    scope: Scope,
    hash: Sha256,
}

impl Parts {
    fn new(scope: Scope) -> Self {
        Self { scope, hash: Sha256::new() }
    }

    fn add(&mut self, part: Option<&str>) {
        let Some(part) = part else { return self.hash.update(u64::MAX.to_be_bytes()) };
        let stable = part.as_bytes().get(..STABLE).unwrap_or(part.as_bytes());
        self.hash.update((stable.len() as u64).to_be_bytes());
        self.hash.update(stable);
    }

    fn key(self) -> Key {
        let mut hash = [0; 16];
        for (to, from) in hash.iter_mut().zip(self.hash.finalize()) {
            *to = from;
        }
        Key { scope: self.scope, hash }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Value;

    #[track_caller]
    fn check(pod: &str, expected: &str) {
        assert_eq!(workload(pod), expected);
    }

    #[test]
    fn a_pod_is_named_for_its_workload() {
        check("web-6d4cf56db6-x2kqz", "web");
        check("web-0", "web");
        check("calico-node-9xk2v", "calico-node");
        check("backup-28374650-7zxcv", "backup");
        check("web", "web");
        check("my-admin", "my-admin");
    }

    fn alert() -> Alert {
        let mut alert = Alert {
            rule: Some("Terminal shell in container".into()),
            time: Some("2026-11-21T10:00:00.120Z".parse().unwrap()),
            time_from: Some(TimeFrom::Time),
            output: Some("10:00:00.120000000: Notice A shell".into()),
            ..Alert::default()
        };
        alert.fields.set("proc.cmdline", Value::String("bash -i".into()));
        alert.fields.set("container.id", Value::String("0123456789ab".into()));
        alert
    }

    #[test]
    fn what_a_forwarder_adds_changes_no_key() {
        let straight = alert();
        let mut forwarded = alert();
        forwarded.uuid = Some("4e4b1b9e".into());
        forwarded.tags = vec!["added".into()];
        forwarded.fields.set("cluster", Value::String("blue".into()));
        forwarded.event_source = Some("syscall".into());
        assert_eq!(Key::of_alert(&straight), Key::of_alert(&forwarded));
    }

    #[test]
    fn another_process_or_instant_is_another_alert() {
        let mut other = alert();
        other.fields.set("proc.cmdline", Value::String("bash -l".into()));
        assert_ne!(Key::of_alert(&alert()), Key::of_alert(&other));
        other = alert();
        other.time = Some("2026-11-21T10:00:00.121Z".parse().unwrap());
        assert_ne!(Key::of_alert(&alert()), Key::of_alert(&other));
    }

    #[test]
    fn an_unknown_container_is_not_the_host() {
        let place = |id| Place { container_id: id, hostname: Some("node1"), ..Place::default() };
        let keys = [Some("host"), Some(""), None].map(|id| Key::of_container("rule", &place(id)));
        assert!(keys[0] != keys[1] && keys[1] != keys[2] && keys[0] != keys[2]);
    }

    #[test]
    fn a_redeployed_pod_keeps_its_workload_key() {
        let place = |pod| Place { namespace: Some("prod"), pod: Some(pod), ..Place::default() };
        let key = |pod| Key::of_workload("rule", &place(pod));
        assert_eq!(key("web-6d4cf56db6-x2kqz"), key("web-7c9d8f6b54-pqrst"));
        assert!(Key::of_workload("rule", &Place::default()).is_none());
    }

    #[test]
    fn a_key_is_read_back() {
        let key = Key::of_alert(&alert());
        assert_eq!(Key::parse(&key.to_string()), Some(key));
        assert_eq!(Key::parse("alert:zz"), None);
    }
}
