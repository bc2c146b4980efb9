//! Each playbook explains its own samples; filters, placeholders, commands and techniques are right.

use cadge::analysis::{Choice, Playbooks, analyze, verify, verify_file};
use serde_json::Value;

#[test]
fn every_playbook_is_right_and_explains_its_samples() {
    let problems: Vec<String> =
        verify(&Playbooks::builtin()).iter().map(ToString::to_string).collect();
    assert!(problems.is_empty(), "{} problems\n{}", problems.len(), problems.join("\n"));
}

/// Name, event source and group of every rule that falcosecurity ships or once shipped: facts only.
const OFFICIAL_RULES: &str = include_str!("../../fixtures/official-rules.tsv");

#[test]
fn every_official_rule_and_every_former_name_has_a_playbook() {
    let playbooks = Playbooks::builtin();
    let names: Vec<&str> = OFFICIAL_RULES
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split('\t').next())
        .collect();
    let missing: Vec<&str> =
        names.iter().copied().filter(|name| playbooks.for_rule(name).is_none()).collect();
    assert!(names.len() > 280, "the table holds {} names", names.len());
    assert!(missing.is_empty(), "no playbook names {missing:#?}");
}

/// The file that `docs/playbooks.md` teaches by, with its path.
fn taught() -> (String, String) {
    let page = include_str!("../../docs/playbooks.md");
    let (_, after) = page.split_once("```yaml\n# ").expect("a file");
    let (path, after) = after.split_once('\n').expect("its path");
    let (text, _) = after.split_once("```").expect("its end");
    (path.to_owned(), text.to_owned())
}

#[test]
fn the_worked_example_of_the_manual_is_right_and_explains_its_samples() {
    let (path, text) = taught();
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("rules")).unwrap();
    std::fs::write(folder.path().join(&path), text).unwrap();
    let (library, problems) = Playbooks::load(folder.path());
    assert_eq!(problems, []);
    assert_eq!(verify_file(&library, &path), []);
    let book = library.for_rule("Ledger read outside the billing job").unwrap().unwrap();
    assert_eq!(book.id, "ledger-read");
}

#[test]
fn the_example_of_the_readme_is_right_as_it_stands() {
    let page = include_str!("../../README.md");
    let (_, after) = page.split_once("```yaml\n").expect("a file");
    let (text, _) = after.split_once("```").expect("its end");
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("rules")).unwrap();
    let path = "rules/my-custom-rule.yaml";
    std::fs::write(folder.path().join(path), text).unwrap();
    let (library, problems) = Playbooks::load(folder.path());
    assert_eq!(problems, []);
    assert_eq!(verify_file(&library, path), []);
    assert!(library.for_rule("My custom rule").is_some());
}

/// Wants a value of this kind: `s`tring, `n`ull, `i`nteger, `a`rray of strings, `o`bject; two letters allow either.
#[track_caller]
fn is(value: &Value, key: &str, kinds: &str) {
    let own = value.get(key).unwrap_or_else(|| panic!("no {key} in {value}"));
    let fits = kinds.chars().any(|kind| match kind {
        's' => own.is_string(),
        'n' => own.is_null(),
        'i' => own.is_u64(),
        'a' => own.as_array().is_some_and(|items| items.iter().all(Value::is_string)),
        'o' => own.is_object(),
        _ => false,
    });
    assert!(fits, "{key} is not {kinds}: {own}");
}

#[track_caller]
fn is_one_of(value: &Value, key: &str, words: &str) {
    let own = value[key].as_str().unwrap_or_default();
    assert!(words.split(' ').any(|word| word == own), "{key} is {own:?}, not one of {words}");
}

fn each<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().unwrap_or_else(|| panic!("{key} is no list in {value}"))
}

