//! Pieces that know no alert, no theme file and no action.

pub mod prompt;
pub mod prose;
pub mod scrollbar;
pub mod tabs;
