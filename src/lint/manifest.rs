//! Rules about YAML and JSON documents: Falco rules, compose files, Kubernetes objects. Their keys are facts of
//! Falco's rule schema, the compose specification and the Kubernetes API.

use super::{Finding, weaken};
use crate::query::{Filter, Names, fields, nearest};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Judges one document by what it is.
pub fn judge(value: &Value, text: &str, line: usize, found: &mut Vec<Finding>) {
    let mut page = Page { text, line, found };
    page.powers(value, "");
    match value {
        Value::Object(map)
            if map.get("commands").and_then(Value::as_array).is_some_and(|items| {
                items
                    .iter()
                    .any(|item| item.get("variants").is_some() || item.get("phase").is_some())
            }) =>
        {
            for entry in map.get("commands").and_then(Value::as_array).into_iter().flatten() {
                page.entry(entry);
            }
        }
        Value::Array(items)
            if items
                .iter()
                .any(|item| item.get("variants").is_some() && item.get("id").is_some()) =>
        {
            items.iter().for_each(|item| page.entry(item));
        }
        Value::Object(map) if map.contains_key("variants") && map.contains_key("id") => {
            page.entry(value);
        }
        Value::Array(items) if items.iter().any(is_falco_item) => {
            for item in items {
                page.falco(item);
            }
        }
        Value::Object(map) if map.contains_key("services") => page.compose(map),
        Value::Object(map) if map.contains_key("apiVersion") && map.contains_key("kind") => {
            page.kubernetes(map);
        }
        // What people who have not seen a rule of Falco's write.
        Value::Object(map)
            if map.get("rules").and_then(Value::as_array).is_some_and(|rules| {
                rules.iter().any(|rule| {
                    rule.get("apiGroups").is_none()
                        && ["name", "pattern", "condition", "rule", "severity", "priority"]
                            .iter()
                            .any(|key| rule.get(key).is_some())
                })
            }) && !map.contains_key("groups")
                && !map.contains_key("apiVersion")
                && !map.contains_key("spec") =>
        {
            page.say("Y02", "rules");
        }
        Value::Object(map)
            if names_fields(text)
                && map.get("rules").and_then(Value::as_array).is_some_and(|rules| {
                    rules.iter().any(|rule| {
                        rule.as_object().is_some_and(|rule| {
                            rule.get("apiGroups").is_none() && rule.get("disable").is_none()
                        })
                    })
                }) =>
        {
            page.say("Y02", "rules");
        }
        // Values of the chart, and what people take for them.
        Value::Object(map) if map.get("falco").is_some_and(Value::is_object) => {
            if let Some(inner) = map.get("falco") {
                judge(inner, text, line, found);
            }
        }
        // The rules of falco.yaml can switch some off.
        Value::Object(map)
            if map
                .get("rules")
                .and_then(Value::as_array)
                .is_some_and(|rules| rules.iter().any(|rule| rule.get("disable").is_some())) =>
        {
            page.say("W06", "disable");
        }
        Value::Object(map)
            if map.contains_key("condition")
                && (map.contains_key("rule") || map.contains_key("output")) =>
        {
            page.say("Y02", "condition");
        }
        Value::Array(items)
            if items.iter().any(|item| {
                item.get("condition").is_some()
                    && (item.get("output").is_some()
                        || item.get("severity").is_some()
                        || item.get("name").is_some() && item.get("pattern").is_some())
            }) =>
        {
            page.say("Y02", "condition");
        }
        // A service of compose that was pasted without the words around it.
        Value::Object(map)
            if map.contains_key("image")
                && map.len() > 1
                && !map.contains_key("kind")
                && !map.contains_key("name") =>
        {
            page.service(map);
        }
        Value::Object(map)
            if (map.contains_key("spec") || map.contains_key("containers"))
                && !map.contains_key("apiVersion") =>
        {
            page.patch(map);
        }
        // falco.yaml loads no rule below its own priority.
        Value::Object(map)
            if (map.contains_key("rules_files")
                || map.contains_key("json_output")
                || map.len() == 1)
                && map.get("priority").and_then(Value::as_str).is_some_and(weaken::is_deaf) =>
        {
            page.say("W06", "priority");
        }
        Value::Object(map)
            if map.get("seccomp-profile").and_then(Value::as_str) == Some("unconfined") =>
        {
            page.say("W03", "seccomp-profile");
        }
        _ => {}
    }
}

