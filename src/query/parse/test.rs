//! What follows an operand: the operator and its right-hand side.

use super::{Parsed, Parser, VALUE};
use crate::query::ast::{
    Argument, Check, Expr, Literal, Name, Operand, Right, Span, Test, Transform,
};
use crate::query::error::Error;
use crate::query::fields::is_own;
use crate::query::operator::{Operator, Quantifier, Transformer};
use crate::query::suggest::nearest;

/// What is missing where no operator can be read.
enum Wanted {
    /// A blank behind an operator.
    Blank,
    /// The operator's value.
    Value,
    /// An operator; perhaps this one.
    Operator(Option<&'static str>),
}

impl Parser<'_> {
    /// What follows an operand.
    pub(super) fn test(&mut self, left: Operand, from: usize) -> Parsed<Expr> {
        self.cursor.blank();
        let at = self.cursor.at;
        let test = if self.cursor.take("exists") {
            Test::Exists
        } else {
            let operator = self.operator()?;
            let operator_span = Span::new(at, self.cursor.at);
            let named = self.cursor.text.get(from..at).unwrap_or_default().trim_end();
            let blank = self.cursor.blank();
            let right = if operator.takes_list() {
                self.right_list(operator)?
            } else if operator.takes_number() {
                self.right_number(operator, &left)?
            } else {
                self.right_string(operator, blank, named)?
            };
            Test::Compare { operator, operator_span, right }
        };
        Ok(Expr::Check(Box::new(Check { left, test, span: Span::new(from, self.cursor.at) })))
    }

    /// Symbols and list operators need nothing after them, words need a blank.
    pub(super) fn operator(&mut self) -> Parsed<Operator> {
        use Operator as O;
        const SYMBOLS: [(&str, Operator); 7] = [
            ("<=", O::LessEqual),
            ("<", O::Less),
            (">=", O::GreaterEqual),
            (">", O::Greater),
            ("==", O::Equal),
            ("=", O::Equal),
            ("!=", O::NotEqual),
        ];
        for (symbol, operator) in SYMBOLS {
            if self.cursor.take(symbol) {
                return Ok(operator);
            }
        }
        for operator in Operator::ALL.iter().copied() {
            let symbol = matches!(operator, O::Equal | O::NotEqual) || operator.takes_number();
            let list = operator.takes_list();
            if !symbol && !list && self.cursor.take_before_blank(operator.word()) {
                return Ok(operator);
            }
        }
        for operator in [O::Intersects, O::In, O::PMatch] {
            if self.cursor.take(operator.word()) {
                return Ok(operator);
            }
        }
        Err(self.no_operator())
    }

