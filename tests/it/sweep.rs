//! Filtering and searching many records at once gives what reading each record with care gives.

use cadge::analysis::Playbooks;
use cadge::decode::{Context, Item, reread};
use cadge::driver::sweep::Question;
use cadge::intake::{self, Passed, Records, Sieve};
use cadge::model::{Alert, AlertId, BodyId, SourceId};
use cadge::query::{Filter, Names};
use cadge::source::{Delivery, Opened};
use cadge::store::Store;
use cadge::ui::search_pattern;
use proptest::prelude::*;
use regex::bytes::Regex;
use std::io::Write;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;

/// Records of many shapes, each with values that the filters below ask for.
const RECORDS: [&str; 21] = [
    r#"{"hostname":"node-1","output":"14:03:00.5: Notice shell opened (user=root)","output_fields":{"container.id":"3ad7b26ded6d","container.name":"web","evt.time":1763733780500000000,"proc.cmdline":"sh -c \"id\"","proc.name":"sh","proc.pname":"runc","proc.aname[2]":"containerd","user.name":"root","fd.name":"10.0.0.1:5000->1.2.3.4:443"},"priority":"Notice","rule":"Shell in a container","source":"syscall","tags":["container","shell"],"time":"2025-11-21T14:03:00.5Z"}"#,
    r#"{"hostname":"node-2","output":"file read","output_fields":{"container.id":"host","fd.name":"/etc/shadow","proc.name":"cat","proc.tty":34816,"user.name":"mall\u00f3ry"},"priority":"Warning","rule":"Sensitive file","source":"syscall","tags":[],"time":"2025-11-21T14:04:00Z"}"#,
    r#"{"output":"odd","output_fields":{"proc.name":["sh","cat"],"fd.name":null,"user.name":"r\u006fot"},"priority":"Critical","rule":"Odd lists","source":"syscall","time":"2025-11-21T14:05:00Z"}"#,
    r#"{"output":"twice","output_fields":{"proc.name":"a","proc.name":"sh"},"priority":"Error","rule":"Said twice","source":"syscall","time":"2025-11-21T14:06:00Z"}"#,
    r#"{"output":"grüße","output_fields":{"proc.cmdline":"größe /etc/shadow","proc.name":"<NA>","container.id":""},"priority":"Debug","rule":"Ünïcode","source":"syscall","tags":["x"],"time":"2025-11-21T14:07:00.123456789Z","uuid":"u"}"#,
    "14:08:00.000000000: Warning A shell was spawned (user=root shell=sh container=web)",
    r#"2025-11-21T14:09:00.1Z stdout F {"hostname":"n","output":"wrapped","output_fields":{"proc.name":"sh","user.name":"root"},"priority":"Notice","rule":"Wrapped","source":"syscall","tags":["a"],"time":"2025-11-21T14:09:00Z"}"#,
    r#"{"log":"{\"output\":\"inner\",\"output_fields\":{\"proc.name\":\"sh\"},\"priority\":\"Notice\",\"rule\":\"Inner\",\"source\":\"syscall\",\"time\":\"2025-11-21T14:10:00Z\"}\n","stream":"stdout","time":"2025-11-21T14:10:01Z"}"#,
    "{\n  \"output\": \"over lines\",\n  \"output_fields\": {\"proc.name\": \"sh\"},\n  \"priority\": \"Notice\",\n  \"rule\": \"Over lines\",\n  \"source\": \"syscall\",\n  \"time\": \"2025-11-21T14:11:00Z\"\n}",
    r#"[{"output":"one","output_fields":{"proc.name":"sh"},"priority":"Notice","rule":"One of two","source":"syscall","time":"2025-11-21T14:12:00Z"},{"output":"two","output_fields":{"proc.name":"cat"},"priority":"Notice","rule":"Two of two","source":"syscall","time":"2025-11-21T14:12:01Z"}]"#,
    "words that are no alert",
    r#"{"_HOSTNAME":"n","__REALTIME_TIMESTAMP":"1763733780500000","MESSAGE":[123,34,111,117,116,112,117,116,34,58,34,115,104,97,100,111,119,34,44,34,114,117,108,101,34,58,34,82,34,44,34,112,114,105,111,114,105,116,121,34,58,34,69,114,114,111,114,34,44,34,111,117,116,112,117,116,95,102,105,101,108,100,115,34,58,123,125,125]}"#,
    r#"{"log":"{\"output\":\"sh\\u0061dow \\u003cNA\\u003e\",\"output_fields\":{\"fd.name\":\"\\/etc\\/shadow\",\"user.name\":\"r\\u006fot\"},\"priority\":\"Notice\",\"rule\":\"Inner\",\"source\":\"syscall\",\"time\":\"2025-11-21T14:10:00Z\"}\n","stream":"stdout","time":"2025-11-21T14:10:01Z"}"#,
    "2025-11-21T14:09:00.1Z stdout P {\"output\":\"sha\n2025-11-21T14:09:00.2Z stdout F dow\",\"output_fields\":{\"user.name\":\"root\"},\"priority\":\"Notice\",\"rule\":\"In parts\",\"source\":\"syscall\"}",
    r#"{"hostname":"n","output":"\/etc\/SHADOW \u0073hadow \u003cx\u003e","output_fields":{"fd.name":"10.0.0.1:5->1.2.3.4:443","fd.sip":"1.2.3.4","proc.name":"Shell"},"priority":"Notice","rule":"Escapes","source":"syscall","tags":[],"time":"2025-11-21T14:12:00Z"}"#,
    "14:08:00.000000000: Warning Odd text\n  goes on with shadow (user=root)",
    r#"__CURSOR=s
MESSAGE={"output":"exported shadow","output_fields":{"user.name":"root"},"priority":"Notice","rule":"Exported","source":"syscall"}
"#,
    r#"{"output":"cut short","output_fields":{"proc.name":"sh"#,
    // Two documents on one line, the second over several; carriage returns inside and at the end; another k and s.
    "{\"output\":\"first shadow\",\"output_fields\":{\"user.name\":\"root\"},\"priority\":\"Notice\",\"rule\":\"Beside\",\"source\":\"syscall\",\"time\":\"2025-11-21T14:12:00Z\"} {\"output\":\"then shadow\",\n\"output_fields\":{\"user.name\":\"root\"},\"priority\":\"Notice\",\"rule\":\"Beside\",\"source\":\"syscall\",\"time\":\"2025-11-21T14:12:00Z\"} {\"output\":\"last shadow\",\"output_fields\":{\"user.name\":\"root\"},\"priority\":\"Notice\",\"rule\":\"Beside\",\"source\":\"syscall\",\"time\":\"2025-11-21T14:12:00Z\"}",
    "{\"output\":\"returned shadow\",\r\"output_fields\":{\"user.name\":\"root\"},\"priority\":\"Notice\",\"rule\":\"Returns\",\"source\":\"syscall\",\"time\":\"2025-11-21T14:12:00Z\"}\r",
    "{\"output\":\"odd \u{17f}hadow and the \u{212a}ernel \\u212aernel \\u017fhadow\",\"output_fields\":{\"proc.name\":\"\u{17f}h\"},\"priority\":\"Notice\",\"rule\":\"Odd letters\",\"source\":\"syscall\",\"time\":\"2025-11-21T14:12:00Z\"}",
];

