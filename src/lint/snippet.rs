//! Rules about blocks that are not shell: whether they are what they claim to be, and what they would do.

use super::Finding;
use super::extract::{Block, Language};
use crate::text::is_dangerous;
use regex::Regex;
use serde_json::Value;
use std::sync::LazyLock;

/// S06: characters that cannot be seen, or that imitate the shell's own.
pub fn hidden(text: &str, line: usize, found: &mut Vec<Finding>) {
    for (at, row) in text.lines().enumerate() {
        let bad = row.chars().find(|c| {
            (is_dangerous(*c) && !matches!(c, '\t' | '\r'))
                || matches!(c, '\u{201c}' | '\u{201d}' | '\u{2018}' | '\u{2019}')
        });
        let is_code = matches!(bad, Some('\u{2018}'..='\u{201d}'))
            && !row.contains(['$', '|'])
            && looks_like_prose(row);
        if let Some(c) = bad.filter(|_| !is_code) {
            found.push(Finding::new("S06", line + at, row).because(&format!("U+{:04X}", c as u32)));
        }
    }
}

/// Typographic quotes belong into sentences.
fn looks_like_prose(row: &str) -> bool {
    row.split_whitespace().count() > 5 || row.trim_start().starts_with('#')
}

static ANGLES: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"<[A-Za-z][A-Za-z0-9]*([ _-][A-Za-z0-9]+)*>").ok());
static HOLES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"\b(YOUR[_-][A-Z_-]+|CHANGE[_-]?ME|REPLACE[_-]?ME|REPLACE_[A-Z_]+|TODO|FIXME|INSERT_[A-Z_]+)\b|\b[xX]{3,}\b|@[A-Z][A-Z0-9_]*@|\[(your|insert|container|pod)[ _-][a-z _-]+\]").ok()
});

/// P01, P02, P03: what was left for somebody to fill in. Here-documents are another program's text.
pub fn placeholders(text: &str, line: usize, found: &mut Vec<Finding>) {
    let mut until: Option<String> = None;
    for (at, row) in text.lines().enumerate() {
        if let Some(end) = &until {
            if row.trim() == end {
                until = None;
            }
        } else if !row.trim_start().starts_with('#') {
            let angles = ANGLES.as_ref().and_then(|angles| angles.find(row));
            if angles.is_some_and(|found| !is_in_single_quotes(row, found.start())) {
                found.push(Finding::new("P01", line + at, row));
            }
            until = here_document(row);
        }
        if HOLES.as_ref().is_some_and(|holes| holes.is_match(row))
            && !row.trim_start().starts_with('#')
        {
            found.push(Finding::new("P02", line + at, row));
        }
        if matches!(row.trim(), "..." | "…" | "- ..." | "# ...") {
            found.push(Finding::new("P03", line + at, row));
        }
    }
}

fn is_in_single_quotes(row: &str, at: usize) -> bool {
    row.get(..at).is_some_and(|before| before.matches('\'').count() % 2 == 1)
}

fn here_document(row: &str) -> Option<String> {
    let (_, behind) = row.split_once("<<")?;
    if behind.starts_with('<') {
        return None;
    }
    let word =
        behind.trim_start_matches('-').trim_start().split([' ', ')', ';', '|', '>']).next()?;
    let word = word.trim_matches(['\'', '"', '\\']);
    (!word.is_empty()).then(|| word.to_owned())
}

/// Judges a block by the language it is in.
pub fn judge(block: &Block, found: &mut Vec<Finding>) {
    let Block { line, fence, language, text } = block;
    let mut say =
        |id: &'static str, row: usize, text: &str| found.push(Finding::new(id, line + row, text));
    let fence = fence.split([' ', ',', '{']).next().unwrap_or_default().to_ascii_lowercase();
    let claims_shell = matches!(fence.as_str(), "bash" | "sh" | "shell" | "zsh" | "console");
    if claims_shell && !matches!(language, Language::Shell | Language::Text) {
        say("Y08", 0, text);
    }
    for (row, words) in text.lines().enumerate() {
        let is_comment =
            words.trim_start().starts_with('#') && !words.trim_start().starts_with("#include");
        if [
            "/etc/nc.conf",
            "/etc/seccomp/",
            "/etc/ossec.conf",
            "/etc/apparmor/d/",
            "/etc/apparmor/profiles",
            "cgroup.conf",
        ]
        .iter()
        .any(|p| words.contains(p))
            && !is_comment
        {
            say("N04", row, words);
        }
        if words.contains("/etc/falco/falco_rules.yaml")
            && (words.contains("> /etc") || words.contains("tee /etc") || words.contains("cp "))
            && !words.contains("falco_rules.yaml /")
        {
            say("Y12", row, words);
        }
    }
    match language {
        Language::Yaml => yaml(block, found),
        Language::Json => json(block, found),
        Language::AppArmor => apparmor(block, found),
        Language::Nft => nft(block, found),
        Language::C => {
            for (row, words) in text.lines().enumerate() {
                if ["sys/seccomp.h", "SECCOMP_FILTER_", "set_thread_context"]
                    .iter()
                    .any(|word| words.contains(word))
                {
                    found.push(Finding::new("Y07", line + row, words));
                }
            }
        }
        Language::Ini => {
            let is_unit = ["[Unit]", "[Service]", "[Install]", "[Socket]", "[Timer]", "[Slice]"]
                .iter()
                .any(|section| text.contains(section));
            let limits =
                text.contains("[limits]") && (text.contains("cpu") || text.contains("memory"));
            if limits {
                found.push(Finding::new("Y10", *line, text));
            } else if !is_unit {
                found.push(Finding::new("Y11", *line, text));
            }
        }
        Language::Other => found.push(Finding::new("Y11", *line, text)),
        Language::Shell | Language::Text => {}
    }
    if matches!(language, Language::Yaml | Language::Json | Language::Ini) {
        placeholders(text, *line, found);
    }
}

