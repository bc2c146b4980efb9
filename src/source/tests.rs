//! Whole sources through their threads; every wait is for a delivery, never for a time.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

mod renames;

use super::*;

/// So long nothing takes, however busy the machine.
const DEADLINE: Duration = Duration::from_mins(1);

struct Run {
    _handle: Handle,
    deliveries: Receiver<Delivery>,
    handles: BTreeMap<BodyId, Arc<File>>,
    /// Name and content of each body, in order of opening.
    bodies: BTreeMap<BodyId, (String, Vec<u8>)>,
    states: Vec<SourceState>,
    errors: Vec<String>,
    n_done: usize,
    n_sources: usize,
}

fn start(specs: Vec<Spec>, options: Options) -> Run {
    let (outlet, deliveries) = sync_channel(64);
    let n_sources = specs.len();
    Run {
        _handle: spawn(specs, options, outlet),
        deliveries,
        handles: BTreeMap::new(),
        bodies: BTreeMap::new(),
        states: Vec::new(),
        errors: Vec::new(),
        n_done: 0,
        n_sources,
    }
}

impl Run {
    fn hear(&mut self) {
        match self.deliveries.recv_timeout(DEADLINE).expect("a source says something") {
            Delivery::Opened(opened) => {
                self.handles.insert(opened.body, opened.handle);
                self.bodies.insert(opened.body, (opened.name.to_string(), Vec::new()));
            }
            Delivery::Backlog { body, from, to } => {
                let mut bytes = vec![0; usize::try_from(to - from).unwrap()];
                self.handles[&body].read_exact_at(&mut bytes, from).unwrap();
                self.bodies.get_mut(&body).unwrap().1.extend(bytes);
            }
            Delivery::Bytes { body, offset, bytes } => {
                let mut kept = vec![0; bytes.len()];
                self.handles[&body].read_exact_at(&mut kept, offset).unwrap();
                assert_eq!(kept, bytes, "the handle shows what was delivered");
                self.bodies.get_mut(&body).unwrap().1.extend(bytes);
            }
            Delivery::State { state, .. } => self.states.push(state),
            Delivery::Done { error, .. } => {
                self.n_done += 1;
                self.errors.extend(error);
            }
            Delivery::Still { .. } | Delivery::Cut { .. } | Delivery::Ended { .. } => {}
        }
    }

    fn read_to_end(mut self) -> Self {
        while self.n_done < self.n_sources {
            self.hear();
        }
        self
    }

    fn until(&mut self, enough: impl Fn(&Self) -> bool) {
        while !enough(self) {
            self.hear();
        }
    }

    fn text(&self) -> String {
        self.bodies.values().map(|(_, bytes)| String::from_utf8_lossy(bytes)).collect()
    }
}

fn once(specs: Vec<Spec>) -> Run {
    start(specs, Options::default()).read_to_end()
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    writer.write_all(text).unwrap();
    writer.finish().unwrap()
}

fn pack(packing: &str, text: &[u8]) -> Vec<u8> {
    match packing {
        "gz" => gzip(text),
        "zst" => {
            ruzstd::encoding::compress_to_vec(text, ruzstd::encoding::CompressionLevel::Fastest)
        }
        "xz" => {
            let options = lzma_rust2::XzOptions::with_preset(1);
            let mut writer = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
            writer.write_all(text).unwrap();
            writer.finish().unwrap()
        }
        "bz2" => {
            let mut writer = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
            writer.write_all(text).unwrap();
            writer.finish().unwrap()
        }
        other => panic!("no such packing: {other}"),
    }
}

fn joined(numbers: std::ops::Range<usize>, line: impl Fn(usize) -> String) -> String {
    numbers.map(line).collect::<Vec<_>>().join("\n") + "\n"
}

fn lines(from: usize, n_lines: usize) -> String {
    joined(from..from + n_lines, |number| format!("{{\"rule\":\"r\",\"n\":{number}}}"))
}

fn write(folder: &Path, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, bytes).unwrap();
    path
}

#[track_caller]
fn check_archive(packing: &str) {
    let folder = tempfile::tempdir().unwrap();
    let mut bytes = pack(packing, lines(0, 3000).as_bytes());
    bytes.extend(pack(packing, lines(3000, 10).as_bytes()));
    let path = write(folder.path(), "no-telling-name", &bytes);
    let run = once(vec![Spec::File(path)]);
    assert_eq!(run.text(), lines(0, 3010), "{packing}");
    assert!(run.errors.is_empty());
    assert_eq!(run.states, [SourceState::Reading, SourceState::Finished]);
}

