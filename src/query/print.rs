//! Trees as text: one canonical form with every group in parentheses, which parses to the same tree.

use super::ast::{Argument, Check, Expr, Field, Literal, Operand, Right, Test, Transform};
use super::lex::is_bare;
use std::fmt::{Display, Formatter, Result, Write};

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Or(children) => group(f, children, " or "),
            Self::And(children) => group(f, children, " and "),
            Self::Not(child) => write!(f, "(not {child})"),
            Self::Macro(name) => f.write_str(&name.text),
            Self::Check(check) => check.fmt(f),
        }
    }
}

fn group(f: &mut Formatter<'_>, children: &[Expr], between: &str) -> Result {
    f.write_char('(')?;
    for (n, child) in children.iter().enumerate() {
        if n > 0 {
            f.write_str(between)?;
        }
        child.fmt(f)?;
    }
    f.write_char(')')
}

impl Display for Check {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        self.left.fmt(f)?;
        match &self.test {
            Test::Exists => f.write_str(" exists"),
            Test::Compare { operator, right, .. } => write!(f, " {} {right}", operator.word()),
        }
    }
}

impl Display for Right {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Value(literal) => literal.fmt(f),
            Self::List(quantifier, items, _) => {
                if let Some(quantifier) = quantifier {
                    write!(f, "{} ", quantifier.word())?;
                }
                f.write_char('(')?;
                separated(f, items)?;
                f.write_char(')')
            }
            Self::Named(quantifier, name) => {
                if let Some(quantifier) = quantifier {
                    write!(f, "{} ", quantifier.word())?;
                }
                f.write_str(&name.text)
            }
            Self::Operand(operand) => operand.fmt(f),
        }
    }
}

fn separated<T: Display>(f: &mut Formatter<'_>, items: &[T]) -> Result {
    for (n, item) in items.iter().enumerate() {
        if n > 0 {
            f.write_str(", ")?;
        }
        item.fmt(f)?;
    }
    Ok(())
}

impl Display for Literal {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        if self.quoted || !is_bare_value(&self.text) {
            quoted(f, &self.text)
        } else {
            f.write_str(&self.text)
        }
    }
}

impl Display for Operand {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Field(field) => field.fmt(f),
            Self::Transform(transform) => transform.fmt(f),
        }
    }
}

impl Display for Field {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(&self.name)?;
        self.argument.as_deref().map_or(Ok(()), |argument| bracketed(f, argument))
    }
}

impl Display for Transform {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{}(", self.transformer.word())?;
        separated(f, &self.arguments)?;
        f.write_char(')')?;
        self.index.as_deref().map_or(Ok(()), |index| bracketed(f, index))
    }
}

impl Display for Argument {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Operand(operand) => operand.fmt(f),
            Self::Text(literal) => quoted(f, &literal.text),
            Self::Number(literal) => f.write_str(&literal.text),
            Self::Tuple(items) => {
                f.write_char('(')?;
                separated(f, items)?;
                f.write_char(')')
            }
        }
    }
}

fn bracketed(f: &mut Formatter<'_>, argument: &str) -> Result {
    let plain = |c: char| {
        !matches!(c, '[' | ']' | '"' | '\'' | '\u{b}' | '\u{c}') && !super::lex::is_blank(c)
    };
    f.write_char('[')?;
    if !argument.is_empty() && argument.chars().all(plain) {
        f.write_str(argument)?;
    } else {
        quoted(f, argument)?;
    }
    f.write_char(']')
}

/// Whether a value can be written without quotes.
pub(super) fn is_bare_value(text: &str) -> bool {
    !text.is_empty() && text.chars().all(is_bare)
}

/// A value as it has to be written: bare when that reads the same, else in quotes.
pub fn value(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    if is_bare_value(text) {
        out.push_str(text);
    } else {
        let _ = quoted(&mut out, text);
    }
    out
}

fn quoted(out: &mut impl Write, text: &str) -> Result {
    out.write_char('"')?;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' => out.write_str("\\\"")?,
            // The quote's end is sought before escapes are read, so a value may end only in this spelling of a backslash.
            '\\' if chars.peek().is_none() => out.write_str("\\ ")?,
            '\\' => out.write_str("\\\\")?,
            '\n' => out.write_str("\\n")?,
            '\r' => out.write_str("\\r")?,
            '\t' => out.write_str("\\t")?,
            '\u{8}' => out.write_str("\\b")?,
            '\u{c}' => out.write_str("\\f")?,
            c => out.write_char(c)?,
        }
    }
    out.write_char('"')
}
