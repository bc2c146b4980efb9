//! Who may use whom: the table of `docs/architecture.md`, kept true.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A module and the modules it may use. A module that stands here may use itself.
const LAYERS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("text", &[]),
    ("private", &[]),
    ("clock", &[]),
    ("query", &["model"]),
    ("source", &["model", "clock", "private"]),
    ("decode", &["model"]),
    ("store", &["model"]),
    ("intake", &["model", "source", "decode", "store"]),
    ("analysis", &["model", "query", "text"]),
    ("triage", &["model", "query", "private"]),
    ("report", &["model", "text", "analysis", "triage", "store", "private"]),
    ("lint", &["model", "analysis", "text", "report", "query"]),
    ("theme", &[]),
    ("config", &["source", "theme"]),
    ("clip", &["text", "private"]),
    ("demo", &["model", "source", "report", "clock"]),
    (
        "ui",
        &[
            "model", "text", "query", "store", "analysis", "triage", "theme", "intake", "report",
            "clock", "lint",
        ],
    ),
    (
        "driver",
        &[
            "model", "text", "clock", "query", "source", "decode", "store", "intake", "analysis",
            "lint", "triage", "report", "theme", "config", "clip", "demo", "ui", "private",
        ],
    ),
    (
        "cli",
        &[
            "model", "text", "clock", "query", "source", "decode", "store", "intake", "analysis",
            "lint", "triage", "report", "theme", "config", "clip", "demo", "ui", "driver",
            "private",
        ],
    ),
];

/// Crates from outside and the modules that alone may use them. What is not listed may be used anywhere.
const OUTSIDE: &[(&str, &[&str])] = &[
    ("anyhow", &["cli"]),
    ("arboard", &["clip"]),
    ("base64", &["clip", "decode", "query"]),
    ("bzip2", &["source"]),
    ("clap", &["cli"]),
    ("clap_complete", &["cli"]),
    ("clap_mangen", &["cli"]),
    ("crossterm", &["ui", "driver"]),
    ("csv", &["report", "cli"]),
    ("flate2", &["source", "report"]),
    ("include_dir", &["analysis"]),
    ("ipnet", &["analysis", "query", "lint"]),
    ("lzma_rust2", &["source"]),
    ("notify", &["source"]),
    ("ratatui", &["ui", "theme", "driver"]),
    ("ratatui_textarea", &["ui"]),
    ("rusqlite", &["triage"]),
    ("ruzstd", &["source"]),
    ("simdutf8", &["decode"]),
    ("strsim", &["query"]),
    ("tar", &["source", "report"]),
    ("tokio", &["ui", "driver", "source", "cli"]),
    ("toml", &["theme", "config", "driver", "lint"]),
    ("unicode_segmentation", &["text", "ui"]),
    ("unicode_width", &["text"]),
];

/// Calls that only one place may make, outside tests.
const ONE_PLACE: &[(&str, &[&str])] = &[
    ("Timestamp::now()", &["src/clock.rs"]),
    ("println!", &[]),
    ("eprintln!", &[]),
    ("SetTitle", &[]),
    (".set_symbol(", &[]),
    (".set_char(", &[]),
];

fn files(folder: &Path, all: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, all);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            all.push(path);
        }
    }
}

/// Path, module, and the lines before the tests, for every file of the program.
fn sources() -> Vec<(String, String, Vec<String>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = Vec::new();
    files(&root.join("src"), &mut all);
    all.sort();
    let is_program = |path: &Path| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        !matches!(name.as_str(), "lib.rs" | "main.rs" | "tests.rs")
            && !path.components().any(|part| part.as_os_str() == "tests")
    };
    all.into_iter()
        .filter(|path| is_program(path))
        .map(|path| {
            let below = path.strip_prefix(root).unwrap();
            let module = below.components().nth(1).unwrap().as_os_str().to_string_lossy();
            let module = module.trim_end_matches(".rs").to_owned();
            let text = std::fs::read_to_string(&path).unwrap();
            let lines = before_tests(&text)
                .map(|line| {
                    if line.trim_start().starts_with("//") {
                        String::new()
                    } else {
                        line.to_owned()
                    }
                })
                .collect();
            (below.display().to_string(), module, lines)
        })
        .collect()
}

