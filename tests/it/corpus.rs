//! Every fixture decodes to the counts that its folder's README states, whatever the cuts, and each record can be read
//! again from its own bytes.

use cadge::{
    decode::{Context, Decoder, Entry, Item, reread},
    model::{Flag, Origin},
};
use std::{
    collections::{HashMap, HashSet},
    fs,
    path::Path,
    sync::{Arc, LazyLock},
};

/// Made once: the table of rules is the same for all.
static CONTEXT: LazyLock<Arc<Context>> = LazyLock::new(|| {
    let written_at = Some("2026-01-02T00:00:00Z".parse().unwrap());
    Arc::new(Context { written_at, ..Context::default() })
});

fn context() -> Arc<Context> {
    CONTEXT.clone()
}

fn decode(bytes: &[u8], cut: usize) -> Vec<Entry> {
    let mut decoder = Decoder::new(context(), "fixture".into());
    let mut out = Vec::new();
    for chunk in bytes.chunks(cut) {
        decoder.push(chunk, &mut out);
    }
    decoder.finish(&mut out);
    out
}

fn counts(entries: &[Entry]) -> [usize; 3] {
    let count = |is: fn(&Item) -> bool| entries.iter().filter(|entry| is(&entry.item)).count();
    [
        count(|item| matches!(item, Item::Alert(_))),
        count(|item| matches!(item, Item::Reject(_))),
        count(|item| matches!(item, Item::Other(_))),
    ]
}

fn folders() -> Vec<&'static str> {
    vec!["formats", "damage", "hostile"]
}

fn root() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// The rows of a folder's README: file name and counts.
fn expected(folder: &str) -> Vec<(String, [usize; 3])> {
    let readme = fs::read_to_string(root().join(folder).join("README.md")).unwrap();
    let rows = readme.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| file"));
    rows.map(|row| {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        (cells[1].to_owned(), [2, 3, 4].map(|n| cells[n].parse().unwrap()))
    })
    .collect()
}

fn without_origin(item: &Item) -> Item {
    let mut item = item.clone();
    match &mut item {
        Item::Alert(alert) => alert.origin = Origin::default(),
        Item::Reject(reject) => reject.origin = Origin::default(),
        Item::Other(_) => {}
    }
    item
}

fn alerts(file: &str) -> Vec<cadge::model::Alert> {
    let entries = decode(&fs::read(root().join(file)).unwrap(), usize::MAX);
    let alerts = entries.into_iter().filter_map(|entry| match entry.item {
        Item::Alert(alert) => Some(*alert),
        _ => None,
    });
    alerts.collect()
}

