//! The detail pane: one alert, in six tabs, and a seventh where others wrote a report about it.
//!
//! Its lines are made in `update` when what they show or the width has changed, so that drawing a frame costs no more
//! than the lines in sight, and scrolling knows where the end is.

use super::{analysis, commands, fields, history, paper, raw, related};
use crate::analysis::Step;
use crate::model::AlertId;
use crate::store::Store;
use crate::theme::Role;
use crate::ui::msg::{Look, Paper};
use crate::ui::paint::{Canvas, Line};
use crate::ui::settings::{Settings, Times};
use crate::ui::widget::{scrollbar, tabs};
use jiff::Timestamp;
use ratatui::layout::Rect;
use rustc_hash::FxHashMap;

/// The tabs, in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tab {
    #[default]
    Analysis,
    Commands,
    Fields,
    Related,
    Raw,
    History,
    /// A report of others; only where there is one.
    Report,
}

impl Tab {
    pub const ALL: [Self; 7] = [
        Self::Analysis,
        Self::Commands,
        Self::Fields,
        Self::Related,
        Self::Raw,
        Self::History,
        Self::Report,
    ];

    /// The tab so many places on, around the end.
    #[must_use]
    pub fn step(self, places: usize) -> Self {
        Self::ALL.get((self as usize + places) % Self::ALL.len()).copied().unwrap_or_default()
    }
}

/// What is known of the alert under the cursor.
#[derive(Clone, Debug, Default)]
pub enum Shown {
    #[default]
    Nothing,
    /// Asked for, not answered.
    Reading(AlertId),
    Alert(AlertId, Box<Look>),
    /// It could not be read, and why.
    Gone(AlertId, String),
}

impl Shown {
    pub fn id(&self) -> Option<AlertId> {
        match self {
            Self::Nothing => None,
            Self::Reading(id) | Self::Alert(id, _) | Self::Gone(id, _) => Some(*id),
        }
    }
}

/// Where one is in a tab.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    /// The selected command, field or alert.
    cursor: usize,
    /// The first line in sight.
    scroll: usize,
}

/// The pane's own state.
#[derive(Clone, Debug, Default)]
pub struct Detail {
    pub tab: Tab,
    pub shown: Shown,
    /// The runtime whose commands are preferred, when a person chose one.
    pub variant: Option<String>,
    /// How the alert stands, and what was decided about it, latest first; printable.
    said: (Option<String>, Vec<String>),
    /// Reports of others by alert; `None` where one was looked for and there is none.
    pub papers: FxHashMap<AlertId, Option<Paper>>,
    places: [Place; 7],
    lines: Vec<Line>,
    /// Lines in sight.
    height: usize,
    made_for: Option<Made>,
    /// Counts answers, so that lines are made anew.
    generation: u64,
}

/// What the lines were made from.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Made {
    tab: Tab,
    width: u16,
    generation: u64,
    cursor: usize,
    variant: Option<String>,
    times: Times,
    day: i64,
}

/// What a tab needs to write its lines.
pub struct Ctx<'a> {
    pub look: &'a Look,
    pub store: &'a Store,
    pub settings: &'a Settings,
    pub now: Timestamp,
    pub variant: Option<&'a str>,
    pub cursor: usize,
    pub width: u16,
    /// How the alert stands; printable.
    pub stands: Option<&'a str>,
    /// What was decided about it, latest first; printable.
    pub history: &'a [String],
    /// A report of others about it.
    pub paper: Option<&'a Paper>,
}

impl Ctx<'_> {
    /// A step's command and its variant, as the person's choice of runtime has it.
    pub fn command<'s>(&self, step: &'s Step) -> (Option<&'s str>, &'s str) {
        command_of(step, self.variant)
    }
}

/// A step's command in the preferred variant where there is one, and the variant's name.
pub fn command_of<'s>(step: &'s Step, variant: Option<&str>) -> (Option<&'s str>, &'s str) {
    let other = variant.and_then(|wanted| step.others.iter().find(|(name, _)| name == wanted));
    match other {
        Some((name, command)) => (Some(command), name),
        None => (step.command.as_deref(), &step.variant),
    }
}

impl Detail {
    /// The alert that is shown, with all that is known of it.
    pub fn look(&self) -> Option<&Look> {
        match &self.shown {
            Shown::Alert(_, look) => Some(look),
            _ => None,
        }
    }

    /// Goes on to another alert, which is being read. What is shown stays until it comes, so that nothing flickers.
    pub fn expect(&mut self, id: AlertId) {
        if !matches!(self.shown, Shown::Alert(..)) {
            self.shown = Shown::Reading(id);
            self.generation += 1;
        }
    }

