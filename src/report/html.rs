//! A report as one HTML file: no script, nothing from outside, prints well, light and dark.
//!
//! Everything that came from an alert enters through [`text`]; there is no other way into the page, and no data stands in
//! a URL, a style, a comment or an attribute's name.

use super::code::finder;
use super::dossier::{Chapter, Dossier, place};
use super::plan::is_shown;
use crate::analysis::{Direction, Step};
use crate::model::Level;
use crate::text::{plural, printable};
use jiff::Timestamp;
use std::fmt::Write;

const STYLE: &str = include_str!("html.css");

/// The whole page.
pub fn render(dossier: &Dossier) -> String {
    let mut page = Page(String::new());
    page.put("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    page.put("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n");
    page.put("<meta name=\"viewport\" content=\"width=device-width\">\n");
    page.put(&format!(
        "<title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n",
        text(&dossier.title)
    ));
    page.put(&format!("<h1>{}</h1>\n", text(&dossier.title)));
    page.put(&format!(
        "<p class=\"faint\">Made {} by cadge {}. {}</p>\n",
        time(Some(dossier.made)),
        env!("CARGO_PKG_VERSION"),
        masking(dossier)
    ));
    page.section("Summary");
    page.list(&dossier.summary());
    if let Some(note) = dossier.shortened() {
        page.put(&format!("<p>{}</p>\n", text(&note)));
    }
    page.stories(dossier);
    page.section("Timeline");
    page.put(&format!("<div class=\"picture\">{}</div>\n", picture(dossier)));
    page.timeline(dossier);
    page.groups(dossier);
    page.section("Alerts");
    let summaries = dossier.summaries();
    for ((number, chapter), summary) in (1..).zip(&dossier.chapters).zip(&summaries) {
        page.chapter(number, chapter, summary);
    }
    page.plan(dossier);
    page.indicators(dossier);
    page.techniques(dossier);
    page.unknown(dossier);
    page.sources(dossier);
    page.put("</body>\n</html>\n");
    page.0
}

/// Text for the inside of an element or a quoted attribute: visible, and never markup.
pub fn text(raw: &str) -> String {
    printable(raw).chars().fold(String::with_capacity(raw.len()), |mut out, c| {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
        out
    })
}

/// A finished command: its line breaks are ours.
fn command(raw: &str) -> String {
    raw.split('\n').map(text).collect::<Vec<_>>().join("\n")
}

fn time(at: Option<Timestamp>) -> String {
    at.map_or_else(|| "no time".to_owned(), |at| format!("{at:.3}"))
}

/// A time in a table, in one row.
fn when(at: Option<Timestamp>) -> String {
    format!("<span class=\"when\">{}</span>", time(at))
}

/// One sentence on masking, for every format.
pub fn masking(dossier: &Dossier) -> String {
    match dossier.masked {
        Some(0) => "Secrets are masked as far as their shape is known; none was found.".to_owned(),
        Some(n) => format!(
            "{} masked as far as their shape is known; look before you hand this on.",
            plural(n as u64, "secret was", "secrets were")
        ),
        None => "Secrets are not masked.".to_owned(),
    }
}

struct Page(String);

impl Page {
    fn put(&mut self, markup: &str) {
        self.0.push_str(markup);
    }

    fn section(&mut self, title: &str) {
        self.put(&format!("<h2>{}</h2>\n", text(title)));
    }

    fn list(&mut self, items: &[String]) {
        if items.is_empty() {
            return;
        }
        self.put("<ul>\n");
        for item in items {
            self.put(&format!("<li>{}</li>\n", text(item)));
        }
        self.put("</ul>\n");
    }

    fn titled(&mut self, title: &str, items: &[String]) {
        if !items.is_empty() {
            self.put(&format!("<h4>{}</h4>\n", text(title)));
            self.list(items);
        }
    }

    fn table<const N: usize>(&mut self, heads: [&str; N], rows: impl Iterator<Item = [String; N]>) {
        self.put("<table>\n<tr>");
        for head in &heads {
            self.put(&format!("<th>{}</th>", text(head)));
        }
        self.put("</tr>\n");
        for row in rows {
            self.put("<tr>");
            for (head, cell) in heads.iter().zip(row) {
                self.put(&format!("<td data-head=\"{}\">{cell}</td>", text(head)));
            }
            self.put("</tr>\n");
        }
        self.put("</table>\n");
    }

    fn stories(&mut self, dossier: &Dossier) {
        for story in dossier.stories() {
            self.section(&format!("One story: {}", story.place));
            self.put(&format!("<p>{}</p>\n", text(&story.says())));
            let beats: Vec<_> = story
                .beats
                .iter()
                .map(|beat| {
                    let analysis = &beat.chapter.analysis;
                    format!(
                        "+{} s, alert {} ({}): {}",
                        beat.after,
                        beat.number,
                        analysis.assessment.level.name(),
                        analysis.headline
                    )
                })
                .collect();
            self.list(&beats);
            self.put("<p class=\"faint\">That they belong together is read from place and time; no event proves that one caused the next.</p>\n");
        }
    }

    fn groups(&mut self, dossier: &Dossier) {
        let groups = dossier.groups();
        if groups.len() < 2 && dossier.rest.alerts() == 0 {
            return;
        }
        self.section("By rule and place");
        let rows = groups.into_iter().map(|((rule, place), count)| {
            let alerts = count.alerts.to_string();
            [alerts, text(&rule), text(&place), when(count.first), when(count.last)]
        });
        self.table(["Alerts", "Rule", "Where", "First", "Last"], rows);
    }

    /// Every command of all alerts, each once.
    fn plan(&mut self, dossier: &Dossier) {
        let stages = dossier.plan();
        if stages.is_empty() {
            return;
        }
        self.section("What to do");
        for stage in &stages {
            self.put(&format!("<h3>{}</h3>\n", text(stage.title())));
            for task in &stage.tasks {
                let which = task.which(dossier.chapters.len());
                self.step(task.step, which.as_deref(), &|line| is_shown(&stages, line));
            }
        }
    }

    fn timeline(&mut self, dossier: &Dossier) {
        let rows = (1..).zip(&dossier.chapters).map(|(number, chapter): (usize, _)| {
            [
                number.to_string(),
                when(chapter.alert.time),
                level(chapter.analysis.assessment.level),
                text(chapter.alert.rule_name()),
                text(&place(&chapter.alert)),
                text(&chapter.analysis.headline),
            ]
        });
        self.table(["Alert", "Time (UTC)", "Level", "Rule", "Where", "What"], rows);
    }

    fn chapter(&mut self, number: usize, chapter: &Chapter, summary: &str) {
        let Chapter { alert, analysis, decision, .. } = chapter;
        let assessment = &analysis.assessment;
        self.put(&format!(
            "<h3>{number}. {}</h3>\n<p>{} {}</p>\n",
            text(alert.rule_name()),
            level(assessment.level),
            text(&analysis.headline)
        ));
        self.put(&format!("<p>{}</p>\n", text(summary)));
        if let Some((decision, by)) = decision {
            let words =
                crate::triage::Decision::difference(&crate::triage::Decision::default(), decision);
            self.put(&format!("<p><b>Decided:</b> {} — {}</p>\n", text(&words), text(by)));
            for part in [&decision.reason, &decision.note].into_iter().flatten() {
                self.put(&format!("<p>{}</p>\n", text(part)));
            }
        } else {
            self.put("<p class=\"faint\">Nobody decided about it yet.</p>\n");
        }
        self.put("<dl>\n");
        let details = [
            ("time", time(alert.time)),
            (
                "priority (Falco)",
                alert.priority.map_or_else(|| "unknown".to_owned(), |p| p.name().to_owned()),
            ),
            ("where", text(&place(alert))),
            (
                "command",
                alert.fields.text("proc.cmdline").map_or_else(
                    || "not in the alert".to_owned(),
                    |c| format!("<code>{}</code>", text(c)),
                ),
            ),
        ];
        for (name, value) in details {
            self.put(&format!("<dt>{name}</dt><dd>{value}</dd>\n"));
        }
        self.put("</dl>\n");
        let reasons: Vec<_> = assessment
            .reasons
            .iter()
            .map(|reason| format!("{} {} ({})", sign(reason.direction), reason.says, reason.field))
            .collect();
        self.titled("Why this level", &reasons);
        self.titled("What it proves", &analysis.proves);
        self.titled("What it does not prove", &analysis.not_proven);
        let causes: Vec<_> = analysis
            .causes
            .iter()
            .map(|cause| {
                format!("{} ({}): {}", cause.title, cause.verdict.replace('_', " "), cause.check)
            })
            .collect();
        self.titled("Likely causes", &causes);
        if let Some(tuning) = &analysis.tuning {
            self.titled("When it is right and harmless", std::slice::from_ref(tuning));
        }
        self.put("<details><summary>Fields</summary>\n");
        let fields = alert.fields.iter().map(|(name, value)| {
            let says = analysis.facts.iter().find(|fact| fact.field == name);
            [
                format!("<code>{}</code>", text(name)),
                format!("<code>{}</code>", text(&value.display())),
                says.map(|fact| text(&fact.says)).unwrap_or_default(),
            ]
        });
        self.table(["Field", "Value", "Meaning"], fields);
        self.put("</details>\n");
    }

    fn step(&mut self, step: &Step, which: Option<&str>, is_shown: &dyn Fn(&str) -> bool) {
        let undo = step
            .undo
            .as_ref()
            .map_or_else(String::new, |undo| format!("<br>undo: <code>{}</code>", command(undo)));
        self.put(&format!(
            "<div class=\"step\"><b>{}</b> <code>{}</code> <span class=\"faint\">{} · {} · {}{}</span><br>{}",
            text(&step.title),
            text(&step.id),
            text(&step.variant),
            step.risk.name(),
            text(&step.privilege),
            which.map(|which| format!(" · {which}")).unwrap_or_default(),
            text(&step.why)
        ));
        if !step.needs.is_empty() {
            self.put(&format!(
                "<br><span class=\"faint\">first: {}</span>",
                text(&step.needs.join(", "))
            ));
        }
        match (&step.command, &step.unavailable) {
            (Some(line), _) => self.put(&format!("<pre>{}</pre>{undo}", command(line))),
            (None, Some(why)) => {
                let (why, finder) = finder(why);
                self.put(&format!(
                    "<br><span class=\"faint\">not available: {}</span>",
                    text(&why)
                ));
                if let Some(line) = finder.filter(|line| !is_shown(line)) {
                    self.put(&format!("<pre>{}</pre>", command(line)));
                }
            }
            (None, None) => {}
        }
        if let Some(note) = &step.note {
            self.put(&format!("<br><span class=\"faint\">note: {}</span>", text(note)));
        }
        self.put("</div>\n");
    }

    fn indicators(&mut self, dossier: &Dossier) {
        let all = dossier.indicators();
        if all.is_empty() {
            return;
        }
        self.section("Indicators");
        self.table(
            ["Kind", "Value", "Read from"],
            all.into_iter()
                .map(|i| [text(i.kind), format!("<code>{}</code>", text(&i.value)), text(i.field)]),
        );
    }

    fn techniques(&mut self, dossier: &Dossier) {
        let all = dossier.techniques();
        if all.is_empty() {
            return;
        }
        self.section("ATT&CK");
        self.table(
            ["Technique", "Name", "Tactic", "Alerts"],
            all.into_iter()
                .map(|(a, n)| [text(&a.technique), text(&a.name), text(&a.tactic), n.to_string()]),
        );
    }

    fn unknown(&mut self, dossier: &Dossier) {
        let all = dossier.unknown();
        if all.is_empty() {
            return;
        }
        self.section("What is not known");
        self.table(
            ["Field", "Why", "What would find it"],
            all.into_iter().map(|m| {
                [text(&m.field), text(&m.why), format!("<code>{}</code>", command(&m.find))]
            }),
        );
    }

    fn sources(&mut self, dossier: &Dossier) {
        self.section("Sources");
        let rows = (1..).zip(&dossier.chapters).map(|(number, chapter)| {
            let origin = &chapter.alert.origin;
            let line = if origin.line > 0 { origin.line.to_string() } else { "unknown".to_owned() };
            [
                format!("{number}"),
                text(&origin.source),
                line,
                origin.offset.to_string(),
                format!("<code>{}</code>", text(&chapter.sha256)),
            ]
        });
        self.table(["Alert", "Source", "Line", "Offset (bytes)", "SHA-256 of the record"], rows);
    }
}

fn level(level: Level) -> String {
    format!("<span class=\"level {0}\">{0}</span>", level.name())
}

fn sign(direction: Direction) -> char {
    match direction {
        Direction::Up => '▲',
        Direction::Down => '▼',
        Direction::Neutral => '·',
    }
}

/// One dot an alert: time from left to right, level from bottom to top.
fn picture(dossier: &Dossier) -> String {
    const WIDTH: f64 = 900.0;
    let Some((first, last)) = dossier.span() else { return String::new() };
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} 130\" role=\"img\" aria-label=\"alerts over time by level\">\n"
    );
    for (row, level) in (0u8..).zip(Level::ALL) {
        let y = 105 - u32::from(row) * 22;
        // Writing to a string cannot fail.
        let _ = writeln!(
            svg,
            "<line x1=\"70\" y1=\"{y}\" x2=\"{WIDTH}\" y2=\"{y}\"/><text x=\"0\" y=\"{}\">{}</text>",
            y + 4,
            level.name()
        );
    }
    #[expect(clippy::cast_precision_loss, reason = "a place in a picture")]
    let seconds = |at: Timestamp| (at.as_millisecond() - first.as_millisecond()) as f64;
    let whole = seconds(last).max(1.0);
    for chapter in &dossier.chapters {
        let Some(at) = chapter.alert.time else { continue };
        let x = 80.0 + (WIDTH - 100.0) * seconds(at) / whole;
        let level = chapter.analysis.assessment.level;
        let y = 105 - u32::from(level as u8) * 22;
        let _ = writeln!(
            svg,
            "<circle class=\"{}\" cx=\"{x:.1}\" cy=\"{y}\" r=\"5\"><title>{} {}</title></circle>",
            level.name(),
            time(Some(at)),
            text(chapter.alert.rule_name())
        );
    }
    let _ = writeln!(
        svg,
        "<text x=\"70\" y=\"126\">{}</text><text x=\"{WIDTH}\" y=\"126\" text-anchor=\"end\">{}</text>\n</svg>",
        time(Some(first)),
        time(Some(last))
    );
    svg
}

