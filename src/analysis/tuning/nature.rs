//! What a field is good for in an exception: who chooses its value, and whether the value comes again.

use crate::query::Kind;
use crate::query::fields::{self, is_own};

/// Who chooses a field's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nature {
    /// The platform, the operator or the process's parent does; the program that set off the rule cannot by itself.
    Given,
    /// The program or the one who runs it may write there what they like.
    Chosen,
}

/// The image, the namespace, the parents, and who the platform says has asked.
const GIVEN: &[&str] = &[
    "container.image.repository",
    "container.image.digest",
    "container.image.id",
    "container.image",
    "k8s.ns.name",
    "k8smeta.ns.name",
    "k8smeta.deployment.name",
    "k8smeta.rs.name",
    "k8smeta.rc.name",
    "proc.pname",
    "proc.pexepath",
    "proc.aname",
    "proc.aexepath",
    "ka.user.name",
    "ct.user.arn",
    "ct.user",
    "ct.user.accountid",
    "ct.srcip",
    "gcp.user",
    "gcp.callerIP",
    "okta.actor.name",
    "okta.actor.alternateid",
    "okta.client.ip",
    "github.user",
    "github.org",
];

/// Values that never come again, or not for long, and what to take instead.
const PASSING: &[(&str, &str)] = &[
    ("container.id", "a container's id changes with every start"),
    ("container.full_id", "a container's id changes with every start"),
    ("container.start_ts", "a start time never comes again"),
    ("container.duration", "an age never comes again"),
    ("container.ip", "addresses of containers are given anew"),
    ("k8s.pod.name", "names of pods end in hashes"),
    ("k8smeta.pod.name", "names of pods end in hashes"),
    ("k8s.pod.id", "ids of pods change with every start"),
    ("k8s.pod.uid", "ids of pods change with every start"),
    ("k8s.pod.ip", "addresses of pods are given anew"),
    ("fd.num", "numbers of descriptors change"),
    ("fd.cport", "the client's port changes with every connection"),
    ("fd.lport", "the own port changes with every connection"),
    ("fd.ino", "numbers of files change"),
    ("proc.exe_ino", "numbers of files change"),
    ("proc.env", "an environment changes and may hold secrets"),
    ("evt.num", "an event's number never comes again"),
    ("evt.args", "it holds numbers that never come again"),
    ("evt.info", "it holds numbers that never come again"),
    ("evt.buffer", "it holds what was transferred"),
    ("evt.res", "every event of the rule may have it"),
    ("evt.type", "every event of the rule may have it"),
    ("evt.dir", "every event of the rule may have it"),
    ("jevt.time", "a time never comes again"),
    ("ka.auditid", "an id of one request never comes again"),
    ("ct.id", "an id of one request never comes again"),
];

/// The field's nature, or why it can be no part of an exception. `source` is the alert's event source.
pub fn nature(field: &str, source: &str) -> Result<Nature, String> {
    if is_own(field) || field.starts_with("fact.") {
        return Err("Falco has no such field".to_owned());
    }
    let base = field.split('[').next().unwrap_or(field);
    if let Some((_, why)) = PASSING.iter().find(|(name, _)| *name == base) {
        return Err((*why).to_owned());
    }
    let is_time =
        ["evt.time", "evt.rawtime", "evt.latency", "evt.deltatime", "evt.datetime", "evt.reltime"];
    let ends = ["pid", "vpid", "tid", "vtid", "sid", "pgid", "vpgid", "_ts", ".ts", ".duration"];
    if is_time.iter().any(|head| base.starts_with(head)) {
        return Err("a time never comes again".to_owned());
    }
    if (base.starts_with("proc.") || base.starts_with("thread."))
        && ends.iter().any(|end| base.ends_with(end))
    {
        return Err("numbers of processes and times never come again".to_owned());
    }
    let entry = fields::find(base).or_else(|| fields::find_dotted(base).map(|(entry, _)| entry));
    match entry {
        None if source == "syscall" => {
            return Err("Falco does not know this field and would refuse the file".to_owned());
        }
        Some(entry) if entry.filter_only => {
            return Err("no alert holds it, so nothing shows what it would match".to_owned());
        }
        Some(entry) if matches!(entry.kind, Kind::List) => {
            return Err("a list cannot be compared as a whole".to_owned());
        }
        _ => {}
    }
    Ok(if GIVEN.contains(&base) { Nature::Given } else { Nature::Chosen })
}

/// Whether an alert's field names which of several things it was, for comparing alerts with each other.
pub const TELLING: &[&str] = &[
    "proc.cmdline",
    "proc.exepath",
    "proc.pname",
    "proc.pcmdline",
    "fd.name",
    "container.id",
    "container.image.repository",
    "k8s.ns.name",
    "k8s.pod.name",
    "user.name",
    "evt.type",
    "ka.user.name",
    "ka.target.name",
    "ka.target.namespace",
    "ct.user.arn",
    "ct.srcip",
    "gcp.user",
    "okta.actor.name",
    "github.user",
];
