//! Whether playbooks are right: shapes, filters, placeholders, commands, techniques, and their own samples.

use super::catalogue::{CatalogueFile, Command, Input, PerVariant, Write};
use super::findings::{Findings, item};
use super::library::{Catalogue, Playbooks, Problem, parse};
use super::playbook::{Known, KnownFile, Playbook, Sample, Statement};
use super::{Choice, Phase, Risk, analyze, attack, quote, wording};
use crate::model::{Level, Priority};
use crate::query::{self, Filter, Names, fields};

#[cfg(test)]
mod tests;

/// The verdicts that a cause may have.
const VERDICTS: [&str; 5] = ["true_positive", "benign", "false_positive", "test", "duplicate"];
/// What `restates` may name.
const MARKS: [&str; 10] = [
    "memfd",
    "upper",
    "privileged",
    "tmp",
    "deleted",
    "remote",
    "server-parent",
    "young",
    "failed",
    "neighbors",
];
/// The facts that filters may ask for.
const FACTS: [&str; 18] = [
    "fact.actor",
    "fact.age",
    "fact.direction",
    "fact.drill",
    "fact.exe",
    "fact.failed",
    "fact.known",
    "fact.neighbors",
    "fact.parents",
    "fact.person",
    "fact.place",
    "fact.platform",
    "fact.maker",
    "fact.privileged",
    "fact.remote",
    "fact.runtime",
    "fact.target",
    "fact.tty",
];

/// Everything that is wrong with a library, file by file; nothing when it is right.
pub fn verify(playbooks: &Playbooks) -> Vec<Problem> {
    let paths: Vec<String> = playbooks.files().map(|(path, _)| path.to_owned()).collect();
    paths.iter().flat_map(|path| verify_file(playbooks, path)).collect()
}

/// Everything that is wrong with one file of a library, its samples too.
pub fn verify_file(playbooks: &Playbooks, path: &str) -> Vec<Problem> {
    let Some(text) = playbooks.files().find(|(own, _)| *own == path).map(|(_, text)| text) else {
        return Vec::new();
    };
    let problems = shape(path, text, playbooks.catalogue());
    if problems.is_empty() && path.starts_with("commands/") {
        return idle_parts(path, text, playbooks.catalogue());
    }
    if !problems.is_empty() || path == "known.yaml" {
        return problems;
    }
    let mut found = Findings::default();
    if let Ok(book) = parse::<Playbook>(path, text) {
        of_samples(&book, text, playbooks, &mut found);
    }
    found.located(path, text)
}

/// What is wrong with a file by itself: its shape, its filters, what it names. The samples are not tried.
pub fn shape(path: &str, text: &str, catalogue: &Catalogue) -> Vec<Problem> {
    let mut found = Findings::default();
    if path.starts_with("commands/") {
        match parse::<CatalogueFile>(path, text) {
            Err(problem) => return vec![problem],
            Ok(mut file) => {
                for command in &mut file.commands {
                    command.put_in(&catalogue.parts, &catalogue.inputs);
                }
                of_catalogue(&file, catalogue, &mut found);
            }
        }
    } else if path == "known.yaml" {
        match parse::<KnownFile>(path, text) {
            Err(problem) => return vec![problem],
            Ok(file) => {
                for known in &file.known {
                    of_known(known, catalogue, &mut found);
                }
            }
        }
    } else {
        match parse::<Playbook>(path, text) {
            Err(problem) => return vec![problem],
            Ok(book) => of_playbook(path, &book, catalogue, &mut found),
        }
    }
    found.located(path, text)
}

/// `no X is called Y; did you mean Z? (allowed: …)`
fn unknown<'a>(kind: &str, word: &str, allowed: impl Iterator<Item = &'a str>) -> String {
    let allowed: Vec<&str> = allowed.collect();
    let nearest = query::nearest(word, allowed.iter().copied())
        .map(|near| format!("; did you mean `{near}`?"))
        .unwrap_or_default();
    format!("no {kind} is called `{word}`{nearest} (allowed: {})", allowed.join(", "))
}

fn of_catalogue(file: &CatalogueFile, catalogue: &Catalogue, found: &mut Findings) {
    of_parts(file, catalogue, found);
    for (name, input) in &file.inputs.0 {
        if let Err(why) = quote::word(&input.example, input) {
            found.add(
                &["inputs", &format!("{name}:"), "example"],
                format!("the example of {name} is refused: {why}"),
            );
        }
    }
    for (n, command) in file.commands.iter().enumerate() {
        let id = format!("id: {}", command.id);
        if file.commands.iter().take(n).any(|other| other.id == command.id) {
            found.add(&[&id, "id"], format!("`{}` is there twice", command.id));
        }
        of_command(command, &id, catalogue, found);
    }
}

