//! Writes a log of made alerts, the same for the same arguments: `generate [SIZE] [FORMAT] [SEED]`.
//!
//! SIZE takes k, M or G (default 100M); FORMAT is json, text, cri, docker, journald or sidekick. Forty rules with Zipf
//! frequencies, thousands of containers, escapes and text beyond ASCII, about 1.5 kB an alert as JSON.

use std::fmt::Write as _;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

const RULES: usize = 40;
const CONTAINERS: u64 = 3000;
/// The time of the first alert, in nanoseconds since 1970.
const START: i64 = 1_735_689_600_000_000_000;

const VERBS: [&str; 8] =
    ["Unexpected", "Suspicious", "Forbidden", "Unknown", "Privileged", "Hidden", "Remote", "Late"];
const NOUNS: [&str; 5] = ["shell", "outbound connection", "file read", "mount", "module load"];
const PROGRAMS: [&str; 12] = [
    "bash", "sh", "python3", "nginx", "java", "curl", "node", "postgres", "cat", "runc", "kubelet",
    "nc",
];
const ARGUMENTS: [&str; 8] = [
    "-c \\\"id && uname -a\\\"",
    "--config /etc/app/config.yaml",
    "-e \\\"print('h\u{e9}llo w\u{f6}rld')\\\"",
    "-la /var/lib/data",
    "'\\\\d+\\\\s' file.txt",
    "--label \u{30c6}\u{30b9}\u{30c8}",
    "-O /tmp/x.sh https://files.example.net/x.sh",
    "-jar service.jar --spring.profiles.active=prod",
];
const PRIORITIES: [&str; 8] =
    ["Notice", "Warning", "Notice", "Critical", "Informational", "Error", "Debug", "Emergency"];

/// A small generator of numbers (`SplitMix64`): the same everywhere.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        let at = usize::try_from(self.below(words.len() as u64)).unwrap_or(0);
        words.get(at).copied().unwrap_or("")
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Format {
    Json,
    Text,
    Cri,
    Docker,
    Journald,
    Sidekick,
}

const USAGE: &str = "\
usage: generate [SIZE] [FORMAT] [SEED]

Writes made alerts to standard output, the same for the same arguments.

  SIZE    how much at least, in bytes, or with k, M or G [default: 100M]
  FORMAT  json, text, cri, docker, journald or sidekick [default: json]
  SEED    any number up to 2^64 - 1 [default: 1]";

struct Wish {
    size: u64,
    format: Format,
    seed: u64,
}

impl Wish {
    fn read(arguments: &[String]) -> Result<Self, String> {
        let mut wish = Self { size: 100_000_000, format: Format::Json, seed: 1 };
        if let Some(text) = arguments.first() {
            wish.size = size(text).ok_or_else(|| format!("no size: {text}"))?;
        }
        if let Some(text) = arguments.get(1) {
            wish.format = format(text).ok_or_else(|| format!("no format: {text}"))?;
        }
        if let Some(text) = arguments.get(2) {
            wish.seed = text.parse().map_err(|_| format!("no seed: {text}"))?;
        }
        match arguments.get(3) {
            Some(text) => Err(format!("one argument too many: {text}")),
            None => Ok(wish),
        }
    }
}

fn main() -> io::Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|text| text == "-h" || text == "--help") {
        writeln!(io::stdout(), "{USAGE}")?;
        return Ok(ExitCode::SUCCESS);
    }
    match Wish::read(&arguments) {
        Ok(wish) => write(&wish).map(|()| ExitCode::SUCCESS),
        Err(wrong) => {
            writeln!(io::stderr(), "generate: {wrong}\n\n{USAGE}")?;
            Ok(ExitCode::from(2))
        }
    }
}

fn write(&Wish { size, format, seed }: &Wish) -> io::Result<()> {
    let mut dice = Dice(seed);
    let mut out = BufWriter::with_capacity(1 << 20, io::stdout().lock());
    let (mut written, mut number, mut line) = (0, 0_i64, String::new());
    while written < size {
        line.clear();
        alert(&mut line, format, number, &mut dice);
        line.push('\n');
        match out.write_all(line.as_bytes()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            result => result?,
        }
        written += line.len() as u64;
        number += 1;
    }
    out.flush()
}

fn format(text: &str) -> Option<Format> {
    Some(match text {
        "json" => Format::Json,
        "text" => Format::Text,
        "cri" => Format::Cri,
        "docker" => Format::Docker,
        "journald" => Format::Journald,
        "sidekick" => Format::Sidekick,
        _ => return None,
    })
}

