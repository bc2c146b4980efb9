//! Code inside of code: commands in a Dockerfile, a workflow or a pod, and documents that a command hands over in a
//! here-document.

use super::Finding;
use super::call::Call;
use super::extract::{Block, Language, language, starts_like_a_command};
use super::plan::is_outgoing;
use super::{target, writes};
use crate::model::Alert;
use serde_json::Value;

/// The shell text that a document holds, with the place of each.
pub fn commands(block: &Block) -> Vec<Block> {
    let mut found = Vec::new();
    match block.language {
        Language::Dockerfile => dockerfile(block, &mut found),
        Language::Yaml | Language::Json => {
            for document in block.text.split("\n---").filter(|text| text.contains(':')) {
                let value = if block.language == Language::Json {
                    serde_json::from_str::<Value>(document).ok()
                } else {
                    serde_saphyr::from_str::<Value>(document).ok()
                };
                if let Some(value) = value {
                    walk(&value, block, &mut found, 0);
                }
            }
        }
        Language::Ini | Language::Other => {
            for (at, row) in block.text.lines().enumerate() {
                let row = row.trim();
                if let Some((key, command)) = row.split_once('=')
                    && key.trim_end().starts_with("Exec")
                {
                    found.push(shell(
                        block.line + at,
                        command.trim_start_matches(['-', '+', '!', '@', ' ']),
                    ));
                } else if row.split_whitespace().count() > 6 && row.starts_with(['*', '@']) {
                    let command: Vec<&str> = row.split_whitespace().skip(5).collect();
                    let skip = usize::from(command.first().is_some_and(|first| *first == "root"));
                    found.push(shell(
                        block.line + at,
                        &command.get(skip..).unwrap_or_default().join(" "),
                    ));
                }
            }
        }
        _ => {}
    }
    found
}

fn shell(line: usize, text: &str) -> Block {
    Block { line, fence: String::new(), language: Language::Shell, text: text.to_owned() }
}

fn dockerfile(block: &Block, found: &mut Vec<Block>) {
    let mut rows = block.text.lines().enumerate().peekable();
    while let Some((at, row)) = rows.next() {
        let row =
            row.trim_start().trim_start_matches("ONBUILD ").trim_start_matches("HEALTHCHECK ");
        let Some((word, rest)) = row.split_once(' ') else { continue };
        if !matches!(word, "RUN" | "CMD" | "ENTRYPOINT") {
            continue;
        }
        let mut text = rest.trim_start().to_owned();
        while text.ends_with('\\')
            && let Some((_, next)) = rows.next()
        {
            text.push('\n');
            // A comment between continued rows is none of the shell's.
            text.push_str(if next.trim_start().starts_with('#') { "\\" } else { next });
        }
        while text.starts_with("--")
            && let Some((_, behind)) = text.split_once(' ')
        {
            text = String::from(behind.trim_start());
        }
        let text = match serde_json::from_str::<Vec<String>>(&text) {
            Ok(words) => exec_form(&words),
            Err(_) => text,
        };
        found.push(shell(block.line + at, &text));
    }
}

/// `["sh", "-c", "…"]` is the text; other words are one command.
fn exec_form(words: &[String]) -> String {
    words
        .iter()
        .map(|word| shlex::try_quote(word).map_or_else(|_| String::new(), Into::into))
        .collect::<Vec<_>>()
        .join(" ")
}

