//! Reads a theme: TOML text, what it inherits, names of colors, and the looks of roles.
//!
//! A mistake costs the role it stands at, not the theme: what cannot be read is taken from the theme that is inherited,
//! and told as a [`Problem`].

use super::problem::{self, Page, Problem, unknown};
use super::{Depth, Role, Theme};
use ratatui::style::{Color, Modifier, Style};
use std::{cell::RefCell, collections::BTreeMap, fs::File, io::ErrorKind, path::Path};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The themes that come with the program: name and text.
pub const BUILTIN: [(&str, &str); 4] = [
    ("dark", include_str!("../../themes/dark.toml")),
    ("light", include_str!("../../themes/light.toml")),
    ("high-contrast", include_str!("../../themes/high-contrast.toml")),
    ("terminal", include_str!("../../themes/terminal.toml")),
];

/// How deep themes may inherit.
const MOST_PARENTS: usize = 8;

/// Reads a theme by name: the user's own file `DIR/NAME.toml` first, then the built-in ones.
///
/// There is always a theme; what was wrong on the way is told beside it.
pub fn load(name: &str, folder: Option<&Path>, depth: Depth) -> (Theme, Vec<Problem>) {
    let unread = RefCell::new(Vec::new());
    let own = |name: &str| {
        // A theme is named, not found by a path.
        let is_name = !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\0']);
        let path = folder.filter(|_| is_name)?.join(format!("{name}.toml"));
        if let Some(problem) = problem::no_plain_file(&path) {
            unread.borrow_mut().push(problem);
            return None;
        }
        let read = match File::open(&path) {
            Ok(file) => problem::read_text(&path, file),
            Err(error) if error.kind() == ErrorKind::NotFound => return None,
            Err(error) => Err(problem::unread(&path, &error)),
        };
        match read {
            Ok(text) => Some((path.display().to_string(), text)),
            Err(problem) => {
                unread.borrow_mut().push(problem);
                None
            }
        }
    };
    let (theme, mut found) = resolve(name, &own, depth);
    let mut problems = unread.take();
    problems.dedup();
    // Without color no theme is looked for, and one that cannot be read is known all the same.
    found.retain(|problem| problem.file != NO_FILE);
    if let Some(what) = name_problem(name, folder) {
        found.push(Problem { file: NO_FILE.into(), line: 0, column: 0, what });
    }
    problems.append(&mut found);
    (theme, problems)
}

/// What is wrong with a theme's name, and which there are: `auto`, the built-in ones, and the files in a user's folder.
pub fn name_problem(name: &str, folder: Option<&Path>) -> Option<String> {
    let mut names = vec!["auto".to_owned()];
    names.extend(BUILTIN.iter().map(|(name, _)| (*name).to_owned()));
    let entries = folder.and_then(|folder| std::fs::read_dir(folder).ok());
    let files = entries.into_iter().flatten().filter_map(Result::ok);
    let mut own: Vec<String> = files
        .filter_map(|entry| Some(entry.file_name().to_str()?.strip_suffix(".toml")?.to_owned()))
        .filter(|name| !name.is_empty() && !name.starts_with('.') && !names.contains(name))
        .collect();
    own.sort();
    names.append(&mut own);
    let is_known = names.iter().any(|known| known == name);
    (!is_known).then(|| unknown("theme", name, names.iter().map(String::as_str)))
}

/// What stands for a file where a theme has none.
const NO_FILE: &str = "theme";

/// A built-in theme; an unknown name gives `terminal`.
pub(super) fn builtin(name: &str, depth: Depth) -> Theme {
    resolve(name, &|_| None, depth).0
}

/// The text of a theme of the user's by name, with the file it came from.
type Lookup<'a> = &'a dyn Fn(&str) -> Option<(String, String)>;

fn resolve(name: &str, own: Lookup<'_>, depth: Depth) -> (Theme, Vec<Problem>) {
    let mut problems = Vec::new();
    // Without color only bold, dim, underline and reverse are left, and `terminal` is the theme that is made of them.
    let asked = if depth == Depth::None { "terminal" } else { name };
    let mut draft = Draft::default();
    // A user's theme may be incomplete; under it lies one that is not.
    draft.read("terminal", &|_| None, 0, &mut problems);
    if !draft.read(asked, own, 0, &mut problems) {
        let names: Vec<&str> = BUILTIN.iter().map(|(name, _)| *name).collect();
        let what = unknown("theme", name, names.into_iter());
        problems.push(Problem { file: NO_FILE.into(), line: 0, column: 0, what });
    }
    problems.sort_by_key(|problem| (problem.line, problem.column));
    let styles = Role::ALL.iter().map(|role| draft.style(*role, depth)).collect();
    (Theme { name: name.into(), styles }, problems)
}

