//! A tolerant reading of a filter that is being typed: what each piece is, and what could stand at a place.
//!
//! It never fails: what fits nowhere is a piece of its own, and reading goes on behind it.

use super::lex::{Cursor, is_bare, is_blank};
use super::operator::{Operator, Quantifier, Transformer};
use std::ops::Range;

/// What a piece of a filter is, for coloring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Token {
    Field,
    Operator,
    /// A value, quoted or bare.
    Value,
    /// `and`, `or`, `not`, `oneof`, `anyof`, `allof`.
    Keyword,
    Transformer,
    /// A bare name where a condition stands.
    Macro,
    /// A bare name where a list stands.
    List,
    Punctuation,
    /// Fits nowhere.
    Wrong,
}

/// What can stand at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A condition.
    Operand,
    /// An operator for this field (with its argument), or for a transformer when none is known.
    Operator(Option<String>),
    /// A value for a field.
    Value { field: Option<String>, operator: Operator },
    /// A list for a field.
    List { field: Option<String> },
    /// One item of a list.
    Item { field: Option<String> },
    /// After an item: a comma or the end.
    Separator { field: Option<String> },
    /// An argument of a transformer.
    Argument,
    /// After an argument.
    AfterArgument,
    /// After a condition.
    After,
}

/// A piece, and what could have stood in its place.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub range: Range<usize>,
    pub token: Token,
    pub place: Place,
}

/// The whole reading.
#[derive(Debug)]
pub(super) struct Reading {
    pub pieces: Vec<Piece>,
    /// What can stand at the end.
    pub place: Place,
    /// How many groups are open at the end.
    pub open: usize,
}

pub(super) fn read(text: &str) -> Reading {
    let mut scanner = Scanner {
        cursor: Cursor::new(text),
        pieces: Vec::new(),
        place: Place::Operand,
        open: 0,
        transforms: 0,
        after_transform: Place::After,
    };
    loop {
        scanner.cursor.blank();
        if scanner.cursor.at_end() {
            break;
        }
        scanner.step();
    }
    Reading { pieces: scanner.pieces, place: scanner.place, open: scanner.open }
}

struct Scanner<'a> {
    cursor: Cursor<'a>,
    pieces: Vec<Piece>,
    place: Place,
    open: usize,
    /// Open parentheses of transformers.
    transforms: usize,
    /// What stands behind the transformer being read.
    after_transform: Place,
}