#[test]
fn every_fixture_decodes_to_the_counts_of_its_readme() {
    let mut wrong = Vec::new();
    for folder in folders() {
        let rows = expected(folder);
        let n_files = fs::read_dir(root().join(folder)).unwrap().count() - 1;
        assert_eq!(rows.len(), n_files, "a file of {folder} is not in its README");
        for (name, expected) in rows {
            let entries = decode(&fs::read(root().join(folder).join(&name)).unwrap(), usize::MAX);
            if counts(&entries) != expected {
                let items: Vec<_> =
                    entries.iter().map(|entry| (entry.line, describe(&entry.item))).collect();
                wrong.push(format!(
                    "{folder}/{name}: {:?}, not {expected:?}: {items:#?}",
                    counts(&entries)
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn describe(item: &Item) -> String {
    match item {
        Item::Alert(alert) => format!("alert {:?}", alert.rule),
        Item::Other(other) => format!("other: {}", other.what),
        Item::Reject(reject) => format!("reject: {}", reject.reason),
    }
}

#[test]
fn the_cuts_of_the_bytes_change_nothing() {
    for folder in folders() {
        for (name, _) in expected(folder) {
            let bytes = fs::read(root().join(folder).join(&name)).unwrap();
            let whole = decode(&bytes, usize::MAX);
            for cut in [1, 7, 1000] {
                assert!(whole == decode(&bytes, cut), "{folder}/{name} in pieces of {cut}");
            }
        }
    }
}

#[test]
fn a_record_is_read_again_from_its_own_bytes() {
    for folder in folders() {
        for (name, _) in expected(folder) {
            let bytes = fs::read(root().join(folder).join(&name)).unwrap();
            // Several alerts may have the same bytes: those of one JSON document.
            let mut seen = HashMap::<(u64, u32), u32>::new();
            let entries = decode(&bytes, usize::MAX);
            let is_alert = |entry: &Entry| matches!(entry.item, Item::Alert(_));
            let alerts = entries.iter().filter(|entry| is_alert(entry));
            let of_alerts: HashSet<_> = alerts.map(|entry| (entry.offset, entry.len)).collect();
            for entry in entries {
                if !is_alert(&entry) && of_alerts.contains(&(entry.offset, entry.len)) {
                    // Only alerts are read again from bytes that hold one.
                    continue;
                }
                let nth = seen.entry((entry.offset, entry.len)).or_default();
                let start = usize::try_from(entry.offset).unwrap();
                let record = &bytes[start..start + entry.len as usize];
                let again = reread(record, *nth, &context());
                *nth += u32::from(matches!(entry.item, Item::Alert(_)));
                assert_eq!(
                    without_origin(&again),
                    without_origin(&entry.item),
                    "{folder}/{name} line {}",
                    entry.line
                );
            }
        }
    }
}

#[test]
fn numbers_keep_their_digits() {
    let alert = &alerts("damage/numbers.jsonl")[0];
    let digits = |key: &str| alert.fields.get(key).unwrap().display().into_owned();
    assert_eq!(digits("proc.exe_ino.ctime_duration_proc_start"), "18446744073670260079");
    assert_eq!(digits("far"), "1e400");
}

#[test]
fn forwarders_names_are_read_back() {
    for file in ["formats/elasticsearch.jsonl", "formats/logstash.jsonl"] {
        for alert in alerts(file) {
            assert_eq!(alert.fields.text("proc.aname[2]"), Some("runc"), "{file}");
            assert!(alert.flags.has(Flag::Renamed));
        }
    }
    let cef = &alerts("formats/cef.log")[0];
    assert_eq!(cef.fields.text("proc.cmdline"), Some("sh -c id"));
    assert_eq!(cef.tags, ["container".into(), "shell".into()]);
}

#[test]
fn times_come_from_the_best_place_that_has_one() {
    let times = |file: &str| -> Vec<String> {
        alerts(file)
            .iter()
            .map(|alert| format!("{} {}", alert.time.unwrap(), alert.time_from.unwrap().name()))
            .collect()
    };
    assert_eq!(times("formats/grpc.json"), ["2026-01-01T09:40:01.123456789Z time"]);
    assert_eq!(
        times("formats/text.log"),
        ["2026-01-01T09:30:01.123456789Z local_clock", "2026-01-01T09:40:01.123456789Z output"]
    );
    assert_eq!(times("formats/cri.log")[2], "2026-01-01T09:40:03.2Z wrapper");
    assert_eq!(times("formats/syslog.log")[0], "2026-01-01T09:40:01Z wrapper");
}

#[test]
fn what_loki_and_grafana_keep_is_read_and_their_labels_are_none_of_it() {
    for file in ["loki.jsonl", "grafana.json", "loki-answer.json", "logcli.log", "kail.log"] {
        let alerts = alerts(&format!("formats/{file}"));
        for alert in &alerts {
            assert_ne!(alert.rule.as_deref(), Some("Not this one"), "{file}");
            assert_eq!(alert.priority, Some(cadge::model::Priority::Warning), "{file}");
        }
        assert_eq!(alerts[0].time.unwrap().to_string(), "2026-01-01T09:40:01.123456789Z");
        assert!(!alerts[0].flags.has(Flag::Unverified), "{file}");
        if file != "kail.log" {
            // A text line has no date of its own.
            let (time, from) = (alerts[1].time.unwrap(), alerts[1].time_from.unwrap().name());
            assert!(time.to_string().starts_with("2026-01-01T09:40:0"), "{file}: {time}");
            assert_eq!(from, "wrapper", "{file}");
        }
    }
}

#[test]
fn a_number_as_text_is_a_priority_as_the_number_is() {
    let read = |value: &str| {
        let line = format!("{{\"rule\":\"R\",\"output\":\"x\",\"priority\":{value}}}\n");
        match decode(line.as_bytes(), usize::MAX).swap_remove(0).item {
            Item::Alert(alert) => {
                let text = alert.priority_text.as_deref().map(str::to_owned);
                (alert.priority.map(cadge::model::Priority::name), text, alert.flags)
            }
            other => panic!("{other:?}"),
        }
    };
    for (number, name) in [("0", "Emergency"), ("4", "Warning"), ("7", "Debug")] {
        let (priority, text, flags) = read(&format!("\"{number}\""));
        assert_eq!((priority, text.as_deref()), (Some(name), Some(number)));
        assert!(flags.has(Flag::WrongType) && !flags.has(Flag::PriorityUnknown));
        assert_eq!(read(number), (priority, text, flags));
    }
    for odd in ["\"8\"", "8", "\"44\"", "\"\"", "\"-1\"", "\"4.0\""] {
        let (priority, _, flags) = read(odd);
        assert!(priority.is_none() && flags.has(Flag::PriorityUnknown), "{odd}");
    }
}

#[test]
fn a_year_that_no_clock_shows_is_odd_and_no_wrong_type() {
    let flags = |time: &str| {
        let line = format!("{{\"rule\":\"R\",\"output\":\"x\",\"time\":{time}}}\n");
        match decode(line.as_bytes(), usize::MAX).swap_remove(0).item {
            Item::Alert(alert) => [Flag::TimeOdd, Flag::WrongType, Flag::TimeMissing]
                .map(|flag| alert.flags.has(flag)),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(flags("\"9999-12-31T23:59:59.999999999Z\""), [true, false, true]);
    assert_eq!(flags("\"9999-01-01T00:00:00.123456789Z\""), [true, false, false]);
    assert_eq!(flags("\"12026-01-01T00:00:00Z\""), [true, false, true]);
    assert_eq!(flags("{\"seconds\":99999999999999}"), [true, false, true]);
    assert_eq!(flags("99999999999999999999999999999999"), [true, true, true]);
    assert_eq!(flags("\"soon\""), [false, true, true]);
    assert_eq!(flags("true"), [false, true, true]);
}

#[test]
fn only_the_source_makes_an_alert_internal() {
    assert!(alerts("formats/internal.jsonl")[0].is_internal());
    assert!(!alerts("hostile/spoofed-internal.jsonl")[0].is_internal());
}

#[test]
fn text_is_said_to_be_unverified() {
    for alert in alerts("hostile/forged-by-newline.log") {
        assert!(alert.flags.has(Flag::Text) && alert.flags.has(Flag::Unverified));
    }
    let forged = &alerts("hostile/forged-fields.log")[0];
    assert_eq!(forged.fields.text("container.id"), Some("0a1b2c3d4e5f"));
    assert_eq!(forged.fields.text("container.name"), Some("shop"));
}

#[test]
fn absent_null_na_and_empty_are_kept_apart() {
    let alert = &alerts("damage/empty-values.jsonl")[0];
    assert_eq!(alert.container().id, Some(""));
    assert_eq!(alert.container().name, None);
    assert_eq!(alert.fields.get("user.name").and_then(|value| value.as_str()), Some("<NA>"));
    assert_eq!(alert.fields.get("container.image.repository"), None);
}
