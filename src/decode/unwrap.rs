//! Envelopes that are JSON themselves: docker's json-file, the journal, Fluent Bit, `CloudWatch`, `CloudEvents`,
//! falcosidekick-ui, Datadog and whatever else keeps an alert as an object or as text under some key.

use super::{
    own,
    peel::Part,
    record::{self, Wrap},
    text, time,
};
use crate::model::Value;

/// What was found in an object.
#[derive(Debug)]
pub(super) enum Found {
    /// The members of an alert.
    Alert(Vec<(Box<str>, Value)>, Wrap),
    /// Text that holds a record, or a part of one.
    Text(Inner),
    Other(&'static str),
    /// Nothing; why.
    Nothing(&'static str),
}

/// Text found under a key.
#[derive(Debug)]
pub(super) struct Inner {
    pub body: Vec<u8>,
    pub wrap: Wrap,
    pub stream: String,
    pub part: Part,
}

type Members = Vec<(Box<str>, Value)>;

/// Keys under which forwarders keep the text of a line, best first.
const TEXT_KEYS: [&str; 14] = [
    "MESSAGE",
    "log",
    "message",
    "_raw",
    "line",
    "msg",
    "Message",
    "data",
    "body",
    "textPayload",
    "payload",
    "event",
    "text",
    "_line",
];
/// Keys under which forwarders tell where a line comes from: no record stands there.
const ABOUT: [&str; 7] =
    ["kubernetes", "docker", "annotations", "labels", "metadata", "attrs", "resource"];
/// Envelopes in envelopes: more than so many nobody makes.
const DEPTH_LIMIT: usize = 4;

/// Finds the alerts in an object: itself, an object in it, or text in it.
pub(super) fn unwrap(members: Members, wrap: &Wrap) -> Vec<Found> {
    let mut found = Vec::new();
    collect(members, wrap, 0, &mut found);
    if found.is_empty() {
        found.push(Found::Nothing("a JSON object with no rule and no output"));
    }
    found
}

fn get<'a>(members: &'a [(Box<str>, Value)], key: &str) -> Option<&'a Value> {
    members.iter().find(|(name, _)| **name == *key).map(|(_, value)| value)
}

fn get_text<'a>(members: &'a [(Box<str>, Value)], key: &str) -> Option<&'a str> {
    get(members, key).and_then(Value::as_str)
}

fn collect(members: Members, wrap: &Wrap, depth: usize, found: &mut Vec<Found>) {
    if record::is_alert(&members) {
        found.push(Found::Alert(members, wrap.clone()));
        return;
    }
    if let Some(what) = answer(&members) {
        if depth == 0 {
            found.push(Found::Other(what));
        }
        return;
    }
    let mut wrap = wrap_of(&members, wrap);
    if is_journal(&members) {
        let mut entries = Vec::new();
        journal(&members, wrap, &mut entries);
        found.extend(entries.into_iter().filter(|entry| depth == 0 || is_record(entry)));
        return;
    }
    let is_cut = std::mem::take(&mut wrap.is_cut);
    if let Some(values) = loki_values(&members) {
        // Each is a line as good as one of a file: what it is, or that it is nothing, is told where lines are read.
        found.extend(values.iter().map(|value| loki_line(value, &wrap)));
        return;
    }
    if let Some(events) = cloudwatch_events(&members) {
        for (nth, event) in events.iter().enumerate() {
            let is_cut = is_cut && nth + 1 == events.len();
            found.push(cloudwatch_line(event, &Wrap { is_cut, ..wrap.clone() }));
        }
        return;
    }
    // What Grafana exports has its labels under `fields`, where others keep the alert itself.
    let is_exported = get_text(&members, "line").is_some() && get(&members, "timestamp").is_some();
    let n_before = found.len();
    let (stream, part) = stream_of(&members);
    let mut texts: Vec<(usize, Box<str>, bool)> = Vec::new();
    let n_members = members.len();
    for (nth, (key, value)) in members.into_iter().enumerate() {
        // What was cut stands last.
        let is_cut = is_cut && nth + 1 == n_members;
        match value {
            // What labels and annotations say, whoever may name a pod says.
            Value::Object(_) if ABOUT.contains(&&*key) || (is_exported && &*key == "fields") => {}
            Value::Object(inner) if depth < DEPTH_LIMIT => {
                collect(inner, &Wrap { is_cut, ..wrap.clone() }, depth + 1, found);
            }
            Value::Array(items) if depth < DEPTH_LIMIT => {
                let n_items = items.len();
                for (nth, item) in items.into_iter().enumerate() {
                    match item {
                        Value::Object(inner) => {
                            let is_cut = is_cut && nth + 1 == n_items;
                            collect(inner, &Wrap { is_cut, ..wrap.clone() }, depth + 1, found);
                        }
                        Value::String(text) if looks_like_record(&text) => {
                            found.push(Found::Text(plain(&text, wrap.clone())));
                        }
                        _ => {}
                    }
                }
            }
            Value::String(text) => {
                let place = TEXT_KEYS.iter().position(|name| **name == *key);
                let place = place.or_else(|| looks_like_record(&text).then_some(TEXT_KEYS.len()));
                if let Some(place) = place {
                    texts.push((place, text, is_cut));
                }
            }
            _ => {}
        }
    }
    if found.len() > n_before {
        return;
    }
    texts.sort_by_key(|(place, text, _)| (!looks_like_record(text), *place));
    if let Some((_, text, is_cut)) = texts.into_iter().next() {
        let (text, part) = match (part, text.strip_suffix('\n')) {
            (Part::Open, Some(text)) => (text, Part::Last),
            // Whatever part it was, the rest of it is lost.
            (Part::Open, None) if is_cut => (&*text, Part::Last),
            (part, Some(text)) => (text, part),
            (part, None) => (&*text, part),
        };
        wrap.is_cut = is_cut;
        let text = Found::Text(Inner { body: text.as_bytes().to_vec(), wrap, stream, part });
        if depth == 0 || is_record(&text) {
            found.push(text);
        }
    }
}

