//! Values for commands that no single field holds: times around the alert, names put together, parts of a path.

use super::command::Lack;
use super::download;
use crate::model::{Alert, Flag};
use jiff::{SignedDuration, Timestamp};

/// The value of an input that is worked out; `None` for inputs that are read from one field.
pub fn derive(name: &str, alert: &Alert) -> Result<Option<String>, Lack> {
    let minutes = match name {
        "T0" | "TJ0" => -5,
        "T1" | "TJ1" => 5,
        "AT" => 0,
        "T2D" => -2 * 24 * 60,
        "SEEN" => return Ok(Some(seen_until(alert).to_string())),
        "CASE" => return Ok(Some(case_name(alert))),
        "RULE" => return Ok(alert.rule.as_deref().map(str::to_owned)),
        "WORDS" => return Ok(first_words(alert)),
        "IMAGE" => return Ok(image(alert)),
        "COMM" | "PNAME" => return Ok(process(alert)),
        "WORKLOAD" => return Ok(workload(alert)),
        "NS" => return Ok(namespace(alert)),
        "FILE" => return Ok(Some(file_name(alert))),
        "PATH" | "LOOSE" if !names_file(alert) => {
            return Ok(download::target(alert).or_else(|| download::script(alert)));
        }
        "IP" if ["fd.rip", "fd.sip", "fd.cip"].iter().all(|f| alert.fields.known(f).is_none()) => {
            return Ok(download::address(alert));
        }
        "KNS" => return Ok(Some(namespace(alert).unwrap_or_else(|| "default".to_owned()))),
        "KKIND" => return Ok(kind(alert)),
        "GHREPO" => return Ok(repository(alert)),
        // A target without a login name is not somebody else: who acted is not worked on in its place.
        "OKTALOGIN" => {
            let lack = Lack {
                input: name.to_owned(),
                why: "the alert names the person it was done to, but not by a login name"
                    .to_owned(),
            };
            return match login(alert) {
                None if okta_target(alert) => Err(lack),
                login => Ok(login),
            };
        }
        "AWSUSER" if is_session(alert) => {
            return Err(Lack {
                input: name.to_owned(),
                why: "ct.user is the session of a role (ct.user.arn), and no user of IAM has its name for sure"
                    .to_owned(),
            });
        }
        "GCPSQL" => {
            let text = alert.fields.text("gcp.cloudsql.databaseId").map(unquoted);
            return Ok(text.map(|id| id.rsplit(':').next().unwrap_or(id).to_owned()));
        }
        "GCPACCOUNT" => return Ok(service_account(alert)),
        "GCPKEY" => return Ok(segment(alert, "keys")),
        "GCPINSTANCE" => {
            let id = alert.fields.text("gcp.compute.instanceId").map(unquoted);
            return Ok(segment(alert, "instances").or_else(|| id.map(str::to_owned)));
        }
        "GCPZONE" => return Ok(segment(alert, "zones")),
        "GCPREGION" => return Ok(region(alert)),
        "IPFAM" | "IPTABLES" => {
            let facts = super::facts::Facts::read(alert);
            let address =
                facts.remote.and_then(|remote| remote.host.parse::<std::net::IpAddr>().ok());
            let is_v6 = address.is_some_and(|address| address.to_canonical().is_ipv6());
            let word = match (name, is_v6) {
                ("IPFAM", false) => "ip",
                ("IPFAM", true) => "ip6",
                (_, false) => "iptables",
                (_, true) => "ip6tables",
            };
            return Ok(Some(word.to_owned()));
        }
        _ => return Ok(None),
    };
    let lack = |why: &str| Lack { input: name.to_owned(), why: why.to_owned() };
    let time = alert.time.ok_or_else(|| lack("the alert has no time"))?;
    if alert.flags.has(Flag::LocalClock) {
        return Err(lack("the alert's clock has no date or zone, so its time is a guess"));
    }
    let moment = time
        .saturating_add(SignedDuration::from_mins(minutes))
        .map_err(|_| lack("the time is out of range"))?;
    Ok(Some(if name.starts_with("TJ") { journal_time(moment) } else { iso_time(moment) }))
}

