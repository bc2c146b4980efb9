//! How a value of an alert becomes part of a shell command: checked by its kind, then written so that no shell reads it.
//!
//! Everything in an alert may be chosen by an attacker. A value that hides, reorders or controls is refused, never mended.

use super::catalogue::{Check, Input, Write};
use super::facts::{Class, classify};
use crate::text::is_dangerous;
use std::net::IpAddr;

/// Checks a value against its input and writes it for the shell; the error says what is wrong with it.
pub fn word(value: &str, input: &Input) -> Result<String, String> {
    if value.is_empty() {
        return Err("it is empty".to_owned());
    }
    if value.chars().any(is_dangerous) {
        return Err("it holds characters that control a terminal or cannot be seen".to_owned());
    }
    if value.contains('\u{fffd}') {
        return Err("it holds bytes that were not readable".to_owned());
    }
    if value.ends_with("[...]") {
        return Err("it was cut by what forwarded the alert".to_owned());
    }
    match input.pattern.matches(value) {
        Some(true) => {}
        Some(false) => return Err("it does not look like one".to_owned()),
        None => return Err("its kind has no usable pattern".to_owned()),
    }
    if let Some(check) = input.check {
        look(value, check)?;
    }
    // An IPv4 address written as IPv6 is unknown to nft, conntrack and tcpdump in that form.
    let canonical = match input.check {
        Some(Check::Address | Check::RemoteAddress) => Some(address(value)?.to_string()),
        _ => None,
    };
    let value = canonical.as_deref().unwrap_or(value);
    match input.write {
        Write::Plain if value.starts_with('-') || !value.bytes().all(is_plain) => {
            Err("it holds characters that a shell could read".to_owned())
        }
        Write::Plain => Ok(value.to_owned()),
        Write::Quoted => shlex::try_quote(value)
            .map(std::borrow::Cow::into_owned)
            .map_err(|_| "it cannot be quoted".to_owned()),
    }
}

/// Bytes that no shell, quote, here-document or program of the catalogue reads.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"._:/@%+,=-".contains(&byte)
}

fn look(value: &str, check: Check) -> Result<(), String> {
    match check {
        Check::Path | Check::LoosePath => {
            if value.split('/').any(|part| part == "..") {
                return Err("the path climbs with `..`".to_owned());
            }
            if value.ends_with(" (deleted)") {
                return Err("the file was deleted".to_owned());
            }
            if check == Check::LoosePath && is_vital(value) {
                return Err(
                    "logins or the start of the system need it where it is: take the change out of it instead"
                        .to_owned(),
                );
            }
            Ok(())
        }
        Check::Port => match value.parse::<u16>() {
            Ok(port) if port > 0 => Ok(()),
            _ => Err("it is no port".to_owned()),
        },
        Check::Account if value == "root" => Err("root is never locked".to_owned()),
        Check::Account => Ok(()),
        Check::Address => address(value).map(drop),
        Check::RemoteAddress => match classify(address(value)?) {
            Class::Public => Ok(()),
            Class::Loopback | Class::Unspecified => Err("it is the machine itself".to_owned()),
            Class::Metadata | Class::LinkLocal => {
                Err("it is link-local (the cloud's metadata service is): the node's own agents need it".to_owned())
            }
            Class::Private => Err(
                "it is private: it may be the node's own, a resolver's, the API server's or a service's; cut off the container instead"
                    .to_owned(),
            ),
            Class::Documentation => Err("it is kept for examples and reaches nobody".to_owned()),
            Class::Multicast => Err("it is no single host's".to_owned()),
            Class::Name => Err("it is a name".to_owned()),
        },
    }
}

