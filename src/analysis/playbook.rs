//! The shape of a playbook: what we know about one rule or a close family of rules, as data.
//!
//! `docs/playbooks.md` says how to write one. Unknown keys are errors with line and column, so that a typo is not lost.
//! `when` is always a filter in Falco's condition language; besides Falco's fields it knows the `fact.*` fields of
//! [`super::facts`].

use super::catalogue::Ordered;
use super::clause::Clause;
use crate::model::{Alert, Fields, Level, Priority, TimeFrom, Value};
use serde::Deserialize;
use serde::de::{MapAccess, SeqAccess, Visitor};

/// One playbook file. The keys stand in this order in the file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Playbook {
    /// The file's stem.
    pub id: String,
    /// Exact rule names, those of older Falco versions too; empty in a family.
    #[serde(default)]
    pub rules: Vec<String>,
    /// How alerts of rules that no playbook names are met; only in `family/`.
    #[serde(default)]
    pub family: Option<Family>,
    /// Two to four sentences: what was seen, what it proves, in words a new colleague understands.
    pub means: String,
    /// One or two sentences for a rule where the rules of one playbook differ.
    #[serde(default)]
    pub per_rule: Ordered<String>,
    /// One sentence about this alert, with placeholders in braces.
    pub headline: String,
    pub proves: Vec<Statement>,
    pub not_proven: Vec<Statement>,
    #[serde(default)]
    pub signals: Vec<Signal>,
    /// Facts that the rule's name already says (`memfd`, `upper`, `privileged`, `tmp`, `deleted`, `remote`, `server-parent`);
    /// they are told and do not weigh again.
    #[serde(default)]
    pub restates: Vec<String>,
    pub causes: Vec<CauseText>,
    #[serde(default)]
    pub known: Vec<Known>,
    pub steps: Vec<StepText>,
    #[serde(default)]
    pub tuning: Option<Tuning>,
    /// Technique ids, the better one first.
    #[serde(default)]
    pub attack: Vec<String>,
    /// Web addresses.
    #[serde(default)]
    pub see: Vec<String>,
    #[serde(default)]
    pub samples: Vec<Sample>,
}

/// Which alerts a family playbook speaks for. `sources` must hold the alert's event source when it is given;
/// of `tags`, `techniques` and `when`, one that matches is enough; with none of them the source alone decides.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Family {
    /// The highest rank that matches is taken: 90 a sure sign, 50 a technique or tag, 10 the kind of event.
    pub rank: i32,
    #[serde(default)]
    pub tags: Vec<String>,
    /// `T1059` also meets `T1059.004`.
    #[serde(default)]
    pub techniques: Vec<String>,
    #[serde(default)]
    pub sources: Vec<String>,
    #[serde(default)]
    pub when: Option<Clause>,
}

/// A sentence, said always or only when a filter matches.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Statement {
    Always(String),
    When(Conditional),
}

/// A sentence with its filter.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conditional {
    pub when: Clause,
    pub says: String,
}

/// What a value of this alert says about how bad it is.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signal {
    pub when: Clause,
    pub says: String,
    /// −3 (harmless) to 3 (harmful); 2 and more is strong.
    pub weight: i32,
    /// The field the sentence rests on.
    pub field: String,
    /// Whether the program itself cannot choose the value (image, layer, parent, namespace: yes; name, argv: no).
    /// A negative weight without proof never lowers a level. Absent: as the field's nature is.
    #[serde(default)]
    pub proof: Option<bool>,
}

impl Signal {
    /// Whether a negative weight counts.
    pub fn is_proof(&self) -> bool {
        self.proof.unwrap_or_else(|| {
            let own = [
                "proc.name",
                "proc.cmdline",
                "proc.args",
                "proc.exe",
                "proc.exepath",
                "proc.cwd",
                "proc.env",
                "fd.name",
            ];
            !own.contains(&self.field.as_str())
                && !self.field.starts_with("proc.args[")
                && !self.field.starts_with("evt.arg.p")
        })
    }
}

/// A likely cause, in the file's order; causes whose `when` matches come first.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CauseText {
    pub id: String,
    pub title: String,
    /// Without it the cause is always listed.
    #[serde(default)]
    pub when: Option<Clause>,
    pub check: String,
    /// `true_positive`, `benign`, `false_positive`, `test`.
    pub verdict: String,
}

