//! The line that fades (a notice) and those that stay until they are dealt with (banners).

use super::effect::What;
use crate::text::{printable, wrap};
use crate::theme::Role;
use jiff::{Timestamp, ToSpan};

/// How long a notice stays, in seconds.
const STAYS: i64 = 4;

/// How many of the lines that stay are shown at once.
pub const BANNERS: usize = 2;

/// How many rows they take at most.
pub const BANNER_ROWS: usize = 3;

/// A line that fades.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    pub text: String,
    pub role: Role,
    until: Timestamp,
}

/// Notices and banners.
#[derive(Clone, Debug, Default)]
pub struct Lines {
    pub notice: Option<Notice>,
    /// Newest first: what went wrong last is what must be seen.
    banners: Vec<String>,
    problems: Vec<String>,
    unread: Vec<String>,
}

impl Lines {
    /// Says that something was done.
    pub fn done(&mut self, now: Timestamp, text: impl AsRef<str>) {
        self.set(now, text.as_ref(), Role::Notice);
    }

    /// Says that something was done in part, or why it cannot be.
    pub fn warn(&mut self, now: Timestamp, text: impl AsRef<str>) {
        self.set(now, text.as_ref(), Role::NoticeWarn);
    }

    /// Says that something was not done.
    pub fn error(&mut self, now: Timestamp, text: impl AsRef<str>) {
        self.set(now, text.as_ref(), Role::NoticeError);
    }

    fn set(&mut self, now: Timestamp, text: &str, role: Role) {
        let until = now.checked_add(STAYS.seconds()).unwrap_or(now);
        self.notice = Some(Notice { text: printable(text).into_owned(), role, until });
    }

    /// Says how a copy went, no better than is known.
    pub fn copied(&mut self, now: Timestamp, what: What, way: Result<String, String>) {
        match way {
            Ok(way) => {
                let mut name = what.name().to_owned();
                if let Some(first) = name.get_mut(..1) {
                    first.make_ascii_uppercase();
                }
                self.done(now, format!("{name} {way}"));
            }
            Err(reason) => self.error(now, format!("Not copied: {reason}")),
        }
    }

    /// Puts up a line that stays.
    pub fn banner(&mut self, text: impl AsRef<str>) {
        let text = printable(text.as_ref()).into_owned();
        if !self.banners.contains(&text) {
            self.banners.insert(0, text);
        }
    }

    /// Takes away a line that is no longer true.
    pub fn retract(&mut self, text: &str) {
        self.banners.retain(|banner| banner != text);
    }

    /// The lines that are shown, and how many more wait behind them.
    pub fn banners(&self) -> (&[String], usize) {
        let n_shown = self.banners.len().min(BANNERS);
        (self.banners.get(..n_shown).unwrap_or_default(), self.banners.len() - n_shown)
    }

    /// Takes away the lines that are shown, which lets the next ones be seen; says whether there were any.
    pub fn dismiss(&mut self) -> bool {
        let n_shown = self.banners().0.len();
        self.banners.drain(..n_shown).count() > 0
    }

    /// The lines that are shown as rows of a width: in full as far as there is room.
    pub fn banner_rows(&self, width: u16) -> Vec<String> {
        let width = usize::from(width.saturating_sub(2).max(1));
        let shown = self.banners().0.iter();
        shown.flat_map(|banner| wrap(banner, width)).take(BANNER_ROWS).collect()
    }

    /// Replaces what is wrong with the configuration.
    pub fn set_problems(&mut self, problems: &[String]) {
        let old = std::mem::take(&mut self.problems);
        self.problems = self.replace(&old, problems);
    }

    /// Replaces what is wrong with the person's own playbooks.
    pub fn set_unread_playbooks(&mut self, problems: &[String]) {
        let old = std::mem::take(&mut self.unread);
        self.unread = self.replace(&old, problems);
    }

    fn replace(&mut self, old: &[String], new: &[String]) -> Vec<String> {
        self.banners.retain(|banner| !old.contains(banner));
        let new: Vec<String> = new.iter().map(|problem| printable(problem).into_owned()).collect();
        self.banners.splice(0..0, new.iter().cloned());
        new
    }

    /// Takes the notice away when its time is over; says whether it did.
    pub fn fade(&mut self, now: Timestamp) -> bool {
        self.notice.take_if(|notice| notice.until <= now).is_some()
    }

    /// Milliseconds until the notice fades.
    pub fn fades_in(&self, now: Timestamp) -> Option<u64> {
        let notice = self.notice.as_ref()?;
        let left = notice.until.as_millisecond().saturating_sub(now.as_millisecond());
        Some(u64::try_from(left).unwrap_or(0).max(10))
    }
}
