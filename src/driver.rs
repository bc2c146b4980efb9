//! Performs what the console asks for, and tells it what came of it.
//!
//! Here the program touches the world: the terminal, signals, threads that read and work, the clipboard, files. The
//! console itself ([`crate::ui`]) only sees messages.

mod background;
mod filters;
mod keep;
mod keys;
mod pump;
pub mod settings;
pub mod sweep;
mod taught;
mod terminal;
mod work;

pub use work::{look::Judge, look::look, tune::tuned, tune::weighed};

pub use keep::user;

use crate::clock;
use crate::config::{Bell, Config, Paths};
use crate::intake;
use crate::source::{self, Spec};
use crate::theme::Depth;
use crate::triage::{Order, Writer};
use crate::ui::{self, App, Effect, Keeping, Mouse, Msg};
use background::{Background, Late};
use crossterm::event::Event;
use futures_util::{Stream, StreamExt, future};
use keys::Keys;
use settings::Sources;
use std::cell::RefCell;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use taught::Taught;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use work::{Jobs, Tools};

/// Messages that may wait for the console; whoever has more to say waits.
const INBOX: usize = 4;
/// How often a user's theme and playbooks are looked at.
const FILE_CHECK: Duration = Duration::from_secs(1);
/// The words of a notification. They are ours: an alert has no say in them.
const NOTIFICATION: &str = "\x1b]9;cadge: a new critical group\x1b\\";

/// What the console is opened on.
#[derive(Debug)]
pub struct Start {
    pub input: Input,
    pub intake: intake::Options,
    /// A file of settings that a person named.
    pub config: Option<PathBuf>,
    /// A theme that a person named.
    pub theme: Option<String>,
    /// A filter to begin with, checked already.
    pub filter: Option<String>,
    /// Lines that stay on top until they are dismissed.
    pub banners: Vec<String>,
    /// Macros and lists that filters may use by name.
    pub names: crate::query::Names,
}

/// Where alerts come from.
#[derive(Debug)]
pub enum Input {
    Sources(Vec<Spec>, source::Options),
    Demo,
    /// Nothing was found; what was looked for, as sentences.
    Nothing(Vec<String>),
}

/// How the console was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// The person left.
    Quit,
    /// A signal asked for it.
    Signal(u8),
}

/// The end of the console.
#[derive(Debug)]
pub struct Ended {
    pub left: Left,
    /// What became of decisions that could not be saved, and what to do, in sentences.
    pub unsaved: Option<String>,
}

/// Opens the console on the terminal, and returns when it is left. The terminal is given back in any case.
///
/// # Errors
/// When the terminal cannot be used.
pub fn console(start: Start) -> io::Result<Ended> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    terminal::give_back_on_panic();
    terminal::enter(Mouse::Terminals)?;
    let left = runtime.block_on(open(start));
    let given_back = terminal::leave();
    let _ = std::panic::take_hook();
    // Threads that still read hold nothing that must be saved.
    runtime.shutdown_background();
    let left = left?;
    given_back?;
    Ok(left)
}

