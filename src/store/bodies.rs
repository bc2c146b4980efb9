//! What the bodies that records lie in are called. Reading them again is `source`'s business.

use crate::model::{BodyId, SourceId};
use std::collections::BTreeMap;
use std::sync::Arc;

/// One stream of bytes: a generation of a log file, a pipe, an unpacked archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    pub source: SourceId,
    /// The name people know it by: a path, `-`…
    pub name: Arc<str>,
}

/// All bodies of a session.
#[derive(Clone, Debug, Default)]
pub struct Bodies(BTreeMap<BodyId, Body>);

impl Bodies {
    pub fn insert(&mut self, id: BodyId, body: Body) {
        self.0.insert(id, body);
    }

    pub fn get(&self, id: BodyId) -> Option<&Body> {
        self.0.get(&id)
    }

    /// Bodies in the order they were opened.
    pub fn iter(&self) -> impl Iterator<Item = (BodyId, &Body)> {
        self.0.iter().map(|(id, body)| (*id, body))
    }
}
