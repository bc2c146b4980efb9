//! What a report holds, whatever it is written as: the alerts with their analyses, what people decided, and what follows
//! from all of them together.

mod indicators;
mod place;
mod rest;
mod story;
#[cfg(test)]
pub(super) mod tests;

use super::mask;
use crate::analysis::{Analysis, Direction, Phase};
use crate::model::{Alert, Level, Status};
use crate::text::plural;
use crate::triage::Decision;
pub use indicators::Indicator;
use indicators::indicators;
use jiff::Timestamp;
use place::UNKNOWN;
pub use place::place;
pub use rest::{Count, Rest};
use std::collections::{BTreeMap, BTreeSet};
use story::told;
pub use story::{Beat, Story};

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

    /// Several alerts of one place told as one story: the tactics in the order in which they were first seen. Of many
    /// places the first few; the others are counted.
    pub fn story(&self) -> Option<String> {
        const TOLD: usize = 3;
        let stories = self.stories();
        let mut told: Vec<_> = stories.iter().take(TOLD).map(Story::says).collect();
        let more = stories.len().saturating_sub(TOLD);
        if more > 0 {
            let places = plural(more as u64, "other place shows", "other places show");
            told.push(format!("{places} such a chain."));
        }
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
