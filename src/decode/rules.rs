//! Falco's rules files on this host: templates, descriptions, tags, priorities and conditions, for standard and custom
//! rules alike. What cannot be read is a problem to be told, never a failure.

use crate::model::Priority;
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// What a rules file says of one rule, after appends and overrides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleFacts {
    pub name: String,
    pub description: String,
    pub condition: String,
    /// The output template: text with `%field`s.
    pub output: String,
    pub priority: Option<Priority>,
    /// The event source; Falco's default is `syscall`.
    pub source: String,
    pub tags: Vec<String>,
    pub enabled: bool,
    pub file: PathBuf,
}

/// The rules, macros and lists of the host, and what was wrong with the files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RulesFiles {
    pub rules: BTreeMap<String, RuleFacts>,
    /// Conditions by macro name.
    pub macros: BTreeMap<String, String>,
    /// Items by list name; an item may name another list.
    pub lists: BTreeMap<String, Vec<String>>,
    /// The files that were read, in Falco's order.
    pub files: Vec<PathBuf>,
    /// One sentence each.
    pub problems: Vec<String>,
}

/// One item of a rules file, with the keys that we use.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Item {
    rule: Option<String>,
    r#macro: Option<String>,
    list: Option<String>,
    desc: Option<String>,
    condition: Option<String>,
    output: Option<String>,
    priority: Option<String>,
    source: Option<String>,
    tags: Option<Vec<serde_json::Value>>,
    items: Option<Vec<serde_json::Value>>,
    enabled: Option<serde_json::Value>,
    append: Option<bool>,
    r#override: BTreeMap<String, String>,
}

/// What we use of falco.yaml.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Config {
    rules_files: Option<Names>,
    rules_file: Option<Names>,
}

/// One name or several.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Names {
    One(String),
    Many(Vec<String>),
}

impl RulesFiles {
    /// Reads what Falco would read: `path` is a rules file, or a folder with `falco.yaml` and its `rules_files`, else
    /// `falco_rules.yaml`, `falco_rules.local.yaml` and `rules.d`. A path that does not exist is no problem: `files` is
    /// empty then.
    pub fn read(path: &Path) -> Self {
        let mut read = Self::default();
        if path.is_file() {
            read.read_file(path);
            return read;
        }
        if !path.is_dir() {
            return read;
        }
        let mut names = read.configured(path);
        if names.is_empty() {
            names = ["falco_rules.yaml", "falco_rules.local.yaml", "rules.d"]
                .map(|name| path.join(name))
                .to_vec();
            // A folder of rules files that is no configuration of Falco's.
            if !names.iter().any(|name| name.exists()) {
                names = vec![path.to_owned()];
            }
        }
        for name in names {
            if name.is_dir() {
                for file in read.yaml_files(&name) {
                    read.read_file(&file);
                }
            } else if name.exists() {
                read.read_file(&name);
            }
        }
        read
    }

    /// Adds what one rules file says, in Falco's order: a later item replaces, appends to or overrides an earlier one.
    pub fn add_text(&mut self, text: &str, file: &Path) {
        match serde_saphyr::from_str::<Vec<Item>>(text) {
            Ok(items) => items.into_iter().for_each(|item| self.add(item, file)),
            Err(error) => {
                let first_line = error.to_string().lines().next().unwrap_or_default().to_owned();
                self.problems
                    .push(format!("{}: {first_line}; its other items were read", file.display()));
                for item in items_of(text) {
                    if let Ok(items) = serde_saphyr::from_str::<Vec<Item>>(&item) {
                        for item in items {
                            self.add(item, file);
                        }
                    }
                }
            }
        }
    }

    fn configured(&mut self, folder: &Path) -> Vec<PathBuf> {
        let mut names = Vec::new();
        let config = folder.join("falco.yaml");
        let mut configs = if config.is_file() { vec![config] } else { Vec::new() };
        if folder.join("config.d").is_dir() {
            configs.extend(self.yaml_files(&folder.join("config.d")));
        }
        for config in configs {
            let Some(text) = self.text(&config) else { continue };
            match serde_saphyr::from_str::<Config>(&text) {
                Ok(config) => {
                    for list in [config.rules_files, config.rules_file].into_iter().flatten() {
                        match list {
                            Names::One(name) => names.push(name),
                            Names::Many(list) => names.extend(list),
                        }
                    }
                }
                Err(error) => {
                    let first_line =
                        error.to_string().lines().next().unwrap_or_default().to_owned();
                    self.problems.push(format!("{}: {first_line}", config.display()));
                }
            }
        }
        let place = |name: String| {
            // A copy of a host's folder still names the host's paths.
            let copied =
                Path::new(&name).strip_prefix("/etc/falco").ok().map(|rest| folder.join(rest));
            copied.filter(|path| path.exists()).unwrap_or_else(|| folder.join(&name))
        };
        names.into_iter().map(place).collect()
    }

