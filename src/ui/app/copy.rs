//! What is put on the clipboard, and what must be asked before.

use super::{App, Turn};
use crate::analysis::{Risk, Step};
use crate::text::{printable, shown};
use crate::ui::effect::{Effect, What};
use crate::ui::overlay::Overlay;
use crate::ui::overlay::menu::{Choice, Item, Menu};
use crate::ui::pane::commands::{finder, preserve_first};
use crate::ui::pane::detail::{Tab, command_of};
use crate::ui::pane::fields;

impl App {
    /// Copies the command under the cursor, the selected field, or the next command; asks before one that destroys
    /// evidence.
    pub(super) fn copy_command(&mut self, turn: &mut Turn) {
        if self.in_paper() {
            self.copy_from_paper(turn);
            return;
        }
        let in_fields = self.in_detail() && self.detail.tab == Tab::Fields;
        if in_fields && let Some((_, value)) = self.selected_field() {
            turn.ask(Effect::Copy { text: value, what: What::Field });
            return;
        }
        let Some(step) = self.detail.step() else { return };
        let (command, _) = command_of(step, self.detail.variant.as_deref());
        let Some(command) = command else {
            let finder = self.detail.look().and_then(|look| finder(&look.analysis, step));
            turn.ask(
                finder.map(|text| Effect::Copy { text: text.to_owned(), what: What::Command }),
            );
            return;
        };
        if step.risk == Risk::DestroysEvidence {
            let menu = self.confirm(step, command);
            self.overlay = Some(Overlay::Menu(menu));
            return;
        }
        turn.ask(Effect::Copy { text: command.to_owned(), what: What::Command });
    }

    fn confirm(&self, step: &Step, command: &str) -> Menu {
        let steps = self.detail.look().map_or(&[][..], |look| &look.analysis.steps);
        let mut items: Vec<Item> = preserve_first(steps, step)
            .into_iter()
            .filter_map(|first| {
                let (command, _) = command_of(first, self.detail.variant.as_deref());
                Some(Item {
                    label: format!("first: {}", printable(&first.title)),
                    note: "copies this instead".to_owned(),
                    choice: Choice::Copy { text: command?.to_owned(), what: What::Command },
                })
            })
            .collect();
        items.push(Item {
            label: "the evidence is saved: copy it".to_owned(),
            note: String::new(),
            choice: Choice::Copy { text: command.to_owned(), what: What::Command },
        });
        items.push(Item {
            label: "leave it".to_owned(),
            note: "Esc".to_owned(),
            choice: Choice::Nothing,
        });
        let mut menu = Menu::new("This destroys evidence", items);
        menu.says = vec![printable(&step.title).into_owned(), printable(command).into_owned()];
        menu
    }

    /// The menu of everything that can be copied.
    pub(super) fn copy_menu(&mut self) {
        let Some(look) = self.detail.look() else { return };
        let variant = self.detail.variant.as_deref();
        let mut items = Vec::new();
        if let Some(step) = self.detail.step()
            && let (Some(command), _) = command_of(step, variant)
        {
            items.push(Item {
                label: format!("the command: {}", printable(&step.title)),
                note: step.risk.name().to_owned(),
                choice: Choice::Copy { text: command.to_owned(), what: What::Command },
            });
            let phase: Vec<(&str, Risk)> = look
                .analysis
                .steps
                .iter()
                .filter(|other| other.phase == step.phase)
                .filter_map(|other| {
                    command_of(other, variant).0.map(|command| (command, other.risk))
                })
                .collect();
            let destroys = phase.iter().any(|(_, risk)| *risk == Risk::DestroysEvidence);
            if phase.len() > 1 && !destroys {
                // Joined so that a paste runs nothing after one that failed.
                let text =
                    phase.iter().map(|(command, _)| *command).collect::<Vec<_>>().join(" && \\\n");
                items.push(Item {
                    label: format!(
                        "all {} commands of the phase {}",
                        phase.len(),
                        step.phase.name()
                    ),
                    note: "stops at the first that fails".to_owned(),
                    choice: Choice::Copy { text, what: What::Commands },
                });
            }
            if let Some(undo) = &step.undo {
                items.push(Item {
                    label: "the command that takes it back".to_owned(),
                    note: shown(undo, 40),
                    choice: Choice::Copy { text: undo.clone(), what: What::Command },
                });
            }
        }
        let whole = |label: &str, note: &str, choice| Item {
            label: label.to_owned(),
            note: note.to_owned(),
            choice,
        };
        items.push(whole(
            "the report",
            if self.settings.masks { "Markdown, secrets masked" } else { "Markdown" },
            Choice::CopyReport,
        ));
        items.push(whole("the raw alert", "as it was read", Choice::CopyRaw));
        if let Some(rule) = &look.alert.rule {
            let text = rule.to_string();
            items.push(whole(
                "the rule's name",
                &shown(rule, 40),
                Choice::Copy { text, what: What::Field },
            ));
        }
        for row in fields::rows(look).into_iter().filter(|row| row.is_field) {
            if let Some(value) = row.value.filter(|value| !value.is_empty()) {
                items.push(Item {
                    label: shown(&row.name, 40),
                    note: shown(&value, 60),
                    choice: Choice::Copy { text: value, what: What::Field },
                });
            }
        }
        self.overlay = Some(Overlay::Menu(Menu::new("Copy", items)));
    }

    /// The field under the cursor of the Fields tab, with its value.
    pub(super) fn selected_field(&self) -> Option<(String, String)> {
        let look = self.detail.look()?;
        let row = fields::rows(look).into_iter().nth(self.detail.cursor())?;
        Some((row.name, row.value?))
    }
}
