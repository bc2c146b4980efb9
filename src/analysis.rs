//! From an alert to what a person needs: what it proves, how bad it is and why, what to do, and the commands for it.
//!
//! Pure: it gets the alert, its neighbors and the playbooks, and gives plain data. Knowledge is data under `playbooks/`.

mod assess;
mod attack;
pub mod catalogue;
mod choose;
pub mod clause;
mod command;
mod derive;
mod doubt;
mod download;
mod facts;
mod findings;
mod library;
mod outcome;
mod plan;
pub mod playbook;
mod quote;
mod story;
pub mod tuning;
mod verify;
mod wording;

pub use assess::{Likeness, likeness};
pub use facts::{Case, Facts};
pub use library::{Catalogue, Playbooks, Problem, read_folder};
pub use outcome::{
    Analysis, Assessment, Attack, Cause, Direction, Fact, Match, Missing, Phase, PlaybookRef,
    Reason, Related, Risk, Step,
};
pub use story::Brief;
pub use verify::{verify, verify_file};

use crate::model::{Alert, AlertId, Level};
use assess::{Recognized, Standing};
use playbook::{Playbook, Statement};
use wording::fill;

/// An alert near the one that is analyzed: same container, same process, or around the same time.
#[derive(Clone, Copy, Debug)]
pub struct Neighbor<'a> {
    pub id: AlertId,
    pub alert: &'a Alert,
}

/// What the person chose.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// The runtime or variant to prefer for commands (`docker`, `podman`, `nerdctl`, `ctr`, `crictl`, `kubectl`, `host`);
    /// `None` takes the one that the alert speaks of.
    pub variant: Option<String>,
}

/// A value as a command would hold it: checked by its input's kind and written for a shell; the error says why not.
pub fn written(value: &str, input: &catalogue::Input) -> Result<String, String> {
    quote::word(value, input)
}

