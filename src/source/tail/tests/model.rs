//! Any story at all: what was written is what is read, each line once.

use std::fs;

use proptest::prelude::*;

use super::super::*;
use super::story::Story;

/// How many stories are told; more where time is no matter.
const STORIES: u32 = if cfg!(feature = "real-tools") { 10_000 } else { 60 };

/// What may happen to a log.
#[derive(Clone, Debug)]
enum Deed {
    Write(usize),
    Piece,
    Rotate,
    Copytruncate,
    Delete,
    Replace,
    CutAtLine,
    Look,
    Pause,
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        6 => (1..40_usize).prop_map(Deed::Write),
        1 => Just(Deed::Write(2000)),
        2 => Just(Deed::Piece),
        2 => Just(Deed::Rotate),
        2 => Just(Deed::Copytruncate),
        1 => Just(Deed::Delete),
        1 => Just(Deed::Replace),
        1 => Just(Deed::CutAtLine),
        5 => Just(Deed::Look),
        1 => Just(Deed::Pause),
    ]
}

impl Story {
    /// Does it; what cannot be known to anybody who was not looking (a plain cut or deletion) is looked at first.
    fn perform(&mut self, deed: &Deed, rest: &mut String) {
        let ends_line = matches!(
            deed,
            Deed::Rotate | Deed::Copytruncate | Deed::Delete | Deed::Replace | Deed::CutAtLine
        );
        if (ends_line || matches!(deed, Deed::Write(_))) && !rest.is_empty() {
            let end = std::mem::take(rest);
            self.append(&self.log.clone(), end.as_bytes());
        }
        let exists = self.log.exists();
        match deed {
            Deed::Write(n_lines) => {
                self.write(*n_lines);
            }
            Deed::Piece if rest.is_empty() => {
                let line = self.line() + "\n";
                let (piece, end) = line.split_at(11);
                self.append(&self.log.clone(), piece.as_bytes());
                end.clone_into(rest);
            }
            Deed::Rotate if exists => {
                self.rotate();
            }
            Deed::Copytruncate if exists => {
                self.copytruncate();
            }
            Deed::Delete if exists => {
                self.look().delete();
            }
            Deed::Replace if exists => {
                self.look();
                let mut content = fs::read(&self.log).unwrap();
                content.extend(self.lines(3).as_bytes());
                let next = self.folder.path().join("next");
                fs::write(&next, content).unwrap();
                fs::rename(next, &self.log).unwrap();
                self.look();
            }
            Deed::CutAtLine if exists => {
                self.look();
                let content = fs::read(&self.log).unwrap();
                let half = content.len() / 2;
                let at = memchr::memrchr(b'\n', &content[..half]).map_or(0, |at| at + 1);
                self.truncate(at as u64).look();
            }
            Deed::Look => {
                self.look();
            }
            Deed::Pause => {
                self.pause(Duration::from_millis(700)).look();
            }
            _ => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: STORIES, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn whatever_happens_to_a_log_each_line_is_read_once(deeds in prop::collection::vec(deed(), 1..40)) {
        let mut story = Story::new();
        let mut rest = String::new();
        for deed in &deeds {
            story.perform(deed, &mut rest);
        }
        if !rest.is_empty() {
            story.append(&story.log.clone(), rest.as_bytes());
        }
        story.look().pause(Duration::from_secs(1)).look().look();
        let (mut read, mut written) = (story.read.clone(), story.written.clone());
        read.sort();
        written.sort();
        prop_assert_eq!(read, written);
    }
}
