//! What a text is made of: blocks of code with the language they are really in, commands in a sentence, and prose.

mod markdown;

use markdown::{is_fence, markdown};

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
    Dockerfile,
    /// Rules of the audit daemon.
    Audit,
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
    /// A paragraph or list item, without its code blocks. Its rows are joined by a newline each.
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
    let base = name.rsplit('/').next().unwrap_or(name);
    let ending = base.rsplit_once('.').map_or("", |(_, ending)| ending);
    match ending.to_ascii_lowercase().as_str() {
        "md" | "markdown" => return Kind::Markdown,
        "sh" | "bash" | "zsh" | "ksh" => return Kind::Shell,
        "yaml" | "yml" | "json" | "nft" | "service" | "timer" | "socket" | "conf" | "ini"
        | "toml" | "rules" | "dockerfile" => return Kind::Snippet,
        _ => {}
    }
    if base.starts_with("Dockerfile") || base.starts_with("Containerfile") {
        return Kind::Snippet;
    }
    let has_fence = text.lines().any(|line| is_fence(line).is_some());
    if has_fence {
        return Kind::Markdown;
    }
    if text.starts_with("#!") && !text.starts_with("#!/usr/sbin/nft") {
        return Kind::Shell;
    }
    let lines =
        || text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    match language("", text) {
        Language::Yaml
        | Language::Json
        | Language::AppArmor
        | Language::Nft
        | Language::C
        | Language::Dockerfile
        | Language::Ini
        | Language::Audit => {
            return Kind::Snippet;
        }
        _ => {}
    }
    let n_commands = lines().filter(|line| starts_like_a_command(line)).count();
    let parses = super::shell::parse(text).is_ok_and(|commands| !commands.is_empty());
    if n_commands > 0 && 2 * n_commands >= lines().count() && (parses || !has_sentences(text)) {
        return Kind::Shell;
    }
    if parses && !is_written_for_people(text) {
        Kind::Shell
    } else if n_commands > 0 && !is_written_for_people(text) {
        // Bare lines of which one is broken are still commands.
        Kind::Shell
    } else {
        Kind::Markdown
    }
}

/// Headings, list items, emphasis, links, sentences.
fn is_written_for_people(text: &str) -> bool {
    has_sentences(text)
        || text.lines().any(|line| {
            let line = line.trim_start();
            line.starts_with("## ")
                || line.starts_with("* ")
                || line.starts_with("- ")
                || line.contains("](")
                || line.starts_with("**")
                || line.split_whitespace().count() > 3
                    && line.ends_with(['.', '!', '?'])
                    && line.starts_with(|c: char| c.is_ascii_uppercase())
        })
}

fn has_sentences(text: &str) -> bool {
    text.lines().any(|line| {
        line.split_whitespace().count() > 6 && line.trim_end().ends_with(['.', ':', '!'])
    })
}

/// Whether a row begins with a program that we know, or one known to be invented, where a command may begin.
pub fn starts_like_a_command(line: &str) -> bool {
    let line = without_prompt(line).unwrap_or(line);
    let mut words = line.split_whitespace().skip_while(|word| {
        matches!(*word, "sudo" | "doas" | "do" | "then" | "!" | "time" | "{" | "(" | "-E" | "-n")
            || word.contains('=') && !word.starts_with('-')
    });
    let Some(first) = words.next() else { return line.contains('=') && line.contains("$(") };
    let first = first.trim_start_matches(['(', '{']).trim_end_matches(';');
    let is_redirect = first.starts_with([':', '>']) && line.contains('/');
    let name = first.rsplit('/').next().unwrap_or(first);
    let next = words.next().unwrap_or_default();
    // Words of sentences that are programs too: `who is`, `at the`, `look for`.
    let is_sentence = matches!(
        next,
        "is" | "the"
            | "a"
            | "an"
            | "of"
            | "for"
            | "to"
            | "and"
            | "are"
            | "was"
            | "that"
            | "this"
            | "it"
            | "on"
            | "with"
            | "your"
            | "all"
    ) && !line.contains(['$', '|', '/', '<', '>', '='])
        && !line.contains(" -");
    (super::programs::is_known(name)
        || (line.starts_with("sudo")
            || next.starts_with('-')
            || !next.is_empty() && line.split_whitespace().count() < 7)
            && !super::programs::is_system_call(name)
            && super::programs::invented(name).is_some()
        || is_redirect)
        && !name.chars().next().is_some_and(char::is_uppercase)
        && !is_sentence
}

