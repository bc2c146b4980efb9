//! Finding the value an operand stands for.

use super::{Datum, Found, level_rank, priority_rank};
use crate::model::Value;
use crate::query::getopt;
use crate::query::operator::Transformer;
use crate::query::program::{Ends, Getter, Lookup, Part, Side};
use crate::query::subject::{OwnValue, Subject};
use std::borrow::Cow;
use std::net::IpAddr;

impl<'a> Found<'a> {
    fn of_value(value: Option<Cow<'a, Value>>) -> Self {
        match value {
            None => Self::Missing,
            Some(value) if matches!(*value, Value::Null) => Self::Missing,
            Some(Cow::Borrowed(Value::Array(items))) => {
                Self::List(items.iter().map(|item| Datum::Value(Cow::Borrowed(item))).collect())
            }
            Some(Cow::Owned(Value::Array(items))) => {
                Self::List(items.into_iter().map(|item| Datum::Value(Cow::Owned(item))).collect())
            }
            Some(value) => Self::One(Datum::Value(value)),
        }
    }

    pub(super) fn any(&self, test: impl FnMut(&Datum<'a>) -> bool) -> bool {
        match self {
            Self::Missing => false,
            Self::One(datum) => std::iter::once(datum).any(test),
            Self::List(data) | Self::Any(data) | Self::Ends(data) => data.iter().any(test),
        }
    }

    pub(super) fn first(&self) -> Option<&Datum<'a>> {
        match self {
            Self::Missing => None,
            Self::One(datum) => Some(datum),
            Self::List(data) | Self::Any(data) | Self::Ends(data) => data.first(),
        }
    }

    fn map(self, change: impl Fn(Datum<'a>) -> Option<Datum<'a>>) -> Self {
        match self {
            Self::Missing => Self::Missing,
            Self::One(datum) => change(datum).map_or(Self::Missing, Self::One),
            Self::List(data) => Self::List(data.into_iter().filter_map(change).collect()),
            Self::Any(data) => Self::Any(data.into_iter().filter_map(change).collect()),
            Self::Ends(data) => Self::Ends(data.into_iter().filter_map(change).collect()),
        }
    }
}

impl Lookup {
    fn get<'a>(&self, subject: &'a dyn Subject) -> Option<Cow<'a, Value>> {
        subject.field(&self.key).or_else(|| subject.field(self.other.as_deref()?))
    }
}

impl Getter {
    pub fn get<'a>(&'a self, subject: &'a dyn Subject) -> Found<'a> {
        match self {
            Self::Field(lookup) => Found::of_value(lookup.get(subject)),
            Self::Own(own) => match subject.own(*own) {
                None => Found::Missing,
                Some(OwnValue::Text(text)) => Found::One(Datum::Text(text)),
                Some(OwnValue::Texts(texts)) => {
                    Found::List(texts.into_iter().map(Datum::Text).collect())
                }
                Some(OwnValue::Priority(priority)) => {
                    Found::One(Datum::Rank(priority_rank(priority)))
                }
                Some(OwnValue::Level(level)) => Found::One(Datum::Rank(level_rank(level))),
                Some(OwnValue::Time(time)) => Found::One(Datum::Time(time)),
            },
            Self::Ancestors(name, parent) => ancestors(subject, name, *parent),
            Self::Ends(ends) => ends.get(subject),
            Self::Transform(transformer, parts, index) => {
                transform(*transformer, parts, index.as_deref(), subject)
            }
        }
    }

    pub(super) fn known_to(&self, subject: &dyn Subject) -> bool {
        match self {
            Self::Field(lookup) => {
                subject.knows(&lookup.key)
                    && lookup.other.as_deref().is_none_or(|other| subject.knows(other))
            }
            Self::Own(own) => subject.knows(own.name()),
            Self::Ancestors(name, _) => subject.knows(name),
            Self::Ends(_) => subject.knows("fd.name") && subject.knows("fd.sip"),
            Self::Transform(_, parts, _) => parts.iter().all(|part| match part {
                Part::Get(getter) => getter.known_to(subject),
                Part::Text(_) => true,
            }),
        }
    }
}

fn ancestors<'a>(subject: &'a dyn Subject, name: &str, parent: Option<&str>) -> Found<'a> {
    let mut parent_seen = false;
    let mut data = Vec::new();
    for (index, value) in subject.indexed(name) {
        // The process itself is no ancestor of its own.
        parent_seen |= index == 1;
        if index > 0 && !matches!(*value, Value::Null) {
            data.push(Datum::Value(value));
        }
    }
    let whole = subject.field(name);
    if let (Some(parent), false) = (parent, parent_seen)
        && let Some(value) = subject.field(parent).filter(|value| !matches!(**value, Value::Null))
    {
        data.push(Datum::Value(value));
    }
    if let Some(value) = whole.filter(|value| !matches!(**value, Value::Null)) {
        data.push(Datum::Value(value));
    }
    if data.is_empty() { Found::Missing } else { Found::Any(data) }
}

