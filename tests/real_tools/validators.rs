//! What commands write for other programs, judged by those programs: nft, iptables, `AppArmor`, Kubernetes, compose, seccomp,
//! audit, tcpdump.

use super::lab::Lab;
use super::run;
use super::shells::{rendered, rendered_with};

/// The texts between `<<'WORD'` and `WORD` in all commands.
fn documents(word: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (name, text) in rendered() {
        let mut rest = text.as_str();
        while let Some((_, after)) = rest.split_once(&format!("<<'{word}'")) {
            let body = after.split_once('\n').map_or("", |(_, body)| body);
            let body = body.split(&format!("\n{word}")).next().unwrap_or_default();
            found.push((name.clone(), format!("{body}\n")));
            rest = after;
        }
    }
    found
}

#[test]
fn nft_loads_every_table_and_gives_it_up_again() {
    let lab = Lab::new();
    let tables = documents("NFT");
    assert!(tables.len() >= 4, "{} tables", tables.len());
    for (name, table) in tables {
        std::fs::write(lab.path().join("table.nft"), &table).expect("written");
        // What cuts one container off and what blocks an address have tables of their own: no way back takes the other's.
        let own =
            if name.starts_with("block-remote") { "falco_triage" } else { "falco_triage_cut" };
        lab.must(&name, &format!("unshare -n sh -ec 'nft -c -f table.nft; nft -f table.nft; nft list table inet {own}; nft delete table inet {own}; ! nft list tables | grep .'"));
    }
}

/// Two addresses are blocked, one of them twice: the way back of one lifts its own block and no other.
#[test]
fn a_block_is_lifted_for_its_own_address_only() {
    let lab = Lab::new();
    let of = |name: &str, address: &str| {
        let family = if address.contains(':') { "ip6" } else { "ip" };
        let all = rendered_with(&[("BLOCKIP", address), ("IPFAM", family)]);
        all.into_iter().find(|(known, _)| known == name).expect("in the catalogue").1
    };
    let blocks = ["93.184.216.34", "93.184.216.34", "203.0.114.9", "2606:4700::1111"];
    let mut script: Vec<String> =
        blocks.iter().map(|address| of("block-remote.host", address)).collect();
    script.push("nft list table inet falco_triage; echo LIFTED".to_owned());
    script.push(of("block-remote.undo-host", "93.184.216.34"));
    script.push("nft list table inet falco_triage; echo AGAIN".to_owned());
    script.push(format!("! {{ {}; }} 2> /dev/null", of("unblock-remote.host", "93.184.216.34")));
    script.push(of("unblock-remote.host", "2606:4700::1111"));
    script.push("nft list table inet falco_triage".to_owned());
    std::fs::write(lab.path().join("t.sh"), format!("set -e\n{}\n", script.join("\n")))
        .expect("written");
    let said = lab.must("blocks", "unshare -n bash t.sh");
    let (before, after) = said.split_once("LIFTED").expect("listed");
    let (after, last) = after.split_once("AGAIN").expect("listed");
    let held = |text: &str| blocks.map(|address| text.contains(address));
    assert_eq!(held(before), [true; 4], "{before}");
    assert_eq!(held(after), [false, false, true, true], "{after}");
    assert_eq!(held(last), [false, false, true, false], "{last}");
    // Rules do not pile up.
    assert_eq!(before.matches("@blocked_ip counter").count(), 4, "{before}");
}

#[test]
fn iptables_inserts_lists_and_deletes() {
    let lab = Lab::new();
    let all = rendered();
    let text =
        |name: &str| &all.iter().find(|(known, _)| known == name).expect("in the catalogue").1;
    for chain in ["docker", "host"] {
        let (block, undo) = (
            text(&format!("block-remote.iptables-{chain}")),
            text(&format!("block-remote.undo-iptables-{chain}")),
        );
        lab.must(
            chain,
            &format!("cat > t.sh <<'T'\nset -e\niptables -N DOCKER-USER\n{block}\n{block}\ntest \"$(iptables -S | grep -c -- '-j DROP')\" = 1\n{undo}\n! iptables -S | grep -- '-j DROP'\nT\nunshare -n bash t.sh"),
        );
    }
}

#[test]
fn apparmor_reads_every_profile() {
    let lab = Lab::new();
    let profiles = documents("PROFILE");
    assert!(!profiles.is_empty());
    for (name, profile) in profiles {
        std::fs::write(lab.path().join("profile"), profile).expect("written");
        lab.must(&name, "apparmor_parser -Q -K profile");
    }
    // The tool does refuse what is wrong.
    std::fs::write(lab.path().join("profile"), "profile x { deny everything }\n").expect("written");
    assert!(!lab.sh("apparmor_parser -Q -K profile").0);
}

