//! The executed file, the terminal and the login behind a process.
//!
//! The flags of `execve` are those of Falco's driver: `EXE_UPPER_LAYER` means that the file lies in the container's
//! own writable layer, `EXE_LOWER_LAYER` that it comes from the image, `EXE_WRITABLE` that the user who executed it may
//! also write it (true for nearly every root process), `EXE_FROM_MEMFD` that it has no file on disk.

use super::Notes;
use crate::analysis::outcome::Direction;
use crate::model::Alert;

/// What is known about the executed file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag that Falco prints")]
pub struct Exe {
    pub upper: bool,
    pub lower: bool,
    pub memfd: bool,
    /// The container runtime's own protection against being overwritten.
    pub runc: bool,
    pub deleted: bool,
    pub writable: bool,
    pub tmp: bool,
    pub hidden: bool,
}

impl Exe {
    /// The words of `fact.exe`.
    pub fn words(&self) -> String {
        let words = [
            ("upper", self.upper),
            ("lower", self.lower),
            ("memfd", self.memfd && !self.runc),
            ("runc-memfd", self.runc),
            ("deleted", self.deleted),
            ("writable", self.writable),
            ("tmp", self.tmp),
            ("hidden", self.hidden),
        ];
        let words: Vec<_> = words.iter().filter(|(_, is)| *is).map(|(word, _)| *word).collect();
        words.join(" ")
    }

    /// Whether the program exists only as long as its process lives.
    pub fn is_fleeting(&self) -> bool {
        (self.memfd && !self.runc) || self.deleted
    }
}

/// Reads the flags and paths of the executed file.
pub fn exe(alert: &Alert, notes: &mut Notes) -> Exe {
    let fields = &alert.fields;
    let flags_field =
        ["evt.arg.flags", "evt.arg.exe_flags"].into_iter().find(|name| fields.text(name).is_some());
    let flags = flags_field.and_then(|name| fields.text(name)).unwrap_or("");
    let is = |name: &'static str, flag: &str| -> Option<&'static str> {
        if fields.known(name).and_then(crate::model::Value::as_bool) == Some(true) {
            return Some(name);
        }
        let names_it = flags.split(['|', ',', ' ']).any(|word| word == flag);
        flags_field.filter(|_| names_it)
    };
    let path = fields.text("proc.exepath").or_else(|| fields.text("proc.exe")).unwrap_or("");
    let memfd_field = is("proc.is_exe_from_memfd", "EXE_FROM_MEMFD")
        .or_else(|| path.trim_start_matches('/').starts_with("memfd:").then_some("proc.exepath"));
    let mut exe = Exe { deleted: path.ends_with(" (deleted)"), ..Exe::default() };
    if let Some(field) = is("proc.is_exe_upper_layer", "EXE_UPPER_LAYER") {
        exe.upper = true;
        let says = "The executed file was added to the container or changed in it after it started; it is not the image's own.";
        notes.row(field, value(alert, field), says, Direction::Up);
        notes.mark("upper", field, says, 3);
    }
    if let Some(field) = is("proc.is_exe_lower_layer", "EXE_LOWER_LAYER") {
        exe.lower = true;
        let says = "The executed file comes unchanged from the container's image.";
        notes.row(field, value(alert, field), says, Direction::Neutral);
    }
    if let Some(field) = is("proc.is_exe_writable", "EXE_WRITABLE") {
        exe.writable = true;
        let says = "The user who ran the file could also write it. That is true for nearly every root process and says nothing about a change.";
        notes.row(field, value(alert, field), says, Direction::Neutral);
    }
    if let Some(field) = memfd_field {
        exe.memfd = true;
        exe.runc = path.contains("memfd:runc_cloned:") && is_of_runtime(alert);
        if exe.runc {
            let says = "runc runs from a sealed copy of itself in memory; that protects it from being overwritten by a container.";
            notes.row("proc.exepath", path, says, Direction::Neutral);
        } else {
            let says = "The executed program has no file on disk: it ran from memory, and its code is gone when the process ends.";
            notes.row(field, value(alert, field), says, Direction::Up);
            notes.mark("memfd", field, says, 2);
        }
    }
    read_path(path, &mut exe, notes);
    tell_kernel_name(alert, path, notes);
    exe
}

/// Names of the kernel's own threads, by how they begin.
const KERNEL_THREADS: [&str; 20] = [
    "kworker",
    "kthreadd",
    "ksoftirqd",
    "kswapd",
    "kcompactd",
    "khugepaged",
    "kauditd",
    "kblockd",
    "kdevtmpfs",
    "kintegrityd",
    "khungtaskd",
    "migration/",
    "cpuhp/",
    "watchdog/",
    "irq/",
    "rcu_sched",
    "rcu_preempt",
    "rcu_par_gp",
    "oom_reaper",
    "jbd2/",
];

