//! One arm for each action, and why an action is not available.

use super::{App, Turn, ground};
use crate::store::Grouping;
use crate::text::plural;
use crate::ui::action::Action;
use crate::ui::effect::{Effect, Mouse};
use crate::ui::health::Follow;
use crate::ui::layout::{Focus, WIDE, Zoom};
use crate::ui::overlay::Overlay;
use crate::ui::overlay::decide::Ask;
use crate::ui::overlay::page::{Kind, Page};
use crate::ui::overlay::palette::Palette;
use crate::ui::pane::commands::{finder, variants};
use crate::ui::pane::detail::{Tab, command_of};
use crate::ui::pane::groups::{Ground, Groups, Pick};
use crate::ui::settings::Settings;
use crate::ui::widget::prompt::Prompt;

impl App {
    /// Why an action cannot be done now; the palette greys it, its key says this.
    pub fn why_not(&self, action: Action) -> Option<String> {
        let because = |why: &str| Some(why.to_owned());
        match action {
            Action::CopyCommand if self.in_paper() => self.why_not_from_paper(),
            Action::CopyCommand => match (self.detail.look(), self.detail.step()) {
                _ if self.in_detail()
                    && self.detail.tab == Tab::Fields
                    && self.selected_field().is_some() =>
                {
                    None
                }
                (None, _) => because("no alert is shown"),
                (_, None) => because("there is no command for this alert"),
                (_, Some(step)) => match command_of(step, self.detail.variant.as_deref()) {
                    (Some(_), _) => None,
                    (None, _)
                        if self
                            .detail
                            .look()
                            .is_some_and(|look| finder(&look.analysis, step).is_some()) =>
                    {
                        None
                    }
                    (None, _) => {
                        because(step.unavailable.as_deref().unwrap_or("this step has no command"))
                    }
                },
            },
            Action::CopyMenu | Action::Export | Action::Attach if self.detail.look().is_none() => {
                because("no alert is shown")
            }
            Action::Variant
                if self
                    .detail
                    .look()
                    .is_none_or(|look| variants(&look.analysis.steps).len() < 2) =>
            {
                because("there are commands for one runtime only")
            }
            Action::Load if self.narrow.named.is_empty() => because("no filter is saved"),
            Action::ClearFilter | Action::Chips | Action::Save if self.narrow.text().is_none() => {
                because("there is no filter")
            }
            Action::SearchNext | Action::SearchBack if self.narrow.search.hits.is_empty() => {
                because(if self.narrow.search.text.is_empty() {
                    "nothing was searched for"
                } else {
                    "there is no hit"
                })
            }
            Action::Narrow | Action::Exclude if !self.can_narrow() => {
                because("nothing with a value is selected")
            }
            Action::Sort | Action::FoldAll if self.grouping() == Grouping::Flat => {
                because("alerts are not grouped")
            }
            Action::Demo if !self.health.sources.is_empty() => {
                because("a log is open; `cadge demo` starts it on its own")
            }
            Action::Acknowledge
            | Action::Escalate
            | Action::Close
            | Action::Reopen
            | Action::Mute
            | Action::Note
            | Action::Assign
            | Action::Tag
                if self.desk.marks.is_empty() && self.groups.pick().is_none() =>
            {
                because("no alert is selected")
            }
            Action::Report if self.desk.marks.is_empty() && self.groups.pick().is_none() => {
                because("no alert is selected")
            }
            Action::Mark | Action::MarkRange | Action::MarkGroup
                if self.groups.pick().is_none() || self.in_detail() =>
            {
                because("the cursor is on no row of the list")
            }
            Action::MarkGroup if self.grouping() == Grouping::Flat => {
                because("alerts are not grouped")
            }
            Action::Undo if self.desk.done.is_empty() && self.desk.waiting.is_empty() => {
                because("nothing was decided here that could be taken back")
            }
            Action::Redo if self.desk.taken_back.is_empty() && self.desk.waiting.is_empty() => {
                because("nothing was taken back")
            }
            Action::NextNew if self.groups.n_fresh(self.ground().tree) == 0 => {
                because("nothing is new")
            }
            Action::Noise if self.store.is_empty() => because("there are no alerts"),
            Action::Tune if self.desk.offered.is_none() && self.assessor.wanted.is_none() => {
                because("no alert is selected")
            }
            Action::Open if self.in_detail() => self.why_not_open(),
            Action::Facets if self.store.is_empty() => because("there are no alerts"),
            _ => None,
        }
    }

