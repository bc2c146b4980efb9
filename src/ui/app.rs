//! The state of the screen, and the one place that changes it.

use super::effect::Effect;
use super::msg::Msg;
use super::settings::Settings;
use jiff::Timestamp;
use ratatui::layout::Size;

/// All that the screen shows. `update` changes it, `view` reads it; neither touches the outside.
pub struct App {
    pub size: Size,
    pub now: Timestamp,
    pub settings: Settings,
}

/// What follows from one message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Turn {
    pub effects: Vec<Effect>,
    pub redraw: bool,
    pub quit: bool,
}

impl Turn {
    /// Adds what followed from the next message.
    pub fn absorb(&mut self, next: Self) {
        self.effects.extend(next.effects);
        self.redraw |= next.redraw;
        self.quit |= next.quit;
    }
}

impl App {
    pub fn new(settings: Settings, now: Timestamp) -> Self {
        Self { size: Size::default(), now, settings }
    }

    /// Takes in one fact.
    pub fn update(&mut self, msg: Msg) -> Turn {
        match msg {
            Msg::Resize(width, height) => self.size = Size { width, height },
            Msg::Tick(now) => self.now = now,
            _ => {}
        }
        Turn { redraw: true, ..Turn::default() }
    }
}
