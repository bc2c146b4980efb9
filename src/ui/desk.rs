//! What people decided, as the screen needs it: which alerts each view holds, how many are put aside, what is muted.
//!
//! The [`Board`] knows decisions by stable keys; here they meet the alerts of this session. An alert is in the inbox until
//! somebody decided about it, about its group, or muted it; what is put aside is counted, never dropped.

mod looking;
mod marks;
mod mute;
mod view;
pub mod wish;

pub use looking::Looking;
pub use marks::Marks;
pub use mute::Mutes;
pub use view::{Class, View};

use crate::model::{AlertId, Level, Status, Verdict};
use crate::store::{CellId, Grouping, Part, Store, Tree};
use crate::triage::{AlertKeys, Board, Change, Key, Place, Scope, Standing};
use crate::ui::msg::Weight;
use crate::ui::times::ago;
use jiff::{SignedDuration, Timestamp};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::VecDeque;

/// Where decisions go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keeping {
    /// Into memory only: the demo, or no folder to keep them in.
    #[default]
    Memory,
    Disk,
}

/// What a key press did, so that it can be taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    Decided,
    Muted(Vec<String>),
    /// These suppressions were ended.
    Lifted(Vec<String>),
}

/// All about decisions that the screen keeps.
#[derive(Debug, Default)]
pub struct Desk {
    pub board: Board,
    pub mutes: Mutes,
    pub view: View,
    pub marks: Marks,
    pub keeping: Keeping,
    /// Who decides here.
    pub by: String,
    pub host: String,
    /// Decisions that wait for their alerts to be read, and what was asked for after them, in order.
    pub waiting: VecDeque<wish::Waiting>,
    /// Somebody wants to leave.
    pub is_leaving: bool,
    /// How many decisions were wished for.
    pub n_wishes: u64,
    pub last_verdict: Option<Verdict>,
    pub last_reason: String,
    pub last_mute: usize,
    pub done: Vec<Done>,
    pub taken_back: Vec<Done>,
    /// The banner about what keeps decisions from being saved.
    pub trouble: Option<String>,
    /// Up to when each source was looked at before this session.
    pub looked: Vec<(String, Timestamp)>,
    /// Up to where somebody looks in this session.
    pub looking: Looking,
    /// What was just closed as a false positive: its exception is a key away.
    pub offered: Option<wish::Target>,
    /// What the exceptions of groups come to, by the alert that stands for each.
    pub weights: FxHashMap<AlertId, Result<Weight, String>>,
    last_at: Option<Timestamp>,
    n_batches: u64,
    keys: Vec<Option<AlertKeys>>,
    alert_keys: FxHashMap<AlertId, Key>,
    /// By cell: whether somebody decided about it. As long as `keys` when nothing is stale.
    decided: Vec<bool>,
    classes: Vec<Class>,
    counts: [u64; 5],
    kept: Vec<AlertId>,
    part: Option<Part>,
    n_base: usize,
    made_for: Option<(View, Grouping, u64)>,
    is_stale: bool,
    /// Alerts whose place must be looked at again.
    restless: Vec<AlertId>,
    /// What somebody decided about since the view was made.
    touched: FxHashSet<Key>,
    /// Decisions have changed since a filter over them was asked.
    has_decided: bool,
    /// Alerts looked through for keys and mutes.
    pub n_recognized: usize,
    pub n_asked: usize,
    pub generation: u64,
}

impl Desk {
    /// The keys of a group.
    pub fn keys(&self, cell: CellId) -> Option<AlertKeys> {
        self.keys.get(cell.0 as usize).copied().flatten()
    }