    /// Why Enter does nothing in the detail.
    fn why_not_open(&self) -> Option<String> {
        let why = match self.detail.tab {
            Tab::Fields if !self.can_narrow() => "no filter can be made of this",
            Tab::Related if self.detail.n_items() == 0 => "nothing is related",
            Tab::Raw | Tab::History => "there is nothing to open here",
            _ => return None,
        };
        Some(why.to_owned())
    }

    /// Does what a person asked for, or says why it cannot be done.
    pub(super) fn act(&mut self, action: Action, turn: &mut Turn) {
        if let Some(reason) = self.why_not(action) {
            self.lines.warn(self.now, format!("Not now: {reason}"));
            return;
        }
        match action {
            Action::Next => self.step(1),
            Action::Previous => self.step(-1),
            Action::Top => self.step(isize::MIN / 2),
            Action::Bottom => self.step(isize::MAX / 2),
            Action::HalfDown => self.step(self.page() / 2),
            Action::HalfUp => self.step(-self.page() / 2),
            Action::PageDown => self.step(self.page()),
            Action::PageUp => self.step(-self.page()),
            Action::Open => self.open(turn),
            Action::Unfold => self.unfold(),
            Action::Fold => self.fold(),
            Action::FoldAll => self.with_groups(Groups::fold_all),
            Action::NextPane | Action::PreviousPane => self.shape.focus = other(self.shape.focus),
            Action::PaneList => self.shape.focus = Focus::List,
            Action::PaneDetail => self.shape.focus = Focus::Detail,
            Action::NextTab => self.detail.next_tab(1),
            Action::PreviousTab => self.detail.next_tab(Tab::ALL.len() - 1),
            Action::Back => self.back(),
            Action::Sort => {
                self.with_groups(Groups::next_sort);
                self.lines.done(self.now, format!("Sorted by {}", self.groups.sort().name()));
            }
            Action::GroupBy => self.group_by(),
            Action::Zoom => self.zoom(),
            Action::Pause => self.pause(),
            Action::Times => {
                self.settings.times = self.settings.times.next();
                self.lines.done(self.now, format!("Times as {}", self.settings.times.name()));
            }
            Action::Variant => self.next_variant(),
            Action::Rejects => self.overlay = Some(Overlay::Page(Page::new(Kind::Rejects))),
            Action::Sources => self.overlay = Some(Overlay::Page(Page::new(Kind::Sources))),
            Action::Help => self.overlay = Some(Overlay::Page(Page::new(Kind::Help))),
            Action::Palette => self.overlay = Some(Overlay::Palette(Palette::default())),
            Action::CopyCommand => self.copy_command(turn),
            Action::CopyMenu => self.copy_menu(),
            Action::Export => {
                let masks = self.settings.masks;
                let look = self.detail.look().map(|look| Box::new(look.clone()));
                turn.ask(look.map(|look| Effect::Export { look, masks }));
            }
            Action::Report => self.report("", turn),
            Action::Masking => self.masking(),
            Action::Attach => {
                self.overlay = Some(Overlay::Palette(Palette::typed("attach ")));
            }
            Action::Filter => self.open_filter(),
            Action::ClearFilter => self.clear_filter(turn),
            Action::Chips => self.chips(),
            Action::Narrow => self.narrow_to(true, turn),
            Action::Exclude => self.narrow_to(false, turn),
            Action::Save => {
                self.overlay = Some(Overlay::Palette(Palette::typed("save ")));
            }
            Action::Load => self.load_menu(),
            Action::Facets => self.facet_menu(turn),
            Action::Search => self.overlay = Some(Overlay::Search(Prompt::default())),
            Action::SearchNext => self.next_hit(true),
            Action::SearchBack => self.next_hit(false),
            Action::Mouse => self.give_mouse(turn),
            Action::Acknowledge => self.ask(Ask::Acknowledge, turn),
            Action::Escalate => self.ask(Ask::Escalate, turn),
            Action::Close => self.ask(Ask::Close, turn),
            Action::Reopen => self.reopen(turn),
            Action::Mute => self.ask(Ask::Mute, turn),
            Action::Note => self.write_note(),
            Action::Assign => self.ask(Ask::Assign, turn),
            Action::Tag => self.ask(Ask::Tag, turn),
            Action::Undo => self.undo(false, turn),
            Action::Redo => self.undo(true, turn),
            Action::Mark => self.mark(),
            Action::MarkRange => self.mark_range(),
            Action::MarkGroup => self.mark_group(),
            Action::View => self.show_view(self.desk.view.next()),
            Action::NextNew => self.with_groups(Groups::next_fresh),
            Action::Noise => self.show_noise(turn),
            Action::Tune => self.tune_selected(turn),
            Action::Print => turn.ask(Effect::Print),
            Action::Theme => turn.ask(Effect::NextTheme),
            Action::Reload => turn.ask(Effect::Reload),
            Action::Demo => {
                self.desk.keeping = crate::ui::desk::Keeping::Memory;
                turn.ask(Effect::Demo);
            }
            Action::Redraw => turn.ask(Effect::Redraw),
            Action::Suspend => turn.ask(Effect::Suspend),
            Action::Quit => self.quit(turn),
            Action::Leave => self.leave(action, turn),
        }
    }

