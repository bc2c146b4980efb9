//! What comes while somebody watches: when it has its row, what is asked about it, and the activity beside it.

use super::driver::{Driver, line};
use crate::model::AlertId;
use crate::ui::{Effect, Msg};

fn alert(rule: &str) -> String {
    line("14:02:59", "Notice", rule, "web", "bash")
}

#[track_caller]
fn shows(driver: &Driver, rule: &str, expected: bool) {
    let screen = driver.screen();
    assert_eq!(screen.contains(rule), expected, "{rule}:\n{screen}");
}

#[test]
fn a_single_new_group_has_its_row_at_once() {
    let mut driver = Driver::on_log(160, 45);
    for at in 0..8 {
        let rule = format!("Alone {at}");
        // Also when a second has just begun, of which the console is told in the same turn.
        driver.feed_after(150, alert(&rule).as_bytes());
        shows(&driver, &rule, true);
    }
}

#[test]
fn in_a_flood_rows_move_a_few_times_a_second() {
    let mut driver = Driver::on_log(160, 45);
    driver.feed(alert("The flood").repeat(3000).as_bytes());
    driver.feed_after(100, alert("First of many").as_bytes());
    shows(&driver, "First of many", true);
    driver.feed_after(10, alert("Second of many").as_bytes());
    shows(&driver, "Second of many", false);
    driver.feed_after(100, alert("Third of many").as_bytes());
    shows(&driver, "Second of many", true);
    shows(&driver, "Third of many", true);
}

#[test]
fn in_a_flood_groups_out_of_sight_are_assessed_once() {
    let many: String = (0..300).map(|at| alert(&format!("Rule {at}"))).collect();
    let flood = alert("The flood").repeat(700);
    let mut driver = Driver::on_log(100, 24);
    driver.feed(alert("The flood").repeat(25_000).as_bytes());
    driver.feed(many.as_bytes());
    for _ in 0..8 {
        driver.feed_after(300, flood.as_bytes());
    }
    let n_assessed = |driver: &Driver| {
        let rule = |id| driver.app.store.row(id).and_then(|row| row.rule).unwrap_or_default();
        driver.assessed.iter().filter(|id| rule(**id).starts_with("Rule")).count()
    };
    let once = n_assessed(&driver);
    assert!((300..320).contains(&once), "each group: {once}");
    for _ in 0..40 {
        driver.feed_after(300, (many.clone() + &flood).as_bytes());
    }
    let again = n_assessed(&driver) - once;
    assert!(again < 150, "only those in sight: {again}");
}

#[test]
fn activity_is_the_same_in_whatever_pieces_alerts_come() {
    let alerts: Vec<String> = (0..120)
        .map(|at| {
            let time = format!("13:{:02}:00", at * 7 % 60);
            let container = if at % 3 == 0 { "calico" } else { "web" };
            line(&time, "Notice", &format!("Rule {}", at % 4), container, "bash")
        })
        .collect();
    let list = |pieces: usize| {
        let mut driver = Driver::new(160, 45);
        for piece in alerts.chunks(alerts.len() / pieces) {
            driver.feed(piece.concat().as_bytes());
        }
        driver.follows();
        let screen = driver.wait(5).screen();
        // The cursor may stand elsewhere, and groups in the order in which they came.
        let list =
            screen.lines().skip(4).take(14).map(|line| line.chars().skip(3).take(60).collect());
        let mut list: Vec<String> = list.collect();
        list.sort_unstable();
        list
    };
    let whole = list(1);
    assert!(whole.iter().any(|line| line.contains('█')), "{whole:#?}");
    assert_eq!(list(2), whole);
    assert_eq!(list(40), whole);
}

/// A filter is asked for, and nobody answers; its generation.
fn asked(driver: &mut Driver, text: &str) -> u64 {
    driver.is_slow = true;
    driver.send(Msg::Narrow(text.to_owned()));
    let asked = driver.held.drain(..).find_map(|effect| match effect {
        Effect::Filter { generation, .. } => Some(generation),
        _ => None,
    });
    asked.expect("a filter is asked for")
}

#[test]
fn what_a_new_filter_leaves_has_its_rows_as_it_comes_although_keys_were_pressed() {
    let mut driver = Driver::on_log(160, 45).keys("j");
    let generation = asked(&mut driver, "user.name = root");
    let found = |driver: &mut Driver, ids: &[u32], upto| {
        let ids = ids.iter().copied().map(AlertId).collect();
        driver.app.update(Msg::Found { generation, ids, upto: AlertId(upto) }).is_awaited
    };
    assert!(!found(&mut driver, &[], 1), "nothing was found yet");
    assert!(found(&mut driver, &[1], 2), "the first");
    shows(&driver, "Contact the API server", true);
    assert!(!found(&mut driver, &[2], 3));
    shows(&driver, "Download by a web server", true);
    // Who moves looks at what stands there.
    let mut driver = driver.keys("j");
    assert!(found(&mut driver, &[4], 7), "the last");
    shows(&driver, "Drop and execute", false);
    shows(&driver.wait(4), "Drop and execute", true);
}

#[test]
fn nobody_waits_for_a_filter_over_alerts_that_come_later() {
    let mut driver = Driver::on_log(160, 45);
    driver.send(Msg::Narrow("user.name = root".to_owned()));
    let more = driver.app.store.len();
    driver.feed(alert("One more").as_bytes());
    shows(&driver, "One more", true);
    let msg = Msg::Found {
        generation: 1,
        ids: Vec::new(),
        upto: AlertId(u32::try_from(more + 1).unwrap()),
    };
    assert!(!driver.app.update(msg).is_awaited);
}

#[test]
fn a_filter_that_was_taken_away_is_not_worked_on() {
    let mut driver = Driver::on_log(160, 45);
    asked(&mut driver, "user.name = root");
    let turn = driver.app.update(Msg::Key(super::driver::event("F")));
    assert!(turn.effects.contains(&Effect::EndFilter), "{:?}", turn.effects);
}

#[test]
fn while_a_filter_reads_records_only_what_is_in_sight_is_assessed() {
    let many: String = (0..300).map(|at| alert(&format!("Rule {at}"))).collect();
    let mut driver = Driver::on_log(100, 24);
    let generation = asked(&mut driver, "user.name = nobody");
    driver.feed(many.as_bytes());
    let mut driver = driver.wait(1);
    let before = driver.assessed.len();
    let upto = AlertId(u32::try_from(driver.app.store.len()).unwrap());
    driver.send(Msg::Found { generation, ids: Vec::new(), upto });
    let driver = driver.wait(1);
    assert!(driver.assessed.len() > before + 200, "{before}, {}", driver.assessed.len());
    assert!(before < 100, "{before}");
}

#[test]
fn a_search_that_is_faster_than_the_filter_loses_no_hit() {
    let hits = |is_slow: bool| {
        let mut driver = Driver::on_log(160, 45);
        driver.is_slow = is_slow;
        driver.send(Msg::Narrow("user.name = root".to_owned()));
        let mut driver = driver.keys("/").text("web").keys("enter");
        driver.is_slow = false;
        driver.answer();
        driver.app.narrow.search.hits.clone()
    };
    let expected = hits(false);
    assert!(!expected.is_empty());
    assert_eq!(hits(true), expected);
}
