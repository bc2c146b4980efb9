//! A filter with an author, a reason and an end that keeps alerts out of sight, and never more than it was made for.

use crate::model::{Level, Priority};
use crate::query::{Filter, Names};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// What a person muted. Its filter is text in Falco's language; whoever asks parses it once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suppression {
    pub id: String,
    pub filter: String,
    pub author: String,
    pub reason: String,
    pub made: Timestamp,
    /// Never endless.
    pub ends: Timestamp,
    pub shelter: Shelter,
    /// Ended early by this person at this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifted: Option<(String, Timestamp)>,
}

/// What a suppression was made for, and all that it may hide.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shelter {
    /// Place in [`Priority::ALL`] of the most urgent alert it was made for; alerts with a smaller one are shown.
    pub priority: u8,
    /// Places in [`Level::ALL`] of the assessments it was made for; alerts with any other are shown.
    #[serde(alias = "level", deserialize_with = "one_or_many")]
    pub levels: Vec<u8>,
}

impl Shelter {
    /// The shelter of these alerts: their most urgent priority and all their assessments; `None` where no priority or no
    /// assessment is known, because such alerts are never hidden.
    pub fn of(alerts: impl IntoIterator<Item = (Option<Priority>, Option<Level>)>) -> Option<Self> {
        let (mut priority, mut levels) = (None, Vec::new());
        for (own, level) in alerts {
            if let (Some(own), Some(level)) = (own, level) {
                priority = Some(priority.map_or(own, |most: Priority| most.min(own)));
                if !levels.contains(&(level as u8)) {
                    levels.push(level as u8);
                }
            }
        }
        levels.sort_unstable();
        priority.map(|priority| Self { priority: priority as u8, levels })
    }

    /// Takes in what else the suppression is made for.
    pub fn widen(&mut self, other: &Self) {
        self.priority = self.priority.min(other.priority);
        self.levels.extend(&other.levels);
        self.levels.sort_unstable();
        self.levels.dedup();
    }

    /// In words: `Notice and below, assessed as low or medium`.
    pub fn words(&self) -> String {
        let priority = Priority::ALL.get(usize::from(self.priority)).map_or("?", |p| p.name());
        let levels = self.level_names().join(" or ");
        format!("{priority} and below, assessed as {levels}")
    }

    /// The names of the assessments, mildest first.
    pub fn level_names(&self) -> Vec<&'static str> {
        let known = self.levels.iter().filter_map(|at| Level::ALL.get(usize::from(*at)));
        known.map(|level| level.name()).collect()
    }
}

/// Suppressions of the first form name one assessment.
fn one_or_many<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Levels {
        One(u8),
        Many(Vec<u8>),
    }
    Ok(match Levels::deserialize(from)? {
        Levels::One(level) => vec![level],
        Levels::Many(levels) => levels,
    })
}

/// No suppression lasts longer; a month and the hour that a clock may be turned by.
const LONGEST: SignedDuration = SignedDuration::from_hours(30 * 24 + 1);

impl Suppression {
    /// Whether it is one that could be made here, `latest` being the latest time that counts as now.
    ///
    /// # Errors
    /// A sentence that says why not.
    pub fn check(&self, latest: Timestamp) -> Result<(), String> {
        let lasts = self.ends.duration_since(self.made);
        let shelter = &self.shelter;
        let is_level = |level: &u8| usize::from(*level) < Level::ALL.len();
        if self.id.is_empty() {
            return Err("it has no id".to_owned());
        }
        if self.made > latest {
            return Err(format!("it is from the future ({:.0})", self.made));
        }
        if lasts > LONGEST {
            return Err(format!("it lasts until {:.0}; at most 30 days are allowed", self.ends));
        }
        if usize::from(shelter.priority) >= Priority::ALL.len()
            || shelter.levels.is_empty()
            || !shelter.levels.iter().all(is_level)
        {
            return Err("it does not say what it was made for".to_owned());
        }
        match Filter::parse(&self.filter, &Names::default()) {
            Err(error) => Err(format!("its filter cannot be read: {error}")),
            Ok(filter) if filter.needs_triage() => {
                Err("its filter asks for decisions, which none may".to_owned())
            }
            Ok(_) => Ok(()),
        }
    }

    /// Whether it still hides anything.
    pub fn is_active(&self, now: Timestamp) -> bool {
        self.made <= now && now < self.ends && self.lifted.is_none()
    }

    /// Whether it may hide an alert that its filter matches. An unknown priority, and an assessment that is not known
    /// yet, are never hidden: they may be the urgent ones.
    pub fn may_hide(
        &self,
        priority: Option<Priority>,
        level: Option<Level>,
        now: Timestamp,
    ) -> bool {
        self.is_active(now)
            && priority.is_some_and(|priority| priority as u8 >= self.shelter.priority)
            && level.is_some_and(|level| self.shelter.levels.contains(&(level as u8)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shelter_is_what_it_was_made_for() {
        let of = |alerts: &[(Option<Priority>, Option<Level>)]| Shelter::of(alerts.iter().copied());
        let both = of(&[
            (Some(Priority::Notice), Some(Level::Medium)),
            (Some(Priority::Warning), Some(Level::Low)),
            (Some(Priority::Critical), None),
            (None, Some(Level::Critical)),
        ]);
        let both = both.unwrap();
        assert_eq!(both.words(), "Warning and below, assessed as low or medium");
        assert_eq!(of(&[(None, Some(Level::Low)), (Some(Priority::Debug), None)]), None);
        let first: Shelter = serde_json::from_str(r#"{"priority":5,"level":2}"#).unwrap();
        assert_eq!(first.levels, [2]);
    }

    #[test]
    fn nothing_more_urgent_than_what_it_was_made_for_is_hidden() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let mute = Suppression {
            id: "1".into(),
            filter: "container.id = 0123456789ab".into(),
            author: "ana".into(),
            reason: "load test".into(),
            made: at(100),
            ends: at(200),
            shelter: Shelter {
                priority: Priority::Warning as u8,
                levels: vec![Level::Low as u8, Level::Medium as u8],
            },
            lifted: None,
        };
        let hides = |priority, level, second| mute.may_hide(priority, level, at(second));
        assert!(hides(Some(Priority::Warning), Some(Level::Medium), 150));
        assert!(hides(Some(Priority::Debug), Some(Level::Low), 150));
        assert!(!hides(Some(Priority::Debug), Some(Level::Benign), 150), "another assessment");
        assert!(!hides(Some(Priority::Error), Some(Level::Medium), 150));
        assert!(!hides(Some(Priority::Warning), Some(Level::High), 150));
        assert!(!hides(None, Some(Level::Low), 150) && !hides(Some(Priority::Debug), None, 150));
        assert!(!hides(Some(Priority::Debug), Some(Level::Low), 200));
    }
}
