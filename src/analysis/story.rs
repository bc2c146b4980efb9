//! What the neighbors add: several tactics in one container within minutes are a story, a loop is one thing.

use super::Neighbour;
use super::attack::tactics;
use super::facts::{Mark, ancestry_drill};
use super::outcome::Related;
use crate::model::Alert;
use jiff::SignedDuration;

/// How far apart the acts of one story may lie.
const WITHIN: SignedDuration = SignedDuration::from_mins(10);
/// How many neighbors are listed.
const LISTED: usize = 20;

/// What was seen near an alert.
#[derive(Clone, Debug, Default)]
pub struct Story {
    pub related: Vec<Related>,
    /// Other tactics than the alert's own, in the same container.
    pub n_tactics: usize,
    pub told: Option<String>,
    pub marks: Vec<Mark>,
    /// How many neighbors repeat this very alert.
    pub n_repeats: usize,
}

/// Reads the neighbors.
pub fn read(alert: &Alert, neighbors: &[Neighbour<'_>]) -> Story {
    let mut story = Story::default();
    let own = tactics(&alert.tags);
    let mut acts: Vec<(jiff::Timestamp, String, &str)> = Vec::new();
    let mut others: Vec<String> = Vec::new();
    for neighbor in neighbors {
        let near = match (alert.time, neighbor.alert.time) {
            (Some(a), Some(b)) => a.duration_since(b).abs() <= WITHIN,
            _ => false,
        };
        let here = same_container(alert, neighbor.alert);
        let repeats = alert.rule == neighbor.alert.rule
            && here
            && alert.fields.text("proc.cmdline") == neighbor.alert.fields.text("proc.cmdline");
        story.n_repeats += usize::from(repeats);
        if here && near && !repeats && ancestry_drill(neighbor.alert).is_none() {
            for tactic in tactics(&neighbor.alert.tags) {
                if let Some(time) = neighbor.alert.time {
                    acts.push((time, tactic.clone(), neighbor.alert.rule_name()));
                }
                if !own.contains(&tactic) && !others.contains(&tactic) {
                    others.push(tactic);
                }
            }
        }
        if let Some(why) = why(alert, neighbor.alert, here, near)
            && story.related.len() < LISTED
            && !(repeats && story.related.iter().any(|known| known.why.starts_with("repeats")))
        {
            let why = if repeats { "repeats this alert".to_owned() } else { why };
            story.related.push(Related {
                id: neighbor.id,
                rule: neighbor.alert.rule_name().to_owned(),
                why,
            });
        }
    }
    story.n_tactics = others.len();
    if !others.is_empty() && ancestry_drill(alert).is_none() {
        tell(&mut story, alert, acts, &own);
    }
    story
}

fn tell<'a>(
    story: &mut Story,
    alert: &'a Alert,
    mut acts: Vec<(jiff::Timestamp, String, &'a str)>,
    own: &[String],
) {
    if let (Some(time), Some(tactic)) = (alert.time, own.first()) {
        acts.push((time, tactic.clone(), alert.rule_name()));
    }
    acts.sort();
    acts.dedup_by(|a, b| a.1 == b.1 && a.2 == b.2);
    let told: Vec<_> = acts
        .iter()
        .take(8)
        .map(|(time, tactic, rule)| {
            format!("{} {rule} ({})", time.strftime("%H:%M:%S"), tactic.replace('-', " "))
        })
        .collect();
    let told = format!("One container, several steps within minutes: {}.", told.join("; "));
    let weight = if story.n_tactics >= 2 { 2 } else { 1 };
    story.marks.push(Mark {
        id: "neighbors",
        field: super::assess::NEIGHBORS,
        says: told.clone(),
        weight,
    });
    story.told = Some(told);
}

fn same_container(a: &Alert, b: &Alert) -> bool {
    let (here, there) = (a.container(), b.container());
    let known = |id: Option<&str>| id.is_some_and(|id| !id.is_empty() && id != "host");
    if known(here.id) || known(there.id) {
        let short = |id: Option<&'_ str>| id.map(|id| id.chars().take(12).collect::<String>());
        return short(here.id) == short(there.id);
    }
    here.name.is_some_and(|name| !name.is_empty() && name != "host" && there.name == Some(name))
}

fn why(a: &Alert, b: &Alert, here: bool, near: bool) -> Option<String> {
    let pid = a.fields.number("proc.pid");
    if pid.is_some() && pid == b.fields.number("proc.pid") && a.hostname == b.hostname {
        return Some("same process".to_owned());
    }
    if here {
        return Some("same container".to_owned());
    }
    (near && a.hostname.is_some() && a.hostname == b.hostname)
        .then(|| "same host, same minutes".to_owned())
}
