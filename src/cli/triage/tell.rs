//! Decisions as lines and as JSON.

use super::decide::targets;
use super::{Open, Which};
use crate::cli::Exit;
use crate::model::Status;
use crate::report::json;
use crate::text::printable;
use crate::triage::{Board, Change, Decision, Key};
use std::fmt::Write as _;
use std::io::Write;

/// Every decision as it stands now.
pub(super) fn list(
    board: &Board,
    status: Option<Status>,
    json: bool,
    out: &mut impl Write,
) -> anyhow::Result<Exit> {
    let mut entries: Vec<_> = board
        .entries()
        .filter(|(_, decision, _)| status.is_none_or(|s| decision.status == s))
        .collect();
    entries.sort_by_key(|(_, _, last)| std::cmp::Reverse((last.at, last.id.clone())));
    if json {
        let rows: Vec<_> =
            entries.iter().map(|(key, decision, last)| object(*key, decision, last)).collect();
        writeln!(out, "[{}]", rows.join(",\n"))?;
        return Ok(Exit::Done);
    }
    for (key, decision, last) in entries {
        let verdict =
            decision.verdict.map_or_else(String::new, |verdict| format!(" ({})", verdict.name()));
        let (rule, place) = (printable(&last.about.rule), printable(&last.about.place));
        writeln!(
            out,
            "{key}  {:.0}  {}{verdict}  {}  {rule}  {place}",
            last.at,
            decision.status.name(),
            printable(&last.by)
        )?;
    }
    Ok(Exit::Done)
}

fn object(key: Key, decision: &Decision, last: &Change) -> String {
    let text =
        |text: &Option<String>| text.as_deref().map_or_else(|| "null".to_owned(), json::quote);
    let tags: Vec<_> = decision.tags.iter().map(|tag| json::quote(tag)).collect();
    format!(
        "{{\"key\":{},\"rule\":{},\"place\":{},\"status\":{},\"verdict\":{},\"reason\":{},\"assignee\":{},\"note\":{},\"tags\":[{}],\"by\":{},\"host\":{},\"at\":{},\"evidence\":{}}}",
        json::quote(&key.to_string()),
        json::quote(&last.about.rule),
        json::quote(&last.about.place),
        json::quote(decision.status.name()),
        decision.verdict.map_or_else(|| "null".to_owned(), |verdict| json::quote(verdict.name())),
        text(&decision.reason),
        text(&decision.assignee),
        text(&decision.note),
        tags.join(","),
        json::quote(&last.by),
        json::quote(&last.host),
        json::quote(&last.at.to_string()),
        text(&last.about.evidence),
    )
}

/// The decisions that are asked for, each with its history.
pub(super) fn show(
    open: &Open,
    which: &Which,
    json: bool,
    out: &mut impl Write,
) -> anyhow::Result<Exit> {
    let board = &open.board;
    let mut objects = Vec::new();
    for target in targets(open, which)? {
        let history: Vec<_> =
            board.all().into_iter().filter(|change| change.key == target.key).collect();
        let Some(last) = history.last() else { continue };
        if json {
            let history = serde_json::to_string(&history)?;
            let now = object(target.key, board.decision(target.key), last);
            objects.push(format!("{{\"now\":{now},\"history\":{history}}}"));
            continue;
        }
        let (rule, place) = (printable(&last.about.rule), printable(&last.about.place));
        objects.push(format!("{}  {rule}  {place}", target.key));
        objects.extend(history.into_iter().map(|change| format!("  {}", printable(&told(change)))));
    }
    if objects.is_empty() {
        return Ok(Exit::NothingMatched);
    }
    let one = which.filter.is_none();
    match json {
        true if !one => writeln!(out, "[{}]", objects.join(",\n"))?,
        _ => writeln!(out, "{}", objects.join("\n"))?,
    }
    Ok(Exit::Done)
}

/// The record that the latest decision was made about, byte for byte.
pub(super) fn record(open: &Open, which: &Which, out: &mut impl Write) -> anyhow::Result<Exit> {
    for target in targets(open, which)? {
        let hash = open
            .board
            .all()
            .into_iter()
            .rev()
            .filter(|change| change.key == target.key)
            .find_map(|change| change.about.evidence.clone());
        let Some(hash) = hash else { continue };
        let record = open.db.as_ref().map(|db| db.evidence(&hash)).transpose()?.flatten();
        let Some(record) = record else {
            anyhow::bail!(
                "the record {hash} is no longer kept (see evidence_age and evidence_size)"
            )
        };
        out.write_all(&record)?;
        if !record.ends_with(b"\n") {
            out.write_all(b"\n")?;
        }
        return Ok(Exit::Done);
    }
    Ok(Exit::NothingMatched)
}

/// One change in one line.
pub(super) fn told(change: &Change) -> String {
    let mut line =
        format!("{:.0}  {} on {}: {}", change.at, change.by, change.host, change.words());
    for (name, text) in [("reason", &change.after.reason), ("note", &change.after.note)] {
        if let Some(text) = text {
            // Writing to a string cannot fail.
            let _ = write!(line, "; {name}: {text}");
        }
    }
    line
}
