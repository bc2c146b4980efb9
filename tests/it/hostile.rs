//! Whatever an alert holds, a command that is offered is the command of the catalogue with that value as one word, or there
//! is none and it is said why: every command and variant, every placeholder, every field it may come from.

use cadge::analysis::playbook::SampleAlert;
use cadge::analysis::{Analysis, Choice, Playbooks, Step, analyze};
use cadge::lint::shell::{Command, parse};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::sync::LazyLock;

/// Playbooks with one rule that offers every command of the catalogue.
static ALL: LazyLock<Playbooks> = LazyLock::new(|| {
    let builtin = Playbooks::builtin();
    let steps: Vec<Value> = builtin
        .catalogue()
        .commands
        .iter()
        .map(|command| json!({"command": command.id, "why": "tried"}))
        .collect();
    let book = json!({
        "id": "everything",
        "rules": ["Everything"],
        "means": "All commands at once, to try them with values that nobody wishes for. One more sentence.",
        "headline": "{process} did everything",
        "proves": ["Nothing."],
        "not_proven": ["Anything."],
        "causes": [{"id": "a", "title": "a", "check": "a", "verdict": "benign"}],
        "steps": steps,
        "samples": [],
    });
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("rules")).unwrap();
    // JSON is YAML.
    std::fs::write(folder.path().join("rules/everything.yaml"), book.to_string()).unwrap();
    let (playbooks, problems) = Playbooks::load(folder.path());
    assert_eq!(problems, []);
    playbooks
});

/// Alerts with every field that commands are made from, one for each place; values have one sign of their own each.
fn places() -> Vec<(&'static str, Map<String, Value>)> {
    let object = |value: Value| value.as_object().cloned().unwrap();
    let process = json!({
        "evt.type": "connect", "proc.name": "procname", "proc.cmdline": "procname -x", "proc.pid": 31842,
        "proc.exepath": "/usr/bin/exepath", "fd.name": "/tmp/fdname", "fd.rip": "93.184.216.34",
        "fd.rip.name": "c2.example.net", "user.name": "username", "user.loginname": "loginname", "user.loginuid": 1000,
    });
    let with = |more: Value| {
        let mut all = object(process.clone());
        all.extend(object(more));
        all
    };
    vec![
        ("syscall", with(json!({"container.id": "host"}))),
        (
            "syscall",
            with(json!({
                "container.id": "7d01f2a4c9be0123456789abcdef0123456789abcdef0123456789abcdef0123", "container.type": "docker",
                "container.name": "ctrname", "container.image.repository": "registry.example/image", "container.image.tag": "tag1",
            })),
        ),
        (
            "syscall",
            with(
                json!({"container.id": "7d01f2a4c9be", "container.type": "podman", "container.name": "ctrname"}),
            ),
        ),
        (
            "syscall",
            with(json!({
                "container.id": "7d01f2a4c9be0123456789abcdef0123456789abcdef0123456789abcdef0123", "container.type": "cri-o",
                "container.name": "ctrname", "container.image.repository": "registry.example/image", "k8s.ns.name": "nsname",
                "k8s.pod.name": "podname", "k8s.node.name": "nodename", "k8s.sa.name": "saname", "k8s.deployment.name": "deployname",
            })),
        ),
        (
            "k8s_audit",
            object(json!({
                "ka.user.name": "auditor", "ka.verb": "create", "ka.target.resource": "pods", "ka.target.name": "objname",
                "ka.target.namespace": "auditns", "ka.target.pod.name": "objname", "ka.uri": "/api/v1/namespaces/auditns/pods/objname",
                "ka.req.pod.containers.image": "registry.example/image", "ka.auditid": "5f2a8b1c-1111-2222-3333-444455556666",
                "ka.req.binding.role": "rolename", "ka.req.configmap.name": "mapname", "ka.sourceips": "93.184.216.34",
            })),
        ),
        (
            "aws_cloudtrail",
            object(json!({
                "ct.user": "clouduser", "ct.name": "CreateUser", "ct.srcip": "93.184.216.34", "ct.region": "eu-central-1",
                "ct.user.arn": "arn:aws:iam::123456789012:user/clouduser", "ct.user.accountid": "123456789012",
                "ct.request.bucketname": "bucketname", "s3.bucket": "bucketname", "ct.request.functionname": "functionname",
                "ct.id": "5f2a8b1c-1111-2222-3333-444455556666", "ct.request.name": "requestname",
                "ct.request.username": "clouduser", "ct.response.instanceid": "i-0123456789abcdef0",
            })),
        ),
        (
            "gcp_auditlog",
            object(json!({
                "gcp.user": "person@example.com", "gcp.callerIP": "93.184.216.34", "gcp.projectId": "project-one",
                "gcp.methodName": "v1.compute.instances.delete", "gcp.serviceName": "compute.googleapis.com",
                "gcp.resourceName": "projects/project-one/zones/europe-west3-a/instances/web",
                "gcp.storage.bucket": "bucketname", "gcp.location": "europe-west3",
            })),
        ),
        (
            "github",
            object(json!({
                "github.user": "octocat", "github.repo": "https://github.com/owner/name", "github.owner": "owner",
                "github.org": "owner", "github.action": "created", "github.repo.name": "name",
            })),
        ),
        (
            "okta",
            object(json!({
                "okta.actor.alternateid": "person@example.com", "okta.actor.id": "00u1a2b3c4d5e6f7g8h9",
                "okta.client.ip": "93.184.216.34", "okta.evt.type": "user.session.start", "okta.org": "owner",
                "okta.target.user.id": "00u1a2b3c4d5e6f7g8h9",
            })),
        ),
    ]
}

