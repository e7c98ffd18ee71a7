//! Time in templates: `now()`, `today()` and the filters `date`, `shift` and `start_of`.
//!
//! The time is the start of the run, in the playbook's time zone, and stays the same for the whole run. Dates and times are
//! texts (`2026-11-23`, `2026-11-23T06:00:00+00:00`), so that they can be captured, sent and compared like any text.

use jiff::civil::Date;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Zoned};
use minijinja::value::Kwargs;
use minijinja::{Environment, Error, ErrorKind};

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
    environment.add_filter("date", move |text: &str, format: &str| Moment::read(text, &here)?.format(format));
    let here = zone.clone();
    environment.add_filter("shift", move |text: &str, by: Kwargs| Moment::read(text, &here)?.shift(&by)?.write());
    environment
        .add_filter("start_of", move |text: &str, unit: &str| Moment::read(text, &zone)?.start_of(unit)?.write());
}

impl Moment {
    fn read(text: &str, zone: &TimeZone) -> Result<Self, Error> {
        if let Ok(time) = text.parse::<Timestamp>() {
            return Ok(Self::Time(time.to_zoned(zone.clone())));
        }
        if text.len() == 10
            && let Ok(day) = text.parse::<Date>()
        {
            return Ok(Self::Day(day));
        }
        Err(invalid(format!("`{text}` is no date such as 2026-11-23 and no time such as 2026-11-23T06:00:00Z")))
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
        formatted.map_err(|error| invalid(format!("`{format}` can't be used here: {error}")))
    }

    fn shift(&self, by: &Kwargs) -> Result<Self, Error> {
        let mut span = Span::new();
        for unit in by.args() {
            let count: i64 = by.get(unit)?;
            span = match unit {
                "years" => span.try_years(count),
                "months" => span.try_months(count),
                "weeks" => span.try_weeks(count),
                "days" => span.try_days(count),
                "hours" => span.try_hours(count),
                "minutes" => span.try_minutes(count),
                "seconds" => span.try_seconds(count),
                _ => {
                    return Err(invalid(format!(
                        "`shift` has no `{unit}`; it has years, months, weeks, days, hours, minutes and seconds"
                    )));
                }
            }
            .map_err(|error| invalid(error.to_string()))?;
        }
        let shifted = match self {
            Self::Day(day) => day.checked_add(span).map(Self::Day),
            Self::Time(time) => time.checked_add(span).map(Self::Time),
        };
        shifted.map_err(|error| invalid(error.to_string()))
    }

    fn start_of(&self, unit: &str) -> Result<Self, Error> {
        match self {
            Self::Day(day) => first_day(*day, unit).map(Self::Day),
            Self::Time(time) => {
                let start = match unit {
                    "hour" => time.with().minute(0).second(0).subsec_nanosecond(0).build(),
                    "day" => time.start_of_day(),
                    _ => first_day(time.date(), unit)?.to_zoned(time.time_zone().clone()),
                };
                start.map(Self::Time).map_err(|error| invalid(error.to_string()))
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
        _ => {
            return Err(invalid(format!(
                "`start_of` has no `{unit}`; it has hour, day, week, month, quarter and year"
            )));
        }
    };
    first.map_err(|error| invalid(error.to_string()))
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidOperation, message)
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
    fn what_is_no_date_or_unit_says_so() {
        assert!(evaluate("'tomorrow' | date('%Y')", "UTC").is_err_and(|error| error.contains("is no date")));
        assert!(evaluate("today() | shift(month=1)", "UTC").is_err_and(|error| error.contains("has no `month`")));
        assert!(evaluate("today() | date('%H')", "UTC").is_err());
        assert!(evaluate("today() | shift(years=99999)", "UTC").is_err());
    }
}
