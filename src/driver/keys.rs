//! The terminal's keys as a stream that can rest while another program has the terminal.

use crossterm::event::{Event, EventStream};
use futures_util::{Stream, StreamExt};
use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

/// A handle on the keys; clones are the same stream.
#[derive(Clone)]
pub(super) struct Keys(Rc<RefCell<Option<EventStream>>>);

impl Default for Keys {
    fn default() -> Self {
        Self(Rc::new(RefCell::new(Some(EventStream::new()))))
    }
}

impl Keys {
    /// Stops to wait for keys: they belong to another program until [`Keys::wake`].
    pub(super) fn rest(&self) {
        self.0.take();
    }

    /// Waits for keys again.
    pub(super) fn wake(&self) {
        self.0.replace(Some(EventStream::new()));
    }
}

impl Stream for Keys {
    type Item = io::Result<Event>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match self.0.borrow_mut().as_mut() {
            Some(stream) => stream.poll_next_unpin(context),
            // Nobody polls while another program has the terminal.
            None => Poll::Pending,
        }
    }
}
