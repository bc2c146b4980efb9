//! What leaves the program: read through as a person would (the snapshots), and taken apart by parsers of other people.

use cadge::analysis::{Choice, Neighbor, Playbooks, analyze};
use cadge::decode::{Context, Decoder, Item};
use cadge::model::{Alert, AlertId, Value};
use cadge::report::dossier::{Chapter, Dossier, Rest};
use cadge::report::{analysis_json, case, csv, dossier_json, html, markdown, plain, record};
use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser, Tag};
use scraper::{Html, Selector};
use std::sync::{Arc, LazyLock};

static PLAYBOOKS: LazyLock<Playbooks> = LazyLock::new(Playbooks::builtin);

fn decode(bytes: &[u8]) -> Vec<Alert> {
    let mut decoder = Decoder::new(Arc::new(Context::default()), "events.json".into());
    let mut entries = Vec::new();
    decoder.push(bytes, &mut entries);
    decoder.finish(&mut entries);
    let alerts = entries.into_iter().filter_map(|entry| match entry.item {
        Item::Alert(mut alert) => {
            alert.origin.offset = entry.offset;
            alert.origin.line = entry.line;
            Some(*alert)
        }
        _ => None,
    });
    alerts.collect()
}

fn dossier(title: &str, alerts: &[Alert], masks: bool) -> Dossier {
    let chapters = alerts.iter().map(|alert| {
        let neighbors: Vec<_> = (0..)
            .zip(alerts)
            .filter(|(_, other)| *other != alert)
            .map(|(n, alert)| Neighbor { id: AlertId(n), alert })
            .collect();
        let analysis = analyze(alert, &neighbors, &PLAYBOOKS, &Choice::default());
        Chapter { alert: alert.clone(), analysis, sha256: "0".repeat(64), decision: None }
    });
    let made = "2026-11-21T10:00:00Z".parse().unwrap();
    Dossier::new(title, made, chapters.collect(), masks)
}

fn seeds() -> Vec<Alert> {
    decode(include_bytes!("../../fixtures/seeds/alerts.jsonl"))
}

/// The eight alerts of the demo's intrusion.
fn intrusion() -> Vec<Alert> {
    let start: jiff::Timestamp = "2026-11-21T09:00:00Z".parse().unwrap();
    let end = start + jiff::SignedDuration::from_mins(3);
    let story = cadge::demo::Story::new(start);
    let lines: Vec<_> = story.skip_while(|l| l.at < start).take_while(|l| l.at < end).collect();
    let bytes: Vec<u8> = lines.into_iter().flat_map(|line| line.bytes).collect();
    let is_in_it = |alert: &Alert| alert.container().name == Some("checkout");
    decode(&bytes).into_iter().filter(is_in_it).collect()
}

/// The version stands in every report.
fn snapshot(name: &str, text: &str) {
    let text = text.replace(concat!("cadge ", env!("CARGO_PKG_VERSION")), "cadge VERSION");
    insta::assert_snapshot!(name, text);
}

#[test]
fn reports_of_the_five_situations_read_well() {
    for (n, alert) in seeds().iter().enumerate() {
        let title = alert.rule_name().to_owned();
        snapshot(
            &format!("seed-{n}"),
            &case::markdown(&dossier(&title, std::slice::from_ref(alert), true)),
        );
    }
}

#[test]
fn an_intrusion_is_one_story() {
    let alerts = intrusion();
    assert_eq!(alerts.len(), 8);
    let dossier = dossier("The checkout pod", &alerts, true);
    assert_eq!(dossier.stories().len(), 1);
    assert!(dossier.stories()[0].beats.len() >= 7);
    let text = case::markdown(&dossier);
    snapshot("intrusion", &text);
    // Each command stands there once, however many alerts ask for it.
    let tasks: Vec<_> = dossier.plan().into_iter().flat_map(|stage| stage.tasks).collect();
    let mut commands: Vec<_> = tasks.iter().filter_map(|t| t.step.command.as_ref()).collect();
    let n = commands.len();
    commands.sort();
    commands.dedup();
    assert_eq!(commands.len(), n);
}

