//! What could be typed next in the filter line: what the language allows there, with what this log holds.

use super::overlay::{Counts, Offer};
use crate::model::{Alert, AlertId, Priority};
use crate::query::{self, Names, Suggestion, Suggests, Values};
use crate::store::{Kind, Row, Store};
use crate::text::{count, shown};
use rustc_hash::FxHashMap;
use std::cell::RefCell;

/// Offers made at once.
const MOST: usize = 8;
/// Operators are few: all that fit are shown.
const OPERATORS: usize = 20;
/// Alerts whose columns are looked at for values, the newest first.
const NEWEST: u32 = 20_000;

/// What is known of the log while somebody types.
pub struct Log<'a> {
    pub store: &'a Store,
    /// The alert that is shown beside.
    pub alert: Option<&'a Alert>,
    /// Values of a field without a column that were counted in the background.
    pub counts: Option<&'a Counts>,
    /// The field whose values nobody has counted yet.
    pub wanted: RefCell<Option<String>>,
}

impl<'a> Log<'a> {
    pub fn new(store: &'a Store, alert: Option<&'a Alert>, counts: Option<&'a Counts>) -> Self {
        Self { store, alert, counts, wanted: RefCell::new(None) }
    }
}

/// What fits at a place of the text, counted in bytes.
pub fn offers(text: &str, cursor: usize, names: &Names, log: &Log<'_>) -> Vec<Offer> {
    let mut made = query::complete(text, cursor, names, log);
    // What is there already is no offer.
    made.retain(|made| text.get(made.replaces.clone()) != Some(made.insert.as_str()));
    let most = match made.first() {
        Some(first) if first.kind == Suggests::Operator => OPERATORS,
        _ => MOST,
    };
    made.into_iter().take(most).map(offer).collect()
}

fn offer(made: Suggestion) -> Offer {
    let times = made.count.map(|n| match n {
        1 => "once".to_owned(),
        n => format!("{} times", count(n)),
    });
    let note = match made.kind {
        Suggests::Field => format!("{} · {}", made.type_name, made.says),
        Suggests::Value => times.unwrap_or(made.says),
        _ => made.says,
    };
    // What must be followed by something is followed by a blank at once.
    let goes_on = match made.kind {
        Suggests::Operator => made.insert != "exists",
        Suggests::Word => matches!(made.insert.as_str(), "and" | "or" | "not"),
        _ => false,
    };
    let blank = if goes_on { " " } else { "" };
    Offer { replaces: made.replaces, text: made.insert + blank, note: shown(&note, 120) }
}

impl Values for Log<'_> {
    fn values(&self, field: &str, typed: &str, most: usize) -> Vec<(String, u64)> {
        let typed = typed.to_lowercase();
        let fits = |value: &str| value.to_lowercase().contains(&typed);
        let Some(column) = column(field) else {
            let counted = self.counts.filter(|counts| counts.field == field);
            if counted.is_none() {
                self.wanted.replace(Some(field.to_owned()));
            }
            let values = counted.into_iter().flat_map(|counts| &counts.values);
            return values.filter(|(value, _)| fits(value)).take(most).cloned().collect();
        };
        // Most rows are alike: of each kind one is looked at.
        let kind = kind(field);
        let mut kinds: FxHashMap<u32, (AlertId, u64)> = FxHashMap::default();
        let end = u32::try_from(self.store.len()).unwrap_or(u32::MAX);
        for id in (end.saturating_sub(NEWEST)..end).map(AlertId) {
            if let Some(kind) = self.store.kind(id, kind) {
                kinds.entry(kind).or_insert((id, 0)).1 += 1;
            }
        }
        let mut counts: FxHashMap<&str, u64> = FxHashMap::default();
        for (id, n) in kinds.into_values() {
            let Some(row) = self.store.row(id) else { continue };
            if let Some(value) = column(&row) {
                *counts.entry(value).or_default() += n;
            }
        }
        let mut sorted: Vec<_> = counts.into_iter().filter(|(value, _)| fits(value)).collect();
        sorted.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        sorted.into_iter().take(most).map(|(value, n)| (value.to_owned(), n)).collect()
    }

    /// Those of the alert that is shown are likelier meant than those of the catalogue.
    fn fields(&self) -> Vec<(String, u64)> {
        let fields = self.alert.into_iter().flat_map(|alert| alert.fields.iter());
        fields.map(|(name, _)| (name.to_owned(), 1)).collect()
    }
}

/// What rows with the same value of a field have in common.
fn kind(field: &str) -> Kind {
    match field {
        "alert.priority" => Kind::Priority,
        "proc.name" => Kind::Process,
        _ => Kind::Cell,
    }
}

type Column = for<'r> fn(&Row<'r>) -> Option<&'r str>;

/// The column that holds a field as it is.
fn column(field: &str) -> Option<Column> {
    Some(match field {
        "alert.rule" => |row| row.rule,
        "alert.priority" => |row| row.priority.map(Priority::name),
        "alert.source" => |row| row.event_source,
        "alert.hostname" | "evt.hostname" => |row| row.hostname,
        "container.id" => |row| row.container.id,
        "container.name" => |row| row.container.name,
        "container.image.repository" => |row| row.container.image,
        "k8s.ns.name" => |row| row.namespace,
        "k8s.pod.name" => |row| row.pod,
        "proc.name" => |row| row.process,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let store = Store::default();
        let counts = Counts {
            generation: 1,
            field: "user.name".to_owned(),
            values: vec![("root".to_owned(), 7), ("a b".to_owned(), 1)],
        };
        let log = Log::new(&store, None, Some(&counts));
        let offers = offers(text, text.len(), &Names::default(), &log);
        let texts: Vec<&str> = offers.iter().map(|offer| offer.text.as_str()).collect();
        for expected in expected {
            assert!(texts.contains(expected), "{text}: {expected} is not in {texts:?}");
        }
        assert_eq!(texts.is_empty(), expected.is_empty(), "{text}: {texts:?}");
    }

    #[test]
    fn what_the_language_allows_there_is_offered() {
        check("user.na", &["user.name"]);
        check("user.name ", &["= ", "in ", "contains ", "exists"]);
        check("user.name = ", &["root", "\"a b\""]);
        check("user.name = r", &["root"]);
        check("user.name in (root, ", &["root", "\"a b\""]);
        check("not user.name = ro", &["root"]);
        check("alert.priority >= war", &["Warning"]);
        check("user.name = root ", &["and ", "or "]);
        check("user.name = root", &[]);
        check("(user.name = root ", &["and ", ")"]);
    }

    #[test]
    fn a_field_that_nobody_counted_is_asked_for() {
        let store = Store::default();
        let log = Log::new(&store, None, None);
        offers("fd.sip = 10", 11, &Names::default(), &log);
        assert_eq!(log.wanted.borrow().as_deref(), Some("fd.sip"));
        let log = Log::new(&store, None, None);
        offers("proc.name = s", 13, &Names::default(), &log);
        assert_eq!(*log.wanted.borrow(), None);
    }
}
