//! Time in templates: `now()`, `today()` and the filters `date`, `shift` and `start_of`.
//!
//! The time is the start of the run, in the playbook's time zone, and stays the same for the whole run. Dates and times are
//! texts (`2026-11-23`, `2026-11-23T06:00:00+00:00`), so that they can be captured, sent and compared like any text.

use jiff::civil::{Date, DateTime};
use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Zoned};
use minijinja::value::Kwargs;
use minijinja::{Environment, Error, Value};

use crate::playbook::template::fault::{defined, fault, fault_with, noun};
use crate::playbook::template::shift::Shift;

/// How a time is written.
const TIME_FORM: &str = "%Y-%m-%dT%H:%M:%S%:z";

/// The start of a run in the playbook's time zone.
#[derive(Debug, Clone)]
pub struct RunClock {
    start: Zoned,
}

/// A time zone that is not in the time-zone database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no known time zone")]
pub struct UnknownTimeZone(pub String);

impl RunClock {
    /// The clock of a run that starts at `start`, in the time zone of this IANA name.
    ///
    /// # Errors
    /// When the time-zone database has no such zone.
    pub fn at(start: Timestamp, time_zone: &str) -> Result<Self, UnknownTimeZone> {
        let zone = if time_zone == "UTC" {
            TimeZone::UTC
        } else {
            TimeZone::get(time_zone).map_err(|_| UnknownTimeZone(time_zone.to_owned()))?
        };
        Ok(Self { start: start.to_zoned(zone) })
    }

    /// A time as it is written, or the midnight of a date in this time zone.
    pub(super) fn instant(&self, text: &str) -> Option<Timestamp> {
        text.parse().ok().or_else(|| {
            let day = text.parse::<Date>().ok().filter(|_| text.len() == 10)?;
            day.to_zoned(self.start.time_zone().clone()).ok().map(|midnight| midnight.timestamp())
        })
    }
}

/// A date, or a date with a time.
enum Moment {
    Day(Date),
    Time(Zoned),
}

/// Adds functions and filters to an environment.
pub(super) fn add(environment: &mut Environment<'static>, clock: &RunClock) {
    let now = clock.start.strftime(TIME_FORM).to_string();
    let today = clock.start.date().to_string();
    let zone = clock.start.time_zone().clone();
    environment.add_function("now", move || now.clone());
    environment.add_function("today", move || today.clone());
    let here = zone.clone();
    environment.add_filter("date", move |text: &Value, format: &Value| {
        let moment = Moment::read("date", text, &here)?;
        moment.format(checked_format(format)?)
    });
    let here = zone.clone();
    environment.add_filter("shift", move |text: &Value, by: Kwargs| {
        let moment = Moment::read("shift", text, &here)?;
        let units = by.args().map(|unit| by.get(unit).map(|count: Value| (unit, count)));
        let shift = Shift::by(&units.collect::<Result<Vec<_>, _>>()?)?;
        by.assert_all_used()?;
        moment.shift(&shift)?.write()
    });
    environment.add_filter("start_of", move |text: &Value, unit: &Value| {
        let moment = Moment::read("start_of", text, &zone)?;
        moment.start_of(checked_unit(unit)?)?.write()
    });
}

impl Moment {
    fn read(filter: &str, value: &Value, zone: &TimeZone) -> Result<Self, Error> {
        let Some(text) = defined(value)?.as_str() else {
            return Err(fault(format!("`{filter}` takes a date or a timestamp as text, found {}", noun(value))));
        };
        if let Ok(time) = text.parse::<Timestamp>() {
            return Ok(Self::Time(time.to_zoned(zone.clone())));
        }
        if text.len() == 10
            && let Ok(day) = text.parse::<Date>()
        {
            return Ok(Self::Day(day));
        }
        let message = match text.parse::<DateTime>() {
            Ok(_) if text.len() > 10 => format!("`{text}` is not a timestamp with a UTC offset"),
            _ => format!("`{text}` is not a date"),
        };
        Err(fault_with(message, "write it like `2026-11-23` or `2026-11-23T06:00:00Z`"))
    }

    fn write(&self) -> Result<String, Error> {
        match self {
            Self::Day(day) => Ok(day.to_string()),
            Self::Time(_) => self.format(TIME_FORM),
        }
    }

