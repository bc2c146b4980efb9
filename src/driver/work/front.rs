//! Who goes first: while a filter or a search that a person waits for looks through all alerts, and for a moment after each
//! key, work that nobody waits for rests; and whoever answers a question hears at once that a newer one was asked.
//!
//! To be patient (`nice`) is not enough: on a few cores a thread that wakes up may wait some milliseconds for one that is at
//! work, however patient that one is.
#![expect(
    clippy::disallowed_types,
    reason = "no frame reaches this: threads of the driver wait here for each other"
)]

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// After a key others rest for so long, in milliseconds: until what it changed is seen.
const HUSH: u64 = 40;
/// Keys that come one right after another make them rest no longer than this, in milliseconds: who holds a key down to look
/// through a list waits for what is in sight too.
const LONGEST: u64 = 200;

/// What threads tell each other about who goes first. The screen knows nothing of it.
#[derive(Debug)]
pub(in crate::driver) struct Front {
    began: Instant,
    /// From the first of such keys, and until then, others rest, in milliseconds since it began.
    first: AtomicU64,
    hushed: AtomicU64,
    /// Questions asked so far.
    asked: AtomicU64,
    /// How many are being answered.
    n_busy: Mutex<usize>,
    free: Condvar,
}

/// Somebody is waited for, until this is dropped.
#[derive(Debug)]
pub(super) struct Busy<'a>(&'a Front);

impl Default for Front {
    fn default() -> Self {
        Self {
            began: Instant::now(),
            first: AtomicU64::default(),
            hushed: AtomicU64::default(),
            asked: AtomicU64::default(),
            n_busy: Mutex::default(),
            free: Condvar::default(),
        }
    }
}

impl Front {
    /// A key was pressed.
    pub(in crate::driver) fn hush(&self) {
        self.hush_at(self.began.elapsed());
    }

    fn hush_at(&self, now: Duration) {
        let now = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        if self.hushed.load(Ordering::Relaxed) < now {
            self.first.store(now, Ordering::Relaxed);
        }
        self.hushed.store(now.saturating_add(HUSH), Ordering::Relaxed);
    }

    /// How long to rest from a moment on because of a key.
    fn rest(&self, now: Duration) -> Duration {
        let longest = self.first.load(Ordering::Relaxed).saturating_add(LONGEST);
        let until = self.hushed.load(Ordering::Relaxed).min(longest);
        Duration::from_millis(until).saturating_sub(now)
    }

    /// Rests after a key.
    pub(super) fn pause(&self) {
        loop {
            let rest = self.rest(self.began.elapsed());
            if rest.is_zero() {
                return;
            }
            let count = self.count();
            drop(self.free.wait_timeout(count, rest).unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// Another question was asked: what was asked before is looked at again.
    pub(super) fn ask(&self) {
        self.asked.fetch_add(1, Ordering::Relaxed);
    }

    /// A number that changes with each question.
    pub(super) fn asked(&self) -> u64 {
        self.asked.load(Ordering::Relaxed)
    }

    /// Says that somebody waits for what is done from now on.
    pub(super) fn busy(&self) -> Busy<'_> {
        *self.count() += 1;
        Busy(self)
    }

    /// Rests while somebody else is waited for, and after a key.
    pub(super) fn give_way(&self) {
        self.pause();
        let mut count = self.count();
        while *count > 0 {
            count = self.free.wait(count).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn count(&self) -> MutexGuard<'_, usize> {
        self.n_busy.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        let mut count = self.0.count();
        *count = count.saturating_sub(1);
        if *count == 0 {
            self.0.free.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    #[test]
    fn after_the_last_key_others_rest_for_a_moment() {
        let (front, at) = (Front::default(), Duration::from_millis);
        assert_eq!(front.rest(at(0)), Duration::ZERO);
        front.hush_at(at(100));
        assert_eq!(front.rest(at(100)), at(HUSH));
        assert_eq!(front.rest(at(100 + HUSH)), Duration::ZERO);
        front.hush_at(at(110));
        assert_eq!(front.rest(at(100 + HUSH)), at(10));
    }

    #[test]
    fn a_key_that_is_held_down_keeps_others_from_work_for_a_moment_only() {
        let (front, at) = (Front::default(), Duration::from_millis);
        for now in (1000..2000).step_by(30) {
            front.hush_at(at(now));
            assert_eq!(front.rest(at(now)), at(HUSH.min((1000 + LONGEST).saturating_sub(now))));
        }
        front.hush_at(at(3000));
        assert_eq!(front.rest(at(3000)), at(HUSH));
    }

    #[test]
    fn whoever_nobody_waits_for_rests_until_all_others_are_done() {
        let front = Front::default();
        front.give_way();
        let (first, second) = (front.busy(), front.busy());
        let (says, said) = channel();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                says.send("begun").unwrap();
                front.give_way();
                says.send("went on").unwrap();
            });
            assert_eq!(said.recv(), Ok("begun"));
            drop(first);
            assert!(said.try_recv().is_err(), "one is still waited for");
            drop(second);
            assert_eq!(said.recv(), Ok("went on"));
        });
    }
}
