//! What an alert's fields mean, read once for all rules: age, layer, terminal, login, ancestry, addresses, place.
//!
//! The results are facts for people, marks that weigh in the assessment, and the `fact.*` fields of playbook filters.

mod ancestry;
mod event;
mod execution;
mod place;
mod remote;

use super::outcome::{Direction, Fact};
use crate::model::{Alert, Value};
use crate::query::{Own, OwnValue, Subject};
use std::borrow::Cow;

pub use ancestry::{Kin, drill as ancestry_drill};
pub use event::{is_container_start, target};
pub use place::{Place, Runtime, Told, age_words, place, runtime};
pub use remote::{Class, Flow, Remote, classify};

/// What was read from one alert.
#[derive(Clone, Debug)]
pub struct Facts {
    pub place: Place,
    pub runtime: Runtime,
    /// How the runtime is told, by this alert or another one of the same container.
    pub runtime_told: Told,
    /// The container's age when the event happened, in nanoseconds.
    pub age_ns: Option<i128>,
    pub exe: execution::Exe,
    /// Whether the process has a terminal; `None` when the alert does not say.
    pub tty: Option<bool>,
    /// Whether a login stands behind the process; `None` when the alert does not say.
    pub person: Option<bool>,
    pub kin: Vec<Kin>,
    pub remote: Option<Remote>,
    pub flow: Option<Flow>,
    pub failed: Option<bool>,
    pub privileged: Option<bool>,
    /// `Some(true)` when the container shares the host's network.
    pub host_network: Option<bool>,
    /// What shows a part of the platform itself (CNI, CSI, kube-system).
    pub platform: Option<place::Part>,
    /// For people, in reading order.
    pub rows: Vec<Fact>,
    pub marks: Vec<Mark>,
    values: Vec<(&'static str, Value)>,
}

/// A fact that weighs under every rule.
#[derive(Clone, Debug)]
pub struct Mark {
    /// What a playbook's `restates` calls it.
    pub id: &'static str,
    pub field: &'static str,
    pub says: String,
    pub weight: i32,
}

/// Collects rows and marks while the parts of an alert are read.
#[derive(Debug, Default)]
pub(super) struct Notes {
    rows: Vec<Fact>,
    marks: Vec<Mark>,
}

impl Notes {
    /// One row a field: several things said of a field are said together.
    fn join(&mut self) {
        let mut joined: Vec<Fact> = Vec::new();
        for row in self.rows.drain(..) {
            match joined.iter_mut().find(|known| known.field == row.field) {
                Some(known) => {
                    known.says.push(' ');
                    known.says.push_str(&row.says);
                    if known.direction == Direction::Neutral || row.direction == Direction::Up {
                        known.direction = row.direction;
                    }
                }
                None => joined.push(row),
            }
        }
        self.rows = joined;
    }

    pub(super) fn row(
        &mut self,
        field: &str,
        value: impl Into<String>,
        says: impl Into<String>,
        direction: Direction,
    ) {
        self.rows.push(Fact {
            field: field.to_owned(),
            value: value.into(),
            says: says.into(),
            direction,
        });
    }

    pub(super) fn mark(
        &mut self,
        id: &'static str,
        field: &'static str,
        says: impl Into<String>,
        weight: i32,
    ) {
        self.marks.push(Mark { id, field, says: says.into(), weight });
    }
}

impl Facts {
    /// Reads an alert.
    pub fn read(alert: &Alert) -> Self {
        let mut notes = Notes::default();
        let place = place::place(alert);
        let (runtime, runtime_told) = place::runtime(alert, place);
        place::tell(alert, place, &mut notes);
        let age_ns = place::age(alert, place);
        let kin = ancestry::kin(alert);
        place::tell_age(alert, age_ns, &kin, &mut notes);
        let exe = execution::exe(alert, &mut notes);
        let tty = execution::tty(alert, &mut notes);
        let person = execution::login(alert, &mut notes);
        ancestry::tell(alert, &kin, &mut notes);
        let flow = remote::flow(alert);
        let remote = remote::remote(alert, flow);
        remote::tell(remote.as_ref(), flow, &mut notes);
        let failed = event::failed(alert, &mut notes);
        let privileged = place::privileged(alert, &mut notes);
        let host_network = place::host_network(alert);
        let platform = place::platform(alert);
        notes.join();
        let mut facts = Self {
            place,
            runtime,
            runtime_told,
            age_ns,
            exe,
            tty,
            person,
            kin,
            remote,
            flow,
            failed,
            privileged,
            host_network,
            platform,
            rows: notes.rows,
            marks: notes.marks,
            values: Vec::new(),
        };
        facts.values = facts.values_of(alert);
        facts
    }

