//! Facts the rules go by, from `facts.tsv`: units whose end blinds the host, kernel switches and their weak values, files
//! that no package ships, commands that models invent, subcommands and options of programs that list none themselves.
//!
//! Kinds: `unit` (name, rule that its end breaks), `sysctl` (key with `*` for one part, weak values), `path` (a file or
//! folder, why), `only` (a folder, all the `.conf` files right in it that a program reads), `invented` (command, what there is instead), `family` (prefix of names, all members), `subcommands` and
//! `options` (program, words), `takes` (program, options that need a value), `tools` (a set's name, its members).

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

type Words = HashMap<&'static str, HashSet<&'static str>>;

#[derive(Debug, Default)]
struct Facts {
    units: HashMap<&'static str, &'static str>,
    sysctls: Vec<(&'static str, &'static str)>,
    paths: Vec<&'static str>,
    only: Vec<(&'static str, HashSet<&'static str>)>,
    invented: HashMap<&'static str, &'static str>,
    families: Vec<(&'static str, HashSet<&'static str>)>,
    subcommands: Words,
    options: Words,
    takes: Words,
    tools: Words,
}

static FACTS: LazyLock<Facts> = LazyLock::new(|| {
    let mut facts = Facts::default();
    for row in include_str!("facts.tsv").lines().filter(|row| !row.starts_with('#')) {
        let mut cells = row.split('\t');
        let (Some(kind), Some(key)) = (cells.next(), cells.next()) else { continue };
        let value = cells.next().unwrap_or_default();
        let words = || value.split(' ').filter(|word| !word.is_empty()).collect();
        match kind {
            "unit" => drop(facts.units.insert(key, value)),
            "sysctl" => facts.sysctls.push((key, value)),
            "path" => facts.paths.push(key),
            "only" => facts.only.push((key, words())),
            "invented" => drop(facts.invented.insert(key, value)),
            "family" => facts.families.push((key, words())),
            "subcommands" => drop(facts.subcommands.insert(key, words())),
            "options" => drop(facts.options.insert(key, words())),
            "takes" => drop(facts.takes.insert(key, words())),
            "tools" => drop(facts.tools.insert(key, words())),
            _ => {}
        }
    }
    facts
});

/// The rule that stopping a unit breaks; `.service` may stand behind its name.
pub fn unit(name: &str) -> Option<&'static str> {
    FACTS.units.get(name.trim_end_matches(".service")).copied()
}

/// Whether a kernel switch is set to a value that weakens the host. Keys may be written with dots or slashes.
pub fn is_weak_switch(key: &str, value: &str) -> bool {
    let key = key.replace('/', ".");
    FACTS.sysctls.iter().any(|(name, weak)| {
        weak.split(' ').any(|weak| weak == value)
            && (*name == key
                || name.split_once('*').is_some_and(|(start, end)| {
                    key.strip_prefix(start)
                        .and_then(|rest| rest.strip_suffix(end))
                        .is_some_and(|part| !part.is_empty() && !part.contains('.'))
                }))
    })
}

/// A file or folder in this text that no package ships. It must begin where a path begins and end where one ends.
pub fn unshipped(text: &str) -> Option<&str> {
    if !text.contains("/etc/") {
        return None;
    }
    let begins = |at: usize| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        before.is_none_or(|c| !c.is_alphanumeric() && !"/._-".contains(c))
    };
    let invented = FACTS.paths.iter().copied().find(|path| {
        text.match_indices(path).any(|(at, _)| {
            let after = text.get(at + path.len()..).and_then(|after| after.chars().next());
            begins(at)
                && after.is_none_or(|c| {
                    !c.is_alphanumeric() && !"_-.".contains(c) || is_end(text, at + path.len())
                })
        })
    });
    invented.or_else(|| {
        FACTS.only.iter().find_map(|(folder, members)| {
            text.match_indices(folder).filter(|(at, _)| begins(*at)).find_map(|(at, _)| {
                let rest = text.get(at + folder.len()..)?.strip_prefix('/')?;
                let end = rest
                    .find(|c: char| !c.is_ascii_alphanumeric() && !"_-.".contains(c))
                    .unwrap_or(rest.len());
                let name = rest.get(..end)?.trim_end_matches('.');
                let is_read = name.rsplit_once('.').is_none_or(|(_, ending)| ending != "conf")
                    || members.contains(name)
                    || rest.get(end..)?.starts_with(['/', '*', '$', '<', '{']);
                let path = text.get(at..=at + folder.len() + name.len())?;
                (!is_read).then(|| path.trim_end_matches('.'))
            })
        })
    })
}

/// A dot ends a sentence when nothing of a name follows it.
fn is_end(text: &str, at: usize) -> bool {
    let mut rest = text.get(at..).unwrap_or_default().chars();
    rest.next() == Some('.') && rest.next().is_none_or(char::is_whitespace)
}

/// Why a command is known not to exist: it was invented before, or its family has no such member.
pub fn invented(program: &str) -> Option<String> {
    if let Some(why) = FACTS.invented.get(program) {
        return Some((*why).to_owned());
    }
    let (_, members) = FACTS
        .families
        .iter()
        .find(|(prefix, members)| program.starts_with(prefix) && !members.contains(program))?;
    let mut members: Vec<_> = members.iter().copied().take(60).collect();
    members.sort_unstable();
    members.truncate(4);
    Some(if members.is_empty() {
        "no program's name begins so".to_owned()
    } else {
        format!("there are {}…", members.join(", "))
    })
}

/// The subcommands of a program (`docker network` for nested ones); `None` when we have no list.
pub fn subcommands(program: &str) -> Option<&'static HashSet<&'static str>> {
    FACTS.subcommands.get(program)
}

/// The long options of a program; `None` when we have no list.
pub fn options(program: &str) -> Option<&'static HashSet<&'static str>> {
    let program = match program {
        "nc" | "netcat" | "nc.traditional" | "nc.openbsd" => "ncat",
        "ip6tables" => "iptables",
        other => other,
    };
    FACTS.options.get(program)
}

/// Whether an option of a program needs a value behind it.
pub fn takes_value(program: &str, option: &str) -> bool {
    FACTS.takes.get(program).is_some_and(|options| options.contains(option))
}

/// Whether a word belongs to one of the sets: `shadowed`, `oneword`, `searches`.
pub fn is_tool(set: &str, program: &str) -> bool {
    FACTS.tools.get(set).is_some_and(|members| members.contains(program))
}
