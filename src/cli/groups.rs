//! `cadge groups`: how often which rule fired where.

use super::Exit;
use super::args::{By, Groups};
use super::select::Selection;
use super::session::{Counts, Session};
use crate::model::Priority;
use crate::report::{json, stamp};
use crate::store::{Cell, CellId, Names, Store, Sym};
use crate::text;
use rustc_hash::FxHashMap;
use std::cmp::Reverse;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::num::NonZero;
use std::ops::Range;
use std::sync::mpsc::sync_channel;

/// Groups whose text is made together.
const TOGETHER: usize = 1024;

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

/// The count of one cell, or of one priority in all of them.
type Part = ((CellId, Option<Priority>), Count);

/// What is counted by cell or by priority: the parts that groups are put together of.
struct Parts<'s> {
    store: &'s Store,
    by: By,
    /// The counts by cell, or by priority where that is asked for; `None` where those of the store serve.
    picked: Option<Vec<Part>>,
}

/// A run of parts in their order, and how many alerts they hold.
struct Group {
    count: u64,
    parts: Range<usize>,
}

/// Prints groups, the largest first.
pub fn run(groups: &Groups) -> anyhow::Result<Exit> {
    // Cells know the highest of their priorities only.
    let counts = if groups.by == By::Priority { Counts::Columns } else { Counts::Cells };
    let (session, selection) = Session::load_selected(&groups.input, &groups.select, counts)?;
    let names = session.store.names();
    let parts = Parts::new(&session, &selection, groups.by);
    let sorted = parts.sorted();
    let mut out = super::out();
    if groups.json {
        out.write_all(b"[")?;
    }
    write_all(&mut out, &sorted.1, |out, at, group| {
        let Some((key, count)) = parts.group(&sorted.0, group) else { return };
        if groups.json {
            out.push_str(if at > 0 { ",\n{" } else { "{" });
            write_json(out, groups.by, &key, &count, names);
        } else {
            write_text(out, groups.by, &key, &count, names);
        }
    })?;
    if groups.json {
        out.write_all(b"]\n")?;
    }
    drop(out);
    let is_fine = session.end();
    Ok(match (is_fine, sorted.1.is_empty() && !selection.is_everything()) {
        (false, _) => Exit::Failed,
        (true, true) => Exit::NothingMatched,
        (true, false) => Exit::Done,
    })
}

/// Writes all groups in their order. A hundred thousand take a while, so that several threads make the text.
fn write_all(
    out: &mut impl Write,
    groups: &[Group],
    write: impl Fn(&mut String, usize, &Group) + Sync,
) -> io::Result<()> {
    let n_makers = std::thread::available_parallelism().map_or(1, NonZero::get).min(4);
    let n_makers = if groups.len() <= TOGETHER { 1 } else { n_makers };
    std::thread::scope(|scope| {
        let make = |first: usize| {
            let (done, made) = sync_channel(2);
            let write = &write;
            scope.spawn(move || {
                let pieces = groups.chunks(TOGETHER).enumerate().skip(first).step_by(n_makers);
                for (piece, groups) in pieces {
                    let mut text = String::new();
                    for (at, group) in (piece * TOGETHER..).zip(groups) {
                        write(&mut text, at, group);
                    }
                    if done.send(text).is_err() {
                        return;
                    }
                }
            });
            made
        };
        let makers: Vec<_> = (0..n_makers).map(make).collect();
        for maker in makers.iter().cycle().take(groups.len().div_ceil(TOGETHER)) {
            let Ok(text) = maker.recv() else { break };
            out.write_all(text.as_bytes())?;
        }
        Ok(())
    })
}

impl<'s> Parts<'s> {
    fn new(session: &'s Session, selection: &Selection, by: By) -> Self {
        let store = &session.store;
        if selection.is_everything() && by != By::Priority {
            return Self { store, by, picked: None };
        }
        let mut counts = FxHashMap::<(CellId, Option<Priority>), Count>::default();
        for id in selection.picked(session).ids {
            let Some(cell) = store.cell_of(id) else { continue };
            let (nanos, priority) = (store.nanos(id), store.priority(id));
            // Who asks for priorities does not ask where.
            let part =
                if by == By::Priority { (CellId::default(), priority) } else { (cell, None) };
            counts.entry(part).or_default().add(1, nanos, nanos, priority);
        }
        Self { store, by, picked: Some(counts.into_iter().collect()) }
    }