fn walk(value: &Value, block: &Block, found: &mut Vec<Block>, depth: usize) {
    if depth > 24 {
        return;
    }
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                let place = |text: &str| {
                    let first = text.lines().next().unwrap_or_default().trim();
                    let rows = block.text.lines();
                    let at = rows.clone().position(|row| !first.is_empty() && row.contains(first));
                    let key_row =
                        || block.text.lines().position(|row| row.contains(&**key)).unwrap_or(0);
                    block.line + at.unwrap_or_else(key_row)
                };
                match key.as_str() {
                    "run"
                    | "script"
                    | "before_script"
                    | "after_script"
                    | "shell"
                    | "ansible.builtin.shell"
                    | "ansible.builtin.command"
                    | "runcmd"
                    | "bootcmd"
                    | "cmd"
                    | "postStart"
                    | "test"
                    | "entrypoint"
                    | "command"
                    | "args"
                    | "commands"
                    | "exec" => {
                        texts(inner, key, &mut |text| {
                            if starts_like_a_command(text.trim_start())
                                || text.trim_start().starts_with("#!")
                            {
                                found.push(shell(place(&text), &text));
                            }
                        });
                    }
                    // One command of a catalogue of ours, by runtime.
                    "variants" => {
                        for text in inner
                            .as_object()
                            .into_iter()
                            .flat_map(|map| map.values())
                            .filter_map(Value::as_str)
                        {
                            found.push(shell(place(text), &tokens_filled(text)));
                        }
                    }
                    _ => {}
                }
                walk(inner, block, found, depth + 1);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| walk(item, block, found, depth + 1)),
        _ => {}
    }
}

/// Typed placeholders `@NAME@` of a catalogue stand for words that the program checks and quotes.
fn tokens_filled(text: &str) -> String {
    let mut out = String::new();
    for (at, part) in text.split('@').enumerate() {
        let is_name = at % 2 == 1
            && !part.is_empty()
            && part.bytes().all(|b| b.is_ascii_uppercase() || b == b'_' || b.is_ascii_digit());
        match (at % 2, is_name) {
            (1, true) => out.push_str("0123456789ab"),
            (1, false) => {
                out.push('@');
                out.push_str(part);
            }
            _ => out.push_str(part),
        }
    }
    out
}

fn texts(value: &Value, key: &str, each: &mut impl FnMut(String)) {
    match value {
        Value::String(text) => each(text.clone()),
        Value::Array(items) => {
            let words: Vec<String> =
                items.iter().filter_map(Value::as_str).map(str::to_owned).collect();
            let is_exec =
                matches!(key, "command" | "args" | "entrypoint" | "exec" | "test" | "cmd");
            if is_exec && words.len() == items.len() && !words.is_empty() {
                let words: Vec<String> = words
                    .into_iter()
                    .filter(|word| !matches!(&**word, "CMD" | "CMD-SHELL"))
                    .collect();
                let text = match words.as_slice() {
                    [one] => one.clone(),
                    words => exec_form(words),
                };
                return each(text);
            }
            for item in items {
                match item {
                    Value::String(text) => each(text.clone()),
                    Value::Array(_) => texts(item, "command", each),
                    _ => {}
                }
            }
        }
        _ => {}
    }
}

/// The documents that a command is given, in their own language: a here-document, the body of a patch. What is only data
/// is none.
pub fn handed_over(call: &Call) -> Vec<Block> {
    let patch = matches!(&*call.program, "kubectl" | "oc")
        .then(|| call.value_of(&["-p", "--patch", "--overrides"]))
        .flatten()
        .filter(|text| text.trim_start().starts_with('{'))
        .map(|text| Block {
            line: call.line,
            fence: String::new(),
            language: Language::Json,
            text: text.to_owned(),
        });
    here_document(call).into_iter().chain(patch).collect()
}

