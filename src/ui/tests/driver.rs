//! Feeds bytes, presses keys, performs the effects that need no outside, and gives the screen as text.

use crate::analysis::{
    Analysis, Assessment, Attack, Cause, Direction, Fact, Match, Missing, Phase, PlaybookRef,
    Reason, Related, Risk, Step,
};
use crate::intake::{self, Records};
use crate::model::{AlertId, BodyId, Level, Priority, SourceId};
use crate::source::{Delivery, Opened, SourceState};
use crate::store::Snapshot;
use crate::theme::Theme;
use crate::triage::{AlertKeys, Evidence, Key, Place};
use crate::ui::keymap::Key as KeyName;
use crate::ui::{App, Assessed, Counted, Effect, Look, Msg, Settings, State, Tone, Turn, draw};
use crate::ui::{Identified, Recognized};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::{SignedDuration, Timestamp};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use std::io::Write;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;

pub const NOW: &str = "2026-11-21T14:03:00Z";

/// The console with a screen of text.
pub struct Driver {
    pub app: App,
    /// Effects that were asked and not performed here.
    pub effects: Vec<Effect>,
    /// Alerts that were assessed, as often as they were.
    pub assessed: Vec<AlertId>,
    pub quit: bool,
    /// Records that decisions and filters wait for are read only when [`Driver::answer`] is called.
    pub is_slow: bool,
    pub held: Vec<Effect>,
    records: Arc<Records>,
    bytes: Vec<u8>,
}

impl Driver {
    pub fn new(width: u16, height: u16) -> Self {
        let now = NOW.parse().unwrap();
        let mut driver = Self {
            app: App::new(Settings::default(), now),
            effects: Vec::new(),
            assessed: Vec::new(),
            is_slow: false,
            held: Vec::new(),
            quit: false,
            records: Arc::default(),
            bytes: Vec::new(),
        };
        driver.send(Msg::Resize(width, height));
        driver
    }

    /// A console on the log of [`log`], read and assessed.
    pub fn on_log(width: u16, height: u16) -> Self {
        let mut driver = Self::new(width, height);
        driver.feed(log().as_bytes());
        driver.follows();
        driver.wait(1)
    }

    /// Says that what was there is read, and more may come.
    pub fn follows(&mut self) {
        self.send(Msg::State(State {
            source: SourceId(0),
            name: "/var/log/falco/events.json".into(),
            words: SourceState::Following.to_string(),
            tone: Tone::Good,
            is_passing: false,
            is_caught_up: true,
            at: NOW.parse().unwrap(),
        }));
    }

    /// Bytes come from a body of their own.
    pub fn feed(&mut self, bytes: &[u8]) {
        for news in self.news(bytes) {
            self.send(Msg::Came(Box::new(news.batch)));
        }
    }