fn yaml(block: &Block, found: &mut Vec<Finding>) {
    let mut line = block.line;
    for document in documents(&block.text) {
        match serde_saphyr::from_str::<Value>(&document) {
            Ok(value) => super::manifest::judge(&value, &document, line, found),
            Err(error) => {
                let at =
                    error.location().map_or(1, |at| usize::try_from(at.line()).unwrap_or(1)).max(1);
                let row = document.lines().nth(at - 1).unwrap_or_default();
                found.push(
                    Finding::new("Y01", line + at - 1, row)
                        .because(&first_sentence(&error.to_string())),
                );
            }
        }
        line += document.lines().count() + 1;
    }
}

fn first_sentence(text: &str) -> String {
    crate::text::ellipsis(text.lines().next().unwrap_or_default(), 120)
}

fn documents(text: &str) -> Vec<String> {
    let mut documents = vec![String::new()];
    for row in text.lines() {
        if row.trim_end() == "---" {
            documents.push(String::new());
        } else if let Some(last) = documents.last_mut() {
            last.push_str(row);
            last.push('\n');
        }
    }
    documents.retain(|document| !document.trim().is_empty());
    documents
}

fn json(block: &Block, found: &mut Vec<Finding>) {
    let Ok(value) = serde_json::from_str::<Value>(&block.text) else { return };
    let row = |word: &str| {
        block.line + block.text.lines().position(|row| row.contains(word)).unwrap_or(0)
    };
    if value.get("defaultAction").is_some() {
        if value.get("defaultAction").and_then(Value::as_str) == Some("SCMP_ACT_ALLOW") {
            found.push(Finding::new(
                "W11",
                row("defaultAction"),
                "\"defaultAction\": \"SCMP_ACT_ALLOW\"",
            ));
        }
        let names = value.get("syscalls").and_then(Value::as_array).into_iter().flatten().flat_map(
            |entry| {
                entry
                    .get("names")
                    .and_then(Value::as_array)
                    .into_iter()
                    .flatten()
                    .chain(entry.get("name"))
                    .filter_map(Value::as_str)
            },
        );
        for name in names.filter(|name| !is_system_call(name)) {
            found.push(Finding::new("Y13", row(name), name));
        }
        return;
    }
    super::manifest::judge(&value, &block.text, block.line, found);
}

/// Names that libseccomp resolves on some architecture (from the Linux headers' system call tables).
fn is_system_call(name: &str) -> bool {
    include_str!("syscalls.txt").lines().any(|known| known == name)
}

fn apparmor(block: &Block, found: &mut Vec<Finding>) {
    for (row, words) in block.text.lines().enumerate() {
        let line = block.line + row;
        let words = words.trim();
        let rule = words.split(" #").next().unwrap_or_default().trim();
        if rule.starts_with("* {") || rule.starts_with("/** {") || rule == "*{" {
            found.push(Finding::new("B01", line, words));
        }
        let is_include = rule.starts_with("#include") || rule.starts_with("include");
        let includes = |start: &str| rule.contains(start);
        let bad_include = is_include
            && !["<tunables/", "<abstractions/", "<local/", "<abi/", "if exists"]
                .iter()
                .any(|s| includes(s));
        let is_rule = !rule.is_empty() && !rule.starts_with('#') && !is_include;
        let bad_rule = is_rule
            && !rule.ends_with(['{', '}', ','])
            && !rule.starts_with('@')
            && !rule.starts_with("abi ");
        if bad_include || bad_rule || rule.starts_with("* {") {
            found.push(Finding::new("Y06", line, words));
        }
    }
}

fn nft(block: &Block, found: &mut Vec<Finding>) {
    for (row, words) in block.text.lines().enumerate() {
        let line = block.line + row;
        let mut tokens = words.split_whitespace().skip_while(|word| *word != "chain").skip(1);
        let reserved = tokens.next().is_some_and(|name| {
            matches!(
                name,
                "fwd"
                    | "dup"
                    | "log"
                    | "counter"
                    | "drop"
                    | "accept"
                    | "reject"
                    | "ip"
                    | "tcp"
                    | "udp"
            )
        });
        let open = words.trim_end().ends_with('}')
            && words.contains('{')
            && !words.trim_end().trim_end_matches('}').trim_end().ends_with([';', '{', '}'])
            && ["drop", "accept", "reject"].iter().any(|verdict| words.contains(verdict));
        if reserved || open {
            found.push(Finding::new("Y14", line, words));
        }
        if words.trim_start().starts_with("flush ruleset") {
            found.push(Finding::new("W05", line, words));
        }
    }
}
