//! What a field is good for in an exception: who chooses its value, and whether the value comes again.

use crate::analysis::facts::Facts;
use crate::model::Alert;
use crate::query::Kind;
use crate::query::fields::{self, is_own};

/// Who chooses a field's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nature {
    /// The platform, the operator or the process's parent does; the program that set off the rule cannot by itself.
    Given,
    /// The program or the one who runs it may write there what they like.
    Chosen,
}

/// The image, the namespace, where programs were started from, and who the platform says has asked. For a program's file and
/// an account the value decides further ([`why_chosen`]).
const GIVEN: &[&str] = &[
    "container.image.repository",
    "container.image.digest",
    "container.image.id",
    "container.image",
    "k8s.ns.name",
    "k8smeta.ns.name",
    "k8smeta.deployment.name",
    "k8smeta.rs.name",
    "k8smeta.rc.name",
    "proc.exepath",
    "proc.pexepath",
    "proc.aexepath",
    "user.name",
    "user.loginname",
    "ka.user.name",
    "ct.user.arn",
    "ct.user",
    "ct.user.accountid",
    "ct.srcip",
    "gcp.user",
    "gcp.callerIP",
    "okta.actor.name",
    "okta.actor.alternateid",
    "okta.client.ip",
    "github.user",
    "github.org",
];

/// Folders in which only the system's owner installs programs.
const INSTALLED: [&str; 9] =
    ["/usr/", "/bin/", "/sbin/", "/lib/", "/lib64/", "/opt/", "/snap/", "/nix/store/", "/libexec/"];

/// Programs that do whatever their arguments say: that one of them ran tells nothing about who wanted it.
const TOOLS: &[&str] = &[
    "7z",
    "ab",
    "apk",
    "apt",
    "apt-get",
    "ar",
    "aria2c",
    "as",
    "ash",
    "at",
    "awk",
    "base32",
    "base64",
    "bash",
    "bc",
    "bpftrace",
    "busybox",
    "bzip2",
    "cargo",
    "cat",
    "chgrp",
    "chmod",
    "chown",
    "chroot",
    "cmp",
    "cp",
    "cpio",
    "crictl",
    "crontab",
    "csh",
    "csplit",
    "ctr",
    "curl",
    "cut",
    "dash",
    "date",
    "dd",
    "diff",
    "dig",
    "dmesg",
    "dnf",
    "docker",
    "dpkg",
    "ed",
    "emacs",
    "env",
    "expect",
    "find",
    "fish",
    "fold",
    "ftp",
    "gawk",
    "gcc",
    "gdb",
    "git",
    "go",
    "grep",
    "gzip",
    "head",
    "hexdump",
    "host",
    "id",
    "install",
    "ip",
    "iptables",
    "java",
    "join",
    "journalctl",
    "jq",
    "kill",
    "ksh",
    "kubectl",
    "less",
    "ln",
    "locate",
    "logger",
    "ls",
    "lua",
    "make",
    "man",
    "mawk",
    "mkdir",
    "mkfifo",
    "mknod",
    "more",
    "mount",
    "mv",
    "mysql",
    "nano",
    "nawk",
    "nc",
    "nc.openbsd",
    "nc.traditional",
    "ncat",
    "nerdctl",
    "netcat",
    "nft",
    "nice",
    "nl",
    "nmap",
    "node",
    "nodejs",
    "nohup",
    "npm",
    "nsenter",
    "nslookup",
    "od",
    "openssl",
    "paste",
    "perl",
    "php",
    "pip",
    "pip3",
    "podman",
    "printf",
    "ps",
    "psql",
    "python",
    "rclone",
    "readelf",
    "rev",
    "rm",
    "rmdir",
    "rpm",
    "rsync",
    "ruby",
    "rview",
    "rvim",
    "scp",
    "screen",
    "script",
    "sed",
    "service",
    "setarch",
    "setsid",
    "sftp",
    "sh",
    "shuf",
    "socat",
    "sort",
    "split",
    "sqlite3",
    "ss",
    "ssh",
    "ssh-keygen",
    "stdbuf",
    "strace",
    "strings",
    "su",
    "sudo",
    "systemctl",
    "systemd-run",
    "tac",
    "tail",
    "tar",
    "taskset",
    "tcpdump",
    "tcsh",
    "tee",
    "telnet",
    "tftp",
    "time",
    "timeout",
    "tmux",
    "touch",
    "tr",
    "umount",
    "uniq",
    "unshare",
    "unzip",
    "vi",
    "view",
    "vim",
    "vim.basic",
    "vim.tiny",
    "vimdiff",
    "watch",
    "wc",
    "wget",
    "whoami",
    "xargs",
    "xxd",
    "xz",
    "yum",
    "zcat",
    "zip",
    "zsh",
    "zstd",
];

