//! `cadge tune`: a Falco exception for a confirmed false positive, with what it would hide.

use super::args::Tune;
use super::session::{self, Session};
use super::{Exit, explain, pick};
use crate::analysis::tuning::{
    Different, Exception, Refusal, Version, Wish, exception, most_different, recommended,
};
use crate::analysis::{Choice, Playbooks, analyze};
use crate::model::{Alert, AlertId, Level};
use crate::query::Filter;
use crate::report::{json, record};
use crate::text::{count, ellipsis, plural, printable};
use std::fmt::Write as _;
use std::io::{self, Write};

/// How many hidden alerts are compared with each other.
const MOST_COMPARED: usize = 5000;
/// How many of them are shown.
const SHOWN: usize = 3;
/// The longest value in a comment, in columns.
const VALUE_COLS: usize = 120;
/// The most alerts of a group that are read for their values.
const MOST_OF_GROUP: usize = 2000;

/// What an exception would hide of the loaded alerts.
struct Hidden {
    n: u64,
    n_of_rule: u64,
    /// Number of the alert in the order read, the alert itself, in what it differs.
    shown: Vec<(usize, Alert, Different)>,
}

/// Prints the exception, or says why there is none.
pub fn run(args: &Tune) -> anyhow::Result<Exit> {
    let Some(version) = Version::parse(&args.falco_version) else {
        let _ = writeln!(io::stderr(), "cadge: --falco-version takes a version such as 0.40");
        return Ok(Exit::Usage);
    };
    let session = Session::load(&args.input)?;
    let order = session.order();
    let Some(place) = pick::place(&session, &order, &args.alert) else {
        let _ = writeln!(io::stderr(), "cadge: no such alert");
        session.end();
        return Ok(Exit::NothingMatched);
    };
    let Some((_, alert)) = order.get(place).and_then(|id| session.alert(*id).ok()) else {
        let _ = writeln!(io::stderr(), "cadge: the alert's record cannot be read any more");
        return Ok(Exit::Failed);
    };
    let (playbooks, problems) = explain::playbooks();
    for problem in problems {
        let _ = writeln!(io::stderr(), "cadge: {}", printable(&problem));
    }
    let names = session::names(&session.rules);
    let wish = Wish {
        fields: &if args.fields.is_empty() {
            recommended(&alert, &playbooks)
        } else {
            args.fields.clone()
        },
        is_exact: !args.fields.is_empty(),
        version,
        is_list: &|word| names.get_list(word).is_some() || is_usual_list(word),
    };
    let group = if args.group { group(&session, &order, place, &alert) } else { Vec::new() };
    let alerts: Vec<&Alert> = std::iter::once(&alert).chain(&group).collect();
    let mut out = io::stdout().lock();
    let exception = match exception(&alerts, &wish) {
        Ok(exception) => exception,
        Err(refusal) => {
            if args.json {
                out.write_all(refused_json(&refusal).as_bytes())?;
            }
            let _ = io::stderr().write_all(refused(&refusal).as_bytes());
            return Ok(Exit::Failed);
        }
    };
    let hidden = hidden(&session, &order, place, &alert, &exception)?;
    let mut exception = exception;
    exception.cautions.extend(level_caution(&alert, &playbooks));
    let text = if args.json { as_json(&exception, &hidden) } else { as_yaml(&exception, &hidden) };
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(if session.end() { Exit::Done } else { Exit::Failed })
}

