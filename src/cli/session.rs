//! Reads what the command line names into a store, and decides in which order its alerts are told.

use super::args::{Input, Select};
use super::select::Selection;
use super::signals::{self, Asked};
use crate::clock;
use crate::decode::{Context, RulesFiles, Templates};
use crate::intake::{self, News, Passed, Records, Sieve};
use crate::model::{Alert, AlertId, BodyId, Reject};
use crate::source::{self, SourceState, Spec};
use crate::store::{Grouping, Store};
use anyhow::bail;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Deliveries that may wait.
const WAITING: usize = 64;
/// News that may wait.
const NEWS_WAITING: usize = 2;

/// A session without a screen.
pub struct Session {
    pub store: Store,
    pub records: Arc<Records>,
    /// The host's rules, where they could be read.
    pub rules: Arc<RulesFiles>,
    pub specs: Vec<Spec>,
    /// Sentences about sources that could not be read.
    pub failures: Vec<String>,
    /// Rejects that came since the last look, with their bytes; `None` unless somebody looks at each of them.
    fresh_rejects: Option<Vec<Reject>>,
    /// Alerts that were only counted, since all that was asked of them was told while they were read
    /// ([`Session::load_selected`]).
    pub passed: Passed,
    turns: Receiver<Turn>,
    _handle: source::Handle,
}

/// What a session waits for, on one channel.
enum Turn {
    News(Box<News>),
    Asked(Asked),
    /// There will be no more news.
    End,
}

/// Says at its end, however that comes, that there will be no more news.
struct Teller(SyncSender<Turn>);

impl Drop for Teller {
    fn drop(&mut self) {
        // Nobody may be there to hear it.
        let _ = self.0.send(Turn::End);
    }
}

/// What is wanted of the alerts that are selected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counts {
    /// Only how many there are.
    Number,
    /// How many there are, by rule and place and over all.
    Cells,
    /// Sums of what their columns say.
    Columns,
    /// Each of them, in order.
    Listed,
}

/// What [`Session::take`] came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    News,
    /// There is nothing more to come.
    End,
    /// Somebody asks us to end.
    Asked(Asked),
}

impl Session {
    /// Starts to read what the command line names; when it follows, it listens for signals too.
    pub fn open(input: &Input, follow: bool) -> anyhow::Result<Self> {
        let specs = specs(input)?;
        Self::start(input, specs, known_rules(input), follow, None)
    }

    fn start(
        input: &Input,
        specs: Vec<Spec>,
        rules: Arc<RulesFiles>,
        follow: bool,
        sieve: Option<Arc<dyn Sieve>>,
    ) -> anyhow::Result<Self> {
        let context = context(&rules);
        let (outlet, deliveries) = sync_channel(WAITING);
        let options =
            source::Options { follow, poll_only: input.poll, ..source::Options::default() };
        let handle = source::spawn(specs.clone(), options, outlet);
        let (turn, turns) = sync_channel(NEWS_WAITING);
        let teller = Teller(turn.clone());
        intake::spawn_to(
            deliveries,
            intake::Options {
                context,
                settle: follow,
                keeps_fresh: follow,
                sieve,
                ..intake::Options::default()
            },
            move |news| teller.0.send(Turn::News(Box::new(news))).is_ok(),
        );
        if follow {
            signals::listen(move |asked| {
                // When nobody listens, the end is near in any case.
                let _ = turn.send(Turn::Asked(asked));
            })?;
        }
        // Nobody looks at a tree of groups here: what is counted are cells.
        let mut store = Store::default();
        store.regroup(Grouping::Flat);
        Ok(Self {
            store,
            records: Arc::default(),
            rules,
            specs,
            failures: Vec::new(),
            fresh_rejects: None,
            passed: Passed::default(),
            turns,
            _handle: handle,
        })
    }

    /// Reads everything and says how it went on standard error.
    pub fn load(input: &Input) -> anyhow::Result<Self> {
        let mut session = Self::open(input, false)?;
        while session.take() == Taken::News {}
        Ok(session)
    }

