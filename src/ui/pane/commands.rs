//! The second tab: every step by phase; the one under the cursor in full, with what it changes and how to take it back.

use super::detail::Ctx;
use crate::analysis::{Analysis, Phase, Risk, Step};
use crate::text::{printable, shown};
use crate::theme::Role;
use crate::ui::action::Action;
use crate::ui::paint::Line;
use crate::ui::widget::prose::Prose;

/// Writes the tab.
pub fn lines(ctx: &Ctx<'_>) -> Vec<Line> {
    let steps = &ctx.look.analysis.steps;
    let mut prose = Prose::new(ctx.width);
    if steps.is_empty() {
        prose.text(
            Role::Muted,
            1,
            "No playbook has a command for this alert. Analysis says what is known.",
        );
        return prose.lines;
    }
    choices(ctx, &mut prose);
    let n_urgent = ctx.look.analysis.n_urgent();
    let mut phase = None;
    for (at, step) in steps.iter().enumerate() {
        if at < n_urgent {
            if at == 0 {
                prose.heading("First: before anything else");
            }
        } else if phase != Some(step.phase) {
            phase = Some(step.phase);
            prose.heading(heading(step.phase));
        }
        let start = prose.lines.len();
        write(ctx, step, at == ctx.cursor, &mut prose);
        for line in prose.lines.iter_mut().skip(start) {
            line.item = Some(at);
        }
    }
    prose.lines
}

/// Which runtimes there are commands for, and which is shown.
fn choices(ctx: &Ctx<'_>, prose: &mut Prose) {
    let all = variants(&ctx.look.analysis.steps);
    if all.len() < 2 {
        return;
    }
    let mut line =
        Line::of(Role::Text, " ").and(Role::Key, ctx.settings.keymap.label(Action::Variant));
    line = line.and(Role::KeyLabel, " commands for ");
    let (indent, room) = (line.width(), prose.room());
    for (at, name) in all.iter().enumerate() {
        let chosen = ctx.variant.map_or(at == 0, |variant| variant == *name);
        let name = shown(name, 20);
        if at > 0 && line.width() + 2 + crate::text::width(&name) > room {
            // What stands below what is first is reached all the same.
            let next = Line::of(Role::Text, " ".repeat(indent));
            prose.push(std::mem::replace(&mut line, next));
        } else if at > 0 {
            line = line.and(Role::Muted, "  ");
        }
        line = line.and(if chosen { Role::TabActive } else { Role::Tab }, name);
    }
    prose.push(line);
}

/// All variants that any step has a command for: those of the alert's own runtime first, then the other runtimes, then
/// other ways for one step or two.
pub fn variants(steps: &[Step]) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    let own = steps.iter().filter(|step| !step.others.is_empty()).map(|step| step.variant.as_str());
    let others = steps.iter().flat_map(|step| step.others.iter().map(|(name, _)| name.as_str()));
    for name in own.chain(others) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.sort_by_key(|name| name.contains('-'));
    names
}