/// What the keys of a document that does not parse still tell.
pub fn rows(text: &str, line: usize, found: &mut Vec<Finding>) {
    let key_of = |row: &str| {
        let row = row.trim().trim_start_matches("- ");
        row.split_once(':').map(|(key, _)| key.trim().to_owned()).filter(|key| {
            !key.is_empty()
                && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
        })
    };
    let keys: Vec<(usize, String)> =
        text.lines().enumerate().filter_map(|(at, row)| Some((at, key_of(row)?))).collect();
    let has = |name: &str| keys.iter().any(|(_, key)| key == name);
    if has("rules") && (has("pattern") || has("severity")) && !has("apiVersion") {
        let at = keys.iter().find(|(_, key)| key == "rules").map_or(0, |(at, _)| *at);
        found.push(Finding::new("Y02", line + at, "rules"));
    }
    if has("services") {
        let wrong = [
            "securityOpt",
            "capAdd",
            "capDrop",
            "networkMode",
            "memLimit",
            "readOnly",
            "limits",
            "securityContext",
            "envFile",
            "capability",
            "capabilities",
            "seccompProfile",
            "runAsNonRoot",
        ];
        for (at, key) in keys.iter().filter(|(_, key)| wrong.contains(&key.as_str())) {
            found.push(Finding::new("Y03", line + at, key).because(&format!("`{key}`")));
        }
        if let Some((at, _)) = keys.iter().find(|(_, key)| key == "version") {
            found.push(Finding::new("Y09", line + at, "version"));
        }
    }
    for (at, row) in text.lines().enumerate() {
        let squeezed = row.trim().trim_start_matches("- ").replace(' ', "");
        if matches!(
            &*squeezed,
            "privileged:true"
                | "hostNetwork:true"
                | "hostPID:true"
                | "allowPrivilegeEscalation:true"
        ) {
            found.push(Finding::new("W04", line + at, row));
        }
    }
}

/// Whether a text speaks of Falco's fields.
fn names_fields(text: &str) -> bool {
    ["proc.", "evt.", "fd.", "container.", "k8s.", "user."].iter().any(|class| {
        text.match_indices(class).any(|(at, _)| {
            let behind = text.get(at + class.len()..).and_then(|rest| rest.chars().next());
            let before = text.get(..at).and_then(|before| before.chars().next_back());
            behind.is_some_and(|c| c.is_ascii_lowercase())
                && before.is_none_or(|c| !c.is_ascii_alphanumeric() && !"._-/".contains(c))
        })
    })
}

fn is_falco_item(item: &Value) -> bool {
    ["rule", "macro", "list", "required_engine_version", "required_plugin_versions"]
        .iter()
        .any(|key| item.get(key).is_some())
}

/// A condition without the brackets and blanks around it.
fn meaning(condition: &str) -> &str {
    condition.trim().trim_matches(['(', ')', ' '])
}

struct Page<'a> {
    text: &'a str,
    line: usize,
    found: &'a mut Vec<Finding>,
}

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

