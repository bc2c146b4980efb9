//! Where it happened: host, container, Kubernetes, an audit log or a cloud; which runtime; how old the container is.

use super::{Kin, Notes};
use crate::analysis::outcome::Direction;
use crate::model::{Alert, Value};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($variant:ident $word:literal)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($variant),* }

        impl $name {
            /// The word in filters and texts.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }
        }
    };
}

words! {
    /// Where an event happened.
    Place { Host "host" Container "container" Kubernetes "kubernetes" Audit "audit" Cloud "cloud" Unknown "unknown" }
}

words! {
    /// What runs the container.
    Runtime { Docker "docker" Podman "podman" Containerd "containerd" Crio "cri-o" None "none" Unknown "unknown" }
}

/// Namespaces that hold the platform itself.
const PLATFORM_NAMESPACES: [&str; 9] = [
    "kube-system",
    "calico-system",
    "tigera-operator",
    "cilium",
    "istio-system",
    "longhorn-system",
    "rook-ceph",
    "openshift-sdn",
    "openshift-ovn-kubernetes",
];

/// Images that a node cannot do without: CNI, CSI, proxies.
const PLATFORM_IMAGES: [&str; 12] = [
    "calico/node",
    "calico/cni",
    "cilium/cilium",
    "flannel/flannel",
    "weaveworks/weave-kube",
    "kube-proxy",
    "aws-node",
    "amazon-k8s-cni",
    "kube-router",
    "antrea/antrea-ubuntu",
    "multus-cni",
    "coredns",
];

/// Places in registries where only the maker of an image can push.
const MAKERS: [&str; 49] = [
    "docker.io/amazon/",
    "docker.io/aquasec/",
    "docker.io/argoproj/",
    "docker.io/bitnami/",
    "docker.io/calico/",
    "docker.io/cilium/",
    "docker.io/coredns/",
    "docker.io/datadog/",
    "docker.io/falcosecurity/",
    "docker.io/flannel/",
    "docker.io/grafana/",
    "docker.io/kindest/",
    "docker.io/library/",
    "docker.io/longhornio/",
    "docker.io/metallb/",
    "docker.io/osixia/",
    "docker.io/prom/",
    "docker.io/rancher/",
    "docker.io/weaveworks/",
    "gcr.io/cadvisor/",
    "gcr.io/datadoghq/",
    "gcr.io/gke-release/",
    "gcr.io/google-containers/",
    "gcr.io/k8s-minikube/",
    "gcr.io/projectcalico-org/",
    "ghcr.io/cilium/",
    "ghcr.io/flannel-io/",
    "ghcr.io/kube-vip/",
    "gke.gcr.io/",
    "k8s.gcr.io/",
    "mcr.microsoft.com/",
    "nvcr.io/nvidia/",
    "public.ecr.aws/aws-observability/",
    "public.ecr.aws/calico/",
    "public.ecr.aws/datadog/",
    "public.ecr.aws/ebs-csi-driver/",
    "public.ecr.aws/efs-csi-driver/",
    "public.ecr.aws/eks/",
    "public.ecr.aws/falcosecurity/",
    "quay.io/argoproj/",
    "quay.io/calico/",
    "quay.io/cephcsi/",
    "quay.io/cilium/",
    "quay.io/jetstack/",
    "quay.io/metallb/",
    "quay.io/prometheus/",
    "quay.io/prometheus-operator/",
    "quay.io/tigera/",
    "registry.k8s.io/",
];

/// Where the event happened.
pub fn place(alert: &Alert) -> Place {
    let fields = &alert.fields;
    let source = alert.event_source.as_deref().unwrap_or("");
    if source.starts_with("k8s_audit")
        || source.starts_with("k8saudit")
        || fields.known("ka.verb").is_some()
    {
        return Place::Audit;
    }
    if ["aws_cloudtrail", "okta", "github", "gcp_auditlog", "gcpaudit", "azure"]
        .iter()
        .any(|name| source.starts_with(name))
    {
        return Place::Cloud;
    }
    let kubernetes = ["k8s.pod.name", "k8s.ns.name", "k8smeta.pod.name", "k8s.pod.id"];
    if kubernetes.iter().any(|name| fields.text(name).is_some()) {
        return Place::Kubernetes;
    }
    let container = alert.container();
    match container.id {
        Some("host") => Place::Host,
        Some(id) if !id.is_empty() => Place::Container,
        _ if container.name == Some("host") => Place::Host,
        _ if container.name.is_some() || container.image.is_some() => Place::Container,
        // The lookup of the container failed, or the output has no container fields: the rule can still tell. Its start
        // tells nothing, as processes of the host have one too.
        _ if source == "syscall" && rule_is_of_containers(alert) => Place::Container,
        _ if source == "syscall" && rule_is_of_the_host(alert) => Place::Host,
        // Fields that are not there prove nothing: the output may leave them out, or was cut before them.
        _ => Place::Unknown,
    }
}