    fn yaml_files(&mut self, folder: &Path) -> Vec<PathBuf> {
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => {
                self.problems.push(format!("cannot read {}: {error}", folder.display()));
                return Vec::new();
            }
        };
        let is_yaml = |path: &PathBuf| {
            path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
                && path.is_file()
        };
        let mut files: Vec<_> =
            entries.flatten().map(|entry| entry.path()).filter(is_yaml).collect();
        files.sort();
        files
    }

    fn read_file(&mut self, file: &Path) {
        if let Some(text) = self.text(file) {
            self.files.push(file.to_owned());
            self.add_text(&text, file);
        }
    }

    fn text(&mut self, file: &Path) -> Option<String> {
        match std::fs::read(file) {
            Ok(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
            Err(error) => {
                self.problems.push(format!("cannot read {}: {error}", file.display()));
                None
            }
        }
    }

    fn add(&mut self, item: Item, file: &Path) {
        let appends_all = item.append == Some(true);
        let appends =
            |key: &str| appends_all || item.r#override.get(key).is_some_and(|how| how == "append");
        let is_change = appends_all || !item.r#override.is_empty();
        if let Some(name) = &item.list {
            let items = item.items.iter().flatten().map(word).collect::<Vec<_>>();
            let list = self.lists.entry(name.clone()).or_default();
            if !appends("items") {
                list.clear();
            }
            list.extend(items);
        } else if let Some(name) = &item.r#macro {
            let condition = item.condition.clone().unwrap_or_default();
            let known = self.macros.entry(name.clone()).or_default();
            set(known, &condition, appends("condition"));
        } else if let Some(name) = &item.rule {
            // `enabled: false` with nothing else switches a rule off that another item defines.
            let is_switch = item.condition.is_none() && item.output.is_none();
            let known = self.rules.remove(name);
            let mut rule = match known {
                Some(rule) if is_change || is_switch => rule,
                _ => RuleFacts {
                    name: name.clone(),
                    source: "syscall".into(),
                    enabled: true,
                    file: file.to_owned(),
                    ..RuleFacts::default()
                },
            };
            if let Some(text) = &item.desc {
                set(&mut rule.description, text, appends("desc"));
            }
            if let Some(text) = &item.condition {
                set(&mut rule.condition, text, appends("condition"));
            }
            if let Some(text) = &item.output {
                set(&mut rule.output, text, appends("output"));
            }
            if let Some(priority) = item.priority.as_deref().and_then(Priority::parse) {
                rule.priority = Some(priority);
            }
            if let Some(source) = &item.source {
                rule.source.clone_from(source);
            }
            if let Some(tags) = &item.tags {
                if !appends("tags") {
                    rule.tags.clear();
                }
                rule.tags.extend(tags.iter().map(word));
            }
            if let Some(enabled) = &item.enabled {
                rule.enabled = !matches!(word(enabled).as_str(), "false" | "no" | "off");
            }
            self.rules.insert(name.clone(), rule);
        }
    }
}

/// Text that replaces, or follows after a space.
fn set(known: &mut String, text: &str, appends: bool) {
    let text = text.trim();
    if appends && !known.is_empty() {
        known.push(' ');
        known.push_str(text);
    } else {
        text.clone_into(known);
    }
}

fn word(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The items of a rules file by their dashes in the first column, for a file that is no YAML as a whole.
fn items_of(text: &str) -> Vec<String> {
    let mut items: Vec<String> = Vec::new();
    for line in text.lines() {
        if line.starts_with("- ") {
            items.push(String::new());
        }
        if let Some(item) = items.last_mut() {
            item.push_str(line);
            item.push('\n');
        }
    }
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
- required_engine_version: 0.31.0
- list: my_shells
  items: [sh, "bash", 7]
- macro: my_macro
  condition: (evt.type = execve)
- rule: Mine
  desc: >
    Something of mine
    happened.
  condition: my_macro and proc.name in (my_shells)
  output: Mine happened (user=%user.name)
  priority: INFO
  tags: [a, b]
"#;

    #[track_caller]
    fn read(more: &str) -> RulesFiles {
        let mut files = RulesFiles::default();
        files.add_text(FILE, Path::new("a.yaml"));
        files.add_text(more, Path::new("b.yaml"));
        files
    }

    #[test]
    fn rules_macros_and_lists_are_read() {
        let files = read("[]");
        let rule = &files.rules["Mine"];
        assert_eq!(rule.description, "Something of mine happened.");
        assert_eq!(rule.priority, Some(Priority::Informational));
        assert_eq!(rule.source, "syscall");
        assert!(rule.enabled);
        assert_eq!(files.lists["my_shells"], ["sh", "bash", "7"]);
        assert_eq!(files.macros["my_macro"], "(evt.type = execve)");
        assert_eq!(files.problems, [""; 0]);
    }

    #[test]
    fn later_items_append_and_override() {
        let files = read(
            "- rule: Mine\n  condition: and not x\n  append: true\n\
             - rule: Mine\n  priority: ERROR\n  tags: [c]\n  override: {priority: replace, tags: append}\n\
             - rule: Mine\n  enabled: false\n\
             - list: my_shells\n  items: [zsh]\n  override: {items: append}\n",
        );
        let rule = &files.rules["Mine"];
        assert_eq!(rule.condition, "my_macro and proc.name in (my_shells) and not x");
        assert_eq!(rule.priority, Some(Priority::Error));
        assert_eq!(rule.tags, ["a", "b", "c"]);
        assert!(!rule.enabled);
        assert_eq!(files.lists["my_shells"], ["sh", "bash", "7", "zsh"]);
    }

    #[test]
    fn a_broken_item_costs_only_itself() {
        let files = read(
            "- rule: Bad\n  output: \"open\n- rule: Good\n  output: Good one\n  priority: NOTICE\n",
        );
        assert_eq!(files.problems.len(), 1);
        assert!(files.rules.contains_key("Mine"));
        assert!(files.rules.contains_key("Good"));
    }

    #[test]
    fn the_files_that_falco_yaml_names_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        std::fs::write(path.join("mine.yaml"), FILE).unwrap();
        std::fs::write(
            path.join("falco.yaml"),
            "rules_files:\n  - /etc/falco/mine.yaml\n  - /etc/falco/none.d\n",
        )
        .unwrap();
        let files = RulesFiles::read(path);
        assert_eq!(files.files, [path.join("mine.yaml")]);
        assert!(files.rules.contains_key("Mine"));
        assert_eq!(RulesFiles::read(Path::new("/nowhere")), RulesFiles::default());
    }
}
