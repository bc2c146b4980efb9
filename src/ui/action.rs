//! Everything a person can ask for, in one table.
//!
//! The table feeds the default keymap, the palette, the footer, the help and `docs/keys.md`. A new action is one line
//! here and one arm in `App`; the compiler asks for the arm.

/// Where an action stands in the help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chapter {
    Move,
    Look,
    Copy,
    Decide,
    Narrow,
    Program,
}

impl Chapter {
    pub const ALL: [Self; 6] =
        [Self::Move, Self::Look, Self::Decide, Self::Copy, Self::Narrow, Self::Program];

    pub fn title(self) -> &'static str {
        match self {
            Self::Move => "Move",
            Self::Look => "Look",
            Self::Copy => "Copy",
            Self::Decide => "Decide",
            Self::Narrow => "Narrow",
            Self::Program => "Program",
        }
    }
}

macro_rules! actions {
    ($($variant:ident $id:literal $chapter:ident [$($key:literal)*] $short:literal $says:literal;)*) => {
        /// A wish of the person at the keyboard or the mouse.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Action { $(#[doc = $says] $variant),* }

        impl Action {
            /// All actions, in the order of the help.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The name used in `config.toml`, in the palette and in `docs/keys.md`.
            pub fn id(self) -> &'static str {
                match self { $(Self::$variant => $id),* }
            }

            /// One line for the help and the palette.
            pub fn says(self) -> &'static str {
                match self { $(Self::$variant => $says),* }
            }

            /// One or two words for the line of keys at the bottom.
            pub fn short(self) -> &'static str {
                match self { $(Self::$variant => $short),* }
            }

            /// The keys it has when nobody rebinds it, in the notation of [`super::keymap::Key`].
            pub fn default_keys(self) -> &'static [&'static str] {
                match self { $(Self::$variant => &[$($key),*]),* }
            }

            /// The chapter of the help it stands in.
            pub fn chapter(self) -> Chapter {
                match self { $(Self::$variant => Chapter::$chapter),* }
            }
        }
    };
}

