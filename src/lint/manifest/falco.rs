//! Falco's rules, macros and lists: their keys, their conditions, exceptions that are too wide.

use super::Page;
use crate::query::{Filter, Names, fields, nearest};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Priorities as Falco reads them in a rule.
const PRIORITIES: [&str; 11] = [
    "emergency",
    "alert",
    "critical",
    "error",
    "warning",
    "notice",
    "informational",
    "info",
    "debug",
    "warn",
    "err",
];

/// A condition without the brackets and blanks around it.
fn meaning(condition: &str) -> &str {
    condition.trim().trim_matches(['(', ')', ' '])
}

impl Page<'_> {
    pub(super) fn falco(&mut self, item: &Value) {
        const RULE: [&str; 15] = [
            "rule",
            "desc",
            "condition",
            "output",
            "priority",
            "tags",
            "exceptions",
            "enabled",
            "source",
            "append",
            "override",
            "skip-if-unknown-filter",
            "warn_evttypes",
            "capture",
            "capture_duration",
        ];
        const OTHER: [&str; 9] = [
            "macro",
            "list",
            "condition",
            "items",
            "append",
            "override",
            "required_engine_version",
            "required_plugin_versions",
            "source",
        ];
        let Some(map) = item.as_object() else { return self.say("Y02", "") };
        let Some(name) = map.get("rule").and_then(Value::as_str) else {
            if let Some(key) = map.keys().find(|key| !OTHER.contains(&key.as_str())) {
                self.say_why("Y02", key, &format!("`{key}`"));
            }
            return self.macro_of_all(map);
        };
        if let Some(key) = map.keys().find(|key| !RULE.contains(&key.as_str())) {
            self.say_why("Y02", key, &format!("`{key}`"));
        }
        let changes = map.contains_key("append") || map.contains_key("override");
        let is_switch = map.get("enabled").is_some() && map.len() <= 3;
        if !changes
            && !is_switch
            && !["desc", "condition", "output", "priority"].iter().all(|key| map.contains_key(*key))
        {
            self.say_why("Y02", name, "a rule needs desc, condition, output and priority");
        }
        if map.get("enabled") == Some(&Value::Bool(false)) {
            self.say("W06", "enabled");
        }
        let condition = map.get("condition").and_then(Value::as_str).unwrap_or_default();
        if matches!(meaning(condition), "never_true" | "evt.num < 0" | "evt.num<0")
            || condition
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" ")
                .ends_with("and never_true")
        {
            self.say("W06", "condition");
        }
        let is_text = |key: &str| map.get(key).is_none_or(Value::is_string);
        if let Some(key) =
            ["condition", "output", "desc", "priority"].into_iter().find(|key| !is_text(key))
        {
            self.say_why("Y02", key, &format!("`{key}` must be text"));
        }
        if let Some(priority) = map.get("priority").and_then(Value::as_str)
            && !PRIORITIES.contains(&priority.to_ascii_lowercase().as_str())
        {
            self.say_why("Y02", "priority", &format!("`{priority}` is no priority"));
        }
        if !changes {
            self.asks(map);
        }
        for exception in map.get("exceptions").and_then(Value::as_array).into_iter().flatten() {
            self.exception(exception);
        }
    }

    /// Y02: a condition that Falco does not parse, and fields it does not have, as far as they are of its own classes.
    fn asks(&mut self, map: &Map<String, Value>) {
        /// Falco's own, and such as were made up beside them.
        const CLASSES: [&str; 18] = [
            "evt.",
            "proc.",
            "fd.",
            "user.",
            "group.",
            "container.",
            "k8s.",
            "thread.",
            "fs.",
            "syslog.",
            "process.",
            "file.",
            "network.",
            "event.",
            "pod.",
            "syscall.",
            "connection.",
            "command.",
        ];
        let text = |key: &str| map.get(key).and_then(Value::as_str).unwrap_or_default();
        let condition = text("condition");
        let mut asked: Vec<String> = Vec::new();
        if !condition.trim().is_empty() {
            match Filter::check(condition, &Names::default()) {
                Ok(filter) => asked.extend(filter.fields().map(str::to_owned)),
                Err(error) => self.say_why("Y02", "condition", &error.to_string()),
            }
        }
        let output = text("output");
        asked.extend(output.split('%').skip(1).map(|rest| {
            let is_name = |c: char| c.is_ascii_alphanumeric() || "._".contains(c);
            let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
            rest.get(..end).unwrap_or_default().trim_end_matches('.').to_owned()
        }));
        let is_missing = |name: &&String| {
            let plain = name.split('[').next().unwrap_or_default();
            CLASSES.iter().any(|class| plain.starts_with(class))
                && fields::find(plain).is_none()
                && fields::find_dotted(plain).is_none()
        };
        let missing: BTreeSet<&String> = asked.iter().filter(is_missing).collect();
        for name in missing {
            let known = fields::all().iter().map(|field| field.name);
            let near = nearest(name, known).map_or_else(String::new, |near| format!("; {near} is"));
            self.say_why("Y02", name, &format!("`{name}` is no field of Falco's{near}"));
        }
    }

    /// Y05: a macro that rules ask for what they let pass, and that is always true.
    fn macro_of_all(&mut self, map: &Map<String, Value>) {
        let text = |key: &str| map.get(key).and_then(Value::as_str).unwrap_or_default();
        let name = text("macro");
        let lets_pass = ["known", "allow", "trusted", "white", "safe", "exempt", "ignore"]
            .iter()
            .any(|word| name.contains(word))
            || name.starts_with("user_");
        let is_all =
            matches!(meaning(text("condition")), "always_true" | "evt.num >= 0" | "evt.num>=0");
        if lets_pass && is_all {
            self.say("Y05", name);
        }
    }

    /// Y05: fewer than two fields, or a value so short that it matches what nobody meant.
    fn exception(&mut self, exception: &Value) {
        let name = exception.get("name").and_then(Value::as_str).unwrap_or("exceptions").to_owned();
        // More values for an exception that exists elsewhere bring no fields along.
        let n_fields = match exception.get("fields") {
            Some(Value::Array(fields)) => fields.len(),
            Some(_) => 1,
            None => 2,
        };
        let mut short = false;
        for row in exception.get("values").and_then(Value::as_array).into_iter().flatten() {
            let comps = exception.get("comps").and_then(Value::as_array);
            for (at, value) in row.as_array().into_iter().flatten().enumerate() {
                let comp =
                    comps.and_then(|comps| comps.get(at)).and_then(Value::as_str).unwrap_or("=");
                let is_loose =
                    matches!(comp, "contains" | "startswith" | "endswith" | "glob" | "icontains");
                short |= is_loose
                    && value
                        .as_str()
                        .is_some_and(|text| text.trim_matches('/').len() < 5 || text.len() < 7);
                short |= matches!(value.as_str(), Some("" | "*" | "/" | "**"));
            }
        }
        // YAML's `=` is a value of its own to some readers.
        let bare = self.text.lines().find(|row| {
            row.contains("comps:")
                && row.split(['[', ',', ']']).skip(1).any(|word| word.trim() == "=")
        });
        if let Some(row) = bare.map(str::to_owned) {
            self.say_why("Y02", row.trim(), "a bare `=` must be quoted");
        }
        if n_fields < 2 || short {
            self.say("Y05", &name);
        }
    }
}
