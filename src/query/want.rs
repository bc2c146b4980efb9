//! Literals fitted to the type of the field they are compared with.

use super::ast::{Literal, Span};
use super::error::Error;
use super::eval::{level_rank, priority_rank};
use super::glob::Glob;
use super::kind::Kind;
use super::names::Names;
use super::operator::Operator;
use super::program::{Needle, Net, Set, Want};
use super::suggest::nearest;
use super::{pattern, time};
use crate::model::{Level, Priority};
use memchr::memmem::Finder;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

type Checked<T> = Result<T, Error>;

/// Prepares one value for an operator that takes one.
pub(super) fn prepare(
    literal: &Literal,
    kind: Kind,
    operator: Operator,
    names: &Names,
) -> Checked<Want> {
    let text = &*literal.text;
    let Span { from, to } = literal.span;
    let wrong = |message: String| Error::new(message, from, to);
    if matches!(operator, Operator::BContains | Operator::BStartsWith) {
        let bytes = hex(text).ok_or_else(|| {
            wrong(format!(
                "'{}' takes an even number of hex digits, and {} is none",
                operator.word(),
                shown(text)
            ))
        })?;
        return Ok(Want::Bytes(bytes));
    }
    Ok(match kind {
        Kind::Text | Kind::Bytes | Kind::List => Want::Text(needle(literal, operator)?),
        Kind::Unknown => {
            let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
            Want::Loose(needle(literal, operator)?, number)
        }
        Kind::Number(width) => {
            let number = whole(text).ok_or_else(|| wrong(not_whole(text)))?;
            Want::Number(width.wrap(number))
        }
        Kind::Float => {
            let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
            Want::Float(number.ok_or_else(|| wrong(format!("{} is no number", shown(text))))?)
        }
        Kind::Port => Want::Number(port(text).ok_or_else(|| {
            wrong(format!("{} is neither a port nor a service we know", shown(text)))
                .suggest(nearest(text, SERVICES.iter().map(|(name, _)| *name)))
        })?),
        Kind::Bool => match text {
            "true" => Want::Bool(true),
            "false" => Want::Bool(false),
            _ => {
                let nearest = match text.to_ascii_lowercase().as_str() {
                    "yes" | "1" | "true" | "on" => "true",
                    _ => "false",
                };
                let message = format!("{} is neither true nor false", shown(text));
                return Err(wrong(message).expect(&["true", "false"]).suggest(Some(nearest)));
            }
        },
        Kind::Address => Want::Address(address(text).map_err(wrong)?),
        Kind::Net => Want::Net(net(text).map_err(wrong)?),
        Kind::Priority => Want::Rank(priority_rank(Priority::parse(text).ok_or_else(|| {
            let words = Priority::ALL.map(Priority::name);
            wrong(format!("{} is no priority of Falco's", shown(text)))
                .expect(&words)
                .suggest(nearest(text, words))
        })?)),
        Kind::Level => Want::Rank(level_rank(Level::parse(text).ok_or_else(|| {
            let words = Level::ALL.map(Level::name);
            wrong(format!("{} is no level", shown(text)))
                .expect(&words)
                .suggest(nearest(text, words))
        })?)),
        Kind::Time => Want::Time(time::parse(text, names.now, &names.zone).map_err(wrong)?),
    })
}

/// Prepares a list for `in` and `intersects`.
pub(super) fn set(items: &[Literal], kind: Kind, names: &Names) -> Checked<Set> {
    let wants = || items.iter().map(|item| prepare(item, kind, Operator::Equal, names));
    Ok(match kind {
        Kind::Text | Kind::Bytes | Kind::List => {
            Set::Texts(items.iter().map(|item| item.text.clone()).collect())
        }
        Kind::Number(_) | Kind::Port => {
            let mut numbers = rustc_hash::FxHashSet::default();
            for want in wants() {
                if let Want::Number(number) = want? {
                    numbers.insert(number);
                }
            }
            Set::Numbers(numbers)
        }
        _ => Set::Wants(wants().collect::<Checked<_>>()?),
    })
}