actions! {
    Next         "next"          Move    ["j" "down"]         "down"       "Select the next row, or scroll down";
    Previous     "previous"      Move    ["k" "up"]           "up"         "Select the previous row, or scroll up";
    Top          "top"           Move    ["g" "home"]         "top"        "Go to the top";
    Bottom       "bottom"        Move    ["G" "end"]          "bottom"     "Go to the bottom";
    HalfDown     "half-down"     Move    ["ctrl-d"]           "half down"  "Go down half a page";
    HalfUp       "half-up"       Move    ["ctrl-u"]           "half up"    "Go up half a page";
    PageDown     "page-down"     Move    ["pagedown"] "page down"  "Go down a page";
    PageUp       "page-up"       Move    ["pageup"]           "page up"    "Go up a page";
    Open         "open"          Move    ["enter"]            "open"       "Open what is selected: a group, an alert, a command";
    Unfold       "unfold"        Move    ["l" "right"]        "unfold"     "Unfold the group, or go on to the detail";
    Fold         "fold"          Move    ["h" "left"]         "fold"       "Fold the group, or go back to the list";
    FoldAll      "fold-all"      Move    ["-"]                "fold all"   "Fold all groups, or unfold all";
    NextPane     "next-pane"     Move    ["tab"]              "pane"       "Go to the next pane";
    PreviousPane "previous-pane" Move    ["shift-tab"]        "pane"       "Go to the previous pane";
    PaneList     "pane-list"     Move    ["1"]                "list"       "Go to the list";
    PaneDetail   "pane-detail"   Move    ["2"]                "detail"     "Go to the detail";
    NextTab      "next-tab"      Move    ["]"]                "next tab"   "Show the next tab of the detail";
    PreviousTab  "previous-tab"  Move    ["["]                "last tab"   "Show the previous tab of the detail";
    Back         "back"          Move    ["esc"]              "back"       "Go back, one layer at a time";
    Sort         "sort"          Look    ["s"]                "sort"       "Sort by urgency, by time, by count";
    GroupBy      "group-by"      Look    ["b"]                "group by"   "Group by rule, container, host, namespace or time";
    Zoom         "zoom"          Look    ["z"]                "zoom"       "Give the pane the whole screen, without borders";
    Pause        "pause"         Look    ["p"]                "pause"      "Hold the screen still, or follow again";
    Times        "times"         Look    ["T"]                "times"      "Show times as local clock, UTC or age";
    Variant      "variant"       Look    ["v"]                "variant"    "Show the commands for another runtime";
    Rejects      "rejects"       Look    ["R"]                "rejects"    "Show the records that nobody could read";
    Sources      "sources"       Look    ["S"]                "sources"    "Show the sources and their latest changes";
    CopyCommand  "copy"          Copy    ["y"]                "copy"       "Copy the command under the cursor, or the next one";
    CopyMenu     "copy-menu"     Copy    ["Y"]                "copy more"  "Copy the phase, the report, the raw alert or one field";
    Print        "print"         Copy    []                   "print"      "Show the last copied text on the normal screen";
    Export       "export"        Copy    ["w"]                "write"      "Write the report of the selected alert to a file";
    Report       "report"        Copy    []                   "report"     "Write a report about what is marked, or the group: report html";
    Masking      "masking"       Copy    []                   "masking"    "Leave secrets in reports and records, or mask them again";
    Attach       "attach"        Copy    []                   "attach"     "Show a report beside the alert, each command judged: attach FILE";
    Filter       "filter"        Narrow  ["f"]                "filter"     "Filter with a condition in Falco's language";
    ClearFilter  "clear-filter"  Narrow  ["F"]                "no filter"  "Take the filter away";
    Chips        "chips"         Narrow  ["C"]                "conditions" "Take one condition of the filter away";
    Narrow       "narrow"        Narrow  ["="]                "only this"  "Keep only what has the selected value";
    Exclude      "exclude"       Narrow  ["!"]                "exclude"    "Leave out what has the selected value";
    Save         "save"          Narrow  []                   "save"       "Keep the filter under a name: save NAME";
    Load         "load"          Narrow  []                   "load"       "Filter by what was saved under a name: load NAME";
    Facets       "facets"        Narrow  ["%"]                "top values" "Show the most frequent values of a field";
    Search       "search"        Narrow  ["/"]                "search"     "Search plain text in the alerts";
    SearchNext   "search-next"   Narrow  ["n"]                "next hit"   "Go to the next hit";
    SearchBack   "search-back"   Narrow  ["N"]                "last hit"   "Go to the previous hit";
    Acknowledge  "acknowledge"   Decide  ["a"]                "ack"        "Acknowledge the alert, the group or what is marked";
    Escalate     "escalate"      Decide  ["e"]                "escalate"   "Escalate it";
    Close        "close"         Decide  ["c"]                "close"      "Close it with a verdict and a reason";
    Reopen       "reopen"        Decide  ["O"]                "open again" "Put it back into the inbox";
    Mute         "mute"          Decide  ["m"]                "mute"       "Hide it for a while, never anything worse";
    Note         "note"          Decide  ["i"]                "note"       "Write a note about it";
    Assign       "assign"        Decide  ["@"]                "assign"     "Say who takes care of it";
    Tag          "tag"           Decide  ["t"]                "tag"        "Give it tags";
    Undo         "undo"          Decide  ["u"]                "undo"       "Take the last decision back";
    Redo         "redo"          Decide  ["ctrl-r"]           "redo"       "Decide again what was taken back";
    Mark         "mark"          Decide  ["space"]            "mark"       "Mark the row for the next decision";
    MarkRange    "mark-range"    Decide  ["V"]                "mark range" "Mark from here to the next press";
    MarkGroup    "mark-group"    Decide  ["*"]                "mark all"   "Mark everything in the group";
    View         "view"          Decide  ["o"]                "view"       "Show the inbox, what is acknowledged, escalated, closed, muted, or all";
    NextNew      "next-new"      Decide  ["."]                "next new"   "Go to the next group that is new since you last looked";
    Noise        "noise"         Decide  ["X"]                "noise"      "Rank rules by volume and by how many were false positives";
    Tune         "tune"          Decide  ["x"]                "tune"       "Show the exception that makes Falco leave this group out";
    Palette      "palette"       Program [":" "ctrl-p"]       "commands"   "Find an action by its name";
    Help         "help"          Program ["?" "f1"]           "help"       "Show what each key does";
    Mouse        "mouse"         Program ["M"]                "mouse"      "Give the mouse to the terminal for selecting, or take it back";
    Theme        "theme"         Program []                   "theme"      "Change to the next theme";
    Reload       "reload"        Program []                   "reload"     "Read config.toml and the themes again";
    Demo         "demo"          Program ["D"]                "demo"       "Start the built-in demo";
    Redraw       "redraw"        Program ["ctrl-l"]           "redraw"     "Draw the whole screen again";
    Suspend      "suspend"       Program ["ctrl-z"]           "suspend"    "Stop cadge for a while; fg brings it back";
    Quit         "quit"          Program ["q"]                "quit"       "Leave the pane, then the program";
    Leave        "leave"         Program ["ctrl-c"]           "leave"      "Leave the program at once";
}

impl Action {
    /// Finds an action by its id.
    pub fn parse(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|action| action.id() == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_stands_for_one_action() {
        for action in Action::ALL {
            assert_eq!(Action::parse(action.id()), Some(*action));
        }
    }
}
