//! Keys, what is seen, and what was asked of the outside.

use super::driver::{Driver, line};
use crate::ui::{Effect, Mouse, Msg, Settings, What};
use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

#[track_caller]
fn shows(driver: &Driver, text: &str) {
    let screen = driver.screen();
    assert!(screen.contains(text), "{text:?} is not on the screen:\n{screen}");
}

#[track_caller]
fn hides(driver: &Driver, text: &str) {
    let screen = driver.screen();
    assert!(!screen.contains(text), "{text:?} is on the screen:\n{screen}");
}

fn copied(driver: &Driver) -> Vec<&str> {
    let copied = driver.effects.iter().filter_map(|effect| match effect {
        Effect::Copy { text, .. } => Some(text.as_str()),
        _ => None,
    });
    copied.collect()
}

#[test]
fn y_copies_the_next_command_and_changes_nothing_else() {
    let driver = Driver::on_log(160, 45);
    let before = driver.screen();
    let driver = driver.keys("y");
    assert_eq!(copied(&driver), ["docker inspect -- 3ad7b26ded6d"]);
    assert_eq!(driver.screen(), before);
}

#[test]
fn a_command_of_another_runtime_is_one_key_away() {
    let driver = Driver::on_log(160, 45).keys("v y");
    assert_eq!(copied(&driver), ["kubectl get pod -n prod web-7f9c-x2k"]);
}

#[test]
fn what_destroys_evidence_is_copied_only_after_a_question() {
    let driver = Driver::on_log(160, 45).keys("2 ] G y");
    assert_eq!(copied(&driver), [""; 0]);
    shows(&driver, "This destroys evidence");
    shows(&driver, "first: Keep what the container changed");
    let first = driver.keys("enter");
    assert_eq!(copied(&first), ["docker diff 3ad7b26ded6d"]);
    let driver = Driver::on_log(160, 45).keys("2 ] G y j enter");
    assert_eq!(copied(&driver), ["docker rm -f 3ad7b26ded6d"]);
}

#[test]
fn a_command_that_cannot_be_made_says_why() {
    let driver = Driver::on_log(160, 45).keys("2 ] j y");
    assert_eq!(copied(&driver), [""; 0]);
    shows(&driver, "Not now: the alert has no proc.pid");
}

#[test]
fn the_copy_menu_copies_one_field() {
    let driver = Driver::on_log(160, 45).keys("Y G enter");
    assert_eq!(driver.effects, [Effect::Copy { text: "root".into(), what: What::Field }]);
}

#[test]
fn the_selection_stays_on_its_group_while_alerts_pour_in() {
    let mut driver = Driver::on_log(100, 30).keys("j j");
    let group = driver.app.groups.pick();
    let lines = |driver: &Driver| {
        driver
            .screen()
            .lines()
            .skip(3)
            .map(|line| line.chars().take(42).collect())
            .collect::<Vec<String>>()
    };
    let before = lines(&driver);
    for at in 0..30 {
        let rule = format!("A new rule {at}");
        driver.feed(line("14:02:55", "Critical", &rule, "web-7f9c", "x").as_bytes());
    }
    assert_eq!(driver.app.groups.pick(), group);
    let now = lines(&driver);
    // No row has moved: the line below says that more is waiting.
    let names = |lines: &[String]| {
        lines
            .iter()
            .take(8)
            .map(|line| line.chars().take(24).collect::<String>())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&now)[1..], names(&before)[1..]);
    shows(&driver, "30 new in new groups");
    let driver = driver.wait(4);
    assert_eq!(driver.app.groups.pick(), group);
    shows(&driver, "A new rule");
}