fn rule_is_of_containers(alert: &Alert) -> bool {
    let tag = |name: &str| alert.tags.iter().any(|tag| &**tag == name);
    (tag("container") && !tag("host"))
        || alert
            .rule
            .as_deref()
            .is_some_and(|rule| rule.ends_with("Container") || rule.ends_with("container"))
}

/// Whether the rule says of itself that it looks at the host only.
fn rule_is_of_the_host(alert: &Alert) -> bool {
    let tag = |name: &str| alert.tags.iter().any(|tag| &**tag == name);
    (tag("host") && !tag("container"))
        || alert.rule.as_deref().is_some_and(|rule| rule.to_lowercase().ends_with(" on host"))
}

/// How an alert tells the runtime; what is greater counts more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Told {
    /// Not at all: what is usual there is taken.
    Not,
    /// By a name of the kind that docker or its shim for Kubernetes makes up.
    Name,
    /// By a parent that podman and CRI-O have.
    Parent,
    /// By such a parent and a pod, which rules podman out.
    ParentOfPod,
    /// `container.type` names it.
    Field,
}

/// The runtime, and how the alert tells it.
pub fn runtime(alert: &Alert, place: Place) -> (Runtime, Told) {
    if !matches!(place, Place::Container | Place::Kubernetes) {
        let none = if place == Place::Unknown { Runtime::Unknown } else { Runtime::None };
        return (none, Told::Not);
    }
    if let Some(word) = alert.fields.text("container.type") {
        let runtime = match word {
            "docker" => Runtime::Docker,
            "podman" | "libpod" => Runtime::Podman,
            "containerd" | "cri" => Runtime::Containerd,
            "cri-o" | "crio" => Runtime::Crio,
            _ => Runtime::Unknown,
        };
        let is_known = runtime != Runtime::Unknown;
        return (runtime, if is_known { Told::Field } else { Told::Not });
    }
    if super::ancestry::names(alert).iter().any(|(_, name)| *name == "conmon") {
        return if place == Place::Kubernetes {
            (Runtime::Crio, Told::ParentOfPod)
        } else {
            (Runtime::Podman, Told::Parent)
        };
    }
    let name = alert.container().name.unwrap_or("");
    // dockershim's names: k8s_CONTAINER_POD_NAMESPACE_UID_ATTEMPT
    let is_of_shim = name.starts_with("k8s_") && name.matches('_').count() >= 5;
    match place {
        _ if is_of_shim => (Runtime::Docker, Told::Name),
        Place::Kubernetes => (Runtime::Containerd, Told::Not),
        _ if is_docker_name(name) => (Runtime::Docker, Told::Name),
        _ => (Runtime::Unknown, Told::Not),
    }
}

