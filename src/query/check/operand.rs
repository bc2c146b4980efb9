//! Fields and transformers: what they are, what they take, where their value comes from.

use super::{Checked, Checker, Source};
use crate::query::ast::{Argument, Field, Operand, Span, Transform};
use crate::query::error::{Error, Warning};
use crate::query::fields;
use crate::query::kind::{Kind, Width};
use crate::query::operator::Transformer;
use crate::query::program::{Ends, Getter, Lookup, Part, Side};
use crate::query::subject::Own;
use crate::query::suggest::nearest;
use crate::query::want;

impl Checker<'_> {
    pub(super) fn operand(&mut self, operand: &Operand, right: bool) -> Checked<Source> {
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
            let (inner, operand) = match transform.arguments.as_slice() {
                [Argument::Operand(operand)] => (self.operand(operand, right)?, Some(operand)),
                [Argument::Text(literal) | Argument::Number(literal)]
                    if transformer != Transformer::Val =>
                {
                    let parts = vec![Part::Text(literal.text.clone())];
                    let getter = Getter::Transform(Transformer::Concat, parts, None);
                    (source(getter, Kind::Text, &literal.text), None)
                }
                _ => return wrong(format!("{word}() takes one field")),
            };
            if transformer == Transformer::Val {
                return Ok(inner);
            }
            return transform_one(transform, operand, inner, right);
        }
        let parts = match (transformer, transform.arguments.as_slice()) {
            (Transformer::Join, [Argument::Text(separator), Argument::Tuple(items)]) => {
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
        Ok(made)
    }

    fn unknown(&mut self, field: &Field) {
        let span = self.place(field.span);
        let message = format!("{} is no field we know; a plugin may bring it", field.name);
        if self.warnings.iter().any(|warning| *warning.message == *message) {
            return;
        }
        let candidates = fields::all().iter().map(|entry| entry.name);
        let suggestion = other_of_ours(&field.name)
            .or_else(|| nearest(&field.name, candidates))
            .or_else(|| same_tail(&field.name));
        self.warnings.push(Warning {
            message: message.into(),
            span,
            suggestion: suggestion.map(Into::into),
        });
    }
}

/// What is decided about an alert is asked for as `triage.…`, what it says as `alert.…`: the one for the other.
fn other_of_ours(name: &str) -> Option<&'static str> {
    let (start, tail) = name.split_once('.')?;
    let other = match start {
        "alert" => "triage",
        "triage" => "alert",
        _ => return None,
    };
    let is_it = |entry: &str| {
        entry.strip_prefix(other).and_then(|rest| rest.strip_prefix('.')) == Some(tail)
    };
    fields::all().iter().map(|entry| entry.name).find(|name| is_it(name))
}

/// A transformer of one text or list.
fn transform_one(
    transform: &Transform,
    operand: Option<&Operand>,
    inner: Source,
    right: bool,
) -> Checked<Source> {
    let transformer = transform.transformer;
    let word = transformer.word();
    let span = operand.map_or(transform.span, Operand::span);
    let wrong = |message: String| Err(Error::new(message, span.from, span.to));
    if let Some(Operand::Field(field)) = operand {
        if &*field.name == "evt.type" && !right {
            return wrong(
                "evt.type cannot be given to a transformer: Falco itself dies of it".to_string(),
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
