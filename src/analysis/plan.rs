//! The steps for one alert in the order to take them: evidence that is lost first, needs before what needs them,
//! and nothing that would harm the platform.

use super::Choice;
use super::assess::{Recognized, Standing};
use super::catalogue::{Command, Guard};
use super::command::{self, Lack};
use super::facts::Case;
use super::library::Catalogue;
use super::outcome::{Missing, Phase, Step};
use super::playbook::{Playbook, StepText};
use super::wording::fill;

/// What a plan is made from.
#[derive(Clone, Copy, Debug)]
pub struct Ground<'a> {
    pub case: Case<'a>,
    pub playbook: &'a Playbook,
    pub catalogue: &'a Catalogue,
    pub recognized: Option<&'a Recognized<'a>>,
    pub choice: &'a Choice,
}

/// The steps, and why phases are held back.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    pub steps: Vec<Step>,
    pub missing: Vec<Missing>,
    pub held_back: Option<String>,
}

struct Wanted<'a> {
    command: &'a Command,
    why: String,
    first: bool,
}

/// Makes the plan.
pub fn plan(ground: Ground<'_>) -> Plan {
    let mut wanted = wanted(ground);
    let held_back = hold_back(&mut wanted, ground);
    let ordered = order(wanted, ground);
    let mut plan = Plan { held_back, ..Plan::default() };
    let mut finders: Vec<(usize, &Command)> = Vec::new();
    let urgent = ordered.iter().take_while(|item| item.first).count();
    let is_verifying =
        |place: usize| ordered.get(place).is_some_and(|item| item.command.phase == Phase::Verify);
    let after_verifying = (urgent..ordered.len())
        .rev()
        .find(|place| is_verifying(*place))
        .map_or(urgent, |place| place + 1);
    for (place, item) in ordered.iter().enumerate() {
        let (step, finder) = step(item, ground, &mut plan.missing);
        plan.steps.push(step);
        let Some(finder) = finder else { continue };
        let is_planned = finders.iter().any(|(_, known)| known.id == finder.id)
            || ordered.iter().any(|item| item.command.id == finder.id);
        if !is_planned {
            let is_early = place >= urgent && is_verifying(place);
            finders.push((if is_early { place } else { after_verifying }, finder));
        }
    }
    // What finds a value that steps wait for is a step of its own, where the first of them would have stood.
    finders.sort_by_key(|(place, _)| *place);
    for (place, command) in finders.into_iter().rev() {
        let why = "Finds a value that the alert lacks and that other steps wait for.".to_owned();
        let item = Wanted { command, why, first: false };
        plan.steps.insert(place, step(&item, ground, &mut plan.missing).0);
    }
    runnable_first(&mut plan.steps, urgent);
    plan
}

/// Puts what can be run before what waits for a value, among the verifying steps behind the urgent ones.
fn runnable_first(steps: &mut [Step], urgent: usize) {
    let places: Vec<usize> = (urgent..steps.len())
        .filter(|place| steps.get(*place).is_some_and(|step| step.phase == Phase::Verify))
        .collect();
    let (ready, waiting): (Vec<Step>, Vec<Step>) = places
        .iter()
        .filter_map(|place| steps.get(*place).cloned())
        .partition(|step| step.command.is_some());
    for (place, step) in places.iter().zip(ready.into_iter().chain(waiting)) {
        if let Some(slot) = steps.get_mut(*place) {
            *slot = step;
        }
    }
}

