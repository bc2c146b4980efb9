//! What the program should do to the world outside the screen. `App::update` only asks; the driver acts and answers
//! with a [`super::Msg`].

use crate::model::AlertId;

/// An order to the driver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Put a text on the clipboard; answered by `Msg::Copied`.
    Copy { text: String, what: What },
    /// Read the alert's record again and analyze it with its neighbours, commands for `variant` first;
    /// answered by `Msg::Loaded`.
    Load { id: AlertId, variant: Option<String> },
    /// Analyze each of these and say only how bad it is; answered by `Msg::Assessed`, in pieces.
    Assess { ids: Vec<AlertId> },
    /// Which of the alerts from `from` to (not with) `to` meet the filter; answered by `Msg::Found`, in pieces and in order.
    Filter { generation: u64, text: String, from: AlertId, to: AlertId },
    /// Which alerts hold this text (literally; case counts when it holds a capital); answered by `Msg::Hits`.
    Search { generation: u64, text: String },
    /// Write the report of an alert to a file; answered by `Msg::Exported`.
    Export { id: AlertId, variant: Option<String> },
    /// Copy the report or the raw record of an alert; answered by `Msg::Copied`.
    CopyReport { id: AlertId, variant: Option<String> },
    /// Show the last copied text on the normal screen and wait for a key; answered by `Msg::Resumed`.
    Print,
    /// Give the terminal back and stop, as Ctrl-Z does; answered by `Msg::Resumed`.
    Suspend,
    /// Draw everything again from nothing.
    Redraw,
    /// Take the mouse from the terminal, or give it back.
    Mouse(Mouse),
    /// Ring for a new critical group; only asked for when the settings want it.
    Bell,
    /// Go on to the built-in theme after this one; answered by `Msg::Configured`.
    NextTheme,
    /// Read the configuration again; answered by `Msg::Configured`.
    Reload,
    /// Start the demo stream; its alerts come as any others.
    Demo,
    /// Answer with `Msg::Continue` at once, after keys were looked at: there is more to take in.
    Continue,
    /// Answer with `Msg::Tick` at about this many milliseconds from now; only the latest one counts.
    Wake { milliseconds: u64 },
}

/// What is being copied, in the words of the notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    Command,
    Commands,
    Report,
    RawAlert,
    Field,
}

impl What {
    pub fn name(self) -> &'static str {
        match self {
            Self::Command => "command",
            Self::Commands => "commands",
            Self::Report => "report",
            Self::RawAlert => "raw alert",
            Self::Field => "field",
        }
    }
}

/// Who has the mouse.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mouse {
    #[default]
    Ours,
    /// The terminal's own, for selecting text.
    Terminals,
}
