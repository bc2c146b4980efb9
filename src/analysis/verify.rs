//! Whether playbooks are right: shapes, filters, placeholders, commands, techniques, and their own samples.

use super::catalogue::Command;
use super::clause::Clause;
use super::library::{Catalogue, Playbooks, Problem};
use super::playbook::{Known, Playbook, Statement};
use super::{Choice, analyze, attack, quote, wording};
use crate::query::{Filter, Names};

/// Everything that is wrong with a library, file by file; nothing when it is right.
pub fn verify(playbooks: &Playbooks) -> Vec<Problem> {
    let catalogue = playbooks.catalogue();
    let mut problems = catalogue.problems.clone();
    problems.extend(playbooks.known_problem());
    for command in &catalogue.commands {
        for what in of_command(command, catalogue) {
            problems.push(Problem { file: format!("commands: {}", command.id), what });
        }
    }
    for (name, input) in &catalogue.inputs {
        if let Err(why) = quote::word(&input.example, input) {
            problems.push(Problem {
                file: format!("commands: input {name}"),
                what: format!("its example is refused: {why}"),
            });
        }
    }
    for known in playbooks.known() {
        let mut found = Vec::new();
        of_known(known, &mut found);
        problems
            .extend(found.into_iter().map(|what| Problem { file: "known.yaml".to_owned(), what }));
    }
    for (path, book) in playbooks.all() {
        match book {
            Err(problem) => problems.push(problem),
            Ok(book) => {
                let mut found = Vec::new();
                of_playbook(path, &book, catalogue, &mut found);
                of_samples(&book, playbooks, &mut found);
                problems
                    .extend(found.into_iter().map(|what| Problem { file: path.to_owned(), what }));
            }
        }
    }
    problems
}

fn of_command(command: &Command, catalogue: &Catalogue) -> Vec<String> {
    let mut found = Vec::new();
    let undo: Vec<(&str, &str)> = match &command.undo {
        None => Vec::new(),
        Some(super::catalogue::PerVariant::All(text)) => vec![("undo", text)],
        Some(super::catalogue::PerVariant::Each(texts)) => {
            texts.iter().map(|(name, text)| (name, text.as_str())).collect()
        }
    };
    if command.undo.is_none() && command.risk > super::Risk::ReadOnly {
        found.push(
            "it changes something and has no undo; write `none: …` where there is none".to_owned(),
        );
    }
    for (variant, template) in
        command.variants.iter().map(|(name, text)| (name, text.as_str())).chain(undo)
    {
        for (name, is_open) in quote::placeholders(template) {
            match catalogue.input(&name) {
                None => found.push(format!("{variant}: no input is called {name}")),
                Some(input) if input.write == super::catalogue::Write::Quoted && !is_open => {
                    found.push(format!("{variant}: @{name}@ stands in quotes or a here-document, where its value cannot be quoted"));
                }
                Some(_) => {}
            }
        }
    }
    for id in command.requires.iter().filter(|id| catalogue.command(id).is_none()) {
        found.push(format!("it requires `{id}`, which is no command"));
    }
    for (variant, _) in command.variants.iter() {
        if command.privilege.of(variant).is_none() {
            found.push(format!("{variant}: no privilege is given"));
        }
    }
    found
}

