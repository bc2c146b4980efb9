//! The first tab: what happened, how bad it is and why, and the next command, complete.

use super::commands;
use super::detail::{Ctx, next_step};
use crate::analysis::{Cause, Direction, Reason, Step};
use crate::model::Priority;
use crate::text::{printable, shown, width};
use crate::theme::Role;
use crate::ui::paint::{Line, Span, level_role};
use crate::ui::times;
use crate::ui::widget::prose::Prose;

/// Writes the tab.
pub fn lines(ctx: &Ctx<'_>) -> Vec<Line> {
    let analysis = &ctx.look.analysis;
    let mut prose = Prose::new(ctx.width);
    headline(ctx, &mut prose);
    if let Some(step) = next_step(&analysis.steps) {
        next(ctx, step, &mut prose);
    }
    if !analysis.summary.is_empty() {
        prose.block("What happened", |prose, indent| {
            prose.text(Role::Text, indent, &printable(&analysis.summary));
        });
    }
    reasons(ctx, &mut prose);
    sentences(&mut prose, "What it proves", &analysis.proves);
    sentences(&mut prose, "What it does not", &analysis.not_proven);
    causes(ctx, &mut prose);
    missing(ctx, &mut prose);
    attack(ctx, &mut prose);
    if let Some(tuning) = &analysis.tuning {
        prose.block("Tuning", |prose, indent| prose.text(Role::Text, indent, &printable(tuning)));
    }
    if !analysis.references.is_empty() {
        prose.block("Read more", |prose, indent| {
            for reference in &analysis.references {
                prose.text(Role::Link, indent, &printable(reference));
            }
        });
    }
    prose.lines
}

fn headline(ctx: &Ctx<'_>, prose: &mut Prose) {
    let analysis = &ctx.look.analysis;
    let level = analysis.assessment.level;
    let role = level_role(Some(level));
    let word = format!("{} {}", ctx.settings.signs.level(Some(level)), level.name().to_uppercase());
    let (beside, start) = (ctx.width >= 60, prose.lines.len());
    let indent = if beside { 19 } else { 1 };
    if !beside {
        prose.push(Line::of(Role::Text, " ").and(role, word.clone()));
    }
    prose.text(Role::Strong, indent, &printable(&analysis.headline));
    if beside
        && let Some(first) = prose.lines.get_mut(start)
        && let Some(blank) = first.spans.first_mut()
    {
        blank.text = " ".repeat(indent.saturating_sub(width(&word) + 1));
        first.spans.insert(0, Span { role, text: word });
        first.spans.insert(0, Span { role: Role::Text, text: " ".to_owned() });
    }
    let falco = match analysis.assessment.falco_priority {
        Some(priority) => format!("Falco says {}", Priority::name(priority)),
        None => "Falco gave no known priority".to_owned(),
    };
    let known = analysis.assessment.known.as_ref();
    let known = known.map_or(String::new(), |known| format!("; recognized: {}", shown(known, 60)));
    let strongest = analysis.assessment.reasons.first();
    let strongest = strongest.map_or(String::new(), |reason| match reason.direction {
        // That is where every assessment starts; said once is enough.
        _ if reason.field == "priority" => "; nothing known raises or lowers that".to_owned(),
        Direction::Up => format!("; suspicious: {}", printable(&reason.says)),
        Direction::Down => format!("; reassuring: {}", printable(&reason.says)),
        Direction::Neutral => format!("; {}", printable(&reason.says)),
    });
    prose.text(Role::Muted, indent, &format!("{falco}{known}{strongest}"));
    prose.text(Role::Muted, indent, &identity(ctx));
    if let Some(stands) = ctx.stands {
        prose.text(Role::FactDown, indent, stands);
    }
}

fn identity(ctx: &Ctx<'_>) -> String {
    let alert = &ctx.look.alert;
    let time = times::exact(alert.time.map(times::nanos), ctx.now, ctx.settings);
    let container = alert.container();
    let place =
        container.name.filter(|name| !name.is_empty()).or(container.id).filter(|id| !id.is_empty());
    let place = place.map_or(String::new(), |place| format!(" · {}", shown(place, 80)));
    format!("{time} · {}{place}", shown(alert.rule_name(), 120))
}

