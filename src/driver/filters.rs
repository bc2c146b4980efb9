//! Filters kept over sessions: the history in the state folder, named ones in the configuration folder.

use crate::config::Paths;
use crate::private;
use crate::ui::{Effect, Msg};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;
use tokio::sync::mpsc::Sender;

/// How long leaving waits for what is being written.
const AT_THE_END: Duration = Duration::from_secs(2);

/// The most that is read of either file, in bytes.
const MOST: u64 = 1 << 20;

/// The history, one filter a line, oldest first.
fn history_file(paths: &Paths) -> PathBuf {
    paths.state.join("filters")
}

/// Names and filters, as TOML.
fn named_file(paths: &Paths) -> PathBuf {
    paths.config.join("filters.toml")
}

/// What was kept: the history, the named filters, and what is wrong with the file of those.
pub(super) fn read(paths: &Paths) -> (Vec<String>, BTreeMap<String, String>, Option<String>) {
    let history = text(&history_file(paths)).unwrap_or_default();
    let history = history.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect();
    let file = named_file(paths);
    match named(&file) {
        Ok(named) => (history, named, None),
        Err(why) => (history, BTreeMap::new(), Some(format!("{}: {why}", file.display()))),
    }
}

/// Keeps filters on a thread of its own: a slow disk must not hold the screen.
#[derive(Debug)]
pub(super) struct Keeper {
    orders: Option<mpsc::Sender<Effect>>,
    /// Says by its end that all is written.
    done: mpsc::Receiver<()>,
}

impl Keeper {
    pub(super) fn start(paths: Option<Paths>, inbox: Sender<Msg>) -> Self {
        let (orders, received) = mpsc::channel();
        let (working, done) = mpsc::channel();
        std::thread::spawn(move || {
            let _working: mpsc::Sender<()> = working;
            keep(&received, paths.as_ref(), &inbox);
        });
        Self { orders: Some(orders), done }
    }

    /// Has something kept.
    pub(super) fn order(&self, effect: Effect) {
        if let Some(orders) = &self.orders {
            // It ends only with the console.
            let _ = orders.send(effect);
        }
    }

    /// Waits until all is written, as long as somebody who leaves would wait.
    pub(super) fn finish(&mut self) {
        self.orders = None;
        let _ = self.done.recv_timeout(AT_THE_END);
    }
}

fn keep(orders: &mpsc::Receiver<Effect>, paths: Option<&Paths>, inbox: &Sender<Msg>) {
    for effect in orders {
        let saved = match (effect, paths) {
            (Effect::Remember(history), Some(paths)) => {
                remember(paths, &history);
                Ok(())
            }
            (Effect::SaveFilter { name, text }, Some(paths)) => save(paths, &name, &text),
            (Effect::SaveFilter { .. }, None) => Err("there is no home folder".to_owned()),
            _ => Ok(()),
        };
        if let Err(why) = saved {
            // Whoever has left reads no banner.
            let _ = inbox.blocking_send(Msg::Banner(format!("the filter is not saved: {why}")));
        }
    }
}

/// Keeps the history.
fn remember(paths: &Paths, history: &[String]) {
    let mut text = history.join("\n");
    text.push('\n');
    // It is a comfort: where it cannot be written the session goes on without it.
    let _ = private::keep(&history_file(paths), text.as_bytes());
}

/// Adds a named filter to those in the file.
///
/// # Errors
/// Why it was not written, as a sentence.
fn save(paths: &Paths, name: &str, filter: &str) -> Result<(), String> {
    let file = named_file(paths);
    let mut all = named(&file).map_err(|why| format!("{}: {why}", file.display()))?;
    all.insert(name.to_owned(), filter.to_owned());
    private::keep(&file, toml(&all).as_bytes())
        .map_err(|error| format!("{}: {error}", file.display()))
}

fn text(file: &Path) -> Option<String> {
    let size = file.metadata().ok()?.len();
    (size <= MOST).then(|| std::fs::read_to_string(file).ok())?
}

fn named(file: &Path) -> Result<BTreeMap<String, String>, String> {
    if !file.exists() {
        return Ok(BTreeMap::new());
    }
    let text = text(file).ok_or("cannot be read")?;
    toml::from_str(&text).map_err(|error: toml::de::Error| {
        let before = error.span().and_then(|span| text.get(..span.start));
        let line = before.map_or(0, |before| before.matches('\n').count()) + 1;
        format!("line {line}: {}", error.message())
    })
}

fn toml(all: &BTreeMap<String, String>) -> String {
    let mut text =
        String::from("# Filters by name; `:save NAME` and `:load NAME` in the console.\n");
    for (name, filter) in all {
        let _ = writeln!(text, "{} = {}", quoted(name), quoted(filter));
    }
    text
}

/// A TOML string of one line.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for char in text.chars() {
        match char {
            '"' | '\\' => quoted.extend(['\\', char]),
            char if char.is_control() => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(char));
            }
            char => quoted.push(char),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(folder: &Path) -> Paths {
        let of = |name: &str| folder.join(name);
        Paths { config: of("config"), state: of("state"), runtime: of("run") }
    }

    #[test]
    fn what_is_kept_is_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let paths = paths(folder.path());
        assert_eq!(read(&paths), (vec![], BTreeMap::new(), None));
        let odd = "proc.cmdline = \"a\\\\b \\\"c\\\"\" and evt.type = größe";
        save(&paths, "odd", odd).unwrap();
        save(&paths, "x", "alert.rule = x").unwrap();
        remember(&paths, &["a = 1".to_owned(), "b = 2".to_owned()]);
        let (history, named, problem) = read(&paths);
        assert_eq!((history.len(), named.len(), problem), (2, 2, None));
        assert_eq!(named.get("odd").map(String::as_str), Some(odd));
    }

    #[test]
    fn who_leaves_waits_for_what_is_being_kept() {
        let folder = tempfile::tempdir().unwrap();
        let paths = paths(folder.path());
        let (inbox, mut told) = tokio::sync::mpsc::channel(1);
        let mut keeper = Keeper::start(Some(paths.clone()), inbox);
        for n in 0..20 {
            keeper.order(Effect::Remember(vec![format!("proc.pid = {n}")]));
        }
        keeper.order(Effect::SaveFilter { name: "x".into(), text: "alert.rule = x".into() });
        keeper.finish();
        let (history, named, _) = read(&paths);
        assert_eq!((history, named.len()), (vec!["proc.pid = 19".to_owned()], 1));
        assert!(told.blocking_recv().is_none());
    }

    #[test]
    fn a_filter_that_cannot_be_saved_is_told() {
        let (inbox, mut told) = tokio::sync::mpsc::channel(1);
        let mut keeper = Keeper::start(None, inbox);
        keeper.order(Effect::SaveFilter { name: "x".into(), text: "alert.rule = x".into() });
        keeper.finish();
        assert!(
            matches!(told.blocking_recv(), Some(Msg::Banner(why)) if why.contains("not saved"))
        );
    }

    #[test]
    fn a_broken_file_is_told_and_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let paths = paths(folder.path());
        std::fs::create_dir_all(&paths.config).unwrap();
        std::fs::write(named_file(&paths), "mine = ").unwrap();
        assert!(read(&paths).2.is_some_and(|why| why.contains("filters.toml: line 1: ")));
        assert!(save(&paths, "x", "alert.rule = x").is_err());
        assert_eq!(std::fs::read_to_string(named_file(&paths)).unwrap(), "mine = ");
    }
}
