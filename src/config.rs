//! What a person can set, and where the program keeps its files.
//!
//! `config/default.toml` is the manual: every key with its default and what is allowed. Reading is strict: an unknown
//! key or a bad value is a [`crate::theme::Problem`] with its place, and the program then runs on the defaults.

mod load;
mod measure;
mod paths;

pub use load::{Loaded, Vocabulary, load, read};
pub use paths::Paths;

/// The commented default: what `cadge config default` prints.
pub const DEFAULT: &str = include_str!("config/default.toml");

/// All settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// `auto`, or the name of a theme.
    pub theme: String,
    pub clipboard: Clipboard,
    pub times: Times,
    pub signs: Signs,
    /// Whether the mouse is ours when the console starts.
    pub mouse: bool,
    pub bell: Bell,
    /// The version of Falco that exceptions are written for.
    pub falco: String,
    /// How long records are kept with decisions, in days.
    pub evidence_days: u32,
    /// How much of them is kept, in bytes.
    pub evidence_bytes: u64,
    /// A folder with reports of others; empty for none.
    pub reports: String,
    /// Whether secrets are masked in what is copied and written.
    pub mask: bool,
    /// What was rebound, in the order of the file.
    pub keys: Vec<Binding>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            theme: "auto".into(),
            clipboard: Clipboard::Auto,
            times: Times::Local,
            signs: Signs::Auto,
            mouse: true,
            bell: Bell::Off,
            falco: "0.40".into(),
            evidence_days: 365,
            evidence_bytes: 256_000_000,
            reports: String::new(),
            mask: true,
            keys: Vec::new(),
        }
    }
}

/// The keys of one action; none means that no key does it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The action's name, checked against the [`Vocabulary`].
    pub action: String,
    /// As written; each was checked.
    pub keys: Vec<String>,
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$says:meta])* $variant:ident $word:literal)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($(#[$says])* $variant),* }

        impl $name {
            /// All values, in the order of the manual.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word in the file.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }
        }
    };
}

words! {
    /// How text is copied.
    Clipboard {
        /// The first way that works here.
        Auto "auto"
        /// tmux, with its buffer and the terminal it runs in.
        Tmux "tmux"
        /// An escape sequence to the terminal.
        Osc52 "osc52"
        /// The desktop's clipboard.
        Desktop "desktop"
        /// Only the file.
        File "file"
    }
}

words! {
    /// How times are shown.
    Times {
        /// The local clock.
        Local "local"
        /// UTC.
        Utc "utc"
        /// How long ago.
        Age "age"
    }
}

words! {
    /// Which characters stand for levels, bars and lines.
    Signs {
        /// Unicode, unless the locale says that the terminal cannot show it.
        Auto "auto"
        /// Unicode.
        Unicode "unicode"
        /// ASCII alone.
        Ascii "ascii"
    }
}

words! {
    /// What happens when a group is critical for the first time.
    Bell {
        /// Nothing.
        Off "off"
        /// The terminal's bell.
        Bell "bell"
        /// A notification by the terminal (OSC 9), in our own words.
        Notify "notify"
    }
}