/// Texts that commands have in common: each has a name of its own and names no other.
fn of_parts(file: &CatalogueFile, catalogue: &Catalogue, found: &mut Findings) {
    let is_part = |name: &str| {
        file.parts.get(name).is_some() || catalogue.parts.iter().any(|(part, _)| part == name)
    };
    for (name, _) in file.inputs.iter().filter(|(name, _)| is_part(name)) {
        let what = format!("the input {name} has the name of a part; give it another");
        found.add(&["inputs", &format!("{name}:")], what);
    }
    for (name, part) in file.parts.iter() {
        let at = ["parts", &format!("{name}:")];
        if catalogue.input(name).is_some() {
            found.add(&at, format!("the part {name} has the name of an input; give it another"));
        }
        for (other, _) in quote::placeholders(part).iter().filter(|(other, _)| is_part(other)) {
            found.add(&at, format!("the part {name} names the part @{other}@; write its text out"));
        }
    }
}

/// The parts of a file that no command of the library names. Which ones do is known when all files have been read.
fn idle_parts(path: &str, text: &str, catalogue: &Catalogue) -> Vec<Problem> {
    let Ok(file) = parse::<CatalogueFile>(path, text) else { return Vec::new() };
    let mut found = Findings::default();
    for (name, _) in file.parts.iter().filter(|(name, _)| !catalogue.parts_named.contains(*name)) {
        let what = format!("no command names the part @{name}@ in a variant or an undo");
        found.add(&["parts", &format!("{name}:")], what);
    }
    found.located(path, text)
}

fn of_command(command: &Command, id: &str, catalogue: &Catalogue, found: &mut Findings) {
    let name = &command.id;
    let undo: Vec<(&str, &str)> = match &command.undo {
        None => Vec::new(),
        Some(PerVariant::All(text)) => vec![("undo", text)],
        Some(PerVariant::Each(texts)) => {
            texts.iter().map(|(name, text)| (name, text.as_str())).collect()
        }
    };
    if command.undo.is_none() && command.risk > Risk::ReadOnly {
        found.add(
            &[id, "risk"],
            format!("{name} changes something and has no undo; write `undo: \"none: …\"` where there is none"),
        );
    }
    let variants = command.variants.iter().map(|(name, text)| (name, text.as_str()));
    for (variant, template) in variants.chain(undo) {
        for (input, is_open) in quote::placeholders(template) {
            let at = [id, &format!("@{input}@")];
            match catalogue.input(&input) {
                None => {
                    let inputs = catalogue.inputs.iter().map(|(name, _)| name.as_str());
                    found.add(&at, format!("{name}, {variant}: {}", unknown("input", &input, inputs)));
                }
                Some(Input { write: Write::Quoted, .. }) if !is_open => found.add(
                    &at,
                    format!("{name}, {variant}: @{input}@ stands in quotes or a here-document, where its value cannot be quoted"),
                ),
                Some(_) => {}
            }
        }
    }
    for other in command.requires.iter().filter(|other| catalogue.command(other).is_none()) {
        let ids = catalogue.commands.iter().map(|command| command.id.as_str());
        found.add(&[id, "requires", other], format!("{name}: {}", unknown("command", other, ids)));
    }
    for input in command.finds.iter().filter(|input| catalogue.input(input).is_none()) {
        let inputs = catalogue.inputs.iter().map(|(name, _)| name.as_str());
        found.add(&[id, "finds", input], format!("{name}: {}", unknown("input", input, inputs)));
    }
    for (variant, _) in command.variants.iter() {
        if command.privilege.of(variant).is_none() {
            found.add(&[id, "priv"], format!("{name}, {variant}: no privilege is given"));
        }
    }
}

