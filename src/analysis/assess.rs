//! How bad it is: signals and facts weighed, known identities proven or unmasked.
//!
//! Falco's priority is only where it starts. Nothing that a program chooses itself (names, arguments) lowers a level;
//! image, layer, parent, namespace and the kernel's results do.

use super::facts::{Case, Facts, Mark};
use super::library::Playbooks;
use super::outcome::{Assessment, Direction, Reason};
use super::playbook::{Known, Playbook};
use super::wording::fill;
use crate::model::{Alert, Level, Priority};
use std::sync::LazyLock;

/// A known identity that an alert looks like.
#[derive(Clone, Debug)]
pub struct Recognized<'a> {
    pub known: &'a Known,
    pub standing: Standing,
    /// Fields of proof that the alert lacks.
    pub lacking: Vec<String>,
    /// The field that does not fit, for a disguise.
    pub against: Option<String>,
}

/// How sure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Every proof is there.
    Proven,
    /// Not proven, and evidence supports it.
    Supported,
    /// Looks like it; the alert lacks what would prove it.
    Unproven,
    /// Looks like it, and a proof speaks against it.
    Disguise,
}

/// Finds the first identity that an alert looks like; the playbook's own come before the general ones. Where the fields may
/// be forged it is not sure, and no identity is proven.
pub fn recognize<'a>(
    case: Case<'_>,
    playbook: &'a Playbook,
    general: &'a [Known],
    is_sure: bool,
) -> Option<Recognized<'a>> {
    let mut found: Option<Recognized<'a>> = None;
    for known in playbook.known.iter().chain(general).filter(|known| known.when.holds(case)) {
        let recognized = judge_proof(case, known);
        // One that is proven wins over an earlier one that only looks like it.
        if found.is_none() || recognized.standing == Standing::Proven {
            let is_proven = recognized.standing == Standing::Proven;
            found = Some(recognized);
            if is_proven {
                break;
            }
        }
    }
    found.map(|recognized| if is_sure { recognized } else { doubted(recognized) })
}

/// What fields prove that somebody may have forged is proven by nothing.
fn doubted(recognized: Recognized<'_>) -> Recognized<'_> {
    if !matches!(recognized.standing, Standing::Proven | Standing::Supported) {
        return recognized;
    }
    let lacking = vec!["the same alert in Falco's JSON".to_owned()];
    Recognized { standing: Standing::Unproven, lacking, ..recognized }
}

/// A known identity that an alert looks like, and that nothing about the alert speaks against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Likeness {
    /// Its short stable id: `event-generator`, `calico-felix`…
    pub id: String,
    pub title: String,
    /// Whether the node loses its network, its storage or its sight without it.
    pub is_platform: bool,
}

/// The identity that an alert looks like by the identities that hold under every rule; none for a disguise.
pub fn likeness(alert: &Alert) -> Option<Likeness> {
    static BUILTIN: LazyLock<Playbooks> = LazyLock::new(Playbooks::builtin);
    let facts = Facts::read(alert);
    let case = Case { alert, facts: &facts };
    let known = BUILTIN.known().iter().find(|known| known.when.holds(case))?;
    let standing = judge_proof(case, known).standing;
    (standing != Standing::Disguise).then(|| Likeness {
        id: known.id.clone(),
        title: known.title.clone(),
        // What may not even be run with fewer rights is a part of the node.
        is_platform: known.never.iter().any(|id| id == "run-hardened"),
    })
}

/// How sure it is that an alert, which looks like an identity, comes from it.
fn judge_proof<'a>(case: Case<'_>, known: &'a Known) -> Recognized<'a> {
    let mut lacking = Vec::new();
    let mut against = None;
    let mut n_proven = 0;
    for proof in &known.proof {
        if proof.when.holds(case) {
            n_proven += 1;
        } else if is_absent(&proof.field, case) {
            lacking.push(proof.field.clone());
        } else if against.is_none() {
            against = Some(proof.field.clone());
        }
    }
    if let Some(unless) = known.unless.as_ref().filter(|unless| unless.holds(case))
        && against.is_none()
    {
        against = Some(field_against(case, unless.text()));
    }
    let standing = if against.is_some() {
        Standing::Disguise
    } else if n_proven == known.proof.len() && n_proven > 0 {
        Standing::Proven
    } else if known.evidence.as_ref().is_some_and(|evidence| evidence.holds(case)) {
        Standing::Supported
    } else {
        Standing::Unproven
    };
    Recognized { known, standing, lacking, against }
}