#[test]
fn every_explanation_keeps_the_contract_and_is_the_same_twice() {
    let (one, other) = (Playbooks::builtin(), Playbooks::builtin());
    let mut n_steps = 0;
    let books: Vec<_> = one.all().filter_map(|(_, book)| book.ok()).collect();
    for sample in books.iter().flat_map(|book| &book.samples) {
        let alert = sample.alert.alert();
        let write = |playbooks: &Playbooks| {
            let analysis = analyze(&alert, &[], playbooks, &Choice::default());
            cadge::report::analysis_json::analysis_json(&analysis)
        };
        let text = write(&one);
        assert_eq!(text, write(&other));
        let read: Value = serde_json::from_str(&text).unwrap();
        is(&read["playbook"], "id", "s");
        is_one_of(&read["playbook"], "match", "rule family fallback");
        for key in ["headline", "summary"] {
            is(&read, key, "s");
            assert!(!read[key].as_str().unwrap().is_empty(), "{key} is empty: {alert:?}");
        }
        for key in ["proves", "not_proven", "references"] {
            is(&read, key, "a");
        }
        for fact in each(&read, "facts") {
            ["field", "value", "says"].iter().for_each(|key| is(fact, key, "s"));
            is_one_of(fact, "direction", "up down neutral");
        }
        let assessment = &read["assessment"];
        is_one_of(assessment, "level", "benign low medium high critical");
        is(assessment, "falco_priority", "sn");
        is(assessment, "known", "sn");
        for reason in each(assessment, "reasons") {
            ["field", "says"].iter().for_each(|key| is(reason, key, "s"));
            assert_ne!(reason["field"], "", "a reason names its field: {reason}");
            is_one_of(reason, "direction", "up down neutral");
        }
        for cause in each(&read, "causes") {
            ["id", "title", "verdict", "check"].iter().for_each(|key| is(cause, key, "s"));
        }
        for lack in each(&read, "missing") {
            ["field", "why", "find"].iter().for_each(|key| is(lack, key, "s"));
        }
        for attack in each(&read, "attack") {
            ["technique", "name", "tactic", "url"].iter().for_each(|key| is(attack, key, "s"));
        }
        assert!(!each(&read, "causes").is_empty() && !each(&read, "steps").is_empty(), "{alert:?}");
        for step in each(&read, "steps") {
            n_steps += 1;
            ["id", "title", "why", "variant", "privilege"]
                .iter()
                .for_each(|key| is(step, key, "s"));
            is_one_of(step, "phase", "verify preserve contain eradicate harden tune");
            is_one_of(step, "risk", "read-only reversible disruptive destroys-evidence");
            is(step, "needs", "a");
            ["command", "undo", "unavailable"].iter().for_each(|key| is(step, key, "sn"));
            assert_eq!(step["command"].is_null(), !step["unavailable"].is_null(), "{step}");
            let texts = ["command", "undo"].map(|key| step[key].as_str().unwrap_or_default());
            for text in texts {
                let open = text.split('@').skip(1).step_by(2);
                for name in open {
                    let is_name = !name.is_empty()
                        && name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
                    assert!(!is_name, "@{name}@ is left in {text}");
                }
            }
        }
        for related in each(&read, "related") {
            is(related, "id", "i");
            ["rule", "why"].iter().for_each(|key| is(related, key, "s"));
        }
    }
    assert!(n_steps > 1000, "{n_steps} steps");
}