async fn open(start: Start) -> io::Result<Ended> {
    let mut sources = Sources {
        paths: Paths::from_environment(),
        config_file: start.config,
        theme: start.theme,
        depth: Depth::detect(settings::variable),
        background: Background::Unknown,
        config: Config::default(),
    };
    let (mut settings, mut problems) = sources.read();
    let (mut screen, to_terminal) = terminal::screen()?;
    let (inbox, messages) = mpsc::channel(INBOX);
    let (taught, unread) = Taught::new(sources.paths.as_ref().map(Paths::playbooks));
    let tools = Tools {
        playbooks: Arc::clone(&taught.playbooks),
        names: Arc::new(start.names.clone()),
        inbox: inbox.clone(),
        to_terminal,
        clipboard: sources.clipboard(),
        reports: sources.paths.as_ref().map(|paths| paths.state.join("reports")),
        front: Arc::default(),
    };
    let jobs = Jobs::start(&tools);
    let names = keep::names(&start.input);
    let writer = keep::begin(&start.input, &sources, names.clone(), &tools.inbox);
    let says = keep::says(&start.input, writer.is_some());
    // Reading goes on while the terminal thinks about its background.
    begin(start.input, &start.intake, &jobs, &tools.inbox, writer.as_ref().map(keep::beat));
    if sources.wants_background() {
        sources.background = background::ask();
        let (made, more) = sources.make();
        settings = made;
        problems
            .extend(more.into_iter().filter(|more| !problems.contains(more)).collect::<Vec<_>>());
    }
    let late = Late::new(sources.background);
    let mut app = App::new(settings.clone(), clock::now());
    app.narrow.names = start.names;
    if let Some(paths) = &sources.paths {
        let (history, named, problem) = filters::read(paths);
        (app.narrow.history, app.narrow.named) = (history, named);
        problems.extend(problem);
    }
    (app.desk.by, app.desk.host) = keep::signature();
    app.desk.keeping = if writer.is_some() { Keeping::Disk } else { Keeping::Memory };
    if let Some(says) = says {
        app.lines.done(clock::now(), says);
    }
    let mut outside = Outside {
        mouse: settings.mouse,
        filters: filters::Keeper::start(sources.paths.clone(), tools.inbox.clone()),
        sources,
        jobs,
        tools,
        writer,
        names,
        keys: Keys::default(),
        intake: start.intake,
        taught,
        last_copy: None,
        given_back: None,
        theme_written: None,
        has_theme: false,
    };
    outside.give_mouse(outside.mouse);
    outside.note_theme();
    let size = screen.size()?;
    app.size = size;
    for banner in start.banners.into_iter().chain(problems) {
        outside.tell(Msg::Banner(banner));
    }
    if !unread.is_empty() {
        outside.tell(Msg::Taught(unread));
    }
    if let Some(filter) = start.filter {
        outside.tell(Msg::Narrow(filter));
    }
    drop(inbox);
    let mut signals = Signals::new()?;
    let (answered, answers) = mpsc::unbounded_channel();
    let front = Arc::clone(&outside.tools.front);
    let events = without_late_answers(outside.keys.clone(), late, answered);
    let mut events = events.inspect(move |_| front.hush());
    let outside = RefCell::new(outside);
    let told = (messages, answers);
    let left = run(&mut app, &mut screen, &mut events, told, &outside, &mut signals).await;
    // Whoever is asked to end has no turn left in which to say what was looked at.
    let looked = app.look_order();
    if app.desk.keeping == Keeping::Disk && !looked.is_empty() {
        outside.borrow_mut().perform(Effect::Look(looked));
    }
    outside.borrow_mut().filters.finish();
    let writer = outside.borrow_mut().writer.take();
    let state = outside.borrow().sources.paths.as_ref().map(|paths| paths.state.clone());
    let unsaved = writer.and_then(|writer| keep::end(writer, state.as_deref()));
    Ok(Ended { left: left?, unsaved })
}

/// The console's loop, with signals and the theme's file beside it.
async fn run(
    app: &mut App,
    screen: &mut terminal::Screen,
    events: &mut (impl Stream<Item = io::Result<Event>> + Unpin),
    (messages, mut answers): (mpsc::Receiver<Msg>, mpsc::UnboundedReceiver<Background>),
    outside: &RefCell<Outside>,
    signals: &mut Signals,
) -> io::Result<Left> {
    let mut console = std::pin::pin!(ui::run(app, screen, events, messages, |effect| {
        outside.borrow_mut().perform(effect);
    }));
    let mut file_check = tokio::time::interval(FILE_CHECK);
    loop {
        // Without files of the person's own nothing is looked at.
        let has_files = outside.borrow().has_theme || outside.borrow().taught.is_there();
        tokio::select! {
            biased;
            signal = signals.next() => match signal {
                // They were for the editor, which has ended meanwhile.
                Asked::End(INTERRUPT | QUIT) | Asked::Stop if outside.borrow().was_lent() => {}
                Asked::End(number) => return Ok(Left::Signal(number)),
                Asked::Stop => outside.borrow_mut().suspend(),
                Asked::GoOn => outside.borrow_mut().resume(),
            },
            done = &mut console => return done.map(|()| Left::Quit),
            Some(background) = answers.recv() => outside.borrow_mut().background(background),
            _ = file_check.tick(), if has_files => {
                outside.borrow_mut().check_theme();
                outside.borrow_mut().check_playbooks();
            }
        }
    }
}

