//! The other end of a connection: who it is by its address, and who called whom.

mod netcat;

use super::Notes;
use crate::analysis::outcome::Direction;
use crate::model::{Alert, Value};
use ipnet::{Ipv4Net, Ipv6Net};
use std::net::{IpAddr, Ipv6Addr};

/// A kind of address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    Loopback,
    Private,
    LinkLocal,
    /// Where clouds hand out credentials.
    Metadata,
    /// Kept for examples; nothing real is there.
    Documentation,
    Public,
    Multicast,
    Unspecified,
    /// A host name whose address the alert does not tell.
    Name,
}

/// Who called whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    Outbound,
    Inbound,
}

/// The other end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remote {
    /// Address or host name, as received.
    pub host: String,
    pub port: Option<String>,
    pub class: Class,
    /// The field it was read from.
    pub field: &'static str,
}

impl Remote {
    /// Address or name with the port; an address of version 6 in brackets, so that its end is seen.
    pub fn shown(&self) -> String {
        match &self.port {
            None => self.host.clone(),
            Some(port) if self.host.contains(':') => format!("[{}]:{port}", self.host),
            Some(port) => format!("{}:{port}", self.host),
        }
    }
}

impl Class {
    /// The word of `fact.remote`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Loopback => "loopback",
            Self::Private => "private",
            Self::LinkLocal => "link-local",
            Self::Metadata => "metadata",
            Self::Documentation => "documentation",
            Self::Public => "public",
            Self::Multicast => "multicast",
            Self::Unspecified => "unspecified",
            Self::Name => "name",
        }
    }

    fn says(self) -> &'static str {
        match self {
            Self::Loopback => "The process spoke to the same machine or container.",
            Self::Private => {
                "A private address: the cluster, the company's network or a neighbor container."
            }
            Self::LinkLocal => "A link-local address, reachable only from here.",
            Self::Metadata => {
                "The cloud's metadata service, which hands out the node's credentials."
            }
            Self::Documentation => {
                "A name or address kept for examples: tests and drills use it, nobody listens there."
            }
            Self::Public => "A public address on the internet.",
            Self::Multicast => "A multicast or broadcast address.",
            Self::Unspecified => "No particular address.",
            Self::Name => "A host name; the alert does not tell its address.",
        }
    }
}

impl Flow {
    /// The word of `fact.direction`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Outbound => "outbound",
            Self::Inbound => "inbound",
        }
    }
}

/// The class of an address; an IPv4 address written as IPv6 counts as IPv4.
pub fn classify(address: IpAddr) -> Class {
    let address = address.to_canonical();
    if address.is_loopback() {
        return Class::Loopback;
    }
    if address.is_unspecified() {
        return Class::Unspecified;
    }
    if address.is_multicast() {
        return Class::Multicast;
    }
    match address {
        IpAddr::V4(v4) => {
            let within = |nets: &[(u8, u8, u8, u8, u8)]| {
                nets.iter().any(|&(a, b, c, d, length)| {
                    Ipv4Net::new([a, b, c, d].into(), length).is_ok_and(|net| net.contains(&v4))
                })
            };
            match v4.octets() {
                // AWS and most others, AWS's tasks and pods, Alibaba, Oracle, Azure.
                [169, 254, 169, 253 | 254]
                | [169, 254, 170, 2 | 23]
                | [100, 100, 100, 200]
                | [192, 0, 0, 192]
                | [168, 63, 129, 16] => Class::Metadata,
                _ if v4.is_broadcast() || v4.octets()[0] >= 240 => Class::Multicast,
                _ if v4.is_link_local() => Class::LinkLocal,
                _ if within(&[
                    (192, 0, 2, 0, 24),
                    (198, 51, 100, 0, 24),
                    (203, 0, 113, 0, 24),
                    (198, 18, 0, 0, 15),
                ]) =>
                {
                    Class::Documentation
                }
                _ if v4.is_private() || within(&[(100, 64, 0, 0, 10)]) => Class::Private,
                _ if v4.octets()[0] == 0 => Class::Unspecified,
                _ => Class::Public,
            }
        }
        IpAddr::V6(v6) => {
            let within = |net: Ipv6Addr, length| {
                Ipv6Net::new(net, length).is_ok_and(|net| net.contains(&v6))
            };
            if v6 == Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254) {
                Class::Metadata
            } else if within(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32)
                || within(Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20)
            {
                Class::Documentation
            } else if within(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10) {
                Class::LinkLocal
            } else if within(Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7) {
                Class::Private
            } else {
                Class::Public
            }
        }
    }
}

