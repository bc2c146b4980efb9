//! Laws of filters: what is printed parses to the same, columns and raw bytes never contradict the plain evaluation,
//! and no text makes the parser, the checker, the highlighter or the completion fall over.

use cadge::model::{Alert, Priority, Value};
use cadge::query::{
    Argument, Check, Expr, Field, Filter, Literal, Name, Names, Operand, Operator, Quantifier,
    Right, Span, Test, Transform, Transformer, complete, highlight, parse,
};
use proptest::prelude::*;
use std::fmt::Write;

fn identifier() -> impl Strategy<Value = String> {
    "[a-z][a-zA-Z0-9_]{0,6}".prop_filter("words of the language stand elsewhere", |word| {
        !matches!(word.as_str(), "and" | "or" | "not" | "oneof" | "anyof" | "allof" | "exists")
            && Transformer::ALL.iter().all(|transformer| transformer.word() != word)
    })
}

fn name() -> impl Strategy<Value = Name> {
    identifier().prop_map(|text| Name { text: text.into(), span: Span::default() })
}

fn field() -> impl Strategy<Value = Field> {
    let names = prop_oneof![
        Just("proc.name".to_string()),
        Just("fd.name".to_string()),
        (identifier(), identifier()).prop_map(|(a, b)| format!("{a}.{b}")),
    ];
    (names, proptest::option::of(any::<String>())).prop_map(|(name, argument)| Field {
        name: name.into(),
        argument: argument.map(|text| text.replace('\0', "").into()),
        span: Span::default(),
    })
}

fn quoted() -> impl Strategy<Value = Literal> {
    any::<String>().prop_map(|text| Literal {
        text: text.replace('\0', "").into(),
        quoted: true,
        span: Span::default(),
    })
}

fn literal() -> impl Strategy<Value = Literal> {
    prop_oneof![
        quoted(),
        "[a-zA-Z0-9_./*\\\\\\[\\]{}<>|-]{1,8}".prop_map(|text| Literal {
            text: text.into(),
            quoted: false,
            span: Span::default()
        }),
    ]
}

fn number() -> impl Strategy<Value = Literal> {
    any::<i64>().prop_map(|number| Literal {
        text: number.to_string().into(),
        quoted: false,
        span: Span::default(),
    })
}

fn operand() -> impl Strategy<Value = Operand> {
    let leaf = field().prop_map(Operand::Field);
    leaf.prop_recursive(3, 12, 3, |inner| {
        let argument = prop_oneof![
            inner.clone().prop_map(Argument::Operand),
            quoted().prop_map(Argument::Text),
            number().prop_map(Argument::Number),
        ];
        let one = proptest::sample::select(vec![
            Transformer::ToLower,
            Transformer::Len,
            Transformer::Basename,
        ]);
        let plain = (one, inner)
            .prop_map(|(transformer, inner)| (transformer, vec![Argument::Operand(inner)], None));
        let join = (quoted(), proptest::collection::vec(argument.clone(), 1..3)).prop_map(
            |(separator, items)| {
                (Transformer::Join, vec![Argument::Text(separator), Argument::Tuple(items)], None)
            },
        );
        let option = (argument, "[a-z]").prop_map(|(argument, index)| {
            (
                Transformer::GetOpt,
                vec![argument, Argument::Text(literal_of("a:b"))],
                Some(index.into()),
            )
        });
        prop_oneof![plain, join, option].prop_map(|(transformer, arguments, index)| {
            Operand::Transform(Box::new(Transform {
                transformer,
                arguments,
                index,
                span: Span::default(),
            }))
        })
    })
}

fn literal_of(text: &str) -> Literal {
    Literal { text: text.into(), quoted: true, span: Span::default() }
}

fn test() -> impl Strategy<Value = Test> {
    let of = |wanted: fn(&Operator) -> bool| {
        let operators: Vec<Operator> = Operator::ALL.iter().copied().filter(wanted).collect();
        proptest::sample::select(operators)
    };
    let compare = |(operator, right): (Operator, Right)| Test::Compare {
        operator,
        operator_span: Span::default(),
        right,
    };
    let items = || proptest::collection::vec(literal(), 0..4);
    let quantifier = || proptest::sample::select(Quantifier::ALL.to_vec());
    let value = field().prop_map(|field| {
        let arguments = vec![Argument::Operand(Operand::Field(field))];
        Operand::Transform(Box::new(Transform {
            transformer: Transformer::Val,
            arguments,
            index: None,
            span: Span::default(),
        }))
    });
    prop_oneof![
        Just(Test::Exists),
        (of(|operator| operator.takes_number()), number().prop_map(Right::Value)).prop_map(compare),
        (of(|operator| operator.takes_number()), value.prop_map(Right::Operand)).prop_map(compare),
        (
            of(|operator| !operator.takes_number() && !operator.takes_list()),
            prop_oneof![
                literal().prop_map(Right::Value),
                (quantifier(), items()).prop_map(|(quantifier, items)| Right::List(
                    Some(quantifier),
                    items,
                    Span::default()
                )),
                (quantifier(), name())
                    .prop_map(|(quantifier, name)| Right::Named(Some(quantifier), name)),
            ]
        )
            .prop_map(compare),
        (
            of(|operator| operator.takes_list()),
            prop_oneof![
                items().prop_map(|items| Right::List(None, items, Span::default())),
                name().prop_map(|name| Right::Named(None, name)),
            ]
        )
            .prop_map(compare),
    ]
}