    /// How one alert stands.
    pub fn standing(&self, store: &Store, id: AlertId) -> Option<Standing<'_>> {
        let keys = self.keys(store.cell_of(id)?)?;
        let keys = AlertKeys { alert: self.alert_keys.get(&id).copied(), ..keys };
        let time = store.nanos(id).and_then(|nanos| Timestamp::from_nanosecond(nanos.into()).ok());
        Some(self.board.standing(&keys, time))
    }

    /// The keys under which an alert of this session may have been decided about.
    pub fn keys_of(&self, store: &Store, id: AlertId) -> Option<AlertKeys> {
        let keys = self.keys(store.cell_of(id)?)?;
        Some(AlertKeys { alert: self.alert_keys.get(&id).copied(), ..keys })
    }

    /// Remembers the key of an alert.
    pub fn learn(&mut self, id: AlertId, key: Key) {
        if self.alert_keys.insert(id, key) != Some(key) {
            self.restless.push(id);
        }
    }

    /// Something about this alert was found out: it may belong elsewhere.
    pub fn look_at(&mut self, id: AlertId) {
        self.restless.push(id);
    }

    /// The keys of single alerts that somebody decided about and nobody found in this session yet.
    pub fn unknown_keys(&self) -> (FxHashSet<Key>, FxHashSet<String>) {
        let known: FxHashSet<Key> = self.alert_keys.values().copied().collect();
        let unknown: Vec<_> = self
            .board
            .entries()
            .filter(|(key, _, _)| key.scope == Scope::Alert && !known.contains(key))
            .collect();
        let rules = unknown.iter().map(|(_, _, last)| last.about.rule.clone()).collect();
        (unknown.into_iter().map(|(key, _, _)| key).collect(), rules)
    }

    /// A time for a decision: later than the one before, so that their order is never in doubt.
    pub fn stamp(&mut self, now: Timestamp) -> Timestamp {
        let next = self.last_at.and_then(|at| at.checked_add(SignedDuration::from_nanos(1)).ok());
        let at = next.map_or(now, |next| next.max(now));
        self.last_at = Some(at);
        at
    }

    /// A name for what one key press changes.
    pub fn batch(&mut self, at: Timestamp) -> String {
        self.n_batches += 1;
        format!("{}-{at}-{}", self.host, self.n_batches)
    }

    /// Mutes have changed: every alert may belong elsewhere.
    pub fn unsettle(&mut self) {
        self.is_stale = true;
        self.has_decided = true;
    }

    /// Somebody decided about these: only their alerts may belong elsewhere.
    pub fn touch(&mut self, keys: impl IntoIterator<Item = Key>) {
        self.touched.extend(keys);
        self.has_decided = true;
    }

    /// Whether decisions have changed since the last call.
    pub fn take_decided(&mut self) -> bool {
        std::mem::take(&mut self.has_decided)
    }

    /// How many alerts each class holds, in the order of [`Class`].
    pub fn count(&self, class: Class) -> u64 {
        self.counts.get(class as usize).copied().unwrap_or(0)
    }

    /// Alerts that are not in the inbox.
    pub fn n_aside(&self) -> u64 {
        self.counts.iter().skip(1).sum()
    }

    /// The class of an alert.
    pub fn class(&self, id: AlertId) -> Class {
        self.classes.get(id.0 as usize).copied().unwrap_or(Class::Inbox)
    }

    /// The groups and alerts of the view; `None` where it holds everything.
    pub fn left(&self) -> Option<(&Tree, &[AlertId])> {
        self.part.as_ref().map(|part| (part.tree(), self.kept.as_slice()))
    }

    /// Notes what the assessment of an alert came to; `alerts` is 0 where that alert was counted as assessed before.
    pub fn assess(&mut self, store: &Store, id: AlertId, level: Level, alerts: u32) {
        if let (Some(part), Some(cell)) = (&mut self.part, store.cell_of(id))
            && self.kept.binary_search(&id).is_ok()
        {
            part.assess(cell, level, alerts);
        }
    }

    /// Brings the view up to date with alerts and decisions. `base` is what the filter leaves and its generation.
    /// Says whether the view holds other alerts than before, besides new ones.
    pub fn refresh(
        &mut self,
        store: &Store,
        base: Option<(&Tree, &[AlertId])>,
        generation: u64,
        now: Timestamp,
    ) -> bool {
        self.learn_cells(store);
        let lapsed = self.mutes.turn(now);
        let stale = std::mem::take(&mut self.is_stale) || lapsed;
        let (had, had_aside) = (self.classes.len(), self.n_aside() > 0);
        let moves = self.classify(store, now, stale);
        let moved = !moves.is_empty();
        let tree = base.map_or(store.tree(), |(tree, _)| tree);
        let wanted = Some((self.view, tree.grouping(), generation));
        if self.view == View::All || (self.view == View::Inbox && self.n_aside() == 0) {
            let had = self.part.take().is_some();
            self.kept = Vec::new();
            self.made_for = wanted;
            return had || stale || moved;
        }
        let begins = base.is_none() && self.part.is_none() && self.view == View::Inbox;
        if begins && !stale && !had_aside && had == store.len() && self.made_for == wanted {
            // Until now nothing was put aside: the view held everything.
            self.part = Some(store.whole());
            self.kept = (0..u32::try_from(had).unwrap_or(u32::MAX)).map(AlertId).collect();
            self.n_base = had;
        }
        // What was not looked through yet is not in the view yet.
        let n_known = self.classes.len();
        let n_base =
            base.map_or(n_known, |(_, ids)| ids.partition_point(|id| (id.0 as usize) < n_known));
        let afresh = stale
            || (moved && base.is_some())
            || self.part.is_none()
            || self.made_for != wanted
            || n_base < self.n_base;
        if moved && !afresh {
            self.move_all(store, moves);
        }
        if !afresh && n_base == self.n_base {
            return moved;
        }
        if afresh {
            self.part = Some(Part::default());
            self.kept.clear();
            self.n_base = 0;
        }
        let view = self.view;
        let holds = |id: &AlertId| {
            view.holds(self.classes.get(id.0 as usize).copied().unwrap_or(Class::Inbox))
        };
        let more: Vec<AlertId> = match base {
            Some((_, ids)) => {
                let ids = ids.iter().take(n_base).skip(self.n_base);
                ids.copied().filter(holds).collect()
            }
            None => (self.n_base..n_base)
                .filter_map(|at| u32::try_from(at).ok())
                .map(AlertId)
                .filter(holds)
                .collect(),
        };
        self.kept.extend_from_slice(&more);
        if let Some(part) = &mut self.part {
            store.extend(part, tree, more);
        }
        self.n_base = n_base;
        self.made_for = wanted;
        afresh || moved
    }

    /// Takes alerts that have another class now into the view or out of it; costs little more than there are in their groups.
    fn move_all(&mut self, store: &Store, mut moves: Vec<AlertId>) {
        moves.retain(|id| (id.0 as usize) < self.n_base);
        moves.sort_unstable();
        moves.dedup();
        let (view, classes, n_base) = (self.view, &self.classes, self.n_base);
        let holds = |id: AlertId| {
            let class = classes.get(id.0 as usize).filter(|_| (id.0 as usize) < n_base);
            class.is_some_and(|class| view.holds(*class))
        };
        self.kept.retain(|id| holds(*id));
        let came: Vec<AlertId> = moves.iter().copied().filter(|id| holds(*id)).collect();
        if !came.is_empty() {
            self.kept.extend(&came);
            // Two runs in order: the stable sort merges them.
            self.kept.sort();
            self.kept.dedup();
        }
        let mut cells: Vec<CellId> = moves.iter().filter_map(|id| store.cell_of(*id)).collect();
        cells.sort_unstable();
        cells.dedup();
        if let Some(part) = &mut self.part {
            store.recount(part, &cells, holds);
        }
    }

    fn learn_cells(&mut self, store: &Store) {
        let names = store.names();
        for cell in names.cells().iter().skip(self.keys.len()) {
            let keys = cell.place.map(|place| {
                let container = names.container(&place);
                let place = Place {
                    container_id: container.id,
                    container_name: container.name,
                    image: container.image,
                    namespace: names.text(place.namespace),
                    pod: names.text(place.pod),
                    hostname: names.text(place.hostname),
                };
                AlertKeys::of_group(names.text(cell.rule).unwrap_or(NO_RULE), &place)
            });
            self.keys.push(keys);
        }
    }

    /// Gives each alert its class: those that came, those that something was decided or found out about, or all of them
    /// `afresh`. Gives those that had a class and have another one now.
    fn classify(&mut self, store: &Store, now: Timestamp, afresh: bool) -> Vec<AlertId> {
        let had = self.classes.len();
        let mut restless = std::mem::take(&mut self.restless);
        let touched = std::mem::take(&mut self.touched);
        if self.board.is_empty() && self.mutes.is_empty() {
            let aside =
                self.classes.iter().enumerate().filter(|(_, class)| **class != Class::Inbox);
            let had_aside = self.n_aside() > 0;
            let aside = aside.take(if had_aside { usize::MAX } else { 0 });
            let moved = aside.filter_map(|(at, _)| u32::try_from(at).ok()).map(AlertId).collect();
            self.decided.clear();
            if had_aside {
                self.classes.clear();
            }
            self.classes.resize(store.len(), Class::Inbox);
            self.counts = [store.len() as u64, 0, 0, 0, 0];
            self.mutes.recount();
            return moved;
        }
        // Where single alerts are put aside nothing is shown before it was looked through: no row comes only to go.
        let needs_look = !self.mutes.is_empty() || self.board.has_alerts();
        let end = if needs_look { self.n_recognized.max(had) } else { store.len() };
        if afresh {
            self.classes.clear();
            self.decided.clear();
            self.counts = [0; 5];
            self.mutes.recount();
        }
        let mut decided = std::mem::take(&mut self.decided);
        let knows = |keys: &AlertKeys| keys.iter().any(|key| self.board.knows(key));
        let new = self.keys.iter().skip(decided.len());
        decided.extend(new.map(|keys| keys.as_ref().is_some_and(knows)));
        if !afresh && !touched.is_empty() {
            self.touched_alerts(store, &touched, &mut decided, &mut restless);
        }
        for at in self.classes.len()..end.min(store.len()) {
            let id = AlertId(u32::try_from(at).unwrap_or(u32::MAX));
            let class = self.class_of(store, id, &decided, now);
            self.classes.push(class);
            self.count_in(class, 1);
        }
        let mut moved = Vec::new();
        for id in restless {
            let Some(old) = self.classes.get(id.0 as usize).copied().filter(|_| !afresh) else {
                continue;
            };
            let class = self.class_of(store, id, &decided, now);
            if old != class {
                moved.push(id);
                self.count_in(old, -1);
                self.count_in(class, 1);
                if let Some(place) = self.classes.get_mut(id.0 as usize) {
                    *place = class;
                }
            }
        }
        self.decided = decided;
        moved
    }

    /// The alerts of all that was decided about: whole groups, and single alerts by their own keys.
    fn touched_alerts(
        &self,
        store: &Store,
        touched: &FxHashSet<Key>,
        decided: &mut [bool],
        alerts: &mut Vec<AlertId>,
    ) {
        for (at, (keys, is_decided)) in self.keys.iter().zip(decided).enumerate() {
            let is_touched =
                keys.as_ref().is_some_and(|keys| keys.iter().any(|key| touched.contains(&key)));
            let Some(cell) = u32::try_from(at).ok().filter(|_| is_touched).map(CellId) else {
                continue;
            };
            *is_decided = true;
            let mut next = store.newest_in(cell);
            while let Some(id) = next {
                alerts.push(id);
                next = store.previous(id);
            }
        }
        let alone = self.alert_keys.iter().filter(|(_, key)| touched.contains(key));
        alerts.extend(alone.map(|(id, _)| *id));
    }

    fn class_of(&mut self, store: &Store, id: AlertId, decided: &[bool], now: Timestamp) -> Class {
        let cell = store.cell_of(id).unwrap_or_default();
        let is_decided = decided.get(cell.0 as usize).copied().unwrap_or(false)
            || self.alert_keys.contains_key(&id);
        let standing = if is_decided { self.standing(store, id) } else { None };
        match standing.map_or(Status::Open, |standing| standing.status()) {
            Status::Open if self.mutes.hides(store, id, now) => Class::Muted,
            status => {
                self.mutes.release(id);
                Class::of(status)
            }
        }
    }

    fn count_in(&mut self, class: Class, change: i64) {
        if let Some(count) = self.counts.get_mut(class as usize) {
            *count = count.saturating_add_signed(change);
        }
    }
}