/// What is known about an alert, and what to do.
pub fn analyze(
    alert: &Alert,
    neighbors: &[Neighbor<'_>],
    playbooks: &Playbooks,
    choice: &Choice,
) -> Analysis {
    let briefs: Vec<_> =
        neighbors.iter().map(|neighbor| (neighbor.id, Brief::of(neighbor.alert))).collect();
    let own = Brief::of(alert);
    let story = story::read(alert, &own, briefs.iter().map(|(id, brief)| (*id, brief)));
    let facts = read(alert, &story);
    let case = Case { alert, facts: &facts };
    let Some((playbook, found_by)) = choose::choose(case, playbooks) else {
        return without_playbook(case);
    };
    let forged = doubt::forged(alert);
    let is_sure = forged.is_empty();
    let recognized = assess::recognize(case, &playbook, playbooks.known(), is_sure);
    let recognized = recognized.as_ref();
    let assessment = assess::assess(case, &playbook, recognized, &story.marks, is_sure);
    let ground = plan::Ground {
        case,
        playbook: &playbook,
        catalogue: playbooks.catalogue(),
        recognized,
        choice,
    };
    let mut plan = plan::plan(ground);
    let mut missing = missing(case, recognized, &plan, playbooks.catalogue());
    missing.extend(
        std::mem::take(&mut plan.missing)
            .into_iter()
            .filter(|lack| !missing.iter().any(|known: &Missing| known.field == lack.field))
            .collect::<Vec<_>>(),
    );
    let says = |statements: &[Statement]| {
        statements.iter().filter_map(|statement| say(statement, case)).collect()
    };
    let mut not_proven: Vec<String> = says(&playbook.not_proven);
    not_proven.extend(doubt::says(alert, &forged));
    Analysis {
        playbook: PlaybookRef { id: playbook.id.clone(), found_by },
        headline: headline(&playbook, case, recognized),
        summary: summary(&playbook, case, recognized, &plan, &story),
        story: story.told.clone(),
        proves: says(&playbook.proves),
        not_proven,
        assessment,
        causes: causes(&playbook, case, recognized),
        missing,
        attack: techniques(&playbook, alert),
        steps: plan.steps,
        related: story.related,
        tuning: playbook.tuning.as_ref().map(|tuning| fill(&tuning.says, case)),
        references: references(&playbook),
        facts: facts.rows.clone(),
    }
}

/// What an alert tells, and its neighbors of it.
fn read(alert: &Alert, story: &story::Story) -> Facts {
    let mut facts = Facts::read(alert);
    facts.set_neighbors(story.n_tactics);
    if let Some(runtime) = story.runtime {
        facts.set_runtime(runtime);
    }
    facts
}

/// Only how bad it is: the assessment that [`analyze`] would give, without the steps.
pub fn judge<'a>(
    alert: &Alert,
    own: &Brief,
    neighbors: impl Iterator<Item = (AlertId, &'a Brief)>,
    playbooks: &Playbooks,
) -> Assessment {
    let story = story::read(alert, own, neighbors);
    let facts = read(alert, &story);
    let case = Case { alert, facts: &facts };
    let Some((playbook, _)) = choose::choose(case, playbooks) else {
        return without_playbook(case).assessment;
    };
    let is_sure = doubt::forged(alert).is_empty();
    let recognized = assess::recognize(case, &playbook, playbooks.known(), is_sure);
    assess::assess(case, &playbook, recognized.as_ref(), &story.marks, is_sure)
}

/// What a playbook points to, without the pages of its techniques: those are told with their names.
fn references(playbook: &Playbook) -> Vec<String> {
    let is_technique = |link: &&String| link.starts_with("https://attack.mitre.org/techniques/");
    playbook.see.iter().filter(|link| !is_technique(link)).cloned().collect()
}

fn say(statement: &Statement, case: Case<'_>) -> Option<String> {
    match statement {
        Statement::Always(text) => Some(fill(text, case)),
        Statement::When(conditional) => {
            conditional.when.holds(case).then(|| fill(&conditional.says, case))
        }
    }
}

fn headline(playbook: &Playbook, case: Case<'_>, recognized: Option<&Recognized<'_>>) -> String {
    let headline = wording::headline(&playbook.headline, case);
    let Some(recognized) = recognized else { return headline };
    let id = &recognized.known.id;
    match recognized.standing {
        Standing::Proven => format!("{headline}: proven {id}"),
        Standing::Supported => format!("{headline}: very likely {id}, not yet proven"),
        Standing::Unproven => format!("{headline}: looks like {id}, not proven"),
        Standing::Disguise => {
            format!("{headline}: looks like {id} and is not; possibly a disguise")
        }
    }
}

fn summary(
    playbook: &Playbook,
    case: Case<'_>,
    recognized: Option<&Recognized<'_>>,
    plan: &plan::Plan,
    story: &story::Story,
) -> String {
    let mut parts: Vec<String> = Vec::new();
    parts.extend(recognized.map(|recognized| assess::tell(recognized, case)));
    parts.push(fill(&playbook.means, case));
    let of_rule = case.alert.rule.as_deref().and_then(|rule| playbook.per_rule.get(rule));
    parts.extend(of_rule.map(|text| fill(text, case)));
    parts.extend(wording::seen_here(case));
    parts.extend(story.told.clone());
    if story.n_repeats > 0 {
        parts.push(format!(
            "The same alert came at least {} more {} nearby; it is shown once.",
            story.n_repeats,
            if story.n_repeats == 1 { "time" } else { "times" }
        ));
    }
    parts.extend(plan.held_back.clone());
    parts.join(" ")
}

/// Causes that speak for themselves first, then those that are always possible.
fn causes(playbook: &Playbook, case: Case<'_>, recognized: Option<&Recognized<'_>>) -> Vec<Cause> {
    let mut causes: Vec<Cause> = Vec::new();
    let spoken =
        |cause: &&playbook::CauseText| cause.when.as_ref().is_some_and(|when| when.holds(case));
    let always = |cause: &&playbook::CauseText| cause.when.is_none();
    // Where the playbook has its own words for a drill, they are better than the general ones.
    let is_drill = |recognized: &&Recognized<'_>| {
        recognized.standing != Standing::Disguise && recognized.known.verdict == "test"
    };
    let own = recognized.filter(is_drill).and_then(|recognized| {
        playbook
            .causes
            .iter()
            .filter(spoken)
            .find(|cause| cause.verdict == recognized.known.verdict)
    });
    if let Some(text) = own {
        causes.push(Cause {
            id: text.id.clone(),
            title: fill(&text.title, case),
            verdict: text.verdict.clone(),
            check: fill(&text.check, case),
        });
    } else if let Some(recognized) = recognized {
        let known = recognized.known;
        let cause = if recognized.standing == Standing::Disguise {
            Cause {
                id: "disguise".to_owned(),
                title: format!("Something that imitates {}", known.id),
                verdict: "true_positive".to_owned(),
                check: fill(&known.check, case),
            }
        } else {
            Cause {
                id: known.id.clone(),
                title: fill(&known.title, case),
                verdict: known.verdict.clone(),
                check: fill(&known.check, case),
            }
        };
        causes.push(cause);
    }
    let texts = playbook.causes.iter().filter(spoken).chain(playbook.causes.iter().filter(always));
    for text in texts {
        if !causes.iter().any(|known| known.id == text.id) {
            causes.push(Cause {
                id: text.id.clone(),
                title: fill(&text.title, case),
                verdict: text.verdict.clone(),
                check: fill(&text.check, case),
            });
        }
    }
    // Nobody judges well with one side of the story: where only harm or only harmlessness speaks for itself,
    // the likeliest of the other side is told too, last.
    for harmless in [true, false] {
        if causes.iter().any(|cause| is_harmless(&cause.verdict) == harmless) {
            continue;
        }
        let other = || playbook.causes.iter().filter(|text| is_harmless(&text.verdict) == harmless);
        let text = other().find(|text| text.verdict != "test").or_else(|| other().next());
        causes.extend(text.map(|text| Cause {
            id: text.id.clone(),
            title: fill(&text.title, case),
            verdict: text.verdict.clone(),
            check: fill(&text.check, case),
        }));
    }
    causes
}

