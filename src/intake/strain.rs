//! Keeps only records that somebody may look for; the others are counted and passed over, which costs a look at their bytes
//! instead of a row in the store.

use crate::decode::fast::{Found, Scanner};
use crate::model::Flag;
use std::fmt::Debug;
use std::sync::Arc;

/// Tells which records somebody may look for: from raw bytes, and from what the fast path reads.
pub trait Sieve: Debug + Send + Sync {
    /// Whether raw bytes can tell anything. If not, any record may be one as far as they go.
    fn tells_bytes(&self) -> bool;

    /// Adds, in order, a place in each of these lines that may hold such a record. A plain record ([`Found::is_plain`]) that
    /// has no such place in its bytes must be none.
    fn catch(&self, lines: &[u8], caught: &mut Vec<Caught>);

    /// Whether a record may be one because of its rule's name, which a text alert does not hold.
    fn catches_rule(&self, rule: &[u8]) -> bool;

    /// What reads records for [`Sieve::meets`].
    fn scanner(&self) -> Scanner;

    /// Whether a record meets the filter, if there is one; `None` when that cannot be told.
    fn meets(&self, found: &Found<'_>) -> Option<bool>;

    /// Whether nobody wants more of those that are one beyond doubt than their number.
    fn counts(&self) -> bool;
}

/// A place in a line that may hold what is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caught {
    /// Bytes from the start of what was looked at.
    pub at: usize,
    /// What raw bytes were looked through for stands there beyond doubt.
    pub is_sure: bool,
}

/// What was caught in some bytes, for records that are asked about in order.
#[derive(Debug, Default)]
pub struct Catch {
    caught: Vec<Caught>,
    /// The first place that may lie in a record still to come.
    next: usize,
}

impl Catch {
    /// Begins anew, with what `catch` adds in order.
    pub fn begin(&mut self, catch: impl FnOnce(&mut Vec<Caught>)) {
        self.caught.clear();
        self.next = 0;
        catch(&mut self.caught);
    }

    /// The first place in a record, given by its place and length. One record may begin where others before it did.
    #[inline]
    pub fn first_in(&mut self, at: usize, len: usize) -> Option<Caught> {
        while self.caught.get(self.next).is_some_and(|caught| caught.at < at) {
            self.next += 1;
        }
        // A record may begin before the one that was asked about last.
        let before = self.caught.get(..self.next).unwrap_or_default();
        let n_passed = before.iter().rev().take_while(|caught| caught.at >= at).count();
        let first = self.caught.get(self.next - n_passed).copied();
        first.filter(|caught| caught.at < at + len)
    }
}

/// What becomes of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Keep,
    /// Counted among those that were looked for.
    Count,
    /// Counted among all others.
    Pass,
}

/// How many records were counted and not kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Passed {
    /// All of them.
    pub all: u64,
    /// Those that were looked for.
    pub met: u64,
}

impl Passed {
    /// Adds those of another part.
    pub fn add(&mut self, other: Self) {
        self.all += other.all;
        self.met += other.met;
    }
}

/// A sieve in use.
#[derive(Debug, Default)]
pub(super) struct Strain {
    sieve: Option<Arc<dyn Sieve>>,
    catch: Catch,
}

impl Strain {
    pub fn new(sieve: Option<Arc<dyn Sieve>>) -> Self {
        Self { sieve, catch: Catch::default() }
    }

    /// What reads the records.
    pub fn scanner(&self) -> Scanner {
        self.sieve.as_ref().map(|sieve| sieve.scanner()).unwrap_or_default()
    }

    /// Looks at some bytes before records are read from them.
    pub fn begin(&mut self, bytes: &[u8]) {
        if let Some(sieve) = self.sieve.as_ref().filter(|sieve| sieve.tells_bytes()) {
            self.catch.begin(|caught| sieve.catch(bytes, caught));
        }
    }

    /// What becomes of a record that the fast path read at this place; records come in order.
    #[inline]
    pub fn fate(&mut self, at: usize, found: &Found<'_>) -> Fate {
        let Some(sieve) = &self.sieve else { return Fate::Keep };
        let mut is_sure = true;
        if sieve.tells_bytes() {
            match self.catch.first_in(at, found.len as usize) {
                Some(caught) => is_sure = caught.is_sure,
                None => {
                    let rule = found.columns.rule.filter(|_| found.columns.flags.has(Flag::Text));
                    if found.is_plain && !rule.is_some_and(|rule| sieve.catches_rule(rule)) {
                        return Fate::Pass;
                    }
                    is_sure = false;
                }
            }
        }
        match sieve.meets(found) {
            Some(false) => Fate::Pass,
            Some(true) if is_sure && sieve.counts() => Fate::Count,
            _ => Fate::Keep,
        }
    }
}