const FILTERS: [&str; 41] = [
    "proc.name = sh",
    "proc.name in (sh, cat)",
    "not proc.name exists",
    "user.name = root",
    "user.name = mallóry",
    "user.name contains oo",
    "fd.name startswith /etc",
    "fd.name contains shadow or proc.cmdline contains shadow",
    "fd.sip = 1.2.3.4",
    "fd.port in (443, 80)",
    "proc.aname = containerd",
    "proc.aname[2] = containerd",
    "proc.aname in (runc)",
    "alert.rule contains Shell",
    "alert.rule = Ünïcode and proc.cmdline exists",
    "alert.priority >= warning",
    "alert.priority < warning and proc.name = sh",
    "alert.tags in (shell)",
    "alert.output contains inner",
    "alert.hostname = node-2",
    "alert.time >= 2025-11-21T14:05:00Z",
    "alert.time >= 2025-11-21T14:05:00Z and user.name = root",
    "container.id = host or container.id = \"\"",
    "container.name = web and not user.name = nobody",
    "tolower(proc.name) = sh",
    "proc.tty > 0",
    "alert.output icontains SHADOW",
    "fd.name icontains ETC and not alert.priority = warning",
    "fd.name glob /etc/sh?dow or proc.cmdline glob *shadow*",
    "fd.name iglob */SHADOW",
    "fd.name pmatch (/etc/shadow, /root)",
    "fd.name pmatch (/etc)",
    "fd.sip in (1.2.3.4, 10.9.8.7)",
    "fd.ip = 1.2.3.4",
    "fd.sip = 1.2.3.4 or fd.name contains shadow",
    "user.name = anyof (root, mallóry)",
    "proc.cmdline contains allof (shadow, größe)",
    "alert.time = 2025-11-21 and alert.priority = notice",
    "alert.time < 2025-11-21T14:05:00Z or alert.time > 2025-11-21T14:09:00Z",
    "alert.time exists and container.id exists",
    "not (alert.time in (2025-11-21T14:04:00Z, 2025-11-21T14:12:00Z))",
];

