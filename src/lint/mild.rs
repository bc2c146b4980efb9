//! Where a warning is worth no more than a note: what only shows, what only tidies up, what a person sees fail.

use super::call::Call;
use super::{Finding, Severity, facts};

/// Looks again at what was said of a command since `from`. `before` is the command that stands before it.
pub fn soften(call: &Call, before: Option<&Call>, found: &mut Vec<Finding>, from: usize) {
    let of = |finding: &Finding| match finding.id {
        "S05" if only_shows(call) => Some(Severity::Note),
        "S03" => {
            // `x || true` is about what stands before it.
            let hidden = if call.is_otherwise { before } else { Some(call) };
            match hidden {
                Some(hidden) if facts::is_tool("searches", &hidden.program) => None,
                Some(hidden) if tidies(hidden) => Some(Severity::Note),
                _ => Some(finding.severity),
            }
        }
        _ => Some(finding.severity),
    };
    let new = found.split_off(from);
    found.extend(new.into_iter().filter_map(|finding| {
        let severity = of(&finding)?;
        Some(finding.at(severity))
    }));
}

/// Pagers and lists of processes change nothing; a container that is made anew is nobody's evidence.
fn only_shows(call: &Call) -> bool {
    match call.program.as_str() {
        "docker" | "podman" | "nerdctl" | "kubectl" => {
            call.subcommand() == "run" && call.option(None, "rm")
        }
        program => matches!(
            program,
            "less" | "more" | "most" | "top" | "htop" | "btop" | "atop" | "ncdu" | "k9s" | "view"
        ),
    }
}

/// Whether it does not matter that there was nothing to do.
fn tidies(call: &Call) -> bool {
    match call.program.as_str() {
        "docker" | "podman" | "nerdctl" => matches!(
            (call.subcommand(), call.plain().nth(1)),
            ("network" | "volume", Some("create" | "rm"))
        ),
        "kubectl" => call.subcommand() == "create" || call.option(None, "ignore-not-found"),
        program => matches!(
            program,
            "rm" | "rmdir" | "mkdir" | "unlink" | "wait" | "groupadd" | "useradd" | "modprobe"
        ),
    }
}
