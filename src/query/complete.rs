//! What could be typed at the cursor: fields, operators that fit, values that occur, names, words.

use super::fields::{self, Entry};
use super::kind::Kind;
use super::names::Names;
use super::operator::{Operator, Quantifier, Transformer};
use super::print;
use super::scan::{self, Place, Token};
use crate::model::{Level, Priority};
use std::ops::Range;

/// How many suggestions are given at most.
const MOST: usize = 100;

/// What the log at hand can tell: which fields and values occur, and how often.
pub trait Values {
    /// Values of a field (`proc.aname[2]`, `alert.rule`) that begin with or hold the text, with their counts, most first.
    fn values(&self, field: &str, typed: &str, most: usize) -> Vec<(String, u64)>;

    /// Fields that occur, with the number of alerts that have them; may be empty.
    fn fields(&self) -> Vec<(String, u64)> {
        Vec::new()
    }
}

/// Nothing is known of any log.
impl Values for () {
    fn values(&self, _: &str, _: &str, _: usize) -> Vec<(String, u64)> {
        Vec::new()
    }
}

/// One thing that could be typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// What to put in place of [`Suggestion::replaces`], quoted where it has to be.
    pub insert: String,
    /// Bytes of the text that it stands for; empty at the cursor when nothing was typed yet.
    pub replaces: Range<usize>,
    pub kind: Suggests,
    /// The type of a field, for people; empty otherwise.
    pub type_name: &'static str,
    /// One line; empty for values.
    pub says: String,
    /// How many alerts have it, where that is known.
    pub count: Option<u64>,
}

/// What kind of thing is suggested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Suggests {
    Field,
    Operator,
    Value,
    Macro,
    List,
    /// `and`, `or`, `not`, `anyof`…
    Word,
    Transformer,
}

/// What could stand at the cursor (a byte offset), best first.
pub fn complete(text: &str, cursor: usize, names: &Names, values: &dyn Values) -> Vec<Suggestion> {
    let mut cursor = cursor.min(text.len());
    while !text.is_char_boundary(cursor) {
        cursor -= 1;
    }
    let before = text.get(..cursor).unwrap_or_default();
    let reading = scan::read(before);
    let (place, replaces) = match reading.pieces.last() {
        Some(piece)
            if piece.range.end == cursor
                && is_word(piece.token, before.get(piece.range.clone())) =>
        {
            (piece.place.clone(), piece.range.clone())
        }
        _ => (reading.place.clone(), cursor..cursor),
    };
    let typed = before.get(replaces.clone()).unwrap_or_default();
    let tail = text.get(cursor..).unwrap_or_default();
    let tail = tail
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.')))
        .unwrap_or(tail.len());
    let to = if replaces.is_empty() { cursor } else { cursor + tail };
    let mut maker = Maker { typed, replaces: replaces.start..to, names, values, made: Vec::new() };
    match &place {
        Place::Operand => maker.operands(),
        Place::Operator(field) => maker.operators(field.as_deref()),
        Place::Value { field, operator } => maker.field_values(field.as_deref(), Some(*operator)),
        Place::List { .. } => maker.lists(),
        Place::Item { field } => {
            maker.field_values(field.as_deref(), None);
            maker.list_names();
        }
        Place::Separator { .. } => maker.words(&[(")", "ends the list"), (",", "another value")]),
        Place::Argument => maker.arguments(),
        Place::AfterArgument => maker.words(&[(")", "ends the transformer")]),
        Place::After => {
            maker.words(&[("and", "both have to hold"), ("or", "one has to hold")]);
            if reading.open > 0 {
                maker.words(&[(")", "ends the group")]);
            }
        }
    }
    maker.made.truncate(MOST);
    maker.made
}

/// Whether a piece can still grow at its end.
fn is_word(token: Token, text: Option<&str>) -> bool {
    let text = text.unwrap_or_default();
    let closed = text.len() > 1 && text.starts_with(['"', '\'']) && text.ends_with(['"', '\'']);
    match token {
        Token::Punctuation | Token::Keyword => false,
        Token::Operator => text.starts_with(|c: char| c.is_ascii_alphabetic()),
        _ => !closed && !text.ends_with(']'),
    }
}

struct Maker<'a> {
    typed: &'a str,
    replaces: Range<usize>,
    names: &'a Names,
    values: &'a dyn Values,
    made: Vec<Suggestion>,
}