/// A color as a theme names it: for many colors, and for 16 when the author chose one.
#[derive(Clone, Copy, Debug)]
struct Paint {
    rich: Color,
    plain: Option<Color>,
}

impl Paint {
    fn fit(self, depth: Depth) -> Option<Color> {
        match (depth, self.plain) {
            (Depth::Ansi, Some(plain)) => Some(plain),
            _ => depth.fit(self.rich),
        }
    }
}

/// How a role looks before it is fitted to a terminal. Colors are names, so that an heir can change the palette alone.
#[derive(Clone, Debug, Default)]
struct Look {
    fg: Option<String>,
    bg: Option<String>,
    modifiers: Modifier,
}

/// A theme while its files are read, the deepest ancestor first.
#[derive(Default)]
struct Draft {
    palette: BTreeMap<String, Paint>,
    looks: BTreeMap<&'static str, Look>,
}

impl Draft {
    /// Reads a theme and first what it inherits; says whether there is a theme of that name.
    fn read(
        &mut self,
        name: &str,
        own: Lookup<'_>,
        generation: usize,
        problems: &mut Vec<Problem>,
    ) -> bool {
        let builtin = || {
            let (name, text) = BUILTIN.iter().find(|(builtin, _)| *builtin == name)?;
            Some((format!("themes/{name}.toml"), (*text).to_owned()))
        };
        // A user's theme that inherits its own name means the built-in one.
        let found = if generation == 0 {
            own(name).or_else(builtin)
        } else {
            builtin().or_else(|| own(name))
        };
        let Some((file, text)) = found else { return false };
        let (document, errors) = DeTable::parse_recoverable(&text);
        let mut page = Page::new(&file, &text);
        let document = document.get_ref();
        if let Some(parent) = document.get("inherits") {
            match parent.get_ref().as_str() {
                _ if generation >= MOST_PARENTS => {
                    page.problem(&parent.span(), || "themes inherit in a circle".to_owned());
                }
                Some(name) => {
                    if !self.read(name, own, generation + 1, problems) {
                        let names = BUILTIN.iter().map(|(name, _)| *name);
                        page.problem(&parent.span(), || unknown("theme", name, names));
                    }
                }
                None => {
                    let what = || "`inherits` is the name of a theme".to_owned();
                    page.problem(&parent.span(), what);
                }
            }
        }
        for (key, value) in document {
            match (key.get_ref().as_ref(), value.get_ref()) {
                ("inherits", _) => {}
                ("palette", DeValue::Table(table)) => self.read_palette(table, &mut page),
                ("roles", DeValue::Table(table)) => self.read_roles(table, &mut page),
                ("palette" | "roles", other) => {
                    let what = || format!("expected a table, found {}", other.type_str());
                    page.problem(&value.span(), what);
                }
                (other, _) => {
                    let allowed = ["inherits", "palette", "roles"].into_iter();
                    page.problem(&key.span(), || unknown("key", other, allowed));
                }
            }
        }
        problems.append(&mut page.problems(&errors));
        true
    }

    fn read_palette(&mut self, table: &DeTable<'_>, page: &mut Page<'_>) {
        for (key, value) in table {
            let paint = match value.get_ref() {
                DeValue::Array(both) => {
                    if let [rich, plain] = both.iter().as_slice() {
                        let both = color(page, rich).zip(color(page, plain));
                        both.map(|(rich, plain)| Paint { rich, plain: Some(plain) })
                    } else {
                        let what = "expected a color, or a color and the one of 16 for it";
                        page.problem(&value.span(), || what.to_owned());
                        None
                    }
                }
                _ => color(page, value).map(|rich| Paint { rich, plain: None }),
            };
            if let Some(paint) = paint {
                self.palette.insert(key.get_ref().to_string(), paint);
            }
        }
    }

    fn read_roles(&mut self, table: &DeTable<'_>, page: &mut Page<'_>) {
        for (key, value) in table {
            let Some(role) = Role::parse(key.get_ref()) else {
                let roles = Role::ALL.iter().map(|role| role.name());
                page.problem(&key.span(), || unknown("role", key.get_ref(), roles));
                continue;
            };
            let look = match value.get_ref() {
                DeValue::String(_) => {
                    self.color_name(value, page).map(|fg| Look { fg: Some(fg), ..Look::default() })
                }
                DeValue::Table(table) => Some(self.read_look(table, page)),
                other => {
                    let what =
                        || format!("expected a color or a table, found {}", other.type_str());
                    page.problem(&value.span(), what);
                    None
                }
            };
            if let Some(look) = look {
                self.looks.insert(role.name(), look);
            }
        }
    }