/// Marks a program that is called like a thread of the kernel: those execute nothing and live in no container.
fn tell_kernel_name(alert: &Alert, path: &str, notes: &mut Notes) {
    let fields = &alert.fields;
    let first = || fields.text("proc.cmdline")?.split_whitespace().next();
    let Some(name) = fields.text("proc.name").or_else(first) else { return };
    let bare = name.trim_start_matches('[');
    let is_bracketed = name.starts_with('[') || first().is_some_and(|word| word.starts_with('['));
    let is_called_so = KERNEL_THREADS.iter().any(|thread| bare.starts_with(thread))
        || (is_bracketed && first().is_some_and(|word| word.ends_with(']') && word.len() > 2));
    let is_started = matches!(fields.text("evt.type"), Some("execve" | "execveat"));
    let is_inside = alert.container().id.is_some_and(|id| !id.is_empty() && id != "host");
    if is_called_so && (!path.is_empty() || is_started || is_inside) {
        let says = format!(
            "{name} is called like a thread of the kernel. Those execute no programs and live in no container, so the name is a disguise."
        );
        notes.row("proc.name", name, says.clone(), Direction::Up);
        notes.mark("kernel-name", "proc.name", says, 2);
    }
}

/// Whether the runtime itself started it, on the host: any program can give its memory file runc's name.
fn is_of_runtime(alert: &Alert) -> bool {
    let daemons = ["containerd", "dockerd", "crio", "podman", "kubelet"];
    let parent = alert.fields.text("proc.pname").unwrap_or("");
    let is_outside = matches!(alert.container().id, None | Some("host"));
    is_outside && (daemons.contains(&parent) || super::ancestry::is_runtime(parent))
}

fn read_path(path: &str, exe: &mut Exe, notes: &mut Notes) {
    let folders = ["/tmp/", "/var/tmp/", "/dev/shm/", "/run/shm/"];
    exe.tmp = folders.iter().any(|folder| path.starts_with(folder));
    exe.hidden = path.starts_with('/')
        && path.split('/').any(|part| part.starts_with('.') && part.len() > 2);
    // Of two marks of a field the first one weighs.
    if exe.deleted {
        let says = "The program's file was deleted while it ran; it can be copied only as long as the process lives.";
        notes.row("proc.exepath", path, says, Direction::Up);
        notes.mark("deleted", "proc.exepath", says, 2);
    }
    if exe.tmp || exe.hidden {
        let says = if exe.tmp {
            "The program lies in a folder for temporary files, where anyone may put one."
        } else {
            "The program's path has a hidden part."
        };
        notes.row("proc.exepath", path, says, Direction::Up);
        notes.mark("tmp", "proc.exepath", says, 1);
    }
}

/// Reads the terminal from the device number in `proc.tty`.
pub fn tty(alert: &Alert, notes: &mut Notes) -> Option<bool> {
    let device = alert.fields.number("proc.tty")?;
    let (major, minor) = (device >> 8, device & 0xff);
    let says = match (device, major) {
        (0, _) => "The process has no terminal: automation, a service or an exploit, not a person at a keyboard.".to_owned(),
        (_, 136..=143) => {
            format!("The process has the terminal /dev/pts/{}: a person, or a tool that asked for one.", (major - 136) * 256 + minor)
        }
        (_, 4) if minor < 64 => format!("The process has the console /dev/tty{minor}."),
        _ => "The process has a terminal.".to_owned(),
    };
    notes.row("proc.tty", device.to_string(), says, Direction::Neutral);
    Some(device != 0)
}

/// Reads the audit login uid.
pub fn login(alert: &Alert, notes: &mut Notes) -> Option<bool> {
    let uid = alert.fields.number("user.loginuid")?;
    if super::is_container_start(alert) {
        return None;
    }
    if uid == -1 || uid == i128::from(u32::MAX) {
        let says = "No login stands behind the process: normal for services and containers. It says nothing about rights.";
        notes.row("user.loginuid", uid.to_string(), says, Direction::Neutral);
        return Some(false);
    }
    let name =
        alert.fields.text("user.loginname").map(|name| format!(" ({name})")).unwrap_or_default();
    let says = format!(
        "The process goes back to a login of uid {uid}{name} on the host: a person can be asked."
    );
    notes.row("user.loginuid", uid.to_string(), says, Direction::Neutral);
    Some(true)
}

fn value(alert: &Alert, field: &str) -> String {
    alert.fields.get(field).map(|value| value.display().into_owned()).unwrap_or_default()
}