/// The second after which a process that begins is not the alert's. Clocks drift, and Falco counts from its own start, so
/// a minute is allowed; where the time is not known, every process may be the one.
fn seen_until(alert: &Alert) -> i64 {
    let time = alert.time.filter(|_| !alert.flags.has(Flag::LocalClock));
    let until = time.map_or(i64::MAX, |time| time.as_second().saturating_add(60));
    until.clamp(0, 9_999_999_999)
}

/// How many words of an output are looked for in the rules: a file may break the line behind more.
const FIRST_WORDS: usize = 4;

/// The words that an alert's output begins with, before anything that may be a value; none where they are few.
fn first_words(alert: &Alert) -> Option<String> {
    let priority = format!(" {} ", alert.priority?.name());
    let (_, message) = alert.output.as_deref()?.split_once(&priority)?;
    let is_sign = |c: char| c.is_ascii_alphabetic() || ",.:;!'-".contains(c);
    let words: Vec<&str> = message
        .split(' ')
        // A picture before the words may be written in another way in the file.
        .skip_while(|word| !word.is_ascii())
        .take_while(|word| word.len() <= 20 && !word.is_empty() && word.chars().all(is_sign))
        .take(FIRST_WORDS)
        .collect();
    let text = words.join(" ").trim_end_matches([':', ',', '.']).to_owned();
    (words.len() > 1 && text.len() >= 8).then_some(text)
}

fn iso_time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn journal_time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// `20260302-7d01f2a4c9be`: the alert's day, and its container, pod, what a log's request was for, host or `alert`.
fn case_name(alert: &Alert) -> String {
    let day =
        alert.time.map_or_else(|| "undated".to_owned(), |time| time.strftime("%Y%m%d").to_string());
    let container = alert.container();
    let id = container.id.filter(|id| id.len() >= 12 && *id != "host").and_then(|id| id.get(..12));
    let name = container.name.filter(|name| *name != "host");
    // A name of nothing but signs names no folder: then the next one does.
    // The host of a log is Falco's own: two objects of one day must not share a file.
    let target = super::facts::target(alert);
    let subject = [id, name, alert.k8s().1, target.as_deref(), alert.hostname.as_deref()]
        .into_iter()
        .flatten()
        .map(|name| {
            let plain: String = name
                .chars()
                .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
                .take(40)
                .collect();
            plain.trim_matches('-').to_owned()
        })
        .find(|name| !name.is_empty());
    format!("{day}-{}", subject.as_deref().unwrap_or("alert"))
}

/// The fields that name a file the event was about.
const FILES: [&str; 7] = [
    "fd.name",
    "fs.path.name",
    "evt.arg.path",
    "evt.arg.name",
    "evt.arg.filename",
    "evt.arg.newpath",
    "evt.arg.linkpath",
];

fn names_file(alert: &Alert) -> bool {
    FILES.iter().any(|field| alert.fields.text(field).is_some_and(|path| path.starts_with('/')))
}

/// What a copy of the alert's file is called: the last part of its path, without signs. Two files keep two names.
fn file_name(alert: &Alert) -> String {
    let fields = FILES.iter().filter_map(|field| alert.fields.text(field).map(str::to_owned));
    let path = fields
        .chain(download::target(alert))
        .chain(download::script(alert))
        .chain(alert.fields.text("proc.exepath").map(str::to_owned))
        .find(|path| path.starts_with('/'))
        .unwrap_or_default();
    let last = path.rsplit('/').find(|part| !part.is_empty()).unwrap_or_default();
    let plain: String = last
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' })
        .take(60)
        .collect();
    let plain = plain.trim_start_matches(['.', '-', '_']);
    if plain.is_empty() { "file".to_owned() } else { plain.to_owned() }
}

/// The process's name; Falco's command line begins with it.
fn process(alert: &Alert) -> Option<String> {
    let named = alert.fields.text("proc.name").filter(|name| !name.is_empty());
    let first = || alert.fields.text("proc.cmdline")?.split_whitespace().next();
    let is_process = !super::facts::is_container_start(alert);
    named.or_else(first).filter(|_| is_process).map(str::to_owned)
}

