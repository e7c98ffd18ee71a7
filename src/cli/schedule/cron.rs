//! A cron expression: five fields, or a word such as `@daily`.
//!
//! In: what `--cron` was given. Out: when it is, or every mistake in it, each at its place. What crons read differently is
//! refused, so that one expression means the same whichever scheduler runs it.

use crate::cli::schedule::field::{Field, KINDS, read};
use crate::diagnostic::{Code, Diagnostic, near_name};
use crate::source::{SourceFile, Span};

/// Words for whole expressions.
const WORDS: [(&str, &str); 7] = [
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
];

/// The most days that a month has, from January on.
const LONGEST: [u8; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/// When something is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cron {
    /// The minutes of an hour.
    pub(super) minute: Field,
    /// The hours of a day.
    pub(super) hour: Field,
    /// The days of a month.
    pub(super) day: Field,
    /// The months of a year.
    pub(super) month: Field,
    /// The days of a week. When both kinds of days are restricted, a day needs to be of one of them only.
    pub(super) weekday: Field,
}

impl Cron {
    /// The five fields as every cron reads them.
    pub(super) fn written(&self) -> String {
        let Self { minute, hour, day, month, weekday } = self;
        [minute, hour, day, month, weekday].map(|field| field.written.as_str()).join(" ")
    }

    /// Whether a day may be of the month's days or of the week's.
    pub(super) const fn is_either_day(&self) -> bool {
        !self.day.is_any && !self.weekday.is_any
    }
}

/// Reads an expression.
///
/// # Errors
/// Every mistake in it.
pub(super) fn parse(text: &str) -> Result<Cron, Vec<Diagnostic>> {
    let file = SourceFile::new("--cron", text);
    let words = words(text);
    if let [(word, start)] = words.as_slice()
        && word.starts_with('@')
    {
        return match WORDS.iter().find(|(name, _)| word.eq_ignore_ascii_case(name)) {
            Some((_, fields)) => parse(fields),
            None => Err(vec![unknown_word(&file, word, *start)]),
        };
    }
    if words.len() != KINDS.len() {
        return Err(vec![wrong_count(&file, &words)]);
    }
    let (mut fields, mut mistakes) = (Vec::new(), Vec::new());
    for (word, kind) in words.iter().zip(&KINDS) {
        match read(&file, *word, kind) {
            Ok(field) => fields.push(field),
            Err(mistake) => mistakes.push(*mistake),
        }
    }
    let Ok([minute, hour, day, month, weekday]) = <[Field; 5]>::try_from(fields) else { return Err(mistakes) };
    let cron = Cron { minute, hour, day, month, weekday };
    let days = (words[2].1, words[4].1 + words[4].0.len());
    match unclear(&file, &cron, days).or_else(|| never(&file, &cron, days)) {
        Some(mistake) => Err(vec![mistake]),
        None => Ok(cron),
    }
}

/// The words of a text, each with its place.
fn words(text: &str) -> Vec<(&str, usize)> {
    let mut start = 0;
    let place = |part: &'_ str| {
        let at = start;
        start += part.len() + 1;
        at
    };
    let starts: Vec<usize> = text.split([' ', '\t']).map(place).collect();
    text.split([' ', '\t']).zip(starts).filter(|(word, _)| !word.is_empty()).collect()
}

fn unknown_word(file: &SourceFile, word: &str, start: usize) -> Diagnostic {
    let small = word.to_ascii_lowercase();
    let help = match near_name(&small, WORDS.iter().map(|(name, _)| *name)) {
        _ if small == "@reboot" => "it is no time; write when, such as `@daily` or `0 6 * * *`".to_owned(),
        Some(near) => format!("did you mean `{near}`?"),
        None => "write five fields, such as `0 6 * * *`, or `@daily`".to_owned(),
    };
    let span = Span::new(start, start + word.len());
    Diagnostic::new(Code::NOT_ALLOWED, file, span, format!("`{word}` can't be a schedule")).with_help(help)
}

fn wrong_count(file: &SourceFile, words: &[(&str, usize)]) -> Diagnostic {
    let many = words.len() > KINDS.len();
    let start = if many { words[KINDS.len()].1 } else { 0 };
    let count = if words.len() == 1 { "1 field".to_owned() } else { format!("{} fields", words.len()) };
    let help = if many {
        "leave out seconds and years; a name such as `sun` has no blanks in it"
    } else {
        "write minute, hour, day of the month, month and day of the week, such as `0 6 * * *`"
    };
    let message = format!("a schedule has 5 fields, and this has {count}");
    Diagnostic::new(Code::WRONG_FORM, file, Span::new(start, file.text().len()), message).with_help(help)
}