#[test]
fn an_untouched_list_shows_its_top_and_the_most_urgent() {
    let critical = |driver: &mut Driver, names: std::ops::Range<usize>| {
        for at in names {
            let time = format!("14:02:{at:02}");
            driver.feed(
                line(&time, "Critical", &format!("Rule {at:02}"), "web-7f9c", "x").as_bytes(),
            );
        }
    };
    let under_cursor = |driver: &Driver| {
        assert_eq!(driver.app.groups.offset(), 0);
        let screen = driver.screen();
        let row = screen.lines().position(|line| line.starts_with('▌')).unwrap();
        screen
            .lines()
            .nth(row - 1)
            .unwrap()
            .split("Rule ")
            .nth(1)
            .unwrap()
            .get(..2)
            .unwrap()
            .to_owned()
    };
    let mut driver = Driver::new(100, 30);
    critical(&mut driver, 10..11);
    driver.follows();
    assert_eq!(under_cursor(&driver), "10");
    // Nobody has begun to read it: what is as bad and newer stands first.
    critical(&mut driver, 11..20);
    let mut driver = driver.wait(1);
    assert_eq!(under_cursor(&driver), "19");
    // Somebody may be reading it: it stays while it can be seen.
    driver = driver.wait(5);
    critical(&mut driver, 20..22);
    driver = driver.wait(1);
    assert_eq!(under_cursor(&driver), "19");
    critical(&mut driver, 22..50);
    driver = driver.wait(1);
    assert_eq!(under_cursor(&driver), "49");
}

#[test]
fn pause_holds_the_screen_and_counts() {
    let mut driver = Driver::on_log(100, 30).keys("p").wait(10);
    driver.feed(line("14:02:55", "Critical", "Late", "web-7f9c", "x").as_bytes());
    shows(&driver, "PAUSED 1 new");
    hides(&driver, "Late");
    let driver = driver.keys("p").wait(5);
    shows(&driver, "Late");
    shows(&driver, "8 alerts");
}

#[test]
fn a_filter_is_applied_while_it_is_typed_and_esc_takes_it_back() {
    let driver = Driver::on_log(100, 30).keys("f").text("proc.name = curl");
    shows(&driver, "1 of 7");
    hides(&driver, "Terminal shell");
    let driver = driver.keys("esc");
    shows(&driver, "7 alerts");
    shows(&driver, "Terminal shell");
}

#[test]
fn the_last_good_filter_stays_while_a_wrong_one_is_typed() {
    let driver = Driver::on_log(100, 30).keys("f").text("proc.name = curl and (");
    shows(&driver, "1 of 7");
    let driver = driver.keys("enter");
    shows(&driver, "expected");
}

#[test]
fn enter_takes_what_is_marked_in_the_offers() {
    let driver = Driver::on_log(100, 30).keys("f").text("proc.nam").keys("down");
    shows(&driver, "Enter take");
    let driver = driver.keys("enter").text(" = curl");
    shows(&driver, "filter proc.name = curl");
    shows(&driver, "Enter keep");
    let driver = driver.keys("enter");
    shows(&driver, "1 of 7");
    assert!(driver.app.overlay.is_none());
}

#[test]
fn values_are_offered_in_lists_too_and_written_as_the_language_wants_them() {
    let driver = Driver::on_log(100, 30).keys("f").text("proc.name in (kdev").keys("tab");
    let driver = driver.text(", cu").keys("down enter").text(")");
    shows(&driver, "filter proc.name in (kdevtmpfsi, curl)");
    shows(&driver, "3 of 7");
    let driver = Driver::on_log(100, 30).keys("f").text("alert.rule = Term").keys("tab");
    shows(&driver, "alert.rule = \"Terminal shell in container\"");
    shows(&driver, "1 of 7");
}

#[test]
fn values_of_a_field_without_a_column_are_counted_and_then_offered() {
    let driver = Driver::on_log(100, 30).keys("f").text("user.name = ");
    shows(&driver, "7 times");
    let driver = driver.text("ro").keys("down enter");
    shows(&driver, "filter user.name = root");
    shows(&driver, "7 of 7");
}

#[test]
fn an_unknown_field_is_warned_of_while_typing_and_when_it_is_kept() {
    let driver = Driver::on_log(100, 30).keys("f").text("proc.nmae = curl");
    shows(&driver, "did you mean proc.name?");
    let driver = driver.keys("enter");
    shows(&driver, "did you mean proc.name?");
    // What is not in the list is not explained beside it either.
    shows(&driver, "proc.nmae is no field we know");
    hides(&driver, "A program that is not part of the image");
}

