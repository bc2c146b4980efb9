//! Every theme can be read by everyone: all roles are there, text has contrast, and rank does not depend on color.

use cadge::theme::{BUILTIN, Depth, Role, Theme};
use ratatui::style::{Color, Style};

/// Roles that are lines, or that need a background of another role; all others carry text.
const NO_TEXT: &[Role] = &[Role::Border, Role::BorderFocus];

fn brightness(color: Color) -> Option<f64> {
    let Color::Rgb(r, g, b) = color else { return None };
    let linear = |part: u8| {
        let part = f64::from(part) / 255.0;
        if part <= 0.03928 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    };
    Some(0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b))
}

/// The contrast of WCAG 2, when both colors are known.
fn contrast(fg: Color, bg: Color) -> Option<f64> {
    let (fg, bg) = (brightness(fg)?, brightness(bg)?);
    Some((fg.max(bg) + 0.05) / (fg.min(bg) + 0.05))
}

#[track_caller]
fn check_contrast(name: &str, least: f64) {
    let theme = Theme::builtin(name, Depth::True);
    let screen = theme.style(Role::Screen);
    let surfaces =
        [Role::Screen, Role::Selection, Role::SelectionIdle, Role::Overlay, Role::Header];
    for role in Role::ALL.iter().filter(|role| !NO_TEXT.contains(role)) {
        let style = theme.style(*role);
        let fg = style.fg.or(screen.fg).unwrap();
        let own = style.bg.into_iter();
        let under = surfaces.iter().filter_map(|role| theme.style(*role).bg);
        let grounds: Vec<Color> = if style.bg.is_some() { own.collect() } else { under.collect() };
        for bg in grounds {
            let found = contrast(fg, bg).unwrap();
            assert!(found >= least, "{name}: {} has {found:.2} on {bg:?}", role.name());
        }
    }
}

#[test]
fn text_has_contrast_on_every_surface() {
    check_contrast("dark", 4.5);
    check_contrast("light", 4.5);
    check_contrast("high-contrast", 7.0);
}

#[test]
fn every_role_has_a_look_in_every_theme() {
    for (name, text) in BUILTIN {
        let (_, problems) = cadge::theme::load(name, None, Depth::True);
        assert!(problems.is_empty(), "{problems:?}");
        if name == "terminal" {
            for role in Role::ALL {
                assert!(text.contains(&format!("\n{} = ", role.name())), "{name}: {}", role.name());
            }
        }
    }
}

#[test]
fn the_terminal_theme_uses_only_the_terminals_own_colors() {
    let theme = Theme::builtin("terminal", Depth::True);
    for role in Role::ALL {
        let style = theme.style(*role);
        for color in [style.fg, style.bg].into_iter().flatten() {
            let is_own = !matches!(color, Color::Rgb(..) | Color::Indexed(16..));
            assert!(is_own, "{}: {color:?}", role.name());
        }
    }
}

#[test]
fn what_must_stand_out_does_so_without_color() {
    let theme = Theme::builtin("dark", Depth::None);
    let plain = theme.style(Role::Text);
    let stand_out = [
        Role::Selection,
        Role::MatchCurrent,
        Role::LevelCritical,
        Role::LevelHigh,
        Role::TabActive,
        Role::NoticeError,
        Role::RiskDestroysEvidence,
        Role::Hidden,
    ];
    for role in stand_out {
        assert_ne!(theme.style(role), plain, "{}", role.name());
    }
    assert_ne!(theme.style(Role::LevelCritical), theme.style(Role::LevelHigh));
}

#[test]
fn levels_and_priorities_differ_where_there_is_color() {
    let levels = [
        Role::LevelCritical,
        Role::LevelHigh,
        Role::LevelMedium,
        Role::LevelLow,
        Role::LevelBenign,
    ];
    for (name, _) in BUILTIN {
        for depth in [Depth::True, Depth::Indexed, Depth::Ansi] {
            let theme = Theme::builtin(name, depth);
            let looks: Vec<Style> = levels.iter().map(|role| theme.style(*role)).collect();
            for (i, look) in looks.iter().enumerate() {
                assert!(!looks[..i].contains(look), "{name} at {depth:?}: {}", levels[i].name());
            }
        }
    }
}
