//! A backlog says the same however it is cut into blocks.

use super::*;
use crate::model::AlertId;
use crate::store::Store;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use std::io::Write as _;

const JSON: &str = r#"{"hostname":"n1","output":"a \"b\" \u00e9","output_fields":{"container.id":"c1","proc.name":"sh"},"priority":"Notice","rule":"R","source":"syscall","tags":["x"],"time":"2024-10-29T13:40:25.98793918Z"}"#;
const PRETTY: &str = "{\n  \"rule\": \"Pretty\",\n  \"output\": \"x\",\n  \"priority\": \"Error\",\n  \"output_fields\": {\n    \"proc.name\": \"ls\"\n  }\n}";
const TEXT: &str = "18:17:57.881781397: Warning Odd (user=root container_id=c2)";
const PARTS: &str = "2024-10-29T13:40:26.1Z stdout P {\"rule\":\"Split\",\"output\":\"o\",\"pri\n2024-10-29T13:40:26.2Z stdout F ority\":\"Notice\",\"output_fields\":{}}";
const DOCKER: &str = r#"{"log":"{\"hostname\":\"n1\",\"output\":\"a \\\"b\\\"\",\"output_fields\":{\"container.id\":\"c3\"},\"priority\":\"Notice\",\"rule\":\"R\",\"source\":\"syscall\",\"tags\":[],\"time\":\"2024-10-29T13:40:25.98793918Z\"}\n","stream":"stdout","time":"2024-10-29T13:40:26.1Z"}"#;
const OWN: &str = "Wed Jun 04 22:33:13 2025: Falco version: 0.41.0";

/// A file that holds these bytes, open as a body.
fn opened(body: BodyId, bytes: &[u8]) -> Opened {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    let handle = Arc::new(file);
    Opened { source: SourceId(0), body, name: "a".into(), handle, path: None, live: false }
}

/// Everything a store says of what was read, as text.
fn read(bytes: &[u8], block: u64, workers: usize) -> String {
    let (outlet, deliveries) = sync_channel(8);
    let (body, to) = (BodyId(0), bytes.len() as u64);
    // A source says that much only of whole lines.
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at as u64 + 1);
    outlet.send(Delivery::Opened(opened(body, bytes))).unwrap();
    outlet.send(Delivery::Backlog { body, from: 0, to: whole }).unwrap();
    let rest = bytes[usize::try_from(whole).unwrap()..].to_vec();
    outlet.send(Delivery::Bytes { body, offset: whole, bytes: rest }).unwrap();
    outlet.send(Delivery::Ended { body, fingerprint: None }).unwrap();
    drop(outlet);
    let options = Options { workers, block, settle: false, ..Options::default() };
    let mut store = Store::default();
    let mut n_bytes = 0;
    for news in spawn(deliveries, options) {
        n_bytes += news.bytes;
        store.append(news.batch);
    }
    assert_eq!(n_bytes, to, "blocks of {block}");
    let ids = (0..u32::try_from(store.len()).unwrap()).map(AlertId);
    let mut said: Vec<_> = ids
        .map(|id| {
            let row = store.row(id).unwrap();
            format!("{:?} {:?} {}", row.columns(), store.location(id), store.line(id))
        })
        .collect();
    said.extend(store.rejects().iter().map(|reject| format!("{reject:?}")));
    said.push(format!("{:?}", store.totals()));
    said.join("\n")
}

#[track_caller]
fn check(pieces: &[&str], end: &str) {
    let text = pieces.join("\n") + end;
    let whole = read(text.as_bytes(), 1 << 30, 1);
    // Every place of the first lines is once the border of a block.
    for block in (1..=64).chain(65..=text.len() as u64).step_by(7).chain(1..=40) {
        assert_eq!(read(text.as_bytes(), block, 2), whole, "blocks of {block}");
    }
}