    fn news(&mut self, bytes: &[u8]) -> Vec<intake::News> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        let body = BodyId(u32::try_from(self.bytes.len()).unwrap());
        self.bytes.extend(bytes.iter().take(1));
        let (out, deliveries) = sync_channel(8);
        let opened = Opened {
            source: SourceId(0),
            body,
            name: "events.json".into(),
            handle: Arc::new(file),
            path: None,
            live: false,
        };
        for delivery in [
            Delivery::Opened(opened),
            Delivery::Bytes { body, offset: 0, bytes: bytes.to_vec() },
            Delivery::Ended { body, fingerprint: None },
        ] {
            Arc::make_mut(&mut self.records).note(&delivery, &crate::decode::Context::default());
            out.send(delivery).unwrap();
        }
        drop(out);
        intake::spawn(deliveries, intake::Options::default()).into_iter().collect()
    }

    pub fn send(&mut self, msg: Msg) {
        let turn = self.app.update(msg);
        self.perform(turn);
    }

    /// Lets milliseconds pass until bytes come, as the console's loop tells it: in one turn.
    pub fn feed_after(&mut self, milliseconds: i64, bytes: &[u8]) {
        let now = self.app.now.saturating_add(SignedDuration::from_millis(milliseconds)).unwrap();
        for news in self.news(bytes) {
            let turn = self.app.told(now, Msg::Came(Box::new(news.batch)));
            self.perform(turn);
        }
    }

    /// Performs what was held back.
    pub fn answer(&mut self) {
        let effects = std::mem::take(&mut self.held);
        self.perform(Turn { effects, ..Turn::default() });
    }

    fn perform(&mut self, turn: Turn) {
        self.quit |= turn.quit;
        for effect in turn.effects {
            match effect {
                Effect::Load { id, ground, .. } => {
                    let look = self.look(id, &ground.0).map(Box::new);
                    self.send(Msg::Loaded { id, look });
                }
                Effect::Assess { ids, ground } => {
                    self.assessed.extend(&ids);
                    let found = ids
                        .iter()
                        .map(|id| {
                            let look = self.look(*id, &ground.0).ok();
                            let assessment = look.map(|look| look.analysis.assessment);
                            Assessed {
                                id: *id,
                                level: assessment.as_ref().map(|assessment| assessment.level),
                                known: assessment.and_then(|assessment| assessment.known),
                            }
                        })
                        .collect();
                    self.send(Msg::Assessed(found));
                }
                Effect::Tune { wish, ground } => {
                    let tuned = crate::driver::tuned(
                        wish,
                        &ground.0,
                        &self.records,
                        &crate::analysis::Playbooks::builtin(),
                        &crate::query::Names::default(),
                    );
                    self.send(Msg::Tuned { wish, tuned: tuned.map(Box::new) });
                }
                Effect::Weigh { wishes, known_false, ground } => {
                    for wish in wishes {
                        let weight = crate::driver::weighed(
                            wish,
                            &ground.0,
                            &self.records,
                            &crate::analysis::Playbooks::builtin(),
                            &crate::query::Names::default(),
                            &*known_false,
                        );
                        self.send(Msg::Weighed { id: wish.id, weight });
                    }
                }
                effect @ Effect::Filter { .. } if self.is_slow => self.held.push(effect),
                Effect::Filter { generation, filter, from, ground, board } => {
                    let all = ground.0.rows().map(|row| row.id).filter(|id| *id >= from);
                    let ids: Vec<AlertId> = all
                        .filter(|id| {
                            let alert = self.look(*id, &ground.0).unwrap().alert;
                            filter.0.matches(&crate::query::Judged {
                                alert: &alert,
                                level: None,
                                known: None,
                                triage: board.as_ref().map(|board| board.0.triaged(&alert)),
                            })
                        })
                        .collect();
                    let upto = AlertId(u32::try_from(ground.0.rows().count()).unwrap());
                    self.send(Msg::Found { generation, ids, upto });
                }
                Effect::Search { generation, text, ground } => {
                    let ids = ground
                        .0
                        .rows()
                        .map(|row| row.id)
                        .filter(|id| {
                            let raw = self.look(*id, &ground.0).unwrap().raw;
                            String::from_utf8_lossy(&raw).contains(&text)
                        })
                        .collect();
                    self.send(Msg::Hits { generation, ids, done: true });
                }
                Effect::Count { generation, field, among, ground } => {
                    let all = ground.0.rows().map(|row| row.id);
                    let ids = among.map_or_else(|| all.collect(), |ids| ids.to_vec());
                    let mut counts = std::collections::BTreeMap::<Option<String>, u64>::new();
                    for id in &ids {
                        let alert = self.look(*id, &ground.0).unwrap().alert;
                        let value =
                            alert.fields.get(&field).map(|value| value.display().into_owned());
                        *counts.entry(value).or_default() += 1;
                    }
                    let mut values: Vec<_> = counts.into_iter().collect();
                    values.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
                    let n_values = values.len() as u64;
                    let n_alerts = ids.len() as u64;
                    let (is_cut, is_done) = (false, true);
                    let found = Counted { generation, values, n_values, n_alerts, is_cut, is_done };
                    self.send(Msg::Counted(found));
                }
                Effect::Wake { .. } => {}
                Effect::Continue => self.send(Msg::Continue),
                effect @ Effect::Identify { .. } if self.is_slow => self.held.push(effect),
                Effect::Identify { number, ids, assess, ground } => {
                    let found = ids
                        .iter()
                        .filter_map(|id| {
                            let look = self.look(*id, &ground.0).ok()?;
                            Some(Identified {
                                id: *id,
                                keys: AlertKeys::of(&look.alert),
                                rule: look.alert.rule_name().to_owned(),
                                place: Place::of(&look.alert).words(),
                                record: Some(Evidence::of(look.raw)),
                                level: assess.then_some(look.analysis.assessment.level),
                            })
                        })
                        .collect();
                    self.send(Msg::Identified { number, found, is_done: true });
                }
                Effect::Recognize { generation, what, from, ground } => {
                    let mut found = Vec::new();
                    for row in ground.0.rows().filter(|row| row.id >= from) {
                        let look = self.look(row.id, &ground.0).unwrap();
                        let key = Key::of_alert(&look.alert);
                        found.push(Recognized {
                            id: row.id,
                            key: what.keys.contains(&key).then_some(key),
                            mutes: what
                                .filters
                                .iter()
                                .filter(|(_, filter)| filter.matches(&look.alert))
                                .map(|(place, _)| *place)
                                .collect(),
                            level: Some(look.analysis.assessment.level),
                        });
                    }
                    let upto = AlertId(u32::try_from(ground.0.rows().count()).unwrap());
                    self.send(Msg::Recognized { generation, found, upto });
                }
                other => self.effects.push(other),
            }
        }
    }

    fn look(&self, id: AlertId, snapshot: &Snapshot) -> Result<Look, String> {
        let location = snapshot.location(id).ok_or("not held")?;
        let origin = self.app.store.origin(id);
        let (raw, alert) = self.records.alert(location, origin).map_err(|gone| gone.to_string())?;
        let analysis = analysis(&alert, id);
        Ok(Look { alert, raw, analysis })
    }

    /// Presses keys as `config.toml` writes them, separated by blanks.
    pub fn keys(mut self, keys: &str) -> Self {
        for key in keys.split_whitespace() {
            self.send(Msg::Key(event(key)));
        }
        self
    }

    /// Types text.
    pub fn text(mut self, text: &str) -> Self {
        for char in text.chars() {
            self.send(Msg::Key(KeyEvent::new(KeyCode::Char(char), KeyModifiers::NONE)));
        }
        self
    }

    /// Lets seconds pass.
    pub fn wait(mut self, seconds: i64) -> Self {
        let now = self.app.now.saturating_add(SignedDuration::from_secs(seconds)).unwrap();
        self.send(Msg::Tick(now));
        self.send(Msg::Continue);
        self
    }

    /// The screen as text.
    pub fn screen(&self) -> String {
        let backend = self.terminal();
        let buffer = backend.backend().buffer();
        let width = usize::from(buffer.area.width.max(1));
        let cells: Vec<&str> = buffer.content().iter().map(ratatui::buffer::Cell::symbol).collect();
        cells.chunks(width).map(|row| row.concat().trim_end().to_owned() + "\n").collect()
    }

    /// The screen with each run's role: what a probe theme paints.
    pub fn roles(&mut self) -> String {
        let old = std::mem::replace(&mut self.app.settings.theme, Theme::probe());
        let terminal = self.terminal();
        self.app.settings.theme = old;
        let buffer = terminal.backend().buffer();
        let name = |color: ratatui::style::Color| match color {
            ratatui::style::Color::Indexed(at) => {
                crate::theme::Role::ALL.get(usize::from(at)).map_or("?", |role| role.name())
            }
            _ => "-",
        };
        let mut text = String::new();
        for y in 0..buffer.area.height {
            let mut last = "";
            for x in 0..buffer.area.width {
                let cell = &buffer[(x, y)];
                let role = name(cell.fg);
                if role != last && cell.symbol() != " " {
                    text.push_str(&format!("[{role}]"));
                    last = role;
                }
                text.push_str(cell.symbol());
            }
            text.truncate(text.trim_end().len());
            text.push('\n');
        }
        text
    }

    fn terminal(&self) -> Terminal<TestBackend> {
        let size = self.app.size;
        let mut terminal = Terminal::new(TestBackend::new(size.width, size.height)).unwrap();
        terminal.draw(|frame| draw(&self.app, frame)).unwrap();
        terminal
    }
}

