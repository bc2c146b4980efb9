//! The exception that makes Falco leave a confirmed false positive out, with all it would hide; or why there is none.

use crate::analysis::tuning::{FILE, Refusal, Version};
use crate::text::{count, plural, printable, width};
use crate::theme::Role;
use crate::ui::action::Action;
use crate::ui::keymap::Keymap;
use crate::ui::msg::{Look, Tuned};
use crate::ui::paint::Line;
use crate::ui::widget::prose::Prose;

/// What is known so far.
pub type Answer = Result<Box<Tuned>, Refusal>;

/// Writes the page; `look` gives what the playbook says about quieting the rule.
pub fn lines(
    answer: Option<&Answer>,
    look: Option<&Look>,
    keymap: &Keymap,
    width: u16,
) -> Vec<Line> {
    let mut prose = Prose::new(width);
    match answer {
        None => prose.text(Role::Muted, 1, "Looking through what was read…"),
        Some(Ok(tuned)) => exception(&mut prose, tuned, keymap),
        Some(Err(refusal)) => refused(&mut prose, refusal),
    }
    if let Some(tuning) = look.and_then(|look| look.analysis.tuning.as_ref()) {
        prose.gap();
        prose.heading("What the playbook says");
        prose.text(Role::Text, 1, &printable(tuning));
    }
    prose.lines
}

fn exception(prose: &mut Prose, tuned: &Tuned, keymap: &Keymap) {
    let Tuned { exception, hidden, n_alerts } = tuned;
    let others = hidden.n.saturating_sub(u64::try_from(*n_alerts).unwrap_or(u64::MAX));
    prose.text(
        Role::Strong,
        1,
        &format!(
            "Hides {} of {} of this rule among those read; made from the values of {}.",
            count(hidden.n),
            plural(hidden.n_of_rule, "alert", "alerts"),
            plural(u64::try_from(*n_alerts).unwrap_or(u64::MAX), "alert", "alerts")
        ),
    );
    if others > 0 {
        let others = plural(others, "alert", "alerts");
        prose.text(Role::StateWarn, 1, &format!("{others} of them were not what you chose."));
    }
    for caution in &exception.cautions {
        prose.text(Role::StateWarn, 1, &printable(caution));
    }
    prose.gap();
    for line in exception.yaml().lines() {
        prose.exact(Role::Command, 2, &printable(line));
    }
    prose.gap();
    let older = match exception.syntax() {
        "override" => "0.36 and older",
        _ => "0.37 and newer",
    };
    let version = exception.version;
    prose.text(
        Role::Muted,
        1,
        &format!(
            "{} copies a command that adds it to {FILE}, {} the YAML alone. It is written for Falco {version}; {} writes it for {older}.",
            keymap.label(Action::CopyCommand),
            keymap.label(Action::CopyMenu),
            keymap.label(Action::Variant),
        ),
    );
    if !hidden.shown.is_empty() {
        prose.gap();
        prose.heading("The most different of what it hides");
        for shown in &hidden.shown {
            prose.text(Role::Text, 1, &shown.line());
        }
    }
}

fn refused(prose: &mut Prose, refusal: &Refusal) {
    prose.text(Role::Strong, 1, &format!("No exception: {}.", printable(&refusal.what)));
    if !refusal.fields.is_empty() {
        prose.gap();
        prose.heading("Fields that were looked at");
        let name = |field: &String| printable(field).into_owned();
        let names = refusal.fields.iter().map(|(field, _)| width(&name(field)));
        let widest = names.max().unwrap_or(0);
        for (field, why) in &refusal.fields {
            let field = name(field);
            let gap = " ".repeat(widest + 2 - width(&field));
            let lead = format!("{field}{gap}");
            prose.lead(&lead, Role::FieldName, 1, Role::Text, &printable(why));
        }
    }
}

/// The version for the other syntax: what is switched to and back.
pub fn other_syntax(version: Version, own: Version) -> Version {
    let (new, old) = (Version::default(), Version { major: 0, minor: 36 });
    let is_new = version >= Version { major: 0, minor: 37 };
    let is_own_new = own >= Version { major: 0, minor: 37 };
    match (is_new, is_own_new) {
        (true, true) => old,
        (true | false, false) if version != own => own,
        (false, true) => own,
        _ => new,
    }
}