fn of_playbook(path: &str, book: &Playbook, catalogue: &Catalogue, found: &mut Findings) {
    let stem = path.rsplit('/').next().unwrap_or(path).trim_end_matches(".yaml");
    if book.id != stem {
        found.add(&["id:"], format!("id is `{}`, the file is called `{stem}`", book.id));
    }
    if path.starts_with("rules/") && book.rules.is_empty() {
        found.add(&["rules:"], "it names no rules (wanted: `rules: [exact name]`)");
    }
    if path.starts_with("family/") && book.family.is_none() {
        found.add(&[], "it has no `family` (wanted: `family: {rank: 50, when: FILTER}`)");
    }
    for (rule, text) in book.per_rule.iter() {
        if !book.rules.iter().any(|known| known == rule) {
            let rules = book.rules.iter().map(String::as_str);
            found.add(&["per_rule", rule], unknown("rule of this file", rule, rules));
        }
        words(text, &["per_rule", rule], found);
    }
    words(&book.means, &["means:"], found);
    words(&book.headline, &["headline:"], found);
    for (key, statements) in [("proves:", &book.proves), ("not_proven:", &book.not_proven)] {
        for statement in statements {
            match statement {
                Statement::Always(text) => words(text, &[key], found),
                Statement::When(conditional) => {
                    filter(conditional.when.text(), &[key], found);
                    words(&conditional.says, &[key], found);
                }
            }
        }
    }
    for signal in &book.signals {
        let at = ["signals:", signal.when.text()];
        filter(signal.when.text(), &["signals:"], found);
        words(&signal.says, &at, found);
        if !(-3..=3).contains(&signal.weight) {
            let what = format!("a weight of {} is not between -3 and 3", signal.weight);
            found.add(&[at[0], at[1], &format!("weight: {}", signal.weight)], what);
        }
        if let Some(what) = unknown_field(&signal.field) {
            found.add(&[at[0], at[1], &format!("field: {}", signal.field)], what);
        }
    }
    for mark in book.restates.iter().filter(|mark| !MARKS.contains(&mark.as_str())) {
        found.add(&["restates:", mark], unknown("mark", mark, MARKS.into_iter()));
    }
    of_causes(book, found);
    for known in &book.known {
        of_known(known, catalogue, found);
    }
    for step in &book.steps {
        let at = ["steps:", step.command.as_str()];
        if let Some(when) = &step.when {
            filter(when.text(), &at, found);
        }
        words(&step.why, &at, found);
        if catalogue.command(&step.command).is_none() {
            let ids = catalogue.commands.iter().map(|command| command.id.as_str());
            found.add(&at, unknown("command", &step.command, ids));
        }
    }
    if let Some(when) = book.family.as_ref().and_then(|family| family.when.as_ref())
        && !when.is_empty()
    {
        filter(when.text(), &["family:"], found);
    }
    if let Some(quiet) = &book.tuning {
        words(&quiet.says, &["tuning:"], found);
        for field in &quiet.fields {
            if let Some(what) = unknown_field(field) {
                found.add(&["tuning:", "fields", field], what);
            }
        }
    }
    for id in book.attack.iter().filter(|id| !attack::is_known(id)) {
        found.add(
            &["attack:", id],
            format!("{id} is no technique we know (wanted: an id such as T1059 or T1059.004)"),
        );
    }
    for link in &book.see {
        if !link.starts_with("https://") && !link.starts_with("http://") {
            found.add(&["see:", link], format!("`{link}` is no web address (wanted: https://…)"));
        }
    }
    for (n, sample) in book.samples.iter().enumerate() {
        of_sample(n, sample, found);
    }
}

fn of_causes(book: &Playbook, found: &mut Findings) {
    for (n, cause) in book.causes.iter().enumerate() {
        let at = ["causes:", cause.id.as_str()];
        if let Some(when) = &cause.when {
            filter(when.text(), &at, found);
        }
        words(&cause.title, &at, found);
        words(&cause.check, &at, found);
        if !VERDICTS.contains(&cause.verdict.as_str()) {
            let what = unknown("verdict", &cause.verdict, VERDICTS.into_iter());
            found.add(&[at[0], at[1], &format!("verdict: {}", cause.verdict)], what);
        }
        if book.causes.iter().take(n).any(|other| other.id == cause.id) {
            found.add(&at, format!("the cause `{}` is there twice", cause.id));
        }
    }
    if book.causes.is_empty() {
        found.add(&["causes:"], "it has no causes (wanted: at least one harmful and one harmless)");
    }
}

/// What can be said of a sample without trying it.
fn of_sample(n: usize, sample: &Sample, found: &mut Findings) {
    let at = ["samples:"];
    let n = n + 1;
    if let Some(priority) = &sample.alert.priority
        && Priority::parse(priority).is_none()
    {
        let what = unknown("priority", priority, Priority::ALL.iter().map(|one| one.name()));
        found.add(&[at[0], priority], format!("sample {n}: {what}"));
    }
    if let Some(time) = &sample.alert.time
        && time.parse::<jiff::Timestamp>().is_err()
    {
        let what = format!("sample {n}: `{time}` is no time (wanted: 2026-01-31T12:00:00Z)");
        found.add(&[at[0], time], what);
    }
}

