//! Macros and lists.

use super::{alert, reader};
use crate::query::{Filter, Names};

fn names() -> Names {
    let mut names = Names::default();
    names.add_list("shells", ["sh", "bash"]);
    names.add_list("readers", ["cat", "less", "shells"]);
    names.add_list("loop", ["a", "loop"]);
    names.add_macro("reads", "proc.name in (readers)").unwrap();
    names.add_macro("secret", "fd.name startswith /etc and reads").unwrap();
    names.add_macro("one", "two or proc.name = x").unwrap();
    names.add_macro("two", "one").unwrap();
    names.add_macro("bad", "proc.pid contains 1").unwrap();
    names
}

#[track_caller]
fn holds(expr: &str, expected: bool) {
    let filter = Filter::parse(expr, &names()).unwrap_or_else(|error| panic!("{expr}: {error}"));
    assert_eq!(filter.matches(&reader()), expected, "{expr}");
    assert!(filter.warnings().is_empty(), "{expr}: {:?}", filter.warnings());
}

#[test]
fn lists_and_macros_are_used_by_name() {
    holds("secret", true);
    holds("not secret", false);
    holds("proc.name in readers", true);
    holds("proc.name in (x, readers)", true);
    holds("proc.pname in (readers)", true);
    holds("proc.name in (\"readers\")", false);
    holds("proc.name = anyof readers", true);
    holds("proc.cmdline contains anyof (x, readers)", true);
    holds("proc.name in loop", false);
}

#[test]
fn a_condition_in_a_macro_is_one_operand() {
    let mut names = Names::default();
    names.add_macro("either", "proc.name = x or proc.name = cat").unwrap();
    let filter = Filter::parse("not either and proc.pid = 4242", &names).unwrap();
    assert!(!filter.matches(&reader()));
}

#[test]
fn an_undefined_macro_is_an_error_and_a_warning_when_only_checked() {
    let error = Filter::parse("reads and secrets", &names()).unwrap_err();
    assert_eq!((error.range(), error.suggestion.as_deref()), (10..17, Some("secret")));
    let filter = Filter::check("secrets or reads", &names()).unwrap();
    assert_eq!(filter.warnings().len(), 1);
    assert_eq!(filter.expr().to_string(), "(secrets or reads)");
}

#[test]
fn an_unknown_list_is_the_one_value_and_is_warned_of() {
    let filter = Filter::parse("proc.name in cat", &names()).unwrap();
    assert!(filter.matches(&reader()));
    assert_eq!(
        filter.warnings().first().unwrap().message.as_ref(),
        "there is no list cat; it is read as this one value"
    );
}

#[test]
fn an_error_in_a_macro_points_at_the_word_that_brought_it_in() {
    let error = Filter::parse("proc.name = x or bad", &names()).unwrap_err();
    assert_eq!(error.range(), 17..20);
    assert!(error.to_string().contains("in macro bad"), "{error}");
    let error = Filter::parse("one", &names()).unwrap_err();
    assert!(error.to_string().contains("refers to itself"), "{error}");
}

#[test]
fn macros_that_double_each_other_do_not_run_away() {
    let mut names = Names::default();
    names.add_macro("m0", "a.b = c").unwrap();
    for n in 1..60 {
        names.add_macro(&format!("m{n}"), &format!("m{} and m{}", n - 1, n - 1)).unwrap();
    }
    assert!(Filter::parse("m10", &names).unwrap().matches(&alert(r#"{"a.b":"c"}"#)));
    let error = Filter::parse("m59", &names).unwrap_err();
    assert!(error.to_string().contains("beyond all measure"), "{error}");
    names.add_list("l0", ["x", "y"]);
    for n in 1..60 {
        names.add_list(
            &format!("l{n}"),
            [format!("l{}", n - 1).as_str(), format!("l{}", n - 1).as_str()],
        );
    }
    assert!(Filter::parse("a.b in l59", &names).is_err());
}

#[test]
fn a_macro_that_cannot_be_read_is_told_where_it_is_used() {
    let mut names = Names::default();
    assert!(names.add_macro("torn", "proc.name =").is_err());
    let told = Filter::parse("torn", &names).unwrap_err().to_string();
    assert!(told.starts_with("the macro torn cannot be read: '=' needs a value"), "{told}");
    let filter = Filter::check("torn", &names).unwrap();
    assert_eq!(filter.warnings().first().unwrap().to_string(), told);
    names.add_macro("torn", "proc.name = sh").unwrap();
    assert!(Filter::parse("torn", &names).is_ok());
}
