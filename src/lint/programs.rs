//! The programs we know, with their subcommands and options where the tools themselves list them.
//!
//! `programs.tsv` is written by `tests/tools/programs.sh` from the tools as Debian ships them; a program that is not in it
//! is not known, which is not the same as not existing.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

/// Commands that models invent, from packages or projects that ship none of that name (looked for in Debian 12's package
/// contents and the projects' own manuals).
const INVENTED: &[(&str, &str)] = &[
    ("apparmor-profiles", "a package of examples; it ships no command"),
    ("seccomp", "a package; its only command is scmp_sys_resolver"),
    ("ossec", "OSSEC's command is /var/ossec/bin/ossec-control"),
    ("apparmor", "the commands are apparmor_parser and the aa-… family"),
    ("selinux", "the commands are getenforce, semanage, restorecon…"),
    ("seccomp-filter", "seccomp profiles are given to the container runtime"),
    ("cgroup", "the commands are systemctl set-property and docker update"),
    ("cgroups", "the commands are systemctl set-property and docker update"),
    ("falco-rules", "rules are files in /etc/falco/rules.d/"),
    ("docker-seccomp", "docker takes --security-opt seccomp=FILE"),
    ("container-isolate", "pause or disconnect the container"),
    ("kube-isolate", "label the pod for a NetworkPolicy"),
    ("memfd", "memfd_create is a system call"),
];

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
    TABLE.contains_key(program)
}

/// Why a program is known not to exist.
pub fn invented(program: &str) -> Option<&'static str> {
    INVENTED.iter().find(|(name, _)| *name == program).map(|(_, why)| *why)
}

/// Whether the program lists its subcommands and this is none of them. `None` when it lists none.
pub fn has_subcommand(program: &str, sub: &str) -> Option<bool> {
    let options = &TABLE.get(program)?.options;
    (options.len() > 1).then(|| {
        options.contains_key(sub) || options.keys().any(|key| key.split(' ').next() == Some(sub))
    })
}

/// Whether an option (`--name` or `-x`) is one that the program lists for this subcommand. `None` when it lists none.
pub fn has_option(program: &str, sub: &str, option: &str) -> Option<bool> {
    let of = &TABLE.get(program)?.options;
    let options = of.get(sub)?;
    Some(options.contains(option) || of.get("").is_some_and(|all| all.contains(option)))
}