#[test]
fn one_goes_back_and_forth_in_the_filters_of_before() {
    let driver = Driver::on_log(100, 30).keys("f").text("proc.name = curl").keys("enter F f");
    let driver = driver.text("proc.name = sh").keys("enter F f up");
    shows(&driver, "filter proc.name = sh");
    let driver = driver.keys("up");
    shows(&driver, "filter proc.name = curl");
    let driver = driver.keys("down");
    shows(&driver, "filter proc.name = sh");
    shows(&driver.keys("down"), "a condition in Falco's language");
}

#[test]
fn a_group_is_kept_left_out_and_let_go() {
    let driver = Driver::on_log(100, 30).keys("=");
    shows(&driver, "2 of 7");
    shows(&driver, "container.id = 3ad7b26ded6d");
    let driver = driver.keys("C enter");
    shows(&driver, "4 of 7");
    let driver = driver.keys("F");
    shows(&driver, "7 alerts");
    let driver = driver.keys("!");
    shows(&driver, "5 of 7");
}

#[test]
fn a_value_of_fields_narrows() {
    let driver = Driver::on_log(100, 40).keys("2 ] ]");
    let rows = super::super::pane::fields::rows(driver.app.detail.look().unwrap());
    let at = rows.iter().position(|row| row.name == "proc.name").unwrap();
    let driver = driver.keys(&"j ".repeat(at)).keys("enter");
    shows(&driver, "proc.name = kdevtmpfsi");
    shows(&driver, "2 of 7");
}

#[test]
fn search_goes_from_hit_to_hit() {
    let driver = Driver::on_log(100, 30).keys("/").text("calico").keys("enter");
    shows(&driver, "calico: 3 hits");
    let first = driver.app.groups.pick();
    let driver = driver.keys("n");
    shows(&driver, "of 3");
    assert_ne!(driver.app.groups.pick(), first);
    let driver = Driver::on_log(100, 30).keys("/").text("(.*").keys("enter");
    shows(&driver, "(.* is in no alert");
}

#[test]
fn pasted_text_never_acts_as_keys() {
    let mut driver = Driver::on_log(100, 30);
    driver.send(Msg::Paste("q\ny".to_owned()));
    assert!(!driver.quit);
    assert!(driver.effects.is_empty());
    let mut driver = driver.keys("/");
    driver.send(Msg::Paste("curl\n".to_owned()));
    let mut driver = driver.keys("enter");
    shows(&driver, "curl: 1 hit");
    driver = driver.keys("F f");
    driver.send(Msg::Paste("proc.name = curl\n  or proc.name = nosuch\n".to_owned()));
    shows(&driver, "proc.name = curl or proc.name = nosuch");
    assert!(!driver.quit);
}

#[test]
fn esc_goes_back_one_layer_at_a_time_and_q_leaves() {
    let driver = Driver::on_log(160, 45).keys("2 z ?").keys("esc");
    hides(&driver, "What each key does");
    let driver = driver.keys("esc");
    shows(&driver, "rule ▸ container");
    let driver = driver.keys("esc q");
    assert!(driver.quit);
}

#[test]
fn every_action_does_something_or_says_why_not() {
    for action in crate::ui::Action::ALL {
        let mut driver = Driver::on_log(100, 30);
        let before = (driver.screen(), driver.app.shape, driver.app.groups.offset());
        driver = driver.keys(":").text(action.id()).keys("enter");
        let after = (driver.screen(), driver.app.shape, driver.app.groups.offset());
        let silent = before == after && driver.effects.is_empty() && !driver.quit;
        // At the top of the list there is nothing above, and the list has the keys already.
        let may = ["previous", "top", "half-up", "page-up", "pane-list", "unfold", "fold"];
        assert!(!silent || may.contains(&action.id()), "{} is silent", action.id());
    }
}

#[test]
fn an_unbound_key_says_where_help_is() {
    let driver = Driver::on_log(100, 30).keys("&");
    shows(&driver, "? shows the keys");
}

#[test]
fn grouping_goes_round_and_keeps_the_alert() {
    let driver = Driver::on_log(100, 30).keys("b");
    shows(&driver, "container ▸ rule");
    let driver = driver.keys("b b b");
    shows(&driver, "all alerts by time");
    let driver = driver.keys("b");
    shows(&driver, "rule ▸ container");
}

