//! Which records cannot match, told from their raw bytes without decoding them.
//!
//! It may let through what does not match, and never holds back what does: only runs of characters are sought that no
//! format writes differently, and records that may spell them otherwise (escapes, several lines) are let through.

use super::operator::Operator;
use super::program::{Ask, Getter, Needle, Node, Set, Test, Want};
use memchr::memmem::Finder;

/// Runs shorter than this are in most records anyway.
const SHORTEST: usize = 3;
/// Longer lists are not sought one by one.
const MOST_NEEDLES: usize = 16;

/// What the bytes of a matching record must hold.
#[derive(Clone, Debug)]
pub struct Prefilter(Need);

#[derive(Clone, Debug)]
enum Need {
    Text(Box<Finder<'static>>),
    All(Vec<Need>),
    OneOf(Vec<Need>),
}

impl Prefilter {
    /// `None` when the condition asks nothing that bytes can answer.
    pub(super) fn of(node: &Node) -> Option<Self> {
        need(node).map(Self)
    }

    /// Whether the record may match. False is certain.
    pub fn admits(&self, record: &[u8]) -> bool {
        self.0.met(record) || may_spell_otherwise(record)
    }
}

impl Need {
    fn met(&self, record: &[u8]) -> bool {
        match self {
            Self::Text(finder) => finder.find(record).is_some(),
            Self::All(needs) => needs.iter().all(|need| need.met(record)),
            Self::OneOf(needs) => needs.iter().any(|need| need.met(record)),
        }
    }
}

/// Whether letters may stand as escapes, in pieces, or as numbers.
fn may_spell_otherwise(record: &[u8]) -> bool {
    memchr::memchr2(b'\n', b'\r', record.trim_ascii_end()).is_some()
        || memchr::memchr_iter(b'\\', record)
            .any(|at| matches!(record.get(at + 1), Some(b'u' | b'U' | b'x')))
        || memchr::memmem::find(record, b"\"MESSAGE\"").is_some_and(|at| {
            let after = record.get(at + 9..).unwrap_or_default();
            after.iter().find(|byte| !matches!(byte, b' ' | b':' | b'\t')) == Some(&b'[')
        })
}

/// The longest part of a text that stands in the bytes of every record that says it, as [`Prefilter`] looks for it; `None`
/// when none is long enough to tell records apart.
pub fn certain_part(text: &str) -> Option<&str> {
    let plain = |char: char| char.is_ascii_alphanumeric() || matches!(char, '_' | '-' | '.');
    let runs = text.split(|char| !plain(char));
    runs.max_by_key(|run| run.len()).filter(|run| run.len() >= SHORTEST)
}

/// Whether a record may say something that does not stand in its bytes.
pub fn may_say_more(record: &[u8]) -> bool {
    may_spell_otherwise(record)
}

fn need(node: &Node) -> Option<Need> {
    match node {
        Node::All(nodes) => {
            let mut needs: Vec<Need> = nodes.iter().filter_map(need).collect();
            if needs.len() > 1 { Some(Need::All(needs)) } else { needs.pop() }
        }
        Node::Any(nodes) => {
            let needs: Option<Vec<Need>> = nodes.iter().map(need).collect();
            needs.map(Need::OneOf)
        }
        Node::Macro(node) => need(node),
        Node::Test(test) => need_of_test(test),
        Node::Not(_) | Node::Never => None,
    }
}

fn need_of_test(test: &Test) -> Option<Need> {
    match &test.get {
        // Times may be read from elsewhere in the record.
        Getter::Field(lookup) if lookup.key.contains("time") => return None,
        Getter::Field(_) | Getter::Ancestors(..) => {}
        Getter::Own(_) | Getter::Ends(_) | Getter::Transform(..) => return None,
    }
    match &test.ask {
        Ask::One(
            Operator::Equal | Operator::Contains | Operator::StartsWith | Operator::EndsWith,
            Want::Text(needle) | Want::Loose(needle, None),
        ) => match needle {
            Needle::Plain(plain) => longest_run(plain.as_bytes()),
            Needle::Find(finder) => longest_run(finder.needle()),
            Needle::Glob(_) | Needle::Regex(_) => None,
        },
        // An empty list field is in every set, and then no bytes of the set have to be there.
        Ask::Member { every: true, empty: true, .. } => None,
        Ask::Member { set: Set::Texts(texts), .. } if texts.len() <= MOST_NEEDLES => {
            let needs: Option<Vec<Need>> =
                texts.iter().map(|text| longest_run(text.as_bytes())).collect();
            needs.filter(|needs| !needs.is_empty()).map(Need::OneOf)
        }
        _ => None,
    }
}

/// The longest run of characters that every format writes as they are.
fn longest_run(text: &[u8]) -> Option<Need> {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    text.split(|byte| !plain(byte))
        .max_by_key(|run| run.len())
        .filter(|run| run.len() >= SHORTEST)
        .map(|run| Need::Text(Box::new(Finder::new(run).into_owned())))
}