/// A key as an event.
pub fn event(key: &str) -> KeyEvent {
    let key = KeyName::parse(key).unwrap();
    key.event()
}

/// A log of a handful of alerts in three containers and on the host.
pub fn log() -> String {
    let mut log = String::new();
    for (time, priority, rule, container, process) in [
        ("13:10:00", "Notice", "Contact the API server", "calico", "calico-node"),
        ("13:40:10", "Notice", "Contact the API server", "calico", "calico-node"),
        ("13:58:00", "Warning", "Download by a web server", "web-7f9c", "curl"),
        ("14:01:12", "Notice", "Terminal shell in container", "web-7f9c", "sh"),
        (
            "14:02:01",
            "Critical",
            "Drop and execute new binary in container",
            "web-7f9c",
            "kdevtmpfsi",
        ),
        (
            "14:02:31",
            "Critical",
            "Drop and execute new binary in container",
            "web-7f9c",
            "kdevtmpfsi",
        ),
        ("14:02:40", "Notice", "Contact the API server", "calico", "calico-node"),
    ] {
        log += &line(time, priority, rule, container, process);
    }
    log
}

/// One alert as Falco writes it.
pub fn line(time: &str, priority: &str, rule: &str, container: &str, process: &str) -> String {
    format!(
        "{{\"time\":\"2026-11-21T{time}.123456789Z\",\"priority\":\"{priority}\",\"rule\":\"{rule}\",\"source\":\"syscall\",\
         \"hostname\":\"node-a\",\"output\":\"{rule} (process={process})\",\"output_fields\":{{\"container.id\":\
         \"3ad7b26ded6d\",\"container.name\":\"{container}\",\"k8s.ns.name\":\"prod\",\"k8s.pod.name\":\"{container}-x2k\",\
         \"proc.name\":\"{process}\",\"proc.cmdline\":\"{process} --quiet\",\"user.name\":\"root\"}}}}\n"
    )
    .replace("3ad7b26ded6d", if container == "calico" { "64fac540e48f" } else { "3ad7b26ded6d" })
}