    /// Reads everything, and keeps only alerts that may be selected, as far as can be told on the way: the others are counted,
    /// and so are those that are selected beyond doubt where `counts` says that only their number is asked for.
    ///
    /// Where alerts are told in an order that others have a say in ([`Session::order`]), `counts` must be given or all are
    /// kept.
    pub fn load_selected(
        input: &Input,
        select: &Select,
        counts: Counts,
    ) -> anyhow::Result<(Self, Selection)> {
        let specs = specs(input)?;
        let rules = known_rules(input);
        let selection = Selection::new(select, &rules)?;
        let is_kept = counts == Counts::Listed && !is_one_log(&specs);
        let sieve = selection.sieve(counts == Counts::Number).filter(|_| !is_kept);
        let mut session = Self::start(input, specs, rules, false, sieve)?;
        if selection.is_everything() && matches!(counts, Counts::Number | Counts::Cells) {
            session.store = Store::of_counts();
        }
        while session.take() == Taken::News {}
        Ok((session, selection))
    }

    /// Holds each reject from now on until it is taken: the store keeps only so many.
    pub fn hold_rejects(&mut self) {
        self.fresh_rejects = Some(Vec::new());
    }

    /// The rejects that came since the last call, after [`Session::hold_rejects`].
    pub fn take_rejects(&mut self) -> Vec<Reject> {
        self.fresh_rejects.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Waits for the next news and takes it in.
    pub fn take(&mut self) -> Taken {
        match self.turns.recv() {
            Ok(Turn::News(news)) => {
                self.take_in(*news);
                Taken::News
            }
            Ok(Turn::Asked(asked)) => Taken::Asked(asked),
            Ok(Turn::End) | Err(_) => Taken::End,
        }
    }

    fn take_in(&mut self, news: News) {
        if let Some(records) = news.records {
            self.records = records;
        }
        if let Some(fresh) = &mut self.fresh_rejects {
            fresh.extend_from_slice(&news.batch.rejects);
        }
        self.store.append(news.batch);
        self.passed.add(news.passed);
        // What was not read to its end must not look whole.
        for (_, state, _) in &news.states {
            if let SourceState::Note(what) = state {
                let _ = writeln!(io::stderr(), "cadge: {}", crate::text::printable(what));
            }
        }
        self.failures.extend(news.done.into_iter().filter_map(|(_, error)| error));
    }

    /// Alerts in the order in which they are told: as read from one log, merged by time from several. Alerts without a time
    /// stay behind the one before them in their log.
    pub fn order(&self) -> Vec<AlertId> {
        let n_alerts = u32::try_from(self.store.len()).unwrap_or(u32::MAX);
        let ids = (0..n_alerts).map(AlertId);
        if is_one_log(&self.specs) {
            return ids.collect();
        }
        let mut last = std::collections::BTreeMap::<BodyId, i64>::new();
        let mut keyed: Vec<_> = ids
            .map(|id| {
                let location = self.store.location(id).unwrap_or_default();
                let time = last.entry(location.body).or_insert(i64::MIN);
                // A log keeps its own order: a time that goes back does not move an alert before its neighbor.
                *time = self.store.nanos(id).map_or(*time, |nanos| nanos.max(*time));
                (*time, location.body, location.offset, id)
            })
            .collect();
        let place = |body: BodyId| {
            self.store.bodies().get(body).map(|body| (body.source, Arc::clone(&body.name)))
        };
        keyed.sort_by(|a, b| {
            a.0.cmp(&b.0)
                .then_with(|| place(a.1).cmp(&place(b.1)))
                .then_with(|| (a.1, a.2).cmp(&(b.1, b.2)))
        });
        keyed.into_iter().map(|(_, _, _, id)| id).collect()
    }

    /// An alert read again, with its bytes.
    pub fn alert(&self, id: AlertId) -> Result<(Vec<u8>, Alert), source::Gone> {
        let location = self.store.location(id).unwrap_or_default();
        self.records.alert(location, self.store.origin(id))
    }

    /// Ends a command that reads: failures, then the one line on standard error; says whether anything failed.
    pub fn end(&self) -> bool {
        let mut err = io::stderr().lock();
        for failure in &self.failures {
            let _ = writeln!(err, "cadge: {}", crate::text::printable(failure));
        }
        let totals = self.store.totals();
        let _ = writeln!(
            err,
            "{} alerts, {} rejects, {} other",
            totals.alerts + self.passed.all,
            totals.rejects,
            totals.other
        );
        self.failures.is_empty()
    }
}

/// Whether alerts are told as they were read.
fn is_one_log(specs: &[Spec]) -> bool {
    matches!(specs, [Spec::File(_) | Spec::Stdin | Spec::Child(_) | Spec::Journal(_)])
}

/// The rules of the command line or the host; what is wrong with those that were named is said.
fn known_rules(input: &Input) -> Arc<RulesFiles> {
    let rules = Arc::new(rules(input));
    for problem in rules_problems(input, &rules) {
        super::say(problem);
    }
    rules
}

/// How records are decoded: with the host's rules, in the host's time zone.
pub fn context(rules: &RulesFiles) -> Context {
    let mut context = Context { zone: clock::zone(), ..Context::default() };
    if !rules.rules.is_empty() {
        context.templates = Arc::new(Templates::new(rules));
    }
    context
}

/// What is wrong with the rules, where the command line names them: those of the host are a convenience.
pub fn rules_problems<'a>(input: &Input, rules: &'a RulesFiles) -> &'a [String] {
    if input.rules.is_empty() { &[] } else { &rules.problems }
}

