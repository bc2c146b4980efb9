//! `cadge check`: whether something written for cadge is right, without opening anything else.

use super::Exit;
use super::args::{Check, CheckFilter};
use super::mark::mark;
use crate::clock;
use crate::decode::RulesFiles;
use crate::query::fields;
use crate::query::{Filter, Names};
use crate::text::plural;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Checks one thing; what is right goes to `out`, what is wrong to `err`.
pub fn run(check: &Check, out: &mut dyn Write, err: &mut dyn Write) -> anyhow::Result<Exit> {
    match check {
        Check::Filter(args) => filter(args, out, err),
        Check::Playbooks(args) => playbooks(&args.dir, out, err),
    }
}

/// Checks a folder of playbooks over the built-in ones.
fn playbooks(dir: &Path, out: &mut dyn Write, err: &mut dyn Write) -> anyhow::Result<Exit> {
    if !dir.is_dir() {
        anyhow::bail!("cannot read {}: there is no such folder", dir.display());
    }
    let (library, mut problems) = crate::analysis::Playbooks::load(dir);
    let (files, _) = crate::analysis::read_folder(dir);
    for (path, _) in &files {
        if problems.iter().all(|problem| problem.file != *path) {
            problems.extend(crate::analysis::verify_file(&library, path));
        }
    }
    for problem in &problems {
        let place = dir.join(problem.to_string());
        writeln!(err, "cadge: {}", crate::text::printable(&place.to_string_lossy()))?;
    }
    let (n_files, n_problems) = (files.len() as u64, problems.len() as u64);
    let (files, found) =
        (plural(n_files, "file", "files"), plural(n_problems, "problem", "problems"));
    writeln!(out, "{files}, {found}")?;
    Ok(if problems.is_empty() { Exit::Done } else { Exit::Usage })
}

/// Macros and lists of rules files; what could not be read is said on `err`.
pub fn names(rules: &[PathBuf], err: &mut dyn Write) -> std::io::Result<Names> {
    let mut names = Names::at(clock::now(), clock::zone());
    for path in rules {
        let files = RulesFiles::read(path);
        for problem in &files.problems {
            writeln!(err, "cadge: {}", crate::text::printable(problem))?;
        }
        let macros =
            files.macros.iter().map(|(name, condition)| (name.as_str(), condition.as_str()));
        let lists = files
            .lists
            .iter()
            .map(|(name, items)| (name.as_str(), items.iter().map(String::as_str)));
        for (name, error) in names.extend(macros, lists) {
            writeln!(
                err,
                "cadge: macro {}: {}",
                crate::text::printable(&name),
                crate::text::printable(&error.to_string())
            )?;
        }
    }
    Ok(names)
}

fn filter(args: &CheckFilter, out: &mut dyn Write, err: &mut dyn Write) -> anyhow::Result<Exit> {
    let names = names(&args.rules, err)?;
    let filter = match Filter::check(&args.expr, &names) {
        Ok(filter) => filter,
        Err(error) => {
            write!(err, "{}", mark("error", &args.expr, error.range(), &error.to_string()))?;
            return Ok(Exit::Usage);
        }
    };
    writeln!(out, "{}", crate::text::printable(&filter.expr().to_string()))?;
    let asked: Vec<&str> = filter.fields().collect();
    let widest = asked
        .iter()
        .map(|key| crate::text::width(&crate::text::printable(key)))
        .max()
        .unwrap_or_default();
    if !asked.is_empty() {
        writeln!(out)?;
    }
    for key in asked {
        let bare = key.split('[').next().unwrap_or(key);
        let entry = fields::find(bare).or_else(|| Some(fields::find_dotted(bare)?.0));
        let (kind, says) =
            entry.map_or(("unknown", "No field we know."), |entry| (entry.kind.name(), entry.says));
        let key = crate::text::printable(key);
        let blanks = " ".repeat(widest.saturating_sub(crate::text::width(&key)));
        writeln!(out, "{key}{blanks}  {kind:13}  {says}")?;
    }
    out.flush()?;
    for warning in filter.warnings() {
        write!(err, "{}", mark("warning", &args.expr, warning.span.range(), &warning.to_string()))?;
    }
    Ok(Exit::Done)
}
