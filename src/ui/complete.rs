//! What could be typed next in the filter line: fields, operators that fit their type, values that this log holds.

use super::overlay::Offer;
use crate::query::{Operator, fields};
use crate::store::Store;
use crate::text::shown;

/// Offers made at once.
const MOST: usize = 8;

/// What fits the text before the cursor.
pub fn offers(before: &str, store: &Store) -> Vec<Offer> {
    let word_start = before.rfind([' ', '(', ',']).map_or(0, |at| at + 1);
    let (done, word) = before.split_at_checked(word_start).unwrap_or(("", before));
    let mut words = done.split_whitespace().rev();
    let last = words.next().unwrap_or("").trim_start_matches('(');
    if Operator::parse(last).is_some() {
        let field = words.next().unwrap_or("").trim_start_matches('(');
        return values(field, word, store);
    }
    if fields::find(last).is_some() {
        return operators(last, word);
    }
    let is_new = matches!(last, "" | "and" | "or" | "not");
    if is_new { names(word) } else { joints(word) }
}

fn names(word: &str) -> Vec<Offer> {
    if word.is_empty() {
        return Vec::new();
    }
    let mut found: Vec<_> =
        fields::all().iter().filter(|entry| entry.name.contains(word)).collect();
    found.sort_by_key(|entry| (!entry.name.starts_with(word), entry.name.len()));
    let offer = |entry: &&fields::Entry| Offer {
        replaces: word.len(),
        text: entry.name.to_owned(),
        note: format!("{} · {}", entry.falco_type, entry.says),
    };
    found.iter().take(MOST).map(offer).collect()
}

fn operators(field: &str, word: &str) -> Vec<Offer> {
    let Some(entry) = fields::find(field) else { return Vec::new() };
    Operator::ALL
        .iter()
        .filter(|operator| operator.fits(entry.kind) && operator.word().starts_with(word))
        .take(MOST + 6)
        .map(|operator| Offer {
            replaces: word.len(),
            text: format!("{} ", operator.word()),
            note: operator.says().to_owned(),
        })
        .collect()
}

fn joints(word: &str) -> Vec<Offer> {
    [("and", "both hold"), ("or", "one of them holds")]
        .into_iter()
        .filter(|(name, _)| name.starts_with(word))
        .map(|(name, note)| Offer {
            replaces: word.len(),
            text: format!("{name} "),
            note: note.to_owned(),
        })
        .collect()
}

/// Values of the newest alerts, with how often they occur there.
fn values(field: &str, word: &str, store: &Store) -> Vec<Offer> {
    const NEWEST: usize = 20_000;
    let typed = word.trim_start_matches(['"', '\'']);
    let end = u32::try_from(store.len()).unwrap_or(u32::MAX);
    let mut counts: std::collections::BTreeMap<&str, u64> = std::collections::BTreeMap::new();
    for id in (0..end).rev().take(NEWEST).map(crate::model::AlertId) {
        let Some(row) = store.row(id) else { continue };
        let value = match field {
            "alert.rule" => row.rule,
            "alert.priority" => row.priority.map(crate::model::Priority::name),
            "alert.source" => row.event_source,
            "alert.hostname" | "evt.hostname" => row.hostname,
            "container.id" => row.container.id,
            "container.name" => row.container.name,
            "container.image.repository" => row.container.image,
            "k8s.ns.name" => row.namespace,
            "k8s.pod.name" => row.pod,
            "proc.name" => row.process,
            _ => None,
        };
        if let Some(value) =
            value.filter(|value| value.to_lowercase().contains(&typed.to_lowercase()))
        {
            *counts.entry(value).or_default() += 1;
        }
    }
    let mut sorted: Vec<(&str, u64)> = counts.into_iter().collect();
    sorted.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    sorted
        .into_iter()
        .take(MOST)
        .map(|(value, n)| {
            let check = super::narrow::equals("x", value);
            let text = check.strip_prefix("x = ").unwrap_or(value).to_owned();
            Offer {
                replaces: word.len(),
                note: format!("{} times", crate::text::count(n)),
                text: shown(&text, 200),
            }
        })
        .collect()
}
