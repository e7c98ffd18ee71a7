//! What was meant by a duration in the wrong form.
//!
//! In: text such as `10 minutes`, `1d` or `1.5h`. Out: the same duration as it is to be written, if it can be told.

const MILLIS: [(&[&str], u64); 6] = [
    (&["ms", "msec", "millis", "millisecond", "milliseconds"], 1),
    (&["s", "sec", "secs", "second", "seconds"], 1000),
    (&["m", "min", "mins", "minute", "minutes"], 60_000),
    (&["h", "hr", "hrs", "hour", "hours"], 3_600_000),
    (&["d", "day", "days"], 86_400_000),
    (&["w", "week", "weeks"], 604_800_000),
];
const MOST_HUNDREDTHS: u64 = 100_000_000;

/// The duration that a text means, in the right form.
pub(super) fn meant(text: &str) -> Option<String> {
    let text = text.trim();
    let digits = text.len() - text.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == '.').len();
    let (number, unit) = text.split_at(digits);
    let unit = unit.trim().to_ascii_lowercase();
    let (_, millis) = MILLIS.iter().find(|(names, _)| names.contains(&unit.as_str()))?;
    let millis = hundredths(number)?.checked_mul(*millis)? / 100;
    (millis > 0).then(|| written(millis))
}

/// Such as 150 for `1.5`.
fn hundredths(number: &str) -> Option<u64> {
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let part = match part.len() {
        0 => 0,
        1 => part.parse::<u64>().ok()? * 10,
        2 => part.parse::<u64>().ok()?,
        _ => return None,
    };
    Some(whole.parse::<u64>().ok()?.checked_mul(100)? + part).filter(|hundredths| *hundredths < MOST_HUNDREDTHS)
}

fn written(millis: u64) -> String {
    let parts =
        [(millis / 3_600_000, "h"), (millis / 60_000 % 60, "m"), (millis / 1000 % 60, "s"), (millis % 1000, "ms")];
    let parts: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, unit)| format!("{count}{unit}")).collect();
    parts.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_in_another_form_is_written_in_ours() {
        for (text, duration) in [
            ("10 minutes", Some("10m")),
            ("1d", Some("24h")),
            ("1.5h", Some("1h30m")),
            ("30S", Some("30s")),
            ("90 min", Some("1h30m")),
            ("0.25s", Some("250ms")),
            ("soon", None),
            ("0d", None),
            ("1.2.3h", None),
            ("999999999999999999999h", None),
            ("", None),
        ] {
            assert_eq!(meant(text).as_deref(), duration, "{text}");
        }
    }
}