fn wanted(ground: Ground<'_>) -> Vec<Wanted<'_>> {
    let mut wanted: Vec<Wanted<'_>> = Vec::new();
    let fleeting = ground.case.facts.exe.is_fleeting();
    if fleeting && let Some(command) = ground.catalogue.command("save-exe") {
        let why = "The program runs from memory or its file is deleted: this is the only copy, and it is gone when the process ends.";
        wanted.push(Wanted { command, why: why.to_owned(), first: true });
    }
    let spoken = |step: &&StepText| step.when.as_ref().is_none_or(|when| when.holds(ground.case));
    for step in ground.playbook.steps.iter().filter(spoken) {
        if wanted.iter().any(|known| known.command.id == step.command) {
            continue;
        }
        if let Some(command) = ground.catalogue.command(&step.command) {
            wanted.push(Wanted { command, why: fill(&step.why, ground.case), first: step.first });
        }
    }
    let as_kubernetes = as_kubernetes(ground);
    wanted.retain(|item| command::applies(item.command, ground.case, as_kubernetes));
    wanted
}

/// Takes out what would harm the platform or a proven identity; says why.
fn hold_back(wanted: &mut Vec<Wanted<'_>>, ground: Ground<'_>) -> Option<String> {
    let is_disguise =
        ground.recognized.is_some_and(|recognized| recognized.standing == Standing::Disguise);
    let never: &[String] = ground
        .recognized
        .filter(|recognized| match recognized.standing {
            Standing::Proven | Standing::Supported => true,
            // What may be a part of the node's platform is spared until it is known; anything else is not.
            Standing::Unproven => recognized.known.place.as_deref() == Some("kubernetes"),
            Standing::Disguise => ground.case.facts.platform.is_some(),
        })
        .map_or(&[], |recognized| &recognized.known.never);
    // What imitates a part of the platform, in its place, is not stopped blindly; its evidence is still saved.
    // A look alone hides no evidence either: it can be chosen.
    let keeps_evidence = is_disguise
        || ground.recognized.is_some_and(|recognized| recognized.standing == Standing::Unproven);
    let is_never = |command: &Command| {
        never.iter().any(|word| *word == command.id || word == command.phase.name())
            && !(keeps_evidence && command.phase == Phase::Preserve)
    };
    let n_before = wanted.len();
    wanted.retain(|item| !is_never(item.command));
    if wanted.len() < n_before {
        return ground.recognized.map(|recognized| {
            let why = if recognized.known.place.as_deref() == Some("kubernetes") {
                "and stopping it would harm the node"
            } else {
                "and there is no reason to stop that"
            };
            let id = &recognized.known.id;
            format!("Nothing that contains or changes it is offered: this looks like {id}, {why}.")
        });
    }
    let part = ground.case.facts.platform.as_ref()?;
    wanted.retain(|item| !item.command.guards.contains(&Guard::Platform));
    (wanted.len() < n_before).then(|| {
        let (field, value) = (part.field, &part.value);
        let is = if part.is_proven { "a part" } else { "called like a part" };
        format!("Nothing that contains it is offered: {field} is {value}, {is} of the platform that the node cannot do without. Verify first; then isolate or replace the node.")
    })
}

/// First the few that cannot wait, then phase after phase; what a step needs comes before it.
fn order<'a>(wanted: Vec<Wanted<'a>>, ground: Ground<'a>) -> Vec<Wanted<'a>> {
    let frozen_first = wanted.iter().any(|item| item.first && item.command.id == "pause");
    let mut items: Vec<Wanted<'a>> = wanted
        .into_iter()
        // A debugger never returns from a frozen process.
        .filter(|item| !(frozen_first && item.command.id == "save-memory"))
        .collect();
    add_needs(&mut items, ground);
    let (urgent, mut rest): (Vec<_>, Vec<_>) = items.into_iter().partition(|item| item.first);
    rest.sort_by_key(|item| item.command.phase);
    let mut waiting: Vec<Option<Wanted<'a>>> = urgent.into_iter().chain(rest).map(Some).collect();
    let mut ordered: Vec<Wanted<'a>> = Vec::new();
    for place in 0..waiting.len() {
        emit(place, &mut waiting, &mut ordered, 0);
    }
    for place in 0..ordered.len() {
        let is_silent = ordered.get(place).is_some_and(|item| item.why.is_empty());
        let id = ordered.get(place).map(|item| item.command.id.as_str()).unwrap_or_default();
        let user = ordered.iter().find(|item| needs(item.command).any(|need| need == id));
        let why = match user.map(|item| item.command.id.as_str()) {
            Some(user) if id == CASE_DIR => {
                format!(
                    "Evidence needs a place that only root can read, outside any container; `{user}` writes there."
                )
            }
            Some(user) => format!("Needed before `{user}`."),
            None => continue,
        };
        if let Some(item) = ordered.get_mut(place).filter(|_| is_silent) {
            item.why = why;
        }
    }
    ordered
}

/// The folder that evidence is written to.
const CASE_DIR: &str = "case-dir";

/// The commands that must come before a command: those it names, and the folder that it writes to.
fn needs(command: &Command) -> impl Iterator<Item = &str> {
    let writes = command.id != CASE_DIR
        // It makes the folder itself, so that nothing comes before it.
        && command.id != "save-exe"
        && command.variants.iter().any(|(_, text)| text.contains("/var/lib/falco-triage/@CASE@"));
    command.requires.iter().map(String::as_str).chain(writes.then_some(CASE_DIR))
}

/// Adds what the items need; what an urgent one needs is urgent too.
fn add_needs<'a>(items: &mut Vec<Wanted<'a>>, ground: Ground<'a>) {
    let mut place = 0;
    while let Some((command, first)) = items.get(place).map(|item| (item.command, item.first)) {
        place += 1;
        for id in needs(command) {
            let known = items.iter().position(|item| item.command.id == id);
            let Some(known) = known else {
                let needed = ground.catalogue.command(id);
                items.extend(
                    needed
                        .filter(|command| {
                            command::applies(command, ground.case, as_kubernetes(ground))
                        })
                        .map(|command| Wanted { command, why: String::new(), first }),
                );
                continue;
            };
            if let Some(item) = items.get_mut(known).filter(|item| first && !item.first) {
                item.first = true;
                // Its own needs are urgent now: look at it again.
                place = place.min(known);
            }
        }
    }
}

