//! Deciding: from a key to changes in memory, and an order to save them.

use super::{App, Turn};
use crate::model::{AlertId, Status, Verdict};
use crate::store::NodeId;
use crate::text::{count, plural, printable, shown};
use crate::triage::{AlertKeys, Change, Decision, Edit, Evidence, Place, Scope, Suppression};
use crate::ui::action::Action;
use crate::ui::desk::wish::{Identified, Target, Waiting, Wanted, Wish};
use crate::ui::desk::{Done, Keeping};
use crate::ui::effect::{Effect, Ground as Snapshot};
use crate::ui::overlay::Overlay;
use crate::ui::overlay::decide::{Ask, Decide, Typing, VERDICTS};
use crate::ui::overlay::note::Note;
use crate::ui::pane::detail::Shown;
use crate::ui::pane::groups::Pick;
use crate::ui::widget::prompt::Prompt;
use rustc_hash::FxHashSet;

impl App {
    /// Asks what is left to ask for a decision, or makes it at once where nothing is.
    pub(super) fn ask(&mut self, ask: Ask, turn: &mut Turn) {
        let targets = self.targets(Scope::Container);
        let is_alert = targets.iter().all(|target| target.scope == Scope::Alert);
        let about = self.about(&targets);
        let at_once = match ask {
            Ask::Acknowledge => Some(Status::Acknowledged),
            Ask::Escalate => Some(Status::Escalated),
            _ => None,
        };
        if let (Some(status), 1) = (at_once, targets.len()) {
            self.wish(Wanted::Decide(Edit::Status(status)), targets, turn);
            return;
        }
        let decision = targets
            .first()
            .and_then(|target| Some(self.desk.standing(&self.store, target.id)?.decision()));
        let typing = match ask {
            Ask::Assign => {
                let name = decision.and_then(|decision| decision.assignee);
                let name = name.unwrap_or_else(|| self.desk.by.clone());
                Some((Typing::Text, Prompt::offering(&name)))
            }
            Ask::Tag => {
                let tags = decision.map(|decision| decision.tags.join(" "));
                Some((Typing::Text, Prompt::new(&tags.unwrap_or_default())))
            }
            _ => None,
        };
        let cursor = match ask {
            Ask::Close => VERDICTS
                .iter()
                .position(|(_, verdict)| Some(*verdict) == self.desk.last_verdict)
                .unwrap_or(0),
            Ask::Mute => self.desk.last_mute,
            _ => 0,
        };
        let note = (ask == Ask::Mute).then(|| self.hides(&targets));
        self.overlay = Some(Overlay::Decide(Box::new(Decide {
            ask,
            targets,
            about,
            note,
            scope: if is_alert { Scope::Alert } else { Scope::Container },
            reason: String::new(),
            cursor,
            typing,
            error: None,
        })));
    }

    /// Opens the note of what the cursor is on.
    pub(super) fn write_note(&mut self) {
        let targets = self.targets(Scope::Container);
        let about = self.about(&targets);
        let text =
            targets.first().and_then(|target| self.desk.standing(&self.store, target.id)?.note());
        let note = Note::new(targets, about, text.unwrap_or(""));
        self.overlay = Some(Overlay::Note(Box::new(note)));
    }

    /// What the next decision is about: what is marked, else what the cursor is on.
    pub(super) fn targets(&self, scope: Scope) -> Vec<Target> {
        let picks: Vec<Pick> = if self.desk.marks.is_empty() {
            self.groups.pick().into_iter().collect()
        } else {
            self.desk.marks.all().to_vec()
        };
        let mut targets: Vec<Target> = Vec::new();
        // A group may be marked, and one that it lies in too.
        let mut met = FxHashSet::default();
        for pick in picks {
            match pick {
                Pick::Alert(_, id) => targets.push(Target { id, scope: Scope::Alert }),
                Pick::Group(node) => {
                    let tree = self.ground().tree;
                    for cell in tree.cells_under(node) {
                        // The newest that is in sight stands for the cell, else the newest of all.
                        let shown = tree.node(node).map(|node| node.stat.newest);
                        let shown = shown.filter(|id| self.store.cell_of(*id) == Some(cell));
                        if let Some(id) = shown.or_else(|| self.store.newest_in(cell))
                            && self.has_some_left(cell, node)
                            && met.insert(cell)
                        {
                            targets.push(Target { id, scope });
                        }
                    }
                }
            }
        }
        targets
    }