fn image(alert: &Alert) -> Option<String> {
    let fields = &alert.fields;
    let Some(repository) = fields.text("container.image.repository") else {
        return fields.text("container.image").map(str::to_owned);
    };
    if let Some(digest) =
        fields.text("container.image.digest").filter(|digest| digest.starts_with("sha256:"))
    {
        return Some(format!("{repository}@{digest}"));
    }
    Some(match fields.text("container.image.tag") {
        Some(tag) => format!("{repository}:{tag}"),
        None => repository.to_owned(),
    })
}

fn workload(alert: &Alert) -> Option<String> {
    let kinds = [
        ("k8smeta.deployment.name", "deployment"),
        ("k8s.deployment.name", "deployment"),
        ("k8s.statefulset.name", "statefulset"),
        ("k8smeta.rs.name", "replicaset"),
        ("k8s.rs.name", "replicaset"),
    ];
    kinds
        .into_iter()
        .find_map(|(field, kind)| Some(format!("{kind}/{}", alert.fields.text(field)?)))
}

/// The namespace of a pod, or of what an audit log's request was for.
fn namespace(alert: &Alert) -> Option<String> {
    let fields = ["k8s.ns.name", "k8smeta.ns.name", "ka.target.namespace"];
    let named = fields.into_iter().find_map(|field| alert.fields.text(field));
    named.filter(|name| !name.is_empty()).map(str::to_owned).or_else(|| {
        let (resource, name) =
            (alert.fields.text("ka.target.resource"), alert.fields.text("ka.target.name"));
        let is_namespace = resource == Some("namespaces");
        path_part(alert, "namespaces").or_else(|| name.filter(|_| is_namespace).map(str::to_owned))
    })
}

/// The kind of an audit log's object: named, in the request's path, or shown by the fields that only it has.
fn kind(alert: &Alert) -> Option<String> {
    let fields = &alert.fields;
    if let Some(kind) = fields.text("ka.target.resource").filter(|kind| !kind.is_empty()) {
        return Some(kind.to_owned());
    }
    let parts: Vec<&str> = path(alert).map(|path| path.split('/').collect()).unwrap_or_default();
    // /api/v1/[namespaces/NS/]KIND/NAME, /apis/GROUP/VERSION/[namespaces/NS/]KIND/NAME
    let start = match parts.get(1).copied() {
        Some("api") => Some(3),
        Some("apis") => Some(4),
        _ => None,
    };
    if let Some(start) = start {
        let is_inside = parts.get(start) == Some(&"namespaces") && parts.len() > start + 2;
        let kind = parts.get(if is_inside { start + 2 } else { start });
        return kind.filter(|kind| !kind.is_empty()).map(|kind| (*kind).to_owned());
    }
    [("ka.req.pod.", "pods"), ("ka.req.configmap.", "configmaps"), ("ka.req.service.", "services")]
        .into_iter()
        .find(|(start, _)| fields.iter().any(|(name, _)| name.starts_with(start)))
        .map(|(_, kind)| kind.to_owned())
}

fn path(alert: &Alert) -> Option<&str> {
    let uri = alert.fields.text("ka.uri")?;
    Some(uri.split('?').next().unwrap_or(uri))
}

fn path_part(alert: &Alert, after: &str) -> Option<String> {
    let mut parts = path(alert)?.split('/');
    parts.find(|part| *part == after)?;
    parts.next().filter(|part| !part.is_empty()).map(str::to_owned)
}

/// `OWNER/NAME`: named so, or in the repository's address, or put together.
fn repository(alert: &Alert) -> Option<String> {
    let field = |name| alert.fields.text(name).filter(|text| !text.is_empty());
    let name = field("github.repo.name");
    if let Some(name) = name.filter(|name| name.contains('/')) {
        return Some(name.to_owned());
    }
    let address = ["github.repo.url", "github.repo"].into_iter().find_map(|name| {
        let path = field(name)?.strip_prefix("https://github.com/")?;
        Some(path.trim_end_matches('/').trim_end_matches(".git").to_owned())
    });
    address.or_else(|| {
        let owner = field("github.owner").or_else(|| field("github.org"))?;
        Some(format!("{owner}/{}", name?))
    })
}