#[test]
fn containment_spares_what_the_node_and_the_cluster_live_on() {
    let sample = |fields: &str| {
        let text = format!(
            "{{\"rule\":\"Terminal shell in container\",\"priority\":\"Notice\",\"time\":\"2026-03-02T09:14:07Z\",\"source\":\"syscall\",\"output_fields\":{{\"evt.type\":\"execve\",\"proc.name\":\"sh\",\"proc.cmdline\":\"sh -i\",\"container.id\":\"7d01f2a4c9be\",\"container.name\":\"web\"{fields}}}}}"
        );
        let alert: cadge::analysis::playbook::SampleAlert = serde_json::from_str(&text).unwrap();
        analyze(&alert.alert(), &[], &Playbooks::builtin(), &Choice::default())
    };
    let contains = |fields: &str| -> Vec<String> {
        let steps = sample(fields).steps;
        steps
            .into_iter()
            .filter(|step| step.phase.name() == "contain" && step.command.is_some())
            .map(|step| step.command.unwrap_or_default())
            .collect()
    };
    assert!(!contains("").is_empty(), "an ordinary container can be contained");
    for platform in [
        ",\"k8s.ns.name\":\"kube-system\",\"k8s.pod.name\":\"kube-proxy-x2x\"",
        ",\"k8s.ns.name\":\"calico-system\",\"k8s.pod.name\":\"calico-node-x2x\",\"container.image.repository\":\"docker.io/calico/node\"",
    ] {
        for command in contains(platform) {
            assert!(
                !["pause", "delete pod", "network disconnect", "NetworkPolicy", "nft"]
                    .iter()
                    .any(|word| command.contains(word)),
                "{platform}: {command}"
            );
        }
    }
    for own in
        ["127.0.0.1", "169.254.169.254", "169.254.1.1", "10.96.0.1", "192.0.2.1", "224.0.0.1"]
    {
        for command in contains(&format!(",\"fd.name\":\"10.0.0.5:51334->{own}:443\"")) {
            assert!(!command.contains(own), "{own} would be cut off: {command}");
        }
    }
    let text = contains(",\"fd.name\":\"10.0.0.5:51334->93.184.216.34:443\"").join("\n");
    assert!(!text.contains("docker stop --time"), "{text}");
}

#[test]
fn a_command_is_about_the_file_and_the_process_of_the_alert_or_there_is_none() {
    let explain = |rule: &str, fields: &str| {
        let text = format!(
            "{{\"rule\":\"{rule}\",\"priority\":\"Notice\",\"time\":\"2026-03-02T09:14:07Z\",\"source\":\"syscall\",\"output_fields\":{{{fields}}}}}"
        );
        let alert: cadge::analysis::playbook::SampleAlert = serde_json::from_str(&text).unwrap();
        analyze(&alert.alert(), &[], &Playbooks::builtin(), &Choice::default())
    };
    let command = |rule: &str, fields: &str, id: &str| -> Result<String, String> {
        let steps = explain(rule, fields).steps;
        let step = steps.into_iter().find(|step| step.id == id).expect("it is a step");
        step.command.ok_or_else(|| step.unavailable.unwrap_or_default())
    };
    let web = "\"container.id\":\"7d01f2a4c9be\",\"container.name\":\"web\"";
    let host = "\"container.id\":\"host\",\"container.name\":\"host\",\"evt.type\":\"openat\",\"proc.name\":\"vi\"";

    // A sandbox counts for itself: its eighth process is not the host's.
    let sandboxed =
        format!("{web},\"proc.name\":\"cat\",\"proc.pid\":8,\"fd.name\":\"/etc/shadow\"");
    for step in explain("Read sensitive file untrusted", &sandboxed).steps {
        let text = step.command.unwrap_or_default();
        assert!(!text.contains("/proc/8/") && !text.contains(" 8 "), "{text}");
    }
    // A shell that runs a script: the script is the evidence, not the shell.
    let script = format!(
        "{web},\"evt.type\":\"execve\",\"proc.name\":\"sh\",\"proc.exepath\":\"/bin/busybox\",\"proc.cmdline\":\"sh -c /dev/shm/run.sh\""
    );
    let copy = command("Execution from /dev/shm", &script, "copy-file-out").unwrap();
    assert!(copy.contains(":/dev/shm/run.sh ") && copy.contains("/file-run.sh.tar"), "{copy}");
    // What logins and the system live on is not moved away; what a package owns is looked for first.
    let moved = |path: &str| {
        command("Write below etc", &format!("{host},\"fd.name\":\"{path}\""), "quarantine-file")
    };
    assert!(moved("/etc/passwd").unwrap_err().contains("take the change out"), "it stays");
    let text = moved("/etc/cron.d/x").unwrap();
    let (asks, moves) = (text.find("dpkg --search").unwrap(), text.find("mv --").unwrap());
    assert!(asks < moves && text.contains("/quarantined-x;"), "{text}");
    // The way back is written down before the network is cut, or the network is not cut.
    let cut = command("Terminal shell in container", web, "disconnect-network").unwrap();
    let (_, then) = cut.split_once("/networks > /dev/null && ").unwrap();
    assert!(then.contains("network disconnect"), "{cut}");
    // Two days before the alert, not before today.
    let sweep =
        command("Write below etc", &format!("{host},\"fd.name\":\"/etc/x\""), "persistence-sweep");
    assert!(sweep.unwrap().contains("-newerct '2026-02-28T09:14:07Z'"));
}

