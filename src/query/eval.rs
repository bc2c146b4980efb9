//! Asking a compiled condition of a subject.

mod compare;
mod get;

use super::operator::{Operator, Quantifier};
use super::program::{Ask, Node, Test, Want};
use super::subject::Subject;
use crate::model::{Level, Priority, Value};
use compare::compare_data;
use jiff::Timestamp;
use std::borrow::Cow;
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

/// Higher is more urgent.
pub(super) fn priority_rank(priority: Priority) -> u8 {
    7 - priority as u8
}

/// Higher is worse.
pub(super) fn level_rank(level: Level) -> u8 {
    level as u8
}
