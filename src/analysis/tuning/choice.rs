//! Which fields an exception rests on: enough to tell the known thing from anything else, one of them out of its reach.

use super::nature::{Nature, nature, why_chosen};
use super::value::{self, Comparison};
use super::{Refusal, Wish};
use crate::model::{Alert, Value};

/// The most fields an exception gets unless a person names them.
const MOST_FIELDS: usize = 4;
/// The most sets of values one exception may hold; more are no longer one known thing.
const MOST_VALUES: usize = 12;
/// What is taken when a playbook's own fields are not enough, best first.
const FURTHER: [&str; 12] = [
    "container.image.repository",
    "k8s.ns.name",
    "ka.user.name",
    "proc.pexepath",
    "proc.exepath",
    "user.name",
    "user.loginname",
    "proc.cmdline",
    "fd.name",
    "proc.pname",
    "proc.pcmdline",
    "proc.name",
];

/// The same for the logs of clouds and services, where the alert has them.
const OF_SERVICES: [&str; 9] = [
    "ct.user",
    "ct.name",
    "gcp.user",
    "gcp.methodName",
    "okta.actor.alternateid",
    "okta.evt.type",
    "github.user",
    "github.repo",
    "ka.target.resource",
];

const SAYS_NOTHING: &str = "its value says next to nothing";

/// One usable field with its value in every alert.
pub struct Column {
    pub field: String,
    pub nature: Nature,
    pub comparison: Comparison,
    pub values: Vec<String>,
    /// No alert's value is one that anything might have.
    pub is_telling: bool,
    /// Why whoever attacks could have chosen the value, where they could.
    why: Option<String>,
}

impl Column {
    pub fn is(&self, nature: Nature) -> bool {
        self.is_telling && self.nature == nature
    }

    fn n_different(&self) -> usize {
        let mut values: Vec<&String> = self.values.iter().collect();
        values.sort_unstable();
        values.dedup();
        values.len()
    }
}

/// What was chosen.
pub struct Chosen {
    pub columns: Vec<Column>,
    /// The different sets of values, in the order of the alerts.
    pub sets: Vec<Vec<String>>,
    /// Fields that differ too much from alert to alert to be compared.
    pub left_out: Vec<String>,
}

/// Chooses fields whose values stand in all alerts, or says why there are not enough.
pub fn choose(alerts: &[&Alert], wish: &Wish<'_>) -> Result<Chosen, Refusal> {
    let mut unusable: Vec<(String, String)> = Vec::new();
    let mut columns: Vec<Column> = Vec::new();
    let named = wish.fields.iter().map(String::as_str);
    let n_named = wish.fields.len();
    let has = |field: &&str| alerts.iter().all(|alert| alert.fields.known(field).is_some());
    let of_services = OF_SERVICES.into_iter().filter(has);
    let further = of_services.chain(FURTHER).filter(|_| !wish.is_exact);
    for (at, field) in named.chain(further).enumerate() {
        let is_known = columns.iter().any(|column| column.field == field)
            || unusable.iter().any(|(name, _)| name == field);
        if is_known || (!wish.is_exact && at < n_named && columns.len() >= MOST_FIELDS) {
            continue;
        }
        match column(field, alerts, wish) {
            Err(why) => unusable.push((field.to_owned(), why)),
            // What nobody asked for is taken only for what is still missing.
            Ok(column)
                if at < n_named
                    || (column.is_telling && !columns.iter().any(|own| own.is(column.nature))) =>
            {
                columns.push(column);
            }
            Ok(column) => {
                let nothing = || (!column.is_telling).then(|| SAYS_NOTHING.to_owned());
                if let Some(why) = column.why.clone().or_else(nothing) {
                    unusable.push((column.field, why));
                }
            }
        }
    }
    if !wish.is_exact {
        keep_what_tells(&mut columns);
    }
    if wish.is_exact && !unusable.is_empty() {
        return Err(Refusal {
            what: "a named field cannot be part of it".to_owned(),
            fields: unusable,
        });
    }
    if let Some(what) = too_little(&columns) {
        for column in columns {
            let why = column.why.or_else(|| (!column.is_telling).then(|| SAYS_NOTHING.to_owned()));
            if let Some(why) = why {
                unusable.push((column.field, why));
            }
        }
        return Err(Refusal { what, fields: unusable });
    }
    let mut left_out = Vec::new();
    loop {
        let sets = sets(&columns, alerts.len());
        if sets.len() <= MOST_VALUES {
            return Ok(Chosen { columns, sets, left_out });
        }
        let spare = if wish.is_exact { None } else { spare(&columns) };
        let Some(at) = spare else {
            return Err(Refusal {
                what: format!(
                    "the alerts differ in more than {MOST_VALUES} ways: that is no single known thing"
                ),
                fields: unusable,
            });
        };
        left_out.push(columns.remove(at).field);
    }
}

