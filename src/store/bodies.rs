//! The files and spools that records lie in, held open so that a rotated or deleted log can still be read.

use crate::model::{BodyId, Location, SourceId};
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

/// One stream of bytes that stays readable.
#[derive(Clone, Debug)]
pub struct Body {
    pub source: SourceId,
    /// The name people know it by: a path, `-`…
    pub name: Arc<str>,
    pub handle: Arc<File>,
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

    /// Reads the bytes of one record. Fails when they are gone: a log truncated in place takes its records with it.
    pub fn read(&self, location: Location) -> io::Result<Vec<u8>> {
        let body =
            self.get(location.body).ok_or_else(|| io::Error::other("its source is not open"))?;
        let mut bytes = vec![0; location.len as usize];
        body.handle.read_exact_at(&mut bytes, location.offset)?;
        Ok(bytes)
    }
}
