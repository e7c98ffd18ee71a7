//! From a cron expression to systemd's `OnCalendar=`.
//!
//! Where cron takes days of the month *or* days of the week, systemd takes those that are both: such a schedule is two
//! calendar lines. A timer that two lines agree on is started once.

use std::collections::BTreeSet;

use crate::cli::schedule::cron::Cron;

const WEEKDAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

/// The calendar events that are a schedule.
pub(super) fn calendars(cron: &Cron, zone: &str) -> Vec<String> {
    let month = numbers(&cron.month.values, (1, 12));
    let (hour, minute) = (numbers(&cron.hour.values, (0, 23)), numbers(&cron.minute.values, (0, 59)));
    let event = |weekday: &str, day: &str| format!("{weekday}*-{month}-{day} {hour}:{minute}:00 {zone}");
    let weekdays = format!("{} ", weekdays(&cron.weekday.values));
    let days = numbers(&cron.day.values, (1, 31));
    match (cron.day.is_any, cron.weekday.is_any) {
        (true, true) => vec![event("", "*")],
        (false, true) => vec![event("", &days)],
        (true, false) => vec![event(&weekdays, "*")],
        (false, false) => vec![event("", &days), event(&weekdays, "*")],
    }
}

/// Numbers of two digits: `*` for all of them, `a..b` for three and more in a row.
fn numbers(values: &BTreeSet<u8>, (least, most): (u8, u8)) -> String {
    if values.len() == usize::from(most - least) + 1 {
        return "*".to_owned();
    }
    runs(values).iter().map(|run| spelled(run, |value| format!("{value:02}"))).collect::<Vec<_>>().join(",")
}

/// Names of days, Sunday first.
fn weekdays(values: &BTreeSet<u8>) -> String {
    values.iter().map(|day| WEEKDAYS[usize::from(*day) % WEEKDAYS.len()]).collect::<Vec<_>>().join(",")
}

fn spelled(run: &[u8], text: impl Fn(u8) -> String) -> String {
    match run {
        [first, .., last] if run.len() > 2 => format!("{}..{}", text(*first), text(*last)),
        _ => run.iter().map(|value| text(*value)).collect::<Vec<_>>().join(","),
    }
}

/// The values in runs without a gap.
fn runs(values: &BTreeSet<u8>) -> Vec<Vec<u8>> {
    let mut runs: Vec<Vec<u8>> = Vec::new();
    for value in values {
        match runs.last_mut() {
            Some(run) if run.last().is_some_and(|last| last + 1 == *value) => run.push(*value),
            Some(_) | None => runs.push(vec![*value]),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::schedule::cron::parse;

    #[test]
    fn a_schedule_is_one_calendar_line_or_two_where_a_day_may_be_either() {
        for (cron, lines) in [
            ("0 6 * * *", vec!["*-*-* 06:00:00 UTC"]),
            ("*/20 8-18 * * 1-5", vec!["Mon,Tue,Wed,Thu,Fri *-*-* 08..18:00,20,40:00 UTC"]),
            ("5 4 1,15 1-3,12 *", vec!["*-01..03,12-01,15 04:05:00 UTC"]),
            ("0 0 1 * sun", vec!["*-*-01 00:00:00 UTC", "Sun *-*-* 00:00:00 UTC"]),
            ("* * * * 7", vec!["Sun *-*-* *:*:00 UTC"]),
        ] {
            assert_eq!(calendars(&parse(cron).expect(cron), "UTC"), lines, "{cron}");
        }
    }
}