/// Whether Docker made the name up: an adjective, an underscore, a scientist's name, perhaps a digit.
pub fn is_docker_name(name: &str) -> bool {
    let Some((adjective, surname)) = name.split_once('_') else { return false };
    let surname = surname.trim_end_matches(|c: char| c.is_ascii_digit());
    let adjectives = [
        "admiring",
        "adoring",
        "affectionate",
        "agitated",
        "amazing",
        "angry",
        "awesome",
        "beautiful",
        "blissful",
        "bold",
        "boring",
        "brave",
        "busy",
        "charming",
        "clever",
        "compassionate",
        "competent",
        "condescending",
        "confident",
        "cool",
        "cranky",
        "crazy",
        "dazzling",
        "determined",
        "distracted",
        "dreamy",
        "eager",
        "ecstatic",
        "elastic",
        "elated",
        "elegant",
        "eloquent",
        "epic",
        "exciting",
        "fervent",
        "festive",
        "flamboyant",
        "focused",
        "friendly",
        "frosty",
        "funny",
        "gallant",
        "gifted",
        "goofy",
        "gracious",
        "great",
        "happy",
        "hardcore",
        "heuristic",
        "hopeful",
        "hungry",
        "infallible",
        "inspiring",
        "intelligent",
        "interesting",
        "jolly",
        "jovial",
        "keen",
        "kind",
        "laughing",
        "loving",
        "lucid",
        "magical",
        "modest",
        "musing",
        "mystifying",
        "naughty",
        "nervous",
        "nice",
        "nifty",
        "nostalgic",
        "objective",
        "optimistic",
        "peaceful",
        "pedantic",
        "pensive",
        "practical",
        "priceless",
        "quirky",
        "quizzical",
        "recursing",
        "relaxed",
        "reverent",
        "romantic",
        "sad",
        "serene",
        "sharp",
        "silly",
        "sleepy",
        "stoic",
        "strange",
        "stupefied",
        "suspicious",
        "sweet",
        "tender",
        "thirsty",
        "trusting",
        "unruffled",
        "upbeat",
        "vibrant",
        "vigilant",
        "vigorous",
        "wizardly",
        "wonderful",
        "xenodochial",
        "youthful",
        "zealous",
        "zen",
    ];
    adjectives.contains(&adjective)
        && surname.len() >= 3
        && surname.chars().all(|c| c.is_ascii_lowercase())
}

/// Age of the container at the event, in nanoseconds. For the host Falco gives the age of the host, and where it did not
/// find the container out, that of whatever the process lives in.
pub fn age(alert: &Alert, place: Place) -> Option<i128> {
    let container = alert.container();
    let is_unresolved = container.id == Some("") && container.name.is_none();
    if matches!(place, Place::Host | Place::Unknown) || is_unresolved {
        return None;
    }
    if let Some(duration) = alert.fields.number("container.duration") {
        return (duration >= 0).then_some(duration);
    }
    let start = alert.fields.number("container.start_ts").filter(|start| *start > 0)?;
    let event = ["evt.time", "evt.rawtime"]
        .into_iter()
        .filter_map(|field| alert.fields.number(field))
        .find(|time| *time > 1_000_000_000_000_000_000)
        .or_else(|| alert.time.map(jiff::Timestamp::as_nanosecond))?;
    let age = event - start;
    (0..=100 * 365 * 86_400 * 1_000_000_000).contains(&age).then_some(age)
}

