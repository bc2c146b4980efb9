//! Known identities: proven by what a program cannot choose; one proof that speaks against it makes a disguise.

use cadge::analysis::{Analysis, Choice, Phase, Playbooks, analyze};
use cadge::decode::{Context, Decoder, Item};
use cadge::model::Level;
use std::sync::{Arc, LazyLock};

static PLAYBOOKS: LazyLock<Playbooks> = LazyLock::new(Playbooks::builtin);

/// Identity, rule, the fields that prove it.
const PROVEN: [(&str, &str, &str); 14] = [
    (
        "calico-felix",
        "Terminal shell in container",
        r#""container.id":"7d01f2a4c9be","container.image.repository":"docker.io/calico/node","k8s.ns.name":"calico-system","k8s.pod.name":"calico-node-x2lqp","evt.type":"execve","proc.name":"sh","proc.cmdline":"sh -c ip link del calico_tmp_B || true","proc.pname":"calico-node""#,
    ),
    (
        "runc-self-copy",
        "Fileless execution via memfd_create",
        r#""container.id":"host","evt.type":"execve","proc.name":"6","proc.cmdline":"6 init","proc.exepath":"memfd:runc_cloned:/proc/self/exe","proc.pname":"containerd-shim","evt.arg.flags":"EXE_WRITABLE|EXE_FROM_MEMFD""#,
    ),
    (
        "cilium-agent",
        "BPF Program Not Profiled",
        r#""container.id":"7d01f2a4c9be","container.image.repository":"quay.io/cilium/cilium","k8s.ns.name":"kube-system","k8s.pod.name":"cilium-8w4kq","evt.type":"bpf","evt.arg.cmd":"BPF_PROG_LOAD","proc.name":"cilium-agent","proc.exepath":"/usr/bin/cilium-agent","proc.pname":"containerd-shim""#,
    ),
    (
        "tetragon",
        "BPF Program Not Profiled",
        r#""container.id":"7d01f2a4c9be","container.image.repository":"quay.io/cilium/tetragon","k8s.ns.name":"kube-system","k8s.pod.name":"tetragon-x8q2z","evt.type":"bpf","proc.name":"tetragon","proc.exepath":"/usr/bin/tetragon","proc.pname":"containerd-shim""#,
    ),
    (
        "aws-vpc-cni",
        "Contact EC2 Instance Metadata Service From Container",
        r#""container.id":"7d01f2a4c9be","container.image.repository":"123456789012.dkr.ecr.eu-west-1.amazonaws.com/amazon-k8s-cni","k8s.ns.name":"kube-system","k8s.pod.name":"aws-node-7x2lq","evt.type":"connect","proc.name":"aws-k8s-agent","proc.cmdline":"aws-k8s-agent","proc.exepath":"/app/aws-k8s-agent","proc.pname":"aws-vpc-cni","fd.name":"10.0.0.5:40000->169.254.169.254:80""#,
    ),
    (
        "kube-proxy",
        "Unexpected K8s NodePort Connection",
        r#""container.id":"7d01f2a4c9be","container.image.repository":"registry.k8s.io/kube-proxy","k8s.ns.name":"kube-system","k8s.pod.name":"kube-proxy-2xkqz","evt.type":"accept","proc.name":"kube-proxy","proc.exepath":"/usr/local/bin/kube-proxy","proc.pname":"containerd-shim","fd.name":"10.0.0.9:40000->10.0.0.5:30080""#,
    ),
    (
        "csi-driver",
        "Mount Launched in Privileged Container",
        r#""container.id":"7d01f2a4c9be","container.image.repository":"registry.k8s.io/sig-storage/nfsplugin","container.privileged":true,"k8s.ns.name":"kube-system","k8s.pod.name":"csi-nfs-node-x2lqp","evt.type":"execve","proc.name":"mount","proc.cmdline":"mount -t nfs nas:/x /var/lib/kubelet/pods/1/volumes/x","proc.exepath":"/usr/bin/mount","proc.pname":"nfsplugin""#,
    ),
    (
        "node-exporter",
        "Container Access to Host Sensitive Paths",
        r#""container.id":"7d01f2a4c9be","container.image.repository":"quay.io/prometheus/node-exporter","k8s.ns.name":"monitoring","k8s.pod.name":"node-exporter-x2lqp","evt.type":"openat","proc.name":"node_exporter","proc.exepath":"/bin/node_exporter","proc.pname":"containerd-shim","fd.name":"/host/proc/stat""#,
    ),
    (
        "datadog-agent",
        "Read environment variable from /proc files",
        r#""container.id":"7d01f2a4c9be","container.image.repository":"gcr.io/datadoghq/agent","k8s.ns.name":"datadog","k8s.pod.name":"datadog-x2lqp","evt.type":"openat","proc.name":"agent","proc.exepath":"/opt/datadog-agent/bin/agent/agent","proc.pname":"s6-supervise","fd.name":"/proc/812/environ""#,
    ),
    (
        "metallb-speaker",
        "Packet socket created in container",
        r#""container.id":"7d01f2a4c9be","container.image.repository":"quay.io/metallb/speaker","k8s.ns.name":"metallb-system","k8s.pod.name":"speaker-x2lqp","evt.type":"socket","proc.name":"speaker","proc.exepath":"/speaker","proc.pname":"containerd-shim""#,
    ),
    (
        "argo-cd",
        "Contact K8S API Server From Container",
        r#""container.id":"7d01f2a4c9be","container.image.repository":"quay.io/argoproj/argocd","k8s.ns.name":"argocd","k8s.pod.name":"argocd-application-controller-0","evt.type":"connect","proc.name":"argocd-applica","proc.exepath":"/usr/local/bin/argocd","proc.pname":"tini","fd.name":"10.0.0.5:40000->10.96.0.1:443""#,
    ),
    (
        "gitlab-ci-job",
        "Launch Package Management Process in Container",
        r#""container.id":"7d01f2a4c9be","container.name":"build","container.image.repository":"docker.io/library/node","k8s.ns.name":"gitlab-runner","k8s.pod.name":"runner-abc-project-1-concurrent-0","evt.type":"execve","proc.name":"apt-get","proc.cmdline":"apt-get install -y jq","proc.exepath":"/usr/bin/apt-get","proc.pname":"sh""#,
    ),
    (
        "package-update",
        "Write below binary dir",
        r#""container.id":"host","evt.type":"openat","proc.name":"dpkg","proc.cmdline":"dpkg --unpack x","proc.exepath":"/usr/bin/dpkg","proc.pname":"apt-get","fd.name":"/usr/bin/ls.dpkg-new""#,
    ),
    (
        "log-rotation",
        "Clear Log Activities",
        r#""container.id":"host","evt.type":"openat","proc.name":"logrotate","proc.cmdline":"logrotate /etc/logrotate.conf","proc.exepath":"/usr/sbin/logrotate","proc.pname":"systemd","proc.tty":0,"fd.name":"/var/log/syslog""#,
    ),
];

