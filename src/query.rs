//! Falco's condition language: what a filter says, and which alerts it matches.
//!
//! Text becomes a tree ([`Expr`]), names and types make it a program, and the program is asked of a [`Subject`].
//! A check on a field without a value is false, whatever the operator; `""` and `<NA>` are values.

mod asked;
mod ast;
mod check;
mod complete;
mod error;
mod eval;
pub mod fields;
mod getopt;
mod glob;
mod kind;
mod lex;
mod names;
mod operator;
mod parse;
mod pattern;
mod prefilter;
mod print;
mod program;
mod scan;
mod subject;
mod suggest;
#[cfg(test)]
mod tests;
mod time;
mod want;

pub use asked::Asked;
pub use ast::{Argument, Check, Expr, Field, Literal, Name, Operand, Right, Span, Test, Transform};
pub use complete::{Suggestion, Suggests, Values, complete};
pub use error::{Error, Warning, listed};
pub use kind::{Kind, Width};
pub use names::Names;
pub use operator::{Operator, Quantifier, Transformer};
pub use prefilter::{Prefilter, certain_part};
pub use print::value as quote;
pub use scan::{Token, highlight};
pub use subject::{Judged, Own, OwnValue, Subject, Triaged, own_of};
pub use suggest::nearest;

/// A condition, parsed, checked and ready to be asked of many alerts.
#[derive(Clone, Debug)]
pub struct Filter {
    text: Box<str>,
    expr: Expr,
    node: program::Node,
    warnings: Vec<Warning>,
    fields: Vec<Box<str>>,
}

impl Filter {
    /// Reads a condition. Unknown fields are warned of; an undefined macro is an error.
    pub fn parse(text: &str, names: &Names) -> Result<Self, Error> {
        Self::read(text, names, false)
    }

    /// Reads a condition to explain it: an undefined macro is a warning too, and never matches.
    pub fn check(text: &str, names: &Names) -> Result<Self, Error> {
        Self::read(text, names, true)
    }

    fn read(text: &str, names: &Names, lenient: bool) -> Result<Self, Error> {
        let expr = parse::parse(text)?;
        let outcome = check::compile(&expr, names, lenient)?;
        let check::Outcome { node, warnings, fields } = outcome;
        Ok(Self { text: text.into(), expr, node, warnings, fields })
    }

    /// Whether the condition holds.
    pub fn matches(&self, subject: &dyn Subject) -> bool {
        self.node.holds(subject)
    }

    /// The answer as far as the subject can tell ([`Subject::knows`]); `None` where the record has to be read.
    /// Where it answers, it answers as [`Filter::matches`] does.
    pub fn decide(&self, subject: &dyn Subject) -> Option<bool> {
        self.node.decide(subject)
    }

    /// The text as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The tree as it was written, macros not replaced.
    pub fn expr(&self) -> &Expr {
        &self.expr
    }

    /// What was accepted and may not mean what was wanted.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// Every field the condition asks for, also inside macros, by its key (`proc.aname[2]`), sorted.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(|key| &**key)
    }

    /// What the raw bytes of a matching record must hold; `None` when bytes cannot tell.
    pub fn prefilter(&self) -> Option<Prefilter> {
        Prefilter::of(&self.node)
    }

    /// What it looks at, and nothing else.
    pub fn asked(&self) -> Asked {
        Asked::of(&self.node)
    }

    /// Whether the condition asks for what people decided (`triage.*`).
    pub fn needs_triage(&self) -> bool {
        self.fields().any(|key| key.starts_with("triage."))
    }

    /// Whether the condition asks for `alert.assessment` or `alert.known`, so that alerts have to be judged first.
    pub fn needs_judgment(&self) -> bool {
        self.fields().any(|key| key == Own::Assessment.name() || key == Own::Known.name())
    }
}

/// Parses a condition without looking at names and types.
pub fn parse(text: &str) -> Result<Expr, Error> {
    parse::parse(text)
}

/// Whether a whole value fits a pattern of `*`, `?` and `[a-z]`.
pub fn glob(pattern: &str, value: &str) -> bool {
    glob::Glob::new(pattern, false).matches(value.as_bytes())
}