/// Names that lists of the official rules have, where no rules are at hand.
fn is_usual_list(word: &str) -> bool {
    const ENDS: [&str; 14] = [
        "_binaries",
        "_binary",
        "_mgmt",
        "_files",
        "_ports",
        "_images",
        "_containers",
        "_directories",
        "_dirs",
        "_programs",
        "_processes",
        "_users",
        "_domains",
        "_namespaces",
    ];
    ENDS.iter().any(|end| word.ends_with(end) && word.len() > end.len())
        && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// The other alerts of the same rule and container.
fn group(session: &Session, order: &[AlertId], place: usize, alert: &Alert) -> Vec<Alert> {
    let own = alert.container();
    let same = |other: &Alert| {
        let theirs = other.container();
        other.rule == alert.rule && (theirs.id, theirs.name) == (own.id, own.name)
    };
    order
        .iter()
        .enumerate()
        .filter(|(n, _)| *n != place)
        .filter(|(_, id)| {
            session
                .store
                .row(**id)
                .is_none_or(|row| !row.is_exact || row.columns().rule == alert.rule.as_deref())
        })
        .filter_map(|(_, id)| session.alert(*id).ok().map(|(_, alert)| alert))
        .filter(same)
        .take(MOST_OF_GROUP)
        .collect()
}

fn hidden(
    session: &Session,
    order: &[AlertId],
    own: usize,
    alert: &Alert,
    exception: &Exception,
) -> anyhow::Result<Hidden> {
    let none = crate::query::Names::default();
    let read = |text: &str| {
        Filter::parse(text, &none).map_err(|error| {
            anyhow::anyhow!("the exception cannot be read back: {}", error.message)
        })
    };
    let hides = read(&exception.filter())?;
    let of_rule = read(&format!("alert.rule = {}", crate::query::quote(&exception.rule)))?;
    let (mut n, mut n_of_rule) = (0, 0);
    let mut found: Vec<(usize, Alert)> = Vec::new();
    for (place, id) in order.iter().enumerate() {
        let row = session.store.row(*id).filter(|row| row.is_exact);
        if row.as_ref().and_then(|row| of_rule.decide(&row.columns())) == Some(false) {
            continue;
        }
        let Ok((_, other)) = session.alert(*id) else { continue };
        if !of_rule.matches(&other) {
            continue;
        }
        n_of_rule += 1;
        if hides.matches(&other) {
            n += 1;
            if found.len() < MOST_COMPARED || place == own {
                found.push((place, other));
            }
        }
    }
    let alerts: Vec<&Alert> = found.iter().map(|(_, alert)| alert).collect();
    let at = found.iter().position(|(place, _)| *place == own);
    let shown = most_different(alert, at, &alerts, SHOWN)
        .into_iter()
        .filter_map(|different| {
            let (place, alert) = found.get(different.place)?;
            Some((place + 1, alert.clone(), different))
        })
        .collect();
    Ok(Hidden { n, n_of_rule, shown })
}

/// An alert that looks harmful is no candidate without a second look.
fn level_caution(alert: &Alert, playbooks: &Playbooks) -> Option<String> {
    let level = analyze(alert, &[], playbooks, &Choice::default()).assessment.level;
    (level >= Level::High).then(|| {
        format!(
            "cadge judges this alert {}: make sure that it is a false positive first.",
            level.name()
        )
    })
}

fn as_yaml(exception: &Exception, hidden: &Hidden) -> String {
    let mut out = String::new();
    let version = exception.version;
    let _ = writeln!(
        out,
        "# For Falco {version}, in a file that is loaded after the rule's own: /etc/falco/rules.d/zz-triage-exceptions.yaml"
    );
    let _ = writeln!(
        out,
        "# Hides {} of {} of this rule among the loaded ones.",
        count(hidden.n),
        plural(hidden.n_of_rule, "alert", "alerts")
    );
    for caution in &exception.cautions {
        let _ = writeln!(out, "# Caution: {}", printable(caution));
    }
    if !hidden.shown.is_empty() {
        out.push_str("# The most different of them:\n");
    }
    for (number, alert, different) in &hidden.shown {
        let time = alert.time.map_or_else(|| "no time".to_owned(), |time| time.to_string());
        let _ = write!(out, "#   alert {number}, {time}: ");
        if different.fields.is_empty() {
            out.push_str("only the time differs");
        }
        let fields: Vec<String> = different
            .fields
            .iter()
            .map(|(field, value)| format!("{field}={}", ellipsis(&printable(value), VALUE_COLS)))
            .collect();
        let _ = writeln!(out, "{}", fields.join("  "));
    }
    out.push_str(&exception.yaml());
    out
}

fn as_json(exception: &Exception, hidden: &Hidden) -> String {
    let texts = |texts: &mut dyn Iterator<Item = &str>| {
        format!("[{}]", texts.map(json::quote).collect::<Vec<_>>().join(","))
    };
    let mut out = String::from("{\"rule\":");
    json::string(&mut out, &exception.rule);
    let _ = write!(out, ",\"name\":{}", json::quote(&exception.name));
    let _ = write!(
        out,
        ",\"falco_version\":\"{}\",\"syntax\":\"{}\"",
        exception.version,
        exception.syntax()
    );
    let _ = write!(
        out,
        ",\"fields\":{}",
        texts(&mut exception.fields.iter().map(|(field, _)| field.as_str()))
    );
    let _ =
        write!(out, ",\"comps\":{}", texts(&mut exception.fields.iter().map(|(_, c)| c.word())));
    let sets: Vec<String> =
        exception.values.iter().map(|set| texts(&mut set.iter().map(String::as_str))).collect();
    let _ = write!(out, ",\"values\":[{}]", sets.join(","));
    let _ = write!(out, ",\"condition\":{}", json::quote(&exception.condition()));
    let _ = write!(out, ",\"yaml\":{}", json::quote(&exception.yaml()));
    let _ =
        write!(out, ",\"cautions\":{}", texts(&mut exception.cautions.iter().map(String::as_str)));
    let _ = write!(
        out,
        ",\"hides\":{},\"alerts_of_rule\":{},\"different\":[",
        hidden.n, hidden.n_of_rule
    );
    for (at, (number, alert, different)) in hidden.shown.iter().enumerate() {
        let comma = if at > 0 { "," } else { "" };
        let _ =
            write!(out, "{comma}{{\"alert\":{number},\"id\":{}", json::quote(&record::id(alert)));
        out.push_str(",\"time\":");
        json::optional(&mut out, alert.time.map(|time| time.to_string()).as_deref());
        out.push_str(",\"fields\":{");
        for (at, (field, value)) in different.fields.iter().enumerate() {
            let comma = if at > 0 { "," } else { "" };
            let _ = write!(out, "{comma}{}:{}", json::quote(field), json::quote(value));
        }
        out.push_str("}}");
    }
    out.push_str("]}\n");
    out
}

fn refused(refusal: &Refusal) -> String {
    let mut out = format!("cadge: no exception: {}\n", printable(&refusal.what));
    for (field, why) in &refusal.fields {
        let _ = writeln!(out, "  {}: {}", printable(field), printable(why));
    }
    out
}

fn refused_json(refusal: &Refusal) -> String {
    let fields: Vec<String> = refusal
        .fields
        .iter()
        .map(|(field, why)| format!("{}:{}", json::quote(field), json::quote(why)))
        .collect();
    format!("{{\"refused\":{},\"fields\":{{{}}}}}\n", json::quote(&refusal.what), fields.join(","))
}