/// What stands behind the prompt of a shell: `$ `, `# ` behind a host's name, `user@host:~$ `.
fn without_prompt(line: &str) -> Option<&str> {
    let line = line.trim_start();
    if let Some(rest) = line.strip_prefix("$ ").or_else(|| line.strip_prefix("% ")) {
        return Some(rest);
    }
    // Looked for first because it is quick.
    if !line.contains('@') {
        return None;
    }
    let (prompt, rest) = line.split_once("$ ").or_else(|| line.split_once("# "))?;
    let is_prompt = prompt.contains('@')
        && prompt.len() < 60
        && !prompt.trim_matches(['[', ']']).contains([' ', '"', '\''])
        || prompt.starts_with('[') && prompt.ends_with(']') && prompt.contains('@');
    is_prompt.then_some(rest)
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
    let text = without_prompts(text, &fence);
    let language = known.unwrap_or_else(|| language(&fence, &text));
    Part::Block(Block { line, fence, language, text })
}

/// Lines that begin with the prompt of a shell are commands; the others are what they printed.
fn without_prompts(text: &str, fence: &str) -> String {
    let is_session =
        matches!(fence, "console" | "shell-session" | "shellsession" | "terminal" | "sh-session");
    let root = |line: &str| {
        line.strip_prefix("# ")
            .as_ref()
            .is_some_and(|rest| is_session && starts_like_a_command(rest))
    };
    if !text.lines().any(|line| without_prompt(line).is_some() || root(line)) {
        return text.to_owned();
    }
    let mut goes_on = false;
    let mut commands = String::new();
    // A here-document goes on until its last word, whatever its rows begin with.
    let mut until: Option<String> = None;
    for line in text.lines() {
        let command = match &until {
            Some(_) => Some(line.strip_prefix("> ").unwrap_or(line)),
            None => without_prompt(line)
                .or_else(|| line.strip_prefix("# ").filter(|_| root(line)))
                .or_else(|| goes_on.then(|| line.strip_prefix("> ").unwrap_or(line))),
        };
        if let Some(command) = command {
            commands.push_str(command);
            goes_on = command.ends_with('\\');
            if until.as_deref() == Some(command.trim()) {
                until = None;
            } else if until.is_none() {
                until = super::holes::here_document(command).filter(|word| {
                    text.lines().any(|row| row.trim_start_matches("> ").trim() == word)
                });
            }
        }
        commands.push('\n');
    }
    commands
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
            || row.starts_with("#include <linux/")
            || row.starts_with("#include <std")
            || row.starts_with("#include <unistd")
            || row.starts_with("int main(")
    }) {
        return Language::C;
    }
    let is_command = |row: &str| starts_like_a_command(row) && !row.ends_with(['{', ':']);
    // A here-document brings other languages along; the command in front of it decides.
    let is_dockerfile = code.first().is_some_and(|row| {
        row.starts_with("FROM ") || row.starts_with("ARG ") && text.contains("\nFROM ")
    }) || fence == "dockerfile" && code.iter().any(|row| is_instruction(row))
        || code.len() > 1 && code.iter().all(|row| is_instruction(row))
        || code.len() == 1 && code.iter().all(|row| row.starts_with("RUN "));
    if is_dockerfile {
        return Language::Dockerfile;
    }
    let is_audit = |row: &str| {
        row == "-D"
            || row.starts_with("-w /")
            || row.starts_with("-a always")
            || row.starts_with("-a exit")
            || row.starts_with("-b ")
            || row.starts_with("-e ")
            || row.starts_with("-f ")
            || row.starts_with("-a never")
            || row.starts_with("--backlog")
            || row == "-i"
            || row == "-c"
    };
    if !code.is_empty() && code.iter().all(|row| is_audit(row)) {
        return Language::Audit;
    }
    let fence_is_data = matches!(
        fence.as_str(),
        "yaml"
            | "yml"
            | "json"
            | "conf"
            | "ini"
            | "toml"
            | "nft"
            | "nftables"
            | "apparmor"
            | "c"
            | "python"
            | "py"
            | "text"
            | "txt"
            | "log"
            | "output"
    );
    let is_first = code.first().is_some_and(|row| is_command(row));
    let n_commands = || code.iter().filter(|row| is_command(row)).count();
    if is_first
        && (!fence_is_data
            || matches!(fence.as_str(), "conf" | "ini") && n_commands() == code.len()
            || matches!(fence.as_str(), "text" | "txt")
                && code.iter().all(|row| row.starts_with("sudo "))
            || fence_is_data
                && !matches!(
                    fence.as_str(),
                    "python" | "py" | "c" | "output" | "log" | "text" | "txt"
                )
                && n_commands() == code.len()
                && !is_yaml(&code)
                && text.contains(' '))
        && !is_other_code(text)
    {
        return Language::Shell;
    }
    if text.trim_start().starts_with(['{', '['])
        && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
    {
        return Language::Json;
    }
    let looks_like_json = first.starts_with(['{', '['])
        && rows.iter().any(|row| row.starts_with(['"', '{']) && row.contains("\":"));
    if looks_like_json && !matches!(fence.as_str(), "yaml" | "yml" | "jsonc" | "json5") {
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
            || row.starts_with("add table ")
            || row.starts_with("chain ") && row.ends_with('{')
            || row.starts_with("define ")
    }) && (text.contains('{') || code.len() == 1)
        || rows.first().is_some_and(|row| row.starts_with("#!/usr/sbin/nft"))
        || code.first().is_some_and(|row| matches!(*row, "*filter" | "*nat" | "*mangle" | "*raw"))
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
        "conf" | "config" | "cfg" | "nginx" | "properties" => Language::Other,
        "dockerfile" | "docker" => Language::Dockerfile,
        "jsonc" | "json5" | "jinja" | "hcl" | "terraform" | "makefile" | "csv" | "regex" => {
            Language::Text
        }
        "text" | "txt" | "log" | "output" | "plain" | "plaintext" | "diff" | "mermaid" | "html"
        | "xml" | "python" | "py" | "go" | "rust" | "javascript" | "js" | "sql" | "powershell"
        | "ps1" | "bat" | "cmd" | "rego" | "markdown" | "md" => Language::Text,
        "bash" | "sh" | "shell" | "zsh" | "console" | "shell-session" | "shellsession"
        | "terminal" => Language::Shell,
        _ if text.lines().any(|row| row.trim() == "-D")
            && code.iter().all(|row| row.starts_with('-')) =>
        {
            Language::Audit
        }
        _ if first.starts_with("#!") || code.iter().any(|row| starts_like_a_command(row)) => {
            Language::Shell
        }
        _ => Language::Text,
    }
}

