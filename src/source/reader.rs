//! Starts the threads that read the sources.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::SendError;
use std::thread;

use crate::model::{BodyId, SourceId};

use super::{Delivery, Opened, Options, Outlet, Spec};

/// Keeps the sources running; dropping it stops them.
#[derive(Debug)]
pub struct Handle {}

/// Reads all sources at once, fairly, and delivers what they say. The place of a spec in the list is its
/// [`SourceId`].
pub fn spawn(specs: Vec<Spec>, options: Options, out: Outlet) -> Handle {
    thread::spawn(move || {
        for (place, spec) in specs.iter().enumerate() {
            let source = SourceId(u16::try_from(place).unwrap_or(u16::MAX));
            let body = BodyId(u32::try_from(place).unwrap_or(u32::MAX));
            let Spec::File(path) = spec else { continue };
            let error = match read_once(path, source, body, &options, &out) {
                Ok(error) => error,
                Err(_) => return,
            };
            if out.send(Delivery::Done { source, error }).is_err() {
                return;
            }
        }
    });
    Handle {}
}

fn read_once(
    path: &Path,
    source: SourceId,
    body: BodyId,
    options: &Options,
    out: &Outlet,
) -> Result<Option<String>, SendError<Delivery>> {
    let handle = match File::open(path) {
        Ok(file) => Arc::new(file),
        Err(error) => return Ok(Some(format!("cannot read {}: {error}", path.display()))),
    };
    out.send(Delivery::Opened(Opened {
        source,
        body,
        name: path.to_string_lossy().into(),
        handle: Arc::clone(&handle),
        path: Some(path.to_owned()),
        live: options.follow,
    }))?;
    let size = handle.metadata().map_or(0, |metadata| metadata.len());
    let mut offset = 0;
    if size >= options.backlog_from {
        out.send(Delivery::Backlog { body, from: 0, to: size })?;
        offset = size;
    }
    loop {
        let mut bytes = vec![0; 1 << 18];
        let n_read = match handle.read_at(&mut bytes, offset) {
            Ok(0) => break,
            Ok(n_read) => n_read,
            Err(error) => return Ok(Some(format!("cannot read {}: {error}", path.display()))),
        };
        bytes.truncate(n_read);
        out.send(Delivery::Bytes { body, offset, bytes })?;
        offset += n_read as u64;
    }
    out.send(Delivery::Ended { body, fingerprint: None })?;
    Ok(None)
}