/// The world outside the console, as far as effects reach.
struct Outside {
    mouse: Mouse,
    sources: Sources,
    jobs: Jobs,
    tools: Tools,
    writer: Option<Writer>,
    filters: filters::Keeper,
    /// Names of sources on the screen, and those under which they are remembered.
    names: keep::Names,
    keys: Keys,
    intake: intake::Options,
    taught: Taught,
    last_copy: Option<String>,
    /// When the person's editor gave the terminal back.
    given_back: Option<Instant>,
    theme_written: Option<SystemTime>,
    /// The theme is a file of the user's, or was.
    has_theme: bool,
}

impl Outside {
    /// Performs an effect without waiting for it.
    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Copy { ref text, .. } => {
                self.last_copy = Some(text.clone());
                self.jobs.perform(effect);
            }
            Effect::Print => self.print(),
            Effect::Suspend => self.suspend(),
            Effect::Mouse(mouse) => self.give_mouse(mouse),
            Effect::Bell => {
                let sound = match self.sources.config.bell {
                    Bell::Off => return,
                    Bell::Bell => "\x07",
                    Bell::Notify => NOTIFICATION,
                };
                let _ = self.tools.to_terminal.send(sound.into());
            }
            Effect::NextTheme => {
                let made = self.sources.next_theme();
                self.configured(made, false);
            }
            Effect::Reload => {
                let made = self.sources.read();
                self.tools.clipboard = self.sources.clipboard();
                self.jobs.copy_by(&self.tools);
                self.configured(made, true);
                self.check_playbooks();
            }
            Effect::Remember(_) | Effect::SaveFilter { .. } => self.filters.order(effect),
            Effect::Save { changes, suppressions, evidence } => {
                self.order(Order::Save { changes, suppressions, evidence });
            }
            Effect::Look(looked) => {
                let looked = keep::renamed(looked, &self.names, |(from, to)| (from, to));
                for (source, at) in looked {
                    self.order(Order::Look { source, at });
                }
            }
            Effect::Edit { text } => self.edit(&text),
            Effect::Demo => begin(Input::Demo, &self.intake, &self.jobs, &self.tools.inbox, None),
            // The loop performs these itself.
            Effect::Continue | Effect::Redraw | Effect::Wake { .. } => {}
            effect => self.jobs.perform(effect),
        }
    }

    /// The terminal has answered late.
    fn background(&mut self, background: Background) {
        self.sources.background = background;
        let made = self.sources.make();
        self.configured(made, false);
    }

    /// Tells the console something when it has room for it; what was told first comes first.
    fn tell(&self, msg: Msg) {
        tell(&self.tools.inbox, msg);
    }

    fn configured(&mut self, (settings, problems): settings::Made, anew: bool) {
        self.note_theme();
        self.tell(Msg::Configured { settings: Box::new(settings), anew, problems });
    }

    fn note_theme(&mut self) {
        self.theme_written = self.sources.theme_written();
        self.has_theme |= self.theme_written.is_some();
    }

    fn check_theme(&mut self) {
        if self.sources.theme_written() != self.theme_written {
            let made = self.sources.make();
            self.configured(made, false);
        }
    }

    fn check_playbooks(&mut self) {
        if let Some(problems) = self.taught.check() {
            self.jobs.playbooks(&self.taught.playbooks);
            self.tell(Msg::Taught(problems));
        }
    }

    fn give_mouse(&mut self, mouse: Mouse) {
        self.mouse = mouse;
        let _ = self.tools.to_terminal.send(terminal::mouse_sequence(mouse).into());
    }

    /// Hands an order to the one who saves decisions.
    fn order(&self, order: Order) {
        let is_taken = self.writer.as_ref().is_some_and(|writer| writer.order(order));
        if !is_taken {
            let why = "decisions cannot be saved any more; leave and start again".to_owned();
            self.tell(Msg::Banner(why));
        }
    }

    /// Lets the person's editor have a text.
    fn edit(&mut self, text: &str) {
        // The editor's keys are not ours: whoever waits for keys must be gone before it starts.
        self.keys.rest();
        let left = terminal::leave().map_err(|error| error.to_string());
        let edited = left.and_then(|()| {
            let folder = self
                .sources
                .paths
                .as_ref()
                .map_or_else(std::env::temp_dir, |paths| paths.state.clone());
            std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
            keep::edit(text, &folder)
        });
        let _ = terminal::enter(self.mouse);
        self.given_back = Some(Instant::now());
        self.keys.wake();
        self.tell(Msg::Edited(edited));
    }

    /// Whether an editor had the terminal just now: keys that were signals reached us too, and are read only now.
    fn was_lent(&self) -> bool {
        self.given_back.is_some_and(|at| at.elapsed() < LENT)
    }

    fn suspend(&mut self) {
        match terminal::suspend(self.mouse) {
            Ok(()) => self.tell(Msg::Resumed),
            Err(error) => self.tell(Msg::Notice(format!("not suspended: {error}"))),
        }
    }

    /// Takes the terminal again after someone else stopped us without asking.
    fn resume(&mut self) {
        if terminal::enter(self.mouse).is_ok() {
            self.tell(Msg::Resumed);
        }
    }

    fn print(&mut self) {
        let Some(text) = &self.last_copy else {
            self.tell(Msg::Notice("nothing was copied yet".to_owned()));
            return;
        };
        match terminal::print(text, self.mouse) {
            Ok(()) => self.tell(Msg::Resumed),
            Err(error) => self.tell(Msg::Notice(format!("not shown: {error}"))),
        }
    }
}

