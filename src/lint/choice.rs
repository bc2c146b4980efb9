//! What the parser of shell text does not understand of `case … esac`, made into what it does.

use brush_parser::Token;
use regex::{Captures, Regex};
use std::sync::LazyLock;

/// The tokens with a line's end in the place of each `;;` that an `esac` follows, which means the same. The parser takes
/// `esac )` and `esac |` behind `;;` for one more pattern.
pub fn without_last_breaks(mut tokens: Vec<Token>) -> Vec<Token> {
    let mut last = None;
    for at in 0..tokens.len() {
        match tokens.get(at) {
            Some(Token::Operator(sign, _)) if sign == ";;" => last = Some(at),
            Some(Token::Operator(sign, _)) if sign == "\n" => {}
            Some(Token::Word(word, _)) if word == "esac" => {
                if let Some(Token::Operator(sign, _)) = last.and_then(|at| tokens.get_mut(at)) {
                    "\n".clone_into(sign);
                }
                last = None;
            }
            _ => last = None,
        }
    }
    tokens
}

/// The text with `(` before the patterns of each `case`, which means the same: inside `$(…)` the parser takes the `)` of
/// a pattern for the end. `None` when there is none. Only for a text that is no shell as it stands: data in quotes may look
/// like this too.
pub fn with_open_patterns(text: &str) -> Option<String> {
    static PATTERN: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(
            r#"(\bcase\s+(?:"[^"\n]*"|\$\([^()\n]*\)|\S+)\s+in\s+|;;&?\s*|;&\s*)([^\s();|&]+(?:\s*\|\s*[^\s();|&]+)*\s*\))"#,
        )
        .ok()
    });
    let opened = PATTERN.as_ref()?.replace_all(text, |found: &Captures<'_>| {
        let part = |n: usize| found.get(n).map_or("", |part| part.as_str());
        let open = if part(2).starts_with("esac") { "" } else { "(" };
        format!("{}{open}{}", part(1), part(2))
    });
    (opened != text).then(|| opened.into_owned())
}

#[cfg(test)]
mod tests {
    use super::super::shell::parse;

    fn programs(text: &str) -> Vec<String> {
        let commands = parse(text).unwrap_or_else(|why| panic!("{text}: {why:?}"));
        commands.iter().filter_map(|c| c.words.first()).map(|word| word.text.clone()).collect()
    }

    #[test]
    fn a_choice_may_end_a_subshell_or_feed_a_pipe() {
        assert_eq!(programs("(case $1 in *x*) echo a;; esac)"), ["echo"]);
        let piped = "(cd / && case $1 in (*x*) echo a;; esac | cat)";
        assert_eq!(programs(piped), ["cd", "echo", "cat"]);
        assert_eq!(programs("(case $1 in y) ls &;; x) id\n;;\n\nesac)"), ["ls", "id"]);
        assert_eq!(programs("( case $1 in y) ;; x) ;; esac )"), Vec::<String>::new());
        assert_eq!(parse("(case $1 in x) echo a;;\nesac)\nls").unwrap()[1].line, 3);
    }

    #[test]
    fn a_choice_may_stand_in_a_substitution() {
        assert_eq!(programs("x=$(case $1 in *x*) echo a;; y|z) id;; esac)"), ["echo", "id"]);
        let arch = "arch=$(case \"$(uname -m)\" in x86_64) echo amd64 ;; *) uname -m ;; esac); ls";
        assert_eq!(programs(arch), ["uname", "echo", "uname", "ls"]);
        assert_eq!(programs("x=$(case $(id) in 0) ls;; esac)"), ["id", "ls"]);
        assert_eq!(programs("case x in $(id)) ls;; esac"), ["id", "ls"]);
    }

    #[test]
    fn what_is_no_choice_is_still_no_shell() {
        assert!(parse("case $1 in x) echo a;; esac)").is_err());
        assert!(parse("echo a;; esac").is_err());
        assert!(parse("x=$(case $1 in x) echo a;;").is_err());
    }
}
