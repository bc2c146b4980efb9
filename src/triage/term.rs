//! Until when a suppression lasts, as people write it; and what it matches.

use super::{Place, Scope, workload};
use crate::query::quote;
use jiff::{Span, Timestamp, ToSpan, Zoned};

/// Reads until when: `today`, a clock time (today, or tomorrow when it is past), a span (`15m`, `2h`, `3 days`), a date
/// with a time, or a timestamp. Never in the past, never further away than thirty days.
///
/// # Errors
/// A sentence that says what is understood.
pub fn until(text: &str, now: &Zoned) -> Result<Timestamp, String> {
    let text = text.trim();
    let most = now.checked_add(30.days()).map_err(|error| error.to_string())?;
    let today = || (text == "today").then(|| now.end_of_day().ok()).flatten();
    let clock = || {
        let time = text.parse::<jiff::civil::Time>().ok()?;
        let today =
            now.date().to_zoned(now.time_zone().clone()).ok()?.with().time(time).build().ok()?;
        if today > *now { Some(today) } else { today.checked_add(1.day()).ok() }
    };
    let span = || text.parse::<Span>().ok().and_then(|span| now.checked_add(span).ok());
    let stamp = || Some(text.parse::<Timestamp>().ok()?.to_zoned(now.time_zone().clone()));
    let date = || {
        let date: jiff::civil::DateTime = text.parse().ok()?;
        date.to_zoned(now.time_zone().clone()).ok()
    };
    // A date with a time would also be read as that time today.
    let ends = today().or_else(stamp).or_else(date).or_else(clock).or_else(span).ok_or(
        "not understood: a time (18:30), a span (15m, 2h, 3 days), today, or a date (2026-11-24 08:00)",
    )?;
    if ends <= *now {
        return Err("that is past already".to_owned());
    }
    if ends > most {
        return Err("at most 30 days from now".to_owned());
    }
    Ok(ends.timestamp())
}

/// The filter, in Falco's language, of a suppression of an alert's like (same process), its container or its workload.
pub fn condition(
    rule: Option<&str>,
    place: &Place<'_>,
    process: Option<&str>,
    scope: Scope,
) -> String {
    let equals = |field: &str, value: &str| format!("{field} = {}", quote(value));
    let known = |value: Option<&'_ str>| value.filter(|value| !value.is_empty()).map(str::to_owned);
    let mut parts = vec![match rule {
        Some(rule) => equals("alert.rule", rule),
        None => "not alert.rule exists".to_owned(),
    }];
    let id = place.container_id;
    match (scope, known(place.namespace), known(place.pod), known(place.image)) {
        (Scope::Workload, Some(namespace), Some(pod), _) => {
            parts.push(equals("k8s.ns.name", &namespace));
            let workload = workload(&pod);
            parts.push(if workload == pod {
                equals("k8s.pod.name", workload)
            } else {
                format!("k8s.pod.name startswith {}", quote(&format!("{workload}-")))
            });
        }
        (Scope::Workload, _, _, Some(image)) => {
            parts.push(equals("container.image.repository", &image));
        }
        _ if known(id).is_some() && id != Some("host") => {
            parts.extend(id.map(|id| equals("container.id", id)));
        }
        _ => {
            parts.extend(known(id).map(|id| equals("container.id", &id)));
            let name = known(place.container_name).filter(|_| id != Some("host"));
            parts.extend(name.map(|name| equals("container.name", &name)));
            parts.extend(place.hostname.map(|host| equals("alert.hostname", host)));
        }
    }
    if scope == Scope::Alert {
        parts.extend(known(process).map(|process| equals("proc.name", &process)));
    }
    parts.join(" and ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::{Filter, Names};

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let now: Zoned = "2026-11-21T14:00:00+01:00[Europe/Berlin]".parse().unwrap();
        let ends = until(text, &now).map(|ends| ends.to_zoned(now.time_zone().clone()));
        let ends = ends.map(|ends| ends.strftime("%m-%d %H:%M").to_string());
        assert_eq!(ends.unwrap_or_else(|error| error), expected, "{text}");
    }

    #[test]
    fn an_end_is_read_as_people_write_it() {
        check("15m", "11-21 14:15");
        check("2h", "11-21 16:00");
        check("7d", "11-28 14:00");
        check("3 days", "11-24 14:00");
        check("18:30", "11-21 18:30");
        check("09:00", "11-22 09:00");
        check("today", "11-21 23:59");
        check("2026-11-24 08:00", "11-24 08:00");
        check("2026-11-24T08:00:00Z", "11-24 09:00");
        check("-2h", "that is past already");
        check("2020-01-01 00:00", "that is past already");
        check("31 days", "at most 30 days from now");
        check("2999-01-01T00:00:00Z", "at most 30 days from now");
        assert!(until("forever", &"2026-11-21T14:00:00Z[UTC]".parse().unwrap()).is_err());
    }

    #[test]
    fn every_condition_is_a_filter_and_says_the_place() {
        let place = Place {
            container_id: Some("0123456789ab"),
            container_name: Some("web \" and 1"),
            image: Some("docker.io/x/y"),
            namespace: Some("prod"),
            pod: Some("web-6d4cf56db6-x2kqz"),
            hostname: Some("node1"),
        };
        let host =
            Place { container_id: Some("host"), hostname: Some("node1"), ..Place::default() };
        let named = Place { container_id: None, ..place };
        for (rule, place, scope, expected) in [
            (
                None,
                &place,
                Scope::Container,
                "not alert.rule exists and container.id = 0123456789ab",
            ),
            (
                Some("R"),
                &host,
                Scope::Workload,
                "alert.rule = R and container.id = host and alert.hostname = node1",
            ),
            (
                Some("R"),
                &host,
                Scope::Alert,
                "alert.rule = R and container.id = host and alert.hostname = node1 and proc.name = sh",
            ),
            (
                Some("R"),
                &place,
                Scope::Workload,
                "alert.rule = R and k8s.ns.name = prod and k8s.pod.name startswith web-",
            ),
            (
                Some("R"),
                &Place { pod: None, ..place },
                Scope::Workload,
                "alert.rule = R and container.image.repository = docker.io/x/y",
            ),
            (
                Some("R"),
                &named,
                Scope::Container,
                "alert.rule = R and container.name = \"web \\\" and 1\" and alert.hostname = node1",
            ),
        ] {
            let text = condition(rule, place, Some("sh"), scope);
            assert!(Filter::parse(&text, &Names::default()).is_ok(), "{text}");
            assert_eq!(text.replace('"', ""), expected.replace('"', ""));
        }
    }
}
