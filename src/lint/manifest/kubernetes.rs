//! Objects of Kubernetes: keys that its schema does not know, policies that select everything, versions that are gone.

use super::Page;
use serde_json::{Map, Value};

impl Page<'_> {
    /// The body of `kubectl patch`: a typo in it is taken without a word.
    pub(super) fn patch(&mut self, map: &Map<String, Value>) {
        let spec = map.get("spec").and_then(Value::as_object).unwrap_or(map);
        let template = spec
            .get("template")
            .and_then(|template| template.get("spec"))
            .and_then(Value::as_object);
        self.pod(template.or(Some(spec)));
    }

    pub(super) fn kubernetes(&mut self, map: &Map<String, Value>) {
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
