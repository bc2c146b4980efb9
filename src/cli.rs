//! The commands: what was asked for, done by one file each, and the exit code that says how it went.
//!
//! The only place that writes to standard output and standard error, and only through the handles it was given.

pub mod args;
pub mod check;
mod evidence;
mod explain;
pub mod fields;
mod groups;
mod lint;
mod list;
mod manual;
pub mod mark;
mod near;
mod pick;
mod report;
mod select;
pub mod session;
mod settings;
mod signals;
mod stats;
mod triage;
mod tune;
mod view;

use args::{Cli, Command};
use clap::Parser;
use std::io::{self, Write};
use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Done,
    /// Something could not be read or written.
    Failed,
    /// The command line or the configuration is wrong.
    Usage,
    /// Nothing was found that was asked for.
    NothingMatched,
    /// Something was found that is as bad as the person asked to be told of.
    Findings,
    /// Ended by this signal.
    Signal(u8),
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::NothingMatched => 3,
            Exit::Findings => 4,
            Exit::Signal(signal) => 128 + signal,
        })
    }
}

/// The whole program.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version go to standard output and are no failure; a closed pipe is none either.
            return match error.print() {
                _ if error.use_stderr() => Exit::Usage.into(),
                Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Exit::Failed.into(),
                _ => Exit::Done.into(),
            };
        }
    };
    match run(cli) {
        Ok(exit) => exit.into(),
        Err(error) if is_closed_pipe(&error) => Exit::Done.into(),
        Err(error) => {
            say(&format!("{error:#}"));
            if error.is::<select::BadFilter>() { Exit::Usage.into() } else { Exit::Failed.into() }
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<Exit> {
    let Some(command) = cli.command else { return view::run(cli.view) };
    match command {
        Command::Fields(args) => fields::run(&args, &mut out()),
        Command::Check(args) => check::run(&args, &mut out(), &mut io::stderr()),
        Command::Demo(args) => view::demo(args),
        Command::Run(args) => view::child(args),
        Command::Journal(args) => view::journal(args),
        Command::Config(args) => settings::config(&args, &mut out(), &mut io::stderr()),
        Command::Paths => settings::paths(&mut out()),
        Command::Keys => settings::keys(&mut out()),
        Command::Completions { shell } => manual::completions(shell, &mut out()),
        Command::Man => manual::man(&mut out()),
        Command::Report(args) => report::run(&args),
        Command::Evidence(args) => evidence::run(&args),
        Command::Lint(args) => lint::run(&args),
        Command::Triage(args) => triage::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Tune(args) => tune::run(&args),
        Command::List(list) => list::run(&list),
        Command::Groups(groups) => groups::run(&groups),
        Command::Stats(stats) => stats::run(&stats),
    }
}

/// Says something on standard error. What it quotes may come from an alert or from somebody else's file, so what could act
/// on the terminal is made visible; lines stay lines.
fn say(what: &str) {
    let what = without_numbers(what);
    let lines: Vec<_> = what.split('\n').map(crate::text::printable).collect();
    // Nobody may be there to read it.
    let _ = writeln!(io::stderr(), "cadge: {}", lines.join("\n"));
}

/// A message without the numbers that the system gives its errors: the words beside them say it.
fn without_numbers(what: &str) -> String {
    let (mut kept, mut rest) = (String::new(), what);
    while let Some((before, after)) = rest.split_once(" (os error ") {
        let digits = after.trim_start_matches(|char: char| char.is_ascii_digit());
        kept.push_str(&in_a_sentence(before));
        rest = match digits.strip_prefix(')') {
            Some(rest) if after.len() - digits.len() < 5 => rest,
            _ => {
                kept.push_str(" (os error ");
                after
            }
        };
    }
    kept.push_str(rest);
    kept
}

/// The system's words for an error, without their capital: they stand behind a colon of ours.
fn in_a_sentence(what: &str) -> String {
    let Some((before, words)) = what.rsplit_once(": ") else { return what.to_owned() };
    let mut letters = words.chars();
    let first = letters.next().map(|first| first.to_ascii_lowercase());
    format!("{before}: {}{}", first.map(String::from).unwrap_or_default(), letters.as_str())
}

/// How much was masked in what was written.
fn say_masked(n: usize) {
    if n > 0 {
        let secrets = crate::text::plural(n as u64, "secret", "secrets");
        say(&format!("{secrets} masked (--no-mask leaves them)"));
    }
}

/// Standard output, which says of its errors that they are its own.
struct Out(io::StdoutLock<'static>);

/// Standard output, for this thread alone.
fn out() -> Out {
    Out(io::stdout().lock())
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).map_err(unwritten)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush().map_err(unwritten)
    }
}

/// The same error, with the place. Whoever writes tries again after an interruption, and ends in silence when nobody reads.
fn unwritten(error: io::Error) -> io::Error {
    if matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::BrokenPipe) {
        return error;
    }
    let file = std::fs::read_link("/proc/self/fd/1").ok().filter(|path| path.is_absolute());
    let place = file.map(|path| format!(" ({})", path.display())).unwrap_or_default();
    let (kind, why) = (error.kind(), crate::private::told(error));
    io::Error::new(kind, format!("cannot write to standard output{place}: {why}"))
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_an_error_is_left_out() {
        let check = |what: &str, kept: &str| assert_eq!(without_numbers(what), kept);
        check("cannot read x: Is a directory (os error 21)", "cannot read x: is a directory");
        check(
            "cannot read X: Y: No such file (os error 2): Z",
            "cannot read X: Y: no such file: Z",
        );
        check("a (os error 2); b (os error 13)", "a; b");
        check("a (os error x) b", "a (os error x) b");
        check("a (os error ", "a (os error ");
        check("größe (os error 123456)", "größe (os error 123456)");
    }
}
