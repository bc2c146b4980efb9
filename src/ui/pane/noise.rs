//! Which rules and groups make the most noise, and what an exception for a false positive would spare and hide.

use crate::model::{AlertId, Status, Verdict};
use crate::store::Store;
use crate::text::{count, plural, shown};
use crate::theme::Role;
use crate::ui::desk::Desk;
use crate::ui::paint::Line;
use crate::ui::settings::Settings;
use crate::ui::widget::prose::Prose;
use std::collections::BTreeMap;

/// Rules listed.
const RULES: usize = 40;
/// Places listed under a rule.
const PLACES: usize = 4;

#[derive(Debug, Default)]
struct Noise {
    n: u64,
    n_false: u64,
    /// By image, or container where no image is known.
    places: BTreeMap<String, (u64, u64)>,
}

/// Writes the page.
pub fn lines(store: &Store, desk: &Desk, settings: &Settings, width: u16) -> Vec<Line> {
    let mut prose = Prose::new(width);
    let mut rules: BTreeMap<String, Noise> = BTreeMap::new();
    for at in 0..store.len() {
        let id = AlertId(u32::try_from(at).unwrap_or(u32::MAX));
        let Some(row) = store.row(id) else { continue };
        // What was closed as a false positive stays one when it comes back.
        let is_false = desk.standing(store, id).is_some_and(|standing| {
            standing.decided_status() == Status::Closed
                && standing.verdict() == Some(Verdict::FalsePositive)
        });
        let place = row.container.image.or(row.container.name).or(row.container.id);
        let place = place.filter(|place| !place.is_empty()).unwrap_or("unknown place");
        let noise = match rules.get_mut(row.rule_name()) {
            Some(noise) => noise,
            None => rules.entry(row.rule_name().to_owned()).or_default(),
        };
        noise.n += 1;
        noise.n_false += u64::from(is_false);
        let own = noise.places.entry(place.to_owned()).or_default();
        own.0 += 1;
        own.1 += u64::from(is_false);
    }
    let all: u64 = rules.values().map(|noise| noise.n).sum();
    let mut sorted: Vec<(&String, &Noise)> = rules.iter().collect();
    sorted.sort_by_key(|(name, noise)| (std::cmp::Reverse((noise.n_false, noise.n)), *name));
    prose.text(
        Role::Muted,
        1,
        "Most false positives first, then most alerts. An exception for a rule and an image spares what is counted; \
         what it hides besides was not closed as a false positive.",
    );
    prose.gap();
    for (name, noise) in sorted.into_iter().take(RULES) {
        let most = usize::try_from(noise.n * 10 / all.max(1)).unwrap_or(0).max(1);
        let bar = settings.signs.bar(1, 1).repeat(most);
        let share = noise.n_false * 100 / noise.n.max(1);
        prose.push(
            Line::of(Role::Text, format!(" {:>9}  ", count(noise.n)))
                .and(Role::Sparkline, format!("{bar:<10}  "))
                .and(Role::Strong, shown(name, 56))
                .right(
                    if share > 0 { Role::FactDown } else { Role::Muted },
                    format!("{share} % false "),
                ),
        );
        let mut places: Vec<_> = noise.places.iter().filter(|(_, own)| own.1 > 0).collect();
        places.sort_by_key(|(_, own)| std::cmp::Reverse(own.1));
        for (place, (n, n_false)) in places.into_iter().take(PLACES) {
            let beside = n - n_false;
            let beside = match beside {
                0 => "hides nothing else".to_owned(),
                n => format!("would hide {} besides", plural(n, "other alert", "other alerts")),
            };
            prose.text(
                if n > n_false { Role::StateWarn } else { Role::Muted },
                14,
                &format!("{}: an exception spares {}, {beside}", shown(place, 50), count(*n_false)),
            );
        }
    }
    prose.lines
}