fn classify_host(host: &str) -> Class {
    if let Ok(address) = host.trim_start_matches('[').trim_end_matches(']').parse() {
        return classify(address);
    }
    let name = host.trim_end_matches('.').to_ascii_lowercase();
    let ends = |end: &str| name == end || name.ends_with(&format!(".{end}"));
    if name == "localhost" {
        Class::Loopback
    } else if name == "metadata.google.internal" {
        Class::Metadata
    } else if ["example.com", "example.org", "example.net", "example", "test", "invalid"]
        .iter()
        .any(|end| ends(end))
    {
        Class::Documentation
    } else {
        Class::Name
    }
}

/// Who called whom, by the kind of event or by netcat's arguments.
pub fn flow(alert: &Alert) -> Option<Flow> {
    match alert.fields.text("evt.type") {
        Some("connect") => return Some(Flow::Outbound),
        Some("accept" | "accept4" | "listen" | "bind") => return Some(Flow::Inbound),
        _ => {}
    }
    // Sending and receiving happen at both ends; who called is seen from the ends themselves.
    if let Some(is_server) = alert.fields.known("fd.is_server").and_then(Value::as_bool) {
        return Some(if is_server { Flow::Inbound } else { Flow::Outbound });
    }
    if let Some((client, _, server, _)) = tuple(alert) {
        match (classify_host(&client), classify_host(&server)) {
            (Class::Private, Class::Public | Class::Metadata | Class::Documentation) => {
                return Some(Flow::Outbound);
            }
            (Class::Public | Class::Documentation, Class::Private) => return Some(Flow::Inbound),
            _ => {}
        }
    }
    if let Some("sendto" | "sendmsg" | "sendmmsg") = alert.fields.text("evt.type") {
        return Some(Flow::Outbound);
    }
    if let Some(netcat) = netcat::read(alert) {
        return Some(if netcat.listens { Flow::Inbound } else { Flow::Outbound });
    }
    let (_, local_port, _, remote_port) = ends(alert)?;
    // The client's port is the high one that the kernel chose.
    match (local_port >= 32_768, remote_port >= 32_768) {
        (true, false) => Some(Flow::Outbound),
        (false, true) => Some(Flow::Inbound),
        _ => None,
    }
}

/// The other end of the alert's connection or of netcat's arguments.
pub fn remote(alert: &Alert, flow: Option<Flow>) -> Option<Remote> {
    let field = |name| {
        alert
            .fields
            .known(name)
            .map(|value| value.display().into_owned())
            .filter(|text| !text.is_empty())
    };
    if let Some(host) = field("fd.rip") {
        return Some(Remote {
            class: classify_host(&host),
            host,
            port: field("fd.rport"),
            field: "fd.rip",
        });
    }
    // fd.name is client->server, whoever is here.
    if let Some((client, client_port, server, server_port)) = tuple(alert) {
        let inbound = flow == Some(Flow::Inbound);
        let (host, port) = if inbound { (client, client_port) } else { (server, server_port) };
        return Some(Remote {
            class: classify_host(&host),
            host,
            port: Some(port.to_string()),
            field: "fd.name",
        });
    }
    let side =
        if flow == Some(Flow::Inbound) { ("fd.cip", "fd.cport") } else { ("fd.sip", "fd.sport") };
    if let Some(host) = field(side.0) {
        return Some(Remote {
            class: classify_host(&host),
            host,
            port: field(side.1),
            field: side.0,
        });
    }
    let netcat = netcat::read(alert)?;
    let host = netcat.host.filter(|_| !netcat.listens)?;
    Some(Remote { class: classify_host(&host), host, port: netcat.port, field: "proc.cmdline" })
}