    /// Takes over what other alerts of the same container tell of the runtime, where they tell it better.
    pub fn set_runtime(&mut self, (runtime, told): (Runtime, Told)) {
        let is_container = matches!(self.place, Place::Container | Place::Kubernetes);
        if !is_container || told <= self.runtime_told {
            return;
        }
        (self.runtime, self.runtime_told) = (runtime, told);
        if let Some(own) = self.values.iter_mut().find(|(name, _)| *name == "fact.runtime") {
            own.1 = text(runtime.name());
        }
    }

    /// Sets how many other tactics were seen near this alert.
    pub fn set_neighbors(&mut self, n_tactics: usize) {
        self.values.push(("fact.neighbors", Value::Number(n_tactics.to_string().into())));
    }

    fn values_of(&self, alert: &Alert) -> Vec<(&'static str, Value)> {
        let mut values = vec![
            ("fact.place", text(self.place.name())),
            ("fact.runtime", text(self.runtime.name())),
            ("fact.exe", text(&self.exe.words())),
            ("fact.parents", text(&ancestry::words(&self.kin))),
            ("fact.privileged", flag(self.privileged == Some(true))),
            ("fact.platform", flag(self.platform.as_ref().is_some_and(|part| part.is_proven))),
        ];
        if let Some(image) = alert.container().image {
            let is_of_maker = place::is_of_maker(place::repository(image));
            values.push(("fact.maker", flag(is_of_maker)));
        }
        if let Some(age) = self.age_ns {
            values.push(("fact.age", Value::Number((age / 1_000_000_000).to_string().into())));
        }
        let flags =
            [("fact.tty", self.tty), ("fact.person", self.person), ("fact.failed", self.failed)];
        values.extend(flags.into_iter().filter_map(|(name, value)| Some((name, flag(value?)))));
        if let Some(remote) = &self.remote {
            values.push(("fact.remote", text(remote.class.name())));
        }
        if let Some(flow) = self.flow {
            values.push(("fact.direction", text(flow.name())));
        }
        let drill = ancestry::drill(alert);
        if let Some(word) = drill {
            values.push(("fact.drill", text(word)));
        }
        if let Some(actor) = event::actor(alert) {
            values.push(("fact.actor", text(actor)));
        }
        if let Some(target) = event::target(alert) {
            values.push(("fact.target", text(&target)));
        }
        values
    }

    /// One of the `fact.*` fields.
    pub fn value(&self, key: &str) -> Option<&Value> {
        self.values.iter().find(|(name, _)| *name == key).map(|(_, value)| value)
    }
}

fn text(text: &str) -> Value {
    Value::String(text.into())
}

fn flag(flag: bool) -> Value {
    text(if flag { "true" } else { "false" })
}

/// An alert with what was read from it, as playbook filters see it.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    pub alert: &'a Alert,
    pub facts: &'a Facts,
}

impl Subject for Case<'_> {
    fn field(&self, key: &str) -> Option<Cow<'_, Value>> {
        if key.starts_with("fact.") {
            return self.facts.value(key).map(Cow::Borrowed);
        }
        // What Falco does not know is no value for a playbook: `!=` must not be true of it.
        self.alert.fields.known(key).map(Cow::Borrowed)
    }

    fn own(&self, field: Own) -> Option<OwnValue<'_>> {
        self.alert.own(field)
    }
}
