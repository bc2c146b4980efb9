//! What is suggested while typing, and what color each piece gets.

use crate::query::Token::{
    Field, Keyword, Macro, Operator, Punctuation, Transformer, Value, Wrong,
};
use crate::query::{Names, Suggests, Token, Values, complete, highlight};

struct Log;

impl Values for Log {
    fn values(&self, field: &str, typed: &str, _: usize) -> Vec<(String, u64)> {
        let all: &[(&str, u64)] = match field {
            "proc.name" => &[("cat", 12), ("sh", 7), ("we ird", 1), ("curl", 1)],
            "alert.rule" => &[("Somebody reads secrets", 3)],
            _ => &[],
        };
        all.iter()
            .filter(|(value, _)| value.starts_with(typed))
            .map(|(value, count)| ((*value).to_string(), *count))
            .collect()
    }

    fn fields(&self) -> Vec<(String, u64)> {
        vec![("proc.pname".to_string(), 5), ("mine.own".to_string(), 2)]
    }
}

/// The text with `|` at the cursor; what is suggested first, applied to the text.
#[track_caller]
fn check(marked: &str, expected: &[&str]) {
    let cursor = marked.find('|').unwrap();
    let text = marked.replace('|', "");
    let mut names = Names::default();
    names.add_list("shells", ["sh"]);
    names.add_macro("spawned", "evt.type = execve").unwrap();
    let suggestions = complete(&text, cursor, &names, &Log);
    let applied: Vec<String> = suggestions
        .iter()
        .take(expected.len().max(1))
        .map(|suggestion| {
            let mut text = text.clone();
            text.replace_range(suggestion.replaces.clone(), &suggestion.insert);
            text
        })
        .collect();
    assert_eq!(applied, expected, "{marked}: {suggestions:#?}");
}

#[test]
fn fields_that_occur_come_first() {
    check("proc.p|", &["proc.pname", "proc.pid"]);
    check("not (min|", &["not (mine.own"]);
    check("a.b = c and cmdl|", &["a.b = c and proc.cmdline"]);
    check("proc.cm|d = x", &["proc.cmdline = x"]);
    check("spaw|", &["spawned"]);
    check("tolower(fd.filen|", &["tolower(fd.filename"]);
    check("tolo|", &["tolower("]);
}

#[test]
fn operators_fit_the_type() {
    check("proc.name |", &["proc.name =", "proc.name !="]);
    check("proc.pid cont|", &[]);
    check("proc.name cont|", &["proc.name contains"]);
    check("fd.sip st|", &[]);
    check("fd.types |", &["fd.types in", "fd.types intersects", "fd.types exists"]);
    check("evt.buffer bc|", &["evt.buffer bcontains"]);
}

#[test]
fn values_come_with_counts_and_are_quoted_where_they_must_be() {
    check("proc.name = |", &["proc.name = cat", "proc.name = sh", "proc.name = \"we ird\""]);
    check("proc.name = c|", &["proc.name = cat", "proc.name = curl"]);
    check("proc.name = \"we|", &["proc.name = \"we ird\""]);
    check("alert.rule = |", &["alert.rule = \"Somebody reads secrets\""]);
    check("proc.name in (|", &["proc.name in (cat"]);
    check("proc.name in (cat, s|", &["proc.name in (cat, sh", "proc.name in (cat, shells"]);
    check("proc.name in sh|", &["proc.name in shells"]);
    check("evt.failed = |", &["evt.failed = true", "evt.failed = false"]);
    check("alert.priority >= w|", &["alert.priority >= Warning"]);
    check("alert.time > -2|", &["alert.time > -24h"]);
}

#[test]
fn after_a_condition_come_the_words_that_join() {
    check("proc.name = cat |", &["proc.name = cat and", "proc.name = cat or"]);
    check(
        "(proc.name = cat |",
        &["(proc.name = cat and", "(proc.name = cat or", "(proc.name = cat )"],
    );
    check("proc.name = cat a|", &["proc.name = cat and"]);
}

#[test]
fn a_suggestion_says_what_it_is() {
    let suggestions = complete("proc.is_exe_up", 14, &Names::default(), &());
    let first = suggestions.first().unwrap();
    assert_eq!((first.kind, first.type_name), (Suggests::Field, "true or false"));
    assert!(!first.says.is_empty());
    let counted = complete("proc.name = ", 12, &Names::default(), &Log);
    assert_eq!(counted.first().unwrap().count, Some(12));
}

#[test]
fn every_piece_has_its_color() {
    let text = "not (proc.name in (cat, 'x y')) and tolower(fd.name) = val(a.b) or shells ~";
    let pieces: Vec<(&str, Token)> = highlight(text)
        .into_iter()
        .map(|(range, token)| (text.get(range).unwrap(), token))
        .collect();
    assert_eq!(
        pieces,
        [
            ("not", Keyword),
            ("(", Punctuation),
            ("proc.name", Field),
            ("in", Operator),
            ("(", Punctuation),
            ("cat", Value),
            (",", Punctuation),
            ("'x y'", Value),
            (")", Punctuation),
            (")", Punctuation),
            ("and", Keyword),
            ("tolower", Transformer),
            ("(", Punctuation),
            ("fd.name", Field),
            (")", Punctuation),
            ("=", Operator),
            ("val", Transformer),
            ("(", Punctuation),
            ("a.b", Field),
            (")", Punctuation),
            ("or", Keyword),
            ("shells", Macro),
            ("~", Wrong),
        ]
    );
}
