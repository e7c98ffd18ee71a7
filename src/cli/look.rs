//! How what is printed looks: colours, marks, links, a line that moves.
//!
//! In: the environment, the terminals and `--color`. Out: a [`Look`] for each stream, worked out once. Everything here is a
//! habit that other programs share; the flag counts for more than any variable.

use clap::builder::FalseyValueParser;
use clap::{Args, ValueEnum};

use crate::cli::environment::Environment;

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum When {
    /// On a terminal, unless a variable says otherwise.
    #[default]
    Auto,
    /// Also in a file or a pipe.
    Always,
    /// Nowhere.
    Never,
}

/// What every command takes for its looks.
#[derive(Debug, Clone, Copy, Args)]
#[command(next_help_heading = None)]
pub(super) struct LookArgs {
    /// Print requests; -vv bodies, -vvv connections
    ///
    /// Each request with its answer; twice, with headers and bodies; three times, with connections. Credentials are
    /// never shown.
    #[arg(
        short,
        long,
        global = true,
        action = clap::ArgAction::Count,
        env = "MYAF_RUN_VERBOSE",
        hide_env = true
    )]
    pub(super) verbose: u8,

    /// When to colour: `NO_COLOR` and the like count with `auto`
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "WHEN",
        env = "MYAF_RUN_COLOR",
        hide_env = true,
        hide_short_help = true
    )]
    pub(super) color: Option<When>,

    /// The same as `--color never`
    #[arg(long, global = true, env = "MYAF_RUN_NO_COLOR", hide_env = true, hide_short_help = true, value_parser = FalseyValueParser::new())]
    pub(super) no_color: bool,
}

impl LookArgs {
    /// How things look with them.
    pub(super) fn look(self, environment: &Environment) -> Look {
        let when = match (self.color, self.no_color) {
            // A flag may contradict a variable, or another flag before it.
            (Some(_), true) => when_of_words(environment),
            (Some(when), false) => when,
            (None, true) => When::Never,
            (None, false) => When::Auto,
        };
        Look::of(environment, when, self.verbose)
    }
}

/// How one stream looks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is found out by itself")]
pub struct Side {
    /// Whether it is coloured.
    pub colour: bool,
    /// Whether it is a terminal that people look at and that can be drawn on.
    pub is_for_people: bool,
    /// Whether characters beyond ASCII are shown on it.
    pub is_unicode: bool,
    /// Whether words on it can be links.
    pub links: bool,
}

/// How both streams look, and how much is told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Look {
    /// Results.
    pub out: Side,
    /// Everything else.
    pub err: Side,
    /// How often `-v` was given.
    pub verbosity: u8,
}

impl Look {
    /// How things look here.
    pub(super) fn of(environment: &Environment, when: When, verbosity: u8) -> Self {
        let side = |is_terminal: bool| {
            let is_for_people = is_terminal && is_for_people(environment);
            Side {
                colour: is_coloured(environment, is_for_people, when),
                is_for_people,
                is_unicode: is_unicode(environment),
                links: has_links(environment, is_for_people),
            }
        };
        let terminals = environment.terminals;
        Self { out: side(terminals.stdout), err: side(terminals.stderr), verbosity }
    }

    /// The same for a command line that can't be read: what it says of colours all the same.
    pub(super) fn of_words(environment: &Environment) -> Self {
        Self::of(environment, when_of_words(environment), 0)
    }
}

/// The last flag counts, then the variables of `--color` and `--no-color`.
fn when_of_words(environment: &Environment) -> When {
    let words: Vec<&str> = environment.args.iter().filter_map(|word| word.to_str()).collect();
    let asked = words.iter().enumerate().rev().find_map(|(at, word)| match *word {
        "--no-color" => Some("never"),
        "--color" => words.get(at + 1).copied(),
        word => word.strip_prefix("--color="),
    });
    let no_color = environment.var("MYAF_RUN_NO_COLOR").is_some_and(|value| !is_no(value));
    match asked.or(environment.var("MYAF_RUN_COLOR")) {
        Some("never") => When::Never,
        Some("always") => When::Always,
        None if no_color => When::Never,
        Some(_) | None => When::Auto,
    }
}

