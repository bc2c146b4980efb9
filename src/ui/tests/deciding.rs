//! Deciding from the keyboard: what changes in memory, what is ordered to be saved, where the cursor goes.

use super::driver::{Driver, line};
use crate::model::{Status, Verdict};
use crate::triage::{Answer, Change};
use crate::ui::{Effect, Keeping, Msg};

fn desk() -> Driver {
    let mut driver = Driver::on_log(160, 45);
    driver.app.desk.keeping = Keeping::Disk;
    driver.app.desk.by = "ana".to_owned();
    driver.app.desk.host = "node1".to_owned();
    driver
}

fn saved(driver: &Driver) -> Vec<Change> {
    let mut all = Vec::new();
    for effect in &driver.effects {
        if let Effect::Save { changes, .. } = effect {
            all.extend(changes.clone());
        }
    }
    all
}

fn last(driver: &Driver) -> Change {
    saved(driver).last().unwrap().clone()
}

#[test]
fn two_keys_close_a_group_and_the_cursor_goes_on() {
    let driver = desk().keys("c b");
    let change = last(&driver);
    assert_eq!(
        (change.after.status, change.after.verdict, change.by.as_str()),
        (Status::Closed, Some(Verdict::Benign), "ana")
    );
    assert!(change.about.rule.starts_with("Drop and execute"), "{change:?}");
    let screen = driver.screen();
    assert!(screen.contains("2 closed"), "{screen}");
    assert!(!screen.contains("Drop and execute new binary in container  "), "{screen}");
    // The next urgent thing is shown beside it at once.
    let target = driver.app.groups.target(&driver.app.ground()).unwrap();
    assert_eq!(driver.app.store.row(target).unwrap().rule, Some("Download by a web server"));
}

#[test]
fn acknowledging_and_escalating_take_one_key() {
    for (key, status) in [("a", Status::Acknowledged), ("e", Status::Escalated)] {
        assert_eq!(last(&desk().keys(key)).after.status, status);
    }
}

#[test]
fn undo_and_redo_go_back_and_forth() {
    let driver = desk().keys("a");
    assert_eq!(driver.app.desk.n_aside(), 2);
    let driver = driver.keys("u");
    assert_eq!(driver.app.desk.n_aside(), 0);
    let driver = driver.keys("ctrl-r");
    assert_eq!(driver.app.desk.n_aside(), 2);
    assert_eq!(saved(&driver).len(), 3);
}

#[test]
fn a_decision_is_marked_until_it_is_saved() {
    let mut driver = desk().keys("a");
    assert!(driver.screen().contains("saving 1"));
    let id = last(&driver).id;
    driver.send(Msg::Triaged(Answer::Saved(vec![id])));
    assert!(!driver.screen().contains("saving 1"));
}

#[test]
fn trouble_is_a_banner_until_it_is_over() {
    let mut driver = desk().keys("a");
    let id = last(&driver).id;
    let why = "/x/triage.db: the disk is full".to_owned();
    driver.send(Msg::Triaged(Answer::Held { ids: vec![id], why }));
    assert!(driver.screen().contains("the disk is full (1 decision not saved yet)"));
    driver.send(Msg::Triaged(Answer::Well));
    assert!(!driver.screen().contains("the disk is full"));
}

#[test]
fn what_comes_back_says_how_it_was_closed() {
    let mut driver = desk().keys("c f");
    driver.send(Msg::Tick("2026-11-24T14:03:00Z".parse().unwrap()));
    let rule = "Drop and execute new binary in container";
    driver.feed(line("14:33:00", "Critical", rule, "web-7f9c", "xmrig").as_bytes());
    let driver = driver.wait(4).wait(1);
    assert!(driver.screen().contains("back: closed"), "{}", driver.screen());
    let screen = driver.keys("k k").screen();
    assert!(
        screen.contains("closed as a false positive by ana 3 days ago, 1 new since"),
        "{screen}"
    );
}

#[test]
fn a_note_a_name_and_tags_are_kept() {
    let driver = desk().keys("i").text("seen before").keys("enter").text("twice").keys("ctrl-s");
    assert_eq!(last(&driver).after.note.as_deref(), Some("seen before\ntwice"));
    let driver = driver.keys("@ ctrl-u").text("bo").keys("enter");
    assert_eq!(last(&driver).after.assignee.as_deref(), Some("bo"));
    let driver = driver.keys("t").text("web miner web").keys("enter");
    assert_eq!(last(&driver).after.tags, ["web", "miner"]);
    assert_eq!(last(&driver).after.note.as_deref(), Some("seen before\ntwice"));
}

#[test]
fn a_mute_hides_its_group_and_is_counted() {
    let driver = desk().keys("m 2").wait(1);
    let mutes: Vec<_> = driver
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Save { suppressions, .. } => suppressions.first().cloned(),
            _ => None,
        })
        .collect();
    let mute = mutes.first().unwrap();
    assert_eq!(mute.ends.as_second() - mute.made.as_second(), 3600);
    assert!(driver.screen().contains("2 muted"), "{}", driver.screen());
    let driver = driver.keys("u").wait(1);
    assert_eq!(driver.app.desk.n_aside(), 0);
}

#[test]
fn marked_groups_are_decided_together_after_a_line_that_says_so() {
    let driver = desk().keys("space j space a");
    assert!(driver.screen().contains("groups, "), "{}", driver.screen());
    assert!(saved(&driver).is_empty());
    let driver = driver.keys("enter");
    assert!(saved(&driver).len() >= 2, "{:?}", saved(&driver));
    assert!(driver.app.desk.marks.is_empty());
}

#[test]
fn views_show_what_was_put_aside() {
    let driver = desk().keys("a o");
    let screen = driver.screen();
    assert!(screen.contains("Drop and execute"), "{screen}");
    assert!(screen.contains("acknowledged by ana just now"), "{screen}");
}

#[test]
fn a_filter_asks_for_decisions() {
    let driver = desk().keys("a o o o o o f").text("triage.status = acknowledged").keys("enter");
    assert_eq!(driver.app.ground().matches.map(<[_]>::len), Some(2));
    let driver = driver.keys("F f").text("triage.status = open").keys("enter").wait(1);
    assert_eq!(driver.app.ground().matches.map(<[_]>::len), Some(5));
}

#[test]
fn one_alert_is_decided_about_alone() {
    let driver = desk().keys("l j c d");
    let change = last(&driver);
    assert_eq!(change.key.scope, crate::triage::Scope::Alert, "{}", driver.screen());
    assert_eq!(driver.app.desk.n_aside(), 1);
}
