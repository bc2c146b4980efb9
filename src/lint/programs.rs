//! The programs we know, with their subcommands and options where the tools themselves list them.
//!
//! `programs.tsv` is written by `tests/tools/programs.sh` from the tools as Debian ships them; a program that is not in it
//! is not known, which is not the same as not existing.

use super::facts;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

/// What we know of one program.
#[derive(Debug, Default)]
struct Program {
    /// Subcommand (`""` for the program itself; `network disconnect` with a blank) and its options.
    options: HashMap<&'static str, HashSet<&'static str>>,
}

static TABLE: LazyLock<HashMap<&'static str, Program>> = LazyLock::new(|| {
    let mut table: HashMap<&str, Program> = HashMap::new();
    for row in include_str!("programs.tsv").lines().filter(|row| !row.starts_with('#')) {
        let mut cells = row.split('\t');
        let (Some(name), sub, options) = (cells.next(), cells.next(), cells.next()) else {
            continue;
        };
        let program = table.entry(name).or_default();
        if let (Some(sub), Some(options)) = (sub, options) {
            program.options.insert(sub, options.split(' ').collect());
        }
    }
    table
});

/// Whether a program is one we know.
pub fn is_known(program: &str) -> bool {
    TABLE.contains_key(program) || facts::subcommands(program).is_some()
}

/// Why a program is known not to exist.
pub fn invented(program: &str) -> Option<String> {
    if is_known(program) {
        return None;
    }
    facts::invented(program).or_else(|| {
        is_system_call(program).then(|| "it is a system call, which no shell can start".to_owned())
    })
}

/// Whether a name is one of a system call that libseccomp resolves on some architecture (from the Linux headers' tables).
pub fn is_system_call(name: &str) -> bool {
    CALLS.contains(name)
}

static CALLS: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| include_str!("syscalls.txt").lines().collect());

/// Whether the program lists its subcommands and this is none of them. `None` when it lists none.
pub fn has_subcommand(program: &str, sub: &str) -> Option<bool> {
    if let Some(known) = facts::subcommands(program) {
        return Some(known.contains(sub));
    }
    let options = &TABLE.get(program)?.options;
    (options.len() > 1).then(|| {
        options.contains_key(sub) || options.keys().any(|key| key.split(' ').next() == Some(sub))
    })
}

/// Whether a group of subcommands (`docker network`) lists this one. `None` when it is no group that we know.
pub fn has_nested(program: &str, group: &str, sub: &str) -> Option<bool> {
    let both = format!("{program} {group}");
    if let Some(known) = facts::subcommands(&both) {
        return Some(known.contains(sub));
    }
    let options = &TABLE.get(program)?.options;
    let start = format!("{group} ");
    let mut nested = options.keys().filter_map(|key| key.strip_prefix(&*start)).peekable();
    nested.peek()?;
    Some(nested.any(|known| known == sub))
}

/// Whether an option (`--name` or `-x`) is one that the program lists for this subcommand. `None` when it lists none.
pub fn has_option(program: &str, sub: &str, option: &str) -> Option<bool> {
    if let Some(known) = facts::options(program) {
        // An option may be cut short where nothing else begins so.
        return option.starts_with("--").then(|| known.iter().any(|full| full.starts_with(option)));
    }
    let of = &TABLE.get(program)?.options;
    // Who lists no subcommands has the same options everywhere, and takes them cut short.
    if of.len() == 1 {
        let options = of.get("")?;
        return option
            .starts_with("--")
            .then(|| options.iter().any(|full| full.starts_with(option)));
    }
    let options = of.get(sub)?;
    Some(options.contains(option) || of.get("").is_some_and(|all| all.contains(option)))
}