fn tell(inbox: &mpsc::Sender<Msg>, msg: Msg) {
    let inbox = inbox.clone();
    tokio::spawn(async move {
        let _ = inbox.send(msg).await;
    });
}

/// Begins to read; `beat` is struck on the timer that looks after followed logs.
fn begin(
    input: Input,
    intake: &intake::Options,
    jobs: &Jobs,
    inbox: &mpsc::Sender<Msg>,
    beat: Option<source::Beat>,
) {
    let (intake, jobs) = (intake.clone(), jobs.clone());
    match input {
        Input::Sources(specs, options) => {
            pump::sources(specs, options, intake, jobs, inbox.clone(), beat);
        }
        Input::Demo => pump::demo(intake, jobs, inbox.clone()),
        Input::Nothing(looked) => tell(inbox, Msg::NoSource(looked)),
    }
}

/// The number of SIGINT.
const INTERRUPT: u8 = 2;
/// The number of SIGQUIT.
const QUIT: u8 = 3;
/// How long after an editor's end a signal from the keyboard was its, not ours.
const LENT: Duration = Duration::from_millis(100);

/// What a signal asks for.
enum Asked {
    End(u8),
    Stop,
    GoOn,
}

/// The signals that concern a program with a terminal.
struct Signals {
    terminate: Signal,
    hang_up: Signal,
    interrupt: Signal,
    quit: Signal,
    stop: Signal,
    go_on: Signal,
    /// Only listened to so that a limit on the size of files is an error of writing, not the end.
    _limit: Signal,
    /// In debug builds SIGUSR1 is a fault of our own, so that a test can see what a panic leaves behind.
    #[cfg(debug_assertions)]
    fault: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        let of = |number: i32| signal(SignalKind::from_raw(number));
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            quit: signal(SignalKind::quit())?,
            stop: of(rustix::process::Signal::TSTP.as_raw())?,
            go_on: of(rustix::process::Signal::CONT.as_raw())?,
            _limit: of(rustix::process::Signal::XFSZ.as_raw())?,
            #[cfg(debug_assertions)]
            fault: signal(SignalKind::user_defined1())?,
        })
    }

    async fn next(&mut self) -> Asked {
        #[cfg(debug_assertions)]
        let fault = self.fault.recv();
        #[cfg(not(debug_assertions))]
        let fault = future::pending::<Option<()>>();
        tokio::select! {
            _ = self.terminate.recv() => Asked::End(15),
            _ = self.hang_up.recv() => Asked::End(1),
            _ = self.interrupt.recv() => Asked::End(INTERRUPT),
            _ = self.quit.recv() => Asked::End(QUIT),
            _ = self.stop.recv() => Asked::Stop,
            _ = self.go_on.recv() => Asked::GoOn,
            _ = fault => fail(),
        }
    }
}

#[expect(clippy::panic, reason = "a test asks for it, in debug builds only")]
fn fail() -> Asked {
    panic!("asked for by a signal");
}

/// The terminal's events, without an answer to our question that came too late.
fn without_late_answers(
    events: impl Stream<Item = io::Result<Event>> + Unpin,
    mut late: Late,
    answered: mpsc::UnboundedSender<Background>,
) -> impl Stream<Item = io::Result<Event>> + Unpin {
    events.filter(move |event| {
        let takes = event.as_ref().is_ok_and(|event| late.takes(event));
        if let Some(background) = late.answer() {
            // Whoever would hear it is gone only with the console.
            let _ = answered.send(background);
        }
        future::ready(!takes)
    })
}