impl Scanner<'_> {
    /// Records a piece from `from` to the cursor and goes on to the next place.
    fn push(&mut self, from: usize, token: Token, next: Place) {
        let place = std::mem::replace(&mut self.place, next);
        self.pieces.push(Piece { range: from..self.cursor.at, token, place });
    }

    fn step(&mut self) {
        match self.place.clone() {
            Place::Operand => self.operand(),
            Place::Operator(field) => self.operator(field),
            Place::Value { field, operator } => self.value(field.as_ref(), operator),
            Place::List { field } => self.list(field),
            Place::Item { field } => self.item(field),
            Place::Separator { field } => self.separator(field),
            Place::Argument | Place::AfterArgument => self.argument(),
            Place::After => self.after(),
        }
    }

    fn wrong(&mut self) {
        let from = self.cursor.at;
        let place = self.place.clone();
        let word = |c: char| is_bare(c);
        if self.cursor.take_while(word).is_none() {
            let wide = self.cursor.rest().chars().next().map_or(1, char::len_utf8);
            self.cursor.at += wide;
        }
        self.push(from, Token::Wrong, place);
    }

    fn operand(&mut self) {
        let from = self.cursor.at;
        let rest = self.cursor.rest();
        let negates = rest
            .strip_prefix("not")
            .is_some_and(|rest| rest.starts_with(|c| is_blank(c) || c == '('));
        if negates {
            self.cursor.take("not");
            self.push(from, Token::Keyword, Place::Operand);
        } else if self.cursor.take("(") {
            self.open += 1;
            self.push(from, Token::Punctuation, Place::Operand);
        } else if self.transformer(Place::Operator(None)) {
        } else if let Some(field) = self.field() {
            self.push(from, Token::Field, Place::Operator(Some(field)));
        } else if self.cursor.identifier().is_some() {
            self.push(from, Token::Macro, Place::After);
        } else {
            self.wrong();
        }
    }

    /// A field with its brackets, even when they are still open.
    fn field(&mut self) -> Option<String> {
        let from = self.cursor.at;
        self.cursor.field_name()?;
        if self.cursor.rest().starts_with('[') {
            let rest = self.cursor.rest();
            let end = rest.find([']', ' ']).map_or(rest.len(), |end| {
                end + usize::from(rest.get(end..).is_some_and(|rest| rest.starts_with(']')))
            });
            self.cursor.at += end;
        }
        Some(self.cursor.text.get(from..self.cursor.at)?.to_string())
    }

    fn transformer(&mut self, after: Place) -> bool {
        let from = self.cursor.at;
        let mut ahead = self.cursor;
        if ahead.identifier().and_then(Transformer::parse).is_none()
            || !ahead.rest().starts_with('(')
        {
            return false;
        }
        self.cursor = ahead;
        if self.transforms == 0 {
            self.after_transform = after;
        }
        self.push(from, Token::Transformer, Place::Argument);
        let from = self.cursor.at;
        self.cursor.take("(");
        self.transforms += 1;
        self.push(from, Token::Punctuation, Place::Argument);
        true
    }

    fn argument(&mut self) {
        let from = self.cursor.at;
        if self.cursor.take("(") {
            self.transforms += 1;
            self.push(from, Token::Punctuation, Place::Argument);
        } else if self.cursor.take(")") {
            self.transforms = self.transforms.saturating_sub(1);
            let next = if self.transforms == 0 {
                self.after_transform.clone()
            } else {
                Place::AfterArgument
            };
            if self.transforms == 0 && self.cursor.rest().starts_with('[') {
                self.cursor.take_while(|c| c != ']' && !is_blank(c));
                self.cursor.take("]");
            }
            self.push(from, Token::Punctuation, next);
        } else if self.cursor.take(",") {
            self.push(from, Token::Punctuation, Place::Argument);
        } else if self.transformer(Place::After) {
        } else if self.field().is_some() {
            self.push(from, Token::Field, Place::AfterArgument);
        } else if self.quoted() || self.cursor.number().is_some() {
            self.push(from, Token::Value, Place::AfterArgument);
        } else {
            self.wrong();
        }
    }

    fn operator(&mut self, field: Option<String>) {
        let from = self.cursor.at;
        if self.cursor.take("exists") {
            return self.push(from, Token::Operator, Place::After);
        }
        let mut words: Vec<(&str, Operator)> =
            Operator::ALL.iter().map(|operator| (operator.word(), *operator)).collect();
        words.push(("==", Operator::Equal));
        words.sort_by_key(|(word, _)| std::cmp::Reverse(word.len()));
        let rest = self.cursor.rest();
        let found = words.into_iter().find(|(word, operator)| {
            let symbol = !word.starts_with(|c: char| c.is_ascii_alphabetic());
            rest.strip_prefix(*word).is_some_and(|rest| {
                let ends = rest.starts_with(is_blank);
                symbol || ends || operator.takes_list() && rest.starts_with('(')
            })
        });
        let Some((word, operator)) = found else { return self.wrong() };
        self.cursor.take(word);
        let next = if operator.takes_list() {
            Place::List { field }
        } else {
            Place::Value { field, operator }
        };
        self.push(from, Token::Operator, next);
    }

    fn value(&mut self, field: Option<&String>, operator: Operator) {
        let from = self.cursor.at;
        if self.transformer(Place::After) {
            return;
        }
        for quantifier in Quantifier::ALL.iter().filter(|_| !operator.takes_number()) {
            let mut ahead = self.cursor;
            if ahead.take_before_blank(quantifier.word()) {
                ahead.blank();
                let listed =
                    ahead.rest().starts_with(|c: char| c == '(' || c.is_ascii_alphabetic());
                let joined = ahead.identifier().is_some_and(|word| matches!(word, "and" | "or"));
                if listed && !joined {
                    self.cursor.take(quantifier.word());
                    return self.push(from, Token::Keyword, Place::List { field: field.cloned() });
                }
            }
        }
        if self.quoted() || self.cursor.take_while(is_bare).is_some() {
            self.push(from, Token::Value, Place::After);
        } else {
            self.wrong();
        }
    }

    fn list(&mut self, field: Option<String>) {
        let from = self.cursor.at;
        if self.cursor.take("(") {
            self.push(from, Token::Punctuation, Place::Item { field });
        } else if self.transformer(Place::After) {
        } else if self.cursor.identifier().is_some() {
            self.push(from, Token::List, Place::After);
        } else {
            self.wrong();
        }
    }

    fn item(&mut self, field: Option<String>) {
        let from = self.cursor.at;
        if self.cursor.take(")") {
            self.push(from, Token::Punctuation, Place::After);
        } else if self.quoted() || self.cursor.take_while(is_bare).is_some() {
            self.push(from, Token::Value, Place::Separator { field });
        } else {
            self.wrong();
        }
    }

    fn separator(&mut self, field: Option<String>) {
        let from = self.cursor.at;
        if self.cursor.take(",") {
            self.push(from, Token::Punctuation, Place::Item { field });
        } else if self.cursor.take(")") {
            self.push(from, Token::Punctuation, Place::After);
        } else {
            self.wrong();
        }
    }

    fn after(&mut self) {
        let from = self.cursor.at;
        let rest = self.cursor.rest();
        let joins = |word: &str| {
            rest.strip_prefix(word)
                .is_some_and(|rest| rest.starts_with(|c| is_blank(c) || c == '('))
        };
        if self.open > 0 && self.cursor.take(")") {
            self.open -= 1;
            self.push(from, Token::Punctuation, Place::After);
        } else if joins("and") || joins("or") {
            self.cursor.identifier();
            self.push(from, Token::Keyword, Place::Operand);
        } else {
            self.wrong();
        }
    }

    /// A quoted value, even when its quote is still open.
    fn quoted(&mut self) -> bool {
        let rest = self.cursor.rest();
        let Some(delimiter) = rest.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
            return false;
        };
        let mut before = '\\';
        for (offset, c) in rest.char_indices() {
            if c == delimiter && before != '\\' {
                self.cursor.at += offset + 1;
                return true;
            }
            before = c;
        }
        self.cursor.at = self.cursor.text.len();
        true
    }
}

/// What each piece of a filter is, in order; blanks belong to none.
pub fn highlight(text: &str) -> Vec<(Range<usize>, Token)> {
    read(text).pieces.into_iter().map(|piece| (piece.range, piece.token)).collect()
}