/// The same with an example of whatever else commands are made from.
static PLACES: LazyLock<Vec<(&str, Map<String, Value>)>> = LazyLock::new(|| {
    let mut places = places();
    for (_, fields) in &mut places {
        let prefixes: Vec<String> = fields
            .keys()
            .filter_map(|name| name.split_once('.'))
            .map(|(prefix, _)| format!("{prefix}."))
            .filter(|prefix| {
                ["ka.", "ct.", "s3.", "gcp.", "github.", "okta."].contains(&prefix.as_str())
            })
            .collect();
        for (_, input) in &ALL.catalogue().inputs {
            let wanted = input.from.iter().filter(|name| {
                prefixes.iter().any(|prefix| name.starts_with(prefix))
                    && !fields.contains_key(*name)
            });
            for name in wanted.cloned().collect::<Vec<_>>() {
                fields.insert(name, Value::String(input.example.clone()));
            }
        }
    }
    places
});

fn explained(source: &str, fields: &Map<String, Value>) -> Analysis {
    let alert: SampleAlert = serde_json::from_value(json!({
        "rule": "Everything", "priority": "Warning", "time": "2026-03-02T09:14:07Z", "source": source, "output_fields": fields,
    }))
    .unwrap();
    analyze(&alert.alert(), &[], &ALL, &Choice::default())
}

/// What is copied: each variant of each step, by name.
fn texts(step: &Step) -> Vec<(String, &str)> {
    let chosen = step.command.as_deref().map(|text| (step.variant.clone(), text));
    let undo = step.undo.as_deref().map(|text| (format!("{}-undo", step.variant), text));
    let others = step.others.iter().map(|(name, text)| (name.clone(), text.as_str()));
    chosen.into_iter().chain(undo).chain(others).collect()
}

/// Every word of a command, quotes off, and every text that it reads: all that a program could see.
fn seen(text: &str) -> Result<Vec<String>, TestCaseError> {
    let commands =
        parse(text).map_err(|error| TestCaseError::fail(format!("{error:?}: {text}")))?;
    Ok(commands.iter().flat_map(words).collect())
}