#[test]
fn archives_of_every_kind_are_read_with_all_members() {
    ["gz", "zst", "xz", "bz2"].into_iter().for_each(check_archive);
}

#[track_caller]
fn check_torn(packing: &str) {
    let folder = tempfile::tempdir().unwrap();
    // Incompressible enough that the place of the tear matters.
    let text =
        joined(0..200_000, |number| format!("{:016x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
    let packed = pack(packing, text.as_bytes());
    let path = write(folder.path(), "torn", &packed[..packed.len() / 2]);
    let run = once(vec![Spec::File(path)]);
    let read = run.text();
    assert!(text.starts_with(&read), "{packing}: what is read is right");
    assert!(read.len() > text.len() / 3, "{packing}: only {} of {} bytes", read.len(), text.len());
    let told = run.states.iter().any(|state| matches!(state, SourceState::Note(_)));
    assert!(told, "{packing}: {:?}", run.states);
}

#[test]
fn torn_archives_are_read_as_far_as_they_go() {
    ["gz", "zst", "xz", "bz2"].into_iter().for_each(check_torn);
}

#[test]
fn a_damaged_member_costs_only_itself() {
    let folder = tempfile::tempdir().unwrap();
    let mut damaged = gzip(lines(0, 100).as_bytes());
    let middle = damaged.len() / 2;
    damaged[middle..middle + 8].fill(0xff);
    damaged.extend(gzip(lines(100, 5).as_bytes()));
    let run = once(vec![Spec::File(write(folder.path(), "e.gz", damaged))]);
    assert!(run.text().ends_with(&lines(100, 5)), "{:?}", run.states);
}

#[test]
fn a_bomb_is_stopped_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..300 {
        writer.write_all(&vec![b'a'; 1 << 20]).unwrap();
    }
    let path = write(folder.path(), "bomb.gz", writer.finish().unwrap());
    let mut run = start(vec![Spec::File(path)], Options::default());
    run.until(|run| {
        run.states.iter().any(
            |state| matches!(state, SourceState::Note(what) if what.contains("which no log does")),
        )
    });
}

#[test]
fn a_family_is_one_log_oldest_first_each_content_once() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    write(at, "events.json.3.gz", gzip(lines(0, 5).as_bytes()));
    write(at, "events.json.2", lines(5, 5));
    write(at, "events.json.4", lines(5, 5));
    write(at, "events.json.1", lines(10, 5));
    write(at, "events.json.1.gz", gzip(lines(10, 5).as_bytes()));
    write(at, "events.json", lines(15, 5));
    let run = once(vec![Spec::Glob(at.join("events.json*"))]);
    assert!(run.text().ends_with(&lines(10, 10)));
    for number in 0..20 {
        let line = format!("\"n\":{number}}}");
        assert_eq!(run.text().matches(&line).count(), 1, "{line} in {:?}", run.states);
    }
    let run = once(vec![Spec::File(at.join("events.json"))]);
    assert_eq!(run.text(), lines(15, 5));
}

#[test]
fn a_folder_is_all_its_logs_and_those_that_come() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "a.json", lines(0, 1));
    write(folder.path(), ".hidden", "no\n");
    let mut run = start(
        vec![Spec::Folder(folder.path().to_owned())],
        Options { follow: true, ..Options::default() },
    );
    run.until(|run| run.text().contains("\"n\":0"));
    write(folder.path(), "b.json", lines(1, 1));
    run.until(|run| run.text().contains("\"n\":1"));
    assert!(!run.text().contains("no"));
}

#[test]
fn a_link_onto_the_log_of_today_is_followed_to_that_of_tomorrow() {
    let folder = tempfile::tempdir().unwrap();
    let link = |to: &str| {
        let (new, name) = (folder.path().join("new.tmp"), folder.path().join("falco.log"));
        std::os::unix::fs::symlink(to, &new).unwrap();
        fs::rename(new, name).unwrap();
    };
    write(folder.path(), "falco-2026-11-21.log", lines(0, 1));
    let today = write(folder.path(), "falco-2026-11-22.log", lines(1, 1));
    link("falco-2026-11-22.log");
    let options = Options { follow: true, ..Options::default() };
    let mut run = start(vec![Spec::Folder(folder.path().to_owned())], options);
    run.until(|run| run.text().contains("\"n\":1"));
    fs::OpenOptions::new()
        .append(true)
        .open(today)
        .unwrap()
        .write_all(lines(2, 1).as_bytes())
        .unwrap();
    run.until(|run| run.text().contains("\"n\":2"));
    write(folder.path(), "falco-2026-11-23.log", lines(3, 1));
    link("falco-2026-11-23.log");
    run.until(|run| run.text().contains("\"n\":3"));
    assert_eq!(run.text(), lines(0, 4));
}

