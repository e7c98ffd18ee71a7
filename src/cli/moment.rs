//! Moments as people type them and read them: `1h`, `yesterday`, `2026-11-27`, in the machine's time zone.

use std::str::FromStr;
use std::time::Duration;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};

use crate::playbook::field::parse_duration;

/// A moment in the past, as it was typed.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Since {
    /// This long ago.
    Ago(Duration),
    /// So many days before today, at its start.
    DaysAgo(i64),
    /// The start of a day, or a time of it.
    Local(DateTime),
    /// A moment with its offset.
    At(Timestamp),
}

impl FromStr for Since {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let words = [("now", Self::Ago(Duration::ZERO)), ("today", Self::DaysAgo(0)), ("yesterday", Self::DaysAgo(1))];
        if let Some((_, since)) = words.into_iter().find(|(word, _)| text.eq_ignore_ascii_case(word)) {
            return Ok(since);
        }
        if let Some(ago) = days(text).or_else(|| parse_duration(text)) {
            return Ok(Self::Ago(ago));
        }
        if let Ok(at) = text.parse::<Timestamp>() {
            return Ok(Self::At(at));
        }
        let day = || text.parse::<Date>().map(|day| day.at(0, 0, 0, 0));
        let local = if text.contains(['T', ' ']) { text.parse::<DateTime>() } else { day() };
        local
            .map(Self::Local)
            .map_err(|_| "expected 1h, 2d, today, yesterday, 2026-11-27 or 2026-11-27T10:00:00Z".to_owned())
    }
}

/// `2d` and `1w`, which durations of playbooks don't have.
fn days(text: &str) -> Option<Duration> {
    let (number, days) = match text.strip_suffix('d') {
        Some(number) => (number, 1),
        None => (text.strip_suffix('w')?, 7),
    };
    let days = number.parse::<u32>().ok()?.checked_mul(days)?;
    Some(Duration::from_secs(u64::from(days) * 24 * 60 * 60))
}

impl Since {
    /// The moment that is meant; one before time began is its beginning.
    pub(super) fn moment(&self, now: Timestamp, zone: &TimeZone) -> Timestamp {
        let start = |local: DateTime| zone.to_ambiguous_zoned(local).compatible().map(|zoned| zoned.timestamp());
        let found = match self {
            Self::Ago(ago) => SignedDuration::try_from(*ago).and_then(|ago| now.checked_sub(ago)),
            Self::DaysAgo(days) => {
                let today = now.to_zoned(zone.clone()).date();
                today.checked_sub(days.days()).and_then(|day| start(day.at(0, 0, 0, 0)))
            }
            Self::Local(local) => start(*local),
            Self::At(at) => Ok(*at),
        };
        found.unwrap_or(Timestamp::MIN)
    }
}

/// The zone in which times are shown: the machine's, or UTC where it says none or UTC is asked for.
pub(super) fn zone(utc: bool) -> TimeZone {
    if utc { TimeZone::UTC } else { TimeZone::try_system().unwrap_or(TimeZone::UTC) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_read_as_people_type_it() {
        let now: Timestamp = "2026-11-28T01:30:00Z".parse().expect("a moment");
        let lisbon = TimeZone::get("Europe/Lisbon").expect("a zone");
        let chatham = TimeZone::get("Pacific/Chatham").expect("a zone");
        for (text, zone, moment) in [
            ("1h", &lisbon, "2026-11-28T00:30:00Z"),
            ("1h30m", &lisbon, "2026-11-28T00:00:00Z"),
            ("2d", &lisbon, "2026-11-26T01:30:00Z"),
            ("1w", &lisbon, "2026-11-21T01:30:00Z"),
            ("now", &lisbon, "2026-11-28T01:30:00Z"),
            ("today", &lisbon, "2026-11-28T00:00:00Z"),
            ("Yesterday", &lisbon, "2026-11-27T00:00:00Z"),
            ("today", &chatham, "2026-11-27T10:15:00Z"),
            ("2026-07-01", &lisbon, "2026-06-30T23:00:00Z"),
            ("2026-07-01T10:00", &lisbon, "2026-07-01T09:00:00Z"),
            ("2026-07-01 10:00:00", &lisbon, "2026-07-01T09:00:00Z"),
            ("2026-07-01T10:00:00Z", &chatham, "2026-07-01T10:00:00Z"),
            ("2026-07-01T10:00:00+02:00", &chatham, "2026-07-01T08:00:00Z"),
        ] {
            let since: Since = text.parse().expect(text);
            assert_eq!(since.moment(now, zone).to_string(), moment, "{text}");
        }
        for text in ["", "x", "1", "1y", "2026-13-01", "-1h", "tomorrow", "99999999999d"] {
            assert!(text.parse::<Since>().is_err(), "{text}");
        }
        assert_eq!(Since::Ago(Duration::MAX).moment(now, &lisbon), Timestamp::MIN);
    }
}
