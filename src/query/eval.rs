//! Asking a compiled condition of a subject.

use super::kind::Kind;
use super::operator::{Operator, Quantifier, Transformer};
use super::program::{Ask, Ends, Getter, Lookup, Needle, Node, Part, Set, Side, Test, Want};
use super::subject::{OwnValue, Subject};
use crate::model::{Level, Priority, Value};
use jiff::Timestamp;
use std::borrow::Cow;
use std::cmp::Ordering;
use std::net::IpAddr;

/// A value on its way to a question.
#[derive(Clone, Debug)]
pub(super) enum Datum<'a> {
    Value(Cow<'a, Value>),
    Text(Cow<'a, str>),
    Number(i128),
    Address(IpAddr),
    Rank(u8),
    Time(Timestamp),
}

/// What a getter found.
#[derive(Debug)]
pub(super) enum Found<'a> {
    Missing,
    One(Datum<'a>),
    /// A list field: `in` asks it of all.
    List(Vec<Datum<'a>>),
    /// Ancestors: any may answer, also to `!=`.
    Any(Vec<Datum<'a>>),
    /// Two ends: any may answer, but `!=` means neither.
    Ends(Vec<Datum<'a>>),
}

impl Node {
    /// The plain evaluation.
    pub fn holds(&self, subject: &dyn Subject) -> bool {
        match self {
            Self::All(nodes) => nodes.iter().all(|node| node.holds(subject)),
            Self::Any(nodes) => nodes.iter().any(|node| node.holds(subject)),
            Self::Not(node) => !node.holds(subject),
            Self::Macro(node) => node.holds(subject),
            Self::Test(test) => test.holds(subject),
            Self::Never => false,
        }
    }

    /// The answer as far as the subject knows; `None` where the record has to be read.
    pub fn decide(&self, subject: &dyn Subject) -> Option<bool> {
        match self {
            Self::All(nodes) => decide_many(nodes, subject, false),
            Self::Any(nodes) => decide_many(nodes, subject, true),
            Self::Not(node) => node.decide(subject).map(|holds| !holds),
            Self::Macro(node) => node.decide(subject),
            Self::Test(test) => test.known_to(subject).then(|| test.holds(subject)),
            Self::Never => Some(false),
        }
    }
}

/// `and` is decided by one `false`, `or` by one `true`.
fn decide_many(nodes: &[Node], subject: &dyn Subject, decisive: bool) -> Option<bool> {
    let mut open = false;
    for node in nodes {
        match node.decide(subject) {
            Some(answer) if answer == decisive => return Some(decisive),
            Some(_) => {}
            None => open = true,
        }
    }
    (!open).then_some(!decisive)
}

impl Test {
    fn holds(&self, subject: &dyn Subject) -> bool {
        let found = self.get.get(subject);
        match &self.ask {
            Ask::Exists => !matches!(found, Found::Missing),
            Ask::One(operator, want) => holds_one(&found, *operator, want),
            Ask::Member { every, empty, set } => match &found {
                Found::Missing => false,
                Found::One(datum) => set.has(datum),
                Found::List(data) if data.is_empty() => *every && *empty,
                Found::List(data) if *every => data.iter().all(|datum| set.has(datum)),
                Found::List(data) | Found::Any(data) | Found::Ends(data) => {
                    data.iter().any(|datum| set.has(datum))
                }
            },
            Ask::Under(prefixes) => {
                found.any(|datum| datum.text().is_some_and(|text| prefixes.hold(&text)))
            }
            Ask::Quantified(quantifier, wants) => {
                if matches!(found, Found::Missing) {
                    return false;
                }
                let count = wants
                    .iter()
                    .filter(|(operator, want)| holds_one(&found, *operator, want))
                    .count();
                match quantifier {
                    Quantifier::OneOf => count == 1,
                    Quantifier::AnyOf => count > 0,
                    Quantifier::AllOf => count == wants.len(),
                }
            }
            Ask::Same(operator, kind, getter) => {
                let right = getter.get(subject);
                let Some(right) = right.first() else { return false };
                found.any(|left| compare_data(left, right, *operator, *kind))
            }
        }
    }

    fn known_to(&self, subject: &dyn Subject) -> bool {
        let right = match &self.ask {
            Ask::Same(_, _, getter) => getter.known_to(subject),
            _ => true,
        };
        right && self.get.known_to(subject)
    }
}

fn holds_one(found: &Found<'_>, operator: Operator, want: &Want) -> bool {
    // Of two ends, `!=` is true when neither is the value.
    if let (Found::Ends(data), Operator::NotEqual) = (found, operator) {
        return !data.iter().any(|datum| want.holds(datum, Operator::Equal));
    }
    found.any(|datum| want.holds(datum, operator))
}

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

    fn any(&self, test: impl FnMut(&Datum<'a>) -> bool) -> bool {
        match self {
            Self::Missing => false,
            Self::One(datum) => std::iter::once(datum).any(test),
            Self::List(data) | Self::Any(data) | Self::Ends(data) => data.iter().any(test),
        }
    }

    fn first(&self) -> Option<&Datum<'a>> {
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

    fn known_to(&self, subject: &dyn Subject) -> bool {
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
        const ADDRESSES: [&str; 4] = ["fd.cip", "fd.sip", "fd.lip", "fd.rip"];
        match self {
            Self::Addresses => either(ADDRESSES, |(address, _)| Datum::Address(address)),
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
            let seen = super::getopt::read(&words, options);
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

/// Higher is more urgent.
pub(super) fn priority_rank(priority: Priority) -> u8 {
    7 - priority as u8
}

/// Higher is worse.
pub(super) fn level_rank(level: Level) -> u8 {
    level as u8
}

impl Datum<'_> {
    /// The value as text; ranks and times have none.
    fn text(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Value(value) => value.display(),
            Self::Text(text) => Cow::Borrowed(text),
            Self::Number(number) => number.to_string().into(),
            Self::Address(address) => address.to_string().into(),
            Self::Rank(_) | Self::Time(_) => return None,
        })
    }

    fn number(&self) -> Option<i128> {
        match self {
            Self::Value(value) => value.as_i128().or_else(|| whole(value)),
            Self::Text(text) => text.parse().ok(),
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    fn float(&self) -> Option<f64> {
        match self {
            Self::Value(value) => match &**value {
                Value::Number(text) | Value::String(text) => text.trim().parse().ok(),
                _ => None,
            },
            Self::Text(text) => text.trim().parse().ok(),
            #[expect(clippy::cast_precision_loss, reason = "compared with a decimal anyway")]
            Self::Number(number) => Some(*number as f64),
            _ => None,
        }
    }

    fn bool(&self) -> Option<bool> {
        match self {
            Self::Value(value) => value.as_bool(),
            Self::Text(text) => text.parse().ok(),
            _ => None,
        }
    }

    fn address(&self) -> Option<IpAddr> {
        match self {
            Self::Value(value) => value.as_str()?.parse().ok(),
            Self::Text(text) => text.parse().ok(),
            Self::Address(address) => Some(*address),
            _ => None,
        }
    }

    /// Whether the record held a JSON number.
    fn is_number(&self) -> bool {
        match self {
            Self::Value(value) => matches!(**value, Value::Number(_)),
            Self::Number(_) => true,
            _ => false,
        }
    }
}

/// A whole number written as a decimal (`1.7e9`), as some forwarders do.
fn whole(value: &Value) -> Option<i128> {
    let Value::Number(digits) = value else { return None };
    let float: f64 = digits.parse().ok()?;
    #[expect(clippy::cast_possible_truncation, reason = "the range was looked at")]
    (float.fract() == 0.0 && float.abs() < 1e30).then_some(float as i128)
}

impl Want {
    fn holds(&self, datum: &Datum<'_>, operator: Operator) -> bool {
        match self {
            Self::Text(needle) => match (needle, operator.takes_number() && datum.is_number()) {
                // A time is printed as a number though its type says text.
                (Needle::Plain(plain), true) => match (datum.float(), plain.parse::<f64>().ok()) {
                    (Some(left), Some(right)) => ordered(left.partial_cmp(&right), operator),
                    _ => false,
                },
                _ => datum.text().is_some_and(|text| needle.holds(&text, operator)),
            },
            Self::Loose(needle, number) => {
                match (number, operator.takes_number() || datum.is_number()) {
                    (Some(right), true) => match datum.float() {
                        Some(left) if operator.takes_number() || numeric(operator) => {
                            ordered(left.partial_cmp(right), operator)
                        }
                        _ => datum.text().is_some_and(|text| needle.holds(&text, operator)),
                    },
                    _ => datum.text().is_some_and(|text| needle.holds(&text, operator)),
                }
            }
            Self::Number(right) => {
                datum.number().is_some_and(|left| ordered(Some(left.cmp(right)), operator))
            }
            Self::Float(right) => {
                datum.float().is_some_and(|left| ordered(left.partial_cmp(right), operator))
            }
            Self::Bool(right) => {
                datum.bool().is_some_and(|left| ordered(Some(left.cmp(right)), operator))
            }
            Self::Address(right) => datum
                .address()
                .is_some_and(|left| (left == *right) == (operator != Operator::NotEqual)),
            Self::Net(net) => datum
                .address()
                .is_some_and(|left| net.holds(left) == (operator != Operator::NotEqual)),
            Self::Bytes(bytes) => datum.text().is_some_and(|text| match operator {
                Operator::BStartsWith => text.as_bytes().starts_with(bytes),
                _ => memchr::memmem::find(text.as_bytes(), bytes).is_some(),
            }),
            Self::Rank(right) => match datum {
                Datum::Rank(left) => ordered(Some(left.cmp(right)), operator),
                _ => false,
            },
            Self::Time(stretch) => match datum {
                Datum::Time(at) => match operator {
                    Operator::Less => *at < stretch.from,
                    Operator::LessEqual => !stretch.is_before(*at),
                    Operator::Greater => stretch.is_before(*at),
                    Operator::GreaterEqual => *at >= stretch.from,
                    Operator::NotEqual => !stretch.holds(*at),
                    _ => stretch.holds(*at),
                },
                _ => false,
            },
        }
    }
}

fn numeric(operator: Operator) -> bool {
    matches!(operator, Operator::Equal | Operator::NotEqual)
}

fn ordered(ordering: Option<Ordering>, operator: Operator) -> bool {
    let Some(ordering) = ordering else { return false };
    match operator {
        Operator::NotEqual => ordering.is_ne(),
        Operator::Less => ordering.is_lt(),
        Operator::LessEqual => ordering.is_le(),
        Operator::Greater => ordering.is_gt(),
        Operator::GreaterEqual => ordering.is_ge(),
        _ => ordering.is_eq(),
    }
}

impl Needle {
    fn holds(&self, text: &str, operator: Operator) -> bool {
        match self {
            Self::Plain(plain) => compare_texts(text, plain, operator),
            Self::Find(finder) => finder.find(text.as_bytes()).is_some(),
            Self::Glob(glob) => glob.matches(text.as_bytes()),
            Self::Regex(regex) => regex.is_match(text),
        }
    }
}

/// Operators whose right-hand side needs no preparation.
fn compare_texts(left: &str, right: &str, operator: Operator) -> bool {
    match operator {
        Operator::NotEqual => left != right,
        Operator::Less | Operator::LessEqual | Operator::Greater | Operator::GreaterEqual => {
            ordered(Some(left.as_bytes().cmp(right.as_bytes())), operator)
        }
        Operator::Contains => memchr::memmem::find(left.as_bytes(), right.as_bytes()).is_some(),
        Operator::IContains => contains_folded(left.as_bytes(), right.as_bytes()),
        Operator::StartsWith => left.starts_with(right),
        Operator::EndsWith => left.ends_with(right),
        Operator::Glob => super::glob::Glob::new(right, false).matches(left.as_bytes()),
        Operator::IGlob => super::glob::Glob::new(right, true).matches(left.as_bytes()),
        _ => left == right,
    }
}

/// Upper and lower case of ASCII letters alike.
fn contains_folded(text: &[u8], needle: &[u8]) -> bool {
    needle.is_empty()
        || text.windows(needle.len()).any(|window| window.eq_ignore_ascii_case(needle))
}

impl Set {
    fn has(&self, datum: &Datum<'_>) -> bool {
        match self {
            Self::Texts(texts) => datum.text().is_some_and(|text| texts.contains(&*text)),
            Self::Numbers(numbers) => {
                datum.number().is_some_and(|number| numbers.contains(&number))
            }
            Self::Wants(wants) => wants.iter().any(|want| want.holds(datum, Operator::Equal)),
        }
    }
}

/// Two values of the same type.
fn compare_data(left: &Datum<'_>, right: &Datum<'_>, operator: Operator, kind: Kind) -> bool {
    let numeric = match kind {
        Kind::Number(_) | Kind::Port | Kind::Float => true,
        Kind::Unknown => left.is_number() && right.is_number(),
        _ => false,
    };
    if numeric && (operator.takes_number() || self::numeric(operator) || operator.takes_list()) {
        return match (left.number(), right.number()) {
            (Some(left), Some(right)) => ordered(Some(left.cmp(&right)), operator),
            _ => match (left.float(), right.float()) {
                (Some(left), Some(right)) => ordered(left.partial_cmp(&right), operator),
                _ => false,
            },
        };
    }
    match (left, right) {
        (Datum::Rank(left), Datum::Rank(right)) => return ordered(Some(left.cmp(right)), operator),
        (Datum::Time(left), Datum::Time(right)) => return ordered(Some(left.cmp(right)), operator),
        _ => {}
    }
    if kind == Kind::Address
        && let (Some(left), Some(right)) = (left.address(), right.address())
    {
        return (left == right) == (operator != Operator::NotEqual);
    }
    match (left.text(), right.text()) {
        (Some(left), Some(right)) => match operator {
            Operator::BContains => compare_texts(&left, &right, Operator::Contains),
            Operator::BStartsWith => compare_texts(&left, &right, Operator::StartsWith),
            Operator::PMatch => super::glob::Prefixes::new([&*right]).hold(&left),
            _ => compare_texts(&left, &right, operator),
        },
        _ => false,
    }
}
