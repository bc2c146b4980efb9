//! Copies a text, and says what is really known about how that went.
//!
//! The ways are tried in an order that depends on where we run; the chain ends at the first way that is known to have
//! worked. A terminal never answers OSC 52, so that way is only ever "sent". Whatever happens, the text is also in a
//! file that only its owner can read.

mod osc52;
mod system;
mod tmux;

use crate::{private, text};
use std::path::PathBuf;

/// One way of copying.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// `tmux load-buffer -w`.
    Tmux,
    /// An escape sequence to the terminal.
    Osc52,
    /// The desktop's clipboard.
    Desktop,
    /// The file alone.
    File,
}

/// Where we run, as far as copying is concerned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact about the terminal, in any combination"
)]
pub struct Environment {
    /// Inside tmux.
    pub tmux: bool,
    /// Inside GNU screen, and not inside tmux.
    pub screen: bool,
    /// On the far end of an SSH connection.
    pub ssh: bool,
    /// A display server to talk to.
    pub desktop: bool,
    /// Where the text is kept in any case; none when there is no home.
    pub file: Option<PathBuf>,
    /// The only way a person wants; none for the usual chain.
    pub only: Option<Way>,
}

impl Environment {
    /// Reads the environment, given as a function from a name to its value.
    pub fn detect(variable: impl Fn(&str) -> Option<String>) -> Self {
        let is_set = |name| variable(name).is_some_and(|value| !value.is_empty());
        let tmux = is_set("TMUX");
        Self {
            tmux,
            screen: !tmux && is_set("STY"),
            ssh: is_set("SSH_CONNECTION") || is_set("SSH_TTY"),
            desktop: cfg!(target_os = "macos") || is_set("WAYLAND_DISPLAY") || is_set("DISPLAY"),
            file: None,
            only: None,
        }
    }

    /// The ways to try, best first.
    pub fn chain(&self) -> Vec<Way> {
        if let Some(only) = self.only {
            return vec![only];
        }
        let mut ways = Vec::new();
        if self.tmux {
            ways.push(Way::Tmux);
        }
        let desktop = self.desktop.then_some(Way::Desktop);
        if self.ssh {
            ways.push(Way::Osc52);
            ways.extend(desktop);
        } else {
            ways.extend(desktop);
            ways.push(Way::Osc52);
        }
        ways
    }
}

/// How many lines a text may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lines {
    /// One: the text is a value from an alert, and a shell runs what stands before a line break as soon as it is pasted.
    One,
    /// Any number: the text is our own, or quoted by us.
    Many,
}

/// Sets the desktop's clipboard, and says how that went.
type Desktop = dyn FnMut(&str) -> Result<String, String>;

/// Copies on behalf of the console; it may wait for a helper for half a second, so it lives on a thread of its own.
pub struct Copier {
    environment: Environment,
    desktop: Box<Desktop>,
}

impl Copier {
    pub fn new(environment: Environment) -> Self {
        let mut desktop = system::Desktop::default();
        Self { environment, desktop: Box::new(move |text| desktop.set(text)) }
    }

    /// Copies a text. `to_terminal` gets the bytes that the terminal must read, between two frames.
    ///
    /// # Errors
    /// Why nothing was copied, as a sentence.
    pub fn copy(
        &mut self,
        text: &str,
        lines: Lines,
        to_terminal: &mut dyn FnMut(Vec<u8>),
    ) -> Result<String, String> {
        let text = text.trim_end_matches('\n');
        refuse(text, lines)?;
        let kept = self.environment.file.as_deref().map(|path| {
            let shown = path.display().to_string();
            let kept = private::keep(path, text.as_bytes());
            kept.map_err(|error| format!("{shown}: {error}")).map(|()| shown)
        });
        let (mut said, mut failed) = (Vec::new(), Vec::new());
        let mut is_sure = false;
        for way in self.environment.chain() {
            let (known, went) = match way {
                Way::Tmux => (true, tmux::load_buffer(text)),
                Way::Desktop => (true, (self.desktop)(text)),
                Way::Osc52 => {
                    let sequence = osc52::sequence(text, self.environment.screen);
                    (
                        false,
                        sequence.map(|bytes| {
                            to_terminal(bytes);
                            "sent to the terminal (OSC 52)".to_owned()
                        }),
                    )
                }
                Way::File => (true, Err(String::new())),
            };
            match went {
                Ok(how) => said.push(how),
                Err(why) => {
                    failed.push(why);
                    continue;
                }
            }
            is_sure = known;
            if known {
                break;
            }
        }
        failed.retain(|why| !why.is_empty());
        if !said.is_empty() {
            // Whoever cannot know that it arrived looks for it in the file.
            if let Some(Err(why)) = kept.filter(|_| !is_sure) {
                said.push(format!("not kept in {why}"));
            }
            return Ok(said.join(", "));
        }
        match kept {
            Some(Ok(path)) if failed.is_empty() => Ok(format!("in the file {path}")),
            Some(Ok(path)) => Ok(format!("only in the file {path} ({})", failed.join("; "))),
            Some(Err(why)) => {
                failed.push(format!("not kept in {why}"));
                Err(failed.join("; "))
            }
            None => Err(failed.join("; ")),
        }
    }
}

