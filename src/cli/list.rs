//! `cadge list`: one line an alert.

use super::Exit;
use super::args::{List, ListFormat};
use super::select::Selection;
use super::session::{Counts, Session, Taken};
use super::signals::Asked;
use crate::driver::sweep::Sweeper;
use crate::model::{Alert, AlertId, Reject};
use crate::report::{csv, json, record};
use crate::text;
use std::fmt::Write as _;
use std::io::{self, BufWriter, Write};

/// Prints alerts, and follows when asked to.
pub fn run(list: &List) -> anyhow::Result<Exit> {
    if list.follow {
        anyhow::ensure!(list.format != ListFormat::Csv, "a table has an end: leave --follow away");
        return follow(list);
    }
    if list.rejects {
        return rejects(list);
    }
    let wanted = if list.count { Counts::Number } else { Counts::Listed };
    let (session, selection) = Session::load_selected(&list.input, &list.select, wanted)?;
    if list.format == ListFormat::Csv {
        return table(list, &session, &selection);
    }
    let mut out = BufWriter::with_capacity(1 << 16, super::out());
    let answer = selection.picked(&session);
    let mut printer = Printer { list, selection, n_shown: 0, n_gone: answer.n_gone };
    if list.count {
        printer.n_shown = answer.ids.len() as u64 + session.passed.met;
        writeln!(out, "{}", printer.n_shown)?;
    } else {
        let is_picked = |id: &AlertId| answer.ids.binary_search(id).is_ok();
        for id in session.order().into_iter().filter(is_picked) {
            if let Some((bytes, alert)) = printer.read(&session, id) {
                printer.print(&mut out, &bytes, &alert)?;
            }
        }
    }
    out.flush()?;
    Ok(printer.end(&session))
}

/// What nobody could read, told while it is read: the store keeps only so many, and those without all their bytes.
fn rejects(list: &List) -> anyhow::Result<Exit> {
    let mut session = Session::open(&list.input, false)?;
    session.hold_rejects();
    let selection = Selection::new(&list.select, &session.rules)?;
    let mut out = BufWriter::with_capacity(1 << 16, super::out());
    let mut printer = Printer { list, selection, n_shown: 0, n_gone: 0 };
    while session.take() == Taken::News {
        for reject in session.take_rejects() {
            printer.reject(&mut out, &reject)?;
        }
    }
    out.flush()?;
    Ok(printer.end(&session))
}

fn is_json(list: &List) -> bool {
    list.json || list.format == ListFormat::Json
}

/// The alerts as a table for spreadsheets.
fn table(list: &List, session: &Session, selection: &Selection) -> anyhow::Result<Exit> {
    let out = BufWriter::with_capacity(1 << 16, super::out());
    let mut table = csv::Table::new(out, !list.no_mask)?;
    let mut n_shown = 0_u64;
    let answer = selection.picked(session);
    for id in session.order().into_iter().filter(|id| answer.ids.binary_search(id).is_ok()) {
        if let Ok((_, alert)) = session.alert(id) {
            n_shown += 1;
            table.alert(&alert)?;
        }
    }
    table.flush()?;
    if table.masked > 0 {
        let secrets = text::plural(table.masked as u64, "secret", "secrets");
        let _ = writeln!(io::stderr(), "cadge: {secrets} masked (--no-mask leaves them)");
    }
    Ok(match (session.end(), n_shown) {
        (false, _) => Exit::Failed,
        (true, 0) if !selection.is_everything() => Exit::NothingMatched,
        _ => Exit::Done,
    })
}

fn follow(list: &List) -> anyhow::Result<Exit> {
    let mut session = Session::open(&list.input, true)?;
    let selection = Selection::new(&list.select, &session.rules)?;
    let mut printer = Printer { list, selection, n_shown: 0, n_gone: 0 };
    let mut out = BufWriter::new(super::out());
    let mut next = 0;
    if list.rejects {
        session.hold_rejects();
    }
    // What an alert was assessed as is asked of a sweeper, which keeps what it learned of the neighbors.
    let question = printer.selection.needs_judgment().then(|| printer.selection.question());
    let mut sweeper = question.map(Sweeper::new);
    loop {
        let taken = session.take();
        if let Some(sweeper) = sweeper.as_mut().filter(|_| !list.rejects) {
            let end = u32::try_from(session.store.len()).unwrap_or(u32::MAX);
            let start = u32::try_from(next).unwrap_or(u32::MAX).min(end);
            let answer = sweeper.sweep(&session.store.snapshot(), &session.records, start..end);
            printer.n_gone += answer.n_gone;
            for id in answer.ids {
                printer.judged(&mut out, &session, id)?;
            }
            out.flush()?;
            next = session.store.len();
        }
        while let Some(id) = u32::try_from(next)
            .ok()
            .map(AlertId)
            .filter(|_| next < session.store.len() && !list.rejects)
        {
            next += 1;
            printer.alert(&mut out, &session, id)?;
            if !list.count {
                out.flush()?;
            }
        }
        for reject in session.take_rejects() {
            printer.reject(&mut out, &reject)?;
            out.flush()?;
        }
        let signal = match taken {
            Taken::News => continue,
            Taken::Asked(Asked::Signal(signal)) => Some(signal),
            Taken::Asked(Asked::Closed) | Taken::End => None,
        };
        if list.count {
            writeln!(out, "{}", printer.n_shown)?;
        }
        out.flush()?;
        let exit = printer.end(&session);
        return Ok(signal.map_or(exit, Exit::Signal));
    }
}

