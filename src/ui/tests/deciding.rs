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
fn while_a_name_is_typed_tab_says_how_much_it_covers() {
    let driver = desk().keys("@");
    assert!(driver.screen().contains("Tab  covers this container"), "{}", driver.screen());
    let driver = driver.keys("tab").text("w").keys("enter");
    assert!(last(&driver).after.assignee.unwrap().ends_with('w'));
    assert_eq!(last(&driver).key.scope, crate::triage::Scope::Workload);
}

#[test]
fn a_note_is_not_lost_by_one_key() {
    let driver = desk().keys("i").text("seen").keys("esc");
    assert!(driver.screen().contains("Esc again drops it"), "{}", driver.screen());
    let kept = driver.text("!").keys("esc ctrl-s");
    assert_eq!(last(&kept).after.note.as_deref(), Some("seen!"));
    let driver = desk().keys("i").text("seen").keys("esc esc");
    assert!(driver.app.overlay.is_none() && saved(&driver).is_empty());
    let driver = desk().keys("i esc");
    assert!(driver.app.overlay.is_none());
    let driver = desk().keys("i").text("seen").keys("ctrl-c");
    assert!(!driver.quit && driver.screen().contains("Ctrl-c again"), "{}", driver.screen());
    assert!(driver.keys("ctrl-c").quit);
}

#[test]
fn after_a_decision_the_cursor_is_on_what_is_worst_now() {
    let mut driver = Driver::new(120, 30);
    for (time, priority, rule, container) in [
        ("14:00:00", "Critical", "One rule", "web"),
        ("14:00:01", "Notice", "One rule", "db"),
        ("14:00:02", "Notice", "One rule", "cache"),
        ("14:00:03", "Warning", "Another rule", "web"),
    ] {
        let line = line(time, priority, rule, container, "sh");
        driver.feed(line.replace("3ad7b26ded6d", &format!("{container}00000000")).as_bytes());
    }
    driver.follows();
    let driver = driver.wait(1).keys("g j a");
    let target = driver.app.groups.target(&driver.app.ground()).unwrap();
    assert_eq!(driver.app.store.row(target).unwrap().rule, Some("Another rule"));
    // Where nothing is worse, one goes on in the rule one is at.
    let driver = driver.keys("a");
    let rows = driver.screen();
    assert!(rows.lines().any(|line| line.starts_with("▌") && line.contains("cache")), "{rows}");
    let driver = driver.keys("a");
    let rows = driver.screen();
    assert!(rows.lines().any(|line| line.starts_with("▌") && line.contains("db")), "{rows}");
}

#[test]
fn a_muted_group_says_until_when() {
    let driver = desk().keys("m 2 o o o o");
    assert!(driver.screen().contains("muted until "), "{}", driver.screen());
    assert!(driver.screen().contains("Muted: what is hidden"), "{}", driver.screen());
}

#[test]
fn a_search_passes_over_what_is_not_in_this_view() {
    // The two alerts of the miner are closed; the shell and the download stay.
    let driver = desk().keys("c b / ").text("3ad7b26ded6d").keys("enter");
    let rule = |driver: &Driver| {
        let target = driver.app.groups.target(&driver.app.ground()).unwrap();
        driver.app.store.row(target).unwrap().rule.unwrap().to_owned()
    };
    let mut seen = Vec::new();
    let mut driver = driver;
    for _ in 0..4 {
        seen.push(rule(&driver));
        driver = driver.keys("n");
    }
    assert!(seen.iter().all(|rule| !rule.starts_with("Drop")), "{seen:?}");
    assert!(seen.windows(2).all(|pair| pair[0] != pair[1]), "{seen:?}");
    let driver = desk().keys("c b / ").text("kdevtmpfsi").keys("enter");
    assert!(driver.screen().contains("it is in another view; o shows"), "{}", driver.screen());
}