fn is_harmless(verdict: &str) -> bool {
    matches!(verdict, "benign" | "test" | "false_positive")
}

/// What the alert lacks and a judgment wants: proofs of an identity, the parent, the image, the pod.
fn missing(
    case: Case<'_>,
    recognized: Option<&Recognized<'_>>,
    plan: &plan::Plan,
    catalogue: &Catalogue,
) -> Vec<Missing> {
    use facts::{Place, Told};
    let mut missing: Vec<Missing> = Vec::new();
    let finder = |ids: &[&str], words: &str| -> String {
        let step = ids.iter().find_map(|id| plan.steps.iter().find(|step| step.id == *id));
        if let Some(text) = step.and_then(|step| step.command.clone()) {
            return text;
        }
        ids.iter()
            .filter_map(|id| catalogue.command(id))
            .find_map(|command| command::make(command, case, catalogue, None, false).text.ok())
            .unwrap_or_else(|| words.to_owned())
    };
    let add_falco =
        |field: &str| format!("Let Falco add it: append_output with extra_fields: [{field}].");
    if let Some(recognized) = recognized.filter(|known| known.standing != Standing::Proven) {
        for field in &recognized.lacking {
            let why = format!("It would prove or rule out {}.", recognized.known.id);
            let find = match field.as_str() {
                "proc.pname" | "proc.pexepath" => finder(
                    &["process-ancestry", "list-processes", "resolve-pod"],
                    &add_falco(field),
                ),
                _ => finder(
                    &["identify-container", "resolve-pod", "find-container"],
                    &add_falco(field),
                ),
            };
            missing.push(Missing { field: field.clone(), why, find });
        }
    }
    let is_event = matches!(case.facts.place, Place::Host | Place::Container | Place::Kubernetes)
        && !facts::is_container_start(case.alert);
    let in_container = matches!(case.facts.place, Place::Container | Place::Kubernetes);
    let wants = [
        (
            is_event,
            "proc.pname",
            "Who started the process decides between an entrypoint, a person and an intruder.",
            &["process-ancestry", "list-processes", "find-process"][..],
        ),
        (
            in_container,
            "container.id",
            "Commands need the container's id; a name can be given again.",
            &["find-container"][..],
        ),
        (
            in_container,
            "container.image.repository",
            "The image tells what the container is for and whether it is a known agent.",
            &["identify-container", "find-container"][..],
        ),
        (
            is_event,
            "proc.pid",
            "Evidence of the process is reached by its pid on the host; Falco's default outputs leave it out.",
            &["list-processes", "find-process"][..],
        ),
        (
            case.facts.place == Place::Unknown && case.alert.fields.known("proc.name").is_some(),
            "container.id",
            "Whether it happened on the host or in a container is not known: the alert has no such field, and that proves neither. The container's steps are shown; those that work on files and accounts of the host are not.",
            &["process-facts"][..],
        ),
        (
            case.facts.place == Place::Audit,
            "ka.response.code",
            "Whether the API server did what was asked or refused it is not in the alert.",
            &[][..],
        ),
        (
            in_container && case.facts.runtime_told != Told::Field,
            "container.type",
            runtime_words(case.facts),
            &["find-runtime"][..],
        ),
    ];
    for (wanted, field, why, ids) in wants {
        let known = case.alert.fields.known(field).is_some_and(|value| !value.display().is_empty());
        if wanted && !known && !missing.iter().any(|lack| lack.field == field) {
            missing.push(Missing {
                field: field.to_owned(),
                why: why.to_owned(),
                find: finder(ids, &add_falco(field)),
            });
        }
    }
    if case.alert.time.is_none() {
        missing.push(Missing {
            field: "time".to_owned(),
            why: "Without a time no log can be searched around the event.".to_owned(),
            find: "Look at the records before and after it in the same source.".to_owned(),
        });
    }
    missing
}

