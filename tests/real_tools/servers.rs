//! Every kubectl and aws command against a server that is not there: reaching for it means that the arguments were right.

use super::lab::Lab;
use super::shells::rendered;

/// The folder of the sample alert's case, below the home of who runs the commands.
const CASE: &str = "falco-triage/20260302-7d01f2a4c9be";
const SAVED: [(&str, &str); 9] = [
    ("was.nodeport", ""),
    ("object.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n"),
    (
        "rbac.json",
        "{\"items\":[{\"apiVersion\":\"rbac.authorization.k8s.io/v1\",\"kind\":\"ClusterRoleBinding\",\"metadata\":{\"name\":\"debug-admin\"},\"roleRef\":{}}]}",
    ),
    ("tasks", "3\n"),
    ("access-block.json", ""),
    ("encryption.json", ""),
    ("i-0123456789abcdef0.off", ""),
    ("AKIAIOSFODNN7EXAMPLE.off", ""),
    ("concurrency.json", "{\"ReservedConcurrentExecutions\": 5}"),
];

/// Runs every command with the program in it, through a stand-in that adds `arguments` and keeps what is said.
fn check(program: &str, real: &str, arguments: &str, reached: &[&str], at_least: usize) {
    let texts: Vec<(String, String)> =
        rendered().into_iter().filter(|(_, text)| text.contains(&format!("{program} "))).collect();
    assert!(texts.len() >= at_least, "{} commands of {program}", texts.len());
    let bad = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for part in texts.chunks(texts.len().div_ceil(4)) {
            let bad = &bad;
            scope.spawn(move || {
                for (name, text) in part {
                    let lab = Lab::new();
                    std::fs::write(lab.path().join("new-password.json"), "{\"Password\":\"x-1\"}").expect("written");
                    lab.program(program, &format!("exec {real} {arguments} \"$@\" 2>> {}/said", lab.path().display()));
                    let run = || lab.sh(&format!("export AWS_MAX_ATTEMPTS=1 AWS_EC2_METADATA_DISABLED=true AWS_PAGER= KUBECONFIG=/dev/null; timeout 60 bash -c {}", quoted(text)));
                    let (_, mut out) = run();
                    // Once more with what commands save before they change it: some save only once, and undos take it up.
                    if text.contains(CASE) {
                        let folder = lab.path().join(CASE);
                        std::fs::create_dir_all(&folder).expect("made");
                        for (name, saved) in SAVED {
                            std::fs::write(folder.join(name), saved).expect("written");
                        }
                        out += &run().1;
                    }
                    let said = std::fs::read_to_string(lab.path().join("said")).unwrap_or_default();
                    let is_wrong = ["unknown", "Usage", "usage:", "must specify", "required"].iter().any(|word| said.contains(word));
                    if is_wrong || !reached.iter().any(|word| said.contains(word)) {
                        bad.lock().expect("no panic").push(format!("{name}: {text}\n{said}{out}"));
                    }
                }
            });
        }
    });
    let bad = bad.into_inner().expect("no panic");
    assert!(bad.is_empty(), "{} of {}:\n{}", bad.len(), texts.len(), bad.join("\n"));
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[test]
fn kubectl_takes_every_argument() {
    let found = super::run("bash", &["-c", "command -v kubectl"], "");
    let real = String::from_utf8_lossy(&found.stdout).trim().to_owned();
    assert!(!real.is_empty(), "kubectl is missing: run tests/tools/install.sh");
    check("kubectl", &real, "--server=http://127.0.0.1:1", &["refused"], 30);
}

#[test]
fn aws_takes_every_argument() {
    check(
        "aws",
        "/opt/cadge-tools/bin/aws",
        "--no-sign-request --endpoint-url http://127.0.0.1:1",
        &["Could not connect"],
        20,
    );
}