#[test]
fn a_key_with_control_chooses_nothing() {
    let driver = desk().keys("c ctrl-b");
    assert!(saved(&driver).is_empty() && driver.app.overlay.is_some());
}

#[test]
fn on_the_smallest_screen_every_choice_can_be_reached() {
    let small = || Driver::on_log(40, 10).keys("c");
    let screen = small().screen();
    for what in ["a true positive", "r  reason: none", "w  covers this container"] {
        assert!(screen.contains(what), "{what}:\n{screen}");
    }
    let screen = small().keys("j j j j").screen();
    assert!(screen.contains("▌  x  a test"), "{screen}");
    assert!(screen.contains("r  reason: none"), "{screen}");
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
    let why = "the disk is full; make room (/x/triage.db)".to_owned();
    driver.send(Msg::Triaged(Answer::Held { ids: vec![id], why }));
    assert!(driver.screen().contains("1 decision not saved yet: the disk is full; make room"));
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

/// The suppressions that were ordered to be saved, latest last.
fn mutes(driver: &Driver) -> Vec<crate::triage::Suppression> {
    let saves = driver.effects.iter().filter_map(|effect| match effect {
        Effect::Save { suppressions, .. } => Some(suppressions.clone()),
        _ => None,
    });
    saves.flatten().collect()
}

#[test]
fn the_list_says_what_a_decision_would_be_about() {
    let driver = desk();
    assert!(driver.screen().contains("a e c m: this group, 2 alerts"), "{}", driver.screen());
    let driver = driver.keys("l j");
    assert!(driver.screen().contains("a e c m: this alert"), "{}", driver.screen());
    let driver = driver.keys("k space");
    assert!(driver.screen().contains("a e c m: what is marked, 2 alerts"), "{}", driver.screen());
}

#[test]
fn a_mute_says_before_what_it_hides_and_never_hides_another_assessment() {
    let driver = desk().keys("m");
    let says = "hides only Critical and below, assessed as critical";
    assert!(driver.screen().contains(says), "{}", driver.screen());
    let mut driver = driver.keys("1").wait(1);
    let mute = mutes(&driver).pop().unwrap();
    assert!(mute.filter.contains("container.id = 3ad7b26ded6d"), "{}", mute.filter);
    assert_eq!(driver.app.desk.n_aside(), 2);
    // The same rule and container, assessed as something else: shown.
    let rule = "Drop and execute new binary in container";
    driver.feed(line("14:02:50", "Notice", rule, "web-7f9c", "kdevtmpfsi").as_bytes());
    let mut driver = driver.wait(4).wait(1);
    assert_eq!(driver.app.desk.n_aside(), 2);
    driver.feed(line("14:02:51", "Critical", rule, "web-7f9c", "kdevtmpfsi").as_bytes());
    let driver = driver.wait(4).wait(1);
    assert_eq!(driver.app.desk.n_aside(), 3);
    // After a quarter of an hour it is over.
    assert_eq!(driver.wait(900).wait(1).app.desk.n_aside(), 0);
}

#[test]
fn opening_again_ends_a_mute_and_can_be_taken_back() {
    let driver = desk().keys("m 4").wait(1).keys("o o o o").wait(1);
    assert!(driver.screen().contains("muted by ana until Nov 28"), "{}", driver.screen());
    assert!(driver.screen().contains("hides 2 alerts"), "{}", driver.screen());
    let driver = driver.keys("O").wait(1);
    assert_eq!(driver.app.desk.n_aside(), 0);
    assert!(mutes(&driver).last().unwrap().lifted.is_some());
    let driver = driver.keys("u").wait(1);
    assert_eq!(driver.app.desk.n_aside(), 2);
    assert!(mutes(&driver).last().unwrap().lifted.is_none());
}

#[test]
fn an_alert_without_a_rule_is_muted_and_one_without_a_priority_never() {
    let mut driver = desk();
    let bare = line("14:02:55", "Critical", "X", "lonely", "sh").replace("\"rule\":\"X\",", "");
    driver.feed(bare.as_bytes());
    let driver = driver.wait(4).wait(1).keys("g j");
    let driver = driver.keys("m 1").wait(1);
    let filters: Vec<_> = mutes(&driver).into_iter().map(|mute| mute.filter).collect();
    assert!(filters.iter().all(|filter| !filter.is_empty()), "{filters:?}");
    let mut driver = desk();
    let odd = line("14:02:55", "Whatever", "An odd rule", "lonely", "sh");
    driver.feed(odd.as_bytes());
    let driver = driver.wait(4).wait(1).keys("f").text("alert.rule = 'An odd rule'").keys("enter");
    let driver = driver.wait(1).keys("m 1").wait(1);
    assert!(mutes(&driver).is_empty());
    assert!(driver.screen().contains("Not muted: "), "{}", driver.screen());
}

#[test]
fn a_false_positive_offers_its_exception_to_copy() {
    let driver = desk().keys("c f");
    assert!(driver.screen().contains("x makes Falco leave it out"), "{}", driver.screen());
    let driver = driver.keys("x");
    let screen = driver.screen();
    assert!(screen.contains("Hides 2 of 2 alerts of this rule"), "{screen}");
    let copied =
        |driver: &Driver| driver.effects.iter().any(|effect| matches!(effect, Effect::Copy { .. }));
    assert!(copied(&driver.keys("Y")));
    // Later the key is about what the cursor is on.
    let driver = desk().keys("c f k x");
    assert!(!driver.screen().contains("Hides 2 of 2"), "{}", driver.screen());
}

#[test]
fn what_was_looked_at_is_handed_over_while_somebody_looks_and_at_the_end() {
    let looks = |driver: &Driver| {
        driver.effects.iter().filter(|effect| matches!(effect, Effect::Look(_))).count()
    };
    let driver = desk();
    assert_eq!(looks(&driver), 0, "nobody has pressed a key");
    let mut driver = driver.keys("j");
    assert_eq!(looks(&driver), 1);
    driver.feed(line("14:02:50", "Notice", "Another", "web-7f9c", "sh").as_bytes());
    let driver = driver.wait(5);
    assert_eq!(looks(&driver), 1, "nobody has looked at what came");
    let driver = driver.keys("j");
    assert_eq!(looks(&driver), 1, "not at every key");
    let mut driver = driver.wait(30).wait(1);
    assert_eq!(looks(&driver), 2);
    assert!(driver.app.look_order().is_empty());
}

#[test]
fn every_decision_is_made_for_a_group_an_alert_and_what_is_marked() {
    for keys in ["a", "e", "c b", "m 2", "i x ctrl-s", "@ ctrl-u b o enter", "t w enter"] {
        let confirm = if keys == "a" || keys == "e" { " enter" } else { "" };
        for (before, n) in [("", 1), ("l j ", 1), ("space j space ", 2), ("V j V ", 2), ("l * ", 2)]
        {
            let confirm =
                if before.contains("space") || before.contains('V') || before.contains('*') {
                    confirm
                } else {
                    ""
                };
            let driver = desk().keys(&format!("{before}{keys}{confirm}")).wait(1);
            let made = saved(&driver).len() + mutes(&driver).len();
            assert!(
                made >= n || (keys == "m 2" && made == 1),
                "{before}{keys}: {made}\n{}",
                driver.screen()
            );
            let undone = driver.keys("u").wait(1);
            assert_eq!(undone.app.desk.n_aside(), 0, "{before}{keys}");
        }
    }
}

/// All that has a look of its own, at the sizes people have.
#[track_caller]
fn looks(name: &str, keys: &str) {
    for (width, height) in [(160, 45), (100, 30), (80, 24)] {
        let mut driver = Driver::on_log(width, height);
        driver.app.desk.keeping = Keeping::Disk;
        driver.app.desk.by = "ana".to_owned();
        driver.app.desk.host = "node1".to_owned();
        let driver = driver.keys(keys).wait(1);
        insta::assert_snapshot!(format!("{name}_{width}x{height}"), driver.screen());
    }
}

#[test]
fn windows_that_ask_look_right_at_every_size() {
    looks("closing", "c");
    looks("muting", "m");
    looks("muting_until", "m 5");
    looks("noting", "i s e e n");
    looks("assigning", "@");
    looks("tagging", "t");
    looks("acknowledging_what_is_marked", "space j j space a");
    looks("the_exception", "c f x");
    looks("the_noise", "c f X");
}

#[test]
fn views_look_right_at_every_size() {
    // One of each: the rest stays in the inbox.
    let some = "a e c b m 2";
    looks("the_inbox", some);
    looks("the_acknowledged", &format!("{some} o"));
    looks("the_escalated", &format!("{some} o o"));
    looks("the_closed", &format!("{some} o o o"));
    looks("the_muted", &format!("{some} o o o o"));
    looks("all", &format!("{some} o o o o o"));
}

#[test]
fn what_is_new_is_found_in_a_folded_group_too() {
    let mut driver = desk().keys("g");
    let rule = "Contact the API server";
    driver.feed(line("14:02:59", "Informational", rule, "other", "calico-node").as_bytes());
    let driver = driver.wait(4).wait(1).keys(".");
    let target = driver.app.groups.target(&driver.app.ground()).unwrap();
    let row = driver.app.store.row(target).unwrap();
    assert_eq!((row.rule, row.container.name), (Some(rule), Some("other")), "{}", driver.screen());
}

#[test]
fn what_comes_back_to_a_closed_group_is_new() {
    let mut driver = desk().keys("c b");
    driver.send(Msg::Tick("2026-11-24T14:03:00Z".parse().unwrap()));
    let rule = "Drop and execute new binary in container";
    driver.feed(line("14:33:00", "Critical", rule, "web-7f9c", "xmrig").as_bytes());
    let driver = driver.wait(4).wait(1);
    assert!(driver.screen().contains("1 new"), "{}", driver.screen());
}

#[test]
fn marks_never_mean_other_rows_than_those_that_were_marked() {
    for keys in ["b", "o", "f c o n t a i n e r . n a m e = c a l i c o enter"] {
        let driver = desk().keys("space j space").keys(keys);
        assert!(driver.app.desk.marks.is_empty(), "{keys}");
        if keys.len() == 1 {
            assert!(driver.screen().contains("2 marks taken away"), "{}", driver.screen());
        }
    }
    // A range holds what lies between its two ends, wherever they stand by now.
    let mut driver = desk().keys("j V");
    let begin = driver.app.groups.pick();
    driver.feed(line("14:02:59", "Critical", "A new rule", "first", "sh").as_bytes());
    let driver = driver.wait(4).wait(1);
    assert_eq!(driver.app.groups.pick(), begin, "the cursor stays on its group");
    let driver = driver.keys("V");
    assert_eq!(driver.app.desk.marks.all(), [begin.unwrap()]);
}

#[test]
fn decisions_in_quick_succession_are_all_made_in_order() {
    let mut driver = desk();
    // The records are read later than the keys come.
    driver.is_slow = true;
    let driver = driver.keys("space j space a enter").keys("space j space e enter u");
    assert_eq!(saved(&driver).len(), 0);
    let mut driver = driver;
    driver.is_slow = false;
    driver.answer();
    let all = saved(&driver);
    let statuses: Vec<Status> = all.iter().map(|change| change.after.status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == Status::Acknowledged).count(), 2);
    assert_eq!(statuses.iter().filter(|status| **status == Status::Escalated).count(), 2);
    assert_eq!(
        statuses.iter().filter(|status| **status == Status::Open).count(),
        2,
        "{statuses:?}"
    );
}