impl Page<'_> {
    /// Says a rule about the first line that holds `word`.
    fn say(&mut self, id: &'static str, word: &str) {
        let (row, words) =
            self.text.lines().enumerate().find(|(_, row)| row.contains(word)).unwrap_or((0, word));
        self.found.push(Finding::new(id, self.line + row, words));
    }

    fn say_why(&mut self, id: &'static str, word: &str, why: &str) {
        self.say(id, word);
        if let Some(last) = self.found.pop() {
            self.found.push(last.because(why));
        }
    }

    /// M01: an entry of a catalogue that cannot be offered as it is.
    fn entry(&mut self, entry: &Value) {
        let Some(map) = entry.as_object() else { return };
        let id = map.get("id").and_then(Value::as_str).unwrap_or("commands").to_owned();
        let is_safe = map
            .get("risk")
            .and_then(Value::as_str)
            .is_some_and(|risk| risk == "read-only" || risk == "adds-noise");
        let missing = ["id", "phase", "risk"]
            .iter()
            .find(|key| !map.contains_key(**key))
            .copied()
            .or_else(|| {
                (!map.contains_key("priv") && !map.contains_key("privilege")).then_some("priv")
            })
            .or_else(|| (!map.contains_key("undo") && !is_safe).then_some("undo"));
        if let Some(key) = missing {
            self.say_why("M01", &id, &format!("no `{key}`"));
        }
    }

    /// W02 to W04: what gives away power, in whatever document. `above` is the key that leads here.
    fn powers(&mut self, value: &Value, above: &str) {
        match value {
            Value::Object(map) => {
                for (key, inner) in map {
                    self.power(key, inner, above);
                    self.powers(inner, key);
                }
                let is_admin = map.get("roleRef").is_some_and(|role| {
                    role.get("name").and_then(Value::as_str) == Some("cluster-admin")
                });
                if is_admin {
                    self.say("W09", "cluster-admin");
                }
                let all = |key: &str| {
                    map.get(key)
                        .and_then(Value::as_array)
                        .is_some_and(|items| items.iter().any(|item| item.as_str() == Some("*")))
                };
                if all("verbs") && all("resources") && all("apiGroups") {
                    self.say("W09", "verbs");
                }
            }
            Value::Array(items) => {
                for item in items {
                    self.powers(item, above);
                }
            }
            Value::String(text) => {
                let source = text.split(':').next().unwrap_or(text);
                let is_mount =
                    matches!(above, "volumes" | "path" | "source" | "hostPath" | "binds" | "Binds");
                if is_mount
                    && weaken::is_host_path(source)
                    && (text.contains(':') || above != "volumes")
                    && (above != "path"
                        || source.to_ascii_lowercase().ends_with(".sock")
                        || self.text.contains("hostPath"))
                {
                    self.say("W04", source);
                }
            }
            _ => {}
        }
    }

    fn power(&mut self, key: &str, inner: &Value, above: &str) {
        let is_true = inner == &Value::Bool(true);
        let text = inner.as_str().unwrap_or_default();
        let host = matches!(
            key,
            "network_mode"
                | "pid"
                | "ipc"
                | "userns_mode"
                | "uts"
                | "PidMode"
                | "NetworkMode"
                | "IpcMode"
        ) && text == "host";
        let gives = matches!(
            key,
            "privileged"
                | "allowPrivilegeEscalation"
                | "hostNetwork"
                | "hostPID"
                | "hostIPC"
                | "Privileged"
        );
        if gives && is_true || host {
            self.say("W04", key);
        }
        let adds = matches!(key, "cap_add" | "add" | "CapAdd")
            && inner
                .as_array()
                .is_some_and(|caps| caps.iter().filter_map(Value::as_str).any(weaken::is_power));
        if adds {
            self.say("W04", key);
        }
        if key == "type" && text == "Unconfined" {
            self.say(if above == "appArmorProfile" { "W02" } else { "W03" }, "Unconfined");
        }
        if matches!(key, "security_opt" | "SecurityOpt") {
            for option in inner.as_array().into_iter().flatten().filter_map(Value::as_str) {
                let option = option.replace(['=', ' '], ":");
                match &*option {
                    "apparmor:unconfined" | "label:disable" => self.say("W02", "unconfined"),
                    "seccomp:unconfined" => self.say("W03", "unconfined"),
                    _ => {}
                }
            }
        }
        if text == "unconfined" && key.contains("apparmor") {
            self.say("W02", key);
        }
        if text == "unconfined" && key.contains("seccomp") {
            self.say("W03", key);
        }
        // Tasks of Ansible.
        if (key == "selinux" || key.ends_with(".selinux"))
            && matches!(inner.get("state").and_then(Value::as_str), Some("disabled" | "permissive"))
        {
            self.say("W01", "state");
        }
    }

    fn falco(&mut self, item: &Value) {
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

    fn compose(&mut self, map: &Map<String, Value>) {
        const TOP: [&str; 9] = [
            "version", "name", "services", "networks", "volumes", "configs", "secrets", "include",
            "models",
        ];
        if map.contains_key("version") {
            self.say("Y09", "version");
        }
        if let Some(key) =
            map.keys().find(|key| !TOP.contains(&key.as_str()) && !key.starts_with("x-"))
        {
            self.say_why("Y03", key, &format!("`{key}`"));
        }
        for service in
            map.get("services").and_then(Value::as_object).into_iter().flat_map(Map::values)
        {
            if let Some(service) = service.as_object() {
                self.service(service);
            }
        }
    }

    fn service(&mut self, service: &Map<String, Value>) {
        let wrong: Vec<_> = service.keys().filter(|key| !is_service_key(key)).cloned().collect();
        for key in wrong {
            self.say_why("Y03", &format!("{key}:"), &format!("`{key}`"));
        }
        for option in service.get("security_opt").and_then(Value::as_array).into_iter().flatten() {
            let word = option
                .as_str()
                .map(|text| text.split([':', '=']).next().unwrap_or_default().to_owned());
            if !word.as_deref().is_some_and(|word| {
                matches!(
                    word,
                    "no-new-privileges"
                        | "apparmor"
                        | "seccomp"
                        | "label"
                        | "systempaths"
                        | "credentialspec"
                        | "mask"
                        | "unmask"
                        | "proc-opts"
                )
            }) {
                self.say_why(
                    "Y03",
                    "security_opt",
                    "an option of security_opt that docker does not know",
                );
            }
        }
        if service
            .get("cpus")
            .is_some_and(|cpus| cpus.as_str().is_some_and(|text| text.ends_with('m')))
        {
            self.say_why("Y03", "cpus", "a unit of Kubernetes");
        }
    }

    /// The body of `kubectl patch`: a typo in it is taken without a word.
    fn patch(&mut self, map: &Map<String, Value>) {
        let spec = map.get("spec").and_then(Value::as_object).unwrap_or(map);
        let template = spec
            .get("template")
            .and_then(|template| template.get("spec"))
            .and_then(Value::as_object);
        self.pod(template.or(Some(spec)));
    }

    fn kubernetes(&mut self, map: &Map<String, Value>) {
        let kind = map.get("kind").and_then(Value::as_str).unwrap_or_default();
        let version = map.get("apiVersion").and_then(Value::as_str).unwrap_or_default();
        let spec = map.get("spec").and_then(Value::as_object);
        if let Some(why) = removed(version, kind) {
            self.say_why("Y04", "apiVersion", why);
        }
        match kind {
            "NetworkPolicy" => {
                let allowed = ["podSelector", "policyTypes", "ingress", "egress"];
                self.only(spec, &allowed);
                let selects_all = spec
                    .and_then(|spec| spec.get("podSelector"))
                    .and_then(Value::as_object)
                    .is_some_and(|selector| {
                        selector.values().all(|inner| inner.as_object().is_some_and(Map::is_empty))
                    });
                let opens = spec.is_some_and(|spec| {
                    ["ingress", "egress"].iter().any(|way| {
                        spec.get(*way)
                            .and_then(Value::as_array)
                            .is_some_and(|rules| !rules.is_empty())
                    })
                });
                if selects_all && !opens {
                    self.say("B06", "podSelector");
                }
            }
            "Pod" => self.pod(spec),
            "CiliumNetworkPolicy" => {
                let all = spec
                    .and_then(|spec| spec.get("endpointSelector"))
                    .and_then(Value::as_object)
                    .is_some_and(Map::is_empty);
                if all {
                    self.say("B06", "endpointSelector");
                }
            }
            "CronJob" => {
                let job = spec
                    .and_then(|spec| spec.get("jobTemplate"))
                    .and_then(|job| job.get("spec"))
                    .and_then(|job| job.get("template"));
                self.pod(job.and_then(|template| template.get("spec")).and_then(Value::as_object));
            }
            "Deployment" | "DaemonSet" | "StatefulSet" | "ReplicaSet" | "Job" => {
                self.only(
                    map.get("metadata").and_then(Value::as_object),
                    &[
                        "name",
                        "namespace",
                        "labels",
                        "annotations",
                        "generateName",
                        "finalizers",
                        "ownerReferences",
                        "creationTimestamp",
                        "uid",
                        "resourceVersion",
                        "generation",
                        "managedFields",
                        "selfLink",
                    ],
                );
                self.pod(
                    spec.and_then(|spec| spec.get("template"))
                        .and_then(|template| template.get("spec"))
                        .and_then(Value::as_object),
                );
            }
            _ => {}
        }
    }

    fn pod(&mut self, spec: Option<&Map<String, Value>>) {
        /// Keys of a pod's specification (Kubernetes 1.33); a deployment's own stand here too, for the bodies of patches.
        const POD: &str = " activeDeadlineSeconds affinity automountServiceAccountToken containers dnsConfig dnsPolicy enableServiceLinks ephemeralContainers hostAliases hostIPC hostNetwork hostPID hostUsers hostname imagePullSecrets initContainers nodeName nodeSelector os overhead preemptionPolicy priority priorityClassName readinessGates resourceClaims resources restartPolicy runtimeClassName schedulerName schedulingGates securityContext serviceAccount serviceAccountName setHostnameAsFQDN shareProcessNamespace subdomain terminationGracePeriodSeconds tolerations topologySpreadConstraints volumes replicas selector template strategy updateStrategy minReadySeconds paused progressDeadlineSeconds revisionHistoryLimit serviceName volumeClaimTemplates podManagementPolicy completions parallelism backoffLimit suspend schedule jobTemplate podSelector policyTypes ingress egress ports type clusterIP externalTrafficPolicy rules tls ttlSecondsAfterFinished completionMode unschedulable taints podCIDR ";
        const CONTAINER: &str = " args command env envFrom image imagePullPolicy lifecycle livenessProbe name ports readinessProbe resizePolicy resources restartPolicy securityContext startupProbe stdin stdinOnce targetContainerName terminationMessagePath terminationMessagePolicy tty volumeDevices volumeMounts workingDir ";
        const OF_POD: [&str; 12] = [
            "appArmorProfile",
            "fsGroup",
            "fsGroupChangePolicy",
            "runAsGroup",
            "runAsNonRoot",
            "runAsUser",
            "seLinuxChangePolicy",
            "seLinuxOptions",
            "seccompProfile",
            "supplementalGroups",
            "supplementalGroupsPolicy",
            "sysctls",
        ];
        const CONTEXT: [&str; 12] = [
            "allowPrivilegeEscalation",
            "appArmorProfile",
            "capabilities",
            "privileged",
            "procMount",
            "readOnlyRootFilesystem",
            "runAsGroup",
            "runAsNonRoot",
            "runAsUser",
            "seLinuxOptions",
            "seccompProfile",
            "windowsOptions",
        ];
        let Some(spec) = spec else { return };
        if let Some(key) = spec.keys().find(|key| !POD.contains(&format!(" {key} "))) {
            self.say_why("Y04", &key.clone(), &format!("`{key}`"));
        }
        self.only(spec.get("securityContext").and_then(Value::as_object), &OF_POD);
        let lists = ["containers", "initContainers"]
            .into_iter()
            .filter_map(|key| spec.get(key)?.as_array())
            .flatten();
        for container in lists.filter_map(Value::as_object) {
            if let Some(key) = container.keys().find(|key| !CONTAINER.contains(&format!(" {key} ")))
            {
                self.say_why("Y04", key, &format!("`{key}`"));
            }
            let context = container.get("securityContext").and_then(Value::as_object);
            self.only(context, &CONTEXT);
            self.only(
                context.and_then(|context| context.get("capabilities")).and_then(Value::as_object),
                &["add", "drop"],
            );
            self.only(
                container.get("resources").and_then(Value::as_object),
                &["limits", "requests", "claims"],
            );
        }
    }

    fn only(&mut self, map: Option<&Map<String, Value>>, allowed: &[&str]) {
        if let Some(key) =
            map.into_iter().flat_map(Map::keys).find(|key| !allowed.contains(&key.as_str()))
        {
            self.say_why("Y04", key, &format!("`{key}`"));
        }
    }
}

