//! The way out: numbers the bodies and stamps the states of all sources of one run.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::clock;
use crate::model::{BodyId, SourceId};

use super::{Delivery, Opened, Outlet, SourceState};

/// The receiver is gone; whoever meets this stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stopped;

/// Sends deliveries for all sources of one run; waits while the receiver is busy.
#[derive(Clone, Debug)]
pub(super) struct Out {
    outlet: Outlet,
    next_body: Arc<AtomicU32>,
}

/// Who speaks: the source, what the body is called, and its path where it has one.
#[derive(Clone, Debug)]
pub(super) struct Speaker {
    pub source: SourceId,
    pub name: Arc<str>,
    pub path: Option<Arc<Path>>,
}

impl Out {
    pub fn new(outlet: Outlet) -> Self {
        Self { outlet, next_body: Arc::default() }
    }

    pub fn send(&self, delivery: Delivery) -> Result<(), Stopped> {
        self.outlet.send(delivery).map_err(|_| Stopped)
    }

    pub fn open(
        &self,
        speaker: &Speaker,
        handle: &Arc<File>,
        live: bool,
    ) -> Result<BodyId, Stopped> {
        let body = BodyId(self.next_body.fetch_add(1, Ordering::Relaxed));
        self.send(Delivery::Opened(Opened {
            source: speaker.source,
            body,
            name: Arc::clone(&speaker.name),
            handle: Arc::clone(handle),
            path: speaker.path.as_deref().map(Path::to_owned),
            live,
        }))?;
        Ok(body)
    }

    pub fn state(&self, source: SourceId, state: SourceState) -> Result<(), Stopped> {
        self.send(Delivery::State { source, state, at: clock::now() })
    }
}
