//! One thread that reads records: neighboring ones in one go, and of each only what is asked for.

use super::Question;
use super::peek::Peek;
use super::sieve::Bytes;
use crate::decode::{Item, fast, reread};
use crate::driver::work::look::Judge;
use crate::intake::{Catch, Records};
use crate::model::spelling::may_say_more;
use crate::model::{Alert, AlertId, Location};
use crate::query::{Asked, Judged, Own};
use crate::source::Pages;
use crate::store::{Snapshot, Sym};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// Bytes read in one go: few enough to stay in a processor's own cache.
const BLOCK: u64 = 256 << 10;
/// Bytes between two records that are read along rather than passed over.
const GAP: u64 = 16 << 10;

/// What one thread reads with.
pub(super) struct Hand {
    scanner: fast::Scanner,
    judge: Option<Judge>,
    rules: Rules,
    placed: Vec<Placed>,
    pages: Pages,
    /// What the bytes of many records are looked through for, before any is read, and where it stood.
    bytes: Option<Bytes>,
    catch: Catch,
    peek: Option<Peek>,
    pub ids: Vec<AlertId>,
    pub n_gone: u64,
}

/// A row, and where its record lies.
#[derive(Clone, Copy, Debug)]
struct Placed {
    id: AlertId,
    asks_filter: bool,
    /// Whether what stands in its bytes is all it says: see [`Locations::of`](crate::store::Locations::of).
    is_plain: bool,
    location: Location,
}

/// A record whose bytes are there.
#[derive(Clone, Copy)]
struct Found<'b> {
    id: AlertId,
    location: Location,
    asks_filter: bool,
    bytes: &'b [u8],
    /// The same with the newline behind it, where one stands there.
    line: &'b [u8],
}

impl Hand {
    pub fn new(question: &Question) -> Self {
        let judge = question.judges().then(|| Judge::new(Arc::clone(&question.playbooks)));
        let peek = question.filter.as_ref().and_then(Peek::of);
        Self {
            scanner: peek.as_ref().map(Peek::scanner).unwrap_or_default(),
            judge,
            rules: Rules::default(),
            placed: Vec::new(),
            pages: Pages::default(),
            bytes: Bytes::of(question),
            catch: Catch::default(),
            peek,
            ids: Vec::new(),
            n_gone: 0,
        }
    }

    /// Asks the question of these rows, in order.
    pub fn read(
        &mut self,
        question: &Question,
        snapshot: &Snapshot,
        records: &Arc<Records>,
        rows: &[(AlertId, bool)],
    ) {
        if let Some(judge) = &mut self.judge {
            judge.records = Arc::clone(records);
        }
        self.rules.learn(question, snapshot);
        let around = Around { question, snapshot, records };
        let mut placed = std::mem::take(&mut self.placed);
        let mut pages = std::mem::take(&mut self.pages);
        placed.clear();
        let mut places = snapshot.locations();
        placed.extend(rows.iter().filter_map(|(id, asks_filter)| {
            let (location, is_plain) = places.of(*id)?;
            Some(Placed { id: *id, asks_filter: *asks_filter, is_plain, location })
        }));
        let mut rest = placed.as_slice();
        while let Some(first) = rest.first() {
            let (n, end) = together(first, rest);
            let Some((some, later)) = rest.split_at_checked(n) else { break };
            rest = later;
            match fill(records, first.location, end, &mut pages) {
                Some(block) => self.block(&around, block, first.location.offset, some),
                None => some.iter().for_each(|one| self.alone(&around, *one)),
            }
        }
        self.placed = placed;
        self.pages = pages;
    }

    /// Asks it of neighboring records whose bytes, from the first one on, are there.
    fn block(&mut self, around: &Around<'_>, block: &[u8], from: u64, some: &[Placed]) {
        if let Some(bytes) = &self.bytes {
            self.catch.begin(|caught| bytes.catch(block, caught));
        }
        for one in some {
            let Placed { id, asks_filter, is_plain, location } = *one;
            // A hole where a record stood is the careful reader's to tell.
            let Some((start, bytes, line)) =
                slice(block, from, location).filter(|(_, bytes, _)| bytes.first() != Some(&0))
            else {
                self.alone(around, *one);
                continue;
            };
            let is_none = is_plain
                && self.bytes.is_some()
                && self.catch.first_in(start, bytes.len()).is_none()
                // Else something else stands there now.
                && start.checked_sub(1).is_none_or(|before| block.get(before) == Some(&b'\n'));
            if !is_none || self.rules.hold(around.snapshot, id) {
                self.one(around, Found { id, location, asks_filter, bytes, line });
            }
        }
    }

    fn alone(&mut self, around: &Around<'_>, one: Placed) {
        let Placed { id, asks_filter, location, .. } = one;
        match around.records.read(location) {
            Ok(bytes) => {
                let (bytes, line) = (bytes.as_slice(), bytes.as_slice());
                self.one(around, Found { id, location, asks_filter, bytes, line });
            }
            Err(_) => self.n_gone += 1,
        }
    }

    fn one(&mut self, around: &Around<'_>, found: Found<'_>) {
        match self.holds(around, found) {
            Some(true) => self.ids.push(found.id),
            Some(false) => {}
            None => self.n_gone += 1,
        }
    }

