//! `cadge groups`: how often which rule fired where.

use super::Exit;
use super::args::{By, Groups};
use super::select::Selection;
use super::session::Session;
use crate::model::Priority;
use crate::report::json;
use crate::store::{Cell, Names, Row};
use crate::text;
use jiff::Timestamp;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{self, Write};

/// What the alerts of a group have in common; which parts are set depends on what they are grouped by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Key<'a> {
    rule: Option<&'a str>,
    /// A container by its id, else by its name.
    container_id: Option<&'a str>,
    container_name: Option<&'a str>,
    hostname: Option<&'a str>,
    namespace: Option<&'a str>,
    pod: Option<&'a str>,
    event_source: Option<&'a str>,
    priority: Option<Priority>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Count<'a> {
    count: u64,
    first: Option<i64>,
    last: Option<i64>,
    priority: Option<Priority>,
    /// The latest known name of the container, with the time it was seen.
    name: (Option<i64>, Option<&'a str>),
}

/// Prints groups, the largest first.
pub fn run(groups: &Groups) -> anyhow::Result<Exit> {
    let session = Session::load(&groups.input)?;
    let selection = Selection::new(&groups.select, &session)?;
    let counts = count(&session, &selection, groups.by);
    let mut sorted: Vec<_> = counts.iter().collect();
    sorted.sort_by(|(a, x), (b, y)| y.count.cmp(&x.count).then_with(|| a.cmp(b)));
    let mut out = String::new();
    if groups.json {
        write_json(&mut out, groups.by, &sorted);
    } else {
        for (key, count) in &sorted {
            write_text(&mut out, groups.by, key, count);
        }
    }
    io::stdout().lock().write_all(out.as_bytes())?;
    let is_fine = session.end();
    Ok(match (is_fine, sorted.is_empty() && !selection.is_everything()) {
        (false, _) => Exit::Failed,
        (true, true) => Exit::NothingMatched,
        (true, false) => Exit::Done,
    })
}

fn count<'a>(session: &'a Session, selection: &Selection, by: By) -> HashMap<Key<'a>, Count<'a>> {
    let store = &session.store;
    let mut counts = HashMap::<Key<'a>, Count<'a>>::new();
    if selection.is_everything() && by != By::Priority {
        for (cell, stat) in store.cells() {
            let (key, name) = key_of_cell(store.names(), cell, by);
            let count = counts.entry(key).or_default();
            count.add(u64::from(stat.count), stat.first, stat.last, stat.priority, name);
        }
        return counts;
    }
    let answer = selection.picked(session);
    for row in answer.ids.into_iter().filter_map(|id| store.row(id)) {
        let (key, name) = key(&row, by);
        counts.entry(key).or_default().add(1, row.nanos, row.nanos, row.priority, name);
    }
    counts
}

impl<'a> Count<'a> {
    fn add(
        &mut self,
        count: u64,
        first: Option<i64>,
        last: Option<i64>,
        priority: Option<Priority>,
        name: Option<&'a str>,
    ) {
        self.count += count;
        self.first = self.first.into_iter().chain(first).min();
        self.last = self.last.into_iter().chain(last).max();
        self.priority = self.priority.into_iter().chain(priority).min();
        if name.is_some_and(|name| !name.is_empty()) && (last, name) > self.name {
            self.name = (last, name);
        }
    }
}

fn key_of_cell<'a>(names: &'a Names, cell: &Cell, by: By) -> (Key<'a>, Option<&'a str>) {
    let place = cell.place.unwrap_or_default();
    let container = names.container(&place);
    let all = Key {
        rule: names.text(cell.rule),
        container_id: container.id,
        container_name: container.name,
        hostname: names.text(place.hostname),
        namespace: names.text(place.namespace),
        pod: names.text(place.pod),
        event_source: names.text(cell.event_source),
        priority: None,
    };
    (all.only(by), container.name)
}

fn key<'a>(row: &Row<'a>, by: By) -> (Key<'a>, Option<&'a str>) {
    let all = Key {
        rule: row.rule,
        container_id: row.container.id,
        container_name: row.container.name,
        hostname: row.hostname,
        namespace: row.namespace,
        pod: row.pod,
        event_source: row.event_source,
        priority: row.priority,
    };
    (all.only(by), row.container.name)
}

