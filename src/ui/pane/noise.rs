//! Which rules and groups make the most noise, and what an exception for a false positive would spare and hide.

use crate::model::{AlertId, Status, Verdict};
use crate::store::{CellId, Store};
use crate::text::{count, plural, printable, shown};
use crate::theme::Role;
use crate::triage::Place;
use crate::ui::desk::Desk;
use crate::ui::msg::Weight;
use crate::ui::paint::Line;
use crate::ui::settings::Settings;
use crate::ui::widget::prose::Prose;
use rustc_hash::FxHashSet;
use std::collections::BTreeMap;

/// Rules listed.
const RULES: usize = 40;
/// Groups listed under a rule, and those whose exceptions are weighed.
const PLACES: usize = 4;
const WEIGHED: usize = 40;

#[derive(Debug, Default)]
struct Noise {
    n: u64,
    n_closed: u64,
    n_false: u64,
    groups: BTreeMap<CellId, Group>,
}

/// Alerts of a rule in one place, of which somebody closed some as false positives.
#[derive(Clone, Copy, Debug, Default)]
struct Group {
    n: u64,
    n_false: u64,
    /// The newest false positive.
    newest: AlertId,
}

fn survey(store: &Store, desk: &Desk) -> BTreeMap<String, Noise> {
    let mut rules: BTreeMap<String, Noise> = BTreeMap::new();
    for at in 0..store.len() {
        let id = AlertId(u32::try_from(at).unwrap_or(u32::MAX));
        let Some(row) = store.row(id) else { continue };
        let (is_closed, is_false) = closed(store, desk, id);
        let noise = match rules.get_mut(row.rule_name()) {
            Some(noise) => noise,
            None => rules.entry(row.rule_name().to_owned()).or_default(),
        };
        noise.n += 1;
        noise.n_closed += u64::from(is_closed);
        noise.n_false += u64::from(is_false);
        let group = noise.groups.entry(row.cell).or_default();
        group.n += 1;
        if is_false {
            group.n_false += 1;
            group.newest = id;
        }
    }
    rules
}

/// Whether an alert was closed, and whether as a false positive; what was stays so when it comes back.
fn closed(store: &Store, desk: &Desk, id: AlertId) -> (bool, bool) {
    desk.standing(store, id).map_or((false, false), |standing| {
        let is_closed = standing.decided_status() == Status::Closed;
        (is_closed, is_closed && standing.verdict() == Some(Verdict::FalsePositive))
    })
}

fn is_false(store: &Store, desk: &Desk, id: AlertId) -> bool {
    closed(store, desk, id).1
}

/// The newest false positive of each group that has some, those with most first, and all false positives.
pub fn false_groups(store: &Store, desk: &Desk) -> (Vec<AlertId>, FxHashSet<AlertId>) {
    let ids = (0..store.len()).filter_map(|at| u32::try_from(at).ok()).map(AlertId);
    let all = ids.filter(|id| is_false(store, desk, *id)).collect();
    let rules = survey(store, desk);
    let mut groups: Vec<Group> =
        rules.into_values().flat_map(|noise| noise.groups.into_values()).collect();
    groups.retain(|group| group.n_false > 0);
    groups.sort_by_key(|group| (std::cmp::Reverse(group.n_false), group.newest));
    (groups.into_iter().take(WEIGHED).map(|group| group.newest).collect(), all)
}

/// Writes the page.
pub fn lines(store: &Store, desk: &Desk, settings: &Settings, width: u16) -> Vec<Line> {
    let mut prose = Prose::new(width);
    let rules = survey(store, desk);
    let all: u64 = rules.values().map(|noise| noise.n).sum();
    let mut sorted: Vec<(&String, &Noise)> = rules.iter().collect();
    sorted.sort_by_key(|(name, noise)| (std::cmp::Reverse((noise.n_false, noise.n)), *name));
    prose.text(
        Role::Muted,
        1,
        "Most false positives first, then most alerts. Under a rule stand the groups that were closed as false positives, \
         with what the exception for each would spare, and what it would hide besides.",
    );
    prose.gap();
    for (name, noise) in sorted.into_iter().take(RULES) {
        let most = usize::try_from(noise.n * 10 / all.max(1)).unwrap_or(0).max(1);
        let bar = settings.signs.bar(1, 1).repeat(most);
        let share = noise.n_false * 100 / noise.n.max(1);
        // Nobody has said yet what these are.
        let says = match noise.n_closed {
            0 => "none closed ".to_owned(),
            _ => format!("{share} % false "),
        };
        prose.push(
            Line::of(Role::Text, format!(" {:>9}  ", count(noise.n)))
                .and(Role::Sparkline, format!("{bar:<10}  "))
                .and(Role::Strong, shown(name, 56))
                .right(if share > 0 { Role::FactDown } else { Role::Muted }, says),
        );
        let mut groups: Vec<_> = noise.groups.values().filter(|own| own.n_false > 0).collect();
        groups.sort_by_key(|own| (std::cmp::Reverse(own.n_false), own.newest));
        for group in groups.iter().take(PLACES) {
            let place =
                store.row(group.newest).map(|row| Place::of_columns(&row.columns()).words());
            let place = shown(&place.unwrap_or_default(), 50);
            let of = format!("{place}: {} of {} false", count(group.n_false), count(group.n));
            let (role, says) = weight(desk.weights.get(&group.newest));
            prose.text(role, 14, &format!("{of}; {says}"));
        }
        if groups.len() > PLACES {
            let more = plural((groups.len() - PLACES) as u64, "more group", "more groups");
            prose.text(Role::Muted, 14, &format!("and {more}"));
        }
    }
    prose.lines
}

/// What an exception comes to, in words.
fn weight(weight: Option<&Result<Weight, String>>) -> (Role, String) {
    match weight {
        None => (Role::Muted, "looking for its exception…".to_owned()),
        Some(Err(why)) => (Role::StateWarn, format!("no exception: {}", printable(why))),
        Some(Ok(weight)) => {
            let mut says = format!("its exception spares {}, ", count(weight.n_false));
            match weight.n_others {
                0 => says.push_str("hides nothing else"),
                n => {
                    let others = plural(n, "other alert", "other alerts");
                    says += &format!("would hide {others} besides");
                }
            }
            if weight.n_left_out > 0 {
                says += &format!("; {} older were not looked at", count(weight.n_left_out));
            }
            (if weight.n_others > 0 { Role::StateWarn } else { Role::Muted }, says)
        }
    }
}
