//! Decisions: never lost, shared by all consoles of a host, made from the keyboard and from scripts.

mod faults;
mod figures;
mod headless;
pub mod kills;
mod model;
mod shared;

use cadge::triage::{Board, Db};
use jiff::Timestamp;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A log of one alert of each of many rules, each in a container of its own.
pub fn log(n_groups: usize) -> tempfile::NamedTempFile {
    let mut text = String::new();
    for n in 0..n_groups {
        text += &line(n, n, &format!("Shell number {n}"), "Notice");
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

/// One alert as Falco writes it: in the n-th container, at a second after noon.
pub fn line(container: usize, second: usize, rule: &str, priority: &str) -> String {
    let (minute, second) = (second / 60, second % 60);
    let mut line = String::new();
    let _ = writeln!(
        line,
        "{{\"hostname\":\"node-a\",\"output\":\"12:{minute:02}:{second:02}.000000000: {priority} {rule} (n={container})\",\
         \"priority\":\"{priority}\",\"rule\":\"{rule}\",\"source\":\"syscall\",\"tags\":[\"container\"],\
         \"time\":\"2026-11-20T12:{minute:02}:{second:02}.000000000Z\",\"output_fields\":{{\"container.id\":\"{container:012x}\",\
         \"container.name\":\"web-{container}\",\"container.image.repository\":\"docker.io/acme/web\",\"k8s.ns.name\":\"prod\",\
         \"k8s.pod.name\":\"web-6d4cf56db6-{container:05}\",\"evt.time\":{},\"proc.cmdline\":\"bash -i\",\"proc.name\":\"bash\",\
         \"proc.pname\":\"containerd-shim\",\"proc.tty\":34816,\"user.name\":\"root\"}}}}",
        1_763_640_000_000_000_000_u64 + ((minute * 60 + second) as u64) * 1_000_000_000
    );
    line
}

/// Where decisions are below a home folder.
pub fn database(home: &Path) -> PathBuf {
    home.join(".local/state/cadge/triage.db")
}

/// How many rounds a test makes: few, or as many as a variable says.
pub fn many(variable: &str, few: usize) -> usize {
    std::env::var(variable).ok().and_then(|n| n.parse().ok()).unwrap_or(few)
}

pub fn now() -> Timestamp {
    "2026-11-21T10:00:00Z".parse().unwrap()
}

/// Everything that is in a database.
pub fn read(path: &Path) -> Board {
    let mut board = Board::default();
    let (mut db, note) = Db::open(path, now()).unwrap();
    assert_eq!(note, None);
    let news = db.news().unwrap();
    assert!(news.problems.is_empty(), "{:?}", news.problems);
    for change in news.changes {
        board.apply(change);
    }
    board
}

/// A console on a log, in a home folder that outlives it.
pub fn console(log: &Path, home: &Arc<tempfile::TempDir>) -> crate::session::Session {
    let words = [env!("CARGO_BIN_EXE_cadge"), log.to_str().unwrap()];
    crate::session::Session::at_home(words, Arc::clone(home), |_| ())
}

pub fn home() -> Arc<tempfile::TempDir> {
    Arc::new(tempfile::tempdir().unwrap())
}
