//! Pictures of real screens: the console is driven without a terminal over the story of the demo, and its cells are
//! written as SVG. A picture cannot show what the program does not.

use crate::docs::check;
use cadge::analysis::Playbooks;
use cadge::demo::Story;
use cadge::driver::look;
use cadge::intake::{self, Records};
use cadge::model::{BodyId, SourceId};
use cadge::source::{Delivery, Opened};
use cadge::theme::{Depth, Theme};
use cadge::ui::{App, Assessed, Effect, Ground, Msg, Settings, State, Tone, Turn, draw};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::{SignedDuration, Timestamp};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier};
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;

const START: Timestamp = Timestamp::constant(1_790_000_000, 0);

/// The console 64 seconds into the demo.
struct Console {
    app: App,
    records: Arc<Records>,
    playbooks: Playbooks,
}

impl Console {
    fn new(cols: u16, rows: u16, theme: &str) -> Self {
        let now = START.saturating_add(SignedDuration::from_secs(64)).unwrap();
        let settings =
            Settings { theme: Theme::builtin(theme, Depth::True), ..Settings::default() };
        let app = App::new(settings, now);
        let mut console = Self { app, records: Arc::default(), playbooks: Playbooks::builtin() };
        console.tell(Msg::Resize(cols, rows));
        console.tell(Msg::Tick(now));
        for news in deliver(now) {
            if let Some(records) = news.records {
                console.records = records;
            }
            console.tell(Msg::Came(Box::new(news.batch)));
        }
        console.tell(Msg::State(State {
            source: SourceId(0),
            name: "/var/log/falco/events.json".into(),
            words: "following".into(),
            tone: Tone::Good,
            is_passing: false,
            is_caught_up: true,
            at: now,
        }));
        console.tell(Msg::Tick(now.saturating_add(SignedDuration::from_secs(60)).unwrap()));
        console.tell(Msg::Tick(now));
        console
    }

    /// Tells the app something and does what it asks for, as far as reading and analyzing go.
    fn tell(&mut self, msg: Msg) {
        let mut turns: Vec<Turn> = vec![self.app.update(msg)];
        let mut n_turns = 0;
        while let Some(turn) = turns.pop() {
            n_turns += 1;
            assert!(n_turns < 2000, "the console asks without end");
            for effect in turn.effects {
                let answer = match effect {
                    Effect::Load { id, variant, ground: Ground(snapshot) } => {
                        let look = look(id, &snapshot, &self.records, &self.playbooks, variant);
                        Msg::Loaded { id, look: look.map(Box::new) }
                    }
                    Effect::Assess { ids, ground: Ground(snapshot) } => {
                        let assess = |id| {
                            let look = look(id, &snapshot, &self.records, &self.playbooks, None);
                            let assessment = look.unwrap().analysis.assessment;
                            Assessed { id, level: Some(assessment.level), known: assessment.known }
                        };
                        Msg::Assessed(ids.into_iter().map(assess).collect())
                    }
                    Effect::Continue => Msg::Continue,
                    _ => continue,
                };
                turns.push(self.app.update(answer));
            }
        }
    }

    fn press(&mut self, key: char) {
        self.tell(Msg::Key(KeyEvent::new(KeyCode::Char(key), KeyModifiers::NONE)));
    }

    fn cells(&self) -> Buffer {
        let (cols, rows) = (self.app.size.width, self.app.size.height);
        let mut terminal = Terminal::new(TestBackend::new(cols, rows)).unwrap();
        terminal.draw(|frame| draw(&self.app, frame)).unwrap();
        terminal.backend().buffer().clone()
    }
}

/// The story up to `now`, as the intake hands it on.
fn deliver(now: Timestamp) -> Vec<intake::News> {
    let mut bytes = Vec::new();
    for line in Story::new(START).take_while(|line| line.at <= now) {
        bytes.extend(line.bytes);
    }
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&bytes).unwrap();
    let (outlet, deliveries) = std::sync::mpsc::sync_channel(8);
    let opened = Opened {
        source: SourceId(0),
        body: BodyId(0),
        name: "/var/log/falco/events.json".into(),
        handle: Arc::new(file),
        path: None,
        live: true,
    };
    outlet.send(Delivery::Opened(opened)).unwrap();
    outlet.send(Delivery::Bytes { body: BodyId(0), offset: 0, bytes }).unwrap();
    drop(outlet);
    intake::spawn(deliveries, intake::Options::default()).iter().collect()
}

const CELL: (f64, f64) = (8.4, 18.0);

/// Cells as SVG: a rectangle for each run of one background, a text for each run of one look.
fn svg(cells: &Buffer, title: &str) -> String {
    let (cols, rows) = (cells.area.width, cells.area.height);
    let (width, height) = (f64::from(cols) * CELL.0, f64::from(rows) * CELL.1);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" \
         font-family=\"DejaVu Sans Mono, Menlo, Consolas, monospace\" font-size=\"14\" role=\"img\">\n\
         <title>{title}</title>\n"
    );
    let mut texts = String::new();
    for y in 0..rows {
        let mut x = 0;
        while x < cols {
            let style = cells[(x, y)].style();
            let mut run = String::new();
            let from = x;
            while x < cols && cells[(x, y)].style() == style {
                run.push_str(cells[(x, y)].symbol());
                x += 1;
            }
            let (mut fg, mut bg) = (hex(style.fg, "#d5dae3"), hex(style.bg, "#15181e"));
            if style.add_modifier.contains(Modifier::REVERSED) {
                std::mem::swap(&mut fg, &mut bg);
            }
            let (left, top) = (f64::from(from) * CELL.0, f64::from(y) * CELL.1);
            let run_width = f64::from(x - from) * CELL.0;
            let _ = writeln!(
                out,
                "<rect x=\"{left:.1}\" y=\"{top:.0}\" width=\"{:.1}\" height=\"{:.0}\" fill=\"{bg}\"/>",
                run_width + 0.3,
                CELL.1 + 0.3
            );
            if run.trim().is_empty() {
                continue;
            }
            let mut looks = String::new();
            for (modifier, look) in [
                (Modifier::BOLD, " font-weight=\"bold\""),
                (Modifier::ITALIC, " font-style=\"italic\""),
                (Modifier::UNDERLINED, " text-decoration=\"underline\""),
                (Modifier::DIM, " opacity=\"0.6\""),
            ] {
                if style.add_modifier.contains(modifier) {
                    looks.push_str(look);
                }
            }
            let text = run.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            let _ = writeln!(
                texts,
                "<text x=\"{left:.1}\" y=\"{:.0}\" fill=\"{fg}\" xml:space=\"preserve\" textLength=\"{run_width:.1}\"{looks}>{text}</text>",
                top + 13.5
            );
        }
    }
    out + &texts + "</svg>\n"
}

fn hex(color: Option<Color>, usual: &str) -> String {
    match color {
        Some(Color::Rgb(r, g, b)) => format!("#{r:02x}{g:02x}{b:02x}"),
        _ => usual.to_owned(),
    }
}

#[test]
fn the_pictures_show_the_real_screen() {
    let console = Console::new(140, 40, "dark");
    check(
        "docs/screens/console.svg",
        &svg(&console.cells(), "cadge on an intrusion in one container"),
    );
    let console = Console::new(140, 40, "light");
    check("docs/screens/light.svg", &svg(&console.cells(), "The same in the light theme"));
    let mut help = Console::new(100, 40, "dark");
    help.press('?');
    check("docs/screens/help.svg", &svg(&help.cells(), "Help"));
}
