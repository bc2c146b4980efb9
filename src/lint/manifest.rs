//! Rules about YAML and JSON documents: Falco rules, compose files, Kubernetes objects. Their keys are facts of
//! Falco's rule schema, the compose specification and the Kubernetes API.

use super::Finding;
use serde_json::{Map, Value};

/// Judges one document by what it is.
pub fn judge(value: &Value, text: &str, line: usize, found: &mut Vec<Finding>) {
    let mut page = Page { text, line, found };
    page.powers(value);
    match value {
        Value::Array(items) if items.iter().any(is_falco_item) => {
            for item in items {
                page.falco(item);
            }
        }
        Value::Object(map) if map.contains_key("services") => page.compose(map),
        Value::Object(map) if map.contains_key("apiVersion") && map.contains_key("kind") => {
            page.kubernetes(map);
        }
        Value::Object(map)
            if map
                .get("rules")
                .and_then(Value::as_array)
                .is_some_and(|rules| rules.iter().any(|rule| rule.get("name").is_some()))
                && !map.contains_key("groups") =>
        {
            page.say("Y02", "rules");
        }
        _ => {}
    }
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

    /// W03, W04: what gives away power, in whatever document.
    fn powers(&mut self, value: &Value) {
        match value {
            Value::Object(map) => {
                for (key, inner) in map {
                    let is_true = inner == &Value::Bool(true);
                    let host =
                        matches!(key.as_str(), "network_mode" | "pid" | "ipc" | "userns_mode")
                            && inner.as_str() == Some("host");
                    if matches!(
                        key.as_str(),
                        "privileged"
                            | "allowPrivilegeEscalation"
                            | "hostNetwork"
                            | "hostPID"
                            | "hostIPC"
                    ) && is_true
                        || host
                    {
                        self.say("W04", key);
                    }
                    if key == "type" && inner.as_str() == Some("Unconfined") {
                        self.say("W03", "Unconfined");
                    }
                    if matches!(key.as_str(), "security_opt")
                        && inner.to_string().contains("unconfined")
                    {
                        self.say(
                            if inner.to_string().contains("apparmor") { "W02" } else { "W03" },
                            "unconfined",
                        );
                    }
                    let adds_all = matches!(key.as_str(), "cap_add" | "add")
                        && inner.as_array().is_some_and(|caps| {
                            caps.iter().filter_map(Value::as_str).any(|cap| {
                                matches!(
                                    cap,
                                    "ALL" | "SYS_ADMIN" | "SYS_PTRACE" | "SYS_MODULE" | "NET_ADMIN"
                                )
                            })
                        });
                    if adds_all {
                        self.say("W04", key);
                    }
                    self.powers(inner);
                }
            }
            Value::Array(items) => {
                for item in items {
                    self.powers(item);
                }
            }
            Value::String(text)
                if text.contains("docker.sock:")
                    || text == "/var/run/docker.sock"
                    || text == "/run/docker.sock" =>
            {
                self.say("W04", "docker.sock");
            }
            _ => {}
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
            return;
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
        for exception in map.get("exceptions").and_then(Value::as_array).into_iter().flatten() {
            self.exception(exception);
        }
    }

    /// Y05: fewer than two fields, or a value so short that it matches what nobody meant.
    fn exception(&mut self, exception: &Value) {
        let name = exception.get("name").and_then(Value::as_str).unwrap_or("exceptions").to_owned();
        let n_fields = match exception.get("fields") {
            Some(Value::Array(fields)) => fields.len(),
            Some(_) => 1,
            None => return,
        };
        let mut short = false;
        for row in exception.get("values").and_then(Value::as_array).into_iter().flatten() {
            let comps = exception.get("comps").and_then(Value::as_array);
            for (at, value) in row.as_array().into_iter().flatten().enumerate() {
                let comp =
                    comps.and_then(|comps| comps.get(at)).and_then(Value::as_str).unwrap_or("=");
                let is_loose =
                    matches!(comp, "contains" | "startswith" | "endswith" | "glob" | "icontains");
                short |= is_loose && value.as_str().is_some_and(|text| text.len() < 7);
            }
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
            let wrong: Vec<_> = service
                .as_object()
                .into_iter()
                .flat_map(Map::keys)
                .filter(|key| !is_service_key(key))
                .cloned()
                .collect();
            for key in wrong {
                self.say_why("Y03", &key, &format!("`{key}`"));
            }
        }
    }

    fn kubernetes(&mut self, map: &Map<String, Value>) {
        let kind = map.get("kind").and_then(Value::as_str).unwrap_or_default();
        let spec = map.get("spec").and_then(Value::as_object);
        match kind {
            "NetworkPolicy" => {
                let allowed = ["podSelector", "policyTypes", "ingress", "egress"];
                self.only(spec, &allowed);
                let selects_all = spec
                    .and_then(|spec| spec.get("podSelector"))
                    .and_then(Value::as_object)
                    .is_some_and(Map::is_empty);
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
            "Deployment" | "DaemonSet" | "StatefulSet" | "ReplicaSet" | "Job" => {
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
        const POD: [&str; 5] = ["securityOpt", "cap_drop", "cap_add", "limits", "networkMode"];
        const CONTEXT: [&str; 14] = [
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
            "fsGroup",
            "supplementalGroups",
        ];
        let Some(spec) = spec else { return };
        if let Some(key) = spec.keys().find(|key| POD.contains(&key.as_str())) {
            self.say_why("Y04", key, &format!("`{key}`"));
        }
        let containers = spec.get("containers").and_then(Value::as_array).into_iter().flatten();
        for context in containers.filter_map(|container| container.get("securityContext")) {
            self.only(context.as_object(), &CONTEXT);
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