fn tree() -> impl Strategy<Value = Expr> {
    let check = (operand(), test()).prop_map(|(left, test)| {
        Expr::Check(Box::new(Check { left, test, span: Span::default() }))
    });
    let leaf = prop_oneof![4 => check, 1 => name().prop_map(Expr::Macro)];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 2..4).prop_map(Expr::And),
            proptest::collection::vec(inner.clone(), 2..4).prop_map(Expr::Or),
            inner.prop_map(|inner| Expr::Not(Box::new(inner))),
        ]
    })
}

/// Values that collide with what the filters below ask for, in every JSON type and the spellings of "unknown".
fn some_value() -> impl Strategy<Value = Value> {
    let text = proptest::sample::select(vec![
        "cat",
        "shell",
        "host",
        "",
        "<NA>",
        "c a\"t",
        "12",
        "/etc/shadow",
    ]);
    let one = prop_oneof![
        6 => text.prop_map(|text| Value::String(text.into())),
        1 => Just(Value::Null),
        1 => Just(Value::Number("12".into())),
        1 => any::<bool>().prop_map(Value::Bool),
    ];
    prop_oneof![8 => one.clone(), 1 => proptest::collection::vec(one, 0..3).prop_map(Value::Array)]
}

const KEYS: [&str; 7] = [
    "proc.name",
    "container.id",
    "container.name",
    "fd.name",
    "proc.pname",
    "proc.aname[2]",
    "user.uid",
];

prop_compose! {
    fn some_alert()(
        fields in proptest::collection::vec((proptest::sample::select(KEYS.to_vec()), some_value()), 0..8),
        rule in proptest::option::of(proptest::sample::select(vec!["cat", "shell", ""])),
        priority in proptest::option::of(proptest::sample::select(Priority::ALL.to_vec())),
        time in proptest::option::of(-3_i64..3),
        hostname in proptest::option::of(Just("host")),
    ) -> Alert {
        let mut alert = Alert { rule: rule.map(Into::into), priority, hostname: hostname.map(Into::into), ..Alert::default() };
        alert.time = time.and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
        for (key, value) in fields {
            alert.fields.set(key, value);
        }
        alert
    }
}

fn some_condition() -> impl Strategy<Value = String> {
    let check = proptest::sample::select(vec![
        "proc.name = cat",
        "proc.name != cat",
        "proc.name in (cat, shell)",
        "proc.name exists",
        "proc.name = \"<NA>\"",
        "proc.name = \"\"",
        "container.id = host",
        "container.id != host",
        "container.name in ()",
        "container.name contains hell",
        "fd.name = /etc/shadow",
        "fd.name contains shad",
        "fd.name intersects (shell, /etc/shadow)",
        "fd.name endswith hadow",
        "proc.aname = shell",
        "proc.aname[2] in (cat, \"c a\\\"t\")",
        "user.uid = 12",
        "tolower(proc.name) = cat",
        "proc.name = val(proc.pname)",
        "alert.rule = cat",
        "alert.rule exists",
        "alert.priority >= warning",
        "alert.priority = notice",
        "alert.time > 1970-01-01T00:00:00Z",
        "alert.time = 1970-01-01",
        "alert.hostname = host",
        "alert.tags in (x)",
    ]);
    let leaf = check.prop_map(str::to_string);
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 2..4)
                .prop_map(|parts| format!("({})", parts.join(" and "))),
            proptest::collection::vec(inner.clone(), 2..4)
                .prop_map(|parts| format!("({})", parts.join(" or "))),
            inner.prop_map(|inner| format!("not ({inner})")),
        ]
    })
}

/// The record as Falco would write it, or with every letter of a value escaped.
fn record(alert: &Alert, escaped: bool) -> Vec<u8> {
    let mut text = String::from("{");
    for (key, value) in alert.fields.iter() {
        let _ = write!(text, "{key:?}:");
        put(&mut text, value, escaped);
        text.push(',');
    }
    text.push_str("\"rule\":\"\"}");
    text.into_bytes()
}