fn write(ctx: &Ctx<'_>, step: &Step, selected: bool, prose: &mut Prose) {
    let (command, variant) = ctx.command(step);
    let signs = ctx.settings.signs;
    let mark = if selected { format!("{} ", signs.cursor()) } else { "  ".to_owned() };
    let Some(command) = command else {
        let role = if selected { Role::Text } else { Role::Muted };
        prose.lead(&mark, Role::Key, 1, role, &printable(&step.title));
        let why = step.unavailable.as_deref().unwrap_or("no command for this runtime");
        let finder = finder(&ctx.look.analysis, step);
        let why = finder.and_then(|finder| why.strip_suffix(finder)).unwrap_or(why);
        prose.lead("unavailable: ", Role::Missing, 3, Role::Muted, &printable(why.trim_end()));
        if let Some(finder) = finder {
            prose.exact(
                if selected { Role::CommandCurrent } else { Role::Muted },
                3,
                &printable(finder),
            );
            if selected {
                let key = ctx.settings.keymap.label(Action::CopyCommand);
                prose.lead(&format!("{key} "), Role::Key, 3, Role::KeyLabel, "copy what finds it");
            }
        }
        return;
    };
    let tag = step.risk.name();
    let role = if selected { Role::Strong } else { Role::Text };
    let title = printable(&step.title);
    let room = usize::from(ctx.width).saturating_sub(crate::text::width(&title) + 5);
    if room > tag.len() + 2 {
        let line = Line::of(Role::Text, " ").and(Role::Key, mark).and(role, title);
        prose.push(line.right(risk_role(step.risk), format!("{tag} ")));
    } else {
        prose.lead(&mark, Role::Key, 1, role, &title);
        prose.text(risk_role(step.risk), 3, tag);
    }
    if !selected {
        prose.exact(Role::Command, 3, &printable(command));
        return;
    }
    prose.exact(Role::CommandCurrent, 3, &printable(command));
    let key = ctx.settings.keymap.label(Action::CopyCommand);
    prose.push(
        Line::of(Role::Text, "   ")
            .and(Role::Key, key)
            .and(Role::KeyLabel, " copy   ")
            .and(Role::Muted, format!("needs {} · {}", privilege(step), shown(variant, 20))),
    );
    if !step.why.is_empty() {
        prose.lead("why: ", Role::Muted, 3, Role::Text, &printable(&step.why));
    }
    let undo = match (&step.undo, step.risk) {
        (Some(undo), _) => printable(undo).into_owned(),
        (None, Risk::ReadOnly) => "nothing to take back, it only reads".to_owned(),
        (None, Risk::DestroysEvidence) => "cannot be taken back".to_owned(),
        (None, _) => "no command takes it back".to_owned(),
    };
    prose.lead("undo: ", Role::Muted, 3, Role::Text, &undo);
    if !step.needs.is_empty() {
        prose.lead("after: ", Role::Muted, 3, Role::Text, &titles(ctx, &step.needs));
    }
    if let Some(note) = &step.note {
        prose.lead("note: ", Role::Muted, 3, Role::Text, &printable(note));
    }
    prose.push(Line::default());
}

/// The command that finds what a step lacks; its reason ends with it.
pub fn finder<'a>(analysis: &'a Analysis, step: &Step) -> Option<&'a str> {
    let why = step.unavailable.as_deref()?;
    let mut finders = analysis.missing.iter().map(|missing| missing.find.as_str());
    finders.find(|find| why.ends_with(&format!("finds it: {find}")))
}

/// The titles of steps by their ids, where they are here.
fn titles(ctx: &Ctx<'_>, ids: &[String]) -> String {
    let title = |id: &String| {
        let step = ctx.look.analysis.steps.iter().find(|step| step.id == *id);
        printable(step.map_or(id.as_str(), |step| &step.title)).into_owned()
    };
    ids.iter().map(title).collect::<Vec<_>>().join("; ")
}

/// Steps that save evidence and should come before one that destroys it.
pub fn preserve_first<'a>(steps: &'a [Step], step: &Step) -> Vec<&'a Step> {
    steps
        .iter()
        .filter(|other| other.command.is_some() && other.id != step.id)
        .filter(|other| step.needs.contains(&other.id) || other.phase == Phase::Preserve)
        .collect()
}

/// What a person must be allowed to do, in words.
pub fn privilege(step: &Step) -> String {
    match step.privilege.as_str() {
        "" | "none" => "no privilege".to_owned(),
        other => shown(other, 60),
    }
}

/// The role that paints a risk.
pub fn risk_role(risk: Risk) -> Role {
    match risk {
        Risk::ReadOnly => Role::RiskReadOnly,
        Risk::Reversible => Role::RiskReversible,
        Risk::Disruptive => Role::RiskDisruptive,
        Risk::DestroysEvidence => Role::RiskDestroysEvidence,
    }
}

fn heading(phase: Phase) -> &'static str {
    match phase {
        Phase::Verify => "Verify: is it real?",
        Phase::Preserve => "Preserve: save the evidence",
        Phase::Contain => "Contain: stop the harm",
        Phase::Eradicate => "Eradicate: remove the cause",
        Phase::Harden => "Harden: keep it from coming back",
        Phase::Tune => "Tune: quiet the rule where it is harmless",
    }
}
