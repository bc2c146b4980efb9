//! The alerts that differ most from each other, so that a person sees what an exception would hide besides the one they mean.

use super::nature::TELLING;
use crate::model::Alert;

/// One alert that would be hidden, and in what it differs from the confirmed one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Different {
    /// Its place in what was given.
    pub place: usize,
    /// Field and value as received; empty when only the time differs.
    pub fields: Vec<(String, String)>,
}

/// The values by which alerts are compared.
pub fn signature(alert: &Alert) -> Vec<Option<String>> {
    let host = alert.hostname.as_deref().map(str::to_owned);
    TELLING
        .iter()
        .map(|field| alert.fields.known(field).map(|value| value.display().into_owned()))
        .chain([host])
        .collect()
}

fn distance(one: &[Option<String>], other: &[Option<String>]) -> usize {
    one.iter().zip(other).filter(|(one, other)| one != other).count()
}

/// Up to `n` of the alerts: first the one that differs most from `from`, then always the one farthest from all taken.
/// `from` itself is left out (`own` is its place); of equals the earlier is taken.
pub fn most_different(
    from: &Alert,
    own: Option<usize>,
    alerts: &[&Alert],
    n: usize,
) -> Vec<Different> {
    let base = signature(from);
    let signatures: Vec<_> = alerts.iter().map(|alert| signature(alert)).collect();
    let mut nearest: Vec<usize> = signatures.iter().map(|each| distance(&base, each)).collect();
    let mut taken: Vec<usize> = Vec::new();
    while taken.len() < n {
        let best = nearest
            .iter()
            .enumerate()
            .filter(|(place, _)| Some(*place) != own && !taken.contains(place))
            .max_by_key(|(place, distance)| (**distance, usize::MAX - place));
        let Some((place, _)) = best else { break };
        taken.push(place);
        let Some(signature) = signatures.get(place) else { break };
        for (near, each) in nearest.iter_mut().zip(&signatures) {
            *near = (*near).min(distance(signature, each));
        }
    }
    let names = TELLING.iter().copied().chain(["hostname"]);
    taken
        .into_iter()
        .filter_map(|place| {
            let signature = signatures.get(place)?;
            let fields = names
                .clone()
                .zip(signature.iter().zip(&base))
                .filter(|(_, (own, base))| own != base)
                .map(|(name, (own, _))| {
                    (name.to_owned(), own.clone().unwrap_or_else(|| "<NA>".to_owned()))
                })
                .collect();
            Some(Different { place, fields })
        })
        .collect()
}