struct Printer<'a> {
    list: &'a List,
    selection: Selection,
    n_shown: u64,
    /// Alerts whose records could not be read again.
    n_gone: u64,
}

impl Printer<'_> {
    fn alert(&mut self, out: &mut impl Write, session: &Session, id: AlertId) -> io::Result<()> {
        if self.list.count {
            match self.selection.admits(session, id) {
                Ok(is_admitted) => self.n_shown += u64::from(is_admitted),
                Err(_) => self.n_gone += 1,
            }
            return Ok(());
        }
        if self.selection.decide(session, id) == Some(false) {
            return Ok(());
        }
        let Some((bytes, alert)) = self.read(session, id) else { return Ok(()) };
        if !self.selection.admits_alert(&bytes, &alert) {
            return Ok(());
        }
        self.print(out, &bytes, &alert)
    }

    /// Prints an alert that is known to be selected.
    fn judged(&mut self, out: &mut impl Write, session: &Session, id: AlertId) -> io::Result<()> {
        if self.list.count {
            self.n_shown += 1;
            return Ok(());
        }
        let Some((bytes, alert)) = self.read(session, id) else { return Ok(()) };
        self.print(out, &bytes, &alert)
    }

    fn print(&mut self, out: &mut impl Write, bytes: &[u8], alert: &Alert) -> io::Result<()> {
        self.n_shown += 1;
        let mut line = String::with_capacity(bytes.len() + 256);
        if is_json(self.list) {
            record::alert(&mut line, alert);
        } else {
            plain(&mut line, alert);
        }
        line.push('\n');
        out.write_all(line.as_bytes())
    }

    fn read(&mut self, session: &Session, id: AlertId) -> Option<(Vec<u8>, Alert)> {
        session.alert(id).inspect_err(|_| self.n_gone += 1).ok()
    }

    fn reject(&mut self, out: &mut impl Write, reject: &Reject) -> io::Result<()> {
        self.n_shown += 1;
        let mut line = String::new();
        let shown = String::from_utf8_lossy(&reject.bytes);
        let origin = &reject.origin;
        if is_json(self.list) {
            line.push_str("{\"reason\":");
            json::string(&mut line, &reject.reason);
            line.push_str(",\"text\":");
            json::string(&mut line, &shown);
            let _ = write!(line, ",\"length\":{},\"origin\":{{\"source\":", reject.len);
            json::string(&mut line, &origin.source);
            let _ = write!(line, ",\"offset\":{},\"line\":{}}}}}", origin.offset, origin.line);
        } else {
            let source = text::printable(&origin.source);
            let _ = write!(
                line,
                "{source}:{}: {} (offset {}): ",
                origin.line, reject.reason, origin.offset
            );
            line.push_str(&text::printable(&shown));
        }
        line.push('\n');
        out.write_all(line.as_bytes())
    }

    fn end(&self, session: &Session) -> Exit {
        if self.n_gone > 0 {
            let _ = writeln!(
                io::stderr(),
                "cadge: {} cannot be read any more: the log was cut while it was read",
                text::plural(self.n_gone, "alert", "alerts")
            );
        }
        let is_fine = session.end();
        match (is_fine, self.n_shown) {
            (false, _) => Exit::Failed,
            (true, 0) if !self.selection.is_everything() && !self.list.count => {
                Exit::NothingMatched
            }
            _ => Exit::Done,
        }
    }
}

/// Time, priority, rule, container and output; two spaces between.
pub fn plain(line: &mut String, alert: &Alert) {
    let time = alert.time.map_or_else(|| "-".to_owned(), |time| format!("{time:.9}"));
    let priority = alert.priority.map(crate::model::Priority::name);
    let priority = priority.or(alert.priority_text.as_deref()).unwrap_or("-");
    let container = alert.container();
    let container = match (container.id, container.name) {
        (Some(id), Some(name)) if id != name && !name.is_empty() => format!("{name} ({id})"),
        (Some(""), _) => "(empty container id)".to_owned(),
        (Some(id), _) => id.to_owned(),
        (None, Some(name)) => name.to_owned(),
        (None, None) => "-".to_owned(),
    };
    let _ = write!(
        line,
        "{time:<30}  {:<13}  {}  {}  {}",
        text::printable(priority),
        text::printable(alert.rule_name()),
        text::printable(&container),
        text::printable(alert.output.as_deref().unwrap_or("-")),
    );
}