fn needle(literal: &Literal, operator: Operator) -> Checked<Needle> {
    let text = &*literal.text;
    Ok(match operator {
        Operator::Contains => Needle::Find(Box::new(Finder::new(text).into_owned())),
        Operator::Glob => Needle::Glob(Glob::new(text, false)),
        Operator::IGlob => Needle::Glob(Glob::new(text, true)),
        Operator::Regex => {
            let regex = pattern::compile(text).map_err(|why| {
                Error::new(
                    format!("this regular expression never matches in Falco: {why}"),
                    literal.span.from,
                    literal.span.to,
                )
            })?;
            Needle::Regex(Box::new(regex))
        }
        _ => Needle::Plain(text.into()),
    })
}

/// An operator that a type does not have.
pub(super) fn unfit(operator: Operator, at: Span, name: &str, kind: Kind) -> Error {
    let word = operator.word();
    let fitting: Vec<&str> = Operator::ALL
        .iter()
        .filter(|operator| operator.fits(kind))
        .map(|operator| operator.word())
        .collect();
    let suggestion = match (kind, operator) {
        (Kind::List, Operator::Contains | Operator::Equal | Operator::IContains) => {
            Some("intersects (…)")
        }
        (Kind::Net, _) => Some("= 10.0.0.0/8"),
        _ => None,
    };
    Error::new(format!("'{word}' does not fit {name}, which is {}", phrase(kind)), at.from, at.to)
        .expect(&["exists"])
        .expect(&fitting)
        .suggest(suggestion)
}

/// The type with its article.
pub(super) fn phrase(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "a text",
        Kind::Bytes => "a buffer of bytes",
        Kind::Number(_) => "a whole number",
        Kind::Float => "a decimal number",
        Kind::Bool => "true or false",
        Kind::Address => "an address",
        Kind::Net => "a network",
        Kind::Port => "a port",
        Kind::List => "a list",
        Kind::Time => "a time",
        Kind::Priority => "a priority",
        Kind::Level => "a level",
        Kind::Unknown => "of unknown type",
    }
}

/// A literal in a message: cut, and visible.
fn shown(text: &str) -> String {
    let cut: String = text.chars().take(40).collect();
    let more = if cut.len() < text.len() { "…" } else { "" };
    format!("{cut:?}{more}")
}

fn not_whole(text: &str) -> String {
    let why = if text.starts_with("0x") || text.starts_with("0X") {
        "; Falco reads decimal digits only"
    } else if text.parse::<f64>().is_ok() {
        "; the field has no fractions"
    } else {
        ""
    };
    format!("{} is no whole number{why}", shown(text))
}

/// Blanks before it and a sign are fine, anything after it is not.
fn whole(text: &str) -> Option<i128> {
    let text = text.trim_start_matches([' ', '\t', '\n', '\r', '\u{b}', '\u{c}']);
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let largest = if text.starts_with('-') { i128::MIN } else { i128::MAX };
    Some(text.parse().unwrap_or(largest))
}

/// A port by number (cut to 16 bits, as Falco does) or by the name of its service.
fn port(text: &str) -> Option<i128> {
    if text.is_empty() {
        return Some(0);
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse::<i32>().ok().map(|number| i128::from(number & 0xffff));
    }
    SERVICES.iter().find(|(name, _)| *name == text).map(|(_, port)| i128::from(*port))
}

fn hex(text: &str) -> Option<Box<[u8]>> {
    if text.is_empty() || !text.len().is_multiple_of(2) {
        return None;
    }
    let digits: Option<Vec<u8>> =
        text.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    Some(
        digits?
            .chunks_exact(2)
            .filter_map(|pair| Some(pair.first()? << 4 | pair.get(1)?))
            .collect(),
    )
}

/// A dot makes it IPv4, anything else has to be IPv6, as in Falco.
fn address(text: &str) -> Result<IpAddr, String> {
    if text.contains('.') {
        let address: Option<Ipv4Addr> = text.parse().ok();
        return address
            .map(IpAddr::V4)
            .ok_or_else(|| format!("{} is no IPv4 address", shown(text)));
    }
    let address: Option<Ipv6Addr> = text.parse().ok();
    address.map(IpAddr::V6).ok_or_else(|| format!("{} is no address", shown(text)))
}