    pub(super) fn no_operator(&self) -> Error {
        let from = self.cursor.at;
        let rest = self.cursor.rest();
        let symbolic = |c: char| matches!(c, '!' | '~' | '&' | '|' | '^');
        let length = if rest.starts_with(symbolic) {
            rest.find(|c| !symbolic(c)).unwrap_or(rest.len())
        } else {
            rest.find(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '"' | '\''))
                .unwrap_or(rest.len())
        };
        let word = rest.get(..length).unwrap_or_default();
        let words = || Operator::ALL.iter().map(|operator| operator.word()).chain(["exists"]);
        let lower = word.to_lowercase();
        let glued = words()
            .filter(|known| known.len() > 2 && word.len() > known.len() && word.starts_with(*known))
            .max_by_key(|known| known.len());
        let operator = |message: String, suggestion: Option<&'static str>| {
            (message, Wanted::Operator(suggestion))
        };
        let (message, wanted) = match (word, glued) {
            ("", _) if rest.starts_with('[') => {
                operator("there is no blank before '['".to_string(), None)
            }
            ("", _) => operator("an operator is missing after the field".to_string(), None),
            ("like", _) => operator("there is no operator 'like'".to_string(), Some("glob")),
            ("~" | "=~" | "matches" | "match", _) => {
                operator(format!("there is no operator '{word}'"), Some("regex"))
            }
            ("is" | "eq", _) => operator(format!("there is no operator '{word}'"), Some("=")),
            ("not", _) => operator("'not' stands before the field".to_string(), None),
            ("and" | "or", _) => {
                operator("an operator is missing after the field".to_string(), Some("exists"))
            }
            (known, _) if words().any(|word| word == known) => {
                if rest.len() > word.len() {
                    (format!("'{known}' needs a blank after it"), Wanted::Blank)
                } else {
                    (format!("'{known}' needs a value"), Wanted::Value)
                }
            }
            (_, Some(known)) => (format!("'{known}' needs a blank after it"), Wanted::Blank),
            _ => operator(format!("there is no operator '{word}'"), nearest(&lower, words())),
        };
        let error = Error::new(message, from, from + word.len());
        match wanted {
            Wanted::Blank => error,
            Wanted::Value => error.expect(&VALUE),
            Wanted::Operator(suggestion) => error
                .expect(&[
                    "exists",
                    "=",
                    "!=",
                    "<",
                    "<=",
                    ">",
                    ">=",
                    "contains",
                    "startswith",
                    "endswith",
                ])
                .expect(&["in", "intersects", "glob", "regex", "pmatch"])
                .suggest(suggestion),
        }
    }

    /// `val(field)` or a transformer on the right.
    pub(super) fn right_operand(&mut self) -> Parsed<Option<Right>> {
        let from = self.cursor.at;
        if self.cursor.take("val(") {
            self.cursor.blank();
            let Some(field) = self.field()? else {
                return Err(Error::new(
                    "val() needs its argument",
                    self.cursor.at,
                    self.next_end(),
                )
                .expect(&["a field"]));
            };
            self.close_transform(Transformer::Val, from)?;
            let transform = Transform {
                transformer: Transformer::Val,
                arguments: vec![Argument::Operand(Operand::Field(field))],
                index: None,
                span: Span::new(from, self.cursor.at),
            };
            return Ok(Some(Right::Operand(Operand::Transform(Box::new(transform)))));
        }
        Ok(self.transform(0)?.map(Right::Operand))
    }

    pub(super) fn right_number(&mut self, operator: Operator, left: &Operand) -> Parsed<Right> {
        if let Some(right) = self.right_operand()? {
            return Ok(right);
        }
        let from = self.cursor.at;
        // Our own ordered fields take words and times, for which Falco's grammar has no place.
        if matches!(left, Operand::Field(field) if is_own(&field.name)) {
            if let Some(word) = self.cursor.string()? {
                let span = Span::new(from, self.cursor.at);
                return Ok(Right::Value(Literal { text: word.text, quoted: word.quoted, span }));
            }
            return Err(self.missing_value(operator, &VALUE));
        }
        let Some(number) = self.cursor.number() else {
            let wanted = ["a number", "val(field)", "a transformer"];
            return Err(self.missing_value(operator, &wanted));
        };
        let span = Span::new(from, self.cursor.at);
        Ok(Right::Value(Literal { text: number.into(), quoted: false, span }))
    }

    /// `named` is the left side as it was written.
    pub(super) fn right_string(
        &mut self,
        operator: Operator,
        blank: bool,
        named: &str,
    ) -> Parsed<Right> {
        if let Some(right) = self.right_operand()? {
            return Ok(right);
        }
        let symbol = matches!(operator, Operator::Equal | Operator::NotEqual);
        if (blank || !symbol)
            && let Some(right) = self.quantified()?
        {
            return Ok(right);
        }
        if self.cursor.rest().starts_with('=') {
            let at = self.cursor.at;
            return Err(Error::new("a value cannot begin with '='; quote it", at, at + 1));
        }
        if self.cursor.rest().starts_with('(') {
            let at = self.cursor.at;
            let word = operator.word();
            if matches!(operator, Operator::Regex | Operator::Glob | Operator::IGlob) {
                let message = "a pattern with '(' in it has to be quoted";
                return Err(Error::new(message, at, at + 1));
            }
            let instead = match operator {
                Operator::Equal => "in (…)".to_owned(),
                // `!= anyof (…)` is true of every value as soon as two items differ.
                Operator::NotEqual => format!("not {named} in (…)"),
                _ => format!("{word} anyof (…)"),
            };
            return Err(Error::new(format!("'{word}' takes one value, not a list"), at, at + 1)
                .expect(&VALUE)
                .suggest(Some(instead)));
        }
        let from = self.cursor.at;
        match self.cursor.string()? {
            Some(word) => {
                let span = Span::new(from, self.cursor.at);
                Ok(Right::Value(Literal { text: word.text, quoted: word.quoted, span }))
            }
            None => Err(self.missing_value(operator, &VALUE)),
        }
    }

    /// `oneof (…)`: only when a list follows, else the word is a value.
    pub(super) fn quantified(&mut self) -> Parsed<Option<Right>> {
        let before = self.cursor;
        for quantifier in Quantifier::ALL.iter().copied() {
            if !self.cursor.take_before_blank(quantifier.word()) {
                continue;
            }
            self.cursor.blank();
            let mut ahead = self.cursor;
            let from = ahead.at;
            if ahead.rest().starts_with('(') {
                let (items, span) = self.list()?;
                return Ok(Some(Right::List(Some(quantifier), items, span)));
            }
            if let Some(word) = ahead.identifier().filter(|word| !matches!(*word, "and" | "or")) {
                self.cursor = ahead;
                let span = Span::new(from, ahead.at);
                return Ok(Some(Right::Named(Some(quantifier), Name { text: word.into(), span })));
            }
            self.cursor = before;
        }
        Ok(None)
    }

    pub(super) fn right_list(&mut self, operator: Operator) -> Parsed<Right> {
        if self.cursor.rest().starts_with('(') {
            let (items, span) = self.list()?;
            return Ok(Right::List(None, items, span));
        }
        if let Some(right) = self.right_operand()? {
            return Ok(right);
        }
        let from = self.cursor.at;
        if let Some(word) = self.cursor.identifier() {
            let span = Span::new(from, self.cursor.at);
            return Ok(Right::Named(None, Name { text: word.into(), span }));
        }
        let wanted = ["a list in parentheses", "the name of a list"];
        Err(self.missing_value(operator, &wanted))
    }

    pub(super) fn list(&mut self) -> Parsed<(Vec<Literal>, Span)> {
        let from = self.cursor.at;
        self.cursor.take("(");
        self.cursor.blank();
        let mut items = Vec::new();
        if !self.cursor.take(")") {
            loop {
                self.cursor.blank();
                items.push(self.literal()?);
                self.cursor.blank();
                if self.cursor.take(")") {
                    break;
                }
                if self.cursor.at_end() {
                    return Err(Error::new("this list is never closed", from, from + 1)
                        .expect(&["','", "')'"]));
                }
                self.comma()?;
            }
        }
        Ok((items, Span::new(from, self.cursor.at)))
    }

    pub(super) fn literal(&mut self) -> Parsed<Literal> {
        let from = self.cursor.at;
        match self.cursor.string()? {
            Some(word) => {
                let span = Span::new(from, self.cursor.at);
                Ok(Literal { text: word.text, quoted: word.quoted, span })
            }
            None => {
                let error = Error::new("a value is missing in this list", from, self.next_end());
                Err(error.expect(&VALUE))
            }
        }
    }
}
