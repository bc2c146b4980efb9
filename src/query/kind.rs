//! The types of fields, as far as comparing needs them.

/// What a field's values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    Text,
    Bytes,
    Number(Width),
    Float,
    Bool,
    Address,
    Net,
    Port,
    /// A list of texts.
    List,
    /// An instant (only our own `alert.time`, `triage.time`).
    Time,
    /// Falco's priorities in their order (only `alert.priority`).
    Priority,
    /// Levels of an assessment in their order (only `alert.assessment`).
    Level,
    /// A field of a plugin that we do not know: the value in the alert decides.
    Unknown,
}

/// The range of a whole number. Falco wraps literals silently into it, and so do we.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Width {
    I16,
    I32,
    I64,
    U32,
    U64,
    /// Nanoseconds since 1970, unsigned.
    Instant,
    /// Nanoseconds, unsigned.
    Duration,
}

impl Kind {
    /// The word for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Bytes => "bytes",
            Self::Number(_) => "number",
            Self::Float => "decimal",
            Self::Bool => "true or false",
            Self::Address => "address",
            Self::Net => "network",
            Self::Port => "port",
            Self::List => "list",
            Self::Time => "time",
            Self::Priority => "priority",
            Self::Level => "level",
            Self::Unknown => "unknown",
        }
    }
}

impl Width {
    /// The number a literal becomes: cut to the width as Falco's reader (`sscanf`) cuts it.
    pub fn wrap(self, number: i128) -> i128 {
        let signed = |number: i128| number.clamp(i128::from(i64::MIN), i128::from(i64::MAX));
        #[expect(
            clippy::cast_possible_truncation,
            reason = "wrapping is the meaning: a literal of -1 is the largest unsigned number in Falco"
        )]
        match self {
            Self::I16 => i128::from(signed(number) as i16),
            Self::I32 => i128::from(signed(number) as i32),
            Self::I64 => signed(number),
            Self::U32 => i128::from(saturated(number) as u32),
            Self::U64 | Self::Instant | Self::Duration => i128::from(saturated(number)),
        }
    }
}

/// What `strtoul` makes of a number: too large is the largest, negative counts from the top.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the range was looked at before"
)]
fn saturated(number: i128) -> u64 {
    let largest = i128::from(u64::MAX);
    if number.abs() > largest { u64::MAX } else { number as u64 }
}