impl Ends {
    fn get(self, subject: &dyn Subject) -> Found<'_> {
        // The name speaks only where no field of the sides is there: null means that Falco did not know the end.
        let tuple = |keys: &[&str]| {
            let absent = keys.iter().all(|key| subject.field(key).is_none());
            absent
                .then(|| subject.field("fd.name").and_then(|name| sockets(name.as_str()?)))
                .flatten()
        };
        let known = |key: &str| subject.field(key).filter(|value| !matches!(**value, Value::Null));
        let either = |keys: [&str; 4], of_name: fn((IpAddr, u16)) -> Datum<'static>| {
            let mut found: Vec<_> = keys.into_iter().filter_map(known).map(Datum::Value).collect();
            found.extend(tuple(&keys).into_iter().flatten().map(of_name));
            if found.is_empty() { Found::Missing } else { Found::Ends(found) }
        };
        match self {
            Self::Addresses => either(["fd.cip", "fd.sip", "fd.lip", "fd.rip"], |(address, _)| {
                Datum::Address(address)
            }),
            Self::Ports => either(["fd.cport", "fd.sport", "fd.lport", "fd.rport"], |(_, port)| {
                Datum::Number(port.into())
            }),
            Self::Side(side) => {
                // Only the name's order is known, client first; which end is local is not.
                let (key, end) = match side {
                    Side::Client => ("fd.cip", Some(0)),
                    Side::Server => ("fd.sip", Some(1)),
                    Side::Local => ("fd.lip", None),
                    Side::Remote => ("fd.rip", None),
                };
                if let Some(value) = known(key) {
                    return Found::One(Datum::Value(value));
                }
                let address = end.and_then(|end| Some(tuple(&[key])?.get(end)?.0));
                address.map_or(Found::Missing, |address| Found::One(Datum::Address(address)))
            }
        }
    }
}

/// Both ends of a socket from `fd.name`: `a:p->b:q`, IPv6 without brackets, so the last colon counts.
fn sockets(name: &str) -> Option<[(IpAddr, u16); 2]> {
    let (client, server) = name.split_once("->")?;
    let end = |text: &str| -> Option<(IpAddr, u16)> {
        let (address, port) = text.rsplit_once(':')?;
        let address =
            address.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(address);
        Some((address.parse().ok()?, port.parse().ok()?))
    };
    Some([end(client)?, end(server)?])
}

fn transform<'a>(
    transformer: Transformer,
    parts: &'a [Part],
    index: Option<&str>,
    subject: &'a dyn Subject,
) -> Found<'a> {
    let first = || match parts.first() {
        Some(Part::Get(getter)) => getter.get(subject),
        Some(Part::Text(text)) => Found::One(Datum::Text((&**text).into())),
        None => Found::Missing,
    };
    let on_text = |change: fn(&str) -> Option<String>| {
        first().map(|datum| Some(Datum::Text(change(&datum.text()?)?.into())))
    };
    match transformer {
        Transformer::Val => first(),
        Transformer::ToLower => on_text(|text| Some(text.to_ascii_lowercase())),
        Transformer::ToUpper => on_text(|text| Some(text.to_ascii_uppercase())),
        Transformer::Basename => on_text(|text| text.rsplit('/').next().map(str::to_string)),
        Transformer::B64 => on_text(decode_base64),
        Transformer::Len => match first() {
            Found::List(data) => Found::One(Datum::Number(data.len() as i128)),
            other => other.map(|datum| Some(Datum::Number(datum.text()?.len() as i128))),
        },
        Transformer::Join | Transformer::Concat => {
            let mut texts = Vec::with_capacity(parts.len());
            for part in parts {
                let text = match part {
                    Part::Text(text) => text.to_string(),
                    Part::Get(getter) => match getter.get(subject) {
                        Found::List(data) => {
                            let items: Option<Vec<_>> = data.iter().map(Datum::text).collect();
                            match items {
                                Some(items) => items.join(","),
                                None => return Found::Missing,
                            }
                        }
                        found => match found.first().and_then(Datum::text) {
                            Some(text) => text.into_owned(),
                            None => return Found::Missing,
                        },
                    },
                };
                texts.push(text);
            }
            let joined = match (transformer, texts.split_first()) {
                (Transformer::Join, Some((separator, rest))) => rest.join(separator),
                _ => texts.concat(),
            };
            Found::One(Datum::Text(joined.into()))
        }
        Transformer::GetOpt => {
            let Some(Part::Text(options)) = parts.get(1) else { return Found::Missing };
            let words: Vec<String> = match first() {
                Found::Missing => return Found::Missing,
                Found::One(datum) => match datum.text() {
                    Some(text) => text.split_whitespace().map(str::to_string).collect(),
                    None => return Found::Missing,
                },
                Found::List(data) | Found::Any(data) | Found::Ends(data) => {
                    data.iter().filter_map(|datum| datum.text().map(Cow::into_owned)).collect()
                }
            };
            let seen = getopt::read(&words, options);
            match index {
                Some(option) => seen
                    .into_iter()
                    .rev()
                    .find(|(letter, _)| option.chars().eq([*letter]))
                    .map_or(Found::Missing, |(_, value)| Found::One(Datum::Text(value.into()))),
                None => Found::List(
                    seen.into_iter()
                        .map(|(letter, _)| Datum::Text(letter.to_string().into()))
                        .collect(),
                ),
            }
        }
    }
}

/// Padding may be missing, but trailing bits must be zero, and the result must be text.
fn decode_base64(text: &str) -> Option<String> {
    use base64::Engine;
    use base64::alphabet::STANDARD;
    use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &STANDARD,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    LENIENT.decode(text).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}
