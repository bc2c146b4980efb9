//! What is known of the sources and of the sensor: states in words, the last twenty changes, the rate, losses.

use super::msg::{Progress, State, Tone};
use crate::model::{Flag, SourceId};
use crate::store::{Batch, Store};
use jiff::Timestamp;
use std::collections::{BTreeMap, VecDeque};

/// Changes kept for each source.
const CHANGES: usize = 20;
/// Seconds the rate is taken over.
const WINDOW: i64 = 10;

/// One source, as last heard of.
#[derive(Clone, Debug)]
pub struct Source {
    pub name: String,
    pub words: String,
    pub tone: Tone,
    /// Whether what was there at the start has been read.
    pub is_caught_up: bool,
    /// Newest last.
    pub changes: VecDeque<(Timestamp, String)>,
}

/// Whether new alerts are shown as they come.
#[derive(Debug, Default)]
pub enum Follow {
    #[default]
    Live,
    /// The screen is held still; this came meanwhile.
    Held { batches: Vec<Batch>, n_alerts: u64 },
}

/// Everything the header tells besides totals.
#[derive(Debug, Default)]
pub struct Health {
    pub sources: BTreeMap<SourceId, Source>,
    pub progress: Option<Progress>,
    /// What was looked for when no source was found; sentences.
    pub looked: Vec<String>,
    /// Whether all that was there at the start has been read.
    pub stage: Stage,
    pub follow: Follow,
    /// Alerts in which the sensor says that it lost events.
    pub n_drops: u64,
    /// Arrivals by second.
    arrivals: VecDeque<(i64, u64)>,
    /// Internal alerts looked through for losses.
    n_checked: u64,
    checked_upto: usize,
}

/// How far the session is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// What was there at the start is being read.
    #[default]
    Filling,
    /// What comes now is new.
    Live,
}

impl Health {
    /// Notes a source's new state.
    pub fn note(&mut self, state: State) {
        let source = self.sources.entry(state.source).or_insert_with(|| Source {
            name: state.name.to_string(),
            words: String::new(),
            tone: state.tone,
            is_caught_up: false,
            changes: VecDeque::new(),
        });
        source.is_caught_up |= state.is_caught_up;
        if source.words != state.words {
            source.changes.push_back((state.at, state.words.clone()));
        }
        while source.changes.len() > CHANGES {
            source.changes.pop_front();
        }
        if !state.is_passing {
            source.words = state.words;
            source.tone = state.tone;
        } else if source.words.is_empty() {
            source.words = state.words;
        }
    }

    /// Whether each source has read what was there at the start.
    pub fn is_caught_up(&self) -> bool {
        self.sources.values().all(|source| source.is_caught_up)
    }

    /// Notes that so many alerts came.
    pub fn arrived(&mut self, now: Timestamp, n_alerts: u64) {
        let second = now.as_second();
        match self.arrivals.back_mut() {
            Some((at, count)) if *at == second => *count += n_alerts,
            _ => self.arrivals.push_back((second, n_alerts)),
        }
        self.forget(now);
    }

    /// Forgets arrivals that no longer count.
    pub fn forget(&mut self, now: Timestamp) {
        while self.arrivals.front().is_some_and(|(at, _)| *at <= now.as_second() - WINDOW) {
            self.arrivals.pop_front();
        }
    }

    /// Alerts a second over the last ten.
    pub fn rate(&self) -> f64 {
        let sum: u64 = self.arrivals.iter().map(|(_, count)| count).sum();
        let tenths = u32::try_from(sum).unwrap_or(u32::MAX);
        f64::from(tenths) / 10.0
    }

    /// Looks through new internal alerts for those that tell of losses.
    pub fn count_drops(&mut self, store: &Store) {
        let from = std::mem::replace(&mut self.checked_upto, store.len());
        let internal = store.totals().internal;
        if internal == self.n_checked {
            return;
        }
        self.n_checked = internal;
        let ids =
            (from..store.len()).filter_map(|at| u32::try_from(at).ok()).map(crate::model::AlertId);
        self.n_drops += ids
            .filter_map(|id| store.row(id))
            .filter(|row| row.flags.has(Flag::Internal))
            .filter(|row| row.rule.is_some_and(|rule| rule.to_ascii_lowercase().contains("drop")))
            .map(|_| 1)
            .sum::<u64>();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(source: u16, words: &str, is_caught_up: bool) -> State {
        State {
            source: SourceId(source),
            name: "a".into(),
            words: words.to_owned(),
            tone: Tone::Good,
            is_passing: false,
            is_caught_up,
            at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn what_was_there_is_read_when_each_source_has_read_it() {
        let mut health = Health::default();
        health.note(state(0, "reading", false));
        health.note(state(1, "reading", false));
        health.note(state(0, "following", true));
        assert!(!health.is_caught_up());
        health.note(state(1, "waiting for a log", true));
        assert!(health.is_caught_up());
        // A file that is read again later does not make old what has come since.
        health.note(state(0, "reading", false));
        assert!(health.is_caught_up());
    }
}