/// Follows these sources of a folder with one log, then lets `come` happen, another log come, and sees each line read once.
#[track_caller]
fn check_overlap(sources: &[&str], come: impl Fn(&Path)) {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "a.json", lines(0, 1));
    let spec = |name: &&str| match (folder.path().join(name), name.contains('*')) {
        (path, true) => Spec::Glob(path),
        (path, false) => Spec::File(path),
    };
    let options = Options { follow: true, ..Options::default() };
    let mut run = start(sources.iter().map(spec).collect(), options);
    run.until(|run| run.text().contains("\"n\":0"));
    if sources.contains(&"events.json") {
        run.until(|run| run.states.iter().any(|state| matches!(state, SourceState::Waiting(_))));
    }
    come(folder.path());
    let end = "{\"end\":1}\n";
    for name in ["y.json", "z.json"] {
        let n_ends = run.text().matches(end).count();
        write(folder.path(), name, end);
        run.until(|run| run.text().matches(end).count() > n_ends);
    }
    let text = run.text();
    let mut read: Vec<&str> = text.lines().filter(|line| *line != end.trim()).collect();
    read.sort_unstable();
    assert_eq!(read, lines(0, read.len()).lines().collect::<Vec<_>>(), "{sources:?}");
    assert_eq!(text.matches(end).count(), 2, "{sources:?}");
}

#[test]
fn what_comes_into_two_sources_is_read_once() {
    let later = |folder: &Path| drop(write(folder, "events.json", lines(1, 1)));
    check_overlap(&["", "*.json"], later);
    check_overlap(&["events.json", ""], later);
    check_overlap(&["", "events.json"], later);
    check_overlap(&[""], |folder| {
        fs::hard_link(folder.join("a.json"), folder.join("0.json")).unwrap();
    });
}

/// Follows a folder with these files until it says so.
fn follow(files: &[(&str, &[u8])]) -> (tempfile::TempDir, Run) {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        write(folder.path(), name, bytes);
    }
    let options = Options { follow: true, ..Options::default() };
    let mut run = start(vec![Spec::Folder(folder.path().to_owned())], options);
    let last = SourceState::Waiting(format!("a log in {}", folder.path().display()));
    run.until(|run| {
        run.states.iter().any(|state| *state == SourceState::Following || *state == last)
    });
    (folder, run)
}

#[test]
fn a_folder_says_when_all_its_logs_were_read() {
    let (first, second, packed) = (lines(0, 3), lines(3, 3), gzip(lines(6, 3).as_bytes()));
    let check = |files: &[(&str, &[u8])], n_lines: usize| {
        let (_folder, run) = follow(files);
        assert_eq!(run.text().lines().count(), n_lines, "{:?}", run.states);
        assert_eq!(run.states.last(), Some(&SourceState::Following));
    };
    check(&[("a.json", first.as_bytes())], 3);
    check(&[("a.json", first.as_bytes()), ("b.json", second.as_bytes())], 6);
    check(&[("old.json.gz", &packed)], 3);
    check(&[("a.json", first.as_bytes()), ("old.json.gz", &packed)], 6);
}

#[test]
fn an_empty_folder_waits_until_a_log_comes() {
    let (folder, mut run) = follow(&[]);
    assert!(matches!(run.states.last(), Some(SourceState::Waiting(_))), "{:?}", run.states);
    write(folder.path(), "a.json", lines(0, 1));
    run.until(|run| run.states.last() == Some(&SourceState::Following));
    assert_eq!(run.text(), lines(0, 1));
}

#[test]
fn a_folder_tells_of_one_log_that_goes_and_waits_when_all_are_gone() {
    let (folder, mut run) = follow(&[("a.json", b"{}\n"), ("b.json", b"{}\n")]);
    fs::remove_file(folder.path().join("a.json")).unwrap();
    let gone =
        SourceState::Note(format!("{} is not there now", folder.path().join("a.json").display()));
    run.until(|run| run.states.contains(&gone));
    fs::remove_file(folder.path().join("b.json")).unwrap();
    run.until(|run| matches!(run.states.last(), Some(SourceState::Waiting(_))));
}

#[test]
fn a_large_file_is_announced_and_a_small_one_sent() {
    let folder = tempfile::tempdir().unwrap();
    let text = lines(0, 200_000) + "unfinished";
    let path = write(folder.path(), "large.json", &text);
    let run = once(vec![Spec::File(path), Spec::File(write(folder.path(), "small.json", "{}"))]);
    assert_eq!(run.bodies[&BodyId(0)].1.len() + run.bodies[&BodyId(1)].1.len(), text.len() + 2);
}