#[test]
fn values_of_any_field_are_counted_and_one_is_kept() {
    let driver = Driver::on_log(160, 45).keys("% j j j");
    shows(&driver, "The most frequent values of");
    let driver = driver.keys("enter");
    shows(&driver, "Counted over");
    let driver = driver.keys("enter");
    assert!(driver.app.narrow.text().is_some_and(|text| text.starts_with("proc.name = ")));
    let driver = Driver::on_log(160, 45).keys("2 ] ] G k %");
    shows(&driver, "Counted over");
}

#[test]
fn a_filter_is_saved_and_loaded_by_name() {
    let driver = Driver::on_log(160, 45).keys("f").text("proc.name = sh").keys("enter :");
    let driver = driver.text("save shells").keys("enter");
    let saved =
        |effect: &Effect| matches!(effect, Effect::SaveFilter { name, .. } if name == "shells");
    assert!(driver.effects.iter().any(saved));
    let driver = driver.keys("F :").text("load shells").keys("enter");
    assert_eq!(driver.app.narrow.text(), Some("proc.name = sh"));
}

#[test]
fn a_wrong_regular_expression_is_told() {
    let driver = Driver::on_log(160, 45).keys("/").text(r"\v(").keys("enter");
    shows(&driver, "not a regular expression");
}

#[test]
fn the_exception_for_a_false_positive_is_shown_and_copied() {
    let driver = Driver::on_log(160, 45).text(":tune").keys("enter");
    shows(&driver, "Hides 2 of 2 alerts of this rule");
    shows(&driver, "fields: [k8s.ns.name, proc.cmdline]");
    shows(&driver, "override:");
    let older = driver.keys("v");
    shows(&older, "append: true");
    let driver = older.keys("v y Y");
    shows(&driver, "override:");
    let copied = copied(&driver);
    let [checked, installed] = ["&& falco -V ", "&& mv -- "].map(|step| copied[0].find(step));
    assert!(copied[0].starts_with("sudo sh -c "), "{}", copied[0]);
    assert!(checked.is_some() && checked < installed, "{}", copied[0]);
    assert!(copied[0].ends_with("\nEXCEPTION"), "{}", copied[0]);
    assert!(copied[1].starts_with("# For Falco 0.40"), "{}", copied[1]);
    hides(&driver.keys("esc"), "override:");
}

#[test]
fn an_exception_that_would_blind_a_rule_is_refused_with_the_reason() {
    let mut driver = Driver::new(100, 30);
    let own = super::driver::line("14:02:31", "Notice", "Read a file", "web", "cat");
    driver.feed(own.replace("prod", "default").as_bytes());
    driver.follows();
    let driver = driver.wait(1).text(":tune").keys("enter");
    shows(&driver, "No exception: whoever attacks chooses");
    shows(&driver, "says next to nothing");
    // Names and reasons stand in columns, and no key is offered that does nothing.
    shows(&driver, "k8s.ns.name                 ");
    hides(&driver, "v variant");
    shows(&driver, "j down");
    assert_eq!(copied(&driver.keys("y")), [""; 0]);
}

#[test]
fn other_playbooks_are_taken_and_what_is_wrong_with_them_is_told() {
    let mut driver = Driver::on_log(160, 45);
    driver.send(Msg::Taught(vec!["playbooks/rules/mine.yaml:3:1: unknown field `maens`".into()]));
    shows(&driver, "rules/mine.yaml:3:1: unknown field");
    driver.send(Msg::Taught(Vec::new()));
    hides(&driver, "mine.yaml");
}

#[test]
fn enter_is_never_silent() {
    for tab in ["[", "[ ["] {
        let driver = Driver::on_log(160, 45).keys(&format!("2 {tab}"));
        hides(&driver, "Enter open");
        shows(&driver.keys("enter"), "Not now: there is nothing to open here");
    }
}

#[test]
fn a_key_right_after_escape_is_two_keys() {
    // As tmux hands them on: one key with Alt.
    let driver = Driver::on_log(160, 45).keys("c alt-s");
    shows(&driver, "Sorted by time");
    assert!(driver.effects.iter().all(|effect| !matches!(effect, Effect::Save { .. })));
    let driver = Driver::on_log(160, 45).keys("c alt-b");
    shows(&driver, "Grouped by container");
    let driver = Driver::on_log(160, 45).keys("2 alt-j");
    shows(&driver.keys("alt-?"), "What each key does");
    let mut bound = Driver::on_log(160, 45);
    bound.app.settings.keymap.bind("sort", &["alt-s"]).unwrap();
    shows(&bound.keys("c alt-s"), "Close as");
}