#[test]
fn words_claim_no_more_than_the_alert_holds() {
    let explain = told;
    let list = explain(
        "\"rule\":\"Our rule\",\"source\":\"k8s_audit\"",
        "\"ka.verb\":\"list\",\"ka.user.name\":\"ana\",\"ka.target.resource\":\"secrets\",\"ka.target.namespace\":\"prod\"",
    );
    assert_eq!(list.headline, "ana asked the API server to list secrets in prod");
    assert!(
        list.summary.contains("Seen here: ana asked to list secrets in prod."),
        "{}",
        list.summary
    );
    let metrics =
        explain("\"rule\":\"Falco internal: metrics snapshot\",\"source\":\"internal\"", "");
    assert!(
        metrics.attack.is_empty() && metrics.headline.contains("figures"),
        "{}",
        metrics.headline
    );
    let shell = explain(
        "\"rule\":\"Terminal shell in container\",\"source\":\"syscall\"",
        "\"container.id\":\"7d01f2a4c9be\",\"proc.name\":\"sh\",\"proc.tty\":34816",
    );
    assert!(!shell.proves.iter().any(|text| text.contains("parent belongs")), "{:?}", shell.proves);
    let read = |uid: &str| {
        let fields = format!(
            "\"container.id\":\"host\",\"evt.type\":\"openat\",\"proc.name\":\"x\",\"fd.name\":\"/etc/shadow\",\"user.uid\":{uid}"
        );
        let head = "\"rule\":\"Read sensitive file untrusted\",\"source\":\"syscall\"";
        explain(head, &fields).proves.join(" ")
    };
    assert!(read("1000").contains("run by uid 1000,"));
    assert!(read("4294967295").contains("run by an unknown user,"));
    let tagged = explain(
        "\"rule\":\"open_from_cat\",\"source\":\"syscall\",\"tags\":[\"process\"]",
        "\"proc.cmdline\":\"cat /dev/null\"",
    );
    assert!(
        !tagged.headline.contains("started") && !tagged.summary.contains("met the start"),
        "{}",
        tagged.headline
    );
}

/// The analysis of an alert that begins so and has these fields.
fn told(head: &str, fields: &str) -> cadge::analysis::Analysis {
    let text = format!(
        "{{{head},\"priority\":\"Notice\",\"time\":\"2026-03-02T09:14:07Z\",\"output_fields\":{{{fields}}}}}"
    );
    let alert: cadge::analysis::playbook::SampleAlert = serde_json::from_str(&text).unwrap();
    analyze(&alert.alert(), &[], &Playbooks::builtin(), &Choice::default())
}

#[test]
fn a_headline_is_a_sentence_whatever_the_alert_lacks() {
    let headline = |source: &str, fields: &str| {
        told(&format!("\"rule\":\"Ours\",\"source\":\"{source}\""), fields).headline
    };
    let pod = "\"ka.user.name\":\"ana\",\"ka.target.resource\":\"pods\",\"ka.target.name\":\"web\",\"ka.target.subresource\":\"exec\"";
    assert_eq!(headline("k8s_audit", pod), "ana asked the API server to act on pods web");
    assert_eq!(
        headline("k8s_audit", "\"ka.user.name\":\"ana\""),
        "ana asked the API server to act on something"
    );
    assert_eq!(
        headline("okta", "\"okta.actor.name\":\"Ana\""),
        "Ana caused an event in Okta: Ours"
    );
    assert_eq!(headline("aws_cloudtrail", "\"ct.user\":\"ana\""), "ana called an operation of AWS");
    let gcp = "\"gcp.user\":\"a@b.example\",\"gcp.projectId\":\"shop\"";
    assert_eq!(headline("gcp_auditlog", gcp), "a@b.example called a method in project shop");
    let started = "\"proc.cmdline\":\"container:7d01f2a4c9be\",\"container.id\":\"7d01f2a4c9be\",\"container.name\":\"web\"";
    assert_eq!(headline("syscall", started), "Ours in the container web (7d01f2a4c9be)");
}

