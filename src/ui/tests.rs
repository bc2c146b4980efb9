//! Screens without a terminal: feed, press, look.

mod driver;
mod journeys;
mod laws;
mod screens;