/// A known-good identity. `when` is what the program looks like; `proof` what it cannot choose by itself.
/// Both match: benign. `when` alone: a disguise, at least medium.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// Short and stable: `calico-felix`.
    pub id: String,
    /// The look: names and arguments.
    pub when: Clause,
    /// Every one of these must match; each names the field it rests on.
    pub proof: Vec<Proof>,
    /// What speaks against it although all the proof is there.
    #[serde(default)]
    pub unless: Option<Clause>,
    /// What supports it where the proof is lacking: explained, unproven, so low.
    #[serde(default)]
    pub evidence: Option<Clause>,
    /// `kubernetes`: commands are chosen for it, though the alert has no fields of it.
    #[serde(default)]
    pub place: Option<String>,
    /// The cause it stands for.
    pub title: String,
    /// How a person proves it.
    pub check: String,
    /// `test`, `benign`, `false_positive`.
    pub verdict: String,
    pub says: String,
    /// Said when the look is there and the proof is not.
    pub disguise: String,
    /// Commands that are not offered once the identity is proven or only lacks fields (`contain` and so on: phases or ids).
    #[serde(default)]
    pub never: Vec<String>,
}

/// The identities that are looked for under every rule (`known.yaml`).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownFile {
    pub known: Vec<Known>,
}

/// One thing that must hold for a known identity.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    pub field: String,
    pub when: Clause,
    pub says: String,
}

/// A command of the catalogue, and why it is worth doing here.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepText {
    /// Its id in `playbooks/commands/*.yaml`.
    pub command: String,
    pub why: String,
    #[serde(default)]
    pub when: Option<Clause>,
    /// Comes before everything else: evidence that is lost otherwise, or destruction going on.
    #[serde(default)]
    pub first: bool,
}

/// How the rule is quietened where it is right and harmless.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tuning {
    pub says: String,
    /// The fields a Falco exception should use, best first; at least one that the program cannot choose.
    #[serde(default)]
    pub fields: Vec<String>,
}

/// An alert and what must come out for it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    pub alert: SampleAlert,
    /// The id of the cause that must come first.
    pub cause: String,
    pub level: Level,
    /// The first step's command id.
    pub first: String,
    #[serde(default)]
    pub known: Option<String>,
}

/// An alert written in YAML or JSON as Falco writes it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SampleAlert {
    #[serde(default)]
    pub uuid: Option<String>,
    pub rule: String,
    #[serde(default)]
    pub priority: Option<String>,
    #[serde(default)]
    pub time: Option<String>,
    #[serde(default = "syscall")]
    pub source: String,
    #[serde(default)]
    pub hostname: Option<String>,
    #[serde(default)]
    pub output: Option<String>,
    #[serde(default)]
    pub tags: Vec<String>,
    #[serde(default)]
    pub output_fields: Ordered<Value>,
}

fn syscall() -> String {
    "syscall".to_owned()
}

impl SampleAlert {
    /// The alert as if it had been read.
    pub fn alert(&self) -> Alert {
        let text = |value: &Option<String>| value.as_deref().map(Into::into);
        let time = self.time.as_deref().and_then(|time| time.parse().ok());
        Alert {
            uuid: text(&self.uuid),
            time,
            time_from: time.map(|_: jiff::Timestamp| TimeFrom::Time),
            priority: self.priority.as_deref().and_then(Priority::parse),
            rule: Some(self.rule.as_str().into()),
            event_source: Some(self.source.as_str().into()),
            hostname: text(&self.hostname),
            output: text(&self.output),
            fields: Fields(
                self.output_fields.0.iter().map(|(k, v)| (k.as_str().into(), v.clone())).collect(),
            ),
            tags: self.tags.iter().map(|tag| tag.as_str().into()).collect(),
            ..Alert::default()
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

impl<'de> Deserialize<'de> for Level {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        Self::parse(&word).ok_or_else(|| {
            serde::de::Error::custom(format!(
                "`{word}` is no level; expected benign, low, medium, high or critical"
            ))
        })
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.to_string().into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.to_string().into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Number(value.to_string().into()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.into()))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = items.next_element()? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some((key, value)) = members.next_entry::<String, Value>()? {
            values.push((key.into(), value));
        }
        Ok(Value::Object(values))
    }
}