#[test]
fn a_huge_selection_is_counted_whole_and_says_what_it_left_out() {
    let alerts = seeds();
    let mut rest = Rest::default();
    for _ in 0..5000 {
        rest.add(&alerts[2], true);
    }
    let chapters = dossier("x", &alerts[..1], true).chapters;
    let made = "2026-11-21T10:00:00Z".parse().unwrap();
    let dossier = Dossier::with_rest("x", made, chapters, rest, true);
    assert!(dossier.summary()[0].starts_with("5,001 alerts of 2 rules"), "{:?}", dossier.summary());
    for text in [case::markdown(&dossier), html::render(&dossier)] {
        assert!(text.contains("Of 5,001 alerts 1 are told one by one"));
    }
}

/// An alert in which everything is the same text, as real as its rule lets it be.
fn hostile(text: &str) -> Vec<Alert> {
    let mut all = seeds();
    for alert in &mut all {
        for (_, value) in &mut alert.fields.0 {
            if matches!(value, Value::String(_)) {
                *value = Value::String(text.into());
            }
        }
        alert.fields.set(text, Value::String(text.into()));
        alert.hostname = Some(text.into());
        alert.output = Some(text.into());
        alert.tags = vec![text.into()];
        alert.origin.source = text.into();
    }
    let mut named = all[0].clone();
    named.rule = Some(text.into());
    all.push(named);
    all
}

/// Links, images and HTML in Markdown that are not ours.
fn active(markdown: &str) -> Vec<String> {
    // Links of playbooks are ours; nothing hostile here names these hosts.
    let is_ours = |url: &str| url.starts_with("https://") && !url.contains("example");
    let active = Parser::new_ext(markdown, Options::all()).filter_map(|event| match event {
        Event::Start(Tag::Link { dest_url, .. }) if !is_ours(&dest_url) => {
            Some(format!("link {dest_url}"))
        }
        Event::Start(Tag::Image { dest_url, .. }) => Some(format!("image {dest_url}")),
        Event::Html(html) | Event::InlineHtml(html) => Some(format!("html {html}")),
        _ => None,
    });
    active.collect()
}

const HOSTILE: [&str; 16] = [
    "<script>alert(1)</script>",
    "<img src=https://x.example/p.png>",
    "![p](https://x.example/p.png)",
    "[click](https://x.example/)",
    "https://x.example/ <https://x.example/>",
    "[a]: https://x.example/",
    "`x` ```` ```\n```\n# heading",
    "a | b \\| c \\",
    "</title></style><b>",
    "\n\n<div>\n\n---\n\n1. x",
    "=HYPERLINK(\"https://x.example\")",
    "\u{202e}\u{200b}\u{1b}]8;;https://x.example\u{7}x",
    "&lt;b&gt; &#60;b&#62;",
    "\\<b\\> \\`",
    "www.x.example mail@x.example @team #1",
    "$x$ $$y$$ [^1] - [ ] {#id} :::",
];

fn check_hostile(text: &str) {
    let alerts = hostile(text);
    let dossier = dossier(text, &alerts, false);
    let pages = alerts.iter().map(|alert| {
        markdown::markdown(alert, &analyze(alert, &[], &PLAYBOOKS, &Choice::default()))
    });
    for page in pages.chain([case::markdown(&dossier)]) {
        assert_eq!(active(&page), Vec::<String>::new(), "{text:?} in\n{page}");
    }
    let page = html::render(&dossier);
    let html = Html::parse_document(&page);
    let never = "script, img, a, link, iframe, object, embed, form, base, [onerror], [href], [src], [style]";
    assert_eq!(html.select(&Selector::parse(never).unwrap()).count(), 0, "{text:?}");
    let json: serde_json::Value = serde_json::from_str(&dossier_json::json(&dossier)).unwrap();
    assert_eq!(json["title"], text);
    assert_eq!(json["alerts"][0]["alert"]["hostname"], text);
    assert!(!page.contains('\u{202e}') && !page.contains('\u{1b}'));
}

#[test]
fn no_text_of_an_alert_becomes_markup() {
    HOSTILE.iter().for_each(|text| check_hostile(text));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3, max_shrink_iters: 20, ..ProptestConfig::default() })]

    #[test]
    fn no_text_at_all_becomes_markup(text in "[ -~\n\t\u{e9}\u{202e}`|<>\\[\\]()!*_#&;:/.\"'\\\\-]{0,60}") {
        check_hostile(&text);
    }
}