/// The alert's field that speaks against an identity: what the filter that holds is about.
fn field_against(case: Case<'_>, unless: &str) -> String {
    let asks = |word: &str| unless.contains(word);
    let has = |field: &str| case.alert.fields.known(field).is_some();
    let first =
        |fields: &[&str]| fields.iter().find(|field| has(field)).map(|field| (*field).to_owned());
    let exe = &case.facts.exe;
    if asks("fact.exe") && (exe.words().contains("upper") || exe.words().contains("memfd")) {
        let fields =
            ["evt.arg.flags", "proc.is_exe_upper_layer", "proc.is_exe_from_memfd", "proc.exepath"];
        return first(&fields).unwrap_or_else(|| "proc.exepath".to_owned());
    }
    if asks("fact.exe contains tmp") && exe.tmp {
        return "proc.exepath".to_owned();
    }
    if asks("fact.remote")
        && let Some(remote) = &case.facts.remote
        && remote.class != super::facts::Class::Private
    {
        return remote.field.to_owned();
    }
    let speaks_against =
        |kin: &super::facts::Kin| asks(&format!("fact.parents contains {}", kin.name()));
    if case.facts.kin.iter().any(speaks_against) {
        return first(&["proc.pname", "proc.aname[2]"]).unwrap_or_else(|| "proc.aname".to_owned());
    }
    first_field(case, unless).unwrap_or_else(|| "proc.exepath".to_owned())
}

/// The first field of a filter's text that the alert has.
fn first_field(case: Case<'_>, filter: &str) -> Option<String> {
    filter
        .split(|c: char| !(c.is_ascii_alphanumeric() || "._[]".contains(c)))
        .find(|word| word.contains('.') && case.alert.fields.known(word).is_some())
        .map(str::to_owned)
}

fn is_absent(field: &str, case: Case<'_>) -> bool {
    if field.starts_with("fact.") {
        return case.facts.value(field).is_none();
    }
    match field {
        "source" | "alert.source" => case.alert.event_source.is_none(),
        _ => case.alert.fields.known(field).is_none_or(|value| value.display().is_empty()),
    }
}

/// The field that reasons of the story name.
pub const NEIGHBORS: &str = "neighbors";

struct Weighed {
    weight: i32,
    counts: bool,
    reason: Reason,
}

/// Weighs everything. Where the fields may be forged it is not sure, and nothing lowers.
pub fn assess(
    case: Case<'_>,
    playbook: &Playbook,
    recognized: Option<&Recognized<'_>>,
    story: &[Mark],
    is_sure: bool,
) -> Assessment {
    let mut weighed: Vec<Weighed> = Vec::new();
    for signal in playbook.signals.iter().filter(|signal| signal.when.holds(case)) {
        weighed.push(weigh(
            signal.weight,
            signal.is_proof() && is_sure,
            &signal.field,
            fill(&signal.says, case),
        ));
    }
    let restated = |mark: &Mark| playbook.restates.iter().any(|id| id == mark.id);
    let said = |field: &str, weighed: &[Weighed]| {
        weighed.iter().any(|known| known.reason.field == field && known.weight != 0)
    };
    for mark in case.facts.marks.iter().chain(story).filter(|mark| !restated(mark)) {
        if !said(mark.field, &weighed) {
            weighed.push(weigh(mark.weight, is_sure, mark.field, mark.says.clone()));
        }
    }
    weighed.sort_by_key(|item| (!item.counts, -item.weight.abs()));
    let start = start(case.alert.priority);
    let mut level = balance(start, &weighed);
    let mut reasons: Vec<Reason> = Vec::new();
    let mut name = None;
    if let Some(recognized) = recognized {
        level = judge(level, recognized);
        if recognized.standing != Standing::Disguise {
            name = Some(recognized.known.id.clone());
        }
        reasons.extend(reasons_of(recognized, case));
    }
    reasons.extend(weighed.into_iter().map(|item| item.reason));
    let priority = case.alert.priority.map_or("no priority that Falco knows", Priority::name);
    reasons.push(Reason {
        field: "priority".to_owned(),
        says: format!("Falco's priority of the rule is {priority}; that is where the assessment starts, at {}.", start.name()),
        direction: Direction::Neutral,
    });
    Assessment { level, falco_priority: case.alert.priority, known: name, reasons }
}