    /// The answer; `None` when other bytes stand there now.
    fn holds(&mut self, around: &Around<'_>, found: Found<'_>) -> Option<bool> {
        let Around { question, snapshot, records } = *around;
        let ask = question.filter.as_ref().filter(|_| found.asks_filter);
        if let Some(prefilter) = ask.and_then(|ask| ask.prefilter.as_ref())
            && !prefilter.admits(found.bytes)
        {
            return Some(false);
        }
        let mut is_said = true;
        if let Some(sought) = &question.search {
            is_said = sought.pattern.is_match(found.bytes);
            let is_sure = !is_said
                && sought
                    .certain
                    .as_ref()
                    .is_some_and(|part| !part.is_match(found.bytes) && !may_say_more(found.bytes));
            if !is_said {
                is_said = self.rules.hold(snapshot, found.id);
            }
            if is_sure && !is_said {
                return Some(false);
            }
        }
        if is_said && ask.is_none() {
            return Some(true);
        }
        let ctx = records.context(found.location.body);
        let is_line = found.location.nth == 0 && found.line.len() > found.bytes.len();
        if let Some(peek) = self.peek.as_ref().filter(|_| is_line && is_said)
            && let Some(read) = self.scanner.record(found.line, &ctx)
            && let Some(is_met) = peek.meets(&read)
        {
            return Some(is_met);
        }
        let picked = ask.filter(|_| is_line && is_said && self.peek.is_none()).and_then(|ask| {
            if self.judge.is_some() || ask.needs_triage {
                self.scanner.pick(found.line, &ctx, &fast::Everything)
            } else {
                self.scanner.pick(found.line, &ctx, &Wanted(&ask.asked))
            }
        });
        let alert = match picked {
            Some(alert) => alert,
            None => match reread(found.bytes, found.location.nth, &ctx) {
                Item::Alert(alert) => *alert,
                _ => return None,
            },
        };
        let says = |alert: &Alert| {
            question.search.as_ref().is_none_or(|sought| {
                let holds = |text: &str| sought.pattern.is_match(text.as_bytes());
                alert.output.as_deref().is_some_and(holds)
                    || alert.rule.as_deref().is_some_and(holds)
                    || alert.fields.iter().any(|(_, value)| holds(&value.display()))
            })
        };
        if !is_said && !says(&alert) {
            return Some(false);
        }
        let Some(ask) = ask else { return Some(true) };
        let assessment =
            self.judge.as_mut().map(|judge| judge.assess_read(found.id, &alert, snapshot));
        Some(ask.filter.matches(&Judged {
            alert: &alert,
            level: assessment.as_ref().map(|assessment| assessment.level),
            known: assessment.as_ref().and_then(|assessment| assessment.known.as_deref()),
            triage: question.board.as_deref().map(|board| board.triaged(&alert)),
        }))
    }
}

/// What is around a row.
#[derive(Clone, Copy)]
struct Around<'a> {
    question: &'a Question,
    snapshot: &'a Snapshot,
    records: &'a Arc<Records>,
}

/// How many of these rows are read in one go, and where they end.
fn together(first: &Placed, rest: &[Placed]) -> (usize, u64) {
    let first = first.location;
    let mut end = first.offset + u64::from(first.len);
    let follow = rest.iter().skip(1).take_while(|next| {
        let next = next.location;
        let after = next.offset + u64::from(next.len);
        let follows = next.body == first.body
            && next.offset >= first.offset
            && next.offset <= end + GAP
            && after.saturating_sub(first.offset) <= BLOCK;
        if follows {
            end = end.max(after);
        }
        follows
    });
    (1 + follow.count(), end)
}

/// Whether the text stands in the name of a cell's rule, which text alerts do not hold.
#[derive(Debug, Default)]
struct Rules {
    cells: Vec<bool>,
    rules: FxHashMap<Sym, bool>,
    /// Whether it stands in any.
    any: bool,
}

impl Rules {
    /// Looks at the cells that came since the last time.
    fn learn(&mut self, question: &Question, snapshot: &Snapshot) {
        let Some(sought) = &question.search else { return };
        for cell in snapshot.names.cells().iter().skip(self.cells.len()) {
            let holds = *self.rules.entry(cell.rule).or_insert_with(|| {
                let rule = snapshot.names.text(cell.rule);
                rule.is_some_and(|rule| sought.pattern.is_match(rule.as_bytes()))
            });
            self.cells.push(holds);
            self.any |= holds;
        }
    }

    fn hold(&self, snapshot: &Snapshot, id: AlertId) -> bool {
        let cell = if self.any { snapshot.cell_of(id) } else { None };
        cell.is_some_and(|cell| self.cells.get(cell.0 as usize) == Some(&true))
    }
}

/// Where a record begins in a block, its bytes, and the same with the newline behind them.
fn slice(block: &[u8], from: u64, location: Location) -> Option<(usize, &[u8], &[u8])> {
    let start = usize::try_from(location.offset.checked_sub(from)?).ok()?;
    let end = start.checked_add(location.len as usize)?;
    let bytes = block.get(start..end)?;
    let line = block.get(start..=end).filter(|line| line.last() == Some(&b'\n'));
    Some((start, bytes, line.unwrap_or(bytes)))
}

/// Reads a body from the first record's start to `end`, and puts a newline behind it.
fn fill<'b>(
    records: &Arc<Records>,
    first: Location,
    end: u64,
    pages: &'b mut Pages,
) -> Option<&'b [u8]> {
    let handle = records.handle(first.body)?;
    end.checked_sub(first.offset)?;
    pages.read(handle, first.offset, end).ok()?;
    pages.end_line();
    Some(pages.bytes())
}

/// What a filter asks for, for the one who reads.
struct Wanted<'a>(&'a Asked);

impl fast::Wants for Wanted<'_> {
    fn field(&self, key: &str) -> bool {
        self.0.field(key)
    }

    fn top(&self, key: &str) -> bool {
        match key {
            "output" => self.0.own(Own::Output),
            "tags" => self.0.own(Own::Tags),
            _ => true,
        }
    }
}
