//! A filter with an author, a reason and an end that keeps alerts out of sight, and never more than it was made for.

use crate::model::{Level, Priority};
use jiff::Timestamp;
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

/// The most urgent alert that a suppression may hide: the one it was made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shelter {
    /// Place in [`Priority::ALL`]; alerts with a smaller one are shown.
    pub priority: u8,
    /// Place in [`Level::ALL`]; alerts with a greater one are shown.
    pub level: u8,
}

impl Suppression {
    /// The longest a suppression may last: thirty days.
    pub const LONGEST_SECONDS: i64 = 30 * 24 * 3600;

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
            && level.is_some_and(|level| level as u8 <= self.shelter.level)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            shelter: Shelter { priority: Priority::Warning as u8, level: Level::Medium as u8 },
            lifted: None,
        };
        let hides = |priority, level, second| mute.may_hide(priority, level, at(second));
        assert!(hides(Some(Priority::Warning), Some(Level::Medium), 150));
        assert!(hides(Some(Priority::Debug), Some(Level::Benign), 150));
        assert!(!hides(Some(Priority::Error), Some(Level::Medium), 150));
        assert!(!hides(Some(Priority::Warning), Some(Level::High), 150));
        assert!(!hides(None, Some(Level::Low), 150) && !hides(Some(Priority::Debug), None, 150));
        assert!(!hides(Some(Priority::Debug), Some(Level::Low), 200));
    }
}
