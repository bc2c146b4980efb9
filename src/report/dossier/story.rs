//! Alerts of one place that go together, told as one story.

use super::Chapter;
use crate::text::plural;

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

/// The story of a place, where its alerts show three tactics or more.
pub(super) fn told(place: String, chapters: Vec<(usize, &Chapter)>) -> Option<Story<'_>> {
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

fn spell(seconds: i64) -> String {
    match seconds {
        ..120 => plural(seconds.unsigned_abs(), "second", "seconds"),
        120..7200 => plural((seconds / 60).unsigned_abs(), "minute", "minutes"),
        _ => plural((seconds / 3600).unsigned_abs(), "hour", "hours"),
    }
}
