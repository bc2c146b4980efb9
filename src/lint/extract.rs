//! What a text is made of: blocks of code with the language they are really in, commands in a sentence, and prose.

/// What the whole text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Markdown,
    /// A script, or bare command lines.
    Shell,
    /// One snippet: YAML, JSON…
    Snippet,
}

/// The language a block is in, whatever its fence says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    Shell,
    Yaml,
    Json,
    AppArmor,
    Nft,
    C,
    Ini,
    /// A configuration file of no known form.
    Other,
    /// Output, a log, plain text: nothing to run.
    Text,
}

/// A piece of a text with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    Block(Block),
    /// A code span in a sentence.
    Inline {
        line: usize,
        text: String,
    },
    /// A paragraph or list item, without its code blocks.
    Prose {
        line: usize,
        text: String,
    },
}

/// A block of code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Line of its first line, from 1.
    pub line: usize,
    /// The word behind the fence; empty when there is none.
    pub fence: String,
    pub language: Language,
    pub text: String,
}

/// Guesses what a text is from its name and its content.
pub fn kind(name: &str, text: &str) -> Kind {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    match ending.to_ascii_lowercase().as_str() {
        "md" | "markdown" => return Kind::Markdown,
        "sh" | "bash" | "zsh" => return Kind::Shell,
        "yaml" | "yml" | "json" | "nft" => return Kind::Snippet,
        _ => {}
    }
    let has_fence = text.lines().any(|line| is_fence(line).is_some());
    if has_fence {
        return Kind::Markdown;
    }
    if text.starts_with("#!") {
        return Kind::Shell;
    }
    let lines =
        || text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let n_commands = lines().filter(|line| starts_like_a_command(line)).count();
    if n_commands > 0 && 2 * n_commands >= lines().count() {
        return Kind::Shell;
    }
    match language("", text) {
        Language::Yaml | Language::Json | Language::AppArmor | Language::Nft | Language::C => {
            Kind::Snippet
        }
        _ if super::shell::parse(text).is_ok_and(|commands| !commands.is_empty())
            && !has_sentences(text) =>
        {
            Kind::Shell
        }
        _ => Kind::Markdown,
    }
}

fn has_sentences(text: &str) -> bool {
    text.lines().any(|line| {
        line.split_whitespace().count() > 6 && line.trim_end().ends_with(['.', ':', '!'])
    })
}

fn starts_like_a_command(line: &str) -> bool {
    let mut words = line
        .split_whitespace()
        .skip_while(|word| *word == "sudo" || *word == "$" || word.contains('='));
    let Some(first) = words.next() else { return false };
    let first = first.rsplit('/').next().unwrap_or(first);
    super::programs::is_known(first) && !(first.chars().next().is_some_and(char::is_uppercase))
}

/// Cuts a text into its parts.
pub fn parts(text: &str, kind: Kind) -> Vec<Part> {
    match kind {
        Kind::Markdown => markdown(text),
        Kind::Shell => vec![block(1, String::new(), text, Some(Language::Shell))],
        Kind::Snippet => vec![block(1, String::new(), text, None)],
    }
}

fn block(line: usize, fence: String, text: &str, known: Option<Language>) -> Part {
    let text = without_prompts(text);
    let language = known.unwrap_or_else(|| language(&fence, &text));
    Part::Block(Block { line, fence, language, text })
}

/// Lines that begin with the prompt of a shell are commands; the others are what they printed.
fn without_prompts(text: &str) -> String {
    if !text.lines().any(|line| line.trim_start().starts_with("$ ")) {
        return text.to_owned();
    }
    let mut goes_on = false;
    let mut commands = String::new();
    for line in text.lines() {
        let command = line.trim_start().strip_prefix("$ ");
        if let Some(command) = command.or(goes_on.then_some(line)) {
            commands.push_str(command);
            goes_on = command.ends_with('\\');
        }
        commands.push('\n');
    }
    commands
}

/// Fences are read line by line, wherever they are indented: models indent them wrongly, and the text between is meant
/// as code all the same.
fn markdown(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut open: Option<(usize, String, String, usize)> = None;
    let mut prose = Prose::default();
    for (line, row) in (1..).zip(text.lines()) {
        match (&mut open, is_fence(row)) {
            (Some((_, _, _, ticks)), Some((length, info)))
                if length >= *ticks && info.is_empty() =>
            {
                if let Some((line, fence, code, _)) = open.take() {
                    parts.push(block(line, fence, &code, None));
                }
            }
            (Some((_, _, code, _)), _) => {
                code.push_str(row);
                code.push('\n');
            }
            (none, Some((length, info))) => {
                prose.end(&mut parts);
                *none = Some((line + 1, info.to_owned(), String::new(), length));
            }
            (_, None) => prose.row(line, row, &mut parts),
        }
    }
    if let Some((line, fence, code, _)) = open {
        parts.push(block(line, fence, &code, None));
    }
    prose.end(&mut parts);
    parts
}

