//! Signals that ask us to end, noticed between two turns of a loop.

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What came since [`listen`].
pub struct Signals(Arc<AtomicUsize>);

/// Listens for SIGINT, SIGTERM and SIGHUP from now on.
pub fn listen() -> io::Result<Signals> {
    let number = Arc::new(AtomicUsize::new(0));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        let value = usize::try_from(signal).unwrap_or(0);
        signal_hook::flag::register_usize(signal, Arc::clone(&number), value)?;
    }
    Ok(Signals(number))
}

impl Signals {
    /// The number of the signal that came last, if one came.
    pub fn signal(&self) -> Option<u8> {
        u8::try_from(self.0.load(Ordering::Relaxed)).ok().filter(|signal| *signal > 0)
    }
}
