//! Which records cannot match, told from their raw bytes without decoding them.
//!
//! It may let through what does not match, and never holds back what does: only runs of characters are sought that no
//! format writes differently, and records that may spell them otherwise (escapes, several lines) are let through.

use super::operator::{Operator, Quantifier};
use super::program::{Ask, Getter, Needle, Node, Set, Test, Want};
use super::subject::Own;
use crate::model::spelling::{is_plain, may_say_more};
use regex::bytes::{Regex, RegexBuilder};
use std::net::IpAddr;

/// Runs shorter than this are in most records anyway.
const SHORTEST: usize = 3;
/// Longer lists are not sought one by one.
const MOST_NEEDLES: usize = 16;

/// What the bytes of a matching record must hold.
#[derive(Clone, Debug)]
pub struct Prefilter(Need);

#[derive(Clone, Debug)]
enum Need {
    Run(Box<Run>),
    All(Vec<Need>),
    OneOf(Vec<Need>),
}

/// Letters and digits that stand behind each other.
#[derive(Clone, Debug)]
struct Run {
    /// As a regular expression.
    source: String,
    len: usize,
    pattern: Regex,
}

impl Prefilter {
    /// `None` when the condition asks nothing that bytes can answer.
    pub(super) fn of(node: &Node) -> Option<Self> {
        need(node).map(Self)
    }

    /// Whether the record may match. False is certain.
    pub fn admits(&self, record: &[u8]) -> bool {
        self.is_met(record) || may_say_more(record)
    }

    /// Whether everything stands in the record, as it would where letters are written as they are.
    pub fn is_met(&self, record: &[u8]) -> bool {
        self.0.met(record)
    }

    /// A match of this stands in each record that [`Self::is_met`] by; `None` when that would take too many texts.
    pub fn pattern(&self) -> Option<Regex> {
        let mut runs = self.0.fewest();
        match runs.as_slice() {
            [one] => return Some(one.pattern.clone()),
            many if many.len() > MOST_NEEDLES => return None,
            _ => {}
        }
        runs.sort_by_key(|run| std::cmp::Reverse(run.len));
        let sources: Vec<_> = runs.iter().map(|run| run.source.as_str()).collect();
        Regex::new(&sources.join("|")).ok()
    }
}

impl Need {
    fn met(&self, record: &[u8]) -> bool {
        match self {
            Self::Run(run) => run.pattern.is_match(record),
            Self::All(needs) => needs.iter().all(|need| need.met(record)),
            Self::OneOf(needs) => needs.iter().any(|need| need.met(record)),
        }
    }

    /// Runs of which at least one stands in each record that meets it: few, and long ones.
    fn fewest(&self) -> Vec<&Run> {
        match self {
            Self::Run(run) => vec![run],
            Self::OneOf(needs) => needs.iter().flat_map(Self::fewest).collect(),
            Self::All(needs) => {
                let each = needs.iter().map(Self::fewest);
                let worth = |runs: &Vec<&Run>| {
                    let shortest = runs.iter().map(|run| run.len).min().unwrap_or(0);
                    (std::cmp::Reverse(runs.len()), shortest)
                };
                each.max_by_key(worth).unwrap_or_default()
            }
        }
    }
}

impl Run {
    /// A text of ASCII characters that are plain; `is_folded` where upper and lower case are alike.
    fn new(text: &[u8], is_folded: bool) -> Option<Self> {
        let escaped = regex::escape(str::from_utf8(text).ok()?);
        let source = format!("(?{}-u:{escaped})", if is_folded { "i" } else { "" });
        let pattern = RegexBuilder::new(&source).build().ok()?;
        Some(Self { source, len: text.len(), pattern })
    }
}

/// The longest part of a text that stands in the bytes of every record that says it, as [`Prefilter`] looks for it; `None`
/// when none is long enough to tell records apart.
pub fn certain_part(text: &str) -> Option<&str> {
    let runs = text.split(|char| !u8::try_from(char).is_ok_and(is_plain));
    runs.max_by_key(|run| run.len()).filter(|run| run.len() >= SHORTEST)
}

fn need(node: &Node) -> Option<Need> {
    match node {
        Node::All(nodes) => all(nodes.iter().filter_map(need).collect()),
        Node::Any(nodes) => one_of(nodes.iter().map(need)),
        Node::Macro(node) => need(node),
        Node::Test(test) => need_of_test(test),
        Node::Not(_) | Node::Never => None,
    }
}