/// A paste is typed: a character that acts instead of standing for itself could run something, even inside quotes.
fn refuse(text: &str, lines: Lines) -> Result<(), String> {
    if text.is_empty() {
        return Err("there is nothing to copy".to_owned());
    }
    if lines == Lines::One && text.contains('\n') {
        return Err("the value holds a line break, and pasted into a shell what stands before it would run; the raw alert has it quoted".to_owned());
    }
    match text.chars().find(|c| *c != '\n' && text::is_dangerous(*c)) {
        None => Ok(()),
        Some(c) => {
            let mark = text::printable(c.encode_utf8(&mut [0; 4])).into_owned();
            Err(format!("the text holds {mark}, which could act when it is pasted"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(environment: &[(&str, &str)], expected: &[Way]) {
        let value = |name: &str| {
            environment.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        };
        let mut found = Environment::detect(value);
        found.desktop &=
            !cfg!(target_os = "macos") || environment.iter().any(|(k, _)| *k == "DISPLAY");
        assert_eq!(found.chain(), expected, "{environment:?}");
    }

    #[test]
    fn the_order_depends_on_where_we_run() {
        use Way::{Desktop, Osc52, Tmux};
        check(&[], &[Osc52]);
        check(&[("DISPLAY", ":0")], &[Desktop, Osc52]);
        check(&[("DISPLAY", "")], &[Osc52]);
        check(&[("WAYLAND_DISPLAY", "wayland-0"), ("DISPLAY", ":0")], &[Desktop, Osc52]);
        check(&[("SSH_CONNECTION", "a b"), ("DISPLAY", ":0")], &[Osc52, Desktop]);
        check(&[("SSH_CONNECTION", "a b")], &[Osc52]);
        check(&[("TMUX", "/tmp/x"), ("SSH_CONNECTION", "a b")], &[Tmux, Osc52]);
        check(&[("TMUX", "/tmp/x"), ("DISPLAY", ":0")], &[Tmux, Desktop, Osc52]);
    }

    fn copier(only: Option<Way>, file: Option<PathBuf>) -> Copier {
        Copier::new(Environment { file, only, ..Environment::default() })
    }

    #[test]
    fn a_terminal_is_only_ever_sent_to() {
        let mut bytes = Vec::new();
        let went = copier(None, None).copy("id -u\n", Lines::Many, &mut |sent| bytes.extend(sent));
        assert_eq!(went, Ok("sent to the terminal (OSC 52)".to_owned()));
        assert_eq!(bytes, b"\x1b]52;c;aWQgLXU=\x1b\\");
    }

    #[test]
    fn the_text_is_in_a_private_file_in_any_case() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cadge").join("last-copy");
        copier(None, Some(path.clone())).copy("id -u", Lines::Many, &mut |_| ()).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "id -u");
        let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().unwrap()), 0o700);
        let went = copier(Some(Way::File), Some(path.clone())).copy(
            "id -g",
            Lines::Many,
            &mut |_| panic!(),
        );
        assert_eq!(went, Ok(format!("in the file {}", path.display())));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "id -g");
    }

    #[test]
    fn a_file_that_cannot_be_written_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let taken = folder.path().join("taken");
        std::fs::write(&taken, "").unwrap();
        let path = taken.join("last-copy");
        let named = format!("not kept in {}: ", path.display());
        let went =
            copier(Some(Way::File), Some(path.clone())).copy("x", Lines::Many, &mut |_| panic!());
        assert!(went.clone().is_err_and(|why| why.starts_with(&named)), "{went:?}");
        // Whether the terminal took it nobody knows: that there is no file either is worth a word.
        let went = copier(None, Some(path)).copy("x", Lines::Many, &mut |_| ());
        assert!(went.clone().is_ok_and(|how| how.contains(&named)), "{went:?}");
    }

    #[test]
    fn what_the_terminal_would_cut_goes_to_the_file_and_that_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("last-copy");
        let long = "x".repeat(osc52::LONGEST + 1);
        let went =
            copier(None, Some(path.clone())).copy(&long, Lines::Many, &mut |_| panic!()).unwrap();
        assert!(went.starts_with("only in the file "), "{went}");
        assert!(went.contains("74,000"), "{went}");
    }

    #[test]
    fn what_could_act_when_pasted_is_refused() {
        for hostile in ["a\x1b[201~b", "a\rb", "a\tb", "a\u{7f}", "a\u{9b}b", "a\u{202e}b", "\u{1}"]
        {
            let went = copier(None, None).copy(hostile, Lines::Many, &mut |_| panic!());
            assert!(went.is_err(), "{hostile:?}");
        }
        assert!(copier(None, None).copy("two\nlines", Lines::Many, &mut |_| ()).is_ok());
        assert!(copier(None, None).copy("two\nlines", Lines::One, &mut |_| panic!()).is_err());
        assert!(copier(None, None).copy("one\n", Lines::One, &mut |_| ()).is_ok());
        assert!(copier(None, None).copy("", Lines::Many, &mut |_| ()).is_err());
    }

    fn with_desktop(only: Option<Way>, went: &Result<String, String>) -> Result<String, String> {
        let environment = Environment { desktop: true, only, ..Environment::default() };
        let went = went.clone();
        let desktop = Box::new(move |_: &str| went.clone());
        Copier { environment, desktop }.copy("x", Lines::Many, &mut |_| ())
    }

    #[test]
    fn nothing_known_is_never_called_copied() {
        let silent = Err("the desktop's clipboard does not answer".to_owned());
        assert_eq!(with_desktop(Some(Way::Desktop), &silent), silent);
        let sent = Ok("sent to the terminal (OSC 52)".to_owned());
        assert_eq!(with_desktop(None, &silent), sent);
        let set = Ok("in the desktop's clipboard while cadge runs".to_owned());
        assert_eq!(with_desktop(None, &set), set);
    }
}