fn of_playbook(path: &str, book: &Playbook, catalogue: &Catalogue, found: &mut Vec<String>) {
    let stem = path.rsplit('/').next().unwrap_or(path).trim_end_matches(".yaml");
    if book.id != stem {
        found.push(format!("id is `{}`, the file is called `{stem}`", book.id));
    }
    if path.starts_with("rules/") && book.rules.is_empty() {
        found.push("it names no rules".to_owned());
    }
    if path.starts_with("family/") && book.family.is_none() {
        found.push("it has no `family`".to_owned());
    }
    for rule in book
        .per_rule
        .iter()
        .map(|(rule, _)| rule)
        .filter(|rule| !book.rules.iter().any(|known| known == rule))
    {
        found.push(format!("per_rule speaks of `{rule}`, which is not in rules"));
    }
    let mut filters: Vec<&str> = Vec::new();
    let mut texts: Vec<&str> = vec![&book.means, &book.headline];
    for statement in book.proves.iter().chain(&book.not_proven) {
        match statement {
            Statement::Always(text) => texts.push(text),
            Statement::When(conditional) => {
                filters.push(conditional.when.text());
                texts.push(&conditional.says);
            }
        }
    }
    for signal in &book.signals {
        filters.push(signal.when.text());
        texts.push(&signal.says);
        if !(-3..=3).contains(&signal.weight) {
            found.push(format!("a weight of {} is not between -3 and 3", signal.weight));
        }
    }
    for cause in &book.causes {
        filters.extend(cause.when.as_ref().map(Clause::text));
        texts.extend([cause.title.as_str(), cause.check.as_str()]);
        if !["true_positive", "benign", "false_positive", "test", "duplicate"]
            .contains(&cause.verdict.as_str())
        {
            found.push(format!("`{}` is no verdict", cause.verdict));
        }
    }
    for step in &book.steps {
        filters.extend(step.when.as_ref().map(Clause::text));
        texts.push(&step.why);
        if catalogue.command(&step.command).is_none() {
            found.push(format!("no command is called `{}`", step.command));
        }
    }
    filters.extend(
        book.family
            .as_ref()
            .and_then(|family| family.when.as_ref())
            .map(Clause::text)
            .filter(|when| !when.is_empty()),
    );
    for known in &book.known {
        of_known(known, found);
    }
    check_filters(&filters, found);
    for text in texts {
        found.extend(
            wording::unknown_placeholders(text)
                .into_iter()
                .map(|name| format!("{{{name}}} is no placeholder")),
        );
    }
    found.extend(
        book.attack
            .iter()
            .filter(|id| !attack::is_known(id))
            .map(|id| format!("{id} is no technique we know")),
    );
    if book.causes.is_empty() {
        found.push("it has no causes".to_owned());
    }
}

fn of_known(known: &Known, found: &mut Vec<String>) {
    let mut filters = vec![known.when.text()];
    filters.extend(known.proof.iter().map(|proof| proof.when.text()));
    filters.extend(known.unless.as_ref().map(Clause::text));
    filters.extend(known.evidence.as_ref().map(Clause::text));
    if known.proof.is_empty() {
        found.push(format!("{} has no proof; a name alone proves nothing", known.id));
    }
    check_filters(&filters, found);
}

fn check_filters(filters: &[&str], found: &mut Vec<String>) {
    for text in filters {
        match Filter::parse(text, &Names::default()) {
            Err(error) => found.push(format!("`{text}`: {error}")),
            Ok(filter) => {
                let unknown =
                    filter.fields().find(|key| key.starts_with("fact.") && !FACTS.contains(key));
                found.extend(unknown.map(|key| format!("`{text}`: no fact is called {key}")));
            }
        }
    }
}

/// The facts that filters may ask for.
const FACTS: [&str; 17] = [
    "fact.actor",
    "fact.age",
    "fact.direction",
    "fact.drill",
    "fact.exe",
    "fact.failed",
    "fact.neighbors",
    "fact.parents",
    "fact.person",
    "fact.place",
    "fact.platform",
    "fact.privileged",
    "fact.remote",
    "fact.runtime",
    "fact.target",
    "fact.tty",
    "fact.known",
];

fn of_samples(book: &Playbook, playbooks: &Playbooks, found: &mut Vec<String>) {
    let (mut n_harmless, mut n_harmful) = (0, 0);
    for (n, sample) in book.samples.iter().enumerate() {
        let alert = sample.alert.alert();
        let analysis = analyze(&alert, &[], playbooks, &Choice::default());
        let n = n + 1;
        let mut expect = |what: &str, expected: &str, got: &str| {
            if expected != got {
                found.push(format!("sample {n}: {what} is {got}, expected {expected}"));
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
        let is_calm = sample.level <= crate::model::Level::Low;
        n_harmless += usize::from(is_calm || is_harmless);
        n_harmful += usize::from(!is_calm);
    }
    if book.samples.len() < 2 || n_harmless == 0 || n_harmful == 0 {
        found.push("it wants at least one harmful and one harmless sample".to_owned());
    }
}
