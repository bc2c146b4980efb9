//! Which alert a person means by a number, an id or a uuid.

use super::session::Session;
use crate::model::AlertId;
use crate::report::record;
use crate::text::plural;

/// Why no alert is what `wanted` names, as a sentence.
pub fn missing(wanted: &str, session: &Session, order: &[AlertId]) -> String {
    let n_read = plural(order.len() as u64, "alert was read", "alerts were read");
    match (place(session, order, wanted), order.is_empty()) {
        (Some(_), _) => format!("the filter leaves alert {wanted} out"),
        (None, true) => format!("there is no alert {wanted}: none was read"),
        (None, false) => {
            format!(
                "there is no alert {wanted}: {n_read}; a number from 1, an id or a uuid names one"
            )
        }
    }
}

/// The place in `order` of the alert that `wanted` names: its number from 1, its id from `list --json`, or its uuid.
pub fn place(session: &Session, order: &[AlertId], wanted: &str) -> Option<usize> {
    if let Ok(number) = wanted.parse::<usize>()
        && wanted.len() < 12
    {
        return number.checked_sub(1).filter(|place| *place < order.len());
    }
    order.iter().position(|id| {
        session.alert(*id).is_ok_and(|(_, alert)| {
            alert.uuid.as_deref() == Some(wanted) || record::id(&alert) == wanted
        })
    })
}
