//! Text to tree, by Falco's grammar with its quirks.
//!
//! `not` binds tighter than `and`, `and` tighter than `or`. Groups are kept on a stack of our own, so that no depth of
//! parentheses can exhaust the program's.

use super::ast::{
    Argument, Check, Expr, Field, Literal, Name, Operand, Right, Span, Test, Transform,
};
use super::error::Error;
use super::fields::is_own;
use super::lex::Cursor;
use super::operator::{Operator, Quantifier, Transformer};
use super::suggest::nearest;

/// How deep groups may nest: Falco's own figure.
const MAX_DEPTH: usize = 1000;
/// How deep transformers may nest.
const MAX_TRANSFORMS: usize = 32;
/// How long a filter may be, in bytes.
const MAX_LENGTH: usize = 1 << 20;

type Parsed<T> = Result<T, Box<Error>>;

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
                    return Err(self.unexpected(branch_ended));
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
                    return Err(self.unexpected(branch_ended).expect(&["')'"]));
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
        let at = self.cursor.at;
        Err(Error::new(format!("'{word}' needs a blank or '(' after it"), at - word.len(), at)
            .expect(&["a blank", "'('"]))
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
        Err(Error::new(message, from, from + wide).expect(&[
            "a field",
            "'not'",
            "'('",
            "a transformer",
            "a macro",
        ]))
    }

    fn field(&mut self) -> Parsed<Option<Field>> {
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
    fn transform(&mut self, depth: usize) -> Parsed<Option<Operand>> {
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

    fn close_transform(&mut self, transformer: Transformer, from: usize) -> Parsed<()> {
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
            Error::new(message, at, at + 1)
        };
        Err(error.expect(&["')'"]))
    }

    fn argument(&mut self, depth: usize) -> Parsed<Argument> {
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

    fn tuple_item(&mut self, depth: usize) -> Parsed<Argument> {
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
            None => ("a transformer needs a field".to_string(), self.next_end()),
        };
        Err(Error::new(message, from, end).expect(&[
            "a field",
            "a transformer",
            "a quoted text",
            "a number",
        ]))
    }

    fn comma(&mut self) -> Parsed<()> {
        if self.cursor.take(",") {
            return Ok(());
        }
        let at = self.cursor.at;
        Err(Error::new("the list is not closed", at, self.next_end()).expect(&["','", "')'"]))
    }

    /// What follows an operand.
    fn test(&mut self, left: Operand, from: usize) -> Parsed<Expr> {
        self.cursor.blank();
        let at = self.cursor.at;
        let test = if self.cursor.take("exists") {
            Test::Exists
        } else {
            let operator = self.operator()?;
            let operator_span = Span::new(at, self.cursor.at);
            let blank = self.cursor.blank();
            let right = if operator.takes_list() {
                self.right_list(operator)?
            } else if operator.takes_number() {
                self.right_number(operator, &left)?
            } else {
                self.right_string(operator, blank)?
            };
            Test::Compare { operator, operator_span, right }
        };
        Ok(Expr::Check(Box::new(Check { left, test, span: Span::new(from, self.cursor.at) })))
    }

    /// Symbols and list operators need nothing after them, words need a blank.
    fn operator(&mut self) -> Parsed<Operator> {
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

    fn no_operator(&self) -> Box<Error> {
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
        let (message, suggestion) = match (word, glued) {
            ("", _) if rest.starts_with('[') => ("there is no blank before '['".to_string(), None),
            ("", _) => ("an operator is missing after the field".to_string(), None),
            ("like", _) => ("there is no operator 'like'".to_string(), Some("glob")),
            ("~" | "=~" | "matches" | "match", _) => {
                (format!("there is no operator '{word}'"), Some("regex"))
            }
            ("is" | "eq", _) => (format!("there is no operator '{word}'"), Some("=")),
            ("not", _) => ("'not' stands before the field".to_string(), None),
            ("and" | "or", _) => {
                ("an operator is missing after the field".to_string(), Some("exists"))
            }
            (_, Some(known)) => (format!("'{known}' needs a blank after it"), None),
            _ => (format!("there is no operator '{word}'"), nearest(&lower, words())),
        };
        Error::new(message, from, from + word.len())
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
            .suggest(suggestion)
    }

    /// `val(field)` or a transformer on the right.
    fn right_operand(&mut self) -> Parsed<Option<Right>> {
        let from = self.cursor.at;
        if self.cursor.take("val(") {
            self.cursor.blank();
            let Some(field) = self.field()? else {
                return Err(Error::new("val() takes one field", self.cursor.at, self.next_end())
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

    fn right_number(&mut self, operator: Operator, left: &Operand) -> Parsed<Right> {
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
            return Err(self.missing_value(operator, "a value"));
        }
        let Some(number) = self.cursor.number() else {
            return Err(self
                .missing_value(operator, "a number")
                .expect(&["val(field)", "a transformer"]));
        };
        let span = Span::new(from, self.cursor.at);
        Ok(Right::Value(Literal { text: number.into(), quoted: false, span }))
    }

    fn right_string(&mut self, operator: Operator, blank: bool) -> Parsed<Right> {
        if let Some(right) = self.right_operand()? {
            return Ok(right);
        }
        let symbol = matches!(operator, Operator::Equal | Operator::NotEqual);
        if blank || !symbol {
            if let Some(right) = self.quantified()? {
                return Ok(right);
            }
        }
        if self.cursor.rest().starts_with('=') {
            let at = self.cursor.at;
            return Err(Error::new("a value cannot begin with '='; quote it", at, at + 1)
                .expect(&["a value"]));
        }
        if self.cursor.rest().starts_with('(') {
            let at = self.cursor.at;
            let word = operator.word();
            return Err(Error::new(format!("'{word}' takes one value, not a list"), at, at + 1)
                .expect(&["a value"])
                .suggest(Some("in (…)")));
        }
        let from = self.cursor.at;
        match self.cursor.string()? {
            Some(word) => {
                let span = Span::new(from, self.cursor.at);
                Ok(Right::Value(Literal { text: word.text, quoted: word.quoted, span }))
            }
            None => Err(self.missing_value(operator, "a value")),
        }
    }

    /// `oneof (…)`: only when a list follows, else the word is a value.
    fn quantified(&mut self) -> Parsed<Option<Right>> {
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

    fn right_list(&mut self, operator: Operator) -> Parsed<Right> {
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
        Err(self.missing_value(operator, "a list in parentheses").expect(&["the name of a list"]))
    }

    fn list(&mut self) -> Parsed<(Vec<Literal>, Span)> {
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

    fn literal(&mut self) -> Parsed<Literal> {
        let from = self.cursor.at;
        match self.cursor.string()? {
            Some(word) => {
                let span = Span::new(from, self.cursor.at);
                Ok(Literal { text: word.text, quoted: word.quoted, span })
            }
            None => {
                Err(Error::new("a list holds values", from, self.next_end()).expect(&["a value"]))
            }
        }
    }

    fn missing_value(&self, operator: Operator, what: &str) -> Box<Error> {
        let at = self.cursor.at;
        Error::new(format!("'{}' needs a value", operator.word()), at, self.next_end())
            .expect(&[what])
    }

    fn unexpected(&self, only_or: bool) -> Box<Error> {
        let from = self.cursor.at;
        let rest = self.cursor.rest();
        let mut ahead = self.cursor;
        let end = match ahead.identifier() {
            Some(_) => ahead.at,
            None => self.next_end(),
        };
        let before = self.cursor.text.get(..from).unwrap_or_default();
        let message = match rest.chars().next() {
            Some(')') => "this parenthesis was never opened".to_string(),
            Some('#') => "a filter has no comments".to_string(),
            Some('=') if !before.ends_with(super::lex::is_blank) => {
                "a value with '=' in it has to be quoted".to_string()
            }
            Some('\0') => "a filter cannot hold the character NUL".to_string(),
            _ if only_or => {
                "after 'or(…)' only 'or' can follow; write 'or (…)' with a blank".to_string()
            }
            _ => "this does not belong here".to_string(),
        };
        let expected: &[&str] = if only_or { &["'or'"] } else { &["'and'", "'or'"] };
        let (end, suggestion) = match rest.get(..2) {
            Some("&&") => (from + 2, Some("and")),
            Some("||") => (from + 2, Some("or")),
            _ => (end, None),
        };
        Error::new(message, from, end).expect(expected).suggest(suggestion)
    }

    /// Where the next character ends.
    fn next_end(&self) -> usize {
        self.cursor.at + self.cursor.rest().chars().next().map_or(0, char::len_utf8)
    }
}

fn negate(expr: Expr, negated: bool) -> Expr {
    if negated { Expr::Not(Box::new(expr)) } else { expr }
}
