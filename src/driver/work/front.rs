//! Who goes first: while a filter or a search that a person waits for looks through all alerts, work that nobody waits for
//! rests; and whoever answers a question hears at once that a newer one was asked.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// What threads tell each other about who goes first. The screen knows nothing of it.
#[derive(Debug, Default)]
pub(in crate::driver) struct Front {
    /// Questions asked so far.
    asked: AtomicU64,
    /// How many are being answered: a look at it costs nothing; the same number behind the lock is what is waited for.
    busy: AtomicUsize,
    n_busy: Mutex<usize>,
    free: Condvar,
}

/// Somebody is waited for, until this is dropped.
#[derive(Debug)]
pub(super) struct Busy<'a>(&'a Front);

impl Front {
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
        self.busy.fetch_add(1, Ordering::Relaxed);
        Busy(self)
    }

    /// Rests while somebody else is waited for.
    pub(super) fn give_way(&self) {
        if self.busy.load(Ordering::Relaxed) == 0 {
            return;
        }
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
        self.0.busy.fetch_sub(1, Ordering::Relaxed);
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