/// Why Kubernetes takes no object of a version that it once had (its guide to deprecated versions).
fn removed(version: &str, kind: &str) -> Option<&'static str> {
    match (version, kind) {
        (_, "PodSecurityPolicy") => {
            Some("removed in Kubernetes 1.25: label the namespace for Pod Security Admission")
        }
        ("extensions/v1beta1", "Deployment" | "DaemonSet" | "ReplicaSet")
        | ("apps/v1beta1" | "apps/v1beta2", _) => Some("removed in Kubernetes 1.16: apps/v1"),
        ("extensions/v1beta1", "NetworkPolicy") => {
            Some("removed in Kubernetes 1.16: networking.k8s.io/v1")
        }
        ("extensions/v1beta1" | "networking.k8s.io/v1beta1", "Ingress") => {
            Some("removed in Kubernetes 1.22: networking.k8s.io/v1")
        }
        ("batch/v1beta1", "CronJob") => Some("removed in Kubernetes 1.25: batch/v1"),
        ("policy/v1beta1", "PodDisruptionBudget") => Some("removed in Kubernetes 1.25: policy/v1"),
        ("rbac.authorization.k8s.io/v1beta1", _) => {
            Some("removed in Kubernetes 1.22: rbac.authorization.k8s.io/v1")
        }
        _ => None,
    }
}

/// Keys of a service in the compose specification.
fn is_service_key(key: &str) -> bool {
    const KEYS: &str = " annotations attach build blkio_config cap_add cap_drop cgroup cgroup_parent command configs container_name cpu_count cpu_percent \
        cpu_shares cpu_quota cpu_period cpu_rt_period cpu_rt_runtime cpus cpuset credential_spec depends_on deploy develop device_cgroup_rules devices dns \
        dns_opt dns_search domainname entrypoint env_file environment expose extends external_links extra_hosts gpus group_add healthcheck hostname image \
        init ipc isolation label_file labels links logging mac_address mem_limit mem_reservation mem_swappiness memswap_limit models network_mode networks \
        oom_kill_disable oom_score_adj pid pids_limit platform ports post_start pre_stop privileged profiles provider pull_policy read_only restart runtime \
        scale secrets security_opt shm_size stdin_open stop_grace_period stop_signal storage_opt sysctls tmpfs tty ulimits use_api_socket user userns_mode uts \
        volumes volumes_from working_dir ";
    key.starts_with("x-") || KEYS.contains(&format!(" {key} "))
}