/// Files that no package owns and that a machine needs to start, to resolve names or to let anybody in.
const VITAL: [&str; 22] = [
    "/etc/crypttab",
    "/etc/environment",
    "/etc/fstab",
    "/etc/group",
    "/etc/gshadow",
    "/etc/hostname",
    "/etc/hosts",
    "/etc/inittab",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/login.defs",
    "/etc/machine-id",
    "/etc/nsswitch.conf",
    "/etc/passwd",
    "/etc/profile",
    "/etc/resolv.conf",
    "/etc/shadow",
    "/etc/shells",
    "/etc/ssh/sshd_config",
    "/etc/subgid",
    "/etc/subuid",
    "/etc/sudoers",
];

/// What the paths of more such files begin with.
const VITAL_BEGINNINGS: [&str; 9] = [
    "/boot/",
    "/etc/kubernetes/",
    "/etc/netplan/",
    "/etc/network/",
    "/etc/pam.d/",
    "/etc/ssh/ssh_host_",
    "/proc/",
    "/sys/",
    "/var/lib/dpkg/",
];

fn is_vital(path: &str) -> bool {
    // `/etc//passwd` and `/etc/./passwd` are the same file.
    let parts: Vec<&str> =
        path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    let plain = format!("/{}", parts.join("/"));
    VITAL.contains(&plain.as_str()) || VITAL_BEGINNINGS.iter().any(|top| plain.starts_with(top))
}

fn address(value: &str) -> Result<IpAddr, String> {
    value
        .parse::<IpAddr>()
        .map(|address| address.to_canonical())
        .map_err(|_| "it is no address".to_owned())
}

/// The placeholders of a template, each with whether it stands where a quoted value may stand
/// (outside quotes, substitutions in quotes, and here-documents).
pub fn placeholders(template: &str) -> Vec<(String, bool)> {
    let mut found = Vec::new();
    let mut lexer = Lexer::default();
    let mut rest = template;
    while let Some(c) = rest.chars().next() {
        if c == '@'
            && let Some((name, after)) = placeholder(rest)
        {
            found.push((name.to_owned(), lexer.is_open()));
            rest = after;
            continue;
        }
        lexer.read(c);
        rest = rest.get(c.len_utf8()..).unwrap_or("");
    }
    found
}

/// The placeholder that a text begins with, and what follows it.
pub fn placeholder(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix('@')?;
    let end = inner.find('@')?;
    let (name, after) = (inner.get(..end)?, inner.get(end + 1..)?);
    let is_name = name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
    is_name.then_some((name, after))
}

/// Enough of a shell's lexer to know where quotes and here-documents begin and end.
#[derive(Debug, Default)]
struct Lexer {
    single: bool,
    double: bool,
    escaped: bool,
    line: String,
    /// The word that ends the here-document we are in.
    here: Option<String>,
    /// A here-document that begins after this line.
    announced: Option<String>,
}

impl Lexer {
    fn is_open(&self) -> bool {
        !self.single && !self.double && !self.escaped && self.here.is_none()
    }

    fn read(&mut self, c: char) {
        if c == '\n' {
            if self.here.as_deref() == Some(self.line.as_str()) {
                self.here = None;
            } else if self.here.is_none() && !self.single && !self.double {
                self.here = self.announced.take();
            }
            self.line.clear();
            self.escaped = false;
            return;
        }
        self.line.push(c);
        if self.here.is_some() {
            return;
        }
        if self.escaped {
            self.escaped = false;
        } else if c == '\\' && !self.single {
            self.escaped = true;
        } else if c == '\'' && !self.double {
            self.single = !self.single;
            if !self.single {
                self.announced = here_word(&self.line).or(self.announced.take());
            }
        } else if c == '"' && !self.single {
            self.double = !self.double;
        }
    }
}