/// A fence's length and what stands behind it.
fn is_fence(row: &str) -> Option<(usize, &str)> {
    let row = row.trim_start();
    let tick = row.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let info = row.trim_start_matches(tick);
    let length = row.len() - info.len();
    (length >= 3 && !info.contains('`')).then(|| (length, info.trim()))
}

#[derive(Default)]
struct Prose {
    line: usize,
    text: String,
}

impl Prose {
    fn row(&mut self, line: usize, row: &str, parts: &mut Vec<Part>) {
        let trimmed = row.trim_start();
        let begins = trimmed.is_empty()
            || trimmed.starts_with(['#', '>', '|'])
            || ["* ", "- ", "+ "].iter().any(|mark| trimmed.starts_with(mark))
            || trimmed
                .split_once(['.', ')'])
                .is_some_and(|(n, _)| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
        if begins {
            self.end(parts);
        }
        if self.text.is_empty() {
            self.line = line;
        }
        if !trimmed.is_empty() {
            self.text.push_str(trimmed);
            self.text.push(' ');
        }
        spans(row, |span| {
            if is_advice(row) && !is_refused(row) && !row.trim_start().starts_with('|') {
                parts.push(Part::Inline { line, text: span.to_owned() });
            }
        });
    }

    fn end(&mut self, parts: &mut Vec<Part>) {
        if !self.text.is_empty() {
            let text = std::mem::take(&mut self.text);
            parts.push(Part::Prose { line: self.line, text });
        }
    }
}

/// Whether a sentence tells somebody to do what it names, rather than what was done.
fn is_advice(sentence: &str) -> bool {
    const ORDERS: [&str; 12] = [
        "run", "execute", "use", "using", "type", "try", "apply", "issue", "enter", "invoke", "do",
        "with",
    ];
    sentence
        .to_ascii_lowercase()
        .split(|c: char| !c.is_ascii_alphabetic())
        .any(|word| ORDERS.contains(&word))
}

/// Whether a sentence warns of what it names.
pub fn is_refused(sentence: &str) -> bool {
    let words = sentence.to_ascii_lowercase();
    [
        "never",
        "do not",
        "don't",
        "avoid",
        "must not",
        "instead of",
        "rather than",
        "not recommended",
        "dangerous",
        "harmful",
        "wrong",
    ]
    .iter()
    .any(|word| words.contains(word))
}

fn spans(row: &str, mut each: impl FnMut(&str)) {
    let mut rest = row;
    while let Some((_, behind)) = rest.split_once('`') {
        let Some((span, after)) = behind.split_once('`') else { return };
        if !span.is_empty() {
            each(span);
        }
        rest = after;
    }
}

/// What a block is written in: its fence is a hint, its content decides.
pub fn language(fence: &str, text: &str) -> Language {
    let fence = fence.split([' ', ',', '{']).next().unwrap_or_default().to_ascii_lowercase();
    let rows: Vec<&str> = text.lines().map(str::trim).filter(|row| !row.is_empty()).collect();
    let Some(first) = rows.first().copied() else { return Language::Text };
    let code: Vec<&str> = rows.iter().copied().filter(|row| !row.starts_with('#')).collect();
    let any = |test: fn(&str) -> bool| rows.iter().any(|row| test(row));
    if any(|row| {
        row.starts_with("#include <sys/")
            || row.starts_with("#include <seccomp")
            || row.starts_with("int main(")
    }) {
        return Language::C;
    }
    let is_command = |row: &str| starts_like_a_command(row) && !row.ends_with(['{', ':']);
    // A here-document brings other languages along; the command in front of it decides.
    if code.first().is_some_and(|row| is_command(row))
        && !matches!(fence.as_str(), "yaml" | "yml" | "json")
    {
        return Language::Shell;
    }
    if text.trim_start().starts_with(['{', '['])
        && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
    {
        return Language::Json;
    }
    let is_profile = |row: &str| {
        (row.starts_with('/') || row.starts_with("profile ") || row.starts_with('*'))
            && row.ends_with('{')
            && !row.contains("()")
    };
    if code.iter().any(|row| is_profile(row))
        || any(|row| row.starts_with("#include <tunables") || row.starts_with("include <tunables"))
    {
        return Language::AppArmor;
    }
    if code.first().is_some_and(|row| {
        row.starts_with("table ")
            || row.starts_with("flush ruleset")
            || row.starts_with("#!/usr/sbin/nft")
    }) && text.contains('{')
    {
        return Language::Nft;
    }
    if code.first().is_some_and(|row| {
        row.starts_with('[')
            && row.ends_with(']')
            && !row.starts_with("[ ")
            && !row.starts_with("[[ ")
    }) && code.iter().skip(1).all(|row| row.contains('=') || row.starts_with('['))
    {
        return Language::Ini;
    }
    if is_yaml(&code) {
        return Language::Yaml;
    }
    match fence.as_str() {
        "yaml" | "yml" => Language::Yaml,
        "json" => Language::Json,
        "c" => Language::C,
        "apparmor" => Language::AppArmor,
        "nft" | "nftables" => Language::Nft,
        "ini" | "toml" => Language::Ini,
        "conf" | "config" | "cfg" | "nginx" => Language::Other,
        "text" | "txt" | "log" | "output" | "plain" | "plaintext" | "diff" | "mermaid" | "html"
        | "xml" | "python" | "py" | "go" | "rust" | "javascript" | "js" | "sql" | "dockerfile"
        | "powershell" | "ps1" | "bat" | "cmd" | "rego" | "markdown" | "md" => Language::Text,
        "bash" | "sh" | "shell" | "zsh" | "console" | "shell-session" | "shellsession"
        | "terminal" => Language::Shell,
        _ if first.starts_with("#!") || code.iter().any(|row| starts_like_a_command(row)) => {
            Language::Shell
        }
        _ => Language::Text,
    }
}

/// Most lines are `key:`, `key: value` or `- item`, and the first is a key or an item.
fn is_yaml(code: &[&str]) -> bool {
    let is_key = |row: &str| {
        let row = row.strip_prefix("- ").unwrap_or(row);
        let (key, rest) = row.split_once(':').unwrap_or((row, "x"));
        let plain = |c: char| c.is_ascii_alphanumeric() || "_-./\"' ".contains(c);
        !key.is_empty()
            && key.len() < 64
            && key.chars().all(plain)
            && !key.contains("  ")
            && (rest.is_empty() || rest.starts_with(' '))
            && key.split(' ').count() <= 3
    };
    let is_item = |row: &str| row.starts_with("- ") || row == "---";
    let n_keys = code.iter().filter(|row| is_key(row)).count();
    let n_yaml = code.iter().filter(|row| is_key(row) || is_item(row)).count();
    n_keys > 0
        && 10 * n_yaml >= 7 * code.len()
        && code.first().is_some_and(|row| is_key(row) || is_item(row))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(fence: &str, text: &str, expected: Language) {
        assert_eq!(language(fence, text), expected);
    }

    #[test]
    fn a_fence_may_lie() {
        check("bash", "#include <sys/seccomp.h>\nint main(int c, char **v) {\n}", Language::C);
        check("bash", "[limits]\ncpu = 1\nmemory = 2M", Language::Ini);
        check("bash", "/usr/bin/netcat {\n  deny network,\n}", Language::AppArmor);
        check("bash", "services:\n  web:\n    image: x", Language::Yaml);
        check("yaml", "docker ps -a\n", Language::Yaml);
        check("", "sudo docker pause 0123456789ab", Language::Shell);
        check("bash", "[ -e /x ] && echo yes", Language::Shell);
        check("bash", "curl http://example.com: 8", Language::Shell);
        check("sh", "if true; then\n  echo a: b\nfi", Language::Shell);
        check("", "some words that a program printed", Language::Text);
    }

    #[test]
    fn badly_indented_fences_hold_code() {
        let text = "* Look:\n    ```bash\nsudo setenforce 0\n```\nThen go on.\n";
        let parts = parts(text, Kind::Markdown);
        assert!(
            matches!(&parts[1], Part::Block(block) if block.line == 3 && block.text == "sudo setenforce 0\n")
        );
        assert!(matches!(&parts[2], Part::Prose { line: 5, .. }));
    }

    #[test]
    fn what_a_text_is() {
        assert_eq!(kind("-", "docker pause 0123456789ab\n"), Kind::Shell);
        assert_eq!(kind("-", "# Report\n\nThe alert says a lot of things here.\n"), Kind::Markdown);
        assert_eq!(kind("x.yml", "a: 1"), Kind::Snippet);
        assert_eq!(kind("-", "$ setenforce 0"), Kind::Shell);
    }
}
