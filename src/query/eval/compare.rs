//! Comparing a value with what is wanted of it.

use super::Datum;
use crate::model::Value;
use crate::query::glob::{Glob, Prefixes};
use crate::query::kind::Kind;
use crate::query::operator::Operator;
use crate::query::program::{Needle, Set, Want};
use std::borrow::Cow;
use std::cmp::Ordering;
use std::net::IpAddr;

impl Datum<'_> {
    /// The value as text; ranks and times have none.
    pub(super) fn text(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Value(value) => value.display(),
            Self::Text(text) => Cow::Borrowed(text),
            Self::Number(number) => number.to_string().into(),
            Self::Address(address) => address.to_string().into(),
            Self::Rank(_) | Self::Time(_) => return None,
        })
    }

    pub(super) fn number(&self) -> Option<i128> {
        match self {
            Self::Value(value) => value.as_i128().or_else(|| whole(value)),
            Self::Text(text) => text.parse().ok(),
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    pub(super) fn float(&self) -> Option<f64> {
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
    pub(super) fn holds(&self, datum: &Datum<'_>, operator: Operator) -> bool {
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
                        Some(left) if operator.takes_number() || is_equality(operator) => {
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

fn is_equality(operator: Operator) -> bool {
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
    pub(super) fn holds(&self, text: &str, operator: Operator) -> bool {
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
        Operator::Glob => Glob::new(right, false).matches(left.as_bytes()),
        Operator::IGlob => Glob::new(right, true).matches(left.as_bytes()),
        _ => left == right,
    }
}

/// Upper and lower case of ASCII letters alike.
fn contains_folded(text: &[u8], needle: &[u8]) -> bool {
    needle.is_empty()
        || text.windows(needle.len()).any(|window| window.eq_ignore_ascii_case(needle))
}

impl Set {
    pub(super) fn has(&self, datum: &Datum<'_>) -> bool {
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
pub(super) fn compare_data(
    left: &Datum<'_>,
    right: &Datum<'_>,
    operator: Operator,
    kind: Kind,
) -> bool {
    let numeric = match kind {
        Kind::Number(_) | Kind::Port | Kind::Float => true,
        Kind::Unknown => left.is_number() && right.is_number(),
        _ => false,
    };
    if numeric && (operator.takes_number() || is_equality(operator) || operator.takes_list()) {
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
            Operator::PMatch => Prefixes::new([&*right]).hold(&left),
            _ => compare_texts(&left, &right, operator),
        },
        _ => false,
    }
}
