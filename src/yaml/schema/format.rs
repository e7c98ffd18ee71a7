//! The forms of a text that `format` names, as far as every Airflow judges them alike.
//!
//! In: the name of a form and a text. Out: the mistake. Python's `jsonschema`, which Airflow asks, knows more forms when
//! further packages are there: `date-time` is judged by the stock 2.11 and not by 3.3, so it is not judged here.

use std::net::{Ipv4Addr, Ipv6Addr};

use jiff::civil::Date;

use super::walk::{Place, Rule, Walk};
use crate::diagnostic::{Code, Diagnostic, quote};

/// The keyword under which the walker judges a form; `format` itself it does not heed.
pub(super) const WORD: &str = "x-format";

/// Forms with the words for them.
const JUDGED: [(&str, &str); 5] = [
    ("date", "a date such as 2026-10-31"),
    ("time", "a time such as 06:30:00"),
    ("email", "an e-mail address"),
    ("ipv4", "an address such as 192.0.2.1"),
    ("ipv6", "an address such as 2001:db8::1"),
];

/// Forms that some Airflow judges, by itself or by a package.
const JUDGED_BY_SOME: [&str; 16] = [
    "color",
    "date-time",
    "duration",
    "hostname",
    "idn-email",
    "idn-hostname",
    "iri",
    "iri-reference",
    "json-pointer",
    "regex",
    "relative-json-pointer",
    "uri",
    "uri-reference",
    "uri-template",
    "uuid",
    "ip-address",
];

/// Whether a form is judged here.
pub(super) fn is_judged(name: &str) -> bool {
    JUDGED.iter().any(|(judged, _)| *judged == name)
}

/// Whether a form that is not judged here may be by Airflow.
pub(super) fn is_judged_by_airflow(name: &str) -> bool {
    JUDGED_BY_SOME.contains(&name)
}

/// The mistake of a text that has not the form of its rule.
pub(super) fn wrong_format(walk: &Walk<'_>, rule: &Rule, place: Place<'_>, text: &str) -> Option<Diagnostic> {
    let name = rule.get(WORD)?.as_str()?;
    let (_, words) = JUDGED.iter().find(|(judged, _)| *judged == name)?;
    let is_right = match name {
        "date" => is_date(text),
        "time" => is_time(text),
        "email" => text.contains('@'),
        "ipv4" => text.parse::<Ipv4Addr>().is_ok(),
        "ipv6" => text.parse::<Ipv6Addr>().is_ok(),
        _ => true,
    };
    (!is_right).then(|| walk.mistake(Code::WRONG_FORM, place, format!("expected {words}, found {}", quote(text))))
}

fn is_date(text: &str) -> bool {
    let has_form = text.len() == 10
        && text
            .bytes()
            .enumerate()
            .all(|(at, byte)| if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() });
    has_form && text.parse::<Date>().is_ok()
}

/// Hours, minutes and seconds of one or two digits, as Python's `strptime` reads them.
fn is_time(text: &str) -> bool {
    let parts: Vec<&str> = text.split(':').collect();
    let is_up_to = |part: &str, most: u8| {
        let is_short = matches!(part.len(), 1 | 2) && part.bytes().all(|byte| byte.is_ascii_digit());
        is_short && part.parse::<u8>().is_ok_and(|number| number <= most)
    };
    matches!(parts.as_slice(), [hours, minutes, seconds] if is_up_to(hours, 23) && is_up_to(minutes, 59) && is_up_to(seconds, 59))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_times_are_what_python_takes_for_them() {
        for (text, expected) in
            [("2026-10-31", true), ("2026-02-30", false), ("20261031", false), ("2026-1-1", false), ("", false)]
        {
            assert_eq!(is_date(text), expected, "{text}");
        }
        for (text, expected) in [
            ("06:30:00", true),
            ("6:3:0", true),
            ("24:00:00", false),
            ("23:59:60", false),
            ("06:30", false),
            ("06:30:00Z", false),
        ] {
            assert_eq!(is_time(text), expected, "{text}");
        }
    }
}
