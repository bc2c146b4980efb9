//! What a shift hands over, as Markdown.

use super::tell::told;
use super::{Open, Summary};
use crate::cli::session::Session;
use crate::cli::{Exit, explain};
use crate::clock;
use crate::driver::Judge;
use crate::model::{Level, Status};
use crate::query::{Filter, Judged};
use crate::report::code::span as code;
use crate::text::{count, plural};
use crate::triage::{AlertKeys, Place, Suppression};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write;
use std::sync::Arc;

/// Lines looked back at for one that says the same.
const TOGETHER: usize = 200;
/// Groups of open alerts that are told one by one.
const MOST: usize = 30;

/// Writes the page.
pub(super) fn run(open: &Open, args: &Summary, out: &mut impl Write) -> anyhow::Result<Exit> {
    let now = clock::now();
    let mut is_fine = true;
    let mut page = format!("# Triage from {:.0} to {now:.0}\n", args.since);
    decided(&mut page, open, args.since);
    unfinished(&mut page, open);
    muted(&mut page, open, now);
    if args.input.sources.is_empty() {
        page.push_str(
            "\n## Open and urgent\n\nNo log was named: what nobody decided about yet is not listed here.\n",
        );
    } else {
        let session = Session::load(&args.input)?;
        inbox(&mut page, open, &session, now);
        is_fine = session.end();
    }
    out.write_all(page.as_bytes())?;
    Ok(if is_fine { Exit::Done } else { Exit::Failed })
}

/// What was decided, by whom.
fn decided(page: &mut String, open: &Open, since: Timestamp) {
    page.push_str("\n## Decided\n\n");
    let recent: Vec<_> = open.board.all().into_iter().filter(|change| change.at >= since).collect();
    if recent.is_empty() {
        page.push_str("Nothing was decided.\n");
        return;
    }
    let mut people: BTreeMap<&str, u64> = BTreeMap::new();
    for change in &recent {
        *people.entry(&change.by).or_default() += 1;
    }
    let people: Vec<_> =
        people.into_iter().map(|(name, n)| format!("{} {}", code(name), count(n))).collect();
    let n = plural(recent.len() as u64, "decision", "decisions");
    let _ = writeln!(page, "{n}: {}\n", people.join(", "));
    // What one key press or one command decided about many alerts of a group is told once.
    let mut lines: Vec<(String, u64)> = Vec::new();
    for change in &recent {
        let (rule, place) = (code(&change.about.rule), code(&change.about.place));
        let line = format!("- {rule} {place} — {}", code(&told(change)));
        match lines.iter_mut().rev().take(TOGETHER).find(|(known, _)| *known == line) {
            Some((_, n)) => *n += 1,
            None => lines.push((line, 1)),
        }
    }
    for (line, n) in lines {
        let times = if n > 1 { format!(" ({n} alerts)") } else { String::new() };
        let _ = writeln!(page, "{line}{times}");
    }
}

/// What somebody has taken up and not closed.
fn unfinished(page: &mut String, open: &Open) {
    page.push_str("\n## Not closed\n\n");
    let mut entries: Vec<_> =
        open.board.entries().filter(|(_, decision, _)| decision.status != Status::Closed).collect();
    let rank = |status: Status| match status {
        Status::Escalated => 0,
        Status::Open => 1,
        _ => 2,
    };
    entries.sort_by_key(|(_, decision, last)| (rank(decision.status), last.at, last.id.clone()));
    if entries.is_empty() {
        page.push_str("Nothing that anybody decided about.\n");
    }
    for (_, decision, last) in entries {
        let who = decision.assignee.as_deref().map_or_else(|| "nobody".to_owned(), code);
        let _ = writeln!(
            page,
            "- **{}** {} {} — assigned to {}; last {}",
            decision.status.name(),
            code(&last.about.rule),
            code(&last.about.place),
            who,
            code(&told(last)),
        );
    }
}

