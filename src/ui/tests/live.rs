//! What comes while somebody watches: when it has its row, what is asked about it, and the activity beside it.

use super::driver::{Driver, line};

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
