//! What is read how, and what is refused where.

use super::refused;
use crate::query::parse;

#[track_caller]
fn reads(text: &str, canonical: &str) {
    match parse(text) {
        Ok(expr) => {
            assert_eq!(expr.to_string(), canonical, "{text}");
            assert_eq!(parse(canonical), Ok(expr), "{canonical}");
        }
        Err(error) => panic!("{text}: {error}"),
    }
}

#[track_caller]
fn fails(text: &str) {
    assert!(parse(text).is_err(), "{text} was accepted");
}

#[test]
fn not_binds_tighter_than_and_and_tighter_than_or() {
    reads("m or n and not o", "(m or (n and (not o)))");
    reads("not m and n", "((not m) and n)");
    reads("m and n and o or p or q", "((m and n and o) or p or q)");
    reads("m and (n or o)", "(m and (n or o))");
    reads("(m and n) and o", "((m and n) and o)");
    reads("not not m", "m");
    reads("not not not m", "(not m)");
    reads("not (not m)", "(not (not m))");
    reads("not(m)", "(not m)");
    reads("not not(m)", "m");
}

#[test]
fn a_group_may_stand_directly_after_and_or_and_not() {
    reads("m and(n) and o", "(m and n and o)");
    reads("m or(n and o)", "(m or (n and o))");
    reads("(m)or(n)or(o)", "(m or n or o)");
    reads("m or(n)or o", "(m or n or o)");
    reads("(a.b=c)and(d.e=f)", "(a.b = c and d.e = f)");
    // What follows `or(…)` belongs to no branch.
    refused("a.b=c or(d.e=f) and g.h=i", "and", "after 'or(…)' only 'or' can follow", None);
    fails("(m or(n) and o)");
}

#[test]
fn words_that_only_begin_like_keywords_are_names() {
    reads("andy", "andy");
    reads("nothing and notable", "(nothing and notable)");
    reads("m and not_n", "(m and not_n)");
    fails("m andn");
    fails("m orn");
    fails("mand n");
}

#[test]
fn keywords_are_fine_values() {
    reads("proc.name = and", "proc.name = and");
    reads("proc.name = not and proc.pname = or", "(proc.name = not and proc.pname = or)");
    reads("proc.name = exists", "proc.name = exists");
    reads("a.b == anyof", "a.b = anyof");
    reads("a.b = anyof and c.d exists", "(a.b = anyof and c.d exists)");
}

#[test]
fn symbols_need_no_blanks_and_words_do() {
    reads("a.b=c", "a.b = c");
    reads("a.b!=c", "a.b != c");
    reads("a.b<=5", "a.b <= 5");
    reads("a.b\n=\tc", "a.b = c");
    reads("a.b in(c)", "a.b in (c)");
    reads("a.b in c", "a.b in c");
    reads("a.b inc", "a.b in c");
    reads("a.b pmatch()", "a.b pmatch ()");
    refused("a.b containsc", "containsc", "'contains' needs a blank after it", None);
    refused("a.b contains(c)", "contains", "'contains' needs a blank after it", None);
    refused("a.b contains", "contains", "'contains' needs a value: expected a word", None);
}