/// Whether something found in an object within an envelope counts: an alert, or text that looks like one.
fn is_record(found: &Found) -> bool {
    match found {
        Found::Alert(..) => true,
        Found::Text(inner) => std::str::from_utf8(&inner.body).is_ok_and(looks_like_record),
        Found::Other(_) | Found::Nothing(_) => false,
    }
}

fn plain(text: &str, wrap: Wrap) -> Inner {
    let text = text.strip_suffix('\n').unwrap_or(text);
    Inner { body: text.as_bytes().to_vec(), wrap, stream: String::new(), part: Part::Whole }
}

/// Whether text is a record by its beginning.
fn looks_like_record(text: &str) -> bool {
    let text = text.trim_start();
    text.starts_with('{')
        || text.starts_with("CEF:0|Falcosecurity|")
        || text::head(text.as_bytes()).is_some()
}

/// The lines of one stream, as Loki's interface answers a query and takes them in: `{"stream":{…},"values":[[…],…]}`.
fn loki_values(members: &[(Box<str>, Value)]) -> Option<&[Value]> {
    match (get(members, "stream")?, get(members, "values")?) {
        (Value::Object(_), Value::Array(values)) => Some(values),
        _ => None,
    }
}

/// `["1730209225987939180", "a line", {…}]`: nanoseconds since 1970, the line, and perhaps what is known about it.
fn loki_line(value: &Value, wrap: &Wrap) -> Found {
    if let Value::Array(parts) = value
        && let [stamp, Value::String(line), ..] = parts.as_slice()
    {
        let time = time::nanoseconds(stamp).or(wrap.time);
        return Found::Text(plain(line, Wrap { time, ..wrap.clone() }));
    }
    Found::Nothing("a value of a stream of Loki's that is no line")
}

/// The events of a stream of `CloudWatch`, as its interface answers (`events`) and as it hands them on (`logEvents`).
fn cloudwatch_events(members: &[(Box<str>, Value)]) -> Option<&[Value]> {
    let Some(Value::Array(events)) = get(members, "events").or_else(|| get(members, "logEvents"))
    else {
        return None;
    };
    let is_event = |event: &Value| {
        matches!(event, Value::Object(event) if get_text(event, "message").is_some()
            && matches!(get(event, "timestamp"), Some(Value::Number(_))))
    };
    events.first().is_some_and(is_event).then_some(events)
}

/// `{"timestamp": 1767260401123, "message": "a line"}`, and what else is known of it.
fn cloudwatch_line(event: &Value, wrap: &Wrap) -> Found {
    if let Value::Object(event) = event
        && let Some(line) = get_text(event, "message")
    {
        let is_cut = wrap.is_cut && event.last().is_some_and(|(key, _)| **key == *"message");
        return Found::Text(plain(line, Wrap { is_cut, ..wrap_of(event, wrap) }));
    }
    Found::Nothing("an event of CloudWatch's without a message")
}