#[test]
fn a_search_says_which_hit_it_went_to() {
    let driver = Driver::on_log(160, 45).keys("/").text("web-7f9c").keys("enter");
    shows(&driver, "this is number ");
}

#[test]
fn an_assessment_that_nothing_moved_says_so_once() {
    let driver = Driver::on_log(160, 45).keys("G");
    let screen = driver.screen();
    assert!(screen.matches("that is where the assessment starts").count() <= 1, "{screen}");
}

#[test]
fn the_newest_banner_is_seen_first_and_none_is_lost() {
    let mut driver = Driver::new(160, 45);
    for banner in ["first banner", "second banner", "third banner"] {
        driver.send(Msg::Banner(banner.to_owned()));
    }
    let screen = driver.screen();
    assert!(screen.contains("third banner") && screen.contains("second banner"), "{screen}");
    assert!(!screen.contains("first banner") && screen.contains("+1 more"), "{screen}");
    let driver = driver.keys("esc");
    let screen = driver.screen();
    assert!(screen.contains("first banner") && !screen.contains("third banner"), "{screen}");
}

#[test]
fn what_a_key_chose_holds_when_the_theme_changes() {
    let mut driver = Driver::new(160, 45).keys("M");
    let settings = Box::new(Settings::default());
    driver.send(Msg::Configured { settings: settings.clone(), anew: false, problems: vec![] });
    assert_eq!(driver.app.settings.mouse, Mouse::Terminals);
    driver.send(Msg::Configured { settings, anew: true, problems: vec![] });
    assert_eq!(driver.app.settings.mouse, Mouse::Ours);
    assert!(driver.effects.contains(&Effect::Mouse(Mouse::Ours)));
}

#[test]
fn what_lies_in_a_marked_group_is_counted_and_decided_once() {
    let driver = Driver::on_log(160, 45).keys("g space space");
    shows(&driver, "2 marked");
    shows(&driver, "what is marked, 2 alerts");
    let driver = driver.keys("e");
    shows(&driver, "(2 escalated)");
}

#[test]
fn the_keys_of_the_filter_are_seen_in_spite_of_older_good_news() {
    let driver = Driver::on_log(160, 45).keys("o f");
    hides(&driver, "what somebody looks at");
    shows(&driver, "Esc");
}

#[test]
fn a_key_that_means_nothing_in_a_window_says_so() {
    for open in ["?", "R", "S", "X", "Y", "c", "m", "@", ":", "%"] {
        let driver = Driver::on_log(160, 45).keys(open).keys("f5");
        shows(&driver, "F5 does nothing here; Esc goes back");
    }
    // A letter of the window that is held with Ctrl is none of its keys.
    for (keys, says) in [("c ctrl-b", "Ctrl-b"), ("c z", "z"), ("c R", "R")] {
        let driver = Driver::on_log(160, 45).keys(keys);
        shows(&driver, &format!("{says} does nothing here; Esc goes back"));
    }
    hides(&Driver::on_log(160, 45).keys("c j k w r esc"), "does nothing here");
}

#[test]
fn a_click_chooses_a_verdict_and_one_beside_the_window_leaves_it() {
    let click = |driver: &mut Driver, column: u16, row: u16| {
        let (kind, modifiers) = (MouseEventKind::Down(MouseButton::Left), KeyModifiers::NONE);
        driver.send(Msg::Mouse(MouseEvent { kind, column, row, modifiers }));
    };
    let mut driver = Driver::on_log(160, 45).keys("c");
    let screen = driver.screen();
    let row = screen.lines().position(|line| line.contains("b  benign")).unwrap();
    let row = u16::try_from(row).unwrap();
    click(&mut driver, 80, row);
    shows(&driver, "Close as");
    click(&mut driver, 80, row);
    shows(&driver, "Closed as benign");
    let mut driver = driver.keys("c");
    shows(&driver, "Close as");
    click(&mut driver, 0, 44);
    hides(&driver, "Close as");
}
