//! A log on a real file system, its reader, and everything the reader said.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::sync::mpsc::{Receiver, sync_channel};

use tempfile::TempDir;

use super::super::*;
use crate::model::{BodyId, Location, SourceId};
use crate::source::{Bodies, Delivery};

/// A log, its reader and everything the reader said.
pub(super) struct Story {
    pub(super) folder: TempDir,
    pub(super) log: PathBuf,
    pub(super) tail: Tail,
    pub(super) out: Out,
    pub(super) deliveries: Receiver<Delivery>,
    pub(super) now: Duration,
    pub(super) n_written: usize,
    pub(super) written: Vec<String>,
    pub(super) unfinished: BTreeMap<BodyId, Vec<u8>>,
    pub(super) handles: BTreeMap<BodyId, std::sync::Arc<File>>,
    pub(super) read: Vec<String>,
    pub(super) states: Vec<SourceState>,
    pub(super) bodies: Bodies,
    pub(super) locations: Vec<(Location, String)>,
    pub(super) offsets: BTreeMap<BodyId, u64>,
}

impl Story {
    pub(super) fn new() -> Self {
        Self::at(|folder| folder.join("events.json"))
    }

    pub(super) fn at(log: impl Fn(&Path) -> PathBuf) -> Self {
        // A folder in memory makes thousands of stories cheap, where there is one.
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let log = log(folder.path());
        let speaker = Speaker {
            source: SourceId(0),
            name: "events.json".into(),
            path: Some(log.clone().into()),
        };
        let (outlet, deliveries) = sync_channel(1 << 16);
        let mut tail = Tail::new(log.clone(), speaker, true, 64 << 10);
        tail.hold();
        Self {
            folder,
            log,
            tail,
            out: Out::new(outlet),
            deliveries,
            now: Duration::ZERO,
            n_written: 0,
            written: Vec::new(),
            unfinished: BTreeMap::new(),
            handles: BTreeMap::new(),
            read: Vec::new(),
            states: Vec::new(),
            bodies: Bodies::default(),
            locations: Vec::new(),
            offsets: BTreeMap::new(),
        }
    }

    pub(super) fn beside(&self, suffix: &str) -> PathBuf {
        let mut name = self.log.clone().into_os_string();
        name.push(suffix);
        name.into()
    }

    pub(super) fn line(&mut self) -> String {
        self.n_written += 1;
        let line = format!("{{\"rule\":\"a rule\",\"n\":{:06}}}", self.n_written);
        self.written.push(line.clone());
        line
    }

    pub(super) fn lines(&mut self, n_lines: usize) -> String {
        (0..n_lines).map(|_| self.line() + "\n").collect()
    }

    /// Appends whole lines as Falco does: opened for each write.
    pub(super) fn write(&mut self, n_lines: usize) -> &mut Self {
        let text = self.lines(n_lines);
        self.append(&self.log.clone(), text.as_bytes())
    }

    pub(super) fn append(&mut self, path: &Path, bytes: &[u8]) -> &mut Self {
        OpenOptions::new().create(true).append(true).open(path).unwrap().write_all(bytes).unwrap();
        self
    }

    pub(super) fn rename(&mut self, to: &str) -> &mut Self {
        fs::rename(&self.log, self.beside(to)).unwrap();
        self
    }

    /// Renames the older generations up by one, and the log to `.1`.
    pub(super) fn rotate(&mut self) -> &mut Self {
        for number in (1..20).rev() {
            let from = self.beside(&format!(".{number}"));
            if from.exists() {
                fs::rename(from, self.beside(&format!(".{}", number + 1))).unwrap();
            }
        }
        self.rename(".1")
    }

    pub(super) fn copytruncate(&mut self) -> &mut Self {
        for number in (1..20).rev() {
            let from = self.beside(&format!(".{number}"));
            if from.exists() {
                fs::rename(from, self.beside(&format!(".{}", number + 1))).unwrap();
            }
        }
        fs::copy(&self.log, self.beside(".1")).unwrap();
        self.truncate(0)
    }

