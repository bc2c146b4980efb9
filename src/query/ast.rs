//! What was written, as a tree: before macros are looked up and before any field's type is known.
//!
//! Two trees are equal when they say the same; where a part stood in the text does not count.

use super::operator::{Operator, Quantifier, Transformer};
use std::ops::Range;

/// Where something stood in the text, in bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Span {
    pub from: usize,
    pub to: usize,
}

impl Span {
    pub fn new(from: usize, to: usize) -> Self {
        Self { from, to: to.max(from) }
    }

    pub fn range(self) -> Range<usize> {
        self.from..self.to
    }
}

/// Spans are always equal, so that trees compare by what they say.
impl PartialEq for Span {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Span {}

/// A condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expr {
    /// At least two operands.
    Or(Vec<Expr>),
    /// At least two operands.
    And(Vec<Expr>),
    Not(Box<Expr>),
    Macro(Name),
    Check(Box<Check>),
}

/// A bare word: the name of a macro or of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    pub text: Box<str>,
    pub span: Span,
}

/// One check of one operand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    pub left: Operand,
    pub test: Test,
    pub span: Span,
}

/// What is asked of the operand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    Exists,
    Compare { operator: Operator, operator_span: Span, right: Right },
}

/// The right-hand side of an operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Right {
    Value(Literal),
    /// A list in parentheses; a quantifier only after operators that take one value.
    List(Option<Quantifier>, Vec<Literal>, Span),
    /// A list by its name.
    Named(Option<Quantifier>, Name),
    Operand(Operand),
}

/// A value as it was written, its escapes resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Literal {
    pub text: Box<str>,
    /// A bare word in a list may be the name of another list.
    pub quoted: bool,
    pub span: Span,
}

/// Something that has a value in an alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operand {
    Field(Field),
    Transform(Box<Transform>),
}

/// A field, with the argument in brackets when there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    pub name: Box<str>,
    pub argument: Option<Box<str>>,
    pub span: Span,
}

/// A transformer over its arguments; `val(field)` is one too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transform {
    pub transformer: Transformer,
    pub arguments: Vec<Argument>,
    /// Only `getopt(…)[c]` has one.
    pub index: Option<Box<str>>,
    pub span: Span,
}

/// What a transformer can be given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Argument {
    Operand(Operand),
    Text(Literal),
    Number(Literal),
    Tuple(Vec<Argument>),
}

impl Operand {
    pub fn span(&self) -> Span {
        match self {
            Self::Field(field) => field.span,
            Self::Transform(transform) => transform.span,
        }
    }
}
