//! What the neighbors add: several tactics in one container within minutes are a story, a loop is one thing.

use super::attack::tactics;
use super::facts::{self, Mark, Runtime, Told, ancestry_drill};
use super::outcome::Related;
use crate::model::{Alert, AlertId};
use jiff::SignedDuration;

/// How far apart the acts of one story may lie.
const WITHIN: SignedDuration = SignedDuration::from_mins(10);
/// How many neighbors are listed.
const LISTED: usize = 20;
/// How many acts of a story are told.
const TOLD: usize = 8;

/// When an alert came, its rule, and the tactics that the rule names.
type Act<'a> = (jiff::Timestamp, &'a str, &'a [&'a str]);

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
    /// What tells best which runtime the container has, among its other alerts.
    pub runtime: Option<(Runtime, Told)>,
}

/// What a story needs of a neighbor: little enough to be kept for thousands.
#[derive(Clone, Debug)]
pub struct Brief {
    time: Option<jiff::Timestamp>,
    rule: Option<Box<str>>,
    hostname: Option<Box<str>>,
    container: Here,
    command: Option<Box<str>>,
    pid: Option<i128>,
    tactics: Vec<&'static str>,
    is_drill: bool,
    runtime: (Runtime, Told),
}

/// Where an alert is, as far as that can be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Here {
    /// The first twelve characters of the id.
    id: Option<Box<str>>,
    is_known: bool,
    name: Option<Box<str>>,
}

impl Brief {
    pub fn of(alert: &Alert) -> Self {
        Self {
            time: alert.time,
            rule: alert.rule.clone(),
            hostname: alert.hostname.clone(),
            container: Here::of(alert),
            command: alert.fields.text("proc.cmdline").map(Box::from),
            pid: alert.fields.number("proc.pid"),
            tactics: tactics(&alert.tags),
            is_drill: ancestry_drill(alert).is_some(),
            runtime: facts::runtime(alert, facts::place(alert)),
        }
    }

    fn rule_name(&self) -> &str {
        self.rule.as_deref().unwrap_or("(no rule name)")
    }
}

impl Here {
    fn of(alert: &Alert) -> Self {
        let container = alert.container();
        let short = |id: &str| id.chars().take(12).collect::<String>().into_boxed_str();
        Self {
            id: container.id.map(short),
            is_known: container.id.is_some_and(|id| !id.is_empty() && id != "host"),
            name: container.name.map(Box::from),
        }
    }

    fn is_that_of(&self, other: &Self) -> bool {
        if self.is_known || other.is_known {
            return self.id == other.id;
        }
        self.name.as_deref().is_some_and(|name| !name.is_empty() && name != "host")
            && other.name == self.name
    }
}

/// Reads the neighbors of an alert, whose own brief is at hand.
pub fn read<'a>(
    alert: &Alert,
    own: &Brief,
    neighbors: impl Iterator<Item = (AlertId, &'a Brief)>,
) -> Story {
    let mut story = Story::default();
    let mut acts: Vec<Act> = Vec::new();
    let mut others: Vec<&str> = Vec::new();
    for (id, neighbor) in neighbors {
        let near = match (own.time, neighbor.time) {
            (Some(a), Some(b)) => a.duration_since(b).abs() <= WITHIN,
            _ => false,
        };
        let here = own.container.is_that_of(&neighbor.container);
        let repeats = own.rule == neighbor.rule && here && own.command == neighbor.command;
        story.n_repeats += usize::from(repeats);
        // Another host's container may have the same name, and another runtime.
        let is_same = here && (own.container.is_known || own.hostname == neighbor.hostname);
        if is_same && story.runtime.is_none_or(|(_, told)| told < neighbor.runtime.1) {
            story.runtime = Some(neighbor.runtime);
        }
        if here && near && !repeats && !neighbor.is_drill {
            if let Some(time) = neighbor.time.filter(|_| !neighbor.tactics.is_empty()) {
                acts.push((time, neighbor.rule_name(), &neighbor.tactics));
            }
            for tactic in &neighbor.tactics {
                if !own.tactics.contains(tactic) && !others.contains(tactic) {
                    others.push(*tactic);
                }
            }
        }
        if let Some(why) = why(own, neighbor, here, near)
            && story.related.len() < LISTED
            && !(repeats && story.related.iter().any(|known| known.why.starts_with("repeats")))
        {
            let why = if repeats { "repeats this alert" } else { why };
            story.related.push(Related {
                id,
                rule: neighbor.rule_name().to_owned(),
                why: why.to_owned(),
            });
        }
    }
    story.n_tactics = others.len();
    if !others.is_empty() && !own.is_drill {
        tell(&mut story, alert, acts, (&own.tactics, &others));
    }
    story
}

/// The summary tells the acts one by one; the reason says what of them weighs.
fn tell<'a>(
    story: &mut Story,
    alert: &'a Alert,
    mut acts: Vec<Act<'a>>,
    (own, others): (&'a [&'a str], &[&str]),
) {
    if let Some(time) = alert.time.filter(|_| !own.is_empty()) {
        acts.push((time, alert.rule_name(), own));
    }
    acts.sort();
    acts.dedup_by(|a, b| a.1 == b.1);
    let mut told: Vec<_> = acts
        .iter()
        .take(TOLD)
        .map(|(time, rule, tactics)| {
            let tactics = tactics.join(", ").replace('-', " ");
            format!("{} {rule} ({tactics})", time.strftime("%H:%M:%S"))
        })
        .collect();
    if acts.len() > TOLD {
        told.push(format!("{} more", acts.len() - TOLD));
    }
    let told = format!("One container, several steps within minutes: {}.", told.join("; "));
    let weight = if story.n_tactics >= 2 { 2 } else { 1 };
    story.marks.push(Mark {
        id: "neighbors",
        field: super::assess::NEIGHBORS,
        says: format!(
            "Other alerts of this container, within minutes, speak of other tactics: {}.",
            others.join(", ").replace('-', " ")
        ),
        weight,
    });
    story.told = Some(told);
}

fn why(own: &Brief, other: &Brief, here: bool, near: bool) -> Option<&'static str> {
    let same_host = own.hostname == other.hostname;
    if own.pid.is_some() && own.pid == other.pid && same_host {
        return Some("same process");
    }
    if here {
        return Some("same container");
    }
    (near && own.hostname.is_some() && same_host).then_some("same host, same minutes")
}