fn here_document(call: &Call) -> Option<Block> {
    // `echo '{…}' > profile.json` hands it over too.
    let printed = matches!(&*call.program, "echo" | "printf").then(|| writes::text(call)).flatten();
    let text = call.input.as_deref().or(printed.as_deref())?;
    let is_copied = matches!(
        &*call.program,
        "cat" | "tee" | "" | "dd" | "sponge" | "echo" | "printf" | "install"
    );
    let target =
        writes::targets(call).first().filter(|_| is_copied).copied().unwrap_or_default().to_owned();
    let name = target.rsplit('/').next().unwrap_or_default();
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    let reads = |program: &str| call.program == program;
    let is = match ending {
        "yaml" | "yml" => Language::Yaml,
        "json" => Language::Json,
        "nft" => Language::Nft,
        "sh" | "bash" => Language::Shell,
        "service" | "timer" => Language::Ini,
        "rules" if target.contains("/audit/") => Language::Audit,
        _ if reads("kubectl") || reads("oc") || reads("falco") => Language::Yaml,
        _ if reads("nft") || reads("iptables-restore") || reads("ip6tables-restore") => {
            Language::Nft
        }
        _ if reads("apparmor_parser") || target.contains("/apparmor.d/") => Language::AppArmor,
        _ if name.starts_with("Dockerfile")
            || (reads("docker") || reads("podman")) && call.subcommand() == "build" =>
        {
            Language::Dockerfile
        }
        _ if text.starts_with("#!")
            && text.lines().next().is_some_and(|first| first.ends_with("sh")) =>
        {
            Language::Shell
        }
        _ if (reads("docker") || reads("podman")) && call.has("compose") => Language::Yaml,
        "conf" if target.contains("/sysctl") || target.contains("/sshd") => Language::Other,
        _ if target.starts_with("/etc/sudoers") => Language::Other,
        _ => return None,
    };
    // The rules of nft are looked at by their own grammar only when they are a set of them.
    let is = if is == Language::Nft && !text.contains('{') && !text.trim_start().starts_with('*') {
        return None;
    } else {
        is
    };
    let line = if call.input_line > 0 { call.input_line } else { call.line };
    let is = if matches!(is, Language::Yaml) && language("yaml", text) == Language::Json {
        Language::Json
    } else {
        is
    };
    Some(Block { line, fence: String::new(), language: is, text: text.to_owned() })
}

/// What the alert says against a document: another program's path, the wrong direction.
pub fn against(block: &Block, alert: &Alert, found: &mut Vec<Finding>) {
    match block.language {
        Language::AppArmor => {
            let Some(path) = alert.fields.text("proc.exepath").filter(|path| path.starts_with('/'))
            else {
                return;
            };
            for (at, row) in block.text.lines().enumerate() {
                let word = row
                    .trim()
                    .strip_suffix('{')
                    .and_then(|head| head.split_whitespace().find(|word| word.starts_with('/')));
                if let Some(word) = word.filter(|word| target::is_other_path(word, path)) {
                    found.push(
                        Finding::new("P06", block.line + at, row)
                            .because(&format!("{word} is not the alert's {path}")),
                    );
                }
            }
        }
        Language::Yaml | Language::Json => {
            only_no_new_privileges(block, alert, found);
            for document in block.text.split("\n---") {
                let Ok(value) = serde_saphyr::from_str::<Value>(document) else { continue };
                if value.get("kind").and_then(Value::as_str) != Some("NetworkPolicy") {
                    continue;
                }
                let Some(spec) = value.get("spec") else { continue };
                let types: Vec<&str> = spec
                    .get("policyTypes")
                    .and_then(Value::as_array)
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_str)
                    .collect();
                let only = |way: &str| {
                    types == [way]
                        || types.is_empty() && way == "Ingress" && spec.get("egress").is_none()
                };
                let wrong = match is_outgoing(alert) {
                    Some(true) => only("Ingress"),
                    Some(false) => only("Egress"),
                    None => false,
                };
                if wrong {
                    let at =
                        block.text.lines().position(|row| row.contains("policyTypes")).unwrap_or(0);
                    found.push(Finding::new("D01", block.line + at, "policyTypes"));
                }
            }
        }
        _ => {}
    }
}

/// C05: nothing but this flag, against a program that needs no more rights than it has. As one of several settings it is
/// good.
fn only_no_new_privileges(block: &Block, alert: &Alert, found: &mut Vec<Finding>) {
    let has = |word: &str| block.text.contains(word);
    let is_alone =
        !["cap_drop", "read_only", "seccomp", "apparmor", "network_mode", "user:", "drop:"]
            .iter()
            .any(|word| has(word));
    let needs_none = super::plan::is_in_memory(alert)
        || alert.fields.text("proc.name").is_some_and(|name| {
            super::door::is_netcat(name) || super::call::SHELLS.contains(&name)
        });
    let at = block.text.lines().position(|row| row.contains("no-new-privileges"));
    if let Some(at) = at.filter(|_| is_alone && needs_none) {
        let row = block.text.lines().nth(at).unwrap_or_default();
        found.push(
            Finding::new("C05", block.line + at, row)
                .because("it keeps setuid programs from gaining rights; it stops no program"),
        );
    }
}