    fn format(&self, format: &str) -> Result<String, Error> {
        let formatted = match self {
            Self::Day(day) => strtime::format(format, *day),
            Self::Time(time) => strtime::format(format, time),
        };
        formatted.map_err(|error| match self {
            Self::Day(day) if strtime::format(format, day.at(0, 0, 0, 0)).is_ok() => {
                fault(format!("`{format}` asks for the time of day, and `{day}` is a date without a time"))
            }
            Self::Day(_) | Self::Time(_) => fault(format!("invalid date format `{format}`: {error}")),
        })
    }

    fn shift(&self, by: &Shift) -> Result<Self, Error> {
        match self {
            Self::Day(day) => by.day(*day).map(Self::Day),
            Self::Time(time) => by.time(time).map(Self::Time),
        }
    }

    fn start_of(&self, unit: &str) -> Result<Self, Error> {
        match self {
            Self::Day(_) if unit == "hour" => {
                Err(fault("a date without a time has no hour; `start_of('hour')` takes a timestamp"))
            }
            Self::Day(day) => first_day(*day, unit).map(Self::Day),
            Self::Time(time) => {
                let start = match unit {
                    "hour" => time.with().minute(0).second(0).subsec_nanosecond(0).build(),
                    "day" => time.start_of_day(),
                    _ => first_day(time.date(), unit)?.to_zoned(time.time_zone().clone()),
                };
                start.map(Self::Time).map_err(|error| fault(error.to_string()))
            }
        }
    }
}

fn first_day(day: Date, unit: &str) -> Result<Date, Error> {
    let first = match unit {
        "day" => Ok(day),
        "week" => day.checked_sub(Span::new().days(i64::from(day.weekday().to_monday_zero_offset()))),
        "month" => Ok(day.first_of_month()),
        "quarter" => Date::new(day.year(), (day.month() - 1) / 3 * 3 + 1, 1),
        "year" => Ok(day.first_of_year()),
        _ => return Err(unknown_unit(unit)),
    };
    first.map_err(|error| fault(error.to_string()))
}

/// The format of `date`: `strftime`'s, so that one without any directive is of another language.
pub(super) fn checked_format(format: &Value) -> Result<&str, Error> {
    let Some(text) = defined(format)?.as_str() else {
        return Err(fault(format!("the format of `date` is text, found {}", noun(format))));
    };
    if text.contains('%') {
        return Ok(text);
    }
    let message = format!("the format `{text}` has no `%` directive, so it would give the same text for every date");
    Err(fault_with(message, format!("write it as strftime does: `date('{}')`", as_strftime(text))))
}

/// A format such as `YYYY-MM` in the words of `strftime`.
fn as_strftime(format: &str) -> String {
    let words = [
        ("YYYY", "%Y"),
        ("yyyy", "%Y"),
        ("MM", "%m"),
        ("DD", "%d"),
        ("dd", "%d"),
        ("HH", "%H"),
        ("hh", "%H"),
        ("mm", "%M"),
        ("SS", "%S"),
        ("ss", "%S"),
    ];
    let written = words.iter().fold(format.to_owned(), |text, (theirs, ours)| text.replace(theirs, ours));
    if written == format || written.contains(['\'', '\\', '\n']) { "%Y-%m-%d".to_owned() } else { written }
}

/// The unit of `start_of`.
pub(super) fn checked_unit(unit: &Value) -> Result<&str, Error> {
    match defined(unit)?.as_str() {
        Some(word @ ("hour" | "day" | "week" | "month" | "quarter" | "year")) => Ok(word),
        Some(word) => Err(unknown_unit(word)),
        None => Err(fault(format!("the unit of `start_of` is text, found {}", noun(unit)))),
    }
}

fn unknown_unit(unit: &str) -> Error {
    fault(format!("`start_of` has no `{unit}`; it has hour, day, week, month, quarter and year"))
}

#[cfg(test)]
mod tests {
    use minijinja::Value;

    use super::*;

    fn evaluate(expression: &str, zone: &str) -> Result<String, String> {
        evaluate_at("2026-11-30T23:30:00Z", expression, zone)
    }