#[test]
fn an_alert_of_nothing_but_its_rule_has_a_headline_all_the_same() {
    let names = OFFICIAL_RULES.lines().filter(|line| !line.starts_with('#'));
    let headline = |rule: &str| told(&format!("\"rule\":\"{rule}\""), "").headline;
    for rule in names.filter_map(|line| line.split('\t').next()) {
        let headline = headline(rule);
        let is_begun = headline.starts_with(|first: char| first.is_ascii_uppercase());
        let has_holes = ["  ", " ,", ",:", "()", " :"].iter().any(|hole| headline.contains(hole));
        assert!(is_begun && !has_holes, "{rule}: {headline}");
    }
    let privileged = headline("Debugfs Launched in Privileged Container");
    assert!(
        privileged.ends_with("was started in a container, which is privileged"),
        "{privileged}"
    );
}

#[test]
fn the_start_of_a_container_has_no_process_and_no_login() {
    let started = told(
        "\"rule\":\"Launch Privileged Container\",\"source\":\"syscall\"",
        "\"proc.cmdline\":\"container:7d01f2a4c9be\",\"user.loginuid\":0,\"container.id\":\"7d01f2a4c9be\",\"container.name\":\"web\"",
    );
    assert!(!started.facts.iter().any(|fact| fact.field == "user.loginuid"));
    assert!(!started.missing.iter().any(|lack| lack.field.starts_with("proc.")));
}

#[test]
fn a_start_alone_is_no_container() {
    let unknown = told(
        "\"rule\":\"Fileless execution via memfd_create\",\"source\":\"syscall\"",
        "\"container.id\":\"\",\"container.start_ts\":1772436025000000000,\"container.image.repository\":\"\",\"user.uid\":0,\"evt.type\":\"execve\",\"proc.name\":\"x\"",
    );
    let says = |field: &str| unknown.facts.iter().find(|fact| fact.field == field);
    assert!(says("user.uid").unwrap().says.contains("the alert does not tell"));
    assert!(says("container.image.repository").is_none());
    assert!(says("container.start_ts").is_none());
}

#[test]
fn what_a_rule_of_ones_own_met_is_judged_by_its_fields() {
    let level = |fields: &str| {
        let analysis = told("\"rule\":\"Ours\",\"source\":\"syscall\"", fields);
        (analysis.assessment.level.name(), analysis)
    };
    let web = "\"container.id\":\"7d01f2a4c9be\",\"container.name\":\"web\"";
    let socket = format!(
        "{web},\"evt.type\":\"connect\",\"fd.type\":\"unix\",\"fd.name\":\"a->b /var/run/docker.sock\",\"proc.name\":\"curl\""
    );
    let (level_of_socket, analysis) = level(&socket);
    assert_eq!(level_of_socket, "high");
    assert_eq!(analysis.causes[0].id, "runtime-commanded");
    assert!(!analysis.steps.iter().any(|step| step.id == "conntrack-remote"));
    let shell = |tty: u32| {
        format!(
            "\"container.id\":\"host\",\"evt.type\":\"execve\",\"proc.name\":\"bash\",\"proc.cmdline\":\"bash -i\",\"proc.tty\":{tty}"
        )
    };
    assert_eq!((level(&shell(34817)).0, level(&shell(0)).0), ("medium", "high"));
    let peer = format!(
        "{web},\"evt.type\":\"connect\",\"fd.name\":\"2001:db8::5:51334->2606:4700::1111:443\",\"proc.name\":\"x\""
    );
    let headline = level(&peer).1.headline;
    assert!(headline.contains(" to [2606:4700::1111]:443"), "{headline}");
    let gone = "\"container.id\":\"host\",\"evt.type\":\"execve\",\"proc.name\":\"a\",\"proc.exepath\":\"/opt/.x/a (deleted)\"";
    assert_eq!(level(gone).0, "high");
}