impl Key<'_> {
    /// The parts that the grouping is about.
    fn only(self, by: By) -> Self {
        let container_name = self.container_name.filter(|_| self.container_id.is_none());
        let none = Self::default();
        match by {
            By::RuleContainer => {
                Self { rule: self.rule, container_id: self.container_id, container_name, ..none }
            }
            By::Rule => Self { rule: self.rule, ..none },
            By::Container => Self { container_id: self.container_id, container_name, ..none },
            By::Host => Self { hostname: self.hostname, ..none },
            By::Pod => Self { namespace: self.namespace, pod: self.pod, ..none },
            By::Namespace => Self { namespace: self.namespace, ..none },
            By::Priority => Self { priority: self.priority, ..none },
            By::Source => Self { event_source: self.event_source, ..none },
        }
    }
}

fn time(nanos: Option<i64>) -> Option<String> {
    nanos
        .and_then(|nanos| Timestamp::from_nanosecond(nanos.into()).ok())
        .map(|time| time.to_string())
}

fn write_json(out: &mut String, by: By, groups: &[(&Key<'_>, &Count<'_>)]) {
    out.push('[');
    for (at, (key, count)) in groups.iter().enumerate() {
        out.push_str(if at > 0 { ",\n{" } else { "{" });
        let mut member = |name: &str, text: Option<&str>| {
            let _ = write!(out, "\"{name}\":");
            json::optional(out, text);
            out.push(',');
        };
        match by {
            By::RuleContainer | By::Rule => member("rule", key.rule),
            By::Host => member("hostname", key.hostname),
            By::Source => member("event_source", key.event_source),
            By::Pod | By::Namespace | By::Container | By::Priority => {}
        }
        if matches!(by, By::RuleContainer | By::Container) {
            out.push_str("\"container\":{\"id\":");
            json::optional(out, key.container_id);
            out.push_str(",\"name\":");
            json::optional(out, count.name.1.or(key.container_name));
            out.push_str("},");
        }
        if matches!(by, By::Pod | By::Namespace) {
            out.push_str("\"k8s\":{\"ns\":");
            json::optional(out, key.namespace);
            if by == By::Pod {
                out.push_str(",\"pod\":");
                json::optional(out, key.pod);
            }
            out.push_str("},");
        }
        let _ = write!(out, "\"count\":{},\"first\":", count.count);
        json::optional(out, time(count.first).as_deref());
        out.push_str(",\"last\":");
        json::optional(out, time(count.last).as_deref());
        out.push_str(",\"priority\":");
        json::optional(out, count.priority.map(Priority::name));
        out.push('}');
    }
    out.push_str("]\n");
}

fn write_text(out: &mut String, by: By, key: &Key<'_>, count: &Count<'_>) {
    let text = |text: Option<&str>| text::printable(text.unwrap_or("-")).into_owned();
    let container = || match (key.container_id, count.name.1.or(key.container_name)) {
        (Some(""), _) => "(empty container id)".to_owned(),
        (Some(id), Some(name)) if id != name => {
            format!("{} ({})", text(Some(name)), text(Some(id)))
        }
        (id, name) => text(id.or(name)),
    };
    let what = match by {
        By::RuleContainer => {
            format!("{}  {}", text(key.rule.or(Some("(no rule name)"))), container())
        }
        By::Rule => text(key.rule.or(Some("(no rule name)"))),
        By::Container => container(),
        By::Host => text(key.hostname),
        By::Pod => format!("{}/{}", text(key.namespace), text(key.pod)),
        By::Namespace => text(key.namespace),
        By::Priority => text(key.priority.map(Priority::name)),
        By::Source => text(key.event_source),
    };
    let _ = writeln!(
        out,
        "{:>9}  {:<13}  {:<30}  {:<30}  {what}",
        text::count(count.count),
        count.priority.map_or("-", Priority::name),
        time(count.first).as_deref().unwrap_or("-"),
        time(count.last).as_deref().unwrap_or("-"),
    );
}
