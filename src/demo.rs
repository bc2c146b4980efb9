//! A built-in stream of alerts, for trying the console: drills, housekeeping, noise, and one real intrusion.
//!
//! The bytes are JSON lines as Falco writes them and take the way of all others: decoding, store, analysis. Everything
//! follows from the moment of the start and a fixed seed; no file, no network and no privilege is used. The alerts are
//! made up; addresses are those set aside for documentation.

mod feed;
mod scenes;

pub use feed::feed;

use crate::report::json::quote;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use scenes::{HISTORY, INTRUSION, NOISE, Place, Scene};
use std::fmt::Write as _;

/// How much of the past is there when the console opens, in seconds.
const PAST: i64 = 55 * 60;

/// The alerts in order: first those of the past hour, then those to come.
pub struct Story {
    start: Timestamp,
    random: Random,
    /// When the next noise comes, in milliseconds from the start.
    noise_at: i64,
    /// What of the scripted part is still to come, in order.
    script: Vec<(i64, &'static Scene)>,
}

/// One line of the stream, with its line feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub at: Timestamp,
    pub bytes: Vec<u8>,
}

impl Story {
    /// The story as it is told to someone who begins to watch at `start`.
    pub fn new(start: Timestamp) -> Self {
        let scripted = HISTORY.iter().chain(INTRUSION);
        let mut script: Vec<_> = scripted.map(|(at, scene)| (at * 1000, scene)).collect();
        script.sort_by_key(|(at, _)| *at);
        script.reverse();
        Self { start, random: Random(0x5eed_fa1c), noise_at: -PAST * 1000, script }
    }

    fn next_noise_after(&mut self, at: i64) -> i64 {
        // Denser now than in the past, so that one sees the stream flow without waiting.
        let (least, most) = if at < 0 { (4_000, 22_000) } else { (500, 2_600) };
        at + least + self.random.below(most - least)
    }
}

impl Iterator for Story {
    type Item = Line;

    /// There is always a next alert.
    fn next(&mut self) -> Option<Line> {
        let (at, scene) = match self.script.last() {
            Some((at, _)) if *at <= self.noise_at => self.script.pop()?,
            _ => {
                let at = self.noise_at;
                self.noise_at = self.next_noise_after(at);
                let total: i64 = NOISE.iter().map(|(weight, _)| *weight).sum();
                let mut pick = self.random.below(total);
                let scene = NOISE.iter().find(|(weight, _)| {
                    pick -= weight;
                    pick < 0
                });
                (at, &scene?.1)
            }
        };
        // Real clocks have odd nanoseconds; so have these.
        let nanoseconds = at * 1_000_000 + self.random.below(999_999);
        let at = self.start.saturating_add(SignedDuration::from_nanos(nanoseconds)).ok()?;
        Some(Line { at, bytes: write(scene, at, self.start, &mut self.random) })
    }
}

/// Writes one alert as Falco would.
fn write(scene: &Scene, at: Timestamp, start: Timestamp, random: &mut Random) -> Vec<u8> {
    let mut fields: Vec<(&str, String)> = Vec::new();
    let mut text = String::new();
    for (name, value) in scene.fields {
        let value = if value.contains("@port@") {
            value.replace("@port@", &(32_768 + random.below(28_000)).to_string())
        } else {
            (*value).to_owned()
        };
        // A number is written `#0` in the scenes.
        let plain = value.strip_prefix('#').unwrap_or(&value);
        let short = name.rsplit_once('.').map_or(*name, |(_, short)| short);
        let _ = write!(text, "{}{short}={plain}", if text.is_empty() { "" } else { " " });
        let json = if value.starts_with('#') { plain.to_owned() } else { quote(&value) };
        fields.push((name, json));
    }
    fields.push(("evt.time", at.as_nanosecond().to_string()));
    if let Some(place) = scene.place {
        add_place(place, scene, start, &mut fields);
        let _ = write!(text, " container_id={} container_name={}", place.id, place.name);
    }
    fields.sort();
    let clock = at.to_zoned(TimeZone::UTC).strftime("%H:%M:%S.%9f").to_string();
    let priority = scene.priority.name();
    let output = quote(&format!("{clock}: {priority} {} ({text})", scene.says));
    let fields: Vec<_> =
        fields.iter().map(|(name, json)| format!("{}:{json}", quote(name))).collect();
    let tags: Vec<_> = scene.tags.iter().map(|tag| quote(tag)).collect();
    let mut line = format!(
        "{{\"hostname\":{},\"output\":{output},\"output_fields\":{{{}}},\"priority\":{},\"rule\":{},\"source\":{},\"tags\":[{}],\"time\":\"{at:.9}\"}}",
        quote(scene.hostname),
        fields.join(","),
        quote(priority),
        quote(scene.rule),
        quote(scene.event_source),
        tags.join(","),
    );
    line.push('\n');
    line.into_bytes()
}

