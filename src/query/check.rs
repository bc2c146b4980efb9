//! From a tree to a program: names looked up, fields known, operators and values fitted to types.

mod operand;

use super::ast::{Check, Expr, Literal, Name, Operand, Right, Span, Test as AstTest};
use super::error::{Error, Warning};
use super::fields;
use super::kind::Kind;
use super::names::Names;
use super::operator::Operator;
use super::program::{Ask, Getter, Node, Test};
use super::suggest::nearest;
use super::want;
use crate::model::{Status, Verdict};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// How many checks a filter may have once its macros are written out.
const MAX_CHECKS: usize = 1_000_000;
/// How deep macros may refer to macros.
const MAX_MACROS: usize = 64;
/// How many items a list may have once the lists in it are written out.
const MAX_ITEMS: usize = 1_000_000;

type Checked<T> = Result<T, Error>;

/// What was made of a tree.
pub(super) struct Outcome {
    pub node: Node,
    pub warnings: Vec<Warning>,
    /// Every field that is asked for, by its key.
    pub fields: Vec<Box<str>>,
}

/// Checks and compiles. Undefined macros are an error, or a warning when `lenient`.
pub(super) fn compile(expr: &Expr, names: &Names, lenient: bool) -> Checked<Outcome> {
    let mut checker = Checker {
        names,
        lenient,
        warnings: Vec::new(),
        fields: Vec::new(),
        macros: FxHashMap::default(),
        open: Vec::new(),
        checks: 0,
    };
    let node = checker.node(expr)?;
    checker.fields.sort_unstable();
    checker.fields.dedup();
    Ok(Outcome { node, warnings: checker.warnings, fields: checker.fields })
}

struct Checker<'a> {
    names: &'a Names,
    lenient: bool,
    warnings: Vec<Warning>,
    fields: Vec<Box<str>>,
    /// Macros that were compiled, and how many checks each stands for.
    macros: FxHashMap<Box<str>, (Arc<Node>, usize)>,
    /// Macros being compiled, with the place in the filter that began it.
    open: Vec<(Box<str>, Span)>,
    checks: usize,
}

/// An operand ready to be read, with what the check needs to know about it.
pub(super) struct Source {
    pub getter: Getter,
    pub kind: Kind,
    /// The name to show, without brackets.
    pub name: Box<str>,
    pub is_list: bool,
    /// A transformer over a list field.
    transformed_list: bool,
    no_right: bool,
}

