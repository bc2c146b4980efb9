//! One Falco alert, decoded.

use super::{Fields, Origin, Priority};
use jiff::Timestamp;

/// One Falco output: a rule matched an event. What the record did not say is `None`, never invented.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Alert {
    /// Only falcosidekick adds one.
    pub uuid: Option<Box<str>>,
    /// When the event happened; exact to the nanosecond where the record is.
    pub time: Option<Timestamp>,
    /// What [`Alert::time`] was read from.
    pub time_from: Option<TimeFrom>,
    /// `None` when absent or no priority of Falco's; the word itself is in [`Alert::priority_text`].
    pub priority: Option<Priority>,
    /// The priority as received, when it is not the plain name of [`Alert::priority`].
    pub priority_text: Option<Box<str>>,
    pub rule: Option<Box<str>>,
    /// Falco's `source`: `syscall`, `k8s_audit`, a plugin… (`syscalls` and `SYSCALL` are read as `syscall`).
    pub event_source: Option<Box<str>>,
    pub hostname: Option<Box<str>>,
    pub output: Option<Box<str>>,
    /// Falco's `output_fields`, exactly as received.
    pub fields: Fields,
    pub tags: Vec<Box<str>>,
    pub flags: Flags,
    pub origin: Origin,
}

/// The container an alert speaks of. `id` may be `""` (the lookup failed) or `host` (no container): they are kept apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Container<'a> {
    pub id: Option<&'a str>,
    pub name: Option<&'a str>,
    /// Repository with its tag when there is one.
    pub image: Option<&'a str>,
}

impl Alert {
    /// Rule name, or a word that stands in for it where people read.
    pub fn rule_name(&self) -> &str {
        self.rule.as_deref().unwrap_or("(no rule name)")
    }

    /// The container's id, name and image repository as the output fields give them; `""` is kept, null and `<NA>` are `None`.
    pub fn container(&self) -> Container<'_> {
        let field = |key: &str| self.fields.known(key).and_then(super::Value::as_str);
        Container {
            id: field("container.id"),
            name: field("container.name"),
            image: field("container.image.repository").or_else(|| field("container.image")),
        }
    }

    /// Namespace and pod.
    pub fn k8s(&self) -> (Option<&str>, Option<&str>) {
        let first = |keys: [&str; 3]| keys.into_iter().find_map(|key| self.fields.text(key));
        (
            first(["k8s.ns.name", "k8smeta.ns.name", "ka.target.namespace"]),
            first(["k8s.pod.name", "k8smeta.pod.name", "ka.target.pod.name"]),
        )
    }

    /// Falco speaking of itself (drops, metrics): only its `source` proves it, never the rule's name.
    pub fn is_internal(&self) -> bool {
        self.flags.has(Flag::Internal)
    }
}

/// What an alert's time was read from, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum TimeFrom {
    /// The record's `time`.
    Time,
    /// `evt.time`, `evt.time.iso8601` or `evt.rawtime` in the output fields.
    EventTime,
    /// An ISO 8601 prefix of the output text.
    Output,
    /// The envelope: CRI, docker, syslog, the journal…
    Wrapper,
    /// A local clock without date or zone in the output text, with a guessed date: never called UTC.
    LocalClock,
}

impl TimeFrom {
    /// The word used in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::EventTime => "evt.time",
            Self::Output => "output",
            Self::Wrapper => "wrapper",
            Self::LocalClock => "local_clock",
        }
    }
}

macro_rules! flags {
    ($($variant:ident $name:literal $says:literal)*) => {
        /// What the decoder noticed about a record.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum Flag { $(#[doc = $says] $variant),* }

        impl Flag {
            /// All flags, in the order they are written.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word used in JSON.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// One sentence for people.
            pub fn says(self) -> &'static str {
                match self { $(Self::$variant => $says),* }
            }
        }
    };
}

flags! {
    Internal "internal" "Falco speaks of its own health; this is no detection."
    Text "text" "Read from a text line; a line can be forged by anyone who can put a newline into an event."
    RuleFromText "rule_from_text" "The rule was found by matching the message, not read."
    RuleMissing "rule_missing" "The record names no rule."
    PriorityUnknown "priority_unknown" "The priority is missing or none of Falco's."
    TimeMissing "time_missing" "No time could be read."
    TimeOdd "time_odd" "The time lies far outside what is plausible."
    LocalClock "local_clock" "The time is a local clock without date or zone; the date is a guess."
    SourceUnknown "source_unknown" "The event source is missing."
    DuplicateKey "duplicate_key" "A key stood twice in the record; the last one counts."
    WrongType "wrong_type" "A key held a value of another type than Falco writes."
    BadUtf8 "bad_utf8" "The record holds bytes that are not UTF-8."
    BadEscape "bad_escape" "The record holds an escape that stands for no character."
    Control "control" "The record holds raw control characters."
    Trailing "trailing" "Something else followed the alert on its line."
    Truncated "truncated" "The record ends early."
    Cut "cut" "A string was cut by what forwarded the alert."
    Renamed "renamed_fields" "Field names were changed by what forwarded the alert, and read back."
    Unverified "unverified" "Read from text that anyone may have written; it proves nothing by itself."
    Nested "nested" "A value was nested deeper than we read."
    Huge "huge" "The record is larger than 1 MiB."
    Malformed "malformed" "The record is no valid JSON; what was readable was kept."
    TooLong "too_long" "The record holds more text than we keep; the rest stands only in the raw record."
}

/// A set of [`Flag`]s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Flags(pub u32);

impl Flags {
    pub fn set(&mut self, flag: Flag) {
        self.0 |= 1 << flag as u8;
    }

    pub fn has(self, flag: Flag) -> bool {
        self.0 & (1 << flag as u8) != 0
    }

    /// The flags that are set, in the order of [`Flag::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Flag> {
        Flag::ALL.iter().copied().filter(move |flag| self.has(*flag))
    }
}
