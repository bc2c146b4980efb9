//! The keys of the windows that ask for the rest of a decision.

use super::{App, Turn};
use crate::model::Status;
use crate::text::count;
use crate::triage::{Edit, until};
use crate::ui::action::Action;
use crate::ui::desk::wish::Wanted;
use crate::ui::effect::Effect;
use crate::ui::overlay::Overlay;
use crate::ui::overlay::decide::{Ask, Decide, SPANS, Typing, VERDICTS};
use crate::ui::overlay::note::{self, Note};
use crate::ui::widget::prompt::Prompt;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

impl App {
    /// Another editor had the note.
    pub(super) fn edited(&mut self, result: Result<String, String>, turn: &mut Turn) {
        turn.ask(Effect::Redraw);
        match (result, &mut self.overlay) {
            (Ok(text), Some(Overlay::Note(note))) => note.set(&text),
            (Ok(_), _) => {}
            (Err(why), _) => self.lines.error(self.now, format!("The editor: {why}")),
        }
    }

    /// Keys while a decision is being made.
    pub(super) fn decide_key(&mut self, mut decide: Box<Decide>, key: KeyEvent, turn: &mut Turn) {
        decide.error = None;
        if let Some((typing, mut prompt)) = decide.typing.take() {
            match key.code {
                KeyCode::Esc if typing == Typing::Text => return,
                KeyCode::Esc => {}
                KeyCode::Enter => match self.typed_for(&mut decide, typing, &prompt.text()) {
                    Ok(Some(edit)) => return self.decided(*decide, edit, turn),
                    Ok(None) => {}
                    Err(error) => {
                        decide.error = Some(error);
                        decide.typing = Some((typing, prompt));
                    }
                },
                KeyCode::Tab => {
                    decide.next_scope();
                    decide.typing = Some((typing, prompt));
                }
                _ => {
                    if !prompt.key(key) {
                        self.no_use(key);
                    }
                    decide.typing = Some((typing, prompt));
                }
            }
            self.overlay = Some(Overlay::Decide(decide));
            return;
        }
        let held = KeyModifiers::CONTROL | KeyModifiers::ALT;
        let chosen = match key.code {
            KeyCode::Esc => return,
            KeyCode::Down | KeyCode::Char('j') => {
                decide.step(1);
                None
            }
            KeyCode::Up | KeyCode::Char('k') => {
                decide.step(-1);
                None
            }
            KeyCode::Char('r') if !decide.items().is_empty() => {
                let start = match (decide.reason.is_empty(), decide.ask) {
                    (true, Ask::Close) => self.desk.last_reason.as_str(),
                    _ => decide.reason.as_str(),
                };
                decide.typing = Some((Typing::Reason, Prompt::new(start)));
                None
            }
            KeyCode::Char('w') => {
                decide.next_scope();
                None
            }
            KeyCode::Enter => Some(decide.cursor),
            KeyCode::Char(char)
                if !key.modifiers.intersects(held)
                    && let Some(place) =
                        decide.items().iter().position(|(key, _)| *key == char) =>
            {
                Some(place)
            }
            _ => {
                self.no_use(key);
                None
            }
        };
        let Some(chosen) = chosen else {
            self.overlay = Some(Overlay::Decide(decide));
            return;
        };
        let edit = match decide.ask {
            Ask::Acknowledge => Wanted::Decide(Edit::Status(Status::Acknowledged)),
            Ask::Escalate => Wanted::Decide(Edit::Status(Status::Escalated)),
            Ask::Close => {
                let Some((_, verdict)) = VERDICTS.get(chosen) else { return };
                self.desk.last_verdict = Some(*verdict);
                if !decide.reason.is_empty() {
                    self.desk.last_reason.clone_from(&decide.reason);
                }
                let reason = Some(decide.reason.clone()).filter(|reason| !reason.is_empty());
                Wanted::Decide(Edit::Close { verdict: Some(*verdict), reason })
            }
            Ask::Mute => {
                decide.cursor = chosen;
                if chosen + 1 == SPANS.len() {
                    decide.typing = Some((Typing::Until, Prompt::default()));
                    self.overlay = Some(Overlay::Decide(decide));
                    return;
                }
                self.desk.last_mute = chosen;
                let zoned = self.now.to_zoned(self.settings.zone.clone());
                let span = SPANS.get(chosen).map_or("15m", |(_, _, span)| *span);
                match until(span, &zoned) {
                    Ok(ends) => Wanted::Mute { ends, reason: decide.reason.clone() },
                    Err(why) => {
                        decide.error = Some(why);
                        self.overlay = Some(Overlay::Decide(decide));
                        return;
                    }
                }
            }
            Ask::Assign | Ask::Tag => return,
        };
        self.decided(*decide, edit, turn);
    }