#[test]
fn values_end_where_falco_ends_them() {
    reads("a.b = /x/*.log", "a.b = /x/*.log");
    reads("a.b = x[1]{2}|3", "a.b = x[1]{2}|3");
    reads(r"a.b = C:\x\", r"a.b = C:\x\");
    reads("a.b = 'it is'", "a.b = \"it is\"");
    reads(r#"a.b = 'say "x"'"#, r#"a.b = "say \"x\"""#);
    reads(r"a.b = 'it\'s'", "a.b = \"it's\"");
    reads(r#"a.b = "x\\y""#, r#"a.b = "x\\y""#);
    reads(r#"a.b = """#, r#"a.b = """#);
    reads("a.b in (c, 'd e',\"f\")", "a.b in (c, \"d e\", \"f\")");
    reads("a.b = \"x\ny\"", r#"a.b = "x\ny""#);
    // A backslash and a blank are a backslash; so a value can end in one.
    reads(r#"a.b = "C:\ ""#, r#"a.b = "C:\ ""#);
    reads(r#"a.b = "c\ d""#, r#"a.b = "c\\d""#);
}

#[test]
fn fields_take_arguments_without_blanks() {
    reads("proc.aname[2] = x", "proc.aname[2] = x");
    reads("proc.env['A B'] = x", "proc.env[\"A B\"] = x");
    reads("proc.env[\"HOME\"] exists", "proc.env[HOME] exists");
    reads("json.value[/a/b(c)=d,e] = x", "json.value[/a/b(c)=d,e] = x");
    fails("proc.aname [2] = x");
    fails("proc.aname[ 2] = x");
    fails("proc.aname[] = x");
    fails("proc.aname[2 = x");
    fails("a.b.1 = x");
}

#[test]
fn transformers_nest_and_stand_on_both_sides() {
    reads("tolower(a.b) = c", "tolower(a.b) = c");
    reads("toupper( basename( a.b ) ) in (c)", "toupper(basename(a.b)) in (c)");
    reads("a.b = val(c.d)", "a.b = val(c.d)");
    reads("a.b = tolower(c.d)", "a.b = tolower(c.d)");
    reads("len(a.b) > len(c.d)", "len(a.b) > len(c.d)");
    reads(
        "join(\",\" , (a.b, tolower(c.d), 'x', 5)) = y",
        "join(\",\", (a.b, tolower(c.d), \"x\", 5)) = y",
    );
    reads("concat(a.b, \"-\", c.d) contains x", "concat(a.b, \"-\", c.d) contains x");
    reads("getopt(a.b, \"o:v\")[o] = x", "getopt(a.b, \"o:v\")[o] = x");
    fails("val(a.b) = c");
    fails("a.b = val(val(c.d))");
    fails("a.b = tolower(val(c.d))");
    fails("tolower (a.b) = c");
    fails("tolower(a.b) ");
    refused("tolwer(a.b) = c", "tolwer", "tolwer is no transformer", Some("tolower"));
    refused("tolower(a.b = c", "=", "the parenthesis of tolower( is not closed", None);
    refused("join(\",\", ()日", "日", "the parenthesis of join( is not closed", None);
}

#[test]
fn quantifiers_need_blanks_and_a_list() {
    reads("a.b = oneof (c, d)", "a.b = oneof (c, d)");
    reads("a.b startswith anyof (/c, /d)", "a.b startswith anyof (/c, /d)");
    reads("a.b != allof names", "a.b != allof names");
    fails("a.b = oneof(c)");
    fails("a.b !=anyof (c)");
    fails("a.b in anyof (c)");
    fails("a.b <= anyof (1)");
    fails("a.b contains ANYOF (c)");
}

#[test]
fn errors_mark_the_place_and_say_what_was_expected() {
    refused("", "", "the filter is empty", None);
    refused("  \n", "", "the filter is empty", None);
    refused("a.b = c and", "and", "a condition is missing after 'and': expected a field", None);
    refused("a.b = c and ", "", "the filter ends where a condition should stand", None);
    refused("(a.b = c", "(", "this parenthesis is never closed", None);
    refused("a.b = c)", ")", "this parenthesis was never opened", None);
    refused("a.b = c && d.e = f", "&&", "expected 'and' or 'or'", Some("and"));
    refused("a.b = c # why", "#", "a filter has no comments", None);
    refused("! a.b = c", "!", "negation is written 'not'", None);
    refused("a.b = c=d", "=", "a value with '=' in it has to be quoted", None);
    refused("a.b = (c)", "(", "'=' takes one value, not a list", Some("in (…)"));
    let one = "'!=' takes one value, not a list";
    refused("a.b != (c, d)", "(", one, Some("not a.b in (…)"));
    refused("x.y = z and tolower(a.b)!=(c)", "(", one, Some("not tolower(a.b) in (…)"));
    refused("a.b contains", "contains", "'contains' needs a value: expected a word", None);
    refused("a.b contains(c)", "contains", "'contains' needs a blank after it", None);
    refused("a.b like c", "like", "there is no operator 'like'", Some("glob"));
    refused("a.b CONTAINS c", "CONTAINS", "there is no operator 'CONTAINS'", Some("contains"));
    refused("a.b startwith c", "startwith", "there is no operator", Some("startswith"));
    refused("a.b", "", "an operator is missing after the field", None);
    refused("a.b > high", "h", "'>' needs a value: expected a number", None);
    refused("a.b > \"5\"", "\"", "'>' needs a value: expected a number", None);
    refused("a.b in (c d)", "d", "the list is not closed", None);
    refused("a.b in (c,)", ")", "a value is missing in this list: expected a word", None);
    refused("a.b in (c", "(", "this list is never closed", None);
    refused("a.b = \"c", "\"c", "this quote is never closed", None);
    refused(r#"a.b = "C:\""#, r#""C:\""#, "write a blank after it", None);
    refused(r#"a.b = "\d""#, r"\d", r"\d is no escape here", None);
    refused(r#"a.b = "\'""#, r"\'", "cannot stand inside", None);
    refused("a.b = c\0", "\0", "NUL", None);
}

#[test]
fn what_was_most_likely_meant_is_said() {
    refused("and a.b = c", "and", "a condition is missing before 'and'", None);
    refused("exists a.b", "exists", "'exists' stands behind its field", None);
    refused("priority = high", "priority", "priority is no field", Some("alert.priority"));
    refused("Rule contains x", "Rule", "Rule is no field", Some("alert.rule"));
    refused("procname = x", "procname", "procname is no field", Some("proc.name"));
    refused("m and hostnam = x", "hostnam", "hostnam is no field", Some("alert.hostname"));
    refused("nothing.  = x", "nothing", "nothing is no field", None);
    refused("a.b => c", "=>", "there is no operator '=>'", Some(">="));
    refused("a.b <> c", ">", "'<' needs a value: expected a number", None);
    refused(
        "a.b = c d",
        "d",
        "a value with blanks in it has to be quoted: expected 'and' or 'or'",
        None,
    );
    refused("a.b > 5m", "m", "a number ends here: it has no unit", None);
    refused("a.b regex (c|d)", "(", "a pattern with '(' in it has to be quoted", None);
    refused("m n", "n", "this does not belong here: expected 'and' or 'or'", None);
}

#[test]
fn no_message_says_the_same_twice() {
    let broken = [
        "a.b =",
        "a.b = ",
        "a.b >",
        "a.b in",
        "a.b in (",
        "a.b in (,",
        "a.b in (c,,d)",
        "a.b in (c d",
        "a.b == = c",
        "a.b = (c)",
        "a.b regex (",
        "a.b contains",
        "a.b icontains",
        "a.b pmatch (",
        "a.b = val(",
        "a.b = val(c)",
        "tolower(",
        "tolower() = c",
        "tolower(a.b",
        "a.b[ = c",
        "a.b[] = c",
        "a.b[1 = c",
        "not",
        "()",
        "(",
        ")",
        "and",
        "a.b and",
        "a.b = c and",
        "a.b = c or",
        "a.b = c andd.e",
        "a.b = 'c",
        "a.b = c)",
        "a.b ~ c",
        "a.b is c",
        "! a.b",
        "a.b && c",
        "a.b = c && d.e = f",
        "exists a.b",
        "rule = ",
        "a.b = c d",
    ];
    for text in broken {
        let Err(error) = parse(text) else { continue };
        let told = error.to_string();
        for (at, word) in error.expected.iter().enumerate() {
            assert!(!error.expected[..at].contains(word), "{text}: {told}");
            let is_said = error.message.to_string() + " ";
            assert!(
                !is_said.contains(&format!(" {} ", word.trim_matches('\'')))
                    || word.starts_with('\''),
                "{text}: {told}"
            );
        }
        if let Some(nearest) = &error.suggestion {
            let range = error.range();
            assert_ne!(text.get(range), Some(&**nearest), "{text}: {told}");
        }
    }
}

#[test]
fn no_depth_is_too_deep_for_the_stack_and_too_deep_is_an_error() {
    let nested = |depth: usize| format!("{}a.b exists{}", "(".repeat(depth), ")".repeat(depth));
    reads(&nested(900), "a.b exists");
    fails(&nested(1002));
    fails(&"(".repeat(100_000));
    fails(&"not (".repeat(100_000));
    reads(&format!("{}m", "not ".repeat(100_001)), "(not m)");
    fails(&"tolower(".repeat(100_000));
    fails(&format!("a.b = {}", "b64(".repeat(100_000)));
    fails(&format!("join(\",\", {}", "(".repeat(100_000)));
}
