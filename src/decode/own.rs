//! What stands between alerts in a log of Falco's: its own log lines, its exit summary, banners of the driver loader,
//! and the logs of the tools around it. They are no alerts, and no rejects.

use super::time;

pub(super) const LOG: &str = "a line of Falco's own log";
pub(super) const SUMMARY: &str = "Falco's summary at exit";
pub(super) const LOADER: &str = "a line of the driver loader";
pub(super) const SIDEKICK: &str = "a line of falcosidekick's own log";
pub(super) const SERVICE: &str = "a line about the falco service";
pub(super) const PROGRAM: &str = "a log line of another program";
pub(super) const CONTINUED: &str = "a line that goes on with Falco's own log";
pub(super) const EMPTY: &str = "an empty line in an envelope";
pub(super) const METRICS: &str = "a metrics record of Falco's";
pub(super) const ANSWER: &str = "an answer of Falco's own command line";

/// What kind of line this is, when it is one of those.
pub(super) fn recognize(text: &str) -> Option<&'static str> {
    let line = text.trim();
    if is_dated_log(line) {
        return Some(LOG);
    }
    if is_summary(text) {
        return Some(SUMMARY);
    }
    if is_slash_dated(line) {
        return Some(SIDEKICK);
    }
    if is_gathering(line) {
        return Some(PROGRAM);
    }
    starts_known(line)
}

/// Whether a line without a time goes on with Falco's own log line before it: indented, or a piece of a rules report.
pub(super) fn goes_on(text: &str) -> bool {
    const PIECES: [&str; 9] =
        ["------", "- ", "^", "/", "In ", "LOAD_", "COMPILE_", "rule ", "condition"];
    let line = text.trim_start();
    let is_count = line.split_once(' ').is_some_and(|(count, rest)| {
        count.bytes().all(|byte| byte.is_ascii_digit())
            && (rest.starts_with("Warning") || rest.starts_with("Error"))
    });
    text.starts_with([' ', '\t']) || is_count || PIECES.iter().any(|piece| line.starts_with(piece))
}

/// `Wed Jun 04 22:33:13 2025: …`, or an ISO time without a fraction and a colon: Falco's own log.
fn is_dated_log(line: &str) -> bool {
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let bytes = line.as_bytes();
    if let Some(stamp) = time::iso(bytes) {
        let rest = bytes.get(stamp.used..).unwrap_or_default();
        return stamp.n_fraction == 0 && (rest == b":" || rest.starts_with(b": "));
    }
    if !DAYS.iter().any(|day| line.starts_with(day)) {
        return false;
    }
    let mut words = line.split_ascii_whitespace().skip(1);
    let (month, day, clock, year) = (words.next(), words.next(), words.next(), words.next());
    month.is_some_and(|month| month.len() == 3)
        && day.is_some_and(|day| day.len() <= 2 && day.bytes().all(|byte| byte.is_ascii_digit()))
        && clock.is_some_and(|clock| clock.len() == 8 && time::clock(clock.as_bytes()).is_some())
        && year.is_some_and(|year| {
            year.strip_suffix(':')
                .is_some_and(|year| year.bytes().all(|byte| byte.is_ascii_digit()))
        })
}