    fn read_look(&self, table: &DeTable<'_>, page: &mut Page<'_>) -> Look {
        let mut look = Look::default();
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "fg" => look.fg = self.color_name(value, page),
                "bg" => look.bg = self.color_name(value, page),
                "modifiers" => {
                    for item in value.get_ref().as_array().into_iter().flat_map(|list| list.iter())
                    {
                        let word = item.get_ref().as_str().unwrap_or_default();
                        let found = MODIFIERS.iter().find(|(name, _)| *name == word);
                        if let Some((_, modifier)) = found {
                            look.modifiers |= *modifier;
                        } else {
                            let names = MODIFIERS.iter().map(|(name, _)| *name);
                            page.problem(&item.span(), || unknown("modifier", word, names));
                        }
                    }
                }
                other => {
                    let allowed = ["fg", "bg", "modifiers"].into_iter();
                    page.problem(&key.span(), || unknown("key", other, allowed));
                }
            }
        }
        look
    }

    /// A color's name when the palette has it or it is a color by itself.
    fn color_name(&self, value: &Spanned<DeValue<'_>>, page: &mut Page<'_>) -> Option<String> {
        let word = word(page, value)?;
        if !self.palette.contains_key(word) && parse_color(word).is_none() {
            page.problem(&value.span(), || {
                let own = self.palette.keys().map(String::as_str);
                format!(
                    "{} (a color is `#rrggbb`, 0 to 255, a name of the palette, or one of {})",
                    unknown("color", word, own.chain(NAMED.iter().map(|(name, _)| *name))),
                    named()
                )
            });
            return None;
        }
        Some(word.to_owned())
    }

    fn style(&self, role: Role, depth: Depth) -> Style {
        let Some(look) = self.looks.get(role.name()) else { return Style::new() };
        let color = |name: &Option<String>| {
            let name = name.as_deref()?;
            let plain = || Some(Paint { rich: parse_color(name)?, plain: None });
            self.palette.get(name).copied().or_else(plain)?.fit(depth)
        };
        Style { fg: color(&look.fg), bg: color(&look.bg), ..Style::new() }
            .add_modifier(look.modifiers)
    }
}

/// The text that a color is.
fn word<'v>(page: &mut Page<'_>, value: &'v Spanned<DeValue<'_>>) -> Option<&'v str> {
    let word = value.get_ref().as_str();
    if word.is_none() {
        let found = value.get_ref().type_str();
        page.problem(&value.span(), || format!("expected a color in quotes, found {found}"));
    }
    word
}

fn color(page: &mut Page<'_>, value: &Spanned<DeValue<'_>>) -> Option<Color> {
    let word = word(page, value)?;
    let color = parse_color(word);
    if color.is_none() {
        page.problem(&value.span(), || {
            format!(
                "{} (a color is `#rrggbb`, 0 to 255, or one of {})",
                unknown("color", word, NAMED.iter().map(|(name, _)| *name)),
                named()
            )
        });
    }
    color
}

const MODIFIERS: [(&str, Modifier); 6] = [
    ("bold", Modifier::BOLD),
    ("dim", Modifier::DIM),
    ("italic", Modifier::ITALIC),
    ("underlined", Modifier::UNDERLINED),
    ("reversed", Modifier::REVERSED),
    ("crossed-out", Modifier::CROSSED_OUT),
];

const NAMED: [(&str, Color); 17] = [
    ("default", Color::Reset),
    ("black", Color::Black),
    ("red", Color::Red),
    ("green", Color::Green),
    ("yellow", Color::Yellow),
    ("blue", Color::Blue),
    ("magenta", Color::Magenta),
    ("cyan", Color::Cyan),
    ("gray", Color::Gray),
    ("dark-gray", Color::DarkGray),
    ("light-red", Color::LightRed),
    ("light-green", Color::LightGreen),
    ("light-yellow", Color::LightYellow),
    ("light-blue", Color::LightBlue),
    ("light-magenta", Color::LightMagenta),
    ("light-cyan", Color::LightCyan),
    ("white", Color::White),
];

/// The terminal's names, for a sentence.
fn named() -> String {
    NAMED.map(|(name, _)| name).join(", ")
}