#[cfg(test)]
mod tests {
    use super::super::dossier::tests::chapter;
    use super::*;
    use proptest::prelude::*;
    use scraper::Html;

    fn page(hostile: &str) -> String {
        let made = "2026-11-21T10:00:00Z".parse().unwrap();
        render(&Dossier::new(hostile, made, vec![chapter(hostile)], true))
    }

    /// Names of all elements of a page.
    fn elements(page: &str) -> Vec<String> {
        let html = Html::parse_document(page);
        assert!(html.errors.is_empty(), "{:?}", html.errors);
        html.tree
            .values()
            .filter_map(|node| node.as_element())
            .map(|element| element.name().to_owned())
            .collect()
    }

    #[test]
    fn hostile_text_adds_no_element() {
        let calm = elements(&page("calm"));
        for hostile in [
            "<script>alert(1)</script>",
            "\"><img src=x onerror=alert(1)>",
            "</title><b>",
            "</style><b>",
            "'-->]]>",
            "<!--",
            "&lt;b&gt;",
            "\u{202e}<b>\0\x1b[2J",
        ] {
            assert_eq!(elements(&page(hostile)), calm, "{hostile:?}");
        }
        assert!(!calm.iter().any(|name| matches!(
            name.as_str(),
            "script" | "img" | "link" | "iframe" | "a" | "object"
        )));
    }

    proptest! {
        #[test]
        fn any_text_stays_text(raw in any::<String>()) {
            let html = Html::parse_fragment(&format!("<p title=\"{0}\">{0}</p>", text(&raw)));
            let p = html.root_element().child_elements().next().unwrap();
            let shown = printable(&raw);
            prop_assert_eq!(p.text().collect::<String>(), &*shown);
            prop_assert_eq!(p.attr("title"), Some(&*shown));
            prop_assert_eq!(p.child_elements().count(), 0);
        }
    }
}
