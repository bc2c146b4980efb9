//! What is in sight: the filter with the alerts that meet it, and the plain text search.

use super::effect::{Decisions, Effect, Ground, Meets};
use crate::model::{AlertId, Level};
use crate::query::{self, Error, Expr, Filter, Names, Warning};
use crate::store::{Grouping, Part, Store, Timeline, Tree};
use crate::triage::Board;
use jiff::{Timestamp, tz::TimeZone};
use regex::bytes::{Regex, RegexBuilder};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// Filters remembered, from earlier sessions too.
const REMEMBERED: usize = 50;

/// The filter and the search in force.
#[derive(Debug, Default)]
pub struct Narrow {
    filter: Option<Arc<Filter>>,
    generation: u64,
    matches: Vec<AlertId>,
    /// The groups of the matches, and when those happened.
    part: Part,
    timeline: Timeline,
    /// How many matches are counted in both.
    n_counted: usize,
    /// Alerts before this were given to be tested.
    n_asked: usize,
    /// Alerts before this were tested.
    n_tested: usize,
    /// What the filter leaves of the alerts that were there when it was made is still being found.
    is_coming: bool,
    /// Why the filter cannot be evaluated.
    pub failed: Option<String>,
    /// Macros and lists of the host's rules, and the clock.
    pub names: Names,
    /// Filters that a person named.
    pub named: BTreeMap<String, String>,
    /// Oldest first.
    pub history: Vec<String>,
    pub search: Search,
    /// Counts of values that were asked for.
    pub n_counts: u64,
}

/// The plain text that is looked for, and where it was found.
#[derive(Debug, Default)]
pub struct Search {
    pub text: String,
    /// What marks hits on the screen.
    pub pattern: Option<Regex>,
    generation: u64,
    /// The filter in force when it began: what that leaves out is no hit.
    under: Option<u64>,
    pub hits: Vec<AlertId>,
    pub progress: Looking,
}

/// How far a search is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Looking {
    #[default]
    Done,
    /// The cursor goes to the first hit that comes.
    ToGo,
}

impl Narrow {
    /// The filter's text.
    pub fn text(&self) -> Option<&str> {
        self.filter.as_deref().map(Filter::text)
    }

    /// What is odd about the filter, first things first.
    pub fn warning(&self) -> Option<&Warning> {
        self.filter.as_deref().and_then(|filter| filter.warnings().first())
    }

    /// A number that changes with the filter.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Whether the filter asks for what people decided.
    pub fn asks_triage(&self) -> bool {
        self.filter.as_ref().is_some_and(|filter| filter.needs_triage())
    }

    /// Begins again: what the filter asks for has changed.
    pub fn again(&mut self) {
        self.generation += 1;
        self.begin(self.part.tree().grouping());
    }

    /// Nothing is tested, nothing is left.
    fn begin(&mut self, grouping: Grouping) {
        self.matches = Vec::new();
        self.part = Part::new(grouping);
        self.timeline = Timeline::default();
        self.n_counted = 0;
        self.n_asked = 0;
        self.n_tested = 0;
        self.is_coming = true;
    }

    /// The groups and alerts left by the filter; `None` without one.
    pub fn left(&self) -> Option<(&Tree, &[AlertId])> {
        self.filter.as_ref().map(|_| (self.part.tree(), self.matches.as_slice()))
    }

    /// When the alerts happened that the filter leaves; `None` without one.
    pub fn timeline(&self) -> Option<&Timeline> {
        self.filter.as_ref().map(|_| &self.timeline)
    }

    /// Whether every alert so far has been tested.
    pub fn is_settled(&self, store: &Store) -> bool {
        self.filter.is_none() || self.n_tested >= store.len()
    }

    /// Whether records are read on all cores for what a person waits for. A filter that has alerts judged takes so long that
    /// nobody does.
    pub fn is_looking(&self, store: &Store) -> bool {
        let filter =
            self.filter.as_ref().filter(|_| self.failed.is_none() && !self.is_settled(store));
        filter.is_some_and(|filter| !filter.needs_judgment())
            || self.search.progress != Looking::Done
    }

    /// Reads a condition and begins to apply it.
    ///
    /// # Errors
    /// What is wrong with it; the filter in force stays.
    pub fn apply(
        &mut self,
        text: &str,
        grouping: Grouping,
        (now, zone): (Timestamp, TimeZone),
    ) -> Result<(), Error> {
        self.names.now = Some(now);
        self.names.zone = zone;
        let filter = Filter::parse(text, &self.names)?;
        self.filter = Some(Arc::new(filter));
        self.generation += 1;
        self.failed = None;
        self.begin(grouping);
        Ok(())
    }