fn of_known(known: &Known, catalogue: &Catalogue, found: &mut Findings) {
    let at = ["known:", known.id.as_str()];
    filter(known.when.text(), &at, found);
    for proof in &known.proof {
        filter(proof.when.text(), &at, found);
        if let Some(what) = unknown_field(&proof.field) {
            found.add(&[at[0], at[1], &format!("field: {}", proof.field)], what);
        }
    }
    for when in known.unless.iter().chain(&known.evidence) {
        filter(when.text(), &at, found);
    }
    if known.proof.is_empty() {
        found.add(&at, format!("{} has no proof; a name alone proves nothing", known.id));
    }
    if !VERDICTS.contains(&known.verdict.as_str()) {
        let what = unknown("verdict", &known.verdict, VERDICTS.into_iter());
        found.add(&[at[0], at[1], &format!("verdict: {}", known.verdict)], what);
    }
    for word in &known.never {
        let phases = || Phase::ALL.iter().map(|phase| phase.name());
        let ids = || catalogue.commands.iter().map(|command| command.id.as_str());
        if !phases().chain(ids()).any(|known| known == word) {
            let what = unknown("phase or command", word, phases().chain(ids()));
            found.add(&[at[0], at[1], "never", word], what);
        }
    }
}

/// A filter that cannot be read, or asks for what is nowhere.
fn filter(text: &str, at: &[&str], found: &mut Findings) {
    let at: Vec<&str> = at.iter().copied().chain([text]).collect();
    match Filter::parse(text, &Names::default()) {
        Err(error) => found.add(&at, format!("`{text}`: {error}")),
        Ok(filter) => {
            // A field that differs by a slip from one of Falco's is no plugin's.
            for warning in filter.warnings().iter().filter(|warning| warning.suggestion.is_some()) {
                let is_fact =
                    text.get(warning.span.range()).is_some_and(|key| key.starts_with("fact."));
                if !is_fact {
                    found.add(&at, format!("`{text}`: {warning}"));
                }
            }
            for key in filter.fields() {
                if key.starts_with("fact.") && !FACTS.contains(&key) {
                    let what = unknown("fact", key, FACTS.into_iter());
                    found.add(&at, format!("`{text}`: {what}"));
                }
            }
        }
    }
}

/// Braces around what is no placeholder.
fn words(text: &str, at: &[&str], found: &mut Findings) {
    for name in wording::unknown_placeholders(text) {
        let at: Vec<&str> = at.iter().copied().chain([name]).collect();
        let what = unknown("placeholder", name, wording::WORDS.into_iter());
        found.add(&at, format!("{what} or a field of Falco's, such as {{proc.pexepath}}"));
    }
}

/// A field that no alert has.
fn unknown_field(field: &str) -> Option<String> {
    let base = field.split('[').next().unwrap_or(field);
    if base.starts_with("fact.") {
        return (!FACTS.contains(&base)).then(|| unknown("fact", base, FACTS.into_iter()));
    }
    let is_known = fields::find(base).is_some()
        || fields::find_dotted(base).is_some()
        || base.starts_with("alert.")
        || !base.contains('.');
    if is_known {
        return None;
    }
    // What is nothing like a field of Falco's may be a plugin's.
    let near = query::nearest(base, fields::all().iter().map(|entry| entry.name))?;
    Some(format!(
        "Falco has no field `{field}`; did you mean `{near}`? (`cadge fields` lists them)"
    ))
}

fn of_samples(book: &Playbook, text: &str, playbooks: &Playbooks, found: &mut Findings) {
    let (mut n_harmless, mut n_harmful) = (0, 0);
    for (n, sample) in book.samples.iter().enumerate() {
        let line = item(text, "samples", n);
        let alert = sample.alert.alert();
        let analysis = analyze(&alert, &[], playbooks, &Choice::default());
        let n = n + 1;
        let mut expect = |what: &str, expected: &str, got: &str| {
            if expected != got {
                found.add(
                    &["samples:", &line],
                    format!("sample {n}: {what} is {got}, expected {expected}"),
                );
            }
        };
        expect("the playbook", &book.id, &analysis.playbook.id);
        expect("the level", sample.level.name(), analysis.assessment.level.name());
        expect(
            "the first cause",
            &sample.cause,
            analysis.causes.first().map_or("none", |cause| &cause.id),
        );
        expect(
            "the first command",
            &sample.first,
            analysis.steps.first().map_or("none", |step| &step.id),
        );
        if let Some(known) = &sample.known {
            expect("the identity", known, analysis.assessment.known.as_deref().unwrap_or("none"));
        }
        let is_harmless =
            analysis.causes.first().is_some_and(|cause| cause.verdict != "true_positive");
        let is_calm = sample.level <= Level::Low;
        n_harmless += usize::from(is_calm || is_harmless);
        n_harmful += usize::from(!is_calm);
    }
    if book.samples.len() < 2 || n_harmless == 0 || n_harmful == 0 {
        found.add(&["samples:"], "it wants at least one harmful and one harmless sample");
    }
}