const TEXTS: [&str; 21] = [
    "kernel",
    "first shadow",
    "shadow",
    "root",
    "mallóry",
    "Shell",
    "shell",
    "<NA>",
    "node-1",
    "größe",
    "inner",
    "over lines",
    "nowhere",
    "sh",
    "Two of two",
    "\"",
    "text",
    "shell was spawned",
    "A>",
    "SHADOW",
    "/etc/shadow",
];

/// A store of these bytes, and where its records are.
pub fn store(bytes: &[u8]) -> (Store, Arc<Records>) {
    let (store, records, _) = read(bytes, 0, intake::Options::default());
    (store, records)
}

/// What comes of bytes of which the first `n_old` were there before they were followed.
fn read(bytes: &[u8], n_old: usize, options: intake::Options) -> (Store, Arc<Records>, Passed) {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    let (out, deliveries) = sync_channel(16);
    let body = BodyId(0);
    let opened = Opened {
        source: SourceId(0),
        body,
        name: "events.json".into(),
        handle: Arc::new(file),
        path: None,
        live: false,
    };
    let mut records = Records::default();
    for delivery in [
        Delivery::Opened(opened),
        Delivery::Backlog { body, from: 0, to: n_old as u64 },
        Delivery::Bytes { body, offset: n_old as u64, bytes: bytes[n_old..].to_vec() },
        Delivery::Ended { body, fingerprint: None },
    ] {
        records.note(&delivery, &Context::default());
        out.send(delivery).unwrap();
    }
    drop(out);
    let (mut store, mut passed) = (Store::default(), Passed::default());
    for news in intake::spawn(deliveries, options) {
        store.append(news.batch);
        passed.add(news.passed);
    }
    (store, Arc::new(records), passed)
}

/// The plain way: each record read with care.
fn plain(store: &Store, records: &Records, holds: impl Fn(&[u8], &Alert) -> bool) -> Vec<AlertId> {
    let ids = (0..u32::try_from(store.len()).unwrap()).map(AlertId);
    ids.filter(|id| {
        let location = store.location(*id).unwrap();
        let bytes = records.read(location).unwrap();
        match reread(&bytes, location.nth, &records.context(location.body)) {
            Item::Alert(alert) => holds(&bytes, &alert),
            other => panic!("no alert any more: {other:?}"),
        }
    })
    .collect()
}

fn says(bytes: &[u8], alert: &Alert, pattern: &Regex) -> bool {
    let holds = |own: &str| pattern.is_match(own.as_bytes());
    pattern.is_match(bytes)
        || alert.output.as_deref().is_some_and(holds)
        || alert.rule.as_deref().is_some_and(holds)
        || alert.fields.iter().any(|(_, value)| holds(&value.display()))
}

fn check(bytes: &[u8], filters: &[&str], texts: &[&str]) -> Result<(), TestCaseError> {
    let (store, records) = store(bytes);
    let playbooks = Arc::new(Playbooks::builtin());
    let snapshot = store.snapshot();
    let rows = 0..u32::try_from(store.len()).unwrap();
    for text in filters {
        let filter = Filter::parse(text, &Names::default()).unwrap();
        let expected = plain(&store, &records, |_, alert| filter.matches(alert));
        let question = Question::new(Arc::clone(&playbooks)).with_filter(Arc::new(filter), None);
        let answer = question.of(&snapshot, &records, rows.clone());
        prop_assert_eq!(answer.ids, expected, "{}", text);
        prop_assert_eq!(answer.n_gone, 0);
    }
    for text in texts {
        // As a person types it: capitals may not matter.
        let pattern = search_pattern(text).unwrap();
        let expected = plain(&store, &records, |bytes, alert| says(bytes, alert, &pattern));
        let question = Question::new(Arc::clone(&playbooks)).with_search(text).unwrap();
        prop_assert_eq!(question.of(&snapshot, &records, rows.clone()).ids, expected, "{}", text);
        let pattern = &Regex::new(&regex::escape(text)).unwrap();
        let expected = plain(&store, &records, |bytes, alert| says(bytes, alert, pattern));
        let question = Question::new(Arc::clone(&playbooks)).with_text(text);
        prop_assert_eq!(question.of(&snapshot, &records, rows.clone()).ids, expected, "{}", text);
        let filter = Arc::new(Filter::parse("proc.name = sh", &Names::default()).unwrap());
        let both =
            |bytes: &[u8], alert: &Alert| says(bytes, alert, pattern) && filter.matches(alert);
        let expected = plain(&store, &records, both);
        let question = question.with_filter(Arc::clone(&filter), None);
        prop_assert_eq!(question.of(&snapshot, &records, rows.clone()).ids, expected, "{}", text);
    }
    Ok(())
}