fn size(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit = match text.strip_prefix(digits)? {
        "" => 1,
        "k" => 1_000,
        "M" => 1_000_000,
        "G" => 1_000_000_000,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(unit)
}

/// A rule's number: the n-th is n times rarer than the first.
fn zipf(dice: &mut Dice) -> usize {
    let total: u64 = (1..=RULES as u64).map(|n| 1_000_000 / n).sum();
    let mut rest = dice.below(total);
    for n in 1..=RULES {
        let weight = 1_000_000 / n as u64;
        if rest < weight {
            return n - 1;
        }
        rest -= weight;
    }
    0
}

fn alert(line: &mut String, format: Format, number: i64, dice: &mut Dice) {
    let rule = zipf(dice);
    let nanos = START + number * 37_000_000 + i64::try_from(dice.below(30_000_000)).unwrap_or(0);
    let time = stamp(nanos);
    let json = record(rule, nanos, &time, format, dice);
    // Writing to a string cannot fail.
    let _ = match format {
        Format::Json | Format::Sidekick => write!(line, "{}", json.whole),
        Format::Text => write!(line, "{}", json.output),
        Format::Cri => write!(line, "{time} stdout F {}", json.whole),
        Format::Docker => write!(
            line,
            "{{\"log\":\"{}\\n\",\"stream\":\"stdout\",\"time\":\"{time}\"}}",
            escape(&json.whole)
        ),
        Format::Journald => write!(
            line,
            "{{\"__REALTIME_TIMESTAMP\":\"{}\",\"_HOSTNAME\":\"node-{}\",\"SYSLOG_IDENTIFIER\":\"falco\",\
             \"_PID\":\"812\",\"PRIORITY\":\"4\",\"MESSAGE\":\"{}\"}}",
            nanos / 1000,
            rule % 7,
            escape(&json.whole)
        ),
    };
}

struct Record {
    whole: String,
    output: String,
}

fn record(rule: usize, nanos: i64, time: &str, format: Format, dice: &mut Dice) -> Record {
    let verb = VERBS.get(rule % 8).copied().unwrap_or("");
    let noun = NOUNS.get(rule / 8).copied().unwrap_or("");
    let priority = PRIORITIES.get(rule % 8).copied().unwrap_or("");
    let on_host = dice.below(10) == 0;
    // A container runs one program, which sets off a few rules.
    let container = (rule as u64 * 75 + dice.below(300)) % CONTAINERS;
    let mut fixed = Dice(container);
    let id = if on_host { "host".to_owned() } else { format!("{:012x}", fixed.next() >> 16) };
    let name = if on_host {
        "host".to_owned()
    } else {
        format!("app-{}-{container}", fixed.pick(&PROGRAMS))
    };
    let (ns, pod) = if on_host {
        ("<NA>".to_owned(), "<NA>".to_owned())
    } else {
        (format!("team-{}", container % 23), format!("{name}-{:05x}", fixed.below(1 << 20)))
    };
    let program = dice.pick(&PROGRAMS);
    let parent = dice.pick(&PROGRAMS);
    let argument = dice.pick(&ARGUMENTS);
    let (pid, port) = (dice.below(4_000_000), 1024 + dice.below(60_000));
    let address = format!("10.{}.{}.{}", dice.below(256), dice.below(256), dice.below(256));
    let command = format!("{program} {argument}");
    let mut fields = String::new();
    let k8s = if on_host {
        "\"k8s.ns.name\":null,\"k8s.pod.name\":null".to_owned()
    } else {
        format!("\"k8s.ns.name\":\"{ns}\",\"k8s.pod.name\":\"{pod}\"")
    };
    let repository =
        (!on_host).then(|| format!("registry.example.net/team/app-{}", container % 41));
    let image = repository.as_ref().map_or("null".to_owned(), |name| format!("\"{name}\""));
    let _ = write!(
        fields,
        "\"container.id\":\"{id}\",\"container.image.repository\":{image},\"container.image.tag\":\"1.{}.{}\",\
         \"container.name\":\"{name}\",\"evt.arg.flags\":\"EXE_WRITABLE|EXE_UPPER_LAYER\",\"evt.num\":{},\"evt.time\":{nanos},\
         \"evt.type\":\"execve\",\"fd.cip\":\"{address}\",\"fd.cport\":{port},\"fd.name\":\"{address}:{port}->10.0.0.1:443\",\
         \"fd.sip\":\"10.0.0.1\",\"fd.sport\":443,{k8s},\"proc.aname[2]\":\"containerd-shim\",\"proc.cmdline\":\"{command}\",\
         \"proc.cwd\":\"/srv/{program}/\",\"proc.exepath\":\"/usr/bin/{program}\",\"proc.name\":\"{program}\",\
         \"proc.pcmdline\":\"{parent} --supervise\",\"proc.pid\":{pid},\"proc.pname\":\"{parent}\",\"proc.ppid\":{},\
         \"proc.sname\":\"{parent}\",\"proc.tty\":{},\"proc.vpid\":{},\"user.loginuid\":-1,\"user.name\":\"{}\",\"user.uid\":{}",
        container % 9,
        container % 4,
        dice.below(100_000_000),
        dice.below(4_000_000),
        if dice.below(8) == 0 { 34816 } else { 0 },
        dice.below(4000),
        if dice.below(3) == 0 { "root" } else { "app" },
        dice.below(3) * 1000,
    );
    let clock = time.get(11..29).unwrap_or(time);
    let output = format!(
        "{clock}: {priority} {verb} {noun} (user=app program={program} command={command} pid={pid} parent={parent} \
         connection={address}:{port}->10.0.0.1:443 container_id={id} container_name={name} image={} k8s_ns={ns} k8s_pod={pod})",
        repository.as_deref().unwrap_or("<NA>"),
    );
    let uuid = if format == Format::Sidekick {
        format!("\"uuid\":\"{:08x}-0000-4000-8000-{:012x}\",", dice.next() >> 32, dice.next() >> 16)
    } else {
        String::new()
    };
    let whole = format!(
        "{{{uuid}\"hostname\":\"node-{}\",\"output\":\"{output}\",\"output_fields\":{{{fields}}},\"priority\":\"{priority}\",\
         \"rule\":\"{verb} {noun}\",\"source\":\"syscall\",\"tags\":[\"T1059\",\"container\",\"maturity_stable\",\"mitre_execution\",\
         \"network\",\"process\"],\"time\":\"{time}\"}}",
        container % 7
    );
    // In a text log the escapes of JSON are plain.
    let output = output.replace("\\\"", "\"").replace("\\\\", "\\");
    Record { whole, output }
}

/// `2025-01-01T00:00:00.000000000Z`
fn stamp(nanos: i64) -> String {
    jiff::Timestamp::from_nanosecond(nanos.into())
        .map_or_else(|_| String::new(), |time| format!("{time:.9}"))
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}
