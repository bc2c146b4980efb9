//! A view that follows decisions one by one is the one that is made afresh.

use super::driver::{Driver, line};
use crate::model::{AlertId, Level, Priority};
use crate::store::{NodeId, Stat};
use crate::ui::desk::{Class, View};
use crate::ui::{Msg, Settings};
use proptest::prelude::*;
use proptest::sample::select;

/// What is asserted of a view: its alerts, how many each class holds, and what its groups count.
type Seen = (Vec<AlertId>, Vec<u64>, Vec<(NodeId, Counted)>, usize);
type Counted = (u32, Option<i64>, Option<i64>, Option<Priority>, Option<Level>, u32, AlertId);

fn seen(driver: &Driver) -> Seen {
    let app = &driver.app;
    let tree = app.ground().tree;
    let counted = |stat: &Stat| {
        let Stat { count, first, last, priority, level, assessed, newest, .. } = *stat;
        (count, first, last, priority, level, assessed, newest)
    };
    let groups = tree.iter().filter(|(_, node)| node.stat.count > 0);
    let groups = groups.map(|(id, node)| (id, counted(&node.stat))).collect();
    let kept = app.desk.left().map(|(_, kept)| kept.to_vec()).unwrap_or_default();
    let classes =
        [Class::Inbox, Class::Acknowledged, Class::Escalated, Class::Closed, Class::Muted];
    (kept, classes.map(|class| app.desk.count(class)).to_vec(), groups, tree.n_leaves())
}

fn log(n: usize) -> String {
    (0..n)
        .map(|at| {
            let priority = if at % 5 == 0 { "Warning" } else { "Notice" };
            let container = if at % 3 == 0 { "calico" } else { "web" };
            let time = format!("1{}:{:02}:{:02}", at % 4, at * 7 % 60, at % 60);
            line(&time, priority, &format!("Rule {}", at % 4), container, "bash")
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_view_that_follows_decisions_is_the_one_that_is_made_afresh(
        steps in prop::collection::vec(
            select(vec!["a", "e", "c enter", "u", "ctrl-r", "j", "k", "l", "o", "b", "x", "feed", "tick"]),
            1..14,
        ),
    ) {
        let mut driver = Driver::new(160, 45);
        driver.app.settings = Settings::default();
        driver.feed(log(40).as_bytes());
        driver.follows();
        driver = driver.wait(4);
        for step in steps {
            match step {
                "feed" => driver.feed(log(7).as_bytes()),
                "tick" => driver = driver.wait(4),
                keys => driver = driver.keys(keys),
            }
        }
        let followed = seen(&driver);
        driver.app.desk.unsettle();
        let now = driver.app.now;
        driver.send(Msg::Resize(160, 45));
        driver.send(Msg::Tick(now));
        prop_assert_eq!(followed, seen(&driver));
    }
}

#[test]
fn the_detail_shows_what_stands_in_the_view_and_under_the_cursor() {
    let mut driver = Driver::new(160, 45);
    driver.feed(log(40).as_bytes());
    driver.follows();
    // Of the first rule one group is escalated and the other one closed, so that the rule stands in both views.
    let mut driver = driver.wait(4).keys("g j e").wait(4).keys("g j c b").wait(4);
    let mut n_shown = 0;
    for _ in View::ALL {
        driver = driver.keys("o g");
        let app = &driver.app;
        let Some(id) = app.assessor.wanted else { continue };
        n_shown += 1;
        let is_kept = app.desk.left().is_none_or(|(_, kept)| kept.contains(&id));
        assert!(is_kept, "{:?} shows an alert that it does not hold", app.desk.view);
        assert_eq!(app.groups.target(&app.ground()), Some(id), "{:?}", app.desk.view);
    }
    assert!(n_shown >= 3, "{n_shown}");
}

#[test]
fn a_decision_about_one_group_leaves_the_others_as_they_are() {
    let mut driver = Driver::new(160, 45);
    driver.feed(log(40).as_bytes());
    driver.follows();
    let driver = driver.wait(4).keys("a");
    let (kept, counts, ..) = seen(&driver);
    assert_eq!(driver.app.desk.view, View::Inbox);
    assert!(counts[1] > 0 && kept.len() as u64 == 40 - counts[1], "{counts:?} {}", kept.len());
    let driver = driver.keys("u");
    assert_eq!(seen(&driver).1, [40, 0, 0, 0, 0]);
}

#[test]
fn a_group_is_shown_by_the_worst_of_it() {
    let mut driver = Driver::new(160, 45);
    let text: String = ["Notice", "Critical", "Notice", "Critical", "Notice", "Notice"]
        .iter()
        .enumerate()
        .map(|(at, priority)| line(&format!("10:00:0{at}"), priority, "Rule", "web", "bash"))
        .collect();
    driver.feed(text.as_bytes());
    driver.follows();
    let driver = driver.wait(4);
    assert_eq!(driver.app.assessor.wanted, Some(AlertId(3)), "while nobody has touched anything");
    let driver = driver.keys("k j enter").wait(4);
    assert_eq!(driver.app.assessor.wanted, Some(AlertId(3)));
}
