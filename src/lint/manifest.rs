//! Rules about YAML and JSON documents: Falco rules, compose files, Kubernetes objects. Their keys are facts of
//! Falco's rule schema, the compose specification and the Kubernetes API.

mod falco;
mod kubernetes;

use super::{Finding, weaken};
use serde_json::{Map, Value};

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

struct Page<'a> {
    text: &'a str,
    line: usize,
    found: &'a mut Vec<Finding>,
}

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