/// `*/2` beside a restricted day: cron runs on days that are both, Kubernetes on days that are either.
fn unclear(file: &SourceFile, cron: &Cron, (start, end): (usize, usize)) -> Option<Diagnostic> {
    let is_stepped = |field: &Field| field.begins_with_star && !field.is_any;
    if !cron.is_either_day() || !(is_stepped(&cron.day) || is_stepped(&cron.weekday)) {
        return None;
    }
    let spelled = |field: &Field, all: &str| field.written.replace('*', all);
    let help = format!(
        "for days that are either, write `{}` and `{}`; days that are both are no cron schedule",
        spelled(&cron.day, "1-31"),
        spelled(&cron.weekday, "0-6"),
    );
    let message = "schedulers differ on `*/n` beside another kind of day";
    Some(Diagnostic::new(Code::CONFLICT, file, Span::new(start, end), message).with_help(help))
}

/// A day that no month has.
fn never(file: &SourceFile, cron: &Cron, (start, _): (usize, usize)) -> Option<Diagnostic> {
    let has_month = |day: &u8| cron.month.values.iter().any(|month| *day <= LONGEST[usize::from(*month) - 1]);
    if !cron.weekday.is_any || cron.day.values.iter().any(has_month) {
        return None;
    }
    let end = start + file.text()[start..].find([' ', '\t']).unwrap_or(1);
    let message = format!("no month of `{}` has a day `{}`", cron.month.written, cron.day.written);
    Some(Diagnostic::new(Code::CONFLICT, file, Span::new(start, end), message).with_help("it would never be run"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> String {
        parse(text).unwrap_or_else(|mistakes| panic!("{text}: {mistakes:#?}")).written()
    }

    fn told(text: &str) -> Vec<(String, String)> {
        let mistakes = parse(text).expect_err(text);
        let one = |mistake: &Diagnostic| (mistake.file.slice(mistake.span).to_owned(), mistake.message.clone());
        mistakes.iter().map(one).collect()
    }

    #[test]
    fn names_words_and_the_second_sunday_are_written_as_every_cron_reads_them() {
        for (text, plain) in [
            ("0 6 * * *", "0 6 * * *"),
            (" 0\t6  * * MON-Fri ", "0 6 * * 1-5"),
            ("*/15 8-18/2 1,15 jan,JUL *", "*/15 8-18/2 1,15 1,7 *"),
            ("0 0 * * 7", "0 0 * * 0"),
            ("0 0 * * 5-7", "0 0 * * 0,5,6"),
            ("0 0 * * 0-7", "0 0 * * 0,1,2,3,4,5,6"),
            ("0 0 * * */2", "0 0 * * */2"),
            ("0 0 29 2 *", "0 0 29 2 *"),
            ("0 0 31 2 mon", "0 0 31 2 1"),
            ("@Daily", "0 0 * * *"),
            ("@weekly", "0 0 * * 0"),
        ] {
            assert_eq!(written(text), plain, "{text}");
        }
    }

    #[test]
    fn every_mistake_is_told_at_its_place() {
        for (text, place, message) in [
            ("60 * * * *", "60", "`60` is no minute"),
            ("0 24 * * *", "24", "`24` is no hour"),
            ("0 0 0 * *", "0", "`0` is no day of the month"),
            ("0 0 * 13 *", "13", "`13` is no month"),
            ("0 0 * * 8", "8", "`8` is no day of the week"),
            ("0 0 * jum *", "jum", "`jum` is no month"),
            ("0 0 L * *", "L", "`L` is no day of the month"),
            ("0 0 ? * *", "?", "`?` is no day of the month"),
            ("1,,2 * * * *", ",", "a minute is missing beside the comma"),
            ("1- * * * *", " ", "a minute is missing"),
            ("30-10 * * * *", "30-10", "the range `30-10` runs backwards"),
            ("5/10 * * * *", "5/10", "a step needs a range before it"),
            ("*/0 * * * *", "0", "`0` can't be the step of a minute"),
            ("*/x * * * *", "x", "`x` can't be the step of a minute"),
            ("+5 * * * *", "+5", "`+5` is no minute"),
            ("0 6 * *", "0 6 * *", "a schedule has 5 fields, and this has 4 fields"),
            ("0 0 6 * * *", "*", "a schedule has 5 fields, and this has 6 fields"),
            ("", "", "a schedule has 5 fields, and this has 0 fields"),
            ("@reboot", "@reboot", "`@reboot` can't be a schedule"),
            ("0 0 30,31 2 *", "30,31", "no month of `2` has a day `30,31`"),
            ("0 0 */2 * 1", "*/2 * 1", "schedulers differ on `*/n` beside another kind of day"),
            ("0 0 ü * *", "ü", "`ü` is no day of the month"),
        ] {
            assert_eq!(told(text), [(place.to_owned(), message.to_owned())], "{text}");
        }
        assert_eq!(told("60 24 * * *").len(), 2);
    }
}
