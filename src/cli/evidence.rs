//! `cadge evidence`: the selected records byte for byte, with everything that explains them, and the check of such a bundle.

use super::Exit;
use super::args::Input;
use super::report::{Case, Chosen};
use super::session::Session;
use crate::report::gather::{Form, render};
use crate::report::{bundle, code, json};
use crate::text::printable;
use anyhow::Context as _;
use clap::Args;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::PathBuf;

#[derive(Args, Clone, Debug)]
pub struct Evidence {
    #[command(flatten)]
    pub input: Input,
    #[command(flatten)]
    pub chosen: Chosen,
    /// A new folder, or a file whose name ends with .tar.gz.
    #[arg(long, short, value_name = "DIR|FILE.tar.gz", required_unless_present = "verify")]
    pub output: Option<PathBuf>,
    /// Check a bundle instead: every hash, nothing missing, nothing more. Exit status 1 when anything is wrong.
    #[arg(long, value_name = "PATH", conflicts_with_all = ["output", "sources"])]
    pub verify: Option<PathBuf>,
}

/// Makes or checks a bundle.
pub fn run(args: &Evidence) -> anyhow::Result<Exit> {
    if let Some(path) = &args.verify {
        let wrong = bundle::verify(path)
            .with_context(|| format!("{} cannot be checked", path.display()))?;
        let mut out = super::out();
        for says in &wrong {
            writeln!(out, "{}", printable(says))?;
        }
        if wrong.is_empty() {
            writeln!(out, "every hash is right")?;
        }
        return Ok(if wrong.is_empty() { Exit::Done } else { Exit::Failed });
    }
    let Some(output) = &args.output else { return Ok(Exit::Usage) };
    if output.extension().is_some_and(|end| is_other_archive(&end.to_string_lossy())) {
        super::say(&format!("{}: a bundle is a folder or a .tar.gz", output.display()));
        return Ok(Exit::Usage);
    }
    let session = Session::load(&args.input)?;
    let Some(case) = Case::read(&session, &args.chosen)? else {
        return Ok(if session.end() { Exit::NothingMatched } else { Exit::Failed });
    };
    let seconds = u64::try_from(case.dossier.made.as_second()).unwrap_or_default();
    let mut n_gone = 0;
    let decisions = decisions(&case)?;
    bundle::write(output, seconds, |making| {
        n_gone = records(&session, &case, making)?;
        for (name, form) in [
            ("report.md", Form::Markdown),
            ("report.html", Form::Html),
            ("report.json", Form::Json),
        ] {
            making.put(name, render(&case.dossier, form).as_bytes())?;
        }
        making.put("decisions.json", &decisions)?;
        making.put("HOW.md", how(&session, &case).as_bytes())
    })
    .with_context(|| format!("cannot write {}", output.display()))?;
    case.say_masked();
    let _ = writeln!(io::stderr(), "cadge: records.log holds the records as they were: not masked");
    if n_gone > 0 {
        let _ = writeln!(io::stderr(), "cadge: {n_gone} records cannot be read any more");
    }
    Ok(if session.end() && n_gone == 0 { Exit::Done } else { Exit::Failed })
}

/// Whoever asks for one of these would be surprised to get a folder.
fn is_other_archive(end: &str) -> bool {
    matches!(end, "zip" | "tar" | "7z" | "zst" | "xz" | "bz2" | "txz" | "tzst" | "tbz2")
}

/// The records one behind the other, each with a line feed behind it, and where each lies; gives how many are gone.
fn records(session: &Session, case: &Case, making: &mut bundle::Making) -> io::Result<usize> {
    let (mut all, mut index) = (making.begin("records.log")?, making.begin("records.json")?);
    let (mut at, mut n_gone, mut gap) = (0, 0, "[\n");
    for (number, id) in (1..).zip(&case.ids) {
        let Ok((bytes, alert)) = session.alert(*id) else {
            n_gone += 1;
            continue;
        };
        let origin = &alert.origin;
        write!(
            index,
            "{gap}{{\"number\":{number},\"at\":{at},\"length\":{},\"sha256\":\"{}\",\"source\":{},\"source_offset\":{},\"source_line\":{}}}",
            bytes.len(),
            crate::triage::hex(&Sha256::digest(&bytes)),
            json::quote(&origin.source),
            origin.offset,
            if origin.line == 0 { "null".to_owned() } else { origin.line.to_string() },
        )?;
        gap = ",\n";
        all.write_all(&bytes)?;
        all.write_all(b"\n")?;
        at += bytes.len() + 1;
    }
    index.write_all(if gap == "[\n" { b"[\n\n]\n" } else { b"\n]\n" })?;
    making.end(all)?;
    making.end(index)?;
    Ok(n_gone)
}

/// Everything decided about the alerts, oldest first.
fn decisions(case: &Case) -> anyhow::Result<Vec<u8>> {
    let mut history = case.history.clone();
    if case.dossier.masked.is_some() {
        for change in &mut history {
            for decision in [&mut change.before, &mut change.after] {
                for text in [&mut decision.reason, &mut decision.note].into_iter().flatten() {
                    *text = crate::report::mask::secrets(text).0.into_owned();
                }
            }
        }
    }
    let mut bytes = serde_json::to_vec_pretty(&history)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// How the bundle was made, for whoever has to repeat or to question it.
fn how(session: &Session, case: &Case) -> String {
    let masks = case.dossier.masked.is_some();
    let words: Vec<_> = std::env::args()
        .map(|word| {
            let word =
                if masks { crate::report::mask::secrets(&word).0.into_owned() } else { word };
            shlex::try_quote(&word).map_or_else(|_| word.clone(), std::borrow::Cow::into_owned)
        })
        .collect();
    let mut page = format!(
        "# How this was made\n\nBy cadge {} on {} at {}, with\n\n{}\n\n",
        env!("CARGO_PKG_VERSION"),
        code::span(&rustix::system::uname().nodename().to_string_lossy()),
        case.dossier.made,
        code::fence(&words.join(" "), "text"),
    );
    page.push_str(
        "- `records.log`: the records byte for byte as they were read, a line feed behind each, not masked.\n\
         - `records.json`: for each record its place and length in `records.log`, its SHA-256, and where it was read.\n\
         - `report.md`, `report.html`, `report.json`: the same report three times.\n\
         - `decisions.json`: every change that people made to these alerts, oldest first.\n\
         - `SHA256SUMS`: check with `sha256sum --check SHA256SUMS` or `cadge evidence --verify`. It shows that nothing was \
         changed since, as long as it is itself kept safe; it is not signed.\n\n",
    );
    let _ = writeln!(page, "{}\n\n## Sources\n", crate::report::html::masking(&case.dossier));
    page.push_str("| source | size now (bytes) | records taken | first offset | last offset |\n|---|---|---|---|---|\n");
    let mut sources: BTreeMap<_, (u64, u64, u64)> = BTreeMap::new();
    for id in &case.ids {
        let origin = session.store.origin(*id);
        let source = sources.entry(origin.source).or_insert((0, origin.offset, origin.offset));
        *source = (source.0 + 1, source.1.min(origin.offset), source.2.max(origin.offset));
    }
    for (name, (taken, first, last)) in sources {
        let size = std::fs::metadata(&*name)
            .map_or_else(|_| "unknown".to_owned(), |about| about.len().to_string());
        let _ = writeln!(page, "| {} | {size} | {taken} | {first} | {last} |", code::cell(&name));
    }
    page
}