    /// Takes the filter away; says whether there was one.
    pub fn clear(&mut self) -> bool {
        self.generation += 1;
        self.failed = None;
        self.begin(Grouping::default());
        self.filter.take().is_some()
    }

    /// Remembers the filter in force.
    pub fn remember(&mut self) -> Option<Effect> {
        let text = self.text()?.to_owned();
        self.history.retain(|old| *old != text);
        self.history.push(text);
        if self.history.len() > REMEMBERED {
            self.history.remove(0);
        }
        Some(Effect::Remember(self.history.clone()))
    }

    /// Asks for the alerts that came since the last question.
    pub fn ask(&mut self, store: &Store, board: &Board) -> Option<Effect> {
        let filter = self.filter.clone()?;
        if self.failed.is_some() || self.n_asked >= store.len() || self.n_tested < self.n_asked {
            return None;
        }
        let from = AlertId(u32::try_from(self.n_asked).unwrap_or(u32::MAX));
        self.n_asked = store.len();
        let board = self.asks_triage().then(|| Decisions(Arc::new(board.clone())));
        let generation = self.generation;
        Some(Effect::Filter {
            generation,
            filter: Meets(filter),
            from,
            ground: Ground(store.snapshot()),
            board,
        })
    }

    /// Takes a piece of the answer in; an old one is dropped. Says whether a person waits for it: it is the first that holds
    /// anything of what a new filter leaves, or the last.
    pub fn found(&mut self, generation: u64, ids: &[AlertId], upto: AlertId) -> bool {
        if generation != self.generation {
            return false;
        }
        let is_first = self.matches.is_empty() && !ids.is_empty();
        self.matches.extend_from_slice(ids);
        if self.search.under == Some(generation) {
            // A search may be faster than the filter: its hits among these were not known to be left.
            let hits = &mut self.search.hits;
            let place = |upto: usize| hits.partition_point(|id| (id.0 as usize) < upto);
            let tested = place(self.n_tested)..place(upto.0 as usize).max(place(self.n_tested));
            let is_left = |id: &AlertId| ids.binary_search(id).is_ok();
            let left: Vec<AlertId> = hits
                .get(tested.clone())
                .unwrap_or_default()
                .iter()
                .copied()
                .filter(is_left)
                .collect();
            hits.splice(tested, left);
        }
        self.n_tested = self.n_tested.max(upto.0 as usize);
        self.is_coming && (is_first || self.n_tested >= self.n_asked)
    }

    /// Whether what a new filter leaves is still being found, or was only now.
    pub fn take_coming(&mut self) -> bool {
        let is_there = self.filter.is_none() || (self.n_asked > 0 && self.n_tested >= self.n_asked);
        let was_coming = self.is_coming;
        self.is_coming &= !is_there;
        was_coming
    }

    /// The filter cannot be evaluated.
    pub fn failed(&mut self, generation: u64, reason: String) {
        if generation == self.generation {
            self.failed = Some(reason);
        }
    }

    /// Brings the groups up to date with the matches, as far as there are more than before; says whether they changed.
    pub fn regroup(&mut self, store: &Store, grouping: Grouping) -> bool {
        let is_other = self.part.tree().grouping() != grouping;
        if self.filter.is_none() || (!is_other && self.n_counted == self.matches.len()) {
            return false;
        }
        if is_other {
            self.part = Part::new(grouping);
            store.grow(&mut self.part, self.matches.iter().take(self.n_counted).copied());
        }
        let later = self.matches.get(self.n_counted..).unwrap_or_default();
        store.grow_with(&mut self.part, &mut self.timeline, later);
        self.n_counted = self.matches.len();
        true
    }

    /// Notes what the assessment of an alert came to; `alerts` is 0 where that alert was counted as assessed before.
    pub fn assess(&mut self, store: &Store, id: AlertId, level: Level, alerts: u32) {
        let is_counted = self.matches.binary_search(&id).is_ok_and(|at| at < self.n_counted);
        if let Some(cell) = store.cell_of(id).filter(|_| is_counted) {
            self.part.assess(cell, level, alerts);
        }
    }

    /// Begins to look for plain text.
    ///
    /// # Errors
    /// What is wrong with the regular expression, as a sentence.
    pub fn look_for(&mut self, text: &str, store: &Store) -> Result<Effect, String> {
        self.search.pattern = Some(pattern(text)?);
        self.search.generation += 1;
        self.search.under = self.filter.is_some().then_some(self.generation);
        text.clone_into(&mut self.search.text);
        self.search.hits.clear();
        self.search.progress = Looking::ToGo;
        Ok(Effect::Search {
            generation: self.search.generation,
            text: text.to_owned(),
            ground: Ground(store.snapshot()),
        })
    }

