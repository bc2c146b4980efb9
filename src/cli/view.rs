//! The console on what the command line names, on Falco's own log, or on the demo.

use super::args::{Demo, Journal, Run, View};
use super::{Exit, list, session};
use crate::config::Paths;
use crate::driver::{self, Input, Left, Start, settings};
use crate::intake;
use crate::query::nearest;
use crate::source::{self, Spec};
use crate::theme;
use anyhow::Context as _;
use clap::CommandFactory as _;
use std::io::{self, IsTerminal};
use std::path::Path;

/// `cadge [SOURCE…]`. Without a terminal to show a console on it prints what `list` prints.
pub(super) fn run(view: View) -> anyhow::Result<Exit> {
    if let Some((word, command)) = mistyped(&view.input) {
        // The right word in the wrong place: an option that belongs to the console stood before it.
        super::say(&if word == command {
            format!(
                "there is no file {word}; a command comes first, its options behind it: `cadge {command} …`"
            )
        } else {
            format!(
                "there is no file {word}, and no command of that name; did you mean `cadge {command}`?"
            )
        });
        return Ok(Exit::Usage);
    }
    if let Some(says) = bad_theme(view.theme.as_deref()) {
        super::say(&says);
        return Ok(Exit::Usage);
    }
    if !has_screen() {
        if !is_in_order(view.config.as_deref()) {
            return Ok(Exit::Usage);
        }
        let select = super::args::Select { filter: view.filter, search: None };
        return list::run(&super::args::List { input: view.input, select, ..Default::default() });
    }
    let rules = session::rules(&view.input);
    if let Some(filter) = &view.filter {
        super::select::filter(filter, &rules)?;
    }
    let options = source::Options {
        follow: true,
        poll_only: view.input.poll,
        restart: view.input.restart,
        ..source::Options::default()
    };
    let (named, doubles) = session::named(&view.input);
    let input = match named {
        specs if !specs.is_empty() => Input::Sources(specs, options),
        _ => {
            let discovery = source::discover(Path::new("/"));
            match discovery.spec.clone() {
                Some(spec) => Input::Sources(vec![spec], options),
                None => Input::Nothing(looked_for(&discovery)),
            }
        }
    };
    let intake = intake::Options {
        tail_first: true,
        gives_way: true,
        context: session::context(&rules),
        ..intake::Options::default()
    };
    let mut banners = session::rules_problems(&view.input, &rules).to_vec();
    banners.extend(doubles);
    if matches!(view.input.other, Some(Spec::Journal(_))) {
        // journalctl waits for a journal without a word.
        banners.extend(source::journal_trouble());
    }
    open(Start {
        input,
        intake,
        config: view.config,
        theme: view.theme,
        filter: view.filter,
        banners,
        names: session::names(&rules),
    })
}

/// `cadge run -- COMMAND…`.
pub(super) fn child(child: Run) -> anyhow::Result<Exit> {
    on(Spec::Child(child.command), child.restart)
}

/// `cadge journal`.
pub(super) fn journal(journal: Journal) -> anyhow::Result<Exit> {
    on(Spec::Journal(journal.unit), false)
}

fn on(spec: Spec, restart: bool) -> anyhow::Result<Exit> {
    let input = super::args::Input { other: Some(spec), restart, ..Default::default() };
    run(View { input, ..View::default() })
}

/// `cadge demo`.
pub(super) fn demo(demo: Demo) -> anyhow::Result<Exit> {
    if let Some(says) = bad_theme(demo.theme.as_deref()) {
        super::say(&says);
        return Ok(Exit::Usage);
    }
    anyhow::ensure!(has_screen(), "the demo wants a terminal (try `cadge list FILE` in a pipe)");
    open(Start {
        input: Input::Demo,
        intake: intake::Options::default(),
        config: demo.config,
        theme: demo.theme,
        filter: None,
        banners: Vec::new(),
        names: crate::query::Names::default(),
    })
}

/// What is wrong with the theme that the command line names.
fn bad_theme(name: Option<&str>) -> Option<String> {
    let folder = Paths::from_environment().map(|paths| paths.themes());
    theme::name_problem(name?, folder.as_deref()).map(|what| format!("--theme: {what}"))
}

/// Whether the settings that the command line names are in order; says what is not. The console shows that by itself.
fn is_in_order(file: Option<&Path>) -> bool {
    let paths = Paths::from_environment();
    let problems = file.map(|file| settings::load(Some(file), paths.as_ref()).problems);
    let problems = problems.unwrap_or_default();
    for problem in &problems {
        super::say(&problem.to_string());
    }
    problems.is_empty()
}

fn open(mut start: Start) -> anyhow::Result<Exit> {
    if !matches!(start.input, Input::Demo) {
        start.banners.extend(as_root());
    }
    let ended = driver::console(start).context("cannot use the terminal")?;
    if let Some(says) = &ended.unsaved {
        super::say(says);
    }
    Ok(match ended.left {
        Left::Quit if ended.unsaved.is_some() => Exit::Failed,
        Left::Quit => Exit::Done,
        Left::Signal(signal) => Exit::Signal(signal),
    })
}

/// The first word, where it is no file but nearly the name of a command. A log that is not there yet is waited for under
/// any other name.
fn mistyped(input: &super::args::Input) -> Option<(String, String)> {
    let word = input.sources.first()?.to_str()?;
    let is_word = word.chars().all(|char| char.is_ascii_lowercase());
    if !is_word || Path::new(word).exists() {
        return None;
    }
    let cli = super::args::Cli::command();
    let names: Vec<&str> = cli.get_subcommands().map(clap::Command::get_name).collect();
    nearest(word, names).map(|command| (word.to_owned(), command.to_owned()))
}

/// Whether there is a terminal to draw on and one to read keys from.
fn has_screen() -> bool {
    let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    let has_keys = io::stdin().is_terminal() || std::fs::File::open("/dev/tty").is_ok();
    !is_dumb && io::stdout().is_terminal() && has_keys
}

/// What to say to root: nothing here needs it.
fn as_root() -> Option<String> {
    let user = std::env::var("SUDO_USER").unwrap_or_else(|_| "$USER".to_owned());
    rustix::process::geteuid().is_root().then(|| {
        format!("running as root; `setfacl -m u:{user}:r LOG`, or group adm, would be enough")
    })
}

/// What was looked for, as sentences.
fn looked_for(discovery: &source::Discovery) -> Vec<String> {
    let looked = &discovery.looked;
    looked.iter().map(|looked| format!("{}: {}", looked.path.display(), looked.found)).collect()
}