/// Whether a terminal is one that people look at and that can be drawn on: no `TERM=dumb`, and no log of CI.
fn is_for_people(environment: &Environment) -> bool {
    environment.var("TERM").map_or(cfg!(windows), |term| term != "dumb")
        && environment.var("CI").is_none_or(|ci| ci == "false")
}

/// The flag, then `NO_COLOR`, `FORCE_COLOR`, `CLICOLOR_FORCE`, `CLICOLOR`, then the terminal.
fn is_coloured(environment: &Environment, is_for_people: bool, when: When) -> bool {
    let is_off = |name| environment.var(name).is_some_and(is_no);
    let is_on = |name| environment.var(name).is_some_and(|value| !is_no(value));
    match when {
        When::Always => true,
        When::Never => false,
        When::Auto if environment.var("NO_COLOR").is_some() || is_off("FORCE_COLOR") => false,
        When::Auto if is_on("FORCE_COLOR") || is_on("CLICOLOR_FORCE") => true,
        When::Auto => is_for_people && !is_off("CLICOLOR"),
    }
}

fn is_no(value: &str) -> bool {
    matches!(value, "0" | "false")
}

/// Whether the locale is one of UTF-8; where there is no locale to ask, whether terminals usually are.
fn is_unicode(environment: &Environment) -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| environment.var(name));
    locale.map_or(cfg!(any(windows, target_os = "macos")), |locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

/// Whether the terminal is known to make links of words; `FORCE_HYPERLINK` knows better.
fn has_links(environment: &Environment, is_for_people: bool) -> bool {
    const PROGRAMS: [&str; 8] = ["iTerm.app", "WezTerm", "vscode", "ghostty", "Hyper", "Tabby", "rio", "WarpTerminal"];
    const TERMS: [&str; 8] =
        ["xterm-kitty", "alacritty", "foot", "foot-extra", "xterm-ghostty", "contour", "wezterm", "rio"];
    if let Some(forced) = environment.var("FORCE_HYPERLINK") {
        return !is_no(forced);
    }
    let is = |name: &str, known: &[&str]| environment.var(name).is_some_and(|value| known.contains(&value));
    let least = |name: &str, least: u32| {
        environment.var(name).and_then(|value| value.parse().ok()).is_some_and(|version: u32| version >= least)
    };
    // Between us and the terminal stands one that may not pass links on.
    let term = environment.var("TERM").unwrap_or_default();
    let is_wrapped = term.starts_with("screen") || term.starts_with("tmux");
    let is_known = is("TERM_PROGRAM", &PROGRAMS)
        || is("TERM", &TERMS)
        || least("VTE_VERSION", 5000)
        || least("KONSOLE_VERSION", 201_200)
        || environment.var("WT_SESSION").is_some();
    is_for_people && is_known && !is_wrapped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)]) -> Environment {
        let vars = pairs.iter().map(|(name, value)| (name.into(), value.into()));
        Environment::new(vars, Vec::new(), "/".into())
    }

    fn colour(pairs: &[(&str, &str)], is_terminal: bool, when: When) -> bool {
        let environment = of(pairs);
        is_coloured(&environment, is_terminal && is_for_people(&environment), when)
    }

    #[test]
    fn the_flag_counts_for_more_than_any_variable_and_no_for_more_than_yes() {
        const XTERM: (&str, &str) = ("TERM", "xterm");
        type Row = (&'static [(&'static str, &'static str)], bool, When, bool);
        let table: [Row; 19] = [
            (&[XTERM], true, When::Auto, true),
            (&[XTERM], false, When::Auto, false),
            (&[XTERM], true, When::Never, false),
            (&[("NO_COLOR", "1")], false, When::Always, true),
            (&[XTERM, ("NO_COLOR", "1")], true, When::Auto, false),
            (&[XTERM, ("NO_COLOR", "0")], true, When::Auto, false),
            (&[XTERM, ("NO_COLOR", "")], true, When::Auto, true),
            (&[XTERM, ("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], true, When::Auto, false),
            (&[("CLICOLOR_FORCE", "1")], false, When::Auto, true),
            (&[("CLICOLOR_FORCE", "0")], false, When::Auto, false),
            (&[("FORCE_COLOR", "1")], false, When::Auto, true),
            (&[("FORCE_COLOR", "3"), ("CLICOLOR", "0")], false, When::Auto, true),
            (&[XTERM, ("FORCE_COLOR", "0")], true, When::Auto, false),
            (&[XTERM, ("CLICOLOR", "0")], true, When::Auto, false),
            (&[XTERM, ("CLICOLOR", "1")], true, When::Auto, true),
            (&[XTERM, ("CI", "true")], true, When::Auto, false),
            (&[XTERM, ("CI", "false")], true, When::Auto, true),
            (&[("TERM", "dumb")], true, When::Auto, false),
            (&[], true, When::Auto, cfg!(windows)),
        ];
        for (pairs, is_terminal, when, expected) in table {
            assert_eq!(colour(pairs, is_terminal, when), expected, "{pairs:?} {is_terminal} {when:?}");
        }
    }

    #[test]
    fn marks_need_a_locale_of_utf_8() {
        for (pairs, expected) in [
            (&[("LANG", "en_GB.UTF-8")][..], true),
            (&[("LC_ALL", "C.utf8"), ("LANG", "C")], true),
            (&[("LC_ALL", "C"), ("LANG", "en_GB.UTF-8")], false),
            (&[("LC_CTYPE", "UTF-8")], true),
            (&[("LANG", "de_DE.ISO-8859-1")], false),
        ] {
            assert_eq!(is_unicode(&of(pairs)), expected, "{pairs:?}");
        }
    }

    #[test]
    fn links_are_for_terminals_that_are_known_to_have_them() {
        for (pairs, is_terminal, expected) in [
            (&[("TERM", "xterm-kitty")][..], true, true),
            (&[("TERM", "xterm-kitty")], false, false),
            (&[("TERM", "xterm-256color")], true, false),
            (&[("TERM", "xterm-256color"), ("VTE_VERSION", "7203")], true, true),
            (&[("TERM", "xterm-256color"), ("VTE_VERSION", "4000")], true, false),
            (&[("TERM", "xterm-256color"), ("TERM_PROGRAM", "iTerm.app")], true, true),
            (&[("TERM", "screen-256color"), ("VTE_VERSION", "7203")], true, false),
            (&[("TERM", "xterm"), ("FORCE_HYPERLINK", "1")], false, true),
            (&[("TERM", "xterm-kitty"), ("FORCE_HYPERLINK", "0")], true, false),
        ] {
            assert_eq!(has_links(&of(pairs), is_terminal), expected, "{pairs:?}");
        }
    }

    #[test]
    fn a_command_line_that_cannot_be_read_still_says_when_to_colour() {
        for (words, vars, expected) in [
            (&["--color", "always", "--nonsense"][..], &[][..], true),
            (&["--color=always"], &[("NO_COLOR", "1")][..], true),
            (&["--color=always", "--no-color"], &[], false),
            (&["--color"], &[], false),
            (&[], &[("MYAF_RUN_COLOR", "always")], true),
            (&[], &[("MYAF_RUN_COLOR", "always"), ("MYAF_RUN_NO_COLOR", "0")], true),
        ] {
            let mut environment = of(vars);
            environment.args = words.iter().map(Into::into).collect();
            assert_eq!(Look::of_words(&environment).err.colour, expected, "{words:?} {vars:?}");
        }
    }
}