    fn decided(&mut self, decide: Decide, wanted: Wanted, turn: &mut Turn) {
        self.wish(wanted, decide.targets, turn);
    }

    /// What a typed line means; `None` when it was a part of the question.
    fn typed_for(
        &self,
        decide: &mut Decide,
        typing: Typing,
        text: &str,
    ) -> Result<Option<Wanted>, String> {
        let text = text.trim();
        match typing {
            Typing::Reason => {
                text.clone_into(&mut decide.reason);
                Ok(None)
            }
            Typing::Until => {
                let zoned = self.now.to_zoned(self.settings.zone.clone());
                let ends = until(text, &zoned)?;
                Ok(Some(Wanted::Mute { ends, reason: decide.reason.clone() }))
            }
            Typing::Text if decide.ask == Ask::Assign => {
                let name = Some(text.to_owned()).filter(|name| !name.is_empty());
                Ok(Some(Wanted::Decide(Edit::Assign(name))))
            }
            Typing::Text => {
                let mut tags: Vec<String> = Vec::new();
                for tag in text.split([' ', ',']).filter(|tag| !tag.is_empty()) {
                    if !tags.iter().any(|old| old == tag) {
                        tags.push(tag.to_owned());
                    }
                }
                Ok(Some(Wanted::Decide(Edit::Tags(tags))))
            }
        }
    }

    /// Whether a note that is not saved stands in the way of leaving; the second time it does not.
    pub(super) fn keeps_note(&mut self) -> bool {
        let key = self.settings.keymap.label(Action::Leave);
        let Some(Overlay::Note(note)) = &mut self.overlay else { return false };
        if !note.is_changed() || std::mem::replace(&mut note.is_leaving, true) {
            return false;
        }
        let says = format!("The note is not saved: Ctrl-s saves it, {key} again leaves without it");
        self.lines.warn(self.now, says);
        true
    }

    /// Keys while a note is written.
    pub(super) fn note_key(&mut self, mut note: Box<Note>, key: KeyEvent, turn: &mut Turn) {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let was_asked = std::mem::take(&mut note.is_leaving);
        match key.code {
            KeyCode::Esc if was_asked || !note.is_changed() => {
                self.lines.notice = None;
                return;
            }
            KeyCode::Esc => {
                note.is_leaving = true;
                self.lines
                    .warn(self.now, "The note is not saved: Ctrl-s saves it, Esc again drops it");
            }
            KeyCode::Char('s') if control => {
                let text = note.text();
                let n = text.as_ref().map_or(0, |text| text.chars().count());
                if n <= note::MOST {
                    return self.wish(Wanted::Decide(Edit::Note(text)), note.targets, turn);
                }
                let (n, most) = (count(n as u64), count(note::MOST as u64));
                let says =
                    format!("Not saved: the note has {n} characters, and at most {most} fit");
                self.lines.error(self.now, says);
            }
            KeyCode::Char('o') if control => {
                turn.ask(Effect::Edit { text: note.text().unwrap_or_default() });
            }
            _ => note.key(key),
        }
        self.overlay = Some(Overlay::Note(note));
    }
}
