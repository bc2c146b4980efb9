//! A condition ready to be asked: names resolved, types known, patterns compiled.

use super::glob::{Glob, Prefixes};
use super::kind::Kind;
use super::operator::{Operator, Quantifier, Transformer};
use super::subject::Own;
use super::time::Stretch;
use memchr::memmem::Finder;
use regex::Regex;
use rustc_hash::FxHashSet;
use std::net::IpAddr;
use std::sync::Arc;

/// One step of a decision.
#[derive(Clone, Debug)]
pub(super) enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    /// A macro, compiled once however often it is used.
    Macro(Arc<Node>),
    Test(Box<Test>),
    /// What is known before any alert is seen (an undefined macro that was let pass).
    Never,
}

/// One question about one operand.
#[derive(Clone, Debug)]
pub(super) struct Test {
    pub get: Getter,
    pub ask: Ask,
}

/// Where a value comes from.
#[derive(Clone, Debug)]
pub(super) enum Getter {
    Field(Lookup),
    Own(Own),
    /// `proc.aname` without an index: any ancestor; the second name is the parent's own field.
    Ancestors(Box<str>, Option<&'static str>),
    /// `fd.ip`, `fd.port`, `fd.proto`: either end.
    Ends(Ends),
    Transform(Transformer, Vec<Part>, Option<Box<str>>),
}

/// A key of the output fields and its other spelling (`evt.arg[flags]`, `evt.arg.flags`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lookup {
    pub key: Box<str>,
    pub other: Option<Box<str>>,
}

/// Which end of a connection, and what of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ends {
    /// Either end's address.
    Addresses,
    /// Either end's port.
    Ports,
    /// One side's address, for `fd.cnet` and the like.
    Side(Side),
}

/// A side of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Client,
    Server,
    Local,
    Remote,
}

/// An argument of a transformer.
#[derive(Clone, Debug)]
pub(super) enum Part {
    Get(Getter),
    Text(Box<str>),
}

/// What is asked of a value.
#[derive(Clone, Debug)]
pub(super) enum Ask {
    Exists,
    One(Operator, Want),
    /// Membership: `in` asks it of every element of a list, `intersects` of any.
    Member {
        every: bool,
        /// Whether an empty list is in the set: only where the field is a list by its type.
        empty: bool,
        set: Set,
    },
    /// A path under one of these.
    Under(Prefixes),
    Quantified(Quantifier, Vec<(Operator, Want)>),
    /// Another operand on the right.
    Same(Operator, Kind, Getter),
}

/// The right-hand side of an operator, compiled for the type of the left.
#[derive(Clone, Debug)]
pub(super) enum Want {
    Text(Needle),
    Number(i128),
    Float(f64),
    Bool(bool),
    Address(IpAddr),
    Net(Net),
    Bytes(Box<[u8]>),
    /// Priorities and levels by rank, higher is worse.
    Rank(u8),
    Time(Stretch),
    /// The field's type is not known: the value decides whether digits are a number.
    Loose(Needle, Option<f64>),
}

/// A text to compare with, prepared for its operator.
#[derive(Clone, Debug)]
pub(super) enum Needle {
    Plain(Box<str>),
    Find(Box<Finder<'static>>),
    Glob(Glob),
    Regex(Box<Regex>),
}

/// A list to look a value up in.
#[derive(Clone, Debug)]
pub(super) enum Set {
    Texts(FxHashSet<Box<str>>),
    Numbers(FxHashSet<i128>),
    /// Anything else, one by one.
    Wants(Vec<Want>),
}

/// A network; IPv4 and IPv6 never hold each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Net {
    pub address: IpAddr,
    pub bits: u8,
}

impl Net {
    pub fn holds(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(net), IpAddr::V4(one)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.bits)).unwrap_or(0);
                net.to_bits() & mask == one.to_bits() & mask
            }
            (IpAddr::V6(net), IpAddr::V6(one)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.bits)).unwrap_or(0);
                net.to_bits() & mask == one.to_bits() & mask
            }
            _ => false,
        }
    }
}