/// The fields in which Okta's log names the person to whom it was done.
const OKTA_TARGET: [&str; 2] = ["okta.target.user.alternateid", "okta.target.user.name"];

/// Whether Okta's log names somebody to whom it was done.
fn okta_target(alert: &Alert) -> bool {
    OKTA_TARGET.into_iter().any(|name| alert.fields.text(name).is_some_and(|text| !text.is_empty()))
}

/// Whether a role's session acted in AWS, and nobody was named to whom it was done.
fn is_session(alert: &Alert) -> bool {
    let field = |name| alert.fields.text(name).filter(|text| !text.is_empty());
    field("ct.request.username").is_none()
        && field("ct.user.arn").is_some_and(|arn| arn.contains(":assumed-role/"))
}

/// The login name of the person it was done to; of who acted only where nobody else is named.
fn login(alert: &Alert) -> Option<String> {
    let field = |name| alert.fields.text(name).filter(|text| !text.is_empty());
    let actor = ["okta.actor.alternateid", "okta.actor.name"];
    let names = if okta_target(alert) { OKTA_TARGET } else { actor };
    names.into_iter().filter_map(field).find(|name| name.contains('@')).map(str::to_owned)
}

/// The fields of Google's audit log that name resources by path.
const RESOURCES: [&str; 3] = ["gcp.resourceName", "gcp.request", "gcp.authorizationInfo"];

/// `ci@shop.iam.gserviceaccount.com`: the account that was worked on; the one that acted only where no other is named.
fn service_account(alert: &Alert) -> Option<String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "@._-".contains(c);
    let named = alert.fields.text("gcp.iam.serviceAccount").map(unquoted).map(str::to_owned);
    let worked_on =
        RESOURCES.into_iter().filter_map(|name| alert.fields.text(name)).find_map(|text| {
            text.split(|c: char| !is_part(c))
                .find(|word| word.contains('@') && word.ends_with("gserviceaccount.com"))
                .map(str::to_owned)
        });
    named.or(worked_on).or_else(|| alert.fields.text("gcp.user").map(str::to_owned))
}

/// The part of a resource's path after a word: `zones/europe-west3-a/instances/web`.
fn segment(alert: &Alert, after: &str) -> Option<String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    RESOURCES.into_iter().filter_map(|name| alert.fields.text(name)).find_map(|text| {
        let (_, rest) = text.split_once(&format!("/{after}/"))?;
        let part = rest.split(|c: char| !is_part(c)).next()?;
        (!part.is_empty()).then(|| part.to_owned())
    })
}

/// The region; the field holds a zone's name without its letter, or with it, or the JSON text of one.
fn region(alert: &Alert) -> Option<String> {
    let location =
        alert.fields.text("gcp.location").map(unquoted).map(|text| text.trim_end_matches('-'));
    let region = location.map(|text| match text.rsplit_once('-') {
        Some((region, zone)) if zone.len() == 1 => region.to_owned(),
        _ => text.to_owned(),
    });
    region.or_else(|| segment(alert, "locations")).or_else(|| segment(alert, "regions"))
}