#[test]
fn kubernetes_knows_every_key_of_the_manifests() {
    let lab = Lab::new();
    let mut files = Vec::new();
    for (n, (name, text)) in documents("YAML").into_iter().enumerate() {
        if name.starts_with("compose") {
            continue;
        }
        let mut manifest: serde_json::Value = serde_saphyr::from_str(&text).expect("YAML");
        if manifest.get("kind").is_none() {
            // A patch for a workload's template: the rest of a workload is put around it.
            manifest["apiVersion"] = "apps/v1".into();
            manifest["kind"] = "Deployment".into();
            manifest["metadata"] = serde_json::json!({"name": "web"});
            manifest["spec"]["selector"] = serde_json::json!({"matchLabels": {"app": "web"}});
            manifest["spec"]["template"]["metadata"] =
                serde_json::json!({"labels": {"app": "web"}});
            if manifest["spec"]["template"]["spec"].get("containers").is_none() {
                manifest["spec"]["template"]["spec"]["containers"] =
                    serde_json::json!([{"name": "web", "image": "x"}]);
            }
        }
        let file = format!("{n}-{name}.yaml");
        std::fs::write(lab.path().join(&file), manifest.to_string()).expect("written");
        files.push(file);
    }
    assert!(files.len() >= 3, "{files:?}");
    let validate = "/opt/cadge-tools/bin/kubernetes-validate --strict -k 1.32";
    lab.must("manifests", &format!("{validate} {}", files.join(" ")));
    std::fs::write(lab.path().join("bad.yaml"), "{\"apiVersion\":\"networking.k8s.io/v1\",\"kind\":\"NetworkPolicy\",\"metadata\":{\"name\":\"x\"},\"spec\":{\"podSelector\":{},\"policyType\":[]}}").expect("written");
    assert!(!lab.sh(&format!("{validate} bad.yaml")).0, "a misspelt key passes");
}

#[test]
fn a_profile_that_is_there_stays_and_one_that_is_wrong_does_not() {
    let lab = Lab::new();
    let all = rendered();
    let (_, text) =
        all.iter().find(|(name, _)| name == "docker-no-netcat.host").expect("in the catalogue");
    let text = text.replace("/etc/apparmor.d", &lab.path().display().to_string());
    let file = lab.path().join("falco-triage-no-netcat");
    lab.program("apparmor_parser", "exit 1");
    assert!(!lab.sh(&text).0 && !file.exists());
    lab.program("apparmor_parser", "exit 0");
    lab.must("written", &text);
    assert!(file.exists());
    std::fs::write(&file, "own").expect("written");
    let (ok, said) = lab.sh(&text);
    assert!(!ok && said.contains("File exists"), "{said}");
    assert_eq!(std::fs::read_to_string(&file).expect("it is there"), "own");
}

#[test]
fn compose_reads_every_service() {
    let lab = Lab::new();
    let files: Vec<_> =
        documents("YAML").into_iter().filter(|(name, _)| name.starts_with("compose")).collect();
    assert!(!files.is_empty());
    for (name, text) in files {
        std::fs::write(lab.path().join("compose.yaml"), text).expect("written");
        lab.must(&name, "docker-compose -f compose.yaml config -q");
    }
}

#[test]
fn the_seccomp_profile_names_a_call_that_exists_and_takes_it_out() {
    let known = run("scmp_sys_resolver", &["memfd_create"], "");
    assert_ne!(String::from_utf8_lossy(&known.stdout).trim(), "-1");
    let unknown = run("scmp_sys_resolver", &["memfd_crate"], "");
    assert_eq!(String::from_utf8_lossy(&unknown.stdout).trim(), "-1");
    let lab = Lab::new();
    let (_, text) = rendered()
        .into_iter()
        .find(|(name, _)| name == "seccomp-without-memfd.docker")
        .expect("in the catalogue");
    let at = lab.path().display().to_string();
    lab.must("profile", &text.replace("/etc/docker", &at));
    // What is there, changed by a person perhaps, stays.
    std::fs::write(lab.path().join("falco-triage-no-memfd.json"), "own").expect("written");
    let (ok, said) = lab.sh(&text.replace("/etc/docker", &at));
    assert!(!ok && said.contains("File exists"), "{said}");
    assert_eq!(
        lab.must("own", "cat falco-triage-no-memfd.json && rm falco-triage-no-memfd.json"),
        "own"
    );
    lab.must("profile", &text.replace("/etc/docker", &at));
    lab.must("without", &format!("jq -e '[.syscalls[].names[]] | index(\"memfd_create\") == null and length > 300' {at}/falco-triage-no-memfd.json"));
}

/// The kernel takes the rules where it lets us; elsewhere only that auditctl understands its own list is shown.
#[test]
fn audit_rules_are_taken() {
    let rules = documents("RULES");
    assert!(!rules.is_empty());
    let lab = Lab::new();
    for (name, text) in rules {
        std::fs::write(lab.path().join("audit.rules"), text).expect("written");
        let (may, said) = lab.sh("chmod 0600 audit.rules; auditctl -s");
        if may && lab.must("rules", "auditctl -l").contains("No rules") {
            let (ok, out) =
                lab.sh("auditctl -R audit.rules; rc=$?; auditctl -D > /dev/null; exit $rc");
            assert!(ok, "{name}: {out}");
        } else {
            assert!(
                said.contains("Operation not permitted") || may,
                "auditctl is missing or broken: {said}"
            );
            // A grammar of our own: a call, an architecture and a key, or a watched path.
            lab.must(&name, "! grep -vE '^(-a always,exit -F arch=b(32|64) (-S [a-z0-9_]+ )+(-F [a-z0-9!=<>_-]+ )*-F key=[a-z-]+|-w /[^ ]+ -p [rwxa]+ -k [a-z-]+)$' audit.rules && for call in $(grep -oE -- '-S [a-z0-9_]+' audit.rules | cut -c4-); do test \"$(scmp_sys_resolver \"$call\")\" != -1 || exit 1; done");
        }
    }
}

#[test]
fn tcpdump_understands_every_expression() {
    let lab = Lab::new();
    let mut n = 0;
    for (name, text) in rendered() {
        let Some((_, arguments)) = text.split_once("tcpdump ") else { continue };
        let arguments = arguments.replace("-w /var/lib/falco-triage/", "-w /tmp/");
        lab.must(&name, &format!("unshare -n tcpdump -d {arguments}"));
        n += 1;
    }
    assert!(n >= 3, "{n} expressions");
}
