//! What kinds of programs a process descends from, and whether it looks like a drill of the event-generator.

use super::Notes;
use crate::analysis::outcome::Direction;
use crate::model::Alert;

macro_rules! kin {
    ($($variant:ident $name:literal)*) => {
        /// A kind of program among parent and ancestors.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Kin { $($variant),* }

        impl Kin {
            /// The word of `fact.parents`.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }
        }
    };
}

kin! {
    WebServer "web-server"
    Database "database"
    Java "java"
    Interpreter "interpreter"
    Shell "shell"
    Ssh "ssh"
    Cron "cron"
    PackageManager "package-manager"
    ConfigManagement "config-management"
    Ci "ci"
    Runtime "runtime"
    Kubelet "kubelet"
    Init "init"
    Drill "drill"
    LogRotation "log-rotation"
}

/// The kind of a program by its name, as the kernel cuts it (15 bytes).
fn kind(name: &str) -> Option<Kin> {
    let base = name.rsplit('/').next().unwrap_or(name);
    Some(match base {
        "nginx" | "httpd" | "apache2" | "lighttpd" | "caddy" | "php-fpm" | "haproxy" | "envoy"
        | "traefik" | "uwsgi" | "gunicorn" | "tomcat" | "w3wp" => Kin::WebServer,
        "mysqld" | "mariadbd" | "postgres" | "postmaster" | "mongod" | "mongos"
        | "redis-server" | "valkey-server" | "oracle" | "sqlservr" | "elasticsearch"
        | "couchdb" | "cassandra" => Kin::Database,
        "java" => Kin::Java,
        "python" | "python2" | "python3" | "perl" | "ruby" | "node" | "nodejs" | "php" | "lua" => {
            Kin::Interpreter
        }
        "sh" | "bash" | "dash" | "ash" | "zsh" | "ksh" | "mksh" | "csh" | "tcsh" | "fish"
        | "busybox" => Kin::Shell,
        "sshd" | "sshd-session" | "dropbear" => Kin::Ssh,
        "cron" | "crond" | "anacron" | "atd" => Kin::Cron,
        "apt" | "apt-get" | "dpkg" | "yum" | "dnf" | "rpm" | "apk" | "zypper" | "pacman"
        | "unattended-upgr" => Kin::PackageManager,
        "ansible" | "ansible-playboo" | "puppet" | "chef-client" | "salt-minion" | "cloud-init" => {
            Kin::ConfigManagement
        }
        "gitlab-runner" | "Runner.Worker" | "Runner.Listener" | "jenkins" | "buildkitd" => Kin::Ci,
        "containerd-shim" | "runc" | "crun" | "conmon" | "docker-init" | "tini" | "dumb-init"
        | "catatonit" => Kin::Runtime,
        "kubelet" => Kin::Kubelet,
        "systemd" | "init" => Kin::Init,
        "event-generator" => Kin::Drill,
        "logrotate" => Kin::LogRotation,
        _ if base.starts_with("containerd-shim") || base.starts_with("runc:[") => Kin::Runtime,
        _ if base.starts_with("php-fpm") => Kin::WebServer,
        _ if base.starts_with("python3.") || base.starts_with("python2.") => Kin::Interpreter,
        _ => return None,
    })
}

/// Whether a program of this name belongs to the container runtime.
pub fn is_runtime(name: &str) -> bool {
    kind(name) == Some(Kin::Runtime)
}

/// Parent and ancestors that the alert names, nearest first, without repetition.
pub fn names(alert: &Alert) -> Vec<(&str, &str)> {
    let one = |field: &'static str| Some((field, alert.fields.text(field)?));
    // Few alerts have any: the fields are looked through once, not sixteen times.
    let mut ancestors: Vec<(u8, &str, &str)> = alert
        .fields
        .iter()
        .filter_map(|(key, _)| {
            let number = key.strip_prefix("proc.aname[")?.strip_suffix(']')?;
            let is_plain = number.starts_with(|first: char| matches!(first, '1'..='9'));
            let n = number.parse().ok().filter(|n| is_plain && (1..=16).contains(n))?;
            Some((n, key, alert.fields.text(key)?))
        })
        .collect();
    ancestors.sort_unstable();
    let ancestors = ancestors.into_iter().map(|(_, key, name)| (key, name));
    one("proc.pname").into_iter().chain(ancestors).chain(one("proc.sname")).collect()
}