/// `#rrggbb`, an index, or one of the terminal's names.
fn parse_color(word: &str) -> Option<Color> {
    if let Some(digits) = word.strip_prefix('#') {
        let value = u32::from_str_radix(digits, 16).ok().filter(|_| digits.len() == 6)?;
        let [_, r, g, b] = value.to_be_bytes();
        return Some(Color::Rgb(r, g, b));
    }
    if let Ok(index) = word.parse() {
        return Some(Color::Indexed(index));
    }
    NAMED.iter().find(|(name, _)| *name == word).map(|(_, color)| *color)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Theme, Vec<String>) {
        let own = |name: &str| (name == "mine").then(|| ("mine.toml".to_owned(), text.to_owned()));
        let (theme, problems) = resolve("mine", &own, Depth::True);
        (theme, problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_theme_that_is_there_and_cannot_be_read_is_not_called_unknown() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("mine.toml"), b"\xff\xfe").unwrap();
        std::fs::create_dir(folder.path().join("inner")).unwrap();
        std::fs::write(folder.path().join("outer.toml"), "inherits = \"dark\"").unwrap();
        let told = |name: &str, folder: &Path| -> Vec<String> {
            let (_, problems) = load(name, Some(folder), Depth::True);
            problems.iter().map(ToString::to_string).collect()
        };
        let problems = told("mine", folder.path());
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].contains("mine.toml:1:1: cannot be read: "), "{problems:?}");
        assert!(told("none", folder.path())[0].contains("unknown theme"));
        // A name is no way out of the folder.
        let problems = told("../outer", &folder.path().join("inner"));
        assert!(problems[0].contains("unknown theme"), "{problems:?}");
    }

    #[test]
    fn what_is_no_color_is_told_with_what_is_one() {
        let told = |text: &str| read(text).1.join("; ");
        assert!(told("[roles]\ntext = \"rde\"").contains("did you mean `red`?"));
        assert!(told("[roles]\ntext = \"rde\"").contains("one of default, black, red, green"));
        let found = "mine.toml:2:15: expected a color in quotes, found integer";
        assert_eq!(told("[roles]\ntext = { fg = 3 }"), found);
    }

    #[test]
    fn a_theme_says_only_what_it_changes() {
        let (theme, problems) = read("inherits = \"dark\"\n[roles]\ntext = \"#010203\"\n");
        assert_eq!(problems, [""; 0]);
        assert_eq!(theme.style(Role::Text).fg, Some(Color::Rgb(1, 2, 3)));
        assert_eq!(
            theme.style(Role::Muted),
            Theme::builtin("dark", Depth::True).style(Role::Muted)
        );
    }

    #[test]
    fn a_palette_alone_recolors_what_is_inherited() {
        let (theme, _) = read("inherits = \"dark\"\n[palette]\nred = \"#0a0b0c\"\n");
        let fgs: Vec<_> = Role::ALL.iter().filter_map(|role| theme.style(*role).fg).collect();
        assert!(fgs.contains(&Color::Rgb(10, 11, 12)));
    }

    #[test]
    fn a_mistake_names_its_place_and_costs_one_role() {
        let (theme, problems) = read(
            "inherits = \"dark\"\n[roles]\ntxet = \"red\"\ntext = \"rde\"\nmuted = { fg = \"red\", modifiers = [\"blod\"] }\n",
        );
        assert_eq!(theme.style(Role::Text), Theme::builtin("dark", Depth::True).style(Role::Text));
        assert!(
            problems[1].starts_with("mine.toml:4:8: unknown color `rde`; did you mean `red`?"),
            "{problems:#?}"
        );
        assert!(
            problems
                .iter()
                .any(|p| p.starts_with("mine.toml:3:1: unknown role `txet`; did you mean `text`?")),
            "{problems:#?}"
        );
        assert!(
            problems.iter().any(|p| p.contains("unknown modifier `blod`; did you mean `bold`?")),
            "{problems:#?}"
        );
    }

    #[test]
    fn broken_toml_is_told_and_the_rest_is_used() {
        let (_, problems) = read("inherits = \"dark\"\n[roles\ntext = \"red\"\n");
        assert!(problems[0].starts_with("mine.toml:2:"), "{problems:#?}");
    }

    #[test]
    fn an_unknown_theme_is_told() {
        let (_, problems) = resolve("drak", &|_| None, Depth::True);
        assert!(problems[0].what.contains("did you mean `dark`?"));
    }

    #[test]
    fn a_circle_of_themes_ends() {
        let own = |name: &str| Some((name.to_owned(), format!("inherits = \"{name}x\"")));
        let (_, problems) = resolve("a", &own, Depth::True);
        assert!(problems.iter().any(|p| p.what.contains("circle")), "{problems:?}");
    }

    #[test]
    fn without_color_no_color_is_used() {
        for (name, _) in BUILTIN {
            let theme = Theme::builtin(name, Depth::None);
            for role in Role::ALL {
                let style = theme.style(*role);
                assert_eq!((style.fg, style.bg), (None, None), "{name} {}", role.name());
            }
        }
    }

    #[test]
    fn sixteen_colors_use_the_authors_choice() {
        let theme = Theme::builtin("dark", Depth::Ansi);
        assert_eq!(theme.style(Role::Screen).bg, Some(Color::Reset));
    }
}
