//! The loop: keys first, then the frame they wait for, then alerts, then the clock.
//!
//! Generic over the terminal and over the stream of keys, so tests and the real terminal run the same lines.

use super::app::App;
use super::effect::Effect;
use super::msg::Msg;
use super::view;
use crate::clock;
use crossterm::event::{Event, KeyEventKind};
use futures_util::{Stream, StreamExt};
use ratatui::Terminal;
use ratatui::backend::Backend;
use ratatui::layout::{Position, Rect};
use std::io;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

/// At most sixty frames a second, and none at all when nothing changed.
const FRAME: Duration = Duration::from_millis(16);
/// What a key changed may follow the last frame sooner, and so may the answer to what it asked: keys that wait are all taken
/// before a frame in any case.
const ANSWER: Duration = Duration::from_millis(1);
/// How long one turn may spend taking in messages before keys are looked at.
const TAKE_IN: Duration = Duration::from_millis(8);

/// Runs until the app wants to quit, or until nobody can tell it anything any more.
///
/// `perform` must not block: it hands effects to whoever performs them. [`Effect::Wake`] and [`Effect::Redraw`] are
/// performed here.
pub async fn run<B, K>(
    app: &mut App,
    terminal: &mut Terminal<B>,
    mut keys: K,
    mut inbox: mpsc::Receiver<Msg>,
    mut perform: impl FnMut(Effect),
) -> io::Result<()>
where
    B: Backend,
    B::Error: Into<io::Error>,
    K: Stream<Item = io::Result<Event>> + Unpin,
{
    let now = Instant::now();
    let mut state =
        Loop { dirty: true, drawn_at: now, frame_due: now, wake_at: Some(now), more: false };
    let mut keys_open = true;
    loop {
        // The runtime's clock stands still while there is always something to take in: a frame that is due is seen here.
        let is_due = state.dirty && Instant::now() >= state.frame_due;
        let turn = tokio::select! {
            biased;
            event = keys.next(), if keys_open => if let Some(event) = event {
                state.frame_due = state.frame_due.min(state.drawn_at + ANSWER);
                translate(event?).map(|msg| app.told(clock::now(), msg))
            } else {
                keys_open = false;
                None
            },
            () = std::future::ready(()), if is_due => {
                terminal.draw(|frame| view::draw(app, frame)).map_err(Into::into)?;
                state.dirty = false;
                state.drawn_at = Instant::now();
                state.frame_due = state.drawn_at + FRAME;
                // Signals and timers have their turn, however much there is to take in.
                tokio::task::yield_now().await;
                None
            }
            () = sleep_until(state.frame_due), if state.dirty => None,
            () = std::future::ready(()), if state.more => {
                state.more = false;
                Some(app.update(Msg::Continue))
            }
            msg = inbox.recv() => match msg {
                Some(msg) => {
                    let mut turn = app.told(clock::now(), msg);
                    let started = Instant::now();
                    while !turn.quit && !turn.goes_on() && started.elapsed() < TAKE_IN && let Ok(msg) = inbox.try_recv() {
                        turn.absorb(app.update(msg));
                    }
                    Some(turn)
                }
                None => return Ok(()),
            },
            () = sleep_until(state.wake_at.unwrap_or(state.frame_due)), if state.wake_at.is_some() => {
                state.wake_at = None;
                Some(app.update(Msg::Tick(clock::now())))
            }
        };
        let Some(turn) = turn else { continue };
        state.dirty |= turn.redraw;
        if turn.is_awaited {
            state.frame_due = state.frame_due.min(state.drawn_at + ANSWER);
        }
        for effect in turn.effects {
            match effect {
                Effect::Wake { milliseconds } => {
                    state.wake_at = Some(Instant::now() + Duration::from_millis(milliseconds));
                }
                Effect::Continue => state.more = true,
                Effect::Redraw => {
                    // Not `clear`, which asks the terminal where its cursor is and fails where no answer comes.
                    let size = terminal.size().map_err(Into::into)?;
                    terminal.resize(Rect::from((Position::ORIGIN, size))).map_err(Into::into)?;
                    state.dirty = true;
                }
                effect => perform(effect),
            }
        }
        if turn.quit {
            return Ok(());
        }
    }
}

struct Loop {
    dirty: bool,
    drawn_at: Instant,
    frame_due: Instant,
    wake_at: Option<Instant>,
    /// Alerts wait to be taken in; nothing more is asked of the inbox before.
    more: bool,
}

/// What a terminal says, as a fact for the screen; key releases and focus changes are none.
fn translate(event: Event) -> Option<Msg> {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => Some(Msg::Key(key)),
        Event::Mouse(mouse) => Some(Msg::Mouse(mouse)),
        // Many terminals paste the line ends that Enter sends.
        Event::Paste(text) => Some(Msg::Paste(text.replace("\r\n", "\n").replace('\r', "\n"))),
        Event::Resize(width, height) => Some(Msg::Resize(width, height)),
        Event::Key(_) | Event::FocusGained | Event::FocusLost => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pasted_lines_end_alike_whatever_the_terminal_sends() {
        let check = |sent: &str, expected: &str| match translate(Event::Paste(sent.to_owned())) {
            Some(Msg::Paste(text)) => assert_eq!(text, expected),
            other => panic!("{other:?}"),
        };
        check("proc.name = nc\rand fd.name = x", "proc.name = nc\nand fd.name = x");
        check("a\r\nb\n\rc\r\r", "a\nb\n\nc\n\n");
        check("one", "one");
    }
}
