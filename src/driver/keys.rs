//! The terminal's keys as a stream that can rest while another program has the terminal.
//!
//! The stream below is asked only when it has called. To ask it in vain is dear: its own thread holds the lock while it
//! waits for keys, and trying that lock gives the processor away several times, each time for as long as whoever is busy
//! likes to keep it. While a log was read on all cores, that took most of the console's time.

use crossterm::event::{Event, EventStream};
use futures_util::task::AtomicWaker;
use futures_util::{Stream, StreamExt};
use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// A handle on the keys; clones are the same stream.
#[derive(Clone)]
pub(super) struct Keys(Rc<RefCell<Option<Ring<EventStream>>>>);

impl Default for Keys {
    fn default() -> Self {
        Self(Rc::new(RefCell::new(Some(Ring::new(EventStream::new())))))
    }
}

impl Keys {
    /// Stops to wait for keys: they belong to another program until [`Keys::wake`].
    pub(super) fn rest(&self) {
        self.0.take();
    }

    /// Waits for keys again.
    pub(super) fn wake(&self) {
        self.0.replace(Some(Ring::new(EventStream::new())));
    }
}

/// A stream that is asked only after it has called.
struct Ring<S> {
    stream: S,
    bell: Arc<Bell>,
    waker: Waker,
}

/// What a stream calls with.
#[derive(Default)]
struct Bell {
    rang: AtomicBool,
    sleeper: AtomicWaker,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.rang.store(true, Ordering::Release);
        self.sleeper.wake();
    }
}

impl<S> Ring<S> {
    /// The first question is asked unbidden.
    fn new(stream: S) -> Self {
        let bell = Arc::new(Bell { rang: AtomicBool::new(true), ..Bell::default() });
        Self { stream, waker: Waker::from(Arc::clone(&bell)), bell }
    }
}

impl<S: Stream + Unpin> Ring<S> {
    fn poll(&mut self, context: &Context<'_>) -> Poll<Option<S::Item>> {
        // In this order a call between the two is not missed.
        self.bell.sleeper.register(context.waker());
        if !self.bell.rang.swap(false, Ordering::AcqRel) {
            return Poll::Pending;
        }
        let answer = self.stream.poll_next_unpin(&mut Context::from_waker(&self.waker));
        if answer.is_ready() {
            // There may be more.
            self.bell.rang.store(true, Ordering::Release);
        }
        answer
    }
}

impl Stream for Keys {
    type Item = io::Result<Event>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match self.0.borrow_mut().as_mut() {
            Some(ring) => ring.poll(context),
            // Nobody polls while another program has the terminal.
            None => Poll::Pending,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::task::noop_waker;
    use std::collections::VecDeque;

    /// Says what was put into it, and counts how often it was asked.
    #[derive(Default)]
    struct Told {
        answers: VecDeque<u8>,
        waker: Option<Waker>,
        asked: usize,
    }

    impl Stream for Told {
        type Item = u8;

        fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<u8>> {
            self.asked += 1;
            self.waker = Some(context.waker().clone());
            self.answers.pop_front().map_or(Poll::Pending, |answer| Poll::Ready(Some(answer)))
        }
    }

    #[test]
    fn a_stream_that_has_not_called_is_not_asked() {
        let mut ring = Ring::new(Told::default());
        let waker = noop_waker();
        let context = Context::from_waker(&waker);
        assert_eq!([ring.poll(&context), ring.poll(&context)], [Poll::Pending; 2]);
        assert_eq!(ring.stream.asked, 1);
        ring.stream.answers.extend([1, 2]);
        assert_eq!(ring.poll(&context), Poll::Pending, "it has not called");
        ring.stream.waker.take().expect("it was asked").wake();
        let answers = [ring.poll(&context), ring.poll(&context), ring.poll(&context)];
        assert_eq!(answers, [Poll::Ready(Some(1)), Poll::Ready(Some(2)), Poll::Pending]);
        assert_eq!(ring.poll(&context), Poll::Pending);
        assert_eq!(ring.stream.asked, 4);
    }
}
