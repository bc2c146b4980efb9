//! `cadge explain`: what an alert means, and what to do.

use super::Exit;
use super::args::{Explain, Format, Select};
use super::near::Near;
use super::pick;
use super::select::Selection;
use super::session::Session;
use crate::analysis::{Analysis, Choice, Neighbor, Playbooks, analyze};
use crate::driver::sweep::Answer;
use crate::model::{Alert, AlertId};
use crate::report::{analysis_json, markdown, mask, plain, record};
use std::io::{self, Write};
use std::rc::Rc;

/// Explains one alert, or all.
pub fn run(args: &Explain) -> anyhow::Result<Exit> {
    let session = Session::load(&args.input)?;
    let select = Select { search: None, filter: args.filter.clone() };
    let selection = Selection::new(&select, &session.rules)?;
    let order = session.order();
    let chosen = chosen(args, &session, &order, &selection);
    if let (Some(wanted), true) = (&args.alert, chosen.is_empty()) {
        super::say(&pick::missing(wanted, &session, &order));
    }
    let (playbooks, problems) = playbooks();
    for problem in problems {
        let _ = writeln!(io::stderr(), "cadge: {}", crate::text::printable(&problem));
    }
    let mut out = io::BufWriter::new(super::out());
    let mut near = Near::new(&session, &order);
    let n_told = tell(&mut out, args, &mut near, &chosen, &playbooks)?;
    out.flush()?;
    drop(out);
    let is_fine = session.end();
    Ok(match (is_fine, chosen.is_empty()) {
        (false, _) => Exit::Failed,
        (true, true) if !args.all => Exit::NothingMatched,
        // What was asked for is there, and none of it could be read again.
        (true, false) if n_told == 0 => Exit::Failed,
        _ => Exit::Done,
    })
}

/// Explains the alerts at these places as far as they can be read again, and says how many that were.
fn tell(
    out: &mut impl Write,
    args: &Explain,
    near: &mut Near<'_>,
    chosen: &[usize],
    playbooks: &Playbooks,
) -> io::Result<u64> {
    let choice = Choice { variant: args.runtime.clone() };
    let is_array = args.all && args.format == Format::Json;
    if is_array {
        out.write_all(b"[")?;
    }
    let (mut n_told, mut masked) = (0, 0);
    for place in chosen {
        let Some((alert, analysis)) = explain(near, *place, playbooks, &choice) else { continue };
        if n_told > 0 {
            out.write_all(if is_array { b",\n" } else { b"\n" })?;
        }
        n_told += 1;
        if args.format == Format::Markdown && !args.no_mask {
            let (mut alert, mut analysis) = ((*alert).clone(), analysis);
            masked += mask::all(&mut alert, Some(&mut analysis), &mut []);
            write_one(out, args.format, &alert, &analysis)?;
        } else {
            write_one(out, args.format, &alert, &analysis)?;
        }
        if !is_array && args.format == Format::Json {
            out.write_all(b"\n")?;
        }
    }
    if is_array {
        out.write_all(b"]\n")?;
    }
    super::say_masked(masked);
    Ok(n_told)
}

/// The built-in playbooks with the person's own over them, and what is wrong with those.
pub fn playbooks() -> (Playbooks, Vec<String>) {
    let own = crate::config::Paths::from_environment().map(|paths| paths.playbooks());
    match own {
        Some(folder) if folder.is_dir() => {
            let (playbooks, problems) = Playbooks::load(&folder);
            (playbooks, problems.iter().map(ToString::to_string).collect())
        }
        _ => (Playbooks::builtin(), Vec::new()),
    }
}

/// Places in the order of the alerts that were asked for.
fn chosen(
    args: &Explain,
    session: &Session,
    order: &[AlertId],
    selection: &Selection,
) -> Vec<usize> {
    let is_everything = selection.is_everything();
    let met = if is_everything { Answer::default() } else { selection.picked(session) };
    let admits = |place: &usize| {
        order.get(*place).is_some_and(|id| is_everything || met.ids.binary_search(id).is_ok())
    };
    if args.all {
        return (0..order.len()).filter(admits).collect();
    }
    let found = match &args.alert {
        None => (0..order.len()).rev().find(admits),
        Some(wanted) => pick::place(session, order, wanted).filter(admits),
    };
    found.into_iter().collect()
}

/// One alert with its analysis; `None` when its record is gone.
pub fn explain(
    near: &mut Near<'_>,
    place: usize,
    playbooks: &Playbooks,
    choice: &Choice,
) -> Option<(Rc<Alert>, Analysis)> {
    let id = *near.order.get(place)?;
    let alert = near.alert(id)?;
    let read = near.neighbors(id);
    let neighbors: Vec<_> = read.iter().map(|(id, alert)| Neighbor { id: *id, alert }).collect();
    let analysis = analyze(&alert, &neighbors, playbooks, choice);
    Some((alert, analysis))
}

fn write_one(
    out: &mut impl Write,
    format: Format,
    alert: &Alert,
    analysis: &Analysis,
) -> io::Result<()> {
    match format {
        Format::Text => out.write_all(plain::plain(alert, analysis).as_bytes()),
        Format::Markdown => out.write_all(markdown::markdown(alert, analysis).as_bytes()),
        Format::Json => {
            let mut text = String::new();
            record::alert(&mut text, alert);
            out.write_all(analysis_json::explained(&text, analysis).as_bytes())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::{Cli, Command};
    use clap::Parser;
    use std::os::unix::fs::FileExt;

    #[test]
    fn an_alert_that_is_gone_leaves_the_rest_readable() {
        // A file that begins otherwise would be another one.
        let output = "o".repeat(1024);
        let line = format!(
            r#"{{"output":"{output}","priority":"Notice","rule":"A rule","time":"2026-01-02T03:04:05Z"}}"#
        );
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.json");
        std::fs::write(&path, format!("{line}\n{line}\n{line}\n")).unwrap();
        let words = ["cadge", "explain", "--all", "--format", "json", path.to_str().unwrap()];
        let Some(Command::Explain(args)) = Cli::parse_from(words).command else { panic!() };
        let session = Session::load(&args.input).unwrap();
        let file = std::fs::File::options().write(true).open(&path).unwrap();
        file.write_all_at(&vec![0; line.len()], line.len() as u64 + 1).unwrap();
        let order = session.order();
        let mut out = Vec::new();
        let mut near = Near::new(&session, &order);
        let playbooks = Playbooks::builtin();
        let n_told = tell(&mut out, &args, &mut near, &[0, 1, 2], &playbooks).unwrap();
        assert_eq!(n_told, 2);
        let read: Vec<serde_json::Value> = serde_json::from_slice(&out).unwrap();
        assert_eq!(read.len(), 2);
    }
}
