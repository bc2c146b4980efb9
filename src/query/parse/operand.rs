//! Fields, transformers and their arguments.

use super::{MAX_TRANSFORMS, Parsed, Parser};
use crate::query::ast::{Argument, Field, Literal, Operand, Span, Transform};
use crate::query::error::Error;
use crate::query::operator::Transformer;

impl Parser<'_> {
    pub(super) fn field(&mut self) -> Parsed<Option<Field>> {
        let from = self.cursor.at;
        let Some(name) = self.cursor.field_name() else { return Ok(None) };
        let mut argument = None;
        let opens = self.cursor.at;
        if self.cursor.take("[") {
            let Some(word) = self.cursor.argument()? else {
                return Err(Error::new("the brackets hold no argument", opens, self.cursor.at)
                    .expect(&["a quoted argument", "an argument without blanks"]));
            };
            if !self.cursor.take("]") {
                return Err(Error::new("this bracket is never closed", opens, opens + 1)
                    .expect(&["']' directly after the argument"]));
            }
            argument = Some(word.text);
        }
        Ok(Some(Field { name: name.into(), argument, span: Span::new(from, self.cursor.at) }))
    }

    /// A transformer other than `val`, when one begins here.
    pub(super) fn transform(&mut self, depth: usize) -> Parsed<Option<Operand>> {
        let from = self.cursor.at;
        let mut ahead = self.cursor;
        let Some(transformer) = ahead.identifier().and_then(Transformer::parse) else {
            return Ok(None);
        };
        if transformer == Transformer::Val || !ahead.take("(") {
            return Ok(None);
        }
        if depth >= MAX_TRANSFORMS {
            return Err(Error::new(
                format!("transformers nest deeper than {MAX_TRANSFORMS}"),
                from,
                ahead.at,
            ));
        }
        self.cursor = ahead;
        let mut arguments = vec![self.argument(depth + 1)?];
        loop {
            self.cursor.blank();
            if !self.cursor.take(",") {
                break;
            }
            arguments.push(self.argument(depth + 1)?);
        }
        self.close_transform(transformer, from)?;
        let mut index = None;
        let opens = self.cursor.at;
        if transformer == Transformer::GetOpt && self.cursor.take("[") {
            let Some(word) = self.cursor.argument()? else {
                return Err(Error::new("the brackets hold no option", opens, self.cursor.at));
            };
            if !self.cursor.take("]") {
                return Err(Error::new("this bracket is never closed", opens, opens + 1));
            }
            index = Some(word.text);
        }
        let transform =
            Transform { transformer, arguments, index, span: Span::new(from, self.cursor.at) };
        Ok(Some(Operand::Transform(Box::new(transform))))
    }

    pub(super) fn close_transform(&mut self, transformer: Transformer, from: usize) -> Parsed<()> {
        self.cursor.blank();
        if self.cursor.take(")") {
            return Ok(());
        }
        let word = transformer.word();
        let at = self.cursor.at;
        let message = format!("the parenthesis of {word}( is not closed");
        let error = if self.cursor.at_end() {
            Error::new(message, from, from + word.len() + 1)
        } else {
            Error::new(message, at, self.next_end())
        };
        Err(error.expect(&["')'"]))
    }

    pub(super) fn argument(&mut self, depth: usize) -> Parsed<Argument> {
        self.cursor.blank();
        let from = self.cursor.at;
        if depth < 2 * MAX_TRANSFORMS && self.cursor.take("(") {
            self.cursor.blank();
            let mut items = Vec::new();
            if !self.cursor.take(")") {
                loop {
                    items.push(self.tuple_item(depth + 1)?);
                    self.cursor.blank();
                    if self.cursor.take(")") {
                        break;
                    }
                    self.comma()?;
                }
            }
            return Ok(Argument::Tuple(items));
        }
        self.tuple_item(depth).map_err(|mut error| {
            if error.span.from == from && error.expected.is_empty() {
                error = error.expect(&["a field", "a transformer"]);
            }
            error
        })
    }

    pub(super) fn tuple_item(&mut self, depth: usize) -> Parsed<Argument> {
        self.cursor.blank();
        let from = self.cursor.at;
        if self.cursor.rest().starts_with("val(") {
            return Err(Error::new(
                "val() takes a field and stands alone, not inside another transformer",
                from,
                from + 3,
            ));
        }
        if let Some(operand) = self.transform(depth)? {
            return Ok(Argument::Operand(operand));
        }
        if let Some(field) = self.field()? {
            return Ok(Argument::Operand(Operand::Field(field)));
        }
        if self.cursor.rest().starts_with(['"', '\'']) {
            return Ok(Argument::Text(self.literal()?));
        }
        if let Some(digits) = self.cursor.number() {
            let span = Span::new(from, self.cursor.at);
            return Ok(Argument::Number(Literal { text: digits.into(), quoted: false, span }));
        }
        let mut ahead = self.cursor;
        let word = ahead.identifier();
        let (message, end) = match word {
            Some(word) => {
                (format!("{word} is no field (a field has a dot) and no transformer"), ahead.at)
            }
            None => ("a transformer needs an argument".to_string(), self.next_end()),
        };
        Err(Error::new(message, from, end).expect(&[
            "a field",
            "a transformer",
            "a quoted text",
            "a number",
        ]))
    }

    pub(super) fn comma(&mut self) -> Parsed<()> {
        if self.cursor.take(",") {
            return Ok(());
        }
        let at = self.cursor.at;
        Err(Error::new("the list is not closed", at, self.next_end()).expect(&["','", "')'"]))
    }
}
