//! What can be painted, by purpose.

macro_rules! roles {
    ($($variant:ident $name:literal $says:literal)*) => {
        /// The purpose of a piece of the screen; a theme gives each its look.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum Role { $(#[doc = $says] $variant),* }

        impl Role {
            /// All roles, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The name in theme files.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// One sentence for people who write themes.
            pub fn says(self) -> &'static str {
                match self { $(Self::$variant => $says),* }
            }

            /// Finds a role by its name in theme files.
            pub fn parse(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|role| role.name() == name)
            }
        }
    };
}

roles! {
    Screen "screen" "The background of everything, and the color of text that has no role of its own."
    Text "text" "Ordinary text."
    Muted "muted" "Text of the second strength: counts, times, labels, explanations."
    Strong "strong" "Text that carries the sentence."
    Heading "heading" "Headings inside a pane."
    Border "border" "Lines between regions."
    BorderFocus "border-focus" "The line of the region that has the keys."
    Title "title" "The program's name at the top left."
    Header "header" "The line at the top."
    StateGood "state-good" "A source that is being followed."
    StateWarn "state-warn" "A source that waits, polls, or was paused; something lost."
    StateBad "state-bad" "A source that cannot be read; rejects."
    New "new" "Marks of what came since one last looked."
    Selection "selection" "The row under the cursor, in the pane that has the keys."
    SelectionIdle "selection-idle" "The row under the cursor, in another pane."
    Marked "marked" "Rows that were selected for an action."
    Match "match" "Text that was searched for."
    MatchCurrent "match-current" "The match that the cursor is on."
    Tab "tab" "A tab that is not open."
    TabActive "tab-active" "The open tab."
    Key "key" "A key in the line of keys and in help."
    KeyLabel "key-label" "What a key does."
    KeyOff "key-off" "A key or an action that is not available now."
    Notice "notice" "A line that fades: something was done."
    NoticeWarn "notice-warn" "A line that fades: something was done in part."
    NoticeError "notice-error" "A line that fades: something was not done."
    Banner "banner" "A line that stays until it is dealt with."
    Overlay "overlay" "The surface of a window over the panes."
    OverlayTitle "overlay-title" "The title of a window over the panes."
    Input "input" "Text being typed."
    InputError "input-error" "The part of typed text that is wrong."
    Hint "hint" "What could be typed, and placeholders."
    Sparkline "sparkline" "Small bars of alerts over time."
    Scroll "scroll" "Where in a long text one is."
    LevelCritical "level-critical" "An assessment of critical."
    LevelHigh "level-high" "An assessment of high."
    LevelMedium "level-medium" "An assessment of medium."
    LevelLow "level-low" "An assessment of low."
    LevelBenign "level-benign" "An assessment of benign."
    PriorityEmergency "priority-emergency" "Falco's priority Emergency."
    PriorityAlert "priority-alert" "Falco's priority Alert."
    PriorityCritical "priority-critical" "Falco's priority Critical."
    PriorityError "priority-error" "Falco's priority Error."
    PriorityWarning "priority-warning" "Falco's priority Warning."
    PriorityNotice "priority-notice" "Falco's priority Notice."
    PriorityInformational "priority-informational" "Falco's priority Informational."
    PriorityDebug "priority-debug" "Falco's priority Debug, and unknown ones."
    FactUp "fact-up" "Evidence that makes harm likelier."
    FactDown "fact-down" "Evidence that makes harm less likely."
    FactNeutral "fact-neutral" "Evidence that speaks for neither."
    Missing "missing" "What is not known."
    FieldName "field-name" "The name of a field."
    FieldValue "field-value" "The value of a field."
    Hidden "hidden" "Marks that stand for characters one cannot see."
    Command "command" "A command one can copy."
    CommandCurrent "command-current" "The command that the copy key would take."
    RiskReadOnly "risk-read-only" "A command that only reads."
    RiskReversible "risk-reversible" "A command that can be taken back."
    RiskDisruptive "risk-disruptive" "A command that disturbs what runs."
    RiskDestroysEvidence "risk-destroys-evidence" "A command that destroys evidence."
    Link "link" "Addresses of further reading."
}