    /// Looks for nothing any more.
    pub fn end_search(&mut self) {
        // A number of its own, so that no late answer is taken for one to the next search.
        let generation = self.search.generation + 1;
        self.search = Search { generation, ..Search::default() };
    }

    /// Takes hits in; gives the first one when the cursor waits for it.
    pub fn hits(
        &mut self,
        generation: u64,
        ids: &[AlertId],
        done: bool,
        at: Option<AlertId>,
    ) -> Option<AlertId> {
        let search = &mut self.search;
        if generation != search.generation {
            return None;
        }
        let is_under = search.under == Some(self.generation);
        let may_be_left = |id: &&AlertId| {
            !is_under || id.0 as usize >= self.n_tested || self.matches.binary_search(id).is_ok()
        };
        search.hits.extend(ids.iter().filter(may_be_left));
        let go = search.progress == Looking::ToGo && !search.hits.is_empty() && done;
        let first = go.then(|| next_hit(&search.hits, at, true)).flatten();
        if done {
            search.progress = Looking::Done;
        }
        first
    }
}

/// What a search looks for: the text as it stands, or a regular expression after `\v`. Case counts when the text holds
/// a capital.
///
/// # Errors
/// What is wrong with the regular expression, in one line.
pub fn pattern(text: &str) -> Result<Regex, String> {
    let (source, cased) = match text.strip_prefix(r"\v") {
        // `\S` and `\W` are no capitals that a person looks for.
        Some(regex) => {
            let mut escaped = false;
            let cased = regex.chars().any(|char| {
                let counts = char.is_uppercase() && !escaped;
                escaped = char == '\\' && !escaped;
                counts
            });
            (regex.to_owned(), cased)
        }
        None => (regex::escape(text), text.chars().any(char::is_uppercase)),
    };
    RegexBuilder::new(&source).case_insensitive(!cased).build().map_err(|error| {
        let text = error.to_string();
        let last = text.lines().last().unwrap_or("").trim_start_matches("error: ");
        format!("not a regular expression: {last}")
    })
}

/// The hit after (or before) an alert, around the end. Down the list means back in time.
pub fn next_hit(hits: &[AlertId], at: Option<AlertId>, down: bool) -> Option<AlertId> {
    let Some(at) = at else { return hits.last().copied() };
    let below = hits.partition_point(|id| *id < at);
    if down {
        below.checked_sub(1).and_then(|at| hits.get(at)).or(hits.last()).copied()
    } else {
        let above = hits.partition_point(|id| *id <= at);
        hits.get(above).or(hits.first()).copied()
    }
}