#[test]
fn the_name_that_the_shim_of_docker_gives_tells_the_runtime() {
    let shim = told(
        "\"rule\":\"Ours\",\"source\":\"syscall\"",
        "\"container.id\":\"7d01f2a4c9be\",\"container.name\":\"k8s_web_web-0_shop_0a1b_3\",\"proc.name\":\"x\"",
    );
    let lack = shim.missing.iter().find(|lack| lack.field == "container.type").unwrap();
    assert!(lack.why.contains("points to docker"), "{}", lack.why);
}

#[test]
fn the_second_self_of_runc_is_no_disguise() {
    let init = told(
        "\"rule\":\"Fileless execution via memfd_create\",\"source\":\"syscall\"",
        "\"container.id\":\"host\",\"evt.type\":\"execve\",\"proc.name\":\"exe\",\"proc.cmdline\":\"exe init\",\"proc.exepath\":\"memfd:runc\",\"proc.pname\":\".runc\"",
    );
    assert_eq!(init.assessment.known.as_deref(), Some("runc-self-copy"));
    assert_eq!(init.assessment.level.name(), "benign");
}

#[test]
fn what_is_missing_is_named_once_and_with_what_finds_it() {
    let host = told(
        "\"rule\":\"Write below etc\",\"source\":\"syscall\"",
        "\"container.id\":\"host\",\"evt.type\":\"openat\",\"proc.name\":\"vi\",\"fd.name\":\"/etc/x\"",
    );
    let find = |field: &str| host.missing.iter().find(|lack| lack.field == field).unwrap();
    assert!(find("proc.pid").find.starts_with("ps -C vi "), "{:?}", find("proc.pid"));
    let web = told(
        "\"rule\":\"Netcat Remote Code Execution in Container\",\"source\":\"syscall\"",
        "\"container.id\":\"7d01f2a4c9be\",\"container.name\":\"web\",\"evt.type\":\"execve\",\"proc.name\":\"nc\"",
    );
    let images = web.missing.iter().filter(|lack| lack.field.starts_with("container.image"));
    assert_eq!(images.count(), 1, "{:?}", web.missing);
    let audit = told(
        "\"rule\":\"Attach/Exec Pod\",\"source\":\"k8s_audit\"",
        "\"ka.user.name\":\"ana\",\"ka.target.name\":\"web\"",
    );
    assert!(audit.missing.iter().any(|lack| lack.field == "ka.response.code"));
}

