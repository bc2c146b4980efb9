//! `cadge groups`: how often which rule fired where.

use super::Exit;
use super::args::{By, Groups};
use super::select::Selection;
use super::session::Session;
use crate::model::Priority;
use crate::report::{json, stamp};
use crate::store::{Cell, Names, Sym};
use crate::text;
use rustc_hash::FxHashMap;
use std::cmp::Reverse;
use std::fmt::Write as _;
use std::io::{self, Write};

/// Output that is held before it is written.
const HELD: usize = 64 << 10;

/// What the alerts of a group have in common; which parts are set depends on what they are grouped by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Key {
    /// The rule, the host, the namespace or the event source.
    first: Sym,
    /// The pod, or the container by its id, else by its name.
    second: Sym,
    /// Whether [`Key::second`] is a container's id.
    is_id: bool,
    /// In one of the places beyond those that are kept apart.
    is_beyond: bool,
    priority: Option<Priority>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    count: u64,
    first: Option<i64>,
    last: Option<i64>,
    priority: Option<Priority>,
    /// The latest known name of the container, with the time it was seen.
    name: (Option<i64>, Sym),
}

/// Prints groups, the largest first.
pub fn run(groups: &Groups) -> anyhow::Result<Exit> {
    let session = Session::load(&groups.input)?;
    let selection = Selection::new(&groups.select, &session)?;
    let counts = count(&session, &selection, groups.by);
    let names = session.store.names();
    let sorted = sorted(&counts, names);
    let mut out = io::stdout().lock();
    let mut held = String::with_capacity(2 * HELD);
    if groups.json {
        held.push('[');
    }
    for (at, (key, count)) in sorted.iter().enumerate() {
        if groups.json {
            held.push_str(if at > 0 { ",\n{" } else { "{" });
            write_json(&mut held, groups.by, key, count, names);
        } else {
            write_text(&mut held, groups.by, key, count, names);
        }
        if held.len() >= HELD {
            out.write_all(held.as_bytes())?;
            held.clear();
        }
    }
    if groups.json {
        held.push_str("]\n");
    }
    out.write_all(held.as_bytes())?;
    drop(out);
    let is_fine = session.end();
    Ok(match (is_fine, sorted.is_empty() && !selection.is_everything()) {
        (false, _) => Exit::Failed,
        (true, true) => Exit::NothingMatched,
        (true, false) => Exit::Done,
    })
}

fn count(session: &Session, selection: &Selection, by: By) -> FxHashMap<Key, Count> {
    let store = &session.store;
    let names = store.names();
    let mut counts = FxHashMap::<Key, Count>::default();
    if selection.is_everything() && by != By::Priority {
        for (cell, stat) in store.cells() {
            let count = counts.entry(key(cell, None, by, names)).or_default();
            count.add(u64::from(stat.count), stat.first, stat.last, stat.priority);
            count.name(stat.last, cell, names);
        }
        return counts;
    }
    let answer = selection.picked(session);
    for row in answer.ids.into_iter().filter_map(|id| store.row(id)) {
        let Some(cell) = names.cell(row.cell) else { continue };
        let count = counts.entry(key(cell, row.priority, by, names)).or_default();
        count.add(1, row.nanos, row.nanos, row.priority);
        count.name(row.nanos, cell, names);
    }
    counts
}

/// The largest first, equal ones by their texts.
fn sorted<'c>(counts: &'c FxHashMap<Key, Count>, names: &Names) -> Vec<(&'c Key, &'c Count)> {
    let mut syms: Vec<Sym> = counts.keys().flat_map(|key| [key.first, key.second]).collect();
    syms.sort_unstable();
    syms.dedup();
    // Texts are compared once for each, not once for each group.
    syms.sort_unstable_by_key(|sym| names.text(*sym));
    let ranks: FxHashMap<Sym, usize> = syms.into_iter().zip(0..).collect();
    let rank = |sym: Sym| ranks.get(&sym).copied().unwrap_or(0);
    let mut sorted: Vec<_> = counts.iter().collect();
    sorted.sort_unstable_by_key(|(key, count)| {
        let container = (key.is_beyond, key.is_id, rank(key.second));
        (Reverse(count.count), rank(key.first), container, key.priority)
    });
    sorted
}

impl Count {
    fn add(
        &mut self,
        count: u64,
        first: Option<i64>,
        last: Option<i64>,
        priority: Option<Priority>,
    ) {
        self.count += count;
        self.first = self.first.into_iter().chain(first).min();
        self.last = self.last.into_iter().chain(last).max();
        self.priority = self.priority.into_iter().chain(priority).min();
    }

