//! What a person chose: theme, keys, signs, times.

use super::effect::Mouse;
use super::keymap::Keymap;
use crate::analysis::tuning::Version;
use crate::theme::Theme;
use jiff::tz::TimeZone;

/// Choices from the configuration and the command line.
#[derive(Clone, Debug)]
pub struct Settings {
    pub theme: Theme,
    pub keymap: Keymap,
    pub signs: Signs,
    pub times: Times,
    /// The zone of local times.
    pub zone: TimeZone,
    pub mouse: Mouse,
    pub bell: Bell,
    /// Whether secrets are masked in the reports and records that leave.
    pub masks: bool,
    /// The folder in which reports of others are looked for.
    pub reports: Option<String>,
    /// The Falco that exceptions are written for.
    pub falco: Version,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            theme: Theme::default(),
            keymap: Keymap::default(),
            signs: Signs::Unicode,
            times: Times::Local,
            zone: TimeZone::UTC,
            mouse: Mouse::Ours,
            bell: Bell::Silent,
            masks: true,
            reports: None,
            falco: Version::default(),
        }
    }
}

/// Which characters stand for levels, bars and lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Signs {
    #[default]
    Unicode,
    Ascii,
}

/// How times are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Times {
    #[default]
    Local,
    Utc,
    Age,
}

impl Times {
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Local => Self::Utc,
            Self::Utc => Self::Age,
            Self::Age => Self::Local,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Local => "local clock",
            Self::Utc => "UTC",
            Self::Age => "age",
        }
    }
}

/// Whether a new critical group rings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Bell {
    #[default]
    Silent,
    Critical,
}
