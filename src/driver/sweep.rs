//! Which of many alerts meet a filter or hold a text: by their columns where these can tell, else by their records, which
//! are read in blocks, side by side, and only as far as the question needs.
//!
//! The answer is that of reading each record with care and asking the filter of it.

mod columns;
mod hand;
mod needle;
mod peek;
mod sieve;

use crate::analysis::Playbooks;
use crate::intake::{Records, Sieve};
use crate::model::AlertId;
use crate::query::{Asked, Filter, Prefilter, certain_part};
use crate::store::Snapshot;
use crate::triage::Board;
use crate::ui::search_pattern;
use columns::Deciding;
pub use columns::Open;
use hand::Hand;
use needle::Folded;
use regex::bytes::{Regex, RegexBuilder};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Threads that read records.
const HANDS: usize = 2;
/// Rows that one thread takes at a time.
const ROWS: usize = 1024;
/// The same where each alert has to be judged, which takes as long as to read hundreds.
const JUDGED: usize = 256;
/// Rows whose columns are worth a second thread: a millisecond's.
const MANY: u32 = 131_072;
/// Fewer rows than this are not worth a second thread.
const FEW: usize = 64;

/// What is asked of each alert.
#[derive(Clone, Debug)]
pub struct Question {
    filter: Option<Ask>,
    search: Option<Sought>,
    /// What people decided, where the filter asks for it.
    board: Option<Arc<Board>>,
    playbooks: Arc<Playbooks>,
}

/// A filter, and what is known of it before any alert is seen.
#[derive(Clone, Debug)]
struct Ask {
    filter: Arc<Filter>,
    prefilter: Option<Prefilter>,
    asked: Asked,
    needs_judgment: bool,
    needs_triage: bool,
}

/// A text that is looked for.
#[derive(Clone, Debug)]
struct Sought {
    pattern: Regex,
    /// What the bytes of each record hold that says it.
    certain: Option<Regex>,
    /// The same, found faster where capitals do not matter.
    folded: Option<Folded>,
}

/// What came of a question.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Alerts that meet it, in order.
    pub ids: Vec<AlertId>,
    /// Alerts whose records could not be read again.
    pub n_gone: u64,
}

impl Question {
    /// Everything, until more is asked.
    pub fn new(playbooks: Arc<Playbooks>) -> Self {
        Self { filter: None, search: None, board: None, playbooks }
    }

    /// Asks for a filter; `board` where it asks what people decided.
    #[must_use]
    pub fn with_filter(mut self, filter: Arc<Filter>, board: Option<Arc<Board>>) -> Self {
        self.filter = Some(Ask {
            prefilter: filter.prefilter(),
            asked: filter.asked(),
            needs_judgment: filter.needs_judgment(),
            needs_triage: filter.needs_triage(),
            filter,
        });
        self.board = board;
        self
    }

    /// Asks for a text exactly as it is written.
    #[must_use]
    pub fn with_text(mut self, text: &str) -> Self {
        let literal = |text: &str| RegexBuilder::new(&regex::escape(text)).build().ok();
        self.search = literal(text).map(|pattern| Sought {
            pattern,
            certain: certain_part(text).and_then(literal),
            folded: None,
        });
        self
    }

    /// Asks for what a person typed to look for: see [`search_pattern`].
    ///
    /// # Errors
    /// What is wrong with the regular expression.
    pub fn with_search(mut self, text: &str) -> Result<Self, String> {
        let part = certain_part(text).filter(|_| !text.starts_with(r"\v"));
        let (certain, folded) = if text.chars().any(char::is_uppercase) {
            (part.and_then(|part| Regex::new(&regex::escape(part)).ok()), None)
        } else {
            let certain = part.and_then(|part| search_pattern(part).ok());
            let folded =
                part.zip(certain.clone()).and_then(|(part, whole)| Folded::new(part, whole));
            (certain, folded)
        };
        self.search = Some(Sought { pattern: search_pattern(text)?, certain, folded });
        Ok(self)
    }

    /// Whether alerts have to be judged for it, one by one.
    pub fn judges(&self) -> bool {
        self.filter.as_ref().is_some_and(|ask| ask.needs_judgment)
    }

