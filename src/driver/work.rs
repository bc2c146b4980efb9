//! Work in the background: reading alerts again, analyzing, filtering, searching, copying.
//!
//! Each kind has a thread of its own, so that a long search never delays the alert under the cursor. Jobs go in through
//! channels, answers come back as messages; nothing is shared.

mod count;
pub(super) mod front;
mod hand;
pub(super) mod look;
mod paper;
mod recognize;
mod sift;
pub(super) mod tune;

use crate::analysis::Playbooks;
use crate::clip::{self, Copier, Lines};
use crate::intake::Records;
use crate::query::Names;
use crate::ui::{Effect, Msg, What};
use front::Front;
use paper::{export, raw, report};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use tokio::sync::mpsc::Sender;

/// Something to do.
pub(super) enum Job {
    /// Where records are from now on.
    Records(Arc<Records>),
    /// Which playbooks are in force from now on.
    Playbooks(Arc<Playbooks>),
    Do(Effect),
}

/// Hands jobs to the threads.
#[derive(Clone)]
pub(super) struct Jobs {
    look: mpsc::Sender<Job>,
    assess: mpsc::Sender<Job>,
    sift: mpsc::Sender<Job>,
    count: mpsc::Sender<Job>,
    recognize: mpsc::Sender<Job>,
    identify: mpsc::Sender<Job>,
    copy: mpsc::Sender<Job>,
    tune: mpsc::Sender<Job>,
    hand: mpsc::Sender<Job>,
    front: Arc<Front>,
}

/// What the threads need.
#[derive(Clone)]
pub(super) struct Tools {
    pub playbooks: Arc<Playbooks>,
    /// Macros and lists of the host's rules.
    pub names: Arc<Names>,
    pub inbox: Sender<Msg>,
    /// Takes bytes for the terminal, to be written between two frames.
    pub to_terminal: mpsc::Sender<Vec<u8>>,
    pub clipboard: clip::Environment,
    /// Where reports are written.
    pub reports: Option<PathBuf>,
    /// Who goes first.
    pub front: Arc<Front>,
}

#[cfg(test)]
impl Tools {
    /// Tools of a thread that a test runs: it tells this inbox, and nothing else.
    fn telling(inbox: Sender<Msg>) -> Self {
        Self {
            playbooks: Arc::new(Playbooks::builtin()),
            names: Arc::default(),
            inbox,
            to_terminal: mpsc::channel().0,
            clipboard: clip::Environment::default(),
            reports: None,
            front: Arc::default(),
        }
    }
}

impl Jobs {
    /// Starts the threads; they end when the last `Jobs` is dropped.
    pub(super) fn start(tools: &Tools) -> Self {
        let spawn = |work| spawn(work, tools);
        Self {
            look: spawn(look::load),
            assess: spawn(look::assess),
            sift: spawn(sift::sift),
            count: spawn(count::count),
            recognize: spawn(recognize::recognize),
            identify: spawn(recognize::identify),
            copy: spawn(copy),
            tune: spawn(tune::tune),
            hand: spawn(hand::hand),
            front: Arc::clone(&tools.front),
        }
    }

    /// Tells all threads where records are.
    pub(super) fn records(&self, records: &Arc<Records>) {
        for thread in [
            &self.look,
            &self.assess,
            &self.sift,
            &self.count,
            &self.recognize,
            &self.identify,
            &self.tune,
            &self.hand,
        ] {
            let _ = thread.send(Job::Records(Arc::clone(records)));
        }
    }

    /// Gives the threads that analyze other playbooks.
    pub(super) fn playbooks(&self, playbooks: &Arc<Playbooks>) {
        for thread in [&self.look, &self.assess, &self.tune, &self.hand] {
            let _ = thread.send(Job::Playbooks(Arc::clone(playbooks)));
        }
    }