#[test]
fn the_next_key_is_about_the_next_thing_even_while_records_are_read() {
    let mut driver = desk();
    let first = driver.app.groups.pick();
    driver.is_slow = true;
    driver.app.detail.clear();
    let driver = driver.keys("a");
    assert_ne!(driver.app.groups.pick(), first);
    assert!(saved(&driver).is_empty());
}

#[test]
fn a_note_leaves_what_is_closed_where_it_is_and_does_not_hide_what_comes_back() {
    let mut driver = desk().keys("c b");
    driver.send(Msg::Tick("2026-11-24T14:03:00Z".parse().unwrap()));
    let rule = "Drop and execute new binary in container";
    driver.feed(line("14:33:00", "Critical", rule, "web-7f9c", "xmrig").as_bytes());
    let driver = driver.wait(4).wait(1).keys("g j i x ctrl-s").wait(1);
    assert!(
        driver.screen().contains("closed as benign by ana 3 days ago, 1 new since, noted"),
        "{}",
        driver.screen()
    );
    assert_eq!(driver.app.desk.n_aside(), 2, "the old ones stay closed");
}

#[test]
fn leaving_with_decisions_that_cannot_be_saved_asks_once() {
    for key in ["q", "ctrl-c"] {
        let mut driver = desk().keys("a");
        let id = last(&driver).id;
        driver
            .send(Msg::Triaged(Answer::Held { ids: vec![id], why: "the disk is full".to_owned() }));
        let driver = driver.keys(key);
        assert!(!driver.quit);
        assert!(driver.screen().contains("1 decision is not saved yet; "), "{}", driver.screen());
        assert!(!driver.keys("j").keys(key).quit, "another key lies between");
        let mut driver = desk().keys("a");
        let id = last(&driver).id;
        driver
            .send(Msg::Triaged(Answer::Held { ids: vec![id], why: "the disk is full".to_owned() }));
        assert!(driver.keys(key).keys(key).quit);
        assert!(desk().keys("a").keys(key).quit, "what is being saved is saved");
    }
}

