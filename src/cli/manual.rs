//! Completions and the manual page, made from the definition of the command line.

use super::Exit;
use super::args::Cli;
use clap::CommandFactory;
use std::io::Write;

/// `cadge completions`.
pub(super) fn completions(
    shell: clap_complete::Shell,
    out: &mut impl Write,
) -> anyhow::Result<Exit> {
    // The generator panics when it cannot write; a buffer takes everything.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "cadge", &mut script);
    out.write_all(&script)?;
    Ok(Exit::Done)
}

/// `cadge man`: one page with all commands.
pub(super) fn man(out: &mut impl Write) -> anyhow::Result<Exit> {
    let mut command = Cli::command();
    command.build();
    let page = clap_mangen::Man::new(command.clone());
    page.render(out)?;
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        if sub.get_name() == "help" {
            continue;
        }
        writeln!(out, ".SH \"{}\"", sub.get_name().to_uppercase())?;
        let page = clap_mangen::Man::new(sub.clone());
        page.render_synopsis_section(out).and_then(|()| page.render_description_section(out))?;
        page.render_options_section(out)?;
    }
    Ok(Exit::Done)
}
