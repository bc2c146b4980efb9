//! cadge: a terminal triage console for Falco alerts.
//!
//! The modules in reading order; `docs/architecture.md` has the drawing and the rules of who may use whom.

pub mod analysis;
pub mod cli;
pub mod clip;
pub mod clock;
pub mod config;
pub mod decode;
pub mod demo;
pub mod driver;
pub mod intake;
pub mod lint;
pub mod model;
pub mod private;
pub mod query;
pub mod report;
pub mod source;
pub mod store;
pub mod text;
pub mod theme;
pub mod triage;
pub mod ui;