/// How far the runtime is known, which no alert of the container names.
fn runtime_words(facts: &Facts) -> &'static str {
    use facts::{Place, Runtime, Told};
    match (facts.runtime_told, facts.runtime) {
        (Told::Parent | Told::ParentOfPod, Runtime::Crio) => {
            "No alert of this container names its runtime; a parent called conmon and a pod point to CRI-O. The commands are for that, the others are one key away."
        }
        (Told::Parent | Told::ParentOfPod, _) => {
            "No alert of this container names its runtime; a parent called conmon points to podman. The commands are for that, the others are one key away."
        }
        (Told::Name, _) => {
            "No alert of this container names its runtime; a name of the kind that docker makes up points to docker. The commands are for that, the others are one key away."
        }
        _ if facts.place == Place::Kubernetes => {
            "Which runtime the container has is not known: no alert of it tells. The commands are for containerd, as most nodes have it; the others are one key away."
        }
        _ => {
            "Which runtime the container has is not known: no alert of it tells. The commands are docker's as a guess; find out first, the others are one key away."
        }
    }
}

/// The playbook's techniques first, then those of the tags.
fn techniques(playbook: &Playbook, alert: &Alert) -> Vec<Attack> {
    let mut attacks: Vec<Attack> = Vec::new();
    let ids = playbook.attack.iter().map(String::as_str).chain(alert.tags.iter().map(|tag| &**tag));
    let ids: Vec<&str> = if playbook.attack.is_empty() {
        ids.collect()
    } else {
        ids.take(playbook.attack.len()).collect()
    };
    for attack in ids.into_iter().filter_map(attack::technique) {
        if !attacks.contains(&attack) {
            attacks.push(attack);
        }
    }
    attacks
}

/// What is left when a library has no usable fallback: the facts.
fn without_playbook(case: Case<'_>) -> Analysis {
    let text = "No playbook could be read; only the facts of the alert are shown.";
    Analysis {
        playbook: PlaybookRef { id: "none".to_owned(), found_by: Match::Fallback },
        headline: fill("{rule} in {container}", case),
        summary: text.to_owned(),
        story: None,
        proves: Vec::new(),
        not_proven: Vec::new(),
        facts: case.facts.rows.clone(),
        assessment: Assessment {
            level: Level::Medium,
            falco_priority: case.alert.priority,
            known: None,
            reasons: Vec::new(),
        },
        causes: Vec::new(),
        missing: Vec::new(),
        attack: Vec::new(),
        steps: Vec::new(),
        related: Vec::new(),
        tuning: None,
        references: Vec::new(),
    }
}
