//! `cadge stats`: totals.

use super::Exit;
use super::args::Stats;
use super::select::Selection;
use super::session::{Counts, Session};
use crate::model::Priority;
use crate::report::json;
use crate::text;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write;

#[derive(Default)]
struct Count {
    alerts: u64,
    first: Option<i64>,
    last: Option<i64>,
    by_priority: BTreeMap<Option<Priority>, u64>,
    by_rule: BTreeMap<Option<String>, u64>,
}

/// Prints totals of everything, or of what is selected.
pub fn run(stats: &Stats) -> anyhow::Result<Exit> {
    let (session, selection) = Session::load_selected(&stats.input, &stats.select, Counts::Cells)?;
    let count = count(&session, &selection);
    let mut out = String::new();
    if stats.json {
        write_json(&mut out, &session, &count);
    } else {
        write_text(&mut out, &session, &count);
    }
    out.push('\n');
    super::out().write_all(out.as_bytes())?;
    let is_fine = session.end();
    Ok(if is_fine { Exit::Done } else { Exit::Failed })
}

fn count(session: &Session, selection: &Selection) -> Count {
    let store = &session.store;
    let mut count = Count::default();
    if selection.is_everything() {
        let totals = store.totals();
        (count.alerts, count.first, count.last) = (totals.alerts, totals.first, totals.last);
        for priority in Priority::ALL {
            count.by_priority.insert(Some(priority), totals.of(priority));
        }
        count.by_priority.insert(None, totals.without_priority());
        for (cell, stat) in store.cells() {
            let rule = store.names().text(cell.rule).map(str::to_owned);
            *count.by_rule.entry(rule).or_default() += u64::from(stat.count);
        }
    } else {
        let answer = selection.picked(session);
        for row in answer.ids.into_iter().filter_map(|id| store.row(id)) {
            count.alerts += 1;
            count.first = count.first.into_iter().chain(row.nanos).min();
            count.last = count.last.into_iter().chain(row.nanos).max();
            *count.by_priority.entry(row.priority).or_default() += 1;
            *count.by_rule.entry(row.rule.map(str::to_owned)).or_default() += 1;
        }
    }
    count.by_priority.retain(|_, n| *n > 0);
    count
}

fn time(nanos: Option<i64>) -> Option<String> {
    nanos
        .and_then(|nanos| Timestamp::from_nanosecond(nanos.into()).ok())
        .map(|time| time.to_string())
}

fn write_json(out: &mut String, session: &Session, count: &Count) {
    let totals = session.store.totals();
    let _ = write!(
        out,
        "{{\"alerts\":{},\"rejects\":{},\"other\":{},\"first\":",
        count.alerts, totals.rejects, totals.other
    );
    json::optional(out, time(count.first).as_deref());
    out.push_str(",\"last\":");
    json::optional(out, time(count.last).as_deref());
    out.push_str(",\"by_priority\":{");
    for (at, (priority, n)) in count.by_priority.iter().enumerate() {
        let comma = if at > 0 { "," } else { "" };
        let _ = write!(out, "{comma}\"{}\":{n}", priority.map_or("unknown", Priority::name));
    }
    out.push_str("},\"by_rule\":{");
    for (at, (rule, n)) in by_count(&count.by_rule).into_iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        json::string(out, rule.unwrap_or("(no rule name)"));
        let _ = write!(out, ":{n}");
    }
    out.push_str("},\"sources\":[");
    for (at, source) in sources(session).into_iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        json::string(out, &source);
    }
    out.push_str("]}");
}

/// The names of everything that was read, in the order of the command line.
fn sources(session: &Session) -> Vec<String> {
    let mut names: Vec<_> = session
        .store
        .bodies()
        .iter()
        .map(|(_, body)| (body.source, body.name.to_string()))
        .collect();
    names.sort();
    names.dedup();
    names.into_iter().map(|(_, name)| name).collect()
}

fn by_count(by_rule: &BTreeMap<Option<String>, u64>) -> Vec<(Option<&str>, u64)> {
    let mut rules: Vec<_> = by_rule.iter().map(|(rule, n)| (rule.as_deref(), *n)).collect();
    rules.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    rules
}

fn write_text(out: &mut String, session: &Session, count: &Count) {
    let totals = session.store.totals();
    let _ = writeln!(out, "alerts   {}", text::count(count.alerts));
    let _ = writeln!(out, "rejects  {}", text::count(totals.rejects));
    let _ = writeln!(out, "other    {}", text::count(totals.other));
    let _ = writeln!(out, "first    {}", time(count.first).as_deref().unwrap_or("-"));
    let _ = writeln!(out, "last     {}", time(count.last).as_deref().unwrap_or("-"));
    let _ = writeln!(out, "\nby priority");
    for (priority, n) in &count.by_priority {
        let name = priority.map_or("(unknown)", Priority::name);
        let _ = writeln!(out, "{:>12}  {name}", text::count(*n));
    }
    let _ = writeln!(out, "\nby rule");
    for (rule, n) in by_count(&count.by_rule) {
        let name = text::printable(rule.unwrap_or("(no rule name)"));
        let _ = writeln!(out, "{:>12}  {name}", text::count(n));
    }
    let _ = write!(out, "\nsources");
    for source in sources(session) {
        let _ = write!(out, "\n  {}", text::printable(&source));
    }
}
