//! What a command writes, and where: redirections, `tee`, `sed -i`, copies, downloads.

use super::call::{Call, printed};

/// The files that a command makes or changes. What is only appended to stands among them.
pub fn targets(call: &Call) -> Vec<&str> {
    let mut targets: Vec<&str> = call
        .redirects
        .iter()
        .filter(|to| to.writes && !to.target.starts_with('&'))
        .map(|to| to.target.as_str())
        .collect();
    let plain = || call.plain().collect::<Vec<_>>();
    match call.program.as_str() {
        "tee" | "touch" | "truncate" => targets.extend(call.plain()),
        "cp" | "mv" | "install" | "ln" | "rsync" | "scp" => {
            let to = call.value_of(&["-t", "--target-directory"]).or(plain().last().copied());
            targets.extend(to);
        }
        // Letters may stand together: `-fsSLo FILE`.
        "curl" => {
            let args = || call.args.iter().map(|word| word.text.as_str());
            let at = args().position(|arg| {
                arg == "--output"
                    || arg.starts_with('-') && !arg.starts_with("--") && arg.ends_with('o')
            });
            targets.extend(at.and_then(|at| args().nth(at + 1)));
        }
        "wget" => targets.extend(call.value_of(&["-O", "--output-document"])),
        "dd" => targets.extend(call.args.iter().filter_map(|word| word.text.strip_prefix("of="))),
        "sed" | "perl" if in_place(call) => targets.extend(plain().into_iter().skip(1)),
        _ => {}
    }
    targets
}

/// The text that a command puts into a file; `None` when it writes none that we can read.
pub fn text(call: &Call) -> Option<String> {
    let to_file = call
        .redirects
        .iter()
        .any(|to| to.writes && !to.target.starts_with('&') && to.target != "/dev/null");
    match call.program.as_str() {
        "echo" | "printf" if to_file => Some(printed(&call.args)),
        "cat" | "" if to_file => call.input.clone(),
        "tee" | "sponge" | "dd" => call.input.clone(),
        "sed" | "perl" if in_place(call) || to_file => Some(replacements(call)),
        "crudini" | "augtool" => Some(call.plain().collect::<Vec<_>>().join("=")),
        _ => None,
    }
}

fn in_place(call: &Call) -> bool {
    call.option(Some('i'), "in-place")
}

/// The right-hand sides of a stream editor's substitutions, and the lines it adds.
fn replacements(call: &Call) -> String {
    let mut text = String::new();
    for script in call.args.iter().map(|word| word.text.as_str()) {
        for part in script.split(['\n', ';']) {
            // An address may stand before the command: `/^SELINUX=/s/…/…/`, `$a text`.
            let part = part.trim();
            let from = part.match_indices('s').find_map(|(at, _)| {
                let rest = part.get(at + 1..)?;
                let mark = rest.chars().next().filter(|c| "/|#,@!:%~".contains(*c))?;
                (rest.matches(mark).count() >= 3 || rest.matches(mark).count() == 2)
                    .then_some((rest, mark))
            });
            if let Some((rest, mark)) = from {
                text.push_str(rest.split(mark).nth(2).unwrap_or_default());
                text.push('\n');
            } else if let Some((_, added)) = part
                .split_once("a ")
                .or_else(|| part.split_once("i "))
                .or_else(|| part.split_once("c "))
                .or_else(|| part.split_once("a\\"))
            {
                text.push_str(added.trim_start_matches('\\'));
                text.push('\n');
            }
        }
    }
    text
}
