//! The only place that asks what time it is, so that everything else can be tested with a fixed one.

use jiff::{Timestamp, tz::TimeZone};
use std::path::Path;

/// Now, from the system's clock.
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// The host's zone: what `TZ` says, else `/etc/localtime`.
///
/// To find the name of that file, jiff would walk the folders of all zones, which takes longer than everything else that is
/// done before a small log is read.
pub fn zone() -> TimeZone {
    let path = Path::new("/etc/localtime");
    if std::env::var_os("TZ").is_some() {
        return TimeZone::system();
    }
    let target = std::fs::read_link(path).unwrap_or_default();
    let name =
        target.to_str().and_then(|target| target.split_once("zoneinfo/")).map(|(_, name)| name);
    std::fs::read(path)
        .ok()
        .and_then(|bytes| TimeZone::tzif(name.unwrap_or("Local"), &bytes).ok())
        .unwrap_or_else(TimeZone::system)
}