fn words(command: &Command) -> Vec<String> {
    let mut all: Vec<String> = vec![format!("{:?}", command.pipeline)];
    all.extend(command.words.iter().map(|word| word.text.clone()));
    all.extend(command.each.iter().map(|word| word.text.clone()));
    all.extend(command.redirects.iter().map(|redirect| redirect.target.clone()));
    all.extend(command.input.clone());
    all.extend(command.assigns.iter().map(|assign| format!("{}={}", assign.name, assign.value)));
    all
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"._:/@%+,=-".contains(&byte)
}

/// The command with the hostile value is the one with the harmless value, but for that value inside single words.
fn same_but_for(usual: &str, hostile: &str, value: &str, name: &str) -> Result<(), TestCaseError> {
    if usual == hostile {
        return Ok(());
    }
    let (before, after) = (seen(usual)?, seen(hostile)?);
    prop_assert_eq!(before.len(), after.len(), "{}: other words\n{}\n{}", name, usual, hostile);
    for (old, new) in before.iter().zip(&after) {
        if old == new {
            continue;
        }
        // The word holds the value itself, or a part of it that was checked by its kind: such a part adds nothing that a
        // shell, a filter or a document reads.
        let signs = |word: &str| {
            let mut signs: Vec<u8> = word.bytes().filter(|byte| !is_plain(*byte)).collect();
            signs.sort_unstable();
            signs
        };
        let is_whole = new.contains(value);
        let is_plain = signs(old) == signs(new);
        prop_assert!(is_whole || is_plain, "{name}: {new:?} for {old:?} with {value:?}");
    }
    for forbidden in ["\0", "\u{202e}", "\u{1b}", "\u{7f}", "\r", "\u{200b}"] {
        prop_assert!(!hostile.contains(forbidden), "{name}: {hostile:?}");
    }
    Ok(())
}

/// What nobody would choose for a name, and what looks like the right thing and is not.
fn hostile() -> impl Strategy<Value = String> {
    let known = vec![
        "",
        " ",
        "-",
        "--",
        "-rf",
        "--privileged",
        "-oProxyCommand=x",
        "@@",
        "@PID@",
        "@CREF@",
        "$(reboot)",
        "`reboot`",
        "${IFS}",
        "a;reboot",
        "a&&reboot",
        "a|reboot",
        "a>b",
        "a<b",
        "a\nreboot",
        "a\rreboot",
        "a\0b",
        "a\\",
        "\\'",
        "'",
        "''",
        "'\"'\"'",
        "\"",
        "a'b",
        "a\"b",
        "a b",
        "a\tb",
        "*",
        "?",
        "[a]",
        "{a,b}",
        "~",
        "~root",
        "!",
        "!!",
        "#",
        "%s",
        "%n",
        "=ls",
        "a=b",
        "\u{202e}abc",
        "a\u{200b}b",
        "\u{1b}[2J",
        "\u{7f}",
        "\u{fffd}",
        "a[...]",
        "NFT",
        "YAML",
        "EOF",
        "'NFT'\nreboot\n",
        "0",
        "1",
        "-1",
        "2",
        "00031842",
        "4194305",
        "99999999",
        "31842; reboot",
        "0x10",
        "1e3",
        "NaN",
        "/",
        "/etc/shadow",
        "/tmp/a b",
        "/tmp/$(reboot)",
        "/tmp/`id`",
        "/tmp/'",
        "/tmp/\"",
        "/tmp/a\nb",
        "/tmp/-rf",
        "/tmp/../etc/shadow",
        "/tmp/{}",
        "/tmp/*",
        "/tmp/\\",
        "/proc/1/root",
        "/tmp/x (deleted)",
        "relative/path",
        "memfd:x",
        "//",
        "/.",
        "/-",
        "host",
        "<NA>",
        "N/A",
        "null",
        "localhost",
        "127.0.0.1",
        "0.0.0.0",
        "169.254.169.254",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:93.184.216.34",
        "[2606:4700::1111]",
        "2606:4700::1111",
        "2606:4700::1111%eth0",
        "fe80::1",
        "1.2.3.4:443",
        "1.2.3.4/0",
        "10.0.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "1.2.3",
        "example.com",
        "-example.com",
        "93.184.216.34 or host 10.0.0.1",
        "7d01f2a4c9be",
        "7d01f2a4c9b",
        "7D01F2A4C9BE",
        "7d01f2a4c9be0123456789abcdef0123456789abcdef0123456789abcdef0123",
        "7d01f2a4c9be -f",
        "root",
        "../../etc",
        "..",
        ".",
        "a/b",
        "a:b",
        "a@b",
        "a,b",
        "kube-system",
        "Web_1",
        "web.1",
        "system:serviceaccount:a:b",
        "arn:aws:iam::123456789012:user/$(id)",
        "projects/p/zones/z/instances/$(id)",
        "a'; DROP TABLE x; --",
    ];
    prop_oneof![
        8 => proptest::sample::select(known).prop_map(str::to_owned),
        1 => Just("A".repeat(10_240)),
        1 => Just(format!("/tmp/{}", "x ".repeat(4_000))),
        3 => ".{0,24}",
        2 => "/[ -~]{0,40}",
        2 => "[a-z0-9'\"$`\\\\;&|<>(){}*?!~# -]{1,16}",
    ]
}

