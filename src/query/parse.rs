//! Text to tree, by Falco's grammar with its quirks.
//!
//! `not` binds tighter than `and`, `and` tighter than `or`. Groups are kept on a stack of our own, so that no depth of
//! parentheses can exhaust the program's.

mod misplaced;
mod operand;
mod test;

use super::ast::{Expr, Name, Operand, Span};
use super::error::Error;
use super::lex::Cursor;
use super::operator::{Operator, Transformer};
use super::suggest::nearest;

/// What a condition may begin with.
const CONDITION: [&str; 5] = ["a field", "'not'", "'('", "a transformer", "a macro"];
/// What may stand where one value is wanted.
const VALUE: [&str; 2] = ["a word", "a quoted text"];
/// How deep groups may nest: Falco's own figure.
const MAX_DEPTH: usize = 1000;
/// How deep transformers may nest.
const MAX_TRANSFORMS: usize = 32;
/// How long a filter may be, in bytes.
const MAX_LENGTH: usize = 1 << 20;

type Parsed<T> = Result<T, Error>;

/// Reads one condition.
pub fn parse(text: &str) -> Parsed<Expr> {
    if text.len() > MAX_LENGTH {
        return Err(Error::new("a filter of more than 1 MiB is not read", 0, text.len()));
    }
    Parser { cursor: Cursor::new(text) }.condition()
}

/// An open group: what was read of it, and what becomes of it when it closes.
struct Group {
    ors: Vec<Expr>,
    ands: Vec<Expr>,
    opened: Opened,
    at: usize,
}

#[derive(Clone, Copy, PartialEq)]
enum Opened {
    /// An operand in parentheses, perhaps negated.
    Operand { negated: bool },
    /// `and(`: the same, and no `not` can stand before it.
    AfterAnd,
    /// `or(`: the whole branch; no `and` may follow it.
    AfterOr,
}

impl Group {
    fn new(opened: Opened, at: usize) -> Self {
        Self { ors: Vec::new(), ands: Vec::new(), opened, at }
    }

    fn end_branch(&mut self) {
        let mut ands = std::mem::take(&mut self.ands);
        match ands.len() {
            0 => {}
            1 => self.ors.append(&mut ands),
            _ => self.ors.push(Expr::And(ands)),
        }
    }

    /// The group's condition; `None` only when nothing was read.
    fn close(mut self) -> Option<Expr> {
        self.end_branch();
        if self.ors.len() > 1 { Some(Expr::Or(self.ors)) } else { self.ors.pop() }
    }
}

struct Parser<'a> {
    cursor: Cursor<'a>,
}

