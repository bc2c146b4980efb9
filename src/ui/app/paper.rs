//! Reports: of ours about what is marked, of others beside the alert.

use super::{App, Turn};
use crate::lint::Severity;
use crate::lint::sheet::Piece;
use crate::model::AlertId;
use crate::report::gather::Form;
use crate::text::{plural, printable, shown};
use crate::ui::effect::{Decisions, Effect, Ground as Snapshot, Told, What};
use crate::ui::layout::Focus;
use crate::ui::msg::Paper;
use crate::ui::overlay::Overlay;
use crate::ui::overlay::menu::{Choice, Item, Menu};
use crate::ui::pane::detail::Tab;
use crate::ui::pane::groups::Pick;
use crate::ui::pane::paper;
use std::sync::Arc;

/// Alerts for which it is remembered whether there is a report.
const KEPT: usize = 4096;

impl App {
    /// `:report [FORM]`: about what is marked, else the group or alert under the cursor.
    pub(super) fn report(&mut self, form: &str, turn: &mut Turn) {
        let Some(form) = (if form.is_empty() { Some(Form::Markdown) } else { Form::parse(form) })
        else {
            let forms = Form::ALL.map(Form::name).join(", ");
            self.lines.warn(self.now, format!("A report is one of {forms}"));
            return;
        };
        let ids = self.case();
        if ids.is_empty() {
            self.lines.warn(self.now, "Not now: no alert is selected");
            return;
        }
        self.lines.done(
            self.now,
            format!("Writing a report about {}", plural(ids.len() as u64, "alert", "alerts")),
        );
        let told = Told { form, masks: self.settings.masks, variant: self.detail.variant.clone() };
        let board = Decisions(Arc::new(self.desk.board.clone()));
        turn.ask(Effect::Report { ids, told, ground: Snapshot(self.store.snapshot()), board });
    }

    /// The alerts that are marked, else those of the row under the cursor, by time.
    fn case(&self) -> Vec<AlertId> {
        let picks: Vec<Pick> = if self.desk.marks.is_empty() {
            self.groups.pick().into_iter().collect()
        } else {
            self.desk.marks.all().to_vec()
        };
        let ground = self.ground();
        let mut ids: Vec<AlertId> = picks
            .into_iter()
            .flat_map(|pick| match pick {
                Pick::Alert(_, id) => vec![id],
                Pick::Group(node) => ground.alerts_of(node),
            })
            .collect();
        ids.sort_by_key(|id| (self.store.nanos(*id), *id));
        ids.dedup();
        ids
    }

    /// Masks what leaves, or no longer.
    pub(super) fn masking(&mut self) {
        self.settings.masks = !self.settings.masks;
        let says = if self.settings.masks {
            "Secrets are masked in reports and records, as far as their shape is known"
        } else {
            "Secrets stay in reports and records; :masking masks them again"
        };
        self.lines.done(self.now, says);
    }

    /// `:attach FILE`, or a folder in which to look from now on.
    pub(super) fn attach(&mut self, path: String, turn: &mut Turn) {
        self.ask_for_paper(path, true, turn);
    }

    /// Looks for a report about the alert that was just read, where there is a folder of them.
    pub(super) fn look_for_paper(&mut self, id: AlertId, turn: &mut Turn) {
        let is_shown = self.detail.shown.id() == Some(id);
        if is_shown
            && self.detail.papers.get(&id).is_none_or(Option::is_none)
            && let Some(folder) = self.settings.reports.clone()
        {
            self.ask_for_paper(folder, false, turn);
        }
    }

    fn ask_for_paper(&mut self, path: String, is_asked: bool, turn: &mut Turn) {
        if let (Some(id), Some(look)) = (self.detail.shown.id(), self.detail.look()) {
            let alert = Box::new(look.alert.clone());
            turn.ask(Effect::Attach { id, alert, path, is_asked });
        }
    }

    /// Takes in a report of others.
    pub(super) fn attached(
        &mut self,
        id: AlertId,
        is_asked: bool,
        paper: Result<Option<Box<Paper>>, String>,
    ) {
        if self.detail.papers.len() >= KEPT {
            self.detail.papers.clear();
        }
        match paper {
            Ok(Some(paper)) => {
                let says = paper::verdict(&paper);
                self.detail.file(id, Some(*paper));
                if self.detail.shown.id() == Some(id) {
                    self.lines.done(self.now, format!("A report about it: {says}"));
                    if is_asked {
                        self.detail.tab = Tab::Report;
                        self.shape.focus = Focus::Detail;
                    }
                }
            }
            Ok(None) => {
                self.detail.file(id, None);
                if is_asked {
                    let says = "No report there names this alert or its container; new alerts are looked for too";
                    self.lines.done(self.now, says);
                }
            }
            Err(why) if is_asked => {
                self.lines.error(self.now, format!("Not attached: {}", shown(&why, 200)));
            }
            Err(_) => self.detail.file(id, None),
        }
    }

    /// Whether the copy key takes a command of a report of others.
    pub(super) fn in_paper(&self) -> bool {
        self.in_detail() && self.detail.tab == Tab::Report
    }

    fn piece(&self) -> Option<&Piece> {
        self.detail.paper().and_then(|paper| paper::items(paper).nth(self.detail.cursor()))
    }

    /// Why the command under the cursor of a report cannot be copied.
    pub(super) fn why_not_from_paper(&self) -> Option<String> {
        let Some(piece) = self.piece() else {
            return Some("the report has no command here".to_owned());
        };
        let worst = piece.worst().filter(|worst| worst.severity == Severity::Block)?;
        Some(format!("never to be pasted: {}", paper::says(worst)))
    }

    /// Copies the command under the cursor of a report; what was found about it is said first.
    pub(super) fn copy_from_paper(&mut self, turn: &mut Turn) {
        let Some(piece) = self.piece().filter(|piece| !piece.is_blocked()) else { return };
        let copy = Choice::Copy { text: piece.text.clone(), what: What::Command };
        let reasons: Vec<String> = piece
            .findings
            .iter()
            .filter(|finding| finding.severity > Severity::Note)
            .map(paper::says)
            .collect();
        if reasons.is_empty() {
            turn.ask(Effect::Copy { text: piece.text.clone(), what: What::Command });
            return;
        }
        let item =
            |label: &str, choice| Item { label: label.to_owned(), note: String::new(), choice };
        let items = vec![item("leave it", Choice::Nothing), item("copy it all the same", copy)];
        let mut menu = Menu::new("Not without a doubt", items);
        menu.says = vec![printable(piece.text.lines().next().unwrap_or_default()).into_owned()];
        menu.says.extend(reasons);
        self.overlay = Some(Overlay::Menu(menu));
    }
}