fn is_instruction(row: &str) -> bool {
    row.split_once(' ').is_some_and(|(word, _)| {
        matches!(
            word,
            "FROM"
                | "RUN"
                | "CMD"
                | "ENTRYPOINT"
                | "COPY"
                | "ADD"
                | "ENV"
                | "ARG"
                | "USER"
                | "WORKDIR"
                | "EXPOSE"
                | "VOLUME"
                | "LABEL"
                | "HEALTHCHECK"
                | "SHELL"
                | "ONBUILD"
                | "STOPSIGNAL"
        )
    })
}

/// Whether a text is surely the code of another language: Python, JavaScript, Go, SQL.
pub fn is_other_code(text: &str) -> bool {
    let mut rows = text.lines().map(str::trim).filter(|row| !row.is_empty());
    let count =
        |test: &dyn Fn(&str) -> bool| text.lines().map(str::trim).filter(|row| test(row)).count();
    let python = count(&|row| {
        row.starts_with("import ") && !row.contains(['-', '/'])
            || row.starts_with("from ") && row.contains(" import ")
            || row.starts_with("def ") && row.ends_with(':')
            || row.starts_with("class ") && row.ends_with(':')
            || row.starts_with("with open(")
            || row.starts_with("print(") && row.ends_with(')')
    });
    let sql = rows.next().is_some_and(|row| {
        let upper = row.to_ascii_uppercase();
        upper.starts_with("SELECT ") && upper.contains(" FROM ")
            || upper.starts_with("DELETE FROM ")
            || upper.starts_with("INSERT INTO ")
            || upper.starts_with("DROP TABLE ")
    });
    let script = count(&|row| {
        row.starts_with("const ") && row.contains(" = ") && row.ends_with(';')
            || row.starts_with("package main")
            || row.starts_with("func ") && row.ends_with('{')
            || row.starts_with("console.log(")
    });
    python >= 1 && !text.contains("<<") || sql || script >= 1
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
        check("yaml", "docker ps -a\n", Language::Shell);
        check("", "-D\n-w /etc/passwd -p wa -k x", Language::Audit);
        check("bash", "FROM debian:12\nRUN apt-get update", Language::Dockerfile);
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
        assert_eq!(kind("-", "setenforce 0"), Kind::Shell);
    }
}
