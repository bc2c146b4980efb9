//! Where decisions go: the writer's thread, who signs, and the editor for notes.

use super::Input;
use super::settings::{Sources, variable};
use crate::clock;
use crate::source::{self, Spec};
use crate::text::plural;
use crate::triage::{Answer, Bundle, Retention, Stuck, Writer};
use crate::ui::Msg;
use jiff::Timestamp;
use rustix::process::{Pid, Signal, WaitOptions, WaitStatus};
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::Command;
use tokio::sync::mpsc::Sender;

/// Under which name what was looked at is remembered, by the name a source has on the screen: a path from anywhere.
pub(super) type Names = Vec<(String, String)>;

/// The names of what is read.
pub(super) fn names(input: &Input) -> Names {
    let Input::Sources(specs, _) = input else { return Vec::new() };
    let stable = |spec: &Spec| match spec {
        Spec::File(path) | Spec::Folder(path) | Spec::Glob(path) => {
            std::path::absolute(path).ok().map(|path| path.to_string_lossy().into_owned())
        }
        _ => None,
    };
    specs
        .iter()
        .map(|spec| {
            let shown = spec.name().to_string();
            let stable = stable(spec).unwrap_or_else(|| shown.clone());
            (shown, stable)
        })
        .collect()
}

/// Starts the writer; `None` where nothing is kept: in the demo, and where there is no home.
pub(super) fn begin(
    input: &Input,
    sources: &Sources,
    names: Names,
    inbox: &Sender<Msg>,
) -> Option<Writer> {
    if matches!(input, Input::Demo) {
        return None;
    }
    let path = sources.paths.as_ref()?.triage();
    let inbox = inbox.clone();
    let keep =
        Retention { days: sources.config.evidence_days, bytes: sources.config.evidence_bytes };
    let wanted = names.iter().map(|(_, stable)| stable.clone()).collect();
    Some(Writer::start(path, keep, wanted, clock::now, move |answer| {
        let answer = match answer {
            Answer::Looked(looked) => {
                Answer::Looked(renamed(looked, &names, |(to, from)| (from, to)))
            }
            answer => answer,
        };
        // The console is gone: what was decided is saved all the same.
        let _ = inbox.blocking_send(Msg::Triaged(answer));
    }))
}

/// Looks whether other consoles have decided something, on somebody else's timer.
pub(super) fn beat(writer: &Writer) -> source::Beat {
    let mut beat = writer.beat();
    Box::new(move || beat.strike(clock::now()))
}

/// Ends the writer; says what became of decisions that could not be saved, and what to do.
pub(super) fn end(writer: Writer, state: Option<&Path>) -> Option<String> {
    let unsaved = match writer.end() {
        Ok(None) => return None,
        Ok(Some(unsaved)) => unsaved,
        Err(Stuck) => {
            let says = "the disk does not answer: whether the last decisions were saved is not known; `cadge triage list` tells";
            return Some(says.to_owned());
        }
    };
    let n = (unsaved.changes.len() + unsaved.suppressions.len()) as u64;
    let (what, why) = (plural(n, "decision", "decisions"), unsaved.why);
    let bundle = Bundle::new(unsaved.changes, unsaved.suppressions, unsaved.evidence);
    let name = format!("triage-unsaved-{}.json", clock::now().as_nanosecond());
    let folders = state.map(Path::to_path_buf).into_iter().chain([std::env::temp_dir()]);
    let mut refusal = String::new();
    for path in folders.map(|folder| folder.join(&name)) {
        match set_aside(&bundle, &path) {
            Ok(()) => {
                let path = path.display();
                return Some(format!(
                    "{what} could not be saved: {why}\ncadge: kept in {path}; when that is mended, `cadge triage import {path}` adds them"
                ));
            }
            Err(error) => {
                refusal = format!("{}: {}", path.display(), crate::private::told(error));
            }
        }
    }
    Some(format!("{what} could not be saved and are lost: {why}; nor elsewhere: {refusal}"))
}

fn set_aside(bundle: &Bundle, path: &Path) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    let written = serde_json::to_vec(bundle)
        .map_err(std::io::Error::from)
        .and_then(|text| file.write_all(&text))
        .and_then(|()| file.sync_all());
    if written.is_err() {
        // A part of it would be taken for all.
        let _ = std::fs::remove_file(path);
    }
    written
}

/// The same with other names.
pub(super) fn renamed(
    looked: Vec<(String, Timestamp)>,
    names: &Names,
    way: fn(&(String, String)) -> (&String, &String),
) -> Vec<(String, Timestamp)> {
    let name = |name: String| {
        let known = names.iter().map(way).find(|(from, _)| **from == name);
        known.map_or_else(|| name.clone(), |(_, to)| to.clone())
    };
    looked.into_iter().map(|(from, at)| (name(from), at)).collect()
}