/// What is kept out of sight, and until when.
fn muted(page: &mut String, open: &Open, now: Timestamp) {
    let active: Vec<&Suppression> =
        open.suppressions.iter().filter(|mute| mute.is_active(now)).collect();
    if active.is_empty() {
        return;
    }
    page.push_str("\n## Muted\n\n");
    for mute in active {
        let reason = if mute.reason.is_empty() { "no reason" } else { &mute.reason };
        let _ = writeln!(
            page,
            "- until {:.0} by {}: {} ({}) — {}",
            mute.ends,
            code(&mute.author),
            code(&mute.filter),
            mute.shelter.words(),
            code(reason)
        );
    }
}

/// One group of open alerts.
struct Waiting {
    /// That of the worst of them.
    level: Option<Level>,
    rule: String,
    place: String,
    n: u64,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
}

/// What nobody decided about in the log, or what came back; the worst first.
fn inbox(page: &mut String, open: &Open, session: &Session, now: Timestamp) {
    let (playbooks, _) = explain::playbooks();
    let mutes: Vec<_> = open
        .suppressions
        .iter()
        .filter(|mute| mute.is_active(now))
        .filter_map(|mute| {
            let names = crate::cli::session::names(&session.rules);
            Some((mute, Filter::parse(&mute.filter, &names).ok()?))
        })
        .collect();
    let snapshot = session.store.snapshot();
    let mut judge = Judge::new(Arc::new(playbooks));
    judge.records = Arc::clone(&session.records);
    let mut groups: BTreeMap<crate::triage::Key, Waiting> = BTreeMap::new();
    let mut n_muted = 0_u64;
    for id in session.order() {
        let Ok((_, alert)) = session.alert(id) else { continue };
        let keys = AlertKeys::of(&alert);
        if open.board.standing(&keys, alert.time).status() != Status::Open {
            continue;
        }
        let assessment = judge.assess_read(id, &alert, &snapshot);
        let level = Some(assessment.level);
        let judged =
            Judged { alert: &alert, level, known: assessment.known.as_deref(), triage: None };
        let asks: Vec<_> = mutes
            .iter()
            .filter(|(_, filter)| filter.matches(&judged))
            .map(|(mute, _)| mute)
            .collect();
        if asks.iter().any(|mute| mute.may_hide(alert.priority, level, now)) {
            n_muted += 1;
            continue;
        }
        let group = groups.entry(keys.container).or_insert_with(|| Waiting {
            level: None,
            rule: alert.rule_name().to_owned(),
            place: Place::of(&alert).words(),
            n: 0,
            first: alert.time,
            last: alert.time,
        });
        group.level = group.level.max(level);
        group.n += 1;
        group.first = [group.first, alert.time].into_iter().flatten().min();
        group.last = group.last.max(alert.time);
    }
    let mut groups: Vec<Waiting> = groups.into_values().collect();
    groups.sort_by_key(|group| {
        (std::cmp::Reverse(group.level), std::cmp::Reverse(group.last), group.rule.clone())
    });
    page.push_str("\n## Open and urgent\n\n");
    let n: u64 = groups.iter().map(|group| group.n).sum();
    let _ = writeln!(
        page,
        "{} in {} wait; {} muted.\n",
        plural(n, "alert", "alerts"),
        plural(groups.len() as u64, "group", "groups"),
        count(n_muted)
    );
    for group in groups.iter().take(MOST) {
        let time = |time: Option<Timestamp>| {
            time.map_or_else(|| "unknown".to_owned(), |time| format!("{time:.0}"))
        };
        let _ = writeln!(
            page,
            "- **{}** {} {} — {}, {} to {}",
            group.level.map_or("unknown", Level::name),
            code(&group.rule),
            code(&group.place),
            plural(group.n, "alert", "alerts"),
            time(group.first),
            time(group.last)
        );
    }
    if groups.len() > MOST {
        let _ = writeln!(
            page,
            "- and {}",
            plural((groups.len() - MOST) as u64, "more group", "more groups")
        );
    }
}