/// The lines before the module of tests: a `#[cfg(test)]` further up belongs to a line that names a file.
fn before_tests(text: &str) -> impl Iterator<Item = &str> {
    let all: Vec<&str> = text.lines().collect();
    let end = all.windows(2).position(|pair| {
        pair[0] == "#[cfg(test)]" && pair[1].contains("mod ") && pair[1].ends_with('{')
    });
    let n_lines = end.unwrap_or(all.len());
    all.into_iter().take(n_lines)
}

#[test]
fn all_that_stands_before_the_tests_is_looked_at() {
    let text = "use a;\n#[cfg(test)]\nmod tests;\nuse b;\n#[cfg(test)]\nmod more {\nuse c;\n}";
    let lines: Vec<&str> = before_tests(text).collect();
    assert_eq!(lines, ["use a;", "#[cfg(test)]", "mod tests;", "use b;"]);
}

/// The names right after `crate::`, also in `use crate::{a::b, c}`.
fn used_modules(line: &str) -> Vec<String> {
    let mut used = Vec::new();
    for rest in line.split("crate::").skip(1) {
        let before_word = |text: &str| -> String {
            text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
        };
        if let Some(list) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut part = String::new();
            for c in list.chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => {
                        used.push(before_word(part.trim()));
                        part.clear();
                        continue;
                    }
                    _ => {}
                }
                part.push(c);
            }
            used.push(before_word(part.trim()));
        } else {
            used.push(before_word(rest));
        }
    }
    used.retain(|word| !word.is_empty());
    used
}

#[test]
fn modules_use_only_what_lies_below_them() {
    let mut wrong = Vec::new();
    for (path, module, lines) in sources() {
        let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == module) else {
            wrong.push(format!("{path}: the module {module} has no layer"));
            continue;
        };
        for (number, line) in lines.iter().enumerate() {
            for used in used_modules(line) {
                let is_module = LAYERS.iter().any(|(name, _)| *name == used);
                if is_module && used != module && !allowed.contains(&used.as_str()) {
                    wrong.push(format!("{path}:{}: {module} may not use {used}", number + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn outside_crates_stay_where_they_belong() {
    let mut wrong = Vec::new();
    for (path, module, lines) in sources() {
        for (number, line) in lines.iter().enumerate() {
            for (outside, allowed) in OUTSIDE {
                let uses = line.match_indices(&format!("{outside}::")).any(|(at, _)| {
                    !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':')
                });
                if uses && !allowed.contains(&module.as_str()) {
                    wrong.push(format!("{path}:{}: {module} may not use {outside}", number + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_has_one_place_is_nowhere_else() {
    let mut wrong = Vec::new();
    for (path, _, lines) in sources() {
        for (number, line) in lines.iter().enumerate() {
            for (call, places) in ONE_PLACE {
                if line.contains(call) && !places.contains(&path.as_str()) {
                    wrong.push(format!("{path}:{}: {call}", number + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_module_says_what_it_is() {
    let silent: Vec<_> = sources()
        .into_iter()
        .map(|(path, ..)| path)
        .filter(|path| {
            let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path));
            !text.unwrap().starts_with("//!")
        })
        .collect();
    assert!(silent.is_empty(), "{silent:?}");
}

#[test]
fn layers_have_no_circle() {
    let mut done: BTreeSet<&str> = BTreeSet::new();
    for (module, below) in LAYERS {
        for used in *below {
            assert!(done.contains(used), "{module} stands before {used}");
        }
        done.insert(module);
    }
}
