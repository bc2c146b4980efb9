//! Rules N01, N02, N06 to N08 and Y14: whether what is called exists, with its subcommand and its options.

use super::call::Call;
use super::rules::Severity;
use super::{Finding, door, facts, programs};

/// Whether what is called exists.
pub fn judge(call: &Call, found: &mut Vec<Finding>) {
    let Call { program, line, .. } = call;
    let finding = |id| Finding::new(id, *line, &call.words());
    let is_name = program.chars().all(|c| c.is_ascii_alphanumeric() || "_-.+".contains(c))
        && program.chars().any(|c| c.is_ascii_alphabetic());
    let is_ours = call.scope.functions.iter().any(|name| name == program)
        || call.path.contains('$')
        || is_own_file(&call.path);
    if is_ours || !is_name {
        return;
    }
    if let Some(why) = programs::invented(program) {
        found.push(finding("N01").because(&why));
        return;
    } else if !programs::is_known(program) {
        let note = Finding {
            message: format!("{program} is no program we know; look at it before it is run"),
            ..finding("N01")
        };
        found.push(Finding { instead: String::new(), ..note }.at(Severity::Note));
        return;
    }
    let first = call.subcommand();
    let second = call.plain().nth(1).unwrap_or_default();
    let both = format!("{first} {second}");
    let has_both = programs::has_option(program, &both, "--help") == Some(true);
    // `kubectl create secret generic`: a third word whose options no table lists.
    let is_deeper = program == "kubectl" && matches!(&*both, "create secret" | "create service");
    let sub = if has_both { both } else { first.to_owned() };
    let is_word = |word: &str| {
        !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    };
    let is_missing = match (program.as_str(), first) {
        // Plugins, which the machine that made the table may lack.
        (
            "docker" | "nerdctl" | "podman",
            "compose" | "buildx" | "scout" | "init" | "model" | "desktop" | "sandbox" | "debug"
            | "mcp" | "ai" | "extension" | "dev" | "feedback" | "sbom" | "offload",
        ) => false,
        (
            "kubectl",
            "debug" | "krew" | "neat" | "ctx" | "ns" | "tree" | "gadget" | "cilium" | "hlf"
            | "oidc-login",
        ) => false,
        ("kubectl", "isolate" | "quarantine" | "block" | "pause") => true,
        ("helm", sub) if programs::has_subcommand("helm", sub) == Some(false) => {
            call.args.len() > 1
        }
        (_, sub) if !is_word(sub) => false,
        // `podman container checkpoint` was cut to `podman checkpoint`.
        ("podman", sub) if programs::has_nested("podman", "container", sub) == Some(true) => false,
        (_, sub) => {
            programs::has_subcommand(program, sub) == Some(false)
                || is_word(second)
                    && !has_both
                    && programs::has_nested(program, sub, second) == Some(false)
                    && !matches!(
                        (program.as_str(), sub),
                        ("kubectl", _) | ("docker" | "podman", "logs" | "builder")
                    )
        }
    };
    if is_missing {
        found.push(finding("N08"));
        return;
    }
    if program == "nft" {
        let args: Vec<&str> = call.args.iter().map(|word| &*word.text).collect();
        if let Some(why) = super::filter::words(&args) {
            found.push(finding("Y14").because(why));
        }
    }
    if !is_deeper {
        options(call, &sub, found);
    }
}

/// Options that the program does not list.
fn options(call: &Call, sub: &str, found: &mut Vec<Finding>) {
    let program = call.program.as_str();
    let mut is_value = false;
    for word in &call.args {
        if word.text == "--" {
            break;
        }
        let was_value = std::mem::replace(&mut is_value, facts::takes_value(program, &word.text));
        // What a container is started with may be the options of another program (docker run IMAGE ls -l).
        let is_image = matches!(sub, "run" | "debug" | "plugin" | "create" | "compose" | "top")
            && !word.text.starts_with('-')
            && word.text != sub
            && !was_value;
        if is_image && !call.has_any(&["--image"]) {
            break;
        }
        if was_value || word.is_quoted {
            continue;
        }
        let (option, is_long) = match word.text.strip_prefix("--") {
            Some(name) => (format!("--{}", name.split('=').next().unwrap_or_default()), true),
            // Letters behind the first may be its value: -oyaml.
            None => match word.text.strip_prefix('-').and_then(|letters| letters.chars().next()) {
                Some(letter) if letter.is_ascii_alphabetic() => (format!("-{letter}"), false),
                _ => continue,
            },
        };
        let is_listed_program = matches!(program, "docker" | "kubectl" | "podman");
        if (is_long && option.len() > 2 || is_listed_program)
            && !option.contains(['$', '<', '{'])
            && programs::has_option(program, sub, &option) == Some(false)
        {
            let id = match program {
                "tcpdump" => "N06",
                name if door::is_netcat(name) => "N07",
                _ => "N02",
            };
            found.push(Finding::new(id, call.line, &call.words()).because(&option));
        }
    }
}

/// A script of the person's own, or a path that the text may have made.
fn is_own_file(path: &str) -> bool {
    path.starts_with("./")
        || path.starts_with('~')
        || path
            .rsplit_once('.')
            .is_some_and(|(_, ending)| matches!(ending, "sh" | "py" | "pl" | "rb"))
        || path == "<(…)"
}