/// The command under the copy key, whole, with what it changes.
fn next(ctx: &Ctx<'_>, step: &Step, prose: &mut Prose) {
    let (command, variant) = ctx.command(step);
    let Some(command) = command else { return };
    prose.block("Next", |prose, indent| {
        prose.text(Role::Strong, indent, &printable(&step.title));
        prose.exact(Role::CommandCurrent, indent, &printable(command));
        let key = ctx.settings.keymap.label(crate::ui::action::Action::CopyCommand);
        let line = Line::of(Role::Text, " ".repeat(indent))
            .and(Role::Key, key)
            .and(Role::KeyLabel, " copy   ")
            .and(commands::risk_role(step.risk), step.risk.name())
            .and(Role::Muted, format!(" · {} · {}", commands::privilege(step), shown(variant, 20)));
        prose.push(line);
        if let Some(undo) = &step.undo {
            prose.lead("undo: ", Role::Muted, indent, Role::Command, &printable(undo));
        }
    });
    let later: Vec<&Step> = ctx
        .look
        .analysis
        .steps
        .iter()
        .filter(|other| other.command.is_some() && !std::ptr::eq(*other, step))
        .take(3)
        .collect();
    if !later.is_empty() {
        prose.block("Then", |prose, indent| {
            for step in later {
                prose.lead("· ", Role::Muted, indent, Role::Text, &printable(&step.title));
            }
        });
    }
}

fn reasons(ctx: &Ctx<'_>, prose: &mut Prose) {
    let reasons = &ctx.look.analysis.assessment.reasons;
    if reasons.is_empty() {
        return;
    }
    prose.block("Why this level", |prose, indent| {
        for Reason { field, says, direction } in reasons {
            let (sign, role) = match direction {
                Direction::Up => ("+ ", Role::FactUp),
                Direction::Down => ("- ", Role::FactDown),
                Direction::Neutral => ("  ", Role::FactNeutral),
            };
            let field =
                if field.is_empty() { String::new() } else { format!(" ({})", shown(field, 40)) };
            prose.lead(sign, role, indent, Role::Text, &format!("{}{field}", printable(says)));
        }
    });
}

fn sentences(prose: &mut Prose, label: &str, sentences: &[String]) {
    if sentences.is_empty() {
        return;
    }
    prose.block(label, |prose, indent| {
        for sentence in sentences {
            let lead = if sentences.len() > 1 { "· " } else { "" };
            prose.lead(lead, Role::Muted, indent, Role::Text, &printable(sentence));
        }
    });
}

fn causes(ctx: &Ctx<'_>, prose: &mut Prose) {
    let causes = &ctx.look.analysis.causes;
    if causes.is_empty() {
        return;
    }
    prose.block("Causes", |prose, indent| {
        for Cause { title, verdict, check, .. } in causes {
            let (sign, role) = match verdict.as_str() {
                "true_positive" => {
                    (ctx.settings.signs.level(Some(crate::model::Level::High)), Role::FactUp)
                }
                "benign" | "false_positive" | "test" => ("·", Role::FactDown),
                _ => ("·", Role::FactNeutral),
            };
            prose.lead(&format!("{sign} "), role, indent, Role::Text, &printable(title));
            prose.text(Role::Muted, indent + 2, &printable(check));
        }
    });
}

fn missing(ctx: &Ctx<'_>, prose: &mut Prose) {
    let missing = &ctx.look.analysis.missing;
    if missing.is_empty() {
        return;
    }
    prose.block("Missing", |prose, indent| {
        for item in missing {
            let field = format!("{}  ", shown(&item.field, 40));
            prose.lead(&field, Role::Missing, indent, Role::Text, &printable(&item.why));
            if !item.find.is_empty() {
                prose.lead(
                    "find it: ",
                    Role::Muted,
                    indent + 2,
                    Role::Command,
                    &printable(&item.find),
                );
            }
        }
    });
}

fn attack(ctx: &Ctx<'_>, prose: &mut Prose) {
    let attack = &ctx.look.analysis.attack;
    if attack.is_empty() {
        return;
    }
    prose.block("ATT&CK", |prose, indent| {
        for item in attack {
            let id = format!("{}  ", shown(&item.technique, 12));
            let what = format!("{} ({})", shown(&item.name, 80), shown(&item.tactic, 40));
            prose.lead(&id, Role::Muted, indent, Role::Text, &what);
        }
    });
}
