//! Documents that the program writes itself equal the repository; `UPDATE=1 cargo test` rewrites them.

use cadge::cli::args::Cli;
use cadge::ui::Action;
use clap::CommandFactory;
use std::fmt::Write as _;
use std::path::Path;

/// Compares a file with what it should hold, or rewrites it.
#[track_caller]
pub fn check(path: &str, expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, expected).unwrap();
        return;
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == expected, "{} is out of date: UPDATE=1 cargo test", path.display());
}

#[test]
fn the_commands_are_written_down() {
    let mut cli = Cli::command().term_width(100);
    cli.build();
    let mut text = String::from("# Commands\n\nMade from the program's own help.\n");
    let mut page = |name: &str, command: &clap::Command| {
        let help = command.clone().term_width(100).render_long_help().to_string();
        let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
        let _ = write!(text, "\n## `{name}`\n\n```\n{}\n```\n", lines.join("\n").trim_end());
    };
    page("cadge", &cli);
    for command in cli.get_subcommands().filter(|command| command.get_name() != "help") {
        page(&format!("cadge {}", command.get_name()), command);
        for below in command.get_subcommands().filter(|below| below.get_name() != "help") {
            page(&format!("cadge {} {}", command.get_name(), below.get_name()), below);
        }
    }
    check("docs/cli.md", &text);
}

#[test]
fn every_argument_of_every_command_says_what_it_is() {
    fn check(command: &clap::Command, path: &str) {
        for argument in command.get_arguments().filter(|argument| !argument.is_hide_set()) {
            assert!(argument.get_help().is_some(), "{path}: {} says nothing", argument.get_id());
        }
        for below in command.get_subcommands() {
            check(below, &format!("{path} {}", below.get_name()));
        }
    }
    let mut cli = Cli::command();
    cli.build();
    check(&cli, "cadge");
}

#[test]
fn the_manual_of_settings_names_every_action_with_its_keys() {
    let head = cadge::config::DEFAULT.split_once("[keys]\n").unwrap().0;
    let mut text = format!("{head}[keys]\n");
    for action in Action::ALL {
        let keys: Vec<String> =
            action.default_keys().iter().map(|key| format!("{key:?}")).collect();
        let _ = writeln!(text, "#{} = [{}]  # {}", action.id(), keys.join(", "), action.says());
    }
    check("src/config/default.toml", &text);
}

#[test]
fn the_readme_stands_on_files_that_are_there() {
    if std::env::var_os("UPDATE").is_some() {
        // The files are being written at this moment.
        return;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for page in ["README.md", "CONTRIBUTING.md", "docs/architecture.md"] {
        let text = std::fs::read_to_string(root.join(page)).unwrap();
        for word in text.split(|c: char| c.is_whitespace() || "`()".contains(c)) {
            let is_path = word.starts_with("docs/")
                || word.starts_with("tests/")
                || word.starts_with("playbooks/");
            let there = root.join(word).exists();
            assert!(!is_path || there, "{page} names {word}, which is not there");
        }
    }
}

/// What a stranger reads before the table of the linter's rules.
const LINT: &str = r"# Is it safe to paste?

Advice about an alert comes from wikis, colleagues and language models. `cadge lint` reads it and says which lines would
harm, which cannot work, and which are about something else. It runs nothing.

```sh
cadge lint report.md                              # Markdown, a script, or bare command lines; - reads standard input
cadge lint report.md --alert alert.json           # is it about this alert: container, path, direction, claims?
cadge lint runbooks/*.md --fail-on error          # exit status 4 when something is that bad: for CI
cadge lint runbooks/*.md --format github          # notes on the lines of a pull request; also json and sarif
```

In the console `:attach FILE` shows a report beside the alert under the cursor, a badge at each command; what is blocked
cannot be copied.

| severity | means |
|---|---|
| `block` | never paste it: it weakens the host, opens a way in, or destroys evidence |
| `error` | it does not work, or it hits something else than it says |
| `warn` | it works; mind what is said |
| `note` | nobody here knows: a program that is not in the table, a value nobody can check |

A shell command is read as a shell reads it: a quoted word is no command, a document behind `<<` is one thing, and what
runs inside `docker exec`, `ssh` or `sh -c` is judged too. What a fence says of its language is not believed. Programs, their
subcommands and options are in a table that `tests/tools/programs.sh` makes from the programs themselves.

A report is also judged as a whole: whether it thinks of what the alert looks like (a drill, housekeeping of the platform),
whether one can tell which alert it is about, and whether anything is looked at before something is changed.

A text without findings is not proven right; it only has none of the faults below.

## The rules

Made from `src/lint/rules.tsv`. A case of each and one beside it that is good stand in `fixtures/lint/cases.txt`.

| id | severity | what is wrong | instead |
|---|---|---|---|
";

#[test]
fn the_rules_of_the_linter_are_written_down() {
    let mut text = String::from(LINT);
    let cell = |text: &str| text.replace('|', "\\|").replace('<', "&lt;");
    for (id, rule) in cadge::lint::rules::all() {
        let message = if rule.message.is_empty() { "see the message" } else { rule.message };
        let _ = writeln!(
            text,
            "| {id} | {} | {} | {} |",
            rule.severity.name(),
            cell(message),
            cell(rule.instead)
        );
    }
    check("docs/lint.md", &text);
}