/// Takes an item out of those that wait, after everything it needs.
fn emit<'a>(
    place: usize,
    waiting: &mut [Option<Wanted<'a>>],
    ordered: &mut Vec<Wanted<'a>>,
    depth: usize,
) {
    // Taken out before its needs, so that a circle ends.
    let Some(item) = waiting.get_mut(place).and_then(Option::take) else { return };
    let ids: Vec<&str> = needs(item.command).collect();
    for id in ids {
        let needed = waiting
            .iter()
            .position(|other| other.as_ref().is_some_and(|other| other.command.id == id));
        if let Some(needed) = needed.filter(|_| depth < 16) {
            emit(needed, waiting, ordered, depth + 1);
        }
    }
    ordered.push(item);
}

/// One step, and the command that would find the value it waits for.
fn step<'a>(
    item: &Wanted<'a>,
    ground: Ground<'a>,
    missing: &mut Vec<Missing>,
) -> (Step, Option<&'a Command>) {
    let command = item.command;
    let made = command::make(
        command,
        ground.case,
        ground.catalogue,
        ground.choice.variant.as_deref(),
        as_kubernetes(ground),
    );
    let lack = made.text.as_ref().err().map(|lack| tell_lack(lack, ground, missing));
    let (unavailable, finder) = lack.map_or((None, None), |(says, finder)| (Some(says), finder));
    let step = Step {
        phase: command.phase,
        id: command.id.clone(),
        title: command.title(),
        why: item.why.clone(),
        command: made.text.ok(),
        privilege: command.privilege.of(&made.variant).unwrap_or("root").to_owned(),
        variant: made.variant,
        others: made.others,
        risk: command.risk,
        undo: made.undo,
        needs: command.requires.clone(),
        unavailable,
        note: note(command, &item.why, ground),
    };
    (step, finder)
}

/// Why there is no command, with the one that finds the value; the lack is listed once.
fn tell_lack<'a>(
    lack: &Lack,
    ground: Ground<'a>,
    missing: &mut Vec<Missing>,
) -> (String, Option<&'a Command>) {
    let mut says = lack.why.clone();
    // The name of a field, or of a program (which has no input), keeps its own small letter.
    let is_name =
        lack.input.is_empty() || says.split(' ').next().is_some_and(|word| word.contains('.'));
    if let Some(first) = says.get(..1).filter(|_| !is_name) {
        says = format!("{}{}", first.to_uppercase(), says.get(1..).unwrap_or(""));
    }
    let Some(input) = ground.catalogue.input(&lack.input) else {
        return (format!("{says}."), None);
    };
    let finder = input
        .find
        .iter()
        .filter_map(|id| ground.catalogue.command(id))
        .filter(|command| command::applies(command, ground.case, as_kubernetes(ground)))
        .find_map(|command| {
            let made = command::make(
                command,
                ground.case,
                ground.catalogue,
                ground.choice.variant.as_deref(),
                as_kubernetes(ground),
            );
            made.text.ok().map(|text| (command, text))
        });
    let field = input.from.first().unwrap_or(&input.what).clone();
    let find = finder.as_ref().map_or_else(
        || format!("Let Falco add it: append_output with extra_fields: [{field}]."),
        |(_, text)| text.clone(),
    );
    // What no field holds, such as a time, is not asked of Falco.
    let is_askable = finder.is_some() || !input.from.is_empty();
    if is_askable && !missing.iter().any(|known| known.field == field) {
        missing.push(Missing { field, why: format!("{says}."), find });
    }
    match finder {
        Some((command, text)) => {
            (format!("{says}. `{}` finds it: {text}", command.id), Some(command))
        }
        None => (format!("{says}."), None),
    }
}

fn note(command: &Command, why: &str, ground: Ground<'_>) -> Option<String> {
    let mut notes: Vec<String> = command.note.iter().cloned().collect();
    let guard = |guard| command.guards.contains(&guard);
    if guard(Guard::AutoRemove) {
        notes.push("when identify-container shows autoremove=true, stopping deletes the file system: export first".to_owned());
    }
    if guard(Guard::HostNetwork) && ground.case.facts.host_network.is_none() {
        let finder = if ground.case.facts.place == super::facts::Place::Audit {
            "k8s-show-pod"
        } else {
            "identify-container or netns-is-private"
        };
        notes.push(format!(
            "the alert does not say whether it shares the host's network: look with {finder} first"
        ));
    }
    if guard(Guard::Liveness) && as_kubernetes(ground) {
        notes.push(
            "a paused container fails its liveness probe and the kubelet kills it: export first"
                .to_owned(),
        );
    }
    if command.id == "read-rule" {
        notes.clear();
    }
    // What the reason says already is not said again.
    let is_said =
        why.trim_end_matches('.').eq_ignore_ascii_case(command.what.trim_end_matches('.'));
    if command.title.is_some() && !is_said {
        notes.insert(0, command.what.clone());
    }
    (!notes.is_empty()).then(|| notes.join("; "))
}

fn as_kubernetes(ground: Ground<'_>) -> bool {
    ground.case.facts.place == super::facts::Place::Kubernetes
        || ground
            .recognized
            .is_some_and(|recognized| recognized.known.place.as_deref() == Some("kubernetes"))
}