/// Checks one alert in which one field is hostile.
fn check(place: usize, field: usize, value: &str) -> Result<(), TestCaseError> {
    let (source, usual) = PLACES.get(place % PLACES.len()).cloned().unwrap();
    let names: Vec<String> = usual.keys().cloned().collect();
    let name = names.get(field % names.len()).unwrap();
    let mut changed = usual.clone();
    changed.insert(name.clone(), Value::String(value.to_owned()));
    // The value itself may be the one of another command that is right: then what it is compared with has it too.
    let (before, after) = (explained(source, &usual), explained(source, &changed));
    for step in &after.steps {
        let is_there = step.command.is_some();
        let why = step.unavailable.as_deref().unwrap_or_default();
        prop_assert!(is_there || why.len() > 10, "{} has neither a command nor a reason", step.id);
        prop_assert!(!is_there || why.is_empty(), "{} has both", step.id);
        for (variant, text) in texts(step) {
            let label = format!("{}.{variant} with {name} = {value:?}", step.id);
            for open in text.split('@').skip(1).step_by(2) {
                let is_placeholder =
                    open.len() > 1 && open.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
                prop_assert!(
                    !is_placeholder || value.contains(open),
                    "{label}: @{open}@ is left in {text}"
                );
            }
            let harmless = before.steps.iter().filter(|known| known.id == step.id).flat_map(texts);
            match harmless.filter(|(known, _)| *known == variant).map(|(_, text)| text).next() {
                Some(harmless) => same_but_for(harmless, text, value, &label)?,
                // It was not offered for the harmless alert: it must at least be shell.
                None => drop(seen(text)?),
            }
        }
    }
    Ok(())
}

#[test]
fn every_command_is_offered_somewhere() {
    let offered: std::collections::BTreeSet<String> = PLACES
        .iter()
        .flat_map(|(source, fields)| explained(source, fields).steps)
        .filter(|step| step.command.is_some())
        .map(|step| step.id)
        .collect();
    let never: Vec<&str> = ALL
        .catalogue()
        .commands
        .iter()
        .map(|command| command.id.as_str())
        .filter(|id| !offered.contains(*id))
        .collect();
    assert!(never.len() <= 12, "not tried by this test: {never:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, max_shrink_iters: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_value_is_one_word_of_every_command_or_the_command_is_not_offered(
        place in 0..64_usize,
        field in 0..64_usize,
        value in hostile(),
    ) {
        check(place, field, &value)?;
    }
}
