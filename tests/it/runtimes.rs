//! Which runtime a container has, where its alerts do not tell.

use super::commands::{program, run};
use cadge::analysis::playbook::SampleAlert;
use cadge::analysis::{Analysis, Choice, Neighbor, Playbooks, analyze};
use cadge::model::{Alert, AlertId};

fn alert(head: &str, fields: &str) -> Alert {
    let text = format!(
        "{{\"rule\":\"Terminal shell in container\",\"priority\":\"Notice\",\"time\":\"2026-03-02T09:14:07Z\",\"source\":\"syscall\"{head},\"output_fields\":{{\"evt.type\":\"execve\",\"proc.name\":\"sh\",\"proc.cmdline\":\"sh -i\"{fields}}}}}"
    );
    serde_json::from_str::<SampleAlert>(&text).unwrap().alert()
}

fn explain(alert: &Alert, near: &[Alert]) -> Analysis {
    let near: Vec<_> =
        (1..).map(AlertId).zip(near).map(|(id, alert)| Neighbor { id, alert }).collect();
    analyze(alert, &near, &Playbooks::builtin(), &Choice::default())
}

/// The runtime that the first look at the container is for.
fn runtime(alert: &Alert, near: &[Alert]) -> String {
    let steps = explain(alert, near).steps;
    steps.into_iter().find(|step| step.id == "identify-container").unwrap().variant
}

#[test]
fn one_container_has_one_runtime_in_all_its_alerts() {
    let of = |id: &str, fields: &str| {
        alert("", &format!(",\"container.id\":\"{id}\",\"container.name\":\"keen_turing\"{fields}"))
    };
    let plain = of("7d01f2a4c9be", "");
    let parent = of("7d01f2a4c9be", ",\"proc.pname\":\"conmon\"");
    let named = of("7d01f2a4c9be", ",\"container.type\":\"containerd\"");
    let pod = of("7d01f2a4c9be", ",\"proc.pname\":\"conmon\",\"k8s.pod.name\":\"web-1\"");
    let other = of("aaaaf2a4c9be", ",\"container.type\":\"podman\"");
    assert_eq!(runtime(&plain, &[]), "docker");
    assert_eq!(runtime(&plain, std::slice::from_ref(&other)), "docker");
    // What is said counts more than a parent, and a parent more than a name; in whatever order they come.
    for near in [[parent.clone(), plain.clone()], [plain.clone(), parent.clone()]] {
        assert!(near.iter().all(|alert| runtime(alert, &near) == "podman"));
    }
    for near in [[named.clone(), parent.clone(), other.clone()], [other, parent.clone(), named]] {
        assert_eq!(runtime(&plain, &near), "nerdctl");
        assert_eq!(runtime(&parent, &near), "nerdctl");
    }
    assert_eq!(runtime(&parent, &[pod]), "crictl");
    // A name alone is another container on another host.
    let by_name = |host: &str, fields: &str| {
        alert(&format!(",\"hostname\":\"{host}\""), &format!(",\"container.name\":\"web\"{fields}"))
    };
    let typed = ",\"container.type\":\"podman\"";
    assert_eq!(runtime(&by_name("a", ""), &[by_name("a", typed)]), "podman");
    assert_eq!(runtime(&by_name("a", ""), &[by_name("b", typed)]), "docker");
}

#[test]
fn a_runtime_that_nobody_told_is_said_to_be_unknown_with_the_command_that_tells() {
    let lack = |fields: &str| {
        let alert = alert("", &format!(",\"container.id\":\"7d01f2a4c9be\"{fields}"));
        explain(&alert, &[]).missing.into_iter().find(|lack| lack.field == "container.type")
    };
    let unknown = lack("").unwrap();
    assert!(unknown.why.contains("not known") && unknown.why.contains("guess"), "{unknown:?}");
    assert!(unknown.find.contains("podman container") && unknown.find.ends_with(" 7d01f2a4c9be"));
    assert!(lack(",\"proc.pname\":\"conmon\"").unwrap().why.contains("podman"));
    assert!(lack(",\"k8s.pod.name\":\"web-1\"").unwrap().why.contains("not known"));
    assert!(lack(",\"container.type\":\"docker\"").is_none());
    // The command asks each runtime, says who has it, and is silent about those that are not there.
    let folder = tempfile::tempdir().unwrap();
    program(folder.path(), "podman", "[ \"$*\" = 'container inspect 7d01f2a4c9be' ]");
    program(folder.path(), "docker", "echo No such container >&2; exit 1");
    assert_eq!(run(folder.path(), &unknown.find).1, "podman has 7d01f2a4c9be\n");
    program(folder.path(), "podman", "exit 125");
    assert!(run(folder.path(), &unknown.find).1.starts_with("none of docker"));
}

#[test]
fn fields_that_are_not_there_do_not_prove_the_host() {
    let read = |head: &str, fields: &str| {
        let text = format!(
            "{{\"rule\":\"Read sensitive file untrusted\",\"priority\":\"Warning\",\"time\":\"2026-03-02T09:14:07Z\",\"source\":\"syscall\"{head},\"output_fields\":{{\"evt.type\":\"openat\",\"proc.name\":\"cat\",\"proc.cmdline\":\"cat /etc/shadow\",\"fd.name\":\"/etc/shadow\",\"user.name\":\"jane\",\"user.uid\":0,\"user.loginuid\":1000{fields}}}}}"
        );
        explain(&serde_json::from_str::<SampleAlert>(&text).unwrap().alert(), &[])
    };
    let of_host = ["lock-user", "file-facts", "copy-host-file", "quarantine-file"];
    let cut = read("", "");
    let all = cadge::report::analysis_json::analysis_json(&cut);
    for claim in [
        "on the host itself",
        "on the host.",
        "as root on the host",
        "in no container",
        "Root inside the container",
    ] {
        assert!(!cut.summary.contains(claim) && !all.contains(claim), "{claim}: {all}");
    }
    let lack = cut.missing.iter().find(|lack| lack.field == "container.id").unwrap();
    assert!(lack.why.contains("not known"), "{lack:?}");
    assert!(
        !cut.steps.iter().any(|step| of_host.contains(&&*step.id)),
        "nothing is done to the host's files"
    );
    // The field says it, or the rule looks at nothing else.
    for sure in [read("", ",\"container.id\":\"host\""), read(",\"tags\":[\"host\"]", "")] {
        assert!(sure.steps.iter().any(|step| step.id == "file-facts"));
    }
    assert!(
        !read(",\"tags\":[\"host\",\"container\"]", "")
            .steps
            .iter()
            .any(|step| step.id == "file-facts")
    );
}