#[test]
#[expect(clippy::disallowed_methods, reason = "commands are tried in a shell, with stubs")]
fn a_command_for_a_cloud_is_about_the_person_and_the_object_of_the_alert() {
    let command = |source: &str, rule: &str, fields: &str, id: &str| -> Result<String, String> {
        let text = format!(
            "{{\"rule\":\"{rule}\",\"priority\":\"Notice\",\"time\":\"2026-03-02T09:14:07Z\",\"hostname\":\"node-1\",\"source\":\"{source}\",\"output_fields\":{{{fields}}}}}"
        );
        let alert: cadge::analysis::playbook::SampleAlert = serde_json::from_str(&text).unwrap();
        let steps = analyze(&alert.alert(), &[], &Playbooks::builtin(), &Choice::default()).steps;
        let step = steps.into_iter().find(|step| step.id == id).expect("it is a step");
        step.command.ok_or_else(|| step.unavailable.unwrap_or_default())
    };
    // Rights were given to somebody without a login name: the one who gave them is not suspended for it.
    let okta = "\"okta.actor.name\":\"Jane\",\"okta.actor.alternateid\":\"jane@example.net\",\"okta.target.user.name\":\"svc-sync\"";
    let rule = "Admin permission has been assigned to a user in OKTA";
    let suspend = command("okta", rule, okta, "okta-suspend-user");
    assert!(suspend.unwrap_err().contains("not by a login name"));
    // A role's session is no user of IAM, whatever it is called.
    let session = "\"ct.user\":\"deploy\",\"ct.user.arn\":\"arn:aws:sts::111122223333:assumed-role/deploy/run-1\",\"ct.region\":\"eu-central-1\",\"ct.request.name\":\"trail\"";
    let deny = command("aws_cloudtrail", "CloudTrail Logging Disabled", session, "aws-deny-user");
    assert!(deny.unwrap_err().contains("session of a role"));
    let user = session.replace("sts", "iam").replace(":assumed-role/deploy/run-1", ":user/deploy");
    assert!(
        command("aws_cloudtrail", "CloudTrail Logging Disabled", &user, "aws-deny-user").is_ok()
    );
    // An object of a namespace is looked for in it.
    let account = "\"ka.user.name\":\"ana\",\"ka.target.name\":\"helper\",\"ka.target.resource\":\"serviceaccounts\",\"ka.target.namespace\":\"kube-system\"";
    let rule = "Service Account Created in Kube Namespace";
    let show = command("k8s_audit", rule, account, "k8s-show-object").unwrap();
    assert!(show.contains("--namespace kube-system get serviceaccounts helper"), "{show}");
    // Two objects of one day have a folder each: the way back of one is not the other.
    let binding = |name: &str| {
        let fields = format!(
            "\"ka.user.name\":\"ana\",\"ka.target.name\":\"{name}\",\"ka.target.resource\":\"clusterrolebindings\""
        );
        command("k8s_audit", "Attach to cluster-admin Role", &fields, "k8s-save-cluster-object")
            .unwrap()
    };
    let folder = |text: String| {
        let (_, after) = text.split_once("cd ~/falco-triage/").expect("a folder");
        after.split(' ').next().unwrap_or_default().to_owned()
    };
    assert_ne!(folder(binding("one")), folder(binding("two")));
    // Who saves twice keeps what stood there first, also when the first attempt failed.
    let kept = |command: &str, answers: &str| {
        let folder = tempfile::tempdir().unwrap();
        let stub = "kubectl() { answer; }; aws() { case \"$2\" in get-*) answer;; esac; }";
        for answer in answers.split(',') {
            let script = format!("answer() {{ {answer}; }}; {stub}; {command}");
            let mut shell = std::process::Command::new("sh");
            shell.args(["-c", &script]).env("HOME", folder.path()).output().unwrap();
        }
        let case = std::fs::read_dir(folder.path().join("falco-triage")).unwrap().next();
        let files = std::fs::read_dir(case.expect("a folder").unwrap().path()).unwrap();
        let files = files.map(|file| file.unwrap().path());
        let mut saved = files
            .filter(|path| path.extension().is_some_and(|kind| kind == "yaml" || kind == "json"));
        std::fs::read_to_string(saved.next().expect("a file")).unwrap()
    };
    assert_eq!(kept(&binding("one"), "false,echo first,echo second"), "first\n");
    let bucket = "\"ct.user\":\"deploy\",\"ct.region\":\"eu-central-1\",\"s3.bucket\":\"made\",\"ct.request.bucketname\":\"made\"";
    let rule = "Delete Bucket Public Access Block";
    let close = command("aws_cloudtrail", rule, bucket, "aws-block-public-access").unwrap();
    assert_eq!(kept(&close, "false,echo first,echo second"), "first\n");
    let none = "{ echo NoSuchPublicAccessBlockConfiguration >&2; false; }";
    assert_eq!(kept(&close, &format!("{none},echo second")), "");
    // What was allowed before is written down, for the way back.
    let miner = "\"github.repo.name\":\"example/web\",\"github.repo.url\":\"https://github.com/example/web\",\"github.user\":\"x\",\"github.workflow.miners.type\":\"xmrig\"";
    let stop = command("github", "Github action with miners", miner, "gh-disable-actions").unwrap();
    assert!(stop.contains("actions/permissions > "), "{stop}");
}
