//! What the list holds: the inbox, or what was put aside.

use crate::model::Status;

/// Where an alert is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    Inbox,
    Acknowledged,
    Escalated,
    Closed,
    Muted,
}

impl Class {
    pub fn of(status: Status) -> Self {
        match status {
            Status::Open => Self::Inbox,
            Status::Acknowledged => Self::Acknowledged,
            Status::Escalated => Self::Escalated,
            Status::Closed => Self::Closed,
        }
    }
}

/// Which alerts the list shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    /// Open, and what came back after it was closed.
    #[default]
    Inbox,
    Acknowledged,
    Escalated,
    Closed,
    Muted,
    All,
}

impl View {
    pub const ALL: [Self; 6] =
        [Self::Inbox, Self::Acknowledged, Self::Escalated, Self::Closed, Self::Muted, Self::All];

    pub fn name(self) -> &'static str {
        match self {
            Self::Inbox => "inbox",
            Self::Acknowledged => "acknowledged",
            Self::Escalated => "escalated",
            Self::Closed => "closed",
            Self::Muted => "muted",
            Self::All => "all",
        }
    }

    /// The class it shows; `None` for everything.
    pub fn class(self) -> Option<Class> {
        Some(match self {
            Self::Inbox => Class::Inbox,
            Self::Acknowledged => Class::Acknowledged,
            Self::Escalated => Class::Escalated,
            Self::Closed => Class::Closed,
            Self::Muted => Class::Muted,
            Self::All => return None,
        })
    }

    pub fn holds(self, class: Class) -> bool {
        self.class().is_none_or(|own| own == class)
    }

    #[must_use]
    pub fn next(self) -> Self {
        Self::ALL.get((self as usize + 1) % Self::ALL.len()).copied().unwrap_or_default()
    }
}
