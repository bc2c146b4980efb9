//! One decision, as it is written down: who changed what, when, from which host, and what it was before.

use super::Key;
use super::key::hex;
use crate::model::{Status, Verdict};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// All that people have said about one alert or group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Decision {
    pub status: Status,
    /// Only with [`Status::Closed`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assignee: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}

impl Decision {
    /// What differs between two states, in words: `closed as benign`, `assigned to ana`, `noted`…
    pub fn difference(before: &Self, after: &Self) -> String {
        let mut words = Vec::new();
        if before.status != after.status || before.verdict != after.verdict {
            words.push(match after.verdict {
                Some(verdict) if after.status == Status::Closed => {
                    format!("closed as {}", verdict.words())
                }
                _ if after.status == Status::Open => "opened again".to_owned(),
                _ => after.status.name().to_owned(),
            });
        }
        if before.assignee != after.assignee {
            words.push(match &after.assignee {
                Some(name) => format!("assigned to {name}"),
                None => "assigned to nobody".to_owned(),
            });
        }
        if before.reason != after.reason {
            words.push(
                if after.reason.is_some() { "with a reason" } else { "no reason" }.to_owned(),
            );
        }
        if before.note != after.note {
            words.push(if after.note.is_some() { "noted" } else { "note taken away" }.to_owned());
        }
        if before.tags != after.tags {
            words.push(match after.tags.as_slice() {
                [] => "tags taken away".to_owned(),
                tags => format!("tagged {}", tags.join(" ")),
            });
        }
        words.join(", ")
    }
}

/// What a change is about, for people who read it where the alert is no longer at hand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct About {
    pub rule: String,
    /// Container, pod, workload or host in a few words.
    pub place: String,
    /// SHA-256 of the raw record kept as evidence, in hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
}

/// One change of a decision. Never altered once written; an undo is a new change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// Unique among all hosts: the first 128 bits of the SHA-256 over the change's JSON with an empty id, in
    /// hexadecimal digits.
    pub id: String,
    pub at: Timestamp,
    pub by: String,
    pub host: String,
    #[serde(with = "key_text")]
    pub key: Key,
    #[serde(default)]
    pub about: About,
    pub before: Decision,
    pub after: Decision,
    /// Changes made by one key press share this; they are undone together.
    pub batch: String,
    /// The batch that this one takes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoes: Option<String>,
}

impl Change {
    /// Gives the change its id. The same change made twice at one instant by one person is one change.
    #[must_use]
    pub fn identified(mut self) -> Self {
        self.id.clear();
        // Our own types hold no maps with keys that JSON cannot write.
        let text = serde_json::to_vec(&self).unwrap_or_default();
        self.id = hex(Sha256::digest(text).get(..16).unwrap_or_default());
        self
    }
}

mod key_text {
    use super::Key;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(key: &Key, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(key)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Key, D::Error> {
        let text = String::deserialize(from)?;
        Key::parse(&text).ok_or_else(|| {
            D::Error::custom(format!("`{text}` is no key (scope:32 hexadecimal digits)"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_people_who_set_different_things_both_get_their_way() {
        let before = Decision::default();
        let noted = Decision { note: Some("seen".into()), ..before.clone() };
        let assigned = Decision { assignee: Some("ana".into()), ..before.clone() };
        let mut now = before.clone();
        now.merge(&before, &noted);
        now.merge(&before, &assigned);
        assert_eq!((now.note.as_deref(), now.assignee.as_deref()), (Some("seen"), Some("ana")));
    }

    #[test]
    fn a_difference_is_told_in_words() {
        let before = Decision::default();
        let after = Decision {
            status: Status::Closed,
            verdict: Some(Verdict::FalsePositive),
            note: Some("probe".into()),
            ..before.clone()
        };
        assert_eq!(Decision::difference(&before, &after), "closed as a false positive, noted");
        assert_eq!(Decision::difference(&after, &before), "opened again, note taken away");
    }
}