/// What comes of bytes read in blocks of this size, by two threads, keeping what a sieve catches.
fn strained(
    bytes: &[u8],
    block: u64,
    sieve: Option<Arc<dyn Sieve>>,
) -> (Store, Arc<Records>, Passed) {
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let options = intake::Options { block, sieve, settle: false, ..intake::Options::default() };
    read(bytes, whole, options)
}

/// Places in the file of the alerts that meet a question, and how many more do whose places nobody wanted.
fn met(question: &Question, store: &Store, records: &Arc<Records>) -> Vec<(u64, u32)> {
    let rows = 0..u32::try_from(store.len()).unwrap();
    let answer = question.of(&store.snapshot(), records, rows);
    let place = |id: AlertId| store.location(id).unwrap();
    answer.ids.into_iter().map(|id| (place(id).offset, place(id).nth)).collect()
}

/// Keeping only what raw bytes cannot rule out leaves every answer and every sum as it is.
fn check_strained(bytes: &[u8], block: u64, question: &Question) -> Result<(), TestCaseError> {
    let (all, records, _) = strained(bytes, block, None);
    let expected = met(question, &all, &records);
    for counts in [false, true] {
        let Some(sieve) = question.sieve(counts) else { return Ok(()) };
        let (store, records, passed) = strained(bytes, block, Some(sieve));
        let found = met(question, &store, &records);
        if counts {
            prop_assert_eq!(found.len() as u64 + passed.met, expected.len() as u64);
        } else {
            prop_assert_eq!((&found, passed.met), (&expected, 0));
        }
        let (few, whole) = (store.totals(), all.totals());
        prop_assert_eq!(few.alerts + passed.all, whole.alerts);
        prop_assert_eq!((few.rejects, few.other), (whole.rejects, whole.other));
        prop_assert_eq!(store.rejects(), all.rejects());
    }
    Ok(())
}

#[test]
fn every_question_is_answered_as_by_reading_with_care() {
    let mut bytes = Vec::new();
    // Enough for both threads, and for reading several records in one go.
    for _ in 0..40 {
        for record in RECORDS {
            bytes.extend_from_slice(record.as_bytes());
            bytes.push(b'\n');
        }
    }
    check(&bytes, &FILTERS, &TEXTS).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn any_mixture_of_records_is_answered_so(
        records in proptest::collection::vec(0..RECORDS.len(), 0..40),
        filters in proptest::collection::vec(proptest::sample::select(FILTERS.to_vec()), 3),
        text in proptest::sample::select(TEXTS.to_vec()),
        negated: bool,
    ) {
        let mut bytes = Vec::new();
        for record in records {
            bytes.extend_from_slice(RECORDS[record].as_bytes());
            bytes.push(b'\n');
        }
        let joined = format!("({}) and ({}) or {}", filters[0], filters[1], filters[2]);
        let joined = if negated { format!("not ({joined})") } else { joined };
        check(&bytes, &[&joined], &[text])?;
    }

    #[test]
    fn what_is_passed_over_while_reading_is_none_that_is_sought(
        records in proptest::collection::vec(0..RECORDS.len(), 0..40),
        filter in proptest::sample::select(FILTERS.to_vec()),
        text in proptest::sample::select(TEXTS.to_vec()),
        cuts in proptest::collection::vec(0..4000_usize, 0..3),
        block in 1..3000_u64,
    ) {
        let mut bytes: Vec<u8> =
            records.iter().flat_map(|at| [RECORDS[*at], "\n"]).flat_map(str::bytes).collect();
        // Torn lines, and lines that run into each other.
        for cut in cuts {
            if cut < bytes.len() {
                bytes.drain(cut..bytes.len().min(cut + cut % 60));
            }
        }
        let new = || Question::new(Arc::new(Playbooks::builtin()));
        let filter = Arc::new(Filter::parse(filter, &Names::default()).unwrap());
        check_strained(&bytes, block, &new().with_filter(Arc::clone(&filter), None))?;
        check_strained(&bytes, block, &new().with_text(text))?;
        check_strained(&bytes, block, &new().with_text(text).with_filter(filter, None))?;
    }
}
