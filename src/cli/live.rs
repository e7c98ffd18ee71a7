//! The line of progress at the bottom of a terminal.
//!
//! In: a line and how wide the terminal is now. Out: what to write so that it stands there in the place of the one before.
//! indicatif makes the drawing; it is written to memory, so that only the process's streams write to the terminal.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::cli::look::Side;

/// How often a drawing may change in a second; only events in a row would come faster.
const DRAWN_AT_MOST: u8 = 20;

/// The line.
#[derive(Debug)]
pub(super) struct Live {
    bar: ProgressBar,
    paper: Paper,
    side: Side,
}

impl Live {
    /// A line that nothing stands on.
    pub(super) fn new(side: Side) -> Self {
        let paper = Paper::default();
        let target = ProgressDrawTarget::term_like_with_hz(Box::new(paper.clone()), DRAWN_AT_MOST);
        let bar = ProgressBar::with_draw_target(None, target);
        let ticks = if side.is_unicode { "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ " } else { "|/-\\ " };
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
            bar.set_style(style.tick_chars(ticks));
        }
        Self { bar, paper, side }
    }

    /// What draws this line in a terminal of so many columns.
    pub(super) fn draw(&self, (head, does): (&str, &str), width: u16) -> String {
        self.paper.sheet().width = width;
        // The mark that turns, a gap, and the last column, in which a terminal may break the line.
        let room = usize::from(width).saturating_sub(3);
        self.bar.set_message(fitted((head, does), room, self.side.is_unicode));
        self.bar.tick();
        self.paper.take(self.side.colour)
    }

    /// What takes the line away; none when nothing is there.
    pub(super) fn clear(&self, width: u16) -> Option<String> {
        self.paper.sheet().width = width;
        self.paper.sheet().clear()
    }
}

/// What runs and what it does, in so many columns. What it does changes, so that of what runs more is cut off.
fn fitted((head, does): (&str, &str), columns: usize, is_unicode: bool) -> String {
    if does.is_empty() {
        return cut(head, columns, is_unicode);
    }
    let left = columns.saturating_sub(does.width() + 2).max(columns / 3);
    cut(&format!("{}: {does}", cut(head, left, is_unicode)), columns, is_unicode)
}

/// A text of at most so many columns; what is cut off leaves a mark.
fn cut(text: &str, columns: usize, is_unicode: bool) -> String {
    let line = text.replace(['\n', '\t'], " ");
    if line.width() <= columns {
        return line;
    }
    let mark = if is_unicode { "…" } else { "" };
    let mut left = columns.saturating_sub(mark.width());
    let fits = |c: &char| {
        let wide = c.width().unwrap_or_default();
        let fits = wide <= left;
        left = left.saturating_sub(wide);
        fits
    };
    let kept: String = line.chars().take_while(fits).collect();
    if columns == 0 { String::new() } else { format!("{kept}{mark}") }
}

/// What indicatif takes for a terminal.
#[derive(Debug, Clone, Default)]
struct Paper(Arc<Mutex<Sheet>>);

/// What was written on it, and what is to be seen of it.
#[derive(Debug, Default)]
struct Sheet {
    /// The newest line, until it is taken.
    line: Option<String>,
    width: u16,
    /// How many columns the line that stands on the terminal takes.
    shown: usize,
}

impl Sheet {
    /// Takes the line away, with all rows that it has by now: the terminal may have become narrower.
    fn clear(&mut self) -> Option<String> {
        let shown = std::mem::take(&mut self.shown);
        if shown == 0 {
            return None;
        }
        let above = shown.saturating_sub(1) / usize::from(self.width.max(1));
        let up = if above > 0 { format!("\x1b[{above}A") } else { String::new() };
        Some(format!("\r{up}\x1b[J"))
    }
}

impl Paper {
    fn sheet(&self) -> MutexGuard<'_, Sheet> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What puts the newest line in the place of the one before.
    fn take(&self, is_coloured: bool) -> String {
        let mut sheet = self.sheet();
        let Some(line) = sheet.line.take() else { return String::new() };
        let clear = sheet.clear().unwrap_or_default();
        sheet.shown = line.width();
        match line.split_once(' ').filter(|_| is_coloured) {
            Some((spinner, rest)) => format!("{clear}\x1b[36m{spinner}\x1b[0m {rest}"),
            None => clear + &line,
        }
    }
}

impl TermLike for Paper {
    fn width(&self) -> u16 {
        self.sheet().width
    }

    fn height(&self) -> u16 {
        1
    }

    /// There is one line only.
    fn move_cursor_up(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_down(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_right(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_left(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.write_str(text)
    }

    /// The spaces that fill the line up are left out: they would be rows of their own in a terminal that becomes narrower.
    fn write_str(&self, text: &str) -> io::Result<()> {
        if !text.trim().is_empty() {
            self.sheet().line = Some(text.to_owned());
        }
        Ok(())
    }

    /// The next line takes away what is there.
    fn clear_line(&self) -> io::Result<()> {
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Side = Side { colour: false, is_for_people: true, is_unicode: true, links: false };

    #[test]
    fn a_line_is_cut_by_the_columns_that_it_takes() {
        for (text, columns, expected) in [
            ("short", 5, "short"),
            ("longer", 5, "long…"),
            ("日本語", 6, "日本語"),
            ("日本語", 5, "日本…"),
            ("日本語", 4, "日…"),
            ("a\nb\tc", 9, "a b c"),
            ("abc", 1, "…"),
            ("abc", 0, ""),
        ] {
            assert_eq!(cut(text, columns, true), expected, "{text} {columns}");
            assert!(cut(text, columns, false).width() <= columns);
        }
    }

    #[test]
    fn what_a_step_does_is_seen_also_where_its_name_is_long() {
        let (head, does) = ("2/3 Load all the loans of this month", "running for 3s");
        for (columns, expected) in [
            (60, "2/3 Load all the loans of this month: running for 3s"),
            (40, "2/3 Load all the loans …: running for 3s"),
            (17, "2/3 …: running f…"),
            (3, "…: …"),
        ] {
            let line = fitted((head, does), columns, true);
            assert!(line == expected || columns == 3, "{line}");
            assert!(line.width() <= columns, "{line}");
        }
        assert_eq!(fitted((head, ""), 8, true), "2/3 Loa…");
    }

    #[test]
    fn a_line_takes_the_place_of_the_one_before_however_narrow_the_terminal_has_become() {
        let live = Live::new(PLAIN);
        let first = live.draw((&"x".repeat(55), "yyy"), 80);
        assert!(first.ends_with("xxx: yyy") && !first.contains('\x1b'), "{first:?}");
        assert_eq!(live.clear(20), Some("\r\x1b[3A\x1b[J".to_owned()));
        assert_eq!(live.clear(20), None);
    }
}