/// The conditions that a filter joins by `and`, as places in its text; one place where it joins by `or`.
pub fn conditions(text: &str) -> Vec<Range<usize>> {
    let (mut parts, mut start) = (Vec::new(), 0);
    let (mut depth, mut quote) = (0_usize, None);
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match (quote, byte) {
            (Some(_), b'\\') => at += 1,
            (Some(open), byte) if *byte == open => quote = None,
            (None, b'"' | b'\'') => quote = Some(*byte),
            (None, b'(') => depth += 1,
            (None, b')') => depth = depth.saturating_sub(1),
            (None, b'o') if depth == 0 && is_word(text, at, "or") => {
                return std::iter::once(0..text.len()).collect();
            }
            (None, b'a') if depth == 0 && is_word(text, at, "and") => {
                parts.push(start..at);
                at += 2;
                start = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    parts.push(start.min(text.len())..text.len());
    let trim = |part: Range<usize>| {
        let text = text.get(part.clone()).unwrap_or("");
        let start = part.start + (text.len() - text.trim_start().len());
        start..start + text.trim().len()
    };
    parts.into_iter().map(trim).collect()
}

/// Whether a word stands at a place, between blanks or parentheses.
fn is_word(text: &str, at: usize, word: &str) -> bool {
    let is_edge = |char: char| char.is_ascii_whitespace() || matches!(char, '(' | ')');
    let before = text.get(..at).is_some_and(|before| before.ends_with(is_edge));
    let rest = text.get(at..).and_then(|rest| rest.strip_prefix(word));
    before && rest.is_some_and(|rest| rest.starts_with(is_edge))
}

/// A filter without one of its conditions; `None` when nothing is left.
pub fn without(text: &str, condition: usize) -> Option<String> {
    let parts = conditions(text);
    let kept: Vec<&str> = parts
        .iter()
        .enumerate()
        .filter(|(at, _)| *at != condition)
        .filter_map(|(_, range)| text.get(range.clone()))
        .collect();
    (!kept.is_empty()).then(|| kept.join(" and "))
}

/// Adds a condition to a filter.
pub fn and(text: Option<&str>, condition: &str) -> String {
    match text {
        None => condition.to_owned(),
        Some(text) if matches!(query::parse(text), Ok(Expr::Or(_))) => {
            format!("({text}) and {condition}")
        }
        Some(text) => format!("{text} and {condition}"),
    }
}

/// A check of a field for a value, in Falco's language.
pub fn equals(field: &str, value: &str) -> String {
    format!("{field} = {}", query::quote(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn finds(search: &str, text: &str, expected: bool) {
        assert_eq!(pattern(search).unwrap().is_match(text.as_bytes()), expected, "{search}");
    }

    #[test]
    fn a_search_is_literal_unless_it_begins_as_a_regular_expression() {
        finds("a.c", "abc", false);
        finds("a.c", "A.C", true);
        finds("A.c", "a.c", false);
        finds(r"\va.c", "ABC", true);
        finds(r"\vA.c", "abc", false);
        finds(r"\v^\Sx", "ax", true);
        finds(r"[(\", r"[(\", true);
        assert!(pattern(r"\v(").is_err());
    }

    #[test]
    fn hits_of_a_search_that_was_taken_away_are_none_of_the_next() {
        let (mut narrow, store) = (Narrow::default(), Store::default());
        narrow.look_for("first", &store).unwrap();
        let first = narrow.search.generation;
        narrow.end_search();
        narrow.hits(first, &[AlertId(1)], false, None);
        narrow.look_for("second", &store).unwrap();
        narrow.hits(first, &[AlertId(2)], true, None);
        assert_eq!((narrow.search.hits.len(), narrow.search.progress), (0, Looking::ToGo));
    }

    #[test]
    fn a_filter_is_taken_apart_at_its_outer_ands() {
        let text = r#"proc.name = "a and b" and (x = 1 and y = 2) and not z exists"#;
        let parts: Vec<&str> =
            conditions(text).into_iter().filter_map(|range| text.get(range)).collect();
        assert_eq!(parts, [r#"proc.name = "a and b""#, "(x = 1 and y = 2)", "not z exists"]);
        assert_eq!(conditions("a = 1 or b = 2 and c = 3").len(), 1);
        assert_eq!(without("a = 1 and b = 2", 0).as_deref(), Some("b = 2"));
        assert_eq!(without("a = 1", 0), None);
        assert_eq!(
            without("(a = 1)and(b = 2)\tand c = 3", 0).as_deref(),
            Some("(b = 2) and c = 3")
        );
        assert_eq!(conditions("(a = 1)or(b = 2)").len(), 1);
        assert_eq!(conditions("a = android and b = order").len(), 2);
    }

    #[test]
    fn a_condition_made_here_is_one_that_the_language_reads() {
        for value in ["nc", "", "sh -c \"x\" \\ and", "größe", "-1", "and", "a\nb", "C:\\"] {
            let text = and(Some("alert.rule = x or proc.name = y"), &equals("proc.cmdline", value));
            assert!(Filter::parse(&text, &Names::default()).is_ok(), "{text}");
        }
    }

    #[test]
    fn what_is_added_holds_for_the_whole_filter() {
        let check = |text: &str, all: &str| assert_eq!(and(Some(text), "t.c = 3"), all);
        check("t.a = 1", "t.a = 1 and t.c = 3");
        check("t.a = 1 and t.b = 2", "t.a = 1 and t.b = 2 and t.c = 3");
        check("t.a = 1 and (t.b = 2 or t.b = 3)", "t.a = 1 and (t.b = 2 or t.b = 3) and t.c = 3");
        check("t.a = 1 or t.b = 2", "(t.a = 1 or t.b = 2) and t.c = 3");
        check("(t.a = 1)or(t.b = 2)", "((t.a = 1)or(t.b = 2)) and t.c = 3");
        check("t.a = \"x or y\"", "t.a = \"x or y\" and t.c = 3");
    }

    #[test]
    fn hits_go_around() {
        let hits = [AlertId(1), AlertId(5), AlertId(9)];
        assert_eq!(next_hit(&hits, Some(AlertId(5)), true), Some(AlertId(1)));
        assert_eq!(next_hit(&hits, Some(AlertId(1)), true), Some(AlertId(9)));
        assert_eq!(next_hit(&hits, Some(AlertId(9)), false), Some(AlertId(1)));
        assert_eq!(next_hit(&hits, None, true), Some(AlertId(9)));
    }
}