    fn len(&self) -> usize {
        self.picked.as_ref().map_or(self.store.names().cells().len(), Vec::len)
    }

    /// What a part counts, and what its alerts are grouped by.
    fn part(&self, at: usize) -> Option<(&'s Cell, Option<Priority>, Count)> {
        let store = self.store;
        if let Some(picked) = &self.picked {
            let ((cell, priority), count) = picked.get(at)?;
            return Some((store.names().cell(*cell)?, *priority, *count));
        }
        let id = CellId(u32::try_from(at).ok()?);
        let (cell, stat) = (store.names().cell(id)?, store.stat(id)?);
        let mut count = Count::default();
        count.add(u64::from(stat.count), stat.first, stat.last, stat.priority);
        Some((cell, None, count))
    }

    /// The parts by what they are grouped by, and the groups, the largest first, equal ones by their texts.
    fn sorted(&self) -> (Vec<u32>, Vec<Group>) {
        let names = self.store.names();
        let key = |at: usize| {
            let (cell, priority, count) = self.part(at)?;
            Some((key(cell, priority, self.by, names), count.count))
        };
        let mut ranks = Ranks::default();
        for (key, _) in (0..self.len()).filter_map(key) {
            ranks.note(key.first);
            ranks.note(key.second);
        }
        ranks.sort(names);
        let mut parts: Vec<(u128, u32, u64)> = (0..self.len())
            .filter_map(|at| {
                let (key, count) = key(at)?;
                Some((ranks.order(&key), u32::try_from(at).ok()?, count))
            })
            .collect();
        parts.sort_unstable();
        let mut groups = Vec::new();
        let mut from = 0;
        for run in parts.chunk_by(|a, b| a.0 == b.0) {
            let count = run.iter().map(|(_, _, count)| count).sum();
            groups.push(Group { count, parts: from..from + run.len() });
            from += run.len();
        }
        // They stand in the order of their texts already.
        groups.sort_by_key(|group| Reverse(group.count));
        (parts.into_iter().map(|(_, at, _)| at).collect(), groups)
    }

    fn group(&self, parts: &[u32], group: &Group) -> Option<(Key, Count)> {
        let names = self.store.names();
        let mut found = None;
        for part in parts.get(group.parts.clone())? {
            let (cell, priority, part) = self.part(*part as usize)?;
            let (_, count) = found
                .get_or_insert_with(|| (key(cell, priority, self.by, names), Count::default()));
            count.add(part.count, part.first, part.last, part.priority);
            count.name(part.last, cell, names);
        }
        found
    }
}

/// The places of symbols in the order of their texts, so that texts are compared once for each and not once for each group.
#[derive(Default)]
struct Ranks {
    /// By symbol; [`UNRANKED`] until they are sorted, 0 where none was noted.
    ranks: Vec<u32>,
    noted: Vec<Sym>,
}

const UNRANKED: u32 = u32::MAX;

impl Ranks {
    fn note(&mut self, sym: Sym) {
        let at = sym.0 as usize;
        if at >= self.ranks.len() {
            self.ranks.resize(at + 1, 0);
        }
        if let Some(rank) = self.ranks.get_mut(at)
            && *rank != UNRANKED
        {
            *rank = UNRANKED;
            self.noted.push(sym);
        }
    }

    fn sort(&mut self, names: &Names) {
        self.noted.sort_unstable_by_key(|sym| names.text(*sym));
        for (rank, sym) in (0..).zip(&self.noted) {
            if let Some(slot) = self.ranks.get_mut(sym.0 as usize) {
                *slot = rank;
            }
        }
    }

    /// A number that orders keys, and is the same for the same key only.
    fn order(&self, key: &Key) -> u128 {
        let rank = |sym: Sym| u128::from(self.ranks.get(sym.0 as usize).copied().unwrap_or(0));
        let priority = key.priority.map_or(0, |priority| priority as u128 + 1);
        rank(key.first) << 72
            | u128::from(key.is_beyond) << 65
            | u128::from(key.is_id) << 64
            | rank(key.second) << 8
            | priority
    }
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
