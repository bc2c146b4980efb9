//! What is said of words behind a condition that do not belong there: what they were most likely meant to be.

use super::{CONDITION, Parser};
use crate::query::ast::{Check, Expr, Literal, Name, Right, Test};
use crate::query::error::Error;
use crate::query::lex::is_blank;
use crate::query::operator::Operator;
use crate::query::{fields, suggest::nearest};

/// Signs that operators are made of.
const SIGNS: [char; 7] = ['=', '<', '>', '!', '~', '&', '|'];

impl Parser<'_> {
    /// The error for what stands here, behind `last`, where only `and`, `or` or an end may.
    pub(super) fn misplaced(&self, only_or: bool, last: Option<&Expr>) -> Error {
        let from = self.cursor.at;
        let rest = self.cursor.rest();
        let mut ahead = self.cursor;
        let end = match ahead.identifier() {
            Some(_) => ahead.at,
            None => self.next_end(),
        };
        let before = self.cursor.text.get(..from).unwrap_or_default();
        let is_joined = !before.ends_with(is_blank);
        let behind = match last.filter(|_| !only_or) {
            Some(Expr::Macro(name)) => self.behind_name(name),
            Some(Expr::Check(check)) => self.behind_value(check, is_joined),
            _ => None,
        };
        let message = match rest.chars().next() {
            Some(')') => "this parenthesis was never opened".to_string(),
            Some('#') => "a filter has no comments".to_string(),
            Some('=') if is_joined && behind.is_none() => {
                "a value with '=' in it has to be quoted".to_string()
            }
            Some('\0') => "a filter cannot hold the character NUL".to_string(),
            _ if only_or => {
                "after 'or(…)' only 'or' can follow; write 'or (…)' with a blank".to_string()
            }
            _ => match behind {
                Some(error) => return error,
                None => "this does not belong here".to_string(),
            },
        };
        let expected: &[&str] = if only_or { &["'or'"] } else { &["'and'", "'or'"] };
        let (end, suggestion) = match rest.get(..2) {
            Some("&&") => (from + 2, Some("and")),
            Some("||") => (from + 2, Some("or")),
            _ => (end, None),
        };
        Error::new(message, from, end).expect(expected).suggest(suggestion)
    }

    /// Behind a name alone, which was read as a macro: most likely it was meant to be a field.
    fn behind_name(&self, name: &Name) -> Option<Error> {
        let (from, to) = (name.span.from, name.span.to);
        let word = &*name.text;
        if matches!(word, "and" | "or") {
            let message = format!("a condition is missing before '{word}'");
            return Some(Error::new(message, from, to).expect(&CONDITION));
        }
        if word == "exists" {
            let message = "'exists' stands behind its field, as in 'proc.name exists'";
            return Some(Error::new(message, from, to));
        }
        let rest = self.cursor.rest();
        let next = rest.split(|c: char| is_blank(c) || c == '(').next().unwrap_or_default();
        let is_operator = rest.starts_with(['=', '<', '>', '!', '~'])
            || next == "exists"
            || Operator::ALL.iter().any(|operator| operator.word() == next);
        if !is_operator && !rest.starts_with('.') {
            return None;
        }
        let message = format!("{word} is no field: a field's name has a dot in it");
        Some(Error::new(message, from, to).suggest(field_like(word)))
    }

    /// Behind a value that may have been meant to go on.
    fn behind_value(&self, check: &Check, is_joined: bool) -> Option<Error> {
        let Test::Compare { operator_span, right: Right::Value(value), .. } = &check.test else {
            return None;
        };
        let Literal { text, quoted: false, span } = value else { return None };
        let rest = self.cursor.rest();
        if text.chars().all(|c| SIGNS.contains(&c)) {
            let sign = self.cursor.text.get(operator_span.from..span.to)?;
            let known = match sign {
                "=>" => Some(">="),
                "=<" => Some("<="),
                "=~" => Some("regex"),
                "=!" | "<>" => Some("!="),
                _ => Some("="),
            };
            let message = format!("there is no operator '{sign}'");
            return Some(Error::new(message, operator_span.from, span.to).suggest(known));
        }
        let is_word = rest.starts_with(|c: char| c.is_alphanumeric() || "-/.*_".contains(c));
        if !is_word {
            return None;
        }
        let (from, end) = (self.cursor.at, self.word_end());
        let message = if is_joined && text.ends_with(|c: char| c.is_ascii_digit()) {
            "a number ends here: it has no unit, and a blank stands behind it"
        } else {
            "this does not belong here; a value with blanks in it has to be quoted"
        };
        Some(Error::new(message, from, end).expect(&["'and'", "'or'"]))
    }

    /// Where the word that begins here ends.
    fn word_end(&self) -> usize {
        let rest = self.cursor.rest();
        let length =
            rest.find(|c: char| is_blank(c) || matches!(c, '(' | ')')).unwrap_or(rest.len());
        self.cursor.at + length
    }
}

/// The field that a word without a dot most likely means: one of ours first.
fn field_like(word: &str) -> Option<&'static str> {
    let lower = word.to_ascii_lowercase();
    let last = |name: &str| name.rsplit('.').next() == Some(&*lower);
    let ours = fields::all().iter().find(|entry| fields::is_own(entry.name) && last(entry.name));
    let joined =
        || fields::all().iter().find(|entry| entry.name.replace('.', "") == lower.replace('_', ""));
    let only = || {
        let mut found = fields::all().iter().filter(|entry| last(entry.name));
        found.next().filter(|_| found.next().is_none())
    };
    let own_words = || {
        let ours = fields::all().iter().filter(|entry| fields::is_own(entry.name));
        let words = ours.filter_map(|entry| entry.name.rsplit('.').next());
        let near = nearest(word, words)?;
        fields::all().iter().find(|entry| fields::is_own(entry.name) && entry.name.ends_with(near))
    };
    ours.or_else(joined).or_else(only).or_else(own_words).map(|entry| entry.name)
}