impl Maker<'_> {
    fn push(&mut self, insert: impl Into<String>, kind: Suggests, says: impl Into<String>) {
        self.made.push(Suggestion {
            insert: insert.into(),
            replaces: self.replaces.clone(),
            kind,
            type_name: "",
            says: says.into(),
            count: None,
        });
    }

    /// 0 when a name begins with what was typed, 1 when it holds it, `None` when it does not.
    fn rank(&self, name: &str) -> Option<u8> {
        let (name, typed) = (name.to_ascii_lowercase(), self.typed.to_ascii_lowercase());
        if name.starts_with(&typed) {
            return Some(0);
        }
        (typed.len() > 1 && name.contains(&typed)).then_some(1)
    }

    fn words(&mut self, words: &[(&str, &str)]) {
        for (word, says) in words {
            if self.rank(word) == Some(0) {
                self.push(*word, Suggests::Word, *says);
            }
        }
    }

    fn operands(&mut self) {
        self.fields();
        for name in self.names.macros().map(str::to_string).collect::<Vec<_>>() {
            if self.rank(&name) == Some(0) {
                self.push(name, Suggests::Macro, "a macro of the rules files");
            }
        }
        self.words(&[("not", "the opposite")]);
        self.transformers();
    }

    fn arguments(&mut self) {
        self.fields();
        self.transformers();
    }

    fn transformers(&mut self) {
        for transformer in
            Transformer::ALL.iter().filter(|transformer| **transformer != Transformer::Val)
        {
            if self.rank(transformer.word()) == Some(0) {
                self.push(
                    format!("{}(", transformer.word()),
                    Suggests::Transformer,
                    transformer.says(),
                );
            }
        }
    }

    /// Fields that occur come first, then those of the catalogue, each by how well the name fits.
    fn fields(&mut self) {
        let present = self.values.fields();
        let mut found: Vec<(u8, std::cmp::Reverse<u64>, Suggestion)> = Vec::new();
        let make = |name: &str, entry: Option<&Entry>, count: Option<u64>| Suggestion {
            insert: name.to_string(),
            replaces: self.replaces.clone(),
            kind: Suggests::Field,
            type_name: entry.map_or("unknown", |entry| entry.kind.name()),
            says: entry.map_or("a field of this log", |entry| entry.says).to_string(),
            count,
        };
        for (name, count) in &present {
            let bare = name.split('[').next().unwrap_or(name);
            if let Some(rank) = self.rank(name) {
                let entry = fields::find(bare).or_else(|| Some(fields::find_dotted(bare)?.0));
                found.push((rank * 2, std::cmp::Reverse(*count), make(name, entry, Some(*count))));
            }
        }
        for entry in fields::all() {
            if present.iter().any(|(name, _)| name == entry.name) {
                continue;
            }
            if let Some(rank) = self.rank(entry.name) {
                let name = if entry.required {
                    format!("{}[", entry.name)
                } else {
                    entry.name.to_string()
                };
                // Our own fields and derived ones always have something to say.
                let later = u8::from(!(fields::is_own(entry.name) || entry.filter_only));
                found.push((
                    rank * 2 + later,
                    std::cmp::Reverse(0),
                    make(&name, Some(entry), None),
                ));
            }
        }
        // Of equals the shorter name is the more common one.
        found.sort_by(|(rank, count, one), (other_rank, other_count, other)| {
            (rank, count, one.insert.len(), &one.insert).cmp(&(
                other_rank,
                other_count,
                other.insert.len(),
                &other.insert,
            ))
        });
        self.made.extend(found.into_iter().map(|(_, _, suggestion)| suggestion).take(MOST));
    }

    fn operators(&mut self, field: Option<&str>) {
        let kind = field.map_or(Kind::Unknown, kind_of);
        for operator in Operator::ALL.iter().copied().filter(|operator| operator.fits(kind)) {
            if self.rank(operator.word()) == Some(0) {
                self.push(operator.word(), Suggests::Operator, operator.says());
            }
        }
        if self.rank("exists") == Some(0) {
            self.push("exists", Suggests::Operator, "has a value");
        }
    }

    fn field_values(&mut self, field: Option<&str>, operator: Option<Operator>) {
        let kind = field.map_or(Kind::Unknown, kind_of);
        let typed = self.typed.trim_start_matches(['"', '\'']).to_string();
        let fixed: Vec<(&str, &str)> = match kind {
            Kind::Bool => vec![("true", ""), ("false", "")],
            Kind::Priority => Priority::ALL.iter().map(|priority| (priority.name(), "")).collect(),
            Kind::Level => Level::ALL.iter().rev().map(|level| (level.name(), "")).collect(),
            Kind::Time => vec![
                ("today", "since midnight"),
                ("yesterday", "the day before"),
                ("-15m", "a quarter of an hour ago"),
                ("-1h", "an hour ago"),
                ("-24h", "a day ago"),
                ("-7d", "a week ago"),
            ],
            _ => Vec::new(),
        };
        let counted = field.map_or_else(Vec::new, |field| self.values.values(field, &typed, MOST));
        for (word, says) in fixed {
            if word.to_ascii_lowercase().starts_with(&typed.to_ascii_lowercase())
                && !counted.iter().any(|(value, _)| value == word)
            {
                self.push(word, Suggests::Value, says);
            }
        }
        for (value, count) in counted {
            self.made.push(Suggestion {
                insert: print::value(&value),
                replaces: self.replaces.clone(),
                kind: Suggests::Value,
                type_name: "",
                says: String::new(),
                count: Some(count),
            });
        }
        if operator.is_some_and(|operator| !operator.takes_number()) && !typed.is_empty() {
            for quantifier in Quantifier::ALL {
                if self.rank(quantifier.word()) == Some(0) {
                    self.push(
                        format!("{} (", quantifier.word()),
                        Suggests::Word,
                        quantifier.says(),
                    );
                }
            }
        }
    }

    fn lists(&mut self) {
        if self.typed.is_empty() {
            self.push("(", Suggests::Word, "a list of values");
        }
        self.list_names();
    }

    fn list_names(&mut self) {
        for name in self.names.lists().map(str::to_string).collect::<Vec<_>>() {
            if self.rank(&name) == Some(0) {
                self.push(name, Suggests::List, "a list of the rules files");
            }
        }
    }
}

/// The type of a field as it is written, brackets included.
fn kind_of(field: &str) -> Kind {
    let bare = field.split('[').next().unwrap_or(field);
    fields::find(bare)
        .or_else(|| Some(fields::find_dotted(bare)?.0))
        .map_or(Kind::Unknown, |entry| entry.kind)
}
