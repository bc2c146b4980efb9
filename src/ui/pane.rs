//! The regions of the screen. Each file holds a pane's state, what changes it, and how it looks, in this order.

pub mod analysis;
pub mod commands;
pub mod detail;
pub mod fields;
pub mod groups;
pub mod header;
pub mod history;
pub mod noise;
pub mod paper;
pub mod raw;
pub mod rejects;
pub mod related;
pub mod sources;
pub mod timeline;
pub mod tune;