    /// What can be told by who reads records in the first place; `None` when that is nothing. `counts` when only the number
    /// of alerts that meet it is asked for.
    pub fn sieve(&self, counts: bool) -> Option<Arc<dyn Sieve>> {
        sieve::AtOnce::of(self, counts).map(|sieve| Arc::new(sieve) as Arc<dyn Sieve>)
    }

    /// Asks it of all these alerts.
    pub fn of(&self, snapshot: &Snapshot, records: &Arc<Records>, rows: Range<u32>) -> Answer {
        let mut sweeper = Sweeper::new(self.clone());
        sweeper.sweep(snapshot, records, rows)
    }
}

/// Asks a question of one part of the alerts after the other; keeps what it learned in between.
pub struct Sweeper {
    question: Arc<Question>,
    /// One for each thread.
    deciding: [Deciding; 2],
    hands: Vec<Hand>,
}

impl Sweeper {
    pub fn new(question: Question) -> Self {
        let question = Arc::new(question);
        let hands = std::iter::repeat_with(|| Hand::new(&question)).take(HANDS).collect();
        Self { deciding: Default::default(), hands, question }
    }

    /// Asks it of some more alerts.
    pub fn sweep(
        &mut self,
        snapshot: &Snapshot,
        records: &Arc<Records>,
        rows: Range<u32>,
    ) -> Answer {
        let open = self.decide(snapshot, rows);
        let mut answer = Answer { ids: open.met, n_gone: 0 };
        let (_, read) = self.read(snapshot, records, &open.rows, &|_| false);
        answer.ids.extend(read.ids);
        answer.n_gone += read.n_gone;
        answer.ids.sort_unstable();
        answer
    }

    /// What the columns of some alerts can tell.
    pub fn decide(&mut self, snapshot: &Snapshot, rows: Range<u32>) -> Open {
        let question = &*self.question;
        let half = rows.start + rows.end.saturating_sub(rows.start) / 2;
        let [one, other] = &mut self.deciding;
        if rows.end.saturating_sub(rows.start) < MANY {
            return one.decide(question, snapshot, rows);
        }
        std::thread::scope(|scope| {
            let later = scope.spawn(|| other.decide(question, snapshot, half..rows.end));
            let mut open = one.decide(question, snapshot, rows.start..half);
            match later.join() {
                Ok(later) => open.append(later),
                Err(panic) => std::panic::resume_unwind(panic),
            }
            open
        })
    }

    /// Asks it of the records of some alerts, in order, until it is `enough`, which is told how many were found so far. Gives
    /// how many were asked, and what came of it.
    pub fn read(
        &mut self,
        snapshot: &Snapshot,
        records: &Arc<Records>,
        rows: &[(AlertId, bool)],
        enough: &(dyn Fn(usize) -> bool + Sync),
    ) -> (usize, Answer) {
        let at_once = if self.question.judges() { JUDGED } else { ROWS };
        let parts: Vec<_> = rows.chunks(at_once).collect();
        let (next, n_found) = (AtomicUsize::new(0), AtomicUsize::new(0));
        // Whoever takes a part reads it to its end, so that all before the next one was asked.
        let work = |hand: &mut Hand| {
            while !enough(n_found.load(Ordering::Relaxed)) {
                let Some(part) = parts.get(next.fetch_add(1, Ordering::Relaxed)) else { return };
                let before = hand.ids.len();
                hand.read(&self.question, snapshot, records, part);
                n_found.fetch_add(hand.ids.len() - before, Ordering::Relaxed);
            }
        };
        if rows.len() < FEW {
            self.hands.first_mut().into_iter().for_each(work);
        } else {
            std::thread::scope(|scope| {
                for hand in &mut self.hands {
                    scope.spawn(|| work(hand));
                }
            });
        }
        let mut answer = Answer::default();
        for hand in &mut self.hands {
            answer.ids.append(&mut hand.ids);
            answer.n_gone += std::mem::take(&mut hand.n_gone);
        }
        answer.ids.sort_unstable();
        let n_parts = next.into_inner().min(parts.len());
        ((n_parts * at_once).min(rows.len()), answer)
    }
}