/// What is said at the start about decisions that are not kept.
pub(super) fn says(input: &Input, is_kept: bool) -> Option<&'static str> {
    match (input, is_kept) {
        (_, true) => None,
        (Input::Demo, _) => Some("The demo keeps decisions in memory only"),
        (_, false) => Some("No home folder: decisions are kept in memory only"),
    }
}

/// The user's name: from the environment, else from the host's list of users, else the number.
pub fn user() -> String {
    let named = ["USER", "LOGNAME"].into_iter().find_map(variable).filter(|name| !name.is_empty());
    let uid = rustix::process::geteuid().as_raw();
    let listed = || name_in(&std::fs::read_to_string("/etc/passwd").ok()?, uid);
    named.or_else(listed).unwrap_or_else(|| format!("uid {uid}"))
}

/// The name that a list of users in the form of `passwd(5)` gives a number.
fn name_in(passwd: &str, uid: u32) -> Option<String> {
    passwd.lines().find_map(|line| {
        let mut parts = line.split(':');
        let name = parts.next().filter(|name| !name.is_empty())?;
        (parts.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    })
}

/// Who decides, and on which host.
pub(super) fn signature() -> (String, String) {
    (user(), rustix::system::uname().nodename().to_string_lossy().into_owned())
}

/// Lets `$VISUAL` or `$EDITOR` have a text in a private file, and gives what was left in it.
///
/// # Errors
/// A sentence: no editor is set, it cannot be started, or it failed.
pub(super) fn edit(text: &str, folder: &Path) -> Result<String, String> {
    let editor = ["VISUAL", "EDITOR"].into_iter().find_map(variable);
    let editor = editor.filter(|editor| !editor.trim().is_empty()).ok_or("EDITOR is not set")?;
    let name = format!("cadge-note-{}.txt", std::process::id());
    let path = folder.join(name);
    let edited = edit_file(&editor, &path, text);
    let _ = std::fs::remove_file(&path);
    edited
}

fn edit_file(editor: &str, path: &Path, text: &str) -> Result<String, String> {
    let _ = std::fs::remove_file(path);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(|error| format!("{}: {error}", path.display()))?;
    file.write_all(text.as_bytes())
        .map_err(|error| format!("{}: {}", path.display(), crate::private::told(error)))?;
    drop(file);
    // The shell splits `code --wait` as it does for git; the file's name is ours.
    #[expect(clippy::disallowed_methods, reason = "the person's own editor, from the environment")]
    let child = Command::new("sh")
        .args(["-c", &format!("{editor} \"$1\""), "sh"])
        .arg(path)
        .spawn()
        .map_err(|error| error.to_string())?;
    let pid = Pid::from_child(&child);
    let status = wait(pid).map_err(|error| format!("{editor}: {error}"))?;
    if status.exit_status() != Some(0) {
        let how = match (status.exit_status(), status.terminating_signal()) {
            (Some(code), _) => format!("exit code {code}"),
            (None, Some(signal)) => format!("signal {signal}"),
            (None, None) => "an unknown status".to_owned(),
        };
        return Err(format!("{editor} ended with {how}"));
    }
    std::fs::read_to_string(path).map_err(|error| error.to_string())
}

/// Waits for the editor's end. When Ctrl-Z stops it, the whole job stops with it, so that the shell has the terminal; `fg`
/// wakes both.
fn wait(pid: Pid) -> rustix::io::Result<WaitStatus> {
    loop {
        match rustix::process::waitpid(Some(pid), WaitOptions::UNTRACED) {
            Ok(Some((_, status))) if status.stopped() => {
                rustix::process::kill_current_process_group(Signal::STOP)?;
                rustix::process::kill_process(pid, Signal::CONT)?;
            }
            Ok(Some((_, status))) => return Ok(status),
            Ok(None) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_has_the_name_that_the_host_knows() {
        let passwd = "root:x:0:0:root:/root:/bin/bash\n\n:x:7:7::/:\nbroken\nana:x:1000:1000::/home/ana:/bin/sh\n";
        assert_eq!(name_in(passwd, 0).as_deref(), Some("root"));
        assert_eq!(name_in(passwd, 1000).as_deref(), Some("ana"));
        assert_eq!([name_in(passwd, 7), name_in("", 0)], [None, None]);
    }

    #[track_caller]
    fn check(editor: &str, expected: Result<&str, &str>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("note.txt");
        let edited = edit_file(editor, &path, "as it was");
        assert_eq!(edited.as_deref().map_err(String::as_str), expected);
    }

    #[test]
    fn an_editor_gives_what_it_left_or_says_how_it_ended() {
        check("true", Ok("as it was"));
        check("sh -c 'printf changed > \"$1\"' x", Ok("changed"));
        check("false", Err("false ended with exit code 1"));
        check("kill -KILL $$; true", Err("kill -KILL $$; true ended with signal 9"));
    }
}
