//! What an alert names that other tools can look for: the other end of a connection, files and programs that the image did
//! not bring, accounts.

use crate::analysis::Facts;
use crate::model::{Alert, Value};

/// Something another tool can look for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Indicator {
    /// `address`, `host name`, `image`, `path`, `container`, `user`…
    pub kind: &'static str,
    pub value: String,
    /// The field it was read from.
    pub field: &'static str,
}

/// All that an alert names, in the order of its fields; some may stand there twice.
pub(super) fn indicators(alert: &Alert) -> Vec<Indicator> {
    const FIELDS: [(&str, &str); 17] = [
        ("address", "fd.rip"),
        ("address", "fd.sip"),
        ("address", "fd.cip"),
        ("host name", "fd.sip.name"),
        ("host name", "fd.rip.name"),
        ("image", "container.image.repository"),
        ("image digest", "container.image.digest"),
        ("program", "proc.exepath"),
        ("file", "fd.name"),
        ("container", "container.id"),
        ("user", "user.loginname"),
        ("user", "ka.user.name"),
        ("user", "ct.user"),
        ("address", "ct.srcip"),
        ("address", "ka.sourceips"),
        ("hash", "proc.exe_hash"),
        ("user", "okta.actor.name"),
    ];
    let mut found = Vec::new();
    // The other end is looked for by others; this one is the victim's own.
    let remote = Facts::read(alert).remote.map(|remote| remote.host);
    let is_other = |address: &str| {
        is_outside(address) && remote.as_deref().is_none_or(|remote| remote == address)
    };
    for (kind, field) in FIELDS {
        let Some(value) = alert.fields.known(field).map(Value::display) else { continue };
        if value.is_empty() || value == "host" {
            continue;
        }
        if field == "fd.name" && !value.starts_with('/') {
            let ends = value
                .split("->")
                .filter_map(|end| end.rsplit_once(':'))
                .map(|(address, _)| address.to_owned());
            found.extend(ends.filter(|address| is_other(address)).map(|value| Indicator {
                kind: "address",
                value,
                field,
            }));
        } else if field == "proc.exepath" && is_of_system(&value, alert) {
            // The image's own shell says nothing about an intruder.
        } else if kind != "address"
            || !field.starts_with("fd.") && is_outside(&value)
            || is_other(&value)
        {
            found.push(Indicator { kind, value: value.into_owned(), field });
        }
    }
    let mut say = |kind, value: &str| {
        found.push(Indicator { kind, value: value.to_owned(), field: "proc.cmdline" });
    };
    for word in alert
        .fields
        .text("proc.cmdline")
        .unwrap_or_default()
        .split(|c: char| c.is_whitespace() || "'\"()<>|;,=".contains(c))
    {
        if ["http://", "https://", "ftp://"].iter().any(|start| word.starts_with(start)) {
            say("URL", word);
        } else if is_in_temporary_folder(word) {
            say("file", word);
        }
        let word = word.rsplit_once("://").map_or(word, |(_, rest)| rest);
        let host = word
            .split(['/', ':', '?'])
            .next()
            .unwrap_or_default()
            .rsplit('@')
            .next()
            .unwrap_or_default();
        if is_outside(host) {
            say("address", host);
        } else if is_host_name(host) {
            say("host name", host);
        }
    }
    found
}

/// Whether a program came with the system or the image, as far as its path and the kernel's flags tell.
fn is_of_system(path: &str, alert: &Alert) -> bool {
    let flags = ["evt.arg.flags", "evt.arg.exe_flags"];
    let flags = flags.iter().find_map(|field| alert.fields.text(field)).unwrap_or_default();
    let is_upper = flags.contains("EXE_UPPER_LAYER")
        || alert.fields.known("proc.is_exe_upper_layer").and_then(Value::as_bool) == Some(true);
    let folders = ["/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/", "/usr/lib/", "/lib/"];
    !is_upper && folders.iter().any(|folder| path.starts_with(folder))
}

fn is_in_temporary_folder(path: &str) -> bool {
    ["/tmp/", "/var/tmp/", "/dev/shm/"]
        .iter()
        .any(|folder| path.strip_prefix(folder).is_some_and(|name| !name.is_empty()))
}

/// An address that is not this machine's own.
fn is_outside(text: &str) -> bool {
    text.parse::<std::net::IpAddr>()
        .is_ok_and(|address| !address.is_loopback() && !address.is_unspecified())
}

fn is_host_name(text: &str) -> bool {
    const FILES: [&str; 16] = [
        "sh", "py", "so", "json", "yaml", "yml", "txt", "log", "conf", "service", "js", "php", "c",
        "gz", "md", "key",
    ];
    let mut labels = text.rsplit('.');
    let top = labels.next().unwrap_or_default();
    let fits = |label: &str| {
        !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    text.contains('.')
        && top.len() >= 2
        && top.bytes().all(|b| b.is_ascii_lowercase())
        && !FILES.contains(&top)
        && labels.all(fits)
        && !text.starts_with('-')
}
