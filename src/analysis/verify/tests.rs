use super::super::library::Playbooks;

const GOOD: &str = "id: mine
rules: [My own rule]
means: A program did something. It may be harmless.
headline: \"{process} did something in {container}\"
proves:
  - It did it.
  - {when: evt.res = SUCCESS, says: It succeeded.}
not_proven: [Why.]
signals:
  - {when: proc.pname = nginx, says: a server did it, weight: 2, field: proc.pname}
restates: [remote]
causes:
  - {id: attack, title: somebody attacks, when: proc.pname = nginx, check: look, verdict: true_positive}
  - {id: job, title: a job of ours, check: ask, verdict: benign}
steps:
  - {command: identify-container, why: know where it is}
tuning: {says: quiet, fields: [container.image.repository, proc.cmdline]}
attack: [T1059]
see: [https://example.com/]
samples:
  - {alert: {rule: My own rule, priority: Notice, time: 2026-03-02T09:14:07Z, output_fields: {proc.pname: nginx}}, cause: attack, level: medium, first: identify-container}
";

/// Changes one piece and wants the mistake told at this line, with these words.
#[track_caller]
fn check(from: &str, to: &str, line: u32, words: &[&str]) {
    let text = GOOD.replacen(from, to, 1);
    assert_ne!(text, GOOD, "{from} is not in the file");
    let library = Playbooks::builtin();
    let problems = super::shape("rules/mine.yaml", &text, library.catalogue());
    let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
    let all = told.join("\n");
    assert!(
        problems.iter().any(|problem| {
            problem.place.is_some_and(|(own, _)| own == line)
                && words.iter().all(|word| problem.what.contains(word))
        }),
        "{words:?} at line {line} is not in:\n{all}"
    );
}

#[test]
fn a_good_file_has_no_mistakes() {
    let library = Playbooks::builtin();
    assert_eq!(super::shape("rules/mine.yaml", GOOD, library.catalogue()), []);
}

#[test]
fn every_mistake_is_told_with_its_line_and_what_is_allowed() {
    check("id: mine", "id: other", 1, &["other", "`mine`"]);
    check("rules: [My own rule]", "rules: []", 2, &["no rules", "exact name"]);
    check("means:", "maens:", 3, &["unknown field `maens`", "headline"]);
    check("{process}", "{proces}", 4, &["`proces`", "did you mean `process`", "allowed"]);
    check("evt.res = SUCCESS", "evt.res == ", 7, &["evt.res"]);
    check("evt.res = SUCCESS", "evt.ress = SUCCESS", 7, &["evt.res"]);
    check("proc.pname = nginx, says", "fact.paernts = x, says", 10, &["fact.parents"]);
    check("weight: 2", "weight: 7", 10, &["between -3 and 3"]);
    check("weight: 2", "weight: heavy", 10, &[]);
    check("field: proc.pname", "field: proc.panme", 10, &["did you mean `proc.pname`"]);
    check("[remote]", "[remtoe]", 11, &["did you mean `remote`", "memfd"]);
    check("id: job", "id: attack", 13, &["twice"]);
    check("verdict: benign", "verdict: fine", 14, &["`fine`", "true_positive, benign"]);
    check(
        "command: identify-container",
        "command: identify-contaner",
        16,
        &["did you mean `identify-container`", "allowed"],
    );
    check("[container.image.repository, proc", "[proc.exepth, proc", 17, &["`proc.exepath`"]);
    check("T1059", "T9999", 18, &["T9999", "wanted"]);
    check("https://", "ftp://", 19, &["web address"]);
    check("level: medium", "level: middle", 21, &["middle", "benign, low"]);
    check("priority: Notice", "priority: Loud", 21, &["`Loud`", "Notice"]);
    check("2026-03-02T09:14:07Z", "yesterday", 21, &["no time"]);
    check("samples:\n", "samples: {\n", 20, &["sequence"]);
}

#[test]
fn a_bad_command_is_told_with_its_line() {
    let text = "commands:
  - id: my-own
    phase: verify
    what: looks
    risk: disruptive
    priv: none
    requires: [identfy-container]
    variants: {docker: \"docker top @CDI@ '@PATH@'\"}
";
    let library = Playbooks::builtin();
    let problems = super::shape("commands/mine.yaml", text, library.catalogue());
    let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
    let all = told.join("\n");
    for (line, word) in [
        (5, "has no undo"),
        (7, "did you mean `identify-container`"),
        (8, "did you mean `CID`"),
        (8, "cannot be quoted"),
    ] {
        assert!(
            told.iter().any(|told| told.starts_with(&format!("commands/mine.yaml:{line}:"))
                && told.contains(word)),
            "{line} {word}:\n{all}"
        );
    }
}

#[test]
fn parts_have_names_of_their_own_and_are_named() {
    let file = |parts: &str, undo: &str| {
        format!(
            "parts:
{parts}commands:
  - id: my-own
    phase: contain
    what: looks
    risk: reversible
    undo: \"{undo}\"
    priv: none
    variants: {{docker: docker pause @CID@}}
"
        )
    };
    let told = |text: &str| {
        let builtin = Playbooks::builtin();
        let mut files: Vec<(String, String)> =
            builtin.files().map(|(path, text)| (path.to_owned(), text.to_owned())).collect();
        files.push(("commands/mine.yaml".to_owned(), text.to_owned()));
        let library = Playbooks::of(files);
        let problems = super::verify_file(&library, "commands/mine.yaml");
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        let undo = library.catalogue().command("my-own").unwrap().undo.clone().unwrap();
        (told.join("\n"), undo.of("docker").unwrap().to_owned())
    };
    let ours = "  OURS: docker unpause @CID@\n";
    assert_eq!(told(&file(ours, "@OURS@")), (String::new(), "docker unpause @CID@".to_owned()));
    let (idle, _) = told(&file(ours, "docker unpause @CID@"));
    assert!(idle.contains("mine.yaml:2:") && idle.contains("no command names"), "{idle}");
    let (clash, undo) = told(&file("  CID: docker\n", "docker unpause @CID@"));
    assert!(clash.contains("mine.yaml:2:") && clash.contains("name of an input"), "{clash}");
    assert_eq!(undo, "docker unpause @CID@");
    for both in ["  A: x @OURS@\n  OURS: y\n", "  OURS: y\n  A: x @OURS@\n"] {
        let (nested, undo) = told(&file(both, "@A@ @OURS@"));
        assert!(nested.contains("the part A names the part @OURS@"), "{nested}");
        assert_eq!(undo, "x @OURS@ y");
    }
}