fn put(text: &mut String, value: &Value, escaped: bool) {
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(value) => text.push_str(&value.to_string()),
        Value::Number(digits) => text.push_str(digits),
        Value::String(string) if escaped => {
            text.push('"');
            for c in string.chars() {
                let _ = write!(text, "\\u{:04x}", u32::from(c));
            }
            text.push('"');
        }
        Value::String(string) => {
            let _ = write!(text, "{string:?}");
        }
        Value::Array(items) => {
            text.push('[');
            for item in items {
                put(text, item, escaped);
                text.push(',');
            }
            text.push_str("0]");
        }
        Value::Object(_) => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn what_is_printed_parses_to_the_same(tree in tree()) {
        let text = tree.to_string();
        prop_assert_eq!(parse(&text), Ok(tree), "{}", text);
    }

    #[test]
    fn what_parses_prints_to_the_same(text in some_condition()) {
        let tree = parse(&text).unwrap();
        prop_assert_eq!(parse(&tree.to_string()), Ok(tree));
    }

    #[test]
    fn columns_never_contradict_the_plain_evaluation(condition in some_condition(), alert in some_alert()) {
        let filter = Filter::parse(&condition, &Names::default()).unwrap();
        let plain = filter.matches(&alert);
        if let Some(answer) = filter.decide(&alert.columns()) {
            prop_assert_eq!(answer, plain, "{} on {:?}", condition, alert);
        }
        prop_assert_eq!(filter.decide(&alert), Some(plain));
    }

    #[test]
    fn raw_bytes_never_hold_back_what_matches(condition in some_condition(), alert in some_alert(), escaped: bool) {
        let filter = Filter::parse(&condition, &Names::default()).unwrap();
        if let Some(prefilter) = filter.prefilter() {
            prop_assert!(prefilter.admits(&record(&alert, escaped)) || !filter.matches(&alert), "{} on {:?}", condition, alert);
        }
    }

    #[test]
    fn no_text_makes_it_fall_over(text in any::<String>(), cursor in 0_usize..64) {
        look_at(&text, cursor);
    }

    #[test]
    fn no_pieces_of_filters_make_it_fall_over(
        pieces in proptest::collection::vec(proptest::sample::select(PIECES.to_vec()), 0..24), cursor in 0_usize..64
    ) {
        look_at(&pieces.concat(), cursor);
    }

    #[test]
    fn no_pattern_makes_it_fall_over(pattern in "[a-c*+?(){}\\[\\]|^$.\\\\0-9,:-]{0,16}", value in "[a-c\\n]{0,8}") {
        let alert = one_field(&value);
        for operator in ["regex", "glob", "iglob", "pmatch"] {
            let right = Literal { text: pattern.as_str().into(), quoted: true, span: Span::default() };
            let right = if operator == "pmatch" { format!("({right})") } else { right.to_string() };
            if let Ok(filter) = Filter::parse(&format!("a.b {operator} {right}"), &Names::default()) {
                filter.matches(&alert);
            }
        }
    }
}

fn one_field(value: &str) -> Alert {
    let mut alert = Alert::default();
    alert.fields.set("a.b", Value::String(value.into()));
    alert
}

const PIECES: [&str; 46] = [
    " ",
    " ",
    "(",
    ")",
    "not",
    "not(",
    "and",
    "or",
    "and(",
    "or(",
    "proc.name",
    "proc.aname[2]",
    "a.b",
    "[",
    "]",
    "=",
    "!=",
    "<",
    ">=",
    " in ",
    "in(",
    " contains ",
    " regex ",
    "exists",
    "\"",
    "'",
    "\\",
    "x",
    "日",
    "12",
    "-1",
    "0x1",
    ",",
    "val(",
    "tolower(",
    "join(\",\", (",
    "getopt(",
    "len(",
    " oneof ",
    " anyof (",
    "\n",
    "\u{8}",
    "\u{b}",
    "\0",
    "alert.time > -2h",
    "alert.priority >=",
];

/// Everything that reads a text while it is being typed, and what its errors point at.
fn look_at(text: &str, cursor: usize) {
    let names = Names::at(jiff::Timestamp::UNIX_EPOCH, jiff::tz::TimeZone::UTC);
    match Filter::check(text, &names) {
        Ok(filter) => {
            filter.matches(&one_field("x"));
            assert_eq!(parse(&filter.expr().to_string()).as_ref(), Ok(filter.expr()));
        }
        Err(error) => assert!(text.get(error.range()).is_some(), "{text:?}: {error:?}"),
    }
    let mut end = 0;
    for (range, _) in highlight(text) {
        assert!(
            range.start >= end && !range.is_empty() && text.get(range.clone()).is_some(),
            "{text:?}"
        );
        end = range.end;
    }
    for suggestion in complete(text, cursor, &names, &()) {
        assert!(text.get(suggestion.replaces).is_some(), "{text:?}");
    }
}