    /// Packs the youngest rotated file, as what rotates does at once unless asked to wait.
    pub(super) fn pack_first(&mut self) -> &mut Self {
        for number in (1..20).rev() {
            let from = self.beside(&format!(".{number}.gz"));
            if from.exists() {
                fs::rename(from, self.beside(&format!(".{}.gz", number + 1))).unwrap();
            }
        }
        let (plain, packed) = (self.beside(".1"), self.beside(".1.gz"));
        let to = fs::File::create(packed).unwrap();
        let mut writer = flate2::write::GzEncoder::new(to, flate2::Compression::default());
        std::io::copy(&mut fs::File::open(&plain).unwrap(), &mut writer).unwrap();
        writer.finish().unwrap();
        fs::remove_file(plain).unwrap();
        self
    }

    pub(super) fn truncate(&mut self, size: u64) -> &mut Self {
        OpenOptions::new().write(true).open(&self.log).unwrap().set_len(size).unwrap();
        self
    }

    pub(super) fn delete(&mut self) -> &mut Self {
        fs::remove_file(&self.log).unwrap();
        self
    }

    pub(super) fn pause(&mut self, time: Duration) -> &mut Self {
        self.now += time;
        self
    }

    /// Looks until there is nothing more to read.
    pub(super) fn look(&mut self) -> &mut Self {
        self.now += Duration::from_millis(100);
        for _ in 0..10_000 {
            let progress = self.tail.step(self.now, &self.out).unwrap();
            self.hear();
            if progress != Progress::More {
                return self;
            }
        }
        panic!("it never comes to rest");
    }

    pub(super) fn hear(&mut self) {
        while let Ok(delivery) = self.deliveries.try_recv() {
            self.bodies.note(&delivery);
            match delivery {
                Delivery::Opened(opened) => {
                    self.handles.insert(opened.body, opened.handle);
                }
                Delivery::Backlog { body, from, to } => {
                    let mut bytes = vec![0; usize::try_from(to - from).unwrap()];
                    self.handles[&body].read_exact_at(&mut bytes, from).unwrap();
                    self.take(body, from, &bytes);
                }
                Delivery::Bytes { body, offset, bytes } => self.take(body, offset, &bytes),
                Delivery::Ended { body, .. } => {
                    let rest = self.unfinished.remove(&body).unwrap_or_default();
                    self.came(body, &rest);
                    self.handles.remove(&body);
                }
                Delivery::State { state, .. } => self.states.push(state),
                Delivery::Still { .. } | Delivery::Cut { .. } | Delivery::Done { .. } => {}
            }
        }
    }

    pub(super) fn take(&mut self, body: BodyId, offset: u64, bytes: &[u8]) {
        let at = self.offsets.entry(body).or_insert(offset);
        assert_eq!(*at, offset, "deliveries of a body are contiguous");
        *at += bytes.len() as u64;
        let mut rest = self.unfinished.remove(&body).unwrap_or_default();
        rest.extend(bytes);
        while let Some(end) = memchr::memchr(b'\n', &rest) {
            let line: Vec<u8> = rest.drain(..=end).collect();
            let from = self.offsets[&body] - rest.len() as u64 - line.len() as u64;
            self.came_at(body, from, &line[..end]);
        }
        self.unfinished.insert(body, rest);
    }

    pub(super) fn came(&mut self, body: BodyId, line: &[u8]) {
        let from = self.offsets.get(&body).copied().unwrap_or(0) - line.len() as u64;
        self.came_at(body, from, line);
    }

    pub(super) fn came_at(&mut self, body: BodyId, from: u64, line: &[u8]) {
        let n_null = line.iter().take_while(|byte| **byte == 0).count();
        let line = &line[n_null..];
        if !line.is_empty() {
            let text = String::from_utf8_lossy(line).into_owned();
            let len = u32::try_from(line.len()).unwrap();
            self.locations
                .push((Location { body, offset: from + n_null as u64, len, nth: 0 }, text.clone()));
            self.read.push(text);
        }
    }

    #[track_caller]
    pub(super) fn reads_everything(&mut self) {
        self.look().pause(Duration::from_secs(1)).look().look();
        assert_eq!(self.read, self.written);
    }

    /// Everything once, generations possibly interleaved.
    #[track_caller]
    pub(super) fn reads_everything_in_any_order(&mut self) {
        self.look().pause(Duration::from_secs(1)).look().look();
        let (mut read, mut written) = (self.read.clone(), self.written.clone());
        read.sort();
        written.sort();
        assert_eq!(read, written);
    }

    pub(super) fn was_told(&self, state: impl Fn(&SourceState) -> bool) -> bool {
        self.states.iter().any(state)
    }
}
