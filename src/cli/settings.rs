//! Settings without the console: what is wrong with them, where they are, and which keys they make.

use super::Exit;
use super::args::{Config, ConfigCommand};
use crate::config::{self, Paths};
use crate::driver::settings::{keymap, load};
use crate::text;
use crate::theme::{self, Depth};
use crate::ui::Action;
use std::io::Write;

/// `cadge config`.
pub(super) fn config(
    args: &Config,
    out: &mut impl Write,
    err: &mut impl Write,
) -> anyhow::Result<Exit> {
    let file = match &args.command {
        ConfigCommand::Default => {
            out.write_all(config::DEFAULT.as_bytes())?;
            return Ok(Exit::Done);
        }
        ConfigCommand::Check { file } => file,
    };
    let paths = Paths::from_environment();
    let loaded = load(file.as_deref(), paths.as_ref());
    let mut problems: Vec<String> = loaded.problems.iter().map(ToString::to_string).collect();
    if loaded.config.theme != "auto" {
        let folder = paths.as_ref().map(Paths::themes);
        let (_, wrong) = theme::load(&loaded.config.theme, folder.as_deref(), Depth::True);
        problems.extend(wrong.iter().map(ToString::to_string));
    }
    for problem in &problems {
        writeln!(err, "cadge: {}", text::printable(problem))?;
    }
    if problems.is_empty() {
        let file = file.clone().or_else(|| paths.map(|paths| paths.config_file()));
        let name = file.as_ref().map(|file| file.display().to_string()).unwrap_or_default();
        let is_there = file.is_some_and(|file| file.exists());
        let says = if is_there { "is in order" } else { "is not there: the defaults count" };
        writeln!(out, "{} {says}", text::printable(&name))?;
    }
    Ok(if problems.is_empty() { Exit::Done } else { Exit::Usage })
}

/// `cadge paths`.
pub(super) fn paths(out: &mut impl Write) -> anyhow::Result<Exit> {
    let paths = Paths::from_environment().ok_or_else(|| anyhow::anyhow!("HOME is not set"))?;
    for (what, path) in paths.all() {
        writeln!(out, "{what:<10} {}", text::printable(&path.display().to_string()))?;
    }
    Ok(Exit::Done)
}

/// `cadge keys`.
pub(super) fn keys(out: &mut impl Write) -> anyhow::Result<Exit> {
    let loaded = load(None, Paths::from_environment().as_ref());
    let keymap = keymap(&loaded.config, &mut Vec::new());
    for action in Action::ALL {
        let keys: Vec<String> = keymap.keys(*action).collect();
        writeln!(out, "{:<14} {:<16} {}", action.id(), keys.join(" "), action.says())?;
    }
    Ok(Exit::Done)
}