    /// Takes an answer in.
    pub fn take(&mut self, id: AlertId, look: Result<Box<Look>, String>) {
        let is_other = self.shown.id() != Some(id);
        self.shown = match look {
            Ok(look) => Shown::Alert(id, look),
            Err(reason) => Shown::Gone(id, reason),
        };
        self.generation += 1;
        if is_other || matches!(self.shown, Shown::Gone(..)) {
            self.places = <[Place; 7]>::default();
        }
        let first = self.look().map_or(0, |look| {
            look.analysis.steps.iter().position(|step| step.command.is_some()).unwrap_or(0)
        });
        if is_other && let Some(place) = self.places.get_mut(Tab::Commands as usize) {
            place.cursor = first;
        }
    }

    /// Takes in how the alert stands and what was decided about it.
    pub fn say(&mut self, said: (Option<String>, Vec<String>)) {
        if self.said != said {
            self.said = said;
            self.generation += 1;
        }
    }

    /// Shows nothing.
    pub fn clear(&mut self) {
        self.shown = Shown::Nothing;
        self.generation += 1;
    }

    fn place(&self) -> Place {
        self.places.get(self.tab as usize).copied().unwrap_or_default()
    }

    fn place_mut(&mut self) -> Option<&mut Place> {
        self.places.get_mut(self.tab as usize)
    }

    /// How many commands, fields or alerts the open tab selects among; 0 where it only scrolls.
    pub fn n_items(&self) -> usize {
        let Some(look) = self.look() else { return 0 };
        match self.tab {
            Tab::Commands => look.analysis.steps.len(),
            Tab::Fields => fields::rows(look).len(),
            Tab::Related => look.analysis.related.len(),
            Tab::Report => self.paper().map_or(0, paper::n_items),
            Tab::Analysis | Tab::Raw | Tab::History => 0,
        }
    }

    /// The selected command, field or alert of the open tab.
    pub fn cursor(&self) -> usize {
        self.place().cursor.min(self.n_items().saturating_sub(1))
    }

    /// The step whose command the copy key would take: under the cursor in Commands, the next one elsewhere.
    pub fn step(&self) -> Option<&Step> {
        let steps = &self.look()?.analysis.steps;
        if self.tab == Tab::Commands { steps.get(self.cursor()) } else { next_step(steps) }
    }

    /// Makes the lines if what they show has changed; then brings the cursor in sight.
    pub fn reflow(&mut self, store: &Store, settings: &Settings, now: Timestamp, size: (u16, u16)) {
        let (width, height) = size;
        self.height = usize::from(height.saturating_sub(HEAD));
        let wanted = Made {
            tab: self.tab,
            width,
            generation: self.generation,
            cursor: self.cursor(),
            variant: self.variant.clone(),
            times: settings.times,
            day: now.as_second() / 86_400,
        };
        if self.made_for.as_ref() != Some(&wanted) {
            self.lines = self.make(store, settings, now, width);
            let cursor_moved =
                self.made_for.as_ref().is_some_and(|made| made.cursor != wanted.cursor);
            self.made_for = Some(wanted);
            if cursor_moved {
                self.show_cursor();
            }
        }
        let most = self.lines.len().saturating_sub(self.height);
        if let Some(place) = self.place_mut() {
            place.scroll = place.scroll.min(most);
        }
    }

    fn make(&self, store: &Store, settings: &Settings, now: Timestamp, width: u16) -> Vec<Line> {
        let Some(look) = self.look() else { return Vec::new() };
        let variant = self.variant.as_deref();
        let ctx = Ctx {
            look,
            store,
            settings,
            now,
            variant,
            cursor: self.cursor(),
            width,
            stands: self.said.0.as_deref(),
            history: &self.said.1,
            paper: self.paper(),
        };
        match self.tab {
            Tab::Analysis => analysis::lines(&ctx),
            Tab::Commands => commands::lines(&ctx),
            Tab::Fields => fields::lines(&ctx),
            Tab::Related => related::lines(&ctx),
            Tab::Raw => raw::lines(&ctx),
            Tab::History => history::lines(&ctx),
            Tab::Report => paper::lines(&ctx),
        }
    }

    fn show_cursor(&mut self) {
        let (cursor, height) = (self.cursor(), self.height);
        let of = |line: &Line| line.item == Some(cursor);
        let (Some(first), Some(last)) =
            (self.lines.iter().position(of), self.lines.iter().rposition(of))
        else {
            return;
        };
        // The heading above the first item comes into sight with it.
        let first = if cursor == 0 { 0 } else { first };
        if let Some(place) = self.place_mut() {
            if last >= place.scroll + height {
                place.scroll = (last + 1).saturating_sub(height);
            }
            if first < place.scroll {
                place.scroll = first;
            }
        }
    }

    /// Moves the cursor where there is one, scrolls where there is none.
    pub fn step_by(&mut self, rows: isize) {
        let items = self.n_items();
        if items == 0 {
            self.scroll(rows);
            return;
        }
        let cursor = self.cursor().saturating_add_signed(rows).min(items - 1);
        if let Some(place) = self.place_mut() {
            place.cursor = cursor;
        }
    }