/// Tells of the other end.
pub fn tell(remote: Option<&Remote>, flow: Option<Flow>, notes: &mut Notes) {
    let Some(remote) = remote else { return };
    let way = match flow {
        Some(Flow::Outbound) => "Outbound, to ",
        Some(Flow::Inbound) => "Inbound, from ",
        None => "Between here and ",
    };
    let says = format!("{way}{}. {}", remote.shown(), remote.class.says());
    let up = matches!(remote.class, Class::Public | Class::Metadata);
    let direction = match remote.class {
        Class::Public | Class::Metadata => Direction::Up,
        Class::Documentation => Direction::Down,
        _ => Direction::Neutral,
    };
    notes.row(remote.field, remote.host.clone(), says.clone(), direction);
    if up {
        notes.mark("remote", remote.field, says, 1);
    }
}

/// Client, its port, server, its port of `fd.name`: `10.0.0.5:51334->203.0.113.7:443`.
fn tuple(alert: &Alert) -> Option<(String, u16, String, u16)> {
    let (client, server) = alert.fields.text("fd.name")?.split_once("->")?;
    let split = |end: &str| {
        let (host, port) = end.rsplit_once(':')?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        host.parse::<IpAddr>().ok()?;
        Some((host.to_owned(), port.parse::<u16>().ok()?))
    };
    let ((client, client_port), (server, server_port)) = (split(client)?, split(server)?);
    Some((client, client_port, server, server_port))
}

fn ends(alert: &Alert) -> Option<(String, u16, String, u16)> {
    let port = |name| alert.fields.number(name).and_then(|port| u16::try_from(port).ok());
    let address = |name| alert.fields.text(name).map(str::to_owned);
    Some((address("fd.lip")?, port("fd.lport")?, address("fd.rip")?, port("fd.rport")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(class: Class, hosts: &[&str]) {
        for host in hosts {
            assert_eq!(classify_host(host), class, "{host}");
        }
    }

    #[test]
    fn every_range_has_its_class_up_to_its_edges() {
        check(Class::Loopback, &["127.0.0.1", "127.255.255.254", "::1", "localhost", "localhost."]);
        check(Class::Loopback, &["::ffff:127.0.0.1", "[::1]"]);
        check(Class::Private, &["10.0.0.0", "10.255.255.255", "172.16.0.1", "172.31.255.255"]);
        check(Class::Private, &["192.168.0.0", "192.168.255.255", "100.64.0.0", "100.127.255.255"]);
        check(Class::Private, &["fc00::1", "fdff:ffff::1", "::ffff:10.1.2.3"]);
        check(Class::Public, &["9.255.255.255", "11.0.0.0", "172.15.255.255", "172.32.0.0"]);
        check(Class::Public, &["100.63.255.255", "100.128.0.0", "192.167.255.255", "192.169.0.0"]);
        check(Class::Public, &["8.8.8.8", "2606:4700::1111", "fbff::1", "::ffff:8.8.8.8"]);
        check(Class::LinkLocal, &["169.254.0.1", "169.254.255.255", "fe80::1", "febf::1"]);
        check(Class::Metadata, &["169.254.169.254", "169.254.170.2", "fd00:ec2::254"]);
        check(Class::Metadata, &["100.100.100.200", "168.63.129.16", "::ffff:169.254.169.254"]);
        check(Class::Metadata, &["metadata.google.internal", "METADATA.google.internal."]);
        check(Class::Documentation, &["192.0.2.1", "198.51.100.255", "203.0.113.0"]);
        check(Class::Documentation, &["198.18.0.1", "198.19.255.255", "2001:db8::1", "3fff::1"]);
        check(Class::Documentation, &["example.com", "a.b.example.org", "host.invalid", "x.test"]);
        check(Class::Public, &["192.0.3.0", "198.20.0.0", "2001:db9::1", "203.0.112.255"]);
        check(Class::Multicast, &["224.0.0.1", "239.255.255.255", "255.255.255.255", "ff02::1"]);
        check(Class::Multicast, &["240.0.0.1"]);
        check(Class::Unspecified, &["0.0.0.0", "0.1.2.3", "::"]);
        check(Class::Name, &["c2.attacker.io", "notexample.com", "example.com.evil.io", "1.2.3"]);
        check(Class::Name, &["", "999.1.1.1"]);
    }
}