impl Parser<'_> {
    fn condition(mut self) -> Parsed<Expr> {
        let mut outer: Vec<Group> = Vec::new();
        let mut group = Group::new(Opened::Operand { negated: false }, 0);
        loop {
            if let Some(opened) = self.operand(&mut group)? {
                self.descend(&mut outer, &mut group, opened)?;
                continue;
            }
            // After an operand: and, or, the end of a group, the end of the text.
            let mut branch_ended = false;
            loop {
                self.cursor.blank();
                if !branch_ended && self.cursor.take("and") {
                    if self.cursor.blank() {
                        break;
                    }
                    self.open_after("and")?;
                    self.descend(&mut outer, &mut group, Opened::AfterAnd)?;
                    break;
                }
                if self.cursor.take("or") {
                    group.end_branch();
                    if self.cursor.blank() {
                        break;
                    }
                    self.open_after("or")?;
                    self.descend(&mut outer, &mut group, Opened::AfterOr)?;
                    break;
                }
                let Some(enclosing) = outer.pop() else {
                    if self.cursor.at_end() {
                        return group
                            .close()
                            .ok_or_else(|| Error::new("the filter is empty", 0, 0));
                    }
                    return Err(self.misplaced(branch_ended, group.ands.last()));
                };
                if !self.cursor.take(")") {
                    if self.cursor.at_end() {
                        return Err(Error::new(
                            "this parenthesis is never closed",
                            group.at,
                            group.at + 1,
                        )
                        .expect(&["')'"]));
                    }
                    let last = group.ands.last();
                    return Err(self.misplaced(branch_ended, last).expect(&["')'"]));
                }
                let closed = std::mem::replace(&mut group, enclosing);
                let opened = closed.opened;
                let Some(expr) = closed.close() else { continue };
                branch_ended = opened == Opened::AfterOr;
                match opened {
                    Opened::Operand { negated } => group.ands.push(negate(expr, negated)),
                    Opened::AfterAnd => group.ands.push(expr),
                    Opened::AfterOr => group.ors.push(expr),
                }
            }
        }
    }

    fn open_after(&mut self, word: &str) -> Parsed<()> {
        if self.cursor.take("(") {
            return Ok(());
        }
        let (from, at) = (self.cursor.at - word.len(), self.cursor.at);
        if self.cursor.at_end() {
            let message = format!("a condition is missing after '{word}'");
            return Err(Error::new(message, from, at).expect(&CONDITION));
        }
        Err(Error::new(format!("'{word}' needs a blank or '(' after it"), from, at))
    }

    fn descend(&mut self, outer: &mut Vec<Group>, group: &mut Group, opened: Opened) -> Parsed<()> {
        let at = self.cursor.at.saturating_sub(1);
        if outer.len() >= MAX_DEPTH {
            return Err(Error::new(format!("groups nest deeper than {MAX_DEPTH}"), at, at + 1));
        }
        outer.push(std::mem::replace(group, Group::new(opened, at)));
        Ok(())
    }

    /// Reads `not`s and then a check into the group, or says that a group opens here.
    fn operand(&mut self, group: &mut Group) -> Parsed<Option<Opened>> {
        let mut negated = false;
        self.cursor.blank();
        loop {
            if self.cursor.take_before_blank("not") {
                negated = !negated;
                self.cursor.blank();
            } else if self.cursor.take("not(") {
                return Ok(Some(Opened::Operand { negated: !negated }));
            } else if self.cursor.take("(") {
                return Ok(Some(Opened::Operand { negated }));
            } else {
                let expr = self.check()?;
                group.ands.push(negate(expr, negated));
                return Ok(None);
            }
        }
    }

    fn check(&mut self) -> Parsed<Expr> {
        let from = self.cursor.at;
        if let Some(left) = self.transform(0)? {
            return self.test(left, from);
        }
        if let Some(field) = self.field()? {
            return self.test(Operand::Field(field), from);
        }
        if let Some(word) = self.cursor.identifier() {
            let span = Span::new(from, self.cursor.at);
            let rest = self.cursor.rest();
            if rest.starts_with('(') {
                let nearest = nearest(word, Transformer::ALL.iter().map(|t| t.word()));
                return Err(Error::new(format!("{word} is no transformer"), span.from, span.to)
                    .expect(&["a field", "a transformer", "a macro"])
                    .suggest(nearest));
            }
            return Ok(Expr::Macro(Name { text: word.into(), span }));
        }
        let message = match self.cursor.rest().chars().next() {
            None if self.cursor.text.trim().is_empty() => "the filter is empty".to_string(),
            None => "the filter ends where a condition should stand".to_string(),
            Some('!') => "'!' is no word of the language; negation is written 'not'".to_string(),
            Some(c) => format!("a condition cannot begin with {c:?}"),
        };
        let wide = self.cursor.rest().chars().next().map_or(0, char::len_utf8);
        Err(Error::new(message, from, from + wide).expect(&CONDITION))
    }

    fn missing_value(&self, operator: Operator, what: &[&str]) -> Error {
        let at = self.cursor.at;
        Error::new(format!("'{}' needs a value", operator.word()), at, self.next_end()).expect(what)
    }

    /// Where the next character ends.
    fn next_end(&self) -> usize {
        self.cursor.at + self.cursor.rest().chars().next().map_or(0, char::len_utf8)
    }
}

fn negate(expr: Expr, negated: bool) -> Expr {
    if negated { Expr::Not(Box::new(expr)) } else { expr }
}