    /// Scrolls without the cursor.
    pub fn scroll(&mut self, rows: isize) {
        let most = self.lines.len().saturating_sub(self.height);
        if let Some(place) = self.place_mut() {
            place.scroll = place.scroll.saturating_add_signed(rows).min(most);
        }
    }

    /// Lines in sight.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Selects the item a line of the pane belongs to; says whether there is one.
    pub fn click(&mut self, y: u16) -> bool {
        let Some(line) = y.checked_sub(HEAD) else { return false };
        let at = self.place().scroll + usize::from(line);
        let Some(item) = self.lines.get(at).and_then(|line| line.item) else { return false };
        if let Some(place) = self.place_mut() {
            place.cursor = item;
        }
        true
    }

    /// The tab under a column of the pane's first line.
    pub fn tab_at(&self, x: u16, width: u16) -> Option<Tab> {
        tabs::hit(&self.tabs(), width, x).and_then(|at| Tab::ALL.get(at).copied())
    }

    /// The report of others about the alert that is shown.
    pub fn paper(&self) -> Option<&Paper> {
        self.papers.get(&self.shown.id()?)?.as_ref()
    }

    /// Takes in a report about an alert, or that there is none.
    pub fn file(&mut self, id: AlertId, paper: Option<Paper>) {
        self.papers.insert(id, paper);
        self.generation += 1;
    }

    /// Goes on to another tab; the report's only where there is one.
    pub fn next_tab(&mut self, places: usize) {
        self.tab = self.tab.step(places);
        if self.tab == Tab::Report && self.paper().is_none() {
            self.tab = self.tab.step(places);
        }
    }

    fn tabs(&self) -> Vec<tabs::Tab> {
        let look = self.look();
        let count = |count: fn(&Look) -> usize| look.map(count);
        let mut tabs = vec![
            ("Analysis", None),
            (
                "Commands",
                count(|look| {
                    look.analysis.steps.iter().filter(|step| step.command.is_some()).count()
                }),
            ),
            ("Fields", count(|look| look.alert.fields.0.len())),
            ("Related", count(|look| look.analysis.related.len())),
            ("Raw", None),
            ("History", (!self.said.1.is_empty()).then_some(self.said.1.len())),
        ];
        if self.paper().is_some() || self.tab == Tab::Report {
            tabs.push(("Report", self.paper().map(paper::n_items)));
        }
        tabs
    }
}

/// Lines above the text: the tabs and an empty one.
const HEAD: u16 = 2;

/// The first step that has a command.
pub fn next_step(steps: &[Step]) -> Option<&Step> {
    steps.iter().find(|step| step.command.is_some())
}

/// Draws the tabs and the lines in sight.
pub fn draw(detail: &Detail, canvas: &mut Canvas<'_>, area: Rect) {
    let head = Rect { height: area.height.min(1), ..area };
    tabs::draw(canvas, head, &detail.tabs(), detail.tab as usize);
    let body = Rect {
        y: area.y + HEAD.min(area.height),
        height: area.height.saturating_sub(HEAD),
        ..area
    };
    match &detail.shown {
        Shown::Nothing => {
            canvas.put(body, 1, 0, Role::Muted, "The analysis of the selected alert stands here.");
        }
        Shown::Reading(_) => {
            canvas.put(body, 1, 0, Role::Muted, "Reading the record…");
        }
        Shown::Gone(_, reason) => {
            let mut prose = crate::ui::widget::prose::Prose::new(area.width);
            prose.text(Role::NoticeError, 1, "The record cannot be read again.");
            prose.text(Role::Text, 1, &crate::text::shown(reason, 400));
            for (y, line) in (0..).zip(&prose.lines) {
                canvas.line(body, y, line);
            }
        }
        Shown::Alert(..) => {
            let scroll = detail.place().scroll;
            let visible = detail.lines.iter().skip(scroll).take(usize::from(body.height));
            for (y, line) in (0..).zip(visible) {
                canvas.line(body, y, line);
            }
            position(detail, canvas, head, scroll, usize::from(body.height));
            let edge = Rect { x: body.right().saturating_sub(1), width: 1.min(body.width), ..body };
            scrollbar::draw(canvas, edge, scroll, detail.lines.len());
        }
    }
}

fn position(detail: &Detail, canvas: &mut Canvas<'_>, head: Rect, scroll: usize, height: usize) {
    let all = detail.lines.len();
    if all <= height {
        return;
    }
    let text = format!("{}–{} of {all} ", scroll + 1, (scroll + height).min(all));
    let end = tabs::places(&detail.tabs(), head.width).last().map_or(0, |(_, columns)| columns.end);
    if usize::from(end) + text.len() + 1 < usize::from(head.width) {
        canvas.put_right(head, 0, Role::Muted, &text);
    }
}
