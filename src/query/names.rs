//! What a filter may refer to by name, and the instant that relative times count from.

use super::ast::Expr;
use super::error::Error;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Macros and lists of the user's rules files, and the clock of the person who filters.
///
/// The default knows no names, reads local dates as UTC, and refuses relative times.
#[derive(Clone, Debug)]
pub struct Names {
    macros: BTreeMap<Box<str>, Arc<Expr>>,
    /// Macros that cannot be read, and why.
    broken: BTreeMap<Box<str>, Box<str>>,
    lists: BTreeMap<Box<str>, Vec<Box<str>>>,
    /// What `-2h` and `today` count from.
    pub now: Option<Timestamp>,
    /// Whose midnight `today` begins at.
    pub zone: TimeZone,
}

impl Default for Names {
    fn default() -> Self {
        Self {
            macros: BTreeMap::new(),
            broken: BTreeMap::new(),
            lists: BTreeMap::new(),
            now: None,
            zone: TimeZone::UTC,
        }
    }
}

impl Names {
    /// No names yet, and a clock.
    pub fn at(now: Timestamp, zone: TimeZone) -> Self {
        Self { now: Some(now), zone, ..Self::default() }
    }

    /// Adds or replaces a macro; an error when its condition cannot be parsed. Whoever uses it by name is told why.
    pub fn add_macro(&mut self, name: &str, condition: &str) -> Result<(), Error> {
        let expr = super::parse::parse(condition).inspect_err(|error| {
            self.broken.insert(name.into(), error.to_string().into());
        })?;
        self.broken.remove(name);
        self.macros.insert(name.into(), Arc::new(expr));
        Ok(())
    }

    /// Why a macro cannot be read that somebody wrote.
    pub(super) fn why_broken(&self, name: &str) -> Option<&str> {
        self.broken.get(name).map(|why| &**why)
    }

    /// Adds or replaces a list. Items that name lists are looked up when the list is used.
    pub fn add_list<'a>(&mut self, name: &str, items: impl IntoIterator<Item = &'a str>) {
        self.lists.insert(name.into(), items.into_iter().map(Into::into).collect());
    }

    /// Takes over macros (names and conditions) and lists, as rules files hold them; says which macros cannot be read.
    pub fn extend<'a, I>(
        &mut self,
        macros: impl IntoIterator<Item = (&'a str, &'a str)>,
        lists: impl IntoIterator<Item = (&'a str, I)>,
    ) -> Vec<(Box<str>, Error)>
    where
        I: IntoIterator<Item = &'a str>,
    {
        for (name, items) in lists {
            self.add_list(name, items);
        }
        let mut problems = Vec::new();
        for (name, condition) in macros {
            if let Err(error) = self.add_macro(name, condition) {
                problems.push((name.into(), error));
            }
        }
        problems
    }

    pub fn get_macro(&self, name: &str) -> Option<&Arc<Expr>> {
        self.macros.get(name)
    }

    pub fn get_list(&self, name: &str) -> Option<&[Box<str>]> {
        self.lists.get(name).map(Vec::as_slice)
    }

    /// Names of macros, sorted.
    pub fn macros(&self) -> impl Iterator<Item = &str> {
        self.macros.keys().map(|name| &**name)
    }

    /// Names of lists, sorted.
    pub fn lists(&self) -> impl Iterator<Item = &str> {
        self.lists.keys().map(|name| &**name)
    }
}
