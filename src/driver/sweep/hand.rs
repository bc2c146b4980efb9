//! One thread that reads records: neighboring ones in one go, and of each only what is asked for.

use super::Question;
use super::sieve::{Bytes, Through};
use crate::decode::{Item, fast, reread};
use crate::driver::work::look::Judge;
use crate::intake::Records;
use crate::model::{Alert, AlertId, Location};
use crate::query::{Asked, Judged, Own, may_say_more};
use crate::store::Snapshot;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

/// Bytes read in one go: few enough to stay in a processor's own cache.
const BLOCK: u64 = 256 << 10;
/// Bytes between two records that are read along rather than passed over.
const GAP: u64 = 16 << 10;

/// What one thread reads with.
pub(super) struct Hand<'a> {
    question: &'a Question,
    scanner: fast::Scanner,
    judge: Option<Judge>,
    /// Whether the text stands in the name of a cell's rule, which text alerts do not hold.
    in_rule: Vec<Option<bool>>,
    buffer: Vec<u8>,
    /// What the bytes of many records are looked through for, before any is read.
    through: Option<Through>,
    pub ids: Vec<AlertId>,
    pub n_gone: u64,
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

impl<'a> Hand<'a> {
    pub fn new(question: &'a Question) -> Self {
        let judge = question
            .filter
            .as_ref()
            .filter(|ask| ask.needs_judgment)
            .map(|_| Judge::new(Arc::clone(&question.playbooks)));
        Self {
            question,
            scanner: fast::Scanner::default(),
            judge,
            in_rule: Vec::new(),
            buffer: Vec::new(),
            through: Bytes::of(question, false).map(Through::new),
            ids: Vec::new(),
            n_gone: 0,
        }
    }

    /// Asks the question of these rows, in order.
    pub fn read(&mut self, snapshot: &Snapshot, records: &Arc<Records>, rows: &[(AlertId, bool)]) {
        if let Some(judge) = &mut self.judge {
            judge.records = Arc::clone(records);
        }
        let located: Vec<(AlertId, bool, Location)> = rows
            .iter()
            .filter_map(|(id, asks)| Some((*id, *asks, snapshot.location(*id)?)))
            .collect();
        let mut rest = located.as_slice();
        while let Some((_, _, first)) = rest.first() {
            let mut end = first.offset + u64::from(first.len);
            let n = 1 + rest
                .iter()
                .skip(1)
                .take_while(|(_, _, next)| {
                    let after = next.offset + u64::from(next.len);
                    let follows = next.body == first.body
                        && next.offset >= first.offset
                        && next.offset <= end + GAP
                        && after.saturating_sub(first.offset) <= BLOCK;
                    if follows {
                        end = end.max(after);
                    }
                    follows
                })
                .count();
            let Some((together, later)) = rest.split_at_checked(n) else { break };
            rest = later;
            let mut buffer = std::mem::take(&mut self.buffer);
            if let Some(block) = fill(records, *first, end, &mut buffer) {
                if let Some(through) = &mut self.through {
                    through.begin(block);
                }
                for (id, asks_filter, location) in together {
                    let found = slice(block, first.offset, *location).map(|(bytes, line)| Found {
                        id: *id,
                        location: *location,
                        asks_filter: *asks_filter,
                        bytes,
                        line,
                    });
                    // A hole where a record stood is the careful reader's to tell.
                    match found.filter(|found| found.bytes.first() != Some(&0)) {
                        Some(found) => {
                            let start = location.offset - first.offset;
                            let through = self.through.as_mut();
                            let is_none =
                                through.is_some_and(|through| through.is_none(start, found.bytes));
                            if !is_none || self.is_in_rule(snapshot, *id) {
                                self.one(snapshot, records, found);
                            }
                        }
                        None => self.alone(snapshot, records, *id, *asks_filter, *location),
                    }
                }
            } else {
                for (id, asks_filter, location) in together {
                    self.alone(snapshot, records, *id, *asks_filter, *location);
                }
            }
            self.buffer = buffer;
        }
    }

    fn alone(
        &mut self,
        snapshot: &Snapshot,
        records: &Arc<Records>,
        id: AlertId,
        asks_filter: bool,
        location: Location,
    ) {
        match records.read(location) {
            Ok(bytes) => {
                let (bytes, line) = (bytes.as_slice(), bytes.as_slice());
                self.one(snapshot, records, Found { id, location, asks_filter, bytes, line });
            }
            Err(_) => self.n_gone += 1,
        }
    }

    fn one(&mut self, snapshot: &Snapshot, records: &Arc<Records>, found: Found<'_>) {
        match self.holds(snapshot, records, found) {
            Some(true) => self.ids.push(found.id),
            Some(false) => {}
            None => self.n_gone += 1,
        }
    }

    /// The answer; `None` when other bytes stand there now.
    fn holds(
        &mut self,
        snapshot: &Snapshot,
        records: &Arc<Records>,
        found: Found<'_>,
    ) -> Option<bool> {
        let question = self.question;
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
                is_said = self.is_in_rule(snapshot, found.id);
            }
            if is_sure && !is_said {
                return Some(false);
            }
        }
        if is_said && ask.is_none() {
            return Some(true);
        }
        let ctx = records.context(found.location.body);
        let picked = ask
            .filter(|ask| is_said && !ask.needs_triage && self.judge.is_none())
            .filter(|_| found.location.nth == 0 && found.line.len() > found.bytes.len())
            .and_then(|ask| self.scanner.pick(found.line, &ctx, &Wanted(&ask.asked)));
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

    fn is_in_rule(&mut self, snapshot: &Snapshot, id: AlertId) -> bool {
        let Some(sought) = &self.question.search else { return false };
        let Some(cell) = snapshot.cell_of(id) else { return false };
        let at = cell.0 as usize;
        if let Some(Some(known)) = self.in_rule.get(at) {
            return *known;
        }
        let rule = snapshot.names.cell(cell).and_then(|cell| snapshot.names.text(cell.rule));
        let is_in = rule.is_some_and(|rule| sought.pattern.is_match(rule.as_bytes()));
        if self.in_rule.len() <= at {
            self.in_rule.resize(at + 1, None);
        }
        if let Some(slot) = self.in_rule.get_mut(at) {
            *slot = Some(is_in);
        }
        is_in
    }
}

/// A record's bytes in a block, and the same with the newline behind them.
fn slice(block: &[u8], from: u64, location: Location) -> Option<(&[u8], &[u8])> {
    let start = usize::try_from(location.offset.checked_sub(from)?).ok()?;
    let end = start.checked_add(location.len as usize)?;
    let bytes = block.get(start..end)?;
    let line = block.get(start..=end).filter(|line| line.last() == Some(&b'\n'));
    Some((bytes, line.unwrap_or(bytes)))
}

/// Reads a body from the first record's start to `end`, and puts a newline behind it.
fn fill<'b>(
    records: &Arc<Records>,
    first: Location,
    end: u64,
    buffer: &'b mut Vec<u8>,
) -> Option<&'b [u8]> {
    let handle = records.handle(first.body)?;
    let len = usize::try_from(end.checked_sub(first.offset)?).ok()?;
    if buffer.len() < len + 1 {
        buffer.resize(len + 1, 0);
    }
    handle.read_exact_at(buffer.get_mut(..len)?, first.offset).ok()?;
    *buffer.get_mut(len)? = b'\n';
    buffer.get(..=len)
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
