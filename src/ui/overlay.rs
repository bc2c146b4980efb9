//! What lies over the panes. At most one at a time; Esc takes it away.

pub mod decide;
pub mod help;
pub mod menu;
pub mod note;
pub mod page;
pub mod palette;

use super::widget::prompt::Prompt;
use crate::query::{Error, Warning};
use menu::Menu;
use page::Page;
use palette::Palette;
use std::ops::Range;

/// The window over the panes, or the line being typed.
#[derive(Debug)]
pub enum Overlay {
    Palette(Palette),
    Menu(Menu),
    Page(Page),
    /// The rest of a decision is being asked for.
    Decide(Box<decide::Decide>),
    /// A note is being written.
    Note(Box<note::Note>),
    /// The filter being typed, with what is wrong with it now.
    Filter(FilterLine),
    /// The plain text being typed.
    Search(Prompt),
}

/// The filter line while it is edited.
#[derive(Debug, Default)]
pub struct FilterLine {
    pub prompt: Prompt,
    pub error: Option<Error>,
    /// Somebody wanted to keep it although it is wrong: now it is said what is wrong.
    pub insists: bool,
    /// What is odd about a filter that can be read.
    pub warning: Option<Warning>,
    /// What could be typed here.
    pub offers: Vec<Offer>,
    /// The offer that Tab takes; `None` while nobody chose.
    pub chosen: Option<usize>,
    /// How far back in the history; `None` at the present line.
    pub back: Option<usize>,
    /// The filter in force before, for Esc.
    pub before: Option<String>,
    /// Values of the field that is being compared, where they had to be counted.
    pub counts: Option<Counts>,
}

/// Values of a field, most frequent first, as far as they were counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub generation: u64,
    pub field: String,
    pub values: Vec<(String, u64)>,
}

/// One thing that could be typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Bytes of the line that it replaces.
    pub replaces: Range<usize>,
    pub text: String,
    pub note: String,
}
