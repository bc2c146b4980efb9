//! The seventh tab: a report of others about the alert, with a badge at each command.

use super::detail::Ctx;
use crate::lint::sheet::{self, Piece};
use crate::lint::{Finding, Severity};
use crate::text::{plural, printable, shown};
use crate::theme::Role;
use crate::ui::action::Action;
use crate::ui::msg::Paper;
use crate::ui::paint::Line;
use crate::ui::widget::prose::Prose;

/// Commands and snippets, which the cursor selects among.
pub fn items(paper: &Paper) -> impl Iterator<Item = &Piece> {
    paper.pieces.iter().filter(|piece| piece.role != sheet::Role::Prose)
}

/// How many there are.
pub fn n_items(paper: &Paper) -> usize {
    items(paper).count()
}

/// How the report does, in a few words.
pub fn verdict(paper: &Paper) -> String {
    let n = |severity| items(paper).filter(|piece| worst(piece) == Some(severity)).count() as u64;
    let all = n_items(paper) as u64;
    let claims = paper
        .pieces
        .iter()
        .filter(|piece| piece.role == sheet::Role::Prose)
        .flat_map(|piece| &piece.findings)
        .filter(|finding| finding.severity > Severity::Note)
        .count() as u64;
    let doubtful = n(Severity::Error) + n(Severity::Warn);
    let mut says = format!(
        "{}: {} never to be pasted, {doubtful} doubtful",
        plural(all, "command or snippet", "commands and snippets"),
        n(Severity::Block),
    );
    if claims > 0 {
        says += &format!("; {} wrong", plural(claims, "sentence", "sentences"));
    }
    says
}

fn worst(piece: &Piece) -> Option<Severity> {
    piece.worst().map(|finding| finding.severity)
}

/// A finding as a sentence; printable.
pub fn says(finding: &Finding) -> String {
    let instead = match finding.instead.as_str() {
        "" => String::new(),
        instead => format!("; instead: {instead}"),
    };
    printable(&format!("{} {}{instead}", finding.id, finding.message)).into_owned()
}

fn badge(severity: Option<Severity>) -> (Role, &'static str) {
    match severity {
        Some(Severity::Block) => (Role::RiskDestroysEvidence, "never paste"),
        Some(Severity::Error) => (Role::RiskDisruptive, "error"),
        Some(Severity::Warn) => (Role::RiskReversible, "warning"),
        Some(Severity::Note) => (Role::Muted, "note"),
        None => (Role::RiskReadOnly, "nothing found"),
    }
}

/// Writes the tab.
pub fn lines(ctx: &Ctx<'_>) -> Vec<Line> {
    let mut prose = Prose::new(ctx.width);
    let Some(paper) = ctx.paper else {
        let key = ctx.settings.keymap.label(Action::Palette);
        let says = format!(
            "No report of others is beside this alert. {key} attach FILE shows one, each command judged."
        );
        prose.text(Role::Muted, 1, &says);
        return prose.lines;
    };
    prose.text(Role::Muted, 1, &shown(&paper.name, 200));
    prose.text(Role::Strong, 1, &verdict(paper));
    prose.push(Line::default());
    let mut n = 0;
    for piece in &paper.pieces {
        if piece.role == sheet::Role::Prose {
            sentence(piece, &mut prose);
        } else {
            prose.gap();
            let start = prose.lines.len();
            command(ctx, piece, n == ctx.cursor, &mut prose);
            for line in prose.lines.iter_mut().skip(start) {
                line.item = Some(n);
            }
            n += 1;
        }
    }
    prose.lines
}

fn sentence(piece: &Piece, prose: &mut Prose) {
    if piece.text.trim().is_empty() {
        prose.gap();
        return;
    }
    prose.text(Role::Text, 1, &printable(&piece.text));
    for finding in &piece.findings {
        found(finding, 3, prose);
    }
}

/// The id in the color of its severity, then what is wrong.
fn found(finding: &Finding, indent: usize, prose: &mut Prose) {
    let (role, _) = badge(Some(finding.severity));
    let says = says(finding);
    let says = says.strip_prefix(finding.id).unwrap_or(&says).trim_start();
    prose.lead(&format!("{} ", finding.id), role, indent, Role::Muted, says);
}

fn command(ctx: &Ctx<'_>, piece: &Piece, selected: bool, prose: &mut Prose) {
    let signs = ctx.settings.signs;
    let (role, word) = badge(worst(piece));
    let mark = if selected { format!("{} ", signs.cursor()) } else { "  ".to_owned() };
    let label = match piece.role {
        sheet::Role::Snippet => format!("line {}, a file", piece.line),
        _ => format!("line {}", piece.line),
    };
    let line = Line::of(Role::Text, " ").and(Role::Key, mark).and(Role::Muted, label);
    prose.push(line.right(role, format!("{word} ")));
    let text = if selected { Role::CommandCurrent } else { Role::Command };
    for row in piece.text.lines() {
        prose.exact(text, 3, &printable(row));
    }
    for finding in &piece.findings {
        found(finding, 3, prose);
    }
    if selected && !piece.is_blocked() {
        let key = ctx.settings.keymap.label(Action::CopyCommand);
        prose.lead(&format!("{key} "), Role::Key, 3, Role::KeyLabel, "copy");
    }
}