/// The word of `<<'WORD'` at the end of a line so far.
fn here_word(line: &str) -> Option<String> {
    let (_, word) = line.strip_suffix('\'')?.rsplit_once("<<'")?;
    (!word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric())).then(|| word.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(write: Write, pattern: &str, check: Option<Check>) -> Input {
        Input {
            pattern: pattern.to_owned().into(),
            check,
            write,
            from: Vec::new(),
            find: Vec::new(),
            what: String::new(),
            example: String::new(),
        }
    }

    #[track_caller]
    fn path(value: &str, expected: Result<&str, &str>) {
        let written = word(value, &input(Write::Quoted, "/.{1,4095}", Some(Check::Path)));
        assert_eq!(written.as_deref().map_err(String::as_str), expected);
    }

    #[test]
    fn a_value_is_one_word_however_hostile() {
        path("/etc/shadow", Ok("/etc/shadow"));
        path("/tmp/$(reboot) x", Ok("'/tmp/$(reboot) x'"));
        path(
            "/tmp/a\nrm -rf /",
            Err("it holds characters that control a terminal or cannot be seen"),
        );
        path(
            "/tmp/\u{202e}x",
            Err("it holds characters that control a terminal or cannot be seen"),
        );
        path("/tmp/../etc/shadow", Err("the path climbs with `..`"));
        path("", Err("it is empty"));
        path("relative", Err("it does not look like one"));
        path("/tmp/x[...]", Err("it was cut by what forwarded the alert"));
    }

    #[track_caller]
    fn loose(value: &str, is_refused: bool) {
        let written = word(value, &input(Write::Quoted, "/.{1,4095}", Some(Check::LoosePath)));
        assert_eq!(written.is_err(), is_refused, "{value}: {written:?}");
    }

    #[test]
    fn a_file_that_logins_need_is_not_moved_away() {
        loose("/etc/passwd", true);
        loose("/etc//./shadow", true);
        loose("/etc/pam.d/common-auth", true);
        loose("/boot/vmlinuz", true);
        loose("/etc/ssh/ssh_host_ed25519_key", true);
        loose("/etc/kubernetes/manifests/web.yaml", true);
        loose("/var/lib/dpkg/status", true);
        loose("/tmp/../etc/passwd", true);
        loose("/etc/passwd.old", false);
        loose("/etc/cron.d/x", false);
        // The command itself looks whether the person may still take it back.
        loose("/etc/sudoers.d/90-x", false);
        loose("/home/ana/.bashrc", false);
    }

    #[test]
    fn plain_values_hold_nothing_a_shell_reads() {
        let loose = input(Write::Plain, ".*", None);
        assert!(word("a;b", &loose).is_err());
        assert!(word("--privileged", &loose).is_err());
        assert!(word("$(x)", &loose).is_err());
        assert_eq!(word("7d01f2a4c9be", &loose).as_deref(), Ok("7d01f2a4c9be"));
    }

    #[test]
    fn addresses_that_a_node_needs_are_never_blocked() {
        let remote = input(Write::Plain, "[0-9A-Fa-f:.]{2,45}", Some(Check::RemoteAddress));
        for refused in [
            "127.0.0.1",
            "0.0.0.0",
            "169.254.169.254",
            "10.96.0.1",
            "::1",
            "fe80::1",
            "::ffff:127.0.0.1",
            "224.0.0.1",
        ] {
            assert!(word(refused, &remote).is_err(), "{refused}");
        }
        assert_eq!(word("93.184.216.34", &remote).as_deref(), Ok("93.184.216.34"));
        assert_eq!(word("::ffff:93.184.216.34", &remote).as_deref(), Ok("93.184.216.34"));
        assert_eq!(word("2606:4700:0:0::1111", &remote).as_deref(), Ok("2606:4700::1111"));
    }

    #[test]
    fn places_in_quotes_and_here_documents_are_known() {
        let places =
            |template| placeholders(template).into_iter().map(|(_, open)| open).collect::<Vec<_>>();
        assert_eq!(places("stat -- @PATH@"), [true]);
        assert_eq!(places("stat '@PATH@' \"@PATH@\" /proc/1/root@PATH@"), [false, false, true]);
        assert_eq!(places("nft -f - <<'NFT'\nip daddr @IP@\nNFT\necho @IP@"), [false, true]);
        assert_eq!(places("deny @{PROC}/sys/** wklx,"), Vec::<bool>::new());
    }
}