/// Some versions of the plugin give a label as JSON text, with its quotes.
fn unquoted(text: &str) -> &str {
    text.trim_matches('"')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Value;

    fn alert(time: &str, fields: &[(&str, &str)]) -> Alert {
        let mut alert = Alert { time: time.parse().ok(), ..Alert::default() };
        for (field, text) in fields {
            let _ = alert.fields.set(field, Value::String((*text).into()));
        }
        alert
    }

    #[track_caller]
    fn case(fields: &[(&str, &str)], hostname: Option<&str>, expected: &str) {
        let mut alert = alert("2026-03-02T09:14:07Z", fields);
        alert.hostname = hostname.map(Into::into);
        assert_eq!(case_name(&alert), expected, "{fields:?}");
    }

    #[test]
    fn a_case_is_named_after_what_there_is_and_never_after_nothing() {
        let id = "7d01f2a4c9be0123456789abcdef0123456789abcdef0123456789abcdef0123";
        case(&[("container.id", "7d01f2a4c9be")], None, "20260302-7d01f2a4c9be");
        case(&[("container.id", id)], None, "20260302-7d01f2a4c9be");
        case(&[("container.id", ""), ("container.name", "")], None, "20260302-alert");
        case(&[("container.id", "")], Some("node-a"), "20260302-node-a");
        case(&[("container.id", "host"), ("container.name", "host")], None, "20260302-alert");
        case(&[("container.name", "Web_1")], None, "20260302-web-1");
        case(&[("container.name", "../../"), ("k8s.pod.name", "web-1")], None, "20260302-web-1");
        case(&[("container.name", "-rf /")], None, "20260302-rf");
        case(&[], Some("---"), "20260302-alert");
        let mut undated = alert("", &[("container.name", "web")]);
        undated.time = None;
        assert_eq!(case_name(&undated), "undated-web");
    }

    #[test]
    fn what_begins_a_minute_after_the_alert_is_another_process() {
        let mut alert = alert("2026-03-02T09:14:07Z", &[]);
        assert_eq!(seen_until(&alert), 1_772_442_847 + 60);
        alert.flags.set(Flag::LocalClock);
        assert_eq!(seen_until(&alert), 9_999_999_999);
        alert.time = None;
        assert_eq!(seen_until(&alert), 9_999_999_999);
    }

    #[test]
    fn words_of_an_output_end_before_its_values() {
        let check = |output: &str, expected: Option<&str>| {
            let mut alert = alert("", &[]);
            alert.priority = Some(crate::model::Priority::Notice);
            alert.output = Some(format!("10:00:00.1: Notice {output}").into());
            assert_eq!(first_words(&alert).as_deref(), expected, "{output}");
        };
        check("An open was seen (command=cat)", Some("An open was seen"));
        check("Odd things of ours happened here today (x=1)", Some("Odd things of ours"));
        check("The secret data/one was read", Some("The secret"));
        check("\u{1f680} Container spawned! container=web", Some("Container spawned!"));
        check("Audit event: user=ana", Some("Audit event"));
        check("status=create from=alpine", None);
        check("EC2 changed", None);
        check("It is so", Some("It is so"));
        check("Oh no x=1", None);
    }

    #[track_caller]
    fn times(time: &str, expected: [&str; 4]) {
        let alert = alert(time, &[]);
        let found: Vec<String> = ["T0", "T1", "TJ0", "TJ1"]
            .iter()
            .map(|name| {
                derive(name, &alert).map_or_else(|lack| lack.why, Option::unwrap_or_default)
            })
            .collect();
        assert_eq!(found, expected, "{time}");
    }

    #[test]
    fn times_are_utc_whatever_the_clock_of_the_place_does() {
        times(
            "2026-03-02T09:14:07.9Z",
            [
                "2026-03-02T09:09:07Z",
                "2026-03-02T09:19:07Z",
                "2026-03-02 09:09:07 UTC",
                "2026-03-02 09:19:07 UTC",
            ],
        );
        // Around the hour that is there twice, or never, in Europe: UTC knows neither.
        times(
            "2026-10-25T02:58:00+02:00",
            [
                "2026-10-25T00:53:00Z",
                "2026-10-25T01:03:00Z",
                "2026-10-25 00:53:00 UTC",
                "2026-10-25 01:03:00 UTC",
            ],
        );
        times(
            "2026-03-29T00:59:00Z",
            [
                "2026-03-29T00:54:00Z",
                "2026-03-29T01:04:00Z",
                "2026-03-29 00:54:00 UTC",
                "2026-03-29 01:04:00 UTC",
            ],
        );
        times(
            "2027-01-01T00:02:00Z",
            [
                "2026-12-31T23:57:00Z",
                "2027-01-01T00:07:00Z",
                "2026-12-31 23:57:00 UTC",
                "2027-01-01 00:07:00 UTC",
            ],
        );
        let none = "the alert has no time";
        times("", [none, none, none, none]);
    }
}
