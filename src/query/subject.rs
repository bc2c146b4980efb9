//! What a filter is asked about: an alert, or a row of columns that stands for one.

use crate::model::{Alert, Columns, Level, Priority, Status, Value, Verdict};
use jiff::Timestamp;
use std::borrow::Cow;

macro_rules! own {
    ($($variant:ident $name:literal)*) => {
        /// The fields that alerts have and Falco's language lacks.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Own { $($variant),* }

        impl Own {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// How it is written.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// Reads a name.
            pub fn parse(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

own! {
    Rule "alert.rule"
    Priority "alert.priority"
    Time "alert.time"
    Source "alert.source"
    Tags "alert.tags"
    Hostname "alert.hostname"
    Output "alert.output"
    Assessment "alert.assessment"
    Known "alert.known"
    Status "triage.status"
    Verdict "triage.verdict"
    Assignee "triage.assignee"
    Note "triage.note"
    TriageTags "triage.tags"
    By "triage.by"
    TriageTime "triage.time"
}

/// The value of one of our own fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnValue<'a> {
    Text(Cow<'a, str>),
    Texts(Vec<Cow<'a, str>>),
    Priority(Priority),
    Level(Level),
    Time(Timestamp),
}

/// Something a filter can be evaluated on.
pub trait Subject {
    /// The output field under exactly this key (`proc.aname[2]`), null included; `None` when absent.
    fn field(&self, key: &str) -> Option<Cow<'_, Value>>;

    /// One of our own fields; `None` when the alert does not say.
    fn own(&self, field: Own) -> Option<OwnValue<'_>>;

    /// All values under `name[n]` with their numbers, in no order.
    fn indexed(&self, name: &str) -> Vec<(u32, Cow<'_, Value>)> {
        (0..=63).filter_map(|n| Some((n, self.field(&format!("{name}[{n}]"))?))).collect()
    }

    /// Whether this subject can tell the value of the field at all. A row of columns says no where the record has to be
    /// read; [`super::Filter::decide`] then leaves the question open.
    fn knows(&self, key: &str) -> bool {
        let _ = key;
        true
    }
}

impl Subject for Alert {
    fn field(&self, key: &str) -> Option<Cow<'_, Value>> {
        self.fields.get(key).map(Cow::Borrowed)
    }

    fn own(&self, field: Own) -> Option<OwnValue<'_>> {
        fn text(text: Option<&str>) -> Option<OwnValue<'_>> {
            text.map(|text| OwnValue::Text(text.into()))
        }
        match field {
            Own::Rule => text(self.rule.as_deref()),
            Own::Priority => self.priority.map(OwnValue::Priority),
            Own::Time => self.time.map(OwnValue::Time),
            Own::Source => text(self.event_source.as_deref()),
            Own::Tags => {
                Some(OwnValue::Texts(self.tags.iter().map(|tag| Cow::Borrowed(&**tag)).collect()))
            }
            Own::Hostname => text(self.hostname.as_deref()),
            Own::Output => text(self.output.as_deref()),
            _ => None,
        }
    }

    fn indexed(&self, name: &str) -> Vec<(u32, Cow<'_, Value>)> {
        self.fields
            .iter()
            .filter_map(|(key, value)| {
                let index = key.strip_prefix(name)?.strip_prefix('[')?.strip_suffix(']')?;
                Some((index.parse().ok()?, Cow::Borrowed(value)))
            })
            .collect()
    }
}

/// An alert with what was found out about it after it was read.
#[derive(Clone, Copy, Debug)]
pub struct Judged<'a> {
    pub alert: &'a Alert,
    pub level: Option<Level>,
    /// The short id of a recognized identity.
    pub known: Option<&'a str>,
    /// What people decided, where that was looked up.
    pub triage: Option<Triaged<'a>>,
}

/// What people decided about an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Triaged<'a> {
    /// What came back after it was closed is open.
    pub status: Status,
    pub verdict: Option<Verdict>,
    pub assignee: Option<&'a str>,
    pub note: Option<&'a str>,
    pub tags: &'a [String],
    /// Who decided last, and when; `None` where nobody did.
    pub by: Option<&'a str>,
    pub at: Option<Timestamp>,
}

impl<'a> Triaged<'a> {
    fn own(&self, field: Own) -> Option<OwnValue<'a>> {
        let text = |text: Option<&'a str>| text.map(|text| OwnValue::Text(text.into()));
        match field {
            Own::Status => text(Some(self.status.name())),
            Own::Verdict => text(self.verdict.map(Verdict::name)),
            Own::Assignee => text(self.assignee),
            Own::Note => text(self.note),
            Own::TriageTags => {
                Some(OwnValue::Texts(self.tags.iter().map(|tag| Cow::Borrowed(&**tag)).collect()))
            }
            Own::By => text(self.by),
            Own::TriageTime => self.at.map(OwnValue::Time),
            _ => None,
        }
    }
}

impl Subject for Judged<'_> {
    fn field(&self, key: &str) -> Option<Cow<'_, Value>> {
        self.alert.field(key)
    }

    fn own(&self, field: Own) -> Option<OwnValue<'_>> {
        match field {
            Own::Assessment => self.level.map(OwnValue::Level),
            Own::Known => self.known.map(|known| OwnValue::Text(known.into())),
            Own::Status
            | Own::Verdict
            | Own::Assignee
            | Own::Note
            | Own::TriageTags
            | Own::By
            | Own::TriageTime => self.triage.and_then(|triage| triage.own(field)),
            _ => self.alert.own(field),
        }
    }

    fn indexed(&self, name: &str) -> Vec<(u32, Cow<'_, Value>)> {
        self.alert.indexed(name)
    }
}

/// The columns of an alert. They know what they hold; where a column is empty the record has to tell why.
impl Subject for Columns<'_> {
    fn field(&self, key: &str) -> Option<Cow<'_, Value>> {
        self.column(key).map(|text| Cow::Owned(Value::String(text.into())))
    }

    fn own(&self, field: Own) -> Option<OwnValue<'_>> {
        own_of(self, field, Some)
    }

    fn indexed(&self, _: &str) -> Vec<(u32, Cow<'_, Value>)> {
        Vec::new()
    }

    fn knows(&self, key: &str) -> bool {
        match Own::parse(key) {
            Some(Own::Rule | Own::Priority | Own::Source | Own::Hostname) => true,
            Some(Own::Time) => self.time.is_some(),
            Some(_) => false,
            None => self.column(key).is_some(),
        }
    }
}

/// What columns say of one of our own fields; `read` makes text of what they hold.
pub fn own_of<'a, T: ?Sized>(
    columns: &Columns<'a, T>,
    field: Own,
    read: impl Fn(&'a T) -> Option<&'a str>,
) -> Option<OwnValue<'a>> {
    let text = |text: Option<&'a T>| read(text?).map(|text| OwnValue::Text(text.into()));
    match field {
        Own::Rule => text(columns.rule),
        Own::Priority => columns.priority.map(OwnValue::Priority),
        Own::Time => columns
            .time
            .and_then(|time| Timestamp::from_nanosecond(time.into()).ok())
            .map(OwnValue::Time),
        Own::Source => text(columns.event_source),
        Own::Hostname => text(columns.hostname),
        _ => None,
    }
}

impl Columns<'_> {
    /// The output fields that a column holds exactly. The image and the namespace may come from one of several fields.
    fn column(&self, key: &str) -> Option<&str> {
        match key {
            "container.id" => self.container_id,
            "container.name" => self.container_name,
            "proc.name" => self.process,
            _ => None,
        }
    }
}
