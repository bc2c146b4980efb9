//! The catalogue of fields: Falco's own, those of its public plugins, and the ones that only we have.
//!
//! Names and types are facts of the engine; the one-line descriptions are ours. A field that is not here may still
//! exist: plugins bring their own.

use super::kind::{Kind, Width};
use rustc_hash::FxHashMap;
use std::sync::LazyLock;

/// One field of the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own about a field")]
pub struct Entry {
    pub name: &'static str,
    /// The type as Falco names it (`CHARBUF`, `uint64`, `string (list)`…); ours are named for people.
    pub falco_type: &'static str,
    pub kind: Kind,
    pub argument: Takes,
    /// The argument must be there.
    pub required: bool,
    /// Never found in an alert: only conditions know it, and we derive it.
    pub filter_only: bool,
    /// Cannot stand on the right-hand side of an operator.
    pub no_right: bool,
    /// Cannot be given to a transformer.
    pub no_transform: bool,
    /// Whose field it is: `falco`, a plugin's name, or `cadge`.
    pub owner: &'static str,
    /// One line for people.
    pub says: &'static str,
}

/// What may stand in a field's brackets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    Nothing,
    /// A whole number.
    Index,
    Key,
    /// A number or a key.
    Any,
}

impl Takes {
    /// The word for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nothing => "none",
            Self::Index => "index",
            Self::Key => "key",
            Self::Any => "index or key",
        }
    }
}

static TABLE: LazyLock<Vec<Entry>> =
    LazyLock::new(|| include_str!("fields.tsv").lines().filter_map(entry).collect());

static BY_NAME: LazyLock<FxHashMap<&'static str, &'static Entry>> =
    LazyLock::new(|| TABLE.iter().map(|entry| (entry.name, entry)).collect());

/// All fields, ours first.
pub fn all() -> &'static [Entry] {
    &TABLE
}

/// The field of exactly this name, without brackets.
pub fn find(name: &str) -> Option<&'static Entry> {
    BY_NAME.get(name).copied()
}

/// The field a dotted name means: `evt.arg.flags` is `evt.arg` with the argument `flags`.
pub fn find_dotted(name: &str) -> Option<(&'static Entry, &str)> {
    let mut end = name.len();
    while let Some(dot) = name.get(..end).and_then(|head| head.rfind('.')) {
        let (head, tail) = (name.get(..dot)?, name.get(dot + 1..)?);
        if let Some(entry) =
            find(head).filter(|entry| matches!(entry.argument, Takes::Key | Takes::Any))
        {
            return Some((entry, tail));
        }
        end = dot;
    }
    None
}

/// Whether a name is one of ours, which no Falco has.
pub fn is_own(name: &str) -> bool {
    name.starts_with("alert.") || name.starts_with("triage.")
}

/// Names of event arguments (`evt.arg.NAME`), of all Falco versions we know.
pub fn event_arguments() -> impl Iterator<Item = &'static str> {
    include_str!("arguments.txt").split_ascii_whitespace()
}

/// One line of the table: name, type, argument, marks, owner, description, separated by tabs.
fn entry(line: &'static str) -> Option<Entry> {
    let mut cells = line.split('\t');
    let name = cells.next().filter(|name| !name.is_empty() && !name.starts_with('#'))?;
    let falco_type = cells.next()?;
    let argument = cells.next()?;
    let marks = cells.next()?;
    let owner = cells.next()?;
    let says = cells.next()?;
    let takes = match argument.trim_end_matches('!') {
        "index" => Takes::Index,
        "key" => Takes::Key,
        "any" => Takes::Any,
        _ => Takes::Nothing,
    };
    Some(Entry {
        name,
        falco_type,
        kind: kind(falco_type),
        argument: takes,
        required: argument.ends_with('!'),
        filter_only: marks.contains('f'),
        no_right: marks.contains('r'),
        no_transform: marks.contains('t'),
        owner,
        says,
    })
}

fn kind(falco_type: &str) -> Kind {
    match falco_type {
        "CHARBUF" | "string" | "text" => Kind::Text,
        "BYTEBUF" => Kind::Bytes,
        "INT16" => Kind::Number(Width::I16),
        "INT32" | "int" => Kind::Number(Width::I32),
        "INT64" => Kind::Number(Width::I64),
        "UINT32" => Kind::Number(Width::U32),
        "UINT64" | "uint64" => Kind::Number(Width::U64),
        "ABSTIME" | "abstime" => Kind::Number(Width::Instant),
        "RELTIME" | "reltime" => Kind::Number(Width::Duration),
        "BOOL" | "bool" => Kind::Bool,
        "DOUBLE" => Kind::Float,
        "IPADDR" | "ipaddr" => Kind::Address,
        "IPNET" => Kind::Net,
        "PORT" => Kind::Port,
        "CHARBUF (list)" | "string (list)" | "list" => Kind::List,
        "time" => Kind::Time,
        "priority" => Kind::Priority,
        "level" => Kind::Level,
        _ => Kind::Unknown,
    }
}