/// An analysis made by hand, so that screens do not change when a playbook does.
fn analysis(alert: &crate::model::Alert, id: AlertId) -> Analysis {
    let level = match alert.priority {
        Some(Priority::Critical) => Level::Critical,
        Some(Priority::Warning) => Level::High,
        _ if alert.container().name == Some("calico") => Level::Benign,
        _ => Level::Medium,
    };
    let name = alert.container().name.unwrap_or("the host").to_owned();
    let step = |phase, id: &str, title: &str, command: Option<&str>, risk| Step {
        phase,
        id: id.to_owned(),
        title: title.to_owned(),
        why: "the event names the process".to_owned(),
        command: command.map(str::to_owned),
        variant: "docker".to_owned(),
        others: vec![("kubectl".to_owned(), "kubectl get pod -n prod web-7f9c-x2k".to_owned())],
        risk,
        undo: (risk == Risk::Reversible).then(|| "docker unpause -- 3ad7b26ded6d".to_owned()),
        privilege: "root".to_owned(),
        needs: Vec::new(),
        unavailable: command.is_none().then(|| "the alert has no proc.pid".to_owned()),
        note: None,
    };
    Analysis {
        playbook: PlaybookRef { id: "made".to_owned(), found_by: Match::Rule },
        headline: format!("A program that is not part of the image ran in {name}."),
        story: None,
        summary: "The file was added after the container started, and then it was executed."
            .to_owned(),
        proves: vec!["execve of the file succeeded".to_owned()],
        not_proven: vec!["that it connected anywhere".to_owned()],
        facts: vec![Fact {
            field: "proc.name".to_owned(),
            value: "kdevtmpfsi".to_owned(),
            says: "a name that a known miner uses".to_owned(),
            direction: Direction::Up,
        }],
        assessment: Assessment {
            level,
            falco_priority: alert.priority,
            known: (level == Level::Benign).then(|| "calico-felix".to_owned()),
            reasons: vec![Reason {
                field: "proc.name".to_owned(),
                says: "its name is that of a known miner".to_owned(),
                direction: Direction::Up,
            }],
        },
        causes: vec![Cause {
            id: "miner".to_owned(),
            title: "a miner dropped through the web application".to_owned(),
            verdict: "true_positive".to_owned(),
            check: "read the access log of 13:58".to_owned(),
        }],
        missing: vec![Missing {
            field: "proc.pid".to_owned(),
            why: "the rule's output does not name it".to_owned(),
            find: "docker top 3ad7b26ded6d".to_owned(),
        }],
        attack: vec![Attack {
            technique: "T1105".to_owned(),
            name: "Ingress Tool Transfer".to_owned(),
            tactic: "command and control".to_owned(),
            url: "https://attack.mitre.org/techniques/T1105/".to_owned(),
        }],
        steps: vec![
            step(
                Phase::Verify,
                "inspect",
                "See how the container was started",
                Some("docker inspect -- 3ad7b26ded6d"),
                Risk::ReadOnly,
            ),
            step(
                Phase::Preserve,
                "save",
                "Save the executable before it is gone",
                None,
                Risk::ReadOnly,
            ),
            step(
                Phase::Preserve,
                "diff",
                "Keep what the container changed",
                Some("docker diff 3ad7b26ded6d"),
                Risk::ReadOnly,
            ),
            step(
                Phase::Contain,
                "pause",
                "Freeze the container",
                Some("docker pause 3ad7b26ded6d"),
                Risk::Reversible,
            ),
            step(
                Phase::Eradicate,
                "remove",
                "Remove the container",
                Some("docker rm -f 3ad7b26ded6d"),
                Risk::DestroysEvidence,
            ),
        ],
        related: if id.0 > 0 {
            vec![Related {
                id: AlertId(id.0 - 1),
                rule: "Terminal shell in container".to_owned(),
                why: "same container".to_owned(),
            }]
        } else {
            Vec::new()
        },
        tuning: None,
        references: Vec::new(),
    }
}

/// Where the app's clock stands.
pub fn now() -> Timestamp {
    NOW.parse().unwrap()
}
