//! A frame at 200x50, and what a key costs, over a hundred thousand and a million alerts.

mod log;

use cadge::model::SourceId;
use cadge::ui::{App, Msg, Settings, State, Tone, draw};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use divan::Bencher;
use jiff::Timestamp;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

const NOW: Timestamp = Timestamp::constant(1_795_000_000, 0);
const ALERTS: [usize; 2] = [100_000, 1_000_000];

fn main() {
    divan::main();
}

fn app(n_alerts: usize) -> App {
    let mut app = App::new(Settings::default(), NOW);
    app.update(Msg::Resize(200, 50));
    for news in log::take_in(&log::log(n_alerts)).0 {
        let mut turn = app.update(Msg::Came(Box::new(news.batch)));
        while turn.goes_on() {
            turn = app.update(Msg::Continue);
        }
    }
    app.update(Msg::State(State {
        is_caught_up: true,
        source: SourceId(0),
        name: "events.json".into(),
        words: "following".into(),
        tone: Tone::Good,
        is_passing: false,
        at: NOW,
    }));
    app
}

#[divan::bench(args = ALERTS, sample_count = 50, sample_size = 1)]
fn frame(bencher: Bencher, n_alerts: usize) {
    let app = app(n_alerts);
    let mut terminal = Terminal::new(TestBackend::new(200, 50)).unwrap();
    bencher.bench_local(|| {
        terminal.draw(|frame| draw(&app, frame)).unwrap();
    });
}

#[divan::bench(args = ALERTS, sample_count = 50, sample_size = 1)]
fn key(bencher: Bencher, n_alerts: usize) {
    let mut app = app(n_alerts);
    let key = KeyEvent::new(KeyCode::Char('j'), KeyModifiers::NONE);
    bencher.bench_local(|| app.update(Msg::Key(key)));
}