    pub(super) fn with_groups<T>(
        &mut self,
        change: impl FnOnce(&mut Groups, &Ground<'_>) -> T,
    ) -> T {
        let ground = ground(&self.store, &self.narrow, &self.desk, &self.assessor, self.now);
        change(&mut self.groups, &ground)
    }

    fn step(&mut self, rows: isize) {
        match self.shape.focus {
            Focus::List => self.groups.step(rows),
            Focus::Detail => self.detail.step_by(rows),
        }
    }

    fn page(&self) -> isize {
        let rows = match self.shape.focus {
            Focus::List => self.groups.height(),
            Focus::Detail if self.detail.n_items() > 0 => self.detail.height() / 3,
            Focus::Detail => self.detail.height(),
        };
        isize::try_from(rows.saturating_sub(1).max(2)).unwrap_or(1)
    }

    /// Enter: from the list to the detail, or what the selected item of the detail is for.
    fn open(&mut self, turn: &mut Turn) {
        if self.shape.focus == Focus::List {
            let is_inner = match self.groups.pick() {
                Some(Pick::Group(id)) => {
                    self.ground().tree.node(id).is_some_and(|node| !node.children.is_empty())
                }
                _ => false,
            };
            if is_inner {
                let open = self.groups.is_open(self.ground().tree) == Some(true);
                self.with_groups(|groups, ground| groups.set_open(!open, ground));
            } else {
                self.show_chief(turn);
                self.shape.focus = Focus::Detail;
            }
            return;
        }
        match self.detail.tab {
            Tab::Commands => self.copy_command(turn),
            // Through the door that says why a command cannot be copied.
            Tab::Report => self.act(Action::CopyCommand, turn),
            Tab::Fields if self.can_narrow() => self.narrow_to(true, turn),
            Tab::Related => {
                let id = self
                    .detail
                    .look()
                    .and_then(|look| look.analysis.related.get(self.detail.cursor()))
                    .map(|item| item.id);
                if let Some(id) = id {
                    self.show_alert(id);
                }
            }
            Tab::Analysis => self.detail.tab = Tab::Commands,
            Tab::Fields | Tab::Raw | Tab::History => {}
        }
    }

    /// Opening a group again shows what stands for it now.
    fn show_chief(&mut self, turn: &mut Turn) {
        let target = self.groups.target(&self.ground());
        if target != self.assessor.wanted
            && let Some(id) = target
        {
            self.assessor.wanted = Some(id);
            turn.ask(self.load(id));
        }
    }

    fn unfold(&mut self) {
        if self.shape.focus == Focus::Detail {
            return;
        }
        let changed = self.with_groups(|groups, ground| groups.set_open(true, ground));
        if !changed {
            self.shape.focus = Focus::Detail;
        }
    }

    fn fold(&mut self) {
        if self.shape.focus == Focus::Detail {
            self.shape.focus = Focus::List;
            return;
        }
        self.with_groups(|groups, ground| groups.set_open(false, ground));
    }

    /// Esc: one layer at a time.
    fn back(&mut self) {
        if self.shape.zoom == Zoom::On {
            self.shape.zoom = Zoom::Off;
        } else if self.shape.focus == Focus::Detail {
            self.shape.focus = Focus::List;
        } else if self.desk.marks.clear() {
            self.lines.done(self.now, "No marks");
        } else if self.lines.notice.take().is_some() | self.lines.dismiss() {
            // What faded or was read makes room.
        } else if !self.narrow.search.text.is_empty() {
            self.narrow.search = crate::ui::narrow::Search::default();
        } else {
            let quit = self.settings.keymap.label(Action::Quit);
            self.lines.done(self.now, format!("Nothing to go back from; {quit} leaves cadge"));
        }
    }

    fn quit(&mut self, turn: &mut Turn) {
        if self.shape.zoom == Zoom::On {
            self.shape.zoom = Zoom::Off;
        } else if self.shape.focus == Focus::Detail && self.size.width < WIDE {
            self.shape.focus = Focus::List;
        } else {
            self.leave(Action::Quit, turn);
        }
    }

    /// Leaves the program: at once, after what was asked for is done, or, where decisions cannot be saved, when the key
    /// comes again.
    pub(super) fn leave(&mut self, action: Action, turn: &mut Turn) {
        let n_held = self.desk.board.n_saving() as u64;
        let is_asked = std::mem::replace(&mut self.desk.is_leaving, true);
        if !is_asked && self.desk.trouble.is_some() && n_held > 0 {
            let key = self.settings.keymap.label(action);
            let held = plural(n_held, "decision is", "decisions are");
            let says = format!(
                "{held} not saved yet; {key} again leaves all the same, with a file to import"
            );
            self.lines.warn(self.now, says);
        } else if !is_asked && !self.desk.waiting.is_empty() {
            self.lines.done(self.now, "Leaving when what was decided is done");
        } else {
            turn.quit = true;
        }
    }

    fn group_by(&mut self) {
        let at =
            Grouping::ALL.iter().position(|grouping| *grouping == self.grouping()).unwrap_or(0);
        let next = Grouping::ALL.get((at + 1) % Grouping::ALL.len()).copied().unwrap_or_default();
        self.store.regroup(next);
        self.narrow.regroup(&self.store, next);
        self.lines.done(self.now, format!("Grouped by {}", next.name()));
        self.renew();
    }

    fn zoom(&mut self) {
        self.shape.zoom = match self.shape.zoom {
            Zoom::Off => Zoom::On,
            Zoom::On => Zoom::Off,
        };
    }

    fn pause(&mut self) {
        self.health.follow = match std::mem::take(&mut self.health.follow) {
            Follow::Live => {
                self.lines.done(self.now, "Held still; what comes is kept and counted");
                Follow::Held { batches: Vec::new(), n_alerts: 0 }
            }
            Follow::Held { batches, n_alerts } => {
                for batch in batches {
                    self.take_in(batch);
                }
                let came = plural(n_alerts, "alert", "alerts");
                self.lines.done(self.now, format!("Following again; {came} came meanwhile"));
                Follow::Live
            }
        };
    }

    fn next_variant(&mut self) {
        let Some(look) = self.detail.look() else { return };
        let all = variants(&look.analysis.steps);
        let at = self
            .detail
            .variant
            .as_deref()
            .and_then(|own| all.iter().position(|name| *name == own))
            .unwrap_or(0);
        let next = all.get((at + 1) % all.len().max(1)).map(|name| (*name).to_owned());
        if let Some(name) = &next {
            self.lines.done(self.now, format!("Commands for {name}"));
        }
        self.detail.variant = next;
    }

    /// Takes new settings. What keys chose since holds until the file is read `anew`.
    pub(super) fn configured(
        &mut self,
        settings: Settings,
        anew: bool,
        problems: &[String],
        turn: &mut Turn,
    ) {
        let old = std::mem::replace(&mut self.settings, settings);
        if !anew {
            (self.settings.times, self.settings.mouse) = (old.times, old.mouse);
            (self.settings.masks, self.settings.reports) = (old.masks, old.reports);
        } else if self.settings.mouse != old.mouse {
            turn.ask(Effect::Mouse(self.settings.mouse));
        }
        self.lines.set_problems(problems);
    }

    fn give_mouse(&mut self, turn: &mut Turn) {
        self.settings.mouse = match self.settings.mouse {
            Mouse::Ours => Mouse::Terminals,
            Mouse::Terminals => Mouse::Ours,
        };
        let key = self.settings.keymap.label(Action::Mouse);
        self.lines.done(
            self.now,
            match self.settings.mouse {
                Mouse::Ours => "The mouse clicks and scrolls again".to_owned(),
                Mouse::Terminals => format!("The mouse selects text now; {key} takes it back"),
            },
        );
        turn.ask(Effect::Mouse(self.settings.mouse));
    }
}

fn other(focus: Focus) -> Focus {
    match focus {
        Focus::List => Focus::Detail,
        Focus::Detail => Focus::List,
    }
}
