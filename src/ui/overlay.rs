//! What lies over the panes. At most one at a time; Esc takes it away.

pub mod decide;
pub mod help;
pub mod menu;
pub mod note;
pub mod page;
pub mod palette;

use super::widget::prompt::Prompt;
use crate::query::Error;
use menu::Menu;
use page::Page;
use palette::Palette;

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
    /// What could be typed here.
    pub offers: Vec<Offer>,
    /// The offer that Tab takes; `None` while nobody chose.
    pub chosen: Option<usize>,
    /// How far back in the history; `None` at the present line.
    pub back: Option<usize>,
    /// The filter in force before, for Esc.
    pub before: Option<String>,
}

/// One thing that could be typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Bytes before the cursor that it replaces.
    pub replaces: usize,
    pub text: String,
    pub note: String,
}