fn add_place(
    place: &'static Place,
    scene: &Scene,
    start: Timestamp,
    fields: &mut Vec<(&'static str, String)>,
) {
    let mut text = |name: &'static str, value: &str| fields.push((name, quote(value)));
    text("container.id", place.id);
    text("container.name", place.name);
    let (image, tag) = place.image.rsplit_once(':').unwrap_or((place.image, "latest"));
    text("container.image.repository", image);
    text("container.image.tag", tag);
    if let Some((namespace, pod)) = place.pod {
        text("k8s.ns.name", namespace);
        text("k8s.pod.name", pod);
    }
    if scene.tells_start {
        let started = start.saturating_add(SignedDuration::from_millis(place.started_at));
        let started = started.unwrap_or(start).as_nanosecond();
        fields.push(("container.start_ts", started.to_string()));
    }
}

/// A small generator of numbers that look random (xorshift64*): the same ones each time.
struct Random(u64);

impl Random {
    /// A number from 0 to below `limit`.
    fn below(&mut self, limit: i64) -> i64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        i64::try_from(number).unwrap_or(0) % limit.max(1)
    }
}

impl Scene {
    /// How urgent Falco calls it.
    #[cfg(test)]
    fn is_critical(&self) -> bool {
        self.priority <= crate::model::Priority::Critical
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    const START: Timestamp = Timestamp::constant(1_790_000_000, 0);

    /// All that is told in the past and in the first `seconds` of watching.
    fn told(seconds: i64) -> Vec<(Timestamp, serde_json::Value)> {
        let end = START.saturating_add(SignedDuration::from_secs(seconds)).unwrap();
        Story::new(START)
            .take_while(|line| line.at <= end)
            .map(|line| (line.at, serde_json::from_slice(&line.bytes).unwrap()))
            .collect()
    }

    #[test]
    fn the_same_start_tells_the_same_story() {
        let first: Vec<_> = Story::new(START).take(500).collect();
        let second: Vec<_> = Story::new(START).take(500).collect();
        assert_eq!(first, second);
    }

    #[test]
    fn alerts_come_in_order_and_there_is_a_past_and_a_future() {
        let told = told(60);
        assert!(told.is_sorted_by_key(|(at, _)| *at));
        let past = told.iter().filter(|(at, _)| *at < START).count();
        assert!((150..600).contains(&past), "{past} alerts in the past");
        let live = told.len() - past;
        assert!((30..120).contains(&live), "{live} alerts in a minute");
    }

    #[test]
    fn the_intrusion_is_told_in_eight_alerts_over_a_minute_in_one_container() {
        let mut containers = BTreeMap::new();
        for (at, scene) in INTRUSION {
            assert!((0..=65).contains(at));
            *containers.entry(scene.place.unwrap().id).or_insert(0) += 1;
        }
        assert_eq!(containers.into_values().collect::<Vec<_>>(), [8]);
        let span = INTRUSION.last().unwrap().0 - INTRUSION.first().unwrap().0;
        assert!((50..=65).contains(&span), "{span} s");
        assert!(INTRUSION.iter().any(|(_, scene)| scene.is_critical()));
    }

    #[test]
    fn the_five_situations_are_there_when_the_console_opens() {
        let past = told(-1);
        let n_of = |rule: &str, field: &str, value: &str| {
            let same = |alert: &serde_json::Value| {
                alert["rule"] == rule && alert["output_fields"][field] == value
            };
            past.iter().filter(|(_, alert)| same(alert)).count()
        };
        let netcat = "Netcat Remote Code Execution in Container";
        assert_eq!(n_of(netcat, "proc.pname", "event-generator"), 2);
        assert_eq!(n_of("Fileless execution via memfd_create", "proc.pname", "event-generator"), 2);
        let felix = "sh -c ip link del calico_tmp_B || true";
        assert!(n_of("Detect Shell in Container", "proc.cmdline", felix) >= 1);
    }

    #[test]
    fn the_time_stands_in_three_places_and_is_the_same() {
        for (at, alert) in told(30) {
            assert_eq!(alert["time"], format!("{at:.9}"));
            assert_eq!(
                alert["output_fields"]["evt.time"].to_string(),
                at.as_nanosecond().to_string()
            );
        }
    }
}