    fn evaluate_at(start: &str, expression: &str, zone: &str) -> Result<String, String> {
        let clock = RunClock::at(start.parse().expect("a time"), zone).expect("a zone");
        let mut environment = Environment::new();
        add(&mut environment, &clock);
        let compiled = environment.compile_expression(expression).map_err(|error| error.to_string())?;
        compiled.eval(Value::UNDEFINED).map(|value| value.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_day_is_the_one_of_the_playbooks_time_zone() {
        assert_eq!(evaluate("today()", "UTC"), Ok("2026-11-30".to_owned()));
        assert_eq!(evaluate("today()", "Europe/Berlin"), Ok("2026-12-01".to_owned()));
        assert_eq!(evaluate("now()", "Europe/Berlin"), Ok("2026-12-01T00:30:00+01:00".to_owned()));
        assert!(RunClock::at(Timestamp::UNIX_EPOCH, "Europe/Lisabon").is_err());
    }

    #[test]
    fn a_date_is_the_instant_of_its_midnight_in_the_time_zone() {
        let clock = |zone| RunClock::at(Timestamp::UNIX_EPOCH, zone).expect("a zone");
        for (zone, text, instant) in [
            ("UTC", "2026-10-01", Some("2026-10-01T00:00:00Z")),
            ("Europe/Lisbon", "2026-10-01", Some("2026-09-30T23:00:00Z")),
            ("America/Sao_Paulo", "2018-11-04", Some("2018-11-04T03:00:00Z")),
            ("Europe/Lisbon", "2026-10-01T06:00:00+00:00", Some("2026-10-01T06:00:00Z")),
            ("UTC", "2026-10-01T06:00:00", None),
            ("UTC", "2026-02-30", None),
            ("UTC", "20261001", None),
        ] {
            let expected = instant.map(|instant| instant.parse().expect("a time"));
            assert_eq!(clock(zone).instant(text), expected, "{zone} {text}");
        }
    }

    #[test]
    fn dates_shift_and_format() {
        let cases = [
            ("today() | shift(months=-1) | date('%Y-%m')", "2026-10"),
            ("'2026-03-31' | shift(months=-1)", "2026-02-28"),
            ("'2026-11-25' | start_of('week')", "2026-11-23"),
            ("'2026-11-25' | start_of('quarter')", "2026-10-01"),
            ("now() | start_of('month')", "2026-11-01T00:00:00+00:00"),
            ("'2026-11-22T23:50:06.950578+00:00' | shift(hours=2, days=1) | date('%d.%m. %H:%M')", "24.11. 01:50"),
        ];
        for (expression, expected) in cases {
            assert_eq!(evaluate(expression, "UTC"), Ok(expected.to_owned()), "{expression}");
        }
    }

    #[test]
    fn where_the_clocks_change_a_day_is_a_day_and_24_hours_are_24_hours() {
        let (lisbon, sao_paulo) = ("Europe/Lisbon", "America/Sao_Paulo");
        for (start, zone, expression, expected) in [
            // On 29 March 1 o'clock becomes 2.
            ("2026-03-28T12:00:00Z", lisbon, "now() | shift(days=1)", "2026-03-29T12:00:00+01:00"),
            ("2026-03-28T12:00:00Z", lisbon, "now() | shift(hours=24)", "2026-03-29T13:00:00+01:00"),
            ("2026-03-28T01:30:00Z", lisbon, "now() | shift(days=1)", "2026-03-29T02:30:00+01:00"),
            ("2026-03-29T23:30:00Z", lisbon, "today()", "2026-03-30"),
            // On 25 October 2 o'clock becomes 1.
            ("2026-10-25T00:30:00Z", lisbon, "now()", "2026-10-25T01:30:00+01:00"),
            ("2026-10-25T00:30:00Z", lisbon, "now() | shift(hours=1)", "2026-10-25T01:30:00+00:00"),
            ("2026-10-25T01:30:00Z", lisbon, "now() | start_of('hour')", "2026-10-25T01:00:00+00:00"),
            ("2026-10-26T01:30:00Z", lisbon, "now() | shift(days=-1)", "2026-10-25T01:30:00+01:00"),
            ("2026-10-25T23:30:00Z", lisbon, "today() | shift(days=-1)", "2026-10-24"),
            // A day that began at 1 o'clock.
            ("2018-11-04T12:00:00Z", sao_paulo, "now() | start_of('day')", "2018-11-04T01:00:00-02:00"),
            ("2018-11-04T12:00:00Z", sao_paulo, "now() | date('%H:%M %z')", "10:00 -0200"),
        ] {
            assert_eq!(evaluate_at(start, expression, zone), Ok(expected.to_owned()), "{start} {expression}");
        }
    }

    #[test]
    fn each_unit_has_its_own_sign_and_months_come_before_days_before_hours() {
        for (expression, expected) in [
            ("'2026-10-01' | shift(months=1, days=-1)", "2026-10-31"),
            ("'2026-10-01' | shift(days=-1, months=1)", "2026-10-31"),
            ("'2026-03-31' | shift(months=-1, days=1)", "2026-03-01"),
            ("'2026-10-15' | shift(years=1, months=-1)", "2027-09-15"),
            ("'2026-10-15' | shift(weeks=1, days=-8)", "2026-10-14"),
            ("'2026-10-01T06:00:00Z' | shift(days=1, hours=-2)", "2026-10-02T04:00:00+00:00"),
            ("'2026-10-01T06:00:00Z' | shift(hours=1, minutes=-90, seconds=5)", "2026-10-01T05:30:05+00:00"),
            ("'2026-10-01T06:00:00Z' | shift(months=-1, days=1, hours=-7)", "2026-09-01T23:00:00+00:00"),
        ] {
            assert_eq!(evaluate(expression, "UTC"), Ok(expected.to_owned()), "{expression}");
        }
        // Across the change of the clocks: the calendar first, then hours that pass.
        let lisbon = |expression| evaluate_at("2026-03-28T12:00:00Z", expression, "Europe/Lisbon");
        assert_eq!(lisbon("now() | shift(days=1, hours=-12)"), Ok("2026-03-28T23:00:00+00:00".to_owned()));
    }

    #[test]
    fn what_is_no_date_unit_or_format_says_so() {
        for (expression, told) in [
            ("'tomorrow' | date('%Y')", "`tomorrow` is not a date"),
            ("'2026-02-30' | date('%Y')", "`2026-02-30` is not a date"),
            ("'2026-10-01T06:00:00' | date('%Y')", "is not a timestamp with a UTC offset"),
            ("20261001 | date('%Y')", "`date` takes a date or a timestamp as text, found a number"),
            ("none | shift(days=1)", "`shift` takes a date or a timestamp as text, found none"),
            ("today() | date('YYYY-MM')", "the format `YYYY-MM` has no `%` directive"),
            ("today() | date('')", "has no `%` directive"),
            ("today() | date(4)", "the format of `date` is text, found a number"),
            ("today() | date('%H')", "is a date without a time"),
            ("now() | date('%')", "invalid date format `%`"),
            ("now() | date('%!')", "invalid date format `%!`"),
            ("today() | shift(month=1)", "`shift` has no `month`"),
            ("today() | shift()", "`shift` needs to know how far"),
            ("today() | shift(hours=1)", "is a date without a time, so it has no hours to shift"),
            ("today() | shift(days=true)", "`shift(days=…)` takes a whole number, found true or false"),
            ("today() | shift(days=1.5)", "`shift(days=…)` takes a whole number, found 1.5"),
            ("today() | shift(days='1')", "`shift(days=…)` takes a whole number, found text"),
            ("today() | shift(days=none)", "`shift(days=…)` takes a whole number, found none"),
            ("today() | shift(years=99999)", "`shift` leaves the years 1 to 9999"),
            ("today() | shift(years=-2026)", "`shift` leaves the years 1 to 9999"),
            ("today() | shift(days=99999999999999999999)", "`shift` leaves the years 1 to 9999"),
            ("today() | shift(years=9223372036854775807)", "`shift` leaves the years 1 to 9999"),
            ("now() | shift(seconds=-9223372036854775807)", "`shift` leaves the years 1 to 9999"),
            ("today() | start_of('decade')", "`start_of` has no `decade`"),
            ("today() | start_of(1)", "the unit of `start_of` is text, found a number"),
            ("today() | start_of('hour')", "a date without a time has no hour"),
        ] {
            let error = evaluate(expression, "UTC").expect_err(expression);
            assert!(error.contains(told), "{expression}: {error}");
        }
    }

    #[test]
    fn a_format_of_another_language_is_written_as_strftime_does() {
        for (format, written) in [
            ("YYYY-MM", "%Y-%m"),
            ("yyyyMMdd", "%Y%m%d"),
            ("YYYY-MM-DD HH:mm:ss", "%Y-%m-%d %H:%M:%S"),
            ("x", "%Y-%m-%d"),
        ] {
            assert_eq!(as_strftime(format), written, "{format}");
        }
    }
}
