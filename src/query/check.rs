//! From a tree to a program: names looked up, fields known, operators and values fitted to types.

use super::ast::{
    Argument, Check, Expr, Field, Literal, Name, Operand, Right, Span, Test as AstTest, Transform,
};
use super::error::{Error, Warning};
use super::fields;
use super::kind::{Kind, Width};
use super::names::Names;
use super::operator::{Operator, Transformer};
use super::program::{Ask, Ends, Getter, Lookup, Node, Part, Side, Test};
use super::subject::Own;
use super::suggest::nearest;
use super::want;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// How many checks a filter may have once its macros are written out.
const MAX_CHECKS: usize = 1_000_000;
/// How deep macros may refer to macros.
const MAX_MACROS: usize = 64;
/// How many items a list may have once the lists in it are written out.
const MAX_ITEMS: usize = 1_000_000;

type Checked<T> = Result<T, Box<Error>>;

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
    fn located(&self, mut error: Box<Error>) -> Box<Error> {
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

    fn member(&mut self, left: &Source, operator: Operator, items: &[Literal]) -> Checked<Ask> {
        if operator == Operator::PMatch {
            return Ok(Ask::Under(super::glob::Prefixes::new(
                items.iter().map(|item| &*item.text),
            )));
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

    fn operand(&mut self, operand: &Operand, right: bool) -> Checked<Source> {
        match operand {
            Operand::Field(field) => self.field(field),
            Operand::Transform(transform) => self.transform(transform, right),
        }
    }

    fn transform(&mut self, transform: &Transform, right: bool) -> Checked<Source> {
        let transformer = transform.transformer;
        let word = transformer.word();
        let Span { from, to } = transform.span;
        let wrong = |message: String| Err(Error::new(message, from, to));
        let single =
            !matches!(transformer, Transformer::Join | Transformer::Concat | Transformer::GetOpt);
        if single {
            let [Argument::Operand(operand)] = transform.arguments.as_slice() else {
                return wrong(format!("{word}() takes one field"));
            };
            let inner = self.operand(operand, right)?;
            if transformer == Transformer::Val {
                return Ok(inner);
            }
            return self.transform_one(transform, operand, inner, right);
        }
        let parts = match (transformer, transform.arguments.as_slice()) {
            (Transformer::Join, [Argument::Text(separator), Argument::Tuple(items)])
                if !items.is_empty() =>
            {
                let mut parts = vec![Part::Text(separator.text.clone())];
                for item in items {
                    parts.push(self.part(item, word)?);
                }
                parts
            }
            (Transformer::Join, _) => {
                return wrong(
                    "join() takes a quoted separator and a list of fields in parentheses"
                        .to_string(),
                );
            }
            (Transformer::Concat, items) => {
                items.iter().map(|item| self.part(item, word)).collect::<Checked<Vec<_>>>()?
            }
            (_, [Argument::Operand(operand), Argument::Text(options)]) => {
                let inner = self.operand(operand, true)?;
                if !matches!(inner.kind, Kind::Text | Kind::List | Kind::Unknown) {
                    return wrong(format!(
                        "{word}() reads text, and {} is {}",
                        inner.name,
                        want::phrase(inner.kind)
                    ));
                }
                vec![Part::Get(inner.getter), Part::Text(options.text.clone())]
            }
            _ => return wrong("getopt() takes a field and the options in quotes".to_string()),
        };
        let listed = transformer == Transformer::GetOpt && transform.index.is_none();
        Ok(Source {
            getter: Getter::Transform(transformer, parts, transform.index.clone()),
            kind: if listed { Kind::Unknown } else { Kind::Text },
            name: format!("{word}(…)").into(),
            is_list: false,
            transformed_list: false,
            no_right: false,
        })
    }

    fn transform_one(
        &mut self,
        transform: &Transform,
        operand: &Operand,
        inner: Source,
        right: bool,
    ) -> Checked<Source> {
        let transformer = transform.transformer;
        let word = transformer.word();
        let span = operand.span();
        let wrong = |message: String| Err(Error::new(message, span.from, span.to));
        if let Operand::Field(field) = operand {
            if &*field.name == "evt.type" && !right {
                return wrong(
                    "evt.type cannot be given to a transformer: Falco itself dies of it"
                        .to_string(),
                );
            }
            let (entry, _) = entry(field);
            if entry.is_some_and(|entry| entry.no_transform) {
                return wrong(format!("{} cannot be given to a transformer", inner.name));
            }
        }
        let fits = match transformer {
            Transformer::Len => {
                matches!(inner.kind, Kind::Text | Kind::Bytes | Kind::List | Kind::Unknown)
            }
            Transformer::B64 => {
                matches!(inner.kind, Kind::Text | Kind::Bytes | Kind::List | Kind::Unknown)
            }
            _ => matches!(inner.kind, Kind::Text | Kind::List | Kind::Unknown),
        };
        if !fits {
            return wrong(format!(
                "{word}() reads text, and {} is {}",
                inner.name,
                want::phrase(inner.kind)
            ));
        }
        let counted = transformer == Transformer::Len;
        Ok(Source {
            kind: if counted { Kind::Number(Width::U64) } else { inner.kind },
            is_list: inner.is_list && !counted,
            transformed_list: inner.is_list && !counted,
            name: format!("{word}({})", inner.name).into(),
            getter: Getter::Transform(transformer, vec![Part::Get(inner.getter)], None),
            no_right: inner.no_right,
        })
    }

    fn part(&mut self, argument: &Argument, word: &str) -> Checked<Part> {
        match argument {
            Argument::Operand(operand) => Ok(Part::Get(self.operand(operand, true)?.getter)),
            Argument::Text(literal) | Argument::Number(literal) => {
                Ok(Part::Text(literal.text.clone()))
            }
            Argument::Tuple(_) => {
                Err(Error::new(format!("{word}() takes no list inside a list"), 0, 0))
            }
        }
    }

    fn field(&mut self, field: &Field) -> Checked<Source> {
        let key: Box<str> = match &field.argument {
            Some(argument) => format!("{}[{argument}]", field.name).into(),
            None => field.name.clone(),
        };
        let Span { from, to } = field.span;
        let (entry, dotted) = entry(field);
        let Some(entry) = entry else {
            self.unknown(field);
            self.fields.push(key.clone());
            return Ok(source(
                Getter::Field(Lookup { key, other: None }),
                Kind::Unknown,
                &field.name,
            ));
        };
        check_argument(entry, field, dotted)?;
        self.fields.push(key.clone());
        let mut made = source(getter(entry, field, dotted, key), entry.kind, &field.name);
        made.no_right = entry.no_right;
        // One element of a list field is a list to Falco too, except where plugins pick with an index.
        let _ = (from, to);
        Ok(made)
    }

    fn unknown(&mut self, field: &Field) {
        let candidates = fields::all().iter().map(|entry| entry.name);
        let suggestion = nearest(&field.name, candidates).or_else(|| same_tail(&field.name));
        let span = self.place(field.span);
        let message = format!("{} is no field we know; a plugin may bring it", field.name);
        if self.warnings.iter().any(|warning| *warning.message == *message) {
            return;
        }
        self.warnings.push(Warning {
            message: message.into(),
            span,
            suggestion: suggestion.map(Into::into),
        });
    }
}

fn source(getter: Getter, kind: Kind, name: &str) -> Source {
    Source {
        getter,
        kind,
        name: name.into(),
        is_list: kind == Kind::List,
        transformed_list: false,
        no_right: false,
    }
}

/// A field that ends like an unknown one: `process.name` is likely `proc.name`.
fn same_tail(name: &str) -> Option<&'static str> {
    let (head, tail) = name.split_once('.')?;
    let first = head.chars().next()?;
    fields::all()
        .iter()
        .map(|entry| entry.name)
        .filter(|known| known.split_once('.').is_some_and(|(_, known)| known == tail))
        .find(|known| known.starts_with(first))
}

/// The catalogue's entry for a field, and the argument when it was written with a dot.
fn entry(field: &Field) -> (Option<&'static fields::Entry>, Option<&str>) {
    if let Some(entry) = fields::find(&field.name) {
        return (Some(entry), None);
    }
    match fields::find_dotted(&field.name) {
        Some((entry, tail)) if field.argument.is_none() => (Some(entry), Some(tail)),
        _ => (None, None),
    }
}

fn check_argument(entry: &fields::Entry, field: &Field, dotted: Option<&str>) -> Checked<()> {
    use fields::Takes;
    let Span { from, to } = field.span;
    let name = entry.name;
    let Some(argument) = dotted.or(field.argument.as_deref()) else {
        if entry.required {
            let example = if entry.argument == Takes::Index { "0" } else { "name" };
            return Err(Error::new(format!("{name} needs an argument in brackets"), from, to)
                .suggest(Some(format!("{name}[{example}]"))));
        }
        return Ok(());
    };
    let number = argument.strip_prefix('-').unwrap_or(argument);
    let is_number =
        !number.is_empty() && number.len() < 20 && number.bytes().all(|byte| byte.is_ascii_digit());
    match entry.argument {
        Takes::Nothing => {
            Err(Error::new(format!("{name} takes nothing in brackets"), from, to)
                .suggest(Some(name)))
        }
        Takes::Index if !is_number => Err(Error::new(
            format!("{name} takes a number in brackets, and {argument} is none"),
            from,
            to,
        )),
        _ if name == "evt.arg" && dotted.is_none() && !is_number => Err(Error::new(
            format!("evt.arg takes a number in brackets, and {argument} is none"),
            from,
            to,
        )
        .suggest(Some(format!("evt.arg.{argument}")))),
        _ if matches!(name, "evt.arg" | "evt.rawarg")
            && !is_number
            && !fields::event_arguments().any(|known| known == argument) =>
        {
            let known =
                nearest(argument, fields::event_arguments()).map(|known| format!("{name}.{known}"));
            Err(Error::new(format!("no event has an argument named {argument}"), from, to)
                .suggest(known))
        }
        _ => Ok(()),
    }
}

fn getter(entry: &fields::Entry, field: &Field, dotted: Option<&str>, key: Box<str>) -> Getter {
    if let Some(own) = Own::parse(entry.name) {
        return Getter::Own(own);
    }
    let indexless = field.argument.as_deref().is_none_or(|argument| argument == "-1");
    let ancestors = |parent| Getter::Ancestors(entry.name.into(), parent);
    match entry.name {
        "fd.ip" | "fd.net" => return Getter::Ends(Ends::Addresses),
        "fd.port" | "fd.proto" => return Getter::Ends(Ends::Ports),
        "fd.cnet" => return Getter::Ends(Ends::Side(Side::Client)),
        "fd.snet" => return Getter::Ends(Ends::Side(Side::Server)),
        "fd.lnet" => return Getter::Ends(Ends::Side(Side::Local)),
        "fd.rnet" => return Getter::Ends(Ends::Side(Side::Remote)),
        "proc.aname" if indexless => return ancestors(Some("proc.pname")),
        "proc.apid" if indexless => return ancestors(Some("proc.ppid")),
        "proc.aexe" if indexless => return ancestors(Some("proc.pexe")),
        "proc.aexepath" if indexless => return ancestors(Some("proc.pexepath")),
        "proc.acmdline" if indexless => return ancestors(Some("proc.pcmdline")),
        "proc.aargs" | "proc.aenv" if indexless => return ancestors(None),
        _ => {}
    }
    let other = match (dotted, &field.argument) {
        (Some(tail), _) => Some(format!("{}[{tail}]", entry.name).into()),
        (None, Some(argument)) => Some(format!("{}.{argument}", entry.name).into()),
        (None, None) => None,
    };
    Getter::Field(Lookup { key, other })
}
