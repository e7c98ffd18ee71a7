//! Dates as Airflow reads and writes them.
//!
//! In: text of a request, or a moment. Out: a moment, or text with microseconds that are left out when they are zero. The
//! suffix (`Z`, `+00:00`) is the caller's, for it differs between the APIs.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// What a text that should be a date turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Given {
    /// A moment.
    Moment(Timestamp),
    /// A date without an offset.
    Naive,
    /// No date at all.
    Nonsense,
}

/// Reads a date.
pub(crate) fn read(text: &str) -> Given {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Given::Moment(moment);
    }
    if text.parse::<DateTime>().is_ok() { Given::Naive } else { Given::Nonsense }
}

/// Writes a moment in UTC with the given suffix.
pub(crate) fn iso(moment: Timestamp, suffix: &str) -> String {
    let format = if moment.subsec_nanosecond() / 1000 == 0 { "%Y-%m-%dT%H:%M:%S" } else { "%Y-%m-%dT%H:%M:%S%.6f" };
    format!("{}{suffix}", moment.to_zoned(TimeZone::UTC).strftime(format))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn microseconds_are_written_only_where_there_are_some() {
        let whole: Timestamp = "2026-01-02T03:04:05Z".parse().expect("a moment");
        let part: Timestamp = "2026-01-02T03:04:05.000120Z".parse().expect("a moment");
        assert_eq!(iso(whole, "Z"), "2026-01-02T03:04:05Z");
        assert_eq!(iso(part, "+00:00"), "2026-01-02T03:04:05.000120+00:00");
    }

    #[test]
    fn a_date_without_an_offset_is_naive() {
        assert_eq!(read("2026-01-06T00:00:00"), Given::Naive);
        assert_eq!(read("yesterday"), Given::Nonsense);
        assert!(matches!(read("2026-01-07T05:00:00+05:00"), Given::Moment(_)));
    }
}