    /// Does what an effect asks, on the thread for it.
    pub(super) fn perform(&self, effect: Effect) {
        let thread = match &effect {
            Effect::Load { .. } => &self.look,
            Effect::Assess { .. } => &self.assess,
            Effect::Recognize { .. } => &self.recognize,
            Effect::Identify { .. } => &self.identify,
            Effect::Filter { .. }
            | Effect::Search { .. }
            | Effect::EndFilter
            | Effect::EndSearch => &self.sift,
            Effect::Count { .. } => &self.count,
            Effect::Tune { .. } | Effect::Weigh { .. } => &self.tune,
            Effect::Report { .. } | Effect::Attach { .. } => &self.hand,
            _ => &self.copy,
        };
        let is_question = matches!(
            effect,
            Effect::Filter { .. } | Effect::Search { .. } | Effect::EndFilter | Effect::EndSearch
        );
        let _ = thread.send(Job::Do(effect));
        if is_question {
            // Only now: who hears of it finds it.
            self.front.ask();
        }
    }

    /// Copies by other ways from now on; what was asked before is still done by the old ones.
    pub(super) fn copy_by(&mut self, tools: &Tools) {
        self.copy = spawn(copy, tools);
    }
}

/// Takes the job and all that wait behind it; of what they ask only the last counts.
fn latest(
    job: Job,
    jobs: &Receiver<Job>,
    records: &mut Arc<Records>,
    playbooks: &mut Arc<Playbooks>,
) -> Option<Effect> {
    let mut wanted = None;
    for job in std::iter::once(job).chain(jobs.try_iter()) {
        match job {
            Job::Records(new) => *records = new,
            Job::Playbooks(new) => *playbooks = new,
            Job::Do(effect) => wanted = Some(effect),
        }
    }
    wanted
}

fn spawn(work: fn(&Receiver<Job>, &Tools), tools: &Tools) -> mpsc::Sender<Job> {
    let (jobs, receiver) = mpsc::channel();
    let tools = tools.clone();
    std::thread::spawn(move || work(&receiver, &tools));
    jobs
}

/// Copies and writes reports.
fn copy(jobs: &Receiver<Job>, tools: &Tools) {
    let mut copier = Copier::new(tools.clipboard.clone());
    while let Ok(job) = jobs.recv() {
        let mut by_copier = |text: &str, what: What| {
            let lines = if what == What::Field { Lines::One } else { Lines::Many };
            let way = copier.copy(text, lines, &mut |bytes| {
                let _ = tools.to_terminal.send(bytes);
            });
            Msg::Copied { what, way }
        };
        let msg = match job {
            Job::Do(Effect::Copy { text, what }) => {
                and_said(by_copier(&text, what), &format!(": {}", opening(&text)))
            }
            Job::Do(Effect::CopyReport { look, masks }) => {
                let (text, masked) = report(&look, masks);
                and_said(by_copier(&text, What::Report), &paper::masked(masked))
            }
            Job::Do(Effect::CopyRaw { look, masks }) => {
                let (text, masked) = raw(&look, masks);
                and_said(by_copier(&text, What::RawAlert), &paper::masked(masked))
            }
            Job::Do(Effect::Export { look, masks }) => {
                Msg::Exported(export(&look, masks, tools.reports.as_deref()))
            }
            Job::Do(_) | Job::Records(_) | Job::Playbooks(_) => continue,
        };
        if tools.inbox.blocking_send(msg).is_err() {
            return;
        }
    }
}

/// Says more about a copy that went well.
fn and_said(msg: Msg, more: &str) -> Msg {
    match msg {
        Msg::Copied { what, way: Ok(way) } => Msg::Copied { what, way: Ok(way + more) },
        other => other,
    }
}

/// The first line of a text, as much of it as a notice can show.
fn opening(text: &str) -> String {
    let first = text.lines().next().unwrap_or_default();
    let end = if text.trim_end().contains('\n') { " …" } else { "" };
    first.chars().take(200).collect::<String>() + end
}