#[test]
fn what_cannot_be_read_is_one_clear_sentence() {
    let check = |path: &str, sentence: &str| {
        let run = once(vec![Spec::File(path.into())]);
        assert_eq!(run.errors, [sentence]);
    };
    check("/no/such/file", "cannot read /no/such/file: no such file");
    check("/dev/zero", "cannot read /dev/zero: it is a device, not a log");
    check(
        "/proc/self/status",
        "cannot read /proc/self/status: the kernel makes it up, it is not a log",
    );
    let folder = tempfile::tempdir().unwrap();
    let run = once(vec![Spec::Folder(folder.path().to_owned())]);
    assert_eq!(run.errors, [format!("no logs found in {}", folder.path().display())]);
    let run = once(vec![Spec::File("/dev/null".into())]);
    assert!(run.errors.is_empty());
}

fn words(words: &[&str]) -> Spec {
    Spec::Child(words.iter().map(OsString::from).collect())
}

#[test]
fn a_child_is_read_and_its_last_words_are_told() {
    let run = once(vec![words(&["sh", "-c", "echo one; echo two; echo no more >&2; exit 3"])]);
    assert_eq!(run.text(), "one\ntwo\n");
    assert_eq!(run.errors.len(), 1);
    assert!(run.errors[0].ends_with("ended with exit code 3: no more"), "{:?}", run.errors);
    let run = once(vec![words(&["true"])]);
    assert!(run.errors.is_empty());
    let run = once(vec![words(&["/no/such/program"])]);
    assert!(run.errors[0].starts_with("cannot start /no/such/program: "), "{:?}", run.errors);
}

#[test]
fn a_child_is_started_again_if_asked() {
    let mut run =
        start(vec![words(&["echo", "again"])], Options { restart: true, ..Options::default() });
    run.until(|run| run.text().matches("again").count() == 2);
}

#[test]
fn dropping_the_handle_ends_a_child() {
    let mut run = start(vec![words(&["sh", "-c", "echo $$; exec sleep 1000"])], Options::default());
    run.until(|run| run.text().ends_with('\n'));
    let process = PathBuf::from(format!("/proc/{}", run.text().trim()));
    assert!(process.exists());
    drop(run);
    assert!(!process.exists());
}

#[test]
fn a_child_that_closes_its_output_and_lives_on_is_ended() {
    let run = once(vec![words(&["sh", "-c", "echo one; exec >&- 2>&-; exec sleep 1000"])]);
    assert_eq!(run.text(), "one\n");
    assert!(run.errors[0].contains("closed its output"), "{:?}", run.errors);
}

#[test]
fn a_fifo_is_a_log_with_one_writer_after_another() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fifo");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &path,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
        0,
    )
    .unwrap();
    let mut run =
        start(vec![Spec::File(path.clone())], Options { follow: true, ..Options::default() });
    for text in ["one\n", "two\n"] {
        fs::OpenOptions::new().write(true).open(&path).unwrap().write_all(text.as_bytes()).unwrap();
        run.until(|run| run.text().ends_with(text));
    }
    assert_eq!(run.text(), "one\ntwo\n");
}

#[test]
fn a_socket_is_read_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let run = start(vec![Spec::File(path)], Options::default());
    let (mut peer, _) = listener.accept().unwrap();
    peer.write_all(b"from a socket\n").unwrap();
    drop(peer);
    assert_eq!(run.read_to_end().text(), "from a socket\n");
}

#[test]
fn a_slow_receiver_loses_nothing_of_a_fast_pipe() {
    const LINES: usize = if cfg!(feature = "real-tools") { 10_000_000 } else { 1_500_000 };
    let mut run = start(vec![words(&["seq", "1", &LINES.to_string()])], Options::default());
    // More than the pipe, the memory and the channel hold.
    run.until(|run| !run.bodies.is_empty());
    let run = run.read_to_end();
    let expected = joined(1..LINES + 1, |number| number.to_string());
    assert!(run.text() == expected);
}

#[test]
fn the_journal_is_asked_for_whole_entries() {
    let all = journal::command(Some("falco-modern-bpf"), true);
    let all: Vec<_> = all.iter().map(|word| word.to_str().unwrap()).collect();
    assert_eq!(
        all.join(" "),
        "journalctl --output=json --all --no-pager --quiet --follow --no-tail --unit=falco-modern-bpf"
    );
}
