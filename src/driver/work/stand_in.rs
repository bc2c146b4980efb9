//! Stands in for `report::markdown` until it is there; to be removed then.

use crate::analysis::Analysis;
use crate::model::Alert;

pub(super) fn markdown(alert: &Alert, analysis: &Analysis) -> String {
    format!("# {}\n\n{}\n", crate::text::printable(alert.rule_name()), analysis.headline)
}
