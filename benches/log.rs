//! A made log for the benches, the same each time.
#![expect(clippy::unwrap_used, reason = "a bench that cannot begin may stop")]
#![allow(dead_code, reason = "each bench uses a part of it")]

use cadge::decode::Context;
use cadge::intake::{self, News, Records};
use cadge::model::{BodyId, Columns, Priority, SourceId};
use cadge::source::{Delivery, Opened};
use cadge::store::{Batch, Drafter, Stands, Store};
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;

const PROGRAMS: [&str; 6] = ["bash", "nginx", "java", "curl", "cat", "runc"];

/// Alerts of forty rules in a thousand containers, about 600 bytes each.
pub fn log(n_alerts: usize) -> Vec<u8> {
    let mut text = String::with_capacity(n_alerts * 640);
    let mut dice = 7_u64;
    for n in 0..n_alerts {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let (rule, container) = ((dice >> 33) % 40, (dice >> 40) % 1000);
        let program = PROGRAMS.get((dice >> 50) as usize % PROGRAMS.len()).unwrap();
        let (hour, minute, second) = (n / 3600 % 24, n / 60 % 60, n % 60);
        let _ = writeln!(
            text,
            r#"{{"hostname":"node-{}","output":"{hour:02}:{minute:02}:{second:02}.0: Notice made alert {n} (user=root command={program} -c \"id\" container=c{container})","output_fields":{{"container.id":"{container:012x}","container.image.repository":"example.net/team/app-{}","container.name":"c{container}","evt.time":{n},"fd.name":"10.0.0.1:{}->192.0.2.7:443","k8s.ns.name":"ns-{}","k8s.pod.name":"pod-{container}","proc.cmdline":"{program} -c \"id\" --label grün","proc.name":"{program}","proc.pname":"runc","proc.tty":0,"user.name":"root","user.uid":{}}},"priority":"Notice","rule":"Made rule {rule}","source":"syscall","tags":["container","mitre_execution"],"time":"2026-11-21T{hour:02}:{minute:02}:{second:02}.{:09}Z"}}"#,
            dice % 8,
            container % 50,
            1024 + n % 60_000,
            container % 20,
            dice % 3,
            n % 1_000_000_000,
        );
    }
    text.into_bytes()
}

/// Hands a log to the intake as a backlog, and gives the news and where the records are.
pub fn take_in(bytes: &[u8]) -> (Vec<News>, Arc<Records>) {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    let file = Arc::new(file);
    let body = BodyId(0);
    let opened = Opened {
        source: SourceId(0),
        body,
        name: "events.json".into(),
        handle: file,
        path: None,
        live: false,
    };
    let (out, deliveries) = sync_channel(8);
    let mut records = Records::default();
    for delivery in [
        Delivery::Opened(opened),
        Delivery::Backlog { body, from: 0, to: bytes.len() as u64 },
        Delivery::Ended { body, fingerprint: None },
    ] {
        records.note(&delivery, &Context::default());
        out.send(delivery).unwrap();
    }
    drop(out);
    let news = intake::spawn(deliveries, intake::Options::default()).iter().collect();
    (news, Arc::new(records))
}

/// A store of rows without records: of forty rules in a thousand containers, a second apart.
pub fn columns(n_alerts: usize) -> Store {
    let rules: Vec<String> = (0..40).map(|at| format!("Made rule {at}")).collect();
    let containers: Vec<String> = (0..1000).map(|at| format!("{at:012x}")).collect();
    let mut drafter = Drafter::new(0);
    drafter.begin(BodyId(0), 0);
    let mut dice = 7_u64;
    for n in 0..u32::try_from(n_alerts).unwrap() {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let columns = Columns {
            time: Some(1_795_219_200_000_000_000 + i64::from(n) * 100_000_000),
            priority: Priority::ALL.get((dice >> 29) as usize % 8).copied(),
            rule: rules.get((dice >> 33) as usize % 40).map(String::as_str),
            container_id: containers.get((dice >> 40) as usize % 1000).map(String::as_str),
            process: PROGRAMS.get((dice >> 50) as usize % PROGRAMS.len()).copied(),
            ..Columns::default()
        };
        let stands = Stands { offset: u64::from(n) * 100, len: 99, line: n.into(), is_plain: true };
        assert!(drafter.add(&columns, stands));
    }
    let mut store = Store::default();
    store.append(Batch { drafts: vec![drafter.take()], ..Batch::default() });
    store
}

/// The store of a log.
pub fn store(bytes: &[u8]) -> (Store, Arc<Records>) {
    let (news, records) = take_in(bytes);
    let mut store = Store::default();
    for news in news {
        store.append(news.batch);
    }
    (store, records)
}
