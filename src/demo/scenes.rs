//! The alerts of the demo as tables: the places here, what happens in them below.

mod history;
mod intrusion;
mod noise;

pub(super) use history::HISTORY;
pub(super) use intrusion::INTRUSION;
pub(super) use noise::NOISE;

use crate::model::Priority::{self, Warning};

/// A container.
pub(super) struct Place {
    pub id: &'static str,
    pub name: &'static str,
    pub image: &'static str,
    /// Namespace and pod.
    pub pod: Option<(&'static str, &'static str)>,
    /// In milliseconds from the start of the demo.
    pub started_at: i64,
}

/// One alert without its time. In `fields`, `#0` is the number 0 and `@port@` a port.
pub(super) struct Scene {
    pub rule: &'static str,
    pub priority: Priority,
    pub event_source: &'static str,
    pub hostname: &'static str,
    pub says: &'static str,
    pub place: Option<&'static Place>,
    /// Whether the rule prints when the container started.
    pub tells_start: bool,
    pub tags: &'static [&'static str],
    pub fields: &'static [(&'static str, &'static str)],
}

const DAY: i64 = 86_400_000;

static DRILL: Place = Place {
    id: "4be80f9127c3",
    name: "eager_wozniak",
    image: "falcosecurity/event-generator:latest",
    pod: None,
    started_at: -1_561_182,
};
static SECOND_DRILL: Place = Place {
    id: "a07c55d3e914",
    name: "silly_hertz",
    image: "falcosecurity/event-generator:latest",
    pod: None,
    started_at: -2_400_000,
};
static BRIEF_DRILL: Place = Place {
    id: "e3915ab8c0f6",
    name: "vibrant_noether",
    image: "falcosecurity/event-generator:latest",
    pod: None,
    started_at: -780_719,
};
static CALICO: Place = Place {
    id: "18d0c4b7f2e9",
    name: "calico-node",
    image: "docker.io/calico/node:v3.28.2",
    pod: Some(("kube-system", "calico-node-7xw2p")),
    started_at: -9 * DAY,
};
static CHECKOUT: Place = Place {
    id: "9b1f6e0c27ad",
    name: "checkout",
    image: "registry.example.com/shop/checkout:2.14.1",
    pod: Some(("shop", "checkout-5d9c7b6f4-x2kqz")),
    started_at: -3 * DAY,
};
static ARGO: Place = Place {
    id: "5c2e71fa90d8",
    name: "argocd-application-controller",
    image: "quay.io/argoproj/argocd:v2.12.4",
    pod: Some(("argocd", "argocd-application-controller-0")),
    started_at: -21 * DAY,
};
static BUILDER: Place = Place {
    id: "d6a34f810b57",
    name: "build",
    image: "registry.example.com/ci/builder:11",
    pod: Some(("ci", "runner-41-build")),
    started_at: -1_900_000,
};
static POSTGRES: Place = Place {
    id: "77b9e2c0165d",
    name: "postgres",
    image: "docker.io/library/postgres:16",
    pod: Some(("shop", "orders-db-0")),
    started_at: -40 * DAY,
};
static TOOLBOX: Place = Place {
    id: "f20d9a6b3c48",
    name: "toolbox",
    image: "registry.example.com/ops/toolbox:5",
    pod: Some(("ops", "toolbox-0")),
    started_at: -DAY,
};

const NETCAT_TAGS: &[&str] =
    &["T1059", "container", "maturity_stable", "mitre_execution", "network", "process"];
const MEMFD_TAGS: &[&str] =
    &["T1620", "container", "host", "maturity_stable", "mitre_defense_evasion", "process"];

const MEMFD_FIELDS: &[(&str, &str)] = &[
    ("evt.type", "execve"),
    ("evt.res", "SUCCESS"),
    ("evt.arg.flags", "EXE_WRITABLE|EXE_FROM_MEMFD"),
    ("user.name", "root"),
    ("user.uid", "#0"),
    ("user.loginuid", "#-1"),
    ("proc.name", "3"),
    ("proc.exepath", "memfd:program"),
    ("proc.pname", "event-generator"),
    ("proc.sname", "event-generator"),
    ("proc.aname[2]", "containerd-shim"),
    ("proc.cmdline", "3 run helper.DoNothing"),
    ("proc.cwd", "/"),
    ("proc.tty", "#34816"),
];

const FELIX: Scene = Scene {
    rule: "Detect Shell in Container",
    priority: Warning,
    event_source: "syscall",
    hostname: "node-b",
    says: "A shell was started inside a container",
    place: Some(&CALICO),
    tells_start: false,
    tags: &[],
    fields: &[
        ("user.name", "root"),
        ("proc.name", "sh"),
        ("proc.pname", "calico-node"),
        ("proc.cmdline", "sh -c ip link del calico_tmp_B || true"),
    ],
};
