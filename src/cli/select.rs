//! Which alerts a command is about: a filter, answered from columns where they can tell and from records where they must,
//! and a text to look for.

use super::args::Select;
use super::session::{self, Session};
use crate::analysis::Playbooks;
use crate::config::Paths;
use crate::decode::RulesFiles;
use crate::driver::sweep::{Answer, Question};
use crate::intake::Sieve;
use crate::model::{Alert, AlertId};
use crate::query::{Filter, Judged};
use crate::source::Gone;
use crate::text;
use crate::triage::{Board, Db, Fault};
use memchr::memmem::Finder;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

/// What to look for; nothing means everything.
#[derive(Debug, Default)]
pub struct Selection {
    filter: Option<Arc<Filter>>,
    search: Option<(String, Finder<'static>)>,
    /// What people decided, where the filter asks for it.
    board: Option<Arc<Board>>,
}

/// A filter that cannot be read, marked where it is wrong.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BadFilter(String);

impl Selection {
    /// Reads the options.
    pub fn new(select: &Select, rules: &RulesFiles) -> Result<Self, BadFilter> {
        let filter = match &select.filter {
            Some(text) => Some(Arc::new(filter(text, rules)?)),
            None => None,
        };
        let search =
            select.search.clone().map(|text| (text.clone(), Finder::new(&text).into_owned()));
        let needs_triage = filter.as_ref().is_some_and(|filter| filter.needs_triage());
        let board = needs_triage.then(|| Arc::new(decisions()));
        Ok(Self { filter, search, board })
    }

    /// Reads the options; what people decided is in this database.
    pub fn with_board(select: &Select, session: &Session, board: Board) -> Result<Self, BadFilter> {
        let selection = Self::new(select, &session.rules)?;
        Ok(Self { board: Some(Arc::new(board)), ..selection })
    }

    pub fn is_everything(&self) -> bool {
        self.filter.is_none() && self.search.is_none()
    }

    /// Whether the filter asks what alerts were assessed as, which takes their neighbors too.
    pub fn needs_judgment(&self) -> bool {
        self.filter.as_ref().is_some_and(|filter| filter.needs_judgment())
    }

    /// All alerts that are selected, in the order they were read, and how many could not be read again.
    pub fn picked(&self, session: &Session) -> Answer {
        let end = u32::try_from(session.store.len()).unwrap_or(u32::MAX);
        if self.is_everything() {
            return Answer { ids: (0..end).map(AlertId).collect(), n_gone: 0 };
        }
        self.question().of(&session.store.snapshot(), &session.records, 0..end)
    }

    /// What can be told of it while records are read; `counts` when only the number of selected alerts is asked for.
    pub fn sieve(&self, counts: bool) -> Option<Arc<dyn Sieve>> {
        if self.is_everything() || self.needs_judgment() {
            return None;
        }
        self.question().sieve(counts)
    }

    /// What is asked of each alert.
    pub fn question(&self) -> Question {
        let playbooks = if self.needs_judgment() {
            super::explain::playbooks().0
        } else {
            Playbooks::builtin()
        };
        let mut question = Question::new(Arc::new(playbooks));
        if let Some(filter) = &self.filter {
            question = question.with_filter(Arc::clone(filter), self.board.clone());
        }
        if let Some((text, _)) = &self.search {
            question = question.with_text(text);
        }
        question
    }

    /// The answer as far as the columns can tell.
    pub fn decide(&self, session: &Session, id: AlertId) -> Option<bool> {
        if self.is_everything() {
            return Some(true);
        }
        let row = session.store.row(id).filter(|row| row.is_exact)?;
        match self.filter.as_ref().map(|filter| filter.decide(&row.columns())) {
            Some(Some(false)) => Some(false),
            Some(Some(true)) if self.search.is_none() => Some(true),
            _ => None,
        }
    }

    /// Whether an alert is selected; reads its record only when the columns cannot tell. A filter that
    /// [`Self::needs_judgment`] is asked by [`Self::question`] instead.
    pub fn admits(&self, session: &Session, id: AlertId) -> Result<bool, Gone> {
        if let Some(answer) = self.decide(session, id) {
            return Ok(answer);
        }
        let (bytes, alert) = session.alert(id)?;
        Ok(self.admits_alert(&bytes, &alert))
    }

    /// Whether an alert that was read again is selected.
    pub fn admits_alert(&self, bytes: &[u8], alert: &Alert) -> bool {
        let holds_filter = |filter: &Arc<Filter>| match &self.board {
            None => filter.matches(alert),
            Some(board) => {
                let triage = Some(board.triaged(alert));
                filter.matches(&Judged { alert, level: None, known: None, triage })
            }
        };
        self.filter.as_ref().is_none_or(holds_filter)
            && self.search.as_ref().is_none_or(|(_, finder)| holds(finder, bytes, alert))
    }
}

/// Whether the text stands in the record as it was received, or in what it says once its escapes are read.
fn holds(finder: &Finder<'_>, bytes: &[u8], alert: &Alert) -> bool {
    let has = |text: &str| finder.find(text.as_bytes()).is_some();
    finder.find(bytes).is_some()
        || alert.output.as_deref().is_some_and(has)
        || alert.rule.as_deref().is_some_and(has)
        || alert.fields.iter().any(|(_, value)| has(&value.display()))
}

/// What people decided on this host. Where that cannot be read it is said, and everything counts as open.
pub fn decisions() -> Board {
    board(None).unwrap_or_else(|fault| {
        super::say(&format!("{fault}; everything counts as open"));
        Board::default()
    })
}

/// What people decided, in the database that is named or in this host's; nothing where there is none.
pub fn board(path: Option<&Path>) -> Result<Board, Fault> {
    let mut board = Board::default();
    let usual = || Paths::from_environment().map(|paths| paths.triage());
    let Some(path) = path.map(Path::to_path_buf).or_else(usual) else { return Ok(board) };
    let Some(mut db) = Db::open_to_read(&path)? else { return Ok(board) };
    let news = db.news()?;
    for problem in &news.problems {
        super::say(problem);
    }
    for change in news.changes {
        board.apply(change);
    }
    Ok(board)
}

/// Reads a filter; the error shows where it is wrong and what could stand there.
pub fn filter(text: &str, rules: &RulesFiles) -> Result<Filter, BadFilter> {
    let names = session::names(rules);
    let parsed = Filter::parse(text, &names);
    for warning in parsed.iter().flat_map(Filter::warnings) {
        let hint = warning
            .suggestion
            .as_ref()
            .map_or_else(String::new, |name| format!("; did you mean {name}?"));
        let _ = writeln!(
            io::stderr(),
            "cadge: in the filter: {}{hint}",
            text::printable(&warning.message)
        );
    }
    parsed.map_err(|error| {
        let (from, to) = (error.span.range().start, error.span.range().end);
        let before = text.get(..from).map_or(0, crate::text::width);
        let marked = text.get(from..to).map_or(1, |part| crate::text::width(part).max(1));
        let mut message = format!(
            "the filter cannot be read: {}\n  {}\n  {}{}",
            error.message,
            crate::text::printable(text),
            " ".repeat(before),
            "^".repeat(marked)
        );
        if let Some(suggestion) = &error.suggestion {
            message.push_str(&format!("\n  did you mean {suggestion}?"));
        }
        BadFilter(message)
    })
}