    /// Whether a cell has alerts in the view.
    fn has_some_left(&self, cell: crate::store::CellId, node: NodeId) -> bool {
        let tree = self.ground().tree;
        let leaf = tree.leaf(cell).and_then(|leaf| tree.node(leaf));
        let leaf = leaf.or_else(|| tree.node(node));
        leaf.is_some_and(|leaf| leaf.stat.count > 0)
    }

    /// What a decision is about and how many alerts that are, in one line.
    pub(super) fn about(&self, targets: &[Target]) -> String {
        let tree = self.ground().tree;
        let leaf_of = |target: &Target| tree.leaf(self.store.cell_of(target.id)?);
        let leaves: FxHashSet<NodeId> =
            targets.iter().filter(|one| one.scope != Scope::Alert).filter_map(leaf_of).collect();
        let in_groups: u64 = leaves
            .iter()
            .filter_map(|leaf| tree.node(*leaf))
            .map(|node| u64::from(node.stat.count))
            .sum();
        // An alert of a group that is marked too is counted there.
        let alone = |target: &&Target| match leaf_of(target) {
            Some(leaf) => !leaves.contains(&leaf),
            None => true,
        };
        let n_alerts = in_groups + targets.iter().filter(alone).count() as u64;
        let alerts = plural(n_alerts, "alert", "alerts");
        match targets {
            [] => "nothing".to_owned(),
            [one] => {
                let row = self.store.row(one.id);
                let rule = row.as_ref().map_or("", |row| row.rule_name());
                let place = row.as_ref().map(|row| Place::of_columns(&row.columns()).words());
                let what =
                    format!("{} · {}", shown(rule, 44), shown(&place.unwrap_or_default(), 24));
                match one.scope {
                    Scope::Alert => format!("1 alert of {what}"),
                    _ => format!("{what}: {alerts}"),
                }
            }
            many if leaves.is_empty() => format!("{} alerts", count(many.len() as u64)),
            _ => format!("{}, {alerts}", plural(leaves.len() as u64, "group", "groups")),
        }
    }

    /// Begins a decision. What is on the screen is known already; other records are read first, and the next key is about
    /// the next thing meanwhile.
    pub(super) fn wish(&mut self, wanted: Wanted, targets: Vec<Target>, turn: &mut Turn) {
        if targets.is_empty() {
            return;
        }
        let about = self.about(&targets);
        let next =
            if wanted.puts_aside() { self.next_urgent(&targets) } else { self.groups.pick() };
        let shown = self.shown(&targets);
        self.desk.n_wishes += 1;
        let number = self.desk.n_wishes;
        let is_known = shown.is_some();
        if !is_known {
            let ids = targets.iter().map(|target| target.id).collect();
            let assess = matches!(wanted, Wanted::Mute { .. });
            let ground = Snapshot(self.store.snapshot());
            turn.ask(Effect::Identify { number, ids, assess, ground });
            if wanted.puts_aside() {
                self.with_groups(|groups, ground| groups.move_on(next, ground));
            }
        }
        self.desk.marks.clear();
        let found = shown.into_iter().map(|found| (found.id, found)).collect();
        self.desk.waiting.push_back(Waiting::Wish(Box::new(Wish {
            number,
            wanted,
            targets,
            about,
            next,
            found,
            is_known,
            has_waited: !is_known,
        })));
        self.go_on_deciding(turn);
    }

    /// What is known of the only target, because it is on the screen.
    fn shown(&self, targets: &[Target]) -> Option<Identified> {
        let ([only], Shown::Alert(id, look)) = (targets, &self.detail.shown) else { return None };
        let alert = &look.alert;
        (*id == only.id).then(|| Identified {
            id: *id,
            keys: AlertKeys::of(alert),
            rule: alert.rule_name().to_owned(),
            place: Place::of(alert).words(),
            record: Some(Evidence::of(look.raw.clone())),
            level: Some(look.analysis.assessment.level),
        })
    }