/// The kinds among parent and ancestors.
pub fn kin(alert: &Alert) -> Vec<Kin> {
    let mut kinds = Vec::new();
    for (_, name) in names(alert) {
        if let Some(kind) = kind(name)
            && !kinds.contains(&kind)
        {
            kinds.push(kind);
        }
    }
    kinds
}

/// The words of `fact.parents`.
pub fn words(kin: &[Kin]) -> String {
    let words: Vec<_> = kin.iter().map(|kin| kin.name()).collect();
    words.join(" ")
}

/// Tells who started the process, and marks a server that starts programs.
pub fn tell(alert: &Alert, kin: &[Kin], notes: &mut Notes) {
    let executes = matches!(alert.fields.text("evt.type"), Some("execve" | "execveat") | None);
    for (field, name) in names(alert) {
        let kind = kind(name);
        let (says, direction) = match kind {
            Some(Kin::WebServer | Kin::Database | Kin::Java) => (
                format!("{name} serves requests; what it starts may be what a request asked for."),
                Direction::Up,
            ),
            Some(Kin::Runtime) => (
                format!(
                    "{name} belongs to the container runtime: an entrypoint, an exec or a probe."
                ),
                Direction::Neutral,
            ),
            Some(Kin::Ssh) => (
                format!("{name} is the way of a remote login: an administrator, or a stolen key."),
                Direction::Neutral,
            ),
            Some(Kin::Drill) => (
                format!("{name} is the name of Falco's own test program; a name can be chosen."),
                Direction::Neutral,
            ),
            Some(Kin::Cron) => (format!("{name} runs jobs on a schedule."), Direction::Neutral),
            Some(_) | None if field == "proc.pname" => {
                (format!("{name} started the process."), Direction::Neutral)
            }
            _ => continue,
        };
        notes.row(field, name, says, direction);
    }
    let servers = [Kin::WebServer, Kin::Database, Kin::Java];
    if executes && kin.iter().any(|kin| servers.contains(kin)) {
        let says = "The process descends from a program that serves requests.";
        notes.mark("server-parent", "proc.aname", says, 2);
    }
}

/// `true` when the event-generator's image proves a drill, `look` when only names say so.
pub fn drill(alert: &Alert) -> Option<&'static str> {
    let fields = &alert.fields;
    let image = fields
        .text("container.image.repository")
        .or_else(|| fields.text("container.image"))
        .unwrap_or("");
    let repository = super::place::repository(image);
    let registries = ["", "docker.io/", "index.docker.io/", "public.ecr.aws/"];
    if let Some(registry) = repository.strip_suffix("falcosecurity/event-generator") {
        if registries.contains(&registry) {
            return Some("true");
        }
        // Anybody may push an image of that name to a registry of his own.
        if registry.ends_with('/') {
            return Some("look");
        }
    }
    let command = fields.text("proc.cmdline").unwrap_or("");
    let paths = ["proc.exepath", "proc.exe", "proc.cmdline", "fd.name", "proc.pexepath"];
    let marked = paths
        .into_iter()
        .filter_map(|field| fields.text(field))
        .any(|value| value.contains("falco-event-generator-syscall-"));
    let named = names(alert).iter().any(|(_, name)| *name == "event-generator")
        || fields.text("proc.name") == Some("event-generator")
        || fields.text("proc.pcmdline").is_some_and(|line| line.starts_with("event-generator "));
    let helper = command.ends_with(" run helper.DoNothing")
        || command.contains(" run ^helper.")
        || command.contains(" run ^syscall.");
    let namespace = fields.text("ka.target.namespace").or_else(|| fields.text("k8s.ns.name"));
    let sandbox = matches!(namespace, Some("falco-eg-sandbox"));
    (marked || named || helper || sandbox).then_some("look")
}