/// Made-up secrets of every shape, with what stands around them.
const SECRETS: [(&str, &str); 16] = [
    ("mysql -u root -pTr0ub4dorA shop", "Tr0ub4dorA"),
    ("app --password=Tr0ub4dorB --port 80", "Tr0ub4dorB"),
    ("app --db-password Tr0ub4dorC run", "Tr0ub4dorC"),
    ("curl https://ana:Tr0ub4dorD@git.example.com/x", "Tr0ub4dorD"),
    ("curl -u ana:Tr0ub4dorE https://git.example.com", "Tr0ub4dorE"),
    ("curl -H 'Authorization: Bearer Tr0ub4dorF.x-1' https://a.example.com", "Tr0ub4dorF.x-1"),
    ("curl -H 'Authorization: Basic YW5hOlRyMHViNGRvckc='", "YW5hOlRyMHViNGRvckc="),
    ("aws configure set aws_access_key_id AKIAZZZZTR0UB4DORHZZ", "AKIAZZZZTR0UB4DORHZZ"),
    ("AWS_SECRET_ACCESS_KEY=Tr0ub4dor/KrHb+Q3v9ZpL2m aws s3 ls", "Tr0ub4dor/KrHb+Q3v9ZpL2m"),
    ("git push https://ghp_Tr0ub4dorI0123456789abcdefghijklmn@github.com/a/b", "ghp_Tr0ub4dorI"),
    ("echo xoxb-1234567890-Tr0ub4dorJ", "xoxb-1234567890-Tr0ub4dorJ"),
    ("x eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbmEifQ.Tr0ub4dorL-signature", "Tr0ub4dorL"),
    ("echo '-----BEGIN PRIVATE KEY-----\nMIITr0ub4dorM\n-----END PRIVATE KEY-----'", "Tr0ub4dorM"),
    ("app {\"token\": \"Tr0ub4dorN99\"}", "Tr0ub4dorN99"),
    ("psql postgres://app:Tr0ub4dorO@db.example.com/shop", "Tr0ub4dorO"),
    ("sign key: Tr0ub4dorPQRSTUVWXYZ0123456789abc", "Tr0ub4dorPQRSTUVWXYZ0123456789abc"),
];

fn with_secrets() -> Vec<Alert> {
    let alerts = SECRETS.iter().flat_map(|(line, _)| {
        seeds().into_iter().map(move |mut alert| {
            let args = line.split_once(' ').map_or(*line, |(_, args)| args);
            for (key, value) in [
                ("proc.cmdline", *line),
                ("proc.pcmdline", line),
                ("proc.args", args),
                ("evt.args", line),
            ] {
                alert.fields.set(key, Value::String(value.into()));
            }
            alert.fields.set("proc.aargs", Value::Array(vec![Value::String(args.into())]));
            alert.output = Some(format!("x (command={line} args={args})").into());
            alert
        })
    });
    alerts.collect()
}

#[test]
fn no_secret_leaves() {
    let alerts = with_secrets();
    let dossier = dossier("Case", &alerts, true);
    assert!(dossier.masked > Some(SECRETS.len() * 5 * 4));
    let mut bytes = Vec::new();
    let mut table = csv::Table::new(&mut bytes, true).unwrap();
    alerts.iter().for_each(|alert| table.alert(alert).unwrap());
    table.flush().unwrap();
    drop(table);
    let mut exports = vec![
        ("markdown", case::markdown(&dossier)),
        ("html", html::render(&dossier)),
        ("json", dossier_json::json(&dossier)),
        ("csv", String::from_utf8(bytes).unwrap()),
    ];
    for chapter in &dossier.chapters {
        exports.push(("one", markdown::markdown(&chapter.alert, &chapter.analysis)));
        exports.push(("plain", plain::plain(&chapter.alert, &chapter.analysis)));
        exports.push(("analysis", analysis_json::analysis_json(&chapter.analysis)));
    }
    for (name, text) in exports {
        for (line, secret) in SECRETS {
            let row = text.lines().find(|row| row.contains(secret)).unwrap_or_default();
            assert!(!text.contains(secret), "{secret} of {line:?} is in {name}: {row}");
        }
        assert!(!text.contains("Tr0ub4dor"), "{name}");
    }
}

#[test]
fn without_masking_json_is_what_was_read() {
    let alerts = seeds();
    let dossier = dossier("Case", &alerts, false);
    let whole: serde_json::Value = serde_json::from_str(&dossier_json::json(&dossier)).unwrap();
    for (n, chapter) in dossier.chapters.iter().enumerate() {
        let mut one = String::new();
        record::alert(&mut one, &chapter.alert);
        let one: serde_json::Value = serde_json::from_str(&one).unwrap();
        assert_eq!(whole["alerts"][n]["alert"], one);
    }
}