fn weigh(weight: i32, proof: bool, field: &str, says: String) -> Weighed {
    let counts = weight > 0 || proof;
    let direction = match weight {
        1.. => Direction::Up,
        0 => Direction::Neutral,
        _ if proof => Direction::Down,
        _ => Direction::Neutral,
    };
    Weighed { weight, counts, reason: Reason { field: field.to_owned(), says, direction } }
}

fn start(priority: Option<Priority>) -> Level {
    match priority {
        Some(Priority::Emergency | Priority::Alert | Priority::Critical) => Level::High,
        Some(Priority::Error | Priority::Warning | Priority::Notice) | None => Level::Medium,
        Some(Priority::Informational | Priority::Debug) => Level::Low,
    }
}

/// Two strong ones up make it critical; else the sum moves it by at most two steps, never below low.
fn balance(start: Level, weighed: &[Weighed]) -> Level {
    let counted = || weighed.iter().filter(|item| item.counts);
    // What happened nearby raises by a step; only the alert's own evidence makes it critical at once.
    let is_own = |item: &&Weighed| item.reason.field != NEIGHBORS;
    if counted().filter(is_own).filter(|item| item.weight >= 2).count() >= 2 {
        return Level::Critical;
    }
    let sum: i32 = counted().map(|item| item.weight).sum();
    let steps = match sum {
        ..=-3 => -2,
        -2..=-1 => -1,
        0..=1 => 0,
        2..=4 => 1,
        _ => 2,
    };
    let index = (start as i32 + steps).clamp(Level::Low as i32, Level::Critical as i32);
    Level::ALL.into_iter().find(|level| *level as i32 == index).unwrap_or(start)
}

fn judge(level: Level, recognized: &Recognized<'_>) -> Level {
    match recognized.standing {
        Standing::Proven => Level::Benign,
        Standing::Supported => Level::Low,
        Standing::Unproven | Standing::Disguise => level.max(Level::Medium),
    }
}

/// What is said of an identity before anything else.
pub fn tell(recognized: &Recognized<'_>, case: Case<'_>) -> String {
    let known = recognized.known;
    let says = fill(&known.says, case);
    let lacking = recognized.lacking.join(" and ");
    match recognized.standing {
        Standing::Proven => says,
        Standing::Supported => format!("Very likely harmless: {says} {lacking} would prove it."),
        Standing::Unproven => format!(
            "This looks like {}, and only its name or arguments say so. {says} Fetch {lacking} before you believe it: what a program says of itself may be a disguise.",
            known.id
        ),
        Standing::Disguise => fill(&known.disguise, case),
    }
}

fn reasons_of(recognized: &Recognized<'_>, case: Case<'_>) -> Vec<Reason> {
    let known = recognized.known;
    let reason =
        |field: &str, says: String, direction| Reason { field: field.to_owned(), says, direction };
    let first = known.proof.first().map_or("proc.name", |proof| proof.field.as_str());
    match recognized.standing {
        Standing::Proven => {
            let mut reasons = vec![reason(first, fill(&known.says, case), Direction::Down)];
            reasons.extend(
                known
                    .proof
                    .iter()
                    .map(|proof| reason(&proof.field, fill(&proof.says, case), Direction::Down)),
            );
            reasons
        }
        Standing::Supported => vec![reason(
            "proc.pname",
            format!(
                "Very likely: {} The parent supports it; {} would prove it, and the alert lacks that.",
                fill(&known.says, case),
                recognized.lacking.join(", ")
            ),
            Direction::Down,
        )],
        Standing::Unproven => vec![reason(
            &first_field(case, known.when.text()).unwrap_or_else(|| "proc.cmdline".to_owned()),
            format!(
                "It looks like {}, and the alert lacks {} to prove it. Names and arguments alone could be a disguise, so they lower nothing.",
                known.id,
                recognized.lacking.join(", ")
            ),
            Direction::Neutral,
        )],
        Standing::Disguise => {
            let field = recognized.against.as_deref().unwrap_or(first);
            let value = case
                .alert
                .fields
                .known(field)
                .map(|value| format!(" ({field} is {})", value.display()));
            vec![reason(
                field,
                format!(
                    "Possible disguise. {}{}",
                    fill(&known.disguise, case),
                    value.unwrap_or_default()
                ),
                Direction::Up,
            )]
        }
    }
}
