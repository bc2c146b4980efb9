//! A report of others beside the alert, and reports of ours.

use super::driver::Driver;
use crate::lint::{self, Kind};
use crate::report::gather::Form;
use crate::ui::{Effect, Msg, Paper, What};

const TEXT: &str = "# Report\n\nThe server is compromised.\n\n```bash\nsudo setenforce 0\ndocker logs web\nnc -lvp 4444\n```\n";

fn with_paper(width: u16, height: u16) -> Driver {
    let mut driver = Driver::on_log(width, height).keys("enter");
    let id = driver.app.detail.shown.id().unwrap();
    let pieces = lint::sheet::sheet(TEXT, Kind::Markdown, None);
    let paper = Paper { name: "/home/ana/report.md".into(), pieces };
    let paper = Ok(Some(Box::new(paper)));
    driver.send(Msg::Attached { id, is_asked: true, folder: None, paper });
    driver.effects.clear();
    driver
}

#[test]
fn a_report_of_others_is_a_tab_with_a_badge_at_each_command() {
    insta::assert_snapshot!(with_paper(100, 30).screen());
}

#[test]
fn a_blocked_command_is_not_copied_and_why_is_said() {
    let driver = with_paper(100, 30).keys("y");
    assert_eq!(driver.effects, []);
    assert!(driver.screen().contains("never to be pasted: W01"), "{}", driver.screen());
}

#[test]
fn a_doubtful_command_is_copied_only_after_why_was_said() {
    let copied = |text: &str| Effect::Copy { text: text.into(), what: What::Command };
    let driver = with_paper(100, 30).keys("j y");
    assert_eq!(driver.effects, [copied("docker logs web")]);
    let driver = with_paper(100, 30).keys("j j enter");
    assert_eq!(driver.effects, []);
    assert!(driver.screen().contains("L03 opens a port"), "{}", driver.screen());
    assert_eq!(driver.keys("enter").effects, []);
    let driver = with_paper(100, 30).keys("j j y j enter");
    assert_eq!(driver.effects, [copied("nc -lvp 4444")]);
}

#[test]
fn without_a_report_there_is_no_tab_for_one() {
    let driver = Driver::on_log(100, 30).keys("enter [");
    assert!(!driver.screen().contains("Report"), "{}", driver.screen());
    let driver = driver.keys(":").text("attach ~/x.md").keys("enter");
    let Some(Effect::Attach { path, is_asked: true, .. }) = driver.effects.last() else {
        panic!("{:?}", driver.effects)
    };
    assert_eq!(path, "~/x.md");
}

#[test]
fn report_is_about_what_is_marked_or_selected() {
    let asked = |keys: &str, words: &str| {
        let driver = Driver::on_log(100, 30).keys(keys).text(words).keys("enter");
        driver.effects.into_iter().find_map(|effect| match effect {
            Effect::Report { ids, told, .. } => Some((ids.len(), told.form, told.masks)),
            _ => None,
        })
    };
    let one = asked(":", "report").unwrap();
    assert_eq!((one.1, one.2), (Form::Markdown, true));
    let marked = asked("* :", "report html").unwrap();
    assert!(marked.0 >= one.0 && marked.1 == Form::Html, "{marked:?}");
    assert_eq!(asked(":", "report pdf"), None);
    let driver = Driver::on_log(100, 30).keys(":").text("masking").keys("enter");
    assert!(!driver.app.settings.masks);
}
