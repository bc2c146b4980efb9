//! Reports handed over: of ours about many alerts, written to a file; of others about one alert, found and judged.

use super::paper::{masked, write};
use super::{Job, Tools, look};
use crate::clock;
use crate::intake::Records;
use crate::lint;
use crate::model::{Alert, AlertId};
use crate::report::dossier::{Dossier, Rest};
use crate::report::gather::{self, Telling};
use crate::store::Snapshot;
use crate::triage::Board;
use crate::ui::{Decisions, Effect, Ground, Msg, Paper, Told};
use rustc_hash::FxHashMap;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::SystemTime;

/// Alerts that a report tells one by one; the others are counted.
const CHAPTERS: usize = 100;
/// The largest report of others, in bytes.
const LARGEST: u64 = 4 << 20;
/// Files of a folder that are looked at, and whose text is read.
const MOST_NAMES: usize = 10_000;
const MOST_READ: usize = 500;

/// Answers `Effect::Report` and `Effect::Attach`; of several of the latter that no person asked only the last counts.
pub(super) fn hand(jobs: &Receiver<Job>, tools: &Tools) {
    let mut records = Arc::default();
    let mut playbooks = Arc::clone(&tools.playbooks);
    let mut shelf = Shelf::default();
    while let Ok(job) = jobs.recv() {
        let waiting: Vec<Job> = std::iter::once(job).chain(jobs.try_iter()).collect();
        let is_search = |job: &Job| matches!(job, Job::Do(Effect::Attach { is_asked: false, .. }));
        let last = waiting.iter().rposition(is_search);
        for (at, job) in waiting.into_iter().enumerate() {
            let msg = match job {
                Job::Records(new) => {
                    records = new;
                    continue;
                }
                Job::Playbooks(new) => {
                    playbooks = new;
                    continue;
                }
                Job::Do(Effect::Report { ids, told, ground: Ground(snapshot), board }) => {
                    let Decisions(board) = board;
                    let case = Case { snapshot: &snapshot, records: &records, board: &board };
                    Msg::Exported(case.report(&ids, &told, &playbooks).and_then(|dossier| {
                        let stem = format!("report-{}", dossier.made.strftime("%Y%m%dT%H%M%SZ"));
                        let text = gather::render(&dossier, told.form);
                        let folder = tools.reports.as_deref();
                        let path = write(folder, &stem, told.form.ending(), &text)?;
                        Ok(format!("{path}{}", masked(dossier.masked.unwrap_or(0))))
                    }))
                }
                Job::Do(Effect::Attach { id, alert, path, is_asked }) => {
                    if !is_asked && Some(at) != last {
                        continue;
                    }
                    let path = expand(&path);
                    let folder = path.is_dir().then(|| path.display().to_string());
                    let paper = match &folder {
                        Some(_) => shelf.find(&path, &alert),
                        None => Ok(Some(path)),
                    };
                    let paper = paper
                        .and_then(|path| path.map(|path| judge(&path, &alert)).transpose())
                        .map(|paper| paper.map(Box::new));
                    Msg::Attached { id, is_asked, folder: folder.filter(|_| is_asked), paper }
                }
                Job::Do(_) => continue,
            };
            if tools.inbox.blocking_send(msg).is_err() {
                return;
            }
        }
    }
}

/// What a report is made from.
struct Case<'a> {
    snapshot: &'a Snapshot,
    records: &'a Records,
    board: &'a Board,
}

impl Case<'_> {
    fn report(
        &self,
        ids: &[AlertId],
        told: &Told,
        playbooks: &crate::analysis::Playbooks,
    ) -> Result<Dossier, String> {
        let mut telling = Telling::default();
        for id in ids {
            let alert = look::read(*id, self.snapshot, self.records).ok();
            telling.take(alert.as_ref().map(|(_, alert)| alert));
        }
        let chosen = telling.chosen(CHAPTERS);
        let (mut chapters, mut rest, mut gone) = (Vec::new(), Rest::default(), None);
        for (n, id) in ids.iter().enumerate() {
            if chosen.contains(&n) {
                let variant = told.variant.clone();
                match look::look(*id, self.snapshot, self.records, playbooks, variant) {
                    Ok(look) => {
                        let decision = gather::decided(self.board, &look.alert, &mut Vec::new());
                        chapters.push(gather::chapter(
                            &look.raw,
                            look.alert,
                            look.analysis,
                            decision,
                        ));
                    }
                    Err(why) => gone = Some(why),
                }
            } else if let Ok((_, alert)) = look::read(*id, self.snapshot, self.records) {
                let decision = gather::decided(self.board, &alert, &mut Vec::new());
                rest.add(&alert, gather::is_open(decision.as_ref()));
            }
        }
        if chapters.is_empty() {
            return Err(gone.unwrap_or_else(|| "no alert is selected".to_owned()));
        }
        let title = gather::title(&chapters, &rest);
        Ok(Dossier::with_rest(&title, clock::now(), chapters, rest, told.masks))
    }
}

/// `~/` is the home folder, as in a shell.
fn expand(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), std::env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(path),
    }
}

