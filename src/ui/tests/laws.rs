//! What must hold for any input.

use super::driver::{Driver, event, log, now};
use crate::ui::{Action, Msg, draw};
use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use proptest::prelude::*;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{TerminalOptions, Viewport};

/// Everything an attacker may try, in one alert.
const HOSTILE: &str = "a\u{1b}[2J\u{7}\u{9b}31m\u{202e}b\u{200b}\u{feff}\u{e0041}c\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{2028}\u{fff9}<U+202E>\r\n\t|`[x](http://e)";

fn hostile() -> String {
    let text = serde_json::to_string(HOSTILE).unwrap();
    let wide = serde_json::to_string(&"\u{1100}".repeat(40_000)).unwrap();
    format!(
        "{{\"rule\":\"old\",\"time\":\"1700-01-01T00:00:00Z\"}}\n{{\"rule\":\"older\",\"time\":-8000000000000000000}}\n\
         {{\"time\":\"2026-11-21T14:00:00Z\",\"priority\":\"Critical\",\"rule\":{text},\"output\":{text},\"hostname\":{text},\
         \"output_fields\":{{\"container.id\":\"x\",\"container.name\":{text},\"container.image.repository\":{text},\
         \"proc.name\":{text},\"proc.cmdline\":{wide},{text}:{text}}}}}\n{{\"broken\": {text}\n"
    )
}

/// What a frame writes to a real terminal.
fn frame(driver: &Driver) -> String {
    let size = driver.app.size;
    let viewport = Viewport::Fixed(Rect::new(0, 0, size.width, size.height));
    let mut bytes = Vec::new();
    let backend = CrosstermBackend::new(&mut bytes);
    let mut terminal = Terminal::with_options(backend, TerminalOptions { viewport }).unwrap();
    terminal.draw(|frame| draw(&driver.app, frame)).unwrap();
    drop(terminal);
    String::from_utf8(bytes).unwrap()
}

/// No control but the escapes that ratatui writes for colors and the cursor, and nothing invisible.
#[track_caller]
fn check_frame(driver: &Driver) {
    let text = frame(driver);
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        if char == '\u{1b}' {
            assert_eq!(chars.next(), Some('['), "an escape that is no CSI");
            let end = chars.by_ref().find(|char| !(' '..='?').contains(char));
            assert!(
                matches!(end, Some('m' | 'H' | 'h' | 'l' | 'J' | 'K')),
                "a CSI that is not ours: {end:?}"
            );
        } else {
            assert!(!crate::text::is_dangerous(char), "{char:?} reached the terminal");
        }
    }
    assert!(text.len() < 256 * 1024, "a frame of {} bytes", text.len());
}

#[test]
fn a_hostile_alert_is_harmless_in_every_pane() {
    for (width, height) in [(160, 45), (80, 24), (40, 12)] {
        let mut driver = Driver::new(width, height);
        driver.feed(hostile().as_bytes());
        driver.follows();
        let keys = "enter ] j j j ] j j j ] ] esc Y esc b b b b b R j esc S esc t enter esc = f esc c esc / esc ? esc";
        for key in keys.split_whitespace() {
            driver.send(Msg::Key(event(key)));
            check_frame(&driver);
        }
    }
}

#[test]
fn a_huge_value_costs_no_more_than_its_lines() {
    let mut driver = Driver::new(160, 45);
    let value = "x".repeat(2_000_000);
    driver.feed(
        format!(
            "{{\"rule\":\"r\",\"output\":\"{value}\",\"output_fields\":{{\"a\":\"{value}\"}}}}\n"
        )
        .as_bytes(),
    );
    let driver = driver.keys("2 ] ] j j j j j j ] ]");
    check_frame(&driver);
}

#[derive(Clone, Debug)]
enum Happening {
    Do(usize),
    Type(char),
    Resize(u16, u16),
    Mouse(u8, u16, u16),
    Wait(i64),
    Feed(usize),
    Paste(String),
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        6 => (0..Action::ALL.len()).prop_map(Happening::Do),
        2 => any::<char>().prop_map(Happening::Type),
        2 => (0_u16..300, 0_u16..100).prop_map(|(width, height)| Happening::Resize(width, height)),
        2 => (0_u8..6, 0_u16..300, 0_u16..100).prop_map(|(kind, x, y)| Happening::Mouse(kind, x, y)),
        1 => (0_i64..10).prop_map(Happening::Wait),
        1 => (0_usize..3).prop_map(Happening::Feed),
        1 => any::<String>().prop_map(Happening::Paste),
    ]
}

fn happen(driver: &mut Driver, happening: Happening) {
    let msg = match happening {
        Happening::Do(at) => {
            let Some(key) = Action::ALL[at].default_keys().first() else { return };
            Msg::Key(event(key))
        }
        Happening::Type(char) => Msg::Key(crossterm::event::KeyEvent::new(
            crossterm::event::KeyCode::Char(char),
            KeyModifiers::NONE,
        )),
        Happening::Resize(width, height) => Msg::Resize(width, height),
        Happening::Mouse(kind, column, row) => {
            let left = MouseButton::Left;
            let kinds = [
                MouseEventKind::Down(left),
                MouseEventKind::Up(left),
                MouseEventKind::Drag(left),
                MouseEventKind::ScrollDown,
                MouseEventKind::ScrollUp,
                MouseEventKind::Moved,
            ];
            let kind = kinds[usize::from(kind)];
            Msg::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE })
        }
        Happening::Wait(seconds) => Msg::Tick(
            driver
                .app
                .now
                .saturating_add(jiff::SignedDuration::from_secs(seconds))
                .unwrap_or(now()),
        ),
        Happening::Feed(kind) => {
            let bytes = [log(), hostile(), "no alert\n\n{\"rule\":1}\n".to_owned()][kind].clone();
            return driver.feed(bytes.as_bytes());
        }
        Happening::Paste(text) => Msg::Paste(text),
    };
    driver.send(msg);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_at_any_size_is_drawn(happenings in prop::collection::vec(happening(), 1..40)) {
        let mut driver = Driver::on_log(100, 30);
        for happening in happenings {
            happen(&mut driver, happening);
            driver.screen();
        }
        check_frame(&driver);
    }
}