/// Leaves out what says nothing where enough is left that does; a chosen value stays when there is no better one, because it
/// makes the exception narrower.
fn keep_what_tells(columns: &mut Vec<Column>) {
    if columns.iter().filter(|column| column.is_telling).count() < 2 {
        return;
    }
    let has_chosen = columns.iter().any(|column| column.is(Nature::Chosen));
    columns.retain(|column| column.is_telling || (!has_chosen && column.nature == Nature::Chosen));
}

/// Why these fields would let through more than the known thing.
fn too_little(columns: &[Column]) -> Option<String> {
    let names: Vec<&str> = columns.iter().map(|column| column.field.as_str()).collect();
    if names.is_empty() {
        return Some("the alert holds no value that an exception could rest on".to_owned());
    }
    if !columns.iter().any(|column| column.is(Nature::Given)) {
        return Some(format!(
            "whoever attacks chooses the values of {}: an exception needs an image, a namespace, an installed program or an account that cannot be chosen; Falco adds such fields to its alerts by append_output",
            names.join(", ")
        ));
    }
    if let [only] = names.as_slice() {
        return Some(format!("{only} alone would let through whatever else has that value"));
    }
    if columns.iter().filter(|column| column.is_telling).count() < 2 {
        return Some(format!(
            "only one of {} has a value that tells this from anything else",
            names.join(", ")
        ));
    }
    None
}

/// The field that differs most among the alerts and that the exception can do without.
fn spare(columns: &[Column]) -> Option<usize> {
    let can_go = |at: usize| {
        let rest = || columns.iter().enumerate().filter(move |(n, _)| *n != at).map(|(_, c)| c);
        rest().any(|column| column.is(Nature::Given))
            && rest().any(|column| column.is(Nature::Chosen))
    };
    (0..columns.len())
        .filter(|at| can_go(*at))
        .filter_map(|at| Some((columns.get(at)?.n_different(), at)))
        .filter(|(n, _)| *n > 1)
        .max_by_key(|(n, at)| (*n, usize::MAX - at))
        .map(|(_, at)| at)
}

fn column(field: &str, alerts: &[&Alert], wish: &Wish<'_>) -> Result<Column, String> {
    let source =
        alerts.first().and_then(|alert| alert.event_source.as_deref()).unwrap_or("syscall");
    let by_field = nature(field, source)?;
    let mut parts = Vec::new();
    for alert in alerts {
        let value = alert
            .fields
            .known(field)
            .ok_or_else(|| "the alert holds no value for it".to_owned())?;
        if matches!(value, Value::Array(_) | Value::Object(_)) {
            return Err("a list cannot be compared as a whole".to_owned());
        }
        parts.push(value::comparable(field, &value.display(), wish.is_list)?);
    }
    let comparison =
        parts.iter().map(|(comparison, _)| *comparison).find(|c| *c != Comparison::Equal);
    let comparison = comparison.unwrap_or(Comparison::Equal);
    // One operator serves all values of a field.
    let agree = parts.iter().all(|(own, text)| match comparison {
        Comparison::EndsWith => *own == comparison,
        // A whole value that is compared by its beginning must be as telling as a beginning.
        Comparison::StartsWith => *own == comparison || value::is_enough_to_begin(text),
        Comparison::Equal => true,
    });
    if !agree {
        return Err("the alerts' values cannot be compared in one way".to_owned());
    }
    let values: Vec<String> = parts.into_iter().map(|(_, value)| value).collect();
    let is_telling = !values.iter().any(|value| value::is_generic(value));
    let why = if comparison == Comparison::StartsWith && by_field != Nature::Given {
        Some("only its beginning can be compared".to_owned())
    } else {
        alerts.iter().zip(&values).find_map(|(alert, value)| why_chosen(field, value, alert))
    };
    let nature =
        if by_field == Nature::Given && why.is_none() { Nature::Given } else { Nature::Chosen };
    Ok(Column { field: field.to_owned(), nature, comparison, values, is_telling, why })
}

fn sets(columns: &[Column], n_alerts: usize) -> Vec<Vec<String>> {
    let mut sets: Vec<Vec<String>> = Vec::new();
    for at in 0..n_alerts {
        let set: Vec<String> =
            columns.iter().filter_map(|column| column.values.get(at).cloned()).collect();
        if !sets.contains(&set) {
            sets.push(set);
        }
        if sets.len() > MOST_VALUES {
            break;
        }
    }
    sets
}