fn all(mut needs: Vec<Need>) -> Option<Need> {
    if needs.len() > 1 { Some(Need::All(needs)) } else { needs.pop() }
}

/// One of them has to be there; nothing has to where one of them asks for nothing.
fn one_of(needs: impl Iterator<Item = Option<Need>>) -> Option<Need> {
    let needs: Vec<Need> = needs.collect::<Option<_>>()?;
    (!needs.is_empty()).then_some(Need::OneOf(needs))
}

fn need_of_test(test: &Test) -> Option<Need> {
    match &test.get {
        // Times may be read from elsewhere in the record.
        Getter::Field(lookup) if lookup.key.contains("time") => return None,
        Getter::Field(_) | Getter::Ancestors(..) | Getter::Own(Own::Output) => {}
        Getter::Ends(_) => return need_of_address(&test.ask),
        Getter::Own(_) | Getter::Transform(..) => return None,
    }
    match &test.ask {
        Ask::One(operator, want) => need_of_want(*operator, want),
        // An empty list field is in every set, and then no bytes of the set have to be there.
        Ask::Member { every: true, empty: true, .. } => None,
        Ask::Member { set: Set::Texts(texts), .. } if texts.len() <= MOST_NEEDLES => {
            one_of(texts.iter().map(|text| longest_run(text.as_bytes(), false)))
        }
        Ask::Under(prefixes) if prefixes.len() <= MOST_NEEDLES => {
            one_of(prefixes.literals().map(|texts| longest_of(texts, false)))
        }
        Ask::Quantified(quantifier, wants) => {
            let mut needs = wants.iter().map(|(operator, want)| need_of_want(*operator, want));
            match quantifier {
                Quantifier::OneOf | Quantifier::AnyOf => one_of(needs),
                Quantifier::AllOf if wants.is_empty() => None,
                Quantifier::AllOf => needs.find_map(|need| need),
            }
        }
        _ => need_of_address(&test.ask),
    }
}

fn need_of_want(operator: Operator, want: &Want) -> Option<Need> {
    use Operator::{
        BContains, BStartsWith, Contains, EndsWith, Equal, Glob, IContains, IGlob, StartsWith,
    };
    match (operator, want) {
        // Where the value is a number and the other too, they are compared as numbers.
        (Equal, Want::Loose(_, Some(_))) => None,
        (Equal, Want::Address(IpAddr::V4(address))) => {
            // Nothing else is read as this address.
            longest_run(address.to_string().as_bytes(), false)
        }
        (BContains | BStartsWith, Want::Bytes(bytes)) => longest_run(bytes, false),
        (
            Equal | Contains | IContains | StartsWith | EndsWith | Glob | IGlob,
            Want::Text(needle) | Want::Loose(needle, _),
        ) => {
            let is_folded = matches!(operator, IContains | IGlob);
            match needle {
                Needle::Plain(plain) => longest_run(plain.as_bytes(), is_folded),
                Needle::Find(finder) => longest_run(finder.needle(), is_folded),
                Needle::Glob(glob) => longest_of(glob.literals(), is_folded),
                Needle::Regex(_) => None,
            }
        }
        _ => None,
    }
}

fn need_of_address(ask: &Ask) -> Option<Need> {
    match ask {
        Ask::One(Operator::Equal, want @ Want::Address(_)) => need_of_want(Operator::Equal, want),
        Ask::Member { every: false, set: Set::Wants(wants), .. }
        | Ask::Member { empty: false, set: Set::Wants(wants), .. }
            if wants.len() <= MOST_NEEDLES
                && wants.iter().all(|want| matches!(want, Want::Address(_))) =>
        {
            one_of(wants.iter().map(|want| need_of_want(Operator::Equal, want)))
        }
        _ => None,
    }
}

/// The longest run of characters that every format writes as they are.
fn longest_run(text: &[u8], is_folded: bool) -> Option<Need> {
    longest_of(std::iter::once(text.to_vec()), is_folded)
}

/// The longest run in any of these texts, which all have to be there.
fn longest_of(texts: impl Iterator<Item = Vec<u8>>, is_folded: bool) -> Option<Need> {
    let runs = texts.flat_map(|text| {
        let runs: Vec<Vec<u8>> = text.split(|byte| !is_plain(*byte)).map(<[u8]>::to_vec).collect();
        runs
    });
    let longest = runs.max_by_key(Vec::len).filter(|run| run.len() >= SHORTEST)?;
    Some(Need::Run(Box::new(Run::new(&longest, is_folded)?)))
}