fn net(text: &str) -> Result<Net, String> {
    let Some((head, bits)) = text.split_once('/') else {
        return Err(format!("{} is no network; write it with its bits: 10.0.0.0/8", shown(text)));
    };
    let address = address(head)?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let least = u8::from(address.is_ipv6());
    let digits =
        !bits.is_empty() && bits.len() <= 3 && bits.bytes().all(|byte| byte.is_ascii_digit());
    let bits = bits.parse().ok().filter(|bits| digits && (least..=most).contains(bits));
    let bits = bits
        .ok_or_else(|| format!("the bits of {} are not between {least} and {most}", shown(text)))?;
    Ok(Net { address, bits })
}

/// Services by name, from the registry of well-known ports, as far as systems commonly list them.
const SERVICES: &[(&str, u16)] = &[
    ("tcpmux", 1),
    ("echo", 7),
    ("discard", 9),
    ("systat", 11),
    ("daytime", 13),
    ("netstat", 15),
    ("qotd", 17),
    ("chargen", 19),
    ("ftp-data", 20),
    ("ftp", 21),
    ("ssh", 22),
    ("telnet", 23),
    ("smtp", 25),
    ("mail", 25),
    ("time", 37),
    ("whois", 43),
    ("nicname", 43),
    ("tacacs", 49),
    ("domain", 53),
    ("bootps", 67),
    ("bootpc", 68),
    ("tftp", 69),
    ("gopher", 70),
    ("finger", 79),
    ("http", 80),
    ("www", 80),
    ("kerberos", 88),
    ("kerberos5", 88),
    ("krb5", 88),
    ("iso-tsap", 102),
    ("pop3", 110),
    ("sunrpc", 111),
    ("portmapper", 111),
    ("auth", 113),
    ("ident", 113),
    ("nntp", 119),
    ("ntp", 123),
    ("epmap", 135),
    ("loc-srv", 135),
    ("netbios-ns", 137),
    ("netbios-dgm", 138),
    ("netbios-ssn", 139),
    ("imap2", 143),
    ("imap", 143),
    ("snmp", 161),
    ("snmp-trap", 162),
    ("snmptrap", 162),
    ("xdmcp", 177),
    ("bgp", 179),
    ("irc", 194),
    ("ldap", 389),
    ("https", 443),
    ("microsoft-ds", 445),
    ("kpasswd", 464),
    ("submissions", 465),
    ("ssmtp", 465),
    ("smtps", 465),
    ("isakmp", 500),
    ("exec", 512),
    ("login", 513),
    ("who", 513),
    ("shell", 514),
    ("syslog", 514),
    ("printer", 515),
    ("talk", 517),
    ("ntalk", 518),
    ("route", 520),
    ("uucp", 540),
    ("klogin", 543),
    ("kshell", 544),
    ("dhcpv6-client", 546),
    ("dhcpv6-server", 547),
    ("rtsp", 554),
    ("nntps", 563),
    ("submission", 587),
    ("ipp", 631),
    ("ldaps", 636),
    ("domain-s", 853),
    ("rsync", 873),
    ("ftps-data", 989),
    ("ftps", 990),
    ("telnets", 992),
    ("imaps", 993),
    ("pop3s", 995),
    ("socks", 1080),
    ("proofd", 1093),
    ("rmiregistry", 1099),
    ("openvpn", 1194),
    ("ms-sql-s", 1433),
    ("ms-sql-m", 1434),
    ("ingreslock", 1524),
    ("datametrics", 1645),
    ("radius", 1812),
    ("radius-acct", 1813),
    ("nfs", 2049),
    ("gnunet", 2086),
    ("cvspserver", 2401),
    ("mysql", 3306),
    ("ms-wbt-server", 3389),
    ("rdp", 3389),
    ("svn", 3690),
    ("subversion", 3690),
    ("epmd", 4369),
    ("sip", 5060),
    ("sip-tls", 5061),
    ("xmpp-client", 5222),
    ("jabber-client", 5222),
    ("xmpp-server", 5269),
    ("postgresql", 5432),
    ("postgres", 5432),
    ("amqps", 5671),
    ("amqp", 5672),
    ("x11", 6000),
    ("redis", 6379),
    ("ircd", 6667),
    ("http-alt", 8080),
    ("webcache", 8080),
    ("git", 9418),
    ("mdns", 5353),
    ("llmnr", 5355),
    ("memcached", 11211),
];
