//! From what was read to an alert: Falco's keys, whatever their types, and what was odd about them.

use super::{
    Context, cut, rename,
    templates::Known,
    text::{self, Clock, Head},
    time,
};
use crate::model::{Alert, Fields, Flag, Flags, Priority, TimeFrom, Value};
use jiff::Timestamp;

/// falcosidekick cuts every string of a payload that is too large to 507 bytes and a mark: so many, in bytes, or more.
pub(super) const CUT: usize = 512;

/// What the envelopes around a record said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Wrap {
    pub time: Option<Timestamp>,
    pub hostname: Option<Box<str>>,
    /// Set when the record was found behind words that are no envelope we know.
    pub is_guess: bool,
    /// The tag of a log daemon: the name of the program that wrote.
    pub tag: Option<Box<str>>,
    /// Set when the last text of the record is only its first half: what is around it ended before it did.
    pub is_cut: bool,
}

impl Wrap {
    /// This, and what an outer envelope said where this is silent: what stands nearer to the record knows it better.
    pub fn over(self, outer: Self) -> Self {
        Self {
            time: self.time.or(outer.time),
            hostname: self.hostname.or(outer.hostname),
            is_guess: self.is_guess || outer.is_guess,
            tag: self.tag.or(outer.tag),
            is_cut: self.is_cut || outer.is_cut,
        }
    }
}

