//! Tells the story at its own pace, as a source.

use super::Story;
use crate::clock;
use crate::model::{BodyId, SourceId};
use crate::source::{Delivery, Opened, Outlet, SourceState};
use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};

/// What the source is called on the screen.
const NAME: &str = "demo";

/// Delivers the story until `stop` is dropped or nobody listens; blocks, so it wants a thread of its own.
///
/// # Errors
/// When there is no memory to keep the lines in.
pub fn feed(outlet: &Outlet, stop: &Receiver<()>) -> io::Result<()> {
    let (source, body) = (SourceId(0), BodyId(0));
    let mut spool = spool()?;
    let opened = Opened {
        source,
        body,
        name: NAME.into(),
        handle: Arc::new(spool.try_clone()?),
        path: None,
        live: true,
    };
    let start = clock::now();
    if outlet.send(Delivery::Opened(opened)).is_err() {
        return Ok(());
    }
    let mut offset = 0;
    let mut deliver = |bytes: Vec<u8>| -> io::Result<bool> {
        spool.write_all(&bytes)?;
        let length = bytes.len() as u64;
        let went = outlet.send(Delivery::Bytes { body, offset, bytes }).is_ok();
        offset += length;
        Ok(went)
    };
    let mut past = Vec::new();
    for line in Story::new(start) {
        if line.at <= start {
            past.extend(line.bytes);
            continue;
        }
        if !past.is_empty() {
            // What follows the state is new; the past hour is not.
            let went = deliver(std::mem::take(&mut past))?;
            let following = Delivery::State { source, state: SourceState::Following, at: start };
            if !went || outlet.send(following).is_err() {
                return Ok(());
            }
        }
        let wait = line.at.duration_since(clock::now());
        let wait = std::time::Duration::try_from(wait).unwrap_or_default();
        match stop.recv_timeout(wait) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(()) | Err(RecvTimeoutError::Disconnected) => return Ok(()),
        }
        if !deliver(line.bytes)? {
            return Ok(());
        }
    }
    Ok(())
}

/// Memory that can be read as a file, so that the demo leaves nothing behind.
#[cfg(target_os = "linux")]
fn spool() -> io::Result<File> {
    let flags = rustix::fs::MemfdFlags::CLOEXEC;
    Ok(File::from(rustix::fs::memfd_create("cadge-demo", flags)?))
}

/// A file that has no name any more.
#[cfg(not(target_os = "linux"))]
fn spool() -> io::Result<File> {
    let path = std::env::temp_dir().join(format!("cadge-demo-{}", std::process::id()));
    let file = File::options().read(true).write(true).create_new(true).open(&path)?;
    std::fs::remove_file(&path)?;
    Ok(file)
}
