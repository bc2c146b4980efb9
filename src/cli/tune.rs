//! `cadge tune`: a Falco exception for a confirmed false positive, with what it would hide.

use super::args::Tune;
use super::session::{self, Session};
use super::{Exit, explain, pick};
use crate::analysis::tuning::{
    Exception, Hidden, Refusal, Search, Shown, Version, Wish, cautions_of_level, exception,
    is_of_group, is_usual_list, recommended,
};
use crate::model::{Alert, AlertId};
use crate::report::{json, record};
use crate::text::printable;
use std::fmt::Write as _;
use std::io::{self, Write};

/// The most alerts of a group that are read for their values.
const MOST_OF_GROUP: usize = 2000;

/// Prints the exception, or says why there is none.
pub fn run(args: &Tune) -> anyhow::Result<Exit> {
    let Some(version) = Version::parse(&args.falco_version) else {
        let _ = writeln!(io::stderr(), "cadge: --falco-version takes a version such as 0.40");
        return Ok(Exit::Usage);
    };
    let session = Session::load(&args.input)?;
    let order = session.order();
    let Some(place) = pick::place(&session, &order, &args.alert) else {
        super::say(&pick::missing(&args.alert, &session, &order));
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
    let mut out = super::out();
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
    exception.cautions.extend(cautions_of_level(&alert, &hidden, &playbooks));
    let text = if args.json { as_json(&exception, &hidden) } else { exception.text(&hidden) };
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(if session.end() { Exit::Done } else { Exit::Failed })
}

/// The other alerts of the same rule and container.
fn group(session: &Session, order: &[AlertId], place: usize, alert: &Alert) -> Vec<Alert> {
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
        .filter(|other| is_of_group(alert, other))
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
    let mut search = Search::new(exception).map_err(anyhow::Error::msg)?;
    for (place, id) in order.iter().enumerate() {
        let row = session.store.row(*id).filter(|row| row.is_exact);
        if row.is_some_and(|row| search.is_other_rule(&row.columns())) {
            continue;
        }
        if let Ok((_, other)) = session.alert(*id) {
            search.add(place, place == own, other);
        }
    }
    Ok(search.finish(alert))
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
    for (at, Shown { number, alert, different }) in hidden.shown.iter().enumerate() {
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
