//! What moves between hosts, and what is held back when a program must end before it could save: one JSON text.

use super::{Change, Evidence, Suppression};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// How far another host's clock may be ahead of ours.
const AHEAD: SignedDuration = SignedDuration::from_mins(10);

/// The form of the text.
const FORM: u32 = 1;

/// Changes and suppressions, with the records behind them where those move too.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Bundle {
    cadge_triage: u32,
    #[serde(default)]
    pub changes: Vec<Change>,
    #[serde(default)]
    pub suppressions: Vec<Suppression>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    records: Vec<Record>,
}

/// One record; its hash says whether it is what it was.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Record {
    sha256: String,
    record: Body,
}

/// A record is text, nearly always.
#[derive(Debug, Deserialize, Serialize)]
#[serde(untagged)]
enum Body {
    Text(String),
    Bytes(Vec<u8>),
}

impl Bundle {
    /// Puts together what shall move.
    pub fn new(
        changes: Vec<Change>,
        suppressions: Vec<Suppression>,
        evidence: Vec<Evidence>,
    ) -> Self {
        let records = evidence.into_iter().map(|Evidence { sha256, record }| {
            let record = match String::from_utf8(record) {
                Ok(text) => Body::Text(text),
                Err(error) => Body::Bytes(error.into_bytes()),
            };
            Record { sha256, record }
        });
        Self { cadge_triage: FORM, changes, suppressions, records: records.collect() }
    }

    /// Reads what somebody else wrote, and takes the records out of it.
    ///
    /// # Errors
    /// A sentence: it is no such text, it is of a newer form, or something in it was altered after it was made.
    pub fn read(text: &str) -> Result<(Self, Vec<Evidence>), String> {
        #[derive(Deserialize)]
        struct Form {
            cadge_triage: u32,
        }
        let no_export =
            |error: serde_json::Error| format!("it is no export of cadge triage: {error}");
        let form: Form = serde_json::from_str(text).map_err(no_export)?;
        if form.cadge_triage != FORM {
            return Err("it was written by a newer cadge; use that version".to_owned());
        }
        let mut bundle: Self = serde_json::from_str(text).map_err(no_export)?;
        for change in &bundle.changes {
            if change.id != change.clone().identified().id {
                return Err(format!("the change {} was altered after it was made", change.id));
            }
        }
        let mut evidence = Vec::new();
        for Record { sha256, record } in std::mem::take(&mut bundle.records) {
            let record = Evidence::of(match record {
                Body::Text(text) => text.into_bytes(),
                Body::Bytes(bytes) => bytes,
            });
            if record.sha256 != sha256 {
                return Err(format!("the record {sha256} was altered after it was kept"));
            }
            evidence.push(record);
        }
        Ok((bundle, evidence))
    }

    /// Leaves out what may not take effect here, and says what that is: changes from the future, which would count before
    /// everything decided until then, and suppressions that could not have been made here.
    pub fn sift(&mut self, now: Timestamp) -> Vec<String> {
        let mut says = Vec::new();
        let latest = now.checked_add(AHEAD).unwrap_or(now);
        self.changes.retain(|change| {
            let is_past = change.at <= latest;
            if !is_past {
                let Change { id, at, by, .. } = change;
                says.push(format!("the change {id} by {by} is from the future ({at:.0})"));
            }
            is_past
        });
        self.suppressions.retain(|mute| match mute.check(latest) {
            Ok(()) => true,
            Err(why) => {
                says.push(format!("the suppression {} by {}: {why}", mute.id, mute.author));
                false
            }
        });
        says
    }
}

#[cfg(test)]
mod tests {
    use super::super::{About, Decision, Key, Place, Shelter};
    use super::*;

    fn now() -> Timestamp {
        "2026-11-21T10:00:00Z".parse().unwrap()
    }

    fn change(at: Timestamp) -> Change {
        Change {
            id: String::new(),
            at,
            by: "ana".into(),
            host: "node1".into(),
            key: Key::of_container("rule", &Place::default()),
            about: About::default(),
            before: Decision::default(),
            after: Decision { note: Some("x".into()), ..Decision::default() },
            batch: "1".into(),
            undoes: None,
        }
        .identified()
    }

    #[test]
    fn what_was_written_is_read_back_with_its_records() {
        let evidence =
            vec![Evidence::of(b"{\"rule\":\"x\"}\n".to_vec()), Evidence::of(vec![0xff, 0])];
        let bundle = Bundle::new(vec![change(now())], Vec::new(), evidence.clone());
        let text = serde_json::to_string(&bundle).unwrap();
        let (back, records) = Bundle::read(&text).unwrap();
        assert_eq!((back.changes, records), (bundle.changes, evidence));
    }

    #[track_caller]
    fn refused(text: &str, why: &str) {
        let says = Bundle::read(text).unwrap_err();
        assert!(says.contains(why), "{says}");
    }

    #[test]
    fn what_was_altered_is_refused() {
        let bundle =
            Bundle::new(vec![change(now())], Vec::new(), vec![Evidence::of(b"x".to_vec())]);
        let text = serde_json::to_string(&bundle).unwrap();
        refused(&text.replace("\"ana\"", "\"eve\""), "altered after it was made");
        refused(&text.replace("\"record\":\"x\"", "\"record\":\"y\""), "altered after it was kept");
        refused("{\"cadge_triage\":2,\"what\":1}", "newer cadge");
        refused("[]", "no export of cadge triage");
        refused("", "no export of cadge triage");
    }

    #[test]
    fn what_could_not_have_been_made_here_takes_no_effect() {
        let days = |n: i64| now().checked_add(SignedDuration::from_hours(24 * n)).unwrap();
        let mute = |edit: &dyn Fn(&mut Suppression)| {
            let mut mute = Suppression {
                id: "node1-1".into(),
                filter: "proc.name = sh".into(),
                author: "eve".into(),
                reason: String::new(),
                made: now(),
                ends: days(1),
                shelter: Shelter { priority: 5, levels: vec![1] },
                lifted: None,
            };
            edit(&mut mute);
            mute
        };
        let odd: Vec<Suppression> = vec![
            mute(&|_| ()),
            mute(&|mute| mute.ends = "2999-01-01T00:00:00Z".parse().unwrap()),
            mute(&|mute| mute.made = days(400)),
            mute(&|mute| mute.shelter.levels.clear()),
            mute(&|mute| mute.shelter.levels = vec![77]),
            mute(&|mute| mute.shelter.priority = 99),
            mute(&|mute| mute.filter = "proc.name =".into()),
            mute(&|mute| mute.filter = "triage.status = open".into()),
            mute(&|mute| mute.id.clear()),
        ];
        let n = odd.len();
        let mut bundle = Bundle::new(vec![change(now()), change(days(1))], odd, Vec::new());
        let says = bundle.sift(now());
        assert_eq!((bundle.changes.len(), bundle.suppressions.len()), (1, 1), "{says:#?}");
        assert_eq!(says.len(), n, "{says:#?}");
    }
}
