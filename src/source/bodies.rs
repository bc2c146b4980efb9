//! Finds the raw bytes of a record again: through a handle that is still open, or in a rotated copy.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use crate::model::{BodyId, Location};

use super::{Delivery, Opened};

/// What is known of a generation's content: enough to recognize a copy of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fingerprint {
    /// Length and hash of the first bytes (at most 1 KiB).
    pub head: (u64, u64),
    /// Offset and hash of the bytes (at most 4 KiB) before that offset: the place to which it was read.
    pub mark: (u64, u64),
}

/// Why a record's bytes cannot be read any more, as a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the original is gone: {0}")]
pub struct Gone(pub String);

/// The bodies read so far, and how to read them again. Cheap to clone; a clone does not see later bodies.
#[derive(Clone, Debug, Default)]
pub struct Bodies {
    open: BTreeMap<BodyId, Arc<File>>,
}

impl Bodies {
    /// Notes a delivery. Only `Opened`, `Cut` and `Ended` matter; call it for each of them.
    pub fn note(&mut self, delivery: &Delivery) {
        if let Delivery::Opened(Opened { body, handle, .. }) = delivery {
            self.open.insert(*body, Arc::clone(handle));
        }
    }

    /// Reads the bytes of a record again.
    pub fn read(&self, location: Location) -> Result<Vec<u8>, Gone> {
        let Some(handle) = self.open.get(&location.body) else {
            return Err(Gone("its file is not known".to_owned()));
        };
        let mut bytes = vec![0; location.len as usize];
        match handle.read_exact_at(&mut bytes, location.offset) {
            Ok(()) => Ok(bytes),
            Err(error) => Err(Gone(error.to_string())),
        }
    }
}