    /// Records that a decision waits for were read.
    pub(super) fn identified(
        &mut self,
        number: u64,
        more: Vec<Identified>,
        is_done: bool,
        turn: &mut Turn,
    ) {
        for waiting in &mut self.desk.waiting {
            if let Waiting::Wish(wish) = waiting
                && wish.number == number
            {
                wish.is_known = is_done;
                wish.found.extend(more.into_iter().map(|found| (found.id, found)));
                break;
            }
        }
        self.go_on_deciding(turn);
        turn.quit |=
            self.desk.is_leaving && self.desk.waiting.is_empty() && self.desk.trouble.is_none();
    }

    /// Does what waits, in the order of its keys, as far as all is known for it.
    fn go_on_deciding(&mut self, turn: &mut Turn) {
        while let Some(first) = self.desk.waiting.front() {
            if matches!(first, Waiting::Wish(wish) if !wish.is_known) {
                return;
            }
            match self.desk.waiting.pop_front() {
                Some(Waiting::Wish(wish)) => self.decide(*wish, turn),
                Some(Waiting::Undo) => self.take_back(false, turn),
                Some(Waiting::Redo) => self.take_back(true, turn),
                None => {}
            }
        }
    }

    fn decide(&mut self, mut wish: Wish, turn: &mut Turn) {
        // A group is known by its columns even when no record of it can be read any more.
        for target in wish.targets.iter().filter(|target| target.scope != Scope::Alert) {
            if !wish.found.contains_key(&target.id)
                && let (Some(keys), Some(row)) =
                    (self.desk.keys_of(&self.store, target.id), self.store.row(target.id))
            {
                let known = Identified {
                    id: target.id,
                    keys,
                    rule: row.rule_name().to_owned(),
                    place: Place::of_columns(&row.columns()).words(),
                    record: None,
                    level: row.level,
                };
                wish.found.insert(target.id, known);
            }
        }
        let mut words = wish.wanted.words();
        let mut unkept = 0;
        self.desk.offered = None;
        match &wish.wanted {
            Wanted::Mute { ends, reason } => {
                if let Err(why) = self.mute(&wish, *ends, reason, turn) {
                    self.lines.warn(self.now, format!("Not muted: {why}"));
                    return;
                }
                self.desk.unsettle();
                words = format!("muted until {}", self.clock(*ends));
            }
            Wanted::Decide(edit) => {
                let outcome = self.desk.changes(edit, &wish.targets, &wish.found, self.now);
                if outcome.changes.is_empty() {
                    let why = match outcome.n_gone {
                        0 => "it stands so already".to_owned(),
                        n => {
                            format!(
                                "{} cannot be read again",
                                plural(n as u64, "record", "records")
                            )
                        }
                    };
                    self.lines.warn(self.now, format!("Nothing changed: {why}"));
                    return;
                }
                let is_unkept = |change: &&Change| change.about.evidence.is_none();
                unkept = outcome.changes.iter().filter(is_unkept).count() + outcome.n_gone;
                self.desk.touch(outcome.changes.iter().map(|change| change.key));
                self.desk.board.decide(outcome.changes.clone());
                self.desk.done.push(Done::Decided);
                self.desk.taken_back.clear();
                self.save(outcome.changes, Vec::new(), outcome.evidence, turn);
            }
        }
        let undo = self.settings.keymap.label(Action::Undo);
        if let Some(first) = words.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        let mut says = format!("{words}: {}   {undo} takes it back", wish.about);
        if unkept > 0 {
            let records = plural(unkept as u64, "record", "records");
            says += &format!("   {records} could not be kept");
        }
        let verdict = Some(Verdict::FalsePositive);
        if matches!(&wish.wanted, Wanted::Decide(Edit::Close { verdict: as_, .. }) if *as_ == verdict)
        {
            self.desk.offered = wish.targets.first().copied();
            let tune = self.settings.keymap.label(Action::Tune);
            says += &format!("   {tune} makes Falco leave it out");
        }
        self.lines.done(self.now, says);
        // Who has gone elsewhere since is left there.
        let pick = self.groups.pick();
        let stays = wish.has_waited && pick != wish.next;
        self.resettle(if stays { pick } else { wish.next });
    }

