//! What the eye meets, at every size.

use super::driver::Driver;
use insta::assert_snapshot;

#[test]
fn two_panes_at_160_columns() {
    assert_snapshot!(Driver::on_log(160, 45).screen());
}

#[test]
fn two_panes_at_100_columns() {
    assert_snapshot!(Driver::on_log(100, 30).screen());
}

#[test]
fn the_list_alone_at_80_columns() {
    assert_snapshot!(Driver::on_log(80, 24).screen());
}

#[test]
fn the_detail_alone_at_80_columns() {
    assert_snapshot!(Driver::on_log(80, 24).keys("enter").screen());
}

#[test]
fn the_smallest_screen() {
    assert_snapshot!(Driver::on_log(40, 12).screen());
}

#[test]
fn a_screen_that_is_too_small_says_so() {
    assert_snapshot!(Driver::on_log(39, 9).screen());
}

#[test]
fn commands_by_phase() {
    assert_snapshot!(Driver::on_log(100, 40).keys("2 ] j j").screen());
}

#[test]
fn fields_with_what_they_mean() {
    assert_snapshot!(Driver::on_log(80, 40).keys("2 ] ]").screen());
}

#[test]
fn the_raw_record() {
    assert_snapshot!(Driver::on_log(80, 24).keys("2 [").screen());
}

#[test]
fn an_empty_log_says_what_would_be_there() {
    let mut driver = Driver::new(80, 24);
    driver.follows();
    assert_snapshot!(driver.screen());
}

#[test]
fn on_a_small_screen_too_no_source_says_what_to_do() {
    let mut driver = Driver::new(80, 20);
    let looked = (0..14).map(|n| format!("/var/log/falco-{n}.json: not there")).collect();
    driver.send(crate::ui::Msg::NoSource(looked));
    let screen = driver.screen();
    for what in [
        "D starts the demo",
        "filename: /var/log/falco/events.json",
        "(not there): /var/log/falco-0",
    ] {
        assert!(screen.contains(what), "{what}:\n{screen}");
    }
}

#[test]
fn no_source_says_what_to_switch_on() {
    let mut driver = Driver::new(80, 24);
    driver.send(crate::ui::Msg::NoSource(vec!["/etc/falco/falco.yaml: not there".to_owned()]));
    assert_snapshot!(driver.screen());
}

#[test]
fn help_lies_over_the_panes() {
    assert_snapshot!(Driver::on_log(100, 40).keys("?").screen());
}

#[test]
fn evidence_is_asked_about_before_it_is_destroyed() {
    assert_snapshot!(Driver::on_log(100, 30).keys("2 ] G y").screen());
}

#[test]
fn the_filter_line_offers_fields() {
    assert_snapshot!(Driver::on_log(100, 30).keys("f").text("proc.n").screen());
}

#[test]
fn a_wrong_filter_is_marked() {
    assert_snapshot!(Driver::on_log(100, 30).keys("f").text("proc.name = (").screen());
}

#[test]
fn roles_of_the_list() {
    let mut driver = Driver::on_log(100, 16);
    assert_snapshot!(driver.roles());
}

#[test]
fn a_sign_keeps_its_color_under_the_cursor() {
    let roles = |keys: &str| Driver::on_log(100, 16).keys(keys).roles();
    for (keys, row) in [
        ("j j", "[selection]▌    [level-high]▲ [selection]web-7f9c"),
        ("j j j j", "[selection]▌    [level-medium]▲ [selection]web-7f9c"),
        ("j", "[selection]▌  [level-high]▲ [selection]Download by a web server"),
    ] {
        let roles = roles(keys);
        assert!(roles.contains(row), "{keys}: {roles}");
    }
}

#[test]
fn a_bar_of_the_timeline_is_never_a_block_of_the_ground_behind_it() {
    use crate::theme::Role;
    use crate::ui::paint::Canvas;
    use ratatui::style::{Color, Modifier};
    use ratatui::{buffer::Buffer, layout::Rect};
    for name in ["dark", "light", "high-contrast", "terminal"] {
        let (theme, _) = crate::theme::load(name, None, crate::theme::Depth::True);
        let settings = crate::ui::Settings { theme, ..crate::ui::Settings::default() };
        let area = Rect::new(0, 0, 2, 1);
        let mut buffer = Buffer::empty(area);
        let mut canvas = Canvas { buffer: &mut buffer, settings: &settings };
        canvas.bar(area, 0, Role::PriorityEmergency, "▇");
        let cell = &buffer[(0, 0)];
        assert_eq!((cell.symbol(), cell.bg), ("▇", Color::Reset), "{name}");
        assert!(
            !matches!(cell.fg, Color::Reset | Color::Rgb(255, 255, 255)),
            "{name}: {:?}",
            cell.fg
        );
        assert_eq!(cell.modifier, Modifier::empty(), "{name}");
    }
}

#[test]
fn the_page_of_keys_is_the_table_of_actions() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/keys.md");
    let made = crate::ui::keys_as_markdown(&crate::ui::keymap::Keymap::default());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, &made).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap(), made, "UPDATE=1 cargo test writes it again");
}