/// The lines that Falco prints when it ends: titles, and indented names with counts.
fn is_summary(text: &str) -> bool {
    let line = text.trim_end();
    let counted = |line: &str, title: &str| {
        line.strip_prefix(title).is_some_and(|count| {
            !count.is_empty() && count.bytes().all(|byte| byte.is_ascii_digit())
        })
    };
    if counted(line, "Events detected: ")
        || matches!(
            line,
            "Rule counts by severity:"
                | "Triggered rules by rule name:"
                | "Syscall event drop monitoring:"
        )
    {
        return true;
    }
    let Some(item) = line.strip_prefix("   ") else { return false };
    let item = item.strip_suffix(" occurrences").unwrap_or(item);
    item.rsplit_once(": ").is_some_and(|(name, count)| {
        !name.trim().is_empty()
            && !count.is_empty()
            && count.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// `2021/04/10 19:27:21 [INFO]  : …`, the log of falcosidekick and of other programs in Go.
pub(super) fn is_slash_dated(line: &str) -> bool {
    let bytes = line.as_bytes();
    bytes.get(4) == Some(&b'/')
        && time::iso(bytes).is_some_and(|stamp| bytes.get(stamp.used) == Some(&b' '))
}

/// What stern and docker compose print between the lines of containers: `+ pod › container`, `falco-1 exited with code 0`.
fn is_gathering(line: &str) -> bool {
    let is_name = |name: &str| !name.is_empty() && !name.contains([' ', '=', '"']);
    if let Some(rest) = line.strip_prefix(['+', '-'])
        && let Some((pod, container)) = rest.trim_start().split_once(" › ")
    {
        return pod.split(' ').all(is_name) && is_name(container);
    }
    let code = line.rsplit_once(" exited with code ");
    code.is_some_and(|(name, code)| {
        is_name(name.trim_end())
            && !code.is_empty()
            && code.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// How lines begin that carry no time: with what, and what they are.
const BEGINNINGS: &[(&str, &str)] = &[
    ("Falco version", LOG),
    ("Falco initialized with configuration", LOG),
    ("Falco's container plugin", LOG),
    ("Loading rules from", LOG),
    ("Loading plugin", LOG),
    ("Loaded event sources", LOG),
    ("Enabled event sources", LOG),
    ("Opening ", LOG),
    ("Starting internal webserver", LOG),
    ("Starting health webserver", LOG),
    ("Starting gRPC server", LOG),
    ("gRPC server threadiness", LOG),
    ("Starting metrics", LOG),
    ("Setting metrics interval", LOG),
    ("The chosen syscall buffer dimension", LOG),
    ("Watching file", LOG),
    ("Config index", LOG),
    ("Configuration reloaded", LOG),
    ("System info: ", LOG),
    ("Hostname value has been overridden", LOG),
    ("SIGINT received", LOG),
    ("SIGTERM received", LOG),
    ("SIGHUP received", LOG),
    ("SIGUSR1 received", LOG),
    ("Rules match ignored syscall", LOG),
    ("Runtime error", LOG),
    ("Error: ", LOG),
    ("Outputs queue out of memory", LOG),
    ("Done closing all output", LOG),
    ("Shutting down gRPC server", LOG),
    ("Events detected", SUMMARY),
    ("[libs]: ", LOG),
    ("[container]", LOG),
    ("Starting Falco", SERVICE),
    ("Started Falco", SERVICE),
    ("Stopping Falco", SERVICE),
    ("Stopped Falco", SERVICE),
    ("Starting falco", SERVICE),
    ("Started falco", SERVICE),
    ("Stopping falco", SERVICE),
    ("Stopped falco", SERVICE),
    ("falco.service", SERVICE),
    ("-- Logs begin", SERVICE),
    ("-- Journal begins", SERVICE),
    ("-- Boot ", SERVICE),
    ("-- Reboot --", SERVICE),
    ("-- No entries --", SERVICE),
    ("Attaching to ", PROGRAM),
    ("Common labels: {", PROGRAM),
    ("Line limit: \"", PROGRAM),
    ("* ", LOADER),
    ("================", LOADER),
    ("DKMS", LOADER),
    ("Setting up /usr/src links", LOADER),
    ("Driver loader", LOADER),
    ("modprobe: ", LOADER),
    ("insmod: ", LOADER),
    ("rmmod: ", LOADER),
    ("make: ", LOADER),
    ("make[", LOADER),
    ("Kernel preparation", LOADER),
    ("Building module", LOADER),
    ("Cleaning build area", LOADER),
    ("depmod", LOADER),
    ("Trying to ", LOADER),
    ("Download succeeded", LOADER),
    ("Success: falco module found", LOADER),
];

fn starts_known(line: &str) -> Option<&'static str> {
    if line.starts_with("time=\"") && line.contains(" level=") {
        return Some(LOADER);
    }
    // falcoctl: a time, a level in capitals, a message; or the level alone.
    let bytes = line.as_bytes();
    let rest = match time::iso(bytes) {
        Some(stamp) => line.get(stamp.used..).unwrap_or_default().trim_start(),
        None => line,
    };
    if ["INFO ", "WARN ", "ERROR ", "DEBUG "].iter().any(|level| rest.starts_with(level)) {
        return Some(LOADER);
    }
    // `falco-modern-bpf.service: …` of the service manager.
    let unit = line.split(':').next().unwrap_or_default();
    if unit.starts_with("falco-") && unit.ends_with(".service") {
        return Some(SERVICE);
    }
    BEGINNINGS.iter().find(|(beginning, _)| line.starts_with(beginning)).map(|(_, what)| *what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: Option<&str>) {
        assert_eq!(recognize(line), expected, "{line}");
    }

    #[test]
    fn falcos_log_is_known_by_its_dates() {
        check("Wed Jun 04 22:33:13 2025: Falco version: 0.41.0", Some(LOG));
        check("Wed Jun  4 22:33:13 2025: [libs]: x", Some(LOG));
        check("2025-05-17T10:44:28+0000: Loading rules from:", Some(LOG));
        check("2025-05-17T10:44:28.123456789+0000: Nothing to do with it", None);
    }

    #[test]
    fn the_summary_is_known_by_its_titles_and_counts() {
        check("Events detected: 16", Some(SUMMARY));
        check("   CRITICAL: 6", Some(SUMMARY));
        check("   Read sensitive file untrusted: 9", Some(SUMMARY));
        check("   Read sensitive file untrusted: many", None);
    }

    #[test]
    fn banners_and_neighbors_are_known() {
        check("* Setting up /usr/src links from host", Some(LOADER));
        check("2021/04/10 19:27:21 [INFO]  : Webhook - Post OK (200)", Some(SIDEKICK));
        check("Stopped Falco: Container Native Runtime Security.", Some(SERVICE));
        check("falco-modern-bpf.service: Main process exited, code=killed", Some(SERVICE));
        check("falco-x7k2p falco 10:00:00.123456789: Notice A shell", None);
        check("+ falco-x7k2p › falco", Some(PROGRAM));
        check("- falcosecurity falco-x7k2p › falco", Some(PROGRAM));
        check("falco-1        exited with code 137", Some(PROGRAM));
        check("falco-1 a=b exited with code 137", None);
        check("Attaching to falco-1", Some(PROGRAM));
        check("free text", None);
    }
}
