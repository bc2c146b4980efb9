//! Screens without a terminal: feed, press, look.

mod deciding;
mod desk;
mod driver;
mod journeys;
mod laws;
mod live;
mod paper;
mod screens;