    /// Orders what was decided to be saved; where nothing is kept it counts as it is.
    pub(super) fn save(
        &mut self,
        changes: Vec<Change>,
        suppressions: Vec<Suppression>,
        evidence: Vec<Evidence>,
        turn: &mut Turn,
    ) {
        match self.desk.keeping {
            Keeping::Memory => {
                let ids: Vec<String> = changes.into_iter().map(|change| change.id).collect();
                self.desk.board.saved(&ids);
            }
            Keeping::Disk => turn.ask(Effect::Save { changes, suppressions, evidence }),
        }
    }

    /// Makes the view again and puts the cursor where it belongs.
    pub(super) fn resettle(&mut self, next: Option<Pick>) {
        self.refresh_view();
        let is_inbox = self.desk.view == crate::ui::desk::View::Inbox;
        self.with_groups(|groups, ground| {
            if is_inbox {
                groups.forget_empty(ground.tree);
            }
            groups.move_on(next, ground);
        });
    }

    /// The next thing in the inbox below the cursor, or from the top, that the decision is not about.
    fn next_urgent(&self, targets: &[Target]) -> Option<Pick> {
        let ground = self.ground();
        let alerts: FxHashSet<AlertId> = targets.iter().map(|target| target.id).collect();
        let decided: FxHashSet<NodeId> = targets
            .iter()
            .filter(|target| target.scope != Scope::Alert)
            .filter_map(|target| ground.tree.leaf(self.store.cell_of(target.id)?))
            .collect();
        let is_next = |pick: &Pick| match pick {
            Pick::Alert(Some(node), id) => !decided.contains(node) && !alerts.contains(id),
            Pick::Alert(None, id) => !alerts.contains(id),
            Pick::Group(node) => {
                !decided.contains(node)
                    && ground.tree.node(*node).is_some_and(|node| node.children.is_empty())
                    // The group of the alerts decided about one by one is not the next thing.
                    && !self.groups.is_around(*node)
            }
        };
        let row = self.groups.index().unwrap_or(0);
        let (from, to) = (row + 1, self.groups.n_rows());
        let below = (from..to).filter_map(|row| self.groups.at(row)).find(|pick| is_next(pick));
        below.or_else(|| (0..row).filter_map(|row| self.groups.at(row)).find(|pick| is_next(pick)))
    }

    /// Takes the last decision back, or brings back what was taken back last, once what was asked for before is done.
    pub(super) fn undo(&mut self, redo: bool, turn: &mut Turn) {
        self.desk.waiting.push_back(if redo { Waiting::Redo } else { Waiting::Undo });
        self.go_on_deciding(turn);
    }

    fn take_back(&mut self, redo: bool, turn: &mut Turn) {
        let step = if redo { self.desk.taken_back.pop() } else { self.desk.done.pop() };
        let Some(step) = step else { return };
        let at = self.desk.stamp(self.now);
        let words = match &step {
            Done::Decided => {
                let board = &self.desk.board;
                let Some(changes) = (if redo { board.redo(at) } else { board.undo(at) }) else {
                    return;
                };
                let words = changes.first().map_or_else(String::new, |change| {
                    Decision::difference(&change.before, &change.after)
                });
                let words = if words.is_empty() { "as before".to_owned() } else { words };
                let n = plural(changes.len() as u64, "key", "keys").replace("key", "decision");
                self.desk.touch(changes.iter().map(|change| change.key));
                self.desk.board.decide(changes.clone());
                self.save(changes, Vec::new(), Vec::new(), turn);
                format!("{} ({n})", printable(&words))
            }
            Done::Muted(ids) | Done::Lifted(ids) => {
                let lifts = matches!(step, Done::Lifted(_)) == redo;
                self.lift(ids, lifts, at, turn);
                self.desk.unsettle();
                if lifts { "no longer muted".to_owned() } else { "muted again".to_owned() }
            }
        };
        let said = if redo { "Done again" } else { "Taken back" };
        self.lines.done(self.now, format!("{said}: now {words}"));
        if redo {
            self.desk.done.push(step);
        } else {
            self.desk.taken_back.push(step);
        }
        let pick = self.groups.pick();
        self.resettle(pick);
    }
}
