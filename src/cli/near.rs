//! The neighbors of alerts, for `cadge explain`: found by walking outwards in their own container, each record read once.

use super::session::Session;
use crate::model::{Alert, AlertId};
use rustc_hash::FxHashMap;
use std::collections::VecDeque;
use std::rc::Rc;

/// How many neighbors of the same container are looked at before and after, and how many of the same host.
const INSIDE: usize = 16;
const BESIDE: usize = 4;
/// How far a neighbor may lie, in nanoseconds.
const WITHIN: u64 = 10 * 60 * 1_000_000_000;
/// How many decoded alerts are kept.
const KEPT: usize = 1024;

/// Where each alert stands among those of its container, and the alerts that were read last.
pub struct Near<'a> {
    session: &'a Session,
    pub order: &'a [AlertId],
    /// The places of a container's alerts, in order.
    containers: FxHashMap<Key<'a>, Vec<usize>>,
    read: FxHashMap<AlertId, Rc<Alert>>,
    oldest: VecDeque<AlertId>,
}

/// A container by its host and its id, or its name where it has no id.
type Key<'a> = (Option<&'a str>, &'a str);

impl<'a> Near<'a> {
    /// Goes through all alerts once.
    pub fn new(session: &'a Session, order: &'a [AlertId]) -> Self {
        let mut containers: FxHashMap<Key<'a>, Vec<usize>> = FxHashMap::default();
        for (place, id) in order.iter().enumerate() {
            if let Some(key) = key(session, *id) {
                containers.entry(key).or_default().push(place);
            }
        }
        Self { session, order, containers, read: FxHashMap::default(), oldest: VecDeque::new() }
    }

    /// The places of the neighbors of an alert, in order.
    pub fn places(&self, place: usize) -> Vec<usize> {
        let mut found = Vec::new();
        let Some(id) = self.order.get(place) else { return found };
        if let Some(places) = key(self.session, *id).and_then(|key| self.containers.get(&key)) {
            let at = places.partition_point(|other| *other < place);
            let before = places.iter().take(at).rev().take(INSIDE);
            let after = places.iter().skip(at + 1).take(INSIDE);
            found.extend(before.chain(after).copied().filter(|other| self.is_near(place, *other)));
        }
        let host = |place: usize| {
            let row = self.session.store.row(*self.order.get(place)?)?;
            row.hostname.map(str::to_owned)
        };
        let own = host(place);
        let before = (0..place).rev().take(BESIDE);
        let after = (place + 1..self.order.len()).take(BESIDE);
        for other in before.chain(after) {
            let is_beside = own.is_some() && host(other) == own && self.is_near(place, other);
            if is_beside && !found.contains(&other) {
                found.push(other);
            }
        }
        found.sort_unstable();
        found
    }

    /// An alert, decoded once as long as it is near.
    pub fn alert(&mut self, id: AlertId) -> Option<Rc<Alert>> {
        if let Some(alert) = self.read.get(&id) {
            return Some(Rc::clone(alert));
        }
        let alert = Rc::new(self.session.alert(id).ok()?.1);
        self.read.insert(id, Rc::clone(&alert));
        self.oldest.push_back(id);
        if self.oldest.len() > KEPT
            && let Some(oldest) = self.oldest.pop_front()
        {
            self.read.remove(&oldest);
        }
        Some(alert)
    }

    fn is_near(&self, a: usize, b: usize) -> bool {
        let nanos = |place: usize| self.session.store.nanos(*self.order.get(place)?);
        match (nanos(a), nanos(b)) {
            (Some(a), Some(b)) => a.abs_diff(b) <= WITHIN,
            _ => false,
        }
    }
}

fn key(session: &Session, id: AlertId) -> Option<Key<'_>> {
    let row = session.store.row(id)?;
    let name = match row.container.id.filter(|id| !id.is_empty()) {
        Some("host") => return None,
        // 12 and 64 digits are the same container.
        Some(id) => id.get(..12).unwrap_or(id),
        None => row.container.name.filter(|name| !name.is_empty() && *name != "host")?,
    };
    Some((row.hostname, name))
}