/// Stands in for a rule name, as in [`crate::model::Alert::rule_name`].
const NO_RULE: &str = "(no rule name)";

/// A decision in a few words, with who made it, when, and how many came since: `closed as benign by ana 3 days ago, 12 new
/// since, noted`…
pub fn words(standing: &Standing<'_>, n_newer: u32, now: Timestamp) -> String {
    let by = |change: &Change| format!(" by {} {}", change.by, ago(change.at, now));
    let mut parts = Vec::new();
    if let Some(change) = standing.decided {
        let words = match (standing.decided_status(), standing.verdict()) {
            (Status::Closed, Some(verdict)) => format!("closed as {}", verdict.words()),
            (status, _) => status.name().to_owned(),
        };
        let at = standing.closed_at.unwrap_or(change.at);
        parts.push(words + &by(&Change { at, ..change.clone() }));
        parts.extend((n_newer > 0).then(|| format!("{n_newer} new since")));
    }
    parts.extend(standing.assignee().map(|name| format!("assigned to {name}")));
    if !standing.tags().is_empty() {
        parts.push(format!("tagged {}", standing.tags().join(" ")));
    }
    parts.extend(standing.note().map(|_| "noted".to_owned()));
    match standing.last {
        // What nobody gave a status was assigned, tagged or noted by somebody all the same.
        Some(last) if standing.decided.is_none() && !parts.is_empty() => {
            parts.join(", ") + &by(last)
        }
        _ => parts.join(", "),
    }
}