#[test]
fn leaving_waits_for_what_was_decided() {
    let mut driver = desk();
    driver.is_slow = true;
    let mut driver = driver.keys("space j space a enter q");
    assert!(!driver.quit);
    driver.is_slow = false;
    driver.answer();
    assert!(driver.quit && !saved(&driver).is_empty());
}

#[test]
fn a_mute_does_not_start_a_filter_over_decisions_again_and_again() {
    let asked = |driver: &Driver| driver.app.narrow.generation();
    let driver = desk().keys("m 2").wait(1).keys("f").text("triage.status = open").keys("enter");
    let mut driver = driver.wait(1);
    let before = asked(&driver);
    for second in 10..14 {
        let rule = "Drop and execute new binary in container";
        driver.feed(
            line(&format!("14:03:{second}"), "Critical", rule, "web-7f9c", "kdevtmpfsi").as_bytes(),
        );
        driver = driver.wait(1);
    }
    assert_eq!(asked(&driver), before);
    assert_eq!(driver.app.desk.n_aside(), 6, "{}", driver.screen());
    assert!(asked(&driver.keys("a")) > before, "a decision does");
}

#[test]
fn an_alert_of_a_marked_group_is_counted_once() {
    let driver = desk().keys("l space space e");
    assert!(driver.screen().contains("1 group, 2 alerts"), "{}", driver.screen());
    assert!(driver.keys("esc").screen().contains("what is marked, 2 alerts"));
}

#[test]
fn noise_says_what_the_exception_of_a_group_spares_and_hides() {
    let driver = desk().keys("c f X");
    let screen = driver.screen();
    assert!(
        screen.contains(
            "prod/web-7f9c-x2k: 2 of 2 false; its exception spares 2, hides nothing else"
        ),
        "{screen}"
    );
    // One of two alike is closed: the exception would hide the other too.
    let driver = desk().keys("l j c f X");
    let screen = driver.screen();
    assert!(
        screen.contains("1 of 2 false; its exception spares 1, would hide 1 other alert besides"),
        "{screen}"
    );
}
