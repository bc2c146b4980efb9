//! How many colors a terminal has, and the nearest color it can show.

use ratatui::style::Color;

/// The colors a terminal can show, fewest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// No color at all (`NO_COLOR`, `TERM=dumb`, a monochrome terminal): bold, dim, underline and reverse remain.
    None,
    /// The terminal's own 16 colors.
    Ansi,
    /// The 256 colors of xterm.
    Indexed,
    /// 24 bits.
    True,
}

impl Depth {
    /// Reads the depth from the environment, given as a function from a name to its value.
    ///
    /// `NO_COLOR` counts when it is not empty (no-color.org).
    pub fn detect(variable: impl Fn(&str) -> Option<String>) -> Self {
        let value = |name| variable(name).unwrap_or_default();
        let term = value("TERM");
        if !value("NO_COLOR").is_empty() || term == "dumb" || term.ends_with("-m") {
            return Self::None;
        }
        if matches!(term.as_str(), "vt100" | "vt102" | "vt220" | "vt320") {
            return Self::None;
        }
        let truecolor = ["kitty", "alacritty", "ghostty", "foot", "wezterm", "direct", "contour"];
        if matches!(value("COLORTERM").as_str(), "truecolor" | "24bit")
            || !value("WT_SESSION").is_empty()
            || truecolor.iter().any(|name| term.contains(name))
        {
            return Self::True;
        }
        if term.contains("256") { Self::Indexed } else { Self::Ansi }
    }

    /// The nearest color that this depth can show. Named colors stay: they are the terminal's own.
    pub fn fit(self, color: Color) -> Option<Color> {
        match (self, color) {
            (Self::None, _) => None,
            (Self::Indexed, Color::Rgb(r, g, b)) => Some(Color::Indexed(nearest_256(r, g, b))),
            (Self::Ansi, Color::Rgb(r, g, b)) => Some(nearest_16(r, g, b)),
            (Self::Ansi, Color::Indexed(index)) if index > 15 => {
                let (r, g, b) = rgb_of_256(index);
                Some(nearest_16(r, g, b))
            }
            _ => Some(color),
        }
    }
}

/// The steps of xterm's color cube.
const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];

/// The nearest of xterm's 240 fixed colors; the first 16 are the user's and may look like anything.
fn nearest_256(r: u8, g: u8, b: u8) -> u8 {
    (16..=255u8)
        .min_by_key(|index| {
            let (cr, cg, cb) = rgb_of_256(*index);
            distance((r, g, b), (cr, cg, cb))
        })
        .unwrap_or(16)
}

/// What xterm shows for one of its 240 fixed colors.
fn rgb_of_256(index: u8) -> (u8, u8, u8) {
    if index >= 232 {
        let gray = 8 + 10 * (index - 232);
        return (gray, gray, gray);
    }
    let cube = index.saturating_sub(16);
    let step = |n: u8| STEPS.get(usize::from(n % 6)).copied().unwrap_or(0);
    (step(cube / 36), step(cube / 6), step(cube))
}

/// The 16 colors as most terminals show them; only used to choose among them.
const ANSI: [(Color, (u8, u8, u8)); 16] = [
    (Color::Black, (0, 0, 0)),
    (Color::Red, (205, 49, 49)),
    (Color::Green, (13, 188, 121)),
    (Color::Yellow, (200, 180, 16)),
    (Color::Blue, (36, 114, 200)),
    (Color::Magenta, (188, 63, 188)),
    (Color::Cyan, (17, 168, 205)),
    (Color::Gray, (204, 204, 204)),
    (Color::DarkGray, (102, 102, 102)),
    (Color::LightRed, (241, 76, 76)),
    (Color::LightGreen, (35, 209, 139)),
    (Color::LightYellow, (245, 245, 67)),
    (Color::LightBlue, (59, 142, 234)),
    (Color::LightMagenta, (214, 112, 214)),
    (Color::LightCyan, (41, 184, 219)),
    (Color::White, (255, 255, 255)),
];

fn nearest_16(r: u8, g: u8, b: u8) -> Color {
    ANSI.iter()
        .min_by_key(|(_, rgb)| distance((r, g, b), *rgb))
        .map_or(Color::Reset, |(color, _)| *color)
}

/// Squared distance weighted roughly as the eye does.
fn distance(a: (u8, u8, u8), b: (u8, u8, u8)) -> u32 {
    let square = |x: u8, y: u8| u32::from(x.abs_diff(y)).pow(2);
    2 * square(a.0, b.0) + 4 * square(a.1, b.1) + 3 * square(a.2, b.2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(environment: &[(&str, &str)], expected: Depth) {
        let found = Depth::detect(|name| {
            environment.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        });
        assert_eq!(found, expected, "{environment:?}");
    }

    #[test]
    fn the_depth_is_read_from_the_environment() {
        check(&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")], Depth::True);
        check(&[("TERM", "xterm-256color"), ("COLORTERM", "24bit")], Depth::True);
        check(&[("TERM", "xterm-kitty")], Depth::True);
        check(&[("TERM", "xterm-256color")], Depth::Indexed);
        check(&[("TERM", "tmux-256color")], Depth::Indexed);
        check(&[("TERM", "screen")], Depth::Ansi);
        check(&[("TERM", "linux")], Depth::Ansi);
        check(&[("TERM", "xterm")], Depth::Ansi);
        check(&[], Depth::Ansi);
        check(&[("TERM", "dumb"), ("COLORTERM", "truecolor")], Depth::None);
        check(&[("TERM", "vt220")], Depth::None);
        check(&[("TERM", "linux-m")], Depth::None);
        check(&[("TERM", "xterm-256color"), ("NO_COLOR", "1")], Depth::None);
        check(&[("TERM", "xterm-256color"), ("NO_COLOR", "")], Depth::Indexed);
    }

    #[test]
    fn a_color_becomes_the_nearest_one_the_terminal_has() {
        let orange = Color::Rgb(255, 135, 0);
        assert_eq!(Depth::True.fit(orange), Some(orange));
        assert_eq!(Depth::Indexed.fit(orange), Some(Color::Indexed(208)));
        assert_eq!(Depth::None.fit(orange), None);
        assert_eq!(Depth::Ansi.fit(Color::Rgb(250, 80, 80)), Some(Color::LightRed));
        assert_eq!(Depth::Ansi.fit(Color::Indexed(196)), Some(Color::Red));
        assert_eq!(Depth::Indexed.fit(Color::Rgb(0x1c, 0x1c, 0x1c)), Some(Color::Indexed(234)));
    }

    #[test]
    fn the_terminals_own_colors_stay() {
        for depth in [Depth::Ansi, Depth::Indexed, Depth::True] {
            assert_eq!(depth.fit(Color::LightRed), Some(Color::LightRed));
            assert_eq!(depth.fit(Color::Reset), Some(Color::Reset));
            assert_eq!(depth.fit(Color::Indexed(9)), Some(Color::Indexed(9)));
        }
    }
}