/// The stream a line belongs to, and whether the record goes on in the next line of it.
fn stream_of(members: &[(Box<str>, Value)]) -> (String, Part) {
    let mut stream = String::new();
    for key in ["container_id", "CONTAINER_ID_FULL", "CONTAINER_ID", "stream"] {
        if let Some(text) = get_text(members, key) {
            stream.push('|');
            stream.push_str(text);
        }
    }
    let part = match get_text(members, "logtag").or_else(|| get_text(members, "_p")) {
        Some("P") => Part::Open,
        Some("F") => Part::Last,
        _ => {
            let is_docker = get(members, "log").is_some()
                && get(members, "stream").is_some()
                && get(members, "time").is_some()
                && members
                    .iter()
                    .all(|(key, _)| matches!(&**key, "log" | "stream" | "time" | "attrs"));
            if is_docker || get_text(members, "partial_message") == Some("true") {
                Part::Open
            } else {
                Part::Whole
            }
        }
    };
    (stream, part)
}

fn wrap_of(members: &[(Box<str>, Value)], outer: &Wrap) -> Wrap {
    let mut wrap = outer.clone();
    let keys = [
        "_SOURCE_REALTIME_TIMESTAMP",
        "__REALTIME_TIMESTAMP",
        "time",
        "@timestamp",
        "timestamp",
        "ts",
        "date",
        "timeUnixNano",
    ];
    let has_zone = |value: &Value| match value {
        Value::String(text) => time::iso(text.as_bytes()).is_none_or(|stamp| stamp.has_zone),
        _ => true,
    };
    let inner = keys.iter().find_map(|key| {
        get(members, key).filter(|value| has_zone(value)).and_then(time::of_record)
    });
    if let Some((time, _)) = inner {
        wrap.time = Some(time);
    }
    let host = ["_HOSTNAME", "hostname", "host"].iter().find_map(|key| get_text(members, key));
    if let Some(host) = host {
        wrap.hostname = Some(host.into());
    }
    wrap
}

fn is_journal(members: &[(Box<str>, Value)]) -> bool {
    get(members, "__REALTIME_TIMESTAMP").is_some()
        || get(members, "__CURSOR").is_some()
        || (get(members, "MESSAGE").is_some() && get(members, "_HOSTNAME").is_some())
}

/// One entry of the journal: `MESSAGE` is text, an array of bytes, an array of values, or null when it was too large.
pub(super) fn journal(members: &[(Box<str>, Value)], mut wrap: Wrap, found: &mut Vec<Found>) {
    let tag = ["SYSLOG_IDENTIFIER", "_COMM", "_SYSTEMD_UNIT"]
        .iter()
        .find_map(|key| get_text(members, key));
    wrap.tag = Some(tag.unwrap_or("journal").into());
    wrap.is_cut &= members.last().is_some_and(|(key, _)| **key == *"MESSAGE");
    let is_partial = get_text(members, "CONTAINER_PARTIAL_MESSAGE") == Some("true");
    let (stream, _) = stream_of(members);
    let part = match (is_partial, stream.is_empty()) {
        (true, _) => Part::Open,
        (false, true) => Part::Whole,
        (false, false) => Part::Last,
    };
    let mut add = |body: Vec<u8>| {
        found.push(Found::Text(Inner { body, wrap: wrap.clone(), stream: stream.clone(), part }));
    };
    match get(members, "MESSAGE") {
        Some(Value::String(text)) => add(text.as_bytes().to_vec()),
        Some(Value::Array(items)) => match bytes_of(items) {
            Some(bytes) => add(bytes),
            None => {
                for item in items {
                    match item {
                        Value::String(text) => add(text.as_bytes().to_vec()),
                        Value::Array(items) => add(bytes_of(items).unwrap_or_default()),
                        _ => {}
                    }
                }
            }
        },
        Some(Value::Null) => found.push(Found::Nothing(
            "the journal left the message out because it was too large (journalctl --all shows it)",
        )),
        Some(_) => found.push(Found::Nothing("an entry of the journal whose message is no text")),
        None => found.push(Found::Other(own::PROGRAM)),
    }
}

/// Bytes as the journal writes what is not UTF-8: an array of numbers.
fn bytes_of(items: &[Value]) -> Option<Vec<u8>> {
    if items.is_empty() {
        return None;
    }
    items
        .iter()
        .map(|item| match item {
            Value::Number(digits) => {
                let number: i16 = digits.parse().ok()?;
                // Some versions print bytes as signed.
                u8::try_from(if number < 0 { number + 256 } else { number }).ok()
            }
            _ => None,
        })
        .collect()
}

/// JSON of Falco's that is no alert.
fn answer(members: &[(Box<str>, Value)]) -> Option<&'static str> {
    let has = |key: &str| get(members, key).is_some();
    if has("output_fields") && has("sample") {
        return Some(own::METRICS);
    }
    let is_answer = has("falco_load_results")
        || has("falco_describe_results")
        || has("falco_version")
        || has("required_engine_version")
        || (has("engine_version") && has("version"));
    is_answer.then_some(own::ANSWER)
}
