//! The neighbors of alerts for the commands without a screen: the same ones that the console takes, each record read once.

use super::session::Session;
use crate::model::{Alert, AlertId};
use crate::store::{Places, Snapshot};
use rustc_hash::FxHashMap;
use std::collections::VecDeque;
use std::rc::Rc;

/// How many decoded alerts are kept.
const KEPT: usize = 1024;

/// Where each alert stands among those of its container, and the alerts that were read last.
pub struct Near<'a> {
    session: &'a Session,
    pub order: &'a [AlertId],
    snapshot: Snapshot,
    places: Places,
    read: FxHashMap<AlertId, Rc<Alert>>,
    oldest: VecDeque<AlertId>,
}

impl<'a> Near<'a> {
    /// Goes through all alerts once.
    pub fn new(session: &'a Session, order: &'a [AlertId]) -> Self {
        let (snapshot, mut places) = (session.store.snapshot(), Places::default());
        places.learn(&snapshot);
        let (read, oldest) = (FxHashMap::default(), VecDeque::new());
        Self { session, order, snapshot, places, read, oldest }
    }

    /// The neighbors of an alert as far as they can be read again, in order.
    pub fn neighbors(&mut self, id: AlertId) -> Vec<(AlertId, Rc<Alert>)> {
        let near = self.snapshot.near_with(id, &self.places);
        near.into_iter().filter_map(|id| Some((id, self.alert(id)?))).collect()
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
}