/// An age in words: `0.718815 s`, `37.2 s`, `4 min`, `3 h`, `12 days`.
pub fn age_words(age_ns: i128) -> String {
    let seconds = age_ns / 1_000_000_000;
    let fraction = age_ns % 1_000_000_000;
    match seconds {
        0..10 => format!("{seconds}.{:06} s", fraction / 1000),
        10..120 => format!("{seconds}.{} s", fraction / 100_000_000),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// Tells of the container and its image.
pub fn tell(alert: &Alert, place: Place, notes: &mut Notes) {
    let container = alert.container();
    match (place, container.id) {
        (Place::Host, Some(id)) => {
            notes.row(
                "container.id",
                id,
                "The event happened on the host itself, in no container.",
                Direction::Neutral,
            );
        }
        (_, Some("")) => notes.row(
            "container.id",
            "",
            "Falco could not find out which container it was.",
            Direction::Neutral,
        ),
        (_, Some(id)) => {
            let says = if id.len() == 12 {
                "The container, by the first 12 of its id's 64 digits."
            } else {
                "The container."
            };
            notes.row("container.id", id, says, Direction::Neutral);
        }
        _ => {}
    }
    if let Some(name) = container.name.filter(|name| is_docker_name(name)) {
        let says = "Docker made this name up because nobody gave one: a container started by hand or by a script. The name itself means nothing.";
        notes.row("container.name", name, says, Direction::Neutral);
    }
    if let Some(image) = container.image.filter(|image| !image.is_empty()) {
        let says = "The image's name; the digest would prove which one it is.";
        notes.row("container.image.repository", image, says, Direction::Neutral);
    }
    if alert.fields.known("user.uid").and_then(Value::as_i128) == Some(0) {
        let says = match place {
            Place::Host => "The process ran as root on the host.",
            Place::Container | Place::Kubernetes => {
                "Root inside the container, as most images run. What it can reach depends on privileges and mounts, which the alert does not tell."
            }
            _ => {
                "The process ran as root; whether on the host or in a container, the alert does not tell."
            }
        };
        notes.row("user.uid", "0", says, Direction::Neutral);
    }
    if alert.fields.text("proc.cwd") == Some("/") {
        notes.row(
            "proc.cwd",
            "/",
            "The usual working folder of a service and of a container; it says nothing about rights.",
            Direction::Neutral,
        );
    }
}

/// Tells the container's age, and marks a process of its first moments.
pub fn tell_age(alert: &Alert, age_ns: Option<i128>, kin: &[Kin], notes: &mut Notes) {
    let Some(age) = age_ns else { return };
    let field = if alert.fields.number("container.duration").is_some() {
        "container.duration"
    } else {
        "container.start_ts"
    };
    let words = age_words(age);
    let value =
        alert.fields.get(field).map(|value| value.display().into_owned()).unwrap_or_default();
    let entrypoint = kin.contains(&Kin::Runtime)
        || alert.fields.number("proc.vpid") == Some(1)
        || kin.is_empty();
    let served = kin.iter().any(|kin| matches!(kin, Kin::WebServer | Kin::Database | Kin::Java));
    if age < 2_000_000_000 && !served {
        let says = format!(
            "The container was {words} old: this is one of its first acts, as in a job, a test or a start script."
        );
        notes.row(field, value, says.clone(), Direction::Down);
        if entrypoint {
            notes.mark("young", field, says, -1);
        }
        return;
    }
    notes.row(
        field,
        value,
        format!("The container was {words} old when it happened."),
        Direction::Neutral,
    );
}

/// Whether the container is privileged.
pub fn privileged(alert: &Alert, notes: &mut Notes) -> Option<bool> {
    let privileged = alert.fields.known("container.privileged").and_then(Value::as_bool)?;
    let (says, direction) = if privileged {
        ("The container is privileged: whoever controls it controls the node.", Direction::Up)
    } else {
        ("The container is not privileged.", Direction::Neutral)
    };
    notes.row("container.privileged", privileged.to_string(), says, direction);
    if privileged {
        notes.mark("privileged", "container.privileged", says, 2);
    }
    Some(privileged)
}

/// Whether the container shares the host's network, where the alert says it.
pub fn host_network(alert: &Alert) -> Option<bool> {
    alert.fields.known("container.host_network").and_then(Value::as_bool)
}

/// What shows a part of the platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub field: &'static str,
    pub value: String,
    /// An image of that name in anybody's registry is spared, and lowers nothing.
    pub is_proven: bool,
}

/// What shows that this is part of the platform.
pub fn platform(alert: &Alert) -> Option<Part> {
    let namespace = alert.k8s().0.or_else(|| alert.fields.text("ka.target.namespace"));
    if let Some(name) = namespace.filter(|name| PLATFORM_NAMESPACES.contains(name)) {
        return Some(Part { field: "k8s.ns.name", value: name.to_owned(), is_proven: true });
    }
    // Nobody's agent of the node runs among the applications.
    if namespace.is_some_and(|name| name == "default") {
        return None;
    }
    let image = alert.container().image?;
    let repository = repository(image);
    PLATFORM_IMAGES.iter().find(|known| {
        let before = repository.strip_suffix(**known);
        before.is_some_and(|before| before.is_empty() || before.ends_with('/'))
    })?;
    let is_proven = is_of_maker(repository);
    Some(Part { field: "container.image.repository", value: image.to_owned(), is_proven })
}

/// Whether an image comes from where only its maker can push; anybody may give an image a known name elsewhere.
pub fn is_of_maker(repository: &str) -> bool {
    let hub = ["index.docker.io/", "registry-1.docker.io/", "docker.io/"]
        .into_iter()
        .find_map(|host| repository.strip_prefix(host))
        .or_else(|| {
            let first = repository.split_once('/').map_or("", |(first, _)| first);
            let is_host = first.contains(['.', ':']) || first == "localhost";
            (!is_host).then_some(repository)
        });
    let whole = match hub {
        Some(name) if name.contains('/') => format!("docker.io/{name}"),
        Some(name) => format!("docker.io/library/{name}"),
        None => repository.to_owned(),
    };
    MAKERS.iter().any(|maker| whole.starts_with(maker))
        // The account that EKS itself gives its add-ons from.
        || (whole.starts_with("602401143452.dkr.ecr.") && whole.contains(".amazonaws.com/"))
}

/// An image's name without tag and digest; a registry may have a port.
pub fn repository(image: &str) -> &str {
    let name = image.split_once('@').map_or(image, |(name, _)| name);
    match name.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => name,
        _ => name,
    }
}