/// Values that never come again, or not for long, and what to take instead.
const PASSING: &[(&str, &str)] = &[
    ("container.id", "a container's id changes with every start"),
    ("container.full_id", "a container's id changes with every start"),
    ("container.start_ts", "a start time never comes again"),
    ("container.duration", "an age never comes again"),
    ("container.ip", "addresses of containers are given anew"),
    ("k8s.pod.name", "names of pods end in hashes"),
    ("k8smeta.pod.name", "names of pods end in hashes"),
    ("k8s.pod.id", "ids of pods change with every start"),
    ("k8s.pod.uid", "ids of pods change with every start"),
    ("k8s.pod.ip", "addresses of pods are given anew"),
    ("fd.num", "numbers of descriptors change"),
    ("fd.cport", "the client's port changes with every connection"),
    ("fd.lport", "the own port changes with every connection"),
    ("fd.ino", "numbers of files change"),
    ("proc.exe_ino", "numbers of files change"),
    ("proc.env", "an environment changes and may hold secrets"),
    ("evt.num", "an event's number never comes again"),
    ("evt.args", "it holds numbers that never come again"),
    ("evt.info", "it holds numbers that never come again"),
    ("evt.buffer", "it holds what was transferred"),
    ("evt.res", "every event of the rule may have it"),
    ("evt.type", "every event of the rule may have it"),
    ("evt.dir", "every event of the rule may have it"),
    ("jevt.time", "a time never comes again"),
    ("ka.auditid", "an id of one request never comes again"),
    ("ct.id", "an id of one request never comes again"),
];

/// The field's nature, or why it can be no part of an exception. `source` is the alert's event source.
pub fn nature(field: &str, source: &str) -> Result<Nature, String> {
    if is_own(field) || field.starts_with("fact.") {
        return Err("Falco has no such field".to_owned());
    }
    let base = field.split('[').next().unwrap_or(field);
    if let Some((_, why)) = PASSING.iter().find(|(name, _)| *name == base) {
        return Err((*why).to_owned());
    }
    let is_time =
        ["evt.time", "evt.rawtime", "evt.latency", "evt.deltatime", "evt.datetime", "evt.reltime"];
    let ends = ["pid", "vpid", "tid", "vtid", "sid", "pgid", "vpgid", "_ts", ".ts", ".duration"];
    if is_time.iter().any(|head| base.starts_with(head)) {
        return Err("a time never comes again".to_owned());
    }
    if (base.starts_with("proc.") || base.starts_with("thread."))
        && ends.iter().any(|end| base.ends_with(end))
    {
        return Err("numbers of processes and times never come again".to_owned());
    }
    let entry = fields::find(base).or_else(|| fields::find_dotted(base).map(|(entry, _)| entry));
    match entry {
        None if source == "syscall" => {
            return Err("Falco does not know this field and would refuse the file".to_owned());
        }
        Some(entry) if entry.filter_only => {
            return Err("no alert holds it, so nothing shows what it would match".to_owned());
        }
        Some(entry) if matches!(entry.kind, Kind::List) => {
            return Err("a list cannot be compared as a whole".to_owned());
        }
        _ => {}
    }
    Ok(if GIVEN.contains(&base) { Nature::Given } else { Nature::Chosen })
}

/// Why whoever attacks could have chosen this field's value in this alert; `None` where the field is given.
pub fn why_chosen(field: &str, value: &str, alert: &Alert) -> Option<String> {
    let base = field.split('[').next().unwrap_or(field);
    match base {
        "proc.pname" | "proc.aname" => Some(
            "a name: any program can take it, and a program that has it can start others"
                .to_owned(),
        ),
        "proc.exepath" => why_no_installed(value).or_else(|| why_replaced(alert)).or_else(|| {
            is_tool(value)
                .then(|| format!("anyone can start {value}, and it does what its arguments say"))
        }),
        "proc.pexepath" | "proc.aexepath" => why_no_installed(value)
            .or_else(|| is_tool(value).then(|| format!("{value} starts whatever it is told to"))),
        _ => None,
    }
}

fn why_no_installed(path: &str) -> Option<String> {
    let is_installed = INSTALLED.iter().any(|folder| path.starts_with(folder))
        && !path.contains("/../")
        && !path.ends_with(" (deleted)");
    (!is_installed).then(|| format!("anyone may have put a program at {path}"))
}

fn is_tool(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let plain = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.' || c == '-');
    TOOLS.binary_search(&name).is_ok() || TOOLS.binary_search(&plain).is_ok()
}

/// In a container whoever attacks is often root and may have replaced any file, unless the alert says that it is the image's.
fn why_replaced(alert: &Alert) -> Option<String> {
    let exe = Facts::read(alert).exe;
    if exe.upper || exe.writable || exe.memfd || exe.deleted {
        return Some("the program's file was not installed: it can be written, is in memory, or is none of the image's".to_owned());
    }
    let is_on_host = alert.container().id.is_none_or(|id| id == "host")
        && alert.container().image.is_none()
        && alert.container().name.is_none_or(|name| name == "host");
    (!is_on_host && !exe.lower).then(|| {
        "in a container the file may have been replaced; proc.is_exe_upper_layer would tell"
            .to_owned()
    })
}

/// Whether an alert's field names which of several things it was, for comparing alerts with each other.
pub const TELLING: &[&str] = &[
    "proc.cmdline",
    "proc.exepath",
    "proc.pname",
    "proc.pcmdline",
    "fd.name",
    "container.id",
    "container.image.repository",
    "k8s.ns.name",
    "k8s.pod.name",
    "user.name",
    "evt.type",
    "ka.user.name",
    "ka.target.name",
    "ka.target.namespace",
    "ct.user.arn",
    "ct.srcip",
    "gcp.user",
    "okta.actor.name",
    "github.user",
];