    fn name(&mut self, last: Option<i64>, cell: &Cell, names: &Names) {
        let name = cell.place.unwrap_or_default().container_name;
        if names.text(name).is_none_or(str::is_empty) {
            return;
        }
        let (known_at, known) = self.name;
        if last > known_at || (last == known_at && names.text(name) > names.text(known)) {
            self.name = (last, name);
        }
    }
}

/// What alerts of a cell are grouped by.
fn key(cell: &Cell, priority: Option<Priority>, by: By, names: &Names) -> Key {
    let place = cell.place.unwrap_or_default();
    let is_beyond = cell.place.is_none();
    let none = Key::default();
    let container = |first: Sym| {
        // An id may be empty; a name that is empty is none.
        let is_id = names.text(place.container_id).is_some();
        let second = if is_id { place.container_id } else { place.container_name };
        Key { first, second, is_id, is_beyond, ..none }
    };
    match by {
        By::RuleContainer => container(cell.rule),
        By::Container => container(Sym::default()),
        By::Rule => Key { first: cell.rule, ..none },
        By::Host => Key { first: place.hostname, is_beyond, ..none },
        By::Pod => Key { first: place.namespace, second: place.pod, is_beyond, ..none },
        By::Namespace => Key { first: place.namespace, is_beyond, ..none },
        By::Priority => Key { priority, ..none },
        By::Source => Key { first: cell.event_source, ..none },
    }
}

fn write_json(out: &mut String, by: By, key: &Key, count: &Count, names: &Names) {
    let mut member = |name: &str, text: Option<&str>| {
        out.push('"');
        out.push_str(name);
        out.push_str("\":");
        json::optional(out, text);
        out.push(',');
    };
    let first = names.text(key.first);
    match by {
        By::RuleContainer | By::Rule => member("rule", first),
        By::Host => member("hostname", first),
        By::Source => member("event_source", first),
        By::Pod | By::Namespace | By::Container | By::Priority => {}
    }
    if matches!(by, By::RuleContainer | By::Container) {
        out.push_str("\"container\":{\"id\":");
        json::optional(out, names.text(key.second).filter(|_| key.is_id));
        out.push_str(",\"name\":");
        json::optional(out, container_name(key, count, names));
        out.push_str("},");
    }
    if matches!(by, By::Pod | By::Namespace) {
        out.push_str("\"k8s\":{\"ns\":");
        json::optional(out, first);
        if by == By::Pod {
            out.push_str(",\"pod\":");
            json::optional(out, names.text(key.second));
        }
        out.push_str("},");
    }
    if key.is_beyond {
        out.push_str("\"other_places\":true,");
    }
    let _ = write!(out, "\"count\":{},\"first\":", count.count);
    let time = |out: &mut String, time: Option<i64>| match time {
        Some(time) => {
            out.push('"');
            stamp::nanos(out, time);
            out.push('"');
        }
        None => out.push_str("null"),
    };
    time(out, count.first);
    out.push_str(",\"last\":");
    time(out, count.last);
    out.push_str(",\"priority\":");
    json::optional(out, count.priority.map(Priority::name));
    out.push('}');
}

/// The container's name as last seen; an empty one only where nothing else is known.
fn container_name<'n>(key: &Key, count: &Count, names: &'n Names) -> Option<&'n str> {
    names.text(count.name.1).or_else(|| names.text(key.second).filter(|_| !key.is_id))
}

fn write_text(out: &mut String, by: By, key: &Key, count: &Count, names: &Names) {
    let text = |text: Option<&str>| text::printable(text.unwrap_or("-")).into_owned();
    let (first, second) = (names.text(key.first), names.text(key.second));
    let place = |known: String| {
        if key.is_beyond { "(other places: too many to keep apart)".to_owned() } else { known }
    };
    let container = || {
        place(match (second.filter(|_| key.is_id), container_name(key, count, names)) {
            (Some(""), _) => "(empty container id)".to_owned(),
            (Some(id), Some(name)) if id != name => {
                format!("{} ({})", text(Some(name)), text(Some(id)))
            }
            (id, name) => text(id.or(name)),
        })
    };
    let what = match by {
        By::RuleContainer => {
            format!("{}  {}", text(first.or(Some("(no rule name)"))), container())
        }
        By::Rule => text(first.or(Some("(no rule name)"))),
        By::Container => container(),
        By::Host | By::Namespace => place(text(first)),
        By::Pod => place(format!("{}/{}", text(first), text(second))),
        By::Priority => text(key.priority.map(Priority::name)),
        By::Source => text(first),
    };
    let time = |time: Option<i64>| {
        let mut text = String::new();
        match time {
            Some(time) => stamp::nanos(&mut text, time),
            None => text.push('-'),
        }
        text
    };
    let _ = writeln!(
        out,
        "{:>9}  {:<13}  {:<30}  {:<30}  {what}",
        text::count(count.count),
        count.priority.map_or("-", Priority::name),
        time(count.first),
        time(count.last),
    );
}
