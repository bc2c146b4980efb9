//! One value as a part of a condition: what can be compared exactly, what only from its beginning, and how it is quoted.

/// How a value is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    Equal,
    StartsWith,
    EndsWith,
}

impl Comparison {
    /// Falco's operator.
    pub fn word(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::StartsWith => "startswith",
            Self::EndsWith => "endswith",
        }
    }
}

/// The least a beginning must have to stand for a whole value.
const LEAST_PREFIX: usize = 8;
/// The longest value that is written; a longer one is compared by its beginning.
const LONGEST: usize = 1024;

/// Shells, interpreters and wrappers: a name that says nothing about what is run or who runs it.
const GENERIC: &[&str] = &[
    "sh",
    "bash",
    "dash",
    "ash",
    "zsh",
    "ksh",
    "fish",
    "csh",
    "tcsh",
    "busybox",
    "env",
    "python",
    "python2",
    "python3",
    "perl",
    "ruby",
    "node",
    "php",
    "lua",
    "java",
    "init",
    "systemd",
    "tini",
    "dumb-init",
    "runc",
    "crun",
    "conmon",
    "containerd-shim",
    "containerd-shim-runc-v2",
    "containerd",
    "dockerd",
    "sudo",
    "su",
    "doas",
    "sshd",
    "screen",
    "tmux",
    "tmux: server",
    "login",
    "xargs",
    "timeout",
    "nohup",
    "setsid",
    "root",
    "default",
    "host",
    "system:anonymous",
    "system:unauthenticated",
    "<unknown>",
    "unknown",
    "none",
    "true",
    "false",
    "latest",
    "runc:[2:INIT]",
    "runc:[1:CHILD]",
];

/// A value that may be compared, or why not.
pub fn comparable(
    field: &str,
    value: &str,
    is_list: &dyn Fn(&str) -> bool,
) -> Result<(Comparison, String), String> {
    if value.is_empty() || value == "<NA>" {
        return Err("the alert holds no value for it".to_owned());
    }
    if field == "fd.name"
        && let Some((_, server)) = value.rsplit_once("->")
    {
        // The client's port stands before the arrow and changes with every connection.
        let end = format!("->{server}");
        return check(end, Comparison::EndsWith, is_list);
    }
    let clean = clean_length(value);
    let (text, comparison) = match value.get(..clean) {
        Some(head) if head.len() < value.len() => {
            (head.trim_end_matches(['\\', ' ']), Comparison::StartsWith)
        }
        _ => (value, Comparison::Equal),
    };
    if comparison == Comparison::StartsWith && !is_enough_to_begin(text) {
        return Err("it holds characters that Falco cannot compare, or was cut, and too little stands before them".to_owned());
    }
    check(text.to_owned(), comparison, is_list)
}

fn check(
    text: String,
    comparison: Comparison,
    is_list: &dyn Fn(&str) -> bool,
) -> Result<(Comparison, String), String> {
    let words = text.split([' ', '(', ')', ',', '=', '"', '\'']);
    if let Some(list) = words.filter(|word| !word.is_empty()).find(|word| is_list(word)) {
        return Err(format!("Falco would replace the word {list} in it by the list of that name"));
    }
    Ok((comparison, text))
}

/// How many bytes from the beginning can be written and compared in every version of Falco.
fn clean_length(value: &str) -> usize {
    let cut = value.strip_suffix("[...]").map_or(value.len(), |head| head.trim_end().len());
    let bad = value.char_indices().find(|(_, c)| {
        *c == '\u{fffd}'
            || (crate::text::is_dangerous(*c)
                && !matches!(c, '\n' | '\r' | '\t' | '\u{8}' | '\u{c}'))
    });
    let mut end = cut.min(bad.map_or(value.len(), |(at, _)| at));
    if end > LONGEST {
        end = (0..=LONGEST).rev().find(|at| value.is_char_boundary(*at)).unwrap_or(0);
    }
    // A quoted value of Falco cannot end in a backslash.
    value.get(..end).map_or(0, |head| head.trim_end_matches('\\').len())
}

/// Whether a value says so little that an exception on it would let through nearly everything: nothing but shells,
/// interpreters and wrappers, or too short.
pub fn is_generic(value: &str) -> bool {
    let value = value.trim();
    value.chars().count() < 3
        || GENERIC.contains(&value)
        || value.split(' ').all(|word| says_nothing(word) || is_option(word))
}

/// Whether so much stands here that what begins with it is still one known thing: a word of its own after the program, and
/// a part of a name after the last folder.
pub fn is_enough_to_begin(text: &str) -> bool {
    let own: usize = text
        .split(' ')
        .skip_while(|word| says_nothing(word))
        .filter(|word| !word.starts_with('-') || word.len() > 4)
        .map(|word| word.chars().count())
        .sum();
    let last = text.rsplit('/').next().unwrap_or(text);
    text.chars().count() >= LEAST_PREFIX
        && own >= LEAST_PREFIX
        && !is_generic(text)
        && last.chars().count() >= 3
}

/// A program that runs whatever it is given.
fn says_nothing(word: &str) -> bool {
    let name = word.rsplit('/').next().unwrap_or(word).trim_start_matches('-');
    let versioned = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    word.is_empty() || GENERIC.contains(&name) || GENERIC.contains(&versioned)
}

/// A short option without a value of its own; what follows `-c` is told by the next word.
fn is_option(word: &str) -> bool {
    word.strip_prefix('-').is_some_and(|rest| rest.chars().all(|c| c.is_ascii_alphanumeric()))
}

/// The value as a quoted string of Falco's condition language.
pub fn falco(value: &str) -> String {
    let mut out = String::with_capacity(value.len() + 2);
    out.push('"');
    for c in value.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A text in YAML's single quotes; it holds no newline.
pub fn yaml(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