/// Whether an object is an alert: it names a rule or has an output, however wrong the rest is.
pub(super) fn is_alert(members: &[(Box<str>, Value)]) -> bool {
    members.iter().any(|(key, _)| matches!(top_key(key), Some(Top::Rule | Top::Output)))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Top {
    Uuid,
    Time,
    Rule,
    Priority,
    Source,
    Hostname,
    Output,
    Fields,
    Tags,
}

fn top_key(key: &str) -> Option<Top> {
    Some(match key {
        "uuid" => Top::Uuid,
        "time" => Top::Time,
        "rule" => Top::Rule,
        "priority" => Top::Priority,
        "source" => Top::Source,
        "hostname" => Top::Hostname,
        "output" => Top::Output,
        "output_fields" | "outputFields" => Top::Fields,
        "tags" => Top::Tags,
        _ if key.len() <= 13 && key.starts_with(|c: char| c.is_ascii_uppercase()) => {
            return top_key(&key.to_ascii_lowercase());
        }
        _ => return None,
    })
}

/// Makes an alert of an object's members.
pub(super) fn alert(
    members: Vec<(Box<str>, Value)>,
    flags: Flags,
    wrap: &Wrap,
    ctx: &Context,
) -> Alert {
    let mut alert = Alert { flags, ..Alert::default() };
    let mut time_value = None;
    let mut stamp_value = None;
    let mut flat = Vec::new();
    let mut has_priority = false;
    let is_message_cut =
        wrap.is_cut && members.last().is_some_and(|(key, _)| top_key(key) == Some(Top::Output));
    for (key, value) in members {
        match top_key(&key) {
            Some(Top::Uuid) => alert.uuid = words(value, &mut alert.flags),
            Some(Top::Time) => time_value = Some(value),
            Some(Top::Rule) => {
                alert.rule = words(value, &mut alert.flags).filter(|rule| !rule.is_empty());
            }
            Some(Top::Priority) => {
                has_priority = true;
                priority(value, &mut alert);
            }
            Some(Top::Source) => alert.event_source = source(value, &mut alert.flags),
            Some(Top::Hostname) => alert.hostname = words(value, &mut alert.flags),
            Some(Top::Output) => alert.output = words(value, &mut alert.flags),
            Some(Top::Fields) => fields(value, &mut alert),
            Some(Top::Tags) => tags(value, &mut alert),
            None => {
                if let Some(name) = key.strip_prefix("output_fields.") {
                    flat.push((name.into(), value));
                } else if matches!(&*key, "@timestamp" | "timestamp" | "_timestamp") {
                    stamp_value = Some(value);
                }
            }
        }
    }
    if !flat.is_empty() {
        alert.flags.set(Flag::Renamed);
        alert.fields.0.append(&mut flat);
    }
    if rename::read_back(&mut alert.fields) {
        alert.flags.set(Flag::Renamed);
    }
    if alert.priority.is_none() || !has_priority {
        alert.flags.set(Flag::PriorityUnknown);
    }
    if !has_priority && alert.flags.has(Flag::Truncated) {
        // The key was lost with the end of the record; the text says it too.
        let word = alert.output.as_deref().and_then(|output| {
            let (from, to) = text::head(output.as_bytes())?.word;
            output.get(from..to)
        });
        alert.priority = word.and_then(Priority::parse);
    }
    if alert.hostname.is_none() {
        alert.hostname.clone_from(&wrap.hostname);
    }
    if wrap.is_guess {
        alert.flags.set(Flag::Unverified);
    }
    find_rule(&mut alert, is_message_cut, ctx);
    find_time(&mut alert, time_value.as_ref(), stamp_value.as_ref(), wrap, ctx);
    note(&mut alert);
    alert
}

/// Makes an alert of a text line whose head was read, and that nothing goes on with.
pub(super) fn from_text(
    line: &str,
    head: &Head,
    mut flags: Flags,
    wrap: &Wrap,
    ctx: &Context,
) -> Alert {
    flags.set(Flag::Text);
    flags.set(Flag::Unverified);
    let message = line.get(head.message..).unwrap_or_default();
    let is_cut = wrap.is_cut || text::opens_in_vain(message);
    if is_cut {
        flags.set(Flag::Truncated);
    }
    let word = line.get(head.word.0..head.word.1).unwrap_or_default();
    let parsed = Priority::parse(word);
    let mut alert = Alert {
        flags,
        priority: parsed,
        priority_text: parsed.filter(|priority| priority.name() != word).map(|_| word.into()),
        output: Some(line.into()),
        hostname: wrap.hostname.clone(),
        ..Alert::default()
    };
    find_rule(&mut alert, is_cut, ctx);
    find_time(&mut alert, None, None, wrap, ctx);
    note(&mut alert);
    alert
}

/// A line of falcosidekick's syslog output in the Common Event Format.
pub(super) fn from_cef(line: &str, mut flags: Flags, wrap: &Wrap, ctx: &Context) -> Option<Alert> {
    let rest = line.strip_prefix("CEF:0|Falcosecurity|Falco|")?;
    let (_, rest) = rest.split_once('|')?;
    let (_, rest) = rest.split_once('|')?;
    flags.set(Flag::Text);
    flags.set(Flag::Unverified);
    // A rule's name may hold a bar: the severity before `|uuid=` is the fixed point.
    let (named, extension) = match rest.find("|uuid=") {
        Some(at) => (rest.get(..at)?, rest.get(at + 1..)?),
        None => (rest, ""),
    };
    let (rule, severity) = named.rsplit_once('|').unwrap_or((named, ""));
    let between = |from: &str, to: &[&str]| {
        let at = extension.find(from)? + from.len();
        let rest = extension.get(at..)?;
        let end = to.iter().filter_map(|to| rest.find(to)).min().unwrap_or(rest.len());
        rest.get(..end).filter(|text| !text.is_empty())
    };
    let message = {
        let at = extension.find(" msg=").map(|at| at + 5);
        let fields_at = extension.rfind(" outputfields=").unwrap_or(extension.len());
        let end =
            extension.get(..fields_at).and_then(|text| text.rfind(" source=")).unwrap_or(fields_at);
        at.and_then(|at| extension.get(at..end))
    };
    let tail = extension.rfind(" source=").and_then(|at| extension.get(at..)).unwrap_or_default();
    let tail_value = |from: &str, to: &[&str]| {
        let rest = tail.get(tail.find(from)? + from.len()..)?;
        let end = to.iter().filter_map(|to| rest.find(to)).min().unwrap_or(rest.len());
        rest.get(..end).filter(|text| !text.is_empty())
    };
    let mut alert = Alert {
        flags,
        rule: Some(rule.into()),
        uuid: between("uuid=", &[" start="]).map(Into::into),
        output: message.map(Into::into),
        hostname: tail_value(" hostname=", &[" outputfields="])
            .map(Into::into)
            .or_else(|| wrap.hostname.clone()),
        priority: match severity {
            "10" => Some(Priority::Emergency),
            "9" => Some(Priority::Alert),
            "8" => Some(Priority::Critical),
            "7" => Some(Priority::Error),
            "6" => Some(Priority::Warning),
            "4" => Some(Priority::Notice),
            "3" => Some(Priority::Informational),
            "0" => Some(Priority::Debug),
            _ => None,
        },
        ..Alert::default()
    };
    if let Some(name) = tail_value(" source=", &[" hostname=", " outputfields="]) {
        alert.event_source = source(Value::String(name.into()), &mut alert.flags);
    }
    if let Some(pairs) = tail_value(" outputfields=", &[]) {
        let (pairs, list) = pairs.rsplit_once("tags=").unwrap_or((pairs, ""));
        alert.tags = list.split(',').filter(|tag| !tag.is_empty()).map(Into::into).collect();
        cef_fields(pairs, &mut alert.fields);
    }
    if alert.priority.is_none() {
        alert.flags.set(Flag::PriorityUnknown);
        alert.priority_text = Some(severity.into());
    }
    let start = between(" start=", &[" msg="]).map(|text| Value::String(text.into()));
    find_time(&mut alert, start.as_ref(), None, wrap, ctx);
    note(&mut alert);
    Some(alert)
}

/// `proc.name:sh proc.cmdline:sh -c x `: a value ends where the next field's name begins.
fn cef_fields(pairs: &str, fields: &mut Fields) {
    let mut open: Option<(&str, usize)> = None;
    let mut close = |open: Option<(&str, usize)>, end: usize| {
        if let Some((name, from)) = open
            && let Some(value) = pairs.get(from..end)
        {
            fields.set(name, Value::String(value.trim_end_matches(' ').into()));
        }
    };
    let mut word = 0;
    for (at, byte) in pairs.bytes().enumerate() {
        if byte == b' ' {
            word = at + 1;
        }
        // No field's name is longer; a hostile value may hold millions of colons.
        if byte != b':' || at - word > 128 {
            continue;
        }
        let name = pairs.get(word..at).unwrap_or_default();
        if rename::is_field(name) && open.is_none_or(|(_, from)| word >= from) {
            close(open, word);
            open = Some((name, at + 1));
        }
    }
    close(open, pairs.len());
}

/// A value that should be text.
fn words(value: Value, flags: &mut Flags) -> Option<Box<str>> {
    match value {
        Value::String(text) => Some(text),
        Value::Null => {
            flags.set(Flag::WrongType);
            None
        }
        other => {
            flags.set(Flag::WrongType);
            Some(other.display().into())
        }
    }
}

fn priority(value: Value, alert: &mut Alert) {
    let number = match &value {
        Value::Number(digits) => Some(digits),
        // Some forwarders make texts of all numbers.
        Value::String(text) if matches!(text.as_bytes(), [b'0'..=b'7']) => Some(text),
        _ => None,
    };
    if let Some(digits) = number {
        // gRPC's enumeration, as old clients print it: the severities of syslog.
        alert.flags.set(Flag::WrongType);
        alert.priority = digits.parse().ok().and_then(|n: usize| Priority::ALL.get(n)).copied();
        alert.priority_text = Some(digits.clone());
        return;
    }
    let Some(word) = words(value, &mut alert.flags) else { return };
    alert.priority = Priority::parse(&word);
    if alert.priority.is_none_or(|priority| priority.name() != &*word) {
        alert.priority_text = Some(word);
    }
}

fn source(value: Value, flags: &mut Flags) -> Option<Box<str>> {
    let name = words(value, flags)?;
    let is_upper = name.bytes().any(|byte| byte.is_ascii_uppercase())
        && !name.bytes().any(|byte| byte.is_ascii_lowercase());
    let name = if is_upper { name.to_ascii_lowercase().into() } else { name };
    match &*name {
        "" => None,
        "syscalls" => Some("syscall".into()),
        _ => Some(name),
    }
}

fn tags(value: Value, alert: &mut Alert) {
    match value {
        Value::Null => {}
        Value::Array(items) => {
            for item in items {
                if let Some(tag) = words(item, &mut alert.flags) {
                    alert.tags.push(tag);
                }
            }
        }
        Value::String(list) => {
            alert.flags.set(Flag::WrongType);
            alert.tags = list
                .split(',')
                .map(str::trim)
                .filter(|tag| !tag.is_empty())
                .map(Into::into)
                .collect();
        }
        _ => alert.flags.set(Flag::WrongType),
    }
}

fn fields(value: Value, alert: &mut Alert) {
    match value {
        Value::Object(members) => alert.fields = Fields(members),
        Value::Null => {}
        Value::String(text) => {
            alert.flags.set(Flag::WrongType);
            let read = super::json::read(text.as_bytes());
            match read.value {
                Value::Object(members) if read.ended.is_none() => alert.fields = Fields(members),
                _ => alert.fields = Fields(vec![("output_fields".into(), Value::String(text))]),
            }
        }
        other => {
            alert.flags.set(Flag::WrongType);
            alert.fields = Fields(vec![("output_fields".into(), other)]);
        }
    }
}

/// Finds what the record does not say in the text it prints: the rule, and the fields that no one sent. Of a text that is
/// cut, what stands at its end is left out.
fn find_rule(alert: &mut Alert, is_message_cut: bool, ctx: &Context) {
    if alert.rule.is_some() && !alert.fields.0.is_empty() {
        return;
    }
    let output = alert.output.take();
    let Some(text) = output.as_deref().map(text::message) else { return };
    let known: Option<&Known> = match &alert.rule {
        Some(name) => ctx.templates.rule(name),
        None => ctx.templates.find(text, alert.priority),
    };
    if alert.rule.is_none()
        && let Some(known) = known
    {
        alert.flags.set(Flag::RuleFromText);
        alert.rule = Some(known.rule.clone());
        if alert.event_source.is_none() {
            alert.event_source = Some(known.source.clone());
        }
        if alert.tags.is_empty() {
            alert.tags.clone_from(&known.tags);
        }
    }
    if alert.rule.is_none() {
        alert.rule = own_rule(text).map(Into::into);
        if alert.rule.is_some() {
            alert.flags.set(Flag::RuleFromText);
        }
    }
    if alert.fields.0.is_empty() {
        alert.fields = cut::fields(text, known, is_message_cut);
        if !alert.fields.0.is_empty() {
            alert.flags.set(Flag::Unverified);
        }
    }
    alert.output = output;
}

/// The rule of a message that Falco writes of itself. It is no internal alert for that: anyone can write such a text.
fn own_rule(message: &str) -> Option<&str> {
    if message.starts_with("Falco internal: ") {
        let end = message.find(['.', '(']).unwrap_or(message.len());
        return message.get(..end).map(str::trim_end);
    }
    message.starts_with("Falco metrics snapshot").then_some("Falco internal: metrics snapshot")
}

/// The time by precedence: the record's, the event's, the output's, the envelope's, a local clock with a guessed date.
fn find_time(
    alert: &mut Alert,
    value: Option<&Value>,
    stamp: Option<&Value>,
    wrap: &Wrap,
    ctx: &Context,
) {
    if let Some(value) = value {
        match time::of_record(value) {
            Some((time, is_usual)) => {
                if !is_usual {
                    alert.flags.set(Flag::WrongType);
                }
                return set_time(alert, time, TimeFrom::Time, ctx);
            }
            None if time::is_beyond(value) => {
                // A time, though none that anybody can have had.
                alert.flags.set(Flag::TimeOdd);
                if matches!(value, Value::Number(_)) {
                    alert.flags.set(Flag::WrongType);
                }
            }
            None => alert.flags.set(Flag::WrongType),
        }
    }
    let event = ["evt.time", "evt.time.iso8601", "evt.rawtime", "evt.datetime", "jevt.rawtime"];
    if let Some(time) =
        event.iter().find_map(|name| alert.fields.get(name).and_then(time::nanoseconds))
    {
        return set_time(alert, time, TimeFrom::EventTime, ctx);
    }
    let clock = alert
        .output
        .as_deref()
        .and_then(|output| text::head(output.as_bytes()))
        .map(|head| head.clock);
    if let Some(Clock::Date(stamp)) = clock
        && stamp.has_zone
    {
        return set_time(alert, stamp.time, TimeFrom::Output, ctx);
    }
    if let Some((time, _)) = stamp.and_then(time::of_record) {
        return set_time(alert, time, TimeFrom::Wrapper, ctx);
    }
    if let Some(time) = wrap.time {
        return set_time(alert, time, TimeFrom::Wrapper, ctx);
    }
    let guess = match clock {
        Some(Clock::Local(second, nanosecond)) => {
            ctx.written_at.and_then(|near| time::on_latest_day(second, nanosecond, near, &ctx.zone))
        }
        Some(Clock::Date(stamp)) => {
            // A date without a zone: the host's own.
            let civil = jiff::tz::Offset::UTC.to_datetime(stamp.time);
            civil.to_zoned(ctx.zone.clone()).ok().map(|zoned| zoned.timestamp())
        }
        None => None,
    };
    if clock.is_some() {
        alert.flags.set(Flag::LocalClock);
    }
    match guess {
        Some(time) => set_time(alert, time, TimeFrom::LocalClock, ctx),
        None => alert.flags.set(Flag::TimeMissing),
    }
}

fn set_time(alert: &mut Alert, time: Timestamp, from: TimeFrom, ctx: &Context) {
    if time::is_odd(time, ctx) {
        alert.flags.set(Flag::TimeOdd);
    }
    alert.time = Some(time);
    alert.time_from = Some(from);
}

/// The flags that follow from the finished alert.
fn note(alert: &mut Alert) {
    if alert.rule.is_none() {
        alert.flags.set(Flag::RuleMissing);
    }
    match alert.event_source.as_deref() {
        None => alert.flags.set(Flag::SourceUnknown),
        Some("internal") => alert.flags.set(Flag::Internal),
        Some(_) => {}
    }
    let is_cut = |text: &str| text.len() >= CUT && text.ends_with("[...]");
    let values = alert.fields.iter().filter_map(|(_, value)| value.as_str());
    if values.chain(alert.output.as_deref()).any(is_cut) {
        alert.flags.set(Flag::Cut);
    }
}