impl Checker<'_> {
    fn node(&mut self, expr: &Expr) -> Checked<Node> {
        Ok(match expr {
            Expr::And(children) => {
                Node::All(children.iter().map(|child| self.node(child)).collect::<Checked<_>>()?)
            }
            Expr::Or(children) => {
                Node::Any(children.iter().map(|child| self.node(child)).collect::<Checked<_>>()?)
            }
            Expr::Not(child) => Node::Not(Box::new(self.node(child)?)),
            Expr::Macro(name) => self.expand(name)?,
            Expr::Check(check) => {
                self.count(1, check.span)?;
                Node::Test(Box::new(self.test(check)?))
            }
        })
    }

    fn count(&mut self, checks: usize, span: Span) -> Checked<()> {
        self.checks = self.checks.saturating_add(checks);
        if self.checks > MAX_CHECKS {
            let span = self.place(span);
            return Err(Error::new(
                "the filter grows beyond all measure when its macros are written out",
                span.from,
                span.to,
            ));
        }
        Ok(())
    }

    /// Where to point: inside a macro, at the word that brought it in.
    fn place(&self, span: Span) -> Span {
        self.open.first().map_or(span, |(_, outer)| *outer)
    }

    /// Says which macro an error is in, and points at the word in the filter.
    fn located(&self, mut error: Error) -> Error {
        if let Some((name, span)) = self.open.first() {
            let deepest = self.open.last().map_or(name, |(name, _)| name);
            error.message = format!("in macro {deepest}: {}", error.message).into();
            error.span = *span;
        }
        error
    }

    fn expand(&mut self, name: &Name) -> Checked<Node> {
        if let Some((node, checks)) = self.macros.get(&name.text) {
            let (node, checks) = (Arc::clone(node), *checks);
            self.count(checks, name.span)?;
            return Ok(Node::Macro(node));
        }
        let span = self.place(name.span);
        if self.open.iter().any(|(open, _)| *open == name.text) {
            return Err(Error::new(
                format!("macro {} refers to itself", name.text),
                span.from,
                span.to,
            ));
        }
        let Some(expr) = self.names.get_macro(&name.text).cloned() else {
            return self.undefined(name, span);
        };
        if self.open.len() >= MAX_MACROS {
            return Err(Error::new(
                format!("macros refer to each other deeper than {MAX_MACROS}"),
                span.from,
                span.to,
            ));
        }
        let before = self.checks;
        self.open.push((name.text.clone(), span));
        let node = Arc::new(self.node(&expr)?);
        self.open.pop();
        self.macros.insert(name.text.clone(), (Arc::clone(&node), self.checks - before));
        Ok(Node::Macro(node))
    }

    fn undefined(&mut self, name: &Name, span: Span) -> Checked<Node> {
        let word = &*name.text;
        if let Some(why) = self.names.why_broken(word) {
            let message: Box<str> = format!("the macro {word} cannot be read: {why}").into();
            if self.lenient {
                self.warnings.push(Warning { message, span, suggestion: None });
                return Ok(Node::Never);
            }
            return Err(Error::new(message, span.from, span.to));
        }
        let known = || self.names.macros();
        let field = fields::all().iter().find(|entry| entry.name.rsplit('.').next() == Some(word));
        let suggestion = nearest(word, known()).or_else(|| field.map(|entry| entry.name));
        let message = if matches!(word, "and" | "or" | "not") {
            format!(
                "'{word}' stands where a condition should; as a name it would be a macro that is not defined"
            )
        } else {
            format!("there is no macro {word}")
        };
        if self.lenient && !matches!(word, "and" | "or" | "not") {
            self.warnings.push(Warning {
                message: message.into(),
                span,
                suggestion: suggestion.map(Into::into),
            });
            return Ok(Node::Never);
        }
        if self.lenient {
            self.warnings.push(Warning { message: message.into(), span, suggestion: None });
            return Ok(Node::Never);
        }
        Err(Error::new(message, span.from, span.to)
            .expect(&["a field with a dot in its name", "the name of a macro"])
            .suggest(suggestion))
    }

    fn test(&mut self, check: &Check) -> Checked<Test> {
        let left = self.operand(&check.left, false).map_err(|error| self.located(error))?;
        let AstTest::Compare { operator, operator_span, right } = &check.test else {
            return Ok(Test { get: left.getter, ask: Ask::Exists });
        };
        let ask = self.ask(&left, check, *operator, *operator_span, right);
        let ask = ask.map_err(|error| self.located(error))?;
        Ok(Test { get: left.getter, ask })
    }

    fn ask(
        &mut self,
        left: &Source,
        check: &Check,
        operator: Operator,
        at: Span,
        right: &Right,
    ) -> Checked<Ask> {
        if !left.is_list && !operator.fits(left.kind) || left.is_list && !operator.fits(Kind::List)
        {
            let kind = if left.is_list { Kind::List } else { left.kind };
            return Err(want::unfit(operator, at, &left.name, kind));
        }
        if left.transformed_list && operator == Operator::Intersects {
            self.warn("Falco never matches 'intersects' behind a transformer of a list, and neither does this", check.span);
            return Ok(Ask::Quantified(super::operator::Quantifier::AnyOf, Vec::new()));
        }
        match right {
            Right::Value(literal) => {
                if matches!(operator, Operator::Equal | Operator::NotEqual) {
                    self.expect_word(left, literal);
                }
                let prepared = want::prepare(literal, left.kind, operator, self.names)?;
                Ok(Ask::One(operator, prepared))
            }
            Right::List(Some(quantifier), items, _) => {
                let items = self.items(items)?;
                let wants = items
                    .iter()
                    .map(|item| {
                        Ok((operator, want::prepare(item, left.kind, operator, self.names)?))
                    })
                    .collect::<Checked<_>>()?;
                Ok(Ask::Quantified(*quantifier, wants))
            }
            Right::List(None, items, _) => {
                let items = self.items(items)?;
                self.member(left, operator, &items)
            }
            Right::Named(quantifier, name) => {
                let literal = Literal { text: name.text.clone(), quoted: false, span: name.span };
                if self.names.get_list(&name.text).is_none() {
                    let suggestion = nearest(&name.text, self.names.lists()).map(Into::into);
                    let message =
                        format!("there is no list {}; it is read as this one value", name.text);
                    let span = self.place(name.span);
                    self.warnings.push(Warning { message: message.into(), span, suggestion });
                }
                let items = self.items(&[literal])?;
                match quantifier {
                    None => self.member(left, operator, &items),
                    Some(quantifier) => {
                        let wants = items
                            .iter()
                            .map(|item| {
                                Ok((
                                    operator,
                                    want::prepare(item, left.kind, operator, self.names)?,
                                ))
                            })
                            .collect::<Checked<_>>()?;
                        Ok(Ask::Quantified(*quantifier, wants))
                    }
                }
            }
            Right::Operand(operand) => self.same(left, operator, at, operand),
        }
    }

    fn warn(&mut self, message: &str, span: Span) {
        let span = self.place(span);
        self.warnings.push(Warning { message: message.into(), span, suggestion: None });
    }

    /// Warns of a word that a field of decisions never holds.
    fn expect_word(&mut self, left: &Source, literal: &Literal) {
        let words: Vec<&str> = match &*left.name {
            "triage.status" => Status::ALL.map(Status::name).to_vec(),
            "triage.verdict" => Verdict::ALL.map(Verdict::name).to_vec(),
            _ => return,
        };
        if words.contains(&&*literal.text) {
            return;
        }
        let message =
            format!("{} is never {:?}; it is one of {}", left.name, literal.text, words.join(", "));
        let span = self.place(literal.span);
        let suggestion = nearest(&literal.text, words).map(Into::into);
        self.warnings.push(Warning { message: message.into(), span, suggestion });
    }

    fn member(&mut self, left: &Source, operator: Operator, items: &[Literal]) -> Checked<Ask> {
        if operator == Operator::PMatch {
            return Ok(Ask::Under(super::glob::Prefixes::new(
                items.iter().map(|item| &*item.text),
            )));
        }
        for item in items {
            self.expect_word(left, item);
        }
        let set = want::set(items, left.kind, self.names)?;
        Ok(Ask::Member { every: operator == Operator::In, empty: left.is_list, set })
    }

    /// Writes out the lists that bare items name.
    fn items(&mut self, items: &[Literal]) -> Checked<Vec<Literal>> {
        let mut all = Vec::with_capacity(items.len());
        for item in items {
            self.item(item, &mut Vec::new(), &mut all)?;
        }
        Ok(all)
    }

    fn item(
        &mut self,
        item: &Literal,
        open: &mut Vec<Box<str>>,
        all: &mut Vec<Literal>,
    ) -> Checked<()> {
        let list = if item.quoted { None } else { self.names.get_list(&item.text) };
        let Some(list) = list else {
            all.push(item.clone());
            if all.len() > MAX_ITEMS {
                return Err(Error::new(
                    "the list grows beyond all measure when its lists are written out",
                    item.span.from,
                    item.span.to,
                ));
            }
            return Ok(());
        };
        // A list that names itself means the word, as it would in Falco.
        if open.contains(&item.text) || open.len() >= MAX_MACROS {
            all.push(item.clone());
            return Ok(());
        }
        open.push(item.text.clone());
        for text in list {
            let inner = Literal { text: text.clone(), quoted: false, span: item.span };
            self.item(&inner, open, all)?;
        }
        open.pop();
        Ok(())
    }

    /// A comparison with another operand.
    fn same(
        &mut self,
        left: &Source,
        operator: Operator,
        at: Span,
        right: &Operand,
    ) -> Checked<Ask> {
        let span = right.span();
        let source = self.operand(right, true)?;
        if source.no_right {
            return Err(Error::new(
                format!("{} cannot stand on the right", source.name),
                span.from,
                span.to,
            ));
        }
        if matches!(operator, Operator::PMatch | Operator::Regex) {
            let message = format!("'{}' takes no field on the right", operator.word());
            if left.kind != Kind::Unknown {
                return Err(Error::new(message, at.from, at.to).expect(&["a value"]));
            }
            self.warn(&message, span);
        }
        if left.is_list != source.is_list
            && left.kind != Kind::Unknown
            && source.kind != Kind::Unknown
        {
            return Err(Error::new(
                "a list and a single value cannot be compared",
                span.from,
                span.to,
            ));
        }
        if left.kind != source.kind && left.kind != Kind::Unknown && source.kind != Kind::Unknown {
            let message = format!(
                "{} is {}, but {} is {}",
                left.name,
                want::phrase(left.kind),
                source.name,
                want::phrase(source.kind)
            );
            return Err(Error::new(message, span.from, span.to));
        }
        let kind = if left.kind == Kind::Unknown { source.kind } else { left.kind };
        Ok(Ask::Same(operator, kind, source.getter))
    }
}