#[test]
fn what_was_cut_off_while_it_was_read_is_told() {
    for (n_lines, block, workers) in
        [(0, 128 << 10, 2), (50, 64, 1), (50, 999, 2), (50, 5000, 2), (50, 128 << 10, 2)]
    {
        let text = format!("{JSON}\n").repeat(n_lines);
        let (outlet, deliveries) = sync_channel(8);
        let (body, there) = (BodyId(0), text.len() as u64);
        outlet.send(Delivery::Opened(opened(body, text.as_bytes()))).unwrap();
        outlet.send(Delivery::Backlog { body, from: 0, to: there + 300_000 }).unwrap();
        outlet.send(Delivery::Ended { body, fingerprint: None }).unwrap();
        drop(outlet);
        let options = Options { workers, block, settle: false, ..Options::default() };
        let (mut store, mut rejects) = (Store::default(), Vec::new());
        for news in spawn(deliveries, options) {
            rejects.extend(news.batch.rejects.clone());
            store.append(news.batch);
        }
        assert_eq!(store.len(), n_lines, "blocks of {block}");
        let [reject] = rejects.as_slice() else { panic!("{rejects:?}, blocks of {block}") };
        assert_eq!((reject.origin.offset, reject.len), (there, 300_000), "blocks of {block}");
        assert!(reject.reason.ends_with("the log was cut while it was read"), "{}", reject.reason);
    }
}

#[test]
fn a_log_of_plain_lines_is_the_same_however_it_is_cut() {
    check(&[JSON, JSON, TEXT, JSON, OWN, TEXT, JSON], "\n");
    check(&[JSON, TEXT, "", JSON, "no record", JSON], "");
    check(&[DOCKER, JSON, DOCKER, DOCKER], "\n");
}

#[test]
fn records_over_several_lines_are_the_same_however_they_are_cut() {
    check(&[JSON, PRETTY, JSON, PRETTY, TEXT], "\n");
    check(&[PARTS, JSON, PARTS, TEXT, PARTS], "\n");
    check(&["[", PRETTY, ",", PRETTY, "]", JSON], "\n");
    check(
        &[JSON, "{\"rule\":\"Torn\",\"output\":\"x", JSON, TEXT, TEXT.get(..50).unwrap(), JSON],
        "\n",
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// Any lines, in blocks of any size, read by any number of threads.
    #[test]
    fn any_log_is_the_same_however_it_is_cut(
        lines in vec(
            select(vec![
                JSON, PRETTY, TEXT, PARTS, OWN, DOCKER, "", "[", ",", "]", "{", "}", "no record", "   more", "\r",
                "{\"rule\":\"Torn\",\"output\":\"x", "{\"a\":[", "2024-10-29T13:40:26.1Z stdout P {\"rule\"",
                "__CURSOR=x", "MESSAGE=y",
            ]),
            0..16,
        ),
        end in select(vec!["", "\n"]),
        blocks in vec(1..1500_u64, 3),
        workers in 1..4_usize,
    ) {
        let text = lines.join("\n") + end;
        let whole = read(text.as_bytes(), 1 << 30, 1);
        for block in blocks {
            prop_assert_eq!(&read(text.as_bytes(), block, workers), &whole, "blocks of {} in {:?}", block, text);
        }
    }
}

#[test]
fn lines_without_an_end_are_the_same_however_they_are_cut() {
    check(&[JSON, TEXT, JSON.get(..90).unwrap()], "");
    check(&["", "", "\r", JSON, "\0\0", PRETTY], "");
}

#[test]
fn who_reads_for_a_screen_gives_way_and_its_workers_with_it() {
    let patience = || rustix::process::getpriority_process(None).unwrap();
    let of = |gives_way: bool| {
        let (outlet, deliveries) = sync_channel(1);
        drop(outlet);
        let (told, reader) = sync_channel(1);
        let options = Options { gives_way, ..Options::default() };
        spawn_to(deliveries, options, move |_| {
            let worker = std::thread::spawn(patience).join().unwrap();
            told.send((patience(), worker)).is_ok()
        });
        reader.recv().unwrap()
    };
    let before = patience();
    assert_eq!(of(false), (before, before));
    assert_eq!(of(true), (before.max(PATIENT), before.max(PATIENT)));
    assert_eq!(patience(), before, "nobody else is more patient");
}