/// Reads a report of others and judges it.
fn judge(path: &Path, alert: &Alert) -> Result<Paper, String> {
    let name = path.display().to_string();
    let text = text(path, LARGEST).map_err(|why| format!("{name}: {why}"))?;
    let kind = lint::kind(&name, &text);
    Ok(Paper { pieces: lint::sheet::sheet(&text, kind, Some(alert)), name })
}

/// The text of a plain file; a pipe or a device is not waited for.
fn text(path: &Path, most: u64) -> Result<String, String> {
    let flags = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or(0);
    let file = File::options().read(true).custom_flags(flags).open(path);
    let file = file.map_err(|error| error.to_string())?;
    let about = file.metadata().map_err(|error| error.to_string())?;
    if !about.is_file() {
        return Err("is no plain file".to_owned());
    }
    if about.len() > most {
        return Err(format!("is larger than {} MiB: no report is that long", most >> 20));
    }
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// What the files of a folder name, kept until they change.
#[derive(Debug, Default)]
struct Shelf {
    known: FxHashMap<PathBuf, (SystemTime, u64, Vec<String>)>,
}

impl Shelf {
    /// A file that is named after the alert's uuid or container, else one whose text names one; the newest of several.
    fn find(&mut self, folder: &Path, alert: &Alert) -> Result<Option<PathBuf>, String> {
        let entries = fs::read_dir(folder).map_err(|why| format!("{}: {why}", folder.display()))?;
        let id = alert.container().id.filter(|id| id.len() >= 8);
        let ids: Vec<String> = [alert.uuid.as_deref(), id]
            .into_iter()
            .flatten()
            .map(str::to_ascii_lowercase)
            .collect();
        let mut files: Vec<(SystemTime, u64, PathBuf)> = entries
            .take(MOST_NAMES)
            .filter_map(|entry| {
                let entry = entry.ok()?;
                let about = entry.metadata().ok().filter(fs::Metadata::is_file)?;
                let path = entry.path();
                is_report(&path).then_some((about.modified().ok()?, about.len(), path))
            })
            .collect();
        files.sort_by(|a, b| b.cmp(a));
        for id in &ids {
            let is_named = |(_, _, path): &&(SystemTime, u64, PathBuf)| {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                name.to_ascii_lowercase().contains(id.as_str())
            };
            if let Some((_, _, path)) = files.iter().find(is_named) {
                return Ok(Some(path.clone()));
            }
        }
        files.truncate(MOST_READ);
        for id in &ids {
            for (written, size, path) in &files {
                if self
                    .names(path, *written, *size)
                    .iter()
                    .any(|name| name.starts_with(id.as_str()))
                {
                    return Ok(Some(path.clone()));
                }
            }
        }
        Ok(None)
    }

    /// The words of a file that may be an id.
    fn names(&mut self, path: &Path, written: SystemTime, size: u64) -> &[String] {
        let is_new = self.known.get(path).is_none_or(|(w, s, _)| (*w, *s) != (written, size));
        if is_new {
            let text = text(path, LARGEST).unwrap_or_default();
            let words = text
                .split(|c: char| !c.is_ascii_hexdigit() && c != '-')
                .filter(|word| word.len() >= 8 && word.len() <= 64)
                .map(str::to_ascii_lowercase)
                .collect();
            self.known.insert(path.to_owned(), (written, size, words));
        }
        self.known.get(path).map_or(&[], |(_, _, words)| words)
    }
}

fn is_report(path: &Path) -> bool {
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    matches!(ending.as_str(), "md" | "markdown" | "txt" | "sh" | "yaml" | "yml")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Value;

    #[test]
    fn a_report_is_found_by_its_name_then_by_its_text() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        put("notes.md", "About container `0123456789ab`.");
        put("other.md", "About container fedcba987654.");
        put("picture.png", "0123456789ab");
        let mut alert = Alert { uuid: Some("11111111-aaaa".into()), ..Alert::default() };
        alert.fields.set("container.id", Value::String("0123456789ab".into()));
        let mut shelf = Shelf::default();
        let mut check = |expected: Option<&str>| {
            let found = shelf.find(folder.path(), &alert).unwrap();
            assert_eq!(found, expected.map(|name| folder.path().join(name)));
        };
        check(Some("notes.md"));
        put("x-11111111-AAAA.txt", "");
        check(Some("x-11111111-AAAA.txt"));
        fs::remove_file(folder.path().join("x-11111111-AAAA.txt")).unwrap();
        put("notes.md", "nothing any more, and longer than before");
        check(None);
        assert!(shelf.find(&folder.path().join("none"), &alert).is_err());
    }

    #[test]
    fn only_plain_files_of_some_size_are_read() {
        assert!(judge(Path::new("/dev/zero"), &Alert::default()).is_err());
        assert!(judge(Path::new("/nonexistent.md"), &Alert::default()).is_err());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.md");
        fs::write(&path, "```bash\nsetenforce 0\n```\n").unwrap();
        assert!(
            judge(&path, &Alert::default())
                .unwrap()
                .pieces
                .iter()
                .any(crate::lint::sheet::Piece::is_blocked)
        );
    }
}
