//! Colors by role: widgets name a [`Role`], a theme says how it looks, and [`Depth`] fits that to the terminal.
//!
//! Themes are TOML files (`themes/`, or the user's own); a theme names colors in a palette and inherits what it does
//! not say. No color is written anywhere else in the program.

mod depth;
mod load;
mod problem;
mod role;

pub use depth::Depth;
pub use load::{BUILTIN, load, name_problem};
pub use problem::{Page, Problem, no_plain_file, read_text, unknown, unread};
pub use role::Role;

use ratatui::style::{Color, Style};
use std::sync::Arc;

/// All roles with their looks, ready for one terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Theme {
    pub name: Arc<str>,
    /// In the order of [`Role::ALL`].
    styles: Arc<[Style]>,
}

impl Theme {
    /// How a role looks.
    pub fn style(&self, role: Role) -> Style {
        self.styles.get(role as usize).copied().unwrap_or_default()
    }

    /// A theme in which each role has its own indexed color, so that a test of painted cells lists roles.
    pub fn probe() -> Self {
        let styles =
            Role::ALL.iter().map(|role| Style::new().fg(Color::Indexed(*role as u8))).collect();
        Self { name: "probe".into(), styles }
    }

    /// One of the built-in themes ([`BUILTIN`]), fitted to a terminal; an unknown name gives `terminal`.
    pub fn builtin(name: &str, depth: Depth) -> Self {
        load::builtin(name, depth)
    }
}

impl Default for Theme {
    /// The theme that uses only the terminal's own 16 colors.
    fn default() -> Self {
        Self::builtin("terminal", Depth::Ansi)
    }
}
