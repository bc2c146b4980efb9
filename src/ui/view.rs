//! From state to cells. Nothing here changes anything: it takes `&App`.

use super::app::App;
use ratatui::Frame;

/// Draws the whole screen.
pub fn draw(app: &App, frame: &mut Frame<'_>) {
    let _ = (app, frame);
}
