//! One field of a cron expression: from its text to the values it stands for.
//!
//! In: a word with its place. Out: the values, and the field written so that every cron reads it alike: numbers only, and
//! Sunday as 0. Names in lists, `7`, and `5-7` are read by some crons only.

use std::collections::BTreeSet;

use crate::diagnostic::{Code, Diagnostic, near_name};
use crate::source::{SourceFile, Span};

/// What a field is about.
#[derive(Debug)]
pub(super) struct Kind {
    /// What messages call a value of it.
    pub(super) noun: &'static str,
    least: u8,
    most: u8,
    /// Names of the values, from `least` on.
    names: &'static [&'static str],
}

/// The five fields, in order.
pub(super) const KINDS: [Kind; 5] = [
    Kind { noun: "minute", least: 0, most: 59, names: &[] },
    Kind { noun: "hour", least: 0, most: 23, names: &[] },
    Kind { noun: "day of the month", least: 1, most: 31, names: &[] },
    Kind {
        noun: "month",
        least: 1,
        most: 12,
        names: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
    },
    Kind { noun: "day of the week", least: 0, most: 7, names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"] },
];

/// The days of the week end where the hours begin anew: 7 is Sunday, too.
const SUNDAY_AGAIN: u8 = 7;

/// A field that could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    /// The values it stands for; Sunday is 0.
    pub(super) values: BTreeSet<u8>,
    /// Whether it is `*`.
    pub(super) is_any: bool,
    /// Whether it begins with `*`, such as `*/2`.
    pub(super) begins_with_star: bool,
    /// As every cron reads it.
    pub(super) written: String,
}

/// Reads a field; `start` is where it stands in the file.
pub(super) fn read(file: &SourceFile, (text, start): (&str, usize), kind: &Kind) -> Result<Field, Box<Diagnostic>> {
    let mut field = Field {
        values: BTreeSet::new(),
        is_any: text == "*",
        begins_with_star: text.starts_with('*'),
        written: String::new(),
    };
    let mut at = start;
    for item in text.split(',') {
        let reading = Reading { file, kind, item, at };
        let (values, written) = reading.item()?;
        field.values.extend(values);
        if !field.written.is_empty() {
            field.written.push(',');
        }
        field.written.push_str(&written);
        at += item.len() + 1;
    }
    Ok(field)
}

/// One item of the list that a field is.
struct Reading<'a> {
    file: &'a SourceFile,
    kind: &'a Kind,
    item: &'a str,
    at: usize,
}

impl Reading<'_> {
    fn item(&self) -> Result<(BTreeSet<u8>, String), Box<Diagnostic>> {
        let Kind { least, most, .. } = *self.kind;
        if self.item.is_empty() {
            let message = format!("a {} is missing beside the comma", self.kind.noun);
            return Err(Box::new(self.mistake(Code::WRONG_FORM, (0, 1), message)));
        }
        let (range, step) = match self.item.split_once('/') {
            Some((range, step)) => (range, Some((step, range.len() + 1))),
            None => (self.item, None),
        };
        let step = step.map(|(text, from)| self.step(text, from)).transpose()?;
        if range == "*" {
            let last = if most == SUNDAY_AGAIN { most - 1 } else { most };
            let values = (least..=last).step_by(step.unwrap_or(1).into()).collect();
            return Ok((values, self.item.to_owned()));
        }
        Ok(self.spelled(self.range(range, step)?, step))
    }

    /// The first and the last value of `a-b`, or twice the same of `a`.
    fn range(&self, range: &str, step: Option<u8>) -> Result<(u8, u8), Box<Diagnostic>> {
        let Kind { least, most, .. } = *self.kind;
        let Some((first, last)) = range.split_once('-') else {
            let only = self.value(range, 0)?;
            let Some(step) = step else { return Ok((only, only)) };
            let mistake = self.mistake(Code::WRONG_FORM, (0, self.item.len()), "a step needs a range before it");
            return Err(Box::new(mistake.with_help(format!("write `{only}-{most}/{step}`"))));
        };
        let (first, last) = (self.value(first, 0)?, self.value(last, first.len() + 1)?);
        if last < first {
            let help = format!("write `{first}-{most},{least}-{last}`");
            let message = format!("the range `{range}` runs backwards");
            return Err(Box::new(self.mistake(Code::WRONG_FORM, (0, range.len()), message).with_help(help)));
        }
        Ok((first, last))
    }

    /// The values of a range, and how it is written.
    fn spelled(&self, (first, last): (u8, u8), step: Option<u8>) -> (BTreeSet<u8>, String) {
        let stepped = (first..=last).step_by(step.unwrap_or(1).into());
        if self.kind.most == SUNDAY_AGAIN && last == SUNDAY_AGAIN {
            let values: BTreeSet<u8> = stepped.map(|day| day % SUNDAY_AGAIN).collect();
            let written: Vec<String> = values.iter().map(u8::to_string).collect();
            return (values, written.join(","));
        }
        let written = match (first == last, step) {
            (true, _) => first.to_string(),
            (false, None) => format!("{first}-{last}"),
            (false, Some(step)) => format!("{first}-{last}/{step}"),
        };
        (stepped.collect(), written)
    }

    fn step(&self, text: &str, from: usize) -> Result<u8, Box<Diagnostic>> {
        let step = text.parse::<u8>().ok().filter(|_| is_number(text));
        step.filter(|step| (1..=self.kind.most).contains(step)).ok_or_else(|| {
            let message = format!("`{text}` can't be the step of a {}", self.kind.noun);
            let help = format!("write a number from 1 to {}, such as `*/2`", self.kind.most);
            Box::new(self.mistake(Code::OUT_OF_RANGE, (from, text.len().max(1)), message).with_help(help))
        })
    }

    fn value(&self, text: &str, from: usize) -> Result<u8, Box<Diagnostic>> {
        let Kind { noun, least, most, names } = *self.kind;
        let small = text.to_ascii_lowercase();
        if let Some(place) = names.iter().position(|name| *name == small) {
            return Ok(least + u8::try_from(place).unwrap_or_default());
        }
        let number = text.parse::<u8>().ok().filter(|_| is_number(text));
        if let Some(number) = number.filter(|number| (least..=most).contains(number)) {
            return Ok(number);
        }
        let near = near_name(&small, names.iter().copied()).filter(|_| !is_number(text));
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None if names.is_empty() => format!("write a number from {least} to {most}"),
            None => format!("write a number from {least} to {most}, or a name such as `{}`", names[1]),
        };
        let code = if is_number(text) { Code::OUT_OF_RANGE } else { Code::WRONG_FORM };
        let message = if text.is_empty() { format!("a {noun} is missing") } else { format!("`{text}` is no {noun}") };
        Err(Box::new(self.mistake(code, (from, text.len().max(1)), message).with_help(help)))
    }

    fn mistake(&self, code: Code, (from, length): (usize, usize), message: impl Into<String>) -> Diagnostic {
        let start = self.at + from;
        let end = (start + length).min(self.file.text().len()).max(start);
        Diagnostic::new(code, self.file, Span::new(start, end), message)
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
