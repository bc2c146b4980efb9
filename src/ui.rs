//! The console: facts come in as [`Msg`], wishes are [`Action`]s, what must be done outside leaves as [`Effect`].
//!
//! [`App::update`] is the one place that changes the screen's state and [`draw`] the one that reads it; neither does
//! any input or output, so tests drive them as plain functions.

pub mod action;
mod app;
mod complete;
mod desk;
mod effect;
mod health;
pub mod keymap;
mod layout;
mod lines;
mod msg;
mod narrow;
mod overlay;
mod paint;
mod pane;
mod run;
mod settings;
mod times;
mod view;
mod widget;

pub use action::Action;
pub use app::{App, Recognized, Turn};
pub use desk::{Keeping, wish::Identified};
pub use effect::{Decisions, Effect, Ground, Meets, Mouse, Recognize, Told, TuneWish, What};
pub use msg::{Assessed, Counted, Look, Msg, Paper, Progress, State, Tone, Tuned, Weight};
pub use narrow::pattern as search_pattern;
pub use overlay::help::markdown as keys_as_markdown;
pub use run::run;
pub use settings::{Bell, Settings, Signs, Times};
pub use view::draw;

#[cfg(test)]
mod tests;