/// The rules the command line names, else those of the host, as far as they can be read.
pub fn rules(input: &Input) -> RulesFiles {
    let mut all = RulesFiles::default();
    let usual = [PathBuf::from("/etc/falco")];
    let paths = if input.rules.is_empty() { usual.as_slice() } else { input.rules.as_slice() };
    for path in paths {
        if !path.exists() {
            if !input.rules.is_empty() {
                all.problems.push(format!("no rules at {}", path.display()));
            }
            continue;
        }
        let read = RulesFiles::read(path);
        all.rules.extend(read.rules);
        all.macros.extend(read.macros);
        all.lists.extend(read.lists);
        all.files.extend(read.files);
        all.problems.extend(read.problems);
    }
    all
}

/// What to read: what is named, else a pipe on standard input, else the log of this host's Falco.
pub fn specs(input: &Input) -> anyhow::Result<Vec<Spec>> {
    let (named, doubles) = named(input);
    for double in doubles {
        super::say(&double);
    }
    if !named.is_empty() {
        return Ok(named);
    }
    let discovery = source::discover(Path::new("/"));
    if let Some(spec) = discovery.spec {
        return Ok(vec![spec]);
    }
    let looked: Vec<_> = discovery
        .looked
        .iter()
        .map(|looked| format!("  {}: {}", looked.path.display(), looked.found))
        .collect();
    bail!(
        "no log of Falco's was found\nlooked at:\n{}\nin falco.yaml switch on:\n{}name a file, pipe one in, or try: cadge demo",
        looked.join("\n"),
        source::SWITCH_ON
    );
}

/// What is named, each file once, else a pipe on standard input, else nothing; and sentences about files named twice.
pub fn named(input: &Input) -> (Vec<Spec>, Vec<String>) {
    if let Some(other) = &input.other {
        return (vec![other.clone()], Vec::new());
    }
    if !input.sources.is_empty() {
        return source::distinct(input.sources.iter().map(|text| Spec::parse(text)).collect());
    }
    (if has_data_on_stdin() { vec![Spec::Stdin] } else { Vec::new() }, Vec::new())
}

/// Whether standard input is a pipe, a socket or a file: a terminal and `/dev/null` hold nothing to read.
fn has_data_on_stdin() -> bool {
    let stdin = io::stdin();
    if stdin.is_terminal() {
        return false;
    }
    rustix::fs::fstat(&stdin).is_ok_and(|stat| {
        let kind = rustix::fs::FileType::from_raw_mode(stat.st_mode);
        kind.is_fifo() || kind.is_socket() || kind.is_file()
    })
}

/// Now and here, for filters that speak of times.
pub fn names(rules: &RulesFiles) -> crate::query::Names {
    let mut names = crate::query::Names::at(clock::now(), clock::zone());
    for (name, condition) in &rules.macros {
        // A macro that cannot be read is missed when it is used, with its name.
        let _ = names.add_macro(name, condition);
    }
    for (name, items) in &rules.lists {
        names.add_list(name, items.iter().map(String::as_str));
    }
    names
}
