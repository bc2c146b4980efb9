//! From what is read to what the console is told: one thread that hands on, and waits when the console is busy.

use super::work::Jobs;
use crate::demo;
use crate::intake::{self, News};
use crate::model::SourceId;
use crate::source::{self, SourceState, Spec};
use crate::ui::{Msg, Progress, State, Tone};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use tokio::sync::mpsc::Sender;

/// Deliveries that may wait to be taken in.
const WAITING: usize = 64;

/// Begins to read, and tells the console until it is gone.
pub(super) fn sources(
    specs: Vec<Spec>,
    options: source::Options,
    intake: intake::Options,
    jobs: Jobs,
    inbox: Sender<Msg>,
    beat: Option<source::Beat>,
) {
    std::thread::spawn(move || {
        let names: Vec<Arc<str>> = specs.iter().map(Spec::name).collect();
        for msg in beginnings(&names) {
            if inbox.blocking_send(msg).is_err() {
                return;
            }
        }
        let (outlet, deliveries) = mpsc::sync_channel(WAITING);
        // The sources stop when this is dropped.
        let handle = source::spawn_with(specs, options, outlet, beat);
        tell(&intake::spawn(deliveries, intake), &names, &jobs, &inbox);
        drop(handle);
    });
}

/// Says that each source is being read, so that the console knows of all of them before the first is read to its end.
fn beginnings(names: &[Arc<str>]) -> Vec<Msg> {
    let sources = (0..).map(SourceId).zip(names);
    let states = sources.map(|(source, name)| State {
        source,
        name: shown(name),
        words: SourceState::Reading.to_string(),
        tone: tone(&SourceState::Reading),
        is_passing: false,
        is_caught_up: false,
        at: crate::clock::now(),
    });
    states.map(Msg::State).collect()
}

/// Begins the demo, and tells the console until it is gone.
pub(super) fn demo(intake: intake::Options, jobs: Jobs, inbox: Sender<Msg>) {
    std::thread::spawn(move || {
        let (outlet, deliveries) = mpsc::sync_channel(WAITING);
        let (stop, stopped) = mpsc::channel();
        let failed = inbox.clone();
        let feeding = std::thread::spawn(move || {
            if let Err(error) = demo::feed(&outlet, &stopped) {
                let _ = failed.blocking_send(Msg::Banner(format!("the demo cannot run: {error}")));
            }
        });
        tell(&intake::spawn(deliveries, intake), &["demo".into()], &jobs, &inbox);
        drop(stop);
        let _ = feeding.join();
    });
}

fn tell(news: &Receiver<News>, names: &[Arc<str>], jobs: &Jobs, inbox: &Sender<Msg>) {
    while let Ok(news) = news.recv() {
        if let Some(records) = &news.records {
            jobs.records(records);
        }
        for msg in facts(news, names) {
            // The console is gone: so is the reason to read.
            if inbox.blocking_send(msg).is_err() {
                return;
            }
        }
    }
}

/// What a source is called on the screen.
fn shown(name: &Arc<str>) -> Arc<str> {
    if **name == *"-" { "standard input".into() } else { Arc::clone(name) }
}

/// What the console should know of the news, alerts before the state that follows them.
fn facts(news: News, names: &[Arc<str>]) -> Vec<Msg> {
    let name = |id: SourceId| names.get(usize::from(id.0)).map(shown).unwrap_or_default();
    let mut msgs = vec![Msg::Came(Box::new(news.batch))];
    if let Some(progress) = news.progress {
        let shown = Progress {
            done: progress.done,
            total: progress.total,
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a rate for people, never negative"
            )]
            bytes_per_second: progress.bytes_per_second as u64,
        };
        msgs.push(Msg::Progress((!progress.is_done()).then_some(shown)));
    }
    for (source, state, at) in news.states {
        msgs.push(Msg::State(State {
            source,
            name: name(source),
            words: state.to_string(),
            tone: tone(&state),
            is_passing: state.is_passing(),
            is_caught_up: state.is_caught_up(),
            at,
        }));
    }
    for (source, error) in news.done {
        let words = error.clone().unwrap_or_else(|| SourceState::Finished.to_string());
        let tone = if error.is_some() { Tone::Bad } else { Tone::Good };
        let at = crate::clock::now();
        msgs.push(Msg::State(State {
            source,
            name: name(source),
            words,
            tone,
            is_passing: false,
            is_caught_up: true,
            at,
        }));
    }
    msgs
}

fn tone(state: &SourceState) -> Tone {
    match state {
        SourceState::Reading | SourceState::Following | SourceState::Finished => Tone::Good,
        SourceState::Unreadable(_) => Tone::Bad,
        SourceState::Polling(_)
        | SourceState::Waiting(_)
        | SourceState::Rotated(_)
        | SourceState::Truncated(_)
        | SourceState::Blocked(_)
        | SourceState::Note(_) => Tone::Warn,
    }
}
