//! Rule B08: parts of the platform, whose end takes the node's network, storage or control along.

use super::Finding;
use super::call::Call;
use crate::model::Alert;
use std::cell::LazyCell;

/// Namespaces in which the platform itself runs.
pub fn is_platform_namespace(name: &str) -> bool {
    matches!(
        name,
        "kube-system"
            | "calico-system"
            | "tigera-operator"
            | "cilium"
            | "kube-flannel"
            | "longhorn-system"
            | "rook-ceph"
            | "istio-system"
            | "calico-apiserver"
            | "metallb-system"
            | "kube-node-lease"
    )
}

/// Names of images and pods of the network, the storage and the control of a cluster.
fn platform_part(text: &str) -> Option<&'static str> {
    const PARTS: [&str; 18] = [
        "calico/node",
        "calico-node",
        "calico-kube-controllers",
        "cilium",
        "flannel",
        "kube-proxy",
        "aws-node",
        "csi-",
        "multus",
        "weave-kube",
        "weave-net",
        "coredns",
        "etcd-",
        "kube-apiserver",
        "kube-controller-manager",
        "kube-scheduler",
        "ebs-csi",
        "node-driver-registrar",
    ];
    PARTS.iter().copied().find(|part| text.contains(part))
}

/// B08: the command ends or cuts off a part of the platform, by its own words or by the alert's.
pub fn judge<F: FnOnce() -> Option<String>>(
    call: &Call,
    of_alert: &LazyCell<Option<String>, F>,
    found: &mut Vec<Finding>,
) {
    let own = call
        .value_of(&["-n", "--namespace"])
        .filter(|name| is_platform_namespace(name) && matches!(&*call.program, "kubectl" | "oc"))
        .map(|name| format!("the namespace is {name}"))
        .or_else(|| {
            matches!(
                &*call.program,
                "docker" | "podman" | "nerdctl" | "kubectl" | "crictl" | "ctr" | "oc"
            )
            .then(|| call.plain().skip(1).find_map(platform_part))
            .flatten()
            .map(|part| format!("{part} belongs to the platform"))
        });
    if let Some(why) = own.or_else(|| (*of_alert).clone()) {
        found.push(Finding::new("B08", call.line, &call.words()).because(&why));
    }
}

/// What part of the platform an alert is about, by its namespace, its image, or as far as it looks like one.
pub fn platform_of(alert: &Alert) -> Option<String> {
    let (namespace, pod) = alert.k8s();
    if let Some(namespace) = namespace.filter(|name| is_platform_namespace(name)) {
        return Some(format!("the pod runs in {namespace}"));
    }
    if let Some(part) = alert.container().image.and_then(platform_part) {
        return Some(format!("the image is that of {part}"));
    }
    if pod.and_then(platform_part).is_some() {
        return Some("the pod belongs to the platform".to_owned());
    }
    let likeness = crate::analysis::likeness(alert)?;
    likeness
        .is_platform
        .then(|| format!("the process looks like this: {}", likeness.title.to_lowercase()))
}