/// Fields that are changed one at a time; `null` in place of a value takes the field away.
const AGAINST: [(&str, &str); 6] = [
    ("proc.pname", r#""nginx""#),
    ("container.image.repository", r#""registry.example.net/shop/web""#),
    ("k8s.ns.name", r#""shop""#),
    ("evt.arg.flags", r#""EXE_WRITABLE|EXE_UPPER_LAYER""#),
    ("proc.exepath", r#""/tmp/.x""#),
    ("container.id", r#""7d01f2a4c9be""#),
];

/// What an identity does not rest on: changing it is no disguise.
const INDIFFERENT: [(&str, &str); 9] = [
    ("node-exporter", "k8s.ns.name"),
    ("datadog-agent", "k8s.ns.name"),
    // Its look is the path: with another one it is not met at all.
    ("datadog-agent", "proc.exepath"),
    ("runc-self-copy", "proc.exepath"),
    // Files of the host have no layers, and jobs install what they run.
    ("runc-self-copy", "evt.arg.flags"),
    ("package-update", "evt.arg.flags"),
    ("log-rotation", "evt.arg.flags"),
    ("gitlab-ci-job", "evt.arg.flags"),
    ("gitlab-ci-job", "container.image.repository"),
];

fn explain(rule: &str, fields: &str) -> Analysis {
    let line = format!(
        r#"{{"rule":"{rule}","priority":"Warning","time":"2026-03-02T09:14:07Z","source":"syscall","output_fields":{{{fields}}}}}"#
    );
    let mut decoder = Decoder::new(Arc::new(Context::default()), "identities".into());
    let mut entries = Vec::new();
    decoder.push(format!("{line}\n").as_bytes(), &mut entries);
    decoder.finish(&mut entries);
    let Some(Item::Alert(alert)) = entries.into_iter().next().map(|entry| entry.item) else {
        panic!("{line} is no alert");
    };
    analyze(&alert, &[], &PLAYBOOKS, &Choice::default())
}

fn changed(fields: &str, field: &str, value: &str) -> String {
    let mut fields: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(&format!("{{{fields}}}")).unwrap();
    fields.insert(field.to_owned(), serde_json::from_str(value).unwrap());
    let text = serde_json::to_string(&fields).unwrap();
    text[1..text.len() - 1].to_owned()
}

#[test]
fn an_identity_with_all_its_proofs_is_benign_and_never_stopped() {
    for (id, rule, fields) in PROVEN {
        let analysis = explain(rule, fields);
        assert_eq!(analysis.assessment.known.as_deref(), Some(id));
        assert_eq!(analysis.assessment.level, Level::Benign, "{id}");
        let stops = analysis
            .steps
            .iter()
            .filter(|step| matches!(step.phase, Phase::Contain | Phase::Eradicate));
        assert_eq!(stops.count(), 0, "{id}");
    }
}

#[test]
fn each_proof_that_speaks_against_it_makes_a_disguise() {
    for (id, rule, fields) in PROVEN {
        for (field, value) in AGAINST {
            let is_there = fields.contains(&format!("\"{field}\":")) || field == "evt.arg.flags";
            let is_outside = fields.contains(r#""container.id":"host""#);
            let is_moot = (field == "container.id" && !is_outside)
                || INDIFFERENT.contains(&(id, field))
                || (id == "runc-self-copy" && field == "evt.arg.flags");
            if !is_there || is_moot {
                continue;
            }
            let analysis = explain(rule, &changed(fields, field, value));
            let assessment = &analysis.assessment;
            assert!(assessment.level >= Level::Medium, "{id} {field}: {:?}", assessment.level);
            assert_eq!(assessment.known, None, "{id} {field}");
            assert!(analysis.headline.contains("disguise"), "{id} {field}: {}", analysis.headline);
            assert_eq!(assessment.reasons[0].field, field, "{id}: the reason names the field");
            assert_eq!(analysis.causes[0].id, "disguise", "{id} {field}");
        }
    }
}

#[test]
fn a_name_alone_lowers_nothing() {
    for (id, rule, fields) in PROVEN {
        let fields: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(&format!("{{{fields}}}")).unwrap();
        let named: serde_json::Map<_, _> = fields
            .into_iter()
            .filter(|(name, _)| {
                ["container.id", "evt.type", "proc.name", "proc.cmdline", "fd.name"]
                    .contains(&name.as_str())
            })
            .collect();
        let text = serde_json::to_string(&named).unwrap();
        let analysis = explain(rule, &text[1..text.len() - 1]);
        assert!(analysis.assessment.level >= Level::Medium, "{id}");
        assert!(!analysis.headline.contains("proven ") || analysis.headline.contains("not proven"));
    }
}
