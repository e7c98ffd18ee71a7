//! The filter `shift`: how far, and in which order the units are applied.
//!
//! In: the units with their counts, each with its own sign. Out: the date or time that is that far away. Months come
//! first, then days, then hours, whatever order they are written in; each is a step of the calendar or of the clock.

use jiff::civil::Date;
use jiff::{SignedDuration, Span, Zoned};
use minijinja::{Error, Value};

use crate::playbook::template::fault::{defined, fault, fault_with, noun};

/// The units, in the order in which they are applied.
const UNITS: &str = "years, months, weeks, days, hours, minutes and seconds";

/// How far a date or time is moved.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Shift {
    months: i64,
    days: i64,
    seconds: i64,
    /// A unit of the clock, which a date does not have.
    of_the_clock: Option<&'static str>,
}

impl Shift {
    /// Reads the units with their counts.
    pub(super) fn by(units: &[(&str, Value)]) -> Result<Self, Error> {
        if units.is_empty() {
            return Err(fault_with("`shift` needs to know how far", "write it like `shift(days=-1)`"));
        }
        let mut shift = Self::default();
        for (unit, count) in units {
            shift.add(unit, whole(unit, count)?)?;
        }
        Ok(shift)
    }

    fn add(&mut self, unit: &str, count: i64) -> Result<(), Error> {
        let (sum, factor, clock) = match unit {
            "years" => (&mut self.months, 12, None),
            "months" => (&mut self.months, 1, None),
            "weeks" => (&mut self.days, 7, None),
            "days" => (&mut self.days, 1, None),
            "hours" => (&mut self.seconds, 3600, Some("hours")),
            "minutes" => (&mut self.seconds, 60, Some("minutes")),
            "seconds" => (&mut self.seconds, 1, Some("seconds")),
            _ => return Err(fault(format!("`shift` has no `{unit}`; it has {UNITS}"))),
        };
        *sum = count.checked_mul(factor).and_then(|count| sum.checked_add(count)).ok_or_else(out_of_range)?;
        self.of_the_clock = self.of_the_clock.or(clock);
        Ok(())
    }

    /// The day that is that far away.
    pub(super) fn day(&self, day: Date) -> Result<Date, Error> {
        self.fits_a_day(&day.to_string())?;
        self.calendar(day)
    }

    /// The time that is that far away: the calendar keeps the time of day, the clock counts what passes.
    pub(super) fn time(&self, time: &Zoned) -> Result<Zoned, Error> {
        let moved = if self.months == 0 && self.days == 0 {
            time.clone()
        } else {
            let day = self.calendar(time.date())?;
            let local = day.to_datetime(time.time());
            local.to_zoned(time.time_zone().clone()).map_err(|_| out_of_range())?
        };
        let moved = moved.checked_add(SignedDuration::from_secs(self.seconds)).map_err(|_| out_of_range())?;
        in_range(moved.date())?;
        Ok(moved)
    }

    /// Refuses a unit of the clock for a date, which `what` names.
    pub(super) fn fits_a_day(&self, what: &str) -> Result<(), Error> {
        let Some(unit) = self.of_the_clock else { return Ok(()) };
        let message = format!("`{what}` is a date without a time, so it has no {unit} to shift");
        Err(fault_with(message, "start from a timestamp, such as `now()`, or shift by `days`"))
    }

    fn calendar(&self, day: Date) -> Result<Date, Error> {
        let months = Span::new().try_months(self.months).map_err(|_| out_of_range())?;
        let days = Span::new().try_days(self.days).map_err(|_| out_of_range())?;
        let moved = day.checked_add(months).and_then(|day| day.checked_add(days)).map_err(|_| out_of_range())?;
        in_range(moved)
    }
}

/// A count of units: a whole number, and nothing that could be taken for one.
fn whole(unit: &str, count: &Value) -> Result<i64, Error> {
    let count = defined(count)?;
    if !count.is_number() {
        return Err(fault(format!("`shift({unit}=…)` takes a whole number, found {}", noun(count))));
    }
    if !count.is_integer() {
        return Err(fault(format!("`shift({unit}=…)` takes a whole number, found {count}")));
    }
    i64::try_from(count.clone()).map_err(|_| out_of_range())
}

fn in_range(day: Date) -> Result<Date, Error> {
    if day.year() >= 1 { Ok(day) } else { Err(out_of_range()) }
}

fn out_of_range() -> Error {
    fault("`shift` leaves the years 1 to 9999")
}
